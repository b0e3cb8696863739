//! Files of jobs: `/jobs/{job}/attachments`, `/jobs/{job}/deliverables`, `/files/{file}` (FILE-1 to FILE-4).

use super::{
    auth::Caller,
    extract::{Paging, page},
    images,
    problem::ApiError,
    reach,
    uploads::{self, Incoming, MAX_FILES},
};
use crate::context::Ctx;
use actix_multipart::Multipart;
use actix_web::{
    HttpMessage as _, HttpRequest, HttpResponse, delete,
    error::PayloadError,
    get,
    http::header::{
        ACCEPT_RANGES, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG,
        RANGE,
    },
    post, web,
};
use bytes::Bytes;
use coord_domain::{Refusal, job::Job, rights::Act, validate};
use coord_protocol::{
    Page,
    file::{File, FileKind},
    id::{FileId, JobId},
    problem::Problem,
    rule::Rule,
    time::Timestamp,
};
use coord_store::{
    StoreError, Tx, audit, canvases, feed,
    files::{self, NewFile, content::Content},
};
use futures_util::{Stream, StreamExt as _, TryStreamExt as _};
use serde::Deserialize;
use serde_json::json;
use std::{fmt::Write as _, ops::Range};
use utoipa_actix_web::service_config::ServiceConfig;

/// For what is served out of files: nothing in it runs or is loaded, whatever a browser makes of it.
pub const SAFE_POLICY: &str = "default-src 'none'; sandbox";

pub fn routes(cfg: &mut ServiceConfig<'_>) {
    cfg.service(list_attachments)
        .service(create_attachment)
        .service(forget_attachments)
        .service(list_deliverables)
        .service(create_deliverable)
        .service(get_file)
        .service(delete_file)
        .service(get_content);
}

/// After a start: takes back what broken uploads left, and tells the jobs that waited for them.
pub async fn sweep(ctx: Ctx, before: Timestamp) {
    match ctx.files.sweep(&ctx.store, before).await {
        Ok(jobs) => {
            for job in jobs {
                uploads::settle(&ctx, job).await;
            }
        }
        Err(StoreError::Closed) => {}
        Err(error) => tracing::warn!(%error, "broken uploads of before this start were not taken back"),
    }
}

/// The attachments of a job, oldest first.
#[utoipa::path(tag = "files", params(("job" = JobId, Path), Paging), responses((status = 200, body = Page<File>), (status = "default", body = Problem, content_type = "application/problem+json")))]
#[get("/jobs/{job}/attachments")]
async fn list_attachments(
    ctx: Ctx,
    caller: Caller,
    job: web::Path<JobId>,
    paging: web::Query<Paging>,
) -> Result<web::Json<Page<File>>, ApiError> {
    list(&ctx, &caller, job.into_inner(), FileKind::Attachment, &paging).await
}

/// The deliverables of a job, oldest first.
#[utoipa::path(tag = "files", params(("job" = JobId, Path), Paging), responses((status = 200, body = Page<File>), (status = "default", body = Problem, content_type = "application/problem+json")))]
#[get("/jobs/{job}/deliverables")]
async fn list_deliverables(
    ctx: Ctx,
    caller: Caller,
    job: web::Path<JobId>,
    paging: web::Query<Paging>,
) -> Result<web::Json<Page<File>>, ApiError> {
    list(&ctx, &caller, job.into_inner(), FileKind::Deliverable, &paging).await
}

async fn list(ctx: &Ctx, caller: &Caller, job: JobId, kind: FileKind, paging: &Paging) -> Result<web::Json<Page<File>>, ApiError> {
    let limit = paging.limit()?;
    let mut conn = ctx.read().await?;
    let (job, _) = reach::job(&mut conn, caller.id(), job, Act::See).await?;
    let items = files::list(&mut conn, job.id, kind, paging.after()?, limit + 1).await?;
    Ok(web::Json(page(items, limit, |file| file.id.to_string())))
}

/// How a raw upload is named.
#[derive(Debug, Clone, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct UploadQuery {
    /// Name of the file; only when its content is the whole body.
    name: Option<String>,
}

