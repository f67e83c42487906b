//! `History`: what of the past the charts need, learned from one snapshot after the other and kept over restarts.
//!
//! | of | what | how far back |
//! |---|---|---|
//! | a validator | whether it attested, by epoch | [`EPOCHS`] epochs, a week of mainnet |
//! | a validator | its balance, every [`BALANCE_EVERY`] epochs | [`BALANCES`] samples |
//! | an operator | its tickets, every [`TICKETS_EVERY`] epochs | [`TICKETS`] samples |
//!
//! # Design decisions
//! - What was not seen is unknown, and said so: nothing is filled in.
//! - Liveness is kept as runs, because validators attest for long and are dark for long: some bytes each, and a few KiB at
//!   worst.
//! - It is a convenience. It is written every [`WRITTEN_EVERY`] epochs, so a restart forgets some hours. A file that is not
//!   read, or is of another network, is begun anew; a write that fails is tried again an epoch later.
//! - Readers have the last whole one, and wait neither for a new epoch to be taken in nor for the file to be written.

mod book;
mod runs;

pub use runs::{Run, Runs, Seen};

use crate::snapshot::Snapshot;
use borsh::{BorshDeserialize, BorshSerialize};
use crypto::execution::{Address, Tickets};
use crypto::spec::{BlsPubkey, Epoch, Gwei};
use std::collections::{BTreeMap, VecDeque};

pub(crate) use book::keep;

/// Epochs of liveness kept.
pub const EPOCHS: u64 = 1_575;

/// Epochs between two samples of balances.
pub const BALANCE_EVERY: u64 = 32;

/// Samples of a balance kept.
pub const BALANCES: usize = 64;

/// Epochs between two samples of tickets.
pub const TICKETS_EVERY: u64 = 9;

/// Samples of an operator's tickets kept: with one every 9 epochs, about as long as liveness.
pub const TICKETS: usize = 168;

/// Epochs between two writes of the file: it may have a hundred megabytes.
pub const WRITTEN_EVERY: u64 = 32;

/// Most validators and operators remembered: as many as a guardian may hold shares of, and some.
const MOST: usize = 262_144;

/// The past.
#[derive(Debug, Clone, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct History {
    /// Last finalized epoch taken in.
    last: Option<Epoch>,
    validators: BTreeMap<BlsPubkey, Past>,
    operators: BTreeMap<Address, VecDeque<(Epoch, Tickets)>>,
}

/// One validator's past.
#[derive(Debug, Clone, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Past {
    liveness: Runs,
    balances: VecDeque<(Epoch, Gwei)>,
}

impl Past {
    /// Whether it attested, oldest first.
    pub fn liveness(&self) -> impl Iterator<Item = Run> + '_ {
        self.liveness.iter()
    }

    /// Its balance, Gwei, oldest first.
    pub fn balances(&self) -> impl Iterator<Item = (Epoch, Gwei)> + '_ {
        self.balances.iter().copied()
    }
}

impl History {
    /// One validator's past, if anything of it was seen.
    pub fn validator(&self, pubkey: &BlsPubkey) -> Option<&Past> {
        self.validators.get(pubkey)
    }

    /// What was left of an operator's tickets, oldest first.
    pub fn tickets(&self, operator: &Address) -> impl Iterator<Item = (Epoch, Tickets)> + '_ {
        self.operators.get(operator).into_iter().flatten().copied()
    }

    /// The last finalized epoch taken in.
    pub fn last(&self) -> Option<Epoch> {
        self.last
    }

    /// Takes in a snapshot. False, and nothing changes, when its finalized epoch is not newer than the last one.
    pub fn learn(&mut self, snapshot: &Snapshot) -> bool {
        let Some(finalized) = snapshot.status().finalized.map(|checkpoint| checkpoint.epoch) else {
            return false;
        };
        if self.last.is_some_and(|last| finalized <= last) {
            return false;
        }
        let begins = |every: u64| self.last.is_none_or(|last| finalized.0 / every > last.0 / every);
        let (balances, tickets) = (begins(BALANCE_EVERY), begins(TICKETS_EVERY));
        for one in &snapshot.status().validators {
            if self.validators.len() >= MOST && !self.validators.contains_key(&one.pubkey) {
                continue;
            }
            let past = self.validators.entry(one.pubkey).or_default();
            // Before its first attestation, or after its last, there is nothing to attest.
            if one.status.is_some_and(|status| status.is_active()) {
                past.liveness.learn(finalized, one.last_live, one.dark_epochs);
            }
            if let Some(balance) = one.balance.filter(|_| balances) {
                push(&mut past.balances, (finalized, balance), BALANCES);
            }
        }
        if tickets {
            for one in &snapshot.status().operators {
                if self.operators.len() < MOST || self.operators.contains_key(&one.operator) {
                    let samples = self.operators.entry(one.operator).or_default();
                    push(samples, (finalized, one.present), TICKETS);
                }
            }
        }
        self.validators.retain(|pubkey, _| snapshot.row(pubkey).is_some());
        self.operators.retain(|operator, _| snapshot.operator_status(operator).is_some());
        self.last = Some(finalized);
        true
    }
}

fn push<T>(samples: &mut VecDeque<T>, sample: T, most: usize) {
    samples.push_back(sample);
    while samples.len() > most {
        samples.pop_front();
    }
}

#[cfg(test)]
mod tests;
