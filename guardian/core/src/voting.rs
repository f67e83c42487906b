//! Voting: what this guardian proposes, approves, rejects and takes back.
//!
//! # Design decisions
//! - One approval a validator at a time. Of several open proposals we can confirm it goes to the smallest id, and goes
//!   over when a smaller one comes to be known: a liar that shows each guardian another form cannot keep them apart,
//!   because each offers on what it approved.
//! - Guardians that began to watch in the middle of a dark run name different due epochs, all of them true. Each
//!   remembers what the others proposed, and in every voting window all choose, among the forms they can confirm, the
//!   one whose proposal id is smallest: the same one for all who know the same forms, another one in each window.
//! - What we cannot judge we do not vote on; it is judged again at every observation and slot while it is open.

use crate::case::Case;
use crate::command::Command;
use crate::emergency::CLOCK_SKEW;
use crate::fault::FaultKind;
use crate::governor::patience;
use crate::guardian::Guardian;
use crate::guardian_set::GuardianIndex;
use crate::judgement::RULES;
use crate::message::{Decision, Envelope, MAX_SEALED_VOTE, Message, RejectReason, Vote};
use crate::proposal::{ExitProposal, ProposalId, RuleKind, State};
use crate::record::Record;
use crate::rule::{Opinion, Verdict};
use crate::status::Hold;
use crate::{ballot::Novelty, docket::MAX_CASES};
use crypto::spec::{BlsPubkey, Epoch, Slot};

/// Uncertified proposals taken from one guardian whose voting window still runs. More than n times [`batch`]: whoever
/// offers again what all honest guardians proposed stays below.
pub const MAX_OPEN: usize = 512;

/// As [`MAX_OPEN`], about one validator.
pub const MAX_OPEN_PER_VALIDATOR: usize = 3;

/// Changes of mind on one proposal; more would be a flickering view, and silence is better.
pub const MAX_REVISION: u32 = 32;

/// Certified proposals that a cap keeps waiting, beyond which we propose nothing more: it would only wait too. Those that
/// only their own operator's or module's cap holds are counted by themselves, and stand in the way of such ones only.
pub const MAX_CAPPED: usize = 64;

/// Uncertified proposals a guardian of a set of `n` brings itself and has open at once. With a thousand validators due,
/// a few at a time are proposed, in each voting window others first.
pub fn batch(n: u16) -> usize {
    256usize.checked_div(n.into()).unwrap_or(1).clamp(4, 64)
}

impl Guardian {
    /// Judges a validator: refuses, takes back, approves or proposes as our view demands. Proposes only while there is
    /// `room`, and takes it.
    pub(crate) fn consider(&mut self, pubkey: &BlsPubkey, room: &mut usize, out: &mut Vec<Command>) {
        let (due, is_due) = self.due(pubkey);
        self.note_due(pubkey, is_due, out);
        let is_debated = self.docket.about(pubkey).next().is_some();
        if due.is_empty() && !is_debated {
            return;
        }
        for (id, decision) in self.refusals(pubkey) {
            self.cast_vote(&id, decision, out);
        }
        if self.is_bound(pubkey) {
            return;
        }
        let approved = self.approved(pubkey);
        if let Some(id) = self.approvable(pubkey).filter(|id| approved.is_none_or(|approved| *id < approved))
        {
            if let Some(approved) = approved {
                self.cast_vote(&approved, Decision::Withdraw(RejectReason::Superseded), out);
            }
            self.cast_vote(&id, Decision::Approve, out);
        } else if approved.is_some() {
            // Ours stands.
        } else if *room > 0
            && let Some(proposal) = self.proposable(pubkey, &due)
            && !self.is_crowded(pubkey)
        {
            *room = room.saturating_sub(1);
            self.propose(proposal, out);
        }
    }

    /// How many proposals of our own there is room for now.
    pub(crate) fn room(&self) -> usize {
        let slot = self.view.slot();
        if self.docket.len() >= MAX_CASES || self.docket.capped() >= MAX_CAPPED {
            return 0;
        }
        let (open, _) = self.docket.brought_by(self.me, &BlsPubkey([0; BlsPubkey::LEN]), slot);
        batch(self.definition.guardian_set.threshold.n()).saturating_sub(open)
    }

