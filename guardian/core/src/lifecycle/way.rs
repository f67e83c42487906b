//! `Way`: one validator's steps.

use super::Step;
use super::inclusion::Search;
use crate::case::Case;
use crate::proposal::{ProposalId, State};
use crypto::spec::Slot;
use std::collections::BTreeMap;

/// One validator's way out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Way {
    /// The proposal that leads: alive, or the one that led it out.
    pub(super) proposal: Option<ProposalId>,
    /// At most one slot for each step: the first at which we saw it.
    steps: BTreeMap<Step, Slot>,
    /// Our node that took the exit first.
    pub(super) accepted_by: Option<String>,
    /// The slot of the block that has the exit, once found.
    pub(super) block: Option<Slot>,
    /// Slot of the latest reorg that took the exit back: what comes next is waited for from here.
    pub(super) returned: Option<Slot>,
    /// The step that was last told to be late. Not journaled.
    pub(super) told: Option<Step>,
    /// The search for the block. Not journaled.
    pub(super) search: Option<Search>,
}

impl Way {
    pub(super) fn at(&self, step: Step) -> Option<Slot> {
        self.steps.get(&step).copied()
    }

    pub(super) fn has(&self, step: Step) -> bool {
        self.steps.contains_key(&step)
    }

    /// The steps made, in their order.
    pub(super) fn steps(&self) -> impl Iterator<Item = (Step, Slot)> {
        self.steps.iter().map(|(step, at)| (*step, *at))
    }

    pub(super) fn is_finished(&self) -> bool {
        self.has(Step::Withdrawn) || self.has(Step::Settled)
    }

    /// Takes the steps that the leading case tells of from it.
    pub(super) fn follow(&mut self, id: ProposalId, case: &Case) {
        self.proposal = Some(id);
        let ceremony = &case.ceremony;
        let proposed = self.at(Step::Proposed).map_or(case.proposed, |first| first.min(case.proposed));
        let told = [
            (Step::Proposed, Some(proposed)),
            (Step::Certified, case.certificate.as_ref().map(|certificate| certificate.at)),
            (Step::Released, ceremony.released),
            (Step::Combined, ceremony.combined_at),
            (Step::Accepted, ceremony.accepted.as_ref().map(|(_, at)| *at)),
            (Step::Included, case.included),
        ];
        for (step, at) in told {
            match at {
                Some(at) => self.steps.insert(step, at),
                None => self.steps.remove(&step),
            };
        }
        // One that left by itself is not followed to finality by its case.
        if let Some(at) = case.finalized {
            self.steps.insert(Step::Finalized, at);
        }
        if case.certificate.is_none() {
            self.steps.remove(&Step::Gossiped);
        }
        if case.included.is_none() {
            self.steps.retain(|step, _| *step < Step::Included);
            (self.block, self.search) = (None, None);
        }
        self.accepted_by = ceremony.accepted.as_ref().map(|(node, _)| node.clone());
        self.returned = case.returned;
    }

    /// Takes in what the end of the leading case means, which may be forgotten by now.
    pub(super) fn end(&mut self, to: State, at: Slot) {
        match to {
            State::Finalized => {
                self.steps.entry(Step::Finalized).or_insert(at);
            }
            // It left by itself; with a certificate, it is cured.
            State::Moot if !self.has(Step::Certified) => {
                self.steps.entry(Step::Included).or_insert(at);
            }
            State::Moot => {
                self.steps.remove(&Step::Due);
            }
            State::Open
            | State::Certified
            | State::Signed
            | State::Submitted
            | State::Included
            | State::Rejected
            | State::Expired => {}
        }
    }

    /// Takes in a step that no case tells of. For the inclusion, the slot of the block.
    pub(super) fn reach(&mut self, step: Step, at: Slot) {
        match step {
            Step::Included => self.block = self.has(Step::Included).then_some(at),
            Step::Due
            | Step::Proposed
            | Step::Certified
            | Step::Released
            | Step::Combined
            | Step::Accepted
            | Step::Gossiped
            | Step::Finalized
            | Step::Withdrawable
            | Step::Withdrawn
            | Step::Settled => {
                self.steps.entry(step).or_insert(at);
            }
        }
    }

    /// Goes back to being due, without a proposal. False when it is not due by our own view: then the way ends.
    pub(super) fn lapse(&mut self) -> bool {
        let due = self.at(Step::Due);
        let proposed = self.at(Step::Proposed);
        let told = std::mem::take(self).told;
        let first = [(Step::Due, due), (Step::Proposed, proposed)];
        self.steps = first.into_iter().filter_map(|(step, at)| Some((step, at?))).collect();
        // Proposed again and again, it is told once that it is late.
        self.told = told.filter(|step| *step == Step::Certified);
        due.is_some()
    }
}
