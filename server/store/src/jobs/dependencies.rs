//! Which job waits for which (DEP-1), and what a view of a job needs beside the job.

use super::JobId;
use crate::{Conn, StoreError, Tx, row::Row};
use coord_domain::job::Surroundings;
use coord_protocol::id::WorkspaceId;
use std::collections::HashMap;

/// How many ids go into one statement.
const CHUNK: usize = 50;

/// The statement's `IN` list for [`CHUNK`] ids.
macro_rules! ids {
    () => {
        "($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, \
         $26, $27, $28, $29, $30, $31, $32, $33, $34, $35, $36, $37, $38, $39, $40, $41, $42, $43, $44, $45, $46, $47, $48, $49, $50)"
    };
}

/// Runs a statement with an `IN` list of [`ids`] for at most [`CHUNK`] jobs; the list is filled up with its last id.
async fn for_ids(conn: &mut Conn, sql: &'static str, ids: &[JobId]) -> Result<Vec<sqlx::any::AnyRow>, StoreError> {
    let Some(last) = ids.last() else { return Ok(vec![]) };
    let mut query = sqlx::query(sql);
    for n in 0..CHUNK {
        query = query.bind(ids.get(n).unwrap_or(last).to_string());
    }
    Ok(query.fetch_all(conn).await?)
}

async fn ids_of(conn: &mut Conn, sql: &'static str, job: JobId) -> Result<Vec<JobId>, StoreError> {
    let rows = sqlx::query(sql).bind(job.to_string()).fetch_all(conn).await?;
    rows.iter().map(|row| Row::new("dependencies", row).id("id")).collect()
}

/// The jobs this one waits for, oldest first.
///
/// # Errors
/// When the database fails; likewise for all below.
pub async fn dependencies_of(conn: &mut Conn, job: JobId) -> Result<Vec<JobId>, StoreError> {
    ids_of(
        conn,
        "SELECT depends_on AS id FROM dependencies WHERE job = $1 ORDER BY depends_on",
        job,
    )
    .await
}

/// The jobs that wait for this one, oldest first.
pub async fn dependents_of(conn: &mut Conn, job: JobId) -> Result<Vec<JobId>, StoreError> {
    ids_of(conn, "SELECT job AS id FROM dependencies WHERE depends_on = $1 ORDER BY job", job).await
}

/// The numbers of the jobs this one waits for that are not Done (DEP-2), in their order.
pub async fn open_dependencies(conn: &mut Conn, job: JobId) -> Result<Vec<i64>, StoreError> {
    let rows = sqlx::query(
        "SELECT j.number FROM dependencies d JOIN jobs j ON j.id = d.depends_on WHERE d.job = $1 AND j.state <> 'done' ORDER BY j.number",
    )
    .bind(job.to_string())
    .fetch_all(conn)
    .await?;
    rows.iter().map(|row| Row::new("jobs", row).int("number")).collect()
}

/// All dependencies of a workspace, `(job, depends on)`.
pub async fn edges(conn: &mut Conn, workspace: WorkspaceId) -> Result<Vec<(JobId, JobId)>, StoreError> {
    let rows = sqlx::query(
        "SELECT d.job, d.depends_on FROM dependencies d JOIN jobs j ON j.id = d.job WHERE j.workspace = $1 ORDER BY d.job, d.depends_on",
    )
    .bind(workspace.to_string())
    .fetch_all(conn)
    .await?;
    rows.iter()
        .map(|row| {
            let row = Row::new("dependencies", row);
            Ok((row.id("job")?, row.id("depends_on")?))
        })
        .collect()
}

/// The workspace and number of each of these jobs that exists.
pub async fn numbers(conn: &mut Conn, jobs: &[JobId]) -> Result<HashMap<JobId, (WorkspaceId, i64)>, StoreError> {
    let mut numbers = HashMap::new();
    for chunk in jobs.chunks(CHUNK) {
        let rows = for_ids(conn, concat!("SELECT id, workspace, number FROM jobs WHERE id IN ", ids!()), chunk).await?;
        for row in &rows {
            let row = Row::new("jobs", row);
            numbers.insert(row.id("id")?, (row.id("workspace")?, row.int("number")?));
        }
    }
    Ok(numbers)
}

/// Makes `job` wait for `on`; whether it did not yet. Take [`crate::workspaces::lock`] first and check for a cycle in the same
/// transaction: two additions at once could close one that neither sees.
///
/// # Errors
/// [`StoreError::Reference`] when one of the jobs does not exist.
pub async fn add_dependency(tx: &mut Tx, job: JobId, on: JobId) -> Result<bool, StoreError> {
    let done = sqlx::query("INSERT INTO dependencies (job, depends_on) VALUES ($1, $2) ON CONFLICT (job, depends_on) DO NOTHING")
        .bind(job.to_string())
        .bind(on.to_string())
        .execute(&mut **tx)
        .await?;
    Ok(done.rows_affected() > 0)
}

/// Makes `job` no longer wait for `on`; whether it did.
///
/// # Errors
/// When the database fails; likewise for all below.
pub async fn remove_dependency(tx: &mut Tx, job: JobId, on: JobId) -> Result<bool, StoreError> {
    let done = sqlx::query("DELETE FROM dependencies WHERE job = $1 AND depends_on = $2")
        .bind(job.to_string())
        .bind(on.to_string())
        .execute(&mut **tx)
        .await?;
    Ok(done.rows_affected() > 0)
}

/// What views of these jobs need beside the jobs. The hold is not the store's to know and left out.
/// Dependencies and dependents are those of the job, whoever looks: leave out what the reader may not see ([`super::visible`]).
pub async fn surroundings(conn: &mut Conn, jobs: &[JobId]) -> Result<HashMap<JobId, Surroundings>, StoreError> {
    let mut around: HashMap<JobId, Surroundings> = jobs.iter().map(|id| (*id, Surroundings::default())).collect();
    for chunk in jobs.chunks(CHUNK) {
        let rows = for_ids(
            conn,
            concat!(
                "SELECT job, depends_on FROM dependencies WHERE job IN ",
                ids!(),
                " OR depends_on IN ",
                ids!(),
                " ORDER BY job, depends_on"
            ),
            chunk,
        )
        .await?;
        for row in &rows {
            let row = Row::new("dependencies", row);
            let (job, on): (JobId, JobId) = (row.id("job")?, row.id("depends_on")?);
            if chunk.contains(&job)
                && let Some(around) = around.get_mut(&job)
            {
                around.dependencies.push(on);
            }
            if chunk.contains(&on)
                && let Some(around) = around.get_mut(&on)
            {
                around.dependents.push(job);
            }
        }
        let rows = for_ids(
            conn,
            concat!(
                "SELECT a.job, a.log_head, \
                 CASE WHEN EXISTS (SELECT 1 FROM files f WHERE f.attempt = a.id AND f.kind = 'diff' AND f.state = 'stored') \
                 THEN 1 ELSE 0 END AS has_diff \
                 FROM attempts a WHERE a.number = (SELECT MAX(b.number) FROM attempts b WHERE b.job = a.job) AND a.job IN ",
                ids!()
            ),
            chunk,
        )
        .await?;
        for row in &rows {
            let row = Row::new("attempts", row);
            if let Some(around) = around.get_mut(&row.id::<JobId>("job")?) {
                around.log_head = row.int("log_head")?;
                around.has_diff = row.flag("has_diff")?;
            }
        }
    }
    Ok(around)
}
