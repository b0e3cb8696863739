//! Finding jobs, files, notes and lines of logs by their words: `/workspaces/{ws}/search`.

use super::{auth::Caller, extract::Paging, problem::ApiError};
use crate::context::{Ctx, who};
use actix_web::{get, web};
use coord_domain::{
    rights::{Act, Who, may},
    search::{self, marked, snippet},
};
use coord_protocol::{
    Page,
    id::{AttemptId, WorkspaceId},
    log::LogEntry,
    problem::Problem,
    search::{FoundJob, FoundPlace, SearchHit, SearchKind, Snippet},
};
use coord_store::{
    StoreError, attempts, files, jobs, log, notes,
    search::{Find, Found, Source, Tier, find},
};
use serde::Deserialize;
use utoipa_actix_web::service_config::ServiceConfig;

/// Longest query, in characters.
const LONGEST: usize = 1_000;

/// The tier of a job whose number is looked for; those of the store come after it.
const NUMBER: i64 = 0;

pub fn routes(cfg: &mut ServiceConfig<'_>) {
    cfg.service(search_workspace);
}

/// What to look for.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct Query {
    /// Words, or their beginnings, all of which it has; or the number of a job, such as `#12`. At most 1,000 characters.
    q: Option<String>,
    /// Where to look: `job`, `file`, `note` or `log`. Everywhere without.
    kind: Option<String>,
}

impl Query {
    /// Read here and not by serde, whose words repeat what they refuse.
    fn kind(&self) -> Result<Option<SearchKind>, ApiError> {
        match self.kind.as_deref() {
            None => Ok(None),
            Some("job") => Ok(Some(SearchKind::Job)),
            Some("file") => Ok(Some(SearchKind::File)),
            Some("note") => Ok(Some(SearchKind::Note)),
            Some("log") => Ok(Some(SearchKind::Log)),
            Some(_) => Err(ApiError::invalid("kind", "must be `job`, `file`, `note` or `log`")),
        }
    }
}

const fn kind_of(tier: Tier) -> SearchKind {
    match tier {
        Tier::Title | Tier::Job => SearchKind::Job,
        Tier::File => SearchKind::File,
        Tier::Note => SearchKind::Note,
        Tier::Log => SearchKind::Log,
    }
}

/// What has the words, as far as you may see the job it belongs to: the job of that number, titles, descriptions, names of files, notes,
/// logs; the newest of each first. A line of a log can be found a few seconds after it was written.
#[utoipa::path(tag = "workspaces", params(("ws" = WorkspaceId, Path), Query, Paging), responses((status = 200, body = Page<SearchHit>), (status = "default", body = Problem, content_type = "application/problem+json")))]
#[get("/workspaces/{ws}/search")]
async fn search_workspace(
    ctx: Ctx,
    caller: Caller,
    ws: web::Path<WorkspaceId>,
    query: web::Query<Query>,
    paging: web::Query<Paging>,
) -> Result<web::Json<Page<SearchHit>>, ApiError> {
    let ws = ws.into_inner();
    let limit = usize::try_from(paging.limit()?).unwrap_or_default();
    let (from, mut before) = begin(paging.cursor.as_deref())?;
    let kind = query.kind()?;
    let text = query.q.as_deref().unwrap_or_default();
    if text.chars().nth(LONGEST).is_some() {
        return Err(ApiError::invalid("q", "must be at most 1000 characters"));
    }
    let who = who(&mut *ctx.read().await?, ws, caller.id()).await?;
    may(who, Act::See, None)?;
    let terms = search::terms(text);
    let mut hits: Vec<(SearchHit, i64, i64)> = Vec::new();
    if from <= NUMBER && kind.is_none_or(|kind| kind == SearchKind::Job) {
        hits.extend(numbered(&ctx, who, ws, text).await?.map(|hit| (hit, NUMBER, 0)));
    }
    for tier in Tier::ALL {
        let nth = tier as i64;
        if terms.is_empty() || nth < from || kind.is_some_and(|kind| kind != kind_of(tier)) {
            continue;
        }
        if nth > from {
            before = i64::MAX;
        }
        // One more than fits tells that there is more; nothing else does, so that what is left out is not told of.
        let wanted = Find {
            workspace: ws,
            viewer: who,
            tier,
            terms: terms.clone(),
            before,
            limit: (limit + 1).saturating_sub(hits.len()),
        };
        let found = find(&mut *ctx.read().await?, &wanted).await?;
        for one in found {
            if let Some(hit) = hit(&ctx, who, one, &terms).await? {
                hits.push((hit, nth, one.id));
            }
        }
        if hits.len() > limit {
            break;
        }
    }
    let more = hits.len() > limit;
    hits.truncate(limit);
    let next = hits.last().filter(|_| more).map(|(_, tier, id)| format!("{tier}-{id}"));
    let items = hits.into_iter().map(|(hit, ..)| hit).collect();
    Ok(web::Json(Page { items, next }))
}

