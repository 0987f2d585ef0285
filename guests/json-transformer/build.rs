//! Fixes the guest's memory.

fn main() {
    ampoule_guest_build::memory(4096, 24 * 1024);
}
