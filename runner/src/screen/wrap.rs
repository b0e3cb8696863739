//! Breaks lines at the screen's edge: between words where it can, never inside a letter, by the cells that letters take. Pure.

use ratatui::{style::Style, text::Span};

/// Lines of at most `width` cells. A letter that is wider than that is left out. An empty text is one empty line.
#[must_use]
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    if width == 0 {
        return lines;
    }
    let (mut line, mut used) = (String::new(), 0);
    // Where the last word of the line begins.
    let (mut word, mut word_at) = (0, 0);
    let span = Span::raw(text);
    for letter in span.styled_graphemes(Style::default()) {
        let letter = letter.symbol;
        let cells = if letter.is_ascii() { 1 } else { Span::raw(letter).width() };
        if cells > width {
            continue;
        }
        if used + cells > width {
            if letter == " " {
                lines.push(std::mem::take(&mut line));
                (used, word, word_at) = (0, 0, 0);
                continue;
            }
            let rest = if word > 0 { line.split_off(word) } else { String::new() };
            line.truncate(line.trim_end_matches(' ').len().max(usize::from(word == 0) * line.len()));
            lines.push(std::mem::replace(&mut line, rest));
            used = if word > 0 { used - word_at } else { 0 };
            (word, word_at) = (0, 0);
        }
        line.push_str(letter);
        used += cells;
        if letter == " " && line.len() > line.bytes().take_while(|&byte| byte == b' ').count() {
            (word, word_at) = (line.len(), used);
        }
    }
    lines.push(line);
    lines
}

/// The beginning of a line that fits, with a sign that there is more.
#[must_use]
pub fn cut(text: &str, width: usize) -> String {
    if Span::raw(text).width() <= width {
        return text.to_owned();
    }
    let mut short = String::new();
    let mut used = 1;
    if width == 0 {
        return short;
    }
    let span = Span::raw(text);
    for letter in span.styled_graphemes(Style::default()) {
        let cells = Span::raw(letter.symbol).width();
        if used + cells > width {
            break;
        }
        short.push_str(letter.symbol);
        used += cells;
    }
    short.push('…');
    short
}

/// `text` cut or filled up with spaces to exactly `width` cells.
#[must_use]
pub fn fit(text: &str, width: usize) -> String {
    let mut fitted = cut(text, width);
    let used = Span::raw(fitted.as_str()).width();
    fitted.extend(std::iter::repeat_n(' ', width.saturating_sub(used)));
    fitted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn run_8_lines_break_between_words_and_wide_letters_are_not_cut() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("one two three", 8), ["one two", "three"]);
        assert_eq!(wrap("abcdefghij", 4), ["abcd", "efgh", "ij"]);
        assert_eq!(wrap("go abcdefghij", 4), ["go", "abcd", "efgh", "ij"]);
        assert_eq!(wrap("日本語の文字", 5), ["日本", "語の", "文字"]);
        assert_eq!(wrap("日", 1), [""]);
        assert_eq!(wrap("    indented text", 12), ["    indented", "text"]);
        assert_eq!(wrap("", 5), [""]);
        assert_eq!(wrap("x", 0), Vec::<String>::new());
    }

    #[test]
    fn run_8_no_line_is_wider_than_the_screen_whatever_is_in_it() {
        let text = "a 日本語 e\u{301}e\u{301} 👩‍👩‍👧‍👦 wordwordword   three   spaces 한국어 x".repeat(3);
        for width in 1..30 {
            let lines = wrap(&text, width);
            assert!(
                lines.iter().all(|line| Span::raw(line.as_str()).width() <= width),
                "{width}: {lines:?}"
            );
            if width > 1 {
                let letters = |text: &str| text.chars().filter(|c| *c != ' ').collect::<String>();
                assert_eq!(letters(&lines.concat()), letters(&text), "{width}");
            }
        }
    }

    #[test]
    fn what_is_cut_says_so_and_takes_its_place_exactly() {
        assert_eq!(cut("abcdef", 4), "abc…");
        assert_eq!(cut("日本語", 4), "日…");
        assert_eq!(fit("日本語", 4), "日… ");
        assert_eq!((cut("ab", 2), cut("ab", 0)), ("ab".to_owned(), String::new()));
    }
}
