//! An attempt from its assignment to its end: prepare, run the agent, hand in.
//!
//! One task per attempt. Decisions are in [`policy`], [`questions`] and [`prompt`], what the log tells in [`memory`]; [`conversation`]
//! is the exchange with one agent process. A restart of the runner enters here again with what the spool holds.

pub mod conversation;
pub mod fit;
pub mod journal;
pub mod memory;
pub mod package;
pub mod policy;
pub mod prepare;
pub mod prompt;
pub mod questions;
pub mod retry;
pub mod turn;

use crate::{
    agents::{AgentError, Launch, detect, process},
    clock::Clock,
    config::Config,
    disk,
    git::{
        GitError,
        mirror::{self, Locks},
        tree::Start,
    },
    http::Http,
    mask::Masker,
    outbox::{Outbox, Pausing},
    spool::{SpoolError, Stage, State},
    walls::{self, Standing},
};
use conversation::{Conversation, Opening};
use coord_protocol::{
    attempt::FailureReason,
    id::{MessageId, RequestId},
    job::{Activity, Context, Mode},
    log::{LogBody, SystemLevel},
    request::Answer,
    runner::{Assignment, Finished, WorkResult},
    time::Timestamp,
};
use git2::Oid;
use journal::Journal;
use memory::{MAX_SUMMARY, Memory};
use std::{collections::VecDeque, future::Future, path::PathBuf, sync::Arc, time::Instant};
use tokio::sync::mpsc;

/// What all attempts share.
#[derive(Debug)]
pub struct Host {
    /// The owner's configuration.
    pub config: Config,
    /// The way to the server for large bodies.
    pub http: Http,
    /// Time, ids, chance.
    pub clock: Clock,
    /// Knows the secrets.
    pub masker: Arc<Masker>,
    /// Whose turn it is on a repository.
    pub locks: Locks,
}

/// What an attempt is told while it runs.
#[derive(Debug, Clone, PartialEq)]
pub enum Order {
    /// A person answered.
    Answer {
        /// Which request.
        request: RequestId,
        /// The answer.
        answer: Answer,
        /// Who.
        by: String,
    },
    /// A person writes to the agent.
    Message(Message),
    /// End: gracefully or at once.
    Stop {
        /// At once.
        kill: bool,
    },
    /// A graceful end was asked for a second time: a tool call that runs is not waited for.
    Hurry,
    /// The claim is lost: end the agent, keep the work, say nothing more.
    Drop,
    /// This program ends now: end the agent, say nothing, so that the next start goes on.
    Abandon,
}

/// A message to the agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The message.
    pub id: MessageId,
    /// Who wrote it.
    pub from: String,
    /// The words.
    pub body: String,
    /// End the current turn first.
    pub interrupt: bool,
}

/// Why the work does not go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Halt {
    /// It cannot be done.
    Failed(FailureReason, String),
    /// The agent's model allows no more for now, and when it does again if that is known.
    Limited(String, Option<Timestamp>),
    /// The repository does not answer.
    Unreachable(String),
    /// It was stopped as asked.
    Stopped,
    /// The claim is lost.
    Dropped,
    /// This program ends.
    Abandoned,
}

impl Halt {
    /// A failure of the disk, or of what should be on it.
    #[must_use]
    pub fn disk(what: &str, error: &std::io::Error) -> Self {
        Self::Failed(
            FailureReason::Disk,
            format!("{what} cannot be written on the runner's machine: {error}"),
        )
    }
}

impl From<SpoolError> for Halt {
    fn from(error: SpoolError) -> Self {
        Self::Failed(
            FailureReason::Disk,
            format!("the log cannot be written on the runner's machine: {}", error.source),
        )
    }
}

impl From<GitError> for Halt {
    fn from(error: GitError) -> Self {
        match error {
            GitError::Unreachable(words) => Self::Unreachable(words),
            other => Self::Failed(other.reason(), other.to_string()),
        }
    }
}

impl From<AgentError> for Halt {
    fn from(error: AgentError) -> Self {
        match error {
            AgentError::RateLimited { detail, retry_at } => Self::Limited(detail, retry_at),
            other => Self::Failed(other.reason(), other.to_string()),
        }
    }
}

/// How an attempt left this process.
#[derive(Debug)]
pub enum Outcome {
    /// It ended; the server is to be told.
    Ended(Box<Finished>),
    /// The claim is lost, or this program ends: nothing is told.
    Silent,
}

