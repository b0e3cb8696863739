//! The piece of a text that shows what was found.

use super::{Word, humps, words};
use coord_protocol::search::{Highlight, Snippet};

/// Length of a snippet, in characters.
const WIDTH: usize = 180;

/// Characters shown before the first mark.
const BEFORE: usize = 40;

/// Most characters of a title that is shown whole.
const WHOLE: usize = 400;

/// What of the text the terms begin, in order and without overlap: whole words, or parts of them.
fn found(text: &str, terms: &[String]) -> Vec<(usize, Word)> {
    let mut found: Vec<(usize, Word)> = Vec::new();
    let which = |word: &Word| terms.iter().position(|term| word.text.starts_with(term.as_str()));
    for word in words(text) {
        if let Some(term) = which(&word) {
            found.push((term, word));
            continue;
        }
        let hump = humps(text, &word).into_iter().find_map(|hump| Some((which(&hump)?, hump)));
        found.extend(hump);
    }
    found
}

/// What would break the line or turn its direction is shown as a space.
fn tame(c: char) -> char {
    let turns = matches!(c, '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let breaks = c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
    if turns || breaks { ' ' } else { c }
}

/// The text between two bytes, with what was found in it marked. Runs of white space become one space.
fn cut(text: &str, from: usize, to: usize, found: &[(usize, Word)]) -> Snippet {
    let mut snippet = Snippet::default();
    let mut length = 0;
    let mut say = |snippet: &mut Snippet, c: char| {
        snippet.text.push(c);
        length += u32::from(u8::try_from(c.len_utf16()).unwrap_or(2));
        length
    };
    if from > 0 {
        say(&mut snippet, '…');
    }
    let mut at_space = from == 0;
    let mut marks = found.iter().filter(|(_, word)| word.start >= from && word.end <= to).peekable();
    let mut begun: Option<u32> = None;
    for (offset, c) in text[from..to].char_indices() {
        let at = from + offset;
        let c = tame(c);
        if c.is_whitespace() && at_space {
            continue;
        }
        at_space = c.is_whitespace();
        let after = say(&mut snippet, if at_space { ' ' } else { c });
        let Some((_, word)) = marks.peek() else { continue };
        if at == word.start {
            begun = Some(after - u32::from(u8::try_from(c.len_utf16()).unwrap_or(2)));
        }
        if at + c.len_utf8() >= word.end {
            if let Some(start) = begun.take() {
                snippet.highlights.push(Highlight { start, end: after });
            }
            marks.next();
        }
    }
    if to < text.len() {
        say(&mut snippet, '…');
    }
    snippet
}

/// The character boundary `count` characters after `at`, or before it.
fn ahead(text: &str, at: usize, count: usize) -> usize {
    text[at..].char_indices().nth(count).map_or(text.len(), |(offset, _)| at + offset)
}

fn back(text: &str, at: usize, count: usize) -> usize {
    text[..at]
        .char_indices()
        .rev()
        .nth(count.saturating_sub(1))
        .map_or(0, |(offset, _)| offset)
}

/// The part of a text that has most of the terms, on one line, and where in the text its first mark is, in bytes.
/// The beginning of the text when none is in it.
#[must_use]
pub fn snippet(text: &str, terms: &[String]) -> (Snippet, usize) {
    let found = found(text, terms);
    // Most terms, then nearest to one another, then first.
    let mut best = (0, usize::MAX);
    let mut at = 0;
    for (n, (_, first)) in found.iter().enumerate() {
        let reach = ahead(text, first.start, WIDTH - BEFORE);
        let mut seen = 0u64;
        let mut span = 0;
        for (term, word) in found[n..].iter().take_while(|(_, word)| word.end <= reach) {
            if seen & (1 << term) == 0 {
                seen |= 1 << term;
                span = word.end - first.start;
            }
        }
        let count = seen.count_ones();
        if count > best.0 || count == best.0 && span < best.1 {
            best = (count, span);
            at = n;
        }
    }
    let first = found.get(at).map_or(0, |(_, word)| word.start);
    let mut from = back(text, first, BEFORE);
    // A line says more from its beginning.
    if let Some(line) = text[from..first].rfind('\n') {
        from += line + 1;
    }
    // A word longer than a snippet is shown as far as it goes, without a mark.
    let to = ahead(text, from, WIDTH);
    (cut(text, from, to, &found), first)
}

/// A short text whole, with what was found in it marked.
#[must_use]
pub fn marked(text: &str, terms: &[String]) -> Snippet {
    cut(text, 0, ahead(text, 0, WHOLE), &found(text, terms))
}

#[cfg(test)]
mod tests {
    use super::{super::terms, *};
    use proptest::prelude::*;

    /// The snippet with its marks in brackets.
    fn shown(snippet: &Snippet) -> String {
        let units: Vec<u16> = snippet.text.encode_utf16().collect();
        let mut shown = String::new();
        let mut at = 0;
        for mark in &snippet.highlights {
            let (start, end) = (mark.start as usize, mark.end as usize);
            shown += &String::from_utf16(&units[at..start]).unwrap();
            shown += &format!("[{}]", String::from_utf16(&units[start..end]).unwrap());
            at = end;
        }
        shown + &String::from_utf16(&units[at..]).unwrap()
    }

    #[test]
    fn web_1_a_snippet_marks_what_was_found() {
        let marks = |text: &str, query: &str| shown(&snippet(text, &terms(query)).0);
        assert_eq!(marks("Mend the login page", "log"), "Mend the [login] page");
        assert_eq!(marks("🙂 the loginPage", "page"), "🙂 the login[Page]");
        assert_eq!(marks("a\u{0}b\u{202e}c\r\n\n d", "c"), "a b [c] d");
        assert_eq!(marks("nothing here", "else"), "nothing here");
        let far = format!("{} the needle is here {}", "hay ".repeat(500), "hay ".repeat(500));
        let (piece, at) = snippet(&far, &terms("needle here"));
        assert!(far[at..].starts_with("needle"));
        assert!(shown(&piece).contains("[needle] is [here]"), "{piece:?}");
        assert!(piece.text.starts_with('…') && piece.text.ends_with('…'));
    }

    #[test]
    fn web_1_a_snippet_shows_where_most_words_are() {
        let text = format!("login {} password of the login page", "x ".repeat(300));
        let (piece, _) = snippet(&text, &terms("login password"));
        assert!(shown(&piece).contains("[password] of the [login]"), "{piece:?}");
        // And nearest to one another.
        let text = "row 1\nrow 2\na wormhole in row seven\nrow 8";
        let (_, at) = snippet(text, &terms("worm row"));
        assert!(text[at..].starts_with("wormhole"));
    }

    proptest! {
        #[test]
        fn inv_8_a_snippet_of_anything_is_short_and_its_marks_lie_in_it(text in any::<String>(), query in any::<String>()) {
            let terms = terms(&query);
            for snippet in [snippet(&text, &terms).0, marked(&text, &terms)] {
                let length = u32::try_from(snippet.text.encode_utf16().count()).unwrap();
                prop_assert!(length <= 804);
                prop_assert!(!snippet.text.contains(char::is_control));
                let mut at = 0;
                for mark in &snippet.highlights {
                    prop_assert!(at <= mark.start && mark.start < mark.end && mark.end <= length);
                    at = mark.end;
                }
                shown(&snippet);
            }
        }
    }
}
