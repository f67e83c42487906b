//! Deciding on emergencies: what is taken up, who voted how, when t approvals certify, which exits follow.
//!
//! # Design decisions
//! - One vote is about the whole list. Each exit of it is then released by itself: by our own operator's standing approval,
//!   our own view of the validator, and the governor.
//! - A certificate proves that t guardians approved; it does not make us sign. Our operator's word does, as it stands at
//!   the moment of release.
//! - Rejected and cancelled are final. Whoever kept approvals back cannot bring them later against a withdrawal or a
//!   cancellation that we saw first.
//! - Beyond its quota nobody is blamed, only not listened to: others may have ended what is still open here.

use crate::ballot::Novelty;
use crate::command::Command;
use crate::emergency::{Cancellation, Emergency, Proof, Raised, Raiser, Refusal, Severity};
use crate::fault::FaultKind;
use crate::governor::DAY_EPOCHS;
use crate::guardian::Guardian;
use crate::guardian_set::GuardianIndex;
use crate::matter::Matter;
use crate::message::{
    Decision, EmergencyCertificate, Envelope, MAX_SEALED_VOTE, Message, RejectReason, Vote,
};
use crate::notice::Notice;
use crate::policy::Enforcement;
use crate::proposal::{ExitProposal, Origin, ProposalId, RuleKind, State};
use crate::record::Record;
use crate::request::{OperatorName, Request};
use crate::rule::Opinion;
use crate::settings::{StandingOrder, StandingVote};
use crate::status::{EmergencyState, Hold};
use crate::voting::MAX_REVISION;
use crate::{case::Case, docket::MAX_CASES};
use crypto::spec::Slot;
use std::collections::BTreeSet;

/// Emergencies of one raiser that may be open at once.
pub(crate) const MAX_OPEN_EMERGENCIES: usize = 8;

/// Emergencies of one raiser taken up in a day.
pub(crate) const MAX_EMERGENCIES_A_DAY: usize = 32;

/// Under which name a standing order's votes are journaled.
const STANDING: &str = "standing order";

impl Guardian {
    pub(crate) fn receive_emergency(
        &mut self,
        from: GuardianIndex,
        raised: Raised,
        envelope: Envelope,
        out: &mut Vec<Command>,
    ) {
        let emergency = &raised.emergency;
        if !self.is_our_epoch(from, emergency.guardian_set_epoch, None, out) {
            return;
        }
        let id = emergency.id();
        let is_known = self.agenda.get(&id).is_some();
        if !is_known {
            if emergency.check(&self.definition).is_err() {
                self.fault(from, FaultKind::MalformedProposal, None, Vec::new(), out);
                return;
            }
            if raised.check_proof(&self.definition, from).is_err() {
                self.fault(from, FaultKind::ForgedAuthority, None, Vec::new(), out);
                return;
            }
            let is_timely = emergency.check_time(self.view.slot()).is_ok();
            if !is_timely || self.check_quota(&emergency.raiser).is_err() || !self.take_up(raised, out) {
                return;
            }
        }
        let is_proof = |matter: &&mut Matter| match matter.raised.proof {
            Proof::Sealed => matter.emergency().raiser == Raiser::Guardian { guardian: from },
            Proof::Signature(_) => true,
            Proof::Logged => false,
        };
        if let Some(matter) = self.agenda.get_mut(&id).filter(is_proof) {
            matter.sealed.get_or_insert(envelope);
        }
    }

    /// Whether this raiser may bring one more.
    pub(crate) fn check_quota(&self, raiser: &Raiser) -> Result<(), Refusal> {
        let slot = self.view.slot();
        let day = DAY_EPOCHS.saturating_mul(self.definition.chain.slots_per_epoch.get());
        let (open, lately) = self.agenda.raised_by(raiser, slot.saturating_sub(day));
        let has_room = self.agenda.has_room(slot);
        if open >= MAX_OPEN_EMERGENCIES || lately >= MAX_EMERGENCIES_A_DAY || !has_room {
            return Err(Refusal::TooMany);
        }
        Ok(())
    }

