//! What people decided, or have to decide, that keeps this guardian from doing all of its part: pauses, and emergencies
//! that wait for its operator.

use guardian_core::policy::Enforcement;
use guardian_core::proposal::RuleKind;
use guardian_core::status::{EmergencyState, EmergencyStatus, StatusSnapshot};

/// Emergencies that wait for this guardian's operator: open ones it has not decided on. None where it is configured to
/// take no part in them.
pub fn undecided(status: &StatusSnapshot) -> impl Iterator<Item = &EmergencyStatus> {
    let enforcement = status.enforcement.get(RuleKind::Emergency.code());
    let takes_part = enforcement.is_none_or(|enforcement| enforcement.here == Enforcement::Enforce);
    let waits =
        move |one: &&EmergencyStatus| takes_part && one.state == EmergencyState::Open && one.own.is_none();
    status.emergencies.iter().filter(waits)
}

/// Says what of it there is.
pub(super) fn degraded(status: &StatusSnapshot, degraded: &mut impl FnMut(&'static str, String)) {
    if let Some(pause) = &status.pauses.local {
        let (since, by, note) = (pause.since, &pause.by.name, &pause.note);
        let why = if note.is_empty() { String::new() } else { format!(": {note}") };
        degraded("paused", format!("paused since slot {since} by {by}{why}; `guardian resume` ends it"));
    }
    if status.pauses.network {
        let (wished, threshold) = (status.pauses.wished_by.len(), status.pauses.threshold);
        degraded(
            "network_paused",
            format!("{wished} guardians wish the network paused, {threshold} suffice: nothing is released"),
        );
    }
    let waiting = undecided(status).count();
    if let Some(first) = undecided(status).map(|one| one.emergency.expires).min() {
        degraded(
            "decision_needed",
            format!(
                "{waiting} emergencies wait for this guardian's operator, the first until slot {first}: `guardian \
                 proposals` shows them"
            ),
        );
    }
}
