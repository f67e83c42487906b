//! `Turn`: one look at a source, and when it ends at the latest.
//!
//! A turn is never dropped half-way: the writer of a log may be at work for it. Every wait for the source ends with the turn
//! instead, so whoever waits hears of it and gives back what it holds.

use super::allowance::Allowance;
use super::fetch::failed;
use crate::error::Error;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

/// One look. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Turn {
    begun: Instant,
    limit: Duration,
    /// Its sender is dropped when the mirror ends.
    running: watch::Receiver<()>,
}

impl Turn {
    pub(super) fn begin(limit: Duration, running: watch::Receiver<()>) -> Self {
        Self { begun: Instant::now(), limit, running }
    }

    /// Waits for the source, as long as the turn lasts.
    pub(super) async fn wait<T>(
        &self,
        what: &str,
        answer: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        let mut running = self.running.clone();
        let late = || format!("this look at the source took {} s and was given up", self.limit.as_secs_f32());
        tokio::select! {
            biased;
            // Nothing is ever sent.
            _ = running.changed() => Err(failed(what, "the mirror ends")),
            () = sleep_until(self.begun + self.limit) => Err(failed(what, late())),
            answer = answer => answer,
        }
    }

    /// What of the source's logs is taken in this turn: so many bytes, within its first half. The other half is left for the
    /// newest status, so that a long log over a slow line does not keep it away.
    pub(super) fn allowance(&self, bytes: u64) -> Allowance {
        Allowance::of(bytes, self.begun + self.limit / 2)
    }
}
