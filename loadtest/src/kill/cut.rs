//! A single broken connection: the network between runner and server is cut in mid-attempt, for less and for more than the lease.

use super::{
    Found,
    plan::{lines_in, said},
    proxy::Proxy,
    world::{Programs, World},
};
use crate::{client::runner::FakeRunner, progress::Progress, report::Figures};
use anyhow::{Context as _, Result, bail, ensure};
use coord_protocol::{
    attempt::{Attempt, Outcome},
    id::{AttemptId, JobId},
    job::{Activity, Job, JobState, NewJob, Routing},
    log::{LogBody, LogEntry, SystemLevel},
    rule::Rule,
    runner::{FromRunner, HeldClaim, ToRunner},
};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// How often a state is looked at while it is waited for.
const LOOK: Duration = Duration::from_millis(50);

/// Pause between two lines of the agent.
const LINE_MS: u64 = 100;

/// Longest wait for what must come, beyond the time of the cut itself.
const PATIENCE: Duration = Duration::from_secs(60);

fn job(title: &str, lines: u64, routing: Routing) -> NewJob {
    let mut script = Vec::new();
    for line in 1..=lines {
        script.push(json!({ "say": said(title, u32::try_from(line).unwrap_or(u32::MAX)) }));
        script.push(json!({ "sleep": LINE_MS }));
    }
    script.push(json!({ "tool": { "kind": "edit", "title": "Write", "path": "output/end.txt", "write": title } }));
    NewJob {
        title: title.to_owned(),
        description: format!("@@{}@@", Value::from(script)),
        agent: Some("scripted".to_owned()),
        routing: Some(routing),
        state: Some(JobState::Ready),
        ..NewJob::default()
    }
}

async fn wait_for<T>(what: &str, limit: Duration, mut look: impl AsyncFnMut() -> Result<Option<T>>) -> Result<T> {
    let began = Instant::now();
    loop {
        if let Some(found) = look().await? {
            return Ok(found);
        }
        ensure!(began.elapsed() < limit, "not {what} after {} s", limit.as_secs());
        tokio::time::sleep(LOOK).await;
    }
}

async fn job_of(world: &World, id: JobId) -> Result<Job> {
    Ok(world.person.get(&format!("/jobs/{id}")).await?)
}

/// Waits until the agent of the job's attempt has said so many lines; the attempt.
async fn has_said(world: &World, id: JobId, title: &str, lines: usize) -> Result<AttemptId> {
    wait_for("said", PATIENCE, async || {
        let Some(attempt) = job_of(world, id).await?.attempt else {
            return Ok(None);
        };
        Ok((lines_of(world, attempt.id, title).await?.len() >= lines).then_some(attempt.id))
    })
    .await
}

async fn lines_of(world: &World, attempt: AttemptId, title: &str) -> Result<Vec<u32>> {
    Ok(lines_in(title, &text(&log_of(world, attempt).await?)))
}

async fn log_of(world: &World, attempt: AttemptId) -> Result<Vec<LogEntry>> {
    Ok(world.person.log(attempt, 1, 1000).await?.items)
}

fn text(log: &[LogEntry]) -> String {
    let texts = log.iter().filter_map(|entry| match &entry.body {
        LogBody::Text { text } => Some(text.as_str()),
        _ => None,
    });
    texts.collect()
}

async fn done(world: &World, id: JobId, limit: Duration) -> Result<Job> {
    wait_for("done", limit, async || {
        let job = job_of(world, id).await?;
        Ok((job.state == JobState::Done).then_some(job))
    })
    .await
}

async fn attempts_of(world: &World, id: JobId) -> Result<Vec<Attempt>> {
    Ok(world.person.list(&format!("/jobs/{id}/attempts")).await?)
}

