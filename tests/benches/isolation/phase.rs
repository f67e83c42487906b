//! What was measured in one phase.

use serde_json::{Value, json};
use std::time::Duration;

/// Latencies of one phase, sorted.
pub(crate) struct Phase(Vec<Duration>);

impl Phase {
    pub(crate) fn new(mut latencies: Vec<Duration>) -> Self {
        latencies.sort();
        Self(latencies)
    }

    /// Milliseconds.
    fn percentile(&self, percent: usize) -> f64 {
        let place = (self.0.len() * percent / 100).min(self.0.len().saturating_sub(1));
        self.0.get(place).map_or(f64::NAN, |latency| latency.as_secs_f64() * 1_000.0)
    }

    pub(crate) fn json(&self) -> Value {
        json!({
            "exits": self.0.len(),
            "ms": {
                "p50": self.percentile(50),
                "p90": self.percentile(90),
                "p99": self.percentile(99),
                "max": self.percentile(100),
            },
        })
    }
}

impl std::fmt::Display for Phase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:>6}", self.0.len())?;
        [50, 90, 99, 100].into_iter().try_for_each(|percent| write!(f, " {:>8.2}", self.percentile(percent)))
    }
}
