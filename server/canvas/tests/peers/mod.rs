//! Several people on one canvas: real Yjs documents (yrs), what they send, and a server's [`Document`] between them.

#![allow(
    dead_code,
    clippy::allow_attributes,
    reason = "each test file is its own program and uses a part of this"
)]

pub mod mutate;

use coord_canvas::{Admitted, Change, Document, NotAdmitted, Ownership, model};
use std::{
    cell::{Cell, RefCell},
    collections::{HashMap, VecDeque},
    rc::Rc,
};
use yrs::{
    Any, Array as _, ArrayPrelim, ClientID, Doc, GetString as _, Map as _, MapPrelim, MapRef, OffsetKind, Options, Out, ReadTxn as _,
    StateVector, Text as _, TextPrelim, TextRef, Transact as _, TransactionMut, UndoManager, Update,
    types::ToJson as _,
    undo,
    updates::{decoder::Decode as _, encoder::Encode as _},
};

/// Client numbers as browsers draw them, and the outermost there are.
pub const CLIENTS: [u64; 4] = [11, 3_735_928_559, 1_204_771_003, (1 << 53) - 1];

const IDS: [&str; 6] = ["a", "b", "c", "d", "e", "f"];
const WORDS: [&str; 8] = ["a", "two ", "drei", "🎉", "é", "日本", "👩‍👩‍👧", "\n"];

/// Something drawn: what, and two numbers to choose with.
pub type Draw = (u8, u32, u32);

/// A person's tab.
pub struct Peer {
    pub doc: Doc,
    pub client: u64,
    objects: MapRef,
    links: MapRef,
    undo: UndoManager,
    made: Rc<RefCell<VecDeque<Vec<u8>>>>,
    remote: Rc<Cell<bool>>,
}

impl Peer {
    pub fn new(client: u64, skip_gc: bool) -> Self {
        let doc = Doc::with_options(Options {
            offset_kind: OffsetKind::Utf16,
            skip_gc,
            ..Options::with_guid_and_client_id("canvas".into(), ClientID::new(client))
        });
        let (objects, links) = (doc.get_or_insert_map("objects"), doc.get_or_insert_map("links"));
        doc.get_or_insert_map("meta");
        let mut undo = UndoManager::with_options(undo::Options {
            capture_timeout_millis: 0,
            ..undo::Options::default()
        });
        undo.expand_scope(&doc, &objects);
        undo.expand_scope(&doc, &links);
        let (made, remote) = (Rc::new(RefCell::new(VecDeque::new())), Rc::new(Cell::new(false)));
        let (to, is_remote) = (Rc::clone(&made), Rc::clone(&remote));
        doc.observe_update_v1("sent", move |_, event| {
            if !is_remote.get() {
                to.borrow_mut().push_back(event.update.clone());
            }
        })
        .unwrap();
        Self {
            doc,
            client,
            objects,
            links,
            undo,
            made,
            remote,
        }
    }

