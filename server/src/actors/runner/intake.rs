//! What a runner says, dealt with one message at a time per connection.

use super::{CommandError, Held, Live, RunnerActor, bounds, owner};
use actix::{ActorFutureExt as _, ResponseActFuture, WrapFuture as _};
use coord_domain::{
    Refusal,
    lifecycle::{Happening, Report},
};
use coord_protocol::{
    attempt::Outcome,
    id::{AttemptId, JobId, WorkspaceId},
    log::{LogBody, LogEntry, MAX_ENTRY},
    request::{Answer, Ask},
    rule::Rule,
    runner::{Finished, FromRunner, MAX_BATCH, ToRunner},
    time::Timestamp,
};
use coord_store::{StoreError, Tx, attempts, feed, log, messages, requests};
use serde_json::json;
use std::sync::Arc;

pub(super) type Answered = ResponseActFuture<RunnerActor, Result<(), CommandError>>;

pub(super) fn handle(actor: &mut RunnerActor, message: FromRunner) -> Answered {
    match message {
        FromRunner::Heartbeat => done(actor),
        FromRunner::Hello { .. } => refuse(actor, "hello is said once"),
        FromRunner::Draining => {
            actor.state.set_draining(true);
            actor.tell(super::News::Work);
            done(actor)
        }
        FromRunner::Paused { paused } => {
            actor.state.set_draining(paused);
            actor.tell(super::News::Work);
            done(actor)
        }
        FromRunner::Agents { agents } => owner::agents(actor, agents),
        FromRunner::OwnerAnswer {
            attempt,
            fence,
            request,
            answer,
        } => owner::answers(actor, attempt, fence, request, answer),
        FromRunner::OwnerStop { attempt, fence, kill } => owner::stops(actor, attempt, fence, kill),
        FromRunner::Activity {
            attempt,
            fence,
            activity,
            pause,
        } => match actor.claims.get(&attempt) {
            Some(held) if held.fence == fence => {
                let happening = Happening::Activity { fence, activity, pause };
                happens(actor, held.job, attempt, fence, happening, None)
            }
            _ => stale(actor, attempt, fence),
        },
        FromRunner::Log { attempt, fence, entries } => append(actor, attempt, fence, entries),
        FromRunner::Finished(finished) => finish(actor, *finished),
        FromRunner::Merged { attempt, fence, result } => match actor.claims.get(&attempt) {
            Some(held) if held.fence == fence => {
                let job = held.job;
                let result = bounds::merged(result);
                happens(
                    actor,
                    job,
                    attempt,
                    fence,
                    Happening::Merged { fence, result },
                    Some(ToRunner::FinishConfirmed { attempt }),
                )
            }
            // The merge of a claim that ended is told again only when the confirmation was lost.
            _ => {
                actor.send(ToRunner::FinishConfirmed { attempt });
                done(actor)
            }
        },
    }
}

pub(super) fn done(actor: &RunnerActor) -> Answered {
    Box::pin(async { Ok(()) }.into_actor(actor))
}

pub(super) fn refuse(actor: &RunnerActor, detail: &str) -> Answered {
    let refusal = Refusal::state(Rule::Agt10, detail);
    Box::pin(async move { Err(refusal.into()) }.into_actor(actor))
}

/// The fence does not hold: the runner drops the work (INV-6).
pub(super) fn stale(actor: &mut RunnerActor, attempt: AttemptId, fence: i64) -> Answered {
    drop_work(actor, attempt, fence, "the claim no longer holds");
    done(actor)
}

fn drop_work(actor: &mut RunnerActor, attempt: AttemptId, fence: i64, detail: &str) {
    actor.send(ToRunner::Drop {
        attempt,
        fence,
        rule: Rule::Run5,
        detail: detail.to_owned(),
    });
}

/// Passes on what happened to the job. When `confirm` is given the claim ends with it.
fn happens(
    actor: &mut RunnerActor,
    job: JobId,
    attempt: AttemptId,
    fence: i64,
    happening: Happening,
    confirm: Option<ToRunner>,
) -> Answered {
    set_ending(actor, attempt, confirm.is_some());
    let live = actor.live.clone();
    let work = async move { live.happen(job, happening).await };
    Box::pin(work.into_actor(actor).map(move |result, actor, _| match result {
        Ok(_) => {
            if let Some(confirm) = confirm {
                actor.end_claim(attempt);
                actor.send(confirm);
            }
            Ok(())
        }
        Err(CommandError::Refused(refused)) => {
            actor.end_claim(attempt);
            drop_work(actor, attempt, fence, &refused.refusal.detail);
            Ok(())
        }
        Err(error) => {
            set_ending(actor, attempt, false);
            Err(error)
        }
    }))
}

