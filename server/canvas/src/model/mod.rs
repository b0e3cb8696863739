//! What a canvas document means: read by the schema's rules, edited and mended through yrs.
//!
//! Everything here takes the bytes of a Yjs update (version 1) that has passed the structural check, builds a document in memory, and lets
//! it go. Start reading at [`read`].
//!
//! Where the rules of [`schema`] leave something open, the web's reader (`canvas-web/src/canvas/document`) and this one agree on this:
//! an XML type is neither a map nor a text; of a list that is too short the missing parts are the default, of one that is too long the rest
//! does not count; a half surrogate pair is cut off with its other half; -0 is 0; a word for the type, and a file, has the form of an id; an
//! id of the server has its hyphens; the samples in `protocol/fixtures/canvas` hold both to it.

mod compact;
mod edit;
mod file;
mod heal;
mod order;
mod planned;
mod read;
mod repair;
mod value;

pub use compact::compact;
pub use edit::{Done, Edit, Edited, NewJob, edit};
pub use file::{Faults, from_file, to_file};
pub use planned::{Planned, planned};
pub use read::{CanvasView, read, read_doc};
pub use repair::repair;

use coord_protocol::canvas::schema;
use yrs::{Doc, MapRef, OffsetKind, Options, ReadTxn, Transact, TransactionMut, Update, WriteTxn, updates::decoder::Decode};

/// Why a document could not be read or changed. The bytes are as they were.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// The bytes are no update.
    #[error("the document cannot be decoded: {0}")]
    Decode(#[from] yrs::encoding::read::Error),
    /// The update cannot be put together.
    #[error("the document cannot be put together: {0}")]
    Apply(#[from] yrs::error::UpdateError),
    /// Something that the update builds upon is not in it.
    #[error("the document has gaps")]
    Gaps,
    /// The smaller document would not have been the same.
    #[error("the document cannot be made smaller: {0} would change")]
    Compact(&'static str),
    /// There is no object or connector of that id, or it is of another kind than the edit needs.
    #[error("{0} is not there or is something else")]
    Missing(String),
    /// The edit would pass a limit.
    #[error("{0}")]
    Limit(String),
}

/// Whether deleted content stays in memory.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Deleted {
    Kept,
    Collected,
}

/// A document of these bytes, in which `client` may write.
fn open(bytes: &[u8], client: u64, deleted: Deleted) -> Result<Doc, ModelError> {
    // The whole document in one transaction: what is deleted in it is collected once, at its end.
    let doc = Doc::with_options(Options {
        offset_kind: OffsetKind::Utf16,
        skip_gc: deleted == Deleted::Kept,
        ..Options::with_guid_and_client_id("".into(), yrs::ClientID::new(client))
    });
    let update = Update::decode_v1(bytes)?;
    // yrs would put together what comes after a gap, where Yjs waits.
    let inserted = update.insertions(true);
    if inserted
        .iter()
        .any(|(_, ranges)| ranges.len() != 1 || ranges.iter().any(|range| range.start != 0))
    {
        return Err(ModelError::Gaps);
    }
    let mut txn = doc.transact_mut();
    txn.apply_update(update)?;
    let gaps = txn.has_missing_updates();
    drop(txn);
    if gaps { Err(ModelError::Gaps) } else { Ok(doc) }
}

/// The roots in a transaction that changes them.
struct Roots {
    meta: MapRef,
    objects: MapRef,
    links: MapRef,
}

impl Roots {
    fn of(txn: &mut TransactionMut<'_>) -> Self {
        Self {
            meta: txn.get_or_insert_map(schema::META),
            objects: txn.get_or_insert_map(schema::OBJECTS),
            links: txn.get_or_insert_map(schema::LINKS),
        }
    }
}

/// Runs `change` in one transaction of `client` on the document of `bytes` and answers what it added, if anything.
fn change<T>(
    bytes: &[u8],
    client: u64,
    change: impl FnOnce(&mut TransactionMut<'_>, &Roots) -> Result<T, ModelError>,
) -> Result<(Option<Vec<u8>>, T), ModelError> {
    let doc = open(bytes, client, Deleted::Kept)?;
    let mut txn = doc.transact_mut();
    let roots = Roots::of(&mut txn);
    let result = change(&mut txn, &roots)?;
    let changed = !txn.insert_set().is_empty() || !txn.delete_set().is_empty();
    Ok((changed.then(|| txn.encode_update_v1()), result))
}
