//! Programs that the checks need from the system. As root on a Debian machine they are installed, else the one command is said.

use crate::{process, progress::Step, workspace};
use anyhow::{Context, Result, bail};
use std::{path::Path, process::Command, time::Duration};

const APT_LIMIT: Duration = Duration::from_secs(600);

/// Installs the Debian packages `packages`, which bring `what`.
///
/// # Errors
/// When this is no Debian machine or not root: then with the command that a person may run.
pub fn install(what: &str, packages: &[&str], step: &mut Step) -> Result<()> {
    let by_hand = format!("{what} is missing. On Debian or Ubuntu: apt-get install {}", packages.join(" "));
    if workspace::on_path("apt-get").is_none() || !is_root() {
        bail!("{by_hand}");
    }
    let log = workspace::scratch("logs")?.join("apt-get.log");
    let update = apt(&["update"]);
    process::run_ok(update, &log, APT_LIMIT, step).context(by_hand.clone())?;
    let mut arguments = vec!["install", "--yes", "--no-install-recommends"];
    arguments.extend(packages);
    process::run_ok(apt(&arguments), &log, APT_LIMIT, step).context(by_hand)?;
    Ok(())
}

fn apt(arguments: &[&str]) -> Command {
    let mut command = Command::new("apt-get");
    command.args(arguments).env("DEBIAN_FRONTEND", "noninteractive");
    command
}

/// Whether this program runs as root.
#[cfg(unix)]
pub fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    // The owner of a process is the owner of its folder in /proc; where there is none, `id` says it.
    match std::fs::metadata(Path::new("/proc/self")) {
        Ok(metadata) => metadata.uid() == 0,
        Err(_) => process::read(Command::new("id").arg("-u")).is_ok_and(|id| id == "0"),
    }
}

#[cfg(not(unix))]
pub fn is_root() -> bool {
    false
}
