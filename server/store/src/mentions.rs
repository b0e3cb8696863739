//! Who is named in notes and reviews (NOTE-2).

use crate::{Conn, StoreError, Tx, row::Row};
use coord_domain::{
    job::{Job, Review},
    mention::Candidate,
};
use coord_protocol::{
    account::Person,
    id::{AttemptId, JobId, MentionId, NoteId, UserId, WorkspaceId},
    job::Mention,
    time::Timestamp,
};
use serde::Deserialize;
use std::collections::HashMap;

/// Where somebody is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// In a note.
    Note(NoteId),
    /// In the review of an attempt.
    Review(AttemptId),
}

/// A mention as the one who is named reads it.
#[derive(Debug, Clone, PartialEq)]
pub struct Mentioned {
    /// The mention.
    pub id: MentionId,
    /// The job's workspace.
    pub workspace: WorkspaceId,
    /// The job.
    pub job: JobId,
    /// Its number.
    pub number: i64,
    /// Its title.
    pub title: String,
    /// Who wrote it.
    pub by: Person,
    /// The note, when it is in one.
    pub note: Option<NoteId>,
    /// Number of the attempt, when it is in a review.
    pub attempt: Option<i64>,
    /// The words.
    pub text: String,
    /// When it was written.
    pub at: Timestamp,
    /// When it was read.
    pub read_at: Option<Timestamp>,
}

/// Everybody who may be named in a workspace.
///
/// # Errors
/// When the database fails; likewise for all below.
pub async fn candidates(conn: &mut Conn, workspace: WorkspaceId) -> Result<Vec<Candidate>, StoreError> {
    let rows = sqlx::query(
        "SELECT m.user_id, u.name, m.role FROM members m JOIN users u ON u.id = m.user_id WHERE m.workspace = $1 ORDER BY m.user_id",
    )
    .bind(workspace.to_string())
    .fetch_all(conn)
    .await?;
    rows.iter()
        .map(|row| {
            let row = Row::new("members", row);
            Ok(Candidate {
                user: row.id("user_id")?,
                name: row.text("name")?,
                role: row.word("role")?,
            })
        })
        .collect()
}

