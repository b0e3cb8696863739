//! Finding what jobs, notes, files and logs say, on each engine.

mod common;

use common::*;
use coord_domain::{
    rights::{Act, Who, may},
    search::terms,
};
use coord_protocol::{
    account::Person,
    file::FileKind,
    id::{FileId, NoteId},
    job::{Note, TeamMember, TeamRole},
    log::{LogBody, LogEntry},
    workspace::Role,
};
use coord_store::{
    Store, StoreError, Tx, files, jobs, log, notes,
    search::{self, Find, Found, Source, Tier},
    testing::every_engine,
};
use std::sync::Arc;
use uuid::Uuid;

async fn found(store: &Store, viewer: Who, tier: Tier, query: &str) -> Vec<Found> {
    let find = Find {
        workspace: WORKSPACE,
        viewer,
        tier,
        terms: terms(query),
        before: i64::MAX,
        limit: 100,
    };
    search::find(&mut store.read().await.unwrap(), &find).await.unwrap()
}

async fn numbers(store: &Store, viewer: Who, tier: Tier, query: &str) -> Vec<i64> {
    let mut numbers = vec![];
    for one in found(store, viewer, tier, query).await {
        numbers.push(get(store, one.job).await.unwrap().number);
    }
    numbers
}

const fn note(n: u128) -> NoteId {
    NoteId(Uuid::from_u128(0x30_000 + n))
}

async fn add_note(store: &Store, job: i64, n: u128, body: &str) {
    let note = Note {
        id: note(n),
        job: job_id(job),
        attempt: None,
        author: Person {
            id: MEMBER,
            name: String::new(),
        },
        body: Some(body.to_owned()),
        created_at: T0,
        retracted_by: None,
        retracted_at: None,
        mentions: vec![],
    };
    store.write(async move |tx: &mut Tx| notes::insert(tx, &note).await).await.unwrap();
}

async fn add_file(store: &Store, job: i64, n: u128, name: &str) -> FileId {
    let id = FileId(Uuid::from_u128(0x40_000 + n));
    let new = files::NewFile {
        id,
        job: job_id(job),
        attempt: None,
        kind: FileKind::Attachment.into(),
        name: name.to_owned(),
        uploaded_by: Some(MEMBER),
        at: T0,
    };
    let unit = async move |tx: &mut Tx| -> Result<(), StoreError> {
        files::begin(tx, &new).await?;
        files::finish(
            tx,
            id,
            &files::Written {
                size: 1,
                sha256: "x".to_owned(),
            },
        )
        .await?;
        Ok(())
    };
    store.write(unit).await.unwrap();
    id
}

/// Appends texts to the log of job `n`'s attempt, which has this fence.
async fn say(store: &Store, n: u128, fence: i64, first: i64, texts: &[&str]) {
    let encoded: Vec<Arc<str>> = (first..)
        .zip(texts)
        .map(|(seq, text)| {
            let entry = LogEntry {
                seq,
                at: T0,
                body: LogBody::Text { text: (*text).to_owned() },
            };
            serde_json::to_string(&entry).unwrap().into()
        })
        .collect();
    let unit = async move |tx: &mut Tx| log::append(tx, attempt_id(n), fence, first, &encoded).await;
    store.write(unit).await.unwrap().unwrap();
}

/// Makes all logs findable, as the server does; how many steps that took.
async fn catch_up(store: &Store) -> usize {
    let mut steps = 0;
    let behind = search::log::behind(&mut store.read().await.unwrap()).await.unwrap();
    for attempt in behind {
        loop {
            let step = search::log::next(&mut store.read().await.unwrap(), attempt).await.unwrap();
            let Some(step) = step else { break };
            steps += 1;
            store
                .write(async move |tx: &mut Tx| search::log::put(tx, &step).await)
                .await
                .unwrap();
        }
    }
    assert!(search::log::behind(&mut store.read().await.unwrap()).await.unwrap().is_empty());
    steps
}

