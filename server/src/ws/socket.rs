//! One WebSocket as two bounded channels.

use super::{
    close,
    guard::Guarded,
    pieces::InPieces,
    pipe::{self, NotSent},
};
use crate::{
    actors::{Holder, Live, Revoked, Seat},
    context::Ctx,
    http::problem::ApiError,
};
use actix::{Actor, ActorContext as _, ActorFutureExt as _, AsyncContext as _, StreamHandler, WrapFuture as _};
use actix_http::ws::Item;
use actix_web::{HttpRequest, HttpResponse, web::Payload};
use actix_web_actors::ws;
use bytes::Bytes;
use coord_protocol::time::Timestamp;
use futures_util::Stream;
use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};
use tokio::{
    sync::broadcast,
    time::{Instant, timeout_at},
};

/// Messages to the client between the function that makes them and the socket. Few: a client that does not read holds some of the largest
/// in memory (a log entry has up to 256 KiB), and there may be a great many such clients.
const OUT: usize = 2;

/// What a client may send.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limit {
    /// Most bytes of a message. More ends the connection.
    pub(super) message: usize,
    /// Messages not yet looked at. When there are as many, the socket is not read.
    pub(super) waiting: usize,
    /// Words in front of the reason when the client breaks this.
    pub(super) rule: &'static str,
}

impl Limit {
    /// Small messages.
    pub(super) const fn of(message: usize) -> Self {
        Self {
            message,
            waiting: 16,
            rule: "",
        }
    }
}

/// Most bytes of a binary frame to a client. A longer message goes in pieces, each made when the one before was taken: what a client that
/// does not read holds of it in memory is shared with the others or has this size.
const PIECE: usize = 64 * 1024;

/// How often a quiet client is asked whether it is there.
const PING: Duration = Duration::from_secs(20);

/// A client that was silent for this long is gone. Two pings and a little.
const SILENT: Duration = Duration::from_secs(50);

/// What came from the client.
#[derive(Debug)]
pub enum Incoming {
    /// A text message.
    Text(String),
    /// A binary message.
    Binary(Bytes),
    /// It is there.
    Pong,
}

/// Binary messages that many clients get: made once, taken from where they are kept as each client reads.
pub type Shared = Pin<Box<dyn Stream<Item = Result<Bytes, Closing>>>>;

/// What goes to the client.
pub enum Outgoing {
    /// A text message.
    Text(String),
    /// A binary message.
    Binary(Bytes),
    /// A piece of a binary message.
    Piece(Item),
    /// From now on these too, whenever nothing else is to be sent. Their end closes the connection.
    Follow(Shared),
    /// Are you there?
    Ping,
    /// The end, with one of [`close`]'s codes and a reason of at most 120 bytes.
    Close(u16, String),
}

/// The connection is to be closed: with a code and a reason for the client.
#[derive(Debug, PartialEq, Eq)]
pub struct Closing(pub u16, pub String);

impl Closing {
    /// The server failed; the client may come again.
    pub fn again(error: impl std::fmt::Display) -> Self {
        tracing::error!(%error, "a socket is closed because something failed");
        Self(close::AGAIN, "something failed here; please connect again".to_owned())
    }

    /// The rights it rests on ended.
    pub fn revoked() -> Self {
        Self(close::REVOKED, "you may no longer see this".to_owned())
    }
}

/// One side of a socket, for the function that serves it.
pub struct Socket {
    incoming: pipe::Receiver<Incoming>,
    outgoing: pipe::Sender<Outgoing>,
    heard: Instant,
}

impl Socket {
    /// Sends; waits while the client does not take what was sent before.
    ///
    /// # Errors
    /// When the client is gone.
    pub async fn send(&self, text: String) -> Result<(), Closing> {
        self.outgoing.send(Outgoing::Text(text)).await.map_err(|_| gone())
    }

    /// Sends bytes; likewise.
    ///
    /// # Errors
    /// When the client is gone.
    pub async fn send_bytes(&self, bytes: impl Into<Bytes>) -> Result<(), Closing> {
        self.outgoing.send(Outgoing::Binary(bytes.into())).await.map_err(|_| gone())
    }

