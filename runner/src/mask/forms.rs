//! The forms in which a secret is looked for.

use super::SHORTEST;

/// Lines of a secret below it are not secrets of their own.
const SHORTEST_LINE: usize = 16;

/// The value, and for one of several lines, such as a key, its long lines too: a program may print one of them.
pub(super) fn parts(value: &str) -> Vec<&str> {
    let whole = value.trim_matches(['\r', '\n']);
    let mut parts = vec![whole];
    if whole.contains('\n') {
        let lines = whole.lines().map(str::trim);
        parts.extend(lines.filter(|line| line.len() >= SHORTEST_LINE && !line.starts_with("-----")));
    }
    parts.retain(|part| part.len() >= SHORTEST);
    parts
}

/// Without white space.
pub(super) fn bare(value: &[u8]) -> Vec<u8> {
    value.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect()
}

/// In hexadecimal, small and large.
pub(super) fn hexadecimal(value: &[u8]) -> [String; 2] {
    let small: String = value.iter().map(|byte| format!("{byte:02x}")).collect();
    let large = small.to_ascii_uppercase();
    [small, large]
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// The letters of base64 that the value alone decides, for each of the three places in a group of three bytes at which it may begin.
/// Those at its ends that other bytes have a part in are left out.
pub(super) fn base64(value: &[u8]) -> [String; 3] {
    [0, 1, 2].map(|before| {
        let bit = |at: usize| {
            let at = at.checked_sub(8 * before)?;
            value.get(at / 8).map(|byte| byte >> (7 - at % 8) & 1)
        };
        let bits = 8 * (before + value.len());
        let letters = (0..bits / 6).filter_map(|letter| {
            let six = (6 * letter..6 * letter + 6).try_fold(0u8, |six, at| bit(at).map(|bit| six << 1 | bit))?;
            Some(char::from(ALPHABET[usize::from(six)]))
        });
        letters.collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agt_9_the_three_places_of_base64() {
        // "hunter2!" in "hunter2!", "xhunter2!", "xxhunter2!": aHVudGVyMiE=, eGh1bnRlcjIh, eHhodW50ZXIyIQ==
        assert_eq!(base64(b"hunter2!"), ["aHVudGVyMi", "h1bnRlcjIh", "odW50ZXIyI"]);
    }

    #[test]
    fn agt_9_lines_of_a_key_are_secrets_of_their_own() {
        let key = "-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEF\nshort\n-----END KEY-----\n";
        assert_eq!(parts(key), [key.trim(), "MIIEvQIBADANBgkqhkiG9w0BAQEF"]);
        assert_eq!(parts("abc"), [] as [&str; 0]);
    }
}
