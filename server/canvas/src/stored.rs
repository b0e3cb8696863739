//! Reading what is stored. It was checked when it came, so one walk is enough: its form, that clocks follow one another, and that nothing
//! it refers to is missing. Opening a canvas waits for this.

use crate::{
    admission::Admission,
    block::{Id, Item, Kind, Parent},
    bytes::{Malformed, Reader},
    deletes::{self, Deletes},
    document::{Document, NotAdmitted, Root, Type},
    structs::Structs,
};
use coord_protocol::canvas::schema;
use std::collections::{BTreeMap, HashMap, HashSet, btree_map::Entry};

/// Most items beside one another that are looked at for where one is.
const FURTHEST: usize = 1_000_000;

/// A type, or what is left of one, whose place is not looked up yet.
struct Found {
    id: Id,
    place: Place,
    is_live: bool,
}

/// What the bytes say about where something is.
#[derive(Clone, Copy)]
enum Place {
    Root(Root),
    Within(Id),
    Beside { left: Option<Id>, right: Option<Id> },
}

/// A stored update, read.
#[derive(Default)]
struct Read {
    clients: BTreeMap<u64, Structs>,
    deletes: Deletes,
    found: Vec<Found>,
    /// The highest clock that is referred to of each client, from others.
    needs: HashMap<u64, u32>,
}

impl Document {
    /// Adds a stored update; nothing of it when it is damaged.
    pub(crate) fn add_stored(&mut self, update: &[u8]) -> Result<(), NotAdmitted> {
        match self.read(update)? {
            Some(read) => {
                self.take_stored(read);
                Ok(())
            }
            // Not plainly what comes next: looked at as one from outside is.
            None => {
                let admitted = Admission::new(self, update, None).run()?;
                self.apply(admitted);
                Ok(())
            }
        }
    }

    fn read(&self, update: &[u8]) -> Result<Option<Read>, NotAdmitted> {
        let mut reader = Reader::new(update);
        let mut read = Read::default();
        for _ in 0..reader.small()? {
            let count = reader.small()?;
            let (client, start) = (reader.number()?, reader.small()?);
            if count == 0 || start != self.clock(client) {
                return Ok(None);
            }
            let Some(structs) = section(self, &mut reader, update, (client, start, count), &mut read)? else {
                return Ok(None);
            };
            if read.clients.insert(client, structs).is_some() {
                return Ok(None);
            }
        }
        let end = |client: u64| read.clients.get(&client).map_or_else(|| self.clock(client), |structs| structs.end);
        if read.needs.iter().any(|(client, clock)| *clock >= end(*client)) {
            return Err(NotAdmitted::Unknown);
        }
        let (mut reader, mut deletes) = (reader, Deletes::default());
        deletes::walk(&mut reader, |client, range| {
            if range.1 > end(client) {
                return Err(NotAdmitted::Unknown);
            }
            self.deletes.missing(client, range, |new| deletes.add(client, new));
            Ok(())
        })?;
        reader.end()?;
        read.deletes = deletes;
        Ok(Some(read))
    }

    fn take_stored(&mut self, read: Read) {
        for (client, new) in read.clients {
            self.bytes += new.bytes.len();
            match self.clients.entry(client) {
                Entry::Vacant(entry) => drop(entry.insert(new)),
                Entry::Occupied(mut entry) => entry.get_mut().append(&new),
            }
        }
        self.place(read.found);
        self.deleted(&read.deletes);
    }

    /// Finds out where the types are. Those within or beside others wait until these are found.
    fn place(&mut self, found: Vec<Found>) {
        // Most stand in order, and most within the last that stands in a root. A map is built from many at once faster than one by one.
        let mut placed: Vec<(Id, Type)> = Vec::with_capacity(found.len());
        let mut left = vec![];
        let mut last = None;
        for one in found {
            match one.place {
                Place::Root(root) => {
                    placed.push((one.id, kind(1, root, one.is_live)));
                    last = Some(one.id);
                }
                Place::Within(parent) if last == Some(parent) => placed.push((one.id, kind(2, Root::Elsewhere, one.is_live))),
                Place::Within(_) | Place::Beside { .. } => left.push(one),
            }
        }
        let mut placed: BTreeMap<Id, Type> = placed.into_iter().collect();
        for kind in placed.values() {
            self.count(kind.root, isize::from(kind.is_live));
        }
        if self.types.is_empty() {
            self.types = placed;
        } else {
            self.types.append(&mut placed);
        }
        let mut waiting: HashSet<Id> = left.iter().map(|one| one.id).collect();
        let mut passed = HashMap::new();
        while !left.is_empty() {
            let before = left.len();
            let mut still = vec![];
            for one in left {
                match self.look(&one, &waiting, &mut passed) {
                    Some(place) => {
                        waiting.remove(&one.id);
                        if one.is_live || place.1 != Root::Elsewhere {
                            self.count(place.1, isize::from(one.is_live));
                            self.types.insert(one.id, kind(place.0, place.1, one.is_live));
                        }
                    }
                    None => still.push(one),
                }
            }
            if still.len() == before {
                // In a circle, which nothing admitted makes: nowhere.
                self.types
                    .extend(still.drain(..).map(|one| (one.id, kind(1, Root::Elsewhere, one.is_live))));
            }
            left = still;
        }
    }