/// Uploads an attachment: the body is its content and `name` its name, or the body is multipart with parts named `file`. Answers with the
/// file, or with a page of them when there were several parts. Until it is complete the job is held.
#[utoipa::path(tag = "files", params(("job" = JobId, Path), UploadQuery), request_body(content((Vec<u8> = "application/octet-stream"), (Object = "multipart/form-data"))), responses((status = 201, body = File), (status = "default", body = Problem, content_type = "application/problem+json")))]
#[post("/jobs/{job}/attachments")]
async fn create_attachment(
    ctx: Ctx,
    caller: Caller,
    job: web::Path<JobId>,
    query: web::Query<UploadQuery>,
    request: HttpRequest,
    body: web::Payload,
) -> Result<HttpResponse, ApiError> {
    let upload = Upload::new(ctx, caller, job.into_inner(), FileKind::Attachment).await?;
    upload.receive(query.into_inner().name, &request, body).await
}

/// Uploads a deliverable, as an attachment is.
#[utoipa::path(tag = "files", params(("job" = JobId, Path), UploadQuery), request_body(content((Vec<u8> = "application/octet-stream"), (Object = "multipart/form-data"))), responses((status = 201, body = File), (status = "default", body = Problem, content_type = "application/problem+json")))]
#[post("/jobs/{job}/deliverables")]
async fn create_deliverable(
    ctx: Ctx,
    caller: Caller,
    job: web::Path<JobId>,
    query: web::Query<UploadQuery>,
    request: HttpRequest,
    body: web::Payload,
) -> Result<HttpResponse, ApiError> {
    let upload = Upload::new(ctx, caller, job.into_inner(), FileKind::Deliverable).await?;
    upload.receive(query.into_inner().name, &request, body).await
}

/// A person's upload to a job.
struct Upload {
    ctx: Ctx,
    caller: Caller,
    job: Job,
    kind: FileKind,
    /// Most bytes of the file.
    limit: u64,
}

impl Upload {
    async fn new(ctx: Ctx, caller: Caller, job: JobId, kind: FileKind) -> Result<Self, ApiError> {
        let (job, limit) = {
            let mut conn = ctx.read().await?;
            let (job, _) = reach::job(&mut conn, caller.id(), job, Act::Contribute).await?;
            if files::count(&mut conn, job.id, kind).await? >= MAX_FILES {
                return Err(Refusal::state(Rule::File3, format!("a job has at most {MAX_FILES} files of a kind")).into());
            }
            let limit = uploads::limit(&ctx, &mut conn, job.workspace).await?;
            (job, limit)
        };
        Ok(Self {
            ctx,
            caller,
            job,
            kind,
            limit,
        })
    }

    async fn receive(self, name: Option<String>, request: &HttpRequest, body: web::Payload) -> Result<HttpResponse, ApiError> {
        if request.content_type().eq_ignore_ascii_case("multipart/form-data") {
            return self.parts(Multipart::new(request.headers(), body)).await;
        }
        let name = name.ok_or_else(|| ApiError::invalid("name", "name the file: `?name=…`"))?;
        let limit = self.limit;
        let promised = request
            .headers()
            .get(CONTENT_LENGTH)
            .and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
        if promised.is_some_and(|length| length > limit) {
            return Err(uploads::too_large(limit));
        }
        let id = self.one(name, body).await?;
        Ok(HttpResponse::Created().json(self.get(id).await?))
    }

    async fn one(&self, name: String, bytes: impl Stream<Item = Result<Bytes, PayloadError>>) -> Result<FileId, ApiError> {
        validate::file_name(&name)?;
        let file = NewFile {
            id: FileId(self.ctx.ids.uuid()),
            job: self.job.id,
            attempt: match self.kind {
                FileKind::Attachment => None,
                FileKind::Deliverable => self.job.open_attempt().map(|attempt| attempt.id),
            },
            kind: self.kind.into(),
            name,
            uploaded_by: Some(self.caller.id()),
            at: self.ctx.now(),
        };
        uploads::check_free(&self.ctx, &file).await?;
        let incoming = Incoming {
            file,
            workspace: self.job.workspace,
            limit: self.limit,
            replaces: false,
            by: Some(self.caller.actor()),
        };
        uploads::receive(&self.ctx, incoming, bytes).await
    }

