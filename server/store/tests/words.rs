//! Requests, messages, notes and the reading of the feed, on every engine there is.

mod common;

use common::*;
use coord_protocol::{
    account::Person,
    attempt::Message,
    id::{MessageId, NoteId, RequestId, UserId},
    job::Note,
    request::{Answer, Ask, Choice, ChoiceKind, RequestKind},
};
use coord_store::{
    Store, StoreError, Tx, feed, messages, notes,
    requests::{self, NewRequest},
    testing,
};
use uuid::Uuid;

fn request_id(n: u128) -> RequestId {
    RequestId(Uuid::from_u128(0x30_000 + n))
}

fn person(user: UserId, n: u32) -> Person {
    Person {
        id: user,
        name: format!("Person {n}"),
    }
}

fn request(n: u128) -> NewRequest {
    NewRequest {
        id: request_id(n),
        workspace: WORKSPACE,
        job: job_id(1),
        attempt: attempt_id(1),
        seq: i64::try_from(n).unwrap(),
        ask: Ask {
            kind: RequestKind::Permission,
            title: "Run tests?".to_owned(),
            body: "`make test`".to_owned(),
            tool_call: None,
            diff: None,
            choices: vec![Choice {
                id: "yes".to_owned(),
                label: "Yes".to_owned(),
                kind: ChoiceKind::AllowOnce,
            }],
            free_text: false,
        },
        at: T0,
    }
}

fn yes() -> Answer {
    Answer {
        choice: Some("yes".to_owned()),
        body: None,
    }
}

async fn running(store: &Store) {
    people(store).await;
    let job = insert(store, job(1, &an_agentic("First"))).await;
    update(store, claimed(job, attempt_id(1), 1, 7)).await;
}

async fn open(store: &Store, numbers: &'static [u128]) {
    store
        .write(async move |tx: &mut Tx| -> Result<(), StoreError> {
            for n in numbers {
                assert!(requests::open(tx, &request(*n)).await?);
            }
            Ok(())
        })
        .await
        .unwrap();
}

#[tokio::test]
async fn agt_3_the_first_answer_wins_and_later_ones_change_nothing() {
    for test in testing::every_engine().await {
        running(&test.store).await;
        open(&test.store, &[1]).await;
        let answers = [MEMBER, ADMIN, OTHER, OWNER].map(|user| {
            test.store
                .write(async move |tx: &mut Tx| requests::answer(tx, request_id(1), &yes(), user, T0.plus_ms(5)).await)
        });
        let answered: Vec<bool> = futures_util::future::join_all(answers)
            .await
            .into_iter()
            .map(Result::unwrap)
            .collect();
        assert_eq!(answered.iter().filter(|won| **won).count(), 1);
        let winner = [(MEMBER, 3), (ADMIN, 2), (OTHER, 4), (OWNER, 1)][answered.iter().position(|won| *won).unwrap()];

        let mut conn = test.store.read().await.unwrap();
        let stored = requests::get(&mut conn, request_id(1)).await.unwrap().unwrap();
        assert_eq!(stored.answered_by, Some(person(winner.0, winner.1)));
        assert_eq!((stored.answer, stored.closed_at), (Some(yes()), Some(T0.plus_ms(5))));
        assert_eq!((stored.job_number, stored.job_title.as_str(), stored.seq), (1, "First", 1));
        assert_eq!(requests::get(&mut conn, request_id(2)).await.unwrap(), None);
    }
}

#[tokio::test]
async fn agt_4_an_answer_is_sent_again_until_the_log_shows_it() {
    for test in testing::every_engine().await {
        running(&test.store).await;
        open(&test.store, &[1, 2, 3]).await;
        test.store
            .write(async |tx: &mut Tx| -> Result<(), StoreError> {
                for n in [2, 1] {
                    requests::answer(tx, request_id(n), &yes(), MEMBER, T0.plus_ms(10 - i64::try_from(n).unwrap())).await?;
                }
                Ok(())
            })
            .await
            .unwrap();
        let undelivered = async || {
            let mut conn = test.store.read().await.unwrap();
            let list = requests::answered_undelivered(&mut conn, attempt_id(1)).await.unwrap();
            list.into_iter().map(|request| request.id).collect::<Vec<_>>()
        };
        assert_eq!(undelivered().await, [request_id(2), request_id(1)], "in the order of the answers");
        let delivered = async |n: u128| {
            test.store
                .write(async move |tx: &mut Tx| requests::delivered(tx, attempt_id(1), request_id(n), &yes(), T0).await)
                .await
                .unwrap()
        };
        assert!(!delivered(2).await, "it was closed by the person who answered");
        assert_eq!(undelivered().await, [request_id(1)]);
        assert!(delivered(3).await, "the runner itself answered this one");
        assert!(!delivered(3).await);
        assert_eq!(undelivered().await, [request_id(1)]);
        let mut conn = test.store.read().await.unwrap();
        let by_runner = requests::get(&mut conn, request_id(3)).await.unwrap().unwrap();
        assert_eq!((by_runner.answer, by_runner.answered_by), (Some(yes()), None));
    }
}

