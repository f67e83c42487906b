//! `VoluntaryExit`: its root, its domain and its signing root.
//!
//! Sources: consensus-specs `phase0/beacon-chain.md` ("VoluntaryExit"), `deneb/beacon-chain.md`
//! ("Modified process_voluntary_exit"), EIP-7044.

use crate::spec::{
    BlsSignature, DOMAIN_VOLUNTARY_EXIT, Domain, Epoch, ForkName, ForkSchedule, ForkVersion, Root,
    ValidatorIndex, compute_domain, compute_signing_root, hash_pair,
};
use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

/// A validator's wish to leave, as the beacon chain knows it (`VoluntaryExit`).
///
/// JSON writes both numbers as decimal strings, as the Beacon API does.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    BorshSerialize,
    BorshDeserialize,
)]
pub struct VoluntaryExit {
    /// The earliest epoch at which the exit may be processed.
    #[serde(with = "quoted")]
    pub epoch: Epoch,
    /// Who leaves.
    #[serde(with = "quoted")]
    pub validator_index: ValidatorIndex,
}

/// A [`VoluntaryExit`] with the validator's signature (`SignedVoluntaryExit`), in Beacon API JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, BorshSerialize, BorshDeserialize)]
pub struct SignedVoluntaryExit {
    /// What was signed.
    pub message: VoluntaryExit,
    /// The BLS signature, 96 bytes compressed.
    pub signature: BlsSignature,
}

impl VoluntaryExit {
    /// `hash_tree_root`: two uint64 leaves.
    pub fn hash_tree_root(&self) -> Root {
        let mut epoch = [0u8; 32];
        let mut index = [0u8; 32];
        epoch[..8].copy_from_slice(&self.epoch.0.to_le_bytes());
        index[..8].copy_from_slice(&self.validator_index.0.to_le_bytes());
        Root(hash_pair(&epoch, &index))
    }

    /// The 32 bytes a validator signs, for a state at epoch `current`.
    pub fn signing_root(&self, schedule: &ForkSchedule, current: Epoch) -> Root {
        compute_signing_root(self.hash_tree_root(), exit_domain(schedule, current, self.epoch))
    }
}

/// The fork version under which a state at epoch `current` checks an exit naming `exit_epoch`.
///
/// From Deneb on it is Capella's, for ever (EIP-7044). Before, `get_domain` applies: the version of the fork
/// before the current one when the exit names an epoch before the current fork, the current one otherwise.
pub fn exit_fork_version(schedule: &ForkSchedule, current: Epoch, exit_epoch: Epoch) -> ForkVersion {
    let fork = schedule.at(current);
    if fork.name >= ForkName::Deneb {
        // Invariant of `ForkSchedule::new`: no gaps, so a schedule with Deneb has Capella.
        return schedule.version_of(ForkName::Capella).unwrap_or(fork.version);
    }
    if exit_epoch < fork.epoch { schedule.before(fork).version } else { fork.version }
}

/// `DOMAIN_VOLUNTARY_EXIT` under [`exit_fork_version`].
pub fn exit_domain(schedule: &ForkSchedule, current: Epoch, exit_epoch: Epoch) -> Domain {
    compute_domain(
        DOMAIN_VOLUNTARY_EXIT,
        exit_fork_version(schedule, current, exit_epoch),
        schedule.genesis_validators_root(),
    )
}

/// Numbers as decimal strings, the way of the Beacon API.
mod quoted {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) trait Number: Copy {
        fn get(self) -> u64;
        fn of(value: u64) -> Self;
    }
    impl Number for crate::spec::Epoch {
        fn get(self) -> u64 {
            self.0
        }
        fn of(value: u64) -> Self {
            Self(value)
        }
    }
    impl Number for crate::spec::ValidatorIndex {
        fn get(self) -> u64 {
            self.0
        }
        fn of(value: u64) -> Self {
            Self(value)
        }
    }

    pub(super) fn serialize<T: Number, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&value.get())
    }

    pub(super) fn deserialize<'de, T: Number, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map(T::of).map_err(|_| D::Error::custom("expected a decimal number in quotes"))
    }
}
