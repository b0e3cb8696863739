//! The forms of single values: rules 1 to 3 and 5 to 6 of the schema.

use coord_protocol::canvas::schema::{self, Type};
use std::str::FromStr;
use yrs::{Any, GetString, Map, MapRef, Number, Out, ReadTxn};

/// Largest whole number that is exact in JavaScript.
const MAX_SAFE: f64 = 9_007_199_254_740_991.0;

/// Whether this can be the key of an object or connector.
pub(super) fn is_id(text: &str) -> bool {
    (1..=schema::MAX_ID).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')
}

/// Units of a text as JavaScript and Yjs count.
pub(super) fn units(text: &str) -> usize {
    text.chars().map(char::len_utf16).sum()
}

/// At most `max` units of a text, without half of a pair at its end.
pub(super) fn cut(text: &str, max: usize) -> &str {
    // A unit takes at least one byte.
    if text.len() <= max {
        return text;
    }
    let mut left = max;
    for (at, char) in text.char_indices() {
        if char.len_utf16() > left {
            return &text[..at];
        }
        left -= char.len_utf16();
    }
    text
}

/// The type of that word. One that this version does not know is a sticky note's size, in gray.
pub(super) fn defaults(word: &str) -> Type {
    let known = schema::TYPES.iter().find(|known| known.0 == word);
    let Type(name, w, h, color) = known.unwrap_or(&schema::TYPES[0]);
    Type(name, *w, *h, if known.is_some() { color } else { schema::COLORS[0] })
}

/// The word of `words` that this is.
pub(super) fn one_of(words: &[&'static str], value: Option<&str>) -> Option<&'static str> {
    words.iter().find(|word| Some(**word) == value).copied()
}

/// An id of the server's in its usual form, with hyphens.
pub(super) fn uuid<T: FromStr>(text: &str) -> Option<T> {
    (text.len() == 36).then(|| text.parse().ok()).flatten()
}

/// Whether a browser may open this.
pub(super) fn is_address(text: &str) -> bool {
    let Some(rest) = ["http://", "https://"].iter().find_map(|scheme| {
        text.get(..scheme.len())
            .filter(|start| start.eq_ignore_ascii_case(scheme))
            .map(|_| &text[scheme.len()..])
    }) else {
        return false;
    };
    units(text) <= schema::MAX_URL && rest.chars().next().is_some_and(|first| first != '/' && !is_space(first))
}

/// `\s` of JavaScript.
fn is_space(char: char) -> bool {
    char == '\u{feff}' || (char != '\u{85}' && char.is_whitespace())
}

pub(super) const fn coordinate(value: f64) -> f64 {
    // Adding 0 makes -0 an ordinary 0. What is no number at all is not within either.
    if value.abs() <= schema::MAX_COORDINATE { value + 0.0 } else { 0.0 }
}

pub(super) const fn size(value: f64, default: f64) -> f64 {
    if value.is_finite() {
        value.clamp(schema::MIN_SIZE, schema::MAX_SIZE)
    } else {
        default
    }
}

/// The values of one object or connector.
pub(super) struct Entry<'a, T> {
    pub(super) map: &'a MapRef,
    pub(super) txn: &'a T,
}

impl<T: ReadTxn> Entry<'_, T> {
    fn any(&self, key: &str) -> Option<Any> {
        match self.map.get(self.txn, key) {
            Some(Out::Any(any)) => Some(any),
            _ => None,
        }
    }

    /// A string.
    pub(super) fn string(&self, key: &str) -> Option<String> {
        self.any(key).as_ref().and_then(string).map(str::to_owned)
    }

    /// A list; an empty one when it is something else.
    pub(super) fn list(&self, key: &str) -> List {
        match self.any(key) {
            Some(Any::Array(values)) => List(Some(values)),
            _ => List(None),
        }
    }

    /// What has been typed, uncut.
    pub(super) fn text(&self, key: &str) -> String {
        match self.map.get(self.txn, key) {
            Some(Out::YText(text)) => text.get_string(self.txn),
            _ => String::new(),
        }
    }

    pub(super) fn is_true(&self, key: &str) -> bool {
        matches!(self.any(key), Some(Any::Bool(true)))
    }

    /// A whole number that JavaScript can hold; otherwise 0.
    pub(super) fn whole(&self, key: &str) -> i64 {
        let value = self.any(key).as_ref().map_or(0.0, number);
        if value.abs() <= MAX_SAFE && value.trunc() == value {
            #[expect(clippy::cast_possible_truncation, reason = "a whole number within the limit")]
            return value as i64;
        }
        0
    }
}

/// A list of plain values.
pub(super) struct List(Option<std::sync::Arc<[Any]>>);

impl List {
    fn get(&self, index: usize) -> Option<&Any> {
        self.0.as_ref()?.get(index)
    }

    pub(super) fn string(&self, index: usize) -> Option<&str> {
        self.get(index).and_then(string)
    }

    /// Not a number when there is none.
    pub(super) fn number(&self, index: usize) -> f64 {
        self.get(index).map_or(f64::NAN, number)
    }
}

fn string(any: &Any) -> Option<&str> {
    match any {
        Any::String(text) => Some(text),
        _ => None,
    }
}

/// Not a number when it is none.
fn number(any: &Any) -> f64 {
    match any {
        #[expect(clippy::cast_precision_loss, reason = "numbers are what JavaScript makes of them")]
        Any::Number(Number::Int(value)) => *value as f64,
        Any::Number(Number::Float(value)) => *value,
        _ => f64::NAN,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn can_2_coordinates_and_sizes_are_numbers_within_their_limits() {
        let zero = |value: f64| coordinate(value).to_bits() == 0.0_f64.to_bits();
        assert!([-0.0, f64::NAN, f64::INFINITY, -1e300, 1e7 + 0.5].into_iter().all(zero));
        assert_eq!([coordinate(-1e7), coordinate(0.25)], [-1e7, 0.25]);
        assert_eq!(
            [size(f64::NAN, 9.0), size(-1.0, 9.0), size(1e9, 9.0), size(10.5, 9.0)],
            [9.0, 8.0, 20_000.0, 10.5]
        );
    }

    #[test]
    fn can_2_texts_are_cut_between_letters() {
        for (text, max, kept) in [
            ("abc", 3, "abc"),
            ("abcd", 3, "abc"),
            ("a👍b", 2, "a"),
            ("a👍b", 3, "a👍"),
            ("ééé", 2, "éé"),
            ("👍", 0, ""),
        ] {
            assert_eq!(cut(text, max), kept);
        }
    }
}
