use super::*;
use libp2p::identity::Keypair;

fn peer(addresses: &[&str]) -> Peer {
    let peer_id = Keypair::generate_secp256k1().public().to_peer_id();
    Peer { peer_id, addresses: addresses.iter().map(|address| address.parse().unwrap()).collect() }
}

fn config(peers: Vec<Peer>) -> Config {
    let listen = vec!["/ip4/0.0.0.0/tcp/9440".parse().unwrap()];
    let keypair = Keypair::generate_secp256k1();
    Config { keypair, network: [1; 32], listen, peers, limits: Limits::default() }
}

fn refusal(config: &Config) -> String {
    config.check().unwrap_err().to_string()
}

#[test]
fn a_usual_configuration_passes() {
    let mut peers = vec![peer(&[]), peer(&["/ip4/10.0.0.2/tcp/9440", "/ip6/::1/tcp/9440"])];
    let with_id = format!("/ip4/10.0.0.3/tcp/9440/p2p/{}", peers[0].peer_id);
    peers[0].addresses.push(with_id.parse().unwrap());
    config(peers).check().unwrap();
    config(vec![]).check().unwrap();
}

#[test]
fn our_own_identity_among_the_peers_is_refused() {
    let mut config = config(vec![peer(&[])]);
    let own = config.keypair.public().to_peer_id();
    config.peers.push(Peer { peer_id: own, addresses: vec![] });
    let refusal = refusal(&config);
    assert!(refusal.contains(&own.to_string()) && refusal.contains("this guardian itself"), "{refusal}");
}

#[test]
fn one_identity_twice_is_refused() {
    let twice = peer(&[]);
    let refusal = refusal(&config(vec![twice.clone(), peer(&[]), twice.clone()]));
    assert!(refusal.contains(&twice.peer_id.to_string()) && refusal.contains("listed twice"), "{refusal}");
}

#[test]
fn too_many_peers_are_refused() {
    let peers = (0..=MAX_PEERS).map(|_| peer(&[])).collect();
    assert_eq!(refusal(&config(peers)), "129 peers exceed the limit of 128");
}

#[test]
fn a_peer_id_without_our_kind_of_key_is_refused() {
    let stranger = Peer { peer_id: PeerId::random(), addresses: vec![] };
    let refusal = refusal(&config(vec![stranger.clone()]));
    assert!(refusal.contains(&stranger.peer_id.to_string()) && refusal.contains("no secp256k1"), "{refusal}");
}

#[test]
fn addresses_that_cannot_be_dialled_are_refused_by_name() {
    let other = peer(&[]).peer_id;
    let other = format!("/ip4/10.0.0.1/tcp/1/p2p/{other}");
    for (address, hint) in [
        ("/dns4/alice.example/tcp/9440", "names are not resolved"),
        ("/ip4/10.0.0.1/udp/9440/quic-v1", "is not /ip4|ip6/ADDRESS/tcp/PORT"),
        ("/ip4/10.0.0.1", "is not /ip4|ip6/ADDRESS/tcp/PORT"),
        ("/ip4/10.0.0.1/tcp/1/ws", "is not /ip4|ip6/ADDRESS/tcp/PORT"),
        (other.as_str(), "another peer's id"),
    ] {
        let refusal = refusal(&config(vec![peer(&[address])]));
        assert!(refusal.contains(address) && refusal.contains(hint), "{refusal}");
    }
    let mut config = config(vec![]);
    config.listen = vec!["/dns4/alice.example/tcp/9440".parse().unwrap()];
    assert!(refusal(&config).contains("alice.example"));
}

#[test]
fn an_identity_of_another_kind_is_refused() {
    // An Ed25519 identity: its protobuf header, then secret and public key of RFC 8032, test 1.
    let secret = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
    let public = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
    let bytes = hex::decode(format!("08011240{secret}{public}")).unwrap();
    let keypair = Keypair::from_protobuf_encoding(&bytes).unwrap();
    let refusal = refusal(&Config { keypair, ..config(vec![]) });
    assert!(refusal.contains("Ed25519") && refusal.contains("secp256k1"), "{refusal}");
}

#[test]
fn limits_that_cannot_work_are_refused_by_field() {
    type Change = fn(&mut Limits);
    let cases: [(&str, Change); 13] = [
        ("limits.max_transmit", |limits| limits.max_payload = 64 * 1024),
        ("limits.max_payload", |limits| limits.max_payload = usize::MAX),
        ("limits.max_age", |limits| limits.max_age = Duration::from_secs(270)),
        ("limits.redial_min", |limits| limits.redial_min = Duration::ZERO),
        ("limits.redial_max", |limits| limits.redial_max = Duration::MAX),
        ("limits.catch_up_bytes", |limits| limits.catch_up_bytes = 48 * 1024),
        ("limits.inbound_queue", |limits| limits.inbound_queue = 0),
        ("limits.penalty_half_life", |limits| limits.penalty_half_life = Duration::ZERO),
        ("limits.messages_per_second", |limits| limits.messages_per_second = 0),
        ("limits.max_request", |limits| limits.max_request = usize::MAX),
        ("limits.max_answer", |limits| limits.max_answer = 0),
        ("limits.ask_timeout", |limits| limits.ask_timeout = Duration::MAX),
        ("limits.asks_outstanding", |limits| limits.asks_outstanding = 0),
    ];
    for (field, change) in cases {
        let mut config = config(vec![]);
        change(&mut config.limits);
        assert!(refusal(&config).starts_with(field), "{field}: {}", refusal(&config));
    }
}
