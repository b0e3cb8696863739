//! The three pages.

use super::{Piece, Sheet, piece};
use crate::{
    desk::look::{Held, Link, Standing},
    history::{Done, Ending},
    screen::{
        clean,
        layout::Layout,
        lines::elapsed,
        model::Model,
        paint::Tone,
        wrap::{fit, wrap},
    },
};
use coord_protocol::{attempt::Usage, job::Activity};
use ratatui::layout::Rect;

/// Width of one column and its heading.
struct Column {
    head: &'static str,
    width: usize,
}

/// The columns that fit: the first takes what the others leave.
fn columns(width: usize, wanted: &[(&'static str, usize)]) -> Vec<Column> {
    let mut columns: Vec<Column> = wanted.iter().map(|&(head, width)| Column { head, width }).collect();
    let fixed = |columns: &[Column]| columns.iter().skip(1).map(|column| column.width + 1).sum::<usize>();
    // The last ones but one go first: what it is and how it stands matter most.
    while columns.len() > 2 && fixed(&columns) + columns[0].width > width {
        let at = columns.len() - 2;
        columns.remove(at);
    }
    columns[0].width = width.saturating_sub(fixed(&columns)).max(1);
    columns
}

fn row(columns: &[Column], cell: impl Fn(&str) -> Piece) -> Vec<Piece> {
    let mut pieces = Vec::new();
    for column in columns {
        let (tone, text) = cell(column.head);
        pieces.push((tone, fit(&text, column.width)));
        pieces.push(piece(Tone::Plain, " "));
    }
    pieces
}

fn heading(columns: &[Column]) -> Vec<Piece> {
    let mut pieces = vec![piece(Tone::Faint, "  ")];
    pieces.extend(row(columns, |head| piece(Tone::Faint, head)));
    pieces
}

/// The first row in sight, so that the chosen one is.
fn first_row(chosen: usize, rows: usize) -> usize {
    (chosen + 1).saturating_sub(rows.max(1))
}

fn rule(sheet: &mut Sheet<'_, '_>, area: Rect, row: usize, title: &str) {
    let width = usize::from(area.width);
    let title = if title.is_empty() { String::new() } else { format!(" {title} ") };
    let title = crate::screen::wrap::cut(&title, width.saturating_sub(4));
    let used = ratatui::text::Span::raw(title.as_str()).width() + 2;
    let line = "─".repeat(width.saturating_sub(used));
    sheet.put(
        area,
        row,
        &[piece(Tone::Faint, "──"), piece(Tone::Strong, title), piece(Tone::Faint, line)],
    );
}

// ---- Status -------------------------------------------------------------------------------------------------------------------------

pub(super) fn status(sheet: &mut Sheet<'_, '_>, model: &Model, layout: &Layout) {
    let area = layout.jobs;
    let width = usize::from(area.width).saturating_sub(3);
    let columns = columns(width, &[("Job", 20), ("Workspace", 12), ("Agent", 10), ("Since", 9), ("State", 20)]);
    sheet.put(area, 0, &heading(&columns));
    if model.look.held.is_empty() {
        let words = match (&model.look.link, model.look.paused) {
            (Link::Connected, false) => "  Nothing to do. Jobs come by themselves when somebody makes one ready.",
            (Link::Connected, true) => "  Nothing to do, and no new jobs are taken: p takes them again.",
            (Link::Connecting | Link::Away { .. }, _) => "  Nothing to do. New jobs come when the server is reached.",
        };
        sheet.put(area, 1, &[piece(Tone::Faint, words)]);
        if let Link::Away { why, .. } = &model.look.link {
            // There is place for all of it here.
            let width = usize::from(layout.detail.width).saturating_sub(4).max(1);
            for (n, line) in wrap(&clean::line(why), width).into_iter().enumerate() {
                sheet.put(layout.detail, n + 1, &[piece(Tone::Error, format!("  {line}"))]);
            }
        }
    }
    let chosen = model.chosen_index();
    let rows = layout.jobs_rows();
    for (n, held) in model.look.held.iter().enumerate().skip(first_row(chosen, rows)).take(rows) {
        let is_chosen = n == chosen;
        let (state_tone, state) = state_of(model, held);
        let cell = |head: &str| {
            let about = &held.about;
            let (tone, text) = match head {
                "Job" => (Tone::Plain, format!("#{} {}", about.number, clean::line(&about.title))),
                "Workspace" => (Tone::Plain, clean::line(&about.workspace)),
                "Agent" => (Tone::Plain, about.agent.as_deref().map_or_else(|| "merge".to_owned(), clean::line)),
                "Since" => (Tone::Plain, elapsed(model.now.ms_since(about.since))),
                _ => (state_tone, state.clone()),
            };
            (if is_chosen && tone == Tone::Plain { Tone::Selected } else { tone }, text)
        };
        let mut pieces = vec![piece(Tone::Strong, if is_chosen { "> " } else { "  " })];
        pieces.extend(row(&columns, cell));
        sheet.put(area, 1 + n - first_row(chosen, rows), &pieces);
    }
    if let Some(held) = model.chosen() {
        detail(sheet, model, layout.detail, held);
    } else {
        rule(sheet, layout.detail, 0, "");
    }
}

fn state_of(model: &Model, held: &Held) -> (Tone, String) {
    let on_its_way = held
        .glance
        .brief
        .open
        .iter()
        .any(|waiting| model.look.answering.contains(&waiting.request));
    let (tone, words) = match (held.standing, held.glance.activity) {
        (Standing::Left, _) => (Tone::Faint, "waits for the server"),
        (Standing::Merging, _) => (Tone::Good, "merges"),
        (Standing::Ended, _) => (Tone::Faint, "over, not confirmed"),
        (Standing::Working, _) if on_its_way => (Tone::Waiting, "answer on its way"),
        (Standing::Working, None | Some(Activity::Preparing)) => (Tone::Plain, "is prepared"),
        (Standing::Working, Some(Activity::Running)) => (Tone::Good, "works"),
        (Standing::Working, Some(Activity::WaitingForAnswer)) => (Tone::Waiting, "asks a question"),
        (Standing::Working, Some(Activity::WaitingForPermission)) => (Tone::Waiting, "asks permission"),
        (Standing::Working, Some(Activity::WaitingForPlan)) => (Tone::Waiting, "shows its plan"),
        (Standing::Working, Some(Activity::Retrying)) => (Tone::Warning, "tries again"),
        (Standing::Working, Some(Activity::Stopping)) => (Tone::Warning, "stops"),
        (Standing::Working, Some(Activity::Packaging)) => (Tone::Plain, "hands in"),
        (Standing::Working, Some(Activity::Merging | Activity::MergeBlocked | Activity::ChecksFailed)) => (Tone::Plain, "merges"),
    };
    (tone, words.to_owned())
}

fn detail(sheet: &mut Sheet<'_, '_>, model: &Model, area: Rect, held: &Held) {
    let (about, glance) = (&held.about, &held.glance);
    rule(sheet, area, 0, &format!("#{} {}", about.number, clean::line(&about.title)));
    let width = usize::from(area.width).saturating_sub(2);
    let mut rows: Vec<Vec<Piece>> = Vec::new();
    let mut facts = |name: &str, words: String| {
        for (n, line) in wrap(&clean::line(&words), width.saturating_sub(12).max(1))
            .into_iter()
            .take(2)
            .enumerate()
        {
            let name = if n == 0 { name } else { "" };
            rows.push(vec![piece(Tone::Faint, fit(&format!(" {name}"), 12)), piece(Tone::Plain, line)]);
        }
    };
    let mut agent = match (&glance.brief.agent, &about.agent) {
        (Some(agent), _) => format!("{} {}", agent.name, agent.version.as_deref().unwrap_or_default()),
        (None, Some(agent)) => agent.clone(),
        (None, None) => "none; the runner merges itself".to_owned(),
    };
    if let Some(model) = &glance.brief.model {
        agent.push_str(&format!(", model {model}"));
    }
    if let Some(round) = about.round {
        agent.push_str(&format!(" · attempt {round}"));
    }
    facts("Agent", agent);
    if let Some(tool) = &glance.brief.tool {
        facts("Last tool", tool.clone());
    }
    facts("Used", used(&glance.brief.usage));
    if glance.unconfirmed > 0 {
        facts("Unsent", format!("{} lines of log wait for the server", glance.unconfirmed));
    }
    for waiting in &glance.brief.open {
        let since = elapsed(model.now.ms_since(waiting.since));
        let answering = model.look.answering.contains(&waiting.request);
        let hint = if answering { "answer on its way" } else { "a answers" };
        rows.push(vec![]);
        rows.push(vec![
            piece(Tone::Waiting, " Asks: "),
            piece(Tone::Strong, clean::line(&waiting.ask.title)),
            piece(Tone::Faint, format!("  {since} · {hint}")),
        ]);
        let body = waiting.ask.body.trim();
        if body != waiting.ask.title.trim() {
            let lines = clean::lines(body)
                .into_iter()
                .flat_map(|line| wrap(&line, width.saturating_sub(7).max(1)));
            rows.extend(lines.take(40).map(|line| vec![piece(Tone::Plain, format!("       {line}"))]));
        }
    }
    for (n, pieces) in rows.iter().enumerate() {
        sheet.put(area, n + 1, pieces);
    }
}

fn used(usage: &Usage) -> String {
    if (usage.input_tokens, usage.output_tokens, usage.cost_usd) == (0, 0, None) {
        return "no tokens told".to_owned();
    }
    let cost = usage.cost_usd.map(|cost| format!(" · ${cost:.2}")).unwrap_or_default();
    format!(
        "{} tokens read, {} written{cost}",
        thousands(usage.input_tokens),
        thousands(usage.output_tokens)
    )
}

fn thousands(number: i64) -> String {
    let digits = number.max(0).to_string();
    let mut told = String::new();
    for (n, digit) in digits.chars().enumerate() {
        if n > 0 && (digits.len() - n).is_multiple_of(3) {
            told.push(',');
        }
        told.push(digit);
    }
    told
}

// ---- Logs ---------------------------------------------------------------------------------------------------------------------------

pub(super) fn logs(sheet: &mut Sheet<'_, '_>, model: &Model, layout: &Layout) {
    let journal = &model.journal;
    if journal.of().is_none() {
        let words = "  No log is open. Logs are here while their attempt runs; the web app has all of them.";
        sheet.put(layout.log_head, 0, &[piece(Tone::Faint, words)]);
        return;
    }
    let place = match (journal.gone, journal.searching, journal.follow) {
        (true, ..) => "over; all of it is in the web app".to_owned(),
        (_, true, _) => "searching…".to_owned(),
        (_, _, true) => "follows".to_owned(),
        (false, false, false) => format!("{} %", journal.depth()),
    };
    let words = journal
        .words
        .as_deref()
        .map(|words| format!(" · finds “{}”: n N", clean::line(words)));
    let right = format!(" {place}{} ", words.unwrap_or_default());
    let room = usize::from(layout.log_head.width).saturating_sub(ratatui::text::Span::raw(right.as_str()).width() + 1);
    sheet.put(
        layout.log_head,
        0,
        &[piece(
            Tone::Strong,
            format!(
                " {}",
                crate::screen::wrap::cut(&clean::line(&journal.title), room.saturating_sub(1))
            ),
        )],
    );
    sheet.put_right(layout.log_head, 0, Tone::Faint, &right);
    for (n, line) in journal.visible().iter().enumerate() {
        let mut pieces = vec![piece(Tone::Faint, line.time.as_str())];
        pieces.extend(marked(line.tone, &line.text, journal.words.as_deref()));
        sheet.put(layout.log, n, &pieces);
    }
}

/// A line with the words that are looked for standing out.
fn marked(tone: Tone, text: &str, words: Option<&str>) -> Vec<Piece> {
    let Some(words) = words.filter(|words| !words.is_empty()) else {
        return vec![piece(tone, text)];
    };
    let (plain, words) = (text.to_ascii_lowercase(), words.to_ascii_lowercase());
    let (mut pieces, mut at) = (Vec::new(), 0);
    while let Some(found) = plain[at..].find(&words) {
        pieces.push(piece(tone, &text[at..at + found]));
        pieces.push(piece(Tone::Found, &text[at + found..at + found + words.len()]));
        at += found + words.len();
    }
    pieces.push(piece(tone, &text[at..]));
    pieces
}

// ---- History ------------------------------------------------------------------------------------------------------------------------

pub(super) fn history(sheet: &mut Sheet<'_, '_>, model: &Model, layout: &Layout) {
    let area = layout.past;
    let width = usize::from(area.width).saturating_sub(3);
    let columns = columns(
        width,
        &[
            ("Job", 20),
            ("Workspace", 12),
            ("Agent", 10),
            ("Took", 9),
            ("Ended", 10),
            ("Outcome", 14),
        ],
    );
    sheet.put(area, 0, &heading(&columns));
    if model.done.is_empty() {
        sheet.put(area, 1, &[piece(Tone::Faint, "  Nothing has ended here yet.")]);
    }
    let rows = layout.history_rows();
    let first = first_row(model.past, rows);
    for (n, done) in model.done.iter().enumerate().skip(first).take(rows) {
        let is_chosen = n == model.past;
        let (outcome_tone, outcome) = outcome(done);
        let cell = |head: &str| {
            let about = &done.about;
            let (tone, text) = match head {
                "Job" => (Tone::Plain, format!("#{} {}", about.number, clean::line(&about.title))),
                "Workspace" => (Tone::Plain, clean::line(&about.workspace)),
                "Agent" => (Tone::Plain, about.agent.as_deref().map_or_else(|| "merge".to_owned(), clean::line)),
                "Took" => (Tone::Plain, elapsed(done.at.ms_since(about.since))),
                "Ended" => (Tone::Plain, ago(model.now.ms_since(done.at))),
                _ => (outcome_tone, outcome.to_owned()),
            };
            (if is_chosen && tone == Tone::Plain { Tone::Selected } else { tone }, text)
        };
        let mut pieces = vec![piece(Tone::Strong, if is_chosen { "> " } else { "  " })];
        pieces.extend(row(&columns, cell));
        sheet.put(area, 1 + n - first, &pieces);
    }
    let Some(done) = model.done.get(model.past) else { return };
    let area = layout.past_detail;
    rule(
        sheet,
        area,
        0,
        &format!("#{} {}", done.about.number, clean::line(&done.about.title)),
    );
    let round = done.about.round.map(|round| format!("attempt {round} · ")).unwrap_or_default();
    let reason = done
        .reason
        .as_deref()
        .map(|reason| format!(" ({})", clean::line(&reason.replace('_', " "))));
    let first = format!(" {round}{}{} · {}", outcome(done).1, reason.unwrap_or_default(), used(&done.usage));
    sheet.put(area, 1, &[piece(Tone::Plain, first)]);
    let width = usize::from(area.width).saturating_sub(2).max(1);
    let words = clean::line(done.detail.as_deref().unwrap_or_default());
    for (n, line) in wrap(&words, width).into_iter().enumerate() {
        sheet.put(area, n + 2, &[piece(Tone::Plain, format!(" {line}"))]);
    }
}

const fn outcome(done: &Done) -> (Tone, &'static str) {
    match done.ending {
        Ending::Completed => (Tone::Good, "completed"),
        Ending::Failed => (Tone::Error, "failed"),
        Ending::Stopped => (Tone::Warning, "stopped"),
        Ending::Unreachable => (Tone::Warning, "no repository"),
        Ending::Lost => (Tone::Warning, "taken back"),
        Ending::Merged => (Tone::Good, "merged"),
        Ending::NotMerged => (Tone::Error, "not merged"),
    }
}

/// How long ago: `now`, `5 min`, `3 h`, `2 d`.
fn ago(ms: i64) -> String {
    let minutes = ms.max(0) / 60_000;
    match minutes {
        0 => "just now".to_owned(),
        1..=59 => format!("{minutes} min"),
        60..=2879 => format!("{} h ago", minutes / 60),
        _ => format!("{} d ago", minutes / 1440),
    }
}
