//! The project's own commands: `cargo xtask up`, `cargo xtask test`, `cargo xtask generate`.
//!
//! Start reading at [`test`] for what CI runs and at [`up`] for what a newcomer runs. Everything that starts a program goes
//! through [`process`], so that nothing is left behind when a command is interrupted.

mod build;
mod generate;
mod interrupt;
mod process;
mod progress;
mod random;
mod test;
mod up;
mod web;
mod workspace;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", about = "Builds, runs and checks Coord")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Build what is missing and run Coord on this machine with a demonstration workspace.
    Up(up::Options),
    /// Run every check that CI runs.
    Test(test::Options),
    /// Write the files that are generated from the code: the OpenAPI document and the TypeScript client.
    Generate {
        /// Write nothing; fail when a committed file is out of date.
        #[arg(long)]
        check: bool,
    },
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome = interrupt::install().and_then(|()| match arguments.command {
        Command::Up(options) => up::run(&options),
        Command::Test(options) => test::run(&options),
        Command::Generate { check } => generate::run(check),
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if interrupt::requested() => {
            eprintln!("\nInterrupted: {error:#}");
            ExitCode::from(130)
        }
        Err(error) => {
            eprintln!("\n{error:#}");
            ExitCode::FAILURE
        }
    }
}
