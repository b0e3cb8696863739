//! Typed failures, waits for limits, silences, and questions through the runner's own tool.

use crate::common::{Bench, asked, assignment, choose, failed, said, system};
use coord_protocol::{
    attempt::FailureReason,
    job::{Activity, ToolsPolicy},
    log::{LogBody, SystemLevel},
    request::{Answer, RequestKind},
    runner::{PauseTold, ToRunner, WorkResult},
};
use coord_runner::agents::process::carriers;
use serde_json::json;

const ONE_RETRY: &str = "[retry]\nlimit = 1\nbackoff_ms = 50\nmax_wait_ms = 60000\n";

#[tokio::test(flavor = "multi_thread")]
async fn agt_7_what_went_wrong_is_typed_from_fields_and_never_from_words() {
    let bench = Bench::with(ONE_RETRY).await;
    let runner = bench.runner();
    for (step, reason, retries) in [
        (
            json!({"error": {"code": 503, "message": "rate limit, sign in"}}),
            FailureReason::ServiceError,
            1,
        ),
        (json!({"error": {"code": 429}}), FailureReason::RateLimited, 1),
        (json!({"error": {"code": 401}}), FailureReason::NotSignedIn, 0),
        (
            json!({"error": {"code": -32603, "data": {"errorKind": "network"}}}),
            FailureReason::Network,
            1,
        ),
        (json!({"error": {"code": -32603, "message": "429"}}), FailureReason::AgentError, 0),
        (json!({"broken_session": "serverOverloaded"}), FailureReason::ServiceError, 1),
        (
            json!({"broken_session": {"httpConnectionFailed": {"httpStatusCode": null}}}),
            FailureReason::Network,
            1,
        ),
        (json!({"broken_session": "cyberPolicy"}), FailureReason::Refused, 0),
        (json!({"refuse": true}), FailureReason::Refused, 0),
    ] {
        let job = assignment(json!([step, step]));
        let finished = bench.finish(&job).await;
        let (found, detail) = failed(&finished);
        assert_eq!(found, reason, "{step}: {detail}");
        let retried = system(&bench.server.log(job.attempt))
            .iter()
            .filter(|line| line.contains("Retry 1 of 1"))
            .count();
        assert_eq!(retried, retries, "{step}");
    }
    runner.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn agt_7_a_limit_that_ends_soon_is_waited_for_and_the_wait_is_told() {
    let bench = Bench::with(ONE_RETRY).await;
    let runner = bench.runner();
    let job = assignment(json!([{"say": "before. "}, {"rate_limit": 1500}, {"history": true}]));
    let finished = bench.finish(&job).await;
    assert_eq!(finished.result, WorkResult::Completed);
    assert_eq!(said(&bench.server.log(job.attempt)), "before. history: 2 prompts, resumed. ");
    let told = bench.server.with(|stored| {
        stored.pauses.iter().find_map(|(_, pause)| match pause {
            Some(PauseTold::Backoff {
                reason,
                in_ms,
                retry,
                limit,
            }) => Some((*reason, *in_ms, *retry, *limit)),
            _ => None,
        })
    });
    let (reason, in_ms, retry, limit) = told.unwrap();
    assert_eq!((reason, retry, limit), (FailureReason::RateLimited, 1, 1));
    assert!((1..=1500).contains(&in_ms), "{in_ms}");
    assert_eq!(
        bench.server.with(|stored| stored.pauses.last().copied().unwrap().1),
        None,
        "it is over"
    );
    runner.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn agt_7_a_limit_that_ends_late_fails_with_the_time() {
    let bench = Bench::with(ONE_RETRY).await;
    let runner = bench.runner();
    let job = assignment(json!([{"rate_limit": 7_200_000}]));
    let finished = bench.finish(&job).await;
    assert_eq!(failed(&finished).0, FailureReason::RateLimited);
    let WorkResult::Failed { retry_at: Some(at), .. } = finished.result else {
        panic!("{finished:?}")
    };
    let first = bench.server.log(job.attempt)[0].at;
    assert!((7_100_000..=7_300_000).contains(&at.ms_since(first)), "{at:?}");
    assert!(!system(&bench.server.log(job.attempt)).iter().any(|line| line.contains("Retry")));
    runner.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn agt_7_a_wait_for_a_limit_can_be_stopped() {
    let bench = Bench::with(ONE_RETRY).await;
    let runner = bench.runner();
    let job = assignment(json!([{"rate_limit": 50_000}]));
    bench.server.assign(job.clone());
    bench
        .server
        .wait("the wait", |stored| {
            stored
                .activities
                .iter()
                .any(|(_, activity)| *activity == Activity::Retrying)
                .then_some(())
        })
        .await;
    bench.server.send(ToRunner::Stop {
        attempt: job.attempt,
        kill: false,
        hurry: false,
    });
    assert_eq!(bench.server.finished(job.attempt).await.result, WorkResult::Stopped);
    runner.stop().await;
}

fn silence(more: &str) -> String {
    format!("[timeouts]\ninitialize_ms = 10000\nsilence_ms = 300\ncancel_ms = 1000\nexit_ms = 1000\n{more}")
}

#[tokio::test(flavor = "multi_thread")]
async fn agt_7_a_silence_is_told_and_nothing_is_ended_for_it() {
    let bench = Bench::with(&silence("")).await;
    let runner = bench.runner();
    let job = assignment(json!([{"say": "before. "}, {"retry_silence": 2000}, {"say": "after."}]));
    let finished = bench.finish(&job).await;
    assert_eq!(finished.result, WorkResult::Completed);
    let log = bench.server.log(job.attempt);
    assert_eq!(said(&log), "before. after.");
    let lines = system(&log);
    assert!(lines.iter().any(|line| line.starts_with("The agent is silent for ")), "{lines:?}");
    assert!(
        lines.iter().any(|line| line.starts_with("The agent speaks again after ")),
        "{lines:?}"
    );
    let pauses: Vec<_> = bench.server.with(|stored| stored.pauses.iter().map(|(_, pause)| *pause).collect());
    let silent = pauses
        .iter()
        .position(|pause| matches!(pause, Some(PauseTold::Silent { for_ms }) if *for_ms >= 300));
    assert!(pauses[silent.unwrap()..].contains(&None), "it is over: {pauses:?}");
    runner.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn agt_7_an_owner_may_end_what_is_silent_too_long() {
    let bench = Bench::with(&silence("silence_end_ms = 900\n[retry]\nlimit = 0\n")).await;
    let runner = bench.runner();
    let job = assignment(json!([{"say": "before. "}, {"hang": true}]));
    let finished = bench.finish(&job).await;
    let (reason, detail) = failed(&finished);
    assert_eq!(reason, FailureReason::Stalled);
    assert!(detail.contains("said nothing for"), "{detail}");
    assert!(carriers(job.attempt).is_empty());
    runner.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn agt_6_a_second_stop_does_not_wait_for_the_running_tool() {
    let bench = Bench::with("[timeouts]\nstop_grace_ms = 60000\ncancel_ms = 5000\nexit_ms = 1000\n").await;
    let runner = bench.runner();
    let job = assignment(json!([{"tool": {"kind": "execute", "title": "long", "run": "sleep 100"}}, {"say": "never"}]));
    bench.server.assign(job.clone());
    bench
        .server
        .entry(job.attempt, "the tool", |body| matches!(body, LogBody::ToolUpdate(_)).then_some(()))
        .await;
    let stop = |hurry| ToRunner::Stop {
        attempt: job.attempt,
        kill: false,
        hurry,
    };
    bench.server.send(stop(false));
    let waits = |body: &LogBody| matches!(body, LogBody::System { text, .. } if text.ends_with("it waits for: long")).then_some(());
    bench.server.entry(job.attempt, "the first stop", waits).await;
    // Told again after a reconnect, it changes nothing; a second one does.
    bench.server.send(stop(false));
    bench.server.send(stop(true));
    assert_eq!(bench.server.finished(job.attempt).await.result, WorkResult::Stopped);
    let lines = system(&bench.server.log(job.attempt));
    assert_eq!(lines.iter().filter(|line| line.contains("not waited for")).count(), 1, "{lines:?}");
    assert!(carriers(job.attempt).is_empty());
    runner.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn agt_6_a_kill_ends_what_is_being_stopped_in_order() {
    let bench = Bench::with("[timeouts]\nstop_grace_ms = 60000\ncancel_ms = 60000\nexit_ms = 60000\n").await;
    let runner = bench.runner();
    let job = assignment(json!([{"spawn_orphan": true}, {"say": "hm"}, {"hang": true}]));
    bench.server.assign(job.clone());
    bench
        .server
        .entry(job.attempt, "work", |body| matches!(body, LogBody::Text { .. }).then_some(()))
        .await;
    let stop = |kill| ToRunner::Stop {
        attempt: job.attempt,
        kill,
        hurry: false,
    };
    bench.server.send(stop(false));
    let told = |body: &LogBody| matches!(body, LogBody::System { text, .. } if text.contains("told to end its turn")).then_some(());
    bench.server.entry(job.attempt, "the stop", told).await;
    bench.server.send(stop(true));
    // All its patience is a minute, and a test waits for less.
    assert_eq!(bench.server.finished(job.attempt).await.result, WorkResult::Stopped);
    assert!(carriers(job.attempt).is_empty());
    runner.stop().await;
}

/// A bench whose scripted agent is given the tool that asks people.
async fn with_tool() -> Bench {
    let program = crate::common::PROGRAM;
    Bench::with(&format!(
        "[agents.scripted]\ncommand = [{program:?}, \"agent-script\"]\nneeds_mcp_ask = true\n"
    ))
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn agt_4_an_agent_without_questions_asks_through_the_runners_tool() {
    let bench = with_tool().await;
    let runner = bench.runner();
    bench.server.answer(|ask| {
        assert_eq!(ask.kind, RequestKind::Question, "the tool itself needs no permission");
        Some(match ask.choices.is_empty() {
            true => Answer {
                choice: None,
                body: Some("my own words".to_owned()),
            },
            false => Answer {
                choice: Some("blue".to_owned()),
                body: Some("the dark one".to_owned()),
            },
        })
    });
    let script = json!([{"mcp_ask": {"question": "Which colour?", "options": ["red", "blue"]}}, {"mcp_ask": {"question": "Why?"}}]);
    let job = assignment(script);
    let finished = bench.finish(&job).await;
    assert_eq!(finished.result, WorkResult::Completed);
    let log = bench.server.log(job.attempt);
    assert_eq!(said(&log), "The person said: blue\n\nthe dark one. The person said: my own words. ");
    let requests = asked(&log);
    assert_eq!(requests.len(), 2);
    assert!(requests.iter().all(|(ask, _)| ask.free_text && ask.kind == RequestKind::Question));
    assert!(carriers(job.attempt).is_empty());
    runner.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn agt_4_a_question_through_the_tool_is_withdrawn_when_the_agent_is_stopped() {
    let bench = with_tool().await;
    let runner = bench.runner();
    let mut job = assignment(json!([{"mcp_ask": {"question": "Which colour?"}}, {"say": "never"}]));
    job.tools_policy = ToolsPolicy::ApproveAll;
    bench.server.assign(job.clone());
    bench
        .server
        .entry(job.attempt, "the question", |body| {
            matches!(body, LogBody::Request { .. }).then_some(())
        })
        .await;
    bench
        .server
        .wait("the wait", |stored| {
            stored
                .activities
                .iter()
                .any(|(_, activity)| *activity == Activity::WaitingForAnswer)
                .then_some(())
        })
        .await;
    bench.server.send(ToRunner::Stop {
        attempt: job.attempt,
        kill: false,
        hurry: false,
    });
    assert_eq!(bench.server.finished(job.attempt).await.result, WorkResult::Stopped);
    let log = bench.server.log(job.attempt);
    let (answer, by) = asked(&log)[0].1.clone().unwrap();
    assert_eq!((answer.choice, answer.body, by.as_str()), (None, None, "policy"));
    assert!(carriers(job.attempt).is_empty(), "the tool's own process is gone too");
    runner.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn agt_4_another_servers_tool_of_that_name_needs_permission() {
    let bench = with_tool().await;
    let runner = bench.runner();
    bench.server.answer(|_| Some(choose("deny")));
    let tool = json!({"tool": {"kind": "other", "title": "mcp__coord__ask_person", "ask": true}});
    let job = assignment(json!([tool]));
    bench.finish(&job).await;
    let requests = asked(&bench.server.log(job.attempt));
    assert_eq!((requests.len(), requests[0].0.kind), (1, RequestKind::Permission));
    assert_eq!(requests[0].1.as_ref().unwrap().1, "Ann");
    runner.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn agt_7_what_an_agent_tries_again_by_itself_is_in_the_log() {
    let bench = Bench::with("[retry]\nlimit = 0\n").await;
    let runner = bench.runner();
    let job = assignment(json!([{"broken_session": "serverOverloaded"}]));
    bench.finish(&job).await;
    let log = bench.server.log(job.attempt);
    let warned = log.iter().any(|entry| {
        matches!(&entry.body, LogBody::System { text, level: SystemLevel::Warning } if text.contains("the agent tries again by itself"))
    });
    assert!(warned, "{log:#?}");
    runner.stop().await;
}
