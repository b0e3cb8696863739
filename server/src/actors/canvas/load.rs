//! From the store and back: reading a document when its canvas is opened, and snapshots of it.

use super::{Batch, CanvasActor, Ended, SNAPSHOT_BYTES, SNAPSHOT_UPDATES, State, Tail, heavy};
use crate::actors::Live;
use actix::{ActorContext as _, ActorFutureExt as _, AsyncContext as _, Context, WrapFuture as _};
use bytes::Bytes;
use coord_canvas::{Document, NotAdmitted, model};
use coord_protocol::{
    canvas::Canvas,
    id::{CanvasId, UserId},
};
use coord_store::{StoreError, Tx, canvases};
use std::collections::HashMap;

/// What is read when a canvas is opened.
struct Loaded {
    canvas: Canvas,
    document: Document,
    owners: HashMap<u64, UserId>,
    seq: i64,
    tail: Tail,
    /// Ideas became jobs whose cards are not in the document: the server stopped in between.
    has_unplaced: bool,
}

/// A snapshot to be made: the document as it is with the change of this number.
pub(super) struct Due {
    seq: i64,
    bytes: Vec<u8>,
    updates: usize,
    tail_bytes: usize,
}

impl CanvasActor {
    /// Reads everything from the store; nothing else is handled meanwhile.
    pub(super) fn load(&mut self, ctx: &mut Context<Self>) {
        let (live, id) = (self.live.clone(), self.id);
        let read = async move { load(&live, id).await };
        ctx.wait(read.into_actor(self).map(|loaded, actor, ctx| match loaded {
            Ok(Some(loaded)) => {
                let touched = loaded.canvas.updated_at;
                if loaded.has_unplaced {
                    let (live, id) = (actor.live.clone(), actor.id);
                    actix_web::rt::spawn(async move { live.place_cards(id).await });
                }
                actor.state = Some(State {
                    canvas: loaded.canvas,
                    document: loaded.document,
                    owners: loaded.owners,
                    seq: loaded.seq,
                    gathering: Batch::default(),
                    committing: false,
                    tail: loaded.tail,
                    touched,
                    whole: None,
                });
            }
            Ok(None) => {
                actor.room.end(Ended::Deleted);
                ctx.stop();
            }
            Err(error) => actor.end(ctx, &error),
        }));
    }

    /// The document as the change that is about to be committed makes it, when the journal has become long.
    pub(super) fn snapshot_when_due(&mut self) -> Option<Due> {
        let state = self.state.as_mut()?;
        let tail = &mut state.tail;
        if tail.since.is_some() || !(tail.forgets || tail.updates >= SNAPSHOT_UPDATES || tail.bytes >= SNAPSHOT_BYTES) {
            return None;
        }
        tail.since = Some(vec![]);
        tail.forgets = false;
        Some(Due {
            seq: state.seq,
            bytes: state.document.encode(),
            updates: tail.updates,
            tail_bytes: tail.bytes,
        })
    }

    /// Makes a document smaller, stores it, and goes on with it. Edits go on meanwhile.
    pub(super) fn make_snapshot(&mut self, due: Due, ctx: &mut Context<Self>) {
        let (live, id, now) = (self.live.clone(), self.id, self.live.now());
        let Due {
            seq,
            bytes,
            updates,
            tail_bytes,
        } = due;
        let client = live.ids().client();
        let made = async move {
            let Compacted { bytes, document, mended } = heavy::run(move || compacted(id, bytes, client)).await??;
            let stored = bytes.clone();
            let unit = async move |tx: &mut Tx| canvases::snapshot(tx, id, seq, &stored).await;
            live.store().write(unit).await?;
            tracing::debug!(canvas = %id, seq, bytes = bytes.len(), took_ms = live.now().ms_since(now), "canvas.snapshot");
            Ok::<_, StoreError>((document, mended))
        };
        ctx.spawn(made.into_actor(self).map(move |made, actor, ctx| {
            let Some(state) = &mut actor.state else { return };
            let mut since = state.tail.since.take().unwrap_or_default();
            since.push(state.gathering.change.encode().into());
            // Whatever came of it, the next is tried when as much has been written again.
            state.tail.updates = state.tail.updates.saturating_sub(updates);
            state.tail.bytes = state.tail.bytes.saturating_sub(tail_bytes);
            let (document, mended) = match made {
                Ok(made) => made,
                Err(error) => return tracing::error!(canvas = %actor.id, %error, "no snapshot was made"),
            };
            match on_top(document, &since) {
                Ok(document) if document.state_vector() == state.document.state_vector() => state.document = document,
                Ok(_) => tracing::error!(canvas = %actor.id, "a snapshot lacks something; the old document stays"),
                Err(error) => tracing::error!(canvas = %actor.id, %error, "a snapshot does not fit; the old document stays"),
            }
            if let Some(mended) = mended {
                match actor.take(None, None, &mended) {
                    Ok(_) => actor.commit(ctx),
                    Err(error) => tracing::error!(canvas = %actor.id, %error, "a canvas was not mended"),
                }
            }
        }));
    }
}

