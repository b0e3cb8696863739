//! Uploads that come in pieces: `/jobs/{job}/uploads`, `/uploads/{upload}` (FILE-4). One that breaks off is taken up again where it stands;
//! one that nobody goes on with is given up after a day.

use super::{
    auth::Caller,
    extract::Json,
    idempotency,
    problem::ApiError,
    reach,
    uploads::{MAX_FILES, SILENCE, limit, settle, taken, too_large},
};
use crate::context::{Actor, Ctx};
use actix_web::{HttpRequest, HttpResponse, delete, get, http::header::CONTENT_LENGTH, post, put, web};
use bytes::Bytes;
use coord_domain::{Refusal, RefusalKind, rights::Act, validate};
use coord_protocol::{
    file::{FileKind, NewUpload, Upload},
    id::{FileId, JobId, WorkspaceId},
    problem::Problem,
    rule::Rule,
};
use coord_store::{
    StoreError, Tx, audit, feed,
    files::{
        self, NewFile, Written,
        content::UploadError,
        partial::{AppendError, Appending},
    },
    uploads::{self as rows, Unfinished},
};
use futures_util::{Stream, StreamExt as _};
use serde::Deserialize;
use serde_json::json;
use std::pin::pin;
use utoipa_actix_web::service_config::ServiceConfig;

/// How long an upload waits for its next piece.
const KEPT_MS: i64 = 24 * 60 * 60 * 1000;

/// Most uploads somebody can have begun and not finished, in all jobs.
const MAX_UNFINISHED: i64 = 100;

pub fn routes(cfg: &mut ServiceConfig<'_>) {
    cfg.service(create_upload)
        .service(list_uploads)
        .service(get_upload)
        .service(put_upload)
        .service(delete_upload);
}

/// Gives up the uploads that nobody went on with, and removes what they left.
pub async fn expire(ctx: &Ctx) {
    let now = ctx.now();
    match ctx.store.write(async move |tx: &mut Tx| rows::delete_expired(tx, now).await).await {
        Ok(expired) => {
            for (id, job) in expired {
                ctx.files.partials().delete(&[id]).await;
                settle(ctx, job).await;
            }
        }
        Err(StoreError::Closed) => return,
        Err(error) => tracing::warn!(%error, "unfinished uploads were not given up"),
    }
    match ctx.files.partials().sweep(&ctx.store).await {
        Ok(()) | Err(StoreError::Closed) => {}
        Err(error) => tracing::warn!(%error, "what was left of uploads was not removed"),
    }
}

fn view(row: Unfinished, offset: u64) -> Upload {
    Upload {
        id: row.id,
        job: row.job,
        kind: row.kind,
        name: row.name,
        size: row.size,
        offset: i64::try_from(offset).unwrap_or(i64::MAX),
        expires_at: Some(row.expires_at),
        file: None,
    }
}