    async fn get(&self, id: FileId) -> Result<File, ApiError> {
        let found = files::get(&mut *self.ctx.read().await?, id).await?;
        found.ok_or_else(ApiError::not_found)
    }

    /// All parts or none: what came before a part that is refused is taken back.
    async fn parts(self, mut multipart: Multipart) -> Result<HttpResponse, ApiError> {
        let mut done = Vec::new();
        let result = self.each_part(&mut multipart, &mut done).await;
        if let Err(error) = result {
            for id in done {
                remove(&self.ctx, &self.caller, id).await?;
            }
            return Err(error);
        }
        let mut items = Vec::new();
        for id in done {
            items.push(self.get(id).await?);
        }
        match items.len() {
            0 => Err(ApiError::invalid("file", "send at least one part named `file`, with a file name")),
            1 => Ok(HttpResponse::Created().json(items.remove(0))),
            _ => Ok(HttpResponse::Created().json(Page { items, next: None })),
        }
    }

    async fn each_part(&self, multipart: &mut Multipart, done: &mut Vec<FileId>) -> Result<(), ApiError> {
        let broken = |error: actix_multipart::MultipartError| ApiError::malformed(format!("the multipart body cannot be read: {error}"));
        while let Some(part) = multipart.next().await {
            let part = part.map_err(broken)?;
            if i64::try_from(done.len()).is_ok_and(|parts| parts >= MAX_FILES) {
                return Err(ApiError::invalid("file", format!("at most {MAX_FILES} at once")));
            }
            let name = part
                .content_disposition()
                .filter(|disposition| disposition.get_name() == Some("file"))
                .and_then(|disposition| disposition.get_filename())
                .ok_or_else(|| ApiError::invalid("file", "every part is named `file` and has a file name"))?
                .to_owned();
            let bytes = part.map_err(|error| PayloadError::Io(std::io::Error::other(error.to_string())));
            done.push(self.one(name, bytes).await?);
        }
        Ok(())
    }
}

/// Gives up the attachments that were announced with the job and never came, and those whose upload is not finished, so that it waits for
/// them no more.
#[utoipa::path(tag = "files", params(("job" = JobId, Path)), responses((status = 204), (status = "default", body = Problem, content_type = "application/problem+json")))]
#[delete("/jobs/{job}/attachments/announced")]
async fn forget_attachments(ctx: Ctx, caller: Caller, job: web::Path<JobId>) -> Result<HttpResponse, ApiError> {
    let (id, user) = (job.into_inner(), caller.id());
    let unit = async move |tx: &mut Tx| -> Result<Vec<FileId>, ApiError> {
        reach::job(tx, user, id, Act::Contribute).await?;
        files::forget_announced(tx, id).await?;
        Ok(coord_store::uploads::delete_attachments(tx, id).await?)
    };
    let given_up = ctx.store.write(unit).await?;
    ctx.files.partials().delete(&given_up).await;
    uploads::settle(&ctx, id).await;
    Ok(HttpResponse::NoContent().finish())
}

/// A file's particulars.
#[utoipa::path(tag = "files", params(("file" = FileId, Path)), responses((status = 200, body = File), (status = "default", body = Problem, content_type = "application/problem+json")))]
#[get("/files/{file}")]
async fn get_file(ctx: Ctx, caller: Caller, file: web::Path<FileId>) -> Result<web::Json<File>, ApiError> {
    Ok(web::Json(found(&ctx, &caller, file.into_inner()).await?))
}

async fn found(ctx: &Ctx, caller: &Caller, id: FileId) -> Result<File, ApiError> {
    let mut conn = ctx.read().await?;
    let file = files::get(&mut conn, id).await?.ok_or_else(ApiError::not_found)?;
    reach::job(&mut conn, caller.id(), file.job, Act::See).await?;
    Ok(file)
}

