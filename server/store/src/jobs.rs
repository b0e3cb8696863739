//! Jobs: one row each, with their latest attempt, their team and their labels.
//!
//! The body of a row is the job as JSON; the other columns are what queries look at. A job's team is that of its body as far as the
//! people in it are still members of the workspace.

mod dependencies;
mod list;

pub use dependencies::{
    add_dependency, dependencies_of, dependents_of, edges, numbers, open_dependencies, remove_dependency, surroundings,
};
pub(crate) use list::reach;
pub use list::{JobFilter, JobPage, list, next_position, visible, visible_numbers};

use crate::{
    Conn, StoreError, Tx, analytics, attempts, files,
    row::{Row, to_json, to_word},
    search, workspaces,
};
use coord_domain::job::Job;
use coord_protocol::{
    id::{JobId, RunnerId, UserId, WorkspaceId},
    job::JobKind,
};
use sqlx::any::AnyRow;
use std::collections::HashSet;

/// The columns [`job`] reads, and where from.
macro_rules! select_jobs {
    ($rest:literal) => {
        concat!(
            "SELECT j.version, j.position, j.body, a.body AS attempt, \
             (SELECT STRING_AGG(t.user_id, ',') FROM job_team t WHERE t.job = j.id) AS team \
             FROM jobs j LEFT JOIN attempts a ON a.job = j.id AND a.number = (SELECT MAX(b.number) FROM attempts b WHERE b.job = j.id) ",
            $rest
        )
    };
}
pub(crate) use select_jobs;

/// Reads a row of [`select_jobs`].
pub(crate) fn job(row: &AnyRow) -> Result<Job, StoreError> {
    let row = Row::new("jobs", row);
    let mut job: Job = row.json("body")?;
    if job.version != row.int("version")? {
        return Err(StoreError::inconsistent(
            "jobs",
            format_args!("{}: body and row have different versions", job.id),
        ));
    }
    job.position = row.text("position")?;
    job.attempt = row.opt_json("attempt")?;
    if !job.access.team.is_empty() {
        let team = row.opt_text("team")?.unwrap_or_default();
        let team: HashSet<&str> = team.split(',').collect();
        job.access.team.retain(|member| team.contains(member.user.to_string().as_str()));
    }
    Ok(job)
}

/// What a search looks through.
fn search_text(job: &Job) -> String {
    format!("#{}\n{}\n{}", job.number, job.title, job.description).to_lowercase()
}

const fn kind(job: &Job) -> JobKind {
    if job.agentic().is_some() { JobKind::Agentic } else { JobKind::User }
}

/// Adds a job with its team and labels. Its pending uploads are those announced with it.
///
/// # Errors
/// [`StoreError::Unique`] when the id or the number is taken, [`StoreError::Reference`] when there is no such workspace.
pub async fn insert(tx: &mut Tx, job: &Job) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO jobs (id, workspace, number, state, priority, kind, agent, folder, owner, creator, private, title, search, \
         waiting_since, announced, runner, fence, version, body, created_at, updated_at, position) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22)",
    )
    .bind(job.id.to_string())
    .bind(job.workspace.to_string())
    .bind(job.number)
    .bind(to_word("jobs", &job.state.word())?)
    .bind(job.priority as i64)
    .bind(to_word("jobs", &kind(job))?)
    .bind(job.agentic().map(|spec| spec.agent.clone()))
    .bind(job.folder.clone())
    .bind(job.access.owner.to_string())
    .bind(job.access.creator.to_string())
    .bind(i64::from(job.access.private))
    .bind(job.title.clone())
    .bind(search_text(job))
    .bind(job.waiting_for_runner().map(|since| since.0))
    .bind(i64::from(job.pending_uploads))
    .bind(job.claim().map(|claim| claim.runner.to_string()))
    .bind(job.fence)
    .bind(job.version)
    .bind(to_json("jobs", job)?)
    .bind(job.created_at.0)
    .bind(job.updated_at.0)
    .bind(job.position.clone())
    .execute(&mut **tx)
    .await?;
    write_team(tx, job).await?;
    write_domains(tx, job).await?;
    search::put_job(tx, job).await?;
    analytics::begin(tx, job).await?;
    if let Some(attempt) = &job.attempt {
        attempts::upsert(tx, attempt).await?;
    }
    Ok(())
}

