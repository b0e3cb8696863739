//! The terminal: taken over, read, and given back as it was, whatever happens.

use ratatui::{
    Terminal,
    backend::CrosstermBackend,
    crossterm::{
        cursor::Show,
        event::{self, DisableBracketedPaste, EnableBracketedPaste, Event},
        execute,
        terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode},
    },
};
use std::{
    io::{self, BufWriter, IsTerminal, Stdout},
    sync::Once,
    thread,
};
use tokio::sync::mpsc;

/// Keys that wait, at most. Then reading waits too, and the terminal keeps them.
const KEYS: usize = 128;

/// A terminal that was taken over; given back when dropped.
#[derive(Debug)]
pub struct Screen {
    /// What is drawn on.
    pub terminal: Terminal<CrosstermBackend<BufWriter<Stdout>>>,
}

/// Whether there is a terminal that can show a screen and be typed into.
#[must_use]
pub fn is_there() -> bool {
    let dumb = std::env::var_os("TERM").is_some_and(|kind| kind == "dumb");
    io::stdout().is_terminal() && io::stdin().is_terminal() && !dumb
}

impl Screen {
    /// Takes the terminal over.
    ///
    /// # Errors
    /// When it does not let itself be.
    pub fn open() -> io::Result<Self> {
        give_back_on_panic();
        enable_raw_mode()?;
        let entered = execute!(io::stdout(), EnterAlternateScreen, EnableBracketedPaste);
        let opened = entered.and_then(|()| Terminal::new(CrosstermBackend::new(BufWriter::with_capacity(64 * 1024, io::stdout()))));
        opened.map(|terminal| Self { terminal }).inspect_err(|_| give_back())
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        give_back();
    }
}

/// Makes the terminal as it was. Best effort: it may be gone.
fn give_back() {
    let _ = disable_raw_mode();
    let _ = execute!(io::stdout(), DisableBracketedPaste, LeaveAlternateScreen, Show);
}

/// A panic of the thread that draws gives the terminal back first, so that its words are seen. Panics elsewhere end one attempt and not
/// the program: their words go where the other messages go.
fn give_back_on_panic() {
    static ONCE: Once = Once::new();
    let draws = thread::current().id();
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if thread::current().id() == draws {
                give_back();
                before(panic);
            } else {
                tracing::error!("{panic}");
            }
        }));
    });
}

/// What the terminal tells: keys, pastes, its size. Ends when it is gone.
#[must_use]
pub fn events() -> mpsc::Receiver<Event> {
    let (out, events) = mpsc::channel(KEYS);
    // A thread of its own: reading waits for as long as nobody types, and cannot be called off.
    thread::spawn(move || {
        while let Ok(event) = event::read() {
            if out.blocking_send(event).is_err() {
                return;
            }
        }
    });
    events
}
