//! Your sessions and your password: `/sessions`, `/auth/password` (ACC-1).

use super::{
    accounts::limited,
    auth::{Caller, DAY_MS, Via},
    extract::Json,
    limits::LOGIN_ACCOUNT,
    problem::ApiError,
};
use crate::{
    actors::{Live, Revoked},
    context::Ctx,
};
use actix_web::{HttpResponse, delete, get, post, web};
use coord_domain::people;
use coord_protocol::{
    Page,
    account::{ChangePassword, Session},
    id::SessionId,
    problem::Problem,
    rule::Rule,
};
use coord_store::{Tx, accounts, audit, resets, sessions};
use serde::Deserialize;
use serde_json::json;
use utoipa_actix_web::service_config::ServiceConfig;

/// Most sessions shown of one account.
const SHOWN: i64 = 200;

pub fn routes(cfg: &mut ServiceConfig<'_>) {
    cfg.service(list_sessions)
        .service(end_session)
        .service(end_sessions)
        .service(change_password);
}

/// The session that calls; a token has none.
fn own(caller: &Caller) -> Result<SessionId, ApiError> {
    caller.by_session_only()?;
    match caller.via {
        Via::Session(id) => Ok(id),
        Via::Token(..) => Err(ApiError::forbidden(Rule::Acc1, "a token has no session")),
    }
}

/// Your sessions, those used last first: at most 200.
#[utoipa::path(tag = "accounts", responses((status = 200, body = Page<Session>), (status = "default", body = Problem, content_type = "application/problem+json")))]
#[get("/sessions")]
async fn list_sessions(ctx: Ctx, caller: Caller) -> Result<web::Json<Page<Session>>, ApiError> {
    let own = own(&caller)?;
    let now = ctx.now();
    let unused = now.plus_ms(-i64::from(ctx.config.session_idle_days) * DAY_MS);
    let rows = sessions::list(&mut *ctx.read().await?, caller.id(), now, unused, SHOWN).await?;
    let items = rows.into_iter().map(|row| Session {
        id: row.id,
        current: row.id == own,
        user_agent: row.user_agent,
        address: row.address,
        created_at: row.created_at,
        last_seen_at: row.last_seen_at,
        expires_at: row.expires_at,
    });
    Ok(web::Json(Page {
        items: items.collect(),
        next: None,
    }))
}

/// Ends one of your sessions, on open connections too.
#[utoipa::path(tag = "accounts", params(("session" = SessionId, Path)), responses((status = 204), (status = "default", body = Problem, content_type = "application/problem+json")))]
#[delete("/sessions/{session}")]
async fn end_session(ctx: Ctx, caller: Caller, session: web::Path<SessionId>) -> Result<HttpResponse, ApiError> {
    own(&caller)?;
    let (id, user) = (session.into_inner(), caller.id());
    let entry = ctx.audit(&caller.actor(), "session.end", None, id, json!({}));
    let unit = async move |tx: &mut Tx| -> Result<(), ApiError> {
        if !sessions::delete_own(tx, user, id).await? {
            return Err(ApiError::not_found());
        }
        Ok(audit::append(tx, &entry).await?)
    };
    ctx.commit(unit, move |live, ()| live.revoke(Revoked::Session(id))).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Which sessions end.
#[derive(Debug, Clone, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct Everywhere {
    /// Whether the session that asks stays.
    #[serde(default)]
    keep_current: bool,
}

/// Signs out everywhere: all your sessions end, on open connections too. Tokens stay.
#[utoipa::path(tag = "accounts", params(Everywhere), responses((status = 204), (status = "default", body = Problem, content_type = "application/problem+json")))]
#[delete("/sessions")]
async fn end_sessions(ctx: Ctx, caller: Caller, query: web::Query<Everywhere>) -> Result<HttpResponse, ApiError> {
    let (own, user) = (own(&caller)?, caller.id());
    let kept = query.keep_current.then_some(own);
    let entry = ctx.audit(&caller.actor(), "session.end", None, user, json!({ "everywhere": true }));
    let unit = async move |tx: &mut Tx| -> Result<Vec<SessionId>, ApiError> {
        let ended = sessions::delete_all(tx, user, kept).await?;
        if !ended.is_empty() {
            audit::append(tx, &with_sessions(&entry, &ended)).await?;
        }
        Ok(ended)
    };
    ctx.commit(unit, |live, ended| revoked(live, ended)).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// The entry, with the sessions that ended.
pub(super) fn with_sessions(entry: &audit::Entry, ended: &[SessionId]) -> audit::Entry {
    let mut entry = entry.clone();
    entry.detail["ended"] = json!(ended);
    entry
}

/// Open connections of these sessions end.
pub(super) fn revoked(live: &Live, ended: &[SessionId]) {
    for session in ended {
        live.revoke(Revoked::Session(*session));
    }
}

/// Changes your password. Other sessions end with it unless you keep them, and so does a link to a new password.
#[utoipa::path(tag = "accounts", request_body = ChangePassword, responses((status = 204), (status = "default", body = Problem, content_type = "application/problem+json")))]
#[post("/auth/password")]
async fn change_password(ctx: Ctx, body: Json<ChangePassword>) -> Result<HttpResponse, ApiError> {
    let (own, user) = (own(&body.caller)?, body.caller.id());
    let ChangePassword { present, new, end_others } = body.value;
    people::password(&new).map_err(|refusal| super::accounts::of_field("new", refusal))?;
    // Whoever found an open browser may not guess on and on either.
    let guesses = format!("password of {user}");
    ctx.limits.take(&guesses, LOGIN_ACCOUNT, ctx.now()).map_err(limited)?;
    let stored = accounts::password_hash(&mut *ctx.read().await?, user).await?;
    if present.len() > people::MAX_PASSWORD_BYTES || !ctx.passwords.verify(present, stored).await? {
        return Err(ApiError::invalid("present", "is not your password"));
    }
    ctx.limits.give_back(&guesses, LOGIN_ACCOUNT);
    let hash = ctx.passwords.hash(new).await?;
    let entry = ctx.audit(&body.caller.actor(), "password.change", None, user, json!({}));
    let unit = async move |tx: &mut Tx| -> Result<Vec<SessionId>, ApiError> {
        accounts::set_password(tx, user, &hash).await?;
        resets::forget(tx, user).await?;
        let ended = match end_others {
            true => sessions::delete_all(tx, user, Some(own)).await?,
            false => vec![],
        };
        audit::append(tx, &with_sessions(&entry, &ended)).await?;
        Ok(ended)
    };
    ctx.commit(unit, |live, ended| revoked(live, ended)).await?;
    Ok(HttpResponse::NoContent().finish())
}
