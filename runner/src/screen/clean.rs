//! Text of agents, servers, people and repositories made fit for a terminal. Pure.
//!
//! Nothing that a terminal would obey is left: escape sequences go as a whole, other control characters, marks that turn the direction
//! of writing, and characters that take no place go too. What is left is what is seen.

use ratatui::text::Span;

/// Marks on one letter, at most; more of them would run over the lines above and below.
const MARKS: u8 = 3;

/// Spaces up to the next stop of a tab.
const TAB: usize = 4;

/// One line: ends of lines become spaces.
#[must_use]
pub fn line(text: &str) -> String {
    let mut whole = String::new();
    for part in lines(text) {
        if !whole.is_empty() && !part.is_empty() {
            whole.push(' ');
        }
        whole.push_str(&part);
    }
    whole
}

/// The lines of a text. A carriage return begins its line anew, as progress bars mean it.
#[must_use]
pub fn lines(text: &str) -> Vec<String> {
    let mut all = Vec::new();
    let mut current = String::new();
    let mut marks = 0u8;
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '\n' | '\u{85}' | '\u{2028}' | '\u{2029}' => all.push(std::mem::take(&mut current)),
            '\r' => {
                if rest.peek().is_some_and(|next| *next != '\n') {
                    current.clear();
                }
            }
            '\t' => {
                let width = Span::raw(current.as_str()).width();
                current.extend(std::iter::repeat_n(' ', TAB - width % TAB));
            }
            '\u{1b}' => match rest.next() {
                Some('[') => control_sequence(&mut rest),
                Some(']' | 'P' | 'X' | '^' | '_') => control_string(&mut rest),
                Some(next) if (' '..='/').contains(&next) => {
                    // Further bytes between, then one that ends it.
                    while rest.next_if(|c| (' '..='/').contains(c)).is_some() {}
                    rest.next_if(|c| !c.is_control());
                }
                Some(_) | None => {}
            },
            '\u{9b}' => control_sequence(&mut rest),
            '\u{90}' | '\u{98}' | '\u{9d}'..='\u{9f}' => control_string(&mut rest),
            _ if c.is_control() || is_unseen(c) => {}
            _ => {
                let takes_place = c.is_ascii() || Span::raw(&*c.encode_utf8(&mut [0; 4])).width() > 0;
                marks = if takes_place { 0 } else { marks.saturating_add(1) };
                if marks <= MARKS && (takes_place || !current.is_empty()) {
                    current.push(c);
                }
            }
        }
    }
    if !current.is_empty() || all.is_empty() {
        all.push(current);
    }
    all
}

/// Takes the rest of `ESC [`: parameters, then a letter. What is no such thing ends it.
fn control_sequence(rest: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    while rest.next_if(|c| (' '..='?').contains(c)).is_some() {}
    rest.next_if(|c| ('@'..='~').contains(c));
}

/// Takes the rest of a title, a link and the like, up to its end or the end of the line.
fn control_string(rest: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    while let Some(c) = rest.next_if(|c| *c != '\n') {
        match c {
            '\u{7}' | '\u{9c}' => return,
            '\u{1b}' => {
                rest.next_if(|c| *c == '\\');
                return;
            }
            _ => {}
        }
    }
}

/// Marks of direction, joiners, variants, tags and fillers: nothing to see, much to be fooled by.
const fn is_unseen(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1d173}'..='\u{1d17a}' | '\u{e000}'..='\u{f8ff}'
        | '\u{e0000}'..='\u{e0fff}' | '\u{f0000}'..='\u{10ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn run_8_no_escape_sequence_reaches_the_terminal() {
        for (given, expected) in [
            ("plain", "plain"),
            ("\u{1b}[31mred\u{1b}[0m", "red"),
            ("\u{1b}]0;a title\u{7}x", "x"),
            ("\u{1b}]8;;https://evil\u{1b}\\link\u{1b}]8;;\u{1b}\\", "link"),
            ("\u{1b}]52;c;ZXZpbA==\u{9c}y", "y"),
            ("\u{9b}2Jz", "z"),
            ("\u{1b}P1;2|dcs\u{1b}\\a", "a"),
            ("\u{1b}(0box\u{1b}c", "box"),
            ("a\u{7}\u{8}\u{0}b", "ab"),
            ("\u{202e}evil\u{2066}x\u{200f}", "evilx"),
            ("a\u{200b}\u{feff}b", "ab"),
            ("unfinished \u{1b}[", "unfinished "),
            ("unfinished \u{1b}]0;title", "unfinished "),
            ("unfinished \u{1b}", "unfinished "),
        ] {
            assert_eq!(line(given), expected, "{given:?}");
        }
    }

    #[test]
    fn run_8_whatever_is_written_no_control_character_is_left() {
        // Every pair of characters of the first blocks around a letter.
        let all: Vec<char> = (0..0x300u32).chain(0x2000..0x2070).filter_map(char::from_u32).collect();
        for a in &all {
            let text: String = all.iter().flat_map(|b| ['x', *a, *b]).collect();
            for line in lines(&text) {
                assert!(!line.chars().any(|c| c.is_control() || is_unseen(c)), "{a:?}");
            }
        }
    }

    #[test]
    fn a_string_that_never_ends_hides_no_more_than_its_line() {
        assert_eq!(lines("\u{1b}]0;title\nnext"), ["", "next"]);
    }

    #[test]
    fn progress_bars_show_their_last_state_and_tabs_their_stops() {
        assert_eq!(lines("10 %\r50 %\r100 %\r\ndone"), ["100 %", "done"]);
        assert_eq!(line("a\tb"), "a   b");
    }

    #[test]
    fn marks_do_not_pile_up() {
        let piled: String = std::iter::once('o').chain(std::iter::repeat_n('\u{301}', 500)).collect();
        assert_eq!(line(&piled).chars().count(), 1 + usize::from(MARKS));
    }
}
