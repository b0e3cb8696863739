//! The claims a runner holds: taken up, begun, caught up with, and their end. Each is held under its fence (INV-6), most with a slot
//! (RUN-6).

use super::{Assign, Deliver, Ended, Gone, Held, Live, News, RunnerActor, Slot, assignment, post};
use crate::actors::{CommandError, tools::Following, workspace};
use actix::{ActorContext as _, ActorFutureExt as _, AsyncContext as _, Context, Handler, WrapFuture as _};
use coord_domain::{
    job::{Claim, Job, State},
    lifecycle::Happening,
};
use coord_protocol::{
    id::{AttemptId, JobId, RunnerId, UserId, WorkspaceId},
    rule::Rule,
    runner::ToRunner,
};
use coord_store::{StoreError, jobs, log, runners};

impl RunnerActor {
    pub(super) fn hold(&mut self, job: &Job, fence: i64, head: i64, slot: Option<Slot>) {
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
            tools: Following::new(self.live.clone(), job.workspace, job.id, attempt.id),
            _slot: slot,
        };
        self.claims.insert(attempt.id, held);
    }

    pub(super) fn release(&mut self, attempt: AttemptId) -> Option<Held> {
        let held = self.claims.remove(&attempt)?;
        self.state.done_with(attempt);
        Some(held)
    }

    /// Reads from the store what the runner holds, as at the start of the server.
    pub(super) fn take_up(&mut self, ctx: &mut Context<Self>) {
        let (live, id) = (self.live.clone(), self.id);
        let loading = async move { of(&live, id).await };
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

    pub(super) fn slot_for(&self, job: &Job) -> Option<Slot> {
        matches!(job.state, State::InProgress { .. }).then(|| self.state.take())
    }

    /// Sends the assignment of a claim, once it is put together.
    pub(super) fn begin(&self, job: Job) {
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
    pub(super) fn catch_up(&self, attempt: AttemptId) {
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

    /// Has the queues matched again: of the workspace whose work ended at once, and of the others the runner serves.
    pub(super) fn slot_freed(&self, workspace: WorkspaceId) {
        workspace::wake(&self.live.workspace_actor(workspace));
        self.tell(News::Work);
    }
}

/// Frees the job for another runner. In its own time: the job may be waiting for this actor.
pub(super) fn lapse(live: &Live, job: JobId, fence: i64) {
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

/// Owner of the runner, and what the store says it holds, with the highest stored log number of each.
pub(super) async fn of(live: &Live, id: RunnerId) -> Result<Claims, StoreError> {
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
