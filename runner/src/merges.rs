//! Merges that this runner holds: each in a file until the server has confirmed its end, so that a restart goes on with it.

use crate::{
    git::{merge, mirror::Mirror},
    spool::{SpoolError, read_json, write_json},
    work::{Host, prepare::serves},
};
use coord_protocol::{
    id::AttemptId,
    runner::{MergeAssignment, MergeResult},
};
use serde::{Deserialize, Serialize};
use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

/// A merge, and its end once there is one.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct HeldMerge {
    /// What is to be done.
    pub assignment: MergeAssignment,
    /// How it ended.
    pub result: Option<MergeResult>,
}

fn folder(work_dir: &Path) -> PathBuf {
    work_dir.join("merges")
}

fn file(work_dir: &Path, attempt: AttemptId) -> PathBuf {
    folder(work_dir).join(format!("{attempt}.json"))
}

/// Writes a merge down.
///
/// # Errors
/// When the disk does not take it.
pub fn keep(work_dir: &Path, held: &HeldMerge) -> Result<(), SpoolError> {
    let path = file(work_dir, held.assignment.attempt);
    fs::create_dir_all(folder(work_dir)).map_err(|source| SpoolError {
        action: "make",
        path: folder(work_dir),
        source,
    })?;
    write_json(&path, held)
}

/// Forgets a merge.
pub fn forget(work_dir: &Path, attempt: AttemptId) {
    let _ = fs::remove_file(file(work_dir, attempt));
}

/// Merges that a former process left.
#[must_use]
pub fn left_behind(work_dir: &Path) -> Vec<HeldMerge> {
    let Ok(entries) = fs::read_dir(folder(work_dir)) else {
        return Vec::new();
    };
    entries
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .filter_map(|path| read_json(&path).map_err(|error| tracing::error!("{error}")).ok())
        .collect()
}

/// Merges. Doing it again after a crash changes nothing and says the same.
pub async fn run(host: Arc<Host>, assignment: MergeAssignment) -> MergeResult {
    let seconds = host.clock.now().0 / 1_000_000;
    // A merge writes with what the machine's owner may write with, as work does (RUN-9).
    if let Err(detail) = serves(&host.config.policy, &assignment.workspace, &assignment.author) {
        return MergeResult::Failed { detail };
    }
    let work = async move {
        match Mirror::open(&host.config, &host.locks, &assignment.url).await {
            Ok(mirror) => merge::run(&mirror, &assignment, seconds).await,
            Err(error) => MergeResult::Failed { detail: error.to_string() },
        }
    };
    // libgit2 blocks, so this has a thread of its own.
    let handle = tokio::runtime::Handle::current();
    let result = tokio::task::spawn_blocking(move || handle.block_on(work)).await;
    result.unwrap_or_else(|error| MergeResult::Failed {
        detail: format!("the merge broke off: {error}"),
    })
}
