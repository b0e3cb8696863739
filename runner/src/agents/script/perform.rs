//! Performing a script: each step as updates, requests, files and commands.

use super::{
    Stdout, mcp,
    state::{Session, Sessions},
    steps::{Step, Tool},
};
use agent_client_protocol::{
    Client, Error,
    v1::{
        ConnectionTo,
        schema::{
            ContentBlock, ContentChunk, Cost, CreateElicitationRequest, Diff, ElicitationAction, ElicitationContentValue,
            ElicitationFormMode, ElicitationSchema, ElicitationSessionScope, EnumOption, PermissionOption, PermissionOptionKind, Plan,
            PlanEntry, PlanEntryPriority, PlanEntryStatus, RequestPermissionOutcome, RequestPermissionRequest, SessionInfoUpdate,
            SessionNotification, SessionUpdate, StringPropertySchema, TextContent, ToolCall, ToolCallContent, ToolCallLocation,
            ToolCallStatus, ToolCallUpdate, ToolCallUpdateFields, ToolKind, Usage, UsageUpdate,
        },
    },
};
use std::{future::Future, path::PathBuf, process::Stdio, time::Duration};
use tokio::{io::AsyncWriteExt, process::Command};

/// How the turn ended.
pub enum Ended {
    Done,
    Cancelled,
    Refused,
}

/// Performs one prompt.
pub struct Performer {
    pub id: String,
    pub sessions: Sessions,
    pub connection: ConnectionTo<Client>,
    pub stdout: Stdout,
}

/// What came of asking.
enum Permission {
    Granted,
    Refused,
    Cancelled,
}

