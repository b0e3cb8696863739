//! Messages of the sync socket: the y-websocket protocol and Coord's acknowledgement (`protocol/src/canvas.rs`).

use crate::bytes::{Malformed, Reader, put_buffer, put_number};
use coord_protocol::canvas::message;

/// A message from a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Message<'a> {
    /// What it has, as an encoded state vector: it asks for what it lacks.
    Step1(&'a [u8]),
    /// What the server lacks; the answer to the server's own step 1.
    Step2(&'a [u8]),
    /// A change.
    Update(&'a [u8]),
    /// Presence, see [`crate::presence`].
    Awareness(&'a [u8]),
    /// It asks for everybody's presence.
    QueryAwareness,
}

/// Reads a message; there is one in a frame.
///
/// # Errors
/// [`Malformed`].
pub fn parse(frame: &[u8]) -> Result<Message<'_>, Malformed> {
    let mut reader = Reader::new(frame);
    let message = match reader.number()? {
        message::SYNC => match reader.number()? {
            0 => Message::Step1(reader.buffer()?),
            1 => Message::Step2(reader.buffer()?),
            2 => Message::Update(reader.buffer()?),
            _ => return Err(Malformed("a sync message of an unknown kind")),
        },
        message::AWARENESS => Message::Awareness(reader.buffer()?),
        message::QUERY_AWARENESS => Message::QueryAwareness,
        _ => return Err(Malformed("a message of an unknown kind")),
    };
    reader.end()?;
    Ok(message)
}

fn sync(step: u64, bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() + 12);
    put_number(&mut out, message::SYNC);
    put_number(&mut out, step);
    put_buffer(&mut out, bytes);
    out
}

/// Asks the client for what the server lacks.
#[must_use]
pub fn step1(state_vector: &[u8]) -> Vec<u8> {
    sync(0, state_vector)
}

/// Answers a client's step 1.
#[must_use]
pub fn step2(update: &[u8]) -> Vec<u8> {
    sync(1, update)
}

/// Tells a change.
#[must_use]
pub fn update(update: &[u8]) -> Vec<u8> {
    sync(2, update)
}

/// Tells presence.
#[must_use]
pub fn awareness(update: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(update.len() + 8);
    put_number(&mut out, message::AWARENESS);
    put_buffer(&mut out, update);
    out
}

/// Says why an edit was not taken.
#[must_use]
pub fn denied(reason: &str) -> Vec<u8> {
    let mut out = vec![];
    put_number(&mut out, message::AUTH);
    put_number(&mut out, 0);
    put_buffer(&mut out, reason.as_bytes());
    out
}

/// Says how many of the client's sync messages are committed.
#[must_use]
pub fn ack(messages: u64) -> Vec<u8> {
    let mut out = vec![];
    put_number(&mut out, message::ACK);
    put_number(&mut out, messages);
    out
}
