//! What records of people's decisions tell: requests, emergencies, pauses; and what was seen, held and reached.

use super::entry::{Told, code, list, sealed, sealed_approvals};
use guardian_core::emergency::Raised;
use guardian_core::evidence::Evidence;
use guardian_core::lifecycle::Step;
use guardian_core::record::Record;
use guardian_core::request::{Request, raiser_text};
use serde_json::json;

fn asked(request: &Request) -> String {
    match request {
        Request::Propose { severity, reason, lifetime, dry_run, .. } => {
            let what = if *dry_run { "a dry run of an emergency" } else { "an emergency" };
            format!("asked for {what} ({}, {lifetime} slots): {reason}", severity.code())
        }
        Request::Submit { raised, dry_run } => {
            let what = if *dry_run { "tried" } else { "brought" };
            format!("{what} a signed emergency: {}", raised.emergency.reason)
        }
        Request::Approve { note, .. } => format!("approved: {note}"),
        Request::Reject { note, .. } => format!("rejected: {note}"),
        Request::Withdraw { note, .. } => format!("withdrew: {note}"),
        Request::Cancel { .. } => "asked to take it back".to_owned(),
        Request::Inspect { .. } => "looked at emergencies".to_owned(),
        Request::Definition {} => "looked at the definition in force".to_owned(),
        Request::Convene { kind, .. } => format!("opened a ceremony ({})", kind.code()),
        Request::Refresh { .. } => "opened a refresh of all shares".to_owned(),
        Request::AnswerCeremony { ceremony, agrees, note } => {
            let verb = if *agrees { "agreed to" } else { "rejected" };
            format!("{verb} ceremony {ceremony}: {note}")
        }
        Request::Attest { chain_id, contract, nonce } => {
            format!(
                "asked for the network's signature for contract {contract} of chain {chain_id}, nonce {nonce}"
            )
        }
        Request::AbortCeremony { ceremony, note } => format!("left ceremony {ceremony}: {note}"),
        Request::Pause { scope, note } => format!("paused ({}): {note}", code(scope)),
        Request::Resume { scope, note } => format!("resumed ({}): {note}", code(scope)),
    }
}

fn raised(raised: &Raised) -> String {
    let emergency = &raised.emergency;
    let noun = if emergency.validators.len() == 1 { "validator" } else { "validators" };
    format!(
        "emergency raised by {}: {} {noun}, {}, slots {} to {}: {}",
        raiser_text(&emergency.raiser),
        emergency.validators.len(),
        emergency.severity.code(),
        emergency.opened,
        emergency.expires.saturating_sub(1),
        emergency.reason
    )
}

fn observed(evidence: &Evidence) -> String {
    let some = |value: Option<String>| value.unwrap_or_else(|| "none".to_owned());
    let mut parts = vec![
        format!("{} of {} nodes healthy", evidence.nodes.healthy, evidence.nodes.total),
        format!("head {}", some(evidence.head.map(|slot| slot.to_string()))),
        format!(
            "finalized epoch {}",
            some(evidence.finalized.map(|checkpoint| checkpoint.epoch.to_string()))
        ),
    ];
    if let Some((confirmed, all)) = evidence.confirmed {
        parts.push(format!("{confirmed} of {all} validators confirmed"));
    }
    parts.extend(evidence.last_live.map(|epoch| format!("last attested in epoch {epoch}")));
    parts.extend(evidence.last_dark.map(|epoch| format!("last dark in epoch {epoch}")));
    if let Some(tickets) = evidence.account.as_ref().and_then(|account| account.present) {
        parts.push(format!("its operator has {tickets} tickets left"));
    }
    format!("seen before the vote: {}", list(parts))
}

fn reached(step: Step) -> String {
    format!("reached: {}", step.code())
}

