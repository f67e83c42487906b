use super::*;
use crate::world::{NOW, World};
use std::sync::Arc;

#[test]
fn stale_three_slots_after_the_slot_it_is_of() {
    let world = World::new(1);
    let snapshot = Snapshot::new(Arc::new(world.status(NOW)), Arc::new(world.definition));
    let as_of = 1_606_824_023 + NOW.0 * 12;
    let at = |now| Freshness::aged(Some(&snapshot), RoleName::Guardian, now, Duration::ZERO);
    assert_eq!(at(as_of).as_of, Some(as_of));
    assert_eq!(at(as_of).stale_after, Some(as_of + 36));
    assert!(!at(as_of + 36).stale);
    assert!(at(as_of + 37).stale);
}

#[test]
fn without_a_snapshot_everything_is_stale() {
    let freshness = Freshness::of(None, RoleName::Mirror, 0);
    assert!(freshness.stale);
    assert_eq!(freshness.slot, None);
}

#[test]
fn a_clock_that_is_wrong_hides_nothing() {
    let world = World::new(1);
    let snapshot = Snapshot::new(Arc::new(world.status(NOW)), Arc::new(world.definition));
    let as_of = 1_606_824_023 + NOW.0 * 12;
    let stale =
        |now, age| Freshness::aged(Some(&snapshot), RoleName::Guardian, now, Duration::from_secs(age)).stale;
    assert!(!stale(as_of - 12, 0));
    assert!(stale(as_of - 13, 0), "the clock is more than a slot behind");
    assert!(!stale(as_of, 36));
    assert!(stale(as_of, 37), "the clock stands still, the guardian does too");
}
