//! What an inbox is made of (INB-1): read as it is now, of one workspace or of all somebody is in. Who is meant is not decided here but in
//! `coord_domain::inbox`; these statements leave out only what cannot concern them.

use crate::{
    Conn, StoreError, Tx,
    jobs::{job, select_jobs},
    requests::request,
    row::Row,
};
use coord_domain::job::{Access, Job};
use coord_protocol::{
    id::{JobId, UserId, WorkspaceId},
    inbox::InboxWorkspace,
    job::TeamMember,
    request::Request,
    time::Timestamp,
    workspace::Role,
};
use std::collections::HashMap;

/// Most items of a kind that are looked at. Who has more waiting sees the newest.
pub const MOST: i64 = 500;

/// The workspaces somebody is in, and their role there.
///
/// # Errors
/// When the database fails; likewise for all below.
pub async fn workspaces(conn: &mut Conn, user: UserId) -> Result<HashMap<WorkspaceId, (InboxWorkspace, Role)>, StoreError> {
    let rows =
        sqlx::query("SELECT w.id, w.name, w.slug, m.role FROM members m JOIN workspaces w ON w.id = m.workspace WHERE m.user_id = $1")
            .bind(user.to_string())
            .fetch_all(conn)
            .await?;
    rows.iter()
        .map(|row| {
            let row = Row::new("workspaces", row);
            let workspace = InboxWorkspace {
                id: row.id("id")?,
                name: row.text("name")?,
                slug: row.text("slug")?,
            };
            Ok((workspace.id, (workspace, row.word("role")?)))
        })
        .collect()
}

/// Roles of the members of a workspace.
pub async fn roles(conn: &mut Conn, workspace: WorkspaceId) -> Result<HashMap<UserId, Role>, StoreError> {
    let rows = sqlx::query("SELECT user_id, role FROM members WHERE workspace = $1")
        .bind(workspace.to_string())
        .fetch_all(conn)
        .await?;
    rows.iter()
        .map(|row| {
            let row = Row::new("members", row);
            Ok((row.id("user_id")?, row.word("role")?))
        })
        .collect()
}

fn of(workspace: Option<WorkspaceId>) -> String {
    workspace.map(|id| id.to_string()).unwrap_or_default()
}

/// Open requests of jobs in the workspaces of somebody, and the access to each job; of its team only their own place is there.
pub async fn requests(conn: &mut Conn, user: UserId, workspace: Option<WorkspaceId>) -> Result<Vec<(Request, Access)>, StoreError> {
    let rows = sqlx::query(
        "SELECT r.id, r.workspace, r.job, j.number, j.title, r.attempt, r.seq, r.ask, r.created_at, r.answer, r.answered_by, \
         NULL AS answered_by_name, r.closed_at, j.owner, j.creator, j.private, t.role AS team_role \
         FROM members m JOIN requests r ON r.workspace = m.workspace AND r.closed_at IS NULL JOIN jobs j ON j.id = r.job \
         LEFT JOIN job_team t ON t.job = j.id AND t.user_id = m.user_id \
         WHERE m.user_id = $1 AND m.role <> 'viewer' AND ($2 = '' OR m.workspace = $2) \
         AND (m.role <> 'member' OR j.owner = $1 OR j.creator = $1 OR t.role IN ('lead', 'editor')) \
         ORDER BY r.id DESC LIMIT $3",
    )
    .bind(user.to_string())
    .bind(of(workspace))
    .bind(MOST)
    .fetch_all(conn)
    .await?;
    rows.iter()
        .map(|row| {
            let asked = request(row)?;
            let row = Row::new("requests", row);
            let place = row.opt_text("team_role")?.map(|_| row.word("team_role")).transpose()?;
            let access = Access {
                private: row.flag("private")?,
                owner: row.id("owner")?,
                creator: row.id("creator")?,
                team: place.map(|role| TeamMember { user, role }).into_iter().collect(),
            };
            Ok((asked, access))
        })
        .collect()
}

