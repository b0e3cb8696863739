//! Groups that stand for Backlog folders: `/canvases/{canvas}/folders/{object}` (CAN-7).

use super::{
    auth::Caller,
    canvases::{failed, reach_canvas},
    extract::Json,
    jobs::perform,
    problem::ApiError,
};
use crate::{actors::FolderChange, context::Ctx};
use actix_web::{HttpResponse, delete, put, web};
use coord_canvas::model::Edit;
use coord_domain::{
    Refusal, canvas, folder,
    lifecycle::Command,
    rights::{self, Act},
};
use coord_protocol::{
    canvas::{GroupFolder, GroupFolderDone},
    folder::PatchFolder,
    id::{CanvasId, FolderId, JobId, UserId, WorkspaceId},
    job::PatchJob,
    problem::Problem,
    rule::Rule,
};
use coord_store::{
    StoreError, Tx, audit,
    canvases::{self, Folder},
    feed, folders, jobs,
};
use serde_json::json;
use utoipa_actix_web::service_config::ServiceConfig;

pub fn routes(cfg: &mut ServiceConfig<'_>) {
    cfg.service(put_folder).service(delete_folder);
}

/// Makes a group stand for a Backlog folder: the folder's jobs come into the group, the jobs of cards in it go to the folder. Of a group
/// that stands for another folder, the folder is renamed.
#[utoipa::path(tag = "canvases", params(("canvas" = CanvasId, Path), ("object" = String, Path)), request_body = GroupFolder, responses((status = 200, body = GroupFolderDone), (status = "default", body = Problem, content_type = "application/problem+json")))]
#[put("/canvases/{canvas}/folders/{object}")]
async fn put_folder(
    ctx: Ctx,
    path: web::Path<(CanvasId, String)>,
    body: Json<GroupFolder>,
) -> Result<web::Json<GroupFolderDone>, ApiError> {
    let ((id, object), user) = (path.into_inner(), body.caller.id());
    let name = folder::path(Rule::Can7, "folder", &body.value.folder)?;
    let (found, who) = reach_canvas(&mut *ctx.read().await?, user, id).await?;
    canvas::may_edit(&found, who)?;
    let view = ctx.live.canvas_view(id).await.map_err(failed)?;
    if view.object(&object).is_none_or(|object| object.kind != "group") {
        return Err(Refusal::state(Rule::Can7, "only a group can stand for a folder").into());
    }
    let before = canvases::folders(&mut *ctx.read().await?, id).await?;
    let before = before.into_iter().find(|before| before.object == object && before.name != name);
    if let Some(before) = &before {
        rename(&ctx, &body.caller, found.workspace, &before.name, &name).await?;
    }
    let mut follow: Vec<JobId> = view
        .objects
        .iter()
        .filter(|card| card.parent.as_deref() == Some(&object))
        .filter_map(|card| card.job)
        .collect();
    {
        let mut conn = ctx.read().await?;
        if let Some(before) = &before {
            for (job, _) in jobs::in_folder(&mut conn, found.workspace, &before.name).await? {
                if !follow.contains(&job) {
                    follow.push(job);
                }
            }
        }
    }
    let bound = Folder {
        canvas: id,
        object: object.clone(),
        name: name.clone(),
    };
    let entry = ctx.audit(
        &body.caller.actor(),
        "canvas.folder",
        Some(found.workspace),
        id,
        json!({ "object": object, "folder": name }),
    );
    let folder = bound.clone();
    let ids: Vec<_> = (0..folder::MAX_DEPTH).map(|_| FolderId(ctx.ids.uuid())).collect();
    let workspace = found.workspace;
    let unit = async move |tx: &mut Tx| -> Result<Option<i64>, StoreError> {
        canvases::bind_folder(tx, &bound).await?;
        audit::append(tx, &entry).await?;
        // Whoever sees the canvas sees the name: it is everybody's from now on.
        let made = folders::ensure(tx, workspace, &bound.name, &ids, entry.at).await?;
        match made {
            true => feed::append(tx, workspace, entry.at, "folders.changed", None, &json!({}))
                .await
                .map(Some),
            false => Ok(None),
        }
    };
    let told = ctx.store.write(unit).await.map_err(|error| match error {
        StoreError::Unique { .. } => ApiError::from(Refusal::state(
            Rule::Can7,
            format!("another group of this canvas stands for {name}"),
        )),
        error => error.into(),
    })?;
    if let Some(seq) = told {
        ctx.live.feed_committed(workspace, seq);
    }
    let edit = Edit::Folder {
        object,
        folder: Some(name.clone()),
    };
    edited(&ctx, id, edit).await?;
    let refused = into_folder(&ctx, user, &follow, &name).await?;
    ctx.live.fill_folder(&folder).await.map_err(failed)?;
    let mut count = 0;
    let mut conn = ctx.read().await?;
    for (job, _) in jobs::in_folder(&mut conn, found.workspace, &name).await? {
        let job = jobs::get(&mut conn, job).await?;
        count += usize::from(job.is_some_and(|job| rights::may(who, Act::See, Some(&job.access)).is_ok()));
    }
    Ok(web::Json(GroupFolderDone { jobs: count, refused }))
}

