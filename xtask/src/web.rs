//! The npm side: installing packages and building the web app, each only when what it depends on changed.

use crate::{process, progress::Step, workspace};
use anyhow::{Context, Result};
use std::{
    collections::hash_map::DefaultHasher,
    fs,
    hash::{Hash, Hasher},
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

const INSTALL_LIMIT: Duration = Duration::from_secs(600);
const BUILD_LIMIT: Duration = Duration::from_secs(300);

/// The web app's folder.
pub fn app() -> PathBuf {
    workspace::root().join("canvas-web")
}

/// The browser tests' folder.
pub fn browser_tests() -> PathBuf {
    workspace::root().join("e2e")
}

/// The folder of the real agents that the runner's tests run.
pub fn agents() -> PathBuf {
    workspace::root().join("runner").join("tests").join("agents")
}

/// `npm` with `arguments` in `folder`.
pub fn npm(folder: &Path, arguments: &[&str]) -> Command {
    // On Windows npm is a script, which only its full name starts.
    let mut command = Command::new(if cfg!(windows) { "npm.cmd" } else { "npm" });
    command.args(arguments).current_dir(folder);
    // Colours would sit between the words of the lines that are counted.
    command.env("NO_COLOR", "1").env_remove("FORCE_COLOR");
    command
}

/// `npm ci` in `folder`, unless the packages there are those of its lock file. Answers whether it ran.
pub fn install(folder: &Path, step: &mut Step) -> Result<bool> {
    let stamp = Stamp::of("packages", folder, &["package.json", "package-lock.json", ".npmrc"])?;
    if folder.join("node_modules").is_dir() && stamp.fresh() {
        return Ok(false);
    }
    let command = npm(folder, &["ci", "--no-audit", "--no-fund"]);
    process::run_ok(command, &log(folder, "npm-ci")?, INSTALL_LIMIT, step)?;
    stamp.set()?;
    Ok(true)
}

/// Builds the web app into `canvas-web/dist`, unless that was made from the same files. Answers whether it ran.
pub fn build(step: &mut Step) -> Result<bool> {
    let folder = app();
    let sources = [
        "src",
        "public",
        "index.html",
        "package-lock.json",
        "package.json",
        "vite.config.ts",
        "tsconfig.json",
    ];
    let stamp = Stamp::of("build", &folder, &sources)?;
    if folder.join("dist").join("index.html").is_file() && stamp.fresh() {
        return Ok(false);
    }
    process::run_ok(npm(&folder, &["run", "build"]), &log(&folder, "npm-build")?, BUILD_LIMIT, step)?;
    stamp.set()?;
    Ok(true)
}

/// Where the output of `what`, run in `folder`, is kept.
pub fn log(folder: &Path, what: &str) -> Result<PathBuf> {
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    Ok(workspace::scratch("logs")?.join(format!("{name}-{what}.log")))
}

/// Remembers the content of files between two runs.
struct Stamp {
    file: PathBuf,
    value: String,
}

impl Stamp {
    fn of(name: &str, folder: &Path, sources: &[&str]) -> Result<Self> {
        let mut hasher = DefaultHasher::new();
        for source in sources {
            source.hash(&mut hasher);
            hash_tree(&folder.join(source), &mut hasher)?;
        }
        let of = folder.file_name().unwrap_or_default().to_string_lossy();
        Ok(Self {
            file: workspace::scratch("stamps")?.join(format!("{of}-{name}")),
            value: format!("{:016x}", hasher.finish()),
        })
    }

    fn fresh(&self) -> bool {
        fs::read_to_string(&self.file).is_ok_and(|last| last == self.value)
    }

    fn set(&self) -> Result<()> {
        fs::write(&self.file, &self.value).with_context(|| format!("cannot write {}", self.file.display()))
    }
}

/// Names and contents below `path`, in a fixed order. What does not exist hashes as such.
fn hash_tree(path: &Path, hasher: &mut DefaultHasher) -> Result<()> {
    let cannot_read = || format!("cannot read {}", path.display());
    if path.is_dir() {
        let mut entries = fs::read_dir(path)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .with_context(cannot_read)?;
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            entry.file_name().hash(hasher);
            hash_tree(&entry.path(), hasher)?;
        }
    } else if path.is_file() {
        fs::read(path).with_context(cannot_read)?.hash(hasher);
    } else {
        "absent".hash(hasher);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(folder: &Path) -> u64 {
        let mut hasher = DefaultHasher::new();
        hash_tree(folder, &mut hasher).unwrap();
        hasher.finish()
    }

    #[test]
    fn a_stamp_changes_with_content_and_with_names() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("sub")).unwrap();
        fs::write(folder.path().join("sub").join("one.ts"), "1").unwrap();
        let first = hash(folder.path());
        assert_eq!(first, hash(folder.path()));
        fs::write(folder.path().join("sub").join("one.ts"), "2").unwrap();
        let edited = hash(folder.path());
        assert_ne!(first, edited);
        fs::rename(folder.path().join("sub").join("one.ts"), folder.path().join("sub").join("two.ts")).unwrap();
        assert_ne!(edited, hash(folder.path()));
    }
}
