//! `Runs`: for each epoch of a while whether a validator attested, as runs of the same.

use super::EPOCHS;
use borsh::{BorshDeserialize, BorshSerialize};
use crypto::spec::Epoch;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use utoipa::ToSchema;

/// What was seen of an epoch.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    Deserialize,
    ToSchema,
    BorshSerialize,
    BorshDeserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Seen {
    /// It attested.
    Live,
    /// It did not.
    Dark,
    /// Nobody looked.
    Unknown,
}

/// Epochs of which the same was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Run {
    /// First epoch.
    #[schema(value_type = u64)]
    pub from: Epoch,
    /// Last epoch.
    #[schema(value_type = u64)]
    pub to: Epoch,
    /// What was seen.
    pub seen: Seen,
}

/// Runs that follow one another without a gap, at most [`EPOCHS`] epochs together.
#[derive(Debug, Clone, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Runs {
    /// First epoch.
    first: u64,
    runs: VecDeque<(Seen, u16)>,
}

impl Runs {
    /// All of them, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = Run> + '_ {
        let mut from = self.first;
        self.runs.iter().map(move |(seen, length)| {
            let run = Run {
                from: Epoch(from),
                to: Epoch(from.saturating_add(u64::from(*length)).saturating_sub(1)),
                seen: *seen,
            };
            from = from.saturating_add(u64::from(*length));
            run
        })
    }

    /// The first epoch that nothing is known of yet.
    fn next(&self) -> u64 {
        self.runs.iter().fold(self.first, |sum, (_, length)| sum.saturating_add(u64::from(*length)))
    }

    /// Takes in what a snapshot says: up to which epoch it saw, when it last saw an attestation, and for how many epochs on
    /// end, up to the last one it knows, it saw none.
    pub(super) fn learn(&mut self, finalized: Epoch, last_live: Option<Epoch>, dark: u64) {
        let known = match last_live {
            Some(live) => live.0.saturating_add(dark),
            None => finalized.0,
        };
        // An epoch may be known before it is finalized; it is taken in with its checkpoint.
        let to = finalized.0;
        if self.runs.is_empty() {
            // What it says of the epochs before counts as well.
            self.first = known.saturating_sub(dark.min(EPOCHS.saturating_sub(1))).min(to);
        }
        let from = self.next().max(to.saturating_sub(EPOCHS.saturating_sub(1)));
        if from > self.next() {
            // Everything kept is older than what may be.
            self.runs.clear();
            self.first = from;
        }
        for epoch in from..=to {
            let seen = match last_live {
                Some(live) if epoch == live.0 => Seen::Live,
                Some(live) if epoch > live.0 && epoch <= known => Seen::Dark,
                None if dark > 0 && epoch > known.saturating_sub(dark) => Seen::Dark,
                Some(_) | None => Seen::Unknown,
            };
            self.push(seen);
        }
        self.trim();
    }

    fn push(&mut self, seen: Seen) {
        match self.runs.back_mut() {
            Some((last, length)) if *last == seen => *length = length.saturating_add(1),
            _ => self.runs.push_back((seen, 1)),
        }
    }

    fn trim(&mut self) {
        let mut over = self.next().saturating_sub(self.first).saturating_sub(EPOCHS);
        while over > 0 {
            let Some((_, length)) = self.runs.front_mut() else { return };
            let cut = over.min(u64::from(*length));
            *length = length.saturating_sub(u16::try_from(cut).unwrap_or(u16::MAX));
            self.first = self.first.saturating_add(cut);
            over = over.saturating_sub(cut);
            if *length == 0 {
                self.runs.pop_front();
            }
        }
    }
}

#[cfg(test)]
mod tests;
