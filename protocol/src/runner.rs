//! Runners: how they are listed, and the protocol between runner and server.
//!
//! The protocol is private to this project's programs. JSON text messages over `GET /api/v1/runner`, signed in by the runner's token.
//!
//! - The log is the one reliable channel. Everything that must not be lost travels as a numbered entry, is spooled to disk before it is
//!   sent and kept until [`ToRunner::Confirm`] names its number. Requests are opened by `request` entries; answers and messages count as
//!   delivered when the log says so, and are sent again after a break until then.
//! - Whatever concerns an attempt carries the fence of the claim. A stale fence is answered with [`ToRunner::Drop`].
//! - Large bodies (attachments, deliverables, diffs) travel over HTTP under `/api/v1/runner/…` with the header [`FENCE_HEADER`].

pub use crate::offer::{AgentInfo, AgentLimit, Serves, names};
use crate::{
    attempt::{BranchReport, FailureReason, Outcome, Review, Usage},
    id::{AttemptId, FileId, JobId, MessageId, RequestId, RunnerId, UserId, WorkspaceId},
    job::{Activity, BranchDecision, Context, Mode, ToolsPolicy},
    log::LogEntry,
    request::Answer,
    rule::Rule,
    time::Timestamp,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Newest version of the runner protocol spoken here.
pub const PROTOCOL: u32 = 1;

/// Header that carries the fence of a claim on the runner's HTTP calls.
pub const FENCE_HEADER: &str = "x-coord-fence";

/// Most bytes in one message, either way.
pub const MAX_MESSAGE: usize = 1024 * 1024;

/// WebSocket close code: the runner was removed or its token taken back. Its claims are gone.
pub const CLOSE_REVOKED: u16 = 4403;

/// WebSocket close code: another program has connected with the runner's token.
pub const CLOSE_DISPLACED: u16 = 4409;

/// Most entries in one [`FromRunner::Log`].
pub const MAX_BATCH: usize = 1000;

/// Prefix of runner tokens, so that scanners recognise them.
pub const TOKEN_PREFIX: &str = "coord_r_";

/// A claim the runner holds when it (re)connects.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HeldClaim {
    /// The attempt.
    pub attempt: AttemptId,
    /// The claim's fence.
    pub fence: i64,
}

/// How the work of an assignment ended, as the runner tells it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "result", rename_all = "snake_case")]
pub enum WorkResult {
    /// The agent ended its turn.
    Completed,
    /// The runner's retries are used up, or retrying is pointless.
    Failed {
        /// Typed reason.
        reason: FailureReason,
        /// Words for a person.
        detail: String,
        /// When trying again may help, where that was told.
        #[serde(default)]
        retry_at: Option<Timestamp>,
    },
    /// Stopped as asked by [`ToRunner::Stop`], or handed back by the runner's owner.
    Stopped,
    /// The repository does not answer; another try later may do.
    RepositoryUnreachable {
        /// What git said.
        detail: String,
    },
}

/// The end of an attempt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Finished {
    /// The attempt.
    pub attempt: AttemptId,
    /// The claim's fence.
    pub fence: i64,
    /// Number of the last log entry; the server accepts the end only when it has all of them.
    pub last_seq: i64,
    /// How it ended.
    #[serde(flatten)]
    pub result: WorkResult,
    /// The agent's summary: its last words, at most 16 KiB.
    pub summary: Option<String>,
    /// Totals.
    pub usage: Usage,
    /// Branch and commits, for a repository.
    pub branch: Option<BranchReport>,
    /// Agent's session, to resume in a later attempt on the same runner.
    pub session: Option<String>,
    /// Agent and model that really ran.
    pub agent: Option<AgentInfo>,
    /// Model that really ran, where the agent tells.
    pub model: Option<String>,
    /// Whether the agent was sandboxed; absent when none was started, or not told.
    #[serde(default)]
    pub sandboxed: Option<bool>,
}

/// How a merge ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "result", rename_all = "snake_case")]
pub enum MergeResult {
    /// The branch is part of the base branch on the remote (or was deleted, for [`BranchDecision::Close`]).
    Done {
        /// Tip of the base branch.
        commit: Option<String>,
    },
    /// A person has to solve it; nothing was changed.
    Conflict {
        /// Paths in conflict.
        paths: Vec<String>,
    },
    /// It could not be tried or pushed; nothing was changed.
    Failed {
        /// Words for a person.
        detail: String,
    },
}

/// A [`crate::job::Pause`] as a runner tells it: in durations, since its clock may be another than the server's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "pause", rename_all = "snake_case")]
pub enum PauseTold {
    /// The agent's process lives but says nothing.
    Silent {
        /// For how long already, in milliseconds.
        for_ms: i64,
    },
    /// The agent is started again by itself.
    Backoff {
        /// What went wrong.
        reason: FailureReason,
        /// In how many milliseconds.
        in_ms: i64,
        /// Which retry in a row that will be, counted from 1.
        retry: u32,
        /// After how many the attempt fails.
        limit: u32,
    },
}

