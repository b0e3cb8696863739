//! `apply(job, doing, given) → events | refusal`: what a command does, or which rule says no. Changes nothing.

use super::{Command, Doing, Given, Happening, JobEvent, Report};
use crate::{
    Refusal, folder,
    job::{AgentSpec, Attempt, Claim, Job, Kind, Merge, Review, State, Stop, Unreachable, Worker},
    validate,
};
use coord_protocol::{
    attempt::{FailureReason, Outcome},
    id::{RunnerId, UserId},
    job::{BranchDecision, Context, JobState, PatchJob, Pause},
    rule::Rule,
    runner::{MergeResult, PauseTold, WorkResult},
    time::Timestamp,
};

type Events = Result<Vec<JobEvent>, Refusal>;

/// First pause before a repository that did not answer is tried again, in milliseconds; doubles each time.
const UNREACHABLE_PAUSE_MS: i64 = 15_000;
/// Longest such pause.
const UNREACHABLE_PAUSE_MAX_MS: i64 = 600_000;

/// What `doing` does to `job`. Rights were checked before ([`crate::rights::may`] with [`Command::act`]).
///
/// # Errors
///
/// The refusal of the rule that says no; then nothing changes (JOB-8).
pub fn apply(job: &Job, doing: &Doing, given: &Given) -> Events {
    match doing {
        Doing::Person { user, command, if_version } => {
            if let Some(seen) = *if_version
                && seen != job.version
            {
                return Err(Refusal::stale(seen, job.version));
            }
            command_of_person(job, *user, command, given)
        }
        Doing::System(happening) => happening_of_system(job, happening, given),
    }
}

fn command_of_person(job: &Job, user: UserId, command: &Command, given: &Given) -> Events {
    match command {
        Command::Edit(patch) => edit(job, patch, given),
        Command::SetTeam(team) => {
            validate::job(&validate::Fields { team, ..fields_of(job) })?;
            Ok(vec![JobEvent::TeamChanged(team.clone())])
        }
        Command::Ready => make_ready(job, Some(user), given),
        Command::Unready => match job.state {
            State::Ready { .. } => Ok(vec![JobEvent::Staged]),
            State::Backlog | State::InProgress { .. } | State::AwaitingReview { .. } | State::Done | State::Failed | State::Canceled => {
                Err(no_move(job, Rule::Job5, "go back to backlog"))
            }
        },
        Command::Start => {
            user_job(job, "started by hand")?;
            move_user_job(job, user, JobState::InProgress, given)
        }
        Command::Submit { summary } => {
            user_job(job, "submitted by hand")?;
            if !matches!(job.state, State::InProgress { .. }) {
                return Err(no_move(job, Rule::Job6, "be submitted"));
            }
            let summary = checked_words("body", summary.as_deref())?.map(JobEvent::Summarised);
            Ok(summary.into_iter().chain([JobEvent::HandedIn]).collect())
        }
        Command::Complete { summary } => complete(job, summary.as_deref()),
        Command::Approve { branch, body } => approve(job, user, *branch, body.as_deref(), given.now),
        Command::RequestChanges { body, comments } => request_changes(job, user, body, comments, given),
        Command::Retry => match job.state {
            State::Failed => ready_events(Some(user), &given.open_dependencies),
            State::Backlog
            | State::Ready { .. }
            | State::InProgress { .. }
            | State::AwaitingReview { .. }
            | State::Done
            | State::Canceled => Err(no_move(job, Rule::Job5, "be retried")),
        },
        Command::Cancel => match job.state {
            State::Done | State::Canceled => Err(no_move(job, Rule::Job5, "be canceled")),
            // The runner may have pushed already: canceled, the job would deny what the base branch holds.
            State::AwaitingReview {
                merge: Some(Merge { claim: Some(_), .. }),
            } => Err(merging_now()),
            State::Backlog | State::Ready { .. } | State::InProgress { .. } | State::AwaitingReview { .. } | State::Failed => {
                Ok(end_open(job, Outcome::Canceled).into_iter().chain([JobEvent::Canceled]).collect())
            }
        },
        Command::Stop { kill, requeue } => stop(
            job,
            Stop {
                by: user,
                kill: *kill,
                hurry: false,
                requeue: *requeue,
            },
        ),
        Command::Move { to } => {
            user_job(job, "moved by hand")?;
            move_user_job(job, user, *to, given)
        }
        Command::Delete => match job.state {
            State::Backlog | State::Done | State::Failed | State::Canceled => Ok(vec![JobEvent::Deleted]),
            State::Ready { .. } | State::InProgress { .. } | State::AwaitingReview { .. } => Err(Refusal::state(
                Rule::Job11,
                format!("a job that is {} cannot be deleted; cancel it first", word(job.state.word())),
            )),
        },
    }
}

