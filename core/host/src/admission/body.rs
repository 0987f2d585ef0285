//! The walk over a function's body, which counts what the engine will spend heap on.

use super::{
    operator::{self, Operator},
    reader::Reader,
    scan::{Counts, bounded},
    signatures::Signatures,
};
use crate::{error::AdmissionError, limits::Shape};

/// Walks one body: its locals, then its operators to the `end` that is its last byte. Answers
/// whether it copies or fills memory in bulk.
#[inline(never)]
pub(crate) fn walk(
    mut body: Reader<'_>,
    params: u8,
    result: bool,
    signatures: &Signatures<'_>,
    shape: &Shape,
    counts: &mut Counts,
) -> Result<bool, AdmissionError> {
    let locals = locals(&mut body, params, shape)?;
    counts.max_locals = counts.max_locals.max(locals);
    let mut walk = Walk::new(signatures, shape, result);
    while walk.depth > 0 {
        let operator = operator::read(&mut body)?;
        walk.step(operator, &body)?;
    }
    // Code behind the last `end` has made engines panic: it never gets there.
    body.end()?;
    walk.near()?;
    walk.add_to(counts);
    Ok(walk.bulk)
}

/// Reads the declarations of locals and answers their number, the parameters included.
fn locals(body: &mut Reader<'_>, params: u8, shape: &Shape) -> Result<u32, AdmissionError> {
    let groups = body.u32()?;
    let mut locals = u64::from(params);
    for _ in 0..groups {
        locals += u64::from(body.u32()?);
        bounded("locals in a function", locals, shape.locals)?;
        super::signatures::value_type(body)?;
    }
    bounded("locals in a function", locals, shape.locals).map(|()| locals as u32)
}

struct Walk<'a> {
    signatures: &'a Signatures<'a>,
    shape: &'a Shape,
    /// For each open block the operand height below it, and in the top bit whether it has a result.
    frames: [u16; Shape::CEILING.nesting as usize + 1],
    depth: usize,
    height: u16,
    operators: u32,
    blocks: u32,
    branches: u32,
    calls: u32,
    constants: u32,
    max_depth: u32,
    max_height: u16,
    max_br_table: u32,
    bulk: bool,
    /// Upper bound of the engine's instructions, and whether one of them branches on a comparison.
    engine: u32,
    conditional: bool,
}

/// The pinned engine panics, in translation or in a run, where a branch that is fused with a comparison
/// spans more than 2^15 of its instructions. Nearly that many are let through.
const MOST_BRANCHED_OVER: u32 = i16::MAX as u32 - 256;

const RESULT: u16 = 1 << 15;

impl<'a> Walk<'a> {
    fn new(signatures: &'a Signatures<'a>, shape: &'a Shape, result: bool) -> Self {
        let mut frames = [0; Shape::CEILING.nesting as usize + 1];
        if let Some(outermost) = frames.first_mut() {
            *outermost = if result { RESULT } else { 0 };
        }
        Self {
            signatures,
            shape,
            frames,
            depth: 1,
            height: 0,
            operators: 0,
            blocks: 0,
            branches: 0,
            calls: 0,
            constants: 0,
            max_depth: 0,
            max_height: 0,
            max_br_table: 0,
            bulk: false,
            engine: 0,
            conditional: false,
        }
    }

    /// The engine may make so many instructions of an operator, beside the one that each counts as.
    const fn makes(&mut self, more: u32) {
        self.engine = self.engine.saturating_add(more);
    }

    fn step(&mut self, operator: Operator, place: &Reader<'_>) -> Result<(), AdmissionError> {
        self.operators += 1;
        self.makes(1);
        bounded("operators in a function", self.operators, self.shape.operators)?;
        match operator {
            Operator::Plain { pops, pushes } => self.apply(pops, pushes)?,
            Operator::Wide { pops, pushes } => {
                self.makes(1);
                self.apply(pops, pushes)?;
            }
            Operator::Constant => {
                self.constants += 1;
                self.apply(0, 1)?;
            }
            Operator::Bulk => {
                self.bulk = true;
                self.makes(2);
                self.apply(3, 0)?;
            }
            Operator::Open { pops, result } => {
                if pops > 0 {
                    self.conditional = true;
                    // A branch, and the fuel of what is inside.
                    self.makes(1);
                }
                self.open(pops, result)?;
            }
            Operator::Else => {
                // A copy of the result, a branch, fuel.
                self.makes(2);
                self.height = self.innermost() & !RESULT;
            }
            Operator::End => {
                // A copy of the result; or without an `else`, a branch and fuel.
                self.makes(1);
                self.close()?;
            }
            Operator::Leave { branches } => {
                // A copy of the result, and a branch.
                self.makes(1);
                self.branches += u32::from(branches);
                self.height = self.innermost() & !RESULT;
            }
            Operator::BrIf { depth } => {
                self.conditional = true;
                // One that carries a value is two in the engine, and a copy: over that, or behind it to the block's end.
                let carries = u32::from(self.carries(depth));
                self.branches += 1 + carries;
                self.makes(2 * carries);
                self.apply(1, 0)?;
            }
            Operator::BrTable { targets } => self.br_table(targets)?,
            Operator::Call { function } => {
                let (pops, pushes) =
                    self.signatures.of_function(function).ok_or_else(|| place.malformed())?;
                self.call(pops, pushes)?;
            }
            Operator::CallIndirect { ty } => {
                let (pops, pushes) =
                    self.signatures.of_type(ty).ok_or_else(|| place.malformed())?;
                self.makes(1);
                self.call(pops + 1, pushes)?;
            }
        }
        Ok(())
    }

