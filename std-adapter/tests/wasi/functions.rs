//! What each function does with a grant and without, and what is admitted at all.

use crate::{
    ALL, Desk, admitted,
    cases::{FILES, PLAIN},
    program, table,
};
use ampoule_std::{
    AdmissionError, Context, Diagnosis as _, Fault, Limits, LoadError, NothingGranted, OfferError,
    Plugin, Service, Services,
};

#[test]
fn every_function_does_what_the_page_says_with_a_grant_and_without() {
    let mut complaints = Vec::new();
    let mut check = |body: &str, rules: &str, expected: u32| {
        let found = Desk::new().run(body, rules);
        if found != Ok(expected) {
            complaints.push(format!("{found:?}, not {expected}: {body}"));
        }
    };
    for (body, granted, nothing) in PLAIN {
        check(body, ALL, *granted);
        // Without a grant some calls fail that a body needs first: those say so by their number alone.
        if !body.contains("$ok") || *granted == *nothing {
            check(body, "", *nothing);
        }
    }
    for (body, granted) in FILES {
        check(body, ALL, *granted);
    }
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
}

#[test]
fn every_function_is_called_here_by_name() {
    let all = PLAIN.iter().map(|case| case.0).chain(FILES.iter().map(|case| case.0));
    let all = all.collect::<String>();
    // Those of one row of a match, which differ by their name alone.
    const ALIKE: [&str; 13] = [
        "fd_datasync",
        "fd_fdstat_set_rights",
        "fd_filestat_set_times",
        "path_filestat_set_times",
        "path_link",
        "path_readlink",
        "path_remove_directory",
        "path_rename",
        "proc_exit",
        "sock_accept",
        "sock_recv",
        "fd_renumber",
        "fd_allocate",
    ];
    for (name, ..) in table() {
        let called = all.contains(&format!("${name} ")) || all.contains(&format!("${name})"));
        assert!(called || ALIKE.contains(&name.as_str()), "{name}");
    }
}

#[test]
fn what_is_written_arrives_as_lines() {
    let desk = Desk::new();
    let body = r#"
        (i64.store (i32.const 1024) (i64.const 0x0a62_0a0a_6161_6161))
        (i32.store (i32.const 4) (i32.const 8))
        (call $ok (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 512)))
        (i32.store (i32.const 4) (i32.const 3))
        (call $ok (call $fd_write (i32.const 2) (i32.const 0) (i32.const 1) (i32.const 512)))
        (call $ok (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 512)))
        (i32.const 0)"#;
    assert_eq!(desk.run(body, ALL), Ok(0));
    let expected = ["info: aaaa", "info: ", "info: b", "info: aaa", "warn: aaa"];
    assert_eq!(desk.lines(), expected);
    // What a trap cuts off is handed on too.
    let trapping = body.replace("(i32.const 0)\"#", "").trim_end().to_owned() + " unreachable";
    assert!(desk.run(&trapping, ALL).is_err());
    assert_eq!(desk.lines(), expected);
}

#[test]
fn a_line_that_the_log_refuses_is_lost_and_the_guest_goes_on() {
    // Room for the first line, and none for the second: each counts 32 bytes and its text.
    let desk = Desk { log_bytes: 40, ..Desk::new() };
    let line =
        "(i32.store8 (i32.const 1024) (i32.const 10)) (i32.store (i32.const 4) (i32.const 1))";
    let write = "(call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 512))";
    assert_eq!(desk.run(&format!("{line} {write}"), ALL), Ok(0));
    // A guest that tried again would burn its fuel, or give up for want of a log.
    assert_eq!(desk.run(&format!("{line} (call $ok {write}) {write}"), ALL), Ok(0));
    assert_eq!(desk.lines().len(), 2);
}

