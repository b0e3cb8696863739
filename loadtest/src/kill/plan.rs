//! What is done and when, drawn from a seed: jobs with the scripts of their agent, kills, notes.

use crate::chance::Chance;
use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::path::Path;

/// A plan; saved as JSON, it can be performed again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// What it was drawn from.
    pub seed: u64,
    /// Jobs at once on the runner.
    pub concurrency: u32,
    /// Jobs in the order they are made.
    pub jobs: Vec<PlannedJob>,
    /// Kills in order.
    pub ops: Vec<Op>,
    /// Notes in order.
    pub notes: Vec<PlannedNote>,
}

/// A job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedJob {
    /// When it is made, in milliseconds from the beginning.
    pub at_ms: u64,
    /// Its title, and the name of the file it makes.
    pub tag: String,
    /// In the repository, or in a folder of its own.
    pub repository: bool,
    /// Whether it asks for review.
    pub review: bool,
    /// Whether it is approved then.
    pub approve: bool,
    /// Lines its agent says, numbered from 1.
    pub lines: u32,
    /// What its agent does.
    pub script: Vec<Value>,
    /// Content of the file it makes.
    pub content: String,
}

/// A note that somebody writes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedNote {
    /// When, in milliseconds from the beginning.
    pub at_ms: u64,
    /// Which job, by its place in the plan.
    pub job: usize,
    /// The words; no two are the same.
    pub body: String,
}

/// Something that is done to programs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Op {
    /// When, in milliseconds from the beginning; later when the one before takes longer.
    pub at_ms: u64,
    /// What.
    #[serde(flatten)]
    pub deed: Deed,
}

/// What is done to programs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it; `down_ms` is the pause before it is started again")]
pub enum Deed {
    KillServer { down_ms: u64 },
    KillRunner { down_ms: u64 },
    KillBoth { down_ms: u64 },
}

impl Plan {
    /// Draws a plan with so many kills of the server and as many of the runner.
    #[must_use]
    pub fn draw(seed: u64, rounds: u32) -> Self {
        let mut chance = Chance::new(seed);
        let (mut kills, mut work, mut talk) = (chance.fork(), chance.fork(), chance.fork());
        let ops = draw_ops(&mut kills, rounds);
        let last = ops.last().map_or(3_000, |op| op.at_ms);
        let mut jobs = Vec::new();
        let mut at_ms = 0;
        while at_ms <= last || jobs.len() < 4 {
            jobs.push(draw_job(&mut work, jobs.len(), at_ms));
            at_ms += work.between(500, 2_500);
        }
        let mut notes = Vec::new();
        let mut at_ms = 500;
        while at_ms < last {
            // Of a job that has been made by then, so that the note has a place.
            let made = jobs.iter().filter(|job| job.at_ms < at_ms).count().max(1);
            let job = usize::try_from(talk.bits() % made as u64).unwrap_or(0);
            let body = format!("Note {} of seed {seed}", notes.len() + 1);
            notes.push(PlannedNote { at_ms, job, body });
            at_ms += talk.between(100, 900);
        }
        Self {
            seed,
            concurrency: 4,
            jobs,
            ops,
            notes,
        }
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
        std::fs::write(file, serde_json::to_string_pretty(self)?).with_context(|| format!("cannot write {}", file.display()))
    }
}

fn draw_ops(chance: &mut Chance, rounds: u32) -> Vec<Op> {
    let (mut servers, mut runners, mut at_ms) = (rounds, rounds, 1_500);
    let mut ops = Vec::new();
    while servers + runners > 0 {
        let down_ms = *chance.pick(&[0, 20, 200, 1_000]);
        let deed = match chance.between(0, 7) {
            0 if servers > 0 && runners > 0 => Deed::KillBoth { down_ms },
            1..=4 if servers > 0 => Deed::KillServer { down_ms },
            _ if runners > 0 => Deed::KillRunner { down_ms },
            _ => Deed::KillServer { down_ms },
        };
        servers -= u32::from(!matches!(deed, Deed::KillRunner { .. }));
        runners -= u32::from(!matches!(deed, Deed::KillServer { .. }));
        ops.push(Op { at_ms, deed });
        // Sometimes before the last one is over, mostly once work goes on again.
        at_ms += down_ms
            + if chance.one_in(5) {
                chance.between(50, 600)
            } else {
                chance.between(800, 3_500)
            };
    }
    ops
}

