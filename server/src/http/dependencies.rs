//! Dependencies between jobs: `/jobs/{job}/dependencies` (DEP-1 to DEP-3).

use super::{auth::Caller, problem::ApiError, reach};
use crate::context::Ctx;
use actix_web::{delete, get, put, web};
use coord_domain::{
    Refusal, dependency,
    job::Job,
    lifecycle::{dependencies_changed, may_change_dependencies},
    rights::{self, Act, Who},
    validate,
};
use coord_protocol::{Page, id::JobId, job as wire, problem::Problem, rule::Rule};
use coord_store::{Conn, StoreError, Tx, audit, feed, jobs, workspaces};
use serde_json::json;
use std::collections::BTreeSet;
use utoipa_actix_web::service_config::ServiceConfig;

/// How often a decision is made anew because the row had changed under it.
const CONFLICT_RETRIES: usize = 4;

pub fn routes(cfg: &mut ServiceConfig<'_>) {
    cfg.service(list_dependencies)
        .service(get_dependency)
        .service(put_dependency)
        .service(delete_dependency);
}

/// The jobs this one waits for, as far as you may see them.
#[utoipa::path(tag = "jobs", params(("job" = JobId, Path)), responses((status = 200, body = Page<wire::Job>), (status = "default", body = Problem, content_type = "application/problem+json")))]
#[get("/jobs/{job}/dependencies")]
async fn list_dependencies(ctx: Ctx, caller: Caller, job: web::Path<JobId>) -> Result<web::Json<Page<wire::Job>>, ApiError> {
    let (who, found) = {
        let mut conn = ctx.read().await?;
        let (job, who) = reach::job(&mut conn, caller.id(), job.into_inner(), Act::See).await?;
        let mut found = vec![];
        for id in jobs::dependencies_of(&mut conn, job.id).await? {
            let other = jobs::get(&mut conn, id).await?;
            found.extend(other.filter(|other| rights::may(who, Act::See, Some(&other.access)).is_ok()));
        }
        (who, found)
    };
    let items = reach::views(&ctx, who, &found).await?;
    Ok(web::Json(Page { items, next: None }))
}

/// The other job, if this one waits for it.
#[utoipa::path(tag = "jobs", params(("job" = JobId, Path), ("other" = JobId, Path)), responses((status = 200, body = wire::Job), (status = "default", body = Problem, content_type = "application/problem+json")))]
#[get("/jobs/{job}/dependencies/{other}")]
async fn get_dependency(ctx: Ctx, caller: Caller, path: web::Path<(JobId, JobId)>) -> Result<web::Json<wire::Job>, ApiError> {
    let (id, other) = path.into_inner();
    let (who, other) = {
        let mut conn = ctx.read().await?;
        let (_, who) = reach::job(&mut conn, caller.id(), id, Act::See).await?;
        let (found, _) = reach::job(&mut conn, caller.id(), other, Act::See).await?;
        if !jobs::dependencies_of(&mut conn, id).await?.contains(&other) {
            return Err(ApiError::not_found());
        }
        (who, found)
    };
    Ok(web::Json(reach::view(&ctx, who, other).await?))
}

/// Both jobs of one workspace, seen by the caller, who may change the first. Units that change dependencies wait for one another:
/// two at once could close a cycle that neither sees.
async fn both(tx: &mut Tx, user: coord_protocol::id::UserId, id: JobId, other: JobId) -> Result<(Job, Job, Who), ApiError> {
    let (job, _) = reach::job(tx, user, id, Act::Manage).await?;
    workspaces::lock(tx, job.workspace).await?;
    let (job, who) = reach::job(tx, user, job.id, Act::Manage).await?;
    let (other, _) = reach::job(tx, user, other, Act::See).await?;
    if other.workspace != job.workspace {
        return Err(Refusal::state(Rule::Dep1, "a job can only depend on jobs of its own workspace").into());
    }
    Ok((job, other, who))
}

/// DEP-1: what would close a cycle is refused and the cycle named, private jobs in it by a question mark.
async fn check(conn: &mut Conn, who: Who, job: &Job, other: &Job) -> Result<(), ApiError> {
    let edges = jobs::edges(conn, job.workspace).await?;
    let Err(refusal) = dependency::check_new(job.id, other.id, &edges, |_| 0) else {
        return Ok(());
    };
    if job.id == other.id {
        return Err(refusal.into());
    }
    // Only a refusal needs the numbers.
    let ids: BTreeSet<_> = edges.iter().flat_map(|(a, b)| [*a, *b]).chain([job.id, other.id]).collect();
    let ids: Vec<_> = ids.into_iter().collect();
    let visible = jobs::visible(conn, job.workspace, who, &ids).await?;
    let numbers = jobs::numbers(conn, &ids).await?;
    let number = |id: JobId| numbers.get(&id).filter(|_| visible.contains(&id)).map_or(0, |(_, number)| *number);
    dependency::check_new(job.id, other.id, &edges, number).map_err(|refusal| {
        let detail = refusal.detail.replace("#0", "#?");
        Refusal { detail, ..refusal }.into()
    })
}

