//! Who can be mentioned on a job: `/jobs/{job}/mentionable` (NOTE-2).

use super::{auth::Caller, problem::ApiError, reach};
use crate::context::Ctx;
use actix_web::{get, web};
use coord_domain::rights::Act;
use coord_protocol::{Page, account::Person, id::JobId, problem::Problem};
use coord_store::mentions;
use serde::Deserialize;
use utoipa_actix_web::service_config::ServiceConfig;

/// Most people offered at once.
const MOST: usize = 50;

pub fn routes(cfg: &mut ServiceConfig<'_>) {
    cfg.service(list_mentionable);
}

/// Whom.
#[derive(Debug, Clone, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct MentionableQuery {
    /// What has been typed behind the `@`: the beginning of a name or of a word in it, in whatever case.
    #[serde(default)]
    q: String,
}

/// Members who can be mentioned on a job, which is those who see it: at most 50, those first whose name begins with `q`.
#[utoipa::path(tag = "notes", params(("job" = JobId, Path), MentionableQuery), responses((status = 200, body = Page<Person>), (status = "default", body = Problem, content_type = "application/problem+json")))]
#[get("/jobs/{job}/mentionable")]
async fn list_mentionable(
    ctx: Ctx,
    caller: Caller,
    job: web::Path<JobId>,
    query: web::Query<MentionableQuery>,
) -> Result<web::Json<Page<Person>>, ApiError> {
    let mut conn = ctx.read().await?;
    let (job, _) = reach::job(&mut conn, caller.id(), job.into_inner(), Act::See).await?;
    let typed = query.q.trim().to_lowercase();
    let mut items: Vec<_> = mentions::candidates(&mut conn, job.workspace)
        .await?
        .into_iter()
        .filter(|member| member.user != caller.id() && member.sees(&job.access))
        .filter_map(|member| {
            let name = member.name.to_lowercase();
            let fits = name.starts_with(&typed) || name.split_whitespace().any(|word| word.starts_with(&typed));
            fits.then_some((!name.starts_with(&typed), name, member))
        })
        .collect();
    items.sort_by(|a, b| (a.0, &a.1, a.2.user).cmp(&(b.0, &b.1, b.2.user)));
    items.truncate(MOST);
    let items = items.into_iter().map(|(_, _, member)| Person {
        id: member.user,
        name: member.name,
    });
    Ok(web::Json(Page {
        items: items.collect(),
        next: None,
    }))
}
