use crate::nodes::*;
use p2p::{Config, Error, Limits};
use std::time::Duration;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_guardian_that_restarts_is_found_again() {
    let [alice, bob] = identities();
    let mut b = Node::start(config(&bob, vec![peer(&alice, None)])).await;
    // Only Alice knows an address: she must dial again by herself.
    let mut a = Node::start(config(&alice, vec![peer(&bob, Some(&b.address))])).await;
    let mut b_config = config(&bob, vec![peer(&alice, None)]);
    b_config.listen = vec![b.address.clone()];
    for round in 0..3 {
        a.connected(&[b.id()]).await;
        b.connected(&[a.id()]).await;
        let word = format!("round {round}");
        a.say(word.as_bytes());
        assert_eq!(b.message().await.1, word.as_bytes());
        b.say(word.as_bytes());
        assert_eq!(a.message().await.1, word.as_bytes());

        b.network.shutdown().await;
        a.disconnected(id(&bob)).await;
        assert_eq!(a.counters().connected, 0);
        // Nobody is there; she keeps trying.
        let failures = a.counters().dial_failures;
        a.counted("failed dials", |counters| counters.dial_failures >= failures + 3).await;
        b = Node::start(b_config.clone()).await;
    }
}

/// No farewell: the whole runtime is gone from one moment to the next, as when the process is killed.
#[test]
fn a_guardian_that_is_killed_is_found_again() {
    let [alice, bob] = identities();
    let runtime =
        || tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let (mine, theirs) = (runtime(), runtime());
    let b = theirs.block_on(Node::start(config(&bob, vec![peer(&alice, None)])));
    let mut b_config = config(&bob, vec![peer(&alice, None)]);
    b_config.listen = vec![b.address.clone()];
    let mut a = mine.block_on(Node::start(config(&alice, vec![peer(&bob, Some(&b.address))])));
    mine.block_on(a.connected(&[id(&bob)]));

    theirs.shutdown_background();
    mine.block_on(a.disconnected(id(&bob)));
    mine.block_on(async {
        let mut b = Node::start(b_config).await;
        a.connected(&[b.id()]).await;
        b.connected(&[a.id()]).await;
        b.say(b"back");
        assert_eq!(a.message().await.1, b"back");
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_shutdown_the_handle_says_so_and_the_address_is_free() {
    let mut nodes = mesh(&identities::<2>(), &limits()).await;
    let b = nodes.remove(1);
    let handle = b.network.clone();
    b.network.shutdown().await;
    nodes[0].disconnected(handle.peer_id()).await;
    assert!(matches!(handle.try_broadcast(handle.seal(b"x")), Err(Error::Stopped)));
    handle.request_catch_up(nodes[0].id());
    handle.penalise(nodes[0].id());
    handle.shutdown().await;
    let socket = b.address.to_string().replace("/ip4/", "").replace("/tcp/", ":");
    std::net::TcpListener::bind(socket).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dropped_receiver_ends_the_network() {
    let mut nodes = mesh(&identities::<2>(), &limits()).await;
    let b = nodes.remove(1);
    drop(b.inbound);
    nodes[0].disconnected(b.network.peer_id()).await;
    let stopped = async {
        while !matches!(b.network.try_broadcast(vec![]), Err(Error::Stopped)) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, stopped).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dropped_handle_ends_the_network() {
    let mut nodes = mesh(&identities::<2>(), &limits()).await;
    let Node { network, mut inbound, .. } = nodes.remove(1);
    let peer = network.peer_id();
    drop(network);
    nodes[0].disconnected(peer).await;
    let ended = async { while inbound.recv().await.is_some() {} };
    tokio::time::timeout(PATIENCE, ended).await.unwrap();
}

/// The line goes dead without a word, as when a cable is pulled: both sides notice, and meet again over a new one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_went_dead_is_replaced() {
    let [alice, bob] = identities();
    let quick = Limits { ping: Duration::from_millis(500), ..limits() };
    let with = |config: Config| Config { limits: quick.clone(), ..config };
    let mut b = Node::start(with(config(&bob, vec![peer(&alice, None)]))).await;
    let cable = Cable::to(&b).await;
    let mut a = Node::start(with(config(&alice, vec![peer(&bob, Some(&cable.address))]))).await;
    a.connected(&[b.id()]).await;
    b.connected(&[a.id()]).await;
    cable.pull();
    a.disconnected(b.id()).await;
    b.disconnected(a.id()).await;
    a.connected(&[b.id()]).await;
    b.connected(&[a.id()]).await;
    a.say(b"again");
    assert_eq!(b.message().await, (a.id(), b"again".to_vec()));
}

/// Enough misdeeds silence a peer; time alone brings it back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_penalised_guardian_is_heard_again() {
    let identities = identities::<3>();
    let forgiving = Limits { penalty_half_life: Duration::from_secs(2), ..limits() };
    let [alice, bob, carol] = &identities;
    let with = |config: Config| Config { limits: forgiving.clone(), ..config };
    // Alice and Carol are connected only through Bob.
    let mut b = Node::start(with(config(bob, vec![peer(alice, None), peer(carol, None)]))).await;
    let mut a = Node::start(config(alice, vec![peer(bob, Some(&b.address)), peer(carol, None)])).await;
    let mut c = Node::start(config(carol, vec![peer(bob, Some(&b.address)), peer(alice, None)])).await;
    a.connected(&[b.id()]).await;
    c.connected(&[b.id()]).await;
    b.connected(&[a.id(), c.id()]).await;

    for _ in 0..16 {
        b.network.penalise(a.id());
    }
    // Commands are obeyed in order: once Carol hears this, Alice is silenced.
    b.say(b"done");
    assert_eq!(c.message().await.1, b"done");
    let heard = async {
        for number in 0u64.. {
            a.say(format!("{number}").as_bytes());
            if let Ok((sender, payload)) = tokio::time::timeout(Duration::from_millis(200), b.message()).await
            {
                return (sender, payload);
            }
        }
        unreachable!()
    };
    let (sender, payload) = tokio::time::timeout(PATIENCE, heard).await.unwrap();
    assert_eq!(sender, a.id());
    assert_ne!(payload, b"0", "the first was not heard");
    assert_eq!(b.counters().connected, 2, "nobody was disconnected");
}
