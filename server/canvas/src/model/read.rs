//! The document as everybody sees it.

use super::{
    Deleted, ModelError, heal, open,
    value::{self, Entry},
};
use coord_protocol::canvas::{
    CanvasLink, CanvasObject, LinkEnd,
    schema::{self, Type, key},
};
use std::collections::HashSet;
use yrs::{Any, Doc, Map, MapRef, Number, Out, ReadTxn, Transact};

/// A canvas document after the schema's rules.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CanvasView {
    /// The version in `meta.schema`; absent when there is none or it is no version.
    pub schema: Option<u32>,
    /// By id.
    pub objects: Vec<CanvasObject>,
    /// By id.
    pub links: Vec<CanvasLink>,
}

impl CanvasView {
    /// The object of that id.
    #[must_use]
    pub fn object(&self, id: &str) -> Option<&CanvasObject> {
        let at = self.objects.binary_search_by(|object| object.id.as_str().cmp(id)).ok()?;
        Some(&self.objects[at])
    }

    /// The connector of that id.
    #[must_use]
    pub fn link(&self, id: &str) -> Option<&CanvasLink> {
        let at = self.links.binary_search_by(|link| link.id.as_str().cmp(id)).ok()?;
        Some(&self.links[at])
    }
}

/// What the document of these bytes says.
///
/// # Errors
/// When the bytes are no document.
pub fn read(bytes: &[u8]) -> Result<CanvasView, ModelError> {
    Ok(read_doc(&open(bytes, 0, Deleted::Kept)?))
}

/// What a document in memory says. It must not be in a transaction.
#[must_use]
pub fn read_doc(doc: &Doc) -> CanvasView {
    read_txn(&doc.transact())
}

/// What the document of a transaction says.
pub(super) fn read_txn<T: ReadTxn>(txn: &T) -> CanvasView {
    let mut objects: Vec<CanvasObject> = entries(txn, schema::OBJECTS)
        .iter()
        .map(|(id, map)| read_object(txn, id, map))
        .collect();
    let nodes: Vec<heal::Node<'_>> = objects
        .iter()
        .map(|object| heal::Node {
            id: &object.id,
            named: object.parent.as_deref(),
            group: object.kind == GROUP,
        })
        .collect();
    let parents: Vec<Option<String>> = heal::parents(&nodes)
        .into_iter()
        .map(|parent| parent.map(|at| objects[at].id.clone()))
        .collect();
    for (object, parent) in objects.iter_mut().zip(parents) {
        object.parent = parent;
    }
    let ids: HashSet<&str> = objects.iter().map(|object| object.id.as_str()).collect();
    let links = entries(txn, schema::LINKS)
        .iter()
        .filter_map(|(id, map)| link(id, &Entry { map, txn }))
        .filter(|link| ids.contains(link.from.object.as_str()) && ids.contains(link.to.object.as_str()))
        .collect();
    CanvasView {
        schema: version(txn),
        objects,
        links,
    }
}

/// Word of a job card.
pub(super) const JOB: &str = "job";
/// Word of an idea.
pub(super) const IDEA: &str = "idea";
/// Word of a sticky note.
pub(super) const STICKY: &str = "sticky";
/// Word of a group.
pub(super) const GROUP: &str = "group";
/// Word of a link card.
pub(super) const LINK: &str = "link";
/// Word of an image.
pub(super) const IMAGE: &str = "image";

/// The side of a connector that finds its own.
pub(super) const AUTO: &str = "auto";
/// Kind of a connector that says no more than that.
pub(super) const REL: &str = "rel";
/// Kind of a planned dependency.
pub(super) const DEP: &str = "dep";

/// What is under each key of a root, whatever it is, by key.
///
/// Not with the map's own iterator: that one calls itself for each value it cannot give, once per value in a row.
pub(super) fn everything<T: ReadTxn>(txn: &T, root: &str) -> Vec<(String, Option<Out>)> {
    let Some(map) = txn.get_map(root) else {
        return Vec::new();
    };
    let mut keys: Vec<String> = map.keys(txn).map(str::to_owned).collect();
    keys.sort_unstable();
    keys.into_iter()
        .map(|key| {
            let value = map.get(txn, &key);
            (key, value)
        })
        .collect()
}

