//! Members: `/workspaces/{ws}/members` (ACC-2).

use super::{
    auth::Caller,
    extract::{Json, Paging, page},
    problem::ApiError,
};
use crate::{
    actors::Revoked,
    context::{Ctx, who},
};
use actix_web::{HttpResponse, delete, get, patch, web};
use coord_domain::{
    people::{self, RoleChange, Target},
    rights::{Act, Who, may},
};
use coord_protocol::{
    Page,
    id::{UserId, WorkspaceId},
    problem::Problem,
    workspace::{Member, PatchMember, Role},
};
use coord_store::{Tx, audit, feed, members, workspaces};
use serde_json::{Value, json};
use utoipa_actix_web::service_config::ServiceConfig;

pub fn routes(cfg: &mut ServiceConfig<'_>) {
    cfg.service(list_members).service(patch_member).service(remove_member);
}

/// The members of a workspace.
#[utoipa::path(tag = "members", params(("ws" = WorkspaceId, Path), Paging), responses((status = 200, body = Page<Member>), (status = "default", body = Problem, content_type = "application/problem+json")))]
#[get("/workspaces/{ws}/members")]
async fn list_members(
    ctx: Ctx,
    caller: Caller,
    ws: web::Path<WorkspaceId>,
    paging: web::Query<Paging>,
) -> Result<web::Json<Page<Member>>, ApiError> {
    let (ws, limit) = (ws.into_inner(), paging.limit()?);
    let mut conn = ctx.read().await?;
    may(who(&mut conn, ws, caller.id()).await?, Act::See, None)?;
    let items = members::list(&mut conn, ws, paging.after()?, limit + 1).await?;
    Ok(web::Json(page(items, limit, |member| member.user.to_string())))
}

/// Roles are decided on more than one row, so units that change them in one workspace wait for one another.
async fn both(tx: &mut Tx, ws: WorkspaceId, user: UserId, other: UserId) -> Result<(Who, Member), ApiError> {
    let who = who(tx, ws, user).await?;
    may(who, Act::See, None)?;
    workspaces::lock(tx, ws).await?;
    let member = members::get(tx, ws, other).await?.ok_or_else(ApiError::not_found)?;
    Ok((crate::context::who(tx, ws, user).await?, member))
}

/// What the feed says of a change: who did what to whom.
pub(super) fn told(by: UserId, user: UserId, act: &str, role: Option<Role>) -> serde_json::Value {
    json!({ "user": user, "by": by, "act": act, "role": role })
}

/// Gives a member another role. `owner` hands the workspace over, which only its owner may; they become an admin.
#[utoipa::path(tag = "members", params(("ws" = WorkspaceId, Path), ("user" = UserId, Path)), request_body = PatchMember, responses((status = 200, body = Member), (status = "default", body = Problem, content_type = "application/problem+json")))]
#[patch("/workspaces/{ws}/members/{user}")]
async fn patch_member(ctx: Ctx, path: web::Path<(WorkspaceId, UserId)>, body: Json<PatchMember>) -> Result<web::Json<Member>, ApiError> {
    let ((ws, other), user, now, role) = (path.into_inner(), body.caller.id(), ctx.now(), body.value.role);
    let act = if role == Role::Owner { "workspace.transfer" } else { "member.role" };
    let entry = ctx.audit(&body.caller.actor(), act, Some(ws), other, json!({}));
    let unit = async move |tx: &mut Tx| -> Result<(Member, Vec<(UserId, i64)>), ApiError> {
        let (who, mut member) = both(tx, ws, user, other).await?;
        let target = Target {
            user: other,
            role: member.role,
        };
        let (mut changed, before) = (Vec::new(), member.role);
        let entry = match people::change_role(who, target, role)? {
            RoleChange::None => return Ok((member, changed)),
            RoleChange::Set(role) => {
                members::set_role(tx, ws, other, role).await?;
                entry.changed(json!({ "role": before }), json!({ "role": role }))
            }
            RoleChange::HandOver => {
                members::set_role(tx, ws, user, Role::Admin).await?;
                members::set_role(tx, ws, other, Role::Owner).await?;
                changed.push((
                    user,
                    feed::append(tx, ws, now, "member.changed", None, &told(user, user, "role", Some(Role::Admin))).await?,
                ));
                entry.changed(json!({ "owner": user, "role": before }), json!({ "owner": other, "role": role }))
            }
        };
        changed.push((
            other,
            feed::append(tx, ws, now, "member.changed", None, &told(user, other, "role", Some(role))).await?,
        ));
        audit::append(tx, &entry).await?;
        member.role = role;
        Ok((member, changed))
    };
    let (member, _) = ctx
        .commit(unit, move |live, (_, changed)| {
            for (user, seq) in changed {
                live.revoke(Revoked::Member(ws, *user));
                live.feed_committed(ws, *seq);
            }
        })
        .await?;
    Ok(web::Json(member))
}

/// Removes a member; everybody but the owner may leave.
#[utoipa::path(tag = "members", params(("ws" = WorkspaceId, Path), ("user" = UserId, Path)), responses((status = 204), (status = "default", body = Problem, content_type = "application/problem+json")))]
#[delete("/workspaces/{ws}/members/{user}")]
async fn remove_member(ctx: Ctx, caller: Caller, path: web::Path<(WorkspaceId, UserId)>) -> Result<HttpResponse, ApiError> {
    let ((ws, other), user, now) = (path.into_inner(), caller.id(), ctx.now());
    let entry = ctx.audit(&caller.actor(), "member.remove", Some(ws), other, json!({}));
    let unit = async move |tx: &mut Tx| -> Result<i64, ApiError> {
        let (who, member) = both(tx, ws, user, other).await?;
        let target = Target {
            user: other,
            role: member.role,
        };
        people::remove(who, target)?;
        let entry = entry.changed(json!({ "role": member.role }), Value::Null);
        members::delete(tx, ws, other).await?;
        let act = if user == other { "left" } else { "removed" };
        let seq = feed::append(tx, ws, now, "member.changed", None, &told(user, other, act, None)).await?;
        audit::append(tx, &entry).await?;
        Ok(seq)
    };
    ctx.commit(unit, move |live, seq| {
        live.revoke(Revoked::Member(ws, other));
        live.feed_committed(ws, *seq);
    })
    .await?;
    Ok(HttpResponse::NoContent().finish())
}
