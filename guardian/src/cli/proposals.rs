//! `guardian proposals`: emergencies as this guardian verified them, all in a table or one in full.

use super::desk::{Desk, DeskFlags, find, id_prefix};
use super::propose::{bounds, targets};
use super::status::or_none;
use super::table::{short, table};
use super::when::Times;
use super::{print, print_json};
use crate::Error;
use crate::id_prefix::IdPrefix;
use guardian_core::emergency::Raiser;
use guardian_core::guardian_set::NetworkDefinition;
use guardian_core::message::Decision;
use guardian_core::request::{Inspection, raiser_text};
use guardian_core::status::{EmergencyState, EmergencyStatus};

const EXAMPLES: &str = "\
Examples:
  guardian proposals
  guardian proposals 0x5f1d09c2 --json
  guardian approve 0x5f1d09c2 --reason 'seen the report'

An id may be cut to its first 8 digits or more. Where the admin socket does not answer, the public
status is shown, which has no forecast.";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Proposals {
    /// Only this one, with all its validators
    #[arg(value_name = "ID", value_parser = id_prefix)]
    id: Option<IdPrefix>,
    #[command(flatten)]
    desk: DeskFlags,
}

impl Proposals {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let desk = self.desk.open()?;
        let wanted = self.id.as_ref().map(|id| desk.resolve(id)).transpose();
        let asked = wanted.and_then(|wanted| desk.inspect(wanted));
        match asked {
            Ok(list) => shown(&desk, &list, self.id.is_some()),
            Err(problem) if is_away(&problem) => public(&desk, self.id.as_ref(), &problem),
            Err(problem) => Err(problem),
        }
    }
}

/// Whether nobody answered at the admin socket.
fn is_away(problem: &anyhow::Error) -> bool {
    matches!(problem.downcast_ref(), Some(Error::NotRunning { .. } | Error::Admin { .. }))
}

fn shown(desk: &Desk, list: &[Inspection], alone: bool) -> anyhow::Result<()> {
    if desk.json {
        return print_json(&list);
    }
    let times = desk.times();
    match list {
        [one] if alone => print(&in_full(one, &desk.definition, &times)),
        _ => print(&in_rows(list.iter().map(|one| &one.status), &desk.definition, &times)),
    }
}

/// What the HTTP window shows, where the socket does not answer.
fn public(desk: &Desk, id: Option<&IdPrefix>, problem: &anyhow::Error) -> anyhow::Result<()> {
    let Ok(status) = desk.status() else { anyhow::bail!("{problem}") };
    let wanted = id.map(|id| find(id, status.emergencies.iter().map(|one| one.id))).transpose()?;
    let list: Vec<_> =
        status.emergencies.iter().filter(|one| wanted.is_none_or(|wanted| one.id == wanted)).collect();
    if desk.json {
        return print_json(&list);
    }
    let rows = in_rows(list.into_iter(), &desk.definition, &desk.times());
    print(&format!("{rows}\nThis is the public status only: {problem}"))
}

/// Approvals and refusals that stand.
fn votes(status: &EmergencyStatus) -> (usize, usize) {
    let approvals = status.votes.iter().filter(|vote| vote.decision == Decision::Approve).count();
    (approvals, status.votes.len() - approvals)
}

/// What this guardian decided, or that it should.
fn own(status: &EmergencyStatus) -> &'static str {
    match (status.own, status.state) {
        (Some(Decision::Approve), _) => "approved",
        (Some(Decision::Reject(_)), _) => "rejected",
        (Some(Decision::Withdraw(_)), _) => "withdrawn",
        (None, EmergencyState::Open) => "YOURS TO DECIDE",
        (None, _) => "-",
    }
}

/// Who raised it, by name where the definition has one.
fn raiser(raiser: &Raiser, definition: &NetworkDefinition) -> String {
    let named = |account| {
        let proposer = definition.emergency.proposer(account);
        proposer.map_or_else(|| short(account), |proposer| format!("`{}`", proposer.name))
    };
    match raiser {
        Raiser::Guardian { guardian } => {
            definition.member(*guardian).map_or_else(|_| raiser_text(raiser), |member| member.name.clone())
        }
        Raiser::Account { proposer } => format!("{} by signature", named(proposer)),
        Raiser::Contract { proposer, number } => format!("{} by contract, number {number}", named(proposer)),
    }
}