    /// Whether one more of its operator or module would only wait too, as many as [`MAX_CAPPED`] do already.
    fn is_crowded(&self, pubkey: &BlsPubkey) -> bool {
        let is_met = matches!(self.cap(pubkey), Some(Hold::OperatorCap | Hold::ModuleCap));
        is_met && self.docket.crowded() >= MAX_CAPPED
    }

    /// Which validator, by its place, is considered first: in each voting window others, so that a batch that nobody
    /// follows does not keep all behind it waiting.
    pub(crate) fn turn(&self) -> usize {
        let window = self.view.slot().0.checked_div(self.definition.policy.vote_window).unwrap_or(0);
        let n = self.definition.guardian_set.threshold.n();
        usize::try_from(window).unwrap_or(0).wrapping_mul(batch(n))
    }

    /// The enforced rules that make a validator due, each with the due epoch; and whether any does, None while that is
    /// not known.
    fn due(&mut self, pubkey: &BlsPubkey) -> (Vec<(RuleKind, Epoch)>, Option<bool>) {
        let enforced = RULES.into_iter().filter(|kind| self.is_staged(*kind));
        let mut is_known = true;
        let due: Vec<_> = enforced
            .filter_map(|kind| match self.verdict(pubkey, kind) {
                Verdict::Exit { due } => Some((kind, due)),
                Verdict::Keep(_) => None,
                Verdict::Unknown => {
                    is_known = false;
                    None
                }
            })
            .collect();
        let is_due = if due.is_empty() { is_known.then_some(false) } else { Some(true) };
        if let Some(watched) = self.view.validator_mut(pubkey).filter(|_| due.is_empty()) {
            watched.due_since = None;
        }
        (due, is_due)
    }

    /// Open proposals about a validator that our view contradicts, with what to say, unless it was said.
    fn refusals(&self, pubkey: &BlsPubkey) -> Vec<(ProposalId, Decision)> {
        let refusal = |case: &Case| {
            let Opinion::Reject(reason) = self.opinion(&case.proposal) else { return None };
            match case.own.as_ref().map(|vote| vote.decision) {
                None => Some(Decision::Reject(reason)),
                Some(Decision::Approve) => Some(Decision::Withdraw(reason)),
                Some(Decision::Reject(_) | Decision::Withdraw(_)) => None,
            }
        };
        let open = self.docket.about(pubkey).filter(|(_, case)| case.state == State::Open);
        open.filter_map(|(id, case)| refusal(case).map(|decision| (id, decision))).collect()
    }

    /// The open proposal about a validator that we should approve: of those we can confirm by an enforced rule, the
    /// smallest id.
    fn approvable(&self, pubkey: &BlsPubkey) -> Option<ProposalId> {
        let slot = self.view.slot();
        self.docket
            .about(pubkey)
            .filter(|(_, case)| case.state == State::Open && slot < case.proposal.expires)
            .filter(|(_, case)| self.is_staged(case.proposal.origin.kind()))
            .find(|(_, case)| self.opinion(&case.proposal) == Opinion::Approve)
            .map(|(id, _)| id)
    }

    /// The proposal we should make about a validator that is due, if our turn has come.
    fn proposable(&mut self, pubkey: &BlsPubkey, due: &[(RuleKind, Epoch)]) -> Option<ExitProposal> {
        let slot = self.view.slot();
        let forms = due.iter().flat_map(|(kind, due)| {
            let mut forms = self.docket.forms(pubkey, *kind);
            forms.insert(*due);
            forms.into_iter().map(|due| (*kind, due))
        });
        let (id, proposal) = forms
            .filter_map(|(kind, due)| self.proposal(kind, pubkey, due))
            .filter(|proposal| self.opinion(proposal) == Opinion::Approve)
            .map(|proposal| (proposal.id(), proposal))
            .filter(|(id, _)| self.docket.get(id).is_none())
            .min_by_key(|(id, _)| *id)?;
        let since = *self.view.validator_mut(pubkey)?.due_since.get_or_insert(slot);
        let turn = since.max(proposal.opened).saturating_add(id.rank(&self.definition.guardian_set, self.me));
        let (_, open_here) = self.docket.brought_by(self.me, pubkey, slot);
        (turn <= slot && open_here < MAX_OPEN_PER_VALIDATOR).then_some(proposal)
    }

