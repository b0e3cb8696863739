//! Edits that the server makes: one transaction, one update.

use super::{ModelError, Roots, change, from_file, order, read, read::CanvasView, value};
use coord_protocol::{
    canvas::{
        CanvasFile, CanvasLink, CanvasObject, LinkEnd,
        schema::{self, key},
    },
    id::JobId,
};
use std::collections::{BTreeSet, HashMap};
use yrs::{Any, GetString, Map, MapPrelim, MapRef, Out, ReadTxn, Text, TextPrelim, TextRef, TransactionMut, types::text::YChange};

/// A job card to be put on a canvas.
#[derive(Debug, Clone, PartialEq)]
pub struct NewJob {
    /// Key of the object.
    pub id: String,
    /// The job.
    pub job: JobId,
    /// Left edge, relative to the group's.
    pub x: f64,
    /// Top edge, relative to the group's.
    pub y: f64,
}

/// An edit of the server's own.
#[derive(Debug, Clone, PartialEq)]
pub enum Edit {
    /// Turns an idea or sticky note into the card of a job (CAN-4). Text, place and connectors stay. Of a card of that same job, nothing.
    Promote {
        /// The idea.
        object: String,
        /// What it became.
        job: JobId,
        /// Empties the text, for a private job.
        clear_text: bool,
    },
    /// Removes connectors whose planned dependency is a real one now. Those that are gone stay gone.
    PlannedDone {
        /// The connectors.
        links: Vec<String>,
    },
    /// Makes a planned dependency a mere connector.
    Relate {
        /// The connector.
        link: String,
    },
    /// Adds what is in a file, above what is there.
    Insert {
        /// What passes [`from_file`].
        file: CanvasFile,
        /// New ids: one for each object, then one for each connector, in the file's order.
        ids: Vec<String>,
    },
    /// Writes the version of the schema when there is none.
    SetSchema,
    /// Removes objects and the connectors at them. What is in a removed group and stays goes to the group around it, in its place.
    Remove {
        /// The objects. Those that are gone stay gone.
        objects: Vec<String>,
    },
    /// Puts an object elsewhere; on top when that is another group.
    Move {
        /// The object.
        object: String,
        /// A group, which is not in the object; absent for none.
        parent: Option<String>,
        /// Left edge, relative to the group's.
        x: f64,
        /// Top edge, relative to the group's.
        y: f64,
    },
    /// Makes a group stand for a Backlog folder, or no more.
    Folder {
        /// The group.
        object: String,
        /// The folder's name; absent for none.
        folder: Option<String>,
    },
    /// Gives an object another size.
    Resize {
        /// The object.
        object: String,
        /// Width.
        w: f64,
        /// Height.
        h: f64,
    },
    /// Adds job cards on top of their group. A card that is there already stays as it is.
    AddJobs {
        /// A group; absent for none.
        parent: Option<String>,
        /// The cards.
        jobs: Vec<NewJob>,
    },
}

/// What an edit did: ids added, changed or removed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Done {
    /// Objects.
    pub objects: Vec<String>,
    /// Connectors.
    pub links: Vec<String>,
}

/// What edits did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edited {
    /// The change alone, as an update; absent when nothing changed.
    pub update: Option<Vec<u8>>,
    /// What each edit did, in their order.
    pub done: Vec<Done>,
}

/// Makes `edits`, one after another, as `client` (below 2^53), whose clock goes on from what `bytes` hold of it.
///
/// # Errors
/// When `bytes` are no whole document or one of the edits is impossible; then none is made.
pub fn edit(bytes: &[u8], client: u64, edits: &[Edit]) -> Result<Edited, ModelError> {
    let (update, done) = change(bytes, client, |txn, roots| {
        let mut editor = Editor { txn, roots };
        edits
            .iter()
            .map(|edit| editor.make(edit))
            .collect::<Result<Vec<Done>, ModelError>>()
    })?;
    Ok(Edited { update, done })
}

struct Editor<'a, 'doc> {
    txn: &'a mut TransactionMut<'doc>,
    roots: &'a Roots,
}

