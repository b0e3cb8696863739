//! `coord-loadtest SCENARIO`: see `--help`.

use anyhow::{Context as _, Result};
use clap::{Parser, Subcommand};
use coord_loadtest::{
    chance::Chance,
    kill::{
        self, Found,
        canvas::{plan as canvas_plan, plans as canvas_plans, seen as canvas_seen},
        cut, fleet,
        plan::Plan,
        world::Programs,
    },
    process,
    progress::Progress,
    report::{Figures, Report, Target as Wanted},
    scenarios::{canvas, dispatch, hostile, idle, log_open, logs, people, team},
    stage::{Stage, Target},
};
use serde::Serialize;
use std::{path::PathBuf, process::ExitCode, time::Duration};

/// Load scenarios against a Coord server, and the test of its crashes. Exits with 1 when a target is missed, with 2 when it cannot run.
#[derive(Parser)]
#[command(name = "coord-loadtest", version)]
struct Args {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    scenario: Scenario,
}

#[derive(clap::Args)]
struct Common {
    #[command(flatten)]
    target: Target,
    /// Everything by chance follows from it.
    #[arg(long, global = true, default_value_t = 1)]
    seed: u64,
    /// Where the result goes, as JSON.
    #[arg(long, global = true, value_name = "FILE")]
    json: Option<PathBuf>,
    /// How often it is measured, each time on a new server; the result is the median.
    #[arg(long, global = true, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=20))]
    runs: u32,
    /// Most seconds of one run.
    #[arg(long, global = true, default_value_t = 600)]
    limit: u64,
}

#[derive(Subcommand)]
enum Scenario {
    /// From Ready to an assignment received, past a long queue, and how fast a queue is drained.
    Dispatch {
        #[command(flatten)]
        settings: dispatch::Settings,
        /// Most milliseconds from Ready to an assignment received, p99.
        #[arg(long)]
        max_p99_ms: Option<f64>,
        /// Fewest jobs a second when a queue is drained.
        #[arg(long)]
        min_per_s: Option<f64>,
    },
    /// From an entry written to its receipt by everyone who watches, or how many entries the server takes.
    Logs {
        #[command(flatten)]
        settings: logs::Settings,
        /// Most milliseconds from written to received, p95.
        #[arg(long)]
        max_p95_ms: Option<f64>,
        /// Fewest entries a second accepted.
        #[arg(long)]
        min_per_s: Option<f64>,
    },
    /// Opening a very long log anywhere.
    LogOpen {
        #[command(flatten)]
        settings: log_open::Settings,
        /// Most milliseconds for a page, the slowest of all.
        #[arg(long)]
        max_page_ms: Option<f64>,
        /// Most MiB by which the server grows while the log is opened.
        #[arg(long)]
        max_growth_mib: Option<f64>,
    },
    /// What a server costs that has nothing to do, and how fast it starts.
    Idle {
        #[command(flatten)]
        settings: idle::Settings,
        /// Most MiB at rest.
        #[arg(long)]
        max_rss_mib: Option<f64>,
        /// Most milliseconds of a start on data that is there.
        #[arg(long)]
        max_start_ms: Option<f64>,
    },
    /// How fast pages load for people while jobs change.
    People {
        #[command(flatten)]
        settings: people::Settings,
        /// Most milliseconds of an answer, p95.
        #[arg(long)]
        max_p95_ms: Option<f64>,
    },
    /// A team at work: how long each page waits for the server, and whether anybody misses a change.
    Team {
        #[command(flatten)]
        settings: team::Settings,
        /// Most milliseconds of a page, p95.
        #[arg(long)]
        max_p95_ms: Option<f64>,
    },
    /// Connections that mean harm: what each costs the server, and whoever works beside them.
    Hostile {
        #[command(flatten)]
        settings: hostile::Settings,
        /// Most KiB that one adds to the server.
        #[arg(long)]
        max_kib: Option<f64>,
    },
    #[command(flatten)]
    Canvas(Canvas),
    /// A server that only hands frames on, to compare with.
    #[command(hide = true)]
    Bare,
    /// `kill -9` of a real server and a real runner at seeded moments: nothing acknowledged is lost, no job is stuck.
    Kill {
        /// Kills of each.
        #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=10_000))]
        rounds: u32,
        /// Performs a plan that was saved, instead of drawing one from the seed.
        #[arg(long, value_name = "FILE")]
        plan: Option<PathBuf>,
        /// Most seconds until all jobs have ended, after the last kill.
        #[arg(long, default_value_t = 240)]
        settle: u64,
        #[command(flatten)]
        runner: Runner,
    },
    /// Many runners, many jobs, and what can befall them: kills, sleep, cut and slow networks, wrong clocks, copies, kills of the server.
    /// No job is done twice, lost or stuck.
    Runners {
        /// Runners.
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=500))]
        runners: u32,
        /// Jobs.
        #[arg(long, default_value_t = 2_000)]
        jobs: u32,
        /// Faults.
        #[arg(long, default_value_t = 300)]
        faults: u32,
        /// How long a claim holds without a heartbeat, in milliseconds.
        #[arg(long, default_value_t = 15_000, value_parser = clap::value_parser!(u64).range(1_000..=90_000))]
        lease_ms: u64,
        /// Longest pause between two heartbeats, in milliseconds.
        #[arg(long, default_value_t = 2_000, value_parser = clap::value_parser!(u64).range(200..=10_000))]
        heartbeat_ms: u64,
        /// Performs a plan that was saved, instead of drawing one from the seed.
        #[arg(long, value_name = "FILE")]
        plan: Option<PathBuf>,
        /// Most seconds until all jobs are done, after the last fault.
        #[arg(long, default_value_t = 240)]
        settle: u64,
    },
    /// The network between a real runner and the server is cut in mid-attempt: nothing is lost.
    Cut {
        /// For so many seconds.
        #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=85))]
        seconds: u64,
        #[command(flatten)]
        runner: Runner,
    },
    /// People edit canvases, undo, lose connections and rights, and the server is killed, by plans: at rest all have the same.
    CanvasPlans {
        /// How many plans, one after another on one server.
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=100_000))]
        plans: u32,
        /// Steps of each.
        #[arg(long, default_value_t = 40)]
        steps: usize,
        /// Performs a plan that was saved, instead of drawing some from the seed.
        #[arg(long, value_name = "FILE")]
        plan: Option<PathBuf>,
    },
    /// `kill -9` of a server while somebody's edits reach somebody else: nothing seen is lost.
    CanvasKill {
        /// Kills, each at another moment.
        #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=10_000))]
        kills: u32,
    },
    /// A runner comes back after its lease was taken over: it is refused by its fence and drops the work.
    Takeover {
        #[command(flatten)]
        runner: Runner,
    },
}

