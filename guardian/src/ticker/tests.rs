use chain_watcher::SlotClock;
use chain_watcher::slot_clock::unix_now;
use guardian_core::Event;
use std::num::NonZeroU64;

#[tokio::test]
async fn slots_ascend_and_the_ticker_ends_with_the_inbox() {
    let clock = SlotClock::new(unix_now().as_secs() - 10, NonZeroU64::MIN);
    let (inbox, mut arrivals) = tokio::sync::mpsc::channel(1);
    let task = tokio::spawn(super::run(clock, inbox));
    let mut last = None;
    for _ in 0..2 {
        let Event::SlotStarted(slot) = arrivals.recv().await.expect("the ticker runs").event else {
            panic!("the ticker reports slots only");
        };
        assert!(slot.0 >= 10 && Some(slot) > last, "{slot} after {last:?}");
        last = Some(slot);
    }
    drop(arrivals);
    task.await.expect("the ticker ends when nobody listens");
}

#[tokio::test]
async fn before_genesis_nothing_is_reported() {
    let clock = SlotClock::new(unix_now().as_secs() + 3600, NonZeroU64::MIN);
    let (inbox, mut arrivals) = tokio::sync::mpsc::channel(1);
    let task = tokio::spawn(super::run(clock, inbox));
    let nothing = tokio::time::timeout(std::time::Duration::from_millis(50), arrivals.recv()).await;
    assert!(nothing.is_err());
    drop(arrivals);
    task.await.expect("the ticker ends though no slot ever began");
}