/// The tier and the id below which a page begins.
fn begin(cursor: Option<&str>) -> Result<(i64, i64), ApiError> {
    let Some(cursor) = cursor else {
        return Ok((NUMBER, i64::MAX));
    };
    let place = cursor
        .split_once('-')
        .and_then(|(tier, id)| Some((tier.parse().ok()?, id.parse().ok()?)));
    let wrong = || ApiError::invalid("cursor", "is not one this list gave");
    match place {
        // The job of that number was the last of its page.
        Some((NUMBER, _)) => Ok((NUMBER + 1, i64::MAX)),
        Some((tier, id)) if (1..=5).contains(&tier) => Ok((tier, id)),
        Some(_) | None => Err(wrong()),
    }
}

/// The job that the text names by its number.
async fn numbered(ctx: &Ctx, who: Who, ws: WorkspaceId, text: &str) -> Result<Option<SearchHit>, ApiError> {
    let Some(number) = search::number(text) else {
        return Ok(None);
    };
    let job = jobs::by_number(&mut *ctx.read().await?, ws, number).await?;
    let job = job.filter(|job| may(who, Act::See, Some(&job.access)).is_ok());
    Ok(job.map(|job| SearchHit {
        job: FoundJob {
            id: job.id,
            number: job.number,
            title: marked(&job.title, &[]),
            state: job.state.word(),
            private: job.access.private,
        },
        place: FoundPlace::Job,
        snippet: Snippet::default(),
    }))
}

/// What was found, with the words as they are now; `None` when it is gone, or not for this person.
async fn hit(ctx: &Ctx, who: Who, found: Found, terms: &[String]) -> Result<Option<SearchHit>, ApiError> {
    let Some(snapshot) = ctx.live.snapshot(found.job).await? else {
        return Ok(None);
    };
    if may(who, Act::See, Some(&snapshot.access)).is_err() {
        return Ok(None);
    }
    let job = ctx.live.shown(&snapshot);
    let mut conn = ctx.read().await?;
    let (place, snippet) = match found.source {
        Source::Job => (FoundPlace::Job, snippet(&job.description, terms).0),
        Source::File(file) => {
            let Some(stored) = files::get(&mut conn, file).await? else {
                return Ok(None);
            };
            (FoundPlace::File { file }, marked(&stored.name, terms))
        }
        Source::Note(id) => {
            let Some(note) = notes::get(&mut conn, id).await? else {
                return Ok(None);
            };
            let place = FoundPlace::Note {
                note: id,
                author: note.author.name,
                at: note.created_at,
            };
            (place, snippet(&note.body.unwrap_or_default(), terms).0)
        }
        Source::Log { attempt, first, last } => {
            let Some((of, ..)) = attempts::get(&mut conn, attempt).await? else {
                return Ok(None);
            };
            let Some((entry, snippet)) = line(&mut conn, attempt, first, last, terms).await? else {
                return Ok(None);
            };
            let place = FoundPlace::Log {
                attempt,
                number: of.number,
                seq: entry.seq,
                at: entry.at,
            };
            (place, snippet)
        }
    };
    Ok(Some(SearchHit {
        job: FoundJob {
            id: job.id,
            number: job.number,
            title: marked(&job.title, terms),
            state: job.state,
            private: job.private,
        },
        place,
        snippet,
    }))
}

/// The entry of a piece of a log that the snippet begins in, and the snippet.
async fn line(
    conn: &mut coord_store::Conn,
    attempt: AttemptId,
    first: i64,
    last: i64,
    terms: &[String],
) -> Result<Option<(LogEntry, Snippet)>, StoreError> {
    let count = usize::try_from(last - first + 1).unwrap_or_default();
    let (lines, _) = log::read(conn, attempt, first, count).await?;
    let mut entries: Vec<LogEntry> = lines.iter().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let Some(piece) = search::pieces(&entries).into_iter().next() else {
        return Ok(None);
    };
    let (snippet, at) = snippet(&piece.text, terms);
    let seq = piece.entry_at(at);
    let entry = entries.iter().position(|entry| entry.seq == seq);
    Ok(entry.map(|entry| (entries.swap_remove(entry), snippet)))
}
