//! One job in motion: takes commands one at a time, decides by `coord_domain::lifecycle`, commits, then tells.
//!
//! Contract: every answer was committed before it is given (INV-1). The state kept here is a copy; a write that meets another version
//! throws the copy away and decides anew (INV-2). Idle for a minute, the actor stops.

use super::{CommandError, Live, folders, runner, workspace};
use crate::context::Actor as Caller;
use actix::{
    Actor, ActorContext as _, ActorFutureExt as _, Addr, ArbiterHandle, AsyncContext as _, AtomicResponse, Context, Handler, Message,
    WrapFuture as _,
};
use coord_domain::{
    Refusal, dependency, folder,
    job::{Job, Kind, Review},
    lifecycle::{self, Command, Doing, Given, Happening, JobEvent, NewGiven},
    mention, order,
    rights::{self, Act, Who},
    settings,
};
use coord_protocol::{
    id::{AttemptId, CanvasId, FolderId, JobId, MentionId, UserId, WorkspaceId},
    job::NewJob,
    rule::Rule,
    time::Timestamp,
};
use coord_store::{
    StoreError, Tx, audit, canvases, feed, folders as rows, idempotency, jobs, members, mentions, requests, runners, workspaces,
};
use serde_json::{Value, json};
use std::{collections::HashMap, sync::Arc, time::Duration};

/// Commands waiting for their turn; further senders wait for a place.
const MAILBOX: usize = 64;
/// How often it looks whether it is idle; it stops after being so for one whole round.
const IDLE: Duration = Duration::from_secs(60);
/// How often a decision is made anew because the row had changed under it.
const CONFLICT_RETRIES: usize = 4;

/// Who does it.
#[derive(Debug, Clone)]
pub(super) enum By {
    /// A person.
    Person {
        who: Who,
        from: Caller,
        command: Box<Command>,
        if_version: Option<i64>,
    },
    /// The system or a runner.
    System(Box<Happening>),
    /// Nothing happens to the job itself; what is derived from it is made anew and told.
    Refresh,
}

/// Something to do; answered with the job as it is afterwards.
pub(super) struct Do(pub(super) By);

impl Message for Do {
    type Result = Result<Job, CommandError>;
}

pub(super) struct JobActor {
    live: Live,
    id: JobId,
    job: Option<Job>,
    used: bool,
}

impl JobActor {
    pub(super) fn start(live: Live, id: JobId, arbiter: &ArbiterHandle) -> Addr<Self> {
        Self::start_in_arbiter(arbiter, move |ctx| {
            ctx.set_mailbox_capacity(MAILBOX);
            Self {
                live,
                id,
                job: None,
                used: true,
            }
        })
    }
}

impl Actor for JobActor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.run_interval(IDLE, |actor, ctx| {
            if !std::mem::take(&mut actor.used) {
                ctx.stop();
            }
        });
    }

    fn stopped(&mut self, ctx: &mut Self::Context) {
        self.live.0.jobs.forget(&self.id, &ctx.address());
    }
}

impl Handler<Do> for JobActor {
    type Result = AtomicResponse<Self, Result<Job, CommandError>>;

    fn handle(&mut self, Do(by): Do, _: &mut Self::Context) -> Self::Result {
        self.used = true;
        // What is told anew was changed beside this actor.
        let copy = self.job.take().filter(|_| !matches!(by, By::Refresh));
        let (live, id) = (self.live.clone(), self.id);
        let deletes = matches!(&by, By::Person { command, .. } if **command == Command::Delete);
        let work = async move { perform(&live, id, copy, &by).await };
        AtomicResponse::new(Box::pin(work.into_actor(self).map(move |result, actor, _| {
            // After a refusal or a failure the next command reads the store again; so does one after a deletion, and finds nothing.
            actor.job = result.as_ref().ok().filter(|_| !deletes).cloned();
            result
        })))
    }
}

