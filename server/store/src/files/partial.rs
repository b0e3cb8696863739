//! What has come of uploads that come in pieces (FILE-4), one file each in the folder `uploads` of the data folder. How long the file is,
//! is how far the upload has come: nothing else keeps count, so that a crash at any moment tells the truth.
//!
//! One writer at a time: whoever comes later takes over, since the one before is most likely a connection that has died unnoticed.

use crate::{Store, StoreError};
use bytes::Bytes;
use coord_protocol::id::FileId;
use futures_util::{Stream, stream};
use std::{
    collections::HashMap,
    io::{ErrorKind, Write as _},
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::{fs::File, io::AsyncReadExt as _};

/// Bytes read at once when an upload becomes a file.
const PIECE: usize = 256 * 1024;

/// The number of the writer whose turn it is; held while a piece is written.
type Turn = Arc<tokio::sync::Mutex<u64>>;

/// What has come of unfinished uploads. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Partials {
    folder: PathBuf,
    turns: Arc<Mutex<HashMap<FileId, Turn>>>,
}

/// Why nothing can be added.
#[derive(Debug, Clone, thiserror::Error)]
pub enum AppendError {
    /// The upload has come to another place.
    #[error("the upload stands at {offset}")]
    Elsewhere {
        /// Bytes that are there.
        offset: u64,
    },
    /// Somebody else goes on with it.
    #[error("another connection goes on with this upload")]
    TakenOver,
    /// The disk said no.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Partials {
    pub(super) fn open(store: &Store) -> Result<Self, StoreError> {
        let partials = Self {
            folder: store.data().join("uploads"),
            turns: Arc::default(),
        };
        std::fs::create_dir_all(&partials.folder).map_err(|error| partials.failed(error))?;
        Ok(partials)
    }

    fn failed(&self, error: std::io::Error) -> StoreError {
        StoreError::Io {
            path: self.folder.clone(),
            cause: Arc::new(error),
        }
    }

    fn path(&self, id: FileId) -> PathBuf {
        self.folder.join(id.to_string())
    }

    /// Bytes that have come.
    ///
    /// # Errors
    /// When the disk says no; likewise for all below.
    pub async fn offset(&self, id: FileId) -> Result<u64, StoreError> {
        match tokio::fs::metadata(self.path(id)).await {
            Ok(found) => Ok(found.len()),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(0),
            Err(error) => Err(self.failed(error)),
        }
    }

    /// Goes on with an upload at `offset`. Whoever wrote before writes no more.
    ///
    /// # Errors
    /// [`AppendError::Elsewhere`] when it has come to another place.
    pub async fn append(&self, id: FileId, offset: u64) -> Result<Appending, AppendError> {
        let turn = Arc::clone(self.turns.lock().unwrap_or_else(PoisonError::into_inner).entry(id).or_default());
        let appending = {
            let mut number = turn.lock().await;
            let there = self.offset(id).await?;
            if there != offset {
                return Err(AppendError::Elsewhere { offset: there });
            }
            let file = File::options()
                .create(true)
                .append(true)
                .open(self.path(id))
                .await
                .map_err(|error| self.failed(error))?;
            *number += 1;
            Appending {
                partials: self.clone(),
                id,
                mine: *number,
                file: Arc::new(file.into_std().await),
                offset,
                turn: Arc::clone(&turn),
            }
        };
        Ok(appending)
    }

    /// What has come, piece by piece.
    pub async fn read(&self, id: FileId) -> Result<impl Stream<Item = Result<Bytes, StoreError>> + use<>, StoreError> {
        let file = match File::open(self.path(id)).await {
            Ok(file) => Some(file),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => return Err(self.failed(error)),
        };
        let partials = self.clone();
        Ok(stream::try_unfold(file, move |file| {
            let partials = partials.clone();
            async move {
                let Some(mut file) = file else { return Ok(None) };
                let mut piece = vec![0; PIECE];
                let read = file.read(&mut piece).await.map_err(|error| partials.failed(error))?;
                piece.truncate(read);
                Ok((read > 0).then(|| (Bytes::from(piece), Some(file))))
            }
        }))
    }

    /// Removes what has come. What is not there is no failure; others are logged and left to the next [`Partials::sweep`].
    pub async fn delete(&self, ids: &[FileId]) {
        for id in ids {
            self.turns.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
            match tokio::fs::remove_file(self.path(*id)).await {
                Err(error) if error.kind() != ErrorKind::NotFound => {
                    tracing::warn!(upload = %id, %error, "what had come of an upload could not be removed");
                }
                Ok(()) | Err(_) => {}
            }
        }
    }

    /// Removes what belongs to no upload any more, such as one of a job that was deleted.
    pub async fn sweep(&self, store: &Store) -> Result<(), StoreError> {
        let mut entries = tokio::fs::read_dir(&self.folder).await.map_err(|error| self.failed(error))?;
        while let Some(entry) = entries.next_entry().await.map_err(|error| self.failed(error))? {
            // A row is made before its file.
            if let Some(id) = entry.file_name().to_str().and_then(|name| name.parse::<FileId>().ok())
                && crate::uploads::get(&mut *store.read().await?, id).await?.is_none()
            {
                self.delete(&[id]).await;
            }
        }
        Ok(())
    }
}

/// An upload that goes on. Dropping it keeps what has come.
#[derive(Debug)]
pub struct Appending {
    partials: Partials,
    id: FileId,
    mine: u64,
    file: Arc<std::fs::File>,
    offset: u64,
    turn: Turn,
}

impl Appending {
    /// Bytes that are there.
    #[must_use]
    pub const fn offset(&self) -> u64 {
        self.offset
    }

    /// Adds the next bytes.
    ///
    /// # Errors
    /// [`AppendError::TakenOver`]; when the disk says no.
    pub async fn write(&mut self, bytes: Bytes) -> Result<(), AppendError> {
        let number = Arc::clone(&self.turn).lock_owned().await;
        if *number != self.mine {
            return Err(AppendError::TakenOver);
        }
        let (file, length) = (Arc::clone(&self.file), bytes.len());
        self.blocking(move || {
            let written = (&*file).write_all(&bytes);
            // A caller who goes away does not stop a write: whoever comes next waits for its end.
            drop(number);
            written
        })
        .await?;
        self.offset += u64::try_from(length).unwrap_or_default();
        Ok(())
    }

    /// Waits until the disk has what came, so that not even a power cut takes it back.
    ///
    /// # Errors
    /// When the disk says no.
    pub async fn sync(&self) -> Result<(), StoreError> {
        let file = Arc::clone(&self.file);
        self.blocking(move || file.sync_data()).await
    }

    async fn blocking(&self, work: impl FnOnce() -> std::io::Result<()> + Send + 'static) -> Result<(), StoreError> {
        let done = tokio::task::spawn_blocking(work).await.map_err(std::io::Error::other).flatten();
        done.map_err(|error| self.partials.failed(error))
    }
}

impl Drop for Appending {
    fn drop(&mut self) {
        let mut turns = self.partials.turns.lock().unwrap_or_else(PoisonError::into_inner);
        // This one and the map's own: nobody else writes.
        if Arc::strong_count(&self.turn) <= 2 && turns.get(&self.id).is_some_and(|turn| Arc::ptr_eq(turn, &self.turn)) {
            turns.remove(&self.id);
        }
    }
}