fn happening_of_system(job: &Job, happening: &Happening, given: &Given) -> Events {
    match happening {
        Happening::DependenciesDone => match job.state {
            State::Backlog if job.auto_ready && given.open_dependencies.is_empty() => Ok(vec![JobEvent::MadeReady {
                submitter: None,
                unreachable: None,
            }]),
            _ => Ok(vec![]),
        },
        Happening::UploadsPending(count) if *count == job.pending_uploads => Ok(vec![]),
        Happening::UploadsPending(count) => Ok(vec![JobEvent::UploadsPending(*count)]),
        Happening::Claimed {
            runner,
            runner_name,
            agent,
        } => claim(job, *runner, runner_name, agent, given),
        Happening::Activity { fence, activity, pause } => {
            held(job, *fence)?;
            let paused = pause.map(|told| told_pause(told, given.now));
            match &job.state {
                State::InProgress {
                    activity: current, pause, ..
                } if *current != Some(*activity) || *pause != paused => Ok(vec![JobEvent::ActivityChanged(*activity, paused)]),
                _ => Ok(vec![]),
            }
        }
        Happening::Finished { fence, result, report } => finish(job, *fence, result, report, given.now),
        Happening::MergeClaimed { runner } => match &job.state {
            State::AwaitingReview {
                merge:
                    Some(Merge {
                        claim: None,
                        blocked: None,
                        ..
                    }),
            } => Ok(vec![JobEvent::MergeClaimed(Claim {
                runner: *runner,
                fence: job.fence + 1,
            })]),
            _ => Err(Refusal::state(Rule::Run5, "no merge of this job waits for a runner")),
        },
        Happening::Merged { fence, result } => {
            held(job, *fence)?;
            if !matches!(job.state, State::AwaitingReview { .. }) {
                return Err(Refusal::state(Rule::Run5, "the claim is for work, not for a merge"));
            }
            Ok(vec![match result {
                MergeResult::Done { .. } => JobEvent::Completed,
                MergeResult::Conflict { paths } => JobEvent::MergeBlocked(format!("conflicts with the base branch in {}", listed(paths))),
                MergeResult::Failed { detail } => JobEvent::MergeBlocked(detail.clone()),
            }])
        }
        Happening::LeaseLapsed { fence } => {
            held(job, *fence)?;
            Ok(match &job.state {
                State::InProgress { stop, .. } => {
                    let ended = end_open(job, Outcome::Lost);
                    let next = match stop {
                        Some(Stop { requeue: false, .. }) => JobEvent::Failed,
                        Some(_) | None => JobEvent::MadeReady {
                            submitter: None,
                            unreachable: None,
                        },
                    };
                    ended.into_iter().chain([next]).collect()
                }
                _ => vec![JobEvent::MergeReleased],
            })
        }
    }
}

/// Longest silence or pause believed: a month.
const LONGEST_PAUSE_MS: i64 = 31 * 24 * 3_600_000;

/// A pause by the server's clock.
fn told_pause(told: PauseTold, now: Timestamp) -> Pause {
    match told {
        PauseTold::Silent { for_ms } => Pause::Silent {
            since: now.plus_ms(-for_ms.clamp(0, LONGEST_PAUSE_MS)),
        },
        PauseTold::Backoff {
            reason,
            in_ms,
            retry,
            limit,
        } => Pause::Backoff {
            reason,
            until: now.plus_ms(in_ms.clamp(0, LONGEST_PAUSE_MS)),
            retry,
            limit,
        },
    }
}

