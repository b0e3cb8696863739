//! Accounts, sessions and API tokens.

use crate::{
    id::{SessionId, TokenId, UserId},
    time::Timestamp,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A person's account as others see it, and as they see themselves.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct User {
    /// The account.
    pub id: UserId,
    /// Lower-cased address used to sign in.
    pub email: String,
    /// Name shown to others.
    pub name: String,
    /// When the account was made.
    pub created_at: Timestamp,
}

/// A short reference to a person, inlined where a name is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Person {
    /// The account.
    pub id: UserId,
    /// Name shown to others.
    pub name: String,
}

/// Body of `POST /auth/register`.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Register {
    /// Address to sign in with; at most 254 characters.
    pub email: String,
    /// 1 to 80 characters.
    pub name: String,
    /// 10 to 256 characters.
    pub password: String,
    /// The code of an invitation for this address: the new account joins its workspace at once.
    #[serde(default)]
    pub invitation: Option<String>,
}

/// Who may make an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Registration {
    /// Only the first account of the server is made here.
    First,
    /// Whoever has an invitation.
    Invited,
    /// Anybody who reaches the server.
    Open,
}

/// Body of `POST /auth/forgot`.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ForgotPassword {
    /// The account's address.
    pub email: String,
}

/// Body of `POST /auth/reset`.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ResetPassword {
    /// The secret in the link.
    pub code: String,
    /// 10 to 256 characters.
    pub password: String,
}

/// Body of `PATCH /me`. Absent fields stay.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PatchMe {
    /// 1 to 80 characters.
    #[serde(default)]
    pub name: Option<String>,
}

/// Body of `POST /auth/password`.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangePassword {
    /// The present password.
    pub present: String,
    /// The new one: 10 to 256 characters.
    pub new: String,
    /// Whether all other sessions end. They do unless told otherwise.
    #[serde(default = "yes")]
    pub end_others: bool,
}

const fn yes() -> bool {
    true
}

/// A browser session of yours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Session {
    /// The session.
    pub id: SessionId,
    /// Whether it is the one that asks.
    pub current: bool,
    /// What the browser said of itself when it signed in; at most 300 characters.
    pub user_agent: Option<String>,
    /// Network address of its last use.
    pub address: Option<String>,
    /// When it began.
    pub created_at: Timestamp,
    /// When it was last used, to the minute.
    pub last_seen_at: Timestamp,
    /// When it ends at the latest.
    pub expires_at: Timestamp,
}

/// Body of `POST /auth/login`.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Login {
    /// The account's address.
    pub email: String,
    /// The account's password.
    pub password: String,
}

/// Answer of `GET /setup`: what the sign-in page has to offer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Setup {
    /// No account exists yet: the first one is made now.
    pub first_run: bool,
    /// Whether `POST /auth/register` is open to anybody.
    pub registration_open: bool,
    /// Who may make an account.
    pub registration: Registration,
    /// Whether the server sends mail: links to a new password, invitations.
    pub mail: bool,
}

/// What a token may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Safe methods only.
    Read,
    /// Everything the account may do, save managing tokens.
    Write,
}

/// Body of `POST /tokens`.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewToken {
    /// What the token is for; 1 to 80 characters.
    pub name: String,
    /// Defaults to `["read", "write"]`.
    #[serde(default)]
    pub scopes: Option<Vec<Scope>>,
    /// 1 to 3650; without it the token lasts until revoked.
    #[serde(default)]
    pub expires_in_days: Option<u32>,
}

/// A token as it is listed: never its secret.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Token {
    /// The token.
    pub id: TokenId,
    /// What it is for.
    pub name: String,
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends.
    pub expires_at: Option<Timestamp>,
    /// When it was last used, to the minute.
    pub last_used_at: Option<Timestamp>,
}

/// Answer of `POST /tokens`: the only time the secret is shown.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct CreatedToken {
    /// The secret, to be sent as `Authorization: Bearer <token>`.
    pub token: String,
    /// Its record.
    #[serde(flatten)]
    pub record: Token,
}
