//! Jobs for tests.

use super::{Command, Doing, Given, Happening, JobEvent, NewGiven, advance, apply, create};
use crate::{Refusal, job::Job};
use coord_protocol::{
    id::{AttemptId, JobId, RunnerId, UserId, WorkspaceId},
    job::{Context, NewJob, Priority},
    time::Timestamp,
};
use uuid::Uuid;

pub(crate) const OWNER: UserId = UserId(Uuid::from_u128(1));
pub(crate) const STRANGER: UserId = UserId(Uuid::from_u128(2));
pub(crate) const RUNNER_A: RunnerId = RunnerId(Uuid::from_u128(10));
pub(crate) const T0: Timestamp = Timestamp(1_000_000_000_000);

pub(crate) fn new_given() -> NewGiven {
    NewGiven {
        now: T0,
        id: JobId(Uuid::from_u128(100)),
        workspace: WorkspaceId(Uuid::from_u128(5)),
        number: 1,
        creator: OWNER,
        default_priority: Priority::Medium,
        open_dependencies: vec![],
    }
}

pub(crate) fn given() -> Given {
    Given {
        now: T0,
        new_attempt: AttemptId(Uuid::from_u128(200)),
        open_dependencies: vec![],
        position: None,
    }
}

pub(crate) fn a_new_job() -> NewJob {
    NewJob {
        title: "Fix login".into(),
        ..NewJob::default()
    }
}

pub(crate) fn a_user_job() -> Job {
    create(&a_new_job(), &new_given()).unwrap()
}

pub(crate) fn an_agentic_job() -> Job {
    create(
        &NewJob {
            agent: Some("claude".into()),
            ..a_new_job()
        },
        &new_given(),
    )
    .unwrap()
}

pub(crate) fn a_repository_job() -> Job {
    let context = Context::Repository {
        url: "https://host/x.git".into(),
        base_branch: "main".into(),
    };
    create(
        &NewJob {
            agent: Some("claude".into()),
            context: Some(context),
            ..a_new_job()
        },
        &new_given(),
    )
    .unwrap()
}

pub(crate) fn by_owner(command: Command) -> Doing {
    Doing::Person {
        user: OWNER,
        command,
        if_version: None,
    }
}

pub(crate) fn claimed() -> Doing {
    Doing::System(Happening::Claimed {
        runner: RUNNER_A,
        runner_name: "laptop".into(),
        agent: "claude".into(),
    })
}

/// Applies and evolves in one step.
pub(crate) fn step(job: Job, doing: &Doing) -> Result<(Job, Vec<JobEvent>), Refusal> {
    let events = apply(&job, doing, &given())?;
    Ok((advance(job, &events, T0), events))
}

pub(crate) fn must(job: Job, doing: &Doing) -> Job {
    step(job, doing)
        .unwrap_or_else(|refusal| panic!("{doing:?} was refused: {refusal}"))
        .0
}

pub(crate) fn ready(job: Job) -> Job {
    must(job, &by_owner(Command::Ready))
}

pub(crate) fn running(job: Job) -> Job {
    must(ready(job), &claimed())
}
