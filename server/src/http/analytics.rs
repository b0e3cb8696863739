//! The figures of a workspace: `/workspaces/{ws}/analytics` (ANA-1).

use super::{auth::Caller, problem::ApiError};
use crate::context::{Ctx, who};
use actix_web::{get, web};
use coord_domain::{
    analytics::{Period, analytics},
    rights::{Act, may},
};
use coord_protocol::{analytics::Analytics, id::WorkspaceId, problem::Problem, time::Timestamp};
use coord_store::analytics::facts;
use serde::Deserialize;
use utoipa_actix_web::service_config::ServiceConfig;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// The period shown when none is asked for.
const DEFAULT_MS: i64 = 30 * DAY_MS;

/// Longest period; the one before it is looked at too.
const LONGEST_MS: i64 = 400 * DAY_MS;

/// How far a time zone is from UTC at most, in minutes.
const FARTHEST: i64 = 18 * 60;

pub fn routes(cfg: &mut ServiceConfig<'_>) {
    cfg.service(show_analytics);
}

/// The period. Read here and not by serde, whose words repeat what they refuse.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct Query {
    /// Where it begins, RFC 3339; 30 days before its end without.
    from: Option<String>,
    /// Where it is over, RFC 3339; now without. At most 400 days after its begin.
    to: Option<String>,
    /// Minutes by which the time zone that days begin in is ahead of UTC, such as `120`; 0 without.
    offset: Option<String>,
}

fn time(field: &str, text: Option<&str>) -> Result<Option<Timestamp>, ApiError> {
    let read = |text: &str| serde_json::from_value(text.into()).map_err(|_| ApiError::invalid(field, "must be a time as in RFC 3339"));
    text.map(read).transpose()
}

impl Query {
    fn period(&self, now: Timestamp) -> Result<Period, ApiError> {
        let to = time("to", self.to.as_deref())?.unwrap_or(now);
        let from = time("from", self.from.as_deref())?.unwrap_or(to.plus_ms(-DEFAULT_MS));
        if from >= to {
            return Err(ApiError::invalid("from", "must be before the end"));
        }
        if to.ms_since(from) > LONGEST_MS {
            return Err(ApiError::invalid("from", "must be at most 400 days before the end"));
        }
        Ok(Period { from: from.0, to: to.0 })
    }

    fn offset(&self) -> Result<i64, ApiError> {
        let minutes = self.offset.as_deref().map_or(Ok(0), str::parse);
        let minutes = minutes.ok().filter(|minutes: &i64| minutes.abs() <= FARTHEST);
        minutes.ok_or_else(|| ApiError::invalid("offset", "must be minutes, at most 18 hours"))
    }
}

/// The figures of a period and of the one of the same length before it, over the jobs you may see. A job that was deleted counts no more.
#[utoipa::path(tag = "workspaces", params(("ws" = WorkspaceId, Path), Query), responses((status = 200, body = Analytics), (status = "default", body = Problem, content_type = "application/problem+json")))]
#[get("/workspaces/{ws}/analytics")]
async fn show_analytics(
    ctx: Ctx,
    caller: Caller,
    ws: web::Path<WorkspaceId>,
    query: web::Query<Query>,
) -> Result<web::Json<Analytics>, ApiError> {
    let (ws, now) = (ws.into_inner(), ctx.now());
    let (period, offset) = (query.period(now)?, query.offset()?);
    let facts = {
        let mut conn = ctx.read().await?;
        let who = who(&mut conn, ws, caller.id()).await?;
        may(who, Act::See, None)?;
        let all = facts(&mut conn, ws).await?;
        let seen = all.into_iter().filter(|(access, _)| may(who, Act::See, Some(access)).is_ok());
        seen.map(|(_, job)| job).collect::<Vec<_>>()
    };
    let people = ctx.live.people(facts.iter().map(|job| job.owner)).await?;
    let figures = analytics(&facts, period, offset, now.0, |id| {
        people.get(&id).map(|person| person.name.clone())
    });
    Ok(web::Json(figures))
}
