//! Why a profile of a device can't be read.

ampoule::errors! {
    /// Why a profile of a device isn't one.
    pub enum ProfileError {
        Malformed { line: usize, column: usize, message: String } = "Q01",
            "line {line}, column {column}: {message}",
            "correct the profile there; firmware-example/devices has good ones, with every key";
        Number { key: &'static str, found: u64, least: u64, most: u64 } = "Q02",
            "{key} is {found}; it is {least} to {most}",
            "give the number that the device has";
        Bits { found: u8 } = "Q03",
            "bits is {found}; pointers have 32 or 64",
            "give 32 for a microcontroller, 64 for a workstation";
        Name { key: &'static str, name: String } = "Q04",
            "{key} is \"{name}\", which can't be shown or is too long",
            "name it in 1 to 64 printable characters";
        TooMany { what: &'static str, found: usize, allowed: usize } = "Q05",
            "it lists {found} {what}, {allowed} are allowed",
            "list what the device offers, each once; a host has no room for more";
    }
}
