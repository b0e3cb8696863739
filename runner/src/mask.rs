//! Masking of configured secrets in whatever leaves the machine (AGT-9).
//!
//! A secret is found as it is, in base64 (both alphabets, wherever it begins in what was encoded), in hexadecimal, percent-encoded, with the
//! escapes of JSON and of shells, and with line breaks, spaces or the marks of a diff in it. For that a text is read in several [`views`] at
//! once; each goes through the text once, whatever it holds ([`search`]). Text that comes in pieces is masked across their borders: [`flow`].
//!
//! Not found: what a program made of a secret in another way, such as encrypting, compressing, turning round or encoding it twice.

pub mod files;
pub mod flow;
mod forms;
mod search;
mod views;

use search::Automaton;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use std::{borrow::Cow, ops::Range};
use views::{Scan, View};

/// What stands in a secret's place.
pub const MASK: &str = "•••";

/// Shorter values would mask ordinary words.
const SHORTEST: usize = 6;

/// Values below it are found as they are and encoded, not spread over lines and spaces: numbers in a table would be.
const SHORTEST_SPREAD: usize = 8;

/// Most bytes that wait for what comes next, however much of it may be the beginning of a secret.
const MOST_HELD: usize = 64 * 1024;

/// Knows the secrets.
#[derive(Debug, Clone, Default)]
pub struct Masker {
    /// As they are, in hexadecimal.
    exact: Automaton,
    /// Without white space.
    spread: Automaton,
    /// In base64.
    coded: Automaton,
    views: Vec<View>,
}

/// What is known of a text: which bytes belong to secrets, and how much of its end may be the beginning of one.
#[derive(Debug, Default)]
struct Found {
    /// Bytes that belong to a secret, in order, none twice.
    runs: Vec<Range<usize>>,
    /// The secrets with what stands between their bytes.
    whole: Vec<Range<usize>>,
    /// From here on, what comes next decides.
    open: usize,
    /// How far the longest beginning of a secret at the end has come, of how many bytes.
    begun: (usize, usize),
}

impl Masker {
    /// For the given values; those under six bytes are left out.
    #[must_use]
    pub fn new(values: &[String]) -> Self {
        let mut masker = Self::default();
        for value in values.iter().flat_map(|value| forms::parts(value)) {
            masker.exact.add(value.as_bytes());
            let bare = forms::bare(value.as_bytes());
            if bare.len() >= SHORTEST_SPREAD {
                masker.spread.add(&bare);
            }
            for hexadecimal in forms::hexadecimal(value.as_bytes()) {
                masker.exact.add(hexadecimal.as_bytes());
                masker.spread.add(hexadecimal.as_bytes());
            }
            for coded in forms::base64(value.as_bytes()) {
                masker.coded.add(coded.as_bytes());
            }
        }
        if !masker.exact.is_empty() {
            masker.views = View::all(values.iter().any(|value| value.contains(' ')));
        }
        masker.exact.finish();
        masker.spread.finish();
        masker.coded.finish();
        masker
    }

    /// Whether there is nothing to mask.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.views.is_empty()
    }

    fn find(&self, text: &[u8]) -> Found {
        let mut found = Found {
            open: text.len(),
            ..Found::default()
        };
        for view in &self.views {
            let automaton = match view.automaton() {
                views::Kind::Exact => &self.exact,
                views::Kind::Spread => &self.spread,
                views::Kind::Coded => &self.coded,
            };
            if automaton.is_empty() {
                continue;
            }
            let mut scan = Scan::new(*view, automaton);
            scan.read(text, &mut found);
            let (open, begun) = scan.end(text.len());
            found.open = found.open.min(open);
            // Compared by their share.
            if begun.0 * found.begun.1.max(1) > found.begun.0 * begun.1.max(1) {
                found.begun = begun;
            }
        }
        found.runs = merged(found.runs);
        found.whole = merged(found.whole);
        found
    }

    /// `text` with every secret masked.
    #[must_use]
    pub fn text(&self, text: &str) -> String {
        match self.bytes(text.as_bytes()) {
            Cow::Borrowed(_) => text.to_owned(),
            Cow::Owned(masked) => String::from_utf8_lossy(&masked).into_owned(),
        }
    }

    /// `bytes` with every secret masked, where they are text.
    #[must_use]
    pub fn bytes<'a>(&self, bytes: &'a [u8]) -> Cow<'a, [u8]> {
        let found = self.find(bytes);
        if found.runs.is_empty() {
            return Cow::Borrowed(bytes);
        }
        Cow::Owned(replaced(bytes, &found.runs, 0..bytes.len()))
    }

    /// Whether there is a secret in it.
    #[must_use]
    pub fn finds(&self, bytes: &[u8]) -> bool {
        !self.find(bytes).runs.is_empty()
    }

    /// `value` with every secret masked in every string of it.
    #[must_use]
    pub fn value<T: Serialize + DeserializeOwned>(&self, value: T) -> T {
        if self.is_empty() {
            return value;
        }
        let Ok(mut json) = serde_json::to_value(&value) else {
            return value;
        };
        self.walk(&mut json);
        serde_json::from_value(json).unwrap_or(value)
    }

    fn walk(&self, json: &mut Value) {
        match json {
            Value::String(text) => {
                if let Cow::Owned(masked) = self.bytes(text.as_bytes()) {
                    *text = String::from_utf8_lossy(&masked).into_owned();
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.walk(item)),
            Value::Object(fields) => fields.values_mut().for_each(|field| self.walk(field)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
}

/// In order, and those that touch made one.
fn merged(mut ranges: Vec<Range<usize>>) -> Vec<Range<usize>> {
    ranges.sort_unstable_by_key(|range| (range.start, range.end));
    let mut merged: Vec<Range<usize>> = Vec::with_capacity(ranges.len());
    for range in ranges {
        add(&mut merged, range);
    }
    merged
}

/// Adds a range that begins no earlier than the last one, or anywhere when it does not touch it.
fn add(ranges: &mut Vec<Range<usize>>, range: Range<usize>) {
    match ranges.last_mut() {
        Some(last) if last.start <= range.start && range.start <= last.end => last.end = last.end.max(range.end),
        _ => ranges.push(range),
    }
}

/// The `part` of `bytes` with a mask in the place of each run.
fn replaced(bytes: &[u8], runs: &[Range<usize>], part: Range<usize>) -> Vec<u8> {
    let mut masked = Vec::with_capacity(part.len());
    let mut at = part.start;
    for run in runs {
        let (start, end) = (run.start.max(at), run.end.min(part.end));
        if start >= end {
            continue;
        }
        masked.extend_from_slice(&bytes[at..start]);
        masked.extend_from_slice(MASK.as_bytes());
        at = end;
    }
    masked.extend_from_slice(&bytes[at..part.end]);
    masked
}

#[cfg(test)]
mod tests;
