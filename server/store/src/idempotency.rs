//! First results of creating calls, kept for 24 hours (API-1).

use crate::{Conn, StoreError, Tx, row::Row};
use coord_protocol::{id::UserId, time::Timestamp};

/// How long a key is remembered.
pub const KEPT_MS: i64 = 24 * 60 * 60 * 1000;

/// Names a call: the same key means the same thing for one account on one route only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// Who calls.
    pub user: UserId,
    /// Method and path.
    pub route: String,
    /// The caller's key.
    pub key: String,
    /// Hexadecimal SHA-256 of the body.
    pub body_hash: String,
}

/// A first result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Hexadecimal SHA-256 of the body it answered.
    pub body_hash: String,
    /// HTTP status.
    pub status: i64,
    /// Body, JSON.
    pub response: String,
}

/// The first result of the key, if it is not older than [`KEPT_MS`].
///
/// # Errors
/// When the database fails.
pub async fn find(conn: &mut Conn, key: &Key, now: Timestamp) -> Result<Option<Stored>, StoreError> {
    let row = sqlx::query(
        "SELECT body_hash, status, response FROM idempotency WHERE user_id = $1 AND route = $2 AND key = $3 AND created_at > $4",
    )
    .bind(key.user.to_string())
    .bind(key.route.clone())
    .bind(key.key.clone())
    .bind(now.plus_ms(-KEPT_MS).0)
    .fetch_optional(conn)
    .await?;
    row.map(|row| {
        let row = Row::new("idempotency", &row);
        Ok(Stored {
            body_hash: row.text("body_hash")?,
            status: row.int("status")?,
            response: row.text("response")?,
        })
    })
    .transpose()
}

/// Keeps a first result, in the transaction that creates what it tells of.
///
/// # Errors
/// [`StoreError::Unique`] when another call with the key was first.
pub async fn insert(tx: &mut Tx, key: &Key, status: u16, response: &str, at: Timestamp) -> Result<(), StoreError> {
    match claim(tx, key, at).await? {
        None => finish(tx, key, status, response).await,
        Some(_) => Err(StoreError::Unique {
            what: "idempotency.key".to_owned(),
        }),
    }
}

/// Takes a key before anything is done for it: `None` when it was free, else its first result. Another call with the key waits here
/// until this transaction ends, so that the two cannot both do the work.
///
/// # Errors
/// When the database fails.
pub async fn claim(tx: &mut Tx, key: &Key, at: Timestamp) -> Result<Option<Stored>, StoreError> {
    sqlx::query("DELETE FROM idempotency WHERE user_id = $1 AND route = $2 AND key = $3 AND created_at <= $4")
        .bind(key.user.to_string())
        .bind(key.route.clone())
        .bind(key.key.clone())
        .bind(at.plus_ms(-KEPT_MS).0)
        .execute(&mut **tx)
        .await?;
    let claimed = sqlx::query(
        "INSERT INTO idempotency (user_id, route, key, body_hash, status, response, created_at) VALUES ($1, $2, $3, $4, 0, '', $5) \
         ON CONFLICT DO NOTHING",
    )
    .bind(key.user.to_string())
    .bind(key.route.clone())
    .bind(key.key.clone())
    .bind(key.body_hash.clone())
    .bind(at.0)
    .execute(&mut **tx)
    .await?;
    if claimed.rows_affected() == 1 {
        return Ok(None);
    }
    let stored = find(tx, key, at).await?;
    stored
        .map(Some)
        .ok_or_else(|| StoreError::inconsistent("idempotency", "a key that is taken is not there"))
}

/// Writes down the first result of a claimed key, in the same transaction.
///
/// # Errors
/// When the database fails.
pub async fn finish(tx: &mut Tx, key: &Key, status: u16, response: &str) -> Result<(), StoreError> {
    sqlx::query("UPDATE idempotency SET status = $4, response = $5 WHERE user_id = $1 AND route = $2 AND key = $3")
        .bind(key.user.to_string())
        .bind(key.route.clone())
        .bind(key.key.clone())
        .bind(i64::from(status))
        .bind(response.to_owned())
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Forgets what is older than [`KEPT_MS`].
///
/// # Errors
/// When the database fails.
pub async fn prune(tx: &mut Tx, now: Timestamp) -> Result<u64, StoreError> {
    let done = sqlx::query("DELETE FROM idempotency WHERE created_at <= $1")
        .bind(now.plus_ms(-KEPT_MS).0)
        .execute(&mut **tx)
        .await?;
    Ok(done.rows_affected())
}
