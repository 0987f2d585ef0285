//! A heap of fixed size, for plugins that want one.

/// Gives the plugin a heap of so many bytes; the allocator takes some hundred of them.
///
/// ```
/// ampoule_guest::heap!(8 * 1024);
/// ```
///
/// The plugin then may `extern crate alloc`. Want of heap is a panic. Does nothing unless the target
/// is wasm32: tests use the workstation's heap.
#[macro_export]
macro_rules! heap {
    ($bytes:expr) => {
        #[cfg(target_arch = "wasm32")]
        #[allow(unsafe_code)]
        #[global_allocator]
        static HEAP: $crate::glue::Heap = {
            use core::mem::MaybeUninit;
            static mut ARENA: [MaybeUninit<u8>; $bytes] = [MaybeUninit::uninit(); $bytes];
            // SAFETY: nothing else can name the arena.
            unsafe { $crate::glue::new_heap(&raw mut ARENA) }
        };
    };
}
