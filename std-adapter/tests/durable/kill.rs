//! A process that is killed while it writes.

use crate::{Model, Numbers, contents};
use ampoule_std::{Diagnosis as _, FileStore, services::Store as _};
use core::time::Duration;
use std::{
    env,
    io::{BufRead as _, BufReader, Write as _},
    path::Path,
    process::{Child, ChildStdout, Command, Stdio},
    thread,
};
use tempfile::tempdir;

const PATH: &str = "AMPOULE_TEST_STORE";
const FIRST: &str = "AMPOULE_TEST_FIRST";
const PLUGINS: [&str; 2] = ["a", "ab"];

/// What write number `number` does: a value that tells its number all along, or none.
fn write(number: u64) -> (&'static str, String, Option<Vec<u8>>) {
    let plugin = PLUGINS[(number % 2) as usize];
    let length = 1 + (number.wrapping_mul(7919) % 3000) as usize;
    let value = (!number.is_multiple_of(7)).then(|| number.to_le_bytes().repeat(length));
    (plugin, format!("k{}", number % 3), value)
}

fn apply(model: &mut Model, number: u64) {
    let (plugin, key, value) = write(number);
    let name = (plugin.to_owned(), key);
    match value {
        Some(value) => model.insert(name, value),
        None => model.remove(&name),
    };
}

/// The process that is killed is this test, told by its environment to go on for ever.
#[test]
fn a_writer_tells_each_write_that_is_done() {
    match (env::var(PATH), env::var(FIRST)) {
        (Ok(path), Ok(first)) => write_all(Path::new(&path), first.parse().unwrap()..=u64::MAX),
        _ => {
            let folder = tempdir().unwrap();
            let path = folder.path().join("values");
            write_all(&path, 1..=5);
            let mut model = Model::new();
            (1..=5).for_each(|number| apply(&mut model, number));
            assert!(contents(&mut FileStore::open(&path).unwrap(), &PLUGINS) == model);
        }
    }
}

fn write_all(path: &Path, numbers: core::ops::RangeInclusive<u64>) {
    let mut store = FileStore::open(path).unwrap();
    let mut out = std::io::stdout();
    for number in numbers {
        let (plugin, key, value) = write(number);
        let done = match value {
            Some(value) => store.set(plugin, &key, &value),
            None => store.delete(plugin, &key).map(drop),
        };
        let told = done.map_or_else(|why| format!("{why:?}"), |()| format!("done {number}"));
        out.write_all(format!("\n{told}\n").as_bytes()).unwrap();
        out.flush().unwrap();
        done.unwrap();
    }
}

struct Writer {
    child: Child,
    out: BufReader<ChildStdout>,
    last: Option<u64>,
    /// Whether a write was answered with `Busy`.
    busy: bool,
}

impl Writer {
    fn start(path: &Path, first: u64) -> Self {
        Self::run(Command::new(env::current_exe().unwrap()), path, first)
    }

    fn run(mut command: Command, path: &Path, first: u64) -> Self {
        let mut child = command
            .args(["--exact", "kill::a_writer_tells_each_write_that_is_done", "--nocapture"])
            .env(PATH, path)
            .env(FIRST, first.to_string())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        Self { child, out, last: None, busy: false }
    }

    /// Reads a line, and tells whether there was one.
    fn line(&mut self) -> bool {
        let mut line = String::new();
        let some = self.out.read_line(&mut line).unwrap() > 0;
        // The kill may have cut the last line.
        let number = line.strip_prefix("done ").and_then(|rest| rest.strip_suffix('\n'));
        self.last = number.map_or(self.last, |number| Some(number.parse().unwrap()));
        self.busy |= line == "Busy\n";
        some
    }

    fn wait_for_a_write(&mut self) {
        while self.last.is_none() {
            assert!(self.line(), "the writer ended by itself");
        }
    }

    /// The number of the last write that was told to be done.
    fn kill(mut self) -> Option<u64> {
        self.child.kill().unwrap();
        assert!(!self.child.wait().unwrap().success());
        while self.line() {}
        self.last
    }
}

/// Writes are told one after another, so that one at most is done and not told.
#[test]
fn after_a_kill_every_write_that_was_told_is_there_and_at_most_one_more() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("values");
    let (mut model, mut numbers, mut next) = (Model::new(), Numbers(7), 1);
    for round in 0..100 {
        let mut writer = Writer::start(&path, next);
        if round % 2 == 0 {
            writer.wait_for_a_write();
        }
        thread::sleep(Duration::from_micros(numbers.below(20_000)));
        let last = writer.kill().unwrap_or(next - 1);
        while next <= last {
            apply(&mut model, next);
            next += 1;
        }
        let found = contents(&mut FileStore::open(&path).unwrap(), &PLUGINS);
        if found != model {
            apply(&mut model, next);
            next += 1;
            assert!(found == model, "round {round}: neither {last} writes nor one more");
        }
    }
    assert!(next > 100, "only {next} writes in all rounds");
}

#[test]
fn a_kill_while_the_store_is_made_leaves_none_or_a_complete_one() {
    let folder = tempdir().unwrap();
    let mut numbers = Numbers(9);
    for round in 0..40 {
        let path = folder.path().join(round.to_string());
        let writer = Writer::start(&path, 1);
        thread::sleep(Duration::from_micros(numbers.below(12_000)));
        let last = writer.kill().unwrap_or(0);
        let mut model = Model::new();
        (1..=last).for_each(|number| apply(&mut model, number));
        let found = contents(&mut FileStore::open(&path).unwrap(), &PLUGINS);
        if found != model {
            apply(&mut model, last + 1);
            assert!(found == model, "round {round}: neither {last} writes nor one more");
        }
    }
}

#[test]
fn a_store_that_another_process_uses_is_refused_until_that_ends() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("values");
    let mut writer = Writer::start(&path, 1);
    writer.wait_for_a_write();
    assert_eq!(FileStore::open(&path).unwrap_err().code(), "D04");
    assert!(writer.kill().is_some());
    FileStore::open(&path).unwrap();
}

/// A limit on the file's length stands for a disk that is full.
#[cfg(unix)]
#[test]
fn where_there_is_no_room_a_write_is_refused_and_the_rest_stays() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("values");
    let mut command = Command::new("sh");
    command.args(["-c", "trap '' XFSZ; ulimit -f 400; exec \"$0\" \"$@\""]);
    command.arg(env::current_exe().unwrap());
    let mut writer = Writer::run(command, &path, 1);
    while writer.line() {}
    assert!(!writer.child.wait().unwrap().success());
    assert!(writer.busy);
    let mut model = Model::new();
    let last = writer.last.unwrap();
    (1..=last).for_each(|number| apply(&mut model, number));
    let mut store = FileStore::open(&path).unwrap();
    assert!(contents(&mut store, &PLUGINS) == model, "not what {last} writes left");
    assert_eq!(store.set("a", "k0", &[1; 500_000]), Ok(()));
}
