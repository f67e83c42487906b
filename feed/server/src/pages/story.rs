//! What happened to a proposal, told downwards: who saw, voted, held, signed, posted, included.

use super::Edition;
use super::parts::count;
use super::words;
use crate::view::ProposalView;
use crate::view::proposal::DecisionCode;
use guardian_core::proposal::State;
use maud::{Markup, html};
use std::collections::BTreeMap;

/// Something told.
struct Told {
    tone: &'static str,
    at: Option<u64>,
    slot: Option<u64>,
    title: String,
    more: Option<String>,
}

pub(crate) fn of(edition: &Edition<'_>, proposal: &ProposalView) -> Markup {
    html! {
        ol.story {
            @for told in told(edition, proposal) {
                li.(told.tone) {
                    span { b { (told.title) } }
                    @if let Some(at) = told.at {
                        span.small.soft { (edition.clock.precisely(at)) @if let Some(slot) = told.slot { ", slot " (count(slot)) } }
                    }
                    @if let Some(more) = told.more { span.small { (more) } }
                }
            }
        }
    }
}

fn told(edition: &Edition<'_>, proposal: &ProposalView) -> Vec<Told> {
    let mut all: Vec<Told> = Vec::new();
    if let Some(from) = proposal.cause_from {
        let more = Some(words::capital(&proposal.claim));
        all.push(Told {
            tone: "bad",
            at: Some(from.at),
            slot: None,
            title: "The cause began".to_owned(),
            more,
        });
    }
    for happening in &proposal.timeline {
        let future = happening.moment.at > edition.as_of;
        let (tone, title) = title(&happening.what, future);
        let tone = if future { "later" } else { tone };
        let (at, slot) = (Some(happening.moment.at), Some(happening.moment.slot.0));
        all.push(Told { tone, at, slot, title, more: more(&happening.what, proposal) });
    }
    if !proposal.over
        && proposal.hold.is_none()
        && let Some(next) = next(proposal)
    {
        all.push(Told { tone: "later", at: None, slot: None, title: next, more: None });
    }
    if let Some(end) = end(proposal) {
        all.push(end);
    }
    all
}

/// How it ended, where nobody noted when.
fn end(proposal: &ProposalView) -> Option<Told> {
    let (title, more) = match proposal.state {
        State::Rejected => ("Too many guardians refused", refusals(proposal)),
        State::Moot => ("It is no longer needed", None),
        _ => return None,
    };
    Some(Told { tone: "", at: None, slot: None, title: title.to_owned(), more })
}

/// Who refused and why, each reason once.
fn refusals(proposal: &ProposalView) -> Option<String> {
    let mut by_reason: BTreeMap<_, Vec<&str>> = BTreeMap::new();
    for vote in &proposal.votes {
        if let (DecisionCode::Reject, Some(reason)) = (vote.decision, vote.reason) {
            by_reason.entry(reason).or_default().push(&vote.name);
        }
    }
    let told =
        by_reason.iter().map(|(reason, names)| format!("{}: {}.", names.join(", "), words::reason(*reason)));
    let told: Vec<String> = told.collect();
    (!told.is_empty()).then(|| told.join(" "))
}

fn title(what: &str, future: bool) -> (&'static str, String) {
    let (tone, text) = match what {
        "opened" => ("", "Voting opened"),
        "due" => ("bad", "The rule fell due"),
        "proposed" => ("", "Proposed to the guardians"),
        "certified" => ("good", "Enough guardians approved"),
        "held" => ("wait", "Held back"),
        "released" => ("good", "This guardian signed its part"),
        "combined" => ("good", "The parts made one signature"),
        "accepted" => ("good", "A beacon node took the exit"),
        "gossiped" => ("good", "The exit was seen on the network"),
        "included" => ("good", "A block has the exit"),
        "finalized" => ("good", "The exit is final"),
        "withdrawable" => ("good", "The stake may be withdrawn"),
        "withdrawn" => ("good", "The stake is withdrawn"),
        "settled" => ("good", "The contracts settled it"),
        "expires" if future => ("later", "Voting ends"),
        "expires" => ("", "Voting ended"),
        other => return ("", words::capital(&other.replace('_', " "))),
    };
    (tone, text.to_owned())
}

fn more(what: &str, proposal: &ProposalView) -> Option<String> {
    let named = |decision: DecisionCode| {
        let names: Vec<&str> = proposal
            .votes
            .iter()
            .filter(|vote| vote.decision == decision)
            .map(|vote| vote.name.as_str())
            .collect();
        (!names.is_empty()).then(|| names.join(", "))
    };
    match what {
        "proposed" => named(DecisionCode::Reject).map(|names| format!("Refused by {names}.")),
        "certified" => named(DecisionCode::Approve).map(|names| format!("Approved by {names}.")),
        "held" => proposal.hold.as_ref().map(|hold| format!("{}.", words::capital(words::hold(hold.code)))),
        "combined" if !proposal.culprits.is_empty() => {
            Some(format!("False shares were found: {:?}.", proposal.culprits))
        }
        _ => None,
    }
}

/// What is to come.
fn next(proposal: &ProposalView) -> Option<String> {
    Some(match proposal.state {
        State::Open => match proposal.needed.saturating_sub(proposal.approvals) {
            1 => "One more approval is needed".to_owned(),
            more => format!("{more} more approvals are needed"),
        },
        State::Certified | State::Signed if !proposal.combined => {
            "Parts of the signature are awaited".to_owned()
        }
        State::Certified | State::Signed | State::Submitted => "A block is awaited".to_owned(),
        State::Included => "Finality is awaited".to_owned(),
        State::Finalized | State::Rejected | State::Expired | State::Moot => return None,
    })
}
