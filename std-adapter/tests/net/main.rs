//! The service `net`: whom a plugin reaches, and what the other end can do about it.

mod fetcher;
mod guest;
mod handles;
mod hostile;
mod http;
mod names;
mod offer;
mod sdk;
mod server;
mod sockets;
mod tls;

use ampoule_abi::{Decode as _, Status, encode, encoded_len};
use ampoule_std::{
    Caller, Grant, Manifest, Policy, Service as _,
    net::{Net, NetLimits},
};
use core::time::Duration;
use serde::Serialize;
use std::{env, process::Command};

type Reply = Result<Vec<u8>, Status>;

const INVALID: Reply = Err(Status::Invalid);
const BUSY: Reply = Err(Status::Busy);
const NOT_FOUND: Reply = Err(Status::NotFound);
const NOT_GRANTED: Reply = Err(Status::NotGranted);
const FAILED: Reply = Err(Status::Failed);

/// Short enough to be waited for, long enough for a server here to begin.
const SHORT: NetLimits = NetLimits {
    exchange: Duration::from_millis(500),
    http: Duration::from_millis(500),
    ..NetLimits::WORKSTATION
};

const TCP: u8 = 0;
const UDP: u8 = 1;

fn done() -> Reply {
    Ok(Vec::new())
}

fn bytes<T: Serialize + ?Sized>(message: &T) -> Vec<u8> {
    let mut out = vec![0; encoded_len(message)];
    encode(message, &mut out).unwrap();
    out
}

fn manifest(hosts: &[String]) -> Manifest {
    let manifest = serde_json::json!({
        "meta": { "name": "test", "version": "1.0.0" },
        "capabilities": { "allowNetwork": true, "allowedHosts": hosts }
    });
    Manifest::parse(manifest.to_string().as_bytes()).unwrap()
}

/// Runs one test in a process that does nothing else.
fn alone(test: &str, variables: &[(&str, &str)]) {
    let mut process = Command::new(env::current_exe().unwrap());
    process.args(["--exact", test, "--test-threads", "1"]);
    let ran = process.envs(variables.iter().copied()).output().unwrap();
    let told = String::from_utf8_lossy(&ran.stdout);
    assert!(ran.status.success() && told.contains("1 passed"), "{told}");
}

/// An answer by HTTP.
#[derive(Debug, PartialEq, Eq)]
struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Answer {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(own, _)| own == name).map(|(_, value)| &**value)
    }
}

/// A plugin's view of the service.
struct Asker {
    net: Net,
    plugin: &'static str,
    scope: String,
    now: u64,
}

impl Asker {
    fn of(hosts: &[&str]) -> Self {
        let hosts: Vec<_> = hosts.iter().map(|&host| host.to_owned()).collect();
        let net = Net::of_grant(&Grant::new(&manifest(&hosts), &Policy::WORKSTATION));
        Self { net, plugin: "test", scope: String::new(), now: 0 }
    }

    /// One that may reach this computer.
    fn local() -> Self {
        Self::of(&["127.0.0.1"])
    }

    fn with(self, change: impl FnOnce(Net) -> Net) -> Self {
        Self { net: change(self.net), ..self }
    }

    fn short(self) -> Self {
        self.with(|net| net.with_limits(SHORT))
    }

    fn scoped(self, scope: &str) -> Self {
        Self { scope: scope.to_owned(), ..self }
    }

    /// What doesn't fit is its length as text.
    fn ask_in(&mut self, capacity: usize, operation: &str, request: &[u8]) -> Reply {
        let at = self.net.operations().iter().position(|it| it.name == operation).unwrap();
        let caller = Caller::new(self.plugin, &self.scope, self.now);
        let mut reply = vec![0xee; capacity];
        let length = self.net.message(&caller, at, request, &mut reply)?;
        match reply.get(..length) {
            Some(reply) => Ok(reply.to_vec()),
            None => Ok(format!("needs {length}").into_bytes()),
        }
    }

    fn ask(&mut self, operation: &str, request: &[u8]) -> Reply {
        self.ask_in(64 * 1024, operation, request)
    }

    fn try_connect(&mut self, kind: u8, host: &str, port: u16) -> Result<u32, Status> {
        let reply = self.ask("connect", &bytes(&(kind, host, port)))?;
        Ok(u32::decode(&reply).unwrap())
    }

    fn connect(&mut self, kind: u8, port: u16) -> u32 {
        self.try_connect(kind, "127.0.0.1", port).unwrap()
    }

    fn exchange(&mut self, handle: u32, content: &[u8], most: u32) -> Reply {
        self.ask("exchange", &bytes(&(handle, content, most)))
    }

    fn close(&mut self, handle: u32) -> Reply {
        self.ask("close", &bytes(&handle))
    }

    fn http(
        &mut self,
        method: u8,
        url: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Result<Answer, Status> {
        let reply = self.ask("http", &bytes(&(method, url, headers, body, 60_000_u32)))?;
        let (status, headers, body) = <_>::decode(&reply).unwrap();
        Ok(Answer { status, headers, body })
    }

    fn get(&mut self, url: &str) -> Result<Answer, Status> {
        self.http(0, url, &[], &[])
    }
}