/// Stores a changed job, its team, its labels and its latest attempt. The attempt's log is not touched.
///
/// # Errors
/// [`StoreError::Conflict`] when the stored job is not at `previous_version`, or is gone (INV-2).
pub async fn update(tx: &mut Tx, job: &Job, previous_version: i64) -> Result<(), StoreError> {
    let words = search_text(job);
    let same_words = search::is_same(tx, job.id, &words).await?;
    let done = sqlx::query(
        "UPDATE jobs SET state = $3, priority = $4, kind = $5, agent = $6, folder = $7, owner = $8, private = $9, title = $10, \
         search = $11, waiting_since = $12, runner = $13, fence = $14, version = $15, body = $16, updated_at = $17, position = $18 \
         WHERE id = $1 AND version = $2",
    )
    .bind(job.id.to_string())
    .bind(previous_version)
    .bind(to_word("jobs", &job.state.word())?)
    .bind(job.priority as i64)
    .bind(to_word("jobs", &kind(job))?)
    .bind(job.agentic().map(|spec| spec.agent.clone()))
    .bind(job.folder.clone())
    .bind(job.access.owner.to_string())
    .bind(i64::from(job.access.private))
    .bind(job.title.clone())
    .bind(words)
    .bind(job.waiting_for_runner().map(|since| since.0))
    .bind(job.claim().map(|claim| claim.runner.to_string()))
    .bind(job.fence)
    .bind(job.version)
    .bind(to_json("jobs", job)?)
    .bind(job.updated_at.0)
    .bind(job.position.clone())
    .execute(&mut **tx)
    .await?;
    if done.rows_affected() != 1 {
        return Err(StoreError::Conflict { seen: previous_version });
    }
    if !same_words {
        search::put_job(tx, job).await?;
    }
    analytics::moved(tx, job).await?;
    write_team(tx, job).await?;
    write_domains(tx, job).await?;
    if let Some(attempt) = &job.attempt {
        attempts::upsert(tx, attempt).await?;
    }
    Ok(())
}

/// Makes the stored team that of the job, members of the workspace only. Most changes of a job are not of its team, hence the look first.
async fn write_team(tx: &mut Tx, job: &Job) -> Result<(), StoreError> {
    let rows = sqlx::query("SELECT user_id, role FROM job_team WHERE job = $1")
        .bind(job.id.to_string())
        .fetch_all(&mut **tx)
        .await?;
    let stored = rows
        .iter()
        .map(|row| {
            let row = Row::new("job_team", row);
            Ok((row.id::<UserId>("user_id")?, row.text("role")?))
        })
        .collect::<Result<HashSet<_>, StoreError>>()?;
    let wanted = job
        .access
        .team
        .iter()
        .map(|member| Ok((member.user, to_word("job_team", &member.role)?)))
        .collect::<Result<HashSet<_>, StoreError>>()?;
    for (user, _) in stored.difference(&wanted) {
        sqlx::query("DELETE FROM job_team WHERE job = $1 AND user_id = $2")
            .bind(job.id.to_string())
            .bind(user.to_string())
            .execute(&mut **tx)
            .await?;
    }
    for (user, role) in wanted.difference(&stored) {
        sqlx::query(
            "INSERT INTO job_team (job, user_id, role) SELECT $1, m.user_id, $3 FROM members m WHERE m.workspace = $4 AND m.user_id = $2",
        )
        .bind(job.id.to_string())
        .bind(user.to_string())
        .bind(role.clone())
        .bind(job.workspace.to_string())
        .execute(&mut **tx)
        .await?;
    }
    Ok(())
}

