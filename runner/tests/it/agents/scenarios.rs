//! What every agent is put through. Each takes a rig of the agent, and ends it.

use super::Rig;
use crate::common::{asked, choose, eventually, failed, said, system};
use coord_protocol::{
    attempt::FailureReason,
    id::AttemptId,
    job::{Mode, ToolsPolicy},
    log::LogBody,
    request::{Answer, ChoiceKind, RequestKind},
    runner::{ToRunner, WorkResult},
};
use coord_runner::agents::process::carriers;
use serde_json::json;

fn write(path: &str, text: &str) -> serde_json::Value {
    json!({"write": {"path": path, "text": text}})
}

/// A person is asked, allows it once, and the file is there. What the model says it used is recorded.
pub async fn allowed(rig: Rig) {
    let runner = rig.runner();
    rig.bench.server.answer(|_| Some(choose("allow")));
    let job = rig.job(json!([write("output/a.txt", "written\n"), {"say": "It is written."}]));
    let finished = rig.bench.finish(&job).await;
    let log = rig.bench.server.log(job.attempt);
    assert_eq!(finished.result, WorkResult::Completed, "{log:#?}");
    let requests = asked(&log);
    assert_eq!(requests.len(), 1, "{requests:#?}");
    let (ask, answer) = &requests[0];
    assert_eq!(ask.kind, RequestKind::Permission);
    assert_eq!(answer.as_ref().unwrap().1, "Ann");
    assert!(
        ask.diff.as_deref().unwrap_or_default().contains("+written"),
        "what is asked shows the change: {ask:#?}"
    );
    assert_eq!(said(&log), "It is written.");
    assert_eq!(rig.read(&job, "output/a.txt").as_deref(), Some("written\n"));
    assert_eq!(rig.model.steps().len(), 2);
    assert_eq!(
        (finished.usage.input_tokens, finished.usage.output_tokens),
        (2 * coord_rig::model::INPUT_TOKENS, 2 * coord_rig::model::OUTPUT_TOKENS)
    );
    rig.end(runner).await;
}

/// A person says no, in words; the file is not written, and the words reach the model.
pub async fn denied_with_words(rig: Rig) {
    let runner = rig.runner();
    rig.bench.server.answer(|_| {
        Some(Answer {
            choice: Some("deny".to_owned()),
            body: Some("Leave that file alone, please.".to_owned()),
        })
    });
    // Some end their turn over a refusal, others go on; either way the words come next, and the last step is for them.
    let job = rig.job(json!([write("output/a.txt", "written\n"), {"say": "I left it alone."}, {"say": "I left it alone."}]));
    let finished = rig.bench.finish(&job).await;
    let log = rig.bench.server.log(job.attempt);
    assert_eq!(finished.result, WorkResult::Completed, "{log:#?}");
    assert_eq!(asked(&log).len(), 1, "{log:#?}");
    assert!(said(&log).ends_with("I left it alone."), "{log:#?}");
    assert_eq!(rig.read(&job, "output/a.txt"), None);
    let last = rig.model.steps().pop().unwrap().body.to_string();
    assert!(last.contains("Leave that file alone, please."), "{last}");
    rig.end(runner).await;
}

/// "Always in this attempt" is said once, and the agent is not kept waiting again.
pub async fn always_in_this_attempt(rig: Rig) {
    let runner = rig.runner();
    rig.bench.server.answer(|ask| {
        let always = ask.choices.iter().find(|choice| choice.kind == ChoiceKind::AllowAlways)?;
        Some(choose(&always.id))
    });
    let job = rig.job(json!([write("output/a.txt", "1\n"), write("output/b.txt", "2\n"), {"say": "Both."}]));
    let finished = rig.bench.finish(&job).await;
    let log = rig.bench.server.log(job.attempt);
    assert_eq!(finished.result, WorkResult::Completed, "{log:#?}");
    let by: Vec<String> = asked(&log).into_iter().map(|(_, answer)| answer.unwrap().1).collect();
    assert_eq!(by, ["Ann", "policy"], "{log:#?}");
    assert_eq!(rig.read(&job, "output/b.txt").as_deref(), Some("2\n"));
    rig.end(runner).await;
}

