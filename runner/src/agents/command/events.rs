//! What commands print, as events: the streams of three known programs, or plain output. Fields that are missing or of another shape are
//! passed over; a line that is no JSON is output.

use super::super::{AgentError, AgentEvent, Tokens};
use coord_protocol::log::{PlanStatus, PlanStep, SystemLevel, ToolCall, ToolKind, ToolStatus, ToolUpdate};
use serde::Deserialize;
use serde_json::Value;

/// Longest title of a tool call, in characters.
const MAX_TITLE: usize = 200;

/// What a command prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
pub enum Events {
    /// Output for people.
    #[default]
    #[serde(rename = "none")]
    None,
    /// `claude -p --output-format stream-json --verbose`.
    #[serde(rename = "claude-stream-json")]
    Claude,
    /// `codex exec --json`.
    #[serde(rename = "codex-jsonl")]
    Codex,
    /// `gemini -o stream-json`.
    #[serde(rename = "gemini-stream-json")]
    Gemini,
}

/// What a line says.
#[derive(Debug)]
pub enum Said {
    /// Something for the log.
    Event(AgentEvent),
    /// The session, to go on with later.
    Session(String),
    /// Tokens of the run.
    Tokens(Tokens),
    /// The run failed, whatever its exit code will be.
    Failed(AgentError),
}

/// Reads one run's output.
#[derive(Debug)]
pub struct Reader(Events);

impl Reader {
    /// For such output.
    #[must_use]
    pub const fn new(events: Events) -> Self {
        Self(events)
    }

    /// What a line says; for plain output a piece of any length.
    pub fn read(&mut self, line: &str) -> Vec<Said> {
        let json = match self.0 {
            Events::None => None,
            Events::Claude | Events::Codex | Events::Gemini => serde_json::from_str::<Value>(line).ok().filter(Value::is_object),
        };
        let Some(json) = json else {
            let end = if line.ends_with('\n') || self.0 == Events::None { "" } else { "\n" };
            return match line.trim() {
                "" => Vec::new(),
                _ => vec![Said::Event(AgentEvent::Output(format!("{line}{end}")))],
            };
        };
        match self.0 {
            Events::None => Vec::new(),
            Events::Claude => claude(&json),
            Events::Codex => codex(&json),
            Events::Gemini => gemini(&json),
        }
    }
}

fn text<'a>(json: &'a Value, path: &str) -> Option<&'a str> {
    json.pointer(path).and_then(Value::as_str)
}

fn tokens(json: &Value, path: &str) -> Option<Said> {
    let usage = json.pointer(path)?;
    let of = |name: &str| usage.get(name).and_then(Value::as_i64).unwrap_or_default();
    Some(Said::Tokens(Tokens {
        input: of("input_tokens") + of("cache_read_input_tokens") + of("cache_creation_input_tokens"),
        output: of("output_tokens"),
    }))
}

fn said(text: &str) -> Said {
    Said::Event(AgentEvent::Text(text.to_owned()))
}

fn begins(id: &str, title: &str, tool: ToolKind) -> Said {
    Said::Event(AgentEvent::ToolCall(ToolCall {
        tool_call: id.to_owned(),
        title: title.chars().take(MAX_TITLE).collect(),
        tool,
        status: ToolStatus::InProgress,
        paths: Vec::new(),
        content: None,
        diffs: Vec::new(),
    }))
}

fn ends(id: &str, failed: bool, content: Option<String>) -> Said {
    let update = ToolUpdate {
        tool_call: id.to_owned(),
        title: None,
        status: Some(if failed { ToolStatus::Failed } else { ToolStatus::Completed }),
        content,
        diffs: Vec::new(),
    };
    Said::Event(AgentEvent::ToolUpdate(update, None))
}

fn failed(words: &str) -> Said {
    Said::Failed(AgentError::Failed {
        detail: format!("the agent ended with an error: {}", words.chars().take(2000).collect::<String>()),
        transient: false,
    })
}

