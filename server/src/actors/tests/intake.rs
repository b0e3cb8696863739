//! Logs, requests, answers and messages: what a runner says and is told.

use super::stage::{FakeRunner, Stage, entry, finished, held, stored_seqs, texts};
use crate::actors::CommandError;
use coord_domain::Refusal;
use coord_protocol::{
    account::Person,
    attempt::NewMessage,
    id::{RequestId, UserId},
    log::LogBody,
    request::{Answer, AnswerBody, Ask, Choice, ChoiceKind, RequestKind},
    rule::Rule,
    runner::{Assignment, FromRunner, ToRunner, WorkResult},
};

fn ask() -> Ask {
    let choice = |id: &str, kind| Choice {
        id: id.into(),
        label: id.into(),
        kind,
    };
    Ask {
        kind: RequestKind::Permission,
        title: "Edit src/main.rs".into(),
        body: String::new(),
        tool_call: None,
        diff: None,
        choices: vec![choice("once", ChoiceKind::AllowOnce), choice("deny", ChoiceKind::Deny)],
        free_text: false,
    }
}

fn once() -> AnswerBody {
    AnswerBody {
        choice: Some("once".into()),
        body: None,
    }
}

async fn working(stage: &Stage) -> (FakeRunner, Assignment) {
    let id = stage.runner(stage.ana, "a", false).await;
    let mut runner = FakeRunner::connect(stage, id, 1, vec![]).await;
    stage.ready_local().await;
    let work = runner.is_assigned().await;
    (runner, work)
}

async fn asks(stage: &Stage, runner: &mut FakeRunner, work: &Assignment, seq: i64) -> RequestId {
    let request = RequestId(crate::clock::Ids.uuid());
    let _ = stage;
    runner
        .logs(work, vec![entry(seq, LogBody::Request { request, ask: ask() })])
        .await
        .unwrap();
    assert_eq!(runner.is_confirmed().await, seq);
    request
}

fn refusal(error: CommandError) -> Refusal {
    match error {
        CommandError::Refused(refused) => refused.refusal,
        other => panic!("{other:?}"),
    }
}

#[actix_web::test]
async fn agt_10_entries_are_stored_once_in_order_whatever_is_repeated_or_missing() {
    let stage = Stage::new().await;
    let (mut runner, work) = working(&stage).await;
    for (sent, confirmed) in [(1..=3, 3), (2..=5, 5), (1..=5, 5), (8..=9, 5), (6..=9, 9)] {
        runner.logs(&work, texts(sent.clone())).await.unwrap();
        assert_eq!(runner.is_confirmed().await, confirmed, "after {sent:?}");
    }
    assert_eq!(stored_seqs(&stage, work.attempt).await, (1..=9).collect::<Vec<_>>());
}

#[actix_web::test]
async fn agt_10_the_end_counts_only_with_the_whole_log() {
    let stage = Stage::new().await;
    let (mut runner, work) = working(&stage).await;
    runner.logs(&work, texts(1..=3)).await.unwrap();
    assert_eq!(runner.is_confirmed().await, 3);
    let answer = runner.finishes(&work, 5, WorkResult::Completed).await;
    assert!(matches!(answer, ToRunner::Confirm { seq: 3, .. }));
    runner.logs(&work, texts(4..=5)).await.unwrap();
    assert_eq!(runner.is_confirmed().await, 5);
    for _ in 0..2 {
        // Also when it is told again, because the confirmation was lost.
        let answer = runner.finishes(&work, 5, WorkResult::Completed).await;
        assert!(matches!(answer, ToRunner::FinishConfirmed { .. }), "{answer:?}");
    }
}

#[actix_web::test]
async fn inv_6_nothing_is_taken_under_a_fence_that_does_not_hold() {
    let stage = Stage::new().await;
    let (mut runner, work) = working(&stage).await;
    let stale = Assignment {
        fence: work.fence + 1,
        ..work.clone()
    };
    runner.logs(&stale, texts(1..=1)).await.unwrap();
    assert_eq!(runner.is_dropped().await, stale.fence);
    runner
        .says(FromRunner::Finished(Box::new(finished(&stale, 0, WorkResult::Completed))))
        .await
        .unwrap();
    assert_eq!(runner.is_dropped().await, stale.fence);
    assert_eq!(stored_seqs(&stage, work.attempt).await, Vec::<i64>::new());
}

#[actix_web::test]
async fn agt_3_the_first_answer_reaches_the_runner_and_the_second_is_refused() {
    let stage = Stage::new().await;
    let (mut runner, work) = working(&stage).await;
    let request = asks(&stage, &mut runner, &work, 1).await;
    let answered = stage.live.answer(stage.ana, request, once()).await.unwrap();
    assert_eq!(answered.answered_by.unwrap().name, "ana");
    let expected = Answer {
        choice: Some("once".into()),
        body: None,
    };
    let told = runner.hears().await;
    assert!(
        matches!(&told, ToRunner::Answer { answer, by, .. } if *answer == expected && by == "ana"),
        "{told:?}"
    );
    let second = refusal(stage.live.answer(stage.ana, request, once()).await.unwrap_err());
    assert_eq!(second.rule, Rule::Agt3);
    assert!(second.detail.contains("ana"), "{}", second.detail);
}

