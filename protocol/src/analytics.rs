//! Figures of a workspace: `GET /workspaces/{ws}/analytics` (ANA-1).

use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Figures of a period, and of the one of the same length before it. They count the jobs you may see.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Analytics {
    /// When the period begins.
    pub from: Timestamp,
    /// When it is over; what is at this moment is not in it.
    pub to: Timestamp,
    /// How it stands now, whatever the period.
    pub now: Standing,
    /// The period.
    pub period: Figures,
    /// The one before.
    pub before: Figures,
    /// Day by day, oldest first. The first and the last may be parts of one.
    pub days: Vec<Day>,
    /// By the agent that made the attempts.
    pub by_agent: Vec<Share>,
    /// By the runner that made the attempts.
    pub by_runner: Vec<Share>,
    /// By label. A job with two of them counts in both; one with none in the share without a name.
    pub by_domain: Vec<Share>,
    /// By the owner of the job.
    pub by_person: Vec<Share>,
}

/// How it stands at a moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Standing {
    /// Jobs in progress.
    pub active: i64,
    /// Jobs that wait for people: for a review, or for the answer to an agent.
    pub waiting: i64,
    /// Jobs that are ready and have not begun.
    pub queued: i64,
    /// How long the one that has waited longest is ready.
    pub longest_ms: i64,
}

/// What happened in a period. Times are in milliseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Figures {
    /// Jobs made.
    pub created: i64,
    /// Times a job became done.
    pub completed: i64,
    /// Times a job failed.
    pub failed: i64,
    /// Times a job was given up.
    pub canceled: i64,
    /// Completed among completed and failed, 0 to 1; none when there are neither.
    pub success_rate: Option<f64>,
    /// From first ready, or begun, to done: the mean over the completions.
    pub time_to_done_ms: Option<i64>,
    /// Of that, ready and waiting to begin.
    pub queue_ms: Option<i64>,
    /// Of that, in progress.
    pub work_ms: Option<i64>,
    /// Of that, awaiting review.
    pub review_ms: Option<i64>,
    /// How often a job began after it was ready.
    pub begun: i64,
    /// How long those were ready before, the mean.
    pub wait_ms: Option<i64>,
    /// How long nine of ten of those were ready before, at most.
    pub wait_p90_ms: Option<i64>,
    /// Jobs that were ready, on average over the period.
    pub queue_depth: f64,
    /// Jobs in progress, on average over the period.
    pub active: f64,
    /// Time that jobs spent awaiting review, in all.
    pub awaiting_review_ms: i64,
    /// Time that agents waited for answers, in all.
    pub awaiting_answer_ms: i64,
    /// Attempts begun.
    pub attempts: i64,
    /// Of those, after one that failed, was stopped or lost.
    pub retries: i64,
    /// Of those, after a request for changes.
    pub revisions: i64,
    /// Tokens read by models, in attempts that ended.
    pub input_tokens: i64,
    /// Tokens written by models, in attempts that ended.
    pub output_tokens: i64,
    /// In US dollars, as far as agents tell.
    pub cost_usd: f64,
}

/// One day, by the time zone asked for.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Day {
    /// When it begins.
    pub from: Timestamp,
    /// Times a job became done.
    pub completed: i64,
    /// Times a job failed.
    pub failed: i64,
    /// Jobs that were ready, on average over the day.
    pub queue_depth: f64,
    /// Jobs in progress, on average over the day.
    pub active: f64,
    /// Jobs that awaited review, on average over the day.
    pub in_review: f64,
    /// Tokens read and written, in attempts that ended.
    pub tokens: i64,
    /// In US dollars.
    pub cost_usd: f64,
}

/// What of a period belongs to an agent, a runner, a label or a person.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Share {
    /// Id of the runner or the person.
    pub id: Option<String>,
    /// Its name; none for what has no label.
    pub name: Option<String>,
    /// Completions, of jobs whose latest attempt by then was of this agent or runner.
    pub completed: i64,
    /// Failures, likewise.
    pub failed: i64,
    /// From first ready to done, the mean over the completions.
    pub time_to_done_ms: Option<i64>,
    /// Attempts begun.
    pub attempts: i64,
    /// Of those, after one that failed, was stopped or lost.
    pub retries: i64,
    /// Tokens read and written.
    pub tokens: i64,
    /// In US dollars.
    pub cost_usd: f64,
}
