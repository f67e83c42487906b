use crate::nodes::*;
use p2p::envelope::{HEADER, Sealer};
use p2p::identity::Keypair;
use p2p::{Config, Error, Inbound, Limits, Rejection, start};
use std::io::Write;
use std::net::TcpStream;
use std::time::Duration;

fn sealer(keypair: &Keypair) -> Sealer {
    Sealer::new(keypair, NETWORK).unwrap()
}

/// The first guardian is in the set, yet sends what no honest one would. The middle one refuses each under its own
/// code and passes nothing on; a good message between them still passes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bad_envelopes_are_refused_counted_and_not_forwarded() {
    let identities = identities();
    let [evil, middle, last] = &identities;
    let generous = Limits { max_payload: 60 * 1024, ..limits() };
    let [a, mut b, mut c] = line(&identities, generous).await;

    let good = a.network.seal(b"good");
    let mut forged = good.clone();
    forged[33..66].copy_from_slice(&c.network.seal(b"")[33..66]);
    let mut tampered = good.clone();
    tampered[HEADER] ^= 1;
    let elsewhere = Sealer::new(evil, [0x43; 32]).unwrap();
    let cases = [
        (Rejection::BadSignature, forged),
        (Rejection::BadSignature, tampered),
        (Rejection::WrongNetwork, elsewhere.seal(b"x", now())),
        (Rejection::UnknownSender, sealer(&Keypair::generate_secp256k1()).seal(b"x", now())),
        (Rejection::Truncated, good[..good.len() - 1].to_vec()),
        (Rejection::TrailingBytes, [good.as_slice(), &[0]].concat()),
        (Rejection::TooLarge, a.network.seal(&[0; 50 * 1024])),
        (Rejection::Version, [&[2], &good[1..]].concat()),
        (Rejection::Stale, sealer(evil).seal(b"old", now() - 121)),
        (Rejection::Stale, sealer(last).seal(b"somebody else's, replayed", now() - 1000)),
        (Rejection::FromFuture, sealer(evil).seal(b"not yet", now() + 100)),
        (Rejection::OwnIdentity, sealer(middle).seal(b"your key, not your words", now())),
    ];
    let mut before = b.counters();
    for (reason, envelope) in cases {
        a.network.try_broadcast(envelope).unwrap();
        assert_eq!(b.refused(reason).await, Some(a.id()), "{reason}");
        let after = b.counters();
        assert_eq!(after.refused(reason), before.refused(reason) + 1, "{reason}");
        assert_eq!(after.refused_total(), before.refused_total() + 1, "{reason} and nothing else");
        before = after;
    }

    a.network.try_broadcast(good).unwrap();
    assert_eq!(b.message().await, (a.id(), b"good".to_vec()));
    assert_eq!(c.message().await, (a.id(), b"good".to_vec()), "the first that was passed on");
    assert_eq!(c.counters().refused_total(), 0);
    assert_eq!((b.counters().received, c.counters().received), (1, 1));
}

/// A process that starts anew does not remember what it sent; the others do.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fresh_replay_is_heard_once() {
    let [alice, bob] = identities();
    let mut b = Node::start(config(&bob, vec![peer(&alice, None)])).await;
    let alice_config = config(&alice, vec![peer(&bob, Some(&b.address))]);
    let mut a = Node::start(alice_config.clone()).await;
    a.connected(&[b.id()]).await;
    b.connected(&[a.id()]).await;
    let sealed = a.say(b"pay once");
    assert_eq!(b.message().await.1, b"pay once");
    a.network.shutdown().await;

    let mut again = Node::start(alice_config).await;
    again.connected(&[b.id()]).await;
    b.connected(&[again.id()]).await;
    again.network.try_broadcast(sealed).unwrap();
    again.say(b"next");
    assert_eq!(b.message().await.1, b"next");
    assert_eq!(b.counters().received, 2);
}

