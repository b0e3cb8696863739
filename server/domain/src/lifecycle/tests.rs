//! Rule by rule, by example. The random walk is in `model`.

use super::{
    testing::{
        OWNER, RUNNER_A, STRANGER, T0, a_new_job, a_repository_job, a_user_job, an_agentic_job, by_owner, claimed, given, must, new_given,
        ready, running, step,
    },
    *,
};
use crate::{
    RefusalKind,
    job::{Job, Merge, State},
};
use coord_protocol::{
    attempt::Commit,
    job::{NewJob, PatchJob, Priority},
    rule::Rule,
};

fn refused(job: Job, doing: &Doing) -> Rule {
    step(job, doing).expect_err("must be refused").rule
}

fn finished(fence: i64, result: WorkResult) -> Doing {
    Doing::System(Happening::Finished {
        fence,
        result,
        report: Box::default(),
    })
}

fn pushed() -> Report {
    let commit = Commit {
        id: "c".repeat(40),
        subject: "Fix".into(),
    };
    let branch = BranchReport {
        name: "coord/1-fix-login".into(),
        base_commit: "b".repeat(40),
        head_commit: "c".repeat(40),
        pushed: true,
        commits: vec![commit],
        files_changed: 1,
        insertions: 2,
        deletions: 0,
        merge_check: None,
        agent_files: vec![],
    };
    Report {
        summary: Some("did it".into()),
        branch: Some(branch),
        sandboxed: Some(true),
        ..Report::default()
    }
}

#[test]
fn run_9_whether_the_agent_was_sandboxed_is_kept_with_the_attempt() {
    let job = in_review(running(an_agentic_job()));
    assert_eq!(job.attempt.unwrap().sandboxed, Some(true));
}

fn in_review(job: Job) -> Job {
    let fence = job.fence;
    must(
        job,
        &Doing::System(Happening::Finished {
            fence,
            result: WorkResult::Completed,
            report: Box::new(pushed()),
        }),
    )
}

fn approve(branch: BranchDecision) -> Doing {
    by_owner(Command::Approve { branch, body: None })
}

fn send_back() -> Doing {
    by_owner(Command::RequestChanges {
        body: "more tests".into(),
        comments: vec![],
    })
}

#[test]
fn job_1_wrong_fields_are_all_named_at_once() {
    let new = NewJob {
        title: " ".into(),
        domains: vec!["a\nb".into()],
        agent: Some(String::new()),
        ..NewJob::default()
    };
    let refusal = create(&new, &new_given()).unwrap_err();
    assert_eq!(refusal.kind, RefusalKind::Invalid);
    assert_eq!(refusal.errors.keys().collect::<Vec<_>>(), ["agent", "domains", "title"]);
}

#[test]
fn job_1_a_user_job_names_nothing_that_only_an_agent_needs() {
    let new = NewJob {
        model: Some("x".into()),
        ..a_new_job()
    };
    assert_eq!(create(&new, &new_given()).unwrap_err().rule, Rule::Job1);
}

#[test]
fn job_1_the_workspace_sets_the_default_priority() {
    let given = NewGiven {
        default_priority: Priority::High,
        ..new_given()
    };
    assert_eq!(create(&a_new_job(), &given).unwrap().priority, Priority::High);
}

#[test]
fn job_2_a_new_job_is_in_backlog_or_ready_when_dependencies_allow() {
    assert_eq!(a_user_job().state, State::Backlog);
    let ready = NewJob {
        state: Some(JobState::Ready),
        ..a_new_job()
    };
    assert_eq!(create(&ready, &new_given()).unwrap().state.word(), JobState::Ready);
    let held = NewGiven {
        open_dependencies: vec![7],
        ..new_given()
    };
    assert_eq!(create(&ready, &held).unwrap_err().rule, Rule::Dep2);
    let done = NewJob {
        state: Some(JobState::Done),
        ..a_new_job()
    };
    assert_eq!(create(&done, &new_given()).unwrap_err().rule, Rule::Job2);
}

#[test]
fn job_5_a_local_job_without_review_is_done_when_the_agent_is() {
    let job = must(running(an_agentic_job()), &finished(1, WorkResult::Completed));
    assert_eq!(job.state, State::Done);
    assert_eq!(job.attempt.unwrap().outcome, Some(Outcome::Completed));
}

