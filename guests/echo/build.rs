//! Fixes the guest's memory.

fn main() {
    ampoule_guest_build::memory(128, 2048);
}
