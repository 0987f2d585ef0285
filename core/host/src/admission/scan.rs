//! The streaming scan: one pass over a module, without heap, that bounds whatever the engine would
//! spend heap or time on, before the engine sees a byte of it.

use super::{
    body, operator,
    reader::Reader,
    signatures::{Signatures, value_type},
};
use crate::{
    error::AdmissionError,
    limits::{Limits, Shape},
    text::Text,
};
use ampoule_abi::{is_printable, section};

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
    pub(crate) blocks: u64,
    pub(crate) branches: u64,
    pub(crate) calls: u64,
    pub(crate) max_operators: u32,
    pub(crate) max_nesting: u32,
    pub(crate) max_operands: u32,
    pub(crate) max_constants: u32,
    pub(crate) max_br_table: u32,
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
    bulk_operators: bool,
    bodies: u32,
}

type Result<T> = core::result::Result<T, AdmissionError>;

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

/// Scans a whole module.
pub(crate) fn scan<'a>(wasm: &'a [u8], limits: &Limits) -> Result<Scan<'a>> {
    let shape = limits.shape.capped();
    let mut module = header(wasm)?;
    let mut scan = Scan::new();
    let mut last = 0;
    while !module.is_at_end() {
        let offset = module.offset();
        let id = module.byte()?;
        let length = module.u32()?;
        let section = module.part(length, section_name(id))?;
        if id == 0 {
            scan.custom(section, &shape)?;
            continue;
        }
        let order = section_order(id);
        if order <= last {
            return Err(AdmissionError::SectionOrder { section: id, offset });
        }
        last = order;
        scan.section(id, section, &shape)?;
    }
    scan.finish(&module)
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
            section::META => keep(&mut self.meta, content),
            section::SCHEMA if self.schema.is_some() => Err(AdmissionError::SchemaTwice {}),
            section::SCHEMA => keep(&mut self.schema, content),
            "target_features" => keep(&mut self.target_features, content),
            _ => Ok(()),
        }
    }

    fn type_section(&mut self, section: &mut Reader<'a>, shape: &Shape) -> Result<()> {
        self.types = Some(*section);
        let count = section.u32()?;
        bounded("types", count, shape.types)?;
        self.counts.types = count;
        for _ in 0..count {
            self.counts.type_values += self.signatures.add_type(section, shape)?;
        }
        Ok(())
    }

    fn import_section(&mut self, section: &mut Reader<'a>, shape: &Shape) -> Result<()> {
        self.imports = Some(*section);
        let count = section.u32()?;
        bounded("imports", count, shape.imports)?;
        self.counts.imports = count;
        for _ in 0..count {
            let (service, name) = (self.name(section, shape)?, self.name(section, shape)?);
            if section.byte()? != 0 {
                let (service, name) = (shown(service), shown(name));
                return Err(AdmissionError::ImportKind { service, name });
            }
            let ty = section.u32()?;
            self.signatures.add_import(ty).ok_or_else(|| section.malformed())?;
        }
        Ok(())
    }

    fn name(&mut self, section: &mut Reader<'a>, shape: &Shape) -> Result<&'a str> {
        let offset = section.offset();
        let name = section.name()?;
        bounded("bytes in a name", name.len() as u64, shape.name_bytes)?;
        if !name.chars().all(is_printable) {
            return Err(AdmissionError::Name { offset });
        }
        self.counts.name_bytes += name.len() as u32;
        Ok(name)
    }

    fn function_section(&mut self, section: &mut Reader<'a>, shape: &Shape) -> Result<()> {
        let count = section.u32()?;
        bounded("functions", count, shape.functions)?;
        self.counts.functions = count;
        self.signatures.set_functions(section, count)
    }

    fn table_section(&mut self, section: &mut Reader<'a>) -> Result<()> {
        let count = section.u32()?;
        bounded("tables", count, 1_u8)?;
        for _ in 0..count {
            let place = *section;
            let element = section.byte()?;
            if element != 0x70 {
                return Err(place.unsupported("table element type", u32::from(element)));
            }
            let (flags, minimum, maximum) = limits(section)?;
            if flags > 1 {
                return Err(place.unsupported("table flags", flags));
            }
            self.table = Some((minimum, maximum));
        }
        Ok(())
    }

    fn memory_section(&mut self, section: &mut Reader<'a>) -> Result<()> {
        const CUSTOM_PAGE_SIZE: u32 = 8;
        let count = section.u32()?;
        bounded("memories", count, 1_u8)?;
        for _ in 0..count {
            let place = *section;
            let (flags, minimum, maximum) = limits(section)?;
            let page_bytes = match flags & !1 {
                0 => 1 << 16,
                CUSTOM_PAGE_SIZE => page_size(section)?,
                _ => return Err(place.unsupported("memory flags", flags)),
            };
            self.memory = Some(Memory { page_bytes, minimum, maximum });
        }
        Ok(())
    }

    fn global_section(&mut self, section: &mut Reader<'a>, shape: &Shape) -> Result<()> {
        self.globals = Some(*section);
        let count = section.u32()?;
        bounded("globals", count, shape.globals)?;
        self.counts.globals = count;
        for _ in 0..count {
            value_type(section)?;
            let place = *section;
            let mutable = section.byte()?;
            if mutable > 1 {
                return Err(place.unsupported("global flags", u32::from(mutable)));
            }
            operator::constant_expression(section)?;
        }
        Ok(())
    }

    fn export_section(&mut self, section: &mut Reader<'a>, shape: &Shape) -> Result<()> {
        self.exports = Some(*section);
        let count = section.u32()?;
        bounded("exports", count, shape.exports)?;
        self.counts.exports = count;
        for _ in 0..count {
            self.name(section, shape)?;
            let kind = section.byte()?;
            let index = section.u32()?;
            let functions = u64::from(self.signatures.import_count())
                + u64::from(self.signatures.function_count());
            if kind > 3 || (kind == 0 && u64::from(index) >= functions) {
                return Err(section.malformed());
            }
        }
        Ok(())
    }

    fn element_section(&mut self, section: &mut Reader<'a>, shape: &Shape) -> Result<()> {
        let count = section.u32()?;
        bounded("element segments", count, shape.elements)?;
        self.counts.elements = count;
        for _ in 0..count {
            let place = *section;
            let flags = section.u32()?;
            if flags != 0 {
                return Err(place.unsupported("element segment kind", flags));
            }
            let start = offset(section)?;
            let items = section.u32()?;
            let size = self.table.map_or(0, |(minimum, _)| minimum);
            inside("table", start, items, u64::from(size), place.offset())?;
            for _ in 0..items {
                section.u32()?;
            }
            self.counts.element_items = self.counts.element_items.saturating_add(items);
        }
        Ok(())
    }

    fn code_section(&mut self, section: &mut Reader<'a>, shape: &Shape) -> Result<()> {
        let count = section.u32()?;
        if count != self.signatures.function_count() {
            return Err(section.malformed());
        }
        self.bodies = count;
        for defined in 0..count {
            let length = section.u32()?;
            let body = section.part(length, "a function's body")?;
            let (params, results) = self
                .signatures
                .of_function(self.signatures.import_count() + defined)
                .ok_or_else(|| section.malformed())?;
            let signatures = &self.signatures;
            self.bulk_operators |=
                body::walk(body, params, results > 0, signatures, shape, &mut self.counts)?;
        }
        Ok(())
    }

    fn data_section(&mut self, section: &mut Reader<'a>, shape: &Shape) -> Result<()> {
        let count = section.u32()?;
        bounded("data segments", count, shape.data)?;
        self.counts.data = count;
        for _ in 0..count {
            let place = *section;
            let start = match section.u32()? {
                0 => Some(offset(section)?),
                // Passive: memory.init is checked by the engine when it runs.
                1 => None,
                other => return Err(place.unsupported("data segment kind", other)),
            };
            let length = section.u32()?;
            section.take(length as usize)?;
            if let Some(start) = start {
                let size = self.memory.map_or(0, |memory| memory.minimum_bytes());
                inside("data", start, length, size, place.offset())?;
            }
            self.counts.data_bytes = self.counts.data_bytes.saturating_add(length);
        }
        Ok(())
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

    fn finish(self, module: &Reader<'_>) -> Result<Self> {
        // Functions without any code section are as wrong as with one of another length.
        if self.bodies != self.signatures.function_count() {
            return Err(module.named("the code section").truncated());
        }
        Ok(self)
    }
}

fn keep<'a>(place: &mut Option<&'a [u8]>, content: &'a [u8]) -> Result<()> {
    *place = Some(content);
    Ok(())
}

