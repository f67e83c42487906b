//! Release: under a journaled certificate, and never otherwise, our partial signature leaves; partials are combined.
//!
//! # Design decisions
//! - The certificate says that t guardians agreed; we still ask our own view. What it contradicts we do not sign
//!   ([`Hold::Acquitted`]), what it cannot confirm yet we do not sign yet ([`Hold::Unconfirmed`]).
//! - The signing root is taken at `exit.epoch`, so it is the same bytes for all guardians at all times. From Deneb on
//!   the domain does not depend on the current epoch (EIP-7044). Before Deneb an exit that names the last epochs of
//!   one fork would be checked with the previous fork's version after the next, which is the same version.
//! - Who holds back its own partial does not combine or post the others' either; so too after the release, as long as
//!   our view does not, or after a restart does not yet, confirm the cause.
//! - A pause stops each step by itself: what is under way when it begins is finished in the journal, and what comes of it
//!   stays here until it ends.
//! - One combination at a time, of exactly t partials, so that its answer says of each whether it is true. A partial
//!   that comes after the signature exists goes through one more: a liar is named even when it was not in the way.

use crate::case::Case;
use crate::command::{CombineOrder, Command, ReleaseOrder};
use crate::fault::FaultKind;
use crate::guardian::Guardian;
use crate::guardian_set::GuardianIndex;
use crate::message::{Envelope, Message, Partial};
use crate::notice::Notice;
use crate::policy::Enforcement;
use crate::proposal::{ExitProposal, ProposalId, RuleKind, State};
use crate::record::Record;
use crate::rule::Opinion;
use crate::status::Hold;
use crypto::exit::SignedVoluntaryExit;
use crypto::spec::{BlsSignature, Slot};
use crypto::threshold::ShareIndex;
use std::collections::BTreeSet;

/// Slots between two records of what holds one exit: a cause that flaps must not fill the journal.
const HOLD_EVERY: u64 = 8;

/// Slots after which an unanswered or failed signing order is given again.
const SIGN_AGAIN: u64 = 8;

impl Guardian {
    /// Releases our partial for a certified proposal, or says why it is held. Each reason is journaled, but not more
    /// often than every [`HOLD_EVERY`] slots: the newest one is always in the status.
    pub(crate) fn release(&mut self, id: &ProposalId, out: &mut Vec<Command>) {
        let Some(case) = self.docket.get(id).filter(|case| case.state == State::Certified) else { return };
        let hold = self.hold(case);
        let (at, begun) = (self.view.slot(), self.view.begun());
        let validator = case.proposal.exit.validator_index;
        let was_held = case.held.is_some();
        let is_new = hold != case.held.map(|(hold, _)| hold);
        // What changes an earlier word waits, after a start too: until our view is complete, it holds for other reasons.
        let is_quiet = |noted: Slot| noted.max(begun).saturating_add(HOLD_EVERY) <= at;
        let is_told = is_new && case.hold_noted.is_none_or(is_quiet);
        if let Some(case) = self.docket.get_mut(id) {
            case.hold = hold;
        }
        let goes_on = hold.is_none();
        let is_said = if goes_on {
            self.persist(Record::Released { proposal: *id, at }, out) && was_held
        } else {
            is_told && self.persist(Record::Held { proposal: *id, hold, at }, out)
        };
        if is_said {
            out.push(Command::Notify(Notice::Held { proposal: *id, validator, hold }));
        }
    }

    /// What keeps us from releasing: our own view first, then the policy, the contracts, the governor.
    fn hold(&self, case: &Case) -> Option<Hold> {
        let (proposal, kind) = (&case.proposal, case.proposal.origin.kind());
        if !self.is_ours(proposal) {
            return Some(Hold::NoShare);
        }
        if let Some(hold) = self.undecided(proposal) {
            return Some(hold);
        }
        let governed = match self.enforcement(kind) {
            // Ours alone counts here: the certificate shows that t guardians enforce it.
            Enforcement::Observe | Enforcement::Warn => Some(Hold::NotEnforced),
            Enforcement::Enforce => self.contracts_hold(kind).or_else(|| self.governed(proposal)),
        };
        match self.opinion(proposal) {
            Opinion::Approve => governed,
            Opinion::Reject(_) => Some(Hold::Acquitted),
            // The governor's reason, if any, says more than that we know too little.
            Opinion::Silent => Some(governed.unwrap_or(Hold::Unconfirmed)),
        }
    }

