//! Jobs in a folder of their own, with the scripted agent behind the real protocol and real processes.

use crate::common::{Bench, asked, assignment, choose, failed, file_id, said, system, write_tool};
use coord_protocol::{
    attempt::FailureReason,
    job::{Activity, Mode, ToolsPolicy},
    log::{LogBody, PlanStatus, ToolStatus},
    request::{Answer, ChoiceKind, RequestKind},
    runner::{InputFile, WorkResult},
};
use serde_json::json;
use sha2::{Digest, Sha256};

#[tokio::test(flavor = "multi_thread")]
async fn file_2_what_the_agent_leaves_in_its_output_folder_is_delivered_byte_for_byte() {
    let bench = Bench::new().await;
    let runner = bench.runner();
    bench.server.answer(|_| Some(choose("allow")));
    let text = "Grüße\n\u{1}\u{7f}no newline at the end";
    let job = assignment(json!([
        {"plan": ["one", "two"]}, {"done": 1}, {"think": "hm"}, write_tool("output/résumé 1.txt", text),
        {"tool": {"kind": "execute", "title": "echo", "run": "echo out; echo err >&2"}},
        {"usage": {"input": 10, "output": 5, "cost": 0.25}}, {"say": "All done."}
    ]));
    let finished = bench.finish(&job).await;
    assert_eq!(finished.result, WorkResult::Completed);
    assert_eq!(finished.summary.as_deref(), Some("All done."));
    assert_eq!(
        (finished.usage.input_tokens, finished.usage.output_tokens, finished.usage.cost_usd),
        (10, 5, Some(0.25))
    );
    assert!(
        finished
            .agent
            .is_some_and(|agent| agent.name == "scripted" && agent.version.is_some())
    );
    let upload = bench
        .server
        .with(|stored| stored.uploads.get("deliverables/r%C3%A9sum%C3%A9%201.txt").cloned());
    assert_eq!(upload.as_deref(), Some(text.as_bytes()));

    let log = bench.server.log(job.attempt);
    assert!(
        log.iter()
            .any(|entry| matches!(&entry.body, LogBody::Plan { steps } if steps[0].status == PlanStatus::Completed))
    );
    assert!(
        log.iter()
            .any(|entry| matches!(&entry.body, LogBody::Thought { text } if text == "hm"))
    );
    let edit = log.iter().find_map(|entry| match &entry.body {
        LogBody::ToolCall(call) if call.title.starts_with("Write") => Some(call.clone()),
        _ => None,
    });
    let edit = edit.unwrap();
    assert_eq!(edit.paths, ["output/résumé 1.txt"], "paths are told from the working folder on");
    assert!(edit.diffs[0].diff.contains("+Grüße"), "{:?}", edit.diffs);
    let output = log.iter().any(|entry| {
        matches!(&entry.body, LogBody::ToolUpdate(update)
            if update.status == Some(ToolStatus::Completed) && update.content.as_deref().is_some_and(|text| text.contains("out\nerr")))
    });
    assert!(output, "{log:#?}");
    let activities: Vec<Activity> = bench
        .server
        .with(|stored| stored.activities.iter().map(|(_, activity)| *activity).collect());
    for expected in [Activity::Running, Activity::WaitingForPermission, Activity::Packaging] {
        assert!(activities.contains(&expected), "{expected:?} in {activities:?}");
    }
    bench.server.assert_no_faults();
    crate::common::eventually("the spool is gone", || runner.desk.held() == 0).await;
    runner.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn file_1_attachments_are_in_the_folder_before_the_agent_starts_and_damaged_ones_end_the_attempt() {
    let bench = Bench::new().await;
    let runner = bench.runner();
    let file = |content: &[u8], sha: &[u8]| {
        let id = file_id();
        bench.server.with(|stored| stored.files.insert(id.to_string(), content.to_vec()));
        let sha256 = Sha256::digest(sha).iter().map(|byte| format!("{byte:02x}")).collect();
        InputFile {
            id,
            name: "data.csv".to_owned(),
            size: content.len() as i64,
            sha256,
        }
    };
    let mut job = assignment(json!([{"tool": {"kind": "execute", "title": "look", "run": "cat attachments/data.csv"}}, {"say": "ok"}]));
    job.attachments = vec![file(b"a,b,c", b"a,b,c")];
    let finished = bench.finish(&job).await;
    assert_eq!(finished.result, WorkResult::Completed);
    let log = bench.server.log(job.attempt);
    let read = log
        .iter()
        .any(|entry| matches!(&entry.body, LogBody::ToolUpdate(update) if update.content.as_deref() == Some("a,b,c")));
    assert!(read, "{log:#?}");

    let mut job = assignment(json!([{"say": "never"}]));
    job.attachments = vec![file(b"a,b,c", b"something else")];
    let finished = bench.finish(&job).await;
    let (reason, detail) = failed(&finished);
    assert_eq!(reason, FailureReason::Other);
    assert!(detail.contains("data.csv") && detail.contains("SHA-256"), "{detail}");
    assert_eq!(said(&bench.server.log(job.attempt)), "");

    let mut job = assignment(json!([{"say": "never"}]));
    job.attachments = vec![InputFile {
        name: "../../evil".to_owned(),
        ..file(b"x", b"x")
    }];
    let finished = bench.finish(&job).await;
    assert_eq!(failed(&finished).0, FailureReason::Policy);
    runner.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn agt_3_a_person_allows_or_denies_and_words_reach_the_agent() {
    let bench = Bench::new().await;
    let runner = bench.runner();
    bench.server.answer(|ask| match ask.title.as_str() {
        "Write a" => Some(choose("allow")),
        _ => Some(Answer {
            choice: Some("deny".to_owned()),
            body: Some("write c instead".to_owned()),
        }),
    });
    let job = assignment(json!([write_tool("output/a", "x"), write_tool("output/b", "x"), {"say": "end of turn. "}]));
    let mut job = job;
    job.description = job.description.replace("Write output/", "Write ");
    let finished = bench.finish(&job).await;
    assert_eq!(finished.result, WorkResult::Completed);
    let log = bench.server.log(job.attempt);
    let requests = asked(&log);
    assert_eq!(requests.len(), 2);
    let (ask, answer) = &requests[0];
    assert_eq!(ask.kind, RequestKind::Permission);
    assert!(
        ask.tool_call.is_some() && ask.diff.as_deref().is_some_and(|diff| diff.contains("+x")),
        "{ask:?}"
    );
    assert_eq!(answer.as_ref().map(|(_, by)| by.as_str()), Some("Ann"));
    let kinds: Vec<ChoiceKind> = ask.choices.iter().map(|choice| choice.kind).collect();
    assert_eq!(kinds, [ChoiceKind::AllowOnce, ChoiceKind::AllowAlways, ChoiceKind::Deny]);
    // The scripted agent repeats the first line of what it is told.
    assert!(said(&log).contains("write c instead"), "{}", said(&log));
    let uploads = bench.server.with(|stored| stored.uploads.keys().cloned().collect::<Vec<_>>());
    assert_eq!(uploads, ["deliverables/a"]);
    runner.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn agt_3_always_holds_for_the_kind_of_tool_and_the_runner_answers_once_itself() {
    let bench = Bench::new().await;
    let runner = bench.runner();
    bench.server.answer(|_| Some(choose("always")));
    let run = json!({"tool": {"kind": "execute", "title": "ls", "run": "ls", "ask": true}});
    let job = assignment(json!([write_tool("a", "1"), write_tool("b", "2"), run, write_tool("c", "3")]));
    bench.finish(&job).await;
    let by: Vec<String> = asked(&bench.server.log(job.attempt))
        .into_iter()
        .map(|(_, answer)| answer.unwrap().1)
        .collect();
    assert_eq!(by, ["Ann", "policy", "Ann", "policy"]);
    runner.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn agt_3_approve_all_answers_at_once_logs_it_and_stops_at_what_the_owner_watches() {
    let bench = Bench::with("[policy]\nalways_ask_matching = [\"rm -rf\"]\n").await;
    let runner = bench.runner();
    bench.server.answer(|_| Some(choose("deny")));
    let danger = json!({"tool": {"kind": "execute", "title": "rm -rf x", "run": "true", "ask": true}});
    let quiet = json!({"no_tool_call": {"kind": "edit", "title": "unannounced", "path": "b", "write": "1", "ask": true}});
    let mut job = assignment(json!([write_tool("a", "1"), quiet, danger]));
    job.tools_policy = ToolsPolicy::ApproveAll;
    bench.finish(&job).await;
    let log = bench.server.log(job.attempt);
    let by: Vec<String> = asked(&log).into_iter().map(|(_, answer)| answer.unwrap().1).collect();
    assert_eq!(by, ["policy", "policy", "Ann"]);
    let told = log
        .iter()
        .any(|entry| matches!(&entry.body, LogBody::ToolCall(call) if call.title == "unannounced"));
    assert!(told, "a tool call known only from its request is told too");
    runner.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn agt_4_a_question_waits_for_a_person_and_the_answer_reaches_the_agent() {
    let bench = Bench::new().await;
    let runner = bench.runner();
    bench.server.answer(|ask| match ask.choices.is_empty() {
        true => Some(Answer {
            choice: None,
            body: Some("my own words".to_owned()),
        }),
        false => Some(choose("blue")),
    });
    let job = assignment(json!([{"ask": {"message": "Which colour?", "options": ["red", "blue"]}}, {"ask": {"message": "Why?"}}]));
    bench.finish(&job).await;
    let log = bench.server.log(job.attempt);
    let requests = asked(&log);
    assert_eq!(requests[0].0.kind, RequestKind::Question);
    assert_eq!((requests[0].0.title.as_str(), requests[0].0.free_text), ("Which colour?", false));
    assert!(requests[1].0.free_text);
    assert_eq!(said(&log), "The answer is: blue. The answer is: my own words. ");
    assert!(bench.server.with(|stored| {
        stored
            .activities
            .iter()
            .any(|(_, activity)| *activity == Activity::WaitingForAnswer)
    }));
    runner.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn agt_2_in_plan_mode_nothing_changes_before_the_plan_is_accepted() {
    let bench = Bench::new().await;
    let runner = bench.runner();
    bench.server.answer(|ask| match ask.kind {
        RequestKind::Plan => Some(choose("accept")),
        _ => None,
    });
    let mut job = assignment(json!([write_tool("output/early", "x"), {"propose_plan": "1. write late"}, write_tool("output/late", "x")]));
    job.mode = Mode::Plan;
    job.tools_policy = ToolsPolicy::ApproveAll;
    let finished = bench.finish(&job).await;
    assert_eq!(finished.result, WorkResult::Completed);
    let requests = asked(&bench.server.log(job.attempt));
    let short: Vec<(RequestKind, String, String)> = requests
        .into_iter()
        .map(|(ask, answer)| answer.map(|(answer, by)| (ask.kind, answer.choice.unwrap(), by)).unwrap())
        .collect();
    let expected = [
        (RequestKind::Permission, "deny", "policy"),
        (RequestKind::Plan, "accept", "Ann"),
        (RequestKind::Permission, "allow", "policy"),
    ];
    assert_eq!(short, expected.map(|(kind, choice, by)| (kind, choice.to_owned(), by.to_owned())));
    let uploads = bench.server.with(|stored| stored.uploads.keys().cloned().collect::<Vec<_>>());
    assert_eq!(uploads, ["deliverables/late"]);
    runner.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn agt_2_an_agent_that_only_writes_its_plan_waits_for_acceptance_and_then_carries_it_out() {
    let bench = Bench::new().await;
    let runner = bench.runner();
    let mut job = assignment(json!([{"say": "My plan: do it."}]));
    job.mode = Mode::Plan;
    bench.server.answer(|ask| {
        let words = if ask.body.contains("once more") {
            None
        } else {
            Some("plan once more @@[{\"say\":\"Better plan, once more.\"}]@@".to_owned())
        };
        let choice = if words.is_some() { "deny" } else { "accept" };
        (ask.kind == RequestKind::Plan).then(|| Answer {
            choice: Some(choice.to_owned()),
            body: words,
        })
    });
    let finished = bench.finish(&job).await;
    assert_eq!(finished.result, WorkResult::Completed);
    let log = bench.server.log(job.attempt);
    let plans: Vec<String> = asked(&log).into_iter().map(|(ask, _)| ask.body).collect();
    assert_eq!(plans, ["My plan: do it.", "Better plan, once more."]);
    assert!(system(&log).contains(&"Ann accepted the plan".to_owned()));
    runner.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn agt_9_secrets_are_masked_even_when_they_come_in_pieces_and_the_environment_is_allowed_piece_by_piece() {
    let bench = Bench::new().await;
    let runner = bench.runner();
    let job = assignment(
        json!([{"say": "a hunter2-"}, {"sleep": 3000}, {"say": "hunter2 b "}, {"env": "COORD_RUNNER_TOKEN"},
        {"env": "CARGO_MANIFEST_DIR"}, {"env": "COORD_ATTEMPT"},
        {"tool": {"kind": "execute", "title": "print", "run": "printf 'x hunter2-hunter2 y'"}}]),
    );
    let finished = bench.finish(&job).await;
    assert_eq!(finished.result, WorkResult::Completed);
    let log = bench.server.log(job.attempt);
    let all = serde_json::to_string(&log).unwrap();
    assert!(!all.contains("hunter2-hunter2") && !all.contains("hunter2 b"), "{}", said(&log));
    assert!(said(&log).starts_with("a ••• b "), "{}", said(&log));
    assert!(
        said(&log).contains("COORD_RUNNER_TOKEN=(unset) CARGO_MANIFEST_DIR=(unset)"),
        "{}",
        said(&log)
    );
    assert!(said(&log).contains(&format!("COORD_ATTEMPT={}", job.attempt)));
    runner.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_built_in_demonstration_works_in_an_empty_folder_and_answers_a_review() {
    let bench = Bench::with("[env.set]\nSCRIPTED_PACE = \"0.01\"\n").await;
    let runner = bench.runner();
    bench.server.answer(|ask| Some(choose(&ask.choices[0].id)));
    let mut job = assignment(json!([]));
    job.description = "Show what you can do.".to_owned();
    let first = bench.finish(&job).await;
    assert_eq!(first.result, WorkResult::Completed);
    assert!(
        bench
            .server
            .with(|stored| stored.uploads.contains_key("deliverables/coord-demo.md"))
    );
    let kinds: Vec<RequestKind> = asked(&bench.server.log(job.attempt)).iter().map(|(ask, _)| ask.kind).collect();
    assert_eq!(kinds, [RequestKind::Question, RequestKind::Permission, RequestKind::Permission]);

    // ATT-3: the same session, the reviewer's words, the same folder.
    let before = bench.server.with(|stored| stored.uploads["deliverables/coord-demo.md"].clone());
    let mut again = job.clone();
    again.attempt = assignment(json!([])).attempt;
    again.attempt_number = 2;
    again.resume_session = first.session.clone();
    again.earlier = vec![coord_protocol::runner::EarlierAttempt {
        number: 1,
        summary: first.summary.clone(),
        review: Some(coord_protocol::attempt::Review {
            by: coord_protocol::account::Person {
                id: job.author.user,
                name: "Bob".to_owned(),
            },
            at: coord_protocol::time::Timestamp(0),
            approved: false,
            body: "A bit more, please.".to_owned(),
            comments: Vec::new(),
        }),
        head_commit: None,
    }];
    let second = bench.finish(&again).await;
    assert_eq!(second.result, WorkResult::Completed);
    assert_eq!(second.session, first.session);
    let after = bench.server.with(|stored| stored.uploads["deliverables/coord-demo.md"].clone());
    assert!(after.len() > before.len() && after.starts_with(&before));
    runner.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn agt_9_secrets_are_masked_in_delivered_text_and_other_files_with_them_are_kept_back() {
    let bench = Bench::new().await;
    let runner = bench.runner();
    let run = "printf 'a hunter2-hunter2 b\\n' > output/text; printf 'hunter2-hunter2' | base64 > output/coded; printf 'x\\000hunter2-hunter2' > output/binary; \
               printf 'x\\000y' > output/clean; echo x > output/hunter2-hunter2.txt";
    let job = assignment(json!([{"tool": {"kind": "execute", "title": "write", "run": run}}, {"say": "done"}]));
    let finished = bench.finish(&job).await;
    assert_eq!(finished.result, WorkResult::Completed);
    let uploads = bench.server.with(|stored| stored.uploads.clone());
    let mut names: Vec<&str> = uploads.keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["deliverables/clean", "deliverables/coded", "deliverables/text"]);
    assert_eq!(uploads["deliverables/text"], "a ••• b\n".as_bytes());
    assert_eq!(uploads["deliverables/clean"], b"x\0y");
    assert!(!String::from_utf8_lossy(&uploads["deliverables/coded"]).contains("aHVudGVy"));
    let lines = system(&bench.server.log(job.attempt));
    assert!(lines.contains(&"Secrets of this runner are masked in text".to_owned()), "{lines:?}");
    assert_eq!(
        lines.iter().filter(|line| line.starts_with("Not delivered: ")).count(),
        2,
        "{lines:?}"
    );
    runner.stop().await;
}
