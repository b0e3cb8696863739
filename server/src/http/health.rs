//! `/healthz`, `/readyz`, `/metrics` (OPS-2). Not part of the API document: they are for the operator's tools.

use super::problem::ApiError;
use crate::context::Ctx;
use actix_web::{HttpResponse, get, web};

pub fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(healthz).service(readyz).service(metrics);
}

/// The process runs.
#[get("/healthz")]
async fn healthz() -> &'static str {
    "ok\n"
}

/// The process can do its work: the database answers, and has room.
#[get("/readyz")]
async fn readyz(ctx: Ctx) -> Result<&'static str, ApiError> {
    match ctx.store.ping().await {
        Ok(()) => Ok("ready\n"),
        Err(error) if error.is_full() => Err(error.into()),
        Err(error) => {
            tracing::warn!(%error, "not ready: the database does not answer");
            Err(ApiError::unavailable("the database does not answer"))
        }
    }
}

#[get("/metrics")]
async fn metrics(ctx: Ctx) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/plain; version=0.0.4; charset=utf-8")
        .body(
            ctx.metrics
                .render(ctx.store.commits(), ctx.live.open_sockets(), ctx.live.open_canvases()),
        )
}
