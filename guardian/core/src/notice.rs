//! `Notice`: what somebody should look at. The shell logs it, counts it and may send it to the operator's webhook.

use crate::emergency::Refusal;
use crate::lifecycle::Step;
use crate::proposal::ProposalId;
use crate::status::{EmergencyState, Hold};
use crypto::spec::{Slot, ValidatorIndex};
use serde::Serialize;

/// Something worth an operator's eye.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "notice")]
pub enum Notice {
    /// An emergency waits for this guardian's operator.
    DecisionNeeded {
        /// Which.
        emergency: ProposalId,
        /// How many validators.
        validators: u64,
        /// Until when.
        expires: Slot,
    },
    /// An emergency moved.
    EmergencyMoved {
        /// Which.
        emergency: ProposalId,
        /// Where to.
        to: EmergencyState,
    },
    /// An emergency that the contract logged is not taken up.
    EmergencyRefused {
        /// The contract's number.
        number: u64,
        /// Why.
        refusal: Refusal,
    },
    /// A certified exit is held, or held no more.
    Held {
        /// Which.
        proposal: ProposalId,
        /// Whose.
        validator: ValidatorIndex,
        /// By what; None when it goes on.
        hold: Option<Hold>,
    },
    /// A step on the way out is late.
    Late {
        /// Which proposal leads.
        proposal: ProposalId,
        /// Which step is waited for.
        step: Step,
        /// Since when it is late.
        since: Slot,
    },
    /// A pause began or ended.
    PauseChanged {
        /// Whether something is paused here now.
        paused: bool,
        /// Whether by the network.
        network: bool,
    },
    /// Something this guardian itself once said is not in its journal: it runs on an old backup. Caps are closed for a
    /// day.
    JournalIsOld,
}

impl Notice {
    /// The codes of all notices.
    pub const CODES: [&str; 7] = [
        "decision_needed",
        "emergency_moved",
        "emergency_refused",
        "held",
        "late",
        "pause_changed",
        "journal_is_old",
    ];

    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::DecisionNeeded { .. } => "decision_needed",
            Self::EmergencyMoved { .. } => "emergency_moved",
            Self::EmergencyRefused { .. } => "emergency_refused",
            Self::Held { .. } => "held",
            Self::Late { .. } => "late",
            Self::PauseChanged { .. } => "pause_changed",
            Self::JournalIsOld => "journal_is_old",
        }
    }
}