#[derive(Subcommand)]
#[expect(clippy::enum_variant_names, reason = "the names are those of the scenarios")]
enum Canvas {
    /// From an edit on a canvas to its receipt by everybody else there.
    CanvasFanout {
        #[command(flatten)]
        settings: canvas::fanout::Settings,
        /// Most milliseconds from sent to received, p99.
        #[arg(long)]
        max_p99_ms: Option<f64>,
        /// Most times the p99 of a server that only hands frames on; with --compare.
        #[arg(long)]
        max_ratio_p99: Option<f64>,
    },
    /// The highest rate of edits that is received in time.
    CanvasCapacity {
        #[command(flatten)]
        settings: canvas::capacity::Settings,
        /// Fewest deliveries a second.
        #[arg(long)]
        min_per_s: Option<f64>,
    },
    /// What people cost who have a canvas open and do nothing.
    CanvasIdle {
        #[command(flatten)]
        settings: canvas::idle::Settings,
        /// Most KiB for a connection.
        #[arg(long)]
        max_socket_kib: Option<f64>,
        /// Most MiB of the server.
        #[arg(long)]
        max_rss_mib: Option<f64>,
    },
    /// What an open document costs.
    CanvasMemory {
        #[command(flatten)]
        settings: canvas::memory::Settings,
        /// Most KiB for a document.
        #[arg(long)]
        max_document_kib: Option<f64>,
    },
    /// How fast large canvases open.
    CanvasOpen {
        #[command(flatten)]
        settings: canvas::open::Settings,
        /// Most milliseconds from the question for the large one to the last byte of it, p50.
        #[arg(long)]
        max_objects_ms: Option<f64>,
        /// The same for the one with a long history.
        #[arg(long)]
        max_edits_ms: Option<f64>,
    },
    /// People who move their cursors on one canvas.
    Presence {
        #[command(flatten)]
        settings: canvas::presence::Settings,
        /// Most frames a second for each of them.
        #[arg(long)]
        max_frames_per_s: Option<f64>,
        /// Most of the CPU of a server that only hands frames on; with --compare.
        #[arg(long)]
        max_ratio_cpu: Option<f64>,
    },
}

#[derive(clap::Args)]
struct Runner {
    /// The runner's program; without it the one beside this program.
    #[arg(long, value_name = "FILE")]
    runner_program: Option<PathBuf>,
}

