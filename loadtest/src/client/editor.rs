//! Somebody on a canvas: a Yjs document behind the y-websocket protocol, and what is known of the others by their clocks alone.

use super::socket::connect;
use anyhow::{Context as _, Result, bail};
use bytes::Bytes;
use futures_util::{
    SinkExt as _, StreamExt as _,
    stream::{SplitSink, SplitStream},
};
use std::collections::HashMap;
use tokio_tungstenite::tungstenite::Message;
use yrs::{
    Any, ClientID, Doc, Map as _, MapPrelim, MapRef, OffsetKind, Options, ReadTxn as _, StateVector, TextPrelim, Transact as _, Update,
    WriteTxn as _,
    encoding::{
        read::{Cursor, Read as _},
        write::Write as _,
    },
    updates::{decoder::Decode as _, encoder::Encode as _},
};

/// Numbers of the messages (`protocol/src/canvas.rs`).
const SYNC: u64 = 0;
const AWARENESS: u64 = 1;
const ACK: u64 = 100;

/// A message of the server, as far as it matters here.
#[derive(Debug)]
pub enum Heard {
    /// It asks for what it lacks.
    Question,
    /// What was asked for.
    Answer(Bytes),
    /// A change.
    Change(Bytes),
    /// Presence: clients and their clocks.
    Presence(Vec<(u64, u32)>),
    /// So many of the own messages are committed.
    Ack(u64),
    /// Something else.
    Other,
}

fn message(kind: u64, step: Option<u64>, bytes: &[u8]) -> Message {
    let mut out = Vec::with_capacity(bytes.len() + 16);
    out.write_var(kind);
    if let Some(step) = step {
        out.write_var(step);
    }
    out.write_buf(bytes);
    Message::binary(out)
}

/// Asks for what is missing; `known` is an encoded state vector.
#[must_use]
pub fn question(known: &[u8]) -> Message {
    message(SYNC, Some(0), known)
}

/// The answer to the server's question.
#[must_use]
pub fn answer(update: &[u8]) -> Message {
    message(SYNC, Some(1), update)
}

/// A change.
#[must_use]
pub fn change(update: &[u8]) -> Message {
    message(SYNC, Some(2), update)
}

/// Presence of one client.
#[must_use]
pub fn presence(client: u64, clock: u32, state: &str) -> Message {
    let mut entry = Vec::with_capacity(state.len() + 16);
    entry.write_var(1_u64);
    entry.write_var(client);
    entry.write_var(clock);
    entry.write_string(state);
    message(AWARENESS, None, &entry)
}

fn read(frame: &Bytes) -> Result<Heard, yrs::encoding::read::Error> {
    let mut cursor = Cursor::new(frame);
    Ok(match cursor.read_var::<u64>()? {
        SYNC => match cursor.read_var::<u64>()? {
            0 => Heard::Question,
            1 => Heard::Answer(frame.slice_ref(cursor.read_buf()?)),
            2 => Heard::Change(frame.slice_ref(cursor.read_buf()?)),
            _ => Heard::Other,
        },
        AWARENESS => {
            let mut entries = Cursor::new(cursor.read_buf()?);
            let mut people = vec![];
            for _ in 0..entries.read_var::<u32>()? {
                people.push((entries.read_var()?, entries.read_var()?));
                entries.read_string()?;
            }
            Heard::Presence(people)
        }
        ACK => Heard::Ack(cursor.read_var()?),
        _ => Heard::Other,
    })
}

type Stream = super::socket::Stream;

/// The half of a connection that hears.
pub struct Ear(SplitStream<Stream>);

/// The half that speaks.
pub struct Mouth(SplitSink<Stream, Message>);

/// Connects to a canvas's socket.
///
/// # Errors
/// When the server is not there or refuses.
pub async fn open(address: &str, authorization: &str) -> Result<(Mouth, Ear)> {
    let (sink, stream) = connect(address, authorization).await?.split();
    Ok((Mouth(sink), Ear(stream)))
}

impl Ear {
    /// The next message. Safe to be given up while it waits.
    ///
    /// # Errors
    /// When the connection ended or the message is broken.
    pub async fn next(&mut self) -> Result<Heard> {
        loop {
            match self.0.next().await {
                Some(Ok(Message::Binary(frame))) => return read(&frame).context("a message of the server is broken"),
                Some(Ok(Message::Close(Some(frame)))) => bail!("closed: {} {}", frame.code, frame.reason),
                Some(Ok(Message::Close(None))) | None => bail!("closed"),
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(error.into()),
            }
        }
    }

    /// Hears until the answer to one's own question is there, and gives it.
    ///
    /// # Errors
    /// When the connection ends before.
    pub async fn answered(&mut self) -> Result<Bytes> {
        loop {
            if let Heard::Answer(update) = self.next().await? {
                return Ok(update);
            }
        }
    }
}

impl Mouth {
    /// Says something.
    ///
    /// # Errors
    /// When the connection ended.
    pub async fn say(&mut self, message: Message) -> Result<()> {
        Ok(self.0.send(message).await?)
    }

