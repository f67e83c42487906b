//! What happened, in the past tense. The only input of [`crate::Guardian::handle`].

use crate::ceremony::{CeremonyId, News};
use crate::emergency::Raised;
use crate::guardian_set::GuardianIndex;
use crate::logs::LogHead;
use crate::message::{Envelope, Message, Partial, Vote};
use crate::proposal::{ExitProposal, ProposalId};
use crate::readiness::Readiness;
use crate::registration::ScanReport;
use crate::request::{AskId, OperatorName, Request};
use crate::settings::Settings;
use crate::signing::MatterId;
use crate::statement::{PeerName, Statement};
use borsh::{BorshDeserialize, BorshSerialize};
use crypto::execution::{Address, Block, BlockHash, BlockNumber, ContractState, NodeInfo};
use crypto::group_key::{GroupKeySet, NonceCommitments, SignatureShare};
use crypto::keys::PublicKeySet;
use crypto::spec::{BlsPubkey, BlsSignature, Checkpoint, Epoch, Slot, ValidatorIndex};
use crypto::threshold::ShareIndex;
use crypto::validator::Validator;

/// A validator this guardian holds a share of. The share itself stays in the shell's store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Custody {
    /// The validator.
    pub pubkey: BlsPubkey,
    /// The commitments its shares are checked against.
    pub key_set: PublicKeySet,
    /// Which share is ours.
    pub index: ShareIndex,
}

/// What our beacon nodes, taken together, are worth right now.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Default,
    serde::Serialize,
    serde::Deserialize,
    BorshSerialize,
    BorshDeserialize,
)]
pub struct NodeHealth {
    /// Configured nodes.
    pub total: u16,
    /// Nodes that answer and are synced.
    pub healthy: u16,
    /// Whether healthy nodes disagree about a finalized checkpoint.
    pub disagree: bool,
}

/// What our execution nodes, taken together, are worth right now.
#[derive(
    Debug,
    Clone,
    PartialEq,
    Eq,
    Default,
    serde::Serialize,
    serde::Deserialize,
    BorshSerialize,
    BorshDeserialize,
)]
pub struct ExecutionHealth {
    /// Configured nodes.
    pub total: u16,
    /// Nodes that answer, are synced and on the right chain.
    pub healthy: u16,
    /// Whether healthy nodes disagree about a finalized block.
    pub disagree: bool,
    /// What is wrong with one of them, for the operator.
    pub problem: Option<String>,
}

/// Which validators attested in one epoch. Watched validators in neither list are unknown for that epoch.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Liveness {
    /// The epoch, over by the time this is reported.
    pub epoch: Epoch,
    /// Attested at least once.
    pub live: Vec<ValidatorIndex>,
    /// Did not.
    pub dark: Vec<ValidatorIndex>,
}

/// How a beacon node took a posted exit.
#[derive(
    Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "snake_case", tag = "outcome", content = "detail")]
pub enum PostOutcome {
    /// Taken into the pool.
    Accepted,
    /// The node had it, or the validator is already exiting: success.
    AlreadyKnown,
    /// Refused, with the node's words (at most 256 characters).
    Rejected(String),
    /// Not reached, with the cause (at most 256 characters).
    Unreachable(String),
}

impl PostOutcome {
    /// Whether the node has it now.
    pub fn is_taken(&self) -> bool {
        match self {
            Self::Accepted | Self::AlreadyKnown => true,
            Self::Rejected(_) | Self::Unreachable(_) => false,
        }
    }
}

