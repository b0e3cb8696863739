//! A server node without sockets: two people, a workspace, runners that are a channel.

use crate::{
    actors::{CommandError, Connect, Live, Origin, Timing, runner::Connection},
    clock::{Clock, Ids},
};
use coord_domain::{job::Job, lifecycle::Command, rights::Who};
use coord_protocol::{
    account::User,
    attempt::Usage,
    id::{AttemptId, JobId, RunnerId, UserId, WorkspaceId},
    job::{Context, Hold, JobState, NewJob, Routing},
    log::{LogBody, LogEntry},
    runner::{AgentInfo, Assignment, Finished, FromRunner, HeldClaim, MergeAssignment, ResumedClaim, Serves, ToRunner, WorkResult},
    time::Timestamp,
    workspace::{Role, Workspace, WorkspaceSettings},
};
use coord_store::{
    StoreError, Tx, accounts, jobs, members, runners,
    testing::{TestStore, sqlite},
    workspaces,
};
use std::time::Duration;
use tokio::{sync::mpsc, time::timeout};

/// Long enough for anything to happen on a loaded machine.
const PATIENCE: Duration = Duration::from_secs(10);

/// The lease of these tests: long by the clock that tests move, nothing by the one on the wall.
const LEASE: Duration = Duration::from_secs(60);

pub(in crate::actors) struct Stage {
    pub(in crate::actors) live: Live,
    pub(super) clock: Clock,
    pub(in crate::actors) workspace: WorkspaceId,
    pub(super) ana: UserId,
    pub(super) ben: UserId,
    kept: TestStore,
}

impl Stage {
    pub(in crate::actors) async fn new() -> Self {
        // What the actors say, for whoever looks into a failure: COORD_LOG=debug.
        let _set_before = tracing_subscriber::fmt()
            .with_env_filter(tracing_subscriber::EnvFilter::from_env("COORD_LOG"))
            .with_test_writer()
            .try_init();
        let kept = sqlite().await;
        let (workspace, ana, ben) = (WorkspaceId(Ids.uuid()), UserId(Ids.uuid()), UserId(Ids.uuid()));
        let people = [(ana, "ana", Role::Owner), (ben, "ben", Role::Member)];
        kept.store
            .write(async move |tx: &mut Tx| -> Result<(), StoreError> {
                let row = Workspace {
                    id: workspace,
                    name: "Team".into(),
                    slug: "team".into(),
                    role: Role::Owner,
                    settings: WorkspaceSettings::default(),
                    version: 1,
                    feed_seq: 0,
                    created_at: Timestamp(0),
                };
                workspaces::insert(tx, &row).await?;
                for (id, name, role) in people {
                    let user = User {
                        id,
                        email: format!("{name}@example.org"),
                        name: name.into(),
                        created_at: Timestamp(0),
                    };
                    let password_hash = String::new();
                    accounts::insert(tx, &accounts::Account { user, password_hash }).await?;
                    members::insert(tx, workspace, id, role, Timestamp(0)).await?;
                }
                Ok(())
            })
            .await
            .unwrap();
        let clock = Clock::default();
        let live = node(&kept, &clock);
        live.recover().await.unwrap();
        Self {
            live,
            clock,
            workspace,
            ana,
            ben,
            kept,
        }
    }

    /// The server dies and another starts on the same store.
    pub(super) async fn restart(&mut self) {
        self.live = node(&self.kept, &self.clock);
        self.live.recover().await.unwrap();
    }

    pub(super) async fn runner(&self, owner: UserId, name: &'static str, shared: bool) -> RunnerId {
        let id = RunnerId(Ids.uuid());
        self.kept
            .store
            .write(async move |tx: &mut Tx| runners::insert(tx, id, owner, name, shared, name, Timestamp(0)).await)
            .await
            .unwrap();
        self.live.runners_changed(self.workspace);
        id
    }

    pub(super) fn who(&self, user: UserId) -> Who {
        let role = if user == self.ana { Role::Owner } else { Role::Member };
        Who { user, role: Some(role) }
    }

