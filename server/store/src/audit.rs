//! The append-only record of security-relevant acts (ACC-6).

use crate::{StoreError, Tx};
use coord_protocol::{
    id::{UserId, WorkspaceId},
    time::Timestamp,
};
use serde_json::Value;

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
    /// What, such as `member.role`.
    pub act: &'static str,
    /// On what: an id or an address.
    pub target: String,
    /// More, without secrets.
    pub detail: Value,
    /// Network address of the caller.
    pub address: Option<String>,
}

/// Appends an entry in the same transaction as the act.
///
/// # Errors
/// When the database fails.
pub async fn append(tx: &mut Tx, entry: &Entry) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO audit (id, at, workspace, actor, act, target, detail, address) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)")
        .bind(entry.id.clone())
        .bind(entry.at.0)
        .bind(entry.workspace.map(|id| id.to_string()))
        .bind(entry.actor.map(|id| id.to_string()))
        .bind(entry.act.to_owned())
        .bind(entry.target.clone())
        .bind(entry.detail.to_string())
        .bind(entry.address.clone())
        .execute(&mut **tx)
        .await?;
    Ok(())
}
