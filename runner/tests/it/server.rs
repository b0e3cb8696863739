//! The server's side of the runner protocol, in memory.

use crate::common::PATIENCE;
use coord_protocol::{
    id::AttemptId,
    job::Activity,
    log::{LogBody, LogEntry},
    request::{Answer, Ask},
    rule::Rule,
    runner::{
        AgentInfo, Assignment, FENCE_HEADER, Finished, FromRunner, HeldClaim, MergeAssignment, MergeResult, PROTOCOL, PauseTold,
        ResumedClaim, ToRunner,
    },
};
use futures_util::{SinkExt, StreamExt};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::{mpsc, watch},
};
use tokio_tungstenite::tungstenite::{Message, protocol::CloseFrame};

type Answerer = Box<dyn Fn(&Ask) -> Option<Answer> + Send>;

#[derive(Default)]
pub struct Stored {
    /// Claims that hold: attempt to fence.
    pub claims: HashMap<AttemptId, i64>,
    pub logs: HashMap<AttemptId, Vec<LogEntry>>,
    pub finished: HashMap<AttemptId, Finished>,
    pub finished_told: u32,
    /// Attempts whose end was stored on a connection that was cut.
    pub ended_before: Vec<AttemptId>,
    pub merged: HashMap<AttemptId, MergeResult>,
    pub activities: Vec<(AttemptId, Activity)>,
    pub pauses: Vec<(AttemptId, Option<PauseTold>)>,
    pub hellos: Vec<Vec<HeldClaim>>,
    pub draining: bool,
    pub paused: bool,
    /// What the runner can run, as last told.
    pub agents: Vec<AgentInfo>,
    /// Why the owner may not answer, if so.
    pub owner_refused: Option<String>,
    /// Uploads by path and query.
    pub uploads: HashMap<String, Vec<u8>>,
    /// Attachments by file id.
    pub files: HashMap<String, Vec<u8>>,
    /// What the runner did against the protocol.
    pub faults: Vec<String>,
    /// Sent to every new connection.
    pending: Vec<ToRunner>,
    out: Option<mpsc::UnboundedSender<ToRunner>>,
    answerer: Option<Answerer>,
    pub confirm_entries: bool,
    pub confirm_ends: bool,
    pub accept: bool,
    /// Connections in all.
    pub connections: u32,
    /// Cut the connection after this many further entries.
    pub cut_after: Option<usize>,
    /// Close code told at the next cut.
    pub close_code: Option<u16>,
    /// Longest that is waited for anything.
    pub patience: Duration,
}

#[derive(Clone)]
pub struct Server {
    address: std::net::SocketAddr,
    pub stored: Arc<Mutex<Stored>>,
    changed: watch::Sender<u64>,
    cut: watch::Sender<u64>,
}

