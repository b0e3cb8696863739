//! The Agent Client Protocol, version 1: the only place that knows its crate.
//!
//! Handlers run inside the crate's dispatch loop, so they only hand events on through a bounded channel; a full channel holds the loop,
//! the loop holds the reader ([`lines`]), and the agent waits on its own output. Replies go out from the attempt's task.

mod convert;
mod habits;
mod lines;
mod open;
pub mod probe;
mod trouble;

use super::{
    Agent, AgentAsk, AgentError, AgentEvent, AgentMode, AskId, BoxFuture, Launch, Modes, Reply, Started, Tokens, TurnEnd,
    ask::{
        self,
        channel::{Asked, Channel},
    },
    process::{self, Process},
};
use crate::clock::Clock;
use agent_client_protocol::{
    Agent as AgentRole, Client, Error,
    v1::{
        ConnectionTo, Responder,
        schema::{
            AgentCapabilities, CancelNotification, CloseSessionRequest, ContentBlock, CreateElicitationRequest, CreateElicitationResponse,
            ElicitationAcceptAction, ElicitationAction, PermissionOption, PermissionOptionKind, PromptRequest, PromptResponse,
            RequestPermissionOutcome, RequestPermissionRequest, RequestPermissionResponse, SelectedPermissionOutcome, SessionConfigOption,
            SessionId, SessionModeState, SessionNotification, SetSessionConfigOptionRequest, SetSessionModeRequest, StopReason,
            TextContent,
        },
    },
};
use coord_protocol::log::ToolKind;
use habits::Habits;
use lines::Gate;
use open::open;
use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::sync::{mpsc, oneshot};
use trouble::{Sign, Signs};

/// Events between the dispatch loop and the attempt, at most. Full: the agent waits.
const EVENTS: usize = 256;

/// What the handlers hand on.
enum Inner {
    Event(AgentEvent),
    Sign(Sign),
    Ended(Result<PromptResponse, Error>),
    Permission(AskId, AgentAsk, Vec<PermissionOption>, Responder<RequestPermissionResponse>),
    Question(AskId, AgentAsk, Responder<CreateElicitationResponse>),
}

/// A reply that is still owed.
enum Owed {
    Permission(Vec<PermissionOption>, Responder<RequestPermissionResponse>),
    Question(Responder<CreateElicitationResponse>),
    /// Asked through the runner's own tool.
    Tool(oneshot::Sender<Option<String>>),
}

struct Acp {
    habits: Habits,
    started: Started,
    session: SessionId,
    connection: ConnectionTo<AgentRole>,
    capabilities: AgentCapabilities,
    modes: Option<SessionModeState>,
    options: Vec<SessionConfigOption>,
    names: Modes,
    events: mpsc::Receiver<Inner>,
    sender: mpsc::Sender<Inner>,
    owed: HashMap<AskId, Owed>,
    signs: Signs,
    questions: Option<Channel>,
    process: Process,
    stop: Option<oneshot::Sender<()>>,
    driver: tokio::task::JoinHandle<()>,
    exit: Duration,
    gone: bool,
}

