//! Folders of the Backlog: a row each, by path. One that only private jobs are in has none.

use crate::{Conn, StoreError, Tx, row::Row};
use coord_domain::{folder, order};
use coord_protocol::{
    folder::Folder,
    id::{FolderId, WorkspaceId},
    time::Timestamp,
};
use sqlx::any::AnyRow;

fn read(row: &AnyRow) -> Result<Folder, StoreError> {
    let row = Row::new("folders", row);
    Ok(Folder {
        id: row.id("id")?,
        workspace: row.id("workspace")?,
        path: row.text("path")?,
        position: row.text("position")?,
        created_at: row.time("created_at")?,
    })
}

/// A page of the workspace's folders in the order of their ids, behind `after`.
///
/// # Errors
/// When the database fails; likewise for all below.
pub async fn list(conn: &mut Conn, workspace: WorkspaceId, after: Option<FolderId>, limit: i64) -> Result<Vec<Folder>, StoreError> {
    let rows = sqlx::query(
        "SELECT id, workspace, path, position, created_at FROM folders WHERE workspace = $1 AND ($2 = '' OR id > $2) ORDER BY id LIMIT $3",
    )
    .bind(workspace.to_string())
    .bind(after.map(|id| id.to_string()).unwrap_or_default())
    .bind(limit)
    .fetch_all(conn)
    .await?;
    rows.iter().map(read).collect()
}

/// A folder.
pub async fn get(conn: &mut Conn, id: FolderId) -> Result<Option<Folder>, StoreError> {
    let row = sqlx::query("SELECT id, workspace, path, position, created_at FROM folders WHERE id = $1")
        .bind(id.to_string())
        .fetch_optional(conn)
        .await?;
    row.as_ref().map(read).transpose()
}

/// The folder of this path.
pub async fn by_path(conn: &mut Conn, workspace: WorkspaceId, path: &str) -> Result<Option<Folder>, StoreError> {
    let row = sqlx::query("SELECT id, workspace, path, position, created_at FROM folders WHERE workspace = $1 AND path = $2")
        .bind(workspace.to_string())
        .bind(path.to_owned())
        .fetch_optional(conn)
        .await?;
    row.as_ref().map(read).transpose()
}

/// How many folders the workspace has.
pub async fn count(conn: &mut Conn, workspace: WorkspaceId) -> Result<i64, StoreError> {
    let row = sqlx::query("SELECT COUNT(*) AS n FROM folders WHERE workspace = $1")
        .bind(workspace.to_string())
        .fetch_one(conn)
        .await?;
    Row::new("folders", &row).int("n")
}

/// The folder of this path and those in it, the outer ones first; all of the workspace without a path.
pub async fn within(conn: &mut Conn, workspace: WorkspaceId, path: Option<&str>) -> Result<Vec<Folder>, StoreError> {
    let inside = path.map(|path| format!("{path}/")).unwrap_or_default();
    let rows = sqlx::query(
        "SELECT id, workspace, path, position, created_at FROM folders \
         WHERE workspace = $1 AND ($3 = '' OR path = $2 OR SUBSTR(path, 1, CAST($4 AS INTEGER)) = $3) ORDER BY LENGTH(path), path",
    )
    .bind(workspace.to_string())
    .bind(path.unwrap_or_default().to_owned())
    .bind(inside.clone())
    .bind(i64::try_from(inside.chars().count()).unwrap_or(i64::MAX))
    .fetch_all(conn)
    .await?;
    rows.iter().map(read).collect()
}

/// The folders that lie in the one of this path, or in none, in their order.
pub async fn beside(conn: &mut Conn, workspace: WorkspaceId, parent: Option<&str>) -> Result<Vec<Folder>, StoreError> {
    let mut all = within(conn, workspace, parent).await?;
    all.retain(|each| folder::parent(&each.path) == parent);
    all.sort_by(|a, b| (&a.position, &a.path).cmp(&(&b.position, &b.path)));
    Ok(all)
}

/// Makes the folder of this path, and those around it, where they are missing, each the last of those beside it. Whether one was made.
/// `ids` are for new ones, as many as the path has names.
pub async fn ensure(tx: &mut Tx, workspace: WorkspaceId, path: &str, ids: &[FolderId], at: Timestamp) -> Result<bool, StoreError> {
    let mut made = false;
    for (each, id) in folder::chain(path).zip(ids) {
        if by_path(tx, workspace, each).await?.is_some() {
            continue;
        }
        let last = beside(tx, workspace, folder::parent(each)).await?.pop();
        let last = last.as_ref().map(|last| last.position.as_str());
        let position = order::between(last, None).unwrap_or_else(|| last.unwrap_or_default().to_owned());
        let done = sqlx::query(
            "INSERT INTO folders (id, workspace, path, position, created_at) VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT (workspace, path) DO NOTHING",
        )
        .bind(id.to_string())
        .bind(workspace.to_string())
        .bind(each.to_owned())
        .bind(position)
        .bind(at.0)
        .execute(&mut **tx)
        .await?;
        made |= done.rows_affected() > 0;
    }
    Ok(made)
}

/// Gives a folder another path and position. What is in it is not touched.
///
/// # Errors
/// [`StoreError::Unique`] when there is one of that path.
pub async fn set(tx: &mut Tx, id: FolderId, path: &str, position: &str) -> Result<(), StoreError> {
    sqlx::query("UPDATE folders SET path = $2, position = $3 WHERE id = $1")
        .bind(id.to_string())
        .bind(path.to_owned())
        .bind(position.to_owned())
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Removes a folder's row. What is in it is not touched.
///
/// # Errors
/// When the database fails.
pub async fn remove(tx: &mut Tx, id: FolderId) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM folders WHERE id = $1")
        .bind(id.to_string())
        .execute(&mut **tx)
        .await?;
    Ok(())
}
