use crate::nodes::*;
use p2p::envelope::Sealer;
use p2p::identity::Keypair;
use p2p::{Inbound, Limits, PeerId, Rejection, RequestToken};
use std::time::Duration;

async fn asked(node: &mut Node) -> (PeerId, RequestToken) {
    node.wait("a request", |item| match item {
        Inbound::CatchUpRequested { from, token } => Some((from, token)),
        _ => None,
    })
    .await
}

/// `count` envelopes that an hour ago were fresh.
fn old(keypair: &Keypair, count: usize) -> Vec<Vec<u8>> {
    let sealer = Sealer::new(keypair, NETWORK).unwrap();
    (0..count).map(|number| sealer.seal(format!("old {number}").as_bytes(), now() - 3600)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_guardian_that_was_away_catches_up() {
    let identities @ [alice, bob, carol] = &identities();
    let mut early = mesh(&identities[..2], &limits()).await;
    drop(early.remove(0));
    let mut b = early.remove(0);
    b.network.shutdown().await;

    // Bob heard Alice an hour ago; Alice is gone; Carol was away and knows neither.
    let heard = old(alice, 3);
    b = Node::start(config(bob, vec![peer(alice, None), peer(carol, None)])).await;
    let mut c = Node::start(config(carol, vec![peer(alice, None), peer(bob, Some(&b.address))])).await;
    c.connected(&[b.id()]).await;
    c.network.request_catch_up(b.id());
    let (from, token) = asked(&mut b).await;
    assert_eq!(from, c.id());
    b.network.reply(token, heard.clone());
    for (number, sealed) in heard.into_iter().enumerate() {
        let (sender, payload, envelope) = c
            .wait("a message", |item| match item {
                Inbound::Message { sender, payload, envelope } => Some((sender, payload, envelope)),
                _ => None,
            })
            .await;
        assert_eq!((sender, payload, envelope), (id(alice), format!("old {number}").into_bytes(), sealed));
    }
    assert_eq!(c.counters().catch_ups_received, 1);
    b.counted("the answer", |counters| counters.catch_ups_served == 1).await;
    assert_eq!(c.counters().refused_total(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_false_answer_is_held_against_its_peer_and_dropped() {
    let identities = identities::<2>();
    let mut nodes = mesh(&identities, &limits()).await;
    let [a, b] = nodes.as_mut_slice() else { unreachable!() };
    let mut answer = old(&identities[1], 3);
    *answer[1].last_mut().unwrap() ^= 1;
    a.network.request_catch_up(b.id());
    let token = asked(b).await.1;
    b.network.reply(token, answer);
    assert_eq!(a.message().await.1, b"old 0");
    assert_eq!(a.refused(Rejection::BadSignature).await, Some(b.id()));
    b.say(b"live");
    assert_eq!(a.message().await.1, b"live", "the rest of the answer was dropped, the peer was not");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_above_the_limits_is_refused_and_ours_is_cut_to_them() {
    let identities = identities::<2>();
    let [alice, bob] = &identities;
    let mut a = Node::start(config(alice, vec![peer(bob, None)])).await;
    let generous = Limits { catch_up_envelopes: 1000, ..limits() };
    let mut b_config = config(bob, vec![peer(alice, Some(&a.address))]);
    b_config.limits = generous;
    let mut b = Node::start(b_config).await;
    a.connected(&[b.id()]).await;
    b.connected(&[a.id()]).await;

    a.network.request_catch_up(b.id());
    let token = asked(&mut b).await.1;
    b.network.reply(token, old(bob, 257));
    assert_eq!(a.refused(Rejection::TooLarge).await, Some(b.id()));

    b.network.request_catch_up(a.id());
    let token = asked(&mut a).await.1;
    a.network.reply(token, old(alice, 300));
    for number in 0..256 {
        assert_eq!(b.message().await.1, format!("old {number}").into_bytes());
    }
    a.say(b"live");
    assert_eq!(b.message().await.1, b"live");
    assert_eq!(a.counters().received, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn declining_and_silence_are_told_and_do_not_block_the_next_request() {
    let identities = identities::<2>();
    let hasty = Limits { catch_up_timeout: Duration::from_millis(500), ..limits() };
    let mut nodes = mesh(&identities, &hasty).await;
    let [a, b] = nodes.as_mut_slice() else { unreachable!() };
    a.network.request_catch_up(b.id());
    drop(asked(b).await.1);
    assert_eq!(a.refused(Rejection::NoAnswer).await, Some(b.id()));

    a.network.request_catch_up(b.id());
    let kept = asked(b).await.1;
    assert_eq!(a.refused(Rejection::NoAnswer).await, Some(b.id()));
    b.network.reply(kept, old(&identities[1], 1));

    a.network.request_catch_up(b.id());
    let token = asked(b).await.1;
    b.network.reply(token, old(&identities[1], 2));
    assert_eq!(a.message().await.1, b"old 0");
    assert_eq!(a.message().await.1, b"old 1");
    // One, and not two: the late answer went nowhere.
    b.counted("the last answer", |counters| counters.catch_ups_served == 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn asking_too_often_is_refused() {
    let identities = identities::<2>();
    let strict = Limits { catch_up_interval: Duration::from_secs(3600), ..limits() };
    let mut nodes = mesh(&identities, &strict).await;
    let [a, b] = nodes.as_mut_slice() else { unreachable!() };
    for _ in 0..3 {
        a.network.request_catch_up(b.id());
        let token = asked(b).await.1;
        b.network.reply(token, old(&identities[1], 1));
        assert_eq!(a.message().await.1, b"old 0");
    }
    a.network.request_catch_up(b.id());
    assert_eq!(b.refused(Rejection::RateLimited).await, Some(a.id()));
    assert_eq!(a.refused(Rejection::NoAnswer).await, Some(b.id()));
}

/// The answer is larger than the queue, and nothing of it is lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_waits_for_a_slow_reader() {
    let identities = identities::<2>();
    let narrow = Limits { inbound_queue: 2, ..limits() };
    let mut nodes = mesh(&identities, &narrow).await;
    let [a, b] = nodes.as_mut_slice() else { unreachable!() };
    a.network.request_catch_up(b.id());
    let token = asked(b).await.1;
    b.network.reply(token, old(&identities[1], 200));
    a.counted("the answer", |counters| counters.catch_ups_received == 1).await;
    for number in 0..200 {
        assert_eq!(a.message().await.1, format!("old {number}").into_bytes());
    }
}
