//! The ends of logs being written, for those who watch: how far each is, and its last entries. Older ones are read from the store.

use coord_protocol::id::AttemptId;
use coord_store::{Store, StoreError, log};
use std::{
    collections::{BTreeSet, HashMap, VecDeque},
    sync::{Arc, Mutex},
};
use tokio::sync::{Notify, watch};

/// Bytes of encoded entries remembered per watched log.
const REMEMBERED: usize = 512 * 1024;

/// Most entries handed out at once.
const PAGE: usize = 500;

/// Most bytes of entries handed out at once, unless a single one is larger. About ten pages wait for a reader that does not read.
const PAGE_BYTES: usize = 64 * 1024;

#[derive(Default)]
pub(super) struct Logs {
    watched: Mutex<HashMap<AttemptId, Arc<LogTail>>>,
    /// Logs with entries that cannot be found yet; each at most once.
    grown: Mutex<BTreeSet<AttemptId>>,
    grew: Notify,
}

/// The end of one log.
pub struct LogTail {
    head: watch::Sender<i64>,
    recent: Mutex<Recent>,
}

#[derive(Default)]
struct Recent {
    entries: VecDeque<(i64, Arc<str>)>,
    bytes: usize,
}

/// Encoded entries in order, and the highest stored number.
pub type Encoded = (Vec<Arc<str>>, i64);

impl Logs {
    /// Entries were stored: those who watch are woken. `entries` are contiguous and end at `head`.
    pub(super) fn publish(&self, attempt: AttemptId, entries: &[(i64, Arc<str>)], head: i64) {
        self.grew(attempt);
        let Some(tail) = super::lock(&self.watched).get(&attempt).cloned() else {
            return;
        };
        tail.remember(entries);
        tail.head.send_replace(head);
    }

    fn grew(&self, attempt: AttemptId) {
        super::lock(&self.grown).insert(attempt);
        self.grew.notify_one();
    }

    fn watch(&self, attempt: AttemptId) -> Arc<LogTail> {
        let mut watched = super::lock(&self.watched);
        watched.retain(|_, tail| tail.head.receiver_count() > 0 || Arc::strong_count(tail) > 1);
        let tail = watched.entry(attempt).or_insert_with(|| {
            Arc::new(LogTail {
                head: watch::Sender::new(0),
                recent: Mutex::default(),
            })
        });
        Arc::clone(tail)
    }
}

impl super::Live {
    /// Watches a log: its end, and a receiver that wakes when it grows.
    #[must_use]
    pub fn watch_log(&self, attempt: AttemptId) -> (Arc<LogTail>, watch::Receiver<i64>) {
        let tail = self.0.logs.watch(attempt);
        let head = tail.head.subscribe();
        (tail, head)
    }

    /// A log has entries that cannot be found yet.
    pub fn log_grew(&self, attempt: AttemptId) {
        self.0.logs.grew(attempt);
    }

    /// The logs that grew since this was called last; waits until there is one.
    pub async fn grown_logs(&self) -> BTreeSet<AttemptId> {
        loop {
            let grown = std::mem::take(&mut *super::lock(&self.0.logs.grown));
            if !grown.is_empty() {
                return grown;
            }
            self.0.logs.grew.notified().await;
        }
    }
}

impl LogTail {
    fn remember(&self, entries: &[(i64, Arc<str>)]) {
        let mut recent = super::lock(&self.recent);
        for (seq, entry) in entries {
            if recent.entries.back().is_some_and(|(last, _)| *seq != last + 1) {
                recent.entries.clear();
                recent.bytes = 0;
            }
            recent.bytes += entry.len();
            recent.entries.push_back((*seq, Arc::clone(entry)));
        }
        while recent.bytes > REMEMBERED {
            let Some((_, dropped)) = recent.entries.pop_front() else { break };
            recent.bytes -= dropped.len();
        }
    }

    fn remembered(&self, from: i64) -> Option<Encoded> {
        let recent = super::lock(&self.recent);
        let first = recent.entries.front()?.0;
        let head = recent.entries.back()?.0;
        if from < first || from > head {
            return None;
        }
        let mut bytes = 0;
        let skip = usize::try_from(from - first).ok()?;
        let page = recent
            .entries
            .iter()
            .skip(skip)
            .take(PAGE)
            .take_while(|(_, entry)| {
                let fits = bytes == 0 || bytes + entry.len() <= PAGE_BYTES;
                bytes += entry.len();
                fits
            })
            .map(|(_, entry)| Arc::clone(entry))
            .collect();
        Some((page, head))
    }

    /// Stored entries from number `from` on, at most a page, and how far the log is.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn read(&self, store: &Store, attempt: AttemptId, from: i64) -> Result<Encoded, StoreError> {
        if let Some(page) = self.remembered(from) {
            return Ok(page);
        }
        let mut conn = store.read().await?;
        log::read_within(&mut conn, attempt, from, PAGE, PAGE_BYTES).await
    }
}