fn set_ending(actor: &mut RunnerActor, attempt: AttemptId, ending: bool) {
    if let Some(held) = actor.claims.get_mut(&attempt) {
        held.ending = ending;
    }
}

fn append(actor: &mut RunnerActor, attempt: AttemptId, fence: i64, entries: Vec<LogEntry>) -> Answered {
    let Some(held) = actor.claims.get(&attempt).filter(|held| held.fence == fence) else {
        return stale(actor, attempt, fence);
    };
    if entries.len() > MAX_BATCH {
        return refuse(actor, "too many entries at once");
    }
    let head = held.head;
    let new: Vec<_> = entries.into_iter().filter(|entry| entry.seq > head).collect();
    let contiguous = new.iter().zip(head + 1..).all(|(entry, expected)| entry.seq == expected);
    if !contiguous || new.is_empty() {
        // Repeats are confirmed again; after a gap the runner goes on from what is stored.
        actor.send(ToRunner::Confirm { attempt, seq: head });
        return done(actor);
    }
    let batch = match Batch::of(held, attempt, fence, actor.live.now(), &new) {
        Ok(batch) => Arc::new(batch),
        Err(detail) => return refuse(actor, &detail),
    };
    let live = actor.live.clone();
    let tool = held.tools.after(&new);
    let work = async move { batch.store(&live).await };
    Box::pin(work.into_actor(actor).map(move |stored, actor, _| match stored {
        Ok(Ok(head)) => {
            if let Some(held) = actor.claims.get_mut(&attempt) {
                held.head = head;
                if let Some(tool) = tool {
                    held.tools.stored(tool);
                }
            }
            actor.send(ToRunner::Confirm { attempt, seq: head });
            Ok(())
        }
        Ok(Err(log::LogRefusal::Gap { head })) => {
            if let Some(held) = actor.claims.get_mut(&attempt) {
                held.head = head;
            }
            actor.send(ToRunner::Confirm { attempt, seq: head });
            Ok(())
        }
        Ok(Err(log::LogRefusal::StaleFence)) => {
            actor.end_claim(attempt);
            drop_work(actor, attempt, fence, "the attempt has ended, or another claim holds it");
            Ok(())
        }
        Err(error) => Err(error),
    }))
}

/// Entries of one message, and what they mean beside being stored.
struct Batch {
    attempt: AttemptId,
    fence: i64,
    job: JobId,
    workspace: WorkspaceId,
    first: i64,
    at: Timestamp,
    encoded: Vec<(i64, Arc<str>)>,
    opened: Vec<(requests::NewRequest, Option<Answer>)>,
    answered: Vec<(coord_protocol::id::RequestId, Answer)>,
    delivered: Vec<coord_protocol::id::MessageId>,
}

impl Batch {
    fn of(held: &Held, attempt: AttemptId, fence: i64, at: Timestamp, entries: &[LogEntry]) -> Result<Self, String> {
        let mut batch = Self {
            attempt,
            fence,
            job: held.job,
            workspace: held.workspace,
            first: held.head + 1,
            at,
            encoded: Vec::with_capacity(entries.len()),
            opened: vec![],
            answered: vec![],
            delivered: vec![],
        };
        for entry in entries {
            let text = serde_json::to_string(entry).map_err(|error| error.to_string())?;
            if text.len() > MAX_ENTRY {
                return Err(format!("entry {} is longer than {MAX_ENTRY} bytes", entry.seq));
            }
            batch.encoded.push((entry.seq, text.into()));
            match &entry.body {
                LogBody::Request { request, ask } => batch.opened.push((batch.request(*request, entry.seq, ask), None)),
                LogBody::Answer { request, answer, .. } => batch.answer(*request, answer),
                LogBody::UserMessage {
                    message: Some(message), ..
                } => batch.delivered.push(*message),
                LogBody::System { .. }
                | LogBody::Text { .. }
                | LogBody::Thought { .. }
                | LogBody::UserMessage { message: None, .. }
                | LogBody::ToolCall(_)
                | LogBody::ToolUpdate(_)
                | LogBody::Plan { .. }
                | LogBody::Usage { .. }
                | LogBody::Output { .. } => {}
            }
        }
        Ok(batch)
    }

    fn request(&self, id: coord_protocol::id::RequestId, seq: i64, ask: &Ask) -> requests::NewRequest {
        requests::NewRequest {
            id,
            workspace: self.workspace,
            job: self.job,
            attempt: self.attempt,
            seq,
            ask: ask.clone(),
            at: self.at,
        }
    }

