//! Who may do what (ACC-3): the one place where rights are decided. The matrix of `docs/rules.md`, section 8, is this function.

use crate::{Refusal, job::Access};
use coord_protocol::{
    id::UserId,
    job::{JobAct, TeamRole},
    rule::Rule,
    workspace::Role,
};

/// A person in a workspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Who {
    /// The account.
    pub user: UserId,
    /// Role in the workspace; `None` when not a member.
    pub role: Option<Role>,
}

/// What can be done: the rows of the matrix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// See the workspace, its public jobs, canvases, members, runners.
    See,
    /// Create jobs, edit canvases, offer runners.
    Create,
    /// Add notes and upload to a job.
    Contribute,
    /// Make ready, start, retry, complete, review, answer agents, stop.
    Operate,
    /// Edit details, dependencies, privacy; cancel, delete.
    Manage,
    /// Manage the job's team.
    ManageTeam,
    /// Retract notes, disable any runner, invite, roles, settings.
    Administer,
    /// Transfer or delete the workspace.
    Own,
}

/// Whether `who` may do `act` in the workspace, or on one job of it when `job` is given.
///
/// # Errors
///
/// [`Refusal::hidden`] when the workspace or the private job does not exist for them, else a refusal of ACC-3.
pub fn may(who: Who, act: Act, job: Option<&Access>) -> Result<(), Refusal> {
    let Some(role) = who.role else {
        return Err(Refusal::hidden());
    };
    if let Some(access) = job
        && access.private
        && !sees_private(who.user, role, access)
    {
        return Err(Refusal::hidden());
    }
    if granted(who.user, role, act, job) {
        Ok(())
    } else {
        Err(forbidden(act))
    }
}

/// Everything beside seeing it that `who` may do with a job, for screens that offer nothing the server would refuse.
#[must_use]
pub fn acts_on(who: Who, job: &Access) -> Vec<JobAct> {
    [
        (JobAct::Contribute, Act::Contribute),
        (JobAct::Operate, Act::Operate),
        (JobAct::Manage, Act::Manage),
        (JobAct::ManageTeam, Act::ManageTeam),
        (JobAct::Administer, Act::Administer),
    ]
    .into_iter()
    .filter(|(_, act)| may(who, *act, Some(job)).is_ok())
    .map(|(told, _)| told)
    .collect()
}

/// Whether everybody who may see `job` may see `other` of the same workspace too, so that what `other` tells may be told in `job`.
/// `role` is that of a member, `None` for others.
pub fn seen_together(job: &Access, other: &Access, role: impl Fn(UserId) -> Option<Role>) -> bool {
    let named = [job.owner, job.creator]
        .into_iter()
        .chain(job.team.iter().map(|member| member.user));
    let sees = |user: UserId| {
        let who = Who { user, role: role(user) };
        who.role.is_none() || may(who, Act::See, Some(other)).is_ok()
    };
    !other.private || (job.private && named.into_iter().all(sees))
}

fn team_role(user: UserId, access: &Access) -> Option<TeamRole> {
    access
        .team
        .iter()
        .filter(|member| member.user == user)
        .map(|member| member.role)
        .max()
}

fn owns(user: UserId, access: &Access) -> bool {
    access.owner == user || access.creator == user
}

fn sees_private(user: UserId, role: Role, access: &Access) -> bool {
    match role {
        Role::Owner | Role::Admin => true,
        // A member sees what is theirs: they may operate on it.
        Role::Member => owns(user, access) || team_role(user, access).is_some(),
        Role::Viewer => team_role(user, access).is_some(),
    }
}

fn granted(user: UserId, role: Role, act: Act, job: Option<&Access>) -> bool {
    let own = job.is_some_and(|access| owns(user, access));
    let team = job.and_then(|access| team_role(user, access));
    match (act, role) {
        (Act::See, _) => true,
        (Act::Own, role) => role == Role::Owner,
        (Act::Administer, role) => role >= Role::Admin,
        // A workspace viewer stays a viewer whatever a job's team says.
        (_, Role::Viewer) => false,
        (_, Role::Owner | Role::Admin) => true,
        (Act::Create, Role::Member) => true,
        // On a public job every member has a say; on a private one a team viewer was let in to watch.
        (Act::Contribute, Role::Member) => own || team >= Some(TeamRole::Editor) || job.is_none_or(|access| !access.private),
        (Act::Operate, Role::Member) => own || team >= Some(TeamRole::Editor),
        (Act::Manage | Act::ManageTeam, Role::Member) => own || team == Some(TeamRole::Lead),
    }
}

