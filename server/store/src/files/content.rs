//! The contents of files, in a folder of the data folder. All access goes through `object_store`, so that a bucket can take its place.
//!
//! A content is written under another name, hashed and counted on the way, and gets its own name when it is complete: a reader never
//! finds half of it.

use super::{Key, Written, exists, forget_broken, partial::Partials};
use crate::{Store, StoreError, Tx};
use bytes::Bytes;
use coord_protocol::{
    id::{FileId, JobId},
    time::Timestamp,
};
use futures_util::{Stream, StreamExt as _, TryStreamExt as _};
use object_store::{GetOptions, MultipartUpload, ObjectStore, ObjectStoreExt as _, PutPayload, local::LocalFileSystem, path::Path};
use sha2::{Digest as _, Sha256};
use std::{fmt::Write as _, ops::Range, path::PathBuf, pin::Pin, sync::Arc};

/// Bytes gathered before they go to the disk; what one upload holds in memory.
const PART: usize = 256 * 1024;

/// The contents of a file, piece by piece.
pub type Content = Pin<Box<dyn Stream<Item = Result<Bytes, StoreError>> + Send>>;

/// Where contents lie. Cheap to clone.
#[derive(Debug, Clone)]
pub struct FileStore {
    objects: Arc<dyn ObjectStore>,
    folder: PathBuf,
    partials: Partials,
}

/// What stopped an upload. Nothing of it stays.
#[derive(Debug, Clone, thiserror::Error)]
pub enum UploadError {
    /// More bytes came than are allowed.
    #[error("the file has more than {limit} bytes")]
    TooLarge {
        /// The limit.
        limit: u64,
    },
    /// The disk said no.
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn path(key: Key) -> Path {
    Path::from(format!("{}/{}", key.of, key.file))
}

fn key_of(path: &Path) -> Option<Key> {
    let mut parts = path.parts();
    let (of, file) = (parts.next()?, parts.next()?);
    let key = Key {
        of: of.as_ref().parse().ok()?,
        file: file.as_ref().parse::<FileId>().ok()?,
    };
    parts.next().is_none().then_some(key)
}

impl FileStore {
    /// The contents in `files` of the store's data folder; the folder is made when missing.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn open(store: &Store) -> Result<Self, StoreError> {
        let folder = store.data().join("files");
        let failed = |source: std::io::Error| StoreError::Io {
            path: folder.clone(),
            cause: Arc::new(source),
        };
        std::fs::create_dir_all(&folder).map_err(failed)?;
        let objects = LocalFileSystem::new_with_prefix(&folder).map_err(|error| failed(std::io::Error::other(error)))?;
        let objects = Arc::new(objects.with_automatic_cleanup(true));
        let partials = Partials::open(store)?;
        Ok(Self { objects, folder, partials })
    }

    /// What has come of uploads that are not finished. It lies on this machine's disk, wherever contents lie.
    #[must_use]
    pub const fn partials(&self) -> &Partials {
        &self.partials
    }

    fn failed(&self, error: object_store::Error) -> StoreError {
        StoreError::Io {
            path: self.folder.clone(),
            cause: Arc::new(std::io::Error::other(error)),
        }
    }

    /// Begins to write a content of at most `limit` bytes. Dropping the upload takes back what was written.
    ///
    /// # Errors
    /// When the disk says no.
    pub async fn upload(&self, key: Key, limit: u64) -> Result<Upload, StoreError> {
        let parts = self.objects.put_multipart(&path(key)).await.map_err(|error| self.failed(error))?;
        Ok(Upload {
            store: self.clone(),
            parts,
            pending: Vec::new(),
            hash: Sha256::new(),
            size: 0,
            limit,
        })
    }