fn draw_job(chance: &mut Chance, number: usize, at_ms: u64) -> PlannedJob {
    let tag = format!("J{number:03}");
    let repository = chance.one_in(2);
    let lines = u32::try_from(chance.between(12, 40)).unwrap_or(12);
    let content: String = (0..chance.between(1, 200))
        .map(|n| format!("{tag} line {n} {:x}\n", chance.bits()))
        .collect();
    let path = if repository {
        format!("{tag}.txt")
    } else {
        format!("output/{tag}.txt")
    };
    let write = |n: u32| json!({ "tool": { "kind": "edit", "title": format!("Write {path} ({n})"), "path": path, "write": content } });
    let mut script = vec![write(1)];
    for line in 1..=lines {
        script.push(json!({ "say": said(&tag, line) }));
        script.push(json!({ "sleep": chance.between(10, 250) }));
        match chance.between(0, 39) {
            0 => script.push(json!({ "ask": { "message": format!("{tag} asks at {line}"), "options": ["left", "right"] } })),
            1 => script.push(json!({ "tool": { "kind": "execute", "title": format!("Run at {line}"), "run": "echo ran", "ask": true } })),
            2 => script.push(json!({ "burst": chance.between(20, 300) })),
            3 => script.push(write(line + 1)),
            _ => {}
        }
    }
    // More than once, since a step that was begun when the agent died is not begun again.
    script.extend([write(100), json!({ "sleep": 150 }), write(101), json!({ "sleep": 150 }), write(102)]);
    let review = repository || chance.one_in(3);
    PlannedJob {
        at_ms,
        tag,
        repository,
        review,
        approve: review && chance.one_in(2),
        lines,
        script,
        content,
    }
}

/// A numbered line as an agent says it.
#[must_use]
pub fn said(tag: &str, line: u32) -> String {
    format!("[{tag}:{line}]\n")
}

/// The numbers of the lines of `tag` in `text`, in order.
#[must_use]
pub fn lines_in(tag: &str, text: &str) -> Vec<u32> {
    let mark = format!("[{tag}:");
    let after = text.split(&mark).skip(1);
    after.filter_map(|rest| rest.split_once(']')?.0.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_follows_from_its_seed_and_survives_being_saved() {
        let plan = Plan::draw(7, 20);
        assert_eq!(plan, Plan::draw(7, 20));
        assert_ne!(plan.jobs, Plan::draw(8, 20).jobs);
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("plan.json");
        plan.save(&file).unwrap();
        assert_eq!(Plan::load(&file).unwrap(), plan);
    }

    #[test]
    fn a_plan_has_as_many_kills_as_asked_for_in_order_of_time() {
        for seed in 0..50 {
            let plan = Plan::draw(seed, 20);
            let count = |not: fn(&Deed) -> bool| plan.ops.iter().filter(|op| !not(&op.deed)).count();
            assert_eq!(count(|deed| matches!(deed, Deed::KillRunner { .. })), 20);
            assert_eq!(count(|deed| matches!(deed, Deed::KillServer { .. })), 20);
            assert!(plan.ops.is_sorted_by_key(|op| op.at_ms));
            assert!(plan.notes.iter().all(|note| note.job < plan.jobs.len()));
        }
    }

    #[test]
    fn lines_are_found_again() {
        let text = format!("{}{} noise [J002:9] {}", said("J001", 1), said("J001", 2), said("J001", 2));
        assert_eq!(lines_in("J001", &text), [1, 2, 2]);
    }
}
