//! A small server that keeps the runner protocol's rules and notices when a runner does not, and runners to try against it.

use crate::server::Server;
use coord_protocol::{
    id::{AttemptId, FileId, JobId, MessageId, UserId},
    job::{Context, Mode, ToolsPolicy},
    log::{LogBody, LogEntry},
    request::{Answer, Ask},
    runner::{Assignment, Author, Finished, WorkResult},
};
use coord_runner::{clock::Clock, config::Config, desk::Desk, git::mirror::Locks, http::Http, link, mask::Masker, work::Host};
use serde_json::{Value, json};

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tempfile::TempDir;
use uuid::Uuid;

/// This project's own program.
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_coord-runner");

/// Longest a test waits for anything.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// A new number for ids.
pub fn number() -> u128 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let process = u128::from(std::process::id());
    (process << 64) | u128::from(NEXT.fetch_add(1, Ordering::Relaxed))
}

pub fn message_id() -> MessageId {
    MessageId(Uuid::from_u128(number()))
}

pub fn file_id() -> FileId {
    FileId(Uuid::from_u128(number()))
}

/// A local job for the scripted agent that performs `script`.
pub fn assignment(script: Value) -> Assignment {
    Assignment {
        attempt: AttemptId(Uuid::from_u128(number())),
        attempt_number: 1,
        fence: 1,
        job: JobId(Uuid::from_u128(number())),
        number: 12,
        workspace: "Team".to_owned(),
        title: "Try it".to_owned(),
        description: format!("Do it. @@{script}@@"),
        agent: "scripted".to_owned(),
        model: None,
        mode: Mode::Edit,
        tools_policy: ToolsPolicy::RequirePermission,
        context: Context::Local,
        attachments: Vec::new(),
        earlier: Vec::new(),
        dependencies: Vec::new(),
        branch: None,
        resume_session: None,
        author: Author {
            user: UserId(Uuid::from_u128(9)),
            name: "Ann Author".to_owned(),
            email: "ann@example.org".to_owned(),
        },
    }
}

/// A runner in this process.
pub struct Runner {
    pub desk: Arc<Desk>,
    pub link: tokio::task::JoinHandle<Result<(), link::LinkError>>,
}

/// A server, a work folder and a configuration.
pub struct Bench {
    pub server: Server,
    pub folder: TempDir,
    /// More lines for the configuration.
    pub extra: String,
}

impl Bench {
    pub async fn new() -> Self {
        Self::with("").await
    }

    /// With more lines in the configuration.
    pub async fn with(extra: &str) -> Self {
        Self {
            server: Server::start().await,
            folder: tempfile::tempdir().unwrap(),
            extra: extra.to_owned(),
        }
    }

    pub fn work_dir(&self) -> PathBuf {
        self.folder.path().join("work")
    }

    /// The configuration as a file would hold it. Lines in `extra` may replace parts of it.
    pub fn config_text(&self) -> String {
        let mut parts = vec![format!(
            "server = \"{}\"\ntoken = \"coord_r_test_token\"\nwork_dir = {:?}\nconcurrency = 4\nsecrets = [\"hunter2-hunter2\"]\n",
            self.server.url(),
            self.work_dir()
        )];
        for (head, body) in [
            ("[retry]", "limit = 2\nbackoff_ms = 50\n"),
            (
                "[timeouts]",
                "initialize_ms = 10000\nstop_grace_ms = 3000\ncancel_ms = 1000\nexit_ms = 1000\ngit_ms = 20000\nhand_back_ms = 5000\n",
            ),
            ("[env.set]", "SCRIPTED_PACE = \"0.05\"\n"),
        ] {
            if !self.extra.contains(head) {
                parts.push(format!("{head}\n{body}"));
            }
        }
        if !self.extra.contains("[agents.scripted]") {
            parts.push(format!("[agents.scripted]\ncommand = [{PROGRAM:?}, \"agent-script\"]\n"));
        }
        let (top, tables) = self.extra.split_at(self.extra.find('[').unwrap_or(self.extra.len()));
        parts.insert(1, top.to_owned());
        parts.push(tables.to_owned());
        parts.join("\n")
    }

    pub fn runner(&self) -> Runner {
        let mut config = Config::parse(&self.config_text(), Path::new(""), |_| None).unwrap();
        // This process is the tests'.
        config.program = PROGRAM.into();
        let (server, token) = (config.server.clone(), config.token.clone());
        let _ = rustls::crypto::ring::default_provider().install_default();
        let host = Arc::new(Host {
            http: Http::new(&server, &token).unwrap(),
            clock: Clock,
            masker: Arc::new(Masker::new(&config.secrets)),
            locks: Locks::default(),
            config,
        });
        std::fs::create_dir_all(self.work_dir()).unwrap();
        let desk = Desk::open(host);
        let link = tokio::spawn({
            let desk = Arc::clone(&desk);
            async move { link::run(desk, &server, &token, Clock).await }
        });
        Runner { desk, link }
    }

    /// Writes the configuration to a file.
    pub fn config_file(&self) -> PathBuf {
        let path = self.folder.path().join("runner.toml");
        std::fs::write(&path, self.config_text()).unwrap();
        path
    }

    /// Assigns and waits for the end.
    pub async fn finish(&self, assignment: &Assignment) -> Finished {
        self.server.assign(assignment.clone());
        self.server.finished(assignment.attempt).await
    }
}

impl Runner {
    pub async fn stop(self) {
        self.desk.abandon(Duration::from_secs(5)).await;
        let _ = self.link.await;
    }
}

/// What the agent said, in one piece.
pub fn said(log: &[LogEntry]) -> String {
    log.iter()
        .filter_map(|entry| match &entry.body {
            LogBody::Text { text } => Some(text.as_str()),
            _ => None,
        })
        .collect()
}

/// The lines of Coord itself.
pub fn system(log: &[LogEntry]) -> Vec<String> {
    log.iter()
        .filter_map(|entry| match &entry.body {
            LogBody::System { text, .. } => Some(text.clone()),
            _ => None,
        })
        .collect()
}

/// What was asked and answered by whom, in order.
pub fn asked(log: &[LogEntry]) -> Vec<(Ask, Option<(Answer, String)>)> {
    log.iter()
        .filter_map(|entry| match &entry.body {
            LogBody::Request { request, ask } => {
                let answer = log.iter().find_map(|later| match &later.body {
                    LogBody::Answer { request: of, answer, by } if of == request => Some((answer.clone(), by.clone())),
                    _ => None,
                });
                Some((ask.clone(), answer))
            }
            _ => None,
        })
        .collect()
}

pub fn choose(choice: &str) -> Answer {
    Answer {
        choice: Some(choice.to_owned()),
        body: None,
    }
}

pub fn write_tool(path: &str, text: &str) -> Value {
    json!({"tool": {"kind": "edit", "title": format!("Write {path}"), "path": path, "write": text, "ask": true}})
}

pub fn failed(finished: &Finished) -> (coord_protocol::attempt::FailureReason, &str) {
    match &finished.result {
        WorkResult::Failed { reason, detail, .. } => (*reason, detail),
        other => panic!("{other:?}"),
    }
}

/// Waits until `what` is so.
pub async fn eventually(what: &str, mut is: impl FnMut() -> bool) {
    let until = std::time::Instant::now() + PATIENCE;
    while !is() {
        assert!(std::time::Instant::now() < until, "never: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