#[tokio::test]
async fn agt_4_open_requests_are_withdrawn_with_the_attempt_and_answered_ones_kept() {
    for test in testing::every_engine().await {
        running(&test.store).await;
        open(&test.store, &[1, 2, 3]).await;
        let closed = test
            .store
            .write(async |tx: &mut Tx| -> Result<_, StoreError> {
                assert!(!requests::open(tx, &request(2)).await?, "an id is opened once");
                requests::answer(tx, request_id(2), &yes(), MEMBER, T0).await?;
                requests::close_for_attempt(tx, attempt_id(1), T0.plus_ms(1)).await
            })
            .await
            .unwrap();
        assert_eq!(closed, [request_id(1), request_id(3)]);
        let mut conn = test.store.read().await.unwrap();
        assert!(requests::list_open(&mut conn, WORKSPACE).await.unwrap().is_empty());
        let all = requests::list(&mut conn, WORKSPACE, false, None, 2).await.unwrap();
        assert_eq!(all.iter().map(|r| r.id).collect::<Vec<_>>(), [request_id(3), request_id(2)]);
        let rest = requests::list(&mut conn, WORKSPACE, false, Some(request_id(2)), 2).await.unwrap();
        assert_eq!(rest.iter().map(|r| r.id).collect::<Vec<_>>(), [request_id(1)]);
        assert_eq!(rest[0].answer, None);
        assert_eq!(requests::of_job(&mut conn, job_id(1), false).await.unwrap().len(), 3);
    }
}

#[tokio::test]
async fn agt_5_messages_wait_in_order_until_the_log_shows_them() {
    for test in testing::every_engine().await {
        running(&test.store).await;
        let message = |n: u128| Message {
            id: MessageId(Uuid::from_u128(n)),
            attempt: attempt_id(1),
            from: person(MEMBER, 3),
            body: format!("message {n}"),
            interrupt: n == 2,
            created_at: T0.plus_ms(i64::try_from(n).unwrap()),
        };
        for n in 1..=3 {
            let message = message(n);
            test.store
                .write(async move |tx: &mut Tx| messages::insert(tx, &message).await)
                .await
                .unwrap();
        }
        let mark = async |n: u128| {
            test.store
                .write(async move |tx: &mut Tx| messages::mark_delivered(tx, attempt_id(1), MessageId(Uuid::from_u128(n)), T0).await)
                .await
                .unwrap()
        };
        assert!(mark(2).await);
        assert!(!mark(2).await);
        let left = messages::undelivered(&mut test.store.read().await.unwrap(), attempt_id(1))
            .await
            .unwrap();
        assert_eq!(left, [message(1), message(3)]);
    }
}

#[tokio::test]
async fn note_1_a_retracted_note_keeps_who_and_when_and_loses_its_text() {
    for test in testing::every_engine().await {
        running(&test.store).await;
        let note = |n: u128| Note {
            id: NoteId(Uuid::from_u128(n)),
            job: job_id(1),
            attempt: (n > 1).then_some(1),
            author: person(MEMBER, 3),
            body: Some(format!("note {n}")),
            created_at: T0,
            retracted_by: None,
            mentions: vec![],
            retracted_at: None,
        };
        for n in 1..=3 {
            let note = note(n);
            test.store
                .write(async move |tx: &mut Tx| notes::insert(tx, &note).await)
                .await
                .unwrap();
        }
        let retract = async || {
            test.store
                .write(async |tx: &mut Tx| notes::retract(tx, NoteId(Uuid::from_u128(2)), ADMIN, T0.plus_ms(1)).await)
                .await
                .unwrap()
        };
        assert!(retract().await);
        assert!(!retract().await, "once");
        let gone = Note {
            body: None,
            retracted_by: Some(person(ADMIN, 2)),
            retracted_at: Some(T0.plus_ms(1)),
            ..note(2)
        };
        let mut conn = test.store.read().await.unwrap();
        assert_eq!(notes::list(&mut conn, job_id(1), None, 2).await.unwrap(), [note(1), gone.clone()]);
        assert_eq!(notes::list(&mut conn, job_id(1), Some(gone.id), 2).await.unwrap(), [note(3)]);
        assert_eq!(notes::get(&mut conn, gone.id).await.unwrap(), Some(gone));
    }
}

#[tokio::test]
async fn inv_4_the_feed_is_read_on_from_anywhere_and_says_what_is_no_longer_kept() {
    for test in testing::every_engine().await {
        running(&test.store).await;
        test.store
            .write(async |tx: &mut Tx| -> Result<(), StoreError> {
                for n in 1..=10 {
                    feed::append(tx, WORKSPACE, T0, "job.changed", Some(job_id(1)), &serde_json::json!({ "n": n })).await?;
                }
                Ok(())
            })
            .await
            .unwrap();
        let seqs = |rows: Vec<feed::FeedRow>| rows.iter().map(|row| row.seq).collect::<Vec<_>>();
        let mut conn = test.store.read().await.unwrap();
        let row = feed::read(&mut conn, WORKSPACE, 2, 1).await.unwrap().remove(0);
        assert_eq!(
            (row.seq, row.kind.as_str(), row.job, row.at),
            (3, "job.changed", Some(job_id(1)), T0)
        );
        assert_eq!(row.payload["n"], 3);
        assert_eq!(seqs(feed::read(&mut conn, WORKSPACE, 8, 100).await.unwrap()), [9, 10]);
        assert_eq!(feed::oldest(&mut conn, WORKSPACE).await.unwrap(), Some(1));
        drop(conn);
        let pruned = test
            .store
            .write(async |tx: &mut Tx| feed::prune(tx, WORKSPACE, 4).await)
            .await
            .unwrap();
        assert_eq!(pruned, 6);
        let mut conn = test.store.read().await.unwrap();
        assert_eq!(feed::oldest(&mut conn, WORKSPACE).await.unwrap(), Some(7));
        assert_eq!(feed::head(&mut conn, WORKSPACE).await.unwrap(), 10);
    }
}
