//! The check of an update against a document: what it brings, or why it is not taken (CAN-9).

use crate::{
    block::{Block, Id, Item, Kind, Parent},
    bytes::{Malformed, Reader},
    deletes,
    document::{Admitted, Change, Document, NotAdmitted, Ownership, Root, Type, refused},
    structs::{Found, Structs},
};
use coord_protocol::canvas::schema;
use std::{
    cell::Cell,
    collections::{BTreeMap, HashMap},
};

/// Most sections (one per client) of one update from outside. A person has as many as tabs that were offline.
const MAX_SECTIONS: u32 = 200;

/// Most shared types that one update from outside brings.
const MAX_NEW_TYPES: usize = 16_000;

/// Shared types within one another. The schema needs two.
const MAX_TYPE_DEPTH: u8 = 8;

/// Bytes of blocks that are walked for one update from outside, to find what it refers to. Some 50 ms; honest ones need a fraction.
const MAX_WALKED: usize = 32 * 1024 * 1024;

/// A part of an update on its way in: the blocks of one client.
struct Section<'a> {
    client: u64,
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
    /// It has to wait for this.
    WaitsFor(Id),
}

/// The check of one update.
pub(crate) struct Admission<'d, 'u> {
    document: &'d Document,
    update: &'u [u8],
    /// `None` for what was stored, which was checked when it came: its ids have owners, and it may be large.
    owner: Option<&'d dyn Fn(u64) -> Ownership>,
    sections: Vec<Section<'u>>,
    /// How far each client is known, with what was looked at of this update.
    ends: HashMap<u64, u32>,
    types: BTreeMap<Id, Type>,
    /// What was found out about blocks that hold no type: where they are.
    places: HashMap<Id, (u8, Root)>,
    walked: Cell<usize>,
}

impl<'d, 'u> Admission<'d, 'u> {
    pub(crate) fn new(document: &'d Document, update: &'u [u8], owner: Option<&'d dyn Fn(u64) -> Ownership>) -> Self {
        Self {
            document,
            update,
            owner,
            sections: vec![],
            ends: HashMap::new(),
            types: BTreeMap::new(),
            places: HashMap::new(),
            walked: Cell::new(0),
        }
    }

    pub(crate) fn run(mut self) -> Result<Admitted, NotAdmitted> {
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
        let mut waiting: BTreeMap<Id, Vec<usize>> = BTreeMap::new();
        let mut ready: Vec<usize> = (0..self.sections.len()).rev().collect();
        while let Some(index) = ready.pop() {
            let step = self.advance(index)?;
            let Section { client, clock, .. } = self.sections[index];
            let first = Id { client, clock: 0 };
            while let Some((id, _)) = waiting.range(first..Id { client, clock }).next() {
                let id = *id;
                ready.extend(waiting.remove(&id).unwrap_or_default());
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
                    if self.owner.is_some() && item.has_key && item.right.is_some() {
                        // A value of a map stands behind the one it replaces, and before none.
                        return refused("a value of a map with a right neighbour");
                    }
                    if let Parent::Item(parent) = item.parent {
                        self.check_parent(parent)?;
                    }
                    let id = Id { client, clock };
                    if item.is_type {
                        self.add_type(id, &item)?;
                    } else if item.is_deleted {
                        self.add_deleted(Id { clock: end - 1, ..id }, &item);
                    }
                }
            }
            let bytes = &self.update[from..reader.at()];
            let section = &mut self.sections[index];
            section.reader = reader;
            section.clock = end;
            section.left -= 1;
            if end > known {
                section.new.push(bytes, clock, block.len);
                self.ends.insert(client, end);
            }
        }
    }

    /// What has to come first, if the item refers to what is not known yet.
    fn unknown(&self, client: u64, clock: u32, item: &Item<'_>) -> Result<Option<Id>, NotAdmitted> {
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
                return if comes { Ok(Some(id)) } else { Err(NotAdmitted::Unknown) };
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

    /// Where an item is that says only beside what it stands. What that is beside may say no more, and so on.
    fn beside(&mut self, item: &Item<'_>) -> Result<(u8, Root), NotAdmitted> {
        let mut passed = vec![];
        let mut neighbour = item.left.or(item.right);
        let place = loop {
            // What was forgotten is nowhere.
            let Some(id) = neighbour else { break (1, Root::Elsewhere) };
            if let Some(kind) = self.kind(id) {
                break (kind.depth, kind.root);
            }
            let Some((start, block)) = self.find(id)? else {
                break (1, Root::Elsewhere);
            };
            if let Some(place) = self.places.get(&start) {
                break *place;
            }
            passed.push(start);
            let Kind::Item(item) = block.kind else { break (1, Root::Elsewhere) };
            match item.parent {
                Parent::Root(schema::OBJECTS) => break (1, Root::Objects),
                Parent::Root(schema::LINKS) => break (1, Root::Links),
                Parent::Root(_) => break (1, Root::Elsewhere),
                Parent::Item(parent) => break (self.depth_within(parent), Root::Elsewhere),
                Parent::Neighbour => neighbour = item.left.or(item.right),
            }
        };
        self.places.extend(passed.into_iter().map(|id| (id, place)));
        Ok(place)
    }

    /// What is left of a deleted entry of the schema's maps.
    fn add_deleted(&mut self, id: Id, item: &Item<'_>) {
        let root = match item.parent {
            Parent::Root(schema::OBJECTS) if item.has_key => Root::Objects,
            Parent::Root(schema::LINKS) if item.has_key => Root::Links,
            Parent::Root(_) | Parent::Item(_) => return,
            Parent::Neighbour => match item.left.or(item.right).and_then(|id| self.kind(id)) {
                Some(Type { root, .. }) if root != Root::Elsewhere => root,
                Some(_) | None => return,
            },
        };
        let left = Type {
            depth: 1,
            root,
            is_live: false,
        };
        self.types.insert(id, left);
    }

    /// Only a type holds anything. One that was forgotten did.
    fn check_parent(&self, parent: Id) -> Result<(), NotAdmitted> {
        if self.kind(parent).is_some() {
            return Ok(());
        }
        match self.find(parent)? {
            Some((
                _,
                Block {
                    kind: Kind::Item(item), ..
                },
            )) if !item.is_type && !item.is_deleted => refused("something is put into what holds nothing"),
            Some(_) | None => Ok(()),
        }
    }

    /// The block that holds `id`, and its first unit.
    fn find(&self, id: Id) -> Result<Option<(Id, Block<'_>)>, NotAdmitted> {
        let new = self
            .sections
            .iter()
            .find(|section| section.client == id.client)
            .map(|section| &section.new);
        let found = new
            .and_then(|structs| structs.find(id.clock))
            .or_else(|| self.document.clients.get(&id.client)?.find(id.clock));
        let Some(Found { block, start, walked, .. }) = found else {
            return Ok(None);
        };
        self.walked.set(self.walked.get() + walked);
        if self.owner.is_some() && self.walked.get() > MAX_WALKED {
            return refused("it is entangled too much");
        }
        Ok(Some((Id { clock: start, ..id }, block)))
    }
}
