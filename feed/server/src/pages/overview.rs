//! The first page: is the network alive, and what does it do?

use super::layout::{Tab, document};
use super::parts::{Tone, count, empty, fact, fact_of, figure, link, mark, plural};
use super::{Edition, chart, exits, logs, proposals, words};
use crate::view::{GuardianView, Health, NetworkView};
use maud::{Markup, html};

/// How many exits and how many held proposals the first page shows.
const SHOWN: usize = 5;

pub(crate) fn page(edition: &Edition<'_>) -> Markup {
    let network = edition.snapshot.network();
    let body = html! {
        (lead(edition, network))
        (figures(edition, network))
        div.pair { (held(edition, network)) (leaving(edition)) }
        div.pair { (health(network)) (logs::card(edition)) }
        div.pair { (rules(network)) (bounds(network)) }
    };
    document(edition, Some(Tab::Overview), "Overview", &body)
}

/// The answer, in a sentence.
fn answer(edition: &Edition<'_>, network: &NetworkView) -> (Tone, String) {
    let (awake, all, needed) = (network.counts.guardians_alive, network.guardians, network.threshold);
    if edition.stale {
        return (
            Tone::None,
            "Whether the network is alive cannot be told: these figures are old.".to_owned(),
        );
    }
    if awake < u64::from(needed) {
        let text =
            format!("The network cannot act: {awake} of {all} guardians are awake, and {needed} are needed.");
        return (Tone::Bad, text);
    }
    if network.pauses.network {
        return (Tone::Wait, "The network is alive, and paused: nobody is forced out.".to_owned());
    }
    if network.joining {
        return (Tone::Wait, "A new set of guardians waits for the one before it to hand over.".to_owned());
    }
    (Tone::Good, format!("The network is alive: {awake} of {all} guardians are awake."))
}

fn lead(edition: &Edition<'_>, network: &NetworkView) -> Markup {
    let (tone, text) = answer(edition, network);
    let counts = &network.counts;
    let endangered = of(counts, Health::Danger).saturating_add(of(counts, Health::Due));
    html! {
        div.lead {
            p.over {
                (mark(tone, match tone { Tone::Good => "Alive", Tone::Bad => "Cannot act", Tone::Wait => "Waiting", _ => "Unknown" }))
                span { (network.chain.name) " · guardian set " (network.guardian_set_epoch) }
            }
            h1 { (text) }
            p {
                "It takes " b { (network.threshold) " of " (network.guardians) } " of them to force a validator off the chain. They watch "
                b { (plural(counts.guarded, "validator", "validators")) } "; "
                @if endangered == 0 { "none is in danger." }
                @else { b { (count(endangered)) } @if endangered == 1 { " is" } @else { " are" } " in danger of being forced out." }
            }
            (seats(edition.snapshot.guardians()))
        }
    }
}

/// All guardians as seats: who is awake.
fn seats(guardians: &[GuardianView]) -> Markup {
    html! {
        ul.seats aria-label="Guardians" {
            @for guardian in guardians {
                li.(if guardian.alive { "yes" } else { "no" }) title=(guardian.name) {
                    span aria-hidden="true" { (guardian.index.0) }
                    span.unseen { (guardian.name) ": " @if guardian.alive { "awake" } @else { "silent" } }
                }
            }
        }
    }
}

fn figures(edition: &Edition<'_>, network: &NetworkView) -> Markup {
    let counts = &network.counts;
    let finalized = network.finalized;
    html! {
        dl.figures {
            (figure("Guardians awake", html! {
                (counts.guardians_alive) small { " of " (network.guardians) }
            }, html! { (network.threshold) " needed" }))
            (figure("Validators guarded", html! { (count(counts.guarded)) }, html! {
                "of " (plural(counts.operators, "operator", "operators"))
            }))
            (figure("Leaving now", html! { (count(counts.exits_under_way)) }, html! {
                @if counts.exits_late == 0 { "none late" } @else { (mark(Tone::Warn, &format!("{} late", counts.exits_late))) }
            }))
            (figure("Held back", html! { (count(counts.proposals_held)) }, html! {
                (plural(counts.proposals_open, "proposal", "proposals")) " open"
            }))
            (figure("Final epoch", html! { @if let Some(finalized) = finalized { (count(finalized.epoch.0)) } @else { "–" } }, html! {
                @if let Some(finalized) = finalized { "began " (edition.clock.ago(finalized.at)) } @else { "none yet" }
            }))
            (figure("Emergencies", html! { a href="/emergencies" { (count(counts.emergencies_open)) } }, html! {
                a href="/guardians#faults" { (plural(counts.faults, "fault", "faults")) } " of guardians seen"
            }))
        }
    }
}

