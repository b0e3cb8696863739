//! Attempts: `/jobs/{job}/attempts`, `/attempts/{attempt}` with log, diff and messages (ATT-1, REV-2, AGT-5, AGT-10).

use super::{
    auth::Caller,
    extract::Json,
    files::{SAFE_POLICY, stream},
    idempotency,
    problem::ApiError,
    reach,
};
use crate::{actors::CommandError, context::Ctx};
use actix_web::{
    HttpResponse, get,
    http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY},
    post, web,
};
use coord_domain::rights::Act;
use coord_protocol::{
    Page,
    account::Person,
    attempt::{Attempt, Message, NewMessage},
    id::{AttemptId, JobId},
    log::LogPage,
    problem::Problem,
};
use coord_store::{StoreError, attempts, files, log};
use serde::Deserialize;
use utoipa_actix_web::service_config::ServiceConfig;

/// Entries of a page by default, and at most.
const LOG_PAGE: usize = 200;
const LOG_PAGE_MAX: usize = 1000;

pub fn routes(cfg: &mut ServiceConfig<'_>) {
    cfg.service(list_attempts)
        .service(get_attempt)
        .service(get_log)
        .service(get_diff)
        .service(create_message);
}

/// The attempts of a job, oldest first, all on one page.
#[utoipa::path(tag = "attempts", params(("job" = JobId, Path)), responses((status = 200, body = Page<Attempt>), (status = "default", body = Problem, content_type = "application/problem+json")))]
#[get("/jobs/{job}/attempts")]
async fn list_attempts(ctx: Ctx, caller: Caller, job: web::Path<JobId>) -> Result<web::Json<Page<Attempt>>, ApiError> {
    let all = {
        let mut conn = ctx.read().await?;
        let (job, _) = reach::job(&mut conn, caller.id(), job.into_inner(), Act::See).await?;
        attempts::of_job(&mut conn, job.id).await?
    };
    let items = ctx.live.attempt_views(&all).await?;
    Ok(web::Json(Page { items, next: None }))
}

/// An attempt.
#[utoipa::path(tag = "attempts", params(("attempt" = AttemptId, Path)), responses((status = 200, body = Attempt), (status = "default", body = Problem, content_type = "application/problem+json")))]
#[get("/attempts/{attempt}")]
async fn get_attempt(ctx: Ctx, caller: Caller, attempt: web::Path<AttemptId>) -> Result<web::Json<Attempt>, ApiError> {
    let (attempt, head, has_diff) = {
        let mut conn = ctx.read().await?;
        let (attempt, head, _) = reach::attempt(&mut conn, caller.id(), attempt.into_inner()).await?;
        let diff = files::find_diff(&mut conn, attempt.id, files::Kind::Diff).await?;
        (attempt, head, diff.is_some())
    };
    let view = ctx.live.attempt_views(&[(attempt, head, has_diff)]).await?.pop();
    view.map(web::Json).ok_or_else(ApiError::not_found)
}

/// Which part of a log.
#[derive(Debug, Clone, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct LogQuery {
    /// Number of the first entry wanted.
    #[param(default = 1)]
    from: Option<i64>,
    /// Most entries: 1 to 1000. Fewer come when they are large; go on after the last.
    #[param(default = 200, minimum = 1, maximum = 1000)]
    limit: Option<usize>,
}

/// Entries of an attempt's log.
#[utoipa::path(tag = "attempts", params(("attempt" = AttemptId, Path), LogQuery), responses((status = 200, body = LogPage), (status = "default", body = Problem, content_type = "application/problem+json")))]
#[get("/attempts/{attempt}/log")]
async fn get_log(ctx: Ctx, caller: Caller, attempt: web::Path<AttemptId>, query: web::Query<LogQuery>) -> Result<HttpResponse, ApiError> {
    let limit = query.limit.unwrap_or(LOG_PAGE);
    if !(1..=LOG_PAGE_MAX).contains(&limit) {
        return Err(ApiError::invalid("limit", format!("must be 1 to {LOG_PAGE_MAX}")));
    }
    let (entries, head) = {
        let mut conn = ctx.read().await?;
        let (attempt, ..) = reach::attempt(&mut conn, caller.id(), attempt.into_inner()).await?;
        log::read(&mut conn, attempt.id, query.from.unwrap_or(1), limit).await?
    };
    // The entries are stored as they go out: nothing is decoded for this.
    let body = format!(r#"{{"items":[{}],"head":{head}}}"#, entries.join(","));
    Ok(HttpResponse::Ok().content_type("application/json").body(body))
}

/// Which diff.
#[derive(Debug, Clone, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct DiffQuery {
    /// `review`: only what changed since the last review. Without it, everything since the branch began.
    since: Option<String>,
}

