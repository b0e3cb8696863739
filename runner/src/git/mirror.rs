//! The bare repository that stands between a remote and the working folders.

use super::{
    GitError,
    cli::Cli,
    remote::{self, Kind, Remote},
};
use crate::config::Config;
use git2::Oid;
use sha2::{Digest, Sha256};
use std::{
    collections::HashMap,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

/// The whole configuration of a mirror, written anew before each use: an agent of the same user could have changed it.
const CONFIG: &str = "[core]\n\trepositoryformatversion = 0\n\tbare = true\n\tlogallrefupdates = false\n";

/// Names in a mirror's folder: its address, written at each use, so that its time says when the last one was.
const USED: &str = "coord-used";

/// What receives on this machine: git again, in the other repository and by its configuration, but for the one program that it could name
/// there. Its hooks do run, as they do for whoever pushes to it.
const RECEIVE_HERE: &str = "git -c core.alternateRefsCommand=true receive-pack";

/// One mutex per folder: fetches and pushes of one repository take turns, and nothing is removed while it is made or used.
#[derive(Debug, Default)]
pub struct Locks(Mutex<HashMap<PathBuf, Arc<tokio::sync::Mutex<()>>>>);

impl Locks {
    /// The mutex of a folder.
    #[must_use]
    pub fn of(&self, folder: &Path) -> Arc<tokio::sync::Mutex<()>> {
        let mut locks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(locks.entry(folder.to_path_buf()).or_default())
    }
}

/// Where the mirror of the repository at `url` is.
///
/// # Errors
/// When the owner does not allow the address (RUN-9).
pub fn place(config: &Config, url: &str) -> Result<PathBuf, GitError> {
    Ok(place_of(config, &remote::check(url, &config.policy)?))
}

fn place_of(config: &Config, remote: &Remote) -> PathBuf {
    let digest = Sha256::digest(remote.url.as_bytes());
    let name = digest.iter().take(12).fold(String::new(), |mut name, byte| {
        let _ = write!(name, "{byte:02x}");
        name
    });
    folder(config).join(format!("{name}.git"))
}

/// Where the mirrors are.
#[must_use]
pub fn folder(config: &Config) -> PathBuf {
    config.work_dir().join("repos")
}

/// When a mirror was last used is the time of this file; what it holds is the address.
#[must_use]
pub fn used(dir: &Path) -> PathBuf {
    dir.join(USED)
}

/// A mirror that nobody uses just now, for libgit2.
///
/// # Errors
/// When it is damaged.
pub fn open_idle(dir: &Path) -> Result<git2::Repository, GitError> {
    clean(dir)?;
    Ok(git2::Repository::open_bare(dir)?)
}

/// A mirror in use by one task.
#[derive(Debug)]
pub struct Mirror {
    dir: PathBuf,
    remote: Remote,
    cli: Cli,
    _turn: tokio::sync::OwnedMutexGuard<()>,
}

impl Mirror {
    /// Opens, or makes, the mirror of the repository at `url`, and waits for its turn.
    ///
    /// # Errors
    /// When the owner does not allow the address or the disk does not take it.
    pub async fn open(config: &Config, locks: &Locks, url: &str) -> Result<Self, GitError> {
        let remote = remote::check(url, &config.policy)?;
        let dir = place_of(config, &remote);
        let turn = locks.of(&dir).lock_owned().await;
        clean(&dir)?;
        fs::write(used(&dir), &remote.url)?;
        let cli = Cli {
            git_dir: dir.clone(),
            timeout: Duration::from_millis(config.timeouts.git_ms),
            use_global_config: config.git.use_global_config,
        };
        Ok(Self {
            dir,
            remote,
            cli,
            _turn: turn,
        })
    }

    /// The folder.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The address as git takes it.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.remote.url
    }

    /// Tips of the named branches on the remote; those that do not exist are absent.
    ///
    /// # Errors
    /// When the remote does not answer.
    pub async fn tips(&self, branches: &[&str]) -> Result<HashMap<String, Oid>, GitError> {
        let mut arguments = vec![
            "ls-remote".to_owned(),
            "--heads".to_owned(),
            "--".to_owned(),
            self.remote.url.clone(),
        ];
        arguments.extend(branches.iter().map(|branch| format!("refs/heads/{branch}")));
        let listed = self.cli.run(&self.remote, arguments).await?;
        Ok(listed
            .lines()
            .filter_map(|line| {
                let (id, name) = line.split_once('\t')?;
                let name = name.strip_prefix("refs/heads/")?;
                // A pattern matches at the end of longer names too.
                branches.contains(&name).then_some(())?;
                Some((name.to_owned(), Oid::from_str(id).ok()?))
            })
            .collect())
    }

    /// Whether a branch of this name, or one below it, is on the remote.
    ///
    /// # Errors
    /// When the remote does not answer.
    pub async fn is_taken(&self, branch: &str) -> Result<bool, GitError> {
        Ok(!self.tips(&[branch]).await?.is_empty())
    }

    /// Fetches branches that exist.
    ///
    /// # Errors
    /// When the remote does not answer or what it sends is damaged.
    pub async fn fetch(&self, branches: &[&str]) -> Result<(), GitError> {
        let mut arguments: Vec<String> = [
            "fetch",
            "--quiet",
            "--no-tags",
            "--no-recurse-submodules",
            "--no-write-fetch-head",
            "--force",
        ]
        .map(str::to_owned)
        .to_vec();
        arguments.push("--".to_owned());
        arguments.push(self.remote.url.clone());
        arguments.extend(
            branches
                .iter()
                .map(|branch| format!("+refs/heads/{branch}:refs/remotes/origin/{branch}")),
        );
        self.cli.run(&self.remote, arguments).await.map(drop)
    }

    /// Makes `branch` on the remote point at `commit`, if it still points at `expected` (nothing: if it does not exist).
    ///
    /// # Errors
    /// [`GitError::Moved`] when it does not.
    pub async fn push(&self, branch: &str, commit: Oid, expected: Option<Oid>) -> Result<(), GitError> {
        self.update(branch, &commit.to_string(), expected).await?;
        let name = format!("refs/remotes/origin/{branch}");
        self.repository()?.reference(&name, commit, true, "coord")?;
        Ok(())
    }

    /// Deletes `branch` on the remote, if it still points at `expected`.
    ///
    /// # Errors
    /// [`GitError::Moved`] when it does not.
    pub async fn delete(&self, branch: &str, expected: Oid) -> Result<(), GitError> {
        self.update(branch, "", Some(expected)).await
    }

    async fn update(&self, branch: &str, source: &str, expected: Option<Oid>) -> Result<(), GitError> {
        let expected = expected.map(|id| id.to_string()).unwrap_or_default();
        let arguments = [
            "push".to_owned(),
            "--quiet".to_owned(),
            "--no-verify".to_owned(),
            format!("--receive-pack={}", if self.is_local() { RECEIVE_HERE } else { "git-receive-pack" }),
            format!("--force-with-lease=refs/heads/{branch}:{expected}"),
            "--".to_owned(),
            self.remote.url.clone(),
            format!("{source}:refs/heads/{branch}"),
        ];
        self.cli.run(&self.remote, arguments).await.map(drop)
    }

    /// The repository for libgit2.
    ///
    /// # Errors
    /// When it is damaged.
    pub fn repository(&self) -> Result<git2::Repository, GitError> {
        Ok(git2::Repository::open_bare(&self.dir)?)
    }

    /// Whether this is a path on this machine.
    #[must_use]
    pub fn is_local(&self) -> bool {
        self.remote.kind == Kind::Local
    }
}

/// The folder of a mirror's objects, which working folders borrow; nothing else of a mirror is for agents.
#[must_use]
pub fn objects(config: &Config, url: &str) -> Option<PathBuf> {
    place(config, url).ok().map(|dir| dir.join("objects"))
}

fn clean(dir: &Path) -> Result<(), GitError> {
    if !dir.join("HEAD").exists() {
        fs::create_dir_all(dir)?;
        let mut options = git2::RepositoryInitOptions::new();
        options.bare(true).external_template(false).initial_head("coord-none");
        git2::Repository::init_opts(dir, &options)?;
    }
    let _ = fs::remove_dir_all(dir.join("hooks"));
    for file in [
        "info/attributes",
        "info/grafts",
        "objects/info/alternates",
        "config.worktree",
        "shallow",
        "commondir",
    ] {
        let _ = fs::remove_file(dir.join(file));
    }
    fs::write(dir.join("config"), CONFIG)?;
    Ok(())
}
