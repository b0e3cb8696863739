//! What people do on a canvas and what is done to them, drawn from a seed.

use crate::chance::Chance;
use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// People on one canvas.
pub const EDITORS: usize = 5;

/// A plan; saved as JSON, it can be performed again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// What it was drawn from.
    pub seed: u64,
    /// In order.
    pub ops: Vec<Op>,
}

/// Somebody, and what they do or suffer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Op {
    /// Who, below [`EDITORS`].
    pub who: usize,
    /// What.
    #[serde(flatten)]
    pub deed: Deed,
}

/// What happens. `a` and `b` choose objects, places and words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Deed {
    Add {
        a: u32,
        b: u32,
    },
    Move {
        a: u32,
        b: u32,
    },
    Type {
        a: u32,
        b: u32,
    },
    Erase {
        a: u32,
        b: u32,
    },
    Delete {
        a: u32,
    },
    Reparent {
        a: u32,
        b: u32,
    },
    Color {
        a: u32,
        b: u32,
    },
    Connect {
        a: u32,
        b: u32,
    },
    Disconnect {
        a: u32,
    },
    Undo,
    Redo,
    Wait {
        ms: u64,
    },
    Offline,
    Online,
    /// The network to the server is cut; nobody is told.
    Cut,
    /// It is mended, and what was on its way arrives.
    Mend,
    /// The network is cut, and they come back by another way while the server still believes in the old connection.
    HalfOpen,
    KillServer,
    Viewer,
    Member,
    Lock,
    HandOver {
        a: u32,
    },
    Unlock,
}

impl Plan {
    /// Draws a plan of so many steps.
    #[must_use]
    pub fn draw(seed: u64, steps: usize) -> Self {
        let mut chance = Chance::new(seed);
        // Starting a server takes as long as many other things.
        let kills = chance.one_in(8);
        let ops = (0..steps)
            .map(|_| Op {
                who: usize::try_from(chance.between(0, EDITORS as u64 - 1)).unwrap_or(0),
                deed: draw_deed(&mut chance, kills),
            })
            .collect();
        Self { seed, ops }
    }

    /// Reads a saved plan.
    ///
    /// # Errors
    /// When it is none.
    pub fn load(file: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
        serde_json::from_str(&text).with_context(|| format!("{} is no plan", file.display()))
    }

    /// Saves it.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn save(&self, file: &Path) -> Result<()> {
        let text = serde_json::to_string_pretty(self)? + "\n";
        std::fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))
    }
}

fn draw_deed(chance: &mut Chance, kills: bool) -> Deed {
    let mut draw = || u32::try_from(chance.bits() >> 32).unwrap_or(0);
    let (a, b) = (draw(), draw());
    match chance.between(0, 99) {
        0..=16 => Deed::Add { a, b },
        17..=25 => Deed::Move { a, b },
        26..=43 => Deed::Type { a, b },
        44..=47 => Deed::Erase { a, b },
        48..=52 => Deed::Delete { a },
        53..=57 => Deed::Reparent { a, b },
        58..=60 => Deed::Color { a, b },
        61..=65 => Deed::Connect { a, b },
        66 => Deed::Disconnect { a },
        67..=72 => Deed::Undo,
        73..=76 => Deed::Redo,
        77..=80 => Deed::Wait { ms: chance.between(1, 10) },
        81..=83 => Deed::Offline,
        84..=87 => Deed::Online,
        88 => Deed::Cut,
        89..=90 => Deed::Mend,
        91 => Deed::HalfOpen,
        92 if kills => Deed::KillServer,
        92..=93 => Deed::Viewer,
        94..=95 => Deed::Member,
        96 => Deed::Lock,
        97 => Deed::HandOver { a },
        _ => Deed::Unlock,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_follows_from_its_seed_and_survives_being_saved() {
        let plan = Plan::draw(7, 200);
        assert_eq!(plan, Plan::draw(7, 200));
        assert_ne!(plan.ops, Plan::draw(8, 200).ops);
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("plan.json");
        plan.save(&file).unwrap();
        assert_eq!(Plan::load(&file).unwrap(), plan);
    }

    #[test]
    fn everything_happens_somewhere() {
        let all: Vec<Plan> = (0..400).map(|seed| Plan::draw(seed, 40)).collect();
        let kinds: std::collections::HashSet<_> = all
            .iter()
            .flat_map(|plan| &plan.ops)
            .map(|op| std::mem::discriminant(&op.deed))
            .collect();
        assert_eq!(kinds.len(), 23);
    }
}
