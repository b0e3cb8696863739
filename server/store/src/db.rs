//! Opening a database of either kind, reading from it, and the door to writing.

use crate::{
    StoreError, UnitError,
    writer::{self, Queued, Unit},
};
use sqlx::{
    Any, AnyPool, ConnectOptions as _, Connection as _, SqlSafeStr as _,
    any::{AnyConnectOptions, AnyPoolOptions},
    migrate::{Migrate as _, MigrateError, Migration, MigrationType, Migrator},
    pool::PoolConnection,
};
use std::{
    borrow::Cow,
    fs::{File, TryLockError},
    ops::{Deref, DerefMut},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::sync::{mpsc, oneshot};

/// A connection, for reading.
pub type Conn = sqlx::AnyConnection;

/// How long a caller waits for a free connection before it is told that the database is overloaded.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);

/// Units waiting for the writer. When full, further callers of [`Store::write`] wait for a place: back-pressure reaches the socket.
const QUEUE: usize = 1024;

/// Which database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Database {
    /// `coord.db` in the data folder.
    Sqlite,
    /// A `postgres://` URL.
    Postgres(String),
}

/// How to open the store.
#[derive(Debug, Clone)]
pub struct StoreConfig {
    /// The data folder; made when missing.
    pub data: PathBuf,
    /// Which database.
    pub database: Database,
    /// SQLite: wait for the disk at each commit. Survives power loss; without it a crash of the process loses nothing either.
    pub full_sync: bool,
    /// SQLite: connections for reading. PostgreSQL: all connections.
    pub connections: u32,
}

impl StoreConfig {
    /// SQLite in `data` with the defaults.
    #[must_use]
    pub const fn sqlite(data: PathBuf) -> Self {
        Self {
            data,
            database: Database::Sqlite,
            full_sync: false,
            connections: 4,
        }
    }
}

/// The store. Cheap to clone; the database closes when [`Store::close`] is called or the last clone goes.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    readers: AnyPool,
    units: mpsc::Sender<Box<dyn Unit>>,
    counters: Arc<Counters>,
    data: PathBuf,
    closed: tokio::sync::Mutex<Option<oneshot::Receiver<()>>>,
    /// Locked while open: the proof that no other server uses the folder. Absent beside a server.
    lock: Option<File>,
}

/// What the writer did so far, for `/metrics` and for tests.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) commits: AtomicU64,
    pub(crate) units: AtomicU64,
    /// There was no room on the disk when something was last written.
    pub(crate) full: AtomicBool,
}

impl Counters {
    /// Units were committed in one transaction; none says nothing about the disk.
    pub(crate) fn committed(&self, units: u64) {
        if units > 0 {
            self.commits.fetch_add(1, Ordering::Relaxed);
            self.units.fetch_add(units, Ordering::Relaxed);
            self.full.store(false, Ordering::Relaxed);
        }
    }
}

impl Store {
    /// Opens the database, makes the data folder and brings the schema up to date.
    ///
    /// # Errors
    /// [`StoreError::InUse`], [`StoreError::Newer`], and whatever the disk or the database says.
    pub async fn open(config: StoreConfig) -> Result<Self, StoreError> {
        let lock = lock(&config.data)?;
        Self::open_with(config, Some(lock)).await
    }

    /// Like [`Store::open`], also while a server has the data folder open: for a command of the operator that writes a row or two.
    ///
    /// # Errors
    /// As [`Store::open`], except that a folder in use is none.
    pub async fn open_beside(config: StoreConfig) -> Result<Self, StoreError> {
        let lock = match lock(&config.data) {
            Err(StoreError::InUse(_)) => None,
            lock => Some(lock?),
        };
        Self::open_with(config, lock).await
    }