/// Refuses what arrives under any fence but that of the claim that holds now (RUN-5, INV-6).
fn held(job: &Job, fence: i64) -> Result<(), Refusal> {
    match job.claim() {
        Some(claim) if claim.fence == fence => Ok(()),
        Some(claim) => Err(Refusal::state(
            Rule::Run5,
            format!("the claim with fence {fence} was replaced by one with fence {}", claim.fence),
        )),
        None => Err(Refusal::state(Rule::Run5, format!("the claim with fence {fence} no longer holds"))),
    }
}

pub(super) fn dependencies_done(open: &[i64]) -> Result<(), Refusal> {
    if open.is_empty() {
        return Ok(());
    }
    // Without their numbers: who asks may not see all of them (ACC-4). The job's own dependencies are shown as each may see them.
    Err(Refusal::state(Rule::Dep2, "it waits for other jobs that are not done yet"))
}

fn make_ready(job: &Job, submitter: Option<UserId>, given: &Given) -> Events {
    match job.state {
        State::Backlog => ready_events(submitter, &given.open_dependencies),
        State::Ready { .. } | State::InProgress { .. } | State::AwaitingReview { .. } | State::Done | State::Failed | State::Canceled => {
            Err(no_move(job, Rule::Job5, "be made ready"))
        }
    }
}

fn ready_events(submitter: Option<UserId>, open_dependencies: &[i64]) -> Events {
    dependencies_done(open_dependencies)?;
    Ok(vec![JobEvent::MadeReady {
        submitter,
        unreachable: None,
    }])
}

fn claim(job: &Job, runner: RunnerId, runner_name: &str, agent: &str, given: &Given) -> Events {
    let State::Ready { unreachable, .. } = &job.state else {
        return Err(no_move(job, Rule::Job5, "be claimed"));
    };
    let Some(spec) = job.agentic() else {
        return Err(Refusal::state(Rule::Job5, "a user job is done by people, not claimed by runners"));
    };
    dependencies_done(&given.open_dependencies)?;
    if job.pending_uploads > 0 {
        return Err(Refusal::state(Rule::File1, "its attachments are still being uploaded"));
    }
    if unreachable.as_ref().is_some_and(|unreachable| unreachable.retry_at > given.now) {
        return Err(Refusal::state(Rule::Job9, "its repository did not answer; it is tried again later"));
    }
    let claim = Claim {
        runner,
        fence: job.fence + 1,
    };
    let worker = Worker::Runner {
        claim,
        name: runner_name.to_owned(),
        agent: agent.to_owned(),
        model: spec.model.clone(),
    };
    Ok(vec![JobEvent::AttemptStarted {
        id: given.new_attempt,
        number: next_number(job),
        worker,
    }])
}

fn next_number(job: &Job) -> i64 {
    job.attempt.as_ref().map_or(1, |attempt| attempt.number + 1)
}

