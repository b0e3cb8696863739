//! Invitations: `/workspaces/{ws}/invitations`, `/invitations/{code}` (ACC-2).

use super::{
    accounts::limited,
    auth::{Caller, secret_hash},
    extract::{Json, Paging, page},
    idempotency::{self, Secret},
    limits::INVITE_ACCOUNT,
    problem::ApiError,
};
use crate::{
    actors::Revoked,
    context::{Ctx, who},
    mail::{self, Letter},
};
use actix_web::{HttpRequest, HttpResponse, delete, get, post, web};
use coord_domain::{
    people::{self, INVITATION_MS, Invited},
    rights::{Act, may},
};
use coord_protocol::{
    Page,
    account::User,
    id::{InvitationId, WorkspaceId},
    problem::Problem,
    time::Timestamp,
    workspace::{Invitation, InvitationState, InvitationView, MailState, NewInvitation, PendingInvitation, Role, Workspace},
};
use coord_store::{Conn, StoreError, Tx, accounts, audit, feed, invitations, members, workspaces};
use serde_json::{Value, json};
use utoipa_actix_web::service_config::ServiceConfig;

pub fn routes(cfg: &mut ServiceConfig<'_>) {
    cfg.service(list_invitations)
        .service(create_invitation)
        .service(resend_invitation)
        .service(revoke_invitation)
        .service(get_invitation)
        .service(accept_invitation);
}

/// The beginning of the links that people open: what they called the server by, where nothing else is configured.
fn base_url(ctx: &Ctx, request: &HttpRequest) -> String {
    ctx.config.base_url.clone().unwrap_or_else(|| {
        let connection = request.connection_info();
        format!("{}://{}", connection.scheme(), connection.host())
    })
}

/// How the mail of a new invitation begins.
fn mail_at_first(ctx: &Ctx) -> Option<MailState> {
    ctx.mail.is_on().then_some(MailState::Queued)
}

/// Hands the letter over after its commit; that there was no room for it is noted like any other failure.
async fn post_letter(ctx: &Ctx, invitation: &invitations::Invitation, workspace: String, by: String, code: String) -> Result<(), ApiError> {
    if invitation.mail.is_none() {
        return Ok(());
    }
    let letter = Letter::Invitation {
        id: invitation.id,
        to: invitation.email.clone(),
        code,
        by,
        workspace,
        role: invitation.role,
        expires_at: invitation.expires_at,
    };
    if !ctx.mail.send(letter) {
        mail::note(ctx, invitation.id, Err("too many mails wait to be sent".to_owned())).await?;
    }
    Ok(())
}

/// Everybody who looks at the invitations looks again.
async fn tell(tx: &mut Tx, ws: WorkspaceId, now: Timestamp, id: InvitationId) -> Result<i64, StoreError> {
    feed::append(tx, ws, now, "invitation.changed", None, &json!({ "invitation": id })).await
}

/// Name of the workspace, for letters.
async fn name_of(tx: &mut Tx, ws: WorkspaceId) -> Result<String, ApiError> {
    let (name, ..) = workspaces::facts(tx, ws).await?.ok_or_else(ApiError::not_found)?;
    Ok(name)
}

/// Invitations that nobody accepted yet, newest first; also those whose time is over. For admins.
#[utoipa::path(tag = "members", params(("ws" = WorkspaceId, Path), Paging), responses((status = 200, body = Page<PendingInvitation>), (status = "default", body = Problem, content_type = "application/problem+json")))]
#[get("/workspaces/{ws}/invitations")]
async fn list_invitations(
    ctx: Ctx,
    caller: Caller,
    ws: web::Path<WorkspaceId>,
    paging: web::Query<Paging>,
) -> Result<web::Json<Page<PendingInvitation>>, ApiError> {
    let (ws, limit) = (ws.into_inner(), paging.limit()?);
    let mut conn = ctx.read().await?;
    may(who(&mut conn, ws, caller.id()).await?, Act::Administer, None)?;
    let items = invitations::list(&mut conn, ws, paging.after()?, limit + 1).await?;
    Ok(web::Json(page(items, limit, |invitation| invitation.id.to_string())))
}

