//! The screen, drawn from the model. Pure: it reads the model and writes cells, and only those that are seen.

mod dialogs;
mod pages;

use super::{
    clean,
    lines::elapsed,
    model::{Dialog, Ending, Model, Tab},
    paint::{Paint, Tone},
    wrap::{cut, fit},
};
use crate::desk::{
    Phase,
    look::{Held, Link, Standing},
};
use ratatui::{
    Frame,
    layout::Rect,
    text::{Line, Span},
};

/// Draws all of it.
pub fn draw(frame: &mut Frame<'_>, model: &Model, paint: Paint) {
    let layout = model.layout();
    // The terminal may have shrunk since.
    let screen = frame.area();
    if layout.body.right() > screen.right() || layout.body.bottom() > screen.bottom() {
        return;
    }
    let mut sheet = Sheet { frame, paint };
    head(&mut sheet, model, layout.tabs);
    state(&mut sheet, model, layout.state);
    match model.tab {
        Tab::Status => pages::status(&mut sheet, model, &layout),
        Tab::Logs => pages::logs(&mut sheet, model, &layout),
        Tab::History => pages::history(&mut sheet, model, &layout),
    }
    foot(&mut sheet, model, layout.message, layout.keys);
    match &model.dialog {
        Some(Dialog::Help(from)) => dialogs::help(&mut sheet, &layout, *from),
        Some(Dialog::Asking(asking)) => dialogs::asking(&mut sheet, model, &layout, asking),
        Some(Dialog::Stop { attempt, kill }) => dialogs::stop(&mut sheet, model, &layout, *attempt, *kill),
        Some(Dialog::Quit) => dialogs::quit(&mut sheet, model, &layout),
        None => {}
    }
}

/// A frame, and how things look on it.
struct Sheet<'a, 'b> {
    frame: &'a mut Frame<'b>,
    paint: Paint,
}

type Piece = (Tone, String);

impl Sheet<'_, '_> {
    /// Writes pieces into a row of an area, as far as they fit.
    fn put(&mut self, area: Rect, row: usize, pieces: &[Piece]) {
        let Some(y) = u16::try_from(row).ok().filter(|row| *row < area.height) else {
            return;
        };
        let spans = pieces
            .iter()
            .map(|(tone, text)| Span::styled(text.as_str(), self.paint.style(*tone)));
        let line = Line::from_iter(spans);
        self.frame.buffer_mut().set_line(area.x, area.y + y, &line, area.width);
    }

    /// The same from the right edge.
    fn put_right(&mut self, area: Rect, row: usize, tone: Tone, text: &str) {
        let wide = u16::try_from(Span::raw(text).width()).unwrap_or(u16::MAX);
        if wide <= area.width {
            let place = Rect {
                x: area.right() - wide,
                width: wide,
                ..area
            };
            self.put(place, row, &[(tone, text.to_owned())]);
        }
    }
}

fn piece(tone: Tone, text: impl Into<String>) -> Piece {
    (tone, text.into())
}

fn head(sheet: &mut Sheet<'_, '_>, model: &Model, area: Rect) {
    let waiting = model.waiting();
    let name = |tab: Tab| match tab {
        Tab::Status => "1 Status",
        Tab::Logs => "2 Logs",
        Tab::History => "3 History",
    };
    let mut pieces = Vec::new();
    for tab in [Tab::Status, Tab::Logs, Tab::History] {
        let tone = if tab == model.tab { Tone::Selected } else { Tone::Plain };
        pieces.push(piece(tone, format!(" {} ", name(tab))));
        if tab == Tab::Status && waiting > 0 {
            pieces.push(piece(Tone::Waiting, format!("{waiting} waiting ")));
        }
        pieces.push(piece(Tone::Plain, " "));
    }
    let program = match &model.look.name {
        Some(name) => format!(" coord-runner {} ", cut(&clean::line(name), 30)),
        None => " coord-runner ".to_owned(),
    };
    let used: usize = pieces.iter().map(|(_, text)| Span::raw(text.as_str()).width()).sum();
    sheet.put(area, 0, &pieces);
    if used + Span::raw(program.as_str()).width() <= usize::from(area.width) {
        sheet.put_right(area, 0, Tone::Faint, &program);
    }
}