impl Editor<'_, '_> {
    fn make(&mut self, edit: &Edit) -> Result<Done, ModelError> {
        match edit {
            Edit::Promote { object, job, clear_text } => self.promote(object, *job, *clear_text),
            Edit::PlannedDone { links } => Ok(Done {
                links: self.remove_links(links.iter()),
                ..Done::default()
            }),
            Edit::Relate { link } => Ok(self.relate(link)),
            Edit::Insert { file, ids } => self.insert(file, ids),
            Edit::SetSchema => Ok(self.set_schema()),
            Edit::Remove { objects } => Ok(self.remove(objects)),
            Edit::Move { object, parent, x, y } => self.place(object, parent.as_deref(), *x, *y),
            Edit::Folder { object, folder } => self.folder(object, folder.as_deref()),
            Edit::Resize { object, w, h } => self.resize(object, *w, *h),
            Edit::AddJobs { parent, jobs } => self.add_jobs(parent.as_deref(), jobs),
        }
    }

    fn entry(&self, root: &MapRef, id: &str) -> Option<MapRef> {
        match root.get(self.txn, id) {
            Some(Out::YMap(map)) if value::is_id(id) => Some(map),
            _ => None,
        }
    }

    fn view(&self) -> CanvasView {
        read::read_txn(&*self.txn)
    }

    fn promote(&mut self, id: &str, job: JobId, clear_text: bool) -> Result<Done, ModelError> {
        let missing = || ModelError::Missing(id.to_owned());
        let map = self.entry(&self.roots.objects, id).ok_or_else(missing)?;
        let object = read::read_object(&*self.txn, id, &map);
        if object.job == Some(job) {
            return Ok(Done::default());
        }
        if object.kind != read::IDEA && object.kind != read::STICKY {
            return Err(missing());
        }
        map.insert(self.txn, key::TYPE, read::JOB);
        map.insert(self.txn, key::JOB, job.to_string());
        if clear_text {
            cut_text(self.txn, &map, 0);
        }
        Ok(Done {
            objects: vec![id.to_owned()],
            ..Done::default()
        })
    }

    fn relate(&mut self, id: &str) -> Done {
        let Some(map) = self.entry(&self.roots.links, id) else {
            return Done::default();
        };
        if map.get(self.txn, key::KIND) != Some(Out::from(read::DEP)) {
            return Done::default();
        }
        map.insert(self.txn, key::KIND, read::REL);
        Done {
            links: vec![id.to_owned()],
            ..Done::default()
        }
    }

    fn set_schema(&mut self) -> Done {
        if read::version(&*self.txn).is_none() {
            self.roots.meta.insert(self.txn, schema::SCHEMA, schema::VERSION);
        }
        Done::default()
    }

