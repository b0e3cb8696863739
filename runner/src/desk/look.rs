//! What the owner's screen is shown: a copy of what the desk holds, taken when something changed.

use super::{Claim, Desk, Phase, Work};
use crate::{
    agents::detect,
    history::{About, Done},
    outbox::Glance,
};
use coord_protocol::{
    id::{AttemptId, RequestId},
    runner::{AgentInfo, Assignment, MergeAssignment},
    time::Timestamp,
};
use std::{collections::BTreeSet, sync::Arc};

/// The connection to the server.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Link {
    /// The first one is being made.
    #[default]
    Connecting,
    /// There is one.
    Connected,
    /// There is none.
    Away {
        /// Why not.
        why: String,
        /// When it is tried again.
        again: Timestamp,
    },
}

/// What a claim is at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Left by a former run; goes on when the server says that it may.
    Left,
    /// An agent is at work, or is being started or ended.
    Working,
    /// A branch is being merged.
    Merging,
    /// Over; the server has not confirmed it yet.
    Ended,
}

/// One claim.
#[derive(Debug, Clone, PartialEq)]
pub struct Held {
    /// What it is about.
    pub about: Arc<About>,
    /// What it is at.
    pub standing: Standing,
    /// More about it.
    pub glance: Glance,
}

/// All that is shown of the desk.
#[derive(Debug, Clone, PartialEq)]
pub struct Look {
    /// The runner's name, once the server has told it.
    pub name: Option<String>,
    /// The connection.
    pub link: Link,
    /// Whether new work is refused by the owner.
    pub paused: bool,
    /// Where this program is in its life.
    pub phase: Phase,
    /// What is held, longest first.
    pub held: Vec<Held>,
    /// Answers that the server has not taken yet.
    pub answering: BTreeSet<RequestId>,
    /// Changes when the history does.
    pub history: u64,
}

impl Desk {
    /// What is there to see now.
    #[must_use]
    pub fn look(&self) -> Look {
        let inner = self.lock();
        let mut held: Vec<Held> = inner.claims.values().map(held).collect();
        held.sort_by_key(|held| (held.about.since, held.about.attempt));
        Look {
            name: inner.name.clone().or_else(|| self.host.config.name.clone()),
            link: inner.link.clone(),
            paused: inner.paused,
            phase: *self.phase.borrow(),
            held,
            answering: inner.owner_answers.clone(),
            history: self.history.written(),
        }
    }

    /// What has ended, newest first.
    #[must_use]
    pub fn done(&self) -> Vec<Done> {
        self.history.read()
    }

    /// What this runner can run, with versions as far as they are known.
    #[must_use]
    pub fn agents(&self) -> Vec<AgentInfo> {
        let mut agents = detect::offered(&self.host.config);
        let inner = self.lock();
        for agent in &mut agents {
            if let Some(version) = inner.versions.get(&agent.name) {
                agent.version = Some(version.clone());
            }
        }
        agents
    }

    pub(super) fn about(&self, assignment: &Assignment) -> About {
        About {
            attempt: assignment.attempt,
            number: assignment.number,
            title: assignment.title.clone(),
            workspace: assignment.workspace.clone(),
            agent: Some(assignment.agent.clone()),
            round: Some(assignment.attempt_number),
            since: self.host.clock.now(),
        }
    }

    pub(super) fn about_merge(&self, merge: &MergeAssignment) -> About {
        About {
            attempt: merge.attempt,
            number: merge.number,
            title: merge.title.clone(),
            workspace: merge.workspace.clone(),
            agent: None,
            round: None,
            since: self.host.clock.now(),
        }
    }

    pub(super) fn title_of(&self, attempt: AttemptId) -> String {
        let number = self.lock().claims.get(&attempt).map(|claim| claim.about.number);
        number.map_or_else(|| "A job that is over".to_owned(), |number| format!("#{number}"))
    }
}

fn held(claim: &Claim) -> Held {
    Held {
        about: Arc::clone(&claim.about),
        standing: match claim.work {
            Work::Left(_) | Work::LeftMerge(_) => Standing::Left,
            Work::Running(_) => Standing::Working,
            Work::Merging => Standing::Merging,
            Work::Told => Standing::Ended,
        },
        glance: claim.outbox.glance(),
    }
}
