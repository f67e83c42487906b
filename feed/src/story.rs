//! `Story`: how one validator was made to leave, as the entries of one guardian's log tell it.

use crate::entry::Entry;
use crate::fact::{Approval, Fact, Sealed};
use crypto::exit::SignedVoluntaryExit;
use crypto::spec::Slot;
use crypto::threshold::ShareIndex;
use guardian_core::ceremony::Digest;
use guardian_core::emergency::{Proof, Raised};
use guardian_core::evidence::Evidence;
use guardian_core::fault::FaultKind;
use guardian_core::guardian_set::{GuardianIndex, NetworkDefinition};
use guardian_core::lifecycle::Step;
use guardian_core::message::Decision;
use guardian_core::policy::Policy;
use guardian_core::proposal::{ExitProposal, Origin, ProposalId, RuleKind, State};
use guardian_core::status::{EmergencyState, Hold};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// What the guardian saw when it decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Observation {
    /// When.
    pub slot: Option<Slot>,
    /// On the proposal or on its emergency.
    pub on: ProposalId,
    /// What: the finalized checkpoint of the beacon chain, the block of the execution chain, the validator in between.
    pub evidence: Evidence,
}

/// One vote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ballot {
    /// When it arrived at the guardian whose log this is.
    pub slot: Option<Slot>,
    /// Who.
    pub guardian: GuardianIndex,
    /// On the proposal or on its emergency.
    pub on: ProposalId,
    /// Grows with each change of mind.
    pub revision: u32,
    /// What.
    pub decision: Decision,
    /// As it was sealed.
    pub sealed: Sealed,
}

/// t approvals, when they were known here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Certified {
    /// When.
    pub slot: Option<Slot>,
    /// They.
    pub approvals: Vec<Approval>,
}

/// The emergency that asked for the exit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Call {
    /// Its id.
    pub id: ProposalId,
    /// It, with what proves who raised it.
    pub content: Raised,
    /// Its approvals.
    pub certificate: Option<Certified>,
    /// Its moves, each with its slot.
    pub moves: Vec<(EmergencyState, Option<Slot>)>,
    /// What took it back, if anything did.
    pub cancellation: Option<Proof>,
}

/// One offer of the exit to the guardian's beacon nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Submission {
    /// When.
    pub slot: Option<Slot>,
    /// Nodes that took it.
    pub accepted: u32,
    /// Nodes that had it.
    pub known: u32,
    /// Nodes that refused it.
    pub refused: u32,
    /// Nodes that did not answer.
    pub unreached: u32,
}

/// A partial signature that came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Holder {
    /// When it arrived at the guardian whose log this is.
    pub slot: Option<Slot>,
    /// Who made it.
    pub guardian: GuardianIndex,
    /// With which share.
    pub share: ShareIndex,
}

/// The combined exit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signed {
    /// When.
    pub slot: Option<Slot>,
    /// It, as the beacon chain takes it.
    pub exit: SignedVoluntaryExit,
    /// Shares found false on the way.
    pub culprits: Vec<ShareIndex>,
}

/// All of it. Every list is in the order of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Story {
    /// Which rule or authority asked.
    pub rule: RuleKind,
    /// [`policy_hash`] of the definition's policy.
    pub policy: Digest,
    /// The proposal's id.
    pub proposal: ProposalId,
    /// It.
    pub content: ExitProposal,
    /// The emergency behind it, if one is.
    pub emergency: Option<Call>,
    /// What the guardian saw.
    pub evidence: Vec<Observation>,
    /// Votes on the proposal, or on its emergency.
    pub votes: Vec<Ballot>,
    /// Its own certificate; an emergency's exit has none but the emergency's.
    pub certificate: Option<Certified>,
    /// What held it, and when nothing did any more.
    pub holds: Vec<(Option<Hold>, Option<Slot>)>,
    /// When this guardian signed.
    pub released: Option<Slot>,
    /// How many partial signatures came in, by different shares.
    pub partials: u32,
    /// Whose.
    pub holders: Vec<Holder>,
    /// The exit, once t partials made it.
    pub signed: Option<Signed>,
    /// Offers to the beacon nodes.
    pub submissions: Vec<Submission>,
    /// The slot of the block that has the exit.
    pub included: Option<Slot>,
    /// The proposal's moves, each with its slot.
    pub moves: Vec<(State, Option<Slot>)>,
    /// The validator's steps, each with its slot.
    pub steps: Vec<(Step, Option<Slot>)>,
    /// Whether it was spared later, and when.
    pub spared: Option<Slot>,
    /// Who did wrong about it.
    pub faults: Vec<(GuardianIndex, FaultKind)>,
}

