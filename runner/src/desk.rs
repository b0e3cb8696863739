//! What the runner holds: one entry per claim. Messages of the server come in here, work is started here, and what is to be told is
//! fetched from here.
//!
//! Plain calls under one short lock, nothing awaited in it. Orders to an attempt go through a bounded channel; what does not fit is
//! dropped with a warning, since the server sends everything that matters again after a reconnect.

mod closing;
pub mod look;
mod merging;
mod owner;
#[cfg(test)]
pub mod testing;

use crate::{
    bell::Bell,
    history::{About, Done, History},
    merges::{self, HeldMerge},
    outbox::Outbox,
    spool::{self, Spool, State},
    work::{self, Host, Message, Order, Outcome, memory::Memory},
};
use coord_protocol::{
    attempt::{FailureReason, Usage},
    id::{AttemptId, RequestId},
    runner::{Assignment, Finished, FromRunner, HeldClaim, MergeAssignment, PROTOCOL, ResumedClaim, ToRunner, WorkResult},
};
use look::Link;
use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};
use tokio::sync::{mpsc, watch};

/// Orders that wait for one attempt, at most.
const ORDERS: usize = 256;

/// Where this program is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Takes work.
    Running,
    /// Hands back what it has and takes no more.
    Draining,
    /// Ends.
    Over,
}

/// What this runner holds.
#[derive(Debug)]
pub struct Desk {
    host: Arc<Host>,
    wake: Arc<Bell>,
    history: History,
    phase: watch::Sender<Phase>,
    /// Changes with every claim that comes, goes or ends.
    moved: watch::Sender<u64>,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    claims: BTreeMap<AttemptId, Claim>,
    turn: usize,
    name: Option<String>,
    link: Link,
    paused: bool,
    /// Versions of agents, as far as they were found out.
    versions: BTreeMap<String, String>,
    /// What the owner says to the server, at most [`owner::WORDS`].
    owner_says: VecDeque<FromRunner>,
    /// Answers of the owner that the server has not taken yet.
    owner_answers: BTreeSet<RequestId>,
    /// News for the owner's screen, at most [`owner::WORDS`].
    notices: VecDeque<String>,
}

#[derive(Debug)]
struct Claim {
    about: Arc<About>,
    outbox: Arc<Outbox>,
    work: Work,
}

#[derive(Debug)]
enum Work {
    /// Left by a former process; goes on when the server says that the claim still holds.
    Left(Box<(Assignment, Memory, State)>),
    /// A merge likewise.
    LeftMerge(Box<MergeAssignment>),
    Running(mpsc::Sender<Order>),
    Merging,
    /// Ended; the end waits for confirmation.
    Told,
}

impl Desk {
    /// A desk with what former processes left in the work folder.
    #[must_use]
    pub fn open(host: Arc<Host>) -> Arc<Self> {
        let desk = Self {
            history: History::new(host.config.work_dir()),
            host,
            wake: Arc::default(),
            phase: watch::Sender::new(Phase::Running),
            moved: watch::Sender::new(0),
            inner: Mutex::default(),
        };
        let mut claims = BTreeMap::new();
        for dir in spool::left_behind(&desk.attempts()) {
            let mut memory = Memory::default();
            match Spool::open(&dir, Arc::clone(&desk.host.masker), |entry| memory.take(&entry.body)) {
                Ok((spool, assignment, state)) => {
                    let outbox = desk.outbox(assignment.attempt, assignment.fence, Some(spool));
                    let attempt = assignment.attempt;
                    let mut about = desk.about(&assignment);
                    about.since = outbox.glance().brief.began.unwrap_or(about.since);
                    let work = match &state.finished {
                        Some(finished) => {
                            outbox.end(FromRunner::Finished(Box::new(finished.clone())));
                            Work::Told
                        }
                        None => Work::Left(Box::new((assignment, memory, state))),
                    };
                    let about = Arc::new(about);
                    claims.insert(attempt, Claim { about, outbox, work });
                }
                Err(error) => tracing::error!("an attempt of a former run cannot be read: {error}"),
            }
        }
        for HeldMerge { assignment, result } in merges::left_behind(desk.host.config.work_dir()) {
            let (attempt, fence) = (assignment.attempt, assignment.fence);
            let outbox = desk.outbox(attempt, fence, None);
            let about = Arc::new(desk.about_merge(&assignment));
            let work = match result {
                Some(result) => {
                    outbox.end(FromRunner::Merged { attempt, fence, result });
                    Work::Told
                }
                None => Work::LeftMerge(Box::new(assignment)),
            };
            claims.insert(attempt, Claim { about, outbox, work });
        }
        desk.lock().claims = claims;
        Arc::new(desk)
    }

    fn attempts(&self) -> PathBuf {
        self.host.config.work_dir().join("attempts")
    }

