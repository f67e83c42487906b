//! The rules: when a validator must leave, and how fast validators may be made to leave at all.

use borsh::{BorshDeserialize, BorshSerialize};
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

/// All rules, and how long a vote may take.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, BorshSerialize, BorshDeserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// Validators that stopped attesting.
    pub offline: OfflineRule,
    /// Slots an uncertified proposal stays open.
    pub vote_window: u64,
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
    /// Correlated failure: hold when more than this share of the watched active validators, in percent, is dark at once.
    pub max_dark_percent: u8,
}