fn on_top(mut document: Document, since: &[Bytes]) -> Result<Document, NotAdmitted> {
    document.add(since.iter().map(AsRef::as_ref))?;
    Ok(document)
}

/// A snapshot.
struct Compacted {
    bytes: Vec<u8>,
    document: Document,
    /// An update that mends what readers would leave out for ever.
    mended: Option<Vec<u8>>,
}

/// Makes a document smaller. What cannot be made smaller stays as it is.
fn compacted(id: CanvasId, bytes: Vec<u8>, client: u64) -> Result<Compacted, StoreError> {
    let smaller = match model::compact(&bytes) {
        Ok(smaller) => smaller,
        Err(error) => {
            tracing::warn!(canvas = %id, %error, "a canvas is stored as it is");
            bytes
        }
    };
    let document = Document::load([smaller.as_slice()]).map_err(|error| StoreError::inconsistent("canvas_snapshots", error))?;
    let mended = model::repair(&smaller, client).unwrap_or_else(|error| {
        tracing::warn!(canvas = %id, %error, "a canvas was not mended");
        None
    });
    Ok(Compacted {
        bytes: smaller,
        document,
        mended,
    })
}

async fn load(live: &Live, id: CanvasId) -> Result<Option<Loaded>, StoreError> {
    let (canvas, owners, has_unplaced, mut stored) = {
        let mut conn = live.store().read().await?;
        let Some(canvas) = canvases::get(&mut conn, id).await? else {
            return Ok(None);
        };
        let owners = canvases::clients(&mut conn, id).await?.into_iter().collect();
        let has_unplaced = !canvases::unplaced(&mut conn, id).await?.is_empty();
        (canvas, owners, has_unplaced, canvases::load(&mut conn, id).await?)
    };
    loop {
        let seq = stored.seq();
        let (after, read) = heavy::run(move || (Document::load(stored.parts()), stored)).await?;
        match after {
            Ok(document) => {
                let tail = Tail {
                    updates: read.updates.len(),
                    bytes: read.updates.iter().map(|(_, bytes)| bytes.len()).sum(),
                    forgets: false,
                    since: None,
                };
                return Ok(Some(Loaded {
                    canvas,
                    document,
                    owners,
                    seq,
                    tail,
                    has_unplaced,
                }));
            }
            Err(error) => stored = without_damage(live, id, read, &error).await?,
        }
    }
}

/// Puts the first part that cannot be read aside, and gives what is left: the snapshot before it, or the journal without it.
async fn without_damage(live: &Live, id: CanvasId, stored: canvases::Stored, why: &NotAdmitted) -> Result<canvases::Stored, StoreError> {
    let (seq, is_snapshot) = heavy::run(move || {
        let mut document = Document::default();
        if let Some((seq, bytes)) = &stored.snapshot
            && document.add([bytes.as_slice()]).is_err()
        {
            return (*seq, true);
        }
        let damaged = stored.updates.iter().find(|(_, bytes)| document.add([bytes.as_slice()]).is_err());
        (damaged.map_or(0, |(seq, _)| *seq), false)
    })
    .await?;
    tracing::error!(canvas = %id, seq, is_snapshot, %why, "stored bytes of a canvas are damaged and were put aside");
    let (now, why) = (live.now(), why.to_string());
    let unit = async move |tx: &mut Tx| canvases::put_aside(tx, id, seq, now, &why, is_snapshot).await;
    live.store().write(unit).await?;
    canvases::load(&mut *live.store().read().await?, id).await
}
