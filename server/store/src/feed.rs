//! The workspace's feed: every committed change, numbered without gaps (INV-4).

use crate::{StoreError, Tx, row::Row};
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
