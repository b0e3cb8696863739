//! Merges at the desk.

use super::{Claim, Desk, Work};
use crate::{
    history::Done,
    merges::{self, HeldMerge},
    outbox::Outbox,
};
use coord_protocol::runner::{FromRunner, MergeAssignment};
use std::sync::Arc;

impl Desk {
    pub(super) fn merge(self: &Arc<Self>, assignment: MergeAssignment) {
        let (attempt, fence) = (assignment.attempt, assignment.fence);
        let known = self.lock().claims.get(&attempt).map(|claim| claim.outbox.fence);
        match known {
            Some(known) if known >= fence => return,
            Some(known) => self.drop_claim(attempt, known),
            None => {}
        }
        let held = HeldMerge {
            assignment: assignment.clone(),
            result: None,
        };
        if let Err(error) = merges::keep(self.host.config.work_dir(), &held) {
            // Done all the same: after a crash the server assigns it again.
            tracing::error!("{error}");
        }
        let outbox = self.outbox(attempt, fence, None);
        self.start_merge(assignment, outbox);
    }

    pub(super) fn start_merge(self: &Arc<Self>, assignment: MergeAssignment, outbox: Arc<Outbox>) {
        let (attempt, fence) = (assignment.attempt, assignment.fence);
        let claim = Claim {
            about: Arc::new(self.about_merge(&assignment)),
            outbox: Arc::clone(&outbox),
            work: Work::Merging,
        };
        self.lock().claims.insert(attempt, claim);
        let desk = Arc::clone(self);
        tokio::spawn(async move {
            let result = merges::run(Arc::clone(&desk.host), assignment.clone()).await;
            tracing::info!(%attempt, ?result, "merge ended");
            let mut inner = desk.lock();
            if let Some(claim) = inner.claims.get_mut(&attempt).filter(|claim| Arc::ptr_eq(&claim.outbox, &outbox)) {
                let held = HeldMerge {
                    assignment,
                    result: Some(result.clone()),
                };
                if let Err(error) = merges::keep(desk.host.config.work_dir(), &held) {
                    tracing::error!("{error}");
                }
                claim.work = Work::Told;
                desk.history.note(&Done::merge(&claim.about, desk.host.clock.now(), &result));
                outbox.end(FromRunner::Merged { attempt, fence, result });
            }
            drop(inner);
            desk.changed();
        });
        self.changed();
    }
}