    /// Sends what many get, beside what is sent to this client alone.
    ///
    /// # Errors
    /// When the client is gone.
    pub async fn follow(&self, shared: Shared) -> Result<(), Closing> {
        self.outgoing.send(Outgoing::Follow(shared)).await.map_err(|_| gone())
    }

    /// The next message. Asks a quiet client whether it is there, and gives up on a silent one.
    ///
    /// # Errors
    /// When the client is gone or silent.
    pub async fn next(&mut self) -> Result<Incoming, Closing> {
        loop {
            let ask_at = (self.heard + PING).max(Instant::now() + Duration::from_secs(1));
            match timeout_at(ask_at, self.incoming.recv()).await {
                Ok(Some(message)) => {
                    self.heard = Instant::now();
                    if !matches!(message, Incoming::Pong) {
                        return Ok(message);
                    }
                }
                Ok(None) => return Err(gone()),
                Err(_) if self.heard.elapsed() > SILENT => return Err(Closing(close::SILENT, "silent for too long".to_owned())),
                // A full channel means that the client does not even read; its silence ends it.
                Err(_) => drop(self.outgoing.try_send(Outgoing::Ping)),
            }
        }
    }
}

const fn gone() -> Closing {
    Closing(1000, String::new())
}

/// Waits until a revocation means this connection. Missed ones count as meant: the client connects again and is looked at anew.
pub async fn revoked(revocations: &mut broadcast::Receiver<Revoked>, is_meant: impl Fn(Revoked) -> bool) -> Closing {
    loop {
        match revocations.recv().await {
            Ok(revoked) if !is_meant(revoked) => {}
            Ok(_) => return Closing::revoked(),
            Err(broadcast::error::RecvError::Lagged(_)) => return Closing(close::AGAIN, "please connect again".to_owned()),
            Err(broadcast::error::RecvError::Closed) => return Closing(close::AGAIN, "the server is stopping".to_owned()),
        }
    }
}

/// Serves until the caller's session or token ends by itself.
pub async fn while_signed_in(
    live: &Live,
    until: Option<Timestamp>,
    serve: impl Future<Output = Result<(), Closing>>,
) -> Result<(), Closing> {
    let Some(end) = until else { return serve.await };
    let left = u64::try_from(end.ms_since(live.now())).unwrap_or_default();
    tokio::time::timeout(Duration::from_millis(left), serve)
        .await
        .unwrap_or_else(|_| Err(Closing::revoked()))
}

struct SocketActor {
    incoming: pipe::Sender<Incoming>,
    outgoing: Option<pipe::Receiver<Outgoing>>,
    /// A message sent in pieces, so far.
    pieces: Option<(bool, Vec<u8>)>,
    max: usize,
    rule: &'static str,
    chatter: Chatter,
    /// Counts as open until the actor goes.
    _seat: Seat,
}

/// Connections of one runner: the one in use, and those it lost sight of.
const RUNNER_SOCKETS: u32 = 4;

/// A place for one more socket of this person or runner (INV-5).
///
/// # Errors
/// 429 when they have as many as they may.
pub(super) fn seat(context: &Ctx, holder: Holder) -> Result<Seat, ApiError> {
    let most = match holder {
        Holder::User(_) => context.config.sockets_per_user,
        Holder::Runner(_) => RUNNER_SOCKETS,
    };
    context
        .live
        .seat(holder, most)
        .ok_or_else(|| ApiError::too_many(format!("at most {most} connections are kept open for one account"), 5))
}

/// Frames that carry no message, such as pings and pieces of one: some at once, and some per second. An honest client sends few.
const CHATTER_AT_ONCE: u32 = 500;
const CHATTER_PER_SECOND: u32 = 50;

/// How many of them are left.
struct Chatter {
    left: u32,
    at: Instant,
}

impl Chatter {
    fn new(now: Instant) -> Self {
        Self {
            left: CHATTER_AT_ONCE,
            at: now,
        }
    }

    /// Takes one; whether there was one left.
    fn take(&mut self, now: Instant) -> bool {
        let gained = now.duration_since(self.at).as_millis() * u128::from(CHATTER_PER_SECOND) / 1000;
        if gained > 0 {
            self.left = self
                .left
                .saturating_add(u32::try_from(gained).unwrap_or(u32::MAX))
                .min(CHATTER_AT_ONCE);
            self.at = now;
        }
        let some = self.left > 0;
        self.left = self.left.saturating_sub(1);
        some
    }
}

