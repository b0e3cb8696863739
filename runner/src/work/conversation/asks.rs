//! What the agent asks: decided by the owner, the policy or people, and answered once.

use super::{Conversation, End, Stopping};
use crate::{
    agents::{AgentAsk, AgentMode, AskId, Field, Reply, Value},
    work::{
        POLICY,
        policy::{self, Verdict},
        prompt,
        questions::{self, Decision},
    },
};
use coord_protocol::{
    id::RequestId,
    log::{LogBody, SystemLevel, ToolCall, ToolStatus},
    request::{Answer, Ask, RequestKind},
};
use std::collections::BTreeMap;

/// What an open request waits for.
#[derive(Debug)]
pub(super) enum Pending {
    Permission(AskId),
    AgentPlan(AskId),
    /// Asked by the runner, since the agent ended its turn with a plan.
    OwnPlan,
    Confirmation(AskId),
    Question(Question),
}

#[derive(Debug)]
pub(super) struct Question {
    pub(super) ask: AskId,
    pub(super) message: String,
    pub(super) fields: Vec<Field>,
    pub(super) at: usize,
    pub(super) filled: BTreeMap<String, Value>,
}

impl Conversation<'_> {
    /// Closes all open requests: towards the agent as cancelled, in the log without an answer.
    pub(super) fn withdraw(&mut self) -> Result<(), End> {
        for (_, pending) in std::mem::take(&mut self.pending) {
            match pending {
                Pending::Permission(ask) | Pending::AgentPlan(ask) | Pending::Confirmation(ask) => self.agent.reply(ask, Reply::Cancelled),
                Pending::Question(question) => self.agent.reply(question.ask, Reply::Cancelled),
                Pending::OwnPlan => {}
            }
        }
        Ok(self.attempt.withdraw_all()?)
    }

    pub(super) fn answer(&mut self, request: RequestId, answer: Answer, by: &str) -> Result<(), End> {
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
                    self.refused = Some(prompt::refused(&ask.title, None));
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

    pub(super) fn withdrawn(&mut self, id: AskId) -> Result<(), End> {
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

    pub(super) fn request(&mut self, ask: Ask, pending: Pending) -> Result<(), End> {
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

    pub(super) fn asked(&mut self, id: AskId, ask: AgentAsk) -> Result<(), End> {
        if let (Stopping::ForTool(_), AgentAsk::Permission { call, .. }) = (self.stopping, &ask) {
            // Another call would begin while one still runs. It waits for an answer until that one has ended, and then hears no.
            self.attempt.journal.memory.running.remove(&call.tool_call);
            self.held.push(id);
            self.tool_moved();
            return Ok(());
        }
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
            // Some agents show a change with the call and not again when they ask.
            if call.content.is_none()
                && call.diffs.is_empty()
                && let Some((content, diffs)) = attempt.journal.memory.shown(&call.tool_call)
            {
                call.content.clone_from(content);
                call.diffs.clone_from(diffs);
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
                self.refused = Some(prompt::refused(&ask.title, Some(why)));
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