/// Starts an agent and opens or resumes its session.
///
/// # Errors
/// Typed, with words for a person. Then none of its processes is left.
pub async fn start(launch: Launch) -> Result<Box<dyn Agent>, AgentError> {
    let (mut process, stdin, stdout) = process::start(&launch)?;
    let (sender, events) = mpsc::channel(EVENTS);
    let gate = Gate::new();
    // Updates that a session replays while it is loaded are history, which our log holds already.
    let live = Arc::new(AtomicBool::new(false));
    let garbage = Arc::new(lines::Garbage::default());
    let (stop, stopped) = oneshot::channel();
    let (ready, connected) = oneshot::channel();
    let habits = Habits::of(&launch);
    let transport = lines::transport(stdin, stdout, gate.clone(), Arc::clone(&garbage), sender.clone());
    let driver = tokio::spawn(drive(
        transport,
        sender.clone(),
        gate,
        Arc::clone(&live),
        habits.clone(),
        launch.folder.clone(),
        (ready, stopped),
    ));
    let open_channel = |place| Clock.secret().and_then(|secret| Channel::open(launch.attempt, place, secret));
    let questions = launch.ask.as_ref().map(open_channel);
    let questions = match questions.transpose() {
        Ok(questions) => questions,
        // It can work without asking.
        Err(error) => {
            tracing::warn!("the agent {} cannot be given the tool that asks people: {error}", launch.name);
            None
        }
    };
    let server = questions.as_ref().map(|channel| channel.server.clone());
    let opening = async {
        let connection = connected
            .await
            .map_err(|_| AgentError::Crashed("the connection to the agent could not be made".to_owned()))?;
        open(&connection, &launch, server.as_ref()).await.map(|opened| (connection, opened))
    };
    let name = &launch.name;
    let result = tokio::select! {
        biased;
        // An agent that keeps printing something else will not start to speak the protocol.
        () = garbage.too_much() => Err(AgentError::Protocol(format!(
            "the agent {name} does not speak the Agent Client Protocol; it printed: {}", garbage.sample()))),
        result = opening => result,
        ended = process.ended() => Err(at_start(ended)),
        () = tokio::time::sleep(launch.initialize) => {
            let seconds = launch.initialize.as_secs_f64();
            Err(if garbage.sample().is_empty() {
                AgentError::Silent(format!("the agent {name} did not answer within {seconds} s of its start"))
            } else {
                AgentError::Protocol(format!(
                    "the agent {name} did not answer within {seconds} s of its start; it printed: {}", garbage.sample()))
            })
        }
    };
    match result {
        Ok((connection, opened)) => {
            live.store(true, Ordering::Release);
            Ok(Box::new(Acp {
                habits,
                session: SessionId::new(opened.started.session.clone()),
                started: opened.started,
                connection,
                capabilities: opened.capabilities,
                modes: opened.modes,
                options: opened.options,
                names: launch.modes,
                events,
                sender,
                owed: HashMap::new(),
                signs: Signs::default(),
                questions,
                process,
                stop: Some(stop),
                driver,
                exit: launch.exit,
                gone: false,
            }))
        }
        Err(error) => {
            let mut error = error;
            if matches!(error, AgentError::Failed { .. } | AgentError::Crashed(_))
                && let Ok(ended) = tokio::time::timeout(Duration::from_secs(3), process.ended()).await
            {
                // The end of the process is the better explanation of a broken connection, and what it printed a better one still.
                let _ = tokio::time::timeout(Duration::from_secs(1), garbage.read_to_end()).await;
                let printed = garbage.sample();
                error = match ended {
                    AgentError::Crashed(words) if !printed.is_empty() => {
                        let detail = format!("the agent {name} does not speak the Agent Client Protocol; it printed: {printed}; {words}");
                        AgentError::Protocol(detail)
                    }
                    ended => at_start(ended),
                };
            }
            drop(stop);
            driver.abort();
            process.end(true, launch.exit).await;
            Err(error)
        }
    }
}

fn at_start(ended: AgentError) -> AgentError {
    match ended {
        AgentError::Crashed(words) => AgentError::Crashed(format!("{words} (at its start)")),
        other => other,
    }
}

