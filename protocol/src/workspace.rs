//! Workspaces, members, invitations.

use crate::{
    account::Person,
    id::{InvitationId, UserId, WorkspaceId},
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
    #[serde(default = "medium")]
    #[schema(required = true)]
    pub default_priority: Priority,
    /// Labels offered when somebody labels a job; others can be used all the same.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub domains: Vec<String>,
    /// Most bytes of a file of a job here; never more than the server allows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_upload: Option<i64>,
    /// Most jobs that are neither done nor canceled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_open_jobs: Option<i64>,
}

const fn medium() -> Priority {
    Priority::Medium
}

/// New settings. Absent fields stay.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PatchSettings {
    /// Priority of a new job that names none.
    #[serde(default)]
    pub default_priority: Option<Priority>,
    /// Labels to offer: at most 100.
    #[serde(default)]
    pub domains: Option<Vec<String>>,
    /// Most bytes of a file of a job here; 0 for as much as the server allows.
    #[serde(default)]
    pub max_upload: Option<i64>,
    /// Most jobs that are neither done nor canceled; 0 for no limit.
    #[serde(default)]
    pub max_open_jobs: Option<i64>,
}

impl Default for WorkspaceSettings {
    fn default() -> Self {
        Self {
            default_priority: medium(),
            domains: vec![],
            max_upload: None,
            max_open_jobs: None,
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
    pub settings: Option<PatchSettings>,
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
    /// When they last used Coord, to the minute.
    #[serde(default)]
    pub last_active_at: Option<Timestamp>,
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

/// How sending a mail went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum MailState {
    /// It waits to be sent, or to be tried again.
    Queued,
    /// The mail server took it.
    Sent {
        /// When.
        at: Timestamp,
    },
    /// It could not be sent.
    Failed {
        /// When it was given up.
        at: Timestamp,
        /// Why, in words for a person.
        why: String,
    },
}

/// An invitation nobody has accepted yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PendingInvitation {
    /// The invitation.
    pub id: InvitationId,
    /// Who may accept.
    pub email: String,
    /// Role given on acceptance.
    pub role: Role,
    /// Who invited.
    pub created_by: Person,
    /// When it was made.
    pub created_at: Timestamp,
    /// Until when it can be accepted; it may be over.
    pub expires_at: Timestamp,
    /// How its mail went; absent where the server sends none.
    pub mail: Option<MailState>,
}

/// What became of an invitation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum InvitationState {
    /// It can be accepted.
    Open,
    /// It was accepted.
    Used,
    /// Its time is over.
    Ended,
}

/// Answer of `GET /invitations/{code}`: what whoever has the link is invited to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct InvitationView {
    /// Name of the workspace.
    pub workspace: String,
    /// Address of the account that may accept.
    pub email: String,
    /// Role given on acceptance.
    pub role: Role,
    /// Name of who invited.
    pub invited_by: String,
    /// Until when it can be accepted.
    pub expires_at: Timestamp,
    /// What became of it.
    pub state: InvitationState,
}

/// Answer of `POST /workspaces/{ws}/invitations`.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Invitation {
    /// The invitation.
    pub id: InvitationId,
    /// How its mail goes; absent where the server sends none.
    #[serde(default)]
    pub mail: Option<MailState>,
    /// The secret in the link.
    pub code: String,
    /// The link to send.
    pub url: String,
    /// Seven days from now.
    pub expires_at: Timestamp,
}
