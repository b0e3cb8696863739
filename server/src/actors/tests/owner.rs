//! What a runner's owner does on the runner's screen.

use super::stage::{FakeRunner, Stage, entry};
use coord_protocol::{
    id::RequestId,
    job::{JobState, NewJob, Routing},
    log::LogBody,
    request::{Answer, AnswerBody, Ask, Choice, ChoiceKind, RequestKind},
    rule::Rule,
    runner::{AgentInfo, Assignment, FromRunner, ToRunner},
};

fn ask() -> Ask {
    Ask {
        kind: RequestKind::Permission,
        title: "Edit src/main.rs".into(),
        body: String::new(),
        tool_call: None,
        diff: None,
        choices: vec![Choice {
            id: "once".into(),
            label: "Once".into(),
            kind: ChoiceKind::AllowOnce,
        }],
        free_text: false,
    }
}

async fn asks(runner: &mut FakeRunner, work: &Assignment, seq: i64) -> RequestId {
    let request = RequestId(crate::clock::Ids.uuid());
    runner
        .logs(work, vec![entry(seq, LogBody::Request { request, ask: ask() })])
        .await
        .unwrap();
    assert_eq!(runner.is_confirmed().await, seq);
    request
}

fn answers(work: &Assignment, request: RequestId, choice: &str) -> FromRunner {
    FromRunner::OwnerAnswer {
        attempt: work.attempt,
        fence: work.fence,
        request,
        answer: Answer {
            choice: Some(choice.into()),
            body: None,
        },
    }
}

/// Ana's runner works on her own job.
async fn working(stage: &Stage) -> (FakeRunner, Assignment) {
    let id = stage.runner(stage.ana, "a", false).await;
    let mut runner = FakeRunner::connect(stage, id, 1, vec![]).await;
    stage.ready_local().await;
    let work = runner.is_assigned().await;
    (runner, work)
}

#[actix_web::test]
async fn run_8_the_owner_answers_at_the_runner_and_the_answer_is_stored_as_theirs_and_comes_back() {
    let stage = Stage::new().await;
    let (mut runner, work) = working(&stage).await;
    let request = asks(&mut runner, &work, 1).await;
    runner.says(answers(&work, request, "once")).await.unwrap();
    let told = runner.hears().await;
    assert!(
        matches!(&told, ToRunner::Answer { request: of, by, .. } if *of == request && by == "ana"),
        "{told:?}"
    );
    let stored = stage.live.request(request).await.unwrap().unwrap();
    assert_eq!(stored.answered_by.unwrap().id, stage.ana);
    // In the web app somebody is late now.
    let late = AnswerBody {
        choice: Some("once".into()),
        body: None,
    };
    assert!(stage.live.answer(stage.ana, request, late).await.is_err());
}

#[actix_web::test]
async fn agt_3_who_answers_at_the_runner_after_somebody_else_is_told_so() {
    let stage = Stage::new().await;
    let (mut runner, work) = working(&stage).await;
    let request = asks(&mut runner, &work, 1).await;
    let first = AnswerBody {
        choice: Some("once".into()),
        body: None,
    };
    stage.live.answer(stage.ana, request, first).await.unwrap();
    assert!(matches!(runner.hears().await, ToRunner::Answer { .. }));
    runner.says(answers(&work, request, "once")).await.unwrap();
    match runner.hears().await {
        ToRunner::OwnerRefused {
            request: of, rule, detail, ..
        } => {
            assert_eq!((of, rule), (Some(request), Rule::Agt3));
            assert!(detail.contains("ana"), "{detail}");
        }
        other => panic!("{other:?}"),
    }
}