fn in_rows<'a>(
    list: impl Iterator<Item = &'a EmergencyStatus>,
    definition: &NetworkDefinition,
    times: &Times,
) -> String {
    let t = definition.guardian_set.threshold.t();
    let rows: Vec<_> = list
        .map(|status| {
            let (emergency, (approvals, refusals)) = (&status.emergency, votes(status));
            [
                short(&status.id),
                raiser(&emergency.raiser, definition),
                emergency.severity.code().to_owned(),
                emergency.validators.len().to_string(),
                status.state.code().to_owned(),
                format!("{approvals} of {t}, {refusals} against"),
                own(status).to_owned(),
                if status.state.is_over() { "-".to_owned() } else { times.distance(emergency.expires) },
                emergency.reason.clone(),
            ]
        })
        .collect();
    if rows.is_empty() {
        return "No emergencies: none was raised lately.".to_owned();
    }
    let header = [
        "id",
        "raised by",
        "severity",
        "validators",
        "state",
        "approvals",
        "this guardian",
        "expires",
        "reason",
    ];
    table(header, &rows)
}

fn in_full(one: &Inspection, definition: &NetworkDefinition, times: &Times) -> String {
    let Inspection { status, authority, nodes, forecast } = one;
    let (emergency, (approvals, refusals)) = (&status.emergency, votes(status));
    let guardian =
        |index| definition.member(index).map_or_else(|_| "?".to_owned(), |member| member.name.clone());
    let cast: Vec<_> = status
        .votes
        .iter()
        .map(|vote| {
            let decision = match &vote.decision {
                Decision::Approve => "approves".to_owned(),
                Decision::Reject(reason) => format!("rejects ({})", super::status::name_of(reason)),
                Decision::Withdraw(reason) => format!("withdrew ({})", super::status::name_of(reason)),
            };
            format!("{} {decision} at {}", guardian(vote.guardian), times.slot(vote.at))
        })
        .collect();
    let is_in_vain = status.state.is_over() && status.certified.is_none();
    let exits = status.exits.iter().filter(|_| !is_in_vain);
    let exits: Vec<_> = exits.map(|(state, count)| format!("{count} {state}")).collect();
    let or = |list: Vec<String>, none: &str| if list.is_empty() { none.to_owned() } else { list.join(", ") };
    let note = status.note.as_ref().map_or_else(String::new, |note| format!(": {note}"));
    let t = definition.guardian_set.threshold.t();
    let certified = match status.certified {
        Some(slot) => times.slot(slot),
        None if status.state.is_over() => "never".to_owned(),
        None if status.certifiable_from <= times.now() => format!("not yet; at once when {t} approve"),
        None => format!("not yet; not before {}", times.slot(status.certifiable_from)),
    };
    let mut text = format!(
        "Emergency   {} ({}, {})\n\
         Reason      {}\n\
         Raised by   {}, {}\n\
         Authority   {authority}\n\
         Votes       {approvals} of {t} approve, {refusals} against: {}\n\
         This one    {}{note}\n\
         Certified   {certified}\n\
         Expires     {}\n\
         Exits       {}\n",
        status.id,
        emergency.severity.code(),
        status.state.code(),
        emergency.reason,
        raiser(&emergency.raiser, definition),
        times.slot(status.raised),
        or(cast, "nobody voted yet"),
        own(status),
        times.slot(emergency.expires),
        or(exits, if is_in_vain { "none" } else { "none yet" }),
    );
    // What is over leaves nothing to foresee.
    if status.state.is_over() {
        text.push_str(&targets(forecast));
        text.truncate(text.trim_end().len());
        return text;
    }
    text.push_str(&format!(
        "Found by    {} of {} own beacon nodes{}\n\
         Leaving     {} of {} validators, {} ETH; last release in {}{}\n",
        nodes.healthy,
        nodes.total,
        if nodes.disagree { ", which DISAGREE about finality" } else { "" },
        forecast.leaving,
        emergency.validators.len(),
        super::amount::eth(forecast.stake),
        times.epoch(forecast.last_release),
        if forecast.fits { "" } else { ", AFTER it expires" },
    ));
    text.push_str(&targets(forecast));
    text.push_str(&bounds(forecast));
    if status.state == EmergencyState::Open && status.own.is_none() {
        text.push_str(&format!(
            "Next: guardian approve {id}, or guardian reject {id}\n",
            id = or_none(Some(status.id))
        ));
    }
    text.truncate(text.trim_end().len());
    text
}

#[cfg(test)]
mod tests;
