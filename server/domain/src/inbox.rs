//! What needs whom (INB-1): the one place where it is decided whose inbox something is in.
//!
//! A request needs everybody who may answer it: an agent stands still. A review needs fewer than may do it, or nobody would feel meant: the
//! job's owner, creator, leads and editors, without the one who did the work. Where that is nobody, it needs the workspace's owner and
//! admins, and the one who did the work. A failed job needs its owner.

use crate::{
    job::{Access, Job, State, Worker},
    rights::{Act, Who, may},
};
use coord_protocol::{id::UserId, inbox::InboxKind, job::TeamRole, workspace::Role};
use std::{fmt, str::FromStr};
use uuid::Uuid;

/// Whether an open request of the job needs them.
#[must_use]
pub fn needs_answer(who: Who, access: &Access) -> bool {
    may(who, Act::Operate, Some(access)).is_ok()
}

/// What a job in Awaiting Review needs from its reviewers: a review, or a decision since the merge is blocked. A merge on its way needs
/// nobody.
#[must_use]
pub const fn review_of(job: &Job) -> Option<InboxKind> {
    match &job.state {
        State::AwaitingReview { merge: None } => Some(InboxKind::Review),
        State::AwaitingReview { merge: Some(merge) } if merge.blocked.is_some() => Some(InboxKind::Merge),
        State::AwaitingReview { .. }
        | State::Backlog
        | State::Ready { .. }
        | State::InProgress { .. }
        | State::Done
        | State::Failed
        | State::Canceled => None,
    }
}

/// Whether the review of the job needs them. `role` tells the role of a person in the workspace.
#[must_use]
pub fn needs_review(who: Who, job: &Job, role: impl Fn(UserId) -> Option<Role>) -> bool {
    if may(who, Act::Operate, Some(&job.access)).is_err() {
        return false;
    }
    let worker = worker(job);
    let meant = concerned(&job.access);
    let others = meant.iter().any(|user| {
        let person = Who {
            user: *user,
            role: role(*user),
        };
        Some(*user) != worker && may(person, Act::Operate, Some(&job.access)).is_ok()
    });
    if others {
        meant.contains(&who.user) && Some(who.user) != worker
    } else {
        who.role >= Some(Role::Admin) || Some(who.user) == worker
    }
}

/// Whether the failed job needs them.
#[must_use]
pub fn needs_after_failure(who: Who, job: &Job) -> bool {
    job.state == State::Failed && job.access.owner == who.user && may(who, Act::See, Some(&job.access)).is_ok()
}

/// The person who did the latest work.
fn worker(job: &Job) -> Option<UserId> {
    match job.attempt.as_ref()?.worker {
        Worker::Person { user } => Some(user),
        Worker::Runner { .. } => None,
    }
}

/// Owner, creator, leads and editors.
fn concerned(access: &Access) -> Vec<UserId> {
    let team = access.team.iter().filter(|member| member.role >= TeamRole::Editor);
    [access.owner, access.creator]
        .into_iter()
        .chain(team.map(|member| member.user))
        .collect()
}

/// Name of an item. Another attempt of a job makes another item, so that what was put aside comes back when it happens again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ItemName {
    /// What kind of thing.
    pub kind: InboxKind,
    /// The request, the mention, or the job.
    pub of: Uuid,
    /// Number of the job's attempt, 0 before the first; 0 for requests and mentions.
    pub round: i64,
}

impl ItemName {
    /// The item of a job in its latest attempt.
    #[must_use]
    pub fn of_job(kind: InboxKind, job: &Job) -> Self {
        Self {
            kind,
            of: job.id.0,
            round: job.attempt.as_ref().map_or(0, |attempt| attempt.number),
        }
    }

    /// An item that is by itself.
    #[must_use]
    pub const fn of_its_own(kind: InboxKind, of: Uuid) -> Self {
        Self { kind, of, round: 0 }
    }
}

const KINDS: [(InboxKind, &str); 5] = [
    (InboxKind::Request, "request"),
    (InboxKind::Review, "review"),
    (InboxKind::Merge, "merge"),
    (InboxKind::Mention, "mention"),
    (InboxKind::Failed, "failed"),
];

