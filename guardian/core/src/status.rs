//! `StatusSnapshot`: what this guardian shows the world. A projection, never an input.

use crate::event::{NodeHealth, PostOutcome};
use crate::fault::Fault;
use crate::guardian_set::{GuardianIndex, GuardianSetEpoch, NetworkId};
use crate::message::{Decision, Heartbeat};
use crate::proposal::{ExitProposal, ProposalId, State};
use crypto::spec::{BlsPubkey, Checkpoint, Epoch, Slot, ValidatorIndex};
use crypto::threshold::{ShareIndex, Threshold};
use crypto::validator::ValidatorStatus;
use serde::{Deserialize, Serialize};

/// All that one guardian shows, at one slot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusSnapshot {
    /// The network's name.
    pub network: String,
    /// Its hash.
    pub network_id: NetworkId,
    /// Current guardian set.
    pub guardian_set_epoch: GuardianSetEpoch,
    /// t of n.
    pub threshold: Threshold,
    /// Who speaks.
    pub guardian: GuardianIndex,
    /// Its name.
    pub name: String,
    /// The slot of this snapshot.
    pub slot: Slot,
    /// The head it sees, if any.
    pub head: Option<Slot>,
    /// The finalized checkpoint it sees, if any.
    pub finalized: Option<Checkpoint>,
    /// Its own beacon nodes.
    pub nodes: NodeHealth,
    /// The other guardians as it sees them.
    pub peers: Vec<PeerStatus>,
    /// Watched validators.
    pub validators: Vec<ValidatorHealth>,
    /// Proposals, newest first; terminal ones are kept for a while.
    pub proposals: Vec<ProposalStatus>,
    /// Faults seen, newest first, at most 256.
    pub faults: Vec<Fault>,
}

/// One other guardian.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeerStatus {
    /// Who.
    pub guardian: GuardianIndex,
    /// Its name.
    pub name: String,
    /// Whether we are connected.
    pub connected: bool,
    /// The last heartbeat heard, with our slot when it came.
    pub heartbeat: Option<(Slot, Heartbeat)>,
}

/// One watched validator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ValidatorHealth {
    /// Its key.
    pub pubkey: BlsPubkey,
    /// Our share of it.
    pub share: ShareIndex,
    /// Its index, once the chain knows it.
    pub index: Option<ValidatorIndex>,
    /// Its status at the finalized state.
    pub status: Option<ValidatorStatus>,
    /// Last epoch it was seen attesting.
    pub last_live: Option<Epoch>,
    /// Consecutive finalized epochs without an attestation, up to the last one known.
    pub dark_epochs: u64,
}

/// One proposal's story.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProposalStatus {
    /// Its id.
    pub id: ProposalId,
    /// The proposal.
    pub proposal: ExitProposal,
    /// Where it stands.
    pub state: State,
    /// Why it does not move, if it is held.
    pub hold: Option<Hold>,
    /// Votes, by guardian.
    pub votes: Vec<(GuardianIndex, Decision)>,
    /// Slot of our certificate.
    pub certified: Option<Slot>,
    /// Slot of our release.
    pub released: Option<Slot>,
    /// Whose partials we hold.
    pub partials: Vec<GuardianIndex>,
    /// Shares found false while combining.
    pub culprits: Vec<ShareIndex>,
    /// Whether the combined signature exists here.
    pub combined: bool,
    /// How our nodes took our latest submission.
    pub submissions: Vec<(String, PostOutcome)>,
    /// `exit_epoch` of the validator, once scheduled.
    pub exit_epoch: Option<Epoch>,
}

/// Why an exit that is certified is not released. Codes are stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hold {
    /// The chain is not finalizing.
    NotFinalizing,
    /// No healthy beacon node of our own.
    NoHealthyNode,
    /// Our beacon nodes disagree about finality.
    NodesDisagree,
    /// Exits-per-epoch cap met.
    EpochCap,
    /// Exits-per-day cap met.
    DayCap,
    /// Too many validators dark at once.
    CorrelatedFailure,
    /// A partial for another exit message of this validator was already released.
    OtherFormReleased,
    /// Policy says observe or warn only.
    NotEnforced,
    /// Our own view shows the validator attesting again, or never dark as claimed.
    Acquitted,
    /// Our own view cannot confirm the cause yet: we were away, or see too little.
    Unconfirmed,
    /// We hold no share of this validator.
    NoShare,
}

impl Hold {
    /// The stable code: in logs, metrics, status and documents.
    pub fn code(self) -> &'static str {
        match self {
            Self::NotFinalizing => "not_finalizing",
            Self::NoHealthyNode => "no_healthy_node",
            Self::NodesDisagree => "nodes_disagree",
            Self::EpochCap => "epoch_cap",
            Self::DayCap => "day_cap",
            Self::CorrelatedFailure => "correlated_failure",
            Self::OtherFormReleased => "other_form_released",
            Self::NotEnforced => "not_enforced",
            Self::Acquitted => "acquitted",
            Self::Unconfirmed => "unconfirmed",
            Self::NoShare => "no_share",
        }
    }
}

#[cfg(test)]
mod tests;
