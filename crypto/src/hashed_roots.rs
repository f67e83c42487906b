//! Hashes of signing roots, kept from signing until combining.

use crate::group::HashedRoot;
use crate::spec::Root;
use std::collections::{HashMap, VecDeque};

/// A bounded memory of [`HashedRoot`]s; the oldest goes when it is full. About 300 bytes an entry.
#[derive(Debug, Clone)]
pub struct HashedRoots {
    capacity: usize,
    by_root: HashMap<Root, HashedRoot>,
    oldest_first: VecDeque<Root>,
}

impl HashedRoots {
    /// An empty memory for at most `capacity` roots.
    pub fn new(capacity: usize) -> Self {
        Self { capacity, by_root: HashMap::new(), oldest_first: VecDeque::new() }
    }

    /// The hash of `root`, computed when it is not remembered.
    pub fn get(&self, root: Root) -> HashedRoot {
        self.by_root.get(&root).copied().unwrap_or_else(|| HashedRoot::new(root))
    }

    /// The hash of `root`, remembered from now on.
    pub fn remember(&mut self, root: Root) -> HashedRoot {
        if let Some(known) = self.by_root.get(&root) {
            return *known;
        }
        let hash = HashedRoot::new(root);
        if self.capacity > 0 {
            if self.oldest_first.len() >= self.capacity
                && let Some(oldest) = self.oldest_first.pop_front()
            {
                self.by_root.remove(&oldest);
            }
            self.by_root.insert(root, hash);
            self.oldest_first.push_back(root);
        }
        hash
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forgets_the_oldest_and_answers_the_same_either_way() {
        let mut roots = HashedRoots::new(2);
        let known: Vec<_> = (0..3u8).map(|i| roots.remember(Root([i; 32]))).collect();
        assert_eq!(roots.by_root.len(), 2);
        assert!(!roots.by_root.contains_key(&Root([0; 32])));
        for (i, hash) in (0..3u8).zip(known) {
            assert_eq!(roots.get(Root([i; 32])), hash);
        }
        assert_eq!(HashedRoots::new(0).remember(Root([7; 32])), HashedRoot::new(Root([7; 32])));
    }
}
