//! The logs of attempts, on every engine there is.

mod common;

use common::*;
use coord_protocol::id::AttemptId;
use coord_store::{
    Store, StoreError, Tx,
    log::{self, Encoded, LogRefusal},
    row::Row,
    testing,
};
use std::time::Instant;

fn entries(first: i64, count: i64, filling: &str) -> Vec<Encoded> {
    (first..first + count)
        .map(|seq| format!(r#"{{"seq":{seq},"at":"2025-11-20T16:00:00Z","kind":"text","text":"{filling}{seq}"}}"#).into())
        .collect()
}

fn seqs(entries: &[Encoded]) -> Vec<i64> {
    entries
        .iter()
        .map(|entry| serde_json::from_str::<serde_json::Value>(entry).unwrap()["seq"].as_i64().unwrap())
        .collect()
}

async fn append(store: &Store, attempt: AttemptId, fence: i64, first: i64, entries: Vec<Encoded>) -> Result<i64, LogRefusal> {
    store
        .write(async move |tx: &mut Tx| log::append(tx, attempt, fence, first, &entries).await)
        .await
        .unwrap()
}

async fn read(store: &Store, from: i64, limit: usize) -> (Vec<Encoded>, i64) {
    log::read(&mut store.read().await.unwrap(), attempt_id(1), from, limit)
        .await
        .unwrap()
}

async fn chunks(store: &Store) -> i64 {
    let row = sqlx::query("SELECT COUNT(*) AS n FROM log_chunks")
        .fetch_one(&mut *store.read().await.unwrap())
        .await
        .unwrap();
    Row::new("log_chunks", &row).int("n").unwrap()
}

async fn running(store: &Store) {
    people(store).await;
    let job = insert(store, job(1, &an_agentic("First"))).await;
    update(store, claimed(job, attempt_id(1), 1, 7)).await;
}

#[tokio::test]
async fn agt_10_the_log_is_read_as_it_was_written_from_anywhere() {
    for test in testing::every_engine().await {
        running(&test.store).await;
        // Batches of every size up to 40, so that merges fall on all kinds of places.
        let (mut first, mut size) = (1, 1);
        while first <= 3_000 {
            let head = append(&test.store, attempt_id(1), 7, first, entries(first, size, "line \u{1F980} ")).await;
            assert_eq!(head, Ok(first + size - 1));
            first += size;
            size = size % 40 + 1;
        }
        let head = first - 1;
        let (all, told) = read(&test.store, 1, usize::MAX).await;
        assert_eq!(told, head);
        assert_eq!(all, entries(1, head, "line \u{1F980} "));
        for (from, limit) in [
            (1, 1),
            (511, 3),
            (512, 2),
            (513, 600),
            (1_000, 7),
            (head, 10),
            (head - 1, 1),
            (0, 2),
            (-5, 2),
        ] {
            let (page, _) = read(&test.store, from, limit).await;
            let from = from.max(1);
            let until = (from + i64::try_from(limit).unwrap()).min(head + 1);
            assert_eq!(seqs(&page), (from..until).collect::<Vec<_>>(), "{limit} from {from}");
        }
        assert_eq!(read(&test.store, head + 1, 10).await, (vec![], head));
    }
}

#[tokio::test]
async fn agt_10_a_batch_that_leaves_a_gap_is_refused_with_the_head() {
    for test in testing::every_engine().await {
        running(&test.store).await;
        assert_eq!(append(&test.store, attempt_id(1), 7, 1, entries(1, 5, "")).await, Ok(5));
        for first in [1, 5, 7, 100] {
            let refused = append(&test.store, attempt_id(1), 7, first, entries(first, 3, "")).await;
            assert_eq!(refused, Err(LogRefusal::Gap { head: 5 }), "from {first}");
        }
        assert_eq!(
            append(&test.store, attempt_id(1), 7, 6, vec![]).await,
            Ok(5),
            "an empty batch in place is none"
        );
        assert_eq!(append(&test.store, attempt_id(1), 7, 6, entries(6, 1, "")).await, Ok(6));
        assert_eq!(read(&test.store, 1, 100).await, (entries(1, 6, ""), 6));
    }
}

#[tokio::test]
async fn agt_10_of_the_same_batch_sent_twice_at_once_one_is_stored() {
    for test in testing::every_engine().await {
        running(&test.store).await;
        let writes = (0..10).map(|_| append(&test.store, attempt_id(1), 7, 1, entries(1, 5, "")));
        let written = futures_util::future::join_all(writes).await;
        assert_eq!(written.iter().filter(|result| result.is_ok()).count(), 1);
        assert_eq!(read(&test.store, 1, 100).await, (entries(1, 5, ""), 5));
    }
}

#[tokio::test]
async fn run_5_entries_under_an_old_fence_or_after_the_end_are_refused() {
    for test in testing::every_engine().await {
        running(&test.store).await;
        for fence in [6, 8] {
            assert_eq!(
                append(&test.store, attempt_id(1), fence, 1, entries(1, 1, "")).await,
                Err(LogRefusal::StaleFence)
            );
        }
        assert_eq!(
            append(&test.store, attempt_id(2), 7, 1, entries(1, 1, "")).await,
            Err(LogRefusal::StaleFence),
            "an attempt that does not exist"
        );
        append(&test.store, attempt_id(1), 7, 1, entries(1, 3, "")).await.unwrap();
        let mut job = get(&test.store, job_id(1)).await.unwrap();
        job.attempt.as_mut().unwrap().ended_at = Some(T0);
        update(&test.store, job).await;
        assert_eq!(
            append(&test.store, attempt_id(1), 7, 4, entries(4, 1, "")).await,
            Err(LogRefusal::StaleFence)
        );
        assert_eq!(read(&test.store, 1, 100).await.1, 3, "the end of the attempt leaves its log alone");
    }
}

#[tokio::test]
async fn agt_10_a_refused_unit_leaves_no_entry_behind() {
    for test in testing::every_engine().await {
        running(&test.store).await;
        let failed: Result<(), StoreError> = test
            .store
            .write(async |tx: &mut Tx| {
                log::append(tx, attempt_id(1), 7, 1, &entries(1, 5, "")).await?.unwrap();
                Err(StoreError::Conflict { seen: 1 })
            })
            .await;
        assert!(failed.is_err());
        assert_eq!(read(&test.store, 1, 100).await, (vec![], 0));
    }
}

#[tokio::test]
async fn agt_10_small_batches_are_merged_and_large_ones_left() {
    for test in testing::every_engine().await {
        running(&test.store).await;
        for seq in 1..=1_100 {
            append(&test.store, attempt_id(1), 7, seq, entries(seq, 1, "")).await.unwrap();
        }
        assert_eq!(chunks(&test.store).await, 2 + (1_100 - 1_024), "two merged chunks and the tail");
        assert_eq!(read(&test.store, 1, usize::MAX).await.0, entries(1, 1_100, ""));
        // 200 KiB each: five make a megabyte.
        let big = "x".repeat(200 * 1024);
        for seq in 1_101..=1_536 {
            let entries = if seq <= 1_120 { entries(seq, 1, &big) } else { entries(seq, 1, "") };
            append(&test.store, attempt_id(1), 7, seq, entries).await.unwrap();
        }
        assert!(chunks(&test.store).await <= 10, "{}", chunks(&test.store).await);
        let (page, _) = read(&test.store, 1_100, 50).await;
        assert!(seqs(&page).starts_with(&[1_100, 1_101, 1_102]));
        let bytes: usize = page.iter().map(|entry| entry.len()).sum();
        assert!(bytes <= 4 * 1024 * 1024, "a page holds {bytes} bytes");
        let (rest, _) = read(&test.store, 1_100 + i64::try_from(page.len()).unwrap(), 1_000).await;
        assert_eq!(page.len() + rest.len(), 437, "the rest follows");
    }
}

#[tokio::test]
async fn agt_10_a_missing_chunk_is_told_and_never_skipped() {
    for test in testing::every_engine().await {
        running(&test.store).await;
        for first in [1, 11, 21] {
            append(&test.store, attempt_id(1), 7, first, entries(first, 10, "")).await.unwrap();
        }
        test.store
            .write(async |tx: &mut Tx| -> Result<(), StoreError> {
                sqlx::query("DELETE FROM log_chunks WHERE first_seq = 11")
                    .execute(&mut **tx)
                    .await?;
                Ok(())
            })
            .await
            .unwrap();
        let damaged = log::read(&mut test.store.read().await.unwrap(), attempt_id(1), 5, 100).await;
        assert!(
            matches!(damaged, Err(StoreError::Inconsistent { table: "log_chunks", .. })),
            "{damaged:?}"
        );
    }
}

#[tokio::test]
async fn agt_10_a_long_log_opens_anywhere_in_milliseconds() {
    let test = testing::sqlite().await;
    running(&test.store).await;
    // As many rows as a million entries make once merged.
    test.store
        .write(async |tx: &mut Tx| -> Result<(), StoreError> {
            for n in 0..100_000_i64 / 50 {
                log::append(
                    tx,
                    attempt_id(1),
                    7,
                    n * 50 + 1,
                    &entries(n * 50 + 1, 50, "some words of an agent "),
                )
                .await?
                .unwrap();
            }
            Ok(())
        })
        .await
        .unwrap();
    assert!(chunks(&test.store).await < 250, "{}", chunks(&test.store).await);
    let started = Instant::now();
    for from in [1, 50_000, 99_900, 12_345] {
        assert_eq!(seqs(&read(&test.store, from, 100).await.0)[0], from);
    }
    let took = started.elapsed();
    assert!(took.as_millis() < 400, "four pages took {took:?}");
}
