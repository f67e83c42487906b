//! `Docket`: all cases, and what each journal record changes in them.
//!
//! Every lasting change goes through [`Docket::apply`], live and at restore alike, so a restart is the same story told
//! again.

use crate::case::{Case, Certified, Held};
use crate::fault::FaultKind;
use crate::guardian_set::GuardianIndex;
use crate::message::Vote;
use crate::proposal::{Origin, ProposalId, RuleKind, State};
use crate::record::Record;
use crate::status::Hold;
use crypto::spec::{BlsPubkey, Epoch, Slot};
use crypto::threshold::Threshold;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Cases that are over and kept for the status and against late messages; the oldest is forgotten first, but none
/// before its voting window is over: whoever forgot its own vote on it would vote again and contradict itself.
const MAX_OVER: usize = 256;

/// Most cases at all: n times what one guardian may have open, and as many certified ones.
pub(crate) const MAX_CASES: usize = 8_192;

/// All cases.
#[derive(Debug, Clone, Default)]
pub(crate) struct Docket {
    cases: BTreeMap<ProposalId, Case>,
    by_validator: BTreeMap<BlsPubkey, BTreeSet<ProposalId>>,
    /// Cases that are over, in the order they ended; at most [`MAX_OVER`], and those whose window still runs.
    over: VecDeque<ProposalId>,
    /// Due epoch each guardian last proposed for a validator by a rule: at most n for each rule and watched validator.
    /// Not journaled.
    forms: BTreeMap<BlsPubkey, BTreeMap<(RuleKind, GuardianIndex), Epoch>>,
    /// Cases by who brought them first, until they are certified or their window is over. Not journaled.
    brought: BTreeMap<GuardianIndex, BTreeSet<ProposalId>>,
}

impl Docket {
    pub(crate) fn get(&self, id: &ProposalId) -> Option<&Case> {
        self.cases.get(id)
    }