impl Runner {
    fn programs(&self, target: &Target) -> Result<Programs> {
        Ok(Programs {
            server: target.own_server()?,
            runner: process::find(self.runner_program.as_deref(), "coord-runner")?,
        })
    }
}

fn main() -> ExitCode {
    let args = Args::parse();
    // The HTTP client wants a provider even for plain HTTP; there can be no other yet.
    drop(rustls::crypto::ring::default_provider().install_default());
    if matches!(args.scenario, Scenario::Bare) {
        return ended(coord_loadtest::bare::serve().map(|()| true));
    }
    let done = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .context("the runtime cannot be started")
        .and_then(|runtime| {
            let done = runtime.block_on(perform(args));
            runtime.shutdown_timeout(Duration::from_millis(100));
            done
        });
    ended(done)
}

fn ended(done: Result<bool>) -> ExitCode {
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("coord-loadtest: {error:#}");
            ExitCode::from(2)
        }
    }
}

/// Whether every target was met.
async fn perform(Args { common, scenario }: Args) -> Result<bool> {
    match scenario {
        Scenario::Dispatch {
            settings,
            max_p99_ms,
            min_per_s,
        } => {
            let wanted = [
                Wanted::max("ready_to_assigned_p99_ms", max_p99_ms),
                Wanted::min("drained_jobs_per_s", min_per_s),
            ];
            measure(&common, "dispatch", &settings, &wanted, async |stage, chance, progress| {
                dispatch::run(stage, &settings, chance, progress).await
            })
            .await
        }
        Scenario::Logs {
            settings,
            max_p95_ms,
            min_per_s,
        } => {
            let wanted = [
                Wanted::max("written_to_received_p95_ms", max_p95_ms),
                Wanted::min("accepted_per_s", min_per_s),
            ];
            measure(&common, "logs", &settings, &wanted, async |stage, chance, progress| {
                logs::run(stage, &settings, chance, progress).await
            })
            .await
        }
        Scenario::LogOpen {
            settings,
            max_page_ms,
            max_growth_mib,
        } => {
            let wanted = [
                Wanted::max("page_max_ms", max_page_ms),
                Wanted::max("growth_by_opening_mib", max_growth_mib),
            ];
            measure(&common, "log-open", &settings, &wanted, async |stage, chance, progress| {
                log_open::run(stage, &settings, chance, progress).await
            })
            .await
        }
        Scenario::Idle {
            settings,
            max_rss_mib,
            max_start_ms,
        } => {
            let wanted = [
                Wanted::max("rss_at_rest_mib", max_rss_mib),
                Wanted::max("warm_start_ms", max_start_ms),
            ];
            let (mut runs, mut progress) = (vec![], Progress::default());
            for _ in 0..common.runs {
                runs.push(idle::run(&common.target, &settings, &mut progress).await?);
            }
            progress.end();
            tell(&common, "idle", &settings, env!("CARGO_PKG_VERSION").to_owned(), &runs, &wanted)
        }
        Scenario::People { settings, max_p95_ms } => {
            let wanted = [Wanted::max("api_p95_ms", max_p95_ms)];
            measure(&common, "people", &settings, &wanted, async |stage, chance, progress| {
                people::run(stage, &settings, chance, progress).await
            })
            .await
        }
        Scenario::Team { settings, max_p95_ms } => {
            let wanted = [Wanted::max("missed", Some(0.0)), Wanted::max("page_p95_ms", max_p95_ms)];
            measure(&common, "team", &settings, &wanted, async |stage, chance, progress| {
                team::run(stage, &settings, chance, progress).await
            })
            .await
        }
        Scenario::Hostile { settings, max_kib } => {
            let wanted = [Wanted::max("worst_kib", max_kib)];
            measure(&common, "hostile", &settings, &wanted, async |stage, chance, progress| {
                hostile::run(stage, &settings, chance, progress).await
            })
            .await
        }
        Scenario::Canvas(scenario) => perform_canvas(&common, scenario).await,
        Scenario::Bare => Ok(true),
        Scenario::Kill {
            rounds,
            plan,
            settle,
            runner,
        } => {
            let programs = runner.programs(&common.target)?;
            let plan = plan.as_deref().map(Plan::load).transpose()?;
            let settings = serde_json::json!({ "rounds": rounds, "settle": settle });
            let seed = plan.as_ref().map_or(common.seed, |plan| plan.seed);
            survive(&common, "kill", seed, settings, async |seed, progress| {
                let plan = plan.clone().unwrap_or_else(|| Plan::draw(seed, rounds));
                kill::run(&programs, &plan, Duration::from_secs(settle), progress).await
            })
            .await
        }
        Scenario::Runners {
            runners,
            jobs,
            faults,
            lease_ms,
            heartbeat_ms,
            plan,
            settle,
        } => {
            let program = common.target.own_server()?;
            let plan = plan.as_deref().map(fleet::plan::Plan::load).transpose()?;
            let settings = serde_json::json!({ "runners": runners, "jobs": jobs, "faults": faults, "lease_ms": lease_ms });
            let seed = plan.as_ref().map_or(common.seed, |plan| plan.seed);
            survive(&common, "runners", seed, settings, async |seed, progress| {
                let drawn = || fleet::plan::Plan::draw(seed, runners, jobs, faults, lease_ms, heartbeat_ms);
                fleet::run(&program, &plan.clone().unwrap_or_else(drawn), Duration::from_secs(settle), progress).await
            })
            .await
        }
        Scenario::Cut { seconds, runner } => {
            let programs = runner.programs(&common.target)?;
            let settings = serde_json::json!({ "seconds": seconds });
            survive(&common, "cut", common.seed, settings, async |_, progress| {
                cut::short(&programs, Duration::from_secs(seconds), progress).await
            })
            .await
        }
        Scenario::CanvasPlans { plans, steps, plan } => {
            let program = common.target.own_server()?;
            let plan = plan.as_deref().map(canvas_plan::Plan::load).transpose()?;
            let settings = serde_json::json!({ "plans": plans, "steps": steps });
            let seed = plan.as_ref().map_or(common.seed, |plan| plan.seed);
            survive(&common, "canvas-plans", seed, settings, async |seed, progress| {
                let drawn = || (0..u64::from(plans)).map(|n| canvas_plan::Plan::draw(seed * 1_000_000 + n, steps));
                let plans: Vec<_> = plan.clone().map_or_else(|| drawn().collect(), |plan| vec![plan]);
                canvas_plans::run(&program, &plans, progress).await
            })
            .await
        }
        Scenario::CanvasKill { kills } => {
            let program = common.target.own_server()?;
            let settings = serde_json::json!({ "kills": kills });
            survive(&common, "canvas-kill", common.seed, settings, async |seed, progress| {
                canvas_seen::run(&program, seed, kills, progress).await
            })
            .await
        }
        Scenario::Takeover { runner } => {
            let programs = runner.programs(&common.target)?;
            survive(&common, "takeover", common.seed, serde_json::Value::Null, async |_, progress| {
                cut::takeover(&programs, progress).await
            })
            .await
        }
    }
}

