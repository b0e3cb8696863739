//! The journal of all open canvases: what several commit at the same time is one statement.
//!
//! While one is written, the next gathers. Of several that cannot be written together each is written alone, so that a canvas that was
//! deleted takes none with it.

use crate::actors::{Live, lock};
use bytes::Bytes;
use coord_protocol::id::CanvasId;
use coord_store::{StoreError, Tx, canvases};
use std::sync::{Arc, Mutex};
use tokio::sync::oneshot;

/// A change of a canvas, and who waits for it.
struct Entry {
    change: (CanvasId, i64, Bytes),
    done: oneshot::Sender<Result<(), StoreError>>,
}

#[derive(Default)]
struct Gathering {
    entries: Vec<Entry>,
    /// Somebody writes, and takes what gathers meanwhile as well.
    is_written: bool,
}

/// What gathers.
#[derive(Default)]
pub(in crate::actors) struct Journal(Mutex<Gathering>);

impl Journal {
    /// Whether the caller is to write it.
    fn add(&self, entry: Entry) -> bool {
        let mut gathering = lock(&self.0);
        gathering.entries.push(entry);
        !std::mem::replace(&mut gathering.is_written, true)
    }

    /// What is to be written next; `None` ends the writing.
    fn take(&self) -> Option<Vec<Entry>> {
        let mut gathering = lock(&self.0);
        if gathering.entries.is_empty() {
            gathering.is_written = false;
            return None;
        }
        let most = gathering.entries.len().min(canvases::MOST_AT_ONCE);
        Some(gathering.entries.drain(..most).collect())
    }
}

/// The one who writes. Should it die, those who wait learn of it, and the next who comes writes.
struct Writing<'j>(&'j Journal);

impl Drop for Writing<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            *lock(&self.0.0) = Gathering::default();
        }
    }
}

impl Live {
    /// Appends a change to the journal of a canvas; answered when it is committed.
    pub(super) async fn journal(&self, id: CanvasId, seq: i64, bytes: Bytes) -> Result<(), StoreError> {
        let (done, wait) = oneshot::channel();
        let change = (id, seq, bytes);
        if self.0.journal.add(Entry { change, done }) {
            let live = self.clone();
            // On its own: others wait for it, too.
            actix_web::rt::spawn(async move { live.write_journal().await });
        }
        wait.await.unwrap_or(Err(StoreError::Closed))
    }

    async fn write_journal(&self) {
        let _writing = Writing(&self.0.journal);
        while let Some(entries) = self.0.journal.take() {
            let (changes, waiting): (Vec<_>, Vec<_>) = entries.into_iter().map(|entry| (entry.change, entry.done)).unzip();
            let changes: Arc<[_]> = changes.into();
            let written = self.append(&changes).await;
            if written.is_err() && changes.len() > 1 {
                for (change, done) in changes.iter().zip(waiting) {
                    drop(done.send(self.append(&Arc::from([change.clone()])).await));
                }
                continue;
            }
            for done in waiting {
                drop(done.send(written.clone()));
            }
        }
    }

    async fn append(&self, changes: &Arc<[(CanvasId, i64, Bytes)]>) -> Result<(), StoreError> {
        let changes = Arc::clone(changes);
        let unit = async move |tx: &mut Tx| canvases::append_all(tx, &changes).await;
        self.store().write_statement(unit).await
    }
}

#[cfg(test)]
mod tests {
    use crate::{actors::tests::stage::Stage, clock::Ids};
    use bytes::Bytes;
    use coord_protocol::{canvas::Canvas, id::CanvasId, time::Timestamp};
    use coord_store::{StoreError, Tx, canvases};
    use futures_util::future::join_all;

    #[actix_web::test]
    async fn can_8_a_canvas_that_is_gone_takes_no_other_s_changes_with_it() {
        let stage = Stage::new().await;
        let canvas = Canvas {
            id: CanvasId(Ids.uuid()),
            workspace: stage.workspace,
            name: "Plan".into(),
            created_by: None,
            created_at: Timestamp(0),
            updated_at: Timestamp(0),
            locked: false,
            editor: None,
            version: 1,
        };
        let (here, gone) = (canvas.id, CanvasId(Ids.uuid()));
        let store = stage.live.store().clone();
        store
            .write(async move |tx: &mut Tx| canvases::insert(tx, &canvas).await)
            .await
            .unwrap();
        let change = Bytes::from_static(&[0, 0]);
        // All are there before the first is written, and more than go into one statement.
        let changes = (1..=40).map(|seq| if seq == 7 { (gone, seq) } else { (here, seq) });
        let answers = join_all(changes.map(|(id, seq)| stage.live.journal(id, seq, change.clone()))).await;
        for (seq, answer) in (1..).zip(answers) {
            match answer {
                Ok(()) => assert_ne!(seq, 7),
                Err(error) => assert!(seq == 7 && matches!(error, StoreError::Reference), "{seq}: {error}"),
            }
        }
        let stored = canvases::load(&mut store.read().await.unwrap(), here).await.unwrap();
        let seqs: Vec<i64> = stored.updates.iter().map(|(seq, _)| *seq).collect();
        assert_eq!(seqs, (1..=40).filter(|seq| *seq != 7).collect::<Vec<_>>());
        // A number that was written is not written again.
        let again = stage.live.journal(here, 40, change).await;
        assert!(matches!(again, Err(StoreError::Unique { .. })), "{again:?}");
    }
}
