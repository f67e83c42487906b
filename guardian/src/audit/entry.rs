//! `Entry`: one journal record for people and for programs.
//!
//! A new kind of record needs one arm in `tell` and one in `story::concern`; the compiler asks for both.

use super::Linked;
use crypto::registration::Verdict;
use crypto::spec::Slot;
use guardian_core::event::PostOutcome;
use guardian_core::guardian_set::GuardianIndex;
use guardian_core::message::{Decision, Envelope};
use guardian_core::proposal::{ExitProposal, Origin};
use guardian_core::record::Record;
use guardian_core::registration::{JudgedEvent, JudgedLog, ScanReport};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::borrow::Cow;

crypto::fixed_bytes!(
    /// A link of the chain in text: hex.
    Link, 32
);

/// One record of the journal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Its number, from 0.
    pub number: u64,
    /// Its link.
    pub link: Link,
    /// The slot it was written in, where the record says so.
    pub slot: Option<Slot>,
    /// Its kind: a stable code.
    pub kind: Cow<'static, str>,
    /// What it says, for people: one line.
    pub text: String,
    /// All it says. Envelopes are hex.
    pub record: Value,
}

/// What a record says.
pub(super) struct Told {
    pub(super) kind: &'static str,
    pub(super) slot: Option<Slot>,
    pub(super) text: String,
    pub(super) record: Value,
}

impl Entry {
    /// The entry of a stored record; `record` is what its bytes decode to, None for a kind this program does not know.
    pub fn of(linked: &Linked, record: Option<&Record>) -> Self {
        let Told { kind, slot, text, record } = record.map_or_else(|| unknown(&linked.bytes), tell);
        Self { number: linked.number, link: Link(linked.link), slot, kind: Cow::Borrowed(kind), text, record }
    }
}

fn unknown(bytes: &[u8]) -> Told {
    let text = format!("a record of {} bytes, of no kind this program knows", bytes.len());
    Told { kind: "unknown", slot: None, text, record: json!({ "bytes": hex::encode(bytes) }) }
}

