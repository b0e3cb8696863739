//! Registered runners (RUN-1, RUN-3). Only a hash of the token is stored; whether one is connected is known to its actor alone.

use crate::{
    Conn, StoreError, Tx,
    row::{Row, to_json},
};
use coord_protocol::{
    account::Person,
    id::{RunnerId, UserId, WorkspaceId},
    runner::AgentInfo,
    time::Timestamp,
};

/// A runner as it was last heard of.
#[derive(Debug, Clone, PartialEq)]
pub struct Runner {
    /// The runner.
    pub id: RunnerId,
    /// Whose it is.
    pub owner: Person,
    /// Its name.
    pub name: String,
    /// Whether others' jobs may use it.
    pub shared: bool,
    /// What it can run.
    pub agents: Vec<AgentInfo>,
    /// Platform.
    pub platform: Option<String>,
    /// Program version.
    pub version: Option<String>,
    /// Attempts at once.
    pub concurrency: i64,
    /// Attempts ever taken.
    pub lifetime_jobs: i64,
    /// When it was last heard of.
    pub last_seen_at: Option<Timestamp>,
    /// When it was registered.
    pub created_at: Timestamp,
    /// Claims it holds now, in all workspaces.
    pub claims: i64,
}

/// What a runner tells of itself when it connects.
#[derive(Debug, Clone)]
pub struct Report {
    /// What it can run.
    pub agents: Vec<AgentInfo>,
    /// Platform.
    pub platform: String,
    /// Program version.
    pub version: String,
    /// Attempts at once.
    pub concurrency: i64,
}

fn runner(row: &Row<'_>) -> Result<Runner, StoreError> {
    Ok(Runner {
        id: row.id("id")?,
        owner: Person {
            id: row.id("owner")?,
            name: row.text("owner_name")?,
        },
        name: row.text("name")?,
        shared: row.flag("shared")?,
        agents: row.json("agents")?,
        platform: row.opt_text("platform")?,
        version: row.opt_text("version")?,
        concurrency: row.int("concurrency")?,
        lifetime_jobs: row.int("lifetime_jobs")?,
        last_seen_at: row.opt_time("last_seen_at")?,
        created_at: row.time("created_at")?,
        claims: row.int("claims")?,
    })
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT r.id, r.owner, u.name AS owner_name, r.name, r.shared, r.agents, r.platform, r.version, r.concurrency, r.lifetime_jobs, ",
            "r.last_seen_at, r.created_at, (SELECT COUNT(*) FROM jobs j WHERE j.runner = r.id) AS claims ",
            "FROM runners r JOIN users u ON u.id = r.owner ",
            $rest
        )
    };
}

/// Registers a runner that was never heard of.
///
/// # Errors
/// When the database fails; likewise for all below.
pub async fn insert(
    tx: &mut Tx,
    id: RunnerId,
    owner: UserId,
    name: &str,
    shared: bool,
    token_hash: &str,
    at: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO runners (id, owner, name, shared, token_hash, agents, concurrency, lifetime_jobs, created_at) \
         VALUES ($1, $2, $3, $4, $5, '[]', 0, 0, $6)",
    )
    .bind(id.to_string())
    .bind(owner.to_string())
    .bind(name.to_owned())
    .bind(i64::from(shared))
    .bind(token_hash.to_owned())
    .bind(at.0)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// A runner.
pub async fn get(conn: &mut Conn, id: RunnerId) -> Result<Option<Runner>, StoreError> {
    let row = sqlx::query(select!("WHERE r.id = $1"))
        .bind(id.to_string())
        .fetch_optional(conn)
        .await?;
    row.map(|row| runner(&Row::new("runners", &row))).transpose()
}

/// The runner with this token.
pub async fn by_hash(conn: &mut Conn, token_hash: &str) -> Result<Option<Runner>, StoreError> {
    let row = sqlx::query(select!("WHERE r.token_hash = $1"))
        .bind(token_hash.to_owned())
        .fetch_optional(conn)
        .await?;
    row.map(|row| runner(&Row::new("runners", &row))).transpose()
}

/// An account's runners in the order they were registered: at most `limit`, those after `after`.
pub async fn list(conn: &mut Conn, owner: UserId, after: Option<RunnerId>, limit: i64) -> Result<Vec<Runner>, StoreError> {
    let rows = sqlx::query(select!("WHERE r.owner = $1 AND r.id > $2 ORDER BY r.id LIMIT $3"))
        .bind(owner.to_string())
        .bind(after.map(|id| id.to_string()).unwrap_or_default())
        .bind(limit)
        .fetch_all(conn)
        .await?;
    rows.iter().map(|row| runner(&Row::new("runners", row))).collect()
}

