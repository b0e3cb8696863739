//! The life of a job: [`create`], [`apply`] decides, [`evolve`] carries out. JOB-2 to JOB-8, JOB-11, JOB-12, DEP-2, ATT-1, ATT-2, REV-1, RUN-5.

mod apply;
mod create;
mod evolve;
#[cfg(test)]
mod model;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

pub use apply::{apply, may_change_dependencies};
pub use create::{create, duplicate};
pub use evolve::evolve;

use crate::{
    job::{AgentSpec, Claim, Review, Stop, Unreachable, Worker},
    rights::Act,
};
use coord_protocol::{
    attempt::{BranchReport, FailureReason, Outcome, Usage},
    id::{AttemptId, JobId, RunnerId, UserId, WorkspaceId},
    job::{Activity, BranchDecision, JobState, LineComment, PatchJob, Pause, Priority, TeamMember},
    runner::{MergeResult, PauseTold, WorkResult},
    time::Timestamp,
};

/// The job after all of `events` at `now`, one version on. Nothing happened, nothing changes.
#[must_use]
pub fn advance(job: crate::job::Job, events: &[JobEvent], now: Timestamp) -> crate::job::Job {
    if events.is_empty() {
        return job;
    }
    let mut job = events.iter().fold(job, |job, event| evolve(job, event, now));
    job.version += 1;
    job
}

/// The job after a dependency of it was added or removed at `now`: one version on, since who saw it before saw another (JOB-7). The
/// dependency itself is kept beside the job.
#[must_use]
pub const fn dependencies_changed(mut job: crate::job::Job, now: Timestamp) -> crate::job::Job {
    job.version += 1;
    job.updated_at = now;
    job
}

/// What somebody wants of a job.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Change details.
    Edit(Box<PatchJob>),
    /// Replace the team.
    SetTeam(Vec<TeamMember>),
    /// Backlog → Ready.
    Ready,
    /// Ready → Backlog.
    Unready,
    /// User job: begin.
    Start,
    /// User job: hand in for review.
    Submit {
        /// What was done.
        summary: Option<String>,
    },
    /// User job: Done.
    Complete {
        /// What was done.
        summary: Option<String>,
    },
    /// Accept the result.
    Approve {
        /// What happens to the branch.
        branch: BranchDecision,
        /// Words, if any.
        body: Option<String>,
    },
    /// Send it back.
    RequestChanges {
        /// Words, required.
        body: String,
        /// On lines.
        comments: Vec<LineComment>,
    },
    /// Failed → Ready.
    Retry,
    /// Give up.
    Cancel,
    /// Stop the running attempt.
    Stop {
        /// At once.
        kill: bool,
        /// Back to Ready afterwards.
        requeue: bool,
    },
    /// User job: free move.
    Move {
        /// Where to.
        to: JobState,
    },
    /// Remove it.
    Delete,
}

impl Command {
    /// The right it takes.
    #[must_use]
    pub const fn act(&self) -> Act {
        match self {
            Self::Edit(_) | Self::Cancel | Self::Delete => Act::Manage,
            Self::SetTeam(_) => Act::ManageTeam,
            Self::Ready
            | Self::Unready
            | Self::Start
            | Self::Submit { .. }
            | Self::Complete { .. }
            | Self::Approve { .. }
            | Self::RequestChanges { .. }
            | Self::Retry
            | Self::Stop { .. }
            | Self::Move { .. } => Act::Operate,
        }
    }
}

/// What the system itself, or a runner, does to a job.
#[derive(Debug, Clone, PartialEq)]
pub enum Happening {
    /// All dependencies are done and the job is to become Ready by itself (DEP-5).
    DependenciesDone,
    /// The number of announced attachments that are not complete changed.
    UploadsPending(u32),
    /// A runner takes the job.
    Claimed {
        /// Which.
        runner: RunnerId,
        /// Its name.
        runner_name: String,
        /// Agent it will start.
        agent: String,
    },
    /// The runner tells what is going on.
    Activity {
        /// Its fence.
        fence: i64,
        /// What.
        activity: Activity,
        /// Why the agent does nothing at the moment.
        pause: Option<PauseTold>,
    },
    /// The runner tells the end.
    Finished {
        /// Its fence.
        fence: i64,
        /// How.
        result: WorkResult,
        /// What it leaves.
        report: Box<Report>,
    },
    /// A runner takes the merge.
    MergeClaimed {
        /// Which.
        runner: RunnerId,
    },
    /// The runner tells how the merge ended.
    Merged {
        /// Its fence.
        fence: i64,
        /// How.
        result: MergeResult,
    },
    /// The lease of the claim with this fence ran out.
    LeaseLapsed {
        /// Which claim.
        fence: i64,
    },
}

