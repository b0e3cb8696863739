//! Who gets which job, and what becomes of it when a runner goes away.

use super::stage::{FakeRunner, Stage, feed_seqs, finished, held, texts};
use coord_domain::lifecycle::Command;
use coord_protocol::{
    attempt::{BranchReport, Outcome},
    job::{BranchDecision, Hold, JobState, NewJob, Obstacle, Priority, Routing},
    runner::{Assignment, FromRunner, MergeResult, Serves, ToRunner, WorkResult},
};

#[actix_web::test]
async fn run_5_a_ready_job_is_pushed_to_an_idle_runner_once() {
    let stage = Stage::new().await;
    let (first, second) = (stage.runner(stage.ana, "a", false).await, stage.runner(stage.ana, "b", false).await);
    let mut first = FakeRunner::connect(&stage, first, 1, vec![]).await;
    let mut second = FakeRunner::connect(&stage, second, 1, vec![]).await;
    let job = stage.ready_local().await;
    let work = tokio::select! {
        work = first.is_assigned() => work,
        work = second.is_assigned() => work,
    };
    assert_eq!((work.job, work.fence, work.attempt_number), (job.id, 1, 1));
    first.hears_nothing().await;
    second.hears_nothing().await;
}

#[actix_web::test]
async fn run_6_a_runner_never_gets_more_than_it_takes() {
    let stage = Stage::new().await;
    let id = stage.runner(stage.ana, "a", false).await;
    let mut runner = FakeRunner::connect(&stage, id, 2, vec![]).await;
    let jobs = [stage.ready_local().await, stage.ready_local().await, stage.ready_local().await];
    let first = runner.is_assigned().await;
    let _second = runner.is_assigned().await;
    runner.hears_nothing().await;
    let hold = stage
        .hold_becomes(jobs[2].id, |hold| matches!(hold, Hold::RunnersBusy { .. }))
        .await;
    let Hold::RunnersBusy { jobs: mut busy, runners } = hold else {
        panic!()
    };
    assert_eq!((runners[0].runner, runners[0].why), (id, Obstacle::Busy));
    busy.sort_unstable();
    assert_eq!(busy, [1, 2]);
    let confirmed = runner.finishes(&first, 0, WorkResult::Completed).await;
    assert!(matches!(confirmed, ToRunner::FinishConfirmed { .. }));
    assert_eq!(runner.is_assigned().await.job, jobs[2].id);
    assert_eq!(stage.job(first.job).await.state.word(), JobState::Done);
}

#[actix_web::test]
async fn job_9_a_job_without_a_runner_says_runner_by_runner_why() {
    let stage = Stage::new().await;
    let offline = stage.runner(stage.ana, "laptop", false).await;
    let elsewhere = stage.runner(stage.ben, "ben's", true).await;
    let _ben = FakeRunner::connect(&stage, elsewhere, 1, vec![]).await;
    let job = stage.ready_local().await;
    let hold = stage
        .hold_becomes(job.id, |hold| matches!(hold, Hold::NoRunner { runners } if runners.len() == 2))
        .await;
    let Hold::NoRunner { runners } = hold else { panic!() };
    let why: Vec<_> = runners.iter().map(|runner| (runner.runner, runner.why)).collect();
    assert_eq!(why, [(offline, Obstacle::Offline), (elsewhere, Obstacle::Routing)]);
}

#[actix_web::test]
async fn run_9_a_job_is_not_given_to_a_runner_whose_owner_keeps_it_out() {
    let stage = Stage::new().await;
    let id = stage.runner(stage.ana, "a", false).await;
    let serves = Serves {
        people: vec!["ben@example.org".into()],
        ..Serves::default()
    };
    let mut runner = FakeRunner::connect_with(&stage, id, 1, vec![], serves).await;
    let job = stage.ready_local().await;
    let hold = stage
        .hold_becomes(job.id, |hold| matches!(hold, Hold::NoRunner { runners } if !runners.is_empty()))
        .await;
    let Hold::NoRunner { runners } = hold else { panic!() };
    assert_eq!((runners[0].runner, runners[0].why), (id, Obstacle::Policy));
    runner.hears_nothing().await;
    // Its owner lets everybody in, and starts it again.
    runner.hangs_up(&stage).await;
    let mut runner = FakeRunner::connect(&stage, id, 1, vec![]).await;
    assert_eq!(runner.is_assigned().await.job, job.id);
}

#[actix_web::test]
async fn run_7_a_job_says_of_a_runner_that_it_is_about_to_stop() {
    let stage = Stage::new().await;
    let id = stage.runner(stage.ana, "a", false).await;
    let runner = FakeRunner::connect(&stage, id, 1, vec![]).await;
    runner.says(FromRunner::Draining).await.unwrap();
    let job = stage.ready_local().await;
    let hold = stage.hold_becomes(job.id, |hold| matches!(hold, Hold::NoRunner { .. })).await;
    let Hold::NoRunner { runners } = hold else { panic!() };
    assert_eq!(runners[0].why, Obstacle::Stopping);
}

