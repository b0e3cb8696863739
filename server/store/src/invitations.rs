//! Invitations into workspaces (ACC-2). Only a hash of the code is stored.

use crate::{
    Conn, StoreError, Tx,
    row::{Row, to_json, to_word},
};
use coord_protocol::{
    account::Person,
    id::{InvitationId, UserId, WorkspaceId},
    time::Timestamp,
    workspace::{MailState, PendingInvitation, Role},
};

/// An invitation.
#[derive(Debug, Clone)]
pub struct Invitation {
    /// The invitation.
    pub id: InvitationId,
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
    /// When it was made.
    pub created_at: Timestamp,
    /// Until when.
    pub expires_at: Timestamp,
    /// When it was used up.
    pub accepted_at: Option<Timestamp>,
    /// How its mail went.
    pub mail: Option<MailState>,
}

fn invitation(row: &Row<'_>) -> Result<Invitation, StoreError> {
    Ok(Invitation {
        id: row.id("id")?,
        code_hash: row.text("code_hash")?,
        workspace: row.id("workspace")?,
        email: row.text("email")?,
        role: row.word("role")?,
        created_by: row.id("created_by")?,
        created_at: row.time("created_at")?,
        expires_at: row.time("expires_at")?,
        accepted_at: row.opt_time("accepted_at")?,
        mail: row.opt_json("mail")?,
    })
}

/// Adds an invitation.
///
/// # Errors
/// When the database fails; likewise for all below.
pub async fn insert(tx: &mut Tx, invitation: &Invitation) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO invitations (code_hash, workspace, email, role, created_by, expires_at, accepted_at, id, created_at, mail) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    )
    .bind(invitation.code_hash.clone())
    .bind(invitation.workspace.to_string())
    .bind(invitation.email.clone())
    .bind(to_word("invitations", &invitation.role)?)
    .bind(invitation.created_by.to_string())
    .bind(invitation.expires_at.0)
    .bind(invitation.accepted_at.map(|at| at.0))
    .bind(invitation.id.to_string())
    .bind(invitation.created_at.0)
    .bind(invitation.mail.as_ref().map(|mail| to_json("invitations", mail)).transpose()?)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// The invitation with this hash, whatever became of it.
pub async fn by_hash(conn: &mut Conn, code_hash: &str) -> Result<Option<Invitation>, StoreError> {
    let row = sqlx::query(
        "SELECT id, code_hash, workspace, email, role, created_by, created_at, expires_at, accepted_at, mail FROM invitations \
         WHERE code_hash = $1",
    )
    .bind(code_hash.to_owned())
    .fetch_optional(conn)
    .await?;
    row.map(|row| invitation(&Row::new("invitations", &row))).transpose()
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

/// The invitations of a workspace that nobody accepted, newest first: at most `limit`, those before `before`.
pub async fn list(
    conn: &mut Conn,
    workspace: WorkspaceId,
    before: Option<InvitationId>,
    limit: i64,
) -> Result<Vec<PendingInvitation>, StoreError> {
    // An id sorts before the tilde.
    let rows = sqlx::query(
        "SELECT i.id, i.email, i.role, i.created_by, i.created_at, i.expires_at, i.mail, COALESCE(u.name, '') AS name \
         FROM invitations i LEFT JOIN users u ON u.id = i.created_by \
         WHERE i.workspace = $1 AND i.accepted_at IS NULL AND i.id < $2 ORDER BY i.id DESC LIMIT $3",
    )
    .bind(workspace.to_string())
    .bind(before.map_or_else(|| "~".to_owned(), |id| id.to_string()))
    .bind(limit)
    .fetch_all(conn)
    .await?;
    rows.iter()
        .map(|row| {
            let row = Row::new("invitations", row);
            Ok(PendingInvitation {
                id: row.id("id")?,
                email: row.text("email")?,
                role: row.word("role")?,
                created_by: Person {
                    id: row.id("created_by")?,
                    name: row.text("name")?,
                },
                created_at: row.time("created_at")?,
                expires_at: row.time("expires_at")?,
                mail: row.opt_json("mail")?,
            })
        })
        .collect()
}

/// Takes an invitation of a workspace back, unless it was accepted; the one there was.
pub async fn take_back(tx: &mut Tx, workspace: WorkspaceId, id: InvitationId) -> Result<Option<Invitation>, StoreError> {
    let row = sqlx::query(
        "DELETE FROM invitations WHERE id = $1 AND workspace = $2 AND accepted_at IS NULL \
         RETURNING id, code_hash, workspace, email, role, created_by, created_at, expires_at, accepted_at, mail",
    )
    .bind(id.to_string())
    .bind(workspace.to_string())
    .fetch_optional(&mut **tx)
    .await?;
    row.map(|row| invitation(&Row::new("invitations", &row))).transpose()
}

/// Notes how the mail of an invitation went; its workspace, when the invitation is still there.
pub async fn mailed(tx: &mut Tx, id: InvitationId, mail: &MailState) -> Result<Option<WorkspaceId>, StoreError> {
    let row = sqlx::query("UPDATE invitations SET mail = $2 WHERE id = $1 RETURNING workspace")
        .bind(id.to_string())
        .bind(to_json("invitations", mail)?)
        .fetch_optional(&mut **tx)
        .await?;
    row.map(|row| Row::new("invitations", &row).id("workspace")).transpose()
}

/// Notes of mails that waited when the server ended that they were not sent: their codes are nowhere any more.
pub async fn lost_mails(tx: &mut Tx, mail: &MailState) -> Result<u64, StoreError> {
    Ok(sqlx::query("UPDATE invitations SET mail = $1 WHERE mail = $2")
        .bind(to_json("invitations", mail)?)
        .bind(to_json("invitations", &MailState::Queued)?)
        .execute(&mut **tx)
        .await?
        .rows_affected())
}
