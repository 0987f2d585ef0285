//! `cargo xtask firmware`: builds the firmware example, boots it in QEMU, and compares what it prints.

use crate::{Result, aims, cross::Cross, flash_table, locks, process, workspace};
use core::time::Duration;
use std::{
    fs,
    io::Read,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::Instant,
};

/// Lines of figures: sizes and times, which another compiler changes a little.
const FIGURES: &str = "# ";
/// By how much a figure may be larger or smaller than expected, in percent.
const MARGIN_PERCENT: u64 = 15;
/// Ends an emulator that hangs; one that doesn't takes seconds.
const MOST_TIME: Duration = Duration::from_secs(300);

/// A board, as QEMU knows it.
pub(crate) struct Board {
    pub(crate) name: &'static str,
    /// Of the firmware example.
    features: &'static str,
    target: &'static str,
    pub(crate) qemu: &'static str,
    package: &'static str,
    pub(crate) machine: &'static [&'static str],
    /// Whether console and link share the only port.
    pub(crate) shares_port: bool,
}

/// The first is the one whose figures are kept.
const BOARDS: [Board; 4] = [
    Board {
        name: "stm32f405",
        features: "stm32f405",
        target: "thumbv7em-none-eabihf",
        qemu: "qemu-system-arm",
        package: "qemu-system-arm",
        machine: &["-M", "netduinoplus2"],
        shares_port: false,
    },
    Board {
        name: "mps2-an505",
        features: "mps2-an505",
        target: "thumbv8m.main-none-eabihf",
        qemu: "qemu-system-arm",
        package: "qemu-system-arm",
        machine: &["-M", "mps2-an505"],
        shares_port: false,
    },
    Board {
        name: "virt",
        features: "virt,pmp",
        target: "riscv32imac-unknown-none-elf",
        qemu: "qemu-system-riscv32",
        package: "qemu-system-misc",
        machine: &["-M", "virt", "-bios", "none"],
        shares_port: true,
    },
    // As on chips that have no such protection.
    Board {
        name: "virt-without-pmp",
        features: "virt",
        target: "riscv32imac-unknown-none-elf",
        qemu: "qemu-system-riscv32",
        package: "qemu-system-misc",
        machine: &["-M", "virt", "-bios", "none"],
        shares_port: true,
    },
];

/// As in `firmware-example/.cargo/config.toml`. An instruction is a nanosecond.
const QEMU: [&str; 11] = [
    "-icount",
    "shift=0,sleep=off",
    "-nographic",
    "-monitor",
    "none",
    "-serial",
    "stdio",
    "-semihosting-config",
    "enable=on,target=native",
    "-no-reboot",
    "-kernel",
];

/// Builds and boots for a board, the main one if none is named; compares with `check`, else keeps what the
/// main one prints.
pub(crate) fn run(board: Option<&str>, program: Program, check: bool) -> Result<()> {
    let board = Board::find(board)?;
    locks::compare()?;
    board.look_for_qemu()?;
    let image = board.build(program.feature())?;
    let flash = flash_table::print(&image)?;
    let printed = board.boot(&image)?;
    println!("\n{printed}");
    if check && board.is_main() && program == Program::Demonstration {
        aims::check(flash, &printed)?;
    }
    let file = folder().join(program.expected());
    if check || !board.is_main() {
        let expected = workspace::read(&file)?;
        let figures = board.is_main() && program != Program::Trials;
        compare(&printed, &expected, figures)?;
        println!("{}: as in {}", board.name, file.display());
    } else {
        fs::write(&file, printed)?;
    }
    Ok(())
}

/// What the firmware does.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Program {
    Demonstration,
    /// Calls whose answers and fuel are known.
    Conformance,
    /// Every allocation fails in turn.
    Trials,
}

impl Program {
    const fn expected(self) -> &'static str {
        match self {
            Self::Demonstration => "expected.out",
            Self::Conformance => "conformance.out",
            Self::Trials => "trials.out",
        }
    }

    const fn feature(self) -> &'static str {
        match self {
            Self::Demonstration => ",emulated",
            Self::Conformance => ",conformance",
            Self::Trials => ",trials",
        }
    }
}

fn folder() -> PathBuf {
    workspace::root().join("firmware-example")
}

