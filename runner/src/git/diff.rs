//! Diffs as unified text.

use super::{GitError, line};
use git2::{DiffFormat, DiffOptions, Oid, Patch, Repository};

/// Longest diff uploaded.
pub const MAX: usize = 8 * 1024 * 1024;

/// The change of one file, as unified text.
#[must_use]
pub fn unified(path: &str, old: Option<&str>, new: &str) -> String {
    let old_bytes = old.unwrap_or_default().as_bytes();
    let path = std::path::Path::new(path);
    let path = path.strip_prefix("/").unwrap_or(path);
    let text = Patch::from_buffers(old_bytes, Some(path), new.as_bytes(), Some(path), None)
        .and_then(|mut patch| patch.to_buf())
        .map(|buffer| String::from_utf8_lossy(&buffer).into_owned());
    text.unwrap_or_default()
}

/// Size of a change.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stats {
    /// Files changed.
    pub files: u32,
    /// Lines added.
    pub insertions: u32,
    /// Lines removed.
    pub deletions: u32,
}

/// The change from one commit to another as unified text of at most `max` bytes, and its size.
///
/// # Errors
/// When a commit is not there.
pub fn between(repository: &Repository, from: Oid, to: Oid, max: usize) -> Result<(Vec<u8>, Stats), GitError> {
    let (from, to) = (repository.find_commit(from)?.tree()?, repository.find_commit(to)?.tree()?);
    let mut options = DiffOptions::new();
    // Beyond this size a file is told as binary.
    options.max_size(4 * 1024 * 1024);
    let mut diff = repository.diff_tree_to_tree(Some(&from), Some(&to), Some(&mut options))?;
    diff.find_similar(None)?;
    let stats = diff.stats()?;
    let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    let stats = Stats {
        files: count(stats.files_changed()),
        insertions: count(stats.insertions()),
        deletions: count(stats.deletions()),
    };
    let mut text = Vec::new();
    let mut cut = false;
    let printed = diff.print(DiffFormat::Patch, |_, _, line| {
        let origin = line.origin();
        let marked = matches!(origin, '+' | '-' | ' ');
        if text.len() + line.content().len() + 1 > max {
            cut = true;
            return false;
        }
        if marked {
            text.push(u8::try_from(u32::from(origin)).unwrap_or(b' '));
        }
        text.extend_from_slice(line.content());
        true
    });
    if !cut {
        printed?;
    }
    if cut {
        // Whole lines, and one that says so.
        while text.last().is_some_and(|&byte| byte != b'\n') {
            text.pop();
        }
        text.extend_from_slice(format!("\\ The diff is longer than {max} bytes and is cut off here.\n").as_bytes());
    }
    Ok((text, stats))
}

/// Files that agents read by themselves, wherever they lie.
const AGENT_FILES: &[&str] = &[
    "agents.md",
    "agents.override.md",
    "claude.md",
    "claude.local.md",
    "gemini.md",
    "qwen.md",
    ".mcp.json",
    "opencode.json",
    "opencode.jsonc",
    ".cursorrules",
    ".windsurfrules",
    ".clinerules",
    ".goosehints",
    ".aider.conf.yml",
    "copilot-instructions.md",
];

/// Folders of agents' settings, wherever they lie.
const AGENT_FOLDERS: &[&str] = &[
    ".claude",
    ".codex",
    ".gemini",
    ".qwen",
    ".opencode",
    ".cursor",
    ".agents",
    ".goose",
    ".roo",
    ".kiro",
];

/// Most of them told.
const MOST_AGENT_FILES: usize = 50;

/// Whether a file tells agents what to do or what to start.
#[must_use]
pub fn is_agent_file(path: &str) -> bool {
    let path = path.to_lowercase();
    let (folders, name) = path.rsplit_once('/').unwrap_or(("", &path));
    AGENT_FILES.contains(&name) || folders.split('/').any(|folder| AGENT_FOLDERS.contains(&folder))
}

/// The files of a change that tell agents what to do or what to start.
///
/// # Errors
/// When a commit is not there.
pub fn agent_files(repository: &Repository, from: Oid, to: Oid) -> Result<Vec<String>, GitError> {
    let (from, to) = (repository.find_commit(from)?.tree()?, repository.find_commit(to)?.tree()?);
    let diff = repository.diff_tree_to_tree(Some(&from), Some(&to), None)?;
    let paths = diff.deltas().filter_map(|delta| {
        let file = delta.new_file().path_bytes().or_else(|| delta.old_file().path_bytes())?;
        Some(String::from_utf8_lossy(file).into_owned())
    });
    Ok(paths
        .filter(|path| is_agent_file(path))
        .map(|path| line(&path))
        .take(MOST_AGENT_FILES)
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_of_one_file_is_unified_text() {
        let text = unified("a.txt", Some("one\ntwo\n"), "one\n2\n");
        assert!(text.contains("-two\n+2\n"), "{text}");
        assert!(unified("new.txt", None, "x\n").contains("+x\n"));
    }

    #[test]
    fn rev_2_files_that_agents_obey_are_known_wherever_they_lie() {
        for path in [
            "AGENTS.md",
            "deep/in/CLAUDE.md",
            ".claude/settings.json",
            "x/.claude/hooks/y.sh",
            ".mcp.json",
            ".codex/config.toml",
            ".gemini/settings.json",
            ".github/copilot-instructions.md",
            ".CLAUDE/Settings.json",
        ] {
            assert!(is_agent_file(path), "{path}");
        }
        for path in [
            "src/agents.rs",
            "docs/claude/notes.md",
            "README.md",
            "my.claude/x",
            "agents.md.txt",
            ".claude",
        ] {
            assert!(!is_agent_file(path), "{path}");
        }
    }
}
