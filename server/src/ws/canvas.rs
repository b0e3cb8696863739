//! `GET /api/v1/canvases/{canvas}/sync`: the y-websocket protocol (CAN-1, CAN-9, CAN-10).

use super::{
    close,
    events::concerns,
    pace::{Pace, Rate, pause},
    socket::{self, Closing, Incoming, Limit, Socket},
};
use crate::{
    actors::{CanvasSeat, CommandError, Edited, Ended, Entered, Holder, Live},
    context::Ctx,
    http::{
        auth::{self, Caller, Via},
        problem::ApiError,
    },
};
use actix_web::{HttpRequest, HttpResponse, web};
use bytes::Bytes;
use coord_canvas::wire::{self, Message};
use coord_domain::rights::{self, Act};
use coord_protocol::{
    account::{Person, Scope},
    canvas::MAX_SYNC_MESSAGE,
    id::{CanvasId, WorkspaceId},
};
use coord_store::{StoreError, canvases};
use futures_util::TryStreamExt as _;
use serde::Deserialize;
use std::cell::Cell;
use tokio::time::Instant;

/// Numbers in front of a message's bytes.
const HEADER: usize = 16;

/// A large message waits alone: what one client makes the server hold is a few of them.
const LIMIT: Limit = Limit {
    message: MAX_SYNC_MESSAGE + HEADER,
    waiting: 1,
    rule: "CAN-9: ",
};

/// Messages and bytes of one connection. An honest one sends a frame's worth of changes and presence at a time.
const MESSAGES: Rate = Rate {
    at_once: 400.0,
    per_second: 150.0,
};
const BYTES: Rate = Rate {
    at_once: 4.0 * 1024.0 * 1024.0,
    per_second: 512.0 * 1024.0,
};

/// Answers with everything somebody lacks, which can be the whole document; and questions for everybody's presence.
const ANSWERS: Rate = Rate {
    at_once: 5.0,
    per_second: 0.2,
};

/// Most changes that rest on unknown ones, with no answer to the server's question in between. Those of an honest client are on their way
/// when it is asked; this is some seconds' worth.
const MISFITS: u32 = 1_000;

/// How often a connection is asked for what it has because what it sent does not fit.
const QUESTIONS: Rate = Rate {
    at_once: 20.0,
    per_second: 0.5,
};

/// What the client wishes.
#[derive(Debug, Deserialize)]
pub struct Wishes {
    /// `1`: acknowledgements.
    acks: Option<u8>,
}

/// Opens a connection to a canvas.
///
/// # Errors
/// 404 for those who may not see it.
pub async fn open(
    request: HttpRequest,
    payload: web::Payload,
    caller: Caller,
    canvas: web::Path<CanvasId>,
    wishes: web::Query<Wishes>,
    context: Ctx,
) -> Result<HttpResponse, actix_web::Error> {
    let (live, id) = (context.live.clone(), canvas.into_inner());
    let found = {
        let mut conn = context.read().await?;
        canvases::get(&mut conn, id).await.map_err(ApiError::from)?
    };
    let found = found.ok_or_else(|| ApiError::from(coord_domain::Refusal::hidden()))?;
    let editor = Editor {
        live: live.clone(),
        canvas: id,
        workspace: found.workspace,
        person: Person {
            id: caller.id(),
            name: caller.user.name.clone(),
        },
        acks: wishes.acks == Some(1),
        denied: Cell::new(None),
        via: caller.via,
    };
    if !editor.look().await.map_err(ApiError::from)? {
        return Err(ApiError::from(coord_domain::Refusal::hidden()).into());
    }
    let seat = socket::seat(&context, Holder::User(editor.person.id))?;
    let (until, of) = (caller.until, live);
    socket::start(&request, payload, LIMIT, seat, async move |socket| {
        socket::while_signed_in(
            &of,
            until,
            Box::pin(async move {
                // Beside the reading, which waits for commits (ACC-5).
                tokio::select! {
                    closing = editor.lost() => Err(closing),
                    ended = editor.serve(socket) => ended,
                }
            }),
        )
        .await
    })
}

struct Editor {
    live: Live,
    canvas: CanvasId,
    workspace: WorkspaceId,
    person: Person,
    acks: bool,
    via: Via,
    /// Why they may not edit, if so.
    denied: Cell<Option<&'static str>>,
}

impl Editor {
    /// Looks at their rights: whether they may see the canvas, and notes whether they may edit it.
    async fn look(&self) -> Result<bool, StoreError> {
        let who = self.live.who(self.workspace, self.person.id).await?;
        let reads_only = matches!(&self.via, Via::Token(_, scopes) if !scopes.contains(&Scope::Write));
        self.denied.set(match rights::may(who, Act::Create, None) {
            Ok(()) if reads_only => Some("this token only reads"),
            Ok(()) => None,
            Err(_) => Some("viewers of the workspace do not edit canvases"),
        });
        Ok(rights::may(who, Act::See, None).is_ok() && auth::still_signed_in(self.live.store(), &self.via).await?)
    }

    /// Returns when they may no longer be there.
    async fn lost(&self) -> Closing {
        let mut revocations = self.live.revocations();
        let denied = self.denied.get();
        loop {
            // On the heap while it is done: ten thousand of these wait most of their time.
            match Box::pin(self.look()).await {
                // What it sent as somebody else is offered anew, or known to be not saved.
                Ok(true) if self.denied.get() != denied => {
                    return Closing(close::AGAIN, "your role changed; please connect again".to_owned());
                }
                Ok(true) => {}
                Ok(false) => return Closing::revoked(),
                Err(error) => return Closing::again(error),
            }
            socket::revoked(&mut revocations, |revoked| {
                concerns(revoked, self.person.id, self.workspace, &self.via)
            })
            .await;
        }
    }

