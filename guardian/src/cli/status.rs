//! `guardian status`: what a running guardian sees, read from its HTTP window.

mod attention;

use super::runway::until_floor;
use super::table::{short, table};
use super::window::{Window, details, reasons};
use super::{Output, print, print_json};
use anyhow::{Context, bail};
use guardian_core::contracts::Mismatch;
use guardian_core::event::PostOutcome;
use guardian_core::message::Decision;
use guardian_core::proposal::Origin;
use guardian_core::status::{
    ExecutionStatus, OperatorStatus, ProposalStatus, StatusSnapshot, ValidatorHealth,
};
use reqwest::StatusCode;
use serde::Serialize;
use serde_json::Value;
use std::cmp::Reverse;
use std::collections::BTreeMap;

const EXAMPLES: &str = "\
Examples:
  guardian status --config alice/guardian.toml
  guardian status --url http://127.0.0.1:8440 --json";

/// Most rows of one table. Of validators and proposals, when there are more, only numbers are shown.
pub(super) const MAX_SHOWN: usize = 32;

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Status {
    #[command(flatten)]
    window: Window,
    #[command(flatten)]
    output: Output,
}

impl Status {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let base = self.window.base()?;
        let answers = self.window.ask(&["v1/status", "readyz"])?;
        let [(code, body), (_, readiness)] = &answers[..] else { bail!("an answer is missing") };
        if *code == StatusCode::SERVICE_UNAVAILABLE {
            bail!("the guardian at {base} is starting: {}; ask again in a moment", reasons(readiness));
        }
        if !code.is_success() {
            bail!("{base} answered {code} to /v1/status; is it a guardian?");
        }
        let snapshot: StatusSnapshot = serde_json::from_value(body.clone())
            .context("the answer is no status of a guardian of this version")?;
        if self.output.json {
            return print_json(&serde_json::json!({ "readiness": readiness, "status": body }));
        }
        print(&render(&snapshot, readiness, body.get("seconds_per_epoch").and_then(Value::as_u64)))
    }
}

fn render(status: &StatusSnapshot, readiness: &Value, seconds_per_epoch: Option<u64>) -> String {
    let ready = match readiness.get("ready").and_then(Value::as_bool) {
        Some(true) => match details(readiness, "degraded") {
            degraded if degraded.is_empty() => "yes".to_owned(),
            degraded => format!("yes, but {degraded}"),
        },
        _ => format!("NO: {}", reasons(readiness)),
    };
    let mut text = format!(
        "Guardian {} `{}` of network `{}` {} ({} of {}, set {})\n\
         Ready       {ready}\n\
         Slot        {}, head {}, finalized epoch {}\n\
         Own nodes   {} of {} healthy{}\n\
         Journal     {}\n",
        status.guardian.0,
        status.name,
        status.network,
        short(&status.network_id),
        status.threshold.t(),
        status.threshold.n(),
        status.guardian_set_epoch.0,
        status.slot,
        or_none(status.head),
        or_none(status.finalized.map(|checkpoint| checkpoint.epoch)),
        status.nodes.healthy,
        status.nodes.total,
        if status.nodes.disagree { ", and they DISAGREE about finality" } else { "" },
        status.journal,
    );

    if let Some(execution) = &status.execution {
        text.push_str(&contracts(execution));
    }
    text.push_str(&attention::lines(status));

    let peers: Vec<_> = status
        .peers
        .iter()
        .map(|peer| {
            let heard = peer.heartbeat.as_ref();
            [
                peer.guardian.0.to_string(),
                peer.name.clone(),
                if peer.connected { "yes" } else { "NO" }.into(),
                or_none(heard.map(|(slot, _)| slot)),
                or_none(heard.map(|(_, heartbeat)| heartbeat.head)),
                or_none(heard.map(|(_, heartbeat)| heartbeat.finalized.epoch)),
                or_none(heard.map(|(_, heartbeat)| heartbeat.shares)),
            ]
        })
        .collect();
    section(
        &mut text,
        "Peers",
        &table(["#", "name", "connected", "heard at", "head", "finalized", "shares"], &peers),
        peers.is_empty(),
    );

    if status.validators.len() > MAX_SHOWN {
        let (held, dark) =
            (status.validators.len(), status.validators.iter().filter(|one| one.dark_epochs > 0).count());
        text.push_str(&format!(
            "Validators: {held} held, {dark} dark now; `guardian validators` shows them\n"
        ));
    } else {
        let validators: Vec<_> = status.validators.iter().map(validator_row).collect();
        section(
            &mut text,
            "Validators",
            &table(["pubkey", "index", "status", "last attested", "dark epochs", "balance"], &validators),
            validators.is_empty(),
        );
    }

    if status.execution.is_some() {
        let operators: Vec<_> =
            status.operators.iter().map(|one| operator_row(one, seconds_per_epoch)).collect();
        section(
            &mut text,
            "Operators",
            &table(
                ["account", "standing", "tickets left", "active", "pending", "epochs to floor", "due"],
                &operators,
            ),
            operators.is_empty(),
        );
    }

    proposals(&status.proposals, &mut text);

    attention::tables(status, &mut text);

    let faults: Vec<_> = status
        .faults
        .iter()
        .take(MAX_SHOWN)
        .map(|fault| {
            [
                fault.guardian.0.to_string(),
                fault.kind.code().into(),
                or_none(fault.proposal.map(|id| short(&id))),
            ]
        })
        .collect();
    section(&mut text, "Faults", &table(["guardian", "what", "proposal"], &faults), faults.is_empty());
    left_out(&mut text, status.faults.len());
    text.truncate(text.trim_end().len());
    text
}

