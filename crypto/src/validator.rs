//! A validator as the Beacon API reports it: registry entry, balance and status.
//!
//! Sources: consensus-specs `phase0/beacon-chain.md` ("Validator"); Beacon API
//! `/eth/v1/beacon/states/{state_id}/validators` and its status page.

use crate::spec::{BlsPubkey, Epoch, FAR_FUTURE_EPOCH, Gwei, ValidatorIndex};
use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

/// Where a validator stands in its life, by the Beacon API's names.
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
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum ValidatorStatus {
    PendingInitialized,
    PendingQueued,
    ActiveOngoing,
    ActiveExiting,
    ActiveSlashed,
    ExitedUnslashed,
    ExitedSlashed,
    WithdrawalPossible,
    WithdrawalDone,
}

impl ValidatorStatus {
    /// On duty: attestations are expected of it.
    pub fn is_active(self) -> bool {
        matches!(self, Self::ActiveOngoing | Self::ActiveExiting | Self::ActiveSlashed)
    }
}

/// One validator in one beacon state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, BorshSerialize, BorshDeserialize)]
pub struct Validator {
    /// Its public key.
    pub pubkey: BlsPubkey,
    /// Its place in the registry.
    pub index: ValidatorIndex,
    /// Its status in that state.
    pub status: ValidatorStatus,
    /// Its balance in that state.
    pub balance: Gwei,
    /// Its effective balance in that state.
    pub effective_balance: Gwei,
    /// Whether it was slashed.
    pub slashed: bool,
    /// First epoch on duty, or `FAR_FUTURE_EPOCH`.
    pub activation_epoch: Epoch,
    /// First epoch off duty, or `FAR_FUTURE_EPOCH`.
    pub exit_epoch: Epoch,
    /// First epoch its stake may leave, or `FAR_FUTURE_EPOCH`.
    pub withdrawable_epoch: Epoch,
}

impl Validator {
    /// Whether an exit, voluntary or forced by a slashing, is already scheduled.
    pub fn is_exiting(&self) -> bool {
        self.exit_epoch != FAR_FUTURE_EPOCH
    }
}