fn finish(job: &Job, fence: i64, result: &WorkResult, report: &Report, now: Timestamp) -> Events {
    held(job, fence)?;
    let State::InProgress { stop, .. } = &job.state else {
        return Err(Refusal::state(Rule::Run5, "no attempt of this job is running"));
    };
    let spec = job
        .agentic()
        .ok_or_else(|| Refusal::state(Rule::Job5, "a user job has no runner"))?;
    let ended = |outcome, failure, summary: Option<String>| JobEvent::AttemptEnded {
        outcome,
        failure,
        retry_at: match result {
            WorkResult::Failed { retry_at, .. } => *retry_at,
            _ => None,
        },
        report: Report {
            summary: summary.or_else(|| report.summary.clone()),
            ..report.clone()
        },
    };
    Ok(match result {
        WorkResult::Completed => {
            let next = if asks_for_review(job, spec) {
                JobEvent::HandedIn
            } else {
                JobEvent::Completed
            };
            vec![ended(Outcome::Completed, None, None), next]
        }
        WorkResult::Failed { reason, detail, .. } => vec![ended(Outcome::Failed, Some(*reason), Some(detail.clone())), JobEvent::Failed],
        WorkResult::Stopped => match stop {
            Some(Stop { requeue: false, .. }) => vec![ended(Outcome::Canceled, None, None), JobEvent::Failed],
            // Asked to queue again, or handed back by the runner's owner.
            Some(_) | None => vec![
                ended(Outcome::Canceled, None, None),
                JobEvent::MadeReady {
                    submitter: None,
                    unreachable: None,
                },
            ],
        },
        WorkResult::RepositoryUnreachable { detail } => {
            let tries = job.unreachable_tries + 1;
            let pause = UNREACHABLE_PAUSE_MS
                .saturating_mul(1 << (tries - 1).min(10))
                .min(UNREACHABLE_PAUSE_MAX_MS);
            let unreachable = Unreachable {
                detail: detail.clone(),
                retry_at: now.plus_ms(pause),
                tries,
            };
            vec![
                ended(Outcome::Failed, Some(FailureReason::Git), Some(detail.clone())),
                JobEvent::MadeReady {
                    submitter: None,
                    unreachable: Some(unreachable),
                },
            ]
        }
    })
}

/// JOB-5: a repository always asks for review, also with no change to push; a local job when it says so.
const fn asks_for_review(job: &Job, spec: &AgentSpec) -> bool {
    matches!(spec.context, Context::Repository { .. }) || job.review
}

fn stop(job: &Job, stop: Stop) -> Events {
    let State::InProgress { stop: current, .. } = &job.state else {
        return Err(no_move(job, Rule::Agt6, "be stopped"));
    };
    if job.claim().is_none() {
        return Err(Refusal::state(Rule::Agt6, "a person works on it; move it instead"));
    }
    // A second stop may only press harder.
    match current {
        Some(current) if current.kill && !stop.kill => Err(Refusal::state(Rule::Agt6, "it is being ended already")),
        Some(_) => Ok(vec![JobEvent::StopRequested(Stop { hurry: true, ..stop })]),
        None => Ok(vec![JobEvent::StopRequested(stop)]),
    }
}

fn complete(job: &Job, summary: Option<&str>) -> Events {
    user_job(job, "completed by hand")?;
    match job.state {
        State::InProgress { .. } | State::AwaitingReview { .. } => {
            let summary = checked_words("body", summary)?;
            let report = Report {
                summary,
                ..Report::default()
            };
            Ok(vec![
                JobEvent::AttemptEnded {
                    outcome: Outcome::Completed,
                    failure: None,
                    retry_at: None,
                    report,
                },
                JobEvent::Completed,
            ])
        }
        State::Backlog | State::Ready { .. } | State::Done | State::Failed | State::Canceled => {
            Err(no_move(job, Rule::Job6, "be completed"))
        }
    }
}

fn checked_words(field: &str, text: Option<&str>) -> Result<Option<String>, Refusal> {
    match text.filter(|text| !text.trim().is_empty()) {
        None => Ok(None),
        Some(text) => validate::words(Rule::Job1, field, text).map(|()| Some(text.to_owned())),
    }
}

fn approve(job: &Job, user: UserId, decision: BranchDecision, body: Option<&str>, now: Timestamp) -> Events {
    let State::AwaitingReview { merge } = &job.state else {
        return Err(no_move(job, Rule::Rev1, "be approved"));
    };
    if merge.as_ref().is_some_and(|merge| merge.blocked.is_none()) {
        return Err(Refusal::state(Rule::Rev3, "it is approved already; the branch is being merged"));
    }
    let body = checked_words("body", body)?.unwrap_or_default();
    let reviewed = JobEvent::Reviewed(Review {
        by: user,
        at: now,
        approved: true,
        body,
        comments: vec![],
    });
    let pushed = job
        .attempt
        .as_ref()
        .and_then(|attempt| attempt.branch.as_ref())
        .is_some_and(|branch| branch.pushed);
    let next = match decision {
        BranchDecision::Merge | BranchDecision::Close if pushed => JobEvent::MergeRequested { decision, by: user },
        BranchDecision::Merge | BranchDecision::Close | BranchDecision::Leave => JobEvent::Completed,
    };
    Ok(vec![reviewed, next])
}

