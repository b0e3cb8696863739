//! The blocks of one client, one behind another as they came.

use crate::{
    block::Block,
    bytes::{Malformed, Reader, put_number},
};

/// How many bytes of blocks there are between two places at which a search can begin.
const STRIDE: usize = 1024;

/// The blocks of one client.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Structs {
    pub(crate) start: u32,
    pub(crate) end: u32,
    pub(crate) count: u32,
    pub(crate) bytes: Vec<u8>,
    /// Where some of the blocks are: clock and place in `bytes`, rising.
    marks: Vec<(u32, usize)>,
}

impl Structs {
    pub(crate) fn append(&mut self, later: &Self) {
        debug_assert_eq!(self.end, later.start);
        let at = self.bytes.len();
        self.mark(later.start);
        self.marks.extend(later.marks.iter().map(|(clock, mark)| (*clock, at + mark)));
        self.end = later.end;
        self.count += later.count;
        self.bytes.extend_from_slice(&later.bytes);
    }

    /// Adds a block of `len` units.
    pub(crate) fn push(&mut self, block: &[u8], clock: u32, len: u32) {
        if self.count == 0 {
            self.start = clock;
        }
        self.mark(clock);
        self.end = clock + len;
        self.count += 1;
        self.bytes.extend_from_slice(block);
    }

    /// Blocks from `start` on, whose bytes come with [`Structs::close`].
    pub(crate) fn begin(start: u32) -> Self {
        Self { start, ..Self::default() }
    }

    /// Notes that the block of `clock` begins at this place in the bytes, if the last noted is far.
    pub(crate) fn mark_at(&mut self, clock: u32, at: usize) {
        if at - self.marks.last().map_or(0, |(_, mark)| *mark) >= STRIDE {
            self.marks.push((clock, at));
        }
    }

    /// All blocks, up to `end`.
    pub(crate) fn close(&mut self, end: u32, count: u32, bytes: &[u8]) {
        self.end = end;
        self.count = count;
        self.bytes = bytes.to_vec();
    }

    /// Remembers that the block of `clock` comes next, if the last mark is far.
    fn mark(&mut self, clock: u32) {
        self.mark_at(clock, self.bytes.len());
    }

    pub(crate) fn encode(&self, client: u64, out: &mut Vec<u8>) {
        put_number(out, u64::from(self.count));
        put_number(out, client);
        put_number(out, u64::from(self.start));
        out.extend_from_slice(&self.bytes);
    }

    /// The block that holds `clock`.
    pub(crate) fn find(&self, clock: u32) -> Option<Found<'_>> {
        if clock < self.start || clock >= self.end {
            return None;
        }
        let mark = self.marks.partition_point(|(mark, _)| *mark <= clock);
        let (mut start, from) = mark.checked_sub(1).map_or((self.start, 0), |mark| self.marks[mark]);
        let mut reader = Reader::new(&self.bytes[from..]);
        loop {
            let at = from + reader.at();
            let block = reader.block().ok()?;
            let end = start + block.len;
            if clock < end {
                let walked = reader.at();
                return Some(Found { block, start, at, walked });
            }
            start = end;
        }
    }

    /// The part from the block that holds `clock` on.
    pub(crate) fn from(&self, clock: u32) -> Result<Self, Malformed> {
        let Some(Found { start, at, .. }) = self.find(clock) else {
            return Ok(self.clone());
        };
        let mut before = Reader::new(&self.bytes[..at]);
        let mut count = self.count;
        while !before.is_at_end() {
            before.block()?;
            count -= 1;
        }
        Ok(Self {
            start,
            end: self.end,
            count,
            bytes: self.bytes[at..].to_vec(),
            marks: vec![],
        })
    }
}

/// A block that was searched for.
#[derive(Clone, Copy)]
pub(crate) struct Found<'a> {
    pub(crate) block: Block<'a>,
    /// Its first clock.
    pub(crate) start: u32,
    /// Where it begins.
    pub(crate) at: usize,
    /// How many bytes it took to find it.
    pub(crate) walked: usize,
}