    /// Writes down an emergency that was checked. False when that contradicts what is known.
    pub(crate) fn take_up(&mut self, raised: Raised, out: &mut Vec<Command>) -> bool {
        let id = raised.emergency.id();
        if !self.persist(Record::Raised { raised, at: self.view.slot() }, out) {
            return false;
        }
        self.heed(&id, out);
        self.ask_operator(&id, out);
        true
    }

    /// Votes by the first standing order that fits, if our operator gave one and did not speak itself.
    pub(crate) fn heed(&mut self, id: &ProposalId, out: &mut Vec<Command>) {
        if self.enforcement(RuleKind::Emergency) != Enforcement::Enforce {
            return;
        }
        let Some(matter) = self.agenda.get(id) else { return };
        if matter.own.is_some() || matter.state != EmergencyState::Open {
            return;
        }
        let emergency = matter.emergency();
        let Some(order) = self.settings.standing.iter().find(|order| fits(order, emergency)) else { return };
        let (note, vote) = (order.name.clone(), order.vote);
        let (decision, request) = match vote {
            StandingVote::Approve if !self.is_confirmed(emergency) => return,
            StandingVote::Approve => (Decision::Approve, Request::Approve { emergency: *id, note }),
            StandingVote::Reject => {
                (Decision::Reject(RejectReason::Operator), Request::Reject { emergency: *id, note })
            }
        };
        let by = OperatorName { uid: u32::MAX, name: STANDING.to_owned() };
        if self.persist(Record::Asked { at: self.view.slot(), by, request }, out) {
            self.decide(id, decision, out);
        }
    }

    /// Tells our operator, once, that an emergency waits for it.
    pub(crate) fn ask_operator(&mut self, id: &ProposalId, out: &mut Vec<Command>) {
        let is_ours_to_decide = self.enforcement(RuleKind::Emergency) == Enforcement::Enforce;
        let Some(matter) = self.agenda.get_mut(id).filter(|_| is_ours_to_decide) else { return };
        if matter.was_told || matter.own.is_some() || matter.state != EmergencyState::Open {
            return;
        }
        matter.was_told = true;
        let validators = u64::try_from(matter.emergency().validators.len()).unwrap_or(u64::MAX);
        let expires = matter.emergency().expires;
        out.push(Command::Notify(Notice::DecisionNeeded { emergency: *id, validators, expires }));
    }

    /// Writes our vote on an emergency down, then says it. Saying the same again changes nothing.
    pub(crate) fn decide(&mut self, id: &ProposalId, decision: Decision, out: &mut Vec<Command>) {
        let Some(matter) = self.agenda.get(id) else { return };
        let revision = matter.own.as_ref().map_or(0, |vote| vote.revision.saturating_add(1));
        if matter.own.as_ref().is_some_and(|vote| vote.decision == decision) || revision > MAX_REVISION {
            return;
        }
        let (evidence, at) = (self.evidence_of(matter.emergency()), self.view.slot());
        self.persist(Record::Observed { proposal: *id, at, evidence }, out);
        let vote = Vote { proposal: *id, revision, decision };
        if self.persist(Record::VoteCast(vote.clone()), out) {
            out.push(Command::Broadcast(Message::Vote(vote)));
        }
    }

