//! The audit log, to be looked at: `/workspaces/{ws}/audit` for admins, `/me/audit` for what concerns one's own account (ACC-6).

use super::{
    auth::Caller,
    extract::{Paging, page},
    problem::ApiError,
};
use crate::context::{Ctx, who};
use actix_web::{HttpResponse, get, http::header, web};
use coord_domain::rights::{Act, may};
use coord_protocol::{
    Page,
    account::Person,
    audit::{ACTS, AuditLine},
    id::{CanvasId, JobId, RunnerId, UserId, WorkspaceId},
    problem::Problem,
    time::Timestamp,
};
use coord_store::{
    Conn, StoreError, accounts,
    audit::{self, Filter, Line},
    canvases, jobs, runners,
};
use futures_util::stream;
use serde::Deserialize;
use std::collections::HashMap;
use utoipa_actix_web::service_config::ServiceConfig;

/// Lines read at once for an export.
const BATCH: i64 = 200;

pub fn routes(cfg: &mut ServiceConfig<'_>) {
    cfg.service(list_audit).service(export_audit).service(my_audit);
}

/// Which lines. Parts left out do not narrow.
#[derive(Debug, Clone, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct AuditQuery {
    /// What this person did.
    actor: Option<UserId>,
    /// An act, such as `member.role`, or a group of them, such as `member`.
    act: Option<String>,
    /// Not before this time.
    from: Option<Timestamp>,
    /// Before this time.
    to: Option<Timestamp>,
}

impl AuditQuery {
    fn filter(self, workspace: WorkspaceId) -> Result<Filter, ApiError> {
        let act = match self.act.filter(|act| !act.is_empty()) {
            None => String::new(),
            Some(act) if ACTS.contains(&act.as_str()) => act,
            Some(group) if ACTS.iter().any(|act| act.split('.').next() == Some(&group)) => format!("{group}."),
            Some(_) => return Err(ApiError::invalid("act", "there is no such act")),
        };
        Ok(Filter {
            workspace,
            actor: self.actor,
            act,
            from: self.from,
            to: self.to,
        })
    }
}

/// What was done in a workspace, newest first. For its admins and its owner.
#[utoipa::path(tag = "workspaces", params(("ws" = WorkspaceId, Path), AuditQuery, Paging), responses((status = 200, body = Page<AuditLine>), (status = "default", body = Problem, content_type = "application/problem+json")))]
#[get("/workspaces/{ws}/audit")]
async fn list_audit(
    ctx: Ctx,
    caller: Caller,
    ws: web::Path<WorkspaceId>,
    query: web::Query<AuditQuery>,
    paging: web::Query<Paging>,
) -> Result<web::Json<Page<AuditLine>>, ApiError> {
    let (ws, limit) = (ws.into_inner(), paging.limit()?);
    let mut conn = ctx.read().await?;
    may(who(&mut conn, ws, caller.id()).await?, Act::Administer, None)?;
    let filter = query.into_inner().filter(ws)?;
    let rows = audit::list(&mut conn, &filter, paging.cursor.as_deref(), limit + 1).await?;
    let page = page(rows, limit, |line| line.id.clone());
    let items = Names::default().lines(&mut conn, page.items).await?;
    Ok(web::Json(Page { items, next: page.next }))
}

/// What concerns your account outside of workspaces, newest first: signing in, passwords, sessions, tokens, runners.
#[utoipa::path(tag = "accounts", params(Paging), responses((status = 200, body = Page<AuditLine>), (status = "default", body = Problem, content_type = "application/problem+json")))]
#[get("/me/audit")]
async fn my_audit(ctx: Ctx, caller: Caller, paging: web::Query<Paging>) -> Result<web::Json<Page<AuditLine>>, ApiError> {
    let limit = paging.limit()?;
    let mut conn = ctx.read().await?;
    let rows = audit::of_account(&mut conn, caller.id(), paging.cursor.as_deref(), limit + 1).await?;
    let page = page(rows, limit, |line| line.id.clone());
    let items = Names::default().lines(&mut conn, page.items).await?;
    Ok(web::Json(Page { items, next: page.next }))
}

