//! Accounts, members and invitations: what is valid and who may change whom (ACC-1, ACC-2).

use crate::{
    Refusal,
    rights::{Act, Who, may},
    validate,
};
use coord_protocol::{account::Registration, id::UserId, rule::Rule, time::Timestamp, workspace::Role};

/// Longest address of an account in bytes (RFC 5321's limit for a path, without its brackets).
pub const MAX_EMAIL: usize = 254;

/// A text of more bytes than this is no password.
pub const MAX_PASSWORD_BYTES: usize = 4 * 256;

/// How long a link to a new password is good.
pub const RESET_MS: i64 = 60 * 60 * 1000;

/// How long an invitation can be accepted.
pub const INVITATION_MS: i64 = 7 * 24 * 60 * 60 * 1000;

/// The form in which an address is kept and compared: trimmed and lower-cased.
///
/// # Errors
///
/// A refusal of ACC-1 naming `email`.
pub fn email(text: &str) -> Result<String, Refusal> {
    let email = text.trim().to_lowercase();
    let refused = |why: &str| Err(Refusal::invalid(Rule::Acc1, "email", why));
    if email.len() > MAX_EMAIL {
        return refused("must be at most 254 characters");
    }
    if email
        .chars()
        .any(|c| c.is_whitespace() || c.is_control() || "<>()[]\\,;:\"".contains(c))
    {
        return refused("holds characters an address cannot have");
    }
    match email.split_once('@') {
        Some((name, host)) if !name.is_empty() && !host.is_empty() && !host.contains('@') => Ok(email),
        _ => refused("must be an address such as ada@example.org"),
    }
}

/// Whether a password is long enough to be one.
///
/// # Errors
///
/// A refusal of ACC-1 naming `password`.
pub fn password(text: &str) -> Result<(), Refusal> {
    match text.chars().count() {
        0..10 => Err(Refusal::invalid(Rule::Acc1, "password", "must be at least 10 characters")),
        257.. => Err(Refusal::invalid(Rule::Acc1, "password", "must be at most 256 characters")),
        _ => Ok(()),
    }
}

/// The name of a person.
///
/// # Errors
///
/// A refusal of ACC-1 naming `name`.
pub fn person_name(text: &str) -> Result<(), Refusal> {
    validate::name(Rule::Acc1, "name", text)
}

/// Whether an account can be made: the first always, later ones as the server's policy says.
///
/// # Errors
///
/// A refusal of ACC-1.
pub fn may_register(is_first: bool, policy: Registration, invited: bool) -> Result<(), Refusal> {
    match (policy, invited) {
        _ if is_first => Ok(()),
        (Registration::Open, _) | (Registration::Invited, true) => Ok(()),
        (Registration::Invited, false) => Err(Refusal::forbidden(
            Rule::Acc1,
            "accounts on this server are made by invitation; open the link you were sent, or ask an admin of a workspace for one",
        )),
        (Registration::First, _) => Err(Refusal::forbidden(
            Rule::Acc1,
            "no more accounts are made on this server; whoever runs it can allow it",
        )),
    }
}

/// A member whose role is to change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Target {
    /// The account.
    pub user: UserId,
    /// Role now.
    pub role: Role,
}

/// What a change of role comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RoleChange {
    /// Nothing changes.
    None,
    /// The member's role changes.
    Set(Role),
    /// The member becomes owner and the one who hands over an admin.
    HandOver,
}

/// Whether `who` may give a member the role `new`, and what that comes to.
///
/// # Errors
///
/// Refusals of ACC-2 and ACC-3.
pub fn change_role(who: Who, member: Target, new: Role) -> Result<RoleChange, Refusal> {
    may(who, Act::Administer, None)?;
    if new == Role::Owner {
        may(who, Act::Own, None)?;
    }
    if member.role == new {
        return Ok(RoleChange::None);
    }
    match (member.role, new) {
        (_, Role::Owner) => Ok(RoleChange::HandOver),
        (Role::Owner, Role::Admin | Role::Member | Role::Viewer) => Err(owner_stays()),
        (Role::Admin | Role::Member | Role::Viewer, Role::Admin | Role::Member | Role::Viewer) => Ok(RoleChange::Set(new)),
    }
}

/// Whether `who` may remove a member. Everybody but the owner may leave.
///
/// # Errors
///
/// Refusals of ACC-2 and ACC-3.
pub fn remove(who: Who, member: Target) -> Result<(), Refusal> {
    may(who, if who.user == member.user { Act::See } else { Act::Administer }, None)?;
    if member.role == Role::Owner { Err(owner_stays()) } else { Ok(()) }
}

fn owner_stays() -> Refusal {
    Refusal::state(
        Rule::Acc2,
        "a workspace has exactly one owner; hand it over to another member first",
    )
}

/// Whether `who` may invite somebody into `role`.
///
/// # Errors
///
/// Refusals of ACC-2 and ACC-3.
pub fn invite(who: Who, role: Role) -> Result<(), Refusal> {
    may(who, Act::Administer, None)?;
    match role {
        Role::Owner => Err(Refusal::invalid(
            Rule::Acc2,
            "role",
            "an invitation cannot make an owner; invite, then hand over",
        )),
        Role::Admin | Role::Member | Role::Viewer => Ok(()),
    }
}

/// An invitation as it stands.
#[derive(Debug, Clone, Copy)]
pub struct Invited<'a> {
    /// Address it is for.
    pub email: &'a str,
    /// Until when.
    pub expires_at: Timestamp,
    /// Whether it was used.
    pub accepted: bool,
}