    pub(crate) fn receive_emergency_vote(
        &mut self,
        from: GuardianIndex,
        vote: Vote,
        envelope: Envelope,
        out: &mut Vec<Command>,
    ) {
        let id = vote.proposal;
        let Some(matter) = self.agenda.get(&id) else { return };
        if envelope.0.len() > MAX_SEALED_VOTE {
            // It could not be relayed in a certificate, so it must not count towards one.
            self.fault(from, FaultKind::Garbage, None, Vec::new(), out);
            return;
        }
        if vote.revision > MAX_REVISION {
            self.fault(from, FaultKind::Flooding, None, Vec::new(), out);
            return;
        }
        match matter.ballot.novelty(from, &vote) {
            Novelty::Known => return,
            Novelty::Equivocation(earlier) => {
                self.fault(from, FaultKind::Equivocation, Some(id), vec![earlier, envelope], out);
                return;
            }
            Novelty::New => {}
        }
        if matter.state != EmergencyState::Open {
            return;
        }
        // A vote of ours that the journal does not know: we run on an old backup. It was said, so it stands.
        if from == self.me && matter.own.as_ref().is_none_or(|own| own.revision < vote.revision) {
            self.persist(Record::VoteCast(vote.clone()), out);
            self.lapse(out);
        }
        if !self.persist(Record::VoteSeen { from, vote, envelope }, out) {
            return;
        }
        self.progress(&id, out);
        let threshold = self.definition.guardian_set.threshold;
        let is_blocked = self.agenda.get(&id).is_some_and(|matter| {
            matter.state == EmergencyState::Open && threshold.blocked_by(matter.ballot.refusals())
        });
        if is_blocked {
            self.move_emergency(&id, EmergencyState::Rejected, out);
        }
    }

    pub(crate) fn receive_cancellation(
        &mut self,
        from: GuardianIndex,
        cancellation: Cancellation,
        out: &mut Vec<Command>,
    ) {
        let id = cancellation.emergency;
        let Some(matter) = self.agenda.get(&id).filter(|matter| matter.state == EmergencyState::Open) else {
            return;
        };
        if cancellation.check_proof(&self.definition, &matter.emergency().raiser, from).is_err() {
            self.fault(from, FaultKind::ForgedAuthority, Some(id), Vec::new(), out);
            return;
        }
        self.cancel(cancellation, out);
    }

    /// Ends an emergency that its raiser took back, as was checked.
    pub(crate) fn cancel(&mut self, cancellation: Cancellation, out: &mut Vec<Command>) {
        if self.persist(Record::Cancelled { cancellation, at: self.view.slot() }, out) {
            let to = EmergencyState::Cancelled;
            out.push(Command::Notify(Notice::EmergencyMoved { emergency: cancellation.emergency, to }));
        }
    }

    /// Takes every emergency that is not over as far as it can go now.
    pub(crate) fn review_emergencies(&mut self, out: &mut Vec<Command>) {
        for id in self.agenda.pending() {
            self.heed(&id, out);
            self.progress(&id, out);
        }
    }

    /// Takes one emergency as far as it can go now.
    fn progress(&mut self, id: &ProposalId, out: &mut Vec<Command>) {
        self.certify_emergency(id, out);
        self.adopt(id, out);
        self.finish(id, out);
    }

    /// Certifies an open emergency if enough approvals stand, its cancel window is over and its time is not.
    fn certify_emergency(&mut self, id: &ProposalId, out: &mut Vec<Command>) {
        let Some(matter) = self.agenda.get(id).filter(|matter| matter.state == EmergencyState::Open) else {
            return;
        };
        let slot = self.view.slot();
        let emergency = matter.emergency();
        if emergency.expires <= slot || !self.is_window_over(emergency) {
            return;
        }
        let approvals: Vec<_> =
            matter.ballot.approvals().map(|(from, sealed)| (from, sealed.clone())).collect();
        if !self.definition.guardian_set.threshold.met_by(approvals.len()) {
            return;
        }
        if self.persist(Record::EmergencyCertified { emergency: *id, approvals, at: slot }, out) {
            let to = EmergencyState::Certified;
            out.push(Command::Notify(Notice::EmergencyMoved { emergency: *id, to }));
            out.extend(self.emergency_certificate(id).map(Command::Broadcast));
        }
    }

    /// Whether an emergency can be taken back no more. One that a contract logged is taken back there, so what the
    /// contract logged within the window must be final first.
    pub(crate) fn is_window_over(&self, emergency: &Emergency) -> bool {
        let from = emergency.certifiable_from(&self.definition.emergency);
        let is_logged = matches!(emergency.raiser, Raiser::Contract { .. });
        let seen = if is_logged && emergency.severity == Severity::Normal {
            let scanned = self.protocol.ledger().scanned();
            scanned.map(|block| self.definition.chain.slot_at(block.timestamp)).unwrap_or_default()
        } else {
            self.view.slot()
        };
        seen >= from && self.view.slot() >= from
    }

