//! The list of jobs as somebody may see it (ACC-4).

use super::{JobId, job, select_jobs};
use crate::{
    Conn, StoreError,
    row::{Row, to_word},
};
use coord_domain::{job::Job, rights::Who};
use coord_protocol::{
    id::{UserId, WorkspaceId},
    job::JobState,
    workspace::Role,
};
use std::collections::{BTreeSet, HashSet};

/// Which jobs. Empty and absent parts do not narrow.
#[derive(Debug, Clone)]
pub struct JobFilter {
    /// Jobs of this workspace.
    pub workspace: WorkspaceId,
    /// In one of these states.
    pub states: Vec<JobState>,
    /// With this label.
    pub domain: Option<String>,
    /// Naming this agent.
    pub agent: Option<String>,
    /// Owned by this person, or with them in the team.
    pub assignee: Option<UserId>,
    /// In this Backlog folder; in none when empty.
    pub folder: Option<String>,
    /// With this text in title or description, or with this number (`#12`).
    pub text: Option<String>,
    /// Who looks. A private job that they may not see is not found.
    pub viewer: Who,
    /// Most jobs in a page.
    pub limit: i64,
    /// Only jobs with a smaller number than this: [`JobPage::next`] of the page before.
    pub cursor: Option<i64>,
}

/// A page of jobs, newest (highest number) first. A number never changes, so paging neither repeats nor misses a job that was there.
#[derive(Debug, Clone, Default)]
pub struct JobPage {
    /// The jobs.
    pub items: Vec<Job>,
    /// Where the next page begins; `None` at the end.
    pub next: Option<i64>,
}

/// How far a look goes: the word the statements compare with. The same as `rights::may` with `Act::See` decides, which tests prove.
pub(crate) const fn reach(role: Role) -> i64 {
    match role {
        Role::Owner | Role::Admin => 2,
        Role::Member => 1,
        Role::Viewer => 0,
    }
}

