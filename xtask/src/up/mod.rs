//! `cargo xtask up`: from a fresh clone to a running Coord with something to try, in one command.
//!
//! It builds Cargo's dev profile, not release: cold it takes a third of the time, it shares its work with `cargo xtask test`,
//! and the few crates whose speed a person would feel (password hashing, SQLite) are optimised in the dev profile too. The server
//! then reads the web app from `canvas-web/dist`; `--release` makes the one binary with the web app inside.

mod api;
mod files;
mod prerequisites;
mod sample;
mod seed;

use crate::{
    build, interrupt,
    process::Service,
    progress::{Step, seconds},
    web, workspace,
};
use anyhow::{Context, Result};
use std::{
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::{Duration, Instant},
};

const READY_LIMIT: Duration = Duration::from_secs(30);

/// What `up` is asked to do.
#[derive(clap::Args)]
pub struct Options {
    /// Folder for everything that is kept between runs [default: coord-data in the repository].
    #[arg(long, value_name = "FOLDER")]
    data: Option<PathBuf>,
    /// Port to serve on, on this machine's loopback address.
    #[arg(long, default_value_t = 7080)]
    port: u16,
    /// Build optimised programs: minutes more the first time.
    #[arg(long)]
    release: bool,
}

/// Builds, starts, seeds, and stays until Ctrl-C.
///
/// # Errors
/// When something is missing, does not build, does not start, or dies.
pub fn run(options: &Options) -> Result<()> {
    let started = Instant::now();
    let data = match &options.data {
        Some(folder) => std::path::absolute(folder).context("the data folder has no absolute path")?,
        None => workspace::root().join("coord-data"),
    };
    prerequisites::check(&data, options.port)?;
    let profile = if options.release { "release" } else { "dev" };
    make_programs(profile)?;

    let programs = if options.release { "release" } else { "debug" };
    let base = format!("http://127.0.0.1:{}", options.port);
    let demo = data.join("demo");
    files::make_private_folder(&demo)?;

    let mut step = Step::begin("Server");
    let mut server = start_server(programs, &data, &demo, options.port, &base, &mut step)?;
    step.done(&base);

    let step = Step::begin("Demonstration");
    let seeded = seed::seed(&base, &demo)?;
    step.done(seeded.remark);

    let mut step = Step::begin("Runner");
    let mut runner = start_runner(programs, &demo, &seeded.runner_config, &mut step)?;
    seeded.wait_for_runner(&mut runner, &mut step)?;
    step.done("");

    greet(&base, &data, &seeded, started.elapsed());
    let outcome = watch(&mut server, &mut runner);
    stop(server, runner);
    outcome
}

fn make_programs(profile: &str) -> Result<()> {
    let mut step = Step::begin("Web packages");
    let installed = web::install(&web::app(), &mut step)?;
    step.done(if installed { "" } else { "already there" });
    let mut step = Step::begin("Web app");
    let built = web::build(&mut step)?;
    step.done(if built { "" } else { "nothing changed" });
    let mut step = Step::begin("Server and runner (the first build takes some minutes)");
    build::programs(profile, &mut step)?;
    step.done("");
    Ok(())
}

fn start_server(programs: &str, data: &Path, demo: &Path, port: u16, base: &str, step: &mut Step) -> Result<Service> {
    let mut command = Command::new(workspace::built(programs, "coord-server")?);
    command
        .args(["--listen", &format!("127.0.0.1:{port}")])
        .args(["--base-url", base])
        .arg("--data")
        .arg(data);
    let mut server = Service::start(&mut command, &demo.join("server.log"))?;
    // The server says where it serves once it does, on a line of its own.
    server.wait_for(READY_LIMIT, step, |output| output.contains("coord-server ready at ").then_some(()))?;
    Ok(server)
}

fn start_runner(programs: &str, demo: &Path, config: &Path, step: &mut Step) -> Result<Service> {
    let mut command = Command::new(workspace::built(programs, "coord-runner")?);
    command.arg("--config").arg(config).args(["run", "--no-ui"]);
    step.tick();
    Service::start(&mut command, &demo.join("runner.log"))
}

fn greet(base: &str, data: &Path, seeded: &seed::Seeded, time: Duration) {
    println!();
    println!("Coord is ready after {}:  {base}", seconds(time));
    println!();
    println!("  Sign in as  {}", seeded.account.email);
    println!("  Password    {}", seeded.account.password);
    println!();
    println!("  Open \"{}\" on the Board, make it ready and watch:", sample::FIRST_JOB);
    println!("  a scripted agent reads, asks you, edits, and hands in a change that you review and merge.");
    println!();
    println!("  Data and logs are kept in {}", workspace::shown(data));
    println!("  Ctrl-C stops everything.");
}

/// Returns when somebody wants to stop, or with an error when one of the two died.
fn watch(server: &mut Service, runner: &mut Service) -> Result<()> {
    while !interrupt::requested() {
        server.check_alive()?;
        runner.check_alive()?;
        thread::sleep(Duration::from_millis(100));
    }
    Ok(())
}

/// The runner first, so that it can still hand back what it holds.
fn stop(mut server: Service, mut runner: Service) {
    println!();
    let step = Step::begin("Stopping the runner");
    runner.stop(Duration::from_secs(20));
    step.done("");
    let step = Step::begin("Stopping the server");
    server.stop(Duration::from_secs(10));
    step.done("");
}
