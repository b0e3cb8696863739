//! What happened in a workspace: `/workspaces/{ws}/activity`.

use super::{auth::Caller, extract::Paging, problem::ApiError};
use crate::context::{Ctx, who};
use actix_web::{get, web};
use coord_domain::{
    job::Access,
    rights::{Act, Who, may},
};
use coord_protocol::{
    Page,
    feed::{ActivityEntry, ActivityJob},
    id::{JobId, UserId, WorkspaceId},
    job::JobState,
    problem::Problem,
};
use coord_store::{
    StoreError,
    feed::{self, FeedRow},
};
use serde::de::DeserializeOwned;
use utoipa_actix_web::service_config::ServiceConfig;

/// Rows of the feed looked at in one go while what is not for the reader is left out.
const BATCH: i64 = 200;

/// Most such looks for one page: a reader of a workspace full of private jobs gets a short page and goes on from its cursor.
const MAX_BATCHES: usize = 10;

pub fn routes(cfg: &mut ServiceConfig<'_>) {
    cfg.service(list_activity);
}

/// What happened, newest first, as far as it concerns jobs you may see. A page may be short, even empty; the last has no `next`.
#[utoipa::path(tag = "workspaces", params(("ws" = WorkspaceId, Path), Paging), responses((status = 200, body = Page<ActivityEntry>), (status = "default", body = Problem, content_type = "application/problem+json")))]
#[get("/workspaces/{ws}/activity")]
async fn list_activity(
    ctx: Ctx,
    caller: Caller,
    ws: web::Path<WorkspaceId>,
    paging: web::Query<Paging>,
) -> Result<web::Json<Page<ActivityEntry>>, ApiError> {
    let (ws, limit) = (ws.into_inner(), usize::try_from(paging.limit()?).unwrap_or_default());
    let mut before = paging.after::<i64>()?.unwrap_or(i64::MAX);
    let who = who(&mut *ctx.read().await?, ws, caller.id()).await?;
    may(who, Act::See, None)?;
    let mut items = Vec::new();
    for _ in 0..MAX_BATCHES {
        let rows = feed::read_back(&mut *ctx.read().await?, ws, before, BATCH).await?;
        let last_batch = rows.len() < usize::try_from(BATCH).unwrap_or_default();
        for row in rows {
            before = row.seq;
            items.extend(entry(&ctx, who, row).await?);
            if items.len() == limit {
                let next = (before > 1).then(|| before.to_string());
                return Ok(web::Json(Page { items, next }));
            }
        }
        if last_batch {
            return Ok(web::Json(Page { items, next: None }));
        }
    }
    Ok(web::Json(Page {
        items,
        next: Some(before.to_string()),
    }))
}

fn field<T: DeserializeOwned>(row: &FeedRow, name: &str) -> Option<T> {
    serde_json::from_value(row.payload.get(name)?.clone()).ok()
}

/// The row as this person may see it. A job's change that is neither a move nor anybody's doing is no news.
async fn entry(ctx: &Ctx, who: Who, row: FeedRow) -> Result<Option<ActivityEntry>, StoreError> {
    let (from, to): (Option<JobState>, Option<JobState>) = (field(&row, "from"), field(&row, "to"));
    let (by, user): (Option<UserId>, Option<UserId>) = (field(&row, "by"), field(&row, "user"));
    if row.kind.starts_with("runner.") || row.kind == "invitation.changed" || (row.kind == "job.changed" && to.is_none() && by.is_none()) {
        return Ok(None);
    }
    let job = match row.job {
        None => None,
        Some(id) => {
            let seen = match ctx.live.snapshot(id).await? {
                Some(now) => may(who, Act::See, Some(&now.access)).is_ok().then(|| {
                    let job = ctx.live.shown(&now);
                    ActivityJob {
                        id,
                        number: job.number,
                        title: job.title,
                    }
                }),
                None => tombstone(who, id, &row),
            };
            let Some(seen) = seen else { return Ok(None) };
            Some(seen)
        }
    };
    let people = ctx.live.people(by.into_iter().chain(user)).await?;
    Ok(Some(ActivityEntry {
        seq: row.seq,
        at: row.at,
        what: row.kind,
        job,
        by: by.and_then(|by| people.get(&by).cloned()),
        user: user.and_then(|user| people.get(&user).cloned()),
        from,
        to,
    }))
}

/// A job that is gone is told of by the event of its end alone, to those who could see it then (JOB-11).
fn tombstone(who: Who, id: JobId, row: &FeedRow) -> Option<ActivityJob> {
    let was: Option<Access> = field(row, "was");
    let seen = row.kind == "job.deleted" && was.is_some_and(|was| may(who, Act::See, Some(&was)).is_ok());
    seen.then(|| ActivityJob {
        id,
        number: field(row, "number").unwrap_or_default(),
        title: field(row, "title").unwrap_or_default(),
    })
}
