//! Device registers of 32 bits.

/// A register of the chip.
#[derive(Clone, Copy)]
pub(super) struct Register(usize);

impl Register {
    /// The register at `address`.
    ///
    /// # Safety
    /// The chip has one there, and reading and writing it breaks nothing of Rust's memory.
    pub(super) const unsafe fn at(address: usize) -> Self {
        Self(address)
    }

    pub(super) fn read(self) -> u32 {
        // SAFETY: whoever made it says that there is a register.
        unsafe { (self.0 as *const u32).read_volatile() }
    }

    pub(super) fn write(self, value: u32) {
        // SAFETY: whoever made it says that there is a register.
        unsafe { (self.0 as *mut u32).write_volatile(value) }
    }

    /// Not every board needs it.
    #[allow(dead_code)]
    pub(super) fn change(self, clear: u32, set: u32) {
        self.write(self.read() & !clear | set);
    }
}
