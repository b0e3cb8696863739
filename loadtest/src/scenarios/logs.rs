//! How fast log entries reach those who watch, and how many the server takes.

use crate::{
    chance::Chance,
    client::{
        http::Person,
        runner::{AGENT, FakeRunner, Voice},
        socket::Socket,
    },
    process::Server,
    progress::Progress,
    report::{Figures, Times},
    stage::Stage,
};
use anyhow::{Context as _, Result, bail, ensure};
use coord_protocol::{
    id::AttemptId,
    job::{JobState, NewJob, Routing},
    log::{LogBody, LogEntry},
    runner::{Assignment, FromRunner, MAX_BATCH, ToRunner},
};
use serde::{Deserialize, Serialize};
use std::{
    str::FromStr,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::{sync::watch, task::JoinSet, time::timeout};

/// Entries sent and not yet confirmed, at most: as much as the real runner allows itself.
const WINDOW: i64 = 4 * MAX_BATCH as i64;

/// Longest wait of a viewer for the end of the log, once everything was sent.
const PATIENCE: Duration = Duration::from_secs(60);

/// Entries a second, or as many as the server takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Rate {
    /// As many as it takes.
    Max,
    /// So many.
    PerSecond(u64),
}

impl FromStr for Rate {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "max" => Ok(Self::Max),
            number => match number.parse() {
                Ok(rate @ 1..=1_000_000) => Ok(Self::PerSecond(rate)),
                _ => Err("a number from 1 to 1000000, or `max`".to_owned()),
            },
        }
    }
}

/// How the scenario is set.
#[derive(Debug, Clone, Serialize, clap::Args)]
pub struct Settings {
    /// Entries a second, or `max`.
    #[arg(long, default_value = "2000")]
    pub rate: Rate,
    /// Clients that watch.
    #[arg(long, default_value_t = 50)]
    pub viewers: usize,
    /// Seconds of writing.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..=600))]
    pub seconds: u64,
    /// Entries in a message at `--rate max`.
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u64).range(1..=1000))]
    pub batch: u64,
}

/// Measures one attempt's log.
///
/// # Errors
/// When the server does not do its part, or a viewer misses or repeats an entry.
pub async fn run(stage: &Stage, settings: &Settings, chance: &mut Chance, progress: &mut Progress) -> Result<Figures> {
    progress.step(format!("{} viewers open a log", settings.viewers));
    let (mut runner, assignment) = attempt(&stage.person).await?;
    let (tell, told) = watch::channel(None);
    let mut viewers = JoinSet::new();
    let due = Arc::new(Due::new(settings, chance));
    for _ in 0..settings.viewers {
        let viewer = Viewer::open(&stage.person, assignment.attempt, Arc::clone(&due), told.clone()).await?;
        viewers.spawn(viewer.watch());
    }
    progress.step(format!("writing for {} s", settings.seconds));
    let cpu = cost(stage)?;
    let began = Instant::now();
    due.began.set(began).ok().context("begun twice")?;
    let (written, confirmed_after) = match settings.rate {
        Rate::PerSecond(_) => paced(&mut runner, &assignment, &due, chance, progress).await?,
        Rate::Max => {
            let until = began + Duration::from_secs(settings.seconds);
            flood(&mut runner, &assignment, i64::MAX, Some(until), settings.batch, chance, progress).await?
        }
    };
    tell.send_replace(Some(written));
    let mut figures = Figures::default();
    let mut confirmed = confirmed_after;
    figures.add("entries", as_f64(written));
    figures.add("accepted_per_s", as_f64(written) / began.elapsed().as_secs_f64());
    let mut received = Times::default();
    let (mut lost, mut repeated, mut messages) = (0, 0, 0);
    while let Some(seen) = viewers.join_next().await {
        let seen = seen??;
        received.merge(seen.times);
        lost += seen.lost;
        repeated += seen.repeated;
        messages += seen.messages;
    }
    figures.add("viewers_done_after_s", began.elapsed().as_secs_f64());
    if settings.viewers > 0 && settings.rate != Rate::Max {
        figures.add_times("written_to_received", &mut received);
    }
    if settings.rate != Rate::Max {
        figures.add_times("written_to_confirmed", &mut confirmed);
    }
    figures.add(
        "messages_per_viewer",
        as_f64(messages) / as_f64(settings.viewers.max(1).try_into()?),
    );
    figures.add("lost", as_f64(lost));
    figures.add("repeated", as_f64(repeated));
    if let (Some(before), Some(after)) = (cpu, cost(stage)?) {
        figures.add("server_cpu_cores", (after.cpu_s - before.cpu_s) / began.elapsed().as_secs_f64());
        figures.add("server_rss_mib", after.rss_mib);
    }
    ensure!(lost == 0 && repeated == 0, "viewers lost {lost} entries and had {repeated} twice");
    runner.finish(assignment.attempt, assignment.fence, written).await?;
    Ok(figures)
}

