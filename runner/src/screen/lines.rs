//! An attempt's log as lines on a screen. Pure.
//!
//! Pieces of text that follow one another are one text. Everything shown goes through [`clean`].

use super::{clean, paint::Tone, wrap::wrap};
use coord_protocol::{
    log::{FileDiff, LogBody, LogEntry, PlanStatus, SystemLevel, ToolStatus},
    request::{Answer, Ask},
    time::Timestamp,
};

/// Lines shown of what a tool said or changed; the web app shows all.
const MOST_OF_TOOL: usize = 30;

/// Cells of the time before each entry.
pub const GUTTER: usize = 9;

/// Below this width there is no place for times.
const NARROW: usize = 44;

/// One line of the log on the screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// Position of its entry in the file.
    pub at: u64,
    /// Which line of that entry.
    pub part: usize,
    /// Time since the attempt began, on the first line of an entry.
    pub time: String,
    /// The words.
    pub text: String,
    /// How they look.
    pub tone: Tone,
}

/// Lines of entries, wrapped to `width` cells with the times. `began` is when the attempt did.
#[must_use]
pub fn of(entries: &[(u64, LogEntry)], began: Timestamp, width: usize) -> Vec<Shown> {
    let gutter = gutter(width);
    let width = width.saturating_sub(gutter).max(1);
    let mut shown = Vec::new();
    let mut index = 0;
    while let Some((at, entry)) = entries.get(index) {
        index += 1;
        let mut blocks = blocks(&entry.body);
        // What goes on: a text comes in pieces.
        if let Some((tone, text)) = flowing(&entry.body) {
            let mut whole = text.to_owned();
            while let Some((_, next)) = entries.get(index)
                && let Some((_, more)) = flowing(&next.body).filter(|(other, _)| *other == tone)
            {
                whole.push_str(more);
                index += 1;
            }
            blocks = vec![(tone, String::new(), whole.trim_end_matches('\n').to_owned())];
        }
        let mut part = 0;
        for (tone, before, text) in blocks {
            let indent = wrap_indent(&before);
            for (n, line) in clean::lines(&text).iter().enumerate() {
                for (m, piece) in wrap(line, width.saturating_sub(indent).max(1)).into_iter().enumerate() {
                    let lead = if n == 0 && m == 0 { before.clone() } else { " ".repeat(indent) };
                    let lead = if indent < width { lead } else { String::new() };
                    shown.push(Shown {
                        at: *at,
                        part,
                        time: if part == 0 && gutter > 0 {
                            format!("{:>w$} ", elapsed(entry.at.ms_since(began)), w = GUTTER - 1)
                        } else {
                            " ".repeat(gutter)
                        },
                        text: format!("{lead}{piece}"),
                        tone,
                    });
                    part += 1;
                }
            }
        }
    }
    shown
}

/// Cells taken by times on a screen of this width.
#[must_use]
pub const fn gutter(width: usize) -> usize {
    if width < NARROW { 0 } else { GUTTER }
}

fn wrap_indent(before: &str) -> usize {
    before.chars().count()
}

/// A length of time: `0:07`, `12:34`, `1:02:03`, `3 d 4 h`.
#[must_use]
pub fn elapsed(ms: i64) -> String {
    let seconds = ms.max(0) / 1000;
    let (hours, minutes, rest) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    match hours {
        0 => format!("{minutes}:{rest:02}"),
        1..=47 => format!("{hours}:{minutes:02}:{rest:02}"),
        _ => format!("{} d {} h", hours / 24, hours % 24),
    }
}

fn flowing(body: &LogBody) -> Option<(Tone, &str)> {
    match body {
        LogBody::Text { text } => Some((Tone::Plain, text)),
        LogBody::Thought { text } => Some((Tone::Faint, text)),
        LogBody::Output { text, .. } => Some((Tone::Output, text)),
        _ => None,
    }
}

type Block = (Tone, String, String);

fn block(tone: Tone, before: &str, text: impl Into<String>) -> Block {
    (tone, before.to_owned(), text.into())
}

fn blocks(body: &LogBody) -> Vec<Block> {
    match body {
        LogBody::Text { .. } | LogBody::Thought { .. } | LogBody::Output { .. } | LogBody::Usage { .. } => Vec::new(),
        LogBody::System { text, level } => {
            let tone = match level {
                SystemLevel::Info => Tone::Faint,
                SystemLevel::Warning => Tone::Warning,
                SystemLevel::Error => Tone::Error,
            };
            vec![block(tone, "· ", text)]
        }
        LogBody::UserMessage { from, text, .. } => vec![block(Tone::Person, "", format!("{from}: {text}"))],
        LogBody::ToolCall(call) => {
            let paths = call.paths.iter().filter(|path| !call.title.contains(path.as_str()));
            let paths: String = paths.take(5).map(|path| format!(" {path}")).collect();
            let mut all = vec![block(Tone::Tool, "> ", format!("{}{paths}", call.title))];
            all.extend(tool(call.content.as_deref(), &call.diffs));
            all
        }
        LogBody::ToolUpdate(update) => {
            let mut all = Vec::new();
            if let Some(title) = &update.title {
                all.push(block(Tone::Tool, "> ", title));
            }
            all.extend(tool(update.content.as_deref(), &update.diffs));
            match update.status {
                Some(ToolStatus::Completed) => all.push(block(Tone::Faint, "  ", "done")),
                Some(ToolStatus::Failed) => all.push(block(Tone::Error, "  ", "failed")),
                Some(ToolStatus::Pending | ToolStatus::InProgress) | None => {}
            }
            all
        }
        LogBody::Plan { steps } => {
            let step = |step: &coord_protocol::log::PlanStep| match step.status {
                PlanStatus::Completed => block(Tone::Faint, "[x] ", &step.text),
                PlanStatus::InProgress => block(Tone::Plain, "[>] ", &step.text),
                PlanStatus::Pending => block(Tone::Plain, "[ ] ", &step.text),
            };
            steps.iter().map(step).collect()
        }
        LogBody::Request { ask, .. } => {
            let mut all = vec![block(Tone::Waiting, "? ", asked(ask))];
            let body = ask.body.trim();
            if !body.is_empty() && body != ask.title {
                all.push(short(Tone::Plain, "  ", body));
            }
            all
        }
        LogBody::Answer { answer, by, .. } => vec![block(Tone::Person, "! ", answered(answer, by))],
    }
}

