//! How much of the stack was ever used.

/// What the stack is painted with before the program starts.
const PAINT: u32 = 0xcccc_cccc;

unsafe extern "C" {
    /// From the linker script.
    static _stack_start: u32;
    static _stack_end: u32;
}

/// Bytes of the stack that aren't as they were painted, from its start to the deepest one.
pub(crate) fn stack_used() -> Option<usize> {
    let (start, end) = (&raw const _stack_start as usize, &raw const _stack_end as usize);
    // SAFETY: between the two symbols lies the stack, in RAM and aligned.
    let painted = |at: &usize| unsafe { (*at as *const u32).read_volatile() } == PAINT;
    let untouched = (end..start).step_by(size_of::<u32>()).take_while(painted).count();
    Some((start - end).saturating_sub(untouched * size_of::<u32>()))
}