async fn drive(
    transport: impl agent_client_protocol::ConnectTo<Client> + 'static,
    events: mpsc::Sender<Inner>,
    gate: Gate,
    live: Arc<AtomicBool>,
    habits: Habits,
    folder: PathBuf,
    (ready, stopped): (oneshot::Sender<ConnectionTo<AgentRole>>, oneshot::Receiver<()>),
) {
    let ids = Arc::new(AtomicU64::new(1));
    let (asks, questions) = (Arc::clone(&ids), ids);
    let (permissions, elicitations) = (events.clone(), events.clone());
    let updates = events;
    let (asked_in, asking) = (folder.clone(), habits.clone());
    let result = Client
        .v1()
        .name("coord-runner")
        .on_receive_request(
            async move |request: RequestPermissionRequest, responder: Responder<RequestPermissionResponse>, cx| {
                let id = AskId(asks.fetch_add(1, Ordering::Relaxed));
                watch_withdrawal(&cx, &permissions, id, &responder)?;
                let (ask, options) = convert::permission(request, &asked_in, &asking);
                // A closed channel means that the attempt is over: the dropped responder answers with an error.
                let _ = permissions.send(Inner::Permission(id, ask, options, responder)).await;
                Ok(())
            },
            agent_client_protocol::on_receive_request!(),
        )
        .on_receive_request(
            async move |request: CreateElicitationRequest, responder: Responder<CreateElicitationResponse>, cx| {
                let id = AskId(questions.fetch_add(1, Ordering::Relaxed));
                match convert::question(request) {
                    Some(ask) => {
                        watch_withdrawal(&cx, &elicitations, id, &responder)?;
                        let _ = elicitations.send(Inner::Question(id, ask, responder)).await;
                        Ok(())
                    }
                    // Only forms were offered; what else comes is declined.
                    None => responder.respond(CreateElicitationResponse::new(ElicitationAction::Decline)),
                }
            },
            agent_client_protocol::on_receive_request!(),
        )
        .on_receive_notification(
            // Untyped, so that every notification passes the gate, the unknown ones too.
            async move |notification: agent_client_protocol::UntypedMessage, _cx| {
                let (method, params) = notification.into_parts();
                if method == "session/update" && live.load(Ordering::Acquire) && !habits.takes(&params) {
                    match serde_json::from_value::<SessionNotification>(params) {
                        Ok(update) => {
                            if let Some(sign) = Sign::of(&update.update, Clock.now()) {
                                let _ = updates.send(Inner::Sign(sign)).await;
                            }
                            for event in convert::update(update.update, &folder) {
                                let _ = updates.send(Inner::Event(event)).await;
                            }
                        }
                        Err(error) => tracing::debug!("an update of an unknown kind: {error}"),
                    }
                }
                gate.pass();
                Ok(())
            },
            agent_client_protocol::on_receive_notification!(),
        )
        .connect_with(transport, async move |connection: ConnectionTo<AgentRole>| {
            let _ = ready.send(connection);
            // Ends when the agent is closed, or dropped.
            let _ = stopped.await;
            Ok(())
        })
        .await;
    if let Err(error) = result {
        tracing::debug!("the connection to the agent ended: {}", error.message);
    }
}

/// Tells when the agent takes a request back.
fn watch_withdrawal<T: agent_client_protocol::JsonRpcResponse>(
    cx: &ConnectionTo<AgentRole>,
    events: &mpsc::Sender<Inner>,
    id: AskId,
    responder: &Responder<T>,
) -> Result<(), Error> {
    let cancellation = responder.cancellation();
    let events = events.downgrade();
    cx.spawn(async move {
        // Ends with the connection at the latest, which drops this task.
        cancellation.cancelled().await;
        if let Some(events) = events.upgrade() {
            let _ = events.send(Inner::Event(AgentEvent::Withdrawn(id))).await;
        }
        Ok(())
    })
}

impl Acp {
    fn turn_ended(&mut self, result: Result<PromptResponse, Error>) -> AgentEvent {
        let ended = result.map_err(|error| trouble::error(&error, Clock.now())).map(|response| {
            let end = match response.stop_reason {
                StopReason::EndTurn => TurnEnd::Done,
                StopReason::Cancelled => TurnEnd::Cancelled,
                StopReason::Refusal => TurnEnd::Refused,
                // What other reasons may come are limits of the agent's own.
                _ => TurnEnd::Limit,
            };
            let tokens = match &response.usage {
                Some(usage) => Some(Tokens {
                    input: i64::try_from(usage.input_tokens).unwrap_or(i64::MAX),
                    output: i64::try_from(usage.output_tokens).unwrap_or(i64::MAX),
                }),
                None => response.meta.as_ref().and_then(convert::quota),
            };
            (end, tokens)
        });
        let words = self.habits.words();
        AgentEvent::TurnEnded(self.signs.after(ended, words.as_deref()))
    }

    /// What is to be told, if it is anything.
    fn take(&mut self, inner: Inner) -> Option<AgentEvent> {
        Some(match inner {
            Inner::Event(AgentEvent::Withdrawn(id)) => {
                // The agent took it back; an empty answer closes it on the wire.
                self.answer(id, Reply::Cancelled);
                AgentEvent::Withdrawn(id)
            }
            Inner::Event(event) => event,
            Inner::Sign(sign) => {
                let (level, words) = self.signs.take(sign)?;
                AgentEvent::Notice(level, words)
            }
            Inner::Ended(result) => self.turn_ended(result),
            Inner::Permission(id, AgentAsk::Permission { call, .. }, options, responder) if self.is_own_tool(&call) => {
                // To ask a person needs no person's permission.
                self.owed.insert(id, Owed::Permission(options, responder));
                self.answer(id, Reply::Allow);
                return None;
            }
            Inner::Permission(id, ask, options, responder) => {
                self.owed.insert(id, Owed::Permission(options, responder));
                AgentEvent::Ask(id, ask)
            }
            Inner::Question(id, ask, responder) => {
                self.owed.insert(id, Owed::Question(responder));
                AgentEvent::Ask(id, ask)
            }
        })
    }

