//! `evolve(job, event) → job`: the only place where a job's state changes.

use super::JobEvent;
use crate::job::{Access, Attempt, Job, Kind, Merge, State, Worker};
use coord_protocol::{attempt::Outcome, job::PatchJob, time::Timestamp};

/// The job after `event` at `now`. The version is not touched: it rises by one per stored batch of events, in [`super::advance`].
#[must_use]
pub fn evolve(mut job: Job, event: &JobEvent, now: Timestamp) -> Job {
    match event {
        JobEvent::Edited(patch) => edit(&mut job, patch),
        JobEvent::Placed(position) => position.clone_into(&mut job.position),
        JobEvent::SpecChanged(spec) => job.kind = Kind::Agentic(spec.clone()),
        JobEvent::TeamChanged(team) => {
            job.access = Access {
                team: team.clone(),
                ..job.access
            }
        }
        JobEvent::UploadsPending(count) => job.pending_uploads = *count,
        JobEvent::MadeReady { submitter, unreachable } => {
            job.submitter = submitter.unwrap_or(job.submitter);
            job.unreachable_tries = unreachable.as_ref().map_or(0, |unreachable| unreachable.tries);
            job.state = State::Ready {
                since: now,
                unreachable: unreachable.clone(),
            };
        }
        JobEvent::Staged => job.state = State::Backlog,
        JobEvent::AttemptStarted { id, number, worker } => {
            job.state = State::InProgress {
                activity: None,
                pause: None,
                stop: None,
            };
            if let Worker::Runner { claim, .. } = worker {
                job.fence = claim.fence;
                job.state = State::InProgress {
                    activity: Some(coord_protocol::job::Activity::Preparing),
                    pause: None,
                    stop: None,
                };
            }
            job.attempt = Some(Attempt {
                id: *id,
                job: job.id,
                number: *number,
                worker: worker.clone(),
                started_at: now,
                ended_at: None,
                outcome: None,
                failure: None,
                retry_at: None,
                summary: None,
                usage: coord_protocol::attempt::Usage::default(),
                branch: None,
                review: None,
                session: None,
                sandboxed: None,
            });
        }
        JobEvent::Resumed => {
            job.state = State::InProgress {
                activity: None,
                pause: None,
                stop: None,
            }
        }
        JobEvent::ActivityChanged(activity, pause) => {
            if let State::InProgress {
                activity: current,
                pause: paused,
                ..
            } = &mut job.state
            {
                *current = Some(*activity);
                *paused = *pause;
            }
        }
        JobEvent::StopRequested(stop) => {
            if let State::InProgress { stop: current, .. } = &mut job.state {
                *current = Some(*stop);
            }
        }
        JobEvent::AttemptEnded {
            outcome,
            failure,
            retry_at,
            report,
        } => {
            if let Some(attempt) = &mut job.attempt {
                attempt.ended_at = attempt.ended_at.or(Some(now));
                attempt.outcome = Some(*outcome);
                attempt.failure = *failure;
                attempt.retry_at = *retry_at;
                attempt.summary = report.summary.clone().or_else(|| attempt.summary.take());
                attempt.usage = report.usage;
                attempt.branch = report.branch.clone().or_else(|| attempt.branch.take());
                attempt.session = report.session.clone().or_else(|| attempt.session.take());
                attempt.sandboxed = report.sandboxed;
                if let (Worker::Runner { model, .. }, Some(ran)) = (&mut attempt.worker, &report.model) {
                    *model = Some(ran.clone());
                }
            }
        }
        JobEvent::Summarised(summary) => {
            if let Some(attempt) = &mut job.attempt {
                attempt.summary = Some(summary.clone());
            }
        }
        JobEvent::HandedIn => job.state = State::AwaitingReview { merge: None },
        JobEvent::Reviewed(review) => {
            if let Some(attempt) = &mut job.attempt {
                attempt.ended_at = attempt.ended_at.or(Some(now));
                attempt.outcome = Some(if review.approved {
                    Outcome::Approved
                } else {
                    Outcome::ChangesRequested
                });
                attempt.review = Some(review.clone());
            }
        }
        JobEvent::MergeRequested { decision, by } => {
            let merge = Merge {
                decision: *decision,
                by: *by,
                since: now,
                claim: None,
                blocked: None,
            };
            job.state = State::AwaitingReview { merge: Some(merge) };
        }
        JobEvent::MergeClaimed(claim) => {
            job.fence = claim.fence;
            with_merge(&mut job, |merge| merge.claim = Some(*claim));
        }
        JobEvent::MergeReleased => with_merge(&mut job, |merge| merge.claim = None),
        JobEvent::MergeBlocked(why) => with_merge(&mut job, |merge| {
            merge.claim = None;
            merge.blocked = Some(why.clone());
        }),
        JobEvent::Completed => job.state = State::Done,
        JobEvent::Failed => job.state = State::Failed,
        JobEvent::Canceled => job.state = State::Canceled,
        JobEvent::Deleted => {}
    }
    job.updated_at = now;
    job
}

fn with_merge(job: &mut Job, change: impl FnOnce(&mut Merge)) {
    if let State::AwaitingReview { merge: Some(merge) } = &mut job.state {
        change(merge);
    }
}

fn edit(job: &mut Job, patch: &PatchJob) {
    let PatchJob {
        title,
        description,
        priority,
        domains,
        folder,
        private,
        owner,
        auto_ready,
        review,
        ..
    } = patch;
    if let Some(title) = title {
        title.clone_into(&mut job.title);
    }
    if let Some(description) = description {
        description.clone_into(&mut job.description);
    }
    job.priority = priority.unwrap_or(job.priority);
    if let Some(domains) = domains {
        domains.clone_into(&mut job.domains);
    }
    if let Some(folder) = folder {
        job.folder = Some(folder.clone()).filter(|folder| !folder.is_empty());
    }
    job.access.private = private.unwrap_or(job.access.private);
    job.access.owner = owner.unwrap_or(job.access.owner);
    job.auto_ready = auto_ready.unwrap_or(job.auto_ready);
    job.review = review.unwrap_or(job.review);
}