fn asked(ask: &Ask) -> String {
    format!("Asks: {}", ask.title)
}

fn answered(answer: &Answer, by: &str) -> String {
    match (&answer.choice, &answer.body) {
        (None, None) => "Withdrawn".to_owned(),
        (Some(choice), None) => format!("{by}: {choice}"),
        (None, Some(words)) => format!("{by}: {words}"),
        (Some(choice), Some(words)) => format!("{by}: {choice}, {words}"),
    }
}

fn tool(content: Option<&str>, diffs: &[FileDiff]) -> Vec<Block> {
    let mut all: Vec<Block> = content
        .map(str::trim_end)
        .filter(|text| !text.is_empty())
        .map(|text| short(Tone::Output, "  ", text))
        .into_iter()
        .collect();
    for diff in diffs {
        let lines: Vec<&str> = diff.diff.lines().collect();
        for line in lines.iter().take(MOST_OF_TOOL) {
            all.push(block(diff_tone(line), "  ", *line));
        }
        all.extend(more(lines.len()));
    }
    all
}

/// How a line of a diff looks.
#[must_use]
pub fn diff_tone(line: &str) -> Tone {
    match line.as_bytes().first() {
        Some(b'+') => Tone::Added,
        Some(b'-') => Tone::Removed,
        Some(b'@') => Tone::Faint,
        _ => Tone::Output,
    }
}

fn short(tone: Tone, before: &str, text: &str) -> Block {
    let lines = text.lines().count();
    let mut kept: String = text.lines().take(MOST_OF_TOOL).collect::<Vec<_>>().join("\n");
    if lines > MOST_OF_TOOL {
        kept.push_str(&format!("\n… {} more lines", lines - MOST_OF_TOOL));
    }
    block(tone, before, kept)
}

fn more(lines: usize) -> Option<Block> {
    (lines > MOST_OF_TOOL).then(|| block(Tone::Faint, "  ", format!("… {} more lines", lines - MOST_OF_TOOL)))
}

/// Whether an entry holds these words, as it is shown. Capital letters of ASCII do not matter.
#[must_use]
pub fn holds(body: &LogBody, words: &str) -> bool {
    let words = words.to_ascii_lowercase();
    let has = |text: &str| text.to_ascii_lowercase().contains(&words);
    match flowing(body) {
        Some((_, text)) => has(text),
        None => blocks(body).iter().any(|(_, _, text)| has(text)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use coord_protocol::log::{ToolCall, ToolKind, ToolUpdate};

    fn text(text: &str) -> LogBody {
        LogBody::Text { text: text.to_owned() }
    }

    fn shown(bodies: Vec<LogBody>, width: usize) -> Vec<String> {
        let entries: Vec<(u64, LogEntry)> = bodies
            .into_iter()
            .zip(0..)
            .map(|(body, n)| {
                let (seq, at) = (n + 1, Timestamp(n * 61_000_000));
                (n as u64, LogEntry { seq, at, body })
            })
            .collect();
        of(&entries, Timestamp(0), width)
            .into_iter()
            .map(|line| format!("{}{}", line.time, line.text).trim_end().to_owned())
            .collect()
    }

    #[test]
    fn run_8_pieces_of_a_text_are_one_text_and_tools_are_told_in_short() {
        let call = ToolCall {
            tool_call: "1".to_owned(),
            title: "Write a.txt".to_owned(),
            tool: ToolKind::Edit,
            status: ToolStatus::Pending,
            paths: vec!["a.txt".to_owned(), "b.txt".to_owned()],
            content: None,
            diffs: vec![FileDiff {
                path: "a.txt".to_owned(),
                diff: "+x\n".repeat(100),
            }],
        };
        let update = ToolUpdate {
            tool_call: "1".to_owned(),
            title: None,
            status: Some(ToolStatus::Failed),
            content: Some("no \u{1b}[31mspace\u{1b}[0m".to_owned()),
            diffs: vec![],
        };
        let lines = shown(
            vec![
                text("Hello "),
                text("wor"),
                text("ld.\n"),
                LogBody::ToolCall(call),
                LogBody::ToolUpdate(update),
            ],
            60,
        );
        assert_eq!(lines[0], "    0:00 Hello world.");
        assert_eq!(lines[1], "    3:03 > Write a.txt b.txt");
        assert_eq!(lines[2], "           +x");
        assert_eq!(lines[2 + MOST_OF_TOOL], "           … 70 more lines");
        assert_eq!(&lines[3 + MOST_OF_TOOL..], ["    4:04   no space", "           failed"]);
    }

    #[test]
    fn run_8_on_a_narrow_screen_the_words_have_all_the_place() {
        assert_eq!(shown(vec![text("one two three")], 8), ["one two", "three"]);
    }

    #[test]
    fn lengths_of_time_read_well() {
        let told: Vec<String> = [7_000, 754_000, 3_723_000, 200_000_000, -5].map(elapsed).to_vec();
        assert_eq!(told, ["0:07", "12:34", "1:02:03", "2 d 7 h", "0:00"]);
    }
}
