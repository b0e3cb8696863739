//! The store's promises about transactions, on every engine there is.

use coord_protocol::{id::WorkspaceId, time::Timestamp};
use coord_store::{Database, Store, StoreConfig, StoreError, Tx, feed, row::Row, testing};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use uuid::Uuid;

fn workspace(n: u128) -> WorkspaceId {
    WorkspaceId(Uuid::from_u128(n))
}

async fn insert(tx: &mut Tx, id: WorkspaceId, slug: &str) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO workspaces (id, name, slug, settings, version, feed_seq, next_job_number, created_at) VALUES ($1, $2, $2, '{}', 1, 0, 1, 0)",
    )
    .bind(id.to_string())
    .bind(slug.to_owned())
    .execute(&mut **tx)
    .await?;
    Ok(())
}

async fn count(store: &Store, table: &str) -> i64 {
    let sql = match table {
        "workspaces" => "SELECT COUNT(*) AS n FROM workspaces",
        "feed" => "SELECT COUNT(*) AS n FROM feed",
        other => panic!("no count of {other}"),
    };
    let row = sqlx::query(sql).fetch_one(&mut *store.read().await.unwrap()).await.unwrap();
    Row::new("count", &row).int("n").unwrap()
}

#[tokio::test]
async fn ops_2_a_full_disk_is_named_changes_nothing_and_is_over_when_there_is_room() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(StoreConfig::sqlite(folder.path().to_owned())).await.unwrap();
    let full: Result<(), StoreError> = store
        .write(async |tx: &mut Tx| {
            // As small as the file is: what comes next finds no room.
            sqlx::query("PRAGMA max_page_count = 1").execute(&mut **tx).await?;
            insert(tx, workspace(1), &"x".repeat(100_000)).await
        })
        .await;
    assert!(full.as_ref().is_err_and(StoreError::is_full), "{full:?}");
    assert_eq!(count(&store, "workspaces").await, 0);
    // The limit was that connection's own.
    store.ping().await.unwrap();
    store
        .write(async |tx: &mut Tx| insert(tx, workspace(2), "two").await)
        .await
        .unwrap();
    store.close().await;
}