fn tell(record: &Record) -> Told {
    let told = |kind, slot, text, record| Told { kind, slot, text, record };
    match record {
        Record::Liveness(seen) => {
            let text =
                format!("epoch {}: {} attested, {} dark", seen.epoch, seen.live.len(), seen.dark.len());
            let record = json!({ "epoch": seen.epoch, "live": seen.live, "dark": seen.dark });
            told("liveness", None, text, record)
        }
        Record::Finalized(checkpoint) => {
            let text = format!("epoch {} is finalized", checkpoint.epoch);
            told("finalized", None, text, json!(checkpoint))
        }
        Record::Proposed { proposal, at } => {
            let record = json!({ "id": proposal.id(), "proposal": proposal, "at": at });
            told("proposed", Some(*at), proposed(proposal), record)
        }
        Record::VoteCast(vote) => {
            let text = format!("our vote, revision {}: {}", vote.revision, decision(vote.decision));
            told("vote_cast", None, text, json!(vote))
        }
        Record::VoteSeen { from, vote, envelope, at } => {
            let text =
                format!("guardian {}, revision {}: {}", from.0, vote.revision, decision(vote.decision));
            let record = json!({ "from": from, "vote": vote, "envelope": sealed(envelope), "at": at });
            told("vote_seen", Some(*at), text, record)
        }
        Record::Certified { proposal, approvals, at } => {
            let guardians: Vec<GuardianIndex> = approvals.iter().map(|(guardian, _)| *guardian).collect();
            let text = format!("certified by guardians {}", list(guardians.iter().map(|one| one.0)));
            let approvals = sealed_approvals(approvals);
            let record = json!({ "proposal": proposal, "approvals": approvals, "at": at });
            told("certified", Some(*at), text, record)
        }
        Record::Released { proposal, at } => {
            let record = json!({ "proposal": proposal, "at": at });
            told("released", Some(*at), "our partial signature is released".to_owned(), record)
        }
        Record::PartialHeld { from, partial, envelope, at } => {
            let text = format!("partial signature of share {} from guardian {}", partial.index, from.0);
            let record = json!({
                "from": from, "proposal": partial.proposal, "index": partial.index,
                "signature": partial.signature, "envelope": envelope.as_ref().map(sealed), "at": at,
            });
            told("partial_held", Some(*at), text, record)
        }
        Record::Combined { proposal, exit, culprits, at } => {
            let (validator, epoch) = (exit.message.validator_index, exit.message.epoch);
            let mut text = format!("exit of validator {validator} in epoch {epoch} combined and verified");
            if !culprits.is_empty() {
                text.push_str(&format!("; false shares: {}", list(culprits)));
            }
            let record = json!({ "proposal": proposal, "exit": exit, "culprits": culprits, "at": at });
            told("combined", Some(*at), text, record)
        }
        Record::Submitted { proposal, at, outcomes } => {
            let how = outcomes.iter().map(|(node, outcome)| format!("{node}: {}", outcome_of(outcome)));
            let text = format!("exit posted; {}", list(how));
            let outcomes: Vec<_> =
                outcomes.iter().map(|(node, outcome)| json!({ "node": node, "result": outcome })).collect();
            let record = json!({ "proposal": proposal, "at": at, "outcomes": outcomes });
            told("submitted", Some(*at), text, record)
        }
        Record::Moved { proposal, to, at } => {
            let record = json!({ "proposal": proposal, "to": to, "at": at });
            told("moved", Some(*at), format!("moved to {}", code(to)), record)
        }
        Record::Faulted { fault, evidence } => {
            let mut text = format!("guardian {} at fault: {}", fault.guardian.0, fault.kind.code());
            if !evidence.is_empty() {
                text.push_str(&format!("; {} sealed messages prove it", evidence.len()));
            }
            let evidence: Vec<_> = evidence.iter().map(sealed).collect();
            told("faulted", None, text, json!({ "fault": fault, "evidence": evidence }))
        }
        Record::NotFinalizing(epoch) => {
            let text = format!("epoch {epoch} ended while the chain was not finalizing: it accuses nobody");
            told("not_finalizing", None, text, json!({ "epoch": epoch }))
        }
        Record::Scanned(report) => told("scanned", None, scanned(report), scan(report)),
        Record::Asked { .. }
        | Record::Raised { .. }
        | Record::EmergencyCertified { .. }
        | Record::EmergencyMoved { .. }
        | Record::Cancelled { .. }
        | Record::Adopted { .. }
        | Record::Observed { .. }
        | Record::Held { .. }
        | Record::Reached { .. }
        | Record::Spared { .. }
        | Record::WishCast { .. }
        | Record::WishSeen { .. }
        | Record::Lapsed(_) => super::decision::tell(record).unwrap_or_else(|| unknown(&record.encode())),
        Record::Preceded { .. }
        | Record::Opened { .. }
        | Record::Ceremony { .. }
        | Record::Inherited { .. }
        | Record::GroupSigned { .. } => {
            super::ceremony::tell(record).unwrap_or_else(|| unknown(&record.encode()))
        }
    }
}

fn proposed(proposal: &ExitProposal) -> String {
    let why = match &proposal.origin {
        Origin::Offline { dark_from, dark_to } => format!("dark from epoch {dark_from} to {dark_to}"),
        Origin::Tickets { operator, due } => {
            format!("operator {operator} short of tickets since epoch {due}")
        }
        Origin::Balance { due } => format!("balance too low in epoch {due}"),
        Origin::Emergency { emergency, .. } => format!("emergency {emergency}"),
    };
    format!(
        "exit of validator {} proposed: {why}; votes from slot {} to {}",
        proposal.exit.validator_index,
        proposal.opened,
        proposal.expires.saturating_sub(1)
    )
}

fn decision(decision: Decision) -> String {
    match decision {
        Decision::Approve => "approve".to_owned(),
        Decision::Reject(reason) => format!("reject, {}", code(reason)),
        Decision::Withdraw(reason) => format!("withdraw, {}", code(reason)),
    }
}

