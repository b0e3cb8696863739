//! The live side of the server: one actor per job in motion, per workspace and per runner, and what watching people read from.
//!
//! [`Live`] is the public door; the messages of each actor stay in its file. An actor loads, asks `coord-domain`, stores, and only then
//! tells (INV-1). It may die at any moment and is rebuilt from the store at the next message (INV-2).
//!
//! Who calls whom: jobs tell their workspace what changed; workspaces ask jobs to be claimed from a spawned future, never while handling
//! a message, so that the two cannot wait for one another.

pub mod backlog;
mod canvas;
mod canvases;
mod feeds;
mod folders;
mod inbox;
mod job;
mod logs;
mod people;
mod registry;
mod requests;
mod runner;
mod seats;
mod snapshots;
#[cfg(test)]
mod tests;
mod tools;
mod workspace;

pub use backlog::FolderChange;
pub use canvas::{Edited, Ended, Entered};
pub use canvases::CanvasSeat;
pub use feeds::FeedItem;
pub use inbox::{InboxNews, count};
pub use job::Origin;
pub(crate) use runner::handover;
pub use runner::{Connect, RunnerLive, agents_are_few};
pub use seats::{Holder, Seat};
pub use tools::Used;

use crate::{
    clock::{Clock, Ids},
    context::Actor,
};
use actix::{Addr, MailboxError};
use coord_domain::{
    Refusal,
    job::Job,
    lifecycle::{Command, Happening},
    rights::Who,
};
use coord_protocol::{
    id::{CanvasId, JobId, RunnerId, SessionId, TokenId, UserId, WorkspaceId},
    job::{Hold, NewJob},
    runner::RunnerStatus,
    time::Timestamp,
};
use coord_store::{Store, StoreError, idempotency, members};
use registry::{Arbiters, Registry};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::sync::broadcast;

/// Why something asked of the live side did not happen.
#[derive(Debug, Clone, thiserror::Error)]
pub enum CommandError {
    /// A rule said no. With the job as it is now, for those who may see it.
    #[error(transparent)]
    Refused(Box<Refused>),
    /// There is no such thing.
    #[error("not found")]
    NotFound,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The actor died while it worked; the outcome is in the store.
    #[error("the actor died while it worked")]
    Died,
}

/// A refusal and what it was about.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{refusal}")]
pub struct Refused {
    /// Which rule, and why.
    pub refusal: Refusal,
    /// The job as it is now.
    pub current: Option<Job>,
}

impl From<Refusal> for CommandError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(Box::new(Refused { refusal, current: None }))
    }
}

impl CommandError {
    fn refused(refusal: Refusal, current: &Job) -> Self {
        Self::Refused(Box::new(Refused {
            refusal,
            current: Some(current.clone()),
        }))
    }
}

impl coord_store::UnitError for CommandError {
    fn store_error(&self) -> Option<&StoreError> {
        match self {
            Self::Store(error) => Some(error),
            Self::Refused(_) | Self::NotFound | Self::Died => None,
        }
    }
}

/// Time limits of the runner protocol.
#[derive(Debug, Clone, Copy)]
pub struct Timing {
    /// Longest pause between a runner's heartbeats. A runner is offline after three of them.
    pub heartbeat_ms: u32,
    /// How long a claim holds without a heartbeat (RUN-5).
    pub lease_ms: u32,
}

impl Default for Timing {
    /// A lost runner shows in 6 s (RUN-4: under 10); work survives a network cut of a minute.
    fn default() -> Self {
        Self {
            heartbeat_ms: 2_000,
            lease_ms: 90_000,
        }
    }
}

/// Rights that ended: open connections check whether they are meant (ACC-5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Revoked {
    /// A browser session ended.
    Session(SessionId),
    /// An API token was revoked.
    Token(TokenId),
    /// A member left or has another role.
    Member(WorkspaceId, UserId),
    /// A runner was removed.
    Runner(RunnerId),
    /// A workspace was deleted.
    Workspace(WorkspaceId),
}

