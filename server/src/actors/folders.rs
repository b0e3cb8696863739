//! Groups on canvases that stand for Backlog folders (CAN-7): a job that goes to another folder takes its card along. What people do on the
//! canvas they do to the job themselves, by its own command; here is the way back.

use super::{CommandError, Live};
use coord_canvas::model::{CanvasView, Edit, NewJob};
use coord_domain::job::Job;
use coord_protocol::{
    canvas::{CanvasObject, schema},
    id::{CanvasId, JobId},
};
use coord_store::{canvases, jobs};

/// Room around and between cards, and for a group's name, in units of the canvas.
const MARGIN: f64 = 24.0;
const GAP: f64 = 16.0;
const HEAD: f64 = 56.0;

/// A job's folder changed: cards follow, after the commit and without making anybody wait.
pub(super) fn moved(live: &Live, job: &Job, before: Option<String>) {
    let (live, job) = (live.clone(), job.clone());
    actix_web::rt::spawn(async move {
        if let Err(error) = follow(&live, &job, before.as_deref()).await {
            tracing::warn!(%error, job = %job.id, "a job's card did not follow it to its folder");
        }
    });
}

async fn follow(live: &Live, job: &Job, before: Option<&str>) -> Result<(), CommandError> {
    if job.access.private {
        // Where its card goes would tell everybody what its folder is (ACC-4).
        return Ok(());
    }
    for name in [before, job.folder.as_deref()].into_iter().flatten() {
        let groups = canvases::folders_named(&mut *live.store().read().await?, job.workspace, name).await?;
        for group in groups {
            let view = live.canvas_view(group.canvas).await?;
            let edits = if job.folder.as_deref() == Some(name) {
                brought_in(&view, &group.object, &[(job.id, job.access.private)], || {
                    live.ids().uuid().simple().to_string()
                })
            } else {
                taken_out(&view, &group.object, job.id)
            };
            make(live, group.canvas, edits).await?;
        }
    }
    Ok(())
}

async fn make(live: &Live, id: CanvasId, edits: Vec<Edit>) -> Result<(), CommandError> {
    if !edits.is_empty()
        && let Err(error) = live.edit_canvas(id, edits, vec![]).await?
    {
        tracing::info!(canvas = %id, %error, "a card stays where it is");
    }
    Ok(())
}

impl Live {
    /// Brings the jobs of a folder into the group that stands for it.
    ///
    /// # Errors
    /// What failed.
    pub async fn fill_folder(&self, folder: &canvases::Folder) -> Result<(), CommandError> {
        let members = {
            let mut conn = self.store().read().await?;
            let canvas = canvases::get(&mut conn, folder.canvas).await?.ok_or(CommandError::NotFound)?;
            jobs::in_folder(&mut conn, canvas.workspace, &folder.name).await?
        };
        let view = self.canvas_view(folder.canvas).await?;
        let edits = brought_in(&view, &folder.object, &members, || self.ids().uuid().simple().to_string());
        make(self, folder.canvas, edits).await
    }
}

fn is_group(view: &CanvasView, group: &str) -> bool {
    view.object(group).is_some_and(|group| group.kind == "group")
}

/// Cards of these jobs go into the group; those that are in it stay where they are. The card of a private job is neither made nor moved: it
/// would tell everybody what is in the folder (ACC-4).
fn brought_in(view: &CanvasView, group: &str, jobs: &[(JobId, bool)], mut new_id: impl FnMut() -> String) -> Vec<Edit> {
    let Some(frame) = view.object(group).filter(|_| is_group(view, group)) else {
        return vec![];
    };
    let card_of = |job: JobId| view.objects.iter().find(|object| object.job == Some(job));
    let mut slots = Slots::of(view, frame);
    let (mut edits, mut cards) = (vec![], vec![]);
    for (job, is_private) in jobs {
        match card_of(*job) {
            _ if *is_private => {}
            Some(card) if card.parent.as_deref() == Some(group) => {}
            Some(card) => {
                let (x, y) = slots.next();
                edits.push(Edit::Move {
                    object: card.id.clone(),
                    parent: Some(group.to_owned()),
                    x,
                    y,
                });
            }
            None => {
                let (x, y) = slots.next();
                cards.push(NewJob {
                    id: new_id(),
                    job: *job,
                    x,
                    y,
                });
            }
        }
    }
    if !cards.is_empty() {
        edits.push(Edit::AddJobs {
            parent: Some(group.to_owned()),
            jobs: cards,
        });
    }
    if slots.bottom > frame.h {
        edits.push(Edit::Resize {
            object: group.to_owned(),
            w: frame.w,
            h: slots.bottom,
        });
    }
    edits
}

/// The job's card goes out of the group, beside it.
fn taken_out(view: &CanvasView, group: &str, job: JobId) -> Vec<Edit> {
    let card = view
        .objects
        .iter()
        .find(|object| object.job == Some(job) && object.parent.as_deref() == Some(group));
    let (Some(card), Some(frame)) = (card, view.object(group)) else {
        return vec![];
    };
    vec![Edit::Move {
        object: card.id.clone(),
        parent: frame.parent.clone(),
        x: frame.x + frame.w + MARGIN,
        y: frame.y + card.y,
    }]
}

/// Free places for cards in a group, row by row.
struct Slots {
    taken: Vec<(f64, f64, f64, f64)>,
    columns: usize,
    at: usize,
    bottom: f64,
}

impl Slots {
    fn of(view: &CanvasView, frame: &CanvasObject) -> Self {
        let (w, _) = card_size();
        let inner = frame.w - 2.0 * MARGIN + GAP;
        let children = view.objects.iter().filter(|object| object.parent.as_deref() == Some(&frame.id));
        Self {
            taken: children.map(|object| (object.x, object.y, object.w, object.h)).collect(),
            // At least one, however narrow the group is.
            columns: (inner / (w + GAP)).floor().max(1.0) as usize,
            at: 0,
            bottom: 0.0,
        }
    }

    fn next(&mut self) -> (f64, f64) {
        let (w, h) = card_size();
        loop {
            let (column, row) = (self.at % self.columns, self.at / self.columns);
            self.at += 1;
            let (x, y) = (MARGIN + column as f64 * (w + GAP), HEAD + row as f64 * (h + GAP));
            let is_free = |(left, top, width, height): &(f64, f64, f64, f64)| {
                x + w <= *left || left + width <= x || y + h <= *top || top + height <= y
            };
            if self.taken.iter().all(is_free) {
                self.bottom = self.bottom.max(y + h + MARGIN);
                return (x, y);
            }
        }
    }
}

fn card_size() -> (f64, f64) {
    schema::TYPES
        .iter()
        .find(|kind| kind.0 == "job")
        .map_or((280.0, 136.0), |schema::Type(_, w, h, _)| (*w, *h))
}
