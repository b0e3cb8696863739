//! One workspace's queue: matches waiting jobs with runners that have a free slot, and says of each job that waits why (JOB-9, JOB-10).
//!
//! Contract: push, never poll. Whatever may change a match (a job moved, a runner came, a slot became free) wakes one pass over the
//! queue; wakes that come while one is due are the same pass. A slot is reserved before the claim is asked for, so a runner never gets
//! more than it can take (RUN-6); the claim itself is the job's own transaction.

use super::{Live, job, runner};
use actix::{Actor, ActorFutureExt as _, Addr, ArbiterHandle, AsyncContext as _, Context, Handler, Message, WrapFuture as _};
use coord_domain::{
    dispatch::{self, Candidate},
    hold::{self, HoldFacts},
    job::{Job, State},
    lifecycle::Happening,
    rights::{self, Act, Who},
};
use coord_protocol::{
    id::{JobId, RunnerId, UserId, WorkspaceId},
    job::{Hold, Obstacle, RunnerObstacle},
    time::Timestamp,
    workspace::Role,
};
use coord_store::{StoreError, jobs, members, runners, workspaces};
use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

/// Changes waiting for their turn; senders wait for a place.
const MAILBOX: usize = 1024;

/// Most runners and members looked at in one workspace.
const MOST: i64 = 10_000;

/// Pause before the store is read again after it failed.
const AGAIN: Duration = Duration::from_secs(2);

/// A job changed.
pub(super) struct Moved {
    /// The job as it is now.
    pub(super) job: Arc<Job>,
    /// It was deleted.
    pub(super) gone: bool,
    /// Numbers of its dependencies that are not Done.
    pub(super) open_dependencies: Vec<i64>,
    /// It became Done, or is Done no more: jobs that wait for it must be looked at.
    pub(super) released: bool,
}

impl Message for Moved {
    type Result = ();
}

struct ReloadRunners;

impl Message for ReloadRunners {
    type Result = ();
}

struct Wake;

impl Message for Wake {
    type Result = ();
}

struct Pass;

impl Message for Pass {
    type Result = ();
}

/// Tells the workspace that a job changed; returns when it has taken note.
pub(super) async fn job_moved(workspace: &Addr<WorkspaceActor>, moved: Moved) {
    if workspace.send(moved).await.is_err() {
        // It died; the one that takes its place reads the store.
        tracing::warn!("a workspace's queue was rebuilt");
    }
}

/// Runners of the workspace came, went or changed. Does not wait: the caller may be what the workspace waits for.
pub(super) fn reload_runners(workspace: &Addr<WorkspaceActor>) {
    if let Err(actix::dev::SendError::Full(message)) = workspace.try_send(ReloadRunners) {
        let workspace = workspace.clone();
        actix_web::rt::spawn(async move {
            if workspace.send(message).await.is_err() {
                tracing::debug!("a workspace's queue was rebuilt meanwhile");
            }
        });
    }
}

/// A slot became free, or a runner came or went.
pub(super) fn wake(workspace: &Addr<WorkspaceActor>) {
    // When the mailbox is full a pass follows anyway.
    let _woken = workspace.try_send(Wake);
}

struct Waiting {
    job: Arc<Job>,
    since: Timestamp,
    open_dependencies: Vec<i64>,
}

pub(super) struct WorkspaceActor {
    live: Live,
    id: WorkspaceId,
    waiting: HashMap<JobId, Waiting>,
    /// Claims asked for and not yet answered.
    claiming: HashSet<JobId>,
    candidates: Vec<Candidate>,
    people: People,
    loaded: bool,
    pass_due: bool,
}

impl WorkspaceActor {
    pub(super) fn start(live: Live, id: WorkspaceId, arbiter: &ArbiterHandle) -> Addr<Self> {
        Self::start_in_arbiter(arbiter, move |ctx| {
            ctx.set_mailbox_capacity(MAILBOX);
            Self {
                live,
                id,
                waiting: HashMap::new(),
                claiming: HashSet::new(),
                candidates: vec![],
                people: People::default(),
                loaded: false,
                pass_due: false,
            }
        })
    }