async fn perform_canvas(common: &Common, scenario: Canvas) -> Result<bool> {
    match scenario {
        Canvas::CanvasFanout {
            settings,
            max_p99_ms,
            max_ratio_p99,
        } => {
            let wanted = [
                Wanted::max("lost", Some(0.0)),
                Wanted::max("received_p99_ms", max_p99_ms),
                Wanted::max("ratio_received_p99", max_ratio_p99),
            ];
            measure(common, "canvas-fanout", &settings, &wanted, async |stage, chance, progress| {
                canvas::fanout::run(stage, &settings, chance, progress).await
            })
            .await
        }
        Canvas::CanvasCapacity { settings, min_per_s } => {
            let wanted = [Wanted::min("held_deliveries_per_s", min_per_s)];
            measure(common, "canvas-capacity", &settings, &wanted, async |stage, chance, progress| {
                canvas::capacity::run(stage, &settings, chance, progress).await
            })
            .await
        }
        Canvas::CanvasIdle {
            settings,
            max_socket_kib,
            max_rss_mib,
        } => {
            let wanted = [Wanted::max("socket_kib", max_socket_kib), Wanted::max("rss_mib", max_rss_mib)];
            measure(common, "canvas-idle", &settings, &wanted, async |stage, chance, progress| {
                canvas::idle::run(stage, &settings, chance, progress).await
            })
            .await
        }
        Canvas::CanvasMemory {
            settings,
            max_document_kib,
        } => {
            let wanted = [Wanted::max("document_kib", max_document_kib)];
            restarted(common, "canvas-memory", &settings, &wanted, async |target, chance, progress| {
                canvas::memory::run(target, &settings, chance, progress).await
            })
            .await
        }
        Canvas::CanvasOpen {
            settings,
            max_objects_ms,
            max_edits_ms,
        } => {
            let wanted = [
                Wanted::max("objects_answer_p50_ms", max_objects_ms),
                Wanted::max("edits_answer_p50_ms", max_edits_ms),
            ];
            restarted(common, "canvas-open", &settings, &wanted, async |target, chance, progress| {
                canvas::open::run(target, &settings, chance, progress).await
            })
            .await
        }
        Canvas::Presence {
            settings,
            max_frames_per_s,
            max_ratio_cpu,
        } => {
            let wanted = [
                Wanted::max("frames_per_client_per_s", max_frames_per_s),
                Wanted::max("ratio_cpu", max_ratio_cpu),
            ];
            measure(common, "presence", &settings, &wanted, async |stage, chance, progress| {
                canvas::presence::run(stage, &settings, chance, progress).await
            })
            .await
        }
    }
}

