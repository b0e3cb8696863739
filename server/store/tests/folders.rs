//! Folders of the Backlog and the order of its jobs, on every engine there is.

mod common;

use common::{ADMIN, MEMBER, OTHER, OWNER, WORKSPACE, get, insert, job, job_id, new_job, people, update, who};
use coord_domain::{job::Job, order};
use coord_protocol::{
    id::{FolderId, WorkspaceId},
    job::NewJob,
    time::Timestamp,
    workspace::Role,
};
use coord_store::{Database, Store, StoreError, Tx, canvases, folders, jobs, testing};
use sqlx::{
    Connection as _, SqlSafeStr as _,
    migrate::{Migrate as _, Migration, MigrationType, Migrator},
};
use std::borrow::Cow;
use uuid::Uuid;

fn ids(first: u128) -> Vec<FolderId> {
    (first..first + 5).map(|n| FolderId(Uuid::from_u128(n))).collect()
}

async fn ensure(store: &Store, path: &'static str, first: u128) -> bool {
    store
        .write(async move |tx: &mut Tx| folders::ensure(tx, WORKSPACE, path, &ids(first), Timestamp(1)).await)
        .await
        .unwrap()
}

async fn paths(store: &Store, within: Option<&str>) -> Vec<String> {
    let mut conn = store.read().await.unwrap();
    let found = folders::within(&mut conn, WORKSPACE, within).await.unwrap();
    found.into_iter().map(|folder| folder.path).collect()
}

fn in_folder(number: i64, folder: &str, private: bool) -> Job {
    let new = NewJob {
        folder: Some(folder.to_owned()),
        private,
        ..new_job("Somewhere")
    };
    job(number, &new)
}

#[tokio::test]
async fn job_1_a_folder_is_made_with_those_around_it_and_once_only() {
    for test in testing::every_engine().await {
        people(&test.store).await;
        assert!(ensure(&test.store, "Garden/Beds/Front", 1).await);
        assert!(!ensure(&test.store, "Garden/Beds", 10).await);
        assert!(ensure(&test.store, "Garden/Alley", 20).await);
        assert!(ensure(&test.store, "garden", 30).await, "another word");
        assert!(ensure(&test.store, "Gardens", 40).await);
        assert_eq!(
            paths(&test.store, Some("Garden")).await,
            ["Garden", "Garden/Beds", "Garden/Alley", "Garden/Beds/Front"],
            "the outer ones first"
        );
        let mut conn = test.store.read().await.unwrap();
        let beside = folders::beside(&mut conn, WORKSPACE, Some("Garden")).await.unwrap();
        let names: Vec<_> = beside.iter().map(|folder| folder.path.as_str()).collect();
        assert_eq!(names, ["Garden/Beds", "Garden/Alley"], "in the order they were made");
        assert_eq!(folders::count(&mut conn, WORKSPACE).await.unwrap(), 6);
        let first = folders::list(&mut conn, WORKSPACE, None, 4).await.unwrap();
        let rest = folders::list(&mut conn, WORKSPACE, first.last().map(|folder| folder.id), 4)
            .await
            .unwrap();
        assert_eq!((first.len(), rest.len()), (4, 2));
    }
}

#[tokio::test]
async fn job_1_two_folders_do_not_have_one_path() {
    for test in testing::every_engine().await {
        people(&test.store).await;
        ensure(&test.store, "One", 1).await;
        ensure(&test.store, "Two", 10).await;
        let two = ids(10)[0];
        let refused = test
            .store
            .write(async move |tx: &mut Tx| folders::set(tx, two, "One", "a0").await)
            .await;
        assert!(matches!(refused, Err(StoreError::Unique { .. })), "{refused:?}");
    }
}

#[tokio::test]
async fn job_1_jobs_of_a_folder_are_found_with_those_of_the_folders_in_it() {
    for test in testing::every_engine().await {
        people(&test.store).await;
        for (number, folder, private) in [
            (1, "Gärten", false),
            (2, "Gärten/Beet", true),
            (3, "Gärtenx", false),
            (4, "gärten/Beet", false),
        ] {
            insert(&test.store, in_folder(number, folder, private)).await;
        }
        let found = jobs::within_folder(&mut test.store.read().await.unwrap(), WORKSPACE, "Gärten")
            .await
            .unwrap();
        assert_eq!(found.iter().map(|job| job.number).collect::<Vec<_>>(), [1, 2]);
        // Renamed, the job is at the next version and else the same.
        let mut moved = found[1].clone();
        moved.folder = Some("Hof".to_owned());
        moved.version += 1;
        let stored = moved.clone();
        test.store
            .write(async move |tx: &mut Tx| jobs::refile(tx, &stored, 1).await)
            .await
            .unwrap();
        assert_eq!(get(&test.store, moved.id).await, Some(moved.clone()));
        let late = test.store.write(async move |tx: &mut Tx| jobs::refile(tx, &moved, 1).await).await;
        assert!(matches!(late, Err(StoreError::Conflict { seen: 1 })), "{late:?}");
    }
}

#[tokio::test]
async fn job_1_a_job_keeps_the_position_it_was_given() {
    for test in testing::every_engine().await {
        people(&test.store).await;
        let mut first = insert(&test.store, job(1, &new_job("First"))).await;
        assert_eq!(first.position, order::of_number(1));
        first.position = "a0V".to_owned();
        let first = update(&test.store, first).await;
        assert_eq!(get(&test.store, first.id).await.unwrap().position, "a0V");
    }
}

