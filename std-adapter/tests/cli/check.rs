//! `ampoule check`: devices that plugins fit on, and those that they don't.

use crate::{Folder, Ran, ampoule, answering, complains, plugin, services::plugin_importing};
use serde_json::Value;
use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
};

const DEVICE: &str = r#"
name = "thermostat"
bits = 32
heap_bytes = 60_000
stack_bytes = 32_768
flash_bytes = 8_192
slots = 2

[services]
lamp = ["set"]

[limits]
memory_bytes = 4_096
message_bytes = 512
value_stack_bytes = 1_024
recursion_depth = 8
"#;

fn args<'a>(device: &'a Path, plugins: &'a [PathBuf]) -> Vec<&'a OsStr> {
    let start = [OsStr::new("check"), OsStr::new("--device"), device.as_os_str()];
    start.into_iter().chain(plugins.iter().map(|path| path.as_os_str())).collect()
}

fn check(device: &Path, plugins: &[PathBuf]) -> Ran {
    ampoule(args(device, plugins)).clean()
}

fn json(device: &Path, plugins: &[PathBuf], status: i32) -> Value {
    let ran = ampoule([args(device, plugins), vec![OsStr::new("--json")]].concat()).clean();
    assert_eq!((ran.status, ran.err.as_str()), (status, ""), "{ran:?}");
    ran.json()
}

/// A plugin of its own name that is `body` long.
fn named(folder: &Folder, name: &str, body: &str) -> PathBuf {
    let text = plugin(body).replace("\\04\\74\\65\\73\\74", &meta_name(name));
    assert!(name.len() == 4 && (name == "test" || !text.contains("\\04\\74\\65\\73\\74")));
    folder.with(&format!("{name}.wat"), text)
}

fn meta_name(name: &str) -> String {
    name.bytes().fold("\\04".to_owned(), |text, byte| format!("{text}\\{byte:02x}"))
}

fn guest(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../guests/prebuilt").join(name)
}

fn board(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../firmware-example/devices").join(name)
}

#[test]
fn what_fits_is_shown_part_by_part_with_what_is_left() {
    let folder = Folder::new();
    let device = folder.with("device.toml", DEVICE);
    let plugins = [named(&folder, "onea", ""), named(&folder, "twob", "")];
    let ran = check(&device, &plugins);
    assert_eq!((ran.status, ran.err.as_str()), (0, ""), "{ran:?}");
    for word in
        ["thermostat", "onea", "twob", "to load", "held", "█", "heap", "flash", "left", "fits"]
    {
        assert!(ran.out.contains(word), "{word}: {}", ran.out);
    }

    let told = json(&device, &plugins, 0);
    assert_eq!((&told["fits"], &told["device"]), (&Value::Bool(true), &"thermostat".into()));
    let number = |value: &Value| value.as_u64().unwrap();
    let mut held = 0;
    for plugin in told["plugins"].as_array().unwrap() {
        let heap = plugin["heap"].as_object().unwrap();
        let parts = heap.iter().filter(|(name, _)| !["loading", "total"].contains(&name.as_str()));
        let sum: u64 = parts.map(|(_, bytes)| number(bytes)).sum();
        assert_eq!(number(&plugin["held"]), sum);
        assert_eq!(number(&heap["total"]), sum.max(number(&heap["loading"])));
        assert_eq!(number(&heap["memory"]), 1024);
        held += sum;
    }
    assert_eq!(number(&told["heap"]["needed"]), held + number(&told["loading"]));
    assert_eq!(number(&told["heap"]["margin"]), 60_000 - number(&told["heap"]["needed"]));
    assert_eq!(number(&told["slots"]["needed"]), 2);
    assert_eq!(number(&told["messages"]), 2 * 10 * 512);
}

