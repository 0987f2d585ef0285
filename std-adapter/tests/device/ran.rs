//! Runs of the command.

use core::time::Duration;
use serde_json::Value;
use std::{
    ffi::OsStr,
    io::Read,
    process::{Child, Command, Stdio},
    thread,
    time::Instant,
};

/// Where `ampoule` has done its work many times over, and a hang is a failure.
const PATIENCE: Duration = Duration::from_secs(60);

/// How a run of the command ended.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) status: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

pub(crate) fn command<A: AsRef<OsStr>>(args: impl IntoIterator<Item = A>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ampoule"));
    command.args(args).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Runs the command at a port, to its end.
pub(crate) fn at(port: &str, args: &[&str]) -> Ran {
    finish(command(args.iter().copied().chain(["--port", port])).spawn().unwrap())
}

pub(crate) fn finish(mut child: Child) -> Ran {
    let out = reader(child.stdout.take().unwrap());
    let err = reader(child.stderr.take().unwrap());
    let status = wait(&mut child);
    Ran { status, out: out.join().unwrap(), err: err.join().unwrap() }.clean()
}

pub(crate) fn wait(child: &mut Child) -> i32 {
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status.code().expect("ended by itself");
        }
        if start.elapsed() > PATIENCE {
            child.kill().unwrap();
            panic!("it hangs");
        }
        thread::sleep(Duration::from_millis(2));
    }
}

fn reader(mut pipe: impl Read + Send + 'static) -> thread::JoinHandle<String> {
    thread::spawn(move || {
        let mut text = String::new();
        pipe.read_to_string(&mut text).expect("UTF-8");
        text
    })
}

impl Ran {
    /// What every run keeps: no panic, and nothing that a terminal would obey.
    fn clean(self) -> Self {
        for text in [&self.out, &self.err] {
            assert!(!text.contains("panicked at"), "{self:?}");
            assert!(text.chars().all(|it| it == '\n' || ampoule_abi::is_printable(it)), "{self:?}");
        }
        self
    }

    pub(crate) fn done(self) -> Self {
        assert_eq!(self.status, 0, "{self:?}");
        self
    }

    /// It says why it didn't do it, with a code and a cure.
    pub(crate) fn complains(self, status: i32, code: &str) -> Self {
        assert_eq!(self.status, status, "{self:?}");
        let mut last = self.err.lines().rev();
        assert!(last.next().unwrap().starts_with("  cure: "), "{self:?}");
        assert!(last.next().unwrap().starts_with(&format!("error[{code}]: ")), "{self:?}");
        self
    }

    /// The one JSON object on stdout.
    pub(crate) fn json(&self) -> Value {
        assert_eq!(self.out.lines().count(), 1, "{self:?}");
        serde_json::from_str(&self.out).unwrap()
    }
}
