//! What inboxes and Activity are read from, on every engine there is.

mod common;

use common::*;
use coord_domain::{
    inbox as rules,
    job::{Access, Attempt, Job, State, Worker},
    rights::{Act, may},
};
use coord_protocol::{
    feed::ActivityKind,
    id::{JobId, MentionId, NoteId, RequestId, UserId},
    job::{Mention, Note, TeamMember, TeamRole},
    request::{Ask, RequestKind},
    time::Timestamp,
    workspace::Role,
};
use coord_store::{
    Database, Store, StoreError, Tx,
    feed::{self, FeedRow, NewsFilter},
    inbox, mentions, notes,
    requests::{self, NewRequest},
    testing,
};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use uuid::Uuid;

const EVERYBODY: [(UserId, Option<Role>); 6] = [
    (OWNER, Some(Role::Owner)),
    (ADMIN, Some(Role::Admin)),
    (MEMBER, Some(Role::Member)),
    (OTHER, Some(Role::Member)),
    (VIEWER, Some(Role::Viewer)),
    (STRANGER, None),
];

fn role(user: UserId) -> Option<Role> {
    EVERYBODY.iter().find(|(known, _)| *known == user).and_then(|(_, role)| *role)
}

/// Jobs with every kind of owner, team and privacy.
fn various() -> Vec<Job> {
    let mut jobs = vec![];
    for owner in [OWNER, MEMBER, VIEWER, STRANGER] {
        for private in [false, true] {
            for team in [
                None,
                Some((OTHER, TeamRole::Editor)),
                Some((OTHER, TeamRole::Viewer)),
                Some((VIEWER, TeamRole::Lead)),
            ] {
                let number = i64::try_from(jobs.len()).unwrap() + 1;
                let team = team.map(|(user, role)| TeamMember { user, role }).into_iter().collect();
                let access = Access {
                    private,
                    owner,
                    creator: owner,
                    team,
                };
                jobs.push(Job {
                    access,
                    ..job(number, &new_job("Various"))
                });
            }
        }
    }
    jobs
}

/// Done by a person, and handed in.
fn done_by(job: Job, user: UserId) -> Job {
    let number = u128::try_from(job.number).unwrap();
    Job {
        attempt: Some(Attempt {
            worker: Worker::Person { user },
            ended_at: Some(T0),
            ..claimed(job.clone(), attempt_id(number), 1, 1).attempt.unwrap()
        }),
        ..job
    }
}

