use super::*;

fn links(peers: &[PeerId], start: Instant) -> Links {
    let address: Multiaddr = "/ip4/127.0.0.1/tcp/1".parse().unwrap();
    let peers = peers.iter().map(|peer_id| Peer { peer_id: *peer_id, addresses: vec![address.clone()] });
    Links::new(peers.collect(), &Limits::default(), start)
}

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[test]
fn the_wait_doubles_up_to_its_bound_and_never_ends() {
    let delay = |failures| redial_delay(Duration::from_millis(500), secs(30), failures, 1.0);
    assert_eq!(
        [0, 1, 2, 5, 6, 7].map(delay),
        [500, 1000, 2000, 16_000, 30_000, 30_000].map(Duration::from_millis)
    );
    assert_eq!(delay(u32::MAX), secs(30));
    assert_eq!(redial_delay(Duration::from_millis(500), secs(30), 6, 0.0), secs(15));
}

#[test]
fn a_peer_is_dialled_once_at_a_time_and_again_after_the_wait() {
    let start = Instant::now();
    let alice = PeerId::random();
    let mut links = links(&[alice], start);
    assert_eq!(links.due(start).len(), 1);
    assert!(links.due(start + secs(60)).is_empty(), "still being dialled");
    links.dial_failed(&alice, start, 1.0);
    assert!(links.due(start + Duration::from_millis(499)).is_empty());
    assert_eq!(links.due(start + Duration::from_millis(500)).len(), 1);
}

#[test]
fn a_failed_dial_does_not_undo_a_connection_the_other_way() {
    let start = Instant::now();
    let alice = PeerId::random();
    let mut links = links(&[alice], start);
    links.due(start);
    assert!(!links.established(&alice, start));
    links.dial_failed(&alice, start, 1.0);
    assert!(links.due(start + secs(3600)).is_empty());
    assert!(links.subscribed(&alice));
    assert!(!links.subscribed(&alice), "told once");
}

#[test]
fn a_link_that_never_stood_long_keeps_its_wait_growing() {
    let start = Instant::now();
    let alice = PeerId::random();
    let mut links = links(&[alice], start);
    let flap = |links: &mut Links, at: Instant, stood: Duration| {
        links.due(at);
        links.established(&alice, at);
        links.subscribed(&alice);
        assert!(links.closed(&alice, at + stood, 1.0));
        let wait = (0..400).map(|step| Duration::from_millis(100 * step));
        wait.into_iter().find(|wait| !links.due(at + stood + *wait).is_empty()).unwrap()
    };
    let waits: Vec<_> =
        (0..3).map(|n| flap(&mut links, start + secs(100 * n), secs(1)).as_millis()).collect();
    assert_eq!(waits, [500, 1000, 2000]);
    assert_eq!(flap(&mut links, start + secs(1000), secs(20)).as_millis(), 500);
}

#[test]
fn a_second_connection_counts_as_a_restart_only_when_the_first_is_old() {
    let start = Instant::now();
    let alice = PeerId::random();
    let mut links = links(&[alice], start);
    assert!(!links.established(&alice, start));
    assert!(!links.established(&alice, start + secs(1)));
    assert!(links.established(&alice, start + secs(5)));
}

#[test]
fn a_connected_peer_has_ten_seconds_to_subscribe() {
    let start = Instant::now();
    let (alice, bob) = (PeerId::random(), PeerId::random());
    let mut links = links(&[alice, bob], start);
    links.established(&alice, start);
    links.established(&bob, start);
    links.subscribed(&bob);
    assert!(links.unsubscribed(start + secs(9)).is_empty());
    assert_eq!(links.unsubscribed(start + secs(10)), [alice]);
}

#[test]
fn penalties_are_bounded_and_forgiven() {
    let alice = PeerId::random();
    let mut links = links(&[alice], Instant::now());
    let owed: Vec<_> = (0..4).filter_map(|_| links.penalise(&alice)).collect();
    assert_eq!(owed, [25.0, 50.0, 75.0, 100.0]);
    for _ in 0..1000 {
        links.penalise(&alice);
    }
    // Two half-lives after the worst, the peer is back at the edge of the graylist.
    let left = links.forgive(secs(120));
    assert!((left[0].1 - 100.0).abs() < 1e-9);
    for _ in 0..20 {
        links.forgive(secs(60));
    }
    assert!(links.forgive(secs(60)).is_empty(), "nothing owed, nothing told");
    assert_eq!(links.penalise(&PeerId::random()), None);
}

#[test]
fn strangers_have_no_rates() {
    let start = Instant::now();
    let stranger = PeerId::random();
    let mut links = links(&[PeerId::random()], start);
    assert!(!links.may_relay(&stranger, start));
    assert!(!links.may_author(&stranger, start));
    assert!(!links.may_catch_up(&stranger, start));
    assert!(!links.established(&stranger, start) && !links.subscribed(&stranger));
}

#[test]
fn guests_come_and_go_and_members_stay() {
    let start = Instant::now();
    let [member, early, late] = [(); 3].map(|()| PeerId::random());
    let address: Multiaddr = "/ip4/127.0.0.1/tcp/1".parse().unwrap();
    let guest = |peer_id| Peer { peer_id, addresses: vec![address.clone()] };
    let mut links = links(&[member], start);
    links.due(start);

    let changes = links.admit(vec![guest(early), guest(member)], start);
    assert_eq!(changes, Changes { admitted: vec![early], dismissed: vec![] });
    assert!(links.is_guest(&early) && !links.is_guest(&member));
    assert_eq!(
        links.due(start),
        [(early, vec![address.clone()])],
        "dialled at once, and the member not again"
    );

    let changes = links.admit(vec![guest(late), guest(early)], start);
    assert_eq!(changes, Changes { admitted: vec![late], dismissed: vec![] });
    let changes = links.admit(vec![guest(late)], start);
    assert_eq!(changes, Changes { admitted: vec![], dismissed: vec![early] });
    assert!(!links.is_known(&early) && links.is_known(&member));
    assert_eq!(links.len(), 2);
}

#[test]
fn a_guest_need_not_subscribe_and_owes_nothing() {
    let start = Instant::now();
    let alice = PeerId::random();
    let mut links = links(&[], start);
    links.admit(vec![Peer { peer_id: alice, addresses: vec![] }], start);
    assert!(!links.established(&alice, start));
    assert_eq!(links.guests_connected(), 1);
    assert!(links.unsubscribed(start + secs(3600)).is_empty());
    assert_eq!(links.penalise(&alice), None);
    assert!(!links.closed(&alice, start + secs(3600), 1.0), "nobody was told that it came");
    assert_eq!(links.guests_connected(), 0);
}

/// Our own pace stays within what we allow others, so that two guardians with the same limits never decline.
#[test]
fn asks_have_rates_both_ways() {
    let start = Instant::now();
    let alice = PeerId::random();
    let mut links = links(&[alice], start);
    let sent = (0..1000).filter(|_| links.may_send_ask(&alice, start)).count();
    let taken = (0..1000).filter(|_| links.may_be_asked(&alice, start)).count();
    assert_eq!((sent, taken), (64, 128));
    let sent = (0..1000).filter(|_| links.may_send_ask(&alice, start + secs(1))).count();
    let taken = (0..1000).filter(|_| links.may_be_asked(&alice, start + secs(1))).count();
    assert_eq!((sent, taken), (64, 64));
    assert!(!links.may_send_ask(&PeerId::random(), start) && !links.may_be_asked(&PeerId::random(), start));
}
