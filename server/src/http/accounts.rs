//! Accounts and sessions: `/auth/…`, `/me`, `/setup`.

use super::{
    auth::{Caller, Via, cookie, new_session, no_cookie, note, secret_hash},
    extract::{Json, OpenJson, actor, address},
    invitations,
    limits::{LOGIN_ACCOUNT, LOGIN_ADDRESS, REGISTER_ADDRESS, network},
    problem::ApiError,
};
use crate::{actors::Revoked, config::Registration, context::Ctx};
use actix_web::{HttpRequest, HttpResponse, get, patch, post, web};
use coord_domain::{Refusal, people};
use coord_protocol::{
    account::{Login, PatchMe, Register, Setup, User},
    id::{UserId, WorkspaceId},
    problem::Problem,
};
use coord_store::{StoreError, Tx, accounts, audit, feed, members, sessions};
use serde_json::json;
use utoipa_actix_web::service_config::ServiceConfig;

pub fn routes(cfg: &mut ServiceConfig<'_>) {
    cfg.service(setup)
        .service(register)
        .service(login)
        .service(logout)
        .service(me)
        .service(patch_me);
}

/// What the sign-in page has to offer.
#[utoipa::path(tag = "accounts", security(()), responses((status = 200, body = Setup), (status = "default", body = Problem, content_type = "application/problem+json")))]
#[get("/setup")]
async fn setup(ctx: Ctx) -> Result<web::Json<Setup>, ApiError> {
    let first_run = accounts::count(&mut *ctx.read().await?).await? == 0;
    Ok(web::Json(Setup {
        first_run,
        registration_open: ctx.config.registration == Registration::Open,
        registration: ctx.config.registration.into(),
        mail: ctx.mail.is_on(),
    }))
}

/// 429 after too many tries.
pub(super) fn limited(seconds: u64) -> ApiError {
    ApiError::too_many(format!("too many tries; try again in {seconds} s"), seconds)
}

/// The refusal under the name that the field has in this body.
pub(super) fn of_field(field: &str, refusal: Refusal) -> ApiError {
    match refusal.errors.into_values().next() {
        Some(why) => ApiError::invalid(field, why),
        None => ApiError::invalid(field, refusal.detail),
    }
}

/// Makes an account and signs in. The first account always; later ones as the server's policy says. With the code of an invitation for
/// this address the account joins its workspace at once.
#[utoipa::path(tag = "accounts", security(()), request_body = Register, responses((status = 201, body = User), (status = "default", body = Problem, content_type = "application/problem+json")))]
#[post("/auth/register")]
async fn register(ctx: Ctx, request: HttpRequest, body: OpenJson<Register>) -> Result<HttpResponse, ApiError> {
    let OpenJson(Register {
        email,
        name,
        password,
        invitation,
    }) = body;
    let from = address(&request).map(network).unwrap_or_default();
    ctx.limits
        .take(&format!("register {from}"), REGISTER_ADDRESS, ctx.now())
        .map_err(limited)?;
    let email = people::email(&email)?;
    people::person_name(&name)?;
    people::password(&password)?;
    let (now, policy) = (ctx.now(), ctx.config.registration.into());
    let code_hash = invitation.as_deref().map(secret_hash);
    // Looked at before the costly hash, and again where it counts.
    {
        let mut conn = ctx.read().await?;
        if let Some(hash) = &code_hash {
            invitations::acceptable(&mut conn, hash, &email, now).await?;
        }
        people::may_register(accounts::count(&mut conn).await? == 0, policy, code_hash.is_some())?;
    }
    let account = accounts::Account {
        user: User {
            id: UserId(ctx.ids.uuid()),
            email,
            name: name.trim().to_owned(),
            created_at: now,
        },
        password_hash: ctx.passwords.hash(password).await?,
    };
    let user = account.user.clone();
    let (session, secret) = new_session(&ctx, &request, user.id);
    let by = actor(&request, Some(user.id));
    let entry = ctx.audit(&by, "account.register", None, user.id, json!({}));
    let joining = ctx.audit(&by, "invitation.accept", None, user.id, json!({}));
    let unit = async move |tx: &mut Tx| -> Result<Option<(WorkspaceId, i64)>, ApiError> {
        let ordinal = accounts::insert(tx, &account).await.map_err(|error| match error {
            StoreError::Unique { .. } => ApiError::invalid("email", "there is an account with this address already"),
            other => other.into(),
        })?;
        people::may_register(ordinal == 1, policy, code_hash.is_some())?;
        sessions::insert(tx, &session).await?;
        audit::append(tx, &entry).await?;
        Ok(match &code_hash {
            Some(hash) => Some(invitations::join(tx, hash, &account.user, &joining).await?),
            None => None,
        })
    };
    let id = user.id;
    ctx.commit(unit, move |live, joined| {
        if let Some((ws, seq)) = joined {
            live.revoke(Revoked::Member(*ws, id));
            live.feed_committed(*ws, *seq);
        }
    })
    .await?;
    Ok(HttpResponse::Created().cookie(cookie(&ctx, secret)).json(user))
}

