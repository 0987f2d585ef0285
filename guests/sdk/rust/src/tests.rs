//! A plugin's whole life, through the macro.

use crate::{
    Context, Encoded, Exported, Failure, Map, Meta, Outcome, Pairs, Plugin, Replied, Reply, Value,
    export_plugin, failure_code, testing::Guest,
};
use ampoule_abi::schema::{Entries, encoded_len, to_bytes};
use std::{format, string::String, vec::Vec};

struct Sum {
    total: i64,
}

impl Plugin for Sum {
    const META: Meta<'static> =
        Meta { name: "sum", version: "1.0.0", description: "adds up", author: "us" };

    fn init(context: &Context<'_>) -> Result<Self, Failure<'static>> {
        match context.parameters.get("start").map(str::parse) {
            None => Ok(Self { total: 0 }),
            Some(Ok(total)) => Ok(Self { total }),
            Some(Err(_)) => Err(Failure { code: 100, message: "start is no number" }),
        }
    }

    fn execute(&mut self, context: &Context<'_>, reply: Reply<'_>) -> Replied {
        let id = context.request_id;
        match context.parameters.get("do") {
            Some("outcome") => {
                let entries = [("id", Value::Str(id)), ("total", Value::Int(self.total))];
                let data = Value::Map(Map::from_slice(&entries));
                reply.outcome(Outcome { success: false, data, error: Some("half done") })
            }
            Some("success") => reply.success(|data| data.put(self.total)),
            Some("failure") => reply.failure(Failure { code: 101, message: id }),
            _ => reply.error("do what?"),
        }
    }
}

impl Sum {
    fn add(&mut self, numbers: [i32; 3]) -> Result<i64, Failure<'static>> {
        let sum: i64 = numbers.into_iter().map(i64::from).sum();
        self.total = self.total.checked_add(sum).ok_or(Failure { code: 102, message: "over" })?;
        Ok(self.total)
    }

    fn twice<'a>(&mut self, text: &'a str) -> Result<(&'a str, &'a str), Failure<'a>> {
        if text == "fail" { Err(Failure { code: 103, message: text }) } else { Ok((text, text)) }
    }

    fn r#move(&mut self, by: i64) -> Result<(), Failure<'static>> {
        self.total += by;
        Ok(())
    }

    fn same<'a>(&mut self, text: Encoded<'a, &'a str>) -> Encoded<'a, &'a str> {
        text
    }
}

