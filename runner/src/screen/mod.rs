//! The runner's own screen: Status, Logs and History by keyboard (RUN-8), and what becomes of jobs when the program ends (RUN-7).
//!
//! [`model`] is what it shows and what keys do to it, [`view`] draws the model, both pure; this file is the loop between them, the
//! terminal and the desk. It draws when something changed, at most twenty times a second, and sleeps otherwise. Logs are read from the
//! spool in pages ([`pager`]). All text passes [`clean`] before it reaches the terminal.

pub mod asking;
pub mod clean;
pub mod input;
pub mod journal;
pub mod layout;
pub mod lines;
pub mod model;
pub mod pager;
pub mod paint;
pub mod terminal;
pub mod view;
pub mod wrap;

#[cfg(test)]
mod tests;

use crate::{clock::Clock, desk::Desk, link::LinkError, messages::Messages};
use coord_protocol::time::Timestamp;
use journal::Seek;
use model::{Action, Ending, Facts, Model};
use paint::Paint;
use ratatui::crossterm::event::{Event, KeyEventKind};
use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    time::{Duration, Instant},
};
use terminal::Screen;
use tokio::{sync::mpsc, task::JoinHandle};

/// Shortest time between two drawings.
const FRAME: Duration = Duration::from_millis(50);

/// How often times on the screen move on.
const TICK: Duration = Duration::from_secs(1);

/// How long agents get to end when everything is left.
const LEAVING: Duration = Duration::from_secs(3);

/// A search under way.
#[derive(Debug)]
struct Search {
    path: std::path::PathBuf,
    at: u64,
    back: bool,
    words: String,
}

/// Why the screen ended.
#[derive(Debug)]
pub enum Ended {
    /// As its owner wished.
    Wished,
    /// The connection ended for good.
    Link(Result<(), LinkError>),
}

struct Loop<'a> {
    desk: &'a Arc<Desk>,
    clock: Clock,
    messages: &'a Messages,
    model: Model,
    paint: Paint,
    search: Option<Search>,
    /// What the end of the program waits for.
    ending: Pin<Box<dyn Future<Output = ()> + Send + 'a>>,
    hand_back: Duration,
    history: u64,
    redraw: bool,
}

/// Shows the screen until its owner quits. The desk's work is over then, or left to the next start.
///
/// # Errors
/// When the terminal cannot be used.
pub async fn run(
    desk: &Arc<Desk>,
    facts: Facts,
    link: &mut JoinHandle<Result<(), LinkError>>,
    hand_back: Duration,
    messages: &Messages,
    clock: Clock,
) -> anyhow::Result<Ended> {
    let mut screen = Screen::open()?;
    let mut signals = signals()?;
    let mut events = terminal::events();
    let size = screen.terminal.size()?;
    let look = desk.look();
    let history = look.history;
    let model = Model::new(facts, look, desk.done(), clock.now(), (size.width, size.height));
    let mut state = Loop {
        desk,
        clock,
        messages,
        model,
        paint: Paint::wished(|name| std::env::var(name).ok()),
        search: None,
        ending: Box::pin(std::future::pending()),
        hand_back,
        history,
        redraw: false,
    };
    let bell = desk.wake();
    let (mut changed, mut stale) = (true, false);
    let mut next = Instant::now();
    loop {
        if (changed || stale) && Instant::now() >= next {
            if stale {
                state.look();
            }
            state.draw(&mut screen)?;
            (changed, stale) = (false, false);
            next = Instant::now() + FRAME;
        }
        tokio::select! {
            event = events.recv() => {
                match event {
                    Some(event) => state.event(event),
                    // The terminal is gone.
                    None => state.act(vec![Action::End(Ending::Leave)]),
                }
                while let Ok(event) = events.try_recv() {
                    state.event(event);
                }
                changed = true;
            }
            // Once heard, it waits for the next drawing: a busy log does not make the screen busier.
            () = bell.shown(), if !stale => stale = true,
            () = tokio::time::sleep_until(next.into()), if changed || stale => {}
            () = tokio::time::sleep(TICK), if !changed && !stale && state.model.ticks() => stale = true,
            () = std::future::ready(()), if state.search.is_some() => {
                state.search_on();
                changed = true;
                tokio::task::yield_now().await;
            }
            () = &mut state.ending => return Ok(Ended::Wished),
            ended = &mut *link => {
                let ended = ended.map_err(|error| anyhow::anyhow!("the connection broke off: {error}"))?;
                desk.abandon(LEAVING).await;
                return Ok(Ended::Link(ended));
            }
            signal = signals.recv() => {
                state.signal(signal);
                changed = true;
            }
        }
    }
}

/// A signal that ends the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Signal {
    /// Jobs are handed back.
    Terminate,
    /// The terminal is gone: the next start goes on.
    HangUp,
}

