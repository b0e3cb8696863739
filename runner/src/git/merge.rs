//! Merging an approved branch into its base, in the mirror alone (REV-3).

use super::{GitError, is_branch_name, is_job_branch, line, mirror::Mirror, signatures};
use coord_protocol::{
    attempt::MergeCheck,
    job::BranchDecision,
    runner::{MergeAssignment, MergeResult},
};
use git2::Oid;

/// Times the base may move under us.
const TRIES: usize = 4;

/// Merges or closes a branch on the remote. Doing it again after it succeeded changes nothing and says the same.
pub async fn run(mirror: &Mirror, assignment: &MergeAssignment, seconds: i64) -> MergeResult {
    let result = match assignment.decision {
        BranchDecision::Merge => merge(mirror, assignment, seconds).await,
        BranchDecision::Leave => Ok(MergeResult::Done { commit: None }),
        BranchDecision::Close => close(mirror, assignment).await,
    };
    result.unwrap_or_else(|error| MergeResult::Failed { detail: error.to_string() })
}

fn names(assignment: &MergeAssignment) -> Result<(&str, &str, Oid), GitError> {
    let (base, branch) = (assignment.base_branch.as_str(), assignment.branch.as_str());
    for name in [base, branch] {
        if !is_branch_name(name) {
            return Err(GitError::Refused(format!("`{}` is no branch name", name.escape_default())));
        }
    }
    if !is_job_branch(branch) {
        return Err(GitError::Policy(format!(
            "`{branch}` is no branch of a job; it is neither merged nor deleted"
        )));
    }
    let head = Oid::from_str(&assignment.head_commit).map_err(|_| GitError::Refused("the reviewed commit has no valid id".to_owned()))?;
    Ok((base, branch, head))
}

async fn merge(mirror: &Mirror, assignment: &MergeAssignment, seconds: i64) -> Result<MergeResult, GitError> {
    let (base, branch, head) = names(assignment)?;
    for attempt in 1.. {
        let tips = mirror.tips(&[base, branch]).await?;
        let base_tip = *tips
            .get(base)
            .ok_or_else(|| GitError::Refused(format!("the base branch {base} is not on the remote")))?;
        let present: Vec<&str> = [base, branch].into_iter().filter(|name| tips.contains_key(*name)).collect();
        mirror.fetch(&present).await?;
        let repository = mirror.repository()?;
        if repository.find_commit(head).is_ok() && (base_tip == head || repository.graph_descendant_of(base_tip, head)?) {
            return Ok(MergeResult::Done {
                commit: Some(base_tip.to_string()),
            });
        }
        match tips.get(branch) {
            Some(&tip) if tip == head => {}
            Some(tip) => {
                return Err(GitError::Moved(format!(
                    "the branch {branch} has moved to {tip} since it was reviewed at {head}; review it again"
                )));
            }
            None => return Err(GitError::Refused(format!("the branch {branch} is not on the remote any more"))),
        }
        let commit = match merge_commit(&repository, assignment, base_tip, head, seconds)? {
            Ok(commit) => commit,
            Err(paths) => return Ok(MergeResult::Conflict { paths }),
        };
        drop(repository);
        match mirror.push(base, commit, Some(base_tip)).await {
            Ok(()) => {
                return Ok(MergeResult::Done {
                    commit: Some(commit.to_string()),
                });
            }
            Err(GitError::Moved(_)) if attempt < TRIES => {}
            Err(error) => return Err(error),
        }
    }
    Err(GitError::Moved(format!("the base branch {base} keeps moving; try again")))
}

/// Most paths told of a conflict.
const MAX_PATHS: usize = 200;

/// Tries to merge `head` into the base branch as it is on the remote now. Nothing is written, here or there.
///
/// # Errors
/// When the remote does not answer, or the base branch is not there.
pub async fn check(mirror: &Mirror, base: &str, head: Oid) -> Result<MergeCheck, GitError> {
    if !is_branch_name(base) {
        return Err(GitError::Refused(format!("`{}` is no branch name", base.escape_default())));
    }
    mirror.fetch(&[base]).await?;
    let repository = mirror.repository()?;
    let tip = repository
        .find_reference(&format!("refs/remotes/origin/{base}"))?
        .peel_to_commit()?;
    let index = repository.merge_commits(&tip, &repository.find_commit(head)?, None)?;
    let conflicts = in_conflict(&index)?;
    Ok(MergeCheck {
        base_branch: base.to_owned(),
        base_commit: tip.id().to_string(),
        conflicts,
    })
}

/// Paths in conflict, in order, as many as are told.
fn in_conflict(index: &git2::Index) -> Result<Vec<String>, GitError> {
    let mut paths: Vec<String> = index
        .conflicts()?
        .flatten()
        .filter_map(|conflict| conflict.our.or(conflict.their).or(conflict.ancestor))
        .map(|entry| line(&String::from_utf8_lossy(&entry.path)))
        .collect();
    paths.sort();
    paths.dedup();
    paths.truncate(MAX_PATHS);
    Ok(paths)
}

/// The merge commit, or the paths in conflict.
fn merge_commit(
    repository: &git2::Repository,
    assignment: &MergeAssignment,
    base_tip: Oid,
    head: Oid,
    seconds: i64,
) -> Result<Result<Oid, Vec<String>>, GitError> {
    let (ours, theirs) = (repository.find_commit(base_tip)?, repository.find_commit(head)?);
    let mut index = repository.merge_commits(&ours, &theirs, None)?;
    if index.has_conflicts() {
        return Ok(Err(in_conflict(&index)?));
    }
    let tree = repository.find_tree(index.write_tree_to(repository)?)?;
    let (author, committer) = signatures(&assignment.author, seconds)?;
    let message = format!(
        "Merge #{}: {}\n\nBranch {}.\n",
        assignment.number,
        assignment.title.trim(),
        assignment.branch
    );
    Ok(Ok(repository.commit(
        None,
        &author,
        &committer,
        &message,
        &tree,
        &[&ours, &theirs],
    )?))
}

async fn close(mirror: &Mirror, assignment: &MergeAssignment) -> Result<MergeResult, GitError> {
    let (base, branch, head) = names(assignment)?;
    if base == branch {
        return Err(GitError::Refused("the base branch is not deleted".to_owned()));
    }
    match mirror.tips(&[branch]).await?.get(branch) {
        None => {}
        Some(&tip) if tip == head => mirror.delete(branch, head).await?,
        Some(tip) => {
            return Err(GitError::Moved(format!(
                "the branch {branch} has moved to {tip} since it was reviewed at {head}; it is left open"
            )));
        }
    }
    Ok(MergeResult::Done { commit: None })
}
