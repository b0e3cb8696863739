//! A document without what has been deleted from it.

use super::{Deleted, ModelError, open, read::read_txn};
use std::collections::HashMap;
use yrs::{Any, Map, MapRef, Number, Out, ReadTxn, StateVector, Text, TextRef, Transact, types::text::YChange};

/// The same document with deleted content forgotten, as an update: whoever has either has both.
///
/// # Errors
/// When the bytes are no whole document, or when the result would not say the same. The bytes are good to be kept then.
pub fn compact(bytes: &[u8]) -> Result<Vec<u8>, ModelError> {
    let smaller = {
        let doc = open(bytes, 0, Deleted::Collected)?;
        doc.transact().encode_state_as_update_v1(&StateVector::default())
    };
    let (before, after) = (open(bytes, 0, Deleted::Kept)?, open(&smaller, 0, Deleted::Kept)?);
    let (before, after) = (before.transact(), after.transact());
    let checks = [
        ("its writers", before.state_vector() == after.state_vector()),
        ("what is deleted", before.snapshot().delete_set == after.snapshot().delete_set),
        ("what is seen", read_txn(&before) == read_txn(&after)),
        ("what is in it", same(&raw_roots(&before), &raw_roots(&after))),
    ];
    match checks.into_iter().find(|(_, same)| !same) {
        Some((what, _)) => Err(ModelError::Compact(what)),
        None => Ok(smaller),
    }
}

/// What is under every root, known to the schema or not.
fn raw_roots<T: ReadTxn>(txn: &T) -> Any {
    let roots: HashMap<String, Any> = txn.root_refs().map(|(name, root)| (name.to_owned(), raw(txn, root))).collect();
    Any::from(roots)
}

fn raw<T: ReadTxn>(txn: &T, value: Out) -> Any {
    match value {
        Out::Any(any) => any,
        Out::YMap(map) => raw_map(txn, &map),
        Out::YText(text) => raw_text(txn, &text),
        // A root says what it is only when somebody asks for it.
        Out::UndefinedRef(branch) => Any::from(vec![raw_map(txn, &MapRef::from(branch)), raw_text(txn, &TextRef::from(branch))]),
        // No reader of a canvas looks into these. yrs never comes to the end of an array with half an emoji in it.
        Out::YArray(_) | Out::YXmlElement(_) | Out::YXmlFragment(_) | Out::YXmlText(_) | Out::YDoc(_) => Any::Undefined,
    }
}

fn raw_map<T: ReadTxn>(txn: &T, map: &MapRef) -> Any {
    let values: HashMap<String, Any> = map
        .keys(txn)
        .filter_map(|key| Some((key.to_owned(), raw(txn, map.get(txn, key)?))))
        .collect();
    Any::from(values)
}

fn raw_text<T: ReadTxn>(txn: &T, text: &TextRef) -> Any {
    let chunks = text.diff(txn, YChange::identity).into_iter().map(|chunk| {
        let format = chunk.attributes.map_or(Any::Null, |format| {
            Any::from(
                format
                    .into_iter()
                    .map(|(key, value)| (key.to_string(), value))
                    .collect::<HashMap<_, _>>(),
            )
        });
        Any::from(vec![raw(txn, chunk.insert), format])
    });
    Any::from(chunks.collect::<Vec<Any>>())
}

/// Equal, and not-a-number equals itself. A number is the same however it is written.
fn same(a: &Any, b: &Any) -> bool {
    match (a, b) {
        (Any::Number(a), Any::Number(b)) => float(*a).to_bits() == float(*b).to_bits(),
        (Any::Array(a), Any::Array(b)) => a.len() == b.len() && a.iter().zip(b.iter()).all(|(a, b)| same(a, b)),
        (Any::Map(a), Any::Map(b)) => a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| same(a, b))),
        (a, b) => a == b,
    }
}

const fn float(number: Number) -> f64 {
    match number {
        #[expect(clippy::cast_precision_loss, reason = "numbers are what JavaScript makes of them")]
        Number::Int(value) => value as f64,
        Number::Float(value) => value,
    }
}
