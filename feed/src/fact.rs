//! `Fact`: what an entry of a log tells. Public facts only, each in the words of the core's own types.

use crate::key::{FeedPublicKey, KeyBinding};
use crate::roots::Roots;
use crypto::exit::SignedVoluntaryExit;
use crypto::group_key::GroupSignature;
use crypto::spec::{BlsPubkey, Epoch};
use crypto::threshold::ShareIndex;
use guardian_core::ceremony::{Blame, CeremonyId, Digest, Order, Outcome};
use guardian_core::emergency::{Proof, Raised};
use guardian_core::evidence::Evidence;
use guardian_core::fault::FaultKind;
use guardian_core::guardian_set::{GuardianIndex, NetworkDefinition, NetworkId};
use guardian_core::lifecycle::Step;
use guardian_core::message::{Decision, Envelope};
use guardian_core::proposal::{ExitProposal, ProposalId, State};
use guardian_core::signing::Matter;
use guardian_core::statement::PeerName;
use guardian_core::status::{EmergencyState, Hold};
use serde::{Deserialize, Serialize};

/// Bytes that a guardian sealed, exactly as they arrived: whoever has the definition can verify them. Base64 in text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sealed(#[serde(with = "crate::base64_text")] pub Vec<u8>);

impl From<&Envelope> for Sealed {
    fn from(envelope: &Envelope) -> Self {
        Self(envelope.0.clone())
    }
}

/// One approval of a certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Approval {
    /// Who approved.
    pub guardian: GuardianIndex,
    /// Its vote as it sealed it.
    pub sealed: Sealed,
}

/// A move of a ceremony.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "move", rename_all = "snake_case")]
pub enum Move {
    /// A member said that it takes part or not, endorses a result, destroyed its old shares, or made the network sign.
    Stated {
        /// Who.
        member: PeerName,
        /// The statement's code.
        statement: String,
        /// As it was sealed, in the domain of the ceremony's id.
        sealed: Sealed,
    },
    /// A result is computed here.
    Concluded {
        /// Its digest.
        result: Digest,
    },
    /// The result is in force here.
    Adopted {},
    /// A member did wrong.
    Blamed {
        /// Who.
        member: PeerName,
        /// What.
        blame: Blame,
    },
    /// It is over.
    Ended(Outcome),
}

