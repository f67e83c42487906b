//! `ChainConfig`: what kind of chain to run.

use super::registry::MAX_EFFECTIVE_BALANCE;
use crate::Error;
use crypto::spec::{ChainSpec, Epoch, Fork, ForkName, ForkSchedule, ForkVersion, Gwei, Root};
use std::num::NonZeroU64;

/// Most validators an embedded chain may have. A state is copied every slot, so it stays small.
pub const MAX_VALIDATORS: u64 = 4096;

/// Genesis of a chain that is advanced by hand: a fixed moment, so that a test's chain is the same every time.
pub const MANUAL_GENESIS: u64 = 1_700_000_000;

/// What moves a chain forward.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clock {
    /// The wall clock: a slot every `seconds_per_slot`.
    Wall {
        /// Epochs that are already in the past when the chain starts; played through at once. With 4 or more, the
        /// chain is finalizing from its first moment.
        head_start: u64,
    },
    /// Only [`super::Chain::advance_slot`].
    Manual,
}

/// A chain to be started.
#[derive(Debug, Clone)]
pub struct ChainConfig {
    /// `CONFIG_NAME`.
    pub name: String,
    /// How many validators, all active since genesis with 32 ETH each. `1..=`[`MAX_VALIDATORS`].
    pub validators: u64,
    /// `SECONDS_PER_SLOT`.
    pub seconds_per_slot: NonZeroU64,
    /// `SLOTS_PER_EPOCH`; at least 4, so that attestations have time to be included.
    pub slots_per_epoch: NonZeroU64,
    /// `SHARD_COMMITTEE_PERIOD`, epochs.
    pub shard_committee_period: u64,
    /// Forks after Phase0 and the epochs they begin at, in order and without gaps.
    pub forks: Vec<(ForkName, Epoch)>,
    /// What moves it.
    pub clock: Clock,
}

impl Default for ChainConfig {
    /// 16 validators, 1 s slots, 8 slots an epoch, Electra from epoch 2, advanced by hand.
    fn default() -> Self {
        Self {
            name: "devnet".into(),
            validators: 16,
            seconds_per_slot: NonZeroU64::MIN,
            slots_per_epoch: NonZeroU64::MIN.saturating_add(7),
            shard_committee_period: 0,
            forks: vec![
                (ForkName::Altair, Epoch(0)),
                (ForkName::Bellatrix, Epoch(0)),
                (ForkName::Capella, Epoch(0)),
                (ForkName::Deneb, Epoch(1)),
                (ForkName::Electra, Epoch(2)),
            ],
            clock: Clock::Manual,
        }
    }
}

impl ChainConfig {
    /// Drops every fork after `last` from the schedule.
    #[must_use]
    pub fn up_to(mut self, last: ForkName) -> Self {
        self.forks.retain(|(name, _)| *name <= last);
        self
    }

    /// Refuses what cannot run.
    pub(crate) fn check(&self) -> Result<(), Error> {
        if self.validators == 0 || self.validators > MAX_VALIDATORS {
            return Err(Error::Config {
                field: "validators",
                problem: format!("is {}; choose 1 to {MAX_VALIDATORS}", self.validators),
            });
        }
        if self.slots_per_epoch.get() < 4 || self.slots_per_epoch.get() > 64 {
            return Err(Error::Config {
                field: "slots_per_epoch",
                problem: format!("is {}; choose 4 to 64", self.slots_per_epoch),
            });
        }
        if self.seconds_per_slot.get() > 60 {
            return Err(Error::Config {
                field: "seconds_per_slot",
                problem: format!("is {}; choose 1 to 60", self.seconds_per_slot),
            });
        }
        Ok(())
    }

    /// The chain's spec, once genesis is known.
    pub(crate) fn spec(&self, genesis_time: u64, genesis_validators_root: Root) -> Result<ChainSpec, Error> {
        let first = Fork { name: ForkName::Phase0, version: fork_version(ForkName::Phase0), epoch: Epoch(0) };
        let later = self.forks.iter().map(|&(name, epoch)| Fork { name, version: fork_version(name), epoch });
        Ok(ChainSpec {
            name: self.name.clone(),
            genesis_time,
            seconds_per_slot: self.seconds_per_slot,
            slots_per_epoch: self.slots_per_epoch,
            shard_committee_period: self.shard_committee_period,
            forks: ForkSchedule::new(genesis_validators_root, std::iter::once(first).chain(later).collect())?,
        })
    }

    /// Balance of each validator at genesis.
    pub(crate) fn genesis_balance(&self) -> Gwei {
        MAX_EFFECTIVE_BALANCE
    }
}

/// Versions of this chain's forks: the fork's number, then the letters `dev`. No public network has them.
fn fork_version(name: ForkName) -> ForkVersion {
    ForkVersion([name as u8, b'd', b'e', b'v'])
}
