//! A fleet of runners on a real server, and what can befall them: no job is done twice, none is lost or stuck, no runner gets more than it
//! takes, and one that goes away is seen to be lost.

pub mod ledger;
pub mod plan;
pub mod unit;

use super::{
    Found,
    plan::lines_in,
    proxy::Proxy,
    world::{Programs, World},
};
use crate::{
    client::{http::Person, runner::AGENT, socket::Socket},
    progress::Progress,
    report::Figures,
};
use anyhow::{Context as _, Result};
use coord_protocol::{
    attempt::{Attempt, Outcome},
    feed::{FeedBody, FeedMessage},
    id::WorkspaceId,
    job::{Job, JobState, NewJob},
    log::LogBody,
    runner::{CreatedRunner, RunnerView},
};
use futures_util::{StreamExt as _, stream};
use ledger::Ledger;
use plan::{Deed, Plan};
use reqwest::Method;
use std::{
    path::Path,
    sync::{Arc, atomic::AtomicBool, atomic::Ordering},
    time::{Duration, Instant},
};
use tokio::{
    sync::mpsc,
    task::{JoinHandle, JoinSet},
};
use unit::{Blow, Disk, Unit};

/// Longest wait for one command to be taken by a server that is killed now and then.
const TAKEN: Duration = Duration::from_secs(60);

/// Pause before something is tried again.
const AGAIN: Duration = Duration::from_millis(100);

/// Calls at once where there are many.
const AT_ONCE: usize = 8;

/// Blows that wait for one program.
const BLOWS: usize = 64;

/// One program that has a runner's identity.
struct Running {
    blows: mpsc::Sender<Blow>,
    disk: Disk,
    connected: Arc<AtomicBool>,
}

/// An identity, with the programs that have it; the last began last.
struct Member {
    created: CreatedRunner,
    concurrency: u32,
    proxy: Arc<Proxy>,
    running: Vec<Running>,
}

struct Fleet {
    plan: Arc<Plan>,
    ledger: Arc<Ledger>,
    members: Vec<Member>,
    tasks: JoinSet<()>,
}

/// Performs a plan on the server's program.
///
/// # Errors
/// When it cannot be performed; what must not be is in [`Found::violations`].
pub async fn run(server: &Path, plan: &Plan, settle: Duration, progress: &mut Progress) -> Result<Found> {
    progress.step("starting the server");
    let programs = Programs {
        server: server.to_owned(),
        runner: server.to_owned(),
    };
    let flags = [
        "--lease-ms".to_owned(),
        plan.lease_ms.to_string(),
        "--heartbeat-ms".to_owned(),
        plan.heartbeat_ms.to_string(),
    ];
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    let mut world = World::without_runner(&programs, &flags).await?;
    plan.save(&world.folder().join("plan.json"))?;
    let ledger = Arc::new(Ledger::default());
    ledger.server_up(Some(crate::chance::now()));
    let mut fleet = Fleet {
        plan: Arc::new(plan.clone()),
        ledger: Arc::clone(&ledger),
        members: Vec::new(),
        tasks: JoinSet::new(),
    };
    progress.step("starting the runners");
    for (n, concurrency) in plan.runners.iter().enumerate() {
        let created = world.person.runner(&format!("Runner {n}")).await?;
        let proxy = Arc::new(Proxy::start(world.address).await?);
        fleet.members.push(Member {
            created,
            concurrency: *concurrency,
            proxy,
            running: Vec::new(),
        });
        fleet.start(n, Disk::default());
    }
    let began = Instant::now();
    let watching = tokio::spawn(follow(world.person.clone(), world.workspace, Arc::clone(&ledger)));
    let looking = tokio::spawn(look(world.person.clone(), Arc::clone(&ledger)));
    let making = tokio::spawn(make(world.person.clone(), world.workspace, plan.clone(), Arc::clone(&ledger)));
    progress.step("letting things befall them");
    let mut performed = Ok(());
    for (n, fault) in plan.faults.iter().enumerate() {
        tokio::time::sleep_until((began + Duration::from_millis(fault.at_ms)).into()).await;
        progress.at(format!("{} of {}, {} jobs done", n + 1, plan.faults.len(), ledger.done()));
        ledger.count(fault.deed.name());
        performed = fleet.befall(&mut world, &fault.deed).await;
        if performed.is_err() {
            break;
        }
    }
    progress.step("waiting for the rest");
    let after = Instant::now();
    while performed.is_ok() && ledger.done() < plan.jobs.len() && after.elapsed() < settle {
        progress.at(format!("{} of {} jobs done", ledger.done(), plan.jobs.len()));
        tokio::time::sleep(AGAIN).await;
    }
    let mut found = Found::default();
    found.figures.add("seconds", began.elapsed().as_secs_f64());
    if let Err(error) = performed {
        found.violations.push(format!("{error:#}"));
    }
    found.violations.extend(ledger.open().into_iter().take(20));
    progress.step("checking what is there");
    for task in [watching, looking, making] {
        end(task).await;
    }
    fleet.tasks.shutdown().await;
    match check(&world, plan, &ledger, &mut found.figures).await {
        Ok(wrong) => found.violations.extend(wrong),
        Err(error) => found.violations.push(format!("the end cannot be checked: {error:#}")),
    }
    found.violations.extend(ledger.violations());
    for (name, count) in ledger.counts() {
        found.figures.add(name, f64::from(count));
    }
    let (free, lost) = ledger.slowest();
    found.figures.add("slowest_job_freed_s", free.as_secs_f64());
    found.figures.add("slowest_runner_seen_lost_s", lost.as_secs_f64());
    found.figures.add("violations", f64::from(u32::try_from(found.violations.len())?));
    found.kept = world.end(!found.violations.is_empty());
    Ok(found)
}