/// In plan mode a model that edits all the same does not get through, whatever the job's policy; when the plan is accepted it may.
pub async fn plan_mode_holds(rig: Rig) {
    let runner = rig.runner();
    let gemini = rig.agent == "gemini";
    let mut script = vec![
        write("output/early.txt", "too early\n"),
        json!({"run": "mkdir -p output && echo too early > output/shell.txt"}),
        json!({"plan": "1. Write the file."}),
        write("output/late.txt", "in time\n"),
        json!({"say": "Carried out."}),
    ];
    if gemini {
        // It takes its shell away from a model that plans, and its plan is a file beside its sessions.
        script.splice(1..3, [write("plan.md", "1. Write the file.\n"), json!({"plan": "plan.md"})]);
    }
    let mut job = rig.job(json!(script));
    job.mode = Mode::Plan;
    job.tools_policy = ToolsPolicy::ApproveAll;
    let folder = rig.folder(&job);
    rig.bench.server.answer(move |ask| {
        let nothing = std::fs::read_dir(folder.join("output")).map_or(true, |mut entries| entries.next().is_none());
        // Without an answer the test ends with the log, which shows what was written too early.
        (ask.kind == RequestKind::Plan && nothing).then(|| choose("accept"))
    });
    let finished = rig.bench.finish(&job).await;
    let log = rig.bench.server.log(job.attempt);
    assert_eq!(finished.result, WorkResult::Completed, "{log:#?}");
    let plans: Vec<String> = asked(&log)
        .into_iter()
        .filter(|(ask, _)| ask.kind == RequestKind::Plan)
        .map(|(ask, _)| ask.body)
        .collect();
    assert_eq!(plans.len(), 1, "{log:#?}");
    assert!(plans[0].contains("1. Write the file."), "{plans:#?}");
    assert_eq!(rig.read(&job, "output/early.txt"), None);
    assert_eq!(rig.read(&job, "output/shell.txt"), None);
    assert_eq!(rig.read(&job, "output/late.txt").as_deref(), Some("in time\n"), "{log:#?}");
    assert!(said(&log).ends_with("Carried out."), "{log:#?}");
    rig.end(runner).await;
}

/// The model asks; a person chooses; the model hears it.
pub async fn question_answered(rig: Rig) {
    let runner = rig.runner();
    rig.bench.server.answer(|ask| match ask.kind {
        RequestKind::Question => {
            let blue = ask.choices.iter().find(|choice| choice.label.contains("Blue"))?;
            Some(choose(&blue.id))
        }
        _ => Some(choose("allow")),
    });
    let job = rig.job(json!([{"ask": {"question": "Which colour shall it be?", "options": ["Red", "Blue"]}}, {"say": "Thank you."}]));
    let finished = rig.bench.finish(&job).await;
    let log = rig.bench.server.log(job.attempt);
    assert_eq!(finished.result, WorkResult::Completed, "{log:#?}");
    let questions: Vec<String> = asked(&log)
        .into_iter()
        .filter(|(ask, answer)| ask.kind == RequestKind::Question && answer.as_ref().is_some_and(|(_, by)| by == "Ann"))
        .map(|(ask, _)| ask.body)
        .collect();
    assert_eq!(questions.len(), 1, "{log:#?}");
    assert!(questions[0].contains("Which colour shall it be?"), "{questions:#?}");
    let steps = rig.model.steps();
    assert_eq!(steps.len(), 2);
    let heard = steps[1].body.to_string();
    assert!(
        heard.matches("Blue").count() > steps[0].body.to_string().matches("Blue").count(),
        "{heard}"
    );
    assert_eq!(said(&log), "Thank you.");
    rig.end(runner).await;
}

/// Waits until the agent's shell runs a command that holds `words`.
async fn shell_runs(attempt: AttemptId, words: &str) {
    eventually("the command runs", || {
        carriers(attempt).iter().any(|id| {
            let line = std::fs::read(format!("/proc/{id}/cmdline")).unwrap_or_default();
            // The program itself, not a shell that was told about it.
            line.starts_with(words.replace(' ', "\0").as_bytes())
        })
    })
    .await;
}

