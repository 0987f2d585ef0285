//! Fixes the guest's memory.

fn main() {
    ampoule_guest_build::memory(1536, 12288);
}
