//! The exchange with one agent process: prompts, events to the log, requests to people and their answers back, messages, stop.

use super::{Attempt, Halt, Message, Order, POLICY, policy, prompt, questions};
use crate::{
    agents::{Agent, AgentAsk, AgentError, AgentEvent, AgentMode, AskId, Field, Launch, Reply, Tokens, TurnEnd, Value, acp, process},
    spool::SpoolError,
};
use coord_protocol::{
    attempt::FailureReason,
    id::RequestId,
    job::Activity,
    log::{LogBody, SystemLevel, ToolCall, ToolStatus},
    request::{Answer, Ask, RequestKind},
};
use policy::Verdict;
use questions::Decision;
use std::{
    collections::{BTreeMap, VecDeque},
    time::{Duration, Instant},
};

/// Silence of a working agent after which the log says so. Agents retry for minutes without a word, so nothing is ended.
const STALL: Duration = Duration::from_secs(600);

/// What may still come after a turn's end, and how long it is waited for.
const LATE: Duration = Duration::from_millis(200);

/// How a conversation begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opening {
    /// The attempt's first.
    Fresh,
    /// One before it broke off.
    Interrupted,
}

/// Why a conversation ended without a result.
#[derive(Debug)]
pub enum End {
    /// The work does not go on.
    Halt(Halt),
    /// The agent broke; another may go on.
    Broken {
        /// How.
        error: AgentError,
        /// Whether it had ended a turn before.
        progress: bool,
    },
}

impl From<Halt> for End {
    fn from(halt: Halt) -> Self {
        Self::Halt(halt)
    }
}

impl From<SpoolError> for End {
    fn from(error: SpoolError) -> Self {
        Self::Halt(error.into())
    }
}

/// What an open request waits for.
#[derive(Debug)]
enum Pending {
    Permission(AskId),
    AgentPlan(AskId),
    /// Asked by the runner, since the agent ended its turn with a plan.
    OwnPlan,
    Confirmation(AskId),
    Question(Question),
}

#[derive(Debug)]
struct Question {
    ask: AskId,
    message: String,
    fields: Vec<Field>,
    at: usize,
    filled: BTreeMap<String, Value>,
}

/// How far a stop has come (AGT-6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stopping {
    No,
    /// A tool call runs; it may end until then.
    ForTool(Instant),
    /// The agent was told to end its turn; it may until then.
    ForTurn(Instant),
}

/// What follows a turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// The attempt stops.
    Stop,
    /// Words that are owed to the agent.
    Words,
    /// A person's message.
    Message,
    /// A person must accept the plan.
    AskPlan,
    /// The work is done.
    Done,
    /// It failed.
    Fail(&'static str),
}

/// What a turn left.
#[derive(Debug, Clone, Copy)]
pub struct Left {
    /// How it ended.
    pub end: TurnEnd,
    /// Whether a stop was asked for.
    pub stopping: bool,
    /// Whether the runner has words for the agent.
    pub words: bool,
    /// Whether a person's message waits.
    pub messages: bool,
    /// Whether no plan is accepted yet in plan mode.
    pub planning: bool,
}

/// What follows a turn. Pure.
#[must_use]
pub const fn after_turn(left: Left) -> Next {
    if left.stopping {
        return Next::Stop;
    }
    match left.end {
        TurnEnd::Refused => return Next::Fail("the agent refused to do it"),
        TurnEnd::Limit => return Next::Fail("the agent reached a limit of its own before it was done"),
        TurnEnd::Done | TurnEnd::Cancelled => {}
    }
    if left.words {
        return Next::Words;
    }
    if left.messages {
        return Next::Message;
    }
    match left.end {
        TurnEnd::Cancelled => Next::Fail("the agent ended its turn as cancelled, though nobody told it to"),
        _ if left.planning => Next::AskPlan,
        _ => Next::Done,
    }
}

