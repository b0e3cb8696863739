//! `GET /api/v1/runner`: the runner protocol (`coord_protocol::runner`).

use super::{
    close,
    socket::{self, Closing, Incoming, Limit, Socket},
};
use crate::{
    actors::{CommandError, Connect, Holder, Live, Revoked, agents_are_few},
    context::Ctx,
    http::auth::RunnerCaller,
};
use actix_web::{HttpRequest, HttpResponse, web};
use coord_protocol::{
    id::RunnerId,
    rule::Rule,
    runner::{FromRunner, MAX_MESSAGE, PROTOCOL, ToRunner},
};
use std::time::Duration;
use tokio::{sync::mpsc, time::timeout};

/// A runner must say hello within this time.
const HELLO: Duration = Duration::from_secs(10);

/// Messages for a runner that it has not taken yet. Full, its connection ends and it learns everything anew at the next.
const OUT: usize = 256;

/// Most claims and slots a runner may tell of.
const MOST: usize = 1000;

/// Most bytes of a version and a platform.
const MOST_NAME: usize = 200;

/// Most bytes of a repository's address, and whatever else a runner's owner limits it to.
const MOST_ADDRESS: usize = 2_000;

/// Opens a runner's connection.
///
/// # Errors
/// 401 for an unknown token.
pub async fn open(
    request: HttpRequest,
    payload: web::Payload,
    caller: RunnerCaller,
    context: Ctx,
) -> Result<HttpResponse, actix_web::Error> {
    let runner = caller.runner.id;
    let served = context.live.clone();
    let seat = socket::seat(&context, Holder::Runner(runner))?;
    socket::start(&request, payload, Limit::of(MAX_MESSAGE), seat, move |socket| {
        serve(served, runner, socket)
    })
}

async fn serve(live: Live, runner: RunnerId, mut socket: Socket) -> Result<(), Closing> {
    let mut revocations = live.revocations();
    let (out, mut to_runner) = mpsc::channel(OUT);
    let connect = match timeout(HELLO, socket.next()).await {
        Ok(message) => hello(message?, out)?,
        Err(_) => return Err(Closing(close::PROTOCOL, "no hello in time".to_owned())),
    };
    let connection = live.runner_connect(runner, connect).await.map_err(closing)?;
    let ended = async {
        loop {
            tokio::select! {
                message = to_runner.recv() => match message {
                    Some(message) => say(&socket, &message).await?,
                    // The actor let go of this connection; it knows whether for another one.
                    None => {
                        live.runner_says(runner, connection, FromRunner::Heartbeat).await.map_err(closing)?;
                        return Err(Closing(close::AGAIN, "this connection was not read".to_owned()));
                    }
                },
                incoming = socket.next() => {
                    let message = parse(incoming?)?;
                    // One at a time: while it is dealt with, what the server has to say goes out all the same.
                    let dealt_with = live.runner_says(runner, connection, message);
                    tokio::pin!(dealt_with);
                    loop {
                        tokio::select! {
                            result = &mut dealt_with => {
                                result.map_err(closing)?;
                                break;
                            }
                            Some(message) = to_runner.recv() => say(&socket, &message).await?,
                        }
                    }
                }
                closing = socket::revoked(&mut revocations, |revoked| revoked == Revoked::Runner(runner)) => return Err(closing),
            }
        }
    }
    .await;
    live.runner_disconnected(runner, connection);
    ended
}

async fn say(socket: &Socket, message: &ToRunner) -> Result<(), Closing> {
    socket.send(serde_json::to_string(message).map_err(Closing::again)?).await
}

fn parse(incoming: Incoming) -> Result<FromRunner, Closing> {
    match incoming {
        Incoming::Text(text) => serde_json::from_str(&text).map_err(|error| Closing(close::PROTOCOL, short(&error.to_string()))),
        Incoming::Pong => Ok(FromRunner::Heartbeat),
        Incoming::Binary(_) => Err(Closing(close::PROTOCOL, "messages are JSON text".to_owned())),
    }
}

fn hello(incoming: Incoming, out: mpsc::Sender<ToRunner>) -> Result<Connect, Closing> {
    let FromRunner::Hello {
        protocol,
        version,
        platform,
        agents,
        concurrency,
        held,
        paused,
        serves,
    } = parse(incoming)?
    else {
        return Err(Closing(close::PROTOCOL, "the first message is hello".to_owned()));
    };
    if protocol < PROTOCOL {
        return Err(Closing(
            close::PROTOCOL,
            format!("this server speaks version {PROTOCOL} of the protocol, the runner {protocol}"),
        ));
    }
    let lists = [&serves.workspaces, &serves.people, &serves.repositories];
    let long = lists
        .iter()
        .any(|list| list.len() > MOST || list.iter().any(|text| text.len() > MOST_ADDRESS));
    let too_many = long || held.len() > MOST || concurrency as usize > MOST;
    if too_many || version.len() + platform.len() > MOST_NAME || !agents_are_few(&agents) {
        return Err(Closing(close::PROTOCOL, "hello tells of too much".to_owned()));
    }
    Ok(Connect {
        version,
        platform,
        agents,
        concurrency,
        held,
        paused,
        serves,
        out,
    })
}

fn closing(error: CommandError) -> Closing {
    match error {
        CommandError::Refused(refused) if refused.refusal.rule == Rule::Run1 => Closing(close::DISPLACED, short(&refused.refusal.detail)),
        CommandError::Refused(refused) if refused.refusal.rule == Rule::Run5 => Closing(close::AGAIN, short(&refused.refusal.detail)),
        CommandError::Refused(refused) => Closing(close::PROTOCOL, short(&refused.refusal.detail)),
        CommandError::NotFound => Closing::revoked(),
        CommandError::Store(error) => Closing::again(error),
        CommandError::Died => Closing::again("an actor died"),
    }
}

/// A close reason has at most 123 bytes.
fn short(text: &str) -> String {
    text.chars().take(100).filter(char::is_ascii).collect()
}
