//! Requests: what agents ask people (AGT-2 to AGT-4).

use crate::{
    Conn, StoreError, Tx,
    row::{Row, to_json},
};
use coord_protocol::{
    account::Person,
    id::{AttemptId, JobId, RequestId, UserId, WorkspaceId},
    request::{Answer, Ask, Request},
    time::Timestamp,
};
use sqlx::any::AnyRow;

/// A request as it is opened.
#[derive(Debug, Clone, PartialEq)]
pub struct NewRequest {
    /// Id chosen by the runner.
    pub id: RequestId,
    /// The job's workspace.
    pub workspace: WorkspaceId,
    /// The attempt's job.
    pub job: JobId,
    /// The attempt.
    pub attempt: AttemptId,
    /// Number of its log entry.
    pub seq: i64,
    /// What is asked.
    pub ask: Ask,
    /// When.
    pub at: Timestamp,
}

/// The columns [`request`] reads, and where from.
macro_rules! select_requests {
    ($rest:literal) => {
        concat!(
            "SELECT r.id, r.workspace, r.job, j.number, j.title, r.attempt, r.seq, r.ask, r.created_at, r.answer, r.answered_by, \
             u.name AS answered_by_name, r.closed_at \
             FROM requests r JOIN jobs j ON j.id = r.job LEFT JOIN users u ON u.id = r.answered_by ",
            $rest
        )
    };
}

pub(crate) fn request(row: &AnyRow) -> Result<Request, StoreError> {
    let row = Row::new("requests", row);
    let name = row.opt_text("answered_by_name")?.unwrap_or_default();
    Ok(Request {
        id: row.id("id")?,
        workspace: row.id("workspace")?,
        job: row.id("job")?,
        job_number: row.int("number")?,
        job_title: row.text("title")?,
        attempt: row.id("attempt")?,
        seq: row.int("seq")?,
        ask: row.json("ask")?,
        created_at: row.time("created_at")?,
        answer: row.opt_json("answer")?,
        answered_by: row.opt_id("answered_by")?.map(|id| Person { id, name }),
        closed_at: row.opt_time("closed_at")?,
    })
}

/// Opens a request; whether its id was free. One that is taken is left as it is.
///
/// # Errors
/// [`StoreError::Reference`] when the attempt does not exist.
pub async fn open(tx: &mut Tx, new: &NewRequest) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "INSERT INTO requests (id, workspace, job, attempt, seq, ask, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7) \
         ON CONFLICT (id) DO NOTHING",
    )
    .bind(new.id.to_string())
    .bind(new.workspace.to_string())
    .bind(new.job.to_string())
    .bind(new.attempt.to_string())
    .bind(new.seq)
    .bind(to_json("requests", &new.ask)?)
    .bind(new.at.0)
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Answers a request: `false` when it is closed already, then nothing changes. The first answer wins (AGT-3).
///
/// # Errors
/// When the database fails; likewise for all below.
pub async fn answer(tx: &mut Tx, id: RequestId, answer: &Answer, by: UserId, at: Timestamp) -> Result<bool, StoreError> {
    let done = sqlx::query("UPDATE requests SET answer = $2, answered_by = $3, closed_at = $4 WHERE id = $1 AND closed_at IS NULL")
        .bind(id.to_string())
        .bind(to_json("requests", answer)?)
        .bind(by.to_string())
        .bind(at.0)
        .execute(&mut **tx)
        .await?;
    Ok(done.rows_affected() > 0)
}

/// The attempt's log shows that the agent has this answer: it is not sent again. Whether that closed the request, which is so when the
/// runner itself answered it.
pub async fn delivered(tx: &mut Tx, attempt: AttemptId, id: RequestId, answer: &Answer, at: Timestamp) -> Result<bool, StoreError> {
    let closed = sqlx::query(
        "UPDATE requests SET answer = $3, closed_at = $4, delivered_at = $4 WHERE id = $1 AND attempt = $2 AND closed_at IS NULL",
    )
    .bind(id.to_string())
    .bind(attempt.to_string())
    .bind(to_json("requests", answer)?)
    .bind(at.0)
    .execute(&mut **tx)
    .await?;
    if closed.rows_affected() > 0 {
        return Ok(true);
    }
    sqlx::query("UPDATE requests SET delivered_at = $3 WHERE id = $1 AND attempt = $2 AND delivered_at IS NULL")
        .bind(id.to_string())
        .bind(attempt.to_string())
        .bind(at.0)
        .execute(&mut **tx)
        .await?;
    Ok(false)
}

