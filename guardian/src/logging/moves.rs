//! The moves an operator reads: one `info` line for each journal record that changes a proposal's story, written after
//! the record is durable, so that the log never tells of more than the journal holds.

use super::asked;
use crypto::registration::Verdict;
use guardian_core::emergency::Raised;
use guardian_core::guardian_set::GuardianIndex;
use guardian_core::message::Decision;
use guardian_core::proposal::Origin;
use guardian_core::record::Record;
use guardian_core::registration::{JudgedEvent, ScanReport};
use guardian_core::request::raiser_text;
use tracing::{debug, info, warn};

/// Who speaks, in log lines and filters.
const TARGET: &str = "guardian";

/// Most defects of one scan that get a line of their own.
const MAX_DEFECTS: usize = 16;

/// Logs a record of guardian `me` that was just made durable.
pub fn moved(record: &Record, me: GuardianIndex) {
    match record {
        Record::Proposed { proposal, .. } => {
            let (id, validator) = (proposal.id(), proposal.exit.validator_index);
            let (pubkey, expires) = (proposal.pubkey, proposal.expires);
            let rule = proposal.origin.kind().code();
            match &proposal.origin {
                Origin::Offline { dark_from, dark_to } => info!(
                    target: TARGET, proposal = %id, %validator, %pubkey, rule, %dark_from, %dark_to, %expires,
                    "exit proposed: the validator is offline"
                ),
                Origin::Tickets { operator, due } => info!(
                    target: TARGET, proposal = %id, %validator, %pubkey, rule, %operator, %due, %expires,
                    "exit proposed: its operator is short of tickets"
                ),
                Origin::Balance { due } => info!(
                    target: TARGET, proposal = %id, %validator, %pubkey, rule, %due, %expires,
                    "exit proposed: its balance is too low"
                ),
                Origin::Emergency { emergency, due } => info!(
                    target: TARGET, proposal = %id, %validator, %pubkey, rule, %emergency, %due, %expires,
                    "exit proposed: an emergency names it"
                ),
            }
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
        Record::VoteSeen { from, vote, at, .. } if *from == me => {
            debug!(target: TARGET, proposal = %vote.proposal, guardian = from.0, slot = %at, "own vote recorded");
        }
        Record::VoteSeen { from, vote, at, .. } => {
            info!(target: TARGET, proposal = %vote.proposal, guardian = from.0, decision = ?vote.decision, slot = %at, "vote received");
        }
        Record::Certified { proposal, approvals, at } => {
            info!(target: TARGET, %proposal, approvals = approvals.len(), slot = %at, "certified");
        }
        Record::Released { proposal, at } => {
            info!(target: TARGET, %proposal, slot = %at, "releasing our partial signature")
        }
        Record::PartialHeld { from, partial, at, .. } => {
            info!(target: TARGET, proposal = %partial.proposal, guardian = from.0, share = %partial.index, slot = %at, "partial signature held");
        }
        Record::Combined { proposal, exit, culprits, .. } => {
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
        Record::Liveness(_) | Record::Finalized(_) | Record::NotFinalizing(_) => {}
        Record::Scanned(report) => scanned(report),
        Record::Asked { at, by, request } => info!(
            target: TARGET, code = "asked", slot = %at, uid = by.uid, operator = by.name, request = asked(request),
            "the operator asked"
        ),
        Record::Raised { raised: Raised { emergency, .. }, at } => warn!(
            target: TARGET, code = "emergency_raised", emergency = %emergency.id(), slot = %at,
            raiser = raiser_text(&emergency.raiser), severity = emergency.severity.code(),
            validators = emergency.validators.len(), expires = %emergency.expires, reason = emergency.reason,
            "emergency raised"
        ),
        Record::EmergencyCertified { emergency, approvals, at } => warn!(
            target: TARGET, code = "emergency_certified", %emergency, approvals = approvals.len(), slot = %at,
            "emergency certified: its exits are released as the caps allow"
        ),
        Record::EmergencyMoved { emergency, to, at } => info!(
            target: TARGET, code = "emergency_moved", %emergency, state = to.code(), slot = %at, "emergency moved"
        ),
        Record::Cancelled { cancellation, at } => info!(
            target: TARGET, code = "emergency_cancelled", emergency = %cancellation.emergency, slot = %at,
            "its raiser took the emergency back"
        ),
        Record::Spared { pubkey, at } => info!(
            target: TARGET, code = "spared", %pubkey, slot = %at, "the validator is no longer due"
        ),
        Record::Adopted { proposal, at } => info!(
            target: TARGET, code = "adopted", proposal = %proposal.id(), validator = %proposal.exit.validator_index,
            pubkey = %proposal.pubkey, slot = %at, "exit taken up: a certified emergency asks for it"
        ),
        Record::Observed { proposal, at, .. } => debug!(
            target: TARGET, code = "observed", %proposal, slot = %at, "what we saw when we decided is in the journal"
        ),
        Record::Held { proposal, hold: Some(hold), at } => warn!(
            target: TARGET, code = "held", %proposal, hold = hold.code(), slot = %at, ends = hold.ends(), "exit held"
        ),
        Record::Held { proposal, hold: None, at } => {
            info!(target: TARGET, code = "held_no_more", %proposal, slot = %at, "exit held no more")
        }
        Record::Reached { pubkey, step, at } => {
            info!(target: TARGET, code = "reached", %pubkey, step = step.code(), slot = %at, "step on the way out")
        }
        Record::WishCast { wish, at } => warn!(
            target: TARGET, code = "wish_cast", paused = wish.paused, revision = wish.revision, slot = %at,
            "this guardian's wish about a pause of the network"
        ),
        Record::WishSeen { from, wish, .. } if *from == me => {
            debug!(target: TARGET, code = "wish_seen", guardian = from.0, paused = wish.paused, "own wish recorded");
        }
        Record::WishSeen { from, wish, .. } => warn!(
            target: TARGET, code = "wish_seen", guardian = from.0, paused = wish.paused, revision = wish.revision,
            "a guardian's wish about a pause of the network"
        ),
        Record::Lapsed(at) => warn!(
            target: TARGET, code = "journal_is_old", slot = %at,
            "this journal lacks what this guardian once said: it is an old backup; the caps are closed for a day"
        ),
        Record::Preceded { .. }
        | Record::Opened { .. }
        | Record::Ceremony { .. }
        | Record::Inherited { .. }
        | Record::GroupSigned { .. } => {
            super::ceremonies::moved(record);
        }
    }
}

/// Registrations with a defect are told one by one, at most [`MAX_DEFECTS`] of a scan; the rest in one line.
fn scanned(report: &ScanReport) {
    let registered = || {
        report.logs.iter().filter_map(|log| match &log.event {
            JudgedEvent::Registered(registered) => Some(registered),
            _ => None,
        })
    };
    let (from, to, logs) = (report.from, report.to.number, report.logs.len());
    if logs == 0 {
        debug!(target: TARGET, %from, %to, "nothing new in the contracts");
        return;
    }
    let registrations = registered().count();
    let accepted = registered().filter(|registered| registered.verdict == Verdict::Accepted).count();
    info!(target: TARGET, %from, %to, logs, registrations, accepted, "contracts scanned");
    for defect in registered().filter(|registered| registered.verdict != Verdict::Accepted).take(MAX_DEFECTS)
    {
        warn!(
            target: TARGET, code = defect.verdict.code(), module = %defect.id.module, index = defect.id.index,
            operator = %defect.operator, transaction = %defect.transaction, "registration not accepted"
        );
    }
}
