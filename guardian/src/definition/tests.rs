use super::*;
use crypto::custody::CustodySecretKey;
use crypto::execution::{Address, BlockNumber};
use crypto::spec::{ChainSpec, Epoch, Fork, ForkName, ForkSchedule, ForkVersion, Root};
use crypto::threshold::Threshold;
use guardian_core::contracts::{Contracts, Profile};
use guardian_core::emergency::EmergencyRules;
use guardian_core::guardian_set::{GuardianSet, GuardianSetEpoch};
use guardian_core::policy::{Caps, Enforcement, OfflineRule, Policy};
use p2p::identity::Keypair;
use rand::SeedableRng;
use std::num::NonZeroU64;

/// A valid definition of `n` members that sign at `t`, and the members' custody keys. The same for the same seed.
pub(crate) fn network(t: u16, n: u16, seed: u64) -> (NetworkDefinition, Vec<CustodySecretKey>) {
    let mut rng = rand::rngs::StdRng::seed_from_u64(seed);
    let keys: Vec<_> = (0..n).map(|_| CustodySecretKey::generate(&mut rng)).collect();
    let members = (1..)
        .zip(&keys)
        .map(|(index, key)| Member {
            index: GuardianIndex(index),
            name: format!("guardian-{index}"),
            peer_id: Keypair::generate_secp256k1().public().to_peer_id().to_string(),
            addresses: vec![format!("/ip4/127.0.0.1/tcp/{}", 9000 + index)],
            custody_key: key.public_key().to_string(),
            account: None,
        })
        .collect();
    let fork =
        |name, version, epoch| Fork { name, version: ForkVersion([version, 0, 0, 1]), epoch: Epoch(epoch) };
    let forks = vec![fork(ForkName::Phase0, 0, 0), fork(ForkName::Altair, 1, 3)];
    let definition = NetworkDefinition {
        name: "testnet".into(),
        chain: ChainSpec {
            name: "minimal".into(),
            genesis_time: 1_700_000_000,
            seconds_per_slot: NonZeroU64::new(12).unwrap(),
            slots_per_epoch: NonZeroU64::new(32).unwrap(),
            shard_committee_period: 256,
            forks: ForkSchedule::new(Root([3; 32]), forks).unwrap(),
        },
        guardian_set: GuardianSet {
            epoch: GuardianSetEpoch(1),
            threshold: Threshold::new(t, n).unwrap(),
            members,
        },
        contracts: None,
        policy: Policy::offline_only(
            OfflineRule { enforcement: Enforcement::Enforce, epochs: 4, tolerance: 1 },
            64,
        ),
        caps: Caps::new(4, 16),
        emergency: EmergencyRules::default(),
    };
    (definition, keys)
}

/// Contracts of a chain for tests.
pub(crate) fn contracts() -> Contracts {
    Contracts {
        profile: Profile::V1,
        chain_id: 31_337,
        protocol: Address([0xaa; 20]),
        guardian_module: Address([0xbb; 20]),
        deployed: BlockNumber(3),
        exit_proposals: Some(Address([0xcc; 20])),
    }
}

/// As [`network`], acting on [`contracts`]: every member has an account.
pub(crate) fn network_with_contracts(
    t: u16,
    n: u16,
    seed: u64,
) -> (NetworkDefinition, Vec<CustodySecretKey>) {
    let (mut definition, keys) = network(t, n, seed);
    definition.contracts = Some(contracts());
    definition.policy = Policy { vote_window: 64, ..Policy::puffer() };
    for (number, member) in (1u8..).zip(&mut definition.guardian_set.members) {
        member.account = Some(Address([number; 20]));
    }
    (definition, keys)
}

#[test]
fn a_definition_with_contracts_survives_its_file_and_explains_itself() {
    let (definition, _) = network_with_contracts(3, 4, 7);
    let text = render_definition(&definition, Path::new("network.toml")).unwrap();
    assert_eq!(reload(&text).unwrap(), definition);
    for (line, remark) in REMARKS {
        assert!(text.contains(&format!("\n{remark}\n{line}\n")), "{line} in {text}");
    }
    let refused = reload(&text.replacen("\naccount", "\n# account", 1)).unwrap_err();
    assert!(refused.contains("member 1 (guardian-1): `account` is missing"), "{refused}");
    let refused = reload(&text.replacen("protocol = \"0xaa", "protocol = \"0x", 1)).unwrap_err();
    assert!(refused.contains("network.toml") && refused.contains("Address must be 20 bytes"), "{refused}");
}

