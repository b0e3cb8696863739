//! Looking for words, as somebody may see what has them (ACC-4).

use super::engine;
use crate::{Conn, StoreError, row::Row};
use coord_domain::rights::Who;
use coord_protocol::id::{AttemptId, FileId, JobId, NoteId, WorkspaceId};

/// Where words are from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// A job's title and description.
    Job,
    /// A file's name.
    File(FileId),
    /// A note.
    Note(NoteId),
    /// A piece of a log.
    Log {
        /// The attempt.
        attempt: AttemptId,
        /// Its first entry.
        first: i64,
        /// Its last entry.
        last: i64,
    },
}

impl Source {
    pub(super) const fn kind(self) -> &'static str {
        match self {
            Self::Job => "job",
            Self::File(_) => "file",
            Self::Note(_) => "note",
            Self::Log { .. } => "log",
        }
    }
}

/// What is looked through, in the order in which it counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tier {
    /// Titles.
    Title = 1,
    /// Descriptions, of jobs whose title alone does not have it.
    Job = 2,
    /// Names of files.
    File = 3,
    /// Notes.
    Note = 4,
    /// Logs.
    Log = 5,
}

impl Tier {
    /// All, the first counts most.
    pub const ALL: [Self; 5] = [Self::Title, Self::Job, Self::File, Self::Note, Self::Log];

    pub(super) const fn kind(self) -> Option<&'static str> {
        match self {
            Self::Title | Self::Job => Some("job"),
            Self::File => Some("file"),
            Self::Note => Some("note"),
            Self::Log => None,
        }
    }
}

/// What to look for.
#[derive(Debug, Clone)]
pub struct Find {
    /// In this workspace.
    pub workspace: WorkspaceId,
    /// Who looks. What is of a job that they may not see is not found.
    pub viewer: Who,
    /// In what.
    pub tier: Tier,
    /// Beginnings of words, all of which it has; not empty.
    pub terms: Vec<String>,
    /// Only what has a smaller id than this.
    pub before: i64,
    /// At most so many.
    pub limit: usize,
}

/// Something found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found {
    /// Rises with time, in a tier.
    pub id: i64,
    /// Its job.
    pub job: JobId,
    /// Where in it.
    pub source: Source,
}

/// How many are looked up at a time while those of jobs that the viewer may not see are left out. Their sum bounds the work: in a
/// workspace with more than that in such jobs, what is older is not found.
const ROUNDS: [i64; 3] = [200, 1_000, 4_000];

/// What has the words, newest first.
///
/// # Errors
/// When the database fails.
pub async fn find(conn: &mut Conn, find: &Find) -> Result<Vec<Found>, StoreError> {
    let mut found = Vec::new();
    let Some(role) = find.viewer.role else {
        return Ok(found);
    };
    let reach = crate::jobs::reach(role);
    let mut before = find.before;
    for round in ROUNDS {
        let ids = engine::look_up(conn, find.workspace, find.tier, &find.terms, before, round).await?;
        let is_last = i64::try_from(ids.len()).is_ok_and(|count| count < round);
        for id in ids {
            before = id;
            found.extend(visible(conn, find, reach, id).await?);
            if found.len() >= find.limit {
                return Ok(found);
            }
        }
        if is_last {
            break;
        }
    }
    Ok(found)
}

/// What the id stands for, when the viewer may see its job. The same as `rights::may` with `Act::See` decides, which tests prove.
async fn visible(conn: &mut Conn, find: &Find, reach: i64, id: i64) -> Result<Option<Found>, StoreError> {
    let statement = if find.tier == Tier::Log {
        "SELECT j.id AS job, l.attempt, l.first_seq, l.last_seq FROM search_log l JOIN attempts a ON a.id = l.attempt JOIN jobs j ON j.id = a.job \
         WHERE l.id = $1 AND j.workspace = $2 AND (j.private = 0 OR $3 = 2 OR ($3 = 1 AND (j.owner = $4 OR j.creator = $4)) \
         OR EXISTS (SELECT 1 FROM job_team t WHERE t.job = j.id AND t.user_id = $4))"
    } else {
        "SELECT d.job, d.note, d.file FROM search_docs d JOIN jobs j ON j.id = d.job \
         WHERE d.id = $1 AND j.workspace = $2 AND (j.private = 0 OR $3 = 2 OR ($3 = 1 AND (j.owner = $4 OR j.creator = $4)) \
         OR EXISTS (SELECT 1 FROM job_team t WHERE t.job = j.id AND t.user_id = $4))"
    };
    let row = sqlx::query(statement)
        .bind(id)
        .bind(find.workspace.to_string())
        .bind(reach)
        .bind(find.viewer.user.to_string())
        .fetch_optional(conn)
        .await?;
    let Some(row) = row else { return Ok(None) };
    let row = Row::new("search_docs", &row);
    let source = match find.tier {
        Tier::Title | Tier::Job => Source::Job,
        Tier::File => Source::File(row.id("file")?),
        Tier::Note => Source::Note(row.id("note")?),
        Tier::Log => Source::Log {
            attempt: row.id("attempt")?,
            first: row.int("first_seq")?,
            last: row.int("last_seq")?,
        },
    };
    Ok(Some(Found {
        id,
        job: row.id("job")?,
        source,
    }))
}