impl Performer {
    /// Performs steps until the script, the turn or the process ends.
    pub async fn perform(self) -> Result<(Ended, Option<Usage>), Error> {
        let mut usage = None;
        let mut cancelled = self.sessions.cancelled(&self.id);
        while let Some((step, session)) = self.sessions.step(&self.id) {
            if *cancelled.borrow() {
                return Ok((Ended::Cancelled, usage));
            }
            let performed = step.clone();
            match step {
                Step::Say(text) => self.update(SessionUpdate::AgentMessageChunk(chunk(text)))?,
                Step::Think(text) => self.update(SessionUpdate::AgentThoughtChunk(chunk(text)))?,
                Step::Plan(steps) => {
                    self.plan(&steps, 0)?;
                    self.sessions.change(&self.id, |session| session.plan = steps);
                }
                Step::Done(count) => self.plan(&session.plan, count)?,
                Step::Sleep(ms) => {
                    if until(&mut cancelled, tokio::time::sleep(paced(ms))).await.is_none() {
                        return Ok((Ended::Cancelled, usage));
                    }
                }
                Step::Tool(tool) => {
                    if let Some(ended) = self.tool(&session, &tool, true, &mut cancelled).await? {
                        return Ok((ended, usage));
                    }
                }
                Step::NoToolCall(tool) => {
                    if let Some(ended) = self.tool(&session, &tool, false, &mut cancelled).await? {
                        return Ok((ended, usage));
                    }
                }
                Step::Ask { message, options } => {
                    if let Some(ended) = self.ask(&message, &options).await? {
                        return Ok((ended, usage));
                    }
                }
                Step::ProposePlan(plan) => {
                    let call = self.next_call();
                    let fields = ToolCallUpdateFields::new()
                        .kind(ToolKind::SwitchMode)
                        .title("Ready to start".to_owned())
                        .raw_input(serde_json::json!({ "plan": plan }));
                    match self.permission(ToolCallUpdate::new(call, fields)).await? {
                        Permission::Granted => self.sessions.set_mode(&self.id, "default"),
                        Permission::Refused => return Ok((Ended::Done, usage)),
                        Permission::Cancelled => return Ok((Ended::Cancelled, usage)),
                    }
                }
                Step::Usage { input, output, cost } => {
                    usage = Some(Usage::new(input + output, input, output));
                    if let Some(cost) = cost {
                        let update = UsageUpdate::new(input + output, 200_000).cost(Cost::new(cost, "USD"));
                        self.update(SessionUpdate::UsageUpdate(update))?;
                    }
                }
                Step::History(_) => {
                    let count = session.prompts.len();
                    let how = if session.resumed { ", resumed" } else { "" };
                    self.update(SessionUpdate::AgentMessageChunk(chunk(format!("history: {count} prompts{how}. "))))?;
                }
                Step::Crash(code) => {
                    // What was said before goes out first.
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    eprintln!("the script says crash");
                    std::process::exit(code);
                }
                Step::Fail(words) => {
                    let data = serde_json::json!({ "errorKind": "server_error" });
                    return Err(Error::new(-32603, words).data(data));
                }
                Step::Error { code, message, data } => return Err(Error::new(code, message).data(data)),
                Step::RateLimit(ms) => {
                    let mut data = serde_json::json!({ "errorKind": "rate_limit" });
                    if ms > 0 {
                        data["retryAfterMs"] = ms.into();
                    }
                    return Err(Error::new(-32603, "rate limited").data(data));
                }
                Step::BrokenSession(info) => {
                    let words = "the service said no";
                    self.codex(serde_json::json!({"error": {"message": words, "codexErrorInfo": info, "willRetry": true}}))?;
                    self.update(SessionUpdate::AgentMessageChunk(chunk(words)))?;
                    self.codex(serde_json::json!({"threadStatus": {"type": "systemError"}}))?;
                    return Ok((Ended::Done, usage));
                }
                Step::RetrySilence(ms) => {
                    if until(&mut cancelled, tokio::time::sleep(Duration::from_millis(ms))).await.is_none() {
                        return Ok((Ended::Cancelled, usage));
                    }
                }
                Step::McpAsk { question, options } => {
                    if let Some(ended) = self.mcp_ask(&session, question, options, &mut cancelled).await? {
                        return Ok((ended, usage));
                    }
                }
                Step::EndTurnError(words) => return Err(Error::new(-32603, words)),
                Step::Refuse(_) => return Ok((Ended::Refused, usage)),
                Step::Burst(count) => self.burst(count).await?,
                Step::Hang(_) => std::future::pending::<()>().await,
                Step::SpawnOrphan(_) => orphan(&session.folder),
                Step::BadFrame(_) => {
                    let mut out = self.stdout.lock().await;
                    let _ = out.write_all(b"Warning: this line is not JSON-RPC\n{\"half\": \n").await;
                    let _ = out.flush().await;
                }
                Step::LateUpdate(text) => {
                    let (connection, id) = (self.connection.clone(), self.id.clone());
                    self.connection.spawn(async move {
                        tokio::time::sleep(Duration::from_millis(50)).await;
                        connection.send_notification(SessionNotification::new(id, SessionUpdate::AgentMessageChunk(chunk(text))))
                    })?;
                }
                Step::Env(name) => {
                    let value = std::env::var(&name).unwrap_or_else(|_| "(unset)".to_owned());
                    self.update(SessionUpdate::AgentMessageChunk(chunk(format!("{name}={value} "))))?;
                }
                Step::SlowInit(_) | Step::AuthRequired(_) | Step::NoResume(_) => {}
            }
            self.sessions.done(&self.id, &performed);
        }
        let ended = if *cancelled.borrow() { Ended::Cancelled } else { Ended::Done };
        Ok((ended, usage))
    }

    fn update(&self, update: SessionUpdate) -> Result<(), Error> {
        self.connection.send_notification(SessionNotification::new(self.id.clone(), update))
    }

    fn next_call(&self) -> String {
        let mut number = 0;
        self.sessions.change(&self.id, |session| {
            session.calls += 1;
            number = session.calls;
        });
        format!("call-{number}")
    }

    fn plan(&self, steps: &[String], done: usize) -> Result<(), Error> {
        let entries = steps
            .iter()
            .enumerate()
            .map(|(at, step)| {
                let status = match at.cmp(&done) {
                    std::cmp::Ordering::Less => PlanEntryStatus::Completed,
                    std::cmp::Ordering::Equal => PlanEntryStatus::InProgress,
                    std::cmp::Ordering::Greater => PlanEntryStatus::Pending,
                };
                PlanEntry::new(step.clone(), PlanEntryPriority::Medium, status)
            })
            .collect();
        self.update(SessionUpdate::Plan(Plan::new(entries)))
    }

