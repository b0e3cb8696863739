//! A copy of the data folder that is whole, made while people work (OPS-2). Only of SQLite: PostgreSQL has tools of its own for this.

use crate::{StoreError, db, row::Row};
use sqlx::{ConnectOptions as _, Connection as _, any::AnyRow};
use std::{
    io::ErrorKind,
    path::{Path, PathBuf},
    sync::Arc,
};

/// How often it is begun again because somebody deleted a file meanwhile, before the copy is called impossible.
const ROUNDS: u32 = 10;

/// What was copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Copied {
    /// Bytes of the database.
    pub database: u64,
    /// Contents of files and images.
    pub contents: u64,
    /// Their bytes.
    pub bytes: u64,
}

fn io(path: &Path, source: std::io::Error) -> StoreError {
    StoreError::Io {
        path: path.to_owned(),
        cause: Arc::new(source),
    }
}

/// Copies the database in `data` and all contents that it names into `to`, a folder that is not there yet. The copy is a data folder as
/// good as the first. Uploads that were not finished begin anew there.
///
/// # Errors
/// When `to` is there already, a disk says no, or what was copied is damaged.
pub async fn copy(data: &Path, to: &Path) -> Result<Copied, StoreError> {
    db::make_private(to.parent().unwrap_or(to)).map_err(|error| io(to, error))?;
    std::fs::create_dir(to).map_err(|error| io(to, error))?;
    db::make_private(to).map_err(|error| io(to, error))?;
    sqlx::any::install_default_drivers();
    let copy = to.join("coord.db");
    for _ in 0..ROUNDS {
        if copy.exists() {
            std::fs::remove_file(&copy).map_err(|error| io(&copy, error))?;
        }
        let mut live = db::options(&db::sqlite_url(&data.join("coord.db"))?)?.connect().await?;
        sqlx::query("PRAGMA busy_timeout = 30000").execute(&mut live).await?;
        let path = copy
            .to_str()
            .ok_or_else(|| io(&copy, std::io::Error::other("the path is not valid UTF-8")))?;
        sqlx::query("VACUUM INTO $1").bind(path.to_owned()).execute(&mut live).await?;
        live.close().await?;
        let contents = contents(&copy).await?;
        let mut bytes = 0;
        let mut all = true;
        for content in &contents {
            let size = copy_one(&data.join("files").join(content), &to.join("files").join(content)).await?;
            all &= size.is_some();
            bytes += size.unwrap_or(0);
        }
        // What is gone was deleted after the database was copied; another copy does not name it.
        if all {
            remove_others(&to.join("files"), &contents)?;
            return Ok(Copied {
                database: std::fs::metadata(&copy).map_err(|error| io(&copy, error))?.len(),
                contents: contents.len() as u64,
                bytes,
            });
        }
    }
    let gone = std::io::Error::new(ErrorKind::NotFound, "contents that the database names are not there");
    Err(io(&data.join("files"), gone))
}

/// The contents that a database names, each as its path below `files`.
async fn contents(database: &Path) -> Result<Vec<PathBuf>, StoreError> {
    let mut copy = db::options(&db::sqlite_url(database)?)?.connect().await?;
    let check = sqlx::query("PRAGMA quick_check").fetch_one(&mut copy).await?;
    if Row::new("quick_check", &check).text("quick_check")? != "ok" {
        return Err(io(database, std::io::Error::new(ErrorKind::InvalidData, "the database is damaged")));
    }
    let rows =
        sqlx::query("SELECT job AS place, id FROM files WHERE state = 'stored' UNION ALL SELECT canvas AS place, id FROM canvas_images")
            .fetch_all(&mut copy)
            .await?;
    copy.close().await?;
    let path = |row: &AnyRow| {
        let row = Row::new("files", row);
        // Ids, so that nothing in the database leads elsewhere.
        let (of, file): (coord_protocol::id::JobId, coord_protocol::id::FileId) = (row.id("place")?, row.id("id")?);
        Ok(Path::new(&of.to_string()).join(file.to_string()))
    };
    rows.iter().map(path).collect()
}

/// Its size, or nothing when it is no longer there.
async fn copy_one(from: &Path, to: &Path) -> Result<Option<u64>, StoreError> {
    if let Ok(there) = tokio::fs::metadata(to).await {
        return Ok(Some(there.len()));
    }
    if let Some(folder) = to.parent() {
        tokio::fs::create_dir_all(folder).await.map_err(|error| io(folder, error))?;
    }
    // Under another name until it is whole: a copy that was cut off is not taken for one.
    let half = to.with_extension("part");
    match tokio::fs::copy(from, &half).await {
        Ok(size) => {
            tokio::fs::rename(&half, to).await.map_err(|error| io(to, error))?;
            Ok(Some(size))
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(io(from, error)),
    }
}

/// Removes what an earlier round copied and the last one does not name.
fn remove_others(files: &Path, contents: &[PathBuf]) -> Result<(), StoreError> {
    let named: std::collections::HashSet<PathBuf> = contents.iter().map(|content| files.join(content)).collect();
    let entries = |folder: &Path| -> Result<Vec<PathBuf>, StoreError> {
        let entries = match std::fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(vec![]),
            Err(error) => return Err(io(folder, error)),
        };
        entries
            .map(|entry| entry.map(|entry| entry.path()).map_err(|error| io(folder, error)))
            .collect()
    };
    for folder in entries(files)? {
        for file in entries(&folder)? {
            if !named.contains(&file) {
                std::fs::remove_file(&file).map_err(|error| io(&file, error))?;
            }
        }
    }
    Ok(())
}
