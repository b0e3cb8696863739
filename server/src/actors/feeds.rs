//! How far each workspace's feed is, for those who watch it. Events themselves are read from a short memory of rows, else from the store.

use coord_protocol::id::WorkspaceId;
use coord_store::{Store, StoreError, feed};
use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex},
};
use tokio::sync::watch;

/// One committed row of a feed.
pub type FeedItem = Arc<feed::FeedRow>;

/// Rows remembered per watched workspace: what several watchers read one after another is read from the store once.
const REMEMBERED: usize = 512;

/// Most rows handed out at once.
const PAGE: i64 = 200;

#[derive(Default)]
pub(super) struct Feeds {
    watched: Mutex<HashMap<WorkspaceId, Arc<Feed>>>,
}

/// The feed of one workspace.
pub struct Feed {
    head: watch::Sender<i64>,
    /// Wakes when an agent of the workspace used a tool.
    tools: watch::Sender<()>,
    recent: Mutex<VecDeque<FeedItem>>,
}

impl Feeds {
    /// Wakes the watchers. All rows up to `seq` are committed: numbers are handed out one transaction after the other.
    pub(super) fn advance(&self, workspace: WorkspaceId, seq: i64) {
        if let Some(feed) = super::lock(&self.watched).get(&workspace) {
            feed.head.send_if_modified(|head| {
                let further = seq > *head;
                *head = (*head).max(seq);
                further
            });
        }
    }

    /// An agent used a tool.
    pub(super) fn tool_used(&self, workspace: WorkspaceId) {
        if let Some(feed) = super::lock(&self.watched).get(&workspace) {
            feed.tools.send_replace(());
        }
    }

    fn watch(&self, workspace: WorkspaceId) -> Arc<Feed> {
        let mut watched = super::lock(&self.watched);
        // Feeds nobody watches any more are let go here, so the map stays as small as the number of open pages.
        watched.retain(|_, feed| feed.head.receiver_count() > 0 || Arc::strong_count(feed) > 1);
        let feed = watched.entry(workspace).or_insert_with(|| {
            Arc::new(Feed {
                head: watch::Sender::new(0),
                tools: watch::Sender::new(()),
                recent: Mutex::default(),
            })
        });
        Arc::clone(feed)
    }
}

impl super::Live {
    /// Watches a workspace's feed: its rows, and a receiver that wakes when it grows.
    #[must_use]
    pub fn watch_feed(&self, workspace: WorkspaceId) -> (Arc<Feed>, watch::Receiver<i64>) {
        let feed = self.0.feeds.watch(workspace);
        let head = feed.head.subscribe();
        (feed, head)
    }
}

impl Feed {
    /// Wakes when agents of the workspace used tools; see [`super::Live::tools_used`].
    #[must_use]
    pub fn tools(&self) -> watch::Receiver<()> {
        self.tools.subscribe()
    }

    /// Committed rows after `after`, in order, at most a page.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn read(&self, store: &Store, workspace: WorkspaceId, after: i64) -> Result<Vec<FeedItem>, StoreError> {
        if let Some(items) = self.remembered(after) {
            return Ok(items);
        }
        let rows = {
            let mut conn = store.read().await?;
            feed::read(&mut conn, workspace, after, PAGE).await?
        };
        let items: Vec<_> = rows.into_iter().map(Arc::new).collect();
        self.remember(&items);
        Ok(items)
    }

    fn remembered(&self, after: i64) -> Option<Vec<FeedItem>> {
        let recent = super::lock(&self.recent);
        let first = recent.front()?.seq;
        let last = recent.back()?.seq;
        if first > after + 1 || last <= after {
            return None;
        }
        let skip = usize::try_from(after + 1 - first).ok()?;
        Some(recent.iter().skip(skip).take(PAGE as usize).cloned().collect())
    }

    /// Keeps rows that continue what is remembered; anything else starts the memory over.
    fn remember(&self, items: &[FeedItem]) {
        let mut recent = super::lock(&self.recent);
        for item in items {
            match recent.back() {
                Some(last) if item.seq <= last.seq => {}
                Some(last) if item.seq == last.seq + 1 => recent.push_back(Arc::clone(item)),
                _ => {
                    recent.clear();
                    recent.push_back(Arc::clone(item));
                }
            }
        }
        while recent.len() > REMEMBERED {
            recent.pop_front();
        }
    }
}
