//! The working folder of an attempt: its own folder, or a branch of a repository, with the attachments in it.

use super::{
    Halt, Host,
    prompt::{attachments_folder, dependencies_folder},
};
use crate::{
    agents::detect,
    config::Policy,
    disk::{About, Place, measure},
    files::is_plain_name,
    git::{
        GitError, branch_name, harm, is_branch_name, is_job_branch,
        mirror::Mirror,
        tree::{self, Start},
    },
    http::HttpError,
};
use coord_protocol::{
    attempt::FailureReason,
    id::JobId,
    job::Context,
    log::SystemLevel,
    runner::{Assignment, Author, InputFile},
};
use git2::Oid;
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

/// A working folder that is ready, and what to write about it.
#[derive(Debug)]
pub struct Prepared {
    /// Where the agent works.
    pub folder: PathBuf,
    /// Where its branch begins.
    pub start: Option<Start>,
    /// Lines for the log.
    pub lines: Vec<(SystemLevel, String)>,
}

/// The folder of a job on this machine. The same for all its attempts, so that an agent finds its session again.
#[must_use]
pub fn job_folder(host: &Host, job: JobId) -> PathBuf {
    host.config.work_dir().join("jobs").join(job.to_string())
}

/// The working folder inside it.
#[must_use]
pub fn working_folder(host: &Host, assignment: &Assignment) -> PathBuf {
    let name = match assignment.context {
        Context::Local => "work",
        Context::Repository { .. } => "tree",
    };
    job_folder(host, assignment.job).join(name)
}

/// Where commits of a job are kept in the mirror until they are on the remote.
#[must_use]
pub fn kept_reference(job: JobId) -> String {
    format!("refs/coord/jobs/{job}")
}

/// Whether this runner's owner serves this workspace and person (RUN-9).
///
/// # Errors
/// With the reason.
pub fn serves(policy: &Policy, workspace: &str, author: &Author) -> Result<(), String> {
    if !policy.workspaces.is_empty() && !policy.workspaces.iter().any(|name| name == workspace) {
        return Err(format!("the owner of this runner does not serve the workspace {workspace}"));
    }
    if !policy.serves().asked_by(workspace, &author.email) {
        return Err(format!("the owner of this runner does not serve {}", author.name));
    }
    Ok(())
}

/// Whether this runner's owner serves the job at all (RUN-9).
///
/// # Errors
/// With the reason.
pub fn check_policy(host: &Host, assignment: &Assignment) -> Result<(), Halt> {
    let policy = &host.config.policy;
    serves(policy, &assignment.workspace, &assignment.author).map_err(|detail| Halt::Failed(FailureReason::Policy, detail))?;
    if let Some(detail) = detect::refusal(&host.config, assignment) {
        return Err(Halt::Failed(FailureReason::Policy, detail));
    }
    let refuse = |detail: String| Err(Halt::Failed(FailureReason::Policy, detail));
    for file in &assignment.attachments {
        if !is_plain_name(&file.name) {
            return refuse(format!(
                "the attachment `{}` has a name that is not allowed",
                file.name.escape_default()
            ));
        }
        if u64::try_from(file.size).unwrap_or(u64::MAX) > policy.max_attachment_bytes {
            return refuse(format!(
                "the attachment {} has {} bytes, over this runner's limit of {}",
                file.name, file.size, policy.max_attachment_bytes
            ));
        }
    }
    Ok(())
}

/// The assignment without the files of earlier jobs that this runner does not take: names that are paths, or more bytes than its owner
/// allows. How many those are is told to the agent.
#[must_use]
pub fn within_policy(policy: &Policy, mut assignment: Assignment) -> Assignment {
    let taken =
        |file: &InputFile| is_plain_name(&file.name) && u64::try_from(file.size).is_ok_and(|size| size <= policy.max_attachment_bytes);
    leave_out(&mut assignment, |_, file| taken(file));
    assignment
}

/// Leaves out the files of earlier jobs that are not in the working folder: what was deleted before it could be fetched.
pub fn leave_out_missing(folder: &Path, assignment: &mut Assignment) {
    let inner = folder.join(dependencies_folder(&assignment.context));
    leave_out(assignment, |number, file| inner.join(number.to_string()).join(&file.name).is_file());
}

fn leave_out(assignment: &mut Assignment, keep: impl Fn(i64, &InputFile) -> bool) {
    for other in &mut assignment.dependencies {
        let before = other.files.len();
        other.files.retain(|file| keep(other.number, file));
        other.files_left_out += u32::try_from(before - other.files.len()).unwrap_or(u32::MAX);
    }
}

