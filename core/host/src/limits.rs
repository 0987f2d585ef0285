//! What a plugin may use: every number that holds a guest back, with its unit and its reason.

mod numbers;

/// Microseconds of the host's clock: since any fixed moment, and never going back for long.
pub type Micros = u64;

/// The most services of a host, and the most operations of a service.
pub(crate) const MAX_SERVICES: usize = ampoule_abi::service::MAX_OPERATIONS;

/// The bounds of one plugin.
///
/// Start from a constant and change what differs:
///
/// ```
/// use ampoule::Limits;
///
/// let limits = Limits { memory_bytes: 8 * 1024, ..Limits::MICRO };
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The largest module, in bytes.
    pub module_bytes: u32,
    /// The most linear memory that a plugin can own, in bytes, whatever its page size. A growth past
    /// it fails in the guest.
    pub memory_bytes: u32,
    /// The most elements of its table.
    pub table_elements: u32,
    /// The largest message in either direction, in bytes.
    pub message_bytes: u32,
    /// The most heap that a plugin can hold, in bytes, by the upper bound that admission computes:
    /// [`MemoryBound::total`](crate::MemoryBound::total).
    pub heap_bytes: u32,
    /// Fuel for instantiation: `_initialize`, `ampoule_mailbox` and `ampoule_init` together.
    pub init_fuel: u64,
    /// Fuel for one call of an entry.
    pub call_fuel: u64,
    /// Fuel for `ampoule_destroy`.
    pub destroy_fuel: u64,
    /// The fuel that a [`Plugin`](crate::Plugin) by itself runs on before the host looks up again. A call
    /// whose budget fits in one slice runs in one go, which costs some 30 % less on the shortest calls.
    /// A [`Host`](crate::Host) has a slice of its own for all its plugins.
    pub slice_fuel: u64,
    /// The guest's value stack (locals and operands of all active functions), in bytes.
    pub value_stack_bytes: u32,
    /// How many guest functions may be active at once.
    pub recursion_depth: u16,
    /// The shape of the module.
    pub shape: Shape,
}

/// The most calls of a plugin that are waiting, under way or answered and not yet taken.
pub const MAX_CALLS: usize = 8;

/// A value stack starts with this much where its limit is larger; a smaller one is reserved at once.
pub(crate) const INITIAL_STACK_BYTES: u32 = 4 * 1024;

/// How many of each thing a module may have.
///
/// The engine spends heap on each of them before a single instruction runs, out of proportion to the
/// module's bytes; these bounds keep that in proportion. Each is capped by [`Shape::CEILING`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Function types.
    pub types: u16,
    /// Parameters of a function type.
    pub params: u16,
    /// Imported functions.
    pub imports: u16,
    /// Functions with a body.
    pub functions: u32,
    /// Globals.
    pub globals: u16,
    /// Exports.
    pub exports: u16,
    /// Element segments.
    pub elements: u16,
    /// Data segments.
    pub data: u32,
    /// Bytes of an import's or export's name.
    pub name_bytes: u16,
    /// Locals of a function, its parameters included.
    pub locals: u16,
    /// Blocks inside each other.
    pub nesting: u16,
    /// Values on the operand stack of one function.
    pub operands: u16,
    /// Targets of one `br_table`.
    pub br_table: u16,
    /// Operators of one function.
    pub operators: u32,
}

impl Shape {
    /// No limit may be above these.
    pub const CEILING: Self = Self {
        // The scan keeps a byte for each type and import, and two for each open block, on the stack.
        types: 512,
        imports: 256,
        nesting: 1024,
        // Seven bits of that byte.
        params: 127,
        // Operand heights have 15 bits; the rest keeps what the engine spends in proportion.
        functions: 100_000,
        globals: 4096,
        exports: 1024,
        elements: 1024,
        data: 200_000,
        name_bytes: 1024,
        locals: 8192,
        operands: 8192,
        br_table: 8192,
        operators: 1_000_000,
    };

