//! How a job comes to be: made new, or copied from one that ended.

use super::{
    NewGiven,
    apply::{dependencies_done, word},
};
use crate::{
    Refusal, folder,
    job::{Access, Job, State},
    order, validate,
};
use coord_protocol::{
    job::{JobState, NewJob},
    rule::Rule,
};

/// A new job (JOB-1, JOB-2).
///
/// # Errors
///
/// JOB-1 when fields are not valid, JOB-2 when it cannot begin in the state named, DEP-2 when it cannot begin Ready.
pub fn create(new: &NewJob, given: &NewGiven) -> Result<Job, Refusal> {
    let kind = validate::kind_of(new)?;
    let folder = new.folder.as_deref().filter(|folder| !folder.is_empty());
    validate::job(&validate::Fields {
        title: &new.title,
        description: &new.description,
        domains: &new.domains,
        folder,
        kind: &kind,
        team: &new.team,
    })?;
    if new.dependencies.len() > validate::MAX_DEPENDENCIES {
        return Err(Refusal::invalid(
            Rule::Dep1,
            "dependencies",
            format!("must be at most {}", validate::MAX_DEPENDENCIES),
        ));
    }
    if new.expected_uploads > validate::MAX_UPLOADS {
        return Err(Refusal::invalid(
            Rule::File1,
            "expected_uploads",
            format!("must be at most {}", validate::MAX_UPLOADS),
        ));
    }
    let folder = folder.map(|words| folder::path(Rule::Job1, "folder", words)).transpose()?;
    let state = match new.state {
        None | Some(JobState::Backlog) => State::Backlog,
        Some(JobState::Ready) => {
            dependencies_done(&given.open_dependencies)?;
            State::Ready {
                since: given.now,
                unreachable: None,
            }
        }
        Some(other) => {
            return Err(Refusal::invalid(
                Rule::Job2,
                "state",
                format!("a new job is in backlog or ready, not {}", word(other)),
            ));
        }
    };
    Ok(Job {
        id: given.id,
        workspace: given.workspace,
        number: given.number,
        title: new.title.trim().to_owned(),
        description: new.description.clone(),
        priority: new.priority.unwrap_or(given.default_priority),
        domains: new.domains.clone(),
        folder,
        position: order::of_number(given.number),
        access: Access {
            private: new.private,
            owner: given.creator,
            creator: given.creator,
            team: new.team.clone(),
        },
        auto_ready: new.auto_ready,
        review: new.review,
        kind,
        submitter: given.creator,
        state,
        attempt: None,
        fence: 0,
        pending_uploads: new.expected_uploads,
        unreachable_tries: 0,
        duplicate_of: None,
        version: 1,
        created_at: given.now,
        updated_at: given.now,
    })
}

/// A copy in Backlog that links back (JOB-12). Files and dependencies are not copied.
///
/// # Errors
///
/// JOB-12 when the job is not Done, Failed or Canceled.
pub fn duplicate(job: &Job, given: &NewGiven) -> Result<Job, Refusal> {
    if !matches!(job.state, State::Done | State::Failed | State::Canceled) {
        return Err(Refusal::state(
            Rule::Job12,
            "only a job that is done, failed or canceled can be duplicated",
        ));
    }
    Ok(Job {
        id: given.id,
        number: given.number,
        position: order::of_number(given.number),
        access: Access {
            private: job.access.private,
            owner: given.creator,
            creator: given.creator,
            team: job.access.team.clone(),
        },
        submitter: given.creator,
        state: State::Backlog,
        attempt: None,
        fence: 0,
        pending_uploads: 0,
        unreachable_tries: 0,
        duplicate_of: Some(job.id),
        version: 1,
        created_at: given.now,
        updated_at: given.now,
        ..job.clone()
    })
}
