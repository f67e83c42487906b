//! `Lifecycle`: a validator's way out, from the first sign to the settlement, one step after the other.
//!
//! | part | holds |
//! |---|---|
//! | `way` | one validator's steps |
//! | `deadline` | how long each step may take |
//! | `sighting` | steps that no other record tells, journaled when we see them |
//! | `inclusion` | the search for the block that has the exit |
//!
//! # Design decisions
//! - Folded from journal records, live and at restore alike: a restart tells the same. What was told of late steps and
//!   how often a block was searched is not journaled.
//! - Of several proposals about one validator the one that is furthest leads; of equals, the one with the smaller id.
//! - When none is left alive and the validator is still due by our own view, it stays on its way as due, with the slot of
//!   the first proposal: a validator that is proposed in window after window and never certified is late. What is not
//!   due any more is spared, in the journal too.

mod deadline;
mod inclusion;
mod sighting;
mod way;

use crate::case::Case;
use crate::docket::Docket;
use crate::guardian::Guardian;
use crate::proposal::{ProposalId, State};
use crate::record::Record;
use borsh::{BorshDeserialize, BorshSerialize};
use crypto::spec::{BlsPubkey, Epoch, Slot};
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;
use std::collections::{BTreeMap, VecDeque};
use way::Way;

/// Most ways out kept; a validator beyond has none until another's is dropped.
pub const MAX_WAYS: usize = 16_384;

/// Most of them that are at their end: withdrawn or settled. The one that ended first is dropped first.
pub const MAX_FINISHED: usize = 4_096;

/// A step on the way out. Codes are stable.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    BorshSerialize,
    BorshDeserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// A rule made it due, or an emergency names it.
    Due,
    /// An exit of it was proposed.
    Proposed,
    /// t guardians approved.
    Certified,
    /// We released our partial signature.
    Released,
    /// The partials made one signature.
    Combined,
    /// One of our nodes took the exit.
    Accepted,
    /// It was seen in a pool.
    Gossiped,
    /// A block has it.
    Included,
    /// The finalized state has it.
    Finalized,
    /// Its stake may be withdrawn.
    Withdrawable,
    /// Its stake is withdrawn.
    Withdrawn,
    /// The contracts settled it.
    Settled,
}

impl Step {
    /// The stable code: in logs, metrics, status and documents.
    pub fn code(self) -> &'static str {
        match self {
            Self::Due => "due",
            Self::Proposed => "proposed",
            Self::Certified => "certified",
            Self::Released => "released",
            Self::Combined => "combined",
            Self::Accepted => "accepted",
            Self::Gossiped => "gossiped",
            Self::Included => "included",
            Self::Finalized => "finalized",
            Self::Withdrawable => "withdrawable",
            Self::Withdrawn => "withdrawn",
            Self::Settled => "settled",
        }
    }
}

/// One validator's way, as far as it went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LifecycleStatus {
    /// Whose.
    pub pubkey: BlsPubkey,
    /// The proposal that leads, if there is one.
    pub proposal: Option<ProposalId>,
    /// The steps made, each with the slot at which we saw it.
    pub steps: Vec<(Step, Slot)>,
    /// The node that took the exit first.
    pub accepted_by: Option<String>,
    /// The slot of the block that has the exit, once found.
    pub included_in: Option<Slot>,
    /// `withdrawable_epoch`, once scheduled.
    pub withdrawable: Option<Epoch>,
    /// The next step, if it is late, and since when.
    pub late: Option<(Step, Slot)>,
}

/// All ways out, by validator; at most [`MAX_WAYS`].
#[derive(Debug, Clone, Default)]
pub(crate) struct Lifecycles {
    ways: BTreeMap<BlsPubkey, Way>,
    /// Those at their end, in the order they came to it; at most [`MAX_FINISHED`].
    finished: VecDeque<BlsPubkey>,
}

impl Lifecycles {
    /// Makes the change a record tells of; called once the docket has taken the same record.
    pub(crate) fn apply(&mut self, record: &Record, docket: &Docket) {
        match record {
            Record::Proposed { proposal, .. } => self.follow(&proposal.pubkey, docket),
            Record::Adopted { proposal, at } => {
                self.reach(&proposal.pubkey, Step::Due, *at);
                self.follow(&proposal.pubkey, docket);
            }
            Record::Certified { proposal, .. }
            | Record::Released { proposal, .. }
            | Record::Combined { proposal, .. }
            | Record::Submitted { proposal, .. } => {
                if let Some(case) = docket.get(proposal) {
                    self.follow(&case.proposal.pubkey, docket);
                }
            }
            Record::Moved { proposal, to, at } => self.take_move(proposal, *to, *at, docket),
            Record::Reached { pubkey, step, at } => self.reach(pubkey, *step, *at),
            Record::Spared { pubkey, .. } => self.drop_way(pubkey),
            Record::Liveness(_)
            | Record::Finalized(_)
            | Record::VoteCast(_)
            | Record::VoteSeen { .. }
            | Record::PartialHeld { .. }
            | Record::Faulted { .. }
            | Record::NotFinalizing(_)
            | Record::Scanned(_)
            | Record::Asked { .. }
            | Record::Raised { .. }
            | Record::EmergencyCertified { .. }
            | Record::EmergencyMoved { .. }
            | Record::Cancelled { .. }
            | Record::Observed { .. }
            | Record::Held { .. }
            | Record::WishCast { .. }
            | Record::WishSeen { .. }
            | Record::Lapsed(_)
            | Record::Preceded { .. }
            | Record::Opened { .. }
            | Record::Ceremony { .. }
            | Record::Inherited { .. }
            | Record::GroupSigned { .. } => {}
        }
    }

