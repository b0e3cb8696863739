//! Runners: `/runners`, `/workspaces/{ws}/runners` (RUN-1, RUN-3, RUN-4).

use super::{
    auth::{Caller, secret_hash},
    extract::{Json, Paging, page},
    idempotency::{self, Secret},
    problem::ApiError,
};
use crate::{
    actors::{Live, Revoked},
    context::{Ctx, who},
};
use actix_web::{HttpResponse, delete, get, patch, post, put, web};
use coord_domain::{
    rights::{Act, may},
    validate,
};
use coord_protocol::{
    Page,
    id::{RunnerId, UserId, WorkspaceId},
    problem::Problem,
    rule::Rule,
    runner::{self, CreatedRunner, NewRunner, PatchRunner, RunnerView},
    time::Timestamp,
    workspace::Role,
};
use coord_store::{Conn, StoreError, Tx, audit, feed, members, runners};
use serde_json::{Value, json};
use utoipa_actix_web::service_config::ServiceConfig;

pub fn routes(cfg: &mut ServiceConfig<'_>) {
    cfg.service(list_runners)
        .service(create_runner)
        .service(patch_runner)
        .service(delete_runner)
        .service(list_workspace_runners)
        .service(disable_runner)
        .service(enable_runner);
}

/// Appends `kind` to the feed of every workspace the runner serves, and returns their new positions.
pub(super) async fn tell_workspaces(
    tx: &mut Tx,
    owner: UserId,
    id: RunnerId,
    at: Timestamp,
    kind: &str,
) -> Result<Vec<(WorkspaceId, i64)>, StoreError> {
    let mut told = vec![];
    for ws in served_by(tx, owner).await? {
        told.push((
            ws,
            feed::append(tx, ws, at, kind, None, &json!({ "runner": id, "owner": owner })).await?,
        ));
    }
    Ok(told)
}

/// The workspaces an account's runners serve: where it is a member and no viewer, in the order of their ids, so that units that
/// touch several feeds never wait for one another in a circle.
async fn served_by(conn: &mut Conn, owner: UserId) -> Result<Vec<WorkspaceId>, StoreError> {
    let all = members::of_user(conn, owner).await?;
    Ok(all.into_iter().filter(|(_, role)| *role > Role::Viewer).map(|(ws, _)| ws).collect())
}

pub(super) fn committed(live: &Live, told: &[(WorkspaceId, i64)]) {
    for (ws, seq) in told {
        live.feed_committed(*ws, *seq);
        live.runners_changed(*ws);
    }
}

/// Your runners, oldest first.
#[utoipa::path(tag = "runners", params(Paging), responses((status = 200, body = Page<RunnerView>), (status = "default", body = Problem, content_type = "application/problem+json")))]
#[get("/runners")]
async fn list_runners(ctx: Ctx, caller: Caller, paging: web::Query<Paging>) -> Result<web::Json<Page<RunnerView>>, ApiError> {
    let limit = paging.limit()?;
    let items = runners::list(&mut *ctx.read().await?, caller.id(), paging.after()?, limit + 1).await?;
    let items = items.into_iter().map(|runner| ctx.live.runner_view(runner, false)).collect();
    Ok(web::Json(page(items, limit, |runner: &RunnerView| runner.id.to_string())))
}

