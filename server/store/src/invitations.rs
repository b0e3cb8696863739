//! Invitations into workspaces (ACC-2). Only a hash of the code is stored.

use crate::{
    Conn, StoreError, Tx,
    row::{Row, to_word},
};
use coord_protocol::{
    id::{UserId, WorkspaceId},
    time::Timestamp,
    workspace::Role,
};

/// An invitation.
#[derive(Debug, Clone)]
pub struct Invitation {
    /// Hexadecimal SHA-256 of the code.
    pub code_hash: String,
    /// Into which workspace.
    pub workspace: WorkspaceId,
    /// Lower-cased address of the account that may accept.
    pub email: String,
    /// Role given.
    pub role: Role,
    /// Who invites.
    pub created_by: UserId,
    /// Until when.
    pub expires_at: Timestamp,
    /// When it was used up.
    pub accepted_at: Option<Timestamp>,
}

/// Adds an invitation.
///
/// # Errors
/// When the database fails; likewise for all below.
pub async fn insert(tx: &mut Tx, invitation: &Invitation) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO invitations (code_hash, workspace, email, role, created_by, expires_at, accepted_at) VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(invitation.code_hash.clone())
    .bind(invitation.workspace.to_string())
    .bind(invitation.email.clone())
    .bind(to_word("invitations", &invitation.role)?)
    .bind(invitation.created_by.to_string())
    .bind(invitation.expires_at.0)
    .bind(invitation.accepted_at.map(|at| at.0))
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// The invitation with this hash, whatever became of it.
pub async fn by_hash(conn: &mut Conn, code_hash: &str) -> Result<Option<Invitation>, StoreError> {
    let row =
        sqlx::query("SELECT code_hash, workspace, email, role, created_by, expires_at, accepted_at FROM invitations WHERE code_hash = $1")
            .bind(code_hash.to_owned())
            .fetch_optional(conn)
            .await?;
    row.map(|row| {
        let row = Row::new("invitations", &row);
        Ok(Invitation {
            code_hash: row.text("code_hash")?,
            workspace: row.id("workspace")?,
            email: row.text("email")?,
            role: row.word("role")?,
            created_by: row.id("created_by")?,
            expires_at: row.time("expires_at")?,
            accepted_at: row.opt_time("accepted_at")?,
        })
    })
    .transpose()
}

/// Uses an invitation up; whether it was still unused.
pub async fn accept(tx: &mut Tx, code_hash: &str, at: Timestamp) -> Result<bool, StoreError> {
    let done = sqlx::query("UPDATE invitations SET accepted_at = $2 WHERE code_hash = $1 AND accepted_at IS NULL")
        .bind(code_hash.to_owned())
        .bind(at.0)
        .execute(&mut **tx)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// Whether an invitation waits for the account with this address.
pub async fn is_open_for(conn: &mut Conn, email: &str, now: Timestamp) -> Result<bool, StoreError> {
    let row = sqlx::query("SELECT 1 AS one FROM invitations WHERE email = $1 AND accepted_at IS NULL AND expires_at > $2 LIMIT 1")
        .bind(email.to_owned())
        .bind(now.0)
        .fetch_optional(conn)
        .await?;
    Ok(row.is_some())
}
