//! The `balance` rule, pure: a validator whose effective or actual balance fell below the ejection threshold must leave.
//!
//! It is due in the epoch of the finalized checkpoint at which we first saw it below and that has not been contradicted
//! since. An actual balance at or above the threshold at the head ends the accusation; the effective one follows it only
//! at the next epoch, and only by whole steps.
//!
//! # Design decisions
//! - Guardians that began to look at different checkpoints name different due epochs, all of them true: any checkpoint
//!   since its activation that ours does not precede will do, as long as the validator is below now.

use crate::message::RejectReason;
use crate::policy::BalanceRule;
use crate::proposal::{ExitProposal, Origin};
use crate::rule::{Opinion, Verdict, is_exitable};
use crypto::spec::{Epoch, ValidatorIndex};
use crypto::validator::Validator;

/// What one guardian knows of one validator, with the rule it is held to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Facts<'a> {
    pub(crate) rule: &'a BalanceRule,
    /// `SHARD_COMMITTEE_PERIOD`.
    pub(crate) committee_period: u64,
    /// The epoch of the current slot.
    pub(crate) current: Epoch,
    /// Epoch of the finalized checkpoint.
    pub(crate) finalized: Epoch,
    /// Epoch of the finalized checkpoint since which it has been below; None when it is not.
    pub(crate) below_since: Option<Epoch>,
    pub(crate) at_finalized: &'a Validator,
    pub(crate) at_head: &'a Validator,
}

/// What a `balance` proposal claims: below the threshold at the finalized checkpoint of epoch `due`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Claim {
    pub(crate) index: ValidatorIndex,
    pub(crate) due: Epoch,
}

impl Claim {
    /// What a proposal claims, if it is one by this rule.
    pub(crate) fn of(proposal: &ExitProposal) -> Option<Self> {
        match proposal.origin {
            Origin::Balance { due } => Some(Self { index: proposal.exit.validator_index, due }),
            Origin::Offline { .. } | Origin::Tickets { .. } | Origin::Emergency { .. } => None,
        }
    }
}

/// Whether a validator is below the rule's threshold.
pub(crate) fn is_below(rule: &BalanceRule, validator: &Validator) -> bool {
    validator.balance.min(validator.effective_balance) < rule.ejection_threshold
}

impl Facts<'_> {
    /// Applies the rule.
    pub(crate) fn verdict(&self) -> Verdict {
        if !self.is_exitable() {
            return Verdict::Keep(RejectReason::NotExitable);
        }
        match self.below_since {
            Some(due) if self.is_below_at_head() => Verdict::Exit { due },
            Some(_) | None => Verdict::Keep(RejectReason::Restored),
        }
    }

    /// Judges a claim by our own view.
    pub(crate) fn opinion(&self, claim: &Claim) -> Opinion {
        if claim.index != self.at_finalized.index {
            return Opinion::Reject(RejectReason::Mismatch);
        }
        if !self.is_exitable() {
            return Opinion::Reject(RejectReason::NotExitable);
        }
        if claim.due < self.at_finalized.activation_epoch {
            return Opinion::Reject(RejectReason::NotDue);
        }
        if self.finalized < claim.due {
            return Opinion::Silent;
        }
        if self.below_since.is_some() && self.is_below_at_head() {
            Opinion::Approve
        } else {
            Opinion::Reject(RejectReason::Restored)
        }
    }

    /// Whether a later finalized checkpoint than the claim's shows it at or above the threshold.
    pub(crate) fn is_cured(&self, claim: &Claim) -> bool {
        self.finalized > claim.due && self.below_since.is_none()
    }

    fn is_below_at_head(&self) -> bool {
        self.at_head.balance < self.rule.ejection_threshold
    }

    fn is_exitable(&self) -> bool {
        is_exitable(self.at_finalized, self.at_head, self.committee_period, self.current)
    }
}

#[cfg(test)]
mod tests;
