//! `Matter`: everything one guardian knows of one emergency.

use crate::ballot::Ballot;
use crate::case::Certified;
use crate::emergency::{Cancellation, Emergency, EmergencyRules, Raised, Raiser, Severity};
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
    /// Whether our operator or a standing order spoke it; not so a vote of ours that only others remembered.
    pub(crate) is_spoken: bool,
    /// What was said with it.
    pub(crate) note: Option<String>,
    pub(crate) ballot: Ballot,
    pub(crate) certificate: Option<Certified>,
    /// Its taking back as somebody sealed it, for guardians that were away. Not journaled.
    pub(crate) cancelled: Option<Envelope>,
    /// How it was taken back, and when.
    pub(crate) cancellation: Option<(Cancellation, Slot)>,
    /// Validators whose exits were not taken up yet.
    pub(crate) waiting: BTreeSet<ValidatorIndex>,
    /// The exits that were, by validator; at most as many as it names.
    pub(crate) exits: BTreeMap<ValidatorIndex, ProposalId>,
    /// Whether our operator was told that it waits for a decision. Not journaled.
    pub(crate) was_told: bool,
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
            is_spoken: false,
            note: None,
            ballot: Ballot::default(),
            certificate: None,
            cancelled: None,
            cancellation: None,
            waiting,
            exits: BTreeMap::new(),
            was_told: false,
        }
    }

    pub(crate) fn emergency(&self) -> &Emergency {
        &self.raised.emergency
    }

    /// Whether our own latest word is an approval that our operator gave.
    pub(crate) fn is_approved_by_us(&self) -> bool {
        self.is_spoken && self.own.as_ref().is_some_and(|vote| vote.decision == Decision::Approve)
    }

    /// First slot at which it may be certified here. The window is counted from when we came to know it too: whoever raised
    /// it long ago, or says so, leaves everybody the time to take a vote or the whole of it back. What a contract logged
    /// is dated by its block.
    pub(crate) fn certifiable_from(&self, rules: &EmergencyRules) -> Slot {
        let from = self.emergency().certifiable_from(rules);
        match (self.emergency().severity, &self.emergency().raiser) {
            (Severity::Urgent, _) | (_, Raiser::Contract { .. }) => from,
            (Severity::Normal, _) => from.max(self.since.saturating_add(rules.cancel_window)),
        }
    }

    /// Approvals that stand, with their proofs: of ours only what we still say.
    pub(crate) fn approvals(&self, me: GuardianIndex) -> Vec<(GuardianIndex, Envelope)> {
        let standing = |(from, _): &(GuardianIndex, &Envelope)| *from != me || self.is_approved_by_us();
        self.ballot.approvals().filter(standing).map(|(from, sealed)| (from, sealed.clone())).collect()
    }
}
