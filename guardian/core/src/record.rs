//! What the journal holds: enough to be the same guardian after a crash. Canonical borsh behind a version tag.

use crate::event::{Liveness, PostOutcome};
use crate::fault::Fault;
use crate::guardian_set::GuardianIndex;
use crate::message::{Envelope, Partial, Vote};
use crate::proposal::{ExitProposal, ProposalId, State};
use crate::registration::ScanReport;
use borsh::{BorshDeserialize, BorshSerialize};
use crypto::exit::SignedVoluntaryExit;
use crypto::spec::{Checkpoint, Epoch, Slot};
use crypto::threshold::ShareIndex;

/// One journal entry.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Record {
    /// An epoch's liveness as we saw it.
    Liveness(Liveness),
    /// The finalized checkpoint as we saw it.
    Finalized(Checkpoint),
    /// A proposal we know, ours or a peer's.
    Proposed(ExitProposal),
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
    },
    /// A combined, verified exit.
    Combined {
        /// Under what.
        proposal: ProposalId,
        /// The exit, ready to post.
        exit: SignedVoluntaryExit,
        /// Shares found false on the way.
        culprits: Vec<ShareIndex>,
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
}

/// First byte of every encoded record: the format it is written in.
const VERSION: u8 = 1;

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
