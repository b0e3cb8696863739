//! Making logs findable, afterwards and in small steps: whoever writes a log does nothing for it.

use super::engine;
use crate::{Conn, StoreError, Tx, log, row::Row};
use coord_domain::search::{self, Piece};
use coord_protocol::{
    id::{AttemptId, WorkspaceId},
    log::LogEntry,
};
use std::collections::BTreeSet;

/// Most entries of one step.
const ENTRIES: usize = 500;

/// Most bytes of entries of one step.
const BYTES: usize = 256 * 1024;

/// A piece of the work: entries of one log, read and cut into words.
#[derive(Debug, Clone)]
pub struct Step {
    attempt: AttemptId,
    workspace: WorkspaceId,
    /// What `closed` was when the entries were read.
    from: i64,
    closed: i64,
    seq: i64,
    pieces: Vec<(i64, i64, BTreeSet<String>)>,
    /// Whether there is more of this log.
    pub more: bool,
}

/// The logs that have entries which cannot be found yet.
///
/// # Errors
/// When the database fails; likewise for all below.
pub async fn behind(conn: &mut Conn) -> Result<Vec<AttemptId>, StoreError> {
    let rows = sqlx::query(
        "SELECT a.id FROM attempts a LEFT JOIN search_positions p ON p.attempt = a.id WHERE a.log_head > COALESCE(p.seq, 0) ORDER BY a.id",
    )
    .fetch_all(conn)
    .await?;
    rows.iter().map(|row| Row::new("attempts", row).id("id")).collect()
}

async fn position(conn: &mut Conn, attempt: AttemptId) -> Result<(i64, i64), StoreError> {
    let row = sqlx::query("SELECT closed, seq FROM search_positions WHERE attempt = $1")
        .bind(attempt.to_string())
        .fetch_optional(conn)
        .await?;
    row.map_or(Ok((0, 0)), |row| {
        let row = Row::new("search_positions", &row);
        Ok((row.int("closed")?, row.int("seq")?))
    })
}

/// The entries of a log that are to be made findable next; `None` when there are none. The last piece is read again while it grows.
pub async fn next(conn: &mut Conn, attempt: AttemptId) -> Result<Option<Step>, StoreError> {
    let row = sqlx::query("SELECT j.workspace, a.log_head FROM attempts a JOIN jobs j ON j.id = a.job WHERE a.id = $1")
        .bind(attempt.to_string())
        .fetch_optional(&mut *conn)
        .await?;
    let Some(row) = row else { return Ok(None) };
    let row = Row::new("attempts", &row);
    let (workspace, head) = (row.id("workspace")?, row.int("log_head")?);
    let (from, seq) = position(conn, attempt).await?;
    if seq >= head {
        return Ok(None);
    }
    let (lines, head) = log::read_within(conn, attempt, from + 1, ENTRIES, BYTES).await?;
    let entries = lines
        .iter()
        .map(|line| serde_json::from_str::<LogEntry>(line).map_err(|error| StoreError::inconsistent("log_chunks", error)))
        .collect::<Result<Vec<_>, _>>()?;
    let Some(seq) = entries.last().map(|entry| entry.seq) else {
        return Ok(None);
    };
    let pieces = search::pieces(&entries);
    // A step that has no whole piece is the end of the log, or a piece of very many entries that say next to nothing.
    let whole = |piece: &&Piece| piece.is_full() || seq < head && pieces.len() == 1;
    let closed = pieces.iter().rev().find(whole).map_or(from, |piece| piece.last);
    Ok(Some(Step {
        attempt,
        workspace,
        from,
        closed,
        seq,
        pieces: pieces
            .iter()
            // With more to read, the last piece comes again with the next step.
            .filter(|piece| seq == head || piece.last <= closed)
            .map(|piece| (piece.first, piece.last, search::index(&piece.text)))
            .collect(),
        more: seq < head,
    }))
}

/// Makes the entries of a step findable.
///
/// # Errors
/// [`StoreError::Conflict`] when another server did so in the meantime.
pub async fn put(tx: &mut Tx, step: &Step) -> Result<(), StoreError> {
    let seq = if step.more { step.closed } else { step.seq };
    let done = sqlx::query(
        "INSERT INTO search_positions (attempt, closed, seq) SELECT id, $3, $4 FROM attempts WHERE id = $1 \
         ON CONFLICT (attempt) DO UPDATE SET closed = excluded.closed, seq = excluded.seq WHERE search_positions.closed = $2",
    )
    .bind(step.attempt.to_string())
    .bind(step.from)
    .bind(step.closed)
    .bind(seq)
    .execute(&mut **tx)
    .await?;
    if done.rows_affected() != 1 {
        // Deleted with its job, or another server's work.
        return match log::head(tx, step.attempt).await? {
            None => Ok(()),
            Some(_) => Err(StoreError::Conflict { seen: step.from }),
        };
    }
    sqlx::query("DELETE FROM search_log WHERE attempt = $1 AND first_seq > $2")
        .bind(step.attempt.to_string())
        .bind(step.from)
        .execute(&mut **tx)
        .await?;
    for (first, last, words) in &step.pieces {
        engine::put_piece(tx, step.workspace, step.attempt, *first, *last, words).await?;
    }
    Ok(())
}
