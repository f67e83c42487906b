//! `StatusSnapshot`: what this guardian shows the world. A projection, never an input.

use crate::ceremony::CeremonyStatus;
use crate::contracts::Mismatch;
use crate::emergency::Emergency;
use crate::event::{ExecutionHealth, NodeHealth, PostOutcome};
use crate::fault::Fault;
use crate::guardian_set::{GuardianIndex, GuardianSetEpoch, NetworkId};
use crate::journal::JournalHead;
use crate::lifecycle::LifecycleStatus;
use crate::logs::LogHead;
use crate::message::{Clients, Decision, Heartbeat};
use crate::pause::PauseStatus;
use crate::policy::Enforcement;
use crate::proposal::{ExitProposal, ProposalId, State};
use crate::readiness::ReadinessStatus;
use crate::registration::Life;
use crate::signing::SigningStatus;
use crate::tickets::{Runway, Unexplained};
use borsh::{BorshDeserialize, BorshSerialize};
use crypto::execution::{Address, Block, BlockNumber, RegistrationId, Tickets, TransactionHash};
use crypto::registration::Verdict;
use crypto::spec::{BlsPubkey, Checkpoint, Epoch, Gwei, Slot, ValidatorIndex};
use crypto::threshold::{ShareIndex, Threshold};
use crypto::validator::ValidatorStatus;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

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
    /// Its journal: whoever notes the head can later tell whether anything before it was rewritten.
    pub journal: JournalHead,
    /// The other guardians as it sees them.
    pub peers: Vec<PeerStatus>,
    /// Its own execution nodes and what they show; None when the definition names no contracts.
    pub execution: Option<ExecutionStatus>,
    /// Validators it holds shares of.
    pub validators: Vec<ValidatorHealth>,
    /// Node operators that ever registered a validator or had tickets.
    pub operators: Vec<OperatorStatus>,
    /// All registrations, in the order of the chain.
    pub registrations: Vec<RegistrationStatus>,
    /// Proposals, newest first; terminal ones are kept for a while.
    pub proposals: Vec<ProposalStatus>,
    /// Emergencies, newest first; terminal ones are kept for a while.
    pub emergencies: Vec<EmergencyStatus>,
    /// Validators on their way out, and those that are out.
    pub lifecycles: Vec<LifecycleStatus>,
    /// Pauses.
    pub pauses: PauseStatus,
    /// How far this guardian goes by each rule, by the rule's code, and how many guardians advertise to enforce it.
    pub enforcement: BTreeMap<String, EnforcementStatus>,
    /// Faults seen, newest first, at most 256.
    pub faults: Vec<Fault>,
    /// Whether this guardian waits for the set before it to hand over.
    #[serde(default)]
    pub joining: bool,
    /// The network's own key, compressed (33 bytes, hex), once there is one.
    #[serde(default)]
    pub group_key: Option<String>,
    /// How many working shares each guardian proved lately.
    #[serde(default)]
    pub readiness: Vec<ReadinessStatus>,
    /// Signatures of the network's own key, made and in the making, the latest first.
    #[serde(default)]
    pub signatures: Vec<SigningStatus>,
    /// Ceremonies, the latest first.
    #[serde(default)]
    pub ceremonies: Vec<CeremonyStatus>,
    /// The version of its software, as its heartbeats tell it to the others.
    #[serde(default)]
    pub version: String,
    /// The client software of its own nodes, as its operator declares it.
    #[serde(default)]
    pub clients: Clients,
    /// Every guardian's public log, as far as this one checked it.
    #[serde(default)]
    pub logs: Vec<LogHead>,
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
    /// Guardians that proved today or yesterday that they hold a working share of it.
    #[serde(default)]
    pub ready: Vec<GuardianIndex>,
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
    /// The node operator that registered it, if it came through the contracts.
    pub operator: Option<Address>,
    /// Its balance at the finalized state, Gwei.
    pub balance: Option<Gwei>,
    /// Its effective balance at the finalized state, Gwei.
    pub effective_balance: Option<Gwei>,
    /// Whether the finalized state says it was slashed.
    pub slashed: bool,
}

/// Our execution nodes, and how far and in what condition they show the contracts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExecutionStatus {
    /// The nodes.
    pub health: ExecutionHealth,
    /// Last block whose logs are in the journal.
    pub scanned: Option<Block>,
    /// Last finalized block, while a long synchronization runs.
    pub target: Option<BlockNumber>,
    /// The block at which the contracts were last read, since the start.
    pub state: Option<Block>,
    /// What the contracts say otherwise than the definition: nothing is released while there is any.
    pub mismatches: Vec<Mismatch>,
    /// Whether the chain replaced a block that was scanned as finalized.
    pub diverged: bool,
    /// Scans that did not begin where the one before ended; they were ignored.
    pub out_of_order: u64,
    /// How many registrations ended in which verdict, by its code.
    pub verdicts: BTreeMap<String, u64>,
}