/// One attempt at work.
#[derive(Debug)]
pub struct Attempt {
    host: Arc<Host>,
    assignment: Assignment,
    outbox: Arc<Outbox>,
    journal: Journal,
    state: State,
    orders: mpsc::Receiver<Order>,
    /// Messages that wait for the end of a turn, in order.
    queue: VecDeque<Message>,
    stop_asked: bool,
    began: Instant,
    last_cost: f64,
    done_with: Option<PathBuf>,
}

/// Runs an attempt, from the beginning or from where a former process left it.
pub async fn run(
    host: Arc<Host>,
    assignment: Assignment,
    outbox: Arc<Outbox>,
    memory: Memory,
    state: State,
    orders: mpsc::Receiver<Order>,
) -> Outcome {
    let assignment = prepare::within_policy(&host.config.policy, assignment);
    let journal = Journal::new(Arc::clone(&outbox), Arc::clone(&host.masker), memory);
    let attempt = Attempt {
        host,
        assignment,
        outbox,
        journal,
        state,
        orders,
        queue: VecDeque::new(),
        stop_asked: false,
        began: Instant::now(),
        last_cost: 0.0,
        done_with: None,
    };
    attempt.run().await
}

impl Attempt {
    async fn run(mut self) -> Outcome {
        let result = self.work().await;
        let (result, branch) = match result {
            Ok(branch) => (WorkResult::Completed, branch),
            Err((Halt::Dropped | Halt::Abandoned, _)) => return Outcome::Silent,
            Err((Halt::Stopped, branch)) => (WorkResult::Stopped, branch),
            Err((Halt::Unreachable(detail), branch)) => (WorkResult::RepositoryUnreachable { detail }, branch),
            Err((Halt::Failed(reason, detail), branch)) => {
                let retry_at = None;
                (WorkResult::Failed { reason, detail, retry_at }, branch)
            }
            Err((Halt::Limited(detail, retry_at), branch)) => {
                let reason = FailureReason::RateLimited;
                (WorkResult::Failed { reason, detail, retry_at }, branch)
            }
        };
        let result = self.last_words(result);
        let mut usage = self.journal.memory.usage;
        usage.wall_ms = self.wall_ms();
        let summary = self.journal.memory.summary().map(|words| fit::shorten(&words, MAX_SUMMARY));
        let finished = self.host.masker.value(Finished {
            attempt: self.assignment.attempt,
            fence: self.assignment.fence,
            last_seq: self.journal.last(),
            result,
            summary,
            usage,
            branch,
            session: self.state.session.clone(),
            agent: self.state.agent.clone(),
            model: self.state.model.clone(),
            sandboxed: self.state.sandboxed,
        });
        walls::scratch::clear(&self.host.config, self.assignment.attempt);
        self.state.finished = Some(finished.clone());
        match (self.outbox.save(&self.state), self.done_with.take()) {
            // Not before: a restart does the packaging again, from this folder.
            (Ok(()), Some(folder)) => drop(tokio::fs::remove_dir_all(folder).await),
            (Ok(()), None) => {}
            // Told all the same, since it is in memory.
            (Err(error), _) => tracing::error!("{error}"),
        }
        Outcome::Ended(Box::new(finished))
    }

    /// The last line of the log. A full disk takes it from the reserve.
    fn last_words(&mut self, result: WorkResult) -> WorkResult {
        let (level, words) = match &result {
            WorkResult::Completed => (SystemLevel::Info, "Finished".to_owned()),
            WorkResult::Stopped => (SystemLevel::Info, "Stopped".to_owned()),
            WorkResult::RepositoryUnreachable { detail } => (SystemLevel::Error, detail.clone()),
            WorkResult::Failed { detail, .. } => (SystemLevel::Error, detail.clone()),
        };
        if let WorkResult::Failed {
            reason: FailureReason::Disk,
            ..
        } = result
        {
            self.outbox.release_reserve();
        }
        match self.journal.system(level, words) {
            Ok(()) => result,
            Err(error) => {
                self.outbox.release_reserve();
                match Halt::from(error) {
                    Halt::Failed(reason, detail) if result == WorkResult::Completed => WorkResult::Failed {
                        reason,
                        detail,
                        retry_at: None,
                    },
                    _ => result,
                }
            }
        }
    }

