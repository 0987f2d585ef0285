//! The schema, made from the parser's own table of keys.

use crate::docs::meaning;
use ampoule::{
    Manifest, PolicyFile,
    manifest::{Key, KeyKind, Star, TextRule},
};
use serde_json::{Map, Value, json};

/// `docs/manifest.schema.json`.
pub(crate) fn schema() -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Ampoule manifest",
        "description": "Made from the parser's table of keys; docs/manifest.md says what each key means \
                        and what only the parser checks. A policy's file is #/$defs/policy.",
        "$ref": "#/$defs/manifest",
        "$defs": {
            "manifest": object(Manifest::KEYS, ""),
            "policy": object(PolicyFile::KEYS, ""),
        },
    })
}

/// The object at `path`, which is empty or ends in a dot.
fn object(keys: &[Key], path: &str) -> Value {
    let properties: Map<_, _> = keys
        .iter()
        .map(|key| {
            let path = format!("{path}{}", key.name);
            let mut schema = value(key.kind(), &path);
            schema["description"] = json!(meaning(&path));
            (key.name.to_owned(), schema)
        })
        .collect();
    let required: Vec<_> = keys.iter().filter(|key| key.required).map(|key| key.name).collect();
    json!({
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    })
}

fn value(kind: KeyKind, path: &str) -> Value {
    match kind {
        KeyKind::Flag => json!({ "type": "boolean" }),
        KeyKind::Number { min, max } => {
            json!({ "type": "integer", "minimum": min, "maximum": max })
        }
        KeyKind::Text(rule) => string(rule),
        KeyKind::Texts { rule, max_items } => {
            json!({ "type": "array", "items": string(rule), "maxItems": max_items })
        }
        KeyKind::Object(keys) => object(keys, &format!("{path}.")),
        KeyKind::Objects { keys, max_items } => {
            let items = object(keys, &format!("{path}[]."));
            json!({ "type": "array", "items": items, "maxItems": max_items })
        }
        other => panic!("{other:?} is new here"),
    }
}

fn string(rule: TextRule) -> Value {
    let mut string = match rule {
        TextRule::PluginName => pattern(NAME),
        TextRule::Version => pattern(VERSION),
        TextRule::Line(_) => pattern(&printable("")),
        TextRule::File => json!({ "pattern": printable(""), "minLength": 1 }),
        TextRule::Name(star) => with_star(star, "^\\*$", pattern(NAME)),
        TextRule::Variable(star) => with_star(star, "^\\*$", pattern(VARIABLE)),
        TextRule::Scope => path(),
        TextRule::Path(star) => {
            with_star(star, "^\\*$", json!({ "allOf": [path(), { "not": pattern("\\*") }] }))
        }
        TextRule::Host(star) => with_star(star, &format!("^\\*{PORT}$"), host()),
        other => panic!("{other:?} is new here"),
    };
    string["type"] = json!("string");
    string["maxLength"] = json!(rule.max_bytes());
    string
}

const NAME: &str = "^[A-Za-z0-9][A-Za-z0-9._-]*$";
const VARIABLE: &str = "^[A-Za-z_][A-Za-z0-9_]*$";
/// The pattern that semver.org suggests, with its classes of digits spelled out.
const VERSION: &str = "^(0|[1-9][0-9]*)\\.(0|[1-9][0-9]*)\\.(0|[1-9][0-9]*)\
    (-(0|[1-9][0-9]*|[0-9]*[a-zA-Z-][0-9a-zA-Z-]*)(\\.(0|[1-9][0-9]*|[0-9]*[a-zA-Z-][0-9a-zA-Z-]*))*)?\
    (\\+[0-9a-zA-Z-]+(\\.[0-9a-zA-Z-]+)*)?$";
const PORT: &str =
    "(:([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5]))?";

/// Printable text without the characters of the class `but`. What is printable the ABI says.
fn printable(but: &str) -> String {
    let odd = ('\0'..=char::MAX).filter(|character| !ampoule_abi::is_printable(*character));
    let mut ranges: Vec<(char, char)> = Vec::new();
    for character in odd {
        match ranges.last_mut() {
            Some((_, last)) if u32::from(*last) + 1 == u32::from(character) => *last = character,
            _ => ranges.push((character, character)),
        }
    }
    let ranges = ranges.iter().map(|(first, last)| match first == last {
        true => escape(*first),
        false => format!("{}-{}", escape(*first), escape(*last)),
    });
    format!("^[^{but}{}]*$", ranges.collect::<String>())
}

fn escape(character: char) -> String {
    match u32::from(character) {
        code @ 0..=0xffff => format!("\\u{code:04x}"),
        code => format!("\\u{{{code:x}}}"),
    }
}

fn pattern(pattern: &str) -> Value {
    json!({ "pattern": pattern })
}

fn with_star(star: Star, every: &str, rule: Value) -> Value {
    match star {
        Star::Refused => rule,
        Star::All => json!({ "anyOf": [pattern(every), rule] }),
    }
}

fn path() -> Value {
    json!({
        "minLength": 1,
        "pattern": printable("\\\\"),
        "not": { "anyOf": [
            pattern("^//"),
            pattern("^[A-Za-z]:"),
            // A component of dots and blanks, other than one dot.
            pattern("(^|/)( |[. ]{2,})(/|$)"),
        ] },
    })
}

fn host() -> Value {
    let label = "[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?";
    let octet = "(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])";
    json!({ "anyOf": [
        { "allOf": [
            pattern(&format!("^({label}\\.)*{label}\\.?{PORT}$")),
            pattern("^[^:]{0,252}[^:.](\\.?$|\\.?:)"),
            // What resolvers take for a number is no name.
            { "not": pattern("(^|\\.)([0-9]+|0[xX][0-9A-Fa-f]*)\\.?(:[0-9]+)?$") },
        ] },
        pattern(&format!("^({octet}\\.){{3}}{octet}{PORT}$")),
        // That an IPv6 address is canonical only the parser sees.
        pattern(&format!("^(\\[[0-9a-f:]{{2,39}}\\]{PORT}|[0-9a-f]*:[0-9a-f]*:[0-9a-f:]*)$")),
    ] })
}
