//! Jobs, their lists and their dependencies, on every engine there is.

mod common;

use common::*;
use coord_domain::{
    dependency,
    job::{Claim, Job, Kind, Merge, State},
    rights::{self, Act, Who},
};
use coord_protocol::{
    id::UserId,
    job::{BranchDecision, JobState, NewJob, TeamMember, TeamRole},
    workspace::Role,
};
use coord_store::{
    Store, StoreError, Tx, attempts,
    jobs::{self, JobFilter},
    members, testing, workspaces,
};

fn filter(viewer: Who) -> JobFilter {
    JobFilter {
        workspace: WORKSPACE,
        states: vec![],
        domain: None,
        agent: None,
        assignee: None,
        folder: None,
        text: None,
        viewer,
        limit: 200,
        cursor: None,
    }
}

async fn numbers(store: &Store, filter: &JobFilter) -> Vec<i64> {
    let page = jobs::list(&mut store.read().await.unwrap(), filter).await.unwrap();
    page.items.iter().map(|job| job.number).collect()
}

fn team(members: &[(UserId, TeamRole)]) -> Vec<TeamMember> {
    members.iter().map(|(user, role)| TeamMember { user: *user, role: *role }).collect()
}

#[tokio::test]
async fn job_1_a_job_is_read_as_it_was_stored() {
    for test in testing::every_engine().await {
        people(&test.store).await;
        let new = NewJob {
            description: "Line one\n\u{1F980} 'quoted' \"words\"".to_owned(),
            domains: vec!["web".to_owned(), "api".to_owned(), "web".to_owned()],
            folder: Some("Later".to_owned()),
            team: team(&[(OTHER, TeamRole::Lead), (VIEWER, TeamRole::Viewer)]),
            private: true,
            ..an_agentic("First")
        };
        let plain = insert(&test.store, job(1, &new)).await;
        assert_eq!(get(&test.store, plain.id).await, Some(plain.clone()));

        let running = update(&test.store, claimed(plain, attempt_id(1), 1, 7)).await;
        assert_eq!(get(&test.store, running.id).await, Some(running.clone()));
        let mut conn = test.store.read().await.unwrap();
        assert_eq!(jobs::by_number(&mut conn, WORKSPACE, 1).await.unwrap(), Some(running.clone()));
        assert_eq!(jobs::by_number(&mut conn, WORKSPACE, 2).await.unwrap(), None);
        assert_eq!(jobs::get(&mut conn, job_id(2)).await.unwrap(), None);
        let attempt = running.attempt.clone().unwrap();
        assert_eq!(attempts::get(&mut conn, attempt.id).await.unwrap(), Some((attempt, running.id, 0)));
    }
}

#[tokio::test]
async fn job_7_a_stale_version_is_refused_and_nothing_of_it_is_stored() {
    for test in testing::every_engine().await {
        people(&test.store).await;
        let first = insert(&test.store, job(1, &an_agentic("First"))).await;
        let second = update(&test.store, ready(first.clone())).await;
        let mut late = claimed(first, attempt_id(1), 1, 1);
        late.version = 2;
        late.domains = vec!["late".to_owned()];
        let refused = test.store.write(async move |tx: &mut Tx| jobs::update(tx, &late, 1).await).await;
        assert!(matches!(refused, Err(StoreError::Conflict { seen: 1 })), "{refused:?}");
        assert_eq!(get(&test.store, second.id).await, Some(second));
        let attempt = attempts::get(&mut test.store.read().await.unwrap(), attempt_id(1)).await.unwrap();
        assert!(attempt.is_none());
    }
}

#[tokio::test]
async fn job_7_of_many_who_saw_the_same_version_one_wins() {
    for test in testing::every_engine().await {
        people(&test.store).await;
        let first = insert(&test.store, job(1, &new_job("First"))).await;
        let writes = (0..20).map(|n| {
            let mut job = first.clone();
            job.version = 2;
            job.title = format!("by {n}");
            test.store.write(async move |tx: &mut Tx| jobs::update(tx, &job, 1).await)
        });
        let written = futures_util::future::join_all(writes).await;
        assert_eq!(written.iter().filter(|result| result.is_ok()).count(), 1);
    }
}

