//! What the runner keeps on disk, how much it is, and what of it may go (AGT-8).
//!
//! [`look`] finds the folders and says of each what would become of it; [`clean`] removes what may go. A folder with work that is not
//! pushed or not committed stays, whatever its age. [`measure`] counts bytes.

mod about;
pub mod measure;
mod policy;
pub mod told;

pub use about::{About, Place};

use crate::{
    clock::Clock,
    config::Config,
    git::{holds, mirror, mirror::Locks, tree},
    merges,
    spool::{self, read_json},
    work::Host,
};
use coord_protocol::{id::JobId, runner::Assignment, time::Timestamp};
use git2::Oid;
use serde::Serialize;
use std::{
    collections::HashSet,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

/// Pause between two cleanings of a runner that runs.
const PAUSE: Duration = Duration::from_secs(3600);

/// What a folder is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The objects of a repository, shared by all attempts in it.
    Repository,
    /// A working folder on a branch.
    Worktree,
    /// A working folder of a job without a repository.
    Folder,
    /// The log of a claim that was lost.
    Log,
}

/// What becomes of a folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "verdict", content = "because", rename_all = "snake_case")]
pub enum Verdict {
    /// It stays, and why.
    Stays(String),
    /// It may go, and why.
    Goes(String),
    /// It was removed, and why.
    Removed(String),
    /// It could not be removed, and why.
    Failed(String),
}

/// One folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Item {
    /// What it is for.
    pub kind: Kind,
    /// Where.
    pub path: PathBuf,
    /// The repository's address, or the job. From outside: not to be printed as it is.
    pub name: String,
    /// Bytes on disk.
    pub bytes: u64,
    /// When it was last used.
    pub last_used: Timestamp,
    /// What becomes of it.
    #[serde(flatten)]
    pub verdict: Verdict,
}

/// Everything that the runner keeps.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The work folder.
    pub work_dir: PathBuf,
    /// Bytes of all folders below.
    pub bytes: u64,
    /// Bytes of shared objects.
    pub repositories: u64,
    /// Bytes of working folders.
    pub worktrees: u64,
    /// Bytes that are free where the work folder is, where the system tells.
    pub free: Option<u64>,
    /// The folders, those last used first.
    pub items: Vec<Item>,
}

/// What is there, and what would become of it now.
#[must_use]
pub fn look(config: &Config, now: Timestamp) -> Report {
    let found = find(config);
    let free = measure::free(config.work_dir());
    let mut report = Report {
        work_dir: config.work_dir().to_path_buf(),
        free,
        items: found,
        ..Report::default()
    };
    for item in &mut report.items {
        item.bytes = measure::bytes(&item.path);
        report.bytes += item.bytes;
        match item.kind {
            Kind::Repository => report.repositories += item.bytes,
            Kind::Worktree | Kind::Folder => report.worktrees += item.bytes,
            Kind::Log => {}
        }
    }
    policy::judge(config, now, free, &mut report.items);
    report
}

/// Removes what may go. Nothing that is in use: not while its lock is held, nor while a claim needs it.
#[must_use]
pub fn clean(config: &Config, locks: &Locks, now: Timestamp) -> Report {
    let mut report = look(config, now);
    remove_what_goes(config, locks, &mut report);
    // A repository may go only once no working folder borrows from it.
    if report.items.iter().any(|item| matches!(item.verdict, Verdict::Removed(_))) {
        let mut rest = look(config, now);
        remove_what_goes(config, locks, &mut rest);
        let gone = report.items.into_iter().filter(|item| matches!(item.verdict, Verdict::Removed(_)));
        rest.items.extend(gone);
        report = rest;
    }
    report.free = measure::free(config.work_dir());
    report
}

fn remove_what_goes(config: &Config, locks: &Locks, report: &mut Report) {
    for item in &mut report.items {
        let Verdict::Goes(why) = &item.verdict else { continue };
        item.verdict = match remove(config, locks, item) {
            Ok(None) => {
                tracing::info!(path = %item.path.display(), bytes = item.bytes, "removed: {why}");
                Verdict::Removed(why.clone())
            }
            Ok(Some(words)) => Verdict::Stays(words),
            Err(error) => {
                tracing::warn!(path = %item.path.display(), "not removed: {error}");
                Verdict::Failed(error.to_string())
            }
        };
    }
}

