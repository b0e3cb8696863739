//! Jobs as they are shown, kept near: a change is rendered once and sent to many.

use coord_domain::job::{Access, Attempt, Job, Worker};
use coord_protocol::{
    account::Person,
    id::{JobId, UserId},
    job as wire,
};
use coord_store::{StoreError, jobs};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

/// Snapshots kept; when there are more, all are forgotten.
const KEPT: usize = 4096;

/// A job as it is shown, and who may see it. Holds and tools are added when it is sent.
#[derive(Debug)]
pub struct Snapshot {
    /// Who may see and do what.
    pub access: Access,
    view: wire::Job,
}

impl Snapshot {
    /// The job's workspace.
    #[must_use]
    pub const fn workspace(&self) -> coord_protocol::id::WorkspaceId {
        self.view.workspace
    }
}

#[derive(Default)]
pub(super) struct Snapshots {
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    jobs: HashMap<JobId, Arc<Snapshot>>,
    /// Rises with each change, so that what was read before it is not kept after it.
    changes: u64,
    /// Jobs being written, and by how many.
    changing: HashMap<JobId, usize>,
}

/// A job is being written: until this is dropped nothing of it is kept, since its event can be read as soon as it is committed, which is
/// before whoever writes it can say so.
pub(super) struct Changing<'a>(&'a Snapshots, JobId);

impl Drop for Changing<'_> {
    fn drop(&mut self) {
        let mut kept = super::lock(&self.0.kept);
        kept.changes += 1;
        if let Some(writers) = kept.changing.get_mut(&self.1) {
            *writers -= 1;
            if *writers == 0 {
                kept.changing.remove(&self.1);
            }
        }
    }
}

impl Snapshots {
    /// Take this before a job is written.
    pub(super) fn changing(&self, job: JobId) -> Changing<'_> {
        let mut kept = super::lock(&self.kept);
        kept.jobs.remove(&job);
        *kept.changing.entry(job).or_default() += 1;
        Changing(self, job)
    }

    /// What is derived from the job changed; the next reader reads the store.
    pub(super) fn forget(&self, job: JobId) {
        let mut kept = super::lock(&self.kept);
        kept.changes += 1;
        kept.jobs.remove(&job);
    }

    /// What many jobs show changed.
    fn forget_all(&self) {
        let mut kept = super::lock(&self.kept);
        kept.changes += 1;
        kept.jobs.clear();
    }

    fn get(&self, job: JobId) -> (Option<Arc<Snapshot>>, u64) {
        let kept = super::lock(&self.kept);
        (kept.jobs.get(&job).cloned(), kept.changes)
    }

    fn keep(&self, job: JobId, snapshot: &Arc<Snapshot>, read_at: u64) {
        let mut kept = super::lock(&self.kept);
        if kept.changes != read_at || kept.changing.contains_key(&job) {
            return;
        }
        if kept.jobs.len() >= KEPT {
            kept.jobs.clear();
        }
        kept.jobs.insert(job, Arc::clone(snapshot));
    }
}

impl super::Live {
    /// An account has another name. Call after the commit.
    pub fn renamed(&self, id: UserId, name: &str) {
        self.0.people.renamed(id, name);
        self.0.snapshots.forget_all();
    }

