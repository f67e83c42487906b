//! `BeaconState`: the part of the specs' state that exits, duties, balances and finality depend on.

use super::config::ChainConfig;
use super::registry::{EFFECTIVE_BALANCE_INCREMENT, ValidatorRecord, registry_root};
use super::{interop, merkle};
use crate::Error;
use crypto::spec::{ChainSpec, Checkpoint, Epoch, ForkName, Gwei, Root, Slot, ValidatorIndex};
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// A block header (`BeaconBlockHeader`). Its `body_root` commits to the exits in the block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BlockHeader {
    /// Its slot.
    pub slot: Slot,
    /// Who proposed it.
    pub proposer_index: ValidatorIndex,
    /// The block before.
    pub parent_root: Root,
    /// The state after it.
    pub state_root: Root,
    /// What is in it.
    pub body_root: Root,
}

impl BlockHeader {
    /// `hash_tree_root`: the block's root.
    pub fn root(&self) -> Root {
        let leaves = [
            merkle::number(self.slot.0),
            merkle::number(self.proposer_index.0),
            self.parent_root.0,
            self.state_root.0,
            self.body_root.0,
        ];
        Root(merkle::merkleize(&leaves, 3))
    }
}

/// The state after the block of one slot. There is a block in every slot: a dark validator's proposals are made by
/// the next one that is not.
#[derive(Debug, Clone)]
pub struct BeaconState {
    /// The chain's constants.
    pub spec: Arc<ChainSpec>,
    /// The slot this is the state of.
    pub slot: Slot,
    /// The registry.
    pub validators: Vec<ValidatorRecord>,
    /// Balances, by index.
    pub balances: Vec<Gwei>,
    /// `inactivity_scores`, by index.
    pub inactivity_scores: Vec<u64>,
    /// Who attested in the previous epoch, by index.
    pub previous_participation: Vec<bool>,
    /// Who attested in the current epoch and was included so far, by index.
    pub current_participation: Vec<bool>,
    /// `justification_bits`: of the current epoch and the three before it.
    pub justification_bits: [bool; 4],
    /// `previous_justified_checkpoint`.
    pub previous_justified: Checkpoint,
    /// `current_justified_checkpoint`.
    pub current_justified: Checkpoint,
    /// `finalized_checkpoint`.
    pub finalized: Checkpoint,
    /// Root of the block at the first slot of the previous epoch.
    pub previous_target: Root,
    /// Root of the block at the first slot of the current epoch.
    pub current_target: Root,
    /// Electra's `earliest_exit_epoch`.
    pub earliest_exit_epoch: Epoch,
    /// Electra's `exit_balance_to_consume`.
    pub exit_balance_to_consume: Gwei,
    /// Header of the latest block, complete with its state root.
    pub header: BlockHeader,
}

impl BeaconState {
    /// The state at slot 0: every validator active, every checkpoint zero.
    pub(crate) fn genesis(config: &ChainConfig, genesis_time: u64) -> Result<Self, Error> {
        let balance = config.genesis_balance();
        let validators = (0..config.validators)
            .map(|index| {
                let key = interop::secret_key(index)?.public_key().to_bytes();
                Ok(ValidatorRecord::genesis(key, balance))
            })
            .collect::<Result<Vec<_>, Error>>()?;
        let spec = config.spec(genesis_time, registry_root(&validators))?;
        let count = validators.len();
        let nothing = Checkpoint { epoch: Epoch(0), root: Root([0; 32]) };
        let mut state = Self {
            spec: Arc::new(spec),
            slot: Slot(0),
            validators,
            balances: vec![balance; count],
            inactivity_scores: vec![0; count],
            previous_participation: vec![false; count],
            current_participation: vec![false; count],
            justification_bits: [false; 4],
            previous_justified: nothing,
            current_justified: nothing,
            finalized: nothing,
            previous_target: nothing.root,
            current_target: nothing.root,
            earliest_exit_epoch: Epoch(0),
            exit_balance_to_consume: Gwei(0),
            header: BlockHeader {
                slot: Slot(0),
                proposer_index: ValidatorIndex(0),
                parent_root: nothing.root,
                state_root: nothing.root,
                body_root: nothing.root,
            },
        };
        if state.fork() >= ForkName::Electra {
            state.upgrade_to_electra();
        }
        state.seal_header(nothing.root);
        state.previous_target = state.header.root();
        state.current_target = state.previous_target;
        Ok(state)
    }

    /// `get_current_epoch`.
    pub fn epoch(&self) -> Epoch {
        self.spec.epoch_of(self.slot)
    }

    /// The fork in force.
    pub fn fork(&self) -> ForkName {
        self.spec.forks.at(self.epoch()).name
    }

    /// `get_total_balance` of the active validators for which `counts` holds; at least one increment.
    pub fn active_balance(&self, epoch: Epoch, counts: impl Fn(usize) -> bool) -> Gwei {
        let total = self
            .validators
            .iter()
            .enumerate()
            .filter(|(index, validator)| validator.is_active(epoch) && counts(*index))
            .map(|(_, validator)| validator.effective_balance.0)
            .sum::<u64>();
        Gwei(total.max(EFFECTIVE_BALANCE_INCREMENT.0))
    }

    /// The record of a validator, when there is one.
    pub fn validator(&self, index: ValidatorIndex) -> Option<&ValidatorRecord> {
        self.validators.get(usize::try_from(index.0).ok()?)
    }

    /// Puts the state root into the header of the latest block.
    ///
    /// The root is a SHA-256 commitment to what this state holds and not a full `hash_tree_root`: no client of
    /// the Beacon API can check one against the other.
    pub(crate) fn seal_header(&mut self, body_root: Root) {
        self.header.body_root = body_root;
        let mut hasher = Sha256::new();
        hasher.update(b"devnet state");
        hasher.update(self.slot.0.to_le_bytes());
        hasher.update(self.header.parent_root.0);
        hasher.update(registry_root(&self.validators).0);
        for balance in &self.balances {
            hasher.update(balance.0.to_le_bytes());
        }
        for checkpoint in [self.current_justified, self.finalized] {
            hasher.update(checkpoint.epoch.0.to_le_bytes());
            hasher.update(checkpoint.root.0);
        }
        self.header.state_root = Root(hasher.finalize().into());
    }
}
