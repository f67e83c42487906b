//! Orders can be made by the core alone, so the tests let a network of one guardian decide.

use super::{HeldShare, Refusal, Signer};
use crypto::keys::{PublicKeySet, SecretKey, SecretKeyShare};
use crypto::partial::verify_partial;
use crypto::spec::{
    ChainSpec, Checkpoint, Epoch, FAR_FUTURE_EPOCH, Fork, ForkName, ForkSchedule, ForkVersion, Gwei, Root,
    Slot, ValidatorIndex,
};
use crypto::threshold::{ShareIndex, Threshold};
use crypto::validator::{Validator, ValidatorStatus};
use guardian_core::command::ReleaseOrder;
use guardian_core::emergency::EmergencyRules;
use guardian_core::event::{Custody, Liveness, NodeHealth};
use guardian_core::guardian_set::{GuardianIndex, GuardianSet, GuardianSetEpoch, Member, NetworkDefinition};
use guardian_core::message::{Envelope, Message};
use guardian_core::policy::{Caps, Enforcement, OfflineRule, Policy};
use guardian_core::{Command, Event, Guardian};
use std::collections::VecDeque;
use std::num::NonZeroU64;

const ME: GuardianIndex = GuardianIndex(1);
const VALIDATOR: ValidatorIndex = ValidatorIndex(7);

fn forks(root: u8, names: &[(ForkName, u64)]) -> ForkSchedule {
    let forks = names
        .iter()
        .map(|&(name, epoch)| Fork { name, version: ForkVersion([name as u8, 0, 0, 1]), epoch: Epoch(epoch) })
        .collect();
    ForkSchedule::new(Root([root; 32]), forks).unwrap()
}

fn deneb() -> ForkSchedule {
    use ForkName::{Altair, Bellatrix, Capella, Deneb, Phase0};
    forks(9, &[(Phase0, 0), (Altair, 0), (Bellatrix, 0), (Capella, 0), (Deneb, 0)])
}

fn definition(forks: ForkSchedule) -> NetworkDefinition {
    NetworkDefinition {
        name: "one".to_owned(),
        chain: ChainSpec {
            name: "minimal".to_owned(),
            genesis_time: 0,
            seconds_per_slot: NonZeroU64::MIN,
            slots_per_epoch: NonZeroU64::new(8).unwrap(),
            shard_committee_period: 0,
            forks,
        },
        guardian_set: GuardianSet {
            epoch: GuardianSetEpoch(0),
            threshold: Threshold::new(1, 1).unwrap(),
            members: vec![Member {
                index: ME,
                name: "alice".to_owned(),
                peer_id: "16Uiu2HAm".to_owned(),
                addresses: vec!["/ip4/127.0.0.1/tcp/1".to_owned()],
                custody_key: format!("04{}", "11".repeat(64)),
                account: None,
            }],
        },
        contracts: None,
        policy: Policy::offline_only(
            OfflineRule { enforcement: Enforcement::Enforce, epochs: 3, tolerance: 1 },
            64,
        ),
        caps: Caps { max_dark_percent: 100, ..Caps::new(4, 4) },
        emergency: EmergencyRules::default(),
    }
}

fn key() -> (PublicKeySet, SecretKeyShare) {
    let (key_set, mut shares) =
        SecretKey::generate(&mut rand::rng()).split(Threshold::new(1, 1).unwrap(), &mut rand::rng());
    (key_set, shares.remove(0))
}

/// Lets a network of one see a dark validator, until it orders the release of its exit.
fn order(forks: ForkSchedule, key_set: &PublicKeySet) -> ReleaseOrder {
    let mut guardian = Guardian::new(definition(forks), ME).unwrap();
    let validator = Validator {
        pubkey: key_set.public_key(),
        index: VALIDATOR,
        status: ValidatorStatus::ActiveOngoing,
        balance: Gwei(32),
        effective_balance: Gwei(32),
        slashed: false,
        activation_epoch: Epoch(0),
        exit_epoch: FAR_FUTURE_EPOCH,
        withdrawable_epoch: FAR_FUTURE_EPOCH,
    };
    let index = ShareIndex::new(1).unwrap();
    let custody = Custody { pubkey: key_set.public_key(), key_set: key_set.clone(), index };
    let mut events = VecDeque::from([
        Event::CustodyLoaded(vec![custody]),
        Event::NodesObserved(NodeHealth { total: 1, healthy: 1, disagree: false }),
    ]);
    for epoch in 0..12u64 {
        for slot in 0..8 {
            events.push_back(Event::SlotStarted(Slot(epoch * 8 + slot)));
        }
        let slot = Slot(epoch * 8 + 7);
        events.push_back(Event::HeadObserved { slot, validators: vec![validator] });
        let (live, dark) = if epoch < 2 { (vec![VALIDATOR], vec![]) } else { (vec![], vec![VALIDATOR]) };
        events.push_back(Event::LivenessObserved(Liveness { epoch: Epoch(epoch), live, dark }));
        let checkpoint = Checkpoint { epoch: Epoch(epoch.saturating_sub(1)), root: Root([3; 32]) };
        events.push_back(Event::FinalizedObserved { checkpoint, validators: vec![validator] });
    }
    while let Some(event) = events.pop_front() {
        for command in guardian.handle(event).into_iter().rev() {
            match command {
                Command::SignExit(order) => return order,
                Command::Broadcast(Message::Certificate(_)) => {}
                Command::Broadcast(message) => {
                    let envelope = Envelope(vec![1]);
                    events.push_front(Event::MessageReceived { from: ME, message, envelope });
                }
                _ => {}
            }
        }
    }
    panic!("the network of one never ordered a release");
}