    fn is_own_tool(&self, call: &coord_protocol::log::ToolCall) -> bool {
        let own = |questions: &Channel| ask::is_own(&questions.server.name, &call.title);
        call.tool == ToolKind::Other && self.questions.as_ref().is_some_and(own)
    }

    /// Something on the channel of the runner's own tool.
    fn on_channel(&mut self, asked: Asked) -> AgentEvent {
        match asked {
            Asked::Question {
                id,
                question,
                options,
                answer,
            } => {
                self.owed.insert(AskId(id), Owed::Tool(answer));
                AgentEvent::Ask(AskId(id), convert::tool_question(question, options))
            }
            Asked::Gone { id } => {
                self.owed.remove(&AskId(id));
                AgentEvent::Withdrawn(AskId(id))
            }
        }
    }

    fn answer(&mut self, id: AskId, reply: Reply) {
        let sent = match self.owed.remove(&id) {
            None => Ok(()),
            Some(Owed::Permission(options, responder)) => {
                let outcome = choose(&options, &reply).map_or(RequestPermissionOutcome::Cancelled, |option| {
                    RequestPermissionOutcome::Selected(SelectedPermissionOutcome::new(option.option_id.clone()))
                });
                responder.respond(RequestPermissionResponse::new(outcome))
            }
            Some(Owed::Question(responder)) => {
                let action = match reply {
                    Reply::Filled(values) => {
                        let content = values.into_iter().map(|(name, value)| (name, convert::value(value))).collect();
                        ElicitationAction::Accept(ElicitationAcceptAction::new().content(Some(content)))
                    }
                    Reply::Cancelled => ElicitationAction::Cancel,
                    Reply::Allow | Reply::Reject | Reply::Declined => ElicitationAction::Decline,
                };
                responder.respond(CreateElicitationResponse::new(action))
            }
            Some(Owed::Tool(answer)) => {
                // One that nobody waits for any more is told as withdrawn.
                let _ = answer.send(convert::tool_answer(reply));
                Ok(())
            }
        };
        if let Err(error) = sent {
            tracing::debug!("an answer did not reach the agent: {}", error.message);
        }
    }
}

/// The option of the agent that says what was decided, by its kind and never by its name. "Always" of a person is remembered by the
/// runner, so the agent hears "once" wherever it offers that.
fn choose<'a>(options: &'a [PermissionOption], reply: &Reply) -> Option<&'a PermissionOption> {
    let wanted: &[PermissionOptionKind] = match reply {
        Reply::Allow => &[PermissionOptionKind::AllowOnce, PermissionOptionKind::AllowAlways],
        Reply::Reject | Reply::Declined => &[PermissionOptionKind::RejectOnce, PermissionOptionKind::RejectAlways],
        Reply::Cancelled | Reply::Filled(_) => &[],
    };
    wanted.iter().find_map(|kind| options.iter().find(|option| option.kind == *kind))
}

impl Agent for Acp {
    fn started(&self) -> &Started {
        &self.started
    }

    fn prompt(&mut self, text: &str) {
        let blocks = vec![ContentBlock::Text(TextContent::new(text))];
        let request = PromptRequest::new(self.session.clone(), blocks);
        let (events, failed) = (self.sender.clone(), self.sender.clone());
        self.habits.forget();
        // Ordered with the updates: a plain wait for the response can overtake them.
        self.signs.clear();
        let sent = self.connection.prepare_request(request).on_receiving_result(async move |result| {
            let _ = events.send(Inner::Ended(result)).await;
            Ok(())
        });
        if let Err(error) = sent {
            let _ = failed.try_send(Inner::Ended(Err(error)));
        }
    }

    fn reply(&mut self, ask: AskId, reply: Reply) {
        self.answer(ask, reply);
    }

    fn cancel(&mut self) {
        if let Err(error) = self.connection.send_notification(CancelNotification::new(self.session.clone())) {
            tracing::debug!("cancel did not reach the agent: {}", error.message);
        }
    }