fn state(sheet: &mut Sheet<'_, '_>, model: &Model, area: Rect) {
    let server = clean::line(&model.facts.server);
    let (tone, sign, words) = match &model.look.link {
        Link::Connected => (Tone::Good, "●", format!("connected to {server}")),
        Link::Connecting => (Tone::Faint, "○", format!("connecting to {server}")),
        Link::Away { why, again } => {
            let pause = elapsed(again.ms_since(model.now));
            (Tone::Error, "○", format!("not connected: {} · again in {pause}", clean::line(why)))
        }
    };
    let at_work = |held: &&Held| matches!(held.standing, Standing::Working | Standing::Merging);
    let working = model.look.held.iter().filter(at_work);
    let work = format!("{} of {} at work", working.count(), model.facts.concurrency);
    let taking = match (model.look.phase, model.ending, model.look.paused) {
        (Phase::Over, ..) | (_, Some(Ending::Leave), _) => (Tone::Waiting, "ends"),
        (_, Some(Ending::HandBack), _) => (Tone::Waiting, "hands its jobs back, then ends"),
        (Phase::Draining, ..) | (_, Some(Ending::Finish), _) => (Tone::Waiting, "finishes its jobs, then ends"),
        (Phase::Running, None, true) => (Tone::Waiting, "takes no new jobs"),
        (Phase::Running, None, false) => (Tone::Plain, "takes new jobs"),
    };
    let tail = format!(" · {work} · {}", taking.1);
    let room = usize::from(area.width).saturating_sub(3 + Span::raw(tail.as_str()).width());
    sheet.put(
        area,
        0,
        &[
            piece(tone, format!(" {sign} ")),
            piece(
                if tone == Tone::Error { Tone::Error } else { Tone::Plain },
                cut(&words, room.max(10)),
            ),
            piece(Tone::Plain, format!(" · {work} · ")),
            piece(taking.0, taking.1),
        ],
    );
}

fn foot(sheet: &mut Sheet<'_, '_>, model: &Model, message: Rect, keys: Rect) {
    if let Some(said) = &model.message {
        sheet.put(message, 0, &[piece(Tone::Warning, format!(" {}", clean::line(&said.words)))]);
    }
    if model.tab == Tab::Logs
        && let Some(field) = model.journal.written()
    {
        let room = usize::from(keys.width).saturating_sub(3);
        let shown = fit(&clean::line(&field.text), room);
        sheet.put(keys, 0, &[piece(Tone::Strong, " /"), piece(Tone::Plain, shown)]);
        let before = Span::raw(clean::line(&field.text[..field.cursor])).width();
        let x = keys.x + 2 + u16::try_from(before.min(room)).unwrap_or_default();
        if keys.height > 0 && x < keys.right() {
            sheet.frame.set_cursor_position((x, keys.y));
        }
        return;
    }
    let help: &[(&str, &str)] = match model.tab {
        Tab::Status => &[
            ("↑↓", "choose"),
            ("Enter", "open"),
            ("a", "answer"),
            ("s", "stop"),
            ("k", "kill"),
            ("p", if model.look.paused { "take jobs" } else { "pause" }),
            ("q", "quit"),
            ("?", "help"),
        ],
        Tab::Logs => &[
            ("↑↓ PgUp PgDn", "scroll"),
            ("f", "follow"),
            ("/", "find"),
            ("[ ]", "job"),
            ("a", "answer"),
            ("q", "quit"),
            ("?", "help"),
        ],
        Tab::History => &[("↑↓", "choose"), ("Tab", "page"), ("q", "quit"), ("?", "help")],
    };
    let mut pieces = vec![piece(Tone::Plain, " ")];
    for (key, words) in help {
        pieces.push(piece(Tone::Strong, *key));
        pieces.push(piece(Tone::Plain, format!(" {words}  ")));
    }
    sheet.put(keys, 0, &pieces);
}
