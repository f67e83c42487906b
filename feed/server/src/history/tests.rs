use super::*;
use crate::world::{NOW, World, operator, pubkey};
use crypto::spec::Slot;
use std::sync::Arc;

fn snapshot(world: &World, slot: Slot) -> Snapshot {
    Snapshot::new(Arc::new(world.status(slot)), Arc::new(world.definition.clone()))
}

#[test]
fn epochs_are_taken_in_once_and_samples_are_bounded() {
    let world = World::new(60);
    let mut history = History::default();
    assert!(history.learn(&snapshot(&world, NOW)));
    assert!(!history.learn(&snapshot(&world, NOW.saturating_add(1))), "the same epoch");
    for epoch in 1..200 {
        assert!(history.learn(&snapshot(&world, NOW.saturating_add(epoch * 32))));
    }
    let active =
        (0..60).map(pubkey).filter(|pubkey| history.validator(pubkey).unwrap().liveness().count() > 0);
    assert!(active.count() > 40);
    let past = history.validator(&pubkey(1)).unwrap();
    let balances: Vec<_> = past.balances().collect();
    assert!((6..=8).contains(&balances.len()), "{}", balances.len());
    assert!(balances.is_sorted_by_key(|(epoch, _)| *epoch));
    let tickets = history.tickets(&operator(0)).count();
    assert!((22..=24).contains(&tickets), "{tickets}");
    let bytes = borsh::to_vec(&history).unwrap();
    assert_eq!(borsh::from_slice::<History>(&bytes).unwrap(), history);
}

#[test]
fn who_is_guarded_no_more_is_forgotten() {
    let (large, small) = (World::new(60), World::new(20));
    let mut history = History::default();
    history.learn(&snapshot(&large, NOW));
    assert!(history.validator(&pubkey(50)).is_some());
    history.learn(&snapshot(&small, NOW.saturating_add(32)));
    assert!(history.validator(&pubkey(50)).is_none());
    assert!(history.validator(&pubkey(5)).is_some());
}
