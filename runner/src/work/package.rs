//! The result of an attempt: deliverables, or commits on a branch with their diffs.

use super::{Halt, Host, prepare::kept_reference};
use crate::{
    files,
    git::{
        GitError,
        diff::{self, MAX},
        harm, holds, merge,
        mirror::Mirror,
        tree::{self, Collected, Start},
    },
    http::{HttpError, Which},
    mask::files::{Checked, check},
    walls::scratch,
};
use coord_protocol::{
    attempt::{BranchReport, FailureReason, MergeCheck},
    job::Context,
    log::SystemLevel,
    runner::Assignment,
};
use git2::Oid;
use std::{path::PathBuf, sync::Arc, time::Duration};

/// Pushes tried while the remote does not answer.
const PUSHES: u32 = 4;

/// Files named that are not committed; the rest is counted.
const MOST_LEFT_OUT: usize = 20;

/// What was handed in, and what to write about it.
#[derive(Debug, Default)]
pub struct Packaged {
    /// The branch, for a repository.
    pub branch: Option<BranchReport>,
    /// Lines for the log.
    pub lines: Vec<(SystemLevel, String)>,
    /// What went wrong, when part of it could not be handed in.
    pub problem: Option<Halt>,
    /// A folder that may go once the end is written down.
    pub done_with: Option<PathBuf>,
}

impl Packaged {
    fn info(&mut self, words: impl Into<String>) {
        self.lines.push((SystemLevel::Info, words.into()));
    }

    fn warn(&mut self, words: impl Into<String>) {
        self.lines.push((SystemLevel::Warning, words.into()));
    }
}

/// Hands in what the agent left.
///
/// # Errors
/// Typed, with words for a person; the work stays on disk.
pub async fn package(host: Arc<Host>, assignment: Assignment, folder: PathBuf, start: Option<Start>) -> Result<Packaged, Halt> {
    match (&assignment.context, start) {
        (Context::Repository { url, base_branch }, Some(start)) => branch(&host, &assignment, folder, (url, base_branch), start).await,
        _ => deliverables(&host, &assignment, folder).await,
    }
}

async fn deliverables(host: &Host, assignment: &Assignment, folder: PathBuf) -> Result<Packaged, Halt> {
    let mut packaged = Packaged::default();
    let policy = &host.config.policy;
    let output = files::output(&folder.join("output"), policy.max_deliverables, policy.max_deliverable_bytes)
        .map_err(|error| Halt::disk("the output folder", &error))?;
    for words in output.left_out {
        packaged.warn(format!("Not delivered: {words}"));
    }
    for (name, path, bytes) in output.files {
        if host.masker.finds(name.as_bytes()) {
            packaged.warn("Not delivered: a file whose name holds a secret of this runner");
            continue;
        }
        let path = match without_secrets(host, assignment, path).await? {
            Checked::Clean(path) => path,
            Checked::Masked(copy) => {
                packaged.warn(format!("Secrets of this runner are masked in {name}"));
                copy
            }
            Checked::Binary => {
                packaged.warn(format!(
                    "Not delivered: {name}: it holds a secret of this runner and is no text, so it cannot be masked"
                ));
                continue;
            }
        };
        match host.http.put_deliverable(assignment.attempt, assignment.fence, &name, &path).await {
            Ok(()) => packaged.info(format!("Delivered {name} ({bytes} bytes)")),
            Err(HttpError::Stale) => return Err(Halt::Dropped),
            Err(HttpError::Refused(words)) => packaged.warn(format!("Not delivered: {name}: {words}")),
            Err(error) => {
                let words = format!("{name} could not be delivered: {error}");
                return Err(Halt::Failed(FailureReason::Other, words));
            }
        }
    }
    Ok(packaged)
}

