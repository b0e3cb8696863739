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
    feed::{ActivityCanvas, ActivityEntry, ActivityJob, ActivityKind},
    id::{CanvasId, JobId, NoteId, RequestId, UserId, WorkspaceId},
    problem::Problem,
    time::Timestamp,
};
use coord_store::{
    StoreError, canvases,
    feed::{self, FeedRow, NewsFilter},
    notes, requests,
};
use serde::{Deserialize, de::DeserializeOwned};
use utoipa_actix_web::service_config::ServiceConfig;

/// Rows of the feed looked at in one go while what is not for the reader is left out.
const BATCH: i64 = 200;

/// Most such looks for one page: a reader of a workspace full of private jobs gets a short page and goes on from its cursor.
const MAX_BATCHES: usize = 10;

/// Most characters of a note, or of what an agent asks.
const EXCERPT: usize = 200;

pub fn routes(cfg: &mut ServiceConfig<'_>) {
    cfg.service(list_activity);
}

/// What of it.
#[derive(Debug, Clone, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct ActivityQuery {
    /// Done by this person.
    by: Option<UserId>,
    /// Of this kind.
    kind: Option<ActivityKind>,
    /// About this job.
    job: Option<JobId>,
    /// Not before this time.
    from: Option<Timestamp>,
    /// Before this time.
    to: Option<Timestamp>,
    /// Most items of the page: 1 to 200.
    #[param(default = 50, minimum = 1, maximum = 200)]
    limit: Option<i64>,
    /// `next` of the page before.
    cursor: Option<String>,
}

/// What happened, newest first, as far as it concerns jobs you may see. A page may be short, even empty; the last has no `next`.
#[utoipa::path(tag = "workspaces", params(("ws" = WorkspaceId, Path), ActivityQuery), responses((status = 200, body = Page<ActivityEntry>), (status = "default", body = Problem, content_type = "application/problem+json")))]
#[get("/workspaces/{ws}/activity")]
async fn list_activity(
    ctx: Ctx,
    caller: Caller,
    ws: web::Path<WorkspaceId>,
    query: web::Query<ActivityQuery>,
) -> Result<web::Json<Page<ActivityEntry>>, ApiError> {
    let query = query.into_inner();
    let paging = Paging {
        limit: query.limit,
        cursor: query.cursor,
    };
    let filter = NewsFilter {
        by: query.by,
        kind: query.kind,
        job: query.job,
        from: query.from,
        to: query.to,
    };
    let (ws, limit) = (ws.into_inner(), usize::try_from(paging.limit()?).unwrap_or_default());
    let mut before = paging.after::<i64>()?.unwrap_or(i64::MAX);
    let who = who(&mut *ctx.read().await?, ws, caller.id()).await?;
    may(who, Act::See, None)?;
    let mut found = Vec::new();
    let mut next = None;
    'page: for look in 1..=MAX_BATCHES {
        let rows = feed::read_news(&mut *ctx.read().await?, ws, filter, before, BATCH).await?;
        let last_batch = rows.len() < usize::try_from(BATCH).unwrap_or_default();
        for row in rows {
            before = row.seq;
            if let Some(about) = about(&ctx, who, &row).await? {
                found.push((row, about));
            }
            if found.len() == limit {
                next = (before > 1).then(|| before.to_string());
                break 'page;
            }
        }
        if last_batch {
            break;
        }
        if look == MAX_BATCHES {
            next = Some(before.to_string());
        }
    }
    let mut items = Vec::with_capacity(found.len());
    for (row, about) in found {
        items.push(entry(&ctx, row, about).await?);
    }
    with_people(&ctx, &mut items).await?;
    Ok(web::Json(Page { items, next }))
}

fn field<T: DeserializeOwned>(row: &FeedRow, name: &str) -> Option<T> {
    serde_json::from_value(row.payload.get(name)?.clone()).ok()
}

/// The jobs a row tells of.
struct About {
    job: Option<ActivityJob>,
    other: Option<ActivityJob>,
    gone: bool,
}

/// What the row is about, as this person may see it; `None` when it is not for them.
async fn about(ctx: &Ctx, who: Who, row: &FeedRow) -> Result<Option<About>, StoreError> {
    let mut about = About {
        job: None,
        other: None,
        gone: false,
    };
    if let Some(id) = row.job {
        about.job = match seen(ctx, who, id).await? {
            Some(seen) => seen,
            None => {
                about.gone = true;
                tombstone(who, id, row)
            }
        };
        if about.job.is_none() {
            return Ok(None);
        }
    }
    if let Some(other) = field::<JobId>(row, "dependency") {
        // What is told of a job that one may not see would tell that there is one.
        let Some(Some(other)) = seen(ctx, who, other).await? else {
            return Ok(None);
        };
        about.other = Some(other);
    }
    Ok(Some(about))
}

/// `None` when there is no such job, `Some(None)` when it is not theirs to see.
async fn seen(ctx: &Ctx, who: Who, id: JobId) -> Result<Option<Option<ActivityJob>>, StoreError> {
    let Some(now) = ctx.live.snapshot(id).await? else {
        return Ok(None);
    };
    Ok(Some(may(who, Act::See, Some(&now.access)).is_ok().then(|| {
        let job = ctx.live.shown(&now);
        ActivityJob {
            id,
            number: job.number,
            title: job.title,
        }
    })))
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

/// The line of Activity; people have their ids only.
async fn entry(ctx: &Ctx, row: FeedRow, about: About) -> Result<ActivityEntry, StoreError> {
    let person = |name: &str| {
        let id: Option<UserId> = field(&row, name);
        id.map(|id| coord_protocol::account::Person { id, name: String::new() })
    };
    let mut gone = about.gone;
    let mut conn = ctx.store.read().await?;
    let canvas = match field::<CanvasId>(&row, "canvas") {
        Some(id) => {
            let now = canvases::get(&mut conn, id).await?.map(|canvas| canvas.name);
            gone |= now.is_none();
            let name = now.or_else(|| field(&row, "name")).unwrap_or_default();
            Some(ActivityCanvas { id, name })
        }
        None => None,
    };
    let mut text = None;
    if let Some(note) = field::<NoteId>(&row, "note") {
        text = notes::beginning(&mut conn, note).await?;
    } else if let Some(request) = field::<RequestId>(&row, "request") {
        let asked = requests::get(&mut conn, request).await?;
        text = asked.map(|request| request.ask.title.chars().take(EXCERPT).collect());
    }
    Ok(ActivityEntry {
        seq: row.seq,
        at: row.at,
        kind: feed::news(&row.kind, &row.payload).unwrap_or(ActivityKind::Jobs),
        act: field(&row, "act").or_else(|| field::<bool>(&row, "renamed").map(|_| "renamed".to_owned())),
        job: about.job,
        by: person("by"),
        user: person("user"),
        role: field(&row, "role"),
        other: about.other,
        canvas,
        file: field(&row, "file"),
        text,
        gone,
        from: field(&row, "from"),
        to: field(&row, "to"),
        what: row.kind,
    })
}

/// Gives the people their names.
async fn with_people(ctx: &Ctx, items: &mut [ActivityEntry]) -> Result<(), StoreError> {
    let ids: Vec<_> = items
        .iter()
        .flat_map(|item| item.by.iter().chain(&item.user))
        .map(|person| person.id)
        .collect();
    let people = ctx.live.people(ids).await?;
    for person in items.iter_mut().flat_map(|item| item.by.iter_mut().chain(&mut item.user)) {
        if let Some(known) = people.get(&person.id) {
            *person = known.clone();
        }
    }
    Ok(())
}