/// The kind of a tool by the name these programs give it.
fn kind(name: &str) -> ToolKind {
    match name {
        "Read" | "read_file" | "read_many_files" | "list_directory" => ToolKind::Read,
        "Edit" | "MultiEdit" | "Write" | "NotebookEdit" | "write_file" | "replace" => ToolKind::Edit,
        "Grep" | "Glob" | "glob" | "grep_search" | "search_file_content" => ToolKind::Search,
        "Bash" | "run_shell_command" => ToolKind::Execute,
        "WebFetch" | "WebSearch" | "web_fetch" | "google_web_search" => ToolKind::Fetch,
        _ => ToolKind::Other,
    }
}

/// A tool's name with what it is about.
fn title(name: &str, input: Option<&Value>) -> String {
    let about = ["command", "file_path", "path", "pattern", "url", "query", "description"]
        .iter()
        .find_map(|field| input?.get(field)?.as_str());
    match about {
        Some(about) => format!("{name}: {}", about.lines().next().unwrap_or_default()),
        None => name.to_owned(),
    }
}

fn claude(json: &Value) -> Vec<Said> {
    let mut all: Vec<Said> = text(json, "/session_id")
        .map(|id| Said::Session(id.to_owned()))
        .into_iter()
        .collect();
    let blocks = || json.pointer("/message/content").and_then(Value::as_array).into_iter().flatten();
    match text(json, "/type") {
        Some("assistant") => all.extend(blocks().filter_map(|block| match text(block, "/type")? {
            "text" => Some(said(text(block, "/text")?)),
            "thinking" => Some(Said::Event(AgentEvent::Thought(text(block, "/thinking")?.to_owned()))),
            "tool_use" => {
                let name = text(block, "/name")?;
                Some(begins(text(block, "/id")?, &title(name, block.get("input")), kind(name)))
            }
            _ => None,
        })),
        Some("user") => all.extend(blocks().filter_map(|block| {
            let id = text(block, "/tool_use_id")?;
            let content = match block.get("content") {
                Some(Value::String(text)) => Some(text.clone()),
                Some(Value::Array(parts)) => Some(parts.iter().filter_map(|part| text(part, "/text")).collect::<Vec<_>>().join("\n")),
                _ => None,
            };
            let wrong = block.get("is_error").and_then(Value::as_bool).unwrap_or_default();
            Some(ends(id, wrong, content))
        })),
        Some("result") => {
            all.extend(tokens(json, "/usage"));
            let cost = json.get("total_cost_usd").and_then(Value::as_f64).filter(|cost| cost.is_finite());
            all.extend(cost.map(|cost| Said::Event(AgentEvent::Cost(cost))));
            let wrong = json.get("is_error").and_then(Value::as_bool).unwrap_or_default();
            let subtype = text(json, "/subtype").unwrap_or_default();
            if wrong || subtype != "success" {
                all.push(failed(text(json, "/result").unwrap_or(subtype)));
            }
        }
        _ => {}
    }
    all
}

fn codex(json: &Value) -> Vec<Said> {
    let item = json.get("item").unwrap_or(&Value::Null);
    let id = text(item, "/id").unwrap_or_default();
    let sort = text(item, "/type").unwrap_or_default();
    match (text(json, "/type").unwrap_or_default(), sort) {
        ("thread.started", _) => text(json, "/thread_id")
            .map(|id| Said::Session(id.to_owned()))
            .into_iter()
            .collect(),
        ("item.started", "command_execution") => {
            let command = text(item, "/command").unwrap_or_default();
            vec![begins(id, command.lines().next().unwrap_or_default(), ToolKind::Execute)]
        }
        ("item.started", "mcp_tool_call") => {
            let name = format!(
                "{}: {}",
                text(item, "/server").unwrap_or("tool"),
                text(item, "/tool").unwrap_or_default()
            );
            vec![begins(id, &name, ToolKind::Other)]
        }
        ("item.completed", "command_execution") => {
            let wrong =
                text(item, "/status") == Some("failed") || item.get("exit_code").and_then(Value::as_i64).is_some_and(|code| code != 0);
            vec![ends(id, wrong, text(item, "/aggregated_output").map(str::to_owned))]
        }
        ("item.completed", "mcp_tool_call") => vec![ends(id, text(item, "/status") == Some("failed"), None)],
        ("item.completed", "file_change") => {
            let changes = item.get("changes").and_then(Value::as_array).into_iter().flatten();
            let paths: Vec<&str> = changes.filter_map(|change| text(change, "/path")).collect();
            let wrong = text(item, "/status") == Some("failed");
            vec![
                begins(id, &format!("Edit {}", paths.join(", ")), ToolKind::Edit),
                ends(id, wrong, None),
            ]
        }
        ("item.completed", "agent_message") => vec![said(&format!("{}\n\n", text(item, "/text").unwrap_or_default()))],
        ("item.completed", "reasoning") => {
            let thought = text(item, "/text").unwrap_or_default().to_owned();
            vec![Said::Event(AgentEvent::Thought(thought))]
        }
        ("item.completed", "error") => vec![notice(SystemLevel::Warning, text(item, "/message"))],
        ("item.started" | "item.updated" | "item.completed", "todo_list") => {
            let items = item.get("items").and_then(Value::as_array).into_iter().flatten();
            let steps = items.filter_map(|step| {
                let done = step.get("completed").and_then(Value::as_bool).unwrap_or_default();
                Some(PlanStep {
                    text: text(step, "/text")?.to_owned(),
                    status: if done { PlanStatus::Completed } else { PlanStatus::Pending },
                })
            });
            vec![Said::Event(AgentEvent::Plan(steps.collect()))]
        }
        ("turn.completed", _) => tokens(json, "/usage").into_iter().collect(),
        ("turn.failed", _) => vec![failed(text(json, "/error/message").unwrap_or_default())],
        ("error", _) => vec![notice(SystemLevel::Warning, text(json, "/message"))],
        _ => Vec::new(),
    }
}

