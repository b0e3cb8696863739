//! Signing in a runner by a code that a person approves: `/runner_codes` (RUN-1).
//!
//! The code is for people and gives nothing by itself: the token goes to who has the secret that was given with the code, once. Somebody
//! who guesses a code could take a machine for their own account, so tries are counted, and codes are forgotten after ten minutes.

use super::{
    accounts::limited,
    auth::{Caller, secret_hash},
    extract::{Json, OpenJson, address},
    limits::{CODE_ADDRESS, CODE_TRY_ACCOUNT, CODE_TRY_ADDRESS, REDEEM_ADDRESS, REDEEM_CODE, network},
    problem::ApiError,
    runners::{committed, tell_workspaces},
};
use crate::context::{Actor, Ctx};
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use coord_domain::validate;
use coord_protocol::{
    id::RunnerId,
    problem::Problem,
    rule::Rule,
    runner,
    runner_code::{
        self, ApproveRunnerCode, ApprovedRunnerCode, CreatedRunnerCode, NewRunnerCode, RedeemRunnerCode, RedeemedRunnerCode, RunnerCode,
    },
};
use coord_store::{
    StoreError, Tx, accounts, audit,
    runner_codes::{self, Approved, Asked, Stand},
    runners,
};
use serde_json::{Value, json};
use utoipa_actix_web::service_config::ServiceConfig;

/// How long a code may be approved.
const LIFE_MS: i64 = 10 * 60 * 1000;

/// How long the program has to fetch its token after that, at least.
const FETCH_MS: i64 = 2 * 60 * 1000;

/// Shortest pause between two tries to redeem.
const INTERVAL_MS: u32 = 2_000;

/// Most codes at once; more would be somebody who fills the table.
const MOST: i64 = 10_000;

/// Prefix of the secrets, so that scanners recognise them.
const SECRET_PREFIX: &str = "coord_c_";

pub fn routes(cfg: &mut ServiceConfig<'_>) {
    cfg.service(ask_runner_code)
        .service(get_runner_code)
        .service(approve_runner_code)
        .service(refuse_runner_code)
        .service(redeem_runner_code);
}

fn from(request: &HttpRequest) -> String {
    address(request).map(network).unwrap_or_default()
}

/// What the machine said of itself, for the audit log.
fn facts(asked: &Asked) -> Value {
    json!({ "machine": asked.machine, "platform": asked.platform, "version": asked.version, "from": asked.address })
}

/// Asks for a code, as `coord-runner login` does. A person approves it on the page that the answer names, within ten minutes.
#[utoipa::path(tag = "runners", security(()), request_body = NewRunnerCode, responses((status = 201, body = CreatedRunnerCode), (status = "default", body = Problem, content_type = "application/problem+json")))]
#[post("/runner_codes")]
async fn ask_runner_code(ctx: Ctx, request: HttpRequest, body: OpenJson<NewRunnerCode>) -> Result<HttpResponse, ApiError> {
    let now = ctx.now();
    let of_address = format!("runner code for {}", from(&request));
    ctx.limits.take(&of_address, CODE_ADDRESS, now).map_err(limited)?;
    let new = body.0;
    for (field, text) in [("machine", &new.machine), ("platform", &new.platform), ("version", &new.version)] {
        validate::name(Rule::Run1, field, text)?;
    }
    let asked = Asked {
        machine: new.machine.trim().to_owned(),
        platform: new.platform,
        version: new.version,
        address: address(&request).map(|address| address.to_string()),
        created_at: now,
        expires_at: now.plus_ms(LIFE_MS),
    };
    let (code, secret) = (ctx.ids.code(), ctx.ids.secret(SECRET_PREFIX));
    let (code_hash, hash) = (secret_hash(&code), secret_hash(&secret));
    let full = || ApiError::unavailable("too many runners are being signed in; try again in a minute");
    let unit = async move |tx: &mut Tx| -> Result<(), ApiError> {
        runner_codes::prune(tx, now).await?;
        if runner_codes::count(tx).await? >= MOST {
            return Err(full());
        }
        runner_codes::insert(tx, &code_hash, &hash, &asked)
            .await
            .map_err(|error| match error {
                // As good as never: another one waits under the same code.
                StoreError::Unique { .. } => full(),
                other => other.into(),
            })
    };
    ctx.commit(unit, |_, ()| {}).await?;
    let code = runner_code::shown(&code);
    let page = format!("{}/runners/join?code={code}", ctx.config.base_url.as_deref().unwrap_or_default());
    Ok(HttpResponse::Created().json(CreatedRunnerCode {
        code,
        secret,
        expires_at: now.plus_ms(LIFE_MS),
        expires_in_s: u32::try_from(LIFE_MS / 1000).unwrap_or_default(),
        interval_ms: INTERVAL_MS,
        page,
    }))
}

