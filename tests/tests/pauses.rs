//! Stories of pauses that race with releases, on virtual slots.

#![allow(clippy::panic, reason = "a test may fail")]

use crypto::spec::Slot;
use guardian_core::emergency::Severity;
use guardian_core::guardian_set::GuardianIndex;
use guardian_core::pause::PauseScope;
use guardian_core::status::Hold;
use std::sync::atomic::{AtomicU64, Ordering};
use tests::simulator::campaign::Campaign;
use tests::simulator::deed::{Asked, Deed};
use tests::simulator::story::Story;
use tests::simulator::world::World;

const BINARY: &str = "pauses";

/// Everybody wants two validators to leave; the emergency is certified in slot 30 or soon after.
fn wanted(seed: u64) -> Story {
    let mut story = Story::crowd(seed, 6);
    story.weather.delay = 1 + seed % 7;
    story.horizon = Slot(300);
    let deed = Deed::Propose {
        label: "wanted".to_owned(),
        validators: vec![1, 2],
        severity: Severity::Normal,
        lifetime: 250,
    };
    story.asks = vec![Asked::new(22, 1, deed)];
    story.asks.extend(Asked::by_all(24, 2..=4, &Deed::Approve("wanted".to_owned())));
    story
}

fn released(world: &World, numbers: std::ops::RangeInclusive<u16>) -> Vec<usize> {
    numbers.map(|number| world.witness.released_by(GuardianIndex(number))).collect()
}

fn until(world: &mut World, slot: u64) {
    assert!(world.run_until(|world| world.chain().slot() >= Slot(slot)), "over before slot {slot}");
}

/// Pauses in the very slot of the certification: at one guardian the others go on, at n - t + 1 or all nothing leaves that
/// was not released before; after the end of the pauses everything leaves.
#[test]
fn a_pause_races_with_the_release() {
    let campaign = Campaign { binary: BINARY, test: "a_pause_races_with_the_release", seeds: 240 };
    let (stopped, went) = (AtomicU64::new(0), AtomicU64::new(0));
    campaign.run(|seed| {
        let mut story = wanted(seed);
        let paused = [1, 2, 4][usize::try_from(seed % 3).unwrap_or(0)];
        let at = 29 + seed / 3 % 4;
        story.asks.extend(Asked::by_all(at, 1..=paused, &Deed::Pause(PauseScope::Local)));
        story.asks.extend(Asked::by_all(120, 1..=paused, &Deed::Resume(PauseScope::Local)));
        let mut world = World::new(story);
        until(&mut world, at + 1);
        let before = released(&world, 1..=paused);
        until(&mut world, 119);
        assert_eq!(released(&world, 1..=paused), before, "released while paused");
        // Who paused too late had released at least one of the two.
        let in_time = before.iter().filter(|number| **number == 0).count();
        if in_time >= 2 {
            assert_eq!(world.left(), Vec::<usize>::new(), "{in_time} paused in time");
            stopped.fetch_add(1, Ordering::Relaxed);
        }
        if paused == 1 {
            assert_eq!(world.left(), [1, 2], "three went on");
            went.fetch_add(1, Ordering::Relaxed);
        }
        assert!(world.run_until(|world| world.have_left([1, 2])), "resumed, but {:?} left", world.left());
        world.check_journals();
        world
    });
    let (stopped, went) = (stopped.into_inner(), went.into_inner());
    assert!(went < 80 || stopped > 20, "{stopped} stopped, {went} went on");
}

/// Three wish the network paused: the fourth, who does not, stops too, and goes on when one of them has changed its mind;
/// the exits leave when a third guardian goes on.
#[test]
fn what_t_wish_stops_who_does_not() {
    let campaign = Campaign { binary: BINARY, test: "what_t_wish_stops_who_does_not", seeds: 60 };
    let seen = campaign.run(|seed| {
        let mut story = wanted(seed);
        story.weather.loss = 0.1;
        story.asks.extend(Asked::by_all(8, 1..=3, &Deed::Pause(PauseScope::Network)));
        story.asks.push(Asked::new(80, 1, Deed::Resume(PauseScope::Network)));
        story.asks.push(Asked::new(140, 2, Deed::Resume(PauseScope::Network)));
        let mut world = World::new(story);
        until(&mut world, 80);
        assert_eq!(released(&world, 1..=4), [0; 4], "released while the network is paused");
        until(&mut world, 140);
        assert_eq!(released(&world, 2..=3), [0; 2], "released while it wishes a pause");
        assert_eq!(released(&world, 4..=4), [2], "goes on");
        assert_eq!(world.left(), Vec::<usize>::new(), "two are not enough");
        assert!(world.run_until(|world| world.have_left([1, 2])), "resumed, but {:?} left", world.left());
        assert_eq!(released(&world, 3..=3), [0], "goes on wishing a pause");
        world.check_journals();
        world
    });
    if let Some(seen) = seen {
        assert!(seen.holds.contains(&Hold::Paused) && seen.holds.contains(&Hold::NetworkPaused));
    }
}

/// Two wishes of four are no pause of the network.
#[test]
fn what_fewer_than_t_wish_stops_only_them() {
    let mut story = wanted(3);
    story.asks.push(Asked::new(8, 1, Deed::Pause(PauseScope::Network)));
    let mut world = World::new(story);
    assert!(world.run_until(|world| world.have_left([1, 2])));
    assert_eq!(released(&world, 1..=4), [0, 2, 2, 2]);
}
