//! What the server acknowledged or told, and so must never forget.

use crate::client::http::{CallError, Person};
use anyhow::{Result, bail};
use coord_protocol::{
    id::{JobId, NoteId, RequestId, WorkspaceId},
    job::Job,
    request::Answer,
};
use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// Longest wait for a server that was just started to answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// Everything acknowledged or told.
#[derive(Debug, Default)]
pub struct Ledger(Mutex<Inner>);

/// What is in it.
#[derive(Debug, Default)]
pub struct Inner {
    /// Highest version of each job that anybody was shown.
    pub versions: HashMap<JobId, i64>,
    /// Notes that were taken, with their words.
    pub notes: Vec<(JobId, NoteId, String)>,
    /// Answers that were taken.
    pub answers: HashMap<RequestId, Answer>,
    /// Jobs whose approval was taken.
    pub approved: Vec<JobId>,
    violations: Vec<String>,
}

impl Ledger {
    /// What is in it, for a moment.
    pub fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A job was shown.
    pub fn shown(&self, job: &Job) {
        let mut inner = self.lock();
        let version = inner.versions.entry(job.id).or_default();
        *version = job.version.max(*version);
    }

    /// Something that must not be.
    pub fn violation(&self, words: String) {
        self.lock().violations.push(words);
    }

    /// What must not be, so far.
    #[must_use]
    pub fn violations(&self) -> Vec<String> {
        self.lock().violations.clone()
    }

    /// Reads every job again: none may be older than it was shown.
    ///
    /// # Errors
    /// When the jobs cannot be read.
    pub async fn nothing_forgotten(&self, person: &Person, workspace: WorkspaceId) -> Result<()> {
        let known = self.lock().versions.clone();
        let began = Instant::now();
        let jobs: Vec<Job> = loop {
            match person.list(&format!("/workspaces/{workspace}/jobs")).await {
                Ok(jobs) => break jobs,
                Err(error) if error.is_passing() && began.elapsed() < PATIENCE => tokio::time::sleep(Duration::from_millis(50)).await,
                Err(error @ (CallError::Refused(..) | CallError::Broken(..))) => bail!("the jobs cannot be read after a start: {error}"),
            }
        };
        for (id, version) in known {
            match jobs.iter().find(|job| job.id == id) {
                Some(job) if job.version >= version => {}
                Some(job) => self.violation(format!(
                    "{} was shown as version {version} and is {} after a start",
                    job.title, job.version
                )),
                None => self.violation(format!("the job {id} was shown and is gone after a start")),
            }
        }
        Ok(())
    }
}
