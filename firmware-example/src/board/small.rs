//! As little memory as the image `smallest` can do with: `memory/smallest.txt` has the figures.

use super::Memory;

/// What there is at all.
pub(crate) const RAM_BYTES: usize = bytes(env!("AMPOULE_RAM"));
/// The stack of the host.
pub(crate) const STACK_BYTES: usize = bytes(env!("AMPOULE_STACK"));
/// The heap.
pub(crate) const HEAP_BYTES: usize = bytes(env!("AMPOULE_HEAP"));
/// The stack that plugins run on.
pub(super) const CELL_STACK_BYTES: usize = bytes(env!("AMPOULE_PLUGINS_STACK"));

/// What is used of heap and plugins' stack, in bytes. `cargo xtask smallest` looks for what is too little by writing
/// other numbers here, in an image that is built.
#[used]
#[unsafe(no_mangle)]
static AMPOULE_USED: [u32; 2] = [HEAP_BYTES as u32, CELL_STACK_BYTES as u32];

/// What `build.rs` has found to be a number.
const fn bytes(digits: &str) -> usize {
    match usize::from_str_radix(digits, 10) {
        Ok(bytes) => bytes,
        Err(_) => panic!("no number"),
    }
}

/// So much of it as the image says. The stack's end, with its guard, stays where it is.
pub(super) fn cut((heap, stack): Memory) -> Memory {
    // SAFETY: it is initialized. The compiler must not take it for what it was compiled as.
    let [heap_bytes, stack_bytes] = unsafe { (&raw const AMPOULE_USED).read_volatile() };
    let heap_bytes = heap.len().min(heap_bytes as usize);
    let words = stack.len().min(stack_bytes as usize / size_of::<u32>());
    (&mut heap[..heap_bytes], &mut stack[..words])
}