    /// No branch of the function can span more than the engine can take.
    fn near(&self) -> Result<(), AdmissionError> {
        let found = if self.conditional { self.engine } else { 0 };
        bounded("engine instructions in a function that branches", found, MOST_BRANCHED_OVER)
    }

    /// Whether a branch to so far outside may carry a value: to a block that has one. To a loop it doesn't, which isn't
    /// told apart here.
    fn carries(&self, depth: u32) -> bool {
        let at = self.depth.checked_sub(1).and_then(|at| at.checked_sub(depth as usize));
        at.and_then(|at| self.frames.get(at)).is_some_and(|frame| frame & RESULT != 0)
    }

    fn innermost(&self) -> u16 {
        self.depth.checked_sub(1).and_then(|at| self.frames.get(at)).copied().unwrap_or(0)
    }

    /// Moves the operand height. In dead code there may be less than is popped: validation judges
    /// that, here it is only never below the block's own floor.
    fn apply(&mut self, pops: u8, pushes: u8) -> Result<(), AdmissionError> {
        let floor = self.innermost() & !RESULT;
        self.height = self.height.saturating_sub(u16::from(pops)).max(floor) + u16::from(pushes);
        self.max_height = self.max_height.max(self.height);
        bounded("operands in a function", self.height, self.shape.operands)
    }

    fn open(&mut self, pops: u8, result: bool) -> Result<(), AdmissionError> {
        self.apply(pops, 0)?;
        bounded("nested blocks", self.depth as u64, self.shape.nesting)?;
        if let Some(frame) = self.frames.get_mut(self.depth) {
            *frame = if result { self.height | RESULT } else { self.height };
        }
        self.max_depth = self.max_depth.max(self.depth as u32);
        self.depth += 1;
        self.blocks += 1;
        Ok(())
    }

    fn close(&mut self) -> Result<(), AdmissionError> {
        let frame = self.innermost();
        self.height = frame & !RESULT;
        self.depth -= 1;
        self.apply(0, u8::from(frame & RESULT != 0))
    }

    fn br_table(&mut self, targets: u32) -> Result<(), AdmissionError> {
        bounded("targets of a br_table", targets, self.shape.br_table)?;
        self.max_br_table = self.max_br_table.max(targets);
        // The value's place, that of the table's default, and a copy.
        self.makes(targets.saturating_add(3));
        self.branches = self.branches.saturating_add(targets).saturating_add(1);
        self.height = self.innermost() & !RESULT;
        Ok(())
    }

    fn call(&mut self, pops: u8, pushes: u8) -> Result<(), AdmissionError> {
        self.calls += 1;
        // Three operands in each that follows.
        self.makes(u32::from(pops.div_ceil(3)));
        self.apply(pops, pushes)
    }

    fn add_to(&self, counts: &mut Counts) {
        counts.operators += u64::from(self.operators);
        counts.instructions += u64::from(self.engine);
        counts.branches += u64::from(self.branches);
        counts.calls += u64::from(self.calls);
        counts.constants += u64::from(self.constants);
        counts.max_instructions = counts.max_instructions.max(self.engine);
        counts.max_blocks = counts.max_blocks.max(self.blocks);
        counts.max_nesting = counts.max_nesting.max(self.max_depth);
        counts.max_operands = counts.max_operands.max(u32::from(self.max_height));
        counts.max_constants = counts.max_constants.max(self.constants);
        counts.max_br_table = counts.max_br_table.max(self.max_br_table);
        counts.max_branches = counts.max_branches.max(self.branches);
    }
}
