//! One runner of the fleet: it speaks the real protocol and keeps its rules as the real program does, with work that only takes time.

use super::{
    ledger::Ledger,
    plan::{Plan, PlannedJob},
};
use crate::{
    client::{
        runner::{AGENT, finished},
        socket::Socket,
    },
    kill::plan::said,
};
use anyhow::{Context as _, Result, bail};
use coord_protocol::{
    id::{AttemptId, JobId, RunnerId},
    log::{LogBody, LogEntry},
    runner::{AgentInfo, CLOSE_DISPLACED, FromRunner, HeldClaim, PROTOCOL, ToRunner},
    time::Timestamp,
};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};
use tokio::sync::mpsc;

/// How often work goes on.
const STEP: Duration = Duration::from_millis(25);

/// Longest wait for a connection and for a welcome.
const PATIENCE: Duration = Duration::from_secs(15);

/// Pause before another connection.
const AGAIN: Duration = Duration::from_millis(300);

/// What is done to a runner.
#[derive(Debug, Clone, Copy)]
pub enum Blow {
    /// Killed, and started again after a while.
    Kill(Duration),
    /// Not answering for a while.
    Suspend(Duration),
    /// Its clock is wrong by so many seconds.
    Clock(i64),
}

/// Work that it holds, as its disk has it.
#[derive(Debug, Clone)]
struct Work {
    job: JobId,
    fence: i64,
    title: String,
    planned: PlannedJob,
    written: i64,
    next: Instant,
}

impl Work {
    const fn ended(&self) -> bool {
        self.written >= self.planned.entries
    }
}

/// What its disk has; copied with it.
#[derive(Debug, Clone, Default)]
pub struct Disk(Arc<Mutex<BTreeMap<AttemptId, Work>>>);

impl Disk {
    fn with<T>(&self, look: impl FnOnce(&mut BTreeMap<AttemptId, Work>) -> T) -> T {
        look(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Another disk with the same on it.
    #[must_use]
    pub fn copy(&self) -> Self {
        Self(Arc::new(Mutex::new(self.with(|works| works.clone()))))
    }

    /// What is not ended.
    #[must_use]
    pub fn held(&self) -> Vec<AttemptId> {
        self.with(|works| works.iter().filter(|(_, work)| !work.ended()).map(|(id, _)| *id).collect())
    }
}

/// One program with a runner's identity.
#[derive(Debug)]
pub struct Unit {
    /// Who it is.
    pub id: RunnerId,
    /// Its token.
    pub token: String,
    /// Where to connect.
    pub address: String,
    /// Jobs at once.
    pub concurrency: u32,
    /// The plan, for what the jobs are.
    pub plan: Arc<Plan>,
    /// What it tells.
    pub ledger: Arc<Ledger>,
    /// What it wrote down.
    pub disk: Disk,
    /// Whether it is connected.
    pub connected: Arc<std::sync::atomic::AtomicBool>,
    /// By how much its clock is wrong, in seconds.
    pub offset_s: i64,
}

/// How a connection ended.
enum End {
    /// It broke.
    Broken,
    /// Another program with the same identity took over.
    Displaced,
    /// The program was killed, and starts after a while.
    Killed(Duration),
}

impl Unit {
    /// Lives until another takes over.
    pub async fn live(mut self, mut blows: mpsc::Receiver<Blow>) {
        loop {
            let end = self.connection(&mut blows).await;
            self.connected.store(false, std::sync::atomic::Ordering::Relaxed);
            let pause = match end {
                Ok(End::Displaced) => return self.ledger.count("older_copies_that_gave_up"),
                Ok(End::Killed(down)) => down,
                Ok(End::Broken) | Err(_) => AGAIN,
            };
            tokio::time::sleep(pause).await;
            // What befalls a program that is not connected befalls it at once.
            while let Ok(blow) = blows.try_recv() {
                match blow {
                    Blow::Kill(time) | Blow::Suspend(time) => tokio::time::sleep(time).await,
                    Blow::Clock(offset) => self.offset_s = offset,
                }
            }
        }
    }

    async fn connection(&mut self, blows: &mut mpsc::Receiver<Blow>) -> Result<End> {
        let authorization = format!("Bearer {}", self.token);
        let mut socket = tokio::time::timeout(PATIENCE, Socket::open(&self.address, &authorization)).await??;
        let held: Vec<HeldClaim> = self.disk.with(|works| {
            works
                .iter()
                .map(|(attempt, work)| HeldClaim {
                    attempt: *attempt,
                    fence: work.fence,
                })
                .collect()
        });
        let hello = FromRunner::Hello {
            protocol: PROTOCOL,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            platform: "loadtest".to_owned(),
            agents: vec![AgentInfo {
                name: AGENT.to_owned(),
                version: None,
                limits: Vec::new(),
            }],
            concurrency: self.concurrency,
            held,
            paused: false,
            serves: coord_protocol::runner::Serves::default(),
        };
        say(&mut socket, &hello).await?;
        let welcome = tokio::time::timeout(PATIENCE, socket.next()).await.context("no welcome")??;
        let ToRunner::Welcome { heartbeat_ms, resume, .. } = serde_json::from_str(&welcome)? else {
            bail!("instead of a welcome: {welcome}");
        };
        self.connected.store(true, std::sync::atomic::Ordering::Relaxed);
        let goes_on = |attempt: &AttemptId, work: &Work| resume.iter().any(|claim| claim.attempt == *attempt && claim.fence == work.fence);
        // What is ended is told until it is confirmed or refused; what is not, and does not hold any more, is dropped.
        let dropped = self.disk.with(|works| {
            let before = works.len();
            works.retain(|attempt, work| work.ended() || goes_on(attempt, work));
            before - works.len()
        });
        for _ in 0..dropped {
            self.ledger.count("claims_dropped");
        }
        self.ledger
            .came(crate::chance::now(), self.id, resume.iter().map(|claim| claim.attempt));
        for claim in &resume {
            self.ledger.count("claims_resumed");
            let missing = self.disk.with(|works| {
                works.get(&claim.attempt).map(|work| {
                    (claim.confirmed_seq + 1..=work.written)
                        .map(|seq| self.entry(work, seq))
                        .collect::<Vec<_>>()
                })
            });
            if let Some(entries) = missing.filter(|entries| !entries.is_empty()) {
                say(
                    &mut socket,
                    &FromRunner::Log {
                        attempt: claim.attempt,
                        fence: claim.fence,
                        entries,
                    },
                )
                .await?;
            }
        }
        let ended: Vec<FromRunner> = self.disk.with(|works| {
            works
                .iter()
                .filter(|(_, work)| work.ended())
                .map(|(attempt, work)| finished(*attempt, work.fence, work.written))
                .collect()
        });
        for message in ended {
            say(&mut socket, &message).await?;
        }
        self.talk(&mut socket, blows, Duration::from_millis(u64::from(heartbeat_ms))).await
    }

    async fn talk(&mut self, socket: &mut Socket, blows: &mut mpsc::Receiver<Blow>, beat: Duration) -> Result<End> {
        let mut steps = tokio::time::interval(STEP);
        let mut beats = tokio::time::interval(beat / 2);
        steps.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        beats.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                text = socket.next() => match text {
                    Ok(text) => self.hear(serde_json::from_str(&text)?),
                    Err(error) if error.to_string().starts_with(&format!("closed: {CLOSE_DISPLACED}")) => return Ok(End::Displaced),
                    Err(_) => return Ok(End::Broken),
                },
                _ = steps.tick() => {
                    for message in self.step() {
                        say(socket, &message).await?;
                    }
                }
                _ = beats.tick() => {
                    if socket.heard().elapsed() > beat * 3 {
                        self.ledger.count("silent_servers_left");
                        return Ok(End::Broken);
                    }
                    say(socket, &FromRunner::Heartbeat).await?;
                    tokio::time::timeout(PATIENCE, socket.ping()).await??;
                }
                blow = blows.recv() => match blow {
                    Some(Blow::Kill(down)) => return Ok(End::Killed(down)),
                    // Nothing is read and nothing is said; the connection is as the system keeps it.
                    Some(Blow::Suspend(time)) => {
                        tokio::time::sleep(time).await;
                        socket.awake();
                    }
                    Some(Blow::Clock(offset)) => self.offset_s = offset,
                    None => std::future::pending().await,
                },
            }
        }
    }

