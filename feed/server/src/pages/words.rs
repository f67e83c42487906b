//! Plain words for the stable codes: what a reader sees who has never heard of them.
//!
//! Each code has a tone and a few words; where a reader asks why, a whole sentence.

use super::parts::{Tone, count, decimal, eth, plural};
use crate::view::network::RuleView;
use crate::view::proposal::DecisionCode;
use crate::view::{CeremonyView, Health};
use crypto::validator::ValidatorStatus;
use guardian_core::ceremony::Phase;
use guardian_core::lifecycle::Step;
use guardian_core::message::RejectReason;
use guardian_core::policy::Enforcement;
use guardian_core::proposal::{RuleKind, State};
use guardian_core::registration::Life;
use guardian_core::status::{EmergencyState, Hold, Standing};

/// A validator's status on the chain.
pub(crate) fn validator(status: Option<ValidatorStatus>) -> (Tone, &'static str) {
    match status {
        None => (Tone::None, "Not on the chain yet"),
        Some(ValidatorStatus::PendingInitialized | ValidatorStatus::PendingQueued) => {
            (Tone::Wait, "Waiting to start")
        }
        Some(ValidatorStatus::ActiveOngoing) => (Tone::Good, "On duty"),
        Some(ValidatorStatus::ActiveExiting) => (Tone::Wait, "Leaving"),
        Some(ValidatorStatus::ActiveSlashed) => (Tone::Bad, "Slashed, leaving"),
        Some(ValidatorStatus::ExitedUnslashed) => (Tone::Done, "Left"),
        Some(ValidatorStatus::ExitedSlashed) => (Tone::Bad, "Slashed, left"),
        Some(ValidatorStatus::WithdrawalPossible) => (Tone::Done, "Left, stake free"),
        Some(ValidatorStatus::WithdrawalDone) => (Tone::Done, "Stake withdrawn"),
    }
}

/// Where an operator stands.
pub(crate) fn standing(standing: Standing) -> (Tone, &'static str) {
    match standing {
        Standing::Idle => (Tone::None, "No validator on duty"),
        Standing::Ok => (Tone::Good, "Enough tickets"),
        Standing::Warning => (Tone::Warn, "Top up soon"),
        Standing::Short => (Tone::Bad, "Below the floor"),
        Standing::Due => (Tone::Bad, "Must leave"),
        Standing::Unknown => (Tone::None, "Cannot be told"),
    }
}

/// Where a proposal stands.
pub(crate) fn state(state: State) -> (Tone, &'static str) {
    match state {
        State::Open => (Tone::Wait, "Voting"),
        State::Certified => (Tone::Warn, "Approved"),
        State::Signed => (Tone::Warn, "Being signed"),
        State::Submitted => (Tone::Warn, "Sent to the chain"),
        State::Included => (Tone::Good, "In a block"),
        State::Finalized => (Tone::Good, "Final"),
        State::Rejected => (Tone::Done, "Refused"),
        State::Expired => (Tone::Done, "Expired"),
        State::Moot => (Tone::Done, "No longer needed"),
    }
}

/// What that means, in a sentence.
pub(crate) fn state_sentence(state: State) -> &'static str {
    match state {
        State::Open => "Guardians are voting on it. Nothing has been signed.",
        State::Certified => {
            "Enough guardians approved it. Their partial signatures are not all released yet."
        }
        State::Signed => "Guardians are releasing their partial signatures.",
        State::Submitted => "The signatures were joined into one, and the exit was handed to beacon nodes.",
        State::Included => {
            "A block has the exit. It becomes final within minutes, as long as the chain finalizes."
        }
        State::Finalized => "The exit is final. Nobody can take it back.",
        State::Rejected => "Too many guardians refused. The validator stays.",
        State::Expired => {
            "Too few guardians approved in time. The validator stays, unless it is proposed anew."
        }
        State::Moot => "Its cause is gone: the validator was leaving already, or it recovered.",
    }
}

