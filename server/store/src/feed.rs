//! The workspace's feed: every committed change, numbered without gaps (INV-4).

use crate::{Conn, StoreError, Tx, row::Row};
use coord_protocol::{
    id::{JobId, WorkspaceId},
    time::Timestamp,
};
use serde_json::Value;

/// Appends an event in the same transaction as the change it tells of, and returns its number.
/// `payload` holds ids, not resources: those are rendered for each receiver when they are sent (INV-7).
///
/// # Errors
/// [`StoreError::Reference`] when the workspace does not exist.
pub async fn append(
    tx: &mut Tx,
    workspace: WorkspaceId,
    at: Timestamp,
    kind: &str,
    job: Option<JobId>,
    payload: &Value,
) -> Result<i64, StoreError> {
    let row = sqlx::query("UPDATE workspaces SET feed_seq = feed_seq + 1 WHERE id = $1 RETURNING feed_seq")
        .bind(workspace.to_string())
        .fetch_optional(&mut **tx)
        .await?
        .ok_or(StoreError::Reference)?;
    let seq = Row::new("workspaces", &row).int("feed_seq")?;
    sqlx::query("INSERT INTO feed (workspace, seq, at, type, job, payload) VALUES ($1, $2, $3, $4, $5, $6)")
        .bind(workspace.to_string())
        .bind(seq)
        .bind(at.0)
        .bind(kind.to_owned())
        .bind(job.map(|job| job.to_string()))
        .bind(payload.to_string())
        .execute(&mut **tx)
        .await?;
    Ok(seq)
}

/// Events kept per workspace at least, when older ones are pruned. Who missed more loads afresh.
pub const KEPT: i64 = 100_000;

/// An event as it is stored: what happened and to what, not how it looks to whom.
#[derive(Debug, Clone, PartialEq)]
pub struct FeedRow {
    /// Position in the workspace's feed.
    pub seq: i64,
    /// When.
    pub at: Timestamp,
    /// What happened, such as `job.changed`.
    pub kind: String,
    /// The job it is about.
    pub job: Option<JobId>,
    /// Ids and the like.
    pub payload: Value,
}

fn feed_row(row: &sqlx::any::AnyRow) -> Result<FeedRow, StoreError> {
    let row = Row::new("feed", row);
    Ok(FeedRow {
        seq: row.int("seq")?,
        at: row.time("at")?,
        kind: row.text("type")?,
        job: row.opt_id("job")?,
        payload: row.json("payload")?,
    })
}

/// At most `limit` events after position `after`, in order.
///
/// # Errors
/// When the database fails; likewise for all below.
pub async fn read(conn: &mut Conn, workspace: WorkspaceId, after: i64, limit: i64) -> Result<Vec<FeedRow>, StoreError> {
    let rows = sqlx::query("SELECT seq, at, type, job, payload FROM feed WHERE workspace = $1 AND seq > $2 ORDER BY seq LIMIT $3")
        .bind(workspace.to_string())
        .bind(after)
        .bind(limit)
        .fetch_all(conn)
        .await?;
    rows.iter().map(feed_row).collect()
}

/// At most `limit` events before position `before`, newest first.
pub async fn read_back(conn: &mut Conn, workspace: WorkspaceId, before: i64, limit: i64) -> Result<Vec<FeedRow>, StoreError> {
    let rows = sqlx::query("SELECT seq, at, type, job, payload FROM feed WHERE workspace = $1 AND seq < $2 ORDER BY seq DESC LIMIT $3")
        .bind(workspace.to_string())
        .bind(before)
        .bind(limit)
        .fetch_all(conn)
        .await?;
    rows.iter().map(feed_row).collect()
}

/// Position of the newest event; 0 before the first, and when there is no such workspace.
pub async fn head(conn: &mut Conn, workspace: WorkspaceId) -> Result<i64, StoreError> {
    let row = sqlx::query("SELECT feed_seq FROM workspaces WHERE id = $1")
        .bind(workspace.to_string())
        .fetch_optional(conn)
        .await?;
    row.map_or(Ok(0), |row| Row::new("workspaces", &row).int("feed_seq"))
}

/// Position of the oldest event that is kept; `None` when none is. Who has seen up to `oldest - 1` or later has missed nothing.
pub async fn oldest(conn: &mut Conn, workspace: WorkspaceId) -> Result<Option<i64>, StoreError> {
    let row = sqlx::query("SELECT MIN(seq) AS oldest FROM feed WHERE workspace = $1")
        .bind(workspace.to_string())
        .fetch_one(conn)
        .await?;
    Row::new("feed", &row).opt_int("oldest")
}

/// Removes all but the newest `keep` events of a workspace, and returns how many.
pub async fn prune(tx: &mut Tx, workspace: WorkspaceId, keep: i64) -> Result<u64, StoreError> {
    let done = sqlx::query("DELETE FROM feed WHERE workspace = $1 AND seq <= (SELECT feed_seq FROM workspaces WHERE id = $1) - $2")
        .bind(workspace.to_string())
        .bind(keep)
        .execute(&mut **tx)
        .await?;
    Ok(done.rows_affected())
}
