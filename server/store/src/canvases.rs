//! Canvases and their documents: a journal of Yjs updates with snapshots (CAN-8). Documents are bytes here.

use crate::{Conn, StoreError, Tx, files::Key, row::Row};
use coord_protocol::{
    account::Person,
    canvas::Canvas,
    id::{CanvasId, FileId, JobId, UserId, WorkspaceId},
    time::Timestamp,
};
use sqlx::any::AnyRow;
use std::sync::LazyLock;

/// The columns [`canvas`] reads, and where from.
macro_rules! select_canvases {
    ($rest:literal) => {
        concat!(
            "SELECT c.id, c.workspace, c.name, c.created_by, m.name AS created_by_name, c.created_at, c.updated_at, c.locked, c.editor, \
             e.name AS editor_name, c.version \
             FROM canvases c LEFT JOIN users m ON m.id = c.created_by LEFT JOIN users e ON e.id = c.editor ",
            $rest
        )
    };
}

fn canvas(row: &AnyRow) -> Result<Canvas, StoreError> {
    let row = Row::new("canvases", row);
    let person = |id: &str, name: &str| -> Result<Option<Person>, StoreError> {
        let name = row.opt_text(name)?;
        // An account that is gone has no name to show.
        Ok(row.opt_id(id)?.zip(name).map(|(id, name)| Person { id, name }))
    };
    let created_at = row.time("created_at")?;
    Ok(Canvas {
        id: row.id("id")?,
        workspace: row.id("workspace")?,
        name: row.text("name")?,
        created_by: person("created_by", "created_by_name")?,
        created_at,
        updated_at: row.time("updated_at")?.max(created_at),
        locked: row.flag("locked")?,
        editor: person("editor", "editor_name")?,
        version: row.int("version")?,
    })
}

/// Adds a canvas.
///
/// # Errors
/// When the database fails; likewise for all below.
pub async fn insert(tx: &mut Tx, canvas: &Canvas) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO canvases (id, workspace, name, created_by, created_at, updated_at, locked, editor, version) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(canvas.id.to_string())
    .bind(canvas.workspace.to_string())
    .bind(canvas.name.clone())
    .bind(canvas.created_by.as_ref().map(|by| by.id.to_string()))
    .bind(canvas.created_at.0)
    .bind(canvas.updated_at.0)
    .bind(i32::from(canvas.locked))
    .bind(canvas.editor.as_ref().map(|by| by.id.to_string()))
    .bind(canvas.version)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// A canvas.
pub async fn get(conn: &mut Conn, id: CanvasId) -> Result<Option<Canvas>, StoreError> {
    let row = sqlx::query(select_canvases!("WHERE c.id = $1"))
        .bind(id.to_string())
        .fetch_optional(conn)
        .await?;
    row.as_ref().map(canvas).transpose()
}

/// The canvases of a workspace, oldest first: at most `limit`, those after `after`.
pub async fn list(conn: &mut Conn, workspace: WorkspaceId, after: Option<CanvasId>, limit: i64) -> Result<Vec<Canvas>, StoreError> {
    let rows = sqlx::query(select_canvases!("WHERE c.workspace = $1 AND c.id > $2 ORDER BY c.id LIMIT $3"))
        .bind(workspace.to_string())
        .bind(after.map(|id| id.to_string()).unwrap_or_default())
        .bind(limit)
        .fetch_all(conn)
        .await?;
    rows.iter().map(canvas).collect()
}

/// How many canvases a workspace has.
pub async fn count(conn: &mut Conn, workspace: WorkspaceId) -> Result<i64, StoreError> {
    let row = sqlx::query("SELECT COUNT(*) AS n FROM canvases WHERE workspace = $1")
        .bind(workspace.to_string())
        .fetch_one(conn)
        .await?;
    Row::new("canvases", &row).int("n")
}

