//! Every refusal, with its key and its place.

use crate::FULL;
use ampoule::{
    Diagnosis, Manifest, ManifestError, PolicyFile,
    manifest::{NetHostError, PathError},
};
use ampoule_abi::MetaError;
use std::collections::BTreeSet;

/// A manifest's text, what is wrong with it, at which key, line and column.
type Row<'a> = (&'a str, &'a str, &'a str, u16, u16);

/// `\` at a line's end would hide columns, so each text is one line unless lines matter.
const TABLE: &[Row<'_>] = &[
    // Not JSON, or not all of it.
    ("", "M03", "", 1, 1),
    ("  \n  ", "M03", "", 2, 3),
    ("{", "M03", "", 1, 2),
    (r#"{"meta"#, "M03", "", 1, 7),
    (r#"{"meta":"#, "M03", "meta", 1, 9),
    (r#"{"meta":{"name":"a\"#, "M03", "meta.name", 1, 20),
    (r#"{"meta":{"name":"a\u00"#, "M03", "meta.name", 1, 23),
    (r#"{"timeout":50"#, "M03", "timeout", 1, 14),
    (r#"{"timeout":-"#, "M03", "timeout", 1, 13),
    (r#"{"capabilities":{"allowEnv":tr"#, "M03", "capabilities.allowEnv", 1, 31),
    (r#"{"capabilities":{"allowedEnv":["A","#, "M03", "capabilities.allowedEnv[1]", 1, 36),
    ("\u{feff}{}", "M04", "", 1, 1),
    ("#", "M04", "", 1, 1),
    ("{,}", "M04", "", 1, 2),
    ("{name:1}", "M04", "", 1, 2),
    ("{'meta':1}", "M04", "", 1, 2),
    ("{\n  // who\n}", "M04", "", 2, 3),
    (r#"{"meta" {}}"#, "M04", "meta", 1, 9),
    (r#"{"timeout":1 "limits":{}}"#, "M04", "", 1, 14),
    (r#"{"timeout":1,}"#, "M04", "", 1, 14),
    (r#"{"timeout":01}"#, "M04", "timeout", 1, 12),
    (r#"{"timeout":1.}"#, "M04", "timeout", 1, 12),
    (r#"{"timeout":+1}"#, "M04", "timeout", 1, 12),
    (r#"{"timeout":1e}"#, "M04", "timeout", 1, 12),
    (r#"{"timeout":.5}"#, "M04", "timeout", 1, 12),
    (r#"{"timeout":10x}"#, "M04", "", 1, 14),
    (r#"{"timeout":NaN}"#, "M04", "timeout", 1, 12),
    (r#"{"timeout":}"#, "M04", "timeout", 1, 12),
    (r#"{"capabilities":{"allowEnv":True}}"#, "M04", "capabilities.allowEnv", 1, 29),
    (r#"{"capabilities":{"allowEnv":truest}}"#, "M04", "capabilities.allowEnv", 1, 29),
    (r#"{"capabilities":{"allowedEnv":[,"A"]}}"#, "M04", "capabilities.allowedEnv[0]", 1, 32),
    (r#"{"capabilities":{"allowedEnv":["A",]}}"#, "M04", "capabilities.allowedEnv[1]", 1, 36),
    (r#"{"capabilities":{"allowedEnv":["A" "B"]}}"#, "M04", "capabilities.allowedEnv", 1, 36),
    (r#"{"capabilities":{"allowedEnv":["A"}}"#, "M04", "capabilities.allowedEnv", 1, 35),
    (r#"{"meta":{"name":"a\x41"}}"#, "M04", "meta.name", 1, 19),
    (r#"{"meta":{"name":"\u12g4"}}"#, "M04", "meta.name", 1, 18),
    (r#"{"meta":{"name":"\u+123"}}"#, "M04", "meta.name", 1, 18),
    (r#"{"meta":{"name":"\ud800"}}"#, "M04", "meta.name", 1, 18),
    (r#"{"meta":{"name":"\ud800\u0041"}}"#, "M04", "meta.name", 1, 18),
    (r#"{"meta":{"name":"\udc00"}}"#, "M04", "meta.name", 1, 18),
    ("{\"meta\":{\"author\":\"é\t\"}}", "M04", "meta.author", 1, 21),
    ("{\"meta\":{\"author\":\"a\nb\"}}", "M04", "meta.author", 1, 21),
    // More than JSON.
    (r#"{"meta":{"name":"a","version":"1.0.0"}} {}"#, "M05", "", 1, 41),
    ("{\"meta\":{\"name\":\"a\",\"version\":\"1.0.0\"}}\n\n,", "M05", "", 3, 1),
    ("{\"meta\":{\"name\":\"a\",\"version\":\"1.0.0\"}}\0", "M05", "", 1, 40),
    // Keys.
    (
        r#"{"capabilities":{"services":[{"operations":["a",[]]}]}}"#,
        "M06",
        "capabilities.services[0].operations[1]",
        1,
        49,
    ),
    (
        r#"{"capabilities":{"services":[{"operations":[{"#,
        "M06",
        "capabilities.services[0].operations[0]",
        1,
        45,
    ),
    (r#"{"name":"a"}"#, "M07", "name", 1, 2),
    (r#"{"Meta":{}}"#, "M07", "Meta", 1, 2),
    (r#"{"meta ":{}}"#, "M07", "meta ", 1, 2),
    (r#"{"":{}}"#, "M07", "", 1, 2),
    (r#"{"meta":{"nam":"a"}}"#, "M07", "meta.nam", 1, 10),
    (r#"{"meta":{"names":"a"}}"#, "M07", "meta.names", 1, 10),
    ("{\"meta\":\n\t{\"n\u{e4}me\":\"a\"}}", "M07", "meta.n\u{e4}me", 2, 3),
    (r#"{"capabilities":{"allowNet":1}}"#, "M07", "capabilities.allowNet", 1, 18),
    (r#"{"limits":{"moduleBytes":1}}"#, "M07", "limits.moduleBytes", 1, 12),
    (r#"{"limits":{"sliceFuel":1}}"#, "M07", "limits.sliceFuel", 1, 12),
    (
        r#"{"capabilities":{"services":[{"service":"a","operations":[]},{"rate":1}]}}"#,
        "M07",
        "capabilities.services[1].rate",
        1,
        63,
    ),
    (r#"{"a\u001b[2J\nb":1}"#, "M07", "a\u{fffd}[2J\u{fffd}b", 1, 2),
    (r#"{"abcdefghijklmnopqrstuvwxyzabcdefg":1}"#, "M07", "abcdefghijklmnopqrstuvwxyzabc…", 1, 2),
    (r#"{"meta":{"name":"a","name":"a"}}"#, "M08", "meta.name", 1, 21),
    (r#"{"meta":{"name":"a","n\u0061me":"b"}}"#, "M08", "meta.name", 1, 21),
    (r#"{"timeout":1,"timeout":1}"#, "M08", "timeout", 1, 14),
    (
        r#"{"capabilities":{"services":[{"perSecond":1,"perSecond":2}]}}"#,
        "M08",
        "capabilities.services[0].perSecond",
        1,
        45,
    ),
    ("{}", "M09", "meta", 1, 1),
    (r#" {"timeout":1}"#, "M09", "meta", 1, 2),
    (r#"{"meta":{"version":"1.0.0"}}"#, "M09", "meta.name", 1, 9),
    (r#"{"meta":{"name":"a"}}"#, "M09", "meta.version", 1, 9),
    (
        r#"{"capabilities":{"services":[{"operations":[]}]}}"#,
        "M09",
        "capabilities.services[0].service",
        1,
        30,
    ),
    (
        r#"{"capabilities":{"services":[{"service":"a"}]}}"#,
        "M09",
        "capabilities.services[0].operations",
        1,
        30,
    ),
    // Types.
    ("[]", "M10", "", 1, 1),
    ("null", "M03", "", 1, 5),
    ("null ", "M10", "", 1, 1),
    (r#"{"meta":null}"#, "M10", "meta", 1, 9),
    (r#"{"meta":[]}"#, "M10", "meta", 1, 9),
    (r#"{"meta":{"name":1}}"#, "M10", "meta.name", 1, 17),
    (r#"{"meta":{"name":null}}"#, "M10", "meta.name", 1, 17),
    (r#"{"timeout":"5000"}"#, "M10", "timeout", 1, 12),
    (r#"{"timeout":true}"#, "M10", "timeout", 1, 12),
    (r#"{"timeout":{}}"#, "M10", "timeout", 1, 12),
    (r#"{"capabilities":{"allowEnv":1}}"#, "M10", "capabilities.allowEnv", 1, 29),
    (r#"{"capabilities":{"allowEnv":"true"}}"#, "M10", "capabilities.allowEnv", 1, 29),
    (r#"{"capabilities":{"allowEnv":null}}"#, "M10", "capabilities.allowEnv", 1, 29),
    (r#"{"capabilities":{"allowedPaths":"/"}}"#, "M10", "capabilities.allowedPaths", 1, 33),
    (r#"{"capabilities":{"allowedPaths":["a",1]}}"#, "M10", "capabilities.allowedPaths[1]", 1, 38),
    (r#"{"capabilities":{"allowedPaths":[[]]}}"#, "M10", "capabilities.allowedPaths[0]", 1, 34),
    (r#"{"capabilities":{"services":{}}}"#, "M10", "capabilities.services", 1, 29),
    (r#"{"capabilities":{"services":["log"]}}"#, "M10", "capabilities.services[0]", 1, 30),
    // Numbers.
    (r#"{"timeout":1.5}"#, "M11", "timeout", 1, 12),
    (r#"{"timeout":5000.0}"#, "M11", "timeout", 1, 12),
    (r#"{"timeout":5e3}"#, "M11", "timeout", 1, 12),
    (r#"{"timeout":-1.5}"#, "M11", "timeout", 1, 12),
    (r#"{"timeout":0}"#, "M12", "timeout", 1, 12),
    (r#"{"timeout":-5}"#, "M12", "timeout", 1, 12),
    (r#"{"timeout":86400001}"#, "M12", "timeout", 1, 12),
    (r#"{"timeout":99999999999999999999999999}"#, "M12", "timeout", 1, 12),
    (r#"{"limits":{"memoryBytes":4294967296}}"#, "M12", "limits.memoryBytes", 1, 26),
    (r#"{"limits":{"memoryPages":65536}}"#, "M12", "limits.memoryPages", 1, 26),
    (r#"{"limits":{"memoryPages":0}}"#, "M12", "limits.memoryPages", 1, 26),
    (r#"{"limits":{"recursionDepth":65536}}"#, "M12", "limits.recursionDepth", 1, 29),
    (r#"{"limits":{"fuelPerCall":9007199254740992}}"#, "M12", "limits.fuelPerCall", 1, 26),
    (r#"{"limits":{"destroyFuel":-0}}"#, "M12", "limits.destroyFuel", 1, 26),
    (r#"{"capabilities":{"maxMemoryMB":4096}}"#, "M12", "capabilities.maxMemoryMB", 1, 32),
    (
        r#"{"capabilities":{"services":[{"perSecond":0}]}}"#,
        "M12",
        "capabilities.services[0].perSecond",
        1,
        43,
    ),
    // Strings.
    (
        r#"{"capabilities":{"services":[{"service":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}]}}"#,
        "M13",
        "capabilities.services[0].service",
        1,
        41,
    ),
    (r#"{"meta":{"author":"a\nb"}}"#, "M16", "meta.author", 1, 19),
    (r#"{"meta":{"author":"a\u0000"}}"#, "M16", "meta.author", 1, 19),
    (r#"{"meta":{"description":"a\u202eb"}}"#, "M16", "meta.description", 1, 24),
    ("{\"meta\":{\"description\":\"a\u{7f}\"}}", "M16", "meta.description", 1, 24),
    (r#"{"wasmPath":"a\tb"}"#, "M16", "wasmPath", 1, 13),
    (r#"{"meta":{"name":""}}"#, "M17", "meta.name", 1, 17),
    (r#"{"meta":{"name":"a b"}}"#, "M17", "meta.name", 1, 17),
    (r#"{"meta":{"name":"é"}}"#, "M17", "meta.name", 1, 17),
    (r#"{"meta":{"version":"1.0"}}"#, "M17", "meta.version", 1, 20),
    (
        r#"{"capabilities":{"services":[{"service":""}]}}"#,
        "M18",
        "capabilities.services[0].service",
        1,
        41,
    ),
    (
        r#"{"capabilities":{"services":[{"service":"*"}]}}"#,
        "M18",
        "capabilities.services[0].service",
        1,
        41,
    ),
    (
        r#"{"capabilities":{"services":[{"service":"a","operations":["x","*"]}]}}"#,
        "M18",
        "capabilities.services[0].operations[1]",
        1,
        63,
    ),
    (r#"{"capabilities":{"allowedEnv":["A=B"]}}"#, "M19", "capabilities.allowedEnv[0]", 1, 32),
    (r#"{"capabilities":{"allowedEnv":["1A"]}}"#, "M19", "capabilities.allowedEnv[0]", 1, 32),
    (r#"{"capabilities":{"allowedEnv":[""]}}"#, "M19", "capabilities.allowedEnv[0]", 1, 32),
    (r#"{"capabilities":{"allowedEnv":["*"]}}"#, "M19", "capabilities.allowedEnv[0]", 1, 32),
    (
        r#"{"capabilities":{"allowedPaths":["/a/../b"]}}"#,
        "M20",
        "capabilities.allowedPaths[0]",
        1,
        34,
    ),
    (r#"{"capabilities":{"allowedPaths":["*"]}}"#, "M20", "capabilities.allowedPaths[0]", 1, 34),
    (
        r#"{"capabilities":{"allowedPaths":["a","C:\\b"]}}"#,
        "M20",
        "capabilities.allowedPaths[1]",
        1,
        38,
    ),
    (
        r#"{"capabilities":{"services":[{"scope":"../x"}]}}"#,
        "M20",
        "capabilities.services[0].scope",
        1,
        39,
    ),
    (r#"{"capabilities":{"allowedHosts":["*"]}}"#, "M21", "capabilities.allowedHosts[0]", 1, 34),
    (
        r#"{"capabilities":{"allowedHosts":["bücher.de"]}}"#,
        "M21",
        "capabilities.allowedHosts[0]",
        1,
        34,
    ),
    (
        r#"{"capabilities":{"allowedHosts":["127.1"]}}"#,
        "M21",
        "capabilities.allowedHosts[0]",
        1,
        34,
    ),
    (r#"{"wasmPath":""}"#, "M22", "wasmPath", 1, 13),
    (
        r#"{"capabilities":{"services":[{"service":"a","operations":["x","x"]}]}}"#,
        "M23",
        "capabilities.services[0]",
        1,
        30,
    ),
    (
        r#"{"capabilities":{"services":[{"service":"a","operations":["x"]}, {"operations":["y","x"],"service":"a"}]}}"#,
        "M23",
        "capabilities.services[1]",
        1,
        66,
    ),
];

/// The key and the place of any error that has them: they are in its text, and the test below knows
/// them to be right.
fn starts_so(error: &ManifestError, key: &str, line: u16, column: u16) -> bool {
    let key = if key.is_empty() { "the document" } else { key };
    let text = error.to_string();
    let rest = text.strip_prefix(&format!("line {line}, column {column}: "));
    rest.is_some_and(|rest| rest.contains(key))
}

#[test]
fn every_error_names_its_key_and_place() {
    for &(json, code, key, line, column) in TABLE {
        let error = Manifest::parse(json.as_bytes()).expect_err(json);
        assert_eq!(error.code(), code, "{json}: {error}");
        assert!(starts_so(&error, key, line, column), "{json}: {error}");
    }
}

/// The variants with fields of their own, whole.
#[test]
fn every_error_has_its_fields() {
    let error = |json: &str| Manifest::parse(json.as_bytes()).unwrap_err();
    let many = |list: &str, item: &str| {
        format!(r#"{{"capabilities":{{"{list}":[{}]}}}}"#, vec![item; 17].join(","))
    };
    for (json, text) in [
        (r#"{"timeout":[]}"#.to_owned(), "line 1, column 12: timeout is a list, not a number"),
        (r#"{"timeout":0}"#.to_owned(), "line 1, column 12: timeout is not between 1 and 86400000"),
        (
            r#"{"meta":{"name":"a" "b""#.to_owned(),
            "line 1, column 21: meta is not JSON, a comma or the end is expected here",
        ),
        (
            format!(r#"{{"meta":{{"author":"{}"}}}}"#, "x".repeat(129)),
            "line 1, column 19: meta.author has over 128 bytes",
        ),
        (
            format!(r#"{{"meta":{{"author":"{}"}}}}"#, "é".repeat(65)),
            "line 1, column 19: meta.author has over 128 bytes",
        ),
        (
            many("allowedPaths", "\"/a\""),
            "line 1, column 114: capabilities.allowedPaths[16] is one too many, 16 are allowed",
        ),
        (
            many("services", "{\"service\":\"a\",\"operations\":[]}"),
            "line 1, column 542: capabilities.services[16] is one too many, 16 are allowed",
        ),
        (
            r#"{"capabilities":{"services":[{"operations":[{}"#.to_owned(),
            "line 1, column 45: capabilities.services[0].operations[0] is a list or object, 5 inside \
             each other are allowed",
        ),
        (
            r#"{"meta":{"name":"-"}}"#.to_owned(),
            "line 1, column 17: meta.name breaks its rule: the name is not 1 to 64 ASCII letters, \
             digits, '-', '_' or '.', a letter or digit first",
        ),
        (
            r#"{"capabilities":{"allowedHosts":["a@b"]}}"#.to_owned(),
            "line 1, column 34: capabilities.allowedHosts[0] breaks its rule: the name has a \
             character other than ASCII letters, digits, '-', '_' and '.'",
        ),
    ] {
        assert_eq!(error(&json).to_string(), text);
    }
}

#[test]
fn what_is_too_much_altogether_is_told_where_it_runs_over() {
    // 8 + 253 bytes of hosts fill the store up to the last entry.
    let host = format!("{}abcde", "abcdefg.".repeat(31));
    let hosts = vec![format!("\"{host}\""); 9].join(",\n");
    let json = format!("{{\"capabilities\":{{\"allowedHosts\":[\n{hosts}]}}}}");
    let Err(ManifestError::TooMuchText { key, place, allowed }) = Manifest::parse(json.as_bytes())
    else {
        panic!("it is too much");
    };
    assert_eq!(key.as_str(), "capabilities.allowedHosts[8]");
    assert_eq!((place.line, place.column, allowed), (10, 1, 2048));
}

#[test]
fn what_is_no_manifest_by_its_size_or_bytes_is_told() {
    let large = vec![b' '; 16 * 1024 + 1];
    let error = ManifestError::TooLarge { found: large.len(), allowed: 16 * 1024 };
    assert_eq!(Manifest::parse(&large), Err(error));
    for (json, key, line, column) in [
        (&b"\xff"[..], "", 1, 1),
        (b"{\n\xc3\x28", "", 2, 1),
        (b"{\"meta\":{\"name\":\"\xc3\xa9\xff\"}}", "meta.name", 1, 19),
        (b"{\"meta\":{\"name\":\"\xed\xa0\x80\"}}", "meta.name", 1, 18),
        (b"{\"meta\":{\"name\":\"a\",\"version\":\"1.0.0\"}} \xf0\x9f", "", 1, 41),
    ] {
        let Err(ManifestError::NotUtf8 { key: found, place }) = Manifest::parse(json) else {
            panic!("{json:?}");
        };
        assert_eq!((found.as_str(), place.line, place.column), (key, line, column));
    }
}

#[test]
fn every_code_is_produced() {
    let mut codes: BTreeSet<_> = TABLE.iter().map(|row| row.1).collect();
    // Those have tests of their own above.
    codes.extend(["M01", "M02", "M14", "M15"]);
    let all: BTreeSet<_> = ManifestError::CATALOG.iter().map(|row| row.code).collect();
    assert_eq!(codes, all);
}

#[test]
fn codes_are_in_order() {
    for (letter, rows) in
        [("M", ManifestError::CATALOG), ("P", PathError::CATALOG), ("H", NetHostError::CATALOG)]
    {
        for (at, row) in rows.iter().enumerate() {
            assert_eq!(row.code, format!("{letter}{:02}", at + 1));
        }
    }
}

#[test]
fn a_text_that_is_cut_off_is_unfinished_wherever() {
    let whole = FULL.trim_end();
    let ends = (0..whole.len()).filter(|end| whole.is_char_boundary(*end));
    for end in ends {
        let cut = &whole[..end];
        let error = Manifest::parse(cut.as_bytes()).unwrap_err();
        assert!(matches!(error, ManifestError::Unfinished { .. }), "{cut}: {error}");
        let bytes = [cut.as_bytes(), b"\xe2\x82"].concat();
        let error = Manifest::parse(&bytes).unwrap_err();
        assert!(matches!(error, ManifestError::NotUtf8 { .. }), "{cut}: {error}");
    }
}

#[test]
fn rules_inside_rules_are_passed_on() {
    let error = |json: &str| Manifest::parse(json.as_bytes()).unwrap_err();
    let meta = error(r#"{"meta":{"version":"1"}}"#);
    assert!(matches!(meta, ManifestError::Meta { error: MetaError::Version, .. }));
    let path = error(r#"{"capabilities":{"allowedPaths":[".."]}}"#);
    assert!(matches!(path, ManifestError::Path { error: PathError::Dots {}, .. }));
    let host = error(r#"{"capabilities":{"allowedHosts":["::ffff:1.2.3.4"]}}"#);
    assert!(matches!(host, ManifestError::Host { error: NetHostError::Mapped {}, .. }));
}

#[test]
fn a_policys_file_is_refused_in_the_same_way() {
    for (json, code, key, line, column) in [
        ("", "M03", "", 1, 1),
        (r#"{"meta":{}}"#, "M07", "meta", 1, 2),
        (r#"{"wasmPath":"a"}"#, "M07", "wasmPath", 1, 2),
        (r#"{"limits":{"shape":{}}}"#, "M07", "limits.shape", 1, 12),
        (
            r#"{"capabilities":{"allowedHosts":["*.com"]}}"#,
            "M21",
            "capabilities.allowedHosts[0]",
            1,
            34,
        ),
        (
            r#"{"capabilities":{"allowedPaths":["/*"]}}"#,
            "M20",
            "capabilities.allowedPaths[0]",
            1,
            34,
        ),
    ] {
        let error = PolicyFile::parse(json.as_bytes()).unwrap_err();
        assert_eq!(error.code(), code, "{json}: {error}");
        assert!(starts_so(&error, key, line, column), "{json}: {error}");
    }
}