/// Signs in.
#[utoipa::path(tag = "accounts", security(()), request_body = Login, responses((status = 200, body = User), (status = "default", body = Problem, content_type = "application/problem+json")))]
#[post("/auth/login")]
async fn login(ctx: Ctx, request: HttpRequest, body: OpenJson<Login>) -> Result<HttpResponse, ApiError> {
    let OpenJson(Login { email, password }) = body;
    let wrong = || ApiError::signed_out("the address or the password is wrong");
    // What cannot be an address or a password is not worth a hash, and says nothing about who has an account.
    let email = people::email(&email).map_err(|_| wrong())?;
    if password.len() > people::MAX_PASSWORD_BYTES {
        return Err(wrong());
    }
    let of_address = format!("login from {}", address(&request).map(network).unwrap_or_default());
    let of_account = format!("login as {email}");
    ctx.limits.take(&of_address, LOGIN_ADDRESS, ctx.now()).map_err(limited)?;
    ctx.limits.take(&of_account, LOGIN_ACCOUNT, ctx.now()).map_err(limited)?;

    let account = accounts::by_email(&mut *ctx.read().await?, &email).await?;
    let stored = account.as_ref().map(|account| account.password_hash.clone());
    if !ctx.passwords.verify(password, stored.clone()).await? {
        if let Some(account) = account {
            refused(&ctx, &request, account.user.id);
        }
        return Err(wrong());
    }
    let user = account.ok_or_else(wrong)?.user;
    ctx.limits.give_back(&of_address, LOGIN_ADDRESS);
    ctx.limits.give_back(&of_account, LOGIN_ACCOUNT);

    let (session, secret) = new_session(&ctx, &request, user.id);
    let entry = ctx.audit(&actor(&request, Some(user.id)), "session.begin", None, session.id, json!({}));
    let unit = async move |tx: &mut Tx| -> Result<(), ApiError> {
        // A password that was changed while this one was checked ended all sessions, and so this one.
        if accounts::password_hash(tx, session.user).await? != stored {
            return Err(wrong());
        }
        sessions::insert(tx, &session).await?;
        audit::append(tx, &entry).await?;
        Ok(())
    };
    ctx.commit(unit, |_, ()| {}).await?;
    Ok(HttpResponse::Ok().cookie(cookie(&ctx, secret)).json(user))
}

/// Writes down that somebody did not get in. After the answer, which must not take longer for an account that there is.
fn refused(ctx: &Ctx, request: &HttpRequest, user: UserId) {
    let entry = ctx.audit(&actor(request, None), "session.refused", None, user, json!({}));
    note(ctx, async move |tx: &mut Tx| Ok(audit::append(tx, &entry).await?));
}

/// Signs out: the session ends, on open connections too.
#[utoipa::path(tag = "accounts", responses((status = 204), (status = "default", body = Problem, content_type = "application/problem+json")))]
#[post("/auth/logout")]
async fn logout(ctx: Ctx, caller: Caller) -> Result<HttpResponse, ApiError> {
    let Via::Session(session) = caller.via else {
        return Err(ApiError::malformed("a token has no session to end; revoke it instead"));
    };
    let entry = ctx.audit(&caller.actor(), "session.end", None, session, json!({}));
    let unit = async move |tx: &mut Tx| -> Result<(), ApiError> {
        sessions::delete(tx, session).await?;
        audit::append(tx, &entry).await?;
        Ok(())
    };
    ctx.commit(unit, move |live, ()| live.revoke(Revoked::Session(session))).await?;
    Ok(HttpResponse::NoContent().cookie(no_cookie(&ctx)).finish())
}

/// The account that is signed in.
#[utoipa::path(tag = "accounts", responses((status = 200, body = User), (status = "default", body = Problem, content_type = "application/problem+json")))]
#[get("/me")]
async fn me(caller: Caller) -> web::Json<User> {
    web::Json(caller.user)
}

/// Changes your name, as others see it.
#[utoipa::path(tag = "accounts", request_body = PatchMe, responses((status = 200, body = User), (status = "default", body = Problem, content_type = "application/problem+json")))]
#[patch("/me")]
async fn patch_me(ctx: Ctx, body: Json<PatchMe>) -> Result<web::Json<User>, ApiError> {
    let mut user = body.caller.user.clone();
    let Some(name) = body.value.name else { return Ok(web::Json(user)) };
    people::person_name(&name)?;
    let (id, now, name) = (user.id, ctx.now(), name.trim().to_owned());
    let entry = ctx.audit(&body.caller.actor(), "account.name", None, id, json!({}));
    let entry = entry.changed(json!({ "name": user.name }), json!({ "name": name }));
    user.name.clone_from(&name);
    let renamed = name.clone();
    let unit = async move |tx: &mut Tx| -> Result<Vec<(WorkspaceId, i64)>, ApiError> {
        accounts::rename(tx, id, &name).await?;
        audit::append(tx, &entry).await?;
        let mut told = vec![];
        for (ws, _) in members::of_user(tx, id).await? {
            let payload = json!({ "user": id, "renamed": true });
            told.push((ws, feed::append(tx, ws, now, "member.changed", None, &payload).await?));
        }
        Ok(told)
    };
    ctx.commit(unit, move |live, told| {
        live.renamed(id, &renamed);
        for (ws, seq) in told {
            live.feed_committed(*ws, *seq);
        }
    })
    .await?;
    Ok(web::Json(user))
}