/// Says how many rows of a table are not shown, if any.
fn left_out(text: &mut String, all: usize) {
    if all > MAX_SHOWN {
        text.push_str(&format!("  and {} more; --json shows them\n", all - MAX_SHOWN));
    }
}

/// The proposals, each in a row; of a crowd, such as one emergency of 1,024 validators makes, how many are in which state,
/// and those that rules made.
fn proposals(all: &[ProposalStatus], text: &mut String) {
    let is_crowd = all.len() > MAX_SHOWN;
    if is_crowd {
        let states = counts(all.iter().map(|one| name_of(one.state)));
        text.push_str(&format!(
            "Proposals: {} known, {states}; `guardian proposals` shows emergencies, --json everything\n",
            all.len()
        ));
    }
    let of_rules = |one: &&ProposalStatus| match one.proposal.origin {
        Origin::Emergency { .. } => !is_crowd,
        Origin::Offline { .. } | Origin::Tickets { .. } | Origin::Balance { .. } => true,
    };
    let rows: Vec<_> = all.iter().filter(of_rules).take(MAX_SHOWN).map(proposal_row).collect();
    let header =
        ["id", "validator", "state", "held by", "approve/reject", "partials", "exit epoch", "submissions"];
    if !is_crowd {
        section(text, "Proposals", &table(header, &rows), rows.is_empty());
    } else if !rows.is_empty() {
        section(text, "Newest proposals of rules", &table(header, &rows), false);
    }
}

/// How many there are of each, most first: `900 certified, 124 signed`.
fn counts(names: impl Iterator<Item = impl Into<String>>) -> String {
    let mut numbers = BTreeMap::<String, usize>::new();
    for name in names {
        *numbers.entry(name.into()).or_default() += 1;
    }
    let mut numbers: Vec<_> = numbers.into_iter().collect();
    numbers.sort_by_key(|(_, number)| Reverse(*number));
    numbers.iter().map(|(name, number)| format!("{number} {name}")).collect::<Vec<_>>().join(", ")
}

