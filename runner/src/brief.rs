//! What is told of one attempt at a glance, kept as its log is written and made again from the log after a restart.

use coord_protocol::{
    attempt::Usage,
    id::RequestId,
    log::{LogBody, LogEntry},
    request::Ask,
    runner::AgentInfo,
    time::Timestamp,
};
use std::sync::Arc;

/// Longest title of a tool call kept, in bytes.
const MAX_TITLE: usize = 300;

/// Requests kept at most; agents ask a few things at once, not hundreds.
const MAX_OPEN: usize = 64;

/// Something the agent waits for.
#[derive(Debug, Clone, PartialEq)]
pub struct Waiting {
    /// Which request.
    pub request: RequestId,
    /// Since when.
    pub since: Timestamp,
    /// What is asked.
    pub ask: Arc<Ask>,
}

/// An attempt at a glance.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Brief {
    /// When its first line was written.
    pub began: Option<Timestamp>,
    /// The agent that runs, once it has started.
    pub agent: Option<AgentInfo>,
    /// Its model, where it tells.
    pub model: Option<String>,
    /// Title of the last tool call.
    pub tool: Option<String>,
    /// Tokens and cost so far.
    pub usage: Usage,
    /// What waits for a person, oldest first.
    pub open: Vec<Waiting>,
    /// The request that was answered last, and by whom.
    pub answered: Option<(RequestId, String)>,
    /// Number of the last line.
    pub last: i64,
}

impl Brief {
    /// Takes an entry in.
    pub fn take(&mut self, entry: &LogEntry) {
        self.began.get_or_insert(entry.at);
        self.last = entry.seq;
        match &entry.body {
            LogBody::ToolCall(call) => self.tool = Some(cut(&call.title)),
            LogBody::Usage { usage } => self.usage = *usage,
            LogBody::Request { request, ask } if self.open.len() < MAX_OPEN => self.open.push(Waiting {
                request: *request,
                since: entry.at,
                ask: Arc::new(ask.clone()),
            }),
            LogBody::Answer { request, by, .. } => {
                self.open.retain(|waiting| waiting.request != *request);
                self.answered = Some((*request, cut(by)));
            }
            LogBody::Request { .. }
            | LogBody::ToolUpdate(_)
            | LogBody::System { .. }
            | LogBody::Text { .. }
            | LogBody::Thought { .. }
            | LogBody::UserMessage { .. }
            | LogBody::Plan { .. }
            | LogBody::Output { .. } => {}
        }
    }
}

fn cut(text: &str) -> String {
    text[..text.floor_char_boundary(MAX_TITLE)].to_owned()
}
