//! One open canvas: takes updates, commits what gathered as one, then tells (CAN-1, CAN-8, CAN-9).
//!
//! Contract: an update is checked and taken into the document when it arrives, and told to others, acknowledged and answered from only
//! when it is committed (INV-1). While one commit runs, the next change gathers. A commit that fails ends the actor: the store knows what
//! holds, and connections come back with what was not acknowledged. Alone for a minute, the actor stops.

pub(super) mod heavy;
mod journal;
mod load;
mod people;
mod room;

pub(super) use journal::Journal;
pub use room::{Connection, Ended, Room};

use super::Live;
use actix::{
    Actor, ActorContext as _, ActorFutureExt as _, Addr, ArbiterHandle, AsyncContext as _, Context, Handler, Message, ResponseFuture,
    WrapFuture as _,
};
use bytes::Bytes;
use coord_canvas::{Change, Document, Malformed, NotAdmitted, Ownership, presence, wire};
use coord_protocol::{
    account::Person,
    canvas::Canvas,
    id::{CanvasId, UserId},
    time::Timestamp,
};
use coord_store::{StoreError, Tx, canvases};
use people::People;
use std::{collections::HashMap, sync::Arc, time::Duration};
use tokio::{sync::oneshot, time::Instant};

/// Messages waiting for their turn; senders wait for a place.
const MAILBOX: usize = 256;

/// Alone for this long, it stops.
const IDLE: Duration = Duration::from_secs(60);

/// How often presence is told.
const TICK: Duration = Duration::from_millis(33);

/// The journal since the last snapshot: when it is this long, the next is made.
const SNAPSHOT_UPDATES: usize = 500;
const SNAPSHOT_BYTES: usize = 1024 * 1024;

/// How often a canvas notes that it changed.
const TOUCH_MS: i64 = 60_000;

/// What became of an edit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edited {
    /// It is committed, or was before.
    Saved,
    /// It rests on something that the server does not have: the client is asked, with this frame, for all it has.
    Asked(Bytes),
    /// They may not edit now, and why.
    ReadOnly(String),
    /// It is hostile or broken, and why.
    Refused(String),
}

/// A connection's place on the canvas.
pub struct Entered {
    /// Names it from now on.
    pub connection: Connection,
    /// What it shares with the others.
    pub room: Arc<Room>,
    /// First frames for it: what the server asks, and who is here.
    pub greeting: Vec<Bytes>,
}

/// Everything somebody lacks, and from which frame of the room on it goes on.
pub struct Answer {
    /// The frame.
    pub bytes: Bytes,
    /// Number of the next frame.
    pub next: u64,
}

pub(super) struct Enter {
    pub(super) person: Person,
}

impl Message for Enter {
    type Result = Result<Entered, StoreError>;
}

pub(super) struct Edit {
    pub(super) by: UserId,
    pub(super) connection: Connection,
    pub(super) update: Bytes,
    /// Why they may not change anything, if so.
    pub(super) denied: Option<&'static str>,
}

impl Message for Edit {
    type Result = Result<Edited, StoreError>;
}

/// What does somebody with this state vector lack?
pub(super) struct Ask {
    pub(super) state_vector: Bytes,
}

impl Message for Ask {
    type Result = Result<Result<Answer, Malformed>, StoreError>;
}

pub(super) struct Say {
    pub(super) connection: Connection,
    pub(super) message: Bytes,
}

impl Message for Say {
    type Result = Result<(), Malformed>;
}

/// Who is here?
pub(super) struct AskPeople;

impl Message for AskPeople {
    type Result = Option<Bytes>;
}

pub(super) struct Leave(pub(super) Connection);

impl Message for Leave {
    type Result = ();
}

/// Its name, lock or editor changed.
pub(super) struct Changed(pub(super) Canvas);

impl Message for Changed {
    type Result = ();
}

/// It was deleted.
pub(super) struct Deleted;

impl Message for Deleted {
    type Result = ();
}

