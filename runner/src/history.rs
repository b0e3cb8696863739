//! What this runner has done, in a file that outlives it: one line of JSON for each end of an attempt or a merge.
//!
//! Bounded: past [`MOST`] bytes the older half goes. For the owner's screen alone; the server has its own record.

use coord_protocol::{
    attempt::Usage,
    id::AttemptId,
    runner::{Finished, MergeResult, WorkResult},
    time::Timestamp,
};
use serde::{Deserialize, Serialize};
use std::{
    fs::{self, OpenOptions},
    io::Write,
    path::{Path, PathBuf},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

/// Most bytes of the file.
const MOST: u64 = 1024 * 1024;

/// Most entries read for a screen.
pub const SHOWN: usize = 500;

/// Longest words kept, in bytes.
const MAX_WORDS: usize = 600;

/// What the work was about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// The attempt.
    pub attempt: AttemptId,
    /// Number of the job.
    pub number: i64,
    /// Its title.
    pub title: String,
    /// Name of the workspace.
    pub workspace: String,
    /// Agent asked for; absent for a merge.
    pub agent: Option<String>,
    /// Number of the attempt; absent for a merge.
    pub round: Option<i64>,
    /// When this runner took it, or took it up again.
    pub since: Timestamp,
}

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// The agent ended its work.
    Completed,
    /// It failed.
    Failed,
    /// It was stopped, or handed back.
    Stopped,
    /// The repository did not answer.
    Unreachable,
    /// The server took it back.
    Lost,
    /// A branch was merged or closed.
    Merged,
    /// A branch could not be merged.
    NotMerged,
}

/// One end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Done {
    /// What.
    #[serde(flatten)]
    pub about: About,
    /// When it ended.
    pub at: Timestamp,
    /// How.
    pub ending: Ending,
    /// The typed reason of a failure.
    #[serde(default)]
    pub reason: Option<String>,
    /// Words about it.
    #[serde(default)]
    pub detail: Option<String>,
    /// Tokens, cost, time of the agent.
    #[serde(default)]
    pub usage: Usage,
}

impl Done {
    /// The end of an attempt.
    #[must_use]
    pub fn attempt(about: &About, at: Timestamp, finished: &Finished) -> Self {
        let (ending, reason, detail) = match &finished.result {
            WorkResult::Completed => (Ending::Completed, None, finished.summary.clone()),
            WorkResult::Stopped => (Ending::Stopped, None, None),
            WorkResult::RepositoryUnreachable { detail } => (Ending::Unreachable, None, Some(detail.clone())),
            WorkResult::Failed { reason, detail, .. } => {
                let word = serde_json::to_value(reason).ok().and_then(|word| word.as_str().map(str::to_owned));
                (Ending::Failed, word, Some(detail.clone()))
            }
        };
        Self {
            about: about.clone(),
            at,
            ending,
            reason,
            detail: detail.map(cut),
            usage: finished.usage,
        }
    }

    /// The end of a merge.
    #[must_use]
    pub fn merge(about: &About, at: Timestamp, result: &MergeResult) -> Self {
        let (ending, detail) = match result {
            MergeResult::Done { .. } => (Ending::Merged, None),
            MergeResult::Conflict { paths } => (Ending::NotMerged, Some(format!("in conflict: {}", paths.join(", ")))),
            MergeResult::Failed { detail } => (Ending::NotMerged, Some(detail.clone())),
        };
        Self {
            about: about.clone(),
            at,
            ending,
            reason: None,
            detail: detail.map(cut),
            usage: Usage::default(),
        }
    }

    /// The claim was lost.
    #[must_use]
    pub fn lost(about: &About, at: Timestamp) -> Self {
        Self {
            about: about.clone(),
            at,
            ending: Ending::Lost,
            reason: None,
            detail: None,
            usage: Usage::default(),
        }
    }
}

fn cut(text: String) -> String {
    text[..text.floor_char_boundary(MAX_WORDS)].to_owned()
}

/// The file.
#[derive(Debug)]
pub struct History {
    path: PathBuf,
    writing: Mutex<()>,
    written: AtomicU64,
}

impl History {
    /// In the given work folder.
    #[must_use]
    pub fn new(work_dir: &Path) -> Self {
        Self {
            path: work_dir.join("history.jsonl"),
            writing: Mutex::new(()),
            written: AtomicU64::new(0),
        }
    }

