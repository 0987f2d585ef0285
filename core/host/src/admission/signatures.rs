//! How many values each function takes and gives, looked up without a heap.

use super::{reader::Reader, scan::bounded};
use crate::{error::AdmissionError, limits::Shape};

/// How many places of the function section are remembered: a look-up walks from the nearest one.
const MARKS: usize = 64;
/// In a packed arity: the function has a result. Below it: how many parameters.
const RESULT: u8 = 1 << 7;

/// The arities of a module's functions.
///
/// Types and imports are one byte each; the function section is read anew from one of a few marks,
/// so that its length costs no memory.
pub(crate) struct Signatures<'a> {
    types: [u8; Shape::CEILING.types as usize],
    type_count: u32,
    imports: [u8; Shape::CEILING.imports as usize],
    import_count: u32,
    functions: Option<Reader<'a>>,
    function_count: u32,
    marks: [u32; MARKS],
    stride: u32,
}

impl<'a> Signatures<'a> {
    pub(crate) const fn new() -> Self {
        Self {
            types: [0; Shape::CEILING.types as usize],
            type_count: 0,
            imports: [0; Shape::CEILING.imports as usize],
            import_count: 0,
            functions: None,
            function_count: 0,
            marks: [0; MARKS],
            stride: 1,
        }
    }

    pub(crate) const fn import_count(&self) -> u32 {
        self.import_count
    }

    pub(crate) const fn function_count(&self) -> u32 {
        self.function_count
    }

    /// Reads one function type and answers its number of parameters and results.
    pub(crate) fn add_type(
        &mut self,
        section: &mut Reader<'_>,
        shape: &Shape,
    ) -> Result<u32, AdmissionError> {
        let place = *section;
        let form = section.byte()?;
        if form != 0x60 {
            return Err(place.unsupported("type form", u32::from(form)));
        }
        let params = value_types(section)?;
        bounded("parameters of a type", params, shape.params)?;
        let results = value_types(section)?;
        bounded("results of a type", results, 1_u8)?;
        let arity = params as u8 | if results > 0 { RESULT } else { 0 };
        push(&mut self.types, &mut self.type_count, arity).ok_or_else(|| section.malformed())?;
        Ok(params + results)
    }

    pub(crate) fn add_import(&mut self, ty: u32) -> Option<()> {
        let arity = self.arity_of_type(ty)?;
        push(&mut self.imports, &mut self.import_count, arity)
    }

    /// Takes the function section, whose entries are `count` type indices.
    pub(crate) fn set_functions(
        &mut self,
        section: &mut Reader<'a>,
        count: u32,
    ) -> Result<(), AdmissionError> {
        self.functions = Some(*section);
        self.function_count = count;
        self.stride = count.div_ceil(MARKS as u32).max(1);
        for at in 0..count {
            if at % self.stride == 0
                && let Some(mark) = self.marks.get_mut((at / self.stride) as usize)
            {
                *mark = section.offset() as u32;
            }
            let ty = section.u32()?;
            self.of_type(ty).ok_or_else(|| section.malformed())?;
        }
        section.end()
    }

    /// The type of a function by its index, imports first.
    pub(crate) fn type_of_defined(&self, defined: u32) -> Option<u32> {
        if defined >= self.function_count {
            return None;
        }
        let mark = *self.marks.get((defined / self.stride) as usize)?;
        let mut section = self.functions?.back_at(mark as usize);
        for _ in 0..defined % self.stride {
            section.u32().ok()?;
        }
        section.u32().ok()
    }

    /// Parameters and results of a function by its index, imports first.
    pub(crate) fn of_function(&self, index: u32) -> Option<(u8, u8)> {
        match index.checked_sub(self.import_count) {
            None => self.imports.get(index as usize).map(|arity| unpack(*arity)),
            Some(defined) => self.of_type(self.type_of_defined(defined)?),
        }
    }

    /// Parameters and results of a type.
    pub(crate) fn of_type(&self, ty: u32) -> Option<(u8, u8)> {
        self.arity_of_type(ty).map(unpack)
    }

    fn arity_of_type(&self, ty: u32) -> Option<u8> {
        if ty < self.type_count { self.types.get(ty as usize).copied() } else { None }
    }
}

const fn unpack(arity: u8) -> (u8, u8) {
    (arity & !RESULT, arity >> 7)
}

fn push(table: &mut [u8], count: &mut u32, arity: u8) -> Option<()> {
    *table.get_mut(*count as usize)? = arity;
    *count += 1;
    Some(())
}

fn value_types(section: &mut Reader<'_>) -> Result<u32, AdmissionError> {
    let count = section.u32()?;
    for _ in 0..count {
        value_type(section)?;
    }
    Ok(count)
}

/// Reads a value type: i32, i64, f32 or f64.
pub(crate) fn value_type(reader: &mut Reader<'_>) -> Result<u8, AdmissionError> {
    let place = *reader;
    match reader.byte()? {
        ty @ 0x7c..=0x7f => Ok(ty),
        other => Err(place.unsupported("value type", u32::from(other))),
    }
}
