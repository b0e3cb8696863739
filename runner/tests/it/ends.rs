//! Ends of every kind, with agents that start processes which try to get away: none is left (AGT-6).

use crate::common::{Bench, PROGRAM, Runner, assignment, eventually, failed};
use coord_protocol::{
    attempt::FailureReason,
    log::LogBody,
    runner::{Assignment, ToRunner, WorkResult},
};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde_json::{Value, json};
use std::{
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// Longest until nothing is left.
const GONE: Duration = Duration::from_secs(10);

const QUICK: &str = "[timeouts]\ninitialize_ms = 20000\nstop_grace_ms = 300\ncancel_ms = 300\nexit_ms = 300\n";

/// A number of seconds that no other process on this machine sleeps.
fn tag() -> String {
    format!("98765.{}", crate::common::number() % 1_000_000_000_000)
}

/// Processes that sleep for `tag`.
fn sleepers(tag: &str) -> Vec<i32> {
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    entries
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(|id: &i32| {
            let line = std::fs::read(format!("/proc/{id}/cmdline")).unwrap_or_default();
            line.split(|&byte| byte == 0).eq([b"sleep".as_slice(), tag.as_bytes(), b""])
        })
        .collect()
}

/// A tool call that leaves five processes behind: in the agent's group, in a session of its own, and three that have forgotten the
/// agent's environment too, two of them started by a process that ended at once.
fn runaways(tag: &str) -> Value {
    let run = format!(
        "( sleep {tag} & setsid sleep {tag} & env -i setsid sleep {tag} & \
         env -i setsid sh -c 'sleep {tag} & exit' & env -i setsid sh -c 'env -i setsid -f sleep {tag}' ) </dev/null >/dev/null 2>&1"
    );
    json!({"tool": {"kind": "execute", "title": "run away", "run": run}})
}

fn it_speaks(body: &LogBody) -> Option<()> {
    matches!(body, LogBody::Text { .. }).then_some(())
}

fn job(tag: &str, then: Value) -> Assignment {
    let mut script = vec![runaways(tag), json!({"say": "up"}), json!({"sleep": 10_000})];
    script.extend(then.as_array().unwrap().iter().cloned());
    assignment(Value::Array(script))
}

async fn all_up(bench: &Bench, job: &Assignment, tag: &str) {
    bench.server.entry(job.attempt, "its words", it_speaks).await;
    eventually("all five run", || sleepers(tag).len() == 5).await;
}

async fn none_left(tag: &str, how: &str) {
    let since = Instant::now();
    while !sleepers(tag).is_empty() {
        assert!(since.elapsed() < GONE, "{how}: processes are left: {:?}", sleepers(tag));
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[derive(Debug, Clone, Copy)]
enum End {
    Finish,
    Crash,
    Killed,
    Error,
    Stop,
    Kill,
    Overdue,
    Dropped,
}

/// One end of an attempt in a runner that goes on.
async fn one(bench: &Bench, end: End) {
    let tag = tag();
    let then = match end {
        End::Finish => json!([{"say": "done"}]),
        End::Crash => json!([{"crash": 9}]),
        End::Killed => json!([{"tool": {"kind": "execute", "title": "kill", "run": "kill -9 $PPID"}}]),
        End::Error => json!([{"end_turn_error": "no"}]),
        End::Stop | End::Kill | End::Overdue | End::Dropped => json!([{"hang": true}]),
    };
    let job = job(&tag, then);
    bench.server.assign(job.clone());
    all_up(bench, &job, &tag).await;
    match end {
        End::Finish | End::Crash | End::Killed | End::Error => {}
        End::Stop | End::Overdue => bench.server.send(ToRunner::Stop {
            attempt: job.attempt,
            kill: false,
            hurry: false,
        }),
        End::Kill => bench.server.send(ToRunner::Stop {
            attempt: job.attempt,
            kill: true,
            hurry: false,
        }),
        End::Dropped => bench.server.send(ToRunner::Drop {
            attempt: job.attempt,
            fence: job.fence,
            rule: coord_protocol::rule::Rule::Run5,
            detail: "taken over".to_owned(),
        }),
    }
    if !matches!(end, End::Dropped) {
        let finished = bench.server.finished(job.attempt).await;
        match end {
            End::Finish => assert_eq!(finished.result, WorkResult::Completed),
            End::Crash | End::Killed => assert_eq!(failed(&finished).0, FailureReason::AgentCrashed),
            End::Error => assert_eq!(failed(&finished).0, FailureReason::AgentError),
            End::Stop | End::Kill | End::Overdue | End::Dropped => assert_eq!(finished.result, WorkResult::Stopped),
        }
    }
    none_left(&tag, &format!("{end:?}")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn agt_6_of_an_agent_nothing_is_left_after_any_of_84_ends() {
    // No retries: each end is the last.
    let bench = Bench::with(&format!("{QUICK}[retry]\nlimit = 0\n")).await;
    let runner = bench.runner();
    let kinds = [
        End::Finish,
        End::Crash,
        End::Killed,
        End::Error,
        End::Stop,
        End::Kill,
        End::Overdue,
        End::Dropped,
    ];
    for round in 0..21 {
        let at = |n: usize| kinds[(round * 4 + n) % kinds.len()];
        tokio::join!(one(&bench, at(0)), one(&bench, at(1)), one(&bench, at(2)), one(&bench, at(3)));
    }
    runner.stop().await;
}

fn start(config: &std::path::Path) -> Child {
    Command::new(PROGRAM)
        .args(["run", "--no-ui", "--config"])
        .arg(config)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Kills the runner while four agents work.
async fn kill_it(config: &std::path::Path, bench: &Bench) -> Vec<(Assignment, String)> {
    let mut program = start(config);
    let mut held = Vec::new();
    for _ in 0..4 {
        let tag = tag();
        let job = job(&tag, json!([{"say": ", done"}]));
        bench.server.assign(job.clone());
        held.push((job, tag));
    }
    for (job, tag) in &held {
        all_up(bench, job, tag).await;
    }
    program.kill().unwrap();
    program.wait().unwrap();
    held
}

#[tokio::test(flavor = "multi_thread")]
async fn agt_6_of_four_agents_nothing_is_left_after_any_of_four_kills_of_their_runner() {
    for _ in 0..4 {
        let bench = Bench::with("[env.set]\nSCRIPTED_PACE = \"3\"\n").await;
        for (_, tag) in kill_it(&bench.config_file(), &bench).await {
            none_left(&tag, "the runner was killed").await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn agt_6_a_runner_that_was_killed_leaves_nothing_beside_the_agents_that_go_on() {
    let bench = Bench::with("[env.set]\nSCRIPTED_PACE = \"0.5\"\n").await;
    let config = bench.config_file();
    let held = kill_it(&config, &bench).await;
    let mut program = start(&config);
    for (job, tag) in &held {
        assert_eq!(bench.server.finished(job.attempt).await.result, WorkResult::Completed);
        none_left(tag, "the runner was killed and goes on").await;
    }
    program.kill().unwrap();
    program.wait().unwrap();
}

/// The keeper of an attempt.
fn keeper(job: &Assignment) -> i32 {
    let found = coord_runner::walls::tree::with_arguments(&[coord_runner::walls::keeper::SUBCOMMAND, &job.attempt.to_string()]);
    assert_eq!(found.len(), 1, "one keeper");
    found[0]
}

#[tokio::test(flavor = "multi_thread")]
async fn agt_6_a_keeper_that_was_halted_ends_what_it_keeps_all_the_same() {
    let bench = Bench::with(QUICK).await;
    let runner = bench.runner();
    let tag = tag();
    let job = job(&tag, json!([{"hang": true}]));
    bench.server.assign(job.clone());
    all_up(&bench, &job, &tag).await;
    kill(Pid::from_raw(keeper(&job)), Signal::SIGSTOP).unwrap();
    bench.server.send(ToRunner::Stop {
        attempt: job.attempt,
        kill: true,
        hurry: false,
    });
    assert_eq!(bench.server.finished(job.attempt).await.result, WorkResult::Stopped);
    none_left(&tag, "the keeper was halted").await;
    runner.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn agt_6_processes_that_keep_starting_others_are_ended_too() {
    let bench = Bench::with(QUICK).await;
    let runner = bench.runner();
    let tag = tag();
    // Each lives for a moment only and starts the next in a session of its own.
    let run = format!("hop() {{ sleep {tag} & env -i setsid -f sh \"$1\" \"$1\"; }}; hop \"$1\"\n");
    let script = json!([
        {"tool": {"kind": "edit", "title": "write", "path": "hop.sh", "write": run}},
        {"tool": {"kind": "execute", "title": "hop", "run": "PATH=/usr/bin:/bin env -i setsid -f sh hop.sh hop.sh >/dev/null 2>&1"}},
        {"say": "up"},
        {"hang": true}
    ]);
    let job = assignment(script);
    bench.server.assign(job.clone());
    bench.server.entry(job.attempt, "its words", it_speaks).await;
    eventually("they hop", || sleepers(&tag).len() > 20).await;
    bench.server.send(ToRunner::Stop {
        attempt: job.attempt,
        kill: true,
        hurry: false,
    });
    assert_eq!(bench.server.finished(job.attempt).await.result, WorkResult::Stopped);
    none_left(&tag, "hopping processes").await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(sleepers(&tag).is_empty(), "the last of them is gone");
    runner.stop().await;
}

async fn limited(limits: &str, script: Value) -> (Bench, Runner, String) {
    let bench = Bench::with(&format!("{QUICK}[limits]\n{limits}\n")).await;
    let runner = bench.runner();
    let job = assignment(script);
    let finished = bench.finish(&job).await;
    let (reason, detail) = failed(&finished);
    assert_eq!(reason, FailureReason::ResourceLimit, "{detail}");
    (bench, runner, detail.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn run_9_an_agent_that_reaches_a_limit_of_the_owner_is_ended_and_says_which() {
    let tag = tag();
    let many = format!("for n in 1 2 3 4 5 6 7 8 9 10 11 12; do env -i setsid -f sleep {tag}; done >/dev/null 2>&1; sleep {tag}");
    let tool = |run: &str| json!([{"tool": {"kind": "execute", "title": "use much", "run": run}}, {"say": "never"}]);
    let (_, runner, words) = limited("processes = 8", tool(&many)).await;
    assert!(words.contains("this runner allows 8"), "{words}");
    none_left(&tag, "too many processes").await;
    runner.stop().await;

    let (_, runner, words) = limited("wall_seconds = 1", json!([{"hang": true}])).await;
    assert!(words.contains("the agent ran for 1 s"), "{words}");
    runner.stop().await;

    let (_, runner, words) = limited("cpu_seconds = 1", tool("while true; do :; done")).await;
    assert!(words.contains("of processor time; this runner allows 1"), "{words}");
    runner.stop().await;

    let fill = "(head -c 300000000 /dev/zero; sleep 100) | tail -c 300000000 | wc -c";
    let (_, runner, words) = limited("memory_mb = 200", tool(fill)).await;
    assert!(words.contains("MiB of memory; this runner allows 200"), "{words}");
    runner.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn run_9_files_and_open_files_of_an_agent_are_limited() {
    let bench = Bench::with(&format!("{QUICK}[limits]\nfile_mb = 1\nopen_files = 64\n")).await;
    let runner = bench.runner();
    let run = "ulimit -n; head -c 3000000 /dev/zero > output/big; stat -c %s output/big";
    let job = assignment(json!([{"tool": {"kind": "execute", "title": "write", "run": run}}]));
    bench.finish(&job).await;
    let output = bench.server.log(job.attempt).into_iter().find_map(|entry| match entry.body {
        LogBody::ToolUpdate(update) => update.content,
        _ => None,
    });
    assert_eq!(
        output
            .unwrap()
            .lines()
            .filter(|line| !line.contains("File size"))
            .collect::<Vec<_>>(),
        ["64", "1048576"]
    );
    runner.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn agt_6_no_signal_is_held_back_from_an_agent() {
    let bench = Bench::with(QUICK).await;
    let runner = bench.runner();
    let job = assignment(json!([{"tool": {"kind": "execute", "title": "look", "run": "grep SigBlk /proc/self/status"}}]));
    bench.finish(&job).await;
    let output = bench.server.log(job.attempt).into_iter().find_map(|entry| match entry.body {
        LogBody::ToolUpdate(update) => update.content,
        _ => None,
    });
    assert_eq!(output.unwrap().trim(), "SigBlk:\t0000000000000000");
    runner.stop().await;
}