#[test]
fn job_5_a_repository_job_is_always_reviewed_also_without_a_change() {
    let job = must(running(a_repository_job()), &finished(1, WorkResult::Completed));
    assert_eq!(job.state, State::AwaitingReview { merge: None });
}

#[test]
fn job_5_people_cannot_drag_an_agentic_job() {
    for to in [JobState::InProgress, JobState::AwaitingReview, JobState::Done] {
        assert_eq!(
            refused(ready(an_agentic_job()), &by_owner(Command::Move { to })),
            Rule::Job5,
            "{to:?}"
        );
    }
    assert_eq!(
        refused(ready(an_agentic_job()), &by_owner(Command::Complete { summary: None })),
        Rule::Job5
    );
}

#[test]
fn job_5_back_to_backlog_only_until_claimed() {
    assert_eq!(must(ready(an_agentic_job()), &by_owner(Command::Unready)).state, State::Backlog);
    assert_eq!(refused(running(an_agentic_job()), &by_owner(Command::Unready)), Rule::Job5);
}

#[test]
fn job_5_retries_used_up_fail_the_job_and_a_person_retries() {
    let result = WorkResult::Failed {
        reason: FailureReason::AgentCrashed,
        retry_at: None,
        detail: "exit code 3".into(),
    };
    let job = must(running(an_agentic_job()), &finished(1, result));
    assert_eq!(job.state, State::Failed);
    let attempt = job.attempt.as_ref().unwrap();
    assert_eq!(
        (attempt.failure, attempt.summary.as_deref()),
        (Some(FailureReason::AgentCrashed), Some("exit code 3"))
    );
    assert_eq!(must(job, &by_owner(Command::Retry)).state.word(), JobState::Ready);
}

#[test]
fn job_6_a_user_job_moves_freely_both_ways() {
    let to = |to| by_owner(Command::Move { to });
    let mut job = a_user_job();
    for next in [
        JobState::InProgress,
        JobState::Backlog,
        JobState::AwaitingReview,
        JobState::Ready,
        JobState::InProgress,
        JobState::AwaitingReview,
    ] {
        job = must(job, &to(next));
        assert_eq!(job.state.word(), next);
    }
    assert_eq!(
        job.attempt.as_ref().unwrap().number,
        1,
        "entering In Progress with an open attempt starts no other"
    );
    assert_eq!(refused(job.clone(), &to(JobState::Done)), Rule::Job6);
    assert_eq!(must(job, &by_owner(Command::Complete { summary: None })).state, State::Done);
}

#[test]
fn job_6_out_of_backlog_only_when_dependencies_allow() {
    let given = Given {
        open_dependencies: vec![4],
        ..given()
    };
    for to in [JobState::Ready, JobState::InProgress, JobState::AwaitingReview] {
        let refusal = apply(&a_user_job(), &by_owner(Command::Move { to }), &given).unwrap_err();
        assert_eq!(refusal.rule, Rule::Dep2);
        assert!(!refusal.detail.contains('4'), "{} names a job that may be hidden", refusal.detail);
    }
}

#[test]
fn job_7_a_stale_version_is_refused() {
    let doing = Doing::Person {
        user: OWNER,
        command: Command::Ready,
        if_version: Some(99),
    };
    let refusal = apply(&a_user_job(), &doing, &given()).unwrap_err();
    assert_eq!((refusal.rule, refusal.kind), (Rule::Job7, RefusalKind::Stale));
}

#[test]
fn job_7_a_job_in_review_cannot_be_claimed() {
    assert_eq!(refused(in_review(running(a_repository_job())), &claimed()), Rule::Job5);
}

#[test]
fn job_9_a_silent_repository_holds_the_job_longer_each_time() {
    let silent = |fence| {
        finished(
            fence,
            WorkResult::RepositoryUnreachable {
                detail: "timed out".into(),
            },
        )
    };
    let mut job = must(running(a_repository_job()), &silent(1));
    let State::Ready {
        unreachable: Some(first), ..
    } = job.state.clone()
    else {
        panic!("{:?}", job.state)
    };
    assert_eq!(refused(job.clone(), &claimed()), Rule::Job9);
    let later = Given {
        now: first.retry_at,
        ..given()
    };
    let events = apply(&job, &claimed(), &later).unwrap();
    job = must(advance(job, &events, later.now), &silent(2));
    let State::Ready {
        unreachable: Some(second), ..
    } = job.state
    else {
        panic!()
    };
    assert_eq!((first.tries, second.tries), (1, 2));
    assert!(second.retry_at.ms_since(T0) > first.retry_at.ms_since(T0));
}

