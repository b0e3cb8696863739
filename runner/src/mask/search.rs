//! Many words looked for at once, in time that grows with the text alone (Aho and Corasick, 1975).

/// A place in the tree of all beginnings of the words.
#[derive(Debug, Clone, Default)]
struct Node {
    /// The next places, by their byte, in order.
    next: Vec<(u8, u32)>,
    /// The place of the longest end of this beginning which is a beginning too.
    fail: u32,
    /// Bytes read to get here.
    depth: u32,
    /// Length of the longest word that ends here; 0: none.
    word: u32,
    /// Length of the longest word that goes on from here.
    goal: u32,
}

/// The words.
#[derive(Debug, Clone, Default)]
pub(super) struct Automaton {
    nodes: Vec<Node>,
}

impl Automaton {
    /// Adds a word; empty ones are left out.
    pub(super) fn add(&mut self, word: &[u8]) {
        if word.is_empty() {
            return;
        }
        if self.nodes.is_empty() {
            self.nodes.push(Node::default());
        }
        let length = u32::try_from(word.len()).unwrap_or(u32::MAX);
        let mut at = 0;
        for &byte in word {
            let node = &mut self.nodes[at];
            node.goal = node.goal.max(length);
            at = match node.next.binary_search_by_key(&byte, |(known, _)| *known) {
                Ok(found) => node.next[found].1 as usize,
                Err(place) => {
                    let depth = node.depth + 1;
                    let new = self.nodes.len();
                    self.nodes[at].next.insert(place, (byte, u32::try_from(new).unwrap_or(0)));
                    self.nodes.push(Node { depth, ..Node::default() });
                    new
                }
            };
        }
        let node = &mut self.nodes[at];
        node.word = length;
        node.goal = node.goal.max(length);
    }

    /// Connects the beginnings; called once, after the last word.
    pub(super) fn finish(&mut self) {
        if self.nodes.is_empty() {
            return;
        }
        let mut queue: std::collections::VecDeque<usize> = self.nodes[0].next.iter().map(|(_, at)| *at as usize).collect();
        while let Some(at) = queue.pop_front() {
            for (byte, child) in self.nodes[at].next.clone() {
                let fail = self.step(self.nodes[at].fail, byte);
                let inherited = self.nodes[fail as usize].word;
                let node = &mut self.nodes[child as usize];
                node.fail = fail;
                node.word = node.word.max(inherited);
                queue.push_back(child as usize);
            }
        }
    }

    /// The place after one more byte.
    #[inline]
    pub(super) fn step(&self, from: u32, byte: u8) -> u32 {
        let mut at = from;
        loop {
            let node = &self.nodes[at as usize];
            match node.next.as_slice() {
                // Most places have one way on.
                [(only, next)] if *only == byte => return *next,
                [_] | [] => {}
                several => {
                    if let Ok(found) = several.binary_search_by_key(&byte, |(known, _)| *known) {
                        return several[found].1;
                    }
                }
            }
            if at == 0 {
                return 0;
            }
            at = node.fail;
        }
    }

    /// Length of the longest word that ends at this place; 0: none.
    #[inline]
    pub(super) fn word(&self, at: u32) -> usize {
        self.nodes[at as usize].word as usize
    }

    /// How far the longest beginning has come at this place, and how long it may get.
    pub(super) fn begun(&self, at: u32) -> (usize, usize) {
        let mut node = &self.nodes[at as usize];
        // Of a word that is whole only what may go on is a beginning.
        while node.next.is_empty() && node.depth > 0 {
            node = &self.nodes[node.fail as usize];
        }
        (node.depth as usize, node.goal as usize)
    }

    /// Length of the longest word.
    pub(super) fn longest(&self) -> usize {
        self.nodes.first().map_or(0, |root| root.goal as usize)
    }

    /// Whether there are no words.
    pub(super) fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ends(words: &[Vec<u8>], text: &[u8]) -> Vec<usize> {
        let mut automaton = Automaton::default();
        words.iter().for_each(|word| automaton.add(word));
        automaton.finish();
        if automaton.is_empty() {
            return vec![0; text.len()];
        }
        let mut at = 0;
        let step = |byte: &u8| {
            at = automaton.step(at, *byte);
            automaton.word(at)
        };
        text.iter().map(step).collect()
    }

    proptest! {
        #[test]
        fn agt_9_every_word_is_found_where_it_ends_and_the_longest_first(
            words in prop::collection::vec(prop::collection::vec(0u8..3, 1..6), 0..6),
            text in prop::collection::vec(0u8..3, 0..60),
        ) {
            let plain: Vec<usize> = (1..=text.len())
                .map(|end| words.iter().filter(|word| text[..end].ends_with(word)).map(Vec::len).max().unwrap_or(0))
                .collect();
            prop_assert_eq!(ends(&words, &text), plain);
        }
    }
}