/// The runners that serve a workspace (RUN-1: those of its members, viewers excepted), in the order they were registered: at most `limit`,
/// those after `after`, each with whether it is disabled there.
pub async fn serving(
    conn: &mut Conn,
    workspace: WorkspaceId,
    after: Option<RunnerId>,
    limit: i64,
) -> Result<Vec<(Runner, bool)>, StoreError> {
    let rows = sqlx::query(select!(
        "JOIN members m ON m.user_id = r.owner WHERE m.workspace = $1 AND m.role <> 'viewer' AND r.id > $2 ORDER BY r.id LIMIT $3"
    ))
    .bind(workspace.to_string())
    .bind(after.map(|id| id.to_string()).unwrap_or_default())
    .bind(limit)
    .fetch_all(&mut *conn)
    .await?;
    let disabled = disabled(conn, workspace).await?;
    rows.iter()
        .map(|row| {
            let runner = runner(&Row::new("runners", row))?;
            let off = disabled.contains(&runner.id);
            Ok((runner, off))
        })
        .collect()
}

/// Runners that are disabled in a workspace (RUN-3).
pub async fn disabled(conn: &mut Conn, workspace: WorkspaceId) -> Result<Vec<RunnerId>, StoreError> {
    let rows = sqlx::query("SELECT runner FROM runner_disabled WHERE workspace = $1")
        .bind(workspace.to_string())
        .fetch_all(conn)
        .await?;
    rows.iter().map(|row| Row::new("runner_disabled", row).id("runner")).collect()
}

/// Disables or enables a runner in a workspace; whether that changed anything.
pub async fn set_disabled(tx: &mut Tx, workspace: WorkspaceId, id: RunnerId, disabled: bool) -> Result<bool, StoreError> {
    let sql = if disabled {
        "INSERT INTO runner_disabled (workspace, runner) VALUES ($1, $2) ON CONFLICT DO NOTHING"
    } else {
        "DELETE FROM runner_disabled WHERE workspace = $1 AND runner = $2"
    };
    Ok(sqlx::query(sql)
        .bind(workspace.to_string())
        .bind(id.to_string())
        .execute(&mut **tx)
        .await?
        .rows_affected()
        > 0)
}

/// Renames and shares; absent values stay. Whether it is the account's runner.
pub async fn update(tx: &mut Tx, owner: UserId, id: RunnerId, name: Option<&str>, shared: Option<bool>) -> Result<bool, StoreError> {
    let done = sqlx::query("UPDATE runners SET name = COALESCE($3, name), shared = COALESCE($4, shared) WHERE id = $1 AND owner = $2")
        .bind(id.to_string())
        .bind(owner.to_string())
        .bind(name.map(str::to_owned))
        .bind(shared.map(i16::from))
        .execute(&mut **tx)
        .await?;
    Ok(done.rows_affected() > 0)
}

/// Removes an account's runner; whether it had it.
pub async fn delete(tx: &mut Tx, owner: UserId, id: RunnerId) -> Result<bool, StoreError> {
    let done = sqlx::query("DELETE FROM runners WHERE id = $1 AND owner = $2")
        .bind(id.to_string())
        .bind(owner.to_string())
        .execute(&mut **tx)
        .await?;
    Ok(done.rows_affected() > 0)
}

/// Notes what a runner told of itself.
pub async fn report(tx: &mut Tx, id: RunnerId, report: &Report, at: Timestamp) -> Result<(), StoreError> {
    sqlx::query("UPDATE runners SET agents = $2, platform = $3, version = $4, concurrency = $5, last_seen_at = $6 WHERE id = $1")
        .bind(id.to_string())
        .bind(to_json("runners", &report.agents)?)
        .bind(report.platform.clone())
        .bind(report.version.clone())
        .bind(report.concurrency)
        .bind(at.0)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Notes which agents a runner has now.
pub async fn tell_agents(tx: &mut Tx, id: RunnerId, agents: &[AgentInfo]) -> Result<(), StoreError> {
    sqlx::query("UPDATE runners SET agents = $2 WHERE id = $1")
        .bind(id.to_string())
        .bind(to_json("runners", &agents)?)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Notes when a runner was last heard of.
pub async fn seen(tx: &mut Tx, id: RunnerId, at: Timestamp) -> Result<(), StoreError> {
    sqlx::query("UPDATE runners SET last_seen_at = $2 WHERE id = $1")
        .bind(id.to_string())
        .bind(at.0)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Counts an attempt that the runner took.
pub async fn count_attempt(tx: &mut Tx, id: RunnerId) -> Result<(), StoreError> {
    sqlx::query("UPDATE runners SET lifetime_jobs = lifetime_jobs + 1 WHERE id = $1")
        .bind(id.to_string())
        .execute(&mut **tx)
        .await?;
    Ok(())
}