    /// A content, whole or in part; `None` when it is not there.
    ///
    /// # Errors
    /// When the disk says no.
    pub async fn read(&self, key: Key, range: Option<Range<u64>>) -> Result<Option<Content>, StoreError> {
        let options = GetOptions {
            range: range.map(Into::into),
            ..GetOptions::default()
        };
        let found = match self.objects.get_opts(&path(key), options).await {
            Ok(found) => found,
            Err(object_store::Error::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(self.failed(error)),
        };
        let store = self.clone();
        Ok(Some(Box::pin(found.into_stream().map_err(move |error| store.failed(error)))))
    }

    /// Removes contents whose rows are gone. One that is not there is no failure; others are logged and left to [`FileStore::sweep`].
    pub async fn delete(&self, keys: &[Key]) {
        for key in keys {
            match self.objects.delete(&path(*key)).await {
                Ok(()) | Err(object_store::Error::NotFound { .. }) => {}
                Err(error) => tracing::warn!(file = %key.file, %error, "a file's content could not be removed"),
            }
        }
    }

    /// Takes back what broken uploads and deletions left from before `before`, the moment this server started: rows of uploads that
    /// never ended, contents without a row, half-written contents. Returns the jobs whose attachments never arrived, see
    /// [`forget_broken`].
    ///
    /// # Errors
    /// When the database fails, or the folder cannot be read.
    pub async fn sweep(&self, store: &Store, before: Timestamp) -> Result<Vec<JobId>, StoreError> {
        let jobs = store.write(async move |tx: &mut Tx| forget_broken(tx, before).await).await?;
        self.sweep_half_written(before).await?;
        let mut objects = self.objects.list(None);
        while let Some(object) = objects.next().await {
            let object = object.map_err(|error| self.failed(error))?;
            if object.last_modified.timestamp_micros() >= before.0 {
                continue;
            }
            let kept = match key_of(&object.location) {
                Some(key) => exists(&mut *store.read().await?, key).await?,
                None => true,
            };
            if !kept {
                tracing::info!(path = %object.location, "removing a file's content that belongs to nothing");
                if let Err(error) = self.objects.delete(&object.location).await {
                    tracing::warn!(path = %object.location, %error, "a file's content could not be removed");
                }
            }
        }
        Ok(jobs)
    }

    /// `object_store` names what it is still writing `<file>#<number>` and does not list it.
    async fn sweep_half_written(&self, before: Timestamp) -> Result<(), StoreError> {
        let io = |source: std::io::Error| StoreError::Io {
            path: self.folder.clone(),
            cause: Arc::new(source),
        };
        let mut jobs = tokio::fs::read_dir(&self.folder).await.map_err(io)?;
        while let Some(job) = jobs.next_entry().await.map_err(io)? {
            if !job.file_type().await.map_err(io)?.is_dir() {
                continue;
            }
            let mut files = tokio::fs::read_dir(job.path()).await.map_err(io)?;
            while let Some(file) = files.next_entry().await.map_err(io)? {
                let half = file.file_name().to_str().is_some_and(|name| name.contains('#'));
                let modified = file.metadata().await.map_err(io)?.modified().map_err(io)?;
                let modified = modified.duration_since(std::time::UNIX_EPOCH).unwrap_or_default().as_micros();
                if half
                    && i128::try_from(modified).is_ok_and(|modified| modified < i128::from(before.0))
                    && let Err(error) = tokio::fs::remove_file(file.path()).await
                {
                    tracing::warn!(path = %file.path().display(), %error, "a half-written file could not be removed");
                }
            }
        }
        Ok(())
    }
}

/// A content being written.
pub struct Upload {
    store: FileStore,
    parts: Box<dyn MultipartUpload>,
    pending: Vec<u8>,
    hash: Sha256,
    size: u64,
    limit: u64,
}

impl Upload {
    /// Takes the next bytes. After a refusal the upload is over: drop it.
    ///
    /// # Errors
    /// [`UploadError::TooLarge`] past the limit; when the disk says no.
    pub async fn write(&mut self, bytes: &[u8]) -> Result<(), UploadError> {
        self.size = self.size.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        if self.size > self.limit {
            return Err(UploadError::TooLarge { limit: self.limit });
        }
        self.hash.update(bytes);
        self.pending.extend_from_slice(bytes);
        if self.pending.len() >= PART {
            self.flush().await?;
        }
        Ok(())
    }

    async fn flush(&mut self) -> Result<(), StoreError> {
        if self.pending.is_empty() {
            return Ok(());
        }
        let part = PutPayload::from(std::mem::take(&mut self.pending));
        self.parts.put_part(part).await.map_err(|error| self.store.failed(error))
    }

    /// The content is complete: puts it in its place and tells what it is.
    ///
    /// # Errors
    /// When the disk says no.
    pub async fn finish(mut self) -> Result<Written, StoreError> {
        self.flush().await?;
        self.parts.complete().await.map_err(|error| self.store.failed(error))?;
        let sha256 = self.hash.finalize().iter().fold(String::with_capacity(64), |mut hex, byte| {
            // Writing to a string does not fail.
            let _infallible = write!(hex, "{byte:02x}");
            hex
        });
        let size = i64::try_from(self.size).unwrap_or(i64::MAX);
        Ok(Written { size, sha256 })
    }
}