#[tokio::test]
async fn inb_1_the_statements_leave_out_nothing_that_concerns_somebody() {
    for test in testing::every_engine().await {
        people(&test.store).await;
        let mut all = vec![];
        for (n, job) in various().into_iter().enumerate() {
            let state = State::AwaitingReview { merge: None };
            let job = Job { state, ..job };
            let job = match n % 3 {
                0 => job,
                1 => done_by(job.clone(), job.access.owner),
                _ => done_by(job, OTHER),
            };
            all.push(insert(&test.store, job).await);
        }
        for (user, _) in EVERYBODY {
            let who = coord_domain::rights::Who { user, role: role(user) };
            let needs = |job: &&Job| rules::needs_review(who, job, role);
            let wanted: BTreeSet<JobId> = all.iter().filter(needs).map(|job| job.id).collect();
            let mut conn = test.store.read().await.unwrap();
            let read = inbox::reviews(&mut conn, user, None).await.unwrap();
            let found: BTreeSet<JobId> = read.iter().filter(needs).map(|job| job.id).collect();
            assert_eq!(found, wanted, "{user}");
            assert_eq!(inbox::reviews(&mut conn, user, Some(WORKSPACE)).await.unwrap().len(), read.len());
            assert!(role(user).is_some() || read.is_empty(), "who is no member reads nothing");
        }
        let mut conn = test.store.read().await.unwrap();
        let elsewhere = coord_protocol::id::WorkspaceId(Uuid::from_u128(7));
        assert!(inbox::reviews(&mut conn, OWNER, Some(elsewhere)).await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn inb_1_requests_and_failures_are_read_for_whom_they_need() {
    for test in testing::every_engine().await {
        people(&test.store).await;
        let (mut asking, mut failed) = (vec![], vec![]);
        for job in various() {
            let n = job.number;
            let attempt = attempt_id(u128::try_from(n).unwrap());
            if n % 2 == 0 {
                failed.push(
                    insert(
                        &test.store,
                        Job {
                            state: State::Failed,
                            ..job
                        },
                    )
                    .await,
                );
                continue;
            }
            asking.push(insert(&test.store, claimed(job, attempt, 1, 1)).await);
            let request = NewRequest {
                id: RequestId(Uuid::from_u128(0x30_000 + u128::try_from(n).unwrap())),
                workspace: WORKSPACE,
                job: job_id(n),
                attempt,
                seq: 1,
                ask: Ask {
                    kind: RequestKind::Question,
                    title: "Why?".to_owned(),
                    body: String::new(),
                    tool_call: None,
                    diff: None,
                    choices: vec![],
                    free_text: true,
                },
                at: T0,
            };
            test.store
                .write(async move |tx: &mut Tx| requests::open(tx, &request).await)
                .await
                .unwrap();
        }
        for (user, _) in EVERYBODY {
            let who = coord_domain::rights::Who { user, role: role(user) };
            let mut conn = test.store.read().await.unwrap();
            let wanted: BTreeSet<JobId> = asking
                .iter()
                .filter(|job| rules::needs_answer(who, &job.access))
                .map(|job| job.id)
                .collect();
            let read = inbox::requests(&mut conn, user, None).await.unwrap();
            let found: BTreeSet<JobId> = read
                .iter()
                .filter(|(_, access)| rules::needs_answer(who, access))
                .map(|(request, _)| request.job)
                .collect();
            assert_eq!(found, wanted, "{user}");
            let wanted: BTreeSet<JobId> = failed
                .iter()
                .filter(|job| rules::needs_after_failure(who, job))
                .map(|job| job.id)
                .collect();
            let read = inbox::failed(&mut conn, user, None).await.unwrap();
            let found: BTreeSet<JobId> = read
                .iter()
                .filter(|job| rules::needs_after_failure(who, job))
                .map(|job| job.id)
                .collect();
            assert_eq!(found, wanted, "{user}");
        }
    }
}

#[tokio::test]
async fn note_2_a_mention_is_read_by_exactly_those_who_see_the_job() {
    for test in testing::every_engine().await {
        people(&test.store).await;
        for job in various() {
            let job = insert(&test.store, job).await;
            let n = u128::try_from(job.number).unwrap();
            let note = Note {
                id: NoteId(Uuid::from_u128(0x40_000 + n)),
                job: job.id,
                attempt: None,
                author: coord_protocol::account::Person {
                    id: ADMIN,
                    name: "Person 2".to_owned(),
                },
                body: Some("Everybody".to_owned()),
                mentions: vec![],
                created_at: T0,
                retracted_by: None,
                retracted_at: None,
            };
            let named: Vec<_> = EVERYBODY
                .iter()
                .enumerate()
                .map(|(at, (user, _))| {
                    let id = MentionId(Uuid::from_u128(0x50_000 + n * 10 + u128::try_from(at).unwrap()));
                    let name = "x".to_owned();
                    (id, Mention { user: *user, name })
                })
                .collect();
            let of = job.clone();
            test.store
                .write(async move |tx: &mut Tx| -> Result<(), StoreError> {
                    notes::insert(tx, &note).await?;
                    let named = named.iter().map(|(id, mention)| (id, mention));
                    mentions::insert(tx, &of, mentions::Place::Note(note.id), ADMIN, T0, named).await
                })
                .await
                .unwrap();
        }
        for (user, _) in EVERYBODY {
            let who = coord_domain::rights::Who { user, role: role(user) };
            let sees = |job: &Job| may(who, Act::See, Some(&job.access)).is_ok();
            let wanted: BTreeSet<JobId> = various().into_iter().filter(sees).map(|job| job.id).collect();
            let mut conn = test.store.read().await.unwrap();
            let read = mentions::of_user(&mut conn, user, None, false, 1_000).await.unwrap();
            assert_eq!(read.iter().map(|mention| mention.job).collect::<BTreeSet<_>>(), wanted, "{user}");
            assert!(read.iter().all(|mention| mention.text == "Everybody" && mention.read_at.is_none()));
            let ids: Vec<_> = read.iter().map(|mention| mention.id).collect();
            assert!(ids.is_sorted_by(|a, b| a > b), "newest first");
        }
        read_and_unread(&test.store).await;
    }
}

async fn read_and_unread(store: &Store) {
    let first = async || {
        mentions::of_user(&mut store.read().await.unwrap(), OWNER, None, false, 1)
            .await
            .unwrap()[0]
            .id
    };
    let id = first().await;
    let set = async |user: UserId, at: Option<Timestamp>| {
        store
            .write(async move |tx: &mut Tx| mentions::set_read(tx, id, user, at).await)
            .await
            .unwrap()
    };
    assert!(!set(MEMBER, Some(T0)).await, "only one's own");
    assert!(set(OWNER, Some(T0)).await);
    assert_ne!(first().await, id);
    let read = mentions::of_user(&mut store.read().await.unwrap(), OWNER, Some(WORKSPACE), true, 10)
        .await
        .unwrap();
    assert_eq!(
        read.iter().map(|mention| (mention.id, mention.read_at)).collect::<Vec<_>>(),
        [(id, Some(T0))]
    );
    assert!(set(OWNER, None).await);
    assert_eq!(first().await, id);
}

#[tokio::test]
async fn inb_1_what_is_put_aside_is_kept_for_oneself_and_while_the_job_waits() {
    for test in testing::every_engine().await {
        people(&test.store).await;
        let failed = insert(
            &test.store,
            Job {
                state: State::Failed,
                ..job(1, &new_job("Failed"))
            },
        )
        .await;
        let set = async |at: Option<Timestamp>| {
            test.store
                .write(async move |tx: &mut Tx| inbox::set_done(tx, MEMBER, "failed-x-1", job_id(1), at).await)
                .await
                .unwrap();
        };
        let done = async |user: UserId| inbox::done(&mut test.store.read().await.unwrap(), user).await.unwrap();
        set(Some(T0)).await;
        set(Some(T0.plus_ms(1))).await;
        assert_eq!(done(MEMBER).await, [("failed-x-1".to_owned(), T0.plus_ms(1))].into());
        assert!(done(OWNER).await.is_empty());
        update(
            &test.store,
            Job {
                state: State::Canceled,
                ..failed
            },
        )
        .await;
        assert!(done(MEMBER).await.is_empty());
        set(None).await;
    }
}

/// What is appended for Activity's tests: type, job, payload, and the kind of news it is.
fn happenings() -> Vec<(&'static str, Option<JobId>, Value, Option<ActivityKind>)> {
    let (job, by) = (Some(job_id(1)), MEMBER);
    vec![
        ("member.changed", None, json!({ "user": by }), Some(ActivityKind::Members)),
        ("job.created", job, json!({ "by": by }), Some(ActivityKind::Jobs)),
        ("job.changed", job, json!({}), None),
        ("job.changed", job, json!({ "by": by }), Some(ActivityKind::Jobs)),
        ("runner.changed", None, json!({ "runner": by }), None),
        (
            "job.changed",
            job,
            json!({ "from": "backlog", "to": "ready", "by": OWNER }),
            Some(ActivityKind::Moves),
        ),
        ("request.opened", job, json!({ "request": by }), Some(ActivityKind::Requests)),
        ("note.added", job, json!({ "note": by, "by": by }), Some(ActivityKind::Notes)),
        (
            "canvas.changed",
            None,
            json!({ "canvas": by, "by": by }),
            Some(ActivityKind::Canvases),
        ),
        ("workspace.changed", None, json!({}), Some(ActivityKind::Workspace)),
        ("job.changed", Some(job_id(2)), json!({ "to": "failed" }), Some(ActivityKind::Moves)),
        ("job.deleted", job, json!({ "by": OWNER }), Some(ActivityKind::Jobs)),
    ]
}

async fn told(store: &Store) {
    people(store).await;
    store
        .write(async |tx: &mut Tx| -> Result<(), StoreError> {
            for (at, (kind, job, payload, _)) in happenings().into_iter().enumerate() {
                let at = T0.plus_ms(i64::try_from(at).unwrap() * 3_600_000);
                feed::append(tx, WORKSPACE, at, kind, job, &payload).await?;
            }
            Ok(())
        })
        .await
        .unwrap();
}

fn seqs(rows: &[FeedRow]) -> Vec<i64> {
    rows.iter().map(|row| row.seq).collect()
}

#[tokio::test]
async fn web_2_activity_is_read_by_person_kind_job_and_period() {
    for test in testing::every_engine().await {
        told(&test.store).await;
        let read = async |filter: NewsFilter, before: i64, limit: i64| {
            let mut conn = test.store.read().await.unwrap();
            seqs(&feed::read_news(&mut conn, WORKSPACE, filter, before, limit).await.unwrap())
        };
        let all = NewsFilter::default();
        assert_eq!(read(all, i64::MAX, 100).await, [12, 11, 10, 9, 8, 7, 6, 4, 2, 1]);
        assert_eq!(read(all, 9, 3).await, [8, 7, 6]);
        let by = |user| NewsFilter { by: Some(user), ..all };
        assert_eq!(read(by(OWNER), i64::MAX, 100).await, [12, 6]);
        assert_eq!(read(by(MEMBER), 9, 100).await, [8, 4, 2]);
        assert_eq!(read(by(STRANGER), i64::MAX, 100).await, [0; 0]);
        let of = |kind| NewsFilter { kind: Some(kind), ..all };
        assert_eq!(read(of(ActivityKind::Moves), i64::MAX, 100).await, [11, 6]);
        assert_eq!(read(of(ActivityKind::Files), i64::MAX, 100).await, [0; 0]);
        let about = NewsFilter {
            job: Some(job_id(2)),
            ..all
        };
        assert_eq!(read(about, i64::MAX, 100).await, [11]);
        let both = NewsFilter {
            by: Some(OWNER),
            ..of(ActivityKind::Moves)
        };
        assert_eq!(read(both, i64::MAX, 100).await, [6]);
        let hour = |n: i64| Some(T0.plus_ms(n * 3_600_000));
        let between = |from, to| NewsFilter { from, to, ..all };
        assert_eq!(read(between(hour(7), hour(10)), i64::MAX, 100).await, [10, 9, 8]);
        assert_eq!(read(between(None, hour(2)), i64::MAX, 100).await, [2, 1]);
        assert_eq!(read(between(hour(11), None), i64::MAX, 100).await, [12]);
        assert_eq!(read(between(hour(20), hour(30)), i64::MAX, 100).await, [0; 0]);
    }
}

#[tokio::test]
async fn web_2_what_was_told_before_there_was_activity_is_found_by_its_filters() {
    for test in testing::every_engine().await {
        told(&test.store).await;
        let engine = match test.config.database {
            Database::Sqlite => include_str!("../../../migrations/sqlite/0008_inbox.sql"),
            Database::Postgres(_) => include_str!("../../../migrations/postgres/0008_inbox.sql"),
        };
        let again: Vec<&'static str> = engine
            .split(';')
            .map(str::trim)
            .filter(|one| one.starts_with("UPDATE feed"))
            .collect();
        assert_eq!(again.len(), 2);
        test.store
            .write(async move |tx: &mut Tx| -> Result<(), StoreError> {
                sqlx::query("UPDATE feed SET actor = NULL, news = 0").execute(&mut **tx).await?;
                for statement in &again {
                    sqlx::query(*statement).execute(&mut **tx).await?;
                }
                Ok(())
            })
            .await
            .unwrap();
        for (kind, wanted) in [
            (ActivityKind::Jobs, vec![12, 4, 2]),
            (ActivityKind::Moves, vec![11, 6]),
            (ActivityKind::Requests, vec![7]),
            (ActivityKind::Notes, vec![8]),
            (ActivityKind::Members, vec![1]),
            (ActivityKind::Canvases, vec![9]),
            (ActivityKind::Workspace, vec![10]),
        ] {
            let filter = NewsFilter {
                kind: Some(kind),
                ..NewsFilter::default()
            };
            let mut conn = test.store.read().await.unwrap();
            let read = feed::read_news(&mut conn, WORKSPACE, filter, i64::MAX, 100).await.unwrap();
            assert_eq!(seqs(&read), wanted, "{kind:?}");
        }
        let filter = NewsFilter {
            by: Some(OWNER),
            ..NewsFilter::default()
        };
        let mut conn = test.store.read().await.unwrap();
        let read = feed::read_news(&mut conn, WORKSPACE, filter, i64::MAX, 100).await.unwrap();
        assert_eq!(seqs(&read), [12, 6]);
        for (kind, _, payload, wanted) in happenings() {
            assert_eq!(feed::news(kind, &payload), wanted, "{kind} {payload}");
        }
    }
}
