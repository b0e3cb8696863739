//! The agent's end: an MCP server on standard streams with one tool. `coord-runner ask-tool PLACE`, started by the agent.

use super::{MAX_LINE, Outcome, Question, SECRET, TOOL};
use serde_json::{Value, json};
use std::{collections::HashMap, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    sync::mpsc,
    task::JoinHandle,
};

/// Longest message of the agent.
const MAX_MESSAGE: u64 = 1024 * 1024;

/// Tool calls at once.
const MAX_CALLS: usize = 16;

/// How long one tool call waits. Some agents end a tool call after ten minutes, so it says "ask again" before; the question stays open.
const ONE_CALL: Duration = Duration::from_secs(540);

/// Between two signs of life, for agents that want them.
const PROGRESS: Duration = Duration::from_secs(15);

const DESCRIPTION: &str = "Asks the people who look after this job, and waits for their answer. Use it whenever you need a decision, a \
preference or a piece of information that only a person has, instead of guessing. Offer options when the answer is one of a few. It may take \
long; when it says that nobody has answered yet, call it again with exactly the same question.";

const AGAIN: &str = "Nobody has answered yet. The question is still shown to people. Call this tool again with exactly the same question to go \
on waiting.";

/// Serves until standard input ends.
///
/// # Errors
/// When the secret is missing.
pub async fn run(place: &str) -> anyhow::Result<()> {
    let secret = std::env::var(SECRET).map_err(|_| anyhow::anyhow!("{SECRET} is not set; this is started by an agent, not by hand"))?;
    let (out, mut lines) = mpsc::channel::<Value>(64);
    let writer = tokio::spawn(async move {
        let mut stdout = tokio::io::stdout();
        while let Some(message) = lines.recv().await {
            if stdout.write_all(format!("{message}\n").as_bytes()).await.is_err() || stdout.flush().await.is_err() {
                break;
            }
        }
    });
    let place: Arc<str> = place.into();
    let secret: Arc<str> = secret.into();
    let mut calls: HashMap<String, JoinHandle<()>> = HashMap::new();
    let mut stdin = BufReader::new(tokio::io::stdin());
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = (&mut stdin).take(MAX_MESSAGE).read_until(b'\n', &mut line).await?;
        if read == 0 || (read as u64 == MAX_MESSAGE && line.last() != Some(&b'\n')) {
            break;
        }
        let Ok(message) = serde_json::from_slice::<Value>(&line) else {
            continue;
        };
        calls.retain(|_, call| !call.is_finished());
        let method = message.get("method").and_then(Value::as_str).unwrap_or_default();
        let params = message.get("params").cloned().unwrap_or_default();
        match (method, message.get("id")) {
            ("tools/call", Some(id)) if params.get("name").and_then(Value::as_str) == Some(TOOL) && calls.len() < MAX_CALLS => {
                let call = Call {
                    id: id.clone(),
                    params,
                    place: Arc::clone(&place),
                    secret: Arc::clone(&secret),
                    out: out.clone(),
                };
                calls.insert(id.to_string(), tokio::spawn(call.run()));
            }
            ("notifications/cancelled", _) => {
                if let Some(call) = params.get("requestId").and_then(|id| calls.remove(&id.to_string())) {
                    call.abort();
                }
            }
            (method, Some(id)) => {
                let answer = match plain(method, &params) {
                    Ok(result) => json!({"jsonrpc": "2.0", "id": id, "result": result}),
                    Err((code, words)) => json!({"jsonrpc": "2.0", "id": id, "error": {"code": code, "message": words}}),
                };
                out.send(answer).await?;
            }
            (_, None) => {}
        }
    }
    for (_, call) in calls {
        call.abort();
    }
    drop(out);
    let _ = tokio::time::timeout(Duration::from_secs(1), writer).await;
    Ok(())
}

