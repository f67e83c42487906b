//! `Frame`: one epoch of observations as they came, each told as its difference from the ones before it.

use super::places::Places;
use super::short::Short;
use borsh::{BorshDeserialize, BorshSerialize};
use crypto::execution::{Address, Block, BlockHash, NodeInfo, Tickets};
use crypto::spec::{BlsPubkey, Epoch, FAR_FUTURE_EPOCH, Gwei, Root, ValidatorIndex};
use crypto::validator::{Validator, ValidatorStatus};
use guardian_core::registration::ScanReport;

/// First byte of every encoded frame: the format it is written in.
const VERSION: u8 = 1;

/// Balances are recorded when they moved by this much, Gwei: 0.01 ETH, about four days of rewards.
pub const GRAIN: u64 = 10_000_000;

/// Everything that was observed from the first slot of an epoch to before the first slot of the next, in order.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Frame {
    /// The epoch.
    pub epoch: Epoch,
    /// In a keyframe: everything that was known before this frame, told to one who knows nothing. Empty when the
    /// guardian started in this epoch.
    pub base: Option<Vec<Sight>>,
    /// What was observed.
    pub sights: Vec<Sight>,
}

impl Frame {
    /// The bytes that go to disk: a version byte, then canonical borsh.
    pub fn encode(&self) -> Vec<u8> {
        // Writing into memory fails nowhere.
        borsh::to_vec(&(VERSION, self)).unwrap_or_default()
    }

    /// Reads what [`Frame::encode`] wrote. None for another version, a truncated or an over-long frame.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let (version, frame) = borsh::from_slice::<(u8, Self)>(bytes).ok()?;
        (version == VERSION).then_some(frame)
    }
}

/// One observation. A [`Short`] step leads from the last number of the same kind.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Sight {
    /// A slot began.
    Slot(Short),
    /// Shares are held of these validators: new keys, and places of known ones.
    Held {
        /// New rows of the table of keys.
        keys: Vec<BlsPubkey>,
        /// Rows of the table of keys, the new ones included.
        named: Places,
    },
    /// The head moved, no validator was asked for. The slot is a step from the current one.
    HeadMoved(Short),
    /// Validators at the head. The slot is a step from the current one.
    Head {
        /// The head's slot.
        slot: Short,
        /// Who is told of.
        named: Places,
        /// Who of them changed, and how.
        changes: Vec<Change>,
    },
    /// A finalized checkpoint and validators in its state.
    Finalized {
        /// Its epoch.
        epoch: Short,
        /// Its root.
        root: Root,
        /// Who is told of.
        named: Places,
        /// Who of them changed, and how.
        changes: Vec<Change>,
    },
    /// Who attested in an epoch, by rows of the table of indices.
    Liveness {
        /// The epoch.
        epoch: Short,
        /// New rows of the table: each a step from the row before it.
        enrolled: Vec<Short>,
        /// Who did.
        live: Places,
        /// Who did not.
        dark: Places,
    },
    /// Health of our beacon nodes.
    Nodes {
        /// Configured.
        total: u16,
        /// Healthy.
        healthy: u16,
        /// Whether they disagree.
        disagree: bool,
    },
    /// Health of our execution nodes; what is wrong with one of them is not recorded.
    Execution {
        /// Configured.
        total: u16,
        /// Healthy.
        healthy: u16,
        /// Whether they disagree.
        disagree: bool,
    },
    /// What the contracts logged.
    Scanned(ScanReport),
    /// Everything up to this block was scanned; what was logged is in the history.
    ScannedUntil(Block),
    /// What the contracts say. Guardians, threshold and ejection balance are not recorded.
    Contracts {
        /// The block; none where it is the last one scanned.
        block: Option<Block>,
        /// `getMinimumVtAmount`.
        minimum_tickets: Tickets,
        /// `getVTPenalty`.
        skip_penalty: Tickets,
        /// Operators' accounts.
        operators: Accounts,
    },
    /// What the contracts say of some operators at the head. The block's hash is not recorded.
    Operators {
        /// The block's number.
        number: Short,
        /// The block's time.
        timestamp: Short,
        /// Operators' accounts.
        operators: Accounts,
    },
    /// The execution chain has another block where it was scanned.
    Diverged {
        /// The block that was scanned.
        scanned: Block,
        /// What is in its place.
        found: BlockHash,
    },
}

