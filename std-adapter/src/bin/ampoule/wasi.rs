//! `ampoule run --wasi`: one program, from its start to its end.

use crate::{
    args::Run,
    grant::{Offer, open, read},
    manifest::Papers,
    module,
    problem::Problem,
};
use ampoule_abi::Meta;
use ampoule_std::{
    Caller, Command, Form, Grant, Granted, Limits, LoadError, Operation, Permits, Policy, Service,
    Status, escaped,
};
use std::{
    io::{self, IsTerminal as _, Write},
    path::Path,
    process::ExitCode,
};

/// For programs whose toolchains weren't told to be sparing: Zig's default stack alone has 16 MiB.
const LIMITS: Limits =
    Limits { memory_bytes: 64 * 1024 * 1024, call_fuel: 20_000_000_000, ..Limits::WORKSTATION };

/// What this command's exit status can tell of a program's.
const HIGHEST_CODE: u32 = 125;

pub(crate) fn run(args: &Run, (file, rest): (&str, &[String])) -> Result<ExitCode, Problem> {
    let papers = read(&args.grant)?;
    let policy = Policy { limits: LIMITS, ..Policy::WORKSTATION };
    let policy = papers.as_ref().map(|papers| papers.policy_or(policy));
    let grant = papers.as_ref().zip(policy.as_ref());
    let grant = grant.map(|(papers, policy)| Grant::new(&papers.manifest, policy));
    let limits = args.limits(Some(grant.map_or(LIMITS, |grant| grant.limits())));
    let store = open(args.store.as_deref())?;
    let Offer { permits, mut services } = Offer::new(grant.as_ref(), store);
    // The name is no one else's here; were it, output would be refused, and the guest told.
    let offered = services.offer(Box::new(Stdio::new()));
    debug_assert_eq!(offered, Ok(()));

    let wasm = module(Path::new(file), &limits)?;
    let name = name(papers.as_ref(), file);
    let rest: Vec<&str> = rest.iter().map(String::as_str).collect();
    let permits = WithStdio(permits);
    let mut command = Command::load_with(&wasm, name, &limits, &permits, &services, &rest)?;
    let code = command.run(&mut services).map_err(LoadError::from)?;
    // It is at most 125.
    Ok(ExitCode::from(code.min(HIGHEST_CODE) as u8))
}

/// The manifest's, or the file's where that is a good one.
fn name<'a>(papers: Option<&'a Papers>, file: &'a str) -> &'a str {
    if let Some(papers) = papers {
        return papers.manifest.meta().name;
    }
    let stem = Path::new(file).file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    let meta = Meta { name: stem, version: "0.0.0", description: "", author: "" };
    if meta.check().is_ok() { stem } else { "command" }
}

/// Grants what another grants, and the output: whoever runs a program wants to see what it says.
struct WithStdio<'a>(&'a dyn Permits);

impl Permits for WithStdio<'_> {
    fn permit(&self, service: &str, operation: &str) -> Option<Granted<'_>> {
        if (service, operation) == ("stdio", "write") {
            return Some(Granted { scope: None, per_second: None });
        }
        self.0.permit(service, operation)
    }

    fn plugin(&self) -> Option<&str> {
        self.0.plugin()
    }
}

/// The service `stdio`: stdout and stderr of this command.
struct Stdio {
    out: Output,
    err: Output,
}

/// A stream. On a terminal nothing gets through that it would obey.
struct Output {
    terminal: bool,
    /// The start of a character whose rest is still to come.
    begun: Vec<u8>,
}

/// The operating system is called for each piece, and a terminal takes its time.
const OPERATIONS: &[Operation] =
    &[Operation { name: "write", form: Form::Message, base_fuel: 500, byte_fuel: 2 }];

impl Stdio {
    fn new() -> Self {
        let output = |terminal| Output { terminal, begun: Vec::new() };
        Self { out: output(io::stdout().is_terminal()), err: output(io::stderr().is_terminal()) }
    }
}

impl Service for Stdio {
    fn name(&self) -> &'static str {
        "stdio"
    }

    fn operations(&self) -> &'static [Operation] {
        OPERATIONS
    }

    fn message(
        &mut self,
        _caller: &Caller<'_>,
        _operation: usize,
        request: &[u8],
        _reply: &mut [u8],
    ) -> Result<usize, Status> {
        let written = match request.split_first() {
            Some((1, bytes)) => self.out.write(io::stdout().lock(), bytes),
            Some((2, bytes)) => self.err.write(io::stderr().lock(), bytes),
            _ => return Err(Status::Invalid),
        };
        written.map(|()| 0).map_err(|_| Status::Failed)
    }
}

impl Output {
    fn write(&mut self, mut out: impl Write, bytes: &[u8]) -> io::Result<()> {
        if self.terminal {
            out.write_all(self.shown(bytes).as_bytes())?;
        } else {
            out.write_all(bytes)?;
        }
        out.flush()
    }

    fn shown(&mut self, bytes: &[u8]) -> String {
        self.begun.extend_from_slice(bytes);
        let whole = match str::from_utf8(&self.begun) {
            Err(error) if error.error_len().is_none() => error.valid_up_to(),
            _ => self.begun.len(),
        };
        let rest = self.begun.split_off(whole);
        let text = String::from_utf8_lossy(&self.begun).into_owned();
        self.begun = rest;
        let mut shown = String::new();
        for part in text.split_inclusive(LAYOUT) {
            shown.push_str(&escaped(part.trim_end_matches(LAYOUT)).to_string());
            shown.extend(part.chars().last().filter(|last| LAYOUT.contains(last)));
        }
        shown
    }
}

/// What isn't printable, and yet is how text is laid out.
const LAYOUT: [char; 2] = ['\n', '\t'];

#[cfg(test)]
mod tests {
    use super::Output;

    #[test]
    fn a_terminal_gets_text_and_nothing_that_it_obeys() {
        let mut output = Output { terminal: true, begun: Vec::new() };
        let mut shown = |bytes: &[u8]| output.shown(bytes);
        assert_eq!(shown(b"a\tb\n\nc"), "a\tb\n\nc");
        assert_eq!(shown(b"\x1b[2J\r\n"), "\\u{1b}[2J\\r\n");
        assert_eq!(shown(b"\xc3"), "");
        assert_eq!(shown(b"\xa9\xff"), "é\u{fffd}");
    }
}
