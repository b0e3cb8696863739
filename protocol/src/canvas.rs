//! Canvases: the resource of the HTTP API, the numbers of the sync socket, and [`schema`], the shape of a canvas document.

use crate::{
    account::Person,
    id::{CanvasId, FileId, JobId, UserId, WorkspaceId},
    time::Timestamp,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub mod schema;

/// Largest message of the sync socket, in bytes, either way from a client. What is larger closes the connection (CAN-9).
pub const MAX_SYNC_MESSAGE: usize = 256 * 1024;

/// Largest presence of one client, in bytes of its JSON.
pub const MAX_PRESENCE: usize = 4 * 1024;

/// Message numbers of the y-websocket protocol, each a varint in front of the message.
pub mod message {
    /// Sync, followed by 0 (step 1: state vector), 1 (step 2: update) or 2 (update).
    pub const SYNC: u64 = 0;
    /// Presence of clients (`y-protocols/awareness`).
    pub const AWARENESS: u64 = 1;
    /// Permission denied: 0 and a reason. Sent once to who may only watch and edited all the same (CAN-10).
    pub const AUTH: u64 = 2;
    /// Asks for everybody's presence.
    pub const QUERY_AWARENESS: u64 = 3;
    /// Coord's own, sent only with `?acks=1`: a varint, the number of sync step 2 and update messages of this connection, counted from its
    /// start in the order they were sent, whose content is committed.
    pub const ACK: u64 = 100;
}

/// A canvas.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Canvas {
    /// Its id.
    pub id: CanvasId,
    /// Whose.
    pub workspace: WorkspaceId,
    /// What people call it: 1 to 200 characters, one line.
    pub name: String,
    /// Who made it; absent for those the server made.
    pub created_by: Option<Person>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When its document last changed, within a minute.
    pub updated_at: Timestamp,
    /// Whether one person at a time may edit (CAN-3).
    pub locked: bool,
    /// Who may edit while it is locked; nobody else may.
    pub editor: Option<Person>,
    /// Rises with each change of what is said here; the document does not count.
    pub version: i64,
}

/// A canvas to be made.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewCanvas {
    /// 1 to 200 characters, one line.
    pub name: String,
}

/// Body of `POST /canvases/{canvas}/duplicate`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DuplicateCanvas {
    /// Name of the copy, 1 to 200 characters; made from that of the canvas when left out.
    #[serde(default)]
    pub name: Option<String>,
}

/// Changes of a canvas. Absent fields stay.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PatchCanvas {
    /// 1 to 200 characters, one line.
    #[serde(default)]
    pub name: Option<String>,
    /// Locks it, to be edited by whoever asks, or unlocks it (CAN-3).
    #[serde(default)]
    pub locked: Option<bool>,
    /// Hands the edit right of a locked canvas over. For its editor, admins and the owner of the workspace.
    #[serde(default)]
    pub editor: Option<UserId>,
    /// The version the change was made on (JOB-7).
    #[serde(default)]
    pub if_version: Option<i64>,
}

/// What an idea becomes. Parts left out come from the idea and the workspace (CAN-4).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PromoteIdea {
    /// Defaults to the first line of the idea's text.
    #[serde(default)]
    pub title: Option<String>,
    /// Defaults to the rest of the idea's text.
    #[serde(default)]
    pub description: Option<String>,
    /// Agent's name, or `any`; absent for a user job.
    #[serde(default)]
    pub agent: Option<String>,
    /// Only for its owner, team and admins. What was written on the canvas was seen by everybody there.
    #[serde(default)]
    pub private: bool,
    /// Becomes ready by itself when what it depends on is done (DEP-5).
    #[serde(default)]
    pub auto_ready: bool,
}

/// The Backlog folder a group is to stand for (CAN-7).
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GroupFolder {
    /// 1 to 80 characters. When the group stands for another folder, that one is renamed: its jobs go to this one.
    pub folder: String,
}

/// What came of making a group stand for a folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct GroupFolderDone {
    /// Jobs in the folder now, as far as you may see them.
    pub jobs: usize,
    /// Why some jobs did not follow, one line for each.
    pub refused: Vec<String>,
}

/// An image uploaded to a canvas; an object of type `image` names it in `file`. Its content is at `/files/{id}/content`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CanvasImage {
    /// The file.
    pub id: FileId,
    /// Media type: PNG, JPEG, GIF or WebP.
    pub media_type: String,
    /// Bytes.
    pub size: i64,
}

/// A pass for one WebSocket connection of the person who asked, as `?ticket=`: for programs that can set neither cookie nor header.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Ticket {
    /// Good once.
    pub ticket: String,
    /// After 30 seconds.
    pub expires_at: Timestamp,
}

/// A canvas as a file: what `export.json` gives and `import` takes. Objects and links as a reader sees them, after [`schema`]'s rules.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CanvasFile {
    /// Version of [`schema`].
    pub coord_canvas: u32,
    /// The canvas's name.
    pub name: String,
    /// Objects, by id.
    pub objects: Vec<CanvasObject>,
    /// Connectors, by id.
    pub links: Vec<CanvasLink>,
}

/// An object on a canvas as a reader sees it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CanvasObject {
    /// Key in the document: 1 to 64 of `A-Z a-z 0-9 _ -`.
    pub id: String,
    /// One of [`schema::TYPES`], or a word this version does not know (kept and drawn as a box).
    #[serde(rename = "type")]
    pub kind: String,
    /// The group it is in.
    pub parent: Option<String>,
    /// Left edge, relative to the group's.
    pub x: f64,
    /// Top edge, relative to the group's.
    pub y: f64,
    /// Width.
    pub w: f64,
    /// Height.
    pub h: f64,
    /// Order among those of the same parent, by code unit; ties by id.
    pub z: String,
    /// Text.
    pub text: String,
    /// One of [`schema::COLORS`].
    pub color: String,
    /// The account that made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<UserId>,
    /// When, in milliseconds since 1970; 0 when unknown.
    #[serde(default)]
    pub ts: i64,
    /// Not to be moved or changed until unlocked.
    #[serde(default)]
    pub locked: bool,
    /// The job of a job card.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<JobId>,
    /// The address of a link card: `http:` or `https:`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The file of an image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The Backlog folder that a group stands for (CAN-7).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub folder: Option<String>,
    /// Title of the job; in exports, for those who may see it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job_title: Option<String>,
    /// State of the job; likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job_state: Option<String>,
}

/// A connector as a reader sees it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CanvasLink {
    /// Key in the document.
    pub id: String,
    /// Where it begins. Of a dependency: what has to be done first.
    pub from: LinkEnd,
    /// Where it ends. Of a dependency: what waits.
    pub to: LinkEnd,
    /// `rel`, or `dep` for a dependency planned between ideas. Those between jobs are the jobs' own and not in the document.
    pub kind: String,
    /// One of [`schema::COLORS`].
    pub color: String,
    /// Label.
    pub text: String,
}

/// One end of a connector.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LinkEnd {
    /// The object.
    pub object: String,
    /// One of [`schema::SIDES`].
    pub side: String,
}

/// What an import did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Imported {
    /// Objects added.
    pub objects: usize,
    /// Connectors added.
    pub links: usize,
}
