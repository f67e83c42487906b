use super::*;

fn clock() -> SlotClock {
    SlotClock::new(1000, NonZeroU64::new(12).unwrap())
}

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

#[test]
fn slots_begin_where_they_should() {
    assert_eq!(clock().slot_at(ms(999_999)), None);
    assert_eq!(clock().slot_at(ms(1_000_000)), Some(Slot(0)));
    assert_eq!(clock().slot_at(ms(1_011_999)), Some(Slot(0)));
    assert_eq!(clock().slot_at(ms(1_012_000)), Some(Slot(1)));
    assert_eq!(clock().start_of(Slot(3)), Duration::from_secs(1036));
    assert_eq!(clock().slot_at(clock().start_of(Slot(77))), Some(Slot(77)));
}

#[test]
fn the_next_slot_is_never_now() {
    assert_eq!(clock().until_next(ms(990_000)), ms(10_000));
    assert_eq!(clock().until_next(ms(1_000_000)), ms(12_000));
    assert_eq!(clock().until_next(ms(1_011_999)), ms(1));
}

#[test]
fn absurd_slots_do_not_overflow() {
    let end = clock().start_of(Slot(u64::MAX));
    assert_eq!(end, Duration::from_secs(u64::MAX));
    assert!(clock().slot_at(end).is_some());
}

/// A ticker whose Unix time is Tokio's, `start` at the call.
fn ticker(start: Duration) -> SlotTicker {
    let began = tokio::time::Instant::now();
    SlotTicker::with_time(clock(), Box::new(move || start + began.elapsed()))
}

#[tokio::test(start_paused = true)]
async fn each_slot_is_reported_once_and_on_time() {
    let began = tokio::time::Instant::now();
    let mut ticker = ticker(ms(1_006_000));
    assert_eq!(ticker.next().await, Slot(0));
    assert_eq!(began.elapsed(), ms(0));
    assert_eq!(ticker.next().await, Slot(1));
    assert_eq!(began.elapsed(), ms(6_000));
    assert_eq!(ticker.next().await, Slot(2));
    assert_eq!(began.elapsed(), ms(18_000));
}

#[tokio::test(start_paused = true)]
async fn slots_missed_while_busy_are_skipped() {
    let mut ticker = ticker(ms(1_000_000));
    assert_eq!(ticker.next().await, Slot(0));
    tokio::time::advance(ms(61_000)).await;
    assert_eq!(ticker.next().await, Slot(5));
    assert_eq!(ticker.next().await, Slot(6));
}

#[tokio::test(start_paused = true)]
async fn before_genesis_it_waits() {
    let began = tokio::time::Instant::now();
    let mut ticker = ticker(ms(700_000));
    assert_eq!(ticker.next().await, Slot(0));
    assert_eq!(began.elapsed(), ms(300_000));
}

#[tokio::test(start_paused = true)]
async fn an_abandoned_wait_loses_nothing() {
    let mut ticker = ticker(ms(1_000_000));
    assert_eq!(ticker.next().await, Slot(0));
    assert!(tokio::time::timeout(ms(5_000), ticker.next()).await.is_err());
    assert_eq!(ticker.next().await, Slot(1));
}