fn signer(key_set: &PublicKeySet, share: SecretKeyShare, forks: ForkSchedule) -> Signer {
    Signer::new([HeldShare { key_set: key_set.clone(), share }], forks).unwrap()
}

#[test]
fn an_order_is_signed_with_the_share_it_is_for() {
    let (key_set, share) = key();
    let order = order(deneb(), &key_set);
    let signer = signer(&key_set, share, deneb());
    let partial = signer.sign(&order).unwrap();
    assert_eq!(partial.proposal, order.proposal());
    assert!(verify_partial(&key_set.public_share(partial.index), order.signing_root(), &partial.signature));
    assert_eq!(signer.sign(&order).unwrap(), partial, "the same order gives the same bytes");
    assert_eq!(signer.custody()[0].pubkey, key_set.public_key());
}

#[test]
fn an_order_for_a_validator_without_a_share_is_refused() {
    let (ordered, _) = key();
    let (held, share) = key();
    let signer = signer(&held, share, deneb());
    assert_eq!(signer.sign(&order(deneb(), &ordered)), Err(Refusal::NoShare(ordered.public_key())));
}

#[test]
fn an_order_for_another_split_of_the_key_is_refused() {
    let secret = SecretKey::generate(&mut rand::rng());
    // With one share of one any split is the same.
    let split = |t, n| secret.split(Threshold::new(t, n).unwrap(), &mut rand::rng());
    let ((ordered, _), (held, mut shares)) = (split(2, 3), split(1, 1));
    assert_eq!(ordered.public_key(), held.public_key());
    let signer = signer(&held, shares.remove(0), deneb());
    assert_eq!(signer.sign(&order(deneb(), &ordered)), Err(Refusal::OtherSplit(held.public_key())));
}

#[test]
fn a_root_of_another_chain_is_refused() {
    let (key_set, share) = key();
    let order = order(deneb(), &key_set);
    use ForkName::{Altair, Bellatrix, Capella, Deneb, Phase0};
    let elsewhere = forks(8, &[(Phase0, 0), (Altair, 0), (Bellatrix, 0), (Capella, 0), (Deneb, 0)]);
    let signer = signer(&key_set, share, elsewhere);
    let refusal = Refusal::WrongRoot { ordered: order.signing_root(), exit: order.exit() };
    assert_eq!(signer.sign(&order), Err(refusal));
}

#[test]
fn before_deneb_the_fork_of_the_exit_epoch_counts() {
    let (key_set, share) = key();
    use ForkName::{Altair, Bellatrix, Capella, Phase0};
    let schedule = forks(9, &[(Phase0, 0), (Altair, 1), (Bellatrix, 2), (Capella, 3)]);
    let order = order(schedule.clone(), &key_set);
    assert!(signer(&key_set, share, schedule).sign(&order).is_ok());
}

#[test]
fn a_share_that_does_not_belong_to_its_key_set_is_no_share() {
    let (key_set, _) = key();
    let (_, foreign) = key();
    let held = HeldShare { key_set, share: foreign };
    assert!(matches!(Signer::new([held], deneb()), Err(crypto::Error::ForeignShare { .. })));
}

#[test]
fn from_deneb_on_an_exit_has_one_root() {
    let exit = crypto::exit::VoluntaryExit { epoch: Epoch(5), validator_index: VALIDATOR };
    let mut roots: Vec<_> = super::acceptable_roots(&deneb(), exit).collect();
    roots.dedup();
    assert_eq!(roots.len(), 1);
    use ForkName::{Altair, Bellatrix, Capella, Deneb, Phase0};
    let ahead = forks(9, &[(Phase0, 0), (Altair, 1), (Bellatrix, 2), (Capella, 6), (Deneb, 9)]);
    // Now Bellatrix; after Capella still Bellatrix, which is then the previous fork; from Deneb on Capella.
    let roots: Vec<_> = super::acceptable_roots(&ahead, exit).collect();
    assert_eq!(roots.len(), 3);
    assert_eq!(roots[0], roots[1]);
    assert_ne!(roots[1], roots[2]);
}

/// What the custodian hands over while the signer runs: a new validator, another split of one that was held, and what no
/// custodian would hand over.
#[test]
fn shares_that_come_later_are_held_in_the_place_of_earlier_ones() {
    let secret = SecretKey::generate(&mut rand::rng());
    let split = || {
        let (key_set, mut shares) = secret.split(Threshold::new(1, 2).unwrap(), &mut rand::rng());
        (key_set, shares.remove(0))
    };
    let ((first, first_share), (second, second_share)) = (split(), split());
    let mut signer = signer(&first, first_share, deneb());
    let (other, other_share) = key();
    let (foreign, _) = key();
    let (_, stray) = key();
    signer.hold(vec![
        HeldShare { key_set: second.clone(), share: second_share },
        HeldShare { key_set: other.clone(), share: other_share },
        HeldShare { key_set: foreign, share: stray },
    ]);
    let mut expected = [second.id(), other.id()];
    let mut held: Vec<_> = signer.custody().iter().map(|custody| custody.key_set.id()).collect();
    expected.sort();
    held.sort();
    assert_eq!(held, expected);
    let order = order(deneb(), &other);
    let partial = signer.sign(&order).unwrap();
    assert!(verify_partial(&other.public_share(partial.index), order.signing_root(), &partial.signature));
}