    async fn work(
        &mut self,
    ) -> Result<Option<coord_protocol::attempt::BranchReport>, (Halt, Option<coord_protocol::attempt::BranchReport>)> {
        let (folder, start) = self.prepare().await.map_err(|halt| (halt, None))?;
        let talked = if self.state.stage == Stage::Packaging {
            Ok(())
        } else {
            self.talk(&folder, start.as_ref()).await
        };
        match talked {
            Ok(()) => {}
            // What it did is kept, whatever it ended with (AGT-6).
            Err(halt @ (Halt::Stopped | Halt::Failed(..) | Halt::Limited(..))) if start.is_some() || halt == Halt::Stopped => {
                if matches!(halt, Halt::Failed(FailureReason::Disk, _)) {
                    return Err((halt, None));
                }
                let branch = match self.package(folder, start).await {
                    Ok(branch) => branch,
                    Err((lost @ (Halt::Dropped | Halt::Abandoned), _)) => return Err((lost, None)),
                    Err((also, branch)) => {
                        let words = format!("What was done could not be handed in: {also:?}");
                        self.journal
                            .system(SystemLevel::Warning, words)
                            .map_err(|error| (error.into(), None))?;
                        branch
                    }
                };
                return Err((halt, branch));
            }
            Err(halt) => return Err((halt, None)),
        }
        self.package(folder, start).await
    }

    fn save(&mut self) -> Result<(), Halt> {
        self.outbox.save(&self.state).map_err(Halt::from)
    }

    fn wall_ms(&self) -> i64 {
        self.state.wall_ms + i64::try_from(self.began.elapsed().as_millis()).unwrap_or(i64::MAX)
    }

    /// Makes the working folder, or finds the one a former process made.
    async fn prepare(&mut self) -> Result<(PathBuf, Option<Start>), Halt> {
        prepare::check_policy(&self.host, &self.assignment)?;
        let folder = prepare::working_folder(&self.host, &self.assignment);
        if !self.journal.memory.is_empty() {
            self.journal.system(SystemLevel::Warning, "The runner was restarted and goes on")?;
            self.withdraw_all()?;
            process::sweep(self.assignment.attempt).await;
        }
        let made = self.state.stage != Stage::Preparing && folder.is_dir();
        let start = self.state.start.as_ref().and_then(parse_start);
        let needs_start = matches!(self.assignment.context, Context::Repository { .. });
        if made && start.is_some() == needs_start {
            return Ok((folder, start));
        }
        self.outbox.activity(Activity::Preparing);
        disk::make_room(&self.host).await;
        let work = prepare::prepare(Arc::clone(&self.host), self.assignment.clone());
        let prepared = self.unless_ordered(work, true).await??;
        for (level, words) in prepared.lines {
            self.journal.system(level, words)?;
        }
        self.state.stage = Stage::Working;
        self.state.start = prepared.start.as_ref().map(write_start);
        self.save()?;
        Ok((prepared.folder, prepared.start))
    }

    /// Works on something that an order may end. With `stoppable` a graceful stop ends it too; otherwise it is done first.
    async fn unless_ordered<T>(&mut self, work: impl Future<Output = T>, stoppable: bool) -> Result<T, Halt> {
        tokio::pin!(work);
        loop {
            tokio::select! {
                result = &mut work => return Ok(result),
                order = self.orders.recv() => match order {
                    Some(Order::Drop) => return Err(Halt::Dropped),
                    Some(Order::Abandon) | None => return Err(Halt::Abandoned),
                    Some(Order::Stop { kill }) if kill || stoppable => return Err(Halt::Stopped),
                    Some(Order::Hurry) if stoppable => return Err(Halt::Stopped),
                    Some(Order::Stop { .. } | Order::Hurry) => self.stop_asked = true,
                    Some(Order::Message(message)) => self.enqueue(message),
                    // The agent that asked is gone; the request was withdrawn in the log.
                    Some(Order::Answer { .. }) => {}
                },
            }
        }
    }

    /// Takes a message in, once.
    fn enqueue(&mut self, message: Message) {
        let known = self.journal.memory.delivered.contains(&message.id) || self.queue.iter().any(|waiting| waiting.id == message.id);
        if !known {
            self.queue.push_back(message);
        }
    }

    /// Closes what nobody will answer any more: the agent that asked is gone or was told to stop.
    fn withdraw_all(&mut self) -> Result<(), SpoolError> {
        let open: Vec<RequestId> = self.journal.memory.open.keys().copied().collect();
        for request in open {
            self.journal.write(LogBody::Answer {
                request,
                answer: Answer { choice: None, body: None },
                by: POLICY.to_owned(),
            })?;
        }
        Ok(())
    }