/// A clock that is set says nothing about how long somebody was silent.
#[actix_web::test]
async fn run_5_setting_the_servers_clock_ends_no_lease_and_keeps_none() {
    let stage = Stage::new().await;
    let id = stage.runner(stage.ana, "a", false).await;
    let mut runner = FakeRunner::connect(&stage, id, 1, vec![]).await;
    let job = stage.ready_local().await;
    let work = runner.is_assigned().await;
    stage.clock.set_by(3_600);
    // Long enough for the runner's actor to look whether it was silent.
    for _ in 0..12 {
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        runner.says(FromRunner::Heartbeat).await.unwrap();
    }
    runner.logs(&work, texts(1..=1)).await.unwrap();
    assert_eq!(runner.is_confirmed().await, 1, "an hour ahead, the runner was not away");
    // An hour back: a runner that is silent is lost all the same, and its lease ends.
    stage.clock.set_by(-7_200);
    runner.hangs_up(&stage).await;
    stage.let_leases_lapse();
    stage.job_becomes(job.id, JobState::Ready).await;
}

#[actix_web::test]
async fn job_10_the_highest_priority_goes_first() {
    let stage = Stage::new().await;
    let id = stage.runner(stage.ana, "a", false).await;
    let with = |priority| NewJob {
        priority: Some(priority),
        ..NewJob::default()
    };
    let low = stage.ready(with(Priority::Low)).await;
    let vip = stage.ready(with(Priority::Vip)).await;
    let mut runner = FakeRunner::connect(&stage, id, 1, vec![]).await;
    let first = runner.is_assigned().await;
    assert_eq!(first.job, vip.id);
    runner.finishes(&first, 0, WorkResult::Completed).await;
    assert_eq!(runner.is_assigned().await.job, low.id);
}

#[actix_web::test]
async fn run_5_a_lapsed_claim_frees_the_job_and_the_late_runner_is_refused() {
    let stage = Stage::new().await;
    let (first, second) = (stage.runner(stage.ana, "a", false).await, stage.runner(stage.ana, "b", false).await);
    let mut late = FakeRunner::connect(&stage, first, 1, vec![]).await;
    let job = stage.ready_local().await;
    let old = late.is_assigned().await;
    late.logs(&old, texts(1..=3)).await.unwrap();
    assert_eq!(late.is_confirmed().await, 3);
    late.hangs_up(&stage).await;
    // In this order: the second runner must not be silent while the clock moves.
    stage.let_leases_lapse();
    stage.job_becomes(job.id, JobState::Ready).await;
    let mut next = FakeRunner::connect(&stage, second, 1, vec![]).await;
    let new = next.is_assigned().await;
    assert_eq!((new.job, new.fence, new.attempt_number), (job.id, 2, 2));

    let mut late = FakeRunner::connect(&stage, first, 1, vec![held(&old)]).await;
    assert!(late.resumed.is_empty());
    late.logs(&old, texts(4..=5)).await.unwrap();
    assert_eq!(late.is_dropped().await, 1);
    late.says(FromRunner::Finished(Box::new(finished(&old, 5, WorkResult::Completed))))
        .await
        .unwrap();
    assert_eq!(late.is_dropped().await, 1);
    assert_eq!(stage.job(job.id).await.claim().unwrap().fence, 2);
}

#[actix_web::test]
async fn run_5_a_runner_that_comes_back_in_time_just_continues() {
    let stage = Stage::new().await;
    let id = stage.runner(stage.ana, "a", false).await;
    let mut runner = FakeRunner::connect(&stage, id, 1, vec![]).await;
    let job = stage.ready_local().await;
    let work = runner.is_assigned().await;
    runner.logs(&work, texts(1..=3)).await.unwrap();
    assert_eq!(runner.is_confirmed().await, 3);
    runner.hangs_up(&stage).await;
    let mut runner = FakeRunner::connect(&stage, id, 1, vec![held(&work)]).await;
    assert_eq!(runner.resumed.len(), 1);
    assert_eq!(runner.resumed[0].confirmed_seq, 3);
    let end = runner.finishes(&work, 3, WorkResult::Completed).await;
    assert!(matches!(end, ToRunner::FinishConfirmed { .. }));
    assert_eq!(stage.job(job.id).await.state.word(), JobState::Done);
}

