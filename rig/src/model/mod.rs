//! A model server that speaks as three providers do, and does what the script in the prompt says.
//!
//! Each call of the model that offers tools takes the next step of the script; calls without tools are the agents' own (titles,
//! suggestions) and get a plain word. When the script is done the model says "done".

mod anthropic;
mod gemini;
mod openai;

use crate::{
    http::{self, Answer, Request},
    script::{self, Step},
};
use serde_json::{Value, json};
use std::{
    collections::HashMap,
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{io::BufReader, net::TcpListener};

/// Tokens the model says it read in each call.
pub const INPUT_TOKENS: i64 = 1000;

/// Tokens the model says it wrote in each call.
pub const OUTPUT_TOKENS: i64 = 10;

/// Whose protocol a call speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// Anthropic's Messages.
    Anthropic,
    /// OpenAI's Responses.
    OpenAi,
    /// Google's generateContent.
    Gemini,
}

/// A request that came to the server.
#[derive(Debug, Clone)]
pub struct Call {
    /// Method and path.
    pub target: String,
    /// Whose protocol, if it is a call of a model.
    pub dialect: Option<Dialect>,
    /// The step that answered it, if it was a call with tools.
    pub step: Option<Step>,
    /// The body; null where there is none.
    pub body: Value,
}

/// What the model does, in no provider's words yet.
enum Move {
    Say { pieces: Vec<String>, pause: Duration },
    Tool { name: String, input: Value },
}

impl Move {
    fn say(text: impl Into<String>) -> Self {
        Self::Say {
            pieces: vec![text.into()],
            pause: Duration::ZERO,
        }
    }

    fn tool(name: &str, input: Value) -> Self {
        Self::Tool {
            name: name.to_owned(),
            input,
        }
    }
}

#[derive(Default)]
struct State {
    calls: Vec<Call>,
    /// Steps taken, by script.
    taken: HashMap<String, usize>,
    /// Makes ids of messages and tool calls.
    last_id: u64,
}

/// The server. It ends with the runtime it was started on.
#[derive(Clone)]
pub struct Model {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
}

impl Model {
    /// Starts one on a free port of loopback.
    ///
    /// # Errors
    /// When no port can be had.
    pub async fn start() -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let model = Self {
            address: listener.local_addr()?,
            state: Arc::default(),
        };
        let serving = model.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let model = serving.clone();
                tokio::spawn(async move {
                    let mut stream = BufReader::new(stream);
                    while let Ok(request) = http::read(&mut stream).await {
                        let answer = model.answer(&request);
                        if !matches!(http::write(&mut stream, answer).await, Ok(true)) {
                            return;
                        }
                    }
                });
            }
        });
        Ok(model)
    }

    /// Its address.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// All that came so far, in order.
    #[must_use]
    pub fn calls(&self) -> Vec<Call> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).calls.clone()
    }

    /// The calls that a step of a script answered.
    #[must_use]
    pub fn steps(&self) -> Vec<Call> {
        self.calls().into_iter().filter(|call| call.step.is_some()).collect()
    }

    fn answer(&self, request: &Request) -> Answer {
        let path = request.path.split('?').next().unwrap_or_default();
        let dialect = Dialect::of(path);
        let body = serde_json::from_slice(&request.body).unwrap_or(Value::Null);
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let (answer, step) = match dialect {
            Some(dialect) if request.method == "POST" => state.call(dialect, path, &body),
            _ => (other(path), None),
        };
        state.calls.push(Call {
            target: format!("{} {}", request.method, request.path),
            dialect,
            step,
            body,
        });
        answer
    }
}

/// What is asked of a server besides calls of the model.
fn other(path: &str) -> Answer {
    if path.ends_with("/count_tokens") {
        return Answer::json(200, &json!({"input_tokens": INPUT_TOKENS}));
    }
    if path.ends_with(":countTokens") {
        return Answer::json(200, &json!({"totalTokens": INPUT_TOKENS}));
    }
    if path.ends_with("/models") {
        return Answer::json(200, &json!({"object": "list", "data": [], "models": []}));
    }
    Answer::json(404, &json!({"error": {"message": "there is no such thing here", "code": 404}}))
}

impl State {
    fn call(&mut self, dialect: Dialect, path: &str, body: &Value) -> (Answer, Option<Step>) {
        self.last_id += 1;
        let id = self.last_id;
        let tools = dialect.tools(body);
        let prompts = dialect.prompts(body);
        let script = if tools.is_empty() {
            None
        } else {
            script::find(prompts.iter().map(String::as_str))
        };
        let Some((name, steps)) = script else {
            return (dialect.render(&Move::say("Something"), id, path, body), None);
        };
        let taken = self.taken.entry(name).or_default();
        let step = steps.get(*taken).cloned().unwrap_or(Step::Say("done".to_owned()));
        *taken += 1;
        let made = match &step {
            Step::Error { status, retry_after } => return (dialect.error(*status, *retry_after), Some(step)),
            Step::Say(text) => Move::say(text),
            Step::Slow { pieces, pause_ms } => Move::Say {
                pieces: pieces.clone(),
                pause: Duration::from_millis(*pause_ms),
            },
            Step::History => Move::say(format!("history: {} prompts", prompts.len())),
            Step::Write { .. } | Step::Run(_) | Step::Ask { .. } | Step::Plan(_) => match dialect {
                Dialect::Anthropic => anthropic::tool(&step, &tools),
                Dialect::OpenAi => openai::tool(&step, &tools),
                Dialect::Gemini => gemini::tool(&step, &tools),
            }
            // Said aloud, so that a log shows it.
            .unwrap_or_else(|| Move::say(format!("no tool for {step:?} among {tools:?}"))),
        };
        (dialect.render(&made, id, path, body), Some(step))
    }
}

