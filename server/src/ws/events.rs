//! `GET /api/v1/workspaces/{ws}/events?after=<seq>`: the feed of a workspace, filtered for each receiver as it is sent (INV-7).

use super::socket::{self, Closing, Incoming, Limit, Socket};
use crate::{
    actors::{FeedItem, Holder, InboxNews, Live, Revoked, Used},
    context::Ctx,
    http::{
        auth::{self, Caller, Via},
        problem::ApiError,
        reach,
    },
};
use actix_web::{HttpRequest, HttpResponse, web};
use coord_domain::{
    job::Access,
    rights::{self, Act, Who},
};
use coord_protocol::{
    feed::{FeedBody, FeedControl, FeedEvent, FeedMoment},
    id::{CanvasId, InvitationId, JobId, NoteId, RequestId, RunnerId, UserId, WorkspaceId},
    inbox::InboxCount,
};
use coord_store::{StoreError, canvases, feed, members, notes, runners};
use futures_util::future::OptionFuture;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;
use std::{collections::HashSet, time::Duration};
use tokio::{sync::watch, time::Instant};

/// Clients say nothing on this socket.
const MAX_MESSAGE: usize = 4 * 1024;

/// Where to begin.
#[derive(Debug, Deserialize)]
pub struct After {
    /// The last number seen; without it only what happens from now on.
    after: Option<i64>,
    /// `1`: tell how much waits in the inbox, at the beginning and with each change.
    inbox: Option<u8>,
}

/// Opens the event stream.
///
/// # Errors
/// 404 for those who are no members.
pub async fn open(
    request: HttpRequest,
    payload: web::Payload,
    caller: Caller,
    workspace: web::Path<WorkspaceId>,
    after: web::Query<After>,
    context: Ctx,
) -> Result<HttpResponse, actix_web::Error> {
    let workspace = workspace.into_inner();
    let live = context.live.clone();
    let who = live.who(workspace, caller.id()).await.map_err(ApiError::from)?;
    rights::may(who, Act::See, None).map_err(ApiError::from)?;
    let seat = socket::seat(&context, Holder::User(caller.id()))?;
    let standing = Standing {
        live: live.clone(),
        workspace,
        user: caller.id(),
        via: caller.via,
    };
    let watcher = Watcher {
        live: live.clone(),
        workspace,
        who,
    };
    let (after, wants_inbox) = (after.after, after.inbox == Some(1));
    let (tell, inbox) = watch::channel(None);
    let news = wants_inbox.then(|| InboxNews::new(live.clone(), standing.user).tell(tell));
    let (until, of) = (caller.until, live.clone());
    socket::start(&request, payload, Limit::of(MAX_MESSAGE), seat, async move |socket| {
        socket::while_signed_in(&of, until, async move {
            // Beside the sending, which a reader far behind or one that does not read would keep from looking up (ACC-5).
            tokio::select! {
                closing = standing.lost() => Err(closing),
                ended = watcher.serve(socket, after, inbox) => ended,
                Some(failed) = OptionFuture::from(news) => failed.map_err(Closing::again),
            }
        })
        .await
    })
}

/// What the connection rests on.
struct Standing {
    live: Live,
    workspace: WorkspaceId,
    user: UserId,
    via: Via,
}

impl Standing {
    /// Returns when it may no longer be there: the session or token ended, or they are no member any more.
    async fn lost(&self) -> Closing {
        let mut revocations = self.live.revocations();
        loop {
            match self.holds().await {
                Ok(true) => {}
                Ok(false) => return Closing::revoked(),
                Err(error) => return Closing::again(error),
            }
            // Another role is no end: what may be seen is looked at with each event.
            socket::revoked(&mut revocations, |revoked| concerns(revoked, self.user, self.workspace, &self.via)).await;
        }
    }

    async fn holds(&self) -> Result<bool, StoreError> {
        Ok(self.live.who(self.workspace, self.user).await?.role.is_some() && auth::still_signed_in(self.live.store(), &self.via).await?)
    }
}

struct Watcher {
    live: Live,
    workspace: WorkspaceId,
    who: Who,
}

/// How often it is told at most what agents use.
const TOOLS_EVERY: Duration = Duration::from_secs(1);

/// Paces what is told of tools.
struct Tools {
    used: watch::Receiver<()>,
    told: u64,
    not_before: Instant,
}

impl Tools {
    /// What agents used before is told first: the jobs may have been read a while ago.
    fn new(mut used: watch::Receiver<()>) -> Self {
        used.mark_changed();
        Self {
            used,
            told: 0,
            not_before: Instant::now(),
        }
    }

    /// Returns when there is something to tell, and it is time. May be dropped and called again.
    async fn due(&mut self) {
        tokio::time::sleep_until(self.not_before).await;
        if self.used.changed().await.is_err() {
            std::future::pending().await
        }
        self.not_before = Instant::now() + TOOLS_EVERY;
    }
}

