//! One runner: its connection, its slots, its claims, the intake of its logs (RUN-4 to RUN-6, AGT-10, INV-6).
//!
//! Contract: what arrives under a fence that does not hold is refused and the runner told to drop the work. An entry is confirmed after
//! it is stored. A claim holds as long as the runner is heard of within the lease, across connections and across restarts of the server
//! (which give every claim a fresh lease, so that a restart expires nothing at once).
//!
//! What must reach the runner is not queued here: it is read from the store and sent again at each connect until the log shows it.

mod assignment;
mod bounds;
mod claims;
mod connection;
pub(crate) mod handover;
mod intake;
mod live;
mod owner;

pub use bounds::agents_are_few;
pub use live::{RunnerLive, Slot};

use super::{CommandError, Live};
use actix::{Actor, Addr, ArbiterHandle, AsyncContext as _, Context, Handler, Message};
use coord_domain::job::{Claim, Job, Stop};
use coord_protocol::{
    id::{AttemptId, JobId, RunnerId, UserId, WorkspaceId},
    runner::{FromRunner, HeldClaim, Serves, ToRunner},
    time::Timestamp,
};
use std::{collections::HashMap, sync::Arc, time::Duration};
use tokio::sync::mpsc;

/// Messages waiting for their turn.
const MAILBOX: usize = 256;

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
    pub(crate) paused: bool,
    pub(crate) serves: Serves,
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
pub(super) fn stop_attempt(live: &Live, runner: RunnerId, attempt: AttemptId, stop: Stop) {
    let Stop { kill, hurry, .. } = stop;
    post(live, runner, Deliver(attempt, ToRunner::Stop { attempt, kill, hurry }));
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
    tools: super::tools::Following,
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
    /// When the runner was last heard of; without a connection, when it was lost, or this actor started. Leases are counted by this:
    /// by time that passes, not by a clock that can be set.
    heard: Duration,
    seen_stored: Timestamp,
    claims: HashMap<AttemptId, Held>,
}

impl RunnerActor {
    pub(super) fn start(live: Live, id: RunnerId, arbiter: &ArbiterHandle) -> Addr<Self> {
        Self::start_in_arbiter(arbiter, move |ctx| {
            ctx.set_mailbox_capacity(MAILBOX);
            let state = Arc::new(RunnerLive::default());
            super::lock(&live.0.runner_states).insert(id, Arc::clone(&state));
            let (now, heard) = (live.now(), live.steady());
            Self {
                live,
                id,
                state,
                owner: None,
                connected: None,
                connections: 0,
                heard,
                seen_stored: now,
                claims: HashMap::new(),
            }
        })
    }
}

impl Actor for RunnerActor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        self.take_up(ctx);
        // Twice a heartbeat: what goes silent is lost after three of them, and seen to be so before the next is due.
        let every = Duration::from_millis(u64::from(self.live.timing().heartbeat_ms)) / 2;
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
