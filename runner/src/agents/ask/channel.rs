//! The runner's end: takes questions in and hands answers out.

use super::{MAX_LINE, MAX_OPTION, MAX_OPTIONS, MAX_QUESTION, Outcome, Question, SECRET};
use crate::agents::AskPlace;
use coord_protocol::id::AttemptId;
use std::{
    collections::HashMap,
    path::Path,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    sync::{Semaphore, mpsc, oneshot},
};

/// Questions open at once. Further ones are told to come one at a time.
const MAX_OPEN: usize = 8;

/// For the first line of a connection.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long a question stays open after the tool gave up waiting, for it to ask again: some agents end a tool call after minutes.
const PARKED: Duration = Duration::from_secs(600);

/// Numbers of questions begin here, apart from those that come over ACP.
const FIRST: u64 = 1 << 32;

/// How an agent is to start the MCP server.
#[derive(Debug, Clone)]
pub struct Server {
    /// Its name, which differs from attempt to attempt so that no repository can bring along another of that name.
    pub name: String,
    /// This program.
    pub command: std::path::PathBuf,
    /// Its arguments.
    pub args: Vec<String>,
    /// Its variables.
    pub env: Vec<(String, String)>,
}

/// What comes out of the channel.
#[derive(Debug)]
pub enum Asked {
    /// A question, and where the answer goes: words, or nothing when nobody will answer.
    Question {
        /// Its number.
        id: u64,
        /// The words.
        question: String,
        /// What may be chosen.
        options: Vec<String>,
        /// For the answer.
        answer: oneshot::Sender<Option<String>>,
    },
    /// Nobody waits for the answer any more.
    Gone {
        /// Its number.
        id: u64,
    },
}

/// A channel for one agent process. Dropped, it takes no more questions.
#[derive(Debug)]
pub struct Channel {
    /// For the agent.
    pub server: Server,
    asked: mpsc::Receiver<Asked>,
    task: tokio::task::JoinHandle<()>,
    #[cfg(unix)]
    place: Place,
}

/// A question whose tool call ended before the answer came.
type Waiting = (u64, oneshot::Receiver<Option<String>>);

/// What the connections of a channel share.
#[derive(Debug)]
struct Shared {
    secret: String,
    next: AtomicU64,
    room: Semaphore,
    parked: Mutex<HashMap<String, Waiting>>,
    asked: mpsc::Sender<Asked>,
}

impl Channel {
    /// Opens the channel. The folder belongs to the attempt and to nobody else.
    ///
    /// # Errors
    /// When the socket cannot be made.
    pub fn open(attempt: AttemptId, place: &AskPlace, secret: String) -> std::io::Result<Self> {
        let (sender, asked) = mpsc::channel(MAX_OPEN);
        let shared = Arc::new(Shared {
            secret: secret.clone(),
            next: AtomicU64::new(FIRST),
            room: Semaphore::new(MAX_OPEN),
            parked: Mutex::default(),
            asked: sender,
        });
        let number = attempt.to_string();
        let server = |address: String| Server {
            name: format!("coord-{}", &number[number.len() - 8..]),
            command: place.program.clone(),
            args: vec!["ask-tool".to_owned(), address],
            env: vec![(SECRET.to_owned(), secret)],
        };
        #[cfg(unix)]
        {
            let place = Place::make(&place.folder)?;
            let listener = tokio::net::UnixListener::bind(&place.socket)?;
            let server = server(place.socket.to_string_lossy().into_owned());
            let task = tokio::spawn(async move {
                while let Ok((stream, _)) = listener.accept().await {
                    tokio::spawn(Arc::clone(&shared).serve(stream));
                }
            });
            Ok(Self {
                server,
                asked,
                task,
                place,
            })
        }
        #[cfg(not(unix))]
        {
            let listener = std::net::TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, 0))?;
            listener.set_nonblocking(true)?;
            let server = server(listener.local_addr()?.to_string());
            let listener = tokio::net::TcpListener::from_std(listener)?;
            let task = tokio::spawn(async move {
                while let Ok((stream, _)) = listener.accept().await {
                    tokio::spawn(Arc::clone(&shared).serve(stream));
                }
            });
            Ok(Self { server, asked, task })
        }
    }

    /// The next thing that is asked. May be dropped without loss.
    pub async fn next(&mut self) -> Asked {
        match self.asked.recv().await {
            Some(asked) => asked,
            None => std::future::pending().await,
        }
    }
}

impl Drop for Channel {
    fn drop(&mut self) {
        self.task.abort();
        #[cfg(unix)]
        self.place.remove();
    }
}