    fn wake(&mut self, ctx: &mut Context<Self>) {
        if !std::mem::replace(&mut self.pass_due, true) {
            ctx.notify(Pass);
        }
    }

    /// Everything from the store; nothing else is handled meanwhile.
    fn load(&mut self, ctx: &mut Context<Self>) {
        let (live, id) = (self.live.clone(), self.id);
        let loading = async move { load(&live, id).await };
        ctx.wait(loading.into_actor(self).map(|loaded, actor, ctx| match loaded {
            Ok(loaded) => {
                actor.waiting = loaded.waiting.into_iter().map(|waiting| (waiting.job.id, waiting)).collect();
                actor.set_runners(loaded.candidates, loaded.people);
                actor.loaded = true;
                actor.release(loaded.auto_ready);
                actor.wake(ctx);
            }
            Err(error) => {
                tracing::error!(%error, workspace = %actor.id, "the queue cannot be read");
                ctx.run_later(AGAIN, |actor, ctx| actor.load(ctx));
            }
        }));
    }

    fn set_runners(&mut self, candidates: Vec<Candidate>, people: People) {
        self.candidates = candidates;
        self.people = people;
    }

    /// Jobs whose dependencies may be done now (DEP-5), each in its own time.
    fn release(&self, jobs: Vec<JobId>) {
        for id in jobs {
            let live = self.live.clone();
            actix_web::rt::spawn(async move {
                if let Err(error) = live.happen(id, Happening::DependenciesDone).await {
                    tracing::debug!(%error, job = %id, "a dependent job was not released");
                }
            });
        }
    }

    /// One pass: match, claim, and say of the rest why they wait.
    fn pass(&mut self, ctx: &mut Context<Self>) {
        let now = self.live.now();
        let mut order: Vec<&Waiting> = self
            .waiting
            .values()
            .filter(|waiting| !self.claiming.contains(&waiting.job.id))
            .collect();
        order.sort_by_key(|waiting| {
            let urgency = dispatch::urgency(waiting.job.priority, waiting.since, now);
            (std::cmp::Reverse(urgency), waiting.job.number)
        });
        let mut free: HashMap<RunnerId, u32> = HashMap::new();
        for candidate in &mut self.candidates {
            let live = self.live.runner_live(candidate.id);
            candidate.online = live.as_ref().is_some_and(|live| live.online());
            candidate.stopping = live.as_ref().is_some_and(|live| live.stopping());
            candidate.free = live.as_ref().map_or(0, |live| live.free());
            free.insert(candidate.id, candidate.free);
        }
        let mut holds = HashMap::new();
        let mut claims = vec![];
        let mut position = 0;
        let mut wake_at: Option<Timestamp> = None;
        for waiting in order {
            let (facts, taker) = look(waiting, &self.candidates, &self.people, &free, &self.live, self.id);
            let reserved = taker.and_then(|runner| reserve(&self.live, &waiting.job, runner, now, &facts));
            if let Some((runner, permit)) = reserved {
                if permit.is_some()
                    && let Some(slots) = free.get_mut(&runner)
                {
                    *slots = slots.saturating_sub(1);
                }
                claims.push((Arc::clone(&waiting.job), runner, permit));
                continue;
            }
            if let State::Ready {
                unreachable: Some(unreachable),
                ..
            } = &waiting.job.state
                && unreachable.retry_at > now
            {
                wake_at = Some(wake_at.map_or(unreachable.retry_at, |at| at.min(unreachable.retry_at)));
            }
            position += 1;
            if let Some(hold) = hold::hold(&waiting.job, HoldFacts { position, ..facts }, now) {
                holds.insert(waiting.job.id, hold);
            }
        }
        for (job, runner, permit) in claims {
            self.claim(ctx, &job, runner, permit);
        }
        self.publish(holds, ctx);
        if let Some(at) = wake_at {
            let pause = u64::try_from(at.ms_since(now)).unwrap_or(0) + 10;
            ctx.run_later(Duration::from_millis(pause), |actor, ctx| actor.wake(ctx));
        }
    }

