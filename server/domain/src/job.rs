//! The job aggregate: a job and its latest attempt. One row each in the store, one version.

use coord_protocol::{
    account::Person,
    attempt::{self, BranchReport, FailureReason, Outcome, Usage},
    id::{AttemptId, JobId, RunnerId, UserId, WorkspaceId},
    job::{
        self as wire, Activity, BranchDecision, Context, Hold, JobKind, JobState, LineComment, Mode, Pause, Priority, Routing, TeamMember,
        ToolsPolicy,
    },
    time::Timestamp,
};
use serde::{Deserialize, Serialize};

/// A job. Serialises to the `body` column of its row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Job {
    /// The job.
    pub id: JobId,
    /// Its workspace.
    pub workspace: WorkspaceId,
    /// `#12`.
    pub number: i64,
    /// One line.
    pub title: String,
    /// Markdown.
    pub description: String,
    /// How urgent.
    pub priority: Priority,
    /// Labels.
    pub domains: Vec<String>,
    /// Backlog folder: a path (see [`crate::folder`]).
    pub folder: Option<String>,
    /// Where it stands in the Backlog (see [`crate::order`]). Kept in its own column.
    #[serde(skip)]
    pub position: String,
    /// Who may see and do what.
    pub access: Access,
    /// Become Ready by itself when all dependencies are done.
    pub auto_ready: bool,
    /// Local context: ask for review.
    pub review: bool,
    /// Who does it and how.
    pub kind: Kind,
    /// Whose runners `mine` means: who made it Ready last, else its creator.
    pub submitter: UserId,
    /// Where it is in its life.
    pub state: State,
    /// The latest attempt.
    #[serde(skip)]
    pub attempt: Option<Attempt>,
    /// Fence of the latest claim; the next one is greater (RUN-5).
    pub fence: i64,
    /// Attachments announced and not yet complete (FILE-1).
    pub pending_uploads: u32,
    /// How often in a row its repository did not answer.
    pub unreachable_tries: u32,
    /// The job this one copies.
    pub duplicate_of: Option<JobId>,
    /// Rises with every stored change.
    pub version: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// What the rights function looks at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Access {
    /// Hidden from those not named here, admins aside.
    pub private: bool,
    /// Who answers for it.
    pub owner: UserId,
    /// Who made it.
    pub creator: UserId,
    /// Its team.
    pub team: Vec<TeamMember>,
}

/// Who does a job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Kind {
    /// People.
    User,
    /// An agent.
    Agentic(AgentSpec),
}

/// How an agentic job is to be run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentSpec {
    /// Name in the runner's configuration, or [`ANY_AGENT`].
    pub agent: String,
    /// Model wished for.
    pub model: Option<String>,
    /// Plan first or edit.
    pub mode: Mode,
    /// How permissions are answered.
    pub tools_policy: ToolsPolicy,
    /// Which runners.
    pub routing: Routing,
    /// Where it works.
    pub context: Context,
}

/// The `agent` of a job that any agent may do.
pub const ANY_AGENT: &str = "any";

/// Where a job is in its life, with what only that state has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum State {
    /// Being planned.
    Backlog,
    /// May be started or claimed.
    Ready {
        /// Since when; its age in the queue.
        since: Timestamp,
        /// The repository did not answer: not to be claimed before this is over.
        unreachable: Option<Unreachable>,
    },
    /// The latest attempt is open. Its worker says who.
    InProgress {
        /// Of an agentic job.
        activity: Option<Activity>,
        /// Why its agent does nothing at the moment.
        #[serde(default)]
        pause: Option<Pause>,
        /// A stop was asked for.
        stop: Option<Stop>,
    },
    /// A result waits for a reviewer, or for the merge after approval.
    AwaitingReview {
        /// Set once approved with something to do on the branch.
        merge: Option<Merge>,
    },
    /// Accepted.
    Done,
    /// Retries used up, or stopped.
    Failed,
    /// Given up.
    Canceled,
}

/// The repository did not answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unreachable {
    /// What git said.
    pub detail: String,
    /// When it may be tried again.
    pub retry_at: Timestamp,
    /// How often it failed in a row.
    pub tries: u32,
}

/// A stop was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stop {
    /// Who asked.
    pub by: UserId,
    /// At once, without finishing the current operation.
    pub kill: bool,
    /// Asked for a second time: a tool call that runs is not waited for.
    #[serde(default)]
    pub hurry: bool,
    /// Back to Ready afterwards, else Failed.
    pub requeue: bool,
}

/// The branch of an approved attempt is being merged or closed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Merge {
    /// What to do.
    pub decision: BranchDecision,
    /// Who approved.
    pub by: UserId,
    /// Since when it waits for a runner.
    pub since: Timestamp,
    /// The runner that does it.
    pub claim: Option<Claim>,
    /// Why it could not be made; a person decides.
    pub blocked: Option<String>,
}

