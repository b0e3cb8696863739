//! The wire of an agent: one JSON object a line, limited in length and in number before the crate sees it.

use super::{AgentError, AgentEvent, Inner};
use agent_client_protocol::{Client, ConnectTo, Lines};
use futures_util::{sink, stream};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    process::{ChildStdin, ChildStdout},
    sync::{Notify, Semaphore, mpsc},
};

/// Longest line taken from an agent: whole files travel in diffs.
const MAX_LINE: u64 = 16 * 1024 * 1024;

/// Notifications between the reader and the handlers, at most.
const IN_FLIGHT: usize = 128;

/// Lines that are not the protocol's, after which an agent is given up.
const MAX_GARBAGE: usize = 100;

/// Lets the reader run only so far ahead of the handlers.
#[derive(Clone)]
pub struct Gate(Arc<Semaphore>);

impl Gate {
    pub fn new() -> Self {
        Self(Arc::new(Semaphore::new(IN_FLIGHT)))
    }

    /// A notification was handled.
    pub fn pass(&self) {
        self.0.add_permits(1);
    }
}

/// What an agent printed that is not the protocol.
#[derive(Default)]
pub struct Garbage {
    lines: Mutex<(usize, String)>,
    many: Notify,
    end: Notify,
}

impl Garbage {
    fn add(&self, line: &str) {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.0 += 1;
        if lines.1.is_empty() {
            lines.1 = line.chars().take(200).collect();
        }
        if lines.0 >= MAX_GARBAGE {
            self.many.notify_one();
        }
    }

    /// A line that is never read to its end: too much by itself.
    fn give_up(&self, words: &str) {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.1.is_empty() {
            words.clone_into(&mut lines.1);
        }
        self.many.notify_one();
    }

    /// The first such line; empty if there was none.
    pub fn sample(&self) -> String {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).1.clone()
    }

    /// Waits until all that the agent printed is read.
    pub async fn read_to_end(&self) {
        self.end.notified().await;
    }

    /// Waits until there are too many.
    pub async fn too_much(&self) {
        self.many.notified().await;
    }
}

struct Reader {
    stdout: BufReader<ChildStdout>,
    gate: Gate,
    garbage: Arc<Garbage>,
    events: mpsc::Sender<Inner>,
}

/// The crate's transport over an agent's standard streams.
pub fn transport(
    stdin: ChildStdin,
    stdout: ChildStdout,
    gate: Gate,
    garbage: Arc<Garbage>,
    events: mpsc::Sender<Inner>,
) -> impl ConnectTo<Client> + 'static {
    let outgoing = sink::unfold(Some(stdin), |stdin, line: String| async move {
        // An agent that no longer reads may still have something to say: the end of its output ends the connection, not this.
        let Some(mut stdin) = stdin else { return Ok(None) };
        let written = async {
            stdin.write_all(line.as_bytes()).await?;
            stdin.write_all(b"\n").await?;
            stdin.flush().await
        };
        let written: std::io::Result<()> = written.await;
        Ok::<_, std::io::Error>(written.is_ok().then_some(stdin))
    });
    let reader = Reader {
        stdout: BufReader::with_capacity(64 * 1024, stdout),
        gate,
        garbage,
        events,
    };
    let incoming = stream::unfold(Some(reader), |reader| async move {
        let mut reader = reader?;
        match reader.line().await {
            Ok(Some(line)) => Some((Ok(line), Some(reader))),
            Ok(None) => None,
            Err(error) => Some((Err(error), None)),
        }
    });
    Lines::new(outgoing, Box::pin(incoming))
}

impl Reader {
    /// The next line that is a JSON object.
    async fn line(&mut self) -> std::io::Result<Option<String>> {
        let mut line = Vec::new();
        loop {
            line.clear();
            let read = (&mut self.stdout).take(MAX_LINE).read_until(b'\n', &mut line).await?;
            if read == 0 {
                self.garbage.end.notify_one();
                return Ok(None);
            }
            if read as u64 == MAX_LINE && line.last() != Some(&b'\n') {
                let words = "the agent sent a line that is longer than 16 MiB".to_owned();
                self.garbage.give_up("a line that is longer than 16 MiB");
                // Told before the connection breaks for it: what breaks next is only the consequence.
                let gone = AgentEvent::Gone(AgentError::Protocol(words.clone()));
                let _ = self.events.send(Inner::Event(gone)).await;
                return Err(std::io::Error::new(std::io::ErrorKind::InvalidData, words));
            }
            let text = String::from_utf8_lossy(&line);
            let text = text.trim();
            if text.is_empty() {
                continue;
            }
            let Ok(Frame { method, id }) = serde_json::from_str(text) else {
                self.garbage.add(text);
                let sample: String = text.chars().take(500).collect();
                tracing::debug!("not a message: {sample}");
                continue;
            };
            if method.is_some() && id.is_none() {
                // Never closed, so this only fails if the connection is gone.
                if let Ok(permit) = self.gate.0.acquire().await {
                    permit.forget();
                }
            }
            return Ok(Some(text.to_owned()));
        }
    }
}

/// What tells a notification from a request and a response.
#[derive(serde::Deserialize)]
struct Frame {
    #[serde(default)]
    method: Option<serde::de::IgnoredAny>,
    #[serde(default)]
    id: Option<serde_json::Value>,
}