    async fn open_with(config: StoreConfig, lock: Option<File>) -> Result<Self, StoreError> {
        sqlx::any::install_default_drivers();
        let counters = Arc::new(Counters::default());
        let (units, queue) = mpsc::channel(QUEUE);
        let (ended, closed) = oneshot::channel();
        let readers = match &config.database {
            Database::Sqlite => {
                let url = sqlite_url(&config.data.join("coord.db"))?;
                look(&url).await?;
                let writer = sqlite_pool(&url, 1, config.full_sync).connect_with(options(&url)?).await?;
                migrate(&writer, "sqlite").await?;
                let readers = sqlite_pool(&url, config.connections.max(1), config.full_sync).connect_lazy_with(options(&url)?);
                let beside = sqlite_pool(&url, 1, config.full_sync).connect_lazy_with(options(&url)?);
                writer::spawn_sqlite(writer, beside, queue, Arc::clone(&counters), ended);
                readers
            }
            Database::Postgres(url) => {
                let size = config.connections.max(2);
                let pool = AnyPoolOptions::new()
                    .max_connections(size)
                    .acquire_timeout(ACQUIRE_TIMEOUT)
                    .connect_with(options(url)?)
                    .await;
                let pool = match pool {
                    Ok(pool) => pool,
                    // The pool keeps what went wrong to itself; asked once more, the database says it.
                    Err(sqlx::Error::PoolTimedOut) => {
                        options(url)?.connect().await?;
                        return Err(sqlx::Error::PoolTimedOut.into());
                    }
                    Err(error) => return Err(error.into()),
                };
                migrate(&pool, "postgres").await?;
                // One connection is always left for reading, or a flood of writes would starve the pages.
                writer::spawn_postgres(pool.clone(), size - 1, queue, Arc::clone(&counters), ended);
                pool
            }
        };
        let closed = tokio::sync::Mutex::new(Some(closed));
        Ok(Self {
            inner: Arc::new(Inner {
                readers,
                units,
                counters,
                data: config.data,
                closed,
                lock,
            }),
        })
    }

    /// A connection for reading. It sees everything committed so far.
    ///
    /// # Errors
    /// When none becomes free in time, or the database is gone.
    pub async fn read(&self) -> Result<Reader, StoreError> {
        Ok(Reader(self.inner.readers.acquire().await?))
    }

    /// Whether the database answers. After the disk was full it is tried whether it takes something again.
    ///
    /// # Errors
    /// When it does not.
    pub async fn ping(&self) -> Result<(), StoreError> {
        if self.inner.counters.full.load(Ordering::Relaxed) {
            self.try_room().await?;
            return self
                .write(async |tx: &mut Tx| {
                    sqlx::query("UPDATE server SET accounts = accounts WHERE id = 1")
                        .execute(&mut **tx)
                        .await?;
                    Ok(())
                })
                .await;
        }
        sqlx::query("SELECT 1").execute(&mut *self.read().await?).await?;
        Ok(())
    }

    /// Writes and removes a file of the size that commits come in: SQLite's own file may still have room for a small one.
    async fn try_room(&self) -> Result<(), StoreError> {
        let path = self.inner.data.join("coord.room");
        let tried = tokio::fs::write(&path, vec![0; 1024 * 1024]).await;
        // What is written in part is removed too; that nothing could be made is told by the write.
        let _removed = tokio::fs::remove_file(&path).await;
        tried.map_err(|error| io(&path, error))
    }

    /// Runs one unit of work in a transaction and answers after its commit; see the crate's documentation for its form.
    /// An error (or panic) of the unit rolls back this unit alone. A caller that goes away before its turn leaves nothing behind.
    ///
    /// # Errors
    /// The unit's own, or what the store has to say, turned into it.
    pub async fn write<T, E, F>(&self, unit: F) -> Result<T, E>
    where
        F: AsyncFn(&mut Tx) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: UnitError,
    {
        let (reply, answer) = oneshot::channel();
        let unit = Box::new(Queued::new(unit, reply));
        self.inner.units.send(unit).await.map_err(|_| E::from(StoreError::Closed))?;
        answer.await.unwrap_or_else(|_| Err(StoreError::Closed.into()))
    }

