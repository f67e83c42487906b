//! Notices: one line each, `warn` where somebody should look now.

use guardian_core::notice::Notice;
use tracing::{info, warn};

/// Who speaks, in log lines and filters.
const TARGET: &str = "guardian";

/// Logs a notice with its stable code.
pub fn notice(notice: &Notice) {
    let code = notice.code();
    match notice {
        Notice::DecisionNeeded { emergency, validators, expires } => warn!(
            target: TARGET, code, %emergency, validators, %expires,
            "an emergency waits for you: `guardian proposals` shows it, then `guardian approve` or `guardian reject`"
        ),
        Notice::EmergencyMoved { emergency, to } => {
            info!(target: TARGET, code, %emergency, state = to.code(), "emergency moved")
        }
        Notice::EmergencyRefused { number, refusal } => warn!(
            target: TARGET, code, number, refusal = refusal.code(), "an emergency that the contract logged is not taken up"
        ),
        Notice::Held { proposal, validator, hold: Some(hold) } => warn!(
            target: TARGET, code, %proposal, %validator, hold = hold.code(), until = hold.ends(), "a certified exit is held"
        ),
        Notice::Held { proposal, validator, hold: None } => {
            info!(target: TARGET, code, %proposal, %validator, "a certified exit is held no more")
        }
        Notice::Late { proposal, step, since } => warn!(
            target: TARGET, code, %proposal, step = step.code(), %since, "a step on the way out is late"
        ),
        Notice::PauseChanged { paused, network } => {
            warn!(target: TARGET, code, paused, network, "a pause began or ended")
        }
        Notice::JournalIsOld => warn!(
            target: TARGET, code,
            "the journal lacks what this guardian once said: it is an old backup, and the caps are closed for a day"
        ),
    }
}