/// Measures what starts servers itself.
async fn restarted(
    common: &Common,
    name: &'static str,
    settings: &impl Serialize,
    wanted: &[Option<Wanted>],
    run: impl AsyncFn(&Target, &mut Chance, &mut Progress) -> Result<Figures>,
) -> Result<bool> {
    let (mut runs, mut progress) = (vec![], Progress::default());
    for n in 0..common.runs {
        let seed = common.seed + u64::from(n);
        progress.note(format!("{name}, run {} of {}, seed {seed}", n + 1, common.runs));
        let limit = Duration::from_secs(common.limit);
        let figures = tokio::time::timeout(limit, run(&common.target, &mut Chance::new(seed), &mut progress)).await;
        runs.push(figures.with_context(|| format!("not done after {} s", common.limit))??);
    }
    progress.end();
    tell(common, name, settings, env!("CARGO_PKG_VERSION").to_owned(), &runs, wanted)
}

/// Whether everything survived.
async fn survive(
    common: &Common,
    name: &'static str,
    first: u64,
    settings: serde_json::Value,
    run: impl AsyncFn(u64, &mut Progress) -> Result<Found>,
) -> Result<bool> {
    let (mut runs, mut violations, mut progress) = (vec![], vec![], Progress::default());
    for n in 0..common.runs {
        let seed = first + u64::from(n);
        progress.note(format!("{name}, run {} of {}, seed {seed}", n + 1, common.runs));
        let limit = Duration::from_secs(common.limit);
        let found = tokio::time::timeout(limit, run(seed, &mut progress)).await;
        let found = found.with_context(|| format!("not done after {} s", common.limit))??;
        runs.push(found.figures);
        violations.extend(found.violations.into_iter().map(|words| format!("seed {seed}: {words}")));
        if let Some(folder) = found.kept {
            progress.note(format!(
                "seed {seed} failed; data, logs and plan.json are kept in {}",
                folder.display()
            ));
        }
    }
    progress.end();
    let mut report = Report::new(name, first, settings, env!("CARGO_PKG_VERSION").to_owned(), &runs, &[]);
    report.missed = violations;
    finish(common, &report)
}

async fn measure(
    common: &Common,
    name: &'static str,
    settings: &impl Serialize,
    wanted: &[Option<Wanted>],
    run: impl AsyncFn(&Stage, &mut Chance, &mut Progress) -> Result<Figures>,
) -> Result<bool> {
    let (mut runs, mut version, mut progress) = (vec![], String::new(), Progress::default());
    for n in 0..common.runs {
        let seed = common.seed + u64::from(n);
        progress.note(format!("{name}, run {} of {}, seed {seed}", n + 1, common.runs));
        let stage = Stage::open(&common.target, name).await?;
        version = stage.person.server_version().await?;
        let limit = Duration::from_secs(common.limit);
        let figures = tokio::time::timeout(limit, run(&stage, &mut Chance::new(seed), &mut progress)).await;
        runs.push(figures.with_context(|| format!("not done after {} s", common.limit))??);
    }
    progress.end();
    tell(common, name, settings, version, &runs, wanted)
}

fn tell(
    common: &Common,
    name: &'static str,
    settings: &impl Serialize,
    version: String,
    runs: &[Figures],
    wanted: &[Option<Wanted>],
) -> Result<bool> {
    let wanted: Vec<_> = wanted.iter().flatten().cloned().collect();
    let report = Report::new(name, common.seed, serde_json::to_value(settings)?, version, runs, &wanted);
    finish(common, &report)
}

fn finish(common: &Common, report: &Report) -> Result<bool> {
    print!("{}", report.table());
    if let Some(file) = &common.json {
        report.save(file)?;
    }
    Ok(report.missed.is_empty())
}
