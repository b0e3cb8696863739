//! Documents to try the model on, and the samples shared with the web.

#![allow(
    dead_code,
    clippy::allow_attributes,
    reason = "each test file is its own program and uses a part of this"
)]

use coord_canvas::model::CanvasView;
use serde_json::{Value, json};
use std::{fs, path::PathBuf};
pub use yrs::{Any, Map, Text, TransactionMut, WriteTxn};
use yrs::{
    ClientID, Doc, MapPrelim, MapRef, OffsetKind, Options, ReadTxn, StateVector, TextPrelim, Transact, Update, updates::decoder::Decode,
};

pub const JOB: &str = "018f2b1e-7c3a-7000-8000-000000000101";
pub const OTHER_JOB: &str = "018f2b1e-7c3a-7000-8000-000000000102";
/// The server's own client number.
pub const SERVER: u64 = 1;

/// A person's document.
pub fn client(id: u64) -> Doc {
    Doc::with_options(Options {
        offset_kind: OffsetKind::Utf16,
        ..Options::with_guid_and_client_id("canvas".into(), ClientID::new(id))
    })
}

/// A document that keeps what is deleted, as nobody should.
pub fn remembering(id: u64) -> Doc {
    Doc::with_options(Options {
        offset_kind: OffsetKind::Utf16,
        skip_gc: true,
        ..Options::with_guid_and_client_id("canvas".into(), ClientID::new(id))
    })
}

/// A document that these updates were applied to, in this order.
pub fn merged<'u>(id: u64, updates: impl IntoIterator<Item = &'u [u8]>) -> Doc {
    let doc = client(id);
    for update in updates {
        doc.transact_mut().apply_update(Update::decode_v1(update).unwrap()).unwrap();
    }
    doc
}

pub fn bytes(doc: &Doc) -> Vec<u8> {
    doc.transact().encode_state_as_update_v1(&StateVector::default())
}

/// The document of `bytes` after an update, as bytes.
pub fn after(bytes_before: &[u8], update: &[u8]) -> Vec<u8> {
    bytes(&merged(2, [bytes_before, update]))
}

/// A document of `id` made in one transaction.
pub fn made(id: u64, make: impl FnOnce(&mut TransactionMut<'_>, &MapRef, &MapRef)) -> Vec<u8> {
    let doc = client(id);
    changed(&doc, make);
    bytes(&doc)
}

/// One more transaction.
pub fn changed(doc: &Doc, change: impl FnOnce(&mut TransactionMut<'_>, &MapRef, &MapRef)) {
    let mut txn = doc.transact_mut();
    let (objects, links) = (txn.get_or_insert_map("objects"), txn.get_or_insert_map("links"));
    change(&mut txn, &objects, &links);
}

pub fn list<const N: usize>(values: [Any; N]) -> Any {
    Any::from(values.to_vec())
}

/// An entry with these values, written in their order.
pub fn add(txn: &mut TransactionMut<'_>, root: &MapRef, id: &str, values: &[(&str, Any)]) -> MapRef {
    let map = root.insert(txn, id, MapPrelim::default());
    for (key, value) in values {
        match (*key, value) {
            ("txt", Any::String(text)) => drop(map.insert(txn, "txt", TextPrelim::new(text.to_string()))),
            _ => drop(map.insert(txn, *key, value.clone())),
        }
    }
    map
}

/// An object of that type, with text, at (x, 0) in `parent`.
pub fn object(txn: &mut TransactionMut<'_>, root: &MapRef, id: &str, kind: &str, parent: &str, x: f64) -> MapRef {
    let at = list([parent.into(), x.into(), 0.into()]);
    add(txn, root, id, &[("t", kind.into()), ("at", at), ("txt", id.into())])
}

/// A connector of that kind.
pub fn connect(txn: &mut TransactionMut<'_>, root: &MapRef, id: &str, kind: &str, from: &str, to: &str) {
    let end = |object: &str| list([object.into(), "auto".into()]);
    add(txn, root, id, &[("f", end(from)), ("to", end(to)), ("k", kind.into())]);
}

/// A view as the samples write it.
pub fn as_json(view: &CanvasView) -> Value {
    json!({ "objects": view.objects, "links": view.links })
}

pub fn samples() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../protocol/fixtures/canvas")
}

/// All samples: name, bytes, view.
pub fn read_samples() -> Vec<(String, Vec<u8>, Value)> {
    let mut all: Vec<_> = fs::read_dir(samples())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "json"))
        .map(|path| {
            let mut sample: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
            let name = sample["name"].as_str().unwrap().to_owned();
            let bytes = decode(sample["update"].as_str().unwrap());
            (name, bytes, sample["view"].take())
        })
        .collect();
    all.sort_by(|a, b| a.0.cmp(&b.0));
    all
}

const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Base64.
pub fn encode(bytes: &[u8]) -> String {
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let number = three.iter().fold(0_u32, |number, byte| number << 8 | u32::from(*byte)) << (8 * (3 - three.len()));
        for place in 0..4 {
            let digit = LETTERS[(number >> (18 - 6 * place)) as usize & 63];
            text.push(if place > three.len() { '=' } else { char::from(digit) });
        }
    }
    text
}

fn decode(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let digits: Vec<u32> = text
        .bytes()
        .filter_map(|byte| LETTERS.iter().position(|letter| *letter == byte))
        .map(|digit| u32::try_from(digit).unwrap())
        .collect();
    for four in digits.chunks(4) {
        let number = four.iter().fold(0, |number, digit| number << 6 | digit) << (6 * (4 - four.len()));
        bytes.extend_from_slice(&number.to_be_bytes()[1..four.len()]);
    }
    bytes
}