#[tokio::test]
async fn web_1_jobs_notes_and_files_are_found_with_the_change_and_gone_with_it() {
    for engine in every_engine().await {
        let store = &engine.store;
        people(store).await;
        let me = who(MEMBER, Role::Member);
        let first = insert(store, job(1, &new_job("Mend the loginPage"))).await;
        let mut described = new_job("Something else");
        described.description = "The login page has no title".to_owned();
        insert(store, job(2, &described)).await;
        assert_eq!(numbers(store, me, Tier::Title, "page login").await, [1]);
        assert_eq!(numbers(store, me, Tier::Title, "Pag").await, [1]);
        assert_eq!(numbers(store, me, Tier::Job, "login page").await, [2]);
        assert_eq!(numbers(store, me, Tier::Job, "login some").await, [2]);
        assert!(numbers(store, me, Tier::Title, "age").await.is_empty());
        let first = update(
            store,
            coord_domain::job::Job {
                title: "Mend the door".to_owned(),
                ..first
            },
        )
        .await;
        assert!(numbers(store, me, Tier::Title, "page").await.is_empty());
        assert_eq!(numbers(store, me, Tier::Title, "door").await, [1]);
        // What has the same words stays where it is.
        let before = found(store, me, Tier::Title, "door").await;
        update(store, ready(first)).await;
        assert_eq!(found(store, me, Tier::Title, "door").await, before);

        add_note(store, 1, 1, "The hinge creaks").await;
        let file = add_file(store, 1, 1, "hinge-drawing_v2.pdf").await;
        assert_eq!(found(store, me, Tier::Note, "hing").await[0].source, Source::Note(note(1)));
        assert_eq!(found(store, me, Tier::File, "drawing v2").await[0].source, Source::File(file));
        store
            .write(async |tx: &mut Tx| notes::retract(tx, note(1), ADMIN, T0).await)
            .await
            .unwrap();
        store.write(async move |tx: &mut Tx| files::delete(tx, file).await).await.unwrap();
        assert!(found(store, me, Tier::Note, "hinge").await.is_empty());
        assert!(found(store, me, Tier::File, "drawing").await.is_empty());
        add_note(store, 2, 2, "hinge again").await;
        store.write(async |tx: &mut Tx| jobs::delete(tx, job_id(2)).await).await.unwrap();
        assert!(found(store, me, Tier::Note, "hinge").await.is_empty());
        assert!(numbers(store, me, Tier::Job, "title").await.is_empty());
    }
}

#[tokio::test]
async fn web_3_a_log_is_found_as_it_grows_each_entry_once() {
    for engine in every_engine().await {
        let store = &engine.store;
        people(store).await;
        let me = who(MEMBER, Role::Member);
        insert(store, claimed(job(1, &an_agentic("Run")), attempt_id(1), 1, 1)).await;
        say(store, 1, 1, 1, &["cargo bui"]).await;
        assert_eq!(catch_up(store).await, 1);
        assert_eq!(found(store, me, Tier::Log, "bui").await.len(), 1);
        say(store, 1, 1, 2, &["ld failed", " with error E0382"]).await;
        catch_up(store).await;
        let hits = found(store, me, Tier::Log, "build e0382").await;
        assert_eq!(hits.len(), 1, "{hits:?}");
        assert_eq!(
            hits[0].source,
            Source::Log {
                attempt: attempt_id(1),
                first: 1,
                last: 3
            }
        );
        assert_eq!(catch_up(store).await, 0);
        // Many entries: every one is found, by a word of its own, once.
        let texts: Vec<String> = (4..1504).map(|n| format!("line n{n}x of some output that goes on\n")).collect();
        for (n, chunk) in texts.chunks(100).enumerate() {
            let chunk: Vec<&str> = chunk.iter().map(String::as_str).collect();
            say(store, 1, 1, 4 + 100 * n as i64, &chunk).await;
            if n % 4 == 0 {
                catch_up(store).await;
            }
        }
        catch_up(store).await;
        for n in (4..1504).step_by(17) {
            let hits = found(store, me, Tier::Log, &format!("n{n}x")).await;
            let [
                Found {
                    source: Source::Log { first, last, .. },
                    ..
                },
            ] = hits[..]
            else {
                panic!("{n}: {hits:?}")
            };
            assert!((first..=last).contains(&n), "{n} in {first}..={last}");
        }
        let newest = found(store, me, Tier::Log, "output").await;
        assert!(newest.len() > 5 && newest.is_sorted_by(|a, b| a.id > b.id));
        store.write(async |tx: &mut Tx| jobs::delete(tx, job_id(1)).await).await.unwrap();
        assert!(found(store, me, Tier::Log, "output").await.is_empty());
    }
}