/// The lines about the execution side.
fn contracts(status: &ExecutionStatus) -> String {
    let health = &status.health;
    let mut text = format!(
        "Execution   {} of {} nodes healthy{}{}\n",
        health.healthy,
        health.total,
        if health.disagree { ", and they DISAGREE about finality" } else { "" },
        health.problem.as_ref().map_or_else(String::new, |problem| format!("; {problem}")),
    );
    let scanned = or_none(status.scanned.map(|block| block.number));
    let target = status.target.map_or_else(String::new, |target| format!(" of {target}"));
    let agreement = match (status.diverged, &status.mismatches[..], status.state) {
        (true, _, _) => "the chain REPLACED a finalized block",
        (false, [], None) => "not read since the start",
        (false, [], Some(_)) => "agree with the definition",
        (false, [_, ..], _) => "DIFFER from the definition",
    };
    text.push_str(&format!("Contracts   {agreement}; scanned to block {scanned}{target}\n"));
    for mismatch in &status.mismatches {
        let Mismatch { field, ours, theirs } = mismatch;
        text.push_str(&format!("            {field}: ours {ours}, the contracts' {theirs}\n"));
    }
    if !status.verdicts.is_empty() {
        let verdicts: Vec<_> =
            status.verdicts.iter().map(|(code, count)| format!("{count} {code}")).collect();
        text.push_str(&format!("Registered  {}\n", verdicts.join(", ")));
    }
    text
}

fn validator_row(validator: &ValidatorHealth) -> [String; 6] {
    [
        short(&validator.pubkey),
        or_none(validator.index),
        or_none(validator.status.map(name_of)),
        or_none(validator.last_live),
        validator.dark_epochs.to_string(),
        or_none(validator.balance.map(super::amount::eth)),
    ]
}

fn operator_row(operator: &OperatorStatus, seconds_per_epoch: Option<u64>) -> [String; 7] {
    let left = if operator.overdrawn { "OVERDRAWN".to_owned() } else { operator.present.to_string() };
    [
        operator.operator.to_string(),
        operator.standing.code().to_owned(),
        left,
        operator.active.to_string(),
        operator.pending.to_string(),
        until_floor(operator.runway, seconds_per_epoch),
        or_none(operator.due),
    ]
}

fn proposal_row(status: &ProposalStatus) -> [String; 8] {
    let count =
        |wanted: fn(&Decision) -> bool| status.votes.iter().filter(|vote| wanted(&vote.decision)).count();
    let approvals = count(|decision| matches!(decision, Decision::Approve));
    let refusals = count(|decision| matches!(decision, Decision::Reject(_) | Decision::Withdraw(_)));
    let submissions: Vec<String> = status
        .submissions
        .iter()
        .map(|(node, outcome)| match outcome {
            PostOutcome::Accepted => format!("{node}: accepted"),
            PostOutcome::AlreadyKnown => format!("{node}: already known"),
            PostOutcome::Rejected(why) => format!("{node}: rejected ({why})"),
            PostOutcome::Unreachable(why) => format!("{node}: unreachable ({why})"),
        })
        .collect();
    [
        short(&status.id),
        status.proposal.exit.validator_index.to_string(),
        name_of(status.state),
        or_none(status.hold.map(|hold| hold.code())),
        format!("{approvals}/{refusals}"),
        status.partials.len().to_string(),
        or_none(status.exit_epoch),
        submissions.join(", "),
    ]
}

/// A value's stable name: the one it has in JSON.
pub(super) fn name_of(value: impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(Value::String(name)) => name,
        _ => "?".into(),
    }
}

pub(super) fn or_none(value: Option<impl ToString>) -> String {
    value.map_or_else(|| "-".into(), |value| value.to_string())
}

fn section(text: &mut String, title: &str, table: &str, empty: bool) {
    if empty {
        text.push_str(&format!("{title}: none\n"));
    } else {
        text.push_str(&format!("{title}\n{table}\n"));
    }
}

#[cfg(test)]
mod tests;