fn outcome_of(outcome: &PostOutcome) -> String {
    match outcome {
        PostOutcome::Accepted => "accepted".to_owned(),
        PostOutcome::AlreadyKnown => "already known".to_owned(),
        PostOutcome::Rejected(why) => format!("rejected ({why})"),
        PostOutcome::Unreachable(why) => format!("unreachable ({why})"),
    }
}

fn scanned(report: &ScanReport) -> String {
    let verdicts: Vec<_> = report
        .logs
        .iter()
        .filter_map(|log| match &log.event {
            JudgedEvent::Registered(registered) => Some(registered.verdict),
            JudgedEvent::Provisioned(_)
            | JudgedEvent::Skipped(_)
            | JudgedEvent::Exited { .. }
            | JudgedEvent::TicketsDeposited { .. }
            | JudgedEvent::TicketsWithdrawn { .. }
            | JudgedEvent::ExitProposed(_)
            | JudgedEvent::ExitCancelled { .. } => None,
        })
        .collect();
    let accepted = verdicts.iter().filter(|verdict| **verdict == Verdict::Accepted).count();
    format!(
        "contracts scanned, blocks {} to {}: {} logs, {} registrations, {accepted} accepted",
        report.from,
        report.to.number,
        report.logs.len(),
        verdicts.len()
    )
}

fn scan(report: &ScanReport) -> Value {
    let logs: Vec<_> = report.logs.iter().map(log).collect();
    json!({ "from": report.from, "to": report.to, "logs": logs })
}

fn log(log: &JudgedLog) -> Value {
    let JudgedLog { block, index, timestamp, event } = log;
    let (event, what) = match event {
        JudgedEvent::Registered(registered) => (
            "registered",
            json!({
                "id": registered.id, "operator": registered.operator, "pubkey": registered.pubkey,
                "key_set": registered.key_set, "transaction": registered.transaction,
                "verdict": registered.verdict.code(),
            }),
        ),
        JudgedEvent::Provisioned(id) => ("provisioned", json!({ "id": id })),
        JudgedEvent::Skipped(id) => ("skipped", json!({ "id": id })),
        JudgedEvent::Exited { id, burned } => ("exited", json!({ "id": id, "burned": burned })),
        JudgedEvent::TicketsDeposited { operator, amount } => {
            ("tickets_deposited", json!({ "operator": operator, "amount": amount }))
        }
        JudgedEvent::TicketsWithdrawn { operator, amount } => {
            ("tickets_withdrawn", json!({ "operator": operator, "amount": amount }))
        }
        JudgedEvent::ExitProposed(proposed) => (
            "exit_proposed",
            json!({
                "number": proposed.number, "proposer": proposed.proposer,
                "network": format!("0x{}", hex::encode(proposed.network)), "severity": proposed.severity,
                "expires": proposed.expires, "validators": proposed.validators, "reason": proposed.reason,
            }),
        ),
        JudgedEvent::ExitCancelled { number, by } => {
            ("exit_cancelled", json!({ "number": number, "by": by }))
        }
    };
    json!({ "block": block, "index": index, "timestamp": timestamp, "event": event, "detail": what })
}

pub(super) fn sealed_approvals(approvals: &[(GuardianIndex, Envelope)]) -> Vec<Value> {
    let approvals = approvals.iter();
    approvals
        .map(|(guardian, envelope)| json!({ "guardian": guardian, "envelope": sealed(envelope) }))
        .collect()
}

pub(super) fn sealed(envelope: &Envelope) -> String {
    format!("0x{}", hex::encode(&envelope.0))
}

/// A value's stable code: the one it has in JSON.
pub(super) fn code(value: impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(Value::String(name)) => name,
        _ => "?".to_owned(),
    }
}

pub(super) fn list(values: impl IntoIterator<Item = impl ToString>) -> String {
    values.into_iter().map(|value| value.to_string()).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests;
