//! Canvases: `/workspaces/{ws}/canvases`, `/canvases/{canvas}` with export and import (CAN-1, CAN-3, CAN-11).

use super::{
    auth::Caller,
    extract::{Json, Paging, page},
    idempotency,
    problem::{ApiError, Fault},
    reach,
};
use crate::{
    actors::CommandError,
    context::{Ctx, who},
};
use actix_web::{HttpResponse, delete, get, patch, post, web};
use coord_canvas::model::{self, Edit};
use coord_domain::{
    Refusal, canvas,
    rights::{self, Act, Who},
    validate,
};
use coord_protocol::{
    Page,
    account::Person,
    canvas::{Canvas, CanvasFile, DuplicateCanvas, Imported, NewCanvas, PatchCanvas},
    id::{CanvasId, JobId, UserId, WorkspaceId},
    problem::Problem,
    rule::Rule,
};
use coord_store::{Conn, StoreError, Tx, accounts, audit, canvases, feed, files, jobs, members};
use serde_json::{Value, json};
use std::collections::HashMap;
use utoipa_actix_web::service_config::ServiceConfig;

pub fn routes(cfg: &mut ServiceConfig<'_>) {
    cfg.service(list_canvases)
        .service(create_canvas)
        .service(get_canvas)
        .service(patch_canvas)
        .service(delete_canvas)
        .service(duplicate_canvas)
        .service(export_canvas)
        .service(import_canvas);
}

/// The canvas and the caller's place in its workspace, when they may see it.
pub(super) async fn reach_canvas(conn: &mut Conn, user: UserId, id: CanvasId) -> Result<(Canvas, Who), ApiError> {
    let canvas = canvases::get(conn, id).await?.ok_or_else(ApiError::not_found)?;
    let who = who(conn, canvas.workspace, user).await?;
    rights::may(who, Act::See, None)?;
    Ok((canvas, who))
}

/// What an actor answered instead of what it was asked for.
pub(super) fn failed(error: CommandError) -> ApiError {
    match error {
        CommandError::Store(error) => error.into(),
        CommandError::NotFound => ApiError::not_found(),
        CommandError::Refused(refused) => ApiError::Refused(refused.refusal),
        CommandError::Died => ApiError::unavailable("that was interrupted; look at what it did and try again"),
    }
}

fn person(caller: &Caller) -> Person {
    Person {
        id: caller.user.id,
        name: caller.user.name.clone(),
    }
}

/// The canvases of a workspace, oldest first.
#[utoipa::path(tag = "canvases", params(("ws" = WorkspaceId, Path), Paging), responses((status = 200, body = Page<Canvas>), (status = "default", body = Problem, content_type = "application/problem+json")))]
#[get("/workspaces/{ws}/canvases")]
async fn list_canvases(
    ctx: Ctx,
    caller: Caller,
    ws: web::Path<WorkspaceId>,
    paging: web::Query<Paging>,
) -> Result<web::Json<Page<Canvas>>, ApiError> {
    let limit = paging.limit()?;
    let mut conn = ctx.read().await?;
    rights::may(who(&mut conn, *ws, caller.id()).await?, Act::See, None)?;
    let items = canvases::list(&mut conn, *ws, paging.after()?, limit + 1).await?;
    Ok(web::Json(page(items, limit, |canvas| canvas.id.to_string())))
}

/// Enters a new canvas, its document and what tells of it.
async fn enter(tx: &mut Tx, canvas: &Canvas, document: &[u8], entry: &audit::Entry) -> Result<i64, ApiError> {
    if canvases::count(tx, canvas.workspace).await? >= canvas::MAX_CANVASES {
        let detail = format!("a workspace has at most {} canvases", canvas::MAX_CANVASES);
        return Err(Refusal::state(Rule::Can1, detail).into());
    }
    canvases::insert(tx, canvas).await?;
    canvases::append(tx, canvas.id, 1, document).await?;
    audit::append(tx, entry).await?;
    Ok(feed::append(
        tx,
        canvas.workspace,
        canvas.created_at,
        "canvas.changed",
        None,
        &json!({ "canvas": canvas.id, "by": entry.actor, "act": "created" }),
    )
    .await?)
}

