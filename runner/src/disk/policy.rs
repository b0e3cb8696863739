//! What may go by the owner's wishes: too old, too many, or too little room.

use super::{Item, Kind, Verdict, measure::readable, needed};
use crate::config::Config;
use coord_protocol::time::Timestamp;

const DAY: i64 = 86_400 * 1_000_000;

/// Says of each folder what becomes of it. They are in order, those last used first.
pub fn judge(config: &Config, now: Timestamp, free: Option<u64>, items: &mut [Item]) {
    let disk = &config.disk;
    let least = disk.least_free_mib.saturating_mul(1 << 20);
    let mut room = free;
    let mut worktrees = 0;
    for item in items.iter_mut() {
        let days = match item.kind {
            Kind::Repository => disk.keep_repositories_days,
            Kind::Worktree | Kind::Folder | Kind::Log => disk.keep_days,
        };
        worktrees += u32::from(item.kind == Kind::Worktree);
        let old = now.0.saturating_sub(item.last_used.0) > i64::from(days) * DAY;
        let many = item.kind == Kind::Worktree && worktrees > disk.keep_worktrees;
        let why = match (old, many) {
            (true, _) => Some(format!("not used for {days} days")),
            (false, true) => Some(format!("there are more than {} of its kind", disk.keep_worktrees)),
            (false, false) => None,
        };
        item.verdict = match why {
            None => Verdict::Stays(format!("used in the last {days} days")),
            Some(why) => verdict(config, item, why, &mut room),
        };
    }
    // Those that were not used for longest first. What a person did not ask to be rid of, and cannot be fetched again, is left.
    for kind in [Kind::Worktree, Kind::Log, Kind::Repository] {
        for item in items.iter_mut().rev().filter(|item| item.kind == kind) {
            if room.is_none_or(|room| room >= least) {
                return;
            }
            if matches!(item.verdict, Verdict::Stays(_)) {
                item.verdict = verdict(config, item, format!("less than {} is free", readable(least)), &mut room);
            }
        }
    }
}

fn verdict(config: &Config, item: &Item, why: String, room: &mut Option<u64>) -> Verdict {
    match needed(config, item) {
        Some(words) => Verdict::Stays(words),
        None => {
            *room = room.map(|room| room + item.bytes);
            Verdict::Goes(why)
        }
    }
}
