//! The report as text for people.

use super::{Item, Kind, Report, Verdict, measure::readable};
use coord_protocol::time::Timestamp;
use std::fmt::Write as _;

/// Most characters of a name, a path or a reason.
const LONGEST: usize = 240;

/// The whole report. Names are from outside: nothing in them reaches the terminal that is not a printed character.
#[must_use]
pub fn text(report: &Report, now: Timestamp) -> String {
    let mut text = format!("Work folder {}: {}", report.work_dir.display(), readable(report.bytes));
    let _ = match report.free {
        Some(free) => writeln!(text, ", {} free", readable(free)),
        None => writeln!(text),
    };
    let groups = [
        (Kind::Repository, "Repositories: objects that all attempts share"),
        (Kind::Worktree, "Working folders on branches"),
        (Kind::Folder, "Working folders without a repository"),
        (Kind::Log, "Logs of claims that were lost"),
    ];
    for (kind, title) in groups {
        let items: Vec<&Item> = report.items.iter().filter(|item| item.kind == kind).collect();
        if items.is_empty() {
            continue;
        }
        let sum = items.iter().map(|item| item.bytes).sum();
        let _ = writeln!(text, "\n{title} ({}, {})", items.len(), readable(sum));
        for item in items {
            let (word, why) = match &item.verdict {
                Verdict::Stays(why) => ("stays", why),
                Verdict::Goes(why) => ("would go", why),
                Verdict::Removed(why) => ("removed", why),
                Verdict::Failed(why) => ("not removed", why),
            };
            let (name, why) = (printable(&item.name), printable(why));
            let _ = writeln!(text, "  {name}\n    {}", printable(&item.path.to_string_lossy()));
            let _ = writeln!(text, "    {}, {}; {word}: {why}", readable(item.bytes), age(now, item.last_used));
        }
    }
    let (mut count, mut bytes, mut word) = (0, 0, "would go; `coord-runner disk --clean` removes it");
    for item in &report.items {
        match item.verdict {
            Verdict::Removed(_) => word = "removed",
            Verdict::Goes(_) => {}
            Verdict::Stays(_) | Verdict::Failed(_) => continue,
        }
        count += 1;
        bytes += item.bytes;
    }
    let _ = match count {
        0 => writeln!(text, "\nNothing has to go."),
        1 => writeln!(text, "\nOne folder, {}: {word}.", readable(bytes)),
        count => writeln!(text, "\n{count} folders, {}: {word}.", readable(bytes)),
    };
    text
}

fn age(now: Timestamp, used: Timestamp) -> String {
    let hours = now.0.saturating_sub(used.0) / 3_600_000_000;
    match hours {
        i64::MIN..=0 => "used just now".to_owned(),
        1 => "used an hour ago".to_owned(),
        2..=47 => format!("used {hours} hours ago"),
        _ => format!("used {} days ago", hours / 24),
    }
}

/// Text from outside as one line of printed characters, the direction of reading unchanged.
fn printable(text: &str) -> String {
    let turns = |c: char| matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}');
    let mut line: String = text.chars().map(|c| if c.is_control() || turns(c) { '?' } else { c }).collect();
    if line.chars().count() > LONGEST {
        line = line.chars().take(LONGEST).chain(['…']).collect();
    }
    line
}
