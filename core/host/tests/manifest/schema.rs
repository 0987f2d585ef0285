//! `docs/manifest.schema.json` says what the parser does.

use crate::{
    FULL, REFERENCE, generate,
    table::{CAPABILITIES, DOCUMENTS, PARSER_ALONE, POLICIES},
};
use ampoule::{Diagnosis, Manifest, PolicyFile};
use boon::{Compiler, SchemaIndex, Schemas};
use serde_json::Value;
use std::{fs, sync::LazyLock};

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/manifest.schema.json");

/// A compiled schema.
pub(crate) struct Validator {
    schemas: Schemas,
    index: SchemaIndex,
}

impl Validator {
    fn new(part: &str) -> Self {
        let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
        compiler.add_resource("manifest.schema.json", generate::schema()).unwrap();
        let index = compiler.compile(&format!("manifest.schema.json{part}"), &mut schemas).unwrap();
        Self { schemas, index }
    }

    pub(crate) fn manifest() -> &'static Self {
        static SCHEMA: LazyLock<Validator> = LazyLock::new(|| Validator::new(""));
        &SCHEMA
    }

    pub(crate) fn policy() -> &'static Self {
        static SCHEMA: LazyLock<Validator> = LazyLock::new(|| Validator::new("#/$defs/policy"));
        &SCHEMA
    }

    pub(crate) fn accepts(&self, value: &Value) -> bool {
        self.schemas.validate(value, self.index).is_ok()
    }

    fn accepts_text(&self, json: &str) -> bool {
        self.accepts(&serde_json::from_str(json).unwrap())
    }
}

#[test]
fn the_file_is_made_from_the_table_of_keys() {
    let made = serde_json::to_string_pretty(&generate::schema()).unwrap() + "\n";
    if std::env::var_os("AMPOULE_BLESS").is_some() {
        fs::write(PATH, &made).unwrap();
    }
    let found = fs::read_to_string(PATH).unwrap_or_default();
    assert_eq!(found, made, "run `AMPOULE_BLESS=1 cargo test -p ampoule --test manifest schema`");
}

#[test]
fn parser_and_schema_judge_alike() {
    let schema = Validator::manifest();
    let judge = |json: &str, right: bool| {
        assert_eq!(Manifest::parse(json.as_bytes()).is_ok(), right, "parser: {json}");
        assert_eq!(schema.accepts_text(json), right, "schema: {json}");
    };
    judge(REFERENCE, true);
    judge(FULL, true);
    for (json, right) in DOCUMENTS {
        judge(json, *right);
    }
    for (capabilities, right) in CAPABILITIES {
        let meta = r#""meta":{"name":"a","version":"1.0.0"}"#;
        judge(&format!(r#"{{{meta},"capabilities":{capabilities}}}"#), *right);
    }
}

#[test]
fn a_policys_schema_judges_as_its_parser() {
    let schema = Validator::policy();
    for (json, right) in POLICIES {
        assert_eq!(PolicyFile::parse(json.as_bytes()).is_ok(), *right, "parser: {json}");
        assert_eq!(schema.accepts_text(json), *right, "schema: {json}");
    }
}

#[test]
fn what_only_the_parser_sees_is_known() {
    let schema = Validator::manifest();
    for (json, code) in PARSER_ALONE {
        let error = Manifest::parse(json.as_bytes()).unwrap_err();
        assert_eq!(error.code(), *code, "{json}: {error}");
        assert!(schema.accepts_text(json), "{json}");
    }
}

#[test]
fn lengths_and_counts_end_where_the_parsers_do() {
    let schema = Validator::manifest();
    let meta = |field: &str, text: &str| {
        let (name, version) = if field == "name" { (text, "1.0.0") } else { ("a", "1.0.0") };
        let other = if field == "name" { String::new() } else { format!(r#","{field}":"{text}""#) };
        format!(r#"{{"meta":{{"name":"{name}","version":"{version}"{other}}}}}"#)
    };
    let list = |key: &str, items: &[String]| {
        let meta = r#""meta":{"name":"a","version":"1.0.0"}"#;
        format!(r#"{{{meta},"capabilities":{{"{key}":[{}]}}}}"#, items.join(","))
    };
    let many = |count: usize| (0..count).map(|n| format!("\"a{n}\"")).collect::<Vec<_>>();
    let host = |bytes: usize| vec![format!("\"{}\"", &"abcdefg.".repeat(40)[..bytes])];
    let service = |count: usize| {
        let one = |n| format!(r#"{{"service":"s{n}","operations":[]}}"#);
        (0..count).map(one).collect::<Vec<_>>()
    };
    let operations = |count: usize| {
        vec![format!(r#"{{"service":"s","operations":[{}]}}"#, many(count).join(","))]
    };
    for (json, right) in [
        (meta("name", &"a".repeat(64)), true),
        (meta("name", &"a".repeat(65)), false),
        (meta("description", &"a".repeat(256)), true),
        (meta("description", &"a".repeat(257)), false),
        (meta("author", &"a".repeat(128)), true),
        (meta("author", &"a".repeat(129)), false),
        (list("allowedPaths", &many(16)), true),
        (list("allowedPaths", &many(17)), false),
        (list("allowedHosts", &many(16)), true),
        (list("allowedHosts", &many(17)), false),
        (list("allowedHosts", &host(253)), true),
        (list("allowedHosts", &host(255)), false),
        (list("allowedPaths", &[format!("\"{}\"", "a".repeat(256))]), true),
        (list("allowedPaths", &[format!("\"{}\"", "a".repeat(257))]), false),
        (list("services", &service(16)), true),
        (list("services", &service(17)), false),
        (list("services", &operations(16)), true),
        (list("services", &operations(17)), false),
    ] {
        assert_eq!(Manifest::parse(json.as_bytes()).is_ok(), right, "parser: {json}");
        assert_eq!(schema.accepts_text(&json), right, "schema: {json}");
    }
}
