//! The rules: when a validator must leave, and how fast validators may be made to leave at all.

use crate::error::Error;
use crate::guardian_set::check_range;
use crate::proposal::RuleKind;
use borsh::{BorshDeserialize, BorshSerialize};
use crypto::execution::Tickets;
use crypto::spec::Gwei;
use serde::{Deserialize, Serialize};

/// How far a rule may go.
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
#[serde(rename_all = "lowercase")]
pub enum Enforcement {
    /// Shown in the status, nothing more.
    Observe,
    /// Shown, logged and counted as an alert.
    Warn,
    /// Proposed and voted.
    Enforce,
}

/// The `offline` rule: dark for `epochs` consecutive finalized epochs while the chain finalizes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, BorshSerialize, BorshDeserialize)]
#[serde(deny_unknown_fields)]
pub struct OfflineRule {
    /// How far the rule may go.
    pub enforcement: Enforcement,
    /// k: consecutive finalized epochs without one attestation. 1 to 100,000.
    pub epochs: u64,
    /// How far, in epochs, a proposer's due epoch may lie from ours.
    pub tolerance: u64,
}

/// The `tickets` rule: the operator has too few tickets for the validators it has on duty; all of them must leave.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, BorshSerialize, BorshDeserialize)]
#[serde(deny_unknown_fields)]
pub struct TicketsRule {
    /// How far the rule may go. `warn` and `enforce` need the definition's `contracts`.
    pub enforcement: Enforcement,
    /// Least an operator must have for each of its active validators, wei of ticket. Above 0, at most 1,000 tickets.
    pub floor: Tickets,
    /// Slots it may be short before its validators must leave.
    pub grace: u64,
    /// How far, in epochs, a proposer's due epoch may lie before ours.
    pub tolerance: u64,
}

/// The `balance` rule: effective or actual balance below the ejection threshold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, BorshSerialize, BorshDeserialize)]
#[serde(deny_unknown_fields)]
pub struct BalanceRule {
    /// How far the rule may go.
    pub enforcement: Enforcement,
    /// `getEjectionThreshold`, Gwei: below it the validator must leave. Above 0, below 32 ETH.
    pub ejection_threshold: Gwei,
}

/// The `slashed` rule: shown and counted. The chain itself makes a slashed validator leave.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, BorshSerialize, BorshDeserialize)]
#[serde(deny_unknown_fields)]
pub struct SlashedRule {
    /// How far the rule may go: `observe` or `warn`.
    pub enforcement: Enforcement,
}

/// All rules, and how long a vote may take.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, BorshSerialize, BorshDeserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// Slots an uncertified proposal stays open.
    pub vote_window: u64,
    /// Validators that stopped attesting.
    pub offline: OfflineRule,
    /// Operators that run out of tickets.
    pub tickets: TicketsRule,
    /// Validators that lose stake.
    pub balance: BalanceRule,
    /// Validators that were slashed.
    pub slashed: SlashedRule,
}

impl OfflineRule {
    /// A day of mainnet without an attestation.
    pub fn puffer() -> Self {
        Self { enforcement: Enforcement::Enforce, epochs: 225, tolerance: 2 }
    }
}

impl TicketsRule {
    /// Puffer's published rule: below five tickets a validator, for five minutes of mainnet.
    pub fn puffer() -> Self {
        let floor = Tickets::ONE.saturating_mul(5);
        Self { enforcement: Enforcement::Enforce, floor, grace: 25, tolerance: 2 }
    }
}

impl BalanceRule {
    /// Puffer's published rule: below 31.75 ETH.
    pub fn puffer() -> Self {
        Self { enforcement: Enforcement::Enforce, ejection_threshold: Gwei(31_750_000_000) }
    }
}

impl SlashedRule {
    /// An alert.
    pub fn puffer() -> Self {
        Self { enforcement: Enforcement::Warn }
    }
}

impl Policy {
    /// Puffer's published rules, all enforced; votes are taken for two epochs of mainnet. Needs the definition's
    /// `contracts`.
    pub fn puffer() -> Self {
        Self {
            vote_window: 64,
            offline: OfflineRule::puffer(),
            tickets: TicketsRule::puffer(),
            balance: BalanceRule::puffer(),
            slashed: SlashedRule::puffer(),
        }
    }

