//! Dependencies between jobs of a workspace (DEP-1).

use crate::Refusal;
use coord_protocol::{id::JobId, rule::Rule};
use std::collections::{HashMap, HashSet};

/// Checks that `job` may depend on `on`: another job, and no cycle. `edges` are all dependencies of the workspace,
/// `(job, depends on)`; `number` names a job for the refusal.
///
/// # Errors
///
/// DEP-1, naming the cycle.
pub fn check_new(job: JobId, on: JobId, edges: &[(JobId, JobId)], number: impl Fn(JobId) -> i64) -> Result<(), Refusal> {
    if job == on {
        return Err(Refusal::state(Rule::Dep1, "a job cannot depend on itself"));
    }
    let mut depends_on: HashMap<JobId, Vec<JobId>> = HashMap::new();
    for (from, to) in edges {
        depends_on.entry(*from).or_default().push(*to);
    }
    let Some(path) = path(on, job, &depends_on) else {
        return Ok(());
    };
    let cycle: Vec<_> = std::iter::once(job).chain(path).map(|id| format!("#{}", number(id))).collect();
    Err(Refusal::state(Rule::Dep1, format!("that would be a cycle: {}", cycle.join(" → "))))
}

/// A way from `from` to `to`, both included.
fn path(from: JobId, to: JobId, depends_on: &HashMap<JobId, Vec<JobId>>) -> Option<Vec<JobId>> {
    let mut came_from: HashMap<JobId, JobId> = HashMap::new();
    let mut seen = HashSet::from([from]);
    let mut open = vec![from];
    while let Some(at) = open.pop() {
        if at == to {
            let mut way = vec![to];
            while let Some(before) = way.last().and_then(|last| came_from.get(last)) {
                way.push(*before);
            }
            way.reverse();
            return Some(way);
        }
        for next in depends_on.get(&at).into_iter().flatten() {
            if seen.insert(*next) {
                came_from.insert(*next, at);
                open.push(*next);
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(n: u128) -> JobId {
        JobId(uuid::Uuid::from_u128(n))
    }

    fn check(job: u128, on: u128, edges: &[(u128, u128)]) -> Result<(), Refusal> {
        let edges: Vec<_> = edges.iter().map(|(a, b)| (id(*a), id(*b))).collect();
        check_new(id(job), id(on), &edges, |id| i64::try_from(id.0.as_u128()).unwrap())
    }

    #[test]
    fn dep_1_a_cycle_is_refused_and_named() {
        let refusal = check(1, 3, &[(3, 2), (2, 1), (3, 9)]).unwrap_err();
        assert_eq!(refusal.rule, Rule::Dep1);
        assert!(refusal.detail.ends_with("#1 → #3 → #2 → #1"), "{}", refusal.detail);
        assert!(check(1, 1, &[]).is_err());
    }

    #[test]
    fn dep_1_a_diamond_is_no_cycle() {
        assert_eq!(check(4, 3, &[(4, 2), (2, 1), (3, 1)]), Ok(()));
    }
}
