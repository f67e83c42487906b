//! The guardians: who is awake, what each sees, what each runs, what each could sign.

use super::layout::{Tab, document};
use super::parts::{Tone, count, empty, hex, link, mark, plural};
use super::{Edition, chart, readiness, words};
use crate::view::GuardianView;
use crypto::spec::{Epoch, Root};
use maud::{Markup, html};
use std::collections::BTreeMap;

/// Faults shown; the API has all.
const FAULTS: usize = 20;

/// Slots by which a head may trail the clock and still be up to date.
const CLOSE: u64 = 3;

pub(crate) fn page(edition: &Edition<'_>) -> Markup {
    let guardians = edition.snapshot.guardians();
    let body = html! {
        (lead(edition, guardians))
        (table(edition, guardians))
        div.pair { (diversity(edition)) (readiness::section(edition, guardians)) }
        (readiness::matrix(edition, guardians))
        div.pair { (faults(edition)) (ceremonies(edition)) }
    };
    document(edition, Some(Tab::Guardians), "Guardians", &body)
}

/// What the awake guardians call final, by epoch and root.
fn finals(guardians: &[GuardianView]) -> BTreeMap<(Epoch, Root), Vec<&str>> {
    let mut finals: BTreeMap<(Epoch, Root), Vec<&str>> = BTreeMap::new();
    for guardian in guardians.iter().filter(|guardian| guardian.alive) {
        if let Some(seen) = guardian.finalized {
            finals.entry((seen.epoch, seen.root)).or_default().push(&guardian.name);
        }
    }
    finals
}

/// Whether two of them call different blocks of one epoch final.
fn disagree(finals: &BTreeMap<(Epoch, Root), Vec<&str>>) -> bool {
    finals.keys().zip(finals.keys().skip(1)).any(|(one, next)| one.0 == next.0)
}

fn lead(edition: &Edition<'_>, guardians: &[GuardianView]) -> Markup {
    let network = edition.snapshot.network();
    let finals = finals(guardians);
    let silent: Vec<&str> =
        guardians.iter().filter(|guardian| !guardian.alive).map(|guardian| guardian.name.as_str()).collect();
    html! {
        div.lead {
            h1 {
                @if disagree(&finals) { "The guardians disagree about what is final." }
                @else if silent.is_empty() { "All " (network.guardians) " guardians are awake, and they see the same chain." }
                @else { (network.counts.guardians_alive) " of " (network.guardians) " guardians are awake." }
            }
            p {
                "Any " b { (network.threshold) } " of them can act together; fewer can do nothing. "
                @if !silent.is_empty() { "Not heard in the last two epochs: " b { (silent.join(", ")) } ". " }
                "What is told of the others is what they said themselves."
            }
        }
    }
}

fn table(edition: &Edition<'_>, guardians: &[GuardianView]) -> Markup {
    html! {
        section aria-labelledby="all" {
            h2 id="all" { "Who sees what" }
            div.sheet.flush.scroll tabindex="0" role="region" aria-labelledby="all" {
                table.table.cards {
                    thead { tr {
                        th scope="col" { "Guardian" } th scope="col" { "Awake" } th scope="col" { "Head, when heard" }
                        th scope="col" { "Final epoch" } th scope="col" { "Software" }
                        th.number scope="col" { "Working shares" } th scope="col" { "Enforces" }
                    } }
                    tbody { @for guardian in guardians { (row(edition, guardian)) } }
                }
            }
        }
    }
}