    fn propose(&mut self, proposal: ExitProposal, out: &mut Vec<Command>) {
        let id = proposal.id();
        let at = self.view.slot();
        if !self.persist(Record::Proposed { proposal: proposal.clone(), at }, out) {
            return;
        }
        self.docket.note_bringer(id, self.me);
        out.push(Command::Broadcast(Message::Proposal(proposal)));
        self.cast_vote(&id, Decision::Approve, out);
    }

    /// Writes down what we see and our vote, then says it.
    fn cast_vote(&mut self, id: &ProposalId, decision: Decision, out: &mut Vec<Command>) {
        let Some(case) = self.docket.get(id) else { return };
        let revision = case.own.as_ref().map_or(0, |vote| vote.revision.saturating_add(1));
        if case.own.as_ref().is_some_and(|vote| vote.decision == decision) || revision > MAX_REVISION {
            return;
        }
        let evidence = self.evidence(&case.proposal);
        let vote = Vote { proposal: *id, revision, decision };
        self.persist(Record::Observed { proposal: *id, at: self.view.slot(), evidence }, out);
        if self.persist(Record::VoteCast(vote.clone()), out) {
            out.push(Command::Broadcast(Message::Vote(vote)));
        }
    }

    /// Whether a certificate about this validator keeps us from approving another proposal.
    fn is_bound(&self, pubkey: &BlsPubkey) -> bool {
        let slot = self.view.slot();
        self.docket.about(pubkey).any(|(_, case)| match case.state {
            State::Certified => match case.hold {
                // Our own view keeps us out of that exit; it must not keep us out of one it can confirm.
                Some(Hold::Acquitted | Hold::Unconfirmed | Hold::NoShare | Hold::OperatorUndecided) => false,
                Some(
                    Hold::NotFinalizing
                    | Hold::NoHealthyNode
                    | Hold::NodesDisagree
                    | Hold::EpochCap
                    | Hold::DayCap
                    | Hold::CorrelatedFailure
                    | Hold::OtherFormReleased
                    | Hold::NotEnforced
                    | Hold::ContractsMismatch
                    | Hold::ContractsUnknown
                    | Hold::ContractsDiverged
                    | Hold::Paused
                    | Hold::NetworkPaused
                    | Hold::NodesBehind
                    | Hold::OperatorCap
                    | Hold::ModuleCap
                    | Hold::ShareCap
                    | Hold::CapsUnknown,
                )
                | None => true,
            },
            State::Signed => !case.is_stuck(slot, patience(&self.definition)),
            State::Submitted | State::Included => true,
            State::Open | State::Finalized | State::Rejected | State::Expired | State::Moot => false,
        })
    }

    /// The open proposal about this validator that our approval stands on: at most one.
    fn approved(&self, pubkey: &BlsPubkey) -> Option<ProposalId> {
        let standing = |case: &Case| case.state == State::Open && case.is_approved_by_us();
        self.docket.about(pubkey).find(|(_, case)| standing(case)).map(|(id, _)| id)
    }

