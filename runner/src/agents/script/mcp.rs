//! The scripted agent as a client of MCP: starts the server it was given and calls its tool, as real agents do.

use agent_client_protocol::v1::schema::{McpServer, McpServerStdio};
use serde_json::{Value, json};
use std::process::Stdio;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout, Command},
};

/// The first server on standard streams.
pub fn stdio(servers: Vec<McpServer>) -> Option<McpServerStdio> {
    servers.into_iter().find_map(|server| match server {
        McpServer::Stdio(server) => Some(server),
        _ => None,
    })
}

/// A started server.
pub struct Client {
    child: Child,
    stdin: ChildStdin,
    lines: Lines<BufReader<ChildStdout>>,
    next: u64,
}

impl Client {
    /// Starts and greets it.
    pub async fn start(server: &McpServerStdio) -> Result<Self, String> {
        let mut command = Command::new(&server.command);
        command
            .args(&server.args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true);
        for variable in &server.env {
            command.env(&variable.name, &variable.value);
        }
        let mut child = command.spawn().map_err(|error| error.to_string())?;
        let (Some(stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
            return Err("no standard streams".to_owned());
        };
        let lines = BufReader::new(stdout).lines();
        let mut client = Self {
            child,
            stdin,
            lines,
            next: 1,
        };
        let hello = json!({"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "scripted", "version": "1"}});
        client.call("initialize", hello).await?;
        client
            .write(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}))
            .await?;
        Ok(client)
    }

    async fn write(&mut self, message: &Value) -> Result<(), String> {
        let line = format!("{message}\n");
        self.stdin.write_all(line.as_bytes()).await.map_err(|error| error.to_string())
    }

    /// Calls a method and waits for its result, however long it takes.
    pub async fn call(&mut self, method: &str, params: Value) -> Result<Value, String> {
        let id = self.next;
        self.next += 1;
        self.write(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}))
            .await?;
        while let Some(line) = self.lines.next_line().await.map_err(|error| error.to_string())? {
            let Ok(answer) = serde_json::from_str::<Value>(&line) else {
                return Err(format!("not JSON: {line}"));
            };
            if answer.get("id").and_then(Value::as_u64) != Some(id) {
                continue;
            }
            return match answer.get("result") {
                Some(result) => Ok(result.clone()),
                None => Err(answer.get("error").cloned().unwrap_or_default().to_string()),
            };
        }
        Err("it ended".to_owned())
    }

    /// Ends it as agents do: by closing its input.
    pub async fn end(self) {
        let Self { mut child, stdin, .. } = self;
        drop(stdin);
        let _ = tokio::time::timeout(std::time::Duration::from_secs(5), child.wait()).await;
    }
}
