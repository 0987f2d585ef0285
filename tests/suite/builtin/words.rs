//! Variables and events.

use super::*;

#[test]
fn a_variable_is_read_where_the_scope_names_it() {
    let mut env = Env::new([("TZ", "UTC"), ("SITE", "roof"), ("TZ", "second"), ("EMPTY", "")]);
    for (scope, name, told) in [
        ("", "TZ", Ok(bytes("UTC"))),
        ("", "SITE", Ok(bytes("roof"))),
        ("", "EMPTY", Ok(bytes(""))),
        ("", "PATH", NOT_FOUND),
        ("TZ", "TZ", Ok(bytes("UTC"))),
        ("TZ", "SITE", NOT_GRANTED),
        ("TZ", "PATH", NOT_GRANTED),
        ("SITE,TZ", "TZ", Ok(bytes("UTC"))),
        ("SITE, TZ", "TZ", Ok(bytes("UTC"))),
        ("SITE,TZ", "SITE", Ok(bytes("roof"))),
        ("SITE,TZ", "EMPTY", NOT_GRANTED),
        ("SITE,TZ", "SITE,TZ", NOT_GRANTED),
        ("SITE,PATH", "PATH", NOT_FOUND),
        ("TZX", "TZ", NOT_GRANTED),
        ("T", "TZ", NOT_GRANTED),
        ("TZ", "tz", NOT_GRANTED),
        (",", "TZ", NOT_GRANTED),
        ("TZ", "", INVALID),
        ("", "A\0", INVALID),
        ("", &"N".repeat(65), INVALID),
        ("", &"N".repeat(64), NOT_FOUND),
    ] {
        let caller = Caller { scope, ..ME };
        assert_eq!(ask(&mut env, caller, "get", &bytes(name)), told, "{scope:?} {name:?}");
    }
    for capacity in 0..4 {
        assert_eq!(ask_in(capacity, &mut env, ME, "get", &bytes("TZ")), Ok(b"needs 4".to_vec()));
    }
}

#[test]
fn what_is_published_reaches_the_sink_until_it_is_full() {
    let (mut event, noted) = event();
    let mut publish = |topic: &str, payload: &[u8]| {
        let caller = Caller { scope: "door", ..ME };
        ask(&mut event, caller, "publish", &bytes(&(topic, payload)))
    };
    let largest = vec![9; 256];
    for (topic, payload, told) in [
        ("", &b"x"[..], INVALID),
        (&"t".repeat(33), b"x", INVALID),
        ("door\n", b"x", INVALID),
        ("door", &[0; 257], INVALID),
        ("doors", b"x", NOT_GRANTED),
        ("window", b"x", NOT_GRANTED),
        ("door/../window", b"x", NOT_GRANTED),
        ("door", b"", done()),
        (&format!("door/{}", "t".repeat(27)), &largest, done()),
        ("door", b"x", BUSY),
    ] {
        assert_eq!(publish(topic, payload), told, "{topic:?}");
    }
    let long = format!("me door/{} {largest:?} at 42", "t".repeat(27));
    assert_eq!(taken(&noted), ["me door [] at 42".to_owned(), long]);
    assert_eq!(publish("door", b"x"), done(), "there is room again");
}
