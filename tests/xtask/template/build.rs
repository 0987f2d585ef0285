//! Fixes how much memory the plugin owns.

fn main() {
    // Bytes of the stack, bytes in all: the linker tells how many more it needs, if it does.
    ampoule_guest_build::memory(1024, 4096);
}
