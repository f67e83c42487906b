//! A status without what its operator alone should know.

use guardian_core::event::PostOutcome;
use guardian_core::request::OperatorName;
use guardian_core::status::StatusSnapshot;

/// A copy for the public: no names and no words of operators, no names of nodes and none of what they said.
pub fn redacted(status: &StatusSnapshot) -> StatusSnapshot {
    let mut public = status.clone();
    if let Some(pause) = &mut public.pauses.local {
        pause.by = OperatorName { uid: 0, name: "operator".to_owned() };
        pause.note = String::new();
    }
    for emergency in &mut public.emergencies {
        emergency.note = None;
    }
    for proposal in &mut public.proposals {
        for (number, (node, outcome)) in proposal.submissions.iter_mut().enumerate() {
            *node = format!("node-{}", number.saturating_add(1));
            match outcome {
                PostOutcome::Rejected(words) | PostOutcome::Unreachable(words) => words.clear(),
                PostOutcome::Accepted | PostOutcome::AlreadyKnown => {}
            }
        }
    }
    for way in &mut public.lifecycles {
        way.accepted_by = way.accepted_by.as_ref().map(|_| "a node".to_owned());
    }
    if let Some(execution) = &mut public.execution {
        execution.health.problem = None;
    }
    public
}