/// One agent process and what is open with it.
pub struct Conversation<'a> {
    attempt: &'a mut Attempt,
    agent: Box<dyn Agent>,
    pending: BTreeMap<RequestId, Pending>,
    words: VecDeque<String>,
    turn: bool,
    turns: u32,
    stopping: Stopping,
    interrupted: bool,
    heard: Instant,
    stall_told: bool,
}

impl<'a> Conversation<'a> {
    /// Starts or resumes the agent and gives it its first prompt.
    ///
    /// # Errors
    /// When the agent does not start, or an order came first.
    pub async fn begin(attempt: &'a mut Attempt, mut launch: Launch, opening: Opening, first: &str) -> Result<Self, End> {
        launch.resume = match opening {
            Opening::Fresh => attempt.assignment.resume_session.clone(),
            Opening::Interrupted => attempt.state.session.clone(),
        };
        let wanted = launch.resume.is_some();
        let started = match attempt.unless_ordered(acp::start(launch), true).await {
            Ok(started) => started,
            Err(halt) => {
                // What was being started is dropped half-way.
                process::sweep(attempt.assignment.attempt).await;
                return Err(halt.into());
            }
        };
        let agent = started.map_err(|error| End::Broken { error, progress: false })?;
        let mut conversation = Self {
            attempt,
            agent,
            pending: BTreeMap::new(),
            words: VecDeque::new(),
            turn: false,
            turns: 0,
            stopping: Stopping::No,
            interrupted: false,
            heard: Instant::now(),
            stall_told: false,
        };
        match conversation.open(opening, wanted, first) {
            Ok(()) => Ok(conversation),
            Err(end) => {
                conversation.agent.close(true).await;
                Err(end)
            }
        }
    }

    fn open(&mut self, opening: Opening, wanted: bool, first: &str) -> Result<(), End> {
        let started = self.agent.started().clone();
        let attempt = &mut *self.attempt;
        let version = started
            .agent
            .version
            .as_deref()
            .map(|version| format!(" {version}"))
            .unwrap_or_default();
        let model = started.model.as_deref().map(|model| format!(", model {model}")).unwrap_or_default();
        let how = match (started.resumed, wanted, opening) {
            (true, ..) => "; it resumes its session",
            (false, true, Opening::Interrupted) => "; it cannot resume its session, so a new one is told what happened so far",
            (false, true, Opening::Fresh) => "; it cannot resume the session of the attempt before",
            (false, false, _) => "",
        };
        let words = format!("Agent {}{version} started{model}{how}", started.agent.name);
        attempt.journal.system(SystemLevel::Info, words)?;
        if !started.resumed {
            // A new session counts its cost from nothing.
            attempt.state.cost_before = attempt.journal.memory.usage.cost_usd;
            attempt.last_cost = 0.0;
        }
        let running: Vec<String> = attempt.journal.memory.running.drain().map(|(_, title)| title).collect();
        let knows = started.resumed && attempt.state.prompted;
        let text = match opening {
            Opening::Fresh if started.resumed => prompt::revision(&attempt.assignment),
            Opening::Fresh => first.to_owned(),
            Opening::Interrupted if knows => prompt::go_on(&running),
            Opening::Interrupted => prompt::start_over(first, attempt.journal.memory.story()),
        };
        attempt.state.session = Some(started.session);
        attempt.state.agent = Some(started.agent);
        attempt.state.model = started.model.or_else(|| attempt.assignment.model.clone());
        attempt.state.wall_ms = attempt.wall_ms();
        attempt.began = Instant::now();
        attempt.state.prompted = true;
        attempt.save()?;
        // Always told, since not every agent remembers its mode.
        self.agent.mode(if attempt.planning() { AgentMode::Plan } else { AgentMode::Work });
        self.prompt(&text);
        Ok(())
    }

    fn prompt(&mut self, text: &str) {
        self.turn = true;
        self.interrupted = false;
        self.heard = Instant::now();
        self.agent.prompt(text);
    }

