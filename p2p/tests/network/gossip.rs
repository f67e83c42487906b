use crate::nodes::*;
use p2p::{Error, Inbound};
use std::collections::BTreeSet;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn four_guardians_hear_each_other_once() {
    let mut nodes = mesh(&identities::<4>(), &limits()).await;
    for (place, node) in nodes.iter().enumerate() {
        for number in 0..5 {
            node.say(format!("{place}/{number}").as_bytes());
        }
    }
    let ids: Vec<_> = nodes.iter().map(Node::id).collect();
    for (own, node) in nodes.iter_mut().enumerate() {
        let mut heard = BTreeSet::new();
        for _ in 0..15 {
            let (sender, payload) = node.message().await;
            let text = String::from_utf8(payload).unwrap();
            let place: usize = text[..1].parse().unwrap();
            assert_eq!(sender, ids[place]);
            assert_ne!(place, own, "nobody hears itself");
            assert!(heard.insert(text), "heard twice");
        }
    }
    for node in &nodes {
        assert_eq!(node.counters().connected, 3);
        node.counted("its own five", |counters| counters.published == 5).await;
        assert_eq!(node.counters().refused_total(), 0, "{:?}", node.counters());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_largest_payload_passes_through_a_guardian_in_between() {
    let [a, mut b, mut c] = line(&identities(), limits()).await;
    let payload = vec![0xee; limits().max_payload];
    let sealed = a.say(&payload);
    assert_eq!(b.message().await, (a.id(), payload.clone()));
    let envelope = c.wait("the message", |item| match item {
        Inbound::Message { sender, payload: found, envelope } if sender == a.id() && found == payload => {
            Some(envelope)
        }
        _ => None,
    });
    assert_eq!(envelope.await, sealed, "the envelope is passed on unchanged");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn evidence_opens_at_any_guardian_whatever_its_age() {
    let [a, b, c] = line(&identities(), limits()).await;
    let sealed = a.network.seal(b"vote");
    for node in [&a, &b, &c] {
        let opened = node.network.open_sealed(&sealed).unwrap();
        assert_eq!((opened.sender, opened.payload.as_slice()), (a.id(), &b"vote"[..]));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn same_bytes_again_are_sent_once() {
    let mut nodes = mesh(&identities::<2>(), &limits()).await;
    let sealed = nodes[0].say(b"once");
    nodes[0].network.try_broadcast(sealed).unwrap();
    nodes[0].say(b"end");
    let sender = nodes[0].id();
    assert_eq!(nodes[1].message().await, (sender, b"once".to_vec()));
    assert_eq!(nodes[1].message().await, (sender, b"end".to_vec()));
    nodes[0].counted("two of three", |counters| counters.published == 2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lonely_broadcast_is_counted_and_an_oversized_one_is_an_error() {
    let [own, absent] = identities();
    let node = Node::start(config(&own, vec![peer(&absent, None)])).await;
    node.say(b"anybody?");
    node.counted("the broadcast", |counters| counters.unsent == 1).await;
    let oversized = node.network.seal(&vec![0; limits().max_payload + 1]);
    assert!(matches!(node.network.try_broadcast(oversized), Err(Error::TooLarge { .. })));
}