/// Invites somebody by e-mail address for one role. The code and the link are in this answer only; where the server sends mail, the link
/// goes to the address too.
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
    let of_account = format!("invitations of {user}");
    ctx.limits.take(&of_account, INVITE_ACCOUNT, now).map_err(limited)?;
    let (id, code) = (InvitationId(ctx.ids.uuid()), ctx.ids.secret(""));
    let (code_hash, mail) = (secret_hash(&code), mail_at_first(&ctx));
    let entry = ctx.audit(
        &caller.actor(),
        "invitation.create",
        Some(ws),
        new.email.trim().to_lowercase(),
        json!({ "role": new.role }),
    );
    let unit = async move |tx: &mut Tx| -> Result<(Value, (i64, invitations::Invitation, String)), ApiError> {
        people::invite(who(tx, ws, user).await?, new.role)?;
        let email = people::email(&new.email)?;
        if let Some(account) = accounts::by_email(tx, &email).await?
            && members::role(tx, ws, account.user.id).await?.is_some()
        {
            return Err(people::is_member(&account.user.name).into());
        }
        let invitation = invitations::Invitation {
            id,
            code_hash: code_hash.clone(),
            workspace: ws,
            email,
            role: new.role,
            created_by: user,
            created_at: now,
            expires_at: now.plus_ms(INVITATION_MS),
            accepted_at: None,
            mail: mail.clone(),
        };
        invitations::insert(tx, &invitation).await?;
        audit::append(tx, &entry).await?;
        let seq = tell(tx, ws, now, id).await?;
        let answer = json!({ "id": id, "expires_at": invitation.expires_at, "mail": invitation.mail });
        Ok((answer, (seq, invitation, name_of(tx, ws).await?)))
    };
    // The link holds the code, so both stay out of the store.
    let secret = Secret {
        field: "code",
        value: code.clone(),
    };
    let url = format!("{}/invitations/", base_url(&ctx, &request));
    let (sending, by) = (ctx.clone(), caller.user.name.clone());
    idempotency::create_with(
        &ctx,
        key,
        Some(secret),
        unit,
        move |live, (seq, invitation, workspace)| {
            live.feed_committed(ws, *seq);
            let (invitation, workspace) = (invitation.clone(), workspace.clone());
            // Not waited for: what comes of it is noted beside the invitation.
            actix_web::rt::spawn(async move {
                if let Err(error) = post_letter(&sending, &invitation, workspace, by, code).await {
                    tracing::error!(?error, "how a mail went was not noted");
                }
            });
        },
        move |answer| {
            if let Some(code) = answer.get("code").and_then(|code| code.as_str()) {
                let url = format!("{url}{code}");
                answer["url"] = json!(url);
            }
        },
    )
    .await
}

/// Makes the link of an invitation anew, good for another seven days; the earlier link ends. Where the server sends mail, it is sent again.
#[utoipa::path(tag = "members", params(("ws" = WorkspaceId, Path), ("invitation" = InvitationId, Path)), responses((status = 200, body = Invitation), (status = "default", body = Problem, content_type = "application/problem+json")))]
#[post("/workspaces/{ws}/invitations/{invitation}/resend")]
async fn resend_invitation(
    ctx: Ctx,
    request: HttpRequest,
    caller: Caller,
    path: web::Path<(WorkspaceId, InvitationId)>,
) -> Result<web::Json<Invitation>, ApiError> {
    let ((ws, id), user, now) = (path.into_inner(), caller.id(), ctx.now());
    let of_account = format!("invitations of {user}");
    ctx.limits.take(&of_account, INVITE_ACCOUNT, now).map_err(limited)?;
    let code = ctx.ids.secret("");
    let (code_hash, mail) = (secret_hash(&code), mail_at_first(&ctx));
    let entry = ctx.audit(&caller.actor(), "invitation.resend", Some(ws), id, json!({}));
    let unit = async move |tx: &mut Tx| -> Result<(invitations::Invitation, String, i64), ApiError> {
        may(who(tx, ws, user).await?, Act::Administer, None)?;
        let earlier = invitations::take_back(tx, ws, id).await?.ok_or_else(ApiError::not_found)?;
        let invitation = invitations::Invitation {
            code_hash: code_hash.clone(),
            expires_at: now.plus_ms(INVITATION_MS),
            mail: mail.clone(),
            ..earlier.clone()
        };
        invitations::insert(tx, &invitation).await?;
        let until = |invitation: &invitations::Invitation| json!({ "expires_at": invitation.expires_at });
        let entry = audit::Entry {
            target: invitation.email.clone(),
            ..entry.changed(until(&earlier), until(&invitation))
        };
        audit::append(tx, &entry).await?;
        let seq = tell(tx, ws, now, id).await?;
        Ok((invitation, name_of(tx, ws).await?, seq))
    };
    let (invitation, workspace, _) = ctx.commit(unit, move |live, (.., seq)| live.feed_committed(ws, *seq)).await?;
    post_letter(&ctx, &invitation, workspace, caller.user.name.clone(), code.clone()).await?;
    Ok(web::Json(Invitation {
        id,
        mail: invitation.mail,
        url: format!("{}/invitations/{code}", base_url(&ctx, &request)),
        code,
        expires_at: invitation.expires_at,
    }))
}

