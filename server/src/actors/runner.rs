//! One runner: its connection, its slots, its claims, the intake of its logs (RUN-4 to RUN-6, AGT-10, INV-6).
//!
//! Contract: what arrives under a fence that does not hold is refused and the runner told to drop the work. An entry is confirmed after
//! it is stored. A claim holds as long as the runner is heard of within the lease, across connections and across restarts of the server
//! (which give every claim a fresh lease, so that a restart expires nothing at once).
//!
//! What must reach the runner is not queued here: it is read from the store and sent again at each connect until the log shows it.

mod assignment;
mod bounds;
mod intake;
mod live;

pub use live::{RunnerLive, Slot};

use super::{CommandError, Live};
use actix::{
    Actor, ActorContext as _, ActorFutureExt as _, Addr, ArbiterHandle, AsyncContext as _, Context, Handler, Message, ResponseActFuture,
    WrapFuture as _,
};
use coord_domain::{
    Refusal,
    job::{Claim, Job, State},
    lifecycle::Happening,
};
use coord_protocol::{
    id::{AttemptId, JobId, RunnerId, UserId, WorkspaceId},
    rule::Rule,
    runner::{FromRunner, HeldClaim, ResumedClaim, ToRunner},
    time::Timestamp,
};
use coord_store::{StoreError, Tx, feed, jobs, log, members, runners, workspaces};
use serde_json::json;
use std::{collections::HashMap, sync::Arc, time::Duration};
use tokio::sync::mpsc;

/// Messages waiting for their turn.
const MAILBOX: usize = 256;

/// Heartbeats that may be missing before the runner counts as offline.
const MISSED_HEARTBEATS: i64 = 3;

/// How often the store is told when an idle, connected runner was last heard of.
const SEEN_EVERY_MS: i64 = 60_000;

/// A live connection of a runner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Connection(u64);

/// First message of a connection.
pub struct Connect {
    pub(crate) version: String,
    pub(crate) platform: String,
    pub(crate) agents: Vec<coord_protocol::runner::AgentInfo>,
    pub(crate) concurrency: u32,
    pub(crate) held: Vec<HeldClaim>,
    /// Where messages for the runner go. Bounded; a runner that does not read is disconnected and learns everything anew.
    pub(crate) out: mpsc::Sender<ToRunner>,
}

impl Message for Connect {
    type Result = Result<Connection, CommandError>;
}

/// A further message of a connection; answered when it has been dealt with, so that one is under way at a time.
pub struct Inbound(pub Connection, pub FromRunner);

impl Message for Inbound {
    type Result = Result<(), CommandError>;
}

struct Disconnected(Connection);

impl Message for Disconnected {
    type Result = ();
}

struct Assign(Box<Job>, Option<Slot>);

impl Message for Assign {
    type Result = ();
}

struct Stop(AttemptId, bool);

impl Message for Stop {
    type Result = ();
}

struct Ended(AttemptId, i64);

impl Message for Ended {
    type Result = ();
}

struct Deliver(AttemptId, ToRunner);

impl Message for Deliver {
    type Result = ();
}

struct Removed;

impl Message for Removed {
    type Result = ();
}

/// A workspace was deleted, and its jobs with it.
struct Gone(WorkspaceId);

impl Message for Gone {
    type Result = ();
}

/// Sends without waiting. A full mailbox is waited for elsewhere: the sender may be what the receiver waits for.
fn post<M>(live: &Live, runner: RunnerId, message: M)
where
    M: Message<Result = ()> + Send + 'static,
    RunnerActor: Handler<M>,
{
    let addr = live.runner_actor(runner);
    if let Err(actix::dev::SendError::Full(message)) = addr.try_send(message) {
        tokio::task::spawn_local(async move {
            if addr.send(message).await.is_err() {
                tracing::warn!("a runner's actor ended before it heard everything; its next one reads the store");
            }
        });
    }
}

