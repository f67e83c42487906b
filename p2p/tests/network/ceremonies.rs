use crate::nodes::*;
use futures::StreamExt;
use libp2p::gossipsub::{self, MessageAuthenticity, ValidationMode};
use libp2p::swarm::{NetworkBehaviour, SwarmEvent};
use libp2p::{SwarmBuilder, identify, noise, ping, tcp, yamux};
use p2p::identity::Keypair;
use p2p::{AskToken, Config, Error, Inbound, Limits, Network, Peer, PeerId, Rejection};
use std::time::Duration;
use tokio::sync::mpsc::Receiver;
use tokio::time::timeout;

/// A guardian of another network, whose other members are not there.
async fn elsewhere(keypair: &Keypair) -> Node {
    Node::start(Config { network: [0x43; 32], ..config(keypair, vec![]) }).await
}

/// A guardian of a network whose only other member is `absent`, and one of another network, admitted to each other.
async fn host_and_guest(host: &Keypair, absent: &Keypair, guest: &Keypair) -> [Node; 2] {
    let a = Node::start(config(host, vec![peer(absent, None)])).await;
    let g = elsewhere(guest).await;
    a.network.admit(vec![peer(guest, None)]).unwrap();
    g.network.admit(vec![peer(host, Some(&a.address))]).unwrap();
    meet(&a).await;
    meet(&g).await;
    [a, g]
}

/// Waits until a guest is connected; no event tells.
async fn meet(node: &Node) {
    node.counted("a guest", |counters| counters.guests == 1).await;
}

async fn asked(node: &mut Node) -> (PeerId, Vec<u8>, AskToken) {
    node.wait("an ask", |item| match item {
        Inbound::Asked { from, request, token } => Some((from, request, token)),
        _ => None,
    })
    .await
}

/// What comes of an ask.
async fn outcome(asking: impl Future<Output = Result<Vec<u8>, Error>>) -> Result<Vec<u8>, Error> {
    timeout(PATIENCE, asking).await.expect("every ask is settled")
}

/// Asks, and has the other side answer with the request and a mark.
async fn ask_and_answer(asker: &Node, other: &mut Node, request: &[u8]) {
    let asking = asker.network.ask(other.id(), request.to_vec());
    let (from, found, token) = asked(other).await;
    assert_eq!((from, found.as_slice()), (asker.id(), request));
    other.network.answer(token, [request, b"!"].concat()).unwrap();
    assert_eq!(outcome(asking).await.unwrap(), [request, b"!"].concat());
}

/// Everything that has arrived, and not waited for.
fn arrived(node: &mut Node) -> Vec<Inbound> {
    std::iter::from_fn(|| node.inbound.try_recv().ok()).collect()
}

