//! Groups that stand for Backlog folders: `/canvases/{canvas}/folders/{object}` (CAN-7).

use super::{
    auth::Caller,
    canvases::{failed, reach_canvas},
    extract::Json,
    jobs::perform,
    problem::ApiError,
};
use crate::context::Ctx;
use actix_web::{HttpResponse, delete, put, web};
use coord_canvas::model::Edit;
use coord_domain::{
    Refusal, canvas,
    lifecycle::Command,
    rights::{self, Act},
    validate,
};
use coord_protocol::{
    canvas::{GroupFolder, GroupFolderDone},
    id::{CanvasId, JobId, UserId},
    job::PatchJob,
    problem::Problem,
    rule::Rule,
};
use coord_store::{
    StoreError, Tx, audit,
    canvases::{self, Folder},
    jobs,
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
    let name = body.value.folder.trim().to_owned();
    validate::folder(&name)?;
    let (found, who) = reach_canvas(&mut *ctx.read().await?, user, id).await?;
    canvas::may_edit(&found, who)?;
    let view = ctx.live.canvas_view(id).await.map_err(failed)?;
    if view.object(&object).is_none_or(|object| object.kind != "group") {
        return Err(Refusal::state(Rule::Can7, "only a group can stand for a folder").into());
    }
    let mut follow: Vec<JobId> = view
        .objects
        .iter()
        .filter(|card| card.parent.as_deref() == Some(&object))
        .filter_map(|card| card.job)
        .collect();
    {
        let mut conn = ctx.read().await?;
        let before = canvases::folders(&mut conn, id).await?;
        if let Some(before) = before.iter().find(|before| before.object == object && before.name != name) {
            for (job, _) in jobs::in_folder(&mut conn, found.workspace, &before.name).await? {
                if !follow.contains(&job) {
                    follow.push(job);
                }
            }
        }
    }
    let folder = Folder {
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
    let bound = folder.clone();
    let unit = async move |tx: &mut Tx| -> Result<(), StoreError> {
        canvases::bind_folder(tx, &bound).await?;
        audit::append(tx, &entry).await
    };
    ctx.store.write(unit).await.map_err(|error| match error {
        StoreError::Unique { .. } => ApiError::from(Refusal::state(
            Rule::Can7,
            format!("another group of this canvas stands for {name}"),
        )),
        error => error.into(),
    })?;
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
