//! `Case`: everything one guardian knows of one proposal.

use crate::ballot::Ballot;
use crate::event::PostOutcome;
use crate::guardian_set::GuardianIndex;
use crate::message::{Decision, Envelope, Partial, Vote};
use crate::proposal::{ExitProposal, State};
use crate::status::Hold;
use crypto::exit::SignedVoluntaryExit;
use crypto::spec::Slot;
use crypto::threshold::{ShareIndex, Threshold};
use std::collections::{BTreeMap, BTreeSet};

/// One proposal with its votes, its certificate and its ceremony.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    pub(crate) proposal: ExitProposal,
    pub(crate) state: State,
    /// Slot at which we came to know it.
    pub(crate) proposed: Slot,
    /// Slot at which the head showed the validator leaving, if it does; whoever's exit it was.
    pub(crate) included: Option<Slot>,
    /// Slot at which the finalized state did.
    pub(crate) finalized: Option<Slot>,
    /// Slot of the latest reorg that took the exit back.
    pub(crate) returned: Option<Slot>,
    /// Who brought it before us first. Not journaled.
    pub(crate) bringer: Option<GuardianIndex>,
    /// The proposal as somebody sealed it, for guardians that were away.
    pub(crate) sealed: Option<Envelope>,
    /// Our own latest vote: the journal's word, whether or not it reached anybody.
    pub(crate) own: Option<Vote>,
    pub(crate) ballot: Ballot,
    pub(crate) certificate: Option<Certified>,
    pub(crate) ceremony: Ceremony,
    /// Why a certified exit is not released by us.
    pub(crate) hold: Option<Hold>,
    /// The hold that is in the journal, and since when.
    pub(crate) held: Option<(Hold, Slot)>,
    /// Slot of the latest word of the journal on holds.
    pub(crate) hold_noted: Option<Slot>,
}

/// A certificate in our journal.
#[derive(Debug, Clone)]
pub(crate) struct Certified {
    /// At least t, by distinct members; at most n.
    pub(crate) approvals: Vec<(GuardianIndex, Envelope)>,
    pub(crate) at: Slot,
    /// A certificate as somebody sealed it, for guardians that were away.
    pub(crate) sealed: Option<Envelope>,
}

/// A partial we hold.
#[derive(Debug, Clone)]
pub(crate) struct Held {
    pub(crate) partial: Partial,
    /// Its proof, when it came from outside.
    pub(crate) envelope: Option<Envelope>,
    /// Slot at which it arrived.
    pub(crate) at: Slot,
}

/// What happens under a certificate.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ceremony {
    /// Slot of our release.
    pub(crate) released: Option<Slot>,
    /// Slot of our latest signing order without an answer.
    pub(crate) ordered: Option<Slot>,
    /// One a guardian, at most n; never one from a culprit.
    pub(crate) partials: BTreeMap<GuardianIndex, Held>,
    /// Partials that came before our certificate: one a guardian, at most n.
    pub(crate) early: BTreeMap<GuardianIndex, (Partial, Envelope)>,
    /// Whether a partial of ours came that we never released. Not journaled.
    pub(crate) is_missed: bool,
    /// Guardians whose partial was false: nothing more is taken from them here.
    pub(crate) culprits: BTreeSet<GuardianIndex>,
    /// Guardians whose partial was in a combination that did not find it false.
    pub(crate) verified: BTreeSet<GuardianIndex>,
    /// Whose partials are in the combination under way; empty when there is none.
    pub(crate) combining: BTreeSet<GuardianIndex>,
    pub(crate) combined: Option<SignedVoluntaryExit>,
    /// Slot at which it was.
    pub(crate) combined_at: Option<Slot>,
    /// From which slot the submitters' turns are counted.
    pub(crate) turns_from: Option<Slot>,
    /// Slot of our latest order to submit.
    pub(crate) offered: Option<Slot>,
    /// Slot at which one of our nodes last took it.
    pub(crate) submitted: Option<Slot>,
    /// How our nodes took it.
    pub(crate) outcomes: Vec<(String, PostOutcome)>,
    /// The first of our nodes that took it, and when.
    pub(crate) accepted: Option<(String, Slot)>,
    /// Posts in a row that none of our nodes took. Not journaled.
    pub(crate) refused: u32,
    /// When to post again after one that none took, if sooner than otherwise.
    pub(crate) retry: Option<Slot>,
}

impl Case {
    pub(crate) fn new(proposal: ExitProposal, proposed: Slot) -> Self {
        Self {
            proposal,
            state: State::Open,
            proposed,
            included: None,
            finalized: None,
            returned: None,
            bringer: None,
            sealed: None,
            own: None,
            ballot: Ballot::default(),
            certificate: None,
            ceremony: Ceremony::default(),
            hold: None,
            held: None,
            hold_noted: None,
        }
    }

    /// Whether our own latest word is an approval.
    pub(crate) fn is_approved_by_us(&self) -> bool {
        self.own.as_ref().is_some_and(|vote| vote.decision == Decision::Approve)
    }

    /// Remembers what a step from another state tells of the chain.
    pub(crate) fn note_chain(&mut self, from: State, at: Slot) {
        match self.state {
            State::Included => self.included = Some(at),
            State::Finalized => self.finalized = Some(at),
            // Open, it is moot only because the validator leaves by other means.
            State::Moot if from == State::Open => self.included = Some(at),
            State::Certified | State::Signed | State::Submitted if from == State::Included => {
                self.included = None;
                self.returned = Some(at);
            }
            State::Open
            | State::Certified
            | State::Signed
            | State::Submitted
            | State::Rejected
            | State::Expired
            | State::Moot => {}
        }
    }

    /// Where it stands by its ceremony alone, whatever the chain shows: the state a reorg falls back to.
    pub(crate) fn state_before_inclusion(&self) -> State {
        if self.ceremony.submitted.is_some() {
            State::Submitted
        } else if self.ceremony.released.is_some() {
            State::Signed
        } else {
            State::Certified
        }
    }

    /// Whether we released and, `patience` slots later, there is still no combined signature: too few others follow.
    pub(crate) fn is_stuck(&self, slot: Slot, patience: u64) -> bool {
        self.ceremony.combined.is_none()
            && self.ceremony.released.is_some_and(|at| at.saturating_add(patience) <= slot)
    }
}

impl Ceremony {
    /// Whose partials to combine next: exactly t, the unverified first. None when nothing can be learnt from it.
    pub(crate) fn next_combination(&self, threshold: Threshold) -> Option<BTreeSet<GuardianIndex>> {
        let t = usize::from(threshold.t());
        let (verified, unverified): (Vec<_>, Vec<_>) =
            self.partials.keys().copied().partition(|guardian| self.verified.contains(guardian));
        if unverified.is_empty() || !self.combining.is_empty() || !threshold.met_by(self.partials.len()) {
            return None;
        }
        Some(unverified.into_iter().chain(verified).take(t).collect())
    }

    /// Share indices found false.
    pub(crate) fn false_shares(&self) -> Vec<ShareIndex> {
        self.culprits.iter().filter_map(|guardian| ShareIndex::new(guardian.0).ok()).collect()
    }
}
