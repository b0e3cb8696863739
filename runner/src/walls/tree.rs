//! The processes below one: found, counted, ended.
//!
//! A process whose parent ended belongs to the next subreaper above it, so what is below a keeper is all that its agent ever started,
//! whatever sessions, groups and environments it made for itself.

use nix::{
    errno::Errno,
    sys::{
        signal::{Signal, kill, killpg},
        wait::{WaitPidFlag, WaitStatus, waitpid},
    },
    unistd::{Pid, getpgrp},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    time::{Duration, Instant},
};

/// Clock ticks per second in `/proc`, on every Linux system.
const TICKS: u64 = 100;

/// Bytes of a page in `/proc`, for want of a way to ask; larger pages make the count of memory too low, never too high.
const PAGE: u64 = 4096;

/// What a process line of `/proc` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stat {
    parent: i32,
    group: i32,
    /// Its own time on a processor and that of the children it waited for, in ticks.
    own: u64,
    waited: u64,
    dead: bool,
}

/// What some processes use up together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Use {
    /// Living processes.
    pub processes: u64,
    /// Their resident memory in bytes; what several share counts for each.
    pub memory: u64,
    /// Seconds on a processor, of living processes and of those that were waited for.
    pub seconds: u64,
}

fn parse(line: &str) -> Option<Stat> {
    // The name stands in brackets and may hold anything, brackets too.
    let fields: Vec<&str> = line[line.rfind(')')? + 1..].split_ascii_whitespace().collect();
    let number = |at: usize| fields.get(at)?.parse::<u64>().ok();
    Some(Stat {
        dead: matches!(*fields.first()?, "Z" | "X"),
        parent: fields.get(1)?.parse().ok()?,
        group: fields.get(2)?.parse().ok()?,
        own: number(11)? + number(12)?,
        waited: number(13)? + number(14)?,
    })
}

fn stat(process: i32) -> Option<Stat> {
    parse(&fs::read_to_string(format!("/proc/{process}/stat")).ok()?)
}

/// Children of a process, as its threads list them. Empty where the kernel keeps no such lists.
fn listed(process: i32) -> Vec<i32> {
    let threads = fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten();
    threads
        .filter_map(|thread| fs::read_to_string(thread.path().join("children")).ok())
        .flat_map(|list| list.split_ascii_whitespace().filter_map(|id| id.parse().ok()).collect::<Vec<i32>>())
        .collect()
}

fn all() -> Vec<(i32, Stat)> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter_map(|id| Some((id, stat(id)?)))
        .collect()
}

/// Everything below the process, in no order.
#[must_use]
pub fn below(root: i32) -> Vec<i32> {
    let mut found = BTreeSet::new();
    if fs::exists(format!("/proc/{root}/task/{root}/children")).unwrap_or(false) {
        let mut open = vec![root];
        while let Some(process) = open.pop() {
            open.extend(listed(process).into_iter().filter(|&child| found.insert(child)));
        }
    } else {
        let mut children: BTreeMap<i32, Vec<i32>> = BTreeMap::new();
        for (id, stat) in all() {
            children.entry(stat.parent).or_default().push(id);
        }
        let mut open = vec![root];
        while let Some(process) = open.pop() {
            let below = children.remove(&process).unwrap_or_default();
            open.extend(below.into_iter().filter(|&child| found.insert(child)));
        }
    }
    found.into_iter().collect()
}

/// What the processes below one use up.
#[must_use]
pub fn used(root: i32) -> Use {
    let mut used = Use::default();
    let mut ticks = stat(root).map_or(0, |stat| stat.waited);
    for id in below(root) {
        let Some(stat) = stat(id) else { continue };
        ticks += stat.own + stat.waited;
        if stat.dead {
            continue;
        }
        used.processes += 1;
        let pages = fs::read_to_string(format!("/proc/{id}/statm")).ok();
        let resident = pages.and_then(|line| line.split_ascii_whitespace().nth(1)?.parse::<u64>().ok());
        used.memory += resident.unwrap_or(0) * PAGE;
    }
    used.seconds = ticks / TICKS;
    used
}

/// How a child ended.
pub type Ended = (Pid, WaitStatus);

/// Takes note of children that ended. False in the second place when there are none any more, ended or not.
pub fn reap(mut each: impl FnMut(Ended)) -> bool {
    loop {
        match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
            Ok(WaitStatus::StillAlive) | Err(Errno::EINTR) => return true,
            Ok(status) => {
                if let Some(id) = status.pid() {
                    each((id, status));
                }
            }
            Err(_) => return false,
        }
    }
}

/// Ends all processes below this one, until none is left. This one has to be their subreaper. False when some were still there after
/// `patience`: they are in the kernel and end when they leave it.
pub fn end_all(patience: Duration, mut each: impl FnMut(Ended)) -> bool {
    let own = getpgrp();
    let since = Instant::now();
    loop {
        for id in below(Pid::this().as_raw()) {
            // By groups too, since a signal to a group leaves none of it the time to start another.
            if let Some(stat) = stat(id).filter(|stat| stat.group > 1 && stat.group != own.as_raw()) {
                let _ = killpg(Pid::from_raw(stat.group), Signal::SIGKILL);
            }
            let _ = kill(Pid::from_raw(id), Signal::SIGKILL);
        }
        if !reap(&mut each) {
            return true;
        }
        if since.elapsed() > patience {
            return false;
        }
        std::thread::sleep(Duration::from_micros(500));
    }
}

/// Whether a process is there and has not ended.
#[must_use]
pub fn lives(process: i32) -> bool {
    stat(process).is_some_and(|stat| !stat.dead)
}

/// Processes whose arguments after the program begin with these words.
#[must_use]
pub fn with_arguments(words: &[&str]) -> Vec<i32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries
        .filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok())
        .filter(|id| {
            let line = fs::read(format!("/proc/{id}/cmdline")).unwrap_or_default();
            let mut arguments = line.split(|&byte| byte == 0).skip(1);
            words.iter().all(|word| arguments.next() == Some(word.as_bytes()))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agt_6_a_process_named_like_the_end_of_its_name_is_read_right() {
        let line = "42 (a) R 1 (x) S 7 42 9 0 -1 4194304 100 0 0 0 11 2 30 4 20 0 1 0 100 0 0";
        let read = parse(line).unwrap();
        assert_eq!(
            read,
            Stat {
                parent: 7,
                group: 42,
                own: 13,
                waited: 34,
                dead: false
            }
        );
        assert!(parse("1 (x) Z 7 42 9 0 -1 4194304 100 0 0 0 11 2 30 4 20").unwrap().dead);
        assert_eq!(parse("nonsense"), None);
    }

    #[test]
    fn agt_6_what_a_child_started_is_below_this_process() {
        let mut child = std::process::Command::new("sh").args(["-c", "sleep 100 & wait"]).spawn().unwrap();
        let id = i32::try_from(child.id()).unwrap();
        let until = Instant::now() + Duration::from_secs(10);
        while below(id).is_empty() {
            assert!(Instant::now() < until, "the shell started nothing");
            std::thread::sleep(Duration::from_millis(5));
        }
        let found = below(id);
        assert!(below(Pid::this().as_raw()).contains(&found[0]));
        let used = used(id);
        assert!(used.processes == 1 && used.memory > 0, "{used:?}");
        for process in found {
            kill(Pid::from_raw(process), Signal::SIGKILL).unwrap();
        }
        child.wait().unwrap();
        assert!(!lives(id));
    }
}
