//! What needs the caller: `/inbox` (INB-1).

use super::{auth::Caller, extract::Paging, problem::ApiError, reach};
use crate::context::Ctx;
use actix_web::{HttpResponse, delete, get, put, web};
use coord_domain::{inbox::ItemName, rights::Act};
use coord_protocol::{
    Page,
    id::{JobId, MentionId, RequestId, WorkspaceId},
    inbox::{InboxCount, InboxItem, InboxKind},
    problem::Problem,
    time::Timestamp,
};
use coord_store::{Tx, inbox, mentions, requests};
use serde::Deserialize;
use utoipa_actix_web::service_config::ServiceConfig;

pub fn routes(cfg: &mut ServiceConfig<'_>) {
    cfg.service(list_inbox).service(count_inbox).service(put_aside).service(put_back);
}

/// What of the inbox.
#[derive(Debug, Clone, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct InboxQuery {
    /// Of this workspace only.
    workspace: Option<WorkspaceId>,
    /// Of this kind only.
    kind: Option<InboxKind>,
    /// What was put aside, and mentions that were read, instead of what waits.
    #[serde(default)]
    #[param(default = false)]
    done: bool,
    /// Most items of the page: 1 to 200.
    #[param(default = 50, minimum = 1, maximum = 200)]
    limit: Option<i64>,
    /// `next` of the page before.
    cursor: Option<String>,
}

/// What needs you in all your workspaces, newest first: requests to answer, reviews, blocked merges, mentions, your failed jobs.
#[utoipa::path(tag = "inbox", params(InboxQuery), responses((status = 200, body = Page<InboxItem>), (status = "default", body = Problem, content_type = "application/problem+json")))]
#[get("/inbox")]
async fn list_inbox(ctx: Ctx, caller: Caller, query: web::Query<InboxQuery>) -> Result<web::Json<Page<InboxItem>>, ApiError> {
    let query = query.into_inner();
    let paging = Paging {
        limit: query.limit,
        cursor: query.cursor,
    };
    let limit = usize::try_from(paging.limit()?).unwrap_or_default();
    let after: Option<Position> = paging.after()?;
    let mut items = ctx.live.inbox(caller.id(), query.workspace).await?;
    items.retain(|item| {
        item.done_at.is_some() == query.done
            && query.kind.is_none_or(|kind| item.body.kind() == kind)
            && after.as_ref().is_none_or(|after| *after < Position::of(item))
    });
    let more = items.len() > limit;
    items.truncate(limit);
    let next = items.last().filter(|_| more).map(|last| Position::of(last).to_string());
    Ok(web::Json(Page { items, next }))
}

/// Where an item stands in the list: newest first, then by name.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Position(std::cmp::Reverse<Timestamp>, String);

impl Position {
    fn of(item: &InboxItem) -> Self {
        Self(std::cmp::Reverse(item.at), item.id.clone())
    }
}

impl std::fmt::Display for Position {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}~{}", self.0.0.0, self.1)
    }
}

impl std::str::FromStr for Position {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (at, item) = text.split_once('~').ok_or(())?;
        Ok(Self(std::cmp::Reverse(Timestamp(at.parse().map_err(drop)?)), item.to_owned()))
    }
}

/// Which workspace.
#[derive(Debug, Clone, Copy, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct CountQuery {
    /// Of this workspace only.
    workspace: Option<WorkspaceId>,
}

/// How much needs you, without what you put aside.
#[utoipa::path(tag = "inbox", params(CountQuery), responses((status = 200, body = InboxCount), (status = "default", body = Problem, content_type = "application/problem+json")))]
#[get("/inbox/count")]
async fn count_inbox(ctx: Ctx, caller: Caller, query: web::Query<CountQuery>) -> Result<web::Json<InboxCount>, ApiError> {
    let items = ctx.live.inbox(caller.id(), query.workspace).await?;
    Ok(web::Json(crate::actors::count(&items)))
}

/// Puts an item aside, for you alone; a mention is read then. It comes back by itself when the same happens in another attempt of the job.
#[utoipa::path(tag = "inbox", params(("item" = String, Path, description = "`id` of an item.")), responses((status = 204), (status = "default", body = Problem, content_type = "application/problem+json")))]
#[put("/inbox/{item}/done")]
async fn put_aside(ctx: Ctx, caller: Caller, item: web::Path<String>) -> Result<HttpResponse, ApiError> {
    let now = ctx.now();
    set_done(&ctx, &caller, &item, Some(now)).await
}

/// Takes up again what was put aside; a mention is unread then.
#[utoipa::path(tag = "inbox", params(("item" = String, Path, description = "`id` of an item.")), responses((status = 204), (status = "default", body = Problem, content_type = "application/problem+json")))]
#[delete("/inbox/{item}/done")]
async fn put_back(ctx: Ctx, caller: Caller, item: web::Path<String>) -> Result<HttpResponse, ApiError> {
    set_done(&ctx, &caller, &item, None).await
}

async fn set_done(ctx: &Ctx, caller: &Caller, item: &str, at: Option<Timestamp>) -> Result<HttpResponse, ApiError> {
    let (user, item) = (caller.id(), item.parse::<ItemName>().map_err(|_| ApiError::not_found())?);
    let unit = async move |tx: &mut Tx| -> Result<(), ApiError> {
        let job = match item.kind {
            InboxKind::Request => requests::get(tx, RequestId(item.of)).await?.map(|request| request.job),
            InboxKind::Mention => mentions::job_of(tx, MentionId(item.of), user).await?,
            InboxKind::Review | InboxKind::Merge | InboxKind::Failed => Some(JobId(item.of)),
        };
        let (job, _) = reach::job(tx, user, job.ok_or_else(ApiError::not_found)?, Act::See).await?;
        let of_job = matches!(item.kind, InboxKind::Review | InboxKind::Merge | InboxKind::Failed);
        if of_job && item != ItemName::of_job(item.kind, &job) {
            return Err(ApiError::not_found());
        }
        match item.kind {
            InboxKind::Mention => mentions::set_read(tx, MentionId(item.of), user, at).await?,
            InboxKind::Request | InboxKind::Review | InboxKind::Merge | InboxKind::Failed => {
                inbox::set_done(tx, user, &item.to_string(), job.id, at).await?;
                true
            }
        };
        Ok(())
    };
    ctx.commit(unit, move |live, ()| live.inbox_touched(user)).await?;
    Ok(HttpResponse::NoContent().finish())
}