    /// The updates it made and did not send yet.
    pub fn outbox(&self) -> std::cell::RefMut<'_, VecDeque<Vec<u8>>> {
        self.made.borrow_mut()
    }

    /// Takes an update of others in.
    pub fn receive(&self, update: &[u8]) {
        self.remote.set(true);
        self.doc
            .transact_mut_with("remote")
            .apply_update(Update::decode_v1(update).unwrap())
            .unwrap();
        self.remote.set(false);
    }

    pub fn state_vector(&self) -> Vec<u8> {
        self.doc.transact().state_vector().encode_v1()
    }

    pub fn whole(&self) -> Vec<u8> {
        self.doc.transact().encode_state_as_update_v1(&StateVector::default())
    }

    /// What somebody with this state vector lacks.
    pub fn answer(&self, state_vector: &[u8]) -> Vec<u8> {
        self.doc.transact().encode_diff_v1(&StateVector::decode_v1(state_vector).unwrap())
    }

    fn object(&self, txn: &TransactionMut<'_>, which: u32) -> Option<MapRef> {
        match self.objects.get(txn, IDS[which as usize % IDS.len()]) {
            Some(Out::YMap(map)) => Some(map),
            _ => None,
        }
    }

    fn text(&self, txn: &TransactionMut<'_>, which: u32) -> Option<TextRef> {
        match self.object(txn, which)?.get(txn, "txt") {
            Some(Out::YText(text)) => Some(text),
            _ => None,
        }
    }

    pub fn add(&mut self, id: &str) {
        self.undo.reset();
        let mut txn = self.doc.transact_mut();
        let object = self.objects.insert(&mut txn, id, MapPrelim::default());
        object.insert(&mut txn, "txt", TextPrelim::new(id));
    }

    /// Deletes all objects in one step.
    pub fn remove_all(&mut self) {
        self.undo.reset();
        let mut txn = self.doc.transact_mut();
        let ids: Vec<String> = self.objects.keys(&txn).map(str::to_owned).collect();
        for id in ids {
            self.objects.remove(&mut txn, &id);
        }
    }

    pub fn undo(&mut self) -> bool {
        self.undo.undo_blocking()
    }

    pub fn redo(&mut self) -> bool {
        self.undo.redo_blocking()
    }

    /// One edit, as a person makes it.
    pub fn edit(&mut self, (what, a, b): Draw) {
        match what % 12 {
            0 => {
                self.undo.undo_blocking();
                return;
            }
            1 => {
                self.undo.redo_blocking();
                return;
            }
            _ => {}
        }
        self.undo.reset();
        let mut txn = self.doc.transact_mut();
        let (id, other) = (IDS[a as usize % IDS.len()], IDS[b as usize % IDS.len()]);
        match what % 12 {
            // Also in place of one that is there.
            2 => {
                let object = self.objects.insert(&mut txn, id, MapPrelim::default());
                object.insert(&mut txn, "t", if b % 2 == 0 { "idea" } else { "group" });
                object.insert(&mut txn, "at", place(other, a, b));
                object.insert(&mut txn, "txt", TextPrelim::new(WORDS[b as usize % WORDS.len()]));
            }
            3 | 4 => {
                if let Some(text) = self.text(&txn, a) {
                    let places = boundaries(&text.get_string(&txn));
                    text.insert(&mut txn, places[b as usize % places.len()], WORDS[(b / 7) as usize % WORDS.len()]);
                }
            }
            5 => {
                if let Some(text) = self.text(&txn, a) {
                    let places = boundaries(&text.get_string(&txn));
                    let from = b as usize % places.len();
                    let to = (from + 1 + (b / 11) as usize % 4).min(places.len() - 1);
                    text.remove_range(&mut txn, places[from], places[to] - places[from]);
                }
            }
            6 => {
                if let Some(text) = self.text(&txn, a) {
                    let len = text.len(&txn);
                    let from = if len == 0 { 0 } else { b % len };
                    let bold = yrs::types::Attrs::from([("b".into(), Any::from(b % 3 == 0))]);
                    if b % 2 == 0 {
                        let places = boundaries(&text.get_string(&txn));
                        let (from, to) = (places[from as usize % places.len()], *places.last().unwrap());
                        text.format(&mut txn, from, to - from, bold);
                    } else {
                        // At the end: places are counted in letters alone.
                        text.insert_embed(&mut txn, len, Any::from("embedded"));
                    }
                }
            }
            7 => {
                if let Some(object) = self.object(&txn, a) {
                    object.insert(&mut txn, "at", place(other, b, a));
                }
            }
            8 => drop(self.objects.remove(&mut txn, id)),
            9 => {
                let link = self.links.insert(&mut txn, format!("{id}{other}"), MapPrelim::default());
                link.insert(&mut txn, "f", Any::from(vec![Any::from(id), Any::from("auto")]));
                link.insert(&mut txn, "to", Any::from(vec![Any::from(other), Any::from("top")]));
            }
            10 => drop(self.links.remove(&mut txn, &format!("{id}{other}"))),
            // What nobody's canvas does, and still is Yjs.
            _ => {
                if let Some(object) = self.object(&txn, a) {
                    let list = object.insert(&mut txn, "more", ArrayPrelim::default());
                    list.push_back(&mut txn, Any::from(vec![Any::Null, Any::from(1.5), Any::from(i64::from(b))]));
                    let within = list.push_back(&mut txn, MapPrelim::default());
                    within.insert(&mut txn, "deep", TextPrelim::new("👍"));
                    list.insert(&mut txn, 0, Any::from(a % 2 == 0));
                }
            }
        }
    }
}

fn place(parent: &str, x: u32, y: u32) -> Any {
    Any::from(vec![
        Any::from(parent),
        Any::from(f64::from(x % 900)),
        Any::from(f64::from(y) / 7.0),
    ])
}

/// Where a text can be cut, in UTF-16 units.
fn boundaries(text: &str) -> Vec<u32> {
    let mut at = 0;
    let mut places = vec![0];
    for char in text.chars() {
        at += u32::try_from(char.len_utf16()).unwrap();
        places.push(at);
    }
    places
}