    /// Goes on until the agent has done the work, broke, or an order ended it. Then none of its processes is left.
    ///
    /// # Errors
    /// Why there is no result.
    pub async fn run(mut self) -> Result<(), End> {
        let mut result = self.exchange().await;
        if result.is_ok() {
            result = self.late().await;
        }
        let flushed = self.attempt.journal.flush();
        let at_once = match &result {
            Ok(()) | Err(End::Halt(Halt::Failed(..) | Halt::Unreachable(_))) => false,
            // A graceful stop has waited already, as far as it may.
            Err(End::Halt(Halt::Stopped)) => self.turn,
            Err(End::Halt(Halt::Dropped | Halt::Abandoned) | End::Broken { .. }) => true,
        };
        self.agent.close(at_once).await;
        flushed?;
        self.attempt.state.wall_ms = self.attempt.wall_ms();
        self.attempt.began = Instant::now();
        result
    }

    async fn exchange(&mut self) -> Result<(), End> {
        loop {
            self.show();
            let due = self.attempt.journal.due();
            let deadline = self.deadline();
            tokio::select! {
                event = self.agent.next() => {
                    self.heard = Instant::now();
                    self.stall_told = false;
                    if self.event(event)? {
                        return Ok(());
                    }
                }
                order = self.attempt.orders.recv() => self.order(order)?,
                () = until(due) => self.attempt.journal.flush_ready()?,
                () = until(deadline) => self.overdue()?,
            }
        }
    }

    /// Takes what agents tell after the end of their turn.
    async fn late(&mut self) -> Result<(), End> {
        for _ in 0..100 {
            match tokio::time::timeout(LATE, self.agent.next()).await {
                Ok(AgentEvent::Gone(_) | AgentEvent::TurnEnded(_)) | Err(_) => return Ok(()),
                Ok(AgentEvent::Ask(id, _)) => self.agent.reply(id, Reply::Cancelled),
                Ok(event) => {
                    self.event(event)?;
                }
            }
        }
        Ok(())
    }

    fn show(&self) {
        let kind_of = |pending: &Pending| match pending {
            Pending::Permission(_) => Activity::WaitingForPermission,
            Pending::AgentPlan(_) | Pending::OwnPlan => Activity::WaitingForPlan,
            Pending::Confirmation(_) | Pending::Question(_) => Activity::WaitingForAnswer,
        };
        let activity = match (self.stopping, self.pending.values().next()) {
            (Stopping::ForTool(_) | Stopping::ForTurn(_), _) => Activity::Stopping,
            (Stopping::No, Some(pending)) => kind_of(pending),
            (Stopping::No, None) => Activity::Running,
        };
        self.attempt.outbox.activity(activity);
    }

    fn deadline(&self) -> Option<Instant> {
        match self.stopping {
            Stopping::ForTool(until) | Stopping::ForTurn(until) => Some(until),
            Stopping::No => (self.turn && self.pending.is_empty() && !self.stall_told).then(|| self.heard + STALL),
        }
    }

    fn overdue(&mut self) -> Result<(), End> {
        match self.stopping {
            Stopping::ForTool(_) => {
                self.tell_to_end();
                Ok(())
            }
            Stopping::ForTurn(_) => Err(Halt::Stopped.into()),
            Stopping::No => {
                self.stall_told = true;
                let minutes = STALL.as_secs() / 60;
                let words = format!("The agent has been silent for {minutes} minutes; its process is alive");
                Ok(self.attempt.journal.system(SystemLevel::Warning, words)?)
            }
        }
    }

    /// Tells the agent to end its turn, and gives it the time for it.
    fn tell_to_end(&mut self) {
        self.agent.cancel();
        let patience = Duration::from_millis(self.attempt.host.config.timeouts.cancel_ms);
        self.stopping = Stopping::ForTurn(Instant::now() + patience);
    }

    // ---- orders -------------------------------------------------------------------------------------------------------------------

