//! What lies over a page.

use super::{Sheet, piece};
use crate::screen::{
    asking::Asking,
    clean,
    layout::{Layout, picks_rows},
    model::Model,
    paint::Tone,
    wrap::{fit, wrap},
};
use coord_protocol::{id::AttemptId, request::RequestKind};
use ratatui::{
    layout::Rect,
    text::Span,
    widgets::{Block, Clear},
};

/// Widest text of the small dialogs.
const WIDE: u16 = 74;

const HELP: &[(&str, &str)] = &[
    ("1 2 3  Tab", "Status, Logs, History"),
    ("↑ ↓  PgUp PgDn", "choose, or scroll"),
    ("Home End  g G", "to the first or last"),
    ("Enter", "answer what waits, or open the log"),
    ("", ""),
    ("a", "answer the chosen job's request"),
    ("s", "stop the chosen job's agent: it ends what it is doing first"),
    ("k", "kill it: its processes end at once"),
    ("p", "take no new jobs, or take them again"),
    ("", ""),
    ("[ ]", "Logs: the job before or after"),
    ("f", "Logs: follow the end, or stay"),
    ("/  n N", "Logs: find words; the one above, the one below"),
    ("Esc", "close, leave the search, go back"),
    ("", ""),
    ("q  Ctrl-C", "quit; it asks what becomes of running jobs"),
    ("Ctrl-L", "draw the screen anew"),
];

/// An empty box with a title; returns what is inside its border.
fn open(sheet: &mut Sheet<'_, '_>, place: Rect, title: &str) -> Rect {
    let title = format!(" {} ", crate::screen::wrap::cut(title, usize::from(place.width).saturating_sub(4)));
    let block = Block::bordered().title(Span::styled(title, sheet.paint.style(Tone::Strong)));
    let inner = block.inner(place);
    sheet.frame.render_widget(Clear, place);
    sheet.frame.render_widget(block, place);
    Rect {
        x: inner.x + inner.width.min(1),
        width: inner.width.saturating_sub(2),
        ..inner
    }
}

pub(super) fn help(sheet: &mut Sheet<'_, '_>, layout: &Layout, from: usize) {
    let inner = open(sheet, layout.middle(HELP.len(), WIDE), "Keys");
    let from = from.min(HELP.len().saturating_sub(usize::from(inner.height)));
    for (n, (key, words)) in HELP.iter().skip(from).enumerate() {
        sheet.put(inner, n, &[piece(Tone::Strong, fit(key, 16)), piece(Tone::Plain, *words)]);
    }
}

/// A small dialog: words, then what the keys do.
fn choice(sheet: &mut Sheet<'_, '_>, layout: &Layout, title: &str, words: &[String], keys: &[(char, &str)]) {
    let wide = usize::from(layout.middle(0, WIDE).width).saturating_sub(4).max(1);
    let mut rows: Vec<Vec<super::Piece>> = Vec::new();
    for text in words {
        rows.extend(wrap(text, wide).into_iter().map(|line| vec![piece(Tone::Plain, line)]));
    }
    if !words.is_empty() {
        rows.push(vec![]);
    }
    for (key, text) in keys {
        for (n, line) in wrap(text, wide.saturating_sub(4).max(1)).into_iter().enumerate() {
            let key = if n == 0 { format!("{key}   ") } else { "    ".to_owned() };
            rows.push(vec![piece(Tone::Strong, key), piece(Tone::Plain, line)]);
        }
    }
    rows.push(vec![piece(Tone::Strong, "Esc "), piece(Tone::Plain, "go back")]);
    let inner = open(sheet, layout.middle(rows.len(), WIDE), title);
    // On a screen too low for all of it the keys matter most.
    let hidden = rows.len().saturating_sub(usize::from(inner.height));
    for (n, pieces) in rows.iter().skip(hidden).enumerate() {
        sheet.put(inner, n, pieces);
    }
}

