//! What a plugin makes the host hold by way of WASI stays within what admission promised for it.

use crate::support::{repository, with_meta};
use allocation_counter::measure;
use ampoule::{
    Context, Grant, Limits, Manifest, Plugin, Policy, Services, inspect,
    services::{Env, Log},
};
use ampoule_std::fs::Fs;

const VARIABLES: usize = 100;

fn module(imports: &str, body: &str) -> Vec<u8> {
    let text = format!(
        r#"(module {imports}
            (memory (export "memory") 65536 65536 (pagesize 1))
            (data (i32.const 0) "leb-overlong.hex")
            (func (export "ampoule_mailbox") (result i64) (i64.const 0x0000_0100_0000_0010))
            (func (export "go") (param i32) (result i64) (local $n i32) {body} (i64.const 0)))"#
    );
    with_meta(wat::parse_str(text).unwrap())
}

#[test]
fn what_wasi_holds_is_in_the_promised_heap() {
    let folder = repository("guests/hostile").canonicalize().unwrap();
    let manifest = format!(
        r#"{{ "meta": {{ "name": "test", "version": "1.0.0" }}, "capabilities": {{
            "allowFileSystem": true, "allowedPaths": ["{}"], "services": [
                {{ "service": "fs", "operations": ["read", "stat"] }},
                {{ "service": "env", "operations": ["get"] }},
                {{ "service": "log", "operations": ["write"] }} ] }} }}"#,
        folder.display()
    );
    let manifest = Manifest::parse(manifest.as_bytes()).unwrap();
    let grant = Grant::new(&manifest, &Policy::WORKSTATION);
    let limits = Limits { message_bytes: 4096, heap_bytes: u32::MAX, ..Limits::WORKSTATION };
    let mut services = Services::new(|| 0);
    let variables = (0..VARIABLES).map(|at| (format!("VARIABLE_{at}"), "x".repeat(64)));
    services.offer(Box::new(Env::new(variables))).unwrap();
    services.offer(Box::new(Log::new(1 << 20, |_| ()))).unwrap();
    services.offer(Box::new(Fs::of_grant(&grant))).unwrap();

    let imports = r#"
        (import "wasi_snapshot_preview1" "environ_get" (func $env (param i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "path_open"
            (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))"#;
    let body = r#"
        (if (call $env (i32.const 4096) (i32.const 8192)) (then unreachable))
        (loop $more
            (local.set $n (i32.add (local.get $n) (i32.const 1)))
            (br_if $more (i32.eqz (call $open (i32.const 3) (i32.const 1) (i32.const 0)
                (i32.const 16) (i32.const 0) (i64.const 2) (i64.const 0) (i32.const 0)
                (i32.const 1024)))))
        (if (i32.ne (local.get $n) (i32.const 61)) (then unreachable))"#;
    let wasm = module(imports, body);
    let instance = |wasm: &[u8]| inspect(wasm, &limits).unwrap().heap.instance;
    let promised = instance(&wasm) - instance(&module("", ""));

    let load = |services: &mut Services| {
        Plugin::load_with(&wasm, &limits, &grant, services, &Context::default())
    };
    let mut plugin = load(&mut services).unwrap_or_else(|error| panic!("{error}"));
    let go = plugin.bind::<(), ()>("go").unwrap();
    let heap = measure(|| assert_eq!(plugin.call_with(&mut services, &go, &()), Ok(())));
    assert!(heap.bytes_current > 0, "the descriptors are held");
    assert!(heap.bytes_max <= promised, "{heap:?}, promised {promised}");
    // All of it goes with the instance.
    let heap = measure(|| plugin.stop());
    assert!(heap.bytes_current < 0);
    let heap = measure(|| {
        let mut plugin = load(&mut services).unwrap();
        assert_eq!(plugin.call_with(&mut services, &go, &()), Ok(()));
    });
    assert_eq!(heap.bytes_current, 0);
}