export_plugin! {
    Sum { mailbox: 128, reply: 64, entries: [execute, add, r#move, twice, same] }
}

/// Has typed entries only, and no use for a context.
struct Quiet;

impl Plugin for Quiet {
    const META: Meta<'static> = Sum::META;
    const WANTS_CONTEXT: bool = false;

    fn init(context: &Context<'_>) -> Result<Self, Failure<'static>> {
        assert_eq!(*context, Context::default());
        Ok(Self)
    }
}

export_plugin! {
    Quiet { mailbox: 8, reply: 64, entries: [execute] }
}

fn context<'a>(parameters: &'a [(&'a str, &'a str)]) -> Context<'a> {
    let parameters = Pairs::from_slice(parameters);
    Context { request_id: "req-1", headers: Pairs::EMPTY, parameters }
}

#[test]
fn a_plugin_lives_from_init_to_destroy() {
    let mut guest = Guest::<Sum>::new();
    assert_eq!(guest.init(&context(&[("start", "40")])), Ok(()));
    assert_eq!(guest.call(Sum::add, &[1, 2, -1]), Ok(42));
    guest.destroy();
    let failure = guest.call(Sum::add, &[0, 0, 0]).unwrap_err();
    assert_eq!(failure.code, failure_code::NOT_INITIALIZED);
}

#[test]
fn nothing_is_served_before_init_or_after_it_failed() {
    let mut guest = Guest::<Sum>::new();
    for _ in 0..2 {
        let failure = guest.execute(&context(&[])).unwrap_err();
        assert_eq!(failure.code, failure_code::NOT_INITIALIZED);
        let failure = guest.init(&context(&[("start", "x")])).unwrap_err();
        assert_eq!(failure, Failure { code: 100, message: "start is no number" });
    }
}

#[test]
fn execute_replies_in_every_way() {
    let mut guest = Guest::<Sum>::started();
    let entries = [("id", Value::Str("req-1")), ("total", Value::Int(0))];
    let data = Value::Map(Map::from_slice(&entries));
    for (what, expected) in [
        ("outcome", Ok(Outcome { success: false, data, error: Some("half done") })),
        ("success", Ok(Outcome::success(Value::Int(0)))),
        ("failure", Err(Failure { code: 101, message: "req-1" })),
        ("", Ok(Outcome::error("do what?"))),
    ] {
        assert_eq!(guest.execute(&context(&[("do", what)])), expected);
    }
}

#[test]
fn typed_entries_borrow_from_their_message() {
    let mut guest = Guest::<Sum>::started();
    assert_eq!(guest.call(Sum::twice, "ab"), Ok(("ab", "ab")));
    let failure = guest.call(Sum::twice, "fail").unwrap_err();
    assert_eq!(failure, Failure { code: 103, message: "fail" });
}

#[test]
fn an_encoded_answer_may_be_larger_than_the_reply_buffer() {
    let mut guest = Guest::<Sum>::started();
    let long = "x".repeat(127);
    assert_eq!(guest.call(Sum::same, &*long), Ok(&*long));
    let failure = guest.call(Sum::twice, &*long).unwrap_err();
    assert_eq!(failure.code, failure_code::REPLY_TOO_LARGE);
}

#[test]
fn a_reply_that_does_not_fit_is_a_failure() {
    let mut guest = Guest::<Sum>::started();
    for (length, fits) in [(31, true), (32, false)] {
        let text = "x".repeat(length);
        let code = guest.call(Sum::twice, &*text).map_err(|failure| failure.code);
        assert_eq!(code.is_ok(), fits);
        assert!(fits || code == Err(failure_code::REPLY_TOO_LARGE));
    }
    // So does the plugin's own failure.
    let id = "x".repeat(63);
    let parameters = Pairs::from_slice(&[("do", "failure")]);
    let context = Context { request_id: &id, headers: Pairs::EMPTY, parameters };
    let failure = guest.execute(&context).unwrap_err();
    assert_eq!(failure.code, failure_code::REPLY_TOO_LARGE);
}

#[test]
fn what_does_not_decode_is_a_bad_message() {
    let mut guest = Guest::<Sum>::started();
    let long = [0; 129];
    for message in [&b""[..], b"\x02\x02", b"\x02\x02\x02\x02", b"\xff\xff\xff\xff\xff", &long] {
        let failure = guest.raw(message, |call| call.entry(Sum::add)).unwrap_err();
        assert_eq!(failure.code, failure_code::BAD_MESSAGE, "{message:?}");
        let failure = guest.raw(message, |call| call.execute()).unwrap_err();
        assert_eq!(failure.code, failure_code::BAD_MESSAGE, "{message:?}");
        let failure = guest.raw(message, |call| call.init()).unwrap_err();
        assert_eq!(failure.code, failure_code::BAD_MESSAGE, "{message:?}");
    }
    assert_eq!(guest.call(Sum::add, &[1, 1, 1]), Ok(3));
}

#[test]
fn a_plugin_may_do_without_execute_and_context() {
    let mut guest = Guest::<Quiet>::new();
    assert_eq!(guest.raw(b"\xff", |call| call.init()), Ok(&[][..]));
    let outcome = Outcome::error("this plugin has typed entries only");
    assert_eq!(guest.execute(&Context::default()), Ok(outcome));
}

#[test]
fn entries_are_declared_with_their_types() {
    const SECTION: [u8; encoded_len(Sum::ENTRIES)] = to_bytes(Sum::ENTRIES);
    let entries = Entries::from_section(&SECTION).unwrap();
    let shown: Vec<String> = entries
        .iter()
        .skip(1)
        .map(|it| format!("{}: {} -> {}", it.name, it.request, it.reply))
        .collect();
    assert_eq!(entries.iter().next().unwrap().name, "execute");
    assert_eq!(
        shown,
        [
            "add: (i32, i32, i32) -> i64",
            "move: i64 -> ()",
            "twice: str -> (str, str)",
            "same: str -> str",
        ]
    );
}