/// An edit of the server's own, as an update under a client id of its own.
pub(super) struct Perform {
    pub(super) update: Vec<u8>,
    /// Objects whose job cards it places.
    pub(super) placed: Vec<String>,
    /// Deleted words must go from what joiners are sent: a snapshot is made at once, which forgets them.
    pub(super) forgets: bool,
}

impl Message for Perform {
    type Result = Result<(), StoreError>;
}

/// Its whole document as it is committed, as one update.
pub(super) struct Encode;

impl Message for Encode {
    type Result = Result<Bytes, StoreError>;
}

/// What gathered since the last commit began.
#[derive(Default)]
struct Batch {
    change: Change,
    /// The only connection that it is from, so far; `None` inside for several.
    author: Option<Option<Connection>>,
    taken: Vec<(u64, UserId)>,
    /// Objects whose cards are placed by it.
    placed: Vec<String>,
    waiting: Vec<oneshot::Sender<Result<(), StoreError>>>,
}

impl Batch {
    fn is_empty(&self) -> bool {
        self.change.is_empty() && self.placed.is_empty() && self.waiting.is_empty()
    }

    fn by(&mut self, connection: Option<Connection>) {
        self.author = match self.author {
            None => Some(connection),
            Some(author) if author == connection => Some(author),
            Some(_) => Some(None),
        };
    }
}

pub(super) struct CanvasActor {
    live: Live,
    id: CanvasId,
    room: Arc<Room>,
    state: Option<State>,
    people: People,
    persons: HashMap<Connection, Person>,
    connections: u64,
    lonely_since: Option<Instant>,
    tick_due: bool,
}

/// What is known once the store was read.
struct State {
    canvas: Canvas,
    document: Document,
    owners: HashMap<u64, UserId>,
    /// Number of the newest change, committed or being committed.
    seq: i64,
    gathering: Batch,
    committing: bool,
    tail: Tail,
    touched: Timestamp,
    /// The answer for those who have nothing, for a while: they come in crowds, and share it.
    whole: Option<Bytes>,
}

/// The journal since the last snapshot.
#[derive(Default)]
struct Tail {
    updates: usize,
    bytes: usize,
    /// The next is made whatever the length.
    forgets: bool,
    /// A snapshot is being made; changes since it began, to go on top.
    since: Option<Vec<Bytes>>,
}

impl CanvasActor {
    pub(super) fn start(live: Live, id: CanvasId, arbiter: &ArbiterHandle) -> Addr<Self> {
        Self::start_in_arbiter(arbiter, move |ctx| {
            ctx.set_mailbox_capacity(MAILBOX);
            Self {
                live,
                id,
                room: Room::new(),
                state: None,
                people: People::default(),
                persons: HashMap::new(),
                connections: 0,
                lonely_since: Some(Instant::now()),
                tick_due: false,
            }
        })
    }

    fn end(&mut self, ctx: &mut Context<Self>, error: &StoreError) {
        tracing::error!(canvas = %self.id, %error, "a canvas is closed because something failed");
        self.room.end(Ended::Failed);
        self.state = None;
        ctx.stop();
    }

    /// Whether an update says anything new. Clients that only watch tell what they know, too.
    fn would_change(&self, by: UserId, update: &[u8]) -> bool {
        let Some(state) = &self.state else { return true };
        let owner = |client: u64| match state.owners.get(&client) {
            Some(owner) if *owner != by => Ownership::Other,
            Some(_) | None => Ownership::Own,
        };
        state
            .document
            .admit(update, &owner)
            .is_ok_and(|admitted| !admitted.change.is_empty())
    }

