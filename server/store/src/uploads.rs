//! Uploads that come in pieces (FILE-4): their rows. What has come lies in [`crate::files::partial`]; the file that an upload becomes
//! has its id.

use crate::{
    Conn, StoreError, Tx,
    row::{Row, to_word},
};
use coord_protocol::{
    file::FileKind,
    id::{AttemptId, FileId, JobId, UserId},
    time::Timestamp,
};
use sqlx::any::AnyRow;

/// An upload that is not finished.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unfinished {
    /// The upload, and the file it becomes.
    pub id: FileId,
    /// Its job.
    pub job: JobId,
    /// Attempt it belongs to.
    pub attempt: Option<AttemptId>,
    /// What it is to the job.
    pub kind: FileKind,
    /// A plain name, checked.
    pub name: String,
    /// Bytes it will have.
    pub size: i64,
    /// Hexadecimal SHA-256 it must have, where that was told.
    pub sha256: Option<String>,
    /// Who uploads it.
    pub uploaded_by: UserId,
    /// When it was begun.
    pub created_at: Timestamp,
    /// When it is given up.
    pub expires_at: Timestamp,
}

/// The columns [`unfinished`] reads, and where from.
macro_rules! select_uploads {
    ($rest:literal) => {
        concat!(
            "SELECT id, job, attempt, kind, name, size, sha256, uploaded_by, created_at, expires_at FROM uploads ",
            $rest
        )
    };
}

fn unfinished(row: &AnyRow) -> Result<Unfinished, StoreError> {
    let row = Row::new("uploads", row);
    Ok(Unfinished {
        id: row.id("id")?,
        job: row.id("job")?,
        attempt: row.opt_id("attempt")?,
        kind: row.word("kind")?,
        name: row.text("name")?,
        size: row.int("size")?,
        sha256: row.opt_text("sha256")?,
        uploaded_by: row.id("uploaded_by")?,
        created_at: row.time("created_at")?,
        expires_at: row.time("expires_at")?,
    })
}

/// Begins an upload.
///
/// # Errors
/// [`StoreError::Reference`] when the job or the attempt does not exist.
pub async fn insert(tx: &mut Tx, new: &Unfinished) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO uploads (id, job, attempt, kind, name, size, sha256, uploaded_by, created_at, expires_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    )
    .bind(new.id.to_string())
    .bind(new.job.to_string())
    .bind(new.attempt.map(|id| id.to_string()))
    .bind(to_word("uploads", &new.kind)?)
    .bind(new.name.clone())
    .bind(new.size)
    .bind(new.sha256.clone())
    .bind(new.uploaded_by.to_string())
    .bind(new.created_at.0)
    .bind(new.expires_at.0)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// An upload.
///
/// # Errors
/// When the database fails; likewise for all below.
pub async fn get(conn: &mut Conn, id: FileId) -> Result<Option<Unfinished>, StoreError> {
    let row = sqlx::query(select_uploads!("WHERE id = $1"))
        .bind(id.to_string())
        .fetch_optional(conn)
        .await?;
    row.as_ref().map(unfinished).transpose()
}

/// Somebody's uploads to a job, oldest first.
pub async fn of_person(conn: &mut Conn, job: JobId, user: UserId) -> Result<Vec<Unfinished>, StoreError> {
    let rows = sqlx::query(select_uploads!("WHERE job = $1 AND uploaded_by = $2 ORDER BY id"))
        .bind(job.to_string())
        .bind(user.to_string())
        .fetch_all(conn)
        .await?;
    rows.iter().map(unfinished).collect()
}

/// How many uploads somebody has begun and not finished, in all jobs.
pub async fn count(conn: &mut Conn, user: UserId) -> Result<i64, StoreError> {
    let row = sqlx::query("SELECT COUNT(*) AS n FROM uploads WHERE uploaded_by = $1")
        .bind(user.to_string())
        .fetch_one(conn)
        .await?;
    Row::new("uploads", &row).int("n")
}

/// Whether an upload of this name is under way, letters large or small.
pub async fn is_under_way(conn: &mut Conn, job: JobId, kind: FileKind, name: &str) -> Result<bool, StoreError> {
    Ok(
        sqlx::query("SELECT id FROM uploads WHERE job = $1 AND kind = $2 AND LOWER(name) = LOWER($3)")
            .bind(job.to_string())
            .bind(to_word("uploads", &kind)?)
            .bind(name.to_owned())
            .fetch_optional(conn)
            .await?
            .is_some(),
    )
}

/// Puts off the end of an upload that goes on; `false` when there is none.
pub async fn put_off(tx: &mut Tx, id: FileId, expires_at: Timestamp) -> Result<bool, StoreError> {
    let done = sqlx::query("UPDATE uploads SET expires_at = $2 WHERE id = $1")
        .bind(id.to_string())
        .bind(expires_at.0)
        .execute(&mut **tx)
        .await?;
    Ok(done.rows_affected() > 0)
}

/// Removes an upload, finished or given up; `false` when there is none.
pub async fn delete(tx: &mut Tx, id: FileId) -> Result<bool, StoreError> {
    let done = sqlx::query("DELETE FROM uploads WHERE id = $1")
        .bind(id.to_string())
        .execute(&mut **tx)
        .await?;
    Ok(done.rows_affected() > 0)
}

/// Removes the unfinished attachments of a job.
pub async fn delete_attachments(tx: &mut Tx, job: JobId) -> Result<Vec<FileId>, StoreError> {
    let rows = sqlx::query("DELETE FROM uploads WHERE job = $1 AND kind = 'attachment' RETURNING id")
        .bind(job.to_string())
        .fetch_all(&mut **tx)
        .await?;
    rows.iter().map(|row| Row::new("uploads", row).id("id")).collect()
}

/// Removes the uploads that nobody went on with, and tells which they were and of which jobs.
pub async fn delete_expired(tx: &mut Tx, now: Timestamp) -> Result<Vec<(FileId, JobId)>, StoreError> {
    let rows = sqlx::query("DELETE FROM uploads WHERE expires_at <= $1 RETURNING id, job")
        .bind(now.0)
        .fetch_all(&mut **tx)
        .await?;
    rows.iter()
        .map(|row| {
            let row = Row::new("uploads", row);
            Ok((row.id("id")?, row.id("job")?))
        })
        .collect()
}
