//! Mends what the schema's rules would otherwise hide for ever, or what is beyond a limit.

use super::{
    ModelError, Roots, change,
    edit::cut_text,
    order,
    read::{self, CanvasView},
    value::{self, Entry},
};
use coord_protocol::canvas::{
    CanvasObject,
    schema::{self, key},
};
use std::collections::{BTreeMap, BTreeSet};
use yrs::{Any, Map, MapRef, Number, Out, TransactionMut};

/// What mends the document of these bytes, as one update of `client`; absent when nothing is wrong. Nobody sees anything change, except order
/// keys that were too long and what was beyond the limits: objects (the newest go), connectors.
///
/// # Errors
/// When the bytes are no whole document.
pub fn repair(bytes: &[u8], client: u64) -> Result<Option<Vec<u8>>, ModelError> {
    let (update, ()) = change(bytes, client, |txn, roots| {
        mend_version(txn, &roots.meta);
        for (name, root) in [(schema::OBJECTS, &roots.objects), (schema::LINKS, &roots.links)] {
            remove_rubbish(txn, name, root);
        }
        remove_newest(txn, roots);
        let view = read::read_txn(&*txn);
        remove_hidden_links(txn, roots, &view);
        for (_, map) in read::entries(&*txn, schema::OBJECTS)
            .into_iter()
            .chain(read::entries(&*txn, schema::LINKS))
        {
            cut_text(txn, &map, schema::MAX_TEXT);
        }
        space_orders(txn, &view);
        Ok(())
    })?;
    Ok(update)
}

/// Only the server writes the version. One from the future would keep everybody from writing.
fn mend_version(txn: &mut TransactionMut<'_>, meta: &MapRef) {
    let good = match meta.get(txn, schema::SCHEMA) {
        None => true,
        Some(Out::Any(Any::Number(Number::Int(version)))) => (1..=i64::from(schema::VERSION)).contains(&version),
        Some(_) => false,
    };
    if !good {
        meta.insert(txn, schema::SCHEMA, schema::VERSION);
    }
}

/// Removes what is no map and what has no id (rule 1).
fn remove_rubbish(txn: &mut TransactionMut<'_>, name: &str, root: &MapRef) {
    for (key, value) in read::everything(&*txn, name) {
        if !matches!(value, Some(Out::YMap(_))) || !value::is_id(&key) {
            root.remove(txn, &key);
        }
    }
}

/// Removes the newest objects beyond the limit.
fn remove_newest(txn: &mut TransactionMut<'_>, roots: &Roots) {
    let entries = read::entries(&*txn, schema::OBJECTS);
    if entries.len() <= schema::MAX_OBJECTS {
        return;
    }
    let mut by_age: Vec<(i64, String)> = entries
        .into_iter()
        .map(|(id, map)| (Entry { map: &map, txn: &*txn }.whole(key::TIME), id))
        .collect();
    by_age.sort_unstable();
    for (_, id) in by_age.drain(schema::MAX_OBJECTS..) {
        roots.objects.remove(txn, &id);
    }
}

/// Removes connectors that nobody sees (rule 7) and those beyond the limit.
fn remove_hidden_links(txn: &mut TransactionMut<'_>, roots: &Roots, view: &CanvasView) {
    let kept: BTreeSet<&str> = view.links.iter().take(schema::MAX_OBJECTS).map(|link| link.id.as_str()).collect();
    for (id, _) in read::entries(&*txn, schema::LINKS) {
        if !kept.contains(id.as_str()) {
            roots.links.remove(txn, &id);
        }
    }
}

/// Gives those of a group that has an order key beyond the limit new ones, in the order they are seen in.
fn space_orders(txn: &mut TransactionMut<'_>, view: &CanvasView) {
    let maps: BTreeMap<String, MapRef> = read::entries(&*txn, schema::OBJECTS).into_iter().collect();
    let too_long = |id: &str| {
        maps.get(id)
            .and_then(|map| Entry { map, txn: &*txn }.string(key::ORDER))
            .is_some_and(|order| value::units(&order) > schema::MAX_ORDER)
    };
    let mut families: BTreeMap<Option<&str>, Vec<&CanvasObject>> = BTreeMap::new();
    for object in &view.objects {
        families.entry(object.parent.as_deref()).or_default().push(object);
    }
    families.retain(|_, within| within.iter().any(|object| too_long(&object.id)));
    for mut within in families.into_values() {
        within.sort_by(|a, b| order::compare(&a.z, &b.z).then_with(|| a.id.cmp(&b.id)));
        for (object, order) in within.iter().zip(order::spaced(within.len())) {
            if let Some(map) = maps.get(&object.id) {
                map.insert(txn, key::ORDER, order);
            }
        }
    }
}
