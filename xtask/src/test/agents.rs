//! The tests with the real programs of agents, which come from npm at pinned versions.

use super::{tally, tally::Tally};
use crate::{build, process, progress::Step, web, workspace};
use anyhow::Result;
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(600);

/// Installs the programs and runs the tests. Those of one machine share its memory: two at once.
pub fn run(step: &mut Step) -> Result<Tally> {
    web::install(&web::agents(), step)?;
    let arguments = ["test", "--locked", "--package", "coord-runner", "--test", "it", "--"];
    let chosen = ["--ignored", "agents::", "--test-threads=2"];
    let command = build::cargo(&[&arguments[..], &chosen[..]].concat());
    let finished = process::run(command, &workspace::scratch("logs")?.join("agents-test.log"), LIMIT, step)?;
    Tally::judge(tally::cargo_test(&finished.output), &finished)
}
