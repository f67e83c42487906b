//! What every rule says, in one vocabulary: a verdict on a validator, an opinion on somebody's claim.
//!
//! A rule is pure: facts in, a verdict or an opinion out. Finalized to accuse, head to acquit, and silence where we
//! cannot know.

use crate::message::RejectReason;
use crypto::spec::Epoch;
use crypto::validator::{Validator, ValidatorStatus};

/// What a rule says of a validator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It may stay, and why.
    Keep(RejectReason),
    /// It must leave since it became due in this epoch.
    Exit {
        /// The due epoch.
        due: Epoch,
    },
    /// We see too little.
    Unknown,
}

/// What we think of somebody's claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Opinion {
    Approve,
    Reject(RejectReason),
    /// We cannot know yet.
    Silent,
}

/// Whether the chain would take a voluntary exit of a validator in epoch `current`: active, not leaving, and on duty for
/// `committee_period` epochs.
pub(crate) fn is_exitable(
    at_finalized: &Validator,
    at_head: &Validator,
    committee_period: u64,
    current: Epoch,
) -> bool {
    let stays =
        |validator: &Validator| validator.status == ValidatorStatus::ActiveOngoing && !validator.is_exiting();
    let old_enough = at_finalized.activation_epoch.saturating_add(committee_period) <= current;
    stays(at_finalized) && stays(at_head) && old_enough
}