/// Takes an invitation back: its link ends.
#[utoipa::path(tag = "members", params(("ws" = WorkspaceId, Path), ("invitation" = InvitationId, Path)), responses((status = 204), (status = "default", body = Problem, content_type = "application/problem+json")))]
#[delete("/workspaces/{ws}/invitations/{invitation}")]
async fn revoke_invitation(ctx: Ctx, caller: Caller, path: web::Path<(WorkspaceId, InvitationId)>) -> Result<HttpResponse, ApiError> {
    let ((ws, id), user, now) = (path.into_inner(), caller.id(), ctx.now());
    let entry = ctx.audit(&caller.actor(), "invitation.revoke", Some(ws), id, json!({}));
    let unit = async move |tx: &mut Tx| -> Result<i64, ApiError> {
        may(who(tx, ws, user).await?, Act::Administer, None)?;
        let invitation = invitations::take_back(tx, ws, id).await?.ok_or_else(ApiError::not_found)?;
        let entry = audit::Entry {
            target: invitation.email,
            ..entry.changed(json!({ "role": invitation.role }), Value::Null)
        };
        audit::append(tx, &entry).await?;
        Ok(tell(tx, ws, now, id).await?)
    };
    ctx.commit(unit, move |live, seq| live.feed_committed(ws, *seq)).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// What whoever has the link is invited to. Signing in is not needed: the code is the secret.
#[utoipa::path(tag = "members", security(()), params(("code" = String, Path)), responses((status = 200, body = InvitationView), (status = "default", body = Problem, content_type = "application/problem+json")))]
#[get("/invitations/{code}")]
async fn get_invitation(ctx: Ctx, code: web::Path<String>) -> Result<web::Json<InvitationView>, ApiError> {
    let mut conn = ctx.read().await?;
    let found = invitations::by_hash(&mut conn, &secret_hash(&code)).await?;
    let invitation = found.ok_or_else(ApiError::not_found)?;
    let (workspace, ..) = workspaces::facts(&mut conn, invitation.workspace)
        .await?
        .ok_or_else(ApiError::not_found)?;
    let by = accounts::person(&mut conn, invitation.created_by).await?;
    Ok(web::Json(InvitationView {
        workspace,
        email: invitation.email,
        role: invitation.role,
        invited_by: by.map_or_else(|| "former member".to_owned(), |person| person.name),
        expires_at: invitation.expires_at,
        state: match invitation.accepted_at {
            Some(_) => InvitationState::Used,
            None if invitation.expires_at <= ctx.now() => InvitationState::Ended,
            None => InvitationState::Open,
        },
    }))
}

/// The invitation with this hash, when the account with `email` may accept it now.
pub(super) async fn acceptable(conn: &mut Conn, code_hash: &str, email: &str, now: Timestamp) -> Result<invitations::Invitation, ApiError> {
    let invitation = invitations::by_hash(conn, code_hash).await?.ok_or_else(ApiError::not_found)?;
    let invited = Invited {
        email: &invitation.email,
        expires_at: invitation.expires_at,
        accepted: invitation.accepted_at.is_some(),
    };
    people::accept(invited, email, now)?;
    Ok(invitation)
}

/// Makes the account a member by the invitation with this hash; the workspace, and the number of the event. `entry` is completed.
pub(super) async fn join(tx: &mut Tx, code_hash: &str, user: &User, entry: &audit::Entry) -> Result<(WorkspaceId, i64), ApiError> {
    let now = entry.at;
    let invitation = acceptable(tx, code_hash, &user.email, now).await?;
    let ws = invitation.workspace;
    if !invitations::accept(tx, code_hash, now).await? {
        // Somebody was a moment faster; the refusal says so.
        acceptable(tx, code_hash, &user.email, now).await?;
        return Err(ApiError::not_found());
    }
    match members::insert(tx, ws, user.id, invitation.role, now).await {
        Ok(()) => {}
        Err(StoreError::Unique { .. }) => return Err(people::already_member().into()),
        Err(other) => return Err(other.into()),
    }
    let payload = super::members::told(user.id, user.id, "joined", Some(invitation.role));
    let seq = feed::append(tx, ws, now, "member.changed", None, &payload).await?;
    let entry = audit::Entry {
        workspace: Some(ws),
        ..entry.changed(json!({ "role": Option::<Role>::None }), json!({ "role": invitation.role }))
    };
    audit::append(tx, &entry).await?;
    Ok((ws, seq))
}

/// Accepts an invitation: you become a member. It must have been sent to your account's address.
#[utoipa::path(tag = "members", params(("code" = String, Path)), responses((status = 200, body = Workspace), (status = "default", body = Problem, content_type = "application/problem+json")))]
#[post("/invitations/{code}/accept")]
async fn accept_invitation(ctx: Ctx, caller: Caller, code: web::Path<String>) -> Result<web::Json<Workspace>, ApiError> {
    let (hash, user) = (secret_hash(&code), caller.user.clone());
    let entry = ctx.audit(&caller.actor(), "invitation.accept", None, user.id, json!({}));
    let unit = async move |tx: &mut Tx| -> Result<(Workspace, i64), ApiError> {
        let (ws, seq) = join(tx, &hash, &user, &entry).await?;
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