    async fn permission(&self, call: ToolCallUpdate) -> Result<Permission, Error> {
        let options = vec![
            PermissionOption::new("once", "Allow", PermissionOptionKind::AllowOnce),
            PermissionOption::new("always", "Always allow", PermissionOptionKind::AllowAlways),
            PermissionOption::new("no", "Reject", PermissionOptionKind::RejectOnce),
        ];
        let request = RequestPermissionRequest::new(self.id.clone(), call, options);
        let answer = self.connection.send_request(request).block_task().await?;
        Ok(match answer.outcome {
            RequestPermissionOutcome::Selected(selected) if &*selected.option_id.0 == "no" => Permission::Refused,
            RequestPermissionOutcome::Selected(_) => Permission::Granted,
            _ => Permission::Cancelled,
        })
    }

    async fn tool(
        &self,
        session: &Session,
        tool: &Tool,
        announced: bool,
        cancelled: &mut tokio::sync::watch::Receiver<bool>,
    ) -> Result<Option<Ended>, Error> {
        let call = self.next_call();
        let kind = kind(&tool.kind);
        let path: Option<PathBuf> = tool.path.as_ref().map(|path| session.folder.join(path));
        let old = path.as_ref().and_then(|path| std::fs::read_to_string(path).ok());
        let new = match (&tool.write, &tool.append) {
            (Some(text), _) => Some(text.clone()),
            (None, Some(more)) => Some(format!("{}{more}", old.clone().unwrap_or_default())),
            (None, None) => None,
        };
        let content: Vec<ToolCallContent> = match (&path, &new) {
            (Some(path), Some(new)) => vec![Diff::new(path.clone(), new.clone()).old_text(old.clone()).into()],
            _ => Vec::new(),
        };
        let locations: Vec<ToolCallLocation> = path.iter().map(|path| ToolCallLocation::new(path.clone())).collect();
        if announced {
            let announcement = ToolCall::new(call.clone(), tool.title.clone())
                .kind(kind)
                .status(ToolCallStatus::Pending)
                .content(content.clone())
                .locations(locations.clone());
            self.update(SessionUpdate::ToolCall(announcement))?;
        }
        let acts = !matches!(kind, ToolKind::Read | ToolKind::Search | ToolKind::Think);
        if (tool.ask && session.mode != "yolo") || (session.mode == "plan" && acts) {
            let fields = ToolCallUpdateFields::new()
                .kind(kind)
                .title(tool.title.clone())
                .content(content)
                .locations(locations);
            match self.permission(ToolCallUpdate::new(call.clone(), fields)).await? {
                Permission::Granted => {}
                Permission::Refused => {
                    self.tool_ends(&call, announced, ToolCallStatus::Failed, "The permission was refused.")?;
                    return Ok(None);
                }
                Permission::Cancelled => {
                    self.tool_ends(&call, announced, ToolCallStatus::Failed, "Cancelled.")?;
                    return Ok(Some(Ended::Cancelled));
                }
            }
        }
        if announced {
            let fields = ToolCallUpdateFields::new().status(ToolCallStatus::InProgress);
            self.update(SessionUpdate::ToolCallUpdate(ToolCallUpdate::new(call.clone(), fields)))?;
        }
        let (status, output) = match (&tool.run, &path, new) {
            (Some(command), _, _) => match until(cancelled, shell(command, &session.folder)).await {
                Some(result) => result,
                None => {
                    self.tool_ends(&call, announced, ToolCallStatus::Failed, "Cancelled.")?;
                    return Ok(Some(Ended::Cancelled));
                }
            },
            (None, Some(path), Some(new)) => write(path, &new),
            (None, Some(path), None) if tool.kind == "delete" => match std::fs::remove_file(path) {
                Ok(()) => (ToolCallStatus::Completed, String::new()),
                Err(error) => (ToolCallStatus::Failed, error.to_string()),
            },
            (None, Some(_), None) => (
                ToolCallStatus::Completed,
                old.unwrap_or_else(|| "(there is no such file)".to_owned()),
            ),
            (None, None, _) => (ToolCallStatus::Completed, String::new()),
        };
        self.tool_ends(&call, announced, status, &output)?;
        Ok(None)
    }

