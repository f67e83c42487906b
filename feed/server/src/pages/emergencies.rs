//! Emergencies: exits that no rule asks for and people do.

use super::layout::{Tab, document};
use super::parts::{Tone, count, empty, fact, mark, plate, plural, short, whole};
use super::proposal::votes;
use super::{Edition, proposals, words};
use crate::view::EmergencyView;
use crate::view::emergency::RaiserKind;
use guardian_core::emergency::Severity;
use guardian_core::status::EmergencyState;
use maud::{Markup, html};

/// Validators and proposals that a page lists.
const SHOWN: usize = 200;

pub(crate) fn list(edition: &Edition<'_>) -> Markup {
    let all: Vec<EmergencyView> = edition
        .snapshot
        .status()
        .emergencies
        .iter()
        .map(|status| edition.snapshot.emergency_view(status))
        .collect();
    let open = all.iter().filter(|one| !one.over).count();
    let body = html! {
        div.lead {
            h1 { @if open == 0 { "There is no emergency." } @else if open == 1 { "There is an emergency." } @else { "There are " (open) " emergencies." } }
            p { "In an emergency people ask for exits that no rule asks for. It needs " b { (edition.snapshot.network().threshold) }
                " guardians' operators to approve, one by one; nothing approves by itself." }
        }
        section aria-labelledby="list" {
            h2.unseen id="list" { "List of emergencies" }
            div.sheet.flush {
                @if all.is_empty() { (empty("None is known.")) }
                @else { ul.list { @for one in &all { (line(edition, one)) } } }
            }
        }
    };
    document(edition, Some(Tab::Emergencies), "Emergencies", &body)
}

fn line(edition: &Edition<'_>, one: &EmergencyView) -> Markup {
    let (tone, state) = words::emergency(one.state);
    html! {
        li id={ "emergency-" (one.id) } {
            div.row {
                a href={ "/emergencies/" (one.id) } { b { (plural(as_u64(one.validators.len()), "validator", "validators")) } }
                (mark(tone, state)) (urgency(one.severity))
                span.small { (edition.clock.ago(one.raised.at)) }
                code.small.soft { (short(&one.id.to_string())) }
            }
            p { q { (one.reason) } }
            p.small.soft { (raiser(one)) " · " (plural(one.approvals.into(), "approval", "approvals")) ", " (one.needed) " needed" }
        }
    }
}

fn as_u64(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

fn urgency(severity: Severity) -> Markup {
    html! { @if severity == Severity::Urgent { (mark(Tone::Warn, "urgent")) } }
}

fn raiser(one: &EmergencyView) -> String {
    let name = one.raiser.name.clone().or_else(|| one.raiser.account.map(|account| account.to_string()));
    let name = name.unwrap_or_else(|| "somebody".to_owned());
    match one.raiser.kind {
        RaiserKind::Guardian => format!("asked for by guardian {name}"),
        RaiserKind::Account => format!("asked for by {name}, by signature"),
        RaiserKind::Contract => format!("asked for by {name}, through the contract"),
    }
}

pub(crate) fn page(edition: &Edition<'_>, one: &EmergencyView) -> Markup {
    let (tone, state) = words::emergency(one.state);
    let about: Vec<_> =
        one.proposals.iter().take(SHOWN).filter_map(|id| edition.snapshot.proposal(id)).collect();
    let body = html! {
        div.lead {
            p.over { (plate(tone, state)) (urgency(one.severity)) span { "Emergency" } }
            h1 { (answer(one)) }
            p { "“" (one.reason) "”" }
            p.small { (words::capital(&raiser(one))) ", " (edition.clock.when(one.raised.at)) }
            p.small { (whole("the emergency's id", &one.id.to_string())) }
        }
        div.pair {
            section aria-labelledby="said" {
                h2 id="said" { "Who agreed" }
                div.sheet.flush {
                    div.sheet-head { p { b { (plural(one.approvals.into(), "approval", "approvals")) } ", " (one.needed) " needed" } }
                    (votes(edition, &one.votes, None))
                }
            }
            section aria-labelledby="facts" {
                h2 id="facts" { "Its bounds" }
                div.sheet {
                    dl.facts {
                        (fact("Opened", edition.clock.when(one.opened.at)))
                        (fact("Approved from", html! { (edition.clock.when(one.certifiable_from.at)) span.small.soft { " – time to look, first" } }))
                        @if let Some(at) = one.certified { (fact("Approved", edition.clock.when(at.at))) }
                        (fact("Ends", edition.clock.when(one.expires.at)))
                        @for (state, number) in &one.exits { (fact(&format!("Exits {}", state.replace('_', " ")), html! { (count(*number)) })) }
                    }
                    p.small { a href={ "/v1/emergencies/" (one.id) } { "The same as data" } }
                }
            }
        }
        section aria-labelledby="whom" {
            h2 id="whom" { "Whom it names" }
            div.sheet { (named(edition, one)) }
        }
        section aria-labelledby="about" {
            h2 id="about" { "The exits it led to" }
            div.sheet.flush {
                @if about.is_empty() { (empty("None yet.")) } @else { (proposals::table(edition, &about, "about")) }
            }
        }
    };
    document(edition, Some(Tab::Emergencies), "Emergency", &body)
}

fn answer(one: &EmergencyView) -> String {
    let whom = plural(as_u64(one.validators.len()), "validator", "validators");
    match one.state {
        EmergencyState::Open => format!("People ask that {whom} leave; guardians' operators decide."),
        EmergencyState::Certified => format!("An emergency was approved: {whom} must leave."),
        EmergencyState::Done => format!("An emergency is over: it named {whom}."),
        EmergencyState::Rejected => format!("An emergency about {whom} was refused."),
        EmergencyState::Expired => format!("An emergency about {whom} expired."),
        EmergencyState::Cancelled => format!("An emergency about {whom} was taken back."),
    }
}

fn named(edition: &Edition<'_>, one: &EmergencyView) -> Markup {
    html! {
        p.row {
            @for index in one.validators.iter().take(SHOWN) {
                @match edition.snapshot.row_at(*index) {
                    Some(row) => a href={ "/validators/" (edition.snapshot.pubkey_of(row)) } { (index) },
                    None => span { (index) },
                }
            }
            @if one.validators.len() > SHOWN { span.soft { "and " (count(as_u64(one.validators.len().saturating_sub(SHOWN)))) " more" } }
        }
    }
}