fn gemini(json: &Value) -> Vec<Said> {
    match text(json, "/type").unwrap_or_default() {
        "init" => text(json, "/session_id")
            .map(|id| Said::Session(id.to_owned()))
            .into_iter()
            .collect(),
        "message" if text(json, "/role") == Some("assistant") => text(json, "/content").map(said).into_iter().collect(),
        "tool_use" => {
            let name = text(json, "/tool_name").unwrap_or_default();
            let id = text(json, "/tool_id").unwrap_or_default();
            vec![begins(id, &title(name, json.get("parameters")), kind(name))]
        }
        "tool_result" => {
            let content = text(json, "/output").or_else(|| text(json, "/error/message")).map(str::to_owned);
            vec![ends(
                text(json, "/tool_id").unwrap_or_default(),
                text(json, "/status") == Some("error"),
                content,
            )]
        }
        "error" => {
            let level = match text(json, "/severity") {
                Some("error") => SystemLevel::Error,
                _ => SystemLevel::Warning,
            };
            vec![notice(level, text(json, "/message"))]
        }
        "result" => {
            let mut all: Vec<Said> = tokens(json, "/stats").into_iter().collect();
            if text(json, "/status") == Some("error") {
                all.push(failed(text(json, "/error/message").unwrap_or_default()));
            }
            all
        }
        _ => Vec::new(),
    }
}

