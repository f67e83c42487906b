//! `Matter`: everything one guardian knows of one emergency.

use crate::ballot::Ballot;
use crate::emergency::{Cancellation, Emergency, Raised};
use crate::guardian_set::GuardianIndex;
use crate::message::{Decision, Envelope, Vote};
use crate::proposal::ProposalId;
use crate::status::EmergencyState;
use crypto::spec::{Slot, ValidatorIndex};
use std::collections::{BTreeMap, BTreeSet};

/// One emergency with its votes, its certificate and its exits.
#[derive(Debug, Clone)]
pub(crate) struct Matter {
    pub(crate) raised: Raised,
    pub(crate) state: EmergencyState,
    /// Slot at which we came to know it.
    pub(crate) since: Slot,
    /// As somebody sealed it, for guardians that were away. Not journaled.
    pub(crate) sealed: Option<Envelope>,
    /// Our own latest vote: the journal's word, whether or not it reached anybody.
    pub(crate) own: Option<Vote>,
    /// What was said with it.
    pub(crate) note: Option<String>,
    pub(crate) ballot: Ballot,
    pub(crate) certificate: Option<Approved>,
    /// How it was taken back, and when.
    pub(crate) cancellation: Option<(Cancellation, Slot)>,
    /// Validators whose exits were not taken up yet.
    pub(crate) waiting: BTreeSet<ValidatorIndex>,
    /// The exits that were, by validator; at most as many as it names.
    pub(crate) exits: BTreeMap<ValidatorIndex, ProposalId>,
    /// Whether our operator was told that it waits for a decision. Not journaled.
    pub(crate) was_told: bool,
}

/// A certificate of an emergency in our journal.
#[derive(Debug, Clone)]
pub(crate) struct Approved {
    /// At least t, by distinct members; at most n.
    pub(crate) approvals: Vec<(GuardianIndex, Envelope)>,
    pub(crate) at: Slot,
    /// A certificate as somebody sealed it, for guardians that were away.
    pub(crate) sealed: Option<Envelope>,
}

impl Matter {
    pub(crate) fn new(raised: Raised, since: Slot) -> Self {
        let waiting = raised.emergency.validators.iter().copied().collect();
        Self {
            raised,
            state: EmergencyState::Open,
            since,
            sealed: None,
            own: None,
            note: None,
            ballot: Ballot::default(),
            certificate: None,
            cancellation: None,
            waiting,
            exits: BTreeMap::new(),
            was_told: false,
        }
    }

    pub(crate) fn emergency(&self) -> &Emergency {
        &self.raised.emergency
    }

    /// Whether our own latest word is an approval.
    pub(crate) fn is_approved_by_us(&self) -> bool {
        self.own.as_ref().is_some_and(|vote| vote.decision == Decision::Approve)
    }
}
