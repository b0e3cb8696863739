//! Codes by which runners are signed in in the browser (RUN-1). Only hashes of the code and of the program's secret are stored.

use crate::{Conn, StoreError, Tx, row::Row};
use coord_protocol::{
    id::{RunnerId, UserId},
    time::Timestamp,
};

/// A code that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// What the machine calls itself.
    pub machine: String,
    /// Its platform.
    pub platform: String,
    /// The program's version.
    pub version: String,
    /// Network address it asked from.
    pub address: Option<String>,
    /// When.
    pub created_at: Timestamp,
    /// Until when it is good.
    pub expires_at: Timestamp,
}

/// Where a code stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stand {
    /// Nobody has decided.
    Waiting,
    /// Somebody said no.
    Refused,
    /// Somebody said yes.
    Approved,
}

/// What a runner shall be, as it was approved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approved {
    /// The runner.
    pub runner: RunnerId,
    /// Who approved, and owns it.
    pub owner: UserId,
    /// Its name.
    pub name: String,
    /// Whether others' jobs may use it.
    pub shared: bool,
}

fn asked(row: &Row<'_>) -> Result<Asked, StoreError> {
    Ok(Asked {
        machine: row.text("machine")?,
        platform: row.text("platform")?,
        version: row.text("version")?,
        address: row.opt_text("address")?,
        created_at: row.time("created_at")?,
        expires_at: row.time("expires_at")?,
    })
}

/// Adds a code.
///
/// # Errors
/// When the database fails, or the code is in use; likewise for all below.
pub async fn insert(tx: &mut Tx, code_hash: &str, secret_hash: &str, asked: &Asked) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO runner_codes (code_hash, secret_hash, machine, platform, version, address, created_at, expires_at, refused) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0)",
    )
    .bind(code_hash.to_owned())
    .bind(secret_hash.to_owned())
    .bind(asked.machine.clone())
    .bind(asked.platform.clone())
    .bind(asked.version.clone())
    .bind(asked.address.clone())
    .bind(asked.created_at.0)
    .bind(asked.expires_at.0)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// How many codes there are, ended ones included.
pub async fn count(conn: &mut Conn) -> Result<i64, StoreError> {
    let row = sqlx::query("SELECT COUNT(*) AS codes FROM runner_codes").fetch_one(conn).await?;
    Row::new("runner_codes", &row).int("codes")
}

/// A code that waits for somebody to decide.
pub async fn waiting(conn: &mut Conn, code_hash: &str, at: Timestamp) -> Result<Option<Asked>, StoreError> {
    let row = sqlx::query(
        "SELECT machine, platform, version, address, created_at, expires_at FROM runner_codes \
         WHERE code_hash = $1 AND expires_at > $2 AND refused = 0 AND runner IS NULL",
    )
    .bind(code_hash.to_owned())
    .bind(at.0)
    .fetch_optional(conn)
    .await?;
    row.map(|row| asked(&Row::new("runner_codes", &row))).transpose()
}

/// Approves a code that waits; the program then has until `expires_at` at least to fetch its token. What was asked, when it still waited.
pub async fn approve(
    tx: &mut Tx,
    code_hash: &str,
    approved: &Approved,
    at: Timestamp,
    expires_at: Timestamp,
) -> Result<Option<Asked>, StoreError> {
    let row = sqlx::query(
        "UPDATE runner_codes SET runner = $3, owner = $4, name = $5, shared = $6, \
         expires_at = CASE WHEN expires_at < $7 THEN $7 ELSE expires_at END \
         WHERE code_hash = $1 AND expires_at > $2 AND refused = 0 AND runner IS NULL \
         RETURNING machine, platform, version, address, created_at, expires_at",
    )
    .bind(code_hash.to_owned())
    .bind(at.0)
    .bind(approved.runner.to_string())
    .bind(approved.owner.to_string())
    .bind(approved.name.clone())
    .bind(i64::from(approved.shared))
    .bind(expires_at.0)
    .fetch_optional(&mut **tx)
    .await?;
    row.map(|row| asked(&Row::new("runner_codes", &row))).transpose()
}

/// Refuses a code that waits. What was asked, when it still waited.
pub async fn refuse(tx: &mut Tx, code_hash: &str, at: Timestamp) -> Result<Option<Asked>, StoreError> {
    let row = sqlx::query(
        "UPDATE runner_codes SET refused = 1 WHERE code_hash = $1 AND expires_at > $2 AND refused = 0 AND runner IS NULL \
         RETURNING machine, platform, version, address, created_at, expires_at",
    )
    .bind(code_hash.to_owned())
    .bind(at.0)
    .fetch_optional(&mut **tx)
    .await?;
    row.map(|row| asked(&Row::new("runner_codes", &row))).transpose()
}

/// Where the code stands, for the program that has its secret.
pub async fn stand(conn: &mut Conn, code_hash: &str, secret_hash: &str, at: Timestamp) -> Result<Option<Stand>, StoreError> {
    let row = sqlx::query("SELECT refused, runner FROM runner_codes WHERE code_hash = $1 AND secret_hash = $2 AND expires_at > $3")
        .bind(code_hash.to_owned())
        .bind(secret_hash.to_owned())
        .bind(at.0)
        .fetch_optional(conn)
        .await?;
    row.map(|row| {
        let row = Row::new("runner_codes", &row);
        Ok(match (row.flag("refused")?, row.opt_text("runner")?) {
            (true, _) => Stand::Refused,
            (false, Some(_)) => Stand::Approved,
            (false, None) => Stand::Waiting,
        })
    })
    .transpose()
}

/// Takes an approved code out: it is good once.
pub async fn take(tx: &mut Tx, code_hash: &str, secret_hash: &str, at: Timestamp) -> Result<Option<(Approved, Asked)>, StoreError> {
    let row = sqlx::query(
        "DELETE FROM runner_codes WHERE code_hash = $1 AND secret_hash = $2 AND expires_at > $3 AND runner IS NOT NULL \
         RETURNING runner, owner, name, shared, machine, platform, version, address, created_at, expires_at",
    )
    .bind(code_hash.to_owned())
    .bind(secret_hash.to_owned())
    .bind(at.0)
    .fetch_optional(&mut **tx)
    .await?;
    row.map(|row| {
        let row = Row::new("runner_codes", &row);
        let approved = Approved {
            runner: row.id("runner")?,
            owner: row.id("owner")?,
            name: row.text("name")?,
            shared: row.flag("shared")?,
        };
        Ok((approved, asked(&row)?))
    })
    .transpose()
}

/// Forgets codes that ended before `at`.
pub async fn prune(tx: &mut Tx, at: Timestamp) -> Result<u64, StoreError> {
    Ok(sqlx::query("DELETE FROM runner_codes WHERE expires_at <= $1")
        .bind(at.0)
        .execute(&mut **tx)
        .await?
        .rows_affected())
}
