//! Links to a new password (ACC-1): one per account, used once. Only a hash of the code is stored.

use crate::{StoreError, Tx, row::Row};
use coord_protocol::{id::UserId, time::Timestamp};

/// Makes a link; the account's earlier one ends.
///
/// # Errors
/// When the database fails; likewise for all below.
pub async fn insert(tx: &mut Tx, user: UserId, code_hash: &str, expires_at: Timestamp) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO password_resets (code_hash, user_id, expires_at) VALUES ($1, $2, $3) \
         ON CONFLICT (user_id) DO UPDATE SET code_hash = excluded.code_hash, expires_at = excluded.expires_at",
    )
    .bind(code_hash.to_owned())
    .bind(user.to_string())
    .bind(expires_at.0)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Takes the link out, ended or not: it is good once. Whose it was, and its end.
pub async fn take(tx: &mut Tx, code_hash: &str) -> Result<Option<(UserId, Timestamp)>, StoreError> {
    let row = sqlx::query("DELETE FROM password_resets WHERE code_hash = $1 RETURNING user_id, expires_at")
        .bind(code_hash.to_owned())
        .fetch_optional(&mut **tx)
        .await?;
    row.map(|row| {
        let row = Row::new("password_resets", &row);
        Ok((row.id("user_id")?, row.time("expires_at")?))
    })
    .transpose()
}

/// Ends the account's link, if it has one.
pub async fn forget(tx: &mut Tx, user: UserId) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM password_resets WHERE user_id = $1")
        .bind(user.to_string())
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Forgets links that ended before `at`.
pub async fn prune(tx: &mut Tx, at: Timestamp) -> Result<u64, StoreError> {
    Ok(sqlx::query("DELETE FROM password_resets WHERE expires_at <= $1")
        .bind(at.0)
        .execute(&mut **tx)
        .await?
        .rows_affected())
}