#[test]
fn job_11_only_a_job_at_rest_can_be_deleted() {
    assert_eq!(step(a_user_job(), &by_owner(Command::Delete)).unwrap().1, [JobEvent::Deleted]);
    for job in [
        ready(an_agentic_job()),
        running(an_agentic_job()),
        in_review(running(a_repository_job())),
    ] {
        assert_eq!(refused(job, &by_owner(Command::Delete)), Rule::Job11);
    }
}

#[test]
fn job_12_a_finished_job_is_duplicated_into_backlog_and_links_back() {
    let done = must(running(an_agentic_job()), &finished(1, WorkResult::Completed));
    let given = NewGiven {
        id: JobId(uuid::Uuid::from_u128(101)),
        number: 2,
        creator: STRANGER,
        ..new_given()
    };
    let copy = duplicate(&done, &given).unwrap();
    assert_eq!(
        (copy.state, copy.duplicate_of, copy.attempt, copy.version),
        (State::Backlog, Some(done.id), None, 1)
    );
    assert_eq!(duplicate(&a_user_job(), &given).unwrap_err().rule, Rule::Job12);
}

#[test]
fn job_12_done_can_be_reopened_by_a_request_for_changes() {
    let done = must(running(an_agentic_job()), &finished(1, WorkResult::Completed));
    let reopened = must(done, &send_back());
    assert_eq!(reopened.state.word(), JobState::Ready);
    assert_eq!(reopened.attempt.unwrap().outcome, Some(Outcome::ChangesRequested));
}

#[test]
fn dep_2_is_checked_again_when_a_runner_claims() {
    let given = Given {
        open_dependencies: vec![3],
        ..given()
    };
    assert_eq!(apply(&ready(an_agentic_job()), &claimed(), &given).unwrap_err().rule, Rule::Dep2);
}

#[test]
fn dep_3_added_in_backlog_removed_in_backlog_or_ready() {
    let (backlog, ready, running) = (an_agentic_job(), ready(an_agentic_job()), running(an_agentic_job()));
    assert!(may_change_dependencies(&backlog, true).is_ok() && may_change_dependencies(&backlog, false).is_ok());
    assert!(may_change_dependencies(&ready, true).is_err() && may_change_dependencies(&ready, false).is_ok());
    assert!(may_change_dependencies(&running, true).is_err() && may_change_dependencies(&running, false).is_err());
}

#[test]
fn dep_5_a_job_becomes_ready_by_itself_only_when_asked_to() {
    let done = Doing::System(Happening::DependenciesDone);
    assert_eq!(must(an_agentic_job(), &done).state, State::Backlog);
    let chained = Job {
        auto_ready: true,
        ..an_agentic_job()
    };
    assert_eq!(must(chained, &done).state.word(), JobState::Ready);
}

#[test]
fn att_2_a_request_for_changes_makes_the_next_attempt_on_the_same_branch() {
    let job = must(in_review(running(a_repository_job())), &send_back());
    let again = must(job.clone(), &claimed());
    assert_eq!(again.attempt.as_ref().unwrap().number, 2);
    assert_eq!(again.fence, 2, "each claim has a greater fence");
    assert_eq!(job.attempt.unwrap().branch.unwrap().name, "coord/1-fix-login");
}

#[test]
fn rev_1_a_request_for_changes_needs_words() {
    let silent = by_owner(Command::RequestChanges {
        body: "  ".into(),
        comments: vec![],
    });
    assert_eq!(refused(in_review(running(a_repository_job())), &silent), Rule::Rev1);
}

#[test]
fn rev_1_approving_without_a_pushed_branch_just_completes() {
    let job = must(running(a_repository_job()), &finished(1, WorkResult::Completed));
    assert_eq!(must(job, &approve(BranchDecision::Merge)).state, State::Done);
}