/// Where an emergency stands.
pub(crate) fn emergency(state: EmergencyState) -> (Tone, &'static str) {
    match state {
        EmergencyState::Open => (Tone::Wait, "Voting"),
        EmergencyState::Certified => (Tone::Bad, "Approved, under way"),
        EmergencyState::Done => (Tone::Done, "Over"),
        EmergencyState::Rejected => (Tone::Done, "Refused"),
        EmergencyState::Expired => (Tone::Done, "Expired"),
        EmergencyState::Cancelled => (Tone::Done, "Taken back"),
    }
}

/// The rule in two or three words.
pub(crate) fn rule(kind: RuleKind) -> &'static str {
    match kind {
        RuleKind::Offline => "Stopped attesting",
        RuleKind::Tickets => "Tickets used up",
        RuleKind::Balance => "Lost stake",
        RuleKind::Emergency => "Emergency",
    }
}

/// The rule in two or three words, by its code.
pub(crate) fn rule_of(code: &str) -> String {
    match code {
        "offline" => rule(RuleKind::Offline).to_owned(),
        "tickets" => rule(RuleKind::Tickets).to_owned(),
        "balance" => rule(RuleKind::Balance).to_owned(),
        "emergency" => rule(RuleKind::Emergency).to_owned(),
        "slashed" => "Slashed".to_owned(),
        other => capital(&other.replace('_', " ")),
    }
}

/// How far a rule goes.
pub(crate) fn enforcement(enforcement: Enforcement) -> (Tone, &'static str) {
    match enforcement {
        Enforcement::Observe => (Tone::None, "shown only"),
        Enforcement::Warn => (Tone::Warn, "warned of"),
        Enforcement::Enforce => (Tone::Good, "enforced"),
    }
}

/// A step on the way out.
pub(crate) fn step(step: Step) -> &'static str {
    match step {
        Step::Due => "Due to leave",
        Step::Proposed => "Proposed",
        Step::Certified => "Approved",
        Step::Released => "Signature share released",
        Step::Combined => "Signatures joined",
        Step::Accepted => "Taken by a node",
        Step::Gossiped => "Seen on the network",
        Step::Included => "In a block",
        Step::Finalized => "Final",
        Step::Withdrawable => "Stake free",
        Step::Withdrawn => "Stake withdrawn",
        Step::Settled => "Settled",
    }
}

/// Where a registration stands.
pub(crate) fn life(life: Life) -> &'static str {
    match life {
        Life::Pending => "waiting to be provisioned",
        Life::Active => "provisioned",
        Life::Skipped => "skipped",
        Life::Settled => "settled",
    }
}

/// What a guardian said.
pub(crate) fn decision(decision: DecisionCode) -> (Tone, &'static str) {
    match decision {
        DecisionCode::Approve => (Tone::Good, "approved"),
        DecisionCode::Reject => (Tone::Bad, "refused"),
        DecisionCode::Withdraw => (Tone::Wait, "took its approval back"),
    }
}

/// How a validator is.
pub(crate) fn health(health: Health) -> (Tone, &'static str) {
    match health {
        Health::Ok => (Tone::Good, "Well"),
        Health::Warning => (Tone::Warn, "Needs attention"),
        Health::Danger => (Tone::Bad, "In danger"),
        Health::Due => (Tone::Bad, "Must leave"),
        Health::Leaving => (Tone::Wait, "Leaving"),
        Health::Gone => (Tone::Done, "Gone"),
        Health::Pending => (Tone::None, "Not started"),
        Health::Unknown => (Tone::None, "Not seen"),
    }
}

/// A rule's limit, in units that people use.
pub(crate) fn limit(rule: &RuleView) -> String {
    let limit = rule.limit.map_or(0, |amount| amount.0);
    match rule.rule.as_str() {
        "offline" => {
            let epochs = plural(u64::try_from(limit).unwrap_or(u64::MAX), "epoch", "epochs");
            format!("no attestation for {epochs} in a row, while the chain finalizes")
        }
        "tickets" => {
            let grace = count(rule.grace.unwrap_or(0));
            format!(
                "its operator has fewer than {} tickets for each of its validators, for {grace} slots",
                decimal(limit, 18, 3)
            )
        }
        "balance" => format!("its balance is below {}", eth(limit)),
        "slashed" => "it was slashed; the chain itself makes it leave".to_owned(),
        _ => rule.text.clone(),
    }
}

