//! Where SQLite and PostgreSQL differ: how words are kept and looked up. Words are letters and digits ([`coord_domain::search`]), so that
//! none is syntax of either.

use super::{Source, Tier};
use crate::{Conn, StoreError, Tx, row::Row};
use coord_protocol::id::{AttemptId, JobId, WorkspaceId};
use std::collections::BTreeSet;

fn is_sqlite(conn: &Conn) -> bool {
    conn.backend_name() == "SQLite"
}

/// In every text of a kind in a workspace, on SQLite: a word that nobody can write, since its first character is no letter.
fn scope(workspace: WorkspaceId, kind: &str) -> String {
    format!("\u{e000}{}{kind}", workspace.0.simple())
}

/// A word of a title, told from the same word elsewhere by a first character that is no letter.
pub(super) fn in_title(word: &str) -> String {
    format!("\u{e001}{word}")
}

fn list(words: &BTreeSet<String>) -> String {
    words.iter().map(String::as_str).collect::<Vec<_>>().join(" ")
}

/// Puts in what a source says.
pub(super) async fn put(
    tx: &mut Tx,
    workspace: WorkspaceId,
    job: JobId,
    source: Source,
    words: &BTreeSet<String>,
) -> Result<(), StoreError> {
    let (note, file) = match source {
        Source::Note(note) => (Some(note.to_string()), None),
        Source::File(file) => (None, Some(file.to_string())),
        Source::Job | Source::Log { .. } => (None, None),
    };
    if !is_sqlite(tx) {
        sqlx::query(
            "INSERT INTO search_docs (workspace, job, kind, note, file, words) \
             VALUES ($1, $2, $3, $4, $5, array_to_tsvector(array_remove(string_to_array($6, ' '), '')))",
        )
        .bind(workspace.to_string())
        .bind(job.to_string())
        .bind(source.kind())
        .bind(note)
        .bind(file)
        .bind(list(words))
        .execute(&mut **tx)
        .await?;
        return Ok(());
    }
    let row = sqlx::query("INSERT INTO search_docs (job, kind, note, file) VALUES ($1, $2, $3, $4) RETURNING id")
        .bind(job.to_string())
        .bind(source.kind())
        .bind(note)
        .bind(file)
        .fetch_one(&mut **tx)
        .await?;
    sqlx::query("INSERT INTO search_words (rowid, words) VALUES ($1, $2)")
        .bind(Row::new("search_docs", &row).int("id")?)
        .bind(format!("{} {}", scope(workspace, source.kind()), list(words)))
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Puts in a piece of a log.
pub(super) async fn put_piece(
    tx: &mut Tx,
    workspace: WorkspaceId,
    attempt: AttemptId,
    first: i64,
    last: i64,
    words: &BTreeSet<String>,
) -> Result<(), StoreError> {
    if !is_sqlite(tx) {
        sqlx::query(
            "INSERT INTO search_log (workspace, attempt, first_seq, last_seq, words) \
             VALUES ($1, $2, $3, $4, array_to_tsvector(array_remove(string_to_array($5, ' '), '')))",
        )
        .bind(workspace.to_string())
        .bind(attempt.to_string())
        .bind(first)
        .bind(last)
        .bind(list(words))
        .execute(&mut **tx)
        .await?;
        return Ok(());
    }
    let row = sqlx::query("INSERT INTO search_log (attempt, first_seq, last_seq) VALUES ($1, $2, $3) RETURNING id")
        .bind(attempt.to_string())
        .bind(first)
        .bind(last)
        .fetch_one(&mut **tx)
        .await?;
    sqlx::query("INSERT INTO search_log_words (rowid, words) VALUES ($1, $2)")
        .bind(Row::new("search_log", &row).int("id")?)
        .bind(format!("{} {}", scope(workspace, ""), list(words)))
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// A query in an engine's syntax: each term begins a word. Descriptions are looked through for what the title alone does not have.
fn query(tier: Tier, terms: &[String], begins: impl Fn(&str) -> String, and: &str, and_not: &str) -> String {
    let all = |of: &dyn Fn(&str) -> String| terms.iter().map(|term| of(term)).collect::<Vec<_>>().join(and);
    let in_title = |term: &str| begins(&in_title(term));
    match tier {
        Tier::Title => all(&in_title),
        Tier::Job => format!("{}{and_not}({})", all(&begins), all(&in_title)),
        Tier::File | Tier::Note | Tier::Log => all(&begins),
    }
}

/// At most `limit` ids below `before` of texts that have a word for each term, newest first.
pub(super) async fn look_up(
    conn: &mut Conn,
    workspace: WorkspaceId,
    tier: Tier,
    terms: &[String],
    before: i64,
    limit: i64,
) -> Result<Vec<i64>, StoreError> {
    let kind = tier.kind();
    let rows = if is_sqlite(conn) {
        let statement = if kind.is_some() {
            "SELECT rowid AS id FROM search_words WHERE search_words MATCH $1 AND rowid < $2 ORDER BY rowid DESC LIMIT $3"
        } else {
            "SELECT rowid AS id FROM search_log_words WHERE search_log_words MATCH $1 AND rowid < $2 ORDER BY rowid DESC LIMIT $3"
        };
        let words = query(tier, terms, |term| format!("\"{term}\" *"), " AND ", " NOT ");
        sqlx::query(statement)
            .bind(format!("\"{}\" AND {words}", scope(workspace, kind.unwrap_or_default())))
            .bind(before)
            .bind(limit)
            .fetch_all(conn)
            .await?
    } else {
        // The sum keeps the planner from going through all texts from the newest on, which for a rare word is all of them.
        let statement = if kind.is_some() {
            "SELECT id FROM search_docs WHERE words @@ $1::tsquery AND id < $2 AND workspace = $4 AND kind = $5 ORDER BY id + 0 DESC LIMIT $3"
        } else {
            "SELECT id FROM search_log WHERE words @@ $1::tsquery AND id < $2 AND workspace = $4 AND $5 = '' ORDER BY id + 0 DESC LIMIT $3"
        };
        sqlx::query(statement)
            .bind(query(tier, terms, |term| format!("'{term}':*"), " & ", " & !"))
            .bind(before)
            .bind(limit)
            .bind(workspace.to_string())
            .bind(kind.unwrap_or_default())
            .fetch_all(conn)
            .await?
    };
    rows.iter().map(|row| Row::new("search_docs", row).int("id")).collect()
}
