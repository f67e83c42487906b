//! One validator: how it is, whether it is in danger, and until when it is safe.

use super::layout::{Tab, document};
use super::operator::{runway_chart, runway_sentence};
use super::parts::{
    Tone, count, empty, eth, eth_figure, fact, figure, hex, link, mark, plate, plural, whole,
};
use super::{Edition, exits, health, proposals, words};
use crate::view::{DangerView, Health, ValidatorView};
use maud::{Markup, html};

pub(crate) fn page(edition: &Edition<'_>, validator: &ValidatorView) -> Markup {
    let title = validator.index.map_or_else(|| "Validator".to_owned(), |index| format!("Validator {index}"));
    let body = html! {
        (lead(edition, validator))
        (figures(edition, validator))
        @if !validator.dangers.is_empty() { (dangers(edition, validator)) }
        @if let Some(exit) = &validator.exit { (exits::way(edition, exit)) }
        (health::section(edition, validator))
        (tickets(edition, validator))
        div.pair { (readiness(edition, validator)) (facts(edition, validator)) }
        (about(edition, validator))
    };
    document(edition, Some(Tab::Validators), &title, &body)
}

fn name(validator: &ValidatorView) -> String {
    validator.index.map_or_else(|| "This validator".to_owned(), |index| format!("Validator {index}"))
}

fn answer(validator: &ValidatorView) -> String {
    let name = name(validator);
    match validator.health {
        Health::Ok => format!("{name} is well, and not in danger."),
        Health::Warning => format!("{name} needs attention, but is not in danger yet."),
        Health::Danger => format!("{name} is in danger: it will be forced out if nothing changes."),
        Health::Due => format!("{name} must leave: guardians decide about its exit."),
        Health::Leaving => format!("{name} is leaving the chain."),
        Health::Gone => format!("{name} has left the chain."),
        Health::Pending => format!("{name} is not on duty yet."),
        Health::Unknown => format!("{name} is known, but too little is seen of it."),
    }
}

fn lead(edition: &Edition<'_>, validator: &ValidatorView) -> Markup {
    let (tone, text) = words::health(validator.health);
    html! {
        div.lead {
            p.over { (plate(tone, text)) (mark(words::validator(validator.status).0, words::validator(validator.status).1)) }
            h1 { (answer(validator)) }
            p { (whole("the key", &validator.pubkey.to_string())) }
            @if let Some(operator) = validator.operator {
                p.small { "Run by " (link("the operator", &operator.to_string(), &format!("/operators/{operator}")))
                    @if let Some(standing) = validator.standing {
                        " " (mark(words::standing(standing).0, words::standing(standing).1))
                    }
                }
            }
            @if validator.slashed { p { (mark(Tone::Bad, "It was slashed: the chain itself makes it leave.")) } }
            @if !validator.guarded {
                p.small.soft { (edition.speaker()) " holds no share of its key, so it only knows what the contracts say of it." }
            }
        }
    }
}

fn figures(edition: &Edition<'_>, validator: &ValidatorView) -> Markup {
    let network = edition.snapshot.network();
    let floor = validator.runway.as_ref().and_then(|runway| runway.floor);
    html! {
        dl.figures {
            (figure("Balance", html! {
                @match validator.balance { Some(balance) => (eth_figure(balance.0)), None => "–" }
            }, html! {
                @if let Some(effective) = validator.effective_balance { "effective " (eth(effective.0)) }
            }))
            (figure("Last attested", html! {
                @match validator.last_live { Some(live) => { small { "epoch " } (count(live.epoch.0)) }, None => "–" }
            }, html! {
                @if let Some(live) = validator.last_live { (edition.clock.ago(live.at)) } @else { "not seen" }
            }))
            (figure("Dark for", html! {
                (count(validator.dark_epochs)) small { @if validator.dark_epochs == 1 { " epoch" } @else { " epochs" } }
            }, html! { @if validator.dark_epochs == 0 { "attests" } @else { "in a row" } }))
            (figure("Tickets last", html! {
                @match floor {
                    Some(floor) if floor.epochs == 0 => { "0" small { " d" } }
                    Some(floor) => (super::moment::span(floor.at.saturating_sub(edition.as_of))),
                    None => "–",
                }
            }, html! {
                @match floor {
                    Some(floor) if floor.epochs == 0 => "below the floor",
                    Some(floor) => { "until " (super::moment::day(floor.at)) }
                    None => "needs none",
                }
            }))
            (figure("Guardians ready", html! {
                (validator.ready.len()) small { " of " (network.guardians) }
            }, html! { (network.threshold) " needed" }))
        }
    }
}

