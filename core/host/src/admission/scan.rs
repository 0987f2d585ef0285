//! The streaming scan: one pass over a module, without heap, that bounds whatever the engine would
//! spend heap or time on, before the engine sees a byte of it.

use super::{reader::Reader, signatures::Signatures};
use crate::{
    error::AdmissionError,
    limits::{Limits, Shape},
    text::Text,
};
use ampoule_abi::section;

/// What the heap bound is computed from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) types: u32,
    /// Parameters and results of all types.
    pub(crate) type_values: u32,
    pub(crate) imports: u32,
    pub(crate) functions: u32,
    pub(crate) globals: u32,
    pub(crate) exports: u32,
    pub(crate) name_bytes: u32,
    pub(crate) elements: u32,
    pub(crate) element_items: u32,
    pub(crate) data: u32,
    pub(crate) data_bytes: u32,
    pub(crate) operators: u64,
    /// The most that the engine makes of them.
    pub(crate) instructions: u64,
    pub(crate) branches: u64,
    pub(crate) calls: u64,
    pub(crate) constants: u64,
    pub(crate) max_instructions: u32,
    pub(crate) max_blocks: u32,
    pub(crate) max_nesting: u32,
    pub(crate) max_operands: u32,
    pub(crate) max_constants: u32,
    pub(crate) max_br_table: u32,
    pub(crate) max_branches: u32,
    pub(crate) max_locals: u32,
}

/// The module's own memory, as declared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Memory {
    pub(crate) page_bytes: u32,
    pub(crate) minimum: u32,
    pub(crate) maximum: Option<u32>,
}

impl Memory {
    pub(crate) fn minimum_bytes(&self) -> u64 {
        u64::from(self.minimum) * u64::from(self.page_bytes)
    }

    pub(crate) fn maximum_bytes(&self) -> Option<u64> {
        self.maximum.map(|pages| u64::from(pages) * u64::from(self.page_bytes))
    }
}

/// What the scan found: counts, and where the parts lie that admission and inspection read.
pub(crate) struct Scan<'a> {
    pub(crate) counts: Counts,
    pub(crate) signatures: Signatures<'a>,
    pub(crate) types: Option<Reader<'a>>,
    pub(crate) imports: Option<Reader<'a>>,
    pub(crate) exports: Option<Reader<'a>>,
    pub(crate) globals: Option<Reader<'a>>,
    pub(crate) memory: Option<Memory>,
    pub(crate) table: Option<(u32, Option<u32>)>,
    pub(crate) start: Option<u32>,
    pub(crate) meta: Option<&'a [u8]>,
    pub(crate) schema: Option<&'a [u8]>,
    /// The section `target_features` that compilers of the LLVM family leave.
    target_features: Option<&'a [u8]>,
    /// Bytes of the sections that only a debugger reads.
    pub(crate) debug_bytes: usize,
    pub(super) bulk_operators: bool,
    pub(super) bodies: u32,
}

pub(super) type Result<T> = core::result::Result<T, AdmissionError>;

/// Fails if `found` is over `allowed`.
pub(crate) fn bounded(
    what: &'static str,
    found: impl Into<u64>,
    allowed: impl Into<u64>,
) -> Result<()> {
    let (found, allowed) = (found.into(), allowed.into());
    if found > allowed {
        return Err(AdmissionError::TooMany { what, found, allowed });
    }
    Ok(())
}

/// The most that the schema section may have: hundreds of entries, and nothing that takes long to walk.
const MAX_SCHEMA_BYTES: u32 = 64 * 1024;

/// Scans a whole module.
#[inline(never)]
pub(crate) fn scan<'a>(wasm: &'a [u8], limits: &Limits) -> Result<Scan<'a>> {
    let mut scan = Scan::new();
    scan.module(header(wasm)?, &limits.shape.capped())?;
    Ok(scan)
}

/// Scans as far as the module goes well, and answers what was found until then.
pub(crate) fn scan_leniently<'a>(wasm: &'a [u8], limits: &Limits) -> Result<Scan<'a>> {
    let mut scan = Scan::new();
    // The verdict on the module is admission's, which scans anew under its own limits.
    let _ = scan.module(header(wasm)?, &limits.shape.capped());
    Ok(scan)
}

/// Checks the first eight bytes.
fn header(wasm: &[u8]) -> Result<Reader<'_>> {
    if wasm.is_empty() {
        return Err(AdmissionError::Empty {});
    }
    let mut module = Reader::new(wasm, "the header");
    let magic = wasm.get(..4).unwrap_or(wasm);
    if !b"\0asm".starts_with(magic) {
        return Err(AdmissionError::NotWasm { start: Text::from_guest(magic) });
    }
    module.take(4)?;
    let version = module.take(4)?;
    match version {
        [1, 0, 0, 0] => Ok(module.named("the module")),
        // The upper half is the layer: 1 is the component model's.
        [_, _, 1, 0] => Err(AdmissionError::Component {}),
        _ => {
            let found = version.iter().rev().fold(0, |sum, byte| sum << 8 | u32::from(*byte));
            Err(AdmissionError::WasmVersion { found })
        }
    }
}