/// A new canvas of the caller's.
fn new_canvas(ctx: &Ctx, caller: &Caller, workspace: WorkspaceId, name: &str) -> Result<Canvas, ApiError> {
    validate::name(Rule::Can1, "name", name)?;
    let now = ctx.now();
    Ok(Canvas {
        id: CanvasId(ctx.ids.uuid()),
        workspace,
        name: name.trim().to_owned(),
        created_by: Some(person(caller)),
        created_at: now,
        updated_at: now,
        locked: false,
        editor: None,
        version: 1,
    })
}

fn inconsistent(error: impl std::fmt::Display) -> ApiError {
    StoreError::inconsistent("canvas_updates", error).into()
}

/// Makes an empty canvas.
#[utoipa::path(tag = "canvases", params(("ws" = WorkspaceId, Path), ("Idempotency-Key" = Option<String>, Header)), request_body = NewCanvas, responses((status = 201, body = Canvas), (status = "default", body = Problem, content_type = "application/problem+json")))]
#[post("/workspaces/{ws}/canvases")]
async fn create_canvas(ctx: Ctx, ws: web::Path<WorkspaceId>, body: Json<NewCanvas>) -> Result<HttpResponse, ApiError> {
    let (ws, user) = (ws.into_inner(), body.caller.id());
    let canvas = new_canvas(&ctx, &body.caller, ws, &body.value.name)?;
    let document = model::edit(&[0, 0], ctx.ids.client(), &[Edit::SetSchema]).map_err(inconsistent)?;
    let document = document.update.unwrap_or_else(|| vec![0, 0]);
    let entry = ctx.audit(
        &body.caller.actor(),
        "canvas.create",
        Some(ws),
        canvas.id,
        json!({ "name": canvas.name }),
    );
    let unit = async move |tx: &mut Tx| -> Result<(Canvas, i64), ApiError> {
        rights::may(who(tx, ws, user).await?, Act::Create, None)?;
        let seq = enter(tx, &canvas, &document, &entry).await?;
        Ok((canvas.clone(), seq))
    };
    idempotency::create(&ctx, body.key, None, unit, move |live, seq| live.feed_committed(ws, *seq)).await
}

/// A canvas; its document travels over `/canvases/{canvas}/sync`.
#[utoipa::path(tag = "canvases", params(("canvas" = CanvasId, Path)), responses((status = 200, body = Canvas), (status = "default", body = Problem, content_type = "application/problem+json")))]
#[get("/canvases/{canvas}")]
async fn get_canvas(ctx: Ctx, caller: Caller, canvas: web::Path<CanvasId>) -> Result<web::Json<Canvas>, ApiError> {
    let (canvas, _) = reach_canvas(&mut *ctx.read().await?, caller.id(), *canvas).await?;
    Ok(web::Json(canvas))
}

/// The word for Activity.
fn what_changed(before: &Canvas, after: &Canvas) -> &'static str {
    match (before.name != after.name, before.locked, after.locked) {
        (true, ..) => "renamed",
        (false, false, true) => "locked",
        (false, true, false) => "unlocked",
        (false, ..) => "handed_over",
    }
}

/// Renames a canvas, locks or unlocks it, hands its edit right over.
#[utoipa::path(tag = "canvases", params(("canvas" = CanvasId, Path)), request_body = PatchCanvas, responses((status = 200, body = Canvas), (status = "default", body = Problem, content_type = "application/problem+json")))]
#[patch("/canvases/{canvas}")]
async fn patch_canvas(ctx: Ctx, canvas: web::Path<CanvasId>, body: Json<PatchCanvas>) -> Result<web::Json<Canvas>, ApiError> {
    let (id, now, me, change) = (canvas.into_inner(), ctx.now(), person(&body.caller), body.value);
    let detail = json!({ "name": change.name, "locked": change.locked, "editor": change.editor });
    let entry = ctx.audit(&body.caller.actor(), "canvas.change", None, id, detail);
    let unit = async move |tx: &mut Tx| -> Result<(Canvas, i64), ApiError> {
        let (canvas, who) = reach_canvas(tx, me.id, id).await?;
        if let Some(seen) = change.if_version
            && seen != canvas.version
        {
            let current = serde_json::to_value(&canvas).unwrap_or(Value::Null);
            return Err(ApiError::Stale(Refusal::stale(seen, canvas.version), Box::new(current)));
        }
        let mut editor = None;
        if let Some(user) = change.editor
            && let Some(role) = members::role(tx, canvas.workspace, user).await?
            && let Some(user) = accounts::get(tx, user).await?
        {
            let person = Person {
                id: user.id,
                name: user.name,
            };
            editor = Some((person, role));
        }
        let editor = editor.as_ref().map(|(person, role)| (person, *role));
        let mut after = canvas::patched(&canvas, &change, who, &me, editor)?;
        canvases::update(tx, &after).await?;
        after.version += 1;
        let entry = audit::Entry {
            workspace: Some(canvas.workspace),
            ..entry.clone()
        };
        audit::append(tx, &entry).await?;
        let payload = json!({ "canvas": id, "by": me.id, "act": what_changed(&canvas, &after) });
        let seq = feed::append(tx, canvas.workspace, now, "canvas.changed", None, &payload).await?;
        Ok((after, seq))
    };
    let (canvas, _) = ctx
        .commit(unit, |live, (canvas, seq)| {
            live.canvas_changed(canvas);
            live.feed_committed(canvas.workspace, *seq);
        })
        .await?;
    Ok(web::Json(canvas))
}