    /// A policy that acts by the `offline` rule alone; the others only observe, with Puffer's numbers.
    pub fn offline_only(offline: OfflineRule, vote_window: u64) -> Self {
        let enforcement = Enforcement::Observe;
        Self {
            vote_window,
            offline,
            tickets: TicketsRule { enforcement, ..TicketsRule::puffer() },
            balance: BalanceRule { enforcement, ..BalanceRule::puffer() },
            slashed: SlashedRule { enforcement },
        }
    }

    /// How far a rule may go.
    pub fn enforcement(&self, kind: RuleKind) -> Enforcement {
        match kind {
            RuleKind::Offline => self.offline.enforcement,
            RuleKind::Tickets => self.tickets.enforcement,
            RuleKind::Balance => self.balance.enforcement,
            // Whether anybody may raise one is in the definition's `emergency`.
            RuleKind::Emergency => Enforcement::Enforce,
        }
    }

    /// Checks every rule's numbers; `has_contracts` says whether the definition names the protocol's contracts.
    ///
    /// # Errors
    /// [`Error::Definition`] naming the first field that cannot be, and what it should be.
    pub fn validate(&self, has_contracts: bool) -> Result<(), Error> {
        let refuse = |field: &str, problem: &str| {
            Err(Error::Definition { field: field.to_owned(), problem: problem.to_owned() })
        };
        check_range("policy.offline.epochs", self.offline.epochs, 1..=100_000)?;
        check_range("policy.offline.tolerance", self.offline.tolerance, 0..=1_000)?;
        let tickets = &self.tickets;
        if tickets.floor == Tickets(0) || tickets.floor > Tickets::ONE.saturating_mul(1_000) {
            return refuse("policy.tickets.floor", "must be above 0 and at most 1000 tickets (10^21 wei)");
        }
        check_range("policy.tickets.grace", tickets.grace, 0..=1_000_000)?;
        check_range("policy.tickets.tolerance", tickets.tolerance, 0..=1_000)?;
        if tickets.enforcement != Enforcement::Observe && !has_contracts {
            let problem = "needs the protocol's contracts; add `[contracts]`, or say \"observe\"";
            return refuse("policy.tickets.enforcement", problem);
        }
        check_range(
            "policy.balance.ejection_threshold",
            self.balance.ejection_threshold.0,
            1..=31_999_999_999,
        )?;
        if self.slashed.enforcement == Enforcement::Enforce {
            let problem =
                "cannot be \"enforce\": the chain itself makes a slashed validator leave; say \"warn\"";
            return refuse("policy.slashed.enforcement", problem);
        }
        check_range("policy.vote_window", self.vote_window, 4..=100_000)
    }
}

/// Bounds on what this network may do even when everybody agrees. Asked at the moment of signing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, BorshSerialize, BorshDeserialize)]
#[serde(deny_unknown_fields)]
pub struct Caps {
    /// Most exits released in one epoch.
    pub exits_per_epoch: u64,
    /// Most exits released in any 225 consecutive epochs (a day of mainnet).
    pub exits_per_day: u64,
    /// Largest distance, in epochs, between the head and the finalized checkpoint at which exits are still released.
    pub max_finality_distance: u64,
    /// Most exits of one node operator's validators released in a day.
    pub exits_per_operator_per_day: u64,
    /// Most exits of one module's validators released in a day.
    pub exits_per_module_per_day: u64,
    /// Largest share of the watched validators, in percent, whose exits are released in a day; one is always allowed.
    pub max_share_percent_per_day: u8,
    /// Most slots by which the head of our own nodes may lie behind the clock.
    pub max_head_lag: u64,
    /// Correlated failure: hold when more than this share of the watched active validators, in percent, is dark at once.
    pub max_dark_percent: u8,
}

impl Caps {
    /// These numbers an epoch and a day, no tighter ones for one operator or module, and the usual breakers.
    pub fn new(exits_per_epoch: u64, exits_per_day: u64) -> Self {
        Self {
            exits_per_epoch,
            exits_per_day,
            exits_per_operator_per_day: exits_per_day,
            exits_per_module_per_day: exits_per_day,
            max_share_percent_per_day: 100,
            max_head_lag: 32,
            max_finality_distance: 4,
            max_dark_percent: 34,
        }
    }
}