#[tokio::test]
async fn ops_1_a_file_that_is_no_database_is_told_at_once() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join("coord.db"),
        "not a database, and long enough to be looked at ".repeat(100),
    )
    .unwrap();
    let began = std::time::Instant::now();
    let refused = Store::open(StoreConfig::sqlite(folder.path().to_owned())).await.err().unwrap();
    assert!(refused.to_string().contains("file is not a database"), "{refused}");
    assert!(began.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn inv_4_a_unit_is_all_or_nothing() {
    for test in testing::every_engine().await {
        let refused: Result<(), StoreError> = test
            .store
            .write(async |tx: &mut Tx| {
                insert(tx, workspace(1), "one").await?;
                feed::append(tx, workspace(1), Timestamp(1), "workspace.changed", None, &serde_json::json!({})).await?;
                insert(tx, workspace(2), "one").await
            })
            .await;
        assert!(
            matches!(&refused, Err(StoreError::Unique { what }) if what == "workspaces.slug"),
            "{refused:?}"
        );
        assert_eq!(count(&test.store, "workspaces").await, 0);
        assert_eq!(count(&test.store, "feed").await, 0);
    }
}

#[tokio::test]
async fn inv_4_the_feed_counts_without_gaps_though_units_fail_between() {
    for test in testing::every_engine().await {
        let store = &test.store;
        store
            .write(async |tx: &mut Tx| insert(tx, workspace(1), "one").await)
            .await
            .unwrap();
        let mut seqs = Vec::new();
        let writes = (0..40).map(|n| {
            store.write(async move |tx: &mut Tx| {
                let seq = feed::append(tx, workspace(1), Timestamp(n), "workspace.changed", None, &serde_json::json!({})).await?;
                if n % 4 == 3 {
                    Err(StoreError::Conflict { seen: n })
                } else {
                    Ok(seq)
                }
            })
        });
        for (n, written) in futures_util::future::join_all(writes).await.into_iter().enumerate() {
            match written {
                Ok(seq) => seqs.push(seq),
                Err(error) => assert!(n % 4 == 3 && matches!(error, StoreError::Conflict { .. }), "{n}: {error}"),
            }
        }
        seqs.sort_unstable();
        assert_eq!(seqs, (1..=30).collect::<Vec<i64>>());
        assert_eq!(count(store, "feed").await, 30);
    }
}

#[tokio::test]
async fn a_failing_or_panicking_unit_rolls_back_alone() {
    for test in testing::every_engine().await {
        let store = &test.store;
        let writes = (0..30_u128).map(|n| {
            store.write(async move |tx: &mut Tx| {
                insert(tx, workspace(n), &n.to_string()).await?;
                match n % 3 {
                    0 => Ok(()),
                    1 => Err(StoreError::Conflict { seen: 1 }),
                    _ => panic!("this unit is meant to panic"),
                }
            })
        });
        for (n, written) in futures_util::future::join_all(writes).await.into_iter().enumerate() {
            match n % 3 {
                0 => assert!(written.is_ok(), "{n}: {written:?}"),
                1 => assert!(matches!(written, Err(StoreError::Conflict { seen: 1 })), "{n}: {written:?}"),
                _ => assert!(matches!(written, Err(StoreError::Panicked)), "{n}: {written:?}"),
            }
        }
        assert_eq!(count(store, "workspaces").await, 10);
        store
            .write(async |tx: &mut Tx| insert(tx, workspace(99), "after").await)
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn many_writers_share_commits() {
    let test = testing::sqlite().await;
    let writes = (0..200_u128).map(|n| {
        test.store
            .write(async move |tx: &mut Tx| insert(tx, workspace(n), &n.to_string()).await)
    });
    for written in futures_util::future::join_all(writes).await {
        written.unwrap();
    }
    let (commits, units) = test.store.commits();
    assert_eq!(units, 200);
    assert!(commits <= 20, "{commits} commits for 200 units");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn inv_1_nothing_is_answered_before_its_commit() {
    for test in testing::every_engine().await {
        let (store, stop) = (test.store.clone(), Arc::new(AtomicBool::new(false)));
        let noise = tokio::spawn({
            let (store, stop) = (store.clone(), Arc::clone(&stop));
            async move {
                let mut n = 1000;
                while !stop.load(Ordering::Relaxed) {
                    n += 1;
                    store
                        .write(async move |tx: &mut Tx| insert(tx, workspace(n), &n.to_string()).await)
                        .await
                        .unwrap();
                }
            }
        });
        for n in 0..50 {
            store
                .write(async move |tx: &mut Tx| insert(tx, workspace(n), &n.to_string()).await)
                .await
                .unwrap();
            // Another connection sees only what is committed.
            let found = sqlx::query("SELECT 1 AS one FROM workspaces WHERE id = $1")
                .bind(workspace(n).to_string())
                .fetch_optional(&mut *store.read().await.unwrap())
                .await
                .unwrap();
            assert!(found.is_some(), "{n} was answered before its commit");
        }
        stop.store(true, Ordering::Relaxed);
        noise.await.unwrap();
    }
}

#[tokio::test]
async fn a_caller_that_gave_up_before_its_turn_leaves_nothing() {
    let test = testing::sqlite().await;
    let slow = test.store.write(async |_: &mut Tx| -> Result<(), StoreError> {
        tokio::time::sleep(Duration::from_millis(200)).await;
        Ok(())
    });
    let gone = async {
        tokio::time::sleep(Duration::from_millis(20)).await;
        let write = test.store.write(async |tx: &mut Tx| insert(tx, workspace(1), "gone").await);
        assert!(tokio::time::timeout(Duration::from_millis(20), write).await.is_err());
    };
    let (slow, ()) = futures_util::future::join(slow, gone).await;
    slow.unwrap();
    test.store
        .write(async |tx: &mut Tx| insert(tx, workspace(2), "after").await)
        .await
        .unwrap();
    assert_eq!(count(&test.store, "workspaces").await, 1);
}

#[tokio::test]
async fn what_was_committed_is_there_after_a_restart() {
    for mut test in testing::every_engine().await {
        test.store
            .write(async |tx: &mut Tx| insert(tx, workspace(1), "kept").await)
            .await
            .unwrap();
        let before = test.store.clone();
        test.reopen().await;
        assert_eq!(count(&test.store, "workspaces").await, 1);
        let closed = before.write(async |tx: &mut Tx| insert(tx, workspace(2), "late").await).await;
        assert!(matches!(closed, Err(StoreError::Closed)), "{closed:?}");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_new_data_folder_is_for_the_servers_user_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let kept = testing::sqlite().await;
    let mode = std::fs::metadata(kept.store.data()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
}

#[tokio::test]
async fn a_second_server_on_the_same_data_folder_is_refused() {
    let test = testing::sqlite().await;
    let refused = Store::open(test.config.clone()).await.err().expect("the folder is taken");
    assert!(matches!(refused, StoreError::InUse(_)));
    assert!(
        refused.to_string().contains("another coord-server is using the data folder"),
        "{refused}"
    );
}

#[tokio::test]
async fn a_data_folder_from_a_newer_version_is_refused_and_left_alone() {
    for test in testing::every_engine().await {
        let now = if test.config.database == Database::Sqlite {
            "datetime('now')"
        } else {
            "now()"
        };
        test.store
            .write(async move |tx: &mut Tx| -> Result<(), StoreError> {
                let sql = if now == "now()" {
                    "INSERT INTO _sqlx_migrations (version, description, installed_on, success, checksum, execution_time) VALUES (999, 'later', now(), TRUE, 'x', 0)"
                } else {
                    "INSERT INTO _sqlx_migrations (version, description, installed_on, success, checksum, execution_time) VALUES (999, 'later', datetime('now'), TRUE, 'x', 0)"
                };
                sqlx::query(sql).execute(&mut **tx).await?;
                Ok(())
            })
            .await
            .unwrap();
        test.store.close().await;
        let refused = Store::open(test.config.clone()).await.err().expect("a newer folder is refused");
        assert!(matches!(refused, StoreError::Newer { found: 999, .. }), "{refused}");
        assert!(refused.to_string().contains("newer coord-server"), "{refused}");
    }
}

#[tokio::test]
async fn a_data_folder_that_cannot_be_made_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "in the way").unwrap();
    let refused = Store::open(StoreConfig::sqlite(file.join("data"))).await.err().unwrap();
    assert!(refused.to_string().contains("file/data"), "{refused}");
}

#[tokio::test]
async fn a_path_with_odd_characters_works() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("50% of #1? är \"so\"");
    let store = Store::open(StoreConfig::sqlite(data.clone())).await.unwrap();
    store
        .write(async |tx: &mut Tx| insert(tx, workspace(1), "one").await)
        .await
        .unwrap();
    assert!(data.join("coord.db").is_file());
    store.close().await;
}

#[test]
fn both_engines_have_the_same_migrations() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations");
    let names = |engine: &str| {
        let mut names: Vec<_> = std::fs::read_dir(folder.join(engine))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    };
    assert_eq!(names("sqlite"), names("postgres"));
    // Words are kept in the way of each engine, and JSON is read in its own; both tell so at their top.
    let own = ["0004_backlog.sql", "0008_inbox.sql", "0009_search.sql", "0010_analytics.sql"];
    for name in names("sqlite").into_iter().filter(|name| !own.contains(&name.as_str())) {
        let without_comments = |engine: &str| {
            let text = std::fs::read_to_string(folder.join(engine).join(&name)).unwrap();
            // What only one of them can be told in its own words stands at the end.
            let common = text.split("-- Of this engine only:").next().unwrap();
            common.lines().filter(|line| !line.starts_with("--")).collect::<Vec<_>>().join("\n")
        };
        assert_eq!(
            without_comments("sqlite").replace(" BLOB ", " BYTEA "),
            without_comments("postgres"),
            "{name}"
        );
    }
}
