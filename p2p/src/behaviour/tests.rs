use super::*;
use crate::config::{Limits, Peer};
use libp2p::identity::Keypair;

#[test]
fn gossip_accepts_the_settings_for_every_number_of_peers() {
    for peers in [0, 1, 2, 3, 12, 13, 50, 128] {
        let peer =
            || Peer { peer_id: Keypair::generate_secp256k1().public().to_peer_id(), addresses: vec![] };
        let config = Config {
            keypair: Keypair::generate_secp256k1(),
            network: [7; 32],
            listen: vec![],
            peers: (0..peers).map(|_| peer()).collect(),
            limits: Limits::default(),
        };
        assert!(Behaviour::new(&config).is_ok(), "{peers} peers");
    }
}

#[test]
fn the_mesh_is_full_up_to_thirteen_guardians() {
    assert_eq!(Mesh::of(3), Mesh { n: 3, low: 3, high: 3, outbound_min: 0 });
    assert_eq!(Mesh::of(12), Mesh { n: 12, low: 12, high: 12, outbound_min: 0 });
    for peers in 0..200 {
        let mesh = Mesh::of(peers);
        assert!(mesh.outbound_min <= mesh.low && mesh.low <= mesh.n && mesh.n <= mesh.high, "{mesh:?}");
        assert!(mesh.outbound_min * 2 <= mesh.n, "{mesh:?}");
    }
}

#[test]
fn same_bytes_on_another_topic_are_another_message() {
    let message = |network: u8, data: &[u8]| Message {
        source: None,
        data: data.to_vec(),
        sequence_number: None,
        topic: topic::topic(&[network; 32]).hash(),
    };
    assert_eq!(message_id(&message(1, b"a")), message_id(&message(1, b"a")));
    assert_ne!(message_id(&message(1, b"a")), message_id(&message(2, b"a")));
    assert_ne!(message_id(&message(1, b"a")), message_id(&message(1, b"b")));
}
