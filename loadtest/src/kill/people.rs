//! Those who use the server while programs are killed: they make jobs, follow the feed and the logs, answer, write notes, approve. What
//! is not acknowledged they do again, with the same key.

use super::{ledger::Ledger, plan::Plan, world::World};
use crate::{
    client::{
        http::{CallError, Person},
        socket::Socket,
    },
    progress::Progress,
};
use anyhow::{Context as _, Result};
use coord_protocol::{
    attempt::Attempt,
    feed::{FeedBody, FeedControl, FeedMessage},
    id::{AttemptId, JobId, WorkspaceId},
    job::{Activity, CommandBody, Context, Job, JobState, NewJob, Note},
    log::{LogEntry, LogPage},
    request::{Answer, ChoiceKind, Request},
};
use reqwest::Method;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};
use tokio::task::JoinHandle;

/// Pause before something is tried again.
const AGAIN: Duration = Duration::from_millis(40);

/// Longest time until a call is taken, kills included.
const TAKEN: Duration = Duration::from_secs(120);

/// Longest wait for those who follow logs, once all jobs have ended.
const FOLLOWED: Duration = Duration::from_secs(20);

/// All of them.
pub struct People {
    crowd: Crowd,
    tasks: Vec<JoinHandle<()>>,
}

/// What they share.
#[derive(Clone)]
struct Crowd {
    person: Person,
    workspace: WorkspaceId,
    plan: Arc<Plan>,
    ledger: Arc<Ledger>,
    seen: Arc<Mutex<Seen>>,
}

#[derive(Default)]
struct Seen {
    /// Ids of the planned jobs, once made.
    ids: HashMap<usize, JobId>,
    /// Jobs as last shown.
    jobs: HashMap<JobId, Job>,
    /// Logs as followed live.
    logs: HashMap<AttemptId, Vec<LogEntry>>,
    /// Jobs that somebody is approving.
    approving: Vec<JobId>,
    notes: usize,
}

/// What they know at the end.
#[derive(Debug)]
pub struct Known {
    /// Ids of the planned jobs.
    pub ids: HashMap<usize, JobId>,
    /// Logs as followed live.
    pub logs: HashMap<AttemptId, Vec<LogEntry>>,
}

impl People {
    /// They begin.
    ///
    /// # Errors
    /// When the repository's address cannot be written in text.
    pub async fn start(world: &World, plan: &Plan, ledger: Arc<Ledger>) -> Result<Self> {
        let crowd = Crowd {
            person: world.person.clone(),
            workspace: world.workspace,
            plan: Arc::new(plan.clone()),
            ledger,
            seen: Arc::default(),
        };
        let url = world.repository.to_str().context("the folder's name is no text")?.to_owned();
        let began = Instant::now();
        let mut tasks = vec![tokio::spawn(crowd.clone().follow_feed())];
        for n in 0..plan.jobs.len() {
            tasks.push(tokio::spawn(crowd.clone().make(n, url.clone(), began)));
        }
        for n in 0..plan.notes.len() {
            tasks.push(tokio::spawn(crowd.clone().write(n, began)));
        }
        Ok(Self { crowd, tasks })
    }

    /// How many jobs have come where they should.
    #[must_use]
    pub fn ended(&self) -> usize {
        let seen = self.crowd.seen();
        (0..self.crowd.plan.jobs.len()).filter(|n| self.crowd.has_ended(&seen, *n)).count()
    }

