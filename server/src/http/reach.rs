//! What a caller reaches: jobs and attempts with the right checked, shown without what they may not see (ACC-4).

use super::problem::ApiError;
use crate::{
    actors::{CommandError, Refused},
    context::{Ctx, who},
};
use coord_domain::{
    RefusalKind,
    job::{Attempt, Job},
    rights::{self, Act, Who},
};
use coord_protocol::{
    id::{AttemptId, JobId, UserId},
    job::{self as wire, Hold},
    workspace::Role,
};
use coord_store::{Conn, Store, StoreError, attempts, jobs};
use serde_json::Value;
use std::collections::BTreeSet;

/// The job and the caller's place in its workspace, when they may do this to it.
pub async fn job(conn: &mut Conn, user: UserId, id: JobId, act: Act) -> Result<(Job, Who), ApiError> {
    let job = jobs::get(conn, id).await?.ok_or_else(ApiError::not_found)?;
    let who = who(conn, job.workspace, user).await?;
    rights::may(who, act, Some(&job.access))?;
    Ok((job, who))
}

/// An attempt, the head of its log, and its job, when the caller may see them.
pub async fn attempt(conn: &mut Conn, user: UserId, id: AttemptId) -> Result<(Attempt, i64, Job), ApiError> {
    let (attempt, of, head) = attempts::get(conn, id).await?.ok_or_else(ApiError::not_found)?;
    let (job, _) = job(conn, user, of, Act::See).await?;
    Ok((attempt, head, job))
}

/// Jobs as this person may see them.
pub async fn views(ctx: &Ctx, who: Who, jobs: &[Job]) -> Result<Vec<wire::Job>, ApiError> {
    let mut views = ctx.live.views(jobs).await?;
    for (view, job) in views.iter_mut().zip(jobs) {
        view.may = rights::acts_on(who, &job.access);
    }
    conceal(&ctx.store, who, &mut views).await?;
    Ok(views)
}

/// A job as this person may see it.
pub async fn view(ctx: &Ctx, who: Who, job: Job) -> Result<wire::Job, ApiError> {
    views(ctx, who, &[job]).await?.pop().ok_or_else(ApiError::not_found)
}

/// Takes out of jobs of one workspace what they tell of other jobs that do not exist for this person.
pub async fn conceal(store: &Store, who: Who, views: &mut [wire::Job]) -> Result<(), StoreError> {
    let Some(workspace) = views.first().map(|view| view.workspace) else {
        return Ok(());
    };
    if who.role >= Some(Role::Admin) {
        // They see every job, and what a job tells of is of its workspace.
        return Ok(());
    }
    let others: BTreeSet<_> = views
        .iter()
        .flat_map(|view| view.dependencies.iter().chain(&view.dependents).chain(&view.duplicate_of))
        .copied()
        .collect();
    let numbers: BTreeSet<_> = views.iter().flat_map(held_by).copied().collect();
    if others.is_empty() && numbers.is_empty() {
        return Ok(());
    }
    let mut conn = store.read().await?;
    let visible = jobs::visible(&mut conn, workspace, who, &others.into_iter().collect::<Vec<_>>()).await?;
    let visible_numbers = jobs::visible_numbers(&mut conn, workspace, who, &numbers).await?;
    for view in views {
        view.dependencies.retain(|id| visible.contains(id));
        view.dependents.retain(|id| visible.contains(id));
        view.duplicate_of = view.duplicate_of.filter(|id| visible.contains(id));
        match &mut view.hold {
            Some(Hold::DependenciesOpen { jobs, hidden }) => {
                let all = jobs.len();
                jobs.retain(|number| visible_numbers.contains(number));
                *hidden = jobs.len() < all;
            }
            Some(Hold::RunnersBusy { jobs, .. }) => jobs.retain(|number| visible_numbers.contains(number)),
            Some(Hold::UploadsPending { .. } | Hold::NoRunner { .. } | Hold::Queued { .. } | Hold::RepositoryUnreachable { .. }) | None => {
            }
        }
    }
    Ok(())
}

/// Numbers of the jobs a hold names.
fn held_by(view: &wire::Job) -> &[i64] {
    match &view.hold {
        Some(Hold::DependenciesOpen { jobs, .. } | Hold::RunnersBusy { jobs, .. }) => jobs,
        Some(Hold::UploadsPending { .. } | Hold::NoRunner { .. } | Hold::Queued { .. } | Hold::RepositoryUnreachable { .. }) | None => &[],
    }
}

/// What an actor answered instead, for this person: a stale version comes with the job as it is now (JOB-7).
pub async fn refused(ctx: &Ctx, who: Who, error: CommandError) -> ApiError {
    match error {
        CommandError::NotFound => ApiError::not_found(),
        CommandError::Store(error) => ApiError::Store(error),
        CommandError::Died => ApiError::unavailable("that was interrupted; look at what it did and try again"),
        CommandError::Refused(refused) => {
            let Refused { refusal, current } = *refused;
            match current {
                Some(job) if refusal.kind == RefusalKind::Stale => match view(ctx, who, job).await {
                    Ok(job) => ApiError::Stale(refusal, Box::new(serde_json::to_value(job).unwrap_or(Value::Null))),
                    Err(error) => error,
                },
                Some(_) | None => ApiError::Refused(refusal),
            }
        }
    }
}
