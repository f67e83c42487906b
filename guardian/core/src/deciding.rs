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
use crate::governor::{DAY_EPOCHS, patience};
use crate::guardian::Guardian;
use crate::guardian_set::GuardianIndex;
use crate::matter::Matter;
use crate::message::{Decision, EmergencyCertificate, Envelope, MAX_SEALED_VOTE, Message, Vote};
use crate::notice::Notice;
use crate::policy::Enforcement;
use crate::proposal::{ExitProposal, Origin, ProposalId, RuleKind, State};
use crate::record::Record;
use crate::rule::Opinion;
use crate::status::{EmergencyState, Hold};
use crate::voting::MAX_REVISION;
use crate::{case::Case, docket::MAX_CASES};
use crypto::spec::Slot;

/// Emergencies of one raiser that may be open at once.
pub(crate) const MAX_OPEN_EMERGENCIES: usize = 8;

/// Emergencies of one raiser taken up in a day.
pub(crate) const MAX_EMERGENCIES_A_DAY: usize = 32;

/// Emergencies of one raiser that are kept until their time is over, whatever became of them.
pub(crate) const MAX_KEPT_EMERGENCIES: usize = 64;

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
            let is_welcome = is_timely && self.check_quota(emergency).is_ok();
            if !is_welcome || !self.take_up(raised.clone(), out) {
                return;
            }
        }
        // What we hand on must prove itself to others.
        let is_missing = self.agenda.get(&id).is_some_and(|matter| matter.sealed.is_none());
        if is_missing
            && raised.check_proof(&self.definition, from).is_ok()
            && let Some(matter) = self.agenda.get_mut(&id)
        {
            matter.sealed = Some(envelope);
        }
    }

    /// Whether its raiser may bring this one too. What a contract logged counts by the chain's own time, whatever became of
    /// it here, so that guardians agree on it.
    pub(crate) fn check_quota(&self, emergency: &Emergency) -> Result<(), Refusal> {
        let day = DAY_EPOCHS.saturating_mul(self.definition.chain.slots_per_epoch.get());
        let is_logged = matches!(emergency.raiser, Raiser::Contract { .. });
        let now = if is_logged { emergency.opened } else { self.view.slot() };
        let (mut kept, mut open, mut lately) = (0usize, 0usize, 0usize);
        for matter in self.agenda.raised_by(&emergency.raiser) {
            let known = if is_logged { matter.emergency().opened } else { matter.since };
            let is_open = !is_logged && matter.state == EmergencyState::Open;
            kept = kept.saturating_add(usize::from(matter.emergency().expires > now));
            open = open.saturating_add(usize::from(is_open));
            lately = lately.saturating_add(usize::from(known.saturating_add(day) > now));
        }
        if open >= MAX_OPEN_EMERGENCIES || lately >= MAX_EMERGENCIES_A_DAY || kept >= MAX_KEPT_EMERGENCIES {
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
        self.ask_operator(&id, out);
        true
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
        let is_open = matter.state == EmergencyState::Open;
        if from == self.me {
            self.relearn(&vote, out);
        }
        let at = self.view.slot();
        if !is_open || !self.persist(Record::VoteSeen { from, vote, envelope, at }, out) {
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

    /// A vote of ours that the journal does not know: we run on an old backup. It was said, so its revision stands; but
    /// whether it was our last word we do not know, so nothing is signed by it until our operator speaks again.
    fn relearn(&mut self, vote: &Vote, out: &mut Vec<Command>) {
        let own = self.agenda.get(&vote.proposal).map(|matter| matter.own.as_ref().map(|own| own.revision));
        if own.is_some_and(|own| own.is_none_or(|own| own < vote.revision)) {
            self.persist(Record::VoteCast(vote.clone()), out);
            self.lapse(out);
        }
    }

    pub(crate) fn receive_cancellation(
        &mut self,
        from: GuardianIndex,
        cancellation: Cancellation,
        envelope: Envelope,
        out: &mut Vec<Command>,
    ) {
        let id = cancellation.emergency;
        let wanted = |matter: &&Matter| match matter.state {
            EmergencyState::Open => true,
            EmergencyState::Cancelled => matter.cancelled.is_none(),
            EmergencyState::Certified
            | EmergencyState::Done
            | EmergencyState::Rejected
            | EmergencyState::Expired => false,
        };
        let Some(matter) = self.agenda.get(&id).filter(wanted) else { return };
        if cancellation.check_proof(&self.definition, &matter.emergency().raiser, from).is_err() {
            self.fault(from, FaultKind::ForgedAuthority, Some(id), Vec::new(), out);
            return;
        }
        if matter.state == EmergencyState::Open {
            self.cancel(cancellation, out);
        }
        if let Some(matter) = self.agenda.get_mut(&id) {
            matter.cancelled.get_or_insert(envelope);
        }
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
            self.ask_operator(&id, out);
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
        if matter.emergency().expires <= slot || !self.is_window_over(matter) {
            return;
        }
        let approvals = matter.approvals(self.me);
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
    fn is_window_over(&self, matter: &Matter) -> bool {
        let from = matter.certifiable_from(&self.definition.emergency);
        let emergency = matter.emergency();
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
        // No more by our clock, or not yet: it is offered again.
        if emergency.check_time(self.view.slot()).is_err() {
            return;
        }
        if self.agenda.get(&id).is_none() {
            // What a contract logged we read by ourselves.
            if raised.proof == Proof::Logged || !self.take_up(raised, out) {
                return;
            }
        }
        let own = approvals.iter().find(|(guardian, _, _)| *guardian == self.me);
        if let Some((_, vote, _)) = own {
            self.relearn(vote, out);
        }
        self.note_contradictions(&id, &approvals, out);
        let Some(matter) = self.agenda.get(&id) else { return };
        let is_new = matter.state == EmergencyState::Open && self.is_window_over(matter);
        // An approval that its author took back, as far as we heard, does not prove anything any more.
        let standing = |(guardian, vote, _): &&(GuardianIndex, Vote, Envelope)| {
            (*guardian != self.me || matter.is_approved_by_us())
                && !matter.ballot.is_superseded(*guardian, vote)
        };
        let stands = self.definition.guardian_set.threshold.met_by(approvals.iter().filter(standing).count());
        if is_new && stands {
            let approvals = approvals.into_iter().map(|(guardian, _, sealed)| (guardian, sealed)).collect();
            let at = self.view.slot();
            if self.persist(Record::EmergencyCertified { emergency: id, approvals, at }, out) {
                let to = EmergencyState::Certified;
                out.push(Command::Notify(Notice::EmergencyMoved { emergency: id, to }));
                self.progress(&id, out);
            }
        }
        if let Some(certificate) = self.agenda.get_mut(&id).and_then(|matter| matter.certificate.as_mut()) {
            certificate.sealed.get_or_insert(envelope);
        }
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
        is_from_raiser && emergency.check(&self.definition).is_ok() && self.are_enough(id, approvals)
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
            .map(|subject| ExitProposal::emergency(&self.definition, subject, emergency, *id))
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
        let exits: Vec<_> = matter.exits.values().copied().collect();
        let is_waiting = !is_late && !matter.waiting.iter().all(|index| self.is_leaving(*index));
        // What was not signed in time is not signed any more.
        let is_unsigned = |case: &Case| match case.state {
            State::Certified => true,
            State::Signed => {
                case.ceremony.combined.is_none() && !case.ceremony.partials.contains_key(&self.me)
            }
            State::Open
            | State::Submitted
            | State::Included
            | State::Finalized
            | State::Rejected
            | State::Expired
            | State::Moot => false,
        };
        let late: Vec<_> = exits
            .iter()
            .filter(|exit| is_late && self.docket.get(exit).is_some_and(is_unsigned))
            .copied()
            .collect();
        for exit in late {
            self.move_to(&exit, State::Expired, out);
        }
        let patience = patience(&self.definition);
        let is_over = |case: Option<&Case>| {
            case.is_none_or(|case| case.state.is_over() || (is_late && case.is_stuck(slot, patience)))
        };
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
        let is_over =
            matches!(proposal.origin, Origin::Emergency { .. }) && proposal.expires <= self.view.slot();
        (!self.is_willed(proposal) || is_over).then_some(Hold::OperatorUndecided)
    }

    /// Whether our operator stands behind an exit: always by a rule, and while its approval stands by an emergency. What it
    /// does not stand behind is not said, combined or posted here, even if it was signed.
    pub(crate) fn is_willed(&self, proposal: &ExitProposal) -> bool {
        match &proposal.origin {
            Origin::Emergency { emergency, .. } => {
                self.agenda.get(emergency).is_some_and(Matter::is_approved_by_us)
            }
            Origin::Offline { .. } | Origin::Tickets { .. } | Origin::Balance { .. } => true,
        }
    }
}

#[cfg(test)]
mod tests;
