//! Each way for a guest to end, with its own fault; the next call goes on with a fresh instance.

use crate::support::{load, plugin_text};
use ampoule::{CallError, Diagnosis, Entry, Fault, Limits, LoadError, Plugin, Refusal, Trap};

/// A plugin whose entry `attack` is `body`, and whose entry `count` counts its calls in memory.
fn plugin(body: &str) -> Plugin {
    let wasm = plugin_text(&format!(
        r#"(table 2 funcref)
           (elem (i32.const 0) $other)
           (type $entry (func (param i32) (result i64)))
           (func $other)
           (data (i32.const 512) "ouch")
           (global $calls (mut i32) (i32.const 0))
           (func $attack (export "attack") (type $entry) {body} (i64.const 0))
           (func (export "count") (type $entry)
               (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
               (i32.store8 (i32.const 600) (global.get $calls))
               (i64.const 0x25800000001))"#
    ));
    load(&wasm, &Limits::MICRO).unwrap()
}

fn attack(plugin: &mut Plugin) -> CallError {
    let attack: Entry<(), ()> = plugin.bind("attack").unwrap();
    plugin.call(&attack, &()).unwrap_err()
}

fn count(plugin: &mut Plugin) -> u8 {
    let count: Entry<(), u8> = plugin.bind("count").unwrap();
    plugin.call(&count, &()).unwrap()
}

#[test]
fn every_end_has_its_own_fault_and_the_next_call_a_fresh_instance() {
    let trap = |trap| Fault::Trap { trap };
    for (body, fault) in [
        ("(loop (br 0))", Fault::OutOfFuel { budget: Limits::MICRO.call_fuel }),
        ("(drop (call $attack (i32.const 0)))", Fault::StackExhausted {}),
        ("unreachable", trap(Trap::Unreachable)),
        ("(drop (i32.load (i32.const 1021)))", trap(Trap::MemoryOutOfBounds)),
        ("(drop (i32.div_u (i32.const 1) (i32.const 0)))", trap(Trap::DivisionByZero)),
        ("(drop (i32.div_s (i32.const 0x80000000) (i32.const -1)))", trap(Trap::IntegerOverflow)),
        ("(drop (i32.trunc_f32_s (f32.const nan)))", trap(Trap::ConversionToInteger)),
        (
            "(drop (call_indirect (type $entry) (i32.const 0) (i32.const 9)))",
            trap(Trap::TableOutOfBounds),
        ),
        (
            "(drop (call_indirect (type $entry) (i32.const 0) (i32.const 1)))",
            trap(Trap::IndirectCallToNull),
        ),
        (
            "(drop (call_indirect (type $entry) (i32.const 0) (i32.const 0)))",
            trap(Trap::IndirectCallType),
        ),
        (
            "(call $panic (i32.const 512) (i32.const 4))",
            Fault::Panic { message: ampoule::Text::from_guest(b"ouch") },
        ),
        ("(return (i64.const 0x80000000))", Fault::ReplyBits { bits: 0x8000_0000 }),
        (
            "(return (i64.const 0x40000000001))",
            Fault::ReplyOutside { address: 1024, length: 1, memory: 1024 },
        ),
        (
            "(return (i64.const 4097))",
            Fault::ReplyTooLarge { length: 4097, allowed: Limits::MICRO.message_bytes },
        ),
        (
            "(return (i64.const 1))",
            Fault::ReplyMalformed { error: ampoule_abi::DecodeError::Trailing { bytes: 1 } },
        ),
        (
            "(return (i64.const 0x8000000000000001))",
            Fault::FailureMalformed { error: ampoule_abi::DecodeError::Truncated },
        ),
    ] {
        let mut plugin = plugin(body);
        assert_eq!((count(&mut plugin), count(&mut plugin)), (1, 2));
        assert_eq!(attack(&mut plugin), CallError::Fault(fault), "{body}");
        assert_eq!(count(&mut plugin), 1, "a fresh instance after {body}");
        assert_eq!(plugin.usage().instances, 2, "{body}");
    }
}

#[test]
fn a_failure_is_no_fault_and_the_instance_goes_on() {
    let mut plugin = plugin(
        // 172 is AC 01 as a varint; then a string of two bytes.
        r#"(i64.store (i32.const 700) (i64.const 0x6f6e0201ac))
           (return (i64.const 0x800002bc00000005))"#,
    );
    assert_eq!(count(&mut plugin), 1);
    let CallError::Refused(Refusal::Failure { code, message }) = attack(&mut plugin) else {
        panic!("a failure")
    };
    assert_eq!((code, message.as_str()), (172, "no"));
    assert_eq!(count(&mut plugin), 2, "the same instance");
}

#[test]
fn growth_past_the_limit_fails_in_the_guest() {
    let text = r#"(module
        (memory (export "memory") 1 (pagesize 1))
        (func (export "ampoule_mailbox") (result i64) (i64.const 0))
        (func (export "grow") (param i32) (result i64)
            (local $pages i32)
            (loop $more
                (br_if $more (i32.ne (memory.grow (i32.const 7)) (i32.const -1))))
            (i32.store8 (i32.const 0) (i32.eq (memory.size) (i32.const 995)))
            (i64.const 1)))"#;
    let wasm = crate::support::with_meta(wat::parse_str(text).unwrap());
    let mut plugin = load(&wasm, &Limits { memory_bytes: 1000, ..Limits::MICRO }).unwrap();
    let grow: Entry<(), bool> = plugin.bind("grow").unwrap();
    assert_eq!(plugin.call(&grow, &()), Ok(true));
    assert_eq!(plugin.memory_bytes(), 995);
    assert_eq!(plugin.call(&grow, &()), Ok(true));
}

