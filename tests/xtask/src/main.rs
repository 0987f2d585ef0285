//! `cargo xtask`: what the workspace needs beyond cargo itself.

mod aims;
mod args;
mod asan;
mod cross;
mod firmware;
mod flash_table;
mod guest;
mod guests;
mod link;
mod locks;
mod new_guest;
mod nostd;
mod process;
mod setup;
mod smallest;
mod wasi;
mod weights;
mod workspace;

use args::Task;
use core::error::Error;
use firmware::Program;
use std::process::ExitCode;

/// Errors are for a person to read: what went wrong, and what cures it.
type Result<T, E = Box<dyn Error>> = core::result::Result<T, E>;

fn main() -> ExitCode {
    match args::parse(lexopt::Parser::from_env()).and_then(carry_out) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error}");
            ExitCode::FAILURE
        }
    }
}

fn carry_out(task: Task) -> Result<()> {
    match task {
        Task::Help => print!("{}", args::USAGE),
        Task::Setup { check } => setup::run(check)?,
        Task::NoStd => nostd::run()?,
        Task::Asan => asan::run()?,
        Task::Guests { check } => guests::run(check)?,
        Task::Firmware { board, check } => {
            firmware::run(board.as_deref(), Program::Demonstration, check)?;
        }
        Task::Conformance { board } => firmware::run(board.as_deref(), Program::Conformance, true)?,
        Task::Trials { board } => firmware::run(board.as_deref(), Program::Trials, true)?,
        Task::Smallest { sweep } => smallest::run(sweep)?,
        Task::Link { board } => link::run(board.as_deref())?,
        Task::Weights { check } => weights::run(check)?,
        Task::Bound => weights::on_board()?,
        Task::Wasi { check } => wasi::run(check)?,
        Task::BuildGuest { folder } => guests::build_at(&folder)?,
        Task::NewGuest { name, parent } => new_guest::run(&name, parent.as_deref())?,
    }
    Ok(())
}