/// Whom a pattern of `LIKE` would take for itself is marked with `!`.
fn pattern(text: &str) -> String {
    let mut pattern = String::from("%");
    for c in text.to_lowercase().chars() {
        if matches!(c, '%' | '_' | '!') {
            pattern.push('!');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

/// A page of the jobs that fit the filter.
///
/// # Errors
/// When the database fails.
pub async fn list(conn: &mut Conn, filter: &JobFilter) -> Result<JobPage, StoreError> {
    let Some(role) = filter.viewer.role else {
        return Ok(JobPage::default());
    };
    let all = [
        JobState::Backlog,
        JobState::Ready,
        JobState::InProgress,
        JobState::AwaitingReview,
        JobState::Done,
        JobState::Failed,
        JobState::Canceled,
    ];
    let states = if filter.states.is_empty() { &all[..] } else { &filter.states };
    let mut query = sqlx::query(select_jobs!(
        "WHERE j.workspace = $1 AND j.number < $2 \
         AND (j.private = 0 OR $3 = 2 OR ($3 = 1 AND (j.owner = $4 OR j.creator = $4)) \
              OR EXISTS (SELECT 1 FROM job_team t WHERE t.job = j.id AND t.user_id = $4)) \
         AND ($5 = '' OR EXISTS (SELECT 1 FROM job_domains d WHERE d.job = j.id AND d.domain = $5)) \
         AND ($6 = '' OR j.agent = $6) \
         AND ($7 = '' OR j.owner = $7 OR EXISTS (SELECT 1 FROM job_team t WHERE t.job = j.id AND t.user_id = $7)) \
         AND ($8 = 0 OR COALESCE(j.folder, '') = $9) \
         AND ($10 = '' OR j.search LIKE $10 ESCAPE '!') \
         AND j.state IN ($12, $13, $14, $15, $16, $17, $18) \
         ORDER BY j.number DESC LIMIT $11"
    ))
    .bind(filter.workspace.to_string())
    .bind(filter.cursor.unwrap_or(i64::MAX))
    .bind(reach(role))
    .bind(filter.viewer.user.to_string())
    .bind(filter.domain.clone().unwrap_or_default())
    .bind(filter.agent.clone().unwrap_or_default())
    .bind(filter.assignee.map(|user| user.to_string()).unwrap_or_default())
    .bind(i64::from(filter.folder.is_some()))
    .bind(filter.folder.clone().unwrap_or_default())
    .bind(
        filter
            .text
            .as_deref()
            .filter(|text| !text.is_empty())
            .map(pattern)
            .unwrap_or_default(),
    )
    .bind(filter.limit.saturating_add(1));
    for n in 0..all.len() {
        // Naming a state twice changes nothing.
        let state = states.get(n).or(states.first()).unwrap_or(&JobState::Backlog);
        query = query.bind(to_word("jobs", state)?);
    }
    let rows = query.fetch_all(conn).await?;
    let mut items = rows.iter().map(job).collect::<Result<Vec<_>, _>>()?;
    let more = i64::try_from(items.len()).is_ok_and(|count| count > filter.limit);
    items.truncate(usize::try_from(filter.limit).unwrap_or(0));
    let next = if more { items.last().map(|job| job.number) } else { None };
    Ok(JobPage { items, next })
}

/// Those of `jobs` that exist in the workspace for the viewer.
///
/// # Errors
/// When the database fails.
pub async fn visible(conn: &mut Conn, workspace: WorkspaceId, viewer: Who, jobs: &[JobId]) -> Result<HashSet<JobId>, StoreError> {
    let mut visible = HashSet::new();
    let Some(role) = viewer.role else {
        return Ok(visible);
    };
    for id in jobs {
        let row = sqlx::query(
            "SELECT j.id FROM jobs j WHERE j.id = $1 AND j.workspace = $2 \
             AND (j.private = 0 OR $3 = 2 OR ($3 = 1 AND (j.owner = $4 OR j.creator = $4)) \
                  OR EXISTS (SELECT 1 FROM job_team t WHERE t.job = j.id AND t.user_id = $4))",
        )
        .bind(id.to_string())
        .bind(workspace.to_string())
        .bind(reach(role))
        .bind(viewer.user.to_string())
        .fetch_optional(&mut *conn)
        .await?;
        if let Some(row) = row {
            visible.insert(Row::new("jobs", &row).id("id")?);
        }
    }
    Ok(visible)
}

/// The nearest position behind `position`, or before it, that a job has which the viewer may see. Others are passed over: a place beside
/// them would tell of them (ACC-4).
///
/// # Errors
/// When the database fails.
pub async fn next_position(
    conn: &mut Conn,
    workspace: WorkspaceId,
    viewer: Who,
    position: &str,
    behind: bool,
) -> Result<Option<String>, StoreError> {
    let Some(role) = viewer.role else { return Ok(None) };
    macro_rules! nearest {
        ($nearest:literal, $beyond:literal) => {
            concat!(
                "SELECT ",
                $nearest,
                "(j.position) AS position FROM jobs j WHERE j.workspace = $1 AND j.position ",
                $beyond,
                " $2 \
                 AND (j.private = 0 OR $3 = 2 OR ($3 = 1 AND (j.owner = $4 OR j.creator = $4)) \
                      OR EXISTS (SELECT 1 FROM job_team t WHERE t.job = j.id AND t.user_id = $4))"
            )
        };
    }
    let row = sqlx::query(if behind { nearest!("MIN", ">") } else { nearest!("MAX", "<") })
        .bind(workspace.to_string())
        .bind(position.to_owned())
        .bind(reach(role))
        .bind(viewer.user.to_string())
        .fetch_one(conn)
        .await?;
    Row::new("jobs", &row).opt_text("position")
}

/// Those of `numbers` that are jobs of the workspace for the viewer.
///
/// # Errors
/// When the database fails.
pub async fn visible_numbers(
    conn: &mut Conn,
    workspace: WorkspaceId,
    viewer: Who,
    numbers: &BTreeSet<i64>,
) -> Result<BTreeSet<i64>, StoreError> {
    let mut jobs = Vec::new();
    for number in numbers {
        let row = sqlx::query("SELECT id FROM jobs WHERE workspace = $1 AND number = $2")
            .bind(workspace.to_string())
            .bind(*number)
            .fetch_optional(&mut *conn)
            .await?;
        if let Some(row) = row {
            jobs.push((Row::new("jobs", &row).id::<JobId>("id")?, *number));
        }
    }
    let ids: Vec<_> = jobs.iter().map(|(id, _)| *id).collect();
    let visible = visible(conn, workspace, viewer, &ids).await?;
    Ok(jobs
        .into_iter()
        .filter(|(id, _)| visible.contains(id))
        .map(|(_, number)| number)
        .collect())
}