    /// The job as it is now, with who may see it; `None` when there is none.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn snapshot(&self, id: JobId) -> Result<Option<Arc<Snapshot>>, StoreError> {
        let (kept, changes) = self.0.snapshots.get(id);
        if kept.is_some() {
            return Ok(kept);
        }
        let mut conn = self.store().read().await?;
        let Some(job) = jobs::get(&mut conn, id).await? else {
            return Ok(None);
        };
        drop(conn);
        let view = self.views(std::slice::from_ref(&job)).await?.pop();
        let snapshot = view.map(|view| Arc::new(Snapshot { access: job.access, view }));
        if let Some(snapshot) = &snapshot {
            self.0.snapshots.keep(id, snapshot, changes);
        }
        Ok(snapshot)
    }

    /// A snapshot with the hold and the last tool of this moment.
    #[must_use]
    pub fn shown(&self, snapshot: &Snapshot) -> wire::Job {
        let mut job = wire::Job {
            hold: self.hold(snapshot.view.id),
            ..snapshot.view.clone()
        };
        self.add_tool(job.attempt.as_mut());
        job
    }

    fn add_tool(&self, attempt: Option<&mut coord_protocol::attempt::Attempt>) {
        if let Some(attempt) = attempt.filter(|attempt| attempt.ended_at.is_none()) {
            attempt.last_tool = self.last_tool(attempt.id);
        }
    }

    /// Jobs as they are shown, in the order given: with names, dependencies, log heads and holds.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn views(&self, jobs: &[Job]) -> Result<Vec<wire::Job>, StoreError> {
        let mut conn = self.store().read().await?;
        let ids: Vec<_> = jobs.iter().map(|job| job.id).collect();
        let mut around = jobs::surroundings(&mut conn, &ids).await?;
        let people = self.0.people.resolve(&mut conn, jobs.iter().flat_map(named)).await?;
        let name = |id: UserId| people.get(&id).cloned().unwrap_or_else(|| Person { id, name: String::new() });
        Ok(jobs
            .iter()
            .map(|job| {
                let mut around = around.remove(&job.id).unwrap_or_default();
                around.hold = self.hold(job.id);
                let mut view = job.view(&name, around);
                self.add_tool(view.attempt.as_mut());
                view
            })
            .collect())
    }

    /// Attempts of one job as they are shown.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn attempt_views(&self, attempts: &[(Attempt, i64, bool)]) -> Result<Vec<coord_protocol::attempt::Attempt>, StoreError> {
        let mut conn = self.store().read().await?;
        let ids = attempts.iter().flat_map(|(attempt, ..)| named_in(attempt));
        let people = self.0.people.resolve(&mut conn, ids).await?;
        let name = |id: UserId| people.get(&id).cloned().unwrap_or_else(|| Person { id, name: String::new() });
        Ok(attempts
            .iter()
            .map(|(attempt, head, has_diff)| attempt.view(&name, *head, *has_diff))
            .collect())
    }

    /// The people of `ids`, by id.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn people(&self, ids: impl IntoIterator<Item = UserId>) -> Result<HashMap<UserId, Person>, StoreError> {
        let mut conn = self.store().read().await?;
        self.0.people.resolve(&mut conn, ids).await
    }
}

fn named(job: &Job) -> Vec<UserId> {
    let attempt = job.attempt.iter().flat_map(named_in);
    [job.access.owner, job.access.creator].into_iter().chain(attempt).collect()
}

fn named_in(attempt: &Attempt) -> Vec<UserId> {
    let person = match attempt.worker {
        Worker::Person { user } => Some(user),
        Worker::Runner { .. } => None,
    };
    person.into_iter().chain(attempt.review.as_ref().map(|review| review.by)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use coord_domain::lifecycle::{self, NewGiven};
    use coord_protocol::{id::WorkspaceId, job::NewJob, time::Timestamp};

    fn snapshot(id: JobId) -> Arc<Snapshot> {
        let given = NewGiven {
            now: Timestamp(0),
            id,
            workspace: WorkspaceId(id.0),
            number: 1,
            creator: UserId(id.0),
            default_priority: wire::Priority::Medium,
            open_dependencies: vec![],
        };
        let new = NewJob {
            title: "A job".to_owned(),
            ..NewJob::default()
        };
        let job = lifecycle::create(&new, &given).unwrap();
        let name = |id| Person { id, name: String::new() };
        Arc::new(Snapshot {
            view: job.view(&name, Default::default()),
            access: job.access,
        })
    }

    #[test]
    fn inv_1_what_is_read_of_a_job_while_it_is_written_is_not_kept() {
        let (snapshots, id) = (Snapshots::default(), JobId("01a1f9fb-0000-7000-8000-000000000000".parse().unwrap()));
        let read = snapshot(id);
        let keep = |read_at| {
            snapshots.keep(id, &read, read_at);
            snapshots.get(id).0.is_some()
        };
        let before = snapshots.get(id).1;
        assert!(keep(before), "nothing changes");
        let changing = snapshots.changing(id);
        let (kept, meanwhile) = snapshots.get(id);
        assert!(kept.is_none(), "the commit may be there any moment");
        assert!(!keep(meanwhile), "read before the commit or after it: nobody knows");
        drop(changing);
        assert!(!keep(meanwhile));
        assert!(keep(snapshots.get(id).1));
    }
}
