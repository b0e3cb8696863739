//! Writes what happens to the log: small pieces of text are gathered, sizes are kept, secrets do not slip through between two pieces.

use super::{fit::fit, memory::Memory};
use crate::{
    mask::{
        Masker,
        flow::{Flow, words},
    },
    outbox::Outbox,
    spool::SpoolError,
};
use coord_protocol::log::{LogBody, SystemLevel};
use std::{
    collections::VecDeque,
    sync::Arc,
    time::{Duration, Instant},
};

/// How long pieces of text are gathered before they become an entry.
const GATHER: Duration = Duration::from_millis(60);

/// Bytes of gathered text that become an entry at once.
const ENOUGH: usize = 4096;

/// Tool calls whose output is remembered for the secrets that may go on in it.
const TOOLS: usize = 64;

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
    text: Flow,
    thought: Flow,
    tools: VecDeque<(String, Flow)>,
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
            text: Flow::default(),
            thought: Flow::default(),
            tools: VecDeque::new(),
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
        let body = self.masked(body);
        self.put(body)
    }

    fn put(&mut self, body: LogBody) -> Result<(), SpoolError> {
        for part in fit(body) {
            self.memory.take(&part);
            self.outbox.append(part)?;
        }
        Ok(())
    }

    /// Masked as a whole, since cutting it to size could cut a secret in two. What a tool call prints is one text, however many entries.
    fn masked(&mut self, mut body: LogBody) -> LogBody {
        match &mut body {
            LogBody::Output {
                tool_call: Some(call),
                text,
            } => *text = self.printed(call.clone(), text),
            LogBody::ToolUpdate(update) => {
                if let Some(content) = &mut update.content {
                    *content = self.printed(update.tool_call.clone(), content);
                }
            }
            _ => {}
        }
        self.masker.value(body)
    }

    fn printed(&mut self, call: String, text: &str) -> String {
        if self.masker.is_empty() {
            return text.to_owned();
        }
        let known = self.tools.iter().position(|(known, _)| *known == call);
        let mut flow = known.and_then(|at| self.tools.remove(at)).map(|(_, flow)| flow).unwrap_or_default();
        flow.push(text.as_bytes());
        let masked = words(flow.all(&self.masker));
        if self.tools.len() >= TOOLS {
            self.tools.pop_front();
        }
        self.tools.push_back((call, flow));
        masked
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
        let flow = self.flow();
        flow.push(piece.as_bytes());
        let waits = flow.waits();
        self.since.get_or_insert_with(Instant::now);
        if waits >= ENOUGH { self.flush_ready() } else { Ok(()) }
    }

    fn flow(&mut self) -> &mut Flow {
        match self.gathering {
            Gathering::Text => &mut self.text,
            Gathering::Thought => &mut self.thought,
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
        // What is held back waits for more, not for time.
        self.since = None;
        let masker = Arc::clone(&self.masker);
        let ready = self.flow().ready(&masker);
        self.put_text(ready)
    }

    /// Writes all gathered text.
    ///
    /// # Errors
    /// As [`Journal::write`].
    pub fn flush(&mut self) -> Result<(), SpoolError> {
        self.since = None;
        if self.flow().waits() == 0 {
            return Ok(());
        }
        let masker = Arc::clone(&self.masker);
        let all = self.flow().all(&masker);
        self.put_text(all)
    }

    fn put_text(&mut self, text: Vec<u8>) -> Result<(), SpoolError> {
        if text.is_empty() {
            return Ok(());
        }
        let text = words(text);
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
