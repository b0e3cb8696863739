//! The writer: one thread that runs units of work in transactions and answers after their commit (INV-1, INV-4).
//!
//! SQLite has one writing connection. While a commit runs, the next batch gathers in the queue; the batch becomes one transaction in
//! which each unit has a savepoint. PostgreSQL runs each unit in its own transaction, as many at once as the pool allows.
//!
//! A thread of its own, because units then need not be `Send` and a busy worker of the HTTP server cannot delay a commit.

use crate::{StoreError, Tx, UnitError, db::Counters};
use futures_util::{FutureExt as _, future::LocalBoxFuture};
use sqlx::AnyPool;
use std::{
    panic::AssertUnwindSafe,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};
use tokio::sync::{Semaphore, mpsc, oneshot};

/// Most units in one commit: bounds how long the first of a batch waits for the last.
const MAX_BATCH: usize = 256;

/// So many committed units are worth a checkpoint.
const CHECKPOINT_UNITS: u64 = 500;

/// A unit only talks to the database; one that takes this long holds up everybody and is given up.
const UNIT_TIMEOUT: Duration = Duration::from_secs(30);

/// How often a unit is run again when PostgreSQL gave way to another transaction.
const RETRIES: u32 = 6;

/// How a unit ended; its result waits inside it for the commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ran {
    /// Commit it.
    Done,
    /// Roll it back.
    Failed,
    /// Roll it back; running it again may help.
    Transient,
    /// Roll it back and trust the connection no more.
    Broken,
}

/// A queued unit of work.
pub(crate) trait Unit: Send {
    /// Runs it, keeping the result for [`Unit::answer`].
    fn run<'a>(&'a mut self, tx: &'a mut Tx) -> LocalBoxFuture<'a, Ran>;
    /// Whether it failed for want of room on the disk.
    fn is_full(&self) -> bool {
        false
    }
    /// Nobody waits for it any more.
    fn is_abandoned(&self) -> bool;
    /// Whether it is one statement, which is a transaction by itself.
    fn is_statement(&self) -> bool {
        false
    }
    /// Whether this is the order to stop.
    fn is_stop(&self) -> bool {
        false
    }
    /// Hands the result to the caller; a failed commit takes its place.
    fn answer(self: Box<Self>, committed: Result<(), StoreError>);
}

/// A unit and whoever waits for it.
pub(crate) struct Queued<F, T, E> {
    work: F,
    result: Option<Result<T, E>>,
    reply: oneshot::Sender<Result<T, E>>,
    is_statement: bool,
}

impl<F, T, E> Queued<F, T, E> {
    pub(crate) const fn new(work: F, reply: oneshot::Sender<Result<T, E>>) -> Self {
        Self {
            work,
            result: None,
            reply,
            is_statement: false,
        }
    }

    /// Of one statement.
    pub(crate) const fn statement(work: F, reply: oneshot::Sender<Result<T, E>>) -> Self {
        Self {
            work,
            result: None,
            reply,
            is_statement: true,
        }
    }
}

impl<F, T, E> Unit for Queued<F, T, E>
where
    F: AsyncFn(&mut Tx) -> Result<T, E> + Send + 'static,
    T: Send + 'static,
    E: UnitError,
{
    fn run<'a>(&'a mut self, tx: &'a mut Tx) -> LocalBoxFuture<'a, Ran> {
        Box::pin(async move {
            let work = AssertUnwindSafe((self.work)(tx)).catch_unwind();
            let (result, ran) = match tokio::time::timeout(UNIT_TIMEOUT, work).await {
                Ok(Ok(Ok(value))) => (Ok(value), Ran::Done),
                Ok(Ok(Err(error))) => {
                    let transient = error.store_error().is_some_and(StoreError::is_transient);
                    (Err(error), if transient { Ran::Transient } else { Ran::Failed })
                }
                Ok(Err(_panic)) => (Err(StoreError::Panicked.into()), Ran::Broken),
                Err(_elapsed) => (
                    Err(StoreError::TimedOut {
                        seconds: UNIT_TIMEOUT.as_secs(),
                    }
                    .into()),
                    Ran::Broken,
                ),
            };
            self.result = Some(result);
            ran
        })
    }

    fn is_full(&self) -> bool {
        let failed = self.result.as_ref().and_then(|result| result.as_ref().err());
        failed.and_then(UnitError::store_error).is_some_and(StoreError::is_full)
    }

    fn is_abandoned(&self) -> bool {
        self.reply.is_closed()
    }

    fn is_statement(&self) -> bool {
        self.is_statement
    }

    fn answer(self: Box<Self>, committed: Result<(), StoreError>) {
        let result = match committed {
            Ok(()) => self.result.unwrap_or_else(|| Err(StoreError::Closed.into())),
            Err(error) => Err(error.into()),
        };
        // Whoever asked may have gone; what is committed stays committed.
        drop(self.reply.send(result));
    }
}

