//! Building the Rust programs.

use crate::{process, progress::Step, workspace};
use anyhow::Result;
use std::{process::Command, time::Duration};

const LIMIT: Duration = Duration::from_secs(1800);

/// `cargo` with `arguments` in the repository, for a log: no colours, no progress bar.
pub fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new("cargo");
    command.args(arguments).current_dir(workspace::root());
    command.env("CARGO_TERM_COLOR", "never").env("CARGO_TERM_PROGRESS_WHEN", "never");
    command
}

/// Builds the server and the runner with Cargo's profile `profile`.
pub fn programs(profile: &str, step: &mut Step) -> Result<()> {
    let log = workspace::scratch("logs")?.join("build-programs.log");
    let command = cargo(&[
        "build",
        "--locked",
        "--profile",
        profile,
        "--package",
        "coord-server",
        "--package",
        "coord-runner",
    ]);
    process::run_ok(command, &log, LIMIT, step)?;
    Ok(())
}

/// Builds everything that the tests use, programs included, once and with the features of the test build.
pub fn everything(step: &mut Step) -> Result<()> {
    let log = workspace::scratch("logs")?.join("build-tests.log");
    process::run_ok(cargo(&["build", "--locked", "--workspace", "--all-targets"]), &log, LIMIT, step)?;
    Ok(())
}
