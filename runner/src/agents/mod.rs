//! Agents behind one trait. Only [`acp`] knows the Agent Client Protocol's crate; its types never leave that folder.
//!
//! An agent is started or resumed, prompted, answered, told to stop and closed; all else it does arrives as an [`AgentEvent`].

pub mod acp;
pub mod ask;
pub mod command;
pub mod detect;
pub mod doctor;
pub mod process;
pub mod profiles;
pub mod script;
pub mod versions;

use crate::walls::Walls;
use coord_protocol::{
    attempt::FailureReason,
    id::AttemptId,
    log::{PlanStep, SystemLevel, ToolCall, ToolKind, ToolUpdate},
    runner::AgentInfo,
    time::Timestamp,
};
use std::{collections::BTreeMap, future::Future, path::PathBuf, pin::Pin, time::Duration};

/// A future that can be sent between threads.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// How an agent is to be started.
#[derive(Debug, Clone)]
pub struct Launch {
    /// Name in the configuration.
    pub name: String,
    /// Program and arguments.
    pub command: Vec<String>,
    /// Its whole environment.
    pub env: BTreeMap<String, String>,
    /// Its working folder.
    pub folder: PathBuf,
    /// The attempt, by which its processes are found again.
    pub attempt: AttemptId,
    /// Session to go on with.
    pub resume: Option<String>,
    /// Model wished for.
    pub model: Option<String>,
    /// The agent's names of its modes.
    pub modes: Modes,
    /// What it is told with its session, in its own words.
    pub settings: Option<serde_json::Map<String, serde_json::Value>>,
    /// Where it differs from others.
    pub quirks: profiles::Quirks,
    /// How it is called, when it is a command and does not speak ACP.
    pub template: Option<command::Template>,
    /// For agents that need a tool to ask people.
    pub ask: Option<AskPlace>,
    /// Until its first answer.
    pub initialize: Duration,
    /// Until it ends by itself, and again after it was asked to.
    pub exit: Duration,
    /// What keeps it in, and its processes together.
    pub walls: Option<Walls>,
}

/// Where the tool is that asks people.
#[derive(Debug, Clone)]
pub struct AskPlace {
    /// The runner's own program.
    pub program: PathBuf,
    /// Folder of the attempt, for the socket.
    pub folder: PathBuf,
}

/// The agent's own names of its modes.
#[derive(Debug, Clone)]
pub struct Modes {
    /// Only plans.
    pub plan: String,
    /// Works, asking as much as the job wants.
    pub work: String,
    /// An option that is set beside the mode: its name, its value while planning, and its value otherwise.
    pub option: Option<(&'static str, &'static str, &'static str)>,
}

/// What an agent may do by its own mode; the runner enforces the same once more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AgentMode {
    /// Only plans.
    Plan,
    /// Works, and asks for permission.
    Work,
}

/// What is known once an agent has started.
#[derive(Debug, Clone)]
pub struct Started {
    /// Name in the configuration and the version it told.
    pub agent: AgentInfo,
    /// Its session.
    pub session: String,
    /// Whether it goes on with the session asked for.
    pub resumed: bool,
    /// Model, where it tells.
    pub model: Option<String>,
}

/// Why an agent cannot go on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AgentError {
    /// Its command could not be started.
    #[error("{0}")]
    NotStarted(String),
    /// It did not answer in time at its start.
    #[error("{0}")]
    Silent(String),
    /// It said something that is not the protocol.
    #[error("{0}")]
    Protocol(String),
    /// Its process ended.
    #[error("{0}")]
    Crashed(String),
    /// It reached a limit of this runner.
    #[error("{0}")]
    Limit(String),
    /// Somebody has to sign in on this machine.
    #[error("{0}")]
    NotSignedIn(String),
    /// It will not do it.
    #[error("{0}")]
    Refused(String),
    /// Its model's service allows no more for now.
    #[error("{detail}")]
    RateLimited {
        /// Its words.
        detail: String,
        /// When it does again, where that was told.
        retry_at: Option<Timestamp>,
    },
    /// Its model's service failed.
    #[error("{0}")]
    Service(String),
    /// Its model's service cannot be reached.
    #[error("{0}")]
    Network(String),
    /// Its process lived and said nothing for longer than the owner allows.
    #[error("{0}")]
    Stalled(String),
    /// It ended its turn with an error.
    #[error("{detail}")]
    Failed {
        /// Its words.
        detail: String,
        /// Whether trying again may help.
        transient: bool,
    },
}

impl AgentError {
    /// The typed reason.
    #[must_use]
    pub const fn reason(&self) -> FailureReason {
        match self {
            Self::NotStarted(_) => FailureReason::AgentNotStarted,
            Self::Silent(_) => FailureReason::AgentSilent,
            Self::Protocol(_) => FailureReason::AgentProtocol,
            Self::Crashed(_) => FailureReason::AgentCrashed,
            Self::Limit(_) => FailureReason::ResourceLimit,
            Self::NotSignedIn(_) => FailureReason::NotSignedIn,
            Self::Refused(_) => FailureReason::Refused,
            Self::RateLimited { .. } => FailureReason::RateLimited,
            Self::Service(_) => FailureReason::ServiceError,
            Self::Network(_) => FailureReason::Network,
            Self::Stalled(_) => FailureReason::Stalled,
            Self::Failed { .. } => FailureReason::AgentError,
        }
    }

