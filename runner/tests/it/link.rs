//! The link to the server: breaks, takeovers, restarts of either side.

use crate::common::{Bench, PROGRAM, assignment, choose, eventually, said, system, write_tool};
use coord_protocol::{
    id::AttemptId,
    log::{LogBody, LogEntry},
    rule::Rule,
    runner::{CLOSE_DISPLACED, CLOSE_REVOKED, ToRunner, WorkResult},
};
use coord_runner::{agents::process::carriers, spool};
use serde_json::json;
use std::{
    process::{Child, Command, Stdio},
    time::Duration,
};

/// Number of lines that the burst of `count` left in the log, in order.
fn burst_lines(log: &[LogEntry]) -> Vec<u32> {
    log.iter()
        .filter_map(|entry| match &entry.body {
            LogBody::ToolUpdate(update) => update.content.as_deref()?.strip_prefix("line ")?.parse().ok(),
            _ => None,
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn agt_10_after_cuts_in_mid_batch_the_log_has_no_gap_and_no_repeat() {
    let bench = Bench::new().await;
    let runner = bench.runner();
    bench.server.with(|stored| stored.cut_after = Some(137));
    let job = assignment(json!([{"burst": 3000}, {"sleep": 2000}, {"burst": 3000}, {"say": "end"}]));
    bench.server.assign(job.clone());
    bench
        .server
        .wait("the first cut", |stored| (stored.connections >= 2).then_some(()))
        .await;
    bench.server.with(|stored| stored.cut_after = Some(1501));
    bench
        .server
        .wait("the second cut", |stored| (stored.connections >= 3).then_some(()))
        .await;
    let finished = bench.server.finished(job.attempt).await;
    assert_eq!(finished.result, WorkResult::Completed);
    let expected: Vec<u32> = (1..=3000).chain(1..=3000).collect();
    assert_eq!(burst_lines(&bench.server.log(job.attempt)), expected);
    bench.server.assert_no_faults();
    runner.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn run_3_a_runner_that_was_removed_drops_its_work_and_keeps_what_is_on_disk() {
    let bench = Bench::new().await;
    let runner = bench.runner();
    let job = assignment(json!([{"say": "before. "}, {"sleep": 60_000}]));
    bench.server.assign(job.clone());
    bench
        .server
        .entry(job.attempt, "the beginning", |body| {
            matches!(body, LogBody::Text { .. }).then_some(())
        })
        .await;
    bench.server.with(|stored| stored.close_code = Some(CLOSE_REVOKED));
    bench.server.cut(false);
    eventually("the work is dropped", || {
        runner.desk.held() == 0 && carriers(job.attempt).is_empty()
    })
    .await;
    let aside = bench
        .work_dir()
        .join("attempts")
        .join(format!("{}.fence-{}", job.attempt, job.fence));
    eventually("the spool is set aside", || aside.is_dir()).await;
    runner.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn run_1_the_older_of_two_runners_with_one_token_gives_up() {
    let bench = Bench::new().await;
    let runner = bench.runner();
    bench.server.connected().await;
    bench.server.with(|stored| stored.close_code = Some(CLOSE_DISPLACED));
    bench.server.cut(true);
    let ended = tokio::time::timeout(Duration::from_secs(10), runner.link).await.unwrap().unwrap();
    assert!(
        ended
            .unwrap_err()
            .to_string()
            .contains("another runner has connected with this token")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn agt_10_work_goes_on_while_the_server_is_away_and_all_of_it_arrives_later() {
    let bench = Bench::new().await;
    let runner = bench.runner();
    let job = assignment(json!([{"say": "before. "}, {"sleep": 4000}, write_tool("output/a", "x"), {"burst": 500}, {"say": "after."}]));
    bench.server.assign(job.clone());
    bench
        .server
        .entry(job.attempt, "the beginning", |body| {
            matches!(body, LogBody::Text { .. }).then_some(())
        })
        .await;
    bench.server.cut(false);
    // The agent asks meanwhile; the question is on disk when the server returns.
    let log_file = bench.work_dir().join("attempts").join(job.attempt.to_string()).join("log.jsonl");
    eventually("the request is spooled", || {
        std::fs::read_to_string(&log_file).is_ok_and(|log| log.contains("\"request\""))
    })
    .await;
    bench.server.answer(|_| Some(choose("allow")));
    bench.server.with(|stored| stored.accept = true);
    let finished = bench.server.finished(job.attempt).await;
    assert_eq!(finished.result, WorkResult::Completed);
    let held = bench.server.with(|stored| stored.hellos.last().unwrap().clone());
    assert_eq!(held.len(), 1, "the claim was named at the return");
    assert!(said(&bench.server.log(job.attempt)).ends_with("after."));
    bench.server.assert_no_faults();
    runner.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn agt_10_answers_and_messages_that_come_twice_reach_the_agent_once() {
    let bench = Bench::new().await;
    let runner = bench.runner();
    let job = assignment(json!([{"ask": {"message": "Which?", "options": ["a", "b"]}}, {"sleep": 10000}, {"say": "turn over. "}]));
    bench.server.assign(job.clone());
    let attempt = job.attempt;
    let request = bench
        .server
        .entry(attempt, "the question", |body| match body {
            LogBody::Request { request, .. } => Some(*request),
            _ => None,
        })
        .await;
    let message = crate::common::message_id();
    for choice in ["a", "b", "a"] {
        let answer = choose(choice);
        bench.server.send(ToRunner::Answer {
            attempt,
            request,
            answer,
            by: "Ann".to_owned(),
        });
        let body = "hurry up".to_owned();
        bench.server.send(ToRunner::Message {
            attempt,
            message,
            body,
            interrupt: false,
            from: "Bob".to_owned(),
        });
    }
    let finished = bench.server.finished(attempt).await;
    assert_eq!(finished.result, WorkResult::Completed);
    let log = bench.server.log(attempt);
    let answers = log.iter().filter(|entry| matches!(entry.body, LogBody::Answer { .. })).count();
    let messages: Vec<&LogEntry> = log
        .iter()
        .filter(|entry| matches!(entry.body, LogBody::UserMessage { .. }))
        .collect();
    assert_eq!((answers, messages.len()), (1, 1));
    assert!(matches!(&messages[0].body, LogBody::UserMessage { message: Some(id), from, .. } if *id == message && from == "Bob"));
    let text = said(&log);
    assert!(text.contains("The answer is: a. ") && !text.contains("is: b"), "{text}");
    let turn_over = log
        .iter()
        .position(|entry| matches!(&entry.body, LogBody::Text { text } if text.contains("turn over")))
        .unwrap();
    assert!(
        turn_over < messages[0].seq as usize,
        "a message waits for the end of the turn (AGT-5)"
    );
    runner.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn agt_5_an_interrupting_message_ends_the_turn_first() {
    let bench = Bench::new().await;
    let runner = bench.runner();
    let job = assignment(json!([{"say": "working. "}, {"sleep": 1000000}, {"say": "never"}]));
    bench.server.assign(job.clone());
    let attempt = job.attempt;
    bench
        .server
        .entry(attempt, "work", |body| matches!(body, LogBody::Text { .. }).then_some(()))
        .await;
    let body = "stop that, do this: @@[{\"say\":\"doing this.\"}]@@".to_owned();
    bench.server.send(ToRunner::Message {
        attempt,
        message: crate::common::message_id(),
        body,
        interrupt: true,
        from: "Bob".to_owned(),
    });
    let finished = bench.server.finished(attempt).await;
    assert_eq!(finished.result, WorkResult::Completed);
    assert_eq!(said(&bench.server.log(attempt)), "working. doing this.");
    runner.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn run_5_work_that_was_taken_over_is_dropped_and_stays_on_disk() {
    let bench = Bench::new().await;
    let runner = bench.runner();
    let job = assignment(json!([{"tool": {"kind": "edit", "title": "w", "path": "half.txt", "write": "half"}}, {"sleep": 1000000}]));
    bench.server.assign(job.clone());
    let attempt = job.attempt;
    bench
        .server
        .entry(attempt, "work", |body| matches!(body, LogBody::ToolUpdate(_)).then_some(()))
        .await;
    eventually("the agent runs", || !carriers(attempt).is_empty()).await;
    // The lease lapsed while the runner was away.
    bench.server.cut(false);
    bench.server.with(|stored| {
        stored.claims.insert(attempt, 2);
        stored.accept = true;
    });
    eventually("the claim is given up", || runner.desk.held() == 0).await;
    eventually("the agent is gone", || carriers(attempt).is_empty()).await;
    assert!(bench.server.with(|stored| stored.finished.is_empty()), "nothing more was told");
    let half = bench.work_dir().join("jobs").join(job.job.to_string()).join("work/half.txt");
    assert_eq!(std::fs::read_to_string(half).unwrap(), "half");
    eventually("its spool is set aside", || {
        bench.work_dir().join("attempts").join(format!("{attempt}.fence-1")).exists()
    })
    .await;

    // The same by message, in mid-connection.
    let job = assignment(json!([{"sleep": 1000000}]));
    let attempt = job.attempt;
    bench.server.assign(job);
    eventually("the agent runs", || !carriers(attempt).is_empty()).await;
    let detail = "the lease was taken over".to_owned();
    bench.server.send(ToRunner::Drop {
        attempt,
        fence: 7,
        rule: Rule::Run5,
        detail: detail.clone(),
    });
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(runner.desk.held(), 1, "another fence's drop is not ours");
    bench.server.send(ToRunner::Drop {
        attempt,
        fence: 1,
        rule: Rule::Run5,
        detail,
    });
    eventually("the claim is given up", || runner.desk.held() == 0).await;
    eventually("the agent is gone", || carriers(attempt).is_empty()).await;
    runner.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn run_5_a_stale_fence_on_an_upload_drops_the_work() {
    let bench = Bench::new().await;
    let runner = bench.runner();
    let job = assignment(json!([{"tool": {"kind": "edit", "title": "w", "path": "output/a", "write": "x"}}, {"sleep": 10000}]));
    bench.server.assign(job.clone());
    bench
        .server
        .entry(job.attempt, "work", |body| matches!(body, LogBody::ToolUpdate(_)).then_some(()))
        .await;
    bench.server.with(|stored| stored.claims.insert(job.attempt, 2));
    eventually("the claim is given up", || runner.desk.held() == 0).await;
    assert!(bench.server.with(|stored| stored.uploads.is_empty() && stored.finished.is_empty()));
    runner.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn agt_10_the_end_is_told_again_until_it_is_confirmed_by_the_next_process_too() {
    let bench = Bench::new().await;
    let runner = bench.runner();
    bench.server.with(|stored| stored.confirm_ends = false);
    let job = assignment(json!([{"say": "done"}]));
    bench.server.assign(job.clone());
    bench
        .server
        .wait("the end", |stored| (stored.finished_told >= 1).then_some(()))
        .await;
    bench.server.cut(true);
    bench
        .server
        .wait("the end again", |stored| (stored.finished_told >= 2).then_some(()))
        .await;
    runner.stop().await;
    bench.server.with(|stored| stored.confirm_ends = true);
    let next = bench.runner();
    let finished = bench.server.finished(job.attempt).await;
    assert_eq!(finished.result, WorkResult::Completed);
    eventually("the spool is gone", || {
        next.desk.held() == 0 && spool::left_behind(&bench.work_dir().join("attempts")).is_empty()
    })
    .await;
    assert_eq!(said(&bench.server.log(job.attempt)), "done", "the agent did not run again");
    bench.server.assert_no_faults();
    next.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn agt_10_an_end_whose_confirmation_was_lost_is_told_again_and_its_spool_goes() {
    let bench = Bench::new().await;
    let runner = bench.runner();
    bench.server.with(|stored| stored.confirm_ends = false);
    let job = assignment(json!([{"say": "done"}]));
    bench.server.assign(job.clone());
    bench
        .server
        .wait("the end", |stored| (stored.finished_told >= 1).then_some(()))
        .await;
    // Stored, the claim ended with it, and the answer lost with the connection.
    bench.server.cut(false);
    bench.server.with(|stored| {
        stored.claims.remove(&job.attempt);
        stored.ended_before.push(job.attempt);
        stored.confirm_ends = true;
        stored.accept = true;
    });
    eventually("the spool is gone", || runner.desk.held() == 0).await;
    let left: Vec<_> = std::fs::read_dir(bench.work_dir().join("attempts")).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
    runner.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn run_4_a_server_that_says_nothing_is_noticed_and_another_connection_made() {
    let bench = Bench::new().await;
    // Takes the connection and never says a word more than the welcome.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let silent = tokio::spawn(async move {
        let mut connections = Vec::new();
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let mut socket = tokio_tungstenite::accept_async(stream).await.unwrap();
            let welcome = ToRunner::Welcome {
                protocol: 1,
                runner: coord_protocol::id::RunnerId(uuid::Uuid::nil()),
                name: "x".to_owned(),
                heartbeat_ms: 100,
                lease_ms: 1000,
                resume: Vec::new(),
            };
            let text = serde_json::to_string(&welcome).unwrap();
            futures_util::SinkExt::send(&mut socket, tokio_tungstenite::tungstenite::Message::text(text))
                .await
                .unwrap();
            // Kept open, never read: no pong comes.
            connections.push(socket);
            if connections.len() == 3 {
                return;
            }
        }
    });
    let text = bench.config_text().replace(&bench.server.url(), &format!("http://{address}"));
    let path = bench.folder.path().join("silent.toml");
    std::fs::write(&path, text).unwrap();
    let mut program = start(&path);
    tokio::time::timeout(Duration::from_secs(10), silent).await.unwrap().unwrap();
    program.kill().unwrap();
    program.wait().unwrap();
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

fn running(attempt: AttemptId) -> bool {
    !carriers(attempt).is_empty()
}

#[tokio::test(flavor = "multi_thread")]
async fn agt_10_a_runner_killed_at_any_moment_goes_on_where_it_was() {
    let bench = Bench::new().await;
    bench.server.answer(|_| Some(choose("allow")));
    let config = bench.config_file();
    let mut program = start(&config);
    let job = assignment(json!([
        {"say": "one. "}, {"burst": 400}, {"sleep": 4000}, write_tool("output/a", "x"), {"history": true}, {"burst": 400}, {"sleep": 4000},
        {"say": "two. "}, {"tool": {"kind": "execute", "title": "nap", "run": "sleep 0.3"}}, {"burst": 400}, {"sleep": 4000}, {"say": "three."}
    ]));
    bench.server.assign(job.clone());
    // A fixed plan of moments, so that a failure can be run again.
    for (kill, pause) in [60u64, 330, 610, 450, 700].into_iter().enumerate() {
        bench
            .server
            .wait("a connection", |stored| (stored.connections as usize > kill).then_some(()))
            .await;
        tokio::time::sleep(Duration::from_millis(pause)).await;
        program.kill().unwrap();
        program.wait().unwrap();
        program = start(&config);
    }
    let finished = bench.server.finished(job.attempt).await;
    assert_eq!(finished.result, WorkResult::Completed);
    let log = bench.server.log(job.attempt);
    assert!(log.iter().enumerate().all(|(at, entry)| entry.seq == at as i64 + 1));
    assert!(system(&log).iter().any(|line| line.contains("restarted")), "{:?}", system(&log));
    assert_eq!(
        bench.server.with(|stored| stored.uploads.get("deliverables/a").cloned()),
        Some(b"x".to_vec())
    );
    bench.server.assert_no_faults();
    assert!(!running(job.attempt), "no process of a former runner is left");
    program.kill().unwrap();
    program.wait().unwrap();
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn run_7_a_runner_that_is_stopped_hands_its_jobs_back_and_a_second_signal_ends_it_at_once() {
    use nix::{
        sys::signal::{Signal, kill},
        unistd::Pid,
    };
    let bench = Bench::new().await;
    let config = bench.config_file();
    let mut program = start(&config);
    let job = assignment(json!([{"say": "working"}, {"sleep": 1000000}]));
    bench.server.assign(job.clone());
    bench
        .server
        .entry(job.attempt, "work", |body| matches!(body, LogBody::Text { .. }).then_some(()))
        .await;
    let id = Pid::from_raw(program.id() as i32);
    kill(id, Signal::SIGTERM).unwrap();
    let finished = bench.server.finished(job.attempt).await;
    assert_eq!(finished.result, WorkResult::Stopped);
    assert!(bench.server.with(|stored| stored.draining));
    let status = tokio::task::spawn_blocking(move || program.wait().unwrap()).await.unwrap();
    assert!(status.success() && !running(job.attempt));

    let mut program = start(&config);
    let job = assignment(json!([{"tool": {"kind": "execute", "title": "long", "run": "sleep 100"}}, {"say": "never"}]));
    bench.server.assign(job.clone());
    let started = |body: &LogBody| matches!(body, LogBody::ToolUpdate(_)).then_some(());
    bench.server.entry(job.attempt, "a tool that runs", started).await;
    let id = Pid::from_raw(program.id() as i32);
    kill(id, Signal::SIGINT).unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    kill(id, Signal::SIGINT).unwrap();
    let status = tokio::task::spawn_blocking(move || program.wait().unwrap()).await.unwrap();
    assert!(status.success() && !running(job.attempt));
    assert!(bench.server.with(|stored| !stored.finished.contains_key(&job.attempt)));
    assert_eq!(
        spool::left_behind(&bench.work_dir().join("attempts")).len(),
        1,
        "the next start goes on with it"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn run_6_more_than_the_free_slots_is_handed_back() {
    let bench = Bench::new().await;
    let text = bench.config_text().replace("concurrency = 4", "concurrency = 1");
    let path = bench.folder.path().join("one.toml");
    std::fs::write(&path, text).unwrap();
    let mut program = start(&path);
    let (first, second) = (
        assignment(json!([{"sleep": 20000}, {"say": "done"}])),
        assignment(json!([{"say": "never"}])),
    );
    bench.server.assign(first.clone());
    bench.server.entry(first.attempt, "work", |_| Some(())).await;
    let finished = bench.finish(&second).await;
    assert_eq!((finished.result, finished.last_seq), (WorkResult::Stopped, 0));
    assert_eq!(bench.server.finished(first.attempt).await.result, WorkResult::Completed);
    program.kill().unwrap();
    program.wait().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn run_9_a_second_runner_in_the_same_folder_is_refused() {
    let bench = Bench::new().await;
    let config = bench.config_file();
    let mut program = start(&config);
    bench.server.connected().await;
    let second = Command::new(PROGRAM).args(["run", "--config"]).arg(&config).output().unwrap();
    assert!(!second.status.success());
    let words = String::from_utf8_lossy(&second.stderr);
    assert!(words.contains("another runner uses the work folder"), "{words}");
    program.kill().unwrap();
    program.wait().unwrap();
}
