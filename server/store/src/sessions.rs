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
    /// What the browser said of itself when it signed in.
    pub user_agent: Option<String>,
    /// Network address of its last use.
    pub address: Option<String>,
}

/// Adds a session.
///
/// # Errors
/// When the database fails; likewise for all below.
pub async fn insert(tx: &mut Tx, session: &Session) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO sessions (id, token_hash, user_id, created_at, expires_at, last_seen_at, user_agent, address) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(session.id.to_string())
    .bind(session.token_hash.clone())
    .bind(session.user.to_string())
    .bind(session.created_at.0)
    .bind(session.expires_at.0)
    .bind(session.last_seen_at.0)
    .bind(session.user_agent.clone())
    .bind(session.address.clone())
    .execute(&mut **tx)
    .await?;
    accounts::active(tx, session.user, session.last_seen_at).await
}

fn session(row: &Row<'_>, user: UserId) -> Result<Session, StoreError> {
    Ok(Session {
        id: row.id("session")?,
        token_hash: row.text("token_hash")?,
        user,
        created_at: row.time("began_at")?,
        expires_at: row.time("expires_at")?,
        last_seen_at: row.time("last_seen_at")?,
        user_agent: row.opt_text("user_agent")?,
        address: row.opt_text("address")?,
    })
}

/// The sessions of an account that last beyond `now` and were used after `used`, those used last first; at most `limit`.
pub async fn list(conn: &mut Conn, user: UserId, now: Timestamp, used: Timestamp, limit: i64) -> Result<Vec<Session>, StoreError> {
    let rows = sqlx::query(
        "SELECT id AS session, token_hash, created_at AS began_at, expires_at, last_seen_at, user_agent, address FROM sessions \
         WHERE user_id = $1 AND expires_at > $2 AND last_seen_at > $3 ORDER BY last_seen_at DESC, id DESC LIMIT $4",
    )
    .bind(user.to_string())
    .bind(now.0)
    .bind(used.0)
    .bind(limit)
    .fetch_all(conn)
    .await?;
    rows.iter().map(|row| session(&Row::new("sessions", row), user)).collect()
}

/// The session with this hash, ended or not, and its account.
pub async fn by_hash(conn: &mut Conn, token_hash: &str) -> Result<Option<(Session, User)>, StoreError> {
    let row = sqlx::query(
        "SELECT s.id AS session, s.token_hash, s.created_at AS began_at, s.expires_at, s.last_seen_at, s.user_agent, s.address, \
         u.id, u.email, u.name, u.created_at FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.token_hash = $1",
    )
    .bind(token_hash.to_owned())
    .fetch_optional(conn)
    .await?;
    row.map(|row| {
        let row = Row::new("sessions", &row);
        let user = accounts::user(&row)?;
        Ok((session(&row, user.id)?, user))
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

/// Notes that the session was used, and from where.
pub async fn touch(tx: &mut Tx, id: SessionId, user: UserId, at: Timestamp, address: Option<String>) -> Result<(), StoreError> {
    sqlx::query("UPDATE sessions SET last_seen_at = $2, address = $3 WHERE id = $1")
        .bind(id.to_string())
        .bind(at.0)
        .bind(address)
        .execute(&mut **tx)
        .await?;
    accounts::active(tx, user, at).await
}

/// Ends a session; whether there was one.
pub async fn delete(tx: &mut Tx, id: SessionId) -> Result<bool, StoreError> {
    let done = sqlx::query("DELETE FROM sessions WHERE id = $1")
        .bind(id.to_string())
        .execute(&mut **tx)
        .await?;
    Ok(done.rows_affected() > 0)
}

/// Ends a session of this account; whether it had it.
pub async fn delete_own(tx: &mut Tx, user: UserId, id: SessionId) -> Result<bool, StoreError> {
    let done = sqlx::query("DELETE FROM sessions WHERE id = $1 AND user_id = $2")
        .bind(id.to_string())
        .bind(user.to_string())
        .execute(&mut **tx)
        .await?;
    Ok(done.rows_affected() > 0)
}

/// Ends all sessions of an account but this one; which they were.
pub async fn delete_all(tx: &mut Tx, user: UserId, but: Option<SessionId>) -> Result<Vec<SessionId>, StoreError> {
    let rows = sqlx::query("DELETE FROM sessions WHERE user_id = $1 AND id <> $2 RETURNING id")
        .bind(user.to_string())
        .bind(but.map(|id| id.to_string()).unwrap_or_default())
        .fetch_all(&mut **tx)
        .await?;
    rows.iter().map(|row| Row::new("sessions", row).id("id")).collect()
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