impl fmt::Display for ItemName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = KINDS.iter().find(|(kind, _)| *kind == self.kind).map_or("", |(_, word)| word);
        match self.kind {
            InboxKind::Request | InboxKind::Mention => write!(f, "{word}-{}", self.of),
            InboxKind::Review | InboxKind::Merge | InboxKind::Failed => write!(f, "{word}-{}-{}", self.of, self.round),
        }
    }
}

/// There is no item of such a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no item has such a name")]
pub struct NoItem;

impl FromStr for ItemName {
    type Err = NoItem;

    fn from_str(text: &str) -> Result<Self, NoItem> {
        let (word, rest) = text.split_once('-').ok_or(NoItem)?;
        let kind = KINDS.iter().find(|(_, known)| *known == word).ok_or(NoItem)?.0;
        // An id in its usual form has 36 characters.
        let (of, round) = rest.split_at_checked(36).ok_or(NoItem)?;
        let item = Self {
            kind,
            of: Uuid::parse_str(of).map_err(|_| NoItem)?,
            round: match round.strip_prefix('-') {
                Some(round) => round.parse().map_err(|_| NoItem)?,
                None => 0,
            },
        };
        // One thing, one name.
        if item.to_string() == text { Ok(item) } else { Err(NoItem) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::{Attempt, Merge};
    use coord_protocol::{
        id::{AttemptId, WorkspaceId},
        job::{BranchDecision, NewJob, Priority, TeamMember},
        time::Timestamp,
    };

    const ADA: UserId = UserId(Uuid::from_u128(1));
    const BOB: UserId = UserId(Uuid::from_u128(2));
    const CAT: UserId = UserId(Uuid::from_u128(3));
    const DAN: UserId = UserId(Uuid::from_u128(4));

    /// Ada owns the workspace, Bob and Cat are members, Dan is a viewer.
    fn role(user: UserId) -> Option<Role> {
        match user {
            ADA => Some(Role::Owner),
            BOB | CAT => Some(Role::Member),
            DAN => Some(Role::Viewer),
            _ => None,
        }
    }

    fn job(owner: UserId, team: &[(UserId, TeamRole)]) -> Job {
        let given = crate::lifecycle::NewGiven {
            now: Timestamp(0),
            id: coord_protocol::id::JobId(Uuid::from_u128(9)),
            workspace: WorkspaceId(Uuid::from_u128(8)),
            number: 1,
            creator: owner,
            default_priority: Priority::Medium,
            open_dependencies: vec![],
        };
        let new = NewJob {
            title: "A job".to_owned(),
            ..NewJob::default()
        };
        let mut job = crate::lifecycle::create(&new, &given).unwrap();
        job.access.team = team.iter().map(|(user, role)| TeamMember { user: *user, role: *role }).collect();
        job.state = State::AwaitingReview { merge: None };
        job
    }

    fn done_by(mut job: Job, user: UserId) -> Job {
        job.attempt = Some(Attempt {
            id: AttemptId(Uuid::from_u128(7)),
            job: job.id,
            number: 2,
            worker: Worker::Person { user },
            started_at: Timestamp(0),
            ended_at: Some(Timestamp(1)),
            outcome: None,
            failure: None,
            retry_at: None,
            summary: None,
            usage: Default::default(),
            branch: None,
            review: None,
            session: None,
            sandboxed: None,
        });
        job
    }

    fn needed(job: &Job) -> Vec<UserId> {
        let of = |user| Who { user, role: role(user) };
        [ADA, BOB, CAT, DAN, UserId(Uuid::from_u128(5))]
            .into_iter()
            .filter(|user| needs_review(of(*user), job, role))
            .collect()
    }

    #[test]
    fn inb_1_a_review_needs_owner_creator_leads_and_editors() {
        assert_eq!(needed(&job(BOB, &[])), [BOB], "admins are left alone");
        assert_eq!(needed(&job(BOB, &[(CAT, TeamRole::Editor)])), [BOB, CAT]);
        assert_eq!(
            needed(&job(BOB, &[(CAT, TeamRole::Lead), (DAN, TeamRole::Lead)])),
            [BOB, CAT],
            "viewers stay viewers"
        );
        assert_eq!(needed(&job(BOB, &[(CAT, TeamRole::Viewer)])), [BOB]);
        let mut made_by_another = job(BOB, &[]);
        made_by_another.access.creator = CAT;
        assert_eq!(needed(&made_by_another), [BOB, CAT]);
    }

    #[test]
    fn inb_1_who_did_the_work_does_not_review_it_while_there_is_another() {
        assert_eq!(needed(&done_by(job(BOB, &[(CAT, TeamRole::Editor)]), CAT)), [BOB]);
        assert_eq!(
            needed(&done_by(job(BOB, &[]), BOB)),
            [ADA, BOB],
            "nobody else is meant: the admins, and oneself"
        );
        assert_eq!(needed(&done_by(job(ADA, &[]), ADA)), [ADA], "alone on a laptop");
    }

    #[test]
    fn inb_1_a_review_that_nobody_would_make_needs_the_admins() {
        let gone = UserId(Uuid::from_u128(6));
        assert_eq!(needed(&job(gone, &[])), [ADA]);
        assert_eq!(needed(&job(DAN, &[])), [ADA], "a viewer cannot review");
        assert_eq!(needed(&job(gone, &[(CAT, TeamRole::Editor)])), [CAT]);
    }

    #[test]
    fn inb_1_a_merge_on_its_way_needs_nobody_and_a_blocked_one_a_decision() {
        let mut job = job(BOB, &[]);
        assert_eq!(review_of(&job), Some(InboxKind::Review));
        let merge = |blocked: Option<&str>| State::AwaitingReview {
            merge: Some(Merge {
                decision: BranchDecision::Merge,
                by: BOB,
                since: Timestamp(0),
                claim: None,
                blocked: blocked.map(str::to_owned),
            }),
        };
        job.state = merge(None);
        assert_eq!(review_of(&job), None);
        job.state = merge(Some("conflict"));
        assert_eq!(review_of(&job), Some(InboxKind::Merge));
        job.state = State::Done;
        assert_eq!(review_of(&job), None);
    }

    #[test]
    fn inb_1_a_request_needs_whoever_may_answer_and_a_failed_job_its_owner() {
        let of = |user| Who { user, role: role(user) };
        let mut job = job(BOB, &[(CAT, TeamRole::Viewer)]);
        let answer: Vec<_> = [ADA, BOB, CAT, DAN]
            .into_iter()
            .filter(|user| needs_answer(of(*user), &job.access))
            .collect();
        assert_eq!(answer, [ADA, BOB]);
        assert!(!needs_after_failure(of(BOB), &job));
        job.state = State::Failed;
        assert!(needs_after_failure(of(BOB), &job));
        assert!(!needs_after_failure(of(ADA), &job));
        job.access.owner = UserId(Uuid::from_u128(6));
        let gone = Who {
            user: job.access.owner,
            role: None,
        };
        assert!(!needs_after_failure(gone, &job), "a former member");
    }

    #[test]
    fn inb_1_an_item_has_one_name() {
        let job = done_by(job(BOB, &[]), BOB);
        let name = ItemName::of_job(InboxKind::Failed, &job);
        assert_eq!(name.to_string(), "failed-00000000-0000-0000-0000-000000000009-2");
        assert_eq!(name.to_string().parse(), Ok(name));
        let request = ItemName::of_its_own(InboxKind::Request, Uuid::from_u128(9));
        assert_eq!(request.to_string().parse(), Ok(request));
        for wrong in [
            "",
            "failed",
            "failed-",
            "other-00000000-0000-0000-0000-000000000009",
            "failed-00000000-0000-0000-0000-000000000009",
            "failed-00000000-0000-0000-0000-000000000009-02",
            "request-00000000-0000-0000-0000-000000000009-1",
            "request-00000000-0000-0000-0000-00000000000A",
            "request-00000000000000000000000000000009",
            "request-ééééééééééééééééééé",
        ] {
            assert_eq!(wrong.parse::<ItemName>(), Err(NoItem), "{wrong}");
        }
    }
}
