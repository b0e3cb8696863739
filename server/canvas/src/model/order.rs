//! Order keys: fractional indexes of the usual form (npm `fractional-indexing`), as far as the server makes any.
//!
//! A key begins with a whole number: a letter that says how many digits follow, `a` one, `b` two and so on up to `z`; `Z` one and so on down to
//! `A` for what comes before. Further digits are a fraction.

use std::cmp::Ordering;

const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// The first key of all.
const FIRST: &str = "a0";

/// A key above `top`; the first of all when that is empty.
pub(super) fn above(top: &str) -> String {
    if top.is_empty() {
        return FIRST.to_owned();
    }
    // What is no such key still is a string, and one that begins with it comes after it.
    next_whole(top).unwrap_or_else(|| format!("{top}V"))
}

/// `count` keys, rising.
pub(super) fn spaced(count: usize) -> Vec<String> {
    std::iter::successors(Some(FIRST.to_owned()), |last| Some(above(last)))
        .take(count)
        .collect()
}

/// As readers sort: by unit, as JavaScript compares.
pub(super) fn compare(a: &str, b: &str) -> Ordering {
    a.encode_utf16().cmp(b.encode_utf16())
}

/// The next whole number after a key.
fn next_whole(key: &str) -> Option<String> {
    let head = *key.as_bytes().first()?;
    let count = match head {
        b'a'..=b'z' => usize::from(head - b'a') + 1,
        b'A'..=b'Z' => usize::from(b'Z' - head) + 1,
        _ => return None,
    };
    let mut digits = Vec::with_capacity(count + 1);
    for byte in key.as_bytes().get(1..=count)? {
        digits.push(DIGITS.iter().position(|digit| digit == byte)?);
    }
    for digit in digits.iter_mut().rev() {
        *digit += 1;
        if *digit < DIGITS.len() {
            return Some(joined(head, &digits));
        }
        *digit = 0;
    }
    // 9 becomes 10, and -10 becomes -9.
    match head {
        b'Z' => return Some(FIRST.to_owned()),
        b'z' => return None,
        b'a'..=b'y' => digits.push(0),
        _ => drop(digits.pop()),
    }
    Some(joined(head + 1, &digits))
}

fn joined(head: u8, digits: &[usize]) -> String {
    std::iter::once(head)
        .chain(digits.iter().map(|digit| DIGITS[*digit]))
        .map(char::from)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn can_2_order_keys_rise_and_stay_short() {
        let keys = spaced(20_000);
        assert!(keys.windows(2).all(|pair| pair[0] < pair[1]));
        assert_eq!(keys.iter().map(String::len).max(), Some(4));
        assert_eq!([&*keys[0], &*keys[61], &*keys[62], &*keys[62 + 3844]], ["a0", "az", "b00", "c000"]);
    }

    #[test]
    fn can_2_a_key_goes_above_any_other() {
        for (top, next) in [
            ("", "a0"),
            ("Zz", "a0"),
            ("Yzz", "Z0"),
            ("a0V", "a1"),
            ("azV", "b00"),
            ("!", "!V"),
            ("z9", "z9V"),
            ("é", "éV"),
        ] {
            assert_eq!(above(top), next);
            assert!(*next > *top);
        }
    }
}