#[test]
fn rev_3_approve_merges_and_only_the_merge_completes() {
    let job = must(in_review(running(a_repository_job())), &approve(BranchDecision::Merge));
    assert_eq!(job.state.activity(), Some(Activity::Merging));
    assert!(job.waiting_for_runner().is_some());
    let job = must(job, &Doing::System(Happening::MergeClaimed { runner: RUNNER_A }));
    assert_eq!(
        refused(job.clone(), &Doing::System(Happening::MergeClaimed { runner: RUNNER_A })),
        Rule::Run5
    );
    let merged = |fence| {
        Doing::System(Happening::Merged {
            fence,
            result: MergeResult::Done { commit: None },
        })
    };
    assert_eq!(refused(job.clone(), &merged(1)), Rule::Run5);
    assert_eq!(must(job, &merged(2)).state, State::Done);
}

#[test]
fn rev_3_a_conflict_is_shown_and_nothing_is_lost() {
    let job = must(in_review(running(a_repository_job())), &approve(BranchDecision::Merge));
    let job = must(job, &Doing::System(Happening::MergeClaimed { runner: RUNNER_A }));
    let conflict = MergeResult::Conflict {
        paths: vec!["src/main.rs".into()],
    };
    let job = must(
        job,
        &Doing::System(Happening::Merged {
            fence: 2,
            result: conflict,
        }),
    );
    let State::AwaitingReview {
        merge: Some(Merge { blocked: Some(why), .. }),
    } = &job.state
    else {
        panic!("{:?}", job.state)
    };
    assert!(why.contains("src/main.rs"));
    assert_eq!(must(job.clone(), &approve(BranchDecision::Leave)).state, State::Done);
    assert_eq!(must(job, &send_back()).state.word(), JobState::Ready);
}

#[test]
fn rev_3_while_a_runner_merges_the_job_is_neither_canceled_nor_sent_back() {
    let job = must(in_review(running(a_repository_job())), &approve(BranchDecision::Merge));
    assert_eq!(must(job.clone(), &by_owner(Command::Cancel)).state, State::Canceled);
    let job = must(job, &Doing::System(Happening::MergeClaimed { runner: RUNNER_A }));
    for doing in [by_owner(Command::Cancel), send_back()] {
        assert_eq!(refused(job.clone(), &doing), Rule::Rev3);
    }
}

#[test]
fn rev_3_a_lost_merge_is_taken_by_another_runner() {
    let job = must(in_review(running(a_repository_job())), &approve(BranchDecision::Merge));
    let job = must(job, &Doing::System(Happening::MergeClaimed { runner: RUNNER_A }));
    let job = must(job, &Doing::System(Happening::LeaseLapsed { fence: 2 }));
    assert!(job.waiting_for_runner().is_some());
    assert_eq!(must(job, &Doing::System(Happening::MergeClaimed { runner: RUNNER_A })).fence, 3);
}

#[test]
fn agt_6_a_stopped_attempt_fails_the_job_or_queues_it_again() {
    let stop = |requeue| by_owner(Command::Stop { kill: false, requeue });
    for (requeue, after) in [(false, JobState::Failed), (true, JobState::Ready)] {
        let job = must(running(an_agentic_job()), &stop(requeue));
        assert_eq!(job.state.activity(), Some(Activity::Stopping));
        let job = must(job, &finished(1, WorkResult::Stopped));
        assert_eq!((job.state.word(), job.attempt.unwrap().outcome), (after, Some(Outcome::Canceled)));
    }
}

#[test]
fn agt_6_a_second_stop_does_not_wait_for_the_running_tool() {
    let stop = || {
        by_owner(Command::Stop {
            kill: false,
            requeue: false,
        })
    };
    let hurries = |job: &Job| matches!(job.state, State::InProgress { stop: Some(Stop { hurry, kill: false, .. }), .. } if hurry);
    let job = must(running(an_agentic_job()), &stop());
    assert!(!hurries(&job));
    let job = must(job, &stop());
    assert!(hurries(&job));
    let kill = by_owner(Command::Stop {
        kill: true,
        requeue: false,
    });
    assert_eq!(refused(must(job, &kill), &stop()), Rule::Agt6);
}

fn told(activity: Activity, pause: Option<PauseTold>) -> Doing {
    Doing::System(Happening::Activity { fence: 1, activity, pause })
}

