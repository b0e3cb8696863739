//! Browser sessions. Only a hash of the secret is stored.

use crate::{Conn, StoreError, Tx, accounts, row::Row};
use coord_protocol::{
    account::User,
    id::{SessionId, UserId},
    time::Timestamp,
};

/// A session.
#[derive(Debug, Clone)]
pub struct Session {
    /// The session.
    pub id: SessionId,
    /// Hexadecimal SHA-256 of its secret.
    pub token_hash: String,
    /// Whose it is.
    pub user: UserId,
    /// When it began.
    pub created_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
    /// When it was last used, to the minute.
    pub last_seen_at: Timestamp,
}

/// Adds a session.
///
/// # Errors
/// When the database fails; likewise for all below.
pub async fn insert(tx: &mut Tx, session: &Session) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO sessions (id, token_hash, user_id, created_at, expires_at, last_seen_at) VALUES ($1, $2, $3, $4, $5, $6)")
        .bind(session.id.to_string())
        .bind(session.token_hash.clone())
        .bind(session.user.to_string())
        .bind(session.created_at.0)
        .bind(session.expires_at.0)
        .bind(session.last_seen_at.0)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// The session with this hash, ended or not, and its account.
pub async fn by_hash(conn: &mut Conn, token_hash: &str) -> Result<Option<(Session, User)>, StoreError> {
    let row = sqlx::query(
        "SELECT s.id AS session, s.token_hash, s.created_at AS began_at, s.expires_at, s.last_seen_at, u.id, u.email, u.name, u.created_at \
         FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.token_hash = $1",
    )
    .bind(token_hash.to_owned())
    .fetch_optional(conn)
    .await?;
    row.map(|row| {
        let row = Row::new("sessions", &row);
        let user = accounts::user(&row)?;
        let session = Session {
            id: row.id("session")?,
            token_hash: row.text("token_hash")?,
            user: user.id,
            created_at: row.time("began_at")?,
            expires_at: row.time("expires_at")?,
            last_seen_at: row.time("last_seen_at")?,
        };
        Ok((session, user))
    })
    .transpose()
}

/// The hash by which a session is found.
pub async fn hash(conn: &mut Conn, id: SessionId) -> Result<Option<String>, StoreError> {
    let row = sqlx::query("SELECT token_hash FROM sessions WHERE id = $1")
        .bind(id.to_string())
        .fetch_optional(conn)
        .await?;
    row.map(|row| Row::new("sessions", &row).text("token_hash")).transpose()
}

/// Notes that the session was used.
pub async fn touch(tx: &mut Tx, id: SessionId, at: Timestamp) -> Result<(), StoreError> {
    sqlx::query("UPDATE sessions SET last_seen_at = $2 WHERE id = $1")
        .bind(id.to_string())
        .bind(at.0)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Ends a session; whether there was one.
pub async fn delete(tx: &mut Tx, id: SessionId) -> Result<bool, StoreError> {
    let done = sqlx::query("DELETE FROM sessions WHERE id = $1")
        .bind(id.to_string())
        .execute(&mut **tx)
        .await?;
    Ok(done.rows_affected() > 0)
}

/// Forgets sessions that ended before `at`.
pub async fn prune(tx: &mut Tx, at: Timestamp) -> Result<u64, StoreError> {
    Ok(sqlx::query("DELETE FROM sessions WHERE expires_at <= $1")
        .bind(at.0)
        .execute(&mut **tx)
        .await?
        .rows_affected())
}

/// Whether the session is there.
///
/// # Errors
/// When the database fails.
pub async fn exists(conn: &mut Conn, id: SessionId) -> Result<bool, StoreError> {
    Ok(sqlx::query("SELECT 1 AS one FROM sessions WHERE id = $1")
        .bind(id.to_string())
        .fetch_optional(conn)
        .await?
        .is_some())
}
