//! A canvas document as the server keeps it: the bytes of its blocks, client by client, and what is deleted. No Yjs document is built.
//!
//! Blocks of a client lie one behind another, as they came, so that merging is appending, and answering a joiner is copying. That is
//! possible because nothing is admitted out of order: a block's clock is the next of its client, and whatever it refers to is known.

use crate::{
    block::{Block, Id, Item, Kind, Parent},
    bytes::{Malformed, Reader, put_number},
    deletes::{self, Deletes},
};
use coord_protocol::canvas::schema;
use std::collections::{BTreeMap, HashMap, btree_map::Entry};

/// Most sections (one per client) of one update from outside. A person has as many as tabs that were offline.
const MAX_SECTIONS: u32 = 200;

/// Most shared types that one update from outside brings.
const MAX_NEW_TYPES: usize = 16_000;

/// Shared types within one another. The schema needs two.
const MAX_TYPE_DEPTH: u8 = 8;

/// How many neighbours are asked for what an item belongs to, and how often in one update: each time a client's blocks are walked.
const MAX_HOPS: u32 = 64;
const MAX_SEARCHES: u32 = 64;

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

fn refused<T>(why: impl Into<String>) -> Result<T, NotAdmitted> {
    Err(NotAdmitted::Refused(why.into()))
}

/// The blocks of one client.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Structs {
    start: u32,
    end: u32,
    count: u32,
    bytes: Vec<u8>,
}

/// A shared type of the document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Type {
    depth: u8,
    root: Root,
    is_live: bool,
}

/// Which map of the schema a type is an entry of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Root {
    Objects,
    Links,
    Elsewhere,
}

/// A change: what was new in one or several updates.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Change {
    clients: BTreeMap<u64, Structs>,
    deletes: Deletes,
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

impl Structs {
    fn append(&mut self, later: &Self) {
        debug_assert_eq!(self.end, later.start);
        self.end = later.end;
        self.count += later.count;
        self.bytes.extend_from_slice(&later.bytes);
    }

    fn encode(&self, client: u64, out: &mut Vec<u8>) {
        put_number(out, u64::from(self.count));
        put_number(out, client);
        put_number(out, u64::from(self.start));
        out.extend_from_slice(&self.bytes);
    }

    /// The part from the block that holds `clock` on.
    fn from(&self, clock: u32) -> Result<Self, Malformed> {
        let mut reader = Reader::new(&self.bytes);
        let (mut start, mut count) = (self.start, self.count);
        loop {
            let at = reader.at();
            let end = start + reader.block()?.len;
            if end > clock {
                return Ok(Self {
                    start,
                    end: self.end,
                    count,
                    bytes: self.bytes[at..].to_vec(),
                });
            }
            start = end;
            count -= 1;
        }
    }
}

/// What an admitted update brings.
#[derive(Debug)]
pub struct Admitted {
    /// What is new in it; empty when all was known.
    pub change: Change,
    /// Client ids that were nobody's before.
    pub taken: Vec<u64>,
    types: BTreeMap<Id, Type>,
}

/// A document.
#[derive(Debug, Clone, Default)]
pub struct Document {
    clients: BTreeMap<u64, Structs>,
    deletes: Deletes,
    types: BTreeMap<Id, Type>,
    objects: usize,
    links: usize,
    bytes: usize,
}

/// A part of an update on its way in: the blocks of one client.
struct Section<'a> {
    client: u64,
    /// Its first block and that block's clock.
    first: Reader<'a>,
    start: u32,
    /// Clock of the next block to look at.
    clock: u32,
    end: u32,
    /// Blocks left.
    left: u32,
    reader: Reader<'a>,
    /// What is new of it, once a new block was met.
    new: Structs,
}

