//! `Calendar`: slots and epochs as dates.

use crypto::spec::{ChainSpec, Epoch, Slot};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// When slots and epochs begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Calendar {
    genesis: u64,
    seconds_per_slot: u64,
    slots_per_epoch: u64,
}

/// A slot and its date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Moment {
    /// The slot.
    #[schema(value_type = u64, example = 9_876_543)]
    pub slot: Slot,
    /// When it began, Unix seconds.
    #[schema(example = 1_795_000_000)]
    pub at: u64,
}

impl Calendar {
    /// The chain's.
    pub fn of(chain: &ChainSpec) -> Self {
        Self {
            genesis: chain.genesis_time,
            seconds_per_slot: chain.seconds_per_slot.get(),
            slots_per_epoch: chain.slots_per_epoch.get(),
        }
    }

    /// When a slot begins, Unix seconds.
    pub fn at(&self, slot: Slot) -> u64 {
        self.genesis.saturating_add(slot.0.saturating_mul(self.seconds_per_slot))
    }

    /// When an epoch begins, Unix seconds.
    pub fn epoch_at(&self, epoch: Epoch) -> u64 {
        self.at(self.start(epoch))
    }

    /// The epoch a slot lies in.
    pub fn epoch_of(&self, slot: Slot) -> Epoch {
        Epoch(slot.0.checked_div(self.slots_per_epoch).unwrap_or(0))
    }

    /// The first slot of an epoch.
    pub fn start(&self, epoch: Epoch) -> Slot {
        Slot(epoch.0.saturating_mul(self.slots_per_epoch))
    }

    /// A slot with its date.
    pub fn moment(&self, slot: Slot) -> Moment {
        Moment { slot, at: self.at(slot) }
    }

    /// Length of a slot, seconds.
    pub fn seconds_per_slot(&self) -> u64 {
        self.seconds_per_slot
    }

    /// Length of an epoch, seconds.
    pub fn seconds_per_epoch(&self) -> u64 {
        self.seconds_per_slot.saturating_mul(self.slots_per_epoch)
    }
}
