//! What a runner is given: the assignment of a claim, and after a break what it may not have received.

use super::{CommandError, Live, handover};
use coord_domain::job::{Job, Merge, State, Worker};
use coord_protocol::{
    file::FileKind,
    id::{AttemptId, RunnerId, UserId, WorkspaceId},
    job::Context,
    runner::{Assignment, Author, EarlierAttempt, InputFile, MAX_MESSAGE, MergeAssignment, ToRunner},
};
use coord_store::{Conn, StoreError, accounts, attempts, files, jobs, messages, requests, workspaces};

/// Most attachments handed to a runner.
const MOST_FILES: i64 = 1000;

/// The message that hands a claimed job, or its merge, to its runner.
pub(super) async fn of(live: &Live, runner: RunnerId, job: &Job) -> Result<ToRunner, CommandError> {
    match &job.state {
        State::AwaitingReview { merge: Some(merge) } => merge_of(live, job, merge).await,
        _ => work_of(live, runner, job).await,
    }
}

async fn work_of(live: &Live, runner: RunnerId, job: &Job) -> Result<ToRunner, CommandError> {
    let (Some(spec), Some(attempt)) = (job.agentic(), job.open_attempt()) else {
        return Err(CommandError::NotFound);
    };
    let Worker::Runner { claim, agent, .. } = &attempt.worker else {
        return Err(CommandError::NotFound);
    };
    let workspace = workspace_name(live, job.workspace).await?;
    let mut conn = live.store().read().await?;
    let attachments = files::list(&mut conn, job.id, FileKind::Attachment, None, MOST_FILES).await?;
    let all = attempts::of_job(&mut conn, job.id).await?;
    let dependencies = handover::of(&mut conn, job).await?;
    let author = author(&mut conn, job.submitter).await?;
    drop(conn);
    let before: Vec<_> = all.into_iter().filter(|(earlier, ..)| earlier.number < attempt.number).collect();
    let branch = before.iter().rev().find_map(|(earlier, ..)| earlier.branch.as_ref());
    // A session lives on the machine it was begun on.
    let resume_session = before.last().and_then(|(last, ..)| match &last.worker {
        Worker::Runner { claim, agent: ran, .. } if claim.runner == runner && ran == agent => last.session.clone(),
        _ => None,
    });
    let people = live
        .people(
            before
                .iter()
                .filter_map(|(earlier, ..)| earlier.review.as_ref().map(|review| review.by)),
        )
        .await?;
    let name = |id: UserId| {
        people
            .get(&id)
            .cloned()
            .unwrap_or(coord_protocol::account::Person { id, name: String::new() })
    };
    let assignment = Assignment {
        attempt: attempt.id,
        attempt_number: attempt.number,
        fence: claim.fence,
        job: job.id,
        number: job.number,
        workspace,
        title: job.title.clone(),
        description: job.description.clone(),
        agent: agent.clone(),
        model: spec.model.clone(),
        mode: spec.mode,
        tools_policy: spec.tools_policy,
        context: spec.context.clone(),
        attachments: attachments
            .into_iter()
            .map(|file| InputFile {
                id: file.id,
                name: file.name,
                size: file.size,
                sha256: file.sha256,
            })
            .collect(),
        branch: branch.map(|branch| branch.name.clone()),
        earlier: before
            .iter()
            .map(|(earlier, ..)| EarlierAttempt {
                number: earlier.number,
                summary: earlier.summary.clone(),
                review: earlier.review.as_ref().map(|review| review.view(&name)),
                head_commit: earlier.branch.as_ref().map(|branch| branch.head_commit.clone()),
            })
            .collect(),
        dependencies,
        resume_session,
        author,
    };
    Ok(ToRunner::Assign(Box::new(fitted(assignment))))
}

/// Most bytes of an assignment, with room for what stands around it.
const MOST_BYTES: usize = MAX_MESSAGE - 4096;

