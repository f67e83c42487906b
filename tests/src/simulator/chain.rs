//! `VirtualChain`: slots, finality, attestations, a pool of exits and small reorgs, by the consensus rules that matter.

use crypto::exit::SignedVoluntaryExit;
use crypto::spec::{BlsPubkey, Checkpoint, Epoch, FAR_FUTURE_EPOCH, Gwei, Root, Slot, ValidatorIndex};
use crypto::validator::{Validator, ValidatorStatus};
use guardian_core::event::Liveness;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use std::collections::BTreeMap;
use std::num::NonZeroU64;

/// Seconds of a virtual slot.
pub const SECONDS_PER_SLOT: NonZeroU64 = NonZeroU64::new(12).unwrap();

/// Slots of a virtual epoch.
pub const SLOTS_PER_EPOCH: NonZeroU64 = NonZeroU64::new(4).unwrap();

/// Epochs between the inclusion of an exit and the validator's last duty.
const EXIT_DELAY: u64 = 3;

/// What becomes of a validator's attestations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// Attests in every epoch.
    Live,
    /// Stops at an epoch, for good.
    Dark {
        /// First epoch without an attestation.
        from: Epoch,
    },
    /// Stops and comes back.
    Returns {
        /// First epoch without an attestation.
        from: Epoch,
        /// First epoch with attestations again.
        back: Epoch,
    },
}

impl Fate {
    /// Whether it attests in an epoch.
    pub fn attests_in(self, epoch: Epoch) -> bool {
        match self {
            Self::Live => true,
            Self::Dark { from } => epoch < from,
            Self::Returns { from, back } => epoch < from || epoch >= back,
        }
    }
}

/// One validator of the chain.
#[derive(Debug, Clone)]
pub struct Member {
    /// Its key.
    pub pubkey: BlsPubkey,
    /// What it does.
    pub fate: Fate,
    /// First epoch on duty.
    pub activation: Epoch,
    /// Slot of the block that took its exit.
    pub exited_at: Option<Slot>,
    /// The exit that was taken.
    pub exit: Option<SignedVoluntaryExit>,
}

/// The one chain all beacon nodes follow.
#[derive(Debug)]
pub struct VirtualChain {
    slot: Slot,
    finalized: Epoch,
    /// Epochs at whose starts nothing was finalized.
    stall: Option<(Epoch, Epoch)>,
    members: Vec<Member>,
    pool: BTreeMap<ValidatorIndex, SignedVoluntaryExit>,
    rng: StdRng,
    /// Chance of a slot without a block, and of a block that is reorged away with the exits in it.
    roughness: f64,
}

/// How the pool took an exit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// New.
    Accepted,
    /// Had it, or the validator is leaving.
    AlreadyKnown,
    /// Against the rules.
    Refused,
}

impl VirtualChain {
    /// A chain at slot 0.
    pub fn new(
        seed: u64,
        members: Vec<(BlsPubkey, Fate, Epoch)>,
        stall: Option<(Epoch, Epoch)>,
        roughness: f64,
    ) -> Self {
        let members = members.into_iter().map(|(pubkey, fate, activation)| Member {
            pubkey,
            fate,
            activation,
            exited_at: None,
            exit: None,
        });
        Self {
            slot: Slot(0),
            finalized: Epoch(0),
            stall,
            members: members.collect(),
            pool: BTreeMap::new(),
            rng: StdRng::seed_from_u64(seed),
            roughness,
        }
    }

    /// The current slot.
    pub fn slot(&self) -> Slot {
        self.slot
    }

    /// The current epoch.
    pub fn epoch(&self) -> Epoch {
        self.slot.epoch(SLOTS_PER_EPOCH)
    }

    /// Its validators, by index.
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// Begins a slot: maybe a reorg, maybe a block with what is in the pool, at an epoch's start maybe finality.
    pub fn begin(&mut self, slot: Slot) {
        self.slot = slot;
        if self.rng.random_bool(self.roughness) {
            self.reorg();
        } else if !self.rng.random_bool(self.roughness) {
            for (index, exit) in std::mem::take(&mut self.pool) {
                if let Some(member) = self.member_mut(index) {
                    member.exited_at = Some(slot);
                    member.exit = Some(exit);
                }
            }
        }
        let epoch = self.epoch();
        let stalled = self.stall.is_some_and(|(from, to)| from <= epoch && epoch < to);
        if slot == epoch.start_slot(SLOTS_PER_EPOCH) && !stalled {
            self.finalized = epoch.saturating_sub(2);
        }
    }

