//! What the runner writes beside a job's working folders: which job it is, and which repository they borrow from. Outside the folder that
//! the agent works in.

use crate::{
    config::Config,
    git::mirror,
    spool::{read_json, write_json},
};
use serde::{Deserialize, Serialize};
use std::{
    fmt, fs,
    path::{Path, PathBuf},
};

/// Which job a folder is of. The time of its file says when the folder was last of use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// Its number in its workspace.
    pub number: i64,
    /// Its title.
    pub title: String,
    /// The workspace.
    pub workspace: String,
}

impl fmt::Display for About {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} #{} {}", self.workspace, self.number, self.title)
    }
}

/// The file of a job's folder.
pub fn file(job: &Path) -> PathBuf {
    job.join("used")
}

impl About {
    /// Of a job's folder.
    pub fn read(job: &Path) -> Option<Self> {
        read_json(&file(job)).ok()
    }

    /// Writes it: the folder is used now.
    ///
    /// # Errors
    /// When the disk does not take it.
    pub fn write(&self, job: &Path) -> std::io::Result<()> {
        fs::create_dir_all(job)?;
        write_json(&file(job), self).map_err(|error| error.source)
    }
}

/// Which repository the working folders of a job are of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// Name of the mirror's folder.
    pub mirror: String,
    /// The base commit, which is on the remote.
    pub base: String,
}

const PLACE: &str = "repository";

impl Place {
    /// Of a job's folder.
    #[must_use]
    pub fn read(job: &Path) -> Option<Self> {
        read_json(&job.join(PLACE)).ok()
    }

    /// Writes it.
    ///
    /// # Errors
    /// When the disk does not take it.
    pub fn write(&self, job: &Path) -> std::io::Result<()> {
        write_json(&job.join(PLACE), self).map_err(|error| error.source)
    }

    /// The mirror.
    pub fn mirror(&self, config: &Config) -> Option<PathBuf> {
        let name = self.mirror.strip_suffix(".git")?;
        let plain = !name.is_empty() && name.chars().all(|c| c.is_ascii_hexdigit());
        plain.then(|| mirror::folder(config).join(&self.mirror))
    }
}

/// Removes the folder of a job in which nothing but these files is left.
pub fn forget_if_empty(job: &Path) {
    let ours = [file(job), job.join(PLACE), job.join("index")];
    let only_ours = fs::read_dir(job).is_ok_and(|entries| entries.flatten().all(|entry| ours.contains(&entry.path())));
    if only_ours {
        for file in ours {
            let _ = fs::remove_file(file);
        }
        let _ = fs::remove_dir(job);
    }
}
