//! `Outcome`: what another policy would have done.

use crypto::execution::Address;
use crypto::spec::{BlsPubkey, Epoch, Slot, ValidatorIndex};
use guardian_core::policy::{Caps, Policy};
use guardian_core::proposal::{ExitProposal, Origin, RuleKind};
use guardian_core::status::Hold;
use serde::{Serialize, Serializer};
use std::collections::{BTreeMap, BTreeSet};

/// What a policy would have done in a range of epochs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Outcome {
    /// First epoch of the range.
    pub from: Epoch,
    /// Last epoch of the range.
    pub to: Epoch,
    /// The policy.
    pub policy: Policy,
    /// The caps.
    pub caps: Caps,
    /// Validators whose shares the guardian held.
    pub validators: usize,
    /// Every validator that a rule asked to leave, in the order of leaving; those that stay last.
    pub candidates: Vec<Candidate>,
    /// How many proposals were held for which cause, by its code.
    pub holds: BTreeMap<&'static str, u64>,
    /// What was recorded of the range.
    pub coverage: Coverage,
}

/// What was recorded of a range of epochs.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Coverage {
    /// Epochs with a frame.
    pub recorded: u64,
    /// Of these, epochs of which slots are missing: the guardian started or stopped in them, or its clock jumped.
    pub in_part: u64,
    /// Epochs without, first and last of each stretch. Nothing is concluded over them.
    pub gaps: Vec<(Epoch, Epoch)>,
}

/// A validator that a rule asked to leave.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Candidate {
    /// Its key.
    pub validator: BlsPubkey,
    /// Its index.
    pub index: ValidatorIndex,
    /// Its node operator, if it was registered with the contracts.
    pub operator: Option<Address>,
    /// Which rule: of the proposal it leaves by, or else of the first.
    pub rule: RuleKind,
    /// Since when the rule asks for it.
    pub due: Epoch,
    /// Why, in the proposal's words.
    pub origin: Origin,
    /// When it would have left; None when it stays.
    pub leaves: Option<Leave>,
    /// What held it up, for however long.
    pub held_by: BTreeSet<Cause>,
}

/// The moment of a release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Leave {
    /// The slot.
    pub slot: Slot,
    /// The epoch it lies in.
    pub epoch: Epoch,
}

/// Why a release was held, shown by its stable code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cause(pub Hold);

impl Serialize for Cause {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.code())
    }
}

impl Candidate {
    pub(super) fn of(proposal: &ExitProposal) -> Self {
        let mut candidate = Self {
            validator: proposal.pubkey,
            index: proposal.exit.validator_index,
            operator: None,
            rule: proposal.origin.kind(),
            due: proposal.origin.due(),
            origin: proposal.origin.clone(),
            leaves: None,
            held_by: BTreeSet::new(),
        };
        candidate.cite(proposal);
        candidate
    }

    /// It leaves by this proposal, unless it left before.
    pub(super) fn release(&mut self, proposal: &ExitProposal, slot: Slot, epoch: Epoch) {
        if self.leaves.is_none() {
            self.cite(proposal);
            self.leaves = Some(Leave { slot, epoch });
        }
    }

    fn cite(&mut self, proposal: &ExitProposal) {
        self.index = proposal.exit.validator_index;
        (self.rule, self.due) = (proposal.origin.kind(), proposal.origin.due());
        self.origin = proposal.origin.clone();
        if let Origin::Tickets { operator, .. } = proposal.origin {
            self.operator = Some(operator);
        }
    }
}

impl Outcome {
    /// How many would have left.
    pub fn leaving(&self) -> usize {
        self.candidates.iter().filter(|candidate| candidate.leaves.is_some()).count()
    }
}