    pub(crate) fn receive_proposal(
        &mut self,
        from: GuardianIndex,
        proposal: ExitProposal,
        envelope: Envelope,
        out: &mut Vec<Command>,
    ) {
        if !self.is_our_epoch(from, proposal.guardian_set_epoch, Some(&proposal), out) {
            return;
        }
        let (id, pubkey, slot) = (proposal.id(), proposal.pubkey, self.view.slot());
        if !proposal.is_well_formed(&self.definition) {
            self.fault(from, FaultKind::MalformedProposal, Some(id), Vec::new(), out);
            return;
        }
        let is_current = slot < proposal.expires && proposal.opened <= slot.saturating_add(CLOCK_SKEW);
        if !self.is_ours(&proposal) || !is_current {
            return;
        }
        if self.docket.get(&id).is_none() {
            let (open, open_here) = self.docket.brought_by(from, &pubkey, slot);
            // Beyond the quotas only what our view contradicts is blamed: what others proposed may be offered again by
            // whoever approved it, and liars may propose much that is true.
            if open >= MAX_OPEN || open_here >= MAX_OPEN_PER_VALIDATOR {
                if matches!(self.opinion(&proposal), Opinion::Reject(_)) {
                    self.fault(from, FaultKind::Flooding, Some(id), Vec::new(), out);
                }
                return;
            }
            let record = Record::Proposed { proposal: proposal.clone(), at: slot };
            if self.docket.len() >= MAX_CASES || !self.persist(record, out) {
                return;
            }
            self.docket.note_bringer(id, from);
        }
        self.docket.note_form(pubkey, from, &proposal.origin);
        if let Some(case) = self.docket.get_mut(&id) {
            case.sealed.get_or_insert(envelope);
        }
        self.follow(&id, out);
        let mut room = self.room();
        self.consider(&pubkey, &mut room, out);
    }

    pub(crate) fn receive_vote(
        &mut self,
        from: GuardianIndex,
        vote: Vote,
        envelope: Envelope,
        out: &mut Vec<Command>,
    ) {
        let id = vote.proposal;
        if self.agenda.get(&id).is_some() {
            self.receive_emergency_vote(from, vote, envelope, out);
            return;
        }
        let Some(case) = self.docket.get(&id) else { return };
        if envelope.0.len() > MAX_SEALED_VOTE {
            // It could not be relayed in a certificate, so it must not count towards one.
            self.fault(from, FaultKind::Garbage, Some(id), Vec::new(), out);
            return;
        }
        if vote.revision > MAX_REVISION {
            // Each change of mind is journaled; nobody honest has so many.
            self.fault(from, FaultKind::Flooding, Some(id), Vec::new(), out);
            return;
        }
        match case.ballot.novelty(from, &vote) {
            Novelty::Known => return,
            Novelty::Equivocation(earlier) => {
                self.fault(from, FaultKind::Equivocation, Some(id), vec![earlier, envelope], out);
                return;
            }
            Novelty::New => {}
        }
        if case.state != State::Open {
            return;
        }
        // A vote of ours that the journal does not know: we run on an old backup. It was said, so it stands.
        let is_lost = from == self.me && case.own.as_ref().is_none_or(|own| own.revision < vote.revision);
        if is_lost {
            self.persist(Record::VoteCast(vote.clone()), out);
            self.lapse(out);
        }
        let at = self.view.slot();
        if self.persist(Record::VoteSeen { from, vote, envelope, at }, out) {
            self.count(&id, out);
        }
    }

    /// Draws the conclusion from the votes so far.
    fn count(&mut self, id: &ProposalId, out: &mut Vec<Command>) {
        self.advance(id, out);
        let threshold = self.definition.guardian_set.threshold;
        let blocked = self
            .docket
            .get(id)
            .is_some_and(|case| case.state == State::Open && threshold.blocked_by(case.ballot.refusals()));
        if blocked {
            self.move_to(id, State::Rejected, out);
        }
    }

    /// Closes the proposals whose voting window is over.
    pub(crate) fn expire(&mut self, out: &mut Vec<Command>) {
        let slot = self.view.slot();
        self.docket.forget_brought(slot);
        let is_late = |case: &Case| case.state == State::Open && case.proposal.expires <= slot;
        let late: Vec<_> = self.docket.iter().filter(|(_, case)| is_late(case)).map(|(id, _)| id).collect();
        for id in late {
            self.move_to(&id, State::Expired, out);
        }
    }

    /// Moves a proposal, in the journal and here.
    pub(crate) fn move_to(&mut self, id: &ProposalId, to: State, out: &mut Vec<Command>) {
        let at: Slot = self.view.slot();
        self.persist(Record::Moved { proposal: *id, to, at }, out);
    }
}

#[cfg(test)]
mod tests;
