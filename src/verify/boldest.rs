//! Looking for the largest set of passes that holds, by asking about sets.

use std::collections::BTreeSet;

/// What is known of the sets that were asked about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History {
    held: Vec<BTreeSet<usize>>,
    failed: Vec<BTreeSet<usize>>,
}

/// What to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Try this set.
    Ask(BTreeSet<usize>),
    /// This set holds, and none that holds has more.
    Found(BTreeSet<usize>),
}

impl History {
    /// Notes what came of a set.
    pub fn note(&mut self, set: BTreeSet<usize>, holds: bool) {
        if holds { self.held.push(set) } else { self.failed.push(set) }
    }

    fn known(&self, set: &BTreeSet<usize>) -> Option<bool> {
        // Nothing changed is what was there before.
        if set.is_empty() || self.held.contains(set) {
            return Some(true);
        }
        self.failed.contains(set).then_some(false)
    }

    /// The largest set that is known to hold.
    pub fn best(&self) -> BTreeSet<usize> {
        self.held.iter().max_by_key(|set| set.len()).cloned().unwrap_or_default()
    }
}

/// What to ask next about the passes `0..passes`, or what was found.
///
/// The passes are taken in from the first to the last, by halves: a block that does not hold together with what
/// holds already is cut in two, and a single pass that does not is to blame. With `b` passes to blame of `n` that
/// takes about `2 b log n` questions. Where each failure has one pass to blame, the set that is found is the largest.
pub fn next(passes: usize, history: &History) -> Next {
    let mut holding = BTreeSet::new();
    let mut blocks: Vec<Vec<usize>> = vec![(0..passes).collect()];
    while let Some(block) = blocks.pop().filter(|block| !block.is_empty()) {
        let together: BTreeSet<usize> = holding.iter().chain(&block).copied().collect();
        match history.known(&together) {
            None => return Next::Ask(together),
            Some(true) => holding = together,
            Some(false) if block.len() == 1 => {}
            Some(false) => {
                let (first, second) = block.split_at(block.len() / 2);
                blocks.extend([second.to_vec(), first.to_vec()]);
            }
        }
    }
    Next::Found(holding)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Searches with an oracle that knows, and returns what is found and the questions that it took.
    fn search(passes: usize, holds: impl Fn(&BTreeSet<usize>) -> bool) -> (BTreeSet<usize>, History, usize) {
        let (mut history, mut asked) = (History::default(), 0);
        loop {
            match next(passes, &history) {
                Next::Found(set) => return (set, history, asked),
                Next::Ask(set) => {
                    asked += 1;
                    let answer = holds(&set);
                    history.note(set, answer);
                }
            }
        }
    }

    proptest! {
        #[test]
        fn finds_all_but_those_to_blame(passes in 0usize..24, blamed in prop::collection::btree_set(0usize..24, 0..6)) {
            let (found, _, asked) = search(passes, |set| set.is_disjoint(&blamed));
            let expected: BTreeSet<usize> = (0..passes).filter(|pass| !blamed.contains(pass)).collect();
            prop_assert_eq!(found, expected);
            let most = 1 + 2 * blamed.len() * (1 + passes.max(1).ilog2() as usize + 1);
            prop_assert!(asked <= most, "{} questions, {} expected", asked, most);
        }

        #[test]
        fn what_is_found_was_asked_about(passes in 1usize..10, seed in any::<u64>()) {
            let holds = |set: &BTreeSet<usize>| {
                let mixed = set.iter().fold(seed, |mixed, pass| mixed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(*pass as u64 + 1));
                mixed >> 63 == 0
            };
            let (found, history, _) = search(passes, holds);
            prop_assert!(found.is_empty() || history.held.contains(&found));
            prop_assert!(found.is_empty() || holds(&found));
        }

        #[test]
        fn what_is_known_so_far_always_holds(passes in 1usize..12, blamed in prop::collection::btree_set(0usize..12, 0..4), budget in 0usize..6) {
            let mut history = History::default();
            for _ in 0..budget {
                let Next::Ask(set) = next(passes, &history) else { break };
                let answer = set.is_disjoint(&blamed);
                history.note(set, answer);
            }
            prop_assert!(history.best().is_disjoint(&blamed));
        }
    }
}