    /// The certificate we hold, to be said.
    pub(crate) fn emergency_certificate(&self, id: &ProposalId) -> Option<Message> {
        let matter = self.agenda.get(id)?;
        let t = usize::from(self.definition.guardian_set.threshold.t());
        let approvals = &matter.certificate.as_ref()?.approvals;
        let approvals = approvals.iter().take(t).map(|(_, sealed)| sealed.clone()).collect();
        let raised = matter.raised.clone();
        Some(Message::EmergencyCertificate(EmergencyCertificate { raised, approvals }))
    }

    pub(crate) fn receive_emergency_certificate(
        &mut self,
        from: GuardianIndex,
        raised: Raised,
        approvals: Vec<(GuardianIndex, Vote, Envelope)>,
        envelope: Envelope,
        out: &mut Vec<Command>,
    ) {
        let emergency = &raised.emergency;
        if !self.is_our_epoch(from, emergency.guardian_set_epoch, None, out) {
            return;
        }
        let id = emergency.id();
        if !self.proves_approval(&raised, &id, &approvals) {
            self.fault(from, FaultKind::InvalidCertificate, None, Vec::new(), out);
            return;
        }
        // Not yet or no more, by our clock and by what is final here: it is offered again.
        if emergency.check_time(self.view.slot()).is_err() || !self.is_window_over(emergency) {
            return;
        }
        if self.agenda.get(&id).is_none() {
            // What a contract logged we read by ourselves.
            let is_logged = raised.proof == Proof::Logged;
            if is_logged || !self.agenda.has_room(self.view.slot()) || !self.take_up(raised, out) {
                return;
            }
        }
        for (guardian, vote, sealed) in &approvals {
            let novelty = self.agenda.get(&id).map(|matter| matter.ballot.novelty(*guardian, vote));
            if let Some(Novelty::Equivocation(earlier)) = novelty {
                self.fault(*guardian, FaultKind::Equivocation, Some(id), vec![earlier, sealed.clone()], out);
            }
        }
        let is_open = self.agenda.get(&id).is_some_and(|matter| matter.state == EmergencyState::Open);
        if is_open {
            let approvals = approvals.into_iter().map(|(guardian, _, sealed)| (guardian, sealed)).collect();
            let at = self.view.slot();
            if self.persist(Record::EmergencyCertified { emergency: id, approvals, at }, out) {
                let to = EmergencyState::Certified;
                out.push(Command::Notify(Notice::EmergencyMoved { emergency: id, to }));
            }
        }
        if let Some(certificate) = self.agenda.get_mut(&id).and_then(|matter| matter.certificate.as_mut()) {
            certificate.sealed.get_or_insert(envelope);
        }
        self.progress(&id, out);
        self.review(out);
    }

    /// Whether these are enough approvals of this emergency by distinct members, and nothing else. Who sealed it is proven
    /// by those who approved it.
    fn proves_approval(
        &self,
        raised: &Raised,
        id: &ProposalId,
        approvals: &[(GuardianIndex, Vote, Envelope)],
    ) -> bool {
        let emergency = &raised.emergency;
        let is_from_raiser = match raised.proof {
            Proof::Sealed => matches!(emergency.raiser, Raiser::Guardian { .. }),
            Proof::Signature(_) => raised.check_proof(&self.definition, self.me).is_ok(),
            Proof::Logged => matches!(emergency.raiser, Raiser::Contract { .. }),
        };
        let distinct: BTreeSet<_> = approvals.iter().map(|(guardian, _, _)| *guardian).collect();
        let each_approves = approvals.iter().all(|(guardian, vote, sealed)| {
            self.is_member(*guardian)
                && vote.proposal == *id
                && vote.decision == Decision::Approve
                && sealed.0.len() <= MAX_SEALED_VOTE
        });
        is_from_raiser
            && emergency.check(&self.definition).is_ok()
            && each_approves
            && distinct.len() == approvals.len()
            && self.definition.guardian_set.threshold.met_by(distinct.len())
    }

