//! OpenAI's Responses, streamed.

use super::{INPUT_TOKENS, Move, OUTPUT_TOKENS, named, names, texts};
use crate::{http::Answer, script::Step};
use serde_json::{Value, json};
use std::time::Duration;

pub fn tools(body: &Value) -> Vec<String> {
    names(&body["tools"])
}

/// The user's messages, without what Codex itself says in their name.
pub fn prompts(body: &Value) -> Vec<String> {
    let input = body["input"].as_array().into_iter().flatten();
    input
        .filter(|item| item["role"] == "user")
        .map(|item| texts(&item["content"]))
        .filter(|text| !text.is_empty() && !text.starts_with('<') && !text.starts_with("# AGENTS.md"))
        .collect()
}

/// A step in the words of Codex's tools.
pub fn tool(step: &Step, tools: &[String]) -> Option<Move> {
    let (name, input) = match step {
        Step::Write { path, text } => {
            let lines: String = text.lines().map(|line| format!("+{line}\n")).collect();
            let patch = format!("*** Begin Patch\n*** Add File: {path}\n{lines}*** End Patch\n");
            ("apply_patch", Value::String(patch))
        }
        // Outside its sandbox, which is what Codex asks for.
        Step::Run(command) => (
            "exec_command",
            json!({"cmd": command, "sandbox_permissions": "require_escalated", "justification": "The script says so", "yield_time_ms": 60_000}),
        ),
        Step::Ask { question, options } => {
            let options: Vec<Value> = options.iter().map(|label| json!({"label": label, "description": label})).collect();
            let question = json!({"id": "choice", "header": "Question", "question": question, "options": options});
            ("request_user_input", json!({"questions": [question]}))
        }
        // Codex has no tool for it: a plan is words between marks.
        Step::Plan(plan) => return Some(Move::say(format!("<proposed_plan>\n{plan}\n</proposed_plan>"))),
        _ => return None,
    };
    named(tools, name).map(|name| Move::tool(name, input))
}

fn event(value: &Value) -> String {
    format!("event: {}\ndata: {value}\n\n", value["type"].as_str().unwrap_or_default())
}

pub fn render(made: &Move, id: u64) -> Answer {
    let response = json!({"id": format!("resp_{id}"), "object": "response", "status": "in_progress", "output": []});
    let mut events = vec![event(&json!({"type": "response.created", "response": response}))];
    let mut pause = Duration::ZERO;
    let item = match made {
        // A tool without a schema takes bare words.
        Move::Tool {
            name,
            input: Value::String(words),
        } => {
            json!({"type": "custom_tool_call", "id": format!("ctc_{id}"), "call_id": format!("call_{id}"), "name": name, "input": words})
        }
        Move::Tool { name, input } => {
            let arguments = input.to_string();
            json!({"type": "function_call", "id": format!("fc_{id}"), "call_id": format!("call_{id}"), "name": name, "arguments": arguments})
        }
        Move::Say { pieces, pause: each } => {
            pause = *each;
            let (item_id, empty): (String, [Value; 0]) = (format!("msg_{id}"), []);
            let begun = json!({"type": "message", "id": item_id, "role": "assistant", "content": empty});
            events.push(event(
                &json!({"type": "response.output_item.added", "output_index": 0, "item": begun}),
            ));
            for text in pieces {
                let delta =
                    json!({"type": "response.output_text.delta", "item_id": item_id, "output_index": 0, "content_index": 0, "delta": text});
                events.push(event(&delta));
            }
            let content = json!([{"type": "output_text", "text": pieces.concat(), "annotations": []}]);
            json!({"type": "message", "id": item_id, "role": "assistant", "content": content})
        }
    };
    events.push(event(
        &json!({"type": "response.output_item.done", "output_index": 0, "item": item}),
    ));
    let usage = json!({
        "input_tokens": INPUT_TOKENS, "input_tokens_details": {"cached_tokens": 0}, "output_tokens": OUTPUT_TOKENS,
        "output_tokens_details": {"reasoning_tokens": 0}, "total_tokens": INPUT_TOKENS + OUTPUT_TOKENS,
    });
    let response = json!({"id": format!("resp_{id}"), "object": "response", "status": "completed", "output": [item], "usage": usage});
    events.push(event(&json!({"type": "response.completed", "response": response})));
    Answer::Events { events, pause }
}