    fn tool_ends(&self, call: &str, announced: bool, status: ToolCallStatus, output: &str) -> Result<(), Error> {
        if !announced {
            return Ok(());
        }
        let mut fields = ToolCallUpdateFields::new().status(status);
        if !output.is_empty() {
            let content: ToolCallContent = ContentBlock::Text(TextContent::new(output)).into();
            fields = fields.content(vec![content]);
        }
        self.update(SessionUpdate::ToolCallUpdate(ToolCallUpdate::new(call.to_owned(), fields)))
    }

    async fn ask(&self, message: &str, options: &[String]) -> Result<Option<Ended>, Error> {
        let property = if options.is_empty() {
            StringPropertySchema::new()
        } else {
            let values = options
                .iter()
                .map(|option| EnumOption::new(option.clone(), option.clone()))
                .collect::<Vec<_>>();
            StringPropertySchema::new().one_of(values)
        };
        let schema = ElicitationSchema::new().property("answer", property, true);
        let form = ElicitationFormMode::new(ElicitationSessionScope::new(self.id.clone()), schema);
        let request = CreateElicitationRequest::new(form, message);
        let answer = self.connection.send_request(request).block_task().await?;
        let said = match answer.action {
            ElicitationAction::Accept(accepted) => match accepted.content.unwrap_or_default().remove("answer") {
                Some(ElicitationContentValue::String(text)) => format!("The answer is: {text}. "),
                other => format!("The answer is: {other:?}. "),
            },
            ElicitationAction::Cancel => return Ok(Some(Ended::Cancelled)),
            _ => "The question was not answered. ".to_owned(),
        };
        self.update(SessionUpdate::AgentMessageChunk(chunk(said)))?;
        Ok(None)
    }

    /// An update as `codex-acp` sends them.
    fn codex(&self, told: serde_json::Value) -> Result<(), Error> {
        let mut meta = serde_json::Map::new();
        meta.insert("codex".to_owned(), told);
        self.update(SessionUpdate::SessionInfoUpdate(SessionInfoUpdate::new().meta(meta)))
    }

    async fn mcp_ask(
        &self,
        session: &Session,
        question: String,
        options: Vec<String>,
        cancelled: &mut tokio::sync::watch::Receiver<bool>,
    ) -> Result<Option<Ended>, Error> {
        let Some(server) = &session.server else {
            self.update(SessionUpdate::AgentMessageChunk(chunk("I was given no tool to ask with. ")))?;
            return Ok(None);
        };
        let call = self.next_call();
        let title = format!("mcp__{}__ask_person", server.name);
        let announcement = ToolCall::new(call.clone(), title.clone())
            .kind(ToolKind::Other)
            .status(ToolCallStatus::Pending);
        self.update(SessionUpdate::ToolCall(announcement))?;
        let fields = ToolCallUpdateFields::new().kind(ToolKind::Other).title(title);
        match self.permission(ToolCallUpdate::new(call.clone(), fields)).await? {
            Permission::Granted => {}
            Permission::Refused => {
                self.tool_ends(&call, true, ToolCallStatus::Failed, "The permission was refused.")?;
                return Ok(None);
            }
            Permission::Cancelled => return Ok(Some(Ended::Cancelled)),
        }
        let fields = ToolCallUpdateFields::new().status(ToolCallStatus::InProgress);
        self.update(SessionUpdate::ToolCallUpdate(ToolCallUpdate::new(call.clone(), fields)))?;
        let asked = async {
            let mut client = mcp::Client::start(server).await?;
            let tools = client.call("tools/list", serde_json::json!({})).await?;
            let tool = &tools["tools"][0];
            if tool["annotations"]["readOnlyHint"] != true {
                return Err(format!("not read-only: {tool}"));
            }
            let arguments = serde_json::json!({"question": question, "options": options});
            let answer = client
                .call("tools/call", serde_json::json!({"name": tool["name"], "arguments": arguments}))
                .await;
            client.end().await;
            answer
        };
        let Some(answer) = until(cancelled, asked).await else {
            self.tool_ends(&call, true, ToolCallStatus::Failed, "Cancelled.")?;
            return Ok(Some(Ended::Cancelled));
        };
        let words = match &answer {
            Ok(result) => result["content"][0]["text"].as_str().unwrap_or_default().to_owned(),
            Err(words) => format!("(failed: {words})"),
        };
        self.tool_ends(&call, true, ToolCallStatus::Completed, &words)?;
        self.update(SessionUpdate::AgentMessageChunk(chunk(format!("The person said: {words}. "))))?;
        Ok(None)
    }