/// The folder that a group stood for is called otherwise, as long as there is none of the new name.
async fn rename(ctx: &Ctx, caller: &Caller, workspace: WorkspaceId, from: &str, to: &str) -> Result<(), ApiError> {
    let (before, taken) = {
        let mut conn = ctx.read().await?;
        let taken = folders::by_path(&mut conn, workspace, to).await?.is_some();
        (folders::by_path(&mut conn, workspace, from).await?, taken)
    };
    let Some(before) = before.filter(|_| !taken) else { return Ok(()) };
    let patch = PatchFolder {
        path: Some(to.to_owned()),
        ..PatchFolder::default()
    };
    let by = ctx.audit(&caller.actor(), "folder.change", Some(workspace), before.id, json!({}));
    let changed = ctx.live.change_folder(by, workspace, before.id, FolderChange::Patch(patch)).await;
    changed.map_err(failed).map(drop)
}

/// Puts jobs into a folder, as the person; says of those that a rule keeps where they are why. What they may not see is passed over.
async fn into_folder(ctx: &Ctx, user: UserId, jobs: &[JobId], name: &str) -> Result<Vec<String>, ApiError> {
    let mut refused = vec![];
    for job in jobs {
        let patch = PatchJob {
            folder: Some(name.to_owned()),
            ..PatchJob::default()
        };
        match perform(ctx, user, *job, Command::Edit(Box::new(patch)), None).await {
            Ok(_) => {}
            Err(ApiError::Refused(refusal)) if refusal.kind != coord_domain::RefusalKind::Hidden => {
                let number = coord_store::jobs::get(&mut *ctx.read().await?, *job)
                    .await?
                    .map_or(0, |job| job.number);
                refused.push(format!("#{number}: {}", refusal.detail));
            }
            // Not there for them.
            Err(ApiError::Refused(_) | ApiError::Request(_)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(refused)
}

async fn edited(ctx: &Ctx, id: CanvasId, edit: Edit) -> Result<(), ApiError> {
    let done = ctx.live.edit_canvas(id, vec![edit], vec![]).await.map_err(failed)?;
    done.map_err(|error| Refusal::state(Rule::Can7, error.to_string()))?;
    Ok(())
}

/// Makes a group stand for no folder. Jobs and cards stay where they are.
#[utoipa::path(tag = "canvases", params(("canvas" = CanvasId, Path), ("object" = String, Path)), responses((status = 204), (status = "default", body = Problem, content_type = "application/problem+json")))]
#[delete("/canvases/{canvas}/folders/{object}")]
async fn delete_folder(ctx: Ctx, caller: Caller, path: web::Path<(CanvasId, String)>) -> Result<HttpResponse, ApiError> {
    let (id, object) = path.into_inner();
    let (found, who) = reach_canvas(&mut *ctx.read().await?, caller.id(), id).await?;
    canvas::may_edit(&found, who)?;
    let unbound = object.clone();
    ctx.store
        .write(async move |tx: &mut Tx| canvases::unbind_folder(tx, id, &unbound).await)
        .await?;
    edited(&ctx, id, Edit::Folder { object, folder: None }).await?;
    Ok(HttpResponse::NoContent().finish())
}
