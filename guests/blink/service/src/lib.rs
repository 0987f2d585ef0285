//! The pins of a device as a service, declared once for hosts and guests.
#![no_std]
#![forbid(unsafe_code)]

ampoule_abi::service! {
    /// The pins of a device, by numbers that the device gives them. Which pins a plugin has is in the
    /// scope of its grant, where they go by their names.
    service "gpio" as gpio {
        /// Drives an output: low with 0, high with 1. Answers the level that it had.
        scalar set(pin: i32, level: i32) -> i32 { fuel: 200 }
        /// The level of a pin: 0 or 1.
        scalar get(pin: i32) -> i32 { fuel: 200 }
    }
}
