//! Who is let in, and where a server listens.

use crate::support::{Folder, Server, code, refused, request};
use ampoule_std::serve::Endpoint;
use std::{fs, net::TcpListener};

const TOKEN: &str = "0123456789abcdef";

fn with_token() -> Server {
    let folder = Folder::new();
    let file = folder.0.path().join("token");
    fs::write(&file, format!("{TOKEN}\n")).unwrap();
    Server::of(folder, &["--token-file", file.to_str().unwrap()])
}

#[test]
fn with_a_token_everything_but_health_needs_it() {
    let server = with_token();
    for endpoint in Endpoint::ALL.iter().filter(|it| **it != Endpoint::Health) {
        let path = endpoint.path().replace("{name}", "hello").replace("{entry}", "execute");
        for headers in [
            String::new(),
            "Authorization: Bearer \r\n".into(),
            "Authorization: Bearer 0123456789abcdeF\r\n".into(),
            format!("Authorization: Bearer {TOKEN}x\r\n"),
            format!("Authorization: Basic {TOKEN}\r\n"),
            format!("Authorization: {TOKEN}\r\n"),
            format!("Authorization: Bearer {TOKEN}\r\nAuthorization: Bearer {TOKEN}\r\n"),
            format!("X-Authorization: Bearer {TOKEN}\r\n"),
        ] {
            let response = server.send(request(endpoint.method(), &path, &headers, ""));
            assert_eq!(response.error(), code(401, "R01"), "{path} {headers}");
            assert_eq!(response.header("www-authenticate"), Some("Bearer"));
        }
    }
    assert_eq!(server.get("/elsewhere").error(), code(401, "R01"));
    assert_eq!(server.get("/v1/health").status, 200);
    let good = format!("Authorization: Bearer {TOKEN}\r\n");
    // Other names than this computer's may be used with it.
    let path = "GET /v1/plugins HTTP/1.1\r\nHost: plugins.example\r\nOrigin: http://x\r\n";
    assert_eq!(server.send(format!("{path}{good}\r\n")).status, 200);
}

#[test]
fn no_plugin_gets_the_token() {
    let folder = Folder::new();
    // Answers what `env.get` says: the length of the value's text, or a refusal below 0.
    let get = |entry: &str, at: u32, length: u32| {
        format!(
            r#"(func (export "{entry}") (param i32) (result i64) (local $said i32)
                (local.set $said (call $get
                    (i32.const {at}) (i32.const {length}) (i32.const 256) (i32.const 256)))
                (i32.store8 (i32.const 130) (i32.xor
                    (i32.shl (local.get $said) (i32.const 1))
                    (i32.shr_s (local.get $said) (i32.const 31))))
                (i64.const 0x80_0000_0004))"#
        )
    };
    let module = format!(
        r#"(module
            (@custom "ampoule.meta" "\01\03spy\051.0.0\00\00")
            (import "env" "get" (func $get (param i32 i32 i32 i32) (result i32)))
            (memory (export "memory") 2048 2048 (pagesize 1))
            (data (i32.const 0) "\0dAMPOULE_TOKEN") (data (i32.const 32) "\05PLAIN")
            (data (i32.const 128) "\01\02\00\00")
            (func (export "ampoule_mailbox") (result i64) (i64.const 0x400_0000_0100))
            {} {})"#,
        get("token", 0, 14),
        get("plain", 32, 6)
    );
    folder.write("spy.wat", &module);
    folder.write(
        "spy.json",
        r#"{ "meta": { "name": "spy", "version": "1.0.0" }, "wasmPath": "./spy.wat", "capabilities": {
            "allowEnv": true, "allowedEnv": ["AMPOULE_TOKEN", "PLAIN"],
            "services": [{ "service": "env", "operations": ["get"] }] } }"#,
    );
    let server = Server::with_env(folder, &[], &[("AMPOULE_TOKEN", TOKEN), ("PLAIN", TOKEN)]);
    let call = |entry: &str| {
        let path = format!("/v1/plugins/spy/call/{entry}");
        server.send(request("POST", &path, &format!("Authorization: Bearer {TOKEN}\r\n"), ""))
    };
    assert_eq!(server.get("/v1/plugins").error(), code(401, "R01"));
    crate::support::until("the plugin", || call("plain").status == 200);
    assert_eq!(call("plain").json()["data"], 17);
    assert_eq!(call("token").json()["data"], i64::from(ampoule_std::Status::NotFound.code()));
}

