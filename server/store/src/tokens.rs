//! API tokens. Only a hash of the secret is stored.

use crate::{
    Conn, StoreError, Tx, accounts,
    row::{Row, to_json},
};
use coord_protocol::{
    account::{Token, User},
    id::{TokenId, UserId},
    time::Timestamp,
};

fn token(row: &Row<'_>) -> Result<Token, StoreError> {
    Ok(Token {
        id: row.id("token")?,
        name: row.text("token_name")?,
        scopes: row.json("scopes")?,
        created_at: row.time("made_at")?,
        expires_at: row.opt_time("expires_at")?,
        last_used_at: row.opt_time("last_used_at")?,
    })
}

/// Adds a token.
///
/// # Errors
/// When the database fails; likewise for all below.
pub async fn insert(tx: &mut Tx, user: UserId, token: &Token, token_hash: &str) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO tokens (id, user_id, name, token_hash, scopes, created_at, expires_at, last_used_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(token.id.to_string())
    .bind(user.to_string())
    .bind(token.name.clone())
    .bind(token_hash.to_owned())
    .bind(to_json("tokens", &token.scopes)?)
    .bind(token.created_at.0)
    .bind(token.expires_at.map(|at| at.0))
    .bind(token.last_used_at.map(|at| at.0))
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// An account's tokens in the order they were made: at most `limit`, those after `after`.
pub async fn list(conn: &mut Conn, user: UserId, after: Option<TokenId>, limit: i64) -> Result<Vec<Token>, StoreError> {
    let rows = sqlx::query(
        "SELECT id AS token, name AS token_name, scopes, created_at AS made_at, expires_at, last_used_at FROM tokens \
         WHERE user_id = $1 AND id > $2 ORDER BY id LIMIT $3",
    )
    .bind(user.to_string())
    .bind(after.map(|id| id.to_string()).unwrap_or_default())
    .bind(limit)
    .fetch_all(conn)
    .await?;
    rows.iter().map(|row| token(&Row::new("tokens", row))).collect()
}

/// The token with this hash, ended or not, and its account.
pub async fn by_hash(conn: &mut Conn, token_hash: &str) -> Result<Option<(Token, User)>, StoreError> {
    let row = sqlx::query(
        "SELECT t.id AS token, t.name AS token_name, t.scopes, t.created_at AS made_at, t.expires_at, t.last_used_at, \
         u.id, u.email, u.name, u.created_at FROM tokens t JOIN users u ON u.id = t.user_id WHERE t.token_hash = $1",
    )
    .bind(token_hash.to_owned())
    .fetch_optional(conn)
    .await?;
    row.map(|row| {
        let row = Row::new("tokens", &row);
        Ok((token(&row)?, accounts::user(&row)?))
    })
    .transpose()
}

/// The hash by which a token is found.
pub async fn hash(conn: &mut Conn, id: TokenId) -> Result<Option<String>, StoreError> {
    let row = sqlx::query("SELECT token_hash FROM tokens WHERE id = $1")
        .bind(id.to_string())
        .fetch_optional(conn)
        .await?;
    row.map(|row| Row::new("tokens", &row).text("token_hash")).transpose()
}

/// Notes that the token was used.
pub async fn touch(tx: &mut Tx, id: TokenId, user: UserId, at: Timestamp) -> Result<(), StoreError> {
    sqlx::query("UPDATE tokens SET last_used_at = $2 WHERE id = $1")
        .bind(id.to_string())
        .bind(at.0)
        .execute(&mut **tx)
        .await?;
    accounts::active(tx, user, at).await
}

/// A token of an account.
pub async fn get(conn: &mut Conn, user: UserId, id: TokenId) -> Result<Option<Token>, StoreError> {
    let row = sqlx::query(
        "SELECT id AS token, name AS token_name, scopes, created_at AS made_at, expires_at, last_used_at FROM tokens \
         WHERE id = $1 AND user_id = $2",
    )
    .bind(id.to_string())
    .bind(user.to_string())
    .fetch_optional(conn)
    .await?;
    row.map(|row| token(&Row::new("tokens", &row))).transpose()
}

/// Revokes an account's token; whether it had it.
pub async fn delete(tx: &mut Tx, user: UserId, id: TokenId) -> Result<bool, StoreError> {
    let done = sqlx::query("DELETE FROM tokens WHERE id = $1 AND user_id = $2")
        .bind(id.to_string())
        .bind(user.to_string())
        .execute(&mut **tx)
        .await?;
    Ok(done.rows_affected() > 0)
}

/// Whether the token is there.
///
/// # Errors
/// When the database fails.
pub async fn exists(conn: &mut Conn, id: TokenId) -> Result<bool, StoreError> {
    Ok(sqlx::query("SELECT 1 AS one FROM tokens WHERE id = $1")
        .bind(id.to_string())
        .fetch_optional(conn)
        .await?
        .is_some())
}