#[actix_web::test]
async fn run_5_work_goes_on_across_a_restart_of_the_server() {
    let mut stage = Stage::new().await;
    let id = stage.runner(stage.ana, "a", false).await;
    let mut runner = FakeRunner::connect(&stage, id, 1, vec![]).await;
    let job = stage.ready_local().await;
    let work = runner.is_assigned().await;
    runner.logs(&work, texts(1..=3)).await.unwrap();
    stage.restart().await;
    let mut runner = FakeRunner::connect(&stage, id, 1, vec![held(&work)]).await;
    assert_eq!(runner.resumed[0].confirmed_seq, 3);
    runner.finishes(&work, 3, WorkResult::Completed).await;
    assert_eq!(stage.job(job.id).await.state.word(), JobState::Done);
}

#[actix_web::test]
async fn run_5_an_assignment_that_never_arrived_is_sent_again() {
    let mut stage = Stage::new().await;
    let id = stage.runner(stage.ana, "a", false).await;
    let mut runner = FakeRunner::connect(&stage, id, 1, vec![]).await;
    stage.ready_local().await;
    let work = runner.is_assigned().await;
    stage.restart().await;
    let mut runner = FakeRunner::connect(&stage, id, 1, vec![]).await;
    let again = runner.is_assigned().await;
    assert_eq!((again.attempt, again.fence), (work.attempt, work.fence));
}

#[actix_web::test]
async fn run_5_a_runner_that_lost_its_spool_loses_the_claim() {
    let stage = Stage::new().await;
    let id = stage.runner(stage.ana, "a", false).await;
    let mut runner = FakeRunner::connect(&stage, id, 1, vec![]).await;
    let job = stage.ready_local().await;
    let work = runner.is_assigned().await;
    runner.logs(&work, texts(1..=3)).await.unwrap();
    runner.hangs_up(&stage).await;
    let mut runner = FakeRunner::connect(&stage, id, 1, vec![]).await;
    let again = runner.is_assigned().await;
    assert_eq!((again.job, again.attempt_number, again.fence), (job.id, 2, 2));
}

#[actix_web::test]
async fn run_5_deleting_the_workspace_takes_the_work_from_the_runner() {
    let stage = Stage::new().await;
    let id = stage.runner(stage.ana, "a", false).await;
    let mut runner = FakeRunner::connect(&stage, id, 1, vec![]).await;
    let job = stage.ready_local().await;
    let work = runner.is_assigned().await;
    stage.live.revoke(crate::actors::Revoked::Workspace(job.workspace));
    assert_eq!(runner.is_dropped().await, work.fence);
}

#[actix_web::test]
async fn run_5_canceling_takes_the_work_from_the_runner() {
    let stage = Stage::new().await;
    let id = stage.runner(stage.ana, "a", false).await;
    let mut runner = FakeRunner::connect(&stage, id, 1, vec![]).await;
    let job = stage.ready_local().await;
    let work = runner.is_assigned().await;
    stage.command(job.id, Command::Cancel).await.unwrap();
    assert_eq!(runner.is_dropped().await, work.fence);
    let next = stage.ready_local().await;
    assert_eq!(runner.is_assigned().await.job, next.id, "the slot is free again");
}

#[actix_web::test]
async fn agt_6_a_stop_reaches_the_runner_also_after_a_break() {
    let stage = Stage::new().await;
    let id = stage.runner(stage.ana, "a", false).await;
    let mut runner = FakeRunner::connect(&stage, id, 1, vec![]).await;
    let job = stage.ready_local().await;
    let work = runner.is_assigned().await;
    let stop = Command::Stop {
        kill: false,
        requeue: false,
    };
    stage.command(job.id, stop).await.unwrap();
    let expected = ToRunner::Stop {
        attempt: work.attempt,
        kill: false,
        hurry: false,
    };
    assert_eq!(runner.hears().await, expected);
    runner.hangs_up(&stage).await;
    let mut runner = FakeRunner::connect(&stage, id, 1, vec![held(&work)]).await;
    assert_eq!(runner.hears().await, expected);
    runner.finishes(&work, 0, WorkResult::Stopped).await;
    assert_eq!(stage.job(job.id).await.state.word(), JobState::Failed);
}

#[actix_web::test]
async fn run_7_a_draining_runner_gets_no_new_work() {
    let stage = Stage::new().await;
    let id = stage.runner(stage.ana, "a", false).await;
    let mut runner = FakeRunner::connect(&stage, id, 1, vec![]).await;
    runner.says(FromRunner::Draining).await.unwrap();
    stage.ready_local().await;
    runner.hears_nothing().await;
}

#[actix_web::test]
async fn run_4_a_silent_runner_is_lost_and_one_that_is_heard_is_not() {
    let stage = Stage::new().await;
    let id = stage.runner(stage.ana, "a", false).await;
    let _runner = FakeRunner::connect(&stage, id, 1, vec![]).await;
    assert!(stage.live.runner_live(id).unwrap().online());
    // Three heartbeats of this stage.
    stage.clock.advance(std::time::Duration::from_secs(4));
    stage
        .until("the runner to be lost", async || {
            stage.live.runner_live(id).is_none_or(|live| !live.online()).then_some(())
        })
        .await;
}

