//! What of a log can be found. Its entries are joined to pieces of a few thousand bytes, since an agent's words and a program's output
//! arrive cut anywhere: a word that two entries share is found, and a million entries are some ten thousand pieces.

use coord_protocol::log::{LogBody, LogEntry};
use std::borrow::Cow;

/// Bytes of text after which a piece ends.
pub const PIECE: usize = 4 * 1024;

/// Most bytes of what tools and programs print that one entry adds. What the agent and people say counts whole.
const PRINTED: usize = 4 * 1024;

/// A stretch of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// Number of its first entry.
    pub first: i64,
    /// Number of its last entry.
    pub last: i64,
    /// What they say.
    pub text: String,
    /// Where in the text each entry begins, with its number.
    starts: Vec<(usize, i64)>,
}

impl Piece {
    /// Number of the entry that has this byte of the text.
    #[must_use]
    pub fn entry_at(&self, byte: usize) -> i64 {
        let next = self.starts.partition_point(|(start, _)| *start <= byte);
        self.starts.get(next.saturating_sub(1)).map_or(self.first, |(_, seq)| *seq)
    }

    /// Whether what comes next begins another piece.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.text.len() >= PIECE
    }
}

/// What an entry continues: entries of the same go on in the middle of a word.
#[derive(Debug, PartialEq, Eq)]
enum Flow<'a> {
    Said,
    Thought,
    Printed(Option<&'a str>),
    Apart,
}

/// The beginning of a text, at most so many bytes.
fn bounded(text: &str, most: usize) -> &str {
    &text[..text.floor_char_boundary(most)]
}

fn joined<'a>(parts: impl IntoIterator<Item = &'a str>) -> Cow<'a, str> {
    Cow::Owned(parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n"))
}

fn said(body: &LogBody) -> (Flow<'_>, Cow<'_, str>) {
    match body {
        LogBody::System { text, .. } => (Flow::Apart, text.into()),
        LogBody::Text { text } => (Flow::Said, text.into()),
        LogBody::Thought { text } => (Flow::Thought, text.into()),
        LogBody::UserMessage { from, text, .. } => (Flow::Apart, joined([from.as_str(), text])),
        LogBody::ToolCall(call) => {
            let content = bounded(call.content.as_deref().unwrap_or_default(), PRINTED);
            let paths = call.paths.iter().take(20).map(String::as_str);
            (Flow::Apart, joined([call.title.as_str()].into_iter().chain(paths).chain([content])))
        }
        LogBody::ToolUpdate(update) => {
            let content = bounded(update.content.as_deref().unwrap_or_default(), PRINTED);
            (Flow::Apart, joined([update.title.as_deref().unwrap_or_default(), content]))
        }
        LogBody::Plan { steps } => (Flow::Apart, joined(steps.iter().take(50).map(|step| step.text.as_str()))),
        LogBody::Request { ask, .. } => (Flow::Apart, joined([ask.title.as_str(), bounded(&ask.body, PRINTED)])),
        LogBody::Answer { answer, by, .. } => (Flow::Apart, joined([by.as_str(), answer.body.as_deref().unwrap_or_default()])),
        LogBody::Usage { .. } => (Flow::Apart, Cow::Borrowed("")),
        LogBody::Output { tool_call, text } => (Flow::Printed(tool_call.as_deref()), plain(bounded(text, PRINTED))),
    }
}

/// The text without ANSI escapes: colours, titles, links.
fn plain(text: &str) -> Cow<'_, str> {
    if !text.contains('\u{1b}') {
        return text.into();
    }
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '\u{1b}' {
            plain.push(c);
            continue;
        }
        match chars.next() {
            // A control sequence ends with a letter or a sign of that kind.
            Some('[') => while chars.next().is_some_and(|c| !('\u{40}'..='\u{7e}').contains(&c)) {},
            // A string ends with BEL, or with an escape and a backslash.
            Some(']' | 'P' | '_' | '^' | 'X') => {
                while let Some(c) = chars.next() {
                    if c == '\u{7}' || (c == '\u{1b}' && chars.next_if_eq(&'\\').is_some()) {
                        break;
                    }
                }
            }
            Some(_) | None => {}
        }
    }
    plain.into()
}

/// Entries in order as pieces; the last one may not be full yet.
#[must_use]
pub fn pieces(entries: &[LogEntry]) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
    let mut flow = Flow::Apart;
    for entry in entries {
        let (next, text) = said(&entry.body);
        match pieces.last_mut().filter(|piece| !piece.is_full()) {
            Some(piece) => {
                if next == Flow::Apart || next != flow {
                    piece.text.push('\n');
                }
                piece.starts.push((piece.text.len(), entry.seq));
                piece.text.push_str(&text);
                piece.last = entry.seq;
            }
            None => pieces.push(Piece {
                first: entry.seq,
                last: entry.seq,
                text: text.into_owned(),
                starts: vec![(0, entry.seq)],
            }),
        }
        flow = next;
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;
    use coord_protocol::time::Timestamp;

    fn entries(bodies: Vec<LogBody>) -> Vec<LogEntry> {
        let entry = |(seq, body)| LogEntry {
            seq,
            at: Timestamp(0),
            body,
        };
        (1..).zip(bodies).map(entry).collect()
    }

    fn text(text: &str) -> LogBody {
        LogBody::Text { text: text.to_owned() }
    }

    fn output(text: &str) -> LogBody {
        LogBody::Output {
            tool_call: None,
            text: text.to_owned(),
        }
    }

    #[test]
    fn web_3_a_word_that_two_entries_share_is_one() {
        let pieces = pieces(&entries(vec![text("the bra"), text("nch is"), output("pushed"), text("now")]));
        assert_eq!(pieces.len(), 1);
        assert_eq!(pieces[0].text, "the branch is\npushed\nnow");
        assert_eq!((pieces[0].first, pieces[0].last), (1, 4));
        let at = |word: &str| pieces[0].entry_at(pieces[0].text.find(word).unwrap());
        assert_eq!((at("branch"), at("is"), at("pushed"), at("now")), (1, 2, 3, 4));
    }

    #[test]
    fn web_3_colours_and_links_are_no_words() {
        let pieces = pieces(&entries(vec![output(
            "\u{1b}[1;31mer\u{1b}[0mror \u{1b}]8;;http://x\u{1b}\\link\u{1b}]0;t\u{7}!",
        )]));
        assert_eq!(pieces[0].text, "error link!");
    }

    #[test]
    fn inv_8_pieces_are_bounded_whatever_a_log_says() {
        let long = "y".repeat(32 * 1024);
        let many = entries(
            (0..400)
                .map(|n| if n % 2 == 0 { output(&long) } else { text("some words of a log") })
                .collect(),
        );
        let pieces = pieces(&many);
        assert!(pieces.len() > 50);
        assert!(pieces.iter().all(|piece| piece.text.len() <= PIECE + PRINTED + 1));
        assert_eq!(pieces.first().unwrap().first, 1);
        assert_eq!(pieces.last().unwrap().last, 400);
        for two in pieces.windows(2) {
            assert_eq!(two[0].last + 1, two[1].first);
        }
    }
}
