//! The list of proposals.

use super::layout::{Tab, document};
use super::parts::{Tone, count, empty, link, mark, plural, short};
use super::{Edition, words};
use crate::view::ProposalView;
use guardian_core::proposal::{RuleKind, State};
use maud::{Markup, html};
use serde::Deserialize;

/// Proposals on a page.
const PAGE: usize = 25;

const STATES: [State; 9] = [
    State::Open,
    State::Certified,
    State::Signed,
    State::Submitted,
    State::Included,
    State::Finalized,
    State::Rejected,
    State::Expired,
    State::Moot,
];

const RULES: [RuleKind; 4] = [RuleKind::Offline, RuleKind::Tickets, RuleKind::Balance, RuleKind::Emergency];

/// What a reader asks for.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Wanted {
    state: String,
    rule: String,
    held: String,
    offset: usize,
}

impl Wanted {
    fn at(&self, offset: usize) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        for (name, value) in [("state", &self.state), ("rule", &self.rule), ("held", &self.held)] {
            if !value.is_empty() {
                query.append_pair(name, value);
            }
        }
        query.append_pair("offset", &offset.to_string());
        format!("/proposals?{}", query.finish())
    }
}

pub(crate) fn page(edition: &Edition<'_>, wanted: &Wanted) -> Markup {
    let network = edition.snapshot.network();
    let state = STATES.into_iter().find(|state| state.code() == wanted.state);
    let rule = RULES.into_iter().find(|rule| rule.code() == wanted.rule);
    let held = wanted.held == "true";
    let all: Vec<_> = edition
        .snapshot
        .status()
        .proposals
        .iter()
        .filter(|one| state.is_none_or(|state| one.state == state))
        .filter(|one| rule.is_none_or(|rule| one.proposal.origin.kind() == rule))
        .filter(|one| !held || one.hold.is_some())
        .collect();
    let shown: Vec<ProposalView> = all
        .iter()
        .skip(wanted.offset)
        .take(PAGE)
        .map(|status| edition.snapshot.proposal_view(status))
        .collect();
    let last = wanted.offset.saturating_add(shown.len());
    let body = html! {
        div.lead {
            h1 {
                @if network.counts.proposals_open == 0 { "Nothing is being decided." }
                @else if network.counts.proposals_open == 1 { "One exit is being decided." }
                @else { (count(network.counts.proposals_open)) " exits are being decided." }
            }
            p { "A proposal asks the guardians to force one validator out. It needs " b { (network.threshold) " of " (network.guardians) }
                " approvals, each of which a guardian gives only when its own nodes show the cause." }
        }
        section aria-labelledby="list" {
            h2.unseen id="list" { "List of proposals" }
            form.filters method="get" action="/proposals" role="search" {
                label.field { span { "State" } select name="state" {
                    option value="" { "Any" }
                    @for one in STATES { option value=(one.code()) selected[state == Some(one)] { (words::state(one).1) } }
                } }
                label.field { span { "Cause" } select name="rule" {
                    option value="" { "Any" }
                    @for one in RULES { option value=(one.code()) selected[rule == Some(one)] { (words::rule(one)) } }
                } }
                label.field { span { "Held back" } select name="held" {
                    option value="" { "Either way" }
                    option value="true" selected[held] { "Only held" }
                } }
                button.button.first type="submit" { "Show" }
            }
            div.sheet.flush {
                @if shown.is_empty() { (empty("No proposal, as far as they are kept.")) }
                @else { (table(edition, &shown, "list")) }
            }
            nav.pager aria-label="Pages of the list" {
                span.soft { (plural(u64::try_from(all.len()).unwrap_or(u64::MAX), "proposal", "proposals")) }
                span.row {
                    @if wanted.offset > 0 { a.button rel="prev" href=(wanted.at(wanted.offset.saturating_sub(PAGE))) { "Newer" } }
                    @if last < all.len() { a.button rel="next" href=(wanted.at(last)) { "Older" } }
                }
            }
        }
    };
    document(edition, Some(Tab::Proposals), "Proposals", &body)
}

/// A table of proposals. `heading` is the id of the heading above it.
pub(crate) fn table(edition: &Edition<'_>, shown: &[ProposalView], heading: &str) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-labelledby=(heading) {
            table.table.cards {
                thead { tr {
                    th scope="col" { "Validator" } th scope="col" { "State" } th scope="col" { "Cause" }
                    th scope="col" { "Approvals" } th scope="col" { "Opened" } th scope="col" { "Proposal" }
                } }
                tbody { @for proposal in shown { (line(edition, proposal)) } }
            }
        }
    }
}

fn line(edition: &Edition<'_>, proposal: &ProposalView) -> Markup {
    let (tone, state) = words::state(proposal.state);
    let id = proposal.id.to_string();
    html! {
        tr id={ "proposal-" (id) } {
            th.first scope="row" { a href={ "/proposals/" (id) } { b { (proposal.index) } } }
            td.second data-label="State" { span {
                (mark(tone, state))
                @if let Some(hold) = &proposal.hold { span.small { (mark(Tone::Wait, &format!("held: {}", words::hold(hold.code)))) } }
            } }
            td data-label="Cause" { (words::rule(proposal.rule)) }
            td data-label="Approvals" { span { (proposal.approvals) span.soft { ", " (proposal.needed) " needed" } } }
            td data-label="Opened" { (edition.clock.ago(proposal.opened.at)) }
            td.extra data-label="Proposal" { (link("the proposal's id", &id, &format!("/proposals/{id}"))) }
        }
    }
}

/// A proposal in running text.
pub(crate) fn reference(proposal: &ProposalView) -> Markup {
    html! {
        a href={ "/proposals/" (proposal.id) } title={ "Proposal " (short(&proposal.id.to_string())) } { "Validator " (proposal.index) }
        span.soft { (words::rule(proposal.rule)) }
    }
}