/// The agent is killed while a command runs. Another takes up the session, and the model still knows what it was asked.
pub async fn killed_and_resumed(rig: Rig) {
    let runner = rig.runner();
    rig.bench.server.answer(|_| Some(choose("allow")));
    let job = rig.job(json!([{"run": "echo begun && sleep 297"}, "history"]));
    rig.bench.server.assign(job.clone());
    rig.bench
        .server
        .entry(job.attempt, "a request", |body| {
            matches!(body, LogBody::Answer { .. }).then_some(())
        })
        .await;
    shell_runs(job.attempt, "sleep 297").await;
    let keeper = coord_runner::walls::tree::with_arguments(&[coord_runner::walls::keeper::SUBCOMMAND, &job.attempt.to_string()]);
    for id in carriers(job.attempt) {
        let status = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
        let parent = status.rsplit(')').next().and_then(|rest| rest.split_whitespace().nth(1));
        // The agent itself, whose parent is its keeper.
        if parent == keeper.first().map(i32::to_string).as_deref() {
            nix::sys::signal::kill(nix::unistd::Pid::from_raw(id), nix::sys::signal::Signal::SIGKILL).unwrap();
        }
    }
    let finished = rig.bench.server.finished(job.attempt).await;
    let log = rig.bench.server.log(job.attempt);
    assert_eq!(finished.result, WorkResult::Completed, "{log:#?}");
    let lines = system(&log);
    assert!(
        lines.iter().any(|line| line.contains("SIGKILL") && line.contains("Retry 1")),
        "{lines:#?}"
    );
    assert!(lines.iter().any(|line| line.contains("it resumes its session")), "{lines:#?}");
    assert!(said(&log).contains("history: 2 prompts"), "{log:#?}");
    assert!(carriers(job.attempt).is_empty(), "the command of the killed agent is gone too");
    rig.end(runner).await;
}

/// A stop lets the running command end, and nothing after it begins.
pub async fn stopped_gracefully(rig: Rig) {
    let runner = rig.runner();
    rig.bench.server.answer(|_| Some(choose("allow")));
    let job = rig.job(json!([{"run": "mkdir -p output && sleep 3.5 && echo done > output/first.txt"}, write("output/second.txt", "no\n"), {"say": "never"}]));
    rig.bench.server.assign(job.clone());
    shell_runs(job.attempt, "sleep 3.5").await;
    rig.bench.server.send(ToRunner::Stop {
        attempt: job.attempt,
        kill: false,
        hurry: false,
    });
    let finished = rig.bench.server.finished(job.attempt).await;
    let log = rig.bench.server.log(job.attempt);
    assert_eq!(finished.result, WorkResult::Stopped, "{log:#?}");
    assert_eq!(rig.read(&job, "output/first.txt").as_deref(), Some("done\n"), "{log:#?}");
    assert_eq!(rig.read(&job, "output/second.txt"), None);
    assert!(!said(&log).contains("never"), "{log:#?}");
    assert!(carriers(job.attempt).is_empty(), "no process is left");
    rig.end(runner).await;
}

/// Errors of the model's server end the attempt as what they are.
pub async fn failures_are_told(mut rig: Rig, cases: &[(u16, FailureReason, &str)]) {
    rig.bench.extra = rig.bench.extra.replace("[retry]\nlimit = 1", "[retry]\nlimit = 0");
    let runner = rig.runner();
    for (status, reason, words) in cases {
        let errors: Vec<serde_json::Value> = (0..20)
            .map(|_| json!({"error": {"status": status, "retry_after": (*status == 429).then_some(1)}}))
            .collect();
        let job = rig.job(json!(errors));
        let finished = rig.bench.finish(&job).await;
        let (found, detail) = failed(&finished);
        assert_eq!(found, *reason, "{status}: {detail}");
        assert!(detail.contains(words), "{status}: {detail}");
    }
    rig.end(runner).await;
}