/// Unread revocations per connection before it checks everything anew.
const REVOCATIONS: usize = 256;

/// The live side of one server node. Cheap to clone.
#[derive(Clone)]
pub struct Live(Arc<Inner>);

pub(crate) struct Inner {
    store: Store,
    clock: Clock,
    ids: Ids,
    timing: Timing,
    jobs: Registry<JobId, job::JobActor>,
    workspaces: Registry<WorkspaceId, workspace::WorkspaceActor>,
    runners: Registry<RunnerId, runner::RunnerActor>,
    canvases: Registry<CanvasId, canvas::CanvasActor>,
    journal: canvas::Journal,
    /// What is known of connected runners, for whoever shows or matches them.
    runner_states: Mutex<HashMap<RunnerId, Arc<RunnerLive>>>,
    /// The hold of each waiting job, kept by its workspace's actor.
    holds: Mutex<HashMap<JobId, Hold>>,
    feeds: feeds::Feeds,
    logs: logs::Logs,
    tools: tools::Tools,
    snapshots: snapshots::Snapshots,
    people: people::People,
    seats: Arc<seats::Seats>,
    access_changed: broadcast::Sender<JobId>,
    revoked: broadcast::Sender<Revoked>,
    /// Whose inbox changed by what they did themselves, which is in no feed.
    inboxes: broadcast::Sender<UserId>,
}

/// Tells when who may see a job changed (ACC-5).
pub struct JobChanges(broadcast::Receiver<JobId>);

impl JobChanges {
    /// Returns when the access to `job` may have changed.
    pub async fn of(&mut self, job: JobId) {
        loop {
            match self.0.recv().await {
                Ok(changed) if changed != job => {}
                // Missed some: it may have been among them.
                Ok(_) | Err(broadcast::error::RecvError::Lagged(_)) => return,
                Err(broadcast::error::RecvError::Closed) => std::future::pending().await,
            }
        }
    }
}

/// Locks without caring whether a panicking thread held it before: every critical section here leaves the map whole.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs to its end though the caller may hang up: a commit nobody was told of would leave watchers behind until the next one.
async fn whole<T: 'static>(work: impl Future<Output = Result<T, CommandError>> + 'static) -> Result<T, CommandError> {
    actix_web::rt::spawn(work).await.unwrap_or(Err(CommandError::Died))
}

impl Live {
    /// The live side of this node. Call within an actix system; [`Live::recover`] comes next.
    #[must_use]
    pub fn new(store: Store, clock: Clock, ids: Ids, timing: Timing) -> Self {
        let arbiters = Arc::new(Arbiters::start());
        Self(Arc::new(Inner {
            store,
            clock,
            ids,
            timing,
            jobs: Registry::new(Arc::clone(&arbiters)),
            workspaces: Registry::new(Arc::clone(&arbiters)),
            runners: Registry::new(Arc::clone(&arbiters)),
            canvases: Registry::new(arbiters),
            journal: canvas::Journal::default(),
            runner_states: Mutex::default(),
            holds: Mutex::default(),
            feeds: feeds::Feeds::default(),
            logs: logs::Logs::default(),
            tools: tools::Tools::default(),
            snapshots: snapshots::Snapshots::default(),
            people: people::People::default(),
            seats: Arc::default(),
            access_changed: broadcast::channel(REVOCATIONS).0,
            revoked: broadcast::channel(REVOCATIONS).0,
            inboxes: broadcast::channel(REVOCATIONS).0,
        }))
    }