/// The assignment with as much of its history as one message takes, the latest first, then with fewer words of the jobs before it: a runner
/// ends a connection on which it is sent more, and would be sent it again at the next. All else of an assignment is limited by the rules
/// for jobs and files.
fn fitted(mut assignment: Assignment) -> Assignment {
    while serde_json::to_string(&assignment).map_or(0, |text| text.len()) > MOST_BYTES {
        if !shortened(&mut assignment) {
            break;
        }
    }
    assignment
}

/// Takes something out; `false` when there is nothing left that may go.
fn shortened(assignment: &mut Assignment) -> bool {
    if assignment.earlier.len() > 1 {
        let half = assignment.earlier.len() / 2;
        assignment.earlier.drain(..half);
        return true;
    }
    if let Some(review) = assignment.earlier.last_mut().map(|last| &mut last.review) {
        match review {
            Some(long) if !long.comments.is_empty() => {
                long.comments.truncate(long.comments.len() / 2);
                return true;
            }
            Some(_) => {
                *review = None;
                return true;
            }
            None => {}
        }
    }
    let told = assignment.dependencies.iter_mut().rev().find(|other| other.summary.is_some());
    told.is_some_and(|other| other.summary.take().is_some())
}

async fn merge_of(live: &Live, job: &Job, merge: &Merge) -> Result<ToRunner, CommandError> {
    let (Some(claim), Some(attempt), Some(spec)) = (merge.claim, &job.attempt, job.agentic()) else {
        return Err(CommandError::NotFound);
    };
    let (Context::Repository { url, base_branch }, Some(branch)) = (&spec.context, &attempt.branch) else {
        return Err(CommandError::NotFound);
    };
    let workspace = workspace_name(live, job.workspace).await?;
    let mut conn = live.store().read().await?;
    let author = author(&mut conn, merge.by).await?;
    Ok(ToRunner::Merge(Box::new(MergeAssignment {
        attempt: attempt.id,
        fence: claim.fence,
        job: job.id,
        number: job.number,
        workspace,
        title: job.title.clone(),
        url: url.clone(),
        base_branch: base_branch.clone(),
        branch: branch.name.clone(),
        head_commit: branch.head_commit.clone(),
        decision: merge.decision,
        author,
    })))
}

async fn author(conn: &mut Conn, user: UserId) -> Result<Author, StoreError> {
    let account = accounts::get(conn, user).await?;
    let (name, email) = account.map_or_else(|| ("former member".into(), "unknown".into()), |user| (user.name, user.email));
    Ok(Author { user, name, email })
}

/// Answers, messages and a stop that the attempt's log does not show yet, in the order they were given.
pub(super) async fn undelivered(live: &Live, attempt: AttemptId) -> Result<Vec<ToRunner>, CommandError> {
    let mut conn = live.store().read().await?;
    let answered = requests::answered_undelivered(&mut conn, attempt).await?;
    let written = messages::undelivered(&mut conn, attempt).await?;
    let stop = match attempts::get(&mut conn, attempt).await? {
        Some((_, job, _)) => jobs::get(&mut conn, job).await?.and_then(|job| match job.state {
            State::InProgress { stop, .. } => stop,
            _ => None,
        }),
        None => None,
    };
    drop(conn);
    let answers = answered.iter().filter_map(|request| {
        Some(ToRunner::Answer {
            attempt,
            request: request.id,
            answer: request.answer.clone()?,
            by: request.answered_by.as_ref().map_or_else(String::new, |person| person.name.clone()),
        })
    });
    let messages = written.iter().map(|message| ToRunner::Message {
        attempt,
        message: message.id,
        body: message.body.clone(),
        interrupt: message.interrupt,
        from: message.from.name.clone(),
    });
    let stop = stop.map(|stop| ToRunner::Stop {
        attempt,
        kill: stop.kill,
        hurry: stop.hurry,
    });
    Ok(answers.chain(messages).chain(stop).collect())
}

/// Name of a workspace.
async fn workspace_name(live: &Live, id: WorkspaceId) -> Result<String, StoreError> {
    let mut conn = live.store().read().await?;
    Ok(workspaces::facts(&mut conn, id).await?.map(|(name, ..)| name).unwrap_or_default())
}