/// Makes the working folder.
///
/// # Errors
/// Typed, with words for a person.
pub async fn prepare(host: Arc<Host>, assignment: Assignment) -> Result<Prepared, Halt> {
    let folder = working_folder(&host, &assignment);
    let job = job_folder(&host, assignment.job);
    // Nothing is cleaned away that is being made.
    let _turn = host.locks.of(&job).lock_owned().await;
    let about = About {
        number: assignment.number,
        title: assignment.title.clone(),
        workspace: assignment.workspace.clone(),
    };
    about.write(&job).map_err(|error| Halt::disk("the job's folder", &error))?;
    let mut prepared = match &assignment.context {
        Context::Local => {
            std::fs::create_dir_all(folder.join("output")).map_err(|error| Halt::disk("the working folder", &error))?;
            Prepared {
                folder,
                start: None,
                lines: vec![(SystemLevel::Info, "Working in a folder of its own".to_owned())],
            }
        }
        Context::Repository { url, base_branch } => branch(&host, &assignment, folder, url, base_branch).await?,
    };
    attachments(&host, &assignment, &mut prepared).await?;
    dependencies(&host, &assignment, &mut prepared).await?;
    Ok(prepared)
}

async fn attachments(host: &Host, assignment: &Assignment, prepared: &mut Prepared) -> Result<(), Halt> {
    if assignment.attachments.is_empty() {
        return Ok(());
    }
    let folder = fresh_folder(&prepared.folder, Path::new(attachments_folder(&assignment.context)))
        .map_err(|error| Halt::disk("the attachments' folder", &error))?;
    for file in &assignment.attachments {
        host.http
            .fetch(assignment.attempt, assignment.fence, file, &folder.join(&file.name))
            .await
            .map_err(|error| input_failed(&file.name, error))?;
    }
    let names: Vec<&str> = assignment.attachments.iter().map(|file| file.name.as_str()).collect();
    prepared
        .lines
        .push((SystemLevel::Info, format!("Attachments: {}", names.join(", "))));
    Ok(())
}

/// What the jobs before this one delivered (DEP-7).
async fn dependencies(host: &Host, assignment: &Assignment, prepared: &mut Prepared) -> Result<(), Halt> {
    let inner = Path::new(dependencies_folder(&assignment.context));
    for other in &assignment.dependencies {
        if !other.files.is_empty() {
            let folder = fresh_folder(&prepared.folder, &inner.join(other.number.to_string()))
                .map_err(|error| Halt::disk("the folder of an earlier job's files", &error))?;
            for file in &other.files {
                let fetched = host
                    .http
                    .fetch(assignment.attempt, assignment.fence, file, &folder.join(&file.name))
                    .await;
                match fetched {
                    Ok(()) => {}
                    // Deleted a moment ago: the work can be done without it.
                    Err(HttpError::Refused(words)) => {
                        let words = format!("{} of job #{} could not be fetched: {words}", file.name, other.number);
                        prepared.lines.push((SystemLevel::Warning, words));
                    }
                    Err(error) => return Err(input_failed(&file.name, error)),
                }
            }
        }
        let names: Vec<&str> = other.files.iter().map(|file| file.name.as_str()).collect();
        let words = match names.as_slice() {
            [] => format!("Passed on from job #{}: its summary", other.number),
            names => format!("Passed on from job #{}: {}", other.number, names.join(", ")),
        };
        prepared.lines.push((SystemLevel::Info, words));
    }
    Ok(())
}

/// The empty folder `inner` of the working folder. Neither links that a repository brought along nor what an agent left lead out of it:
/// whatever stands in the way and is no folder is removed.
fn fresh_folder(working: &Path, inner: &Path) -> std::io::Result<PathBuf> {
    let mut folder = working.to_path_buf();
    for part in inner.components() {
        folder.push(part);
        match std::fs::symlink_metadata(&folder) {
            Ok(meta) if meta.is_dir() => {}
            Ok(_) => std::fs::remove_file(&folder).and_then(|()| std::fs::create_dir(&folder))?,
            Err(_) => std::fs::create_dir(&folder)?,
        }
    }
    std::fs::remove_dir_all(&folder)?;
    std::fs::create_dir(&folder)?;
    Ok(folder)
}

fn input_failed(name: &str, error: HttpError) -> Halt {
    match error {
        HttpError::Stale => Halt::Dropped,
        HttpError::Disk { name, source } => Halt::disk(&name, &source),
        HttpError::Transient(words) => Halt::Failed(FailureReason::Network, format!("the file {name} could not be fetched: {words}")),
        other => Halt::Failed(FailureReason::Other, format!("the file {name} could not be fetched: {other}")),
    }
}