    /// Checks an update and takes it into the document; the change waits for its commit.
    fn take(&mut self, by: Option<UserId>, connection: Option<Connection>, update: &[u8]) -> Result<bool, NotAdmitted> {
        let Some(state) = &mut self.state else {
            return Err(NotAdmitted::Unknown);
        };
        let owner = |client: u64| match state.owners.get(&client) {
            None => Ownership::Free,
            owner if owner.copied() == by => Ownership::Own,
            Some(_) => Ownership::Other,
        };
        let admitted = state.document.admit(update, &owner)?;
        if admitted.change.is_empty() {
            return Ok(false);
        }
        for client in &admitted.taken {
            if let Some(user) = by {
                state.owners.insert(*client, user);
                state.gathering.taken.push((*client, user));
            }
        }
        let change = state.document.apply(admitted);
        state.whole = None;
        state.gathering.change.append(&change);
        state.gathering.by(connection);
        Ok(true)
    }

    /// Answered when everything taken in so far is committed.
    fn committed(&mut self, ctx: &mut Context<Self>) -> oneshot::Receiver<Result<(), StoreError>> {
        let (done, wait) = oneshot::channel();
        if let Some(state) = &mut self.state {
            state.gathering.waiting.push(done);
        }
        self.commit(ctx);
        wait
    }

    /// Commits what gathered, unless a commit is running: its end begins the next.
    fn commit(&mut self, ctx: &mut Context<Self>) {
        let Some(state) = self.state.as_mut().filter(|state| !state.committing && !state.gathering.is_empty()) else {
            return;
        };
        let batch = std::mem::take(&mut state.gathering);
        if batch.change.is_empty() && batch.placed.is_empty() {
            // Nothing new: what they wait for is committed.
            for waiting in batch.waiting {
                drop(waiting.send(Ok(())));
            }
            return;
        }
        state.committing = true;
        state.seq += 1;
        let (id, seq, now) = (self.id, state.seq, self.live.now());
        let bytes = Bytes::from(batch.change.encode());
        let touch = now.ms_since(state.touched) >= TOUCH_MS;
        if touch {
            state.touched = now;
        }
        state.tail.updates += 1;
        state.tail.bytes += bytes.len();
        if let Some(since) = &mut state.tail.since {
            since.push(bytes.clone());
        }
        let snapshot = self.snapshot_when_due();
        let (journal, taken, placed) = (bytes.clone(), batch.taken, batch.placed);
        let live = self.live.clone();
        let write = async move {
            if taken.is_empty() && placed.is_empty() && !touch {
                return live.journal(id, seq, journal).await;
            }
            let unit = async move |tx: &mut Tx| -> Result<(), StoreError> {
                canvases::append(tx, id, seq, &journal).await?;
                for (client, owner) in &taken {
                    canvases::own_client(tx, id, *client, *owner).await?;
                }
                for object in &placed {
                    canvases::placed(tx, id, object).await?;
                }
                if touch {
                    canvases::touch(tx, id, now).await?;
                }
                Ok(())
            };
            live.store().write(unit).await
        };
        let (author, waiting) = (batch.author.flatten(), batch.waiting);
        ctx.spawn(write.into_actor(self).map(move |result, actor, ctx| {
            if let Err(error) = &result {
                for waiting in waiting {
                    drop(waiting.send(Err(error.clone())));
                }
                return actor.end(ctx, error);
            }
            actor.room.put(wire::update(&bytes).into(), author);
            for waiting in waiting {
                drop(waiting.send(Ok(())));
            }
            if let Some(snapshot) = snapshot {
                actor.make_snapshot(snapshot, ctx);
            }
            if let Some(state) = &mut actor.state {
                state.committing = false;
            }
            actor.commit(ctx);
        }));
    }

    /// Presence is told at the next tick, together with what else changes until then.
    fn tell_people(&mut self, ctx: &mut Context<Self>) {
        if self.people.has_news() && !std::mem::replace(&mut self.tick_due, true) {
            ctx.run_later(TICK, |actor, _| {
                actor.tick_due = false;
                if let Some(news) = actor.people.news() {
                    actor.room.put(wire::awareness(&news).into(), None);
                }
            });
        }
    }