impl Board {
    pub(crate) fn find(name: Option<&str>) -> Result<&'static Self> {
        let Some(name) = name else { return Ok(&BOARDS[0]) };
        let board = BOARDS.iter().find(|board| board.name == name);
        let names = BOARDS.map(|board| board.name).join(", ");
        board.ok_or_else(|| format!("there is no board `{name}`; there are {names}").into())
    }

    pub(crate) fn is_main(&self) -> bool {
        self.name == BOARDS[0].name
    }

    pub(crate) fn look_for_qemu(&self) -> Result<()> {
        let found = process::output(Command::new(self.qemu).arg("--version"));
        found.map(|_| ()).map_err(|why| {
            let Self { package, .. } = self;
            let cure = format!("apt-get install --yes --no-install-recommends {package}");
            format!("{why}\ninstall it: {cure}").into()
        })
    }

    /// Builds it with the board's feature, and `more` behind that.
    pub(crate) fn build(&self, more: &str) -> Result<PathBuf> {
        self.build_with(more, &[])
    }

    /// [`Self::build`] with files that the environment names.
    pub(crate) fn build_with(&self, more: &str, files: &[(&str, &Path)]) -> Result<PathBuf> {
        let (folder, cross) = (folder(), Cross::find(self.target)?);
        let mut command = cross.cargo_build(&folder, self.target)?;
        command.args(["--quiet", "--release", "--locked", "--no-default-features", "--features"]);
        process::run(command.arg(format!("{}{more}", self.features)).envs(files.iter().copied()))?;
        let out = cross.target_dir(&folder)?.join(self.target);
        Ok(out.join("release/ampoule-firmware"))
    }

    fn boot(&self, image: &Path) -> Result<String> {
        let mut qemu = Command::new(self.qemu);
        end_of(qemu.args(self.machine).args(QEMU).arg(image))
    }
}

/// Boots an image of a Cortex-M, whose files lie in `folder`.
pub(crate) fn boot_in(folder: &Path, machine: &[&str], image: &Path) -> Result<String> {
    BOARDS[0].look_for_qemu()?;
    let mut qemu = Command::new(BOARDS[0].qemu);
    end_of(qemu.current_dir(folder).args(machine).args(QEMU).arg(image))
}

/// What an emulator prints until it ends itself.
fn end_of(qemu: &mut Command) -> Result<String> {
    qemu.stdin(Stdio::null()).stdout(Stdio::piped());
    let mut child = qemu.spawn()?;
    let mut output = child.stdout.take().ok_or("QEMU has no output")?;
    let reader = thread::spawn(move || {
        let mut bytes = vec![];
        output.read_to_end(&mut bytes).map(|_| bytes)
    });
    let start = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        if start.elapsed() > MOST_TIME {
            child.kill()?;
        }
        thread::sleep(Duration::from_millis(20));
    };
    let bytes = reader.join().map_err(|_| "QEMU's output can't be read")??;
    let printed = String::from_utf8_lossy(&bytes).into_owned();
    if status.success() {
        return Ok(printed);
    }
    Err(format!("{printed}\n`{}`: {status}", process::line(qemu)).into())
}

/// Compares line by line: figures loosely where they are kept, or not at all.
fn compare(printed: &str, expected: &str, figures: bool) -> Result<()> {
    let lines = |text: &str| -> Vec<String> {
        let kept = text.lines().filter(|line| figures || !line.starts_with(FIGURES));
        kept.map(str::to_owned).collect()
    };
    let (printed, expected) = (lines(printed), lines(expected));
    let alike = |(one, other): (&String, &String)| is_alike(one, other);
    let same = printed.iter().zip(&expected).take_while(|pair| alike(*pair)).count();
    if same == printed.len() && same == expected.len() {
        return Ok(());
    }
    let line = |lines: &[String]| lines.get(same).cloned().unwrap_or_else(|| "(the end)".into());
    Err(format!("printed:  {}\nexpected: {}", line(&printed), line(&expected)).into())
}

fn is_alike(printed: &str, expected: &str) -> bool {
    if !expected.starts_with(FIGURES) {
        return printed == expected;
    }
    let words = |line: &'_ str| -> Vec<String> { line.split(' ').map(str::to_owned).collect() };
    let (printed, expected) = (words(printed), words(expected));
    printed.len() == expected.len()
        && printed.iter().zip(&expected).all(|(one, other)| match (number(one), number(other)) {
            (Some(one), Some(other)) => one.abs_diff(other) * 100 <= other * MARGIN_PERCENT,
            _ => one == other,
        })
}

fn number(word: &str) -> Option<u64> {
    word.trim_end_matches(',').parse().ok()
}

#[cfg(test)]
mod tests {
    use super::{Board, compare};

    #[test]
    fn figures_may_differ_a_little_and_words_may_not() {
        let expected = "# heap: 1000 bytes, 50 us\nfine\n";
        for (printed, figures, alike) in [
            (expected, true, true),
            ("# heap: 1150 bytes, 43 us\nfine\n", true, true),
            ("# heap: 1151 bytes, 50 us\nfine\n", true, false),
            ("# heap: 1000 bytes, 58 us\nfine\n", true, false),
            ("# heap: 1000 words, 50 us\nfine\n", true, false),
            ("fine\n", true, false),
            ("# heap: 9 bytes, 9 us\nfine\n", false, true),
            ("# heap: 1000 bytes, 50 us\nfine\nmore\n", true, false),
            ("# heap: 1000 bytes, 50 us\n", true, false),
            ("# heap: 1000 bytes, 50 us\nbad\n", false, false),
        ] {
            assert_eq!(compare(printed, expected, figures).is_ok(), alike, "{printed}");
        }
    }

    #[test]
    fn an_unknown_board_is_told_the_known_ones() {
        let error = Board::find(Some("toaster")).err().unwrap().to_string();
        assert!(error.contains("toaster") && error.contains("stm32f405"), "{error}");
        assert!(Board::find(None).unwrap().is_main());
    }
}
