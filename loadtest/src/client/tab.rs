//! Somebody's tab with a canvas: a whole Yjs document with undo, edited with and without a connection, as the web app does it.

use super::socket::{Stream, connect};
use anyhow::{Context as _, Result, bail};
use bytes::Bytes;
use coord_canvas::wire::{self, Message as Sync};
use coord_protocol::canvas::message;
use futures_util::{SinkExt as _, StreamExt as _, stream::SplitSink};
use std::{cell::RefCell, rc::Rc, time::Duration};
use tokio::{sync::mpsc, task::JoinHandle, time::timeout};
use tokio_tungstenite::tungstenite::Message;
use yrs::{
    Any, ClientID, Doc, Map as _, MapRef, OffsetKind, Options, ReadTxn as _, Snapshot, StateVector, Transact as _, UndoManager, Update,
    types::ToJson as _,
    undo,
    updates::{decoder::Decode as _, encoder::Encode as _},
};

/// Longest wait for the other side to take a frame or to let somebody in.
const PATIENCE: Duration = Duration::from_secs(5);

/// Frames that were heard and not looked at; then no more are read.
const WAITING: usize = 1_024;

/// What a document is: how much of whose is known, what is deleted, and what its roots say.
#[derive(Debug, Clone, PartialEq)]
pub struct State {
    /// Clocks and deletions.
    pub snapshot: Snapshot,
    /// The roots, as a reader has them.
    pub roots: Any,
}

/// A tab.
pub struct Tab {
    /// Its document.
    pub doc: Doc,
    /// The root of objects.
    pub objects: MapRef,
    /// The root of connectors.
    pub links: MapRef,
    /// Reasons for which changes were not taken.
    pub denied: Vec<String>,
    undo: UndoManager,
    /// Changes made here and not yet sent.
    made: Rc<RefCell<Vec<Made>>>,
    wire: Option<Wire>,
    /// The own clock up to which all is committed, as far as was told.
    saved: u32,
}

/// A change, and the own clock after it.
type Made = (Vec<u8>, u32);

struct Wire {
    out: SplitSink<Stream, Message>,
    heard: mpsc::Receiver<Result<Bytes, String>>,
    reader: JoinHandle<()>,
    /// The own clock after each change sent on this connection, and how many of them are committed.
    sent: Vec<u32>,
    acked: usize,
    /// Something could not be sent; the end of the connection is heard soon.
    broken: bool,
    /// The server's answer to the question at the beginning has come.
    answered: bool,
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.reader.abort();
    }
}

/// How a connection ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lost(pub String);

impl Tab {
    /// An empty document of this client id.
    ///
    /// # Errors
    /// When yrs does not let it be watched.
    pub fn new(client: u64) -> Result<Self> {
        let doc = Doc::with_options(Options {
            offset_kind: OffsetKind::Utf16,
            ..Options::with_guid_and_client_id("tab".into(), ClientID::new(client))
        });
        let (objects, links) = (doc.get_or_insert_map("objects"), doc.get_or_insert_map("links"));
        doc.get_or_insert_map("meta");
        let mut undo = UndoManager::with_options(undo::Options {
            capture_timeout_millis: 0,
            ..undo::Options::default()
        });
        undo.expand_scope(&doc, &objects);
        undo.expand_scope(&doc, &links);
        let made = Rc::new(RefCell::new(vec![]));
        let to = Rc::clone(&made);
        doc.observe_update_v1("made", move |txn, event| {
            if txn.origin().is_none_or(|origin| origin.as_ref() != FROM_OTHERS.as_bytes()) {
                to.borrow_mut()
                    .push((event.update.clone(), txn.state_vector().get(&ClientID::new(client))));
            }
        })
        .context("the document cannot be watched")?;
        Ok(Self {
            doc,
            objects,
            links,
            denied: vec![],
            undo,
            made,
            wire: None,
            saved: 0,
        })
    }

