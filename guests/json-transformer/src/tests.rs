use super::JsonTransformer;
use ampoule_guest::{Context, MAX_DEPTH, Map, Outcome, Pairs, Value, testing::Guest};

type Parameters<'a> = &'a [(&'a str, &'a str)];

fn context<'a>(parameters: Parameters<'a>) -> Context<'a> {
    Context {
        request_id: "req-001",
        headers: Pairs::from_slice(&[("Content-Type", "application/json")]),
        parameters: Pairs::from_slice(parameters),
    }
}

/// The outcome as JSON.
fn answer(parameters: Parameters<'_>) -> String {
    let mut guest = Guest::<JsonTransformer>::started();
    serde_json::to_string(&guest.execute(&context(parameters)).unwrap()).unwrap()
}

/// What becomes of the text of one parameter, as JSON.
fn transformed(format: &str, text: &str) -> String {
    let all = answer(&[("format", format), ("p", text)]);
    let start = format!(r#"{{"success":true,"data":{{"format":"{format}","p":"#);
    let end = r#","_request_id":"req-001","_processed":true}}"#;
    let text = all.strip_prefix(&start).and_then(|rest| rest.strip_suffix(end));
    text.unwrap_or_else(|| panic!("{all}")).into()
}

#[test]
fn the_example_of_the_reference_system_is_answered() {
    let mut guest = Guest::<JsonTransformer>::started();
    let context = context(&[("action", "transform"), ("format", "camelCase")]);
    let data = [
        ("action", Value::Str("transform")),
        ("format", Value::Str("camelCase")),
        ("_request_id", Value::Str("req-001")),
        ("_processed", Value::Bool(true)),
    ];
    let expected = Outcome::success(Value::Map(Map::from_slice(&data)));
    assert_eq!(guest.execute(&context), Ok(expected));
}

#[test]
fn every_parameter_is_in_the_result() {
    let ours = r#""_request_id":"req-001","_processed":true"#;
    let cases: &[(Parameters<'_>, &str)] = &[
        (&[], ""),
        (&[("", "")], r#""":"","#),
        (&[("user_name", "Ada")], r#""user_name":"Ada","#),
        (&[("a", "1"), ("a", "2")], r#""a":"1","a":"2","#),
        (&[("a", "true"), ("b", "5"), ("c", "null")], r#""a":"true","b":"5","c":"null","#),
        (&[("naïve", "é\n\"")], r#""naïve":"é\n\"","#),
        // Our own two names are ours alone.
        (&[("_request_id", "x"), ("_processed", "x"), ("_x", "x")], r#""_x":"x","#),
        (&[("action", "echo"), ("_processed", "x")], r#""action":"echo","#),
        (&[("action", "echo"), ("_x", "x")], r#""action":"echo","_x":"x","#),
        // Echo leaves everything as it is.
        (
            &[("action", "echo"), ("format", "camelCase"), ("a_b", r#"{"c_d":1}"#)],
            r#""action":"echo","format":"camelCase","a_b":"{\"c_d\":1}","#,
        ),
        // Formats spell the names of parameters, and nothing else of them.
        (
            &[("format", "camelCase"), ("a_b", "c_d"), ("_id", "x"), ("_request_id", "y")],
            r#""format":"camelCase","aB":"c_d","_id":"x","_requestId":"y","#,
        ),
        (
            &[("format", "snake_case"), ("aB", "cD"), ("_requestId", "x"), ("_Processed", "x")],
            r#""format":"snake_case","a_b":"cD","#,
        ),
        (
            &[("format", "kebab-case"), ("aB", ""), ("Action", "x"), ("_processed", "x")],
            r#""format":"kebab-case","a-b":"","action":"x","#,
        ),
        // Names that become alike are all there.
        (
            &[("format", "camelCase"), ("a_b", "1"), ("aB", "2"), ("a-b", "3")],
            r#""format":"camelCase","aB":"1","aB":"2","aB":"3","#,
        ),
        // The first of two counts.
        (
            &[("format", "camelCase"), ("a_b", "1"), ("format", "snake_case")],
            r#""format":"camelCase","aB":"1","format":"snake_case","#,
        ),
        // Without a format JSON is taken apart, too.
        (&[("a_b", r#"{"c_d":[1]}"#)], r#""a_b":{"c_d":[1]},"#),
    ];
    for (parameters, expected) in cases {
        let expected = format!(r#"{{"success":true,"data":{{{expected}{ours}}}}}"#);
        assert_eq!(answer(parameters), expected, "{parameters:?}");
    }
}

#[test]
fn what_can_not_be_done_is_told() {
    let action = "unknown action: transform, echo and fail are known";
    let format = "unknown format: camelCase, snake_case and kebab-case are known";
    let cases: &[(Parameters<'_>, &str)] = &[
        (&[("action", "fail")], "failed as asked"),
        (&[("action", "fail"), ("format", "x")], "failed as asked"),
        (&[("action", "explode")], action),
        (&[("action", "")], action),
        (&[("action", "Transform")], action),
        (&[("action", "explode"), ("format", "x")], action),
        (&[("action", "explode"), ("action", "echo")], action),
        (&[("format", "x")], format),
        (&[("format", "")], format),
        (&[("format", "camelcase"), ("action", "transform")], format),
        (&[("format", "x"), ("action", "echo")], format),
    ];
    for (parameters, why) in cases {
        let expected = format!(r#"{{"success":false,"data":null,"error":"{why}"}}"#);
        assert_eq!(answer(parameters), expected, "{parameters:?}");
    }
}

#[test]
fn json_is_taken_apart() {
    for (text, expected) in [
        ("{}", "{}"),
        ("[]", "[]"),
        (" \t\r\n[ ] ", "[]"),
        ("[null,true,false]", "[null,true,false]"),
        (r#"[ 1 , "a" , [ ] , { } ]"#, r#"[1,"a",[],{}]"#),
        (r#"{"user_name":"a_b"}"#, r#"{"userName":"a_b"}"#),
        (r#"{ "a_b" : { "c_d" : [ { "e_f" : 1 } ] } }"#, r#"{"aB":{"cD":[{"eF":1}]}}"#),
        // Names may repeat, before and after.
        (r#"{"a":1,"a":2}"#, r#"{"a":1,"a":2}"#),
        (r#"{"a_b":1,"aB":2}"#, r#"{"aB":1,"aB":2}"#),
        (r#"{"":1,"_":2,"_id":3}"#, r#"{"":1,"_":2,"_id":3}"#),
        // Only the names of parameters can be ours.
        (r#"{"_processed":1}"#, r#"{"_processed":1}"#),
        // A string in JSON is a string, whatever it looks like.
        (r#"["{}","[1]"]"#, r#"["{}","[1]"]"#),
    ] {
        assert_eq!(transformed("camelCase", text), expected, "{text}");
    }
}

#[test]
fn numbers_are_integers_or_floats() {
    for (text, expected) in [
        ("0", "0"),
        ("-1", "-1"),
        ("9223372036854775807", "9223372036854775807"),
        ("-9223372036854775808", "-9223372036854775808"),
        ("9223372036854775808", "9.223372036854776e18"),
        ("100000000000000000000000", "1e23"),
        ("-0", "-0.0"),
        ("1.0", "1.0"),
        ("-2.5e-3", "-0.0025"),
        ("1E+2", "100.0"),
        ("0.30000000000000004", "0.30000000000000004"),
    ] {
        let list = format!("[{text},{text}]");
        let found = transformed("camelCase", &list).replace("e+", "e");
        assert_eq!(found, format!("[{expected},{expected}]"), "{text}");
    }
}

#[test]
fn escapes_are_what_they_stand_for() {
    let astral = format!("\"{}\"", '\u{1f600}');
    for (text, expected) in [
        (r#""\"\\\/\b\f\n\r\t""#, r#""\"\\/\b\f\n\r\t""#),
        (r#""\u00e9\u20AC""#, r#""é€""#),
        (r#""\uD83D\uDE00""#, &*astral),
        (r#""a\u0000b""#, r#""a\u0000b""#),
        (r#""naïve €""#, r#""naïve €""#),
        ("\"\u{7f}\"", "\"\u{7f}\""),
    ] {
        assert_eq!(transformed("camelCase", &format!("[{text}]")), format!("[{expected}]"));
    }
    // In names, too: an escape makes no difference for how they are spelled.
    for text in [r#"{"user_n\u0061me":1}"#, r#"{"user\u005fname":1}"#, r#"{"\u0075ser_name":1}"#] {
        assert_eq!(transformed("camelCase", text), r#"{"userName":1}"#, "{text}");
    }
    assert_eq!(transformed("snake_case", r#"{"HTT\u0050\u0053erver":1}"#), r#"{"http_server":1}"#);
}

#[test]
fn what_is_no_json_stays_a_text() {
    for text in [
        "",
        "a",
        "5",
        "true",
        "\"[]\"",
        "{",
        "[",
        "}",
        "[1",
        "[1,",
        "[1,]",
        "[,1]",
        "[1 2]",
        "[1]]",
        "[1] 2",
        "{1:2}",
        "{a:1}",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\" 1}",
        "{\"a\":1,}",
        "{\"a\":1",
        "[nul]",
        "[nulll]",
        "[True]",
        "[NaN]",
        "[Infinity]",
        "[01]",
        "[-]",
        "[+1]",
        "[1.]",
        "[.5]",
        "[1e]",
        "[1e+]",
        "[1.e1]",
        "[0x1]",
        "[--1]",
        "['a']",
        "[\"a]",
        "[\"\\x\"]",
        "[\"\\u12\"]",
        "[\"\\u12g4\"]",
        "[\"\t\"]",
        "[\"\n\"]",
        "{\"a\n\":1}",
        "[1]\u{b}",
        "\u{feff}[]",
        "\u{a0}[]",
        "[\u{a0}]",
        "[\"\\",
        "[\"\\u",
    ] {
        assert_eq!(transformed("camelCase", text), serde_json::to_string(text).unwrap());
    }
}

#[test]
fn what_can_not_be_carried_over_whole_stays_a_text() {
    for text in [
        // Past the range of floats, at both ends.
        "[1e999]",
        "[1,-1e400]",
        "[1e-999]",
        // Surrogates without their partner.
        r#"["\ud83d"]"#,
        r#"["\ude00"]"#,
        r#"["\ud83dx"]"#,
        r#"["\ud83d\u0061"]"#,
        r#"["\ud83d\ud83d"]"#,
        r#"{"\ud83d":1}"#,
    ] {
        assert_eq!(transformed("camelCase", text), serde_json::to_string(text).unwrap());
    }
}

#[test]
fn json_is_nested_as_deep_as_a_reply_may_be() {
    for (open, close) in [("[", "]"), (r#"{"a_b":"#, "}")] {
        // The map of all parameters is one level.
        for (levels, fits) in [(1, true), (MAX_DEPTH - 1, true), (MAX_DEPTH, false), (400, false)] {
            let text = format!("{}1{}", open.repeat(levels), close.repeat(levels));
            let expected = serde_json::to_string(&text).unwrap();
            let found = transformed("camelCase", &text);
            assert_eq!(found == expected, !fits, "{levels}");
            assert!(!fits || found == text.replace("a_b", "aB"));
        }
    }
}

#[test]
fn every_request_that_fits_is_answered() {
    let mut guest = Guest::<JsonTransformer>::started();
    for item in ["-0", "1e1", "1.5", "[]", "{}", "\"\"", "null", r#"{"":-0}"#, r#"{"aA":-0}"#] {
        let mut text = String::from("[");
        while text.len() + item.len() < 4700 {
            text = text + item + ",";
        }
        text.pop();
        text.push(']');
        let parameters = [("format", "snake_case"), ("p", &*text)];
        let outcome = guest.execute(&context(&parameters)).unwrap();
        let Value::Map(data) = outcome.data else { panic!("{outcome:?}") };
        assert!(matches!(data.get("p"), Some(Value::List(_))), "{item}");
    }
    let names: Vec<_> = (0..1500).map(|_| ("", "")).collect();
    assert!(guest.execute(&context(&names)).unwrap().success);
    let long = "aA".repeat(2350);
    assert!(guest.execute(&context(&[("format", "kebab-case"), (&*long, "")])).unwrap().success);
}

#[test]
fn whatever_the_text_is_a_plugin_answers_and_goes_on() {
    let mut guest = Guest::<JsonTransformer>::started();
    let seed = r#"{"a_b":[1,-2.5e3,"x\u00e9\n",null,true,{"C_D":{}}], "Ee":[]}"#;
    for at in 0..seed.len() {
        for with in
            ["", "\"", "\\", "{", "}", "[", "]", ",", ":", "0", "-", "e", ".", "u", " ", "é"]
        {
            let text = [&seed[..at], with, &seed[at..]].concat();
            for text in [&text, &text[..at], &text[at..]] {
                let parameters = [("format", "snake_case"), ("p", text)];
                let outcome = guest.execute(&context(&parameters)).unwrap();
                let Value::Map(data) = outcome.data else { panic!("{outcome:?}") };
                let is_json = text.trim_start().starts_with(['{', '['])
                    && serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok();
                let taken_apart = !matches!(data.get("p"), Some(Value::Str(_)));
                assert_eq!(taken_apart, is_json, "{text}");
            }
        }
    }
}