fn request_changes(job: &Job, user: UserId, body: &str, comments: &[coord_protocol::job::LineComment], given: &Given) -> Events {
    match &job.state {
        State::AwaitingReview { merge: Some(merge) } if merge.claim.is_some() => {
            return Err(merging_now());
        }
        State::AwaitingReview { .. } | State::Done => {}
        State::Backlog | State::Ready { .. } | State::InProgress { .. } | State::Failed | State::Canceled => {
            return Err(no_move(job, Rule::Rev1, "be sent back"));
        }
    }
    validate::words(Rule::Rev1, "body", body)?;
    if comments.len() > validate::MAX_COMMENTS {
        return Err(Refusal::invalid(
            Rule::Rev1,
            "comments",
            format!("must be at most {}", validate::MAX_COMMENTS),
        ));
    }
    for comment in comments {
        validate::words(Rule::Rev1, "comments", &comment.body)?;
        if comment.path.is_empty() || comment.path.len() > 4096 || comment.path.chars().any(char::is_control) {
            return Err(Refusal::invalid(Rule::Rev1, "comments", "each names a file of the diff"));
        }
    }
    let review = Review {
        by: user,
        at: given.now,
        approved: false,
        body: body.to_owned(),
        comments: comments.to_vec(),
    };
    Ok(vec![
        JobEvent::Reviewed(review),
        JobEvent::MadeReady {
            submitter: None,
            unreachable: None,
        },
    ])
}

/// JOB-6: freely among backlog, ready, in progress, awaiting review; out of backlog only when DEP-2 allows.
fn move_user_job(job: &Job, user: UserId, to: JobState, given: &Given) -> Events {
    let from = job.state.word();
    let free = |state| {
        matches!(
            state,
            JobState::Backlog | JobState::Ready | JobState::InProgress | JobState::AwaitingReview
        )
    };
    if !free(from) {
        return Err(no_move(job, Rule::Job6, "be moved"));
    }
    if !free(to) {
        let how = match to {
            JobState::Done => "complete it, or approve it",
            JobState::Canceled => "cancel it",
            _ => "it cannot fail by hand",
        };
        return Err(Refusal::state(
            Rule::Job6,
            format!("it is not moved to {} by hand: {how}", word(to)),
        ));
    }
    if from == JobState::Backlog && to != JobState::Backlog {
        dependencies_done(&given.open_dependencies)?;
    }
    let open = job.open_attempt().is_some();
    let started = || JobEvent::AttemptStarted {
        id: given.new_attempt,
        number: next_number(job),
        worker: Worker::Person { user },
    };
    Ok(match to {
        _ if to == from => vec![],
        JobState::Backlog => vec![JobEvent::Staged],
        JobState::Ready => vec![JobEvent::MadeReady {
            submitter: None,
            unreachable: None,
        }],
        JobState::InProgress if open => vec![JobEvent::Resumed],
        JobState::InProgress => vec![started()],
        // Review is of an attempt: one that skipped In Progress is opened on the way.
        _ if open => vec![JobEvent::HandedIn],
        _ => vec![started(), JobEvent::HandedIn],
    })
}

