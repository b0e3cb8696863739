//! What needs a person (INB-1): put together from jobs, requests and mentions as they are, and watched without being asked for again and again.

use super::{FeedItem, Live, feeds::Feed};
use coord_domain::{
    inbox::{self as rules, ItemName},
    job::{Job, State},
    rights::Who,
};
use coord_protocol::{
    feed::ActivityJob,
    id::{UserId, WorkspaceId},
    inbox::{InboxBody, InboxCount, InboxItem, InboxKind, InboxWorkspace},
    workspace::Role,
};
use coord_store::{Reader, StoreError, feed, inbox, mentions};
use futures_util::future::select_all;
use std::{
    collections::{
        HashMap,
        hash_map::{DefaultHasher, Entry},
    },
    hash::{Hash as _, Hasher as _},
    sync::Arc,
    time::Duration,
};
use tokio::{
    sync::{broadcast, watch},
    time::{Instant, sleep_until},
};

/// Most characters of a mention's text, or of a summary, in a list.
const EXCERPT: usize = 500;

/// Most mentions that were read already in a list.
const MOST_READ: i64 = 200;

/// Least time between two looks at somebody's inbox while things happen. It doubles with each look that finds nothing new, as in a busy
/// workspace where most of what happens is for others; whoever waits to be told waits for the longest at most.
const PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// The beginning of a text.
fn excerpt(text: &str) -> String {
    let mut short: String = text.chars().take(EXCERPT).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

/// How much waits in an inbox.
#[must_use]
pub fn count(items: &[InboxItem]) -> InboxCount {
    let mut count = InboxCount::default();
    for item in items.iter().filter(|item| item.done_at.is_none()) {
        count.total += 1;
        let part = match item.body.kind() {
            InboxKind::Request => &mut count.requests,
            InboxKind::Review | InboxKind::Merge => &mut count.reviews,
            InboxKind::Mention => &mut count.mentions,
            InboxKind::Failed => &mut count.failed,
        };
        *part += 1;
    }
    count
}

impl Live {
    /// What needs this person, of one workspace or of all they are in: newest first, with what they put aside.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn inbox(&self, user: UserId, workspace: Option<WorkspaceId>) -> Result<Vec<InboxItem>, StoreError> {
        let mut conn = self.store().read().await?;
        let workspaces = inbox::workspaces(&mut conn, user).await?;
        let mut gathered = Gathered {
            user,
            workspaces,
            items: vec![],
        };
        if workspace.is_some_and(|id| !gathered.workspaces.contains_key(&id)) {
            return Ok(vec![]);
        }
        gathered.requests(&mut conn, workspace).await?;
        gathered.reviews(&mut conn, workspace).await?;
        gathered.failed(&mut conn, workspace).await?;
        if !gathered.items.is_empty() {
            let mut done = inbox::done(&mut conn, user).await?;
            for item in &mut gathered.items {
                item.done_at = done.remove(&item.id);
            }
        }
        gathered.mentions(&mut conn, workspace).await?;
        let mut items = gathered.items;
        items.sort_by(|a, b| (b.at, &a.id).cmp(&(a.at, &b.id)));
        Ok(items)
    }

    /// Somebody did something to their own inbox, or came into a workspace: their open pages look again. Call after the commit.
    pub fn inbox_touched(&self, user: UserId) {
        // Nobody listening is fine: there is no open page then.
        let _listeners = self.0.inboxes.send(user);
    }
}

struct Gathered {
    user: UserId,
    workspaces: HashMap<WorkspaceId, (InboxWorkspace, Role)>,
    items: Vec<InboxItem>,
}

impl Gathered {
    fn who(&self, workspace: WorkspaceId) -> Who {
        Who {
            user: self.user,
            role: self.workspaces.get(&workspace).map(|(_, role)| *role),
        }
    }

    fn push(&mut self, name: ItemName, workspace: WorkspaceId, job: ActivityJob, at: coord_protocol::time::Timestamp, body: InboxBody) {
        // One that they have just left is not in the list.
        let Some((workspace, _)) = self.workspaces.get(&workspace) else {
            return;
        };
        self.items.push(InboxItem {
            id: name.to_string(),
            workspace: workspace.clone(),
            job,
            at,
            done_at: None,
            body,
        });
    }

