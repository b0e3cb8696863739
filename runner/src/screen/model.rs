//! What the screen shows and what keys do to it. Pure: a key or news come in, orders for the world go out.

use super::{
    asking::Asking,
    journal::{Journal, Seek},
    layout::Layout,
};
use crate::{
    desk::{
        Phase,
        look::{Held, Link, Look, Standing},
    },
    history::Done,
};
use coord_protocol::{
    id::{AttemptId, RequestId},
    request::Answer,
    time::Timestamp,
};
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use std::path::PathBuf;

/// How long a message stays, in milliseconds.
const MESSAGE_MS: i64 = 15_000;

/// After the chosen job went and its neighbour took its place, keys that do something to it wait so long, in milliseconds: they were
/// meant for the other one.
const MOVED_MS: i64 = 1_500;

/// What does not change while the program runs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Facts {
    /// Address of the server.
    pub server: String,
    /// Attempts at once.
    pub concurrency: u32,
    /// Where the program's own messages go.
    pub messages: PathBuf,
}

/// Which page is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tab {
    /// What runs.
    Status,
    /// The log of one attempt.
    Logs,
    /// What has ended.
    History,
}

/// What lies over the page.
#[derive(Debug, Clone, PartialEq)]
pub enum Dialog {
    /// All keys, from this line on.
    Help(usize),
    /// A request is being answered.
    Asking(Box<Asking>),
    /// An attempt is to be ended: gracefully or at once.
    Stop {
        /// Which.
        attempt: AttemptId,
        /// At once.
        kill: bool,
    },
    /// The program is to be ended.
    Quit,
}

/// How the program ends (RUN-7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// When what runs has ended by itself.
    Finish,
    /// When what runs was handed back.
    HandBack,
    /// Now; the next start goes on with what is held.
    Leave,
}

/// Something for the world to do.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Give the server an answer.
    Answer(AttemptId, RequestId, Answer),
    /// Ask the server for the end of an attempt. True: at once.
    Stop(AttemptId, bool),
    /// End an attempt here and hand its job back. True: at once.
    HandBack(AttemptId, bool),
    /// Take no new jobs, or take them again.
    Pause(bool),
    /// End the program.
    End(Ending),
    /// Read a page of a log.
    Read(Seek),
    /// Draw everything anew.
    Redraw,
}

/// A line for the owner, and until when it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The words.
    pub words: String,
    until: Timestamp,
    /// Whether it answers what the owner did.
    own: bool,
}

/// What the screen shows.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    /// What does not change.
    pub facts: Facts,
    /// What the desk holds.
    pub look: Look,
    /// What has ended, newest first.
    pub done: Vec<Done>,
    /// Now.
    pub now: Timestamp,
    /// Cells of the terminal.
    pub size: (u16, u16),
    /// The open page.
    pub tab: Tab,
    /// What lies over it.
    pub dialog: Option<Dialog>,
    /// The claim that keys act on.
    pub selected: Option<AttemptId>,
    /// The entry of the history that is looked at.
    pub past: usize,
    /// The log that is looked at.
    pub journal: Journal,
    /// What was said last.
    pub message: Option<Message>,
    /// How the program is ending, once it is.
    pub ending: Option<Ending>,
    /// When the chosen job went and its neighbour took its place.
    moved: Option<Timestamp>,
}

impl Model {
    /// A screen with nothing on it yet.
    #[must_use]
    pub fn new(facts: Facts, look: Look, done: Vec<Done>, now: Timestamp, size: (u16, u16)) -> Self {
        let mut model = Self {
            facts,
            look,
            done,
            now,
            size,
            tab: Tab::Status,
            dialog: None,
            selected: None,
            past: 0,
            journal: Journal::default(),
            message: None,
            ending: None,
            moved: None,
        };
        model.keep_selection(0);
        model
    }

    /// The claim that keys act on.
    #[must_use]
    pub fn chosen(&self) -> Option<&Held> {
        self.look.held.iter().find(|held| Some(held.about.attempt) == self.selected)
    }

    /// Where that is in the list.
    #[must_use]
    pub fn chosen_index(&self) -> usize {
        let at = |held: &Held| Some(held.about.attempt) == self.selected;
        self.look.held.iter().position(at).unwrap_or_default()
    }

    /// Requests that wait, and are not being answered.
    #[must_use]
    pub fn waiting(&self) -> usize {
        let open = self.look.held.iter().flat_map(|held| &held.glance.brief.open);
        open.filter(|waiting| !self.look.answering.contains(&waiting.request)).count()
    }

