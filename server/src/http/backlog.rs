//! Folders of the Backlog: `/workspaces/{ws}/folders` (JOB-1, CAN-7, WEB-1).

use super::{
    auth::Caller,
    canvases::failed,
    extract::{Json, Paging, page},
    idempotency,
    problem::ApiError,
};
use crate::{
    actors::{CommandError, FolderChange, backlog},
    context::{Ctx, who},
};
use actix_web::{HttpResponse, delete, get, patch, post, web};
use coord_domain::{
    folder,
    rights::{self, Act},
};
use coord_protocol::{
    Page,
    folder::{Folder, NewFolder, PatchFolder},
    id::{FolderId, WorkspaceId},
    problem::Problem,
};
use coord_store::{Tx, folders};
use serde_json::json;
use utoipa_actix_web::service_config::ServiceConfig;

pub fn routes(cfg: &mut ServiceConfig<'_>) {
    cfg.service(list_folders)
        .service(create_folder)
        .service(change_folder)
        .service(remove_folder);
}

/// The folders of the Backlog, in no particular order: sort those beside one another by `position`, then `path`. A folder exists from when it
/// was made, or a public job came into it, until it is deleted. Folders that only private jobs are in are not told of.
#[utoipa::path(tag = "backlog", params(("ws" = WorkspaceId, Path), Paging), responses((status = 200, body = Page<Folder>), (status = "default", body = Problem, content_type = "application/problem+json")))]
#[get("/workspaces/{ws}/folders")]
async fn list_folders(
    ctx: Ctx,
    caller: Caller,
    ws: web::Path<WorkspaceId>,
    paging: web::Query<Paging>,
) -> Result<web::Json<Page<Folder>>, ApiError> {
    let limit = paging.limit()?;
    let mut conn = ctx.read().await?;
    rights::may(who(&mut conn, *ws, caller.id()).await?, Act::See, None)?;
    let items = folders::list(&mut conn, *ws, paging.after()?, limit + 1).await?;
    Ok(web::Json(page(items, limit, |folder| folder.id.to_string())))
}

/// Makes a folder, the last of those beside it. Folders around it that are missing are made too.
#[utoipa::path(tag = "backlog", params(("ws" = WorkspaceId, Path), ("Idempotency-Key" = Option<String>, Header)), request_body = NewFolder, responses((status = 201, body = Folder), (status = "default", body = Problem, content_type = "application/problem+json")))]
#[post("/workspaces/{ws}/folders")]
async fn create_folder(ctx: Ctx, ws: web::Path<WorkspaceId>, body: Json<NewFolder>) -> Result<HttpResponse, ApiError> {
    let ws = ws.into_inner();
    let ids: Vec<_> = (0..folder::MAX_DEPTH).map(|_| FolderId(ctx.ids.uuid())).collect();
    let by = ctx.audit(&body.caller.actor(), "folder.create", Some(ws), ws, json!({}));
    let path = body.value.path;
    let unit =
        async move |tx: &mut Tx| -> Result<(Folder, i64), ApiError> { backlog::make(tx, &by, ws, &path, &ids).await.map_err(failed) };
    idempotency::create(&ctx, body.key, None, unit, move |live, seq| live.feed_committed(ws, *seq)).await
}

/// Renames a folder, moves it into another or out of it, or puts it elsewhere among those beside it. What is in it comes along: folders, jobs,
/// and what stands for them on canvases. Whoever may create jobs may do this, whosever the jobs are.
#[utoipa::path(tag = "backlog", params(("ws" = WorkspaceId, Path), ("folder" = FolderId, Path)), request_body = PatchFolder, responses((status = 200, body = Folder), (status = "default", body = Problem, content_type = "application/problem+json")))]
#[patch("/workspaces/{ws}/folders/{folder}")]
async fn change_folder(ctx: Ctx, path: web::Path<(WorkspaceId, FolderId)>, body: Json<PatchFolder>) -> Result<web::Json<Folder>, ApiError> {
    let (ws, id) = path.into_inner();
    let by = ctx.audit(&body.caller.actor(), "folder.change", Some(ws), id, json!({}));
    let changed = ctx.live.change_folder(by, ws, id, FolderChange::Patch(body.value)).await;
    let folder = changed.and_then(|folder| folder.ok_or(CommandError::NotFound)).map_err(failed)?;
    Ok(web::Json(folder))
}

/// Removes a folder. Its jobs and the folders in it lie where it lay; where there is a folder of the same name, they join it.
#[utoipa::path(tag = "backlog", params(("ws" = WorkspaceId, Path), ("folder" = FolderId, Path)), responses((status = 204), (status = "default", body = Problem, content_type = "application/problem+json")))]
#[delete("/workspaces/{ws}/folders/{folder}")]
async fn remove_folder(ctx: Ctx, caller: Caller, path: web::Path<(WorkspaceId, FolderId)>) -> Result<HttpResponse, ApiError> {
    let (ws, id) = path.into_inner();
    let by = ctx.audit(&caller.actor(), "folder.delete", Some(ws), id, json!({}));
    ctx.live.change_folder(by, ws, id, FolderChange::Remove).await.map_err(failed)?;
    Ok(HttpResponse::NoContent().finish())
}