    /// How deep something is and under which root; `None` as long as that depends on what is waiting.
    fn look(&self, one: &Found, waiting: &HashSet<Id>, passed: &mut HashMap<Id, (u8, Root)>) -> Option<(u8, Root)> {
        match one.place {
            Place::Root(root) => Some((1, root)),
            Place::Within(parent) => self.within(parent, waiting),
            Place::Beside { left, right } => {
                let neighbour = left.or(right);
                match neighbour.and_then(|id| self.types.get(&id)) {
                    Some(other) => Some((other.depth, other.root)),
                    // What is left of a deleted entry is looked for next to types only.
                    None if !one.is_live && neighbour.is_none_or(|id| !waiting.contains(&id)) => Some((1, Root::Elsewhere)),
                    None => self.beside(neighbour, waiting, passed),
                }
            }
        }
    }

    /// Within a type. One that is not known any more was deleted and forgotten.
    fn within(&self, parent: Id, waiting: &HashSet<Id>) -> Option<(u8, Root)> {
        match self.types.get(&parent) {
            Some(outer) => Some((outer.depth.saturating_add(1), Root::Elsewhere)),
            None if waiting.contains(&parent) => None,
            None => Some((1, Root::Elsewhere)),
        }
    }

    /// Beside an item, which may itself say only beside what it stands, and so on.
    fn beside(&self, mut neighbour: Option<Id>, waiting: &HashSet<Id>, passed: &mut HashMap<Id, (u8, Root)>) -> Option<(u8, Root)> {
        let mut way = vec![];
        let place = loop {
            let Some(id) = neighbour else { break (1, Root::Elsewhere) };
            if let Some(other) = self.types.get(&id) {
                break (other.depth, other.root);
            }
            if waiting.contains(&id) {
                return None;
            }
            let Some(found) = self.clients.get(&id.client).and_then(|structs| structs.find(id.clock)) else {
                break (1, Root::Elsewhere);
            };
            let start = Id { clock: found.start, ..id };
            if let Some(place) = passed.get(&start) {
                break *place;
            }
            if way.len() >= FURTHEST {
                break (1, Root::Elsewhere);
            }
            way.push(start);
            let Kind::Item(item) = found.block.kind else {
                break (1, Root::Elsewhere);
            };
            match item.parent {
                Parent::Root(schema::OBJECTS) => break (1, Root::Objects),
                Parent::Root(schema::LINKS) => break (1, Root::Links),
                Parent::Root(_) => break (1, Root::Elsewhere),
                Parent::Item(parent) => break self.within(parent, waiting)?,
                Parent::Neighbour => neighbour = item.left.or(item.right),
            }
        };
        passed.extend(way.into_iter().map(|id| (id, place)));
        Some(place)
    }
}

const fn kind(depth: u8, root: Root, is_live: bool) -> Type {
    Type { depth, root, is_live }
}

/// The blocks of one client; `None` when there are some left out.
fn section(
    document: &Document,
    reader: &mut Reader<'_>,
    update: &[u8],
    (client, start, count): (u64, u32, u32),
    Read { found, needs, .. }: &mut Read,
) -> Result<Option<Structs>, NotAdmitted> {
    let mut structs = Structs::begin(start);
    let first = found.len();
    // Deleted values of maps are many, and stand beside one another: only what stands beside an entry of the schema's maps matters.
    let may_matter = |found: &[Found], place| match place {
        Place::Beside { left, right } => left.or(right).is_some_and(|id| {
            if id.clock < document.clock(id.client) {
                document.types.contains_key(&id)
            } else {
                id.client != client || found[first..].binary_search_by_key(&id, |one| one.id).is_ok()
            }
        }),
        Place::Root(_) | Place::Within(_) => true,
    };
    let from = reader.at();
    let mut clock = start;
    for _ in 0..count {
        structs.mark_at(clock, reader.at() - from);
        let block = reader.block()?;
        let end = clock
            .checked_add(block.len)
            .filter(|end| *end < 1 << 31)
            .ok_or(Malformed("a clock is too large"))?;
        match block.kind {
            Kind::Skip => return Ok(None),
            Kind::Collected => {}
            Kind::Item(item) => {
                let parent = match item.parent {
                    Parent::Item(id) => Some(id),
                    Parent::Root(_) | Parent::Neighbour => None,
                };
                for id in [item.left, item.right, parent].into_iter().flatten() {
                    if id.client != client {
                        let most = needs.entry(id.client).or_default();
                        *most = (*most).max(id.clock);
                    } else if id.clock >= clock {
                        return Err(NotAdmitted::Unknown);
                    }
                }
                if (item.is_type || item.is_deleted)
                    && let Some(place) = place(&item)
                    && (item.is_type || may_matter(found, place))
                {
                    found.push(Found {
                        id: Id {
                            client,
                            clock: if item.is_type { clock } else { end - 1 },
                        },
                        place,
                        is_live: item.is_type,
                    });
                }
            }
        }
        clock = end;
    }
    structs.close(clock, count, &update[from..reader.at()]);
    Ok(Some(structs))
}

