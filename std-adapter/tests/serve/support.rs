//! A directory of plugins, the command that serves it, and a client that sends what it is told to.

use core::time::Duration;
use serde_json::Value;
use std::{
    fs,
    io::{BufRead, BufReader, ErrorKind, Read, Write},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::Instant,
};
use tempfile::TempDir;

/// Where what is waited for has come many times over, and a hang is a failure.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A plugin as text. Its entry `execute` answers `reply`, two letters.
pub(crate) fn module(name: &str, reply: &str) -> String {
    let text = |text: &str| format!(r"\{:02x}{text}", text.len());
    let (name, version) = (text(name), text("1.0.0"));
    format!(
        r#"(module
            (@custom "ampoule.meta" "\01{name}{version}\00\00")
            (import "clock" "sleep_ms" (func $sleep (param i32) (result i32)))
            (memory (export "memory") 4096 4096 (pagesize 1))
            (data (i32.const 0) "\01\04\02{reply}\00")
            (data (i32.const 16) "\00\00\01\02no")
            (data (i32.const 32) "\07\01!")
            (data (i32.const 48) "\01\03\00\00\00\00\00\00\f8\7f\00")
            (data (i32.const 64) "\01\04\08\1b\"\0a\c2\9b\e2\80\ae\00")
            (func (export "ampoule_mailbox") (result i64) (i64.const 0x800_0000_0400))
            (func (export "execute") (param i32) (result i64) (i64.const 6))
            (func (export "no") (param i32) (result i64) (i64.const 0x10_0000_0006))
            (func (export "fail") (param i32) (result i64) (i64.const 0x8000_0020_0000_0003))
            (func (export "nan") (param i32) (result i64) (i64.const 0x30_0000_000b))
            (func (export "escapes") (param i32) (result i64) (i64.const 0x40_0000_000c))
            (func (export "echo") (param $length i32) (result i64)
                (i64.or (i64.const 0x800_0000_0000) (i64.extend_i32_u (local.get $length))))
            (func (export "trap") (param i32) (result i64) unreachable)
            (func (export "sleep") (param i32) (result i64)
                (drop (call $sleep (i32.const 60000))) (i64.const 6))
            (func (export "doze") (param i32) (result i64)
                (drop (call $sleep (i32.const 400))) (i64.const 6)))"#
    )
}

/// `more` are further keys, each with a comma before it.
pub(crate) fn manifest(name: &str, more: &str) -> String {
    format!(
        r#"{{ "meta": {{ "name": "{name}", "version": "1.0.0" }}, "wasmPath": "./{name}.wat",
            "capabilities": {{ "services": [{{ "service": "clock", "operations": ["sleep_ms"] }}] }}{more} }}"#
    )
}

/// A directory of plugins.
pub(crate) struct Folder(pub(crate) TempDir);

impl Folder {
    /// With the plugin `hello`.
    pub(crate) fn new() -> Self {
        let folder = Self(TempDir::new().unwrap());
        folder.put("hello", "hi");
        folder
    }

    pub(crate) fn path(&self, file: &str) -> PathBuf {
        self.0.path().join("plugins").join(file)
    }

    pub(crate) fn put(&self, name: &str, reply: &str) {
        self.write(&format!("{name}.wat"), &module(name, reply));
        self.write(&format!("{name}.json"), &manifest(name, ""));
    }

    /// Writes beside, and moves into place.
    pub(crate) fn write(&self, file: &str, text: &str) {
        fs::create_dir_all(self.path("")).unwrap();
        let beside = self.path("new");
        fs::write(&beside, text).unwrap();
        fs::rename(beside, self.path(file)).unwrap();
    }
}

/// The running command.
pub(crate) struct Server {
    pub(crate) folder: Folder,
    child: Child,
    pub(crate) address: String,
}

impl Server {
    /// With `hello` loaded.
    pub(crate) fn start(args: &[&str]) -> Self {
        let server = Self::of(Folder::new(), args);
        server.wait_for("hello");
        server
    }

    pub(crate) fn of(folder: Folder, args: &[&str]) -> Self {
        Self::with_env(folder, args, &[])
    }