    /// Keeps the holds for whoever shows a job, and says in the feed whose reason is another now.
    fn publish(&self, holds: HashMap<JobId, Hold>, ctx: &mut Context<Self>) {
        let mut told = vec![];
        {
            let mut known = super::lock(&self.live.0.holds);
            for waiting in self.waiting.values() {
                let id = waiting.job.id;
                // A job being claimed keeps what it showed until the claim is answered.
                if self.claiming.contains(&id) {
                    continue;
                }
                let new = holds.get(&id);
                if !same_reason(known.get(&id), new) {
                    told.push(id);
                }
                match new {
                    Some(hold) => known.insert(id, hold.clone()),
                    None => known.remove(&id),
                };
            }
        }
        if told.is_empty() {
            return;
        }
        let (live, workspace) = (self.live.clone(), self.id);
        let telling = async move {
            if let Err(error) = job::changed(&live, workspace, told).await {
                tracing::error!(%error, %workspace, "holds were not told");
            }
        };
        ctx.spawn(telling.into_actor(self));
    }

    /// Asks the job to be claimed; from a spawned future, since the job tells this actor before it answers.
    fn claim(&mut self, ctx: &mut Context<Self>, job: &Arc<Job>, runner: RunnerId, permit: Option<runner::Slot>) {
        let Some(candidate) = self.candidates.iter().find(|candidate| candidate.id == runner) else {
            return;
        };
        let happening = match job.state {
            State::AwaitingReview { .. } => Happening::MergeClaimed { runner },
            _ => Happening::Claimed {
                runner,
                runner_name: candidate.name.clone(),
                agent: dispatch::agent_for(job, candidate).unwrap_or_default(),
            },
        };
        self.claiming.insert(job.id);
        let (live, id) = (self.live.clone(), job.id);
        let claiming = async move {
            match live.happen(id, happening).await {
                Ok(claimed) => {
                    runner::assign(&live, runner, claimed, permit).await;
                    None
                }
                Err(error) => {
                    tracing::debug!(%error, job = %id, "a claim was refused");
                    drop(permit);
                    current(&live, id).await
                }
            }
        };
        ctx.spawn(claiming.into_actor(self).map(move |fresh, actor, ctx| {
            actor.claiming.remove(&id);
            match fresh {
                // The queue's copy was out of date.
                Some(waiting) => actor.note(id, waiting, ctx),
                None => actor.wake(ctx),
            }
        }));
    }

    fn note(&mut self, id: JobId, waiting: Option<Waiting>, ctx: &mut Context<Self>) {
        match waiting {
            Some(waiting) => {
                self.waiting.insert(id, waiting);
            }
            None => {
                self.waiting.remove(&id);
                super::lock(&self.live.0.holds).remove(&id);
            }
        }
        self.wake(ctx);
    }
}

