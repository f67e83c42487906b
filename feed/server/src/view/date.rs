//! `Date`: Unix seconds as a date and a time of day, UTC.

use std::fmt;

/// A moment in the Gregorian calendar, UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Date {
    year: u64,
    month: u64,
    day: u64,
    second_of_day: u64,
}

/// Days of 400 years.
const ERA: u64 = 146_097;

/// Days from 1 March of year 0 to 1 January 1970.
const EPOCH: u64 = 719_468;

/// Last moment of year 9999: what comes later is shown as that.
const LAST: u64 = 253_402_300_799;

impl Date {
    /// Of Unix seconds.
    pub fn of(unix: u64) -> Self {
        let unix = unix.min(LAST);
        let days = unix / 86_400 + EPOCH;
        // Years begin in March here, so that the leap day is the last of one.
        let (era, day) = (days / ERA, days % ERA);
        let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
        let day_of_year = day - (365 * year + year / 4 - year / 100);
        let month = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * month + 2) / 5 + 1;
        let (month, later) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
        Self { year: era * 400 + year + later, month, day, second_of_day: unix % 86_400 }
    }

    /// As iCalendar writes it: `20261127T181257Z`.
    pub fn compact(&self) -> String {
        let (hour, minute, second) = self.time();
        let Self { year, month, day, .. } = self;
        format!("{year:04}{month:02}{day:02}T{hour:02}{minute:02}{second:02}Z")
    }

    fn time(&self) -> (u64, u64, u64) {
        (self.second_of_day / 3_600, self.second_of_day / 60 % 60, self.second_of_day % 60)
    }
}

/// As RFC 3339 writes it: `2026-11-27T18:12:57Z`.
impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (hour, minute, second) = self.time();
        let Self { year, month, day, .. } = self;
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
    }
}

#[cfg(test)]
mod tests;
