//! What to do, in the imperative. The shell performs them in order; order is law: `Persist` precedes what it covers.

use crate::ceremony::{CeremonyId, Errand};
use crate::event::RequestId;
use crate::fault::Fault;
use crate::guardian_set::GuardianIndex;
use crate::message::{Envelope, Message};
use crate::notice::Notice;
use crate::proposal::ProposalId;
use crate::readiness::Readiness;
use crate::record::Record;
use crate::request::{Answer, AskId};
use crate::signing::MatterId;
use crate::status::StatusSnapshot;
use crypto::execution::Address;
use crypto::exit::{SignedVoluntaryExit, VoluntaryExit};
use crypto::group_key::SigningPackage;
use crypto::keys::{KeySetId, PublicKeySet};
use crypto::partial::SignatureShare;
use crypto::spec::{BlsPubkey, Root, Slot};
use crypto::threshold::ShareIndex;

/// An order to sign one exit with our share. Only the core can make one, and only under a journaled certificate:
/// the fields are private, there is no constructor outside this crate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleaseOrder {
    pub(crate) proposal: ProposalId,
    pub(crate) pubkey: BlsPubkey,
    pub(crate) key_set: KeySetId,
    pub(crate) exit: VoluntaryExit,
    pub(crate) signing_root: Root,
}

impl ReleaseOrder {
    /// Under which proposal.
    pub fn proposal(&self) -> ProposalId {
        self.proposal
    }

    /// Whose exit.
    pub fn pubkey(&self) -> BlsPubkey {
        self.pubkey
    }

    /// With a share of which split of its key.
    pub fn key_set(&self) -> KeySetId {
        self.key_set
    }

    /// The exit.
    pub fn exit(&self) -> VoluntaryExit {
        self.exit
    }

    /// The 32 bytes to sign.
    pub fn signing_root(&self) -> Root {
        self.signing_root
    }
}

/// An order to sign with our share of the network's own key. Only the core can make one, and only over what it recomputed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupOrder {
    pub(crate) matter: MatterId,
    pub(crate) attempt: u32,
    pub(crate) package: SigningPackage,
}

impl GroupOrder {
    /// For what.
    pub fn matter(&self) -> MatterId {
        self.matter
    }

    /// In which attempt: with whose nonces.
    pub fn attempt(&self) -> u32 {
        self.attempt
    }

    /// Message and signers.
    pub fn package(&self) -> &SigningPackage {
        &self.package
    }
}

/// An order to combine partials into a validator's signature and to verify it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CombineOrder {
    /// For what.
    pub proposal: ProposalId,
    /// The validator's commitments.
    pub key_set: PublicKeySet,
    /// What was signed.
    pub signing_root: Root,
    /// At least t partials of distinct shares.
    pub partials: Vec<(ShareIndex, SignatureShare)>,
}

/// What to do.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(
    clippy::large_enum_variant,
    reason = "values live while one event is handled, and a box each is no gain"
)]
pub enum Command {
    /// Make durable before going on. Failure stops the node.
    Persist(Vec<Record>),
    /// Seal, gossip to all, and hand back to ourselves as an [`crate::Event::MessageReceived`].
    Broadcast(Message),
    /// Answer a catch-up question with sealed envelopes.
    Reply {
        /// Which question.
        request: RequestId,
        /// At most what one response may carry; see the bound in `catch_up`.
        envelopes: Vec<Envelope>,
    },
    /// Ask a guardian what is open; the answer comes back as ordinary messages.
    RequestCatchUp(GuardianIndex),
    /// Sign with our share; the answer is [`crate::Event::ExitSigned`] or `SigningFailed`.
    SignExit(ReleaseOrder),
    /// Combine; the answer is [`crate::Event::ExitCombined`] or `CombineFailed`.
    CombineExit(CombineOrder),
    /// Post to every beacon node; the answer is [`crate::Event::ExitSubmitted`].
    SubmitExit {
        /// For what.
        proposal: ProposalId,
        /// What.
        exit: SignedVoluntaryExit,
    },
    /// Search the blocks of these slots for an exit; the answer is [`crate::Event::InclusionFound`].
    FindInclusion {
        /// For what.
        proposal: ProposalId,
        /// Which message.
        exit: VoluntaryExit,
        /// First slot.
        from: Slot,
        /// Last slot, at most 63 slots later.
        to: Slot,
    },
    /// Prove that we hold a working share of every validator; the answer is [`crate::Event::ReadinessProven`].
    ProveReadiness {
        /// Which day.
        day: u64,
    },
    /// Verify a guardian's proof; the answer is [`crate::Event::ReadinessChecked`].
    CheckReadiness {
        /// Whose.
        from: GuardianIndex,
        /// The part.
        readiness: Readiness,
    },
    /// Draw nonces for one attempt; the answer is [`crate::Event::NoncesCommitted`].
    CommitNonces {
        /// For what.
        matter: MatterId,
        /// Which attempt.
        attempt: u32,
    },
    /// Sign with the nonces of this attempt, once; the answer is [`crate::Event::GroupSigned`].
    SignGroup(GroupOrder),
    /// Do this for a ceremony; the answer, if any, is [`crate::Event::CeremonyNews`].
    Ceremony {
        /// Which.
        ceremony: CeremonyId,
        /// What.
        errand: Errand,
    },
    /// Answer our operator.
    Answer {
        /// Which request.
        ask: AskId,
        /// What.
        answer: Box<Answer>,
    },
    /// Tell our operator.
    Notify(Notice),
    /// Follow these validators on the beacon chain: those we hold shares of and those registered and not settled.
    /// Replaces the set before; given whenever the set changes.
    WatchValidators(Vec<BlsPubkey>),
    /// Read these operators' accounts at the head: those short of tickets or nearly so. Replaces the set before.
    WatchOperators(Vec<Address>),
    /// Count, log, and score the peer.
    ReportFault(Fault),
    /// Show the world.
    PublishStatus(Box<StatusSnapshot>),
}