    /// For microcontrollers. Real guests built by this project's SDKs stay below a half of each.
    pub const MICRO: Self = Self {
        // The engine spends 100 to 200 bytes on each of these, used or not.
        types: 64,
        params: 16,
        imports: 32,
        functions: 512,
        globals: 64,
        exports: 32,
        elements: 8,
        data: 64,
        // As long as a plugin's own name may be.
        name_bytes: 64,
        // Of a body: what the translator's buffers grow with.
        locals: 128,
        nesting: 128,
        operands: 256,
        br_table: 256,
        operators: 16_384,
    };

    /// For workstations: what compilers with a runtime of their own need.
    pub const WORKSTATION: Self = Self {
        types: 512,
        params: 64,
        imports: 128,
        functions: 20_000,
        globals: 512,
        exports: 256,
        elements: 64,
        // Go's linker makes tens of thousands of them.
        data: 100_000,
        name_bytes: 256,
        locals: 4096,
        // Go nests a block for each point where a function may go on.
        nesting: 1024,
        operands: 1024,
        br_table: 4096,
        operators: 200_000,
    };

    /// Each limit, or the ceiling where that is lower.
    pub(crate) fn capped(&self) -> Self {
        let top = Self::CEILING;
        Self {
            types: self.types.min(top.types),
            params: self.params.min(top.params),
            imports: self.imports.min(top.imports),
            functions: self.functions.min(top.functions),
            globals: self.globals.min(top.globals),
            exports: self.exports.min(top.exports),
            elements: self.elements.min(top.elements),
            data: self.data.min(top.data),
            name_bytes: self.name_bytes.min(top.name_bytes),
            locals: self.locals.min(top.locals),
            nesting: self.nesting.min(top.nesting),
            operands: self.operands.min(top.operands),
            br_table: self.br_table.min(top.br_table),
            operators: self.operators.min(top.operators),
        }
    }
}

impl Limits {
    /// For a microcontroller with 128 KiB of RAM that is to hold a few plugins.
    pub const MICRO: Self = Self {
        // A quarter of what a 256 KiB flash region for plugins would hold.
        module_bytes: 64 * 1024,
        // One standard page; plugins with 1-byte pages own far less.
        memory_bytes: 64 * 1024,
        // Indirect calls of a few dozen functions; 12 bytes each.
        table_elements: 128,
        // A message lives in the guest's memory, so this is what a small guest can spare.
        message_bytes: 4 * 1024,
        // What is left of 128 KiB when the host has its own.
        heap_bytes: 96 * 1024,
        // About a tenth of a second on a Cortex-M4 at 168 MHz (8 to 12 instructions each).
        init_fuel: 1_000_000,
        call_fuel: 1_000_000,
        // A tenth of that: on its way out a guest has little left to do.
        destroy_fuel: 100_000,
        // Below a millisecond there, and costs nothing measurable over running in one go. A guest that does nothing but
        // what such a chip has no instruction for, as dividing 64 bits, takes 23 of it (docs/porting.md).
        slice_fuel: 10_000,
        // Enough for 64 frames of eight values each, and for real guests, which need a few.
        value_stack_bytes: 4 * 1024,
        recursion_depth: 64,
        shape: Shape::MICRO,
    };

    /// For a workstation or a server.
    pub const WORKSTATION: Self = Self {
        // Modules of languages with a runtime have some megabytes.
        module_bytes: 16 * 1024 * 1024,
        // The reference system's 256 pages.
        memory_bytes: 16 * 1024 * 1024,
        // Every function of such a module may stand in its table.
        table_elements: 16 * 1024,
        // A message is copied once, into the guest; larger things belong into files.
        message_bytes: 1024 * 1024,
        // The bound is many times what such modules then use.
        heap_bytes: 512 * 1024 * 1024,
        // Some seconds at a nanosecond or two each.
        init_fuel: 2_000_000_000,
        call_fuel: 2_000_000_000,
        destroy_fuel: 10_000_000,
        // A whole call: the thread that makes it has nothing else to turn to.
        slice_fuel: 2_000_000_000,
        // The engine's own defaults: deep recursion in guests is common there.
        value_stack_bytes: 1024 * 1024,
        recursion_depth: 1000,
        shape: Shape::WORKSTATION,
    };
}

impl Default for Limits {
    /// [`Limits::WORKSTATION`].
    fn default() -> Self {
        Self::WORKSTATION
    }
}
