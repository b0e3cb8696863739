//! What an attempt knows from its own log. The same step is taken for each entry as it is written and as it is read back after a
//! restart, so a restarted runner knows what the former one knew.

use coord_protocol::{
    attempt::Usage,
    id::{MessageId, RequestId},
    log::{FileDiff, LogBody, ToolKind, ToolStatus},
    request::{Ask, ChoiceKind},
};
use std::collections::{BTreeMap, HashMap, HashSet};

/// Longest summary told at the end.
pub const MAX_SUMMARY: usize = 16 * 1024;

/// How much of the log a new session is told after a crash.
const MAX_STORY: usize = 24 * 1024;

/// What the log tells.
#[derive(Debug, Default)]
pub struct Memory {
    /// Messages that reached the agent.
    pub delivered: HashSet<MessageId>,
    /// Requests without an answer.
    pub open: BTreeMap<RequestId, Ask>,
    /// Requests with one.
    pub answered: HashSet<RequestId>,
    /// Kinds of tool a person allowed for the rest of the attempt.
    pub always: Vec<ToolKind>,
    /// Totals so far.
    pub usage: Usage,
    /// Tool calls that run, with their titles.
    pub running: HashMap<String, String>,
    tools: HashMap<String, (ToolKind, String)>,
    /// What tool calls that have not ended showed of themselves.
    shown: HashMap<String, (Option<String>, Vec<FileDiff>)>,
    words: String,
    words_go_on: bool,
    story: String,
    entries: u64,
}

impl Memory {
    /// Takes an entry in.
    pub fn take(&mut self, body: &LogBody) {
        self.entries += 1;
        if !matches!(
            body,
            LogBody::Text { .. } | LogBody::Output { .. } | LogBody::Usage { .. } | LogBody::Thought { .. }
        ) {
            self.words_go_on = false;
        }
        match body {
            // What an agent prints that has no other words are its words.
            LogBody::Text { text } | LogBody::Output { tool_call: None, text } => {
                let text = &plain(text);
                if !self.words_go_on {
                    self.words.clear();
                    self.tell("\nYou: ");
                }
                self.words_go_on = true;
                self.words.push_str(text);
                keep_end(&mut self.words, MAX_SUMMARY);
                self.tell(text);
            }
            LogBody::UserMessage { message, from, text } => {
                self.delivered.extend(*message);
                self.tell(&format!("\n{from}: {text}"));
            }
            LogBody::ToolCall(call) => {
                self.tools.insert(call.tool_call.clone(), (call.tool, call.title.clone()));
                self.show(&call.tool_call, call.content.as_ref(), &call.diffs);
                self.run(&call.tool_call, Some(&call.title), Some(call.status));
                self.tell(&format!("\nTool: {}", call.title));
            }
            LogBody::ToolUpdate(update) => {
                self.show(&update.tool_call, update.content.as_ref(), &update.diffs);
                self.run(&update.tool_call, update.title.as_deref(), update.status);
                if update.status == Some(ToolStatus::Failed) {
                    self.tell(" (failed)");
                }
            }
            LogBody::Request { request, ask } => {
                self.open.insert(*request, ask.clone());
                // Some agents say of a tool call that it runs before they ask whether it may.
                if let Some(call) = &ask.tool_call {
                    self.running.remove(call);
                }
                self.tell(&format!("\nAsked: {}", ask.title));
            }
            LogBody::Answer { request, answer, .. } => {
                self.answered.insert(*request);
                if let Some(ask) = self.open.remove(request) {
                    let chosen = ask.choices.iter().find(|choice| Some(&choice.id) == answer.choice.as_ref());
                    if chosen.is_some_and(|choice| choice.kind == ChoiceKind::AllowAlways) {
                        let kind = ask.tool_call.as_ref().and_then(|call| self.kind(call));
                        self.always.extend(kind);
                    }
                    // Not every agent tells when a tool call begins to run; that it was allowed is as good.
                    if let Some(call) = ask.tool_call.as_deref()
                        && chosen.is_some_and(|choice| matches!(choice.kind, ChoiceKind::AllowOnce | ChoiceKind::AllowAlways))
                        && self.tools.contains_key(call)
                    {
                        self.run(call, Some(&ask.title), Some(ToolStatus::InProgress));
                    }
                    let label = chosen.map(|choice| choice.label.as_str()).unwrap_or_default();
                    self.tell(&format!(" — answered: {label} {}", answer.body.as_deref().unwrap_or_default()));
                }
            }
            LogBody::Usage { usage } => self.usage = *usage,
            LogBody::System { .. } | LogBody::Thought { .. } | LogBody::Plan { .. } | LogBody::Output { .. } => {}
        }
    }

    /// Remembers the kind of a tool call that was told apart from its entry.
    pub fn kind_told(&mut self, tool_call: &str, kind: ToolKind) {
        self.tools.entry(tool_call.to_owned()).or_default().0 = kind;
    }