    /// Removes those that are there and answers which.
    fn remove_links<'i>(&mut self, ids: impl Iterator<Item = &'i String>) -> Vec<String> {
        ids.filter(|id| self.roots.links.contains_key(self.txn, id) && self.roots.links.remove(self.txn, id).is_some())
            .cloned()
            .collect()
    }

    fn remove(&mut self, ids: &[String]) -> Done {
        let view = self.view();
        let gone: BTreeSet<&str> = ids.iter().map(String::as_str).filter(|id| view.object(id).is_some()).collect();
        for object in view.objects.iter().filter(|object| !gone.contains(object.id.as_str())) {
            let (mut parent, mut x, mut y) = (object.parent.as_deref(), object.x, object.y);
            while let Some(around) = parent.filter(|id| gone.contains(id)).and_then(|id| view.object(id)) {
                (parent, x, y) = (around.parent.as_deref(), x + around.x, y + around.y);
            }
            if parent != object.parent.as_deref() {
                self.set_place(&object.id, parent, x, y);
            }
        }
        let links = view
            .links
            .iter()
            .filter(|link| gone.contains(link.from.object.as_str()) || gone.contains(link.to.object.as_str()));
        let links = self.remove_links(links.map(|link| &link.id));
        let objects: Vec<String> = gone.into_iter().map(str::to_owned).collect();
        for id in &objects {
            self.roots.objects.remove(self.txn, id);
        }
        Done { objects, links }
    }

    fn set_place(&mut self, id: &str, parent: Option<&str>, x: f64, y: f64) {
        if let Some(map) = self.entry(&self.roots.objects, id) {
            map.insert(self.txn, key::AT, place(parent, x, y));
        }
    }

    fn place(&mut self, id: &str, parent: Option<&str>, x: f64, y: f64) -> Result<Done, ModelError> {
        let view = self.view();
        let object = view.object(id).ok_or_else(|| ModelError::Missing(id.to_owned()))?;
        group(&view, parent)?;
        let mut around = parent;
        let mut above = 0;
        while let Some(group) = around {
            if group == id {
                return Err(ModelError::Limit("a group cannot be in itself".to_owned()));
            }
            above += 1;
            around = view.object(group).and_then(|group| group.parent.as_deref());
        }
        if parent.is_some() && above + levels(&view, id) > schema::MAX_DEPTH {
            return Err(ModelError::Limit(format!("groups go {} deep at most", schema::MAX_DEPTH)));
        }
        if parent != object.parent.as_deref() {
            let top = top(&view, parent);
            if let Some(map) = self.entry(&self.roots.objects, id) {
                map.insert(self.txn, key::ORDER, order::above(top));
            }
        }
        self.set_place(id, parent, value::coordinate(x), value::coordinate(y));
        Ok(Done {
            objects: vec![id.to_owned()],
            ..Done::default()
        })
    }

    fn folder(&mut self, id: &str, folder: Option<&str>) -> Result<Done, ModelError> {
        group(&self.view(), Some(id))?;
        let map = self
            .entry(&self.roots.objects, id)
            .ok_or_else(|| ModelError::Missing(id.to_owned()))?;
        match folder {
            Some(folder) => drop(map.insert(self.txn, key::FOLDER, folder)),
            None => drop(map.remove(self.txn, key::FOLDER)),
        }
        Ok(Done {
            objects: vec![id.to_owned()],
            ..Done::default()
        })
    }

    fn resize(&mut self, id: &str, w: f64, h: f64) -> Result<Done, ModelError> {
        let map = self
            .entry(&self.roots.objects, id)
            .ok_or_else(|| ModelError::Missing(id.to_owned()))?;
        let side = |length: f64| Any::from(length.clamp(schema::MIN_SIZE, schema::MAX_SIZE));
        map.insert(self.txn, key::SIZE, Any::from(vec![side(w), side(h)]));
        Ok(Done {
            objects: vec![id.to_owned()],
            ..Done::default()
        })
    }

    fn add_jobs(&mut self, parent: Option<&str>, jobs: &[NewJob]) -> Result<Done, ModelError> {
        let view = self.view();
        group(&view, parent)?;
        let mut top = top(&view, parent).to_owned();
        let mut done = Done::default();
        for job in jobs {
            if view.object(&job.id).is_some_and(|object| object.job == Some(job.job)) {
                continue;
            }
            top = order::above(&top);
            self.add_object(&CanvasObject {
                id: job.id.clone(),
                kind: read::JOB.to_owned(),
                parent: parent.map(str::to_owned),
                x: job.x,
                y: job.y,
                z: top.clone(),
                job: Some(job.job),
                ..blank(read::JOB)
            })?;
            done.objects.push(job.id.clone());
        }
        self.check_counts()?;
        Ok(done)
    }

    fn insert(&mut self, file: &CanvasFile, ids: &[String]) -> Result<Done, ModelError> {
        from_file(file).map_err(|faults| {
            ModelError::Limit(
                faults
                    .into_iter()
                    .next()
                    .map_or_else(String::new, |(at, why)| format!("{at} {why}")),
            )
        })?;
        if ids.len() != file.objects.len() + file.links.len() {
            return Err(ModelError::Limit("there has to be one id for each object and connector".to_owned()));
        }
        let (object_ids, link_ids) = ids.split_at(file.objects.len());
        let renamed: HashMap<&str, &String> = file.objects.iter().map(|object| object.id.as_str()).zip(object_ids).collect();
        let rename = |id: &str| renamed.get(id).map_or_else(String::new, |id| (*id).clone());
        let orders = orders_above(file, &self.view());
        for (object, id) in file.objects.iter().zip(object_ids) {
            self.add_object(&CanvasObject {
                id: id.clone(),
                parent: object.parent.as_deref().map(rename),
                z: orders.get(object.id.as_str()).cloned().unwrap_or_else(|| object.z.clone()),
                ..object.clone()
            })?;
        }
        for (link, id) in file.links.iter().zip(link_ids) {
            let end = |end: &LinkEnd| LinkEnd {
                object: rename(&end.object),
                side: end.side.clone(),
            };
            self.add_link(&CanvasLink {
                id: id.clone(),
                from: end(&link.from),
                to: end(&link.to),
                ..link.clone()
            })?;
        }
        self.check_counts()?;
        Ok(Done {
            objects: object_ids.to_vec(),
            links: link_ids.to_vec(),
        })
    }

    fn check_counts(&self) -> Result<(), ModelError> {
        for (what, root) in [("objects", &self.roots.objects), ("connectors", &self.roots.links)] {
            if root.len(self.txn) as usize > schema::MAX_OBJECTS {
                return Err(ModelError::Limit(format!("a canvas holds at most {} {what}", schema::MAX_OBJECTS)));
            }
        }
        Ok(())
    }

    /// An empty entry under a key that is free. Its values are written one by one, since a map written at once has no order.
    fn add(&mut self, root: &MapRef, id: &str) -> Result<MapRef, ModelError> {
        if !value::is_id(id) || root.contains_key(self.txn, id) {
            return Err(ModelError::Limit(format!("{id} is taken or no id")));
        }
        Ok(root.insert(self.txn, id, MapPrelim::default()))
    }

    fn add_object(&mut self, object: &CanvasObject) -> Result<(), ModelError> {
        let map = self.add(&self.roots.objects, &object.id)?;
        let txn = &mut *self.txn;
        map.insert(txn, key::TYPE, object.kind.as_str());
        map.insert(txn, key::AT, place(object.parent.as_deref(), object.x, object.y));
        map.insert(txn, key::SIZE, Any::from(vec![Any::from(object.w), Any::from(object.h)]));
        map.insert(txn, key::ORDER, object.z.as_str());
        map.insert(txn, key::TEXT, TextPrelim::new(object.text.as_str()));
        map.insert(txn, key::COLOR, object.color.as_str());
        let words = [
            (key::BY, object.by.map(|by| by.to_string())),
            (key::JOB, object.job.map(|job| job.to_string())),
            (key::URL, object.url.clone()),
            (key::FILE, object.file.clone()),
            (key::FOLDER, object.folder.clone()),
        ];
        for (key, word) in words.into_iter().filter_map(|(key, word)| Some((key, word?))) {
            map.insert(txn, key, word);
        }
        if object.ts != 0 {
            map.insert(txn, key::TIME, object.ts);
        }
        if object.locked {
            map.insert(txn, key::LOCK, true);
        }
        Ok(())
    }

    fn add_link(&mut self, link: &CanvasLink) -> Result<(), ModelError> {
        let map = self.add(&self.roots.links, &link.id)?;
        let txn = &mut *self.txn;
        for (key, end) in [(key::FROM, &link.from), (key::TO, &link.to)] {
            map.insert(
                txn,
                key,
                Any::from(vec![Any::from(end.object.as_str()), Any::from(end.side.as_str())]),
            );
        }
        map.insert(txn, key::KIND, link.kind.as_str());
        map.insert(txn, key::COLOR, link.color.as_str());
        map.insert(txn, key::TEXT, TextPrelim::new(link.text.as_str()));
        Ok(())
    }
}