    async fn serve(&self, mut socket: Socket) -> Result<(), Closing> {
        let entered = Box::pin(self.live.enter_canvas(self.canvas, self.person.clone())).await;
        let (seat, mut entered) = entered.map_err(closing)?;
        for frame in std::mem::take(&mut entered.greeting) {
            socket.send_bytes(frame).await?;
        }
        let now = Instant::now();
        let mut client = Client {
            editor: self,
            seat,
            entered,
            follows: false,
            sent: 0,
            asked: false,
            questioned: false,
            misfits: 0,
            told_denied: false,
            messages: Pace::new(MESSAGES, now),
            bytes: Pace::new(BYTES, now),
            answers: Pace::new(ANSWERS, now),
            questions: Pace::new(QUESTIONS, now),
        };
        loop {
            let frame = match socket.next().await? {
                Incoming::Binary(frame) => frame,
                Incoming::Pong => continue,
                Incoming::Text(_) => return Err(refused("messages are binary")),
            };
            let now = Instant::now();
            let wait = client.messages.take(1.0, now).max(client.bytes.take(frame.len() as f64, now));
            pause(wait).await;
            Box::pin(client.handle(&socket, &frame)).await?;
        }
    }
}

/// One connection.
struct Client<'e> {
    editor: &'e Editor,
    seat: CanvasSeat,
    entered: Entered,
    /// It gets what the others get.
    follows: bool,
    /// Changes it sent so far.
    sent: u64,
    /// It was asked for all it has, since something it sent did not fit; until it answers, nothing more counts as committed.
    asked: bool,
    /// The question is on its way, or its answer.
    questioned: bool,
    misfits: u32,
    told_denied: bool,
    messages: Pace,
    bytes: Pace,
    answers: Pace,
    questions: Pace,
}

impl Client<'_> {
    async fn handle(&mut self, socket: &Socket, frame: &Bytes) -> Result<(), Closing> {
        match wire::parse(frame).map_err(refused)? {
            Message::Step1(state_vector) => self.answer(socket, frame.slice_ref(state_vector)).await,
            Message::Step2(update) => self.edit(socket, frame.slice_ref(update), true).await,
            Message::Update(update) => self.edit(socket, frame.slice_ref(update), false).await,
            Message::Awareness(message) => {
                let said = self.seat.say(frame.slice_ref(message)).await.map_err(closing)?;
                said.map_err(refused)
            }
            Message::QueryAwareness => {
                pause(self.answers.take(0.2, Instant::now())).await;
                if let Some(people) = self.seat.people().await.map_err(closing)? {
                    socket.send_bytes(people).await?;
                }
                Ok(())
            }
        }
    }

    async fn answer(&mut self, socket: &Socket, state_vector: Bytes) -> Result<(), Closing> {
        pause(self.answers.take(1.0, Instant::now())).await;
        let answer = self.seat.answer(state_vector).await.map_err(closing)?.map_err(refused)?;
        socket.send_bytes(answer.bytes).await?;
        if !std::mem::replace(&mut self.follows, true) {
            let frames = self.entered.room.clone().follow(answer.next, self.entered.connection);
            socket.follow(Box::pin(frames.map_err(ended))).await?;
        }
        Ok(())
    }

    async fn edit(&mut self, socket: &Socket, update: Bytes, is_answer: bool) -> Result<(), Closing> {
        self.sent += 1;
        let by = self.editor.person.id;
        match self.seat.edit(by, update, self.editor.denied.get()).await.map_err(closing)? {
            Edited::Saved => {
                if is_answer {
                    (self.asked, self.questioned, self.misfits) = (false, false, 0);
                }
                if self.editor.acks && !self.asked {
                    socket.send_bytes(wire::ack(self.sent)).await?;
                }
                Ok(())
            }
            Edited::Asked(question) => {
                self.asked = true;
                self.misfits += 1;
                if self.misfits > MISFITS {
                    return Err(refused("too many changes rest on unknown ones"));
                }
                // Once is enough: the answer brings what is on its way, too. Unless it is the answer that does not fit.
                if std::mem::replace(&mut self.questioned, true) && !is_answer {
                    return Ok(());
                }
                pause(self.questions.take(1.0, Instant::now())).await;
                socket.send_bytes(question).await
            }
            Edited::ReadOnly(why) => {
                // What it sent is not saved, and nothing after it counts as committed.
                self.asked = true;
                if std::mem::replace(&mut self.told_denied, true) {
                    return Ok(());
                }
                socket.send_bytes(wire::denied(&why)).await
            }
            Edited::Refused(why) => Err(refused(why)),
        }
    }
}

/// CAN-9. A close reason has at most 123 bytes.
fn refused(why: impl std::fmt::Display) -> Closing {
    let text: String = format!("CAN-9: {why}").chars().filter(char::is_ascii).take(120).collect();
    Closing(close::PROTOCOL, text)
}

fn ended(why: Ended) -> Closing {
    match why {
        Ended::Slow => Closing(close::AGAIN, "too slow; connect again to catch up".to_owned()),
        Ended::Deleted => Closing(close::REVOKED, "this canvas was deleted".to_owned()),
        Ended::Failed => Closing(close::AGAIN, "something failed here; please connect again".to_owned()),
    }
}

fn closing(error: CommandError) -> Closing {
    match error {
        CommandError::Store(StoreError::Reference) | CommandError::NotFound => Closing::revoked(),
        CommandError::Store(error) => Closing::again(error),
        CommandError::Died | CommandError::Refused(_) => Closing(close::AGAIN, "something failed here; please connect again".to_owned()),
    }
}
