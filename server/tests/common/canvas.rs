//! A canvas's client: a Yjs document (yrs) behind the y-websocket protocol.

use super::{
    Person,
    live::{End, PATIENCE, Socket},
};
use coord_canvas::{
    presence::{self, Told},
    wire::{self, Message as Sync},
};
use futures_util::{SinkExt as _, StreamExt as _};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use yrs::{
    Any, Doc, GetString as _, Map as _, MapPrelim, OffsetKind, Options, Out, ReadTxn as _, StateVector, Text as _, TextPrelim,
    Transact as _, Update, WriteTxn as _,
    updates::{decoder::Decode as _, encoder::Encode as _},
};

/// A connected client.
pub struct Client {
    pub doc: Doc,
    pub socket: Socket,
    /// How many of its changes are committed.
    pub acked: u64,
    /// Changes sent on this connection.
    pub sent: u64,
    /// Reasons for which changes were not taken.
    pub denied: Vec<String>,
    /// What it was sent when it joined, as it came.
    pub first: Vec<u8>,
    /// Presence messages as they came.
    pub people: Vec<Vec<u8>>,
}

/// A new document with this client id.
pub fn doc(client: u64) -> Doc {
    Doc::with_options(Options {
        offset_kind: OffsetKind::Utf16,
        ..Options::with_guid_and_client_id("test".into(), yrs::ClientID::new(client))
    })
}

impl Client {
    /// Joins a canvas and waits until it has everything.
    pub async fn join(person: &Person, canvas: &str, client: u64) -> Self {
        Self::rejoin(person, canvas, doc(client)).await
    }

    /// Joins with a document that may know something already.
    pub async fn rejoin(person: &Person, canvas: &str, doc: Doc) -> Self {
        let socket = person.socket(&format!("/canvases/{canvas}/sync?acks=1")).await.expect("let in");
        let mut client = Self {
            doc,
            socket,
            acked: 0,
            sent: 0,
            denied: vec![],
            first: vec![],
            people: vec![],
        };
        let state_vector = client.doc.transact().state_vector().encode_v1();
        client.send(wire::step1(&state_vector)).await;
        // The server's question is answered on the way; its answer ends the wait.
        loop {
            if client.step().await.expect("the server goes on") == Some(1) {
                return client;
            }
        }
    }

    pub async fn send(&mut self, bytes: Vec<u8>) {
        self.socket.0.send(Message::binary(bytes)).await.unwrap();
    }

    /// Takes one message; for a sync message, its kind.
    pub async fn step(&mut self) -> Result<Option<u8>, End> {
        loop {
            let frame = match timeout(PATIENCE, self.socket.0.next()).await.expect("the server says something") {
                Some(Ok(Message::Binary(frame))) => frame,
                Some(Ok(Message::Close(Some(frame)))) => return Err(End::Closed(frame.code.into())),
                Some(Ok(Message::Close(None)) | Err(_)) | None => return Err(End::Broken),
                Some(Ok(_)) => continue,
            };
            match frame[0] {
                100 => {
                    self.acked = number(&frame[1..]);
                    return Ok(None);
                }
                2 => {
                    self.denied.push(String::from_utf8_lossy(&frame[3..]).into_owned());
                    return Ok(None);
                }
                _ => {}
            }
            match wire::parse(&frame).expect("a message") {
                Sync::Step1(known) => {
                    let known = StateVector::decode_v1(known).unwrap();
                    let update = self.doc.transact().encode_diff_v1(&known);
                    self.sent += 1;
                    self.send(wire::step2(&update)).await;
                    return Ok(Some(0));
                }
                Sync::Step2(update) => {
                    self.first = update.to_vec();
                    self.doc.transact_mut().apply_update(Update::decode_v1(update).unwrap()).unwrap();
                    return Ok(Some(1));
                }
                Sync::Update(update) => {
                    self.doc.transact_mut().apply_update(Update::decode_v1(update).unwrap()).unwrap();
                    return Ok(Some(2));
                }
                Sync::Awareness(message) => {
                    self.people.push(message.to_vec());
                    return Ok(None);
                }
                Sync::QueryAwareness => return Ok(None),
            }
        }
    }