fn place(parent: Option<&str>, x: f64, y: f64) -> Any {
    Any::from(vec![
        Any::from(parent.unwrap_or_default()),
        Any::from(value::coordinate(x)),
        Any::from(value::coordinate(y)),
    ])
}

/// How many levels are below an object: none for what holds nothing.
fn levels(view: &CanvasView, id: &str) -> usize {
    let below = view.objects.iter().filter_map(|object| {
        let (mut level, mut at) = (0, object);
        while at.id != id {
            level += 1;
            at = view.object(at.parent.as_deref()?)?;
        }
        Some(level)
    });
    below.max().unwrap_or(0)
}

/// An object with the defaults of its type.
fn blank(kind: &str) -> CanvasObject {
    let schema::Type(_, w, h, color) = value::defaults(kind);
    CanvasObject {
        id: String::new(),
        kind: kind.to_owned(),
        parent: None,
        x: 0.0,
        y: 0.0,
        w,
        h,
        z: String::new(),
        text: String::new(),
        color: color.to_owned(),
        by: None,
        ts: 0,
        locked: false,
        job: None,
        url: None,
        file: None,
        folder: None,
        job_title: None,
        job_state: None,
    }
}

/// That the parent, if any, is a group with room for one more below it.
fn group(view: &CanvasView, parent: Option<&str>) -> Result<(), ModelError> {
    let mut depth = 0;
    let mut around = parent;
    while let Some(id) = around {
        let group = view
            .object(id)
            .filter(|object| object.kind == read::GROUP)
            .ok_or_else(|| ModelError::Missing(id.to_owned()))?;
        depth += 1;
        around = group.parent.as_deref();
    }
    if depth > schema::MAX_DEPTH {
        return Err(ModelError::Limit(format!("groups go at most {} deep", schema::MAX_DEPTH)));
    }
    Ok(())
}

