//! The workspace's feed: every committed change, numbered without gaps (INV-4).

use crate::{Conn, StoreError, Tx, row::Row};
use coord_protocol::{
    feed::ActivityKind,
    id::{JobId, UserId, WorkspaceId},
    time::Timestamp,
};
use serde_json::Value;

/// The number of a kind of news in its column; 0 stands for what is no news in Activity.
const fn number(kind: ActivityKind) -> i64 {
    match kind {
        ActivityKind::Jobs => 1,
        ActivityKind::Moves => 2,
        ActivityKind::Requests => 3,
        ActivityKind::Notes => 4,
        ActivityKind::Files => 5,
        ActivityKind::Dependencies => 6,
        ActivityKind::Members => 7,
        ActivityKind::Canvases => 8,
        ActivityKind::Workspace => 9,
    }
}

/// What kind of news an event is. A job's change that is neither a move nor anybody's doing is none, nor is the coming and going of runners.
#[must_use]
pub fn news(kind: &str, payload: &Value) -> Option<ActivityKind> {
    let has = |name: &str| payload.get(name).is_some_and(|value| !value.is_null());
    match kind {
        "job.changed" if has("to") => Some(ActivityKind::Moves),
        "job.changed" if has("dependency") => Some(ActivityKind::Dependencies),
        "job.changed" if has("by") => Some(ActivityKind::Jobs),
        "job.created" | "job.deleted" => Some(ActivityKind::Jobs),
        "request.opened" | "request.answered" => Some(ActivityKind::Requests),
        "note.added" | "note.retracted" => Some(ActivityKind::Notes),
        "files.changed" if has("file") => Some(ActivityKind::Files),
        "member.changed" => Some(ActivityKind::Members),
        "canvas.changed" | "canvas.deleted" => Some(ActivityKind::Canvases),
        "workspace.changed" => Some(ActivityKind::Workspace),
        _ => None,
    }
}

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
    sqlx::query("INSERT INTO feed (workspace, seq, at, type, job, payload, actor, news) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)")
        .bind(workspace.to_string())
        .bind(seq)
        .bind(at.0)
        .bind(kind.to_owned())
        .bind(job.map(|job| job.to_string()))
        .bind(payload.to_string())
        .bind(payload.get("by").and_then(Value::as_str).map(str::to_owned))
        .bind(news(kind, payload).map_or(0, number))
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

/// Which news. Absent parts do not narrow.
#[derive(Debug, Clone, Copy, Default)]
pub struct NewsFilter {
    /// Done by this person.
    pub by: Option<UserId>,
    /// Of this kind.
    pub kind: Option<ActivityKind>,
    /// About this job.
    pub job: Option<JobId>,
    /// Not before this time.
    pub from: Option<Timestamp>,
    /// Before this time.
    pub to: Option<Timestamp>,
}

macro_rules! select_news {
    ($narrow:literal) => {
        concat!(
            "SELECT seq, at, type, job, payload FROM feed WHERE workspace = $1 AND seq < $2 AND news > 0 ",
            $narrow,
            " AND ($4 = '' OR job = $4) AND ($5 = '' OR actor = $5) AND ($6 = 0 OR news = $6) AND at >= $7 AND at < $8 \
             AND seq >= $9 ORDER BY seq DESC LIMIT $3"
        )
    };
}

/// At most `limit` pieces of news before position `before`, newest first.
pub async fn read_news(
    conn: &mut Conn,
    workspace: WorkspaceId,
    filter: NewsFilter,
    before: i64,
    limit: i64,
) -> Result<Vec<FeedRow>, StoreError> {
    // One statement per narrowest part, so that each uses its index.
    let sql = match filter {
        NewsFilter { job: Some(_), .. } => select_news!("AND job = $4"),
        NewsFilter { by: Some(_), .. } => select_news!("AND actor = $5"),
        NewsFilter { kind: Some(_), .. } => select_news!("AND news = $6"),
        _ => select_news!(""),
    };
    // What is earlier or later than the period need not be looked through.
    let first = match filter.from {
        Some(from) => first_since(conn, workspace, from.0.saturating_sub(DISORDER))
            .await?
            .unwrap_or(i64::MAX),
        None => 0,
    };
    let end = match filter.to {
        Some(to) => first_since(conn, workspace, to.0.saturating_add(DISORDER))
            .await?
            .unwrap_or(i64::MAX),
        None => i64::MAX,
    };
    let rows = sqlx::query(sql)
        .bind(workspace.to_string())
        .bind(before.min(end))
        .bind(limit)
        .bind(filter.job.map(|id| id.to_string()).unwrap_or_default())
        .bind(filter.by.map(|id| id.to_string()).unwrap_or_default())
        .bind(filter.kind.map_or(0, number))
        .bind(filter.from.map_or(i64::MIN, |at| at.0))
        .bind(filter.to.map_or(i64::MAX, |at| at.0))
        .bind(first)
        .fetch_all(conn)
        .await?;
    rows.iter().map(feed_row).collect()
}

/// How far commits may be out of the order of their times, in microseconds.
const DISORDER: i64 = 60_000_000;

/// The position of the first news from `at` on, in the order of times.
async fn first_since(conn: &mut Conn, workspace: WorkspaceId, at: i64) -> Result<Option<i64>, StoreError> {
    let row = sqlx::query("SELECT seq FROM feed WHERE workspace = $1 AND news > 0 AND at >= $2 ORDER BY at, seq LIMIT 1")
        .bind(workspace.to_string())
        .bind(at)
        .fetch_optional(conn)
        .await?;
    row.map(|row| Row::new("feed", &row).int("seq")).transpose()
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