    /// Like [`Store::write`] for a unit that is one statement: alone in its turn it needs no transaction around it, which is most of the
    /// work of a small commit on SQLite.
    ///
    /// # Errors
    /// As [`Store::write`].
    pub async fn write_statement<T, E, F>(&self, unit: F) -> Result<T, E>
    where
        F: AsyncFn(&mut Tx) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: UnitError,
    {
        let (reply, answer) = oneshot::channel();
        let unit = Box::new(Queued::statement(unit, reply));
        self.inner.units.send(unit).await.map_err(|_| E::from(StoreError::Closed))?;
        answer.await.unwrap_or_else(|_| Err(StoreError::Closed.into()))
    }

    /// Commits made so far, and units of work committed by them.
    #[must_use]
    pub fn commits(&self) -> (u64, u64) {
        (
            self.inner.counters.commits.load(Ordering::Relaxed),
            self.inner.counters.units.load(Ordering::Relaxed),
        )
    }

    /// The data folder.
    #[must_use]
    pub fn data(&self) -> &Path {
        &self.inner.data
    }

    /// Lets what is queued be committed, then closes the database. Later writes answer [`StoreError::Closed`].
    pub async fn close(&self) {
        let Some(closed) = self.inner.closed.lock().await.take() else {
            return;
        };
        if self.inner.units.send(writer::stop()).await.is_ok() {
            // The sender is dropped when the writer's thread is done, in whatever way.
            let _ended = closed.await;
        }
        self.inner.readers.close().await;
        // Closing the file would release the lock too, but other clones of the store may still be around.
        if let Some(Err(error)) = self.inner.lock.as_ref().map(File::unlock) {
            tracing::warn!(%error, "the data folder's lock was not released");
        }
    }
}

/// A pooled connection for reading.
pub struct Reader(PoolConnection<Any>);

impl Deref for Reader {
    type Target = Conn;
    fn deref(&self) -> &Conn {
        &self.0
    }
}

impl DerefMut for Reader {
    fn deref_mut(&mut self) -> &mut Conn {
        &mut self.0
    }
}

/// A connection inside a transaction; only [`Store::write`] hands one out.
pub struct Tx(pub(crate) PoolConnection<Any>);

impl Deref for Tx {
    type Target = Conn;
    fn deref(&self) -> &Conn {
        &self.0
    }
}

impl DerefMut for Tx {
    fn deref_mut(&mut self) -> &mut Conn {
        &mut self.0
    }
}

fn io(path: &Path, source: std::io::Error) -> StoreError {
    StoreError::Io {
        path: path.to_owned(),
        cause: Arc::new(source),
    }
}

/// Makes the data folder, for this user alone: it holds everything everybody wrote.
pub(crate) fn make_private(data: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(data)
}

fn lock(data: &Path) -> Result<File, StoreError> {
    make_private(data).map_err(|error| io(data, error))?;
    let path = data.join("coord.lock");
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(|error| io(&path, error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::InUse(data.to_owned())),
        Err(TryLockError::Error(error)) => Err(io(&path, error)),
    }
}

/// Whether the file is a database at all, told in its own words: a pool would try again and say only that it waited in vain.
async fn look(url: &str) -> Result<(), StoreError> {
    let mut conn = options(url)?.connect().await?;
    sqlx::query("SELECT name FROM sqlite_master LIMIT 1").execute(&mut conn).await?;
    Ok(conn.close().await?)
}

pub(crate) fn options(url: &str) -> Result<AnyConnectOptions, StoreError> {
    let options: AnyConnectOptions = url.parse()?;
    Ok(options.disable_statement_logging())
}

/// A path may hold what means something in a URL; only such characters are escaped.
pub(crate) fn sqlite_url(path: &Path) -> Result<String, StoreError> {
    let path = std::path::absolute(path).map_err(|error| io(path, error))?;
    let text = path
        .to_str()
        .ok_or_else(|| io(&path, std::io::Error::other("the path is not valid UTF-8")))?;
    let mut url = String::from("sqlite://");
    for c in text.chars() {
        match c {
            '%' | '?' | '#' | ' ' | '\t' | '"' | '<' | '>' | '`' => url.push_str(&format!("%{:02X}", u32::from(c))),
            '\\' => url.push('/'),
            c => url.push(c),
        }
    }
    Ok(url + "?mode=rwc")
}

