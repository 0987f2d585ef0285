//! Fixes the guest's memory.

fn main() {
    ampoule_guest_build::memory(512, 1024);
}
