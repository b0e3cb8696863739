//! A random walk of commands against a model that knows only states, the open attempt, the fence and the version.

use super::{
    testing::{OWNER, RUNNER_A, T0, a_new_job, given, new_given},
    *,
};
use crate::{
    RefusalKind,
    job::{Job, State},
};
use coord_protocol::job::{Context, NewJob};
use proptest::prelude::*;

#[derive(Debug, Clone)]
enum Act {
    Person(Command, Option<i64>),
    Claim { open_dependencies: bool },
    Finish { fence: i64, result: WorkResult, push: bool },
    MergeClaim,
    Merged { fence: i64, result: MergeResult },
    Lapse { fence: i64 },
    Uploads(u32),
}

fn acts() -> impl Strategy<Value = Act> {
    let state = prop_oneof![
        Just(JobState::Backlog),
        Just(JobState::Ready),
        Just(JobState::InProgress),
        Just(JobState::AwaitingReview),
        Just(JobState::Done)
    ];
    let command = prop_oneof![
        Just(Command::Ready),
        Just(Command::Unready),
        Just(Command::Start),
        Just(Command::Submit { summary: None }),
        Just(Command::Complete {
            summary: Some("done".into())
        }),
        Just(Command::Approve {
            branch: BranchDecision::Merge,
            body: None
        }),
        Just(Command::RequestChanges {
            body: "again".into(),
            comments: vec![]
        }),
        Just(Command::Retry),
        Just(Command::Cancel),
        any::<bool>().prop_map(|requeue| Command::Stop { kill: false, requeue }),
        state.prop_map(|to| Command::Move { to }),
    ];
    let result = prop_oneof![
        3 => Just(WorkResult::Completed),
        1 => Just(WorkResult::Stopped),
        1 => Just(WorkResult::Failed { reason: FailureReason::AgentCrashed, detail: "x".into(), retry_at: None }),
        1 => Just(WorkResult::RepositoryUnreachable { detail: "x".into() }),
    ];
    let merge = prop_oneof![
        Just(MergeResult::Done { commit: None }),
        Just(MergeResult::Conflict { paths: vec!["a".into()] })
    ];
    prop_oneof![
        6 => (command, prop_oneof![4 => Just(None), 1 => (0i64..12).prop_map(Some)]).prop_map(|(c, v)| Act::Person(c, v)),
        4 => prop_oneof![3 => Just(false), 1 => Just(true)].prop_map(|open_dependencies| Act::Claim { open_dependencies }),
        4 => (0i64..5, result, any::<bool>()).prop_map(|(fence, result, push)| Act::Finish { fence, result, push }),
        2 => Just(Act::MergeClaim),
        2 => (0i64..5, merge).prop_map(|(fence, result)| Act::Merged { fence, result }),
        1 => (0i64..5).prop_map(|fence| Act::Lapse { fence }),
        1 => (0u32..2).prop_map(Act::Uploads),
    ]
}

/// The moves of JOB-5, JOB-6 and JOB-12, as the rules list them: (agentic, from, to).
fn legal(agentic: bool, from: JobState, to: JobState) -> bool {
    use JobState::{AwaitingReview, Backlog, Canceled, Done, Failed, InProgress, Ready};
    if from == to || (to == Canceled && !matches!(from, Done | Canceled)) {
        return true;
    }
    if agentic {
        matches!(
            (from, to),
            (Backlog, Ready)
                | (Ready, Backlog | InProgress)
                | (InProgress, AwaitingReview | Done | Failed | Ready)
                | (AwaitingReview, Done | Ready)
                | (Failed | Done, Ready)
        )
    } else {
        let free = |state| matches!(state, Backlog | Ready | InProgress | AwaitingReview);
        (free(from) && free(to)) || matches!((from, to), (InProgress | AwaitingReview, Done) | (Done, Ready))
    }
}

