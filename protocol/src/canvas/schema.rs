//! Version 1 of the canvas document, a Yjs document: roots, keys, defaults and limits. `cargo xtask generate` makes the TypeScript twin.
//!
//! Three roots, all `Y.Map`: [`META`], [`OBJECTS`] (id → `Y.Map`), [`LINKS`] (id → `Y.Map`). Anybody may write anything that is a Yjs
//! update, so whoever reads heals what they find by the same rules, on the server and in the browser:
//!
//! 1. An entry that is no `Y.Map`, or whose key is no id (1 to 64 of `A-Z a-z 0-9 _ -`), is not there.
//! 2. A missing key, or a value of another form, is the default. `t` missing is a sticky; an unknown word is kept.
//! 3. `at` is `[parent, x, y]`. Coordinates that are no finite number or beyond [`MAX_COORDINATE`] are 0. `sz` is `[w, h]`, each clamped to
//!    [`MIN_SIZE`]..=[`MAX_SIZE`], the type's default where it is no number.
//! 4. A parent that is missing or no group: the object is in no group, with the coordinates it has. A circle of groups is cut at its
//!    smallest id, which goes to no group. Deeper than [`MAX_DEPTH`] groups: the object is in no group.
//! 5. Text is cut to [`MAX_TEXT`] UTF-16 units. A colour that is not in [`COLORS`] is the type's default. `z` is cut to [`MAX_ORDER`].
//! 6. `job` counts on a job card, `url` on a link card (only `http:` and `https:`), `file` on an image, `fold` on a group. A job card
//!    without a readable job id is an idea.
//! 7. A connector with an end that is not there, or from an object to itself, is not there. Unknown sides are `auto`, unknown kinds `rel`.
//!
//! A job card says the job's id and nothing else about it (INV-9). Dependencies between jobs are the jobs' own and not in the document.

use serde_json::{Value, json};

/// Version of this schema, in `meta.schema`. A reader that knows only lower ones reads and does not write.
pub const VERSION: u32 = 1;

/// Root map: `schema` (integer), written by the server.
pub const META: &str = "meta";
/// Root map: id → object.
pub const OBJECTS: &str = "objects";
/// Root map: id → connector.
pub const LINKS: &str = "links";
/// Key of [`META`]: [`VERSION`] as it was when the document was made or migrated.
pub const SCHEMA: &str = "schema";

/// Keys of an object.
pub mod key {
    /// Type: one of [`super::TYPES`].
    pub const TYPE: &str = "t";
    /// `[parent or "", x, y]`, one value: so a move and a change of group never mix.
    pub const AT: &str = "at";
    /// `[w, h]`.
    pub const SIZE: &str = "sz";
    /// Order among siblings: a fractional index.
    pub const ORDER: &str = "z";
    /// `Y.Text`, made with the object, never replaced.
    pub const TEXT: &str = "txt";
    /// Colour word.
    pub const COLOR: &str = "c";
    /// Account that made it.
    pub const BY: &str = "by";
    /// When, in milliseconds.
    pub const TIME: &str = "ts";
    /// Locked: boolean.
    pub const LOCK: &str = "lock";
    /// Job id of a job card.
    pub const JOB: &str = "job";
    /// Address of a link card.
    pub const URL: &str = "url";
    /// File id of an image.
    pub const FILE: &str = "file";
    /// Backlog folder a group stands for.
    pub const FOLDER: &str = "fold";
    /// Of a connector: `[object, side]` where it begins.
    pub const FROM: &str = "f";
    /// Of a connector: `[object, side]` where it ends.
    pub const TO: &str = "to";
    /// Of a connector: one of [`super::KINDS`].
    pub const KIND: &str = "k";
}

/// A type of object with its defaults: word, width, height, colour.
pub struct Type(pub &'static str, pub f64, pub f64, pub &'static str);

/// The types of objects.
pub const TYPES: &[Type] = &[
    Type("sticky", 200.0, 200.0, "amber"),
    Type("idea", 240.0, 120.0, "violet"),
    Type("job", 280.0, 136.0, "gray"),
    Type("group", 640.0, 400.0, "gray"),
    Type("text", 240.0, 40.0, "gray"),
    Type("image", 320.0, 240.0, "gray"),
    Type("link", 280.0, 96.0, "gray"),
];

/// Colour words; what they look like is the reader's matter, in light and dark.
pub const COLORS: &[&str] = &["gray", "red", "orange", "amber", "green", "teal", "blue", "violet", "pink"];
/// Sides of an object that a connector may hold on to.
pub const SIDES: &[&str] = &["auto", "top", "right", "bottom", "left"];
/// Kinds of connectors.
pub const KINDS: &[&str] = &["rel", "dep"];

/// Most objects; likewise most connectors.
pub const MAX_OBJECTS: usize = 20_000;
/// Most UTF-16 units of one text.
pub const MAX_TEXT: usize = 20_000;
/// Most bytes of the document, encoded.
pub const MAX_DOCUMENT: usize = 10 * 1024 * 1024;
/// Furthest coordinate from the origin.
pub const MAX_COORDINATE: f64 = 1e7;
/// Smallest width and height.
pub const MIN_SIZE: f64 = 8.0;
/// Largest width and height.
pub const MAX_SIZE: f64 = 20_000.0;
/// Groups within groups.
pub const MAX_DEPTH: usize = 8;
/// Most characters of an order key; the server spaces longer ones anew.
pub const MAX_ORDER: usize = 64;
/// Most characters of an address.
pub const MAX_URL: usize = 2_000;
/// Most characters of an object's id.
pub const MAX_ID: usize = 64;

/// Everything above as one value, for the generated TypeScript module.
#[must_use]
pub fn as_json() -> Value {
    let types: serde_json::Map<String, Value> = TYPES
        .iter()
        .map(|Type(word, w, h, color)| ((*word).to_owned(), json!({ "w": w, "h": h, "color": color })))
        .collect();
    json!({
        "version": VERSION,
        "roots": { "meta": META, "objects": OBJECTS, "links": LINKS },
        "schemaKey": SCHEMA,
        "keys": {
            "type": key::TYPE, "at": key::AT, "size": key::SIZE, "order": key::ORDER, "text": key::TEXT, "color": key::COLOR,
            "by": key::BY, "time": key::TIME, "lock": key::LOCK, "job": key::JOB, "url": key::URL, "file": key::FILE,
            "folder": key::FOLDER, "from": key::FROM, "to": key::TO, "kind": key::KIND,
        },
        "types": types,
        "colors": COLORS,
        "sides": SIDES,
        "kinds": KINDS,
        "limits": {
            "objects": MAX_OBJECTS, "text": MAX_TEXT, "document": MAX_DOCUMENT, "coordinate": MAX_COORDINATE, "minSize": MIN_SIZE,
            "maxSize": MAX_SIZE, "depth": MAX_DEPTH, "order": MAX_ORDER, "url": MAX_URL, "id": MAX_ID,
            "syncMessage": super::MAX_SYNC_MESSAGE, "presence": super::MAX_PRESENCE,
        },
        "messages": {
            "sync": super::message::SYNC, "awareness": super::message::AWARENESS, "auth": super::message::AUTH,
            "queryAwareness": super::message::QUERY_AWARENESS, "ack": super::message::ACK,
        },
    })
}