/// One node operator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OperatorStatus {
    /// Its account.
    pub operator: Address,
    /// Tickets on deposit, as the contracts have them.
    pub deposited: Tickets,
    /// What is left of them after what its validators have used and the contracts have not burned yet; at least 0.
    pub present: Tickets,
    /// Whether they used more than it has.
    pub overdrawn: bool,
    /// Validators provisioned and not settled.
    pub active: u64,
    /// Validators registered and waiting.
    pub pending: u64,
    /// Where it stands with the `tickets` rule.
    pub standing: Standing,
    /// First epoch of the present shortage.
    pub due: Option<Epoch>,
    /// How long its tickets last; None while it has no validator on duty or we see too little.
    pub runway: Option<Runway>,
    /// How its account differs from what was logged, if it does: logs are missing, and nothing is concluded from it.
    pub unexplained: Option<Unexplained>,
}

/// Where an operator stands with the `tickets` rule. Codes are stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// It has no validator on duty.
    Idle,
    /// Enough tickets.
    Ok,
    /// Below 8 tickets a validator, or below the floor plus 3.
    Warning,
    /// Below the floor; the grace period runs.
    Short,
    /// Below the floor for longer than the grace period: its validators must leave.
    Due,
    /// We see too little, or the account cannot be explained.
    Unknown,
}

impl Standing {
    /// The stable code: in status, logs and metrics.
    pub fn code(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Short => "short",
            Self::Due => "due",
            Self::Unknown => "unknown",
        }
    }
}

/// One registration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegistrationStatus {
    /// Its place in the protocol.
    pub id: RegistrationId,
    /// The node operator.
    pub operator: Address,
    /// The validator key, if it is one.
    pub pubkey: Option<BlsPubkey>,
    /// What it is worth to us.
    pub verdict: Verdict,
    /// Where it stands in its life.
    pub life: Life,
    /// The block it was registered in.
    pub block: BlockNumber,
    /// The registering transaction.
    pub transaction: TransactionHash,
}

/// One guardian's latest vote on a proposal or an emergency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct VoteStatus {
    /// Whose.
    pub guardian: GuardianIndex,
    /// What it decided.
    pub decision: Decision,
    /// Slot at which it arrived here.
    pub at: Slot,
}

/// One guardian's partial signature that is held here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartialStatus {
    /// Whose.
    pub guardian: GuardianIndex,
    /// Slot at which it arrived here; of one that came before our certificate, the slot at which that was there too.
    pub at: Slot,
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
    /// Since when it is.
    pub held_since: Option<Slot>,
    /// What ends that.
    pub hold_ends: Option<String>,
    /// The vote of each guardian that stands, by guardian.
    pub votes: Vec<VoteStatus>,
    /// Slot of our certificate.
    pub certified: Option<Slot>,
    /// Slot of our release.
    pub released: Option<Slot>,
    /// The partials we hold, by guardian.
    pub partials: Vec<PartialStatus>,
    /// Shares found false while combining.
    pub culprits: Vec<ShareIndex>,
    /// Whether the combined signature exists here.
    pub combined: bool,
    /// How our nodes took our latest submission.
    pub submissions: Vec<(String, PostOutcome)>,
    /// `exit_epoch` of the validator, once scheduled.
    pub exit_epoch: Option<Epoch>,
}

/// One emergency's story.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EmergencyStatus {
    /// Its id.
    pub id: ProposalId,
    /// The emergency.
    pub emergency: Emergency,
    /// Where it stands.
    pub state: EmergencyState,
    /// Slot at which we came to know it.
    pub raised: Slot,
    /// First slot at which it can be certified.
    pub certifiable_from: Slot,
    /// The vote of each guardian that stands, by guardian.
    pub votes: Vec<VoteStatus>,
    /// Our own decision.
    pub own: Option<Decision>,
    /// What our operator said with it, or the standing order's name.
    pub note: Option<String>,
    /// Slot of our certificate.
    pub certified: Option<Slot>,
    /// Its exits by the state they are in here; those not taken up count as `waiting`.
    pub exits: BTreeMap<String, u64>,
}

