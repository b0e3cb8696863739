//! The logs of attempts (AGT-10): numbered entries in compressed chunks.
//!
//! A batch becomes one row: its entries, encoded as JSON, one per line, compressed. Each time the log passes a multiple of
//! [`MERGE_EVERY`] entries, the small rows since the last are merged, so that a log of a million entries has some thousand rows and any
//! part of it is found by its number in the primary key. Nothing ever reads a whole log.

use crate::{Conn, StoreError, Tx, row::Row};
use coord_protocol::id::AttemptId;
use std::sync::Arc;

/// An encoded entry: JSON without line breaks.
pub type Encoded = Arc<str>;

/// Entries between two merges of small chunks.
const MERGE_EVERY: i64 = 512;

/// Most bytes, before compression, of a merged chunk: what one read has to unpack at least.
const MERGE_BYTES: i64 = 1024 * 1024;

/// Most bytes of one page, before compression. A page ends earlier than asked rather than hold more, but has one entry at least.
const PAGE_BYTES: usize = 4 * 1024 * 1024;

/// Shorter data is stored as it is: compressing it saves nothing. Encoded entries begin with `{`, compressed data does not.
const COMPRESS_FROM: usize = 256;

/// Why entries were not taken. Nothing was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogRefusal {
    /// The attempt has ended, is gone, or another claim holds it: drop the work (RUN-5).
    StaleFence,
    /// The entries do not continue the log; send from `head + 1` on.
    Gap {
        /// Last stored number.
        head: i64,
    },
}

/// Appends entries numbered from `first_seq` on and returns the new head. Whoever calls leaves out entries already stored.
///
/// # Errors
/// When the database fails. A refusal is the inner result: it is an answer, not a failure, and writes nothing.
pub async fn append(
    tx: &mut Tx,
    attempt: AttemptId,
    fence: i64,
    first_seq: i64,
    entries: &[Encoded],
) -> Result<Result<i64, LogRefusal>, StoreError> {
    let count = i64::try_from(entries.len()).unwrap_or(i64::MAX);
    let (old, new) = (first_seq - 1, (first_seq - 1).saturating_add(count));
    let done = sqlx::query("UPDATE attempts SET log_head = $4 WHERE id = $1 AND fence = $2 AND log_head = $3 AND ended_at IS NULL")
        .bind(attempt.to_string())
        .bind(fence)
        .bind(old)
        .bind(new)
        .execute(&mut **tx)
        .await?;
    if done.rows_affected() != 1 {
        return refusal(tx, attempt, fence).await.map(Err);
    }
    if count == 0 {
        return Ok(Ok(new));
    }
    insert(tx, attempt, first_seq, new, &entries.join("\n")).await?;
    let block = old / MERGE_EVERY;
    if block != new / MERGE_EVERY {
        merge(tx, attempt, block * MERGE_EVERY).await?;
    }
    Ok(Ok(new))
}

async fn refusal(tx: &mut Tx, attempt: AttemptId, fence: i64) -> Result<LogRefusal, StoreError> {
    let row = sqlx::query("SELECT log_head FROM attempts WHERE id = $1 AND fence = $2 AND ended_at IS NULL")
        .bind(attempt.to_string())
        .bind(fence)
        .fetch_optional(&mut **tx)
        .await?;
    row.map_or(Ok(LogRefusal::StaleFence), |row| {
        let head = Row::new("attempts", &row).int("log_head")?;
        Ok(LogRefusal::Gap { head })
    })
}

async fn insert(tx: &mut Tx, attempt: AttemptId, first: i64, last: i64, lines: &str) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO log_chunks (attempt, first_seq, last_seq, size, data) VALUES ($1, $2, $3, $4, $5)")
        .bind(attempt.to_string())
        .bind(first)
        .bind(last)
        .bind(i64::try_from(lines.len()).unwrap_or(i64::MAX))
        .bind(pack(lines)?)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Merges the chunks that begin after `after` into as few as [`MERGE_BYTES`] allows.
async fn merge(tx: &mut Tx, attempt: AttemptId, after: i64) -> Result<(), StoreError> {
    let rows = sqlx::query("SELECT first_seq, last_seq, size FROM log_chunks WHERE attempt = $1 AND first_seq > $2 ORDER BY first_seq")
        .bind(attempt.to_string())
        .bind(after)
        .fetch_all(&mut **tx)
        .await?;
    let chunks = rows
        .iter()
        .map(|row| {
            let row = Row::new("log_chunks", row);
            Ok((row.int("first_seq")?, row.int("last_seq")?, row.int("size")?))
        })
        .collect::<Result<Vec<_>, StoreError>>()?;
    for (first, last) in runs(&chunks) {
        let rows = sqlx::query("DELETE FROM log_chunks WHERE attempt = $1 AND first_seq BETWEEN $2 AND $3 RETURNING first_seq, size, data")
            .bind(attempt.to_string())
            .bind(first)
            .bind(last)
            .fetch_all(&mut **tx)
            .await?;
        let mut parts = rows
            .iter()
            .map(|row| {
                let row = Row::new("log_chunks", row);
                Ok((row.int("first_seq")?, unpack(row.int("size")?, row.bytes("data")?)?))
            })
            .collect::<Result<Vec<_>, StoreError>>()?;
        parts.sort_unstable_by_key(|(first, _)| *first);
        let lines = parts.into_iter().map(|(_, lines)| lines).collect::<Vec<_>>().join("\n");
        insert(tx, attempt, first, last, &lines).await?;
    }
    Ok(())
}

