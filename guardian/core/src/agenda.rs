//! `Agenda`: all emergencies, and what each journal record changes in them. As [`crate::docket`] for proposals.

use crate::case::Certified;
use crate::emergency::Raiser;
use crate::guardian_set::GuardianIndex;
use crate::matter::Matter;
use crate::message::Vote;
use crate::proposal::{ExitProposal, Origin, ProposalId};
use crate::record::Record;
use crate::request::Request;
use crate::status::EmergencyState;
use crypto::spec::Slot;
use crypto::threshold::Threshold;
use std::collections::{BTreeMap, BTreeSet};

/// Most emergencies kept that are over and past their time; the oldest is forgotten first. Those that somebody could still
/// bring again are kept beside them: each raiser has a bounded number of those.
pub(crate) const MAX_OVER: usize = 64;

/// All emergencies.
#[derive(Debug, Clone, Default)]
pub(crate) struct Agenda {
    matters: BTreeMap<ProposalId, Matter>,
    /// What our operator said with its last request, about which emergency.
    note: Option<(ProposalId, String)>,
    /// The emergency that was looked at right before this record: a vote of ours that follows is our operator's.
    observed: Option<ProposalId>,
}

impl Agenda {
    pub(crate) fn get(&self, id: &ProposalId) -> Option<&Matter> {
        self.matters.get(id)
    }

