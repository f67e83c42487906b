//! The moves an operator reads: one `info` line for each journal record that changes a proposal's story, written after
//! the record is durable, so that the log never tells of more than the journal holds.

use guardian_core::guardian_set::GuardianIndex;
use guardian_core::message::Decision;
use guardian_core::proposal::Origin;
use guardian_core::record::Record;
use tracing::{debug, info, warn};

/// Who speaks, in log lines and filters.
const TARGET: &str = "guardian";

/// Logs a record of guardian `me` that was just made durable.
pub fn moved(record: &Record, me: GuardianIndex) {
    match record {
        Record::Proposed(proposal) => {
            let (dark_from, dark_to) = match proposal.origin {
                Origin::Offline { dark_from, dark_to } => (dark_from, dark_to),
                Origin::Tickets { due, .. } | Origin::Balance { due } => (due, due),
            };
            info!(
                target: TARGET, proposal = %proposal.id(), validator = %proposal.exit.validator_index, pubkey = %proposal.pubkey,
                %dark_from, %dark_to, expires = %proposal.expires, "exit proposed: the validator is offline"
            );
        }
        Record::VoteCast(vote) => match vote.decision {
            Decision::Approve => {
                info!(target: TARGET, proposal = %vote.proposal, guardian = me.0, "voted to approve")
            }
            Decision::Reject(code) => {
                info!(target: TARGET, proposal = %vote.proposal, guardian = me.0, ?code, "voted to reject")
            }
            Decision::Withdraw(code) => {
                info!(target: TARGET, proposal = %vote.proposal, guardian = me.0, ?code, "withdrew the approval")
            }
        },
        Record::VoteSeen { from, vote, .. } if *from == me => {
            debug!(target: TARGET, proposal = %vote.proposal, guardian = from.0, "own vote recorded");
        }
        Record::VoteSeen { from, vote, .. } => {
            info!(target: TARGET, proposal = %vote.proposal, guardian = from.0, decision = ?vote.decision, "vote received");
        }
        Record::Certified { proposal, approvals, at } => {
            info!(target: TARGET, %proposal, approvals = approvals.len(), slot = %at, "certified");
        }
        Record::Released { proposal, at } => {
            info!(target: TARGET, %proposal, slot = %at, "releasing our partial signature")
        }
        Record::PartialHeld { from, partial, .. } => {
            info!(target: TARGET, proposal = %partial.proposal, guardian = from.0, share = %partial.index, "partial signature held");
        }
        Record::Combined { proposal, exit, culprits } => {
            info!(target: TARGET, %proposal, validator = %exit.message.validator_index, epoch = %exit.message.epoch, "exit combined and verified");
            for share in culprits {
                warn!(target: TARGET, %proposal, %share, code = "invalid_partial", "this share's partial signature is false");
            }
        }
        Record::Submitted { proposal, at, outcomes } => {
            for (node, outcome) in outcomes {
                info!(target: TARGET, %proposal, slot = %at, node, ?outcome, "exit posted");
            }
        }
        Record::Moved { proposal, to, at } => {
            info!(target: TARGET, %proposal, state = ?to, slot = %at, "proposal moved")
        }
        // Told with the core's report of it.
        Record::Faulted { .. } => {}
        Record::Liveness(_) | Record::Finalized(_) | Record::NotFinalizing(_) | Record::Scanned(_) => {}
    }
}
