//! What can be found by its words: jobs, names of files, notes, and pieces of logs.
//!
//! Stored are words and where they are from; texts are read from where they belong when something is found. Jobs, files and notes are
//! put in with the change that makes them, logs by [`log`] afterwards. Rows go with what they are of, by their foreign keys.
//! SQLite keeps the words in FTS5 tables, PostgreSQL in `tsvector` columns: [`engine`] is the only place that knows.

pub mod log;

mod engine;
mod find;

pub use find::{Find, Found, Source, Tier, find};

use crate::{Conn, StoreError, Tx, row::Row};
use coord_domain::{job::Job, search};
use coord_protocol::id::{FileId, JobId, NoteId, WorkspaceId};
use sqlx::any::AnyRow;
use std::collections::BTreeSet;

/// Whether the stored job has this text.
pub(crate) async fn is_same(tx: &mut Tx, job: JobId, text: &str) -> Result<bool, StoreError> {
    let same = sqlx::query("SELECT id FROM jobs WHERE id = $1 AND search = $2")
        .bind(job.to_string())
        .bind(text.to_owned())
        .fetch_optional(&mut **tx)
        .await?;
    Ok(same.is_some())
}

/// What a job says, in place of what it said before.
pub(crate) async fn put_job(tx: &mut Tx, job: &Job) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM search_docs WHERE job = $1 AND kind = 'job'")
        .bind(job.id.to_string())
        .execute(&mut **tx)
        .await?;
    engine::put(tx, job.workspace, job.id, Source::Job, &words_of(job)).await
}

/// All it says, and the words of its title once more, marked, since they count more.
fn words_of(job: &Job) -> BTreeSet<String> {
    let title = search::index(&job.title);
    let mut words = search::index(&job.description);
    words.extend(title.iter().map(|word| engine::in_title(word)));
    words.extend(title);
    words
}

/// A note.
pub(crate) async fn put_note(tx: &mut Tx, job: JobId, note: NoteId, text: &str) -> Result<(), StoreError> {
    let workspace = workspace_of(tx, job).await?;
    engine::put(tx, workspace, job, Source::Note(note), &search::index(text)).await
}

/// A note's text is gone.
pub(crate) async fn forget_note(tx: &mut Tx, note: NoteId) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM search_docs WHERE note = $1")
        .bind(note.to_string())
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// A file's name.
pub(crate) async fn put_file(tx: &mut Tx, job: JobId, file: FileId, name: &str) -> Result<(), StoreError> {
    let workspace = workspace_of(tx, job).await?;
    engine::put(tx, workspace, job, Source::File(file), &search::index(name)).await
}

async fn workspace_of(tx: &mut Tx, job: JobId) -> Result<WorkspaceId, StoreError> {
    let row = sqlx::query("SELECT workspace FROM jobs WHERE id = $1")
        .bind(job.to_string())
        .fetch_optional(&mut **tx)
        .await?
        .ok_or(StoreError::Reference)?;
    Row::new("jobs", &row).id("workspace")
}

/// What was stored before there was a search, and cannot be found yet.
#[derive(Debug, Clone)]
pub struct Missing {
    workspace: WorkspaceId,
    job: JobId,
    source: Source,
    words: BTreeSet<String>,
}

/// At most `limit` jobs, notes and files of a former version that cannot be found yet, of each.
///
/// # Errors
/// When the database fails.
pub async fn missing(conn: &mut Conn, limit: i64) -> Result<Vec<Missing>, StoreError> {
    let mut missing = Vec::new();
    let one = |row: &AnyRow| -> Result<(WorkspaceId, JobId, String), StoreError> {
        let row = Row::new("jobs", row);
        Ok((row.id("workspace")?, row.id("job")?, row.text("words")?))
    };
    for row in sqlx::query(
        "SELECT j.workspace, j.id AS job, '' AS words, j.body FROM jobs j \
         WHERE NOT EXISTS (SELECT 1 FROM search_docs d WHERE d.job = j.id AND d.kind = 'job') LIMIT $1",
    )
    .bind(limit)
    .fetch_all(&mut *conn)
    .await?
    {
        let (workspace, job, _) = one(&row)?;
        let words = words_of(&Row::new("jobs", &row).json("body")?);
        let source = Source::Job;
        missing.push(Missing {
            workspace,
            job,
            source,
            words,
        });
    }
    for row in sqlx::query(
        "SELECT j.workspace, n.job, n.body AS words, n.id FROM notes n JOIN jobs j ON j.id = n.job WHERE n.body IS NOT NULL \
         AND NOT EXISTS (SELECT 1 FROM search_docs d WHERE d.note = n.id) LIMIT $1",
    )
    .bind(limit)
    .fetch_all(&mut *conn)
    .await?
    {
        let (workspace, job, text) = one(&row)?;
        let source = Source::Note(Row::new("notes", &row).id("id")?);
        let words = search::index(&text);
        missing.push(Missing {
            workspace,
            job,
            source,
            words,
        });
    }
    for row in sqlx::query(
        "SELECT j.workspace, f.job, f.name AS words, f.id FROM files f JOIN jobs j ON j.id = f.job \
         WHERE f.state = 'stored' AND f.kind IN ('attachment', 'deliverable') \
         AND NOT EXISTS (SELECT 1 FROM search_docs d WHERE d.file = f.id) LIMIT $1",
    )
    .bind(limit)
    .fetch_all(conn)
    .await?
    {
        let (workspace, job, text) = one(&row)?;
        let source = Source::File(Row::new("files", &row).id("id")?);
        let words = search::index(&text);
        missing.push(Missing {
            workspace,
            job,
            source,
            words,
        });
    }
    Ok(missing)
}

/// Puts in what was missing, as far as it is still there and still missing.
///
/// # Errors
/// When the database fails.
pub async fn put_missing(tx: &mut Tx, missing: &[Missing]) -> Result<(), StoreError> {
    for one in missing {
        let still = match one.source {
            Source::Job => sqlx::query(
                "SELECT j.id FROM jobs j WHERE j.id = $1 AND NOT EXISTS (SELECT 1 FROM search_docs d WHERE d.job = j.id AND d.kind = 'job')",
            )
            .bind(one.job.to_string()),
            Source::Note(note) => sqlx::query(
                "SELECT n.id FROM notes n WHERE n.id = $1 AND n.body IS NOT NULL \
                 AND NOT EXISTS (SELECT 1 FROM search_docs d WHERE d.note = n.id)",
            )
            .bind(note.to_string()),
            Source::File(file) => sqlx::query(
                "SELECT f.id FROM files f WHERE f.id = $1 AND NOT EXISTS (SELECT 1 FROM search_docs d WHERE d.file = f.id)",
            )
            .bind(file.to_string()),
            Source::Log { .. } => continue,
        };
        if still.fetch_optional(&mut **tx).await?.is_none() {
            continue;
        }
        engine::put(tx, one.workspace, one.job, one.source, &one.words).await?;
    }
    Ok(())
}
