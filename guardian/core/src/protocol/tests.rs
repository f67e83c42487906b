use super::*;
use crate::scene::{block, definition};

#[test]
fn recent_is_by_slots_but_never_less_than_a_minute() {
    let mut chain = definition().chain;
    assert!(is_recent(&chain, block(10), Slot(18), 8), "eight slots of twelve seconds");
    assert!(!is_recent(&chain, block(10), Slot(19), 8));
    assert!(is_recent(&chain, block(10), Slot(15), 2), "a minute");
    assert!(!is_recent(&chain, block(10), Slot(16), 2));
    chain.seconds_per_slot = std::num::NonZeroU64::MIN;
    let early = Block { timestamp: chain.genesis_time, ..block(0) };
    assert!(is_recent(&chain, early, Slot(60), 8));
    assert!(!is_recent(&chain, early, Slot(61), 8));
    assert!(
        is_recent(&chain, Block { timestamp: u64::MAX, ..early }, Slot(u64::MAX), u64::MAX),
        "absurd times"
    );
}

#[test]
fn accounts_nobody_asked_for_are_not_kept() {
    let mut protocol = Protocol::default();
    let info = NodeInfo::default();
    let strangers: Vec<_> = (0..=u8::MAX).map(|n| (Address([n; 20]), info)).collect();
    protocol.observe_heads(block(1), strangers);
    assert!(protocol.heads.is_empty());
}

#[test]
fn the_most_urgent_are_asked_for_first() {
    let mut protocol = Protocol::default();
    let assessment = |due: bool, floor: u64| Assessment {
        present: Balance(0),
        on_duty: 1,
        due: due.then_some(Epoch(1)),
        runway: Runway { warning: Some(0), floor: Some(floor), empty: None, exit_by: None },
        is_warned: true,
        duties: Vec::new(),
        since: Epoch(0),
    };
    let address = |n: u16| {
        let mut bytes = [0; 20];
        bytes[..2].copy_from_slice(&n.to_be_bytes());
        Address(bytes)
    };
    // The later the address, the sooner its tickets end; the very first is short already.
    let n = u16::try_from(MAX_AT_HEAD).unwrap() + 50;
    protocol.assessments =
        (0..n).map(|number| (address(number), assessment(number == 0, u64::from(n - number)))).collect();
    let asked = protocol.ask_at_head().unwrap();
    assert_eq!(asked.len(), MAX_AT_HEAD);
    assert!(asked.is_sorted() && asked[0] == address(0) && asked[1] == address(51));
    assert_eq!(protocol.ask_at_head(), None, "said once");
}