/// A person's try at a code, which counts for their account and their address unless it was a good one.
struct Try {
    hash: String,
    plain: String,
    of_address: String,
    of_account: String,
}

impl Try {
    fn count(ctx: &Ctx, request: &HttpRequest, caller: &Caller, typed: &str) -> Result<Self, ApiError> {
        let of_address = format!("runner code from {}", from(request));
        let of_account = format!("runner code by {}", caller.id());
        ctx.limits.take(&of_address, CODE_TRY_ADDRESS, ctx.now()).map_err(limited)?;
        ctx.limits.take(&of_account, CODE_TRY_ACCOUNT, ctx.now()).map_err(limited)?;
        let plain = runner_code::plain(typed).ok_or_else(ApiError::not_found)?;
        Ok(Self {
            hash: secret_hash(&plain),
            plain,
            of_address,
            of_account,
        })
    }

    fn was_good(&self, ctx: &Ctx) {
        ctx.limits.give_back(&self.of_address, CODE_TRY_ADDRESS);
        ctx.limits.give_back(&self.of_account, CODE_TRY_ACCOUNT);
    }
}

/// Which machine asks under a code, for whoever is about to approve it. 404 for a code that is unknown, was decided on or has ended.
#[utoipa::path(tag = "runners", params(("code" = String, Path)), responses((status = 200, body = RunnerCode), (status = "default", body = Problem, content_type = "application/problem+json")))]
#[get("/runner_codes/{code}")]
async fn get_runner_code(
    ctx: Ctx,
    request: HttpRequest,
    caller: Caller,
    code: web::Path<String>,
) -> Result<web::Json<RunnerCode>, ApiError> {
    let tried = Try::count(&ctx, &request, &caller, &code)?;
    let asked = runner_codes::waiting(&mut *ctx.read().await?, &tried.hash, ctx.now())
        .await?
        .ok_or_else(ApiError::not_found)?;
    tried.was_good(&ctx);
    let here = address(&request).map(|address| address.to_string());
    Ok(web::Json(RunnerCode {
        code: runner_code::shown(&tried.plain),
        same_address: asked.address.is_some() && asked.address == here,
        machine: asked.machine,
        platform: asked.platform,
        version: asked.version,
        address: asked.address,
        created_at: asked.created_at,
        expires_at: asked.expires_at,
    }))
}

/// Makes the machine that asks under this code a runner of yours. It gets its token when it next asks for it.
#[utoipa::path(tag = "runners", params(("code" = String, Path)), request_body = ApproveRunnerCode, responses((status = 200, body = ApprovedRunnerCode), (status = "default", body = Problem, content_type = "application/problem+json")))]
#[post("/runner_codes/{code}/approve")]
async fn approve_runner_code(
    ctx: Ctx,
    request: HttpRequest,
    code: web::Path<String>,
    body: Json<ApproveRunnerCode>,
) -> Result<web::Json<ApprovedRunnerCode>, ApiError> {
    let (caller, new, now) = (body.caller, body.value, ctx.now());
    validate::name(Rule::Run1, "name", &new.name)?;
    let tried = Try::count(&ctx, &request, &caller, &code)?;
    let approved = Approved {
        runner: RunnerId(ctx.ids.uuid()),
        owner: caller.id(),
        name: new.name.trim().to_owned(),
        shared: new.shared,
    };
    let (id, hash) = (approved.runner, tried.hash.clone());
    let entry = ctx.audit(&caller.actor(), "runner.approve", None, id, json!({}));
    let unit = async move |tx: &mut Tx| -> Result<(), ApiError> {
        let asked = runner_codes::approve(tx, &hash, &approved, now, now.plus_ms(FETCH_MS))
            .await?
            .ok_or_else(ApiError::not_found)?;
        let mut detail = facts(&asked);
        detail["name"] = json!(approved.name);
        detail["shared"] = json!(approved.shared);
        Ok(audit::append(tx, &audit::Entry { detail, ..entry.clone() }).await?)
    };
    ctx.commit(unit, |_, ()| {}).await?;
    tried.was_good(&ctx);
    Ok(web::Json(ApprovedRunnerCode { runner: id }))
}