    /// What about the contracts keeps us from releasing, if the definition names them. Nodes that do not show them do
    /// not keep a dark validator on duty: that rule needs nothing of them.
    fn contracts_hold(&self, rule: RuleKind) -> Option<Hold> {
        let hold = self.definition.contracts.as_ref().and_then(|_| self.protocol.hold());
        let needs_them = !matches!(rule, RuleKind::Offline | RuleKind::Emergency);
        hold.filter(|hold| *hold != Hold::ContractsUnknown || needs_them)
    }

    /// Orders our partial for a released proposal that has none: at once, after a failure, and after a restart that
    /// came between the release and the signature.
    pub(crate) fn order_signature(&mut self, id: &ProposalId, out: &mut Vec<Command>) {
        let slot = self.view.slot();
        let Some(case) = self.docket.get(id).filter(|case| case.state == State::Signed) else { return };
        // Found false once, our share would make the same false partial again.
        let is_done =
            case.ceremony.partials.contains_key(&self.me) || case.ceremony.culprits.contains(&self.me);
        let is_waiting = case.ceremony.ordered.is_some_and(|at| slot < at.saturating_add(SIGN_AGAIN));
        // After a restart our view is empty and the release may be long ago: nothing is signed before we have looked
        // again.
        if is_done
            || is_waiting
            || self.paused().is_some()
            || self.opinion(&case.proposal) != Opinion::Approve
        {
            return;
        }
        let kind = case.proposal.origin.kind();
        if self.undecided(&case.proposal).is_some() || self.enforcement(kind) != Enforcement::Enforce {
            return;
        }
        if !self.is_ours(&case.proposal) || self.contracts_hold(case.proposal.origin.kind()).is_some() {
            return;
        }
        let ExitProposal { pubkey, key_set, exit, .. } = case.proposal;
        let signing_root = exit.signing_root(&self.definition.chain.forks, exit.epoch);
        if let Some(case) = self.docket.get_mut(id) {
            case.ceremony.ordered = Some(slot);
        }
        out.push(Command::SignExit(ReleaseOrder { proposal: *id, pubkey, key_set, exit, signing_root }));
    }

    pub(crate) fn exit_signed(&mut self, partial: Partial, out: &mut Vec<Command>) {
        let id = partial.proposal;
        let Some(case) = self.docket.get(&id) else { return };
        let is_done =
            case.ceremony.partials.contains_key(&self.me) || case.ceremony.culprits.contains(&self.me);
        if partial.index.get() != self.me.0 || is_done {
            return;
        }
        let is_willed = self.is_willed(&case.proposal);
        let at = self.view.slot();
        let record = Record::PartialHeld { from: self.me, partial: partial.clone(), envelope: None, at };
        if self.persist(record, out) {
            if is_willed && self.paused().is_none() {
                out.push(Command::Broadcast(Message::Partial(partial)));
            }
            self.advance(&id, out);
        }
    }

    /// Leaves the order standing: it is given again [`SIGN_AGAIN`] slots after the last one.
    pub(crate) fn signing_failed(&mut self, id: &ProposalId) {
        let slot = self.view.slot();
        if let Some(case) = self.docket.get_mut(id) {
            case.ceremony.ordered = Some(slot);
        }
    }

    pub(crate) fn receive_partial(
        &mut self,
        from: GuardianIndex,
        partial: Partial,
        envelope: Envelope,
        out: &mut Vec<Command>,
    ) {
        let id = partial.proposal;
        if partial.index.get() != from.0 {
            self.fault(from, FaultKind::ForeignShare, Some(id), Vec::new(), out);
            return;
        }
        let Some(case) = self.docket.get_mut(&id) else { return };
        if case.ceremony.culprits.contains(&from) || case.state == State::Moot {
            return;
        }
        if let Some(held) = case.ceremony.partials.get_mut(&from) {
            if held.partial == partial {
                held.envelope.get_or_insert(envelope);
            }
            return;
        }
        if from == self.me {
            // It is signed again when it is released again.
            self.miss_partial(&id, out);
            return;
        }
        if case.certificate.is_none() {
            case.ceremony.early.entry(from).or_insert((partial, envelope));
            return;
        }
        let at = self.view.slot();
        if self.persist(Record::PartialHeld { from, partial, envelope: Some(envelope), at }, out) {
            self.advance(&id, out);
        }
    }