    fn order(&mut self, order: Option<Order>) -> Result<(), End> {
        match order {
            None | Some(Order::Abandon) => Err(Halt::Abandoned.into()),
            Some(Order::Drop) => Err(Halt::Dropped.into()),
            Some(Order::Stop { kill: true }) => {
                self.attempt.journal.system(SystemLevel::Warning, "Stop at once was asked for")?;
                self.withdraw()?;
                Err(Halt::Stopped.into())
            }
            Some(Order::Stop { kill: false }) => self.stop(),
            Some(Order::Answer { request, answer, by }) => self.answer(request, answer, &by),
            Some(Order::Message(message)) => self.message(message),
        }
    }

    fn stop(&mut self) -> Result<(), End> {
        if self.stopping != Stopping::No {
            // Told again after a reconnect.
            return Ok(());
        }
        self.attempt.stop_asked = true;
        let grace = Duration::from_millis(self.attempt.host.config.timeouts.stop_grace_ms);
        let asked = !self.pending.is_empty();
        self.withdraw()?;
        if !self.turn {
            return Err(Halt::Stopped.into());
        }
        let running: Vec<&str> = self.attempt.journal.memory.running.values().map(String::as_str).collect();
        let words = match running.as_slice() {
            [] => "A stop was asked for; the agent is told to end its turn".to_owned(),
            some => format!("A stop was asked for; it waits for: {}", some.join(", ")),
        };
        let waits = !running.is_empty() && !asked;
        self.attempt.journal.system(SystemLevel::Info, words)?;
        if waits {
            self.stopping = Stopping::ForTool(Instant::now() + grace);
        } else {
            self.tell_to_end();
        }
        Ok(())
    }

    fn message(&mut self, message: Message) -> Result<(), End> {
        let interrupt = message.interrupt;
        self.attempt.enqueue(message);
        if self.attempt.queue.is_empty() || self.stopping != Stopping::No {
            return Ok(());
        }
        if !self.turn {
            // Only a plan waits; the words may change it.
            self.withdraw()?;
            return self.deliver();
        }
        if interrupt && !self.interrupted {
            self.interrupted = true;
            self.withdraw()?;
            self.agent.cancel();
        }
        Ok(())
    }

    /// Gives the agent the next message.
    fn deliver(&mut self) -> Result<(), End> {
        if let Some(message) = self.attempt.queue.pop_front() {
            self.attempt.journal.write(LogBody::UserMessage {
                message: Some(message.id),
                from: message.from,
                text: message.body.clone(),
            })?;
            self.prompt(&message.body);
        }
        Ok(())
    }

    /// Closes all open requests: towards the agent as cancelled, in the log without an answer.
    fn withdraw(&mut self) -> Result<(), End> {
        for (_, pending) in std::mem::take(&mut self.pending) {
            match pending {
                Pending::Permission(ask) | Pending::AgentPlan(ask) | Pending::Confirmation(ask) => self.agent.reply(ask, Reply::Cancelled),
                Pending::Question(question) => self.agent.reply(question.ask, Reply::Cancelled),
                Pending::OwnPlan => {}
            }
        }
        Ok(self.attempt.withdraw_all()?)
    }

    fn answer(&mut self, request: RequestId, answer: Answer, by: &str) -> Result<(), End> {
        // Told again after a reconnect, or too late.
        let Some(pending) = self.pending.remove(&request) else {
            return Ok(());
        };
        let Some(ask) = self.attempt.journal.memory.open.get(&request).cloned() else {
            return Ok(());
        };
        self.attempt.journal.write(LogBody::Answer {
            request,
            answer: answer.clone(),
            by: by.to_owned(),
        })?;
        match pending {
            Pending::Permission(id) => match questions::decision(&ask, &answer) {
                Decision::Allow => self.agent.reply(id, Reply::Allow),
                Decision::Deny(words) => {
                    self.agent.reply(id, Reply::Reject);
                    // ACP has no words with a refusal: they follow as a prompt when the turn ends.
                    self.words
                        .extend(words.map(|words| format!("{by} did not allow “{}”: {words}", ask.title)));
                }
            },
            Pending::AgentPlan(id) => match questions::decision(&ask, &answer) {
                Decision::Allow => {
                    self.accept_plan(by)?;
                    self.agent.reply(id, Reply::Allow);
                }
                Decision::Deny(words) => {
                    self.agent.reply(id, Reply::Reject);
                    self.words.push_back(prompt::plan_rejected(words.as_deref()));
                }
            },
            Pending::OwnPlan => match questions::decision(&ask, &answer) {
                Decision::Allow => {
                    self.accept_plan(by)?;
                    self.agent.mode(AgentMode::Work);
                    self.prompt(prompt::PLAN_ACCEPTED);
                }
                Decision::Deny(words) => self.prompt(&prompt::plan_rejected(words.as_deref())),
            },
            Pending::Confirmation(id) => {
                let yes = answer.choice.as_deref() == Some("yes");
                self.agent
                    .reply(id, if yes { Reply::Filled(BTreeMap::new()) } else { Reply::Declined });
            }
            Pending::Question(mut question) => {
                match questions::fill(&question.fields[question.at], &answer, &mut question.filled) {
                    Ok(()) => question.at += 1,
                    Err(words) => self
                        .attempt
                        .journal
                        .system(SystemLevel::Warning, format!("The question is asked again: {words}"))?,
                }
                self.ask_field(question)?;
            }
        }
        Ok(())
    }