    /// For what is not journaled: proofs, what was told. Journaled state changes only in `apply`.
    pub(crate) fn get_mut(&mut self, id: &ProposalId) -> Option<&mut Matter> {
        self.matters.get_mut(id)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (ProposalId, &Matter)> {
        self.matters.iter().map(|(id, matter)| (*id, matter))
    }

    /// Whether a record is a vote on an emergency, and so none on a proposal.
    pub(crate) fn owns(&self, record: &Record) -> bool {
        match record {
            Record::VoteCast(vote) | Record::VoteSeen { vote, .. } => {
                self.matters.contains_key(&vote.proposal)
            }
            _ => false,
        }
    }

    /// Ids of those that are not over.
    pub(crate) fn pending(&self) -> Vec<ProposalId> {
        self.iter().filter(|(_, matter)| !matter.state.is_over()).map(|(id, _)| id).collect()
    }

    /// The matter that an exit belongs to, if it is one of an emergency.
    pub(crate) fn of(&self, proposal: &ExitProposal) -> Option<&Matter> {
        match proposal.origin {
            Origin::Emergency { emergency, .. } => self.get(&emergency),
            Origin::Offline { .. } | Origin::Tickets { .. } | Origin::Balance { .. } => None,
        }
    }

    /// The emergencies of a raiser: by whichever way an account asks, it is one raiser.
    pub(crate) fn raised_by(&self, raiser: &Raiser) -> impl Iterator<Item = &Matter> {
        let is_same = move |other: &Raiser| match (raiser, other) {
            (Raiser::Guardian { guardian }, Raiser::Guardian { guardian: other }) => guardian == other,
            (Raiser::Guardian { .. }, _) | (_, Raiser::Guardian { .. }) => false,
            (one, other) => one.account() == other.account(),
        };
        self.matters.values().filter(move |matter| is_same(&matter.emergency().raiser))
    }

    /// Forgets the oldest of those that are over and past their time, so that nobody can bring them again.
    fn forget(&mut self, slot: Slot) {
        let is_past = |matter: &Matter| matter.state.is_over() && matter.emergency().expires <= slot;
        let mut past: Vec<_> = self
            .iter()
            .filter(|(_, matter)| is_past(matter))
            .map(|(id, matter)| (matter.since, id))
            .collect();
        past.sort_unstable();
        let surplus = past.len().saturating_sub(MAX_OVER);
        for (_, id) in past.into_iter().take(surplus) {
            self.matters.remove(&id);
        }
    }

    /// Makes the change a journal record tells of.
    ///
    /// # Errors
    /// What contradicts the records before it. Nothing is changed then.
    pub(crate) fn apply(
        &mut self,
        record: &Record,
        me: GuardianIndex,
        threshold: Threshold,
    ) -> Result<(), &'static str> {
        let observed = self.observed.take();
        match record {
            Record::Observed { proposal, .. } => {
                self.observed = Some(*proposal);
                Ok(())
            }
            Record::Asked { request, .. } => {
                self.note = None;
                if let Request::Approve { emergency, note }
                | Request::Reject { emergency, note }
                | Request::Withdraw { emergency, note } = request
                {
                    self.note = Some((*emergency, note.clone()));
                }
                Ok(())
            }
            Record::Raised { raised, at } => {
                let id = raised.emergency.id();
                if self.matters.contains_key(&id) {
                    return Err("the emergency is already known");
                }
                self.forget(*at);
                self.matters.insert(id, Matter::new(raised.clone(), *at));
                Ok(())
            }
            Record::VoteCast(vote) if self.matters.contains_key(&vote.proposal) => {
                self.cast(vote, observed == Some(vote.proposal))
            }
            Record::VoteSeen { from, vote, envelope, at } if self.matters.contains_key(&vote.proposal) => {
                let matter = self.known(&vote.proposal)?;
                let is_said =
                    matter.own.as_ref().is_some_and(|own| own == vote || own.revision > vote.revision);
                if *from == me && !is_said {
                    return Err("a vote of ours was heard that we had not cast");
                }
                matter.ballot.count(*from, vote.clone(), envelope.clone(), *at);
                Ok(())
            }
            Record::EmergencyCertified { emergency, approvals, at } => {
                let distinct: BTreeSet<_> = approvals.iter().map(|(guardian, _)| *guardian).collect();
                if distinct.len() != approvals.len() || !threshold.met_by(distinct.len()) {
                    return Err("a certificate without enough distinct approvals");
                }
                self.step(emergency, EmergencyState::Certified)?;
                self.known(emergency)?.certificate =
                    Some(Certified { approvals: approvals.clone(), at: *at, sealed: None });
                Ok(())
            }
            Record::EmergencyMoved { emergency, to, .. } => self.step(emergency, *to),
            Record::Cancelled { cancellation, at } => {
                self.step(&cancellation.emergency, EmergencyState::Cancelled)?;
                self.known(&cancellation.emergency)?.cancellation = Some((*cancellation, *at));
                Ok(())
            }
            Record::Adopted { proposal, .. } => {
                let Origin::Emergency { emergency, .. } = &proposal.origin else {
                    return Err("an exit of no emergency");
                };
                let matter = self.known(emergency)?;
                if matter.certificate.is_none() || !matter.waiting.remove(&proposal.exit.validator_index) {
                    return Err("an exit that no certified emergency asks for");
                }
                matter.exits.insert(proposal.exit.validator_index, proposal.id());
                Ok(())
            }
            Record::Liveness(_)
            | Record::Finalized(_)
            | Record::Proposed { .. }
            | Record::VoteCast(_)
            | Record::VoteSeen { .. }
            | Record::Certified { .. }
            | Record::Released { .. }
            | Record::PartialHeld { .. }
            | Record::Combined { .. }
            | Record::Submitted { .. }
            | Record::Moved { .. }
            | Record::Faulted { .. }
            | Record::NotFinalizing(_)
            | Record::Scanned(_)
            | Record::Held { .. }
            | Record::Reached { .. }
            | Record::WishCast { .. }
            | Record::WishSeen { .. }
            | Record::Lapsed(_)
            | Record::Spared { .. }
            | Record::Preceded { .. }
            | Record::Opened { .. }
            | Record::Ceremony { .. }
            | Record::Inherited { .. }
            | Record::GroupSigned { .. } => Ok(()),
        }
    }

    fn cast(&mut self, vote: &Vote, is_spoken: bool) -> Result<(), &'static str> {
        let is_its = |(id, _): &mut (ProposalId, String)| is_spoken && *id == vote.proposal;
        let note = self.note.take_if(is_its).map(|(_, note)| note);
        let matter = self.known(&vote.proposal)?;
        if matter.own.as_ref().is_some_and(|earlier| vote.revision <= earlier.revision) {
            return Err("our vote does not have a higher revision than the one before");
        }
        matter.own = Some(vote.clone());
        (matter.note, matter.is_spoken) = (note, is_spoken);
        Ok(())
    }

    fn step(&mut self, id: &ProposalId, to: EmergencyState) -> Result<(), &'static str> {
        let matter = self.known(id)?;
        if !matter.state.may_become(to) {
            return Err("an emergency has no such step");
        }
        matter.state = to;
        Ok(())
    }

    fn known(&mut self, id: &ProposalId) -> Result<&mut Matter, &'static str> {
        self.matters.get_mut(id).ok_or("the emergency is not known")
    }
}

#[cfg(test)]
mod tests;