/// Which runners may take it, and the one that should: with the most free slots.
fn look(
    waiting: &Waiting,
    candidates: &[Candidate],
    people: &People,
    free: &HashMap<RunnerId, u32>,
    live: &Live,
    workspace: WorkspaceId,
) -> (HoldFacts, Option<RunnerId>) {
    let job = &waiting.job;
    let merges = matches!(job.state, State::AwaitingReview { .. });
    let mut facts = HoldFacts {
        open_dependencies: waiting.open_dependencies.clone(),
        ..HoldFacts::default()
    };
    let mut best: Option<(u32, RunnerId)> = None;
    let asks = people.emails.get(&dispatch::asks(job)).map_or("", String::as_str);
    for candidate in candidates {
        let who = Who {
            user: candidate.owner,
            role: people.roles.get(&candidate.owner).copied(),
        };
        let owner_sees = rights::may(who, Act::See, Some(&job.access)).is_ok();
        let known = live.runner_live(candidate.id);
        let serves = known
            .as_ref()
            .is_none_or(|known| dispatch::may_serve(job, &known.serves(), &people.workspace, asks));
        let not = |why| RunnerObstacle {
            runner: candidate.id,
            name: candidate.name.clone(),
            why,
        };
        if let Some(why) = dispatch::obstacle(job, candidate, owner_sees, serves) {
            facts.obstacles.push(not(why));
            continue;
        }
        facts.eligible = true;
        // A merge takes no slot: it is short, and no agent runs.
        let slots = if merges {
            u32::MAX
        } else {
            free.get(&candidate.id).copied().unwrap_or(0)
        };
        if slots > 0 {
            facts.free = true;
            if best.is_none_or(|(most, _)| slots > most) {
                best = Some((slots, candidate.id));
            }
        } else {
            facts.obstacles.push(not(Obstacle::Busy));
            facts.busy_with.extend(known.iter().flat_map(|runner| runner.jobs_in(workspace)));
        }
    }
    (facts, best.map(|(_, runner)| runner))
}

/// Reserves what the job needs of the runner, unless something else holds it back.
fn reserve(live: &Live, job: &Job, runner: RunnerId, now: Timestamp, facts: &HoldFacts) -> Option<(RunnerId, Option<runner::Slot>)> {
    let facts = HoldFacts {
        position: 1,
        ..facts.clone()
    };
    if !matches!(hold::hold(job, facts, now), Some(Hold::Queued { .. })) {
        return None;
    }
    if matches!(job.state, State::AwaitingReview { .. }) {
        return Some((runner, None));
    }
    live.runner_live(runner)?.reserve().map(|permit| (runner, Some(permit)))
}

/// Positions and names may move without a word; another reason is told.
fn same_reason(known: Option<&Hold>, new: Option<&Hold>) -> bool {
    match (known, new) {
        (Some(Hold::Queued { .. }), Some(Hold::Queued { .. }))
        // Told, each job that begins or ends would be told of every job that waits behind it.
        | (Some(Hold::RunnersBusy { .. }), Some(Hold::RunnersBusy { .. }))
        | (None, None) => true,
        (known, new) => known == new,
    }
}

/// Who is in the workspace, and what it is called, as far as runners are chosen by it.
#[derive(Default)]
struct People {
    workspace: String,
    roles: HashMap<UserId, Role>,
    emails: HashMap<UserId, String>,
}

struct Loaded {
    waiting: Vec<Waiting>,
    candidates: Vec<Candidate>,
    people: People,
    auto_ready: Vec<JobId>,
}

async fn load(live: &Live, workspace: WorkspaceId) -> Result<Loaded, StoreError> {
    let mut conn = live.store().read().await?;
    let mut waiting = vec![];
    for job in jobs::waiting(&mut conn, workspace).await? {
        let open = jobs::open_dependencies(&mut conn, job.id).await?;
        waiting.extend(waiting_of(Arc::new(job), open));
    }
    let auto_ready = jobs::auto_ready(&mut conn, workspace).await?;
    drop(conn);
    let (candidates, people) = load_runners(live, workspace).await?;
    Ok(Loaded {
        waiting,
        candidates,
        people,
        auto_ready,
    })
}

