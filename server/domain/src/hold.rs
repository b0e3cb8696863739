//! The one typed reason why a Ready agentic job is not running (JOB-9).

use crate::job::{Job, State};
use coord_protocol::{
    job::{Hold, RunnerObstacle},
    time::Timestamp,
};

/// What the hold depends on beside the job.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HoldFacts {
    /// Numbers of dependencies that are not Done.
    pub open_dependencies: Vec<i64>,
    /// Per runner of the workspace, why it does not take the job; eligible ones with a free slot are not listed.
    pub obstacles: Vec<RunnerObstacle>,
    /// Whether some eligible runner is online.
    pub eligible: bool,
    /// Whether some eligible runner has a free slot.
    pub free: bool,
    /// Numbers of the jobs that hold the eligible runners' slots.
    pub busy_with: Vec<i64>,
    /// 1 for the next in the queue.
    pub position: u32,
}

/// The hold of a job, or `None` when nothing holds it: it is not waiting for a runner.
#[must_use]
pub fn hold(job: &Job, facts: HoldFacts, now: Timestamp) -> Option<Hold> {
    job.waiting_for_runner()?;
    if let State::Ready { unreachable, .. } = &job.state {
        if !facts.open_dependencies.is_empty() {
            return Some(Hold::DependenciesOpen {
                jobs: facts.open_dependencies,
                hidden: false,
            });
        }
        if job.pending_uploads > 0 {
            return Some(Hold::UploadsPending {
                files: job.pending_uploads,
            });
        }
        if let Some(unreachable) = unreachable.as_ref().filter(|unreachable| unreachable.retry_at > now) {
            return Some(Hold::RepositoryUnreachable {
                detail: unreachable.detail.clone(),
                retry_at: unreachable.retry_at,
            });
        }
    }
    Some(if !facts.eligible {
        Hold::NoRunner { runners: facts.obstacles }
    } else if !facts.free {
        Hold::RunnersBusy {
            jobs: facts.busy_with,
            runners: facts.obstacles,
        }
    } else {
        Hold::Queued { position: facts.position }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lifecycle::testing::{T0, an_agentic_job, ready};

    #[test]
    fn job_9_a_ready_job_always_shows_one_hold() {
        let job = ready(an_agentic_job());
        let shows = |facts: HoldFacts| hold(&job, facts, T0).unwrap();
        assert_eq!(
            shows(HoldFacts {
                open_dependencies: vec![3],
                ..HoldFacts::default()
            }),
            Hold::DependenciesOpen {
                jobs: vec![3],
                hidden: false
            }
        );
        assert_eq!(shows(HoldFacts::default()), Hold::NoRunner { runners: vec![] });
        assert_eq!(
            shows(HoldFacts {
                eligible: true,
                busy_with: vec![9],
                ..HoldFacts::default()
            }),
            Hold::RunnersBusy {
                jobs: vec![9],
                runners: vec![]
            }
        );
        let free = HoldFacts {
            eligible: true,
            free: true,
            position: 2,
            ..HoldFacts::default()
        };
        assert_eq!(shows(free), Hold::Queued { position: 2 });
        let mut uploading = job.clone();
        uploading.pending_uploads = 2;
        assert_eq!(hold(&uploading, HoldFacts::default(), T0), Some(Hold::UploadsPending { files: 2 }));
    }

    #[test]
    fn job_9_a_job_that_waits_for_no_runner_shows_none() {
        assert_eq!(hold(&an_agentic_job(), HoldFacts::default(), T0), None);
    }
}
