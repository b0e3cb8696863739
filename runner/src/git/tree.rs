//! The agent's own repository in its working folder: made before the agent runs, and read, not believed, after it.

use super::{GitError, diff, harm, holds, line, mirror::Mirror, signatures};
use coord_protocol::{
    attempt::{BranchReport, Commit},
    runner::Author,
};
use git2::{Index, IndexAddOption, Oid, Repository, RepositoryInitOptions, Sort, build::CheckoutBuilder};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// Files that come with the job lie here and are not committed.
const INPUTS: [&str; 2] = [".coord/attachments", ".coord/dependencies"];

/// Most commits told of a branch.
const MAX_COMMITS: usize = 200;

/// Where the work on a branch begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Start {
    /// The branch.
    pub branch: String,
    /// Tip of the base branch.
    pub base: Oid,
    /// Commit to go on from.
    pub commit: Oid,
    /// Tip of the branch on the remote, if it is there.
    pub remote: Option<Oid>,
}

/// Makes the working folder at `tree`: a repository of its own with `start` checked out, which borrows the mirror's objects. What was
/// there before is removed if `tree` is known to hold nothing that is not on the remote; otherwise it is moved aside and its new place
/// returned. `known` are commits of the remote that the mirror may not know as such.
///
/// # Errors
/// When the disk does not take it.
pub fn make(
    mirror: &Mirror,
    tree: &Path,
    start: &Start,
    base_branch: &str,
    author: &Author,
    known: &[Oid],
) -> Result<Option<PathBuf>, GitError> {
    let aside = clear(mirror, tree, known)?;
    fs::create_dir_all(tree)?;
    let mut options = RepositoryInitOptions::new();
    options
        .external_template(false)
        .initial_head(&format!("refs/heads/{}", start.branch));
    Repository::init_opts(tree, &options)?;
    let info = tree.join(".git/objects/info");
    fs::create_dir_all(&info)?;
    fs::write(info.join("alternates"), format!("{}\n", mirror.dir().join("objects").display()))?;
    fs::create_dir_all(tree.join(".git/info"))?;
    fs::write(
        tree.join(".git/info/exclude"),
        INPUTS.map(|folder| format!("/{folder}/\n")).concat(),
    )?;
    // Opened again, so that it knows the borrowed objects.
    let repository = Repository::open(tree)?;
    {
        let mut config = repository.config()?;
        config.set_str("user.name", &author.name)?;
        config.set_str("user.email", &author.email)?;
    }
    repository.remote("origin", mirror.url())?;
    repository.reference(&format!("refs/remotes/origin/{base_branch}"), start.base, true, "coord")?;
    repository.reference(&format!("refs/heads/{}", start.branch), start.commit, true, "coord")?;
    repository.set_head(&format!("refs/heads/{}", start.branch))?;
    repository.checkout_head(Some(CheckoutBuilder::new().force()))?;
    // Kept where the agent does not write: with it an untouched file is known by its times, and not read again.
    fs::copy(tree.join(".git/index"), times(tree))?;
    Ok(aside)
}

/// The index as it was when the folder was made.
fn times(tree: &Path) -> PathBuf {
    tree.with_file_name("index")
}

/// An index of a commit's files that knows which files of the working folder were not touched since it was made.
pub(super) fn index_of(repository: &Repository, tree: &Path, commit: Oid) -> Result<Index, GitError> {
    repository.set_workdir(tree, false)?;
    let mut index = repository.index()?;
    index.read_tree(&repository.find_commit(commit)?.tree()?)?;
    // Without it every file is read, which takes longer and says the same.
    if let Ok(known) = Index::open(&times(tree)) {
        for entry in known.iter() {
            let same = std::str::from_utf8(&entry.path)
                .ok()
                .and_then(|path| index.get_path(Path::new(path), 0));
            if same.is_some_and(|same| same.id == entry.id && same.mode == entry.mode) {
                index.add(&entry)?;
            }
        }
    }
    Ok(index)
}

/// Removes the working folder if all that was committed in it is in the mirror and nothing else lies in it; moves it aside otherwise.
fn clear(mirror: &Mirror, tree: &Path, known: &[Oid]) -> Result<Option<PathBuf>, GitError> {
    if !tree.exists() {
        return Ok(None);
    }
    let unsaved = mirror.repository().and_then(|repository| holds::unsaved(&repository, tree, known));
    if matches!(unsaved, Ok(None)) {
        remove_all(tree)?;
        return Ok(None);
    }
    for n in 1.. {
        let mut name = tree.file_name().unwrap_or_default().to_os_string();
        name.push(format!(".kept-{n}"));
        let aside = tree.with_file_name(name);
        if !aside.exists() {
            fs::rename(tree, &aside)?;
            return Ok(Some(aside));
        }
    }
    Ok(None)
}