/// Hands a committed claim to the runner that made it.
pub(super) async fn assign(live: &Live, runner: RunnerId, job: Job, slot: Option<Slot>) {
    if live.runner_actor(runner).send(Assign(Box::new(job), slot)).await.is_err() {
        tracing::warn!(%runner, "an assignment waits for the runner's next connection");
    }
}

/// Asks for the end of an attempt.
pub(super) async fn stop_attempt(live: &Live, runner: RunnerId, attempt: AttemptId, kill: bool) {
    post(live, runner, Stop(attempt, kill));
}

/// The claim no longer holds.
pub(super) async fn claim_ended(live: &Live, claim: Claim, attempt: AttemptId) {
    post(live, claim.runner, Ended(attempt, claim.fence));
}

/// Passes an answer or a message on; when the runner is away it is read from the store at its next connection.
pub(super) fn deliver(live: &Live, runner: RunnerId, attempt: AttemptId, message: ToRunner) {
    post(live, runner, Deliver(attempt, message));
}

impl Live {
    /// A runner connected and said hello. Its assignments and news arrive through `connect.out`.
    ///
    /// # Errors
    /// When the runner is gone, or the store failed.
    pub async fn runner_connect(&self, runner: RunnerId, connect: Connect) -> Result<Connection, CommandError> {
        self.runner_actor(runner).send(connect).await.map_err(|_| CommandError::Died)?
    }

    /// A message from a connected runner; returns when it has been dealt with.
    ///
    /// # Errors
    /// When the connection must be closed: it was replaced, or the message breaks the protocol.
    pub async fn runner_says(&self, runner: RunnerId, connection: Connection, message: FromRunner) -> Result<(), CommandError> {
        let inbound = Inbound(connection, message);
        self.runner_actor(runner).send(inbound).await.map_err(|_| CommandError::Died)?
    }

    /// The connection ended.
    pub fn runner_disconnected(&self, runner: RunnerId, connection: Connection) {
        post(self, runner, Disconnected(connection));
    }

    /// The runner was removed by its owner: its connection ends, its claims lapse.
    pub(super) fn remove_runner(&self, runner: RunnerId) {
        if self.0.runners.get(&runner).is_some() {
            post(self, runner, Removed);
        }
    }

    pub(super) fn take_back_work_of(&self, workspace: WorkspaceId) {
        for runner in self.0.runners.running() {
            post(self, runner, Gone(workspace));
        }
    }
}

/// Says in every workspace the runner serves that it is another now, and has their queues matched again.
async fn announce(live: &Live, runner: RunnerId, owner: UserId, news: News) -> Result<(), StoreError> {
    let served = {
        let mut conn = live.store().read().await?;
        members::of_user(&mut conn, owner).await?
    };
    let at = live.now();
    let heads = live
        .store()
        .write(async move |tx: &mut Tx| -> Result<Vec<(WorkspaceId, i64)>, StoreError> {
            let mut heads = vec![];
            for (workspace, _) in &served {
                let payload = json!({ "runner": runner, "owner": owner });
                heads.push((
                    *workspace,
                    feed::append(tx, *workspace, at, "runner.changed", None, &payload).await?,
                ));
            }
            Ok(heads)
        })
        .await?;
    for (workspace, seq) in heads {
        live.feed_committed(workspace, seq);
        match news {
            News::Itself => live.runners_changed(workspace),
            News::Work => super::workspace::wake(&live.workspace_actor(workspace)),
        }
    }
    Ok(())
}

/// What is new of a runner.
#[derive(Debug, Clone, Copy)]
enum News {
    /// What it is, such as its agents: queues read it anew.
    Itself,
    /// What it does, or whether it is there: queues look at that in every pass.
    Work,
}

/// A claim this runner holds.
struct Held {
    job: JobId,
    workspace: WorkspaceId,
    fence: i64,
    /// Highest stored log number.
    head: i64,
    /// Its end is being stored: the runner hears of that, not of a claim that was taken away.
    ending: bool,
    /// Given back when the claim ends. A merge has none.
    _slot: Option<Slot>,
}

