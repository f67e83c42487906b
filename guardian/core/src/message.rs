//! What guardians say to each other. Canonical borsh behind a version tag; the envelope around it (network, sender,
//! signature) is the p2p layer's and reaches the core as opaque, already verified [`Envelope`] bytes.

use crate::emergency::{Cancellation, Raised};
use crate::guardian_set::GuardianSetEpoch;
use crate::pause::Wish;
use crate::proposal::{ExitProposal, ProposalId};
use crate::readiness::Readiness;
use crate::signing::SigningMessage;
use borsh::{BorshDeserialize, BorshSerialize};
use crypto::partial::SignatureShare;
use crypto::spec::{Checkpoint, Slot};
use crypto::threshold::ShareIndex;
use serde::{Deserialize, Serialize};

/// Largest encoded [`WireMessage`], bytes. A certificate of 100 sealed votes fits.
pub const MAX_MESSAGE: usize = 48 * 1024;

/// Largest sealed envelope that can be relayed inside a certificate, bytes.
pub const MAX_SEALED_VOTE: usize = 512;

/// Sealed bytes exactly as they arrived: verified at the edge, kept as evidence, relayed unchanged.
#[derive(Clone, PartialEq, Eq, Hash, BorshSerialize, BorshDeserialize)]
pub struct Envelope(pub Vec<u8>);

impl std::fmt::Debug for Envelope {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Envelope({} bytes)", self.0.len())
    }
}

/// A message with its format version: the first byte on the wire.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum WireMessage {
    /// The first format.
    V1(Message),
}

/// What a guardian may say.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
#[allow(
    clippy::large_enum_variant,
    reason = "values live while one event is handled, and a box each is no gain"
)]
pub enum Message {
    /// I am alive and see this.
    Heartbeat(Heartbeat),
    /// This validator should exit.
    Proposal(ExitProposal),
    /// My decision on a proposal.
    Vote(Vote),
    /// t sealed approvals of one proposal.
    Certificate(Certificate),
    /// My partial signature under a certificate.
    Partial(Partial),
    /// People ask for these exits.
    Emergency(Raised),
    /// Its raiser takes an emergency back.
    Cancellation(Cancellation),
    /// t sealed approvals of one emergency.
    EmergencyCertificate(EmergencyCertificate),
    /// Whether I wish the network paused.
    Wish(Wish),
    /// My part in a signature of the network's own key.
    Signing(SigningMessage),
    /// Proof that my shares work.
    Readiness(Readiness),
}

/// A guardian's view, said once an epoch, after start and soon after somebody came within reach.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, BorshSerialize, BorshDeserialize)]
pub struct Heartbeat {
    /// Current guardian set as the sender knows it.
    pub guardian_set_epoch: GuardianSetEpoch,
    /// The sender's slot.
    pub slot: Slot,
    /// Its head slot.
    pub head: Slot,
    /// Its finalized checkpoint.
    pub finalized: Checkpoint,
    /// Its software version, at most 32 characters.
    pub version: String,
    /// By which rules it votes and signs.
    pub enforces: Enforces,
    /// How many validators it holds shares of.
    pub shares: u32,
    /// What software its own nodes run, as its operator declares it.
    pub clients: Clients,
}

/// The client software of one guardian's nodes, as its operator declares it: a name for each node that it declares.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, BorshSerialize, BorshDeserialize)]
pub struct Clients {
    /// Beacon nodes', at most [`MAX_CLIENTS`].
    pub beacon: Vec<String>,
    /// Execution nodes', at most [`MAX_CLIENTS`].
    pub execution: Vec<String>,
}

/// Most declared clients of a kind.
pub const MAX_CLIENTS: usize = 16;

/// Longest name of a client, bytes: `a-z 0-9 -`.
pub const MAX_CLIENT_NAME: usize = 24;

impl Clients {
    /// Whether a text may name a client.
    pub fn is_name(text: &str) -> bool {
        let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        (1..=MAX_CLIENT_NAME).contains(&text.len()) && text.chars().all(allowed)
    }

    fn is_bounded(&self) -> bool {
        [&self.beacon, &self.execution]
            .into_iter()
            .all(|names| names.len() <= MAX_CLIENTS && names.iter().all(|name| Self::is_name(name)))
    }
}

/// A guardian's decision on one proposal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, BorshSerialize, BorshDeserialize)]
pub struct Vote {
    /// On what.
    pub proposal: ProposalId,
    /// Grows by one with each change of mind, from 0. Two different votes with one revision are equivocation.
    pub revision: u32,
    /// What.
    pub decision: Decision,
}

