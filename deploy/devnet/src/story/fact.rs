//! What the narrator can be told: one variant for everything worth a line.

use crypto::execution::{Address, BlockNumber, Tickets};
use crypto::spec::{Epoch, Gwei, Slot, ValidatorIndex};
use guardian_core::emergency::Severity;
use guardian_core::lifecycle::Step;
use guardian_core::message::Decision;
use guardian_core::proposal::ProposalId;
use guardian_core::status::{EmergencyState, Hold};
use serde::Serialize;
use std::path::PathBuf;

/// One thing that happened. In JSON, `event` names the variant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum Fact {
    ChainStarted {
        validators: u64,
        fork: String,
        epoch: Epoch,
        finalized: Epoch,
    },
    BeaconNode {
        name: String,
        url: String,
    },
    GuardianMade {
        dir: PathBuf,
    },
    NetworkDefined {
        network_id: String,
        threshold: u16,
        guardians: usize,
    },
    KeysSplit {
        validators: u64,
        threshold: u16,
        guardians: usize,
    },
    SharesImported {
        validators: u64,
    },
    GuardianStarted {
        status: String,
        feed: String,
        log: PathBuf,
        pid: Option<u32>,
    },
    Connected,
    SeenLive {
        validator: ValidatorIndex,
    },
    WentDark {
        validator: ValidatorIndex,
        epoch: Epoch,
    },
    SeenDark {
        validator: ValidatorIndex,
        epochs: u64,
        due: u64,
    },
    Finalized {
        epoch: Epoch,
    },
    Proposed {
        proposal: ProposalId,
        validator: ValidatorIndex,
        dark_from: Epoch,
        dark_to: Epoch,
        exit_epoch: Epoch,
    },
    Voted {
        decision: Decision,
    },
    Certified {
        threshold: u16,
    },
    Held {
        hold: Hold,
    },
    PartialReleased,
    Combined {
        culprits: usize,
    },
    Posted {
        node: String,
        outcome: String,
    },
    Accepted {
        nodes: Vec<String>,
    },
    Included {
        slot: Slot,
        validator: ValidatorIndex,
        exit_epoch: Epoch,
    },
    ExitFinalized {
        validator: ValidatorIndex,
        epoch: Epoch,
    },
    Settled,
    ContractsDeployed {
        registry: Address,
        guardian_module: Address,
        block: BlockNumber,
    },
    MinimumSet {
        tickets: Tickets,
    },
    Registered {
        operator: Address,
        validators: Vec<ValidatorIndex>,
        /// Of each.
        tickets: Tickets,
        block: BlockNumber,
    },
    Provisioned {
        validators: usize,
    },
    SharesTaken {
        validators: usize,
    },
    Runway {
        operator: String,
        present: Tickets,
        active: u64,
        epochs: u64,
    },
    Short {
        operator: String,
        present: Tickets,
        due: Option<Epoch>,
    },
    ToppedUp {
        tickets: Tickets,
        block: BlockNumber,
    },
    Funded {
        operator: String,
        present: Tickets,
    },
    Ejection {
        operator: String,
        validators: Vec<ValidatorIndex>,
        due: Epoch,
    },
    Leaving {
        validators: Vec<ValidatorIndex>,
        exit_epoch: Epoch,
    },
    ExitsFinalized {
        validators: Vec<ValidatorIndex>,
        epoch: Epoch,
    },
    Spared {
        validators: Vec<ValidatorIndex>,
    },
    ProposerAllowed {
        contract: Address,
        proposer: Address,
    },
    ProposerRefused {
        account: Address,
        /// The contract's error.
        reason: String,
    },
    ExitsAsked {
        number: u64,
        validators: Vec<ValidatorIndex>,
        severity: Severity,
        reason: String,
        block: BlockNumber,
    },
    EmergencyRead {
        emergency: ProposalId,
        validators: Vec<ValidatorIndex>,
    },
    Inspected {
        leaving: u64,
        stake: Gwei,
        authority: String,
    },
    Decided {
        /// The command's name.
        command: &'static str,
        emergency: ProposalId,
        state: EmergencyState,
        approvals: u64,
        threshold: u64,
    },
    EmergencyOver {
        state: EmergencyState,
    },
    Way {
        validator: ValidatorIndex,
        steps: Vec<(Step, Slot)>,
    },
    Fault {
        guardian: String,
        code: &'static str,
    },
}

/// The parts of the story, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Act {
    Stage,
    Darkness,
    Votes,
    Signature,
    Exit,
    Runway,
    Ejection,
    Emergency,
    Decision,
}

