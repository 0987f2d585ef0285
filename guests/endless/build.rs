//! Fixes the guest's memory.

fn main() {
    ampoule_guest_build::memory(256, 512);
}
