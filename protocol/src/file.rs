//! Files of a job: attachments (input) and deliverables (result).

use crate::{
    account::Person,
    id::{AttemptId, FileId, JobId},
    time::Timestamp,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a file is to its job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FileKind {
    /// Input (FILE-1).
    Attachment,
    /// Offered as the result (FILE-2).
    Deliverable,
}

/// A stored file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct File {
    /// The file.
    pub id: FileId,
    /// Its job.
    pub job: JobId,
    /// Attempt that produced it.
    pub attempt: Option<AttemptId>,
    /// Input or result.
    pub kind: FileKind,
    /// A plain name, never a path (FILE-3).
    pub name: String,
    /// Bytes.
    pub size: i64,
    /// Hexadecimal SHA-256 of the content.
    pub sha256: String,
    /// Who uploaded it; absent when a runner did.
    pub uploaded_by: Option<Person>,
    /// When.
    pub created_at: Timestamp,
}