async fn end(task: JoinHandle<()>) {
    task.abort();
    // Aborted, which is what was asked for.
    let _ = task.await;
}

impl Fleet {
    /// Starts a program with a runner's identity and this disk.
    fn start(&mut self, member: usize, disk: Disk) {
        let member = &mut self.members[member];
        let (blows, waiting) = mpsc::channel(BLOWS);
        let connected = Arc::new(AtomicBool::new(false));
        let unit = Unit {
            id: member.created.id,
            token: member.created.token.clone(),
            address: format!("{}/api/v1/runner", member.proxy.url.replacen("http", "ws", 1)),
            concurrency: member.concurrency,
            plan: Arc::clone(&self.plan),
            ledger: Arc::clone(&self.ledger),
            disk: disk.clone(),
            connected: Arc::clone(&connected),
            offset_s: 0,
        };
        member.running.push(Running { blows, disk, connected });
        self.tasks.spawn(unit.live(waiting));
    }

    async fn befall(&mut self, world: &mut World, deed: &Deed) -> Result<()> {
        if let Deed::KillServer { down_ms } = deed {
            self.ledger.server_up(None);
            world.kill_server()?;
            tokio::time::sleep(Duration::from_millis(*down_ms)).await;
            world.start_server().await.context("after a kill of the server")?;
            self.ledger.server_up(Some(crate::chance::now()));
            return Ok(());
        }
        let Some(number) = deed.runner() else { return Ok(()) };
        let lease = Duration::from_millis(self.plan.lease_ms);
        let member = &mut self.members[number];
        // The one that gave up to a copy is over.
        member.running.retain(|running| !running.blows.is_closed());
        let Some(running) = member.running.last() else { return Ok(()) };
        let held = running.disk.held();
        let connected = running.connected.load(Ordering::Relaxed);
        let gone = |ms: u64| {
            let away = Duration::from_millis(ms);
            // Another program with this identity may be the one that is connected, and shorter absences need not be seen.
            let seen = connected && member.running.len() == 1 && away > lease;
            self.ledger.went(crate::chance::now(), member.created.id, &held, seen);
            away
        };
        // A full queue means that enough befalls it already.
        match *deed {
            Deed::KillServer { .. } => {}
            Deed::Kill { down_ms, .. } => drop(running.blows.try_send(Blow::Kill(gone(down_ms)))),
            Deed::Suspend { ms, .. } => drop(running.blows.try_send(Blow::Suspend(gone(ms)))),
            Deed::Clock { offset_s, .. } => drop(running.blows.try_send(Blow::Clock(offset_s))),
            Deed::Cut { ms, .. } => {
                let (away, proxy) = (gone(ms), Arc::clone(&member.proxy));
                self.tasks.spawn(async move { proxy.cut_for(away).await });
            }
            Deed::Slow { ms, delay_ms, .. } => {
                let proxy = Arc::clone(&member.proxy);
                proxy.delay(Duration::from_millis(delay_ms));
                self.tasks.spawn(async move {
                    tokio::time::sleep(Duration::from_millis(ms)).await;
                    proxy.delay(Duration::ZERO);
                });
            }
            Deed::Copy { .. } => {
                let disk = running.disk.copy();
                self.start(number, disk);
            }
        }
        Ok(())
    }
}

/// Calls until the server takes it.
async fn taken<T: serde::de::DeserializeOwned>(
    person: &Person,
    method: Method,
    path: &str,
    body: Option<serde_json::Value>,
    key: Option<&str>,
) -> Result<T> {
    let began = Instant::now();
    loop {
        match person.ask(method.clone(), path, body.clone(), key).await {
            Err(error) if error.is_passing() && began.elapsed() < TAKEN => tokio::time::sleep(AGAIN).await,
            answer => return Ok(answer?),
        }
    }
}

