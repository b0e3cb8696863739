//! Workspaces.

use crate::{
    Conn, StoreError, Tx,
    row::{Row, to_json},
};
use coord_protocol::{
    id::{UserId, WorkspaceId},
    workspace::{Workspace, WorkspaceSettings},
};

/// Reads a workspace and the asker's role.
fn workspace(row: &Row<'_>) -> Result<Workspace, StoreError> {
    Ok(Workspace {
        id: row.id("id")?,
        name: row.text("name")?,
        slug: row.text("slug")?,
        role: row.word("role")?,
        settings: row.json("settings")?,
        version: row.int("version")?,
        feed_seq: row.int("feed_seq")?,
        created_at: row.time("created_at")?,
    })
}

/// Adds a workspace without members.
///
/// # Errors
/// [`StoreError::Unique`] when the slug is taken.
pub async fn insert(tx: &mut Tx, workspace: &Workspace) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO workspaces (id, name, slug, settings, version, feed_seq, next_job_number, created_at) VALUES ($1, $2, $3, $4, $5, $6, 1, $7)",
    )
    .bind(workspace.id.to_string())
    .bind(workspace.name.clone())
    .bind(workspace.slug.clone())
    .bind(to_json("workspaces", &workspace.settings)?)
    .bind(workspace.version)
    .bind(workspace.feed_seq)
    .bind(workspace.created_at.0)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Makes other units that choose a slug wait until this one ends, so that what is free stays free.
///
/// # Errors
/// When the database fails; likewise for all below.
pub async fn lock_slugs(tx: &mut Tx) -> Result<(), StoreError> {
    sqlx::query("UPDATE server SET accounts = accounts WHERE id = 1")
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Whether a slug is taken.
pub async fn slug_taken(conn: &mut Conn, slug: &str) -> Result<bool, StoreError> {
    Ok(sqlx::query("SELECT 1 AS one FROM workspaces WHERE slug = $1")
        .bind(slug.to_owned())
        .fetch_optional(conn)
        .await?
        .is_some())
}

/// A workspace as this member sees it; `None` when there is none, or they are no member.
pub async fn get(conn: &mut Conn, id: WorkspaceId, user: UserId) -> Result<Option<Workspace>, StoreError> {
    let row = sqlx::query(
        "SELECT w.id, w.name, w.slug, m.role, w.settings, w.version, w.feed_seq, w.created_at \
         FROM workspaces w JOIN members m ON m.workspace = w.id WHERE w.id = $1 AND m.user_id = $2",
    )
    .bind(id.to_string())
    .bind(user.to_string())
    .fetch_optional(conn)
    .await?;
    row.map(|row| workspace(&Row::new("workspaces", &row))).transpose()
}

/// The workspaces of an account in the order they were made: at most `limit`, those after `after`.
pub async fn list(conn: &mut Conn, user: UserId, after: Option<WorkspaceId>, limit: i64) -> Result<Vec<Workspace>, StoreError> {
    let rows = sqlx::query(
        "SELECT w.id, w.name, w.slug, m.role, w.settings, w.version, w.feed_seq, w.created_at \
         FROM members m JOIN workspaces w ON w.id = m.workspace WHERE m.user_id = $1 AND w.id > $2 ORDER BY w.id LIMIT $3",
    )
    .bind(user.to_string())
    .bind(after.map(|id| id.to_string()).unwrap_or_default())
    .bind(limit)
    .fetch_all(conn)
    .await?;
    rows.iter().map(|row| workspace(&Row::new("workspaces", row))).collect()
}

/// The ids of all workspaces, for starting up.
pub async fn all(conn: &mut Conn) -> Result<Vec<WorkspaceId>, StoreError> {
    let rows = sqlx::query("SELECT id FROM workspaces ORDER BY id").fetch_all(conn).await?;
    rows.iter().map(|row| Row::new("workspaces", row).id("id")).collect()
}

/// Name, settings and feed position, whoever asks: for the workspace's own actor.
pub async fn facts(conn: &mut Conn, id: WorkspaceId) -> Result<Option<(String, WorkspaceSettings, i64)>, StoreError> {
    let row = sqlx::query("SELECT name, settings, feed_seq FROM workspaces WHERE id = $1")
        .bind(id.to_string())
        .fetch_optional(conn)
        .await?;
    row.map(|row| {
        let row = Row::new("workspaces", &row);
        Ok((row.text("name")?, row.json("settings")?, row.int("feed_seq")?))
    })
    .transpose()
}

/// Changes name and settings, from version `seen` to the next.
///
/// # Errors
/// [`StoreError::Conflict`] when the workspace is not at version `seen`.
pub async fn update(tx: &mut Tx, id: WorkspaceId, seen: i64, name: &str, settings: &WorkspaceSettings) -> Result<(), StoreError> {
    let done = sqlx::query("UPDATE workspaces SET name = $3, settings = $4, version = version + 1 WHERE id = $1 AND version = $2")
        .bind(id.to_string())
        .bind(seen)
        .bind(name.to_owned())
        .bind(to_json("workspaces", settings)?)
        .execute(&mut **tx)
        .await?;
    if done.rows_affected() == 1 {
        Ok(())
    } else {
        Err(StoreError::Conflict { seen })
    }
}

/// Removes a workspace and everything in it, except the audit log; whether it was there.
pub async fn delete(tx: &mut Tx, id: WorkspaceId) -> Result<bool, StoreError> {
    Ok(sqlx::query("DELETE FROM workspaces WHERE id = $1")
        .bind(id.to_string())
        .execute(&mut **tx)
        .await?
        .rows_affected()
        > 0)
}

/// Makes other units that lock the same workspace wait until this one ends. For decisions that rest on more than one row,
/// such as who is the owner. On SQLite units run one after the other anyway.
///
/// # Errors
/// [`StoreError::Reference`] when there is no such workspace.
pub async fn lock(tx: &mut Tx, id: WorkspaceId) -> Result<(), StoreError> {
    let done = sqlx::query("UPDATE workspaces SET version = version WHERE id = $1")
        .bind(id.to_string())
        .execute(&mut **tx)
        .await?;
    if done.rows_affected() == 1 {
        Ok(())
    } else {
        Err(StoreError::Reference)
    }
}

/// The next job number of the workspace, counted up.
///
/// # Errors
/// [`StoreError::Reference`] when there is no such workspace.
pub async fn take_job_number(tx: &mut Tx, id: WorkspaceId) -> Result<i64, StoreError> {
    let row = sqlx::query("UPDATE workspaces SET next_job_number = next_job_number + 1 WHERE id = $1 RETURNING next_job_number")
        .bind(id.to_string())
        .fetch_optional(&mut **tx)
        .await?
        .ok_or(StoreError::Reference)?;
    Ok(Row::new("workspaces", &row).int("next_job_number")? - 1)
}
