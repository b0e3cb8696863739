//! The log of an attempt: ordered, typed, numbered from 1 without gaps (AGT-10).

use crate::{
    attempt::Usage,
    id::{MessageId, RequestId},
    request::{Answer, Ask},
    time::Timestamp,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Longest text of one entry in bytes of UTF-8; the runner splits longer ones.
pub const MAX_TEXT: usize = 32 * 1024;

/// Longest encoded entry in bytes of JSON. A `request` or a tool's diff may be longer than plain text.
pub const MAX_ENTRY: usize = 256 * 1024;

/// One entry.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct LogEntry {
    /// Counts from 1 without gaps in an attempt.
    pub seq: i64,
    /// When the runner wrote it down.
    pub at: Timestamp,
    /// What it says.
    #[serde(flatten)]
    pub body: LogBody,
}

/// What an entry says; `kind` on the wire.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum LogBody {
    /// A line of Coord itself: stages, retries with their reason, git, policy decisions.
    System {
        /// The words.
        text: String,
        /// How it should look.
        #[serde(default)]
        level: SystemLevel,
    },
    /// Words of the agent (Markdown); consecutive entries continue one another.
    Text {
        /// The words.
        text: String,
    },
    /// The agent's thinking.
    Thought {
        /// The words.
        text: String,
    },
    /// A message from a person to the agent, at the moment the agent received it.
    UserMessage {
        /// The message, when it came through the API.
        #[serde(default)]
        message: Option<MessageId>,
        /// Name of the sender.
        from: String,
        /// The words.
        text: String,
    },
    /// A tool call begins.
    ToolCall(ToolCall),
    /// A tool call goes on or ends. Absent fields are unchanged.
    ToolUpdate(ToolUpdate),
    /// The agent's plan, whole, each time it changes.
    Plan {
        /// Its steps in order.
        steps: Vec<PlanStep>,
    },
    /// The agent asks people.
    Request {
        /// Id chosen by the runner.
        request: RequestId,
        /// What is asked.
        ask: Ask,
    },
    /// The answer reached the agent.
    Answer {
        /// Which request.
        request: RequestId,
        /// The answer.
        answer: Answer,
        /// Name of who answered; `policy` when the runner did.
        by: String,
    },
    /// Usage so far in this attempt.
    Usage {
        /// Totals.
        usage: Usage,
    },
    /// Raw output of a program, with ANSI escapes.
    Output {
        /// The tool call that wrote it, if known.
        #[serde(default)]
        tool_call: Option<String>,
        /// A piece of output; not necessarily whole lines.
        text: String,
    },
}

/// How a system line should look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SystemLevel {
    /// Plain.
    #[default]
    Info,
    /// Needs a look.
    Warning,
    /// Something broke.
    Error,
}

/// Kind of a tool, as ACP names them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the words are those of the Agent Client Protocol")]
pub enum ToolKind {
    Read,
    Edit,
    Delete,
    Move,
    Search,
    Execute,
    Think,
    Fetch,
    SwitchMode,
    #[default]
    #[serde(other)]
    Other,
}

/// Where a tool call stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the words are those of the Agent Client Protocol")]
pub enum ToolStatus {
    #[default]
    Pending,
    InProgress,
    Completed,
    Failed,
}

/// A change of one file, as the agent told it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FileDiff {
    /// Path relative to the working folder.
    pub path: String,
    /// Unified diff text.
    pub diff: String,
}

/// A tool call begins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ToolCall {
    /// Id within the attempt.
    pub tool_call: String,
    /// One line.
    pub title: String,
    /// Kind of tool. `tool` on the wire, since `kind` names the entry's kind.
    #[serde(default)]
    pub tool: ToolKind,
    /// Where it stands.
    #[serde(default)]
    pub status: ToolStatus,
    /// Files it touches, relative to the working folder.
    #[serde(default)]
    pub paths: Vec<String>,
    /// Markdown or plain output so far.
    #[serde(default)]
    pub content: Option<String>,
    /// File changes.
    #[serde(default)]
    pub diffs: Vec<FileDiff>,
}

/// A tool call goes on or ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ToolUpdate {
    /// Id within the attempt.
    pub tool_call: String,
    /// New title.
    #[serde(default)]
    pub title: Option<String>,
    /// New status.
    #[serde(default)]
    pub status: Option<ToolStatus>,
    /// Content, replacing the former.
    #[serde(default)]
    pub content: Option<String>,
    /// File changes, replacing the former.
    #[serde(default)]
    pub diffs: Vec<FileDiff>,
}

/// A step of the agent's plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PlanStep {
    /// The words.
    pub text: String,
    /// Where it stands.
    pub status: PlanStatus,
}

/// Where a step of a plan stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the words are those of the Agent Client Protocol")]
pub enum PlanStatus {
    Pending,
    InProgress,
    Completed,
}

/// A page of a log: `GET /attempts/{attempt}/log`, and each message of `…/log/live`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct LogPage {
    /// Entries in order of `seq`.
    pub items: Vec<LogEntry>,
    /// Highest stored sequence number at the time of reading.
    pub head: i64,
}