/// How far the check of a section came.
enum Step {
    Done,
    /// It has to wait for this client's.
    WaitsFor(u64),
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
            let admitted = Admission::new(self, update, None).run()?;
            self.apply(admitted);
        }
        Ok(())
    }

    /// Checks an update from outside against the document; nothing is changed. `owner` tells whose a client id is.
    ///
    /// # Errors
    /// [`NotAdmitted`].
    pub fn admit(&self, update: &[u8], owner: &dyn Fn(u64) -> Ownership) -> Result<Admitted, NotAdmitted> {
        let admitted = Admission::new(self, update, Some(owner)).run()?;
        let new = |root| admitted.types.values().filter(|kind| kind.root == root).count();
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
            self.count(kind.root, 1);
            self.types.insert(id, kind);
        }
        for (client, (start, end)) in change.deletes.ranges() {
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
        self.deletes.add_all(&change.deletes);
        change
    }

    fn count(&mut self, root: Root, by: isize) {
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

    /// The block that holds `id`.
    fn find(&self, id: Id) -> Option<Block<'_>> {
        let structs = self.clients.get(&id.client).filter(|structs| id.clock < structs.end)?;
        let mut reader = Reader::new(&structs.bytes);
        let mut clock = structs.start;
        while !reader.is_at_end() {
            let block = reader.block().ok()?;
            clock += block.len;
            if id.clock < clock {
                return Some(block);
            }
        }
        None
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

/// The check of one update.
struct Admission<'d, 'u> {
    document: &'d Document,
    update: &'u [u8],
    /// `None` for what was stored, which was checked when it came: its ids have owners, and it may be large.
    owner: Option<&'d dyn Fn(u64) -> Ownership>,
    sections: Vec<Section<'u>>,
    /// How far each client is known, with what was looked at of this update.
    ends: HashMap<u64, u32>,
    types: BTreeMap<Id, Type>,
    searches: u32,
}

impl<'d, 'u> Admission<'d, 'u> {
    fn new(document: &'d Document, update: &'u [u8], owner: Option<&'d dyn Fn(u64) -> Ownership>) -> Self {
        Self {
            document,
            update,
            owner,
            sections: vec![],
            ends: HashMap::new(),
            types: BTreeMap::new(),
            searches: 0,
        }
    }

    fn run(mut self) -> Result<Admitted, NotAdmitted> {
        let mut reader = Reader::new(self.update);
        self.read_sections(&mut reader)?;
        // Its form is looked at as a whole before what it means.
        let mut rest = reader;
        deletes::walk::<Malformed>(&mut rest, |_, _| Ok(()))?;
        rest.end()?;

        let taken = self.owners()?;
        self.check_blocks()?;
        let mut change = Change::default();
        for section in self.sections {
            if section.new.count > 0 {
                change.clients.insert(section.client, section.new);
            }
        }
        let (document, ends) = (self.document, &self.ends);
        deletes::walk(&mut reader, |client, range| {
            if range.1 > ends.get(&client).copied().unwrap_or_else(|| document.clock(client)) {
                return Err(NotAdmitted::Unknown);
            }
            document.deletes.missing(client, range, |new| change.deletes.add(client, new));
            Ok(())
        })?;
        Ok(Admitted {
            change,
            taken,
            types: self.types,
        })
    }

    /// Walks all blocks once: sizes and forms.
    fn read_sections(&mut self, reader: &mut Reader<'u>) -> Result<(), NotAdmitted> {
        let sections = reader.small()?;
        if self.owner.is_some() && sections > MAX_SECTIONS {
            return refused("an update of too many clients");
        }
        let mut types = 0;
        for _ in 0..sections {
            let left = reader.small()?;
            let client = reader.number()?;
            let clock = reader.small()?;
            let from = *reader;
            let mut end = clock;
            for _ in 0..left {
                let block = reader.block()?;
                end = end
                    .checked_add(block.len)
                    .filter(|end| *end < 1 << 31)
                    .ok_or(Malformed("a clock is too large"))?;
                if let Kind::Item(Item { is_type: true, .. }) = block.kind {
                    types += 1;
                }
            }
            if left == 0 {
                return refused("a client without blocks");
            }
            if self.owner.is_some() && self.sections.iter().any(|other| other.client == client) {
                return refused("a client twice");
            }
            self.sections.push(Section {
                client,
                first: from,
                start: clock,
                clock,
                end,
                left,
                reader: from,
                new: Structs::default(),
            });
        }
        if self.owner.is_some() && types > MAX_NEW_TYPES {
            return refused("too many objects at once");
        }
        Ok(())
    }

    /// Nobody writes under the id of somebody else, and no clock is left out.
    fn owners(&self) -> Result<Vec<u64>, NotAdmitted> {
        let mut taken = vec![];
        for section in &self.sections {
            let known = self.document.clock(section.client);
            if section.end <= known {
                continue;
            }
            if section.clock > known {
                return Err(NotAdmitted::Unknown);
            }
            match self.owner.map(|owner| owner(section.client)) {
                None | Some(Ownership::Own) => {}
                Some(Ownership::Free) => taken.push(section.client),
                Some(Ownership::Other) => return refused("changes under the client id of somebody else"),
            }
        }
        Ok(taken)
    }

    /// Looks at the blocks in an order in which each finds what it refers to; there is none if they refer to one another in a circle.
    fn check_blocks(&mut self) -> Result<(), NotAdmitted> {
        let mut waiting: HashMap<u64, Vec<usize>> = HashMap::new();
        let mut ready: Vec<usize> = (0..self.sections.len()).rev().collect();
        while let Some(index) = ready.pop() {
            let before = self.sections[index].clock;
            let step = self.advance(index)?;
            let Section { client, clock, .. } = self.sections[index];
            if clock > before {
                ready.extend(waiting.remove(&client).unwrap_or_default());
            }
            if let Step::WaitsFor(other) = step {
                waiting.entry(other).or_default().push(index);
            }
        }
        if waiting.is_empty() { Ok(()) } else { Err(NotAdmitted::Unknown) }
    }

    fn advance(&mut self, index: usize) -> Result<Step, NotAdmitted> {
        let known = self.document.clock(self.sections[index].client);
        loop {
            let section = &self.sections[index];
            if section.left == 0 {
                return Ok(Step::Done);
            }
            let (client, clock) = (section.client, section.clock);
            let mut reader = section.reader;
            let from = reader.at();
            let block = reader.block()?;
            let end = clock + block.len;
            if end > known {
                if clock < known || block.kind == Kind::Skip {
                    // Cut elsewhere than here: asked anew, the client cuts where it has to.
                    return Err(NotAdmitted::Unknown);
                }
                if let Kind::Item(item) = block.kind {
                    if let Some(other) = self.unknown(client, clock, &item)? {
                        return Ok(Step::WaitsFor(other));
                    }
                    if item.is_type {
                        self.add_type(Id { client, clock }, &item)?;
                    }
                }
            }
            let bytes = &self.update[from..reader.at()];
            let section = &mut self.sections[index];
            section.reader = reader;
            section.clock = end;
            section.left -= 1;
            if end > known {
                if section.new.count == 0 {
                    section.new.start = clock;
                }
                section.new.end = end;
                section.new.count += 1;
                section.new.bytes.extend_from_slice(bytes);
                self.ends.insert(client, end);
            }
        }
    }

    /// The client whose part has to come first, if the item refers to what is not known yet.
    fn unknown(&self, client: u64, clock: u32, item: &Item<'_>) -> Result<Option<u64>, NotAdmitted> {
        let parent = match item.parent {
            Parent::Item(id) => Some(id),
            Parent::Root(_) | Parent::Neighbour => None,
        };
        for id in [item.left, item.right, parent].into_iter().flatten() {
            if id.client == client {
                if id.clock >= clock {
                    return Err(NotAdmitted::Unknown);
                }
                continue;
            }
            let end = self.ends.get(&id.client).copied().unwrap_or_else(|| self.document.clock(id.client));
            if id.clock >= end {
                let comes = self
                    .sections
                    .iter()
                    .any(|section| section.client == id.client && id.clock < section.end);
                return if comes { Ok(Some(id.client)) } else { Err(NotAdmitted::Unknown) };
            }
        }
        Ok(None)
    }

    fn add_type(&mut self, id: Id, item: &Item<'_>) -> Result<(), NotAdmitted> {
        let (depth, root) = match item.parent {
            Parent::Root(schema::OBJECTS) if item.has_key => (1, Root::Objects),
            Parent::Root(schema::LINKS) if item.has_key => (1, Root::Links),
            Parent::Root(_) => (1, Root::Elsewhere),
            Parent::Item(parent) => (self.depth_within(parent), Root::Elsewhere),
            Parent::Neighbour => self.beside(item)?,
        };
        if depth > MAX_TYPE_DEPTH {
            return refused("shared types are nested too deeply");
        }
        let kind = Type {
            depth,
            root,
            is_live: true,
        };
        self.types.insert(id, kind);
        Ok(())
    }

    fn kind(&self, id: Id) -> Option<Type> {
        self.types.get(&id).or_else(|| self.document.types.get(&id)).copied()
    }

    /// Within a type. One that is not known any more was deleted and forgotten, and whatever is put into it is gone as well.
    fn depth_within(&self, parent: Id) -> u8 {
        self.kind(parent).map_or(1, |kind| kind.depth.saturating_add(1))
    }

    /// Where an item is that says only beside what it stands.
    fn beside(&mut self, item: &Item<'_>) -> Result<(u8, Root), NotAdmitted> {
        let mut neighbour = item.left.or(item.right);
        for _ in 0..MAX_HOPS {
            let Some(id) = neighbour else { break };
            if let Some(kind) = self.kind(id) {
                return Ok((kind.depth, kind.root));
            }
            self.searches += 1;
            if self.owner.is_some() && self.searches > MAX_SEARCHES {
                return refused("it is entangled too much");
            }
            let block = self.in_update(id).or_else(|| self.document.find(id));
            let Some(Block {
                kind: Kind::Item(item), ..
            }) = block
            else {
                // Beside what was forgotten.
                return Ok((1, Root::Elsewhere));
            };
            match item.parent {
                Parent::Root(schema::OBJECTS) => return Ok((1, Root::Objects)),
                Parent::Root(schema::LINKS) => return Ok((1, Root::Links)),
                Parent::Root(_) => return Ok((1, Root::Elsewhere)),
                Parent::Item(parent) => return Ok((self.depth_within(parent), Root::Elsewhere)),
                Parent::Neighbour => neighbour = item.left.or(item.right),
            }
        }
        refused("it is entangled too much")
    }

    /// The block of this update that holds `id`.
    fn in_update(&self, id: Id) -> Option<Block<'u>> {
        let section = self.sections.iter().find(|section| section.client == id.client)?;
        let (mut reader, mut clock) = (section.first, section.start);
        while clock <= id.clock && clock < section.end {
            let block = reader.block().ok()?;
            clock += block.len;
            if id.clock < clock {
                return Some(block);
            }
        }
        None
    }
}
