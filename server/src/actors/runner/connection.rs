//! The connection of a runner: its hello and welcome, its silence, its end, and who is told that it is there or is not (RUN-1, RUN-5).

use super::{Connect, Connected, Connection, Disconnected, Inbound, Live, News, Removed, RunnerActor, claims, intake};
use crate::actors::{CommandError, workspace};
use actix::{ActorContext as _, ActorFutureExt as _, AsyncContext as _, Context, Handler, ResponseActFuture, WrapFuture as _};
use coord_domain::{
    Refusal,
    job::{Claim, Job, State},
};
use coord_protocol::{
    id::{RunnerId, UserId, WorkspaceId},
    rule::Rule,
    runner::{HeldClaim, ResumedClaim, ToRunner},
    time::Timestamp,
};
use coord_store::{StoreError, Tx, feed, members, runners};
use serde_json::json;
use std::time::Duration;

/// Heartbeats that may be missing before the runner counts as offline.
const MISSED_HEARTBEATS: u32 = 3;

/// How often the store is told when an idle, connected runner was last heard of.
const SEEN_EVERY_MS: i64 = 60_000;

impl RunnerActor {
    /// Sends, or ends the connection of a runner that does not read: it will come back and learn everything anew (INV-5).
    pub(super) fn send(&mut self, message: ToRunner) {
        if let Some(connected) = &self.connected
            && connected.out.try_send(message).is_err()
        {
            tracing::warn!(runner = %self.id, "the runner does not read; its connection is ended");
            self.connected = None;
            self.heard = self.live.steady();
        }
    }

    pub(super) fn tell(&self, news: News) {
        let Some(owner) = self.owner else { return };
        let (live, id) = (self.live.clone(), self.id);
        tokio::task::spawn_local(async move {
            if let Err(error) = announce(&live, id, owner, news).await {
                tracing::error!(%error, runner = %id, "a runner's change was not told");
            }
        });
    }

    fn offline(&mut self) {
        self.connected = None;
        self.heard = self.live.steady();
        self.state.set_online(false);
        if let Some(heard) = self.state.heard() {
            self.store_seen(heard);
        }
        self.tell(News::Work);
    }

    fn store_seen(&mut self, at: Timestamp) {
        self.seen_stored = at;
        let (live, id) = (self.live.clone(), self.id);
        tokio::task::spawn_local(async move {
            let seen = live.store().write(async move |tx: &mut Tx| runners::seen(tx, id, at).await).await;
            if let Err(error) = seen {
                tracing::error!(%error, runner = %id, "the time a runner was seen was not stored");
            }
        });
    }

    /// The runner is lost when it was silent for some heartbeats, its claims when it was silent for the lease.
    pub(super) fn watch(&mut self, ctx: &mut Context<Self>) {
        let timing = self.live.timing();
        let silent = self.live.steady().saturating_sub(self.heard);
        if self.connected.is_some() {
            if silent > Duration::from_millis(u64::from(timing.heartbeat_ms)) * MISSED_HEARTBEATS {
                tracing::info!(runner = %self.id, silent_ms = silent.as_millis(), "a runner went silent");
                // The lease runs from when it was last heard of, not from when that was noticed.
                let heard = self.heard;
                self.offline();
                self.heard = heard;
            }
        } else if silent > Duration::from_millis(u64::from(timing.lease_ms)) {
            for (attempt, held) in std::mem::take(&mut self.claims) {
                self.state.done_with(attempt);
                claims::lapse(&self.live, held.job, held.fence);
            }
            ctx.stop();
        }
        let now = self.live.now();
        if self.connected.is_some() && now.ms_since(self.seen_stored).abs() > SEEN_EVERY_MS {
            self.store_seen(now);
        }
    }

    /// Sorts the claims the store knows of against those the runner holds: go on, begin, or lapse.
    fn welcome(&mut self, held: &[HeldClaim], claims: Vec<(Job, Claim, i64)>, name: String) {
        let mut resume = vec![];
        let mut begin = vec![];
        let before = std::mem::take(&mut self.claims);
        for attempt in before.keys() {
            self.state.done_with(*attempt);
        }
        drop(before);
        for (job, claim, head) in claims {
            let Some(attempt) = job.attempt.as_ref().map(|attempt| attempt.id) else {
                continue;
            };
            let same = held.iter().any(|held| held.attempt == attempt && held.fence == claim.fence);
            let slot = self.slot_for(&job);
            if same {
                resume.push(ResumedClaim {
                    attempt,
                    fence: claim.fence,
                    confirmed_seq: head,
                });
                self.hold(&job, claim.fence, head, slot);
            } else if head == 0 || matches!(job.state, State::AwaitingReview { .. }) {
                // The assignment never arrived, or was a merge, which may be begun again.
                self.hold(&job, claim.fence, head, slot);
                begin.push(job);
            } else {
                tracing::info!(runner = %self.id, %attempt, "the runner no longer has work it began");
                claims::lapse(&self.live, job.id, claim.fence);
            }
        }
        let timing = self.live.timing();
        self.send(ToRunner::Welcome {
            protocol: coord_protocol::runner::PROTOCOL,
            runner: self.id,
            name,
            heartbeat_ms: timing.heartbeat_ms,
            lease_ms: timing.lease_ms,
            resume: resume.clone(),
        });
        for job in begin {
            self.begin(job);
        }
        for claim in resume {
            self.catch_up(claim.attempt);
        }
    }
}

