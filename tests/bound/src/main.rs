//! `weights`: measures modules of many shapes on both widths of pointers, fits the table of weights, and
//! tells how far above what was measured it is. `cargo xtask weights` and `cargo xtask bound` build the probe
//! and start it.

use ampoule::Weights;
use ampoule_bound::{
    Case, Error, Fitted, Found, Given, Line, NEAR, Probe, Sample, bookkeeping, cases, fit, guests,
    judge, measured, ratios, report, rewritten, small,
};
use std::{env, fs, path::Path, process::ExitCode, thread};

/// Modules by chance, of each of two kinds.
const BY_CHANCE: u64 = 600;
/// How much more the fit of a real plugin matters than that of a shape.
const GUEST: f64 = 20_000.0;

type Failure = Box<dyn core::error::Error>;
type Result<T> = core::result::Result<T, Failure>;

fn main() -> ExitCode {
    let args: Vec<String> = env::args().skip(1).collect();
    match run(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("weights: {error}");
            ExitCode::FAILURE
        }
    }
}

const USAGE: &str = "weights fit|check|sample PROBE GUESTS TABLE|FOLDER, or weights judge FOLDER";

fn run(args: &[String]) -> Result<()> {
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args[..] {
        ["fit", probe, guests, table] => {
            let widths = widths(probe, guests)?;
            let fitted = [widths[0].fitted()?, widths[1].fitted()?];
            fs::write(table, rewritten(&fs::read_to_string(table)?, fitted)?)?;
            println!("written: {table}");
        }
        ["check", probe, guests] => {
            let enough = widths(probe, guests)?.map(|width| width.is_enough());
            if enough != [true; 2] {
                return Err(
                    "some hold more than the bound, or it isn't near for a real plugin".into()
                );
            }
        }
        ["sample", probe, guests, folder] => sample(probe, guests, folder.as_ref())?,
        ["judge", folder] => {
            let read = |name: &str| fs::read_to_string(Path::new(folder).join(name));
            println!("{}", judge(&read("expected")?, &read("printed")?)?);
        }
        _ => return Err(USAGE.into()),
    }
    Ok(())
}

/// Measures with pointers of 32 and of 64 bits, at the same time.
fn widths(probe: &str, folder: &str) -> Result<[Width; 2]> {
    let probe = fs::read(probe)?;
    let plugins = guests(folder)?;
    let cases: Vec<Case> = plugins.iter().cloned().chain(cases(BY_CHANCE)).collect();
    let told = |error: Failure| error.to_string();
    thread::scope(|scope| {
        let narrow = scope.spawn(|| narrow(&probe, &cases, plugins.len()).map_err(told));
        let wide = wide(&cases, plugins.len()).map_err(told)?;
        Ok([narrow.join().map_err(|_| "measuring has panicked")??, wide])
    })
}

fn narrow(probe: &[u8], cases: &[Case], plugins: usize) -> Result<Width> {
    let mut probe = Probe::new(probe)?;
    Ok(Width {
        name: "32 bits",
        now: Weights::BITS_32,
        frame: 16,
        once: probe.take(&small()).and_then(|()| probe.bookkeeping())?,
        samples: samples(cases, plugins, |wasm| {
            probe.take(wasm)?;
            probe.measured()
        })?,
    })
}

fn wide(cases: &[Case], plugins: usize) -> Result<Width> {
    Ok(Width {
        name: "64 bits",
        now: Weights::BITS_64,
        frame: 32,
        once: bookkeeping(&small()),
        samples: samples(cases, plugins, |wasm| Ok(measured(wasm)))?,
    })
}

/// Modules for the board, and what the probe has measured of them.
const SAMPLED: usize = 200;
/// The board has some megabytes of heap, for a module and for ballast of its size.
const MOST_BYTES: u64 = 3 << 19;

fn sample(probe: &str, folder: &str, into: &Path) -> Result<()> {
    let mut probe = Probe::new(&fs::read(probe)?)?;
    let plugins = guests(folder)?;
    let others: Vec<Case> = cases(100).collect();
    let step = others.len() / (SAMPLED - plugins.len()) + 1;
    // Neighbours are alike: every so many of them are all kinds.
    let others = (0..step).flat_map(|from| others.iter().skip(from).step_by(step));
    let (mut bytes, mut lines) = (Vec::new(), String::new());
    for case in plugins.iter().chain(others) {
        probe.take(&case.wasm)?;
        let promised = probe.promised()?;
        if promised.is_none_or(|bound| bound.peak() > MOST_BYTES) {
            continue;
        }
        let found = probe.measured()?.zip(promised).map(|(found, bound)| [found, bound]);
        if is_far(found) && plugins.iter().any(|plugin| plugin.name == case.name) {
            return Err(format!("{}: more than {NEAR:.1} times what it takes", case.name).into());
        }
        bytes.extend(u32::try_from(case.wasm.len())?.to_le_bytes());
        bytes.extend(&case.wasm);
        lines += &Line { name: case.name.clone(), found }.text();
        lines.push('\n');
        if lines.lines().count() == SAMPLED {
            break;
        }
    }
    fs::write(into.join("cases.bin"), bytes)?;
    Ok(fs::write(into.join("expected"), lines)?)
}

fn is_far(found: Option<[Found; 2]>) -> bool {
    found.is_some_and(|[found, bound]| ratios(&bound, &found)[0] > NEAR)
}

/// Measures all that a host loads.
fn samples(
    cases: &[Case],
    guests: usize,
    mut measure: impl FnMut(&[u8]) -> core::result::Result<Option<Found>, Error>,
) -> Result<Vec<Sample>> {
    let mut samples = Vec::new();
    for (at, case) in cases.iter().enumerate() {
        let found = measure(&case.wasm).map_err(|error| format!("{}: {error}", case.name))?;
        let matters = if at < guests { GUEST } else { 1.0 };
        samples.extend(found.and_then(|found| Sample::new(&case.name, &case.wasm, found, matters)));
    }
    Ok(samples)
}

/// What was measured with pointers of one width.
struct Width {
    name: &'static str,
    now: Weights,
    /// Bytes of a call frame, which is plain data.
    frame: u16,
    samples: Vec<Sample>,
    /// What a host keeps of any plugin, and what any instance takes.
    once: Option<[u64; 2]>,
}

impl Width {
    fn is_enough(&self) -> bool {
        report(&format!("{}, the table as it is", self.name), &self.samples, &self.now.items)
    }

    fn fitted(&self) -> Result<Fitted> {
        let Some([host, instance]) = self.once else {
            return Err("the small module isn't loaded".into());
        };
        let given: [Given; 4] = [
            ("host", reserved(host)),
            ("instance", reserved(instance)),
            ("call frame", self.frame),
            ("byte of meta", 1),
        ];
        let items = fit(&self.samples, &given).ok_or("no weights are enough")?;
        report(&format!("{}, fitted", self.name), &self.samples, &items);
        Ok(items)
    }
}

/// Bookkeeping may grow a little before anybody has to measure again.
fn reserved(bytes: u64) -> u16 {
    (bytes + bytes / 16).next_multiple_of(64) as u16
}