/// What the attempt changed, as a unified diff. Before a first review the two diffs are the same.
#[utoipa::path(tag = "attempts", params(("attempt" = AttemptId, Path), DiffQuery), responses((status = 200, body = String, content_type = "text/plain"), (status = "default", body = Problem, content_type = "application/problem+json")))]
#[get("/attempts/{attempt}/diff")]
async fn get_diff(ctx: Ctx, caller: Caller, attempt: web::Path<AttemptId>, query: web::Query<DiffQuery>) -> Result<HttpResponse, ApiError> {
    let since_review = match query.since.as_deref() {
        None | Some("") => false,
        Some("review") => true,
        Some(_) => return Err(ApiError::invalid("since", "must be `review`, or left out")),
    };
    let found = {
        let mut conn = ctx.read().await?;
        let (attempt, ..) = reach::attempt(&mut conn, caller.id(), attempt.into_inner()).await?;
        let since = match since_review {
            true => files::find_diff(&mut conn, attempt.id, files::Kind::DiffSince).await?,
            false => None,
        };
        match since {
            Some(found) => Some(found),
            None => files::find_diff(&mut conn, attempt.id, files::Kind::Diff).await?,
        }
    };
    let (key, _) = found.ok_or_else(ApiError::not_found)?;
    let content = ctx.files.read(key, None).await?.ok_or_else(ApiError::not_found)?;
    Ok(HttpResponse::Ok()
        .content_type("text/plain; charset=utf-8")
        .insert_header((CACHE_CONTROL, "private, no-cache"))
        .insert_header((CONTENT_SECURITY_POLICY, SAFE_POLICY))
        .streaming(stream(content)))
}

/// Writes to the agent that works on the attempt: when its turn ends, or at once.
#[utoipa::path(tag = "attempts", params(("attempt" = AttemptId, Path), ("Idempotency-Key" = Option<String>, Header)), request_body = NewMessage, responses((status = 201, body = Message), (status = "default", body = Problem, content_type = "application/problem+json")))]
#[post("/attempts/{attempt}/messages")]
async fn create_message(ctx: Ctx, attempt: web::Path<AttemptId>, body: Json<NewMessage>) -> Result<HttpResponse, ApiError> {
    let from = Person {
        id: body.caller.user.id,
        name: body.caller.user.name.clone(),
    };
    let id = attempt.into_inner();
    let who = {
        let mut conn = ctx.read().await?;
        let (_, _, job) = reach::attempt(&mut conn, from.id, id).await?;
        crate::context::who(&mut conn, job.workspace, from.id).await?
    };
    if let Some(earlier) = earlier(&ctx, body.key.as_ref()).await? {
        return Ok(earlier);
    }
    match ctx.live.message(from, id, body.value, body.key.clone()).await {
        Ok(message) => Ok(HttpResponse::Created().json(message)),
        // A call with the same key was a moment faster.
        Err(CommandError::Store(StoreError::Unique { what })) if what.starts_with("idempotency") => {
            let earlier = earlier(&ctx, body.key.as_ref()).await?;
            earlier.ok_or_else(|| ApiError::unavailable("the same call is being answered already; repeat it"))
        }
        Err(error) => Err(reach::refused(&ctx, who, error).await),
    }
}

/// What a call with the same key was answered.
async fn earlier(ctx: &Ctx, key: Option<&idempotency::Key>) -> Result<Option<HttpResponse>, ApiError> {
    let Some(key) = key else { return Ok(None) };
    let stored = coord_store::idempotency::find(&mut *ctx.read().await?, key, ctx.now()).await?;
    stored.map(|stored| idempotency::repeated(&stored, key)).transpose()
}
