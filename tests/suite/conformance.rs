//! What the plugins answer: every guest of a kind gives the same outcomes for the same contexts.

use crate::support::{guest, load, repository};
use ampoule::{CallError, Context, Entry, Limits, Outcome, Plugin, Refusal, owned};
use serde::{Deserialize, Serialize};
use std::fs;

/// The guests that are a `json-transformer`, in whatever language.
const TRANSFORMERS: [&str; 1] = ["json-transformer"];

#[derive(Deserialize)]
struct Vector {
    promise: String,
    context: owned::Context,
    outcome: owned::Outcome,
}

fn vectors() -> Vec<Vector> {
    let text = fs::read_to_string(repository("tests/vectors/json-transformer.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn execute(plugin: &mut Plugin, context: &Context<'_>) -> owned::Outcome {
    let execute: Entry<Context<'_>, Outcome<'_>> = plugin.bind("execute").unwrap();
    plugin.call(&execute, context).unwrap().into()
}

#[test]
fn every_transformer_answers_as_the_vectors_say() {
    for name in TRANSFORMERS {
        let mut plugin = load(&guest(name), &Limits::WORKSTATION).unwrap();
        for Vector { promise, context, outcome } in vectors() {
            assert_eq!(execute(&mut plugin, &context.borrow()), outcome, "{name}: {promise}");
        }
        assert_eq!(plugin.usage().instances, 1, "{name}");
    }
}

#[test]
fn the_order_of_calls_changes_nothing() {
    for name in TRANSFORMERS {
        let mut plugin = load(&guest(name), &Limits::WORKSTATION).unwrap();
        let mut fuel = Vec::new();
        for Vector { context, outcome, .. } in vectors().into_iter().rev() {
            assert_eq!(execute(&mut plugin, &context.borrow()), outcome);
            fuel.push(plugin.usage().fuel);
        }
        for (Vector { context, .. }, before) in vectors().into_iter().zip(fuel.into_iter().rev()) {
            execute(&mut plugin, &context.borrow());
            assert_eq!(plugin.usage().fuel, before, "{name}: fuel depends on nothing but the call");
        }
    }
}

#[test]
fn a_transformer_answers_a_request_as_large_as_its_mailbox_takes() {
    for name in TRANSFORMERS {
        let mut plugin = load(&guest(name), &Limits::WORKSTATION).unwrap();
        assert!(plugin.mailbox_bytes() >= 4096, "{name}");
        let text = "\u{0}".repeat(plugin.mailbox_bytes() as usize - 64);
        let parameters = vec![("text".to_owned(), text.clone())];
        let context = owned::Context { parameters, ..owned::Context::default() };
        let owned::Value::Map(data) = execute(&mut plugin, &context.borrow()).data else {
            panic!("a map")
        };
        assert_eq!(data[0], ("text".to_owned(), owned::Value::Str(text)));
    }
}

/// As the echo plugin declares it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Point {
    x: i32,
    y: i32,
}

#[test]
fn echo_says_back_every_length_that_it_takes() {
    let mut plugin = load(&guest("echo"), &Limits::MICRO).unwrap();
    let echo: Entry<&[u8], &[u8]> = plugin.bind("echo").unwrap();
    let most = plugin.mailbox_bytes() as usize - 2;
    assert!(most >= 512);
    let bytes: Vec<u8> = (0..=u8::MAX).cycle().take(most + 1).collect();
    for length in 0..=most {
        assert_eq!(plugin.call(&echo, &&bytes[..length]), Ok(&bytes[..length]));
    }
    let refusal = Refusal::RequestTooLarge { needed: most + 3, capacity: most + 2 };
    assert_eq!(plugin.call(&echo, &&bytes[..]), Err(CallError::Refused(refusal)));
}

#[test]
fn echo_takes_and_answers_a_struct() {
    let mut plugin = load(&guest("echo"), &Limits::MICRO).unwrap();
    let shift: Entry<Point, Point> = plugin.bind("shift").unwrap();
    for (x, y) in [(0, 0), (-1, 5), (i32::MAX, i32::MIN)] {
        let shifted = Point { x: x.wrapping_add(1), y: y.wrapping_add(1) };
        assert_eq!(plugin.call(&shift, &Point { x, y }), Ok(shifted));
    }
}

#[test]
fn a_message_of_another_type_is_the_guests_refusal() {
    let mut plugin = load(&guest("echo"), &Limits::MICRO).unwrap();
    let wrong: Entry<u8, Point> = plugin.bind("shift").unwrap();
    let error = plugin.call(&wrong, &7).unwrap_err();
    let CallError::Refused(Refusal::Failure { code, .. }) = error else { panic!("{error}") };
    assert_eq!(code, ampoule_abi::failure_code::BAD_MESSAGE);
}

#[test]
fn the_guests_keep_to_their_size() {
    for (name, wasm_bytes, memory_bytes) in
        [("echo", 2048, 2048), ("json-transformer", 48 * 1024, 32 * 1024)]
    {
        let wasm = guest(name);
        let plugin = load(&wasm, &Limits::WORKSTATION).unwrap();
        assert!(wasm.len() <= wasm_bytes, "{name}: {} bytes of wasm", wasm.len());
        assert!(plugin.memory_bytes() <= memory_bytes, "{name}: {}", plugin.memory_bytes());
        let found = ampoule::inspect(&wasm, &Limits::WORKSTATION).unwrap();
        assert_eq!(found.warnings, [], "{name}");
        assert!(found.entries.iter().all(|entry| entry.types.is_some()), "{name}");
    }
}

#[test]
fn a_plugin_written_by_hand_answers() {
    let text = fs::read_to_string(repository("guests/hello/hello.wat")).unwrap();
    let mut plugin = load(&wat::parse_str(&text).unwrap(), &Limits::MICRO).unwrap();
    let outcome = execute(&mut plugin, &Context::default());
    assert_eq!((outcome.success, outcome.error), (true, None));
    assert_eq!(outcome.data, owned::Value::Str("hello from wat".to_owned()));
}
