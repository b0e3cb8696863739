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

/// Body of `POST /jobs/{job}/uploads`: an upload that comes in pieces and can be taken up again (FILE-4).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewUpload {
    /// Input or result.
    pub kind: FileKind,
    /// A plain name, never a path (FILE-3).
    pub name: String,
    /// Bytes it will have.
    #[schema(minimum = 0)]
    pub size: i64,
    /// Hexadecimal SHA-256 of the content; with it a damaged upload is refused at its end.
    #[serde(default)]
    pub sha256: Option<String>,
}

/// An upload that comes in pieces.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Upload {
    /// The upload. The file it becomes has the same id.
    pub id: FileId,
    /// Its job.
    pub job: JobId,
    /// Input or result.
    pub kind: FileKind,
    /// A plain name.
    pub name: String,
    /// Bytes it will have.
    pub size: i64,
    /// Bytes that are there: where the next piece begins.
    pub offset: i64,
    /// When it is given up unless another piece comes. Absent once it is finished.
    pub expires_at: Option<Timestamp>,
    /// The file, once all is there.
    pub file: Option<File>,
}