/// Writes name, lock and editor of a canvas as read at `canvas.version`, which rises by one.
///
/// # Errors
/// [`StoreError::Conflict`] when it changed meanwhile.
pub async fn update(tx: &mut Tx, canvas: &Canvas) -> Result<(), StoreError> {
    let done = sqlx::query("UPDATE canvases SET name = $3, locked = $4, editor = $5, version = version + 1 WHERE id = $1 AND version = $2")
        .bind(canvas.id.to_string())
        .bind(canvas.version)
        .bind(canvas.name.clone())
        .bind(i32::from(canvas.locked))
        .bind(canvas.editor.as_ref().map(|by| by.id.to_string()))
        .execute(&mut **tx)
        .await?;
    if done.rows_affected() == 0 {
        return Err(StoreError::Conflict { seen: canvas.version });
    }
    Ok(())
}

/// Notes that the document changed.
pub async fn touch(tx: &mut Tx, id: CanvasId, at: Timestamp) -> Result<(), StoreError> {
    sqlx::query("UPDATE canvases SET updated_at = $2 WHERE id = $1")
        .bind(id.to_string())
        .bind(at.0)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Removes a canvas with its document; `false` when there is none.
pub async fn delete(tx: &mut Tx, id: CanvasId) -> Result<bool, StoreError> {
    let done = sqlx::query("DELETE FROM canvases WHERE id = $1")
        .bind(id.to_string())
        .execute(&mut **tx)
        .await?;
    Ok(done.rows_affected() > 0)
}

/// A stored document: a snapshot and what was committed after it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stored {
    /// Number up to which the snapshot goes, and its bytes; none for a young canvas.
    pub snapshot: Option<(i64, Vec<u8>)>,
    /// The journal after it, oldest first.
    pub updates: Vec<(i64, Vec<u8>)>,
}

impl Stored {
    /// The number of the newest change; 0 when there is none.
    #[must_use]
    pub fn seq(&self) -> i64 {
        let last = self.updates.last().map(|(seq, _)| *seq);
        last.or_else(|| self.snapshot.as_ref().map(|(seq, _)| *seq)).unwrap_or(0)
    }

    /// The parts, oldest first.
    pub fn parts(&self) -> impl Iterator<Item = &[u8]> {
        let snapshot = self.snapshot.iter().map(|(_, bytes)| bytes.as_slice());
        snapshot.chain(self.updates.iter().map(|(_, bytes)| bytes.as_slice()))
    }
}

fn numbered(row: &AnyRow) -> Result<(i64, Vec<u8>), StoreError> {
    let row = Row::new("canvas_updates", row);
    Ok((row.int("seq")?, row.bytes("bytes")?))
}

/// The document as stored.
pub async fn load(conn: &mut Conn, id: CanvasId) -> Result<Stored, StoreError> {
    let snapshot = sqlx::query("SELECT seq, bytes FROM canvas_snapshots WHERE canvas = $1 ORDER BY seq DESC LIMIT 1")
        .bind(id.to_string())
        .fetch_optional(&mut *conn)
        .await?;
    let snapshot = snapshot.as_ref().map(numbered).transpose()?;
    let updates = sqlx::query("SELECT seq, bytes FROM canvas_updates WHERE canvas = $1 AND seq > $2 ORDER BY seq")
        .bind(id.to_string())
        .bind(snapshot.as_ref().map_or(0, |(seq, _)| *seq))
        .fetch_all(conn)
        .await?;
    let updates = updates.iter().map(numbered).collect::<Result<_, _>>()?;
    Ok(Stored { snapshot, updates })
}

/// Appends to the journal.
///
/// # Errors
/// [`StoreError::Unique`] when somebody else wrote this number, [`StoreError::Reference`] when the canvas is gone.
pub async fn append(tx: &mut Tx, id: CanvasId, seq: i64, bytes: &[u8]) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO canvas_updates (canvas, seq, bytes) VALUES ($1, $2, $3)")
        .bind(id.to_string())
        .bind(seq)
        .bind(bytes.to_vec())
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Most changes that [`append_all`] takes.
pub const MOST_AT_ONCE: usize = 16;

/// The statements for one change, for two and so on. Few, so that the database keeps all of them prepared.
static APPENDS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let row = |n: usize| format!("(${}, ${}, ${})", 3 * n + 1, 3 * n + 2, 3 * n + 3);
    let rows = |count: usize| (0..count).map(row).collect::<Vec<_>>().join(", ");
    let text = |count| format!("INSERT INTO canvas_updates (canvas, seq, bytes) VALUES {}", rows(count));
    (1..=MOST_AT_ONCE).map(text).collect()
});

