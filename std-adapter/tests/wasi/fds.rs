//! Descriptors, quotas and rates at their edges.

use crate::{ALL, Desk, program};
use ampoule_std::Limits;

/// Runs what `_start` does, with locals of its own.
fn run(desk: &Desk, locals: &str, body: &str, rules: &str) -> Result<u32, ampoule_std::Fault> {
    let text = program("(i32.const 1)")
        .replace("(call $proc_exit (i32.const 1))", &format!("{locals} {body}"));
    desk.run_module(&desk.module(&text), &Limits::WORKSTATION, rules)
}

const OPEN_X: &str = "(call $path_open (i32.const 3) (i32.const 0) (i32.const 16) (i32.const 1)
    (i32.const 0) (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 512))";

fn loop_of(times: u32, body: &str) -> String {
    format!(
        "(local.set $n (i32.const {times})) (loop $again {body}
            (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))"
    )
}

const LOCALS: &str = "(local $n i32) (local $opened i32)";

#[test]
fn ten_thousand_files_are_not_open_at_once() {
    // Of 64, three are streams and one is the directory.
    let count = format!(
        "(if (i32.eqz {OPEN_X})
            (then (local.set $opened (i32.add (local.get $opened) (i32.const 1)))))"
    );
    let exit = "(call $proc_exit (local.get $opened))";
    let all = loop_of(10_000, &count);
    assert_eq!(run(&Desk::new(), LOCALS, &format!("{all} {exit}"), ALL), Ok(60));
    let full = format!("{all} (call $proc_exit {OPEN_X})");
    assert_eq!(run(&Desk::new(), LOCALS, &full, ALL), Ok(33));
    // Closed ones are free again, and so is what couldn't be opened.
    let close = format!("{count} (call $ok (call $fd_close (i32.load (i32.const 512))))");
    let closing = loop_of(10_000, &close);
    assert_eq!(run(&Desk::new(), LOCALS, &format!("{closing} {exit}"), ALL), Ok(10_000));
    let missing = OPEN_X.replace("(i32.const 16) (i32.const 1)", "(i32.const 48) (i32.const 7)");
    let failing = loop_of(1_000, &format!("(drop {missing})"));
    let body = format!("{failing} (call $proc_exit {OPEN_X})");
    assert_eq!(run(&Desk::new(), LOCALS, &body, ALL), Ok(0));
}

#[test]
fn a_file_grows_up_to_the_quota_and_the_guest_is_told() {
    // 64 KiB a time, until the 16 MiB of a file are full.
    let write = "(call $fd_write (i32.const 4) (i32.const 0) (i32.const 1) (i32.const 512))";
    let body = format!(
        "(i64.store (i32.const 0) (i64.const 0x0001_0000_0000_0000))
         (drop (call $open (i32.const 24) (i32.const 3) (i32.const 1) (i64.const 66)))
         {} (call $proc_exit {write})",
        loop_of(256, &format!("(call $ok {write})"))
    );
    let desk = Desk::new();
    let text = program("(i32.const 1)")
        .replace("(call $proc_exit (i32.const 1))", &format!("{LOCALS} {body}"));
    assert_eq!(desk.run_module(&desk.module(&text), &Limits::WORKSTATION, ALL), Ok(51));
    assert_eq!(std::fs::metadata(desk.data().join("new")).unwrap().len(), 16 << 20);
}

#[test]
fn a_rate_is_shared_by_whatever_way_the_operation_is_used() {
    let rules = r#"{ "service": "random", "operations": ["fill"], "perSecond": 3 }"#;
    let desk = Desk::new();
    let text = |body: &str| {
        program(body).replacen(
            "(module",
            r#"(module (import "random" "fill" (func $fill (param i32 i32 i32 i32) (result i32)))"#,
            1,
        )
    };
    let fill = "(drop (call $fill (i32.const 900) (i32.const 1) (i32.const 600) (i32.const 9)))";
    let get = "(call $random_get (i32.const 512) (i32.const 4))";
    let run = |body: &str| desk.run_module(&desk.module(&text(body)), &Limits::WORKSTATION, rules);
    assert_eq!(run(&format!("{fill} {fill} {get}")), Ok(0));
    assert_eq!(run(&format!("{fill} {fill} {fill} {get}")), Ok(6));
    assert_eq!(run(&format!("{fill} (drop {get}) (drop {get}) {get}")), Ok(6));
}

#[test]
fn a_grant_opens_what_it_names_and_nothing_beside() {
    let stat = "(call $path_filestat_get (i32.const 3) (i32.const 1) (i32.const 16) (i32.const 1) (i32.const 512))";
    let read = r#"{ "service": "fs", "operations": ["read"] }"#;
    let look = r#"{ "service": "fs", "operations": ["stat"] }"#;
    let both = r#"{ "service": "fs", "operations": ["stat", "read"] }"#;
    let create = "(call $path_open (i32.const 3) (i32.const 0) (i32.const 24) (i32.const 3) (i32.const 1) (i64.const 66) (i64.const 0) (i32.const 0) (i32.const 512))";
    let list = "(call $fd_readdir (i32.const 3) (i32.const 1024) (i32.const 64) (i64.const 0) (i32.const 512))";
    for (rules, body, expected) in [
        (read, "(call $fd_prestat_get (i32.const 3) (i32.const 512))", 0),
        (read, stat, 76),
        (look, stat, 0),
        (look, list, 76),
        (both, create, 76),
        (both, OPEN_X, 0),
        (
            r#"{ "service": "clock", "operations": ["now_us"] }"#,
            "(call $clock_time_get (i32.const 0) (i64.const 0) (i32.const 512))",
            0,
        ),
        (
            r#"{ "service": "clock", "operations": ["now_us"] }"#,
            "(call $clock_time_get (i32.const 1) (i64.const 0) (i32.const 512))",
            76,
        ),
    ] {
        assert_eq!(Desk::new().run(body, rules), Ok(expected), "{rules} {body}");
    }
}

#[test]
fn a_scope_is_the_directory_that_a_program_sees() {
    let desk = Desk::new();
    let scope = desk.data().join("sub");
    std::fs::write(scope.join("x"), "below").unwrap();
    let rules = format!(
        r#"{{ "service": "fs", "operations": ["read", "stat"], "scope": "{}" }}"#,
        scope.display()
    );
    let length = "(call $ok (call $fd_prestat_get (i32.const 3) (i32.const 512))) (i32.load (i32.const 516))";
    let expected = scope.to_str().unwrap().len() as u32;
    assert_eq!(desk.run(length, &rules), Ok(expected));
    let read = "(drop (call $open (i32.const 16) (i32.const 1) (i32.const 0) (i64.const 2)))
        (call $ok (call $fd_read (i32.const 4) (i32.const 0) (i32.const 1) (i32.const 512)))
        (i32.load8_u (i32.const 1024))";
    assert_eq!(desk.run(read, &rules), Ok(u32::from(b'b')));
    let above = "(call $path_filestat_get (i32.const 3) (i32.const 1) (i32.const 40) (i32.const 4) (i32.const 512))";
    assert_eq!(desk.run(above, &rules), Ok(76));
}
