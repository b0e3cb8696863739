//! Jobs: the one unit of work.

use crate::{
    account::Person,
    attempt::{Attempt, FailureReason},
    id::{JobId, RunnerId, UserId, WorkspaceId},
    time::Timestamp,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Where a job is in its life (JOB-3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    /// Being planned. The Board calls this column Staged.
    Backlog,
    /// May be started or claimed.
    Ready,
    /// An attempt is running.
    InProgress,
    /// A result waits for a reviewer.
    AwaitingReview,
    /// Finished and accepted.
    Done,
    /// Automatic retries are used up.
    Failed,
    /// Given up by a person.
    Canceled,
}

/// What is going on inside In Progress and Awaiting Review (JOB-4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Activity {
    /// The runner makes the working folder.
    Preparing,
    /// The agent works.
    Running,
    /// The agent asked a question.
    WaitingForAnswer,
    /// The agent asked for permission.
    WaitingForPermission,
    /// The agent wrote a plan that a person must accept.
    WaitingForPlan,
    /// Backing off after a transient error.
    Retrying,
    /// A stop was asked for.
    Stopping,
    /// Results are committed, pushed and uploaded.
    Packaging,
    /// Approved; the branch is being merged.
    Merging,
    /// Approved, but the merge cannot be made; see the review.
    MergeBlocked,
    /// Approved, but required checks failed.
    ChecksFailed,
}

/// Why an agent at work does nothing at the moment (AGT-7). Nobody is needed for it to go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "pause", rename_all = "snake_case")]
pub enum Pause {
    /// Its process lives but has said nothing since then. It may be thinking, or hang: people decide.
    Silent {
        /// When it last said something.
        since: Timestamp,
    },
    /// It broke off, or ran into a limit, and is started again by itself.
    Backoff {
        /// What went wrong.
        reason: FailureReason,
        /// When it is started again.
        until: Timestamp,
        /// Which retry in a row that will be, counted from 1.
        retry: u32,
        /// After how many the attempt fails.
        limit: u32,
    },
}

/// How urgent a job is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the words say it")]
pub enum Priority {
    NoRush,
    Low,
    Medium,
    High,
    Vip,
}

/// Who does the job: an agent, or people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum JobKind {
    /// Names an agent (or any).
    Agentic,
    /// Done by people.
    User,
}

/// Whether the agent may edit at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// A plan first; edits only after a person accepted it (AGT-2).
    Plan,
    /// Edits from the start.
    Edit,
}

/// How permission requests of the agent are answered (AGT-3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ToolsPolicy {
    /// People answer.
    RequirePermission,
    /// The runner answers at once; still logged.
    ApproveAll,
}

/// Which runners may take the job (RUN-2). On the wire a string: `mine`, `team`, `any` or `runner:<id>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Routing {
    /// The submitter's own runners.
    #[default]
    Mine,
    /// Shared runners of the job's team.
    Team,
    /// Mine or any shared one.
    Any,
    /// One named runner.
    Runner(RunnerId),
}

impl Serialize for Routing {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Mine => serializer.serialize_str("mine"),
            Self::Team => serializer.serialize_str("team"),
            Self::Any => serializer.serialize_str("any"),
            Self::Runner(id) => serializer.serialize_str(&format!("runner:{id}")),
        }
    }
}

impl<'de> Deserialize<'de> for Routing {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        match text.as_ref() {
            "mine" => Ok(Self::Mine),
            "team" => Ok(Self::Team),
            "any" => Ok(Self::Any),
            other => other
                .strip_prefix("runner:")
                .and_then(|id| id.parse().ok())
                .map(Self::Runner)
                .ok_or_else(|| serde::de::Error::custom("expected `mine`, `team`, `any` or `runner:<id>`")),
        }
    }
}

impl utoipa::PartialSchema for Routing {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        utoipa::openapi::schema::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::String)
            .description(Some("`mine`, `team`, `any` or `runner:<id>`"))
            .into()
    }
}

impl ToSchema for Routing {}

/// Where an agentic job works.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields, from = "StrictContext")]
pub enum Context {
    /// A folder of its own on the runner's machine.
    Local,
    /// A git repository and the branch the work starts from and is merged into.
    Repository {
        /// What the runner clones: an https or ssh URL, or a path where the runner's owner allows paths.
        url: String,
        /// Branch to start from.
        base_branch: String,
    },
}

/// [`Context`] as it is read: of a variant without braces, serde would let unknown fields pass.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
enum StrictContext {
    Local {},
    Repository { url: String, base_branch: String },
}