/// Upgrades the request and serves the socket with `serve` until it returns.
///
/// # Errors
/// When the request is no proper upgrade.
pub(super) fn start<F, Fut>(
    request: &HttpRequest,
    payload: Payload,
    limit: Limit,
    seat: Seat,
    serve: F,
) -> Result<HttpResponse, actix_web::Error>
where
    F: FnOnce(Socket) -> Fut + 'static,
    Fut: Future<Output = Result<(), Closing>> + 'static,
{
    let max = limit.message;
    let (to_function, incoming) = pipe::channel(limit.waiting);
    let (outgoing, to_client) = pipe::channel(OUT);
    let actor = SocketActor {
        incoming: to_function,
        outgoing: Some(to_client),
        pieces: None,
        max,
        rule: limit.rule,
        chatter: Chatter::new(Instant::now()),
        _seat: seat,
    };
    let codec = actix_http::ws::Codec::new().max_size(max);
    let frames = ws::WebsocketContext::with_codec(actor, Guarded::new(payload, max), codec);
    let response = ws::handshake(request)?.streaming(InPieces::new(frames));
    let end = outgoing.clone();
    let socket = Socket {
        incoming,
        outgoing,
        heard: Instant::now(),
    };
    actix_web::rt::spawn(async move {
        let Closing(code, reason) = serve(socket).await.err().unwrap_or_else(gone);
        // Dropping the sender ends a socket that does not take even this.
        let _told = tokio::time::timeout(Duration::from_secs(5), end.send(Outgoing::Close(code, reason))).await;
    });
    Ok(response)
}

/// What goes to a client: what it alone gets comes first; then what it shares with others.
struct Leaving {
    outgoing: pipe::Receiver<Outgoing>,
    shared: Option<Shared>,
    /// What is left of a long message.
    rest: Option<Bytes>,
    /// The connection had its turn since the piece before.
    yielded: bool,
}

impl Leaving {
    /// Begins or goes on with a long message.
    fn piece(&mut self, bytes: Bytes, is_first: bool) -> Outgoing {
        let (piece, rest) = piece(bytes, is_first);
        self.rest = rest;
        self.yielded = false;
        piece
    }
}

impl Stream for Leaving {
    type Item = Outgoing;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Outgoing>> {
        if let Some(rest) = self.rest.take() {
            if self.yielded {
                return Poll::Ready(Some(self.piece(rest, false)));
            }
            // The connection takes what was made so far first.
            self.rest = Some(rest);
            self.yielded = true;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        while let Poll::Ready(message) = self.outgoing.poll_recv(cx) {
            match message {
                Some(Outgoing::Follow(shared)) => self.shared = Some(shared),
                Some(Outgoing::Binary(bytes)) if bytes.len() > PIECE => return Poll::Ready(Some(self.piece(bytes, true))),
                message => return Poll::Ready(message),
            }
        }
        let Some(shared) = &mut self.shared else { return Poll::Pending };
        shared.as_mut().poll_next(cx).map(|next| {
            Some(match next {
                Some(Ok(bytes)) if bytes.len() > PIECE => self.piece(bytes, true),
                Some(Ok(bytes)) => Outgoing::Binary(bytes),
                Some(Err(Closing(code, reason))) => Outgoing::Close(code, reason),
                None => Outgoing::Close(close::AGAIN, "please connect again".to_owned()),
            })
        })
    }
}

/// A piece of a message, and what is left of it.
fn piece(mut bytes: Bytes, is_first: bool) -> (Outgoing, Option<Bytes>) {
    let piece = bytes.split_to(bytes.len().min(PIECE));
    if is_first {
        (Outgoing::Piece(Item::FirstBinary(piece)), Some(bytes))
    } else if bytes.is_empty() {
        (Outgoing::Piece(Item::Last(piece)), None)
    } else {
        (Outgoing::Piece(Item::Continue(piece)), Some(bytes))
    }
}

impl Actor for SocketActor {
    type Context = ws::WebsocketContext<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        if let Some(outgoing) = self.outgoing.take() {
            ctx.add_stream(Leaving {
                outgoing,
                shared: None,
                rest: None,
                yielded: false,
            });
        }
    }
}