    /// Follows the proposal about a validator that leads; without one the way ends, or goes back to being due.
    fn follow(&mut self, pubkey: &BlsPubkey, docket: &Docket) {
        let alive = docket.about(pubkey).filter_map(|(id, case)| Some((progress(case)?, Reverse(id), case)));
        match alive.max_by_key(|(progress, id, _)| (*progress, *id)) {
            Some((_, Reverse(id), case)) => {
                if let Some(way) = self.admit(pubkey) {
                    way.follow(id, case);
                }
            }
            None => {
                // With the exit on the chain, its case is only forgotten.
                let stays =
                    self.ways.get_mut(pubkey).is_none_or(|way| way.has(Step::Included) || way.lapse());
                if !stays {
                    self.drop_way(pubkey);
                }
            }
        }
    }

    fn take_move(&mut self, id: &ProposalId, to: State, at: Slot, docket: &Docket) {
        let pubkey = match docket.get(id) {
            Some(case) => Some(case.proposal.pubkey),
            // Over, and at once the oldest that is: forgotten already.
            None => self.ways.iter().find(|(_, way)| way.proposal == Some(*id)).map(|(pubkey, _)| *pubkey),
        };
        let Some(pubkey) = pubkey else { return };
        if let Some(way) = self.ways.get_mut(&pubkey).filter(|way| way.proposal == Some(*id)) {
            way.end(to, at);
        }
        self.follow(&pubkey, docket);
    }

    fn reach(&mut self, pubkey: &BlsPubkey, step: Step, at: Slot) {
        if step == Step::Due {
            if let Some(way) = self.admit(pubkey) {
                way.reach(step, at);
            }
            return;
        }
        let Some(way) = self.ways.get_mut(pubkey) else { return };
        let was_finished = way.is_finished();
        way.reach(step, at);
        if way.is_finished() && !was_finished {
            self.finished.push_back(*pubkey);
            if self.finished.len() > MAX_FINISHED
                && let Some(oldest) = self.finished.pop_front()
            {
                self.ways.remove(&oldest);
            }
        }
    }

    /// A validator's way, begun if it has none and there is room.
    fn admit(&mut self, pubkey: &BlsPubkey) -> Option<&mut Way> {
        if !self.ways.contains_key(pubkey) && self.ways.len() >= MAX_WAYS {
            let oldest = self.finished.pop_front()?;
            self.ways.remove(&oldest);
        }
        Some(self.ways.entry(*pubkey).or_default())
    }

    fn has_room(&self) -> bool {
        self.ways.len() < MAX_WAYS || !self.finished.is_empty()
    }

    fn drop_way(&mut self, pubkey: &BlsPubkey) {
        self.ways.remove(pubkey);
        self.finished.retain(|finished| finished != pubkey);
    }
}

/// How far a case has brought its validator; None when it leads nowhere any more.
fn progress(case: &Case) -> Option<u8> {
    match case.state {
        State::Open => Some(0),
        State::Certified => Some(1),
        State::Signed => Some(2),
        State::Submitted => Some(3),
        State::Included => Some(5),
        State::Finalized => Some(6),
        // Left by itself; cured otherwise.
        State::Moot => case.included.map(|_| 4),
        State::Rejected | State::Expired => None,
    }
}

impl Guardian {
    /// All ways out, the one with the newest step first.
    pub(crate) fn lifecycles(&self) -> Vec<LifecycleStatus> {
        let mut all: Vec<_> =
            self.lifecycles.ways.iter().map(|(pubkey, way)| self.lifecycle(pubkey, way)).collect();
        all.sort_by_key(|status| (Reverse(status.steps.iter().map(|(_, at)| *at).max()), status.pubkey));
        all
    }

    fn lifecycle(&self, pubkey: &BlsPubkey, way: &Way) -> LifecycleStatus {
        let watched = self.view.validator(pubkey);
        let states = watched.into_iter().flat_map(|watched| [watched.at_finalized, watched.at_head]);
        LifecycleStatus {
            pubkey: *pubkey,
            proposal: way.proposal,
            steps: way.steps().collect(),
            accepted_by: way.accepted_by.clone(),
            included_in: way.block,
            withdrawable: states
                .flatten()
                .find(|validator| validator.is_exiting())
                .map(|validator| validator.withdrawable_epoch),
            late: way.late(&self.definition, self.view.slot()),
        }
    }
}

#[cfg(test)]
mod tests;