/// The order of sections: their numbers, but for the data count (12), which precedes the code (10).
/// 0 for those that aren't known.
const fn section_order(id: u8) -> u8 {
    match id {
        1..=9 => id,
        12 => 10,
        10 => 11,
        11 => 12,
        _ => 0,
    }
}

const fn section_name(id: u8) -> &'static str {
    match id {
        0 => "a custom section",
        1 => "the type section",
        2 => "the import section",
        3 => "the function section",
        4 => "the table section",
        5 => "the memory section",
        6 => "the global section",
        7 => "the export section",
        8 => "the start section",
        9 => "the element section",
        10 => "the code section",
        11 => "the data section",
        12 => "the data count section",
        _ => "a section",
    }
}

impl<'a> Scan<'a> {
    fn new() -> Self {
        Self {
            counts: Counts::default(),
            signatures: Signatures::new(),
            types: None,
            imports: None,
            exports: None,
            globals: None,
            memory: None,
            table: None,
            start: None,
            meta: None,
            schema: None,
            target_features: None,
            debug_bytes: 0,
            bulk_operators: false,
            bodies: 0,
        }
    }

    fn module(&mut self, mut module: Reader<'a>, shape: &Shape) -> Result<()> {
        let mut last = 0;
        while !module.is_at_end() {
            let offset = module.offset();
            let id = module.byte()?;
            let length = module.u32()?;
            let section = module.part(length, section_name(id))?;
            if id == 0 {
                self.custom(section, shape)?;
                continue;
            }
            let order = section_order(id);
            if order <= last {
                return Err(AdmissionError::SectionOrder { section: id, offset });
            }
            last = order;
            self.section(id, section, shape)?;
        }
        self.finish(&module)
    }

    fn section(&mut self, id: u8, mut section: Reader<'a>, shape: &Shape) -> Result<()> {
        match id {
            1 => self.type_section(&mut section, shape)?,
            2 => self.import_section(&mut section, shape)?,
            3 => self.function_section(&mut section, shape)?,
            4 => self.table_section(&mut section)?,
            5 => self.memory_section(&mut section)?,
            6 => self.global_section(&mut section, shape)?,
            7 => self.export_section(&mut section, shape)?,
            8 => self.start = Some(section.u32()?),
            9 => self.element_section(&mut section, shape)?,
            10 => self.code_section(&mut section, shape)?,
            11 => self.data_section(&mut section, shape)?,
            // The engine compares it with the data section.
            _ => section.u32().map(|_| ())?,
        }
        section.end()
    }

    fn custom(&mut self, mut section: Reader<'a>, shape: &Shape) -> Result<()> {
        let name = section.name()?;
        bounded("bytes in a name", name.len() as u64, shape.name_bytes)?;
        let content = section.rest();
        if name == "name" || name.starts_with(".debug_") {
            self.debug_bytes += content.len();
        }
        match name {
            section::META if self.meta.is_some() => Err(AdmissionError::MetaTwice {}),
            section::SCHEMA if self.schema.is_some() => Err(AdmissionError::SchemaTwice {}),
            section::SCHEMA => {
                self.schema = Some(content);
                bounded("bytes in the schema", content.len() as u64, MAX_SCHEMA_BYTES)
            }
            section::META => {
                self.meta = Some(content);
                Ok(())
            }
            "target_features" => {
                self.target_features = Some(content);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Whether the module was built with bulk memory: its compiler says so, or it uses it, or
    /// nothing in it says how it was built and there is hardly anything to copy with.
    pub(crate) fn uses_bulk_memory(&self) -> bool {
        const FEATURE: &[u8] = b"+\x0bbulk-memory";
        const TOO_SMALL_TO_COPY: u64 = 256;
        let said = self.target_features.is_some_and(|features| {
            features.windows(FEATURE.len()).any(|window| window == FEATURE)
        });
        said || self.bulk_operators || self.counts.operators < TOO_SMALL_TO_COPY
    }

    fn finish(&self, module: &Reader<'_>) -> Result<()> {
        // Functions without any code section are as wrong as with one of another length.
        if self.bodies != self.signatures.function_count() {
            return Err(module.named("the code section").truncated());
        }
        Ok(())
    }
}

pub(crate) fn shown(name: &str) -> Text {
    Text::from_guest(name.as_bytes())
}