/// For every connection to SQLite. A log of 32 MiB is moved into the database by the writer; before that it is done beside it (`writer.rs`).
const PRAGMAS: &str = "PRAGMA journal_mode = WAL; PRAGMA foreign_keys = ON; PRAGMA busy_timeout = 5000; PRAGMA cache_size = -1024; \
    PRAGMA wal_autocheckpoint = 8000";

fn sqlite_pool(url: &str, connections: u32, full_sync: bool) -> AnyPoolOptions {
    debug_assert!(url.starts_with("sqlite:"));
    let synchronous = if full_sync {
        "PRAGMA synchronous = FULL"
    } else {
        "PRAGMA synchronous = NORMAL"
    };
    AnyPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .test_before_acquire(false)
        .max_lifetime(None)
        .idle_timeout((connections > 1).then_some(Duration::from_secs(60)))
        .after_connect(move |conn, _| {
            Box::pin(async move {
                sqlx::raw_sql(PRAGMAS).execute(&mut *conn).await?;
                sqlx::raw_sql(synchronous).execute(conn).await?;
                Ok(())
            })
        })
}

/// The embedded migrations of an engine, oldest first.
fn migrations(engine: &str) -> Vec<Migration> {
    let all = [
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
        (
            4,
            "backlog",
            include_str!("../../../migrations/sqlite/0004_backlog.sql"),
            include_str!("../../../migrations/postgres/0004_backlog.sql"),
        ),
        (
            5,
            "uploads",
            include_str!("../../../migrations/sqlite/0005_uploads.sql"),
            include_str!("../../../migrations/postgres/0005_uploads.sql"),
        ),
        (
            6,
            "people",
            include_str!("../../../migrations/sqlite/0006_people.sql"),
            include_str!("../../../migrations/postgres/0006_people.sql"),
        ),
        (
            7,
            "audit",
            include_str!("../../../migrations/sqlite/0007_audit.sql"),
            include_str!("../../../migrations/postgres/0007_audit.sql"),
        ),
        (
            8,
            "inbox",
            include_str!("../../../migrations/sqlite/0008_inbox.sql"),
            include_str!("../../../migrations/postgres/0008_inbox.sql"),
        ),
        (
            9,
            "search",
            include_str!("../../../migrations/sqlite/0009_search.sql"),
            include_str!("../../../migrations/postgres/0009_search.sql"),
        ),
        (
            10,
            "analytics",
            include_str!("../../../migrations/sqlite/0010_analytics.sql"),
            include_str!("../../../migrations/postgres/0010_analytics.sql"),
        ),
        (
            11,
            "runner_codes",
            include_str!("../../../migrations/sqlite/0011_runner_codes.sql"),
            include_str!("../../../migrations/postgres/0011_runner_codes.sql"),
        ),
    ];
    all.into_iter()
        .map(|(version, name, sqlite, postgres)| {
            let sql = if engine == "sqlite" { sqlite } else { postgres };
            Migration::new(version, Cow::Borrowed(name), MigrationType::Simple, sql.into_sql_str(), false)
        })
        .collect()
}

async fn migrate(pool: &AnyPool, engine: &str) -> Result<(), StoreError> {
    let migrations = migrations(engine);
    let newest = migrations.iter().map(|migration| migration.version).max().unwrap_or_default();
    let mut conn = pool.acquire().await?;
    // Looked at before the migrator does, so that a newer folder is told from one that was tampered with, and is not touched at all.
    conn.ensure_migrations_table("_sqlx_migrations").await.map_err(migration_failed)?;
    let applied = conn.list_applied_migrations("_sqlx_migrations").await.map_err(migration_failed)?;
    if let Some(found) = applied
        .iter()
        .map(|migration| migration.version)
        .filter(|version| *version > newest)
        .max()
    {
        return Err(StoreError::Newer { found, newest });
    }
    Migrator::with_migrations(migrations)
        .run_direct(None, &mut *conn, false)
        .await
        .map_err(migration_failed)
}

fn migration_failed(error: MigrateError) -> StoreError {
    StoreError::Migration(Arc::new(error))
}
