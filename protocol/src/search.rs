//! Search: `GET /workspaces/{ws}/search`.

use crate::{
    id::{AttemptId, FileId, JobId, NoteId},
    job::JobState,
    time::Timestamp,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What is looked through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SearchKind {
    /// Numbers, titles and descriptions of jobs.
    Job,
    /// Names of attachments and deliverables.
    File,
    /// Notes on jobs.
    Note,
    /// Logs of attempts.
    Log,
}

/// Something found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SearchHit {
    /// The job it belongs to.
    pub job: FoundJob,
    /// Where the words are.
    #[serde(flatten)]
    pub place: FoundPlace,
    /// The words around them. Empty where the number was looked for, or the title says it all.
    pub snippet: Snippet,
}

/// A job as a list of findings shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FoundJob {
    /// The job.
    pub id: JobId,
    /// `#12`.
    pub number: i64,
    /// Its title, with what was found in it.
    pub title: Snippet,
    /// Where it is in its life.
    pub state: JobState,
    /// Seen by few.
    pub private: bool,
}

/// Where the words are; `kind` on the wire.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum FoundPlace {
    /// In the job itself.
    Job,
    /// In the name of a file.
    File {
        /// The file.
        file: FileId,
    },
    /// In a note.
    Note {
        /// The note.
        note: NoteId,
        /// Who wrote it.
        author: String,
        /// When.
        at: Timestamp,
    },
    /// In the log of an attempt.
    Log {
        /// The attempt.
        attempt: AttemptId,
        /// Its number.
        number: i64,
        /// The entry.
        seq: i64,
        /// When it was written.
        at: Timestamp,
    },
}

/// A piece of text with marks in it. It is plain text, whatever it says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Snippet {
    /// The text, on one line.
    pub text: String,
    /// What was looked for in it, in order, without overlap.
    pub highlights: Vec<Highlight>,
}

/// A range of a text, in UTF-16 code units, as JavaScript counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Highlight {
    /// Where it begins.
    pub start: u32,
    /// Where it is over.
    pub end: u32,
}