/// Messages from a runner.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum FromRunner {
    /// First message on a connection.
    Hello {
        /// Highest protocol version the runner speaks.
        protocol: u32,
        /// Program version.
        version: String,
        /// `linux-x86_64` and the like.
        platform: String,
        /// What it can run.
        agents: Vec<AgentInfo>,
        /// Attempts at once.
        concurrency: u32,
        /// Work it still holds.
        held: Vec<HeldClaim>,
        /// Whether its owner takes no new work for now.
        #[serde(default)]
        paused: bool,
        /// Whom and what its owner lets it serve.
        #[serde(default)]
        serves: Serves,
    },
    /// At least every [`ToRunner::Welcome`]`.heartbeat_ms`.
    Heartbeat,
    /// Entries of one attempt, contiguous, from the first unconfirmed on.
    Log {
        /// The attempt.
        attempt: AttemptId,
        /// The claim's fence.
        fence: i64,
        /// At most [`MAX_BATCH`] and [`MAX_MESSAGE`].
        entries: Vec<LogEntry>,
    },
    /// What is going on now. Sent on each change and again after a reconnect.
    Activity {
        /// The attempt.
        attempt: AttemptId,
        /// The claim's fence.
        fence: i64,
        /// What.
        activity: Activity,
        /// Why the agent does nothing at the moment.
        #[serde(default)]
        pause: Option<PauseTold>,
    },
    /// The attempt ended; repeated until [`ToRunner::FinishConfirmed`].
    Finished(Box<Finished>),
    /// A merge ended; repeated until [`ToRunner::FinishConfirmed`].
    Merged {
        /// The assignment's `attempt`.
        attempt: AttemptId,
        /// The claim's fence.
        fence: i64,
        /// How.
        result: MergeResult,
    },
    /// The runner is about to stop: no new work, please.
    Draining,
    /// The runner's owner takes no new work for now, or takes it again.
    Paused {
        /// Which.
        paused: bool,
    },
    /// What it can run is not what hello said: an agent was installed or removed, or its version became known.
    Agents {
        /// All of them.
        agents: Vec<AgentInfo>,
    },
    /// The runner's owner answers a request on the runner's own screen (RUN-8). Stored as that person's answer when they may give it, then
    /// sent back as [`ToRunner::Answer`]; otherwise [`ToRunner::OwnerRefused`] follows.
    OwnerAnswer {
        /// The attempt.
        attempt: AttemptId,
        /// The claim's fence.
        fence: i64,
        /// Which request.
        request: RequestId,
        /// The answer.
        answer: Answer,
    },
    /// The runner's owner asks for the end of an attempt, whose job becomes Failed then. Done as that person's command when they may give
    /// it, and followed by [`ToRunner::Stop`]; otherwise by [`ToRunner::OwnerRefused`].
    OwnerStop {
        /// The attempt.
        attempt: AttemptId,
        /// The claim's fence.
        fence: i64,
        /// At once.
        kill: bool,
    },
}

/// Messages to a runner.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ToRunner {
    /// Answer to Hello.
    Welcome {
        /// Version both speak.
        protocol: u32,
        /// Who the runner is.
        runner: RunnerId,
        /// Its name.
        name: String,
        /// Longest pause between heartbeats.
        heartbeat_ms: u32,
        /// How long a claim holds without one.
        lease_ms: u32,
        /// Claims that still hold, with the last confirmed number. Held claims not listed here are lost: drop them.
        resume: Vec<ResumedClaim>,
    },
    /// Take this work. The claim is committed.
    Assign(Box<Assignment>),
    /// Merge or close a branch. The claim is committed.
    Merge(Box<MergeAssignment>),
    /// Entries up to and including `seq` are stored.
    Confirm {
        /// The attempt.
        attempt: AttemptId,
        /// Last stored number.
        seq: i64,
    },
    /// The end was stored; the spool may go.
    FinishConfirmed {
        /// The attempt.
        attempt: AttemptId,
    },
    /// The claim no longer holds: end the agent, keep unpushed work on disk, send nothing more.
    Drop {
        /// The attempt.
        attempt: AttemptId,
        /// The stale fence.
        fence: i64,
        /// Which rule.
        rule: Rule,
        /// Words for the runner's owner.
        detail: String,
    },
    /// A person answered. Sent again after a reconnect until the log holds the `answer` entry.
    Answer {
        /// The attempt.
        attempt: AttemptId,
        /// Which request.
        request: RequestId,
        /// The answer.
        answer: Answer,
        /// Name of who answered.
        by: String,
    },
    /// A person writes to the agent. Sent again after a reconnect until the log holds the `user_message` entry.
    Message {
        /// The attempt.
        attempt: AttemptId,
        /// Which message.
        message: MessageId,
        /// The words.
        body: String,
        /// End the current turn first.
        interrupt: bool,
        /// Name of the sender.
        from: String,
    },
    /// End the attempt: gracefully, or at once. Sent again after a reconnect.
    Stop {
        /// The attempt.
        attempt: AttemptId,
        /// At once.
        kill: bool,
        /// Without waiting for a tool call that runs: a graceful stop was asked for twice.
        #[serde(default)]
        hurry: bool,
    },
    /// What the runner's owner asked for on its screen was not done.
    OwnerRefused {
        /// The attempt.
        attempt: AttemptId,
        /// The request, when it was an answer.
        request: Option<RequestId>,
        /// Which rule.
        rule: Rule,
        /// Words for the runner's owner.
        detail: String,
    },
    /// The connection ends; the reason is for the runner's owner.
    Refused {
        /// Which rule.
        rule: Rule,
        /// Words.
        detail: String,
    },
}