    fn leave(&mut self, connection: Connection) {
        self.people.leave(connection);
        self.persons.remove(&connection);
        if self.persons.is_empty() {
            self.lonely_since = Some(Instant::now());
        }
    }
}

impl Actor for CanvasActor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        self.load(ctx);
        ctx.run_interval(IDLE / 2, |actor, _| actor.room.forget_old());
        ctx.run_interval(IDLE / 6, |actor, ctx| {
            actor.people.expire(Instant::now());
            if let Some(state) = &mut actor.state {
                state.whole = None;
            }
            actor.tell_people(ctx);
            let lonely = actor.lonely_since.is_some_and(|since| since.elapsed() >= IDLE);
            let busy = actor
                .state
                .as_ref()
                .is_some_and(|state| state.committing || state.tail.since.is_some());
            if lonely && !busy {
                actor.live.0.canvases.forget(&actor.id, &ctx.address());
                ctx.stop();
            }
        });
    }
}

impl Handler<Enter> for CanvasActor {
    type Result = Result<Entered, StoreError>;

    fn handle(&mut self, message: Enter, _: &mut Self::Context) -> Self::Result {
        let Some(state) = &self.state else { return Err(StoreError::Closed) };
        self.connections += 1;
        let connection = Connection(self.connections);
        self.persons.insert(connection, message.person);
        self.lonely_since = None;
        let mut greeting = vec![Bytes::from(wire::step1(&state.document.state_vector()))];
        greeting.extend(self.people.all().map(|people| Bytes::from(wire::awareness(&people))));
        Ok(Entered {
            connection,
            room: Arc::clone(&self.room),
            greeting,
        })
    }
}

impl Handler<Edit> for CanvasActor {
    type Result = ResponseFuture<Result<Edited, StoreError>>;

    fn handle(&mut self, message: Edit, ctx: &mut Self::Context) -> Self::Result {
        let Some(state) = &self.state else {
            return Box::pin(async { Err(StoreError::Closed) });
        };
        let editor = state.canvas.editor.as_ref();
        let denied = match message.denied {
            Some(why) => Some(why.to_owned()),
            None if state.canvas.locked && editor.is_none_or(|editor| editor.id != message.by) => {
                let who = editor.map_or("nobody", |editor| editor.name.as_str());
                Some(format!("this canvas is locked; {who} may edit it now"))
            }
            None => None,
        };
        if let Some(why) = denied
            && self.would_change(message.by, &message.update)
        {
            return Box::pin(async { Ok(Edited::ReadOnly(why)) });
        }
        match self.take(Some(message.by), Some(message.connection), &message.update) {
            Ok(_) => {
                let wait = self.committed(ctx);
                Box::pin(async { wait.await.unwrap_or(Err(StoreError::Closed)).map(|()| Edited::Saved) })
            }
            Err(NotAdmitted::Unknown) => {
                let ask = self.state.as_ref().map(|state| wire::step1(&state.document.state_vector()));
                Box::pin(async { Ok(Edited::Asked(ask.unwrap_or_default().into())) })
            }
            Err(NotAdmitted::Refused(why)) => {
                tracing::info!(canvas = %self.id, user = %message.by, why, "an update of a canvas was refused");
                Box::pin(async { Ok(Edited::Refused(why)) })
            }
        }
    }
}

impl Handler<Ask> for CanvasActor {
    type Result = ResponseFuture<Result<Result<Answer, Malformed>, StoreError>>;

    fn handle(&mut self, message: Ask, ctx: &mut Self::Context) -> Self::Result {
        let Some(state) = &mut self.state else {
            return Box::pin(async { Err(StoreError::Closed) });
        };
        let has_nothing = message.state_vector[..] == [0];
        let bytes = match state.whole.clone().filter(|_| has_nothing) {
            Some(whole) => whole,
            None => match state.document.answer(&message.state_vector) {
                Ok(update) => Bytes::from(wire::step2(&update)),
                Err(malformed) => return Box::pin(async move { Ok(Err(malformed)) }),
            },
        };
        if has_nothing {
            state.whole = Some(bytes.clone());
        }
        // What is told later than now may be told again to this one: it merges to the same.
        let next = self.room.head();
        let wait = self.committed(ctx);
        Box::pin(async move {
            wait.await.unwrap_or(Err(StoreError::Closed))?;
            Ok(Ok(Answer { bytes, next }))
        })
    }
}