/// Withdraws what is still open at the end of an attempt, and returns what that was.
pub async fn close_for_attempt(tx: &mut Tx, attempt: AttemptId, at: Timestamp) -> Result<Vec<RequestId>, StoreError> {
    let rows = sqlx::query("UPDATE requests SET closed_at = $2 WHERE attempt = $1 AND closed_at IS NULL RETURNING id")
        .bind(attempt.to_string())
        .bind(at.0)
        .fetch_all(&mut **tx)
        .await?;
    let mut ids = rows
        .iter()
        .map(|row| Row::new("requests", row).id("id"))
        .collect::<Result<Vec<RequestId>, _>>()?;
    ids.sort_unstable();
    Ok(ids)
}

/// A request.
pub async fn get(conn: &mut Conn, id: RequestId) -> Result<Option<Request>, StoreError> {
    let row = sqlx::query(select_requests!("WHERE r.id = $1"))
        .bind(id.to_string())
        .fetch_optional(conn)
        .await?;
    row.as_ref().map(request).transpose()
}

/// The open requests of a workspace, whoever may see them, oldest first.
pub async fn list_open(conn: &mut Conn, workspace: WorkspaceId) -> Result<Vec<Request>, StoreError> {
    let rows = sqlx::query(select_requests!("WHERE r.workspace = $1 AND r.closed_at IS NULL ORDER BY r.id"))
        .bind(workspace.to_string())
        .fetch_all(conn)
        .await?;
    rows.iter().map(request).collect()
}

/// Requests of a workspace, open ones only or all, whoever may see them: at most `limit`, newest first, those before `before`.
pub async fn list(
    conn: &mut Conn,
    workspace: WorkspaceId,
    open_only: bool,
    before: Option<RequestId>,
    limit: i64,
) -> Result<Vec<Request>, StoreError> {
    let rows = sqlx::query(select_requests!(
        "WHERE r.workspace = $1 AND ($2 = 0 OR r.closed_at IS NULL) AND ($3 = '' OR r.id < $3) ORDER BY r.id DESC LIMIT $4"
    ))
    .bind(workspace.to_string())
    .bind(i64::from(open_only))
    .bind(before.map(|id| id.to_string()).unwrap_or_default())
    .bind(limit)
    .fetch_all(conn)
    .await?;
    rows.iter().map(request).collect()
}

/// The requests of a job, oldest first; open ones only or all.
pub async fn of_job(conn: &mut Conn, job: JobId, open_only: bool) -> Result<Vec<Request>, StoreError> {
    let rows = sqlx::query(select_requests!(
        "WHERE r.job = $1 AND ($2 = 0 OR r.closed_at IS NULL) ORDER BY r.id"
    ))
    .bind(job.to_string())
    .bind(i64::from(open_only))
    .fetch_all(conn)
    .await?;
    rows.iter().map(request).collect()
}

/// The latest requests of a job, at most `limit`, oldest of them first.
pub async fn latest_of_job(conn: &mut Conn, job: JobId, limit: i64) -> Result<Vec<Request>, StoreError> {
    let rows = sqlx::query(select_requests!("WHERE r.job = $1 ORDER BY r.id DESC LIMIT $2"))
        .bind(job.to_string())
        .bind(limit)
        .fetch_all(conn)
        .await?;
    rows.iter().rev().map(request).collect()
}

/// Requests of the attempt that people answered and whose answer the log does not show yet: to be sent again after a break.
pub async fn answered_undelivered(conn: &mut Conn, attempt: AttemptId) -> Result<Vec<Request>, StoreError> {
    let rows = sqlx::query(select_requests!(
        "WHERE r.attempt = $1 AND r.answer IS NOT NULL AND r.delivered_at IS NULL ORDER BY r.closed_at, r.id"
    ))
    .bind(attempt.to_string())
    .fetch_all(conn)
    .await?;
    rows.iter().map(request).collect()
}