struct Connected {
    id: Connection,
    out: mpsc::Sender<ToRunner>,
}

pub(super) struct RunnerActor {
    live: Live,
    id: RunnerId,
    state: Arc<RunnerLive>,
    owner: Option<UserId>,
    connected: Option<Connected>,
    connections: u64,
    /// When the runner was last heard of; without a connection, when it was lost, or this actor started.
    heard: Timestamp,
    seen_stored: Timestamp,
    claims: HashMap<AttemptId, Held>,
}

impl RunnerActor {
    pub(super) fn start(live: Live, id: RunnerId, arbiter: &ArbiterHandle) -> Addr<Self> {
        Self::start_in_arbiter(arbiter, move |ctx| {
            ctx.set_mailbox_capacity(MAILBOX);
            let state = Arc::new(RunnerLive::default());
            super::lock(&live.0.runner_states).insert(id, Arc::clone(&state));
            let now = live.now();
            Self {
                live,
                id,
                state,
                owner: None,
                connected: None,
                connections: 0,
                heard: now,
                seen_stored: now,
                claims: HashMap::new(),
            }
        })
    }

    /// Sends, or ends the connection of a runner that does not read: it will come back and learn everything anew (INV-5).
    fn send(&mut self, message: ToRunner) {
        if let Some(connected) = &self.connected
            && connected.out.try_send(message).is_err()
        {
            tracing::warn!(runner = %self.id, "the runner does not read; its connection is ended");
            self.connected = None;
            self.heard = self.live.now();
        }
    }

    fn hold(&mut self, job: &Job, fence: i64, head: i64, slot: Option<Slot>) {
        let Some(attempt) = &job.attempt else { return };
        if slot.is_some() {
            self.state.works_on(attempt.id, job.workspace, job.number);
        }
        let held = Held {
            job: job.id,
            workspace: job.workspace,
            fence,
            head,
            ending: false,
            _slot: slot,
        };
        self.claims.insert(attempt.id, held);
    }

    fn release(&mut self, attempt: AttemptId) -> Option<Held> {
        let held = self.claims.remove(&attempt)?;
        self.state.done_with(attempt);
        Some(held)
    }

    fn tell(&self, news: News) {
        let Some(owner) = self.owner else { return };
        let (live, id) = (self.live.clone(), self.id);
        tokio::task::spawn_local(async move {
            if let Err(error) = announce(&live, id, owner, news).await {
                tracing::error!(%error, runner = %id, "a runner's change was not told");
            }
        });
    }

    fn offline(&mut self) {
        self.connected = None;
        self.heard = self.live.now();
        self.state.set_online(false);
        self.tell(News::Work);
    }

    /// The runner is lost when it was silent for some heartbeats, its claims when it was silent for the lease.
    fn watch(&mut self, ctx: &mut Context<Self>) {
        let now = self.live.now();
        let timing = self.live.timing();
        let silent = now.ms_since(self.heard);
        if self.connected.is_some() {
            if silent > i64::from(timing.heartbeat_ms) * MISSED_HEARTBEATS {
                tracing::info!(runner = %self.id, silent_ms = silent, "a runner went silent");
                // The lease runs from when it was last heard of, not from when that was noticed.
                let heard = self.heard;
                self.offline();
                self.heard = heard;
            }
        } else if silent > i64::from(timing.lease_ms) {
            for (attempt, held) in std::mem::take(&mut self.claims) {
                self.state.done_with(attempt);
                lapse(&self.live, held.job, held.fence);
            }
            ctx.stop();
        }
        if self.connected.is_some() && now.ms_since(self.seen_stored) > SEEN_EVERY_MS {
            self.seen_stored = now;
            let (live, id) = (self.live.clone(), self.id);
            tokio::task::spawn_local(async move {
                let seen = live.store().write(async move |tx: &mut Tx| runners::seen(tx, id, now).await).await;
                if let Err(error) = seen {
                    tracing::error!(%error, runner = %id, "the time a runner was seen was not stored");
                }
            });
        }
    }