struct Stop;

impl Unit for Stop {
    fn run<'a>(&'a mut self, _: &'a mut Tx) -> LocalBoxFuture<'a, Ran> {
        Box::pin(std::future::ready(Ran::Failed))
    }
    fn is_abandoned(&self) -> bool {
        true
    }
    fn is_stop(&self) -> bool {
        true
    }
    fn answer(self: Box<Self>, _: Result<(), StoreError>) {}
}

/// The order to commit what is queued before it, and end.
pub(crate) fn stop() -> Box<dyn Unit> {
    Box::new(Stop)
}

/// `beside` makes one more connection.
pub(crate) fn spawn_sqlite(
    pool: AnyPool,
    beside: AnyPool,
    queue: mpsc::Receiver<Box<dyn Unit>>,
    counters: Arc<Counters>,
    ended: oneshot::Sender<()>,
) {
    on_own_thread(async move || {
        let (worth, due) = mpsc::channel(1);
        let checkpoints = tokio::task::spawn_local(checkpoint(beside, due));
        run_sqlite(&pool, queue, &counters, &worth).await;
        drop(worth);
        // Its end is all that is waited for.
        let _ended = checkpoints.await;
        pool.close().await;
        drop(ended);
    });
}

pub(crate) fn spawn_postgres(
    pool: AnyPool,
    at_once: u32,
    queue: mpsc::Receiver<Box<dyn Unit>>,
    counters: Arc<Counters>,
    ended: oneshot::Sender<()>,
) {
    on_own_thread(async move || {
        run_postgres(&pool, at_once, queue, counters).await;
        drop(ended);
    });
}

fn on_own_thread(task: impl AsyncFnOnce() + Send + 'static) {
    let started = std::thread::Builder::new().name("coord-store".to_owned()).spawn(move || {
        match tokio::runtime::Builder::new_current_thread().enable_all().build() {
            Ok(runtime) => tokio::task::LocalSet::new().block_on(&runtime, task()),
            Err(error) => tracing::error!(%error, "the store's thread has no runtime"),
        }
    });
    // The task was dropped with its queue, so every write answers `Closed`.
    if let Err(error) = started {
        tracing::error!(%error, "the store's thread did not start");
    }
}

/// Moves the write-ahead log into the database each time it is due, on a connection of its own: it waits for the disk, which no commit
/// should. What it does not get to, the writer does when the log is long (`db.rs`).
async fn checkpoint(pool: AnyPool, mut due: mpsc::Receiver<()>) {
    while due.recv().await.is_some() {
        if let Err(error) = sqlx::query("PRAGMA wal_checkpoint(PASSIVE)").execute(&pool).await {
            tracing::debug!(%error, "a checkpoint was not made");
        }
    }
    pool.close().await;
}

async fn run_sqlite(pool: &AnyPool, mut queue: mpsc::Receiver<Box<dyn Unit>>, counters: &Counters, worth: &mpsc::Sender<()>) {
    let mut connection = None;
    let mut since = 0;
    let mut stopping = false;
    while !stopping {
        let Some(first) = queue.recv().await else { return };
        let mut batch = vec![first];
        while batch.len() < MAX_BATCH
            && let Ok(next) = queue.try_recv()
        {
            batch.push(next);
        }
        stopping = batch.iter().any(|unit| unit.is_stop());
        batch.retain(|unit| !unit.is_abandoned());
        if batch.is_empty() {
            continue;
        }
        let mut tx = match connection.take() {
            Some(tx) => tx,
            None => match pool.acquire().await {
                Ok(conn) => Tx(conn),
                Err(error) => {
                    answer_all(batch, &Err(error.into()));
                    continue;
                }
            },
        };
        let committed = commit_batch(&mut tx, &mut batch).await;
        match &committed {
            Ok(Ended { usable: true, .. }) => connection = Some(tx),
            Ok(_) | Err(_) => discard(tx).await,
        }
        let full = batch.iter().any(|unit| unit.is_full()) || committed.as_ref().is_err_and(StoreError::is_full);
        let committed = committed.map(|ended| {
            counters.committed(ended.done);
            since += ended.done;
        });
        if since >= CHECKPOINT_UNITS {
            since = 0;
            // One that is due already, or runs, is enough.
            let _due = worth.try_send(());
        }
        if full {
            counters.full.store(true, Ordering::Relaxed);
        }
        answer_all(batch, &committed);
    }
}

