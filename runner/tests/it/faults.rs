//! Agents that misbehave, stops, retries, full disks.

use crate::common::{Bench, assignment, choose, eventually, failed, said, system, write_tool};
use coord_protocol::{
    attempt::FailureReason,
    job::Activity,
    log::LogBody,
    runner::{Assignment, ToRunner, WorkResult},
};
use coord_runner::agents::process::carriers;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// A job for the agent named `bad`, which is started by `command`.
async fn with_agent(command: &[&str], more: &str) -> (Bench, Assignment) {
    let bench = Bench::with(&format!("{more}\n[agents.bad]\ncommand = {}\n", json!(command))).await;
    let mut job = assignment(json!([]));
    job.agent = "bad".to_owned();
    (bench, job)
}

const QUICK: &str = "[timeouts]\ninitialize_ms = 700\nstop_grace_ms = 500\ncancel_ms = 300\nexit_ms = 300\n";

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_does_not_start_crashes_prints_garbage_or_never_answers_is_typed_and_clear() {
    let endless = "while true; do echo '<html>not json</html>'; done";
    let one_line = "head -c 20000000 /dev/zero | tr '\\0' x; sleep 100";
    let cases: [(&[&str], FailureReason, &str, usize); 7] = [
        (
            &["/no/such/program"],
            FailureReason::AgentNotStarted,
            "there is no command `/no/such/program`",
            0,
        ),
        (&["/dev/null"], FailureReason::AgentNotStarted, "not executable", 0),
        (
            &["sh", "-c", "echo broken pipe dream >&2; exit 3"],
            FailureReason::AgentCrashed,
            "broken pipe dream",
            2,
        ),
        (
            &["sh", "-c", "echo usage: agent [options]; exit 0"],
            FailureReason::AgentProtocol,
            "usage: agent",
            2,
        ),
        (&["sh", "-c", endless], FailureReason::AgentProtocol, "<html>", 2),
        (&["sh", "-c", one_line], FailureReason::AgentProtocol, "longer than 16 MiB", 2),
        (&["sleep", "100"], FailureReason::AgentSilent, "did not answer within 0.7 s", 2),
    ];
    for (command, reason, words, retries) in cases {
        let (bench, job) = with_agent(command, QUICK).await;
        let runner = bench.runner();
        let finished = bench.finish(&job).await;
        let (found, detail) = failed(&finished);
        assert_eq!(found, reason, "{command:?}: {detail}");
        assert!(detail.contains(words), "{command:?}: {detail}");
        let retried = system(&bench.server.log(job.attempt))
            .iter()
            .filter(|line| line.contains("Retry"))
            .count();
        assert_eq!(retried, retries, "{command:?}");
        assert!(carriers(job.attempt).is_empty(), "{command:?}");
        bench.server.assert_no_faults();
        runner.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_nobody_knows_or_that_wants_a_sign_in_says_so() {
    let bench = Bench::new().await;
    let runner = bench.runner();
    let mut job = assignment(json!([]));
    job.agent = "nobody".to_owned();
    let finished = bench.finish(&job).await;
    assert_eq!(
        failed(&finished),
        (FailureReason::AgentNotStarted, "this runner has no agent named nobody")
    );
    runner.stop().await;

    let bench = script_file(&json!([{"auth_required": true}]), "").await;
    let runner = bench.runner();
    let finished = bench.finish(&assignment(json!([]))).await;
    let (reason, detail) = failed(&finished);
    assert_eq!(reason, FailureReason::NotSignedIn);
    assert!(detail.contains("sign in"), "{detail}");
    runner.stop().await;
}

/// A bench whose scripted agent performs a file.
async fn script_file(script: &Value, more: &str) -> Bench {
    let mut bench = Bench::new().await;
    let path = bench.folder.path().join("script.json");
    std::fs::write(&path, script.to_string()).unwrap();
    let state = bench.folder.path().join("state");
    bench.extra = format!(
        "{more}\n[agents.scripted]\ncommand = [{:?}, \"agent-script\", {path:?}]\nenv = {{ SCRIPTED_STATE = {state:?} }}\n",
        crate::common::PROGRAM
    );
    bench
}

#[tokio::test(flavor = "multi_thread")]
async fn agt_7_after_a_crash_the_session_goes_on_and_the_retry_is_in_the_log() {
    let bench = Bench::new().await;
    let runner = bench.runner();
    let job = assignment(
        json!([{"say": "before. "}, {"sleep": 2000}, {"crash": 3}, {"history": true}, {"fail": "overloaded"}, {"say": "after."}]),
    );
    let finished = bench.finish(&job).await;
    assert_eq!(finished.result, WorkResult::Completed);
    let log = bench.server.log(job.attempt);
    assert_eq!(said(&log), "before. history: 2 prompts, resumed. after.");
    let lines = system(&log);
    assert!(
        lines
            .iter()
            .any(|line| line.contains("exit status: 3") && line.contains("Retry 1 of 2")),
        "{lines:?}"
    );
    assert!(
        lines
            .iter()
            .any(|line| line.contains("overloaded") && line.contains("Retry 2 of 2")),
        "{lines:?}"
    );
    assert!(
        bench
            .server
            .with(|stored| stored.activities.iter().any(|(_, activity)| *activity == Activity::Retrying))
    );
    runner.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn agt_7_an_agent_that_cannot_resume_is_told_what_happened_so_far_and_retries_end() {
    let script = json!([{"no_resume": true}, {"say": "I began with the door. "}, {"sleep": 2000}, {"history": true}, {"crash": 9}]);
    let bench = script_file(&script, "").await;
    let runner = bench.runner();
    let mut job = assignment(json!([]));
    job.description = "Do it.".to_owned();
    let finished = bench.finish(&job).await;
    let (reason, detail) = failed(&finished);
    assert_eq!(reason, FailureReason::AgentCrashed, "{detail}");
    let log = bench.server.log(job.attempt);
    let lines = system(&log);
    assert_eq!(
        lines
            .iter()
            .filter(|line| line.contains("a new one is told what happened so far"))
            .count(),
        2,
        "{lines:?}"
    );
    assert_eq!(said(&log).matches("history: 1 prompts").count(), 3, "each is a new session");
    // What the new session was told is in its own record.
    let states: String = std::fs::read_dir(bench.folder.path().join("state"))
        .unwrap()
        .map(|entry| std::fs::read_to_string(entry.unwrap().path()).unwrap())
        .collect();
    assert!(states.contains("> You: I began with the door."), "{states}");
    runner.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_and_refusals_of_the_agent_end_the_attempt_with_its_words_and_no_retry() {
    let bench = Bench::new().await;
    let runner = bench.runner();
    for (step, expected, words) in [
        (
            json!({"end_turn_error": "bad request 400"}),
            FailureReason::AgentError,
            "bad request 400",
        ),
        (json!({"refuse": true}), FailureReason::Refused, "refused"),
    ] {
        let job = assignment(json!([write_tool("output/x", "1"), step]));
        bench.server.answer(|_| Some(choose("allow")));
        let finished = bench.finish(&job).await;
        let (reason, detail) = failed(&finished);
        assert_eq!(reason, expected);
        assert!(detail.contains(words), "{detail}");
        assert!(!system(&bench.server.log(job.attempt)).iter().any(|line| line.contains("Retry")));
    }
    runner.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_that_are_not_the_protocol_and_late_updates_do_no_harm() {
    let bench = Bench::new().await;
    let runner = bench.runner();
    let job = assignment(json!([{"say": "a"}, {"bad_frame": true}, {"say": "b"}, {"late_update": "c"}]));
    let finished = bench.finish(&job).await;
    assert_eq!(finished.result, WorkResult::Completed);
    assert_eq!(said(&bench.server.log(job.attempt)), "abc");
    assert_eq!(finished.summary.as_deref(), Some("abc"));
    runner.stop().await;
}

async fn stop_when(bench: &Bench, job: &Assignment, kill: bool, ready: impl Fn(&LogBody) -> Option<()>) -> Duration {
    bench.server.assign(job.clone());
    bench.server.entry(job.attempt, "work", ready).await;
    let since = Instant::now();
    bench.server.send(ToRunner::Stop {
        attempt: job.attempt,
        kill,
        hurry: false,
    });
    bench.server.send(ToRunner::Stop {
        attempt: job.attempt,
        kill,
        hurry: false,
    });
    let finished = bench.server.finished(job.attempt).await;
    assert_eq!(finished.result, WorkResult::Stopped);
    assert!(carriers(job.attempt).is_empty(), "no process is left");
    since.elapsed()
}

fn a_tool_runs(body: &LogBody) -> Option<()> {
    matches!(body, LogBody::ToolUpdate(_)).then_some(())
}

fn it_speaks(body: &LogBody) -> Option<()> {
    matches!(body, LogBody::Text { .. }).then_some(())
}

#[tokio::test(flavor = "multi_thread")]
async fn agt_6_a_graceful_stop_lets_the_running_tool_call_end_and_keeps_what_was_done() {
    let bench = Bench::new().await;
    let runner = bench.runner();
    let tool = |title: &str, run: &str| json!({"tool": {"kind": "execute", "title": title, "run": run}});
    let job = assignment(json!([tool("long", "sleep 1; echo done > output/first"), write_tool("output/second", "x"), {"say": "never"}]));
    let took = stop_when(&bench, &job, false, a_tool_runs).await;
    assert!(took > Duration::from_millis(600), "it waited: {took:?}");
    let uploads = bench.server.with(|stored| stored.uploads.keys().cloned().collect::<Vec<_>>());
    assert_eq!(uploads, ["deliverables/first"]);
    assert!(system(&bench.server.log(job.attempt)).contains(&"A stop was asked for; it waits for: long".to_owned()));
    runner.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn agt_6_a_stop_while_the_agent_asks_withdraws_the_request() {
    let bench = Bench::new().await;
    let runner = bench.runner();
    let job = assignment(json!([write_tool("output/a", "x"), {"say": "never"}]));
    stop_when(&bench, &job, false, |body| matches!(body, LogBody::Request { .. }).then_some(())).await;
    let log = bench.server.log(job.attempt);
    let requests = crate::common::asked(&log);
    let (answer, by) = requests[0].1.clone().unwrap();
    assert_eq!((answer.choice, answer.body, by.as_str()), (None, None, "policy"));
    assert!(bench.server.with(|stored| stored.uploads.is_empty()));
    runner.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn agt_6_an_agent_that_hangs_is_ended_after_the_grace_period_with_all_its_processes() {
    let bench = Bench::with(QUICK.replace("700", "10000").as_str()).await;
    let runner = bench.runner();
    let job = assignment(json!([{"spawn_orphan": true}, {"say": "hm"}, {"hang": true}]));
    bench.server.assign(job.clone());
    bench.server.entry(job.attempt, "work", it_speaks).await;
    assert!(carriers(job.attempt).len() >= 2, "the agent and its orphan");
    bench.server.send(ToRunner::Stop {
        attempt: job.attempt,
        kill: false,
        hurry: false,
    });
    assert_eq!(bench.server.finished(job.attempt).await.result, WorkResult::Stopped);
    assert!(carriers(job.attempt).is_empty());
    runner.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn agt_6_a_kill_ends_the_whole_process_tree_at_once() {
    let bench = Bench::new().await;
    let runner = bench.runner();
    let run = "sh -c 'sleep 100' & sleep 100";
    let job = assignment(json!([{"spawn_orphan": true}, {"tool": {"kind": "execute", "title": "long", "run": run}}]));
    let took = stop_when(&bench, &job, true, a_tool_runs).await;
    assert!(took < Duration::from_secs(2), "{took:?}");
    runner.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn orphans_of_an_agent_that_ended_well_are_ended_too() {
    let bench = Bench::new().await;
    let runner = bench.runner();
    let job = assignment(json!([{"spawn_orphan": true}, {"say": "done"}]));
    let finished = bench.finish(&job).await;
    assert_eq!(finished.result, WorkResult::Completed);
    assert!(carriers(job.attempt).is_empty());
    runner.stop().await;
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn agt_10_a_disk_that_takes_no_more_ends_the_attempt_clearly_and_leaves_the_log_whole() {
    let bench = Bench::new().await;
    let config = bench.config_file();
    // A limit on the size of files stands in for a full disk: the write in question fails in mid-line.
    let mut program = std::process::Command::new("sh")
        .args([
            "-c",
            "trap '' XFSZ; ulimit -f 400; exec \"$0\" run --config \"$1\"",
            crate::common::PROGRAM,
        ])
        .arg(&config)
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let job = assignment(json!([{"say": "one. "}, {"sleep": 3000}, {"burst": 5000}, {"sleep": 1000000}]));
    let finished = bench.finish(&job).await;
    let (reason, detail) = failed(&finished);
    assert_eq!(reason, FailureReason::Disk);
    assert!(detail.contains("the log cannot be written on the runner's machine"), "{detail}");
    let log = bench.server.log(job.attempt);
    assert!(
        log.len() > 500 && finished.last_seq == log.len() as i64,
        "{} of {}",
        log.len(),
        finished.last_seq
    );
    eventually("no process is left", || carriers(job.attempt).is_empty()).await;
    // The same runner goes on with other work.
    let next = assignment(json!([{"say": "fine"}]));
    assert_eq!(bench.finish(&next).await.result, WorkResult::Completed);
    bench.server.assert_no_faults();
    program.kill().unwrap();
    program.wait().unwrap();
}