/// Operators' accounts that differ from the last ones of the same kind.
#[derive(Debug, Clone, PartialEq, Eq, Default, BorshSerialize, BorshDeserialize)]
pub struct Accounts {
    /// No more told of.
    pub gone: Vec<Address>,
    /// New or changed.
    pub changed: Vec<(Address, NodeInfo)>,
}

/// What changed of one validator.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Change {
    /// A new row of the table of keys, told from what most validators are.
    New(BlsPubkey, Fields),
    /// A known one, told from what was last recorded of it.
    Known(Short, Fields),
}

/// The fields of a validator that differ. Epochs are one more than they are, so that "never" is 0.
#[derive(Debug, Clone, PartialEq, Eq, Default, BorshSerialize, BorshDeserialize)]
pub struct Fields {
    /// Index.
    pub index: Option<Short>,
    /// Status.
    pub status: Option<ValidatorStatus>,
    /// Balance, Gwei, when it moved by [`GRAIN`].
    pub balance: Option<Short>,
    /// Effective balance, Gwei.
    pub effective_balance: Option<Short>,
    /// Whether it was slashed.
    pub slashed: Option<bool>,
    /// Activation, exit and withdrawable epoch, when any of them differs.
    pub epochs: Option<[Short; 3]>,
}

/// A validator as most are: what a new one is told from.
pub(super) fn typical(pubkey: BlsPubkey) -> Validator {
    Validator {
        pubkey,
        index: ValidatorIndex(0),
        status: ValidatorStatus::ActiveOngoing,
        balance: Gwei(32_000_000_000),
        effective_balance: Gwei(32_000_000_000),
        slashed: false,
        activation_epoch: Epoch(0),
        exit_epoch: FAR_FUTURE_EPOCH,
        withdrawable_epoch: FAR_FUTURE_EPOCH,
    }
}

impl Fields {
    /// What of `now` differs from `before`.
    pub fn between(before: &Validator, now: &Validator) -> Self {
        let epochs = |v: &Validator| [v.activation_epoch, v.exit_epoch, v.withdrawable_epoch];
        Self {
            index: (before.index != now.index).then_some(Short(now.index.0)),
            status: (before.status != now.status).then_some(now.status),
            balance: (before.balance.0.abs_diff(now.balance.0) >= GRAIN).then_some(Short(now.balance.0)),
            effective_balance: (before.effective_balance != now.effective_balance)
                .then_some(Short(now.effective_balance.0)),
            slashed: (before.slashed != now.slashed).then_some(now.slashed),
            epochs: (epochs(before) != epochs(now))
                .then(|| epochs(now).map(|epoch| Short(epoch.0.wrapping_add(1)))),
        }
    }

    /// Whether nothing differs.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// `before` with these fields in it.
    pub fn onto(&self, before: Validator) -> Validator {
        let mut now = before;
        if let Some(index) = self.index {
            now.index = ValidatorIndex(index.0);
        }
        now.status = self.status.unwrap_or(now.status);
        if let Some(balance) = self.balance {
            now.balance = Gwei(balance.0);
        }
        if let Some(balance) = self.effective_balance {
            now.effective_balance = Gwei(balance.0);
        }
        now.slashed = self.slashed.unwrap_or(now.slashed);
        if let Some(epochs) = self.epochs {
            let [activation, exit, withdrawable] = epochs.map(|epoch| Epoch(epoch.0.wrapping_sub(1)));
            now.activation_epoch = activation;
            now.exit_epoch = exit;
            now.withdrawable_epoch = withdrawable;
        }
        now
    }
}

#[cfg(test)]
mod tests;