/// Registers a runner to your account. Its token is in this answer only.
#[utoipa::path(tag = "runners", request_body = NewRunner, params(("Idempotency-Key" = Option<String>, Header)), responses((status = 201, body = CreatedRunner), (status = "default", body = Problem, content_type = "application/problem+json")))]
#[post("/runners")]
async fn create_runner(ctx: Ctx, body: Json<NewRunner>) -> Result<HttpResponse, ApiError> {
    let Json { caller, value: new, key } = body;
    validate::name(Rule::Run1, "name", &new.name)?;
    let (id, now, owner) = (RunnerId(ctx.ids.uuid()), ctx.now(), caller.id());
    let secret = ctx.ids.secret(runner::TOKEN_PREFIX);
    let hash = secret_hash(&secret);
    let name = new.name.trim().to_owned();
    let entry = ctx.audit(
        &caller.actor(),
        "runner.register",
        None,
        id,
        json!({ "name": name, "shared": new.shared }),
    );
    let unit = async move |tx: &mut Tx| {
        runners::insert(tx, id, owner, &name, new.shared, &hash, now).await?;
        let told = tell_workspaces(tx, owner, id, now, "runner.changed").await?;
        audit::append(tx, &entry).await?;
        Ok((json!({ "id": id }), told))
    };
    let secret = Secret {
        field: "token",
        value: secret,
    };
    idempotency::create(&ctx, key, Some(secret), unit, |live, told| committed(live, told)).await
}

/// Renames or shares one of your runners.
#[utoipa::path(tag = "runners", params(("runner" = RunnerId, Path)), request_body = PatchRunner, responses((status = 200, body = RunnerView), (status = "default", body = Problem, content_type = "application/problem+json")))]
#[patch("/runners/{runner}")]
async fn patch_runner(ctx: Ctx, id: web::Path<RunnerId>, body: Json<PatchRunner>) -> Result<web::Json<RunnerView>, ApiError> {
    let (id, owner, now, change) = (id.into_inner(), body.caller.id(), ctx.now(), body.value);
    if let Some(name) = &change.name {
        validate::name(Rule::Run3, "name", name)?;
    }
    let entry = ctx.audit(&body.caller.actor(), "runner.change", None, id, json!({}));
    let unit = async move |tx: &mut Tx| -> Result<_, ApiError> {
        let before = runners::get(tx, id).await?.ok_or_else(ApiError::not_found)?;
        if !runners::update(tx, owner, id, change.name.as_deref().map(str::trim), change.shared).await? {
            return Err(ApiError::not_found());
        }
        let runner = runners::get(tx, id).await?.ok_or_else(ApiError::not_found)?;
        let told = tell_workspaces(tx, owner, id, now, "runner.changed").await?;
        let facts = |runner: &runners::Runner| json!({ "name": runner.name, "shared": runner.shared });
        audit::append(tx, &entry.changed(facts(&before), facts(&runner))).await?;
        Ok((runner, told))
    };
    let (runner, _) = ctx.commit(unit, |live, (_, told)| committed(live, told)).await?;
    Ok(web::Json(ctx.live.runner_view(runner, false)))
}

/// Removes one of your runners: its token ends, its connection closes, and the jobs it holds go to others once their leases lapse.
#[utoipa::path(tag = "runners", params(("runner" = RunnerId, Path)), responses((status = 204), (status = "default", body = Problem, content_type = "application/problem+json")))]
#[delete("/runners/{runner}")]
async fn delete_runner(ctx: Ctx, caller: Caller, id: web::Path<RunnerId>) -> Result<HttpResponse, ApiError> {
    let (id, owner, now) = (id.into_inner(), caller.id(), ctx.now());
    let entry = ctx.audit(&caller.actor(), "runner.remove", None, id, json!({}));
    let unit = async move |tx: &mut Tx| -> Result<_, ApiError> {
        let runner = runners::get(tx, id).await?.ok_or_else(ApiError::not_found)?;
        if !runners::delete(tx, owner, id).await? {
            return Err(ApiError::not_found());
        }
        let entry = entry.changed(json!({ "name": runner.name, "shared": runner.shared }), Value::Null);
        let told = tell_workspaces(tx, owner, id, now, "runner.removed").await?;
        audit::append(tx, &entry).await?;
        Ok(told)
    };
    ctx.commit(unit, move |live, told| {
        live.revoke(Revoked::Runner(id));
        committed(live, told);
    })
    .await?;
    Ok(HttpResponse::NoContent().finish())
}