async fn write_domains(tx: &mut Tx, job: &Job) -> Result<(), StoreError> {
    let rows = sqlx::query("SELECT domain FROM job_domains WHERE job = $1")
        .bind(job.id.to_string())
        .fetch_all(&mut **tx)
        .await?;
    let stored = rows
        .iter()
        .map(|row| Row::new("job_domains", row).text("domain"))
        .collect::<Result<HashSet<_>, _>>()?;
    let wanted: HashSet<String> = job.domains.iter().cloned().collect();
    for domain in stored.difference(&wanted) {
        sqlx::query("DELETE FROM job_domains WHERE job = $1 AND domain = $2")
            .bind(job.id.to_string())
            .bind(domain.clone())
            .execute(&mut **tx)
            .await?;
    }
    for domain in wanted.difference(&stored) {
        sqlx::query("INSERT INTO job_domains (job, domain) VALUES ($1, $2)")
            .bind(job.id.to_string())
            .bind(domain.clone())
            .execute(&mut **tx)
            .await?;
    }
    Ok(())
}

/// Removes a job with all that belongs to it, and returns the keys of its files: their contents are to be removed once this is
/// committed (JOB-11). Nothing happens when there is no such job.
///
/// # Errors
/// When the database fails; likewise for all below.
pub async fn delete(tx: &mut Tx, id: JobId) -> Result<Vec<files::Key>, StoreError> {
    let keys = files::keys_of_job(tx, id).await?;
    sqlx::query("DELETE FROM jobs WHERE id = $1")
        .bind(id.to_string())
        .execute(&mut **tx)
        .await?;
    Ok(keys)
}

/// A job with its latest attempt.
pub async fn get(conn: &mut Conn, id: JobId) -> Result<Option<Job>, StoreError> {
    let row = sqlx::query(select_jobs!("WHERE j.id = $1"))
        .bind(id.to_string())
        .fetch_optional(conn)
        .await?;
    row.as_ref().map(job).transpose()
}

/// A job by its number.
pub async fn by_number(conn: &mut Conn, workspace: WorkspaceId, number: i64) -> Result<Option<Job>, StoreError> {
    let row = sqlx::query(select_jobs!("WHERE j.workspace = $1 AND j.number = $2"))
        .bind(workspace.to_string())
        .bind(number)
        .fetch_optional(conn)
        .await?;
    row.as_ref().map(job).transpose()
}

/// Takes the next number of the workspace.
///
/// # Errors
/// [`StoreError::Reference`] when there is no such workspace.
pub async fn next_number(tx: &mut Tx, workspace: WorkspaceId) -> Result<i64, StoreError> {
    workspaces::take_job_number(tx, workspace).await
}

/// How many jobs of a workspace are neither done nor canceled.
///
/// # Errors
/// When the database fails.
pub async fn count_open(conn: &mut Conn, workspace: WorkspaceId) -> Result<i64, StoreError> {
    let row = sqlx::query("SELECT COUNT(*) AS open FROM jobs WHERE workspace = $1 AND state NOT IN ('done', 'canceled')")
        .bind(workspace.to_string())
        .fetch_one(conn)
        .await?;
    Row::new("jobs", &row).int("open")
}

/// The jobs that wait for a runner: with work to do, or with a merge to make. Longest waiting first.
///
/// # Errors
/// When the database fails; likewise for all below.
pub async fn waiting(conn: &mut Conn, workspace: WorkspaceId) -> Result<Vec<Job>, StoreError> {
    let rows = sqlx::query(select_jobs!(
        "WHERE j.workspace = $1 AND j.waiting_since IS NOT NULL ORDER BY j.waiting_since, j.number"
    ))
    .bind(workspace.to_string())
    .fetch_all(conn)
    .await?;
    rows.iter().map(job).collect()
}

