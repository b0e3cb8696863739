//! Files of jobs: attachments, deliverables, diffs (FILE-1 to FILE-4). Their rows here, their contents in [`content`].
//!
//! An upload begins with a row in state `uploading`, which nobody is shown but who counts what is pending; the content is written under
//! the row's [`Key`]; then the row becomes `stored`. Whatever breaks in between is taken back by whoever uploads, or at the next start by
//! [`content::FileStore::sweep`]. Uploads that can be taken up again have rows of their own, in [`crate::uploads`].

pub mod content;
pub mod partial;

use crate::{
    Conn, StoreError, Tx,
    row::{Row, to_word},
    search,
};
use coord_protocol::{
    account::Person,
    file::{File, FileKind},
    id::{AttemptId, FileId, JobId, UserId, WorkspaceId},
    time::Timestamp,
};
use serde::{Deserialize, Serialize};
use sqlx::any::AnyRow;
use uuid::Uuid;

/// What a stored file is to its job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Input.
    Attachment,
    /// Result.
    Deliverable,
    /// What the attempt changed since its branch began.
    Diff,
    /// What the attempt changed since the last review.
    DiffSince,
}

impl From<FileKind> for Kind {
    fn from(kind: FileKind) -> Self {
        match kind {
            FileKind::Attachment => Self::Attachment,
            FileKind::Deliverable => Self::Deliverable,
        }
    }
}

/// Where the content of a file lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Key {
    /// Its job or canvas.
    pub of: Uuid,
    /// The file.
    pub file: FileId,
}

/// A file as its upload begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewFile {
    /// The file.
    pub id: FileId,
    /// Its job.
    pub job: JobId,
    /// Attempt it belongs to.
    pub attempt: Option<AttemptId>,
    /// What it is to the job.
    pub kind: Kind,
    /// A plain name, checked.
    pub name: String,
    /// Who uploads it; absent when a runner does.
    pub uploaded_by: Option<UserId>,
    /// When.
    pub at: Timestamp,
}

impl NewFile {
    /// Where its content goes.
    #[must_use]
    pub const fn key(&self) -> Key {
        Key {
            of: self.job.0,
            file: self.id,
        }
    }
}

/// What was written, as counted on the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// Bytes.
    pub size: i64,
    /// Hexadecimal SHA-256.
    pub sha256: String,
}

/// The columns [`file`] reads, and where from. Diffs are no files to those who list them.
macro_rules! select_files {
    ($rest:literal) => {
        concat!(
            "SELECT f.id, f.job, f.attempt, f.kind, f.name, f.size, f.sha256, f.uploaded_by, u.name AS uploaded_by_name, f.created_at \
             FROM files f LEFT JOIN users u ON u.id = f.uploaded_by WHERE f.state = 'stored' AND f.kind IN ('attachment', 'deliverable') ",
            $rest
        )
    };
}

fn file(row: &AnyRow) -> Result<File, StoreError> {
    let row = Row::new("files", row);
    let name = row.opt_text("uploaded_by_name")?.unwrap_or_default();
    Ok(File {
        id: row.id("id")?,
        job: row.id("job")?,
        attempt: row.opt_id("attempt")?,
        kind: row.word("kind")?,
        name: row.text("name")?,
        size: row.int("size")?,
        sha256: row.text("sha256")?,
        uploaded_by: row.opt_id("uploaded_by")?.map(|id| Person { id, name }),
        created_at: row.time("created_at")?,
    })
}

fn key(row: &AnyRow) -> Result<Key, StoreError> {
    let row = Row::new("files", row);
    Ok(Key {
        of: row.id("job")?,
        file: row.id("id")?,
    })
}

/// Begins an upload.
///
/// # Errors
/// [`StoreError::Reference`] when the job or the attempt does not exist.
pub async fn begin(tx: &mut Tx, new: &NewFile) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO files (id, job, attempt, kind, name, size, sha256, state, uploaded_by, created_at) \
         VALUES ($1, $2, $3, $4, $5, 0, '', 'uploading', $6, $7)",
    )
    .bind(new.id.to_string())
    .bind(new.job.to_string())
    .bind(new.attempt.map(|id| id.to_string()))
    .bind(to_word("files", &new.kind)?)
    .bind(new.name.clone())
    .bind(new.uploaded_by.map(|id| id.to_string()))
    .bind(new.at.0)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Ends an upload whose content is in place; `false` when its row is gone, deleted with its job: then the content has to go too.