fn edit(job: &Job, patch: &PatchJob, given: &Given) -> Events {
    let mut kind = job.kind.clone();
    let spec_named = patch.agent.is_some()
        || patch.model.is_some()
        || patch.mode.is_some()
        || patch.tools_policy.is_some()
        || patch.routing.is_some()
        || patch.context.is_some();
    let mut patch = patch.clone();
    // An empty folder is none. The one it is in stays as it is named, though such a name may no longer be given.
    if let Some(words) = patch.folder.as_mut().filter(|words| !words.is_empty()) {
        *words = folder::path(Rule::Job1, "folder", words)?;
    }
    let mut events = vec![JobEvent::Edited(Box::new(patch.clone()))];
    if let Some(position) = &given.position {
        events.push(JobEvent::Placed(position.clone()));
    }
    if spec_named {
        let Kind::Agentic(spec) = &mut kind else {
            return Err(Refusal::invalid(
                Rule::Job1,
                "agent",
                "a user job has no agent; make an agentic one instead",
            ));
        };
        if !matches!(job.state, State::Backlog | State::Ready { .. } | State::Failed) {
            let detail = format!("how it is run cannot change while it is {}", word(job.state.word()));
            return Err(Refusal::state(Rule::Job5, detail));
        }
        change_spec(spec, &patch);
        events.push(JobEvent::SpecChanged(spec.clone()));
    }
    validate::job(&validate::Fields {
        title: patch.title.as_deref().unwrap_or(&job.title),
        description: patch.description.as_deref().unwrap_or(&job.description),
        domains: patch.domains.as_deref().unwrap_or(&job.domains),
        folder: None,
        kind: &kind,
        team: &job.access.team,
    })?;
    Ok(events)
}

fn fields_of(job: &Job) -> validate::Fields<'_> {
    validate::Fields {
        title: &job.title,
        description: &job.description,
        domains: &job.domains,
        folder: None,
        kind: &job.kind,
        team: &job.access.team,
    }
}

fn change_spec(spec: &mut AgentSpec, patch: &PatchJob) {
    if let Some(agent) = &patch.agent {
        agent.clone_into(&mut spec.agent);
    }
    if let Some(model) = &patch.model {
        spec.model = Some(model.clone()).filter(|model| !model.is_empty());
    }
    spec.mode = patch.mode.unwrap_or(spec.mode);
    spec.tools_policy = patch.tools_policy.unwrap_or(spec.tools_policy);
    spec.routing = patch.routing.unwrap_or(spec.routing);
    if let Some(context) = &patch.context {
        context.clone_into(&mut spec.context);
    }
}

/// Ends the open attempt, if there is one, keeping what it already recorded.
fn end_open(job: &Job, outcome: Outcome) -> Option<JobEvent> {
    job.open_attempt().map(|Attempt { usage, .. }| JobEvent::AttemptEnded {
        outcome,
        failure: None,
        retry_at: None,
        report: Report {
            usage: *usage,
            ..Report::default()
        },
    })
}

fn user_job(job: &Job, what: &str) -> Result<(), Refusal> {
    match job.kind {
        Kind::User => Ok(()),
        Kind::Agentic(_) => Err(Refusal::state(
            Rule::Job5,
            format!("an agentic job is run by a runner; it is not {what}"),
        )),
    }
}

fn merging_now() -> Refusal {
    Refusal::state(Rule::Rev3, "the branch is being merged right now")
}

fn no_move(job: &Job, rule: Rule, what: &str) -> Refusal {
    Refusal::state(rule, format!("a job that is {} cannot {what}", word(job.state.word())))
}

pub(super) const fn word(state: JobState) -> &'static str {
    match state {
        JobState::Backlog => "in backlog",
        JobState::Ready => "ready",
        JobState::InProgress => "in progress",
        JobState::AwaitingReview => "awaiting review",
        JobState::Done => "done",
        JobState::Failed => "failed",
        JobState::Canceled => "canceled",
    }
}

/// Up to five paths, then how many more.
fn listed(paths: &[String]) -> String {
    let shown = paths.iter().take(5).map(String::as_str).collect::<Vec<_>>().join(", ");
    match paths.len().saturating_sub(5) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// A dependency is removed in Backlog or Ready, added in Backlog (DEP-3).
///
/// # Errors
///
/// DEP-3.
pub fn may_change_dependencies(job: &Job, adding: bool) -> Result<(), Refusal> {
    match job.state {
        State::Backlog => Ok(()),
        State::Ready { .. } if !adding => Ok(()),
        State::Ready { .. } | State::InProgress { .. } | State::AwaitingReview { .. } | State::Done | State::Failed | State::Canceled => {
            let what = if adding {
                "added to a job in backlog"
            } else {
                "removed from a job in backlog or ready"
            };
            Err(Refusal::state(
                Rule::Dep3,
                format!("dependencies can only be {what}; this one is {}", word(job.state.word())),
            ))
        }
    }
}
