//! Passes for one socket: `/tickets`. A program that can set neither cookie nor header puts one into the address, where a secret that
//! lasts would end up in logs.

use super::{
    auth::{Caller, Via, secret_hash},
    problem::ApiError,
};
use crate::context::Ctx;
use actix_web::{HttpResponse, post};
use coord_protocol::{canvas::Ticket, problem::Problem};
use coord_store::{Tx, tickets};
use utoipa_actix_web::service_config::ServiceConfig;

/// How long a pass is good.
const GOOD_MS: i64 = 30_000;

pub fn routes(cfg: &mut ServiceConfig<'_>) {
    cfg.service(create_ticket);
}

/// Makes a pass for one WebSocket connection, as `?ticket=`. It is good once, for 30 seconds, and allows what you are allowed.
#[utoipa::path(tag = "accounts", responses((status = 201, body = Ticket), (status = "default", body = Problem, content_type = "application/problem+json")))]
#[post("/tickets")]
async fn create_ticket(ctx: Ctx, caller: Caller) -> Result<HttpResponse, ApiError> {
    let secret = ctx.ids.secret("");
    let (now, expires_at) = (ctx.now(), ctx.now().plus_ms(GOOD_MS));
    let (session, token) = match caller.via {
        Via::Session(id) => (Some(id), None),
        Via::Token(id, _) => (None, Some(id)),
    };
    let ticket = tickets::Ticket {
        hash: secret_hash(&secret),
        user: caller.user.id,
        session,
        token,
        expires_at,
    };
    ctx.store
        .write(async move |tx: &mut Tx| tickets::insert(tx, &ticket, now).await)
        .await?;
    Ok(HttpResponse::Created().json(Ticket {
        ticket: secret,
        expires_at,
    }))
}