/// Which neighbours become one chunk, `(first number, last number)`; what stays alone is not listed.
fn runs(chunks: &[(i64, i64, i64)]) -> Vec<(i64, i64)> {
    let mut runs = Vec::new();
    let mut open: Option<(i64, i64, i64, usize)> = None;
    for &(first, last, size) in chunks {
        open = Some(match open {
            Some((start, _, bytes, count)) if bytes.saturating_add(size) <= MERGE_BYTES => (start, last, bytes + size, count + 1),
            before => {
                runs.extend(before);
                (first, last, size, 1)
            }
        });
    }
    runs.extend(open);
    runs.into_iter()
        .filter(|(.., count)| *count > 1)
        .map(|(first, last, ..)| (first, last))
        .collect()
}

fn pack(lines: &str) -> Result<Vec<u8>, StoreError> {
    if lines.len() < COMPRESS_FROM {
        return Ok(lines.as_bytes().to_vec());
    }
    zstd::bulk::compress(lines.as_bytes(), zstd::DEFAULT_COMPRESSION_LEVEL).map_err(|error| StoreError::inconsistent("log_chunks", error))
}

fn unpack(size: i64, data: Vec<u8>) -> Result<String, StoreError> {
    let wrong = |error: &dyn std::fmt::Display| StoreError::inconsistent("log_chunks", error);
    let plain = if data.first() == Some(&b'{') {
        data
    } else {
        zstd::bulk::decompress(&data, usize::try_from(size).map_err(|error| wrong(&error))?).map_err(|error| wrong(&error))?
    };
    String::from_utf8(plain).map_err(|error| wrong(&error))
}

/// The last stored number; `None` when there is no such attempt.
///
/// # Errors
/// When the database fails.
pub async fn head(conn: &mut Conn, attempt: AttemptId) -> Result<Option<i64>, StoreError> {
    let row = sqlx::query("SELECT log_head FROM attempts WHERE id = $1")
        .bind(attempt.to_string())
        .fetch_optional(conn)
        .await?;
    row.map(|row| Row::new("attempts", &row).int("log_head")).transpose()
}

/// Entries from number `from` on, in order, and the head. At most `limit`; fewer when they are many bytes, then go on after the last.
/// Empty beyond the head, and for an attempt that does not exist (head 0).
///
/// # Errors
/// When the database fails, or a chunk is damaged.
pub async fn read(conn: &mut Conn, attempt: AttemptId, from: i64, limit: usize) -> Result<(Vec<Encoded>, i64), StoreError> {
    read_within(conn, attempt, from, limit, PAGE_BYTES).await
}

/// Like [`read`], with at most `most` bytes of entries unless the first alone has more.
///
/// # Errors
/// Likewise.
pub async fn read_within(
    conn: &mut Conn,
    attempt: AttemptId,
    from: i64,
    limit: usize,
    most: usize,
) -> Result<(Vec<Encoded>, i64), StoreError> {
    let head = head(conn, attempt).await?.unwrap_or(0);
    let mut entries: Vec<Encoded> = Vec::new();
    let mut bytes = 0;
    let mut next = from.max(1);
    while next <= head && entries.len() < limit && bytes < most {
        let row = sqlx::query(
            "SELECT first_seq, last_seq, size, data FROM log_chunks WHERE attempt = $1 AND first_seq <= $2 ORDER BY first_seq DESC LIMIT 1",
        )
        .bind(attempt.to_string())
        .bind(next)
        .fetch_optional(&mut *conn)
        .await?;
        let Some(row) = row else {
            // Removed with its job between two statements, or damaged.
            return match self::head(conn, attempt).await? {
                None => Ok((entries, head)),
                Some(_) => Err(missing(attempt, next)),
            };
        };
        let row = Row::new("log_chunks", &row);
        let (first, last) = (row.int("first_seq")?, row.int("last_seq")?);
        if last < next {
            return Err(missing(attempt, next));
        }
        let lines = unpack(row.int("size")?, row.bytes("data")?)?;
        let skip = usize::try_from(next - first).unwrap_or(usize::MAX);
        for line in lines.split('\n').skip(skip) {
            if next > head || entries.len() == limit || (bytes + line.len() > most && !entries.is_empty()) {
                return Ok((entries, head));
            }
            bytes += line.len();
            next += 1;
            entries.push(line.into());
        }
        if next != last + 1 {
            return Err(StoreError::inconsistent(
                "log_chunks",
                format_args!("{attempt}: the chunk from {first} does not end at {last}"),
            ));
        }
    }
    Ok((entries, head))
}

fn missing(attempt: AttemptId, seq: i64) -> StoreError {
    StoreError::inconsistent("log_chunks", format_args!("{attempt}: entry {seq} is missing"))
}
