//! One id type per entity: mixing two does not compile. All are UUIDv7 in text form.

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};
use uuid::Uuid;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, uuid::Error> {
                Uuid::parse_str(text).map(Self)
            }
        }
    )+};
}

ids! {
    /// A person's account.
    UserId,
    /// A workspace.
    WorkspaceId,
    /// A job.
    JobId,
    /// One round of work on a job.
    AttemptId,
    /// Something an agent asked a person.
    RequestId,
    /// A registered runner.
    RunnerId,
    /// A note on a job.
    NoteId,
    /// An uploaded or produced file.
    FileId,
    /// A canvas.
    CanvasId,
    /// A folder of the Backlog.
    FolderId,
    /// An API token.
    TokenId,
    /// A browser session.
    SessionId,
    /// An invitation into a workspace.
    InvitationId,
    /// A message to a working agent.
    MessageId,
    /// Somebody named in a note or a review.
    MentionId,
}