/// A decision ready to be stored.
struct Decided {
    before: Job,
    after: Job,
    events: Vec<JobEvent>,
    act: &'static str,
    actor: Option<UserId>,
    from: Caller,
    /// For whom a review names: made here, since a transaction may run twice.
    mention_ids: Vec<MentionId>,
}

async fn perform(live: &Live, id: JobId, mut copy: Option<Job>, by: &By) -> Result<Job, CommandError> {
    for _ in 0..CONFLICT_RETRIES {
        let is_copy = copy.is_some();
        let (job, open_dependencies) = {
            let mut conn = live.store().read().await?;
            let job = match copy.take() {
                Some(job) => job,
                None => jobs::get(&mut conn, id).await?.ok_or(CommandError::NotFound)?,
            };
            let open = jobs::open_dependencies(&mut conn, id).await?;
            (job, open)
        };
        let decided = match decide(live, job, &open_dependencies, by).await {
            // The version named may be newer than the copy: dependencies are written beside this actor.
            Err(CommandError::Refused(refused)) if is_copy && refused.refusal.kind == coord_domain::RefusalKind::Stale => continue,
            decided => decided?,
        };
        let decided = match decided {
            Ok(decided) => decided,
            Err(unchanged) => {
                if matches!(by, By::Refresh) {
                    refresh(live, &unchanged, open_dependencies).await?;
                }
                return Ok(unchanged);
            }
        };
        match store(live, decided).await {
            Ok(decided) => {
                tell(live, &decided, open_dependencies).await;
                return Ok(decided.after.clone());
            }
            Err(CommandError::Store(StoreError::Conflict { .. })) => {}
            Err(error) => return Err(error),
        }
    }
    Err(CommandError::Store(StoreError::Conflict { seen: 0 }))
}

/// What is to be stored, or the job itself when nothing changes.
async fn decide(live: &Live, job: Job, open_dependencies: &[i64], by: &By) -> Result<Result<Decided, Job>, CommandError> {
    let now = live.now();
    let given = Given {
        now,
        new_attempt: AttemptId(live.ids().uuid()),
        open_dependencies: open_dependencies.to_vec(),
        position: position(live, &job, by).await?,
    };
    let (doing, act, from) = match by {
        By::Person {
            who,
            from,
            command,
            if_version,
        } => {
            rights::may(*who, command.act(), Some(&job.access)).map_err(|refusal| match refusal.kind {
                // Nothing of it may be told.
                coord_domain::RefusalKind::Hidden => CommandError::NotFound,
                _ => CommandError::from(refusal),
            })?;
            check_people(live, &job, command).await?;
            let doing = Doing::Person {
                user: who.user,
                command: (**command).clone(),
                if_version: *if_version,
            };
            (doing, act_of(command), *from)
        }
        By::System(happening) => (Doing::System((**happening).clone()), "job.system", Caller::default()),
        By::Refresh => return Ok(Err(job)),
    };
    let events = lifecycle::apply(&job, &doing, &given).map_err(|refusal| CommandError::refused(refusal, &job))?;
    if events.is_empty() {
        return Ok(Err(job));
    }
    let after = lifecycle::advance(job.clone(), &events, now);
    let reviewed = events.iter().any(|event| matches!(event, JobEvent::Reviewed(_)));
    let mentions = if reviewed { mention::MAX_MENTIONS } else { 0 };
    Ok(Ok(Decided {
        mention_ids: (0..mentions).map(|_| MentionId(live.ids().uuid())).collect(),
        before: job,
        after,
        events,
        act,
        actor: from.user,
        from,
    }))
}