fn dangers(edition: &Edition<'_>, validator: &ValidatorView) -> Markup {
    html! {
        section aria-labelledby="dangers" {
            h2 id="dangers" { "What endangers it" }
            @for danger in &validator.dangers { (danger_box(edition, danger)) }
        }
    }
}

fn danger_box(edition: &Edition<'_>, danger: &DangerView) -> Markup {
    let (tone, level) = words::health(danger.level);
    html! {
        div.note-box.(tone.class()) {
            p { (mark(tone, level)) " " b { (danger.rule.map_or("Slashed", words::rule)) } }
            p { (words::capital(&danger.detail)) "." }
            @if let Some(due) = danger.due {
                p {
                    @if due.at <= edition.as_of { "That is so since " (edition.clock.when(due.at)) ", epoch " (count(due.epoch.0)) "." }
                    @else { "It becomes due " (edition.clock.when(due.at)) ", in epoch " (count(due.epoch.0)) ", if nothing changes." }
                }
            }
            p.soft { (words::advice(danger.rule)) }
        }
    }
}

fn tickets(edition: &Edition<'_>, validator: &ValidatorView) -> Markup {
    let account = validator.operator.and_then(|operator| edition.snapshot.operator(&operator));
    html! {
        section aria-labelledby="tickets" {
            h2 id="tickets" { "How long its tickets last" }
            div.sheet {
                @match account {
                    Some(account) => {
                        (runway_sentence(edition, &account))
                        (runway_chart(edition, &account))
                        p.small.soft {
                            "Tickets are the operator's, for all its " (plural(account.active, "validator", "validators")) " together. "
                            a href={ "/operators/" (account.operator) } { "The operator's page" } " has the dates for a calendar."
                        }
                    }
                    None => (empty("It did not come through the contracts, so it needs no tickets.")),
                }
            }
        }
    }
}

fn readiness(edition: &Edition<'_>, validator: &ValidatorView) -> Markup {
    let network = edition.snapshot.network();
    let enough = validator.ready.len() >= usize::from(network.threshold);
    html! {
        section aria-labelledby="ready" {
            h2 id="ready" { "Who could sign for it" }
            div.sheet {
                p {
                    @if enough { (mark(Tone::Good, "Enough")) } @else { (mark(Tone::Warn, "Too few")) } " "
                    b { (validator.ready.len()) " of " (network.guardians) } " guardians proved today or yesterday that their share of its key works. "
                    (network.threshold) " are needed to sign its exit."
                }
                ul.seats aria-label="Guardians" {
                    @for guardian in edition.snapshot.guardians() {
                        @let ready = validator.ready.contains(&guardian.index);
                        li.(if ready { "yes" } else { "not" }) title=(guardian.name) {
                            span aria-hidden="true" { (guardian.index.0) }
                            span.unseen { (guardian.name) ": " @if ready { "ready" } @else { "not proven" } }
                        }
                    }
                }
            }
        }
    }
}

fn facts(edition: &Edition<'_>, validator: &ValidatorView) -> Markup {
    html! {
        section aria-labelledby="facts" {
            h2 id="facts" { "Where it comes from" }
            div.sheet {
                @match &validator.registration {
                    Some(registration) => dl.facts {
                        (fact("Registration", html! { (words::capital(words::life(registration.life))) ", number " (registration.index) }))
                        (fact("Module", hex("the module", &registration.module.to_string())))
                        (fact("Block", html! { (count(registration.block.0)) }))
                        (fact("Transaction", hex("the transaction", &registration.transaction.to_string())))
                        (fact("Worth here", html! {
                            @if registration.verdict == crypto::registration::Verdict::Accepted { (mark(Tone::Good, "share verified")) }
                            @else { (mark(Tone::Warn, &registration.verdict.code().replace('_', " "))) }
                        }))
                    },
                    None => (empty("It was not registered through the contracts.")),
                }
                p.small { a href={ "/v1/validators/" (validator.pubkey) } { "The same as data" } }
                @if edition.stale { p.small.soft { "These figures are old." } }
            }
        }
    }
}

fn about(edition: &Edition<'_>, validator: &ValidatorView) -> Markup {
    let about: Vec<_> = validator.proposals.iter().filter_map(|id| edition.snapshot.proposal(id)).collect();
    html! {
        section aria-labelledby="about" {
            h2 id="about" { "Proposals about it" }
            div.sheet.flush {
                @if about.is_empty() { (empty("Nobody has proposed its exit.")) }
                @else { (proposals::table(edition, &about, "about")) }
            }
        }
    }
}
