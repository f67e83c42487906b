//! The `offline` rule, pure: facts in, a verdict or an opinion out.
//!
//! A validator is due once it was dark in k consecutive epochs, all of them finalized, none of them ended while the
//! chain was not finalizing, none before its activation, and nothing newer shows it alive. The *due epoch* is the
//! k-th epoch of the earliest such run since it was last seen alive, so guardians with one view name one epoch.
//!
//! Finalized to accuse, head to acquit: any newer attestation, finalized or not, ends the accusation.
//!
//! # Design decisions
//! - Unknown is not dark. A guardian that was away has gaps; a gap breaks its own runs. It may still confirm a claim
//!   that reaches into its gaps, but only when its own view makes the validator due and nothing in it contradicts:
//!   which k epochs are named decides the form of the exit, not whether the validator must leave.
//! - The claim must be exactly k epochs long: there is one claim for each due epoch.

use crate::epoch_set::{EpochSet, Run};
use crate::message::RejectReason;
use crate::policy::OfflineRule;
use crate::proposal::{ExitProposal, Origin};
use crate::rule::{Opinion, Verdict, is_exitable};
use crate::timeline::Timeline;
use crypto::spec::{Epoch, ValidatorIndex};
use crypto::validator::Validator;

/// Epochs by which our newest knowledge of a validator may lag behind the clock before we call ourselves ignorant:
/// an epoch's attestations may be included until the end of the next one, and our nodes are asked after that.
const FRESH_EPOCHS: u64 = 3;

/// What one guardian knows of one validator, with the rule it is held to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Facts<'a> {
    pub(crate) rule: &'a OfflineRule,
    /// `SHARD_COMMITTEE_PERIOD`.
    pub(crate) committee_period: u64,
    /// The epoch of the current slot.
    pub(crate) current: Epoch,
    /// Epoch of the finalized checkpoint: epochs before it are finalized.
    pub(crate) finalized: Epoch,
    /// Epochs that ended while the chain was not finalizing.
    pub(crate) not_finalizing: &'a EpochSet,
    pub(crate) timeline: &'a Timeline,
    pub(crate) at_finalized: &'a Validator,
    pub(crate) at_head: &'a Validator,
}

/// What an `offline` proposal claims: dark in every epoch `dark_from..=dark_to`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Claim {
    pub(crate) index: ValidatorIndex,
    pub(crate) dark_from: Epoch,
    pub(crate) dark_to: Epoch,
}

impl Claim {
    /// What a proposal claims, if it is one by this rule.
    pub(crate) fn of(proposal: &ExitProposal) -> Option<Self> {
        match proposal.origin {
            Origin::Offline { dark_from, dark_to } => {
                Some(Self { index: proposal.exit.validator_index, dark_from, dark_to })
            }
            Origin::Tickets { .. } | Origin::Balance { .. } | Origin::Emergency { .. } => None,
        }
    }
}

impl Facts<'_> {
    /// Applies the rule.
    pub(crate) fn verdict(&self) -> Verdict {
        if !self.is_exitable() {
            return Verdict::Keep(RejectReason::NotExitable);
        }
        if !self.is_fresh() {
            return Verdict::Unknown;
        }
        if !self.timeline.is_dark_now() {
            return Verdict::Keep(RejectReason::Attesting);
        }
        match self.due() {
            Some(due) => Verdict::Exit { due },
            None => Verdict::Keep(RejectReason::NotDue),
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
        if self.timeline.live().last().is_some_and(|live| live > claim.dark_to) {
            return Opinion::Reject(RejectReason::Attesting);
        }
        if claim.dark_from < self.at_finalized.activation_epoch {
            return Opinion::Reject(RejectReason::NotDue);
        }
        if self.finalized <= claim.dark_to {
            return Opinion::Silent;
        }
        if self.not_finalizing.meets(claim.dark_from, claim.dark_to) {
            return Opinion::Reject(RejectReason::NotDue);
        }
        let attested = self.timeline.live().meets(claim.dark_from, claim.dark_to);
        let own = if self.is_fresh() { self.due() } else { None };
        match (attested, own) {
            // Our nodes may call the first epochs of a run live that theirs call dark, by as much as the tolerance.
            (true, Some(own)) if own <= claim.dark_to.saturating_add(self.rule.tolerance) => Opinion::Approve,
            (true, _) => Opinion::Reject(RejectReason::AttestedWhileAccused),
            (false, Some(_)) => Opinion::Approve,
            (false, None) => Opinion::Silent,
        }
    }

    fn is_exitable(&self) -> bool {
        is_exitable(self.at_finalized, self.at_head, self.committee_period, self.current)
    }

    /// Whether our newest knowledge of it is recent enough to speak of now.
    fn is_fresh(&self) -> bool {
        let newest = self.timeline.dark().last().max(self.timeline.live().last());
        let oldest = self.current.saturating_sub(FRESH_EPOCHS.saturating_add(self.rule.tolerance));
        newest.is_some_and(|newest| newest >= oldest)
    }

    /// The k-th epoch of the earliest countable dark run since it was last seen alive.
    fn due(&self) -> Option<Epoch> {
        let last_finalized = Epoch(self.finalized.0.checked_sub(1)?);
        let since_live = self.timeline.live().last().map_or(Epoch(0), |live| live.saturating_add(1));
        let since = since_live.max(self.at_finalized.activation_epoch);
        self.timeline
            .dark()
            .runs()
            .map(|run| Run { first: run.first.max(since), last: run.last.min(last_finalized) })
            .filter(|run| run.first <= run.last)
            .flat_map(|run| self.not_finalizing.gaps_in(run))
            .find(|run| run.length() >= self.rule.epochs)
            .map(|run| run.first.saturating_add(self.rule.epochs.saturating_sub(1)))
    }
}

#[cfg(test)]
mod tests;