fn notice(level: SystemLevel, words: Option<&str>) -> Said {
    let words = words.unwrap_or("the agent tells of an error").chars().take(2000).collect();
    Said::Event(AgentEvent::Notice(level, words))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Short words for what is said.
    fn told(events: Events, lines: &[&str]) -> Vec<String> {
        let mut reader = Reader::new(events);
        let short = |said: Said| match said {
            Said::Event(AgentEvent::Text(text)) => format!("text {}", text.trim()),
            Said::Event(AgentEvent::Output(text)) => format!("output {}", text.trim()),
            Said::Event(AgentEvent::Thought(text)) => format!("thought {text}"),
            Said::Event(AgentEvent::ToolCall(call)) => format!("tool {:?} {}", call.tool, call.title),
            Said::Event(AgentEvent::ToolUpdate(update, _)) => {
                format!("{:?} {}", update.status.unwrap(), update.content.unwrap_or_default())
            }
            Said::Event(AgentEvent::Plan(steps)) => format!("plan {}", steps.len()),
            Said::Event(AgentEvent::Cost(cost)) => format!("cost {cost}"),
            Said::Event(other) => format!("{other:?}"),
            Said::Session(id) => format!("session {id}"),
            Said::Tokens(tokens) => format!("tokens {} {}", tokens.input, tokens.output),
            Said::Failed(error) => format!("failed {error}"),
        };
        lines.iter().flat_map(|line| reader.read(line)).map(short).collect()
    }

    #[test]
    fn agt_1_the_stream_of_claude_is_understood() {
        let lines = [
            r#"{"type":"assistant","message":{"content":[{"type":"thinking","thinking":"hm"},{"type":"text","text":"I look."},{"type":"tool_use","id":"t1","name":"Bash","input":{"command":"ls -l\nwc"}}]}}"#,
            r#"{"type":"user","message":{"content":[{"type":"tool_result","tool_use_id":"t1","content":[{"type":"text","text":"a"}],"is_error":true}]}}"#,
            r#"{"type":"result","subtype":"success","is_error":false,"result":"Done.","total_cost_usd":0.5,"usage":{"input_tokens":3,"cache_read_input_tokens":4,"output_tokens":5},"session_id":"s-1"}"#,
            r#"{"type":"result","subtype":"error_max_turns","is_error":true}"#,
            "not JSON",
        ];
        assert_eq!(
            told(Events::Claude, &lines),
            [
                "thought hm",
                "text I look.",
                "tool Execute Bash: ls -l",
                "Failed a",
                "session s-1",
                "tokens 7 5",
                "cost 0.5",
                "failed the agent ended with an error: error_max_turns",
                "output not JSON"
            ]
        );
    }

    #[test]
    fn agt_1_the_stream_of_codex_is_understood() {
        let lines = [
            r#"{"type":"thread.started","thread_id":"0199-a"}"#,
            r#"{"type":"item.started","item":{"id":"i1","type":"command_execution","command":"ls","status":"in_progress"}}"#,
            r#"{"type":"item.completed","item":{"id":"i1","type":"command_execution","command":"ls","aggregated_output":"a","exit_code":0,"status":"completed"}}"#,
            r#"{"type":"item.completed","item":{"id":"i2","type":"file_change","changes":[{"path":"a.rs","kind":"update"}],"status":"completed"}}"#,
            r#"{"type":"item.completed","item":{"id":"i3","type":"agent_message","text":"Done."}}"#,
            r#"{"type":"item.updated","item":{"id":"i4","type":"todo_list","items":[{"text":"x","completed":true}]}}"#,
            r#"{"type":"turn.completed","usage":{"input_tokens":10,"cached_input_tokens":4,"output_tokens":2}}"#,
            r#"{"type":"turn.failed","error":{"message":"no"}}"#,
        ];
        assert_eq!(
            told(Events::Codex, &lines),
            [
                "session 0199-a",
                "tool Execute ls",
                "Completed a",
                "tool Edit Edit a.rs",
                "Completed ",
                "text Done.",
                "plan 1",
                "tokens 10 2",
                "failed the agent ended with an error: no"
            ]
        );
    }

    #[test]
    fn agt_1_the_stream_of_gemini_is_understood() {
        let lines = [
            r#"{"type":"init","session_id":"g-1","model":"m"}"#,
            r#"{"type":"message","role":"user","content":"do"}"#,
            r#"{"type":"message","role":"assistant","content":"Hel","delta":true}"#,
            r#"{"type":"tool_use","tool_name":"write_file","tool_id":"w","parameters":{"file_path":"a.txt"}}"#,
            r#"{"type":"tool_result","tool_id":"w","status":"error","error":{"type":"X","message":"denied"}}"#,
            r#"{"type":"result","status":"success","stats":{"input_tokens":1,"output_tokens":2}}"#,
        ];
        assert_eq!(
            told(Events::Gemini, &lines),
            [
                "session g-1",
                "text Hel",
                "tool Edit write_file: a.txt",
                "Failed denied",
                "tokens 1 2"
            ]
        );
    }

    #[test]
    fn agt_1_what_is_of_another_shape_is_passed_over() {
        for events in [Events::Claude, Events::Codex, Events::Gemini] {
            for line in [
                "{}",
                r#"{"type":7}"#,
                r#"{"type":"assistant","message":{"content":"x"}}"#,
                r#"{"type":"item.completed","item":[]}"#,
                r#"{"type":"tool_use"}"#,
                "[]",
                "",
            ] {
                let _ = told(events, &[line]);
            }
        }
        assert_eq!(told(Events::None, &["{\"type\":\"result\"}\n"]), ["output {\"type\":\"result\"}"]);
    }
}