    fn accept_plan(&mut self, by: &str) -> Result<(), End> {
        self.attempt.state.plan_accepted = true;
        self.attempt.save()?;
        Ok(self.attempt.journal.system(SystemLevel::Info, format!("{by} accepted the plan"))?)
    }

    // ---- events -------------------------------------------------------------------------------------------------------------------

    /// Takes an event in. True when the work is done.
    fn event(&mut self, event: AgentEvent) -> Result<bool, End> {
        let journal = &mut self.attempt.journal;
        match event {
            AgentEvent::Text(text) => journal.text(&text)?,
            AgentEvent::Thought(text) => journal.thought(&text)?,
            AgentEvent::Plan(steps) => journal.write(LogBody::Plan { steps })?,
            AgentEvent::Notice(level, text) => journal.system(level, text)?,
            AgentEvent::ToolCall(call) => {
                journal.write(LogBody::ToolCall(call))?;
                self.tool_moved();
            }
            AgentEvent::ToolUpdate(update, kind) => {
                if let Some(kind) = kind {
                    journal.memory.kind_told(&update.tool_call, kind);
                }
                journal.write(LogBody::ToolUpdate(update))?;
                self.tool_moved();
            }
            AgentEvent::Cost(cost) => self.cost(cost)?,
            AgentEvent::Ask(id, ask) => self.asked(id, ask)?,
            AgentEvent::Withdrawn(id) => self.withdrawn(id)?,
            AgentEvent::TurnEnded(Ok((end, tokens))) => return self.turn_ended(end, tokens),
            AgentEvent::TurnEnded(Err(error)) | AgentEvent::Gone(error) => {
                self.turn = false;
                if self.stopping != Stopping::No {
                    return Err(Halt::Stopped.into());
                }
                let progress = self.turns > 0;
                return Err(if error.transient() {
                    End::Broken { error, progress }
                } else {
                    End::Halt(error.into())
                });
            }
        }
        Ok(false)
    }

    /// A graceful stop waits for running tool calls only.
    fn tool_moved(&mut self) {
        if matches!(self.stopping, Stopping::ForTool(_)) && self.attempt.journal.memory.running.is_empty() {
            self.tell_to_end();
        }
    }

    fn cost(&mut self, cost: f64) -> Result<(), End> {
        let attempt = &mut *self.attempt;
        if cost < attempt.last_cost {
            // A resumed session may count anew.
            attempt.state.cost_before = attempt.journal.memory.usage.cost_usd;
        }
        attempt.last_cost = cost;
        let mut usage = attempt.journal.memory.usage;
        let total = attempt.state.cost_before.unwrap_or_default() + cost;
        if usage.cost_usd != Some(total) {
            usage.cost_usd = Some(total);
            usage.wall_ms = attempt.wall_ms();
            attempt.journal.write(LogBody::Usage { usage })?;
        }
        Ok(())
    }