#[test]
fn what_does_not_fit_is_told_by_how_much_and_by_the_exit_status() {
    let folder = Folder::new();
    let plugins = [named(&folder, "onea", ""), named(&folder, "twob", "")];
    let fitting = json(&folder.with("fits.toml", DEVICE), &plugins, 0);
    let needed = fitting["heap"]["needed"].as_u64().unwrap();
    for (what, from, to) in [
        ("heap", "heap_bytes = 60_000".to_owned(), format!("heap_bytes = {}", needed - 1)),
        ("stack", "stack_bytes = 32_768".to_owned(), "stack_bytes = 1024".to_owned()),
        ("flash", "flash_bytes = 8_192".to_owned(), "flash_bytes = 100".to_owned()),
        ("slots", "slots = 2".to_owned(), "slots = 1".to_owned()),
    ] {
        let device = folder.with("short.toml", DEVICE.replace(&from, &to));
        let ran = check(&device, &plugins);
        assert_eq!((ran.status, ran.err.as_str()), (1, ""), "{what}: {ran:?}");
        assert!(ran.out.contains(&format!("doesn't fit: {what} short by ")), "{}", ran.out);
        let told = json(&device, &plugins, 1);
        assert_eq!(told["fits"], false);
        assert!(told[what]["shortfall"].as_u64() > Some(0), "{told}");
        assert_eq!(told[what]["margin"], Value::Null);
    }
    let exactly = DEVICE.replace("60_000", &needed.to_string());
    assert_eq!(json(&folder.with("exact.toml", exactly), &plugins, 0)["heap"]["margin"], 0);
    let gaps = DEVICE.replace("slots", "overhead_percent = 100\nslots");
    let told = json(&folder.with("gaps.toml", gaps), &plugins, 0);
    assert_eq!(told["heap"]["needed"], 2 * needed);
}

