//! What in a status asks for the operator's attention: pauses, enforcement, emergencies, held exits, late steps.

use super::{MAX_SHOWN, counts, left_out, name_of, or_none, section};
use crate::cli::ceremony::is_own_to_decide;
use crate::cli::table::{short, table};
use guardian_core::message::Decision;
use guardian_core::status::{Hold, StatusSnapshot};

/// The lines that only appear when there is something to say: pauses, and rules that are not enforced here.
pub(super) fn lines(status: &StatusSnapshot) -> String {
    let mut text = String::new();
    if let Some(pause) = &status.pauses.local {
        let why = if pause.note.is_empty() { String::new() } else { format!(": {}", pause.note) };
        text.push_str(&format!("PAUSED      since slot {} by {}{why}\n", pause.since, pause.by.name));
    }
    if status.pauses.network || !status.pauses.wished_by.is_empty() {
        let named =
            status.pauses.wished_by.iter().map(|index| index.0.to_string()).collect::<Vec<_>>().join(", ");
        let network = if status.pauses.network { "PAUSED" } else { "not paused" };
        let (wished, threshold) = (status.pauses.wished_by.len(), status.pauses.threshold);
        text.push_str(&format!(
            "Network     {network}: {wished} of {threshold} guardians wish it ({named})\n"
        ));
    }
    if status.joining {
        text.push_str("Joining     YES: not at work yet; `guardian network status`\n");
    }
    let open = status.ceremonies.iter().filter(|one| one.outcome.is_none());
    for ceremony in open {
        let own = if is_own_to_decide(ceremony) { "YOURS TO DECIDE; " } else { "" };
        text.push_str(&format!(
            "Ceremony    {} {}, {}: {own}`guardian network status`\n",
            ceremony.kind,
            short(&ceremony.id),
            ceremony.phase.code()
        ));
    }
    for (rule, enforcement) in &status.enforcement {
        if enforcement.here < enforcement.definition {
            text.push_str(&format!(
                "Enforcement {rule}: {} here, {} in the definition; {} guardians enforce it\n",
                name_of(enforcement.here),
                name_of(enforcement.definition),
                enforcement.enforcing
            ));
        }
    }
    text
}

/// The tables: emergencies, held exits, late steps. Left out where there is nothing to show; a crowd is counted.
pub(super) fn tables(status: &StatusSnapshot, text: &mut String) {
    let emergencies: Vec<_> = status
        .emergencies
        .iter()
        .take(MAX_SHOWN)
        .map(|one| {
            let approvals = one.votes.iter().filter(|vote| vote.decision == Decision::Approve).count();
            [
                short(&one.id),
                one.emergency.severity.code().to_owned(),
                one.state.code().to_owned(),
                one.emergency.validators.len().to_string(),
                format!("{approvals}/{}", one.votes.len() - approvals),
                match one.own {
                    Some(Decision::Approve) => "approve".to_owned(),
                    Some(Decision::Reject(_)) => "reject".to_owned(),
                    Some(Decision::Withdraw(_)) => "withdraw".to_owned(),
                    None => "-".to_owned(),
                },
                one.emergency.expires.to_string(),
                match &one.exits {
                    none if none.is_empty() => "-".to_owned(),
                    some => some
                        .iter()
                        .map(|(state, number)| format!("{number} {state}"))
                        .collect::<Vec<_>>()
                        .join(", "),
                },
                one.emergency.reason.clone(),
            ]
        })
        .collect();
    if !emergencies.is_empty() {
        let header =
            ["id", "severity", "state", "validators", "approve/reject", "own", "expires", "exits", "reason"];
        section(text, "Emergencies", &table(header, &emergencies), false);
        left_out(text, status.emergencies.len());
    }
    let held: Vec<_> = status
        .proposals
        .iter()
        .filter_map(|one| {
            let hold = one.hold?;
            Some([
                short(&one.id),
                one.proposal.exit.validator_index.to_string(),
                hold.code().to_owned(),
                or_none(one.held_since),
                one.hold_ends.clone().unwrap_or_else(|| hold.ends().to_owned()),
            ])
        })
        .collect();
    if held.len() > MAX_SHOWN {
        let by = counts(status.proposals.iter().filter_map(|one| one.hold).map(Hold::code));
        text.push_str(&format!("Held: {} exits, {by}\n", held.len()));
    } else if !held.is_empty() {
        section(text, "Held", &table(["id", "validator", "by", "since slot", "until"], &held), false);
    }
    let late: Vec<_> = status
        .lifecycles
        .iter()
        .filter_map(|way| {
            let (step, since) = way.late?;
            let last = way.steps.last().map(|(step, slot)| format!("{} at slot {slot}", step.code()));
            Some([
                short(&way.pubkey),
                or_none(way.proposal.map(|proposal| short(&proposal))),
                step.code().to_owned(),
                since.to_string(),
                or_none(last),
            ])
        })
        .collect();
    if late.len() > MAX_SHOWN {
        let steps = status.lifecycles.iter().filter_map(|way| way.late);
        let steps = counts(steps.map(|(step, _)| step.code()));
        text.push_str(&format!("Late: {} validators wait for {steps}\n", late.len()));
    } else if !late.is_empty() {
        section(
            text,
            "Late",
            &table(["validator", "proposal", "waits for", "since slot", "last step"], &late),
            false,
        );
    }
}
