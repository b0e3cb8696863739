//! Where things are: the repository, the build's output, the programs it makes.

use anyhow::{Context, Result, bail};
use std::{
    env,
    ffi::OsStr,
    path::{Path, PathBuf},
    sync::OnceLock,
};

/// Root of the repository. Cargo says it at run time; what it said at build time may be of another checkout that shares the target
/// directory.
pub fn root() -> &'static Path {
    static ROOT: OnceLock<PathBuf> = OnceLock::new();
    ROOT.get_or_init(|| {
        let manifest = env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
        manifest.parent().expect("xtask is a folder of the repository").to_owned()
    })
}

/// Cargo's target directory: this very program lies in `<target>/<profile>/`.
pub fn target() -> Result<PathBuf> {
    let program = env::current_exe().context("this program cannot find itself")?;
    match program.ancestors().nth(2) {
        Some(target) => Ok(target.to_owned()),
        None => bail!("{} is not in a target directory", program.display()),
    }
}

/// A folder of xtask's own for logs and stamps. Made when missing.
pub fn scratch(name: &str) -> Result<PathBuf> {
    let folder = target()?.join("xtask").join(name);
    std::fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    Ok(folder)
}

/// A program of the workspace as built with `profile` (`debug` or `release`).
pub fn built(profile: &str, name: &str) -> Result<PathBuf> {
    Ok(target()?.join(profile).join(format!("{name}{}", env::consts::EXE_SUFFIX)))
}

/// The program `name` on the PATH.
pub fn on_path(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    let candidates: &[&str] = if cfg!(windows) { &["exe", "cmd"] } else { &[""] };
    env::split_paths(&path)
        .flat_map(|folder| {
            candidates
                .iter()
                .map(move |extension| folder.join(name).with_extension(OsStr::new(extension)))
        })
        .find(|file| file.is_file())
}

/// `path` as people see it: relative to the repository where it lies inside.
pub fn shown(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).display().to_string()
}
