//! The HTTP side: handlers read input, ask who is calling, call one thing, and map the outcome.

pub mod accounts;
pub mod activity;
pub mod analytics;
pub mod assets;
pub mod attempts;
pub mod audit;
pub mod auth;
pub mod backlog;
pub mod canvases;
pub mod commands;
pub mod dependencies;
pub mod docs;
pub mod extract;
pub mod files;
pub mod folders;
pub mod health;
pub mod ideas;
pub mod idempotency;
pub mod images;
pub mod inbox;
pub mod invitations;
pub mod jobs;
pub mod limits;
pub mod members;
pub mod mentions;
pub mod metrics;
pub mod notes;
pub mod passwords;
pub mod problem;
pub mod reach;
pub mod requests;
pub mod resets;
pub mod resumable;
pub mod runner_codes;
pub mod runner_files;
pub mod runner_page;
pub mod runners;
pub mod search;
pub mod sessions;
pub mod tickets;
pub mod tokens;
pub mod uploads;
pub mod workspaces;

use crate::context::{Actor, Ctx};
use actix_web::{
    Error,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    http::header::{self, HeaderName, HeaderValue},
    middleware::Next,
    web,
};
use std::time::Instant;
use utoipa_actix_web::service_config::ServiceConfig;

/// Everything under `/api/v1` that the OpenAPI document describes.
pub fn api(cfg: &mut ServiceConfig<'_>) {
    accounts::routes(cfg);
    sessions::routes(cfg);
    resets::routes(cfg);
    tokens::routes(cfg);
    audit::routes(cfg);
    workspaces::routes(cfg);
    members::routes(cfg);
    invitations::routes(cfg);
    runners::routes(cfg);
    runner_page::routes(cfg);
    runner_codes::routes(cfg);
    jobs::routes(cfg);
    backlog::routes(cfg);
    dependencies::routes(cfg);
    notes::routes(cfg);
    mentions::routes(cfg);
    files::routes(cfg);
    resumable::routes(cfg);
    attempts::routes(cfg);
    requests::routes(cfg);
    activity::routes(cfg);
    inbox::routes(cfg);
    search::routes(cfg);
    analytics::routes(cfg);
    commands::routes(cfg);
    canvases::routes(cfg);
    ideas::routes(cfg);
    folders::routes(cfg);
    images::routes(cfg);
    tickets::routes(cfg);
}

/// The whole server.
pub fn mount(cfg: &mut web::ServiceConfig) {
    extract::configure(cfg);
    health::routes(cfg);
    docs::routes(cfg);
    let v1 = web::scope("/api/v1")
        .route("/openapi.json", web::get().to(docs::openapi_json))
        .configure(|cfg| api(&mut ServiceConfig::new(cfg)))
        .configure(runner_files::routes)
        .configure(crate::ws::routes)
        .default_service(web::to(docs::no_route));
    cfg.service(v1).service(web::scope("/api").default_service(web::to(docs::no_route)));
    cfg.default_service(web::to(assets::serve));
}

/// Scripts, styles and connections from our own address only; nobody may frame us.
const POLICY: &str = "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; \
font-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

const HEADERS: [(HeaderName, &str); 4] = [
    (header::CONTENT_SECURITY_POLICY, POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::X_FRAME_OPTIONS, "DENY"),
];

/// Counts and traces every request by its route, never by its path, which may hold a code; adds the headers that protect browsers.
pub async fn observe(request: ServiceRequest, next: Next<impl MessageBody>) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let began = Instant::now();
    let method = request.method().as_str().to_owned();
    let context = request.app_data::<Ctx>().cloned();
    let mut response = Actor::scope(next.call(request)).await?;
    let route = response.request().match_pattern().unwrap_or_else(|| "other".to_owned());
    let (status, took) = (response.status().as_u16(), began.elapsed());
    tracing::debug!(method, route, status, took_us = took.as_micros(), "http.request");
    if let Some(context) = context {
        context.metrics.served(&method, &route, status, took);
    }
    for (name, value) in HEADERS {
        if !response.headers().contains_key(&name) {
            response.headers_mut().insert(name, HeaderValue::from_static(value));
        }
    }
    Ok(response)
}
