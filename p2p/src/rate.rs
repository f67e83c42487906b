//! Token buckets: how much a peer may ask of us.

use std::time::{Duration, Instant};

/// Holds up to `burst` tokens and gains one every `interval`. Time is an argument.
#[derive(Debug, Clone)]
pub(crate) struct Bucket {
    tokens: f64,
    burst: f64,
    interval: Duration,
    filled: Instant,
}

impl Bucket {
    /// A full bucket. An `interval` of zero means no limit.
    pub(crate) fn new(burst: u32, interval: Duration, now: Instant) -> Bucket {
        Bucket { tokens: f64::from(burst), burst: f64::from(burst), interval, filled: now }
    }

    /// A full bucket that gains `per_second` tokens a second.
    pub(crate) fn per_second(burst: u32, per_second: u32, now: Instant) -> Bucket {
        Bucket::new(burst, Duration::from_secs(1).checked_div(per_second).unwrap_or(Duration::MAX), now)
    }

    /// Takes a token if there is one.
    pub(crate) fn take(&mut self, now: Instant) -> bool {
        if self.interval.is_zero() {
            return true;
        }
        let gained = now.saturating_duration_since(self.filled).as_secs_f64() / self.interval.as_secs_f64();
        self.tokens = (self.tokens + gained).min(self.burst);
        self.filled = self.filled.max(now);
        if self.tokens < 1.0 {
            return false;
        }
        self.tokens -= 1.0;
        true
    }
}

#[cfg(test)]
mod tests;
