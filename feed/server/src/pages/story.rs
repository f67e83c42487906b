//! What happened to a proposal, told downwards: who saw, voted, held, signed, posted, included.

use super::Edition;
use super::parts::count;
use super::words;
use crate::view::ProposalView;
use crate::view::proposal::{DecisionCode, HappeningView};
use guardian_core::proposal::State;
use maud::{Markup, html};

/// Something told.
struct Told {
    tone: &'static str,
    at: Option<u64>,
    slot: Option<u64>,
    title: String,
    /// Why somebody refused.
    why: Option<&'static str>,
    more: Option<String>,
}

pub(crate) fn of(edition: &Edition<'_>, proposal: &ProposalView) -> Markup {
    html! {
        ol.story {
            @for told in told(edition, proposal) {
                li.(told.tone) {
                    span { b { (told.title) } @if let Some(why) = told.why { ": " (why) } }
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
            why: None,
            more,
        });
    }
    let me = edition.snapshot.status().guardian;
    // Its own part is told as what it released.
    let is_told_twice =
        |one: &HappeningView| one.what == "signed" && one.guardian == Some(me) && proposal.released.is_some();
    let happenings = proposal.timeline.iter().filter(|one| !is_told_twice(one));
    for Line { happening, names } in lines(happenings) {
        let future = happening.moment.at > edition.as_of;
        let (tone, title) = match &names[..] {
            [] => title(&happening.what, future),
            names => deed(happening.decision, names),
        };
        let tone = if future { "later" } else { tone };
        let (at, slot) = (Some(happening.moment.at), Some(happening.moment.slot.0));
        let why = happening.reason.map(words::reason);
        all.push(Told { tone, at, slot, title, why, more: more(&happening.what, proposal) });
    }
    if !proposal.over
        && proposal.hold.is_none()
        && let Some(next) = next(proposal)
    {
        all.push(Told { tone: "later", at: None, slot: None, title: next, why: None, more: None });
    }
    if let Some(end) = end(proposal) {
        all.push(end);
    }
    all
}

/// How it ended, where nobody noted when.
fn end(proposal: &ProposalView) -> Option<Told> {
    let title = match proposal.state {
        State::Rejected => "Too many guardians refused",
        State::Moot => "It is no longer needed",
        _ => return None,
    };
    Some(Told { tone: "", at: None, slot: None, title: title.to_owned(), why: None, more: None })
}

/// What is told in one line.
#[derive(Debug, PartialEq)]
struct Line<'a> {
    happening: &'a HappeningView,
    /// The guardians that did it.
    names: Vec<&'a str>,
}

/// What several guardians did alike in one slot is one line, where the first of them did it.
fn lines<'a>(happenings: impl Iterator<Item = &'a HappeningView>) -> Vec<Line<'a>> {
    let mut lines: Vec<Line<'_>> = Vec::new();
    for happening in happenings {
        let Some(name) = happening.name.as_deref() else {
            lines.push(Line { happening, names: Vec::new() });
            continue;
        };
        let deed = |one: &HappeningView| (one.what.clone(), one.moment, one.decision, one.reason);
        match lines.iter_mut().find(|line| !line.names.is_empty() && deed(line.happening) == deed(happening))
        {
            Some(line) => line.names.push(name),
            None => lines.push(Line { happening, names: vec![name] }),
        }
    }
    lines
}

/// What guardians did: how they voted, or that their parts of the signature were here.
fn deed(decision: Option<DecisionCode>, names: &[&str]) -> (&'static str, String) {
    let (who, alone) = (listed(names.iter().copied()), names.len() == 1);
    match decision {
        Some(DecisionCode::Approve) => ("good", format!("{who} approved")),
        Some(DecisionCode::Reject) => ("bad", format!("{who} refused")),
        Some(DecisionCode::Withdraw) if alone => ("wait", format!("{who} took its approval back")),
        Some(DecisionCode::Withdraw) => ("wait", format!("{who} took their approvals back")),
        None => {
            let whose = listed(names.iter().map(|name| format!("{name}’s")));
            let (parts, verb) = if alone { ("part", "was") } else { ("parts", "were") };
            ("good", format!("{whose} {parts} of the signature {verb} here"))
        }
    }
}

/// `a`, `a and b`, `a, b and c`.
fn listed(items: impl Iterator<Item = impl Into<String>>) -> String {
    let mut items: Vec<String> = items.map(Into::into).collect();
    let Some(last) = items.pop() else { return String::new() };
    if items.is_empty() { last } else { format!("{} and {last}", items.join(", ")) }
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
    match what {
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

#[cfg(test)]
mod tests;
