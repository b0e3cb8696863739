//! Commands to jobs: `POST /jobs/{job}/{command}` (JOB-5 to JOB-8, JOB-12, REV-1, REV-3).

use super::{extract::Json, jobs, problem::ApiError, reach};
use crate::context::Ctx;
use actix_web::{HttpResponse, post, web};
use coord_domain::{lifecycle::Command, rights::Act};
use coord_protocol::{
    id::JobId,
    job::{CommandBody, CommandName, Job},
    problem::Problem,
};
use serde_json::Value;
use utoipa::{
    PartialSchema as _,
    openapi::{RefOr, schema::Schema},
};
use utoipa_actix_web::service_config::ServiceConfig;

/// Comes after everything else under `/jobs/{job}`: a command's name fits wherever one word does.
pub fn routes(cfg: &mut ServiceConfig<'_>) {
    cfg.service(command);
}

/// The command of this name. A name that is none is answered with those there are, as the API's description has them.
fn named(name: String) -> Result<CommandName, ApiError> {
    serde_json::from_value(Value::String(name)).map_err(|_| {
        let known = match CommandName::schema() {
            RefOr::T(Schema::Object(names)) => names.enum_values.unwrap_or_default(),
            _ => vec![],
        };
        let known: Vec<_> = known.iter().filter_map(Value::as_str).collect();
        ApiError::no_command(&known.join(", "))
    })
}

/// What the name and the body ask for; `None` for `duplicate`, which makes another job.
fn asked(name: CommandName, body: CommandBody) -> Result<Option<Command>, ApiError> {
    Ok(Some(match name {
        CommandName::Ready => Command::Ready,
        CommandName::Unready => Command::Unready,
        CommandName::Start => Command::Start,
        CommandName::Submit => Command::Submit { summary: body.body },
        CommandName::Complete => Command::Complete { summary: body.body },
        CommandName::Approve => Command::Approve {
            branch: body.branch.unwrap_or_default(),
            body: body.body,
        },
        // Words are required; the rule itself says so when they are missing.
        CommandName::RequestChanges => Command::RequestChanges {
            body: body.body.unwrap_or_default(),
            comments: body.comments,
        },
        CommandName::Retry => Command::Retry,
        CommandName::Cancel => Command::Cancel,
        CommandName::Stop => Command::Stop {
            kill: body.kill,
            requeue: body.requeue,
        },
        CommandName::Move => Command::Move {
            to: body.state.ok_or_else(|| ApiError::invalid("state", "name where to move it"))?,
        },
        CommandName::Duplicate => return Ok(None),
    }))
}

/// Does something to a job. Which fields of the body count depends on the command; `duplicate` answers 201 with the new job.
#[utoipa::path(tag = "jobs", params(("job" = JobId, Path), ("command" = CommandName, Path), ("Idempotency-Key" = Option<String>, Header, description = "For `duplicate`.")), request_body = CommandBody, responses((status = 200, body = Job), (status = 201, body = Job, description = "The copy."), (status = "default", body = Problem, content_type = "application/problem+json")))]
#[post("/jobs/{job}/{command}")]
async fn command(ctx: Ctx, path: web::Path<(JobId, String)>, body: Json<CommandBody>) -> Result<HttpResponse, ApiError> {
    let ((id, name), user, if_version) = (path.into_inner(), body.caller.id(), body.value.if_version);
    match asked(named(name)?, body.value)? {
        Some(command) => Ok(HttpResponse::Ok().json(jobs::perform(&ctx, user, id, command, if_version).await?)),
        None => {
            let (_, who) = reach::job(&mut *ctx.read().await?, user, id, Act::See).await?;
            let (live, key) = (ctx.live.clone(), body.key.clone());
            jobs::created(&ctx, who, body.key, async move { live.duplicate_job(who, id, key).await }).await
        }
    }
}
