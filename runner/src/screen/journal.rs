//! The log of one attempt as it is looked at: a page of it in memory, a place in that page. Pure: what is to be read is asked for, and
//! what was read comes in.

use super::{
    input::Input,
    lines::{self, Shown},
    pager::{PAGE, Page},
};
use crate::desk::look::Held;
use coord_protocol::{id::AttemptId, time::Timestamp};
use ratatui::crossterm::event::{KeyCode, KeyEvent};
use std::path::PathBuf;

/// What is to be read of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seek {
    /// Entries around a position.
    Page {
        /// The log.
        path: PathBuf,
        /// The position.
        at: u64,
        /// Entries before it.
        before: usize,
        /// Entries from it on.
        after: usize,
    },
    /// The next entry with these words, from a position on or back from it.
    Words {
        /// The log.
        path: PathBuf,
        /// The position.
        at: u64,
        /// Which way.
        back: bool,
        /// The words.
        words: String,
    },
}

/// Where the screen goes when a page arrives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Arrival {
    /// Its end at the lower edge.
    End,
    /// The beginning at the upper edge.
    Begin,
    /// The same line at the upper edge as before, then so many lines further down.
    Same { at: u64, part: usize, further: isize },
    /// This entry in sight.
    Entry(u64),
}

/// A log that is looked at.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Journal {
    of: Option<AttemptId>,
    /// What it is called.
    pub title: String,
    path: PathBuf,
    began: Timestamp,
    page: Page,
    lines: Vec<Shown>,
    width: usize,
    height: usize,
    top: usize,
    /// Whether the end is kept in sight.
    pub follow: bool,
    last: i64,
    /// Whether the runner no longer has the whole of it.
    pub gone: bool,
    arrival: Option<Arrival>,
    field: Option<Input>,
    /// The words that are looked for.
    pub words: Option<String>,
    /// Whether a search is under way.
    pub searching: bool,
    /// Position of the entry that was found last.
    hit: Option<u64>,
}

impl Journal {
    /// Whose log it is.
    #[must_use]
    pub const fn of(&self) -> Option<AttemptId> {
        self.of
    }

    /// The field for words to look for, while it is open.
    pub const fn field(&mut self) -> Option<&mut Input> {
        self.field.as_mut()
    }

    /// The words being written there.
    #[must_use]
    pub const fn written(&self) -> Option<&Input> {
        self.field.as_ref()
    }

    /// The lines in sight.
    #[must_use]
    pub fn visible(&self) -> &[Shown] {
        let end = (self.top + self.height).min(self.lines.len());
        &self.lines[self.top.min(end)..end]
    }

    /// How far down the log the lower edge is, in hundredths.
    #[must_use]
    pub fn depth(&self) -> u64 {
        let last = self.visible().last().map_or(0, |line| line.at);
        if self.follow || self.page.size == 0 || self.at_end() {
            return 100;
        }
        (last * 100 / self.page.size).min(99)
    }

    /// Opens an attempt's log at its end, unless it is open already.
    pub fn open(&mut self, held: &Held) -> Option<Seek> {
        let attempt = held.about.attempt;
        let path = held.glance.log.clone()?;
        self.last = held.glance.brief.last;
        if self.of == Some(attempt) && self.path == path {
            return self.follow.then(|| self.end()).flatten();
        }
        *self = Self {
            of: Some(attempt),
            title: format!("#{} {}", held.about.number, held.about.title),
            path,
            began: held.glance.brief.began.unwrap_or(held.about.since),
            width: self.width,
            height: self.height,
            last: self.last,
            ..Self::default()
        };
        self.end()
    }

    /// The log has more entries now. What is to be read, when its end is in sight.
    pub fn grew(&mut self, last: i64) -> Option<Seek> {
        if last == self.last || self.gone {
            return None;
        }
        self.last = last;
        // One page at a time.
        (self.follow && self.arrival.is_none()).then(|| self.end()).flatten()
    }

    /// The runner gave it up: the server has all of it.
    pub const fn is_gone(&mut self) {
        self.gone = true;
        self.searching = false;
        self.arrival = None;
    }

    /// The place for it has this size.
    pub fn fit(&mut self, width: usize, height: usize) {
        let same = self.width == width;
        self.height = height;
        if !same {
            let anchor = self.anchor();
            self.width = width;
            self.lines = lines::of(&self.page.entries, self.began, width);
            self.top = anchor.map_or(0, |(at, part)| self.index_of(at, part));
        }
        self.top = self.top.min(self.bottom());
        if self.follow {
            self.top = self.bottom();
        }
    }

    fn bottom(&self) -> usize {
        self.lines.len().saturating_sub(self.height)
    }

    fn at_end(&self) -> bool {
        !self.more() && self.top >= self.bottom()
    }

    /// Whether the log goes on after the page.
    fn more(&self) -> bool {
        self.page.entries.last().is_some_and(|(_, entry)| entry.seq < self.last)
    }

    fn anchor(&self) -> Option<(u64, usize)> {
        self.lines.get(self.top).map(|line| (line.at, line.part))
    }

    fn index_of(&self, at: u64, part: usize) -> usize {
        let found = self.lines.partition_point(|line| (line.at, line.part) < (at, part));
        found.min(self.lines.len().saturating_sub(1))
    }

    // ---- what is read ---------------------------------------------------------------------------------------------------------------