/// Answers every ask with `answer` until the network ends.
fn serve(network: Network, mut inbound: Receiver<Inbound>, answer: Vec<u8>) {
    tokio::spawn(async move {
        let mut served = 0u64;
        while let Some(item) = inbound.recv().await {
            let Inbound::Asked { token, .. } = item else { continue };
            network.answer(token, answer.clone()).unwrap();
            served += 1;
            if served.is_multiple_of(10) {
                network.try_broadcast(network.seal(&served.to_le_bytes())).unwrap();
            }
        }
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn members_ask_and_answer() {
    let mut nodes = mesh(&identities::<2>(), &limits()).await;
    let [a, b] = nodes.as_mut_slice() else { unreachable!() };
    ask_and_answer(a, b, b"from a").await;
    ask_and_answer(b, a, b"from b").await;
    let request = vec![7; limits().max_request];
    ask_and_answer(a, b, &request).await;
    let asking = a.network.ask(b.id(), vec![]);
    let (_, request, token) = asked(b).await;
    assert!(request.is_empty());
    b.network.answer(token, vec![9; limits().max_answer]).unwrap();
    assert_eq!(outcome(asking).await.unwrap(), vec![9; limits().max_answer]);
    assert_eq!((a.counters().refused_total(), b.counters().refused_total()), (0, 0));
    b.counted("its answers", |counters| counters.asks_answered == 3).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_guest_of_another_network_asks_and_is_asked() {
    let [alice, bob, guest] = identities();
    let [mut a, mut g] = host_and_guest(&alice, &bob, &guest).await;
    ask_and_answer(&a, &mut g, b"what do you hold?").await;
    ask_and_answer(&g, &mut a, b"what was dealt?").await;
    // Neither is in the other's gossip.
    a.say(b"members only");
    g.say(b"hello?");
    a.counted("nobody to tell", |counters| counters.unsent == 1).await;
    g.counted("nobody to tell", |counters| counters.unsent == 1).await;
    a.network.request_catch_up(g.id());
    ask_and_answer(&a, &mut g, b"again").await;
    ask_and_answer(&g, &mut a, b"again").await;
    for node in [&mut a, &mut g] {
        let items = arrived(node);
        assert!(items.is_empty(), "{items:?}");
        assert_eq!((node.counters().connected, node.counters().refused_total()), (0, 0));
    }
}

/// What a guest of another make speaks: it takes itself for a member, and stays whatever it is told.
#[derive(NetworkBehaviour)]
struct Intruder {
    gossip: gossipsub::Behaviour,
    identify: identify::Behaviour,
    ping: ping::Behaviour,
}

impl Intruder {
    fn new(keypair: &Keypair) -> Intruder {
        let mut gossip: gossipsub::Behaviour =
            gossipsub::Behaviour::new(MessageAuthenticity::Anonymous, gossip_settings()).unwrap();
        gossip.subscribe(&p2p::topic::topic(&NETWORK)).unwrap();
        let identify = identify::Config::new("another/1".to_owned(), keypair.public());
        Intruder { gossip, identify: identify::Behaviour::new(identify), ping: ping::Behaviour::default() }
    }
}

fn gossip_settings() -> gossipsub::Config {
    gossipsub::ConfigBuilder::default().validation_mode(ValidationMode::Anonymous).build().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn to_a_guest_gossip_and_catch_up_do_not_exist() {
    let [alice, bob, guest] = identities();
    let mut b = Node::start(config(&bob, vec![peer(&alice, None)])).await;
    let mut a = Node::start(config(&alice, vec![peer(&bob, Some(&b.address))])).await;
    a.connected(&[b.id()]).await;
    b.connected(&[a.id()]).await;
    a.network.admit(vec![peer(&guest, None)]).unwrap();
    // A command later and obeyed: the guest is expected.
    a.say(b"a guest comes");
    assert_eq!(b.message().await, (a.id(), b"a guest comes".to_vec()));

    let mut intruder = SwarmBuilder::with_existing_identity(guest.clone())
        .with_tokio()
        .with_tcp(tcp::Config::default(), noise::Config::new, yamux::Config::default)
        .unwrap()
        .with_behaviour(Intruder::new)
        .unwrap()
        .with_swarm_config(|swarm| swarm.with_idle_connection_timeout(2 * PATIENCE))
        .build();
    intruder.dial(a.address.clone()).unwrap();
    let (mut protocols, mut refused) = (None, false);
    let told = async {
        while protocols.is_none() || !refused {
            match intruder.select_next_some().await {
                SwarmEvent::Behaviour(IntruderEvent::Identify(identify::Event::Received {
                    info, ..
                })) => {
                    protocols = Some(info.protocols);
                }
                SwarmEvent::Behaviour(IntruderEvent::Gossip(event)) => {
                    assert!(matches!(event, gossipsub::Event::GossipsubNotSupported { .. }), "{event:?}");
                    refused = true;
                }
                _ => {}
            }
        }
    };
    timeout(PATIENCE, told).await.unwrap();
    let mut protocols: Vec<_> = protocols.unwrap().iter().map(ToString::to_string).collect();
    protocols.sort();
    let expected = ["/guardian/ceremony/1", "/ipfs/id/1.0.0", "/ipfs/id/push/1.0.0", "/ipfs/ping/1.0.0"];
    assert_eq!(protocols, expected);
    let said = intruder.behaviour_mut().gossip.publish(p2p::topic::topic(&NETWORK), b"let me in".to_vec());
    assert!(said.is_err(), "there is nobody to say it to");

    meet(&a).await;
    b.say(b"as ever");
    assert_eq!(a.message().await, (b.id(), b"as ever".to_vec()));
    let items = arrived(&mut a);
    assert!(items.is_empty(), "{items:?}");
    assert_eq!((a.counters().received, a.counters().refused_total()), (1, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stranger_neither_asks_nor_is_asked() {
    let [alice, bob, stranger] = identities();
    let mut a = Node::start(config(&alice, vec![peer(&bob, None)])).await;
    let s = elsewhere(&stranger).await;
    s.network.admit(vec![peer(&alice, Some(&a.address))]).unwrap();
    assert_eq!(a.refused(Rejection::UnknownPeer).await, Some(s.id()));
    assert!(outcome(s.network.ask(a.id(), b"psst".to_vec())).await.is_err());
    let refused = outcome(a.network.ask(s.id(), b"psst".to_vec())).await;
    assert!(matches!(refused, Err(Error::NotConnected { peer }) if peer == s.id()), "{refused:?}");
    // A member that is away is not connected either.
    let refused = outcome(a.network.ask(id(&bob), b"psst".to_vec())).await;
    assert!(matches!(refused, Err(Error::NotConnected { peer }) if peer == id(&bob)), "{refused:?}");
    let items = arrived(&mut a);
    assert!(items.iter().all(|item| matches!(item, Inbound::Refused { .. })), "{items:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dismissed_guest_is_disconnected_and_may_come_back() {
    let [alice, bob, guest] = identities();
    let [mut a, mut g] = host_and_guest(&alice, &bob, &guest).await;
    let waiting = [a.network.ask(g.id(), b"late".to_vec()), g.network.ask(a.id(), b"late".to_vec())];
    let tokens = [asked(&mut g).await.2, asked(&mut a).await.2];
    a.network.admit(vec![]).unwrap();
    for asking in waiting {
        let refused = outcome(asking).await;
        assert!(matches!(refused, Err(Error::Disconnected { .. })), "{refused:?}");
    }
    drop(tokens);
    assert_eq!(a.refused(Rejection::UnknownPeer).await, Some(g.id()), "it dials in vain");
    assert_eq!(a.counters().guests, 0);
    let refused = outcome(a.network.ask(g.id(), b"gone".to_vec())).await;
    assert!(matches!(refused, Err(Error::NotConnected { .. })), "{refused:?}");

    a.network.admit(vec![peer(&guest, None)]).unwrap();
    meet(&a).await;
    ask_and_answer(&a, &mut g, b"welcome back").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_member_that_is_admitted_as_a_guest_stays_a_member() {
    let identities = identities::<2>();
    let mut nodes = mesh(&identities, &limits()).await;
    let [a, b] = nodes.as_mut_slice() else { unreachable!() };
    a.network.admit(vec![peer(&identities[1], None), peer(&identities[0], None)]).unwrap();
    a.network.admit(vec![]).unwrap();
    ask_and_answer(a, b, b"still there?").await;
    a.say(b"one of us");
    assert_eq!(b.message().await, (a.id(), b"one of us".to_vec()));
    assert_eq!((a.counters().guests, a.counters().connected), (0, 1));
    assert!(arrived(a).is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn guests_that_cannot_work_are_refused_by_name() {
    let [alice] = identities();
    let a = elsewhere(&alice).await;
    let guests = |number| (0..number).map(|_| peer(&Keypair::generate_secp256k1(), None));
    let too_many = a.network.admit(guests(129).collect());
    assert!(matches!(too_many, Err(Error::TooManyPeers { found: 129, limit: 128 })), "{too_many:?}");
    let twice: Vec<Peer> = guests(1).flat_map(|guest| [guest.clone(), guest]).collect();
    assert!(matches!(a.network.admit(twice), Err(Error::DuplicatePeer { .. })));
    let named =
        guests(1).map(|guest| Peer { addresses: vec!["/dns4/g.example/tcp/1".parse().unwrap()], ..guest });
    assert!(matches!(a.network.admit(named.collect()), Err(Error::Address { .. })));
    let keyless = Peer { peer_id: PeerId::random(), addresses: vec![] };
    assert!(matches!(a.network.admit(vec![keyless]), Err(Error::PeerKey { .. })));
    a.network.admit(guests(128).collect()).unwrap();
}

/// Whoever keeps the limits cannot send what is too large; whoever has others is refused.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_too_large_is_refused_on_both_sides() {
    let [alice, bob] = identities();
    let mut a = Node::start(config(&alice, vec![peer(&bob, None)])).await;
    let generous = Limits { max_request: 20 * 1024, max_answer: 200 * 1024, ..limits() };
    let bob_config = config(&bob, vec![peer(&alice, Some(&a.address))]);
    let mut b = Node::start(Config { limits: generous, ..bob_config }).await;
    a.connected(&[b.id()]).await;
    b.connected(&[a.id()]).await;

    let found = limits().max_request + 1;
    let refused = outcome(a.network.ask(b.id(), vec![0; found])).await;
    assert!(matches!(refused, Err(Error::TooLarge { limit: 16_384, .. })), "{refused:?}");
    let refused = outcome(b.network.ask(a.id(), vec![0; found])).await;
    assert!(matches!(refused, Err(Error::Declined { .. })), "{refused:?}");
    assert_eq!(a.refused(Rejection::TooLarge).await, Some(b.id()));

    let found = limits().max_answer + 1;
    let asking = b.network.ask(a.id(), vec![]);
    let token = asked(&mut a).await.2;
    assert!(matches!(a.network.answer(token, vec![0; found]), Err(Error::TooLarge { limit: 131_072, .. })));
    assert!(matches!(outcome(asking).await, Err(Error::Disconnected { .. })), "the token is gone");
    let asking = a.network.ask(b.id(), vec![]);
    let token = asked(&mut b).await.2;
    b.network.answer(token, vec![0; found]).unwrap();
    let refused = outcome(asking).await;
    assert!(matches!(refused, Err(Error::BadAnswer { reason: Rejection::TooLarge, .. })), "{refused:?}");
    assert_eq!(a.refused(Rejection::TooLarge).await, Some(b.id()));
    ask_and_answer(&a, &mut b, b"no harm done").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn declining_hanging_up_and_losing_interest_are_no_offence() {
    let mut nodes = mesh(&identities::<2>(), &limits()).await;
    let [a, b] = nodes.as_mut_slice() else { unreachable!() };
    let asking = a.network.ask(b.id(), b"please".to_vec());
    let token = asked(b).await.2;
    b.network.answer(token, vec![]).unwrap();
    assert!(matches!(outcome(asking).await, Err(Error::Declined { peer }) if peer == b.id()));
    let asking = a.network.ask(b.id(), b"please".to_vec());
    drop(asked(b).await.2);
    assert!(matches!(outcome(asking).await, Err(Error::Disconnected { peer }) if peer == b.id()));
    let asking = a.network.ask(b.id(), b"never mind".to_vec());
    let token = asked(b).await.2;
    drop(asking);
    b.network.answer(token, b"as you like".to_vec()).unwrap();
    ask_and_answer(a, b, b"still friends?").await;
    assert_eq!((a.counters().refused_total(), b.counters().refused_total()), (0, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn silence_ends_in_time_for_those_sent_and_those_that_wait() {
    let [alice, bob] = identities();
    let mut b = Node::start(config(&bob, vec![peer(&alice, None)])).await;
    let hasty = Limits { ask_timeout: Duration::from_secs(2), ..limits() };
    let alice_config = config(&alice, vec![peer(&bob, Some(&b.address))]);
    let mut a = Node::start(Config { limits: hasty, ..alice_config }).await;
    a.connected(&[b.id()]).await;
    let asking: Vec<_> = (0..8).map(|number| a.network.ask(b.id(), vec![number])).collect();
    let kept = asked(&mut b).await.2;
    for asking in asking {
        let refused = outcome(asking).await;
        assert!(matches!(refused, Err(Error::NoAnswer { peer }) if peer == b.id()), "{refused:?}");
    }
    b.network.answer(kept, b"too late".to_vec()).unwrap();
    assert_eq!((a.counters().refused_total(), b.counters().refused_total()), (0, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_ask_too_many_is_busy_and_the_others_are_answered() {
    let mut nodes = mesh(&identities::<2>(), &limits()).await;
    let [a, b] = nodes.as_mut_slice() else { unreachable!() };
    let asking: Vec<_> = (0..8).map(|number| a.network.ask(b.id(), vec![number])).collect();
    let refused = outcome(a.network.ask(b.id(), vec![8])).await;
    assert!(matches!(refused, Err(Error::Busy)), "{refused:?}");
    // The other way is as free as before.
    ask_and_answer(b, a, b"meanwhile").await;
    for _ in 0..8 {
        let (_, request, token) = asked(b).await;
        b.network.answer(token, request).unwrap();
    }
    for (number, asking) in asking.into_iter().enumerate() {
        assert_eq!(outcome(asking).await.unwrap(), [u8::try_from(number).unwrap()]);
    }
    ask_and_answer(a, b, b"room again").await;
}

/// One that is faster than allowed is declined, and heard as before.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn asking_too_fast_is_declined_without_a_penalty() {
    let [alice, bob] = identities();
    let strict = Limits { asks_per_second: 1, ask_burst: 2, ..limits() };
    let bob_config = config(&bob, vec![peer(&alice, None)]);
    let mut b = Node::start(Config { limits: strict, ..bob_config }).await;
    let mut a = Node::start(config(&alice, vec![peer(&bob, Some(&b.address))])).await;
    a.connected(&[b.id()]).await;
    b.connected(&[a.id()]).await;
    let declined = async {
        loop {
            let asking = a.network.ask(b.id(), b"more".to_vec());
            tokio::pin!(asking);
            tokio::select! {
                outcome = &mut asking => return outcome,
                (_, request, token) = asked(&mut b) => b.network.answer(token, request).unwrap(),
            }
            if let refused @ Err(_) = asking.await {
                return refused;
            }
        }
    };
    let declined = timeout(PATIENCE, declined).await.unwrap();
    assert!(matches!(declined, Err(Error::Declined { .. })), "{declined:?}");
    assert!(b.counters().refused(Rejection::RateLimited) >= 1);
    a.say(b"heard");
    assert_eq!(b.message().await, (a.id(), b"heard".to_vec()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn asks_end_with_the_connection_and_with_the_network() {
    let [alice, bob, guest] = identities();
    let [mut a, mut g] = host_and_guest(&alice, &bob, &guest).await;
    let asking: Vec<_> = (0..4).map(|number| a.network.ask(g.id(), vec![number])).collect();
    let token = asked(&mut g).await.2;
    let address = g.address.clone();
    g.network.shutdown().await;
    for asking in asking {
        let refused = outcome(asking).await;
        assert!(matches!(refused, Err(Error::Disconnected { .. })), "{refused:?}");
    }
    drop(token);
    a.counted("its leaving", |counters| counters.guests == 0).await;

    // It starts again where it was, and is found: guests are dialled like members.
    a.network.admit(vec![peer(&guest, Some(&address))]).unwrap();
    let again = Config { network: [0x43; 32], listen: vec![address], ..config(&guest, vec![]) };
    let g = Node::start(again).await;
    g.network.admit(vec![peer(&alice, None)]).unwrap();
    meet(&g).await;
    meet(&a).await;
    ask_and_answer(&g, &mut a, b"here again").await;

    let handle = g.network.clone();
    let asking: Vec<_> = (0..4).map(|number| handle.ask(a.id(), vec![number])).collect();
    let token = asked(&mut a).await.2;
    g.network.shutdown().await;
    for asking in asking {
        assert!(matches!(outcome(asking).await, Err(Error::Stopped)));
    }
    assert!(matches!(outcome(handle.ask(a.id(), vec![])).await, Err(Error::Stopped)));
    assert!(matches!(handle.admit(vec![]), Err(Error::Stopped)));
    a.network.answer(token, b"to nobody".to_vec()).unwrap();
}

/// A ceremony of many keys at the limits as they are: none is declined, and gossip goes on beside it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_large_answers_pass_while_gossip_goes_on() {
    let mut nodes = mesh(&identities::<2>(), &limits()).await;
    let Node { network: b, inbound, .. } = nodes.remove(1);
    let a = &mut nodes[0];
    let answer = vec![0x5a; 40 * 1024];
    serve(b.clone(), inbound, answer.clone());
    let asker = a.network.clone();
    let asks = (0..1000u32).map(|number| asker.ask(b.peer_id(), number.to_le_bytes().to_vec()));
    let mut outcomes = futures::stream::iter(asks).buffer_unordered(8);
    let mut answered = 0;
    while let Some(found) = timeout(PATIENCE, outcomes.next()).await.unwrap() {
        assert!(found.unwrap() == answer, "answer {answered}");
        answered += 1;
    }
    assert_eq!(answered, 1000);
    for tenth in 1..=100u64 {
        assert_eq!(a.message().await, (b.peer_id(), (10 * tenth).to_le_bytes().to_vec()));
    }
    assert_eq!((a.counters().refused_total(), b.counters().refused_total()), (0, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_sealed_for_a_ceremony_opens_there_and_not_in_the_network() {
    let [alice, bob, guest] = identities();
    let [a, g] = host_and_guest(&alice, &bob, &guest).await;
    let sealed = g.network.seal_in([0x77; 32], b"dealt");
    let opened = p2p::open_in([0x77; 32], [a.id(), g.id()], &sealed, 1024).unwrap();
    assert_eq!((opened.sender, opened.payload.as_slice()), (g.id(), &b"dealt"[..]));
    assert_eq!(g.network.open_sealed(&sealed), Err(Rejection::WrongNetwork));
}