    /// Answered by the policy before anybody could see it: nobody is bothered.
    fn answer(&mut self, request: coord_protocol::id::RequestId, answer: &Answer) {
        match self.opened.iter_mut().find(|(opened, _)| opened.id == request) {
            Some((_, given)) => *given = Some(answer.clone()),
            None => self.answered.push((request, answer.clone())),
        }
    }

    /// One transaction: the entries, the requests they open or close, what counts as delivered.
    async fn store(self: Arc<Self>, live: &Live) -> Result<Result<i64, log::LogRefusal>, CommandError> {
        let batch = Arc::clone(&self);
        let stored = live
            .store()
            .write(async move |tx: &mut Tx| -> Result<Result<(i64, Option<i64>), log::LogRefusal>, StoreError> { batch.write(tx).await })
            .await?;
        let (head, seq) = match stored {
            Ok(stored) => stored,
            Err(refusal) => return Ok(Err(refusal)),
        };
        live.0.logs.publish(self.attempt, &self.encoded, head);
        if let Some(seq) = seq {
            live.feed_committed(self.workspace, seq);
        }
        Ok(Ok(head))
    }

    async fn write(&self, tx: &mut Tx) -> Result<Result<(i64, Option<i64>), log::LogRefusal>, StoreError> {
        let encoded: Vec<_> = self.encoded.iter().map(|(_, entry)| Arc::clone(entry)).collect();
        let head = match log::append(tx, self.attempt, self.fence, self.first, &encoded).await? {
            Ok(head) => head,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let mut seq = None;
        for (request, answer) in &self.opened {
            if answer.is_some() || !requests::open(tx, request).await? {
                continue;
            }
            seq = Some(self.say(tx, "request.opened", request.id).await?);
        }
        for (request, answer) in &self.answered {
            if requests::delivered(tx, self.attempt, *request, answer, self.at).await? {
                seq = Some(self.say(tx, "request.answered", *request).await?);
            }
        }
        for message in &self.delivered {
            messages::mark_delivered(tx, self.attempt, *message, self.at).await?;
        }
        Ok(Ok((head, seq)))
    }

    async fn say(&self, tx: &mut Tx, kind: &'static str, request: coord_protocol::id::RequestId) -> Result<i64, StoreError> {
        feed::append(tx, self.workspace, self.at, kind, Some(self.job), &json!({ "request": request })).await
    }
}

fn finish(actor: &mut RunnerActor, finished: Finished) -> Answered {
    let Finished {
        attempt,
        fence,
        last_seq,
        result,
        summary,
        usage,
        branch,
        session,
        model,
        sandboxed,
        agent: _,
    } = finished;
    let Some(held) = actor.claims.get(&attempt).filter(|held| held.fence == fence) else {
        return finished_before(actor, attempt, fence);
    };
    if held.head != last_seq {
        // The end counts only with the whole log: the runner sends the rest, then says so again.
        let seq = held.head;
        actor.send(ToRunner::Confirm { attempt, seq });
        return done(actor);
    }
    let report = Box::new(bounds::report(Report {
        summary,
        usage,
        branch,
        session,
        model,
        sandboxed,
    }));
    let result = bounds::result(result);
    let job = held.job;
    let happening = Happening::Finished { fence, result, report };
    happens(actor, job, attempt, fence, happening, Some(ToRunner::FinishConfirmed { attempt }))
}

/// The end of an attempt this actor does not hold: told again because the confirmation was lost, or of a claim that was taken away.
fn finished_before(actor: &RunnerActor, attempt: AttemptId, fence: i64) -> Answered {
    let (live, runner) = (actor.live.clone(), actor.id);
    let work = async move {
        let mut conn = live.store().read().await?;
        attempts::get(&mut conn, attempt).await
    };
    Box::pin(work.into_actor(actor).map(move |found, actor, _| {
        let stored = found?.is_some_and(|(found, ..)| {
            let ours = found.claim().is_some_and(|claim| claim.runner == runner && claim.fence == fence);
            ours && found.ended_at.is_some() && !matches!(found.outcome, Some(Outcome::Lost) | None)
        });
        if stored {
            actor.send(ToRunner::FinishConfirmed { attempt });
        } else {
            drop_work(actor, attempt, fence, "the claim no longer holds");
        }
        Ok(())
    }))
}

impl RunnerActor {
    fn end_claim(&mut self, attempt: AttemptId) {
        if let Some(held) = self.release(attempt) {
            self.slot_freed(held.workspace);
        }
    }
}
