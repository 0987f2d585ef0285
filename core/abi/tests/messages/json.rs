//! The messages in JSON: what tools print and read.

use ampoule_abi::{Context, List, Map, Outcome, Pairs, Value, owned};

fn json_of<T: serde::Serialize>(message: &T) -> String {
    serde_json::to_string(message).unwrap()
}

#[test]
fn values_look_in_json_as_one_would_write_them_and_read_back() {
    for (value, json) in [
        (Value::Null, "null"),
        (Value::Bool(true), "true"),
        (Value::Bool(false), "false"),
        (Value::Int(0), "0"),
        (Value::Int(-1), "-1"),
        (Value::Int(i64::MAX), "9223372036854775807"),
        (Value::Int(i64::MIN), "-9223372036854775808"),
        (Value::Float(1.5), "1.5"),
        (Value::Float(2.0), "2.0"),
        (Value::Float(-0.0), "-0.0"),
        (Value::Str("say \"é\"\n"), r#""say \"é\"\n""#),
        (Value::List(List::from_slice(&[])), "[]"),
        (Value::Map(Map::from_slice(&[])), "{}"),
        (Value::List(List::from_slice(&[Value::Null, Value::Int(1)])), "[null,1]"),
        (
            Value::Map(Map::from_slice(&[
                ("b", Value::List(List::from_slice(&[Value::Str("x")]))),
                ("a", Value::Map(Map::from_slice(&[("", Value::Null)]))),
            ])),
            r#"{"b":["x"],"a":{"":null}}"#,
        ),
    ] {
        let owned = owned::Value::from(value);
        assert_eq!(json_of(&value), json);
        assert_eq!(json_of(&owned), json);
        assert_eq!(serde_json::from_str::<owned::Value>(json).unwrap(), owned);
    }
}

#[test]
fn what_json_lacks_is_written_as_what_it_has() {
    for (value, json) in [
        (Value::Bytes(&[0, 255]), "[0,255]"),
        (Value::Bytes(&[]), "[]"),
        (Value::Float(f64::NAN), "null"),
        (Value::Float(f64::INFINITY), "null"),
    ] {
        assert_eq!(json_of(&value), json);
        assert_eq!(json_of(&owned::Value::from(value)), json);
    }
}

#[test]
fn integers_past_64_signed_bits_read_as_floats() {
    for (json, float) in [
        ("9223372036854775808", 9_223_372_036_854_775_808.0),
        ("18446744073709551615", 18_446_744_073_709_551_615.0),
        ("1e3", 1000.0),
    ] {
        let read: owned::Value = serde_json::from_str(json).unwrap();
        assert_eq!(read, owned::Value::Float(float), "{json}");
    }
}

#[test]
fn json_is_read_as_deep_as_the_wire_and_no_deeper() {
    let lists = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let maps = |depth: usize| format!("{}1{}", "{\"a\":".repeat(depth), "}".repeat(depth));
    for nested in [lists, maps] {
        assert!(serde_json::from_str::<owned::Value>(&nested(32)).is_ok());
        for depth in [33, 100, 100_000] {
            assert!(serde_json::from_str::<owned::Value>(&nested(depth)).is_err(), "{depth}");
        }
    }
}

#[test]
fn an_outcome_in_json_leaves_out_the_reason_that_it_lacks() {
    for (outcome, json) in [
        (Outcome::success(Value::Str("hi")), r#"{"success":true,"data":"hi"}"#),
        (Outcome::success(Value::Null), r#"{"success":true,"data":null}"#),
        (Outcome::error("why"), r#"{"success":false,"data":null,"error":"why"}"#),
        (
            Outcome { success: true, data: Value::Int(1), error: Some("") },
            r#"{"success":true,"data":1,"error":""}"#,
        ),
    ] {
        let owned = owned::Outcome::from(outcome);
        assert_eq!(json_of(&outcome), json);
        assert_eq!(json_of(&owned), json);
        assert_eq!(serde_json::from_str::<owned::Outcome>(json).unwrap(), owned);
    }
    let null = r#"{"success":true,"data":1,"error":null}"#;
    assert_eq!(serde_json::from_str::<owned::Outcome>(null).unwrap().error, None);
}

#[test]
fn a_context_in_json_has_maps_and_reads_back() {
    let context = Context {
        request_id: "req-001",
        headers: Pairs::from_slice(&[("b", "1"), ("a", "2"), ("b", "3")]),
        parameters: Pairs::EMPTY,
    };
    let json = r#"{"request_id":"req-001","headers":{"b":"1","a":"2","b":"3"},"parameters":{}}"#;
    let owned = owned::Context::from(context);
    assert_eq!(json_of(&context), json);
    assert_eq!(json_of(&owned), json);
    assert_eq!(serde_json::from_str::<owned::Context>(json).unwrap(), owned);
}
