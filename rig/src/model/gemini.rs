//! Google's generateContent, streamed or whole.

use super::{INPUT_TOKENS, Move, OUTPUT_TOKENS, named, names};
use crate::{http::Answer, script::Step};
use serde_json::{Value, json};
use std::time::Duration;

pub fn tools(body: &Value) -> Vec<String> {
    let tools = body["tools"].as_array().into_iter().flatten();
    tools.flat_map(|tool| names(&tool["functionDeclarations"])).collect()
}

/// The user's messages, without the context that Gemini CLI puts before them.
pub fn prompts(body: &Value) -> Vec<String> {
    let contents = body["contents"].as_array().into_iter().flatten();
    contents
        .filter(|content| content["role"] == "user")
        .flat_map(|content| content["parts"].as_array().into_iter().flatten())
        .filter_map(|part| part["text"].as_str().map(str::to_owned))
        .filter(|text| !text.trim_start().starts_with("<session_context>"))
        .collect()
}

/// A step in the words of Gemini CLI's tools.
pub fn tool(step: &Step, tools: &[String]) -> Option<Move> {
    let (name, input) = match step {
        Step::Write { path, text } => ("write_file", json!({"file_path": path, "content": text})),
        Step::Run(command) => ("run_shell_command", json!({"command": command, "description": "Runs a command"})),
        // It has none of its own over ACP: this is the runner's.
        Step::Ask { question, options } => ("ask_person", json!({"question": question, "options": options})),
        // Its plan is a file that the model wrote before.
        Step::Plan(file) => ("exit_plan_mode", json!({"plan_filename": file, "plan_path": file})),
        _ => return None,
    };
    named(tools, name).map(|name| Move::tool(name, input))
}

fn chunk(parts: Value, last: bool) -> Value {
    let mut candidate = json!({"index": 0, "content": {"role": "model", "parts": parts}});
    if last {
        candidate["finishReason"] = json!("STOP");
    }
    let usage = json!({
        "promptTokenCount": INPUT_TOKENS, "candidatesTokenCount": OUTPUT_TOKENS, "totalTokenCount": INPUT_TOKENS + OUTPUT_TOKENS,
    });
    json!({"candidates": [candidate], "usageMetadata": usage, "modelVersion": "scripted"})
}

pub fn render(made: &Move, path: &str) -> Answer {
    let (chunks, pause) = match made {
        Move::Tool { name, input } => (
            vec![chunk(json!([{"functionCall": {"name": name, "args": input}}]), true)],
            Duration::ZERO,
        ),
        Move::Say { pieces, pause } => {
            let last = pieces.len().saturating_sub(1);
            let chunks = pieces
                .iter()
                .enumerate()
                .map(|(at, text)| chunk(json!([{"text": text}]), at == last));
            (chunks.collect(), *pause)
        }
    };
    if path.ends_with(":generateContent") {
        return Answer::json(200, chunks.last().unwrap_or(&Value::Null));
    }
    let events = chunks.iter().map(|chunk| format!("data: {chunk}\n\n")).collect();
    Answer::Events { events, pause }
}