fn reload(text: &str) -> Result<NetworkDefinition, String> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("network.toml");
    std::fs::write(&path, text).unwrap();
    load(&path).map_err(|e| e.to_string())
}

#[test]
fn a_definition_survives_its_file_with_its_id() {
    let (definition, _) = network(3, 4, 1);
    let text = render_definition(&definition, Path::new("network.toml")).unwrap();
    let again = reload(&text).unwrap();
    assert_eq!(again, definition);
    assert_eq!(again.id(), definition.id());
    // Comments and layout are no part of the id.
    assert_eq!(reload(&text.replace('#', "# #")).unwrap().id(), definition.id());
    let other = reload(&text.replace("epochs = 4", "epochs = 5")).unwrap();
    assert_ne!(other.id(), definition.id());
}

#[test]
fn what_cannot_be_is_refused_by_name() {
    let (definition, _) = network(2, 3, 2);
    let text = render_definition(&definition, Path::new("network.toml")).unwrap();
    let peer_id = &definition.guardian_set.members[1].peer_id;
    let custody_key = &definition.guardian_set.members[1].custody_key;
    let off_curve = format!("0x04{}", "11".repeat(64));
    let cases: &[(&str, &str, &[&str])] = &[
        ("vote_window", "vote_windo", &["unknown key `vote_windo`", "did you mean `vote_window`?"]),
        ("t = 2", "t = 4", &["threshold 4 of 3 is impossible"]),
        (peer_id, "abc", &["member 2 (guardian-2)", "`peer_id` is no PeerId"]),
        (custody_key, &off_curve, &["member 2 (guardian-2)", "`custody_key`", "copy it from"]),
        ("/ip4/127.0.0.1/tcp/9002", "/ip4/127.0.0.1/tcpp/9002", &["member 2", "is no multiaddr"]),
        (
            "/ip4/127.0.0.1/tcp/9002",
            "/dns4/b.example/tcp/9002",
            &["member 2", "is a host name", "IP address only"],
        ),
        ("[\"/ip4/127.0.0.1/tcp/9003\"]", "[]", &["member 3", "`addresses` is empty"]),
        ("max_dark_percent = 34", "max_dark_percent = 0", &["caps.max_dark_percent", "1 to 100"]),
        ("seconds_per_slot = 12", "seconds_per_slot = 0", &["seconds_per_slot = 0"]),
        ("name = \"altair\"", "name = \"altaire\"", &["unknown variant `altaire`"]),
    ];
    for (from, to, expected) in cases {
        assert!(text.contains(from), "{from} not in {text}");
        let refused = reload(&text.replacen(from, to, 1)).expect_err(to);
        for part in *expected {
            assert!(refused.contains(part), "{to}: expected {part:?} in {refused:?}");
        }
    }
}

#[test]
fn members_are_found_by_their_identity() {
    let (definition, _) = network(2, 3, 3);
    let third = &definition.guardian_set.members[2];
    assert_eq!(member_by_peer_id(&definition, third.peer_id.parse().unwrap()).unwrap(), third);
    let stranger = Keypair::generate_secp256k1().public().to_peer_id();
    let refused = member_by_peer_id(&definition, stranger).unwrap_err().to_string();
    assert!(refused.contains(&stranger.to_string()) && refused.contains("keys.identity"), "{refused}");
}

#[test]
fn cards_survive_their_file() {
    let (definition, _) = network(1, 1, 4);
    let member = definition.guardian_set.members[0].clone();
    let card = MemberCard {
        name: member.name.clone(),
        peer_id: member.peer_id.clone(),
        addresses: member.addresses.clone(),
        custody_key: member.custody_key.clone(),
        account: member.account,
    };
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("member.toml");
    std::fs::write(&path, card.render(&path).unwrap()).unwrap();
    let again = MemberCard::load(&path).unwrap();
    assert_eq!(again, card);
    assert_eq!(again.into_member(GuardianIndex(1)), member);
    std::fs::write(&path, "name = \"a\"\n").unwrap();
    assert!(MemberCard::load(&path).unwrap_err().to_string().contains("missing field `peer_id`"));
}