/// A runner's hold on work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// The runner.
    pub runner: RunnerId,
    /// Its fence.
    pub fence: i64,
}

/// One round of work. Serialises to the `body` column of its row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Attempt {
    /// The attempt.
    pub id: AttemptId,
    /// Its job.
    pub job: JobId,
    /// 1, 2, 3…
    pub number: i64,
    /// Who works.
    pub worker: Worker,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended; open without.
    pub ended_at: Option<Timestamp>,
    /// How it ended.
    pub outcome: Option<Outcome>,
    /// Why it failed.
    pub failure: Option<FailureReason>,
    /// When trying again may help.
    #[serde(default)]
    pub retry_at: Option<Timestamp>,
    /// The worker's summary, or what went wrong.
    pub summary: Option<String>,
    /// Tokens, cost, time.
    pub usage: Usage,
    /// Branch and commits.
    pub branch: Option<BranchReport>,
    /// The verdict.
    pub review: Option<Review>,
    /// Agent's session, to resume on the same runner.
    pub session: Option<String>,
    /// Whether the agent was sandboxed, where the runner told.
    #[serde(default)]
    pub sandboxed: Option<bool>,
}

/// Who works on an attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "worker", rename_all = "snake_case")]
pub enum Worker {
    /// A person.
    Person {
        /// Who.
        user: UserId,
    },
    /// A runner.
    Runner {
        /// The claim.
        claim: Claim,
        /// The runner's name at the time.
        name: String,
        /// Agent started.
        agent: String,
        /// Model wished for, then the one that ran.
        model: Option<String>,
    },
}

/// A reviewer's verdict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Review {
    /// Who.
    pub by: UserId,
    /// When.
    pub at: Timestamp,
    /// Approved or sent back.
    pub approved: bool,
    /// Words.
    pub body: String,
    /// Comments on lines.
    pub comments: Vec<LineComment>,
}

impl Attempt {
    /// Whether work goes on.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        self.ended_at.is_none()
    }

    /// The runner's claim, when a runner does it.
    #[must_use]
    pub const fn claim(&self) -> Option<Claim> {
        match &self.worker {
            Worker::Person { .. } => None,
            Worker::Runner { claim, .. } => Some(*claim),
        }
    }

    /// The attempt as the API shows it. `log_head` and `has_diff` are kept by the store.
    pub fn view(&self, names: &impl Fn(UserId) -> Person, log_head: i64, has_diff: bool) -> attempt::Attempt {
        let (person, runner, runner_name, agent, model) = match &self.worker {
            Worker::Person { user } => (Some(names(*user)), None, None, None, None),
            Worker::Runner { claim, name, agent, model } => {
                (None, Some(claim.runner), Some(name.clone()), Some(agent.clone()), model.clone())
            }
        };
        let review = self.review.as_ref().map(|review| review.view(names));
        attempt::Attempt {
            id: self.id,
            job: self.job,
            number: self.number,
            person,
            runner,
            runner_name,
            agent,
            model,
            sandboxed: self.sandboxed,
            started_at: self.started_at,
            ended_at: self.ended_at,
            outcome: self.outcome,
            failure: self.failure,
            retry_at: self.retry_at,
            summary: self.summary.clone(),
            usage: self.usage,
            branch: self.branch.clone(),
            review,
            has_diff,
            log_head,
            // Known to the live side only.
            last_tool: None,
        }
    }
}

impl Review {
    /// The verdict as the API shows it.
    pub fn view(&self, names: &impl Fn(UserId) -> Person) -> attempt::Review {
        attempt::Review {
            by: names(self.by),
            at: self.at,
            approved: self.approved,
            body: self.body.clone(),
            comments: self.comments.clone(),
        }
    }
}

impl State {
    /// The state's word.
    #[must_use]
    pub const fn word(&self) -> JobState {
        match self {
            Self::Backlog => JobState::Backlog,
            Self::Ready { .. } => JobState::Ready,
            Self::InProgress { .. } => JobState::InProgress,
            Self::AwaitingReview { .. } => JobState::AwaitingReview,
            Self::Done => JobState::Done,
            Self::Failed => JobState::Failed,
            Self::Canceled => JobState::Canceled,
        }
    }