    fn mode(&mut self, mode: AgentMode) {
        let name = match mode {
            AgentMode::Plan => self.names.plan.as_str(),
            AgentMode::Work => self.names.work.as_str(),
        };
        if let Some(modes) = &self.modes {
            // Told also when it says that it is in this mode: not every agent remembers it over a resume.
            if let Some(offered) = modes.available_modes.iter().find(|offered| &*offered.id.0 == name) {
                let request = SetSessionModeRequest::new(self.session.clone(), offered.id.clone());
                self.connection.send_request(request).detach();
            }
        } else if let Some((config, value)) = convert::mode_option(&self.options, name) {
            let request = SetSessionConfigOptionRequest::new(self.session.clone(), config, value);
            self.connection.send_request(request).detach();
        }
        if let Some((option, planning, otherwise)) = self.names.option {
            let value = match mode {
                AgentMode::Plan => planning,
                AgentMode::Work => otherwise,
            };
            if let Some((config, value)) = convert::option_value(&self.options, option, value) {
                let request = SetSessionConfigOptionRequest::new(self.session.clone(), config, value);
                self.connection.send_request(request).detach();
            }
        }
    }

    fn next(&mut self) -> BoxFuture<'_, AgentEvent> {
        Box::pin(async move {
            if self.gone {
                return std::future::pending().await;
            }
            loop {
                let on_channel = async {
                    match &mut self.questions {
                        Some(questions) => questions.next().await,
                        None => std::future::pending().await,
                    }
                };
                tokio::select! {
                    biased;
                    Some(inner) = self.events.recv() => {
                        let Some(event) = self.take(inner) else { continue };
                        // The end of the process is the better explanation of a closed connection.
                        if let AgentEvent::TurnEnded(Err(AgentError::Crashed(_))) = event
                            && let Ok(ended) = tokio::time::timeout(Duration::from_secs(1), self.process.ended()).await
                        {
                            return AgentEvent::TurnEnded(Err(ended));
                        }
                        return event;
                    }
                    asked = on_channel => return self.on_channel(asked),
                    ended = self.process.ended() => {
                        // What it said before its end comes first.
                        match self.events.try_recv() {
                            Ok(inner) => match self.take(inner) {
                                Some(event) => return event,
                                None => continue,
                            },
                            Err(_) => {
                                self.gone = true;
                                return AgentEvent::Gone(ended);
                            }
                        }
                    }
                }
            }
        })
    }

    fn close(mut self: Box<Self>, at_once: bool) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            for id in self.owed.keys().copied().collect::<Vec<_>>() {
                self.answer(id, Reply::Cancelled);
            }
            if !at_once && !self.gone && self.capabilities.session_capabilities.close.is_some() {
                let closing = self
                    .connection
                    .send_request(CloseSessionRequest::new(self.session.clone()))
                    .block_task();
                tokio::pin!(closing);
                let patience = tokio::time::sleep(self.exit);
                tokio::pin!(patience);
                loop {
                    tokio::select! {
                        _ = &mut closing => break,
                        () = &mut patience => break,
                        // A full channel would hold the answer back.
                        _ = self.events.recv() => {}
                    }
                }
            }
            self.events.close();
            // Ending the connection closes the agent's standard input.
            drop(self.stop.take());
            let mut driver = self.driver;
            if tokio::time::timeout(Duration::from_secs(1), &mut driver).await.is_err() {
                driver.abort();
            }
            self.process.end(at_once, self.exit).await;
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agt_3_a_decision_picks_the_agents_option_by_kind_and_prefers_once() {
        let options = vec![
            PermissionOption::new("yes!", "No", PermissionOptionKind::AllowAlways),
            PermissionOption::new("b", "Yes", PermissionOptionKind::RejectOnce),
            PermissionOption::new("c", "Never", PermissionOptionKind::AllowOnce),
        ];
        assert_eq!(&*choose(&options, &Reply::Allow).unwrap().option_id.0, "c");
        assert_eq!(&*choose(&options, &Reply::Reject).unwrap().option_id.0, "b");
        assert!(choose(&options, &Reply::Cancelled).is_none());
        assert!(choose(&options[1..2], &Reply::Allow).is_none(), "no way to allow is no permission");
    }
}