async fn branch(host: &Arc<Host>, assignment: &Assignment, folder: PathBuf, url: &str, base_branch: &str) -> Result<Prepared, Halt> {
    if !is_branch_name(base_branch) {
        let words = format!("`{}` is no branch name", base_branch.escape_default());
        return Err(Halt::Failed(FailureReason::Git, words));
    }
    let mirror = Mirror::open(&host.config, &host.locks, url).await?;
    let name = match &assignment.branch {
        Some(name) if is_job_branch(name) && name != base_branch => name.clone(),
        Some(name) => {
            let words = format!("`{}` cannot be the branch of this job", name.escape_default());
            return Err(Halt::Failed(FailureReason::Git, words));
        }
        None => free_name(&mirror, assignment).await?,
    };
    // The branches of earlier jobs too, so that the agent can look at them.
    let earlier = assignment.dependencies.iter().filter_map(|other| other.branch.as_ref());
    let mut wanted = vec![base_branch, name.as_str()];
    wanted.extend(earlier.map(|branch| branch.name.as_str()).filter(|name| is_job_branch(name)));
    wanted.sort_unstable();
    wanted.dedup();
    let tips = mirror.tips(&wanted).await?;
    let base = *tips
        .get(base_branch)
        .ok_or_else(|| GitError::Refused(format!("the repository has no branch {base_branch}")))?;
    let present: Vec<&str> = wanted.into_iter().filter(|name| tips.contains_key(*name)).collect();
    mirror.fetch(&present).await?;
    let remote = tips.get(&name).copied();
    let (assignment, base_branch) = (assignment.clone(), base_branch.to_owned());
    let (most, room) = (host.config.policy.max_repository_files, measure::free(host.config.work_dir()));
    let prepared = tokio::task::spawn_blocking(move || {
        let repository = mirror.repository()?;
        harm::check_size(&repository, remote.unwrap_or(base), most, room)?;
        drop(repository);
        check_out(&mirror, &assignment, folder, name, base, remote, &base_branch)
    })
    .await;
    prepared
        .map_err(|error| Halt::Failed(FailureReason::Other, error.to_string()))?
        .map_err(Halt::from)
}

/// A branch name that is not on the remote, since what is there belongs to another job.
async fn free_name(mirror: &Mirror, assignment: &Assignment) -> Result<String, GitError> {
    let wanted = branch_name(assignment.number, &assignment.title);
    let mut name = wanted.clone();
    for n in 2..100 {
        if !mirror.is_taken(&name).await? {
            return Ok(name);
        }
        name = format!("{wanted}-{n}");
    }
    Err(GitError::Refused(format!("the repository has too many branches named {wanted}")))
}

fn check_out(
    mirror: &Mirror,
    assignment: &Assignment,
    folder: PathBuf,
    branch: String,
    base: Oid,
    remote: Option<Oid>,
    base_branch: &str,
) -> Result<Prepared, GitError> {
    let mut lines = Vec::new();
    let mut commit = remote.unwrap_or(base);
    let repository = mirror.repository()?;
    // What an earlier attempt could not push is in the mirror still.
    if let Ok(kept) = repository.find_reference(&kept_reference(assignment.job))
        && let Some(kept) = kept.target()
        && repository.graph_descendant_of(kept, commit).unwrap_or(false)
    {
        commit = kept;
        lines.push((
            SystemLevel::Info,
            "Going on from commits that an earlier attempt could not push".to_owned(),
        ));
    }
    drop(repository);
    let start = Start {
        branch,
        base,
        commit,
        remote,
    };
    let place = Place {
        mirror: name_of(mirror.dir()),
        base: base.to_string(),
    };
    let job = folder.parent().unwrap_or(&folder);
    let before = Place::read(job).and_then(|place| Oid::from_str(&place.base).ok());
    let known: Vec<Oid> = before.into_iter().collect();
    let aside = tree::make(mirror, &folder, &start, base_branch, &assignment.author, &known)?;
    place.write(job)?;
    if let Some(aside) = aside {
        let words = format!(
            "Unpushed work of an earlier attempt is kept on the runner's machine in {}",
            name_of(&aside)
        );
        lines.push((SystemLevel::Warning, words));
    }
    let words = match remote {
        Some(_) => format!("Going on with branch {} at {:.10}", start.branch, start.commit.to_string()),
        None => format!(
            "Branch {} starts from {base_branch} at {:.10}",
            start.branch,
            start.base.to_string()
        ),
    };
    lines.push((SystemLevel::Info, words));
    Ok(Prepared {
        folder,
        start: Some(start),
        lines,
    })
}

fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::{fs, os::unix::fs::symlink};

    #[test]
    fn file_3_a_link_in_the_repository_does_not_lead_the_attachments_out_of_it() {
        let root = tempfile::tempdir().unwrap();
        let (tree, outside) = (root.path().join("tree"), root.path().join("outside"));
        fs::create_dir_all(outside.join("attachments")).unwrap();
        fs::write(outside.join("attachments/kept.txt"), "kept").unwrap();
        fs::create_dir(&tree).unwrap();
        let inner = Path::new(".coord/attachments");
        for link in [".coord", ".coord/attachments"] {
            let _ = fs::remove_dir_all(tree.join(".coord"));
            fs::create_dir_all(tree.join(link).parent().unwrap()).unwrap();
            symlink(&outside, tree.join(link)).unwrap();
            let folder = fresh_folder(&tree, inner).unwrap();
            fs::write(folder.join("in.txt"), "in").unwrap();
            assert_eq!(folder.canonicalize().unwrap(), tree.canonicalize().unwrap().join(inner), "{link}");
            assert_eq!(fs::read_to_string(outside.join("attachments/kept.txt")).unwrap(), "kept");
        }
        let folder = fresh_folder(&tree, inner).unwrap();
        assert_eq!(fs::read_dir(folder).unwrap().count(), 0, "what an earlier try left is gone");
    }
}
