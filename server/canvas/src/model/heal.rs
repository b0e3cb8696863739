//! Which group each object is in: rule 4 of the schema.

use coord_protocol::canvas::schema;
use std::collections::HashMap;

/// What an object says of its place.
pub(super) struct Node<'a> {
    pub(super) id: &'a str,
    /// The parent it names, there or not.
    pub(super) named: Option<&'a str>,
    pub(super) group: bool,
}

/// Where a circle may be while it is looked for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Seen {
    Not,
    /// On the way from the object that this number stands for.
    From(usize),
}

/// The group that each of `nodes` is in, by its place in the list. No missing parents, no circles, no more than
/// [`schema::MAX_DEPTH`] groups within groups: what is deeper is in no group, and what hangs below it is counted from there.
pub(super) fn parents(nodes: &[Node<'_>]) -> Vec<Option<usize>> {
    let places: HashMap<&str, usize> = nodes.iter().enumerate().map(|(at, node)| (node.id, at)).collect();
    let mut parents: Vec<Option<usize>> = nodes
        .iter()
        .map(|node| places.get(node.named?).copied().filter(|parent| nodes[*parent].group))
        .collect();
    cut_circles(nodes, &mut parents);
    limit_depth(&mut parents);
    parents
}

/// Takes the smallest id of each circle out of it.
fn cut_circles(nodes: &[Node<'_>], parents: &mut [Option<usize>]) {
    let mut seen = vec![Seen::Not; nodes.len()];
    for start in 0..nodes.len() {
        let mut next = Some(start);
        while let Some(at) = next.filter(|at| seen[*at] == Seen::Not) {
            seen[at] = Seen::From(start);
            next = parents[at];
        }
        // Back at an object of this same way: a circle.
        let Some(first) = next.filter(|at| seen[*at] == Seen::From(start)) else {
            continue;
        };
        let mut smallest = first;
        let mut at = parents[first];
        while let Some(other) = at.filter(|at| *at != first) {
            if nodes[other].id < nodes[smallest].id {
                smallest = other;
            }
            at = parents[other];
        }
        parents[smallest] = None;
    }
}

/// Takes what is too deep out of its group, from the top down.
fn limit_depth(parents: &mut [Option<usize>]) {
    let mut depths: Vec<Option<usize>> = vec![None; parents.len()];
    for start in 0..parents.len() {
        let mut way = Vec::new();
        let mut next = Some(start);
        while let Some(at) = next.filter(|at| depths[*at].is_none()) {
            way.push(at);
            next = parents[at];
        }
        for at in way.into_iter().rev() {
            let depth = parents[at].and_then(|parent| depths[parent]).map_or(0, |depth| depth + 1);
            if depth > schema::MAX_DEPTH {
                parents[at] = None;
                depths[at] = Some(0);
            } else {
                depths[at] = Some(depth);
            }
        }
    }
}
