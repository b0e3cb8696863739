//! API tokens: `/tokens` (ACC-1).

use super::{
    auth::{Caller, TOKEN_PREFIX, secret_hash},
    extract::{Json, Paging, page},
    idempotency::{self, Secret},
    problem::ApiError,
};
use crate::{actors::Revoked, context::Ctx};
use actix_web::{HttpResponse, delete, get, post, web};
use coord_domain::validate;
use coord_protocol::{
    Page,
    account::{CreatedToken, NewToken, Scope, Token},
    id::TokenId,
    problem::Problem,
    rule::Rule,
};
use coord_store::{Tx, audit, tokens};
use serde_json::json;
use utoipa_actix_web::service_config::ServiceConfig;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

pub fn routes(cfg: &mut ServiceConfig<'_>) {
    cfg.service(list_tokens).service(create_token).service(revoke_token);
}

/// Your tokens, oldest first. Never their secrets.
#[utoipa::path(tag = "accounts", params(Paging), responses((status = 200, body = Page<Token>), (status = "default", body = Problem, content_type = "application/problem+json")))]
#[get("/tokens")]
async fn list_tokens(ctx: Ctx, caller: Caller, paging: web::Query<Paging>) -> Result<web::Json<Page<Token>>, ApiError> {
    let limit = paging.limit()?;
    let items = tokens::list(&mut *ctx.read().await?, caller.id(), paging.after()?, limit + 1).await?;
    Ok(web::Json(page(items, limit, |token| token.id.to_string())))
}

/// Makes a token. Its secret is in this answer only.
#[utoipa::path(tag = "accounts", request_body = NewToken, params(("Idempotency-Key" = Option<String>, Header)), responses((status = 201, body = CreatedToken), (status = "default", body = Problem, content_type = "application/problem+json")))]
#[post("/tokens")]
async fn create_token(ctx: Ctx, body: Json<NewToken>) -> Result<HttpResponse, ApiError> {
    let Json { caller, value: new, key } = body;
    caller.by_session_only()?;
    validate::name(Rule::Acc1, "name", &new.name)?;
    let mut scopes = new.scopes.unwrap_or_else(|| vec![Scope::Read, Scope::Write]);
    scopes.sort_unstable_by_key(|scope| *scope as u8);
    scopes.dedup();
    if scopes.is_empty() {
        return Err(ApiError::invalid("scopes", "name at least one of read, write"));
    }
    let days = new.expires_in_days;
    if days.is_some_and(|days| !(1..=3650).contains(&days)) {
        return Err(ApiError::invalid("expires_in_days", "must be 1 to 3650"));
    }
    let now = ctx.now();
    let record = Token {
        id: TokenId(ctx.ids.uuid()),
        name: new.name.trim().to_owned(),
        scopes,
        created_at: now,
        expires_at: days.map(|days| now.plus_ms(i64::from(days) * DAY_MS)),
        last_used_at: None,
    };
    let secret = ctx.ids.secret(TOKEN_PREFIX);
    let hash = secret_hash(&secret);
    let entry = ctx.audit(
        &caller.actor(),
        "token.create",
        None,
        record.id,
        json!({ "name": record.name, "scopes": record.scopes }),
    );
    let user = caller.id();
    let unit = async move |tx: &mut Tx| {
        tokens::insert(tx, user, &record, &hash).await?;
        audit::append(tx, &entry).await?;
        Ok((record.clone(), ()))
    };
    let secret = Secret {
        field: "token",
        value: secret,
    };
    idempotency::create(&ctx, key, Some(secret), unit, |_, ()| {}).await
}

/// Revokes a token, on open connections too.
#[utoipa::path(tag = "accounts", params(("id" = TokenId, Path)), responses((status = 204), (status = "default", body = Problem, content_type = "application/problem+json")))]
#[delete("/tokens/{id}")]
async fn revoke_token(ctx: Ctx, caller: Caller, id: web::Path<TokenId>) -> Result<HttpResponse, ApiError> {
    caller.by_session_only()?;
    let (id, user) = (id.into_inner(), caller.id());
    let entry = ctx.audit(&caller.actor(), "token.revoke", None, id, json!({}));
    let unit = async move |tx: &mut Tx| {
        let token = tokens::get(tx, user, id).await?.ok_or_else(ApiError::not_found)?;
        tokens::delete(tx, user, id).await?;
        let entry = entry.changed(json!({ "name": token.name, "scopes": token.scopes }), serde_json::Value::Null);
        Ok(audit::append(tx, &entry).await?)
    };
    ctx.commit(unit, move |live, ()| live.revoke(Revoked::Token(id))).await?;
    Ok(HttpResponse::NoContent().finish())
}