/// Removes a folder with all that is in it, also what an agent has protected against itself.
///
/// # Errors
/// When something cannot be removed.
pub fn remove_all(folder: &Path) -> std::io::Result<()> {
    let first = fs::remove_dir_all(folder);
    if first
        .as_ref()
        .is_err_and(|error| error.kind() == std::io::ErrorKind::PermissionDenied)
    {
        writable(folder);
        return fs::remove_dir_all(folder);
    }
    first
}

/// Lets folders be written to by their owner.
#[cfg(unix)]
fn writable(folder: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        // Not through links: what is behind them is not ours.
        if !fs::symlink_metadata(&folder).is_ok_and(|meta| meta.file_type().is_dir()) {
            continue;
        }
        let _ = fs::set_permissions(&folder, fs::Permissions::from_mode(0o700));
        folders.extend(fs::read_dir(&folder).into_iter().flatten().flatten().map(|entry| entry.path()));
    }
}

#[cfg(not(unix))]
fn writable(_: &Path) {}

/// Whether a path in the working folder is of what came with the job.
pub(super) fn is_input(path: &Path) -> bool {
    INPUTS.iter().any(|folder| path.starts_with(folder))
}

/// Refuses a folder where libgit2 would open a pipe or a device and wait for ever, holding the mirror: in its git repository, or in
/// place of one of the files it reads wherever it finds them.
pub(super) fn nothing_that_waits(tree: &Path) -> Result<(), GitError> {
    let mut folders = vec![(tree.to_path_buf(), false)];
    while let Some((folder, in_git)) = folders.pop() {
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        for entry in entries {
            let entry = entry?;
            let (name, kind) = (entry.file_name(), entry.file_type()?);
            let in_git = in_git || name == ".git";
            if kind.is_dir() {
                folders.push((entry.path(), in_git));
                continue;
            }
            let is_read = in_git || name == ".gitignore" || name == ".gitattributes" || name == ".gitmodules";
            // Through a link as well.
            if is_read && fs::metadata(entry.path()).is_ok_and(|meta| !meta.is_file() && !meta.is_dir()) {
                return Err(GitError::Local(format!(
                    "the agent left {} as something that is no file",
                    name.to_string_lossy()
                )));
            }
        }
    }
    Ok(())
}

/// The commit that is checked out.
pub(super) fn head(tree: &Path) -> Result<Oid, GitError> {
    let git = tree.join(".git");
    for path in [git.clone(), git.join("objects")] {
        // A link or a file would lead to a repository elsewhere.
        if !fs::symlink_metadata(&path).is_ok_and(|meta| meta.file_type().is_dir()) {
            return Err(GitError::Local("the agent replaced the folder's git repository".to_owned()));
        }
    }
    let repository = Repository::open(&git)?;
    let head = repository.head()?;
    head.target()
        .or_else(|| head.resolve().ok()?.target())
        .ok_or_else(|| GitError::Local("the agent left no commit checked out".to_owned()))
}

/// The tree of the working folder's files, if it differs from that of `head`. Only libgit2 and the mirror's configuration are used, so
/// that no filter, hook or program that the folder names is run.
/// Files of more than `largest` bytes are left out, and named.
fn stage(repository: &Repository, tree: &Path, head: Oid, largest: u64) -> Result<(Option<Oid>, Vec<String>), GitError> {
    let committed = repository.find_commit(head)?.tree_id();
    let mut index = index_of(repository, tree, head)?;
    let mut left_out = Vec::new();
    let mut leave_out = |path: &Path, _: &[u8]| {
        // A repository inside the folder would become a submodule that leads nowhere; attachments are input, not work.
        let inner = path.to_string_lossy().ends_with('/') || tree.join(path).join(".git").exists();
        // It would be read whole, and kept in the repository for ever.
        let large = fs::symlink_metadata(tree.join(path)).is_ok_and(|meta| meta.is_file() && meta.len() > largest);
        if large && !is_input(path) {
            left_out.push(line(&path.to_string_lossy()));
        }
        i32::from(inner || large || is_input(path))
    };
    index.add_all(["*"], IndexAddOption::DEFAULT, Some(&mut leave_out))?;
    let staged = index.write_tree_to(repository)?;
    Ok(((staged != committed).then_some(staged), left_out))
}

/// What an attempt did in its working folder.
#[derive(Debug, Clone)]
pub struct Collected {
    /// Tip of the work, in the mirror.
    pub head: Oid,
    /// Whether uncommitted work was committed.
    pub committed: bool,
    /// Files that were too large to be committed.
    pub left_out: Vec<String>,
}