/// A job in a new workspace, claimed by a new runner.
///
/// # Errors
/// When the server does not do its part.
pub async fn attempt(person: &Person) -> Result<(FakeRunner, Assignment)> {
    let workspace = person.workspace("Logs").await?;
    let created = person.runner("logs").await?;
    let mut runner = FakeRunner::connect(person, &created, 1, vec![]).await?;
    let new = NewJob {
        title: "Write a log".to_owned(),
        agent: Some(AGENT.to_owned()),
        routing: Some(Routing::Runner(created.id)),
        state: Some(JobState::Ready),
        ..NewJob::default()
    };
    person.job(workspace, &new).await?;
    let (_, assignment) = runner.assigned().await?;
    Ok((runner, assignment))
}

/// When each entry is written: known beforehand, so that a generator that is late does not hide it.
struct Due {
    began: std::sync::OnceLock<Instant>,
    after: Vec<Duration>,
}

impl Due {
    fn new(settings: &Settings, chance: &mut Chance) -> Self {
        let mut after = Vec::new();
        if let Rate::PerSecond(rate) = settings.rate {
            let mean = Duration::from_secs(1) / u32::try_from(rate).unwrap_or(u32::MAX);
            let mut at = Duration::ZERO;
            while at < Duration::from_secs(settings.seconds) {
                after.push(at);
                at += chance.pause(mean);
            }
        }
        Self {
            began: std::sync::OnceLock::new(),
            after,
        }
    }

    /// When entry `seq` is written.
    fn of(&self, seq: i64) -> Option<Instant> {
        let after = self.after.get(usize::try_from(seq - 1).ok()?)?;
        Some(*self.began.get()? + *after)
    }

    fn count(&self) -> i64 {
        i64::try_from(self.after.len()).unwrap_or(i64::MAX)
    }
}

/// Entries as programs write them: lines of output and of the agent, some long, some short.
fn entry(seq: i64, chance: &mut Chance) -> LogEntry {
    const WORDS: [&str; 12] = [
        "compiling",
        "tests",
        "passed",
        "warning:",
        "unused",
        "src/main.rs",
        "error",
        "\x1b[32mok\x1b[0m",
        "linking",
        "checked",
        "42 ms",
        "done",
    ];
    let mut text = format!("{seq}");
    for _ in 0..chance.between(3, 18) {
        text.push(' ');
        text.push_str(chance.pick::<&str>(&WORDS));
    }
    text.push('\n');
    let body = if chance.one_in(4) {
        LogBody::Text { text }
    } else {
        LogBody::Output {
            tool_call: Some("call-1".to_owned()),
            text,
        }
    };
    LogEntry {
        seq,
        at: crate::chance::now(),
        body,
    }
}

fn batch(assignment: &Assignment, entries: Vec<LogEntry>) -> FromRunner {
    FromRunner::Log {
        attempt: assignment.attempt,
        fence: assignment.fence,
        entries,
    }
}

/// Writes each entry when it is due. As the real runner, sends what there is whenever the connection takes it.
async fn paced(
    runner: &mut FakeRunner,
    assignment: &Assignment,
    due: &Arc<Due>,
    chance: &Chance,
    progress: &mut Progress,
) -> Result<(i64, Times)> {
    let voice = runner.voice();
    let (count, confirmed) = (due.count(), watch::Sender::new(0));
    let writer = tokio::spawn(write_paced(
        voice,
        assignment.clone(),
        Arc::clone(due),
        chance.clone(),
        confirmed.subscribe(),
    ));
    let mut times = Times::default();
    let mut known = 0;
    while known < count {
        let (at, message) = runner.next().await?;
        let seq = confirmed_seq(&message, assignment.attempt)?;
        for seq in known + 1..=seq {
            times.add(at - due.of(seq).unwrap_or(at));
        }
        known = known.max(seq);
        confirmed.send_replace(known);
        progress.at(format!("{known} of {count} entries"));
    }
    writer.await??;
    Ok((count, times))
}

async fn write_paced(
    voice: Voice,
    assignment: Assignment,
    due: Arc<Due>,
    mut chance: Chance,
    mut confirmed: watch::Receiver<i64>,
) -> Result<()> {
    let mut next = 1;
    while let Some(at) = due.of(next) {
        tokio::time::sleep_until(at.into()).await;
        confirmed.wait_for(|confirmed| next - confirmed <= WINDOW).await?;
        let now = Instant::now();
        let mut entries = Vec::new();
        while entries.len() < MAX_BATCH && due.of(next).is_some_and(|at| at <= now) {
            entries.push(entry(next, &mut chance));
            next += 1;
        }
        voice.say(&batch(&assignment, entries)).await?;
    }
    Ok(())
}

