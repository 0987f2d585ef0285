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
const NATIVE_STACK_32: u32 = 24 * 1024;
/// A build without optimization; one with takes a fifth.
const NATIVE_STACK_64: u32 = 192 * 1024;

table! {
    // item, its name, the part that it belongs to, [held, loading] on 32 bit, and on 64 bit
    // weights: begin
    Engine, "engine", Module, [1433, 0], [1995, 684];
    Instance, "instance", Instance, [1088, 0], [1728, 0];
    Host, "host", Host, [2048, 0], [2560, 0];
    MetaByte, "byte of meta", Host, [1, 0], [1, 0];
    Type, "type", Module, [7, 160], [7, 228];
    TypeValue, "value of a type", Module, [18, 0], [27, 0];
    Import, "import", Module, [263, 0], [389, 0];
    Export, "export", Module, [122, 12], [169, 23];
    NameByte, "byte of a name", Module, [5, 0], [5, 0];
    Element, "element segment", Module, [75, 35], [117, 37];
    SegmentElement, "element", Module, [17, 8], [26, 8];
    Data, "data segment", Module, [62, 16], [101, 15];
    DataByte, "byte of data", Module, [2, 0], [2, 0];
    Global, "global", Instance, [61, 14], [70, 13];
    TableElement, "element of the table", Table, [9, 0], [9, 0];
    Function, "function", Code, [214, 0], [248, 0];
    Operator, "operator", Code, [8, 0], [8, 0];
    Block, "block", Code, [67, 0], [67, 0];
    Branch, "branch", Code, [8, 0], [8, 0];
    Call, "call", Code, [25, 0], [25, 0];
    Constant, "constant", Code, [6, 0], [6, 0];
    LargestBody, "operator of the largest body", Translation, [18, 0], [18, 0];
    Operand, "deepest operand", Translation, [8, 22], [8, 21];
    BodyConstant, "constant of one body", Translation, [22, 15], [25, 15];
    Nesting, "nested block", Translation, [57, 17], [83, 14];
    BrTarget, "target of the largest br_table", Translation, [41, 0], [41, 0];
    BodyBranch, "branch of one body", Translation, [34, 0], [34, 0];
    Local, "local of one body", Translation, [44, 7], [52, 7];
    Frame, "call frame", Stacks, [16, 0], [32, 0];
    // weights: end
}