/// The position beside the job that a person names.
async fn position(live: &Live, job: &Job, by: &By) -> Result<Option<String>, CommandError> {
    let By::Person { who, command, .. } = by else { return Ok(None) };
    let Command::Edit(patch) = &**command else { return Ok(None) };
    let (field, other, behind) = match (patch.after, patch.before) {
        (None, None) => return Ok(None),
        (Some(other), None) => ("after", other, true),
        (None, Some(other)) => ("before", other, false),
        (Some(_), Some(_)) => return Err(Refusal::invalid(Rule::Job1, "before", "cannot be named with `after`").into()),
    };
    if other == job.id {
        return Ok(None);
    }
    let mut conn = live.store().read().await?;
    let other = jobs::get(&mut conn, other).await?.filter(|other| other.workspace == job.workspace);
    let Some(other) = other.filter(|other| rights::may(*who, Act::See, Some(&other.access)).is_ok()) else {
        return Err(Refusal::invalid(Rule::Job1, field, "must be a job of this workspace").into());
    };
    let next = jobs::next_position(&mut conn, job.workspace, *who, &other.position, behind).await?;
    let (low, high) = if behind {
        (Some(other.position), next)
    } else {
        (next, Some(other.position))
    };
    let position = order::between(low.as_deref(), high.as_deref());
    let full = || Refusal::state(Rule::Job1, "nothing more fits between these two; put it beside another job");
    Ok(Some(position.ok_or_else(full)?))
}

/// People named in a command must be members of the workspace.
async fn check_people(live: &Live, job: &Job, command: &Command) -> Result<(), CommandError> {
    let (field, named): (_, Vec<UserId>) = match command {
        Command::Edit(patch) => ("owner", patch.owner.into_iter().collect()),
        Command::SetTeam(team) => ("team", team.iter().map(|member| member.user).collect()),
        _ => return Ok(()),
    };
    members_all(live, job.workspace, field, &named).await
}

async fn members_all(live: &Live, workspace: WorkspaceId, field: &str, users: &[UserId]) -> Result<(), CommandError> {
    if users.is_empty() {
        return Ok(());
    }
    let mut conn = live.store().read().await?;
    for user in users {
        if members::role(&mut conn, workspace, *user).await?.is_none() {
            return Err(Refusal::invalid(Rule::Job1, field, "must be members of the workspace").into());
        }
    }
    Ok(())
}

async fn store(live: &Live, decided: Decided) -> Result<Arc<Decided>, CommandError> {
    let decided = Arc::new(decided);
    let stored = Arc::clone(&decided);
    let audit_id = live.ids().uuid().to_string();
    let folder_ids = folder_ids(live, &decided.after);
    // Its event can be read by watchers from the commit on, which is before this function goes on.
    let mut changing = vec![live.0.snapshots.changing(decided.after.id)];
    let beside: Vec<JobId> = if decided.events.contains(&JobEvent::Deleted) {
        let around = jobs::surroundings(&mut *live.store().read().await?, &[decided.after.id]).await?;
        around
            .into_values()
            .flat_map(|around| [around.dependencies, around.dependents].concat())
            .collect()
    } else {
        vec![]
    };
    changing.extend(beside.iter().map(|id| live.0.snapshots.changing(*id)));
    let seq = live
        .store()
        .write(async move |tx: &mut Tx| -> Result<i64, CommandError> { write(tx, &stored, &audit_id, &folder_ids).await })
        .await?;
    drop(changing);
    if decided.before.access != decided.after.access || decided.events.contains(&JobEvent::Deleted) {
        // Nobody watching is fine.
        let _watchers = live.0.access_changed.send(decided.after.id);
    }
    live.feed_committed(decided.after.workspace, seq);
    Ok(decided)
}

