//! `Lifecycle`: a validator's way out, from the first sign to the settlement, one step after the other.

use crate::command::Command;
use crate::guardian::Guardian;
use crate::proposal::ProposalId;
use borsh::{BorshDeserialize, BorshSerialize};
use crypto::spec::{BlsPubkey, Epoch, Slot};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A step on the way out. Codes are stable.
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
pub enum Step {
    /// A rule made it due, or an emergency names it.
    Due,
    /// An exit of it was proposed.
    Proposed,
    /// t guardians approved.
    Certified,
    /// We released our partial signature.
    Released,
    /// The partials made one signature.
    Combined,
    /// One of our nodes took the exit.
    Accepted,
    /// It was seen in a pool.
    Gossiped,
    /// A block has it.
    Included,
    /// The finalized state has it.
    Finalized,
    /// Its stake may be withdrawn.
    Withdrawable,
    /// Its stake is withdrawn.
    Withdrawn,
    /// The contracts settled it.
    Settled,
}

impl Step {
    /// The stable code: in logs, metrics, status and documents.
    pub fn code(self) -> &'static str {
        match self {
            Self::Due => "due",
            Self::Proposed => "proposed",
            Self::Certified => "certified",
            Self::Released => "released",
            Self::Combined => "combined",
            Self::Accepted => "accepted",
            Self::Gossiped => "gossiped",
            Self::Included => "included",
            Self::Finalized => "finalized",
            Self::Withdrawable => "withdrawable",
            Self::Withdrawn => "withdrawn",
            Self::Settled => "settled",
        }
    }
}

/// One validator's way, as far as it went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LifecycleStatus {
    /// Whose.
    pub pubkey: BlsPubkey,
    /// The proposal that leads, if there is one.
    pub proposal: Option<ProposalId>,
    /// The steps made, each with the slot at which we saw it.
    pub steps: Vec<(Step, Slot)>,
    /// The node that took the exit first.
    pub accepted_by: Option<String>,
    /// The slot of the block that has the exit, once found.
    pub included_in: Option<Slot>,
    /// `withdrawable_epoch`, once scheduled.
    pub withdrawable: Option<Epoch>,
    /// The next step, if it is late, and since when.
    pub late: Option<(Step, Slot)>,
}

/// All ways out, by validator; at most one for each validator we follow.
#[derive(Debug, Clone, Default)]
pub(crate) struct Lifecycles {
    #[allow(dead_code, reason = "filled next")]
    ways: BTreeMap<BlsPubkey, LifecycleStatus>,
}

impl Guardian {
    /// What a search of the blocks for an exit found.
    pub(crate) fn inclusion_found(
        &mut self,
        _proposal: &ProposalId,
        _slot: Option<Slot>,
        _out: &mut Vec<Command>,
    ) {
    }

    /// All ways out.
    pub(crate) fn lifecycles(&self) -> Vec<LifecycleStatus> {
        Vec::new()
    }
}
