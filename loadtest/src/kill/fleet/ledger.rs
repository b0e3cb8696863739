//! What runners and the feed said, and what must not be among it.

use coord_protocol::{
    id::{AttemptId, JobId, RunnerId},
    job::{Job, JobState},
    runner::{RunnerStatus, RunnerView},
};
use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// Most time beyond the lease until the job of a runner that went away is free.
const BEYOND_LEASE: Duration = Duration::from_secs(10);

/// Most time until a runner that went away is seen to be lost (RUN-4).
const LOST: Duration = Duration::from_secs(10);

/// Everything that was said.
#[derive(Debug, Default)]
pub struct Ledger(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    jobs: HashMap<JobId, Job>,
    /// Which attempts' ends were confirmed to runners.
    ended: HashMap<JobId, HashSet<AttemptId>>,
    /// Work whose runner went away: its job, and since when.
    gone: HashMap<AttemptId, (JobId, Instant)>,
    /// Runners that went away, and since when.
    lost: HashMap<RunnerId, Instant>,
    /// Since when the server runs; nothing while it does not.
    up: Option<Instant>,
    slowest_free: Duration,
    slowest_lost: Duration,
    counts: BTreeMap<&'static str, u32>,
    violations: Vec<String>,
}

impl Ledger {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Something happened once more.
    pub fn count(&self, what: &'static str) {
        *self.lock().counts.entry(what).or_default() += 1;
    }

    /// Something that must not be.
    pub fn violation(&self, words: String) {
        self.lock().violations.push(words);
    }

    /// The server was started, or is about to be killed.
    pub fn server_up(&self, up: bool) {
        self.lock().up = up.then(Instant::now);
    }

    /// A runner goes away with the work it holds.
    pub fn went(&self, runner: RunnerId, held: &[(AttemptId, JobId)], seen: bool) {
        let (now, mut inner) = (Instant::now(), self.lock());
        if seen {
            inner.lost.entry(runner).or_insert(now);
        }
        for (attempt, job) in held {
            inner.gone.entry(*attempt).or_insert((*job, now));
        }
    }

    /// A runner is there again and goes on with this work.
    pub fn came(&self, runner: RunnerId, resumed: impl Iterator<Item = AttemptId>) {
        let mut inner = self.lock();
        inner.lost.remove(&runner);
        for attempt in resumed {
            inner.gone.remove(&attempt);
        }
    }

    /// The end of an attempt was confirmed to a runner.
    pub fn confirmed(&self, job: JobId, attempt: AttemptId) {
        let mut inner = self.lock();
        let attempts = inner.ended.entry(job).or_default();
        attempts.insert(attempt);
        if attempts.len() > 1 {
            let words = format!("the ends of {} attempts of {job} were taken", attempts.len());
            inner.violations.push(words);
        }
    }

    /// The feed told of a job.
    pub fn job(&self, job: Job) {
        let mut inner = self.lock();
        let working = if job.state == JobState::InProgress {
            job.attempt.as_ref().map(|attempt| attempt.id)
        } else {
            None
        };
        let up = inner.up;
        let freed: Vec<_> = inner
            .gone
            .iter()
            .filter(|(attempt, (of, _))| *of == job.id && working != Some(**attempt))
            .map(|(id, at)| (*id, at.1))
            .collect();
        for (attempt, since) in freed {
            inner.gone.remove(&attempt);
            let took = up.map_or(since, |up| up.max(since)).elapsed();
            inner.slowest_free = inner.slowest_free.max(took);
        }
        inner.jobs.insert(job.id, job);
    }

    /// The feed told of a runner.
    pub fn runner(&self, view: &RunnerView) {
        let mut inner = self.lock();
        if view.status == RunnerStatus::Offline
            && let Some(since) = inner.lost.remove(&view.id)
        {
            let took = inner.up.map_or(since, |up| up.max(since)).elapsed();
            inner.slowest_lost = inner.slowest_lost.max(took);
        }
    }