/// All jobs, of every workspace, that a runner holds: as work, or as a merge.
pub async fn claimed(conn: &mut Conn) -> Result<Vec<Job>, StoreError> {
    let rows = sqlx::query(select_jobs!("WHERE j.runner IS NOT NULL ORDER BY j.id"))
        .fetch_all(conn)
        .await?;
    rows.iter().map(job).collect()
}

/// The jobs this runner holds.
pub async fn claimed_by(conn: &mut Conn, runner: RunnerId) -> Result<Vec<Job>, StoreError> {
    let rows = sqlx::query(select_jobs!("WHERE j.runner = $1 ORDER BY j.id"))
        .bind(runner.to_string())
        .fetch_all(conn)
        .await?;
    rows.iter().map(job).collect()
}

/// Jobs of a folder that are not over, oldest first, and whether each is private.
pub async fn in_folder(conn: &mut Conn, workspace: WorkspaceId, folder: &str) -> Result<Vec<(JobId, bool)>, StoreError> {
    let rows = sqlx::query(
        "SELECT id, private FROM jobs WHERE workspace = $1 AND folder = $2 AND state NOT IN ('done', 'canceled') ORDER BY number LIMIT 500",
    )
    .bind(workspace.to_string())
    .bind(folder.to_owned())
    .fetch_all(conn)
    .await?;
    let one = |row: &AnyRow| {
        let row = Row::new("jobs", row);
        Ok((row.id("id")?, row.flag("private")?))
    };
    rows.iter().map(one).collect()
}

/// Every job of a folder and of the folders in it, in whatever state, oldest first.
pub async fn within_folder(conn: &mut Conn, workspace: WorkspaceId, path: &str) -> Result<Vec<Job>, StoreError> {
    let inside = format!("{path}/");
    let rows = sqlx::query(select_jobs!(
        "WHERE j.workspace = $1 AND j.folder IS NOT NULL AND (j.folder = $2 OR SUBSTR(j.folder, 1, CAST($4 AS INTEGER)) = $3) ORDER BY j.number"
    ))
    .bind(workspace.to_string())
    .bind(path.to_owned())
    .bind(inside.clone())
    .bind(i64::try_from(inside.chars().count()).unwrap_or(i64::MAX))
    .fetch_all(conn)
    .await?;
    rows.iter().map(job).collect()
}

/// Stores a job whose folder is called otherwise, and that did not change else: quicker than [`update`], for many at once.
///
/// # Errors
/// [`StoreError::Conflict`] when the stored job is not at `previous_version`, or is gone (INV-2).
pub async fn refile(tx: &mut Tx, job: &Job, previous_version: i64) -> Result<(), StoreError> {
    let done = sqlx::query("UPDATE jobs SET folder = $3, version = $4, body = $5 WHERE id = $1 AND version = $2")
        .bind(job.id.to_string())
        .bind(previous_version)
        .bind(job.folder.clone())
        .bind(job.version)
        .bind(to_json("jobs", job)?)
        .execute(&mut **tx)
        .await?;
    if done.rows_affected() != 1 {
        return Err(StoreError::Conflict { seen: previous_version });
    }
    Ok(())
}

/// Jobs in Backlog that become Ready by themselves once their dependencies are done (DEP-5).
pub async fn auto_ready(conn: &mut Conn, workspace: WorkspaceId) -> Result<Vec<JobId>, StoreError> {
    let rows = sqlx::query(select_jobs!(
        "WHERE j.workspace = $1 AND j.state = 'backlog' AND EXISTS (SELECT 1 FROM dependencies d WHERE d.job = j.id) ORDER BY j.id"
    ))
    .bind(workspace.to_string())
    .fetch_all(conn)
    .await?;
    let jobs = rows.iter().map(job).collect::<Result<Vec<_>, _>>()?;
    Ok(jobs.into_iter().filter(|job| job.auto_ready).map(|job| job.id).collect())
}