#[test]
fn what_the_device_would_refuse_is_told_with_its_code() {
    let folder = Folder::new();
    let set = r#"(type $s (func (param i32))) (func (param i32))"#;
    let imports = |operation: &str| {
        plugin(set).replace(
            "(memory (export",
            &format!(r#"(import "lamp" "{operation}" (func (param i32))) (memory (export"#),
        )
    };
    let manifest = |operations: &str| {
        format!(
            r#"{{ "meta": {{ "name": "test", "version": "1.2.3" }}, "capabilities": {{ "services":
               [{{ "service": "lamp", "operations": [{operations}] }}] }} }}"#
        )
    };
    let few = DEVICE.replace("[limits]", "[limits]\nheap_bytes = 1000");
    let other = r#"{ "meta": { "name": "other", "version": "1.0.0" } }"#.to_owned();
    for (what, device, text, manifest, code) in [
        ("offered", DEVICE, imports("set"), None, None),
        ("offered and granted", DEVICE, imports("set"), Some(manifest(r#""set""#)), None),
        ("not offered", DEVICE, imports("get"), None, Some("A19")),
        ("not granted", DEVICE, imports("set"), Some(manifest(r#""get""#)), Some("A34")),
        ("another's manifest", DEVICE, plugin(""), Some(other), Some("A35")),
        ("over its limit of heap", few.as_str(), plugin(""), None, Some("A30")),
        (
            "too much memory",
            DEVICE,
            plugin("").replace("1024 1024", "9999 9999"),
            None,
            Some("A14"),
        ),
    ] {
        let folder = Folder::new();
        let device = folder.with("device.toml", device);
        let plugins = [folder.with("test.wat", text)];
        if let Some(manifest) = manifest {
            folder.with("test.manifest.json", manifest);
        }
        let told = json(&device, &plugins, if code.is_some() { 3 } else { 0 });
        assert_eq!(told["plugins"][0]["refused"]["code"].as_str(), code, "{what}: {told}");
        assert_eq!(told["fits"], code.is_none(), "{what}");
        if let Some(code) = code {
            let ran = check(&device, &plugins);
            assert!(ran.out.contains(&format!("error[{code}]")), "{what}: {}", ran.out);
            assert!(ran.out.contains("1 would be refused"), "{what}: {}", ran.out);
        }
    }
    let twice = [named(&folder, "test", ""), named(&folder, "test", "")];
    let told = json(&folder.with("device.toml", DEVICE), &twice, 3);
    assert_eq!(told["plugins"][1]["refused"]["code"], "L02");
}

#[test]
fn a_manifest_beside_it_lowers_its_limits() {
    let folder = Folder::new();
    let device = folder.with("device.toml", DEVICE.replace("= 512", "= 4_096"));
    let plugins = [folder.with("test.wat", plugin(""))];
    let before = json(&device, &plugins, 0);
    assert_eq!(before["plugins"][0]["manifest"], false);
    folder.with(
        "test.manifest.json",
        r#"{ "meta": { "name": "test", "version": "1.2.3" }, "limits": { "messageBytes": 1024 } }"#,
    );
    let after = json(&device, &plugins, 0);
    assert_eq!(after["plugins"][0]["manifest"], true);
    assert_eq!((&before["messages"], &after["messages"]), (&40_960.into(), &10_240.into()));
}

#[cfg(unix)]
#[test]
fn a_manifest_that_can_not_be_read_is_no_missing_one() {
    let folder = Folder::new();
    let device = folder.with("device.toml", DEVICE);
    let plugins = [folder.with("test.wat", plugin(""))];
    std::os::unix::fs::symlink("nowhere", folder.path("test.manifest.json")).unwrap();
    complains(&args(&device, &plugins), 2, "I01");
}

#[test]
fn a_wrong_profile_is_told_with_a_code_and_a_cure() {
    let folder = Folder::new();
    let plugins = [folder.with("test.wat", plugin(""))];
    for (text, code) in [
        ("name =", "Q01"),
        ("name = \"x\"", "Q01"),
        (&format!("name = {}", "[".repeat(60_000)), "Q01"),
        (&DEVICE.replace("slots = 2", "slots = 2\nfloors = 3"), "Q01"),
        (&DEVICE.replace("[limits]", "[limits]\nmemory = 3"), "Q01"),
        (&DEVICE.replace("slots = 2", "slots = -2"), "Q01"),
        (&DEVICE.replace("slots = 2", "slots = \"\u{1b}[1m\""), "Q01"),
        (&DEVICE.replace("slots = 2", "slots = 0"), "Q02"),
        (&DEVICE.replace("slots", "overhead_percent = 101\nslots"), "Q02"),
        (&DEVICE.replace("[limits]", "[limits]\ncall_fuel = 0"), "Q02"),
        (&DEVICE.replace("recursion_depth = 8", "recursion_depth = 0"), "Q02"),
        (&DEVICE.replace("bits = 32", "bits = 16"), "Q03"),
        (&DEVICE.replace("thermostat", ""), "Q04"),
        (&DEVICE.replace("thermostat", "\\u001b[1m"), "Q04"),
        (&DEVICE.replace("lamp =", "\"\\u202e\" ="), "Q04"),
        (&DEVICE.replace("[\"set\"]", &format!("[{}]", "\"set\",".repeat(40))), "Q05"),
        (" ".repeat(70_000).as_str(), "I05"),
        ("", "I06"),
    ] {
        complains(&args(&folder.with("device.toml", text), &plugins), 2, code);
    }
    complains(&args(&folder.with("device.toml", b"name = \"\xff\""), &plugins), 2, "Q01");
    complains(&args(&folder.path("missing.toml"), &plugins), 2, "I01");
    let device = folder.with("device.toml", DEVICE);
    complains(&args(&device, &[folder.path("missing.wasm")]), 2, "I01");
    complains(&args(&device, &[]), 2, "U01");
    complains(&[OsStr::new("check"), plugins[0].as_os_str()], 2, "U01");
}

#[test]
fn wasi_is_refused_by_a_device_without_it() {
    let folder = Folder::new();
    let exit = r#"(import "wasi_snapshot_preview1" "proc_exit" (func (param i32)))"#;
    let plugins = [folder.with("exits.wat", plugin_importing(exit, "", ""))];
    let with = DEVICE.replace("bits = 32", "bits = 32\nwasi = true");
    json(&folder.with("with.toml", with), &plugins, 0);
    let told = json(&folder.with("without.toml", DEVICE), &plugins, 3);
    let refused = &told["plugins"][0]["refused"];
    assert_eq!(refused["code"], "A19", "{told}");
    assert!(refused.to_string().contains("wasi_snapshot_preview1.proc_exit"), "{told}");
}

#[test]
fn what_is_no_module_is_refused() {
    let folder = Folder::new();
    let device = folder.with("device.toml", DEVICE);
    for (bytes, code) in [(&b"MZ\x90"[..], "A03"), (b"\0asm\x01\0\0\0\x01", "A06")] {
        let told = json(&device, &[folder.with("x.wasm", bytes)], 3);
        assert_eq!(told["plugins"][0]["refused"]["code"], code);
        assert_eq!(told["plugins"][0]["name"], "x");
    }
}

#[test]
fn the_boards_of_the_firmware_have_room_for_its_plugins() {
    for device in ["stm32f405.toml", "mps2-an505.toml", "virt.toml"] {
        for plugins in
            [&["echo.wasm", "endless.wasm"][..], &["sensor-filter.wasm"], &["blink.wasm"]]
        {
            let plugins: Vec<_> = plugins.iter().map(|name| guest(name)).collect();
            let told = json(&board(device), &plugins, 0);
            assert_eq!(told["fits"], true, "{told}");
        }
    }
}

#[test]
fn a_plugin_that_shows_odd_names_harms_no_terminal() {
    let folder = Folder::new();
    let device = folder.with("device.toml", DEVICE);
    let ran = check(
        &device,
        &[
            folder.with("\u{1b}[1m.wat", answering("execute", b"", false)),
            folder.with("\u{9b}2J.wasm", "MZ"),
        ],
    );
    assert_eq!(ran.status, 3, "{ran:?}");
}
