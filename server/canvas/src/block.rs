//! The blocks of a Yjs update, walked one by one (update format version 1).
//!
//! Source: `yjs/src/structs` and `yjs/src/utils/UpdateEncoder.js` (npm yjs 13.6). A block is an item (with its content and its place among
//! others), or stands for collected ones.

use crate::bytes::{Malformed, Reader};
use coord_protocol::canvas::schema;

/// Names a unit of a document: whoever wrote it, and which of theirs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Id {
    pub(crate) client: u64,
    pub(crate) clock: u32,
}

/// What an item belongs to, as far as its bytes say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Parent<'a> {
    /// What its neighbour belongs to.
    Neighbour,
    /// A root of the document.
    Root(&'a str),
    /// The type that this item holds.
    Item(Id),
}

/// A block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Block<'a> {
    /// Units it stands for; at least one.
    pub(crate) len: u32,
    pub(crate) kind: Kind<'a>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind<'a> {
    /// Deleted and forgotten.
    Collected,
    /// Left out: the rest is elsewhere.
    Skip,
    Item(Item<'a>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Item<'a> {
    pub(crate) left: Option<Id>,
    pub(crate) right: Option<Id>,
    pub(crate) parent: Parent<'a>,
    /// Under a key of a map, when the bytes say so.
    pub(crate) has_key: bool,
    /// Holds a shared type, which others can belong to.
    pub(crate) is_type: bool,
    /// Its content was deleted and forgotten.
    pub(crate) is_deleted: bool,
}

/// Longest binary value.
const MAX_BINARY: usize = 64 * 1024;

/// Most units that a block of deleted content stands for.
const MAX_DELETED: u32 = 1 << 24;

const HAS_LEFT: u8 = 0x80;
const HAS_RIGHT: u8 = 0x40;
const HAS_KEY: u8 = 0x20;

impl<'a> Reader<'a> {
    pub(crate) fn id(&mut self) -> Result<Id, Malformed> {
        Ok(Id {
            client: self.number()?,
            clock: self.small()?,
        })
    }

    /// Steps over a block.
    pub(crate) fn block(&mut self) -> Result<Block<'a>, Malformed> {
        let info = self.byte()?;
        match info {
            0 => Ok(Block {
                len: self.deleted()?,
                kind: Kind::Collected,
            }),
            10 => Ok(Block {
                len: self.deleted()?,
                kind: Kind::Skip,
            }),
            _ => self.item(info),
        }
    }

    fn item(&mut self, info: u8) -> Result<Block<'a>, Malformed> {
        let left = if info & HAS_LEFT == 0 { None } else { Some(self.id()?) };
        let right = if info & HAS_RIGHT == 0 { None } else { Some(self.id()?) };
        let mut parent = Parent::Neighbour;
        if left.is_none() && right.is_none() {
            parent = match self.number()? {
                1 => Parent::Root(self.string()?),
                0 => Parent::Item(self.id()?),
                _ => return Err(Malformed("a parent of an unknown kind")),
            };
            if info & HAS_KEY != 0 {
                self.string()?;
            }
        }
        let content = info & 0x1f;
        Ok(Block {
            len: self.content(content)?,
            kind: Kind::Item(Item {
                left,
                right,
                parent,
                has_key: info & HAS_KEY != 0,
                is_type: content == 7,
                is_deleted: content == 1,
            }),
        })
    }

    fn deleted(&mut self) -> Result<u32, Malformed> {
        match self.small()? {
            0 => Err(Malformed("an empty block")),
            len if len > MAX_DELETED => Err(Malformed("a block of deleted content is too long")),
            len => Ok(len),
        }
    }

    fn text(&mut self) -> Result<u32, Malformed> {
        let units = self.string()?.encode_utf16().count();
        if units > schema::MAX_TEXT {
            return Err(Malformed("a text is too long"));
        }
        u32::try_from(units).map_err(|_| Malformed("a text is too long"))
    }

    /// A value written as JSON. A reader that cannot parse it cannot read the document.
    fn json(&mut self) -> Result<(), Malformed> {
        let json = self.string()?;
        if json.len() > MAX_BINARY {
            return Err(Malformed("a text is too long"));
        }
        yrs::Any::from_json(json).map(drop).map_err(|_| Malformed("a value is no JSON"))
    }

    fn content(&mut self, kind: u8) -> Result<u32, Malformed> {
        let len = match kind {
            1 => return self.deleted(),
            // Obsolete lists of JSON: yrs 0.28 reads one string more than there is.
            2 => return Err(Malformed("content of an unknown kind")),
            3 => {
                if self.buffer()?.len() > MAX_BINARY {
                    return Err(Malformed("a binary value is too long"));
                }
                1
            }
            4 => self.text()?,
            5 => {
                self.json()?;
                1
            }
            6 => {
                self.text()?;
                self.json()?;
                1
            }
            7 => {
                match self.number()? {
                    // XML elements have a name. There are no hooks (5): yrs cannot read them.
                    3 => drop(self.string()?),
                    0..=2 | 4 | 6 => {}
                    _ => return Err(Malformed("a shared type of an unknown kind")),
                }
                1
            }
            8 => {
                let len = self.small()?;
                for _ in 0..len {
                    self.any()?;
                }
                len
            }
            _ => return Err(Malformed("content of an unknown kind")),
        };
        if len == 0 { Err(Malformed("an empty block")) } else { Ok(len) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn can_9_content_that_not_every_reader_can_read_is_refused() {
        // A value under the key k of the root r.
        let content = |kind: u8, rest: &[u8]| {
            let bytes = [&[kind | HAS_KEY, 1, 1, b'r', 1, b'k'], rest].concat();
            Reader::new(&bytes).block().map(|block| block.len)
        };
        assert_eq!(content(5, &[1, b'7']), Ok(1));
        assert_eq!(content(6, &[1, b'b', 4, b't', b'r', b'u', b'e']), Ok(1));
        assert_eq!(content(7, &[1]), Ok(1));
        assert_eq!(content(8, &[1, 125, 0x7f]), Ok(1));
        for (kind, rest) in [
            (2, &[1, 1, b'7'][..]),
            (5, &[1, b'{']),
            (6, &[1, b'b', 3, b't', b'r', b'u']),
            (7, &[5, 1, b'h']),
            (8, &[1, 125, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]),
        ] {
            assert!(content(kind, rest).is_err(), "{kind} {rest:?}");
        }
    }
}