#[tokio::test]
async fn acc_4_what_is_found_is_what_may_be_seen() {
    for engine in every_engine().await {
        let store = &engine.store;
        people(store).await;
        for n in 1..=4 {
            let mut new = an_agentic("canary");
            new.private = n > 1;
            let mut one = claimed(job(n, &new), attempt_id(n as u128), 1, 1);
            if n == 3 {
                one.access.team = vec![
                    TeamMember {
                        user: OTHER,
                        role: TeamRole::Viewer,
                    },
                    TeamMember {
                        user: VIEWER,
                        role: TeamRole::Viewer,
                    },
                ];
            }
            if n == 4 {
                (one.access.owner, one.access.creator) = (OTHER, ADMIN);
            }
            insert(store, one).await;
            add_note(store, n, n as u128, "canary").await;
            add_file(store, n, n as u128, "canary").await;
            say(store, n as u128, 1, 1, &["canary"]).await;
        }
        catch_up(store).await;
        for viewer in [
            who(OWNER, Role::Owner),
            who(ADMIN, Role::Admin),
            who(MEMBER, Role::Member),
            who(OTHER, Role::Member),
            who(VIEWER, Role::Viewer),
            Who {
                user: STRANGER,
                role: None,
            },
        ] {
            let mut expected = vec![];
            for n in (1..=4).rev() {
                if may(viewer, Act::See, Some(&get(store, job_id(n)).await.unwrap().access)).is_ok() {
                    expected.push(n);
                }
            }
            for tier in [Tier::Title, Tier::Note, Tier::File, Tier::Log] {
                assert_eq!(numbers(store, viewer, tier, "canary").await, expected, "{viewer:?} {tier:?}");
            }
        }
    }
}

#[tokio::test]
async fn acc_4_many_hidden_hits_hide_no_visible_one_and_tell_nothing() {
    for engine in every_engine().await {
        let store = &engine.store;
        people(store).await;
        let me = who(OTHER, Role::Member);
        insert(store, job(1, &new_job("needle"))).await;
        let mut hidden = new_job("needle");
        hidden.private = true;
        for n in 2..260 {
            insert(store, job(n, &hidden)).await;
        }
        assert_eq!(numbers(store, me, Tier::Title, "needle").await, [1]);
    }
}

#[tokio::test]
async fn inv_8_nothing_that_is_typed_is_syntax() {
    for engine in every_engine().await {
        let store = &engine.store;
        people(store).await;
        let me = who(MEMBER, Role::Member);
        let mut new = new_job("plain needle");
        new.description = "NEAR AND OR NOT words".to_owned();
        insert(store, job(1, &new)).await;
        let long = "a".repeat(10_000);
        for query in [
            "needle\"",
            "\"needle",
            "needle*",
            "*needle",
            "needle'",
            "'needle':*",
            "needle:*",
            "-needle",
            "^needle",
            "{plain} : needle",
            "needle)",
            "(needle",
            "needle|",
            "!needle",
            "needle\\",
            "needle\u{0}",
            "\u{e000}needle",
            "needle 🙂",
            "\u{202e}needle",
            "needle;--",
        ] {
            assert_eq!(numbers(store, me, Tier::Title, query).await, [1], "{query}");
        }
        for query in ["NEAR(", "NEAR(words, 2)", "and", "OR words", "NOT"] {
            let (title, text) = (
                numbers(store, me, Tier::Title, query).await,
                numbers(store, me, Tier::Job, query).await,
            );
            assert!(title.is_empty(), "{query}");
            assert_eq!(text.is_empty(), query.contains('2'), "{query}");
        }
        for query in [long.as_str(), "日本", "المهام", "ß", "İ"] {
            for tier in Tier::ALL {
                assert!(found(store, me, tier, query).await.is_empty(), "{tier:?}");
            }
        }
    }
}