fn forbidden(act: Act) -> Refusal {
    let who = match act {
        Act::See => "members of the workspace",
        Act::Create => "members, admins and the owner of the workspace",
        Act::Contribute => "members of the workspace who do not merely watch the job",
        Act::Operate => "the job's owner, creator, leads and editors, and the workspace's admins",
        Act::Manage | Act::ManageTeam => "the job's owner, creator and leads, and the workspace's admins",
        Act::Administer => "admins and the owner of the workspace",
        Act::Own => "the owner of the workspace",
    };
    Refusal::forbidden(Rule::Acc3, format!("only {who} may do that"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use coord_protocol::job::TeamMember;

    const ME: UserId = UserId(uuid_of(1));
    const OTHER: UserId = UserId(uuid_of(2));

    const fn uuid_of(n: u128) -> uuid::Uuid {
        uuid::Uuid::from_u128(n)
    }

    #[derive(Debug, Clone, Copy, PartialEq)]
    enum Cell {
        Yes,
        No,
        Own,
    }
    use Cell::{No, Own, Yes};

    fn access(private: bool, own: bool, team: Option<TeamRole>) -> Access {
        let owner = if own { ME } else { OTHER };
        let team = team.map(|role| TeamMember { user: ME, role }).into_iter().collect();
        Access {
            private,
            owner,
            creator: OTHER,
            team,
        }
    }

    fn allowed(role: Role, act: Act, access: &Access) -> bool {
        may(
            Who {
                user: ME,
                role: Some(role),
            },
            act,
            Some(access),
        )
        .is_ok()
    }

    /// The table of the rules, row by row: owner, admin, member, viewer, then job lead, editor, viewer for a plain member.
    const MATRIX: [(Act, bool, [Cell; 7]); 8] = [
        (Act::See, false, [Yes, Yes, Yes, Yes, Yes, Yes, Yes]),
        (Act::See, true, [Yes, Yes, Own, No, Yes, Yes, Yes]),
        (Act::Contribute, false, [Yes, Yes, Yes, No, Yes, Yes, Yes]),
        (Act::Contribute, true, [Yes, Yes, Own, No, Yes, Yes, No]),
        (Act::Operate, false, [Yes, Yes, Own, No, Yes, Yes, No]),
        (Act::Manage, false, [Yes, Yes, Own, No, Yes, No, No]),
        (Act::ManageTeam, false, [Yes, Yes, Own, No, Yes, No, No]),
        (Act::Administer, false, [Yes, Yes, No, No, No, No, No]),
    ];

    #[test]
    fn acc_3_every_cell_of_the_matrix() {
        let roles = [Role::Owner, Role::Admin, Role::Member, Role::Viewer];
        let team = [TeamRole::Lead, TeamRole::Editor, TeamRole::Viewer];
        for (act, private, cells) in MATRIX {
            for (role, cell) in roles.iter().zip(&cells[..4]) {
                let on_others = allowed(*role, act, &access(private, false, None));
                let on_own = allowed(*role, act, &access(private, true, None));
                assert_eq!(
                    on_others,
                    *cell == Yes,
                    "{act:?} private={private} as {role:?} on somebody else's job"
                );
                assert_eq!(on_own, *cell != No, "{act:?} private={private} as {role:?} on one's own job");
            }
            for (role, cell) in team.iter().zip(&cells[4..]) {
                let got = allowed(Role::Member, act, &access(private, false, Some(*role)));
                assert_eq!(got, *cell == Yes, "{act:?} private={private} as job {role:?}");
            }
        }
    }

    #[test]
    fn acc_3_what_is_told_with_a_job_is_what_the_matrix_says() {
        let told = |role, private, team| {
            let who = Who {
                user: ME,
                role: Some(role),
            };
            acts_on(who, &access(private, false, team))
        };
        use JobAct::{Administer, Contribute, Manage, ManageTeam, Operate};
        assert_eq!(told(Role::Admin, true, None), [Contribute, Operate, Manage, ManageTeam, Administer]);
        assert_eq!(told(Role::Member, false, None), [Contribute]);
        assert_eq!(
            told(Role::Member, true, Some(TeamRole::Lead)),
            [Contribute, Operate, Manage, ManageTeam]
        );
        assert_eq!(told(Role::Member, true, Some(TeamRole::Editor)), [Contribute, Operate]);
        assert_eq!(told(Role::Member, true, Some(TeamRole::Viewer)), []);
        assert_eq!(told(Role::Viewer, false, Some(TeamRole::Lead)), []);
    }

    #[test]
    fn acc_3_workspace_acts_follow_the_role() {
        let may_here = |role, act| {
            may(
                Who {
                    user: ME,
                    role: Some(role),
                },
                act,
                None,
            )
            .is_ok()
        };
        for (act, cells) in [
            (Act::See, [true, true, true, true]),
            (Act::Create, [true, true, true, false]),
            (Act::Administer, [true, true, false, false]),
            (Act::Own, [true, false, false, false]),
        ] {
            for (role, cell) in [Role::Owner, Role::Admin, Role::Member, Role::Viewer].into_iter().zip(cells) {
                assert_eq!(may_here(role, act), cell, "{act:?} as {role:?}");
            }
        }
    }

    #[test]
    fn acc_3_a_workspace_viewer_stays_a_viewer_whatever_a_team_says() {
        for act in [Act::Contribute, Act::Operate, Act::Manage, Act::ManageTeam] {
            assert!(!allowed(Role::Viewer, act, &access(false, false, Some(TeamRole::Lead))), "{act:?}");
        }
        assert!(allowed(Role::Viewer, Act::See, &access(true, false, Some(TeamRole::Viewer))));
    }

    #[test]
    fn acc_4_a_private_job_does_not_exist_for_those_who_may_not_see_it() {
        for act in [Act::See, Act::Contribute, Act::Operate, Act::Manage, Act::ManageTeam] {
            let refusal = may(
                Who {
                    user: ME,
                    role: Some(Role::Member),
                },
                act,
                Some(&access(true, false, None)),
            )
            .unwrap_err();
            assert_eq!(refusal, Refusal::hidden(), "{act:?} must not tell that the job exists");
        }
    }

    #[test]
    fn acc_4_what_a_private_job_tells_is_told_only_where_all_may_see_it() {
        let member = |_| Some(Role::Member);
        let (public, mine) = (access(false, true, None), access(true, true, None));
        assert!(seen_together(&public, &public, member) && seen_together(&mine, &public, member));
        assert!(!seen_together(&public, &mine, member), "everybody sees a public job");
        // Of the other's creator nobody else's team knows.
        let shared = Access {
            team: vec![TeamMember {
                user: OTHER,
                role: TeamRole::Viewer,
            }],
            ..mine.clone()
        };
        assert!(seen_together(&mine, &shared, member), "the same two people");
        let only_mine = Access {
            creator: ME,
            ..mine.clone()
        };
        assert!(
            !seen_together(&mine, &only_mine, member),
            "its creator sees the one and not the other"
        );
        assert!(seen_together(&only_mine, &mine, member));
        assert!(
            seen_together(&mine, &only_mine, |user| (user == ME).then_some(Role::Member)),
            "who left sees neither"
        );
        assert!(seen_together(&mine, &only_mine, |_| Some(Role::Admin)));
    }

    #[test]
    fn acc_4_a_workspace_does_not_exist_for_strangers() {
        for act in [Act::See, Act::Create, Act::Administer, Act::Own] {
            assert_eq!(may(Who { user: ME, role: None }, act, None).unwrap_err(), Refusal::hidden());
        }
    }
}
