//! What each thing in a module costs in heap: one table, measured.
//!
//! `cargo xtask weights` measures, fits and writes the numbers between the marks, and tells how far
//! above what is used they are. They hold for the engine and the features that stand beside them.

/// Bytes of heap for each item of a kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Weight {
    /// What stays as long as the plugin is loaded.
    pub held: u16,
    /// What loading takes besides, and gives back.
    pub loading: u16,
}

/// A part of what a plugin holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Code,
    Translation,
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
    Engine, "engine", Module, [1301, 0], [1558, 513];
    Instance, "instance", Instance, [1152, 0], [1728, 0];
    Host, "host", Host, [1280, 0], [1792, 0];
    MetaByte, "byte of meta", Host, [1, 0], [1, 0];
    Type, "type", Module, [8, 152], [7, 228];
    TypeValue, "value of a type", Module, [21, 5], [30, 0];
    Import, "import", Module, [310, 0], [400, 0];
    Export, "export", Module, [160, 11], [170, 22];
    NameByte, "byte of a name", Module, [5, 0], [5, 0];
    Element, "element segment", Module, [76, 39], [118, 42];
    SegmentElement, "element", Module, [26, 0], [26, 8];
    Data, "data segment", Module, [75, 16], [101, 16];
    DataByte, "byte of data", Module, [2, 0], [2, 0];
    Global, "global", Instance, [62, 14], [70, 14];
    TableElement, "element of the table", Table, [9, 0], [9, 0];
    Function, "function", Code, [170, 25], [229, 42];
    Operator, "operator", Code, [9, 0], [9, 0];
    Block, "block", Code, [0, 31], [0, 29];
    Branch, "branch", Code, [9, 0], [9, 0];
    Call, "call", Code, [9, 0], [9, 0];
    Constant, "constant", Code, [6, 0], [6, 0];
    LargestBody, "operator of the largest body", Translation, [0, 25], [0, 26];
    Operand, "deepest operand", Translation, [0, 14], [0, 13];
    BodyConstant, "constant of one body", Translation, [0, 30], [0, 31];
    Nesting, "nested block", Translation, [0, 84], [0, 107];
    BrTarget, "target of the largest br_table", Translation, [0, 35], [0, 34];
    BodyBranch, "branch of one body", Translation, [0, 33], [0, 33];
    Local, "local of one body", Translation, [0, 51], [0, 59];
    Frame, "call frame", Stacks, [16, 0], [32, 0];
    // weights: end
}
