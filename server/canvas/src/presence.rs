//! Presence: who is on a canvas, where and with what selected (`y-protocols/awareness`).
//!
//! The server makes what it sends itself. It keeps one entry per connection, and stamps who it is.

use crate::bytes::{MAX_SAFE, Malformed, Reader, put_buffer, put_number};
use coord_protocol::canvas::MAX_PRESENCE;
use serde_json::{Map, Value};

/// Most entries of a message. Plain clients send what they heard of others back.
const MAX_ENTRIES: u32 = 1_000;

/// What a client says of itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Said {
    /// Its document's client id.
    pub client: u64,
    /// Its own count of changes.
    pub clock: u32,
    /// What it shows; `None` when it leaves.
    pub state: Option<Map<String, Value>>,
}

/// Reads what a connection says of itself: of the entries the one of `own`, or the first that `may_be_own` when none is known yet.
///
/// # Errors
/// When the message is malformed, too large, or its state is no JSON object.
pub fn parse(message: &[u8], own: Option<u64>, may_be_own: impl Fn(u64) -> bool) -> Result<Option<Said>, Malformed> {
    let mut reader = Reader::new(message);
    let count = reader.small()?;
    if count > MAX_ENTRIES {
        return Err(Malformed("too many entries of presence"));
    }
    let mut said = None;
    for _ in 0..count {
        let client = reader.number()?;
        let clock = reader.small()?;
        let state = reader.string()?;
        if said.is_none() && own.map_or_else(|| may_be_own(client), |own| own == client) {
            if state.len() > MAX_PRESENCE {
                return Err(Malformed("presence is too large"));
            }
            said = Some((client, clock, state));
        }
    }
    reader.end()?;
    let Some((client, clock, state)) = said else { return Ok(None) };
    let state = match serde_json::from_str(state) {
        Ok(Value::Object(state)) => Some(state),
        Ok(Value::Null) => None,
        Ok(_) | Err(_) => return Err(Malformed("presence is no JSON object")),
    };
    Ok(Some(Said { client, clock, state }))
}

/// An entry as everybody is told it.
#[derive(Debug, Clone, Copy)]
pub struct Told<'a> {
    /// Client id.
    pub client: u64,
    /// Rises with each change of the entry.
    pub clock: u32,
    /// JSON; `null` for who left.
    pub state: &'a str,
}

/// Entries as one message.
#[must_use]
pub fn encode<'a>(entries: impl ExactSizeIterator<Item = Told<'a>>) -> Vec<u8> {
    let mut out = vec![];
    put_number(&mut out, entries.len() as u64);
    for entry in entries {
        debug_assert!(entry.client <= MAX_SAFE);
        put_number(&mut out, entry.client);
        put_number(&mut out, u64::from(entry.clock));
        put_buffer(&mut out, entry.state.as_bytes());
    }
    out
}
