//! The browser tests of `e2e/`: a real server and runner, the system's Chromium.

use super::{tally, tally::Tally, tools};
use crate::{build, process, progress::Step, web, workspace};
use anyhow::{Context, Result};
use std::{path::PathBuf, time::Duration};

const LIMIT: Duration = Duration::from_secs(600);

/// Runs them.
pub fn run(step: &mut Step) -> Result<Tally> {
    let chromium = match find_chromium() {
        Some(program) => program,
        None => {
            tools::install("Chromium", &["chromium", "fonts-liberation"], step)?;
            find_chromium().context("Chromium was installed, but cannot be found")?
        }
    };
    web::install(&web::app(), step)?;
    web::build(step)?;
    web::install(&web::browser_tests(), step)?;
    build::everything(step)?;
    let folder = web::browser_tests();
    let mut command = web::npm(&folder, &["test"]);
    command
        .env("COORD_E2E_CHROMIUM", chromium)
        .env("COORD_E2E_SERVER", workspace::built("debug", "coord-server")?)
        .env("COORD_E2E_RUNNER", workspace::built("debug", "coord-runner")?);
    let finished = process::run(command, &web::log(&folder, "test")?, LIMIT, step)?;
    Tally::judge(tally::node(&finished.output), &finished)
}

fn find_chromium() -> Option<PathBuf> {
    ["chromium", "chromium-browser", "google-chrome"]
        .iter()
        .find_map(|name| workspace::on_path(name))
}
