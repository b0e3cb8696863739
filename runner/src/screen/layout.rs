//! Where things are on a screen of any size. Pure.

use super::asking::Asking;
use ratatui::layout::Rect;

/// Below this height the lines around the page go.
const LOW: u16 = 8;

/// Widest text in a dialog.
const DIALOG: u16 = 100;

/// The parts of the screen. A part without room is empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Layout {
    /// The names of the pages.
    pub tabs: Rect,
    /// The connection.
    pub state: Rect,
    /// The page.
    pub body: Rect,
    /// What was said last.
    pub message: Rect,
    /// What keys do.
    pub keys: Rect,
    /// Status: the list of jobs with its heading.
    pub jobs: Rect,
    /// Status: more about the chosen one.
    pub detail: Rect,
    /// Logs: which one.
    pub log_head: Rect,
    /// Logs: the lines.
    pub log: Rect,
    /// History: the list with its heading.
    pub past: Rect,
    /// History: more about the chosen entry.
    pub past_detail: Rect,
    size: (u16, u16),
}

impl Layout {
    /// For a terminal of so many columns and rows, with so many jobs in the list.
    #[must_use]
    pub fn of(size: (u16, u16), jobs: usize) -> Self {
        let (width, height) = size;
        let row = |y: u16, rows: u16| Rect::new(0, y, width, rows.min(height.saturating_sub(y)));
        let mut layout = Self { size, ..Self::default() };
        if height >= LOW {
            layout.tabs = row(0, 1);
            layout.state = row(1, 1);
            layout.body = row(2, height - 4);
            layout.message = row(height - 2, 1);
            layout.keys = row(height - 1, 1);
        } else if height >= 4 {
            layout.tabs = row(0, 1);
            layout.body = row(1, height - 2);
            layout.message = row(height - 1, 1);
        } else {
            layout.body = row(0, height);
        }
        let body = layout.body;
        let list = u16::try_from(jobs.max(1) + 1).unwrap_or(u16::MAX).min(body.height.div_ceil(2));
        layout.jobs = Rect { height: list, ..body };
        layout.detail = below(body, list);
        layout.log_head = Rect {
            height: body.height.min(1),
            ..body
        };
        layout.log = below(body, layout.log_head.height);
        let past_detail = if body.height >= 12 { 6 } else { 0 };
        layout.past = Rect {
            height: body.height - past_detail,
            ..body
        };
        layout.past_detail = below(body, layout.past.height);
        layout
    }

    /// Jobs in sight at once.
    #[must_use]
    pub fn jobs_rows(&self) -> usize {
        usize::from(self.jobs.height.saturating_sub(1))
    }

    /// Entries of the history in sight at once.
    #[must_use]
    pub fn history_rows(&self) -> usize {
        usize::from(self.past.height.saturating_sub(1))
    }

    /// A box in the middle for so many lines, with its border.
    #[must_use]
    pub fn middle(&self, lines: usize, widest: u16) -> Rect {
        let (width, height) = self.size;
        let wide = width.min(widest.saturating_add(4));
        let high = height.min(u16::try_from(lines).unwrap_or(u16::MAX).saturating_add(2));
        Rect::new((width - wide) / 2, (height - high) / 2, wide, high)
    }

    /// The box in which a request is answered.
    #[must_use]
    pub fn asking_box(&self, asking: &Asking) -> Rect {
        let wide = usize::from(self.size.0.min(DIALOG + 4)).saturating_sub(4);
        self.middle(asking.text(wide).len() + 1 + picks_rows(asking), DIALOG)
    }

    /// Columns and rows in which its text is seen.
    #[must_use]
    pub fn asking(&self, asking: &Asking) -> (usize, usize) {
        let place = self.asking_box(asking);
        let inner = usize::from(place.height).saturating_sub(2);
        (
            usize::from(place.width).saturating_sub(4),
            inner.saturating_sub(1 + picks_rows(asking)).max(usize::from(inner > 0)),
        )
    }
}

/// Rows for the ways to answer, or for the words.
#[must_use]
pub fn picks_rows(asking: &Asking) -> usize {
    if asking.words.is_some() { 5 } else { asking.picks.len() + 1 }
}

fn below(body: Rect, rows: u16) -> Rect {
    Rect {
        y: body.y + rows,
        height: body.height - rows,
        ..body
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn run_8_every_part_lies_on_the_screen_whatever_its_size() {
        for width in [0, 1, 5, 20, 80, 200] {
            for height in 0..70 {
                for jobs in [0, 1, 5, 64] {
                    let layout = Layout::of((width, height), jobs);
                    let parts = [
                        layout.tabs,
                        layout.state,
                        layout.body,
                        layout.message,
                        layout.keys,
                        layout.jobs,
                        layout.detail,
                        layout.log_head,
                        layout.log,
                        layout.past,
                        layout.past_detail,
                        layout.middle(jobs, 60),
                    ];
                    for part in parts {
                        assert!(part.right() <= width && part.bottom() <= height, "{width}×{height}: {part:?}");
                    }
                }
            }
        }
    }
}