impl Dialect {
    fn of(path: &str) -> Option<Self> {
        if path.ends_with("/messages") {
            Some(Self::Anthropic)
        } else if path.ends_with("/responses") {
            Some(Self::OpenAi)
        } else if path.ends_with(":streamGenerateContent") || path.ends_with(":generateContent") {
            Some(Self::Gemini)
        } else {
            None
        }
    }

    /// What people said, one text per prompt, in order.
    fn prompts(self, body: &Value) -> Vec<String> {
        match self {
            Self::Anthropic => anthropic::prompts(body),
            Self::OpenAi => openai::prompts(body),
            Self::Gemini => gemini::prompts(body),
        }
    }

    /// Names of the tools on offer.
    fn tools(self, body: &Value) -> Vec<String> {
        match self {
            Self::Anthropic => anthropic::tools(body),
            Self::OpenAi => openai::tools(body),
            Self::Gemini => gemini::tools(body),
        }
    }

    fn render(self, made: &Move, id: u64, path: &str, body: &Value) -> Answer {
        match self {
            Self::Anthropic => anthropic::render(made, id, body),
            Self::OpenAi => openai::render(made, id),
            Self::Gemini => gemini::render(made, path),
        }
    }

    fn error(self, status: u16, retry_after: Option<u64>) -> Answer {
        let words = match status {
            401 => "the key is not valid",
            429 => "too many requests for this key",
            529 => "overloaded",
            _ => "the model server has a fault",
        };
        let body = match self {
            Self::Anthropic => {
                let kind = match status {
                    401 => "authentication_error",
                    429 => "rate_limit_error",
                    529 => "overloaded_error",
                    _ => "api_error",
                };
                json!({"type": "error", "error": {"type": kind, "message": words}})
            }
            Self::OpenAi => {
                let kind = match status {
                    401 => "invalid_api_key",
                    429 => "rate_limit_exceeded",
                    _ => "server_error",
                };
                json!({"error": {"message": words, "type": kind, "code": kind}})
            }
            Self::Gemini => {
                let kind = match status {
                    401 => "UNAUTHENTICATED",
                    429 => "RESOURCE_EXHAUSTED",
                    503 | 529 => "UNAVAILABLE",
                    _ => "INTERNAL",
                };
                let mut error = json!({"code": status, "message": words, "status": kind});
                if let Some(seconds) = retry_after {
                    let retry = json!({"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": format!("{seconds}s")});
                    error["details"] = json!([retry]);
                }
                json!({"error": error})
            }
        };
        let mut headers = vec![("content-type", "application/json".to_owned())];
        headers.extend(retry_after.map(|seconds| ("retry-after", seconds.to_string())));
        Answer::Whole {
            status,
            headers,
            body: body.to_string(),
        }
    }
}

/// The texts of a list of `{text: …}` parts, or of a bare text, in one piece.
fn texts(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(parts) => {
            let texts: Vec<&str> = parts.iter().filter_map(|part| part["text"].as_str()).collect();
            texts.join("\n")
        }
        _ => String::new(),
    }
}

/// The names in a list of tools.
fn names(tools: &Value) -> Vec<String> {
    let listed = tools.as_array().into_iter().flatten();
    listed.filter_map(|tool| tool["name"].as_str().map(str::to_owned)).collect()
}

/// The first of the tools on offer whose name holds `words`.
fn named<'a>(tools: &'a [String], words: &str) -> Option<&'a str> {
    tools.iter().find(|name| name.contains(words)).map(String::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpStream,
    };

    async fn post(model: &Model, path: &str, body: &Value) -> String {
        let body = body.to_string();
        let mut stream = TcpStream::connect(model.address).await.unwrap();
        let head = format!("POST {path} HTTP/1.1\r\ncontent-length: {}\r\n\r\n", body.len());
        stream.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    #[tokio::test]
    async fn each_call_with_tools_takes_the_next_step_in_every_dialect() {
        let model = Model::start().await.unwrap();
        // A script's words are its name, so each path has one of its own.
        let script = |path: &str| {
            let steps = json!([{"run": path}, {"error": {"status": 429, "retry_after": 7}}, "history"]);
            format!("Do it. @@{steps}@@")
        };
        let messages = |text: &str| json!({"stream": true, "tools": [{"name": "Bash"}], "messages": [{"role": "user", "content": text}]});
        let responses = |text: &str| {
            let input = json!([{"role": "user", "content": [{"type": "input_text", "text": text}]}]);
            json!({"tools": [{"name": "exec_command"}], "input": input})
        };
        let generate = |text: &str| {
            let tools = json!([{"functionDeclarations": [{"name": "run_shell_command"}]}]);
            json!({"tools": tools, "contents": [{"role": "user", "parts": [{"text": text}]}]})
        };
        let cases = [
            ("/v1/messages", messages as fn(&str) -> Value),
            ("/v1/responses", responses),
            ("/v1beta/models/m:streamGenerateContent", generate),
        ];
        for (path, made) in cases {
            let body = made(&script(path));
            let answers = [
                post(&model, path, &body).await,
                post(&model, path, &body).await,
                post(&model, path, &body).await,
                post(&model, path, &body).await,
            ];
            assert!(
                answers[0].contains("text/event-stream") && answers[0].contains(path),
                "{}",
                answers[0]
            );
            assert!(
                answers[1].starts_with("HTTP/1.1 429") && answers[1].contains("retry-after: 7"),
                "{}",
                answers[1]
            );
            assert!(answers[2].contains("history: 1 prompts"), "{}", answers[2]);
            assert!(answers[3].contains("done"), "{}", answers[3]);
        }
        assert_eq!(model.steps().len(), 12);
    }
}