/// Removes one folder, unless it came into use meanwhile.
fn remove(config: &Config, locks: &Locks, item: &Item) -> std::io::Result<Option<String>> {
    let lock_of = match item.kind {
        Kind::Worktree | Kind::Folder => item.path.parent().unwrap_or(&item.path),
        Kind::Repository | Kind::Log => &item.path,
    };
    let lock = locks.of(lock_of);
    let Ok(_turn) = lock.try_lock() else {
        return Ok(Some(IN_USE.to_owned()));
    };
    // Looked at again under the lock: work may have come.
    if let Some(words) = needed(config, item) {
        return Ok(Some(words));
    }
    tree::remove_all(&item.path)?;
    if let (Kind::Worktree | Kind::Folder, Some(job)) = (item.kind, item.path.parent()) {
        about::forget_if_empty(job);
    }
    Ok(None)
}

const IN_USE: &str = "it is in use";

/// Why a folder cannot go whatever the policy says.
fn needed(config: &Config, item: &Item) -> Option<String> {
    let busy = Busy::find(config);
    match item.kind {
        Kind::Log => None,
        Kind::Folder => busy.job(&item.path).then(|| "its job is not over".to_owned()),
        Kind::Worktree => {
            if busy.job(&item.path) {
                return Some("its job is not over".to_owned());
            }
            match worktree_holds(config, &item.path) {
                Ok(None) => None,
                Ok(Some(words)) => Some(format!("it holds {words}")),
                Err(words) => Some(format!("it may hold work: {words}")),
            }
        }
        Kind::Repository => {
            if busy.repositories.contains(&item.path) {
                return Some("a job needs it that is not over".to_owned());
            }
            if borrowed(config, &item.path) {
                return Some("a working folder borrows its objects".to_owned());
            }
            match unpushed(&item.path) {
                Ok(false) => None,
                Ok(true) => Some("it holds commits that are not pushed".to_owned()),
                Err(error) => Some(format!("it may hold work: {error}")),
            }
        }
    }
}

fn worktree_holds(config: &Config, path: &Path) -> Result<Option<String>, String> {
    let place = path.parent().and_then(Place::read).ok_or("its repository is not known")?;
    let dir = place.mirror(config).ok_or("its repository is not known")?;
    let known: Vec<Oid> = Oid::from_str(&place.base).into_iter().collect();
    if !mirror::used(&dir).exists() {
        return Err("the objects of its repository are gone".to_owned());
    }
    mirror::open_idle(&dir)
        .and_then(|repository| holds::unsaved(&repository, path, &known))
        .map_err(|error| error.to_string())
}

/// Whether the mirror keeps commits of jobs that are not on the remote. Those that are need not be kept by name any more.
fn unpushed(dir: &Path) -> Result<bool, crate::git::GitError> {
    let repository = mirror::open_idle(dir)?;
    for reference in repository.references_glob("refs/coord/*")? {
        let mut reference = reference?;
        let saved = match reference.target() {
            Some(commit) => holds::on_remote(&repository, commit, &[])?,
            None => false,
        };
        if !saved {
            return Ok(true);
        }
        reference.delete()?;
    }
    Ok(false)
}

/// Whether a working folder says that it borrows objects of a mirror.
fn borrowed(config: &Config, dir: &Path) -> bool {
    let Some(name) = dir.file_name().map(|name| name.to_string_lossy().into_owned()) else {
        return true;
    };
    worktrees(config).iter().any(|(job, trees)| {
        let by_place = Place::read(job).is_some_and(|place| place.mirror == name) && !trees.is_empty();
        let by_tree = trees.iter().any(|tree| {
            let file = tree.join(".git/objects/info/alternates");
            let plain = fs::symlink_metadata(&file).is_ok_and(|meta| meta.is_file() && meta.len() < 64 * 1024);
            plain && fs::read(&file).is_ok_and(|text| String::from_utf8_lossy(&text).contains(&name))
        });
        by_place || by_tree
    })
}

/// What the claims on disk need.
#[derive(Debug, Default)]
struct Busy {
    jobs: HashSet<JobId>,
    repositories: HashSet<PathBuf>,
}