fn doing(act: &Act) -> (Doing, Given) {
    let mut given = given();
    // Far enough on that a repository that did not answer may be tried again.
    given.now = T0.plus_ms(3_600_000_000);
    let doing = match act.clone() {
        Act::Person(command, if_version) => Doing::Person {
            user: OWNER,
            command,
            if_version,
        },
        Act::Claim { open_dependencies } => {
            given.open_dependencies = if open_dependencies { vec![9] } else { vec![] };
            Doing::System(Happening::Claimed {
                runner: RUNNER_A,
                runner_name: "r".into(),
                agent: "a".into(),
            })
        }
        Act::Finish { fence, result, push } => {
            let branch = BranchReport {
                name: "b".into(),
                base_commit: String::new(),
                head_commit: String::new(),
                pushed: push,
                commits: vec![],
                files_changed: 0,
                insertions: 0,
                deletions: 0,
                merge_check: None,
                agent_files: vec![],
            };
            Doing::System(Happening::Finished {
                fence,
                result,
                report: Box::new(Report {
                    branch: Some(branch),
                    ..Report::default()
                }),
            })
        }
        Act::MergeClaim => Doing::System(Happening::MergeClaimed { runner: RUNNER_A }),
        Act::Merged { fence, result } => Doing::System(Happening::Merged { fence, result }),
        Act::Lapse { fence } => Doing::System(Happening::LeaseLapsed { fence }),
        Act::Uploads(count) => Doing::System(Happening::UploadsPending(count)),
    };
    (doing, given)
}

fn check(before: &Job, act: &Act, doing: &Doing, given: &Given) -> Job {
    let agentic = before.agentic().is_some();
    let events = match apply(before, doing, given) {
        Ok(events) => events,
        Err(refusal) => {
            if let Act::Person(_, Some(seen)) = act {
                assert!((refusal.kind == RefusalKind::Stale) == (*seen != before.version), "{refusal}");
            }
            return before.clone();
        }
    };
    let after = advance(before.clone(), &events, given.now);
    let (from, to) = (before.state.word(), after.state.word());

    assert!(legal(agentic, from, to), "{act:?}: {from:?} → {to:?}");
    if let Act::Person(_, Some(seen)) = act {
        assert_eq!(*seen, before.version, "a stale version was taken");
    }
    assert_eq!(after.version, before.version + i64::from(!events.is_empty()));
    assert!(after.fence >= before.fence, "a fence went back");
    match act {
        Act::Claim { open_dependencies } => {
            assert!(!open_dependencies && before.pending_uploads == 0 && agentic);
            assert_eq!(after.fence, before.fence + 1);
        }
        Act::Finish { fence, .. } | Act::Merged { fence, .. } | Act::Lapse { fence } => {
            assert_eq!(before.claim().map(|claim| claim.fence), Some(*fence), "a stale fence was taken");
        }
        Act::Person(..) | Act::MergeClaim | Act::Uploads(_) => {}
    }
    holds(&after, agentic);
    after
}

/// What is true of every job at rest between two commands.
fn holds(job: &Job, agentic: bool) {
    let open = job.open_attempt().is_some();
    match &job.state {
        State::InProgress { .. } => assert!(open, "in progress without an open attempt"),
        State::Done | State::Failed | State::Canceled => assert!(!open, "{:?} with an open attempt", job.state.word()),
        State::Backlog | State::Ready { .. } | State::AwaitingReview { .. } => {
            assert!(
                !(agentic && open),
                "an agentic job has an open attempt while {:?}",
                job.state.word()
            );
        }
    }
    if agentic && matches!(job.state, State::Ready { .. }) {
        let facts = crate::hold::HoldFacts::default();
        assert!(crate::hold::hold(job, facts, T0).is_some(), "a ready job without a hold");
    }
    if agentic && open {
        assert_eq!(
            job.claim().map(|claim| claim.fence),
            Some(job.fence),
            "the open attempt is not the newest claim"
        );
    }
}

fn walk(new: &NewJob, acts: &[Act]) {
    let mut job = create(new, &new_given()).unwrap();
    for act in acts {
        let (doing, given) = doing(act);
        job = check(&job, act, &doing, &given);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, ..ProptestConfig::default() })]

    #[test]
    fn job_5_no_random_walk_of_an_agentic_job_leaves_the_rules(acts in prop::collection::vec(acts(), 1..40), repository: bool, review: bool) {
        let context = repository.then(|| Context::Repository { url: "https://host/x".into(), base_branch: "main".into() });
        walk(&NewJob { agent: Some("any".into()), context, review, ..a_new_job() }, &acts);
    }

    #[test]
    fn job_6_no_random_walk_of_a_user_job_leaves_the_rules(acts in prop::collection::vec(acts(), 1..40)) {
        walk(&a_new_job(), &acts);
    }
}
