//! Runners as the API lists and makes them (RUN-3, RUN-4).

use super::{AgentInfo, Serves};
use crate::{
    attempt::{FailureReason, Outcome},
    id::{AttemptId, JobId, RunnerId, WorkspaceId},
    time::Timestamp,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Status of a runner (RUN-4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RunnerStatus {
    /// Not connected.
    Offline,
    /// Connected, nothing to do.
    Idle,
    /// Works.
    Active,
    /// Switched off for this workspace.
    Disabled,
}

/// A runner as its owner or a workspace sees it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RunnerView {
    /// The runner.
    pub id: RunnerId,
    /// 1 to 80 characters.
    pub name: String,
    /// Whose it is.
    pub owner: crate::account::Person,
    /// Whether others' jobs may use it.
    pub shared: bool,
    /// How it is.
    pub status: RunnerStatus,
    /// What it can run, as last told.
    pub agents: Vec<AgentInfo>,
    /// Platform, as last told.
    pub platform: Option<String>,
    /// Program version, as last told.
    pub version: Option<String>,
    /// Attempts at once, as last told.
    pub concurrency: u32,
    /// Attempts running now, in all workspaces.
    pub running: u32,
    /// Attempts ever taken.
    pub lifetime_jobs: i64,
    /// When it was last heard of.
    pub last_seen_at: Option<Timestamp>,
}

/// A runner's own page: `GET /workspaces/{ws}/runners/{runner}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RunnerDetail {
    /// As it is listed.
    pub runner: RunnerView,
    /// Workspaces it serves, those that you are in too.
    pub workspaces: Vec<ServedWorkspace>,
    /// Its latest attempts in this workspace, newest first, at most 50, of jobs that you may see.
    pub recent: Vec<RunnerAttempt>,
    /// What the configuration on its machine keeps out, as last told. For its owner alone.
    pub serves: Option<Serves>,
}

/// A workspace that a runner serves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ServedWorkspace {
    /// The workspace.
    pub id: WorkspaceId,
    /// Its name.
    pub name: String,
    /// Its name in addresses.
    pub slug: String,
    /// Whether the runner is switched off there.
    pub disabled: bool,
}

/// A round of work that a runner did or does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RunnerAttempt {
    /// The attempt.
    pub attempt: AttemptId,
    /// 1, 2, 3…
    pub attempt_number: i64,
    /// Its job.
    pub job: JobId,
    /// Number of the job.
    pub number: i64,
    /// Title of the job.
    pub title: String,
    /// Agent that did it.
    pub agent: Option<String>,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended; open without.
    pub ended_at: Option<Timestamp>,
    /// How it ended.
    pub outcome: Option<Outcome>,
    /// Why it failed.
    pub failure: Option<FailureReason>,
}

/// Body of `POST /runners`.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRunner {
    /// 1 to 80 characters.
    pub name: String,
    /// Defaults to false.
    #[serde(default)]
    pub shared: bool,
}

/// Answer of `POST /runners`: the only time the token is shown.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct CreatedRunner {
    /// The runner.
    pub id: RunnerId,
    /// Its secret.
    pub token: String,
}

/// Body of `PATCH /runners/{runner}`.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PatchRunner {
    /// New name.
    #[serde(default)]
    pub name: Option<String>,
    /// Share or not.
    #[serde(default)]
    pub shared: Option<bool>,
}
