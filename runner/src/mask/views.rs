//! The ways in which a text is read while secrets are looked for in it.

use super::{Found, SHORTEST_SPREAD, add, search::Automaton};
use std::{collections::VecDeque, ops::Range};

/// Which words are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// As they are.
    Exact,
    /// Without white space.
    Spread,
    /// In base64.
    Coded,
}

/// How a text is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reading {
    /// As it is.
    Plain,
    /// Without white space.
    Bare,
    /// Also without a mark at the beginning of each line, as diffs, quotes and comments have it.
    Marked,
    /// Percent-encoding undone.
    Percent,
    /// The same, a plus being a space.
    Form,
    /// The escapes of JSON and of shells undone.
    Escaped,
}

/// One way of looking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct View {
    reading: Reading,
    kind: Kind,
}

impl View {
    /// All of them. Forms are only of interest when there are spaces.
    pub(super) fn all(spaces: bool) -> Vec<Self> {
        let mut views = vec![Self {
            reading: Reading::Plain,
            kind: Kind::Exact,
        }];
        for reading in [Reading::Bare, Reading::Marked, Reading::Percent, Reading::Escaped] {
            for kind in [Kind::Spread, Kind::Coded] {
                views.push(Self { reading, kind });
            }
        }
        if spaces {
            views.push(Self {
                reading: Reading::Form,
                kind: Kind::Spread,
            });
        }
        views
    }

    pub(super) const fn automaton(self) -> Kind {
        self.kind
    }
}

/// What is read next.
enum Letter {
    /// A byte, which so many bytes of the text stand for.
    Byte(u8, usize),
    /// Several bytes, likewise.
    Char(char, usize),
    /// Bytes that do not count.
    Skip(usize),
    /// What comes next decides.
    Open,
}

/// A text being read in one way.
pub(super) struct Scan<'a> {
    view: View,
    automaton: &'a Automaton,
    place: u32,
    /// Where the last letters came from, as many as the longest word has.
    recent: VecDeque<Range<usize>>,
    /// Letters read.
    read: usize,
    /// Letters before this one are marked where they belong to a secret.
    marked: usize,
    line_begins: bool,
    /// An escape that is not whole at the end.
    open: Option<usize>,
}

impl<'a> Scan<'a> {
    pub(super) fn new(view: View, automaton: &'a Automaton) -> Self {
        Self {
            view,
            automaton,
            place: 0,
            recent: VecDeque::with_capacity(automaton.longest() + 1),
            read: 0,
            marked: 0,
            line_begins: false,
            open: None,
        }
    }

    /// Reads the text, and notes what belongs to secrets.
    pub(super) fn read(&mut self, text: &[u8], found: &mut Found) {
        let mut at = 0;
        while at < text.len() {
            match self.letter(&text[at..]) {
                Letter::Byte(byte, length) => {
                    self.take(byte, at..at + length, text, found);
                    at += length;
                }
                Letter::Char(letter, length) => {
                    let mut bytes = [0; 4];
                    for byte in letter.encode_utf8(&mut bytes).bytes() {
                        self.take(byte, at..at + length, text, found);
                    }
                    at += length;
                }
                Letter::Skip(length) => at += length,
                Letter::Open => {
                    self.open = Some(at);
                    return;
                }
            }
        }
    }

    fn letter(&mut self, rest: &[u8]) -> Letter {
        let byte = rest[0];
        match self.view.reading {
            Reading::Plain => return Letter::Byte(byte, 1),
            Reading::Bare => {}
            Reading::Marked => {
                let begins = std::mem::replace(&mut self.line_begins, byte == b'\n');
                if begins && b"+->|#*".contains(&byte) {
                    return Letter::Skip(1);
                }
                if begins && byte.is_ascii_whitespace() {
                    self.line_begins = true;
                }
            }
            Reading::Form if byte == b'+' => return Letter::Skip(1),
            Reading::Percent | Reading::Form if byte == b'%' => return percent(rest),
            Reading::Escaped if byte == b'\\' => return escape(rest),
            Reading::Percent | Reading::Form | Reading::Escaped => {}
        }
        plain(byte, 1)
    }

