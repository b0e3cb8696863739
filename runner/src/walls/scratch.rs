//! The folder of an attempt for what is temporary: its own, and gone with its agent.

use crate::config::Config;
use coord_protocol::id::AttemptId;
use std::{
    fs, io,
    path::{Path, PathBuf},
};

fn root(config: &Config) -> PathBuf {
    config.work_dir().join("tmp")
}

/// A short name: sockets are made in such folders, and their whole path has room for a hundred letters only.
fn name(attempt: AttemptId) -> String {
    let digits = attempt.0.simple().to_string();
    digits[digits.len() - 12..].to_owned()
}

/// Makes the folder, empty.
///
/// # Errors
/// When the disk does not take it.
pub fn make(config: &Config, attempt: AttemptId) -> io::Result<PathBuf> {
    let folder = root(config).join(name(attempt));
    remove(&folder);
    fs::create_dir_all(&folder)?;
    #[cfg(unix)]
    fs::set_permissions(&folder, std::os::unix::fs::PermissionsExt::from_mode(0o700))?;
    Ok(folder)
}

/// Where the attempt's keeper writes its report; the agent does not reach it.
#[must_use]
pub fn report(config: &Config, attempt: AttemptId) -> PathBuf {
    root(config).join(format!("{}.json", name(attempt)))
}

/// Where a copy without secrets is made of a file that is to be delivered.
#[must_use]
pub fn copy(config: &Config, attempt: AttemptId) -> PathBuf {
    root(config).join(format!("{}.masked", name(attempt)))
}

/// Deletes the folder of an attempt whose agent has ended.
pub fn clear(config: &Config, attempt: AttemptId) {
    remove(&root(config).join(name(attempt)));
    let _ = fs::remove_file(report(config, attempt));
    let _ = fs::remove_file(copy(config, attempt));
}

/// Deletes what a former run of this program left.
pub fn clear_all(config: &Config) {
    remove(&root(config));
}

fn remove(folder: &Path) {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => tracing::debug!("{}: {error}", folder.display()),
        _ => {}
    }
}
