//! What befalls a fleet of runners and when, drawn from a seed.

use crate::chance::Chance;
use anyhow::{Context as _, Result, ensure};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// A plan; saved as JSON, it can be performed again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// What it was drawn from.
    pub seed: u64,
    /// How long a claim holds without a heartbeat.
    pub lease_ms: u64,
    /// Longest pause between two heartbeats.
    pub heartbeat_ms: u64,
    /// Of each runner, how many jobs it takes at once.
    pub runners: Vec<u32>,
    /// The jobs, in the order they are made.
    pub jobs: Vec<PlannedJob>,
    /// What befalls, in order.
    pub faults: Vec<Fault>,
}

/// A job: so many entries of its log, with a pause before each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedJob {
    /// Entries.
    pub entries: i64,
    /// Milliseconds.
    pub pause_ms: u64,
}

/// Something that befalls.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// When, in milliseconds from the beginning; later when the one before takes longer.
    pub at_ms: u64,
    /// What.
    #[serde(flatten)]
    pub deed: Deed,
}

/// What befalls. `runner` is its place in the plan, all times are milliseconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "fault", rename_all = "snake_case")]
pub enum Deed {
    /// The server is killed and started again.
    KillServer {
        /// Pause between the two.
        down_ms: u64,
    },
    /// The runner is killed and started again; what it wrote to disk is there.
    Kill {
        /// Which.
        runner: usize,
        /// Pause between the two.
        down_ms: u64,
    },
    /// The machine sleeps: the connection stays open, nobody answers, and it believes afterwards that it holds what it held.
    Suspend {
        /// Which.
        runner: usize,
        /// How long.
        ms: u64,
    },
    /// The network between the runner and the server is cut: nothing passes, and nobody is told.
    Cut {
        /// Which.
        runner: usize,
        /// How long.
        ms: u64,
    },
    /// The network becomes slow.
    Slow {
        /// Which.
        runner: usize,
        /// How long.
        ms: u64,
        /// How late everything comes.
        delay_ms: u64,
    },
    /// The runner's clock is set.
    Clock {
        /// Which.
        runner: usize,
        /// By how many seconds it is wrong from now on.
        offset_s: i64,
    },
    /// Another program starts with a copy of the runner's disk and its token.
    Copy {
        /// Which.
        runner: usize,
    },
}

/// What a runner needs to be back at work after something befell it.
const BACK_MS: u64 = 3_000;

impl Plan {
    /// Draws a plan. What befalls a runner befalls it once it is back from what befell it before.
    #[must_use]
    pub fn draw(seed: u64, runners: u32, jobs: u32, faults: u32, lease_ms: u64, heartbeat_ms: u64) -> Self {
        let mut chance = Chance::new(seed);
        let (mut work, mut fate) = (chance.fork(), chance.fork());
        let jobs = (0..jobs)
            .map(|_| PlannedJob {
                entries: i64::try_from(work.between(5, 30)).unwrap_or(5),
                pause_ms: work.between(50, 350),
            })
            .collect();
        let (mut at_ms, mut back_at) = (1_500, vec![0; usize::try_from(runners.max(1)).unwrap_or(1)]);
        let faults = (0..faults)
            .map(|n| {
                at_ms += fate.between(100, 900);
                // Each kind comes, also in a short plan.
                let kind = if n < 7 { u64::from(n) * 3 } else { fate.between(0, 19) };
                // The next one from there that is back; when none is, nothing is lost by waiting.
                let first = usize::try_from(fate.between(0, u64::from(runners.max(1)) - 1)).unwrap_or(0);
                let order = (0..back_at.len()).map(|n| (first + n) % back_at.len());
                let runner = order.min_by_key(|n| back_at[*n].max(at_ms)).unwrap_or(0);
                at_ms = at_ms.max(back_at[runner]);
                let longer = lease_ms + fate.between(500, 3_000);
                let shorter = fate.between(200, lease_ms / 2);
                let deed = match kind {
                    0 => Deed::KillServer {
                        down_ms: fate.between(0, 1_500),
                    },
                    1..=5 => Deed::Kill {
                        runner,
                        down_ms: if fate.one_in(3) { longer } else { shorter },
                    },
                    6..=8 => Deed::Suspend { runner, ms: longer },
                    9..=11 => Deed::Cut {
                        runner,
                        ms: if fate.one_in(2) { longer } else { shorter },
                    },
                    12..=14 => Deed::Slow {
                        runner,
                        ms: fate.between(1_000, 5_000),
                        delay_ms: fate.between(50, heartbeat_ms),
                    },
                    15..=17 => Deed::Clock {
                        runner,
                        offset_s: if fate.one_in(2) { 3_600 } else { -3_600 },
                    },
                    _ => Deed::Copy { runner },
                };
                back_at[runner] = at_ms + deed.lasts_ms() + BACK_MS;
                Fault { at_ms, deed }
            })
            .collect();
        Self {
            seed,
            lease_ms,
            heartbeat_ms,
            runners: (0..runners).map(|_| u32::try_from(work.between(1, 3)).unwrap_or(1)).collect(),
            jobs,
            faults,
        }
    }

