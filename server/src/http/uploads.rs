//! How a file comes in: row, content, row (FILE-3, FILE-4). Whatever breaks on the way leaves nothing behind.

use super::problem::{ApiError, Fault};
use crate::context::{Actor, Ctx};
use actix_web::error::PayloadError;
use bytes::Bytes;
use coord_domain::Refusal;
use coord_protocol::{
    id::{FileId, JobId, WorkspaceId},
    rule::Rule,
};
use coord_store::{
    Conn, StoreError, Tx, audit, feed,
    files::{self, Key, Kind, NewFile, content::UploadError},
    workspaces,
};
use futures_util::{Stream, StreamExt as _};
use serde_json::json;
use std::{pin::pin, time::Duration};

/// Most files of a kind in a job, and most parts of one upload.
pub const MAX_FILES: i64 = 1000;

/// A sender that says nothing for this long is gone.
pub const SILENCE: Duration = Duration::from_secs(60);

/// What is uploaded, by whom, and where it goes.
pub struct Incoming {
    /// The file.
    pub file: NewFile,
    /// The job's workspace.
    pub workspace: WorkspaceId,
    /// Most bytes.
    pub limit: u64,
    /// Takes the place of the file of the same name; otherwise that is refused.
    pub replaces: bool,
    /// Who does it, for the audit log; absent for runners.
    pub by: Option<Actor>,
}

/// Takes an upload back when whoever sends it goes away.
struct Broken {
    ctx: Ctx,
    key: Key,
    /// The job that waits for it, if it is input.
    waits: Option<JobId>,
}

impl Drop for Broken {
    fn drop(&mut self) {
        let (ctx, key, waits) = (self.ctx.clone(), self.key, self.waits);
        actix_web::rt::spawn(async move { take_back(&ctx, key, waits).await });
    }
}

/// Removes what is left of an upload that did not end; nothing when it did.
async fn take_back(ctx: &Ctx, key: Key, waits: Option<JobId>) {
    match ctx.store.write(async move |tx: &mut Tx| files::abandon(tx, key.file).await).await {
        Ok(Some(key)) => ctx.files.delete(&[key]).await,
        Ok(None) => {}
        Err(error) => tracing::warn!(%error, file = %key.file, "a broken upload stays until the next start"),
    }
    if let Some(job) = waits {
        settle(ctx, job).await;
    }
}

/// Tells the job how many attachments it waits for now (FILE-1). The count is read again after it was told: another upload may have
/// begun or ended in between.
pub async fn settle(ctx: &Ctx, job: JobId) {
    let count = async || -> Result<u32, StoreError> {
        let count = files::pending_count(&mut *ctx.store.read().await?, job).await?;
        Ok(u32::try_from(count).unwrap_or(u32::MAX))
    };
    let settled = async {
        let mut told = count().await?;
        loop {
            ctx.live.uploads_pending(job, told).await?;
            let now = count().await?;
            if now == told {
                return Ok(());
            }
            told = now;
        }
    };
    match settled.await {
        // A job that was deleted meanwhile waits for nothing.
        Ok(()) | Err(crate::actors::CommandError::NotFound) => {}
        Err(error) => tracing::warn!(%error, %job, "a job was not told of its uploads"),
    }
}

/// Most bytes of a file in this workspace.
pub async fn limit(ctx: &Ctx, conn: &mut Conn, workspace: WorkspaceId) -> Result<u64, ApiError> {
    let facts = workspaces::facts(conn, workspace).await?;
    let server_max = ctx.config.max_upload;
    Ok(facts.map_or(server_max, |(_, settings, _)| {
        coord_domain::settings::max_upload(&settings, server_max)
    }))
}

/// A 413 that names the limit.
pub fn too_large(limit: u64) -> ApiError {
    let mut error = ApiError::too_large(format!("a file may have at most {limit} bytes here"));
    if let ApiError::Request(fault) = &mut error {
        Fault::set_rule(fault, Rule::File3);
    }
    error
}