/// SHA-256 of a policy's canonical (borsh) bytes.
pub fn policy_hash(policy: &Policy) -> Digest {
    let mut hash = Sha256::new();
    // A hash takes whatever it is given; borsh fails only on collections over u32::MAX.
    let _ = borsh::to_writer(HashWriter(&mut hash), policy);
    Digest(hash.finalize().into())
}

struct HashWriter<'a>(&'a mut Sha256);

impl std::io::Write for HashWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// The emergency that a proposal belongs to.
pub(crate) fn emergency_of(content: &ExitProposal) -> Option<ProposalId> {
    match content.origin {
        Origin::Emergency { emergency, .. } => Some(emergency),
        Origin::Offline { .. } | Origin::Tickets { .. } | Origin::Balance { .. } => None,
    }
}

/// Whether an entry belongs to the story of this proposal.
pub(crate) fn belongs(entry: &Entry, id: &ProposalId, content: &ExitProposal) -> bool {
    match &entry.fact {
        Fact::Definition { .. } | Fact::Key { .. } => true,
        Fact::Oversized { of, .. } => of == "definition",
        // They are a dossier's own part, and prove themselves.
        Fact::Roots { .. } => false,
        Fact::Reached { pubkey, .. } | Fact::Spared { pubkey } => *pubkey == content.pubkey,
        _ => entry.proposal().is_some_and(|about| about == *id || emergency_of(content) == Some(about)),
    }
}

/// The proposal that an entry brings, if it has this id.
pub(crate) fn brings(entry: &Entry, id: &ProposalId) -> Option<ExitProposal> {
    match &entry.fact {
        Fact::Proposal { proposal, content } | Fact::Adopted { proposal, content } if proposal == id => {
            Some(content.clone())
        }
        _ => None,
    }
}

impl Story {
    /// Whether it tells of anything that happens only once t guardians approved.
    pub(crate) fn needs_certificate(&self) -> bool {
        let of_call = |call: &Call| {
            let is_beyond = |state| matches!(state, EmergencyState::Certified | EmergencyState::Done);
            call.moves.iter().any(|(state, _)| is_beyond(*state))
        };
        let is_beyond = |state| match state {
            State::Open | State::Rejected | State::Expired | State::Moot => false,
            State::Certified | State::Signed | State::Submitted | State::Included | State::Finalized => true,
        };
        self.needs_exit()
            || self.released.is_some()
            || !self.holders.is_empty()
            || self.steps.iter().any(|(step, _)| *step >= Step::Certified)
            || self.moves.iter().any(|(state, _)| is_beyond(*state))
            || self.emergency.as_ref().is_some_and(of_call)
    }

    /// Whether it tells of anything that happens only once there is a signed exit.
    pub(crate) fn needs_exit(&self) -> bool {
        let is_beyond = |state| matches!(state, State::Submitted | State::Included | State::Finalized);
        self.signed.is_some()
            || self.included.is_some()
            || !self.submissions.is_empty()
            || self.steps.iter().any(|(step, _)| *step >= Step::Combined)
            || self.moves.iter().any(|(state, _)| is_beyond(*state))
    }

