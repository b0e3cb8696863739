//! Files and diffs between server and runner: `/runner/attempts/{attempt}/…`. Private to the two programs, so not in the OpenAPI document.

use super::{
    auth::RunnerCaller,
    files::serve,
    problem::ApiError,
    uploads::{self, Incoming},
};
use crate::{actors::handover, context::Ctx};
use actix_web::{HttpRequest, HttpResponse, web};
use coord_domain::{Refusal, job::Job, validate};
use coord_protocol::{
    file::FileKind,
    id::{AttemptId, FileId},
    rule::Rule,
    runner::FENCE_HEADER,
};
use coord_store::{
    attempts,
    files::{self, Kind, NewFile},
    jobs,
};
use serde::Deserialize;

/// Largest diff in bytes; the runner cuts longer ones.
const MAX_DIFF: u64 = 16 * 1024 * 1024;

/// Most deliverables of an attempt.
const MAX_DELIVERABLES: i64 = 1000;

pub fn routes(cfg: &mut web::ServiceConfig) {
    cfg.route("/runner/attempts/{attempt}/files/{file}", web::get().to(get_file))
        .route("/runner/attempts/{attempt}/deliverables/{name}", web::put().to(put_deliverable))
        .route("/runner/attempts/{attempt}/diff", web::put().to(put_diff));
}

/// The job of the attempt, while the runner holds it under the fence it names (RUN-5). All else gets one answer: what a runner does not
/// hold is none of its business, whether it exists or not.
async fn held(ctx: &Ctx, caller: &RunnerCaller, request: &HttpRequest, id: AttemptId) -> Result<Job, ApiError> {
    let fence = request
        .headers()
        .get(FENCE_HEADER)
        .and_then(|fence| fence.to_str().ok()?.parse::<i64>().ok())
        .ok_or_else(|| ApiError::malformed(format!("name the claim's fence in the header {FENCE_HEADER}")))?;
    let lost = || Refusal::state(Rule::Run5, "this claim no longer holds: drop the work");
    let mut conn = ctx.read().await?;
    let (_, job, _) = attempts::get(&mut conn, id).await?.ok_or_else(lost)?;
    let job = jobs::get(&mut conn, job).await?.ok_or_else(lost)?;
    let claim = job.open_attempt().filter(|open| open.id == id).and_then(|_| job.claim());
    match claim {
        Some(claim) if claim.runner == caller.runner.id && claim.fence == fence => Ok(job),
        Some(_) | None => Err(lost().into()),
    }
}

/// An attachment of the job, or what a job it waited for delivered (DEP-7).
async fn get_file(
    ctx: Ctx,
    caller: RunnerCaller,
    path: web::Path<(AttemptId, FileId)>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let (attempt, file) = path.into_inner();
    let job = held(&ctx, &caller, &request, attempt).await?;
    let file = {
        let mut conn = ctx.read().await?;
        let file = files::get(&mut conn, file).await?.ok_or_else(ApiError::not_found)?;
        let own = file.job == job.id && file.kind == FileKind::Attachment;
        if !own && !handover::is_handed_over(&mut conn, &job, &file).await? {
            return Err(ApiError::not_found());
        }
        file
    };
    serve(&ctx, &file, &request).await
}

/// A deliverable; takes the place of one of the same name of the same attempt.
async fn put_deliverable(
    ctx: Ctx,
    caller: RunnerCaller,
    path: web::Path<(AttemptId, String)>,
    request: HttpRequest,
    body: web::Payload,
) -> Result<HttpResponse, ApiError> {
    let (attempt, name) = path.into_inner();
    let job = held(&ctx, &caller, &request, attempt).await?;
    validate::file_name(&name)?;
    if files::count(&mut *ctx.read().await?, job.id, FileKind::Deliverable).await? >= MAX_DELIVERABLES {
        return Err(Refusal::state(Rule::File3, format!("a job has at most {MAX_DELIVERABLES} deliverables")).into());
    }
    let limit = super::uploads::limit(&ctx, &mut *ctx.read().await?, job.workspace).await?;
    receive(&ctx, &caller, &request, job, attempt, (Kind::Deliverable, name, limit), body).await
}

/// Which diff.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Which {
    /// Since the branch began.
    Whole,
    /// Since the last review.
    SinceReview,
}

#[derive(Debug, Clone, Deserialize)]
struct DiffQuery {
    which: Which,
}

/// A diff of the attempt; takes the place of the one before.
async fn put_diff(
    ctx: Ctx,
    caller: RunnerCaller,
    path: web::Path<AttemptId>,
    query: web::Query<DiffQuery>,
    request: HttpRequest,
    body: web::Payload,
) -> Result<HttpResponse, ApiError> {
    let attempt = path.into_inner();
    let job = held(&ctx, &caller, &request, attempt).await?;
    let kind = match query.which {
        Which::Whole => Kind::Diff,
        Which::SinceReview => Kind::DiffSince,
    };
    receive(&ctx, &caller, &request, job, attempt, (kind, "diff".to_owned(), MAX_DIFF), body).await
}

async fn receive(
    ctx: &Ctx,
    caller: &RunnerCaller,
    request: &HttpRequest,
    job: Job,
    attempt: AttemptId,
    (kind, name, limit): (Kind, String, u64),
    body: web::Payload,
) -> Result<HttpResponse, ApiError> {
    let incoming = Incoming {
        file: NewFile {
            id: FileId(ctx.ids.uuid()),
            job: job.id,
            attempt: Some(attempt),
            kind,
            name,
            uploaded_by: None,
            at: ctx.now(),
        },
        workspace: job.workspace,
        limit,
        replaces: true,
        by: None,
    };
    let id = uploads::receive(ctx, incoming, body).await?;
    // The claim may have lapsed while the content came: then another runner's work counts, not this.
    if let Err(lost) = held(ctx, caller, request, attempt).await {
        let key = ctx
            .store
            .write(async move |tx: &mut coord_store::Tx| files::delete(tx, id).await)
            .await?;
        if let Some(key) = key {
            ctx.files.delete(&[key]).await;
        }
        return Err(lost);
    }
    Ok(HttpResponse::NoContent().finish())
}
