//! Custom types of the consensus specs: slots, epochs, roots, versions, domains.
//!
//! Source: consensus-specs, `phase0/beacon-chain.md`, "Custom types" and "Helper functions".

use crate::Error;
use crate::fixed_bytes;
use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// `FAR_FUTURE_EPOCH`: "not scheduled" (phase0, "Constants").
pub const FAR_FUTURE_EPOCH: Epoch = Epoch(u64::MAX);

/// `DOMAIN_VOLUNTARY_EXIT` (phase0, "Domain types").
pub const DOMAIN_VOLUNTARY_EXIT: [u8; 4] = [4, 0, 0, 0];

/// `DOMAIN_DEPOSIT` (phase0, "Domain types").
pub const DOMAIN_DEPOSIT: [u8; 4] = [3, 0, 0, 0];

macro_rules! spec_number {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
            BorshSerialize, BorshDeserialize,
        )]
        #[serde(transparent)]
        pub struct $name(pub u64);

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl $name {
            /// This value plus `n`, stopping at the largest representable one.
            pub const fn saturating_add(self, n: u64) -> Self {
                Self(self.0.saturating_add(n))
            }

            /// This value minus `n`, stopping at zero.
            pub const fn saturating_sub(self, n: u64) -> Self {
                Self(self.0.saturating_sub(n))
            }
        }
    };
}

spec_number!(
    /// A slot number.
    Slot
);
spec_number!(
    /// An epoch number.
    Epoch
);
spec_number!(
    /// A validator's index in the beacon state's registry.
    ValidatorIndex
);
spec_number!(
    /// An amount in Gwei (1e9 wei).
    Gwei
);

impl Slot {
    /// The epoch this slot lies in (`compute_epoch_at_slot`).
    pub const fn epoch(self, slots_per_epoch: std::num::NonZeroU64) -> Epoch {
        Epoch(self.0 / slots_per_epoch.get())
    }
}

impl Epoch {
    /// The first slot of this epoch (`compute_start_slot_at_epoch`), saturating.
    pub const fn start_slot(self, slots_per_epoch: std::num::NonZeroU64) -> Slot {
        Slot(self.0.saturating_mul(slots_per_epoch.get()))
    }
}

fixed_bytes!(
    /// A 32-byte Merkle root (`Root`).
    Root, 32
);
fixed_bytes!(
    /// A 4-byte fork version (`Version`).
    ForkVersion, 4
);
fixed_bytes!(
    /// A 32-byte signature domain (`Domain`).
    Domain, 32
);
fixed_bytes!(
    /// A compressed BLS public key as it travels (`BLSPubkey`). Bytes only: whether it is a point of the
    /// right subgroup is for [`crate::keys::PublicKey`] to say.
    BlsPubkey, 48
);
fixed_bytes!(
    /// A compressed BLS signature as it travels (`BLSSignature`). Bytes only, unchecked.
    BlsSignature, 96
);

/// A finality or justification checkpoint (`Checkpoint`).
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
pub struct Checkpoint {
    /// The epoch of the checkpoint.
    pub epoch: Epoch,
    /// The root of the block at, or last before, the first slot of that epoch.
    pub root: Root,
}

/// The parent of two nodes of a SHA-256 Merkle tree.
pub(crate) fn hash_pair(left: &[u8; 32], right: &[u8; 32]) -> [u8; 32] {
    Sha256::new().chain_update(left).chain_update(right).finalize().into()
}

/// `compute_fork_data_root(current_version, genesis_validators_root)`.
pub fn compute_fork_data_root(version: ForkVersion, genesis_validators_root: Root) -> Root {
    let mut left = [0u8; 32];
    left[..4].copy_from_slice(&version.0);
    Root(hash_pair(&left, &genesis_validators_root.0))
}

/// `compute_domain(domain_type, fork_version, genesis_validators_root)`.
pub fn compute_domain(domain_type: [u8; 4], version: ForkVersion, genesis_validators_root: Root) -> Domain {
    let fork_data_root = compute_fork_data_root(version, genesis_validators_root);
    let mut domain = [0u8; 32];
    domain[..4].copy_from_slice(&domain_type);
    domain[4..].copy_from_slice(&fork_data_root.0[..28]);
    Domain(domain)
}

/// `compute_signing_root` for an object whose `hash_tree_root` is already known.
pub fn compute_signing_root(object_root: Root, domain: Domain) -> Root {
    Root(hash_pair(&object_root.0, &domain.0))
}

/// A fork by the name the consensus specs give it, in the order of activation.
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
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum ForkName {
    Phase0,
    Altair,
    Bellatrix,
    Capella,
    Deneb,
    Electra,
    Fulu,
}

/// One line of a fork schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, BorshSerialize, BorshDeserialize)]
#[serde(deny_unknown_fields)]
pub struct Fork {
    /// Which fork.
    pub name: ForkName,
    /// Its version.
    pub version: ForkVersion,
    /// The first epoch it is in force.
    pub epoch: Epoch,
}

