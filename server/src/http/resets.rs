//! A forgotten password: `/auth/forgot`, `/auth/reset` (ACC-1).

use super::{
    accounts::limited,
    auth::secret_hash,
    extract::{OpenJson, actor, address},
    limits::{FORGOT_ACCOUNT, FORGOT_ADDRESS, RESET_ADDRESS, network},
    problem::ApiError,
    sessions::{revoked, with_sessions},
};
use crate::{context::Ctx, mail::Letter};
use actix_web::{HttpRequest, HttpResponse, post};
use coord_domain::{Refusal, people};
use coord_protocol::{
    account::{ForgotPassword, ResetPassword},
    id::SessionId,
    problem::Problem,
    rule::Rule,
};
use coord_store::{Tx, accounts, audit, resets, sessions};
use serde_json::json;
use utoipa_actix_web::service_config::ServiceConfig;

pub fn routes(cfg: &mut ServiceConfig<'_>) {
    cfg.service(forgot).service(reset);
}

/// Sends a link to a new password by mail, where there is an account with this address. The answer is the same where there is none.
/// Servers that send no mail answer 409: whoever runs them makes the link with `coord-server reset-password`.
#[utoipa::path(tag = "accounts", security(()), request_body = ForgotPassword, responses((status = 202), (status = "default", body = Problem, content_type = "application/problem+json")))]
#[post("/auth/forgot")]
async fn forgot(ctx: Ctx, request: HttpRequest, body: OpenJson<ForgotPassword>) -> Result<HttpResponse, ApiError> {
    if !ctx.mail.is_on() {
        let words = "this server sends no mail; ask whoever runs it for a link: coord-server reset-password YOUR-ADDRESS prints one";
        return Err(Refusal::state(Rule::Acc1, words).into());
    }
    let from = address(&request);
    let of_address = format!("forgot from {}", from.map(network).unwrap_or_default());
    ctx.limits.take(&of_address, FORGOT_ADDRESS, ctx.now()).map_err(limited)?;
    let email = people::email(&body.0.email)?;
    ctx.limits
        .take(&format!("forgot {email}"), FORGOT_ACCOUNT, ctx.now())
        .map_err(limited)?;
    // Nothing is looked up before the answer, so that its time tells nothing either.
    match ctx.mail.send(Letter::Forgotten { email, address: from }) {
        true => Ok(HttpResponse::Accepted().finish()),
        false => Err(ApiError::unavailable("too many mails wait to be sent; try again in a minute")),
    }
}

/// Chooses a new password with the code of a link: once, within an hour. All sessions of the account end; tokens stay.
#[utoipa::path(tag = "accounts", security(()), request_body = ResetPassword, responses((status = 204), (status = "default", body = Problem, content_type = "application/problem+json")))]
#[post("/auth/reset")]
async fn reset(ctx: Ctx, request: HttpRequest, body: OpenJson<ResetPassword>) -> Result<HttpResponse, ApiError> {
    let OpenJson(ResetPassword { code, password }) = body;
    let of_address = format!("reset from {}", address(&request).map(network).unwrap_or_default());
    ctx.limits.take(&of_address, RESET_ADDRESS, ctx.now()).map_err(limited)?;
    people::password(&password)?;
    let (code, now) = (secret_hash(&code), ctx.now());
    let hash = ctx.passwords.hash(password).await?;
    let entry = ctx.audit(&actor(&request, None), "password.reset", None, "", json!({}));
    let unit = async move |tx: &mut Tx| -> Result<Vec<SessionId>, ApiError> {
        let gone = || Refusal::state(Rule::Acc1, "this link was used, has ended or is unknown; ask for another");
        let (user, ends) = resets::take(tx, &code).await?.ok_or_else(gone)?;
        if ends <= now {
            return Err(gone().into());
        }
        accounts::set_password(tx, user, &hash).await?;
        let ended = sessions::delete_all(tx, user, None).await?;
        let entry = audit::Entry {
            actor: Some(user),
            target: user.to_string(),
            ..with_sessions(&entry, &ended)
        };
        audit::append(tx, &entry).await?;
        Ok(ended)
    };
    ctx.commit(unit, |live, ended| revoked(live, ended)).await?;
    ctx.limits.give_back(&of_address, RESET_ADDRESS);
    Ok(HttpResponse::NoContent().finish())
}