/// Makes the job wait for the other (DEP-1). The job is in Backlog.
#[utoipa::path(tag = "jobs", params(("job" = JobId, Path), ("other" = JobId, Path)), responses((status = 200, body = wire::Job), (status = "default", body = Problem, content_type = "application/problem+json")))]
#[put("/jobs/{job}/dependencies/{other}")]
async fn put_dependency(ctx: Ctx, caller: Caller, path: web::Path<(JobId, JobId)>) -> Result<web::Json<wire::Job>, ApiError> {
    change(&ctx, &caller, path.into_inner(), true).await
}

/// Makes the job no longer wait for the other. The job is in Backlog or Ready (DEP-3).
#[utoipa::path(tag = "jobs", params(("job" = JobId, Path), ("other" = JobId, Path)), responses((status = 200, body = wire::Job), (status = "default", body = Problem, content_type = "application/problem+json")))]
#[delete("/jobs/{job}/dependencies/{other}")]
async fn delete_dependency(ctx: Ctx, caller: Caller, path: web::Path<(JobId, JobId)>) -> Result<web::Json<wire::Job>, ApiError> {
    change(&ctx, &caller, path.into_inner(), false).await
}

/// Adds or removes a dependency: `id` waits for `other`. What changes raises the version of `id` (JOB-7).
pub(super) async fn change(
    ctx: &Ctx,
    caller: &Caller,
    (id, other): (JobId, JobId),
    adding: bool,
) -> Result<web::Json<wire::Job>, ApiError> {
    let (user, now) = (caller.id(), ctx.now());
    let act = if adding { "job.depend" } else { "job.undepend" };
    let mut entry = ctx.audit(&caller.actor(), act, None, id, json!({ "on": other }));
    entry.workspace = jobs::get(&mut *ctx.read().await?, id).await?.map(|job| job.workspace);
    let unit = async move |tx: &mut Tx| -> Result<(Who, bool), ApiError> {
        let (job, on, who) = both(tx, user, id, other).await?;
        may_change_dependencies(&job, adding)?;
        let changed = if adding {
            check(tx, who, &job, &on).await?;
            let there = jobs::dependencies_of(tx, id).await?;
            if there.len() >= validate::MAX_DEPENDENCIES && !there.contains(&other) {
                let detail = format!("a job can depend on at most {} others", validate::MAX_DEPENDENCIES);
                return Err(Refusal::state(Rule::Dep1, detail).into());
            }
            jobs::add_dependency(tx, id, other).await?
        } else {
            jobs::remove_dependency(tx, id, other).await?
        };
        if changed {
            let version = job.version;
            jobs::update(tx, &dependencies_changed(job, now), version).await?;
            audit::append(tx, &entry).await?;
            // The other looks different too; what was done is told once.
            let told = json!({ "by": user, "act": if adding { "added" } else { "removed" }, "dependency": other });
            for (job, payload) in [(other, json!({})), (id, told)] {
                feed::append(tx, on.workspace, now, "job.changed", Some(job), &payload).await?;
            }
        }
        Ok((who, changed))
    };
    let live = ctx.live.clone();
    // Both happen even when the caller hangs up: the holds have to follow the commit.
    let (context, work) = (ctx.clone(), ctx.store.clone());
    let done = actix_web::rt::spawn(async move {
        let mut tries = CONFLICT_RETRIES;
        let (who, changed) = loop {
            match work.write(unit.clone()).await {
                // The job went on in between.
                Err(ApiError::Store(StoreError::Conflict { .. })) if tries > 0 => tries -= 1,
                done => break done?,
            }
        };
        if changed && let Err(error) = live.dependencies_changed(id, other).await {
            return Err(reach::refused(&context, who, error).await);
        }
        Ok::<_, ApiError>(who)
    });
    let who = done
        .await
        .unwrap_or_else(|_| Err(ApiError::unavailable("that was interrupted; look at what it did and try again")))?;
    let job = jobs::get(&mut *ctx.read().await?, id).await?.ok_or_else(ApiError::not_found)?;
    Ok(web::Json(reach::view(ctx, who, job).await?))
}