/// Why it refused.
pub(crate) fn reason(reason: RejectReason) -> &'static str {
    match reason {
        RejectReason::AttestedWhileAccused => {
            "it saw the validator attest in an epoch that the proposal calls dark"
        }
        RejectReason::Attesting => "the validator attests again",
        RejectReason::NotDue => "what is claimed does not make the rule due",
        RejectReason::NotExitable => "the validator is not active, or is leaving already",
        RejectReason::Mismatch => "key, index and epoch do not belong together",
        RejectReason::Superseded => "it approves another proposal about the same validator instead",
        RejectReason::Funded => "the operator has enough tickets, or topped up",
        RejectReason::Restored => "the balance is not below the threshold, or is restored",
        RejectReason::Operator => "the people who run this guardian decided so",
    }
}

/// Why an approved exit waits: a few words.
pub(crate) fn hold(hold: Hold) -> &'static str {
    match hold {
        Hold::NotFinalizing => "the chain is not finalizing",
        Hold::NoHealthyNode => "this guardian has no healthy beacon node",
        Hold::NodesDisagree => "this guardian's beacon nodes disagree",
        Hold::NodesBehind => "this guardian's beacon nodes are behind",
        Hold::EpochCap => "enough exits in this epoch",
        Hold::DayCap => "enough exits today",
        Hold::OperatorCap => "enough exits of this operator today",
        Hold::ModuleCap => "enough exits of this module today",
        Hold::ShareCap => "a large enough share of all validators left today",
        Hold::CorrelatedFailure => "too many validators are dark at once",
        Hold::OtherFormReleased => "another exit of it was signed already",
        Hold::NotEnforced => "the rule is not enforced here",
        Hold::Acquitted => "this guardian sees that the cause is gone",
        Hold::Unconfirmed => "this guardian cannot confirm the cause yet",
        Hold::NoShare => "this guardian holds no share of its key",
        Hold::ContractsMismatch => "the contracts and the network's definition differ",
        Hold::ContractsUnknown => "the contracts were not read yet",
        Hold::ContractsDiverged => "the execution chain was rewritten",
        Hold::Paused => "this guardian was paused by the people who run it",
        Hold::NetworkPaused => "the network is paused",
        Hold::CapsUnknown => "this guardian lost part of its journal",
        Hold::OperatorUndecided => "the people who run this guardian have not decided",
    }
}

/// Why an approved exit waits, what for, and what ends it.
pub(crate) fn hold_sentence(hold: Hold) -> &'static str {
    match hold {
        Hold::NotFinalizing => {
            "While the chain does not finalize nobody can be sure who is dark, so nobody is forced out. It goes on when the \
             chain finalizes again."
        }
        Hold::NoHealthyNode | Hold::NodesDisagree | Hold::NodesBehind => {
            "A guardian signs only what its own beacon nodes show. It goes on when they are healthy, recent and of one mind."
        }
        Hold::EpochCap | Hold::DayCap | Hold::OperatorCap | Hold::ModuleCap | Hold::ShareCap => {
            "Only so many validators may be made to leave in a given time, so that a mistake or an attack cannot empty the \
             network at once. It goes on when earlier exits are long enough ago."
        }
        Hold::CorrelatedFailure => {
            "When many validators fall dark together the fault is likelier in the network than in them, so nobody is forced \
             out. It goes on when fewer are dark."
        }
        Hold::OtherFormReleased => {
            "A guardian signs one form of an exit at a time. It goes on when the other one is over, or stuck for long."
        }
        Hold::NotEnforced => {
            "This guardian, or the network, only watches by this rule. It signs nothing for it."
        }
        Hold::Acquitted => "It goes on only if the cause shows again.",
        Hold::Unconfirmed => {
            "A guardian takes nobody's word for it: it signs when its own view confirms the cause, and it was away or sees \
             too little."
        }
        Hold::NoShare => "Others that hold shares of the key may still sign.",
        Hold::ContractsMismatch | Hold::ContractsUnknown | Hold::ContractsDiverged => {
            "A guardian signs only while it understands what the contracts say. It goes on when they are read and agree with \
             the network's definition."
        }
        Hold::Paused | Hold::NetworkPaused => "People stopped it on purpose. It goes on when they resume.",
        Hold::CapsUnknown => {
            "It does not know what it signed lately, so it counts every limit as met. It goes on after a day."
        }
        Hold::OperatorUndecided => {
            "Emergencies need people: it goes on when they approve, or ends when it expires."
        }
    }
}

