//! People answer agents and write to them: committed first, then passed on to the runner, which shows in the log that it arrived.

use super::{CommandError, Live, runner};
use crate::context::Actor;
use coord_domain::{
    Refusal,
    job::Job,
    rights::{self, Act, Who},
    validate,
};
use coord_protocol::{
    account::Person,
    attempt::{Message, NewMessage},
    id::{AttemptId, MessageId, RequestId, UserId},
    request::{Answer, AnswerBody, Request, RequestKind},
    rule::Rule,
    runner::ToRunner,
};
use coord_store::{StoreError, Tx, attempts, audit, feed, idempotency, jobs, members, messages, requests};
use serde_json::json;

impl Live {
    /// Answers an agent's request. The first answer counts (AGT-3).
    ///
    /// # Errors
    /// ACC-3, AGT-3 when it is answered already or withdrawn, AGT-3 or AGT-4 when the answer is not one that was offered.
    pub async fn answer(&self, user: UserId, id: RequestId, body: AnswerBody) -> Result<Request, CommandError> {
        let (live, by) = (self.clone(), Actor::calling(user));
        super::whole(async move { live.answer_now(user, by, id, body).await }).await
    }

    async fn answer_now(&self, user: UserId, by: Actor, id: RequestId, body: AnswerBody) -> Result<Request, CommandError> {
        let (request, job, who) = self.open_request(user, id).await?;
        rights::may(who, Act::Operate, Some(&job.access))?;
        let answer = checked(&request, body)?;
        let at = self.now();
        let (given, workspace, audit_id) = (answer.clone(), job.workspace, self.ids().uuid().to_string());
        let job_id = job.id;
        let seq = self
            .store()
            .write(async move |tx: &mut Tx| -> Result<Option<i64>, StoreError> {
                if !requests::answer(tx, id, &given, user, at).await? {
                    return Ok(None);
                }
                let entry = audit::Entry {
                    id: audit_id.clone(),
                    at,
                    workspace: Some(workspace),
                    actor: Some(user),
                    via: by.via,
                    act: "request.answer",
                    target: id.to_string(),
                    detail: json!({ "job": job_id, "choice": given.choice }),
                    address: by.address.map(|address| address.to_string()),
                };
                audit::append(tx, &entry).await?;
                let payload = json!({ "request": id, "by": user });
                Ok(Some(
                    feed::append(tx, workspace, at, "request.answered", Some(job_id), &payload).await?,
                ))
            })
            .await?;
        let Some(seq) = seq else {
            return Err(self.answered_already(id).await?);
        };
        self.feed_committed(workspace, seq);
        let answered = self.request(id).await?.ok_or(CommandError::NotFound)?;
        if let Some(claim) = job.claim() {
            let message = ToRunner::Answer {
                attempt: request.attempt,
                request: id,
                answer,
                by: answered.answered_by.as_ref().map_or_else(String::new, |person| person.name.clone()),
            };
            runner::deliver(self, claim.runner, request.attempt, message);
        }
        Ok(answered)
    }

    /// A request as it is now.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn request(&self, id: RequestId) -> Result<Option<Request>, StoreError> {
        let mut conn = self.store().read().await?;
        requests::get(&mut conn, id).await
    }

    async fn open_request(&self, user: UserId, id: RequestId) -> Result<(Request, Job, Who), CommandError> {
        let mut conn = self.store().read().await?;
        let request = requests::get(&mut conn, id).await?.ok_or(CommandError::NotFound)?;
        let job = jobs::get(&mut conn, request.job).await?.ok_or(CommandError::NotFound)?;
        let role = members::role(&mut conn, job.workspace, user).await?;
        let who = Who { user, role };
        drop(conn);
        rights::may(who, Act::See, Some(&job.access)).map_err(|_| CommandError::NotFound)?;
        if request.closed_at.is_some() {
            return Err(self.answered_already(id).await?);
        }
        Ok((request, job, who))
    }

    async fn answered_already(&self, id: RequestId) -> Result<CommandError, StoreError> {
        let by = self.request(id).await?.and_then(|request| request.answered_by);
        let detail = by.map_or_else(
            || "the agent no longer waits for an answer".to_owned(),
            |person| format!("{} has answered already", person.name),
        );
        Ok(Refusal::state(Rule::Agt3, detail).into())
    }

    /// Writes to a working agent (AGT-5). With a key the message is kept as the call's first result (API-1).
    ///
    /// # Errors
    /// ACC-3, AGT-5 when no agent works on the attempt.
    pub async fn message(
        &self,
        user: Person,
        attempt: AttemptId,
        new: NewMessage,
        key: Option<idempotency::Key>,
    ) -> Result<Message, CommandError> {
        let live = self.clone();
        super::whole(async move { live.message_now(user, attempt, new, key).await }).await
    }

    async fn message_now(
        &self,
        user: Person,
        attempt: AttemptId,
        new: NewMessage,
        key: Option<idempotency::Key>,
    ) -> Result<Message, CommandError> {
        validate::words(Rule::Agt5, "body", &new.body)?;
        let job = {
            let mut conn = self.store().read().await?;
            let (_, job, _) = attempts::get(&mut conn, attempt).await?.ok_or(CommandError::NotFound)?;
            let job = jobs::get(&mut conn, job).await?.ok_or(CommandError::NotFound)?;
            let role = members::role(&mut conn, job.workspace, user.id).await?;
            let who = Who { user: user.id, role };
            rights::may(who, Act::See, Some(&job.access)).map_err(|_| CommandError::NotFound)?;
            rights::may(who, Act::Operate, Some(&job.access))?;
            job
        };
        let working = job.open_attempt().filter(|open| open.id == attempt).and_then(|open| open.claim());
        let Some(claim) = working else {
            return Err(Refusal::state(Rule::Agt5, "no agent works on this attempt any more").into());
        };
        let message = Message {
            id: MessageId(self.ids().uuid()),
            attempt,
            from: user,
            body: new.body,
            interrupt: new.interrupt,
            created_at: self.now(),
        };
        let stored = message.clone();
        self.store()
            .write(async move |tx: &mut Tx| -> Result<(), StoreError> {
                messages::insert(tx, &stored).await?;
                if let Some(key) = &key {
                    idempotency::insert(tx, key, 201, &json!(stored).to_string(), stored.created_at).await?;
                }
                Ok(())
            })
            .await?;
        let passed = ToRunner::Message {
            attempt,
            message: message.id,
            body: message.body.clone(),
            interrupt: message.interrupt,
            from: message.from.name.clone(),
        };
        runner::deliver(self, claim.runner, attempt, passed);
        Ok(message)
    }
}

/// A choice that was offered, words where they are taken, or both.
fn checked(request: &Request, body: AnswerBody) -> Result<Answer, Refusal> {
    let rule = match request.ask.kind {
        RequestKind::Permission => Rule::Agt3,
        RequestKind::Question => Rule::Agt4,
        RequestKind::Plan => Rule::Agt2,
    };
    let words = body.body.filter(|words| !words.trim().is_empty());
    if let Some(words) = &words {
        validate::words(rule, "body", words)?;
    }
    match &body.choice {
        Some(choice) if !request.ask.choices.iter().any(|offered| offered.id == *choice) => {
            Err(Refusal::invalid(rule, "choice", "is not one of those offered"))
        }
        None if words.is_none() => Err(Refusal::invalid(rule, "choice", "choose an answer, or write one")),
        None if !request.ask.free_text => Err(Refusal::invalid(rule, "choice", "choose one of those offered")),
        Some(_) | None => Ok(Answer {
            choice: body.choice,
            body: words,
        }),
    }
}