/// Deletes a file: one's own, or any by those who may change the job.
#[utoipa::path(tag = "files", params(("file" = FileId, Path)), responses((status = 204), (status = "default", body = Problem, content_type = "application/problem+json")))]
#[delete("/files/{file}")]
async fn delete_file(ctx: Ctx, caller: Caller, file: web::Path<FileId>) -> Result<HttpResponse, ApiError> {
    remove(&ctx, &caller, file.into_inner()).await?;
    Ok(HttpResponse::NoContent().finish())
}

async fn remove(ctx: &Ctx, caller: &Caller, id: FileId) -> Result<(), ApiError> {
    let (user, now) = (caller.id(), ctx.now());
    let entry = ctx.audit(&caller.actor(), "file.delete", None, id, json!({}));
    let unit = async move |tx: &mut Tx| -> Result<_, ApiError> {
        let file = files::get(tx, id).await?.ok_or_else(ApiError::not_found)?;
        let own = file.uploaded_by.as_ref().is_some_and(|person| person.id == user);
        let act = if own { Act::Contribute } else { Act::Manage };
        let (job, _) = reach::job(tx, user, file.job, act).await?;
        let key = files::delete(tx, id).await?;
        let entry = audit::Entry {
            workspace: Some(job.workspace),
            detail: json!({ "job": job.id, "name": file.name }),
            ..entry.clone()
        };
        audit::append(tx, &entry).await?;
        let payload = json!({ "by": user, "act": "removed", "file": file.name });
        let seq = feed::append(tx, job.workspace, now, "files.changed", Some(job.id), &payload).await?;
        Ok((key, job.workspace, seq))
    };
    let (key, ..) = ctx.commit(unit, |live, (_, ws, seq)| live.feed_committed(*ws, *seq)).await?;
    if let Some(key) = key {
        ctx.files.delete(&[key]).await;
    }
    Ok(())
}

/// A file's content, to be saved: never shown in place, never active. Takes `Range` for one range.
#[utoipa::path(tag = "files", params(("file" = FileId, Path), ("Range" = Option<String>, Header)), responses((status = 200, body = Vec<u8>, content_type = "application/octet-stream"), (status = 206, body = Vec<u8>, content_type = "application/octet-stream"), (status = 416, body = Problem, content_type = "application/problem+json"), (status = "default", body = Problem, content_type = "application/problem+json")))]
#[get("/files/{file}/content")]
async fn get_content(ctx: Ctx, caller: Caller, file: web::Path<FileId>, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let id = file.into_inner();
    let image = canvases::image(&mut *ctx.read().await?, id).await?;
    if let Some(image) = image {
        return images::serve(&ctx, &caller, &image).await;
    }
    let file = found(&ctx, &caller, id).await?;
    serve(&ctx, &file, &request).await
}

/// The content of a file the caller may have.
pub async fn serve(ctx: &Ctx, file: &File, request: &HttpRequest) -> Result<HttpResponse, ApiError> {
    let size = u64::try_from(file.size).unwrap_or_default();
    let asked = request.headers().get(RANGE).and_then(|range| range.to_str().ok());
    let range = asked.map_or(Asked::Whole, |range| asked_range(range, size));
    let mut response = match &range {
        Asked::Part(_) => HttpResponse::PartialContent(),
        Asked::Whole | Asked::Beyond => HttpResponse::Ok(),
    };
    response
        .insert_header((CONTENT_TYPE, content_type(&file.name)))
        .insert_header((CONTENT_DISPOSITION, disposition(&file.name)))
        .insert_header((CONTENT_SECURITY_POLICY, SAFE_POLICY))
        .insert_header((CACHE_CONTROL, "private, no-cache"))
        .insert_header((ACCEPT_RANGES, "bytes"))
        .insert_header((ETAG, format!("\"{}\"", file.sha256)));
    let (part, length) = match range {
        Asked::Beyond => {
            return Ok(HttpResponse::RangeNotSatisfiable()
                .insert_header((CONTENT_RANGE, format!("bytes */{size}")))
                .finish());
        }
        Asked::Whole => (None, size),
        Asked::Part(part) => {
            response.insert_header((CONTENT_RANGE, format!("bytes {}-{}/{size}", part.start, part.end - 1)));
            (Some(part.clone()), part.end - part.start)
        }
    };
    let key = files::Key {
        of: file.job.0,
        file: file.id,
    };
    let content = ctx.files.read(key, part).await?.ok_or_else(ApiError::not_found)?;
    Ok(response.no_chunking(length).streaming(stream(content)))
}

