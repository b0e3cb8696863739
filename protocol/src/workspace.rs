//! Workspaces, members, invitations.

use crate::{
    id::{UserId, WorkspaceId},
    job::Priority,
    time::Timestamp,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Role of a member in a workspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Watches.
    Viewer,
    /// Works.
    Member,
    /// Runs the workspace.
    Admin,
    /// Exactly one per workspace.
    Owner,
}

/// A workspace as its member sees it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Workspace {
    /// The workspace.
    pub id: WorkspaceId,
    /// 1 to 80 characters.
    pub name: String,
    /// Unique on the server, made from the name; used in addresses of pages.
    pub slug: String,
    /// The asker's role.
    pub role: Role,
    /// Settings.
    pub settings: WorkspaceSettings,
    /// Version of the row.
    pub version: i64,
    /// Position of the workspace's feed now: open the event stream with `after` = this.
    pub feed_seq: i64,
    /// When it was made.
    pub created_at: Timestamp,
}

/// What admins can set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WorkspaceSettings {
    /// Priority of a new job that names none.
    pub default_priority: Priority,
}

impl Default for WorkspaceSettings {
    fn default() -> Self {
        Self {
            default_priority: Priority::Medium,
        }
    }
}

/// Body of `POST /workspaces`.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewWorkspace {
    /// 1 to 80 characters.
    pub name: String,
}

/// Body of `PATCH /workspaces/{ws}`. Absent fields stay.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PatchWorkspace {
    /// New name.
    #[serde(default)]
    pub name: Option<String>,
    /// New settings.
    #[serde(default)]
    pub settings: Option<WorkspaceSettings>,
    /// Version seen.
    #[serde(default)]
    pub if_version: Option<i64>,
}

/// A member of a workspace.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Member {
    /// The account.
    pub user: UserId,
    /// Name shown.
    pub name: String,
    /// Address; shown to members of the same workspace.
    pub email: String,
    /// Role here.
    pub role: Role,
    /// Since when.
    pub joined_at: Timestamp,
}

/// Body of `PATCH /workspaces/{ws}/members/{user}`.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PatchMember {
    /// The new role; `owner` hands the workspace over.
    pub role: Role,
}

/// Body of `POST /workspaces/{ws}/invitations`.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewInvitation {
    /// Who may accept: only an account with this address.
    pub email: String,
    /// Role given on acceptance; never `owner`.
    pub role: Role,
}

/// Answer of `POST /workspaces/{ws}/invitations`.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Invitation {
    /// The secret in the link.
    pub code: String,
    /// The link to send.
    pub url: String,
    /// Seven days from now.
    pub expires_at: Timestamp,
}