/// The entries of these records, with the rest of [`super::entry::tell`].
pub(super) fn tell(record: &Record) -> Option<Told> {
    let told = |kind, slot, text, record| Some(Told { kind, slot, text, record });
    match record {
        Record::Asked { at, by, request } => {
            let text = format!("{} (uid {}) {}", by.name, by.uid, asked(request));
            told("asked", Some(*at), text, json!({ "at": at, "by": by, "request": request }))
        }
        Record::Raised { raised: what, at } => {
            let record = json!({ "id": what.emergency.id(), "raised": what, "at": at });
            told("raised", Some(*at), raised(what), record)
        }
        Record::EmergencyCertified { emergency, approvals, at } => {
            let guardians = approvals.iter().map(|(guardian, _)| guardian.0);
            let text = format!("emergency certified by guardians {}", list(guardians));
            let record =
                json!({ "emergency": emergency, "approvals": sealed_approvals(approvals), "at": at });
            told("emergency_certified", Some(*at), text, record)
        }
        Record::EmergencyMoved { emergency, to, at } => {
            let record = json!({ "emergency": emergency, "to": to, "at": at });
            told("emergency_moved", Some(*at), format!("emergency moved to {}", to.code()), record)
        }
        Record::Cancelled { cancellation, at } => {
            let record = json!({ "cancellation": cancellation, "at": at });
            told("cancelled", Some(*at), "its raiser took the emergency back".to_owned(), record)
        }
        Record::Adopted { proposal, at } => {
            let text =
                format!("exit of validator {} follows from the emergency", proposal.exit.validator_index);
            let record = json!({ "id": proposal.id(), "proposal": proposal, "at": at });
            told("adopted", Some(*at), text, record)
        }
        Record::Observed { proposal, at, evidence } => {
            let record = json!({ "proposal": proposal, "at": at, "evidence": evidence });
            told("observed", Some(*at), observed(evidence), record)
        }
        Record::Held { proposal, hold, at } => {
            let text = match hold {
                Some(hold) => format!("held: {}; ends when {}", hold.code(), hold.ends()),
                None => "held no more".to_owned(),
            };
            told("held", Some(*at), text, json!({ "proposal": proposal, "hold": hold, "at": at }))
        }
        Record::Reached { pubkey, step, at } => {
            let record = json!({ "pubkey": pubkey, "step": step, "at": at });
            told("reached", Some(*at), reached(*step), record)
        }
        Record::Spared { pubkey, at } => {
            let text = "no longer due: its way out ends".to_owned();
            told("spared", Some(*at), text, json!({ "pubkey": pubkey, "at": at }))
        }
        Record::WishCast { wish, at } => {
            let text = format!("our wish, revision {}: network {}", wish.revision, paused(wish.paused));
            told("wish_cast", Some(*at), text, json!({ "wish": wish, "at": at }))
        }
        Record::WishSeen { from, wish, envelope } => {
            let text =
                format!("guardian {}, revision {}: network {}", from.0, wish.revision, paused(wish.paused));
            told("wish_seen", None, text, json!({ "from": from, "wish": wish, "envelope": sealed(envelope) }))
        }
        Record::Lapsed(at) => {
            let text = "this journal lacks what we once said: caps are closed for a day".to_owned();
            told("lapsed", Some(*at), text, json!({ "at": at }))
        }
        Record::Liveness(_)
        | Record::Finalized(_)
        | Record::Proposed { .. }
        | Record::VoteCast(_)
        | Record::VoteSeen { .. }
        | Record::Certified { .. }
        | Record::Released { .. }
        | Record::PartialHeld { .. }
        | Record::Combined { .. }
        | Record::Submitted { .. }
        | Record::Moved { .. }
        | Record::Faulted { .. }
        | Record::NotFinalizing(_)
        | Record::Scanned(_)
        | Record::Preceded { .. }
        | Record::Opened { .. }
        | Record::Ceremony { .. }
        | Record::Inherited { .. }
        | Record::GroupSigned { .. } => None,
    }
}

fn paused(is_paused: bool) -> &'static str {
    if is_paused { "paused" } else { "running" }
}
