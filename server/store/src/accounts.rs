//! Accounts of people (ACC-1).

use crate::{Conn, StoreError, Tx, row::Row};
use coord_protocol::{
    account::{Person, User},
    id::UserId,
    time::Timestamp,
};

/// An account with what only the sign-in may see.
#[derive(Clone)]
pub struct Account {
    /// What others see.
    pub user: User,
    /// Argon2id, PHC string.
    pub password_hash: String,
}

/// Reads the columns `id, email, name, created_at`.
pub(crate) fn user(row: &Row<'_>) -> Result<User, StoreError> {
    Ok(User {
        id: row.id("id")?,
        email: row.text("email")?,
        name: row.text("name")?,
        created_at: row.time("created_at")?,
    })
}

/// How many accounts there are.
///
/// # Errors
/// When the database fails; likewise for all below.
pub async fn count(conn: &mut Conn) -> Result<i64, StoreError> {
    let row = sqlx::query("SELECT accounts FROM server WHERE id = 1").fetch_one(conn).await?;
    Row::new("server", &row).int("accounts")
}

/// Adds an account and returns its ordinal: 1 for the first on this server. Registrations wait for one another here.
///
/// # Errors
/// [`StoreError::Unique`] when the address is taken.
pub async fn insert(tx: &mut Tx, account: &Account) -> Result<i64, StoreError> {
    let row = sqlx::query("UPDATE server SET accounts = accounts + 1 WHERE id = 1 RETURNING accounts")
        .fetch_one(&mut **tx)
        .await?;
    sqlx::query("INSERT INTO users (id, email, name, password_hash, created_at) VALUES ($1, $2, $3, $4, $5)")
        .bind(account.user.id.to_string())
        .bind(account.user.email.clone())
        .bind(account.user.name.clone())
        .bind(account.password_hash.clone())
        .bind(account.user.created_at.0)
        .execute(&mut **tx)
        .await?;
    Row::new("server", &row).int("accounts")
}

/// The account with this (lower-cased) address.
pub async fn by_email(conn: &mut Conn, email: &str) -> Result<Option<Account>, StoreError> {
    let row = sqlx::query("SELECT id, email, name, created_at, password_hash FROM users WHERE email = $1")
        .bind(email.to_owned())
        .fetch_optional(conn)
        .await?;
    row.map(|row| {
        let row = Row::new("users", &row);
        Ok(Account {
            user: user(&row)?,
            password_hash: row.text("password_hash")?,
        })
    })
    .transpose()
}

/// An account.
pub async fn get(conn: &mut Conn, id: UserId) -> Result<Option<User>, StoreError> {
    let row = sqlx::query("SELECT id, email, name, created_at FROM users WHERE id = $1")
        .bind(id.to_string())
        .fetch_optional(conn)
        .await?;
    row.map(|row| user(&Row::new("users", &row))).transpose()
}

/// Gives an account another name.
pub async fn rename(tx: &mut Tx, id: UserId, name: &str) -> Result<(), StoreError> {
    sqlx::query("UPDATE users SET name = $2 WHERE id = $1")
        .bind(id.to_string())
        .bind(name.to_owned())
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// The stored hash of an account's password.
pub async fn password_hash(conn: &mut Conn, id: UserId) -> Result<Option<String>, StoreError> {
    let row = sqlx::query("SELECT password_hash FROM users WHERE id = $1")
        .bind(id.to_string())
        .fetch_optional(conn)
        .await?;
    row.map(|row| Row::new("users", &row).text("password_hash")).transpose()
}

/// Gives an account another password.
pub async fn set_password(tx: &mut Tx, id: UserId, password_hash: &str) -> Result<(), StoreError> {
    sqlx::query("UPDATE users SET password_hash = $2 WHERE id = $1")
        .bind(id.to_string())
        .bind(password_hash.to_owned())
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Notes that the account was used.
pub async fn active(tx: &mut Tx, id: UserId, at: Timestamp) -> Result<(), StoreError> {
    sqlx::query("UPDATE users SET last_active_at = $2 WHERE id = $1")
        .bind(id.to_string())
        .bind(at.0)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// An account as it is inlined where a name is shown.
pub async fn person(conn: &mut Conn, id: UserId) -> Result<Option<Person>, StoreError> {
    Ok(get(conn, id).await?.map(|user| Person {
        id: user.id,
        name: user.name,
    }))
}