/// The network is cut for a while in mid-attempt, and the lease holds: the same attempt goes on and nothing is lost.
///
/// # Errors
/// When it cannot be tried.
pub async fn short(programs: &Programs, cut: Duration, progress: &mut Progress) -> Result<Found> {
    progress.step("starting server and runner");
    let world = World::without_runner(programs, &[]).await?;
    let proxy = Proxy::start(world.address).await?;
    let created = world.person.runner("Behind a cable").await?;
    let mut runner = world.runner_program("runner", &created, &proxy.url, 2)?;
    runner.start()?;
    // Two jobs: one ends while the network is cut, the other goes on beyond.
    let beyond = 20 + u64::try_from(cut.as_millis())? / LINE_MS + 20;
    let titles = [("SHORT", 15), ("LONG", beyond)];
    let mut ids = Vec::new();
    for (title, lines) in titles {
        let made = world.person.job(world.workspace, &job(title, lines, Routing::Mine)).await?;
        ids.push(made.id);
    }
    let mut begun = Vec::new();
    for (id, (title, _)) in ids.iter().zip(titles) {
        begun.push(has_said(&world, *id, title, 3).await?);
    }
    progress.step(format!("cut for {} s", cut.as_secs_f64()));
    proxy.cut_for(cut).await;
    let mended = Instant::now();
    progress.step("waiting for the jobs to end");
    let mut found = Found::default();
    for ((id, attempt), (title, lines)) in ids.iter().zip(begun).zip(titles) {
        match done(&world, *id, PATIENCE).await {
            Ok(job) => {
                let now = job.attempt.map(|attempt| attempt.id);
                if now != Some(attempt) {
                    found.violations.push(format!("{title}: another attempt was begun"));
                }
                let said = lines_of(&world, attempt, title).await?;
                if !said.iter().map(|line| u64::from(*line)).eq(1..=lines) {
                    found
                        .violations
                        .push(format!("{title}: its log has the lines {said:?} instead of 1 to {lines}"));
                }
            }
            Err(error) => found.violations.push(format!("{title}: {error}")),
        }
        if title == "SHORT" {
            found.figures.add("mended_to_told_s", mended.elapsed().as_secs_f64());
        }
    }
    found.figures.add("cut_s", cut.as_secs_f64());
    found.figures.add("violations", f64::from(u32::try_from(found.violations.len())?));
    drop(runner);
    found.kept = world.end(!found.violations.is_empty());
    Ok(found)
}

/// The network is cut for longer than the lease: the job goes to another runner, and the first, when it is back, is refused by its fence
/// and drops the work (RUN-5).
///
/// # Errors
/// When it cannot be tried.
pub async fn takeover(programs: &Programs, progress: &mut Progress) -> Result<Found> {
    progress.step("starting server and runners");
    let world = World::without_runner(programs, &["--lease-ms", "2000", "--heartbeat-ms", "300"]).await?;
    let proxy = Proxy::start(world.address).await?;
    let cut_off = world.person.runner("Behind a cable").await?;
    let mut first = world.runner_program("first", &cut_off, &proxy.url, 1)?;
    first.start()?;
    let made = world.person.job(world.workspace, &job("TAKEN", 80, Routing::Mine)).await?;
    let lost = has_said(&world, made.id, "TAKEN", 3).await?;
    progress.step("cut until the lease lapses and another runner has the job");
    proxy.cut();
    let other = world.person.runner("Another").await?;
    let mut second = world.runner_program("second", &other, &format!("http://{}", world.address), 1)?;
    second.start()?;
    let taken = wait_for("taken over", PATIENCE, async || {
        let attempt = job_of(&world, made.id).await?.attempt;
        Ok(attempt.filter(|attempt| attempt.runner == Some(other.id)))
    })
    .await?;
    has_said(&world, made.id, "TAKEN", 1).await?;
    let kept = log_of(&world, lost).await?;
    progress.step("mended; the first runner comes back");
    proxy.mend();
    let mut found = Found::default();
    let job = done(&world, made.id, PATIENCE).await?;
    if job.attempt.as_ref().map(|attempt| attempt.id) != Some(taken.id) {
        found
            .violations
            .push("the job did not end with the attempt that took it over".to_owned());
    }
    let said = lines_of(&world, taken.id, "TAKEN").await?;
    if !said.iter().copied().eq(1..=80) {
        found
            .violations
            .push(format!("the log of the second attempt has the lines {said:?}"));
    }
    if log_of(&world, lost).await? != kept {
        found
            .violations
            .push("the log of the lost attempt grew after it was lost".to_owned());
    }
    let outcomes: Vec<_> = attempts_of(&world, made.id).await?.iter().map(|attempt| attempt.outcome).collect();
    if outcomes != [Some(Outcome::Lost), Some(Outcome::Completed)] {
        found.violations.push(format!("the attempts ended as {outcomes:?}"));
    }
    // It has dropped the work when its place is free for another job.
    let next = world
        .person
        .job(world.workspace, &self::job("NEXT", 1, Routing::Runner(cut_off.id)))
        .await?;
    if let Err(error) = done(&world, next.id, PATIENCE).await {
        found
            .violations
            .push(format!("the first runner takes no work after it lost some: {error}"));
    }
    drop((first, second));
    progress.step("a runner that insists is refused by its fence");
    if let Err(error) = insist(&world).await {
        found.violations.push(format!("{error:#}"));
    }
    found.figures = Figures::default();
    found.figures.add("violations", f64::from(u32::try_from(found.violations.len())?));
    found.kept = world.end(!found.violations.is_empty());
    Ok(found)
}