///
/// # Errors
/// [`StoreError::Unique`] when the job has a file of that name already.
pub async fn finish(tx: &mut Tx, id: FileId, written: &Written) -> Result<bool, StoreError> {
    let row = sqlx::query(
        "UPDATE files SET state = 'stored', size = $2, sha256 = $3 WHERE id = $1 AND state = 'uploading' RETURNING job, kind, name",
    )
    .bind(id.to_string())
    .bind(written.size)
    .bind(written.sha256.clone())
    .fetch_optional(&mut **tx)
    .await?;
    let Some(row) = row else { return Ok(false) };
    let row = Row::new("files", &row);
    let kind = row.word::<Kind>("kind")?;
    if matches!(kind, Kind::Attachment | Kind::Deliverable) {
        search::put_file(tx, row.id("job")?, id, &row.text("name")?).await?;
    }
    if kind == Kind::Attachment {
        sqlx::query("UPDATE jobs SET announced = announced - 1 WHERE id = $1 AND announced > 0")
            .bind(row.text("job")?)
            .execute(&mut **tx)
            .await?;
    }
    Ok(true)
}

/// Removes the stored files that the one about to be finished takes the place of, and returns where their contents lie.
///
/// # Errors
/// When the database fails; likewise for all below.
pub async fn displace(tx: &mut Tx, new: &NewFile) -> Result<Vec<Key>, StoreError> {
    let rows = sqlx::query(
        "DELETE FROM files WHERE job = $1 AND kind = $2 AND name = $3 AND COALESCE(attempt, '') = $4 AND state = 'stored' RETURNING id, job",
    )
    .bind(new.job.to_string())
    .bind(to_word("files", &new.kind)?)
    .bind(new.name.clone())
    .bind(new.attempt.map(|id| id.to_string()).unwrap_or_default())
    .fetch_all(&mut **tx)
    .await?;
    rows.iter().map(key).collect()
}

/// Removes a file, stored or on its way, and returns where its content lies; `None` when there is none.
pub async fn delete(tx: &mut Tx, id: FileId) -> Result<Option<Key>, StoreError> {
    let row = sqlx::query("DELETE FROM files WHERE id = $1 RETURNING id, job")
        .bind(id.to_string())
        .fetch_optional(&mut **tx)
        .await?;
    row.as_ref().map(key).transpose()
}

/// Takes back an upload that broke off, and returns where its content may lie; `None` when it had ended, well or not.
pub async fn abandon(tx: &mut Tx, id: FileId) -> Result<Option<Key>, StoreError> {
    let row = sqlx::query("DELETE FROM files WHERE id = $1 AND state = 'uploading' RETURNING id, job")
        .bind(id.to_string())
        .fetch_optional(&mut **tx)
        .await?;
    row.as_ref().map(key).transpose()
}

/// A stored attachment or deliverable.
pub async fn get(conn: &mut Conn, id: FileId) -> Result<Option<File>, StoreError> {
    let row = sqlx::query(select_files!("AND f.id = $1"))
        .bind(id.to_string())
        .fetch_optional(conn)
        .await?;
    row.as_ref().map(file).transpose()
}

/// The stored files of a job of one kind, oldest first: at most `limit`, those after `after`.
pub async fn list(conn: &mut Conn, job: JobId, kind: FileKind, after: Option<FileId>, limit: i64) -> Result<Vec<File>, StoreError> {
    let rows = sqlx::query(select_files!("AND f.job = $1 AND f.kind = $2 AND f.id > $3 ORDER BY f.id LIMIT $4"))
        .bind(job.to_string())
        .bind(to_word("files", &kind)?)
        .bind(after.map(|id| id.to_string()).unwrap_or_default())
        .bind(limit)
        .fetch_all(conn)
        .await?;
    rows.iter().map(file).collect()
}

/// How many files of a kind a job has, those on their way included.
pub async fn count(conn: &mut Conn, job: JobId, kind: FileKind) -> Result<i64, StoreError> {
    let row = sqlx::query(
        "SELECT (SELECT COUNT(*) FROM files WHERE job = $1 AND kind = $2) + (SELECT COUNT(*) FROM uploads WHERE job = $1 AND kind = $2) AS n",
    )
        .bind(job.to_string())
        .bind(to_word("files", &kind)?)
        .fetch_one(conn)
        .await?;
    Row::new("files", &row).int("n")
}

/// How many attachments a job waits for (FILE-1): those announced with it that have not arrived, or those on their way if they are more.
/// 0 when there is no such job.
pub async fn pending_count(conn: &mut Conn, job: JobId) -> Result<i64, StoreError> {
    let row = sqlx::query(
        "SELECT j.announced, (SELECT COUNT(*) FROM files f WHERE f.job = j.id AND f.kind = 'attachment' AND f.state = 'uploading') \
         + (SELECT COUNT(*) FROM uploads u WHERE u.job = j.id AND u.kind = 'attachment') AS coming \
         FROM jobs j WHERE j.id = $1",
    )
    .bind(job.to_string())
    .fetch_optional(conn)
    .await?;
    row.map_or(Ok(0), |row| {
        let row = Row::new("jobs", &row);
        Ok(row.int("announced")?.max(row.int("coming")?))
    })
}