    /// The last block goes, and the exits in it are forgotten: not every node puts them back into its pool.
    fn reorg(&mut self) {
        let previous = self.slot.saturating_sub(1);
        let finalized = self.finalized.start_slot(SLOTS_PER_EPOCH);
        for member in &mut self.members {
            if member.exited_at == Some(previous) && previous >= finalized {
                member.exited_at = None;
                member.exit = None;
            }
        }
    }

    /// Offers an exit to the pool. `is_signed` is the caller's word on the signature.
    pub fn post(&mut self, exit: SignedVoluntaryExit, is_signed: bool) -> Taken {
        let (epoch, index) = (self.epoch(), exit.message.validator_index);
        let known = self.pool.contains_key(&index);
        let Some(member) = self.member_mut(index) else { return Taken::Refused };
        if member.exited_at.is_some() || known {
            return Taken::AlreadyKnown;
        }
        if !is_signed || exit.message.epoch > epoch || epoch < member.activation {
            return Taken::Refused;
        }
        self.pool.insert(index, exit);
        Taken::Accepted
    }

    /// The finalized checkpoint.
    pub fn checkpoint(&self) -> Checkpoint {
        let mut root = [0; 32];
        root[..8].copy_from_slice(&self.finalized.0.to_le_bytes());
        Checkpoint { epoch: self.finalized, root: Root(root) }
    }

    /// The validators in the head state.
    pub fn at_head(&self) -> Vec<Validator> {
        self.validators(Slot(u64::MAX), self.epoch())
    }

    /// The validators in the finalized state.
    pub fn at_finalized(&self) -> Vec<Validator> {
        self.validators(self.finalized.start_slot(SLOTS_PER_EPOCH), self.finalized)
    }

    /// Whether the finalized state has this validator leaving.
    pub fn is_finalized_exit(&self, index: ValidatorIndex) -> bool {
        let last = self.finalized.start_slot(SLOTS_PER_EPOCH);
        let member = usize::try_from(index.0).ok().and_then(|place| self.members.get(place));
        member.is_some_and(|member| member.exited_at.is_some_and(|slot| slot <= last))
    }

    /// Who attested in an epoch.
    pub fn liveness(&self, epoch: Epoch) -> Liveness {
        let (live, dark): (Vec<_>, Vec<_>) =
            self.indexed().partition(|(_, member)| member.fate.attests_in(epoch));
        let indices =
            |members: Vec<(ValidatorIndex, &Member)>| members.iter().map(|(index, _)| *index).collect();
        Liveness { epoch, live: indices(live), dark: indices(dark) }
    }

    fn validators(&self, last: Slot, epoch: Epoch) -> Vec<Validator> {
        self.indexed().map(|(index, member)| validator(index, member, last, epoch)).collect()
    }

    fn indexed(&self) -> impl Iterator<Item = (ValidatorIndex, &Member)> {
        (0..).map(ValidatorIndex).zip(&self.members)
    }

    fn member_mut(&mut self, index: ValidatorIndex) -> Option<&mut Member> {
        self.members.get_mut(usize::try_from(index.0).ok()?)
    }
}

/// A validator in a state that has the blocks up to and including slot `last`.
fn validator(index: ValidatorIndex, member: &Member, last: Slot, epoch: Epoch) -> Validator {
    let exit_epoch = member
        .exited_at
        .filter(|slot| *slot <= last)
        .map_or(FAR_FUTURE_EPOCH, |slot| slot.epoch(SLOTS_PER_EPOCH).saturating_add(EXIT_DELAY));
    let status = if epoch < member.activation {
        ValidatorStatus::PendingQueued
    } else if exit_epoch == FAR_FUTURE_EPOCH {
        ValidatorStatus::ActiveOngoing
    } else if epoch < exit_epoch {
        ValidatorStatus::ActiveExiting
    } else {
        ValidatorStatus::ExitedUnslashed
    };
    Validator {
        pubkey: member.pubkey,
        index,
        status,
        balance: Gwei(32_000_000_000),
        effective_balance: Gwei(32_000_000_000),
        slashed: false,
        activation_epoch: member.activation,
        exit_epoch,
        withdrawable_epoch: exit_epoch.saturating_add(if exit_epoch == FAR_FUTURE_EPOCH { 0 } else { 8 }),
    }
}
