//! `Validator` records and what follows from them (consensus-specs `phase0/beacon-chain.md`, "Validator", "Predicates").

use super::merkle::{self, Chunk};
use crypto::spec::{BlsPubkey, Epoch, FAR_FUTURE_EPOCH, Gwei, Root};
use crypto::validator::ValidatorStatus;
use sha2::{Digest, Sha256};

/// `MAX_EFFECTIVE_BALANCE`.
pub const MAX_EFFECTIVE_BALANCE: Gwei = Gwei(32_000_000_000);

/// `EFFECTIVE_BALANCE_INCREMENT`.
pub const EFFECTIVE_BALANCE_INCREMENT: Gwei = Gwei(1_000_000_000);

/// `VALIDATOR_REGISTRY_LIMIT`, as a power of two.
const REGISTRY_DEPTH: u32 = 40;

/// One entry of the registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValidatorRecord {
    /// Its public key.
    pub pubkey: BlsPubkey,
    /// BLS withdrawal credentials of the same key.
    pub withdrawal_credentials: Root,
    /// Stake that counts, in whole increments.
    pub effective_balance: Gwei,
    /// Whether it was slashed.
    pub slashed: bool,
    /// When it became eligible for activation.
    pub activation_eligibility_epoch: Epoch,
    /// First epoch on duty.
    pub activation_epoch: Epoch,
    /// First epoch off duty.
    pub exit_epoch: Epoch,
    /// First epoch its stake may leave.
    pub withdrawable_epoch: Epoch,
}

impl ValidatorRecord {
    /// Active since genesis.
    pub(crate) fn genesis(pubkey: BlsPubkey, effective_balance: Gwei) -> Self {
        let mut withdrawal_credentials: Chunk = Sha256::digest(pubkey.0).into();
        withdrawal_credentials[0] = 0;
        Self {
            pubkey,
            withdrawal_credentials: Root(withdrawal_credentials),
            effective_balance,
            slashed: false,
            activation_eligibility_epoch: Epoch(0),
            activation_epoch: Epoch(0),
            exit_epoch: FAR_FUTURE_EPOCH,
            withdrawable_epoch: FAR_FUTURE_EPOCH,
        }
    }

    /// `is_active_validator`.
    pub fn is_active(&self, epoch: Epoch) -> bool {
        self.activation_epoch <= epoch && epoch < self.exit_epoch
    }

    /// The Beacon API's status at `epoch` (its "Validator status specification").
    pub fn status(&self, epoch: Epoch, balance: Gwei) -> ValidatorStatus {
        if epoch < self.activation_epoch {
            return if self.activation_eligibility_epoch == FAR_FUTURE_EPOCH {
                ValidatorStatus::PendingInitialized
            } else {
                ValidatorStatus::PendingQueued
            };
        }
        if epoch < self.exit_epoch {
            return if self.exit_epoch == FAR_FUTURE_EPOCH {
                ValidatorStatus::ActiveOngoing
            } else if self.slashed {
                ValidatorStatus::ActiveSlashed
            } else {
                ValidatorStatus::ActiveExiting
            };
        }
        if epoch < self.withdrawable_epoch {
            return if self.slashed {
                ValidatorStatus::ExitedSlashed
            } else {
                ValidatorStatus::ExitedUnslashed
            };
        }
        if balance.0 == 0 { ValidatorStatus::WithdrawalDone } else { ValidatorStatus::WithdrawalPossible }
    }

    fn hash_tree_root(&self) -> Chunk {
        let leaves = [
            merkle::bytes(&self.pubkey.0),
            self.withdrawal_credentials.0,
            merkle::number(self.effective_balance.0),
            merkle::number(u64::from(self.slashed)),
            merkle::number(self.activation_eligibility_epoch.0),
            merkle::number(self.activation_epoch.0),
            merkle::number(self.exit_epoch.0),
            merkle::number(self.withdrawable_epoch.0),
        ];
        merkle::merkleize(&leaves, 3)
    }
}

/// `hash_tree_root(state.validators)`; at genesis, the chain's `genesis_validators_root`.
pub fn registry_root(validators: &[ValidatorRecord]) -> Root {
    let leaves: Vec<Chunk> = validators.iter().map(ValidatorRecord::hash_tree_root).collect();
    merkle::list(&leaves, REGISTRY_DEPTH)
}