/// How a batch ended that told its units' own results.
struct Ended {
    /// Units committed.
    done: u64,
    /// Whether the connection can be used again.
    usable: bool,
}

/// Runs all units in one transaction. `Err` means that nothing was committed and that the connection is of no more use.
async fn commit_batch(tx: &mut Tx, batch: &mut [Box<dyn Unit>]) -> Result<Ended, StoreError> {
    if let [only] = batch
        && only.is_statement()
    {
        let ran = only.run(tx).await;
        return Ok(Ended {
            done: u64::from(ran == Ran::Done),
            usable: ran != Ran::Broken,
        });
    }
    sqlx::query("BEGIN IMMEDIATE").execute(&mut **tx).await?;
    let mut done = 0;
    if let [only] = batch {
        match only.run(tx).await {
            Ran::Done => done = 1,
            Ran::Failed | Ran::Transient | Ran::Broken => {}
        }
    } else {
        for unit in batch.iter_mut() {
            sqlx::query("SAVEPOINT unit").execute(&mut **tx).await?;
            match unit.run(tx).await {
                Ran::Done => done += 1,
                Ran::Failed | Ran::Transient | Ran::Broken => {
                    sqlx::query("ROLLBACK TO unit").execute(&mut **tx).await?;
                }
            }
            sqlx::query("RELEASE unit").execute(&mut **tx).await?;
        }
    }
    if done == 0 {
        // SQLite rolls back by itself when the disk is full, and then refuses this: what the units said is the better answer.
        let usable = sqlx::query("ROLLBACK").execute(&mut **tx).await.is_ok();
        return Ok(Ended { done, usable });
    }
    sqlx::query("COMMIT").execute(&mut **tx).await?;
    Ok(Ended { done, usable: true })
}

fn answer_all(batch: Vec<Box<dyn Unit>>, committed: &Result<(), StoreError>) {
    for unit in batch {
        unit.answer(committed.clone());
    }
}

/// Closes a connection whose state is unknown; the database rolls back what was open on it.
async fn discard(tx: Tx) {
    if let Err(error) = tx.0.close().await {
        tracing::debug!(%error, "a broken connection did not close cleanly");
    }
}

async fn run_postgres(pool: &AnyPool, at_once: u32, mut queue: mpsc::Receiver<Box<dyn Unit>>, counters: Arc<Counters>) {
    let slots = Arc::new(Semaphore::new(at_once as usize));
    while let Some(unit) = queue.recv().await {
        if unit.is_stop() {
            break;
        }
        let Ok(slot) = Arc::clone(&slots).acquire_owned().await else {
            return;
        };
        if unit.is_abandoned() {
            continue;
        }
        let (pool, counters) = (pool.clone(), Arc::clone(&counters));
        tokio::task::spawn_local(async move {
            in_own_transaction(&pool, unit, &counters).await;
            drop(slot);
        });
    }
    // All slots free: everything begun is answered.
    drop(slots.acquire_many(at_once).await);
}

async fn in_own_transaction(pool: &AnyPool, mut unit: Box<dyn Unit>, counters: &Counters) {
    let mut tries = 0;
    let ended = loop {
        let ended = try_transaction(pool, unit.as_mut()).await;
        let again = match &ended {
            Ok(ran) => *ran == Ran::Transient,
            Err(error) => error.is_transient(),
        };
        if !again || tries == RETRIES {
            break ended;
        }
        tries += 1;
        tokio::time::sleep(Duration::from_millis(2 << tries)).await;
    };
    match &ended {
        Ok(Ran::Done) => counters.committed(1),
        Err(error) if error.is_full() => counters.full.store(true, Ordering::Relaxed),
        Ok(_) if unit.is_full() => counters.full.store(true, Ordering::Relaxed),
        Ok(_) | Err(_) => {}
    }
    unit.answer(ended.map(drop));
}

/// `Err` means that the commit did not happen, or that it is not known whether it did.
async fn try_transaction(pool: &AnyPool, unit: &mut dyn Unit) -> Result<Ran, StoreError> {
    let mut tx = Tx(pool.acquire().await?);
    sqlx::query("BEGIN").execute(&mut *tx).await?;
    let ran = unit.run(&mut tx).await;
    let ended = match ran {
        Ran::Done => sqlx::query("COMMIT").execute(&mut *tx).await,
        Ran::Failed | Ran::Transient => sqlx::query("ROLLBACK").execute(&mut *tx).await,
        Ran::Broken => {
            discard(tx).await;
            return Ok(ran);
        }
    };
    match ended {
        Ok(_) => Ok(ran),
        Err(error) => {
            discard(tx).await;
            Err(error.into())
        }
    }
}
