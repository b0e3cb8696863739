//! Asks an agent's program who it is, without a job: its greeting, and whether it makes a session. Costs nothing, since no model is asked.

use crate::agents::{AgentError, Launch, process};
use serde_json::{Value, json};
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};

/// Longest line read.
const MAX_LINE: u64 = 1024 * 1024;

/// Lines that are no answer, at most.
const MAX_OTHER: usize = 1000;

/// Error code of an agent that wants somebody to sign in.
const AUTH_REQUIRED: i64 = -32000;

/// What an agent told of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probed {
    /// Its version.
    pub version: Option<String>,
    /// Whether it made a session; `None` when it was not asked to. An error says why not.
    pub session: Option<Result<(), AgentError>>,
}

/// Starts the agent, hears its greeting, and with `session` has it make one. None of its processes is left afterwards.
///
/// # Errors
/// When it does not start or does not speak the protocol in time.
pub async fn probe(launch: &Launch, session: bool) -> Result<Probed, AgentError> {
    let (mut process, mut stdin, stdout) = process::start(launch)?;
    let talk = async {
        let mut lines = BufReader::new(stdout);
        let hello = json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
            "protocolVersion": 1,
            "clientCapabilities": {"elicitation": {"form": {}}},
            "clientInfo": {"name": "coord-runner", "version": env!("CARGO_PKG_VERSION")},
        }});
        say(&mut stdin, &hello).await?;
        let answer = answer(&mut lines, 1).await?.map_err(|error| failed(&error))?;
        let version = answer["agentInfo"]["version"].as_str().map(str::to_owned);
        if !session {
            return Ok(Probed { version, session: None });
        }
        let mut params = json!({"cwd": launch.folder, "mcpServers": []});
        if let Some(settings) = &launch.settings {
            params["_meta"] = json!(settings);
        }
        say(
            &mut stdin,
            &json!({"jsonrpc": "2.0", "id": 2, "method": "session/new", "params": params}),
        )
        .await?;
        let made = self::answer(&mut lines, 2).await?;
        let session = made.map(drop).map_err(|error| failed(&error));
        Ok(Probed {
            version,
            session: Some(session),
        })
    };
    let result = tokio::select! {
        result = tokio::time::timeout(launch.initialize, talk) => result.unwrap_or_else(|_| {
            Err(AgentError::Silent(format!("it did not answer within {} s", launch.initialize.as_secs_f64())))
        }),
        ended = process.ended() => Err(ended),
    };
    drop(stdin);
    process.end(true, launch.exit).await;
    result
}

async fn say(stdin: &mut tokio::process::ChildStdin, message: &Value) -> Result<(), AgentError> {
    let written = stdin.write_all(format!("{message}\n").as_bytes()).await;
    written.map_err(|_| AgentError::Crashed("it closed its input".to_owned()))
}

/// The answer to a request; updates and requests of its own are passed over.
async fn answer(lines: &mut (impl AsyncBufRead + Unpin), id: u64) -> Result<Result<Value, Value>, AgentError> {
    for _ in 0..MAX_OTHER {
        let mut line = Vec::new();
        let read = lines.take(MAX_LINE).read_until(b'\n', &mut line).await;
        if !matches!(read, Ok(1..)) {
            return Err(AgentError::Crashed("it closed its output".to_owned()));
        }
        let Ok(mut message) = serde_json::from_slice::<Value>(&line) else {
            continue;
        };
        if message["id"] == id && message.get("method").is_none() {
            return Ok(match message.get_mut("error") {
                Some(error) => Err(error.take()),
                None => Ok(message["result"].take()),
            });
        }
    }
    Err(AgentError::Protocol(
        "it prints something that is not the Agent Client Protocol".to_owned(),
    ))
}

fn failed(error: &Value) -> AgentError {
    let words = error["message"].as_str().unwrap_or("it answered with an error").to_owned();
    match error["code"].as_i64() {
        Some(AUTH_REQUIRED | 401) => AgentError::NotSignedIn(words),
        _ => AgentError::Failed {
            detail: words,
            transient: false,
        },
    }
}
