//! What a search looks for and in: text cut into words, the words of a query, and the piece of text that shows what was found.
//!
//! Both engines index the words this module cuts, and none looks at the text itself: so they find the same, a query is never in their
//! syntax, and what is marked in a [`Snippet`] is what was found.

mod log;
mod snippet;

pub use log::{PIECE, Piece, pieces};
pub use snippet::{marked, snippet};

use std::collections::BTreeSet;

/// Longest word kept, in characters. A longer one is found by its beginning.
const LONGEST: usize = 64;

/// Most words of a query; further ones are not looked for.
const MOST_TERMS: usize = 8;

/// A word in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// Where it begins, in bytes.
    pub start: usize,
    /// Where it is over.
    pub end: usize,
    /// It, in lower case.
    pub text: String,
}

/// Written without spaces: each character counts as a word.
const fn is_ideograph(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

fn word(text: &str, start: usize, end: usize) -> Word {
    let lower = text[start..end].chars().take(LONGEST).flat_map(char::to_lowercase).collect();
    Word { start, end, text: lower }
}

/// The runs of letters and digits in a text, in order. `snake_case` and paths are several words, `camelCase` is one.
pub fn words(text: &str) -> Vec<Word> {
    let mut words = Vec::new();
    let mut open: Option<usize> = None;
    for (at, c) in text.char_indices() {
        let ideograph = is_ideograph(c);
        if c.is_alphanumeric() && !ideograph {
            open.get_or_insert(at);
            continue;
        }
        if let Some(start) = open.take() {
            words.push(word(text, start, at));
        }
        if ideograph {
            words.push(word(text, at, at + c.len_utf8()));
        }
    }
    if let Some(start) = open {
        words.push(word(text, start, text.len()));
    }
    words
}

/// What a word such as `parseHttpURL` has from each of its parts on, but for the first: `HttpURL` and `URL`.
fn humps(text: &str, whole: &Word) -> Vec<Word> {
    let chars: Vec<(usize, char)> = text[whole.start..whole.end]
        .char_indices()
        .map(|(at, c)| (whole.start + at, c))
        .collect();
    let begins: Vec<usize> = (1..chars.len())
        .filter(|&n| {
            let (before, this, after) = (chars[n - 1].1, chars[n].1, chars.get(n + 1).map(|(_, c)| *c));
            this.is_uppercase() && (!before.is_uppercase() || after.is_some_and(char::is_lowercase))
        })
        .map(|n| chars[n].0)
        .collect();
    begins.into_iter().map(|start| word(text, start, whole.end)).collect()
}

/// What a text is found by: its words and the parts of those, each once.
#[must_use]
pub fn index(text: &str) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for word in words(text) {
        all.extend(humps(text, &word).into_iter().map(|hump| hump.text));
        all.insert(word.text);
    }
    all
}

/// The words of a query: each is to begin a word of what is found. Empty when there is nothing to look for.
#[must_use]
pub fn terms(query: &str) -> Vec<String> {
    let mut terms: Vec<String> = Vec::new();
    for word in words(query) {
        if terms.len() < MOST_TERMS && !terms.contains(&word.text) {
            terms.push(word.text);
        }
    }
    terms
}

/// The number of a job, when the query is one: `#12` or `12`.
#[must_use]
pub fn number(query: &str) -> Option<i64> {
    let query = query.trim();
    let digits = query.strip_prefix('#').unwrap_or(query);
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| digits.parse().ok()).flatten()
}

/// Whether all terms are in the text.
#[must_use]
pub fn matches(text: &str, terms: &[String]) -> bool {
    let index = index(text);
    let begins = |term: &String| {
        index
            .range(term.clone()..)
            .next()
            .is_some_and(|word| word.starts_with(term.as_str()))
    };
    !terms.is_empty() && terms.iter().all(begins)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn cut(text: &str) -> Vec<String> {
        index(text).into_iter().collect()
    }

    fn found(text: &str, query: &str) -> bool {
        matches(text, &terms(query))
    }

    #[test]
    fn web_1_a_search_finds_words_of_code_by_their_beginnings() {
        assert_eq!(cut("fn parse_log(x: &str)"), ["fn", "log", "parse", "str", "x"]);
        assert_eq!(cut("parseHttpURL"), ["httpurl", "parsehttpurl", "url"]);
        assert_eq!(cut("HTTPServer"), ["httpserver", "server"]);
        let text = "error[E0382] in server/store/src/jobs.rs: useSearchParams moved";
        for query in [
            "E0382",
            "e03",
            "jobs.rs",
            "store/src",
            "searchpar",
            "usesearch",
            "params",
            "ERROR moved",
        ] {
            assert!(found(text, query), "{query}");
        }
        for query in ["", "  ", "obs", "382", "error gone", "🙂"] {
            assert!(!found(text, query), "{query}");
        }
    }

    #[test]
    fn web_1_a_search_finds_words_of_other_scripts() {
        assert!(found("Größe ÄNDERN", "größe ändern"));
        assert!(found("قائمة المهام", "المهام"));
        assert!(found("看板に表示する", "表示"));
        assert!(!found("看板に表示する", "犬"));
    }

    #[test]
    fn web_1_a_number_is_a_job() {
        assert_eq!(number("#12"), Some(12));
        assert_eq!(number(" 12 "), Some(12));
        for query in ["", "#", "12a", "-1", "+1", "１２", "99999999999999999999"] {
            assert_eq!(number(query), None, "{query}");
        }
    }

    #[test]
    fn inv_8_a_query_has_few_short_words() {
        let long = "x".repeat(10_000);
        assert_eq!(terms(&long), ["x".repeat(64)]);
        assert!(matches(&long, &terms(&long)));
        let many: String = (0..1000).map(|n| format!("w{n} ")).collect();
        assert_eq!(terms(&many).len(), 8);
    }

    proptest! {
        /// Whatever is typed: terms and indexed words are letters and digits, so that no engine takes them for its syntax.
        #[test]
        fn inv_8_words_are_letters_and_digits(text in any::<String>()) {
            for word in index(&text).into_iter().chain(terms(&text)) {
                prop_assert!(!word.is_empty());
                prop_assert!(!word.contains(|c: char| c.is_ascii() && !c.is_ascii_alphanumeric()), "{word:?}");
            }
        }

        #[test]
        fn web_1_a_text_is_found_by_its_own_words(text in "[a-zA-Z_./ äöß日本]{1,60}") {
            for word in words(&text) {
                let term = terms(&word.text);
                prop_assert!(term.is_empty() || matches(&text, &term), "{word:?}");
            }
        }
    }
}
