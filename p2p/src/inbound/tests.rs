use super::*;

fn mailbox(capacity: usize) -> (Mailbox, mpsc::Receiver<Inbound>) {
    let (sender, receiver) = mpsc::channel(capacity);
    (Mailbox::new(sender, 1, Instant::now()), receiver)
}

fn message(peer: PeerId) -> Inbound {
    Inbound::Message { sender: peer, payload: vec![], envelope: vec![] }
}

#[test]
fn a_full_queue_drops_messages_but_keeps_changes() {
    let (mut mailbox, mut receiver) = mailbox(1);
    let (alice, bob) = (PeerId::random(), PeerId::random());
    assert!(mailbox.offer(message(alice)));
    assert!(!mailbox.offer(message(alice)));
    mailbox.change(alice, true);
    mailbox.change(bob, true);
    assert!(mailbox.is_waiting());

    assert!(matches!(receiver.try_recv(), Ok(Inbound::Message { .. })));
    assert!(!mailbox.offer(message(alice)), "no message overtakes a change");
    for peer in [alice, bob] {
        assert!(mailbox.send_change(mailbox.queue.clone().try_reserve_owned().unwrap()));
        assert!(matches!(receiver.try_recv(), Ok(Inbound::Connected(found)) if found == peer));
    }
    assert!(!mailbox.is_waiting());
    assert!(mailbox.offer(message(alice)));
}

#[test]
fn opposite_changes_cancel_out() {
    let (mut mailbox, mut receiver) = mailbox(1);
    let alice = PeerId::random();
    mailbox.change(alice, true);
    for _ in 0..1000 {
        mailbox.change(alice, false);
        mailbox.change(alice, true);
    }
    assert!(!mailbox.is_waiting());
    mailbox.change(alice, false);
    assert!(matches!(receiver.try_recv(), Ok(Inbound::Connected(_))));
    assert!(mailbox.send_change(mailbox.queue.clone().try_reserve_owned().unwrap()));
    assert!(matches!(receiver.try_recv(), Ok(Inbound::Disconnected(_))));
    assert!(receiver.try_recv().is_err());
}

#[test]
fn refusals_are_bounded_by_rate() {
    let (mut mailbox, mut receiver) = mailbox(100);
    let now = Instant::now();
    for _ in 0..50 {
        mailbox.refuse(None, Rejection::Handshake, now);
    }
    let told = std::iter::from_fn(|| receiver.try_recv().ok()).count();
    assert_eq!(told, 5);
}

/// Payloads are not for logs.
#[test]
fn printing_tells_only_how_many_bytes_there_are() {
    let message =
        Inbound::Message { sender: PeerId::random(), payload: vec![0xab; 3], envelope: vec![171; 3] };
    let printed = format!("{message:?}");
    assert!(printed.starts_with("Message of 3 bytes") && !printed.contains("171"), "{printed}");
}
