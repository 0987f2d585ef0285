//! From a guest that the SDK made: `guests/fetcher`.

use crate::server::answers;
use ampoule_abi::failure_code::FIRST_OF_PLUGIN;
use ampoule_std::{
    CallError, Context, Entry, Grant, Limits, Manifest, Plugin, Policy, Refusal, Services,
    read_module, workstation_services,
};
use std::{
    net::TcpListener,
    path::{Path, PathBuf},
};

/// Codes of the guest's failures.
const NOT_GRANTED: u32 = FIRST_OF_PLUGIN;
const BUSY: u32 = FIRST_OF_PLUGIN + 1;
const BAD_URL: u32 = FIRST_OF_PLUGIN + 3;
const NO_ANSWER: u32 = FIRST_OF_PLUGIN + 4;

/// Asks for hosts and for operations of `net`.
fn manifest(hosts: &[&str], operations: &[&str]) -> Manifest {
    let document = serde_json::json!({
        "meta": { "name": "fetcher", "version": "1.0.0" },
        "capabilities": {
            "allowNetwork": true, "allowedHosts": hosts,
            "services": [{ "service": "net", "operations": operations }]
        }
    });
    Manifest::parse(document.to_string().as_bytes()).unwrap()
}

/// Where modules are: in the folder `AMPOULE_GUESTS` if that is set (freshly built ones), else prebuilt.
fn guests() -> PathBuf {
    let prebuilt = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../guests/prebuilt");
    std::env::var_os("AMPOULE_GUESTS").map_or_else(prebuilt, PathBuf::from)
}

struct Fetcher {
    plugin: Plugin,
    services: Services,
}

impl Fetcher {
    fn load(manifest: &Manifest) -> Result<Self, String> {
        let module = guests().join("fetcher.wasm");
        let module = read_module(&module, Limits::WORKSTATION.module_bytes).unwrap();
        let grant = Grant::new(manifest, &Policy::WORKSTATION);
        let (limits, context) = (grant.limits(), Context::default());
        let mut services = workstation_services(&grant, |_| (), |_| Ok(()));
        let plugin = Plugin::load_with(&module, &limits, &grant, &mut services, &context);
        Ok(Self { plugin: plugin.map_err(|error| error.to_string())?, services })
    }

    fn granted(hosts: &[&str]) -> Self {
        Self::load(&manifest(hosts, &["http"])).unwrap()
    }

    /// The status and the body, or the code of the failure.
    fn fetch(&mut self, url: &str) -> Result<(u16, Vec<u8>), u32> {
        let fetch: Entry<&str, (u16, &[u8])> = self.plugin.bind("fetch").unwrap();
        match self.plugin.call_with(&mut self.services, &fetch, &url) {
            Ok((status, body)) => Ok((status, body.to_vec())),
            Err(CallError::Refused(Refusal::Failure { code, .. })) => Err(code),
            Err(other) => panic!("{other}"),
        }
    }
}

#[test]
fn a_page_of_a_granted_host_is_fetched() {
    let (port, heard) = answers("HTTP/1.1 200 OK\r\nserver: here\r\n\r\nhello");
    let mut fetcher = Fetcher::granted(&[&format!("127.0.0.1:{port}")]);
    let page = fetcher.fetch(&format!("http://127.0.0.1:{port}/a?b=c"));
    assert_eq!(page, Ok((200, b"hello".to_vec())));
    let heard = heard.lock().unwrap();
    assert!(heard.len() == 1 && heard[0].0.starts_with("GET /a?b=c HTTP/1.1\r\n"), "{heard:?}");
}

#[test]
fn a_status_other_than_ok_is_an_answer_too() {
    for (answer, expected) in [
        ("HTTP/1.1 404 Not Found\r\n\r\nno", (404, b"no".to_vec())),
        ("HTTP/1.1 302 Found\r\nlocation: http://example.com/\r\n\r\n", (302, vec![])),
    ] {
        let (port, heard) = answers(answer);
        let mut fetcher = Fetcher::granted(&["127.0.0.1"]);
        assert_eq!(fetcher.fetch(&format!("http://127.0.0.1:{port}/")), Ok(expected));
        assert_eq!(heard.lock().unwrap().len(), 1, "a redirect isn't followed");
    }
}

#[test]
fn a_page_fits_to_the_last_byte_or_is_told() {
    // 4,096 bytes are for status (2), no headers (1), a length (2) and the body.
    for (bytes, expected) in [(4091, Ok(4091)), (4092, Err(BUSY)), (100_000, Err(BUSY))] {
        let (port, _) = answers(format!("HTTP/1.1 200 OK\r\n\r\n{}", "x".repeat(bytes)));
        let mut fetcher = Fetcher::granted(&["127.0.0.1"]);
        let page = fetcher.fetch(&format!("http://127.0.0.1:{port}/"));
        assert_eq!(page.map(|(_, body)| body.len()), expected, "{bytes}");
    }
}

#[test]
fn each_refusal_reaches_the_caller_by_its_code() {
    let (port, heard) = answers("HTTP/1.1 200 OK\r\n\r\nhello");
    // Bound and closed: nobody is there.
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let granted = [format!("127.0.0.1:{closed}"), "example.com".into()];
    let mut fetcher = Fetcher::granted(&[&granted[0], &granted[1]]);
    for (url, code) in [
        (format!("http://127.0.0.1:{port}/"), NOT_GRANTED),
        ("http://elsewhere.example/".into(), NOT_GRANTED),
        ("http://example.com.elsewhere.example/".into(), NOT_GRANTED),
        (format!("http://127.0.0.1:{closed}/"), NO_ANSWER),
        ("ftp://example.com/".into(), BAD_URL),
        ("http://you@example.com/".into(), BAD_URL),
        (String::new(), BAD_URL),
    ] {
        assert_eq!(fetcher.fetch(&url), Err(code), "{url}");
    }
    assert!(heard.lock().unwrap().is_empty(), "nobody was asked");
}

#[test]
fn what_speaks_no_http_is_a_failure() {
    let (port, _) = answers("220 mail.example ESMTP\r\n");
    let mut fetcher = Fetcher::granted(&["127.0.0.1"]);
    let page = fetcher.fetch(&format!("http://127.0.0.1:{port}/"));
    assert_eq!(page, Err(NO_ANSWER));
}

#[test]
fn without_a_grant_it_is_not_loaded() {
    for (hosts, operations) in
        [(&["127.0.0.1"][..], &["connect"][..]), (&["127.0.0.1"], &[]), (&[], &["http"])]
    {
        let manifest = manifest(hosts, operations);
        let Err(refused) = Fetcher::load(&manifest) else { panic!("{hosts:?} {operations:?}") };
        assert!(refused.contains("net.http"), "{refused}");
    }
}