async fn without_secrets(host: &Host, assignment: &Assignment, path: PathBuf) -> Result<Checked, Halt> {
    let (masker, copy) = (Arc::clone(&host.masker), scratch::copy(&host.config, assignment.attempt));
    // A large file takes its time.
    let checked = tokio::task::spawn_blocking(move || check(&masker, &path, &copy)).await;
    checked
        .map_err(|error| Halt::Failed(FailureReason::Other, error.to_string()))?
        .map_err(|error| Halt::disk("a copy of a file without its secrets", &error))
}

async fn branch(
    host: &Arc<Host>,
    assignment: &Assignment,
    folder: PathBuf,
    (url, base_branch): (&str, &str),
    start: Start,
) -> Result<Packaged, Halt> {
    let mut packaged = Packaged::default();
    let mirror = Arc::new(Mirror::open(&host.config, &host.locks, url).await?);
    let seconds = host.clock.now().0 / 1_000_000;
    let message = format!(
        "{}\n\nWhat attempt {} of job #{} left uncommitted.\n",
        assignment.title.trim(),
        assignment.attempt_number,
        assignment.number
    );
    let collected = {
        let (mirror, start, author, folder) = (Arc::clone(&mirror), start.clone(), assignment.author.clone(), folder.clone());
        let kept = kept_reference(assignment.job);
        let largest = host.config.policy.max_deliverable_bytes;
        blocking(move || tree::collect(&mirror, &folder, &start, &author, &message, &kept, seconds, largest)).await?
    };
    let Collected { head, committed, left_out } = collected;
    let limit = host.config.policy.max_deliverable_bytes;
    for path in left_out.iter().take(MOST_LEFT_OUT) {
        packaged.warn(format!("Not committed: {path}: it is over this runner's limit of {limit} bytes"));
    }
    if left_out.len() > MOST_LEFT_OUT {
        packaged.warn(format!(
            "Not committed: {} more files that are too large",
            left_out.len() - MOST_LEFT_OUT
        ));
    }
    if committed {
        packaged.info("Committed what was left uncommitted");
    }
    let pushed = if head == start.remote.unwrap_or(start.base) {
        packaged.info("No change: nothing to push");
        start.remote.is_some()
    } else {
        let checked = {
            let (mirror, start, masker) = (Arc::clone(&mirror), start.clone(), Arc::clone(&host.masker));
            let check = move || {
                harm::check_secrets(&mirror.repository()?, head, &[start.commit, start.base], |bytes| {
                    masker.finds(bytes)
                })
            };
            tokio::task::spawn_blocking(check).await
        };
        let checked = checked.map_err(|error| Halt::Failed(FailureReason::Other, error.to_string()))?;
        let pushed = match checked {
            Ok(()) => push(&mirror, &start, head).await,
            refused => refused,
        };
        match pushed {
            Ok(()) => {
                packaged.info(format!("Pushed {} at {:.10}", start.branch, head.to_string()));
                true
            }
            Err(error) => {
                packaged.warn("The branch could not be pushed; the work is kept on the runner's machine");
                packaged.problem = Some(error.into());
                false
            }
        }
    };
    let mut report = {
        let (mirror, start) = (Arc::clone(&mirror), start.clone());
        blocking(move || tree::report(&mirror, &start, head, pushed)).await?
    };
    if pushed {
        report.merge_check = would_merge(&mirror, base_branch, head, &mut packaged).await.map(Box::new);
    }
    diffs(host, assignment, &mirror, &report, head, &mut packaged).await?;
    packaged.branch = Some(report);
    if packaged.problem.is_none() {
        packaged.done_with = done_with(&mirror, folder, &start, &mut packaged).await?;
    }
    Ok(packaged)
}

/// The folder, if nothing else is in it: work that is not pushed is never deleted (AGT-8).
async fn done_with(mirror: &Arc<Mirror>, folder: PathBuf, start: &Start, packaged: &mut Packaged) -> Result<Option<PathBuf>, Halt> {
    let known: Vec<Oid> = [Some(start.base), start.remote].into_iter().flatten().collect();
    let (asked, tree) = (Arc::clone(mirror), folder.clone());
    let unsaved = blocking(move || Ok(asked.repository().and_then(|repository| holds::unsaved(&repository, &tree, &known)))).await?;
    let words = match unsaved {
        Ok(None) => return Ok(Some(folder)),
        Ok(Some(words)) => words,
        Err(error) => error.to_string(),
    };
    packaged.info(format!("The working folder stays on the runner's machine, since it holds {words}"));
    Ok(None)
}