#[test]
fn without_a_token_only_this_computers_programs_are_let_in() {
    let server = Server::start(&[]);
    let get = |headers: &str| server.send(format!("GET /v1/plugins HTTP/1.1\r\n{headers}\r\n"));
    for good in ["Host: localhost\r\n", "Host: 127.0.0.1:7117\r\n", "Host: [::1]\r\n"] {
        assert_eq!(get(good).status, 200, "{good}");
    }
    for bad in
        ["", "Host: evil.example\r\n", "Host: \r\n", "Host: localhost\r\nHost: localhost\r\n"]
    {
        assert_eq!(get(bad).error(), code(403, "R02"), "{bad}");
    }
    for page in
        ["Origin: null\r\n", "Origin: http://localhost\r\n", "Sec-Fetch-Site: cross-site\r\n"]
    {
        assert_eq!(get(&format!("Host: localhost\r\n{page}")).error(), code(403, "R03"), "{page}");
    }
    let absolute = "GET http://evil.example/v1/plugins HTTP/1.1\r\nHost: localhost\r\n\r\n";
    assert_eq!(server.send(absolute).error(), code(403, "R02"));
    assert_eq!(
        server.send("GET /elsewhere HTTP/1.1\r\nHost: evil\r\n\r\n").error(),
        code(403, "R02")
    );
}

#[test]
fn other_computers_are_not_listened_to_without_a_token() {
    for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:0", "[::ffff:192.0.2.1]:0"] {
        let (status, err) = refused(&["--listen", address]);
        assert_eq!(status, 2, "{err}");
        assert!(err.contains("error[T02]") && err.contains("--token-file"), "{err}");
    }
    for address in ["", "localhost:0", "127.0.0.1", "unix:", "7117", "127.0.0.1:99999"] {
        let (status, err) = refused(&["--listen", address]);
        assert_eq!(status, 2, "{err}");
        assert!(err.contains("error[U01]"), "{err}");
    }
    let folder = Folder::new();
    let file = folder.0.path().join("token");
    fs::write(&file, TOKEN).unwrap();
    let all = ["--token-file", file.to_str().unwrap(), "--listen", "0.0.0.0:0"];
    let mut server = Server::of(folder, &all);
    assert!(server.is_running());
}

#[test]
fn a_bad_token_or_address_ends_the_start() {
    let dir = tempfile::TempDir::new().unwrap();
    let path = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    fs::write(path("short"), "abc").unwrap();
    fs::write(path("control"), "0123456789abcdef\u{1}").unwrap();
    fs::write(path("bytes"), [0xff; 32]).unwrap();
    for (file, expected) in
        [("none", "I01"), ("short", "T06"), ("control", "T06"), ("bytes", "T06")]
    {
        let (status, err) = refused(&["--token-file", &path(file)]);
        assert_eq!(status, 2, "{err}");
        assert!(err.contains(&format!("error[{expected}]")), "{err}");
    }
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let (status, err) = refused(&["--listen", &taken.local_addr().unwrap().to_string()]);
    assert!(status == 2 && err.contains("error[T03]"), "{err}");
}

#[cfg(unix)]
mod unix {
    use crate::support::{Client, Folder, PATIENCE, Server, refused, request, until};
    use std::{
        fs,
        os::unix::{
            fs::PermissionsExt as _,
            net::{UnixListener, UnixStream},
        },
        path::Path,
    };

    fn get(path: &Path) -> u16 {
        let stream = UnixStream::connect(path).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut client = Client::new(stream);
        client.send(request("GET", "/v1/plugins/hello", "", ""));
        client.response().status
    }

    #[test]
    fn a_unix_socket_is_its_users_alone_and_goes_at_the_end() {
        let folder = Folder::new();
        let path = folder.0.path().join("s.sock");
        // A stale one is in the way of nobody.
        drop(UnixListener::bind(&path).unwrap());
        let listen = format!("unix:{}", path.display());
        let mut server = Server::of(folder, &["--listen", &listen]);
        assert_eq!(server.address, listen);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o600);
        until("hello", || get(&path) == 200);

        let (status, err) = refused(&["--listen", &listen]);
        assert!(status == 2 && err.contains("error[T04]"), "{err}");
        assert_eq!(get(&path), 200);
        let left: Vec<_> = fs::read_dir(path.parent().unwrap()).unwrap().collect();
        assert_eq!(left.len(), 2, "{left:?}");

        server.signal("-TERM");
        assert_eq!(server.ended(), 0);
        assert!(!path.exists());
    }

    #[test]
    fn nothing_but_a_socket_is_replaced() {
        let dir = tempfile::TempDir::new().unwrap();
        let path = dir.path().join("precious");
        fs::write(&path, "x").unwrap();
        let (status, err) = refused(&["--listen", &format!("unix:{}", path.display())]);
        assert!(status == 2 && err.contains("error[T05]"), "{err}");
        assert_eq!(fs::read(&path).unwrap(), b"x");
        let (status, err) = refused(&["--listen", "unix:/no/such/dir/s.sock"]);
        assert!(status == 2 && err.contains("error[T03]"), "{err}");
    }
}