    /// An agentic job of Ana's, Ready.
    pub(super) async fn ready(&self, new: NewJob) -> Job {
        let new = NewJob {
            title: "Fix login".into(),
            agent: Some("scripted".into()),
            state: Some(JobState::Ready),
            ..new
        };
        self.live
            .create_job(self.who(self.ana), self.workspace, new, Origin::default())
            .await
            .unwrap()
    }

    pub(super) async fn ready_local(&self) -> Job {
        self.ready(NewJob::default()).await
    }

    pub(super) async fn ready_repository(&self) -> Job {
        let context = Context::Repository {
            url: "https://host/x.git".into(),
            base_branch: "main".into(),
        };
        self.ready(NewJob {
            context: Some(context),
            routing: Some(Routing::Any),
            ..NewJob::default()
        })
        .await
    }

    pub(super) async fn command(&self, job: JobId, command: Command) -> Result<Job, CommandError> {
        self.live.command(self.who(self.ana), job, command, None).await
    }

    pub(super) async fn job(&self, id: JobId) -> Job {
        let mut conn = self.kept.store.read().await.unwrap();
        jobs::get(&mut conn, id).await.unwrap().unwrap()
    }

    /// Waits until the job is as expected.
    pub(super) async fn job_becomes(&self, id: JobId, state: JobState) -> Job {
        self.until(&format!("job {id} to be {state:?}"), async || {
            let job = self.job(id).await;
            (job.state.word() == state).then_some(job)
        })
        .await
    }

    pub(super) async fn hold_becomes(&self, id: JobId, expected: impl Fn(&Hold) -> bool) -> Hold {
        self.until("the hold", async || self.live.hold(id).filter(|hold| expected(hold)))
            .await
    }