impl Watcher {
    async fn serve(
        mut self,
        mut socket: Socket,
        after: Option<i64>,
        mut inbox: watch::Receiver<Option<InboxCount>>,
    ) -> Result<(), Closing> {
        let (rows, mut head) = self.live.watch_feed(self.workspace);
        let (oldest, newest) = self.bounds().await.map_err(Closing::again)?;
        let mut at = after.unwrap_or(newest);
        if at > newest || at + 1 < oldest {
            self.say(&socket, &FeedControl::Reset { seq: newest }).await?;
            at = newest;
        }
        let mut told = None;
        let mut tools = Tools::new(rows.tools());
        loop {
            let items = rows.read(self.live.store(), self.workspace, at).await.map_err(Closing::again)?;
            if let Some(last) = items.last() {
                at = last.seq;
                for message in self.render(&items).await? {
                    socket.send(message).await?;
                }
                continue;
            }
            // Once after catching up: the client knows that it has everything.
            if told.replace(at) != Some(at) {
                self.say(&socket, &FeedControl::Caught { seq: at }).await?;
            }
            if inbox.has_changed().unwrap_or_default()
                && let Some(count) = *inbox.borrow_and_update()
            {
                self.say(&socket, &FeedControl::Inbox { seq: at, count }).await?;
            }
            tokio::select! {
                Ok(()) = inbox.changed() => inbox.mark_changed(),
                changed = head.changed() => changed.map_err(|_| Closing::again("the feed is gone"))?,
                () = tools.due() => {
                    for moment in self.used(&mut tools, at).await? {
                        self.say(&socket, &moment).await?;
                    }
                }
                incoming = socket.next() => match incoming? {
                    Incoming::Text(_) | Incoming::Binary(_) => return Err(Closing(super::close::PROTOCOL, "nothing is expected here".into())),
                    Incoming::Pong => {}
                },
            }
        }
    }

    /// What agents used since the last time, of the jobs this person may see now (INV-7).
    async fn used(&mut self, tools: &mut Tools, seq: i64) -> Result<Vec<FeedMoment>, Closing> {
        let (used, upto) = self.live.tools_used(self.workspace, tools.told);
        tools.told = upto;
        self.who = self.live.who(self.workspace, self.who.user).await.map_err(Closing::again)?;
        let mut moments = vec![];
        for Used { job, attempt, tool } in used {
            if self.visible(Some(job)).await.map_err(Closing::again)?.is_some() {
                moments.push(FeedMoment::JobTool { seq, job, attempt, tool });
            }
        }
        Ok(moments)
    }

    async fn bounds(&self) -> Result<(i64, i64), StoreError> {
        let mut conn = self.live.store().read().await?;
        let newest = feed::head(&mut conn, self.workspace).await?;
        let oldest = feed::oldest(&mut conn, self.workspace).await?.unwrap_or(newest + 1);
        Ok((oldest, newest))
    }

    async fn say<T: serde::Serialize>(&self, socket: &Socket, message: &T) -> Result<(), Closing> {
        socket.send(serde_json::to_string(message).map_err(Closing::again)?).await
    }

    /// The events as this person may see them. Of several changes to a job the last says it all.
    async fn render(&mut self, items: &[FeedItem]) -> Result<Vec<String>, Closing> {
        // The role first: a member who was just removed sees nothing of this page.
        self.who = self.live.who(self.workspace, self.who.user).await.map_err(Closing::again)?;
        if self.who.role.is_none() {
            return Err(Closing::revoked());
        }
        let mut later: HashSet<JobId> = HashSet::new();
        let mut messages = vec![];
        for item in items.iter().rev() {
            if item.kind == "job.changed"
                && item.payload.get("was").is_none()
                && let Some(job) = item.job
                && !later.insert(job)
            {
                continue;
            }
            if let Some(body) = self.body(item).await.map_err(Closing::again)? {
                let event = FeedEvent {
                    seq: item.seq,
                    at: item.at,
                    body,
                };
                messages.push(serde_json::to_string(&event).map_err(Closing::again)?);
            }
        }
        messages.reverse();
        Ok(messages)
    }

    fn sees(&self, access: &Access) -> bool {
        rights::may(self.who, Act::See, Some(access)).is_ok()
    }

    async fn body(&self, item: &FeedItem) -> Result<Option<FeedBody>, StoreError> {
        match item.kind.as_str() {
            "job.created" | "job.changed" | "job.deleted" => self.job(item).await,
            "request.opened" | "request.answered" => self.request(item).await,
            "note.added" | "note.retracted" => self.note(item).await,
            "files.changed" => Ok(self.visible(item.job).await?.map(|job| FeedBody::FilesChanged { job })),
            "runner.changed" | "runner.removed" => self.runner(item).await,
            "member.changed" => Ok(field::<UserId>(&item.payload, "user").map(|user| FeedBody::MemberChanged { user })),
            "invitation.changed" => Ok(field::<InvitationId>(&item.payload, "invitation")
                .filter(|_| rights::may(self.who, Act::Administer, None).is_ok())
                .map(|id| FeedBody::InvitationChanged { id })),
            "canvas.changed" | "canvas.deleted" => self.canvas(item).await,
            "folders.changed" => Ok(Some(FeedBody::FoldersChanged)),
            "workspace.changed" => Ok(Some(FeedBody::WorkspaceChanged)),
            other => {
                tracing::error!(kind = other, "an event of an unknown kind is not sent");
                Ok(None)
            }
        }
    }

