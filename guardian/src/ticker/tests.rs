use super::{SlotClock, Tick};
use crypto::spec::Slot;
use std::time::Duration;

const GENESIS: u64 = 1_700_000_000;

fn clock() -> SlotClock {
    SlotClock { genesis: Duration::from_secs(GENESIS), slot: Duration::from_secs(12) }
}

fn at(seconds: u64) -> Duration {
    Duration::from_secs(GENESIS + seconds)
}

#[test]
fn before_genesis_nothing_starts_and_waits_are_bounded() {
    let hour_before = Duration::from_secs(GENESIS - 3600);
    assert_eq!(clock().slot_at(hour_before), None);
    assert_eq!(clock().tick(hour_before, None), Tick::Wait(super::LONGEST_WAIT));
    let just_before = Duration::from_millis(GENESIS * 1000 - 500);
    assert_eq!(clock().tick(just_before, None), Tick::Wait(Duration::from_millis(500)));
}

#[test]
fn the_first_slot_reported_is_the_one_that_is_now() {
    assert_eq!(clock().tick(at(0), None), Tick::Started(Slot(0)));
    assert_eq!(clock().tick(at(12 * 1000 + 11), None), Tick::Started(Slot(1000)));
}

#[test]
fn a_slot_is_reported_once_and_the_wait_ends_at_the_next() {
    assert_eq!(clock().tick(at(25), Some(Slot(1))), Tick::Started(Slot(2)));
    assert_eq!(clock().tick(at(33), Some(Slot(2))), Tick::Wait(Duration::from_secs(3)));
    assert_eq!(clock().tick(at(36), Some(Slot(2))), Tick::Started(Slot(3)));
}

#[test]
fn missed_slots_are_skipped() {
    assert_eq!(clock().tick(at(12 * 50), Some(Slot(2))), Tick::Started(Slot(50)));
}

#[test]
fn a_clock_set_back_is_waited_out_in_bounded_steps() {
    assert_eq!(clock().tick(at(12 * 3), Some(Slot(50))), Tick::Wait(super::LONGEST_WAIT));
    let before_genesis = Duration::from_secs(GENESIS - 10);
    assert_eq!(clock().tick(before_genesis, Some(Slot(50))), Tick::Wait(super::LONGEST_WAIT));
    assert_eq!(clock().tick(at(12 * 51), Some(Slot(50))), Tick::Started(Slot(51)));
}

#[test]
fn a_wait_is_never_zero() {
    let almost = at(12) - Duration::from_nanos(1);
    assert_eq!(clock().tick(almost, Some(Slot(0))), Tick::Wait(super::SHORTEST_WAIT));
}

#[tokio::test]
async fn the_running_ticker_ascends_and_ends_with_the_inbox() {
    let clock = SlotClock { genesis: super::now() - Duration::from_secs(10), slot: Duration::from_secs(1) };
    let (inbox, mut events) = tokio::sync::mpsc::channel(1);
    let task = tokio::spawn(super::run(clock, inbox));
    let mut last = None;
    for _ in 0..2 {
        let guardian_core::Event::SlotStarted(slot) = events.recv().await.expect("the ticker runs") else {
            panic!("the ticker reports slots only");
        };
        assert!(Some(slot) > last, "{slot} after {last:?}");
        last = Some(slot);
    }
    drop(events);
    task.await.expect("the ticker ends when nobody listens");
}