    /// What these entries tell of a proposal; None when none of them brings it.
    pub fn of(definition: &NetworkDefinition, id: ProposalId, entries: &[Entry]) -> Option<Self> {
        let content = entries.iter().find_map(|entry| brings(entry, &id))?;
        let mut story = Self {
            rule: content.origin.kind(),
            policy: policy_hash(&definition.policy),
            proposal: id,
            emergency: None,
            evidence: Vec::new(),
            votes: Vec::new(),
            certificate: None,
            holds: Vec::new(),
            released: None,
            partials: 0,
            holders: Vec::new(),
            signed: None,
            submissions: Vec::new(),
            included: None,
            moves: Vec::new(),
            steps: Vec::new(),
            spared: None,
            faults: Vec::new(),
            content: content.clone(),
        };
        for entry in entries.iter().filter(|entry| belongs(entry, &id, &content)) {
            story.tell(entry);
        }
        let mut shares: Vec<_> = story.holders.iter().map(|holder| holder.share).collect();
        shares.sort_unstable();
        shares.dedup();
        story.partials = u32::try_from(shares.len()).unwrap_or(u32::MAX);
        Some(story)
    }

    /// One more entry, of those that belong. Of what happens once, the first counts.
    fn tell(&mut self, entry: &Entry) {
        let slot = entry.slot;
        match &entry.fact {
            Fact::Emergency { emergency, content } if self.emergency.is_none() => {
                self.emergency = Some(Call {
                    id: *emergency,
                    content: content.clone(),
                    certificate: None,
                    moves: Vec::new(),
                    cancellation: None,
                });
            }
            Fact::Evidence { proposal, evidence } => {
                self.evidence.push(Observation { slot, on: *proposal, evidence: evidence.clone() });
            }
            Fact::Vote { guardian, proposal, revision, decision, sealed } => self.votes.push(Ballot {
                slot,
                guardian: *guardian,
                on: *proposal,
                revision: *revision,
                decision: *decision,
                sealed: sealed.clone(),
            }),
            Fact::Certificate { approvals, .. } if self.certificate.is_none() => {
                self.certificate = Some(Certified { slot, approvals: approvals.clone() });
            }
            Fact::EmergencyCertificate { approvals, .. } => {
                let call = self.emergency.as_mut().filter(|call| call.certificate.is_none());
                if let Some(call) = call {
                    call.certificate = Some(Certified { slot, approvals: approvals.clone() });
                }
            }
            Fact::EmergencyMoved { state, .. } => {
                self.emergency.iter_mut().for_each(|call| call.moves.push((*state, slot)));
            }
            Fact::Cancellation { proof, .. } => {
                self.emergency.iter_mut().for_each(|call| call.cancellation = Some(*proof));
            }
            Fact::Hold { hold, .. } => self.holds.push((*hold, slot)),
            Fact::Release { .. } => self.released = self.released.or(slot),
            Fact::Partial { guardian, share, .. } => {
                self.holders.push(Holder { slot, guardian: *guardian, share: *share });
            }
            Fact::Combined { exit, culprits, .. } if self.signed.is_none() => {
                self.signed = Some(Signed { slot, exit: *exit, culprits: culprits.clone() });
            }
            Fact::Submitted { accepted, known, refused, unreached, .. } => {
                let (accepted, known) = (*accepted, *known);
                let (refused, unreached) = (*refused, *unreached);
                self.submissions.push(Submission { slot, accepted, known, refused, unreached });
            }
            Fact::Moved { state, .. } => self.moves.push((*state, slot)),
            Fact::Reached { step, .. } => {
                if *step == Step::Included {
                    self.included = slot;
                }
                self.steps.push((*step, slot));
            }
            Fact::Spared { .. } => self.spared = slot,
            Fact::Fault { guardian, fault, .. } => self.faults.push((*guardian, *fault)),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests;
