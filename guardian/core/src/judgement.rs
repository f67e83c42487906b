//! Judgement: our own view, brought to bear on a validator or on somebody's proposal, whichever rule it is about.

use crate::balance;
use crate::guardian::Guardian;
use crate::message::RejectReason;
use crate::offline;
use crate::proposal::{ExitProposal, Origin, RuleKind, Subject};
use crate::registry::Mandate;
use crate::rule::{Opinion, Verdict, is_exitable};
use crate::shortage;
use crypto::spec::{BlsPubkey, Epoch, ValidatorIndex};

/// Every rule that can make a validator leave.
pub(crate) const RULES: [RuleKind; 3] = [RuleKind::Offline, RuleKind::Tickets, RuleKind::Balance];

impl Guardian {
    /// What a rule says of a validator. A key that was registered leaves only while its registration is active: a skipped
    /// one may be registered elsewhere by now.
    pub(crate) fn verdict(&self, pubkey: &BlsPubkey, kind: RuleKind) -> Verdict {
        match self.protocol.registry().mandate(pubkey) {
            Mandate::Unregistered | Mandate::Active => {}
            Mandate::Waiting => return Verdict::Unknown,
            Mandate::Over => return Verdict::Keep(RejectReason::NotDue),
        }
        let verdict = match kind {
            RuleKind::Offline => {
                self.view.facts(&self.definition, pubkey).map(|facts: offline::Facts<'_>| facts.verdict())
            }
            RuleKind::Tickets => self.shortage(pubkey).map(|facts| facts.verdict()),
            RuleKind::Balance => self.loss(pubkey).map(|facts| facts.verdict()),
            // People decide, no rule.
            RuleKind::Emergency => None,
        };
        verdict.unwrap_or(Verdict::Unknown)
    }

    /// What our view says of a proposal now. Nothing of one under another split of the key than ours.
    pub(crate) fn opinion(&self, proposal: &ExitProposal) -> Opinion {
        if !self.is_ours(proposal) {
            return Opinion::Silent;
        }
        let pubkey = &proposal.pubkey;
        match self.protocol.registry().mandate(pubkey) {
            Mandate::Unregistered | Mandate::Active => {}
            Mandate::Waiting => return Opinion::Silent,
            Mandate::Over => return Opinion::Reject(RejectReason::NotDue),
        }
        let opinion = match proposal.origin {
            Origin::Offline { .. } => self
                .view
                .facts(&self.definition, pubkey)
                .zip(offline::Claim::of(proposal))
                .map(|(facts, claim)| facts.opinion(&claim)),
            Origin::Tickets { .. } => self
                .shortage(pubkey)
                .zip(shortage::Claim::of(proposal))
                .map(|(facts, claim)| facts.opinion(&claim)),
            Origin::Balance { .. } => self
                .loss(pubkey)
                .zip(balance::Claim::of(proposal))
                .map(|(facts, claim)| facts.opinion(&claim)),
            Origin::Emergency { .. } => self.presence(pubkey, proposal.exit.validator_index),
        };
        opinion.unwrap_or(Opinion::Silent)
    }

    /// Whether what finalized epochs show after a proposal's due one takes away its cause for good.
    pub(crate) fn is_cured(&self, proposal: &ExitProposal) -> bool {
        let pubkey = &proposal.pubkey;
        match proposal.origin {
            Origin::Offline { dark_to, .. } => {
                let Some(finalized) = self.view.finalized() else { return false };
                let Some(last) = finalized.epoch.0.checked_sub(1).map(Epoch) else { return false };
                let line = self.view.timeline(proposal.exit.validator_index);
                line.is_some_and(|line| line.live().meets(dark_to.saturating_add(1), last))
            }
            Origin::Tickets { .. } => self
                .shortage(pubkey)
                .zip(shortage::Claim::of(proposal))
                .is_some_and(|(facts, claim)| facts.is_cured(&claim)),
            Origin::Balance { .. } => self
                .loss(pubkey)
                .zip(balance::Claim::of(proposal))
                .is_some_and(|(facts, claim)| facts.is_cured(&claim)),
            // Nothing on the chain takes away people's reasons.
            Origin::Emergency { .. } => false,
        }
    }

    /// What our view says of an exit that people ask for: whether the chain would take it.
    fn presence(&self, pubkey: &BlsPubkey, index: ValidatorIndex) -> Option<Opinion> {
        let (_, at_finalized, at_head) = self.view.states(pubkey)?;
        let chain = &self.definition.chain;
        let current = chain.epoch_of(self.view.slot());
        Some(if at_finalized.index != index {
            Opinion::Reject(RejectReason::Mismatch)
        } else if is_exitable(at_finalized, at_head, chain.shard_committee_period, current) {
            Opinion::Approve
        } else {
            Opinion::Reject(RejectReason::NotExitable)
        })
    }

    /// Whether we hold a share of the split that a proposal is about.
    pub(crate) fn is_ours(&self, proposal: &ExitProposal) -> bool {
        self.view.custody(&proposal.pubkey).is_some_and(|held| held.key_set == proposal.key_set)
    }

    /// The proposal that a rule makes of a validator due in epoch `due`, in the current voting window.
    pub(crate) fn proposal(&self, kind: RuleKind, pubkey: &BlsPubkey, due: Epoch) -> Option<ExitProposal> {
        let (held, (_, at_finalized, _)) = self.view.custody(pubkey).zip(self.view.states(pubkey))?;
        let subject = Subject { pubkey: *pubkey, key_set: held.key_set, index: at_finalized.index };
        let (definition, slot) = (&self.definition, self.view.slot());
        match kind {
            RuleKind::Offline => ExitProposal::offline(definition, subject, due, slot),
            RuleKind::Tickets => {
                let operator = self.protocol.registry().payer(pubkey)?;
                ExitProposal::tickets(definition, subject, operator, due, slot)
            }
            RuleKind::Balance => ExitProposal::balance(definition, subject, due, slot),
            RuleKind::Emergency => None,
        }
    }

    /// All that the `tickets` rule needs to know; None while our beacon nodes do not show enough.
    fn shortage(&self, pubkey: &BlsPubkey) -> Option<shortage::Facts<'_>> {
        let (_, at_finalized, at_head) = self.view.states(pubkey)?;
        let slot = self.view.slot();
        let operator = self.protocol.registry().payer(pubkey);
        let definition = &self.definition;
        Some(shortage::Facts {
            rule: &definition.policy.tickets,
            chain: &definition.chain,
            current: definition.chain.epoch_of(slot),
            finalized: self.view.finalized()?.epoch,
            operator,
            account: operator.and_then(|operator| self.protocol.shortfall(definition, &operator, slot)),
            head: operator.map_or(shortage::AtHead::Unknown, |operator| {
                self.protocol.at_head(definition, &operator, slot)
            }),
            at_finalized,
            at_head,
        })
    }

    /// All that the `balance` rule needs to know; None while our beacon nodes do not show enough.
    fn loss(&self, pubkey: &BlsPubkey) -> Option<balance::Facts<'_>> {
        let (watched, at_finalized, at_head) = self.view.states(pubkey)?;
        let definition = &self.definition;
        Some(balance::Facts {
            rule: &definition.policy.balance,
            committee_period: definition.chain.shard_committee_period,
            current: definition.chain.epoch_of(self.view.slot()),
            finalized: self.view.finalized()?.epoch,
            below_since: watched.below_since,
            at_finalized,
            at_head,
        })
    }
}