    fn outbox(&self, attempt: AttemptId, fence: i64, spool: Option<Spool>) -> Arc<Outbox> {
        Outbox::new(attempt, fence, spool, Arc::clone(&self.wake), self.host.clock)
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells where this program is in its life.
    #[must_use]
    pub fn phase(&self) -> watch::Receiver<Phase> {
        self.phase.subscribe()
    }

    /// Whether no more work is taken.
    #[must_use]
    pub fn draining(&self) -> bool {
        *self.phase.borrow() != Phase::Running
    }

    /// Woken when there is something to tell.
    #[must_use]
    pub fn wake(&self) -> Arc<Bell> {
        Arc::clone(&self.wake)
    }

    /// Attempts held.
    #[must_use]
    pub fn held(&self) -> usize {
        self.lock().claims.len()
    }

    // ---- the link -----------------------------------------------------------------------------------------------------------------

    /// The first message on a connection.
    #[must_use]
    pub fn hello(&self) -> FromRunner {
        let held = self
            .lock()
            .claims
            .values()
            .map(|claim| HeldClaim {
                attempt: claim.outbox.attempt,
                fence: claim.outbox.fence,
            })
            .collect();
        FromRunner::Hello {
            protocol: PROTOCOL,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            platform: crate::login::platform(),
            agents: self.agents(),
            concurrency: self.host.config.concurrency,
            held,
            paused: self.lock().paused,
            serves: self.host.config.policy.serves(),
        }
    }

    /// The next message for the server, claims taking turns.
    #[must_use]
    pub fn next(&self) -> Option<String> {
        let outboxes: Vec<Arc<Outbox>> = {
            let mut inner = self.lock();
            if let Some(message) = inner.owner_says.pop_front() {
                return Some(crate::outbox::encode(&message));
            }
            inner.turn = inner.turn.wrapping_add(1);
            let turn = inner.turn % inner.claims.len().max(1);
            let mut outboxes: Vec<_> = inner
                .claims
                .values()
                .filter(|claim| !matches!(claim.work, Work::Left(_) | Work::LeftMerge(_)))
                .map(|claim| Arc::clone(&claim.outbox))
                .collect();
            let turn = turn.min(outboxes.len());
            outboxes.rotate_left(turn);
            outboxes
        };
        let now = Instant::now();
        outboxes.iter().find_map(|outbox| match outbox.next(now) {
            Ok(message) => message,
            Err(error) => {
                tracing::error!(attempt = %outbox.attempt, "{error}");
                None
            }
        })
    }

    /// The connection ended, or could not be made; words that say why, and how long until the next try.
    pub fn disconnected(&self, why: &str, pause: Duration) {
        let name = {
            let mut inner = self.lock();
            inner.link = Link::Away {
                why: why.to_owned(),
                again: self.host.clock.now().plus_ms(i64::try_from(pause.as_millis()).unwrap_or(i64::MAX)),
            };
            inner.lose_words();
            inner.name.clone()
        };
        self.wake.show();
        tracing::info!(runner = name, held = self.held(), "not connected; work goes on");
    }

    /// A message of the server.
    pub fn receive(self: &Arc<Self>, message: ToRunner) {
        match message {
            ToRunner::Welcome { name, resume, .. } => self.welcome(name, &resume),
            ToRunner::Assign(assignment) => self.assign(*assignment),
            ToRunner::Merge(assignment) => self.merge(*assignment),
            ToRunner::Confirm { attempt, seq } => {
                if let Some(claim) = self.lock().claims.get(&attempt) {
                    claim.outbox.confirm(seq);
                }
            }
            ToRunner::FinishConfirmed { attempt } => self.finish_confirmed(attempt),
            ToRunner::Drop {
                attempt,
                fence,
                rule,
                detail,
            } => {
                tracing::warn!(%attempt, "the server takes the work back: {detail} ({rule})");
                self.drop_claim(attempt, fence);
            }
            ToRunner::Answer {
                attempt,
                request,
                answer,
                by,
            } => {
                self.lock().owner_answers.remove(&request);
                self.order(attempt, Order::Answer { request, answer, by });
            }
            ToRunner::Message {
                attempt,
                message,
                body,
                interrupt,
                from,
            } => {
                let message = Message {
                    id: message,
                    from,
                    body,
                    interrupt,
                };
                self.order(attempt, Order::Message(message));
            }
            ToRunner::Stop {
                attempt,
                kill: false,
                hurry: true,
            } => self.order(attempt, Order::Hurry),
            ToRunner::Stop { attempt, kill, .. } => self.order(attempt, Order::Stop { kill }),
            ToRunner::OwnerRefused {
                attempt,
                request,
                rule,
                detail,
            } => self.owner_refused(attempt, request, rule, &detail),
            // The link ends the connection for it.
            ToRunner::Refused { .. } => {}
        }
    }

    fn order(&self, attempt: AttemptId, order: Order) {
        if let Some(Claim {
            work: Work::Running(orders),
            ..
        }) = self.lock().claims.get(&attempt)
            && let Err(error) = orders.try_send(order)
        {
            tracing::warn!(%attempt, "an order did not reach the attempt: {error}");
        }
    }

    fn changed(&self) {
        self.moved.send_modify(|count| *count = count.wrapping_add(1));
        self.wake.ring();
    }

    fn welcome(self: &Arc<Self>, name: String, resume: &[ResumedClaim]) {
        tracing::info!(runner = name, "connected");
        let mut inner = self.lock();
        inner.name = Some(name);
        inner.link = Link::Connected;
        let (mut lost, mut start) = (Vec::new(), Vec::new());
        for (attempt, claim) in &mut inner.claims {
            let held = resume
                .iter()
                .find(|held| held.attempt == *attempt && held.fence == claim.outbox.fence);
            let Some(held) = held else {
                if matches!(claim.work, Work::Told) {
                    claim.outbox.only_end();
                    continue;
                }
                lost.push((*attempt, claim.outbox.fence));
                continue;
            };
            if let Err(error) = claim.outbox.resume(held.confirmed_seq) {
                tracing::error!(%attempt, "{error}");
            }
            if matches!(claim.work, Work::Left(_) | Work::LeftMerge(_)) {
                start.push((Arc::clone(&claim.outbox), std::mem::replace(&mut claim.work, Work::Told)));
            }
        }
        drop(inner);
        for (attempt, fence) in lost {
            tracing::warn!(%attempt, "the claim no longer holds; its work is dropped");
            self.drop_claim(attempt, fence);
        }
        for (outbox, work) in start {
            match work {
                Work::Left(left) => {
                    let (assignment, memory, state) = *left;
                    self.start(assignment, memory, state, outbox);
                }
                Work::LeftMerge(assignment) => self.start_merge(*assignment, outbox),
                Work::Running(_) | Work::Merging | Work::Told => {}
            }
        }
        self.changed();
    }

    // ---- attempts -----------------------------------------------------------------------------------------------------------------

    fn assign(self: &Arc<Self>, assignment: Assignment) {
        let (attempt, fence) = (assignment.attempt, assignment.fence);
        let (known, running) = {
            let inner = self.lock();
            let known = inner.claims.get(&attempt).map(|claim| claim.outbox.fence);
            let busy = |claim: &&Claim| matches!(claim.work, Work::Running(_) | Work::Left(_));
            (known, inner.claims.values().filter(busy).count())
        };
        match known {
            // Told twice.
            Some(known) if known >= fence => return,
            Some(known) => self.drop_claim(attempt, known),
            None => {}
        }
        let no_room = running >= self.host.config.concurrency as usize;
        if self.draining() || self.paused() || no_room {
            let why = match (self.draining(), no_room) {
                (true, _) => "this runner stops",
                (false, true) => "no free slot",
                (false, false) => "its owner takes no new jobs",
            };
            tracing::warn!(%attempt, "handed back: {why}");
            return self.refuse(&assignment, WorkResult::Stopped);
        }
        match Spool::create(&self.attempts(), &assignment, Arc::clone(&self.host.masker)) {
            Ok(spool) => {
                tracing::info!(%attempt, job = assignment.number, title = assignment.title, "attempt begins");
                let outbox = self.outbox(attempt, fence, Some(spool));
                self.start(assignment, Memory::default(), State::default(), outbox);
            }
            Err(error) => {
                let detail = format!("the runner cannot write to its work folder: {}", error.source);
                tracing::error!(%attempt, "{error}");
                let reason = FailureReason::Disk;
                let retry_at = None;
                self.refuse(&assignment, WorkResult::Failed { reason, detail, retry_at });
            }
        }
    }

    /// Ends an assignment before it began.
    fn refuse(&self, assignment: &Assignment, result: WorkResult) {
        let outbox = self.outbox(assignment.attempt, assignment.fence, None);
        outbox.end(FromRunner::Finished(Box::new(end_of(assignment, result))));
        let about = Arc::new(self.about(assignment));
        let claim = Claim {
            about,
            outbox,
            work: Work::Told,
        };
        self.lock().claims.insert(assignment.attempt, claim);
        self.changed();
    }

    fn start(self: &Arc<Self>, assignment: Assignment, memory: Memory, state: State, outbox: Arc<Outbox>) {
        let (orders, receiver) = mpsc::channel(ORDERS);
        let attempt = assignment.attempt;
        let mut about = self.about(&assignment);
        about.since = outbox.glance().brief.began.unwrap_or(about.since);
        let claim = Claim {
            about: Arc::new(about),
            outbox: Arc::clone(&outbox),
            work: Work::Running(orders),
        };
        self.lock().claims.insert(attempt, claim);
        let desk = Arc::clone(self);
        let host = Arc::clone(&self.host);
        let fallback = assignment.clone();
        tokio::spawn(async move {
            let task = tokio::spawn(work::run(host, assignment, Arc::clone(&outbox), memory, state, receiver));
            let outcome = task.await.unwrap_or_else(|error| {
                // A mistake of ours must not leave a job that nobody ends.
                tracing::error!(%attempt, "the attempt broke off: {error}");
                let mut end = end_of(
                    &fallback,
                    WorkResult::Failed {
                        reason: FailureReason::Other,
                        retry_at: None,
                        detail: "the runner made a mistake; its own log says more".to_owned(),
                    },
                );
                end.last_seq = outbox.last();
                Outcome::Ended(Box::new(end))
            });
            desk.ended(&outbox, outcome);
        });
        self.changed();
    }

    fn ended(&self, outbox: &Arc<Outbox>, outcome: Outcome) {
        let attempt = outbox.attempt;
        let mut inner = self.lock();
        let current = inner.claims.get_mut(&attempt).filter(|claim| Arc::ptr_eq(&claim.outbox, outbox));
        match (outcome, current) {
            (Outcome::Ended(finished), Some(claim)) => {
                tracing::info!(%attempt, result = ?finished.result, "attempt ended");
                claim.work = Work::Told;
                self.history.note(&Done::attempt(&claim.about, self.host.clock.now(), &finished));
                outbox.end(FromRunner::Finished(finished));
            }
            // Dropped while it was ending: what it left stays on disk under another name.
            (_, None) => self.set_aside(attempt, outbox.fence),
            // This program ends; the next start goes on with it.
            (Outcome::Silent, Some(_)) => {
                inner.claims.remove(&attempt);
            }
        }
        drop(inner);
        self.changed();
    }

    /// A lost claim: its work ends, nothing more is told, what is on disk stays there.
    fn drop_claim(&self, attempt: AttemptId, fence: i64) {
        let mut inner = self.lock();
        if inner.claims.get(&attempt).is_none_or(|claim| claim.outbox.fence != fence) {
            return;
        }
        let claim = inner.claims.remove(&attempt);
        drop(inner);
        if let Some(claim) = claim.as_ref().filter(|claim| !matches!(claim.work, Work::Told)) {
            self.history.note(&Done::lost(&claim.about, self.host.clock.now()));
        }
        match claim.map(|claim| claim.work) {
            Some(Work::Running(orders)) => {
                // A closed channel means that it ends anyway. A full one cannot be: then the drop is the closing of the channel.
                let _ = orders.try_send(Order::Drop);
            }
            Some(Work::Left(_)) => self.set_aside(attempt, fence),
            Some(Work::LeftMerge(_) | Work::Merging) => merges::forget(self.host.config.work_dir(), attempt),
            Some(Work::Told) => {
                merges::forget(self.host.config.work_dir(), attempt);
                self.set_aside(attempt, fence);
            }
            None => {}
        }
        self.changed();
    }

    /// The server wants nothing of this runner any more: all its claims are lost.
    pub fn drop_all(&self) {
        let held: Vec<_> = {
            let inner = self.lock();
            inner.claims.iter().map(|(attempt, claim)| (*attempt, claim.outbox.fence)).collect()
        };
        for (attempt, fence) in held {
            tracing::warn!(%attempt, "the claim no longer holds; its work is dropped");
            self.drop_claim(attempt, fence);
        }
    }

    fn set_aside(&self, attempt: AttemptId, fence: i64) {
        let dir = self.attempts().join(attempt.to_string());
        let ours = spool::read_json::<Assignment>(&dir.join("assignment.json")).is_ok_and(|assignment| assignment.fence == fence);
        if ours {
            let _ = std::fs::rename(&dir, self.attempts().join(format!("{attempt}.fence-{fence}")));
        }
    }

    fn finish_confirmed(&self, attempt: AttemptId) {
        let mut inner = self.lock();
        // Only what has ended can be confirmed.
        if inner.claims.get(&attempt).is_none_or(|claim| !matches!(claim.work, Work::Told)) {
            return;
        }
        if let Some(claim) = inner.claims.remove(&attempt)
            && let Err(error) = claim.outbox.remove()
        {
            tracing::warn!(%attempt, "{error}");
        }
        drop(inner);
        merges::forget(self.host.config.work_dir(), attempt);
        self.changed();
    }
}

fn end_of(assignment: &Assignment, result: WorkResult) -> Finished {
    Finished {
        attempt: assignment.attempt,
        fence: assignment.fence,
        last_seq: 0,
        result,
        summary: None,
        usage: Usage::default(),
        branch: None,
        session: None,
        agent: None,
        model: None,
        sandboxed: None,
    }
}
