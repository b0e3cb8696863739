//! The append-only record of security-relevant acts (ACC-6).

use crate::{Conn, StoreError, Tx, row::Row};
use coord_protocol::{
    audit::{ACTS, Via},
    id::{UserId, WorkspaceId},
    time::Timestamp,
};
use serde_json::{Value, json};

/// One act.
#[derive(Debug, Clone)]
pub struct Entry {
    /// A new UUIDv7 in text form.
    pub id: String,
    /// When.
    pub at: Timestamp,
    /// Where, if in a workspace.
    pub workspace: Option<WorkspaceId>,
    /// Who; absent for acts of nobody signed in.
    pub actor: Option<UserId>,
    /// Through what, when not in person.
    pub via: Option<Via>,
    /// What, such as `member.role`: one of [`ACTS`].
    pub act: &'static str,
    /// On what: an id or an address.
    pub target: String,
    /// More, without secrets. `before` and `after` hold what changed.
    pub detail: Value,
    /// Network address of the caller.
    pub address: Option<String>,
}

impl Entry {
    /// The entry with what changed, as it was and as it is since.
    #[must_use]
    pub fn changed(&self, before: Value, after: Value) -> Self {
        let mut entry = self.clone();
        if !entry.detail.is_object() {
            entry.detail = json!({});
        }
        entry.detail["before"] = before;
        entry.detail["after"] = after;
        entry
    }
}

/// Appends an entry in the same transaction as the act.
///
/// # Errors
/// When the database fails.
pub async fn append(tx: &mut Tx, entry: &Entry) -> Result<(), StoreError> {
    debug_assert!(
        ACTS.contains(&entry.act),
        "{} is not listed in coord_protocol::audit::ACTS",
        entry.act
    );
    let via = entry.via.as_ref().map(|via| crate::row::to_json("audit", via)).transpose()?;
    sqlx::query(
        "INSERT INTO audit (id, at, workspace, actor, act, target, detail, address, via) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(entry.id.clone())
    .bind(entry.at.0)
    .bind(entry.workspace.map(|id| id.to_string()))
    .bind(entry.actor.map(|id| id.to_string()))
    .bind(entry.act.to_owned())
    .bind(entry.target.clone())
    .bind(entry.detail.to_string())
    .bind(entry.address.clone())
    .bind(via)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// A line as it was written.
#[derive(Debug, Clone)]
pub struct Line {
    /// The line.
    pub id: String,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: Option<UserId>,
    /// Through what.
    pub via: Option<Via>,
    /// What.
    pub act: String,
    /// On what.
    pub target: String,
    /// More.
    pub detail: Value,
    /// From where.
    pub address: Option<String>,
}

fn line(row: &Row<'_>) -> Result<Line, StoreError> {
    Ok(Line {
        id: row.text("id")?,
        at: row.time("at")?,
        actor: row.opt_id("actor")?,
        via: row.opt_json("via")?,
        act: row.text("act")?,
        target: row.text("target")?,
        detail: row.json("detail")?,
        address: row.opt_text("address")?,
    })
}

/// Which lines of a workspace. Parts left out do not narrow.
#[derive(Debug, Clone)]
pub struct Filter {
    /// Of which workspace.
    pub workspace: WorkspaceId,
    /// What this person did.
    pub actor: Option<UserId>,
    /// An act, or the beginning of several, such as `member.`; empty for all.
    pub act: String,
    /// Not before.
    pub from: Option<Timestamp>,
    /// Before.
    pub to: Option<Timestamp>,
}

/// Lines of a workspace, newest first: at most `limit`, those before the line `before`.
///
/// # Errors
/// When the database fails; likewise for all below.
pub async fn list(conn: &mut Conn, filter: &Filter, before: Option<&str>, limit: i64) -> Result<Vec<Line>, StoreError> {
    // An id sorts before the tilde.
    let rows = sqlx::query(
        "SELECT id, at, actor, via, act, target, detail, address FROM audit WHERE workspace = $1 AND id < $2 \
         AND ($3 = '' OR actor = $3) AND substr(act, 1, length($4)) = $4 AND at >= $5 AND at < $6 ORDER BY id DESC LIMIT $7",
    )
    .bind(filter.workspace.to_string())
    .bind(before.unwrap_or("~").to_owned())
    .bind(filter.actor.map(|id| id.to_string()).unwrap_or_default())
    .bind(filter.act.clone())
    .bind(filter.from.map_or(i64::MIN, |at| at.0))
    .bind(filter.to.map_or(i64::MAX, |at| at.0))
    .bind(limit)
    .fetch_all(conn)
    .await?;
    rows.iter().map(|row| line(&Row::new("audit", row))).collect()
}

/// Lines of a workspace, oldest first: at most `limit`, those after the line `after`.
pub async fn read_on(conn: &mut Conn, filter: &Filter, after: &str, limit: i64) -> Result<Vec<Line>, StoreError> {
    let rows = sqlx::query(
        "SELECT id, at, actor, via, act, target, detail, address FROM audit WHERE workspace = $1 AND id > $2 \
         AND ($3 = '' OR actor = $3) AND substr(act, 1, length($4)) = $4 AND at >= $5 AND at < $6 ORDER BY id LIMIT $7",
    )
    .bind(filter.workspace.to_string())
    .bind(after.to_owned())
    .bind(filter.actor.map(|id| id.to_string()).unwrap_or_default())
    .bind(filter.act.clone())
    .bind(filter.from.map_or(i64::MIN, |at| at.0))
    .bind(filter.to.map_or(i64::MAX, |at| at.0))
    .bind(limit)
    .fetch_all(conn)
    .await?;
    rows.iter().map(|row| line(&Row::new("audit", row))).collect()
}

/// What an account did or had done to it outside of any workspace, newest first: at most `limit`, those before the line `before`.
pub async fn of_account(conn: &mut Conn, user: UserId, before: Option<&str>, limit: i64) -> Result<Vec<Line>, StoreError> {
    let rows = sqlx::query(
        "SELECT id, at, actor, via, act, target, detail, address FROM audit \
         WHERE workspace IS NULL AND (actor = $1 OR target = $1) AND id < $2 ORDER BY id DESC LIMIT $3",
    )
    .bind(user.to_string())
    .bind(before.unwrap_or("~").to_owned())
    .bind(limit)
    .fetch_all(conn)
    .await?;
    rows.iter().map(|row| line(&Row::new("audit", row))).collect()
}
