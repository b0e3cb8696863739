//! The tool each working agent used last. In memory only: a call of a tool is in the log, and here for a glance (CAN-5).

use super::Live;
use coord_domain::validate::glance;
use coord_protocol::{
    attempt::{LAST_TOOL_TITLE, LastTool},
    id::{AttemptId, JobId, WorkspaceId},
    log::{LogBody, LogEntry},
};
use std::{collections::HashMap, sync::Mutex};

/// Longest id of a tool call that is remembered. Updates to a call with a longer one are not followed.
const MAX_ID: usize = 200;

/// One per attempt that a runner holds, so as many as there are places on runners.
#[derive(Default)]
pub(super) struct Tools(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    attempts: HashMap<AttemptId, Known>,
    changes: u64,
}

struct Known {
    workspace: WorkspaceId,
    job: JobId,
    tool: LastTool,
    changed: u64,
}

/// What an agent used last, to be told.
pub struct Used {
    /// The job.
    pub job: JobId,
    /// Its attempt.
    pub attempt: AttemptId,
    /// The tool.
    pub tool: LastTool,
}

impl Tools {
    fn set(&self, workspace: WorkspaceId, job: JobId, attempt: AttemptId, tool: LastTool) {
        let mut kept = super::lock(&self.0);
        kept.changes += 1;
        let changed = kept.changes;
        let known = Known {
            workspace,
            job,
            tool,
            changed,
        };
        kept.attempts.insert(attempt, known);
    }

    fn forget(&self, attempt: AttemptId) {
        super::lock(&self.0).attempts.remove(&attempt);
    }
}

impl Live {
    /// The tool that the agent of an attempt used last.
    #[must_use]
    pub fn last_tool(&self, attempt: AttemptId) -> Option<LastTool> {
        super::lock(&self.0.tools.0).attempts.get(&attempt).map(|known| known.tool.clone())
    }

    /// What agents in a workspace used since `before`, and the number to ask with next. 0 asks for all.
    #[must_use]
    pub fn tools_used(&self, workspace: WorkspaceId, before: u64) -> (Vec<Used>, u64) {
        let kept = super::lock(&self.0.tools.0);
        let used = kept
            .attempts
            .iter()
            .filter(|(_, known)| known.workspace == workspace && known.changed > before)
            .map(|(attempt, known)| Used {
                job: known.job,
                attempt: *attempt,
                tool: known.tool.clone(),
            })
            .collect();
        (used, kept.changes)
    }
}

/// Follows the tools of one attempt; what is known goes when this does.
pub(super) struct Following {
    live: Live,
    workspace: WorkspaceId,
    job: JobId,
    attempt: AttemptId,
    now: Option<Current>,
}

/// A call of a tool, and its id.
#[derive(Clone)]
pub(super) struct Current {
    id: String,
    tool: LastTool,
}

impl Following {
    pub(super) const fn new(live: Live, workspace: WorkspaceId, job: JobId, attempt: AttemptId) -> Self {
        Self {
            live,
            workspace,
            job,
            attempt,
            now: None,
        }
    }

    /// What the entries make of it; nothing when none is about a tool.
    pub(super) fn after(&self, entries: &[LogEntry]) -> Option<Current> {
        let mut next: Option<Current> = None;
        for entry in entries {
            match &entry.body {
                LogBody::ToolCall(call) => {
                    next = Some(Current {
                        id: if call.tool_call.len() <= MAX_ID {
                            call.tool_call.clone()
                        } else {
                            String::new()
                        },
                        tool: LastTool {
                            title: glance(&call.title, LAST_TOOL_TITLE),
                            tool: call.tool,
                            status: call.status,
                            at: entry.at,
                        },
                    });
                }
                // Of an earlier call that goes on beside the last one nothing is shown.
                LogBody::ToolUpdate(update) => {
                    let current = next.as_ref().or(self.now.as_ref()).filter(|current| current.id == update.tool_call);
                    if let Some(current) = current {
                        let mut current = current.clone();
                        if let Some(title) = &update.title {
                            current.tool.title = glance(title, LAST_TOOL_TITLE);
                        }
                        if let Some(status) = update.status {
                            current.tool.status = status;
                        }
                        current.tool.at = entry.at;
                        next = Some(current);
                    }
                }
                LogBody::System { .. }
                | LogBody::Text { .. }
                | LogBody::Thought { .. }
                | LogBody::UserMessage { .. }
                | LogBody::Plan { .. }
                | LogBody::Request { .. }
                | LogBody::Answer { .. }
                | LogBody::Usage { .. }
                | LogBody::Output { .. } => {}
            }
        }
        next
    }

    /// The entries are stored: whoever watches the workspace may be told.
    pub(super) fn stored(&mut self, next: Current) {
        let same = self
            .now
            .as_ref()
            .is_some_and(|now| now.tool.title == next.tool.title && now.tool.status == next.tool.status);
        if !same {
            self.live.0.tools.set(self.workspace, self.job, self.attempt, next.tool.clone());
            self.live.0.feeds.tool_used(self.workspace);
        }
        self.now = Some(next);
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        self.live.0.tools.forget(self.attempt);
    }
}
