//! Fixes the guest's memory.

fn main() {
    ampoule_guest_build::memory(1024, 2048);
}