/// Writes as fast as the server takes it: up to `count` entries or until `until`.
///
/// # Errors
/// When the server does not do its part.
pub async fn flood(
    runner: &mut FakeRunner,
    assignment: &Assignment,
    count: i64,
    until: Option<Instant>,
    size: u64,
    chance: &Chance,
    progress: &mut Progress,
) -> Result<(i64, Times)> {
    let voice = runner.voice();
    let confirmed = watch::Sender::new(0);
    let (assignment_of, mut chance, mut seen) = (assignment.clone(), chance.clone(), confirmed.subscribe());
    let size = i64::try_from(size)?;
    // Told first, so that the reader knows what to wait for.
    let (sent, mut last) = watch::channel((0, false));
    let writer = tokio::spawn(async move {
        let mut next = 1;
        while next <= count && until.is_none_or(|until| Instant::now() < until) {
            let to = count.min(next.saturating_add(size - 1));
            let entries = (next..=to).map(|seq| entry(seq, &mut chance)).collect();
            seen.wait_for(|confirmed| to - confirmed <= WINDOW).await?;
            sent.send_replace((to, false));
            voice.say(&batch(&assignment_of, entries)).await?;
            next = to + 1;
        }
        sent.send_modify(|(_, ended)| *ended = true);
        anyhow::Ok(())
    });
    let mut known = 0;
    loop {
        let (to, ended) = *last.borrow_and_update();
        if ended && known >= to {
            break;
        }
        tokio::select! {
            message = runner.next(), if known < to => {
                known = known.max(confirmed_seq(&message?.1, assignment.attempt)?);
                confirmed.send_replace(known);
                progress.at(format!("{known} entries"));
            }
            changed = last.changed() => {
                if changed.is_err() && !last.borrow().1 {
                    break;
                }
            }
        }
    }
    writer.await??;
    Ok((known, Times::default()))
}

fn confirmed_seq(message: &ToRunner, attempt: AttemptId) -> Result<i64> {
    match message {
        ToRunner::Confirm { attempt: of, seq } if *of == attempt => Ok(*seq),
        ToRunner::Drop { detail, .. } => bail!("the work was taken away: {detail}"),
        _ => Ok(0),
    }
}

/// Of a page only the numbers are read.
#[derive(Deserialize)]
struct Numbers {
    items: Vec<Number>,
}

#[derive(Deserialize)]
struct Number {
    seq: i64,
}

struct Viewer {
    socket: Socket,
    due: Arc<Due>,
    told: watch::Receiver<Option<i64>>,
}

struct Seen {
    times: Times,
    lost: i64,
    repeated: i64,
    messages: i64,
}

impl Viewer {
    async fn open(person: &Person, attempt: AttemptId, due: Arc<Due>, told: watch::Receiver<Option<i64>>) -> Result<Self> {
        let address = person.socket(&format!("/attempts/{attempt}/log/live?from=1"));
        let socket = Socket::open(&address, person.authorization()).await?;
        Ok(Self { socket, due, told })
    }

    /// Reads until the last entry, whose number is told when it is known.
    async fn watch(mut self) -> Result<Seen> {
        let mut seen = Seen {
            times: Times::default(),
            lost: 0,
            repeated: 0,
            messages: 0,
        };
        let mut next = 1;
        loop {
            let last = *self.told.borrow_and_update();
            if last.is_some_and(|last| next > last) {
                return Ok(seen);
            }
            let text = tokio::select! {
                text = self.socket.next() => text?,
                changed = self.told.changed() => {
                    changed?;
                    continue;
                }
                () = tokio::time::sleep(PATIENCE), if last.is_some() => {
                    seen.lost += last.map_or(0, |last| last + 1 - next);
                    return Ok(seen);
                }
            };
            let at = Instant::now();
            seen.messages += 1;
            let page: Numbers = serde_json::from_str(&text)?;
            for Number { seq } in page.items {
                if seq < next {
                    seen.repeated += 1;
                    continue;
                }
                seen.lost += seq - next;
                next = seq + 1;
                if let Some(due) = self.due.of(seq) {
                    seen.times.add(at - due);
                }
            }
        }
    }
}

/// Waits for the first page of a live log.
///
/// # Errors
/// When none comes.
pub async fn first_live_page(person: &Person, attempt: AttemptId, from: i64) -> Result<i64> {
    let address = person.socket(&format!("/attempts/{attempt}/log/live?from={from}"));
    let mut socket = Socket::open(&address, person.authorization()).await?;
    let page: Numbers = serde_json::from_str(&timeout(PATIENCE, socket.next()).await??)?;
    page.items.first().map(|number| number.seq).context("an empty page")
}

fn cost(stage: &Stage) -> Result<Option<crate::process::Cost>> {
    stage.server.as_ref().map(Server::cost).transpose()
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
const fn as_f64(count: i64) -> f64 {
    count as f64
}