    fn page(&mut self, arrival: Arrival, at: u64, before: usize, after: usize) -> Option<Seek> {
        if self.of.is_none() || self.gone {
            return None;
        }
        self.arrival = Some(arrival);
        Some(Seek::Page {
            path: self.path.clone(),
            at,
            before,
            after,
        })
    }

    fn end(&mut self) -> Option<Seek> {
        self.follow = true;
        self.page(Arrival::End, u64::MAX, PAGE, 0)
    }

    /// A page was read.
    pub fn read(&mut self, page: Page) {
        let Some(arrival) = self.arrival.take() else { return };
        self.page = page;
        self.lines = lines::of(&self.page.entries, self.began, self.width);
        self.top = match arrival {
            Arrival::End => self.bottom(),
            Arrival::Begin => 0,
            Arrival::Same { at, part, further } => self.index_of(at, part).saturating_add_signed(further).min(self.bottom()),
            // A little below the edge, so that what came before is seen.
            Arrival::Entry(at) => self.entry_index(at).saturating_sub(self.height / 4).min(self.bottom()),
        };
        self.follow = arrival == Arrival::End || (self.follow && self.at_end());
    }

    /// Index of the first line of an entry, or of the text that it is a piece of.
    fn entry_index(&self, at: u64) -> usize {
        self.lines.partition_point(|line| line.at <= at).saturating_sub(1)
    }

    /// It could not be read.
    pub fn unreadable(&mut self) {
        self.is_gone();
    }

    /// A search found this, or nothing.
    pub fn found(&mut self, at: Option<u64>) -> Option<Seek> {
        self.searching = false;
        let at = at?;
        self.follow = false;
        self.hit = Some(at);
        self.page(Arrival::Entry(at), at, PAGE, PAGE)
    }

    // ---- keys -----------------------------------------------------------------------------------------------------------------------

    /// Forgets the search. False when there is none.
    pub fn leave_search(&mut self) -> bool {
        self.searching = false;
        self.words.take().is_some()
    }

    /// A key into the field for words to look for.
    pub fn key_field(&mut self, key: KeyEvent) -> Option<Seek> {
        let field = self.field.as_mut()?;
        match key.code {
            KeyCode::Esc => self.field = None,
            KeyCode::Enter => {
                let words = field.text.trim().to_owned();
                self.field = None;
                self.hit = None;
                self.words = (!words.is_empty()).then_some(words);
                // What is in sight first, then upwards: what one looks for has mostly been.
                return self.search(true);
            }
            _ => {
                field.key(key);
            }
        }
        None
    }

    fn search(&mut self, back: bool) -> Option<Seek> {
        let words = self.words.clone().filter(|_| self.of.is_some() && !self.gone)?;
        let end = (self.top + self.height).min(self.lines.len());
        let last = self.visible().last().map_or(0, |line| line.at);
        let at = match (back, self.hit) {
            (true, Some(hit)) => hit,
            // What is in sight is looked through too.
            (true, None) => self.lines[end..]
                .iter()
                .find(|line| line.at > last)
                .map_or(self.page.to, |line| line.at),
            (false, Some(hit)) => self.after(hit + 1),
            (false, None) => self.visible().first().map_or(0, |line| line.at),
        };
        self.searching = true;
        Some(Seek::Words {
            path: self.path.clone(),
            at,
            back,
            words,
        })
    }

    /// The first entry at or after a position.
    fn after(&self, at: u64) -> u64 {
        let next = self
            .page
            .entries
            .iter()
            .map(|(position, _)| *position)
            .find(|position| *position >= at);
        next.unwrap_or(self.page.to)
    }

    /// A key.
    pub fn key(&mut self, code: KeyCode) -> Option<Seek> {
        let page = isize::try_from(self.height.saturating_sub(1).max(1)).unwrap_or(isize::MAX);
        match code {
            KeyCode::Up => self.scroll(-1),
            KeyCode::Down | KeyCode::Enter => self.scroll(1),
            KeyCode::PageUp | KeyCode::Char('b') => self.scroll(-page),
            KeyCode::PageDown | KeyCode::Char(' ') => self.scroll(page),
            KeyCode::Home | KeyCode::Char('g') => {
                self.follow = false;
                self.page(Arrival::Begin, 0, 0, PAGE)
            }
            KeyCode::End | KeyCode::Char('G') => self.end(),
            KeyCode::Char('f') if self.follow => {
                self.follow = false;
                None
            }
            KeyCode::Char('f') => self.end(),
            KeyCode::Char('/') => {
                self.field = Some(Input::default());
                None
            }
            KeyCode::Char('n') => self.search(true),
            KeyCode::Char('N') => self.search(false),
            _ => None,
        }
    }

    fn scroll(&mut self, by: isize) -> Option<Seek> {
        if by < 0 {
            self.follow = false;
        }
        self.hit = None;
        let wanted = self.top.checked_add_signed(by);
        let past_begin = wanted.is_none() && self.page.from > 0;
        let past_end = wanted.is_some_and(|top| top > self.bottom()) && self.more();
        if (past_begin || past_end) && !self.gone {
            let (at, part) = self.anchor()?;
            let arrival = Arrival::Same { at, part, further: by };
            return self.page(arrival, at, PAGE, PAGE);
        }
        self.top = wanted.unwrap_or(0).min(self.bottom());
        // At the end, and further down: the end is kept in sight.
        if by > 0 && wanted.is_some_and(|top| top >= self.bottom()) && !self.follow {
            return self.end();
        }
        None
    }
}
