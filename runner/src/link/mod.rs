//! The one WebSocket to the server: connect, greet, keep alive, reconnect.
//!
//! It knows frames and time, not jobs: what arrives goes to the [`Desk`], what leaves comes from it. One message at a time is on its way
//! out, taken only when the socket has room; incoming messages are handled as they are read. Nothing queues here without a bound.

use crate::{
    clock::Clock,
    desk::{Desk, Phase},
    outbox::encode,
};
use coord_protocol::{
    rule::Rule,
    runner::{CLOSE_DISPLACED, CLOSE_REVOKED, FromRunner, MAX_MESSAGE, ToRunner},
};
use futures_util::{SinkExt, StreamExt, stream::SplitStream};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::{net::TcpStream, sync::mpsc};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream,
    tungstenite::{
        Error as SocketError, Message,
        client::IntoClientRequest,
        http::{HeaderValue, header::AUTHORIZATION},
        protocol::WebSocketConfig,
    },
};

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// How long connecting and being welcomed may take.
const CONNECT: Duration = Duration::from_secs(15);

/// First and longest pause between attempts to connect.
const PAUSE: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(15));

/// Messages handed to the socket and not yet written, at most.
const OUT: usize = 4;

/// Why a connection ended.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// No connection could be made.
    #[error("cannot reach the server: {0}")]
    Connect(String),
    /// The server does not know the token.
    #[error("the server does not accept this runner's token; if the runner was removed, register it again and configure its new token")]
    Unauthorized,
    /// The server took the token back while it was in use.
    #[error("this runner was removed from the server, or its token was taken back")]
    Revoked,
    /// Another program has connected with the same token.
    #[error("another runner has connected with this token; each runner needs a token of its own")]
    Displaced,
    /// The server ended the connection with a reason.
    #[error("the server refused: {detail} ({rule})")]
    Refused {
        /// The rule's id.
        rule: &'static str,
        /// The server's words.
        detail: String,
    },
    /// The connection broke.
    #[error("the connection broke: {0}")]
    Broken(String),
    /// Nothing came for too long.
    #[error("the server has been silent for {0:?}")]
    Silent(Duration),
    /// The server sent something that is no message of this protocol.
    #[error("the server sent something unknown: {0}")]
    Unknown(String),
    /// This runner is stopping.
    #[error("stopped")]
    Stopped,
}

/// Keeps a connection until the desk says that all is over.
///
/// # Errors
/// [`LinkError::Displaced`]: two programs with one token would take the place from each other for ever, so the older one gives up.
pub async fn run(desk: Arc<Desk>, server: &str, token: &str, clock: Clock) -> Result<(), LinkError> {
    let address = format!("{}/api/v1/runner", server.replacen("http", "ws", 1));
    let mut phase = desk.phase();
    let mut failures: u32 = 0;
    loop {
        if *phase.borrow_and_update() == Phase::Over {
            return Ok(());
        }
        let began = Instant::now();
        let ended = tokio::select! {
            ended = connection(&desk, &address, token) => ended,
            _ = phase.wait_for(|phase| *phase == Phase::Over) => return Ok(()),
        };
        match ended {
            // Nobody waits for the work any more: its leases went with the token.
            LinkError::Revoked => desk.drop_all(),
            LinkError::Displaced => return Err(ended),
            LinkError::Stopped => return Ok(()),
            _ => {}
        }
        failures = if began.elapsed() > Duration::from_secs(30) {
            1
        } else {
            failures.saturating_add(1)
        };
        let pause = pause(failures, clock.chance());
        desk.disconnected(&ended.to_string(), pause);
        if desk.draining() {
            tracing::warn!("{ended}");
        } else {
            tracing::warn!("{ended}; trying again in {:.1} s", pause.as_secs_f64());
        }
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            _ = phase.wait_for(|phase| *phase == Phase::Over) => return Ok(()),
        }
    }
}

/// Pause after so many failures in a row: doubled each time, spread by half so that runners do not return all at once.
fn pause(failures: u32, chance: f64) -> Duration {
    let full = PAUSE
        .0
        .saturating_mul(2u32.saturating_pow(failures.saturating_sub(1).min(10)))
        .min(PAUSE.1);
    full.mul_f64(0.5 + chance / 2.0)
}

async fn connection(desk: &Arc<Desk>, address: &str, token: &str) -> LinkError {
    let socket = match tokio::time::timeout(CONNECT, connect(address, token)).await {
        Ok(Ok(socket)) => socket,
        Ok(Err(error)) => return error,
        Err(_) => return LinkError::Connect("it does not answer".to_owned()),
    };
    let (mut sink, mut stream) = socket.split();
    // The writer owns the sink, so that a full socket never keeps us from reading.
    let (out, mut waiting) = mpsc::channel::<Message>(OUT);
    let writer = tokio::spawn(async move {
        while let Some(message) = waiting.recv().await {
            sink.send(message).await?;
        }
        sink.close().await
    });
    let ended = talk(desk, &out, &mut stream).await;
    drop(out);
    // A close frame is a courtesy; a stuck socket does not get to delay the next connection.
    let abort = writer.abort_handle();
    if tokio::time::timeout(Duration::from_secs(1), writer).await.is_err() {
        abort.abort();
    }
    ended
}

