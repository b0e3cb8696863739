//! Agents that are a command and speak no protocol.

use crate::common::{Bench, Runner, asked, assignment, choose, failed, said, system};
use coord_protocol::{
    attempt::FailureReason,
    job::{Mode, ToolsPolicy},
    log::{LogBody, LogEntry, ToolStatus},
    runner::{Assignment, ToRunner, WorkResult},
};
use coord_runner::agents::process::carriers;
use serde_json::json;

/// A bench with the agent `cmd`, which is this shell script, and a job for it that allows everything.
async fn with_script(script: &str, more: &str) -> (Bench, Assignment, Runner) {
    let mut bench = Bench::with("").await;
    let path = bench.folder.path().join("agent.sh");
    std::fs::write(&path, script).unwrap();
    let line = |how: &str, rest: &str| format!("[\"sh\", {path:?}, {how:?}, {rest}]");
    let work = line("work", "\"{prompt}\"");
    let more = more
        .replace("RESUME", &line("resume", "\"{resume_id}\", \"{prompt}\""))
        .replace("PLAN", &line("plan", "\"{prompt_file}\""));
    bench.extra = format!("[agents.cmd]\nkind = \"command\"\ncommand = {work}\n{more}\n[retry]\nlimit = 1\nbackoff_ms = 50\n");
    let mut job = assignment(json!([]));
    job.agent = "cmd".to_owned();
    job.tools_policy = ToolsPolicy::ApproveAll;
    let runner = bench.runner();
    (bench, job, runner)
}

fn printed(log: &[LogEntry]) -> String {
    log.iter()
        .filter_map(|entry| match &entry.body {
            LogBody::Output { text, .. } => Some(text.as_str()),
            _ => None,
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn agt_1_a_command_does_a_job_and_what_it_prints_is_the_log() {
    let script =
        "case \"$2\" in *'Do it.'*) ;; *) exit 9;; esac\n[ -t 0 ] && exit 8\ncat && echo to-a-file > output/made\nprintf 'one\\ntwo'";
    let (bench, job, runner) = with_script(script, "").await;
    let finished = bench.finish(&job).await;
    let log = bench.server.log(job.attempt);
    assert_eq!(finished.result, WorkResult::Completed, "{log:#?}");
    assert_eq!(printed(&log), "one\ntwo");
    assert_eq!(finished.summary.as_deref(), Some("one\ntwo"));
    let uploads = bench.server.with(|stored| stored.uploads.keys().cloned().collect::<Vec<_>>());
    assert_eq!(uploads, ["deliverables/made"]);
    bench.server.assert_no_faults();
    runner.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn agt_7_a_command_that_fails_is_tried_again_in_its_session() {
    let script = r#"
echo '{"type":"thread.started","thread_id":"th-1"}'
if [ "$1" = work ]; then
  echo '{"type":"item.started","item":{"id":"i1","type":"command_execution","command":"make"}}'
  echo broken >&2; exit 3
fi
echo "{\"type\":\"item.completed\",\"item\":{\"id\":\"i2\",\"type\":\"agent_message\",\"text\":\"resumed $2\"}}"
echo '{"type":"turn.completed","usage":{"input_tokens":7,"output_tokens":2}}'
"#;
    let (bench, job, runner) = with_script(script, "events = \"codex-jsonl\"\nresume_command = RESUME").await;
    let finished = bench.finish(&job).await;
    let log = bench.server.log(job.attempt);
    assert_eq!(finished.result, WorkResult::Completed, "{log:#?}");
    assert_eq!(said(&log).trim(), "resumed th-1");
    assert_eq!((finished.usage.input_tokens, finished.session.as_deref()), (7, Some("th-1")));
    let lines = system(&log);
    assert!(
        lines.iter().any(|line| line.contains("exit status: 3") && line.contains("broken")),
        "{lines:?}"
    );
    let began =
        |entry: &LogEntry| matches!(&entry.body, LogBody::ToolCall(call) if call.title == "make" && call.status == ToolStatus::InProgress);
    assert!(log.iter().any(began));
    runner.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn agt_3_a_command_is_not_started_for_a_job_that_wants_to_be_asked() {
    let (bench, mut job, runner) = with_script("touch output/made", "").await;
    job.tools_policy = ToolsPolicy::RequirePermission;
    let finished = bench.finish(&job).await;
    let (reason, detail) = failed(&finished);
    assert_eq!(reason, FailureReason::Policy);
    assert!(detail.starts_with("AGT-3: the agent cmd cannot ask for permission"), "{detail}");
    let mut plan = assignment(json!([]));
    plan.agent = "cmd".to_owned();
    plan.mode = Mode::Plan;
    let finished = bench.finish(&plan).await;
    assert!(failed(&finished).1.starts_with("AGT-2: the agent cmd has no command for planning"));
    assert!(bench.server.with(|stored| stored.uploads.is_empty()));
    runner.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn agt_2_a_command_plans_by_its_own_line_and_works_once_the_plan_is_accepted() {
    let script = "case \"$1\" in plan) grep -q 'Do it.' \"$2\" && echo '1. Make it.';; *) echo \"$2\" > output/made; echo done;; esac";
    let (bench, mut job, runner) = with_script(script, "plan_command = PLAN").await;
    job.mode = Mode::Plan;
    bench.server.answer(|_| Some(choose("accept")));
    let finished = bench.finish(&job).await;
    let log = bench.server.log(job.attempt);
    assert_eq!(finished.result, WorkResult::Completed, "{log:#?}");
    let requests = asked(&log);
    assert_eq!((requests.len(), requests[0].0.body.trim()), (1, "1. Make it."));
    // It does not remember, so it is told what it was to do and what it said.
    let made = bench.server.with(|stored| stored.uploads.values().next().cloned().unwrap());
    let made = String::from_utf8_lossy(&made).into_owned();
    assert!(
        made.contains("Do it.") && made.contains("1. Make it.") && made.contains("accepted"),
        "{made}"
    );
    runner.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn agt_6_a_command_is_interrupted_and_ended_with_all_it_started() {
    let script = "trap 'echo interrupted; exit 0' INT\necho begins\nsleep 100 & wait";
    let (bench, job, runner) = with_script(script, "").await;
    bench.server.assign(job.clone());
    bench
        .server
        .entry(job.attempt, "work", |body| matches!(body, LogBody::Output { .. }).then_some(()))
        .await;
    bench.server.send(ToRunner::Stop {
        attempt: job.attempt,
        kill: false,
        hurry: false,
    });
    assert_eq!(bench.server.finished(job.attempt).await.result, WorkResult::Stopped);
    assert_eq!(printed(&bench.server.log(job.attempt)), "begins\ninterrupted\n");
    assert!(carriers(job.attempt).is_empty());
    runner.stop().await;
}
