//! Git: what talks to a remote is the hardened command line ([`cli`]); all local work is libgit2, which runs no program.
//!
//! The repository fetched from the remote is a bare one that no agent works in ([`mirror`]). An agent gets a repository of its own in
//! its working folder that borrows the mirror's objects ([`tree`]). After the agent ran, that repository is hostile: nothing in it is
//! executed or believed, only commits and files are taken from it.

pub mod cli;
pub mod diff;
pub mod harm;
pub mod holds;
pub mod merge;
pub mod mirror;
pub mod remote;
pub mod tree;

use coord_protocol::{attempt::FailureReason, runner::Author};

/// Name and address of the committer.
const COMMITTER: (&str, &str) = ("Coord", "coord@coord.invalid");

/// Why git could not do it.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    /// The owner of this machine does not allow it (RUN-9).
    #[error("{0}")]
    Policy(String),
    /// The repository or a branch is not there, or does not let us in. Trying again does not help.
    #[error("{0}")]
    Refused(String),
    /// The repository does not answer.
    #[error("{0}")]
    Unreachable(String),
    /// Somebody changed the branch meanwhile.
    #[error("{0}")]
    Moved(String),
    /// Something on this machine failed.
    #[error("{0}")]
    Local(String),
    /// The disk is full.
    #[error("{0}")]
    Disk(String),
}

impl GitError {
    /// The typed reason.
    #[must_use]
    pub const fn reason(&self) -> FailureReason {
        match self {
            Self::Policy(_) => FailureReason::Policy,
            Self::Disk(_) => FailureReason::Disk,
            Self::Refused(_) | Self::Unreachable(_) | Self::Moved(_) | Self::Local(_) => FailureReason::Git,
        }
    }
}

impl From<git2::Error> for GitError {
    fn from(error: git2::Error) -> Self {
        let words = format!("git: {}", error.message());
        if error.message().contains("No space left") {
            Self::Disk(words)
        } else {
            Self::Local(words)
        }
    }
}

impl From<std::io::Error> for GitError {
    fn from(error: std::io::Error) -> Self {
        if matches!(error.kind(), std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded) {
            return Self::Disk(error.to_string());
        }
        Self::Local(error.to_string())
    }
}

/// Longest line from a repository that is told on: a subject, a path.
const LONGEST_LINE: usize = 300;

/// At most [`LONGEST_LINE`] characters: what is told of a branch fits into one message, whatever an agent wrote.
fn line(text: &str) -> String {
    text.chars().take(LONGEST_LINE).collect()
}

/// A signature at an instant. Names that git does not take are made so.
fn signature(name: &str, email: &str, seconds: i64) -> Result<git2::Signature<'static>, GitError> {
    let clean = |text: &str, fallback: &str| {
        let kept: String = text.chars().filter(|c| !c.is_control() && !"<>".contains(*c)).collect();
        if kept.trim().is_empty() {
            fallback.to_owned()
        } else {
            kept.trim().to_owned()
        }
    };
    Ok(git2::Signature::new(
        &clean(name, "someone"),
        &clean(email, "someone@coord.invalid"),
        &git2::Time::new(seconds, 0),
    )?)
}

/// Author and committer of a commit made by the runner.
fn signatures(author: &Author, seconds: i64) -> Result<(git2::Signature<'static>, git2::Signature<'static>), GitError> {
    Ok((
        signature(&author.name, &author.email, seconds)?,
        signature(COMMITTER.0, COMMITTER.1, seconds)?,
    ))
}

/// Whether `name` can be a branch and nothing else.
#[must_use]
pub fn is_branch_name(name: &str) -> bool {
    !name.starts_with('-') && name != "HEAD" && name.len() <= 200 && git2::Reference::is_valid_name(&format!("refs/heads/{name}"))
}

/// Where the branches of jobs are. No other branch is written to or deleted, whatever the server says, but the base that is merged into.
const JOB_BRANCHES: &str = "coord/";

/// Whether `name` can be the branch of a job (AGT-8).
#[must_use]
pub fn is_job_branch(name: &str) -> bool {
    name.starts_with(JOB_BRANCHES) && is_branch_name(name)
}

/// `coord/<number>-<slug>` (AGT-8).
#[must_use]
pub fn branch_name(number: i64, title: &str) -> String {
    let mut slug = String::new();
    for c in title.chars() {
        if c.is_ascii_alphanumeric() {
            slug.push(c.to_ascii_lowercase());
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
        if slug.len() >= 40 {
            break;
        }
    }
    let slug = slug.trim_end_matches('-');
    if slug.is_empty() {
        format!("coord/{number}-job")
    } else {
        format!("coord/{number}-{slug}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agt_8_a_branch_is_named_after_number_and_title() {
        assert_eq!(branch_name(12, "Fix: the  login/page!"), "coord/12-fix-the-login-page");
        assert_eq!(branch_name(3, "日本語"), "coord/3-job");
        assert_eq!(branch_name(3, "--upload-pack=touch it"), "coord/3-upload-pack-touch-it");
        assert!(is_branch_name(&branch_name(1, &"very long title ".repeat(20))));
    }

    #[test]
    fn hostile_ref_names_are_no_branches() {
        for name in [
            "--upload-pack=touch x",
            "-d",
            "a..b",
            "a b",
            "a\nb",
            "x.lock",
            "",
            "/",
            "a/../b",
            "HEAD",
            "a~1",
            "a:b",
            "@{u}",
            "a\0b",
        ] {
            assert!(!is_branch_name(name), "{name:?}");
        }
        assert!(is_branch_name("main") && is_branch_name("feature/x-1"));
    }

    #[test]
    fn run_9_only_branches_of_jobs_are_written_to_or_deleted() {
        assert!(is_job_branch("coord/1-x"));
        for name in [
            "main",
            "release/1",
            "coord",
            "Coord/1",
            "refs/heads/coord/1",
            "coord/../main",
            "-coord/1",
        ] {
            assert!(!is_job_branch(name), "{name}");
        }
    }
}
