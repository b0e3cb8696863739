//! Jobs: `/workspaces/{ws}/jobs`, `/jobs/{job}` and their team (JOB-1, JOB-2, JOB-11, ACC-4).

use super::{auth::Caller, extract::Json, idempotency, problem::ApiError, reach};
use crate::{
    actors::{CommandError, Origin},
    context::{Ctx, who},
};
use actix_web::{HttpResponse, delete, get, patch, post, put, web};
use coord_domain::{
    job::Job,
    lifecycle::Command,
    rights::{Act, Who, may},
};
use coord_protocol::{
    Page,
    id::{JobId, UserId, WorkspaceId},
    job::{self as wire, JobState, NewJob, PatchJob, TeamMember},
    problem::Problem,
};
use coord_store::{
    StoreError, files,
    jobs::{self, JobFilter},
};
use serde::Deserialize;
use utoipa_actix_web::service_config::ServiceConfig;

/// Longest text searched for, in characters.
const MAX_SEARCH: usize = 200;

pub fn routes(cfg: &mut ServiceConfig<'_>) {
    cfg.service(list_jobs)
        .service(create_job)
        .service(get_job)
        .service(patch_job)
        .service(delete_job)
        .service(get_team)
        .service(put_team);
}

/// Which jobs of the workspace. Parts left out do not narrow.
#[derive(Debug, Clone, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct JobsQuery {
    /// States, with commas between them.
    state: Option<String>,
    /// A label.
    domain: Option<String>,
    /// Name of an agent, or `any`.
    agent: Option<String>,
    /// A person: jobs they own, or in whose team they are.
    assignee: Option<UserId>,
    /// A Backlog folder; empty for jobs in none.
    folder: Option<String>,
    /// Words of the title or the description, or `#` and a number.
    q: Option<String>,
    /// Most items of the page: 1 to 200.
    #[param(default = 50, minimum = 1, maximum = 200)]
    limit: Option<i64>,
    /// `next` of the page before.
    cursor: Option<String>,
}

impl JobsQuery {
    fn filter(self, workspace: WorkspaceId, viewer: Who) -> Result<JobFilter, ApiError> {
        let paging = super::extract::Paging {
            limit: self.limit,
            cursor: self.cursor,
        };
        if self.q.as_ref().is_some_and(|q| q.chars().count() > MAX_SEARCH) {
            return Err(ApiError::invalid("q", format!("must have at most {MAX_SEARCH} characters")));
        }
        Ok(JobFilter {
            workspace,
            states: states(self.state.as_deref().unwrap_or_default())?,
            domain: self.domain,
            agent: self.agent,
            assignee: self.assignee,
            folder: self.folder,
            text: self.q,
            viewer,
            limit: paging.limit()?,
            cursor: paging.after()?,
        })
    }
}

fn states(text: &str) -> Result<Vec<JobState>, ApiError> {
    text.split(',')
        .filter(|word| !word.is_empty())
        .map(|word| {
            serde_json::from_value(serde_json::Value::String(word.trim().to_owned()))
                .map_err(|_| ApiError::invalid("state", format!("`{word}` is no state of a job")))
        })
        .collect()
}

/// The jobs of a workspace that you may see, newest (highest number) first.
#[utoipa::path(tag = "jobs", params(("ws" = WorkspaceId, Path), JobsQuery), responses((status = 200, body = Page<wire::Job>), (status = "default", body = Problem, content_type = "application/problem+json")))]
#[get("/workspaces/{ws}/jobs")]
async fn list_jobs(
    ctx: Ctx,
    caller: Caller,
    ws: web::Path<WorkspaceId>,
    query: web::Query<JobsQuery>,
) -> Result<web::Json<Page<wire::Job>>, ApiError> {
    let ws = ws.into_inner();
    let (who, page) = {
        let mut conn = ctx.read().await?;
        let who = who(&mut conn, ws, caller.id()).await?;
        may(who, Act::See, None)?;
        (who, jobs::list(&mut conn, &query.into_inner().filter(ws, who)?).await?)
    };
    let items = reach::views(&ctx, who, &page.items).await?;
    let next = page.next.map(|number| number.to_string());
    Ok(web::Json(Page { items, next }))
}