    /// For what is not journaled: proofs, orders in flight, holds. Journaled state changes only in `apply`.
    pub(crate) fn get_mut(&mut self, id: &ProposalId) -> Option<&mut Case> {
        self.cases.get_mut(id)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (ProposalId, &Case)> {
        self.cases.iter().map(|(id, case)| (*id, case))
    }

    pub(crate) fn len(&self) -> usize {
        self.cases.len()
    }

    /// The cases about one validator, by id.
    pub(crate) fn about(&self, pubkey: &BlsPubkey) -> impl Iterator<Item = (ProposalId, &Case)> {
        let ids = self.by_validator.get(pubkey).into_iter().flatten();
        ids.filter_map(|id| self.cases.get(id).map(|case| (*id, case)))
    }

    /// Ids of the cases that are not over.
    pub(crate) fn pending(&self) -> Vec<ProposalId> {
        self.iter().filter(|(_, case)| !case.state.is_over()).map(|(id, _)| id).collect()
    }

    /// Remembers which due epoch a guardian proposed for a validator.
    pub(crate) fn note_form(&mut self, pubkey: BlsPubkey, from: GuardianIndex, origin: &Origin) {
        self.forms.entry(pubkey).or_default().insert((origin.kind(), from), origin.due());
    }

    /// Due epochs the guardians lately proposed for a validator by a rule.
    pub(crate) fn forms(&self, pubkey: &BlsPubkey, kind: RuleKind) -> BTreeSet<Epoch> {
        let forms = self.forms.get(pubkey).into_iter().flatten();
        forms.filter(|((of, _), _)| *of == kind).map(|(_, due)| *due).collect()
    }

    /// Remembers who brought a case; the first one counts.
    pub(crate) fn note_bringer(&mut self, id: ProposalId, from: GuardianIndex) {
        if let Some(case) = self.cases.get_mut(&id).filter(|case| case.bringer.is_none()) {
            case.bringer = Some(from);
            self.brought.entry(from).or_default().insert(id);
        }
    }

    /// Uncertified cases a guardian brought whose voting window still runs: in all, and about one validator. Those that
    /// were refused count too, or refusals would make room for the next ones without end.
    pub(crate) fn brought_by(&self, from: GuardianIndex, pubkey: &BlsPubkey, slot: Slot) -> (usize, usize) {
        let brought = self.brought.get(&from).into_iter().flatten();
        let all = brought.filter_map(|id| self.cases.get(id)).filter(|case| is_fruitless(case, slot)).count();
        let about = self.about(pubkey).filter(|(_, case)| case.bringer == Some(from));
        (all, about.filter(|(_, case)| is_fruitless(case, slot)).count())
    }

    /// Forgets who brought the cases that are certified or whose window is over.
    pub(crate) fn forget_brought(&mut self, slot: Slot) {
        let cases = &self.cases;
        for ids in self.brought.values_mut() {
            ids.retain(|id| cases.get(id).is_some_and(|case| is_fruitless(case, slot)));
        }
    }

    /// Certified cases that only a cap for all validators keeps from being released.
    pub(crate) fn capped(&self) -> usize {
        // Those of an emergency wait by themselves: they must not silence the rules.
        let is_capped = |case: &&Case| {
            let hold = case.hold.filter(|_| case.proposal.origin.kind() != RuleKind::Emergency);
            matches!(hold, Some(Hold::EpochCap | Hold::DayCap | Hold::ShareCap | Hold::CapsUnknown))
        };
        self.cases.values().filter(is_capped).count()
    }

    /// Certified cases that only the cap of their node operator or module keeps from being released.
    pub(crate) fn crowded(&self) -> usize {
        let is_capped = |case: &&Case| {
            case.proposal.origin.kind() != RuleKind::Emergency
                && matches!(case.hold, Some(Hold::OperatorCap | Hold::ModuleCap))
        };
        self.cases.values().filter(is_capped).count()
    }

    /// After a restart: what the journal says holds a case holds it until we look again.
    pub(crate) fn hold_again(&mut self) {
        for case in self.cases.values_mut() {
            case.hold = case.held.map(|(hold, _)| hold);
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
        match record {
            Record::Proposed { proposal, at } => {
                let id = proposal.id();
                if self.cases.contains_key(&id) {
                    return Err("the proposal is already known");
                }
                self.by_validator.entry(proposal.pubkey).or_default().insert(id);
                self.cases.insert(id, Case::new(proposal.clone(), *at));
                Ok(())
            }
            Record::Adopted { proposal, at } => {
                let id = proposal.id();
                if self.cases.contains_key(&id) {
                    return Err("the proposal is already known");
                }
                let mut case = Case::new(proposal.clone(), *at);
                case.state = State::Certified;
                // Its approvals are its emergency's.
                case.certificate = Some(Certified { approvals: Vec::new(), at: *at, sealed: None });
                self.by_validator.entry(proposal.pubkey).or_default().insert(id);
                self.cases.insert(id, case);
                Ok(())
            }
            Record::Held { proposal, hold, at } => {
                let case = self.known(proposal)?;
                case.held = hold.map(|hold| (hold, *at));
                case.hold_noted = Some(*at);
                Ok(())
            }
            Record::VoteCast(vote) => {
                let case = self.known(&vote.proposal)?;
                if let Some(earlier) = &case.own
                    && vote.revision <= earlier.revision
                {
                    return Err("our vote does not have a higher revision than the one before");
                }
                case.own = Some(vote.clone());
                Ok(())
            }
            Record::VoteSeen { from, vote, envelope, at } => {
                let case = self.known(&vote.proposal)?;
                if *from == me && !is_said_by(case, vote) {
                    return Err("a vote of ours was heard that we had not cast");
                }
                case.ballot.count(*from, vote.clone(), envelope.clone(), *at);
                Ok(())
            }
            Record::Certified { proposal, approvals, at } => {
                let distinct: BTreeSet<_> = approvals.iter().map(|(guardian, _)| *guardian).collect();
                if distinct.len() != approvals.len() || !threshold.met_by(distinct.len()) {
                    return Err("a certificate without enough distinct approvals");
                }
                self.step(proposal, State::Certified, *at)?;
                let case = self.known(proposal)?;
                case.certificate = Some(Certified { approvals: approvals.clone(), at: *at, sealed: None });
                Ok(())
            }
            Record::Released { proposal, at } => {
                self.step(proposal, State::Signed, *at)?;
                self.known(proposal)?.ceremony.released = Some(*at);
                Ok(())
            }
            Record::PartialHeld { from, partial, envelope, at } => {
                let case = self.known(&partial.proposal)?;
                if case.certificate.is_none() {
                    return Err("a partial without a certificate");
                }
                if *from == me && case.ceremony.released.is_none() {
                    return Err("a partial of ours that was not released");
                }
                case.ceremony.early.remove(from);
                let held = Held { partial: partial.clone(), envelope: envelope.clone(), at: *at };
                case.ceremony.partials.insert(*from, held);
                Ok(())
            }
            Record::Combined { proposal, exit, at, .. } => {
                let case = self.known(proposal)?;
                if case.certificate.is_none() || exit.message != case.proposal.exit {
                    return Err("a combined exit that was not certified");
                }
                case.ceremony.combined = Some(*exit);
                case.ceremony.combined_at.get_or_insert(*at);
                Ok(())
            }
            Record::Submitted { proposal, at, outcomes } => {
                let case = self.known(proposal)?;
                if case.ceremony.combined.is_none() {
                    return Err("a submission without a combined exit");
                }
                let first = case.ceremony.submitted.is_none();
                if let Some((node, _)) = outcomes.iter().find(|(_, outcome)| outcome.is_taken()) {
                    case.ceremony.submitted = Some(*at);
                    case.ceremony.accepted.get_or_insert_with(|| (node.clone(), *at));
                }
                case.ceremony.outcomes = outcomes.clone();
                let moves = first && case.ceremony.submitted.is_some();
                if moves && case.state.may_become(State::Submitted) && case.state != State::Included {
                    self.step(proposal, State::Submitted, *at)?;
                }
                Ok(())
            }
            Record::Moved { proposal, to, at } => match to {
                State::Open
                | State::Finalized
                | State::Included
                | State::Rejected
                | State::Expired
                | State::Moot => self.step(proposal, *to, *at),
                // Back after a reorg, to where its ceremony stands.
                State::Certified | State::Signed | State::Submitted => {
                    if self.known(proposal)?.state_before_inclusion() != *to {
                        return Err("a step back to where the proposal never was");
                    }
                    self.step(proposal, *to, *at)
                }
            },
            Record::Faulted { fault, .. } => {
                if let (FaultKind::InvalidPartial, Some(id)) = (fault.kind, &fault.proposal) {
                    self.blame(id, fault.guardian);
                }
                Ok(())
            }
            Record::Liveness(_)
            | Record::Finalized(_)
            | Record::NotFinalizing(_)
            | Record::Scanned(_)
            | Record::Asked { .. }
            | Record::Raised { .. }
            | Record::EmergencyCertified { .. }
            | Record::EmergencyMoved { .. }
            | Record::Cancelled { .. }
            | Record::Observed { .. }
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

    /// Marks a guardian's partial as false and drops it.
    fn blame(&mut self, id: &ProposalId, guardian: GuardianIndex) {
        if let Some(case) = self.cases.get_mut(id) {
            case.ceremony.partials.remove(&guardian);
            case.ceremony.early.remove(&guardian);
            case.ceremony.culprits.insert(guardian);
        }
    }

    fn known(&mut self, id: &ProposalId) -> Result<&mut Case, &'static str> {
        self.cases.get_mut(id).ok_or("the proposal is not known")
    }

    /// Moves a case along the transition table, and forgets the oldest one that is over, window and all.
    fn step(&mut self, id: &ProposalId, to: State, at: Slot) -> Result<(), &'static str> {
        let case = self.known(id)?;
        if !case.state.may_become(to) {
            return Err("the transition table has no such step");
        }
        let from = std::mem::replace(&mut case.state, to);
        case.note_chain(from, at);
        case.hold = None;
        case.held = None;
        case.hold_noted = None;
        self.over.retain(|over| over != id);
        if to.is_over() {
            self.over.push_back(*id);
        }
        let is_past = |id: &ProposalId| self.cases.get(id).is_none_or(|case| case.proposal.expires <= at);
        if self.over.len() > MAX_OVER
            && let Some(place) = self.over.iter().position(is_past)
            && let Some(oldest) = self.over.remove(place)
            && let Some(case) = self.cases.remove(&oldest)
        {
            if let Some(ids) = case.bringer.and_then(|bringer| self.brought.get_mut(&bringer)) {
                ids.remove(&oldest);
            }
            if let Some(ids) = self.by_validator.get_mut(&case.proposal.pubkey) {
                ids.remove(&oldest);
                if ids.is_empty() {
                    self.by_validator.remove(&case.proposal.pubkey);
                    self.forms.remove(&case.proposal.pubkey);
                }
            }
        }
        Ok(())
    }
}

/// Whether a case is uncertified and its voting window still runs.
fn is_fruitless(case: &Case, slot: Slot) -> bool {
    case.certificate.is_none() && slot < case.proposal.expires
}

/// Whether we cast this vote: it is our latest, or older than that.
fn is_said_by(case: &Case, vote: &Vote) -> bool {
    case.own.as_ref().is_some_and(|own| own == vote || own.revision > vote.revision)
}

#[cfg(test)]
mod tests;
