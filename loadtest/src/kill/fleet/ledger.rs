//! What runners and the feed said, and what must not be among it.

use coord_protocol::{
    id::{AttemptId, JobId, RunnerId},
    job::{Job, JobState},
    runner::{RunnerStatus, RunnerView},
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

/// Most time by which the feed is late on a busy machine.
const FEED: Duration = Duration::from_secs(60);

/// From when a runner went away, or the server was there to see it, until `at`.
fn after(since: Timestamp, up: Option<Timestamp>, at: Timestamp) -> Duration {
    let from = up.map_or(since, |up| up.max(since));
    Duration::from_micros(u64::try_from(at.0 - from.0).unwrap_or(0))
}

/// Everything that was said.
#[derive(Debug, Default)]
pub struct Ledger(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    jobs: HashMap<JobId, Job>,
    /// Which attempts' ends were confirmed to runners.
    ended: HashMap<JobId, HashSet<AttemptId>>,
    /// Work whose runner went away: its job, and since when.
    gone: HashMap<AttemptId, (JobId, Timestamp)>,
    /// Runners that went away, and since when.
    lost: HashMap<RunnerId, Timestamp>,
    /// Since when the server runs; nothing while it does not.
    up: Option<Timestamp>,
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
        self.lock().up = up;
    }

    /// A runner goes away with the work it holds. `seen`: for so long that the server must see it.
    pub fn went(&self, now: Timestamp, runner: RunnerId, held: &[(AttemptId, JobId)], seen: bool) {
        let mut inner = self.lock();
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

    /// The feed told of a job, as of a time. A restart of the server gives every claim a fresh lease.
    pub fn job(&self, job: Job, at: Timestamp, lease: Duration) {
        let mut inner = self.lock();
        let working = job
            .attempt
            .as_ref()
            .filter(|_| job.state == JobState::InProgress)
            .map(|attempt| attempt.id);
        let up = inner.up;
        let of_it = |(attempt, (of, _)): &(&AttemptId, &(JobId, Timestamp))| *of == job.id && working != Some(**attempt);
        let freed: Vec<_> = inner.gone.iter().filter(of_it).map(|(id, (_, since))| (*id, *since)).collect();
        for (attempt, since) in freed {
            inner.gone.remove(&attempt);
            let took = after(since, up, at);
            inner.slowest_free = inner.slowest_free.max(took);
            if took > lease + BEYOND_LEASE {
                let words = format!(
                    "{} was stuck with {attempt} for {:.1} s after its runner went away",
                    job.title,
                    took.as_secs_f64()
                );
                inner.violations.push(words);
            }
        }
        inner.jobs.insert(job.id, job);
    }

    /// The feed told of a runner, as of a time.
    pub fn runner(&self, view: &RunnerView, at: Timestamp) {
        let mut inner = self.lock();
        if view.status != RunnerStatus::Offline {
            return;
        }
        let Some(since) = inner.lost.remove(&view.id) else { return };
        let took = after(since, inner.up, at);
        inner.slowest_lost = inner.slowest_lost.max(took);
        if took > LOST {
            let words = format!("{} was seen to be lost only after {:.1} s", view.name, took.as_secs_f64());
            inner.violations.push(words);
        }
    }

    /// Looks for what was never told, as of `now`. The feed may be late; the times in it are not.
    pub fn look(&self, lease: Duration, now: Timestamp) {
        let mut inner = self.lock();
        let Some(up) = inner.up else { return };
        let over = |since: Timestamp, limit: Duration| after(since, Some(up), now) > limit + FEED;
        let late: Vec<_> = inner
            .gone
            .iter()
            .filter(|(_, (_, since))| over(*since, lease + BEYOND_LEASE))
            .map(|(id, (job, _))| (*id, *job))
            .collect();
        for (attempt, job) in late {
            inner.gone.remove(&attempt);
            inner
                .violations
                .push(format!("{job} is stuck with {attempt}, whose runner went away"));
        }
        let late: Vec<_> = inner
            .lost
            .iter()
            .filter(|(_, since)| over(**since, LOST))
            .map(|(id, _)| *id)
            .collect();
        for runner in late {
            inner.lost.remove(&runner);
            inner
                .violations
                .push(format!("the runner {runner} went away and was never seen to be lost"));
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

        ledger.went(at(10), runner, &[(first, job)], true);
        ledger.look(lease, at(79));
        assert_eq!(ledger.violations().len(), 1);
        ledger.look(lease, at(81));
        assert!(
            ledger.violations()[1].contains("never seen to be lost"),
            "{:?}",
            ledger.violations()
        );
        ledger.look(lease, at(86));
        assert!(ledger.violations()[2].contains("is stuck"), "{:?}", ledger.violations());
        // Whoever comes back in time is neither lost nor stuck; a server that is down frees nothing.
        ledger.went(at(100), runner, &[(first, job)], true);
        ledger.came(runner, [first].into_iter());
        ledger.look(lease, at(200));
        ledger.went(at(200), runner, &[(first, job)], true);
        ledger.server_up(None);
        ledger.look(lease, at(400));
        ledger.server_up(Some(at(400)));
        ledger.look(lease, at(410));
        assert_eq!(ledger.violations().len(), 3);
    }
}
