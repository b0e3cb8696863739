//! A runner that does no work: it speaks the runner protocol over a real connection and does what a scenario tells it.

use super::{http::Person, socket::Socket};
use anyhow::{Context as _, Result, bail};
use coord_protocol::{
    attempt::Usage,
    id::{AttemptId, RunnerId},
    runner::{AgentInfo, Assignment, CreatedRunner, Finished, FromRunner, HeldClaim, PROTOCOL, ResumedClaim, ToRunner, WorkResult},
};
use futures_util::{SinkExt as _, StreamExt as _};
use std::time::{Duration, Instant};
use tokio::{sync::mpsc, task::JoinHandle, time::timeout};
use tokio_tungstenite::tungstenite::Message;

/// Messages read and not yet looked at; the reader waits for room.
const IN: usize = 4096;

/// Messages to be written; whoever sends waits for room.
const OUT: usize = 8;

/// Longest wait for a message that must come.
const PATIENCE: Duration = Duration::from_secs(60);

/// Name of the agent that it offers.
pub const AGENT: &str = "load";

/// A connected runner.
pub struct FakeRunner {
    /// Who it is.
    pub id: RunnerId,
    /// Claims that the server says still hold.
    pub resume: Vec<ResumedClaim>,
    incoming: mpsc::Receiver<(Instant, ToRunner)>,
    out: mpsc::Sender<Message>,
    tasks: Vec<JoinHandle<()>>,
}

impl Drop for FakeRunner {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

/// Writes messages of a fake runner; several tasks may have one.
#[derive(Clone)]
pub struct Voice(mpsc::Sender<Message>);

impl Voice {
    /// Sends a message; waits while the connection takes none.
    ///
    /// # Errors
    /// When the connection ended.
    pub async fn say(&self, message: &FromRunner) -> Result<()> {
        self.say_encoded(serde_json::to_string(message)?).await
    }

    /// Sends a message that is encoded already.
    ///
    /// # Errors
    /// When the connection ended.
    pub async fn say_encoded(&self, text: String) -> Result<()> {
        self.0.send(Message::text(text)).await.ok().context("the runner's connection ended")
    }
}

impl FakeRunner {
    /// Connects and says hello.
    ///
    /// # Errors
    /// When the server does not welcome it.
    pub async fn connect(person: &Person, runner: &CreatedRunner, concurrency: u32, held: Vec<HeldClaim>) -> Result<Self> {
        let mut socket = Socket::open(&person.socket("/runner"), &format!("Bearer {}", runner.token)).await?;
        let hello = FromRunner::Hello {
            protocol: PROTOCOL,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            platform: "loadtest".to_owned(),
            agents: vec![AgentInfo {
                name: AGENT.to_owned(),
                version: None,
                limits: Vec::new(),
            }],
            concurrency,
            held,
            paused: false,
            serves: coord_protocol::runner::Serves::default(),
        };
        socket.say(serde_json::to_string(&hello)?).await?;
        let welcome = timeout(PATIENCE, socket.next()).await.context("no welcome")??;
        let ToRunner::Welcome { heartbeat_ms, resume, .. } = serde_json::from_str(&welcome)? else {
            bail!("instead of a welcome: {welcome}");
        };
        let (mut sink, mut stream) = socket.split();
        let (to_reader, incoming) = mpsc::channel(IN);
        let (out, mut waiting) = mpsc::channel::<Message>(OUT);
        let writer = tokio::spawn(async move {
            let mut beat = tokio::time::interval(Duration::from_millis(u64::from(heartbeat_ms) / 2));
            loop {
                let message = tokio::select! {
                    message = waiting.recv() => match message {
                        Some(message) => message,
                        None => return,
                    },
                    _ = beat.tick() => Message::text(r#"{"type":"heartbeat"}"#),
                };
                if sink.send(message).await.is_err() {
                    return;
                }
            }
        });
        let reader = tokio::spawn(async move {
            while let Some(Ok(message)) = stream.next().await {
                let Message::Text(text) = message else { continue };
                let at = Instant::now();
                let Ok(message) = serde_json::from_str(&text) else { return };
                if to_reader.send((at, message)).await.is_err() {
                    return;
                }
            }
        });
        Ok(Self {
            id: runner.id,
            resume,
            incoming,
            out,
            tasks: vec![writer, reader],
        })
    }

    /// What writes for it.
    #[must_use]
    pub fn voice(&self) -> Voice {
        Voice(self.out.clone())
    }

    /// The next message, and when it was read.
    ///
    /// # Errors
    /// When the connection ended, or nothing came for a minute.
    pub async fn next(&mut self) -> Result<(Instant, ToRunner)> {
        let message = timeout(PATIENCE, self.incoming.recv())
            .await
            .context("nothing came for the runner")?;
        message.context("the runner's connection ended")
    }

    /// Waits for work.
    ///
    /// # Errors
    /// As [`FakeRunner::next`].
    pub async fn assigned(&mut self) -> Result<(Instant, Assignment)> {
        loop {
            if let (at, ToRunner::Assign(assignment)) = self.next().await? {
                return Ok((at, *assignment));
            }
        }
    }

    /// Tells that the agent ended its turn, and waits until that is stored. Returns work that came meanwhile.
    ///
    /// # Errors
    /// As [`FakeRunner::next`].
    pub async fn finish(&mut self, attempt: AttemptId, fence: i64, last_seq: i64) -> Result<()> {
        self.voice().say(&finished(attempt, fence, last_seq)).await?;
        loop {
            match self.next().await?.1 {
                ToRunner::FinishConfirmed { attempt: of } if of == attempt => return Ok(()),
                ToRunner::Drop { attempt: of, detail, .. } if of == attempt => bail!("the end was refused: {detail}"),
                _ => {}
            }
        }
    }
}

/// That the agent ended its turn.
#[must_use]
pub fn finished(attempt: AttemptId, fence: i64, last_seq: i64) -> FromRunner {
    FromRunner::Finished(Box::new(Finished {
        attempt,
        fence,
        last_seq,
        result: WorkResult::Completed,
        summary: None,
        usage: Usage::default(),
        branch: None,
        session: None,
        agent: None,
        model: None,
        sandboxed: None,
    }))
}
