//! Throw-away stores for tests: SQLite in a temporary folder always, PostgreSQL too when `COORD_TEST_POSTGRES` holds its URL.

use crate::{Database, Store, StoreConfig};
use sqlx::Connection as _;
use std::{
    sync::atomic::{AtomicU32, Ordering},
    time::UNIX_EPOCH,
};
use tempfile::TempDir;

/// A store of its own for one test.
pub struct TestStore {
    /// The store.
    pub store: Store,
    /// Its configuration, to open it again.
    pub config: StoreConfig,
    /// The data folder; removed with the value.
    pub folder: TempDir,
}

impl TestStore {
    /// Closes the store and opens it again, as a restart would.
    pub async fn reopen(&mut self) {
        self.store.close().await;
        self.store = open(self.config.clone()).await;
    }
}

/// A store on SQLite.
pub async fn sqlite() -> TestStore {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let config = StoreConfig::sqlite(folder.path().join("data"));
    TestStore {
        store: open(config.clone()).await,
        config,
        folder,
    }
}

/// The database of a new schema on the PostgreSQL given for tests, if one is.
pub async fn postgres_database() -> Option<Database> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let url = std::env::var("COORD_TEST_POSTGRES").ok().filter(|url| !url.is_empty())?;
    sqlx::any::install_default_drivers();
    // Unique per process and start: the process id alone comes round again while old schemas are still there.
    let started = std::fs::metadata("/proc/self").and_then(|own| own.modified()).ok();
    let started = started
        .and_then(|at| at.duration_since(UNIX_EPOCH).ok())
        .map_or(0, |since| since.as_micros());
    let schema = format!("t_{}_{started}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    let separator = if url.contains('?') { '&' } else { '?' };
    let own = format!("{url}{separator}options=-csearch_path%3D{schema}");
    let mut conn = sqlx::AnyConnection::connect(&own).await.expect("COORD_TEST_POSTGRES answers");
    // The name of a schema cannot be a parameter; the session's own search path says it without splicing.
    sqlx::raw_sql("DO $$ BEGIN EXECUTE format('CREATE SCHEMA %I', current_setting('search_path')); END $$")
        .execute(&mut conn)
        .await
        .expect("a schema can be made");
    conn.close().await.expect("the connection closes");
    Some(Database::Postgres(own))
}

/// A store on every engine there is to test on.
pub async fn every_engine() -> Vec<TestStore> {
    let mut stores = vec![sqlite().await];
    if let Some(database) = postgres_database().await {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let config = StoreConfig {
            database,
            ..StoreConfig::sqlite(folder.path().join("data"))
        };
        stores.push(TestStore {
            store: open(config.clone()).await,
            config,
            folder,
        });
    }
    stores
}

async fn open(config: StoreConfig) -> Store {
    Store::open(config).await.expect("the store opens")
}
