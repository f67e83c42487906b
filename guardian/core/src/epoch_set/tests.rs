use super::*;
use proptest::prelude::*;
use std::collections::BTreeSet;

fn set(epochs: impl IntoIterator<Item = u64>) -> EpochSet {
    let mut set = EpochSet::default();
    epochs.into_iter().for_each(|epoch| set.insert(Epoch(epoch)));
    set
}

fn run(first: u64, last: u64) -> Run {
    Run { first: Epoch(first), last: Epoch(last) }
}

#[test]
fn neighbours_become_one_run() {
    assert_eq!(set([5, 7, 6]).runs().collect::<Vec<_>>(), [run(5, 7)]);
    assert_eq!(set([1, 2, 9]).runs().collect::<Vec<_>>(), [run(1, 2), run(9, 9)]);
    assert_eq!(set([u64::MAX, u64::MAX - 1]).last(), Some(Epoch(u64::MAX)));
}

#[test]
fn taking_one_out_splits_a_run() {
    let mut set = set(3..=7);
    set.remove(Epoch(5));
    assert_eq!(set.runs().collect::<Vec<_>>(), [run(3, 4), run(6, 7)]);
    set.remove(Epoch(3));
    set.remove(Epoch(7));
    assert_eq!(set.runs().collect::<Vec<_>>(), [run(4, 4), run(6, 6)]);
    set.remove(Epoch(100));
    assert_eq!(set.last(), Some(Epoch(6)));
}

#[test]
fn the_oldest_run_is_forgotten() {
    let set = set((0..100).map(|n| n * 2));
    assert_eq!(set.runs().count(), MAX_RUNS);
    assert_eq!(set.last(), Some(Epoch(198)));
    assert!(!set.contains(Epoch(70)) && set.contains(Epoch(72)));
}

#[test]
fn gaps_are_what_is_not_in_it() {
    let set = set([3, 4, 8]);
    assert_eq!(set.gaps_in(run(1, 10)), [run(1, 2), run(5, 7), run(9, 10)]);
    assert_eq!(set.gaps_in(run(3, 4)), []);
    assert_eq!(set.gaps_in(run(4, 8)), [run(5, 7)]);
    assert_eq!(set.gaps_in(run(20, 30)), [run(20, 30)]);
}

proptest! {
    /// Against the set of single epochs.
    #[test]
    fn behaves_like_a_set(steps in prop::collection::vec((any::<bool>(), 0u64..60), 0..120)) {
        let (mut runs, mut model) = (EpochSet::default(), BTreeSet::new());
        for (is_insert, epoch) in steps {
            if is_insert {
                runs.insert(Epoch(epoch));
                model.insert(epoch);
            } else {
                runs.remove(Epoch(epoch));
                model.remove(&epoch);
            }
        }
        for epoch in 0..60 {
            prop_assert_eq!(runs.contains(Epoch(epoch)), model.contains(&epoch));
        }
        prop_assert_eq!(runs.last().map(|e| e.0), model.last().copied());
        for first in 0..20 {
            let last = first + 7;
            prop_assert_eq!(runs.meets(Epoch(first), Epoch(last)), (first..=last).any(|e| model.contains(&e)));
            let gaps: Vec<u64> = runs.gaps_in(run(first, last)).iter().flat_map(|g| g.first.0..=g.last.0).collect();
            prop_assert_eq!(gaps, (first..=last).filter(|e| !model.contains(e)).collect::<Vec<_>>());
        }
        let all: Vec<_> = runs.runs().collect();
        prop_assert!(all.windows(2).all(|pair| pair[0].last.0 + 1 < pair[1].first.0));
    }
}