/// What a guardian did wrong, by its code.
pub(crate) fn fault(code: &str) -> String {
    let words = match code {
        "equivocation" => "said two different things in one vote",
        "invalid_partial" => "sent a partial signature that is false",
        "foreign_share" => "signed with a share that is not its own",
        "invalid_certificate" => "sent a certificate that proves nothing",
        "malformed_proposal" => "proposed what cannot be proposed",
        "garbage" => "sent what cannot be read",
        "flooding" => "said too much",
        "wrong_epoch" => "spoke for another guardian set",
        "forged_authority" => "claimed an authority it has not",
        "invalid_group_share" => "sent a false part of a signature of the network's key",
        "invalid_readiness" => "claimed working shares without proof",
        other => return other.replace('_', " "),
    };
    words.to_owned()
}

/// What an entry of the log tells, by its kind.
pub(crate) fn entry(kind: &str) -> String {
    let words = match kind {
        "definition" => "The network's definition",
        "key" => "This log's key",
        "preceded" => "The definition before",
        "proposal" => "An exit was proposed",
        "vote" => "Vote",
        "evidence" => "What this guardian saw",
        "certificate" => "Enough guardians approved",
        "hold" => "Held back",
        "release" => "This guardian signs",
        "partial" => "A signature share came in",
        "combined" => "The signature is whole",
        "submitted" => "Handed to beacon nodes",
        "moved" => "A proposal moved on",
        "reached" => "A step on the way out",
        "spared" => "A validator may stay",
        "fault" => "A guardian did wrong",
        "not_finalizing" => "The chain did not finalize",
        "emergency" => "People asked for exits",
        "emergency_certificate" => "Enough guardians approved an emergency",
        "emergency_moved" => "An emergency moved on",
        "cancellation" => "An emergency was taken back",
        "adopted" => "An exit of an emergency",
        "wish" => "Wish about a pause",
        "lapsed" => "This guardian found its journal old",
        "ceremony_opened" => "A ceremony was opened",
        "ceremony" => "A ceremony moved on",
        "group_signature" => "The network's own key signed",
        "roots" => "The blocks this guardian decided by",
        "oversized" => "Too long to keep whole",
        other => return capital(&other.replace('_', " ")),
    };
    words.to_owned()
}

/// The text with its first letter large.
pub(crate) fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// What an operator may do about a danger.
pub(crate) fn advice(rule: Option<RuleKind>) -> &'static str {
    match rule {
        Some(RuleKind::Offline) => {
            "One attestation that the chain finalizes ends it: bring the validator back."
        }
        Some(RuleKind::Tickets) => "Tickets that reach the contracts before it is due end it.",
        Some(RuleKind::Balance) => "A balance above the threshold ends it.",
        Some(RuleKind::Emergency) => "The guardians' operators decide; talk to them.",
        None => "Nothing ends it: the chain itself makes a slashed validator leave.",
    }
}

/// How far a ceremony came, in a few words.
pub(crate) fn ceremony(ceremony: &CeremonyView) -> String {
    if let Some(why) = &ceremony.aborted {
        return format!("ended without a result: {}", why.replace('_', " "));
    }
    let phase = match ceremony.phase {
        Phase::Open => "its operators agree",
        Phase::Dealing => "new shares are dealt",
        Phase::Proving => "the new shares are proven",
        Phase::Done => return "done".to_owned(),
        Phase::Aborted => return "ended without a result".to_owned(),
    };
    format!("{phase}; {} of {} agreed", ceremony.agreed.len(), ceremony.needed)
}
