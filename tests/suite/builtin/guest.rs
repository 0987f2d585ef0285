//! All of them through the glue, from a guest.

use super::*;

struct Grants(&'static str);

impl Permits for Grants {
    fn permit(&self, _: &str, _: &str) -> Option<Granted<'_>> {
        Some(Granted { scope: Some(self.0), per_second: None })
    }
}

const DATA: &str = r#"
    (data (i32.const 100) "\03led\02\01\ff")
    (data (i32.const 110) "\02\02hi")
    (data (i32.const 120) "\02TZ")
    (data (i32.const 130) "\04door\00")
    (data (i32.const 140) "\08")
    (data (i32.const 150) "\00")"#;

/// What a guest gets that asks every service and leaves an i64.
fn guest(scope: &'static str, body: &str) -> i64 {
    let mut services = Services::new(|| 42);
    for service in all() {
        services.offer(service).unwrap();
    }
    let imports: String = documented(7)
        .iter()
        .map(|row| {
            let (service, operation) = row[0].split_once('.').unwrap();
            let ty = match &*row[1] {
                "scalar" if row[2].ends_with("i32") => "(param i32) (result i32)",
                "scalar" => "(result i64)",
                _ => "(param i32 i32 i32 i32) (result i32)",
            };
            format!(r#"(import "{service}" "{operation}" (func ${service}.{operation} {ty}))"#)
        })
        .collect();
    let text = format!(
        r#"(module {imports}
            (memory (export "memory") 1024 1024 (pagesize 1)) {DATA}
            (func (export "ampoule_mailbox") (result i64) (i64.const 64))
            (func (export "go") (param i32) (result i64)
                (i64.store (i32.const 80) (block (result i64) {body}))
                (i64.const 0x5000000008)))"#
    );
    let wasm = with_meta(wat::parse_str(&text).unwrap_or_else(|error| panic!("{error}\n{text}")));
    let (limits, context) = (Limits::MICRO, Context::default());
    let mut plugin =
        Plugin::load_with(&wasm, &limits, &Grants(scope), &mut services, &context).unwrap();
    let go: Entry<(), [u8; 8]> = plugin.bind("go").unwrap();
    i64::from_le_bytes(plugin.call_with(&mut services, &go, &()).unwrap())
}

#[test]
fn a_guest_reaches_every_service() {
    let call = |operation: &str, at: u32, length: u32, capacity: u32| {
        format!(
            "(call ${operation} (i32.const {at}) (i32.const {length}) (i32.const 512) (i32.const {capacity}))"
        )
    };
    let status = |call: &str| format!("(i64.extend_i32_s {call})");
    let set = call("kv.set", 100, 7, 0);
    let after_set = |call: String| format!("(drop {set}) {}", status(&call));
    let not_granted = i64::from(Status::NotGranted.code());
    let too_small = i64::from(Status::TooSmall.code());
    for (scope, body, told) in [
        ("", "(call $clock.now_us)".into(), 1_000_000),
        ("", "(call $clock.monotonic_us)".into(), 42),
        ("", status("(call $clock.sleep_ms (i32.const 0))"), 0),
        ("", status("(call $clock.sleep_ms (i32.const 1))"), i64::from(Status::Pending.code())),
        ("", "(call $random.u64)".into(), 0xe220_a839_7b1d_cdaf_u64 as i64),
        ("", status(&call("random.fill", 140, 1, 8)), 8),
        ("", status(&call("random.fill", 140, 1, 7)), too_small),
        ("", status(&call("log.write", 110, 4, 0)), 0),
        ("", status(&call("log.write", 110, 3, 0)), i64::from(Status::Invalid.code())),
        ("", status(&set), 0),
        ("led", status(&set), 0),
        ("le", status(&set), not_granted),
        ("", status(&call("kv.get", 100, 4, 9)), i64::from(Status::NotFound.code())),
        ("", after_set(call("kv.get", 100, 4, 2)), 2),
        ("", after_set(call("kv.get", 100, 4, 1)), too_small),
        ("", after_set(call("kv.keys", 150, 1, 9)), 5),
        ("", after_set(call("kv.delete", 100, 4, 0)), 0),
        ("TZ", status(&call("env.get", 120, 3, 4)), 4),
        ("TZ", status(&call("env.get", 120, 3, 3)), too_small),
        ("T", status(&call("env.get", 120, 3, 4)), not_granted),
        ("door", status(&call("event.publish", 130, 6, 0)), 0),
        ("window", status(&call("event.publish", 130, 6, 0)), not_granted),
    ] {
        assert_eq!(guest(scope, &body), told, "{scope:?} {body}");
    }
    let value =
        format!("(drop {set}) (drop {}) (i64.load (i32.const 512))", call("kv.get", 100, 4, 8));
    assert_eq!(guest("", &value), 0xff01);
}
