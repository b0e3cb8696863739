//! The audit log: who did what, through what, from where, and what it was before and after (ACC-6).

use crate::{
    account::Person,
    id::{RunnerId, TokenId},
    time::Timestamp,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Every act that leaves a line. The part before the dot is its group.
pub const ACTS: &[&str] = &[
    "account.name",
    "account.register",
    "canvas.change",
    "canvas.create",
    "canvas.delete",
    "canvas.folder",
    "canvas.import",
    "file.delete",
    "file.upload",
    "folder.change",
    "folder.create",
    "folder.delete",
    "invitation.accept",
    "invitation.create",
    "invitation.resend",
    "invitation.revoke",
    "job.approve",
    "job.cancel",
    "job.complete",
    "job.create",
    "job.delete",
    "job.depend",
    "job.edit",
    "job.move",
    "job.ready",
    "job.request_changes",
    "job.retry",
    "job.start",
    "job.stop",
    "job.submit",
    "job.team",
    "job.undepend",
    "job.unready",
    "member.remove",
    "member.role",
    "note.retract",
    "password.change",
    "password.reset",
    "password.reset_link",
    "request.answer",
    "runner.approve",
    "runner.change",
    "runner.disable",
    "runner.enable",
    "runner.refuse",
    "runner.register",
    "runner.remove",
    "session.begin",
    "session.end",
    "session.refused",
    "token.create",
    "token.revoke",
    "workspace.change",
    "workspace.create",
    "workspace.delete",
    "workspace.transfer",
];

/// What somebody acted through, when not in person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Via {
    /// An API token.
    Token(TokenId),
    /// A runner.
    Runner(RunnerId),
}

/// A line of `GET /workspaces/{ws}/audit` and of `GET /me/audit`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AuditLine {
    /// The line; later ones sort after earlier ones.
    pub id: String,
    /// When.
    pub at: Timestamp,
    /// What, such as `member.role`.
    pub act: String,
    /// Who did it; absent for what nobody signed in did.
    pub actor: Option<Person>,
    /// Through what, when not in person.
    pub via: Option<Via>,
    /// Network address it came from.
    pub address: Option<String>,
    /// On what: an id or an e-mail address.
    pub target: String,
    /// The target as people call it, where it still has a name.
    pub target_name: Option<String>,
    /// What changed, as it was; only the parts that changed.
    #[schema(value_type = Option<Object>)]
    pub before: Option<serde_json::Value>,
    /// What changed, as it is since.
    #[schema(value_type = Option<Object>)]
    pub after: Option<serde_json::Value>,
    /// More about the act. Never a secret.
    #[schema(value_type = Object)]
    pub detail: serde_json::Value,
}

#[cfg(test)]
mod tests {
    use super::ACTS;

    #[test]
    fn acc_6_every_act_is_listed_once_and_has_a_group() {
        assert!(ACTS.is_sorted_by(|a, b| a < b), "{ACTS:?}");
        assert!(
            ACTS.iter()
                .all(|act| act.split_once('.').is_some_and(|(group, act)| !group.is_empty() && !act.is_empty()))
        );
    }
}
