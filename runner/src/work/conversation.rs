//! The exchange with one agent process: prompts, events to the log, requests to people and their answers back, messages, stop.

mod asks;

use super::{
    Attempt, Halt, Message, Order, prompt, questions, retry,
    turn::{Left, Next, after_turn},
};
use crate::{
    agents::{self, Agent, AgentError, AgentEvent, AgentMode, AskId, Launch, Reply, Tokens, TurnEnd, process},
    outbox::Pausing,
    spool::SpoolError,
};
use asks::Pending;
use coord_protocol::{
    id::RequestId,
    job::Activity,
    log::{LogBody, SystemLevel},
};
use std::{
    collections::{BTreeMap, VecDeque},
    time::{Duration, Instant},
};

/// Longest silence reckoned with.
const LONGEST: Duration = Duration::from_secs(30 * 24 * 3600);

/// Turns in a row that may end because something was refused to the agent.
const REFUSALS: u32 = 10;

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

/// How far a stop has come (AGT-6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stopping {
    No,
    /// A tool call runs; it may end until then.
    ForTool(Instant),
    /// The agent was told to end its turn; it may until then.
    ForTurn(Instant),
}

/// One agent process and what is open with it.
pub struct Conversation<'a> {
    attempt: &'a mut Attempt,
    agent: Box<dyn Agent>,
    pending: BTreeMap<RequestId, Pending>,
    words: VecDeque<String>,
    /// What the agent is told if it ends its turn because something was refused to it.
    refused: Option<String>,
    /// Turns in a row that ended so.
    refused_turns: u32,
    /// What the agent asks while a stop waits for a running tool call.
    held: Vec<AskId>,
    turn: bool,
    turns: u32,
    stopping: Stopping,
    interrupted: bool,
    heard: Instant,
    /// How often this silence was told of.
    notices: u32,
    killed: bool,
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
        if wanted && launch.quirks.minute_of_session {
            let pause = until_next_minute(attempt.state.session_opened, attempt.host.clock.now().0);
            if let Some(pause) = pause {
                let words = format!(
                    "{} cannot resume a session in its first minute; waiting {} s",
                    launch.name,
                    pause.as_secs()
                );
                attempt.journal.system(SystemLevel::Info, words)?;
                attempt.unless_ordered(tokio::time::sleep(pause), true).await?;
            }
        }
        let started = match attempt.unless_ordered(agents::start(launch), true).await {
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
            refused: None,
            refused_turns: 0,
            held: Vec::new(),
            turn: false,
            turns: 0,
            stopping: Stopping::No,
            interrupted: false,
            heard: Instant::now(),
            notices: 0,
            killed: false,
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
            // After a failure nobody asked for changes, and the instructions may be others now.
            Opening::Fresh if started.resumed => prompt::revision(&attempt.assignment).unwrap_or_else(|| first.to_owned()),
            Opening::Fresh => first.to_owned(),
            Opening::Interrupted if knows => prompt::go_on(&running),
            Opening::Interrupted => prompt::start_over(first, attempt.journal.memory.story()),
        };
        attempt.state.session = Some(started.session).filter(|session| !session.is_empty());
        attempt.state.session_opened = attempt.host.clock.now().0;
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
        let at_once = match &result {
            Ok(()) | Err(End::Halt(Halt::Failed(..) | Halt::Limited(..) | Halt::Unreachable(_))) => false,
            Err(End::Halt(Halt::Stopped)) => self.killed,
            Err(End::Halt(Halt::Dropped | Halt::Abandoned)) => true,
            // One that ended its turn with an error is sound, and can end in order.
            Err(End::Broken { error, .. }) => matches!(
                error,
                AgentError::Crashed(_) | AgentError::Protocol(_) | AgentError::Silent(_) | AgentError::Stalled(_)
            ),
        };
        let Self { attempt, agent, .. } = self;
        let flushed = attempt.journal.flush();
        let closed = attempt.unless_ordered(agent.close(at_once), false).await;
        attempt.state.wall_ms = attempt.wall_ms();
        attempt.began = Instant::now();
        if let Err(halt) = closed {
            // What was being ended in order is ended at once.
            process::sweep(attempt.assignment.attempt).await;
            return Err(halt.into());
        }
        flushed?;
        result
    }

    async fn exchange(&mut self) -> Result<(), End> {
        loop {
            self.show();
            let due = self.attempt.journal.due();
            let deadline = self.deadline();
            tokio::select! {
                event = self.agent.next() => {
                    self.speaks()?;
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
        match self.notices {
            1.. if activity == Activity::Running => self.attempt.outbox.pausing(activity, Pausing::Silent { since: self.heard }),
            _ => self.attempt.outbox.activity(activity),
        }
    }

    /// The agent said something.
    fn speaks(&mut self) -> Result<(), End> {
        let silent = self.heard.elapsed();
        self.heard = Instant::now();
        if std::mem::take(&mut self.notices) > 0 {
            let words = format!("The agent speaks again after {}", retry::spoken(silent));
            self.attempt.journal.system(SystemLevel::Info, words)?;
        }
        Ok(())
    }

    fn deadline(&self) -> Option<Instant> {
        match self.stopping {
            Stopping::ForTool(until) | Stopping::ForTurn(until) => Some(until),
            Stopping::No => (self.turn && self.pending.is_empty()).then(|| {
                let notice = self.heard + self.next_notice();
                self.silence_end().map_or(notice, |end| notice.min(self.heard + end))
            }),
        }
    }

    fn overdue(&mut self) -> Result<(), End> {
        match self.stopping {
            Stopping::ForTool(_) => {
                self.tell_to_end();
                Ok(())
            }
            Stopping::ForTurn(_) => Err(Halt::Stopped.into()),
            Stopping::No => self.silent(),
        }
    }

    /// After which silence it is told of next: twice as long each time.
    fn next_notice(&self) -> Duration {
        let silence = Duration::from_millis(self.attempt.host.config.timeouts.silence_ms);
        silence.saturating_mul(2_u32.saturating_pow(self.notices)).min(LONGEST)
    }

    fn silence_end(&self) -> Option<Duration> {
        match self.attempt.host.config.timeouts.silence_end_ms {
            0 => None,
            ms => Some(Duration::from_millis(ms).min(LONGEST)),
        }
    }

    /// The agent's process lives and says nothing. Agents retry for minutes without a word and tools run for long, so nothing is ended
    /// unless the owner wants it.
    fn silent(&mut self) -> Result<(), End> {
        let silent = self.heard.elapsed();
        if self.silence_end().is_some_and(|end| silent >= end) {
            let words = format!("the agent said nothing for {}; its process was alive", retry::spoken(silent));
            let progress = self.turns > 0;
            let error = AgentError::Stalled(words);
            return Err(End::Broken { error, progress });
        }
        self.notices += 1;
        let running: Vec<&str> = self.attempt.journal.memory.running.values().map(String::as_str).collect();
        let what = match running.as_slice() {
            [] => String::new(),
            some => format!("; running: {}", some.join(", ")),
        };
        let words = format!("The agent is silent for {}; its process is alive{what}", retry::spoken(silent));
        Ok(self.attempt.journal.system(SystemLevel::Warning, words)?)
    }

    /// Tells the agent to end its turn, and gives it the time for it.
    fn tell_to_end(&mut self) {
        for id in std::mem::take(&mut self.held) {
            self.agent.reply(id, Reply::Cancelled);
        }
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
                self.killed = true;
                self.attempt.journal.system(SystemLevel::Warning, "Stop at once was asked for")?;
                self.withdraw()?;
                Err(Halt::Stopped.into())
            }
            Some(Order::Stop { kill: false }) => self.stop(),
            Some(Order::Hurry) => self.hurry(),
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

    /// A second stop: no tool call is waited for.
    fn hurry(&mut self) -> Result<(), End> {
        self.stop()?;
        if matches!(self.stopping, Stopping::ForTool(_)) {
            let words = "A stop was asked for again; the running tool call is not waited for";
            self.attempt.journal.system(SystemLevel::Warning, words)?;
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

    // ---- events -------------------------------------------------------------------------------------------------------------------

    /// Takes an event in. True when the work is done.
    fn event(&mut self, event: AgentEvent) -> Result<bool, End> {
        let journal = &mut self.attempt.journal;
        match event {
            AgentEvent::Text(text) => journal.text(&text)?,
            AgentEvent::Thought(text) => journal.thought(&text)?,
            AgentEvent::Output(text) => journal.write(LogBody::Output { tool_call: None, text })?,
            AgentEvent::Session(session) => {
                self.attempt.state.session = Some(session);
                self.attempt.save()?;
            }
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

    /// Some agents end their turn when something is refused to them. That is no end of the work: they are told to go on without it, if
    /// nobody has better words for them.
    fn despite_refusal(&mut self, end: TurnEnd) -> TurnEnd {
        let refused = self.refused.take();
        match (end, refused) {
            (TurnEnd::Cancelled, Some(words)) if !self.interrupted && self.stopping == Stopping::No && self.refused_turns < REFUSALS => {
                self.refused_turns += 1;
                if self.words.is_empty() {
                    self.words.push_back(words);
                }
                TurnEnd::Done
            }
            _ => {
                self.refused_turns = 0;
                end
            }
        }
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
        let end = self.despite_refusal(end);
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
            Next::Fail(reason, words) => return Err(Halt::Failed(reason, words.to_owned()).into()),
        }
        Ok(false)
    }
}

/// How long until the minute, by the clock, in which a session was opened is over. In microseconds since the epoch.
fn until_next_minute(opened: i64, now: i64) -> Option<Duration> {
    const MINUTE: i64 = 60_000_000;
    if opened.div_euclid(MINUTE) != now.div_euclid(MINUTE) {
        return None;
    }
    // A second more, for clocks that differ a little.
    let left = MINUTE - now.rem_euclid(MINUTE) + 1_000_000;
    u64::try_from(left).ok().map(Duration::from_micros)
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

    #[test]
    fn agt_7_a_session_that_must_not_be_resumed_in_its_first_minute_waits_for_the_next() {
        let at = |seconds: i64| 1_795_226_000_000_000 / 60_000_000 * 60_000_000 + seconds * 1_000_000;
        assert_eq!(until_next_minute(at(5), at(50)), Some(Duration::from_secs(11)));
        assert_eq!(until_next_minute(at(59), at(60)), None);
        assert_eq!(until_next_minute(0, at(3)), None);
    }
}