/// Takes the work out of the working folder into the mirror, committing what is not committed (AGT-8). It is kept there under the
/// reference `kept`. Files of more than `largest` bytes are not committed.
///
/// # Errors
/// When the agent left no usable repository, or the disk does not take it. The folder is as it was.
#[expect(clippy::too_many_arguments, reason = "each is one thing that a commit is made of")]
pub fn collect(
    mirror: &Mirror,
    tree: &Path,
    start: &Start,
    author: &Author,
    message: &str,
    kept: &str,
    seconds: i64,
    largest: u64,
) -> Result<Collected, GitError> {
    nothing_that_waits(tree)?;
    let mut head = head(tree)?;
    let repository = mirror.repository()?;
    let objects = tree.join(".git/objects");
    repository.odb()?.add_disk_alternate(&objects.to_string_lossy())?;
    let tip = repository.find_commit(head)?;
    let (staged, left_out) = stage(&repository, tree, head, largest)?;
    // A crash after this commit and before its end is told leads here again: the commit of then is as good as a new one.
    let made_before = repository
        .find_reference(kept)
        .ok()
        .and_then(|reference| reference.peel_to_commit().ok());
    if let Some(commit) = made_before.filter(|commit| Some(commit.tree_id()) == staged && commit.parent_ids().eq([tip.id()])) {
        head = commit.id();
    } else if let Some(staged) = staged {
        let (author, committer) = signatures(author, seconds)?;
        let content = repository.find_tree(staged)?;
        head = repository.commit(None, &author, &committer, message, &content, &[&tip])?;
    }
    harm::check_paths(&repository, head, &[start.commit, start.base])?;
    if head != start.commit {
        let mut walk = repository.revwalk()?;
        walk.push(head)?;
        walk.hide(start.commit)?;
        walk.hide(start.base)?;
        let mut pack = repository.packbuilder()?;
        pack.insert_walk(&mut walk)?;
        if pack.object_count() > 0 {
            pack.write(&mirror.dir().join("objects/pack"), 0)?;
        }
    }
    // Without the folder's objects now: whatever is missing is missing in the mirror.
    let alone = mirror.repository()?;
    alone.find_commit(head)?;
    alone.reference(kept, head, true, "coord")?;
    Ok(Collected {
        head,
        committed: staged.is_some(),
        left_out,
    })
}

/// What the branch holds now.
///
/// # Errors
/// When the mirror does not have its commits.
pub fn report(mirror: &Mirror, start: &Start, head: Oid, pushed: bool) -> Result<BranchReport, GitError> {
    let repository = mirror.repository()?;
    let base = repository.merge_base(start.base, head).unwrap_or(start.commit);
    let mut walk = repository.revwalk()?;
    walk.set_sorting(Sort::TOPOLOGICAL | Sort::REVERSE)?;
    walk.push(head)?;
    walk.hide(base)?;
    let ids: Vec<Oid> = walk.collect::<Result<_, _>>()?;
    let commits = ids
        .iter()
        .take(MAX_COMMITS)
        .map(|&id| {
            let commit = repository.find_commit(id)?;
            let subject = line(commit.summary().ok().flatten().unwrap_or_default());
            Ok(Commit {
                id: id.to_string(),
                subject,
            })
        })
        .collect::<Result<_, git2::Error>>()?;
    let (_, stats) = diff::between(&repository, base, head, 0)?;
    Ok(BranchReport {
        name: start.branch.clone(),
        base_commit: base.to_string(),
        head_commit: head.to_string(),
        pushed,
        commits,
        files_changed: stats.files,
        insertions: stats.insertions,
        deletions: stats.deletions,
        merge_check: None,
        agent_files: diff::agent_files(&repository, base, head)?,
    })
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn agt_8_a_pipe_in_the_place_of_a_file_that_git_reads_is_refused() {
        let pipe = |path: &Path| nix::unistd::mkfifo(path, nix::sys::stat::Mode::S_IRWXU).unwrap();
        for name in [
            ".gitattributes",
            "sub/.gitignore",
            ".git/HEAD",
            ".git/refs/heads/x",
            ".git/objects/info/alternates",
            ".git",
        ] {
            let root = tempfile::tempdir().unwrap();
            let path = root.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            pipe(&path);
            assert!(nothing_that_waits(root.path()).is_err(), "{name}");
        }
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("sub")).unwrap();
        pipe(&root.path().join("sub/other"));
        std::os::unix::fs::symlink("nowhere", root.path().join(".gitignore")).unwrap();
        nothing_that_waits(root.path()).unwrap();
        std::os::unix::fs::symlink("sub/other", root.path().join(".gitattributes")).unwrap();
        assert!(nothing_that_waits(root.path()).is_err());
    }
}
