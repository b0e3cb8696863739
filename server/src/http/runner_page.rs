//! A runner's own page: `/workspaces/{ws}/runners/{runner}` (RUN-4).

use super::{auth::Caller, problem::ApiError};
use crate::context::{Ctx, who};
use actix_web::{get, web};
use coord_domain::{
    job::{Attempt, Job, Worker},
    rights::{Act, Who, may},
};
use coord_protocol::{
    id::{JobId, RunnerId, UserId, WorkspaceId},
    problem::Problem,
    runner::{RunnerAttempt, RunnerDetail, ServedWorkspace},
    workspace::{Role, Workspace},
};
use coord_store::{Conn, StoreError, attempts, jobs, members, runners, workspaces};
use std::collections::{HashMap, hash_map::Entry};
use utoipa_actix_web::service_config::ServiceConfig;

/// Attempts shown.
const SHOWN: usize = 50;

/// Attempts looked at: some may be of jobs that the caller may not see.
const LOOKED_AT: i64 = 200;

/// Most workspaces of one account that are looked at.
const MOST: i64 = 1_000;

pub fn routes(cfg: &mut ServiceConfig<'_>) {
    cfg.service(get_runner);
}

/// A runner that serves a workspace, with the workspaces it serves, what it works on and what it did there.
#[utoipa::path(tag = "runners", params(("ws" = WorkspaceId, Path), ("runner" = RunnerId, Path)), responses((status = 200, body = RunnerDetail), (status = "default", body = Problem, content_type = "application/problem+json")))]
#[get("/workspaces/{ws}/runners/{runner}")]
async fn get_runner(ctx: Ctx, caller: Caller, path: web::Path<(WorkspaceId, RunnerId)>) -> Result<web::Json<RunnerDetail>, ApiError> {
    let (ws, id) = path.into_inner();
    let mut conn = ctx.read().await?;
    let who = who(&mut conn, ws, caller.id()).await?;
    may(who, Act::See, None)?;
    let runner = runners::get(&mut conn, id).await?.ok_or_else(ApiError::not_found)?;
    let owner = runner.owner.id;
    let serves = members::role(&mut conn, ws, owner).await?.is_some_and(|role| role > Role::Viewer);
    if !serves {
        return Err(ApiError::not_found());
    }
    let workspaces = served(&mut conn, id, owner, caller.id()).await?;
    let recent = recent(&mut conn, who, ws, id).await?;
    drop(conn);
    let disabled = workspaces.iter().any(|served| served.id == ws && served.disabled);
    let told = ctx.live.runner_live(id).map(|live| live.serves().as_ref().clone());
    Ok(web::Json(RunnerDetail {
        runner: ctx.live.runner_view(runner, disabled),
        workspaces,
        recent,
        serves: told.filter(|_| caller.id() == owner),
    }))
}

/// The workspaces that both are in, the owner as more than a viewer.
async fn served(conn: &mut Conn, id: RunnerId, owner: UserId, caller: UserId) -> Result<Vec<ServedWorkspace>, StoreError> {
    let of_owner: HashMap<WorkspaceId, Role> = members::of_user(conn, owner).await?.into_iter().collect();
    let mut served = vec![];
    for Workspace { id: ws, name, slug, .. } in workspaces::list(conn, caller, None, MOST).await? {
        if of_owner.get(&ws).is_some_and(|role| *role > Role::Viewer) {
            let disabled = runners::disabled(conn, ws).await?.contains(&id);
            served.push(ServedWorkspace {
                id: ws,
                name,
                slug,
                disabled,
            });
        }
    }
    Ok(served)
}

async fn recent(conn: &mut Conn, who: Who, ws: WorkspaceId, id: RunnerId) -> Result<Vec<RunnerAttempt>, StoreError> {
    let mut known: HashMap<JobId, Option<Job>> = HashMap::new();
    let mut recent = vec![];
    for attempt in attempts::of_runner(conn, ws, id, LOOKED_AT).await? {
        let job = match known.entry(attempt.job) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(unknown) => {
                let job = jobs::get(conn, attempt.job).await?;
                unknown.insert(job.filter(|job| may(who, Act::See, Some(&job.access)).is_ok()))
            }
        };
        if let Some(job) = job {
            recent.push(shown(job, attempt));
        }
        if recent.len() == SHOWN {
            break;
        }
    }
    Ok(recent)
}

fn shown(job: &Job, attempt: Attempt) -> RunnerAttempt {
    RunnerAttempt {
        attempt: attempt.id,
        attempt_number: attempt.number,
        job: job.id,
        number: job.number,
        title: job.title.clone(),
        agent: match attempt.worker {
            Worker::Runner { agent, .. } => Some(agent),
            Worker::Person { .. } => None,
        },
        started_at: attempt.started_at,
        ended_at: attempt.ended_at,
        outcome: attempt.outcome,
        failure: attempt.failure,
    }
}