/// Writes down whom a text names, under these ids.
///
/// # Errors
/// [`StoreError::Reference`] when a person, the note or the attempt does not exist.
pub async fn insert(
    tx: &mut Tx,
    job: &Job,
    place: Place,
    by: UserId,
    at: Timestamp,
    mentions: impl IntoIterator<Item = (&MentionId, &Mention)>,
) -> Result<(), StoreError> {
    let (note, attempt) = match place {
        Place::Note(note) => (Some(note.to_string()), None),
        Place::Review(attempt) => (None, Some(attempt.to_string())),
    };
    for (id, mention) in mentions {
        sqlx::query(
            "INSERT INTO mentions (id, job, user_id, by_user, note, attempt, name, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        )
        .bind(id.to_string())
        .bind(job.id.to_string())
        .bind(mention.user.to_string())
        .bind(by.to_string())
        .bind(note.clone())
        .bind(attempt.clone())
        .bind(mention.name.clone())
        .bind(at.0)
        .execute(&mut **tx)
        .await?;
    }
    Ok(())
}

/// Whom the notes of a job name, those of one note when it is given.
///
/// # Errors
/// When the database fails; likewise for all below.
pub async fn of_notes(conn: &mut Conn, job: JobId, note: Option<NoteId>) -> Result<HashMap<NoteId, Vec<Mention>>, StoreError> {
    let rows =
        sqlx::query("SELECT note, user_id, name FROM mentions WHERE job = $1 AND note IS NOT NULL AND ($2 = '' OR note = $2) ORDER BY id")
            .bind(job.to_string())
            .bind(note.map(|id| id.to_string()).unwrap_or_default())
            .fetch_all(conn)
            .await?;
    let mut mentions: HashMap<_, Vec<_>> = HashMap::new();
    for row in &rows {
        let row = Row::new("mentions", row);
        mentions.entry(row.id("note")?).or_default().push(Mention {
            user: row.id("user_id")?,
            name: row.text("name")?,
        });
    }
    Ok(mentions)
}

/// A job that a member sees: the same as `rights::may` with `Act::See`, which the tests of lists prove for its like in `jobs/list.rs`.
macro_rules! select_mentions {
    () => {
        "SELECT n.id, j.workspace, n.job, j.number, j.title, n.by_user, b.name AS by_name, n.note, t.body AS note_body, \
         a.number AS attempt, a.body AS attempt_body, n.created_at, n.read_at \
         FROM mentions n JOIN jobs j ON j.id = n.job JOIN members m ON m.workspace = j.workspace AND m.user_id = n.user_id \
         LEFT JOIN users b ON b.id = n.by_user LEFT JOIN notes t ON t.id = n.note LEFT JOIN attempts a ON a.id = n.attempt \
         WHERE n.user_id = $1 AND ($2 = '' OR j.workspace = $2) AND (n.note IS NULL OR t.retracted_at IS NULL) \
         AND (j.private = 0 OR m.role IN ('owner', 'admin') OR (m.role = 'member' AND (j.owner = $1 OR j.creator = $1)) \
              OR EXISTS (SELECT 1 FROM job_team w WHERE w.job = j.id AND w.user_id = $1))"
    };
}

/// Mentions of somebody in jobs that they may see now, of one workspace or of all they are in: at most `limit`, newest first. Those of
/// retracted notes are left out: there is nothing to read.
pub async fn of_user(
    conn: &mut Conn,
    user: UserId,
    workspace: Option<WorkspaceId>,
    read: bool,
    limit: i64,
) -> Result<Vec<Mentioned>, StoreError> {
    // One statement per case, so that each uses its index.
    let unread = concat!(select_mentions!(), " AND n.read_at IS NULL ORDER BY n.id DESC LIMIT $3");
    let all = concat!(select_mentions!(), " AND n.read_at IS NOT NULL ORDER BY n.id DESC LIMIT $3");
    let rows = sqlx::query(if read { all } else { unread })
        .bind(user.to_string())
        .bind(workspace.map(|id| id.to_string()).unwrap_or_default())
        .bind(limit)
        .fetch_all(conn)
        .await?;
    rows.iter().map(mentioned).collect()
}

/// Of an attempt's body, the review alone.
#[derive(Deserialize)]
struct Reviewed {
    review: Option<Review>,
}

fn mentioned(row: &sqlx::any::AnyRow) -> Result<Mentioned, StoreError> {
    let row = Row::new("mentions", row);
    let text = match row.opt_json::<Reviewed>("attempt_body")? {
        Some(reviewed) => reviewed.review.map(|review| review.body),
        None => row.opt_text("note_body")?,
    };
    Ok(Mentioned {
        id: row.id("id")?,
        workspace: row.id("workspace")?,
        job: row.id("job")?,
        number: row.int("number")?,
        title: row.text("title")?,
        by: Person {
            id: row.id("by_user")?,
            name: row.opt_text("by_name")?.unwrap_or_default(),
        },
        note: row.opt_id("note")?,
        attempt: row.opt_int("attempt")?,
        text: text.unwrap_or_default(),
        at: row.time("created_at")?,
        read_at: row.opt_time("read_at")?,
    })
}

/// Says that somebody read a mention of them, or has not; whether there is one.
pub async fn set_read(tx: &mut Tx, id: MentionId, user: UserId, at: Option<Timestamp>) -> Result<bool, StoreError> {
    let done = sqlx::query("UPDATE mentions SET read_at = $3 WHERE id = $1 AND user_id = $2")
        .bind(id.to_string())
        .bind(user.to_string())
        .bind(at.map(|at| at.0))
        .execute(&mut **tx)
        .await?;
    Ok(done.rows_affected() > 0)
}

/// The job of a mention of somebody.
pub async fn job_of(conn: &mut Conn, id: MentionId, user: UserId) -> Result<Option<JobId>, StoreError> {
    let row = sqlx::query("SELECT job FROM mentions WHERE id = $1 AND user_id = $2")
        .bind(id.to_string())
        .bind(user.to_string())
        .fetch_optional(conn)
        .await?;
    row.map(|row| Row::new("mentions", &row).id("job")).transpose()
}