    /// Reads a saved plan.
    ///
    /// # Errors
    /// When it is none.
    pub fn load(file: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
        let plan: Self = serde_json::from_str(&text).with_context(|| format!("{} is no plan", file.display()))?;
        let known = plan
            .faults
            .iter()
            .all(|fault| fault.deed.runner().is_none_or(|runner| runner < plan.runners.len()));
        ensure!(known, "{} names a runner that it does not have", file.display());
        Ok(plan)
    }

    /// Saves it.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn save(&self, file: &Path) -> Result<()> {
        std::fs::write(file, serde_json::to_string_pretty(self)?).with_context(|| format!("cannot write {}", file.display()))
    }
}

impl Deed {
    /// Whom it befalls.
    #[must_use]
    pub const fn runner(&self) -> Option<usize> {
        match self {
            Self::KillServer { .. } => None,
            Self::Kill { runner, .. }
            | Self::Suspend { runner, .. }
            | Self::Cut { runner, .. }
            | Self::Slow { runner, .. }
            | Self::Clock { runner, .. }
            | Self::Copy { runner } => Some(*runner),
        }
    }

    /// How long its runner is away or impaired.
    #[must_use]
    pub const fn lasts_ms(&self) -> u64 {
        match self {
            Self::KillServer { .. } | Self::Clock { .. } | Self::Copy { .. } => 0,
            Self::Kill { down_ms: ms, .. } | Self::Suspend { ms, .. } | Self::Cut { ms, .. } | Self::Slow { ms, .. } => *ms,
        }
    }

    /// What it is called among the figures.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::KillServer { .. } => "server_kills",
            Self::Kill { .. } => "runner_kills",
            Self::Suspend { .. } => "suspensions",
            Self::Cut { .. } => "network_cuts",
            Self::Slow { .. } => "slow_networks",
            Self::Clock { .. } => "wrong_clocks",
            Self::Copy { .. } => "copies",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn a_plan_follows_from_its_seed_has_every_kind_of_fault_and_survives_being_saved() {
        let plan = Plan::draw(7, 10, 50, 20, 3_000, 500);
        assert_eq!(plan, Plan::draw(7, 10, 50, 20, 3_000, 500));
        assert_ne!(plan.faults, Plan::draw(8, 10, 50, 20, 3_000, 500).faults);
        let kinds: HashSet<_> = plan.faults.iter().map(|fault| fault.deed.name()).collect();
        assert_eq!(kinds.len(), 7, "{kinds:?}");
        assert!(plan.faults.is_sorted_by_key(|fault| fault.at_ms));
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("plan.json");
        plan.save(&file).unwrap();
        assert_eq!(Plan::load(&file).unwrap(), plan);
    }
}