impl From<StrictContext> for Context {
    fn from(read: StrictContext) -> Self {
        match read {
            StrictContext::Local {} => Self::Local,
            StrictContext::Repository { url, base_branch } => Self::Repository { url, base_branch },
        }
    }
}

/// Role in a job's team (ACC-3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TeamRole {
    /// Sees a private job.
    Viewer,
    /// Works on it.
    Editor,
    /// Decides on it.
    Lead,
}

/// One entry of a job's team.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TeamMember {
    /// The account; a member of the workspace.
    pub user: UserId,
    /// Role in the team.
    pub role: TeamRole,
}

/// Why a Ready agentic job is not running (JOB-9), with what would lift it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "reason", rename_all = "snake_case")]
pub enum Hold {
    /// Jobs it depends on are not done.
    DependenciesOpen {
        /// Their numbers.
        jobs: Vec<i64>,
        /// Whether there are others that you may not see.
        #[serde(default)]
        hidden: bool,
    },
    /// Attachments are still being uploaded.
    UploadsPending {
        /// How many.
        files: u32,
    },
    /// Nobody eligible is online.
    NoRunner {
        /// Runner by runner why not; empty when there is none at all.
        runners: Vec<RunnerObstacle>,
    },
    /// Every eligible runner is at its limit.
    RunnersBusy {
        /// Numbers of the jobs that hold the slots, as far as the workspace's own.
        jobs: Vec<i64>,
        /// Runner by runner why not.
        #[serde(default)]
        runners: Vec<RunnerObstacle>,
    },
    /// Waits its turn.
    Queued {
        /// 1 is next.
        position: u32,
    },
    /// The runner could not reach the repository; it is tried again.
    RepositoryUnreachable {
        /// What git said.
        detail: String,
        /// When the next runner may try.
        retry_at: Timestamp,
    },
}

/// Why one runner does not take a job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RunnerObstacle {
    /// The runner.
    pub runner: RunnerId,
    /// Its name.
    pub name: String,
    /// Why not.
    pub why: Obstacle,
}

/// The kinds of reason why a runner does not take a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Obstacle {
    /// Not connected.
    Offline,
    /// Switched off for this workspace.
    Disabled,
    /// Does not have the agent.
    WrongAgent,
    /// Belongs to somebody else and is not shared.
    NotShared,
    /// The job is routed elsewhere.
    Routing,
    /// The configuration on its machine does not let it serve this workspace, person or repository (RUN-9).
    Policy,
    /// Connected, and takes nothing new: it is about to stop, or its owner has it pause.
    Stopping,
    /// Works on as much as it takes at once.
    Busy,
}

/// What a person may do with one job, beside seeing it (ACC-3). Whether the job's state allows it is another question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum JobAct {
    /// Add notes, upload.
    Contribute,
    /// Make ready, start, stop, retry, complete, review, answer agents.
    Operate,
    /// Edit details, dependencies, privacy; cancel, delete.
    Manage,
    /// Change who is in its team.
    ManageTeam,
    /// Retract notes.
    Administer,
}

