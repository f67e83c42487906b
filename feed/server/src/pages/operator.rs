//! One node operator: how long its tickets last, and what to do until when.

use super::chart::{self, Course, Scale, line_key};
use super::layout::{Tab, document};
use super::parts::{Tone, count, empty, fact, figure, float, mark, plate, plural, tickets, whole};
use super::validators::{Wanted, table};
use super::{Edition, words};
use crate::api::history::tickets_of;
use crate::view::{Deadline, OperatorView};
use guardian_core::status::Standing;
use maud::{Markup, html};

/// Validators shown here; the list has all.
const SHOWN: usize = 20;

const DAY: f64 = 86_400.0;

/// Days that a forecast without an end shows.
const HORIZON: f64 = 30.0;

pub(crate) fn page(edition: &Edition<'_>, operator: &OperatorView) -> Markup {
    let mut rows = edition.snapshot.rows_of(&operator.operator).to_vec();
    rows.sort_by_key(|row| {
        let index = edition.snapshot.index_of(*row);
        (!edition.snapshot.health(*row).is_endangered(), index.is_none(), index)
    });
    rows.truncate(SHOWN);
    let body = html! {
        (lead(edition, operator))
        (figures(edition, operator))
        section aria-labelledby="runway" {
            h2 id="runway" { "How long the tickets last" }
            div.sheet { (runway_chart(edition, operator)) (dates(edition, operator)) }
        }
        section aria-labelledby="theirs" {
            div.heading {
                h2 id="theirs" { "Its validators" }
                a.small href={ "/validators?operator=" (operator.operator) } { "All " (count(operator.validators)) ", to search and sort" }
            }
            div.sheet.flush {
                @if rows.is_empty() { (empty("It has no validator.")) }
                @else { (table(edition, &Wanted::of(&operator.operator), &rows)) }
            }
        }
    };
    document(edition, Some(Tab::Validators), "Operator", &body)
}

fn lead(edition: &Edition<'_>, operator: &OperatorView) -> Markup {
    let (tone, text) = words::standing(operator.standing);
    html! {
        div.lead {
            p.over { (plate(tone, text)) span { "Node operator" } }
            h1 { (answer(edition, operator)) }
            p { (whole("the operator's account", &operator.operator.to_string())) }
            @if operator.endangered > 0 {
                p { (mark(Tone::Bad, &format!("{} in danger", plural(operator.endangered, "validator", "validators")))) }
            }
            @if operator.unexplained {
                p { (mark(Tone::Warn, "Its account differs from what was logged, so nothing is concluded from it.")) }
            }
            div.row {
                a.button href={ "/v1/operators/" (operator.operator) "/runway.ics" } { "Dates for your calendar" }
                a.button href={ "/v1/operators/" (operator.operator) } { "The same as data" }
            }
        }
    }
}

fn answer(edition: &Edition<'_>, operator: &OperatorView) -> String {
    let left = |deadline: Deadline| super::moment::relative(edition.as_of, deadline.at);
    let floor = operator.runway.as_ref().and_then(|runway| runway.floor);
    match (operator.standing, floor) {
        (Standing::Idle, _) => {
            "This operator has no validator on duty, so its tickets are not used.".to_owned()
        }
        (Standing::Unknown, _) => "How long this operator's tickets last cannot be told.".to_owned(),
        (Standing::Due, _) => "This operator's validators must leave: its tickets are used up.".to_owned(),
        (Standing::Short, _) => {
            "This operator is short of tickets, and its time to top up runs out.".to_owned()
        }
        (Standing::Warning, Some(floor)) => {
            format!("This operator should top up: its tickets last until {}.", super::moment::day(floor.at))
        }
        (_, Some(floor)) => format!("This operator's tickets reach the floor {}.", left(floor)),
        (_, None) => "This operator's tickets last.".to_owned(),
    }
}

fn figures(edition: &Edition<'_>, operator: &OperatorView) -> Markup {
    let floor = operator.runway.as_ref().and_then(|runway| runway.floor);
    html! {
        dl.figures {
            (figure("Tickets left", html! { (tickets(operator.present.0)) }, html! { "of " (tickets(operator.deposited.0)) " on deposit" }))
            (figure("Used a day", html! { (tickets(operator.daily.0)) }, html! { "by " (plural(operator.active, "validator", "validators")) }))
            (figure("Floor", html! { (tickets(operator.floor.0)) }, html! { "for all of them" }))
            (figure("Safe until", html! {
                @match floor {
                    Some(floor) if floor.epochs == 0 => "–",
                    Some(floor) => (super::moment::day(floor.at)),
                    None => "–",
                }
            }, html! {
                @match floor {
                    Some(floor) if floor.epochs == 0 => "below the floor now",
                    Some(floor) => (edition.clock.ago(floor.at)),
                    None => "not by what is known",
                }
            }))
            (figure("Validators", html! { (count(operator.validators)) }, html! { (count(operator.pending)) " waiting to start" }))
        }
    }
}

