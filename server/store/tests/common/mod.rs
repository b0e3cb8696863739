//! A workspace with people and jobs, for tests of the job side.

#![allow(
    dead_code,
    clippy::allow_attributes,
    reason = "each test file is its own program and uses a part of this"
)]

use coord_domain::{
    job::{Attempt, Claim, Job, State, Worker},
    lifecycle::{NewGiven, create},
    rights::Who,
};
use coord_protocol::{
    id::{AttemptId, JobId, RunnerId, UserId, WorkspaceId},
    job::{JobState, NewJob, Priority},
    time::Timestamp,
    workspace::Role,
};
use coord_store::{Store, StoreError, Tx, jobs, members};
use uuid::Uuid;

pub const WORKSPACE: WorkspaceId = WorkspaceId(Uuid::from_u128(0x1000));
pub const OWNER: UserId = user(1);
pub const ADMIN: UserId = user(2);
pub const MEMBER: UserId = user(3);
pub const OTHER: UserId = user(4);
pub const VIEWER: UserId = user(5);
pub const STRANGER: UserId = user(6);
pub const RUNNER: RunnerId = RunnerId(Uuid::from_u128(0x2000));
pub const T0: Timestamp = Timestamp(1_700_000_000_000_000);

pub const fn user(n: u128) -> UserId {
    UserId(Uuid::from_u128(0x100 + n))
}

pub const fn job_id(n: i64) -> JobId {
    JobId(Uuid::from_u128(0x10_000 + n as u128))
}

pub const fn attempt_id(n: u128) -> AttemptId {
    AttemptId(Uuid::from_u128(0x20_000 + n))
}

pub const fn who(user: UserId, role: Role) -> Who {
    Who { user, role: Some(role) }
}

/// The workspace with one member of each role; the stranger is no member.
pub async fn people(store: &Store) {
    store
        .write(async |tx: &mut Tx| -> Result<(), StoreError> {
            for n in 1..=6 {
                sqlx::query("INSERT INTO users (id, email, name, password_hash, created_at) VALUES ($1, $2, $3, 'x', 0)")
                    .bind(user(n).to_string())
                    .bind(format!("{n}@example.org"))
                    .bind(format!("Person {n}"))
                    .execute(&mut **tx)
                    .await?;
            }
            sqlx::query(
                "INSERT INTO workspaces (id, name, slug, settings, version, feed_seq, next_job_number, created_at) \
                 VALUES ($1, 'Team', 'team', '{}', 1, 0, 1, 0)",
            )
            .bind(WORKSPACE.to_string())
            .execute(&mut **tx)
            .await?;
            for (user, role) in [
                (OWNER, Role::Owner),
                (ADMIN, Role::Admin),
                (MEMBER, Role::Member),
                (OTHER, Role::Member),
                (VIEWER, Role::Viewer),
            ] {
                members::insert(tx, WORKSPACE, user, role, T0).await?;
            }
            Ok(())
        })
        .await
        .unwrap();
}

pub fn new_job(title: &str) -> NewJob {
    NewJob {
        title: title.to_owned(),
        ..NewJob::default()
    }
}

pub fn an_agentic(title: &str) -> NewJob {
    NewJob {
        agent: Some("claude".to_owned()),
        ..new_job(title)
    }
}

/// A job made by [`MEMBER`].
pub fn job(number: i64, new: &NewJob) -> Job {
    let given = NewGiven {
        now: T0.plus_ms(number),
        id: job_id(number),
        workspace: WORKSPACE,
        number,
        creator: MEMBER,
        default_priority: Priority::Medium,
        open_dependencies: vec![],
    };
    create(new, &given).unwrap()
}

/// The job in progress under a claim with this fence.
pub fn claimed(job: Job, attempt: AttemptId, number: i64, fence: i64) -> Job {
    let claim = Claim { runner: RUNNER, fence };
    Job {
        fence,
        state: State::InProgress {
            activity: None,
            pause: None,
            stop: None,
        },
        attempt: Some(Attempt {
            id: attempt,
            job: job.id,
            number,
            worker: Worker::Runner {
                claim,
                name: "laptop".to_owned(),
                agent: "claude".to_owned(),
                model: None,
            },
            started_at: T0,
            ended_at: None,
            outcome: None,
            failure: None,
            retry_at: None,
            summary: None,
            usage: Default::default(),
            branch: None,
            review: None,
            session: None,
            sandboxed: None,
        }),
        ..job
    }
}

pub async fn insert(store: &Store, job: Job) -> Job {
    let stored = job.clone();
    store.write(async move |tx: &mut Tx| jobs::insert(tx, &stored).await).await.unwrap();
    job
}

/// Stores the job one version on.
pub async fn update(store: &Store, mut job: Job) -> Job {
    let seen = job.version;
    job.version += 1;
    let stored = job.clone();
    store
        .write(async move |tx: &mut Tx| jobs::update(tx, &stored, seen).await)
        .await
        .unwrap();
    job
}

pub async fn get(store: &Store, id: JobId) -> Option<Job> {
    jobs::get(&mut store.read().await.unwrap(), id).await.unwrap()
}

pub fn ready(job: Job) -> Job {
    Job {
        state: State::Ready {
            since: T0,
            unreachable: None,
        },
        ..job
    }
}

pub const ALL_STATES: [JobState; 7] = [
    JobState::Backlog,
    JobState::Ready,
    JobState::InProgress,
    JobState::AwaitingReview,
    JobState::Done,
    JobState::Failed,
    JobState::Canceled,
];
