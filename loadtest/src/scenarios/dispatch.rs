//! How fast ready jobs reach runners.

use crate::{
    chance::Chance,
    client::{
        http::Person,
        runner::{AGENT, FakeRunner, finished},
    },
    process::Cost,
    progress::Progress,
    report::{Figures, Times},
    stage::Stage,
};
use anyhow::{Result, ensure};
use coord_protocol::{
    id::{RunnerId, WorkspaceId},
    job::{CommandBody, JobState, NewJob, Routing},
    runner::ToRunner,
};
use serde::Serialize;
use std::time::{Duration, Instant};

/// How the scenario is set.
#[derive(Debug, Clone, Serialize, clap::Args)]
pub struct Settings {
    /// Jobs in the queue.
    #[arg(long, default_value_t = 1000)]
    pub queued: u64,
    /// Jobs made ready one by one for an idle runner.
    #[arg(long, default_value_t = 300)]
    pub samples: u64,
    /// Jobs at once of the runner that drains the queue.
    #[arg(long, default_value_t = 4)]
    pub concurrency: u32,
}

/// Measures both: single jobs past a long queue, and the draining of one.
///
/// # Errors
/// When the server does not do its part.
pub async fn run(stage: &Stage, settings: &Settings, chance: &mut Chance, progress: &mut Progress) -> Result<Figures> {
    let mut figures = Figures::default();
    single(stage, settings, chance, progress, &mut figures).await?;
    drain(stage, settings, progress, &mut figures).await?;
    Ok(figures)
}

fn job(title: String, runner: RunnerId, state: JobState) -> NewJob {
    NewJob {
        title,
        agent: Some(AGENT.to_owned()),
        routing: Some(Routing::Runner(runner)),
        state: Some(state),
        ..NewJob::default()
    }
}

async fn fill(person: &Person, workspace: WorkspaceId, runner: RunnerId, count: u64, progress: &mut Progress) -> Result<()> {
    for n in 0..count {
        person.job(workspace, &job(format!("Queued {n}"), runner, JobState::Ready)).await?;
        progress.at(format!("{n} of {count}"));
    }
    Ok(())
}

/// From the moment the command to make a job ready is sent to the moment an idle runner has read its assignment, while a long queue
/// waits for another, busy runner.
async fn single(stage: &Stage, settings: &Settings, chance: &mut Chance, progress: &mut Progress, figures: &mut Figures) -> Result<()> {
    let person = &stage.person;
    let workspace = person.workspace("Dispatch").await?;
    progress.step(format!("queueing {} jobs for a busy runner", settings.queued));
    let busy = person.runner("busy").await?;
    let mut busy_runner = FakeRunner::connect(person, &busy, 1, vec![]).await?;
    fill(person, workspace, busy.id, settings.queued + 1, progress).await?;
    busy_runner.assigned().await?;
    let idle = person.runner("idle").await?;
    let mut runner = FakeRunner::connect(person, &idle, 1, vec![]).await?;
    progress.step("making single jobs ready for an idle runner");
    let cpu = cpu(stage)?;
    let (mut received, mut answered) = (Times::default(), Times::default());
    for n in 0..settings.samples {
        let made = person
            .job(workspace, &job(format!("Single {n}"), idle.id, JobState::Backlog))
            .await?;
        tokio::time::sleep(chance.pause(Duration::from_millis(10))).await;
        let asked = Instant::now();
        let command = async {
            person.command(made.id, "ready", &CommandBody::default()).await?;
            anyhow::Ok(asked.elapsed())
        };
        let (answer, assigned) = tokio::join!(command, runner.assigned());
        let (at, assignment) = assigned?;
        ensure!(assignment.job == made.id, "another job was assigned");
        answered.add(answer?);
        received.add(at - asked);
        runner.finish(assignment.attempt, assignment.fence, 0).await?;
        progress.at(format!("{n} of {}", settings.samples));
    }
    figures.add_times("ready_to_assigned", &mut received);
    figures.add_times("ready_to_answered", &mut answered);
    if let Some(before) = cpu {
        let spent = self::cpu(stage)?.unwrap_or(before) - before;
        figures.add("server_cpu_per_job_ms", spent * 1000.0 / as_f64(settings.samples));
    }
    Ok(())
}

/// A runner connects to a full queue and finishes each job at once.
async fn drain(stage: &Stage, settings: &Settings, progress: &mut Progress, figures: &mut Figures) -> Result<()> {
    let person = &stage.person;
    let workspace = person.workspace("Drain").await?;
    progress.step(format!("queueing {} jobs for a runner to come", settings.queued));
    let created = person.runner("drain").await?;
    fill(person, workspace, created.id, settings.queued, progress).await?;
    progress.step("draining the queue");
    let cpu = cpu(stage)?;
    let began = Instant::now();
    let mut runner = FakeRunner::connect(person, &created, settings.concurrency, vec![]).await?;
    let voice = runner.voice();
    let (mut first, mut freed_at, mut gaps) = (None, Vec::new(), Times::default());
    let (mut assigned, mut confirmed) = (0, 0);
    while confirmed < settings.queued {
        match runner.next().await? {
            (at, ToRunner::Assign(assignment)) => {
                first.get_or_insert(at - began);
                assigned += 1;
                ensure!(assigned <= settings.queued, "more work than there are jobs");
                // The slot that was freed first is the one that is filled.
                if !freed_at.is_empty() {
                    gaps.add(at - freed_at.remove(0));
                }
                voice.say(&finished(assignment.attempt, assignment.fence, 0)).await?;
                freed_at.push(Instant::now());
            }
            (_, ToRunner::FinishConfirmed { .. }) => {
                confirmed += 1;
                progress.at(format!("{confirmed} of {}", settings.queued));
            }
            (_, ToRunner::Drop { detail, .. }) => anyhow::bail!("work was taken away: {detail}"),
            _ => {}
        }
    }
    let took = began.elapsed();
    figures.add("connect_to_first_ms", first.map_or(f64::NAN, |first| first.as_secs_f64() * 1000.0));
    figures.add_times("finished_to_next_assigned", &mut gaps);
    figures.add("drained_jobs_per_s", as_f64(settings.queued) / took.as_secs_f64());
    if let Some(before) = cpu {
        let spent = self::cpu(stage)?.unwrap_or(before) - before;
        figures.add("drain_server_cpu_per_job_ms", spent * 1000.0 / as_f64(settings.queued));
    }
    Ok(())
}

fn cpu(stage: &Stage) -> Result<Option<f64>> {
    let cost: Option<Cost> = stage.server.as_ref().map(crate::process::Server::cost).transpose()?;
    Ok(cost.map(|cost| cost.cpu_s))
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
const fn as_f64(count: u64) -> f64 {
    count as f64
}
