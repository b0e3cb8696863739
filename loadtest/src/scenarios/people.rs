//! How fast pages load for people while jobs change.

use crate::{
    chance::Chance,
    client::{
        http::Person,
        runner::{AGENT, FakeRunner, finished},
        socket::Socket,
    },
    progress::Progress,
    report::{Figures, Times},
    stage::Stage,
};
use anyhow::{Context as _, Result};
use coord_protocol::{
    Page,
    attempt::Attempt,
    id::{JobId, WorkspaceId},
    job::{Job, JobState, NewJob, Note, Routing},
    runner::ToRunner,
    workspace::Workspace,
};
use serde::Serialize;
use serde_json::json;
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::task::JoinSet;

/// How the scenario is set.
#[derive(Debug, Clone, Serialize, clap::Args)]
pub struct Settings {
    /// People with the Board open.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=5000))]
    pub people: u32,
    /// Jobs on the Board.
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub jobs: u32,
    /// Seconds of it.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..=600))]
    pub seconds: u64,
    /// Mean pause of a person between two pages, in milliseconds.
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u64).range(10..=60_000))]
    pub think_ms: u64,
    /// Jobs made, done and finished a second, meanwhile.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=1000))]
    pub changes: u64,
}

/// People that share an account: the server allows an account some connections, and making thousands would measure password hashing.
const SHARE: usize = 20;

/// Measures it.
///
/// # Errors
/// When the server does not do its part.
pub async fn run(stage: &Stage, settings: &Settings, chance: &mut Chance, progress: &mut Progress) -> Result<Figures> {
    let person = &stage.person;
    let workspace = person.workspace("People").await?;
    progress.step(format!("making {} jobs", settings.jobs));
    let mut jobs = Vec::new();
    for n in 0..settings.jobs {
        let new = NewJob {
            title: format!("Board {n}"),
            description: "What is to be done.\n".repeat(10),
            ..NewJob::default()
        };
        jobs.push(person.job(workspace, &new).await?.id);
        progress.at(format!("{n} of {}", settings.jobs));
    }
    let jobs: Arc<[JobId]> = jobs.into();
    let people = usize::try_from(settings.people)?;
    progress.step(format!("making {} accounts", people.div_ceil(SHARE)));
    let mut accounts = Vec::new();
    for n in 0..people.div_ceil(SHARE) {
        // A number of chance, so that the same server can be used again.
        accounts.push(person.colleague(workspace, &format!("person-{n}-{:x}", chance.bits())).await?);
    }
    progress.step(format!("{} people for {} s", settings.people, settings.seconds));
    let began = Instant::now();
    let until = began + Duration::from_secs(settings.seconds);
    let cpu = stage.server.as_ref().map(crate::process::Server::cost).transpose()?;
    let mut readers = JoinSet::new();
    let mut watchers = JoinSet::new();
    for n in 0..people {
        let (one, chance, jobs) = (accounts[n / SHARE].clone(), chance.fork(), Arc::clone(&jobs));
        let think = Duration::from_millis(settings.think_ms);
        let address = one.socket(&format!("/workspaces/{workspace}/events"));
        let mut socket = Socket::open(&address, one.authorization()).await?;
        readers.spawn(async move { read_pages(&one, workspace, &jobs, chance, think, until).await });
        watchers.spawn(async move {
            let mut count = 0u64;
            while let Ok(Ok(_)) = tokio::time::timeout_at(until.into(), socket.next()).await {
                count += 1;
            }
            count
        });
    }
    let changed = change(person, workspace, &jobs, settings.changes, chance.fork(), until, progress).await?;
    let mut times = Times::default();
    while let Some(read) = readers.join_next().await {
        times.merge(read??);
    }
    let events: u64 = watchers.join_all().await.into_iter().sum();
    let mut figures = Figures::default();
    let seconds = began.elapsed().as_secs_f64();
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
    {
        figures.add("pages_per_s", times.count() as f64 / seconds);
        figures.add("events_per_s", events as f64 / seconds);
        figures.add("changes_per_s", changed as f64 / seconds);
    }
    figures.add_times("api", &mut times);
    if let (Some(before), Some(server)) = (cpu, &stage.server) {
        let after = server.cost()?;
        figures.add("server_cpu_cores", (after.cpu_s - before.cpu_s) / seconds);
        figures.add("server_rss_mib", after.rss_mib);
    }
    Ok(figures)
}

/// A person looks at the Board, then at some jobs.
async fn read_pages(one: &Person, ws: WorkspaceId, jobs: &[JobId], mut chance: Chance, think: Duration, until: Instant) -> Result<Times> {
    let mut times = Times::default();
    loop {
        let wake = Instant::now() + chance.pause(think);
        if wake >= until {
            return Ok(times);
        }
        tokio::time::sleep_until(wake.into()).await;
        let job = *chance.pick(jobs);
        let began = Instant::now();
        match chance.between(0, 4) {
            0 => drop(one.get::<Page<Job>>(&format!("/workspaces/{ws}/jobs?limit=200")).await?),
            1 => drop(one.get::<Job>(&format!("/jobs/{job}")).await?),
            2 => drop(one.get::<Page<Note>>(&format!("/jobs/{job}/notes")).await?),
            3 => drop(one.get::<Page<Attempt>>(&format!("/jobs/{job}/attempts")).await?),
            _ => drop(one.get::<Workspace>(&format!("/workspaces/{ws}")).await?),
        }
        times.add(began.elapsed());
    }
}

/// Jobs come, are done and get notes.
async fn change(
    person: &Person,
    workspace: WorkspaceId,
    jobs: &[JobId],
    rate: u64,
    mut chance: Chance,
    until: Instant,
    progress: &mut Progress,
) -> Result<u64> {
    let created = person.runner("people").await?;
    let mut runner = FakeRunner::connect(person, &created, 64, vec![]).await?;
    let worker = tokio::spawn(async move {
        let voice = runner.voice();
        while let Ok((_, message)) = runner.next().await {
            if let ToRunner::Assign(work) = message {
                voice.say(&finished(work.attempt, work.fence, 0)).await?;
            }
        }
        anyhow::Ok(())
    });
    let mut count = 0;
    let mean = Duration::from_secs(1) / u32::try_from(rate).unwrap_or(1);
    let mut at = Instant::now();
    loop {
        at += chance.pause(mean);
        if at >= until {
            break;
        }
        tokio::time::sleep_until(at.into()).await;
        if chance.one_in(2) {
            let new = NewJob {
                title: format!("Change {count}"),
                agent: Some(AGENT.to_owned()),
                routing: Some(Routing::Runner(created.id)),
                state: Some(JobState::Ready),
                ..NewJob::default()
            };
            person.job(workspace, &new).await?;
        } else {
            let job = chance.pick(jobs);
            let note = person
                .post::<Note>(&format!("/jobs/{job}/notes"), &json!({ "body": format!("Note {count}") }))
                .await;
            note.context("a note was not taken")?;
        }
        count += 1;
        progress.at(format!("{count} changes"));
    }
    worker.abort();
    Ok(count)
}