/// The runners that serve a workspace, oldest first, as seen from there.
#[utoipa::path(tag = "runners", params(("ws" = WorkspaceId, Path), Paging), responses((status = 200, body = Page<RunnerView>), (status = "default", body = Problem, content_type = "application/problem+json")))]
#[get("/workspaces/{ws}/runners")]
async fn list_workspace_runners(
    ctx: Ctx,
    caller: Caller,
    ws: web::Path<WorkspaceId>,
    paging: web::Query<Paging>,
) -> Result<web::Json<Page<RunnerView>>, ApiError> {
    let (ws, limit) = (ws.into_inner(), paging.limit()?);
    let mut conn = ctx.read().await?;
    may(who(&mut conn, ws, caller.id()).await?, Act::See, None)?;
    let items = runners::serving(&mut conn, ws, paging.after()?, limit + 1).await?;
    let items = items
        .into_iter()
        .map(|(runner, disabled)| ctx.live.runner_view(runner, disabled))
        .collect();
    Ok(web::Json(page(items, limit, |runner: &RunnerView| runner.id.to_string())))
}

async fn switch(ctx: Ctx, caller: Caller, ws: WorkspaceId, id: RunnerId, disabled: bool) -> Result<HttpResponse, ApiError> {
    let (user, now) = (caller.id(), ctx.now());
    let act = if disabled { "runner.disable" } else { "runner.enable" };
    let entry = ctx.audit(&caller.actor(), act, Some(ws), id, json!({}));
    let unit = async move |tx: &mut Tx| -> Result<Option<i64>, ApiError> {
        may(who(tx, ws, user).await?, Act::Administer, None)?;
        let runner = runners::get(tx, id).await?.ok_or_else(ApiError::not_found)?;
        // A runner that does not serve this workspace does not exist for it; one switched off here can always be switched on.
        if disabled
            && members::role(tx, ws, runner.owner.id)
                .await?
                .is_none_or(|role| role == Role::Viewer)
        {
            return Err(ApiError::not_found());
        }
        if !runners::set_disabled(tx, ws, id, disabled).await? {
            return Ok(None);
        }
        let seq = feed::append(
            tx,
            ws,
            now,
            "runner.changed",
            None,
            &json!({ "runner": id, "owner": runner.owner.id }),
        )
        .await?;
        let entry = entry.changed(json!({ "disabled": !disabled }), json!({ "disabled": disabled }));
        audit::append(tx, &entry).await?;
        Ok(Some(seq))
    };
    ctx.commit(unit, move |live, seq| {
        if let Some(seq) = seq {
            live.feed_committed(ws, *seq);
            live.runners_changed(ws);
        }
    })
    .await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Switches a runner off for a workspace: no new claims from there; what runs goes on.
#[utoipa::path(tag = "runners", params(("ws" = WorkspaceId, Path), ("runner" = RunnerId, Path)), responses((status = 204), (status = "default", body = Problem, content_type = "application/problem+json")))]
#[put("/workspaces/{ws}/runners/{runner}/disabled")]
async fn disable_runner(ctx: Ctx, caller: Caller, path: web::Path<(WorkspaceId, RunnerId)>) -> Result<HttpResponse, ApiError> {
    let (ws, id) = path.into_inner();
    switch(ctx, caller, ws, id, true).await
}

/// Switches a runner on again for a workspace.
#[utoipa::path(tag = "runners", params(("ws" = WorkspaceId, Path), ("runner" = RunnerId, Path)), responses((status = 204), (status = "default", body = Problem, content_type = "application/problem+json")))]
#[delete("/workspaces/{ws}/runners/{runner}/disabled")]
async fn enable_runner(ctx: Ctx, caller: Caller, path: web::Path<(WorkspaceId, RunnerId)>) -> Result<HttpResponse, ApiError> {
    let (ws, id) = path.into_inner();
    switch(ctx, caller, ws, id, false).await
}