    /// Reads from the store what the runner holds, as at the start of the server.
    fn take_up(&mut self, ctx: &mut Context<Self>) {
        let (live, id) = (self.live.clone(), self.id);
        let loading = async move { claims_of(&live, id).await };
        ctx.wait(loading.into_actor(self).map(|claims, actor, ctx| match claims {
            Ok((owner, claims)) => {
                actor.owner = owner;
                for (job, claim, head) in claims {
                    let slot = actor.slot_for(&job);
                    actor.hold(&job, claim.fence, head, slot);
                }
            }
            Err(error) => {
                tracing::error!(%error, runner = %actor.id, "the runner's claims cannot be read");
                ctx.stop();
            }
        }));
    }

    fn slot_for(&self, job: &Job) -> Option<Slot> {
        matches!(job.state, State::InProgress { .. }).then(|| self.state.take())
    }

    /// Sorts the claims the store knows of against those the runner holds: go on, begin, or lapse.
    fn welcome(&mut self, held: &[HeldClaim], claims: Vec<(Job, Claim, i64)>, name: String) {
        let mut resume = vec![];
        let mut begin = vec![];
        let before = std::mem::take(&mut self.claims);
        for attempt in before.keys() {
            self.state.done_with(*attempt);
        }
        drop(before);
        for (job, claim, head) in claims {
            let Some(attempt) = job.attempt.as_ref().map(|attempt| attempt.id) else {
                continue;
            };
            let same = held.iter().any(|held| held.attempt == attempt && held.fence == claim.fence);
            let slot = self.slot_for(&job);
            if same {
                resume.push(ResumedClaim {
                    attempt,
                    fence: claim.fence,
                    confirmed_seq: head,
                });
                self.hold(&job, claim.fence, head, slot);
            } else if head == 0 || matches!(job.state, State::AwaitingReview { .. }) {
                // The assignment never arrived, or was a merge, which may be begun again.
                self.hold(&job, claim.fence, head, slot);
                begin.push(job);
            } else {
                tracing::info!(runner = %self.id, %attempt, "the runner no longer has work it began");
                lapse(&self.live, job.id, claim.fence);
            }
        }
        let timing = self.live.timing();
        self.send(ToRunner::Welcome {
            protocol: coord_protocol::runner::PROTOCOL,
            runner: self.id,
            name,
            heartbeat_ms: timing.heartbeat_ms,
            lease_ms: timing.lease_ms,
            resume: resume.clone(),
        });
        for job in begin {
            self.begin(job);
        }
        for claim in resume {
            self.catch_up(claim.attempt);
        }
    }

    /// Sends the assignment of a claim, once it is put together.
    fn begin(&self, job: Job) {
        let (live, id) = (self.live.clone(), self.id);
        tokio::task::spawn_local(async move {
            let Some(attempt) = job.attempt.as_ref().map(|attempt| attempt.id) else {
                return;
            };
            match assignment::of(&live, id, &job).await {
                Ok(message) => post(&live, id, Deliver(attempt, message)),
                Err(error) => tracing::error!(%error, runner = %id, %attempt, "an assignment waits for the runner's next connection"),
            }
        });
    }

    /// Sends again what the log of a resumed attempt does not show yet.
    fn catch_up(&self, attempt: AttemptId) {
        let (live, id) = (self.live.clone(), self.id);
        tokio::task::spawn_local(async move {
            match assignment::undelivered(&live, attempt).await {
                Ok(messages) => {
                    for message in messages {
                        post(&live, id, Deliver(attempt, message));
                    }
                }
                Err(error) => tracing::error!(%error, runner = %id, %attempt, "answers wait for the runner's next connection"),
            }
        });
    }
}