/// One transaction: the job, the requests of an attempt that ended, the event, the audit line (INV-4).
async fn write(tx: &mut Tx, decided: &Decided, audit_id: &str, folder_ids: &[FolderId]) -> Result<i64, CommandError> {
    let Decided { before, after, events, .. } = decided;
    let at = after.updated_at;
    let deleted = events.contains(&JobEvent::Deleted);
    if deleted {
        let around = jobs::surroundings(tx, &[after.id]).await?.remove(&after.id).unwrap_or_default();
        jobs::delete(tx, after.id).await?;
        let payload = decided.actor.map_or_else(|| json!({}), |actor| json!({ "by": actor }));
        // Those that waited for it wait for less now, which is a change of theirs (JOB-7); those it waited for only show it no more.
        for id in &around.dependents {
            if let Some(job) = jobs::get(tx, *id).await? {
                let version = job.version;
                jobs::update(tx, &lifecycle::dependencies_changed(job, at), version).await?;
            }
        }
        for id in around.dependents.iter().chain(&around.dependencies) {
            feed::append(tx, after.workspace, at, "job.changed", Some(*id), &payload).await?;
        }
    } else {
        jobs::update(tx, after, before.version).await?;
    }
    if let Some(actor) = decided.actor {
        let entry = audit::Entry {
            id: audit_id.to_owned(),
            at,
            workspace: Some(after.workspace),
            actor: Some(actor),
            via: decided.from.via,
            act: decided.act,
            target: after.id.to_string(),
            detail: json!({ "number": after.number }),
            address: decided.from.address.map(|address| address.to_string()),
        };
        let (was, is) = audited(before, after);
        audit::append(tx, &entry.changed(was, is)).await?;
    }
    let mut mentioned = vec![];
    for event in events {
        match event {
            JobEvent::AttemptStarted {
                worker: coord_domain::job::Worker::Runner { claim, .. },
                ..
            } => runners::count_attempt(tx, claim.runner).await?,
            JobEvent::Reviewed(review) => mentioned = mention_in(tx, decided, review, at).await?,
            _ => {}
        }
    }
    if !deleted
        && let Some(open) = before.open_attempt()
        && after.open_attempt().is_none_or(|attempt| attempt.id != open.id)
    {
        for request in requests::close_for_attempt(tx, open.id, at).await? {
            let payload = json!({ "request": request });
            feed::append(tx, after.workspace, at, "request.answered", Some(after.id), &payload).await?;
        }
    }
    if !deleted && (before.folder != after.folder || before.access.private != after.access.private) {
        show_folder(tx, after, folder_ids, at).await?;
    }
    let kind = if deleted { "job.deleted" } else { "job.changed" };
    Ok(feed::append(
        tx,
        after.workspace,
        at,
        kind,
        Some(after.id),
        &payload(decided, deleted, &mentioned),
    )
    .await?)
}

/// What of a job the audit log speaks of, as far as it changed: never its words, which are for those who may see it.
fn audited(before: &Job, after: &Job) -> (Value, Value) {
    let facts = |job: &Job| {
        let (agent, policy, routing) = match &job.kind {
            Kind::User => (None, None, None),
            Kind::Agentic(spec) => (Some(&spec.agent), Some(spec.tools_policy), Some(&spec.routing)),
        };
        json!({
            "state": job.state.word(), "private": job.access.private, "owner": job.access.owner, "team": job.access.team,
            "agent": agent, "tools_policy": policy, "routing": routing,
        })
    };
    let (mut was, mut is) = (facts(before), facts(after));
    if let (Some(was), Some(is)) = (was.as_object_mut(), is.as_object_mut()) {
        let same: Vec<_> = was.keys().filter(|key| was.get(*key) == is.get(*key)).cloned().collect();
        for key in same {
            was.remove(&key);
            is.remove(&key);
        }
    }
    (was, is)
}

/// Ids for the folders that a job may be the first of.
fn folder_ids(live: &Live, job: &Job) -> Vec<FolderId> {
    let names = job.folder.as_deref().map_or(0, folder::depth);
    (0..names).map(|_| FolderId(live.ids().uuid())).collect()
}

/// The folder of a public job exists for everybody, that of a private one by nothing it does (ACC-4).
async fn show_folder(tx: &mut Tx, job: &Job, ids: &[FolderId], at: Timestamp) -> Result<(), StoreError> {
    if let Some(path) = &job.folder
        && !job.access.private
        && rows::ensure(tx, job.workspace, path, ids, at).await?
    {
        feed::append(tx, job.workspace, at, "folders.changed", None, &json!({})).await?;
    }
    Ok(())
}