async fn load_runners(live: &Live, workspace: WorkspaceId) -> Result<(Vec<Candidate>, People), StoreError> {
    let mut conn = live.store().read().await?;
    let name = workspaces::facts(&mut conn, workspace).await?.map(|(name, ..)| name);
    let members = members::list(&mut conn, workspace, None, MOST).await?;
    let runners = runners::serving(&mut conn, workspace, None, MOST).await?;
    let candidates = runners.into_iter().map(|(runner, disabled)| Candidate {
        id: runner.id,
        name: runner.name,
        owner: runner.owner.id,
        shared: runner.shared,
        online: false,
        stopping: false,
        disabled,
        agents: runner.agents.into_iter().map(|agent| agent.name).collect(),
        free: 0,
    });
    let people = People {
        workspace: name.unwrap_or_default(),
        roles: members.iter().map(|member| (member.user, member.role)).collect(),
        emails: members.into_iter().map(|member| (member.user, member.email)).collect(),
    };
    Ok((candidates.collect(), people))
}

fn waiting_of(job: Arc<Job>, open_dependencies: Vec<i64>) -> Option<Waiting> {
    let since = job.waiting_for_runner()?;
    Some(Waiting {
        job,
        since,
        open_dependencies,
    })
}

/// The job as the store has it, when the queue's copy proved wrong. `None` leaves the queue as it is.
async fn current(live: &Live, id: JobId) -> Option<Option<Waiting>> {
    let mut conn = live.store().read().await.ok()?;
    let job = jobs::get(&mut conn, id).await.ok()?;
    let open = jobs::open_dependencies(&mut conn, id).await.ok()?;
    Some(job.and_then(|job| waiting_of(Arc::new(job), open)))
}

impl Actor for WorkspaceActor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        self.load(ctx);
    }

    fn stopped(&mut self, ctx: &mut Self::Context) {
        self.live.0.workspaces.forget(&self.id, &ctx.address());
    }
}

impl Handler<Moved> for WorkspaceActor {
    type Result = ();

    fn handle(&mut self, moved: Moved, ctx: &mut Self::Context) {
        let id = moved.job.id;
        let waiting = if moved.gone {
            None
        } else {
            waiting_of(Arc::clone(&moved.job), moved.open_dependencies)
        };
        self.note(id, waiting, ctx);
        if moved.released {
            let live = self.live.clone();
            let dependents = async move {
                let mut conn = live.store().read().await?;
                jobs::dependents_of(&mut conn, id).await
            };
            ctx.spawn(
                dependents
                    .into_actor(self)
                    .map(|dependents: Result<_, StoreError>, actor, _| match dependents {
                        Ok(dependents) => {
                            for id in &dependents {
                                let (live, id) = (actor.live.clone(), *id);
                                actix_web::rt::spawn(async move {
                                    if let Err(error) = live.ask_job(id, job::By::Refresh).await {
                                        tracing::debug!(%error, job = %id, "a dependent job was not told anew");
                                    }
                                });
                            }
                            actor.release(dependents);
                        }
                        Err(error) => tracing::error!(%error, "dependents were not looked at; they are at the next start"),
                    }),
            );
        }
    }
}

impl Handler<ReloadRunners> for WorkspaceActor {
    type Result = ();

    fn handle(&mut self, _: ReloadRunners, ctx: &mut Self::Context) {
        let (live, id) = (self.live.clone(), self.id);
        let loading = async move { load_runners(&live, id).await };
        ctx.spawn(loading.into_actor(self).map(|loaded, actor, ctx| match loaded {
            Ok((candidates, people)) => {
                actor.set_runners(candidates, people);
                actor.wake(ctx);
            }
            Err(error) => {
                tracing::error!(%error, workspace = %actor.id, "runners cannot be read");
                ctx.notify_later(ReloadRunners, AGAIN);
            }
        }));
    }
}

impl Handler<Wake> for WorkspaceActor {
    type Result = ();

    fn handle(&mut self, _: Wake, ctx: &mut Self::Context) {
        self.wake(ctx);
    }
}

impl Handler<Pass> for WorkspaceActor {
    type Result = ();

    fn handle(&mut self, _: Pass, ctx: &mut Self::Context) {
        self.pass_due = false;
        if self.loaded {
            self.pass(ctx);
        }
    }
}