/// Approve, or refuse with a stable code.
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
pub enum Decision {
    /// I recomputed the rule on my own finalized view and the head shows no cure.
    Approve,
    /// I refuse.
    Reject(RejectReason),
    /// I take my approval back.
    Withdraw(RejectReason),
}

/// Why a guardian refuses. Codes are stable: they appear in logs, metrics, status and documents.
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
pub enum RejectReason {
    /// My finalized view shows it attesting in an epoch the proposal calls dark.
    AttestedWhileAccused,
    /// The head shows it attesting again.
    Attesting,
    /// The claimed epochs do not make the rule due.
    NotDue,
    /// It is not active, or already exiting.
    NotExitable,
    /// Key, index or exit epoch do not belong together.
    Mismatch,
    /// I approve another proposal about the same validator instead. Only ever with [`Decision::Withdraw`]; no refusal.
    Superseded,
    /// The operator has enough tickets, or the head shows a top-up.
    Funded,
    /// The balance is not below the threshold, or the head shows it restored.
    Restored,
    /// The guardian's operator decided so, or a standing order of its.
    Operator,
}

/// By which rules a guardian votes and signs, as its operator configured it.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, BorshSerialize, BorshDeserialize,
)]
pub struct Enforces {
    /// `offline`.
    pub offline: bool,
    /// `tickets`.
    pub tickets: bool,
    /// `balance`.
    pub balance: bool,
    /// Emergencies.
    pub emergency: bool,
}

/// Proof that t guardians approved.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Certificate {
    /// The proposal itself, so that a guardian that was away needs nothing else.
    pub proposal: ExitProposal,
    /// At least t sealed approvals by distinct members.
    pub approvals: Vec<Envelope>,
}

/// Proof that t guardians approved an emergency.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct EmergencyCertificate {
    /// The emergency itself, so that a guardian that was away needs nothing else.
    pub raised: Raised,
    /// At least t sealed approvals by distinct members.
    pub approvals: Vec<Envelope>,
}

/// One guardian's partial signature over a certified exit.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Partial {
    /// Under which proposal.
    pub proposal: ProposalId,
    /// The share that signed.
    pub index: ShareIndex,
    /// The partial signature.
    pub signature: SignatureShare,
}

/// Most sealed approvals in one certificate: one a member.
pub const MAX_APPROVALS: usize = crypto::threshold::MAX_SHARES as usize;

/// The version of this software, as heartbeats and the status tell it.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Longest software version in a heartbeat, bytes.
pub const MAX_VERSION: usize = 32;

impl WireMessage {
    /// The bytes that are sealed and sent.
    pub fn encode(&self) -> Vec<u8> {
        canonical(self)
    }

    /// Reads a message. None for anything that is not exactly one message of a known version within its bounds:
    /// [`MAX_MESSAGE`], [`MAX_APPROVALS`], [`MAX_SEALED_VOTE`], [`MAX_VERSION`].
    pub fn decode(bytes: &[u8]) -> Option<Message> {
        if bytes.len() > MAX_MESSAGE {
            return None;
        }
        let Self::V1(message) = borsh::from_slice(bytes).ok()?;
        message.is_bounded().then_some(message)
    }
}

impl Message {
    /// Whether every part that could be long is within its bound.
    fn is_bounded(&self) -> bool {
        match self {
            Self::Heartbeat(heartbeat) => {
                heartbeat.version.len() <= MAX_VERSION && heartbeat.clients.is_bounded()
            }
            Self::Certificate(Certificate { approvals, .. }) => are_bounded(approvals),
            Self::EmergencyCertificate(EmergencyCertificate { raised, approvals }) => {
                are_bounded(approvals) && raised.emergency.is_bounded()
            }
            Self::Emergency(raised) => raised.emergency.is_bounded(),
            Self::Signing(said) => said.is_bounded(),
            Self::Readiness(readiness) => readiness.is_bounded(),
            Self::Proposal(_) | Self::Vote(_) | Self::Partial(_) | Self::Cancellation(_) | Self::Wish(_) => {
                true
            }
        }
    }
}

fn are_bounded(approvals: &[Envelope]) -> bool {
    approvals.len() <= MAX_APPROVALS && approvals.iter().all(|sealed| sealed.0.len() <= MAX_SEALED_VOTE)
}

/// Canonical borsh bytes of a value of this crate.
pub(crate) fn canonical<T: BorshSerialize>(value: &T) -> Vec<u8> {
    // Writing to memory cannot fail, and no collection of ours comes near the u32 length borsh allows.
    #[allow(clippy::expect_used, reason = "writing borsh to a Vec fails only on collections over u32::MAX")]
    borsh::to_vec(value).expect("a value of this crate has a canonical encoding")
}

#[cfg(test)]
mod tests;
