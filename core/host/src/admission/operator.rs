//! The operators that a module may use: the closed list, with immediates and stack effects.
//!
//! WebAssembly 1.0 (section 5.4) with sign extension, saturating conversions, and of bulk memory what
//! concerns memory. All else is refused by its number: what isn't here never reaches the engine.

use super::reader::Reader;
use crate::error::AdmissionError;

/// What one operator means to the walk over a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operator {
    /// Takes and gives values, and nothing else.
    Plain {
        pops: u8,
        pushes: u8,
    },
    /// The same, of which the engine may make two instructions: the second has what the first has no room for.
    Wide {
        pops: u8,
        pushes: u8,
    },
    /// Gives one value that the translator may keep in a pool.
    Constant,
    /// `memory.copy`, `memory.fill` and `memory.init`: three operands.
    Bulk,
    /// Opens a block; `pops` is 1 for `if`.
    Open {
        pops: u8,
        result: bool,
    },
    Else,
    End,
    /// `unreachable`, `return` and `br`: what follows is dead.
    Leave {
        branches: u8,
    },
    BrIf {
        depth: u32,
    },
    BrTable {
        targets: u32,
    },
    Call {
        function: u32,
    },
    CallIndirect {
        ty: u32,
    },
}

const BLOCK_EMPTY: i64 = -0x40;

/// Reads one operator with its immediates.
pub(crate) fn read(body: &mut Reader<'_>) -> Result<Operator, AdmissionError> {
    let place = *body;
    let code = body.byte()?;
    Ok(match code {
        0x00 | 0x0f => Operator::Leave { branches: 0 },
        0x01 => plain(0, 0),
        0x02 | 0x03 => Operator::Open { pops: 0, result: block_result(body)? },
        0x04 => Operator::Open { pops: 1, result: block_result(body)? },
        0x05 => Operator::Else,
        0x0b => Operator::End,
        0x0c => {
            body.u32()?;
            Operator::Leave { branches: 1 }
        }
        0x0d => Operator::BrIf { depth: body.u32()? },
        0x0e => br_table(body)?,
        0x10 => Operator::Call { function: body.u32()? },
        0x11 => call_indirect(body)?,
        0x1a => plain(1, 0),
        0x1b => Operator::Wide { pops: 3, pushes: 1 },
        0x20..=0x24 => variable(code, body)?,
        0x28..=0x3e => memory_access(code, body)?,
        0x3f | 0x40 => memory_size(code, body)?,
        0x41..=0x44 => constant(code, body)?,
        0x45..=0xc4 => numeric(code),
        0xfc => prefixed(place, body)?,
        _ => return Err(place.unsupported("operator", u32::from(code))),
    })
}

const fn plain(pops: u8, pushes: u8) -> Operator {
    Operator::Plain { pops, pushes }
}

/// A block's type is empty or one value type; a type index would be multi-value.
fn block_result(body: &mut Reader<'_>) -> Result<bool, AdmissionError> {
    let place = *body;
    match body.signed(33)? {
        BLOCK_EMPTY => Ok(false),
        -4..=-1 => Ok(true),
        other => Err(place.unsupported("block type", other as u32)),
    }
}

fn br_table(body: &mut Reader<'_>) -> Result<Operator, AdmissionError> {
    let targets = body.u32()?;
    // Each target is at least a byte, so a lying count ends with the bytes.
    for _ in 0..=targets {
        body.u32()?;
    }
    Ok(Operator::BrTable { targets })
}

fn call_indirect(body: &mut Reader<'_>) -> Result<Operator, AdmissionError> {
    let ty = body.u32()?;
    let place = *body;
    // Linkers leave room for an index of five bytes where they may have to write another one.
    match body.u32()? {
        0 => Ok(Operator::CallIndirect { ty }),
        other => Err(place.unsupported("table index", other)),
    }
}

/// An index that can only be zero, in one byte: there is one memory.
fn zero(body: &mut Reader<'_>, what: &'static str) -> Result<(), AdmissionError> {
    let place = *body;
    match body.byte()? {
        0 => Ok(()),
        other => Err(place.unsupported(what, u32::from(other))),
    }
}

fn variable(code: u8, body: &mut Reader<'_>) -> Result<Operator, AdmissionError> {
    body.u32()?;
    Ok(match code {
        0x20 | 0x23 => plain(0, 1),
        // Where the local is still among the operands, the copy that keeps it parts the value from what has made it.
        0x22 => Operator::Wide { pops: 1, pushes: 1 },
        _ => plain(1, 0),
    })
}

fn memory_access(code: u8, body: &mut Reader<'_>) -> Result<Operator, AdmissionError> {
    let place = *body;
    let alignment = body.u32()?;
    // From bit 6 on it would name a memory: multi-memory.
    if alignment >= 1 << 6 {
        return Err(place.unsupported("alignment", alignment));
    }
    let offset = body.u32()?;
    let (pops, pushes) = if code <= 0x35 { (1, 1) } else { (2, 0) };
    // The engine has room for an offset of 16 bits beside the operands.
    let is_near = offset <= u32::from(u16::MAX);
    Ok(if is_near { plain(pops, pushes) } else { Operator::Wide { pops, pushes } })
}

fn memory_size(code: u8, body: &mut Reader<'_>) -> Result<Operator, AdmissionError> {
    zero(body, "memory index")?;
    Ok(if code == 0x3f { plain(0, 1) } else { Operator::Wide { pops: 1, pushes: 1 } })
}

fn constant(code: u8, body: &mut Reader<'_>) -> Result<Operator, AdmissionError> {
    match code {
        0x41 => body.skip_signed(32)?,
        0x42 => body.skip_signed(64)?,
        0x43 => body.take(4).map(|_| ())?,
        _ => body.take(8).map(|_| ())?,
    }
    Ok(Operator::Constant)
}

/// Comparisons, arithmetic and conversions: one operand for tests, unary operators and conversions,
/// two for the others.
const fn numeric(code: u8) -> Operator {
    match code {
        0x45 | 0x50 | 0x67..=0x69 | 0x79..=0x7b | 0x8b..=0x91 | 0x99..=0x9f | 0xa7..=0xc4 => {
            plain(1, 1)
        }
        _ => plain(2, 1),
    }
}

fn prefixed(place: Reader<'_>, body: &mut Reader<'_>) -> Result<Operator, AdmissionError> {
    match body.u32()? {
        // Saturating conversions.
        0..=7 => Ok(plain(1, 1)),
        // memory.init
        8 => {
            body.u32()?;
            zero(body, "memory index")?;
            Ok(Operator::Bulk)
        }
        // data.drop
        9 => body.u32().map(|_| plain(0, 0)),
        // memory.copy
        10 => {
            zero(body, "memory index")?;
            zero(body, "memory index")?;
            Ok(Operator::Bulk)
        }
        // memory.fill
        11 => zero(body, "memory index").map(|()| Operator::Bulk),
        other => Err(place.unsupported("operator 0xfc", other)),
    }
}

/// Whether a constant expression of one operator follows; answers its value if it is an `i32.const`.
pub(crate) fn constant_expression(reader: &mut Reader<'_>) -> Result<Option<u32>, AdmissionError> {
    let place = *reader;
    let value = match reader.byte()? {
        0x41 => Some(reader.signed(32)? as u32),
        code @ 0x42..=0x44 => {
            constant(code, reader)?;
            None
        }
        other => return Err(place.unsupported("constant expression", u32::from(other))),
    };
    let place = *reader;
    match reader.byte()? {
        0x0b => Ok(value),
        other => Err(place.unsupported("constant expression", u32::from(other))),
    }
}
