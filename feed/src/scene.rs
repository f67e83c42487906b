//! A network for tests: four guardians, three of which must agree, with all their keys.

pub(crate) mod log;
pub(crate) mod records;
pub(crate) mod roots;

use crate::key::{FeedKey, KeyBinding};
use crate::note::Keys;
use crypto::envelope::Sealer;
use crypto::group_key::{
    self, GroupKeySet, GroupPublicKey, GroupShare, GroupSignature, SigningPackage, aggregate, commit,
};
use crypto::peer_id::peer_id;
use crypto::spec::{ChainSpec, Epoch, Fork, ForkName, ForkSchedule, ForkVersion, Root};
use crypto::threshold::{ShareIndex, Threshold};
use guardian_core::emergency::EmergencyRules;
use guardian_core::guardian_set::{GuardianIndex, GuardianSet, GuardianSetEpoch, Member, NetworkDefinition};
use guardian_core::policy::{Caps, Enforcement, OfflineRule, Policy};
use rand::SeedableRng;
use rand::rngs::StdRng;
use std::collections::BTreeMap;
use std::num::NonZeroU64;

/// When everything in the scene happens, unix seconds.
pub(crate) const NOW: u64 = 1_700_000_000;

/// The identity of a guardian.
pub(crate) fn identity(guardian: u16) -> Sealer {
    let mut secret = [0; 32];
    secret[31] = u8::try_from(guardian).unwrap();
    Sealer::new(&secret).unwrap()
}

/// The feed key of a guardian.
pub(crate) fn feed_key(guardian: u16) -> FeedKey {
    FeedKey::from_seed([u8::try_from(guardian).unwrap(); 32])
}

pub(crate) fn binding(guardian: u16) -> KeyBinding {
    KeyBinding::seal(definition().id(), &identity(guardian), &feed_key(guardian).public(), NOW)
}

/// The keys of all four.
pub(crate) fn keys() -> Keys {
    let bindings: Vec<_> = (1..=4).map(|guardian| (GuardianIndex(guardian), binding(guardian))).collect();
    let pairs = bindings.iter().map(|(guardian, binding)| (*guardian, binding));
    Keys::bound(&definition(), pairs, None).unwrap()
}

pub(crate) fn definition() -> NetworkDefinition {
    let fork = |name, number| Fork { name, version: ForkVersion([number, 0, 0, 1]), epoch: Epoch(0) };
    let forks = vec![
        fork(ForkName::Phase0, 0),
        fork(ForkName::Altair, 1),
        fork(ForkName::Bellatrix, 2),
        fork(ForkName::Capella, 3),
        fork(ForkName::Deneb, 4),
    ];
    let member = |(number, name): (u16, &str)| Member {
        index: GuardianIndex(number),
        name: name.to_owned(),
        peer_id: peer_id(&identity(number).public()),
        addresses: vec![format!("/ip4/10.0.0.{number}/tcp/9440")],
        custody_key: format!("04{}", format!("{number:02x}").repeat(64)),
        account: None,
    };
    let definition = NetworkDefinition {
        name: "scene".to_owned(),
        chain: ChainSpec {
            name: "small".to_owned(),
            genesis_time: 1_600_000_000,
            seconds_per_slot: NonZeroU64::new(12).unwrap(),
            slots_per_epoch: NonZeroU64::new(4).unwrap(),
            shard_committee_period: 2,
            forks: ForkSchedule::new(Root([7; 32]), forks).unwrap(),
        },
        guardian_set: GuardianSet {
            epoch: GuardianSetEpoch(0),
            threshold: Threshold::new(3, 4).unwrap(),
            members: [(1, "alice"), (2, "bob"), (3, "carol"), (4, "dave")].map(member).to_vec(),
        },
        contracts: None,
        policy: Policy::offline_only(
            OfflineRule { enforcement: Enforcement::Enforce, epochs: 3, tolerance: 1 },
            8,
        ),
        caps: Caps { max_dark_percent: 50, max_head_lag: 1_000, ..Caps::new(1, 3) },
        emergency: EmergencyRules::default(),
    };
    definition.validate().unwrap();
    definition
}

/// The network's own key, which one guardian could sign with: nobody can tell from a signature.
pub(crate) fn group_key() -> GroupPublicKey {
    GroupPublicKey::from_bytes(&identity(99).public()).unwrap()
}

/// A signature of 32 bytes by [`group_key`].
pub(crate) fn group_signature(message: [u8; 32]) -> GroupSignature {
    let mut rng = StdRng::seed_from_u64(1);
    let mut secret = [0; 32];
    secret[31] = 99;
    let index = ShareIndex::new(1).unwrap();
    let set = GroupKeySet::from_bytes(Threshold::new(1, 4).unwrap(), &group_key().to_bytes()).unwrap();
    let share = GroupShare::from_bytes(index, &secret).unwrap();
    let (nonces, commitments) = commit(&share, &mut rng);
    let package = SigningPackage::new(message, [(index, commitments)]).unwrap();
    let shares = BTreeMap::from([(index, group_key::sign(&share, &set, nonces, &package).unwrap())]);
    aggregate(&set, &package, &shares).unwrap()
}