    fn turn_ended(&mut self, end: TurnEnd, tokens: Option<Tokens>) -> Result<bool, End> {
        self.turn = false;
        self.turns += 1;
        self.withdraw()?;
        if let Some(tokens) = tokens {
            let mut usage = self.attempt.journal.memory.usage;
            usage.input_tokens += tokens.input;
            usage.output_tokens += tokens.output;
            usage.wall_ms = self.attempt.wall_ms();
            self.attempt.journal.write(LogBody::Usage { usage })?;
        }
        let left = Left {
            end,
            stopping: self.stopping != Stopping::No,
            words: !self.words.is_empty(),
            messages: !self.attempt.queue.is_empty(),
            planning: self.attempt.planning(),
        };
        match after_turn(left) {
            Next::Stop => return Err(Halt::Stopped.into()),
            Next::Words => {
                let words: Vec<String> = self.words.drain(..).collect();
                self.prompt(&words.join("\n\n"));
            }
            Next::Message => self.deliver()?,
            Next::AskPlan => {
                self.attempt.journal.flush()?;
                let plan = self
                    .attempt
                    .journal
                    .memory
                    .summary()
                    .unwrap_or_else(|| "(The agent wrote no plan.)".to_owned());
                self.request(questions::plan(&plan, None), Pending::OwnPlan)?;
            }
            Next::Done => return Ok(true),
            Next::Fail(words) => return Err(Halt::Failed(FailureReason::AgentError, words.to_owned()).into()),
        }
        Ok(false)
    }

    fn withdrawn(&mut self, id: AskId) -> Result<(), End> {
        let of = |pending: &Pending| match pending {
            Pending::Permission(ask) | Pending::AgentPlan(ask) | Pending::Confirmation(ask) => Some(*ask),
            Pending::Question(question) => Some(question.ask),
            Pending::OwnPlan => None,
        };
        let request = self
            .pending
            .iter()
            .find(|(_, pending)| of(pending) == Some(id))
            .map(|(request, _)| *request);
        if let Some(request) = request {
            self.pending.remove(&request);
            self.attempt.journal.write(LogBody::Answer {
                request,
                answer: Answer { choice: None, body: None },
                by: POLICY.to_owned(),
            })?;
        }
        Ok(())
    }

    fn request(&mut self, ask: Ask, pending: Pending) -> Result<(), End> {
        let request = self.attempt.host.clock.request_id();
        self.attempt.journal.write(LogBody::Request { request, ask })?;
        self.pending.insert(request, pending);
        Ok(())
    }

    /// A request that the runner answers itself, logged all the same.
    fn decided(&mut self, ask: Ask, choice: &str, words: Option<&str>) -> Result<(), End> {
        let request = self.attempt.host.clock.request_id();
        self.attempt.journal.write(LogBody::Request { request, ask })?;
        self.attempt.journal.write(LogBody::Answer {
            request,
            answer: Answer {
                choice: Some(choice.to_owned()),
                body: words.map(str::to_owned),
            },
            by: POLICY.to_owned(),
        })?;
        Ok(())
    }

    fn asked(&mut self, id: AskId, ask: AgentAsk) -> Result<(), End> {
        if self.stopping != Stopping::No || self.interrupted {
            // A cancelled answer alone is only a refusal: the turn would go on.
            self.agent.reply(id, Reply::Cancelled);
            if self.interrupted {
                self.agent.cancel();
            } else {
                self.tell_to_end();
            }
            return Ok(());
        }
        match ask {
            AgentAsk::Permission {
                call, plan: Some(plan), ..
            } => {
                if self.attempt.planning() {
                    return self.request(questions::plan(&plan, Some(call.tool_call)), Pending::AgentPlan(id));
                }
                // Nobody asked it to plan; there is nothing to accept.
                self.agent.reply(id, Reply::Allow);
                Ok(())
            }
            AgentAsk::Permission {
                call,
                kind_told,
                plan: None,
            } => self.permission(id, call, kind_told),
            AgentAsk::Question { message, fields } if fields.is_empty() => {
                self.request(questions::confirmation(&message), Pending::Confirmation(id))
            }
            AgentAsk::Question { message, fields } => self.ask_field(Question {
                ask: id,
                message,
                fields,
                at: 0,
                filled: BTreeMap::new(),
            }),
        }
    }