    /// Makes the exits of a certified emergency that our view confirms and that were not made yet.
    fn adopt(&mut self, id: &ProposalId, out: &mut Vec<Command>) {
        let slot = self.view.slot();
        let Some(matter) = self.agenda.get(id).filter(|matter| matter.state == EmergencyState::Certified)
        else {
            return;
        };
        let emergency = matter.emergency();
        if emergency.expires <= slot {
            return;
        }
        let exits: Vec<_> = matter
            .waiting
            .iter()
            .filter_map(|index| self.subject(*index))
            .filter(|subject| self.is_in_scope(emergency, &subject.pubkey))
            .map(|subject| ExitProposal::emergency(&self.definition, subject, emergency))
            .filter(|proposal| self.opinion(proposal) == Opinion::Approve)
            .take(MAX_CASES.saturating_sub(self.docket.len()))
            .collect();
        for proposal in exits {
            let adopted = proposal.id();
            if self.persist(Record::Adopted { proposal, at: slot }, out) {
                self.advance(&adopted, out);
            }
        }
    }

    /// Ends a certified emergency whose exits are all over, and those of its exits that were not released in time.
    fn finish(&mut self, id: &ProposalId, out: &mut Vec<Command>) {
        let slot = self.view.slot();
        let Some(matter) = self.agenda.get(id) else { return };
        if matter.state != EmergencyState::Certified {
            return;
        }
        let is_late = matter.emergency().expires <= slot;
        let is_over = |case: Option<&Case>| case.is_none_or(|case| case.state.is_over());
        let unreleased = |case: Option<&Case>| case.is_some_and(|case| case.state == State::Certified);
        let exits: Vec<_> = matter.exits.values().copied().collect();
        let is_waiting = !is_late && !matter.waiting.iter().all(|index| self.is_leaving(*index));
        if is_late {
            for exit in
                exits.iter().filter(|exit| unreleased(self.docket.get(exit))).copied().collect::<Vec<_>>()
            {
                self.move_to(&exit, State::Expired, out);
            }
        }
        if !is_waiting && exits.iter().all(|exit| is_over(self.docket.get(exit))) {
            self.move_emergency(id, EmergencyState::Done, out);
        }
    }

    /// Closes open emergencies whose time is over, and what of certified ones was not released in time.
    pub(crate) fn expire_emergencies(&mut self, out: &mut Vec<Command>) {
        let slot = self.view.slot();
        for id in self.agenda.pending() {
            let is_late = self.agenda.get(&id).is_some_and(|matter| {
                matter.state == EmergencyState::Open && matter.emergency().expires <= slot
            });
            if is_late {
                self.move_emergency(&id, EmergencyState::Expired, out);
            } else {
                self.finish(&id, out);
            }
        }
    }

    fn move_emergency(&mut self, id: &ProposalId, to: EmergencyState, out: &mut Vec<Command>) {
        let at: Slot = self.view.slot();
        if self.persist(Record::EmergencyMoved { emergency: *id, to, at }, out) {
            out.push(Command::Notify(Notice::EmergencyMoved { emergency: *id, to }));
        }
    }

    /// What about our operator's word keeps us from signing an exit that people ask for; None for an exit by a rule.
    pub(crate) fn undecided(&self, proposal: &ExitProposal) -> Option<Hold> {
        let Origin::Emergency { emergency, .. } = &proposal.origin else { return None };
        let is_willed = self.agenda.get(emergency).is_some_and(Matter::is_approved_by_us);
        let is_over = proposal.expires <= self.view.slot();
        (!is_willed || is_over).then_some(Hold::OperatorUndecided)
    }
}

/// Whether a standing order speaks of an emergency.
fn fits(order: &StandingOrder, emergency: &Emergency) -> bool {
    order.raiser.is_none_or(|class| class == emergency.raiser.class())
        && order.proposer.is_none_or(|account| emergency.raiser.account() == Some(account))
        && order.severity.is_none_or(|severity| severity == emergency.severity)
        && u64::try_from(emergency.validators.len()).is_ok_and(|count| count <= order.max_validators)
}

#[cfg(test)]
mod tests;
