//! `Clock`: dates as a page shows them, absolute in UTC and relative to the moment its figures are of.
//!
//! A page without scripts says how long ago something was when its figures were made; with scripts, how long ago it is.

use maud::{Markup, html};

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// The moment a page's figures are of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    now: u64,
}

impl Clock {
    /// Unix seconds.
    pub(crate) fn at(now: u64) -> Self {
        Self { now }
    }

    /// A date with how long ago or ahead it is.
    pub(crate) fn when(self, at: u64) -> Markup {
        html! {
            time datetime=(stamp(at)) title=(stamp(at)) { (minute(at)) } " "
            (self.ago(at))
        }
    }

    /// As [`Clock::when`], to the second.
    pub(crate) fn precisely(self, at: u64) -> Markup {
        html! {
            time datetime=(stamp(at)) { (second(at)) } " "
            (self.ago(at))
        }
    }

    /// Only the day, for what is days ahead.
    pub(crate) fn day(self, at: u64) -> Markup {
        html! { time datetime=(stamp(at)) title=(second(at)) { (day(at)) } " " (self.ago(at)) }
    }

    /// How long ago or ahead, with the date at hand.
    pub(crate) fn ago(self, at: u64) -> Markup {
        html! { span.ago data-at=(at) title=(second(at)) { (relative(self.now, at)) } }
    }
}

/// How far `at` is from `now`, for people.
pub(crate) fn relative(now: u64, at: u64) -> String {
    let far = span(now.abs_diff(at));
    if now.abs_diff(at) < 2 {
        "now".to_owned()
    } else if at < now {
        format!("{far} ago")
    } else {
        format!("in {far}")
    }
}

/// A length of time in its two largest units at most.
pub(crate) fn span(seconds: u64) -> String {
    let (days, hours, minutes) = (seconds / DAY, seconds % DAY / HOUR, seconds % HOUR / MINUTE);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, minutes) => format!("{minutes} min"),
        (0, hours, 0) => format!("{hours} h"),
        (0, hours, minutes) => format!("{hours} h {minutes} min"),
        (1..=6, 0, _) => format!("{days} d"),
        (1..=6, hours, _) => format!("{days} d {hours} h"),
        (days, ..) => format!("{days} d"),
    }
}

/// `2026-03-12T14:03:11Z`.
pub(crate) fn stamp(at: u64) -> String {
    let (year, month, date) = civil(at / DAY);
    let (hour, minute, second) = (at % DAY / HOUR, at % HOUR / MINUTE, at % MINUTE);
    format!("{year:04}-{month:02}-{date:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// `12 Mar 2026 14:03:11 UTC`.
pub(crate) fn second(at: u64) -> String {
    format!("{} {:02}:{:02}:{:02} UTC", day(at), at % DAY / HOUR, at % HOUR / MINUTE, at % MINUTE)
}

/// `12 Mar 2026 14:03 UTC`.
pub(crate) fn minute(at: u64) -> String {
    format!("{} {:02}:{:02} UTC", day(at), at % DAY / HOUR, at % HOUR / MINUTE)
}

/// `12 Mar 2026`.
pub(crate) fn day(at: u64) -> String {
    let (year, month, date) = civil(at / DAY);
    let name =
        usize::try_from(month.saturating_sub(1)).ok().and_then(|month| MONTHS.get(month)).unwrap_or(&"?");
    format!("{date} {name} {year}")
}

/// Year, month and day of the days since 1970-01-01, in the Gregorian calendar.
///
/// Years are counted from March, so that the leap day is the last of a year, in eras of 400 years (146,097 days).
fn civil(days: u64) -> (u64, u64, u64) {
    let days = days.saturating_add(719_468);
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let from_march = (5 * of_year + 2) / 153;
    let date = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    (era * 400 + year + u64::from(month <= 2), month, date)
}

#[cfg(test)]
mod tests;