    /// What is going on inside the state (JOB-4).
    #[must_use]
    pub fn activity(&self) -> Option<Activity> {
        match self {
            Self::InProgress {
                stop: Some(_),
                activity: Some(activity),
                ..
            } if *activity != Activity::Packaging => Some(Activity::Stopping),
            Self::InProgress { activity, .. } => *activity,
            Self::AwaitingReview { merge: Some(merge) } if merge.blocked.is_some() => Some(Activity::MergeBlocked),
            Self::AwaitingReview { merge: Some(_) } => Some(Activity::Merging),
            Self::Backlog | Self::Ready { .. } | Self::AwaitingReview { merge: None } | Self::Done | Self::Failed | Self::Canceled => None,
        }
    }
}

impl State {
    /// Why its agent does nothing at the moment (AGT-7). Not told of one that is being stopped.
    #[must_use]
    pub const fn pause(&self) -> Option<Pause> {
        match self {
            Self::InProgress { stop: None, pause, .. } => *pause,
            _ => None,
        }
    }
}

/// What a view of a job needs beside the job itself.
#[derive(Debug, Clone, Default)]
pub struct Surroundings {
    /// Why it is not running.
    pub hold: Option<Hold>,
    /// Jobs it waits for.
    pub dependencies: Vec<JobId>,
    /// Jobs that wait for it.
    pub dependents: Vec<JobId>,
    /// Highest number in the latest attempt's log.
    pub log_head: i64,
    /// Whether the latest attempt has a diff.
    pub has_diff: bool,
}

impl Job {
    /// How it is to be run; `None` for a user job.
    #[must_use]
    pub const fn agentic(&self) -> Option<&AgentSpec> {
        match &self.kind {
            Kind::User => None,
            Kind::Agentic(spec) => Some(spec),
        }
    }

    /// The latest attempt while it is open.
    #[must_use]
    pub fn open_attempt(&self) -> Option<&Attempt> {
        self.attempt.as_ref().filter(|attempt| attempt.is_open())
    }

    /// The claim that holds now: of the open attempt, or of the merge.
    #[must_use]
    pub fn claim(&self) -> Option<Claim> {
        match &self.state {
            State::InProgress { .. } => self.open_attempt().and_then(Attempt::claim),
            State::AwaitingReview { merge: Some(merge) } => merge.claim,
            State::Backlog
            | State::Ready { .. }
            | State::AwaitingReview { merge: None }
            | State::Done
            | State::Failed
            | State::Canceled => None,
        }
    }

    /// Since when the job waits for a runner: as work to do, or as a merge to make.
    #[must_use]
    pub fn waiting_for_runner(&self) -> Option<Timestamp> {
        match &self.state {
            State::Ready { since, .. } if self.agentic().is_some() => Some(*since),
            State::AwaitingReview {
                merge:
                    Some(Merge {
                        claim: None,
                        blocked: None,
                        since,
                        ..
                    }),
            } => Some(*since),
            State::Backlog
            | State::Ready { .. }
            | State::InProgress { .. }
            | State::AwaitingReview { .. }
            | State::Done
            | State::Failed
            | State::Canceled => None,
        }
    }

    /// The job as the API shows it.
    pub fn view(&self, names: &impl Fn(UserId) -> Person, around: Surroundings) -> wire::Job {
        let spec = self.agentic();
        let merge_problem = match &self.state {
            State::AwaitingReview { merge: Some(merge) } => merge.blocked.clone(),
            State::Backlog
            | State::Ready { .. }
            | State::InProgress { .. }
            | State::AwaitingReview { merge: None }
            | State::Done
            | State::Failed
            | State::Canceled => None,
        };
        wire::Job {
            id: self.id,
            number: self.number,
            workspace: self.workspace,
            title: self.title.clone(),
            description: self.description.clone(),
            kind: if spec.is_some() { JobKind::Agentic } else { JobKind::User },
            state: self.state.word(),
            activity: self.state.activity(),
            pause: self.state.pause(),
            hold: around.hold,
            agent: spec.map(|spec| spec.agent.clone()),
            model: spec.and_then(|spec| spec.model.clone()),
            mode: spec.map(|spec| spec.mode),
            tools_policy: spec.map(|spec| spec.tools_policy),
            routing: spec.map(|spec| spec.routing),
            context: spec.map(|spec| spec.context.clone()),
            priority: self.priority,
            domains: self.domains.clone(),
            folder: self.folder.clone(),
            position: self.position.clone(),
            private: self.access.private,
            owner: names(self.access.owner),
            creator: names(self.access.creator),
            auto_ready: self.auto_ready,
            review: self.review,
            dependencies: around.dependencies,
            dependents: around.dependents,
            duplicate_of: self.duplicate_of,
            merge_problem,
            attempt: self
                .attempt
                .as_ref()
                .map(|attempt| attempt.view(names, around.log_head, around.has_diff)),
            // It depends on who is shown the job.
            may: vec![],
            version: self.version,
            created_at: self.created_at,
            updated_at: self.updated_at,
        }
    }
}