impl Busy {
    fn find(config: &Config) -> Self {
        let mut busy = Self::default();
        let mut url = |url: &str| {
            if let Ok(dir) = mirror::place(config, url) {
                busy.repositories.insert(dir);
            }
        };
        for dir in spool::left_behind(&config.work_dir().join("attempts")) {
            if let Ok(assignment) = read_json::<Assignment>(&dir.join("assignment.json")) {
                busy.jobs.insert(assignment.job);
                if let coord_protocol::job::Context::Repository { url: of, .. } = &assignment.context {
                    url(of);
                }
            }
        }
        for held in merges::left_behind(config.work_dir()) {
            url(&held.assignment.url);
        }
        busy
    }

    /// Whether the job whose folder has `path` in it is not over.
    fn job(&self, path: &Path) -> bool {
        let name = path
            .parent()
            .and_then(Path::file_name)
            .map(|name| name.to_string_lossy().into_owned());
        name.and_then(|name| name.parse().ok()).is_some_and(|job| self.jobs.contains(&job))
    }
}

/// The folders of jobs, each with its working folders of repositories.
fn worktrees(config: &Config) -> Vec<(PathBuf, Vec<PathBuf>)> {
    let is_tree = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        (name == "tree" || name.starts_with("tree.kept-")) && is_folder(path)
    };
    let jobs = entries(&config.work_dir().join("jobs"));
    jobs.into_iter()
        .map(|job| (entries(&job).into_iter().filter(is_tree).collect(), job))
        .map(|(trees, job)| (job, trees))
        .collect()
}

fn find(config: &Config) -> Vec<Item> {
    let item = |kind, path: PathBuf, name: String, used: &Path| Item {
        last_used: measure::changed(used).max(measure::changed(&path)),
        kind,
        path,
        name,
        bytes: 0,
        verdict: Verdict::Stays(String::new()),
    };
    let mut items = Vec::new();
    for dir in entries(&mirror::folder(config)) {
        let used = mirror::used(&dir);
        let name = fs::read_to_string(&used).unwrap_or_default();
        let is_ours = is_folder(&dir) && dir.extension().is_some_and(|extension| extension == "git");
        if is_ours {
            items.push(Item {
                last_used: measure::changed(&used),
                ..item(Kind::Repository, dir, name, &used)
            });
        }
    }
    for (job, trees) in worktrees(config) {
        let name = About::read(&job).map_or_else(|| file_name(&job), |about| about.to_string());
        for tree in trees {
            items.push(item(Kind::Worktree, tree, name.clone(), &about::file(&job)));
        }
        let local = job.join("work");
        if is_folder(&local) {
            items.push(item(Kind::Folder, local, name, &about::file(&job)));
        }
    }
    for spool in entries(&config.work_dir().join("attempts")) {
        let name = file_name(&spool);
        if name.contains(".fence-") && is_folder(&spool) {
            items.push(item(Kind::Log, spool.clone(), name, &spool.join("log.jsonl")));
        }
    }
    items.sort_by(|a, b| (b.last_used, &a.path).cmp(&(a.last_used, &b.path)));
    items
}

fn is_folder(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|meta| meta.file_type().is_dir())
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut entries: Vec<_> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .collect();
    entries.sort();
    entries
}

/// Cleans now and every hour, as long as the runner runs.
pub async fn keep_clean(host: Arc<Host>) {
    let mut hours = tokio::time::interval(PAUSE);
    loop {
        hours.tick().await;
        clean_now(&host).await;
    }
}

/// Cleans, if less is free than the owner wants to keep.
pub async fn make_room(host: &Arc<Host>) {
    let least = host.config.disk.least_free_mib.saturating_mul(1 << 20);
    if measure::free(host.config.work_dir()).is_some_and(|free| free < least) {
        clean_now(host).await;
    }
}

async fn clean_now(host: &Arc<Host>) {
    let host = Arc::clone(host);
    let done = tokio::task::spawn_blocking(move || drop(clean(&host.config, &host.locks, Clock.now()))).await;
    if let Err(error) = done {
        tracing::error!("cleaning broke off: {error}");
    }
}
