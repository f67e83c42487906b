//! What the journal holds: enough to be the same guardian after a crash. Canonical borsh behind a version tag.

use crate::ceremony::{CeremonyId, Entry, Order};
use crate::emergency::{Cancellation, Raised};
use crate::event::{Liveness, PostOutcome};
use crate::evidence::Evidence;
use crate::fault::Fault;
use crate::governor::InheritedRelease;
use crate::guardian_set::{GuardianIndex, NetworkDefinition};
use crate::lifecycle::Step;
use crate::message::{Envelope, Partial, Vote};
use crate::pause::Wish;
use crate::proposal::{ExitProposal, ProposalId, State};
use crate::registration::ScanReport;
use crate::request::{OperatorName, Request};
use crate::signing::Matter;
use crate::status::{EmergencyState, Hold};
use borsh::{BorshDeserialize, BorshSerialize};
use crypto::exit::SignedVoluntaryExit;
use crypto::group_key::GroupSignature;
use crypto::spec::{BlsPubkey, Checkpoint, Epoch, Slot};
use crypto::threshold::ShareIndex;

/// One journal entry.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
#[allow(clippy::large_enum_variant, reason = "records live for a batch, or one at a time at restore")]
pub enum Record {
    /// An epoch's liveness as we saw it.
    Liveness(Liveness),
    /// The finalized checkpoint as we saw it.
    Finalized(Checkpoint),
    /// A proposal we know, ours or a peer's.
    Proposed {
        /// It.
        proposal: ExitProposal,
        /// When we came to know it.
        at: Slot,
    },
    /// Our own decision, before it is said.
    VoteCast(Vote),
    /// A vote that arrived, ours or a peer's, with its proof.
    VoteSeen {
        /// Who.
        from: GuardianIndex,
        /// What.
        vote: Vote,
        /// The proof.
        envelope: Envelope,
        /// When it arrived here.
        at: Slot,
    },
    /// t approvals, with their proofs: from here on partials may exist.
    Certified {
        /// Of what.
        proposal: ProposalId,
        /// Who approved, with proofs.
        approvals: Vec<(GuardianIndex, Envelope)>,
        /// When.
        at: Slot,
    },
    /// We are about to sign; counts against the caps even if we crash before we do.
    Released {
        /// Under what.
        proposal: ProposalId,
        /// When.
        at: Slot,
    },
    /// A partial we hold, ours or a peer's.
    PartialHeld {
        /// Who sent it.
        from: GuardianIndex,
        /// It.
        partial: Partial,
        /// As it arrived, for guardians that were away. None for our own: it is sealed anew at each offer.
        envelope: Option<Envelope>,
        /// When it arrived here; one that came before our certificate is taken in with that.
        at: Slot,
    },
    /// A combined, verified exit.
    Combined {
        /// Under what.
        proposal: ProposalId,
        /// The exit, ready to post.
        exit: SignedVoluntaryExit,
        /// Shares found false on the way.
        culprits: Vec<ShareIndex>,
        /// When.
        at: Slot,
    },
    /// An exit was offered to our nodes.
    Submitted {
        /// Under what.
        proposal: ProposalId,
        /// When.
        at: Slot,
        /// How each node took it.
        outcomes: Vec<(String, PostOutcome)>,
    },
    /// Any other move of a proposal.
    Moved {
        /// Which.
        proposal: ProposalId,
        /// Where to.
        to: State,
        /// When.
        at: Slot,
    },
    /// A peer's misbehaviour.
    Faulted {
        /// Who did what.
        fault: Fault,
        /// What proves it to others: for an equivocation both sealed votes, otherwise nothing.
        evidence: Vec<Envelope>,
    },
    /// An epoch that ended while the chain was not finalizing: it accuses nobody.
    NotFinalizing(Epoch),
    /// What the contracts logged in a range of finalized blocks: events and cursor are one append, so nothing is
    /// counted twice.
    Scanned(ScanReport),
    /// What our operator asked, before it was answered.
    Asked {
        /// When.
        at: Slot,
        /// Who.
        by: OperatorName,
        /// What.
        request: Request,
    },
    /// An emergency we know, whoever raised it.
    Raised {
        /// It.
        raised: Raised,
        /// When we came to know it.
        at: Slot,
    },
    /// t approvals of an emergency, with their proofs.
    EmergencyCertified {
        /// Of which.
        emergency: ProposalId,
        /// Who approved, with proofs.
        approvals: Vec<(GuardianIndex, Envelope)>,
        /// When.
        at: Slot,
    },
    /// Any other move of an emergency.
    EmergencyMoved {
        /// Which.
        emergency: ProposalId,
        /// Where to.
        to: EmergencyState,
        /// When.
        at: Slot,
    },
    /// Its raiser took an emergency back.
    Cancelled {
        /// Which, with the proof.
        cancellation: Cancellation,
        /// When.
        at: Slot,
    },
    /// An exit that a certified emergency asks for: certified by it.
    Adopted {
        /// The exit.
        proposal: ExitProposal,
        /// When.
        at: Slot,
    },
    /// What we saw when we decided on a proposal or an emergency, before the vote.
    Observed {
        /// On which.
        proposal: ProposalId,
        /// When.
        at: Slot,
        /// What.
        evidence: Evidence,
    },
    /// What holds a certified exit, when that changes.
    Held {
        /// Which.
        proposal: ProposalId,
        /// What; None when nothing does any more.
        hold: Option<Hold>,
        /// Since when.
        at: Slot,
    },
    /// A step on a validator's way out that no other record tells.
    Reached {
        /// Whose.
        pubkey: BlsPubkey,
        /// Which step.
        step: Step,
        /// When; for an inclusion, the slot of the block.
        at: Slot,
    },
    /// Our own wish about a pause of the network, before it is said.
    WishCast {
        /// What.
        wish: Wish,
        /// When.
        at: Slot,
    },
    /// A guardian's wish as it arrived, ours or a peer's.
    WishSeen {
        /// Who.
        from: GuardianIndex,
        /// What.
        wish: Wish,
        /// The proof.
        envelope: Envelope,
    },
    /// We found that this journal lacks what we once said: the caps are closed for a day.
    Lapsed(Slot),
    /// A validator that was due is due no more, or one that was leaving stays: its way out ends here.
    Spared {
        /// Whose.
        pubkey: BlsPubkey,
        /// When.
        at: Slot,
    },
    /// This journal's epoch follows another one. First of its records, or not there.
    Preceded {
        /// The definition that was in force before.
        definition: Box<NetworkDefinition>,
    },
    /// A ceremony we know, whoever opened it.
    Opened {
        /// It.
        order: Order,
        /// When we came to know it.
        at: Slot,
    },
    /// Something about a ceremony.
    Ceremony {
        /// Which.
        ceremony: CeremonyId,
        /// What.
        entry: Entry,
        /// When.
        at: Slot,
    },
    /// The network's own key signed.
    GroupSigned {
        /// What.
        matter: Matter,
        /// The signature, verified.
        signature: GroupSignature,
        /// When.
        at: Slot,
    },
    /// What was released in the epoch before and still counts against the caps.
    Inherited {
        /// Each exit message once.
        releases: Vec<InheritedRelease>,
        /// When.
        at: Slot,
    },
}

/// First byte of every encoded record: the format it is written in.
const VERSION: u8 = 2;

impl Record {
    /// The bytes that go to disk: a version byte, then canonical borsh.
    pub fn encode(&self) -> Vec<u8> {
        crate::message::canonical(&(VERSION, self))
    }

    /// Reads what [`Record::encode`] wrote. None for another version, a truncated or an over-long record.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let (version, record) = borsh::from_slice::<(u8, Self)>(bytes).ok()?;
        (version == VERSION).then_some(record)
    }
}

#[cfg(test)]
mod tests;