#[actix_web::test]
async fn agt_3_only_what_was_offered_is_an_answer() {
    let stage = Stage::new().await;
    let (mut runner, work) = working(&stage).await;
    let request = asks(&stage, &mut runner, &work, 1).await;
    for body in [
        AnswerBody {
            choice: Some("always".into()),
            body: None,
        },
        AnswerBody::default(),
        AnswerBody {
            choice: None,
            body: Some("sure".into()),
        },
    ] {
        assert_eq!(
            refusal(stage.live.answer(stage.ana, request, body).await.unwrap_err()).rule,
            Rule::Agt3
        );
    }
    let denied = AnswerBody {
        choice: Some("deny".into()),
        body: Some("use the other file".into()),
    };
    assert!(stage.live.answer(stage.ana, request, denied).await.is_ok());
}

#[actix_web::test]
async fn acc_3_only_those_who_operate_the_job_answer() {
    let stage = Stage::new().await;
    let (mut runner, work) = working(&stage).await;
    let request = asks(&stage, &mut runner, &work, 1).await;
    assert_eq!(
        refusal(stage.live.answer(stage.ben, request, once()).await.unwrap_err()).rule,
        Rule::Acc3
    );
    let stranger = UserId(crate::clock::Ids.uuid());
    assert!(matches!(
        stage.live.answer(stranger, request, once()).await,
        Err(CommandError::NotFound)
    ));
}

#[actix_web::test]
async fn agt_4_an_answer_given_while_the_runner_was_away_is_sent_when_it_comes_back_until_the_log_shows_it() {
    let stage = Stage::new().await;
    let (mut runner, work) = working(&stage).await;
    let request = asks(&stage, &mut runner, &work, 1).await;
    runner.hangs_up(&stage).await;
    stage.live.answer(stage.ana, request, once()).await.unwrap();
    let id = stage.job(work.job).await.claim().unwrap().runner;
    let mut runner = FakeRunner::connect(&stage, id, 1, vec![held(&work)]).await;
    assert!(matches!(runner.hears().await, ToRunner::Answer { .. }));
    let shown = LogBody::Answer {
        request,
        answer: Answer {
            choice: Some("once".into()),
            body: None,
        },
        by: "ana".into(),
    };
    runner.logs(&work, vec![entry(2, shown)]).await.unwrap();
    assert_eq!(runner.is_confirmed().await, 2);
    let mut runner = FakeRunner::connect(&stage, id, 1, vec![held(&work)]).await;
    runner.hears_nothing().await;
}

#[actix_web::test]
async fn agt_3_what_the_policy_answered_at_once_bothers_nobody() {
    let stage = Stage::new().await;
    let (mut runner, work) = working(&stage).await;
    let request = RequestId(crate::clock::Ids.uuid());
    let answer = Answer {
        choice: Some("once".into()),
        body: None,
    };
    let entries = vec![
        entry(1, LogBody::Request { request, ask: ask() }),
        entry(
            2,
            LogBody::Answer {
                request,
                answer,
                by: "policy".into(),
            },
        ),
    ];
    runner.logs(&work, entries).await.unwrap();
    assert_eq!(runner.is_confirmed().await, 2);
    assert!(stage.live.request(request).await.unwrap().is_none());
}

#[actix_web::test]
async fn agt_4_an_open_request_is_withdrawn_when_the_attempt_ends() {
    let stage = Stage::new().await;
    let (mut runner, work) = working(&stage).await;
    let request = asks(&stage, &mut runner, &work, 1).await;
    runner.finishes(&work, 1, WorkResult::Completed).await;
    let closed = stage.live.request(request).await.unwrap().unwrap();
    assert!(closed.closed_at.is_some() && closed.answer.is_none());
    assert!(stage.live.answer(stage.ana, request, once()).await.is_err());
}

#[actix_web::test]
async fn agt_5_a_message_reaches_the_agent_and_none_is_taken_after_the_end() {
    let stage = Stage::new().await;
    let (mut runner, work) = working(&stage).await;
    let ana = Person {
        id: stage.ana,
        name: "ana".into(),
    };
    let new = NewMessage {
        body: "also the docs".into(),
        interrupt: false,
    };
    let message = stage.live.message(ana.clone(), work.attempt, new.clone(), None).await.unwrap();
    let told = runner.hears().await;
    assert!(matches!(&told, ToRunner::Message { message: id, body, .. } if *id == message.id && body == "also the docs"));
    runner.finishes(&work, 0, WorkResult::Completed).await;
    assert_eq!(
        refusal(stage.live.message(ana, work.attempt, new, None).await.unwrap_err()).rule,
        Rule::Agt5
    );
}