    async fn burst(&self, count: u32) -> Result<(), Error> {
        let call = self.next_call();
        let announcement = ToolCall::new(call.clone(), format!("A burst of {count}")).status(ToolCallStatus::InProgress);
        self.update(SessionUpdate::ToolCall(announcement))?;
        for n in 1..=count {
            let content: ToolCallContent = ContentBlock::Text(TextContent::new(format!("line {n}"))).into();
            let fields = ToolCallUpdateFields::new().content(vec![content]);
            self.update(SessionUpdate::ToolCallUpdate(ToolCallUpdate::new(call.clone(), fields)))?;
            if n % 64 == 0 {
                tokio::task::yield_now().await;
            }
        }
        self.tool_ends(&call, true, ToolCallStatus::Completed, "")
    }
}

fn chunk(text: impl Into<String>) -> ContentChunk {
    ContentChunk::new(ContentBlock::Text(TextContent::new(text)))
}

fn paced(ms: u64) -> Duration {
    let pace: f64 = std::env::var("SCRIPTED_PACE")
        .ok()
        .and_then(|pace| pace.parse().ok())
        .unwrap_or(1.0);
    Duration::from_millis(ms).mul_f64(pace.clamp(0.0, 100.0))
}

/// The result, or nothing when the turn was cancelled first.
async fn until<T>(cancelled: &mut tokio::sync::watch::Receiver<bool>, work: impl Future<Output = T>) -> Option<T> {
    tokio::select! {
        result = work => Some(result),
        _ = cancelled.wait_for(|cancelled| *cancelled) => None,
    }
}

fn kind(name: &str) -> ToolKind {
    serde_json::from_value(serde_json::Value::String(name.to_owned())).unwrap_or(ToolKind::Other)
}

fn write(path: &PathBuf, text: &str) -> (ToolCallStatus, String) {
    let written = path
        .parent()
        .map_or(Ok(()), std::fs::create_dir_all)
        .and_then(|()| std::fs::write(path, text));
    match written {
        Ok(()) => (ToolCallStatus::Completed, String::new()),
        Err(error) => (ToolCallStatus::Failed, error.to_string()),
    }
}

async fn shell(command: &str, folder: &PathBuf) -> (ToolCallStatus, String) {
    let (shell, flag) = if cfg!(windows) { ("cmd", "/C") } else { ("sh", "-c") };
    let output = Command::new(shell)
        .args([flag, command])
        .current_dir(folder)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await;
    match output {
        Ok(output) => {
            let status = if output.status.success() {
                ToolCallStatus::Completed
            } else {
                ToolCallStatus::Failed
            };
            let text = format!(
                "{}{}",
                String::from_utf8_lossy(&output.stdout),
                String::from_utf8_lossy(&output.stderr)
            );
            (status, text)
        }
        Err(error) => (ToolCallStatus::Failed, error.to_string()),
    }
}

/// A process that nobody waits for, in a group of its own.
fn orphan(folder: &PathBuf) {
    let mut command = std::process::Command::new("sleep");
    command
        .arg("600")
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    drop(command.spawn());
}
