//! Writes what happens to the log: small pieces of text are gathered, sizes are kept, secrets do not slip through between two pieces.

use super::{fit::fit, memory::Memory};
use crate::{mask::Masker, outbox::Outbox, spool::SpoolError};
use coord_protocol::log::{LogBody, SystemLevel};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

/// How long pieces of text are gathered before they become an entry.
const GATHER: Duration = Duration::from_millis(60);

/// Bytes of gathered text that become an entry at once.
const ENOUGH: usize = 4096;

/// Which text is being gathered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Gathering {
    Text,
    Thought,
}

/// The log of one attempt as the work sees it.
#[derive(Debug)]
pub struct Journal {
    outbox: Arc<Outbox>,
    masker: Arc<Masker>,
    /// What the log tells so far.
    pub memory: Memory,
    gathered: String,
    gathering: Gathering,
    since: Option<Instant>,
}

impl Journal {
    /// For the given outbox, knowing what a former process wrote.
    #[must_use]
    pub fn new(outbox: Arc<Outbox>, masker: Arc<Masker>, memory: Memory) -> Self {
        Self {
            outbox,
            masker,
            memory,
            gathered: String::new(),
            gathering: Gathering::Text,
            since: None,
        }
    }

    /// Writes an entry, after the text that came before it.
    ///
    /// # Errors
    /// When the disk does not take it.
    pub fn write(&mut self, body: LogBody) -> Result<(), SpoolError> {
        self.flush()?;
        self.put(body)
    }

    fn put(&mut self, body: LogBody) -> Result<(), SpoolError> {
        for part in fit(body) {
            self.memory.take(&part);
            self.outbox.append(part)?;
        }
        Ok(())
    }

    /// Writes a line of Coord itself.
    ///
    /// # Errors
    /// As [`Journal::write`].
    pub fn system(&mut self, level: SystemLevel, text: impl Into<String>) -> Result<(), SpoolError> {
        self.write(LogBody::System { text: text.into(), level })
    }

    /// A piece of the agent's words.
    ///
    /// # Errors
    /// As [`Journal::write`].
    pub fn text(&mut self, piece: &str) -> Result<(), SpoolError> {
        self.gather(Gathering::Text, piece)
    }

    /// A piece of the agent's thinking.
    ///
    /// # Errors
    /// As [`Journal::write`].
    pub fn thought(&mut self, piece: &str) -> Result<(), SpoolError> {
        self.gather(Gathering::Thought, piece)
    }

    fn gather(&mut self, gathering: Gathering, piece: &str) -> Result<(), SpoolError> {
        if self.gathering != gathering {
            self.flush()?;
            self.gathering = gathering;
        }
        if piece.is_empty() {
            return Ok(());
        }
        self.gathered.push_str(piece);
        self.since.get_or_insert_with(Instant::now);
        if self.gathered.len() >= ENOUGH {
            self.flush_ready()
        } else {
            Ok(())
        }
    }

    /// When gathered text should become an entry.
    #[must_use]
    pub fn due(&self) -> Option<Instant> {
        self.since.map(|since| since + GATHER)
    }

    /// Writes the gathered text, save an end that may be the beginning of a secret.
    ///
    /// # Errors
    /// As [`Journal::write`].
    pub fn flush_ready(&mut self) -> Result<(), SpoolError> {
        let keep = self.masker.hold_back(&self.gathered);
        let rest = self.gathered.split_off(self.gathered.len() - keep);
        let ready = std::mem::replace(&mut self.gathered, rest);
        // What is held back waits for more, not for time.
        self.since = None;
        self.put_text(ready)
    }

    /// Writes all gathered text.
    ///
    /// # Errors
    /// As [`Journal::write`].
    pub fn flush(&mut self) -> Result<(), SpoolError> {
        self.since = None;
        let text = std::mem::take(&mut self.gathered);
        self.put_text(text)
    }

    fn put_text(&mut self, text: String) -> Result<(), SpoolError> {
        if text.is_empty() {
            return Ok(());
        }
        // Masked as a whole: splitting it first could split a secret.
        let text = self.masker.text(&text);
        self.put(match self.gathering {
            Gathering::Text => LogBody::Text { text },
            Gathering::Thought => LogBody::Thought { text },
        })
    }

    /// Number of the last entry.
    #[must_use]
    pub fn last(&self) -> i64 {
        self.outbox.last()
    }
}
