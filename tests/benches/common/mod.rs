//! The same work twice: by Ampoule, and by raw wasmi with everything written out by hand.

use ampoule::{
    Config as HostConfig, Context, Entry, Host, Limits, Outcome, Pairs, Plugin, PluginId, Policy,
    Source,
};
use ampoule_abi::{Decode, encode};
use core::hint::black_box;
use wasmi::{
    CompilationMode, Config, Engine, Extern, Func, Memory, Module, Store, TypedFunc,
    TypedResumableCall,
};

/// Both sides' budget of fuel for a call.
const FUEL: u64 = Limits::WORKSTATION.call_fuel;

/// A guest that answers with what lies in its mailbox, without looking at it.
const MIRROR: &str = r#"(module
    (memory (export "memory") 32768 32768 (pagesize 1))
    (func (export "ampoule_mailbox") (result i64) (i64.const 32768))
    (func (export "noop") (param i32) (result i64) (i64.const 0))
    (func (export "echo") (param i32) (result i64) (i64.extend_i32_u (local.get 0)))
    (@custom "ampoule.meta" "\01\06mirror\051.0.0\00\00"))"#;

/// The guest that [`MIRROR`] is.
pub(crate) fn mirror() -> Vec<u8> {
    wat::parse_str(MIRROR).expect("the text is a module")
}

/// Small functions of the kind that compilers make: a loop over memory with a branch and a call.
const FUNCTION: &str = r#"(func (param $at i32) (param $length i32) (result i32)
    (local $sum i32)
    (block $done
        (loop $more
            (br_if $done (i32.eqz (local.get $length)))
            (local.set $sum
                (i32.add
                    (i32.mul (local.get $sum) (i32.const 31))
                    (i32.load8_u offset=64 (local.get $at))))
            (if (i32.lt_s (local.get $sum) (i32.const 0))
                (then (drop (call 1 (local.get $sum)))))
            (local.set $at (i32.add (local.get $at) (i32.const 1)))
            (local.set $length (i32.sub (local.get $length) (i32.const 1)))
            (br $more)))
    (local.get $sum))"#;

/// Modules of a small and of a large plugin's size, in bytes: 3 KB and 60 KB.
pub(crate) fn modules() -> [(&'static str, Vec<u8>); 2] {
    [("3-kb", sized(3_000)), ("60-kb", sized(60_000))]
}

fn sized(bytes: usize) -> Vec<u8> {
    let assemble = |functions: usize| {
        let body = FUNCTION.repeat(functions);
        let text = MIRROR.replace("(func (export \"noop\")", &format!(
            "(func $first (param i32) (result i32) (local.get 0)) {body} (func (export \"noop\")"
        ));
        wat::parse_str(text).expect("the text is a module")
    };
    let each = assemble(2).len() - assemble(1).len();
    let wasm = assemble((bytes - assemble(0).len()) / each);
    assert!(wasm.len().abs_diff(bytes) < bytes / 10);
    wasm
}

/// A prebuilt guest.
pub(crate) fn prebuilt(name: &str) -> Vec<u8> {
    let path = format!("{}/../guests/prebuilt/{name}.wasm", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(path).expect("the prebuilt guests are in the repository")
}

/// The reference system's example call.
pub(crate) fn transform_context() -> Context<'static> {
    Context {
        request_id: "req-001",
        headers: Pairs::from_slice(&[("Content-Type", "application/json")]),
        parameters: Pairs::from_slice(&[
            ("action", "transform"),
            ("format", "camelCase"),
            ("user_name", "ada"),
            ("payload", r#"{"first_key":1,"nested_map":{"deep_key":[true,null,2.5]}}"#),
        ]),
    }
}

/// A plugin with its three entries, through the host.
/// A host with so many plugins, of which one is called.
pub(crate) struct HostOfMany {
    host: Box<Host<'static, 1000>>,
    id: PluginId,
}

/// A call may take that long.
const POLICY_WITH_DEADLINE: Policy<'_> =
    Policy { deadline_micros: Some(1_000_000), ..Policy::WORKSTATION };

impl HostOfMany {
    pub(crate) fn new(plugins: usize, deadline: Option<u64>) -> Self {
        let policy = deadline.map_or(&Policy::WORKSTATION, |_| &POLICY_WITH_DEADLINE);
        Self::with(plugins, HostConfig { policy, ..HostConfig::WORKSTATION })
    }

    pub(crate) fn with(plugins: usize, config: HostConfig<'static>) -> Self {
        let mut host = Box::new(Host::new(config, || black_box(42)));
        let mut wasm = mirror();
        let at = wasm.windows(6).position(|name| name == b"mirror").expect("its name");
        let ids = (0..plugins).map(|number| {
            wasm[at..at + 6].copy_from_slice(format!("{number:06}").as_bytes());
            host.load(Source::new(&wasm)).expect("it loads")
        });
        let id = ids.last().expect("a plugin");
        Self { host, id }
    }

    /// Calls in one go.
    pub(crate) fn noop(&mut self) -> impl FnMut() {
        let entry: Entry<(), ()> = self.host.bind(self.id, "noop").expect("it is exported");
        move || self.host.call(&entry, &()).expect("it answers")
    }

    /// Starts, polls and takes.
    pub(crate) fn turn(&mut self) -> impl FnMut() {
        let entry: Entry<(), ()> = self.host.bind(self.id, "noop").expect("it is exported");
        move || {
            let call = self.host.start(&entry, &()).expect("it waits");
            self.host.poll(black_box(42));
            self.host.take(&call).expect("it is over").expect("it answers");
        }
    }
}

pub(crate) struct Hosted {
    plugin: Plugin,
}

impl Hosted {
    pub(crate) fn new(wasm: &[u8]) -> Self {
        Self::with(wasm, &Limits::WORKSTATION)
    }

    pub(crate) fn with(wasm: &[u8], limits: &Limits) -> Self {
        let plugin = Plugin::load(wasm, limits, &Context::default());
        Self { plugin: plugin.expect("the guest loads") }
    }

    pub(crate) fn noop(&mut self) -> impl FnMut() {
        let entry: Entry<(), ()> = self.plugin.bind("noop").expect("it is exported");
        move || self.plugin.call(&entry, &()).expect("it answers")
    }

    pub(crate) fn echo<'a>(&'a mut self, message: &'a [u8]) -> impl FnMut() + 'a {
        let entry: Entry<&[u8], &[u8]> = self.plugin.bind("echo").expect("it is exported");
        move || {
            let reply = self.plugin.call(&entry, &message).expect("it answers");
            assert_eq!(black_box(reply).len(), message.len());
        }
    }

    pub(crate) fn transform<'a>(&'a mut self, context: &'a Context<'a>) -> impl FnMut() + 'a {
        let entry: Entry<Context<'_>, Outcome<'_>> =
            self.plugin.bind("execute").expect("it is exported");
        move || {
            let outcome = self.plugin.call(&entry, context).expect("it answers");
            assert!(black_box(outcome).success);
        }
    }
}