    /// The job when they may see it now; its end for those who could see it before.
    async fn job(&self, item: &FeedItem) -> Result<Option<FeedBody>, StoreError> {
        let Some(id) = item.job else { return Ok(None) };
        if item.kind != "job.deleted"
            && let Some(snapshot) = self.live.snapshot(id).await?
            && self.sees(&snapshot.access)
        {
            let mut shown = [self.live.shown(&snapshot)];
            shown[0].may = rights::acts_on(self.who, &snapshot.access);
            reach::conceal(self.live.store(), self.who, &mut shown).await?;
            let [job] = shown;
            let job = Box::new(job);
            return Ok(Some(if item.kind == "job.created" {
                FeedBody::JobCreated { job }
            } else {
                FeedBody::JobChanged { job }
            }));
        }
        let was: Option<Access> = field(&item.payload, "was");
        Ok(was.filter(|was| self.sees(was)).map(|_| FeedBody::JobDeleted { id }))
    }

    async fn visible(&self, job: Option<JobId>) -> Result<Option<JobId>, StoreError> {
        let Some(id) = job else { return Ok(None) };
        let snapshot = self.live.snapshot(id).await?;
        Ok(snapshot.filter(|snapshot| self.sees(&snapshot.access)).map(|_| id))
    }

    async fn request(&self, item: &FeedItem) -> Result<Option<FeedBody>, StoreError> {
        let (Some(_), Some(id)) = (self.visible(item.job).await?, field::<RequestId>(&item.payload, "request")) else {
            return Ok(None);
        };
        let Some(request) = self.live.request(id).await?.map(Box::new) else {
            return Ok(None);
        };
        Ok(Some(if item.kind == "request.opened" {
            FeedBody::RequestOpened { request }
        } else {
            FeedBody::RequestAnswered { request }
        }))
    }

    async fn note(&self, item: &FeedItem) -> Result<Option<FeedBody>, StoreError> {
        let (Some(job), Some(id)) = (self.visible(item.job).await?, field::<NoteId>(&item.payload, "note")) else {
            return Ok(None);
        };
        if item.kind == "note.retracted" {
            return Ok(Some(FeedBody::NoteRetracted { job, id }));
        }
        let mut conn = self.live.store().read().await?;
        Ok(notes::get(&mut conn, id).await?.map(|note| FeedBody::NoteAdded { note }))
    }

    async fn canvas(&self, item: &FeedItem) -> Result<Option<FeedBody>, StoreError> {
        let Some(id) = field::<CanvasId>(&item.payload, "canvas") else {
            return Ok(None);
        };
        let canvas = canvases::get(&mut *self.live.store().read().await?, id).await?;
        Ok(Some(canvas.map_or(FeedBody::CanvasDeleted { id }, |canvas| {
            FeedBody::CanvasChanged { canvas }
        })))
    }

    async fn runner(&self, item: &FeedItem) -> Result<Option<FeedBody>, StoreError> {
        let Some(id) = field::<RunnerId>(&item.payload, "runner") else {
            return Ok(None);
        };
        let mut conn = self.live.store().read().await?;
        let runner = runners::get(&mut conn, id).await?;
        let serves = match &runner {
            Some(runner) => members::role(&mut conn, self.workspace, runner.owner.id).await?.is_some(),
            None => false,
        };
        let Some(runner) = runner.filter(|_| serves && item.kind == "runner.changed") else {
            return Ok(Some(FeedBody::RunnerRemoved { id }));
        };
        let disabled = runners::disabled(&mut conn, self.workspace).await?.contains(&id);
        drop(conn);
        Ok(Some(FeedBody::RunnerChanged {
            runner: self.live.runner_view(runner, disabled),
        }))
    }
}

/// Whether it ends the connection of a member of the workspace, or changes what they may do there.
pub(super) fn concerns(revoked: Revoked, user: UserId, workspace: WorkspaceId, via: &Via) -> bool {
    match (revoked, via) {
        (Revoked::Session(id), Via::Session(mine)) => id == *mine,
        (Revoked::Token(id), Via::Token(mine, _)) => id == *mine,
        (Revoked::Member(of, who), _) => of == workspace && who == user,
        (Revoked::Workspace(id), _) => id == workspace,
        (Revoked::Session(_) | Revoked::Token(_) | Revoked::Runner(_), _) => false,
    }
}

fn field<T: DeserializeOwned>(payload: &Value, name: &str) -> Option<T> {
    payload.get(name).and_then(|value| T::deserialize(value).ok())
}
