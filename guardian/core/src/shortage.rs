//! The `tickets` rule, pure: an operator that has been short of tickets for longer than the grace period loses all its
//! validators on duty.
//!
//! Short is who has, at the finalized checkpoint and by the contracts at a finalized block, less than the floor for each
//! validator on duty, after what they used. The *due epoch* is the first epoch of that shortage; it follows from the
//! account alone, so guardians with one view name one epoch. A top-up at the head ends the accusation.
//!
//! # Design decisions
//! - A claim may name a later due epoch than ours, because who was short before is short then; an earlier one only by
//!   the tolerance. Guardians whose accounts differ a little all confirm the latest of their due epochs.
//! - Whatever takes tickets moves the due epoch, of a shortage that is older too. It ends no shortage: who is short and due
//!   by the later epoch is due by the earlier one, and nothing is cured. Otherwise the settlement of one validator would
//!   cancel the ejection of the next.
//! - A view that does not reach to the due epoch, or not to the end of the grace period, does not contradict: it is
//!   behind.

use crate::message::RejectReason;
use crate::policy::TicketsRule;
use crate::proposal::{ExitProposal, Origin};
use crate::rule::{Opinion, Verdict, is_exitable};
use crypto::execution::Address;
use crypto::spec::{ChainSpec, Epoch, ValidatorIndex};
use crypto::validator::Validator;

/// An operator's account as the finalized view has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shortfall {
    /// Epoch of the block the contracts were read at.
    pub(crate) read: Epoch,
    /// First epoch of the present shortage; None when there is none.
    pub(crate) due: Option<Epoch>,
    /// Whether the shortage may be older than `due`: a settlement, a skip or a withdrawal came right before.
    pub(crate) is_older: bool,
}

/// What the contracts say of the operator at the head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AtHead {
    /// Not read lately, or something is under way there.
    Unknown,
    /// It has enough tickets.
    Funded,
    /// It is short there too.
    Short,
}

/// What one guardian knows of one validator and its operator, with the rule they are held to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Facts<'a> {
    pub(crate) rule: &'a TicketsRule,
    pub(crate) chain: &'a ChainSpec,
    /// The epoch of the current slot.
    pub(crate) current: Epoch,
    /// Epoch of the finalized checkpoint.
    pub(crate) finalized: Epoch,
    /// Who registered it; None when no active, sound registration of it is known.
    pub(crate) operator: Option<Address>,
    /// None while the contracts are not read, not to be trusted, or do not explain the account.
    pub(crate) account: Option<Shortfall>,
    pub(crate) head: AtHead,
    pub(crate) at_finalized: &'a Validator,
    pub(crate) at_head: &'a Validator,
}

/// What a `tickets` proposal claims: its operator has been short since `due`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Claim {
    pub(crate) index: ValidatorIndex,
    pub(crate) operator: Address,
    pub(crate) due: Epoch,
}

impl Claim {
    /// What a proposal claims, if it is one by this rule.
    pub(crate) fn of(proposal: &ExitProposal) -> Option<Self> {
        match proposal.origin {
            Origin::Tickets { operator, due } => {
                Some(Self { index: proposal.exit.validator_index, operator, due })
            }
            Origin::Offline { .. } | Origin::Balance { .. } | Origin::Emergency { .. } => None,
        }
    }
}

impl Facts<'_> {
    /// Applies the rule.
    pub(crate) fn verdict(&self) -> Verdict {
        if self.operator.is_none() {
            return Verdict::Keep(RejectReason::NotDue);
        }
        if !self.is_exitable() {
            return Verdict::Keep(RejectReason::NotExitable);
        }
        let Some(account) = self.account else { return Verdict::Unknown };
        let Some(due) = account.due else { return Verdict::Keep(RejectReason::Funded) };
        if !self.is_grace_over(due) {
            return Verdict::Keep(RejectReason::NotDue);
        }
        match self.head {
            AtHead::Unknown => Verdict::Unknown,
            AtHead::Funded => Verdict::Keep(RejectReason::Funded),
            AtHead::Short => Verdict::Exit { due },
        }
    }

    /// Judges a claim by our own view.
    pub(crate) fn opinion(&self, claim: &Claim) -> Opinion {
        let Some(operator) = self.operator else { return Opinion::Silent };
        if claim.index != self.at_finalized.index || claim.operator != operator {
            return Opinion::Reject(RejectReason::Mismatch);
        }
        if !self.is_exitable() {
            return Opinion::Reject(RejectReason::NotExitable);
        }
        let Some(account) = self.account else { return Opinion::Silent };
        if self.head == AtHead::Funded {
            return Opinion::Reject(RejectReason::Funded);
        }
        if account.read < claim.due || !self.is_grace_over(claim.due) {
            return Opinion::Silent;
        }
        match account.due {
            None => Opinion::Reject(RejectReason::Funded),
            Some(own) if own > claim.due.saturating_add(self.rule.tolerance) && !account.is_older => {
                Opinion::Reject(RejectReason::NotDue)
            }
            Some(own) if account.is_older && !self.is_grace_over(own) => Opinion::Silent,
            Some(_) if self.head == AtHead::Unknown => Opinion::Silent,
            Some(_) => Opinion::Approve,
        }
    }

    /// Whether the finalized view shows that the shortage a claim speaks of is over.
    pub(crate) fn is_cured(&self, claim: &Claim) -> bool {
        self.account.is_some_and(|account| {
            account.read > claim.due
                && self.finalized > claim.due
                && account.due.is_none_or(|own| {
                    own > claim.due.saturating_add(self.rule.tolerance) && !account.is_older
                })
        })
    }

    /// Whether a shortage since `due` had lasted for the grace period at the finalized checkpoint.
    fn is_grace_over(&self, due: Epoch) -> bool {
        let end = self.chain.start_slot(due).saturating_add(self.rule.grace);
        end <= self.chain.start_slot(self.finalized)
    }

    fn is_exitable(&self) -> bool {
        is_exitable(self.at_finalized, self.at_head, self.chain.shard_committee_period, self.current)
    }
}

#[cfg(test)]
mod tests;
