//! A team at work: everybody signed in with a session of their own, thousands of jobs, hundreds of changes a second. How long each page
//! waits for the server, and whether anybody misses a change.

use crate::{
    chance::Chance,
    client::{http::Person, socket::Socket},
    progress::Progress,
    report::{Figures, Times},
    stage::Stage,
};
use anyhow::{Context as _, Result, ensure};
use coord_protocol::{
    id::{JobId, NoteId, WorkspaceId},
    job::{Job, NewJob, Note},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::task::JoinSet;

/// How the scenario is set.
#[derive(Debug, Clone, Serialize, clap::Args)]
pub struct Settings {
    /// People, each with an account and a browser session.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=500))]
    pub people: u32,
    /// Jobs of the workspace.
    #[arg(long, default_value_t = 5_000, value_parser = clap::value_parser!(u32).range(1..=50_000))]
    pub jobs: u32,
    /// Changes a second, of all people together: notes and new priorities.
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=5_000))]
    pub changes: u32,
    /// Seconds of it.
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=3_600))]
    pub seconds: u64,
    /// Mean pause of a person between two pages, in milliseconds.
    #[arg(long, default_value_t = 3_000, value_parser = clap::value_parser!(u64).range(10..=60_000))]
    pub think_ms: u64,
}

/// What a page of the web app asks the server for when it is opened. `{ws}`, `{job}` and `{word}` are filled in; `*` reads a list to its end.
const PAGES: &[(&str, &[&str])] = &[
    (
        "board",
        &[
            "*/workspaces/{ws}/jobs",
            "*/workspaces/{ws}/requests?open=true",
            "*/workspaces/{ws}/runners",
        ],
    ),
    ("backlog", &["*/workspaces/{ws}/jobs", "*/workspaces/{ws}/folders"]),
    ("inbox", &["/inbox?workspace={ws}", "/inbox/count"]),
    ("analytics", &["/workspaces/{ws}/analytics"]),
    ("search", &["/workspaces/{ws}/search?q={word}"]),
    ("canvases", &["*/workspaces/{ws}/canvases"]),
    (
        "job",
        &[
            "/jobs/{job}",
            "*/jobs/{job}/notes",
            "*/jobs/{job}/attachments",
            "*/jobs/{job}/deliverables",
            "/jobs/{job}/attempts",
            "/jobs/{job}/team",
        ],
    ),
    ("activity", &["/workspaces/{ws}/activity"]),
    ("members", &["*/workspaces/{ws}/members"]),
    ("runners", &["*/runners", "*/workspaces/{ws}/runners"]),
];

/// What everybody must have heard of.
#[derive(Default)]
struct Made {
    notes: Vec<NoteId>,
    /// Newest version of each job that was changed.
    versions: HashMap<JobId, i64>,
}

/// What one person heard.
#[derive(Default)]
struct Heard {
    events: u64,
    notes: HashSet<NoteId>,
    versions: HashMap<JobId, i64>,
}

