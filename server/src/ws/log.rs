//! `GET /api/v1/attempts/{attempt}/log/live?from=<seq>`: a log as it grows, without gap or repeat, at each reader's own pace.

use super::socket::{self, Closing, Incoming, Limit, Socket};
use crate::{
    actors::{Holder, Live, Revoked},
    context::Ctx,
    http::{
        auth::{self, Caller, Via},
        problem::ApiError,
    },
};
use actix_web::{HttpRequest, HttpResponse, web};
use coord_domain::rights::{self, Act};
use coord_protocol::id::{AttemptId, JobId, UserId};
use coord_store::{StoreError, attempts};
use serde::Deserialize;
use std::sync::Arc;

/// Clients say nothing on this socket.
const MAX_MESSAGE: usize = 4 * 1024;

/// Where to begin.
#[derive(Debug, Deserialize)]
pub struct From {
    /// First number wanted; 1 without it.
    from: Option<i64>,
}

/// Opens the live log.
///
/// # Errors
/// 404 for those who may not see the job.
pub async fn open(
    request: HttpRequest,
    payload: web::Payload,
    caller: Caller,
    attempt: web::Path<AttemptId>,
    from: web::Query<From>,
    context: Ctx,
) -> Result<HttpResponse, actix_web::Error> {
    let live = context.live.clone();
    let attempt = attempt.into_inner();
    let job = job_of(&live, attempt).await.map_err(ApiError::from)?;
    let job = job.ok_or_else(|| ApiError::from(coord_domain::Refusal::hidden()))?;
    let reader = Reader {
        live: live.clone(),
        attempt,
        job,
        user: caller.id(),
        via: caller.via,
    };
    if !reader.sees().await.map_err(ApiError::from)? {
        return Err(ApiError::from(coord_domain::Refusal::hidden()).into());
    }
    let seat = socket::seat(&context, Holder::User(reader.user))?;
    let from = from.from.unwrap_or(1).max(1);
    let (until, of) = (caller.until, live.clone());
    socket::start(&request, payload, Limit::of(MAX_MESSAGE), seat, async move |socket| {
        socket::while_signed_in(&of, until, async move {
            // Beside the sending, which a reader far behind or one that does not read would keep from looking up (ACC-5).
            tokio::select! {
                closing = reader.lost() => Err(closing),
                ended = reader.serve(socket, from) => ended,
            }
        })
        .await
    })
}

async fn job_of(live: &Live, attempt: AttemptId) -> Result<Option<JobId>, StoreError> {
    let mut conn = live.store().read().await?;
    Ok(attempts::get(&mut conn, attempt).await?.map(|(_, job, _)| job))
}

struct Reader {
    live: Live,
    attempt: AttemptId,
    job: JobId,
    user: UserId,
    via: Via,
}

impl Reader {
    async fn sees(&self) -> Result<bool, StoreError> {
        let Some(snapshot) = self.live.snapshot(self.job).await? else {
            return Ok(false);
        };
        let who = self.live.who(snapshot.workspace(), self.user).await?;
        Ok(rights::may(who, Act::See, Some(&snapshot.access)).is_ok() && auth::still_signed_in(self.live.store(), &self.via).await?)
    }

    /// Returns when they may no longer see the log: rights, the job's privacy, the session or the token changed.
    async fn lost(&self) -> Closing {
        let mut revocations = self.live.revocations();
        let mut job_changes = self.live.job_changes();
        loop {
            match self.sees().await {
                Ok(true) => {}
                Ok(false) => return Closing::revoked(),
                Err(error) => return Closing::again(error),
            }
            tokio::select! {
                _ = socket::revoked(&mut revocations, |revoked| self.concerns(revoked)) => {}
                () = job_changes.of(self.job) => {}
            }
        }
    }

    async fn serve(&self, mut socket: Socket, from: i64) -> Result<(), Closing> {
        let (tail, mut head) = self.live.watch_log(self.attempt);
        let mut next = from;
        loop {
            let (entries, known) = tail.read(self.live.store(), self.attempt, next).await.map_err(Closing::again)?;
            if !entries.is_empty() {
                next += i64::try_from(entries.len()).unwrap_or(0);
                socket.send(page(&entries, known)).await?;
                continue;
            }
            tokio::select! {
                changed = head.changed() => changed.map_err(|_| Closing::again("the log is gone"))?,
                incoming = socket.next() => match incoming? {
                    Incoming::Text(_) | Incoming::Binary(_) => return Err(Closing(super::close::PROTOCOL, "nothing is expected here".into())),
                    Incoming::Pong => {}
                },
            }
        }
    }

    fn concerns(&self, revoked: Revoked) -> bool {
        match (revoked, &self.via) {
            (Revoked::Session(id), Via::Session(mine)) => id == *mine,
            (Revoked::Token(id), Via::Token(mine, _)) => id == *mine,
            (Revoked::Member(_, user), _) => user == self.user,
            (Revoked::Workspace(_), _) => true,
            (Revoked::Session(_) | Revoked::Token(_) | Revoked::Runner(_), _) => false,
        }
    }
}

/// A page as `LogPage` encodes: the entries are kept encoded, so they are only put together.
fn page(entries: &[Arc<str>], head: i64) -> String {
    let mut text = String::with_capacity(entries.iter().map(|entry| entry.len() + 1).sum::<usize>() + 40);
    text.push_str("{\"items\":[");
    for (index, entry) in entries.iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        text.push_str(entry);
    }
    text.push_str("],\"head\":");
    text.push_str(&head.to_string());
    text.push('}');
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use coord_protocol::{
        log::{LogBody, LogEntry, LogPage},
        time::Timestamp,
    };

    #[test]
    fn agt_10_a_live_page_is_a_log_page() {
        let entry = |seq| LogEntry {
            seq,
            at: Timestamp(1),
            body: LogBody::Text {
                text: "a \"quoted\" line\n".into(),
            },
        };
        let encoded: Vec<Arc<str>> = [1, 2].map(|seq| serde_json::to_string(&entry(seq)).unwrap().into()).to_vec();
        let decoded: LogPage = serde_json::from_str(&page(&encoded, 7)).unwrap();
        assert_eq!(
            decoded,
            LogPage {
                items: vec![entry(1), entry(2)],
                head: 7
            }
        );
        assert_eq!(serde_json::from_str::<LogPage>(&page(&[], 0)).unwrap().items, []);
    }
}
