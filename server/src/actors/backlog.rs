//! Folders of the Backlog: made, renamed, moved, removed. Every job in a folder goes with it, also one that whoever does it may not see; each is
//! told of in the feed to those who may (ACC-4). Groups on canvases that stand for a folder follow (CAN-7).

use super::{CommandError, Live};
use coord_canvas::model::Edit;
use coord_domain::{
    Refusal, folder, order,
    rights::{self, Act, Who},
};
use coord_protocol::{
    folder::{Folder, PatchFolder},
    id::{FolderId, JobId, UserId, WorkspaceId},
    rule::Rule,
    time::Timestamp,
};
use coord_store::{StoreError, Tx, audit, canvases, feed, folders, jobs, members};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// How often a change is made anew because a job in the folder changed under it.
const CONFLICT_RETRIES: usize = 4;

/// Who does it, as the audit log has it. Its act, target and detail are filled in here.
pub type By = audit::Entry;

/// What becomes of a folder.
#[derive(Debug, Clone)]
pub enum FolderChange {
    /// Another path, another place among those beside it.
    Patch(PatchFolder),
    /// What was in it lies where it lay.
    Remove,
}

/// A change that is stored.
#[derive(Debug, Default)]
struct Done {
    seq: i64,
    after: Option<Folder>,
    jobs: Vec<JobId>,
    /// Paths that jobs came to.
    into: BTreeSet<String>,
    /// Groups that stood for what is gone or is called otherwise, with the path they stand for now.
    groups: Vec<(canvases::Folder, Option<String>)>,
}

async fn may_edit(tx: &mut Tx, workspace: WorkspaceId, user: Option<UserId>) -> Result<(), CommandError> {
    let user = user.ok_or(CommandError::NotFound)?;
    let role = members::role(tx, workspace, user).await?;
    rights::may(Who { user, role }, Act::Create, None).map_err(|refusal| match refusal.kind {
        coord_domain::RefusalKind::Hidden => CommandError::NotFound,
        _ => refusal.into(),
    })
}

fn told(by: &By, workspace: WorkspaceId, act: &'static str, target: FolderId, before: Value, after: Value) -> audit::Entry {
    let entry = audit::Entry {
        workspace: Some(workspace),
        act,
        target: target.to_string(),
        ..by.clone()
    };
    entry.changed(before, after)
}

/// Makes a folder, and those around it that are missing.
///
/// # Errors
/// ACC-3, CAN-7 when there is one or there are too many; JOB-1 when it can have no such path.
pub(crate) async fn make(
    tx: &mut Tx,
    by: &By,
    workspace: WorkspaceId,
    path: &str,
    ids: &[FolderId],
) -> Result<(Folder, i64), CommandError> {
    may_edit(tx, workspace, by.actor).await?;
    let path = folder::path(Rule::Job1, "path", path)?;
    if folders::count(tx, workspace).await? >= folder::MAX_FOLDERS {
        return Err(Refusal::state(Rule::Can7, format!("a workspace has at most {} folders", folder::MAX_FOLDERS)).into());
    }
    let ids = ids.get(..folder::depth(&path)).unwrap_or(ids);
    if folders::by_path(tx, workspace, &path).await?.is_some() || !folders::ensure(tx, workspace, &path, ids, by.at).await? {
        return Err(taken(&path));
    }
    let made = folders::by_path(tx, workspace, &path).await?.ok_or(StoreError::Reference)?;
    audit::append(
        tx,
        &told(by, workspace, "folder.create", made.id, Value::Null, json!({ "path": path })),
    )
    .await?;
    let seq = announce(tx, by, workspace).await?;
    Ok((made, seq))
}

async fn announce(tx: &mut Tx, by: &By, workspace: WorkspaceId) -> Result<i64, StoreError> {
    feed::append(tx, workspace, by.at, "folders.changed", None, &json!({ "by": by.actor })).await
}

fn taken(path: &str) -> CommandError {
    Refusal::state(Rule::Can7, format!("there is a folder {path} already")).into()
}

