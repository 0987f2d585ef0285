//! What each thing in a module costs in heap: one table, measured.
//!
//! `cargo xtask weights` measures, fits and writes the numbers between the marks, and tells how far
//! above what is used they are. They hold for the engine and the features that stand beside them.

/// Bytes of heap for each item of a kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Weight {
    /// What it takes when loading is over.
    pub held: u16,
    /// What it takes during loading, whether it stays or not.
    pub loading: u16,
}

/// A part of what a plugin holds when loading is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Code,
    Module,
    Instance,
    Stacks,
    Table,
    Host,
}

macro_rules! table {
    ($( $Item:ident, $name:literal, $Part:ident, [$h32:literal, $l32:literal], [$h64:literal, $l64:literal]; )*) => {
        /// What is counted.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Item { $( $Item, )* }

        /// How many kinds of items are counted.
        pub const ITEMS: usize = [$( Item::$Item ),*].len();

        impl Item {
            pub(crate) const PARTS: [Part; ITEMS] = [$( Part::$Part ),*];
        }

        impl Weights {
            /// What the items are, in the order of [`Self::items`].
            pub const NAMES: [&'static str; ITEMS] = [$( $name ),*];

            /// For devices with pointers of 32 bits.
            pub const BITS_32: Self = Self {
                bits: 32,
                items: [$( Weight { held: $h32, loading: $l32 } ),*],
                native_stack: NATIVE_STACK_32,
            };

            /// For machines with pointers of 64 bits.
            pub const BITS_64: Self = Self {
                bits: 64,
                items: [$( Weight { held: $h64, loading: $l64 } ),*],
                native_stack: NATIVE_STACK_64,
            };
        }
    };
}

/// The weights of a kind of machine: what [`MemoryBound`](crate::MemoryBound) is computed with.
///
/// A device computes with [`Self::HERE`], a workstation that asks for a device with the device's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Weights {
    /// The width of a pointer.
    pub bits: u8,
    /// One for each of [`Self::NAMES`].
    pub items: [Weight; ITEMS],
    /// Bytes of the machine's own stack that loading or calling a plugin takes at most.
    pub native_stack: u32,
}

impl Weights {
    /// For the machine that this was compiled for.
    pub const HERE: Self =
        if cfg!(target_pointer_width = "64") { Self::BITS_64 } else { Self::BITS_32 };

    /// For pointers of so many bits.
    #[must_use]
    pub const fn of_bits(bits: u8) -> Option<Self> {
        match bits {
            32 => Some(Self::BITS_32),
            64 => Some(Self::BITS_64),
            _ => None,
        }
    }

    /// The engine that the numbers were measured on: the package, its version, its features.
    pub const ENGINE: (&'static str, &'static str, &'static [&'static str]) =
        ("wasmi", "1.1.0", &[]);
}

/// Measured on a Cortex-M4 by the firmware and by `cargo xtask bound`, and a reserve.
const NATIVE_STACK_32: u32 = 22 * 1024;
/// A build without optimization; one with takes a fifth.
const NATIVE_STACK_64: u32 = 192 * 1024;

table! {
    // item, its name, the part that it belongs to, [held, loading] on 32 bit, and on 64 bit
    // weights: begin
    Engine, "engine", Module, [1847, 5306], [3210, 7807];
    Instance, "instance", Instance, [1152, 0], [1728, 0];
    Host, "host", Host, [1280, 0], [1792, 0];
    MetaByte, "byte of meta", Host, [1, 0], [1, 0];
    Type, "type", Module, [64, 177], [88, 253];
    TypeValue, "value of a type", Module, [2, 25], [2, 31];
    Import, "import", Module, [359, 363], [402, 366];
    Export, "export", Module, [184, 176], [191, 197];
    NameByte, "byte of a name", Module, [5, 4], [5, 4];
    Element, "element segment", Module, [83, 132], [129, 170];
    SegmentElement, "element", Module, [25, 17], [34, 26];
    Data, "data segment", Module, [96, 91], [126, 100];
    DataByte, "byte of data", Module, [1, 1], [1, 1];
    Global, "global", Instance, [76, 58], [83, 83];
    TableElement, "element of the table", Table, [9, 0], [9, 0];
    Function, "function", Code, [186, 158], [263, 196];
    Instruction, "instruction", Code, [9, 9], [9, 9];
    Branch, "branch", Code, [1, 0], [1, 0];
    Call, "call", Code, [1, 1], [1, 1];
    Constant, "constant", Code, [1, 0], [1, 1];
    LargestBody, "instruction of the largest body", Code, [1, 18], [1, 18];
    Operand, "deepest operand", Code, [1, 77], [2, 76];
    BodyConstant, "constant of one body", Code, [0, 41], [0, 42];
    BodyBlock, "block of one body", Code, [0, 0], [0, 0];
    Nesting, "nested block", Code, [0, 113], [0, 137];
    BrTarget, "target of the largest br_table", Code, [0, 35], [0, 35];
    BodyBranch, "branch of one body", Code, [0, 17], [0, 17];
    Local, "local of one body", Code, [0, 52], [0, 60];
    Frame, "call frame", Stacks, [16, 0], [32, 0];
    // weights: end
}
