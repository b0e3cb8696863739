//! What a repository could do to whoever checks it out: more files than a machine holds, and paths that lead into git's own folder.

use super::GitError;
use crate::disk::measure::readable;
use git2::{Commit, Delta, Diff, ObjectType, Oid, Repository};
use std::collections::HashMap;

/// Folders in one another, at most. Paths of this depth are longer than systems take.
const DEEPEST: usize = 1000;

/// Refuses a commit with more than `files` files, or with more bytes in them than `room`. A few objects that name one another many times
/// are enough for billions of files, so each is counted once and multiplied.
///
/// # Errors
/// With the reason, or when an object is missing.
pub fn check_size(repository: &Repository, commit: Oid, files: u64, room: Option<u64>) -> Result<(), GitError> {
    let mut counted = HashMap::new();
    let tree = repository.find_commit(commit)?.tree_id();
    let sum = count(repository, tree, &mut counted, 0)?;
    if sum.files > files {
        return Err(GitError::Policy(format!(
            "the branch has {} files, over this runner's limit of {files} (max_repository_files)",
            sum.files
        )));
    }
    if room.is_some_and(|room| sum.bytes > room) {
        let (bytes, room) = (readable(sum.bytes), readable(room.unwrap_or(0)));
        return Err(GitError::Disk(format!("the files of the branch take {bytes}, and {room} is free")));
    }
    Ok(())
}

#[derive(Debug, Clone, Copy, Default)]
struct Sum {
    files: u64,
    bytes: u64,
}

fn count(repository: &Repository, tree: Oid, counted: &mut HashMap<Oid, Sum>, depth: usize) -> Result<Sum, GitError> {
    if let Some(sum) = counted.get(&tree) {
        return Ok(*sum);
    }
    if depth > DEEPEST {
        return Err(GitError::Refused(format!("the branch has folders more than {DEEPEST} deep")));
    }
    let mut sum = Sum::default();
    let odb = repository.odb()?;
    for entry in &repository.find_tree(tree)? {
        let inner = match entry.kind() {
            Some(ObjectType::Tree) => count(repository, entry.id(), counted, depth + 1)?,
            Some(ObjectType::Blob) => Sum {
                files: 1,
                bytes: odb.read_header(entry.id())?.0 as u64,
            },
            // A commit of another repository; nothing is checked out for it.
            _ => Sum::default(),
        };
        sum.files = sum.files.saturating_add(inner.files);
        sum.bytes = sum.bytes.saturating_add(inner.bytes);
    }
    counted.insert(tree, sum);
    Ok(sum)
}

/// Refuses commits between `known` and `head` that put something where git keeps its own, or outside of the folder: they would be handed
/// on to everybody who fetches the branch.
///
/// # Errors
/// With the path.
pub fn check_paths(repository: &Repository, head: Oid, known: &[Oid]) -> Result<(), GitError> {
    for commit in new_commits(repository, head, known)? {
        for delta in changes(repository, &commit)?
            .deltas()
            .filter(|delta| delta.status() != Delta::Deleted)
        {
            let path = delta.new_file().path_bytes().unwrap_or_default();
            let link = delta.new_file().mode() == git2::FileMode::Link;
            if is_harmful(path, link) {
                return Err(GitError::Refused(format!(
                    "a commit of the agent has `{}`, which harms whoever checks it out; nothing is pushed",
                    String::from_utf8_lossy(path).escape_default()
                )));
            }
        }
    }
    Ok(())
}

/// Refuses commits between `known` and `head` in which `finds` finds a secret of this machine: in a message, a path, or a file that had
/// none before (AGT-9).
///
/// # Errors
/// With the commit, and the path as far as it can be told.
pub fn check_secrets(repository: &Repository, head: Oid, known: &[Oid], finds: impl Fn(&[u8]) -> bool) -> Result<(), GitError> {
    let has = |id: Oid| repository.find_blob(id).is_ok_and(|blob| finds(blob.content()));
    for commit in new_commits(repository, head, known)? {
        let refused = |place: &str| {
            Err(GitError::Policy(format!(
                "AGT-9: {place} of commit {:.10} holds a secret of this runner; nothing is pushed",
                commit.id().to_string()
            )))
        };
        if finds(commit.raw_header_bytes()) || finds(commit.message_raw_bytes()) {
            return refused("the message");
        }
        for delta in changes(repository, &commit)?
            .deltas()
            .filter(|delta| delta.status() != Delta::Deleted)
        {
            let path = delta.new_file().path_bytes().unwrap_or_default();
            if finds(path) {
                return refused("a path");
            }
            if has(delta.new_file().id()) && !has(delta.old_file().id()) {
                return refused(&format!("`{}`", String::from_utf8_lossy(path).escape_default()));
            }
        }
    }
    Ok(())
}

fn new_commits<'r>(repository: &'r Repository, head: Oid, known: &[Oid]) -> Result<Vec<Commit<'r>>, GitError> {
    let mut walk = repository.revwalk()?;
    walk.push(head)?;
    walk.hide_glob("refs/remotes/origin/*")?;
    for id in known {
        walk.hide(*id)?;
    }
    walk.map(|id| Ok(repository.find_commit(id?)?)).collect()
}

/// What a commit changes of its first parent.
fn changes<'r>(repository: &'r Repository, commit: &Commit<'r>) -> Result<Diff<'r>, GitError> {
    let before = commit.parents().next().map(|parent| parent.tree()).transpose()?;
    Ok(repository.diff_tree_to_tree(before.as_ref(), Some(&commit.tree()?), None)?)
}

/// Whether a path in a commit is one that git's own checks refuse on some system.
#[must_use]
pub fn is_harmful(path: &[u8], link: bool) -> bool {
    let text = String::from_utf8_lossy(path);
    let mut parts = text.split(['/', '\\']).peekable();
    while let Some(part) = parts.next() {
        // Letters that one system does not see, and ends that another does not.
        let seen: String = part.chars().filter(|c| !is_ignored(*c)).collect::<String>().to_lowercase();
        let name = seen.split(':').next().unwrap_or_default().trim_end_matches([' ', '.']);
        if part.is_empty() || matches!(part, "." | "..") || matches!(name, ".git" | "git~1") {
            return true;
        }
        // Read by git before anything is checked out; as a link they lead elsewhere.
        if link && parts.peek().is_none() && matches!(name, ".gitmodules" | "gitmod~1") {
            return true;
        }
    }
    false
}

/// Characters that HFS+ leaves out of names.
const fn is_ignored(c: char) -> bool {
    matches!(c, '\u{200c}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{206a}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_into_gits_own_folder_are_known_in_every_spelling() {
        for path in [
            ".git/hooks/x",
            ".GIT/config",
            "a/.Git/x",
            ".git ./x",
            ".git",
            "git~1/x",
            "GIT~1",
            ".g\u{200c}it/x",
            ".git::$INDEX_ALLOCATION/x",
            "a\\.git\\x",
            "../x",
            "a/../x",
            "/etc/x",
            "a//x",
            "./x",
        ] {
            assert!(is_harmful(path.as_bytes(), false), "{path:?}");
        }
        for path in [
            "a.git/x",
            ".github/x",
            ".gitignore",
            ".gitmodules",
            "git/x",
            "...",
            "x..",
            "日本/.gitkeep",
        ] {
            assert!(!is_harmful(path.as_bytes(), false), "{path:?}");
        }
        assert!(is_harmful(b".gitmodules", true) && !is_harmful(b".gitmodules/x", true));
    }
}