/// A claim that still holds after a reconnect.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ResumedClaim {
    /// The attempt.
    pub attempt: AttemptId,
    /// Its fence.
    pub fence: i64,
    /// Last stored log number.
    pub confirmed_seq: i64,
}

/// A file to put into the working folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct InputFile {
    /// Fetched from `/api/v1/runner/attempts/{attempt}/files/{id}`, with the fence of the claim.
    pub id: FileId,
    /// A plain name.
    pub name: String,
    /// Bytes.
    pub size: i64,
    /// Hexadecimal SHA-256.
    pub sha256: String,
}

/// What an earlier attempt of the same job left (ATT-3).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct EarlierAttempt {
    /// Its number.
    pub number: i64,
    /// Its summary.
    pub summary: Option<String>,
    /// The verdict on it.
    pub review: Option<Review>,
    /// Tip of the branch at its end.
    pub head_commit: Option<String>,
}

/// A branch that an earlier job left in the repository the work is in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EarlierBranch {
    /// Its name.
    pub name: String,
    /// Its tip when that job's last attempt ended.
    pub commit: String,
}

/// What a job that this one waited for left (DEP-7).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Handover {
    /// Number of that job.
    pub number: i64,
    /// Its title.
    pub title: String,
    /// Summary of its last attempt, at most [`MAX_HANDED_SUMMARY`] bytes.
    pub summary: Option<String>,
    /// Its branch, when it worked in the same repository.
    pub branch: Option<EarlierBranch>,
    /// Its deliverables.
    pub files: Vec<InputFile>,
    /// How many deliverables are not among them, since they are too many or too large.
    #[serde(default)]
    pub files_left_out: u32,
}

/// Most bytes of a summary in a [`Handover`].
pub const MAX_HANDED_SUMMARY: usize = 8 * 1024;

/// Most deliverables handed over with one assignment.
pub const MAX_HANDED_FILES: usize = 200;

/// Most bytes of all deliverables handed over with one assignment.
pub const MAX_HANDED_BYTES: i64 = 256 * 1024 * 1024;

/// Work for a runner.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Assignment {
    /// The attempt.
    pub attempt: AttemptId,
    /// Number of the attempt.
    pub attempt_number: i64,
    /// The claim's fence.
    pub fence: i64,
    /// The job.
    pub job: JobId,
    /// Number of the job.
    pub number: i64,
    /// Name of the workspace.
    pub workspace: String,
    /// The job's title.
    pub title: String,
    /// Instructions, Markdown.
    pub description: String,
    /// Agent to start; resolved by the server from `any`.
    pub agent: String,
    /// Model wished for.
    pub model: Option<String>,
    /// Plan first or edit.
    pub mode: Mode,
    /// How permissions are answered.
    pub tools_policy: ToolsPolicy,
    /// Where to work.
    pub context: Context,
    /// Files to put into the folder.
    pub attachments: Vec<InputFile>,
    /// Earlier attempts, oldest first.
    pub earlier: Vec<EarlierAttempt>,
    /// What the jobs it waited for left, in the order of their numbers.
    #[serde(default)]
    pub dependencies: Vec<Handover>,
    /// Branch to go on with; otherwise the runner makes `coord/<number>-<slug>`.
    pub branch: Option<String>,
    /// Agent's session of the attempt before, when it ran on this runner.
    pub resume_session: Option<String>,
    /// Who submitted the job: name and address for commits.
    pub author: Author,
}

/// Name and address for commits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Author {
    /// Who.
    pub user: UserId,
    /// Name.
    pub name: String,
    /// Address.
    pub email: String,
}

/// A merge for a runner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MergeAssignment {
    /// The attempt that was approved.
    pub attempt: AttemptId,
    /// The claim's fence.
    pub fence: i64,
    /// The job.
    pub job: JobId,
    /// Number of the job.
    pub number: i64,
    /// Name of the workspace.
    #[serde(default)]
    pub workspace: String,
    /// Title, for the merge commit.
    pub title: String,
    /// Repository.
    pub url: String,
    /// Branch to merge into.
    pub base_branch: String,
    /// Branch to merge.
    pub branch: String,
    /// Commit that was reviewed; the merge is refused when the branch has moved.
    pub head_commit: String,
    /// Merge, or delete the branch.
    pub decision: BranchDecision,
    /// Who approved.
    pub author: Author,
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn run_9_a_runner_that_tells_of_no_limits_has_none() {
        let hello = r#"{"type":"hello","protocol":1,"version":"0","platform":"x","agents":[],"concurrency":1,"held":[]}"#;
        let FromRunner::Hello { serves, .. } = serde_json::from_str(hello).unwrap() else {
            panic!()
        };
        assert_eq!(serves, Serves::default());
    }
}