/// Where an emergency stands. Codes are stable.
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
pub enum EmergencyState {
    /// Votes are being taken.
    Open,
    /// t approvals are in the journal; its exits are being released.
    Certified,
    /// All its exits are over.
    Done,
    /// Too many refusals for t approvals.
    Rejected,
    /// Its time ended before it was certified.
    Expired,
    /// Its raiser took it back.
    Cancelled,
}

impl EmergencyState {
    /// Whether it may go from here to `to`.
    pub fn may_become(self, to: Self) -> bool {
        match self {
            Self::Open => matches!(to, Self::Certified | Self::Rejected | Self::Expired | Self::Cancelled),
            Self::Certified => matches!(to, Self::Done),
            Self::Done | Self::Rejected | Self::Expired | Self::Cancelled => false,
        }
    }

    /// Whether nothing more is done about it here.
    pub fn is_over(self) -> bool {
        match self {
            Self::Open | Self::Certified => false,
            Self::Done | Self::Rejected | Self::Expired | Self::Cancelled => true,
        }
    }

    /// The stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Certified => "certified",
            Self::Done => "done",
            Self::Rejected => "rejected",
            Self::Expired => "expired",
            Self::Cancelled => "cancelled",
        }
    }
}

/// How far one guardian goes by one rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnforcementStatus {
    /// The definition's word.
    pub definition: Enforcement,
    /// This guardian's own.
    pub here: Enforcement,
    /// Guardians, ourselves included, that lately said they enforce it. It is enforced only when t do.
    pub enforcing: u16,
}

/// Why an exit that is certified is not released. Codes are stable.
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
    /// We hold no share of this validator, or one of another split of its key.
    NoShare,
    /// The contracts say otherwise than the definition.
    ContractsMismatch,
    /// The contracts were not read since the start.
    ContractsUnknown,
    /// The execution chain replaced a block that was scanned as finalized.
    ContractsDiverged,
    /// This guardian's operator paused it.
    Paused,
    /// t guardians wish the network paused.
    NetworkPaused,
    /// The head of our own nodes is too old.
    NodesBehind,
    /// Exits-per-day cap of this validator's node operator met.
    OperatorCap,
    /// Exits-per-day cap of this validator's module met.
    ModuleCap,
    /// Cap on the share of the watched validators that leave in a day met.
    ShareCap,
    /// This guardian's journal lacks what it once said, so what was released is not known: caps count as met.
    CapsUnknown,
    /// An emergency's exit: our operator does not approve it, or not yet.
    OperatorUndecided,
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
            Self::ContractsMismatch => "contracts_mismatch",
            Self::ContractsUnknown => "contracts_unknown",
            Self::ContractsDiverged => "contracts_diverged",
            Self::Paused => "paused",
            Self::NetworkPaused => "network_paused",
            Self::NodesBehind => "nodes_behind",
            Self::OperatorCap => "operator_cap",
            Self::ModuleCap => "module_cap",
            Self::ShareCap => "share_cap",
            Self::CapsUnknown => "caps_unknown",
            Self::OperatorUndecided => "operator_undecided",
        }
    }

    /// What ends it, for people.
    pub fn ends(self) -> &'static str {
        match self {
            Self::NotFinalizing => "the chain finalizes again",
            Self::NoHealthyNode => "one of our own beacon nodes answers and is synced",
            Self::NodesDisagree => "our own beacon nodes agree about finality",
            Self::NodesBehind => "our own beacon nodes show a recent head",
            Self::EpochCap => "the next epoch",
            Self::DayCap | Self::ShareCap => "enough releases are more than a day ago",
            Self::OperatorCap => "enough releases of this node operator's validators are more than a day ago",
            Self::ModuleCap => "enough releases of this module's validators are more than a day ago",
            Self::CorrelatedFailure => "fewer watched validators are dark",
            Self::OtherFormReleased => "the other exit of this validator is over or stuck for long",
            Self::NotEnforced => "this guardian is configured, and the network defined, to enforce the rule",
            Self::Acquitted => "our own view shows the cause again; otherwise never",
            Self::Unconfirmed => "our own view shows enough to confirm the cause",
            Self::NoShare => "a share of this split of the key is held here",
            Self::ContractsMismatch => "the contracts say what the definition says",
            Self::ContractsUnknown => "the contracts are read",
            Self::ContractsDiverged => "the operator looked and restarted the guardian",
            Self::Paused => "`guardian resume`",
            Self::NetworkPaused => "enough guardians `guardian resume --network`",
            Self::CapsUnknown => "a day after the journal was found old",
            Self::OperatorUndecided => "`guardian approve`, or the emergency expires",
        }
    }
}

#[cfg(test)]
mod tests;
