//! Members of workspaces and their roles (ACC-2).

use crate::{
    Conn, StoreError, Tx,
    row::{Row, to_word},
};
use coord_protocol::{
    id::{UserId, WorkspaceId},
    time::Timestamp,
    workspace::{Member, Role},
};

fn member(row: &Row<'_>) -> Result<Member, StoreError> {
    Ok(Member {
        user: row.id("user_id")?,
        name: row.text("name")?,
        email: row.text("email")?,
        role: row.word("role")?,
        joined_at: row.time("joined_at")?,
        last_active_at: row.opt_time("last_active_at")?,
    })
}

/// The role of a person; `None` when they are no member.
///
/// # Errors
/// When the database fails; likewise for all below.
pub async fn role(conn: &mut Conn, workspace: WorkspaceId, user: UserId) -> Result<Option<Role>, StoreError> {
    let row = sqlx::query("SELECT role FROM members WHERE workspace = $1 AND user_id = $2")
        .bind(workspace.to_string())
        .bind(user.to_string())
        .fetch_optional(conn)
        .await?;
    row.map(|row| Row::new("members", &row).word("role")).transpose()
}

/// A member.
pub async fn get(conn: &mut Conn, workspace: WorkspaceId, user: UserId) -> Result<Option<Member>, StoreError> {
    let row = sqlx::query(
        "SELECT m.user_id, u.name, u.email, m.role, m.joined_at, u.last_active_at FROM members m JOIN users u ON u.id = m.user_id \
         WHERE m.workspace = $1 AND m.user_id = $2",
    )
    .bind(workspace.to_string())
    .bind(user.to_string())
    .fetch_optional(conn)
    .await?;
    row.map(|row| member(&Row::new("members", &row))).transpose()
}

/// The members of a workspace in the order of their accounts: at most `limit`, those after `after`.
pub async fn list(conn: &mut Conn, workspace: WorkspaceId, after: Option<UserId>, limit: i64) -> Result<Vec<Member>, StoreError> {
    let rows = sqlx::query(
        "SELECT m.user_id, u.name, u.email, m.role, m.joined_at, u.last_active_at FROM members m JOIN users u ON u.id = m.user_id \
         WHERE m.workspace = $1 AND m.user_id > $2 ORDER BY m.user_id LIMIT $3",
    )
    .bind(workspace.to_string())
    .bind(after.map(|id| id.to_string()).unwrap_or_default())
    .bind(limit)
    .fetch_all(conn)
    .await?;
    rows.iter().map(|row| member(&Row::new("members", row))).collect()
}

/// All workspaces of a person with their role there.
pub async fn of_user(conn: &mut Conn, user: UserId) -> Result<Vec<(WorkspaceId, Role)>, StoreError> {
    let rows = sqlx::query("SELECT workspace, role FROM members WHERE user_id = $1 ORDER BY workspace")
        .bind(user.to_string())
        .fetch_all(conn)
        .await?;
    rows.iter()
        .map(|row| {
            let row = Row::new("members", row);
            Ok((row.id("workspace")?, row.word("role")?))
        })
        .collect()
}

/// Adds a member.
///
/// # Errors
/// [`StoreError::Unique`] when they are one, or when a second owner would come about.
pub async fn insert(tx: &mut Tx, workspace: WorkspaceId, user: UserId, role: Role, at: Timestamp) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO members (workspace, user_id, role, joined_at) VALUES ($1, $2, $3, $4)")
        .bind(workspace.to_string())
        .bind(user.to_string())
        .bind(to_word("members", &role)?)
        .bind(at.0)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Gives a member another role; whether they are one.
///
/// # Errors
/// [`StoreError::Unique`] when a second owner would come about.
pub async fn set_role(tx: &mut Tx, workspace: WorkspaceId, user: UserId, role: Role) -> Result<bool, StoreError> {
    let done = sqlx::query("UPDATE members SET role = $3 WHERE workspace = $1 AND user_id = $2")
        .bind(workspace.to_string())
        .bind(user.to_string())
        .bind(to_word("members", &role)?)
        .execute(&mut **tx)
        .await?;
    Ok(done.rows_affected() > 0)
}

/// Removes a member; whether they were one. Their places in teams of the workspace's jobs go with them (ACC-5).
pub async fn delete(tx: &mut Tx, workspace: WorkspaceId, user: UserId) -> Result<bool, StoreError> {
    sqlx::query("DELETE FROM job_team WHERE user_id = $2 AND job IN (SELECT id FROM jobs WHERE workspace = $1)")
        .bind(workspace.to_string())
        .bind(user.to_string())
        .execute(&mut **tx)
        .await?;
    let done = sqlx::query("DELETE FROM members WHERE workspace = $1 AND user_id = $2")
        .bind(workspace.to_string())
        .bind(user.to_string())
        .execute(&mut **tx)
        .await?;
    Ok(done.rows_affected() > 0)
}
