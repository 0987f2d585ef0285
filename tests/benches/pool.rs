//! Calls a second of a pool with one thread and with two, in alternation, and of two processes with a
//! pool each, which share nothing at all: what two threads lose against those is the pool's doing, the
//! rest is the machine's. `cargo bench -p ampoule-tests --bench pool`

// Of both sides that it has, only the guests are needed here.
#[allow(dead_code)]
mod common;

use ampoule::{Config, Context, Entry, Outcome, Pool, Source};
use common::{mirror, prebuilt, transform_context};
use core::time::Duration;
use std::{
    env,
    io::{BufRead, BufReader, Read, Write},
    process::{Child, Command, Stdio},
    sync::Barrier,
    thread,
    time::Instant,
};

/// How long each measurement takes; the median of so many counts.
const SPAN: Duration = Duration::from_millis(300);
const ROUNDS: usize = 21;

/// A pool, and its entry as far as the plugin has it.
struct Shards {
    pool: Pool<'static, 2>,
    execute: Option<Entry<Context<'static>, Outcome<'static>>>,
    noop: Option<Entry<(), ()>>,
}

fn main() {
    match env::args().collect::<Vec<_>>().iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [_, "--process", case] => process(case),
        _ => CASES.iter().for_each(|(case, _)| compare(case)),
    }
}

/// A case, and what it does with a pool until the time is over; it answers how many calls that were.
type Case = fn(&Shards, Instant) -> u64;

const CASES: [(&str, Case); 3] = [
    ("transform, a lease a call", transform),
    ("noop, a lease a call", noop),
    ("noop, one lease", noop_kept),
];

fn transform(shards: &Shards, until: Instant) -> u64 {
    let execute = shards.execute.expect("it is exported");
    let context = transform_context();
    calls(until, || {
        assert!(shards.pool.acquire().call(&execute, &context).expect("it answers").success);
    })
}

fn noop(shards: &Shards, until: Instant) -> u64 {
    let noop = shards.noop.expect("it is exported");
    calls(until, || shards.pool.acquire().call(&noop, &()).expect("it answers"))
}

fn noop_kept(shards: &Shards, until: Instant) -> u64 {
    let noop = shards.noop.expect("it is exported");
    let mut lease = shards.pool.acquire();
    calls(until, || lease.call(&noop, &()).expect("it answers"))
}

fn calls(until: Instant, mut call: impl FnMut()) -> u64 {
    let mut calls = 0;
    while Instant::now() < until {
        (0..50).for_each(|_| call());
        calls += 50;
    }
    calls
}

fn load(case: &str) -> Shards {
    let wasm: &'static [u8] =
        if case.starts_with("noop") { mirror() } else { prebuilt("json-transformer") }.leak();
    let source = move |_: usize| Ok(Source::new(wasm));
    let pool = Pool::load(Config::WORKSTATION, || 0, |_, _| Ok(()), source).expect("it loads");
    let (execute, noop) = (pool.bind("execute").ok(), pool.bind("noop").ok());
    Shards { pool, execute, noop }
}

fn run(case: &str, shards: &Shards, until: Instant) -> u64 {
    let (_, run) = CASES.iter().find(|(name, _)| *name == case).expect("it is a case");
    run(shards, until)
}

fn compare(case: &str) {
    let pool = load(case);
    let mut processes = [spawn(case), spawn(case)];
    let mut rates = [const { Vec::new() }; 3];
    for _ in 0..ROUNDS {
        rates[0].push(with_threads(case, &pool, 1));
        rates[1].push(with_threads(case, &pool, 2));
        rates[2].push(with_processes(&mut processes));
    }
    processes.iter_mut().for_each(|child| child.kill().expect("it runs"));
    let [one, two, apart] = rates.map(median);
    println!(
        "{case:<28} 1 thread {one:>9.0}/s   2 threads {two:>9.0}/s ({:.2})   2 processes {apart:>9.0}/s ({:.2})",
        two / one,
        apart / one
    );
}

fn with_threads(case: &str, pool: &Shards, threads: usize) -> f64 {
    let barrier = Barrier::new(threads);
    let calls: u64 = thread::scope(|scope| {
        let run = || {
            barrier.wait();
            run(case, pool, Instant::now() + SPAN)
        };
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(run)).collect();
        threads.into_iter().map(|thread| thread.join().expect("it ends")).sum()
    });
    calls as f64 / SPAN.as_secs_f64()
}

fn with_processes(processes: &mut [Child]) -> f64 {
    for child in &mut *processes {
        child.stdin.as_mut().expect("it is piped").write_all(b"\n").expect("it listens");
    }
    let mut calls = 0;
    for child in processes {
        let mut answer = [0; 8];
        child.stdout.as_mut().expect("it is piped").read_exact(&mut answer).expect("it answers");
        calls += u64::from_le_bytes(answer);
    }
    calls as f64 / SPAN.as_secs_f64()
}

fn spawn(case: &str) -> Child {
    let program = env::current_exe().expect("this program has a path");
    let mut command = Command::new(program);
    command.args(["--process", case]).stdin(Stdio::piped()).stdout(Stdio::piped());
    command.spawn().expect("it starts")
}

/// Measures once for each line.
fn process(case: &str) {
    let pool = load(case);
    for _ in BufReader::new(std::io::stdin()).lines() {
        let calls = run(case, &pool, Instant::now() + SPAN);
        let mut out = std::io::stdout();
        out.write_all(&calls.to_le_bytes()).expect("somebody listens");
        out.flush().expect("somebody listens");
    }
}

fn median(mut rates: Vec<f64>) -> f64 {
    rates.sort_by(f64::total_cmp);
    rates[rates.len() / 2]
}