/// A 409 for a name that a file has already.
pub fn taken(name: &str) -> ApiError {
    Refusal::state(
        Rule::File3,
        format!("there is a file named {name} already; delete it first, or use another name"),
    )
    .into()
}

/// Takes in a file.
pub async fn receive(ctx: &Ctx, incoming: Incoming, bytes: impl Stream<Item = Result<Bytes, PayloadError>>) -> Result<FileId, ApiError> {
    let (key, new) = (incoming.file.key(), incoming.file.clone());
    let waits = (incoming.file.kind == Kind::Attachment).then_some(incoming.file.job);
    let begun = ctx.store.write(async move |tx: &mut Tx| files::begin(tx, &new).await).await;
    begun.map_err(|error| match error {
        // The job went away after it was looked at.
        StoreError::Reference => ApiError::not_found(),
        error => error.into(),
    })?;
    // From here on a caller who hangs up, and any error, is cleaned up after.
    let _broken = Broken {
        ctx: ctx.clone(),
        key,
        waits,
    };
    if let Some(job) = waits {
        settle(ctx, job).await;
    }
    let refused = |error: UploadError| match error {
        UploadError::TooLarge { limit } => too_large(limit),
        UploadError::Store(error) => error.into(),
    };
    let mut upload = ctx.files.upload(key, incoming.limit).await?;
    let mut bytes = pin!(bytes);
    while let Some(chunk) = actix_web::rt::time::timeout(SILENCE, bytes.next())
        .await
        .map_err(|_| ApiError::malformed("nothing more of the file came"))?
    {
        let chunk = chunk.map_err(|error| ApiError::malformed(format!("the file broke off: {error}")))?;
        upload.write(&chunk).await.map_err(refused)?;
    }
    let written = upload.finish().await?;
    enter(ctx, incoming, written).await?;
    Ok(key.file)
}

/// The content is in its place: enters it, tells of it, and removes what it takes the place of.
async fn enter(ctx: &Ctx, incoming: Incoming, written: files::Written) -> Result<(), ApiError> {
    let Incoming {
        file,
        workspace,
        replaces,
        by,
        ..
    } = incoming;
    let (now, name) = (ctx.now(), file.name.clone());
    let entry = by.map(|by| {
        let detail = json!({ "job": file.job, "name": file.name, "size": written.size });
        ctx.audit(&by, "file.upload", Some(workspace), file.id, detail)
    });
    let unit = async move |tx: &mut Tx| -> Result<(Vec<Key>, i64), ApiError> {
        let replaced = if replaces { files::displace(tx, &file).await? } else { vec![] };
        if !files::finish(tx, file.id, &written).await? {
            return Err(ApiError::not_found());
        }
        if let Some(entry) = &entry {
            audit::append(tx, entry).await?;
        }
        // A diff belongs to the attempt, whose end is the news.
        let shown = matches!(file.kind, Kind::Attachment | Kind::Deliverable).then_some(&file.name);
        let payload = json!({ "by": by.and_then(|by| by.user), "act": "added", "file": shown });
        let seq = feed::append(tx, workspace, now, "files.changed", Some(file.job), &payload).await?;
        Ok((replaced, seq))
    };
    let (replaced, _) = ctx
        .commit(unit, move |live, (_, seq)| live.feed_committed(workspace, *seq))
        .await
        .map_err(|error| match error {
            ApiError::Store(StoreError::Unique { .. }) => taken(&name),
            error => error,
        })?;
    ctx.files.delete(&replaced).await;
    Ok(())
}

/// Whether a file of that name is there already, told before its content is sent.
pub async fn check_free(ctx: &Ctx, file: &NewFile) -> Result<(), ApiError> {
    let kind = match file.kind {
        Kind::Attachment => coord_protocol::file::FileKind::Attachment,
        Kind::Deliverable => coord_protocol::file::FileKind::Deliverable,
        Kind::Diff | Kind::DiffSince => return Ok(()),
    };
    match files::is_taken(&mut *ctx.read().await?, file.job, kind, file.attempt, &file.name).await? {
        true => Err(taken(&file.name)),
        false => Ok(()),
    }
}