/// A job as those see it who may.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Job {
    /// The job.
    pub id: JobId,
    /// `#12`, per workspace.
    pub number: i64,
    /// Its workspace.
    pub workspace: WorkspaceId,
    /// 1 to 200 characters, one line.
    pub title: String,
    /// Markdown; the agent's instructions. At most 64 KiB.
    pub description: String,
    /// Agentic or user.
    pub kind: JobKind,
    /// Where it is in its life.
    pub state: JobState,
    /// What is going on inside the state.
    pub activity: Option<Activity>,
    /// Why its agent does nothing at the moment.
    #[serde(default)]
    pub pause: Option<Pause>,
    /// Why it is not running.
    pub hold: Option<Hold>,
    /// Name of an agent in the runner's configuration, or `any`. Absent for user jobs.
    pub agent: Option<String>,
    /// Model wished for.
    pub model: Option<String>,
    /// Plan first or edit at once. Agentic only.
    pub mode: Option<Mode>,
    /// How permissions are answered. Agentic only.
    pub tools_policy: Option<ToolsPolicy>,
    /// Which runners may take it. Agentic only.
    pub routing: Option<Routing>,
    /// Where it works. Agentic only.
    pub context: Option<Context>,
    /// How urgent it is.
    pub priority: Priority,
    /// Labels, at most 20.
    pub domains: Vec<String>,
    /// Backlog folder: names with `/` between them, at most five of 1 to 60 characters.
    pub folder: Option<String>,
    /// Where it stands in the Backlog: strings that sort by their bytes. Set by `after` and `before` of a change.
    #[serde(default)]
    #[schema(required)]
    pub position: String,
    /// Seen by its team, owner, creator and the workspace's admins only.
    pub private: bool,
    /// Who answers for it.
    pub owner: Person,
    /// Who made it.
    pub creator: Person,
    /// Become Ready by itself when all dependencies are done (DEP-5).
    pub auto_ready: bool,
    /// Local context: ask for review instead of becoming Done at once.
    pub review: bool,
    /// Jobs this one waits for.
    pub dependencies: Vec<JobId>,
    /// Jobs that wait for this one.
    pub dependents: Vec<JobId>,
    /// Copy of this job (JOB-12).
    pub duplicate_of: Option<JobId>,
    /// What blocks the merge, when `activity` is `merge_blocked` or `checks_failed`.
    pub merge_problem: Option<String>,
    /// The latest attempt.
    pub attempt: Option<Attempt>,
    /// What you may do with it, by your role and your place in its team (ACC-3).
    pub may: Vec<JobAct>,
    /// Version to name in `if_version`.
    pub version: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// Body of `POST /workspaces/{ws}/jobs`. With `agent` the job is agentic.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewJob {
    /// 1 to 200 characters, one line.
    pub title: String,
    /// Markdown, at most 64 KiB.
    #[serde(default)]
    pub description: String,
    /// Agent's name, or `any`; absent for a user job.
    #[serde(default)]
    pub agent: Option<String>,
    /// Model wished for.
    #[serde(default)]
    pub model: Option<String>,
    /// Defaults to `edit`.
    #[serde(default)]
    pub mode: Option<Mode>,
    /// Defaults to `require_permission`.
    #[serde(default)]
    pub tools_policy: Option<ToolsPolicy>,
    /// Defaults to `mine`.
    #[serde(default)]
    pub routing: Option<Routing>,
    /// Defaults to local.
    #[serde(default)]
    pub context: Option<Context>,
    /// Defaults to the workspace's.
    #[serde(default)]
    pub priority: Option<Priority>,
    /// Labels.
    #[serde(default)]
    pub domains: Vec<String>,
    /// Backlog folder: names with `/` between them, at most five of 1 to 60 characters.
    #[serde(default)]
    pub folder: Option<String>,
    /// Defaults to false.
    #[serde(default)]
    pub private: bool,
    /// Defaults to false.
    #[serde(default)]
    pub auto_ready: bool,
    /// Local context: ask for review. Defaults to false.
    #[serde(default)]
    pub review: bool,
    /// First team.
    #[serde(default)]
    pub team: Vec<TeamMember>,
    /// Jobs it depends on.
    #[serde(default)]
    pub dependencies: Vec<JobId>,
    /// Number of attachments that will be uploaded next; the job is held until they are there (FILE-1).
    #[serde(default)]
    pub expected_uploads: u32,
    /// `backlog` (default) or `ready` (JOB-2).
    #[serde(default)]
    pub state: Option<JobState>,
}

/// Body of `PATCH /jobs/{job}`. Absent fields stay; `folder` and `model` are cleared by an empty string.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "each field is that of Job")]
pub struct PatchJob {
    #[serde(default)]
    pub title: Option<String>,
    #[serde(default)]
    pub description: Option<String>,
    #[serde(default)]
    pub agent: Option<String>,
    #[serde(default)]
    pub model: Option<String>,
    #[serde(default)]
    pub mode: Option<Mode>,
    #[serde(default)]
    pub tools_policy: Option<ToolsPolicy>,
    #[serde(default)]
    pub routing: Option<Routing>,
    #[serde(default)]
    pub context: Option<Context>,
    #[serde(default)]
    pub priority: Option<Priority>,
    #[serde(default)]
    pub domains: Option<Vec<String>>,
    #[serde(default)]
    pub folder: Option<String>,
    #[serde(default)]
    pub private: Option<bool>,
    #[serde(default)]
    pub owner: Option<UserId>,
    #[serde(default)]
    pub auto_ready: Option<bool>,
    #[serde(default)]
    pub review: Option<bool>,
    /// Put it behind this job in the Backlog.
    #[serde(default)]
    pub after: Option<JobId>,
    /// Put it before this job in the Backlog.
    #[serde(default)]
    pub before: Option<JobId>,
    /// Version seen.
    #[serde(default)]
    pub if_version: Option<i64>,
}

