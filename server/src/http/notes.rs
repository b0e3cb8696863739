//! Notes on jobs: `/jobs/{job}/notes`, `/notes/{note}/retract` (NOTE-1).

use super::{
    auth::Caller,
    extract::{Json, Paging, page},
    idempotency,
    problem::ApiError,
    reach,
};
use crate::context::Ctx;
use actix_web::{HttpResponse, get, post, web};
use coord_domain::{Refusal, mention, rights::Act, validate};
use coord_protocol::{
    Page,
    account::Person,
    id::{JobId, MentionId, NoteId, WorkspaceId},
    job::{AddedNote, NewNote, Note},
    problem::Problem,
    rule::Rule,
};
use coord_store::{Tx, audit, feed, mentions, notes};
use serde_json::json;
use utoipa_actix_web::service_config::ServiceConfig;

pub fn routes(cfg: &mut ServiceConfig<'_>) {
    cfg.service(list_notes).service(create_note).service(retract_note);
}

/// The notes of a job, oldest first.
#[utoipa::path(tag = "notes", params(("job" = JobId, Path), Paging), responses((status = 200, body = Page<Note>), (status = "default", body = Problem, content_type = "application/problem+json")))]
#[get("/jobs/{job}/notes")]
async fn list_notes(
    ctx: Ctx,
    caller: Caller,
    job: web::Path<JobId>,
    paging: web::Query<Paging>,
) -> Result<web::Json<Page<Note>>, ApiError> {
    let limit = paging.limit()?;
    let mut conn = ctx.read().await?;
    let (job, _) = reach::job(&mut conn, caller.id(), job.into_inner(), Act::See).await?;
    let items = notes::list(&mut conn, job.id, paging.after()?, limit + 1).await?;
    Ok(web::Json(page(items, limit, |note| note.id.to_string())))
}

/// Adds a note to a job, and to the attempt open at the time. Whom it names by `@name` is told in their inbox, when they see the job.
#[utoipa::path(tag = "notes", params(("job" = JobId, Path), ("Idempotency-Key" = Option<String>, Header)), request_body = NewNote, responses((status = 201, body = AddedNote), (status = "default", body = Problem, content_type = "application/problem+json")))]
#[post("/jobs/{job}/notes")]
async fn create_note(ctx: Ctx, job: web::Path<JobId>, body: Json<NewNote>) -> Result<HttpResponse, ApiError> {
    let (id, now) = (job.into_inner(), ctx.now());
    validate::words(Rule::Note1, "body", &body.value.body)?;
    let chosen = body.value.mentions;
    // Made here, since a unit may run twice.
    let ids: Vec<_> = (0..mention::MAX_MENTIONS).map(|_| MentionId(ctx.ids.uuid())).collect();
    let note = Note {
        id: NoteId(ctx.ids.uuid()),
        job: id,
        attempt: None,
        author: Person {
            id: body.caller.user.id,
            name: body.caller.user.name.clone(),
        },
        body: Some(body.value.body),
        mentions: vec![],
        created_at: now,
        retracted_by: None,
        retracted_at: None,
    };
    let unit = async move |tx: &mut Tx| -> Result<(AddedNote, (WorkspaceId, i64)), ApiError> {
        let (job, _) = reach::job(tx, note.author.id, id, Act::Contribute).await?;
        let note = Note {
            attempt: job.open_attempt().map(|attempt| attempt.number),
            ..note.clone()
        };
        notes::insert(tx, &note).await?;
        let members = mentions::candidates(tx, job.workspace).await?;
        let found = mention::find(
            note.body.as_deref().unwrap_or_default(),
            &members,
            &job.access,
            note.author.id,
            &chosen,
        );
        mentions::insert(
            tx,
            &job,
            mentions::Place::Note(note.id),
            note.author.id,
            now,
            ids.iter().zip(&found.mentioned),
        )
        .await?;
        let named: Vec<_> = found.mentioned.iter().map(|mention| mention.user).collect();
        let payload = json!({ "note": note.id, "by": note.author.id, "mentions": named });
        let seq = feed::append(tx, job.workspace, now, "note.added", Some(id), &payload).await?;
        let added = AddedNote {
            note: Note {
                mentions: found.mentioned,
                ..note
            },
            not_mentioned: found.not_mentioned,
        };
        Ok((added, (job.workspace, seq)))
    };
    idempotency::create(&ctx, body.key, None, unit, |live, (ws, seq)| live.feed_committed(*ws, *seq)).await
}

/// Takes a note's text away for good; who wrote it and who took it away stay. Admins and the owner of the workspace may.
#[utoipa::path(tag = "notes", params(("note" = NoteId, Path)), responses((status = 200, body = Note), (status = "default", body = Problem, content_type = "application/problem+json")))]
#[post("/notes/{note}/retract")]
async fn retract_note(ctx: Ctx, caller: Caller, note: web::Path<NoteId>) -> Result<web::Json<Note>, ApiError> {
    let (id, user, now) = (note.into_inner(), caller.id(), ctx.now());
    let entry = ctx.audit(&caller.actor(), "note.retract", None, id, json!({}));
    let unit = async move |tx: &mut Tx| -> Result<(WorkspaceId, i64), ApiError> {
        let note = notes::get(tx, id).await?.ok_or_else(ApiError::not_found)?;
        let (job, _) = reach::job(tx, user, note.job, Act::Administer).await?;
        if !notes::retract(tx, id, user, now).await? {
            return Err(Refusal::state(Rule::Note1, "it is retracted already").into());
        }
        let entry = audit::Entry {
            workspace: Some(job.workspace),
            ..entry.clone()
        };
        audit::append(tx, &entry).await?;
        let payload = json!({ "note": id, "by": user });
        let seq = feed::append(tx, job.workspace, now, "note.retracted", Some(job.id), &payload).await?;
        Ok((job.workspace, seq))
    };
    ctx.commit(unit, |live, (ws, seq)| live.feed_committed(*ws, *seq)).await?;
    let note = notes::get(&mut *ctx.read().await?, id).await?.ok_or_else(ApiError::not_found)?;
    Ok(web::Json(note))
}
