//! Ideas on a canvas that become jobs: `/canvases/{canvas}/ideas/{object}/promote` (CAN-4).

use super::{
    auth::Caller,
    canvases::{failed, reach_canvas},
    dependencies,
    extract::Json,
    problem::ApiError,
    reach,
};
use crate::{
    actors::{CommandError, Origin},
    context::Ctx,
};
use actix_web::{HttpResponse, post, web};
use coord_canvas::model::{self, CanvasView, Edit, Planned};
use coord_domain::{
    Refusal, canvas,
    job::Job,
    rights::{self, Act, Who},
};
use coord_protocol::{
    canvas::{Canvas, PromoteIdea},
    id::{CanvasId, JobId},
    job::{self as wire, NewJob},
    problem::Problem,
    rule::Rule,
};
use coord_store::{StoreError, canvases, jobs};
use utoipa_actix_web::service_config::ServiceConfig;

/// Longest title taken from an idea's text, in characters.
const MAX_TITLE: usize = 200;

pub fn routes(cfg: &mut ServiceConfig<'_>) {
    cfg.service(promote_idea);
}

/// Makes a Backlog job of an idea, exactly once: whoever asks again gets the same job with 200. The object becomes the job's card.
#[utoipa::path(tag = "canvases", params(("canvas" = CanvasId, Path), ("object" = String, Path)), request_body = PromoteIdea, responses((status = 201, body = wire::Job), (status = 200, body = wire::Job), (status = "default", body = Problem, content_type = "application/problem+json")))]
#[post("/canvases/{canvas}/ideas/{object}/promote")]
async fn promote_idea(ctx: Ctx, path: web::Path<(CanvasId, String)>, body: Json<PromoteIdea>) -> Result<HttpResponse, ApiError> {
    let (id, object) = path.into_inner();
    let (canvas, who) = reach_canvas(&mut *ctx.read().await?, body.caller.id(), id).await?;
    canvas::may_edit(&canvas, who)?;
    if let Some(job) = promoted(&ctx, who, &canvas, &object).await? {
        return Ok(HttpResponse::Ok().json(job));
    }
    let view = ctx.live.canvas_view(id).await.map_err(failed)?;
    let planned = model::planned(&view, &object);
    let new = new_job(&ctx, who, &view, &object, &body.value, &planned).await?;
    let origin = Origin {
        key: None,
        idea: Some((id, object.clone())),
    };
    let job = match ctx.live.create_job(who, canvas.workspace, new, origin).await {
        Ok(job) => job,
        // Somebody else was a moment faster.
        Err(CommandError::Store(StoreError::Unique { what })) if what.starts_with("canvas_jobs") => {
            let job = promoted(&ctx, who, &canvas, &object).await?.ok_or_else(ApiError::not_found)?;
            return Ok(HttpResponse::Ok().json(job));
        }
        Err(error) => return Err(reach::refused(&ctx, who, error).await),
    };
    place(&ctx, id, &job, &object).await?;
    settle(&ctx, &body.caller, id, &object, job.id).await?;
    // What was planned may have changed it since.
    let job = jobs::get(&mut *ctx.read().await?, job.id).await?.ok_or_else(ApiError::not_found)?;
    Ok(HttpResponse::Created().json(reach::view(&ctx, who, job).await?))
}

/// The job that the idea is already, its card put in place if it is not.
async fn promoted(ctx: &Ctx, who: Who, canvas: &Canvas, object: &str) -> Result<Option<wire::Job>, ApiError> {
    let (job, is_placed) = {
        let mut conn = ctx.read().await?;
        let Some((id, is_placed)) = canvases::promoted(&mut conn, canvas.id, object).await? else {
            return Ok(None);
        };
        (jobs::get(&mut conn, id).await?.ok_or_else(ApiError::not_found)?, is_placed)
    };
    if !is_placed {
        place(ctx, canvas.id, &job, object).await?;
    }
    rights::may(who, Act::See, Some(&job.access))?;
    Ok(Some(reach::view(ctx, who, job).await?))
}

/// Puts the card in place. An object that went away meanwhile has none; the job is there all the same.
async fn place(ctx: &Ctx, id: CanvasId, job: &Job, object: &str) -> Result<(), ApiError> {
    if let Err(error) = ctx.live.place_card(id, object, job).await.map_err(failed)? {
        tracing::info!(canvas = %id, %error, "a job's card was not placed");
    }
    Ok(())
}

/// Makes planned dependencies between job cards real, or mere connectors where a rule says no. After the card is in place: of two ideas
/// that become jobs at once, one finds the other.
async fn settle(ctx: &Ctx, caller: &Caller, id: CanvasId, object: &str, job: JobId) -> Result<(), ApiError> {
    let view = ctx.live.canvas_view(id).await.map_err(failed)?;
    let (mut edits, mut done) = (vec![], vec![]);
    for planned in model::planned(&view, object) {
        let Some(other) = planned.other_job else { continue };
        let (waits, on) = if planned.first { (other, job) } else { (job, other) };
        match dependencies::change(ctx, caller, (waits, on), true).await {
            Ok(_) => done.push(planned.link),
            Err(_) => edits.push(Edit::Relate { link: planned.link }),
        }
    }
    if !done.is_empty() {
        edits.push(Edit::PlannedDone { links: done });
    }
    if !edits.is_empty()
        && let Err(error) = ctx.live.edit_canvas(id, edits, vec![]).await.map_err(failed)?
    {
        tracing::info!(canvas = %id, %error, "planned dependencies stay as they are drawn");
    }
    Ok(())
}

/// The job as its idea and the caller's wishes describe it, waiting for what was planned to come first.
async fn new_job(
    ctx: &Ctx,
    who: Who,
    view: &CanvasView,
    object: &str,
    wishes: &PromoteIdea,
    planned: &[Planned],
) -> Result<NewJob, ApiError> {
    let idea = view.object(object).ok_or_else(ApiError::not_found)?;
    if !matches!(idea.kind.as_str(), "idea" | "sticky") {
        return Err(Refusal::state(Rule::Can4, "only ideas and sticky notes become jobs").into());
    }
    let text = idea.text.trim();
    let (line, rest) = text.split_once('\n').unwrap_or((text, ""));
    let title = wishes
        .title
        .clone()
        .unwrap_or_else(|| line.trim().chars().take(MAX_TITLE).collect());
    if title.trim().is_empty() {
        return Err(ApiError::from(Refusal::invalid(
            Rule::Can4,
            "title",
            "the idea has no text yet; give the job a title",
        )));
    }
    let description = wishes.description.clone().unwrap_or_else(|| {
        // A line too long for a title is told in full.
        if line.trim().chars().count() > MAX_TITLE {
            text.to_owned()
        } else {
            rest.trim().to_owned()
        }
    });
    let mut dependencies = vec![];
    for other in planned
        .iter()
        .filter(|planned| !planned.first)
        .filter_map(|planned| planned.other_job)
    {
        let job = jobs::get(&mut *ctx.read().await?, other).await?;
        let sees = |job: &Job| rights::may(who, Act::See, Some(&job.access)).is_ok();
        if job.is_some_and(|job| sees(&job)) && !dependencies.contains(&other) {
            dependencies.push(other);
        }
    }
    Ok(NewJob {
        title: title.trim().to_owned(),
        description,
        agent: wishes.agent.clone(),
        private: wishes.private,
        auto_ready: wishes.auto_ready,
        dependencies,
        ..NewJob::default()
    })
}
