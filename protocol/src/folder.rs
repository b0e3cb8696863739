//! Folders of a workspace's Backlog.

use crate::{
    id::{FolderId, WorkspaceId},
    time::Timestamp,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A folder of the Backlog. Folders that only private jobs are in have no entry: they would tell of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Folder {
    /// The folder.
    pub id: FolderId,
    /// Its workspace.
    pub workspace: WorkspaceId,
    /// Names with `/` between them, the outermost first: what `folder` of a job says.
    pub path: String,
    /// Where it stands among the folders beside it: strings that sort by their bytes.
    pub position: String,
    /// When it was made.
    pub created_at: Timestamp,
}

/// Body of `POST /workspaces/{ws}/folders`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewFolder {
    /// Names with `/` between them: at most five, of 1 to 60 characters. Folders around it that are missing are made too.
    pub path: String,
}

/// Body of `PATCH /workspaces/{ws}/folders/{folder}`. Absent fields stay.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PatchFolder {
    /// Its name and place from now on. What is in it comes along.
    #[serde(default)]
    pub path: Option<String>,
    /// Put it behind this folder, which lies beside it.
    #[serde(default)]
    pub after: Option<FolderId>,
    /// Put it before this folder, which lies beside it.
    #[serde(default)]
    pub before: Option<FolderId>,
}
