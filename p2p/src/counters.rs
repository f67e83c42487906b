//! What passed and what was refused since start. Counts only grow; nothing here is reset.

use crate::Rejection;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

/// A reading of the counters.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counters {
    /// Members connected and subscribed now.
    pub connected: u64,
    /// Guests connected now.
    pub guests: u64,
    /// Envelopes of ours that at least one peer was sent.
    pub published: u64,
    /// Envelopes of ours that found no peer, or only full queues.
    pub unsent: u64,
    /// Messages handed to the consumer, gossip and catch-up together.
    pub received: u64,
    /// Catch-up answers we gave.
    pub catch_ups_served: u64,
    /// Catch-up answers we got.
    pub catch_ups_received: u64,
    /// Answers we gave on the ceremony channel, declines among them.
    pub asks_answered: u64,
    /// Times dialling a peer failed.
    pub dial_failures: u64,
    /// Refusals by reason; every reason is present.
    pub refused: BTreeMap<&'static str, u64>,
}

impl Counters {
    /// Refusals for one reason.
    pub fn refused(&self, reason: Rejection) -> u64 {
        self.refused.get(reason.code()).copied().unwrap_or(0)
    }

    /// Refusals for any reason.
    pub fn refused_total(&self) -> u64 {
        self.refused.values().sum()
    }
}

/// The counting side: written by the network's task, read by anyone.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) connected: AtomicU64,
    pub(crate) guests: AtomicU64,
    pub(crate) published: AtomicU64,
    pub(crate) unsent: AtomicU64,
    pub(crate) received: AtomicU64,
    pub(crate) catch_ups_served: AtomicU64,
    pub(crate) catch_ups_received: AtomicU64,
    pub(crate) asks_answered: AtomicU64,
    pub(crate) dial_failures: AtomicU64,
    refused: [AtomicU64; Rejection::ALL.len()],
}

impl Tally {
    /// Counts a refusal.
    pub(crate) fn refuse(&self, reason: Rejection) {
        if let Some(count) = self.refused.get(reason as usize) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Reads everything. The numbers are each right, but not of one instant.
    pub(crate) fn read(&self) -> Counters {
        let get = |count: &AtomicU64| count.load(Ordering::Relaxed);
        Counters {
            connected: get(&self.connected),
            guests: get(&self.guests),
            published: get(&self.published),
            unsent: get(&self.unsent),
            received: get(&self.received),
            catch_ups_served: get(&self.catch_ups_served),
            catch_ups_received: get(&self.catch_ups_received),
            asks_answered: get(&self.asks_answered),
            dial_failures: get(&self.dial_failures),
            refused: Rejection::ALL
                .iter()
                .map(|reason| reason.code())
                .zip(self.refused.iter().map(get))
                .collect(),
        }
    }
}

/// Adds one.
pub(crate) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}
