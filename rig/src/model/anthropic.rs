//! Anthropic's Messages, streamed.

use super::{INPUT_TOKENS, Move, OUTPUT_TOKENS, named, names, texts};
use crate::{http::Answer, script::Step};
use serde_json::{Value, json};
use std::time::Duration;

pub fn tools(body: &Value) -> Vec<String> {
    names(&body["tools"])
}

/// The user's messages; results of tools are not among them.
pub fn prompts(body: &Value) -> Vec<String> {
    let messages = body["messages"].as_array().into_iter().flatten();
    messages
        .filter(|message| message["role"] == "user")
        .map(|message| texts(&message["content"]))
        .filter(|text| !text.is_empty())
        .collect()
}

/// A step in the words of Claude Code's tools.
pub fn tool(step: &Step, tools: &[String]) -> Option<Move> {
    let (name, input) = match step {
        Step::Write { path, text } => ("Write", json!({"file_path": path, "content": text})),
        Step::Run(command) => ("Bash", json!({"command": command, "description": "Runs a command"})),
        Step::Ask { question, options } => {
            let options: Vec<Value> = options.iter().map(|label| json!({"label": label, "description": label})).collect();
            let question = json!({"question": question, "header": "Question", "options": options, "multiSelect": false});
            ("AskUserQuestion", json!({"questions": [question]}))
        }
        Step::Plan(plan) => ("ExitPlanMode", json!({"plan": plan})),
        _ => return None,
    };
    named(tools, name).map(|name| Move::tool(name, input))
}

fn event(value: &Value) -> String {
    format!("event: {}\ndata: {value}\n\n", value["type"].as_str().unwrap_or_default())
}

pub fn render(made: &Move, id: u64, body: &Value) -> Answer {
    let model = body["model"].as_str().unwrap_or("scripted");
    let (content, stop) = match made {
        Move::Tool { name, input } => {
            let block = json!({"type": "tool_use", "id": format!("toolu_{id}"), "name": name, "input": input});
            (block, "tool_use")
        }
        Move::Say { pieces, .. } => (json!({"type": "text", "text": pieces.concat()}), "end_turn"),
    };
    let mut message = json!({
        "id": format!("msg_{id}"), "type": "message", "role": "assistant", "model": model, "content": [],
        "stop_reason": null, "stop_sequence": null, "usage": {"input_tokens": INPUT_TOKENS, "output_tokens": 1},
    });
    if body["stream"] != true {
        message["content"] = json!([content]);
        message["stop_reason"] = json!(stop);
        message["usage"]["output_tokens"] = json!(OUTPUT_TOKENS);
        return Answer::json(200, &message);
    }
    let mut pause = Duration::ZERO;
    let mut events = vec![event(&json!({"type": "message_start", "message": message}))];
    let mut delta = |block: &Value, deltas: Vec<Value>| {
        events.push(event(&json!({"type": "content_block_start", "index": 0, "content_block": block})));
        for delta in deltas {
            events.push(event(&json!({"type": "content_block_delta", "index": 0, "delta": delta})));
        }
    };
    match made {
        Move::Tool { name, input } => delta(
            &json!({"type": "tool_use", "id": format!("toolu_{id}"), "name": name, "input": {}}),
            vec![json!({"type": "input_json_delta", "partial_json": input.to_string()})],
        ),
        Move::Say { pieces, pause: each } => {
            pause = *each;
            let pieces = pieces.iter().map(|text| json!({"type": "text_delta", "text": text}));
            delta(&json!({"type": "text", "text": ""}), pieces.collect());
        }
    }
    events.push(event(&json!({"type": "content_block_stop", "index": 0})));
    let usage = json!({"output_tokens": OUTPUT_TOKENS});
    let end = json!({"type": "message_delta", "delta": {"stop_reason": stop, "stop_sequence": null}, "usage": usage});
    events.push(event(&end));
    events.push(event(&json!({"type": "message_stop"})));
    Answer::Events { events, pause }
}