    /// Changes the document in one step that can be undone.
    pub fn edit(&mut self, change: impl FnOnce(&mut yrs::TransactionMut<'_>, &MapRef, &MapRef)) {
        self.undo.reset();
        let mut txn = self.doc.transact_mut();
        change(&mut txn, &self.objects, &self.links);
    }

    /// Takes the last own step back.
    pub fn undo(&mut self) {
        self.undo.undo_blocking();
    }

    /// Does what was taken back again.
    pub fn redo(&mut self) {
        self.undo.redo_blocking();
    }

    /// Whether there is a connection, as far as is known here.
    #[must_use]
    pub const fn is_connected(&self) -> bool {
        self.wire.is_some()
    }

    /// Whether it is connected, has everything from the beginning, and all it said is committed.
    #[must_use]
    pub fn is_saved(&self) -> bool {
        let wire = self.wire.as_ref();
        self.made.borrow().is_empty() && wire.is_some_and(|wire| wire.answered && !wire.broken && wire.acked == wire.sent.len())
    }

    /// Lets go of the connection, if there is one, without a word.
    pub fn leave(&mut self) {
        self.wire = None;
    }

    /// Connects and asks for everything that is not known here.
    ///
    /// # Errors
    /// When the server is not there or refuses.
    pub async fn join(&mut self, address: &str, authorization: &str) -> Result<()> {
        self.leave();
        let stream = timeout(PATIENCE, connect(address, authorization))
            .await
            .context("nobody lets in")??;
        let (mut out, mut stream) = stream.split();
        let (hear, heard) = mpsc::channel(WAITING);
        let reader = tokio::spawn(async move {
            loop {
                let frame = match stream.next().await {
                    Some(Ok(Message::Binary(frame))) => Ok(frame),
                    Some(Ok(Message::Close(Some(frame)))) => Err(format!("{} {}", frame.code, frame.reason)),
                    Some(Ok(Message::Close(None))) | None => Err("closed".to_owned()),
                    Some(Ok(_)) => continue,
                    Some(Err(error)) => Err(error.to_string()),
                };
                let ended = frame.is_err();
                if hear.send(frame).await.is_err() || ended {
                    return;
                }
            }
        });
        // What was made before goes with the answer to the server's question.
        self.made.borrow_mut().clear();
        let known = self.doc.transact().state_vector().encode_v1();
        timeout(PATIENCE, out.send(Message::binary(wire::step1(&known)))).await??;
        self.wire = Some(Wire {
            out,
            heard,
            reader,
            sent: vec![],
            acked: 0,
            broken: false,
            answered: false,
        });
        Ok(())
    }

    /// Sends what was made here and takes in what was heard. Returns why the connection ended, if it did.
    ///
    /// # Errors
    /// When the server says something broken.
    pub async fn pump(&mut self) -> Result<Option<Lost>> {
        self.flush().await;
        loop {
            let Some(wire) = &mut self.wire else { return Ok(None) };
            match wire.heard.try_recv() {
                Ok(Ok(frame)) => self.hear(&frame).await?,
                Ok(Err(why)) => {
                    self.leave();
                    return Ok(Some(Lost(why)));
                }
                Err(mpsc::error::TryRecvError::Empty) => return Ok(None),
                Err(mpsc::error::TryRecvError::Disconnected) => {
                    self.leave();
                    return Ok(Some(Lost("closed".to_owned())));
                }
            }
        }
    }

    /// Waits for something to be heard, and takes it in.
    ///
    /// # Errors
    /// When the connection ended or the server says something broken.
    pub async fn listen(&mut self) -> Result<()> {
        let wire = self.wire.as_mut().context("not connected")?;
        match wire.heard.recv().await {
            Some(Ok(frame)) => self.hear(&frame).await,
            Some(Err(why)) => bail!("the connection ended: {why}"),
            None => bail!("the connection ended"),
        }
    }

    /// Sends what was made here.
    pub async fn flush(&mut self) {
        let made = std::mem::take(&mut *self.made.borrow_mut());
        for (update, clock) in made {
            if self.wire.is_some() {
                self.say(wire::update(&update), clock).await;
            }
        }
    }

    async fn say(&mut self, message: Vec<u8>, clock: u32) {
        let Some(wire) = &mut self.wire else { return };
        wire.sent.push(clock);
        wire.broken |= !matches!(timeout(PATIENCE, wire.out.send(Message::binary(message))).await, Ok(Ok(())));
    }

    /// The own clock up to which all is committed, as far as was told.
    #[must_use]
    pub const fn saved(&self) -> u32 {
        self.saved
    }

    fn clock(&self) -> u32 {
        self.doc.transact().state_vector().get(&self.doc.client_id())
    }

    async fn hear(&mut self, frame: &Bytes) -> Result<()> {
        match frame.first().map(|kind| u64::from(*kind)) {
            Some(message::ACK) => {
                if let Some(wire) = &mut self.wire {
                    wire.acked = usize::try_from(number(&frame[1..]))?;
                    let last = wire.acked.checked_sub(1).and_then(|last| wire.sent.get(last));
                    self.saved = self.saved.max(*last.context("more is acknowledged than was sent")?);
                }
                return Ok(());
            }
            Some(message::AUTH) => {
                self.denied
                    .push(String::from_utf8_lossy(frame.get(3..).unwrap_or_default()).into_owned());
                return Ok(());
            }
            _ => {}
        }
        match wire::parse(frame)? {
            Sync::Step1(known) => {
                let known = StateVector::decode_v1(known).context("a state vector of the server")?;
                // All that is here goes with it.
                self.made.borrow_mut().clear();
                let answer = self.doc.transact().encode_diff_v1(&known);
                let clock = self.clock();
                self.say(wire::step2(&answer), clock).await;
            }
            Sync::Step2(update) => {
                self.apply(update)?;
                if let Some(wire) = &mut self.wire {
                    wire.answered = true;
                }
            }
            Sync::Update(update) => self.apply(update)?,
            Sync::Awareness(_) | Sync::QueryAwareness => {}
        }
        Ok(())
    }

    /// Takes in what others made.
    ///
    /// # Errors
    /// When it does not fit.
    pub fn apply(&self, update: &[u8]) -> Result<()> {
        let update = Update::decode_v1(update).context("an update of the server")?;
        let mut txn = self.doc.transact_mut_with(FROM_OTHERS);
        txn.apply_update(update).context("an update of the server does not fit")
    }

    /// What the document is.
    #[must_use]
    pub fn state(&self) -> State {
        let meta = self.doc.get_or_insert_map("meta");
        let txn = self.doc.transact();
        let roots = [&meta, &self.objects, &self.links].map(|root| root.to_json(&txn));
        State {
            snapshot: txn.snapshot(),
            roots: Any::from(roots.to_vec()),
        }
    }

    /// The whole document, as one update.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        self.doc.transact().encode_state_as_update_v1(&StateVector::default())
    }

    /// How many objects there are.
    #[must_use]
    pub fn count(&self) -> u32 {
        self.objects.len(&self.doc.transact())
    }
}

/// Origin of transactions that take in what others made.
const FROM_OTHERS: &str = "others";

fn number(bytes: &[u8]) -> u64 {
    let digits = bytes.iter().enumerate().take(9);
    digits.map(|(index, byte)| u64::from(byte & 0x7f) << (7 * index)).sum()
}
