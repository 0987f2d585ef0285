//! `cargo xtask smallest`: boots the firmware example in the least RAM that one plugin runs in, works on it over its
//! line, and shows what becomes of it with less.

mod figures;
mod image;

use crate::{Result, firmware::Board, flash_table, link, workspace};
use figures::{Figures, Part, STEP};
use image::Image;
use std::{env, fs, path::PathBuf};

/// What the firmware's build takes other figures from.
const OTHER: &str = "AMPOULE_SMALLEST";

/// The plugins' stack lies above all else, and its guard at a multiple of its length.
const GUARD: u32 = 2048;

/// Steps that a figure may be above the least: its reserve, and what another compiler makes of it.
const MOST_STEPS: u32 = 8;

/// Looks for the least first, if it is to; then boots it.
pub(crate) fn run(sweep: bool) -> Result<()> {
    let board = Board::find(None)?;
    board.look_for_qemu()?;
    let path = workspace::root().join("firmware-example/memory/smallest.txt");
    if sweep {
        least(board)?.write(&path)?;
    }
    let figures = Figures::read(&path)?;
    let image = Image::open(board.build(",smallest")?)?;
    flash_table::print(image.path())?;
    let printed = link::one_plugin(board, image.path()).map_err(|short| {
        format!("{short}\n`cargo xtask smallest --sweep` looks for other figures")
    })?;
    println!("\n{printed}");
    tell(&figures, &image)?;
    Part::ALL.into_iter().try_for_each(|part| ends_with_less(board, &image, &figures, part))
}

/// What the RAM is made up of.
fn tell(figures: &Figures, image: &Image) -> Result<()> {
    let Figures { ram, stack, plugins_stack, heap } = figures;
    println!("| RAM | bytes |\n|---|---|");
    println!("| stack of the host | {stack} |\n| stack of plugins | {plugins_stack} |");
    println!("| heap | {heap} |");
    for (name, bytes) in flash_table::statics(image.path())? {
        println!("| {name} | {bytes} |");
    }
    let used = stack + plugins_stack + image.statics()?;
    println!("| left over | {} |\n| all of it | {ram} |\n", ram.saturating_sub(used));
    Ok(())
}

/// With less and less of something it doesn't run any more, and ends by itself. That is so some steps below what
/// it has, or else the figures are those of an older image.
fn ends_with_less(board: &Board, image: &Image, figures: &Figures, part: Part) -> Result<()> {
    for steps in 1..=MOST_STEPS {
        let bytes = figures.of(part).saturating_sub(steps * STEP);
        let less = image.less(&figures.with(part, bytes))?;
        if let Err(why) = link::one_plugin(board, &less) {
            println!("{} of {bytes} bytes: {}", part.name(), why.ended()?);
            return Ok(());
        }
    }
    let (name, bytes) = (part.name(), figures.of(part));
    Err(format!("{name} of {bytes} bytes is far more than it needs: run with --sweep").into())
}

/// The least of each part that runs, where there is ample of all others, with its reserve.
fn least(board: &Board) -> Result<Figures> {
    let ample = ample(board)?;
    link::one_plugin(board, ample.path())?;
    let mut found = Figures::AMPLE;
    for part in Part::ALL {
        let least = least_of(board, &ample, part)?;
        println!("{}: {least} bytes at least", part.name());
        found = found.with(part, least + part.reserve());
    }
    let statics = ample.statics()?.saturating_sub(Figures::AMPLE.heap);
    let below = (found.stack + found.heap + statics).next_multiple_of(GUARD);
    Ok(Figures { ram: below + found.plugins_stack, ..found })
}

/// The image with more of all than it needs.
fn ample(board: &Board) -> Result<Image> {
    let path = figures_path();
    Figures::AMPLE.write(&path)?;
    let built = board.build_with(",smallest", &[(OTHER, &path)]);
    fs::remove_file(&path)?;
    Image::open(built?)
}

fn figures_path() -> PathBuf {
    env::temp_dir().join(format!("ampoule-smallest-{}.txt", std::process::id()))
}

/// By halves: what runs with so much runs with more.
fn least_of(board: &Board, ample: &Image, part: Part) -> Result<u32> {
    let (mut too_little, mut enough) = (STEP, Figures::AMPLE.of(part));
    while enough - too_little > STEP {
        let middle = too_little.midpoint(enough) / STEP * STEP;
        let less = ample.less(&Figures::AMPLE.with(part, middle))?;
        match link::one_plugin(board, &less) {
            Ok(_) => enough = middle,
            Err(why) => {
                why.ended()?;
                too_little = middle;
            }
        }
    }
    Ok(enough)
}
