//! What was seen on the chain: stamped facts, never opinions.

use crypto::spec::{Checkpoint, Epoch, Slot, ValidatorIndex};
use crypto::validator::Validator;

/// A fact seen through our own beacon nodes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Observation {
    /// The head moved, or watched validators were asked for at the head.
    Head {
        /// The head's slot as the node gave it just before its state was read.
        slot: Slot,
        /// Every watched validator the head state knows, or none when they were not asked for at this slot.
        validators: Vec<Validator>,
    },
    /// A newer finalized checkpoint that a majority of the healthy nodes share and none contradicts.
    Finalized {
        /// The checkpoint.
        checkpoint: Checkpoint,
        /// Every watched validator its state knows.
        validators: Vec<Validator>,
    },
    /// Who attested in an epoch. Watched validators in neither list are unknown for it.
    ///
    /// For one epoch there may be several: first, while it still lasts, who of those last seen dark came back
    /// (`dark` is empty then); one when all attestations for it are due; a correction if one came late.
    /// Live outweighs dark.
    Liveness {
        /// The epoch.
        epoch: Epoch,
        /// Seen attesting by at least one node.
        live: Vec<ValidatorIndex>,
        /// Not seen by any node, and at least one node answered so. Only validators on duty in that epoch.
        dark: Vec<ValidatorIndex>,
    },
    /// A watched validator's exit entered a node's pool.
    ExitGossiped {
        /// Whose.
        validator_index: ValidatorIndex,
        /// `VoluntaryExit.epoch` of it.
        epoch: Epoch,
    },
    /// What the nodes together are worth. Sent at start and at each change.
    Nodes {
        /// Configured.
        total: u16,
        /// On the right chain, reachable and synced.
        healthy: u16,
        /// Whether nodes contradict each other about a finalized checkpoint.
        disagree: bool,
    },
}

/// How a beacon node took a posted exit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PostOutcome {
    /// Taken into the pool.
    Accepted,
    /// The node had it, or the validator is already exiting: success.
    AlreadyKnown,
    /// Refused, with the node's words (at most 256 characters). [`PostOutcome::blame`] tells whether asking elsewhere
    /// or again may help.
    Rejected(String),
    /// Not reached, with the cause (at most 256 characters).
    Unreachable(String),
}