/// Measures it.
///
/// # Errors
/// When the server does not do its part.
pub async fn run(stage: &Stage, settings: &Settings, chance: &mut Chance, progress: &mut Progress) -> Result<Figures> {
    let workspace = stage.person.workspace("Team").await?;
    progress.step(format!("making {} accounts", settings.people));
    let mut people = vec![];
    for n in 0..settings.people {
        people.push(stage.person.colleague(workspace, &format!("team-{n}-{:x}", chance.bits())).await?);
    }
    progress.step(format!("making {} jobs", settings.jobs));
    let jobs: Arc<[JobId]> = make_jobs(&people, workspace, settings.jobs).await?.into();

    progress.step(format!(
        "{} people, {} changes a second, {} s",
        settings.people, settings.changes, settings.seconds
    ));
    let mut ears = vec![];
    for person in &people {
        let address = person.socket(&format!("/workspaces/{workspace}/events"));
        ears.push(Socket::open(&address, person.authorization()).await?);
    }
    let began = Instant::now();
    let until = began + Duration::from_secs(settings.seconds);
    let before = stage.server.as_ref().map(crate::process::Server::cost).transpose()?;
    let (mut listeners, mut readers, mut writers) = (JoinSet::new(), JoinSet::new(), JoinSet::new());
    let (last, mut told) = tokio::sync::watch::channel(None::<NoteId>);
    for (person, ear) in people.iter().zip(ears) {
        listeners.spawn(listen(ear, last.subscribe()));
        let (person, jobs, think) = (person.clone(), Arc::clone(&jobs), Duration::from_millis(settings.think_ms));
        let browser = person.with_session();
        readers.spawn(open_pages(browser, workspace, Arc::clone(&jobs), chance.fork(), think, until));
        let pause = Duration::from_secs(1) * settings.people / settings.changes;
        writers.spawn(change(person, jobs, chance.fork(), pause, until));
    }
    told.mark_unchanged();
    let mut made = Made::default();
    while let Some(done) = writers.join_next().await {
        let more = done??;
        made.notes.extend(more.notes);
        for (job, version) in more.versions {
            let newest = made.versions.entry(job).or_default();
            *newest = version.max(*newest);
        }
    }
    let mut pages: BTreeMap<&str, Times> = BTreeMap::new();
    while let Some(read) = readers.join_next().await {
        for (page, times) in read?? {
            pages.entry(page).or_default().merge(times);
        }
    }
    let seconds = began.elapsed().as_secs_f64();
    let after = stage.server.as_ref().map(crate::process::Server::cost).transpose()?;
    // Whoever heard of this heard of everything before it.
    let end: Note = stage
        .person
        .post(&format!("/jobs/{}/notes", jobs[0]), &json!({ "body": "the end" }))
        .await?;
    last.send_replace(Some(end.id));
    let heard = listeners.join_all().await.into_iter().collect::<Result<Vec<_>>>()?;
    let missed: usize = heard.iter().map(|heard| missed(&made, heard)).sum();

    let mut figures = Figures::default();
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
    {
        let changes = made.notes.len() as f64 / seconds;
        figures.add("notes_per_s", changes);
        figures.add(
            "events_heard_per_s",
            heard.iter().map(|heard| heard.events).sum::<u64>() as f64 / seconds,
        );
        figures.add("missed", missed as f64);
    }
    let mut all = Times::default();
    for (page, mut times) in pages {
        figures.add_times(page, &mut times);
        all.merge(times);
    }
    figures.add_times("page", &mut all);
    if let (Some(before), Some(after)) = (before, after) {
        figures.add("server_cpu_cores", (after.cpu_s - before.cpu_s) / seconds);
        figures.add("server_rss_mib", after.rss_mib);
    }
    Ok(figures)
}

async fn make_jobs(people: &[Person], workspace: WorkspaceId, count: u32) -> Result<Vec<JobId>> {
    let mut makers = JoinSet::new();
    for (n, person) in (0u32..).zip(people.iter().cloned()) {
        let mine = (n..count).step_by(people.len());
        makers.spawn(async move {
            let mut jobs = vec![];
            for n in mine {
                let new = NewJob {
                    title: format!("Job {n}: what is to be done here"),
                    description: "What is to be done, and how one sees that it is.\n".repeat(8),
                    domains: vec![format!("domain {}", n % 7)],
                    folder: (n % 3 > 0).then(|| format!("Folder {}", n % 20)),
                    ..NewJob::default()
                };
                jobs.push(person.job(workspace, &new).await?.id);
            }
            anyhow::Ok(jobs)
        });
    }
    let mut jobs = vec![];
    while let Some(made) = makers.join_next().await {
        jobs.extend(made??);
    }
    ensure!(!jobs.is_empty(), "no job was made");
    Ok(jobs)
}

/// Notes on jobs and new priorities, until the time is over.
async fn change(person: Person, jobs: Arc<[JobId]>, mut chance: Chance, pause: Duration, until: Instant) -> Result<Made> {
    let mut made = Made::default();
    let mut at = Instant::now();
    loop {
        at += chance.pause(pause);
        if at >= until {
            return Ok(made);
        }
        tokio::time::sleep_until(at.into()).await;
        // A fifth of the jobs is what people are at.
        let job = *chance.pick(&jobs[..jobs.len().div_ceil(5)]);
        if chance.one_in(3) {
            let priority = *chance.pick(&["no_rush", "low", "medium", "high", "vip"]);
            // Whose job it is may change it; the others' wish is refused, which is a change less.
            let patched: Result<Job, _> = person
                .ask(
                    reqwest::Method::PATCH,
                    &format!("/jobs/{job}"),
                    Some(json!({ "priority": priority })),
                    None,
                )
                .await;
            if let Ok(job) = patched {
                made.versions.insert(job.id, job.version);
            }
        } else {
            let note: Note = person
                .post(&format!("/jobs/{job}/notes"), &json!({ "body": "How it goes." }))
                .await
                .context("a note was not taken")?;
            made.notes.push(note.id);
        }
    }
}