pub(crate) fn shown(name: &str) -> Text {
    Text::from_guest(name.as_bytes())
}

/// Reads flags, minimum and maximum of a memory or table.
fn limits(section: &mut Reader<'_>) -> Result<(u32, u32, Option<u32>)> {
    let place = *section;
    let flags = section.u32()?;
    // 2 is shared, 4 is 64 bits wide: the numbers that follow would be other ones.
    if flags & !0b1001 != 0 {
        return Err(place.unsupported("limits flags", flags));
    }
    let minimum = section.u32()?;
    let maximum = if flags & 1 == 1 { Some(section.u32()?) } else { None };
    Ok((flags, minimum, maximum))
}

/// Reads the page size of the custom-page-sizes proposal: 1 byte or 64 KiB.
fn page_size(section: &mut Reader<'_>) -> Result<u32> {
    let place = *section;
    match section.u32()? {
        exponent @ (0 | 16) => Ok(1 << exponent),
        other => Err(place.unsupported("page size exponent", other)),
    }
}

/// Reads the offset of an active segment.
fn offset(section: &mut Reader<'_>) -> Result<u32> {
    let place = *section;
    operator::constant_expression(section)?.ok_or_else(|| place.malformed())
}

fn inside(what: &'static str, start: u32, length: u32, size: u64, offset: usize) -> Result<()> {
    if u64::from(start) + u64::from(length) > size {
        return Err(AdmissionError::SegmentOutside { what, offset });
    }
    Ok(())
}
