//! The sections of a module, one reader each: what they hold is counted, bounded and remembered by its
//! place.

use super::{
    body, operator,
    reader::Reader,
    scan::{Memory, Result, Scan, bounded, shown},
    signatures::value_type,
};
use crate::{error::AdmissionError, limits::Shape};
use ampoule_abi::is_printable;

impl<'a> Scan<'a> {
    pub(super) fn type_section(&mut self, section: &mut Reader<'a>, shape: &Shape) -> Result<()> {
        self.types = Some(*section);
        let count = section.u32()?;
        bounded("types", count, shape.types)?;
        self.counts.types = count;
        for _ in 0..count {
            self.counts.type_values += self.signatures.add_type(section, shape)?;
        }
        Ok(())
    }

    pub(super) fn import_section(&mut self, section: &mut Reader<'a>, shape: &Shape) -> Result<()> {
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
            return Err(AdmissionError::Name { name: shown(name), offset });
        }
        self.counts.name_bytes += name.len() as u32;
        Ok(name)
    }

    pub(super) fn function_section(
        &mut self,
        section: &mut Reader<'a>,
        shape: &Shape,
    ) -> Result<()> {
        let count = section.u32()?;
        bounded("functions", count, shape.functions)?;
        self.counts.functions = count;
        self.signatures.set_functions(section, count)
    }

    pub(super) fn table_section(&mut self, section: &mut Reader<'a>) -> Result<()> {
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

    pub(super) fn memory_section(&mut self, section: &mut Reader<'a>) -> Result<()> {
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

    pub(super) fn global_section(&mut self, section: &mut Reader<'a>, shape: &Shape) -> Result<()> {
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

    pub(super) fn export_section(&mut self, section: &mut Reader<'a>, shape: &Shape) -> Result<()> {
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

    pub(super) fn element_section(
        &mut self,
        section: &mut Reader<'a>,
        shape: &Shape,
    ) -> Result<()> {
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

    pub(super) fn code_section(&mut self, section: &mut Reader<'a>, shape: &Shape) -> Result<()> {
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

    pub(super) fn data_section(&mut self, section: &mut Reader<'a>, shape: &Shape) -> Result<()> {
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
        return Err(AdmissionError::SegmentOutside { what, start, length, size, offset });
    }
    Ok(())
}