/// What a runner leaves at the end of an attempt.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Report {
    /// The agent's last words.
    pub summary: Option<String>,
    /// Totals.
    pub usage: Usage,
    /// Branch and commits.
    pub branch: Option<BranchReport>,
    /// Session to resume.
    pub session: Option<String>,
    /// Model that ran.
    pub model: Option<String>,
    /// Whether the agent was sandboxed, where the runner told.
    pub sandboxed: Option<bool>,
}

/// Who does it.
#[derive(Debug, Clone, PartialEq)]
pub enum Doing {
    /// A person, whose right was checked.
    Person {
        /// Who.
        user: UserId,
        /// What.
        command: Command,
        /// Version they saw, if they said (JOB-7).
        if_version: Option<i64>,
    },
    /// The system or a runner.
    System(Happening),
}

/// What the decision needs to know beside the job.
#[derive(Debug, Clone, PartialEq)]
pub struct Given {
    /// The time.
    pub now: Timestamp,
    /// Id for an attempt, should one begin.
    pub new_attempt: AttemptId,
    /// Numbers of dependencies that are not Done.
    pub open_dependencies: Vec<i64>,
    /// The position that the command names by another job; `None` when it names none.
    pub position: Option<String>,
}

/// What a new job needs beside its description.
#[derive(Debug, Clone, PartialEq)]
pub struct NewGiven {
    /// The time.
    pub now: Timestamp,
    /// Id of the new job.
    pub id: JobId,
    /// Its workspace.
    pub workspace: WorkspaceId,
    /// Its number.
    pub number: i64,
    /// Who makes it.
    pub creator: UserId,
    /// The workspace's default.
    pub default_priority: Priority,
    /// Numbers of dependencies that are not Done.
    pub open_dependencies: Vec<i64>,
}

/// What happened to a job. [`evolve`] is the only reader that changes state by it.
#[derive(Debug, Clone, PartialEq)]
pub enum JobEvent {
    /// Details changed.
    Edited(Box<PatchJob>),
    /// Stands elsewhere in the Backlog.
    Placed(String),
    /// The way of running changed.
    SpecChanged(AgentSpec),
    /// The team changed.
    TeamChanged(Vec<TeamMember>),
    /// Announced uploads changed.
    UploadsPending(u32),
    /// → Ready.
    MadeReady {
        /// Whose runners count as `mine` from now on.
        submitter: Option<UserId>,
        /// The repository did not answer.
        unreachable: Option<Unreachable>,
    },
    /// → Backlog.
    Staged,
    /// An attempt begins, → In Progress.
    AttemptStarted {
        /// The attempt.
        id: AttemptId,
        /// Its number.
        number: i64,
        /// Who works.
        worker: Worker,
    },
    /// → In Progress with the attempt still open.
    Resumed,
    /// What is going on changed.
    ActivityChanged(Activity, Option<Pause>),
    /// A stop was asked for.
    StopRequested(Stop),
    /// The attempt ended.
    AttemptEnded {
        /// How.
        outcome: Outcome,
        /// Why it failed.
        failure: Option<FailureReason>,
        /// When trying again may help.
        retry_at: Option<Timestamp>,
        /// What it leaves; absent fields stay.
        report: Report,
    },
    /// The worker says what was done.
    Summarised(String),
    /// → Awaiting Review.
    HandedIn,
    /// A reviewer spoke; the attempt's outcome follows.
    Reviewed(Review),
    /// Approved; the branch waits for a runner.
    MergeRequested {
        /// What to do.
        decision: BranchDecision,
        /// Who approved.
        by: UserId,
    },
    /// A runner merges.
    MergeClaimed(Claim),
    /// The runner that merges went away; another may.
    MergeReleased,
    /// The merge cannot be made.
    MergeBlocked(String),
    /// → Done.
    Completed,
    /// → Failed.
    Failed,
    /// → Canceled.
    Canceled,
    /// Gone.
    Deleted,
}