/// The highest order key in a group.
fn top<'v>(view: &'v CanvasView, parent: Option<&str>) -> &'v str {
    let within = view.objects.iter().filter(|object| object.parent.as_deref() == parent);
    within
        .map(|object| object.z.as_str())
        .max_by(|a, b| order::compare(a, b))
        .unwrap_or_default()
}

/// Order keys for the outermost objects of a file that put them above everything on the canvas; none when there is nothing yet.
fn orders_above<'f>(file: &'f CanvasFile, view: &CanvasView) -> HashMap<&'f str, String> {
    if view.objects.iter().all(|object| object.parent.is_some()) {
        return HashMap::new();
    }
    let mut top = top(view, None).to_owned();
    let mut outermost: Vec<&CanvasObject> = file.objects.iter().filter(|object| object.parent.is_none()).collect();
    outermost.sort_by(|a, b| order::compare(&a.z, &b.z).then_with(|| a.id.cmp(&b.id)));
    outermost
        .into_iter()
        .map(|object| {
            top = order::above(&top);
            (object.id.as_str(), top.clone())
        })
        .collect()
}

/// Leaves at most `max` units of an entry's text; answers whether there were more.
pub(super) fn cut_text(txn: &mut TransactionMut<'_>, map: &MapRef, max: usize) -> bool {
    let Some(Out::YText(text)) = map.get(txn, key::TEXT) else {
        if max == 0 && map.contains_key(txn, key::TEXT) {
            map.insert(txn, key::TEXT, TextPrelim::default());
        }
        return false;
    };
    let whole = text.get_string(txn);
    let kept = value::cut(&whole, max);
    if kept.len() == whole.len() {
        return false;
    }
    match (u32::try_from(value::units(kept)), u32::try_from(value::units(&whole))) {
        (Ok(from), Ok(to)) if is_plain(&*txn, &text, to) => text.remove_range(txn, from, to - from),
        // Offsets in it are not those of its letters: rubbish, which nobody types into.
        _ => drop(map.insert(txn, key::TEXT, TextPrelim::new(kept))),
    }
    true
}

/// Whether a text of so many units is letters and nothing else.
fn is_plain<T: ReadTxn>(txn: &T, text: &TextRef, units: u32) -> bool {
    text.len(txn) == units
        && text
            .diff(txn, YChange::identity)
            .iter()
            .all(|chunk| matches!(&chunk.insert, Out::Any(Any::String(_))))
}