    /// Waits until every job has come where it should; in words, which have not.
    pub async fn settle(&mut self, limit: Duration, progress: &mut Progress) -> Vec<String> {
        let began = Instant::now();
        loop {
            let (ended, all) = (self.ended(), self.crowd.plan.jobs.len());
            let noted = self.crowd.seen().notes;
            progress.at(format!("{ended} of {all} jobs, {noted} of {} notes", self.crowd.plan.notes.len()));
            if ended == all && noted == self.crowd.plan.notes.len() {
                break;
            }
            if began.elapsed() > limit {
                return self.stuck();
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        self.crowd.caught_up().await
    }

    fn stuck(&self) -> Vec<String> {
        let seen = self.crowd.seen();
        let stuck = (0..self.crowd.plan.jobs.len()).filter(|n| !self.crowd.has_ended(&seen, *n));
        let mut words: Vec<_> = stuck
            .map(|n| {
                let tag = &self.crowd.plan.jobs[n].tag;
                let Some(job) = seen.ids.get(&n).and_then(|id| seen.jobs.get(id)) else {
                    return format!("{tag} was never shown in the feed");
                };
                let attempt = job
                    .attempt
                    .as_ref()
                    .map(|attempt| (attempt.number, attempt.outcome, attempt.summary.clone()));
                format!(
                    "{tag} is stuck: {:?}, {:?}, hold {:?}, attempt {attempt:?}",
                    job.state, job.activity, job.hold
                )
            })
            .collect();
        if seen.notes < self.crowd.plan.notes.len() {
            words.push(format!("{} of {} notes were taken", seen.notes, self.crowd.plan.notes.len()));
        }
        words
    }

    /// They leave.
    pub async fn end(self) -> Known {
        for task in &self.tasks {
            task.abort();
        }
        for task in self.tasks {
            // Aborted, which is what was asked for.
            let _ = task.await;
        }
        let seen = std::mem::take(&mut *self.crowd.seen());
        Known {
            ids: seen.ids,
            logs: seen.logs,
        }
    }
}

/// Where a planned job ends.
#[must_use]
pub fn is_at_end(planned: &super::plan::PlannedJob, job: &Job) -> bool {
    if planned.review && !planned.approve {
        job.state == JobState::AwaitingReview && job.activity.is_none()
    } else {
        job.state == JobState::Done
    }
}

fn is_nothing(answer: &Answer) -> bool {
    answer.choice.is_none() && answer.body.is_none()
}

impl Crowd {
    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn has_ended(&self, seen: &Seen, n: usize) -> bool {
        let job = seen.ids.get(&n).and_then(|id| seen.jobs.get(id));
        job.is_some_and(|job| is_at_end(&self.plan.jobs[n], job))
    }

    /// Calls until the answer is one.
    async fn taken<T: DeserializeOwned>(&self, method: Method, path: &str, body: Option<Value>, key: Option<&str>) -> Result<T, CallError> {
        let began = Instant::now();
        loop {
            match self.person.ask(method.clone(), path, body.clone(), key).await {
                Err(error) if error.is_passing() && began.elapsed() < TAKEN => tokio::time::sleep(AGAIN).await,
                answer => return answer,
            }
        }
    }

    async fn make(self, n: usize, url: String, began: Instant) {
        let planned = &self.plan.jobs[n];
        tokio::time::sleep_until((began + Duration::from_millis(planned.at_ms)).into()).await;
        let new = NewJob {
            title: planned.tag.clone(),
            description: format!("@@{}@@", Value::from(planned.script.clone())),
            agent: Some("scripted".to_owned()),
            context: planned.repository.then(|| Context::Repository {
                url,
                base_branch: "main".to_owned(),
            }),
            review: planned.review && !planned.repository,
            state: Some(JobState::Ready),
            ..NewJob::default()
        };
        let key = format!("{}-job-{n}", self.plan.seed);
        let path = format!("/workspaces/{}/jobs", self.workspace);
        let made: Result<Job, _> = match serde_json::to_value(&new) {
            Ok(body) => self.taken(Method::POST, &path, Some(body), Some(&key)).await,
            Err(error) => return self.ledger.violation(error.to_string()),
        };
        match made {
            Ok(job) => {
                self.ledger.shown(&job);
                self.seen().ids.insert(n, job.id);
            }
            Err(error) => self.ledger.violation(format!("{} was not made: {error}", planned.tag)),
        }
    }

    async fn write(self, n: usize, began: Instant) {
        let planned = &self.plan.notes[n];
        tokio::time::sleep_until((began + Duration::from_millis(planned.at_ms)).into()).await;
        let job = loop {
            let id = self.seen().ids.get(&planned.job).copied();
            match id {
                Some(id) => break id,
                None => tokio::time::sleep(AGAIN).await,
            }
        };
        let key = format!("{}-note-{n}", self.plan.seed);
        let body = json!({ "body": planned.body });
        match self
            .taken::<Note>(Method::POST, &format!("/jobs/{job}/notes"), Some(body), Some(&key))
            .await
        {
            Ok(note) => {
                self.ledger.lock().notes.push((job, note.id, planned.body.clone()));
                self.seen().notes += 1;
            }
            Err(error) => self.ledger.violation(format!("a note was not taken: {error}")),
        }
    }

    /// Follows the feed across kills: it goes on where it was, and only forward.
    async fn follow_feed(self) {
        let mut last = 0;
        let mut helpers = tokio::task::JoinSet::new();
        loop {
            let address = self.person.socket(&format!("/workspaces/{}/events?after={last}", self.workspace));
            if let Ok(mut socket) = Socket::open(&address, self.person.authorization()).await {
                while let Ok(text) = socket.next().await {
                    match serde_json::from_str(&text) {
                        Ok(FeedMessage::Event(event)) => {
                            if event.seq <= last {
                                self.ledger.violation(format!("the feed told {} after {last}", event.seq));
                            }
                            last = event.seq;
                            self.event(event.body, &mut helpers);
                        }
                        Ok(FeedMessage::Control(FeedControl::Reset { seq })) => {
                            self.ledger
                                .violation(format!("the feed was told up to {last} and begins anew at {seq}"));
                            last = seq;
                        }
                        Ok(FeedMessage::Control(FeedControl::Caught { seq })) => last = last.max(seq),
                        Ok(FeedMessage::Moment(_) | FeedMessage::Control(FeedControl::Inbox { .. })) => {}
                        Err(error) => self.ledger.violation(format!("the feed told something unknown: {error}")),
                    }
                }
            }
            tokio::time::sleep(AGAIN).await;
        }
    }

    fn event(&self, body: FeedBody, helpers: &mut tokio::task::JoinSet<()>) {
        match body {
            FeedBody::JobCreated { job } | FeedBody::JobChanged { job } => {
                self.ledger.shown(&job);
                self.look_at(&job, helpers);
                self.seen().jobs.insert(job.id, *job);
            }
            FeedBody::RequestOpened { request } if request.closed_at.is_none() => {
                helpers.spawn(self.clone().answer(*request));
            }
            _ => {}
        }
    }

    fn look_at(&self, job: &Job, helpers: &mut tokio::task::JoinSet<()>) {
        let mut seen = self.seen();
        if let Some(attempt) = &job.attempt
            && !seen.logs.contains_key(&attempt.id)
        {
            seen.logs.insert(attempt.id, Vec::new());
            helpers.spawn(self.clone().follow_log(attempt.id));
        }
        let planned = self.plan.jobs.iter().find(|planned| planned.tag == job.title);
        let idle = !matches!(job.activity, Some(Activity::Merging));
        if planned.is_some_and(|planned| planned.approve)
            && job.state == JobState::AwaitingReview
            && idle
            && !seen.approving.contains(&job.id)
        {
            seen.approving.push(job.id);
            helpers.spawn(self.clone().approve(job.id));
        }
    }

    async fn approve(self, id: JobId) {
        let body = serde_json::to_value(CommandBody::default()).unwrap_or(Value::Null);
        match self
            .taken::<Job>(Method::POST, &format!("/jobs/{id}/approve"), Some(body), None)
            .await
        {
            Ok(job) => {
                self.ledger.shown(&job);
                self.ledger.lock().approved.push(id);
            }
            // Taken before, and the answer lost; the end of the job shows it.
            Err(error) if error.status() == Some(409) => {}
            Err(error) => self.ledger.violation(format!("an approval was not taken: {error}")),
        }
    }

    /// The first offered choice that goes on.
    async fn answer(self, request: Request) {
        let choice = request.ask.choices.iter().find(|choice| choice.kind != ChoiceKind::Deny);
        let answer = Answer {
            choice: choice.map(|choice| choice.id.clone()),
            body: choice.is_none().then(|| "go on".to_owned()),
        };
        let id = request.id;
        let body = serde_json::to_value(&answer).unwrap_or(Value::Null);
        match self
            .taken::<Request>(Method::POST, &format!("/requests/{id}/answer"), Some(body), None)
            .await
        {
            Ok(_) => drop(self.ledger.lock().answers.insert(id, answer)),
            Err(error) if error.status() == Some(409) => {
                match self.taken::<Request>(Method::GET, &format!("/requests/{id}"), None, None).await {
                    Ok(now) if now.answer.as_ref() == Some(&answer) => drop(self.ledger.lock().answers.insert(id, answer)),
                    // Withdrawn: the agent that asked was killed, which its runner writes as an answer of nothing.
                    Ok(now) if now.closed_at.is_some() && now.answer.as_ref().is_none_or(is_nothing) => {}
                    Ok(now) => self
                        .ledger
                        .violation(format!("a request was answered by somebody else: {:?}", now.answer)),
                    Err(error) => self.ledger.violation(format!("a request is gone: {error}")),
                }
            }
            Err(error) => self.ledger.violation(format!("an answer was not taken: {error}")),
        }
    }

    /// Follows a log across kills: without gap or repeat.
    async fn follow_log(self, attempt: AttemptId) {
        let mut next = 1;
        loop {
            let address = self.person.socket(&format!("/attempts/{attempt}/log/live?from={next}"));
            if let Ok(mut socket) = Socket::open(&address, self.person.authorization()).await {
                while let Ok(text) = socket.next().await {
                    let page: LogPage = match serde_json::from_str(&text) {
                        Ok(page) => page,
                        Err(error) => return self.ledger.violation(format!("a live log told something unknown: {error}")),
                    };
                    for entry in page.items {
                        if entry.seq != next {
                            return self.ledger.violation(format!("a live log told {} where {next} was due", entry.seq));
                        }
                        next += 1;
                        self.seen().logs.entry(attempt).or_default().push(entry);
                    }
                }
            }
            tokio::time::sleep(AGAIN).await;
        }
    }

    /// Waits until those who follow logs have all of them.
    async fn caught_up(&self) -> Vec<String> {
        let began = Instant::now();
        let attempts: Vec<AttemptId> = self.seen().logs.keys().copied().collect();
        let mut behind = Vec::new();
        for id in attempts {
            loop {
                let have = self.seen().logs.get(&id).map_or(0, Vec::len);
                let head = self.taken::<Attempt>(Method::GET, &format!("/attempts/{id}"), None, None).await;
                match head {
                    Ok(attempt) if i64::try_from(have).is_ok_and(|have| have >= attempt.log_head) => break,
                    Ok(_) if began.elapsed() < FOLLOWED => tokio::time::sleep(AGAIN).await,
                    Ok(attempt) => {
                        behind.push(format!("the live log of {id} told {have} of {} entries", attempt.log_head));
                        break;
                    }
                    Err(error) => {
                        behind.push(error.to_string());
                        break;
                    }
                }
            }
        }
        behind
    }
}