/// Begins an upload that comes in pieces and can be taken up again. Send the content to it with PUT; until it is complete a job whose
/// attachment it is waits for it. It is given up when no piece comes for a day.
#[utoipa::path(tag = "files", params(("job" = JobId, Path), ("Idempotency-Key" = Option<String>, Header)), request_body = NewUpload, responses((status = 201, body = Upload), (status = "default", body = Problem, content_type = "application/problem+json")))]
#[post("/jobs/{job}/uploads")]
async fn create_upload(ctx: Ctx, job: web::Path<JobId>, body: Json<NewUpload>) -> Result<HttpResponse, ApiError> {
    let (id, new, user, now) = (job.into_inner(), body.value, body.caller.id(), ctx.now());
    validate::file_name(&new.name)?;
    let size = u64::try_from(new.size).map_err(|_| ApiError::invalid("size", "must not be negative"))?;
    if size > ctx.config.max_upload {
        return Err(too_large(ctx.config.max_upload));
    }
    let sha256 = new.sha256.map(|hash| hash.to_ascii_lowercase());
    if sha256
        .as_ref()
        .is_some_and(|hash| hash.len() != 64 || !hash.bytes().all(|byte| byte.is_ascii_hexdigit()))
    {
        return Err(ApiError::invalid("sha256", "must be 64 hexadecimal digits"));
    }
    let row = Unfinished {
        id: FileId(ctx.ids.uuid()),
        job: id,
        attempt: None,
        kind: new.kind,
        name: new.name,
        size: new.size,
        sha256,
        uploaded_by: user,
        created_at: now,
        expires_at: now.plus_ms(KEPT_MS),
    };
    let (kind, context) = (row.kind, ctx.clone());
    let unit = async move |tx: &mut Tx| -> Result<(Upload, ()), ApiError> {
        let (job, _) = reach::job(tx, user, id, Act::Contribute).await?;
        let limit = limit(&context, tx, job.workspace).await?;
        if size > limit {
            return Err(too_large(limit));
        }
        let attempt = match row.kind {
            FileKind::Attachment => None,
            FileKind::Deliverable => job.open_attempt().map(|attempt| attempt.id),
        };
        if files::count(tx, id, row.kind).await? >= MAX_FILES {
            return Err(Refusal::state(Rule::File3, format!("a job has at most {MAX_FILES} files of a kind")).into());
        }
        if rows::count(tx, user).await? >= MAX_UNFINISHED {
            let words = format!("you have {MAX_UNFINISHED} unfinished uploads; finish or cancel one first");
            return Err(Refusal::state(Rule::File4, words).into());
        }
        if files::is_taken(tx, id, row.kind, attempt, &row.name).await? {
            return Err(taken(&row.name));
        }
        if rows::is_under_way(tx, id, row.kind, &row.name).await? {
            let words = format!(
                "an upload named {} is under way; go on with it or cancel it, or use another name",
                row.name
            );
            return Err(Refusal::state(Rule::File4, words).into());
        }
        let row = Unfinished { attempt, ..row.clone() };
        rows::insert(tx, &row).await?;
        Ok((view(row, 0), ()))
    };
    let answer = idempotency::create(&ctx, body.key, None, unit, |_, ()| {}).await?;
    if kind == FileKind::Attachment {
        settle(&ctx, id).await;
    }
    Ok(answer)
}

/// Your unfinished uploads to a job, oldest first, with how far each has come.
#[utoipa::path(tag = "files", params(("job" = JobId, Path)), responses((status = 200, body = Vec<Upload>), (status = "default", body = Problem, content_type = "application/problem+json")))]
#[get("/jobs/{job}/uploads")]
async fn list_uploads(ctx: Ctx, caller: Caller, job: web::Path<JobId>) -> Result<web::Json<Vec<Upload>>, ApiError> {
    let (id, now) = (job.into_inner(), ctx.now());
    let found = {
        let mut conn = ctx.read().await?;
        reach::job(&mut conn, caller.id(), id, Act::See).await?;
        rows::of_person(&mut conn, id, caller.id()).await?
    };
    let mut all = vec![];
    for row in found.into_iter().filter(|row| row.expires_at > now) {
        let offset = ctx.files.partials().offset(row.id).await?;
        all.push(view(row, offset));
    }
    Ok(web::Json(all))
}

/// An upload of the caller's that is under way, and its job's workspace. For everybody else it does not exist.
async fn mine(ctx: &Ctx, caller: &Caller, id: FileId, act: Act) -> Result<(Unfinished, WorkspaceId), ApiError> {
    let mut conn = ctx.read().await?;
    let row = rows::get(&mut conn, id).await?;
    let row = row
        .filter(|row| row.uploaded_by == caller.id() && row.expires_at > ctx.now())
        .ok_or_else(ApiError::not_found)?;
    let (job, _) = reach::job(&mut conn, caller.id(), row.job, act).await?;
    Ok((row, job.workspace))
}

/// How far an upload has come: where its next piece begins. A finished one tells its file.
#[utoipa::path(tag = "files", params(("upload" = FileId, Path)), responses((status = 200, body = Upload), (status = "default", body = Problem, content_type = "application/problem+json")))]
#[get("/uploads/{upload}")]
async fn get_upload(ctx: Ctx, caller: Caller, upload: web::Path<FileId>) -> Result<web::Json<Upload>, ApiError> {
    let id = upload.into_inner();
    if let Some(finished) = finished(&ctx, &caller, id).await? {
        return Ok(web::Json(finished));
    }
    let (row, _) = mine(&ctx, &caller, id, Act::See).await?;
    let offset = ctx.files.partials().offset(id).await?;
    Ok(web::Json(view(row, offset)))
}

