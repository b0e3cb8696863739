//! What an attempt is given of the jobs its job waited for (DEP-7).
//!
//! An agent's log is seen by all who see its job. So a private job's results go on only to a job that nobody sees who may not see the
//! private one as well (ACC-4), and to others it is not mentioned.

use coord_domain::{
    job::{Job, Worker},
    rights,
};
use coord_protocol::{
    file::{File, FileKind},
    id::UserId,
    job::Context,
    runner::{EarlierBranch, Handover, InputFile, MAX_HANDED_BYTES, MAX_HANDED_FILES, MAX_HANDED_SUMMARY},
    workspace::Role,
};
use coord_store::{Conn, StoreError, files, jobs, members};
use std::collections::{BTreeMap, HashMap};

/// Most deliverables of one job that are looked at.
const MOST_FILES: i64 = 1000;

/// The jobs this one waits for whose results its agent may be given, in the order of their numbers.
///
/// # Errors
/// When the store cannot be read; likewise below.
pub async fn sources(conn: &mut Conn, job: &Job) -> Result<Vec<Job>, StoreError> {
    let mut found = vec![];
    for id in jobs::dependencies_of(conn, job.id).await? {
        found.extend(jobs::get(conn, id).await?);
    }
    if found.iter().any(|other| other.access.private) {
        let roles = roles(conn, job).await?;
        found.retain(|other| rights::seen_together(&job.access, &other.access, |user| roles.get(&user).copied()));
    }
    found.sort_by_key(|other| other.number);
    Ok(found)
}

async fn roles(conn: &mut Conn, job: &Job) -> Result<HashMap<UserId, Role>, StoreError> {
    let named = [job.access.owner, job.access.creator];
    let mut roles = HashMap::new();
    for user in named.into_iter().chain(job.access.team.iter().map(|member| member.user)) {
        if let Some(role) = members::role(conn, job.workspace, user).await? {
            roles.insert(user, role);
        }
    }
    Ok(roles)
}

/// Whether the file is a result that the job's agent may be given.
pub async fn is_handed_over(conn: &mut Conn, job: &Job, file: &File) -> Result<bool, StoreError> {
    Ok(file.kind == FileKind::Deliverable && sources(conn, job).await?.iter().any(|other| other.id == file.job))
}

/// What those jobs left, within the limits for one assignment.
pub(super) async fn of(conn: &mut Conn, job: &Job) -> Result<Vec<Handover>, StoreError> {
    let mut room = Room {
        files: MAX_HANDED_FILES,
        bytes: MAX_HANDED_BYTES,
    };
    let mut handed = vec![];
    for other in sources(conn, job).await? {
        let stored = files::list(conn, other.id, FileKind::Deliverable, None, MOST_FILES).await?;
        let (files, files_left_out) = room.fill(results(&other, stored));
        let summary = other.attempt.as_ref().and_then(|attempt| attempt.summary.as_deref());
        handed.push(Handover {
            number: other.number,
            summary: summary.map(|words| bounded(words, MAX_HANDED_SUMMARY)),
            branch: branch(job, &other),
            files,
            files_left_out,
            title: other.title,
        });
    }
    Ok(handed)
}

/// The deliverables that count: of an agent those of its last attempt, of people all; of those with one name the latest.
fn results(other: &Job, stored: Vec<File>) -> impl Iterator<Item = File> {
    let last = other
        .attempt
        .as_ref()
        .filter(|attempt| matches!(attempt.worker, Worker::Runner { .. }));
    let mut by_name = BTreeMap::new();
    for file in stored {
        if file.uploaded_by.is_some() || last.is_none_or(|last| file.attempt == Some(last.id)) {
            by_name.insert(file.name.to_lowercase(), file);
        }
    }
    by_name.into_values()
}

/// The branch, where both jobs work in one repository.
fn branch(job: &Job, other: &Job) -> Option<EarlierBranch> {
    let (Context::Repository { url, .. }, Context::Repository { url: of, .. }) = (&job.agentic()?.context, &other.agentic()?.context)
    else {
        return None;
    };
    let branch = other
        .attempt
        .as_ref()?
        .branch
        .as_ref()
        .filter(|branch| url == of && branch.pushed)?;
    Some(EarlierBranch {
        name: branch.name.clone(),
        commit: branch.head_commit.clone(),
    })
}

/// At most `most` bytes of a text.
fn bounded(text: &str, most: usize) -> String {
    if text.len() <= most {
        return text.to_owned();
    }
    let end = text.floor_char_boundary(most - '…'.len_utf8());
    format!("{}…", &text[..end])
}

/// What one assignment still takes.
struct Room {
    files: usize,
    bytes: i64,
}

impl Room {
    /// The files there is room for, and how many there was none for.
    fn fill(&mut self, all: impl Iterator<Item = File>) -> (Vec<InputFile>, u32) {
        let (mut taken, mut left_out) = (vec![], 0);
        for file in all {
            if self.files == 0 || file.size > self.bytes {
                left_out += 1;
                continue;
            }
            self.files -= 1;
            self.bytes -= file.size;
            taken.push(InputFile {
                id: file.id,
                name: file.name,
                size: file.size,
                sha256: file.sha256,
            });
        }
        (taken, left_out)
    }
}