    fn take(&mut self, byte: u8, from: Range<usize>, text: &[u8], found: &mut Found) {
        let byte = match (self.view.kind, byte) {
            (Kind::Coded, b'-') => b'+',
            (Kind::Coded, b'_') => b'/',
            _ => byte,
        };
        self.place = self.automaton.step(self.place, byte);
        if self.recent.len() > self.automaton.longest() {
            self.recent.pop_front();
        }
        self.recent.push_back(from);
        self.read += 1;
        let word = self.automaton.word(self.place);
        if word == 0 {
            return;
        }
        let first = self.recent.len() - word;
        let near = || {
            self.recent
                .range(first..)
                .zip(self.recent.range(first + 1..))
                .all(|(one, next)| one.end >= next.start)
        };
        if self.view.kind == Kind::Spread && word < SHORTEST_SPREAD && !near() {
            return;
        }
        // What an earlier word marked needs no second mark: so the whole text is marked in one go, however its words overlap.
        let new = first.max(self.recent.len() - (self.read - self.marked).min(self.recent.len()));
        for letter in self.recent.range(new..) {
            add(&mut found.runs, letter.clone());
        }
        let (start, end) = (self.recent[first].start, self.recent[self.recent.len() - 1].end);
        add(&mut found.whole, start..end);
        if self.view.kind == Kind::Coded {
            // The letters beside it hold a few bits of the secret.
            let coded = |at: usize| {
                text.get(at)
                    .is_some_and(|byte| byte.is_ascii_alphanumeric() || b"+/-_".contains(byte))
            };
            if start > 0 && coded(start - 1) {
                found.runs.push(start - 1..start);
            }
            if coded(end) {
                found.runs.push(end..end + 1);
            }
        }
        self.marked = self.read;
    }

    /// From where on what comes next decides, and how far the longest beginning of a secret has come, of how many letters.
    pub(super) fn end(&self, length: usize) -> (usize, (usize, usize)) {
        let (depth, goal) = self.automaton.begun(self.place);
        let begun = match depth {
            0 => length,
            depth => self.recent[self.recent.len() - depth].start,
        };
        (begun.min(self.open.unwrap_or(length)), (depth, goal))
    }
}

const fn plain(byte: u8, length: usize) -> Letter {
    if byte.is_ascii_whitespace() {
        Letter::Skip(length)
    } else {
        Letter::Byte(byte, length)
    }
}

fn digits(text: &[u8]) -> Option<u32> {
    let text = std::str::from_utf8(text).ok()?;
    text.bytes()
        .all(|byte| byte.is_ascii_hexdigit())
        .then(|| u32::from_str_radix(text, 16).ok())
        .flatten()
}

/// So many digits after the mark; `None` when they are not there, nothing inside when they may still come.
fn after(rest: &[u8], mark: usize, count: usize) -> Option<Option<u32>> {
    match rest.get(mark..mark + count) {
        Some(text) => digits(text).map(Some),
        None => rest[mark..].iter().all(u8::is_ascii_hexdigit).then_some(None),
    }
}

fn percent(rest: &[u8]) -> Letter {
    match after(rest, 1, 2) {
        Some(Some(value)) => plain(u8::try_from(value).unwrap_or(b'%'), 3),
        Some(None) => Letter::Open,
        None => Letter::Byte(b'%', 1),
    }
}

fn escape(rest: &[u8]) -> Letter {
    match rest.get(1) {
        None => Letter::Open,
        Some(b'n' | b'r' | b't') => Letter::Skip(2),
        Some(b'x') => match after(rest, 2, 2) {
            Some(Some(value)) => plain(u8::try_from(value).unwrap_or(b'\\'), 4),
            Some(None) => Letter::Open,
            None => Letter::Byte(b'x', 2),
        },
        Some(b'u') => match after(rest, 2, 4) {
            Some(Some(value)) => match char::from_u32(value) {
                Some(letter) if letter.is_ascii_whitespace() => Letter::Skip(6),
                Some(letter) => Letter::Char(letter, 6),
                None => Letter::Byte(b'\\', 6),
            },
            Some(None) => Letter::Open,
            None => Letter::Byte(b'u', 2),
        },
        Some(&byte) => plain(byte, 2),
    }
}