/// Jobs in Awaiting Review that somebody has a part in; for admins also those that nobody else who may review has.
pub async fn reviews(conn: &mut Conn, user: UserId, workspace: Option<WorkspaceId>) -> Result<Vec<Job>, StoreError> {
    let rows = sqlx::query(select_jobs!(
        "JOIN members m ON m.workspace = j.workspace AND m.user_id = $1 \
         WHERE j.state = 'awaiting_review' AND m.role <> 'viewer' AND ($2 = '' OR m.workspace = $2) \
         AND (j.owner = $1 OR j.creator = $1 \
              OR EXISTS (SELECT 1 FROM job_team t WHERE t.job = j.id AND t.user_id = $1 AND t.role <> 'viewer') \
              OR (m.role <> 'member' AND NOT EXISTS (SELECT 1 FROM members o WHERE o.workspace = j.workspace AND o.role <> 'viewer' \
                  AND (a.id IS NULL OR a.runner IS NOT NULL) AND (o.user_id IN (j.owner, j.creator) \
                  OR EXISTS (SELECT 1 FROM job_team t WHERE t.job = j.id AND t.user_id = o.user_id AND t.role <> 'viewer'))))) \
         ORDER BY j.updated_at DESC LIMIT $3"
    ))
    .bind(user.to_string())
    .bind(of(workspace))
    .bind(MOST)
    .fetch_all(conn)
    .await?;
    rows.iter().map(job).collect()
}

/// Failed jobs that somebody owns.
pub async fn failed(conn: &mut Conn, user: UserId, workspace: Option<WorkspaceId>) -> Result<Vec<Job>, StoreError> {
    let rows = sqlx::query(select_jobs!(
        "JOIN members m ON m.workspace = j.workspace AND m.user_id = $1 \
         WHERE j.state = 'failed' AND j.owner = $1 AND ($2 = '' OR m.workspace = $2) ORDER BY j.updated_at DESC LIMIT $3"
    ))
    .bind(user.to_string())
    .bind(of(workspace))
    .bind(MOST)
    .fetch_all(conn)
    .await?;
    rows.iter().map(job).collect()
}

/// What somebody put aside, by the item's name, of jobs that may still wait for them.
pub async fn done(conn: &mut Conn, user: UserId) -> Result<HashMap<String, Timestamp>, StoreError> {
    let rows = sqlx::query(
        "SELECT d.item, d.done_at FROM inbox_done d JOIN jobs j ON j.id = d.job \
         WHERE d.user_id = $1 AND j.state IN ('in_progress', 'awaiting_review', 'failed')",
    )
    .bind(user.to_string())
    .fetch_all(conn)
    .await?;
    rows.iter()
        .map(|row| {
            let row = Row::new("inbox_done", row);
            Ok((row.text("item")?, row.time("done_at")?))
        })
        .collect()
}

/// Puts an item aside, or back.
///
/// # Errors
/// [`StoreError::Reference`] when the job does not exist.
pub async fn set_done(tx: &mut Tx, user: UserId, item: &str, job: JobId, at: Option<Timestamp>) -> Result<(), StoreError> {
    let Some(at) = at else {
        sqlx::query("DELETE FROM inbox_done WHERE user_id = $1 AND item = $2")
            .bind(user.to_string())
            .bind(item.to_owned())
            .execute(&mut **tx)
            .await?;
        return Ok(());
    };
    sqlx::query(
        "INSERT INTO inbox_done (user_id, item, job, done_at) VALUES ($1, $2, $3, $4) ON CONFLICT (user_id, item) DO UPDATE SET done_at = $4",
    )
    .bind(user.to_string())
    .bind(item.to_owned())
    .bind(job.to_string())
    .bind(at.0)
    .execute(&mut **tx)
    .await?;
    Ok(())
}