    /// Whether something on the screen changes by time alone.
    #[must_use]
    pub fn ticks(&self) -> bool {
        !self.look.held.is_empty() || self.message.is_some() || matches!(self.look.link, Link::Away { .. })
    }

    /// Where things are on this screen.
    #[must_use]
    pub fn layout(&self) -> Layout {
        Layout::of(self.size, self.look.held.len())
    }

    // ---- news -----------------------------------------------------------------------------------------------------------------------

    /// Time passed.
    pub fn tick(&mut self, now: Timestamp) {
        self.now = now;
        if self.message.as_ref().is_some_and(|message| message.until < now) {
            self.message = None;
        }
    }

    /// Something to tell the owner.
    pub fn say(&mut self, words: impl Into<String>) {
        self.message = Some(Message {
            words: words.into(),
            until: self.now.plus_ms(MESSAGE_MS),
            own: true,
        });
    }

    /// A warning of the program. It does not take the place of an answer to what the owner did; it is in the file as well.
    pub fn warn(&mut self, words: String) {
        if self.message.as_ref().is_none_or(|message| !message.own) {
            self.message = Some(Message {
                words,
                until: self.now.plus_ms(MESSAGE_MS),
                own: false,
            });
        }
    }

    /// The terminal has another size.
    pub fn resized(&mut self, size: (u16, u16)) -> Vec<Action> {
        self.size = size;
        self.fit_journal();
        vec![Action::Redraw]
    }

    /// The desk changed.
    pub fn looked(&mut self, look: Look) -> Vec<Action> {
        let index = self.chosen_index();
        let gone = self.look.held.iter().find(|held| {
            let same = |other: &&Held| other.about.attempt == held.about.attempt;
            Some(held.about.attempt) == self.journal.of() && !look.held.iter().any(|other| same(&other))
        });
        if gone.is_some() {
            self.journal.is_gone();
        }
        self.look = look;
        self.keep_selection(index);
        self.check_dialog();
        let last = self.look.held.iter().find(|held| Some(held.about.attempt) == self.journal.of());
        let last = last.map(|held| held.glance.brief.last);
        let read = last.and_then(|last| self.journal.grew(last)).filter(|_| self.tab == Tab::Logs);
        read.map(Action::Read).into_iter().collect()
    }

    fn keep_selection(&mut self, index: usize) {
        if self.chosen().is_none() {
            self.moved = self.selected.map(|_| self.now);
            let index = index.min(self.look.held.len().saturating_sub(1));
            self.selected = self.look.held.get(index).map(|held| held.about.attempt);
        }
        self.past = self.past.min(self.done.len().saturating_sub(1));
    }

    /// Closes a dialog whose matter is settled, and says so.
    fn check_dialog(&mut self) {
        match &self.dialog {
            Some(Dialog::Asking(asking)) => {
                let held = self.look.held.iter().find(|held| held.about.attempt == asking.attempt);
                let open = held.is_some_and(|held| held.glance.brief.open.iter().any(|waiting| waiting.request == asking.request));
                if open {
                    return;
                }
                let by = held.and_then(|held| held.glance.brief.answered.clone());
                let words = match by {
                    Some((request, by)) if request == asking.request && by != "policy" => format!("{by} has answered already."),
                    Some(_) | None => "The agent no longer waits for an answer.".to_owned(),
                };
                self.dialog = None;
                self.say(words);
            }
            Some(Dialog::Stop { attempt, .. }) => {
                let running = |held: &Held| held.about.attempt == *attempt && held.standing == Standing::Working;
                if !self.look.held.iter().any(running) {
                    self.dialog = None;
                    self.say("That attempt has ended.");
                }
            }
            Some(Dialog::Help(_) | Dialog::Quit) | None => {}
        }
    }

    // ---- keys -----------------------------------------------------------------------------------------------------------------------

    /// Words were pasted: only a field for words takes them.
    pub fn paste(&mut self, words: &str) {
        match (&mut self.dialog, self.journal.field()) {
            (Some(Dialog::Asking(asking)), _) => asking.paste(words),
            (None, Some(field)) if self.tab == Tab::Logs => field.insert(words),
            _ => {}
        }
    }