    fn hear(&self, message: ToRunner) {
        match message {
            ToRunner::Assign(assignment) => {
                let number: Option<usize> = assignment.title.trim_start_matches('J').parse().ok();
                let Some(planned) = number.and_then(|number| self.plan.jobs.get(number)) else {
                    return self.ledger.violation(format!("{} is no job of the plan", assignment.title));
                };
                let work = Work {
                    job: assignment.job,
                    fence: assignment.fence,
                    title: assignment.title,
                    planned: *planned,
                    written: 0,
                    next: Instant::now(),
                };
                let (known, running) = self.disk.with(|works| {
                    let known = works.get(&assignment.attempt).is_some_and(|known| known.fence >= work.fence);
                    let running = works.values().filter(|work| !work.ended()).count();
                    if !known {
                        works.insert(assignment.attempt, work);
                    }
                    (known, running)
                });
                if !known && running >= self.concurrency as usize {
                    let words = format!("the runner {} takes {} at once and was given one more", self.id, self.concurrency);
                    self.ledger.violation(words);
                }
                self.ledger.count("assignments");
            }
            ToRunner::Drop { attempt, fence, .. } => {
                let dropped = self.disk.with(|works| {
                    let ours = works.get(&attempt).is_some_and(|work| work.fence == fence);
                    if ours { works.remove(&attempt) } else { None }
                });
                if dropped.is_some() {
                    self.ledger.count("stale_claims_refused");
                }
            }
            ToRunner::FinishConfirmed { attempt } => {
                if let Some(work) = self.disk.with(|works| works.remove(&attempt)) {
                    self.ledger.confirmed(work.job, attempt);
                }
            }
            _ => {}
        }
    }

    /// Work goes on: an entry of each that is due, written down before it is sent.
    fn step(&self) -> Vec<FromRunner> {
        let now = Instant::now();
        self.disk.with(|works| {
            let mut messages = Vec::new();
            for (attempt, work) in works.iter_mut().filter(|(_, work)| !work.ended() && work.next <= now) {
                work.written += 1;
                work.next = now + Duration::from_millis(work.planned.pause_ms);
                let entries = vec![self.entry(work, work.written)];
                messages.push(FromRunner::Log {
                    attempt: *attempt,
                    fence: work.fence,
                    entries,
                });
                if work.ended() {
                    messages.push(finished(*attempt, work.fence, work.written));
                }
            }
            messages
        })
    }

    fn entry(&self, work: &Work, seq: i64) -> LogEntry {
        LogEntry {
            seq,
            at: Timestamp(crate::chance::now().0 + self.offset_s * 1_000_000),
            body: LogBody::Text {
                text: said(&work.title, u32::try_from(seq).unwrap_or(0)),
            },
        }
    }
}

async fn say(socket: &mut Socket, message: &FromRunner) -> Result<()> {
    let text = serde_json::to_string(message)?;
    tokio::time::timeout(PATIENCE, socket.say(text))
        .await
        .context("the socket takes nothing")?
}
