//! Hostile updates by chance: real ones changed at the bounds of their fields, and ones made up whose form is right and whose meaning is
//! not. Everything follows from a seed.

use super::{CLIENTS, World};
use coord_canvas::Document;
use std::ops::Range;
use yrs::{StateVector, updates::decoder::Decode as _};

/// A stream of numbers that is the same for the same seed (SplitMix64).
#[derive(Debug, Clone)]
pub struct Chance(pub u64);

impl Chance {
    pub const fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Below `n`.
    pub fn below(&mut self, n: usize) -> usize {
        usize::try_from(self.bits() % n.max(1) as u64).unwrap()
    }

    pub const fn one_in(&mut self, n: u64) -> bool {
        self.bits().is_multiple_of(n)
    }

    pub fn word<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len())]
    }

    pub fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }
}

pub fn number(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

pub fn text(out: &mut Vec<u8>, text: &str) {
    number(out, text.len() as u64);
    out.extend_from_slice(text.as_bytes());
}

/// Numbers at which readers trip.
const NUMBERS: [u64; 22] = [
    0,
    1,
    2,
    3,
    5,
    7,
    63,
    64,
    127,
    128,
    255,
    16_383,
    (1 << 24) - 1,
    (1 << 28) + 1,
    (1 << 31) - 1,
    1 << 31,
    (1 << 32) - 1,
    (1 << 53) - 1,
    1 << 53,
    (1 << 60) + 7,
    u64::MAX - 1,
    u64::MAX,
];

/// A document to begin with, and the real updates that made it.
pub struct Base {
    pub document: Document,
    pub corpus: Vec<Vec<u8>>,
    ends: Vec<(u64, u32)>,
}

impl Base {
    /// Made by some steps of people.
    pub fn draw(chance: &mut Chance, steps: usize) -> Self {
        let mut world = World::new();
        for _ in 0..steps {
            let draw = (chance.bits() as u8, chance.bits() as u32, chance.bits() as u32);
            world.step(true, draw);
        }
        let mut corpus: Vec<_> = world.sent.iter().map(|(_, update)| update.clone()).collect();
        corpus.extend(world.peers.iter().flat_map(|peer| peer.outbox().drain(..).collect::<Vec<_>>()));
        let whole = world.server.document.encode();
        corpus.push(whole);
        Self::new(world.server.document, corpus)
    }

    pub fn new(document: Document, corpus: Vec<Vec<u8>>) -> Self {
        let known = StateVector::decode_v1(&document.state_vector()).unwrap();
        let mut ends: Vec<_> = known.iter().map(|(client, clock)| (client.get(), *clock)).collect();
        ends.sort_unstable();
        Self { document, corpus, ends }
    }

    /// Something hostile.
    pub fn hostile(&self, chance: &mut Chance) -> Vec<u8> {
        let mut update = if chance.one_in(3) {
            self.made_up(chance)
        } else {
            chance.pick(&self.corpus).clone()
        };
        for _ in 0..chance.below(4) {
            self.change(chance, &mut update);
        }
        update
    }

    fn change(&self, chance: &mut Chance, update: &mut Vec<u8>) {
        if update.is_empty() {
            return;
        }
        let all = fields(update);
        let field = chance.pick(&all).clone();
        match chance.below(11) {
            0 => {
                let at = chance.below(update.len());
                update[at] ^= 1 << chance.below(8);
            }
            1 => update.truncate(chance.below(update.len())),
            2 | 3 => {
                let mut other = vec![];
                match chance.below(3) {
                    0 => number(&mut other, *chance.pick(&NUMBERS)),
                    1 => number(&mut other, chance.pick(&self.ends_and_more()).0),
                    _ => number(
                        &mut other,
                        u64::from(update[field.start]).wrapping_add(chance.bits() % 5).saturating_sub(2),
                    ),
                }
                update.splice(field, other);
            }
            4 => drop(update.drain(field)),
            5 => {
                let twice = update[field.clone()].to_vec();
                update.splice(field.start..field.start, twice);
            }
            6 => {
                let other = chance.pick(&self.corpus);
                let from = chance.pick(&fields(other)).start;
                update.truncate(field.start);
                update.extend_from_slice(&other[from..]);
            }
            7 => update[field.start] = (chance.bits() as u8 & 0xe0) | *chance.pick(&[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 31]),
            8 => {
                let other = chance.pick(&self.corpus);
                let piece = other[chance.pick(&fields(other)).clone()].to_vec();
                update.splice(field.start..field.start, piece);
            }
            9 => {
                // A number that is longer than it need be.
                let last = field.end - 1;
                update[last] |= 0x80;
                update.insert(field.end, 0);
            }
            _ => update.push(chance.bits() as u8),
        }
    }

    fn ends_and_more(&self) -> Vec<(u64, u32)> {
        let mut ends = self.ends.clone();
        ends.extend(CLIENTS.map(|client| (client, 0)));
        ends.push((77, 0));
        ends
    }

    /// Blocks of the right form that refer to anything, after what is known.
    pub fn made_up(&self, chance: &mut Chance) -> Vec<u8> {
        let mut ends = self.ends_and_more();
        ends.dedup_by_key(|(client, _)| *client);
        let mut out = vec![];
        let sections = 1 + chance.below(3);
        number(&mut out, sections as u64);
        for _ in 0..sections {
            let at = chance.below(ends.len());
            let (client, mut clock) = ends[at];
            if chance.one_in(12) {
                clock = clock.wrapping_add(1).saturating_sub(2);
            }
            let blocks = 1 + chance.below(12);
            number(&mut out, blocks as u64);
            number(&mut out, client);
            number(&mut out, u64::from(clock));
            for _ in 0..blocks {
                clock = clock.saturating_add(block(chance, &mut out, &ends));
                ends[at].1 = clock;
            }
        }
        let deletes = chance.below(3);
        number(&mut out, deletes as u64);
        for _ in 0..deletes {
            let (client, clock) = *chance.pick(&ends);
            number(&mut out, client);
            number(&mut out, 1);
            let start = chance.below(clock as usize + 1) as u64;
            number(&mut out, start);
            number(&mut out, 1 + chance.below((u64::from(clock)).saturating_sub(start) as usize) as u64);
        }
        out
    }
}

/// One block; how long it is.
fn block(chance: &mut Chance, out: &mut Vec<u8>, ends: &[(u64, u32)]) -> u32 {
    if chance.one_in(15) {
        let len = 1 + chance.below(5);
        out.push(if chance.one_in(6) { 10 } else { 0 });
        number(out, len as u64);
        return len as u32;
    }
    let kind = *chance.pick(&[1_u8, 3, 4, 4, 5, 6, 7, 7, 7, 8, 8, 9]);
    let flags = *chance.pick(&[0_u8, 0, 0x80, 0x80, 0x40, 0xc0]) | if chance.one_in(2) { 0x20 } else { 0 };
    out.push(kind | flags);
    let id = |chance: &mut Chance, out: &mut Vec<u8>| {
        let known: Vec<_> = ends.iter().filter(|(_, clock)| *clock > 0).collect();
        let (client, clock) = known.get(chance.below(known.len())).map_or((77, 1), |end| **end);
        // Often the newest.
        let back = if chance.one_in(2) {
            chance.below(4)
        } else {
            chance.below(clock as usize)
        };
        number(out, client);
        number(out, u64::from(clock).saturating_sub(1 + back as u64));
    };
    if flags & 0x80 != 0 {
        id(chance, out);
    }
    if flags & 0x40 != 0 {
        id(chance, out);
    }
    if flags & 0xc0 == 0 {
        if chance.one_in(2) {
            number(out, 1);
            text(out, chance.word(&["objects", "links", "meta", "other", ""]));
        } else {
            number(out, 0);
            id(chance, out);
        }
        if flags & 0x20 != 0 {
            text(out, chance.word(&["a", "b", "txt", "at", "t", "schema", "no id"]));
        }
    }
    match kind {
        1 => {
            let len = 1 + chance.below(4);
            number(out, len as u64);
            return len as u32;
        }
        3 => {
            number(out, 2);
            out.extend([1, 2]);
        }
        4 => {
            let words = chance.word(&["a", "four", "🎉", "e\u{301}", "\u{0}"]);
            text(out, words);
            return words.encode_utf16().count() as u32;
        }
        5 => text(out, chance.word(&["1", "{\"a\":[1]}", "null", "x"])),
        6 => {
            text(out, chance.word(&["b", "ychange"]));
            text(out, chance.word(&["true", "null", "{}"]));
        }
        7 => {
            let of = *chance.pick(&[0_u64, 0, 1, 1, 1, 2, 2, 3, 4, 6, 5, 7]);
            number(out, of);
            if of == 3 || of == 5 {
                text(out, "p");
            }
        }
        8 => {
            let len = 1 + chance.below(3);
            number(out, len as u64);
            for _ in 0..len {
                value(chance, out, 4);
            }
            return len as u32;
        }
        _ => {
            text(out, "doc");
            value(chance, out, 2);
        }
    }
    1
}

fn value(chance: &mut Chance, out: &mut Vec<u8>, depth: u8) {
    let kind = *chance.pick(&[127_u8, 126, 125, 124, 123, 122, 121, 120, 119, 119, 118, 117, 117, 116, 9]);
    out.push(if depth == 0 { 126 } else { kind });
    match if depth == 0 { 126 } else { kind } {
        125 => out.push(chance.bits() as u8 & 0x7f),
        124 => out.extend((chance.bits() as f32).to_be_bytes()),
        123 => out.extend(f64::from_bits(chance.bits()).to_be_bytes()),
        122 => out.extend(chance.bits().to_be_bytes()),
        119 => text(out, chance.word(&["idea", "job", "group", "", "a", "\u{fffd}"])),
        118 => {
            let count = chance.below(3);
            number(out, count as u64);
            for _ in 0..count {
                text(out, "k");
                value(chance, out, depth - 1);
            }
        }
        117 => {
            let count = chance.below(4);
            number(out, count as u64);
            for _ in 0..count {
                value(chance, out, depth - 1);
            }
        }
        116 => {
            number(out, 1);
            out.push(0);
        }
        _ => {}
    }
}

/// Where the fields of an update are, as far as it can be read; at least one, and none is empty.
pub fn fields(update: &[u8]) -> Vec<Range<usize>> {
    let mut walk = Walk {
        bytes: update,
        at: 0,
        fields: vec![],
    };
    let _ = walk.update();
    let read = walk.fields.last().map_or(0, |field| field.end);
    if read < update.len() {
        walk.fields.push(read..update.len());
    }
    walk.fields
}

/// A reader that only remembers where things are.
struct Walk<'u> {
    bytes: &'u [u8],
    at: usize,
    fields: Vec<Range<usize>>,
}

