//! Invitations: `/workspaces/{ws}/invitations`, `/invitations/{code}/accept` (ACC-2).

use super::{
    auth::{Caller, secret_hash},
    extract::Json,
    idempotency::{self, Secret},
    problem::ApiError,
};
use crate::{
    actors::Revoked,
    context::{Ctx, who},
};
use actix_web::{HttpRequest, HttpResponse, post, web};
use coord_domain::people::{self, INVITATION_MS, Invited};
use coord_protocol::{
    id::WorkspaceId,
    problem::Problem,
    workspace::{Invitation, NewInvitation, Workspace},
};
use coord_store::{StoreError, Tx, audit, feed, invitations, members, workspaces};
use serde_json::json;
use utoipa_actix_web::service_config::ServiceConfig;

pub fn routes(cfg: &mut ServiceConfig<'_>) {
    cfg.service(create_invitation).service(accept_invitation);
}

/// Invites somebody by e-mail address for one role. The code is in this answer only; send the link yourself.
#[utoipa::path(tag = "members", params(("ws" = WorkspaceId, Path), ("Idempotency-Key" = Option<String>, Header)), request_body = NewInvitation, responses((status = 201, body = Invitation), (status = "default", body = Problem, content_type = "application/problem+json")))]
#[post("/workspaces/{ws}/invitations")]
async fn create_invitation(
    ctx: Ctx,
    request: HttpRequest,
    ws: web::Path<WorkspaceId>,
    body: Json<NewInvitation>,
) -> Result<HttpResponse, ApiError> {
    let Json { caller, value: new, key } = body;
    let (ws, user, now) = (ws.into_inner(), caller.id(), ctx.now());
    let code = ctx.ids.secret("");
    let expires_at = now.plus_ms(INVITATION_MS);
    let base = ctx.config.base_url.clone().unwrap_or_else(|| {
        let connection = request.connection_info();
        format!("{}://{}", connection.scheme(), connection.host())
    });
    let code_hash = secret_hash(&code);
    let entry = ctx.audit(
        &caller.actor(),
        "invitation.create",
        Some(ws),
        new.email.trim().to_lowercase(),
        json!({ "role": new.role }),
    );
    let unit = async move |tx: &mut Tx| -> Result<(serde_json::Value, ()), ApiError> {
        people::invite(who(tx, ws, user).await?, new.role)?;
        let invitation = invitations::Invitation {
            code_hash: code_hash.clone(),
            workspace: ws,
            email: people::email(&new.email)?,
            role: new.role,
            created_by: user,
            expires_at,
            accepted_at: None,
        };
        invitations::insert(tx, &invitation).await?;
        audit::append(tx, &entry).await?;
        Ok((json!({ "expires_at": expires_at }), ()))
    };
    // The link holds the code, so both stay out of the store.
    let secret = Secret {
        field: "code",
        value: code,
    };
    let url = format!("{base}/invitations/");
    idempotency::create_with(
        &ctx,
        key,
        Some(secret),
        unit,
        |_, ()| {},
        move |answer| {
            if let Some(code) = answer.get("code").and_then(|code| code.as_str()) {
                let url = format!("{url}{code}");
                answer["url"] = json!(url);
            }
        },
    )
    .await
}

/// Accepts an invitation: you become a member. It must have been sent to your account's address.
#[utoipa::path(tag = "members", params(("code" = String, Path)), responses((status = 200, body = Workspace), (status = "default", body = Problem, content_type = "application/problem+json")))]
#[post("/invitations/{code}/accept")]
async fn accept_invitation(ctx: Ctx, caller: Caller, code: web::Path<String>) -> Result<web::Json<Workspace>, ApiError> {
    let (hash, user, now) = (secret_hash(&code), caller.user.clone(), ctx.now());
    let by = caller.actor();
    let context = ctx.clone();
    let entry_id = context.ids.uuid().to_string();
    let unit = async move |tx: &mut Tx| -> Result<(Workspace, i64), ApiError> {
        let invitation = invitations::by_hash(tx, &hash).await?.ok_or_else(ApiError::not_found)?;
        let ws = invitation.workspace;
        let invited = Invited {
            email: &invitation.email,
            expires_at: invitation.expires_at,
            accepted: invitation.accepted_at.is_some(),
        };
        people::accept(invited, &user.email, now)?;
        if !invitations::accept(tx, &hash, now).await? {
            return Err(people::accept(Invited { accepted: true, ..invited }, &user.email, now)
                .map_or_else(ApiError::from, |()| ApiError::not_found()));
        }
        match members::insert(tx, ws, user.id, invitation.role, now).await {
            Ok(()) => {}
            Err(StoreError::Unique { .. }) => return Err(people::already_member().into()),
            Err(other) => return Err(other.into()),
        }
        let seq = feed::append(tx, ws, now, "member.changed", None, &json!({ "user": user.id })).await?;
        audit::append(
            tx,
            &audit::Entry {
                id: entry_id.clone(),
                at: now,
                workspace: Some(ws),
                actor: by.user,
                via: by.via,
                act: "invitation.accept",
                target: user.id.to_string(),
                detail: json!({ "role": invitation.role }),
                address: by.address.map(|address| address.to_string()),
            },
        )
        .await?;
        let workspace = workspaces::get(tx, ws, user.id).await?.ok_or_else(ApiError::not_found)?;
        Ok((workspace, seq))
    };
    let user = caller.id();
    let (workspace, _) = ctx
        .commit(unit, move |live, (workspace, seq)| {
            live.revoke(Revoked::Member(workspace.id, user));
            live.feed_committed(workspace.id, *seq);
        })
        .await?;
    Ok(web::Json(workspace))
}