/// Ends the work with a pushed branch, and waits for the confirmation.
async fn hands_in_a_branch(runner: &mut FakeRunner, work: &Assignment) {
    let mut end = finished(work, 0, WorkResult::Completed);
    end.branch = Some(BranchReport {
        name: "coord/1-fix-login".into(),
        base_commit: "b".repeat(40),
        head_commit: "c".repeat(40),
        pushed: true,
        commits: vec![],
        files_changed: 1,
        insertions: 1,
        deletions: 0,
        merge_check: None,
        agent_files: vec![],
    });
    runner.says(FromRunner::Finished(Box::new(end))).await.unwrap();
    assert!(matches!(runner.hears().await, ToRunner::FinishConfirmed { .. }));
}

#[actix_web::test]
async fn rev_3_an_approved_branch_is_merged_by_a_runner_and_a_lost_merge_by_another() {
    let stage = Stage::new().await;
    let (first, second) = (stage.runner(stage.ana, "a", true).await, stage.runner(stage.ben, "b", true).await);
    let mut runner = FakeRunner::connect(&stage, first, 1, vec![]).await;
    let job = stage.ready_repository().await;
    let work = runner.is_assigned().await;
    hands_in_a_branch(&mut runner, &work).await;
    let approve = Command::Approve {
        branch: BranchDecision::Merge,
        body: None,
    };
    stage.command(job.id, approve).await.unwrap();
    let merge = runner.is_to_merge().await;
    assert_eq!(
        (merge.branch.as_str(), merge.base_branch.as_str(), merge.fence),
        ("coord/1-fix-login", "main", 2)
    );
    runner.hangs_up(&stage).await;
    stage.let_leases_lapse();
    stage
        .until("the merge to be released", async || {
            stage.job(job.id).await.claim().is_none().then_some(())
        })
        .await;
    let mut other = FakeRunner::connect(&stage, second, 1, vec![]).await;
    let merge = other.is_to_merge().await;
    assert_eq!(merge.fence, 3);
    let merged = FromRunner::Merged {
        attempt: merge.attempt,
        fence: merge.fence,
        result: MergeResult::Done { commit: None },
    };
    other.says(merged).await.unwrap();
    assert!(matches!(other.hears().await, ToRunner::FinishConfirmed { .. }));
    let done = stage.job(job.id).await;
    assert_eq!(
        (done.state.word(), done.attempt.unwrap().outcome),
        (JobState::Done, Some(Outcome::Approved))
    );
}

#[actix_web::test]
async fn att_3_a_revision_gets_the_reviewers_words_the_branch_and_the_session() {
    let stage = Stage::new().await;
    let id = stage.runner(stage.ana, "a", true).await;
    let mut runner = FakeRunner::connect(&stage, id, 1, vec![]).await;
    let job = stage.ready_repository().await;
    let work = runner.is_assigned().await;
    hands_in_a_branch(&mut runner, &work).await;
    let changes = Command::RequestChanges {
        body: "more tests".into(),
        comments: vec![],
    };
    stage.command(job.id, changes).await.unwrap();
    let again = runner.is_assigned().await;
    assert_eq!(again.attempt_number, 2);
    assert_eq!(again.branch.as_deref(), Some("coord/1-fix-login"));
    assert_eq!(again.resume_session.as_deref(), Some("session-1"));
    let review = again.earlier[0].review.as_ref().unwrap();
    assert_eq!((review.body.as_str(), review.by.name.as_str()), ("more tests", "ana"));
}

#[actix_web::test]
async fn acc_4_a_private_job_is_offered_to_no_foreign_runner() {
    let stage = Stage::new().await;
    let id = stage.runner(stage.ben, "b", true).await;
    let mut runner = FakeRunner::connect(&stage, id, 1, vec![]).await;
    let private = NewJob {
        private: true,
        routing: Some(Routing::Any),
        ..NewJob::default()
    };
    let job = stage.ready(private).await;
    stage.hold_becomes(job.id, |hold| matches!(hold, Hold::NoRunner { .. })).await;
    runner.hears_nothing().await;
}

#[actix_web::test]
async fn inv_4_the_feed_has_no_gaps() {
    let stage = Stage::new().await;
    let id = stage.runner(stage.ana, "a", false).await;
    let mut runner = FakeRunner::connect(&stage, id, 1, vec![]).await;
    for _ in 0..5 {
        stage.ready_local().await;
        let work = runner.is_assigned().await;
        runner.finishes(&work, 0, WorkResult::Completed).await;
    }
    let seqs = feed_seqs(&stage).await;
    assert!(seqs.len() >= 15);
    assert_eq!(seqs, (1..=i64::try_from(seqs.len()).unwrap()).collect::<Vec<_>>());
}