/// What an entry tells. The code of a kind is its name in snake case, in the field `kind`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Fact {
    /// The definition in force. First entry of a log.
    Definition {
        /// Its hash.
        id: NetworkId,
        /// It.
        definition: Box<NetworkDefinition>,
    },
    /// The key that signs this log. Second entry.
    Key {
        /// Whose log.
        guardian: GuardianIndex,
        /// The key.
        key: FeedPublicKey,
        /// What binds it to the guardian's identity.
        binding: KeyBinding,
    },
    /// This epoch follows another one.
    Preceded {
        /// The hash of the definition before.
        id: NetworkId,
        /// It.
        definition: Box<NetworkDefinition>,
    },
    /// A validator should exit.
    Proposal {
        /// The proposal's id: the hash of the next field.
        proposal: ProposalId,
        /// It.
        content: ExitProposal,
    },
    /// A guardian's vote on a proposal or an emergency.
    Vote {
        /// Who.
        guardian: GuardianIndex,
        /// On what.
        proposal: ProposalId,
        /// Grows with each change of mind.
        revision: u32,
        /// What.
        decision: Decision,
        /// As it was sealed.
        sealed: Sealed,
    },
    /// What this guardian saw when it decided, before its vote.
    Evidence {
        /// On what.
        proposal: ProposalId,
        /// What; without what is for its operator's eyes.
        evidence: Evidence,
    },
    /// t approvals are known here.
    Certificate {
        /// Of what.
        proposal: ProposalId,
        /// They.
        approvals: Vec<Approval>,
    },
    /// What holds a certified exit here, when that changes.
    Hold {
        /// Which.
        proposal: ProposalId,
        /// What; null when nothing does any more.
        hold: Option<Hold>,
    },
    /// This guardian is about to sign.
    Release {
        /// Under what.
        proposal: ProposalId,
    },
    /// A partial signature is here. Its bytes are not published.
    Partial {
        /// Under what.
        proposal: ProposalId,
        /// Who made it.
        guardian: GuardianIndex,
        /// With which share.
        share: ShareIndex,
    },
    /// t partials made the validator's signature.
    Combined {
        /// Under what.
        proposal: ProposalId,
        /// The exit.
        exit: SignedVoluntaryExit,
        /// Shares found false on the way.
        culprits: Vec<ShareIndex>,
    },
    /// The exit was offered to this guardian's beacon nodes.
    Submitted {
        /// Under what.
        proposal: ProposalId,
        /// Nodes that took it.
        accepted: u32,
        /// Nodes that had it.
        known: u32,
        /// Nodes that refused it.
        refused: u32,
        /// Nodes that did not answer.
        unreached: u32,
    },
    /// A proposal moved on.
    Moved {
        /// Which.
        proposal: ProposalId,
        /// Where to.
        state: State,
    },
    /// A guardian did wrong.
    Fault {
        /// Who.
        guardian: GuardianIndex,
        /// What.
        fault: FaultKind,
        /// About which proposal, where there is one.
        proposal: Option<ProposalId>,
        /// What proves it.
        evidence: Vec<Sealed>,
    },
    /// An epoch ended while the chain was not finalizing: it accuses nobody.
    NotFinalizing {
        /// Which.
        epoch: Epoch,
    },
    /// People ask for exits.
    Emergency {
        /// The emergency's id: the hash of what is asked.
        emergency: ProposalId,
        /// It, with what proves who raised it.
        content: Raised,
    },
    /// t approvals of an emergency are known here.
    EmergencyCertificate {
        /// Of which.
        emergency: ProposalId,
        /// They.
        approvals: Vec<Approval>,
    },
    /// An emergency moved on.
    EmergencyMoved {
        /// Which.
        emergency: ProposalId,
        /// Where to.
        state: EmergencyState,
    },
    /// An emergency was taken back.
    Cancellation {
        /// Which.
        emergency: ProposalId,
        /// What proves that its raiser did so.
        proof: Proof,
    },
    /// An exit that a certified emergency asks for.
    Adopted {
        /// The proposal's id: the hash of the next field.
        proposal: ProposalId,
        /// It.
        content: ExitProposal,
    },
    /// A validator made a step on its way out.
    Reached {
        /// Whose.
        pubkey: BlsPubkey,
        /// Which.
        step: Step,
    },
    /// A validator may stay.
    Spared {
        /// Whose.
        pubkey: BlsPubkey,
    },
    /// Whether a guardian wishes the network paused.
    Wish {
        /// Who.
        guardian: GuardianIndex,
        /// Grows with each change of mind.
        revision: u32,
        /// Whether.
        paused: bool,
        /// As it was sealed.
        sealed: Sealed,
    },
    /// This guardian found that its journal lacks what it once said.
    Lapsed {},
    /// A ceremony was opened.
    CeremonyOpened {
        /// Its id: the hash of the next field.
        ceremony: CeremonyId,
        /// What for.
        order: Order,
    },
    /// A ceremony moved on.
    Ceremony {
        /// Which.
        ceremony: CeremonyId,
        /// How.
        event: Move,
    },
    /// The network's own key signed.
    GroupSignature {
        /// What.
        matter: Matter,
        /// The signature.
        signature: GroupSignature,
    },
    /// The blocks of both layers that this guardian decided by, as its nodes served them later. They prove themselves: their
    /// hashes are in the evidence.
    Roots {
        /// The proposal or the emergency that was decided.
        proposal: ProposalId,
        /// Headers, and proofs where there are any.
        roots: Roots,
    },
    /// An entry that would have been too long.
    Oversized {
        /// Its kind.
        of: String,
        /// How many bytes it would have had.
        bytes: u64,
        /// Their SHA-256, hex.
        sha256: String,
    },
}