/// A content as a response's body. A failure half-way cuts the connection: the length was promised.
pub fn stream(content: Content) -> impl Stream<Item = Result<Bytes, StoreError>> {
    content.inspect_err(|error| tracing::error!(%error, "a file's content could not be read"))
}

#[derive(Debug, PartialEq, Eq)]
enum Asked {
    Whole,
    Part(Range<u64>),
    Beyond,
}

/// One range of bytes. What is not understood is as if it had not been asked (RFC 9110, 14.2).
fn asked_range(text: &str, size: u64) -> Asked {
    let Some((first, last)) = text.strip_prefix("bytes=").and_then(|range| range.trim().split_once('-')) else {
        return Asked::Whole;
    };
    let part = match (first.parse::<u64>(), last.parse::<u64>()) {
        (Ok(first), Ok(last)) if first <= last => first..last.saturating_add(1).min(size),
        (Ok(first), Err(_)) if last.is_empty() => first..size,
        (Err(_), Ok(last)) if first.is_empty() => size.saturating_sub(last)..size,
        _ => return Asked::Whole,
    };
    if part.start >= part.end { Asked::Beyond } else { Asked::Part(part) }
}

/// Types that no browser runs anything of; everything else is bytes (FILE-3).
fn content_type(name: &str) -> &'static str {
    let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
    match ending.as_deref() {
        Some("txt" | "md" | "log") => "text/plain; charset=utf-8",
        Some("png") => "image/png",
        Some("jpg" | "jpeg") => "image/jpeg",
        Some("gif") => "image/gif",
        Some("webp") => "image/webp",
        _ => "application/octet-stream",
    }
}

/// Saved under its name, in every alphabet (RFC 6266).
fn disposition(name: &str) -> String {
    let plain: String = name
        .chars()
        .map(|c| {
            if c.is_ascii_graphic() && !matches!(c, '"' | '\\' | '%') || c == ' ' {
                c
            } else {
                '_'
            }
        })
        .collect();
    let encoded = name.bytes().fold(String::new(), |mut text, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            text.push(char::from(byte));
        } else {
            let _infallible = write!(text, "%{byte:02X}");
        }
        text
    });
    format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{encoded}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_3_nothing_active_is_served_as_such() {
        for name in ["x.html", "x.svg", "x.js", "x.xml", "x.pdf", "x.htm", "x", "x.txt.html", "png"] {
            assert_eq!(content_type(name), "application/octet-stream", "{name}");
        }
        assert_eq!(content_type("A.PNG"), "image/png");
    }

    #[test]
    fn file_3_a_name_cannot_break_out_of_its_header() {
        let header = disposition("ü \"x\";\r\n%41.txt");
        assert_eq!(
            header,
            "attachment; filename=\"_ _x_;___41.txt\"; filename*=UTF-8''%C3%BC%20%22x%22%3B%0D%0A%2541.txt"
        );
    }

    #[test]
    fn a_range_is_one_part_all_or_beyond_the_end() {
        for (text, expected) in [
            ("bytes=0-0", Asked::Part(0..1)),
            ("bytes=2-", Asked::Part(2..10)),
            ("bytes=-3", Asked::Part(7..10)),
            ("bytes=-30", Asked::Part(0..10)),
            ("bytes=5-99", Asked::Part(5..10)),
            ("bytes=10-", Asked::Beyond),
            ("bytes=-0", Asked::Beyond),
            ("bytes=3-2", Asked::Whole),
            ("bytes=0-1,4-5", Asked::Whole),
            ("lines=1-2", Asked::Whole),
            ("bytes=18446744073709551615-18446744073709551615", Asked::Beyond),
        ] {
            assert_eq!(asked_range(text, 10), expected, "{text}");
        }
        assert_eq!(asked_range("bytes=0-", 0), Asked::Beyond);
    }
}
