//! What must be there before anything is built. Everything that is missing is said at once, in plain words.

use super::files;
use crate::{process, workspace};
use anyhow::{Result, bail};
use std::{
    fs,
    net::{Ipv4Addr, TcpListener},
    path::Path,
    process::Command,
};

/// # Errors
/// With one paragraph for each thing that is missing.
pub fn check(data: &Path, port: u16) -> Result<()> {
    let problems: Vec<String> = [node(), npm(), git(), c_compiler(), port_free(port), writable(data)]
        .into_iter()
        .filter_map(Result::err)
        .map(|problem| format!("- {problem}"))
        .collect();
    if !problems.is_empty() {
        bail!("Coord cannot start yet:\n{}", problems.join("\n"));
    }
    Ok(())
}

fn node() -> Result<()> {
    let Ok(version) = process::read(Command::new("node").arg("--version")) else {
        bail!("Node is missing. Version 22 is a good choice: https://nodejs.org");
    };
    if !node_will_do(&version) {
        bail!("Node is {version}; the web app's tools want 20.19 or newer, or 22.12 or newer: https://nodejs.org");
    }
    Ok(())
}

/// As `engines` in `canvas-web/package.json`.
fn node_will_do(version: &str) -> bool {
    let mut parts = version
        .trim_start_matches('v')
        .split('.')
        .map_while(|part| part.parse::<u32>().ok());
    match (parts.next(), parts.next()) {
        (Some(20), Some(minor)) => minor >= 19,
        (Some(22), Some(minor)) => minor >= 12,
        (Some(major), Some(_)) => major > 22,
        _ => false,
    }
}

fn npm() -> Result<()> {
    if workspace::on_path("npm").is_none() {
        bail!("npm is missing. It comes with Node; on Debian and Ubuntu it is a package of its own: apt-get install npm");
    }
    Ok(())
}

fn git() -> Result<()> {
    if workspace::on_path("git").is_none() {
        bail!("git is missing. On Debian and Ubuntu: apt-get install git");
    }
    Ok(())
}

fn c_compiler() -> Result<()> {
    let compilers = ["cc", "gcc", "clang", "cl"];
    // On Windows it is found through the registry, not the PATH.
    if cfg!(not(windows)) && !compilers.iter().any(|name| workspace::on_path(name).is_some()) {
        bail!("A C compiler is missing; SQLite and libgit2 are built with it. On Debian and Ubuntu: apt-get install build-essential");
    }
    Ok(())
}

fn port_free(port: u16) -> Result<()> {
    if let Err(error) = TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
        bail!(
            "Port {port} cannot be used ({error}). Stop what is there, or choose another: cargo xtask up --port {}",
            port.wrapping_add(1)
        );
    }
    Ok(())
}

fn writable(data: &Path) -> Result<()> {
    let probe = data.join(".write-probe");
    let made = if data.exists() { Ok(()) } else { files::make_private_folder(data) };
    let written = made.and_then(|()| Ok(fs::write(&probe, "").and_then(|()| fs::remove_file(&probe))?));
    if let Err(error) = written {
        bail!(
            "The data folder {} cannot be written to ({error:#}). Choose another: cargo xtask up --data FOLDER",
            data.display()
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn node_versions_are_judged_as_the_web_app_does() {
        for good in ["v20.19.0", "v20.20.2", "v22.12.0", "v24.0.1"] {
            assert!(node_will_do(good), "{good}");
        }
        for bad in ["v18.20.0", "v20.18.3", "v21.5.0", "v22.11.0", "", "nonsense"] {
            assert!(!node_will_do(bad), "{bad}");
        }
    }

    #[test]
    fn a_taken_port_and_a_folder_that_is_a_file_are_told_together() {
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = taken.local_addr().unwrap().port();
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        let told = check(&file, port).unwrap_err().to_string();
        assert!(told.contains(&format!("Port {port} cannot be used")), "{told}");
        assert!(told.contains("cannot be written to"), "{told}");
    }

    #[test]
    fn a_writable_folder_is_left_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        writable(&folder.path().join("new")).unwrap();
        assert_eq!(fs::read_dir(folder.path().join("new")).unwrap().count(), 0);
    }
}
