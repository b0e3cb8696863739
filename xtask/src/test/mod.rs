//! `cargo xtask test`: every check that CI runs, in an order that finds the cheap mistakes first.
//!
//! A step is a function from nothing to a [`Tally`]. A step that fails stops the run. The last line is
//! `N passed, N failed`, which counts tests, not steps.

mod agents;
mod browser;
mod licences;
mod postgres;
pub(crate) mod rules;
mod rust;
mod spdx;
mod tally;
pub(crate) mod tidy;
mod tools;

use crate::{
    build, generate, process,
    progress::{Step as Screen, seconds},
    web, workspace,
};
use anyhow::{Result, bail};
use std::{
    fmt::Write,
    time::{Duration, Instant},
};
use tally::Tally;

/// What `test` is asked to do.
#[derive(clap::Args)]
pub struct Options {
    /// Run only this step (may be repeated). Steps that it builds on are not run.
    #[arg(long, value_name = "STEP")]
    only: Vec<String>,
    /// List the steps and end.
    #[arg(long)]
    list: bool,
}

struct Check {
    id: &'static str,
    title: &'static str,
    run: fn(&mut Screen) -> Result<Tally>,
}

/// The steps, in order.
const CHECKS: &[Check] = &[
    Check {
        id: "format",
        title: "Rust is formatted",
        run: format,
    },
    Check {
        id: "tidy",
        title: "House rules",
        run: tidy::run,
    },
    Check {
        id: "licences",
        title: "Licences and duplicate crates",
        run: licences::run,
    },
    Check {
        id: "web-packages",
        title: "Web packages",
        run: web_packages,
    },
    Check {
        id: "web-check",
        title: "Web lint and types",
        run: web_check,
    },
    Check {
        id: "web-test",
        title: "Web unit tests",
        run: web_test,
    },
    Check {
        id: "web-build",
        title: "Web build",
        run: web_build,
    },
    Check {
        id: "lint",
        title: "Clippy without a warning",
        run: lint,
    },
    Check {
        id: "build",
        title: "Rust build with tests",
        run: rust_build,
    },
    Check {
        id: "generated",
        title: "Generated files fresh",
        run: generated,
    },
    Check {
        id: "rust-test",
        title: "Rust tests, SQLite and PostgreSQL",
        run: rust::tests,
    },
    Check {
        id: "doc-test",
        title: "Rust examples in documentation",
        run: rust::doc_tests,
    },
    Check {
        id: "agents-test",
        title: "Real agents, scripted model",
        run: agents::run,
    },
    Check {
        id: "browser-test",
        title: "Browser tests",
        run: browser::run,
    },
];

/// Runs the checks.
///
/// # Errors
/// When one of them fails.
pub fn run(options: &Options) -> Result<()> {
    if options.list {
        for check in CHECKS {
            println!("{:<14}{}", check.id, check.title);
        }
        return Ok(());
    }
    let chosen = choose(&options.only)?;
    let started = Instant::now();
    let mut total = Tally::default();
    let mut summary = String::new();
    let mut failure = None;
    for check in chosen {
        let mut screen = Screen::begin(check.title);
        let outcome = (check.run)(&mut screen);
        let time = seconds(screen.elapsed());
        match outcome {
            Ok(tally) if tally.failed == 0 => {
                screen.done(&tally.remark());
                total += &tally;
                writeln!(summary, "  ok    {:<36}{time:>14}  {}", check.title, tally.remark())?;
            }
            Ok(tally) => {
                drop(screen);
                total += &tally;
                writeln!(summary, "  FAIL  {:<36}{time:>14}  {}", check.title, tally.remark())?;
                failure = Some((check, anyhow::anyhow!("{}", tally.output)));
            }
            Err(error) => {
                drop(screen);
                writeln!(summary, "  FAIL  {:<36}{time:>14}", check.title)?;
                // A check that broke is not a test that failed, but no reader of the last line may take it for success.
                total.failed += 1;
                failure = Some((check, error));
            }
        }
        if failure.is_some() {
            break;
        }
    }
    if let Some((check, error)) = &failure {
        println!("\n{error:#}\n\nAgain, this step alone: cargo xtask test --only {}", check.id);
    }
    println!("\n{summary}\n  in {}\n", seconds(started.elapsed()));
    println!("{} passed, {} failed", total.passed, total.failed);
    match failure {
        Some((check, _)) => bail!("{}: failed", check.title),
        None => Ok(()),
    }
}

fn choose(only: &[String]) -> Result<Vec<&'static Check>> {
    for id in only {
        if !CHECKS.iter().any(|check| check.id == id) {
            bail!("no step is called {id}; `cargo xtask test --list` names them");
        }
    }
    Ok(CHECKS
        .iter()
        .filter(|check| only.is_empty() || only.iter().any(|id| id == check.id))
        .collect())
}

fn format(step: &mut Screen) -> Result<Tally> {
    let log = workspace::scratch("logs")?.join("format.log");
    process::run_ok(build::cargo(&["fmt", "--all", "--check"]), &log, Duration::from_secs(60), step)?;
    Ok(Tally::default())
}

fn lint(step: &mut Screen) -> Result<Tally> {
    let log = workspace::scratch("logs")?.join("clippy.log");
    let command = build::cargo(&["clippy", "--locked", "--workspace", "--all-targets", "--", "-D", "warnings"]);
    process::run_ok(command, &log, Duration::from_secs(1800), step)?;
    Ok(Tally::default())
}

fn rust_build(step: &mut Screen) -> Result<Tally> {
    build::everything(step)?;
    Ok(Tally::default())
}

fn generated(step: &mut Screen) -> Result<Tally> {
    generate::files(true, step)?;
    Ok(Tally::default())
}

fn web_packages(step: &mut Screen) -> Result<Tally> {
    web::install(&web::app(), step)?;
    web::install(&web::browser_tests(), step)?;
    Ok(Tally::default())
}

fn web_check(step: &mut Screen) -> Result<Tally> {
    let command = web::npm(&web::app(), &["run", "check"]);
    process::run_ok(command, &web::log(&web::app(), "check")?, Duration::from_secs(300), step)?;
    Ok(Tally::default())
}

fn web_build(step: &mut Screen) -> Result<Tally> {
    web::build(step)?;
    Ok(Tally::default())
}

fn web_test(step: &mut Screen) -> Result<Tally> {
    let command = web::npm(&web::app(), &["test"]);
    let finished = process::run(command, &web::log(&web::app(), "test")?, Duration::from_secs(600), step)?;
    Tally::judge(tally::vitest(&finished.output), &finished)
}