/// What a guardian must know of a beacon chain before it believes a node that says it serves it.
///
/// Source: consensus-specs configs and presets; Beacon API `config/spec` and `beacon/genesis`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, BorshSerialize, BorshDeserialize)]
#[serde(deny_unknown_fields)]
pub struct ChainSpec {
    /// `CONFIG_NAME` or `PRESET_BASE`, for people; not compared.
    pub name: String,
    /// Genesis time, seconds since the Unix epoch.
    pub genesis_time: u64,
    /// `SECONDS_PER_SLOT`.
    pub seconds_per_slot: std::num::NonZeroU64,
    /// `SLOTS_PER_EPOCH`.
    pub slots_per_epoch: std::num::NonZeroU64,
    /// `SHARD_COMMITTEE_PERIOD`: epochs a validator must have been active before it may exit.
    pub shard_committee_period: u64,
    /// Every fork, with the genesis validators root.
    pub forks: ForkSchedule,
}

impl ChainSpec {
    /// The epoch of a slot on this chain.
    pub fn epoch_of(&self, slot: Slot) -> Epoch {
        slot.epoch(self.slots_per_epoch)
    }

    /// The slot that a moment lies in, Unix seconds; slot 0 for moments before genesis.
    pub fn slot_at(&self, timestamp: u64) -> Slot {
        Slot(timestamp.saturating_sub(self.genesis_time) / self.seconds_per_slot)
    }

    /// The first slot of an epoch on this chain.
    pub fn start_slot(&self, epoch: Epoch) -> Slot {
        epoch.start_slot(self.slots_per_epoch)
    }
}

/// The forks of one chain, with its genesis validators root: all that a domain depends on.
///
/// Never empty; begins with Phase0 at epoch 0; names strictly ascend and epochs do not descend.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, BorshSerialize)]
pub struct ForkSchedule {
    genesis_validators_root: Root,
    forks: Vec<Fork>,
}

impl ForkSchedule {
    /// Checks and builds a schedule.
    ///
    /// # Errors
    /// [`Error::ForkSchedule`] when it is empty, does not begin with Phase0 at epoch 0, skips a fork or is out of order.
    pub fn new(genesis_validators_root: Root, forks: Vec<Fork>) -> Result<Self, Error> {
        let first = forks.first().ok_or(Error::ForkSchedule("it is empty"))?;
        if first.name != ForkName::Phase0 || first.epoch != Epoch(0) {
            return Err(Error::ForkSchedule("it must begin with phase0 at epoch 0"));
        }
        for pair in forks.windows(2) {
            if pair[1].name as u8 != pair[0].name as u8 + 1 {
                return Err(Error::ForkSchedule("forks must be listed in order without gaps"));
            }
            if pair[1].epoch < pair[0].epoch {
                return Err(Error::ForkSchedule("a later fork cannot start at an earlier epoch"));
            }
        }
        Ok(Self { genesis_validators_root, forks })
    }

    /// The chain's genesis validators root.
    pub fn genesis_validators_root(&self) -> Root {
        self.genesis_validators_root
    }

    /// `GENESIS_FORK_VERSION`: what deposits are signed for, whatever fork they are made in.
    pub fn genesis_version(&self) -> ForkVersion {
        // Invariant of the constructor: the first fork is Phase0.
        self.forks.first().map_or(ForkVersion([0; 4]), |fork| fork.version)
    }

    /// The forks, ascending.
    pub fn forks(&self) -> &[Fork] {
        &self.forks
    }

    /// The fork in force at `epoch`.
    pub fn at(&self, epoch: Epoch) -> &Fork {
        // Invariant of `new`: the first fork starts at epoch 0, so the search cannot come up empty.
        self.forks.iter().rev().find(|fork| fork.epoch <= epoch).unwrap_or(&self.forks[0])
    }

    /// The fork that `fork` replaced (`state.fork.previous_version` of a state in `fork`); Phase0 replaced itself.
    pub fn before(&self, fork: &Fork) -> &Fork {
        self.forks.iter().rev().find(|earlier| earlier.name < fork.name).unwrap_or(&self.forks[0])
    }

    /// The version of a fork by name, when the schedule has it.
    pub fn version_of(&self, name: ForkName) -> Option<ForkVersion> {
        self.forks.iter().find(|fork| fork.name == name).map(|fork| fork.version)
    }
}

impl BorshDeserialize for ForkSchedule {
    fn deserialize_reader<R: std::io::Read>(reader: &mut R) -> std::io::Result<Self> {
        let (root, forks) = <(Root, Vec<Fork>)>::deserialize_reader(reader)?;
        Self::new(root, forks).map_err(|e| std::io::Error::new(std::io::ErrorKind::InvalidData, e))
    }
}

impl<'de> Deserialize<'de> for ForkSchedule {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Raw {
            genesis_validators_root: Root,
            forks: Vec<Fork>,
        }
        let raw = Raw::deserialize(deserializer)?;
        Self::new(raw.genesis_validators_root, raw.forks).map_err(serde::de::Error::custom)
    }
}