    async fn requests(&mut self, conn: &mut Reader, of: Option<WorkspaceId>) -> Result<(), StoreError> {
        for (request, access) in inbox::requests(conn, self.user, of).await? {
            if !rules::needs_answer(self.who(request.workspace), &access) {
                continue;
            }
            let name = ItemName::of_its_own(InboxKind::Request, request.id.0);
            let job = ActivityJob {
                id: request.job,
                number: request.job_number,
                title: request.job_title.clone(),
            };
            let request = Box::new(request);
            self.push(name, request.workspace, job, request.created_at, InboxBody::Request { request });
        }
        Ok(())
    }

    async fn reviews(&mut self, conn: &mut Reader, of: Option<WorkspaceId>) -> Result<(), StoreError> {
        let mut roles: HashMap<WorkspaceId, HashMap<UserId, Role>> = HashMap::new();
        for job in inbox::reviews(conn, self.user, of).await? {
            let Some(kind) = rules::review_of(&job) else { continue };
            let roles = match roles.entry(job.workspace) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(unknown) => unknown.insert(inbox::roles(conn, job.workspace).await?),
            };
            let role = |user| roles.get(&user).copied();
            if !rules::needs_review(self.who(job.workspace), &job, role) {
                continue;
            }
            let attempt = job.attempt.as_ref().map(|attempt| attempt.number);
            let body = match &job.state {
                State::AwaitingReview { merge: Some(merge) } => InboxBody::Merge {
                    attempt,
                    problem: excerpt(merge.blocked.as_deref().unwrap_or_default()),
                },
                _ => InboxBody::Review {
                    attempt,
                    summary: summary(&job),
                },
            };
            let at = job.attempt.as_ref().and_then(|attempt| attempt.ended_at).unwrap_or(job.updated_at);
            self.push(ItemName::of_job(kind, &job), job.workspace, named(&job), at, body);
        }
        Ok(())
    }

    async fn failed(&mut self, conn: &mut Reader, of: Option<WorkspaceId>) -> Result<(), StoreError> {
        for job in inbox::failed(conn, self.user, of).await? {
            if !rules::needs_after_failure(self.who(job.workspace), &job) {
                continue;
            }
            let attempt = job.attempt.as_ref();
            let body = InboxBody::Failed {
                attempt: attempt.map(|attempt| attempt.number),
                failure: attempt.and_then(|attempt| attempt.failure),
                summary: summary(&job),
            };
            let at = attempt.and_then(|attempt| attempt.ended_at).unwrap_or(job.updated_at);
            self.push(ItemName::of_job(InboxKind::Failed, &job), job.workspace, named(&job), at, body);
        }
        Ok(())
    }

    async fn mentions(&mut self, conn: &mut Reader, of: Option<WorkspaceId>) -> Result<(), StoreError> {
        let mut mentioned = mentions::of_user(conn, self.user, of, false, inbox::MOST).await?;
        mentioned.extend(mentions::of_user(conn, self.user, of, true, MOST_READ).await?);
        for mention in mentioned {
            let name = ItemName::of_its_own(InboxKind::Mention, mention.id.0);
            let job = ActivityJob {
                id: mention.job,
                number: mention.number,
                title: mention.title,
            };
            let body = InboxBody::Mention {
                mention: mention.id,
                by: mention.by,
                note: mention.note,
                attempt: mention.attempt,
                text: excerpt(&mention.text),
            };
            self.push(name, mention.workspace, job, mention.at, body);
            if let Some(item) = self.items.last_mut() {
                item.done_at = mention.read_at;
            }
        }
        Ok(())
    }
}

fn named(job: &Job) -> ActivityJob {
    ActivityJob {
        id: job.id,
        number: job.number,
        title: job.title.clone(),
    }
}

fn summary(job: &Job) -> Option<String> {
    job.attempt.as_ref()?.summary.as_deref().map(excerpt)
}

/// A workspace's feed and how far it was looked at.
struct Followed {
    feed: Arc<Feed>,
    head: watch::Receiver<i64>,
    at: i64,
}

/// Tells when somebody's inbox is another. It reads the feeds of their workspaces as they grow, and looks at the inbox only when something
/// happened that an inbox depends on, with a pause between two looks.
pub struct InboxNews {
    live: Live,
    user: UserId,
    feeds: HashMap<WorkspaceId, Followed>,
    touched: broadcast::Receiver<UserId>,
    /// What the inbox was when it was looked at last.
    seen: Option<u64>,
}