/// Whether the account with `email` may accept it now.
///
/// # Errors
///
/// Refusals of ACC-2.
pub fn accept(invitation: Invited<'_>, email: &str, now: Timestamp) -> Result<(), Refusal> {
    if invitation.email != email {
        return Err(Refusal::forbidden(
            Rule::Acc2,
            "this invitation is for another address; sign in with the account it was sent to",
        ));
    }
    if invitation.accepted {
        return Err(Refusal::state(Rule::Acc2, "this invitation was used already"));
    }
    if invitation.expires_at <= now {
        return Err(Refusal::state(Rule::Acc2, "this invitation has ended; ask for a new one"));
    }
    Ok(())
}

/// Nobody joins twice; the invitation stays unused.
#[must_use]
pub fn already_member() -> Refusal {
    Refusal::state(Rule::Acc2, "you are a member of this workspace already")
}

/// Whoever is a member needs no invitation.
#[must_use]
pub fn is_member(name: &str) -> Refusal {
    Refusal::state(Rule::Acc2, format!("{name} is a member of this workspace already"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::RefusalKind;

    const ME: UserId = UserId(uuid::Uuid::from_u128(1));
    const OTHER: UserId = UserId(uuid::Uuid::from_u128(2));
    const ROLES: [Role; 4] = [Role::Owner, Role::Admin, Role::Member, Role::Viewer];

    const fn me(role: Role) -> Who {
        Who {
            user: ME,
            role: Some(role),
        }
    }

    #[test]
    fn acc_1_addresses_are_compared_without_case() {
        assert_eq!(email(" Ada@Example.ORG ").unwrap(), "ada@example.org");
        for wrong in [
            "",
            "ada",
            "@x",
            "ada@",
            "a@b@c",
            "a b@c.d",
            "a\n@b.c",
            "<a@b.c>",
            &format!("{}@x.y", "a".repeat(260)),
        ] {
            assert_eq!(email(wrong).unwrap_err().kind, RefusalKind::Invalid, "{wrong:?}");
        }
    }

    #[test]
    fn acc_1_a_password_has_10_to_256_characters() {
        assert!(password("123456789").is_err());
        assert!(password("1234567890").is_ok());
        assert!(password(&"é".repeat(256)).is_ok());
        assert!(password(&"é".repeat(257)).is_err());
    }

    #[test]
    fn acc_1_only_the_first_account_the_invited_or_an_open_server() {
        use Registration::{First, Invited, Open};
        for (policy, invited) in [(First, false), (Invited, false), (Open, false), (First, true)] {
            may_register(true, policy, invited).unwrap();
        }
        for (policy, invited, allowed) in [
            (First, false, false),
            (First, true, false),
            (Invited, false, false),
            (Invited, true, true),
            (Open, false, true),
            (Open, true, true),
        ] {
            assert_eq!(may_register(false, policy, invited).is_ok(), allowed, "{policy:?} {invited}");
        }
        assert_eq!(may_register(false, First, true).unwrap_err().kind, RefusalKind::Forbidden);
    }

    #[test]
    fn acc_2_there_is_always_exactly_one_owner() {
        for role in ROLES {
            for target in ROLES {
                for new in ROLES {
                    let outcome = change_role(me(role), Target { user: OTHER, role: target }, new);
                    let expected = match (role, target, new) {
                        (Role::Member | Role::Viewer, _, _) => Err(RefusalKind::Forbidden),
                        (Role::Admin, _, Role::Owner) => Err(RefusalKind::Forbidden),
                        (_, target, new) if target == new => Ok(RoleChange::None),
                        (Role::Owner, _, Role::Owner) => Ok(RoleChange::HandOver),
                        (_, Role::Owner, _) => Err(RefusalKind::State),
                        (_, _, new) => Ok(RoleChange::Set(new)),
                    };
                    assert_eq!(
                        outcome.map_err(|refusal| refusal.kind),
                        expected,
                        "{role:?} makes {target:?} {new:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn acc_2_everybody_but_the_owner_may_leave() {
        for role in ROLES {
            let left = remove(me(role), Target { user: ME, role });
            assert_eq!(left.is_ok(), role != Role::Owner, "{role:?}");
            let removed = remove(
                me(role),
                Target {
                    user: OTHER,
                    role: Role::Member,
                },
            );
            assert_eq!(removed.is_ok(), role >= Role::Admin, "{role:?}");
        }
        assert!(
            remove(
                me(Role::Admin),
                Target {
                    user: OTHER,
                    role: Role::Owner
                }
            )
            .is_err()
        );
    }

    #[test]
    fn acc_2_invitations_are_made_by_admins_for_any_role_but_owner() {
        for role in ROLES {
            for new in ROLES {
                assert_eq!(
                    invite(me(role), new).is_ok(),
                    role >= Role::Admin && new != Role::Owner,
                    "{role:?} invites {new:?}"
                );
            }
        }
    }

    #[test]
    fn acc_2_an_invitation_is_for_one_address_once_and_for_seven_days() {
        let fresh = Invited {
            email: "ada@example.org",
            expires_at: Timestamp(0).plus_ms(INVITATION_MS),
            accepted: false,
        };
        let last_moment = Timestamp(0).plus_ms(INVITATION_MS - 1);
        accept(fresh, "ada@example.org", last_moment).unwrap();
        assert_eq!(
            accept(fresh, "eve@example.org", last_moment).unwrap_err().kind,
            RefusalKind::Forbidden
        );
        assert_eq!(
            accept(fresh, "ada@example.org", fresh.expires_at).unwrap_err().kind,
            RefusalKind::State
        );
        assert_eq!(
            accept(Invited { accepted: true, ..fresh }, "ada@example.org", last_moment)
                .unwrap_err()
                .kind,
            RefusalKind::State
        );
    }
}