impl Server {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Self {
            address: listener.local_addr().unwrap(),
            stored: Arc::new(Mutex::new(Stored {
                confirm_entries: true,
                confirm_ends: true,
                accept: true,
                patience: PATIENCE,
                ..Stored::default()
            })),
            changed: watch::Sender::new(0),
            cut: watch::Sender::new(0),
        };
        let accepting = server.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(accepting.clone().serve(stream));
            }
        });
        server
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn with<T>(&self, look: impl FnOnce(&mut Stored) -> T) -> T {
        look(&mut self.stored.lock().unwrap())
    }

    fn touched(&self) {
        self.changed.send_modify(|count| *count += 1);
    }

    /// Waits until `look` finds something.
    pub async fn wait<T>(&self, what: &str, mut look: impl FnMut(&mut Stored) -> Option<T>) -> T {
        let mut changed = self.changed.subscribe();
        let patience = self.with(|stored| stored.patience);
        let found = tokio::time::timeout(patience, async {
            loop {
                if let Some(found) = self.with(&mut look) {
                    return found;
                }
                changed.changed().await.unwrap();
            }
        })
        .await;
        match found {
            Ok(found) => found,
            Err(_) => {
                let (faults, logs) = self.with(|stored| (stored.faults.clone(), format!("{:#?}", stored.logs)));
                panic!("never: {what}; faults {faults:?}; logs {logs}");
            }
        }
    }

    pub fn send(&self, message: ToRunner) {
        self.with(|stored| {
            if let Some(out) = &stored.out {
                let _ = out.send(message);
            }
        });
    }

    /// Claims for the runner, now or at its next connection.
    pub fn assign(&self, assignment: Assignment) {
        self.with(|stored| {
            stored.claims.insert(assignment.attempt, assignment.fence);
            let message = ToRunner::Assign(Box::new(assignment));
            match &stored.out {
                Some(out) if !out.is_closed() => drop(out.send(message)),
                _ => stored.pending.push(message),
            }
        });
    }

    pub fn merge(&self, assignment: MergeAssignment) {
        self.with(|stored| {
            stored.claims.insert(assignment.attempt, assignment.fence);
            let message = ToRunner::Merge(Box::new(assignment));
            match &stored.out {
                Some(out) if !out.is_closed() => drop(out.send(message)),
                _ => stored.pending.push(message),
            }
        });
    }

    /// Answers requests as they come.
    pub fn answer(&self, answerer: impl Fn(&Ask) -> Option<Answer> + Send + 'static) {
        self.with(|stored| stored.answerer = Some(Box::new(answerer)));
    }

    /// Cuts all connections; with `accept` false no new one is taken.
    pub fn cut(&self, accept: bool) {
        self.with(|stored| {
            stored.accept = accept;
            stored.out = None;
        });
        self.cut.send_modify(|count| *count += 1);
    }

    pub async fn connected(&self) {
        self.wait("a connection", |stored| stored.out.as_ref().map(drop)).await;
    }

    pub async fn finished(&self, attempt: AttemptId) -> Finished {
        self.wait("the end of the attempt", |stored| stored.finished.get(&attempt).cloned())
            .await
    }

    pub async fn merged(&self, attempt: AttemptId) -> MergeResult {
        self.wait("the end of the merge", |stored| stored.merged.get(&attempt).cloned())
            .await
    }

    pub fn log(&self, attempt: AttemptId) -> Vec<LogEntry> {
        self.with(|stored| stored.logs.get(&attempt).cloned().unwrap_or_default())
    }

    /// Waits for an entry.
    pub async fn entry<T>(&self, attempt: AttemptId, what: &str, look: impl Fn(&LogBody) -> Option<T>) -> T {
        self.wait(what, |stored| {
            let log = stored.logs.get(&attempt)?;
            log.iter().find_map(|entry| look(&entry.body))
        })
        .await
    }

    /// That the runner kept all rules.
    pub fn assert_no_faults(&self) {
        let faults = self.with(|stored| stored.faults.clone());
        assert!(faults.is_empty(), "{faults:#?}");
    }

    async fn serve(self, stream: TcpStream) {
        let mut head = [0; 2048];
        let read = stream.peek(&mut head).await.unwrap_or(0);
        let head = String::from_utf8_lossy(&head[..read]).to_ascii_lowercase();
        if head.contains("upgrade: websocket") {
            if !self.with(|stored| stored.accept) {
                return;
            }
            if !head.contains("authorization: bearer coord_r_test_token") {
                self.with(|stored| stored.faults.push("no token".to_owned()));
            }
            self.talk(stream).await;
        } else {
            let _ = self.http(stream).await;
        }
    }

    async fn talk(&self, stream: TcpStream) {
        let mut cut = self.cut.subscribe();
        cut.mark_unchanged();
        let Ok(socket) = tokio_tungstenite::accept_async(stream).await else {
            return;
        };
        let (mut sink, mut frames) = socket.split();
        let (out, mut outgoing) = mpsc::unbounded_channel();
        loop {
            tokio::select! {
                _ = cut.changed() => {
                    if let Some(code) = self.with(|stored| stored.close_code.take()) {
                        let frame = CloseFrame { code: code.into(), reason: "as told".into() };
                        let _ = sink.send(Message::Close(Some(frame))).await;
                    }
                    return;
                }
                Some(message) = outgoing.recv() => {
                    let text = serde_json::to_string(&message).unwrap();
                    if sink.send(Message::text(text)).await.is_err() {
                        return;
                    }
                }
                frame = frames.next() => match frame {
                    Some(Ok(Message::Text(text))) => {
                        let more = match serde_json::from_str(&text) {
                            Ok(message) => self.with(|stored| stored.take(message, &out)),
                            Err(error) => {
                                self.with(|stored| stored.faults.push(format!("{error}: {text}")));
                                true
                            }
                        };
                        self.touched();
                        if !more {
                            return;
                        }
                    }
                    Some(Ok(_)) => {}
                    Some(Err(_)) | None => return,
                },
            }
        }
    }

    async fn http(&self, mut stream: TcpStream) -> std::io::Result<()> {
        loop {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(stream.read_u8().await?);
            }
            let head = String::from_utf8_lossy(&head).into_owned();
            let mut words = head.split_whitespace();
            let (method, path) = (
                words.next().unwrap_or_default().to_owned(),
                words.next().unwrap_or_default().to_owned(),
            );
            let header = |name: &str| {
                head.lines()
                    .find_map(|line| line.split_once(':').filter(|(key, _)| key.eq_ignore_ascii_case(name)))
                    .map(|(_, value)| value.trim().to_owned())
            };
            let length: usize = header("content-length").and_then(|value| value.parse().ok()).unwrap_or(0);
            let mut body = vec![0; length];
            stream.read_exact(&mut body).await?;
            let fence: Option<i64> = header(FENCE_HEADER).and_then(|value| value.parse().ok());
            let rest = path.strip_prefix("/api/v1/runner/attempts/").unwrap_or_default();
            let (attempt, rest) = rest.split_once('/').unwrap_or_default();
            let claim = attempt
                .parse()
                .ok()
                .and_then(|attempt: AttemptId| self.with(|stored| stored.claims.get(&attempt).copied()));
            let (status, answer) = if claim.is_none() || claim != fence {
                let problem = r#"{"type":"urn:coord:problem:refused","title":"Refused","status":409,"detail":"stale","rule":"RUN-5"}"#;
                ("409 Conflict", problem.as_bytes().to_vec())
            } else if method == "PUT" {
                self.with(|stored| stored.uploads.insert(rest.to_owned(), body));
                ("204 No Content", Vec::new())
            } else {
                let file = rest.strip_prefix("files/").unwrap_or_default();
                match self.with(|stored| stored.files.get(file).cloned()) {
                    Some(content) => ("200 OK", content),
                    None => ("404 Not Found", Vec::new()),
                }
            };
            self.touched();
            let head = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n", answer.len());
            stream.write_all(head.as_bytes()).await?;
            stream.write_all(&answer).await?;
        }
    }
}

