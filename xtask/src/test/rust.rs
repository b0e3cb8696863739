//! The Rust tests, on SQLite and on a PostgreSQL of their own.

use super::{postgres::Postgres, tally, tally::Tally};
use crate::{build, process, progress::Step, workspace};
use anyhow::{Result, bail};
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(1800);

/// The variable that tells the tests where PostgreSQL is. Without it they run on SQLite alone.
const POSTGRES: &str = "COORD_TEST_POSTGRES";

/// The variable with which the tests of the server's API run it on that PostgreSQL.
const SERVER: &str = "COORD_TEST_SERVER";

/// Runs all unit and integration tests of the workspace; those of the server's API once more on PostgreSQL.
pub fn tests(step: &mut Step) -> Result<Tally> {
    build::everything(step)?;
    let postgres = Postgres::start(step)?;
    let url = postgres.url();
    let mut tally = run(&["--workspace", "--all-targets"], &[(POSTGRES, &url)], "rust-test.log", step)?;
    if !postgres.was_used() {
        bail!("No test connected to PostgreSQL, though {POSTGRES} was set.");
    }
    if tally.failed == 0 {
        let env = [(POSTGRES, url.as_str()), (SERVER, "postgres")];
        let on_postgres = run(&["--package", "coord-server", "--tests"], &env, "rust-test-postgres.log", step)?;
        tally += &on_postgres;
        tally.output = on_postgres.output;
    }
    Ok(tally)
}

fn run(which: &[&str], env: &[(&str, &str)], log: &str, step: &mut Step) -> Result<Tally> {
    let with_nextest = workspace::on_path("cargo-nextest").is_some();
    let runner: &[&str] = if with_nextest { &["nextest", "run"] } else { &["test"] };
    let mut command = build::cargo(&[runner, &["--locked", "--no-fail-fast"], which].concat());
    command.envs(env.iter().copied());
    let finished = process::run(command, &workspace::scratch("logs")?.join(log), LIMIT, step)?;
    let counted = if with_nextest {
        tally::nextest(&finished.output)
    } else {
        tally::cargo_test(&finished.output)
    };
    Tally::judge(counted, &finished)
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