/// The attachments announced with the job will not come after all; whether any were awaited.
pub async fn forget_announced(tx: &mut Tx, job: JobId) -> Result<bool, StoreError> {
    let done = sqlx::query("UPDATE jobs SET announced = 0 WHERE id = $1 AND announced > 0")
        .bind(job.to_string())
        .execute(&mut **tx)
        .await?;
    Ok(done.rows_affected() > 0)
}

/// Whether the job has a stored file of this kind and name, of this attempt or of none. Names that differ in the case of letters are
/// one file on some runners' systems.
pub async fn is_taken(conn: &mut Conn, job: JobId, kind: FileKind, attempt: Option<AttemptId>, name: &str) -> Result<bool, StoreError> {
    Ok(sqlx::query(
        "SELECT f.id FROM files f WHERE f.job = $1 AND f.kind = $2 AND LOWER(f.name) = LOWER($3) AND COALESCE(f.attempt, '') = $4 AND f.state = 'stored'",
    )
    .bind(job.to_string())
    .bind(to_word("files", &kind)?)
    .bind(name.to_owned())
    .bind(attempt.map(|id| id.to_string()).unwrap_or_default())
    .fetch_optional(conn)
    .await?
    .is_some())
}

/// The deliverable of an attempt with this name.
pub async fn find_deliverable(conn: &mut Conn, attempt: AttemptId, name: &str) -> Result<Option<File>, StoreError> {
    let row = sqlx::query(select_files!("AND f.attempt = $1 AND f.kind = 'deliverable' AND f.name = $2"))
        .bind(attempt.to_string())
        .bind(name.to_owned())
        .fetch_optional(conn)
        .await?;
    row.as_ref().map(file).transpose()
}

/// Where the diff of an attempt lies, and its size in bytes; `kind` is one of the diffs.
pub async fn find_diff(conn: &mut Conn, attempt: AttemptId, kind: Kind) -> Result<Option<(Key, i64)>, StoreError> {
    let row = sqlx::query("SELECT id, job, size FROM files WHERE attempt = $1 AND kind = $2 AND state = 'stored' ORDER BY id DESC LIMIT 1")
        .bind(attempt.to_string())
        .bind(to_word("files", &kind)?)
        .fetch_optional(conn)
        .await?;
    row.map(|row| Ok((key(&row)?, Row::new("files", &row).int("size")?))).transpose()
}

/// Where the contents of everything a job has lie, diffs and uploads on their way included.
pub async fn keys_of_job(conn: &mut Conn, job: JobId) -> Result<Vec<Key>, StoreError> {
    let rows = sqlx::query("SELECT id, job FROM files WHERE job = $1 ORDER BY id")
        .bind(job.to_string())
        .fetch_all(conn)
        .await?;
    rows.iter().map(key).collect()
}

/// Where the contents of everything in a workspace lie.
pub async fn keys_of_workspace(conn: &mut Conn, workspace: WorkspaceId) -> Result<Vec<Key>, StoreError> {
    let rows = sqlx::query(
        "SELECT f.id, f.job FROM files f JOIN jobs j ON j.id = f.job WHERE j.workspace = $1 \
         UNION ALL SELECT i.id, i.canvas AS job FROM canvas_images i JOIN canvases c ON c.id = i.canvas WHERE c.workspace = $1",
    )
    .bind(workspace.to_string())
    .fetch_all(conn)
    .await?;
    rows.iter().map(key).collect()
}

/// Removes the rows of uploads that began before `before` and never ended: at a start, when none can be under way. Returns the jobs that
/// waited for one of them.
pub async fn forget_broken(tx: &mut Tx, before: Timestamp) -> Result<Vec<JobId>, StoreError> {
    let rows = sqlx::query("DELETE FROM files WHERE state = 'uploading' AND created_at < $1 RETURNING job, kind")
        .bind(before.0)
        .fetch_all(&mut **tx)
        .await?;
    let mut jobs = Vec::new();
    for row in &rows {
        let row = Row::new("files", row);
        if row.text("kind")? == "attachment" {
            jobs.push(row.id("job")?);
        }
    }
    jobs.sort_unstable();
    jobs.dedup();
    Ok(jobs)
}

async fn exists(conn: &mut Conn, key: Key) -> Result<bool, StoreError> {
    Ok(
        sqlx::query("SELECT id FROM files WHERE id = $1 AND job = $2 UNION ALL SELECT id FROM canvas_images WHERE id = $1 AND canvas = $2")
            .bind(key.file.to_string())
            .bind(key.of.to_string())
            .fetch_optional(conn)
            .await?
            .is_some(),
    )
}
