//! Passes for one socket each. Only a hash of the secret is stored.

use crate::{StoreError, Tx, row::Row};
use coord_protocol::{
    id::{SessionId, TokenId, UserId},
    time::Timestamp,
};

/// A pass, and what it stands for: the session or token of whoever asked for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ticket {
    /// Hash of its secret.
    pub hash: String,
    /// Whose.
    pub user: UserId,
    /// The browser session it was asked for in.
    pub session: Option<SessionId>,
    /// The token it was asked for with.
    pub token: Option<TokenId>,
    /// Its end.
    pub expires_at: Timestamp,
}

/// Adds a pass and forgets those that ended before `now`.
///
/// # Errors
/// When the database fails; likewise for all below.
pub async fn insert(tx: &mut Tx, ticket: &Ticket, now: Timestamp) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM tickets WHERE expires_at < $1")
        .bind(now.0)
        .execute(&mut **tx)
        .await?;
    sqlx::query("INSERT INTO tickets (hash, user_id, session, token, expires_at) VALUES ($1, $2, $3, $4, $5)")
        .bind(ticket.hash.clone())
        .bind(ticket.user.to_string())
        .bind(ticket.session.map(|id| id.to_string()))
        .bind(ticket.token.map(|id| id.to_string()))
        .bind(ticket.expires_at.0)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Takes a pass out: it is good once.
pub async fn take(tx: &mut Tx, hash: &str) -> Result<Option<Ticket>, StoreError> {
    let row = sqlx::query("DELETE FROM tickets WHERE hash = $1 RETURNING user_id, session, token, expires_at")
        .bind(hash.to_owned())
        .fetch_optional(&mut **tx)
        .await?;
    row.map(|row| {
        let row = Row::new("tickets", &row);
        Ok(Ticket {
            hash: hash.to_owned(),
            user: row.id("user_id")?,
            session: row.opt_id("session")?,
            token: row.opt_id("token")?,
            expires_at: row.time("expires_at")?,
        })
    })
    .transpose()
}