    fn permission(&mut self, id: AskId, mut call: ToolCall, kind_told: bool) -> Result<(), End> {
        let attempt = &mut *self.attempt;
        let known = attempt.journal.memory.kind(&call.tool_call);
        if let Some(known) = known {
            if kind_told {
                attempt.journal.memory.kind_told(&call.tool_call, call.tool);
            } else {
                call.tool = known;
            }
            if call.title.is_empty() {
                attempt
                    .journal
                    .memory
                    .title(&call.tool_call)
                    .unwrap_or_default()
                    .clone_into(&mut call.title);
            }
        } else {
            // Some agents tell of a tool call only by asking.
            call.status = ToolStatus::Pending;
            attempt.journal.write(LogBody::ToolCall(call.clone()))?;
        }
        let title = if call.title.is_empty() {
            "A tool call"
        } else {
            call.title.as_str()
        };
        let ask = questions::permission(&call, title);
        let facts = policy::Facts {
            tool: call.tool,
            title: &call.title,
            planning: attempt.planning(),
            policy: attempt.assignment.tools_policy,
            always: attempt.journal.memory.always.contains(&call.tool),
        };
        match policy::decide(facts, &attempt.host.config.policy) {
            Verdict::Allow => {
                self.decided(ask, "allow", None)?;
                self.agent.reply(id, Reply::Allow);
            }
            Verdict::Reject(why) => {
                self.decided(ask, "deny", Some(why))?;
                self.agent.reply(id, Reply::Reject);
            }
            Verdict::Ask => self.request(ask, Pending::Permission(id))?,
        }
        Ok(())
    }

    /// Asks the next field of a question, or gives the agent all of them.
    fn ask_field(&mut self, question: Question) -> Result<(), End> {
        match question.fields.get(question.at) {
            Some(field) => {
                let ask = questions::question(&question.message, field, question.fields.len());
                debug_assert_eq!(ask.kind, RequestKind::Question);
                self.request(ask, Pending::Question(question))
            }
            None => {
                self.agent.reply(question.ask, Reply::Filled(question.filled));
                Ok(())
            }
        }
    }
}

async fn until(when: Option<Instant>) {
    match when {
        Some(when) => tokio::time::sleep_until(when.into()).await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEFT: Left = Left {
        end: TurnEnd::Done,
        stopping: false,
        words: false,
        messages: false,
        planning: false,
    };

    #[test]
    fn agt_5_messages_wait_for_the_end_of_a_turn_and_come_before_the_end_of_the_work() {
        assert_eq!(after_turn(LEFT), Next::Done);
        assert_eq!(after_turn(Left { messages: true, ..LEFT }), Next::Message);
        assert_eq!(
            after_turn(Left {
                messages: true,
                words: true,
                ..LEFT
            }),
            Next::Words
        );
        assert_eq!(
            after_turn(Left {
                messages: true,
                end: TurnEnd::Cancelled,
                ..LEFT
            }),
            Next::Message
        );
    }

    #[test]
    fn agt_2_a_turn_in_plan_mode_ends_in_a_plan_to_accept() {
        assert_eq!(after_turn(Left { planning: true, ..LEFT }), Next::AskPlan);
        assert_eq!(
            after_turn(Left {
                planning: true,
                messages: true,
                ..LEFT
            }),
            Next::Message
        );
    }

    #[test]
    fn agt_6_a_stop_comes_before_all_else() {
        let all = Left {
            stopping: true,
            words: true,
            messages: true,
            planning: true,
            end: TurnEnd::Refused,
        };
        assert_eq!(after_turn(all), Next::Stop);
        assert!(matches!(
            after_turn(Left {
                end: TurnEnd::Cancelled,
                ..LEFT
            }),
            Next::Fail(_)
        ));
    }
}
