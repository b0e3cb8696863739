//! The Rust tests, on SQLite and on a PostgreSQL of their own.

use super::{postgres::Postgres, tally, tally::Tally};
use crate::{build, process, progress::Step, workspace};
use anyhow::{Result, bail};
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(1800);

/// The variable that tells the tests where PostgreSQL is. Without it they run on SQLite alone.
const POSTGRES: &str = "COORD_TEST_POSTGRES";

/// Runs all unit and integration tests of the workspace.
pub fn tests(step: &mut Step) -> Result<Tally> {
    build::everything(step)?;
    let postgres = Postgres::start(step)?;
    let with_nextest = workspace::on_path("cargo-nextest").is_some();
    let mut command = if with_nextest {
        build::cargo(&["nextest", "run", "--locked", "--workspace", "--all-targets", "--no-fail-fast"])
    } else {
        build::cargo(&["test", "--locked", "--workspace", "--all-targets", "--no-fail-fast"])
    };
    command.env(POSTGRES, postgres.url());
    let finished = process::run(command, &workspace::scratch("logs")?.join("rust-test.log"), LIMIT, step)?;
    let counted = if with_nextest {
        tally::nextest(&finished.output)
    } else {
        tally::cargo_test(&finished.output)
    };
    let tally = Tally::judge(counted, &finished)?;
    if !postgres.was_used() {
        bail!("No test connected to PostgreSQL, though {POSTGRES} was set.");
    }
    Ok(tally)
}

/// Runs the examples in documentation comments; there may be none.
pub fn doc_tests(step: &mut Step) -> Result<Tally> {
    let log = workspace::scratch("logs")?.join("doc-test.log");
    let finished = process::run(build::cargo(&["test", "--locked", "--workspace", "--doc"]), &log, LIMIT, step)?;
    let counted = tally::cargo_test(&finished.output);
    if finished.ok && counted.is_none_or(|(passed, failed)| passed + failed == 0) {
        return Ok(Tally::default());
    }
    Tally::judge(counted, &finished)
}