/// Says in every workspace the runner serves that it is another now, and has their queues matched again.
async fn announce(live: &Live, runner: RunnerId, owner: UserId, news: News) -> Result<(), StoreError> {
    let served = {
        let mut conn = live.store().read().await?;
        members::of_user(&mut conn, owner).await?
    };
    let at = live.now();
    let heads = live
        .store()
        .write(async move |tx: &mut Tx| -> Result<Vec<(WorkspaceId, i64)>, StoreError> {
            let mut heads = vec![];
            for (workspace, _) in &served {
                let payload = json!({ "runner": runner, "owner": owner });
                heads.push((
                    *workspace,
                    feed::append(tx, *workspace, at, "runner.changed", None, &payload).await?,
                ));
            }
            Ok(heads)
        })
        .await?;
    for (workspace, seq) in heads {
        live.feed_committed(workspace, seq);
        match news {
            News::Itself => live.runners_changed(workspace),
            News::Work => workspace::wake(&live.workspace_actor(workspace)),
        }
    }
    Ok(())
}

impl Handler<Connect> for RunnerActor {
    type Result = ResponseActFuture<Self, Result<Connection, CommandError>>;

    fn handle(&mut self, connect: Connect, ctx: &mut Self::Context) -> Self::Result {
        let (live, id) = (self.live.clone(), self.id);
        // A connection that is still there belongs to the same runner before it lost sight of us, or to a copy: the newest one counts.
        self.connected = None;
        let now = live.now();
        self.heard = live.steady();
        self.state.set_heard(now);
        let report = runners::Report {
            agents: connect.agents.clone(),
            platform: connect.platform.clone(),
            version: connect.version.clone(),
            concurrency: i64::from(connect.concurrency),
        };
        let loading = async move {
            live.store()
                .write(async move |tx: &mut Tx| runners::report(tx, id, &report, now).await)
                .await?;
            let mut conn = live.store().read().await?;
            let runner = runners::get(&mut conn, id).await?;
            drop(conn);
            let (_, claims) = claims::of(&live, id).await?;
            Ok::<_, StoreError>((runner, claims))
        };
        let (done, answer) = tokio::sync::oneshot::channel();
        ctx.wait(loading.into_actor(self).map(move |loaded, actor, _| {
            let result = match loaded {
                Ok((Some(runner), claims)) => {
                    actor.connections += 1;
                    let connection = Connection(actor.connections);
                    actor.connected = Some(Connected {
                        id: connection,
                        out: connect.out,
                    });
                    actor.owner = Some(runner.owner.id);
                    actor.state.set_concurrency(connect.concurrency);
                    actor.state.set_serves(connect.serves);
                    actor.welcome(&connect.held, claims, runner.name);
                    actor.state.set_draining(connect.paused);
                    actor.state.set_online(true);
                    actor.tell(News::Itself);
                    Ok(connection)
                }
                Ok((None, _)) => Err(CommandError::NotFound),
                Err(error) => Err(error.into()),
            };
            let _asker_gone = done.send(result);
        }));
        Box::pin(async move { answer.await.unwrap_or(Err(CommandError::Died)) }.into_actor(self))
    }
}

impl Handler<Inbound> for RunnerActor {
    type Result = ResponseActFuture<Self, Result<(), CommandError>>;

    fn handle(&mut self, Inbound(connection, message): Inbound, _: &mut Self::Context) -> Self::Result {
        if self.connected.as_ref().map(|connected| connected.id) != Some(connection) {
            let refusal = match self.connected {
                Some(_) => Refusal::state(Rule::Run1, "another runner has connected with this token"),
                None => Refusal::state(Rule::Run5, "this connection was not read, or was silent for too long"),
            };
            return Box::pin(async move { Err(refusal.into()) }.into_actor(self));
        }
        self.heard = self.live.steady();
        self.state.set_heard(self.live.now());
        intake::handle(self, message)
    }
}

impl Handler<Disconnected> for RunnerActor {
    type Result = ();

    fn handle(&mut self, Disconnected(connection): Disconnected, _: &mut Self::Context) {
        if self.connected.as_ref().is_some_and(|connected| connected.id == connection) {
            self.offline();
        }
    }
}

impl Handler<Removed> for RunnerActor {
    type Result = ();

    fn handle(&mut self, _: Removed, ctx: &mut Self::Context) {
        self.send(ToRunner::Refused {
            rule: Rule::Run1,
            detail: "this runner was removed by its owner".to_owned(),
        });
        for (attempt, held) in std::mem::take(&mut self.claims) {
            self.state.done_with(attempt);
            claims::lapse(&self.live, held.job, held.fence);
        }
        ctx.stop();
    }
}