fn row(edition: &Edition<'_>, guardian: &GuardianView) -> Markup {
    html! {
        tr id={ "guardian-" (guardian.index.0) } {
            th.first scope="row" {
                span {
                    b { (guardian.index.0) " " (guardian.name) }
                    @if guardian.speaks { " " span.small.soft { "tells this" } }
                    span.small.soft { " " (hex("the peer id", &guardian.peer_id)) }
                }
            }
            td.second data-label="Awake" {
                @if guardian.alive { (mark(Tone::Good, "Awake")) } @else { (mark(Tone::Bad, "Silent")) }
                @if guardian.wishes_pause { " " (mark(Tone::Wait, "Wants a pause")) }
                @if guardian.faults > 0 { " " (mark(Tone::Warn, &plural(guardian.faults, "fault", "faults"))) }
            }
            td data-label="Head, when heard" {
                @match guardian.head {
                    Some(seen) => span {
                        (count(seen.slot.0))
                        @if let Some(heard) = guardian.last_heard {
                            span.small { (edition.clock.ago(heard.at)) }
                            @if let Some(lag) = lag(heard.slot.0, seen.slot.0) { span.small { (mark(Tone::Warn, &lag)) } }
                        }
                    },
                    None => span.soft { "not heard" },
                }
            }
            td data-label="Final epoch" {
                @match guardian.finalized {
                    Some(seen) => span { (count(seen.epoch.0)) " " span.small { (hex("the root", &seen.root.to_string())) } },
                    None => span.soft { "–" },
                }
            }
            td data-label="Software" {
                span {
                    (guardian.version.as_deref().unwrap_or("not said"))
                    @if let Some(clients) = &guardian.clients {
                        span.small.soft { (clients.consensus.join(", ")) " · " (clients.execution.join(", ")) }
                    }
                }
            }
            td.number data-label="Working shares" {
                span {
                    (guardian.proven.map_or_else(|| "–".to_owned(), count))
                    span.soft { " of " (guardian.shares.map_or_else(|| "–".to_owned(), count)) }
                }
            }
            td data-label="Enforces" { (rules(&guardian.enforces)) }
        }
    }
}

/// How far a guardian's head lay behind its own clock when it was heard, if it lay far.
fn lag(heard: u64, head: u64) -> Option<String> {
    let far = heard.saturating_sub(head);
    (far > CLOSE).then(|| format!("{} behind its clock then", plural(far, "slot", "slots")))
}

fn rules(codes: &[String]) -> Markup {
    let mut codes = codes.to_vec();
    codes.sort_unstable();
    html! {
        @if codes.is_empty() { span.soft { "nothing" } }
        @else { (codes.join(", ")) }
    }
}

fn diversity(edition: &Edition<'_>) -> Markup {
    let diversity = &edition.snapshot.network().diversity;
    let all = u64::from(edition.snapshot.network().guardians);
    html! {
        section aria-labelledby="diversity" {
            h2 id="diversity" { "What they run, as they declare it" }
            div.sheet {
                (shares("Consensus clients", &diversity.consensus, all))
                (shares("Execution clients", &diversity.execution, all))
                (shares("Guardian software", &diversity.versions, all))
                p.small.soft { "One client that most of them run is one fault that hits most of them." }
            }
        }
    }
}

fn shares(label: &str, counts: &BTreeMap<String, u64>, all: u64) -> Markup {
    html! {
        div {
            h3 { (label) }
            @if counts.is_empty() { p.small.soft { "None of them says." } }
            @else {
                table.table.shares {
                    thead.unseen { tr { th scope="col" { (label) } th scope="col" { "Guardians" } th scope="col" { "Share" } } }
                    tbody {
                        @for (name, number) in counts {
                            tr {
                                th scope="row" { (name) }
                                td.number { (number) }
                                td { (chart::bar(&format!("{number} of {all}"), &[("f", *number), ("none", all.saturating_sub(*number))])) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn faults(edition: &Edition<'_>) -> Markup {
    let faults = edition.snapshot.faults();
    html! {
        section aria-labelledby="faults" {
            div.heading { h2 id="faults" { "Who did wrong" } a.small href="/v1/faults" { "All, as data" } }
            div.sheet.flush {
                @if faults.is_empty() { (empty("No guardian was seen doing wrong.")) }
                @else {
                    ul.list {
                        @for fault in faults.iter().take(FAULTS) {
                            li { div.row {
                                (mark(Tone::Warn, &fault.name)) span { (words::fault(&fault.kind)) }
                                @if let Some(id) = fault.proposal {
                                    span.small { "about " (link("the proposal's id", &id.to_string(), &format!("/proposals/{id}"))) }
                                }
                            } }
                        }
                    }
                }
            }
        }
    }
}

fn ceremonies(edition: &Edition<'_>) -> Markup {
    let ceremonies = edition.snapshot.ceremonies();
    html! {
        section aria-labelledby="ceremonies" {
            h2 id="ceremonies" { "What is done with the keys" }
            div.sheet.flush {
                @if ceremonies.is_empty() { (empty("No ceremony is known: the keys are as they were.")) }
                @else {
                    ul.list {
                        @for ceremony in ceremonies.iter().take(FAULTS) {
                            li {
                                div.row {
                                    b { (words::capital(&ceremony.kind.replace('_', " "))) }
                                    span.soft { (words::ceremony(ceremony)) }
                                    span.small.soft { (edition.clock.ago(ceremony.opened.at)) }
                                }
                                @for change in &ceremony.changes { p.small.soft { (change) } }
                            }
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