async fn make(person: Person, workspace: WorkspaceId, plan: Plan, ledger: Arc<Ledger>) {
    let seed = plan.seed;
    stream::iter(0..plan.jobs.len())
        .for_each_concurrent(AT_ONCE, |n| {
            let (person, ledger) = (&person, &ledger);
            async move {
                let new = NewJob {
                    title: title(n),
                    agent: Some(AGENT.to_owned()),
                    state: Some(JobState::Ready),
                    ..NewJob::default()
                };
                let (path, key) = (format!("/workspaces/{workspace}/jobs"), format!("{seed}-{n}"));
                let made: Result<Job> = match serde_json::to_value(&new) {
                    Ok(body) => taken(person, Method::POST, &path, Some(body), Some(&key)).await,
                    Err(error) => Err(error.into()),
                };
                if let Err(error) = made {
                    ledger.violation(format!("{} was not made: {error:#}", title(n)));
                }
            }
        })
        .await;
}

fn title(number: usize) -> String {
    format!("J{number:05}")
}

/// Follows the feed across kills.
async fn follow(person: Person, workspace: WorkspaceId, ledger: Arc<Ledger>) {
    let mut last = 0;
    loop {
        let address = person.socket(&format!("/workspaces/{workspace}/events?after={last}"));
        if let Ok(mut socket) = Socket::open(&address, person.authorization()).await {
            while let Ok(text) = socket.next().await {
                match serde_json::from_str(&text) {
                    Ok(FeedMessage::Event(event)) => {
                        last = event.seq;
                        match event.body {
                            FeedBody::JobCreated { job } | FeedBody::JobChanged { job } => ledger.job(*job),
                            _ => {}
                        }
                    }
                    Ok(_) => {}
                    Err(error) => ledger.violation(format!("the feed told something unknown: {error}")),
                }
            }
        }
        tokio::time::sleep(AGAIN).await;
    }
}

/// Looks again and again how the runners are. Not by the feed: on a busy machine it may be late, and it tells how things are then.
async fn look(person: Person, ledger: Arc<Ledger>) {
    loop {
        tokio::time::sleep(AGAIN * 3).await;
        let views: Result<Vec<RunnerView>, _> = person.list("/runners").await;
        if let Ok(views) = views {
            let statuses: Vec<_> = views.iter().map(|view| (view.id, view.status)).collect();
            ledger.runners(&statuses, crate::chance::now());
        }
    }
}

/// Every job is done, once, by one attempt whose log is whole; those before it were lost.
async fn check(world: &World, plan: &Plan, ledger: &Ledger, figures: &mut Figures) -> Result<Vec<String>> {
    let jobs: Vec<Job> = world.person.list(&format!("/workspaces/{}/jobs", world.workspace)).await?;
    let mut wrong = Vec::new();
    for n in 0..plan.jobs.len() {
        match jobs.iter().filter(|job| job.title == title(n)).count() {
            1 => {}
            count => wrong.push(format!("{} is there {count} times", title(n))),
        }
    }
    let checked: Vec<Result<(usize, Vec<String>)>> = stream::iter(&jobs)
        .map(|job| check_job(&world.person, plan, ledger, job))
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    let mut attempts = 0;
    for job in checked {
        let (count, words) = job?;
        attempts += count;
        wrong.extend(words);
    }
    figures.add("jobs", f64::from(u32::try_from(jobs.len())?));
    figures.add("attempts", f64::from(u32::try_from(attempts)?));
    Ok(wrong)
}

async fn check_job(person: &Person, plan: &Plan, ledger: &Ledger, job: &Job) -> Result<(usize, Vec<String>)> {
    let mut wrong = Vec::new();
    if job.state != JobState::Done {
        wrong.push(format!("{} ended as {:?}, {:?}", job.title, job.state, job.activity));
    }
    let attempts: Vec<Attempt> = person.list(&format!("/jobs/{}/attempts", job.id)).await?;
    for attempt in &attempts {
        ledger.ended(attempt.id, attempt.ended_at, Duration::from_millis(plan.lease_ms));
    }
    let outcomes: Vec<_> = attempts.iter().map(|attempt| attempt.outcome).collect();
    let (last, before) = outcomes.split_last().context("a job without an attempt")?;
    if *last != Some(Outcome::Completed) || before.iter().any(|outcome| *outcome != Some(Outcome::Lost)) {
        wrong.push(format!("{} has the attempts {outcomes:?}", job.title));
    }
    let number: usize = job.title.trim_start_matches('J').parse()?;
    let entries = plan.jobs[number].entries;
    if let Some(last) = attempts.last() {
        let text: String = person
            .log(last.id, 1, 1000)
            .await?
            .items
            .into_iter()
            .filter_map(|entry| match entry.body {
                LogBody::Text { text } => Some(text),
                _ => None,
            })
            .collect();
        let lines: Vec<i64> = lines_in(&job.title, &text).into_iter().map(i64::from).collect();
        if !lines.iter().copied().eq(1..=entries) {
            wrong.push(format!(
                "the log of {} has the lines {lines:?} instead of 1 to {entries}",
                job.title
            ));
        }
    }
    Ok((attempts.len(), wrong))
}