/// Deletes a canvas with its document. The jobs on it stay.
#[utoipa::path(tag = "canvases", params(("canvas" = CanvasId, Path)), responses((status = 204), (status = "default", body = Problem, content_type = "application/problem+json")))]
#[delete("/canvases/{canvas}")]
async fn delete_canvas(ctx: Ctx, caller: Caller, canvas: web::Path<CanvasId>) -> Result<HttpResponse, ApiError> {
    let (id, user, now) = (canvas.into_inner(), caller.id(), ctx.now());
    let entry = ctx.audit(&caller.actor(), "canvas.delete", None, id, json!({}));
    let unit = async move |tx: &mut Tx| -> Result<(Vec<files::Key>, WorkspaceId, i64), ApiError> {
        let (canvas, who) = reach_canvas(tx, user, id).await?;
        canvas::may_delete(&canvas, who)?;
        let images = canvases::image_keys(tx, id).await?;
        canvases::delete(tx, id).await?;
        let entry = audit::Entry {
            workspace: Some(canvas.workspace),
            detail: json!({ "name": canvas.name }),
            ..entry.clone()
        };
        audit::append(tx, &entry).await?;
        let payload = json!({ "canvas": id, "by": user, "name": canvas.name });
        let seq = feed::append(tx, canvas.workspace, now, "canvas.deleted", None, &payload).await?;
        Ok((images, canvas.workspace, seq))
    };
    let (images, ..) = ctx
        .commit(unit, move |live, (_, ws, seq)| {
            live.canvas_deleted(id);
            live.feed_committed(*ws, *seq);
        })
        .await?;
    ctx.files.delete(&images).await;
    Ok(HttpResponse::NoContent().finish())
}

/// Copies a canvas: what is on it now, without its history.
#[utoipa::path(tag = "canvases", params(("canvas" = CanvasId, Path), ("Idempotency-Key" = Option<String>, Header)), request_body = DuplicateCanvas, responses((status = 201, body = Canvas), (status = "default", body = Problem, content_type = "application/problem+json")))]
#[post("/canvases/{canvas}/duplicate")]
async fn duplicate_canvas(ctx: Ctx, canvas: web::Path<CanvasId>, body: Json<DuplicateCanvas>) -> Result<HttpResponse, ApiError> {
    let (id, user) = (canvas.into_inner(), body.caller.id());
    let (of, who) = reach_canvas(&mut *ctx.read().await?, user, id).await?;
    rights::may(who, Act::Create, None)?;
    let name = body.value.name.unwrap_or_else(|| copy_name(&of.name));
    let copy = new_canvas(&ctx, &body.caller, of.workspace, &name)?;
    let view = ctx.live.canvas_view(id).await.map_err(failed)?;
    let file = model::to_file(&view, &name, |_| None);
    let ids = file.objects.iter().map(|object| object.id.clone());
    let ids = ids.chain(file.links.iter().map(|link| link.id.clone())).collect();
    let document = model::edit(&[0, 0], ctx.ids.client(), &[Edit::SetSchema, Edit::Insert { file, ids }]).map_err(inconsistent)?;
    let document = document.update.unwrap_or_else(|| vec![0, 0]);
    let entry = ctx.audit(
        &body.caller.actor(),
        "canvas.create",
        Some(of.workspace),
        copy.id,
        json!({ "name": name, "of": id }),
    );
    let ws = of.workspace;
    let unit = async move |tx: &mut Tx| -> Result<(Canvas, i64), ApiError> {
        rights::may(crate::context::who(tx, ws, user).await?, Act::Create, None)?;
        let seq = enter(tx, &copy, &document, &entry).await?;
        Ok((copy.clone(), seq))
    };
    idempotency::create(&ctx, body.key, None, unit, move |live, seq| live.feed_committed(ws, *seq)).await
}