    pub(crate) fn with_env(folder: Folder, args: &[&str], env: &[(&str, &str)]) -> Self {
        let mut command = command(&folder.path(""), args);
        command.envs(env.iter().copied());
        command.stderr(Stdio::null()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.strip_prefix("listening on ").expect(&line).trim().to_owned();
        let address = address.strip_prefix("http://").unwrap_or(&address).to_owned();
        Self { folder, child, address }
    }

    /// Waits until a plugin is loaded.
    pub(crate) fn wait_for(&self, name: &str) {
        until(name, || self.get(&format!("/v1/plugins/{name}")).status == 200);
    }

    pub(crate) fn connect(&self) -> Client<TcpStream> {
        let stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Client::new(stream)
    }

    pub(crate) fn get(&self, path: &str) -> Response {
        self.send(request("GET", path, "", ""))
    }

    pub(crate) fn post(&self, path: &str, body: &str) -> Response {
        self.send(request("POST", path, "", body))
    }

    /// Calls an entry of `hello` without parameters.
    pub(crate) fn call(&self, entry: &str) -> Response {
        self.post(&format!("/v1/plugins/hello/call/{entry}"), "")
    }

    /// Sends that on a connection of its own, and reads one response.
    pub(crate) fn send(&self, bytes: impl AsRef<[u8]>) -> Response {
        let mut client = self.connect();
        client.send(bytes);
        client.response()
    }

    pub(crate) fn counters(&self) -> Value {
        self.get("/v1/plugins/hello").json()["counters"].take()
    }

    /// What `kill` sends.
    pub(crate) fn signal(&self, signal: &str) {
        let status = Command::new("kill").arg(signal).arg(self.child.id().to_string()).status();
        assert!(status.unwrap().success());
    }

    pub(crate) fn ended(&mut self) -> i32 {
        let mut status = None;
        until("its end", || {
            status = self.child.try_wait().unwrap();
            status.is_some()
        });
        status.unwrap().code().expect("ended by itself")
    }

    pub(crate) fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The command, on a free port unless told otherwise.
pub(crate) fn command(dir: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ampoule"));
    command.arg("serve").arg(dir).args(["--settle", "50"]).args(args);
    if !args.contains(&"--listen") {
        command.args(["--listen", "127.0.0.1:0"]);
    }
    command.env_remove("AMPOULE_TOKEN").stdin(Stdio::null());
    command
}

/// Runs a command that ends by itself: its status and what it wrote to stderr.
pub(crate) fn refused(args: &[&str]) -> (i32, String) {
    let dir = TempDir::new().unwrap();
    let output = command(dir.path(), args).output().unwrap();
    (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
}

pub(crate) fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < PATIENCE, "waiting for {what}");
        thread::sleep(Duration::from_millis(5));
    }
}

/// A request; `headers` are lines that end in CR and LF.
pub(crate) fn request(method: &str, path: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n{headers}\r\n{body}"
    )
}

/// One connection.
pub(crate) struct Client<S: Read + Write>(pub(crate) BufReader<S>);

/// What came back.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl<S: Read + Write> Client<S> {
    pub(crate) fn new(stream: S) -> Self {
        Self(BufReader::new(stream))
    }

    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.0.get_mut().write_all(bytes.as_ref()).unwrap();
    }

    /// Sends what the other side may not want any more.
    pub(crate) fn try_send(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        self.0.get_mut().write_all(bytes.as_ref()).is_ok()
    }

    pub(crate) fn response(&mut self) -> Response {
        let mut response = self.head();
        let length = response.header("content-length").expect("a length").parse().unwrap();
        let mut body = vec![0; length];
        self.0.read_exact(&mut body).unwrap();
        response.body = String::from_utf8(body).unwrap();
        response
    }

    /// A response without its body.
    pub(crate) fn head(&mut self) -> Response {
        let line = self.line();
        let status = line.strip_prefix("HTTP/1.1 ").unwrap_or_else(|| panic!("{line:?}"));
        let status = status[..3].parse().unwrap();
        let mut headers = Vec::new();
        loop {
            let line = self.line();
            let Some((name, value)) = line.split_once(": ") else { break };
            headers.push((name.to_ascii_lowercase(), value.to_owned()));
        }
        Response { status, headers, body: String::new() }
    }

    pub(crate) fn line(&mut self) -> String {
        let mut line = String::new();
        self.0.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }

    /// The next event: its id, its name and its data.
    pub(crate) fn event(&mut self) -> (String, String, Value) {
        let (mut id, mut name) = (String::new(), String::new());
        loop {
            let line = self.line();
            if let Some(it) = line.strip_prefix("id: ") {
                id = it.to_owned();
            } else if let Some(it) = line.strip_prefix("event: ") {
                name = it.to_owned();
            } else if let Some(it) = line.strip_prefix("data: ") {
                return (id, name, serde_json::from_str(it).unwrap());
            }
        }
    }

    /// Reads until an event has that name.
    pub(crate) fn event_called(&mut self, wanted: &str) -> (String, Value) {
        loop {
            let (id, name, data) = self.event();
            if name == wanted {
                return (id, data);
            }
        }
    }

    /// What comes until the other side closes.
    pub(crate) fn rest(&mut self) -> Vec<u8> {
        let mut rest = Vec::new();
        match self.0.read_to_end(&mut rest) {
            Err(error) if error.kind() != ErrorKind::ConnectionReset => panic!("{error}"),
            _ => rest,
        }
    }
}

impl Response {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(it, _)| it == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn json(&self) -> Value {
        assert_eq!(self.header("content-type"), Some("application/json"), "{self:?}");
        assert_eq!(self.header("cache-control"), Some("no-store"), "{self:?}");
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The status and the code of what must be an error with all its parts.
    pub(crate) fn error(&self) -> (u16, String) {
        let json = self.json();
        assert_eq!((&json["success"], &json["data"]), (&Value::Bool(false), &Value::Null));
        for part in ["error", "cure"] {
            assert!(json[part].as_str().is_some_and(|text| !text.is_empty()), "{json}");
        }
        (self.status, json["code"].as_str().unwrap().to_owned())
    }
}

pub(crate) fn code(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

impl Client<TcpStream> {
    /// The status that comes back; 0 if none does.
    pub(crate) fn rest_status(&mut self) -> u16 {
        let mut line = String::new();
        let _ = self.0.read_line(&mut line);
        line.get(9..12).and_then(|status| status.parse().ok()).unwrap_or(0)
    }
}