#[tokio::test]
async fn job_1_numbers_rise_without_repeats_though_many_are_taken_at_once() {
    for test in testing::every_engine().await {
        people(&test.store).await;
        let writes = (0..40).map(|_| test.store.write(async |tx: &mut Tx| jobs::next_number(tx, WORKSPACE).await));
        let mut taken: Vec<_> = futures_util::future::join_all(writes)
            .await
            .into_iter()
            .map(Result::unwrap)
            .collect();
        taken.sort_unstable();
        assert_eq!(taken, (1..=40).collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn acc_4_the_list_shows_exactly_what_the_rights_let_one_see() {
    for test in testing::every_engine().await {
        people(&test.store).await;
        let mut stored = Vec::new();
        for private in [false, true] {
            for (owner, creator) in [(MEMBER, MEMBER), (OTHER, MEMBER), (MEMBER, OTHER), (VIEWER, ADMIN), (ADMIN, ADMIN)] {
                for role in [None, Some(TeamRole::Viewer), Some(TeamRole::Editor), Some(TeamRole::Lead)] {
                    for in_team in [MEMBER, VIEWER] {
                        let number = i64::try_from(stored.len()).unwrap() + 1;
                        let mut job = job(number, &new_job("secret"));
                        job.access.private = private;
                        job.access.owner = owner;
                        job.access.creator = creator;
                        job.access.team = role.map(|role| TeamMember { user: in_team, role }).into_iter().collect();
                        stored.push(insert(&test.store, job).await);
                    }
                }
            }
        }
        let viewers = [
            who(OWNER, Role::Owner),
            who(ADMIN, Role::Admin),
            who(MEMBER, Role::Member),
            who(OTHER, Role::Member),
            who(VIEWER, Role::Viewer),
            Who {
                user: STRANGER,
                role: None,
            },
        ];
        let all: Vec<_> = stored.iter().map(|job| job.id).collect();
        for viewer in viewers {
            let may = |job: &&Job| rights::may(viewer, Act::See, Some(&job.access)).is_ok();
            let expected: Vec<_> = stored.iter().rev().filter(may).map(|job| job.number).collect();
            assert_eq!(numbers(&test.store, &filter(viewer)).await, expected, "{viewer:?}");
            let by_search = JobFilter {
                text: Some("secret".to_owned()),
                ..filter(viewer)
            };
            assert_eq!(numbers(&test.store, &by_search).await, expected, "{viewer:?} searching");
            let visible = jobs::visible(&mut test.store.read().await.unwrap(), WORKSPACE, viewer, &all)
                .await
                .unwrap();
            assert_eq!(visible.len(), expected.len(), "{viewer:?}");
        }
    }
}

#[tokio::test]
async fn acc_5_who_left_the_workspace_is_in_no_team_though_the_job_named_them() {
    for test in testing::every_engine().await {
        people(&test.store).await;
        let new = NewJob {
            private: true,
            team: team(&[(OTHER, TeamRole::Lead), (VIEWER, TeamRole::Viewer)]),
            ..new_job("First")
        };
        let stored = insert(&test.store, job(1, &new)).await;
        test.store
            .write(async |tx: &mut Tx| members::delete(tx, WORKSPACE, OTHER).await)
            .await
            .unwrap();
        let now = get(&test.store, stored.id).await.unwrap();
        assert_eq!(now.access.team, team(&[(VIEWER, TeamRole::Viewer)]));
        // A write by somebody who still has the old team in hand does not let them in again.
        update(&test.store, stored).await;
        test.store
            .write(async |tx: &mut Tx| members::insert(tx, WORKSPACE, OTHER, Role::Member, T0).await)
            .await
            .unwrap();
        assert!(numbers(&test.store, &filter(who(OTHER, Role::Member))).await.is_empty());
    }
}

#[tokio::test]
async fn api_1_pages_of_jobs_neither_repeat_nor_miss_one_while_jobs_change() {
    for test in testing::every_engine().await {
        people(&test.store).await;
        for number in 1..=25 {
            insert(&test.store, job(number, &new_job("x"))).await;
        }
        let mut seen = Vec::new();
        let mut page_filter = JobFilter {
            limit: 10,
            ..filter(who(MEMBER, Role::Member))
        };
        loop {
            let page = jobs::list(&mut test.store.read().await.unwrap(), &page_filter).await.unwrap();
            seen.extend(page.items.iter().map(|job| job.number));
            // Meanwhile an old one changes and a new one comes.
            let old = get(&test.store, job_id(3)).await.unwrap();
            update(&test.store, old).await;
            insert(&test.store, job(100 + i64::try_from(seen.len()).unwrap(), &new_job("new"))).await;
            match page.next {
                Some(next) => page_filter.cursor = Some(next),
                None => break,
            }
        }
        assert_eq!(seen, (1..=25).rev().collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn api_1_every_filter_narrows() {
    for test in testing::every_engine().await {
        people(&test.store).await;
        let store = &test.store;
        insert(store, job(1, &new_job("Fix LOGIN on Übersicht"))).await;
        insert(store, ready(job(2, &an_agentic("Build 100% of it")))).await;
        let new = NewJob {
            domains: vec!["web".to_owned()],
            folder: Some("Later".to_owned()),
            team: team(&[(OTHER, TeamRole::Editor)]),
            description: "needle in_here".to_owned(),
            ..new_job("Third")
        };
        insert(store, job(3, &new)).await;
        let me = who(MEMBER, Role::Member);
        let cases: [(&str, JobFilter, Vec<i64>); 13] = [
            ("all", filter(me), vec![3, 2, 1]),
            (
                "state",
                JobFilter {
                    states: vec![JobState::Ready, JobState::Done],
                    ..filter(me)
                },
                vec![2],
            ),
            (
                "domain",
                JobFilter {
                    domain: Some("web".to_owned()),
                    ..filter(me)
                },
                vec![3],
            ),
            (
                "agent",
                JobFilter {
                    agent: Some("claude".to_owned()),
                    ..filter(me)
                },
                vec![2],
            ),
            (
                "owner",
                JobFilter {
                    assignee: Some(MEMBER),
                    ..filter(me)
                },
                vec![3, 2, 1],
            ),
            (
                "team",
                JobFilter {
                    assignee: Some(OTHER),
                    ..filter(me)
                },
                vec![3],
            ),
            (
                "folder",
                JobFilter {
                    folder: Some("Later".to_owned()),
                    ..filter(me)
                },
                vec![3],
            ),
            (
                "no folder",
                JobFilter {
                    folder: Some(String::new()),
                    ..filter(me)
                },
                vec![2, 1],
            ),
            ("words", with_text("login on übersicht"), vec![1]),
            ("description", with_text("NEEDLE IN_"), vec![3]),
            ("percent is no wildcard", with_text("0%"), vec![2]),
            ("underscore is no wildcard", with_text("needle_in"), vec![]),
            ("number", with_text("#2"), vec![2]),
        ];
        for (what, filter, expected) in cases {
            assert_eq!(numbers(store, &filter).await, expected, "{what}");
        }
    }
}

fn with_text(text: &str) -> JobFilter {
    JobFilter {
        text: Some(text.to_owned()),
        ..filter(who(MEMBER, Role::Member))
    }
}

#[tokio::test]
async fn job_10_what_waits_for_a_runner_is_ready_work_and_merges_and_nothing_else() {
    for test in testing::every_engine().await {
        people(&test.store).await;
        let store = &test.store;
        insert(store, job(1, &an_agentic("in backlog"))).await;
        insert(store, ready(job(2, &new_job("for people")))).await;
        let mut later = ready(job(3, &an_agentic("later")));
        later.state = State::Ready {
            since: T0.plus_ms(5),
            unreachable: None,
        };
        insert(store, later).await;
        insert(store, ready(job(4, &an_agentic("first")))).await;
        insert(store, claimed(job(5, &an_agentic("running")), attempt_id(5), 1, 1)).await;
        let merge = |claim, blocked: Option<&str>| State::AwaitingReview {
            merge: Some(Merge {
                decision: BranchDecision::Merge,
                by: MEMBER,
                since: T0.plus_ms(1),
                claim,
                blocked: blocked.map(str::to_owned),
            }),
        };
        let taken = Some(Claim { runner: RUNNER, fence: 2 });
        for (number, state) in [(6, merge(None, None)), (7, merge(taken, None)), (8, merge(None, Some("conflict")))] {
            insert(
                store,
                Job {
                    state,
                    ..job(number, &an_agentic("merge"))
                },
            )
            .await;
        }
        let mut conn = store.read().await.unwrap();
        let of = |jobs: Vec<Job>| jobs.iter().map(|job| job.number).collect::<Vec<_>>();
        assert_eq!(of(jobs::waiting(&mut conn, WORKSPACE).await.unwrap()), [4, 6, 3]);
        assert_eq!(of(jobs::claimed(&mut conn).await.unwrap()), [5, 7]);
        assert_eq!(of(jobs::claimed_by(&mut conn, RUNNER).await.unwrap()), [5, 7]);
        drop(conn);
        let mut running = get(store, job_id(5)).await.unwrap();
        running.state = State::Failed;
        running.attempt.as_mut().unwrap().ended_at = Some(T0);
        update(store, running).await;
        assert_eq!(of(jobs::claimed(&mut store.read().await.unwrap()).await.unwrap()), [7]);
    }
}

#[tokio::test]
async fn dep_1_both_directions_are_seen_and_open_ones_counted() {
    for test in testing::every_engine().await {
        people(&test.store).await;
        let store = &test.store;
        for number in 1..=60 {
            insert(store, job(number, &new_job("x"))).await;
        }
        store
            .write(async |tx: &mut Tx| -> Result<(), StoreError> {
                assert!(jobs::add_dependency(tx, job_id(3), job_id(1)).await?);
                assert!(jobs::add_dependency(tx, job_id(3), job_id(2)).await?);
                assert!(!jobs::add_dependency(tx, job_id(3), job_id(2)).await?, "a second time is no news");
                assert!(jobs::add_dependency(tx, job_id(60), job_id(3)).await?);
                Ok(())
            })
            .await
            .unwrap();
        let mut done = get(store, job_id(1)).await.unwrap();
        done.state = State::Done;
        update(store, done).await;

        let mut conn = store.read().await.unwrap();
        assert_eq!(jobs::dependencies_of(&mut conn, job_id(3)).await.unwrap(), [job_id(1), job_id(2)]);
        assert_eq!(jobs::dependents_of(&mut conn, job_id(3)).await.unwrap(), [job_id(60)]);
        assert_eq!(jobs::open_dependencies(&mut conn, job_id(3)).await.unwrap(), [2]);
        let edges = jobs::edges(&mut conn, WORKSPACE).await.unwrap();
        let refusal = dependency::check_new(job_id(1), job_id(60), &edges, |_| 0);
        assert!(refusal.is_err(), "1 → 60 would close a cycle");
        let ids: Vec<_> = (1..=60).map(job_id).collect();
        let around = jobs::surroundings(&mut conn, &ids).await.unwrap();
        assert_eq!(around.len(), 60);
        assert_eq!(around[&job_id(3)].dependencies, [job_id(1), job_id(2)]);
        assert_eq!(around[&job_id(3)].dependents, [job_id(60)]);
        assert_eq!(around[&job_id(60)].dependencies, [job_id(3)]);
        assert_eq!(around[&job_id(1)].dependents, [job_id(3)]);
        assert!(around[&job_id(7)].dependencies.is_empty() && around[&job_id(7)].dependents.is_empty());
        let numbers = jobs::numbers(&mut conn, &[job_id(60), job_id(99)]).await.unwrap();
        assert_eq!(numbers.into_iter().collect::<Vec<_>>(), [(job_id(60), (WORKSPACE, 60))]);
        drop(conn);

        let removed = store
            .write(async |tx: &mut Tx| -> Result<(bool, bool), StoreError> {
                let first = jobs::remove_dependency(tx, job_id(3), job_id(2)).await?;
                Ok((first, jobs::remove_dependency(tx, job_id(3), job_id(2)).await?))
            })
            .await
            .unwrap();
        assert_eq!(removed, (true, false));
    }
}

#[tokio::test]
async fn dep_1_two_additions_at_once_do_not_close_a_cycle_behind_each_others_back() {
    for test in testing::every_engine().await {
        people(&test.store).await;
        for number in 1..=2 {
            insert(&test.store, job(number, &new_job("x"))).await;
        }
        let add = |job: i64, on: i64| {
            test.store.write(async move |tx: &mut Tx| -> Result<bool, StoreError> {
                workspaces::lock(tx, WORKSPACE).await?;
                let edges = jobs::edges(tx, WORKSPACE).await?;
                if dependency::check_new(job_id(job), job_id(on), &edges, |_| 0).is_err() {
                    return Ok(false);
                }
                jobs::add_dependency(tx, job_id(job), job_id(on)).await
            })
        };
        let (one, two) = futures_util::future::join(add(1, 2), add(2, 1)).await;
        assert_eq!(i32::from(one.unwrap()) + i32::from(two.unwrap()), 1);
    }
}

#[tokio::test]
async fn job_11_a_deleted_job_takes_everything_of_its_own_along() {
    for test in testing::every_engine().await {
        people(&test.store).await;
        let store = &test.store;
        let first = insert(store, job(1, &an_agentic("First"))).await;
        insert(store, job(2, &new_job("Second"))).await;
        store
            .write(async |tx: &mut Tx| jobs::add_dependency(tx, job_id(2), job_id(1)).await)
            .await
            .unwrap();
        update(store, claimed(first, attempt_id(1), 1, 1)).await;
        store.write(async |tx: &mut Tx| jobs::delete(tx, job_id(1)).await).await.unwrap();
        assert_eq!(get(store, job_id(1)).await, None);
        let mut conn = store.read().await.unwrap();
        assert_eq!(attempts::get(&mut conn, attempt_id(1)).await.unwrap(), None);
        assert!(jobs::dependencies_of(&mut conn, job_id(2)).await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn att_1_every_attempt_of_a_job_is_kept_and_the_latest_is_the_jobs() {
    for test in testing::every_engine().await {
        people(&test.store).await;
        let store = &test.store;
        let stored = insert(store, job(1, &an_agentic("First"))).await;
        let mut first = update(store, claimed(stored, attempt_id(1), 1, 1)).await;
        first.attempt.as_mut().unwrap().ended_at = Some(T0);
        let first = update(store, first).await;
        let second = update(store, claimed(first, attempt_id(2), 2, 2)).await;
        assert!(matches!(second.kind, Kind::Agentic(_)));
        let attempts = attempts::of_job(&mut store.read().await.unwrap(), job_id(1)).await.unwrap();
        let seen: Vec<_> = attempts
            .iter()
            .map(|(attempt, head, diff)| (attempt.number, attempt.is_open(), *head, *diff))
            .collect();
        assert_eq!(seen, [(1, false, 0, false), (2, true, 0, false)]);
        assert_eq!(get(store, job_id(1)).await.unwrap().attempt.unwrap().id, attempt_id(2));
    }
}
