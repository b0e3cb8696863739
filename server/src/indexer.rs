//! Makes what is said findable, behind whoever says it: at the start what a former version stored, then logs as they grow.
//!
//! A step reads some entries of one log and puts the words in as a write of its own, so that nobody waits for more than one step, and
//! rests after it. Nothing is lost when the server stops in between: how far each log is lies in the store.

use crate::context::{Context, Ctx};
use actix_web::rt;
use coord_protocol::id::AttemptId;
use coord_store::{StoreError, Tx, search};
use std::time::Duration;

/// How long what was said may gather before it is made findable.
const GATHER: Duration = Duration::from_millis(500);

/// Rest after each step: at most so many steps a second, which leaves the writer to others.
const REST: Duration = Duration::from_millis(10);

/// Before the next try after a failure.
const PATIENCE: Duration = Duration::from_secs(10);

/// What is put in by one step of catching up with a former version, of each kind.
const MISSING: i64 = 50;

/// Runs until the store closes.
pub async fn run(context: Ctx) {
    loop {
        match catch_up(&context).await {
            Ok(()) => break,
            Err(StoreError::Closed) => return,
            Err(error) => tracing::warn!(%error, "what was stored cannot be found yet"),
        }
        rt::time::sleep(PATIENCE).await;
    }
    loop {
        let grown = context.live.grown_logs().await;
        rt::time::sleep(GATHER).await;
        for attempt in grown {
            match follow(&context, attempt).await {
                Ok(()) => {}
                Err(StoreError::Closed) => return,
                // It would be no better next time, and others wait.
                Err(error @ StoreError::Inconsistent { .. }) => tracing::error!(%error, %attempt, "a log cannot be made findable"),
                Err(error) => {
                    tracing::warn!(%error, %attempt, "a log cannot be found yet");
                    context.live.log_grew(attempt);
                    rt::time::sleep(PATIENCE).await;
                }
            }
        }
    }
}

async fn catch_up(context: &Context) -> Result<(), StoreError> {
    loop {
        let missing = search::missing(&mut *context.store.read().await?, MISSING).await?;
        if missing.is_empty() {
            break;
        }
        context
            .store
            .write(async move |tx: &mut Tx| search::put_missing(tx, &missing).await)
            .await?;
        rt::time::sleep(REST).await;
    }
    for attempt in search::log::behind(&mut *context.store.read().await?).await? {
        context.live.log_grew(attempt);
    }
    Ok(())
}

/// One log, up to its end.
async fn follow(context: &Context, attempt: AttemptId) -> Result<(), StoreError> {
    loop {
        let step = search::log::next(&mut *context.store.read().await?, attempt).await?;
        let Some(step) = step else { return Ok(()) };
        let more = step.more;
        context
            .store
            .write(async move |tx: &mut Tx| search::log::put(tx, &step).await)
            .await?;
        rt::time::sleep(REST).await;
        if !more {
            // What came in the meantime has said so itself.
            return Ok(());
        }
    }
}
