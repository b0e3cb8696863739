//! What is known of a runner right now, shared between its actor and the queues that match it.

use coord_protocol::{
    id::{AttemptId, WorkspaceId},
    runner::Serves,
    time::Timestamp,
};
use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicI64, AtomicU32, Ordering},
    },
};

/// A runner's state of this moment.
#[derive(Debug, Default)]
pub struct RunnerLive {
    online: AtomicBool,
    draining: AtomicBool,
    concurrency: AtomicU32,
    used: AtomicU32,
    /// When the runner was last heard of, in microseconds; 0 before that.
    heard: AtomicI64,
    serves: Mutex<Arc<Serves>>,
    works_on: Mutex<HashMap<AttemptId, (WorkspaceId, i64)>>,
}

/// One attempt's place on a runner; given back when dropped.
#[derive(Debug)]
pub struct Slot(Arc<RunnerLive>);

impl Drop for Slot {
    fn drop(&mut self) {
        self.0.used.fetch_sub(1, Ordering::AcqRel);
    }
}

impl RunnerLive {
    /// Connected and heard of.
    #[must_use]
    pub fn online(&self) -> bool {
        self.online.load(Ordering::Acquire)
    }

    /// Connected, and about to stop.
    #[must_use]
    pub fn stopping(&self) -> bool {
        self.online() && self.draining.load(Ordering::Acquire)
    }

    /// When it was last heard of, if it was since the server started.
    #[must_use]
    pub fn heard(&self) -> Option<Timestamp> {
        Some(Timestamp(self.heard.load(Ordering::Acquire))).filter(|at| at.0 > 0)
    }

    /// What the configuration on its machine lets it serve, as it told last.
    #[must_use]
    pub fn serves(&self) -> Arc<Serves> {
        Arc::clone(&super::super::lock(&self.serves))
    }

    /// Attempts running now.
    #[must_use]
    pub fn running(&self) -> u32 {
        u32::try_from(super::super::lock(&self.works_on).len()).unwrap_or(u32::MAX)
    }

    /// Places not taken.
    #[must_use]
    pub fn free(&self) -> u32 {
        self.concurrency
            .load(Ordering::Acquire)
            .saturating_sub(self.used.load(Ordering::Acquire))
    }

    /// Numbers of the jobs of one workspace that it works on.
    #[must_use]
    pub fn jobs_in(&self, workspace: WorkspaceId) -> Vec<i64> {
        let works_on = super::super::lock(&self.works_on);
        works_on
            .values()
            .filter(|(of, _)| *of == workspace)
            .map(|(_, number)| *number)
            .collect()
    }

    /// A place, if one is free (RUN-6). Queues of several workspaces may ask at once; each place is given once.
    #[must_use]
    pub fn reserve(self: &Arc<Self>) -> Option<Slot> {
        let most = self.concurrency.load(Ordering::Acquire);
        self.used
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |used| (used < most).then_some(used + 1))
            .ok()
            .map(|_| Slot(Arc::clone(self)))
    }

    /// A place for work that is held already, whatever the limit is now.
    pub(super) fn take(self: &Arc<Self>) -> Slot {
        self.used.fetch_add(1, Ordering::AcqRel);
        Slot(Arc::clone(self))
    }

    pub(super) fn set_heard(&self, at: Timestamp) {
        self.heard.store(at.0, Ordering::Release);
    }

    pub(super) fn set_serves(&self, serves: Serves) {
        *super::super::lock(&self.serves) = Arc::new(serves);
    }

    pub(super) fn set_online(&self, online: bool) {
        self.online.store(online, Ordering::Release);
    }

    pub(super) fn set_draining(&self, draining: bool) {
        self.draining.store(draining, Ordering::Release);
    }

    pub(super) fn set_concurrency(&self, concurrency: u32) {
        self.concurrency.store(concurrency, Ordering::Release);
    }

    pub(super) fn works_on(&self, attempt: AttemptId, workspace: WorkspaceId, number: i64) {
        super::super::lock(&self.works_on).insert(attempt, (workspace, number));
    }

    pub(super) fn done_with(&self, attempt: AttemptId) {
        super::super::lock(&self.works_on).remove(&attempt);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn run_6_no_more_places_than_configured() {
        let runner = Arc::new(RunnerLive::default());
        runner.set_concurrency(2);
        let (first, second) = (runner.reserve(), runner.reserve());
        assert!(first.is_some() && second.is_some());
        assert!(runner.reserve().is_none());
        drop(first);
        assert_eq!(runner.free(), 1);
        assert!(runner.reserve().is_some());
    }

    #[test]
    fn run_6_work_already_held_counts_though_the_limit_was_lowered() {
        let runner = Arc::new(RunnerLive::default());
        let held: Vec<_> = (0..3).map(|_| runner.take()).collect();
        runner.set_concurrency(2);
        assert_eq!(runner.free(), 0);
        assert!(runner.reserve().is_none());
        drop(held);
        assert_eq!(runner.free(), 2);
    }
}