/// Makes a job. It begins in Backlog, or Ready when its dependencies are done (JOB-2). With `agent` it is agentic.
#[utoipa::path(tag = "jobs", params(("ws" = WorkspaceId, Path), ("Idempotency-Key" = Option<String>, Header)), request_body = NewJob, responses((status = 201, body = wire::Job), (status = "default", body = Problem, content_type = "application/problem+json")))]
#[post("/workspaces/{ws}/jobs")]
async fn create_job(ctx: Ctx, ws: web::Path<WorkspaceId>, body: Json<NewJob>) -> Result<HttpResponse, ApiError> {
    let (ws, user) = (ws.into_inner(), body.caller.id());
    let who = ctx.live.who(ws, user).await?;
    let (live, new) = (ctx.live.clone(), body.value);
    let origin = Origin {
        key: body.key.clone(),
        idea: None,
    };
    created(&ctx, who, body.key, async move { live.create_job(who, ws, new, origin).await }).await
}

/// 201 with the job that `make` makes, or with the one that a call with the same key made before, as it is now.
pub(super) async fn created(
    ctx: &Ctx,
    who: Who,
    key: Option<idempotency::Key>,
    make: impl Future<Output = Result<Job, CommandError>>,
) -> Result<HttpResponse, ApiError> {
    if let Some(earlier) = earlier(ctx, who, key.as_ref()).await? {
        return Ok(earlier);
    }
    match make.await {
        Ok(job) => Ok(HttpResponse::Created().json(reach::view(ctx, who, job).await?)),
        // A call with the same key was a moment faster.
        Err(CommandError::Store(StoreError::Unique { what })) if what.starts_with("idempotency") => {
            let earlier = earlier(ctx, who, key.as_ref()).await?;
            earlier.ok_or_else(|| ApiError::unavailable("the same call is being answered already; repeat it"))
        }
        Err(error) => Err(reach::refused(ctx, who, error).await),
    }
}

/// The first result of a key is kept as the job's id: the job may have changed since, and is shown as its reader may see it.
async fn earlier(ctx: &Ctx, who: Who, key: Option<&idempotency::Key>) -> Result<Option<HttpResponse>, ApiError> {
    #[derive(Deserialize)]
    struct Kept {
        id: JobId,
    }
    let Some(key) = key else { return Ok(None) };
    let (stored, job) = {
        let mut conn = ctx.read().await?;
        let Some(stored) = coord_store::idempotency::find(&mut conn, key, ctx.now()).await? else {
            return Ok(None);
        };
        let Kept { id } = serde_json::from_str(&stored.response).map_err(|error| StoreError::inconsistent("idempotency", error))?;
        (stored, jobs::get(&mut conn, id).await?)
    };
    // Refuses another body; then the answer is made anew.
    let repeated = idempotency::repeated(&stored, key)?;
    let job = job.ok_or_else(ApiError::not_found)?;
    may(who, Act::See, Some(&job.access))?;
    let view = reach::view(ctx, who, job).await?;
    let mut response = HttpResponse::build(repeated.status());
    for (name, value) in repeated.headers() {
        response.insert_header((name.clone(), value.clone()));
    }
    Ok(Some(response.json(view)))
}

/// A job.
#[utoipa::path(tag = "jobs", params(("job" = JobId, Path)), responses((status = 200, body = wire::Job), (status = "default", body = Problem, content_type = "application/problem+json")))]
#[get("/jobs/{job}")]
async fn get_job(ctx: Ctx, caller: Caller, job: web::Path<JobId>) -> Result<web::Json<wire::Job>, ApiError> {
    let (job, who) = reach::job(&mut *ctx.read().await?, caller.id(), job.into_inner(), Act::See).await?;
    Ok(web::Json(reach::view(&ctx, who, job).await?))
}

