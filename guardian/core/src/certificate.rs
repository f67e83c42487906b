//! Certificates: t distinct live approvals of one proposal, journaled before anything is released under them.

use crate::ballot::Novelty;
use crate::command::Command;
use crate::fault::FaultKind;
use crate::guardian::Guardian;
use crate::guardian_set::GuardianIndex;
use crate::message::{Certificate, Decision, Envelope, MAX_SEALED_VOTE, Message, Vote};
use crate::proposal::{ExitProposal, Origin, ProposalId, State};
use crate::record::Record;
use std::collections::BTreeSet;

impl Guardian {
    /// Certifies an open proposal if enough approvals stand and its window is not over.
    pub(crate) fn certify(&mut self, id: &ProposalId, out: &mut Vec<Command>) {
        let Some(case) = self.docket.get(id) else { return };
        let slot = self.view.slot();
        if case.state != State::Open || case.proposal.expires <= slot {
            return;
        }
        let approvals: Vec<_> = case
            .ballot
            .approvals()
            .filter(|(from, _)| *from != self.me || case.is_approved_by_us())
            .map(|(from, sealed)| (from, sealed.clone()))
            .collect();
        if !self.definition.guardian_set.threshold.met_by(approvals.len()) {
            return;
        }
        if self.persist(Record::Certified { proposal: *id, approvals, at: slot }, out) {
            out.extend(self.certificate(id).map(Command::Broadcast));
        }
    }

    /// The certificate we hold, to be said.
    pub(crate) fn certificate(&self, id: &ProposalId) -> Option<Message> {
        let case = self.docket.get(id)?;
        if matches!(case.proposal.origin, Origin::Emergency { .. }) {
            // Its emergency's certificate says it all.
            return None;
        }
        let approvals =
            case.certificate.as_ref()?.approvals.iter().map(|(_, sealed)| sealed.clone()).collect();
        Some(Message::Certificate(Certificate { proposal: case.proposal.clone(), approvals }))
    }

    pub(crate) fn receive_certificate(
        &mut self,
        from: GuardianIndex,
        proposal: ExitProposal,
        approvals: Vec<(GuardianIndex, Vote, Envelope)>,
        envelope: Envelope,
        out: &mut Vec<Command>,
    ) {
        if !self.is_our_epoch(from, proposal.guardian_set_epoch, Some(&proposal), out) {
            return;
        }
        let id = proposal.id();
        if !self.proves(&proposal, &id, &approvals) {
            self.fault(from, FaultKind::InvalidCertificate, Some(id), Vec::new(), out);
            return;
        }
        if !self.is_ours(&proposal) {
            return;
        }
        let Some(watched) = self.view.validator(&proposal.pubkey) else { return };
        let is_gone = watched.at_finalized.is_some_and(|validator| validator.is_exiting());
        match self.docket.get(&id).map(|case| case.state) {
            // An old certificate about a validator that left long ago.
            None if is_gone => return,
            None => {
                if !self.persist(Record::Proposed { proposal, at: self.view.slot() }, out) {
                    return;
                }
            }
            Some(_) => {}
        }
        self.note_contradictions(&id, &approvals, out);
        let at = self.view.slot();
        let approvals = approvals.into_iter().map(|(guardian, _, sealed)| (guardian, sealed)).collect();
        if self.docket.get(&id).is_some_and(|case| case.certificate.is_none()) {
            self.persist(Record::Certified { proposal: id, approvals, at }, out);
        }
        if let Some(certificate) = self.docket.get_mut(&id).and_then(|case| case.certificate.as_mut()) {
            certificate.sealed.get_or_insert(envelope);
        }
        self.advance(&id, out);
    }

    /// Whether these are enough approvals of this proposal by distinct members, and nothing else.
    fn proves(
        &self,
        proposal: &ExitProposal,
        id: &ProposalId,
        approvals: &[(GuardianIndex, Vote, Envelope)],
    ) -> bool {
        proposal.is_well_formed(&self.definition) && self.are_enough(id, approvals)
    }

    /// Whether these are t approvals or more of a proposal or an emergency, by distinct members, and nothing else.
    pub(crate) fn are_enough(&self, id: &ProposalId, approvals: &[(GuardianIndex, Vote, Envelope)]) -> bool {
        let distinct: BTreeSet<_> = approvals.iter().map(|(guardian, _, _)| *guardian).collect();
        let each_approves = approvals.iter().all(|(guardian, vote, sealed)| {
            self.is_member(*guardian)
                && vote.proposal == *id
                && vote.decision == Decision::Approve
                && sealed.0.len() <= MAX_SEALED_VOTE
        });
        each_approves
            && distinct.len() == approvals.len()
            && self.definition.guardian_set.threshold.met_by(distinct.len())
    }

    /// A certificate may carry the other half of an equivocation.
    pub(crate) fn note_contradictions(
        &mut self,
        id: &ProposalId,
        approvals: &[(GuardianIndex, Vote, Envelope)],
        out: &mut Vec<Command>,
    ) {
        for (guardian, vote, sealed) in approvals {
            let matter = || self.agenda.get(id).map(|matter| &matter.ballot);
            let ballot = self.docket.get(id).map(|case| &case.ballot).or_else(matter);
            let novelty = ballot.map(|ballot| ballot.novelty(*guardian, vote));
            if let Some(Novelty::Equivocation(earlier)) = novelty {
                self.fault(*guardian, FaultKind::Equivocation, Some(*id), vec![earlier, sealed.clone()], out);
            }
        }
    }
}

#[cfg(test)]
mod tests;