#[test]
fn agt_7_a_silence_and_a_pause_are_told_by_the_servers_clock_until_they_end() {
    let job = running(an_agentic_job());
    let job = must(job, &told(Activity::Running, Some(PauseTold::Silent { for_ms: 600_000 })));
    assert_eq!(
        job.state.pause(),
        Some(Pause::Silent {
            since: T0.plus_ms(-600_000)
        })
    );
    let backoff = PauseTold::Backoff {
        reason: FailureReason::RateLimited,
        in_ms: i64::MAX,
        retry: 1,
        limit: 3,
    };
    let job = must(job, &told(Activity::Retrying, Some(backoff)));
    let Some(Pause::Backoff { until, .. }) = job.state.pause() else {
        panic!("{:?}", job.state)
    };
    assert!(until < T0.plus_ms(40 * 24 * 3_600_000), "no runner holds a job for ever: {until:?}");
    let stopped = must(
        job.clone(),
        &by_owner(Command::Stop {
            kill: false,
            requeue: false,
        }),
    );
    assert_eq!(stopped.state.pause(), None);
    let job = must(job, &told(Activity::Running, None));
    assert_eq!((job.state.activity(), job.state.pause()), (Some(Activity::Running), None));
}

#[test]
fn agt_7_a_failure_says_when_trying_again_may_help() {
    let at = T0.plus_ms(7_200_000);
    let result = WorkResult::Failed {
        reason: FailureReason::RateLimited,
        detail: "no more for now".into(),
        retry_at: Some(at),
    };
    let attempt = must(running(an_agentic_job()), &finished(1, result)).attempt.unwrap();
    assert_eq!((attempt.failure, attempt.retry_at), (Some(FailureReason::RateLimited), Some(at)));
}

#[test]
fn run_5_what_arrives_under_an_old_fence_is_refused() {
    let lapsed = must(running(an_agentic_job()), &Doing::System(Happening::LeaseLapsed { fence: 1 }));
    assert_eq!(lapsed.state.word(), JobState::Ready);
    assert_eq!(lapsed.attempt.as_ref().unwrap().outcome, Some(Outcome::Lost));
    let again = must(lapsed, &claimed());
    for late in [
        finished(1, WorkResult::Completed),
        Doing::System(Happening::Activity {
            fence: 1,
            activity: Activity::Running,
            pause: None,
        }),
    ] {
        assert_eq!(refused(again.clone(), &late), Rule::Run5);
    }
    assert_eq!(must(again, &finished(2, WorkResult::Completed)).state, State::Done);
}

#[test]
fn run_5_a_canceled_job_refuses_its_runner() {
    let job = must(running(an_agentic_job()), &by_owner(Command::Cancel));
    assert_eq!(job.attempt.as_ref().unwrap().outcome, Some(Outcome::Canceled));
    assert_eq!(refused(job, &finished(1, WorkResult::Completed)), Rule::Run5);
}

#[test]
fn file_1_a_job_whose_uploads_are_not_finished_is_held_not_refused() {
    let new = NewJob {
        agent: Some("claude".into()),
        expected_uploads: 1,
        ..a_new_job()
    };
    let job = ready(create(&new, &new_given()).unwrap());
    assert_eq!(refused(job.clone(), &claimed()), Rule::File1);
    let job = must(job, &Doing::System(Happening::UploadsPending(0)));
    assert_eq!(must(job, &claimed()).state.word(), JobState::InProgress);
}

#[test]
fn file_1_no_more_uploads_are_announced_than_a_job_can_have() {
    let new = NewJob {
        agent: Some("claude".into()),
        expected_uploads: crate::validate::MAX_UPLOADS + 1,
        ..a_new_job()
    };
    let refusal = create(&new, &new_given()).unwrap_err();
    assert_eq!(refusal.rule, Rule::File1);
    assert!(refusal.errors.contains_key("expected_uploads"));
}

#[test]
fn job_5_how_a_job_is_run_cannot_change_while_it_runs() {
    let model = by_owner(Command::Edit(Box::new(PatchJob {
        model: Some("m".into()),
        ..PatchJob::default()
    })));
    assert_eq!(refused(running(an_agentic_job()), &model), Rule::Job5);
    let title = by_owner(Command::Edit(Box::new(PatchJob {
        title: Some("New".into()),
        ..PatchJob::default()
    })));
    assert_eq!(must(running(an_agentic_job()), &title).title, "New");
}

#[test]
fn every_change_raises_the_version_by_one() {
    let (job, events) = step(ready(an_agentic_job()), &claimed()).unwrap();
    assert_eq!((job.version, events.len()), (3, 1));
}