    pub(super) async fn until<T>(&self, what: &str, found: impl AsyncFn() -> Option<T>) -> T {
        let waiting = async {
            loop {
                if let Some(found) = found().await {
                    return found;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(PATIENCE, waiting)
            .await
            .unwrap_or_else(|_| panic!("waited in vain for {what}"))
    }

    /// Lets the lease of every silent runner run out.
    pub(super) fn let_leases_lapse(&self) {
        self.clock.advance(LEASE + Duration::from_secs(1));
    }
}

fn node(kept: &TestStore, clock: &Clock) -> Live {
    let timing = Timing {
        // Actors look at the clock this often; tests that let time pass move the clock themselves.
        heartbeat_ms: 1_000,
        lease_ms: u32::try_from(LEASE.as_millis()).unwrap(),
    };
    Live::new(kept.store.clone(), clock.clone(), Ids, timing)
}

/// The far end of a runner's connection.
pub(super) struct FakeRunner {
    live: Live,
    id: RunnerId,
    connection: Connection,
    from_server: mpsc::Receiver<ToRunner>,
    pub(super) resumed: Vec<ResumedClaim>,
}

impl FakeRunner {
    pub(super) async fn connect(stage: &Stage, id: RunnerId, concurrency: u32, held: Vec<HeldClaim>) -> Self {
        Self::connect_with(stage, id, concurrency, held, Serves::default()).await
    }

    pub(super) async fn connect_with(stage: &Stage, id: RunnerId, concurrency: u32, held: Vec<HeldClaim>, serves: Serves) -> Self {
        let (out, mut from_server) = mpsc::channel(256);
        let connect = Connect {
            version: "0".into(),
            platform: "test".into(),
            agents: vec![AgentInfo {
                name: "scripted".into(),
                version: None,
                limits: Vec::new(),
            }],
            concurrency,
            held,
            paused: false,
            serves,
            out,
        };
        let connection = stage.live.runner_connect(id, connect).await.unwrap();
        let welcome = timeout(PATIENCE, from_server.recv()).await.unwrap().unwrap();
        let ToRunner::Welcome { resume, .. } = welcome else {
            panic!("{welcome:?}")
        };
        Self {
            live: stage.live.clone(),
            id,
            connection,
            from_server,
            resumed: resume,
        }
    }

    pub(super) async fn says(&self, message: FromRunner) -> Result<(), CommandError> {
        self.live.runner_says(self.id, self.connection, message).await
    }

    /// Returns when the server has noticed.
    pub(super) async fn hangs_up(&self, stage: &Stage) {
        self.live.runner_disconnected(self.id, self.connection);
        stage
            .until("the runner to be offline", async || {
                (!self.live.runner_live(self.id)?.online()).then_some(())
            })
            .await;
    }

    pub(super) async fn hears(&mut self) -> ToRunner {
        let heard = timeout(PATIENCE, self.from_server.recv()).await;
        heard.expect("the server says something").expect("the connection is open")
    }

    /// Everything said so far that is not taken yet; waits a moment for more.
    pub(super) async fn hears_nothing(&mut self) {
        if let Ok(Some(message)) = timeout(Duration::from_millis(150), self.from_server.recv()).await {
            panic!("unexpected: {message:?}");
        }
    }

    pub(super) async fn is_assigned(&mut self) -> Assignment {
        match self.hears().await {
            ToRunner::Assign(assignment) => *assignment,
            other => panic!("{other:?}"),
        }
    }

    pub(super) async fn is_to_merge(&mut self) -> MergeAssignment {
        match self.hears().await {
            ToRunner::Merge(assignment) => *assignment,
            other => panic!("{other:?}"),
        }
    }

    pub(super) async fn is_confirmed(&mut self) -> i64 {
        match self.hears().await {
            ToRunner::Confirm { seq, .. } => seq,
            other => panic!("{other:?}"),
        }
    }

    pub(super) async fn is_dropped(&mut self) -> i64 {
        match self.hears().await {
            ToRunner::Drop { fence, .. } => fence,
            other => panic!("{other:?}"),
        }
    }

    pub(super) async fn logs(&self, work: &Assignment, entries: Vec<LogEntry>) -> Result<(), CommandError> {
        self.says(FromRunner::Log {
            attempt: work.attempt,
            fence: work.fence,
            entries,
        })
        .await
    }

    pub(super) async fn finishes(&mut self, work: &Assignment, last_seq: i64, result: WorkResult) -> ToRunner {
        self.says(FromRunner::Finished(Box::new(finished(work, last_seq, result))))
            .await
            .unwrap();
        self.hears().await
    }
}

pub(super) fn finished(work: &Assignment, last_seq: i64, result: WorkResult) -> Finished {
    Finished {
        attempt: work.attempt,
        fence: work.fence,
        last_seq,
        result,
        summary: Some("did it".into()),
        usage: Usage::default(),
        branch: None,
        session: Some("session-1".into()),
        agent: None,
        model: None,
        sandboxed: Some(true),
    }
}

pub(super) fn held(work: &Assignment) -> HeldClaim {
    HeldClaim {
        attempt: work.attempt,
        fence: work.fence,
    }
}

pub(super) fn entry(seq: i64, body: LogBody) -> LogEntry {
    LogEntry {
        seq,
        at: Timestamp(seq),
        body,
    }
}

pub(super) fn texts(seqs: impl IntoIterator<Item = i64>) -> Vec<LogEntry> {
    seqs.into_iter()
        .map(|seq| {
            entry(
                seq,
                LogBody::Text {
                    text: format!("line {seq}"),
                },
            )
        })
        .collect()
}

pub(super) async fn stored_seqs(stage: &Stage, attempt: AttemptId) -> Vec<i64> {
    let mut conn = stage.kept.store.read().await.unwrap();
    let (entries, _) = coord_store::log::read(&mut conn, attempt, 1, 10_000).await.unwrap();
    entries
        .iter()
        .map(|entry| serde_json::from_str::<LogEntry>(entry).unwrap().seq)
        .collect()
}

pub(super) async fn feed_seqs(stage: &Stage) -> Vec<i64> {
    let mut conn = stage.kept.store.read().await.unwrap();
    let rows = coord_store::feed::read(&mut conn, stage.workspace, 0, 10_000).await.unwrap();
    rows.iter().map(|row| row.seq).collect()
}