    /// Looks for what takes too long, as of `now`.
    pub fn look(&self, lease: Duration, now: Instant) {
        let mut inner = self.lock();
        let Some(up) = inner.up else { return };
        let late: Vec<_> = inner
            .gone
            .iter()
            .filter(|(_, (_, since))| now.saturating_duration_since(up.max(*since)) > lease + BEYOND_LEASE)
            .map(|(id, (job, _))| (*id, *job))
            .collect();
        for (attempt, job) in late {
            inner.gone.remove(&attempt);
            inner.violations.push(format!(
                "{job} is stuck with {attempt}, whose runner is away for longer than the lease and 10 s"
            ));
        }
        let late: Vec<_> = inner
            .lost
            .iter()
            .filter(|(_, since)| now.saturating_duration_since(up.max(**since)) > LOST)
            .map(|(id, _)| *id)
            .collect();
        for runner in late {
            inner.lost.remove(&runner);
            inner
                .violations
                .push(format!("the runner {runner} went away 10 s ago and is not seen to be lost"));
        }
    }

    /// How many jobs are done, by the feed.
    #[must_use]
    pub fn done(&self) -> usize {
        self.lock().jobs.values().filter(|job| job.state == JobState::Done).count()
    }

    /// What became of the jobs that are not done.
    #[must_use]
    pub fn open(&self) -> Vec<String> {
        let inner = self.lock();
        let open = inner.jobs.values().filter(|job| job.state != JobState::Done);
        open.map(|job| format!("{} is {:?}, {:?}, hold {:?}", job.title, job.state, job.activity, job.hold))
            .collect()
    }

    /// The longest waits: until a job was free, until a runner was seen to be lost.
    #[must_use]
    pub fn slowest(&self) -> (Duration, Duration) {
        let inner = self.lock();
        (inner.slowest_free, inner.slowest_lost)
    }

    /// How often things happened.
    #[must_use]
    pub fn counts(&self) -> BTreeMap<&'static str, u32> {
        self.lock().counts.clone()
    }

    /// What must not be, so far.
    #[must_use]
    pub fn violations(&self) -> Vec<String> {
        self.lock().violations.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn run_5_two_ends_of_one_job_and_work_that_nobody_frees_are_found() {
        let ledger = Ledger::default();
        let id = |n: u32| format!("00000000-0000-0000-0000-00000000000{n}");
        let job: JobId = id(1).parse().unwrap();
        let (first, second): (AttemptId, AttemptId) = (id(2).parse().unwrap(), id(3).parse().unwrap());
        let runner: RunnerId = id(4).parse().unwrap();
        let lease = Duration::from_secs(5);
        let later = |seconds| Instant::now() + Duration::from_secs(seconds);
        ledger.server_up(true);
        ledger.confirmed(job, first);
        ledger.confirmed(job, first);
        assert!(ledger.violations().is_empty(), "one end told twice is one end");
        ledger.confirmed(job, second);
        assert_eq!(ledger.violations().len(), 1);

        ledger.went(runner, &[(first, job)], true);
        ledger.look(lease, later(9));
        assert_eq!(ledger.violations().len(), 1);
        ledger.look(lease, later(11));
        assert!(ledger.violations()[1].contains("not seen to be lost"), "{:?}", ledger.violations());
        ledger.look(lease, later(16));
        assert!(ledger.violations()[2].contains("is stuck"), "{:?}", ledger.violations());
        // Whoever comes back in time is neither lost nor stuck; a server that is down frees nothing.
        ledger.went(runner, &[(first, job)], true);
        ledger.came(runner, [first].into_iter());
        ledger.look(lease, later(60));
        ledger.went(runner, &[(first, job)], true);
        ledger.server_up(false);
        ledger.look(lease, later(60));
        assert_eq!(ledger.violations().len(), 3);
    }
}