    /// Runs agents until one has done the work, retrying after transient errors (AGT-7).
    async fn talk(&mut self, folder: &std::path::Path, start: Option<&Start>) -> Result<(), Halt> {
        prepare::leave_out_missing(folder, &mut self.assignment);
        let first = prompt::first(&self.assignment, start.map(|start| start.branch.as_str()));
        let mut retries = 0;
        let mut told = false;
        loop {
            let interrupted = self.state.prompted || retries > 0;
            let opening = if interrupted { Opening::Interrupted } else { Opening::Fresh };
            let mut launch = detect::launch(&self.host.config, &self.assignment, folder)
                .map_err(|words| Halt::Failed(FailureReason::AgentNotStarted, words))?;
            let standing = self.wall_in(&mut launch)?;
            if !told {
                self.journal.system(SystemLevel::Info, standing.words())?;
                told = true;
            }
            let error = match Conversation::begin(self, launch, opening, &first).await {
                Ok(conversation) => match conversation.run().await {
                    Ok(()) => return Ok(()),
                    Err(conversation::End::Halt(halt)) => return Err(halt),
                    Err(conversation::End::Broken { error, progress }) => {
                        if progress {
                            retries = 0;
                        }
                        error
                    }
                },
                Err(conversation::End::Halt(halt)) => return Err(halt),
                Err(conversation::End::Broken { error, .. }) => error,
            };
            self.journal.flush()?;
            self.withdraw_all()?;
            if self.stop_asked {
                return Err(Halt::Stopped);
            }
            retries += 1;
            let retry = &self.host.config.retry;
            let Some(pause) = retry::pause(retry, &error, retries, self.host.clock.now()) else {
                return Err(error.into());
            };
            let limit = retry.limit;
            let words = format!("{error}. Retry {retries} of {limit} in {}", retry::spoken(pause));
            self.journal.system(SystemLevel::Warning, words)?;
            let pausing = Pausing::Backoff {
                reason: error.reason(),
                until: Instant::now() + pause,
                retry: retries,
                limit,
            };
            self.outbox.pausing(Activity::Retrying, pausing);
            self.unless_ordered(tokio::time::sleep(pause), true).await?;
        }
    }

    /// Gives the agent a place of its own for what is temporary, and its walls.
    fn wall_in(&mut self, launch: &mut Launch) -> Result<Standing, Halt> {
        let config = &self.host.config;
        let objects = match &self.assignment.context {
            Context::Repository { url, .. } => mirror::objects(config, url),
            Context::Local => None,
        };
        let profile = config.agents.get(&launch.name).cloned().unwrap_or_default();
        let standing = walls::build(config, launch, &profile, objects.as_deref())
            .map_err(|words| Halt::Failed(FailureReason::AgentNotStarted, words))?;
        self.state.sandboxed = Some(standing == Standing::Inside);
        Ok(standing)
    }

    async fn package(
        &mut self,
        folder: PathBuf,
        start: Option<Start>,
    ) -> Result<Option<coord_protocol::attempt::BranchReport>, (Halt, Option<coord_protocol::attempt::BranchReport>)> {
        let alone = |halt: Halt| (halt, None);
        self.state.stage = Stage::Packaging;
        self.state.wall_ms = self.wall_ms();
        self.began = Instant::now();
        self.save().map_err(alone)?;
        self.outbox.activity(Activity::Packaging);
        let work = package::package(Arc::clone(&self.host), self.assignment.clone(), folder, start);
        let packaged = self.unless_ordered(work, false).await.map_err(alone)?.map_err(alone)?;
        for (level, words) in packaged.lines {
            self.journal.system(level, words).map_err(|error| (error.into(), None))?;
        }
        self.done_with = packaged.done_with;
        match packaged.problem {
            Some(halt) => Err((halt, packaged.branch)),
            None => Ok(packaged.branch),
        }
    }

    /// Whether the agent may not change anything yet.
    fn planning(&self) -> bool {
        self.assignment.mode == Mode::Plan && !self.state.plan_accepted
    }
}

/// Who answers when the runner does.
pub const POLICY: &str = "policy";

fn write_start(start: &Start) -> crate::spool::SavedStart {
    crate::spool::SavedStart {
        branch: start.branch.clone(),
        base: start.base.to_string(),
        commit: start.commit.to_string(),
        remote: start.remote.map(|id| id.to_string()),
    }
}

fn parse_start(saved: &crate::spool::SavedStart) -> Option<Start> {
    Some(Start {
        branch: saved.branch.clone(),
        base: Oid::from_str(&saved.base).ok()?,
        commit: Oid::from_str(&saved.commit).ok()?,
        remote: match &saved.remote {
            Some(id) => Some(Oid::from_str(id).ok()?),
            None => None,
        },
    })
}
