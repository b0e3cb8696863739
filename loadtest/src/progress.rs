//! What the terminal shows while a scenario runs.

use std::{
    io::{IsTerminal as _, Write as _, stderr},
    time::{Duration, Instant},
};

/// Pause between two changes of the line.
const EVERY: Duration = Duration::from_millis(200);

/// One line on standard error that changes in place; on anything but a terminal, one line per step.
#[derive(Debug)]
pub struct Progress {
    terminal: bool,
    step: String,
    shown: Option<Instant>,
}

impl Default for Progress {
    fn default() -> Self {
        Self {
            terminal: stderr().is_terminal(),
            step: String::new(),
            shown: None,
        }
    }
}

impl Progress {
    /// Another step begins.
    pub fn step(&mut self, words: impl Into<String>) {
        self.step = words.into();
        self.shown = None;
        if self.terminal {
            self.at("");
        } else {
            // Whoever closed standard error does not want to know.
            let _ = writeln!(stderr(), "{}", self.step);
        }
    }

    /// How far the step is.
    pub fn at(&mut self, words: impl std::fmt::Display) {
        if !self.terminal || self.shown.is_some_and(|shown| shown.elapsed() < EVERY) {
            return;
        }
        self.shown = Some(Instant::now());
        let _ = write!(stderr(), "\r\x1b[K{} {words}", self.step);
        let _ = stderr().flush();
    }

    /// Something worth a line of its own.
    pub fn note(&mut self, words: impl std::fmt::Display) {
        let clear = if self.terminal { "\r\x1b[K" } else { "" };
        let _ = writeln!(stderr(), "{clear}{words}");
        self.shown = None;
    }

    /// Takes the line away.
    pub fn end(&mut self) {
        if self.terminal {
            let _ = write!(stderr(), "\r\x1b[K");
        }
    }
}