/// The upload when it has become a file: whoever lost the answer to the last piece finds it so.
async fn finished(ctx: &Ctx, caller: &Caller, id: FileId) -> Result<Option<Upload>, ApiError> {
    let mut conn = ctx.read().await?;
    let Some(file) = files::get(&mut conn, id).await? else {
        return Ok(None);
    };
    if file.uploaded_by.as_ref().is_none_or(|person| person.id != caller.id()) {
        return Ok(None);
    }
    reach::job(&mut conn, caller.id(), file.job, Act::See).await?;
    Ok(Some(Upload {
        id,
        job: file.job,
        kind: file.kind,
        name: file.name.clone(),
        size: file.size,
        offset: file.size,
        expires_at: None,
        file: Some(file),
    }))
}

/// Where a piece begins.
#[derive(Debug, Clone, Copy, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct PieceQuery {
    /// Bytes that are there already.
    #[param(minimum = 0)]
    offset: u64,
}

/// Sends the next piece, of any length: the body is the bytes from `offset` on. When all are there the answer has the file. What came
/// before a connection broke stays: ask where the upload stands, and go on from there. Another offset is refused with 409 and the upload
/// as it is in `current`.
#[utoipa::path(tag = "files", params(("upload" = FileId, Path), PieceQuery), request_body(content = Vec<u8>, content_type = "application/octet-stream"), responses((status = 200, body = Upload), (status = "default", body = Problem, content_type = "application/problem+json")))]
#[put("/uploads/{upload}")]
async fn put_upload(
    ctx: Ctx,
    caller: Caller,
    upload: web::Path<FileId>,
    query: web::Query<PieceQuery>,
    request: HttpRequest,
    body: web::Payload,
) -> Result<web::Json<Upload>, ApiError> {
    let id = upload.into_inner();
    if let Some(finished) = finished(&ctx, &caller, id).await? {
        return Ok(web::Json(finished));
    }
    let (row, workspace) = mine(&ctx, &caller, id, Act::Contribute).await?;
    let size = u64::try_from(row.size).unwrap_or_default();
    let promised = request
        .headers()
        .get(CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if promised.is_some_and(|length| query.offset.saturating_add(length) > size) {
        return Err(too_long(size));
    }
    let expires_at = ctx.now().plus_ms(KEPT_MS);
    ctx.store
        .write(async move |tx: &mut Tx| rows::put_off(tx, id, expires_at).await)
        .await?;
    let row = Unfinished { expires_at, ..row };
    let appending = ctx.files.partials().append(id, query.offset).await;
    let appending = appending.map_err(|error| not_added(error, &row))?;
    let offset = append(appending, &row, body).await?;
    if offset < size {
        return Ok(web::Json(view(row, offset)));
    }
    let became = become_file(&ctx, &caller.actor(), row, workspace).await;
    // A call that came at the same time may have been faster.
    match (finished(&ctx, &caller, id).await?, became) {
        (Some(finished), _) => Ok(web::Json(finished)),
        (None, Err(error)) => Err(error),
        (None, Ok(())) => Err(ApiError::not_found()),
    }
}

fn too_long(size: u64) -> ApiError {
    let mut error = ApiError::too_large(format!("the upload was said to have {size} bytes"));
    if let ApiError::Request(fault) = &mut error {
        fault.set_rule(Rule::File4);
    }
    error
}

fn not_added(error: AppendError, row: &Unfinished) -> ApiError {
    match error {
        AppendError::Elsewhere { offset } => {
            let mut refusal = Refusal::state(Rule::File4, format!("{offset} bytes of the upload are there: go on from there"));
            refusal.kind = RefusalKind::Stale;
            ApiError::Stale(refusal, Box::new(json!(view(row.clone(), offset))))
        }
        AppendError::TakenOver => Refusal::state(Rule::File4, "another connection goes on with this upload").into(),
        AppendError::Store(error) => error.into(),
    }
}

/// Adds what comes, and tells how far the upload is then.
async fn append(
    mut appending: Appending,
    row: &Unfinished,
    bytes: impl Stream<Item = Result<Bytes, actix_web::error::PayloadError>>,
) -> Result<u64, ApiError> {
    let size = u64::try_from(row.size).unwrap_or_default();
    let mut bytes = pin!(bytes);
    while let Some(chunk) = actix_web::rt::time::timeout(SILENCE, bytes.next())
        .await
        .map_err(|_| ApiError::malformed("nothing more of the file came"))?
    {
        let chunk = chunk.map_err(|error| ApiError::malformed(format!("the file broke off: {error}")))?;
        if appending.offset().saturating_add(u64::try_from(chunk.len()).unwrap_or(u64::MAX)) > size {
            return Err(too_long(size));
        }
        appending.write(chunk).await.map_err(|error| not_added(error, row))?;
    }
    appending.sync().await?;
    Ok(appending.offset())
}

/// All is there: the upload becomes a file, or is gone.
async fn become_file(ctx: &Ctx, by: &Actor, row: Unfinished, workspace: WorkspaceId) -> Result<(), ApiError> {
    let written = match put_in_place(ctx, &row).await {
        Ok(written) => written,
        Err(error @ ApiError::Store(_)) => return Err(error),
        Err(refused) => {
            give_up(ctx, row.id, row.job).await?;
            return Err(refused);
        }
    };
    let key = new_file(&row).key();
    match enter(ctx, by, &row, workspace, written).await {
        Ok(()) => {
            ctx.files.partials().delete(&[row.id]).await;
            settle(ctx, row.job).await;
            Ok(())
        }
        Err(error) => {
            // Not when a call that came at the same time made the file.
            if files::get(&mut *ctx.read().await?, row.id).await?.is_none() {
                ctx.files.delete(&[key]).await;
            }
            if let ApiError::Store(StoreError::Unique { .. }) = error {
                give_up(ctx, row.id, row.job).await?;
                return Err(taken(&row.name));
            }
            Err(error)
        }
    }
}

fn new_file(row: &Unfinished) -> NewFile {
    NewFile {
        id: row.id,
        job: row.job,
        attempt: row.attempt,
        kind: row.kind.into(),
        name: row.name.clone(),
        uploaded_by: Some(row.uploaded_by),
        at: row.created_at,
    }
}

/// Copies what came to where contents lie, and looks whether it is what was promised.
async fn put_in_place(ctx: &Ctx, row: &Unfinished) -> Result<Written, ApiError> {
    let limit = u64::try_from(row.size).unwrap_or_default();
    let mut content = ctx.files.upload(new_file(row).key(), limit).await?;
    let mut pieces = pin!(ctx.files.partials().read(row.id).await?);
    while let Some(piece) = pieces.next().await {
        content.write(&piece?).await.map_err(|error| match error {
            UploadError::TooLarge { limit } => too_long(limit),
            UploadError::Store(error) => error.into(),
        })?;
    }
    let written = content.finish().await?;
    if row.sha256.as_ref().is_some_and(|promised| *promised != written.sha256) {
        ctx.files.delete(&[new_file(row).key()]).await;
        let words = "what came is not what was promised; upload it again";
        return Err(Refusal::invalid(Rule::File4, "sha256", words).into());
    }
    Ok(written)
}

async fn enter(ctx: &Ctx, by: &Actor, row: &Unfinished, workspace: WorkspaceId, written: Written) -> Result<(), ApiError> {
    let (id, job, now, user) = (row.id, row.job, ctx.now(), by.user);
    let detail = json!({ "job": job, "name": row.name, "size": written.size });
    let entry = ctx.audit(by, "file.upload", Some(workspace), id, detail);
    let new = new_file(row);
    let unit = async move |tx: &mut Tx| -> Result<i64, ApiError> {
        // Whoever takes the row makes the file; given up meanwhile, it is none.
        if !rows::delete(tx, id).await? {
            return Err(ApiError::not_found());
        }
        files::begin(tx, &new).await?;
        files::finish(tx, id, &written).await?;
        audit::append(tx, &entry).await?;
        Ok(feed::append(tx, workspace, now, "files.changed", Some(job), &json!({ "by": user })).await?)
    };
    ctx.commit(unit, move |live, seq| live.feed_committed(workspace, *seq)).await?;
    Ok(())
}

async fn give_up(ctx: &Ctx, id: FileId, job: JobId) -> Result<(), ApiError> {
    ctx.store.write(async move |tx: &mut Tx| rows::delete(tx, id).await).await?;
    ctx.files.partials().delete(&[id]).await;
    settle(ctx, job).await;
    Ok(())
}

/// Gives up an upload of yours; nothing of it stays.
#[utoipa::path(tag = "files", params(("upload" = FileId, Path)), responses((status = 204), (status = "default", body = Problem, content_type = "application/problem+json")))]
#[delete("/uploads/{upload}")]
async fn delete_upload(ctx: Ctx, caller: Caller, upload: web::Path<FileId>) -> Result<HttpResponse, ApiError> {
    let (row, _) = mine(&ctx, &caller, upload.into_inner(), Act::See).await?;
    give_up(&ctx, row.id, row.job).await?;
    Ok(HttpResponse::NoContent().finish())
}
