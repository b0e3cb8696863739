//! What a runner's owner does on the runner's own screen (RUN-8): answers and stops, done as that person's and by that person's rights.
//!
//! Contract: only about work that the runner holds, under its fence. What was done comes back on the way it always comes, so that the
//! runner learns of it once and after the commit (INV-1); what was not done is told with the rule.

use super::{
    CommandError, News, RunnerActor, bounds,
    intake::{self, Answered},
};
use crate::context::{self, Actor as Caller};
use actix::{ActorFutureExt as _, WrapFuture as _};
use coord_domain::lifecycle::Command;
use coord_protocol::{
    audit::Via,
    id::{AttemptId, JobId, RequestId, UserId},
    request::{Answer, AnswerBody},
    rule::Rule,
    runner::{AgentInfo, ToRunner},
};
use coord_store::{StoreError, Tx, jobs, runners};

/// The owner answers an agent.
pub(super) fn answers(actor: &mut RunnerActor, attempt: AttemptId, fence: i64, request: RequestId, answer: Answer) -> Answered {
    let Some((_, owner)) = held(actor, attempt, fence) else {
        return intake::stale(actor, attempt, fence);
    };
    let live = actor.live.clone();
    let work = async move {
        // A token of this runner is no key to what others of the owner's runners ask.
        let of = live.request(request).await?.map(|request| request.attempt);
        if of != Some(attempt) {
            return Err(CommandError::NotFound);
        }
        let body = AnswerBody {
            choice: answer.choice,
            body: answer.body,
        };
        live.answer(owner, request, body).await.map(drop)
    };
    does(actor, owner, attempt, Some(request), work)
}

/// The owner asks for the end of an attempt.
pub(super) fn stops(actor: &mut RunnerActor, attempt: AttemptId, fence: i64, kill: bool) -> Answered {
    let Some((job, owner)) = held(actor, attempt, fence) else {
        return intake::stale(actor, attempt, fence);
    };
    let live = actor.live.clone();
    let work = async move {
        let who = {
            let mut conn = live.store().read().await?;
            let job = jobs::get(&mut conn, job).await?.ok_or(CommandError::NotFound)?;
            context::who(&mut conn, job.workspace, owner).await?
        };
        live.command(who, job, Command::Stop { kill, requeue: false }, None).await.map(drop)
    };
    does(actor, owner, attempt, None, work)
}

/// What the runner can run is another now.
pub(super) fn agents(actor: &RunnerActor, agents: Vec<AgentInfo>) -> Answered {
    if !bounds::agents_are_few(&agents) {
        return intake::refuse(actor, "it tells of too many agents");
    }
    let (live, id) = (actor.live.clone(), actor.id);
    let work = async move {
        live.store()
            .write(async move |tx: &mut Tx| -> Result<(), StoreError> { runners::tell_agents(tx, id, &agents).await })
            .await
    };
    Box::pin(work.into_actor(actor).map(|stored, actor, _| {
        stored?;
        actor.tell(News::Itself);
        Ok(())
    }))
}

fn held(actor: &RunnerActor, attempt: AttemptId, fence: i64) -> Option<(JobId, UserId)> {
    let held = actor.claims.get(&attempt).filter(|held| held.fence == fence)?;
    Some((held.job, actor.owner?))
}

/// Does it as the owner, noted as done through the runner. A refusal is the owner's to hear and no fault of the runner.
fn does(
    actor: &RunnerActor,
    owner: UserId,
    attempt: AttemptId,
    request: Option<RequestId>,
    work: impl Future<Output = Result<(), CommandError>> + 'static,
) -> Answered {
    let through = Caller {
        user: Some(owner),
        via: Some(Via::Runner(actor.id)),
        address: None,
    };
    let work = Caller::scope(async move {
        through.is_calling();
        work.await
    });
    Box::pin(work.into_actor(actor).map(move |result, actor, _| {
        let (rule, detail) = match result {
            Ok(()) => return Ok(()),
            Err(CommandError::Refused(refused)) => (refused.refusal.rule, refused.refusal.detail),
            Err(CommandError::NotFound) => (Rule::Acc4, "there is no such thing for this runner's owner".to_owned()),
            Err(error @ (CommandError::Store(_) | CommandError::Died)) => return Err(error),
        };
        actor.send(ToRunner::OwnerRefused {
            attempt,
            request,
            rule,
            detail,
        });
        Ok(())
    }))
}
