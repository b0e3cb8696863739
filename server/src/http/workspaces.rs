//! Workspaces: `/workspaces`.

use super::{
    auth::Caller,
    extract::{Json, Paging, page},
    idempotency,
    problem::ApiError,
};
use crate::{
    actors::{Live, Revoked},
    context::{Ctx, who},
};
use actix_web::{HttpResponse, delete, get, patch, post, web};
use coord_domain::{
    Refusal,
    rights::{Act, may},
    settings, validate,
};
use coord_protocol::{
    Page,
    id::WorkspaceId,
    problem::Problem,
    rule::Rule,
    workspace::{NewWorkspace, PatchWorkspace, Role, Workspace, WorkspaceSettings},
};
use coord_store::{StoreError, Tx, audit, feed, files, members, workspaces};
use serde_json::{Value, json};
use utoipa_actix_web::service_config::ServiceConfig;

pub fn routes(cfg: &mut ServiceConfig<'_>) {
    cfg.service(list_workspaces)
        .service(create_workspace)
        .service(get_workspace)
        .service(patch_workspace)
        .service(delete_workspace);
}

/// Letters and digits of the name, for addresses of pages.
fn slug(name: &str) -> String {
    let mut slug = String::new();
    for c in name.to_lowercase().chars() {
        if slug.len() >= 40 {
            break;
        }
        if c.is_ascii_alphanumeric() {
            slug.push(c);
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    let slug = slug.trim_end_matches('-');
    if slug.is_empty() { "workspace".to_owned() } else { slug.to_owned() }
}

/// The slug of the name, with a number after it where others have it.
async fn free_slug(tx: &mut Tx, name: &str, id: WorkspaceId) -> Result<String, StoreError> {
    let plain = slug(name);
    workspaces::lock_slugs(tx).await?;
    if !workspaces::slug_taken(tx, &plain).await? {
        return Ok(plain);
    }
    for n in 2..100 {
        let numbered = format!("{plain}-{n}");
        if !workspaces::slug_taken(tx, &numbered).await? {
            return Ok(numbered);
        }
    }
    Ok(format!("{plain}-{}", id.0.simple()))
}

/// The workspaces you are a member of, oldest first.
#[utoipa::path(tag = "workspaces", params(Paging), responses((status = 200, body = Page<Workspace>), (status = "default", body = Problem, content_type = "application/problem+json")))]
#[get("/workspaces")]
async fn list_workspaces(ctx: Ctx, caller: Caller, paging: web::Query<Paging>) -> Result<web::Json<Page<Workspace>>, ApiError> {
    let limit = paging.limit()?;
    let items = workspaces::list(&mut *ctx.read().await?, caller.id(), paging.after()?, limit + 1).await?;
    Ok(web::Json(page(items, limit, |workspace| workspace.id.to_string())))
}

/// Makes a workspace; you become its owner.
#[utoipa::path(tag = "workspaces", request_body = NewWorkspace, params(("Idempotency-Key" = Option<String>, Header)), responses((status = 201, body = Workspace), (status = "default", body = Problem, content_type = "application/problem+json")))]
#[post("/workspaces")]
async fn create_workspace(ctx: Ctx, body: Json<NewWorkspace>) -> Result<HttpResponse, ApiError> {
    let Json { caller, value: new, key } = body;
    validate::name(Rule::Acc2, "name", &new.name)?;
    let (id, now, user) = (WorkspaceId(ctx.ids.uuid()), ctx.now(), caller.id());
    let name = new.name.trim().to_owned();
    let entry = ctx.audit(&caller.actor(), "workspace.create", Some(id), id, json!({ "name": name }));
    let unit = async move |tx: &mut Tx| {
        let mut workspace = Workspace {
            id,
            name: name.clone(),
            slug: free_slug(tx, &name, id).await?,
            role: Role::Owner,
            settings: WorkspaceSettings::default(),
            version: 1,
            feed_seq: 0,
            created_at: now,
        };
        workspaces::insert(tx, &workspace).await?;
        members::insert(tx, id, user, Role::Owner, now).await?;
        workspace.feed_seq = feed::append(
            tx,
            id,
            now,
            "member.changed",
            None,
            &json!({ "user": user, "by": user, "act": "joined", "role": Role::Owner }),
        )
        .await?;
        audit::append(tx, &entry).await?;
        let seq = workspace.feed_seq;
        Ok((workspace, seq))
    };
    idempotency::create(&ctx, key, None, unit, move |live, seq| {
        live.revoke(Revoked::Member(id, user));
        live.feed_committed(id, *seq);
    })
    .await
}

/// A workspace.
#[utoipa::path(tag = "workspaces", params(("ws" = WorkspaceId, Path)), responses((status = 200, body = Workspace), (status = "default", body = Problem, content_type = "application/problem+json")))]
#[get("/workspaces/{ws}")]
async fn get_workspace(ctx: Ctx, caller: Caller, ws: web::Path<WorkspaceId>) -> Result<web::Json<Workspace>, ApiError> {
    let found = workspaces::get(&mut *ctx.read().await?, ws.into_inner(), caller.id()).await?;
    found.map(web::Json).ok_or_else(ApiError::not_found)
}

/// Changes name and settings.
#[utoipa::path(tag = "workspaces", params(("ws" = WorkspaceId, Path)), request_body = PatchWorkspace, responses((status = 200, body = Workspace), (status = "default", body = Problem, content_type = "application/problem+json")))]
#[patch("/workspaces/{ws}")]
async fn patch_workspace(ctx: Ctx, ws: web::Path<WorkspaceId>, body: Json<PatchWorkspace>) -> Result<web::Json<Workspace>, ApiError> {
    let (id, user, now) = (ws.into_inner(), body.caller.id(), ctx.now());
    let (change, max_upload) = (body.value, ctx.config.max_upload);
    let entry = ctx.audit(&body.caller.actor(), "workspace.change", Some(id), id, json!({}));
    let unit = async move |tx: &mut Tx| -> Result<(Workspace, i64), ApiError> {
        may(who(tx, id, user).await?, Act::Administer, None)?;
        if let Some(name) = &change.name {
            validate::name(Rule::Acc2, "name", name)?;
        }
        let mut workspace = workspaces::get(tx, id, user).await?.ok_or_else(ApiError::not_found)?;
        if let Some(seen) = change.if_version
            && seen != workspace.version
        {
            let current = serde_json::to_value(&workspace).unwrap_or(Value::Null);
            return Err(ApiError::Stale(Refusal::stale(seen, workspace.version), Box::new(current)));
        }
        let before = json!({ "name": workspace.name, "settings": workspace.settings });
        if let Some(name) = &change.name {
            name.trim().clone_into(&mut workspace.name);
        }
        if let Some(change) = &change.settings {
            workspace.settings = settings::changed(workspace.settings, change, max_upload)?;
        }
        workspaces::update(tx, id, workspace.version, &workspace.name, &workspace.settings).await?;
        workspace.version += 1;
        workspace.feed_seq = feed::append(tx, id, now, "workspace.changed", None, &json!({ "by": user })).await?;
        let after = json!({ "name": workspace.name, "settings": workspace.settings });
        audit::append(tx, &entry.changed(before, after)).await?;
        let seq = workspace.feed_seq;
        Ok((workspace, seq))
    };
    let tell = move |live: &Live, (_, seq): &(Workspace, i64)| {
        live.feed_committed(id, *seq);
        // Machines may be told to serve some workspaces only, by their names.
        live.runners_changed(id);
    };
    let (workspace, _) = ctx.commit(unit, tell).await?;
    Ok(web::Json(workspace))
}

/// Deletes a workspace with everything in it. Only its owner may.
#[utoipa::path(tag = "workspaces", params(("ws" = WorkspaceId, Path)), responses((status = 204), (status = "default", body = Problem, content_type = "application/problem+json")))]
#[delete("/workspaces/{ws}")]
async fn delete_workspace(ctx: Ctx, caller: Caller, ws: web::Path<WorkspaceId>) -> Result<HttpResponse, ApiError> {
    let (id, user) = (ws.into_inner(), caller.id());
    let entry = ctx.audit(&caller.actor(), "workspace.delete", Some(id), id, json!({}));
    let unit = async move |tx: &mut Tx| -> Result<Vec<files::Key>, ApiError> {
        may(who(tx, id, user).await?, Act::Own, None)?;
        let workspace = workspaces::get(tx, id, user).await?.ok_or_else(ApiError::not_found)?;
        let entry = entry.changed(json!({ "name": workspace.name, "slug": workspace.slug }), Value::Null);
        let keys = files::keys_of_workspace(tx, id).await?;
        workspaces::delete(tx, id).await?;
        audit::append(tx, &entry).await?;
        Ok(keys)
    };
    let keys = ctx.commit(unit, move |live, _| live.revoke(Revoked::Workspace(id))).await?;
    ctx.files.delete(&keys).await;
    Ok(HttpResponse::NoContent().finish())
}

#[cfg(test)]
mod tests {
    use super::slug;

    #[test]
    fn a_slug_is_safe_in_an_address() {
        for (name, expected) in [
            ("Ada & Bob's Team", "ada-bob-s-team"),
            ("  --  ", "workspace"),
            ("日本", "workspace"),
            ("Ünder/../x", "nder-x"),
            (&"a".repeat(80), &"a".repeat(40)),
        ] {
            assert_eq!(slug(name), expected, "{name}");
        }
    }
}