    /// Draws the conclusion from a partial of ours that we do not have: if we never released it either, that was before a
    /// loss of data. What our view does not show on duty proves nothing: old certificates may be shown to us again.
    fn miss_partial(&mut self, id: &ProposalId, out: &mut Vec<Command>) {
        let Some(case) = self.docket.get_mut(id) else { return };
        let is_on_duty = self.view.is_on_duty(&case.proposal.pubkey);
        if case.ceremony.released.is_none() && !case.ceremony.is_missed && is_on_duty {
            case.ceremony.is_missed = true;
            self.lapse(out);
        }
    }

    /// Orders a combination when we released too, there are enough partials, some of them unverified, and none is under
    /// way. One that comes late is combined too, to know whether its author lies.
    pub(crate) fn order_combination(&mut self, id: &ProposalId, out: &mut Vec<Command>) {
        self.take_early_partials(id, out);
        let Some(case) = self.docket.get(id) else { return };
        let is_time = matches!(case.state, State::Signed | State::Submitted | State::Included);
        if !is_time || self.paused().is_some() {
            return;
        }
        let is_needed = case.state == State::Signed && case.ceremony.combined.is_none();
        if !self.is_willed(&case.proposal) {
            return;
        }
        if is_needed && self.opinion(&case.proposal) != Opinion::Approve {
            return;
        }
        let Some(held) = self.view.custody(&case.proposal.pubkey) else { return };
        if held.key_set != case.proposal.key_set {
            return;
        }
        let key_set = held.custody.key_set.clone();
        let threshold = self.definition.guardian_set.threshold;
        let Some(chosen) = case.ceremony.next_combination(threshold) else { return };
        let (exit, held) = (case.proposal.exit, &case.ceremony.partials);
        let order = CombineOrder {
            proposal: *id,
            key_set,
            signing_root: exit.signing_root(&self.definition.chain.forks, exit.epoch),
            partials: chosen
                .iter()
                .filter_map(|guardian| held.get(guardian))
                .map(|held| (held.partial.index, held.partial.signature))
                .collect(),
        };
        if let Some(case) = self.docket.get_mut(id) {
            case.ceremony.combining = chosen;
        }
        out.push(Command::CombineExit(order));
    }

    /// Takes in, under our certificate, the partials that came before it.
    fn take_early_partials(&mut self, id: &ProposalId, out: &mut Vec<Command>) {
        let at = self.view.slot();
        let Some(case) = self.docket.get_mut(id).filter(|case| case.certificate.is_some()) else { return };
        for (from, (partial, envelope)) in std::mem::take(&mut case.ceremony.early) {
            self.persist(Record::PartialHeld { from, partial, envelope: Some(envelope), at }, out);
        }
    }

    pub(crate) fn exit_combined(
        &mut self,
        id: ProposalId,
        signature: BlsSignature,
        culprits: &[ShareIndex],
        out: &mut Vec<Command>,
    ) {
        let checked = self.combination_ended(&id, culprits, out);
        let Some(case) = self.docket.get_mut(&id) else { return };
        if culprits.is_empty() {
            // With culprits the search may have ended before it looked at all of them: they are asked again.
            case.ceremony.verified.extend(checked);
        }
        if case.ceremony.combined.is_some() {
            return;
        }
        let exit = SignedVoluntaryExit { message: case.proposal.exit, signature };
        let at = self.view.slot();
        if self.persist(Record::Combined { proposal: id, exit, culprits: culprits.to_vec(), at }, out) {
            self.advance(&id, out);
        }
    }

    pub(crate) fn combine_failed(&mut self, id: ProposalId, culprits: &[ShareIndex], out: &mut Vec<Command>) {
        self.combination_ended(&id, culprits, out);
        if !culprits.is_empty() {
            self.advance(&id, out);
        }
        // Without culprits it was not combined at all (the shell was too busy): it is ordered again when next reviewed.
    }

    /// Blames those whose partial was in the combination and false; says whose were in it.
    fn combination_ended(
        &mut self,
        id: &ProposalId,
        culprits: &[ShareIndex],
        out: &mut Vec<Command>,
    ) -> BTreeSet<GuardianIndex> {
        let Some(case) = self.docket.get_mut(id) else { return BTreeSet::new() };
        let checked = std::mem::take(&mut case.ceremony.combining);
        for guardian in culprits.iter().map(|culprit| GuardianIndex(culprit.get())) {
            if checked.contains(&guardian) {
                self.fault(guardian, FaultKind::InvalidPartial, Some(*id), Vec::new(), out);
            }
        }
        checked
    }
}

#[cfg(test)]
mod tests;
