//! Commits of an agent that hold what must not leave the machine.

use crate::{
    common::{choose, failed},
    repository::{bench, job},
};
use coord_protocol::{attempt::FailureReason, id::JobId, runner::WorkResult};
use serde_json::json;
use uuid::Uuid;

#[tokio::test(flavor = "multi_thread")]
async fn agt_9_commits_that_hold_a_secret_of_the_runner_are_not_pushed() {
    let (bench, bare) = bench().await;
    let runner = bench.runner();
    bench.server.answer(|_| Some(choose("allow")));
    let ways = [
        ("in a file", "echo key=hunter2-hunter2 > key.txt"),
        ("in base64", "printf 'x hunter2-hunter2' | base64 > key.txt"),
        (
            "in a commit that a later one takes back",
            "echo hunter2-hunter2 > key.txt; git add -A; git commit -qm One; git rm -q key.txt; echo 1 > a.txt; git add -A; git commit -qm Two",
        ),
        ("in words", "echo 1 > a.txt; git add -A; git commit -qm 'Set hunter2-hunter2'"),
        ("in a name", "echo 1 > hunter2-hunter2.txt"),
    ];
    for (n, (way, run)) in ways.into_iter().enumerate() {
        let mut job = job(&bare, json!([{"tool": {"kind": "execute", "title": "work", "run": run}}]));
        job.job = JobId(Uuid::from_u128(9_000 + n as u128));
        job.number = 90 + n as i64;
        let finished = bench.finish(&job).await;
        let (reason, detail) = failed(&finished);
        assert!(reason == FailureReason::Policy && detail.contains("AGT-9"), "{way}: {detail}");
        let branch = finished.branch.clone().unwrap();
        assert!(!branch.pushed && bare.tip(&branch.name).is_none(), "{way}");
        let told = format!("{finished:?}{:?}", bench.server.log(job.attempt));
        assert!(!told.contains("hunter2"), "{way}: {told}");
    }
    // What was there before is nobody's leak.
    let base = bare.commit("main", &[("old.txt", "hunter2-hunter2\n")], "Old");
    let mut job = job(
        &bare,
        json!([{"tool": {"kind": "execute", "title": "work", "run": "echo more >> old.txt"}}]),
    );
    job.job = JobId(Uuid::from_u128(9_100));
    job.number = 100;
    let finished = bench.finish(&job).await;
    assert_eq!(finished.result, WorkResult::Completed, "{base} {:?}", bench.server.log(job.attempt));
    runner.stop().await;
}