    /// Changes with every end.
    #[must_use]
    pub fn written(&self) -> u64 {
        self.written.load(Ordering::Acquire)
    }

    /// Notes an end. A disk that does not take it costs the note and nothing else.
    pub fn note(&self, done: &Done) {
        let _one = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = self.append(done) {
            tracing::warn!("{} cannot be written: {error}", self.path.display());
        }
        self.written.fetch_add(1, Ordering::AcqRel);
    }

    fn append(&self, done: &Done) -> std::io::Result<()> {
        let mut line = serde_json::to_vec(done)?;
        line.push(b'\n');
        let mut file = OpenOptions::new().create(true).append(true).open(&self.path)?;
        file.write_all(&line)?;
        if file.metadata()?.len() <= MOST {
            return Ok(());
        }
        drop(file);
        let all = fs::read(&self.path)?;
        let half = all.len() / 2;
        let cut = all[half..]
            .iter()
            .position(|&byte| byte == b'\n')
            .map_or(all.len(), |at| half + at + 1);
        let beside = self.path.with_extension("new");
        fs::write(&beside, &all[cut..])?;
        fs::rename(&beside, &self.path)
    }

    /// The last ends, newest first, at most [`SHOWN`]. Lines that are none are passed over.
    #[must_use]
    pub fn read(&self) -> Vec<Done> {
        let text = fs::read(&self.path).unwrap_or_default();
        text.rsplit(|&byte| byte == b'\n')
            .filter_map(|line| serde_json::from_slice(line).ok())
            .take(SHOWN)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use coord_protocol::attempt::FailureReason;

    fn about(number: i64) -> About {
        About {
            attempt: AttemptId(uuid::Uuid::from_u128(7)),
            number,
            title: "Try it".to_owned(),
            workspace: "Team".to_owned(),
            agent: Some("scripted".to_owned()),
            round: Some(1),
            since: Timestamp(1),
        }
    }

    #[test]
    fn run_8_what_ended_is_there_after_a_restart_newest_first_and_a_torn_line_costs_itself_only() {
        let folder = tempfile::tempdir().unwrap();
        let history = History::new(folder.path());
        for number in 1..=3 {
            history.note(&Done::lost(&about(number), Timestamp(number)));
        }
        let path = folder.path().join("history.jsonl");
        let mut torn = fs::read(&path).unwrap();
        torn.extend_from_slice(b"{\"attempt\":");
        fs::write(&path, torn).unwrap();
        let again = History::new(folder.path());
        let numbers: Vec<i64> = again.read().iter().map(|done| done.about.number).collect();
        assert_eq!(numbers, [3, 2, 1]);
    }

    #[test]
    fn run_8_the_history_is_bounded_and_keeps_the_newest() {
        let folder = tempfile::tempdir().unwrap();
        let history = History::new(folder.path());
        let mut done = Done::lost(&about(0), Timestamp(1));
        done.detail = Some(cut("x".repeat(5000)));
        for number in 0..3000 {
            done.about.number = number;
            history.note(&done);
        }
        let size = fs::metadata(folder.path().join("history.jsonl")).unwrap().len();
        assert!(size <= MOST, "{size}");
        let read = history.read();
        assert_eq!((read.len(), read[0].about.number), (SHOWN, 2999));
    }

    #[test]
    fn run_8_a_failure_is_noted_with_its_reason() {
        let mut finished = Finished {
            attempt: about(1).attempt,
            fence: 1,
            last_seq: 0,
            result: WorkResult::Failed {
                reason: FailureReason::AgentCrashed,
                detail: "it ended".to_owned(),
                retry_at: None,
            },
            summary: None,
            usage: Usage::default(),
            branch: None,
            session: None,
            agent: None,
            model: None,
            sandboxed: None,
        };
        let done = Done::attempt(&about(1), Timestamp(2), &finished);
        assert_eq!((done.ending, done.reason.as_deref()), (Ending::Failed, Some("agent_crashed")));
        finished.result = WorkResult::Stopped;
        assert_eq!(Done::attempt(&about(1), Timestamp(2), &finished).ending, Ending::Stopped);
    }
}
