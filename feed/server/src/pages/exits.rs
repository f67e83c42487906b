//! Validators on their way out, and those that are out.

use super::layout::{Tab, document};
use super::parts::{Tone, count, empty, link, mark, plural};
use super::{Edition, words};
use crate::view::{ExitView, ProposalView};
use guardian_core::lifecycle::Step;
use guardian_core::proposal::State;
use maud::{Markup, html};
use serde::Deserialize;

/// Exits on a page.
const PAGE: usize = 25;

/// The way in six stations that a reader can keep in mind.
const STATIONS: [(&str, Step); 6] = [
    ("Due", Step::Due),
    ("Approved", Step::Certified),
    ("Signed", Step::Combined),
    ("In a block", Step::Included),
    ("Final", Step::Finalized),
    ("Stake withdrawn", Step::Withdrawn),
];

/// What a reader asks for.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Wanted {
    offset: usize,
}

pub(crate) fn page(edition: &Edition<'_>, wanted: &Wanted) -> Markup {
    let exits = edition.snapshot.exits();
    let counts = &edition.snapshot.network().counts;
    let shown: Vec<&ExitView> = exits.iter().skip(wanted.offset).take(PAGE).collect();
    let last = wanted.offset.saturating_add(shown.len());
    let body = html! {
        div.lead {
            h1 {
                @if exits.is_empty() { "No validator has been forced out." }
                @else if counts.exits_under_way == 0 { "No validator is leaving now." }
                @else if counts.exits_under_way == 1 { "One validator is leaving." }
                @else { (count(counts.exits_under_way)) " validators are leaving." }
            }
            p {
                (plural(counts.exits, "way out is", "ways out are")) " kept here, from the first sign to the settlement."
                @if counts.exits_late > 0 { " " (mark(Tone::Warn, &format!("{} later than they should be", counts.exits_late))) }
            }
        }
        section aria-labelledby="list" {
            h2.unseen id="list" { "List of exits" }
            div.sheet.flush {
                @if shown.is_empty() { (empty("Nothing to show.")) }
                @else { (table(edition, &shown)) }
            }
            nav.pager aria-label="Pages of the list" {
                span.soft { (plural(counts.exits, "exit", "exits")) }
                span.row {
                    @if wanted.offset > 0 { a.button rel="prev" href={ "/exits?offset=" (wanted.offset.saturating_sub(PAGE)) } { "Newer" } }
                    @if last < exits.len() { a.button rel="next" href={ "/exits?offset=" (last) } { "Older" } }
                }
            }
        }
    };
    document(edition, Some(Tab::Exits), "Exits", &body)
}