impl StreamHandler<Outgoing> for SocketActor {
    fn handle(&mut self, message: Outgoing, ctx: &mut Self::Context) {
        match message {
            Outgoing::Text(text) => ctx.text(text),
            Outgoing::Binary(bytes) => ctx.binary(bytes),
            Outgoing::Piece(piece) => ctx.write_raw(ws::Message::Continuation(piece)),
            // Taken up by `Leaving`.
            Outgoing::Follow(_) => {}
            Outgoing::Ping => ctx.ping(b""),
            Outgoing::Close(code, reason) => {
                let reason = ws::CloseReason {
                    code: ws::CloseCode::from(code),
                    description: Some(reason).filter(|reason| !reason.is_empty()),
                };
                ctx.close(Some(reason));
                ctx.stop();
            }
        }
    }

    fn finished(&mut self, ctx: &mut Self::Context) {
        ctx.stop();
    }
}

impl StreamHandler<Result<ws::Message, ws::ProtocolError>> for SocketActor {
    fn handle(&mut self, message: Result<ws::Message, ws::ProtocolError>, ctx: &mut Self::Context) {
        let silent = matches!(
            message,
            Ok(ws::Message::Ping(_) | ws::Message::Pong(_) | ws::Message::Nop | ws::Message::Continuation(_))
        );
        if silent && !self.chatter.take(Instant::now()) {
            return self.refuse(ctx, "too many pings or pieces");
        }
        let broken = format!("broken or too large; at most {} bytes a message", self.max);
        let incoming = match message {
            Ok(ws::Message::Text(text)) => Incoming::Text(text.to_string()),
            Ok(ws::Message::Binary(bytes)) => Incoming::Binary(bytes),
            Ok(ws::Message::Ping(payload)) => {
                ctx.pong(&payload);
                Incoming::Pong
            }
            Ok(ws::Message::Pong(_)) => Incoming::Pong,
            Ok(ws::Message::Nop) => return,
            Ok(ws::Message::Continuation(piece)) => match self.whole(piece) {
                Ok(Some(message)) => message,
                Ok(None) => return,
                Err(()) => return self.refuse(ctx, &broken),
            },
            Ok(ws::Message::Close(reason)) => {
                ctx.close(reason);
                return ctx.stop();
            }
            Err(error) => {
                tracing::debug!(%error, "a socket broke the protocol");
                return self.refuse(ctx, &broken);
            }
        };
        match self.incoming.try_send(incoming) {
            // Somebody is there: that is all these say.
            Ok(()) | Err(NotSent::Full(Incoming::Pong)) => {}
            Err(NotSent::Full(message)) => {
                // Nothing more is read until there is room.
                let incoming = self.incoming.clone();
                ctx.wait(async move { incoming.send(message).await }.into_actor(self).map(|_gone, _, _| ()));
            }
            Err(NotSent::Closed(_)) => {}
        }
    }
}

impl SocketActor {
    /// Puts a message in pieces together; `Err` when it grows over the limit.
    fn whole(&mut self, piece: Item) -> Result<Option<Incoming>, ()> {
        let (bytes, last) = match piece {
            Item::FirstText(bytes) => {
                self.pieces = Some((true, vec![]));
                (bytes, false)
            }
            Item::FirstBinary(bytes) => {
                self.pieces = Some((false, vec![]));
                (bytes, false)
            }
            Item::Continue(bytes) => (bytes, false),
            Item::Last(bytes) => (bytes, true),
        };
        let Some((_, whole)) = &mut self.pieces else { return Err(()) };
        if whole.len() + bytes.len() > self.max {
            return Err(());
        }
        whole.extend_from_slice(&bytes);
        if !last {
            return Ok(None);
        }
        match self.pieces.take() {
            Some((true, whole)) => String::from_utf8(whole).map(|text| Some(Incoming::Text(text))).map_err(drop),
            Some((false, whole)) => Ok(Some(Incoming::Binary(whole.into()))),
            None => Err(()),
        }
    }

    fn refuse(&self, ctx: &mut ws::WebsocketContext<Self>, why: &str) {
        let reason = ws::CloseReason {
            code: ws::CloseCode::from(close::PROTOCOL),
            description: Some(format!("{}{why}", self.rule)),
        };
        ctx.close(Some(reason));
        ctx.stop();
    }
}