#[test]
fn what_is_no_function_of_wasi_is_refused_by_name() {
    let desk = Desk::new();
    let module = |import: &str, rest: &str| {
        desk.module(&format!(
            r#"(module (import "wasi_snapshot_preview1" {import}) (memory (export "memory") 1) {rest})"#
        ))
    };
    const START: &str = r#"(func (export "_start"))"#;
    for (import, rest, expected) in [
        (r#""fd_write" (func (param i32 i32 i32 i32) (result i32))"#, START, Ok(())),
        (r#""fd_write" (func (param i32 i32 i32 i64) (result i32))"#, START, Err("A20")),
        (r#""fd_write" (func (param i32 i32 i32 i32))"#, START, Err("A20")),
        (r#""proc_exit" (func (param i32) (result i32))"#, START, Err("A20")),
        (r#""proc_exec" (func (param i32))"#, START, Err("A19")),
        (r#""sched_yield" (func (result i32))"#, "", Err("A36")),
        (
            r#""sched_yield" (func (result i32))"#,
            r#"(func (export "_start") (param i32))"#,
            Err("A37"),
        ),
        (
            r#""sched_yield" (func (result i32))"#,
            r#"(global (export "_start") i32 (i32.const 0))"#,
            Err("A36"),
        ),
    ] {
        let found = admitted(&module(import, rest), "test").map_err(|error| error.code());
        assert_eq!(found, expected, "{import} {rest}");
    }
    let wasm = module(r#""sched_yield" (func (result i32))"#, START);
    assert_eq!(admitted(&wasm, "a/b").map_err(|error| error.code()), Err("A38"));
    let hidden = desk.module(&format!("(module (memory 1) {START})"));
    assert_eq!(admitted(&hidden, "test"), Err(AdmissionError::MemoryNotExported {}));
}

#[test]
fn no_service_takes_the_name() {
    struct Wasi;
    impl Service for Wasi {
        fn name(&self) -> &'static str {
            "wasi_snapshot_preview1"
        }
        fn operations(&self) -> &'static [ampoule_std::Operation] {
            &[]
        }
    }
    let refused = Services::none().offer(Box::new(Wasi));
    assert_eq!(refused, Err(OfferError::Reserved { name: "wasi_snapshot_preview1" }));
}

#[test]
fn a_plugin_may_use_wasi_and_its_exit_is_a_fault() {
    let desk = Desk::new();
    let body = "(if (i32.ne (local.get 0) (i32.const 0)) (then (call $proc_exit (i32.const 9))))
        (call $ok (call $args_sizes_get (i32.const 512) (i32.const 516)))
        (i64.const 0x0000_0200_0000_0004)";
    let text = program("(i32.const 0)").replace(
        "(func (export \"_start\")",
        &format!(
            r#"(@custom "ampoule.meta" "\01\04test\051.0.0\00\00")
               (func (export "ampoule_mailbox") (result i64) (i64.const 0x0000_0800_0000_0080))
               (func (export "go") (param i32) (result i64) {body})
               (func (export "_start")"#
        ),
    );
    let wasm = desk.module(&text);
    let mut plugin = Plugin::load(&wasm, &Limits::WORKSTATION, &Context::default()).unwrap();
    let go = plugin.bind::<[u8], [u8; 4]>("go");
    // An array of four bytes is four bytes on the wire.
    let go = go.unwrap();
    let request: &[u8] = &[];
    assert!(plugin.call(&go, request).is_err());
    let empty = plugin.bind::<(), [u8; 4]>("go").unwrap();
    assert_eq!(plugin.call(&empty, &()), Ok([1, 0, 0, 0]));
    let exit = plugin.call(&go, request).unwrap_err();
    assert_eq!(exit, Fault::Exit { code: 9 }.into());
    assert_eq!(plugin.call(&empty, &()), Ok([1, 0, 0, 0]));
}

#[test]
fn a_module_without_wasi_has_no_room_kept_for_it() {
    let desk = Desk::new();
    let heap = |import: &str| {
        let text = format!(r#"(module {import} (memory (export "memory") 0))"#);
        ampoule_std::inspect(&desk.module(&text), &Limits::MICRO).unwrap().heap.instance
    };
    let none = heap("");
    let some = heap(r#"(import "wasi_snapshot_preview1" "sched_yield" (func (result i32)))"#);
    assert!(some > none);
    let refused = Plugin::load_with(
        &desk.module("(module)"),
        &Limits::MICRO,
        &NothingGranted,
        &mut Services::none(),
        &Context::default(),
    );
    assert!(matches!(refused, Err(LoadError::Admission(_))));
}