    /// The kind of a tool call, if it was told.
    #[must_use]
    pub fn kind(&self, tool_call: &str) -> Option<ToolKind> {
        self.tools.get(tool_call).map(|(kind, _)| *kind)
    }

    /// The title of a tool call, if it was told.
    #[must_use]
    pub fn title(&self, tool_call: &str) -> Option<&str> {
        self.tools.get(tool_call).map(|(_, title)| title.as_str())
    }

    /// What a tool call showed of itself: its words and its changes to files.
    #[must_use]
    pub fn shown(&self, tool_call: &str) -> Option<&(Option<String>, Vec<FileDiff>)> {
        self.shown.get(tool_call)
    }

    fn show(&mut self, call: &str, content: Option<&String>, diffs: &[FileDiff]) {
        if content.is_some() || !diffs.is_empty() {
            self.shown.insert(call.to_owned(), (content.cloned(), diffs.to_vec()));
        }
    }

    fn run(&mut self, call: &str, title: Option<&str>, status: Option<ToolStatus>) {
        match status {
            Some(ToolStatus::InProgress) => {
                let title = title.or(self.title(call)).unwrap_or_default().to_owned();
                self.running.insert(call.to_owned(), title);
            }
            Some(ToolStatus::Completed | ToolStatus::Failed) => {
                self.running.remove(call);
                self.shown.remove(call);
            }
            Some(ToolStatus::Pending) | None => {}
        }
    }

    fn tell(&mut self, words: &str) {
        self.story.push_str(words);
        keep_end(&mut self.story, MAX_STORY);
    }

    /// The agent's last words.
    #[must_use]
    pub fn summary(&self) -> Option<String> {
        let words = self.words.trim();
        (!words.is_empty()).then(|| words.to_owned())
    }

    /// What happened so far, for a session that does not know it.
    #[must_use]
    pub fn story(&self) -> &str {
        self.story.trim()
    }

    /// Whether nothing was written yet.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.entries == 0
    }
}

/// Without the marks that colour a terminal.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\u{1b}') {
        plain.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let Some(mark) = rest.strip_prefix('[') else { continue };
        // Parameters, then one letter.
        let end = mark.find(|c: char| !matches!(c, '0'..='?' | ' '..='/')).unwrap_or(mark.len());
        rest = mark[end..].char_indices().nth(1).map_or("", |(next, _)| &mark[end + next..]);
    }
    plain + rest
}

fn keep_end(text: &mut String, most: usize) {
    // Twice as much, so that it is not moved for every piece.
    if text.len() > 2 * most {
        let mut cut = text.len() - most;
        while !text.is_char_boundary(cut) {
            cut += 1;
        }
        text.drain(..cut);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use coord_protocol::{
        log::ToolCall,
        request::{Answer, Choice, RequestKind},
    };

    fn text(words: &str) -> LogBody {
        LogBody::Text { text: words.to_owned() }
    }

    fn call(status: ToolStatus) -> LogBody {
        LogBody::ToolCall(ToolCall {
            tool_call: "c1".to_owned(),
            title: "Edit a".to_owned(),
            tool: ToolKind::Edit,
            status,
            paths: Vec::new(),
            content: None,
            diffs: Vec::new(),
        })
    }

    #[test]
    fn agt_3_always_is_remembered_per_kind_of_tool_from_the_log_alone() {
        let request = RequestId(uuid::Uuid::nil());
        let ask = Ask {
            kind: RequestKind::Permission,
            title: "Edit a".to_owned(),
            body: String::new(),
            tool_call: Some("c1".to_owned()),
            diff: None,
            choices: vec![Choice {
                id: "always".to_owned(),
                label: "Always".to_owned(),
                kind: ChoiceKind::AllowAlways,
            }],
            free_text: true,
        };
        let mut memory = Memory::default();
        memory.take(&call(ToolStatus::Pending));
        memory.take(&LogBody::Request { request, ask });
        assert!(memory.open.contains_key(&request));
        let answer = Answer {
            choice: Some("always".to_owned()),
            body: None,
        };
        memory.take(&LogBody::Answer {
            request,
            answer,
            by: "Ann".to_owned(),
        });
        assert!(memory.always.contains(&ToolKind::Edit) && memory.open.is_empty() && memory.answered.contains(&request));
    }

    #[test]
    fn the_summary_of_a_command_is_its_output_without_colours() {
        let mut memory = Memory::default();
        let text = "\u{1b}[1;32mAll\u{1b}[0m done\u{1b}".to_owned();
        memory.take(&LogBody::Output { tool_call: None, text });
        assert_eq!(memory.summary().unwrap(), "All done");
    }

    #[test]
    fn the_summary_is_what_the_agent_said_last() {
        let mut memory = Memory::default();
        memory.take(&text("I begin. "));
        memory.take(&call(ToolStatus::InProgress));
        assert_eq!(memory.running.len(), 1);
        memory.take(&text("All "));
        memory.take(&text("done."));
        assert_eq!(memory.summary().unwrap(), "All done.");
        assert!(memory.story().contains("I begin.") && memory.story().contains("Tool: Edit a"));
    }
}