impl InboxNews {
    /// For this person.
    #[must_use]
    pub fn new(live: Live, user: UserId) -> Self {
        let touched = live.0.inboxes.subscribe();
        Self {
            live,
            user,
            feeds: HashMap::new(),
            touched,
            seen: None,
        }
    }

    /// Tells the count into `told`: at once, and with each change of what waits. Ends when the store cannot be read.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn tell(mut self, told: watch::Sender<Option<InboxCount>>) -> Result<(), StoreError> {
        self.follow().await?;
        let mut pause = PAUSE;
        loop {
            let began = Instant::now();
            let items = self.live.inbox(self.user, None).await?;
            let mut hasher = DefaultHasher::new();
            for item in &items {
                (&item.id, item.done_at.map(|at| at.0), item.at.0).hash(&mut hasher);
            }
            let now = hasher.finish();
            if self.seen.replace(now) == Some(now) {
                pause = (pause * 2).min(LONGEST_PAUSE);
            } else {
                pause = PAUSE;
                told.send_replace(Some(count(&items)));
            }
            self.stirred().await?;
            sleep_until(began + pause).await;
        }
    }

    /// Watches the feeds of the workspaces they are in now.
    async fn follow(&mut self) -> Result<(), StoreError> {
        let mut conn = self.live.store().read().await?;
        let workspaces = inbox::workspaces(&mut conn, self.user).await?;
        self.feeds.retain(|id, _| workspaces.contains_key(id));
        for id in workspaces.into_keys() {
            if self.feeds.contains_key(&id) {
                continue;
            }
            // Watched before it is read how far it is, so that nothing falls between.
            let (feed, head) = self.live.watch_feed(id);
            let at = feed::head(&mut conn, id).await?;
            self.feeds.insert(id, Followed { feed, head, at });
        }
        Ok(())
    }

    /// Returns when something happened that an inbox depends on.
    async fn stirred(&mut self) -> Result<(), StoreError> {
        loop {
            for workspace in self.feeds.keys().copied().collect::<Vec<_>>() {
                match self.look(workspace).await? {
                    Stir::None => {}
                    Stir::Inbox => return Ok(()),
                    Stir::Membership => return self.follow().await,
                }
            }
            let heads: Vec<_> = self.feeds.values_mut().map(|followed| Box::pin(followed.head.changed())).collect();
            let grows = async {
                if heads.is_empty() {
                    std::future::pending::<()>().await;
                }
                // A feed that is gone wakes too; its workspace is gone then, which the others tell of.
                let (gone, ..) = select_all(heads).await;
                if gone.is_err() {
                    std::future::pending::<()>().await;
                }
            };
            tokio::select! {
                () = grows => {}
                touched = self.touched.recv() => match touched {
                    Ok(user) if user != self.user => {}
                    // Missed some: it may have been among them.
                    Ok(_) | Err(broadcast::error::RecvError::Lagged(_)) => return self.follow().await,
                    Err(broadcast::error::RecvError::Closed) => std::future::pending().await,
                },
            }
        }
    }

    /// Reads a feed on to its end.
    async fn look(&mut self, workspace: WorkspaceId) -> Result<Stir, StoreError> {
        let Some(followed) = self.feeds.get_mut(&workspace) else {
            return Ok(Stir::None);
        };
        // What comes meanwhile wakes again.
        let head = *followed.head.borrow_and_update();
        let mut stir = Stir::None;
        while followed.at < head {
            let rows = followed.feed.read(self.live.store(), workspace, followed.at).await?;
            let Some(last) = rows.last() else { break };
            followed.at = last.seq;
            stir = rows.iter().map(|row| Stir::of(row, self.user)).max().unwrap_or(stir).max(stir);
        }
        Ok(stir)
    }
}

/// What an event means for an inbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stir {
    None,
    Inbox,
    Membership,
}

impl Stir {
    fn of(row: &FeedItem, user: UserId) -> Self {
        let has = |name: &str| row.payload.get(name).is_some_and(|value| !value.is_null());
        let stirs = match row.kind.as_str() {
            "member.changed" if row.payload["user"] == user.to_string() => return Self::Membership,
            "request.opened" | "request.answered" | "member.changed" | "job.deleted" | "note.retracted" | "workspace.changed" => true,
            // A move, another owner or team, another title.
            "job.changed" | "job.created" => has("to") || has("was") || has("by"),
            "note.added" => row.payload["mentions"].as_array().is_some_and(|named| !named.is_empty()),
            _ => false,
        };
        if stirs { Self::Inbox } else { Self::None }
    }
}
