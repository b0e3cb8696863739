//! Dependencies planned on the canvas, which promotion makes real.

use super::read::{CanvasView, DEP};
use coord_protocol::id::JobId;

/// A planned dependency at an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned {
    /// The connector.
    pub link: String,
    /// Whether the object is what has to be done first; otherwise it waits for the other.
    pub first: bool,
    /// What is at the other end.
    pub other: String,
    /// The job there, when it is a job card.
    pub other_job: Option<JobId>,
}

/// The dependencies planned at an object, by connector.
#[must_use]
pub fn planned(view: &CanvasView, object: &str) -> Vec<Planned> {
    let at_object =
        |link: &&coord_protocol::canvas::CanvasLink| link.kind == DEP && (link.from.object == object || link.to.object == object);
    view.links
        .iter()
        .filter(at_object)
        .map(|link| {
            let first = link.from.object == object;
            let other = if first { &link.to.object } else { &link.from.object };
            Planned {
                link: link.id.clone(),
                first,
                other: other.clone(),
                other_job: view.object(other).and_then(|other| other.job),
            }
        })
        .collect()
}