/// Appends to the journals of several canvases by one statement for each [`MOST_AT_ONCE`].
///
/// # Errors
/// As [`append`].
pub async fn append_all(tx: &mut Tx, changes: &[(CanvasId, i64, impl AsRef<[u8]>)]) -> Result<(), StoreError> {
    for changes in changes.chunks(MOST_AT_ONCE) {
        let mut query = sqlx::query(APPENDS[changes.len() - 1].as_str());
        for (id, seq, bytes) in changes {
            query = query.bind(id.to_string()).bind(*seq).bind(bytes.as_ref().to_vec());
        }
        query.execute(&mut **tx).await?;
    }
    Ok(())
}

/// Writes a snapshot. It and the one before are kept, and the journal since the latter, so that a damaged snapshot loses nothing.
pub async fn snapshot(tx: &mut Tx, id: CanvasId, seq: i64, bytes: &[u8]) -> Result<(), StoreError> {
    let before = sqlx::query("SELECT MAX(seq) AS seq FROM canvas_snapshots WHERE canvas = $1 AND seq < $2")
        .bind(id.to_string())
        .bind(seq)
        .fetch_one(&mut **tx)
        .await?;
    let before = Row::new("canvas_snapshots", &before).opt_int("seq")?.unwrap_or(0);
    sqlx::query("INSERT INTO canvas_snapshots (canvas, seq, bytes) VALUES ($1, $2, $3) ON CONFLICT (canvas, seq) DO UPDATE SET bytes = $3")
        .bind(id.to_string())
        .bind(seq)
        .bind(bytes.to_vec())
        .execute(&mut **tx)
        .await?;
    sqlx::query("DELETE FROM canvas_snapshots WHERE canvas = $1 AND seq < $2")
        .bind(id.to_string())
        .bind(before)
        .execute(&mut **tx)
        .await?;
    sqlx::query("DELETE FROM canvas_updates WHERE canvas = $1 AND seq <= $2")
        .bind(id.to_string())
        .bind(before)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Puts stored bytes that cannot be read aside: the journal's entry `seq`, or the snapshot of that number.
pub async fn put_aside(tx: &mut Tx, id: CanvasId, seq: i64, at: Timestamp, why: &str, is_snapshot: bool) -> Result<(), StoreError> {
    let table = if is_snapshot {
        "INSERT INTO canvas_damaged (canvas, seq, at, why, bytes) SELECT canvas, seq, $3, $4, bytes FROM canvas_snapshots WHERE canvas = $1 AND seq = $2"
    } else {
        "INSERT INTO canvas_damaged (canvas, seq, at, why, bytes) SELECT canvas, seq, $3, $4, bytes FROM canvas_updates WHERE canvas = $1 AND seq = $2"
    };
    sqlx::query(table)
        .bind(id.to_string())
        .bind(seq)
        .bind(at.0)
        .bind(why.to_owned())
        .execute(&mut **tx)
        .await?;
    let remove = if is_snapshot {
        "DELETE FROM canvas_snapshots WHERE canvas = $1 AND seq = $2"
    } else {
        "DELETE FROM canvas_updates WHERE canvas = $1 AND seq = $2"
    };
    sqlx::query(remove).bind(id.to_string()).bind(seq).execute(&mut **tx).await?;
    Ok(())
}

/// Whose the client ids of a document are.
pub async fn clients(conn: &mut Conn, id: CanvasId) -> Result<Vec<(u64, UserId)>, StoreError> {
    let rows = sqlx::query("SELECT client, owner FROM canvas_clients WHERE canvas = $1")
        .bind(id.to_string())
        .fetch_all(conn)
        .await?;
    let one = |row: &AnyRow| {
        let row = Row::new("canvas_clients", row);
        let client = u64::try_from(row.int("client")?).map_err(|error| StoreError::inconsistent("canvas_clients", error))?;
        Ok((client, row.id("owner")?))
    };
    rows.iter().map(one).collect()
}

/// Notes whose a client id is.
///
/// # Errors
/// [`StoreError::Unique`] when it is somebody's already.
pub async fn own_client(tx: &mut Tx, id: CanvasId, client: u64, owner: UserId) -> Result<(), StoreError> {
    let client = i64::try_from(client).map_err(|error| StoreError::inconsistent("canvas_clients", error))?;
    sqlx::query("INSERT INTO canvas_clients (canvas, client, owner) VALUES ($1, $2, $3)")
        .bind(id.to_string())
        .bind(client)
        .bind(owner.to_string())
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// The job an idea became, and whether its card is in the document.
pub async fn promoted(conn: &mut Conn, id: CanvasId, object: &str) -> Result<Option<(JobId, bool)>, StoreError> {
    let row = sqlx::query("SELECT job, placed FROM canvas_jobs WHERE canvas = $1 AND object = $2")
        .bind(id.to_string())
        .bind(object.to_owned())
        .fetch_optional(conn)
        .await?;
    row.map(|row| {
        let row = Row::new("canvas_jobs", &row);
        Ok((row.id("job")?, row.flag("placed")?))
    })
    .transpose()
}

/// Ideas that became jobs and whose cards are not in the document yet: the server stopped in between.
pub async fn unplaced(conn: &mut Conn, id: CanvasId) -> Result<Vec<(String, JobId)>, StoreError> {
    let rows = sqlx::query("SELECT object, job FROM canvas_jobs WHERE canvas = $1 AND placed = 0")
        .bind(id.to_string())
        .fetch_all(conn)
        .await?;
    let one = |row: &AnyRow| {
        let row = Row::new("canvas_jobs", row);
        Ok((row.text("object")?, row.id("job")?))
    };
    rows.iter().map(one).collect()
}

/// Notes that an idea became a job.
///
/// # Errors
/// [`StoreError::Unique`] when it became one already.
pub async fn promote(tx: &mut Tx, id: CanvasId, object: &str, job: JobId) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO canvas_jobs (canvas, object, job, placed) VALUES ($1, $2, $3, 0)")
        .bind(id.to_string())
        .bind(object.to_owned())
        .bind(job.to_string())
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Notes that the job's card is in the document.
pub async fn placed(tx: &mut Tx, id: CanvasId, object: &str) -> Result<(), StoreError> {
    sqlx::query("UPDATE canvas_jobs SET placed = 1 WHERE canvas = $1 AND object = $2")
        .bind(id.to_string())
        .bind(object.to_owned())
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// An image on a canvas.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// The file.
    pub id: FileId,
    /// Its canvas.
    pub canvas: CanvasId,
    /// Media type.
    pub media_type: String,
    /// Bytes.
    pub size: i64,
    /// Hexadecimal SHA-256 of the content.
    pub sha256: String,
    /// Who uploaded it.
    pub uploaded_by: UserId,
    /// When.
    pub created_at: Timestamp,
}

impl Image {
    /// Where its content lies.
    #[must_use]
    pub const fn key(&self) -> Key {
        Key {
            of: self.canvas.0,
            file: self.id,
        }
    }
}

/// Adds an image whose content is in its place.
///
/// # Errors
/// [`StoreError::Reference`] when the canvas is gone.
pub async fn add_image(tx: &mut Tx, image: &Image) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO canvas_images (id, canvas, type, size, sha256, uploaded_by, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7)")
        .bind(image.id.to_string())
        .bind(image.canvas.to_string())
        .bind(image.media_type.clone())
        .bind(image.size)
        .bind(image.sha256.clone())
        .bind(image.uploaded_by.to_string())
        .bind(image.created_at.0)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// An image.
pub async fn image(conn: &mut Conn, id: FileId) -> Result<Option<Image>, StoreError> {
    let row = sqlx::query("SELECT id, canvas, type, size, sha256, uploaded_by, created_at FROM canvas_images WHERE id = $1")
        .bind(id.to_string())
        .fetch_optional(conn)
        .await?;
    row.map(|row| {
        let row = Row::new("canvas_images", &row);
        Ok(Image {
            id: row.id("id")?,
            canvas: row.id("canvas")?,
            media_type: row.text("type")?,
            size: row.int("size")?,
            sha256: row.text("sha256")?,
            uploaded_by: row.id("uploaded_by")?,
            created_at: row.time("created_at")?,
        })
    })
    .transpose()
}

/// Where the contents of a canvas's images lie.
pub async fn image_keys(conn: &mut Conn, id: CanvasId) -> Result<Vec<Key>, StoreError> {
    let rows = sqlx::query("SELECT id FROM canvas_images WHERE canvas = $1")
        .bind(id.to_string())
        .fetch_all(conn)
        .await?;
    let one = |row: &AnyRow| {
        Ok(Key {
            of: id.0,
            file: Row::new("canvas_images", row).id("id")?,
        })
    };
    rows.iter().map(one).collect()
}

/// A group that stands for a Backlog folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folder {
    /// Where it is.
    pub canvas: CanvasId,
    /// The group.
    pub object: String,
    /// The folder's name.
    pub name: String,
}

fn folder(row: &AnyRow) -> Result<Folder, StoreError> {
    let row = Row::new("canvas_folders", row);
    Ok(Folder {
        canvas: row.id("canvas")?,
        object: row.text("object")?,
        name: row.text("folder")?,
    })
}

/// The groups of a workspace that stand for a folder.
pub async fn folders_named(conn: &mut Conn, workspace: WorkspaceId, name: &str) -> Result<Vec<Folder>, StoreError> {
    let rows = sqlx::query(
        "SELECT f.canvas, f.object, f.folder FROM canvas_folders f JOIN canvases c ON c.id = f.canvas \
         WHERE c.workspace = $1 AND f.folder = $2 ORDER BY f.canvas",
    )
    .bind(workspace.to_string())
    .bind(name.to_owned())
    .fetch_all(conn)
    .await?;
    rows.iter().map(folder).collect()
}

/// The groups of a canvas that stand for folders.
pub async fn folders(conn: &mut Conn, id: CanvasId) -> Result<Vec<Folder>, StoreError> {
    let rows = sqlx::query("SELECT canvas, object, folder FROM canvas_folders WHERE canvas = $1 ORDER BY object")
        .bind(id.to_string())
        .fetch_all(conn)
        .await?;
    rows.iter().map(folder).collect()
}

/// The groups of a workspace that stand for a folder or for one in it.
pub async fn folders_within(conn: &mut Conn, workspace: WorkspaceId, path: &str) -> Result<Vec<Folder>, StoreError> {
    let inside = format!("{path}/");
    let rows = sqlx::query(
        "SELECT f.canvas, f.object, f.folder FROM canvas_folders f JOIN canvases c ON c.id = f.canvas \
         WHERE c.workspace = $1 AND (f.folder = $2 OR SUBSTR(f.folder, 1, CAST($4 AS INTEGER)) = $3) ORDER BY LENGTH(f.folder), f.canvas, f.object",
    )
    .bind(workspace.to_string())
    .bind(path.to_owned())
    .bind(inside.clone())
    .bind(i64::try_from(inside.chars().count()).unwrap_or(i64::MAX))
    .fetch_all(conn)
    .await?;
    rows.iter().map(folder).collect()
}

/// Makes a group stand for a folder, instead of the one it stood for.
///
/// # Errors
/// [`StoreError::Unique`] when another group of the canvas stands for it.
pub async fn bind_folder(tx: &mut Tx, folder: &Folder) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO canvas_folders (canvas, object, folder) VALUES ($1, $2, $3) ON CONFLICT (canvas, object) DO UPDATE SET folder = $3",
    )
    .bind(folder.canvas.to_string())
    .bind(folder.object.clone())
    .bind(folder.name.clone())
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Makes a group stand for no folder.
pub async fn unbind_folder(tx: &mut Tx, id: CanvasId, object: &str) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM canvas_folders WHERE canvas = $1 AND object = $2")
        .bind(id.to_string())
        .bind(object.to_owned())
        .execute(&mut **tx)
        .await?;
    Ok(())
}