/// The entries of a root that are there, by id (rule 1).
pub(super) fn entries<T: ReadTxn>(txn: &T, root: &str) -> Vec<(String, MapRef)> {
    everything(txn, root)
        .into_iter()
        .filter_map(|(key, value)| match value {
            Some(Out::YMap(map)) if value::is_id(&key) => Some((key, map)),
            _ => None,
        })
        .collect()
}

/// An object with the parent that it names, which may not be there.
pub(super) fn read_object<T: ReadTxn>(txn: &T, id: &str, map: &MapRef) -> CanvasObject {
    let entry = &Entry { map, txn };
    let word = entry.string(key::TYPE).filter(|word| value::is_id(word));
    let job = entry
        .string(key::JOB)
        .filter(|_| word.as_deref() == Some(JOB))
        .and_then(|job| value::uuid(&job));
    let kind = match word {
        Some(word) if word == JOB && job.is_none() => IDEA.to_owned(),
        Some(word) => word,
        None => STICKY.to_owned(),
    };
    let Type(_, width, height, color) = value::defaults(&kind);
    let (at, size) = (entry.list(key::AT), entry.list(key::SIZE));
    let only = |key: &str, word: &str| entry.string(key).filter(|_| kind == word);
    CanvasObject {
        id: id.to_owned(),
        parent: at.string(0).filter(|parent| value::is_id(parent)).map(str::to_owned),
        x: value::coordinate(at.number(1)),
        y: value::coordinate(at.number(2)),
        w: value::size(size.number(0), width),
        h: value::size(size.number(1), height),
        z: entry
            .string(key::ORDER)
            .map_or_else(String::new, |order| value::cut(&order, schema::MAX_ORDER).to_owned()),
        text: text(entry),
        color: value::one_of(schema::COLORS, entry.string(key::COLOR).as_deref())
            .unwrap_or(color)
            .to_owned(),
        by: entry.string(key::BY).and_then(|by| value::uuid(&by)),
        ts: entry.whole(key::TIME),
        locked: entry.is_true(key::LOCK),
        job,
        url: only(key::URL, LINK).filter(|url| value::is_address(url)),
        file: only(key::FILE, IMAGE).filter(|file| value::is_id(file)),
        folder: only(key::FOLDER, GROUP).filter(|folder| !folder.is_empty()),
        kind,
        job_title: None,
        job_state: None,
    }
}

fn text<T: ReadTxn>(entry: &Entry<'_, T>) -> String {
    let mut text = entry.text(key::TEXT);
    text.truncate(value::cut(&text, schema::MAX_TEXT).len());
    text
}

/// A connector whose ends may not be there.
fn link<T: ReadTxn>(id: &str, entry: &Entry<'_, T>) -> Option<CanvasLink> {
    let (from, to) = (end(entry, key::FROM)?, end(entry, key::TO)?);
    (from.object != to.object).then(|| CanvasLink {
        id: id.to_owned(),
        from,
        to,
        kind: value::one_of(schema::KINDS, entry.string(key::KIND).as_deref())
            .unwrap_or(REL)
            .to_owned(),
        color: value::one_of(schema::COLORS, entry.string(key::COLOR).as_deref())
            .unwrap_or(schema::COLORS[0])
            .to_owned(),
        text: text(entry),
    })
}

fn end<T: ReadTxn>(entry: &Entry<'_, T>, key: &str) -> Option<LinkEnd> {
    let end = entry.list(key);
    Some(LinkEnd {
        object: end.string(0).filter(|object| value::is_id(object))?.to_owned(),
        side: value::one_of(schema::SIDES, end.string(1)).unwrap_or(AUTO).to_owned(),
    })
}

/// The version in `meta.schema`.
pub(super) fn version<T: ReadTxn>(txn: &T) -> Option<u32> {
    match txn.get_map(schema::META)?.get(txn, schema::SCHEMA)? {
        Out::Any(Any::Number(Number::Int(version))) => u32::try_from(version).ok().filter(|version| *version > 0),
        _ => None,
    }
}