/// Opens pages as one person does; how long each took, from its first call to its last answer.
async fn open_pages(
    person: Person,
    workspace: WorkspaceId,
    jobs: Arc<[JobId]>,
    mut chance: Chance,
    think: Duration,
    until: Instant,
) -> Result<Vec<(&'static str, Times)>> {
    let mut pages: Vec<(&str, Times)> = PAGES.iter().map(|(page, _)| (*page, Times::default())).collect();
    loop {
        let wake = Instant::now() + chance.pause(think);
        if wake >= until {
            return Ok(pages);
        }
        tokio::time::sleep_until(wake.into()).await;
        let page = usize::try_from(chance.between(0, PAGES.len() as u64 - 1))?;
        let job = chance.pick(&jobs).to_string();
        let mut calls = JoinSet::new();
        let began = Instant::now();
        // A browser asks for all of them at once.
        for path in PAGES[page].1 {
            let path = path
                .replace("{ws}", &workspace.to_string())
                .replace("{job}", &job)
                .replace("{word}", "done");
            let person = person.clone();
            calls.spawn(async move {
                match path.strip_prefix('*') {
                    Some(list) => drop(person.list::<serde::de::IgnoredAny>(list).await?),
                    None => drop(person.call(reqwest::Method::GET, &path, None, None).await?),
                }
                anyhow::Ok(())
            });
        }
        while let Some(called) = calls.join_next().await {
            called??;
        }
        pages[page].1.add(began.elapsed());
    }
}

/// An event, as far as it is counted here.
#[derive(Deserialize)]
struct Event {
    #[serde(rename = "type")]
    kind: String,
    job: Option<Value>,
    note: Option<Value>,
}

/// Hears until the last change.
async fn listen(mut ear: Socket, mut last: tokio::sync::watch::Receiver<Option<NoteId>>) -> Result<Heard> {
    let mut heard = Heard::default();
    loop {
        let end = *last.borrow_and_update();
        if end.is_some_and(|end| heard.notes.contains(&end)) {
            return Ok(heard);
        }
        let text = tokio::select! {
            text = tokio::time::timeout(Duration::from_secs(30), ear.next()) => text.context("nothing was heard for 30 s")??,
            changed = last.changed() => { changed?; continue }
        };
        let event: Event = serde_json::from_str(&text)?;
        heard.events += 1;
        match (event.kind.as_str(), event.job, event.note) {
            ("job.created" | "job.changed", Some(job), _) => {
                let (id, version): (JobId, i64) = (
                    serde_json::from_value(job["id"].clone())?,
                    job["version"].as_i64().unwrap_or_default(),
                );
                let newest = heard.versions.entry(id).or_default();
                *newest = version.max(*newest);
            }
            ("note.added", _, Some(note)) => drop(heard.notes.insert(serde_json::from_value(note["id"].clone())?)),
            ("reset", ..) => anyhow::bail!("the server told somebody to load afresh"),
            _ => {}
        }
    }
}

/// How many changes somebody did not hear of.
fn missed(made: &Made, heard: &Heard) -> usize {
    let notes = made.notes.iter().filter(|note| !heard.notes.contains(note)).count();
    let jobs = made
        .versions
        .iter()
        .filter(|(job, version)| heard.versions.get(job).is_none_or(|seen| seen < version))
        .count();
    notes + jobs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_heard_is_missed() {
        let id = "01900000-0000-7000-8000-000000000001";
        let (note, job): (NoteId, JobId) = (id.parse().unwrap(), id.parse().unwrap());
        let made = Made {
            notes: vec![note],
            versions: HashMap::from([(job, 3)]),
        };
        let mut heard = Heard::default();
        assert_eq!(missed(&made, &heard), 2);
        heard.notes.insert(note);
        heard.versions.insert(job, 2);
        assert_eq!(missed(&made, &heard), 1);
        heard.versions.insert(job, 4);
        assert_eq!(missed(&made, &heard), 0);
    }
}
