//! Requests: what an agent asks people (AGT-2, AGT-3, AGT-4).

use crate::{
    account::Person,
    id::{AttemptId, JobId, RequestId, WorkspaceId},
    time::Timestamp,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RequestKind {
    /// Permission for a tool call.
    Permission,
    /// A question.
    Question,
    /// Acceptance of a plan.
    Plan,
}

/// What an offered choice means, so that screens and the runner can treat it rightly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChoiceKind {
    /// This once.
    AllowOnce,
    /// For the same kind of action in the rest of this attempt.
    AllowAlways,
    /// No. With a body: no, and here is what to do instead.
    Deny,
    /// One of the answers to a question.
    Answer,
}

/// One offered choice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Choice {
    /// What an answer names.
    pub id: String,
    /// Words on the button.
    pub label: String,
    /// Its meaning.
    pub kind: ChoiceKind,
}

/// What the agent asks; part of the log entry, and of the request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Ask {
    /// What is asked.
    pub kind: RequestKind,
    /// One line.
    pub title: String,
    /// Markdown: the question, the plan, or what the tool would do.
    pub body: String,
    /// The tool call it is about.
    #[serde(default)]
    pub tool_call: Option<String>,
    /// A diff the tool would make, as unified text.
    #[serde(default)]
    pub diff: Option<String>,
    /// What may be answered.
    pub choices: Vec<Choice>,
    /// Whether words of one's own are taken as an answer.
    pub free_text: bool,
}

/// An answer to a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Answer {
    /// Id of the choice taken.
    #[serde(default)]
    pub choice: Option<String>,
    /// Words.
    #[serde(default)]
    pub body: Option<String>,
}

/// Body of `POST /requests/{id}/answer`: a choice, words, or both.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AnswerBody {
    /// Id of one of the offered choices.
    #[serde(default)]
    pub choice: Option<String>,
    /// At most 16 KiB.
    #[serde(default)]
    pub body: Option<String>,
}

/// A request and what became of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Request {
    /// The request.
    pub id: RequestId,
    /// Its workspace.
    pub workspace: WorkspaceId,
    /// Its job.
    pub job: JobId,
    /// Number of that job.
    pub job_number: i64,
    /// Title of that job.
    pub job_title: String,
    /// Its attempt.
    pub attempt: AttemptId,
    /// Sequence number of its log entry.
    pub seq: i64,
    /// What is asked.
    pub ask: Ask,
    /// When it was asked.
    pub created_at: Timestamp,
    /// The answer, once there.
    pub answer: Option<Answer>,
    /// Who answered.
    pub answered_by: Option<Person>,
    /// When it was answered, or withdrawn with the attempt's end (then without an answer).
    pub closed_at: Option<Timestamp>,
}
