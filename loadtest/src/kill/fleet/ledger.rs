//! What runners and the feed said, and what must not be among it.

use coord_protocol::{
    id::{AttemptId, JobId, RunnerId},
    job::{Job, JobState},
    runner::RunnerStatus,
    time::Timestamp,
};
use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// Most time beyond the lease until the job of a runner that went away is free.
const BEYOND_LEASE: Duration = Duration::from_secs(10);

/// Most time until a runner that went away is seen to be lost (RUN-4).
const LOST: Duration = Duration::from_secs(10);

/// From when a runner went away, or the server was last started to see it, until `at`. A restart gives every claim a fresh lease.
fn after(since: Timestamp, starts: &[Timestamp], at: Timestamp) -> Duration {
    let started = starts.iter().copied().filter(|start| *start <= at).max().unwrap_or(since);
    Duration::from_micros(u64::try_from(at.0 - since.max(started).0).unwrap_or(0))
}

/// Everything that was said.
#[derive(Debug, Default)]
pub struct Ledger(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    jobs: HashMap<JobId, Job>,
    /// Which attempts' ends were confirmed to runners.
    ended: HashMap<JobId, HashSet<AttemptId>>,
    /// Work whose runner went away: since when, and when it came back with it.
    gone: HashMap<AttemptId, (Timestamp, Option<Timestamp>)>,
    /// Runners that went away, and since when.
    lost: HashMap<RunnerId, Timestamp>,
    /// Whether the server runs, and when it was started each time.
    running: bool,
    starts: Vec<Timestamp>,
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

    /// The server was started at this time, or is about to be killed.
    pub fn server_up(&self, up: Option<Timestamp>) {
        let mut inner = self.lock();
        inner.running = up.is_some();
        inner.starts.extend(up);
    }

    /// A runner goes away with the work it holds. `seen`: for so long that the server must see it.
    pub fn went(&self, now: Timestamp, runner: RunnerId, held: &[AttemptId], seen: bool) {
        let mut inner = self.lock();
        if seen {
            inner.lost.entry(runner).or_insert(now);
        }
        for attempt in held {
            inner.gone.entry(*attempt).or_insert((now, None));
        }
    }

    /// A runner is there again and goes on with this work.
    pub fn came(&self, now: Timestamp, runner: RunnerId, resumed: impl Iterator<Item = AttemptId>) {
        let mut inner = self.lock();
        inner.lost.remove(&runner);
        for attempt in resumed {
            if let Some((_, back)) = inner.gone.get_mut(&attempt) {
                back.get_or_insert(now);
            }
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
        self.lock().jobs.insert(job.id, job);
    }

    /// How an attempt ended, as it is kept: one whose runner was away held its job no longer than the lease and 10 s.
    pub fn ended(&self, attempt: AttemptId, ended_at: Option<Timestamp>, lease: Duration) {
        let mut inner = self.lock();
        let Some((since, back)) = inner.gone.remove(&attempt) else {
            return;
        };
        let Some(at) = back.or(ended_at) else { return };
        let took = after(since, &inner.starts, at);
        inner.slowest_free = inner.slowest_free.max(took);
        if took > lease + BEYOND_LEASE {
            let words = format!(
                "a job was stuck with {attempt} for {:.1} s after its runner went away",
                took.as_secs_f64()
            );
            inner.violations.push(words);
        }
    }

    /// How the runners are, as of a time.
    pub fn runners(&self, statuses: &[(RunnerId, RunnerStatus)], now: Timestamp) {
        let mut inner = self.lock();
        if !inner.running {
            return;
        }
        for (id, status) in statuses {
            let Some(since) = inner.lost.get(id).copied() else { continue };
            let took = after(since, &inner.starts, now);
            let offline = *status == RunnerStatus::Offline;
            if offline || took > LOST {
                inner.lost.remove(id);
                inner.slowest_lost = inner.slowest_lost.max(took);
            }
            if took > LOST {
                let words = format!("the runner {id} was not seen to be lost for {:.1} s", took.as_secs_f64());
                inner.violations.push(words);
            }
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
        let at = |seconds: i64| Timestamp(seconds * 1_000_000);
        ledger.server_up(Some(at(0)));
        ledger.confirmed(job, first);
        ledger.confirmed(job, first);
        assert!(ledger.violations().is_empty(), "one end told twice is one end");
        ledger.confirmed(job, second);
        assert_eq!(ledger.violations().len(), 1);

        ledger.went(at(10), runner, &[first, second], true);
        ledger.runners(&[(runner, RunnerStatus::Idle)], at(19));
        ledger.ended(first, Some(at(24)), lease);
        assert_eq!(ledger.violations().len(), 1);
        ledger.runners(&[(runner, RunnerStatus::Idle)], at(21));
        assert!(ledger.violations()[1].contains("not seen to be lost"), "{:?}", ledger.violations());
        ledger.ended(second, Some(at(26)), lease);
        assert!(ledger.violations()[2].contains("stuck"), "{:?}", ledger.violations());
        // Whoever comes back in time is neither lost nor stuck, however long the work takes; a restart begins the lease anew.
        ledger.went(at(100), runner, &[first, second], true);
        ledger.came(at(104), runner, [first].into_iter());
        ledger.server_up(None);
        ledger.runners(&[(runner, RunnerStatus::Idle)], at(150));
        ledger.server_up(Some(at(150)));
        ledger.ended(first, Some(at(400)), lease);
        ledger.ended(second, Some(at(160)), lease);
        ledger.runners(&[(runner, RunnerStatus::Offline)], at(155));
        assert_eq!(ledger.violations().len(), 3);
    }
}