fn held(edition: &Edition<'_>, network: &NetworkView) -> Markup {
    let all = edition.snapshot.status().proposals.iter().filter(|status| status.hold.is_some());
    let held: Vec<_> = all.take(SHOWN).map(|status| edition.snapshot.proposal_view(status)).collect();
    html! {
        section aria-labelledby="held" {
            div.heading { h2 id="held" { "What is held back, and why" } a.small href="/proposals?held=true" { "All held" } }
            @if network.pauses.network {
                div.note-box.wait {
                    p { b { "The network is paused. " } (network.pauses.wished_by.len()) " of " (network.pauses.threshold)
                        " guardians needed for it wish so." }
                }
            }
            div.sheet.flush {
                @if held.is_empty() { (empty("Nothing is held back: what is approved is signed.")) }
                @else {
                    ul.list {
                        @for proposal in &held {
                            @let hold = proposal.hold.as_ref();
                            li {
                                div.row {
                                    (proposals::reference(proposal))
                                    @if let Some(since) = hold.and_then(|hold| hold.since) { span.small { (edition.clock.ago(since.at)) } }
                                }
                                @if let Some(hold) = hold { (mark(Tone::Wait, &words::capital(words::hold(hold.code)))) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn leaving(edition: &Edition<'_>) -> Markup {
    let exits = edition.snapshot.exits();
    html! {
        section aria-labelledby="leaving" {
            div.heading { h2 id="leaving" { "Latest exits" } a.small href="/exits" { "All exits" } }
            div.sheet.flush {
                @if exits.is_empty() { (empty("No validator has been forced out.")) }
                @else {
                    ul.list { @for exit in exits.iter().take(SHOWN) { li { (exits::line(edition, exit)) } } }
                }
            }
        }
    }
}

fn of(counts: &crate::view::network::CountsView, health: Health) -> u64 {
    counts.health.get(health.code()).copied().unwrap_or(0)
}

fn health(network: &NetworkView) -> Markup {
    let rows: Vec<(Health, u64)> =
        Health::ALL.iter().map(|health| (*health, of(&network.counts, *health))).collect();
    let class = |health| match health {
        Health::Ok => "a",
        Health::Warning => "b",
        Health::Danger | Health::Due => "c",
        Health::Leaving => "e",
        Health::Gone | Health::Unknown => "d",
        Health::Pending => "f",
    };
    let parts: Vec<(&str, u64)> = rows.iter().map(|(health, number)| (class(*health), *number)).collect();
    let said: Vec<String> = rows
        .iter()
        .map(|(health, number)| format!("{} {}", count(*number), words::health(*health).1))
        .collect();
    html! {
        section aria-labelledby="health" {
            div.heading { h2 id="health" { "How the validators are" } a.small href="/validators" { "All validators" } }
            div.sheet {
                (chart::bar(&said.join(", "), &parts))
                dl.facts.tight {
                    @for (health, number) in &rows {
                        @if *number > 0 {
                            (fact_of(mark(words::health(*health).0, words::health(*health).1), html! {
                                a href={ "/validators?health=" (health.code()) } { (count(*number)) }
                            }))
                        }
                    }
                }
            }
        }
    }
}

fn rules(network: &NetworkView) -> Markup {
    html! {
        section aria-labelledby="rules" {
            h2 id="rules" { "When a validator must leave" }
            div.sheet.flush {
                ul.list {
                    @for rule in &network.rules {
                        li {
                            div.row {
                                b { (words::rule_of(&rule.rule)) }
                                (mark(words::enforcement(rule.enforcement).0, words::enforcement(rule.enforcement).1))
                                @if let Some(enforcing) = rule.enforcing {
                                    span.small.soft { "by " (enforcing) " of " (network.guardians) " guardians" }
                                }
                            }
                            p.small.soft { (words::capital(&words::limit(rule))) "." }
                        }
                    }
                }
            }
        }
    }
}

fn bounds(network: &NetworkView) -> Markup {
    let caps = &network.caps;
    html! {
        section aria-labelledby="bounds" {
            h2 id="bounds" { "What bounds the guardians" }
            div.sheet {
                dl.facts {
                    (fact("Exits", html! {
                        "at most " b { (caps.exits_per_epoch) } " an epoch and " b { (caps.exits_per_day) } " a day"
                    }))
                    (fact("Of one operator", html! { "at most " b { (caps.exits_per_operator_per_day) } " a day" }))
                    (fact("Of one module", html! { "at most " b { (caps.exits_per_module_per_day) } " a day" }))
                    (fact("Of all validators", html! { "at most " b { (caps.max_share_percent_per_day) " %" } " a day" }))
                    (fact("Many dark at once", html! {
                        "nobody is forced out while more than " b { (caps.max_dark_percent) " %" } " are dark"
                    }))
                    (fact("Finality", html! {
                        "nobody is forced out while it trails by more than " b { (plural(caps.max_finality_distance, "epoch", "epochs")) }
                    }))
                    @if let Some(contracts) = &network.contracts {
                        (fact("Contracts", html! {
                            (link("the contract's address", &contracts.protocol.to_string(), "/v1/network")) " "
                            @if contracts.agree { (mark(Tone::Good, "as defined")) } @else { (mark(Tone::Bad, "differ from the definition")) }
                        }))
                    }
                }
            }
        }
    }
}