/// One transaction: the folder and those in it, their jobs, the groups that stand for them, the events, the audit line (INV-4).
async fn change(
    tx: &mut Tx,
    by: &By,
    workspace: WorkspaceId,
    id: FolderId,
    change: &FolderChange,
    ids: &[FolderId],
) -> Result<Done, CommandError> {
    may_edit(tx, workspace, by.actor).await?;
    let before = folders::get(tx, id).await?.filter(|folder| folder.workspace == workspace);
    let before = before.ok_or(CommandError::NotFound)?;
    let from = before.path.clone();
    let mut done = Done::default();
    let to = match change {
        FolderChange::Remove => None,
        FolderChange::Patch(patch) => Some(match &patch.path {
            Some(words) => folder::path(Rule::Job1, "path", words)?,
            None => from.clone(),
        }),
    };
    let rows = folders::within(tx, workspace, Some(&from)).await?;
    if to.as_ref() != Some(&from) {
        if let Some(to) = &to {
            let deepest = rows.iter().map(|row| folder::depth(&row.path)).max().unwrap_or_default();
            folder::may_move(&from, to, deepest)?;
            if folders::by_path(tx, workspace, to).await?.is_some() {
                return Err(taken(to));
            }
            if let Some(parent) = folder::parent(to) {
                let ids = ids.get(..folder::depth(parent)).unwrap_or(ids);
                folders::ensure(tx, workspace, parent, ids, by.at).await?;
            }
        }
        refile(tx, workspace, &from, to.as_deref(), by.at, &mut done).await?;
    }
    if let Some(to) = &to {
        let position = position(tx, &before, to, change).await?;
        folders::set(tx, id, to, &position).await?;
    }
    for row in rows.iter().filter(|row| row.id != id || to.is_none()) {
        let path = folder::moved(&row.path, &from, to.as_deref());
        match path {
            Some(path) if path == row.path => {}
            // What lay in a removed folder may meet a folder of the same name.
            Some(path) if folders::by_path(tx, workspace, &path).await?.is_none() => folders::set(tx, row.id, &path, &row.position).await?,
            Some(_) | None => folders::remove(tx, row.id).await?,
        }
    }
    let (act, now) = match change {
        FolderChange::Remove => ("folder.delete", Value::Null),
        FolderChange::Patch(_) => ("folder.change", json!({ "path": to })),
    };
    audit::append(tx, &told(by, workspace, act, id, json!({ "path": from }), now)).await?;
    done.seq = announce(tx, by, workspace).await?;
    done.after = folders::get(tx, id).await?;
    Ok(done)
}

/// Jobs and groups go along.
async fn refile(
    tx: &mut Tx,
    workspace: WorkspaceId,
    from: &str,
    to: Option<&str>,
    at: Timestamp,
    done: &mut Done,
) -> Result<(), CommandError> {
    for mut job in jobs::within_folder(tx, workspace, from).await? {
        let seen = job.version;
        job.folder = job.folder.and_then(|path| folder::moved(&path, from, to));
        job.version += 1;
        jobs::refile(tx, &job, seen).await?;
        // Nobody's doing as far as Activity is concerned: the folder's own event says it once.
        feed::append(tx, workspace, at, "job.changed", Some(job.id), &json!({})).await?;
        done.jobs.push(job.id);
        done.into.extend(job.folder.filter(|_| !job.access.private));
    }
    for group in canvases::folders_within(tx, workspace, from).await? {
        let path = if to.is_none() && group.name == from {
            None
        } else {
            folder::moved(&group.name, from, to)
        };
        // One group of a canvas stands for a folder.
        let taken = match &path {
            Some(path) => canvases::folders(tx, group.canvas).await?.iter().any(|other| other.name == *path),
            None => true,
        };
        let path = path.filter(|_| !taken);
        match &path {
            Some(path) => {
                let bound = canvases::Folder {
                    name: path.clone(),
                    ..group.clone()
                };
                canvases::bind_folder(tx, &bound).await?;
            }
            None => canvases::unbind_folder(tx, group.canvas, &group.object).await?,
        }
        done.groups.push((group, path));
    }
    Ok(())
}