    /// Changes the document and sends the change.
    pub async fn edit(&mut self, change: impl FnOnce(&Doc, &mut yrs::TransactionMut<'_>)) {
        let before = self.doc.transact().state_vector();
        {
            let doc = self.doc.clone();
            let mut txn = doc.transact_mut();
            change(&doc, &mut txn);
        }
        let update = self.doc.transact().encode_diff_v1(&before);
        self.sent += 1;
        self.send(wire::update(&update)).await;
    }

    /// Adds an object with a text.
    pub async fn add(&mut self, id: &str, kind: &str, text: &str) {
        let (id, kind, text) = (id.to_owned(), kind.to_owned(), text.to_owned());
        self.edit(move |_, txn| {
            let objects = txn.get_or_insert_map("objects");
            let object = objects.insert(txn, id, MapPrelim::default());
            object.insert(txn, "t", kind);
            object.insert(txn, "at", Any::from(vec![Any::from(""), Any::from(10.0), Any::from(20.0)]));
            object.insert(txn, "txt", TextPrelim::new(text));
        })
        .await;
    }

    /// Waits until all it sent is committed.
    pub async fn saved(&mut self) {
        while self.acked < self.sent {
            self.step().await.expect("the server goes on");
        }
    }

    /// Waits until the document says something.
    pub async fn until(&mut self, says: impl Fn(&Self) -> bool) {
        while !says(self) {
            self.step().await.expect("the server goes on");
        }
    }

    /// How the connection ends.
    pub async fn end(&mut self) -> End {
        loop {
            if let Err(end) = self.step().await {
                return end;
            }
        }
    }

    /// The text of an object.
    pub fn text(&self, id: &str) -> Option<String> {
        let txn = self.doc.transact();
        let Some(Out::YMap(object)) = txn.get_map("objects")?.get(&txn, id) else {
            return None;
        };
        match object.get(&txn, "txt") {
            Some(Out::YText(text)) => Some(text.get_string(&txn)),
            _ => None,
        }
    }

    /// A plain value of an object.
    pub fn value(&self, id: &str, key: &str) -> Option<Any> {
        let txn = self.doc.transact();
        let Some(Out::YMap(object)) = txn.get_map("objects")?.get(&txn, id) else {
            return None;
        };
        match object.get(&txn, key) {
            Some(Out::Any(value)) => Some(value),
            _ => None,
        }
    }

    /// Types at the end of an object's text.
    pub async fn type_text(&mut self, id: &str, more: &str) {
        let (id, more) = (id.to_owned(), more.to_owned());
        self.edit(move |_, txn| {
            let Some(Out::YMap(object)) = txn.get_map("objects").and_then(|objects| objects.get(txn, &id)) else {
                return;
            };
            if let Some(Out::YText(text)) = object.get(txn, "txt") {
                let end = text.len(txn);
                text.insert(txn, end, &more);
            }
        })
        .await;
    }

    /// As [`Client::type_text`], but the change gets lost on the way.
    pub async fn lose(&mut self, id: &str, more: &str) -> bool {
        let mut txn = self.doc.transact_mut();
        let Some(Out::YMap(object)) = txn.get_map("objects").and_then(|objects| objects.get(&txn, id)) else {
            return false;
        };
        let Some(Out::YText(text)) = object.get(&txn, "txt") else {
            return false;
        };
        let end = text.len(&txn);
        text.insert(&mut txn, end, more);
        true
    }

    /// Draws a connector.
    pub async fn connect(&mut self, id: &str, from: &str, to: &str, kind: &str) {
        let end = |object: &str| Any::from(vec![Any::from(object), Any::from("auto")]);
        let (id, kind, from, to) = (id.to_owned(), kind.to_owned(), end(from), end(to));
        self.edit(move |_, txn| {
            let links = txn.get_or_insert_map("links");
            let link = links.insert(txn, id, MapPrelim::default());
            link.insert(txn, "k", kind);
            link.insert(txn, "f", from);
            link.insert(txn, "to", to);
        })
        .await;
    }

    /// Moves an object into a group.
    pub async fn move_into(&mut self, id: &str, group: &str) {
        let (id, place) = (id.to_owned(), Any::from(vec![Any::from(group), Any::from(24.0), Any::from(56.0)]));
        self.edit(move |_, txn| {
            if let Some(Out::YMap(object)) = txn.get_map("objects").and_then(|objects| objects.get(txn, &id)) {
                object.insert(txn, "at", place);
            }
        })
        .await;
    }

    /// The group in which the card of a job is, empty for none; nothing when there is no card.
    pub fn parent_of_card(&self, job: &str) -> Option<String> {
        let ids: Vec<String> = {
            let txn = self.doc.transact();
            txn.get_map("objects")?.keys(&txn).map(str::to_owned).collect()
        };
        let card = ids.iter().find(|id| self.value(id, "job") == Some(Any::from(job)))?;
        match self.value(card, "at") {
            Some(Any::Array(place)) => match place.first() {
                Some(Any::String(parent)) => Some(parent.to_string()),
                _ => None,
            },
            _ => Some(String::new()),
        }
    }

    /// Puts the card of a job on the canvas.
    pub async fn card(&mut self, id: &str, job: &str) {
        let (id, job) = (id.to_owned(), job.to_owned());
        self.edit(move |_, txn| {
            let objects = txn.get_or_insert_map("objects");
            let object = objects.insert(txn, id, MapPrelim::default());
            object.insert(txn, "t", "job");
            object.insert(txn, "job", job);
            object.insert(txn, "txt", TextPrelim::new(""));
        })
        .await;
    }

    /// Says something of a client id (presence).
    pub async fn say(&mut self, client: u64, state: &str) {
        let told = Told { client, clock: 1, state };
        self.send(wire::awareness(&presence::encode([told].into_iter()))).await;
    }

    /// The presence it was told: client id and state.
    pub fn told(&self) -> Vec<(u64, String)> {
        let decode = |message: &Vec<u8>| yrs::sync::AwarenessUpdate::decode_v1(message).unwrap();
        let entries = self.people.iter().flat_map(|message| decode(message).clients);
        entries.map(|(client, entry)| (client.get(), entry.json.to_string())).collect()
    }

    /// The next clock of its client id.
    pub fn clock(&self) -> u8 {
        let client = self.doc.client_id();
        u8::try_from(self.doc.transact().state_vector().get(&client)).unwrap()
    }

    /// Everything, in one canonical form.
    pub fn state(&self) -> Vec<u8> {
        let txn = self.doc.transact();
        txn.encode_state_as_update_v1(&StateVector::default())
    }
}

fn number(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .enumerate()
        .map(|(index, byte)| u64::from(byte & 0x7f) << (7 * index))
        .sum()
}
