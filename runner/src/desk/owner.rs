//! What the runner's owner does at the runner's own screen (RUN-8).
//!
//! Answers, and stops that end a job, are the server's to decide: they go there and come back as any answer or stop does. So nothing is
//! kept for later while there is no connection: the request waits, and whoever is first when it is back counts (AGT-3). What concerns this
//! machine alone works without a server: taking no new jobs, and ending an agent, whose job is handed back then.

use super::{Claim, Desk, Inner, Work, look::Link};
use crate::work::Order;
use coord_protocol::{
    id::{AttemptId, RequestId},
    request::Answer,
    rule::Rule,
    runner::FromRunner,
};

/// Most words that wait in either direction.
pub(super) const WORDS: usize = 64;

/// Without a connection.
const AWAY: &str = "Not connected: only the server can take an answer. The request waits.";

impl Inner {
    fn say(&mut self, message: FromRunner) -> Result<(), String> {
        if self.link != Link::Connected {
            return Err(AWAY.to_owned());
        }
        if self.owner_says.len() >= WORDS {
            return Err("The server takes nothing right now; try again in a moment.".to_owned());
        }
        self.owner_says.push_back(message);
        Ok(())
    }

    fn notice(&mut self, words: String) {
        if self.notices.len() >= WORDS {
            self.notices.pop_front();
        }
        self.notices.push_back(words);
    }

    /// The connection is gone, and with it what was said on it.
    pub(super) fn lose_words(&mut self) {
        self.owner_says.clear();
        if !std::mem::take(&mut self.owner_answers).is_empty() {
            self.notice("The connection broke. Whether the answer arrived shows when it is back.".to_owned());
        }
    }
}

impl Desk {
    /// Whether the owner takes no new work.
    #[must_use]
    pub fn paused(&self) -> bool {
        self.lock().paused
    }

    /// Takes no new work from now on, or takes it again. What runs goes on.
    pub fn pause(&self, paused: bool) {
        let mut inner = self.lock();
        if inner.paused == paused {
            return;
        }
        inner.paused = paused;
        // Hello tells it when there is no connection now.
        let _at_hello = inner.say(FromRunner::Paused { paused });
        drop(inner);
        self.wake.ring();
    }

    /// Answers a request, if the server takes it from this runner's owner.
    ///
    /// # Errors
    /// With words when it cannot be asked.
    pub fn answer(&self, attempt: AttemptId, request: RequestId, answer: Answer) -> Result<(), String> {
        let mut inner = self.lock();
        let fence = inner.fence(attempt)?;
        if inner.owner_answers.contains(&request) {
            return Err("The answer is on its way already.".to_owned());
        }
        inner.say(FromRunner::OwnerAnswer {
            attempt,
            fence,
            request,
            answer,
        })?;
        inner.owner_answers.insert(request);
        drop(inner);
        self.wake.ring();
        Ok(())
    }

    /// Asks the server for the end of an attempt; the job becomes Failed.
    ///
    /// # Errors
    /// With words when it cannot be asked.
    pub fn stop(&self, attempt: AttemptId, kill: bool) -> Result<(), String> {
        let mut inner = self.lock();
        let fence = inner.fence(attempt)?;
        inner
            .say(FromRunner::OwnerStop { attempt, fence, kill })
            .map_err(|_| "Not connected: only handing the job back is possible now.".to_owned())?;
        drop(inner);
        self.wake.ring();
        Ok(())
    }

    /// Ends an attempt on this machine, whatever the server says; its job goes back to the queue.
    ///
    /// # Errors
    /// With words when nothing runs.
    pub fn hand_back(&self, attempt: AttemptId, kill: bool) -> Result<(), String> {
        match self.lock().claims.get(&attempt) {
            Some(Claim {
                work: Work::Running(orders),
                ..
            }) => orders
                .try_send(Order::Stop { kill })
                .map_err(|error| format!("The order did not reach the attempt: {error}")),
            Some(_) | None => Err("Nothing runs there that could be stopped.".to_owned()),
        }
    }

    /// News for the owner, each told once.
    #[must_use]
    pub fn notices(&self) -> Vec<String> {
        self.lock().notices.drain(..).collect()
    }

    pub(super) fn owner_refused(&self, attempt: AttemptId, request: Option<RequestId>, rule: Rule, detail: &str) {
        let title = self.title_of(attempt);
        let mut inner = self.lock();
        if let Some(request) = request {
            inner.owner_answers.remove(&request);
        }
        inner.notice(format!("{title}: {detail} ({rule})"));
        drop(inner);
        self.wake.show();
    }

    /// Versions of agents were found out, or agents came or went: the server is told.
    pub fn agents_changed(&self, versions: std::collections::BTreeMap<String, String>) {
        self.lock().versions = versions;
        let agents = self.agents();
        // Hello tells it when there is no connection now.
        let _at_hello = self.lock().say(FromRunner::Agents { agents });
        self.wake.ring();
    }
}

impl Inner {
    fn fence(&self, attempt: AttemptId) -> Result<i64, String> {
        let claim = self.claims.get(&attempt).filter(|claim| matches!(claim.work, Work::Running(_)));
        claim
            .map(|claim| claim.outbox.fence)
            .ok_or_else(|| "That attempt is over.".to_owned())
    }
}