/// Gossip stops reading at the limit and the stream that carried the frame is lost, to nobody's harm but its sender's.
/// The sender finds that nothing moves any more, connects again and is heard.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_frame_above_the_gossip_limit_harms_only_its_sender_and_not_for_good() {
    let [alice, bob, carol] = identities();
    let mut b = Node::start(config(&bob, vec![peer(&alice, None), peer(&carol, None)])).await;
    let mut c = Node::start(config(&carol, vec![peer(&alice, None), peer(&bob, Some(&b.address))])).await;
    let huge = Limits { max_payload: 1 << 20, max_transmit: 2 << 20, catch_up_bytes: 2 << 20, ..limits() };
    let alice_config = config(&alice, vec![peer(&bob, Some(&b.address)), peer(&carol, None)]);
    let mut a = Node::start(Config { limits: huge, ..alice_config }).await;
    b.connected(&[a.id(), c.id()]).await;
    a.connected(&[b.id()]).await;
    c.connected(&[b.id()]).await;

    a.say(&vec![0; 1 << 20]);
    a.counted("its broadcast", |counters| counters.published == 1).await;
    c.say(b"small");
    assert_eq!(b.message().await, (c.id(), b"small".to_vec()));

    let mut number = 0u64;
    let payload = loop {
        number += 1;
        a.say(format!("try {number}").as_bytes());
        // Enough to fill a queue and to notice, well before patience ends.
        match tokio::time::timeout(Duration::from_millis(20), b.message()).await {
            Ok((_, payload)) => break payload,
            Err(_) => assert!(number < 3000, "never heard again"),
        }
    };
    assert!(payload.starts_with(b"try"));
    assert_eq!(b.counters().refused_total(), 0, "{:?}", b.counters());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stranger_is_refused_at_the_connection() {
    let identities = identities::<2>();
    let mut nodes = mesh(&identities, &limits()).await;
    let [stranger] = crate::nodes::identities();
    let addresses =
        [peer(&identities[0], Some(&nodes[0].address)), peer(&identities[1], Some(&nodes[1].address))];
    let mut stranger = Node::start(config(&stranger, addresses.to_vec())).await;
    for node in &mut nodes {
        assert_eq!(node.refused(Rejection::UnknownPeer).await, Some(stranger.id()));
        // It tries again, and is refused again.
        assert_eq!(node.refused(Rejection::UnknownPeer).await, Some(stranger.id()));
        assert_eq!(node.counters().connected, 1);
    }
    stranger.say(b"let me in");
    stranger.counted("its broadcast", |counters| counters.unsent == 1).await;
    let connected = std::iter::from_fn(|| stranger.inbound.try_recv().ok())
        .find(|item| matches!(item, Inbound::Connected(_) | Inbound::Message { .. }));
    assert!(connected.is_none(), "{connected:?}");
    nodes[0].say(b"members only");
    assert_eq!(nodes[1].message().await.1, b"members only");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn noise_instead_of_a_handshake_is_refused() {
    let [alice, bob] = identities();
    let mut node = Node::start(config(&alice, vec![peer(&bob, None)])).await;
    let mut socket = TcpStream::connect(socket_address(&node)).unwrap();
    socket.write_all(b"GET / HTTP/1.1\r\nHost: guardian\r\n\r\n").unwrap();
    assert_eq!(node.refused(Rejection::Handshake).await, None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn silent_connections_are_few_and_end() {
    let [alice, bob] = identities();
    let tight = Limits { pending_incoming: 2, handshake_timeout: Duration::from_secs(2), ..limits() };
    let mut node = Node::start(Config { limits: tight, ..config(&alice, vec![peer(&bob, None)]) }).await;
    let sockets: Vec<_> = (0..3).map(|_| TcpStream::connect(socket_address(&node)).unwrap()).collect();
    assert_eq!(node.refused(Rejection::TooManyConnections).await, None);
    assert_eq!(node.refused(Rejection::Handshake).await, None, "the time is up for the two others");
    assert_eq!(node.refused(Rejection::Handshake).await, None);
    drop(sockets);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_peer_of_another_network_is_told_apart() {
    let [alice, bob] = identities();
    let mut a = Node::start(config(&alice, vec![peer(&bob, None)])).await;
    let elsewhere = Config { network: [0x43; 32], ..config(&bob, vec![peer(&alice, Some(&a.address))]) };
    let mut b = Node::start(elsewhere).await;
    assert_eq!(a.refused(Rejection::WrongNetwork).await, Some(b.id()));
    assert_eq!(b.refused(Rejection::WrongNetwork).await, Some(a.id()));
    assert_eq!((a.counters().connected, b.counters().connected), (0, 0));
}

/// Two processes with one key: whoever is dialled at the other's address is ourselves.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_process_with_our_identity_is_noticed() {
    let [own, other] = identities();
    let mut first = Node::start(config(&own, vec![peer(&other, None)])).await;
    let mut second = Node::start(config(&own, vec![peer(&other, Some(&first.address))])).await;
    assert_eq!(second.refused(Rejection::OwnIdentity).await, Some(id(&own)));
    first.refused(Rejection::OwnIdentity).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_guardian_at_a_guardians_address_is_not_taken_for_it() {
    let [alice, bob, carol] = identities();
    let b = Node::start(config(&bob, vec![peer(&alice, None), peer(&carol, None)])).await;
    let peers = vec![peer(&bob, None), peer(&carol, Some(&b.address))];
    let mut a = Node::start(config(&alice, peers)).await;
    assert_eq!(a.refused(Rejection::UnknownPeer).await, Some(b.id()));
    assert_eq!(a.counters().connected, 0);
}

#[tokio::test]
async fn an_address_in_use_is_an_error_that_names_it() {
    let [alice, bob] = identities();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("/ip4/127.0.0.1/tcp/{}", taken.local_addr().unwrap().port());
    let config = Config { listen: vec![address.parse().unwrap()], ..config(&alice, vec![peer(&bob, None)]) };
    let Err(error) = start(config) else { panic!("it started") };
    assert!(matches!(error, Error::Listen { .. }));
    assert!(error.to_string().contains(&address), "{error}");
}

/// libp2p alone would let the two share the port.
#[tokio::test]
async fn two_guardians_do_not_share_an_address() {
    let [alice, bob] = identities();
    let a = Node::start(config(&alice, vec![peer(&bob, None)])).await;
    let config = Config { listen: vec![a.address.clone()], ..config(&bob, vec![peer(&alice, None)]) };
    let Err(error) = start(config) else { panic!("it started") };
    assert!(matches!(error, Error::Listen { .. }), "{error}");
}

#[test]
fn without_a_runtime_nothing_starts() {
    let [alice] = identities();
    assert!(matches!(start(config(&alice, vec![])), Err(Error::NoRuntime)));
}