#[actix_web::test]
async fn run_8_an_owner_who_may_not_answer_in_the_web_app_may_not_at_the_runner_either() {
    let stage = Stage::new().await;
    // Ben shares his runner; the job is Ana's.
    let id = stage.runner(stage.ben, "b", true).await;
    let mut runner = FakeRunner::connect(&stage, id, 1, vec![]).await;
    let job = stage
        .ready(NewJob {
            routing: Some(Routing::Any),
            ..NewJob::default()
        })
        .await;
    let work = runner.is_assigned().await;
    let request = asks(&mut runner, &work, 1).await;
    runner.says(answers(&work, request, "once")).await.unwrap();
    let told = runner.hears().await;
    assert!(matches!(told, ToRunner::OwnerRefused { rule: Rule::Acc3, .. }), "{told:?}");
    assert!(stage.live.request(request).await.unwrap().unwrap().answer.is_none());
    let stop = FromRunner::OwnerStop {
        attempt: work.attempt,
        fence: work.fence,
        kill: true,
    };
    runner.says(stop).await.unwrap();
    let told = runner.hears().await;
    assert!(
        matches!(
            told,
            ToRunner::OwnerRefused {
                rule: Rule::Acc3,
                request: None,
                ..
            }
        ),
        "{told:?}"
    );
    assert_eq!(stage.job(job.id).await.state.word(), JobState::InProgress);
}

#[actix_web::test]
async fn run_8_a_runner_answers_only_what_its_own_work_asks() {
    let stage = Stage::new().await;
    let (mut runner, work) = working(&stage).await;
    let request = asks(&mut runner, &work, 1).await;
    let other = stage.runner(stage.ana, "other", false).await;
    let mut other = FakeRunner::connect(&stage, other, 1, vec![]).await;
    stage.ready_local().await;
    let its_work = other.is_assigned().await;
    other.says(answers(&its_work, request, "once")).await.unwrap();
    let told = other.hears().await;
    assert!(matches!(told, ToRunner::OwnerRefused { rule: Rule::Acc4, .. }), "{told:?}");
    let stale = Assignment {
        fence: its_work.fence + 1,
        ..its_work
    };
    other.says(answers(&stale, request, "once")).await.unwrap();
    assert_eq!(other.is_dropped().await, stale.fence);
    assert!(stage.live.request(request).await.unwrap().unwrap().answer.is_none());
}

#[actix_web::test]
async fn run_8_the_owner_stops_a_job_at_the_runner() {
    let stage = Stage::new().await;
    let (mut runner, work) = working(&stage).await;
    let stop = FromRunner::OwnerStop {
        attempt: work.attempt,
        fence: work.fence,
        kill: false,
    };
    runner.says(stop).await.unwrap();
    let told = runner.hears().await;
    assert!(matches!(told, ToRunner::Stop { kill: false, .. }), "{told:?}");
}

#[actix_web::test]
async fn run_8_a_paused_runner_is_given_nothing_until_it_goes_on() {
    let stage = Stage::new().await;
    let id = stage.runner(stage.ana, "a", false).await;
    let mut runner = FakeRunner::connect(&stage, id, 1, vec![]).await;
    runner.says(FromRunner::Paused { paused: true }).await.unwrap();
    let job = stage.ready_local().await;
    runner.hears_nothing().await;
    assert_eq!(stage.job(job.id).await.state.word(), JobState::Ready);
    runner.says(FromRunner::Paused { paused: false }).await.unwrap();
    assert_eq!(runner.is_assigned().await.job, job.id);
}

#[actix_web::test]
async fn run_4_an_agent_that_is_installed_while_the_runner_runs_is_offered() {
    let stage = Stage::new().await;
    let id = stage.runner(stage.ana, "a", false).await;
    let runner = FakeRunner::connect(&stage, id, 1, vec![]).await;
    let agents = ["scripted", "other"].map(|name| AgentInfo {
        name: name.into(),
        version: Some("1.2".into()),
        limits: Vec::new(),
    });
    let agents = agents.to_vec();
    runner.says(FromRunner::Agents { agents: agents.clone() }).await.unwrap();
    let mut conn = stage.live.store().read().await.unwrap();
    let told = coord_store::runners::get(&mut conn, id).await.unwrap().unwrap().agents;
    assert_eq!(told, agents);
    drop(conn);
    let many: Vec<AgentInfo> = (0..100)
        .map(|n| AgentInfo {
            name: n.to_string(),
            version: None,
            limits: Vec::new(),
        })
        .collect();
    assert!(runner.says(FromRunner::Agents { agents: many }).await.is_err());
}