/// What a document says: whose how much, what is deleted, and what readers see of its roots.
#[derive(Debug, PartialEq)]
pub struct Says {
    snapshot: yrs::Snapshot,
    roots: Vec<Any>,
}

pub fn says(doc: &Doc) -> Says {
    let roots = ["meta", "objects", "links"].map(|name| doc.get_or_insert_map(name));
    let txn = doc.transact();
    Says {
        snapshot: txn.snapshot(),
        roots: roots.iter().map(|root| root.to_json(&txn)).collect(),
    }
}

/// A fresh document with these updates.
pub fn made_of<'u>(updates: impl IntoIterator<Item = &'u [u8]>) -> Doc {
    let peer = Peer::new(5, false);
    for update in updates {
        peer.receive(update);
    }
    peer.doc.clone()
}

/// The server's side.
#[derive(Default)]
pub struct Server {
    pub document: Document,
    owners: HashMap<u64, usize>,
    /// What was committed, in order.
    pub journal: Vec<Change>,
}

impl Server {
    pub fn admit(&self, by: usize, update: &[u8]) -> Result<Admitted, NotAdmitted> {
        self.document.admit(update, &|client| match self.owners.get(&client) {
            None => Ownership::Free,
            Some(owner) if *owner == by => Ownership::Own,
            Some(_) => Ownership::Other,
        })
    }

    pub fn take(&mut self, by: usize, update: &[u8]) -> Result<(), NotAdmitted> {
        let admitted = self.admit(by, update)?;
        for client in &admitted.taken {
            self.owners.insert(*client, by);
        }
        let change = self.document.apply(admitted);
        self.journal.push(change);
        Ok(())
    }

    /// As after a snapshot, or a restart.
    pub fn compact(&mut self) {
        let smaller = model::compact(&self.document.encode()).unwrap();
        let document = Document::load([smaller.as_slice()]).unwrap();
        assert_eq!(document.state_vector(), self.document.state_vector());
        self.document = document;
    }
}

/// People and a server, and the wires between them.
pub struct World {
    pub server: Server,
    pub peers: Vec<Peer>,
    /// How much of the journal each has been told.
    told: Vec<usize>,
    /// Every update that was sent, and by whom, in an order that holds.
    pub sent: Vec<(usize, Vec<u8>)>,
    /// Documents as they were at some moment.
    pub earlier: Vec<Vec<u8>>,
}

impl World {
    pub fn new() -> Self {
        Self {
            server: Server::default(),
            // One that keeps what is deleted, as Yjs's undo does.
            peers: CLIENTS
                .iter()
                .enumerate()
                .map(|(index, client)| Peer::new(*client, index == 1))
                .collect(),
            told: vec![0; CLIENTS.len()],
            sent: vec![],
            earlier: vec![],
        }
    }

    /// Performs a step. Every honest update must be admitted.
    pub fn step(&mut self, compacts: bool, (what, a, b): Draw) {
        let peer = a as usize % self.peers.len();
        match what {
            0..150 => self.peers[peer].edit((what, a / 4, b)),
            150..190 => self.up(peer),
            190..225 => self.down(peer),
            225..240 => self.reconnect(peer),
            240..248 => self.earlier.push(self.peers[peer].whole()),
            _ if compacts => self.server.compact(),
            _ => self.meet(),
        }
    }

    /// Sends the oldest thing that was not sent.
    pub fn up(&mut self, peer: usize) {
        let next = self.peers[peer].outbox().pop_front();
        if let Some(update) = next {
            self.server.take(peer, &update).expect("an honest update is admitted");
            self.sent.push((peer, update));
        }
    }

    /// Tells the next thing.
    pub fn down(&mut self, peer: usize) {
        if let Some(change) = self.server.journal.get(self.told[peer]) {
            self.told[peer] += 1;
            self.peers[peer].receive(&change.encode());
        }
    }

    /// A new connection: what is on its way is lost, and both ask for what they lack.
    pub fn reconnect(&mut self, peer: usize) {
        self.peers[peer].outbox().clear();
        let update = self.peers[peer].answer(&self.server.document.state_vector());
        self.server.take(peer, &update).expect("an honest answer is admitted");
        self.sent.push((peer, update));
        let answer = self.server.document.answer(&self.peers[peer].state_vector()).unwrap();
        self.peers[peer].receive(&answer);
        self.told[peer] = self.server.journal.len();
    }

    /// All come back, twice: the first have not heard the last the first time.
    pub fn meet(&mut self) {
        for peer in (0..self.peers.len()).chain(0..self.peers.len()) {
            self.reconnect(peer);
        }
    }
}
