//! Messages of people to working agents (AGT-5).

use crate::{Conn, StoreError, Tx, row::Row};
use coord_protocol::{
    account::Person,
    attempt::Message,
    id::{AttemptId, MessageId},
    time::Timestamp,
};

/// Keeps a message until it is delivered.
///
/// # Errors
/// [`StoreError::Reference`] when the attempt does not exist.
pub async fn insert(tx: &mut Tx, message: &Message) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO messages (id, attempt, from_user, body, interrupt, created_at) VALUES ($1, $2, $3, $4, $5, $6)")
        .bind(message.id.to_string())
        .bind(message.attempt.to_string())
        .bind(message.from.id.to_string())
        .bind(message.body.clone())
        .bind(i64::from(message.interrupt))
        .bind(message.created_at.0)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Messages whose arrival the log does not show yet, in the order they were sent.
///
/// # Errors
/// When the database fails; likewise for all below.
pub async fn undelivered(conn: &mut Conn, attempt: AttemptId) -> Result<Vec<Message>, StoreError> {
    let rows = sqlx::query(
        "SELECT m.id, m.attempt, m.from_user, u.name, m.body, m.interrupt, m.created_at \
         FROM messages m LEFT JOIN users u ON u.id = m.from_user \
         WHERE m.attempt = $1 AND m.delivered_at IS NULL ORDER BY m.created_at, m.id",
    )
    .bind(attempt.to_string())
    .fetch_all(conn)
    .await?;
    rows.iter()
        .map(|row| {
            let row = Row::new("messages", row);
            Ok(Message {
                id: row.id("id")?,
                attempt: row.id("attempt")?,
                from: Person {
                    id: row.id("from_user")?,
                    name: row.opt_text("name")?.unwrap_or_default(),
                },
                body: row.text("body")?,
                interrupt: row.flag("interrupt")?,
                created_at: row.time("created_at")?,
            })
        })
        .collect()
}

/// The attempt's log shows that the agent has this message; whether that is news.
pub async fn mark_delivered(tx: &mut Tx, attempt: AttemptId, id: MessageId, at: Timestamp) -> Result<bool, StoreError> {
    let done = sqlx::query("UPDATE messages SET delivered_at = $3 WHERE id = $1 AND attempt = $2 AND delivered_at IS NULL")
        .bind(id.to_string())
        .bind(attempt.to_string())
        .bind(at.0)
        .execute(&mut **tx)
        .await?;
    Ok(done.rows_affected() > 0)
}