fn copy_name(name: &str) -> String {
    let start: String = name.chars().take(190).collect();
    format!("{start} (copy)")
}

/// Everything on a canvas. Of jobs you may see also title and state (CAN-5).
#[utoipa::path(tag = "canvases", params(("canvas" = CanvasId, Path)), responses((status = 200, body = CanvasFile), (status = "default", body = Problem, content_type = "application/problem+json")))]
#[get("/canvases/{canvas}/export.json")]
async fn export_canvas(ctx: Ctx, caller: Caller, canvas: web::Path<CanvasId>) -> Result<HttpResponse, ApiError> {
    let (canvas, who) = reach_canvas(&mut *ctx.read().await?, caller.id(), *canvas).await?;
    let view = ctx.live.canvas_view(canvas.id).await.map_err(failed)?;
    let mut told: HashMap<JobId, (String, String)> = HashMap::new();
    for job in view.objects.iter().filter_map(|object| object.job) {
        let found = jobs::get(&mut *ctx.read().await?, job).await?;
        // A card can name any job: one of another workspace says no more here than one that is not there.
        let found = found.filter(|job| job.workspace == canvas.workspace && rights::may(who, Act::See, Some(&job.access)).is_ok());
        if let Some(job) = found {
            let view = reach::view(&ctx, who, job).await?;
            let state = serde_json::to_value(view.state)
                .ok()
                .and_then(|state| Some(state.as_str()?.to_owned()));
            told.insert(view.id, (view.title, state.unwrap_or_default()));
        }
    }
    let file = model::to_file(&view, &canvas.name, |job| told.get(&job).cloned());
    Ok(HttpResponse::Ok()
        .insert_header(("content-disposition", "attachment; filename=\"canvas.json\""))
        .json(file))
}

/// Adds what is in a file to a canvas, under new ids, above what is there.
#[utoipa::path(tag = "canvases", params(("canvas" = CanvasId, Path)), request_body = CanvasFile, responses((status = 200, body = Imported), (status = "default", body = Problem, content_type = "application/problem+json")))]
#[post("/canvases/{canvas}/import")]
async fn import_canvas(ctx: Ctx, canvas: web::Path<CanvasId>, body: Json<CanvasFile>) -> Result<web::Json<Imported>, ApiError> {
    let (found, who) = reach_canvas(&mut *ctx.read().await?, body.caller.id(), *canvas).await?;
    canvas::may_edit(&found, who)?;
    let file = body.value;
    if let Err(faults) = model::from_file(&file) {
        let (field, why) = faults.into_iter().next().unwrap_or_default();
        let mut error = ApiError::invalid(&field, why);
        if let ApiError::Request(fault) = &mut error {
            Fault::set_rule(fault, Rule::Can11);
        }
        return Err(error);
    }
    let imported = Imported {
        objects: file.objects.len(),
        links: file.links.len(),
    };
    let ids = (0..imported.objects + imported.links)
        .map(|_| ctx.ids.uuid().simple().to_string())
        .collect();
    let entry = ctx.audit(
        &body.caller.actor(),
        "canvas.import",
        Some(found.workspace),
        found.id,
        json!(imported),
    );
    let done = ctx
        .live
        .edit_canvas(found.id, vec![Edit::Insert { file, ids }], vec![])
        .await
        .map_err(failed)?;
    done.map_err(|error| ApiError::from(Refusal::state(Rule::Can11, error.to_string())))?;
    ctx.store.write(async move |tx: &mut Tx| audit::append(tx, &entry).await).await?;
    Ok(web::Json(imported))
}