/// The same by hand.
pub(crate) struct Raw {
    store: Store<()>,
    memory: Memory,
    instance: wasmi::Instance,
    mailbox: (usize, usize),
}

/// An engine set up as the host's is.
pub(crate) fn raw_engine() -> Engine {
    let mut config = Config::default();
    config
        .consume_fuel(true)
        .compilation_mode(CompilationMode::Eager)
        .ignore_custom_sections(true)
        .wasm_custom_page_sizes(true);
    Engine::new(&config)
}

impl Raw {
    pub(crate) fn new(wasm: &[u8]) -> Self {
        let engine = raw_engine();
        let module = Module::new(&engine, wasm).expect("the guest translates");
        Self::instantiate(&module)
    }

    pub(crate) fn instantiate(module: &Module) -> Self {
        let mut store = Store::new(module.engine(), ());
        store.set_fuel(FUEL).expect("fuel is on");
        let panic = |_: i32, _: i32| {};
        let imports: Vec<_> =
            module.imports().map(|_| Extern::Func(Func::wrap(&mut store, panic))).collect();
        let instance = wasmi::Instance::new(&mut store, module, &imports).expect("it instantiates");
        let memory = instance.get_memory(&store, "memory").expect("it is exported");
        let mut raw = Self { store, memory, instance, mailbox: (0, 0) };
        let mailbox: TypedFunc<(), i64> =
            raw.instance.get_typed_func(&raw.store, "ampoule_mailbox").expect("it is exported");
        let bits = mailbox.call(&mut raw.store, ()).expect("it answers") as u64;
        raw.mailbox = ((bits >> 32) as usize, bits as u32 as usize);
        if let Ok(init) = raw.instance.get_typed_func::<i32, i64>(&raw.store, "ampoule_init") {
            raw.exchange(&init, &Context::default());
        }
        raw
    }

    fn function(&self, name: &str) -> TypedFunc<i32, i64> {
        self.instance.get_typed_func(&self.store, name).expect("it is exported")
    }

    fn exchange(
        &mut self,
        function: &TypedFunc<i32, i64>,
        request: &impl serde::Serialize,
    ) -> &[u8] {
        let (address, capacity) = self.mailbox;
        let memory = self.memory.data_mut(&mut self.store);
        let mailbox = &mut memory[address..address + capacity];
        let length = encode(request, mailbox).expect("it fits").len() as i32;
        self.store.set_fuel(FUEL).expect("fuel is on");
        let bits = function.call(&mut self.store, length).expect("it answers") as u64;
        let (address, length) = ((bits >> 32) as usize, bits as u32 as usize);
        &self.memory.data(&self.store)[address..address + length]
    }

    /// One call of an entry whose reply doesn't matter.
    pub(crate) fn call(&mut self, name: &str, request: &impl serde::Serialize) {
        let function = self.function(name);
        black_box(self.exchange(&function, request));
    }

    pub(crate) fn noop(&mut self) -> impl FnMut() {
        let function = self.function("noop");
        move || {
            black_box(self.exchange(&function, &()));
        }
    }

    /// [`Self::noop`] as a call that could go on when its slice of fuel ends.
    pub(crate) fn noop_sliced(&mut self) -> impl FnMut() {
        let function = self.function("noop");
        move || {
            self.store.set_fuel(10_000).expect("fuel is on");
            let step = function.call_resumable(&mut self.store, 0).expect("it answers");
            assert!(matches!(step, TypedResumableCall::Finished(0)));
            black_box(self.store.get_fuel().expect("fuel is on"));
        }
    }

    pub(crate) fn echo<'a>(&'a mut self, message: &'a [u8]) -> impl FnMut() + 'a {
        let function = self.function("echo");
        move || {
            let reply = <&[u8]>::decode(self.exchange(&function, &message)).expect("it decodes");
            assert_eq!(black_box(reply).len(), message.len());
        }
    }

    pub(crate) fn transform<'a>(&'a mut self, context: &'a Context<'a>) -> impl FnMut() + 'a {
        let function = self.function("execute");
        move || {
            let reply = self.exchange(&function, context);
            assert!(black_box(Outcome::decode(reply).expect("it decodes")).success);
        }
    }
}
