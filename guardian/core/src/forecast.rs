//! `Forecast`: whom an emergency hits, what it costs and which bounds it meets, as this guardian sees it now. Changes
//! nothing.

use crate::emergency::{Refusal, Severity};
use crate::proposal::ProposalId;
use crate::status::Hold;
use crypto::execution::{Address, Tickets};
use crypto::spec::{BlsPubkey, Epoch, Gwei, Slot, ValidatorIndex};
use serde::{Deserialize, Serialize};

/// What an emergency would do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Forecast {
    /// Its id, if it were raised now.
    pub emergency: ProposalId,
    /// How urgent.
    pub severity: Severity,
    /// First slot at which it can be certified.
    pub certifiable_from: Slot,
    /// First slot after its life.
    pub expires: Slot,
    /// Whom it hits, in the order of their indices.
    pub targets: Vec<Target>,
    /// How many of them would leave.
    pub leaving: u64,
    /// Stake that would leave, Gwei.
    pub stake: Gwei,
    /// Tickets that the contracts would burn for them, as far as we know their operators' accounts.
    pub tickets: Tickets,
    /// What their bonds would have to make good because balances are below 32 ETH, Gwei.
    pub bond: Gwei,
    /// First epoch in which the last of them could be released under the caps, if everything else goes on as today.
    pub last_release: Epoch,
    /// Whether that is before it expires.
    pub fits: bool,
    /// Estimated first epoch in which the last of them is off duty; the withdrawal comes 256 epochs later.
    pub last_exit: Epoch,
    /// The bounds it meets, most pressing first.
    pub bounds: Vec<Bound>,
}

/// One validator of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// Which.
    pub index: ValidatorIndex,
    /// Its key, if our nodes know it.
    pub pubkey: Option<BlsPubkey>,
    /// Its node operator, if it came through the contracts.
    pub operator: Option<Address>,
    /// Its balance at the finalized state, Gwei.
    pub balance: Option<Gwei>,
    /// Why it cannot be made to exit; None when it can.
    pub problem: Option<Refusal>,
    /// The exit proposal about it under this emergency, once there is one.
    pub proposal: Option<ProposalId>,
}

/// A bound that an emergency meets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bound {
    /// The hold it would cause.
    pub hold: Hold,
    /// For people: what is left, and of what.
    pub detail: String,
}