/// Frees the job for another runner. In its own time: the job may be waiting for this actor.
fn lapse(live: &Live, job: JobId, fence: i64) {
    let live = live.clone();
    tokio::task::spawn_local(async move {
        match live.happen(job, Happening::LeaseLapsed { fence }).await {
            Ok(_) => tracing::info!(%job, fence, "a lease lapsed"),
            Err(CommandError::Refused(_)) => {}
            Err(error) => tracing::error!(%error, %job, fence, "a lapsed lease was not stored; it lapses again after the next start"),
        }
    });
}

type Claims = (Option<UserId>, Vec<(Job, Claim, i64)>);

async fn claims_of(live: &Live, id: RunnerId) -> Result<Claims, StoreError> {
    let mut conn = live.store().read().await?;
    let owner = runners::get(&mut conn, id).await?.map(|runner| runner.owner.id);
    let mut claims = vec![];
    for job in jobs::claimed_by(&mut conn, id).await? {
        let (Some(claim), Some(attempt)) = (job.claim(), job.attempt.as_ref()) else {
            continue;
        };
        let head = log::head(&mut conn, attempt.id).await?.unwrap_or(0);
        claims.push((job, claim, head));
    }
    Ok((owner, claims))
}

impl Actor for RunnerActor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        self.take_up(ctx);
        let every = Duration::from_millis(u64::from(self.live.timing().heartbeat_ms));
        ctx.run_interval(every, Self::watch);
    }

    fn stopped(&mut self, ctx: &mut Self::Context) {
        self.state.set_online(false);
        let mut states = super::lock(&self.live.0.runner_states);
        if states.get(&self.id).is_some_and(|state| Arc::ptr_eq(state, &self.state)) {
            states.remove(&self.id);
        }
        drop(states);
        self.live.0.runners.forget(&self.id, &ctx.address());
    }
}

impl Handler<Connect> for RunnerActor {
    type Result = ResponseActFuture<Self, Result<Connection, CommandError>>;

    fn handle(&mut self, connect: Connect, ctx: &mut Self::Context) -> Self::Result {
        let (live, id) = (self.live.clone(), self.id);
        // A connection that is still there belongs to the same runner before it lost sight of us, or to a copy: the newest one counts.
        self.connected = None;
        let now = live.now();
        self.heard = now;
        let report = runners::Report {
            agents: connect.agents.clone(),
            platform: connect.platform.clone(),
            version: connect.version.clone(),
            concurrency: i64::from(connect.concurrency),
        };
        let loading = async move {
            live.store()
                .write(async move |tx: &mut Tx| runners::report(tx, id, &report, now).await)
                .await?;
            let mut conn = live.store().read().await?;
            let runner = runners::get(&mut conn, id).await?;
            drop(conn);
            let (_, claims) = claims_of(&live, id).await?;
            Ok::<_, StoreError>((runner, claims))
        };
        let (done, answer) = tokio::sync::oneshot::channel();
        ctx.wait(loading.into_actor(self).map(move |loaded, actor, _| {
            let result = match loaded {
                Ok((Some(runner), claims)) => {
                    actor.connections += 1;
                    let connection = Connection(actor.connections);
                    actor.connected = Some(Connected {
                        id: connection,
                        out: connect.out,
                    });
                    actor.owner = Some(runner.owner.id);
                    actor.state.set_concurrency(connect.concurrency);
                    actor.welcome(&connect.held, claims, runner.name);
                    actor.state.set_draining(false);
                    actor.state.set_online(true);
                    actor.tell(News::Itself);
                    Ok(connection)
                }
                Ok((None, _)) => Err(CommandError::NotFound),
                Err(error) => Err(error.into()),
            };
            let _asker_gone = done.send(result);
        }));
        Box::pin(async move { answer.await.unwrap_or(Err(CommandError::Died)) }.into_actor(self))
    }
}

impl Handler<Inbound> for RunnerActor {
    type Result = ResponseActFuture<Self, Result<(), CommandError>>;

