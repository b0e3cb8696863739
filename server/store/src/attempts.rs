//! Attempts: rounds of work on a job. The latest one is stored with its job ([`crate::jobs::update`]).

use crate::{
    Conn, StoreError, Tx,
    row::{Row, to_json, to_word},
};
use coord_domain::job::{Attempt, Worker};
use coord_protocol::id::{AttemptId, JobId, RunnerId, WorkspaceId};

/// Stores an attempt. The head of its log stays; that of a new one is 0.
pub(crate) async fn upsert(tx: &mut Tx, attempt: &Attempt) -> Result<(), StoreError> {
    let claim = attempt.claim();
    let (agent, runner_name) = match &attempt.worker {
        Worker::Person { .. } => (None, None),
        Worker::Runner { agent, name, .. } => (Some(agent.clone()), Some(name.clone())),
    };
    let outcome = attempt.outcome.map(|outcome| to_word("attempts", &outcome)).transpose()?;
    sqlx::query(
        "INSERT INTO attempts (id, job, number, runner, fence, log_head, ended_at, body, started_at, outcome, agent, runner_name, \
         input_tokens, output_tokens, cost) VALUES ($1, $2, $3, $4, $5, 0, $6, $7, $8, $9, $10, $11, $12, $13, $14) \
         ON CONFLICT (id) DO UPDATE SET runner = excluded.runner, fence = excluded.fence, ended_at = excluded.ended_at, \
         body = excluded.body, outcome = excluded.outcome, input_tokens = excluded.input_tokens, \
         output_tokens = excluded.output_tokens, cost = excluded.cost",
    )
    .bind(attempt.id.to_string())
    .bind(attempt.job.to_string())
    .bind(attempt.number)
    .bind(claim.map(|claim| claim.runner.to_string()))
    .bind(claim.map_or(0, |claim| claim.fence))
    .bind(attempt.ended_at.map(|at| at.0))
    .bind(to_json("attempts", attempt)?)
    .bind(attempt.started_at.0)
    .bind(outcome)
    .bind(agent)
    .bind(runner_name)
    .bind(attempt.usage.input_tokens)
    .bind(attempt.usage.output_tokens)
    .bind(millionths(attempt.usage.cost_usd))
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Dollars in millionths. What an agent tells is not always money.
fn millionths(dollars: Option<f64>) -> i64 {
    let millionths = dollars.unwrap_or(0.0) * 1e6;
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a cast of a number too large is the largest there is, and of none 0"
    )]
    let millionths = millionths.round().clamp(0.0, 1e15) as i64;
    millionths
}

/// An attempt, its job and the head of its log.
///
/// # Errors
/// When the database fails; likewise for all below.
pub async fn get(conn: &mut Conn, id: AttemptId) -> Result<Option<(Attempt, JobId, i64)>, StoreError> {
    let row = sqlx::query("SELECT job, body, log_head FROM attempts WHERE id = $1")
        .bind(id.to_string())
        .fetch_optional(conn)
        .await?;
    row.map(|row| {
        let row = Row::new("attempts", &row);
        Ok((row.json("body")?, row.id("job")?, row.int("log_head")?))
    })
    .transpose()
}

/// A runner's attempts in a workspace, newest first: at most `limit`.
pub async fn of_runner(conn: &mut Conn, workspace: WorkspaceId, runner: RunnerId, limit: i64) -> Result<Vec<Attempt>, StoreError> {
    let rows = sqlx::query(
        "SELECT a.body FROM attempts a JOIN jobs j ON j.id = a.job WHERE a.runner = $1 AND j.workspace = $2 \
         ORDER BY a.started_at DESC, a.id DESC LIMIT $3",
    )
    .bind(runner.to_string())
    .bind(workspace.to_string())
    .bind(limit)
    .fetch_all(conn)
    .await?;
    rows.iter().map(|row| Row::new("attempts", row).json("body")).collect()
}

/// All attempts of a job, oldest first: with the head of the log, and whether a whole diff is stored.
pub async fn of_job(conn: &mut Conn, job: JobId) -> Result<Vec<(Attempt, i64, bool)>, StoreError> {
    let rows = sqlx::query(
        "SELECT a.body, a.log_head, \
         CASE WHEN EXISTS (SELECT 1 FROM files f WHERE f.attempt = a.id AND f.kind = 'diff' AND f.state = 'stored') \
         THEN 1 ELSE 0 END AS has_diff FROM attempts a WHERE a.job = $1 ORDER BY a.number",
    )
    .bind(job.to_string())
    .fetch_all(conn)
    .await?;
    rows.iter()
        .map(|row| {
            let row = Row::new("attempts", row);
            Ok((row.json("body")?, row.int("log_head")?, row.flag("has_diff")?))
        })
        .collect()
}
