//! What a working folder holds that is nowhere else. Asked before one is removed; only read, nothing is written, neither there nor in
//! the mirror.

use super::{GitError, tree};
use git2::{Delta, DiffOptions, ErrorCode, Oid, Reference, Repository};
use std::{fs, path::Path};

/// Most commits after the one checked out that are compared with the files: the runner's own, of what the agent left.
const COMPARED: usize = 20;

/// What would be lost with the folder `tree`, in words for a person; nothing when all of it is on the remote of `mirror`, as far as the
/// mirror knows. Files that the repository ignores are not work. `known` are further commits that are on the remote.
///
/// # Errors
/// When the folder's repository cannot be read. Then it may hold anything.
pub fn unsaved(mirror: &Repository, tree: &Path, known: &[Oid]) -> Result<Option<String>, GitError> {
    tree::nothing_that_waits(tree)?;
    let head = tree::head(tree)?;
    let git = tree.join(".git");
    for (folder, words) in [("modules", "repositories of submodules"), ("worktrees", "further worktrees")] {
        if fs::read_dir(git.join(folder)).is_ok_and(|mut entries| entries.next().is_some()) {
            return Ok(Some(words.to_owned()));
        }
    }
    let own = Repository::open(&git)?;
    for reference in own.references()? {
        if let Some(words) = only_here(mirror, &reference?, known)? {
            return Ok(Some(words));
        }
    }
    if !on_remote(mirror, head, known)? {
        return Ok(Some("commits that are not pushed".to_owned()));
    }
    let Some(same) = same_files(mirror, tree, head)? else {
        return Ok(Some("files that are not committed".to_owned()));
    };
    staged(mirror, &own, head, same)
}

/// What a reference of the folder leads to that is not on the remote.
fn only_here(mirror: &Repository, reference: &Reference<'_>, known: &[Oid]) -> Result<Option<String>, GitError> {
    let name = String::from_utf8_lossy(reference.name_bytes()).into_owned();
    if name.starts_with("refs/remotes/") {
        // What was fetched, by the runner or by the agent.
        return Ok(None);
    }
    if name == "refs/stash" {
        return Ok(Some("a stash".to_owned()));
    }
    let short = name.trim_start_matches("refs/heads/");
    let words = || Ok(Some(format!("commits that are not pushed ({})", short.escape_default())));
    // One that leads to another reference is asked there.
    let Some(id) = reference.target() else {
        return Ok(None);
    };
    let saved = match mirror.find_object(id, None) {
        // A tag with words is an object of its own.
        Ok(object) => match object.peel_to_commit() {
            Ok(commit) => on_remote(mirror, commit.id(), known)?,
            Err(_) => true,
        },
        Err(_) => false,
    };
    if saved { Ok(None) } else { words() }
}

/// Whether the mirror has `commit` in what it fetched or pushed.
pub fn on_remote(mirror: &Repository, commit: Oid, known: &[Oid]) -> Result<bool, GitError> {
    if mirror.find_commit(commit).is_err() {
        return Ok(false);
    }
    let mut walk = mirror.revwalk()?;
    walk.push(commit)?;
    walk.hide_glob("refs/remotes/origin/*")?;
    for id in known {
        // One that the mirror does not have hides nothing.
        match walk.hide(*id) {
            Err(error) if error.code() != ErrorCode::NotFound => return Err(error.into()),
            _ => {}
        }
    }
    match walk.next() {
        None => Ok(true),
        Some(first) => first.map(|_| false).map_err(GitError::from),
    }
}

/// The commit on the remote whose files are those of the folder: the one checked out, or one that was made of what it was changed to.
fn same_files(mirror: &Repository, folder: &Path, head: Oid) -> Result<Option<Oid>, GitError> {
    let mut after = mirror.revwalk()?;
    after.push_glob("refs/remotes/origin/*")?;
    after.hide(head)?;
    let made_of_it = after.filter_map(Result::ok).filter(|id| {
        let commit = mirror.find_commit(*id);
        commit.is_ok_and(|commit| commit.parent_ids().eq([head]))
    });
    for commit in std::iter::once(head).chain(made_of_it.take(COMPARED)) {
        let index = tree::index_of(mirror, folder, commit)?;
        let mut options = DiffOptions::new();
        options
            .include_untracked(true)
            .recurse_untracked_dirs(true)
            .include_typechange(true)
            .ignore_submodules(true);
        let diff = mirror.diff_index_to_workdir(Some(&index), Some(&mut options))?;
        let differs = diff.deltas().any(|delta| {
            let path = delta.new_file().path().or_else(|| delta.old_file().path());
            delta.status() != Delta::Unmodified && !path.is_some_and(tree::is_input)
        });
        if !differs {
            return Ok(Some(commit));
        }
    }
    Ok(None)
}

/// What was staged and is neither in the commit checked out nor in the one that has the files.
fn staged(mirror: &Repository, own: &Repository, head: Oid, same: Oid) -> Result<Option<String>, GitError> {
    let index = own.index()?;
    let (head, same) = (mirror.find_commit(head)?.tree()?, mirror.find_commit(same)?.tree()?);
    for entry in index.iter() {
        let path = Path::new(std::str::from_utf8(&entry.path).unwrap_or_default());
        let committed = [&head, &same]
            .iter()
            .any(|tree| tree.get_path(path).is_ok_and(|there| there.id() == entry.id));
        if !committed {
            return Ok(Some("staged changes that are not committed".to_owned()));
        }
    }
    Ok(None)
}
