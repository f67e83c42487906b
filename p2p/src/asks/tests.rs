use super::*;
use std::time::Duration;

type Outcome = oneshot::Receiver<Result<Vec<u8>, Error>>;

fn ask(number: u8, deadline: Instant) -> (Ask, Outcome) {
    let (reply, outcome) = oneshot::channel();
    (Ask { request: vec![number], reply, deadline }, outcome)
}

#[test]
fn asks_are_bounded_peer_by_peer() {
    let (alice, bob) = (PeerId::random(), PeerId::random());
    let mut asks = Asks::new(2);
    let mut outcomes = Vec::new();
    for peer in [alice, alice, alice, bob] {
        let (ask, outcome) = ask(0, Instant::now());
        asks.add(peer, ask);
        outcomes.push(outcome);
    }
    assert!(matches!(outcomes[2].try_recv(), Ok(Err(Error::Busy))));
    for place in [0, 1, 3] {
        assert!(outcomes[place].try_recv().is_err(), "{place}");
    }
    assert_eq!(asks.ready().len(), 2);
}

#[test]
fn asks_leave_in_order_and_not_when_nobody_waits_for_them() {
    let alice = PeerId::random();
    let mut asks = Asks::new(8);
    let mut outcomes: Vec<_> = (0..4)
        .map(|number| {
            let (ask, outcome) = ask(number, Instant::now());
            asks.add(alice, ask);
            outcome
        })
        .collect();
    drop(outcomes.remove(1));
    let left: Vec<_> = std::iter::from_fn(|| asks.next(&alice)).map(|ask| ask.request).collect();
    assert_eq!(left, [[0], [2], [3]]);
    assert!(!asks.is_ready(&alice));
}

#[test]
fn what_waits_gives_up_at_its_deadline_or_with_the_connection() {
    let start = Instant::now();
    let alice = PeerId::random();
    let mut asks = Asks::new(8);
    let (early, mut first) = ask(0, start + Duration::from_secs(1));
    let (late, mut second) = ask(1, start + Duration::from_secs(2));
    asks.add(alice, early);
    asks.add(alice, late);
    asks.expire(start);
    assert!(first.try_recv().is_err());
    asks.expire(start + Duration::from_secs(1));
    assert!(matches!(first.try_recv(), Ok(Err(Error::NoAnswer { peer })) if peer == alice));
    assert!(second.try_recv().is_err());
    asks.disconnected(&alice);
    assert!(matches!(second.try_recv(), Ok(Err(Error::Disconnected { peer })) if peer == alice));
    assert!(asks.peers.is_empty());
}