async fn connect(address: &str, token: &str) -> Result<Socket, LinkError> {
    let mut request = address
        .into_client_request()
        .map_err(|error| LinkError::Connect(error.to_string()))?;
    let value = HeaderValue::from_str(&format!("Bearer {token}")).map_err(|_| LinkError::Unauthorized)?;
    request.headers_mut().insert(AUTHORIZATION, value);
    let config = WebSocketConfig::default()
        .max_message_size(Some(MAX_MESSAGE))
        .max_frame_size(Some(MAX_MESSAGE));
    match tokio_tungstenite::connect_async_with_config(request, Some(config), true).await {
        Ok((socket, _)) => Ok(socket),
        Err(SocketError::Http(response)) if matches!(response.status().as_u16(), 401 | 403) => Err(LinkError::Unauthorized),
        Err(SocketError::Http(response)) => Err(LinkError::Connect(format!("HTTP status {}", response.status()))),
        Err(error) => Err(LinkError::Connect(error.to_string())),
    }
}

async fn talk(desk: &Arc<Desk>, out: &mpsc::Sender<Message>, stream: &mut SplitStream<Socket>) -> LinkError {
    if out.send(Message::text(encode(&desk.hello()))).await.is_err() {
        return LinkError::Broken("closed".to_owned());
    }
    let welcome = match tokio::time::timeout(CONNECT, read(stream)).await {
        Ok(Ok(message)) => message,
        Ok(Err(error)) => return error,
        Err(_) => return LinkError::Silent(CONNECT),
    };
    let beat = match &welcome {
        ToRunner::Welcome { heartbeat_ms, .. } => Duration::from_millis(u64::from(*heartbeat_ms).clamp(20, 60_000)),
        ToRunner::Refused { rule, detail } => {
            return LinkError::Refused {
                rule: rule.id(),
                detail: detail.clone(),
            };
        }
        _ => return LinkError::Unknown("no welcome".to_owned()),
    };
    desk.receive(welcome);
    let silence = beat * 3;
    // Half the allowed pause, since a late heartbeat costs the claim and an early one nothing.
    let mut tick = tokio::time::interval(beat / 2);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut heard = Instant::now();
    let mut phase = desk.phase();
    let wake = desk.wake();
    let mut told_draining = false;
    loop {
        if desk.draining() && !told_draining {
            told_draining = true;
            if out.try_send(Message::text(encode(&FromRunner::Draining))).is_err() {
                told_draining = false;
            }
        }
        tokio::select! {
            frame = stream.next() => {
                heard = Instant::now();
                match understand(frame) {
                    Ok(Some(ToRunner::Refused { rule: Rule::Run1, .. })) => return LinkError::Revoked,
                    Ok(Some(ToRunner::Refused { rule, detail })) => return LinkError::Refused { rule: rule.id(), detail },
                    Ok(Some(message)) => desk.receive(message),
                    Ok(None) => {}
                    Err(error) => return error,
                }
            }
            changed = phase.changed() => {
                if changed.is_err() || *phase.borrow() == Phase::Over {
                    return LinkError::Stopped;
                }
            }
            _ = tick.tick() => {
                if heard.elapsed() > silence {
                    return LinkError::Silent(heard.elapsed());
                }
                // A full queue means that the socket takes nothing: the next check of silence decides. The ping makes even an
                // idle server answer.
                let _ = out.try_send(Message::text(encode(&FromRunner::Heartbeat)));
                let _ = out.try_send(Message::Ping(bytes::Bytes::new()));
                wake.notify_one();
            }
            // One place is left for heartbeats.
            () = wake.notified(), if out.capacity() > 2 => {
                if let Some(message) = desk.next() {
                    if out.send(Message::text(message)).await.is_err() {
                        return LinkError::Broken("closed".to_owned());
                    }
                    wake.notify_one();
                }
            }
            // The writer has taken something: ask again whether there is room.
            () = tokio::time::sleep(Duration::from_millis(5)), if out.capacity() <= 2 => {}
        }
    }
}

async fn read(stream: &mut SplitStream<Socket>) -> Result<ToRunner, LinkError> {
    loop {
        if let Some(message) = understand(stream.next().await)? {
            return Ok(message);
        }
    }
}

fn understand(frame: Option<Result<Message, SocketError>>) -> Result<Option<ToRunner>, LinkError> {
    match frame {
        Some(Ok(Message::Text(text))) => serde_json::from_str(&text)
            .map(Some)
            .map_err(|error| LinkError::Unknown(error.to_string())),
        Some(Ok(Message::Close(Some(frame)))) if u16::from(frame.code) == CLOSE_REVOKED => Err(LinkError::Revoked),
        Some(Ok(Message::Close(Some(frame)))) if u16::from(frame.code) == CLOSE_DISPLACED => Err(LinkError::Displaced),
        Some(Ok(Message::Close(reason))) => {
            let words = reason.map_or_else(|| "closed".to_owned(), |frame| format!("closed: {} {}", frame.code, frame.reason));
            Err(LinkError::Broken(words))
        }
        Some(Ok(Message::Binary(_))) => Err(LinkError::Unknown("a binary message".to_owned())),
        Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => Ok(None),
        Some(Err(error)) => Err(LinkError::Broken(error.to_string())),
        None => Err(LinkError::Broken("closed".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reconnects_wait_longer_each_time_spread_by_half() {
        assert_eq!(pause(1, 1.0), Duration::from_millis(250));
        assert_eq!(pause(1, 0.0), Duration::from_millis(125));
        assert_eq!(pause(3, 1.0), Duration::from_millis(1000));
        assert_eq!(pause(100, 1.0), Duration::from_secs(15));
    }
}