/// The same as JSON lines, oldest first, from the first to the last.
#[utoipa::path(tag = "workspaces", params(("ws" = WorkspaceId, Path), AuditQuery), responses((status = 200, body = AuditLine, content_type = "application/jsonl"), (status = "default", body = Problem, content_type = "application/problem+json")))]
#[get("/workspaces/{ws}/audit.jsonl")]
async fn export_audit(
    ctx: Ctx,
    caller: Caller,
    ws: web::Path<WorkspaceId>,
    query: web::Query<AuditQuery>,
) -> Result<HttpResponse, ApiError> {
    let (ws, user) = (ws.into_inner(), caller.id());
    may(who(&mut *ctx.read().await?, ws, user).await?, Act::Administer, None)?;
    let export = Export {
        filter: query.into_inner().filter(ws)?,
        ctx,
        user,
        names: Names::default(),
        after: String::new(),
    };
    let lines = stream::try_unfold(Some(export), async |export: Option<Export>| {
        let Some(mut export) = export else { return Ok::<_, ApiError>(None) };
        let (text, more) = export.batch().await?;
        Ok(Some((web::Bytes::from(text), more.then_some(export))))
    });
    Ok(HttpResponse::Ok()
        .content_type("application/jsonl")
        .insert_header((header::CONTENT_DISPOSITION, "attachment; filename=\"audit.jsonl\""))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .streaming(Box::pin(lines)))
}

/// An export under way.
struct Export {
    ctx: Ctx,
    filter: Filter,
    user: UserId,
    names: Names,
    after: String,
}

impl Export {
    /// The next lines as text, and whether there may be more. The right is looked at each time (ACC-5).
    async fn batch(&mut self) -> Result<(String, bool), ApiError> {
        let mut conn = self.ctx.read().await?;
        may(who(&mut conn, self.filter.workspace, self.user).await?, Act::Administer, None)?;
        let rows = audit::read_on(&mut conn, &self.filter, &self.after, BATCH).await?;
        let Some(last) = rows.last() else {
            return Ok((String::new(), false));
        };
        self.after = last.id.clone();
        let mut text = String::new();
        for line in self.names.lines(&mut conn, rows).await? {
            text.push_str(&serde_json::to_string(&line).map_err(|error| StoreError::inconsistent("audit", error))?);
            text.push('\n');
        }
        Ok((text, true))
    }
}

/// Names of what lines speak of, looked up once each.
#[derive(Default)]
struct Names {
    people: HashMap<UserId, Person>,
    targets: HashMap<String, Option<String>>,
}

impl Names {
    async fn lines(&mut self, conn: &mut Conn, lines: Vec<Line>) -> Result<Vec<AuditLine>, StoreError> {
        let mut shown = Vec::with_capacity(lines.len());
        for mut line in lines {
            let actor = match line.actor {
                Some(id) => Some(self.person(conn, id).await?),
                None => None,
            };
            let target_name = self.target(conn, &line).await?;
            let mut taken = |key: &str| line.detail.as_object_mut().and_then(|detail| detail.remove(key));
            let (before, after) = (taken("before"), taken("after"));
            shown.push(AuditLine {
                before,
                after,
                target_name,
                id: line.id,
                at: line.at,
                act: line.act,
                actor,
                via: line.via,
                address: line.address,
                target: line.target,
                detail: line.detail,
            });
        }
        Ok(shown)
    }

    async fn person(&mut self, conn: &mut Conn, id: UserId) -> Result<Person, StoreError> {
        if let Some(known) = self.people.get(&id) {
            return Ok(known.clone());
        }
        let found = accounts::person(conn, id).await?.unwrap_or_else(|| Person {
            id,
            name: "former member".to_owned(),
        });
        self.people.insert(id, found.clone());
        Ok(found)
    }

    /// What people call the target. Whoever reads the log of a workspace sees everything in it.
    async fn target(&mut self, conn: &mut Conn, line: &Line) -> Result<Option<String>, StoreError> {
        if let Some(known) = self.targets.get(&line.target) {
            return Ok(known.clone());
        }
        let target = line.target.as_str();
        let found = match line.act.split('.').next().unwrap_or_default() {
            "job" => match target.parse::<JobId>() {
                Ok(id) => jobs::get(conn, id).await?.map(|job| format!("#{} {}", job.number, job.title)),
                Err(_) => None,
            },
            "runner" => match target.parse::<RunnerId>() {
                Ok(id) => runners::get(conn, id).await?.map(|runner| runner.name),
                Err(_) => None,
            },
            "canvas" => match target.parse::<CanvasId>() {
                Ok(id) => canvases::get(conn, id).await?.map(|canvas| canvas.name),
                Err(_) => None,
            },
            _ => match target.parse::<UserId>() {
                Ok(id) => accounts::person(conn, id).await?.map(|person| person.name),
                Err(_) => None,
            },
        };
        self.targets.insert(line.target.clone(), found.clone());
        Ok(found)
    }
}