impl Act {
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Stage => "Setting the stage",
            Self::Darkness => "A validator goes dark",
            Self::Votes => "Coordinate first: propose, vote, certify",
            Self::Signature => "Sign last: partial signatures, one signature",
            Self::Exit => "The chain takes it from there",
            Self::Runway => "Two operators run out of tickets",
            Self::Ejection => "One topped up; the other's validators must leave",
            Self::Emergency => "An emergency: governance asks for exits",
            Self::Decision => "People decide, and three of four are enough",
        }
    }
}

impl Fact {
    /// The act a fact opens, when it opens one.
    pub(crate) fn opens(&self) -> Option<Act> {
        match self {
            Self::ChainStarted { .. } => Some(Act::Stage),
            Self::WentDark { .. } => Some(Act::Darkness),
            Self::Proposed { .. } => Some(Act::Votes),
            Self::PartialReleased => Some(Act::Signature),
            Self::Runway { .. } => Some(Act::Runway),
            Self::Ejection { .. } => Some(Act::Ejection),
            Self::ProposerRefused { .. } => Some(Act::Emergency),
            Self::Inspected { .. } => Some(Act::Decision),
            Self::Posted { .. } | Self::Accepted { .. } | Self::Included { .. } => Some(Act::Exit),
            _ => None,
        }
    }

    /// Whether this is one of the moments the story is about.
    pub(crate) fn is_turning_point(&self) -> bool {
        matches!(
            self,
            Self::WentDark { .. }
                | Self::Proposed { .. }
                | Self::Certified { .. }
                | Self::Combined { .. }
                | Self::Accepted { .. }
                | Self::Included { .. }
                | Self::ExitFinalized { .. }
                | Self::Short { .. }
                | Self::ToppedUp { .. }
                | Self::Ejection { .. }
                | Self::Leaving { .. }
                | Self::ExitsFinalized { .. }
                | Self::Spared { .. }
                | Self::ExitsAsked { .. }
                | Self::EmergencyRead { .. }
                | Self::Decided { .. }
        )
    }