#[tokio::test]
async fn ops_2_what_a_former_version_stored_is_made_findable() {
    for engine in every_engine().await {
        let store = &engine.store;
        people(store).await;
        let me = who(MEMBER, Role::Member);
        for n in 1..=5 {
            insert(store, job(n, &new_job("oldJob"))).await;
            add_note(store, n, n as u128, "old note").await;
            add_file(store, n, n as u128, "old.txt").await;
        }
        let forget = async |tx: &mut Tx| -> Result<(), StoreError> {
            sqlx::query("DELETE FROM search_docs").execute(&mut **tx).await?;
            Ok(())
        };
        store.write(forget).await.unwrap();
        assert!(found(store, me, Tier::Title, "old").await.is_empty());
        let mut rounds = 0;
        loop {
            let missing = search::missing(&mut store.read().await.unwrap(), 2).await.unwrap();
            if missing.is_empty() {
                break;
            }
            let twice = missing.clone();
            store
                .write(async move |tx: &mut Tx| search::put_missing(tx, &missing).await)
                .await
                .unwrap();
            store
                .write(async move |tx: &mut Tx| search::put_missing(tx, &twice).await)
                .await
                .unwrap();
            rounds += 1;
        }
        assert_eq!(rounds, 3);
        for (tier, query) in [(Tier::Title, "job"), (Tier::Note, "note"), (Tier::File, "txt")] {
            assert_eq!(found(store, me, tier, query).await.len(), 5, "{tier:?}");
        }
    }
}

/// Figures for docs/benchmarks.md: `cargo test --release -p coord-store --test search -- --ignored --nocapture`.
#[tokio::test]
#[ignore = "takes minutes"]
async fn measure_search() {
    use std::time::Instant;
    const JOBS: i64 = 5_000;
    const PER_JOB: i64 = 200;
    for engine in every_engine().await {
        let store = &engine.store;
        println!("{:?}", engine.config.database);
        people(store).await;
        let me = who(MEMBER, Role::Member);
        // Words as in prose and logs: few are in most lines, many are rare.
        let word = |n: i64| format!("w{}", (n * 2_654_435_761 % 1_000_003).pow(2) / 1_000_003 % 20_000);
        let began = Instant::now();
        for n in 1..=JOBS {
            let mut new = an_agentic(&format!("Mend {} of {}", word(n), word(n + 7)));
            new.description = (0..60).map(|k| word(n * 61 + k) + " ").collect();
            insert(store, claimed(job(n, &new), attempt_id(n as u128), 1, 1)).await;
            let lines: Vec<String> = (0..PER_JOB)
                .map(|k| {
                    let rest: String = (0..10).map(|m| word(n * 7919 + k * 11 + m) + " ").collect();
                    format!("running test number {k} {rest}of build{n}\n")
                })
                .collect();
            let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
            say(store, n as u128, 1, 1, &lines).await;
        }
        println!("{} entries written in {:?}", JOBS * PER_JOB, began.elapsed());
        let began = Instant::now();
        let mut steps = vec![];
        for attempt in search::log::behind(&mut store.read().await.unwrap()).await.unwrap() {
            while let Some(step) = search::log::next(&mut store.read().await.unwrap(), attempt).await.unwrap() {
                let write = Instant::now();
                store
                    .write(async move |tx: &mut Tx| search::log::put(tx, &step).await)
                    .await
                    .unwrap();
                steps.push(write.elapsed());
            }
        }
        steps.sort();
        println!(
            "made findable in {:?}, {} writes, p50 {:?}, p99 {:?}, longest {:?}",
            began.elapsed(),
            steps.len(),
            steps[steps.len() / 2],
            steps[steps.len() * 99 / 100],
            steps.last().unwrap()
        );
        let queries = [
            "w1",
            "running test",
            "build4999",
            "buil",
            "tes",
            "w12 w7",
            "mend w1",
            "w19999",
            "nothinghere",
            "number 17 running",
            "b",
            "build1234 test",
        ];
        for query in queries {
            let mut times = vec![];
            let mut hits = 0;
            for _ in 0..20 {
                let began = Instant::now();
                hits = 0;
                for tier in Tier::ALL {
                    let find = Find {
                        workspace: WORKSPACE,
                        viewer: me,
                        tier,
                        terms: terms(query),
                        before: i64::MAX,
                        limit: 21,
                    };
                    hits += search::find(&mut store.read().await.unwrap(), &find).await.unwrap().len();
                }
                times.push(began.elapsed());
            }
            times.sort();
            println!("{query:?}: {hits} hits, p50 {:?}, p95 {:?}", times[10], times[18]);
        }
        let began = Instant::now();
        let facts = coord_store::analytics::facts(&mut store.read().await.unwrap(), WORKSPACE)
            .await
            .unwrap();
        println!("facts of {} jobs in {:?}", facts.len(), began.elapsed());
    }
}
