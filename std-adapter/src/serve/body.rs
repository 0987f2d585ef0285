//! The body of a call.

use super::RequestError;
use ampoule::owned;
use core::fmt;
use serde::{
    Deserialize, Deserializer,
    de::{Error as _, MapAccess, Visitor},
};
use std::collections::BTreeSet;

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Asked {
    request_id: String,
    headers: Texts,
    parameters: Texts,
}

/// Names and texts, in order. A name that is there twice is an error: a plugin would see the first one only.
#[derive(Default)]
struct Texts(Vec<(String, String)>);

/// Reads what a plugin is asked. No body asks nothing in particular.
pub(super) fn read(body: &[u8]) -> Result<owned::Context, RequestError> {
    if body.is_empty() {
        return Ok(owned::Context::default());
    }
    // A list would do for a struct.
    if !body.trim_ascii_start().starts_with(b"{") {
        return Err(RequestError::Body { reason: "it doesn't start with {".to_owned() });
    }
    let reason = |error: serde_json::Error| crate::escaped(&error.to_string()).to_string();
    let Asked { request_id, headers, parameters } = serde_json::from_slice(body)
        .map_err(|error| RequestError::Body { reason: reason(error) })?;
    Ok(owned::Context { request_id, headers: headers.0, parameters: parameters.0 })
}

impl<'de> Deserialize<'de> for Texts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(OfTexts)
    }
}

struct OfTexts;

impl<'de> Visitor<'de> for OfTexts {
    type Value = Texts;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of texts")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Texts, A::Error> {
        let (mut texts, mut names) = (Vec::new(), BTreeSet::new());
        while let Some((name, text)) = map.next_entry::<String, String>()? {
            if !names.insert(name.clone()) {
                return Err(A::Error::custom(format_args!("the name \"{name}\" is given twice")));
            }
            texts.push((name, text));
        }
        Ok(Texts(texts))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::read;
    use ampoule::Diagnosis;

    #[test]
    fn a_body_is_a_request_or_tells_what_it_is_not() {
        let good = br#"{"parameters":{"b":"1","a":"\u0000"},"request_id":"r"}"#;
        let context = read(good).unwrap();
        assert_eq!(context.request_id, "r");
        let pairs = [("b", "1"), ("a", "\0")].map(|(name, text)| (name.into(), text.into()));
        assert_eq!((context.parameters, context.headers), (pairs.to_vec(), vec![]));
        assert_eq!(read(b"").unwrap(), read(b" {} ").unwrap());
        for bad in [
            &b"{"[..],
            b"[]",
            b"null",
            b"{} {}",
            b"{\"x\":1}",
            b"{\"parameters\":{\"a\":1}}",
            b"{\"parameters\":{\"a\":\"1\",\"a\":\"2\"}}",
            b"{\"parameters\":[]}",
            b"{\"request_id\":null}",
            b"{\"request_id\":\"\\ud800\"}",
            b"{\"request_id\":\"\xff\"}",
            b"\xef\xbb\xbf{}",
        ] {
            let error = read(bad).unwrap_err();
            assert_eq!(error.code(), "R11", "{}", bad.escape_ascii());
        }
        assert!(read("[".repeat(100_000).as_bytes()).is_err());
        let error = read(b"{\"parameters\":{\"\\u001b\":\"1\",\"\\u001b\":\"2\"}}").unwrap_err();
        assert!(error.to_string().contains(r#"the name "\u{1b}" is given twice"#), "{error}");
    }
}