/// A comment on a line of the attempt's diff (REV-2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LineComment {
    /// Path in the repository.
    pub path: String,
    /// Line number in the new file, or in the old one for a removed line.
    pub line: u32,
    /// Whether `line` counts in the old file.
    #[serde(default)]
    pub old: bool,
    /// The words.
    pub body: String,
}

/// What happens to the branch on approval (REV-3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum BranchDecision {
    /// Merge it into the base branch.
    #[default]
    Merge,
    /// Leave it open.
    Leave,
    /// Delete it on the remote.
    Close,
}

/// Body of `POST /jobs/{job}/{command}`; which fields count depends on the command.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CommandBody {
    /// Version seen; a stale one is refused (JOB-7).
    #[serde(default)]
    pub if_version: Option<i64>,
    /// `request_changes`: the reviewer's words, required. `submit`, `complete`: a summary of the work.
    #[serde(default)]
    pub body: Option<String>,
    /// `request_changes`: comments on lines.
    #[serde(default)]
    pub comments: Vec<LineComment>,
    /// `approve`: what happens to the branch.
    #[serde(default)]
    pub branch: Option<BranchDecision>,
    /// `stop`: end the agent's processes at once. Without it the agent finishes its current operation first.
    #[serde(default)]
    pub kill: bool,
    /// `stop`: queue the job again afterwards. Without it the job becomes Failed, to be retried by a person.
    #[serde(default)]
    pub requeue: bool,
    /// `move`: the target state.
    #[serde(default)]
    pub state: Option<JobState>,
}

/// The commands of `POST /jobs/{job}/{command}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CommandName {
    /// Backlog → Ready.
    Ready,
    /// Ready → Backlog.
    Unready,
    /// User job: begin work.
    Start,
    /// User job: hand in for review.
    Submit,
    /// User job: Done.
    Complete,
    /// Accept the result.
    Approve,
    /// Send it back with words.
    RequestChanges,
    /// Failed → Ready.
    Retry,
    /// Give up.
    Cancel,
    /// Stop the running attempt.
    Stop,
    /// A new Backlog job that links back.
    Duplicate,
    /// User job: any free move (JOB-6).
    Move,
}

/// A note on a job (NOTE-1). A retracted one keeps who and when, not the text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Note {
    /// The note.
    pub id: crate::id::NoteId,
    /// Its job.
    pub job: JobId,
    /// Number of the attempt open at the time.
    pub attempt: Option<i64>,
    /// Who wrote it.
    pub author: Person,
    /// Markdown; absent once retracted.
    pub body: Option<String>,
    /// Whom it names (NOTE-2).
    #[serde(default)]
    pub mentions: Vec<Mention>,
    /// When it was written.
    pub created_at: Timestamp,
    /// Who retracted it.
    pub retracted_by: Option<Person>,
    /// When it was retracted.
    pub retracted_at: Option<Timestamp>,
}

/// Somebody named in a text (NOTE-2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Mention {
    /// Who.
    pub user: crate::id::UserId,
    /// The name as it stands behind the `@`.
    pub name: String,
}

/// Why a name behind an `@` mentions nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum NotMentionedReason {
    /// They may not see the job.
    MayNotSee,
    /// Several members have this name: name them by id in `mentions` as well.
    Ambiguous,
}

/// A member's name behind an `@` that mentions nobody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NotMentioned {
    /// The name as it stands in the text.
    pub name: String,
    /// Why not.
    pub why: NotMentionedReason,
}

/// Body of `POST /jobs/{job}/notes`. `@name` in the text mentions the member of that name, in whatever case, who can see the job.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewNote {
    /// Markdown, 1 character to 16 KiB.
    pub body: String,
    /// Who is meant where several members have the name that is written.
    #[serde(default)]
    pub mentions: Vec<crate::id::UserId>,
}

/// Answer of `POST /jobs/{job}/notes`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AddedNote {
    /// The note.
    #[serde(flatten)]
    pub note: Note,
    /// Members named in it who were not told.
    pub not_mentioned: Vec<NotMentioned>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn job_1_unknown_fields_of_a_context_are_refused() {
        let read = serde_json::from_str::<Context>;
        assert_eq!(read(r#"{"type":"local"}"#).unwrap(), Context::Local);
        for text in [
            r#"{"type":"local","url":"x"}"#,
            r#"{"type":"repository","url":"x","base_branch":"b","branch":"c"}"#,
            r#"{"type":"cloud"}"#,
        ] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