    /// When trying again may help, where that was told.
    #[must_use]
    pub const fn retry_at(&self) -> Option<Timestamp> {
        match self {
            Self::RateLimited { retry_at, .. } => *retry_at,
            _ => None,
        }
    }

    /// Whether trying again may help (AGT-7).
    #[must_use]
    pub const fn transient(&self) -> bool {
        match self {
            Self::Silent(_)
            | Self::Protocol(_)
            | Self::Crashed(_)
            | Self::RateLimited { .. }
            | Self::Service(_)
            | Self::Network(_)
            | Self::Stalled(_) => true,
            Self::Failed { transient, .. } => *transient,
            Self::NotStarted(_) | Self::Limit(_) | Self::NotSignedIn(_) | Self::Refused(_) => false,
        }
    }
}

/// How a turn ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TurnEnd {
    /// The agent is done.
    Done,
    /// It was told to stop.
    Cancelled,
    /// It will not do it.
    Refused,
    /// It ran into a limit of its own.
    Limit,
}

/// Tokens of one turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tokens {
    /// Read by the model.
    pub input: i64,
    /// Written by the model.
    pub output: i64,
}

/// Names a question of the agent until it is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AskId(pub u64);

/// Something the agent asks.
#[derive(Debug, Clone, PartialEq)]
pub enum AgentAsk {
    /// To run a tool.
    Permission {
        /// The tool call, as far as the agent described it.
        call: ToolCall,
        /// Whether the kind of tool was told.
        kind_told: bool,
        /// The plan, when what it asks is to leave planning.
        plan: Option<String>,
    },
    /// A question with one or more fields.
    Question {
        /// The words.
        message: String,
        /// What is to be filled in, in order.
        fields: Vec<Field>,
    },
}

/// A field of a question.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// The agent's name of it.
    pub name: String,
    /// Words for people.
    pub title: String,
    /// More of them.
    pub words: Option<String>,
    /// What it takes.
    pub takes: Takes,
    /// Field that takes free words instead of a choice.
    pub note: Option<String>,
}

/// What a field of a question takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Takes {
    /// Words.
    Text,
    /// One of some values, with their labels.
    One(Vec<(String, String)>),
    /// Several of some values, with their labels.
    Many(Vec<(String, String)>),
    /// Yes or no.
    YesNo,
    /// A whole number.
    Integer,
    /// A number.
    Number,
}

/// The value of a field.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Words.
    Text(String),
    /// Several values.
    Many(Vec<String>),
    /// Yes or no.
    YesNo(bool),
    /// A whole number.
    Integer(i64),
    /// A number.
    Number(f64),
}

/// The answer to what an agent asked.
#[derive(Debug, Clone, PartialEq)]
pub enum Reply {
    /// The tool may run, this once.
    Allow,
    /// It may not.
    Reject,
    /// The turn is being ended.
    Cancelled,
    /// The fields, filled in.
    Filled(BTreeMap<String, Value>),
    /// The question stays unanswered.
    Declined,
}

/// What an agent does.
#[derive(Debug)]
pub enum AgentEvent {
    /// Words.
    Text(String),
    /// Thinking.
    Thought(String),
    /// Output as it is printed.
    Output(String),
    /// The session it can go on with later.
    Session(String),
    /// A tool call begins.
    ToolCall(ToolCall),
    /// A tool call goes on or ends.
    ToolUpdate(ToolUpdate, Option<ToolKind>),
    /// Its plan, whole.
    Plan(Vec<PlanStep>),
    /// What the session has cost so far in US dollars.
    Cost(f64),
    /// It asks.
    Ask(AskId, AgentAsk),
    /// It no longer asks.
    Withdrawn(AskId),
    /// Something worth a line in the log.
    Notice(SystemLevel, String),
    /// A turn ended.
    TurnEnded(Result<(TurnEnd, Option<Tokens>), AgentError>),
    /// The agent is gone; nothing follows.
    Gone(AgentError),
}

/// Starts an agent, and opens or resumes its session where it has one.
///
/// # Errors
/// Typed, with words for a person. Then none of its processes is left.
pub async fn start(launch: Launch) -> Result<Box<dyn Agent>, AgentError> {
    match launch.template {
        Some(_) => command::start(launch),
        None => acp::start(launch).await,
    }
}

/// A running agent with one session.
pub trait Agent: Send {
    /// Who it is.
    fn started(&self) -> &Started;

    /// Begins a turn; ends with [`AgentEvent::TurnEnded`] or [`AgentEvent::Gone`].
    fn prompt(&mut self, text: &str);

    /// Answers what was asked. Answering twice, or what was withdrawn, changes nothing.
    fn reply(&mut self, ask: AskId, reply: Reply);

    /// Tells the agent to end its turn.
    fn cancel(&mut self);

    /// Asks the agent to change its mode; best effort.
    fn mode(&mut self, mode: AgentMode);

    /// The next thing it does. After [`AgentEvent::Gone`] this waits for ever. May be dropped at any time without loss.
    fn next(&mut self) -> BoxFuture<'_, AgentEvent>;

    /// Ends its processes, all of them: asked first, or at once.
    fn close(self: Box<Self>, at_once: bool) -> BoxFuture<'static, ()>;
}