/// Until when they last, in a sentence.
pub(crate) fn runway_sentence(edition: &Edition<'_>, operator: &OperatorView) -> Markup {
    let floor = operator.runway.as_ref().and_then(|runway| runway.floor);
    let (tone, text) = words::standing(operator.standing);
    html! {
        p {
            (mark(tone, text)) " "
            b { (tickets(operator.present.0)) } " tickets are left for " (plural(operator.active, "validator", "validators")) "."
            @match floor {
                Some(floor) if floor.epochs == 0 => { " That is below the floor of " (tickets(operator.floor.0)) "." }
                Some(floor) => { " They reach the floor " (edition.clock.day(floor.at)) "." }
                None => {}
            }
        }
    }
}

/// Tickets left, with the forecast to the floor and to nothing.
pub(crate) fn runway_chart(edition: &Edition<'_>, operator: &OperatorView) -> Markup {
    let Some(runway) = &operator.runway else {
        return empty("There is no forecast: no validator is on duty, or too little is seen.");
    };
    let start = float(runway.from.at);
    let (present, floor, daily) =
        (whole_tickets(operator.present.0), whole_tickets(operator.floor.0), whole_tickets(operator.daily.0));
    let empty_at = runway.empty.map_or(start + HORIZON * DAY, |empty| float(empty.at).max(start + DAY));
    let left = if runway.empty.is_some() { 0.0 } else { (present - daily * HORIZON).max(0.0) };
    let due = runway.floor.map(|floor| float(floor.at));
    let end = due.map_or(empty_at, |due| due.max(empty_at)) + DAY;
    let samples = tickets_of(edition.site, edition.snapshot, &operator.operator);
    let mut past: Vec<(f64, f64)> =
        samples.iter().map(|sample| (float(sample.epoch.at), whole_tickets(sample.amount.0))).collect();
    past.push((start, present));
    let begin = past.first().map_or(start, |(at, _)| at.min(start));
    let high = past.iter().map(|(_, value)| *value).fold(floor, f64::max);
    let course = Course {
        past,
        ahead: vec![(start, present), (empty_at, left)],
        floor: Some(floor),
        now: Some(float(edition.as_of)),
        due,
    };
    let top = high * 1.1;
    let said = match runway.floor {
        Some(floor) => format!(
            "Tickets fall from {} to the floor of {} on {}.",
            tickets(operator.present.0),
            tickets(operator.floor.0),
            super::moment::day(floor.at)
        ),
        None => format!("{} tickets, which do not reach the floor.", tickets(operator.present.0)),
    };
    html! {
        figure.chart {
            figcaption.unseen { (said) }
            div.plot {
                div.ends.up aria-hidden="true" { span { (decimal(top)) } span { "0" } }
                (chart::course(&said, &course, Scale::new(begin, end), Scale::new(0.0, top)))
                div.ends.along { span { (super::moment::day(seconds(begin))) } span { (super::moment::day(seconds(end))) } }
            }
            ul.key {
                @if course.past.len() > 1 { (line_key("line", "tickets left, as they were")) }
                (line_key("ahead", "tickets left, as they will be used"))
                (line_key("floor", &format!("floor, {}", tickets(operator.floor.0))))
                @if let Some(floor) = runway.floor { (line_key("due", &format!("below the floor, {}", super::moment::day(floor.at)))) }
            }
        }
    }
}

fn dates(edition: &Edition<'_>, operator: &OperatorView) -> Markup {
    let Some(runway) = &operator.runway else { return html! {} };
    let rows = [
        ("Top up by", runway.warning, "below eight tickets for each validator"),
        ("Safe until", runway.floor, "below the floor: after the time of grace the validators must leave"),
        ("Leave by", runway.exit_by, "to be out before the tickets are used up"),
        ("Used up", runway.empty, "the contracts could no longer settle"),
    ];
    html! {
        dl.facts {
            @for (label, deadline, text) in rows {
                (fact(label, html! {
                    @match deadline {
                        Some(deadline) if deadline.epochs == 0 => (mark(Tone::Bad, "now")),
                        Some(deadline) => (edition.clock.day(deadline.at)),
                        None => span.soft { "not by what is known" },
                    }
                    span.small.soft { " – " (text) }
                }))
            }
        }
    }
}

fn whole_tickets(wei: u128) -> f64 {
    // A chart needs three digits, not eighteen.
    u32::try_from(wei / 1_000_000_000_000_000).map_or(f64::from(u32::MAX), f64::from) / 1_000.0
}

#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a date of this century, made by float above"
)]
fn seconds(at: f64) -> u64 {
    at.max(0.0) as u64
}

fn decimal(value: f64) -> String {
    if value >= 100.0 { format!("{value:.0}") } else { format!("{value:.1}") }
}
