//! A validator's last days: whether it attested, and what its balance was.

use super::chart::{self, Course, Scale, line_key, mark_key};
use super::parts::{count, decimal, empty, eth, float, plural};
use super::{Edition, moment};
use crate::api::history::{HistoryView, SampleView};
use crate::history::{Run, Seen};
use crate::view::ValidatorView;
use crypto::spec::Epoch;
use maud::{Markup, html};

/// Stretches of darkness that are told one by one.
const TOLD: usize = 8;

pub(crate) fn section(edition: &Edition<'_>, validator: &ValidatorView) -> Markup {
    let past = HistoryView::of(edition.site, edition.snapshot, &validator.pubkey, None);
    html! {
        section aria-labelledby="history" {
            h2 id="history" { "Its last days" }
            div.sheet {
                @if past.liveness.is_empty() && past.balances.is_empty() {
                    (empty("This server has not watched it long enough to draw anything."))
                }
                @if !past.liveness.is_empty() { (liveness(edition, &past.liveness)) }
                @if past.balances.len() > 1 { (balance(&past.balances)) }
            }
        }
    }
}

fn length(run: &Run) -> u64 {
    run.to.0.saturating_sub(run.from.0).saturating_add(1)
}

fn total(runs: &[Run], seen: Seen) -> u64 {
    runs.iter().filter(|run| run.seen == seen).map(length).sum()
}

fn liveness(edition: &Edition<'_>, runs: &[Run]) -> Markup {
    let (live, dark) = (total(runs, Seen::Live), total(runs, Seen::Dark));
    let at = |epoch: Epoch| edition.snapshot.calendar().epoch_at(epoch);
    let (first, last) = (runs.first().map_or(0, |run| at(run.from)), runs.last().map_or(0, |run| at(run.to)));
    let seen = live.saturating_add(dark);
    let said = format!(
        "It attested in {} of the last {} that were seen.",
        count(live),
        plural(seen, "epoch", "epochs")
    );
    let stretches: Vec<&Run> = runs.iter().rev().filter(|run| run.seen == Seen::Dark).collect();
    html! {
        figure.chart {
            figcaption { (said) }
            (chart::strip(&said, runs))
            div.ends { span { (moment::minute(first)) } span { (moment::minute(last)) } }
            ul.key {
                (mark_key("live-yes", 0, 12, "attested"))
                (mark_key("live-no", 7, 5, "did not"))
                @if total(runs, Seen::Unknown) > 0 { (mark_key("live-unknown", 5, 2, "nobody looked")) }
            }
        }
        @if !stretches.is_empty() {
            details {
                summary { "When it was dark" }
                ul {
                    @for run in stretches.iter().take(TOLD) {
                        li { (plural(length(run), "epoch", "epochs")) ", from epoch " (count(run.from.0)) ", " (edition.clock.when(at(run.from))) }
                    }
                    @if stretches.len() > TOLD { li.soft { "and earlier ones" } }
                }
            }
        }
    }
}

fn balance(samples: &[SampleView]) -> Markup {
    let gwei = |sample: &SampleView| thousandths(sample.amount.0);
    let past: Vec<(f64, f64)> = samples.iter().map(|sample| (float(sample.epoch.at), gwei(sample))).collect();
    let low = past.iter().map(|(_, value)| *value).fold(f64::INFINITY, f64::min);
    let high = past.iter().map(|(_, value)| *value).fold(f64::NEG_INFINITY, f64::max);
    let room = ((high - low) * 0.1).max(0.000_5);
    let (first, last) = (samples.first(), samples.last());
    let said = match (first, last) {
        (Some(first), Some(last)) => {
            format!("Its balance went from {} to {}.", eth(first.amount.0), eth(last.amount.0))
        }
        _ => "Its balance.".to_owned(),
    };
    let across =
        Scale::new(past.first().map_or(0.0, |point| point.0), past.last().map_or(1.0, |point| point.0));
    let course = Course { past, ..Course::default() };
    html! {
        figure.chart {
            figcaption { (said) }
            div.plot {
                div.ends.up aria-hidden="true" { span { (format!("{:.4}", high + room)) } span { (format!("{:.4}", low - room)) } }
                (chart::course(&said, &course, across, Scale::new(low - room, high + room)))
                div.ends.along {
                    span { (first.map_or_else(String::new, |first| moment::day(first.epoch.at))) }
                    span { (last.map_or_else(String::new, |last| moment::day(last.epoch.at))) }
                }
            }
            ul.key { (line_key("line", "balance, ETH")) }
            details {
                summary { "The figures" }
                table.table {
                    thead { tr { th scope="col" { "Epoch" } th scope="col" { "Date" } th.number scope="col" { "Balance, ETH" } } }
                    tbody {
                        @for sample in samples.iter().rev() {
                            tr {
                                td { (count(sample.epoch.epoch.0)) } td { (moment::minute(sample.epoch.at)) }
                                td.number { (decimal(sample.amount.0, 9, 5)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Gwei as ETH for a chart, which needs six digits and not all.
fn thousandths(gwei: u128) -> f64 {
    u32::try_from(gwei / 1_000).map_or(f64::from(u32::MAX), f64::from) / 1_000_000.0
}