#[tokio::test]
async fn acc_4_the_next_position_is_that_of_a_job_the_person_may_see() {
    for test in testing::every_engine().await {
        people(&test.store).await;
        // By bytes, whatever the language of the database.
        for (number, position, private) in [(1, "Zz", false), (2, "a0", true), (3, "aV", false), (4, "aa", false)] {
            let mut job = in_folder(number, "F", private);
            position.clone_into(&mut job.position);
            insert(&test.store, job).await;
        }
        let mut conn = test.store.read().await.unwrap();
        for (viewer, next, former) in [
            (who(MEMBER, Role::Member), "a0", "a0"),
            (who(ADMIN, Role::Admin), "a0", "a0"),
            (who(OTHER, Role::Member), "aV", "Zz"),
            (who(OWNER, Role::Viewer), "aV", "Zz"),
        ] {
            let found = jobs::next_position(&mut conn, WORKSPACE, viewer, "Zz", true).await.unwrap();
            assert_eq!(found.as_deref(), Some(next), "{viewer:?}");
            let found = jobs::next_position(&mut conn, WORKSPACE, viewer, "aV", false).await.unwrap();
            assert_eq!(found.as_deref(), Some(former), "{viewer:?}");
        }
        let end = jobs::next_position(&mut conn, WORKSPACE, who(MEMBER, Role::Member), "aa", true)
            .await
            .unwrap();
        assert_eq!(end, None);
    }
}

/// The migrations of the release before folders were nested.
fn former(engine: &str) -> Vec<Migration> {
    let files = [
        (
            1,
            "init",
            include_str!("../../../migrations/sqlite/0001_init.sql"),
            include_str!("../../../migrations/postgres/0001_init.sql"),
        ),
        (
            2,
            "canvases",
            include_str!("../../../migrations/sqlite/0002_canvases.sql"),
            include_str!("../../../migrations/postgres/0002_canvases.sql"),
        ),
    ];
    files
        .into_iter()
        .map(|(version, name, sqlite, postgres)| {
            let sql = if engine == "sqlite" { sqlite } else { postgres };
            Migration::new(version, Cow::Borrowed(name), MigrationType::Simple, sql.into_sql_str(), false)
        })
        .collect()
}

#[tokio::test]
async fn ops_2_folders_and_jobs_of_the_former_release_are_kept() {
    sqlx::any::install_default_drivers();
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    std::fs::create_dir_all(&data).unwrap();
    let sqlite = format!("sqlite://{}?mode=rwc", data.join("coord.db").display());
    let mut databases = vec![("sqlite", sqlite, Database::Sqlite)];
    if let Some(Database::Postgres(url)) = testing::postgres_database().await {
        databases.push(("postgres", url.clone(), Database::Postgres(url)));
    }
    for (engine, url, database) in databases {
        let mut conn = sqlx::AnyConnection::connect(&url).await.unwrap();
        conn.ensure_migrations_table("_sqlx_migrations").await.unwrap();
        Migrator::with_migrations(former(engine))
            .run_direct(None, &mut conn, false)
            .await
            .unwrap();
        let ws = WORKSPACE.to_string();
        sqlx::query("INSERT INTO workspaces (id, name, slug, settings, version, feed_seq, next_job_number, created_at) VALUES ($1, 'W', 'w', '{}', 1, 0, 9, 0)")
            .bind(ws.clone()).execute(&mut conn).await.unwrap();
        for (number, name, private) in [
            (1, "Later", 0),
            (2, "a/b", 0),
            (3, "/odd//one/", 0),
            (4, "Hidden", 1),
            (12, "Later", 0),
        ] {
            let old = in_folder(number, "x", private == 1);
            let mut body = serde_json::to_value(&old).unwrap();
            body["folder"] = name.into();
            sqlx::query(
                "INSERT INTO jobs (id, workspace, number, state, priority, kind, folder, owner, creator, private, title, search, announced, fence, version, body, created_at, updated_at) \
                 VALUES ($1, $2, $3, 'backlog', 2, 'user', $4, 'o', 'c', $5, 't', 's', 0, 0, 1, $6, 0, 0)",
            )
            .bind(job_id(number).to_string())
            .bind(ws.clone())
            .bind(number)
            .bind(name)
            .bind(private)
            .bind(body.to_string())
            .execute(&mut conn)
            .await
            .unwrap();
        }
        conn.close().await.unwrap();
        let config = coord_store::StoreConfig {
            database,
            ..coord_store::StoreConfig::sqlite(data.clone())
        };
        let store = Store::open(config).await.unwrap();
        let mut conn = store.read().await.unwrap();
        let mut found = vec![];
        for number in [1, 2, 3, 4, 12] {
            let job = jobs::by_number(&mut conn, WORKSPACE, number).await.unwrap().unwrap();
            assert_eq!(job.position, order::of_number(number), "{engine}");
            found.push(job.folder.unwrap());
        }
        assert_eq!(found, ["Later", "a/b", "-odd--one-", "Hidden", "Later"], "{engine}");
        let listed = folders::within(&mut conn, WORKSPACE, None).await.unwrap();
        let mut listed: Vec<_> = listed.into_iter().map(|folder| folder.path).collect();
        listed.sort();
        assert_eq!(
            listed,
            ["-odd--one-", "Later", "a/b"],
            "{engine}: none that only a private job is in"
        );
        assert!(canvases::folders_within(&mut conn, WORKSPACE, "Later").await.unwrap().is_empty());
        assert!(
            folders::within(&mut conn, WorkspaceId(Uuid::from_u128(9)), None)
                .await
                .unwrap()
                .is_empty()
        );
        drop(conn);
        store.close().await;
    }
}