/// Where the socket lies.
#[cfg(unix)]
#[derive(Debug)]
struct Place {
    socket: std::path::PathBuf,
    /// Made for it alone, since the attempt's folder has too long a name for a socket.
    short: Option<std::path::PathBuf>,
}

#[cfg(unix)]
impl Place {
    /// Longest name of a socket that all systems take.
    const MAX_NAME: usize = 100;

    fn make(folder: &Path) -> std::io::Result<Self> {
        use std::os::unix::{ffi::OsStrExt, fs::DirBuilderExt};
        let socket = folder.join("ask");
        if socket.as_os_str().as_bytes().len() <= Self::MAX_NAME {
            // What a former process left there.
            let _ = std::fs::remove_file(&socket);
            return Ok(Self { socket, short: None });
        }
        let process = std::process::id();
        for n in 0..1000 {
            let short = std::env::temp_dir().join(format!("coord-ask-{process}-{n}"));
            match std::fs::DirBuilder::new().mode(0o700).create(&short) {
                Ok(()) => {
                    return Ok(Self {
                        socket: short.join("ask"),
                        short: Some(short),
                    });
                }
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        Err(std::io::Error::from(std::io::ErrorKind::AlreadyExists))
    }

    fn remove(&self) {
        let _ = std::fs::remove_file(&self.socket);
        if let Some(short) = &self.short {
            let _ = std::fs::remove_dir(short);
        }
    }
}

impl Shared {
    /// One connection: one question.
    async fn serve(self: Arc<Self>, stream: impl tokio::io::AsyncRead + tokio::io::AsyncWrite + Send) {
        let (reader, mut writer) = tokio::io::split(stream);
        let mut reader = BufReader::new(reader.take(MAX_LINE));
        let mut line = String::new();
        let read = tokio::time::timeout(PATIENCE, reader.read_line(&mut line)).await;
        let (Ok(Ok(1..)), Ok(question)) = (read, serde_json::from_str::<Question>(&line)) else {
            return;
        };
        if question.secret != self.secret {
            return;
        }
        let outcome = match check(question) {
            Err(words) => Some(Outcome::None(words)),
            Ok((question, options)) => self.ask(question, options, &mut reader).await,
        };
        if let Some(outcome) = outcome
            && let Ok(text) = serde_json::to_string(&outcome)
        {
            let _ = writer.write_all(format!("{text}\n").as_bytes()).await;
            let _ = writer.shutdown().await;
        }
    }

    /// Waits for the answer, as long as the other side does.
    async fn ask(
        self: &Arc<Self>,
        question: String,
        options: Vec<String>,
        reader: &mut (impl tokio::io::AsyncBufRead + Unpin),
    ) -> Option<Outcome> {
        let Ok(_room) = self.room.try_acquire() else {
            return Some(Outcome::None("Too many questions are open; ask one at a time.".to_owned()));
        };
        let known = self.parked().remove(&question);
        let (id, mut answer) = match known {
            Some(waiting) => waiting,
            None => {
                let id = self.next.fetch_add(1, Ordering::Relaxed);
                let (sender, receiver) = oneshot::channel();
                let asked = Asked::Question {
                    id,
                    question: question.clone(),
                    options,
                    answer: sender,
                };
                self.asked.send(asked).await.ok()?;
                (id, receiver)
            }
        };
        let mut more = String::new();
        tokio::select! {
            biased;
            said = &mut answer => Some(match said {
                Ok(Some(words)) => Outcome::Answer(words),
                Ok(None) | Err(_) => Outcome::None("Nobody answered: the work is being ended, or the question was declined.".to_owned()),
            }),
            // A word before the end means that the question is asked again soon; the end alone, that nobody waits.
            read = reader.read_line(&mut more) => {
                if matches!(read, Ok(1..)) {
                    self.park(question, (id, answer));
                } else {
                    let _ = self.asked.send(Asked::Gone { id }).await;
                }
                None
            }
        }
    }

    fn parked(&self) -> std::sync::MutexGuard<'_, HashMap<String, Waiting>> {
        self.parked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn park(self: &Arc<Self>, question: String, waiting: Waiting) {
        let id = waiting.0;
        let mut parked = self.parked();
        if parked.len() >= MAX_OPEN {
            return;
        }
        parked.insert(question.clone(), waiting);
        drop(parked);
        let shared = Arc::clone(self);
        tokio::spawn(async move {
            tokio::time::sleep(PARKED).await;
            let left = shared.parked().get(&question).is_some_and(|waiting| waiting.0 == id);
            if left {
                shared.parked().remove(&question);
                let _ = shared.asked.send(Asked::Gone { id }).await;
            }
        });
    }
}

/// A question as people are to see it.
fn check(question: Question) -> Result<(String, Vec<String>), String> {
    let words = question.question.trim();
    if words.is_empty() || words.len() > MAX_QUESTION {
        return Err(format!("The question must have 1 to {MAX_QUESTION} bytes."));
    }
    if question.options.len() > MAX_OPTIONS
        || question
            .options
            .iter()
            .any(|option| option.trim().is_empty() || option.len() > MAX_OPTION)
    {
        return Err(format!("At most {MAX_OPTIONS} options of 1 to {MAX_OPTION} bytes may be offered."));
    }
    Ok((words.to_owned(), question.options))
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use tokio::net::UnixStream;

    const SECRET_TEXT: &str = "s3cret";

    fn open(folder: &Path) -> Channel {
        let place = AskPlace {
            program: "coord-runner".into(),
            folder: folder.to_path_buf(),
        };
        Channel::open(AttemptId(uuid::Uuid::from_u128(7)), &place, SECRET_TEXT.to_owned()).unwrap()
    }

    async fn ask(channel: &Channel, secret: &str, question: &str, options: &[&str]) -> UnixStream {
        let mut stream = UnixStream::connect(&channel.server.args[1]).await.unwrap();
        let line = serde_json::json!({"secret": secret, "question": question, "options": options}).to_string();
        stream.write_all(format!("{line}\n").as_bytes()).await.unwrap();
        stream
    }

    async fn heard(mut stream: UnixStream) -> String {
        let mut text = String::new();
        stream.read_to_string(&mut text).await.unwrap();
        text
    }

    async fn question(channel: &mut Channel) -> (u64, oneshot::Sender<Option<String>>) {
        match channel.next().await {
            Asked::Question { id, answer, .. } => (id, answer),
            Asked::Gone { id } => panic!("{id} is gone"),
        }
    }

    #[tokio::test]
    async fn agt_4_only_who_knows_the_secret_asks_and_only_in_bounds() {
        let folder = tempfile::tempdir().unwrap();
        let mut channel = open(folder.path());
        assert_eq!(heard(ask(&channel, "guess", "Which?", &[]).await).await, "");
        let long = "x".repeat(MAX_QUESTION + 1);
        assert!(heard(ask(&channel, SECRET_TEXT, &long, &[]).await).await.contains("must have 1 to"));
        assert!(heard(ask(&channel, SECRET_TEXT, "Which?", &[""]).await).await.contains("options"));
        let stream = ask(&channel, SECRET_TEXT, "Which?", &["a"]).await;
        let (_, answer) = question(&mut channel).await;
        answer.send(Some("this one".to_owned())).unwrap();
        assert_eq!(heard(stream).await, "{\"answer\":\"this one\"}\n");
        let mut open = Vec::new();
        for n in 0..MAX_OPEN {
            open.push(ask(&channel, SECRET_TEXT, &format!("{n}?"), &[]).await);
            std::mem::forget(question(&mut channel).await);
        }
        assert!(heard(ask(&channel, SECRET_TEXT, "One more?", &[]).await).await.contains("Too many"));
    }

    #[tokio::test]
    async fn agt_4_a_question_outlives_the_tool_call_that_asks_it_again_and_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let mut channel = open(folder.path());
        let mut stream = ask(&channel, SECRET_TEXT, "Which?", &[]).await;
        let (first, answer) = question(&mut channel).await;
        stream.write_all(b"later\n").await.unwrap();
        assert_eq!(heard(stream).await, "");
        let again = ask(&channel, SECRET_TEXT, "Which?", &[]).await;
        answer.send(Some("this one".to_owned())).unwrap();
        assert!(heard(again).await.contains("this one"));
        // One whose caller is gone without a word is withdrawn.
        let stream = ask(&channel, SECRET_TEXT, "And?", &[]).await;
        let (second, _answer) = question(&mut channel).await;
        assert!(second > first, "nothing was asked twice");
        drop(stream);
        assert!(matches!(channel.next().await, Asked::Gone { id } if id == second));
    }

    #[tokio::test]
    async fn agt_4_a_folder_with_a_long_name_does_not_matter() {
        let folder = tempfile::tempdir().unwrap();
        let long = folder.path().join("x".repeat(120));
        std::fs::create_dir(&long).unwrap();
        let mut channel = open(&long);
        let place = channel.server.args[1].clone();
        let stream = ask(&channel, SECRET_TEXT, "Which?", &[]).await;
        question(&mut channel).await.1.send(None).unwrap();
        assert!(heard(stream).await.contains("Nobody answered"));
        drop(channel);
        assert!(!Path::new(&place).exists());
    }
}