/// Tries the merge that an approval would make, so that its reviewer knows. Not to know it is no failure.
async fn would_merge(mirror: &Arc<Mirror>, base_branch: &str, head: Oid, packaged: &mut Packaged) -> Option<MergeCheck> {
    let (tried, base) = (Arc::clone(mirror), base_branch.to_owned());
    let handle = tokio::runtime::Handle::current();
    // libgit2 blocks, so this has a thread of its own.
    let checked = blocking(move || handle.block_on(merge::check(&tried, &base, head))).await;
    match checked {
        Ok(check) => {
            match check.conflicts.len() {
                0 => packaged.info(format!("Merges cleanly with {base_branch} at {:.10}", check.base_commit)),
                1 => packaged.warn(format!("In conflict with {base_branch}: {}", check.conflicts[0])),
                many => packaged.warn(format!("In conflict with {base_branch}: {many} files")),
            }
            Some(check)
        }
        Err(_) => {
            packaged.info(format!("Whether it merges with {base_branch} could not be found out"));
            None
        }
    }
}

async fn push(mirror: &Mirror, start: &Start, head: Oid) -> Result<(), GitError> {
    let mut pause = Duration::from_secs(2);
    for _ in 1..PUSHES {
        match mirror.push(&start.branch, head, start.remote).await {
            Err(GitError::Unreachable(words)) => tracing::info!("{words}; pushing again"),
            other => return moved(other, start, mirror, head).await,
        }
        tokio::time::sleep(pause).await;
        pause *= 3;
    }
    moved(mirror.push(&start.branch, head, start.remote).await, start, mirror, head).await
}

/// A push that was made before a crash is no surprise; any other change of the branch is.
async fn moved(result: Result<(), GitError>, start: &Start, mirror: &Mirror, head: Oid) -> Result<(), GitError> {
    let Err(GitError::Moved(words)) = result else {
        return result;
    };
    if mirror.tips(&[&start.branch]).await?.get(&start.branch) == Some(&head) {
        return Ok(());
    }
    Err(GitError::Moved(format!(
        "somebody changed the branch {} meanwhile: {words}",
        start.branch
    )))
}

async fn diffs(
    host: &Host,
    assignment: &Assignment,
    mirror: &Arc<Mirror>,
    report: &BranchReport,
    head: Oid,
    packaged: &mut Packaged,
) -> Result<(), Halt> {
    let base = Oid::from_str(&report.base_commit).map_err(GitError::from)?;
    let before = assignment.earlier.iter().rev().find_map(|attempt| attempt.head_commit.as_deref());
    let before = before.and_then(|id| Oid::from_str(id).ok());
    for (which, from) in [(Which::Whole, Some(base)), (Which::SinceReview, before)] {
        let Some(from) = from else { continue };
        let mirror = Arc::clone(mirror);
        let text = blocking(move || {
            let repository = mirror.repository()?;
            // A tip that was rewritten away cannot be compared with.
            if repository.find_commit(from).is_err() {
                return Ok(None);
            }
            diff::between(&repository, from, head, MAX).map(|(text, _)| Some(text))
        })
        .await?;
        let Some(text) = text else { continue };
        let text = host.masker.bytes(&text).into_owned();
        match host.http.put_diff(assignment.attempt, assignment.fence, which, text).await {
            Ok(()) => {}
            Err(HttpError::Stale) => return Err(Halt::Dropped),
            Err(error) => packaged.warn(format!("The diff could not be uploaded: {error}")),
        }
    }
    Ok(())
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, GitError> + Send + 'static) -> Result<T, Halt> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result.map_err(Halt::from),
        Err(error) => Err(Halt::Failed(FailureReason::Other, error.to_string())),
    }
}