/// Writes down whom the words of a review name (NOTE-2): those of the review, and those on lines.
async fn mention_in(tx: &mut Tx, decided: &Decided, review: &Review, at: Timestamp) -> Result<Vec<UserId>, StoreError> {
    let Decided { before, after, .. } = decided;
    let Some(attempt) = &before.attempt else { return Ok(vec![]) };
    let words = review.comments.iter().map(|comment| comment.body.as_str());
    let words: Vec<_> = std::iter::once(review.body.as_str()).chain(words).collect();
    let members = mentions::candidates(tx, after.workspace).await?;
    let found = mention::find(&words.join("\n\n"), &members, &after.access, review.by, &[]).mentioned;
    let named = decided.mention_ids.iter().zip(&found);
    mentions::insert(tx, after, mentions::Place::Review(attempt.id), review.by, at, named).await?;
    Ok(found.into_iter().map(|mention| mention.user).collect())
}

/// Who could see it before, when that is not who can see it now; who did it; where it went.
fn payload(decided: &Decided, deleted: bool, mentioned: &[UserId]) -> Value {
    let Decided {
        before, after, actor, act, ..
    } = decided;
    let mut payload = json!({});
    if deleted || before.access != after.access {
        payload["was"] = json!(before.access);
    }
    if before.state.word() != after.state.word() {
        payload["from"] = json!(before.state.word());
        payload["to"] = json!(after.state.word());
    }
    if deleted {
        payload["number"] = json!(after.number);
        payload["title"] = json!(after.title);
    }
    if let Some(actor) = actor {
        payload["by"] = json!(actor);
        payload["act"] = json!(act.trim_start_matches("job."));
    }
    if !mentioned.is_empty() {
        payload["mentions"] = json!(mentioned);
    }
    payload
}

/// After the commit: the queue, the runner, the jobs that wait for this one.
async fn tell(live: &Live, decided: &Decided, open_dependencies: Vec<i64>) {
    let Decided { before, after, events, .. } = decided;
    let deleted = events.contains(&JobEvent::Deleted);
    for event in events {
        if let JobEvent::StopRequested(stop) = event
            && let (Some(claim), Some(attempt)) = (after.claim(), after.open_attempt())
        {
            runner::stop_attempt(live, claim.runner, attempt.id, *stop);
        }
    }
    // A claim that ended by anything but its runner's word is taken away from it.
    if let (Some(claim), Some(attempt)) = (before.claim(), &before.attempt)
        && after.claim() != Some(claim)
    {
        runner::claim_ended(live, claim, attempt.id).await;
    }
    let was_done = before.state.word() == coord_protocol::job::JobState::Done;
    let is_done = !deleted && after.state.word() == coord_protocol::job::JobState::Done;
    if before.folder != after.folder && !deleted {
        folders::moved(live, after, before.folder.clone());
    }
    if !before.auto_ready && after.auto_ready && open_dependencies.is_empty() {
        let (live, id) = (live.clone(), after.id);
        actix_web::rt::spawn(async move { release_if_waiting(&live, id).await });
    }
    let moved = workspace::Moved {
        job: Arc::new(after.clone()),
        gone: deleted,
        open_dependencies,
        released: was_done != is_done || deleted,
    };
    workspace::job_moved(&live.workspace_actor(after.workspace), moved).await;
}

/// A job that was just told to become ready by itself does, when all it depends on is done already (DEP-5). One that depends on nothing
/// waits for a person.
async fn release_if_waiting(live: &Live, id: JobId) {
    let release = async {
        let waits = !jobs::dependencies_of(&mut *live.store().read().await?, id).await?.is_empty();
        if waits {
            live.happen(id, Happening::DependenciesDone).await?;
        }
        Ok::<_, CommandError>(())
    };
    if let Err(error) = release.await {
        tracing::debug!(%error, job = %id, "a job did not become ready by itself");
    }
}