    /// A key.
    pub fn key(&mut self, key: KeyEvent) -> Vec<Action> {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Char('c') if control => return self.quit(),
            KeyCode::Char('l') if control => return vec![Action::Redraw],
            _ => {}
        }
        match self.dialog.take() {
            Some(Dialog::Asking(asking)) => self.key_asking(*asking, key),
            Some(Dialog::Stop { attempt, kill }) => self.key_stop(attempt, kill, key.code),
            Some(Dialog::Quit) => self.key_quit(key.code),
            Some(Dialog::Help(from)) => {
                self.dialog = match key.code {
                    KeyCode::Down => Some(Dialog::Help(from + 1)),
                    KeyCode::Up => Some(Dialog::Help(from.saturating_sub(1))),
                    KeyCode::PageDown => Some(Dialog::Help(from + 5)),
                    KeyCode::PageUp => Some(Dialog::Help(from.saturating_sub(5))),
                    _ => None,
                };
                vec![]
            }
            None => self.key_page(key),
        }
    }

    fn key_page(&mut self, key: KeyEvent) -> Vec<Action> {
        if self.tab == Tab::Logs && self.journal.field().is_some() {
            return self.read(|journal| journal.key_field(key));
        }
        match key.code {
            KeyCode::Char('?') => self.dialog = Some(Dialog::Help(0)),
            KeyCode::Char('q') => return self.quit(),
            KeyCode::Char('1') => return self.open(Tab::Status),
            KeyCode::Char('2') => return self.open(Tab::Logs),
            KeyCode::Char('3') => return self.open(Tab::History),
            KeyCode::Tab => {
                return self.open(match self.tab {
                    Tab::Status => Tab::Logs,
                    Tab::Logs => Tab::History,
                    Tab::History => Tab::Status,
                });
            }
            KeyCode::BackTab => {
                return self.open(match self.tab {
                    Tab::Status => Tab::History,
                    Tab::Logs => Tab::Status,
                    Tab::History => Tab::Logs,
                });
            }
            KeyCode::Char('p') => {
                let paused = !self.look.paused;
                self.say(if paused {
                    "Takes no new jobs until p is pressed again. What runs goes on."
                } else {
                    "Takes new jobs again."
                });
                return vec![Action::Pause(paused)];
            }
            KeyCode::Char('a' | 's' | 'k') | KeyCode::Enter if self.just_moved() => {
                self.say("The job that was chosen is over; its neighbour is chosen now.");
            }
            KeyCode::Char('a') => self.ask(),
            KeyCode::Char('s') => self.stop(false),
            KeyCode::Char('k') => self.stop(true),
            _ => {
                return match self.tab {
                    Tab::Status => self.key_status(key.code),
                    Tab::Logs => self.key_logs(key),
                    Tab::History => {
                        self.past = moved(self.past, self.done.len(), key.code, self.layout().history_rows());
                        vec![]
                    }
                };
            }
        }
        vec![]
    }

    fn just_moved(&self) -> bool {
        self.moved.is_some_and(|moved| self.now.ms_since(moved) < MOVED_MS)
    }

    fn key_status(&mut self, code: KeyCode) -> Vec<Action> {
        match code {
            KeyCode::Enter => {
                let waits = self.chosen().is_some_and(|held| !held.glance.brief.open.is_empty());
                if !waits {
                    return self.open(Tab::Logs);
                }
                self.ask();
            }
            _ => {
                let index = moved(self.chosen_index(), self.look.held.len(), code, self.layout().jobs_rows());
                self.selected = self.look.held.get(index).map(|held| held.about.attempt);
            }
        }
        vec![]
    }

    fn key_logs(&mut self, key: KeyEvent) -> Vec<Action> {
        if key.code == KeyCode::Esc && !self.journal.leave_search() {
            return self.open(Tab::Status);
        }
        let next = match key.code {
            KeyCode::Char(']') | KeyCode::Right => 1,
            KeyCode::Char('[') | KeyCode::Left => self.look.held.len().saturating_sub(1),
            _ => return self.read(|journal| journal.key(key.code)),
        };
        if !self.look.held.is_empty() {
            let index = (self.chosen_index() + next) % self.look.held.len();
            self.selected = self.look.held.get(index).map(|held| held.about.attempt);
        }
        self.open(Tab::Logs)
    }

    fn read(&mut self, f: impl FnOnce(&mut Journal) -> Option<Seek>) -> Vec<Action> {
        f(&mut self.journal).map(Action::Read).into_iter().collect()
    }

    fn open(&mut self, tab: Tab) -> Vec<Action> {
        self.tab = tab;
        if tab != Tab::Logs {
            return vec![];
        }
        self.fit_journal();
        let chosen = self.chosen().filter(|held| held.glance.log.is_some()).cloned();
        // What is no longer held stays open until another is chosen.
        let Some(held) = chosen else { return vec![] };
        self.read(|journal| journal.open(&held))
    }

    fn fit_journal(&mut self) {
        let area = self.layout().log;
        self.journal.fit(usize::from(area.width), usize::from(area.height));
    }

    /// Opens the oldest request of the chosen claim that nobody answers yet.
    fn ask(&mut self) {
        let Some(held) = self.chosen() else { return };
        let open = &held.glance.brief.open;
        let Some(waiting) = open.iter().find(|waiting| !self.look.answering.contains(&waiting.request)) else {
            let words = if open.is_empty() {
                "Nothing waits for an answer there."
            } else {
                "The answer is on its way to the server."
            };
            return self.say(words);
        };
        let asking = Asking::new(held.about.attempt, waiting.request, waiting.ask.clone());
        self.dialog = Some(Dialog::Asking(Box::new(asking)));
    }

    fn key_asking(&mut self, mut asking: Asking, key: KeyEvent) -> Vec<Action> {
        let (width, height) = self.layout().asking(&asking);
        match asking.key(key, width, height) {
            super::asking::Next::Stay => {
                self.dialog = Some(Dialog::Asking(Box::new(asking)));
                vec![]
            }
            super::asking::Next::Say(words) => {
                self.say(words);
                self.dialog = Some(Dialog::Asking(Box::new(asking)));
                vec![]
            }
            super::asking::Next::Close => vec![],
            super::asking::Next::Answer(answer) => vec![Action::Answer(asking.attempt, asking.request, answer)],
        }
    }

    fn stop(&mut self, kill: bool) {
        match self.chosen() {
            Some(held) if held.standing == Standing::Working => {
                let attempt = held.about.attempt;
                self.dialog = Some(Dialog::Stop { attempt, kill });
            }
            Some(_) | None => self.say("Nothing runs there that could be stopped."),
        }
    }

    fn key_stop(&mut self, attempt: AttemptId, kill: bool, code: KeyCode) -> Vec<Action> {
        match code {
            KeyCode::Char('e') => vec![Action::Stop(attempt, kill)],
            KeyCode::Char('h') => {
                // Otherwise it would be taken again at once.
                self.say("Handed back once its agent has ended. No new jobs until p is pressed.");
                vec![Action::Pause(true), Action::HandBack(attempt, kill)]
            }
            KeyCode::Esc | KeyCode::Char('q' | 'n') => vec![],
            _ => {
                self.dialog = Some(Dialog::Stop { attempt, kill });
                vec![]
            }
        }
    }

    fn quit(&mut self) -> Vec<Action> {
        if self.look.held.is_empty() {
            return self.end(Ending::Leave);
        }
        self.dialog = Some(Dialog::Quit);
        vec![]
    }

    fn key_quit(&mut self, code: KeyCode) -> Vec<Action> {
        match code {
            KeyCode::Char('f') => self.end(Ending::Finish),
            KeyCode::Char('h') => self.end(Ending::HandBack),
            KeyCode::Char('l') => self.end(Ending::Leave),
            KeyCode::Esc | KeyCode::Char('q' | 'n') => vec![],
            _ => {
                self.dialog = Some(Dialog::Quit);
                vec![]
            }
        }
    }

    /// The program ends so.
    pub fn end(&mut self, ending: Ending) -> Vec<Action> {
        self.dialog = None;
        self.ending = Some(ending);
        vec![Action::End(ending)]
    }

    /// Whether the program takes no more work because it ends.
    #[must_use]
    pub fn is_ending(&self) -> bool {
        self.ending.is_some() || self.look.phase != Phase::Running
    }
}

/// Where a key moves to in a list.
fn moved(at: usize, length: usize, code: KeyCode, page: usize) -> usize {
    let last = length.saturating_sub(1);
    match code {
        KeyCode::Up => at.saturating_sub(1),
        KeyCode::Down => (at + 1).min(last),
        KeyCode::PageUp => at.saturating_sub(page.max(1)),
        KeyCode::PageDown => (at + page.max(1)).min(last),
        KeyCode::Home | KeyCode::Char('g') => 0,
        KeyCode::End | KeyCode::Char('G') => last,
        _ => at,
    }
}
