//! Notes on jobs (NOTE-1): appended, never changed; a retracted one keeps who and when, not the text.

use crate::{Conn, StoreError, Tx, mentions, row::Row, search};
use coord_protocol::{
    account::Person,
    id::{JobId, NoteId, UserId},
    job::{Mention, Note},
    time::Timestamp,
};
use sqlx::any::AnyRow;

/// The columns [`note`] reads, and where from.
macro_rules! select_notes {
    ($rest:literal) => {
        concat!(
            "SELECT n.id, n.job, n.attempt_number, n.author, a.name AS author_name, n.body, n.created_at, n.retracted_by, \
             r.name AS retracted_by_name, n.retracted_at \
             FROM notes n LEFT JOIN users a ON a.id = n.author LEFT JOIN users r ON r.id = n.retracted_by ",
            $rest
        )
    };
}

fn note(row: &AnyRow) -> Result<Note, StoreError> {
    let row = Row::new("notes", row);
    let retracted_by = row.opt_text("retracted_by_name")?.unwrap_or_default();
    Ok(Note {
        id: row.id("id")?,
        job: row.id("job")?,
        attempt: row.opt_int("attempt_number")?,
        author: Person {
            id: row.id("author")?,
            name: row.opt_text("author_name")?.unwrap_or_default(),
        },
        body: row.opt_text("body")?,
        mentions: vec![],
        created_at: row.time("created_at")?,
        retracted_by: row.opt_id("retracted_by")?.map(|id| Person { id, name: retracted_by }),
        retracted_at: row.opt_time("retracted_at")?,
    })
}

/// Adds a note.
///
/// # Errors
/// [`StoreError::Reference`] when the job does not exist.
pub async fn insert(tx: &mut Tx, note: &Note) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO notes (id, job, attempt_number, author, body, created_at) VALUES ($1, $2, $3, $4, $5, $6)")
        .bind(note.id.to_string())
        .bind(note.job.to_string())
        .bind(note.attempt)
        .bind(note.author.id.to_string())
        .bind(note.body.clone())
        .bind(note.created_at.0)
        .execute(&mut **tx)
        .await?;
    if let Some(body) = &note.body {
        search::put_note(tx, note.job, note.id, body).await?;
    }
    Ok(())
}

/// The notes of a job, oldest first: at most `limit`, those after `after`.
///
/// # Errors
/// When the database fails; likewise for all below.
pub async fn list(conn: &mut Conn, job: JobId, after: Option<NoteId>, limit: i64) -> Result<Vec<Note>, StoreError> {
    let rows = sqlx::query(select_notes!("WHERE n.job = $1 AND n.id > $2 ORDER BY n.id LIMIT $3"))
        .bind(job.to_string())
        .bind(after.map(|id| id.to_string()).unwrap_or_default())
        .bind(limit)
        .fetch_all(&mut *conn)
        .await?;
    let mut notes = rows.iter().map(note).collect::<Result<Vec<_>, _>>()?;
    let mut named = mentions::of_notes(conn, job, None).await?;
    for note in &mut notes {
        with_mentions(note, named.remove(&note.id));
    }
    Ok(notes)
}

/// A retracted note names nobody any more.
fn with_mentions(note: &mut Note, named: Option<Vec<Mention>>) {
    if note.body.is_some() {
        note.mentions = named.unwrap_or_default();
    }
}

/// A note.
pub async fn get(conn: &mut Conn, id: NoteId) -> Result<Option<Note>, StoreError> {
    let row = sqlx::query(select_notes!("WHERE n.id = $1"))
        .bind(id.to_string())
        .fetch_optional(&mut *conn)
        .await?;
    let Some(mut note) = row.as_ref().map(note).transpose()? else {
        return Ok(None);
    };
    let mut named = mentions::of_notes(conn, note.job, Some(id)).await?;
    with_mentions(&mut note, named.remove(&id));
    Ok(Some(note))
}

/// The beginning of a note's text, at most 200 characters; `None` once it is retracted.
pub async fn beginning(conn: &mut Conn, id: NoteId) -> Result<Option<String>, StoreError> {
    let row = sqlx::query("SELECT SUBSTR(body, 1, 200) AS beginning FROM notes WHERE id = $1")
        .bind(id.to_string())
        .fetch_optional(conn)
        .await?;
    row.map_or(Ok(None), |row| Row::new("notes", &row).opt_text("beginning"))
}

/// Takes a note's text away for good; `false` when there is none to take.
pub async fn retract(tx: &mut Tx, id: NoteId, by: UserId, at: Timestamp) -> Result<bool, StoreError> {
    let done = sqlx::query("UPDATE notes SET body = NULL, retracted_by = $2, retracted_at = $3 WHERE id = $1 AND retracted_at IS NULL")
        .bind(id.to_string())
        .bind(by.to_string())
        .bind(at.0)
        .execute(&mut **tx)
        .await?;
    search::forget_note(tx, id).await?;
    Ok(done.rows_affected() > 0)
}