    fn handle(&mut self, Inbound(connection, message): Inbound, _: &mut Self::Context) -> Self::Result {
        if self.connected.as_ref().map(|connected| connected.id) != Some(connection) {
            let refusal = match self.connected {
                Some(_) => Refusal::state(Rule::Run1, "another runner has connected with this token"),
                None => Refusal::state(Rule::Run5, "this connection was not read, or was silent for too long"),
            };
            return Box::pin(async move { Err(refusal.into()) }.into_actor(self));
        }
        self.heard = self.live.now();
        intake::handle(self, message)
    }
}

impl Handler<Disconnected> for RunnerActor {
    type Result = ();

    fn handle(&mut self, Disconnected(connection): Disconnected, _: &mut Self::Context) {
        if self.connected.as_ref().is_some_and(|connected| connected.id == connection) {
            self.offline();
        }
    }
}

impl Handler<Assign> for RunnerActor {
    type Result = ();

    fn handle(&mut self, Assign(job, slot): Assign, _: &mut Self::Context) {
        if let Some(claim) = job.claim() {
            self.hold(&job, claim.fence, 0, slot);
            self.begin(*job);
            self.tell(News::Work);
        }
    }
}

impl Handler<Deliver> for RunnerActor {
    type Result = ();

    fn handle(&mut self, Deliver(attempt, message): Deliver, _: &mut Self::Context) {
        if self.claims.contains_key(&attempt) {
            self.send(message);
        }
    }
}

impl Handler<Stop> for RunnerActor {
    type Result = ();

    fn handle(&mut self, Stop(attempt, kill): Stop, _: &mut Self::Context) {
        if self.claims.contains_key(&attempt) {
            self.send(ToRunner::Stop { attempt, kill });
        }
    }
}

impl Handler<Ended> for RunnerActor {
    type Result = ();

    fn handle(&mut self, Ended(attempt, fence): Ended, _: &mut Self::Context) {
        if self.claims.get(&attempt).is_none_or(|held| held.fence != fence || held.ending) {
            return;
        }
        let Some(held) = self.release(attempt) else { return };
        self.send(ToRunner::Drop {
            attempt,
            fence,
            rule: Rule::Run5,
            detail: "the claim no longer holds".to_owned(),
        });
        self.slot_freed(held.workspace);
    }
}

impl Handler<Gone> for RunnerActor {
    type Result = ();

    fn handle(&mut self, Gone(workspace): Gone, _: &mut Self::Context) {
        let of_it = self.claims.iter().filter(|(_, held)| held.workspace == workspace);
        let lost: Vec<_> = of_it.map(|(attempt, held)| (*attempt, held.fence)).collect();
        if lost.is_empty() {
            return;
        }
        for (attempt, fence) in lost {
            self.release(attempt);
            self.send(ToRunner::Drop {
                attempt,
                fence,
                rule: Rule::Run5,
                detail: "the workspace was deleted".to_owned(),
            });
        }
        self.tell(News::Work);
    }
}

impl Handler<Removed> for RunnerActor {
    type Result = ();

    fn handle(&mut self, _: Removed, ctx: &mut Self::Context) {
        self.send(ToRunner::Refused {
            rule: Rule::Run1,
            detail: "this runner was removed by its owner".to_owned(),
        });
        for (attempt, held) in std::mem::take(&mut self.claims) {
            self.state.done_with(attempt);
            lapse(&self.live, held.job, held.fence);
        }
        ctx.stop();
    }
}

impl RunnerActor {
    /// Has the queues matched again: of the workspace whose work ended at once, and of the others the runner serves.
    fn slot_freed(&self, workspace: WorkspaceId) {
        super::workspace::wake(&self.live.workspace_actor(workspace));
        self.tell(News::Work);
    }
}

/// Name of a workspace, for the assignment.
async fn workspace_name(live: &Live, id: WorkspaceId) -> Result<String, StoreError> {
    let mut conn = live.store().read().await?;
    Ok(workspaces::facts(&mut conn, id).await?.map(|(name, ..)| name).unwrap_or_default())
}