/// A runner that goes on under a fence that does not hold any more: everything it says is refused.
async fn insist(world: &World) -> Result<()> {
    let created = world.person.runner("Insists").await?;
    let fake = FakeRunner::connect(&world.person, &created, 1, vec![]).await?;
    let mut new = job("INSIST", 1, Routing::Runner(created.id));
    new.agent = Some(crate::client::runner::AGENT.to_owned());
    let made = world.person.job(world.workspace, &new).await?;
    let mut fake = fake;
    let (_, work) = fake.assigned().await?;
    let (attempt, fence) = (work.attempt, work.fence);
    let log = |seq| FromRunner::Log {
        attempt,
        fence,
        entries: vec![LogEntry {
            seq,
            at: crate::chance::now(),
            body: LogBody::System {
                text: format!("entry {seq}"),
                level: SystemLevel::Info,
            },
        }],
    };
    fake.voice().say(&log(1)).await?;
    loop {
        if matches!(fake.next().await?.1, ToRunner::Confirm { seq: 1, .. }) {
            break;
        }
    }
    drop(fake);
    wait_for("lapsed", PATIENCE, async || {
        Ok((job_of(world, made.id).await?.state == JobState::Ready).then_some(()))
    })
    .await?;
    let mut fake = FakeRunner::connect(&world.person, &created, 0, vec![HeldClaim { attempt, fence }]).await?;
    ensure!(fake.resume.is_empty(), "a claim that lapsed is said to hold: {:?}", fake.resume);
    let stale = [
        log(2),
        FromRunner::Activity {
            attempt,
            fence,
            activity: Activity::Running,
            pause: None,
        },
        crate::client::runner::finished(attempt, fence, 2),
    ];
    for message in stale {
        fake.voice().say(&message).await?;
        loop {
            match fake.next().await?.1 {
                ToRunner::Drop {
                    attempt: of,
                    fence: under,
                    rule,
                    ..
                } => {
                    ensure!((of, under, rule) == (attempt, fence, Rule::Run5), "another claim was dropped");
                    break;
                }
                ToRunner::Confirm { .. } | ToRunner::FinishConfirmed { .. } => {
                    bail!("what came under a stale fence was taken: {message:?}")
                }
                _ => {}
            }
        }
    }
    let kept = log_of(world, attempt).await.context("the log of the lapsed attempt")?;
    ensure!(kept.len() == 1, "the log of a lapsed attempt grew to {} entries", kept.len());
    let outcomes: Vec<_> = attempts_of(world, made.id).await?.iter().map(|attempt| attempt.outcome).collect();
    ensure!(outcomes == [Some(Outcome::Lost)], "the attempts ended as {outcomes:?}");
    Ok(())
}