impl Stored {
    /// Takes a message; false ends the connection.
    fn take(&mut self, message: FromRunner, out: &mpsc::UnboundedSender<ToRunner>) -> bool {
        let stale = |attempt: AttemptId, fence: i64| ToRunner::Drop {
            attempt,
            fence,
            rule: Rule::Run5,
            detail: "the lease was taken over".to_owned(),
        };
        match message {
            FromRunner::Hello { held, agents, paused, .. } => {
                (self.agents, self.paused) = (agents, paused);
                self.connections += 1;
                let resume = held
                    .iter()
                    .filter(|held| self.claims.get(&held.attempt) == Some(&held.fence))
                    .map(|held| ResumedClaim {
                        attempt: held.attempt,
                        fence: held.fence,
                        confirmed_seq: self.logs.get(&held.attempt).map_or(0, |log| log.len() as i64),
                    })
                    .collect();
                self.hellos.push(held);
                let _ = out.send(ToRunner::Welcome {
                    protocol: PROTOCOL,
                    runner: coord_protocol::id::RunnerId(uuid::Uuid::nil()),
                    name: "test".to_owned(),
                    heartbeat_ms: 300,
                    lease_ms: 60_000,
                    resume,
                });
                for message in self.pending.drain(..) {
                    let _ = out.send(message);
                }
                self.out = Some(out.clone());
            }
            FromRunner::Heartbeat => {}
            FromRunner::Draining => self.draining = true,
            FromRunner::Paused { paused } => self.paused = paused,
            FromRunner::Agents { agents } => self.agents = agents,
            FromRunner::OwnerAnswer {
                attempt,
                fence,
                request,
                answer,
            } => {
                if self.claims.get(&attempt) != Some(&fence) {
                    let _ = out.send(stale(attempt, fence));
                    return true;
                }
                let _ = out.send(match &self.owner_refused {
                    Some(detail) => ToRunner::OwnerRefused {
                        attempt,
                        request: Some(request),
                        rule: Rule::Acc3,
                        detail: detail.clone(),
                    },
                    None => ToRunner::Answer {
                        attempt,
                        request,
                        answer,
                        by: "Olga Owner".to_owned(),
                    },
                });
            }
            FromRunner::OwnerStop { attempt, fence, kill } => {
                if self.claims.get(&attempt) == Some(&fence) {
                    let _ = out.send(ToRunner::Stop {
                        attempt,
                        kill,
                        hurry: false,
                    });
                }
            }
            FromRunner::Log { attempt, fence, entries } => {
                if self.claims.get(&attempt) != Some(&fence) {
                    let _ = out.send(stale(attempt, fence));
                    return true;
                }
                let log = self.logs.entry(attempt).or_default();
                for entry in entries {
                    if entry.seq != log.len() as i64 + 1 {
                        self.faults.push(format!("entry {} after {}", entry.seq, log.len()));
                        return false;
                    }
                    if let LogBody::Request { request, ask } = &entry.body
                        && let Some(answer) = self.answerer.as_ref().and_then(|answerer| answerer(ask))
                    {
                        let (request, by) = (*request, "Ann".to_owned());
                        let _ = out.send(ToRunner::Answer {
                            attempt,
                            request,
                            answer,
                            by,
                        });
                    }
                    log.push(entry);
                    if let Some(left) = &mut self.cut_after {
                        *left = left.saturating_sub(1);
                        if *left == 0 {
                            // In the middle of a batch, and before it is confirmed.
                            self.cut_after = None;
                            self.out = None;
                            return false;
                        }
                    }
                }
                if self.confirm_entries {
                    let seq = log.len() as i64;
                    let _ = out.send(ToRunner::Confirm { attempt, seq });
                }
            }
            FromRunner::Activity {
                attempt,
                fence,
                activity,
                pause,
            } => {
                if self.claims.get(&attempt) == Some(&fence) {
                    self.activities.push((attempt, activity));
                    self.pauses.push((attempt, pause));
                }
            }
            FromRunner::Finished(finished) => {
                self.finished_told += 1;
                let attempt = finished.attempt;
                if (self.finished.contains_key(&attempt) || self.ended_before.contains(&attempt)) && self.confirm_ends {
                    let _ = out.send(ToRunner::FinishConfirmed { attempt });
                    return true;
                }
                if self.claims.get(&attempt) != Some(&finished.fence) {
                    let _ = out.send(stale(attempt, finished.fence));
                    return true;
                }
                let stored = self.logs.get(&attempt).map_or(0, |log| log.len() as i64);
                if finished.last_seq != stored {
                    self.faults
                        .push(format!("the end names entry {}, there are {stored}", finished.last_seq));
                }
                if self.confirm_ends {
                    self.finished.insert(attempt, *finished);
                    let _ = out.send(ToRunner::FinishConfirmed { attempt });
                }
            }
            FromRunner::Merged { attempt, fence, result } => {
                if self.claims.get(&attempt) == Some(&fence) {
                    self.merged.insert(attempt, result);
                }
                let _ = out.send(ToRunner::FinishConfirmed { attempt });
            }
        }
        true
    }
}