    /// What a client with an empty document says first: a question for everything, and that it has nothing of its own.
    ///
    /// # Errors
    /// When the connection ended.
    pub async fn join(&mut self) -> Result<()> {
        self.0.feed(question(&StateVector::default().encode_v1())).await?;
        self.say(answer(&[0, 0])).await
    }
}

/// How far the changes of each client are known.
#[derive(Debug, Default)]
pub struct Known(HashMap<u64, u32>);

impl Known {
    /// Takes in an update; `new` is told of each client whose clock rose, from where and to where.
    ///
    /// # Errors
    /// When the update is broken.
    pub fn take(&mut self, update: &[u8], mut new: impl FnMut(u64, u32, u32)) -> Result<()> {
        let update = Update::decode_v1(update).context("an update of the server is broken")?;
        for (client, ranges) in update.insertions(true).iter() {
            let known = self.0.entry(client.get()).or_default();
            let (from, to) = (*known, ranges.iter().map(|range| range.end).max().unwrap_or(0));
            if to > from {
                *known = to;
                new(client.get(), from, to);
            }
        }
        Ok(())
    }

    /// How far a client's are known.
    #[must_use]
    pub fn of(&self, client: u64) -> u32 {
        self.0.get(&client).copied().unwrap_or(0)
    }
}

/// What one client writes: some objects, each moved about.
pub struct Pen {
    doc: Doc,
    /// Its client id.
    pub client: u64,
    objects: Vec<MapRef>,
}

impl Pen {
    /// An empty document.
    #[must_use]
    pub fn new(client: u64) -> Self {
        let options = Options {
            offset_kind: OffsetKind::Utf16,
            ..Options::with_guid_and_client_id("load".into(), ClientID::new(client))
        };
        Self {
            doc: Doc::with_options(options),
            client,
            objects: vec![],
        }
    }

    /// The next clock: how many things it has written.
    #[must_use]
    pub fn clock(&self) -> u32 {
        self.doc.transact().state_vector().get(&ClientID::new(self.client))
    }

    /// Adds notes with some words in them; the change.
    pub fn add(&mut self, count: usize) -> Vec<u8> {
        let mut txn = self.doc.transact_mut();
        let objects = txn.get_or_insert_map("objects");
        for _ in 0..count {
            let n = self.objects.len();
            let note = objects.insert(&mut txn, format!("{:x}-{n}", self.client), MapPrelim::default());
            let (x, y) = ((n % 100) as f64 * 260.0, (n / 100) as f64 * 260.0);
            note.insert(&mut txn, "t", "sticky");
            note.insert(&mut txn, "at", place(x, y));
            note.insert(&mut txn, "z", format!("a{n:04x}"));
            note.insert(&mut txn, "c", "amber");
            note.insert(&mut txn, "txt", TextPrelim::new(format!("Note {n}: words that somebody wrote")));
            self.objects.push(note);
        }
        txn.encode_update_v1()
    }

    /// Moves one of them; the change.
    pub fn move_to(&mut self, object: usize, x: f64, y: f64) -> Vec<u8> {
        let mut txn = self.doc.transact_mut();
        if let Some(note) = self.objects.get(object) {
            note.insert(&mut txn, "at", place(x, y));
        }
        txn.encode_update_v1()
    }
}

fn place(x: f64, y: f64) -> Any {
    Any::Array(vec![Any::from(""), Any::from(x), Any::from(y)].into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_move_raises_the_clock_by_one_and_is_known_after_it_was_told_even_with_others() {
        let (mut one, mut other) = (Pen::new(7), Pen::new(8));
        let mut known = Known::default();
        known.take(&one.add(1), |_, _, _| {}).unwrap();
        let before = one.clock();
        let updates = [one.move_to(0, 1.0, 2.0), one.move_to(0, 3.0, 4.5), other.add(2)];
        let merged = yrs::merge_updates_v1(updates.iter().map(Vec::as_slice).collect::<Vec<_>>()).unwrap();
        let mut new = vec![];
        known.take(&merged, |client, from, to| new.push((client, from, to))).unwrap();
        new.sort_unstable();
        assert_eq!(new, [(7, before, before + 2), (8, 0, other.clock())]);
        known.take(&updates[0], |_, _, _| panic!("nothing new")).unwrap();
        assert_eq!(known.of(7), one.clock());
    }

    #[test]
    fn messages_are_what_the_protocol_says() {
        let frame = |message: Message| message.into_data();
        assert!(matches!(read(&frame(question(&[0]))), Ok(Heard::Question)));
        assert!(matches!(read(&frame(answer(&[0, 0]))), Ok(Heard::Answer(update)) if update[..] == [0, 0]));
        assert!(matches!(read(&frame(change(&[0, 0]))), Ok(Heard::Change(_))));
        let people = read(&frame(presence(1 << 40, 300, "{}")));
        assert!(matches!(people, Ok(Heard::Presence(people)) if people == [(1 << 40, 300)]));
        assert!(matches!(read(&Bytes::from_static(&[100, 0xac, 2])), Ok(Heard::Ack(300))));
        assert!(read(&Bytes::from_static(&[0, 2, 9, 1])).is_err());
    }
}