impl Handler<Encode> for CanvasActor {
    type Result = ResponseFuture<Result<Bytes, StoreError>>;

    fn handle(&mut self, _: Encode, ctx: &mut Self::Context) -> Self::Result {
        let Some(state) = &self.state else {
            return Box::pin(async { Err(StoreError::Closed) });
        };
        let bytes = Bytes::from(state.document.encode());
        let wait = self.committed(ctx);
        Box::pin(async move { wait.await.unwrap_or(Err(StoreError::Closed)).map(|()| bytes) })
    }
}

impl Handler<Perform> for CanvasActor {
    type Result = ResponseFuture<Result<(), StoreError>>;

    fn handle(&mut self, message: Perform, ctx: &mut Self::Context) -> Self::Result {
        let Perform { update, placed, forgets } = message;
        if let Err(error) = self.take(None, None, &update) {
            return Box::pin(async move { Err(StoreError::inconsistent("canvas_updates", error)) });
        }
        if let Some(state) = &mut self.state {
            state.gathering.placed.extend(placed);
            state.tail.forgets |= forgets;
        }
        let wait = self.committed(ctx);
        Box::pin(async move { wait.await.unwrap_or(Err(StoreError::Closed)) })
    }
}

impl Handler<Say> for CanvasActor {
    type Result = Result<(), Malformed>;

    fn handle(&mut self, Say { connection, message }: Say, ctx: &mut Self::Context) -> Self::Result {
        let Some(person) = self.persons.get(&connection) else {
            return Ok(());
        };
        let (people, owners) = (&self.people, self.state.as_ref().map(|state| &state.owners));
        let may_be_own = |client: u64| {
            let owner = owners.and_then(|owners| owners.get(&client));
            owner.is_none_or(|owner| *owner == person.id) && people.may_take(client, person.id)
        };
        if let Some(said) = presence::parse(&message, people.client_of(connection), may_be_own)? {
            self.people.say(connection, person, said, Instant::now());
            self.tell_people(ctx);
        }
        Ok(())
    }
}

impl Handler<AskPeople> for CanvasActor {
    type Result = Option<Bytes>;

    fn handle(&mut self, _: AskPeople, _: &mut Self::Context) -> Self::Result {
        self.people.all().map(|people| wire::awareness(&people).into())
    }
}

impl Handler<Leave> for CanvasActor {
    type Result = ();

    fn handle(&mut self, Leave(connection): Leave, ctx: &mut Self::Context) {
        self.leave(connection);
        self.tell_people(ctx);
    }
}

impl Handler<Changed> for CanvasActor {
    type Result = ();

    fn handle(&mut self, Changed(canvas): Changed, _: &mut Self::Context) {
        if let Some(state) = &mut self.state
            && canvas.version >= state.canvas.version
        {
            let editor = |canvas: &Canvas| canvas.editor.as_ref().filter(|_| canvas.locked).map(|editor| editor.id);
            let handed_over = (canvas.locked, editor(&canvas)) != (state.canvas.locked, editor(&state.canvas));
            state.canvas = canvas;
            if handed_over {
                // Whoever may edit now is asked for what was not taken before.
                self.room.put(wire::step1(&state.document.state_vector()).into(), None);
            }
        }
    }
}

impl Handler<Deleted> for CanvasActor {
    type Result = ();

    fn handle(&mut self, _: Deleted, ctx: &mut Self::Context) {
        self.room.end(Ended::Deleted);
        ctx.stop();
    }
}