/// Says no to the machine that asks under this code.
#[utoipa::path(tag = "runners", params(("code" = String, Path)), responses((status = 204), (status = "default", body = Problem, content_type = "application/problem+json")))]
#[post("/runner_codes/{code}/refuse")]
async fn refuse_runner_code(ctx: Ctx, request: HttpRequest, caller: Caller, code: web::Path<String>) -> Result<HttpResponse, ApiError> {
    let tried = Try::count(&ctx, &request, &caller, &code)?;
    let (hash, now) = (tried.hash.clone(), ctx.now());
    let entry = ctx.audit(&caller.actor(), "runner.refuse", None, "", json!({}));
    let unit = async move |tx: &mut Tx| -> Result<(), ApiError> {
        let asked = runner_codes::refuse(tx, &hash, now).await?.ok_or_else(ApiError::not_found)?;
        let detail = facts(&asked);
        Ok(audit::append(tx, &audit::Entry { detail, ..entry.clone() }).await?)
    };
    ctx.commit(unit, |_, ()| {}).await?;
    tried.was_good(&ctx);
    Ok(HttpResponse::NoContent().finish())
}

/// Asks whether the code was approved, with the secret that was given with it; then the answer is the runner's token, once. 404 for a
/// code that is unknown, was used or has ended, and for a wrong secret.
#[utoipa::path(tag = "runners", security(()), params(("code" = String, Path)), request_body = RedeemRunnerCode, responses((status = 200, body = RedeemedRunnerCode), (status = "default", body = Problem, content_type = "application/problem+json")))]
#[post("/runner_codes/{code}/redeem")]
async fn redeem_runner_code(
    ctx: Ctx,
    request: HttpRequest,
    code: web::Path<String>,
    body: OpenJson<RedeemRunnerCode>,
) -> Result<web::Json<RedeemedRunnerCode>, ApiError> {
    let now = ctx.now();
    let of_address = format!("redeem from {}", from(&request));
    ctx.limits.take(&of_address, REDEEM_ADDRESS, now).map_err(limited)?;
    let code_hash = secret_hash(&runner_code::plain(&code).ok_or_else(ApiError::not_found)?);
    let hash = secret_hash(&body.0.secret);
    let stand = runner_codes::stand(&mut *ctx.read().await?, &code_hash, &hash, now).await?;
    let stand = stand.ok_or_else(ApiError::not_found)?;
    ctx.limits.give_back(&of_address, REDEEM_ADDRESS);
    ctx.limits.take(&format!("redeem {code_hash}"), REDEEM_CODE, now).map_err(limited)?;
    match stand {
        Stand::Waiting => Ok(web::Json(RedeemedRunnerCode::Waiting)),
        Stand::Refused => Ok(web::Json(RedeemedRunnerCode::Refused)),
        Stand::Approved => hand_out(&ctx, &request, code_hash, hash).await.map(web::Json),
    }
}

/// Registers the runner as it was approved, and gives its token away.
async fn hand_out(ctx: &Ctx, request: &HttpRequest, code_hash: String, hash: String) -> Result<RedeemedRunnerCode, ApiError> {
    let now = ctx.now();
    let token = ctx.ids.secret(runner::TOKEN_PREFIX);
    let token_hash = secret_hash(&token);
    let machine = Actor {
        address: address(request),
        ..Actor::default()
    };
    let entry = ctx.audit(&machine, "runner.register", None, "", json!({}));
    let unit = async move |tx: &mut Tx| -> Result<_, ApiError> {
        let (approved, asked) = runner_codes::take(tx, &code_hash, &hash, now)
            .await?
            .ok_or_else(ApiError::not_found)?;
        let owner = accounts::person(tx, approved.owner).await?.ok_or_else(ApiError::not_found)?;
        runners::insert(tx, approved.runner, owner.id, &approved.name, approved.shared, &token_hash, now).await?;
        let told = tell_workspaces(tx, owner.id, approved.runner, now, "runner.changed").await?;
        let mut detail = facts(&asked);
        detail["name"] = json!(approved.name);
        detail["shared"] = json!(approved.shared);
        let entry = audit::Entry {
            // In the owner's name: they approved it.
            actor: Some(owner.id),
            target: approved.runner.to_string(),
            detail,
            ..entry.clone()
        };
        audit::append(tx, &entry).await?;
        Ok((approved, owner, told))
    };
    let (approved, owner, _) = ctx.commit(unit, |live, (_, _, told)| committed(live, told)).await?;
    Ok(RedeemedRunnerCode::Approved {
        id: approved.runner,
        name: approved.name,
        owner,
        token,
    })
}