/// What is answered at once.
fn plain(method: &str, params: &Value) -> Result<Value, (i32, String)> {
    match method {
        "initialize" => {
            let version = params.get("protocolVersion").and_then(Value::as_str).unwrap_or("2025-06-18");
            Ok(json!({
                "protocolVersion": version,
                "capabilities": {"tools": {}},
                "serverInfo": {"name": "coord", "title": "Coord", "version": env!("CARGO_PKG_VERSION")},
            }))
        }
        "ping" => Ok(json!({})),
        "tools/list" => Ok(json!({"tools": [{
            "name": TOOL,
            "title": "Ask a person",
            "description": DESCRIPTION,
            "inputSchema": {
                "type": "object",
                "properties": {
                    "question": {"type": "string", "description": "The question, in Markdown, with what one must know to answer it."},
                    "options": {"type": "array", "items": {"type": "string"}, "description": "Answers to choose from, if there are a few."},
                },
                "required": ["question"],
            },
            // It changes nothing: agents need not ask before they ask.
            "annotations": {"title": "Ask a person", "readOnlyHint": true, "destructiveHint": false, "openWorldHint": false},
        }]})),
        "tools/call" => Err((-32602, "there is no such tool, or too many calls are running".to_owned())),
        _ => Err((-32601, format!("{method} is not known here"))),
    }
}

/// One call of the tool.
struct Call {
    id: Value,
    params: Value,
    place: Arc<str>,
    secret: Arc<str>,
    out: mpsc::Sender<Value>,
}

impl Call {
    async fn run(self) {
        let token = self.params.pointer("/_meta/progressToken").cloned();
        let out = self.out.clone();
        let signs = async move {
            let mut count = 0_u64;
            loop {
                tokio::time::sleep(PROGRESS).await;
                if let Some(token) = &token {
                    count += 1;
                    let params = json!({"progressToken": token, "progress": count, "message": "Waiting for a person"});
                    let _ = out
                        .send(json!({"jsonrpc": "2.0", "method": "notifications/progress", "params": params}))
                        .await;
                }
            }
        };
        let (text, failed) = tokio::select! {
            asked = self.ask() => match asked {
                Ok(Outcome::Answer(words)) => (words, false),
                Ok(Outcome::None(words)) => (words, true),
                Err(error) => (format!("People cannot be asked: {error}"), true),
            },
            () = signs => return,
        };
        let result = json!({"content": [{"type": "text", "text": text}], "isError": failed});
        let _ = self.out.send(json!({"jsonrpc": "2.0", "id": self.id, "result": result})).await;
    }

    async fn ask(&self) -> std::io::Result<Outcome> {
        let arguments = self.params.get("arguments");
        let field = |name: &str| arguments.and_then(|arguments| arguments.get(name));
        let question = Question {
            secret: self.secret.to_string(),
            question: field("question").and_then(Value::as_str).unwrap_or_default().to_owned(),
            options: field("options")
                .and_then(Value::as_array)
                .map(|options| options.iter().filter_map(Value::as_str).map(str::to_owned).collect())
                .unwrap_or_default(),
        };
        let text = format!("{}\n", serde_json::to_string(&question)?);
        if text.len() as u64 > MAX_LINE {
            return Ok(Outcome::None("The question is too long.".to_owned()));
        }
        #[cfg(unix)]
        let stream = tokio::net::UnixStream::connect(&*self.place).await?;
        #[cfg(not(unix))]
        let stream = tokio::net::TcpStream::connect(&*self.place).await?;
        let (reader, mut writer) = tokio::io::split(stream);
        writer.write_all(text.as_bytes()).await?;
        let mut line = String::new();
        let mut reader = BufReader::new(reader.take(MAX_LINE));
        match tokio::time::timeout(ONE_CALL, reader.read_line(&mut line)).await {
            Ok(read) => {
                read?;
                serde_json::from_str(&line).map_err(|_| std::io::Error::other("the runner closed the question"))
            }
            Err(_) => {
                writer.write_all(b"later\n").await?;
                Ok(Outcome::Answer(AGAIN.to_owned()))
            }
        }
    }
}
