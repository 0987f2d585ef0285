//! How much of the stack was ever used, and who uses it.

/// What the stack is painted with before the program starts.
const PAINT: u32 = 0xcccc_cccc;

unsafe extern "C" {
    /// From the linker script.
    static _stack_start: u32;
    static _stack_end: u32;
    static __stext: u32;
    static __etext: u32;
}

/// The most places that are told.
const TRAIL: usize = 16;

/// Tells where the functions under way were called from, the innermost first, and places that are still on the
/// stack from before. `llvm-addr2line -fie IMAGE ADDRESS` names them.
pub(crate) fn trail(mut tell: impl FnMut(usize)) {
    let (bottom, mut told) = (0_u32, 0);
    let here = &raw const bottom as usize;
    for place in (here..&raw const _stack_start as usize).step_by(size_of::<u32>()) {
        // SAFETY: between a variable and the stack's start lies the stack, in RAM and aligned.
        let word = unsafe { (place as *const u32).read_volatile() } as usize;
        if told < TRAIL && is_return_address(word) {
            told += 1;
            tell(word & !1);
        }
    }
}

/// Thumb's are odd, and behind a `bl` or a `blx`.
fn is_return_address(word: usize) -> bool {
    let text = &raw const __stext as usize + 4..&raw const __etext as usize;
    if word & 1 == 0 || !text.contains(&word) {
        return false;
    }
    // SAFETY: that and the four bytes before it are code, in flash; instructions are aligned to two bytes.
    let [before, last] = [5, 3].map(|back| unsafe { ((word - back) as *const u16).read() });
    (before & 0xf800 == 0xf000 && last & 0xd000 == 0xd000) || last & 0xff87 == 0x4780
}

/// Bytes of the stack that aren't as they were painted, from its start to the deepest one.
pub(crate) fn stack_used() -> Option<usize> {
    let (start, end) = (&raw const _stack_start as usize, &raw const _stack_end as usize);
    // SAFETY: between the two symbols lies the stack, in RAM and aligned.
    let painted = |at: &usize| unsafe { (*at as *const u32).read_volatile() } == PAINT;
    let untouched = (end..start).step_by(size_of::<u32>()).take_while(painted).count();
    Some((start - end).saturating_sub(untouched * size_of::<u32>()))
}
