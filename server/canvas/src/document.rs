//! A canvas document as the server keeps it: the bytes of its blocks, client by client, and what is deleted. No Yjs document is built.
//!
//! Blocks of a client lie one behind another, as they came, so that merging is appending, and answering a joiner is copying. That is
//! possible because nothing is admitted out of order: a block's clock is the next of its client, and whatever it refers to is known.

use crate::{
    admission::Admission,
    block::Id,
    bytes::{Malformed, Reader, put_number},
    deletes::Deletes,
    structs::Structs,
};
use coord_protocol::canvas::schema;
use std::collections::{BTreeMap, HashMap, btree_map::Entry};

/// Whose the ids are that somebody writes under.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ownership {
    /// Theirs.
    Own,
    /// Nobody's so far; whoever writes first owns it.
    Free,
    /// Somebody else's.
    Other,
}

/// Why an update was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAdmitted {
    /// It rests on something that is not known here. An honest client missed telling: ask it for what it has.
    #[error("it rests on changes that are not here")]
    Unknown,
    /// It is hostile or broken: the connection ends.
    #[error("{0}")]
    Refused(String),
}

impl From<Malformed> for NotAdmitted {
    fn from(malformed: Malformed) -> Self {
        Self::Refused(malformed.to_string())
    }
}

pub(crate) fn refused<T>(why: impl Into<String>) -> Result<T, NotAdmitted> {
    Err(NotAdmitted::Refused(why.into()))
}

/// A shared type of the document; also what is left of a deleted one that was an entry of the schema's maps, since undoing puts a new one
/// beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Type {
    pub(crate) depth: u8,
    pub(crate) root: Root,
    pub(crate) is_live: bool,
}

/// Which map of the schema a type is an entry of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Root {
    Objects,
    Links,
    Elsewhere,
}

/// A change: what was new in one or several updates.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Change {
    pub(crate) clients: BTreeMap<u64, Structs>,
    pub(crate) deletes: Deletes,
}

impl Change {
    /// Whether there is nothing in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.clients.is_empty() && self.deletes.is_empty()
    }

    /// Clients that wrote it.
    pub fn clients(&self) -> impl Iterator<Item = u64> {
        self.clients.keys().copied()
    }

    /// Adds a change that was admitted after this one.
    pub fn append(&mut self, later: &Self) {
        for (client, new) in &later.clients {
            match self.clients.entry(*client) {
                Entry::Vacant(entry) => drop(entry.insert(new.clone())),
                Entry::Occupied(mut entry) => entry.get_mut().append(new),
            }
        }
        self.deletes.add_all(&later.deletes);
    }

    /// As a Yjs update, format version 1.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let size: usize = self.clients.values().map(|structs| structs.bytes.len() + 20).sum();
        let mut out = Vec::with_capacity(size + 64);
        put_number(&mut out, self.clients.len() as u64);
        for (client, structs) in self.clients.iter().rev() {
            structs.encode(*client, &mut out);
        }
        self.deletes.encode(&mut out);
        out
    }
}

/// What an admitted update brings.
#[derive(Debug)]
pub struct Admitted {
    /// What is new in it; empty when all was known.
    pub change: Change,
    /// Client ids that were nobody's before.
    pub taken: Vec<u64>,
    pub(crate) types: BTreeMap<Id, Type>,
}

/// A document.
#[derive(Debug, Clone, Default)]
pub struct Document {
    pub(crate) clients: BTreeMap<u64, Structs>,
    pub(crate) deletes: Deletes,
    pub(crate) types: BTreeMap<Id, Type>,
    pub(crate) objects: usize,
    pub(crate) links: usize,
    pub(crate) bytes: usize,
}

