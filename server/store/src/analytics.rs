//! What the figures of a workspace are made of (ANA-1): the states its jobs went through, and what is told of their attempts.

use crate::{
    Conn, StoreError, Tx,
    row::{Row, to_word},
};
use coord_domain::{
    analytics::{AttemptFacts, JobFacts, Span},
    job::{Access, Job},
};
use coord_protocol::{id::WorkspaceId, job::TeamMember};
use std::collections::HashMap;

/// A new job is in its first state.
pub(crate) async fn begin(tx: &mut Tx, job: &Job) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO job_spans (job, n, state, from_at) VALUES ($1, 1, $2, $3)")
        .bind(job.id.to_string())
        .bind(to_word("job_spans", &job.state.word())?)
        .bind(job.created_at.0)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// A job may be in another state than before.
pub(crate) async fn moved(tx: &mut Tx, job: &Job) -> Result<(), StoreError> {
    let row = sqlx::query("UPDATE job_spans SET to_at = $3 WHERE job = $1 AND to_at IS NULL AND state <> $2 RETURNING n")
        .bind(job.id.to_string())
        .bind(to_word("job_spans", &job.state.word())?)
        .bind(job.updated_at.0)
        .fetch_optional(&mut **tx)
        .await?;
    let Some(row) = row else { return Ok(()) };
    sqlx::query("INSERT INTO job_spans (job, n, state, from_at) VALUES ($1, $2, $3, $4)")
        .bind(job.id.to_string())
        .bind(Row::new("job_spans", &row).int("n")? + 1)
        .bind(to_word("job_spans", &job.state.word())?)
        .bind(job.updated_at.0)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// The jobs of a workspace, with who may see each: whoever reads this leaves out the others. The attempts of each are in order.
///
/// # Errors
/// When the database fails.
pub async fn facts(conn: &mut Conn, workspace: WorkspaceId) -> Result<Vec<(Access, JobFacts)>, StoreError> {
    let workspace = workspace.to_string();
    let mut facts = Vec::new();
    let mut places: HashMap<i64, usize> = HashMap::new();
    for row in sqlx::query("SELECT number, private, owner, creator FROM jobs WHERE workspace = $1")
        .bind(workspace.clone())
        .fetch_all(&mut *conn)
        .await?
    {
        let row = Row::new("jobs", &row);
        let access = Access {
            private: row.flag("private")?,
            owner: row.id("owner")?,
            creator: row.id("creator")?,
            team: Vec::new(),
        };
        let job = JobFacts {
            owner: access.owner,
            domains: Vec::new(),
            spans: Vec::new(),
            attempts: Vec::new(),
            asked: Vec::new(),
        };
        places.insert(row.int("number")?, facts.len());
        facts.push((access, job));
    }
    for row in sqlx::query("SELECT j.number, t.user_id, t.role FROM job_team t JOIN jobs j ON j.id = t.job WHERE j.workspace = $1")
        .bind(workspace.clone())
        .fetch_all(&mut *conn)
        .await?
    {
        let row = Row::new("job_team", &row);
        if let Some((access, _)) = places.get(&row.int("number")?).and_then(|at| facts.get_mut(*at)) {
            access.team.push(TeamMember {
                user: row.id("user_id")?,
                role: row.word("role")?,
            });
        }
    }
    for row in
        sqlx::query("SELECT j.number, d.domain FROM job_domains d JOIN jobs j ON j.id = d.job WHERE j.workspace = $1 ORDER BY d.domain")
            .bind(workspace.clone())
            .fetch_all(&mut *conn)
            .await?
    {
        let row = Row::new("job_domains", &row);
        if let Some((_, job)) = places.get(&row.int("number")?).and_then(|at| facts.get_mut(*at)) {
            job.domains.push(row.text("domain")?);
        }
    }
    for row in sqlx::query(
        "SELECT j.number, s.state, s.from_at, s.to_at FROM job_spans s JOIN jobs j ON j.id = s.job WHERE j.workspace = $1 ORDER BY s.job, s.n",
    )
    .bind(workspace.clone())
    .fetch_all(&mut *conn)
    .await?
    {
        let row = Row::new("job_spans", &row);
        if let Some((_, job)) = places.get(&row.int("number")?).and_then(|at| facts.get_mut(*at)) {
            job.spans.push(Span {
                state: row.word("state")?,
                from: row.int("from_at")?,
                to: row.opt_int("to_at")?,
            });
        }
    }
    for row in sqlx::query(
        "SELECT j.number, a.number AS attempt, a.started_at, a.ended_at, a.outcome, a.agent, a.runner, a.runner_name, a.input_tokens, \
         a.output_tokens, a.cost FROM attempts a JOIN jobs j ON j.id = a.job WHERE j.workspace = $1 ORDER BY a.job, a.number",
    )
    .bind(workspace.clone())
    .fetch_all(&mut *conn)
    .await?
    {
        let row = Row::new("attempts", &row);
        if let Some((_, job)) = places.get(&row.int("number")?).and_then(|at| facts.get_mut(*at)) {
            let name = row.opt_text("runner_name")?;
            job.attempts.push(AttemptFacts {
                number: row.int("attempt")?,
                started: row.int("started_at")?,
                ended: row.opt_int("ended_at")?,
                outcome: row.opt_word("outcome")?,
                agent: row.opt_text("agent")?,
                runner: row.opt_id("runner")?.zip(name),
                input_tokens: row.int("input_tokens")?,
                output_tokens: row.int("output_tokens")?,
                cost_micros: row.int("cost")?,
            });
        }
    }
    for row in sqlx::query(
        "SELECT j.number, r.created_at, r.closed_at FROM requests r JOIN jobs j ON j.id = r.job WHERE r.workspace = $1 AND j.workspace = $1",
    )
    .bind(workspace)
    .fetch_all(conn)
    .await?
    {
        let row = Row::new("requests", &row);
        if let Some((_, job)) = places.get(&row.int("number")?).and_then(|at| facts.get_mut(*at)) {
            job.asked.push((row.int("created_at")?, row.opt_int("closed_at")?));
        }
    }
    Ok(facts)
}