impl Walk<'_> {
    fn number(&mut self) -> Option<u64> {
        let (from, mut value) = (self.at, 0_u64);
        for shift in (0..63).step_by(7) {
            let byte = *self.bytes.get(self.at)?;
            self.at += 1;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                self.fields.push(from..self.at);
                return Some(value);
            }
        }
        None
    }

    fn skip(&mut self, count: u64) -> Option<()> {
        let end = self
            .at
            .checked_add(usize::try_from(count).ok()?)
            .filter(|end| *end <= self.bytes.len())?;
        if end > self.at {
            self.fields.push(self.at..end);
        }
        self.at = end;
        Some(())
    }

    fn text(&mut self) -> Option<()> {
        let length = self.number()?;
        self.skip(length)
    }

    fn update(&mut self) -> Option<()> {
        for _ in 0..self.number()? {
            let blocks = self.number()?;
            self.number()?;
            self.number()?;
            for _ in 0..blocks {
                self.block()?;
            }
        }
        for _ in 0..self.number()? {
            self.number()?;
            for _ in 0..self.number()? {
                self.number()?;
                self.number()?;
            }
        }
        Some(())
    }

    fn block(&mut self) -> Option<()> {
        let info = *self.bytes.get(self.at)?;
        self.skip(1)?;
        if info == 0 || info == 10 {
            return self.number().map(drop);
        }
        for flag in [0x80, 0x40] {
            if info & flag != 0 {
                self.number()?;
                self.number()?;
            }
        }
        if info & 0xc0 == 0 {
            if self.number()? == 1 {
                self.text()?;
            } else {
                self.number()?;
                self.number()?;
            }
            if info & 0x20 != 0 {
                self.text()?;
            }
        }
        match info & 0x1f {
            1 => self.number().map(drop),
            3..=5 => self.text(),
            6 => {
                self.text()?;
                self.text()
            }
            7 => match self.number()? {
                3 | 5 => self.text(),
                _ => Some(()),
            },
            8 => {
                for _ in 0..self.number()? {
                    self.value()?;
                }
                Some(())
            }
            _ => None,
        }
    }

    fn value(&mut self) -> Option<()> {
        let kind = *self.bytes.get(self.at)?;
        self.skip(1)?;
        match kind {
            125 => self.number().map(drop),
            124 => self.skip(4),
            123 | 122 => self.skip(8),
            119 | 116 => self.text(),
            118 => {
                for _ in 0..self.number()? {
                    self.text()?;
                    self.value()?;
                }
                Some(())
            }
            117 => {
                for _ in 0..self.number()? {
                    self.value()?;
                }
                Some(())
            }
            120..=127 => Some(()),
            _ => None,
        }
    }
}