impl Document {
    /// Reads a stored document: updates as they were committed, oldest first.
    ///
    /// # Errors
    /// When what is stored is damaged; says why.
    pub fn load<'a>(updates: impl IntoIterator<Item = &'a [u8]>) -> Result<Self, NotAdmitted> {
        let mut document = Self::default();
        document.add(updates)?;
        for structs in document.clients.values_mut() {
            structs.bytes.shrink_to_fit();
        }
        Ok(document)
    }

    /// Adds stored updates, oldest first. Those before one that is damaged stay added.
    ///
    /// # Errors
    /// When what is stored is damaged; says why.
    pub fn add<'a>(&mut self, updates: impl IntoIterator<Item = &'a [u8]>) -> Result<(), NotAdmitted> {
        for update in updates {
            self.add_stored(update)?;
        }
        Ok(())
    }

    /// Checks an update from outside against the document; nothing is changed. `owner` tells whose a client id is.
    ///
    /// # Errors
    /// [`NotAdmitted`].
    pub fn admit(&self, update: &[u8], owner: &dyn Fn(u64) -> Ownership) -> Result<Admitted, NotAdmitted> {
        let admitted = Admission::new(self, update, Some(owner)).run()?;
        let new = |root| admitted.types.values().filter(|kind| kind.is_live && kind.root == root).count();
        let (objects, links) = (new(Root::Objects), new(Root::Links));
        if objects > 0 && self.objects + objects > schema::MAX_OBJECTS {
            return refused(format!("a canvas holds at most {} objects", schema::MAX_OBJECTS));
        }
        if links > 0 && self.links + links > schema::MAX_OBJECTS {
            return refused(format!("a canvas holds at most {} connectors", schema::MAX_OBJECTS));
        }
        if !admitted.change.is_empty() && self.bytes + update.len() > schema::MAX_DOCUMENT {
            return refused(format!("a canvas holds at most {} MiB", schema::MAX_DOCUMENT / 1024 / 1024));
        }
        Ok(admitted)
    }

    /// Takes in what [`Document::admit`] found new; gives it back for the journal and the others.
    pub fn apply(&mut self, admitted: Admitted) -> Change {
        let Admitted { change, types, .. } = admitted;
        for (client, new) in &change.clients {
            self.bytes += new.bytes.len();
            match self.clients.entry(*client) {
                Entry::Vacant(entry) => drop(entry.insert(new.clone())),
                Entry::Occupied(mut entry) => entry.get_mut().append(new),
            }
        }
        for (id, kind) in types {
            self.count(kind.root, isize::from(kind.is_live));
            self.types.insert(id, kind);
        }
        self.deleted(&change.deletes);
        change
    }

    /// Takes note of what is deleted.
    pub(crate) fn deleted(&mut self, deletes: &Deletes) {
        for (client, (start, end)) in deletes.ranges() {
            let id = |clock| Id { client, clock };
            let mut gone = vec![];
            for (_, kind) in self.types.range_mut(id(start)..id(end)).filter(|(_, kind)| kind.is_live) {
                kind.is_live = false;
                gone.push(kind.root);
            }
            for root in gone {
                self.count(root, -1);
            }
        }
        self.deletes.add_all(deletes);
    }

    pub(crate) fn count(&mut self, root: Root, by: isize) {
        let counter = match root {
            Root::Objects => &mut self.objects,
            Root::Links => &mut self.links,
            Root::Elsewhere => return,
        };
        *counter = counter.saturating_add_signed(by);
    }

    /// The next clock of a client: how much of theirs is known.
    #[must_use]
    pub fn clock(&self, client: u64) -> u32 {
        self.clients.get(&client).map_or(0, |structs| structs.end)
    }

    /// Bytes of its blocks.
    #[must_use]
    pub const fn size(&self) -> usize {
        self.bytes
    }

    /// Its state vector: what is known of each client, encoded.
    #[must_use]
    pub fn state_vector(&self) -> Vec<u8> {
        let mut out = vec![];
        put_number(&mut out, self.clients.len() as u64);
        for (client, structs) in self.clients.iter().rev() {
            put_number(&mut out, *client);
            put_number(&mut out, u64::from(structs.end));
        }
        out
    }

    /// Everything, as one update.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.bytes + self.clients.len() * 16 + 1024);
        put_number(&mut out, self.clients.len() as u64);
        for (client, structs) in self.clients.iter().rev() {
            structs.encode(*client, &mut out);
        }
        self.deletes.encode(&mut out);
        out
    }

    /// What somebody with this encoded state vector lacks, as one update. What is deleted is told in full, as Yjs does.
    ///
    /// # Errors
    /// When the state vector is malformed.
    pub fn answer(&self, state_vector: &[u8]) -> Result<Vec<u8>, Malformed> {
        let known = parse_state_vector(state_vector, |client| self.clients.contains_key(&client))?;
        if known.is_empty() {
            return Ok(self.encode());
        }
        let mut change = Change {
            clients: BTreeMap::new(),
            deletes: self.deletes.clone(),
        };
        for (client, structs) in &self.clients {
            match known.get(client).copied().unwrap_or(0) {
                clock if clock >= structs.end => {}
                clock if clock <= structs.start => drop(change.clients.insert(*client, structs.clone())),
                clock => drop(change.clients.insert(*client, structs.from(clock)?)),
            }
        }
        Ok(change.encode())
    }
}

/// The clocks of a state vector for those clients that matter.
fn parse_state_vector(bytes: &[u8], matters: impl Fn(u64) -> bool) -> Result<HashMap<u64, u32>, Malformed> {
    let mut reader = Reader::new(bytes);
    let mut known = HashMap::new();
    for _ in 0..reader.small()? {
        let (client, clock) = (reader.number()?, reader.small()?);
        if clock > 0 && matters(client) {
            known.insert(client, clock);
        }
    }
    reader.end()?;
    Ok(known)
}