/// Where the bytes say that it is; `None` of what is left of a deleted item that was no entry of the schema's maps.
fn place(item: &Item<'_>) -> Option<Place> {
    match item.parent {
        Parent::Root(schema::OBJECTS) if item.has_key => Some(Place::Root(Root::Objects)),
        Parent::Root(schema::LINKS) if item.has_key => Some(Place::Root(Root::Links)),
        Parent::Neighbour => Some(Place::Beside {
            left: item.left,
            right: item.right,
        }),
        Parent::Root(_) | Parent::Item(_) if item.is_deleted => None,
        Parent::Root(_) => Some(Place::Root(Root::Elsewhere)),
        Parent::Item(id) => Some(Place::Within(id)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use yrs::{
        Any, Doc, Map as _, MapPrelim, ReadTxn as _, TextPrelim, Transact as _, Update, WriteTxn as _, updates::decoder::Decode as _,
    };

    /// What somebody does: client, what, object, and whether the others hear of it first.
    type Step = (usize, u8, u8, bool);

    fn perform(doc: &Doc, what: u8, object: u8) {
        let mut txn = doc.transact_mut();
        let objects = txn.get_or_insert_map(if object.is_multiple_of(5) { schema::LINKS } else { schema::OBJECTS });
        let id = format!("o{}", object % 6);
        match what % 5 {
            0 => {
                let made = objects.insert(&mut txn, id, MapPrelim::default());
                made.insert(&mut txn, "txt", TextPrelim::new("words"));
                made.insert(&mut txn, "at", Any::from(f64::from(object)));
            }
            1 => drop(objects.remove(&mut txn, &id)),
            2 => {
                if let Some(yrs::Out::YMap(made)) = objects.get(&txn, &id) {
                    made.insert(&mut txn, "at", Any::from(f64::from(object)));
                }
            }
            3 => {
                if let Some(yrs::Out::YMap(made)) = objects.get(&txn, &id) {
                    let inner = made.insert(&mut txn, "more", MapPrelim::default());
                    inner.insert(&mut txn, "deep", MapPrelim::default());
                }
            }
            _ => {
                let other = txn.get_or_insert_map("else");
                other.insert(&mut txn, id, MapPrelim::default());
            }
        }
    }

    fn same(one: &Document, other: &Document) {
        assert_eq!(one.clients, other.clients);
        assert_eq!(one.deletes, other.deletes);
        assert_eq!(one.types, other.types);
        assert_eq!((one.objects, one.links, one.bytes), (other.objects, other.links, other.bytes));
    }

    proptest! {
        #[test]
        fn can_8_a_stored_document_is_read_as_what_was_admitted(steps in prop::collection::vec((0..3_usize, 0..5_u8, 0..12_u8, any::<bool>()), 1..60)) {
            let docs: Vec<Doc> = [900, 5, 70].into_iter().map(Doc::with_client_id).collect();
            let steps: Vec<Step> = steps;
            let mut journal = vec![];
            for (who, what, object, hears) in steps {
                if hears {
                    for other in &docs {
                        let update = other.transact().encode_state_as_update_v1(&docs[who].transact().state_vector());
                        docs[who].transact_mut().apply_update(Update::decode_v1(&update).unwrap()).unwrap();
                    }
                }
                let before = docs[who].transact().state_vector();
                perform(&docs[who], what, object);
                journal.push(docs[who].transact().encode_state_as_update_v1(&before));
            }
            for other in &docs[1..] {
                let update = other.transact().encode_state_as_update_v1(&docs[0].transact().state_vector());
                docs[0].transact_mut().apply_update(Update::decode_v1(&update).unwrap()).unwrap();
            }
            // One by one as in a journal, and all in one as in a snapshot, where some stands before what it refers to.
            let whole = docs[0].transact().encode_state_as_update_v1(&yrs::StateVector::default());
            for updates in [journal, vec![whole]] {
                let (mut slow, mut quick) = (Document::default(), Document::default());
                for update in updates {
                    let admitted = Admission::new(&slow, &update, None).run().unwrap();
                    slow.apply(admitted);
                    quick.add_stored(&update).unwrap();
                }
                same(&quick, &slow);
            }
        }

        #[test]
        fn can_8_damaged_bytes_add_nothing(at in 0..400_usize, byte in any::<u8>()) {
            let doc = Doc::with_client_id(7);
            for object in 0..6 {
                perform(&doc, 0, object);
            }
            let mut update = doc.transact().encode_state_as_update_v1(&yrs::StateVector::default());
            let at = at % update.len();
            update[at] = byte;
            update.truncate(update.len() - usize::from(byte == 0));
            let mut document = Document::default();
            if document.add_stored(&update).is_err() {
                same(&document, &Document::default());
            }
        }
    }
}
