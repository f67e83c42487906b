//! Charts as inline SVG: shapes only. The words stand beside them in HTML, where a phone can read them and a screen reader
//! finds them; every chart has a sentence that says what it shows.
//!
//! A chart is stretched to the width there is, so nothing in it may depend on its proportions.

use crate::history::{Run, Seen};
use maud::{Markup, html};

/// Units across a chart.
const WIDTH: f64 = 1000.0;

/// Units down a chart.
const HEIGHT: f64 = 100.0;

/// A range of values, as shares of a chart.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scale {
    from: f64,
    to: f64,
}

impl Scale {
    /// From `from` to `to`; a range of no length becomes one of length 1.
    pub(crate) fn new(from: f64, to: f64) -> Self {
        if to > from { Self { from, to } } else { Self { from, to: from + 1.0 } }
    }

    fn share(self, value: f64) -> f64 {
        ((value - self.from) / (self.to - self.from)).clamp(0.0, 1.0)
    }

    fn x(self, value: f64) -> f64 {
        rounded(self.share(value) * WIDTH)
    }

    fn y(self, value: f64) -> f64 {
        rounded((1.0 - self.share(value)) * HEIGHT)
    }
}

fn rounded(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

/// A strip of epochs, oldest first: what attested is tall and green, what did not is short, red and low, what nobody saw
/// is a thin line in the middle. Runs follow one another without a gap.
pub(crate) fn strip(label: &str, runs: &[Run]) -> Markup {
    let first = runs.first().map_or(0, |run| run.from.0);
    let end = runs.last().map_or(1, |run| run.to.0.saturating_add(1));
    html! {
        svg.strip role="img" aria-label=(label) viewBox={ "0 0 " (end.saturating_sub(first)) " 10" }
            preserveAspectRatio="none" shape-rendering="crispEdges" {
            @for run in runs {
                @let (start, length) = (run.from.0.saturating_sub(first), run.to.0.saturating_sub(run.from.0).saturating_add(1));
                @match run.seen {
                    Seen::Live => rect.live-yes x=(start) y="0" width=(length) height="10" {},
                    Seen::Dark => rect.live-no x=(start) y="6.5" width=(length) height="3.5" {},
                    Seen::Unknown => rect.live-unknown x=(start) y="4.7" width=(length) height="0.6" {},
                }
            }
        }
    }
}

/// What a chart over time shows. Times are Unix seconds.
#[derive(Debug, Clone, Default)]
pub(crate) struct Course {
    /// What was, oldest first.
    pub past: Vec<(f64, f64)>,
    /// What is to be expected if nothing changes.
    pub ahead: Vec<(f64, f64)>,
    /// A value not to fall below.
    pub floor: Option<f64>,
    /// When the figures are of.
    pub now: Option<f64>,
    /// When it falls below.
    pub due: Option<f64>,
}

/// A line over time.
pub(crate) fn course(label: &str, course: &Course, across: Scale, up: Scale) -> Markup {
    let points = |line: &[(f64, f64)]| -> String {
        line.iter().map(|(at, value)| format!("{},{} ", across.x(*at), up.y(*value))).collect()
    };
    let (past, ahead) = (points(&course.past), points(&course.ahead));
    let area =
        course.past.first().zip(course.past.last()).map(|(first, last)| {
            format!("{},{HEIGHT} {past}{},{HEIGHT}", across.x(first.0), across.x(last.0))
        });
    html! {
        svg role="img" aria-label=(label) viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } preserveAspectRatio="none" {
            @for part in [0.0, 25.0, 50.0, 75.0, 100.0] { (upright("grid", None, Some(part))) }
            @if let Some(area) = area { polygon.area points=(area) {} }
            @if let Some(floor) = course.floor { (upright("floor", None, Some(up.y(floor)))) }
            @if let Some(now) = course.now { (upright("now", Some(across.x(now)), None)) }
            @if let Some(due) = course.due { (upright("due", Some(across.x(due)), None)) }
            @if course.past.len() > 1 { polyline.line points=(past) {} }
            @if course.ahead.len() > 1 { polyline.ahead points=(ahead) {} }
        }
    }
}

/// A line across the whole chart: upright at `x`, or level at `y`.
fn upright(class: &str, x: Option<f64>, y: Option<f64>) -> Markup {
    let (x1, x2) = (x.unwrap_or(0.0), x.unwrap_or(WIDTH));
    let (y1, y2) = (y.unwrap_or(0.0), y.unwrap_or(HEIGHT));
    html! { line.(class) x1=(x1) x2=(x2) y1=(y1) y2=(y2) {} }
}

/// One bar cut into parts. `parts` are classes `a` to `f` with their sizes.
pub(crate) fn bar(label: &str, parts: &[(&str, u64)]) -> Markup {
    let total: u64 = parts.iter().map(|(_, size)| *size).sum();
    let mut start = 0;
    let placed: Vec<(&str, u64, u64)> = parts
        .iter()
        .map(|(class, size)| {
            let place = start;
            start += *size;
            (*class, place, *size)
        })
        .collect();
    html! {
        svg.bar role="img" aria-label=(label) viewBox={ "0 0 " (total.max(1)) " 1" } preserveAspectRatio="none" {
            @for (class, place, size) in placed {
                @if size > 0 { rect.(class) x=(place) y="0" width=(size) height="1" {} }
            }
        }
    }
}

/// One entry of a key: what a line means.
pub(crate) fn line_key(class: &str, text: &str) -> Markup {
    html! {
        li {
            svg viewBox="0 0 12 12" aria-hidden="true" { line.(class) x1="0" x2="12" y1="6" y2="6" {} }
            (text)
        }
    }
}

/// As [`line_key`], of a shape `y` from above and so high.
pub(crate) fn mark_key(class: &str, y: u8, height: u8, text: &str) -> Markup {
    html! {
        li {
            svg viewBox="0 0 12 12" aria-hidden="true" { rect.(class) x="0" width="12" y=(y) height=(height) {} }
            (text)
        }
    }
}

#[cfg(test)]
mod tests;