/// Does a command to a job and shows the outcome.
pub(super) async fn perform(ctx: &Ctx, user: UserId, id: JobId, command: Command, if_version: Option<i64>) -> Result<wire::Job, ApiError> {
    // The right to the act itself is the actor's to check, on the job as it is when its turn comes.
    let (_, who) = reach::job(&mut *ctx.read().await?, user, id, Act::See).await?;
    match ctx.live.command(who, id, command, if_version).await {
        Ok(job) => reach::view(ctx, who, job).await,
        Err(error) => Err(reach::refused(ctx, who, error).await),
    }
}

/// Changes details. Absent fields stay.
#[utoipa::path(tag = "jobs", params(("job" = JobId, Path)), request_body = PatchJob, responses((status = 200, body = wire::Job), (status = "default", body = Problem, content_type = "application/problem+json")))]
#[patch("/jobs/{job}")]
async fn patch_job(ctx: Ctx, job: web::Path<JobId>, body: Json<PatchJob>) -> Result<web::Json<wire::Job>, ApiError> {
    let (user, patch) = (body.caller.id(), body.value);
    let if_version = patch.if_version;
    let command = Command::Edit(Box::new(patch));
    Ok(web::Json(perform(&ctx, user, job.into_inner(), command, if_version).await?))
}

/// Deletes a job with everything in it: in Backlog, Done, Failed or Canceled (JOB-11).
#[utoipa::path(tag = "jobs", params(("job" = JobId, Path)), responses((status = 204), (status = "default", body = Problem, content_type = "application/problem+json")))]
#[delete("/jobs/{job}")]
async fn delete_job(ctx: Ctx, caller: Caller, job: web::Path<JobId>) -> Result<HttpResponse, ApiError> {
    let id = job.into_inner();
    let (who, keys) = {
        let mut conn = ctx.read().await?;
        let (_, who) = reach::job(&mut conn, caller.id(), id, Act::See).await?;
        (who, files::keys_of_job(&mut conn, id).await?)
    };
    if let Err(error) = ctx.live.command(who, id, Command::Delete, None).await {
        return Err(reach::refused(&ctx, who, error).await);
    }
    // What came after the look is found without a row at the next start.
    ctx.files.delete(&keys).await;
    Ok(HttpResponse::NoContent().finish())
}

/// The team of a job.
#[utoipa::path(tag = "jobs", params(("job" = JobId, Path)), responses((status = 200, body = Vec<TeamMember>), (status = "default", body = Problem, content_type = "application/problem+json")))]
#[get("/jobs/{job}/team")]
async fn get_team(ctx: Ctx, caller: Caller, job: web::Path<JobId>) -> Result<web::Json<Vec<TeamMember>>, ApiError> {
    let (job, _) = reach::job(&mut *ctx.read().await?, caller.id(), job.into_inner(), Act::See).await?;
    Ok(web::Json(job.access.team))
}

/// Replaces the team of a job.
#[utoipa::path(tag = "jobs", params(("job" = JobId, Path)), request_body = Vec<TeamMember>, responses((status = 200, body = Vec<TeamMember>), (status = "default", body = Problem, content_type = "application/problem+json")))]
#[put("/jobs/{job}/team")]
async fn put_team(ctx: Ctx, job: web::Path<JobId>, body: Json<Vec<TeamMember>>) -> Result<web::Json<Vec<TeamMember>>, ApiError> {
    let (id, team) = (job.into_inner(), body.value);
    let (_, who) = reach::job(&mut *ctx.read().await?, body.caller.id(), id, Act::See).await?;
    match ctx.live.command(who, id, Command::SetTeam(team), None).await {
        Ok(job) => Ok(web::Json(job.access.team)),
        Err(error) => Err(reach::refused(&ctx, who, error).await),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn api_1_states_are_read_with_commas_between() {
        assert_eq!(states("").unwrap(), []);
        assert_eq!(states("ready,in_progress").unwrap(), [JobState::Ready, JobState::InProgress]);
        assert!(states("ready,flying").is_err());
    }
}
