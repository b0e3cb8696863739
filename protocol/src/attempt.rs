//! Attempts: rounds of work on a job (ATT-1).

use crate::{
    account::Person,
    id::{AttemptId, JobId, MessageId, RunnerId},
    job::LineComment,
    log::{ToolKind, ToolStatus},
    time::Timestamp,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How an attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The work was handed in.
    Completed,
    /// A reviewer sent it back.
    ChangesRequested,
    /// A reviewer accepted it.
    Approved,
    /// It could not be done.
    Failed,
    /// A person stopped it.
    Canceled,
    /// The runner went away and its lease lapsed.
    Lost,
}

/// Why an attempt failed, typed so that screens can say what to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FailureReason {
    /// The agent's process ended without finishing its turn.
    AgentCrashed,
    /// The agent's command could not be started.
    AgentNotStarted,
    /// The agent said something that is not ACP.
    AgentProtocol,
    /// The agent did not answer in time at its start.
    AgentSilent,
    /// The agent wants somebody to sign in on the runner's machine.
    NotSignedIn,
    /// The agent ended its turn with an error of another kind.
    AgentError,
    /// The agent will not do it.
    Refused,
    /// The model's service allows no more for now. [`Attempt::retry_at`] says when it does again, where it was told.
    RateLimited,
    /// The model's service failed or was overloaded.
    ServiceError,
    /// The model's service, or the Coord server, could not be reached from the runner's machine.
    Network,
    /// The agent's process lived but said nothing for longer than the runner's owner allows.
    Stalled,
    /// The agent reached a limit of the runner's owner: processes, memory, time.
    ResourceLimit,
    /// The repository or its branch could not be used.
    Git,
    /// The runner's disk is full or not writable.
    Disk,
    /// The runner's owner does not allow it (RUN-9).
    Policy,
    /// Anything else; the detail says what.
    #[serde(other)]
    Other,
}

/// Tokens, money and time of an attempt.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct Usage {
    /// Tokens read by the model.
    pub input_tokens: i64,
    /// Tokens written by the model.
    pub output_tokens: i64,
    /// In US dollars, where the agent tells.
    pub cost_usd: Option<f64>,
    /// Wall time of the agent in milliseconds.
    pub wall_ms: i64,
}

/// A commit on the attempt's branch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Commit {
    /// Full hexadecimal id.
    pub id: String,
    /// First line of the message.
    pub subject: String,
}

/// What the attempt did in the repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BranchReport {
    /// `coord/<number>-<slug>`.
    pub name: String,
    /// Commit the branch started from.
    pub base_commit: String,
    /// Tip of the branch when the attempt ended.
    pub head_commit: String,
    /// Whether the tip is on the remote. False when there was nothing to push.
    pub pushed: bool,
    /// Commits since the base, oldest first, at most 200.
    pub commits: Vec<Commit>,
    /// Files changed since the base.
    pub files_changed: u32,
    /// Lines added since the base.
    pub insertions: u32,
    /// Lines removed since the base.
    pub deletions: u32,
    /// Whether it would merge, as seen when the attempt ended. Absent when there was nothing to merge or it could not be found out.
    #[serde(default)]
    pub merge_check: Option<Box<MergeCheck>>,
    /// Changed files that tell agents what to do or what to start: instructions, settings, hooks, tools; at most 50. Whoever takes the
    /// change obeys them too.
    #[serde(default)]
    pub agent_files: Vec<String>,
}

/// A merge that was tried and not made (REV-2): what the reviewer should know before approving.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MergeCheck {
    /// Branch it would be merged into.
    pub base_branch: String,
    /// Tip of that branch at the time.
    pub base_commit: String,
    /// Paths in conflict, at most 200; none when it merges cleanly.
    pub conflicts: Vec<String>,
}

/// A reviewer's verdict on an attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Review {
    /// Who.
    pub by: Person,
    /// When.
    pub at: Timestamp,
    /// Approved or sent back.
    pub approved: bool,
    /// The reviewer's words.
    pub body: String,
    /// Comments on lines.
    pub comments: Vec<LineComment>,
}

/// A round of work on a job.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Attempt {
    /// The attempt.
    pub id: AttemptId,
    /// Its job.
    pub job: JobId,
    /// 1, 2, 3…
    pub number: i64,
    /// Who did it, for a user job.
    pub person: Option<Person>,
    /// Which runner did it.
    pub runner: Option<RunnerId>,
    /// That runner's name at the time.
    pub runner_name: Option<String>,
    /// Agent that did it.
    pub agent: Option<String>,
    /// Model that did it.
    pub model: Option<String>,
    /// Whether the agent was sandboxed, once the attempt has ended and where its runner told.
    #[serde(default)]
    pub sandboxed: Option<bool>,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended; open without.
    pub ended_at: Option<Timestamp>,
    /// How it ended.
    pub outcome: Option<Outcome>,
    /// Why it failed.
    pub failure: Option<FailureReason>,
    /// When trying again may help, where that was told: the end of a rate limit.
    #[serde(default)]
    pub retry_at: Option<Timestamp>,
    /// The worker's own summary, or what went wrong.
    pub summary: Option<String>,
    /// Tokens, cost, time.
    pub usage: Usage,
    /// Branch and commits.
    pub branch: Option<BranchReport>,
    /// The verdict.
    pub review: Option<Review>,
    /// Whether a whole diff is stored.
    pub has_diff: bool,
    /// Highest sequence number of the log.
    pub log_head: i64,
    /// The tool the agent used last, while the attempt runs and the server has heard of one since its start.
    #[serde(default)]
    pub last_tool: Option<LastTool>,
}

/// The tool call that an agent began or went on with last: for a glance, the log has it whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LastTool {
    /// The agent's words for it: one line of at most [`LAST_TOOL_TITLE`] characters, without control characters or turned directions.
    pub title: String,
    /// Kind of tool.
    pub tool: ToolKind,
    /// Where it stands.
    pub status: ToolStatus,
    /// When the runner wrote it down.
    pub at: Timestamp,
}

/// Most characters of [`LastTool::title`].
pub const LAST_TOOL_TITLE: usize = 120;

/// Body of `POST /attempts/{attempt}/messages` (AGT-5).
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewMessage {
    /// 1 character to 16 KiB.
    pub body: String,
    /// End the current turn first instead of waiting for it.
    #[serde(default)]
    pub interrupt: bool,
}

/// A message to a working agent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Message {
    /// The message.
    pub id: MessageId,
    /// Its attempt.
    pub attempt: AttemptId,
    /// Who sent it.
    pub from: Person,
    /// The words.
    pub body: String,
    /// Whether it interrupts.
    pub interrupt: bool,
    /// When it was sent.
    pub created_at: Timestamp,
}