/// Correlates a catch-up question with its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(pub u64);

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A slot began. The core's only notion of time.
    SlotStarted(Slot),
    /// Shares were loaded or imported.
    CustodyLoaded(Vec<Custody>),
    /// Our nodes' head moved; watched validators as the head state has them.
    HeadObserved {
        /// The head's slot.
        slot: Slot,
        /// Watched validators that changed since the last report, or all.
        validators: Vec<Validator>,
    },
    /// Our nodes agree on a newer finalized checkpoint; watched validators as that state has them.
    FinalizedObserved {
        /// The checkpoint.
        checkpoint: Checkpoint,
        /// All watched validators the state knows.
        validators: Vec<Validator>,
    },
    /// An epoch's attestations were asked for.
    LivenessObserved(Liveness),
    /// An exit was seen in a beacon node's pool.
    ExitGossiped {
        /// Whose.
        validator_index: ValidatorIndex,
        /// `VoluntaryExit.epoch` of it.
        epoch: Epoch,
    },
    /// Health of our own nodes changed.
    NodesObserved(NodeHealth),
    /// Health of our own execution nodes changed.
    ExecutionObserved(ExecutionHealth),
    /// The contracts' logs of more finalized blocks, judged; the shares of accepted registrations are stored.
    ContractsScanned(ScanReport),
    /// How far a long synchronization has come.
    ScanProgressed {
        /// Last block scanned.
        scanned: BlockNumber,
        /// Last finalized block.
        target: BlockNumber,
    },
    /// What the contracts say at the last block scanned.
    ContractsObserved(ContractState),
    /// What the contracts say at the head of the operators named in [`crate::Command::WatchOperators`].
    OperatorsObserved {
        /// The head.
        block: Block,
        /// Their accounts.
        infos: Vec<(Address, NodeInfo)>,
    },
    /// The chain has another block where we scanned one that was finalized: nothing more is scanned.
    ContractsDiverged {
        /// The block we scanned.
        scanned: Block,
        /// The hash found in its place.
        found: BlockHash,
    },
    /// A message arrived; envelope, sender, network and freshness were checked at the edge. Our own come this way too.
    MessageReceived {
        /// Who sealed it.
        from: GuardianIndex,
        /// What it says. Never `Message::Certificate`: see [`Event::CertificateReceived`].
        message: Message,
        /// As it arrived.
        envelope: Envelope,
    },
    /// A certificate arrived and every sealed approval in it was opened and checked at the edge.
    CertificateReceived {
        /// Who sent it.
        from: GuardianIndex,
        /// The proposal.
        proposal: ExitProposal,
        /// The votes that were sealed in it, each with its author.
        approvals: Vec<(GuardianIndex, Vote, Envelope)>,
        /// The sealed certificate as it arrived, kept for guardians that were away.
        envelope: Envelope,
    },
    /// As [`Event::CertificateReceived`], of an emergency.
    EmergencyCertificateReceived {
        /// Who sent it.
        from: GuardianIndex,
        /// The emergency.
        raised: Raised,
        /// The votes that were sealed in it, each with its author.
        approvals: Vec<(GuardianIndex, Vote, Envelope)>,
        /// The sealed certificate as it arrived, kept for guardians that were away.
        envelope: Envelope,
    },
    /// What our operator decided for this guardian in its configuration.
    SettingsLoaded(Settings),
    /// Our operator asks something, through the admin socket.
    OperatorAsked {
        /// To answer.
        ask: AskId,
        /// Who.
        by: OperatorName,
        /// What.
        request: Request,
    },
    /// Blocks were searched for an exit, as ordered by [`crate::Command::FindInclusion`].
    InclusionFound {
        /// For what.
        proposal: ProposalId,
        /// The slot of the block that has it; None when none of them has, or they could not be read.
        slot: Option<Slot>,
    },
    /// The network's own key was loaded.
    GroupKeyLoaded(GroupKeySet),
    /// Nonces were drawn for one attempt at a signature of the network's own key; they stay in the signer's memory.
    NoncesCommitted {
        /// For what.
        matter: MatterId,
        /// Which attempt.
        attempt: u32,
        /// What commits to them.
        commitments: NonceCommitments,
    },
    /// The signer signed with its nonces, which are gone now.
    GroupSigned {
        /// What.
        matter: MatterId,
        /// In which attempt.
        attempt: u32,
        /// Its share of the signature.
        share: SignatureShare,
    },
    /// Our proof of readiness is made.
    ReadinessProven {
        /// Its parts.
        parts: Vec<Readiness>,
    },
    /// A guardian's proof of readiness was verified.
    ReadinessChecked {
        /// Whose.
        from: GuardianIndex,
        /// Of which day.
        day: u64,
        /// Which part.
        part: u16,
        /// Whose shares it is about; None when it names keys that are unknown here.
        validators: Option<Vec<BlsPubkey>>,
        /// Whether it holds.
        valid: bool,
    },
    /// A guardian's public log was read, found to extend what was known of it, and cosigned; of our own, t guardians did.
    LogChecked(LogHead),
    /// A guardian signed two heads of its public log of which neither extends the other.
    LogForked {
        /// Whose log.
        guardian: GuardianIndex,
        /// Both, as signed notes.
        notes: [Vec<u8>; 2],
    },
    /// A member sealed a statement in a ceremony's domain; our own come this way too.
    StatementReceived {
        /// Which ceremony.
        ceremony: CeremonyId,
        /// Who sealed it.
        from: PeerName,
        /// What it says.
        statement: Statement,
        /// As it arrived.
        envelope: Envelope,
    },
    /// How an errand for a ceremony ended.
    CeremonyNews {
        /// Which ceremony.
        ceremony: CeremonyId,
        /// What.
        news: News,
    },
    /// A guardian sealed something that is no message of a version we know. Counted against it.
    GarbageReceived {
        /// Who sealed it.
        from: GuardianIndex,
    },
    /// A connection to a guardian was made.
    PeerConnected(GuardianIndex),
    /// The last connection to a guardian was lost.
    PeerDisconnected(GuardianIndex),
    /// A guardian that was away asks what is open.
    CatchUpRequested {
        /// Who asks.
        from: GuardianIndex,
        /// To answer.
        request: RequestId,
    },
    /// The signer did as ordered.
    ExitSigned(Partial),
    /// The signer could not (no such share, storage); the text is for the operator.
    SigningFailed {
        /// For what.
        proposal: ProposalId,
        /// Why.
        problem: String,
    },
    /// Partials were combined and the result verified under the validator's key.
    ExitCombined {
        /// For what.
        proposal: ProposalId,
        /// The validator's signature.
        signature: BlsSignature,
        /// Shares found false on the way.
        culprits: Vec<ShareIndex>,
    },
    /// Not enough honest partials; these were found false.
    CombineFailed {
        /// For what.
        proposal: ProposalId,
        /// Shares found false.
        culprits: Vec<ShareIndex>,
    },
    /// An exit was offered to every beacon node.
    ExitSubmitted {
        /// For what.
        proposal: ProposalId,
        /// Node name and how it took it.
        outcomes: Vec<(String, PostOutcome)>,
    },
}