    /// What happened, in the past tense, without who did it.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::ChainStarted { validators, fork, epoch, finalized } => {
                format!(
                    "started: {validators} validators, {fork}, in epoch {epoch} with epoch {finalized} finalized"
                )
            }
            Self::BeaconNode { name, url } => format!("{name} serves {url}"),
            Self::GuardianMade { dir } => format!("made identity and custody keys in {}", dir.display()),
            Self::NetworkDefined { network_id, threshold, guardians } => {
                format!("defined the network, {threshold} of {guardians}: {}", short(network_id))
            }
            Self::KeysSplit { validators, threshold, guardians } => format!(
                "split {validators} validator keys into {guardians} shares each; any {threshold} sign, fewer know nothing"
            ),
            Self::SharesImported { validators } => {
                format!("checked and stored {validators} shares, encrypted")
            }
            Self::GuardianStarted { status, feed, log, .. } => {
                let log = log.file_name().unwrap_or_default().to_string_lossy();
                format!("runs: {status}, public feed {feed}/, logging to {log}")
            }
            Self::Connected => "connected to all the others".into(),
            Self::SeenLive { validator } => format!("saw validator {validator} attest"),
            Self::WentDark { validator, epoch } => {
                format!("validator {validator} stopped attesting in epoch {epoch}")
            }
            Self::SeenDark { validator, epochs, due } => {
                format!(
                    "saw validator {validator} miss {epochs} finalized {}; due at {due}",
                    plural(*epochs, "epoch")
                )
            }
            Self::Finalized { epoch } => format!("finalized epoch {epoch}"),
            Self::Proposed { proposal, validator, dark_from, dark_to, .. } => format!(
                "proposed the exit of validator {validator}, dark in epochs {dark_from} to {dark_to}: proposal {}",
                short(&proposal.to_string())
            ),
            Self::Voted { decision: Decision::Approve } => "approved".into(),
            Self::Voted { decision: Decision::Reject(reason) } => format!("rejected: {reason:?}"),
            Self::Voted { decision: Decision::Withdraw(reason) } => {
                format!("withdrew the approval: {reason:?}")
            }
            Self::Certified { threshold } => format!("journaled the certificate: {threshold} approvals"),
            Self::Held { hold } => format!("holds the release back: {}", hold.code()),
            Self::PartialReleased => "released a partial signature".into(),
            Self::Combined { culprits: 0 } => {
                "combined the partials into the validator's signature and verified it".into()
            }
            Self::Combined { culprits } => {
                format!("combined the partials and verified the signature, without {culprits} false ones")
            }
            Self::Posted { node, outcome } => format!("posted the exit to {node}: {outcome}"),
            Self::Accepted { nodes } => format!("the exit was accepted by {}", nodes.join(", ")),
            Self::Included { slot, validator, exit_epoch } => {
                format!("block {slot} included the exit: validator {validator} leaves in epoch {exit_epoch}")
            }
            Self::ExitFinalized { validator, epoch } => {
                format!("finalized epoch {epoch}, and with it the exit of validator {validator}")
            }
            Self::Settled => "saw the exit finalized and closed the proposal".into(),
            Self::ContractsDeployed { registry, block, .. } => format!(
                "deployed the guardian module and the registry, {} in block {block}",
                short(&registry.to_string())
            ),
            Self::MinimumSet { tickets } => {
                format!("lets a registration bring as few as {tickets} tickets, here")
            }
            Self::Registered { validators, tickets, block, .. } => format!(
                "registered validators {} on chain by block {block}, with {tickets} tickets each",
                list(validators)
            ),
            Self::Provisioned { validators } => format!("provisioned {validators} validators"),
            Self::SharesTaken { validators } => format!(
                "took {validators} shares out of the registrations' calldata, checked and stored them"
            ),
            Self::Runway { operator, present, active, epochs } => format!(
                "{operator} has {present} tickets left for {active} validators: below the floor in {epochs} {}",
                plural(*epochs, "epoch")
            ),
            Self::Short { operator, present, due } => format!(
                "{operator} is short of tickets: {present} left, below the floor since epoch {}",
                due.map_or_else(|| "?".to_owned(), |due| due.to_string())
            ),
            Self::ToppedUp { tickets, block } => {
                format!("deposited {tickets} tickets in block {block}, seen at the head")
            }
            Self::Funded { operator, present } => {
                format!("saw the top-up finalized: {operator} has {present} tickets")
            }
            Self::Ejection { operator, validators, due } => format!(
                "proposed the exits of validators {}: {operator} has been short since epoch {due}",
                list(validators)
            ),
            Self::Leaving { validators, exit_epoch } => {
                format!("included the exits: validators {} leave by epoch {exit_epoch}", list(validators))
            }
            Self::ExitsFinalized { validators, epoch } => {
                format!("finalized epoch {epoch}, and with it the exits of validators {}", list(validators))
            }
            Self::Spared { validators } => {
                let (noun, verb) =
                    if validators.len() == 1 { ("validator", "stays") } else { ("validators", "stay") };
                format!("{noun} {} {verb} on duty", list(validators))
            }
            Self::ProposerAllowed { contract, proposer } => format!(
                "allows {} to ask for exits, through contract {}",
                short(&proposer.to_string()),
                short(&contract.to_string())
            ),
            Self::ProposerRefused { account, reason } => {
                format!("asked for exits as {}: reverted with {reason}", short(&account.to_string()))
            }
            Self::ExitsAsked { validators, severity, reason, block, .. } => format!(
                "asked for the exits of validators {} in block {block}, {}: \"{reason}\"",
                list(validators),
                severity.code()
            ),
            Self::EmergencyRead { emergency, validators } => format!(
                "read in a final block that validators {} shall leave: emergency {}",
                list(validators),
                short(&emergency.to_string())
            ),
            Self::Inspected { leaving, stake, .. } => {
                format!("guardian proposals: {leaving} validators with {} ETH would leave", eth(*stake))
            }
            Self::Decided { command, emergency, state, approvals, threshold } => format!(
                "guardian {command} {}: {}, {approvals} of {threshold} approvals",
                short(&emergency.to_string()),
                state.code()
            ),
            Self::EmergencyOver { state } => format!("closed the emergency: {}", state.code()),
            Self::Way { validator, steps } => {
                let steps: Vec<_> =
                    steps.iter().map(|(step, slot)| format!("{} {slot}", step.code())).collect();
                format!("tells the way of validator {validator} by slot: {}", steps.join(", "))
            }
            Self::Fault { guardian, code } => format!("reported a fault of {guardian}: {code}"),
        }
    }
}

fn list(validators: &[ValidatorIndex]) -> String {
    validators.iter().map(ToString::to_string).collect::<Vec<_>>().join(" and ")
}

/// Whole ETH when it is, two digits after the point otherwise.
fn eth(amount: Gwei) -> String {
    let hundredths = amount.0 / 10_000_000;
    let (whole, rest) = (hundredths / 100, hundredths % 100);
    if rest == 0 { whole.to_string() } else { format!("{whole}.{rest:02}") }
}

fn plural(count: u64, noun: &str) -> String {
    if count == 1 { noun.to_owned() } else { format!("{noun}s") }
}

/// The first digits of a long hexadecimal value.
fn short(hex: &str) -> String {
    match hex.get(..14) {
        Some(head) if hex.len() > 20 => format!("{head}…"),
        _ => hex.to_owned(),
    }
}
