//! The inbox: what needs a person, in all their workspaces (INB-1).

use crate::{
    account::Person,
    attempt::FailureReason,
    feed::ActivityJob,
    id::{MentionId, NoteId, WorkspaceId},
    request::Request,
    time::Timestamp,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One thing that needs you. It is gone when it is done, whoever did it, and when the right to see it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct InboxItem {
    /// Names the item in `/inbox/{item}/done`; the same thing has the same id at any time.
    pub id: String,
    /// Its workspace.
    pub workspace: InboxWorkspace,
    /// Its job.
    pub job: ActivityJob,
    /// Since when it waits.
    pub at: Timestamp,
    /// When you put it aside.
    pub done_at: Option<Timestamp>,
    /// What is needed.
    #[serde(flatten)]
    pub body: InboxBody,
}

/// The workspace of an item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct InboxWorkspace {
    /// The workspace.
    pub id: WorkspaceId,
    /// Its name.
    pub name: String,
    /// Its name in addresses of pages.
    pub slug: String,
}

/// What is needed; `kind` on the wire.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum InboxBody {
    /// An answer to an agent.
    Request {
        /// What it asks.
        request: Box<Request>,
    },
    /// A review of a result.
    Review {
        /// Number of the attempt.
        attempt: Option<i64>,
        /// What was done, in the worker's words.
        summary: Option<String>,
    },
    /// A decision, since the approved branch could not be merged.
    Merge {
        /// Number of the attempt.
        attempt: Option<i64>,
        /// What blocks it.
        problem: String,
    },
    /// To be read: somebody names you.
    Mention {
        /// Which mention.
        mention: MentionId,
        /// Who names you.
        by: Person,
        /// The note; absent for a review.
        note: Option<NoteId>,
        /// Number of the attempt, of a review.
        attempt: Option<i64>,
        /// The words, at most 500 characters of them.
        text: String,
    },
    /// To be retried, changed or given up: a job of yours failed.
    Failed {
        /// Number of the attempt.
        attempt: Option<i64>,
        /// Why it failed.
        failure: Option<FailureReason>,
        /// What went wrong, in words.
        summary: Option<String>,
    },
}

/// A kind of item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum InboxKind {
    /// An agent waits for an answer.
    Request,
    /// A result waits for a review.
    Review,
    /// An approved branch could not be merged.
    Merge,
    /// Somebody names you.
    Mention,
    /// A job of yours failed.
    Failed,
}

impl InboxBody {
    /// Its kind.
    #[must_use]
    pub const fn kind(&self) -> InboxKind {
        match self {
            Self::Request { .. } => InboxKind::Request,
            Self::Review { .. } => InboxKind::Review,
            Self::Merge { .. } => InboxKind::Merge,
            Self::Mention { .. } => InboxKind::Mention,
            Self::Failed { .. } => InboxKind::Failed,
        }
    }
}

/// How much waits, without what was put aside.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct InboxCount {
    /// Everything.
    pub total: u32,
    /// Agents that wait for an answer.
    pub requests: u32,
    /// Results that wait for a review, and branches that could not be merged.
    pub reviews: u32,
    /// Unread mentions.
    pub mentions: u32,
    /// Failed jobs.
    pub failed: u32,
}