    /// Takes up what a former process left: claims get a fresh lease, queues are matched again.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn recover(&self) -> Result<(), StoreError> {
        let (claimed, workspaces) = {
            let mut conn = self.store().read().await?;
            (
                coord_store::jobs::claimed(&mut conn).await?,
                coord_store::workspaces::all(&mut conn).await?,
            )
        };
        let mut runners: Vec<_> = claimed.iter().filter_map(Job::claim).map(|claim| claim.runner).collect();
        runners.sort_unstable();
        runners.dedup();
        for runner in runners {
            self.runner_actor(runner);
        }
        for workspace in workspaces {
            self.workspace_actor(workspace);
        }
        Ok(())
    }

    pub(crate) fn store(&self) -> &Store {
        &self.0.store
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    /// Time that passes, for how long somebody was silent.
    pub(crate) fn steady(&self) -> std::time::Duration {
        self.0.clock.steady()
    }

    pub(crate) fn ids(&self) -> &Ids {
        &self.0.ids
    }

    pub(crate) fn timing(&self) -> Timing {
        self.0.timing
    }

    /// A person's command to a job. The right is checked against the job as it is when the command's turn comes.
    ///
    /// # Errors
    /// The refusal with the current job (JOB-7, JOB-8), or what failed.
    pub async fn command(&self, who: Who, job: JobId, command: Command, if_version: Option<i64>) -> Result<Job, CommandError> {
        let by = job::By::Person {
            who,
            from: Actor::calling(who.user),
            command: Box::new(command),
            if_version,
        };
        self.ask_job(job, by).await
    }

    /// What the system or a runner does to a job.
    pub(crate) async fn happen(&self, job: JobId, happening: Happening) -> Result<Job, CommandError> {
        self.ask_job(job, job::By::System(Box::new(happening))).await
    }

    /// Makes a job (JOB-2). What it is the only one of is kept in the same transaction.
    ///
    /// # Errors
    /// The refusal, or what failed; [`StoreError::Unique`] of `idempotency` when a call with this key was first, of `canvas_jobs` when the
    /// idea is a job already.
    pub async fn create_job(&self, who: Who, workspace: WorkspaceId, new: NewJob, origin: Origin) -> Result<Job, CommandError> {
        let (live, from) = (self.clone(), Actor::calling(who.user));
        whole(async move { job::create(&live, who, from, workspace, new, origin).await }).await
    }

    /// Copies a job into Backlog (JOB-12). The key is that of [`Live::create_job`].
    ///
    /// # Errors
    /// The refusal, or what failed.
    pub async fn duplicate_job(&self, who: Who, job: JobId, key: Option<idempotency::Key>) -> Result<Job, CommandError> {
        let (live, from) = (self.clone(), Actor::calling(who.user));
        whole(async move { job::duplicate(&live, who, from, job, key).await }).await
    }

    /// The job's uploads changed; it may be claimable now (FILE-1).
    ///
    /// # Errors
    /// What failed.
    pub async fn uploads_pending(&self, job: JobId, pending: u32) -> Result<(), CommandError> {
        self.happen(job, Happening::UploadsPending(pending)).await.map(drop)
    }

    /// The job's dependencies changed: its holds, and those of who shows them, follow.
    ///
    /// # Errors
    /// What failed.
    pub async fn dependencies_changed(&self, job: JobId, other: JobId) -> Result<(), CommandError> {
        for id in [other, job] {
            self.ask_job(id, job::By::Refresh).await?;
        }
        // The last one it waited for may be gone (DEP-5).
        self.happen(job, Happening::DependenciesDone).await.map(drop)
    }

    async fn ask_job(&self, id: JobId, by: job::By) -> Result<Job, CommandError> {
        for _ in 0..3 {
            let addr = self
                .0
                .jobs
                .get_or_start(id, |arbiter| job::JobActor::start(self.clone(), id, arbiter));
            match addr.send(job::Do(by.clone())).await {
                Ok(result) => return result,
                // It stopped for being idle just now, or died; the next one reads the store.
                Err(MailboxError::Closed) => self.0.jobs.forget(&id, &addr),
                Err(MailboxError::Timeout) => break,
            }
        }
        Err(CommandError::Died)
    }

    fn workspace_actor(&self, id: WorkspaceId) -> Addr<workspace::WorkspaceActor> {
        self.0
            .workspaces
            .get_or_start(id, |arbiter| workspace::WorkspaceActor::start(self.clone(), id, arbiter))
    }

    fn runner_actor(&self, id: RunnerId) -> Addr<runner::RunnerActor> {
        self.0
            .runners
            .get_or_start(id, |arbiter| runner::RunnerActor::start(self.clone(), id, arbiter))
    }

    /// The hold of a job, while it waits for a runner.
    #[must_use]
    pub fn hold(&self, job: JobId) -> Option<Hold> {
        lock(&self.0.holds).get(&job).cloned()
    }

    /// What is known of a connected runner.
    #[must_use]
    pub fn runner_live(&self, runner: RunnerId) -> Option<Arc<RunnerLive>> {
        lock(&self.0.runner_states).get(&runner).cloned()
    }

    /// A runner as it is shown (RUN-4); `disabled` in the workspace it is shown in.
    #[must_use]
    pub fn runner_view(&self, runner: coord_store::runners::Runner, disabled: bool) -> coord_protocol::runner::RunnerView {
        let live = self.runner_live(runner.id);
        let running = live.as_ref().map_or(0, |live| live.running());
        let heard = live.as_ref().and_then(|live| live.heard());
        let status = match &live {
            _ if disabled => RunnerStatus::Disabled,
            None => RunnerStatus::Offline,
            Some(live) if !live.online() => RunnerStatus::Offline,
            Some(_) if running > 0 => RunnerStatus::Active,
            Some(_) => RunnerStatus::Idle,
        };
        coord_protocol::runner::RunnerView {
            id: runner.id,
            name: runner.name,
            owner: runner.owner,
            shared: runner.shared,
            status,
            agents: runner.agents,
            platform: runner.platform,
            version: runner.version,
            concurrency: u32::try_from(runner.concurrency).unwrap_or(0),
            running,
            lifetime_jobs: runner.lifetime_jobs,
            last_seen_at: heard.max(runner.last_seen_at),
        }
    }

    /// Role of a person in a workspace, as the store has it now.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn who(&self, workspace: WorkspaceId, user: UserId) -> Result<Who, StoreError> {
        let mut conn = self.store().read().await?;
        Ok(Who {
            user,
            role: members::role(&mut conn, workspace, user).await?,
        })
    }

    /// Open connections listen here for rights that end.
    #[must_use]
    pub fn revocations(&self) -> broadcast::Receiver<Revoked> {
        self.0.revoked.subscribe()
    }

    /// Open connections that show one job listen here.
    #[must_use]
    pub fn job_changes(&self) -> JobChanges {
        JobChanges(self.0.access_changed.subscribe())
    }

    /// Tells open connections that rights ended, and has queues matched again where that changes who may run what. Call after the
    /// commit that ended them.
    pub fn revoke(&self, revoked: Revoked) {
        // Nobody listening is fine: there is no open connection then.
        let _listeners = self.0.revoked.send(revoked);
        match revoked {
            Revoked::Member(workspace, user) => {
                self.runners_changed(workspace);
                self.inbox_touched(user);
            }
            Revoked::Runner(runner) => {
                self.remove_runner(runner);
                for workspace in self.0.workspaces.running() {
                    self.runners_changed(workspace);
                }
            }
            Revoked::Workspace(workspace) => self.take_back_work_of(workspace),
            Revoked::Session(_) | Revoked::Token(_) => {}
        }
    }

    /// The feed of a workspace reached `seq`: wakes everyone who watches it. Call after the commit.
    pub fn feed_committed(&self, workspace: WorkspaceId, seq: i64) {
        self.0.feeds.advance(workspace, seq);
    }

    /// Runners that serve the workspace, or the people who own them, changed: its queue is matched again.
    pub fn runners_changed(&self, workspace: WorkspaceId) {
        workspace::reload_runners(&self.workspace_actor(workspace));
    }
}