pub(super) fn stop(sheet: &mut Sheet<'_, '_>, model: &Model, layout: &Layout, attempt: AttemptId, kill: bool) {
    let held = model.look.held.iter().find(|held| held.about.attempt == attempt);
    let name = held.map_or_else(String::new, |held| {
        format!("#{} {}", held.about.number, clean::line(&held.about.title))
    });
    let (title, words) = if kill {
        (
            format!("Kill {name}?"),
            "Its agent's processes end at once. What it wrote so far is kept.",
        )
    } else {
        (
            format!("Stop {name}?"),
            "Its agent ends the tool call that is running, then its turn. What it wrote so far is kept.",
        )
    };
    choice(
        sheet,
        layout,
        &title,
        &[words.to_owned()],
        &[
            (
                'e',
                "end the attempt: the job becomes Failed until somebody retries it. The server decides whether you may.",
            ),
            (
                'h',
                "hand the job back: it is queued again. This runner then takes no new jobs until you press p, or it might take this one again.",
            ),
        ],
    );
}

pub(super) fn quit(sheet: &mut Sheet<'_, '_>, model: &Model, layout: &Layout) {
    let held = model.look.held.len();
    let title = if held == 1 {
        "Quit with 1 job?".to_owned()
    } else {
        format!("Quit with {held} jobs?")
    };
    choice(
        sheet,
        layout,
        &title,
        &[],
        &[
            ('f', "finish: take no new jobs, and end when these have ended"),
            (
                'h',
                "hand back: agents end what they are doing, then the server queues the jobs again",
            ),
            (
                'l',
                "leave: agents end at once. The next start goes on with these jobs, if that is before the server gives them to another runner",
            ),
        ],
    );
}

pub(super) fn asking(sheet: &mut Sheet<'_, '_>, model: &Model, layout: &Layout, asking: &Asking) {
    let held = model.look.held.iter().find(|held| held.about.attempt == asking.attempt);
    let number = held.map_or(0, |held| held.about.number);
    let title = match asking.ask.kind {
        RequestKind::Permission => format!("#{number} asks permission"),
        RequestKind::Question => format!("#{number} asks"),
        RequestKind::Plan => format!("#{number} shows its plan"),
    };
    let inner = open(sheet, layout.asking_box(asking), &title);
    let (width, height) = layout.asking(asking);
    let text = asking.text(width);
    let above = asking.above.min(text.len().saturating_sub(height));
    for (n, (tone, line)) in text.iter().skip(above).take(height).enumerate() {
        sheet.put(inner, n, &[piece(*tone, line.as_str())]);
    }
    let hidden = text.len().saturating_sub(above + height);
    if hidden > 0 || above > 0 {
        let words = format!("{hidden} more lines: PgUp PgDn ");
        sheet.put(inner, height, &[piece(Tone::Waiting, words)]);
    }
    let rest = usize::from(inner.height).saturating_sub(picks_rows(asking));
    let Some(input) = &asking.words else {
        for (n, pick) in asking.picks.iter().enumerate() {
            let tone = if n == asking.at { Tone::Selected } else { Tone::Plain };
            let pieces = [piece(Tone::Strong, format!("{}  ", pick.key)), piece(tone, pick.label.as_str())];
            sheet.put(inner, rest + n, &pieces);
        }
        let keys = "Enter takes the marked one · Esc leaves it waiting";
        sheet.put(inner, rest + asking.picks.len(), &[piece(Tone::Faint, keys)]);
        return;
    };
    let label = asking.picks.get(asking.at).map_or("", |pick| pick.label.as_str());
    sheet.put(inner, rest, &[piece(Tone::Faint, label)]);
    // The end of what is written, up to the cursor, in three rows.
    let before: Vec<String> = input.text[..input.cursor]
        .split('\n')
        .flat_map(|line| wrap(line, width.max(2) - 1))
        .collect();
    let all: Vec<String> = input.text.split('\n').flat_map(|line| wrap(line, width.max(2) - 1)).collect();
    let row = before.len().saturating_sub(1);
    let from = row.saturating_sub(2);
    for (n, line) in all.iter().skip(from).take(3).enumerate() {
        sheet.put(inner, rest + 1 + n, &[piece(Tone::Plain, clean::line(line))]);
    }
    sheet.put(
        inner,
        rest + 4,
        &[piece(Tone::Faint, "Enter sends · Ctrl-J new line · Esc goes back")],
    );
    let column = before.last().map_or(0, |line| Span::raw(line.as_str()).width());
    let (x, y) = (inner.x + u16::try_from(column).unwrap_or_default(), rest + 1 + row - from);
    if x < inner.right() && y < usize::from(inner.height) {
        sheet.frame.set_cursor_position((x, inner.y + u16::try_from(y).unwrap_or_default()));
    }
}
