//! Requests of agents: `/workspaces/{ws}/requests`, `/requests/{request}` (AGT-2 to AGT-4).

use super::{
    auth::Caller,
    extract::{Json, Paging, page},
    problem::ApiError,
    reach,
};
use crate::context::{Ctx, who};
use actix_web::{get, post, web};
use coord_domain::rights::{Act, may};
use coord_protocol::{
    Page,
    id::{JobId, RequestId, WorkspaceId},
    problem::Problem,
    request::{AnswerBody, Request},
};
use coord_store::{jobs, requests};
use serde::Deserialize;
use utoipa_actix_web::service_config::ServiceConfig;

/// Requests looked at in one go while those of private jobs are left out.
const BATCH: i64 = 200;

/// Most requests told of one job: the latest.
const OF_A_JOB: i64 = 500;

pub fn routes(cfg: &mut ServiceConfig<'_>) {
    cfg.service(list_requests)
        .service(list_of_job)
        .service(get_request)
        .service(answer_request);
}

/// Which requests.
#[derive(Debug, Clone, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct RequestsQuery {
    /// Only those that wait for an answer.
    #[serde(default)]
    #[param(default = false)]
    open: bool,
    /// Most items of the page: 1 to 200.
    #[param(default = 50, minimum = 1, maximum = 200)]
    limit: Option<i64>,
    /// `next` of the page before.
    cursor: Option<String>,
}

/// What agents ask in the jobs you may see, newest first.
#[utoipa::path(tag = "requests", params(("ws" = WorkspaceId, Path), RequestsQuery), responses((status = 200, body = Page<Request>), (status = "default", body = Problem, content_type = "application/problem+json")))]
#[get("/workspaces/{ws}/requests")]
async fn list_requests(
    ctx: Ctx,
    caller: Caller,
    ws: web::Path<WorkspaceId>,
    query: web::Query<RequestsQuery>,
) -> Result<web::Json<Page<Request>>, ApiError> {
    let (ws, query) = (ws.into_inner(), query.into_inner());
    let paging = Paging {
        limit: query.limit,
        cursor: query.cursor,
    };
    let limit = paging.limit()?;
    let wanted = usize::try_from(limit).unwrap_or_default() + 1;
    let mut conn = ctx.read().await?;
    let who = who(&mut conn, ws, caller.id()).await?;
    may(who, Act::See, None)?;
    let (mut items, mut before) = (Vec::new(), paging.after::<RequestId>()?);
    loop {
        let batch = requests::list(&mut conn, ws, query.open, before, BATCH).await?;
        before = batch.last().map(|request| request.id);
        let ids: Vec<_> = batch.iter().map(|request| request.job).collect();
        let visible = jobs::visible(&mut conn, ws, who, &ids).await?;
        items.extend(batch.into_iter().filter(|request| visible.contains(&request.job)));
        if before.is_none() || items.len() >= wanted {
            items.truncate(wanted);
            return Ok(web::Json(page(items, limit, |request| request.id.to_string())));
        }
    }
}

/// What agents asked in one job, open and answered, oldest first: the latest 500, all on one page.
#[utoipa::path(tag = "requests", params(("job" = JobId, Path)), responses((status = 200, body = Page<Request>), (status = "default", body = Problem, content_type = "application/problem+json")))]
#[get("/jobs/{job}/requests")]
async fn list_of_job(ctx: Ctx, caller: Caller, job: web::Path<JobId>) -> Result<web::Json<Page<Request>>, ApiError> {
    let mut conn = ctx.read().await?;
    let (job, _) = reach::job(&mut conn, caller.id(), job.into_inner(), Act::See).await?;
    let items = requests::latest_of_job(&mut conn, job.id, OF_A_JOB).await?;
    Ok(web::Json(Page { items, next: None }))
}

/// A request.
#[utoipa::path(tag = "requests", params(("request" = RequestId, Path)), responses((status = 200, body = Request), (status = "default", body = Problem, content_type = "application/problem+json")))]
#[get("/requests/{request}")]
async fn get_request(ctx: Ctx, caller: Caller, request: web::Path<RequestId>) -> Result<web::Json<Request>, ApiError> {
    let mut conn = ctx.read().await?;
    let request = requests::get(&mut conn, request.into_inner())
        .await?
        .ok_or_else(ApiError::not_found)?;
    reach::job(&mut conn, caller.id(), request.job, Act::See).await?;
    Ok(web::Json(request))
}

/// Answers an agent. The first answer counts; later ones get 409.
#[utoipa::path(tag = "requests", params(("request" = RequestId, Path)), request_body = AnswerBody, responses((status = 200, body = Request), (status = "default", body = Problem, content_type = "application/problem+json")))]
#[post("/requests/{request}/answer")]
async fn answer_request(ctx: Ctx, request: web::Path<RequestId>, body: Json<AnswerBody>) -> Result<web::Json<Request>, ApiError> {
    let (id, user) = (request.into_inner(), body.caller.id());
    let who = {
        let mut conn = ctx.read().await?;
        let request = requests::get(&mut conn, id).await?.ok_or_else(ApiError::not_found)?;
        reach::job(&mut conn, user, request.job, Act::See).await?.1
    };
    match ctx.live.answer(user, id, body.value).await {
        Ok(request) => Ok(web::Json(request)),
        Err(error) => Err(reach::refused(&ctx, who, error).await),
    }
}