/// Makes what is derived from the job anew, and says so in the feed.
async fn refresh(live: &Live, job: &Job, open_dependencies: Vec<i64>) -> Result<(), CommandError> {
    changed(live, job.workspace, vec![job.id]).await?;
    let moved = workspace::Moved {
        job: Arc::new(job.clone()),
        gone: false,
        open_dependencies,
        released: false,
    };
    workspace::job_moved(&live.workspace_actor(job.workspace), moved).await;
    Ok(())
}

/// Says in the feed that these jobs look different, though nothing stored in them changed.
pub(super) async fn changed(live: &Live, workspace: WorkspaceId, jobs: Vec<JobId>) -> Result<(), StoreError> {
    let Some(last) = jobs.last().copied() else {
        return Ok(());
    };
    let at = live.now();
    for job in &jobs {
        live.0.snapshots.forget(*job);
    }
    let seq = live
        .store()
        .write(async move |tx: &mut Tx| -> Result<i64, StoreError> {
            for job in &jobs[..jobs.len() - 1] {
                feed::append(tx, workspace, at, "job.changed", Some(*job), &json!({})).await?;
            }
            feed::append(tx, workspace, at, "job.changed", Some(last), &json!({})).await
        })
        .await?;
    live.feed_committed(workspace, seq);
    Ok(())
}

/// Makes a job: its number, its row, its dependencies, its event, in one transaction.
/// What a new job is to be the only one of.
#[derive(Debug, Clone, Default)]
pub struct Origin {
    /// The call that asks for it (API-1).
    pub key: Option<idempotency::Key>,
    /// The idea on a canvas that it comes from (CAN-4).
    pub idea: Option<(CanvasId, String)>,
}

pub(super) async fn create(
    live: &Live,
    who: Who,
    from: Caller,
    workspace: WorkspaceId,
    new: NewJob,
    origin: Origin,
) -> Result<Job, CommandError> {
    rights::may(who, Act::Create, None)?;
    let team: Vec<_> = new.team.iter().map(|member| member.user).collect();
    members_all(live, workspace, "team", &team).await?;
    let (settings, dependencies) = {
        let mut conn = live.store().read().await?;
        let (_, settings, _) = workspaces::facts(&mut conn, workspace).await?.ok_or(CommandError::NotFound)?;
        let mut dependencies = HashMap::new();
        for id in new.dependencies.iter().take(coord_domain::validate::MAX_DEPENDENCIES) {
            let job = jobs::get(&mut conn, *id).await?.filter(|job| job.workspace == workspace);
            let job = job.filter(|job| rights::may(who, Act::See, Some(&job.access)).is_ok());
            let Some(job) = job else {
                return Err(Refusal::invalid(Rule::Dep1, "dependencies", "must be jobs of this workspace").into());
            };
            dependencies.insert(job.id, (job.number, job.state.word()));
        }
        (settings, dependencies)
    };
    let open_dependencies: Vec<_> = dependencies
        .values()
        .filter(|(_, state)| *state != coord_protocol::job::JobState::Done)
        .map(|(number, _)| *number)
        .collect();
    let given = NewGiven {
        now: live.now(),
        id: JobId(live.ids().uuid()),
        workspace,
        number: 0,
        creator: who.user,
        default_priority: settings.default_priority,
        open_dependencies: open_dependencies.clone(),
    };
    let job = lifecycle::create(&new, &given)?;
    for on in dependencies.keys() {
        dependency::check_new(job.id, *on, &[], |_| 0)?;
    }
    insert(live, from, job, dependencies.into_keys().collect(), open_dependencies, origin).await
}