#[test]
fn init_and_destroy_are_held_to_their_own_fuel() {
    let spin = "(loop (br 0)) (i64.const 0))";
    let message = "(param i32) (result i64)";
    for function in [
        format!(r#"(func (export "ampoule_init") {message} {spin}"#),
        r#"(func (export "_initialize") (loop (br 0)))"#.to_owned(),
    ] {
        let error = load(&plugin_text(&function), &Limits::MICRO).unwrap_err();
        let fault = Fault::OutOfFuel { budget: Limits::MICRO.init_fuel };
        assert_eq!(error, LoadError::Fault(fault), "{function}");
    }
    let destroy = format!(r#"(func (export "ampoule_destroy") {message} {spin}"#);
    let error = load(&plugin_text(&destroy), &Limits::MICRO).unwrap().unload().unwrap_err();
    let fault = Fault::OutOfFuel { budget: Limits::MICRO.destroy_fuel };
    assert_eq!(error, CallError::Fault(fault));
    assert_eq!(error.code(), "F01");
}

#[test]
fn an_entry_belongs_to_its_plugin() {
    let mut first = plugin("unreachable");
    let second = load(
        &plugin_text(r#"(func (export "other") (param i32) (result i64) (i64.const 0))"#),
        &Limits::MICRO,
    )
    .unwrap();
    let foreign: Entry<(), ()> = second.bind("other").unwrap();
    assert_eq!(first.call(&foreign, &()), Err(CallError::Refused(Refusal::OtherPlugin {})));
    let error = first.bind::<(), ()>("atack").unwrap_err();
    assert_eq!(
        error.to_string(),
        "there is no entry called \"atack\"; the plugin has: attack, count"
    );
}

#[test]
fn a_request_that_does_not_fit_is_refused_and_the_guest_is_not_called() {
    let mut plugin = plugin("unreachable");
    let attack: Entry<&[u8], ()> = plugin.bind("attack").unwrap();
    let refusal = Refusal::RequestTooLarge { needed: 130, capacity: 128 };
    assert_eq!(plugin.call(&attack, &&[7; 128][..]), Err(CallError::Refused(refusal)));
    assert_eq!(plugin.usage().instances, 1);
    assert!(matches!(plugin.call(&attack, &&[7; 100][..]), Err(CallError::Fault(_))));
}