/// Where it stands from now on: beside the folder that is named; the last where it came from elsewhere; else where it stood.
async fn position(tx: &mut Tx, before: &Folder, to: &str, change: &FolderChange) -> Result<String, CommandError> {
    let FolderChange::Patch(patch) = change else {
        return Ok(before.position.clone());
    };
    let mut beside = folders::beside(tx, before.workspace, folder::parent(to)).await?;
    beside.retain(|each| each.id != before.id);
    let (field, other, behind) = match (patch.after, patch.before) {
        (None, None) if folder::parent(to) == folder::parent(&before.path) => return Ok(before.position.clone()),
        (None, None) => {
            let last = beside.last().map(|last| last.position.as_str());
            return Ok(order::between(last, None).unwrap_or_else(|| before.position.clone()));
        }
        (Some(other), None) => ("after", other, true),
        (None, Some(other)) => ("before", other, false),
        (Some(_), Some(_)) => return Err(Refusal::invalid(Rule::Can7, "before", "cannot be named with `after`").into()),
    };
    let at = beside.iter().position(|each| each.id == other);
    let at = at.ok_or_else(|| Refusal::invalid(Rule::Can7, field, "must be a folder that lies beside it"))?;
    let place = |at: usize| beside.get(at).map(|each| each.position.as_str());
    let other = place(at);
    let made = if behind {
        let next = (at + 1..beside.len()).find(|next| place(*next) > other);
        order::between(other, next.and_then(place))
    } else {
        let former = (0..at).rev().find(|former| place(*former) < other);
        order::between(former.and_then(place), other)
    };
    made.ok_or_else(|| Refusal::state(Rule::Can7, "nothing more fits between these two; put it beside another folder").into())
}

impl Live {
    /// Renames, moves or removes a folder. The folder as it is afterwards, unless it was removed.
    ///
    /// # Errors
    /// ACC-3, CAN-7, JOB-1; `NotFound` when there is no such folder in the workspace.
    pub async fn change_folder(
        &self,
        by: By,
        workspace: WorkspaceId,
        id: FolderId,
        what: FolderChange,
    ) -> Result<Option<Folder>, CommandError> {
        let live = self.clone();
        super::whole(async move { live.change_folder_whole(by, workspace, id, what).await }).await
    }

    async fn change_folder_whole(
        &self,
        by: By,
        workspace: WorkspaceId,
        id: FolderId,
        what: FolderChange,
    ) -> Result<Option<Folder>, CommandError> {
        for _ in 0..CONFLICT_RETRIES {
            let inside = {
                let mut conn = self.store().read().await?;
                match folders::get(&mut conn, id).await?.filter(|folder| folder.workspace == workspace) {
                    Some(folder) => jobs::within_folder(&mut conn, workspace, &folder.path).await?,
                    None => return Err(CommandError::NotFound),
                }
            };
            // Their events can be read from the commit on, which is before this function goes on.
            let changing: Vec<_> = inside.iter().map(|job| self.0.snapshots.changing(job.id)).collect();
            let ids: Vec<_> = (0..folder::MAX_DEPTH).map(|_| FolderId(self.ids().uuid())).collect();
            let (by, what) = (by.clone(), what.clone());
            let unit = async move |tx: &mut Tx| change(tx, &by, workspace, id, &what, &ids).await;
            let done = match self.store().write(unit).await {
                Err(CommandError::Store(StoreError::Conflict { .. })) => continue,
                done => done?,
            };
            drop(changing);
            for job in &done.jobs {
                self.0.snapshots.forget(*job);
            }
            self.feed_committed(workspace, done.seq);
            self.groups_follow(workspace, done.groups, done.into);
            return Ok(done.after);
        }
        Err(CommandError::Store(StoreError::Conflict { seen: 0 }))
    }

    /// Groups on canvases say what they stand for now, and cards come into the groups whose folders got more jobs (CAN-7).
    fn groups_follow(&self, workspace: WorkspaceId, groups: Vec<(canvases::Folder, Option<String>)>, into: BTreeSet<String>) {
        let live = self.clone();
        actix_web::rt::spawn(async move {
            for (group, folder) in groups {
                let edit = Edit::Folder {
                    object: group.object,
                    folder,
                };
                if let Err(error) = live.edit_canvas(group.canvas, vec![edit], vec![]).await {
                    tracing::warn!(%error, canvas = %group.canvas, "a group did not follow its folder");
                }
            }
            for path in into {
                let filled = async {
                    let named = canvases::folders_named(&mut *live.store().read().await?, workspace, &path).await?;
                    for folder in named {
                        live.fill_folder(&folder).await?;
                    }
                    Ok::<_, CommandError>(())
                };
                if let Err(error) = filled.await {
                    tracing::warn!(%error, path, "cards did not come into the group of their folder");
                }
            }
        });
    }
}