/// Copies a job into Backlog (JOB-12).
pub(super) async fn duplicate(live: &Live, who: Who, from: Caller, id: JobId, key: Option<idempotency::Key>) -> Result<Job, CommandError> {
    let job = {
        let mut conn = live.store().read().await?;
        jobs::get(&mut conn, id).await?.ok_or(CommandError::NotFound)?
    };
    rights::may(who, Act::See, Some(&job.access)).map_err(|_| CommandError::NotFound)?;
    rights::may(who, Act::Create, None)?;
    let given = NewGiven {
        now: live.now(),
        id: JobId(live.ids().uuid()),
        workspace: job.workspace,
        number: 0,
        creator: who.user,
        default_priority: job.priority,
        open_dependencies: vec![],
    };
    let copy = lifecycle::duplicate(&job, &given).map_err(|refusal| CommandError::refused(refusal, &job))?;
    insert(live, from, copy, vec![], vec![], Origin { key, idea: None }).await
}

async fn insert(
    live: &Live,
    from: Caller,
    job: Job,
    dependencies: Vec<JobId>,
    open_dependencies: Vec<i64>,
    origin: Origin,
) -> Result<Job, CommandError> {
    let audit_id = live.ids().uuid().to_string();
    let folder_ids = folder_ids(live, &job);
    let (job, seq) = live
        .store()
        .write(async move |tx: &mut Tx| -> Result<(Job, i64), CommandError> {
            let number = jobs::next_number(tx, job.workspace).await?;
            // Whoever has the number has the workspace to itself until the commit.
            if let Some((_, settings, _)) = workspaces::facts(tx, job.workspace).await?
                && settings.max_open_jobs.is_some()
            {
                settings::fits(&settings, jobs::count_open(tx, job.workspace).await?)?;
            }
            let job = Job {
                number,
                position: order::of_number(number),
                ..job.clone()
            };
            jobs::insert(tx, &job).await?;
            show_folder(tx, &job, &folder_ids, job.created_at).await?;
            for on in &dependencies {
                jobs::add_dependency(tx, job.id, *on).await?;
            }
            audit::append(tx, &created(&job, from, &audit_id)).await?;
            if let Some((canvas, object)) = &origin.idea {
                canvases::promote(tx, *canvas, object, job.id).await?;
            }
            if let Some(key) = &origin.key {
                idempotency::insert(tx, key, 201, &json!({ "id": job.id }).to_string(), job.created_at).await?;
            }
            let payload = json!({ "by": job.access.creator });
            let seq = feed::append(tx, job.workspace, job.created_at, "job.created", Some(job.id), &payload).await?;
            Ok((job, seq))
        })
        .await?;
    live.feed_committed(job.workspace, seq);
    if job.folder.is_some() {
        folders::moved(live, &job, None);
    }
    let moved = workspace::Moved {
        job: Arc::new(job.clone()),
        gone: false,
        open_dependencies,
        released: false,
    };
    workspace::job_moved(&live.workspace_actor(job.workspace), moved).await;
    Ok(job)
}

fn created(job: &Job, from: Caller, audit_id: &str) -> audit::Entry {
    audit::Entry {
        id: audit_id.to_owned(),
        at: job.created_at,
        workspace: Some(job.workspace),
        actor: Some(job.access.creator),
        via: from.via,
        act: "job.create",
        target: job.id.to_string(),
        detail: json!({ "number": job.number, "private": job.access.private }),
        address: from.address.map(|address| address.to_string()),
    }
}

const fn act_of(command: &Command) -> &'static str {
    match command {
        Command::Edit(_) => "job.edit",
        Command::SetTeam(_) => "job.team",
        Command::Ready => "job.ready",
        Command::Unready => "job.unready",
        Command::Start => "job.start",
        Command::Submit { .. } => "job.submit",
        Command::Complete { .. } => "job.complete",
        Command::Approve { .. } => "job.approve",
        Command::RequestChanges { .. } => "job.request_changes",
        Command::Retry => "job.retry",
        Command::Cancel => "job.cancel",
        Command::Stop { .. } => "job.stop",
        Command::Move { .. } => "job.move",
        Command::Delete => "job.delete",
    }
}