fn table(edition: &Edition<'_>, shown: &[&ExitView]) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-labelledby="list" {
            table.table.cards {
                thead { tr {
                    th scope="col" { "Validator" } th scope="col" { "Step" } th scope="col" { "Cause" } th scope="col" { "Since" }
                    th scope="col" { "Block" } th scope="col" { "Stake free" } th scope="col" { "Operator" }
                } }
                tbody {
                    @for exit in shown {
                        tr id={ "exit-" (exit.pubkey) } {
                            th.first scope="row" { (name(exit)) }
                            td.second data-label="Step" { span { (stand(exit)) @if exit.late.is_some() { " " (mark(Tone::Warn, "late")) } } }
                            td data-label="Cause" { (cause(exit)) }
                            td data-label="Since" { @match exit.steps.last() { Some(step) => (edition.clock.ago(step.moment.at)), None => "–" } }
                            td.extra data-label="Block" { @match exit.included_in { Some(block) => { "slot " (count(block.slot.0)) }, None => span.soft { "–" } } }
                            td data-label="Stake free" { @match exit.withdrawable { Some(epoch) => (edition.clock.ago(epoch.at)), None => span.soft { "–" } } }
                            td.extra data-label="Operator" {
                                @match exit.operator {
                                    Some(operator) => (link("the operator", &operator.to_string(), &format!("/operators/{operator}"))),
                                    None => span.soft { "–" },
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn name(exit: &ExitView) -> Markup {
    let key = exit.pubkey.to_string();
    html! {
        @match exit.index {
            Some(index) => a href={ "/validators/" (key) } { b { (index) } },
            None => (link("the key", &key, &format!("/validators/{key}"))),
        }
    }
}

fn stand(exit: &ExitView) -> Markup {
    let tone = match exit.step {
        None => Tone::None,
        Some(_) if exit.over => Tone::Done,
        Some(step) if step >= Step::Finalized => Tone::Good,
        Some(_) => Tone::Wait,
    };
    mark(tone, exit.step.map_or("Begun", words::step))
}

fn cause(exit: &ExitView) -> Markup {
    let cause = exit.rule.map_or("as decided", words::rule);
    html! { @match exit.proposal { Some(id) => a href={ "/proposals/" (id) } { (cause) }, None => (cause) } }
}

/// One exit in a list of the latest.
pub(crate) fn line(edition: &Edition<'_>, exit: &ExitView) -> Markup {
    html! {
        div.row {
            (name(exit)) span.soft { (cause(exit)) } (stand(exit))
            @if let Some(step) = exit.steps.last() { span.small { (edition.clock.ago(step.moment.at)) } }
            @if exit.late.is_some() { (mark(Tone::Warn, "late")) }
        }
    }
}

/// A validator's way out on its own page.
pub(crate) fn way(edition: &Edition<'_>, exit: &ExitView) -> Markup {
    html! {
        section aria-labelledby="way" {
            div.heading {
                h2 id="way" { "Its way out" }
                @if let Some(id) = exit.proposal { a.small href={ "/proposals/" (id) } { "The decision, and what proves it" } }
            }
            div.sheet {
                (stations(exit.step, false))
                @if let Some(late) = exit.late {
                    p { (mark(Tone::Warn, &format!("“{}” is late", words::step(late.step)))) " since " (edition.clock.when(late.moment.at)) }
                }
                details {
                    summary { "All steps" }
                    ol.story {
                        @for step in &exit.steps {
                            li.good { b { (words::step(step.step)) } span.small.soft { (edition.clock.precisely(step.moment.at)) ", slot " (count(step.moment.slot.0)) } }
                        }
                    }
                }
                @if let Some(epoch) = exit.withdrawable { p { "Its stake is free " (edition.clock.when(epoch.at)) "." } }
            }
        }
    }
}

/// How far a proposal came.
pub(crate) fn steps(proposal: &ProposalView) -> Markup {
    let reached = proposal.exit.as_ref().and_then(|exit| exit.step).max(match proposal.state {
        State::Open | State::Rejected | State::Expired | State::Moot => Some(Step::Proposed),
        State::Certified => Some(Step::Certified),
        State::Signed => Some(if proposal.combined { Step::Combined } else { Step::Released }),
        State::Submitted => Some(Step::Accepted),
        State::Included => Some(Step::Included),
        State::Finalized => Some(Step::Finalized),
    });
    stations(reached, matches!(proposal.state, State::Rejected | State::Expired | State::Moot))
}

fn stations(reached: Option<Step>, stopped: bool) -> Markup {
    let done =
        STATIONS.iter().take_while(|(_, step)| reached.is_some_and(|reached| reached >= *step)).count();
    html! {
        ol.steps aria-label="How far it came" {
            @for (place, (name, _)) in STATIONS.iter().enumerate() {
                @let now = place == done;
                li.(if place < done { "done" } else if now && stopped { "stop" } else if now { "now" } else { "later" })
                    aria-current=[(now && !stopped).then_some("step")] {
                    (name)
                    span.unseen { @if place < done { ", done" } @else if now && stopped { ", not reached: it ended here" } @else if now { ", next" } @else { ", to come" } }
                }
            }
        }
    }
}
