//! The workspace's feed: `GET /workspaces/{ws}/events?after=<seq>`, JSON text messages.

use crate::{
    account::Person,
    attempt::LastTool,
    canvas::Canvas,
    id::{AttemptId, CanvasId, InvitationId, JobId, NoteId, RunnerId, UserId},
    inbox::InboxCount,
    job::Job,
    job::JobState,
    job::Note,
    request::Request,
    runner::RunnerView,
    time::Timestamp,
    workspace::Role,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One event. `seq` rises within a workspace; events one may not see are left out, so it may skip.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct FeedEvent {
    /// Position in the workspace's feed; give the last one seen as `after` to continue.
    pub seq: i64,
    /// When it happened.
    pub at: Timestamp,
    /// What happened.
    #[serde(flatten)]
    pub body: FeedBody,
}

/// What happened; `type` on the wire. Resources are as they are when the message is sent, for the person it is sent to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "type")]
pub enum FeedBody {
    /// A job was made.
    #[serde(rename = "job.created")]
    JobCreated {
        /// The job.
        job: Box<Job>,
    },
    /// A job changed.
    #[serde(rename = "job.changed")]
    JobChanged {
        /// The job.
        job: Box<Job>,
    },
    /// A job is gone, or gone for you.
    #[serde(rename = "job.deleted")]
    JobDeleted {
        /// Which.
        id: JobId,
    },
    /// A runner came, went, or changed.
    #[serde(rename = "runner.changed")]
    RunnerChanged {
        /// The runner as seen from this workspace.
        runner: RunnerView,
    },
    /// A runner was removed, or is no longer yours to see.
    #[serde(rename = "runner.removed")]
    RunnerRemoved {
        /// Which.
        id: RunnerId,
    },
    /// An agent asks.
    #[serde(rename = "request.opened")]
    RequestOpened {
        /// The request.
        request: Box<Request>,
    },
    /// Somebody answered, or the request was withdrawn.
    #[serde(rename = "request.answered")]
    RequestAnswered {
        /// The request.
        request: Box<Request>,
    },
    /// A note was added.
    #[serde(rename = "note.added")]
    NoteAdded {
        /// The note.
        note: Note,
    },
    /// A note was retracted.
    #[serde(rename = "note.retracted")]
    NoteRetracted {
        /// Its job.
        job: JobId,
        /// Which.
        id: NoteId,
    },
    /// Files of a job changed.
    #[serde(rename = "files.changed")]
    FilesChanged {
        /// Whose.
        job: JobId,
    },
    /// A member came, left or has another role.
    #[serde(rename = "member.changed")]
    MemberChanged {
        /// Who.
        user: UserId,
    },
    /// An invitation was made, sent or taken back. Told to admins alone.
    #[serde(rename = "invitation.changed")]
    InvitationChanged {
        /// Which.
        id: InvitationId,
    },
    /// A canvas was made, renamed, locked, unlocked or handed over. Not sent for changes of its document.
    #[serde(rename = "canvas.changed")]
    CanvasChanged {
        /// The canvas.
        canvas: Canvas,
    },
    /// A canvas is gone.
    #[serde(rename = "canvas.deleted")]
    CanvasDeleted {
        /// Which.
        id: CanvasId,
    },
    /// Folders of the Backlog were made, renamed, moved or removed. Their jobs have events of their own.
    #[serde(rename = "folders.changed")]
    FoldersChanged,
    /// The workspace's name or settings changed.
    #[serde(rename = "workspace.changed")]
    WorkspaceChanged,
}

/// Any message of the event stream.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum FeedMessage {
    /// An event.
    Event(FeedEvent),
    /// About the stream itself.
    Control(FeedControl),
    /// Something of this moment.
    Moment(FeedMoment),
}

/// Something of this moment, which is not kept: who comes later reads the resource. `seq` is the position of the stream, as in [`FeedControl`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "type")]
pub enum FeedMoment {
    /// An agent used a tool. Told about once a second at most, so not each one is told.
    #[serde(rename = "job.tool")]
    JobTool {
        /// Position now.
        seq: i64,
        /// The job.
        job: JobId,
        /// Its attempt.
        attempt: AttemptId,
        /// What it used last.
        tool: LastTool,
    },
}

/// About the stream itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum FeedControl {
    /// What was missed is no longer kept: load afresh, then go on after `seq`.
    Reset {
        /// Position now.
        seq: i64,
    },
    /// Everything up to `seq` was sent or is not for you.
    Caught {
        /// Position now.
        seq: i64,
    },
    /// What waits for you, in all your workspaces, is now this; `GET /inbox` lists it. Sent with `?inbox=1` only.
    Inbox {
        /// Position now.
        seq: i64,
        /// How much waits.
        count: InboxCount,
    },
}

/// What happened in a workspace, as a line of `GET /workspaces/{ws}/activity`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ActivityEntry {
    /// Position in the workspace's feed.
    pub seq: i64,
    /// When it happened.
    pub at: Timestamp,
    /// What happened: the `type` of a feed event.
    pub what: String,
    /// The job it is about; still named when the job is gone (JOB-11).
    pub job: Option<ActivityJob>,
    /// Who did it; absent for what runners and the system did.
    pub by: Option<Person>,
    /// What kind of news it is.
    pub kind: ActivityKind,
    /// What exactly, where that is known: `edit`, `team`, `stop` of a job; `added`, `removed` of a file or a dependency; `created`,
    /// `renamed`, `locked`, `unlocked`, `handed_over`, `purpose` of a canvas; `joined`, `left`, `removed`,
    /// `role`, `renamed` of a member.
    #[serde(default)]
    pub act: Option<String>,
    /// For `member.changed`: whom it is about.
    pub user: Option<Person>,
    /// Their role since.
    #[serde(default)]
    pub role: Option<Role>,
    /// For a dependency: the job that is waited for, when you may see it.
    #[serde(default)]
    pub other: Option<ActivityJob>,
    /// The canvas; its name now, or at its end.
    #[serde(default)]
    pub canvas: Option<ActivityCanvas>,
    /// Name of the file.
    #[serde(default)]
    pub file: Option<String>,
    /// The note, or the beginning of what an agent asks, in at most 200 characters.
    #[serde(default)]
    pub text: Option<String>,
    /// Whether what it is about is gone.
    #[serde(default)]
    pub gone: bool,
    /// State the job was in, when it moved.
    pub from: Option<JobState>,
    /// State the job is in since.
    pub to: Option<JobState>,
}

/// A kind of news in Activity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ActivityKind {
    /// Jobs were made, edited, deleted.
    Jobs,
    /// Jobs moved from one state to another.
    Moves,
    /// Agents asked, people answered.
    Requests,
    /// Notes.
    Notes,
    /// Files.
    Files,
    /// Dependencies.
    Dependencies,
    /// Members came, left, have another role.
    Members,
    /// Canvases.
    Canvases,
    /// The workspace's name and settings.
    Workspace,
}

/// The canvas of an [`ActivityEntry`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ActivityCanvas {
    /// The canvas.
    pub id: CanvasId,
    /// Its name.
    pub name: String,
}

/// The job of an [`ActivityEntry`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ActivityJob {
    /// The job.
    pub id: JobId,
    /// `#12`.
    pub number: i64,
    /// Its title now, or at its end.
    pub title: String,
}