#[cfg(unix)]
fn signals() -> std::io::Result<mpsc::Receiver<Signal>> {
    use tokio::signal::unix::{SignalKind, signal};
    let (out, signals) = mpsc::channel(4);
    let kinds = [
        (SignalKind::terminate(), Signal::Terminate),
        (SignalKind::interrupt(), Signal::Terminate),
        (SignalKind::hangup(), Signal::HangUp),
    ];
    for (kind, meaning) in kinds {
        let mut stream = signal(kind)?;
        let out = out.clone();
        tokio::spawn(async move {
            while stream.recv().await.is_some() {
                if out.send(meaning).await.is_err() {
                    return;
                }
            }
        });
    }
    Ok(signals)
}

#[cfg(not(unix))]
fn signals() -> std::io::Result<mpsc::Receiver<Signal>> {
    let (out, signals) = mpsc::channel(4);
    tokio::spawn(async move {
        while tokio::signal::ctrl_c().await.is_ok() {
            if out.send(Signal::Terminate).await.is_err() {
                return;
            }
        }
    });
    Ok(signals)
}

impl Loop<'_> {
    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn look(&mut self) {
        self.model.tick(self.clock.now());
        let look = self.desk.look();
        if look.history != self.history {
            self.history = look.history;
            self.model.done = self.desk.done();
        }
        let actions = self.model.looked(look);
        self.act(actions);
        for words in self.messages.warnings() {
            self.model.warn(words);
        }
        for words in self.desk.notices() {
            self.model.say(words);
        }
    }

    fn draw(&mut self, screen: &mut Screen) -> std::io::Result<()> {
        if std::mem::take(&mut self.redraw) {
            // As if its size had changed: clearing would ask the terminal where its cursor is, while another thread reads from it.
            let size = screen.terminal.size()?;
            screen.terminal.resize(size.into())?;
        }
        let (model, paint) = (&self.model, self.paint);
        screen.terminal.draw(|frame| view::draw(frame, model, paint)).map(drop)
    }

    fn event(&mut self, event: Event) {
        self.model.tick(self.now());
        let actions = match event {
            Event::Key(key) if key.kind != KeyEventKind::Release => self.model.key(key),
            Event::Paste(words) => {
                self.model.paste(&words);
                vec![]
            }
            Event::Resize(width, height) => self.model.resized((width, height)),
            Event::Key(_) | Event::Mouse(_) | Event::FocusGained | Event::FocusLost => vec![],
        };
        self.act(actions);
    }

    fn signal(&mut self, signal: Option<Signal>) {
        let ending = match (signal, self.model.ending) {
            // Asked twice.
            (Some(Signal::Terminate), None | Some(Ending::Finish)) => Ending::HandBack,
            (Some(Signal::Terminate | Signal::HangUp) | None, _) => Ending::Leave,
        };
        let actions = self.model.end(ending);
        self.act(actions);
    }

    fn act(&mut self, actions: Vec<Action>) {
        let desk = self.desk;
        for action in actions {
            let refused = match action {
                Action::Answer(attempt, request, answer) => desk.answer(attempt, request, answer),
                Action::Stop(attempt, kill) => desk.stop(attempt, kill),
                Action::HandBack(attempt, kill) => desk.hand_back(attempt, kill),
                Action::Pause(paused) => {
                    desk.pause(paused);
                    Ok(())
                }
                Action::End(ending) => {
                    let patience = self.hand_back;
                    self.ending = match ending {
                        Ending::Finish => Box::pin(async move {
                            desk.finish(patience).await;
                            desk.abandon(LEAVING).await;
                        }),
                        Ending::HandBack => Box::pin(async move {
                            desk.drain(patience).await;
                            desk.abandon(LEAVING).await;
                        }),
                        Ending::Leave => Box::pin(desk.abandon(LEAVING)),
                    };
                    Ok(())
                }
                Action::Read(seek) => {
                    self.read(seek);
                    Ok(())
                }
                Action::Redraw => {
                    self.redraw = true;
                    Ok(())
                }
            };
            if let Err(words) = refused {
                self.model.say(words);
            }
        }
    }

    fn read(&mut self, seek: Seek) {
        match seek {
            Seek::Page { path, at, before, after } => match pager::around(&path, at, before, after) {
                Ok(page) => self.model.journal.read(page),
                Err(_) => self.model.journal.unreadable(),
            },
            Seek::Words { path, at, back, words } => self.search = Some(Search { path, at, back, words }),
        }
    }

    /// One step of a search; keys are heard in between.
    fn search_on(&mut self) {
        let Some(search) = &mut self.search else { return };
        if !self.model.journal.searching {
            self.search = None;
            return;
        }
        let found = match pager::find(&search.path, search.at, search.back, &search.words) {
            Ok(pager::Step::From(at)) => {
                search.at = at;
                return;
            }
            Ok(pager::Step::Found(at)) => Some(at),
            Ok(pager::Step::Nowhere) | Err(_) => None,
        };
        let way = if search.back { "further up" } else { "further down" };
        if found.is_none() {
            self.model.say(format!("“{}” is not {way}.", search.words));
        }
        self.search = None;
        if let Some(seek) = self.model.journal.found(found) {
            self.read(seek);
        }
    }
}
