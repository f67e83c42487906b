//! `Row`: one validator of the list, and how it is judged.

use super::Snapshot;
use crate::view::Health;
use crate::view::validator::{darkness, shortage};
use crypto::registration::Verdict;
use crypto::spec::BlsPubkey;
use crypto::validator::ValidatorStatus;
use guardian_core::lifecycle::Step;
use guardian_core::registration::Life;
use guardian_core::status::StatusSnapshot;
use std::collections::HashMap;

/// A validator's place among all of one snapshot, by key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Row(pub(super) u32);

impl Row {
    pub(super) fn place(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

/// Where the status speaks of one validator.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    pub(super) pubkey: BlsPubkey,
    pub(super) watched: Option<u32>,
    pub(super) registration: Option<u32>,
    pub(super) way: Option<u32>,
}

/// One entry for each key that is watched or was registered, by key. Of several registrations of one key the one that
/// counts speaks for it, otherwise the latest.
pub(super) fn entries(status: &StatusSnapshot) -> Vec<Entry> {
    let mut known: HashMap<BlsPubkey, Entry> = HashMap::with_capacity(status.validators.len());
    let blank = |pubkey| Entry { pubkey, watched: None, registration: None, way: None };
    for (place, one) in (0u32..).zip(&status.validators) {
        known.entry(one.pubkey).or_insert_with(|| blank(one.pubkey)).watched = Some(place);
    }
    for (place, one) in (0u32..).zip(&status.registrations) {
        let Some(pubkey) = one.pubkey else { continue };
        let entry = known.entry(pubkey).or_insert_with(|| blank(pubkey));
        let counts = |place: u32| {
            let index = usize::try_from(place).unwrap_or(usize::MAX);
            status
                .registrations
                .get(index)
                .is_some_and(|one| one.verdict == Verdict::Accepted && one.life != Life::Skipped)
        };
        if !entry.registration.is_some_and(counts) {
            entry.registration = Some(place);
        }
    }
    for (place, one) in (0u32..).zip(&status.lifecycles) {
        if let Some(entry) = known.get_mut(&one.pubkey) {
            entry.way = Some(place);
        }
    }
    let mut all: Vec<Entry> = known.into_values().collect();
    all.sort_unstable_by_key(|entry| entry.pubkey);
    all
}

impl Snapshot {
    /// How a validator is, by the worst that is known.
    pub(super) fn judge(&self, row: Row) -> Health {
        let Some(watched) = self.watched(row) else {
            return match self.registration(row).map(|registration| registration.life) {
                Some(Life::Pending) => Health::Pending,
                Some(Life::Skipped | Life::Settled) => Health::Gone,
                Some(Life::Active) | None => Health::Unknown,
            };
        };
        let step = self.way(row).and_then(|way| way.steps.iter().map(|(step, _)| *step).max());
        if step.is_some_and(|step| step >= Step::Withdrawable) {
            return Health::Gone;
        }
        match watched.status {
            None => match self.registration(row).map(|registration| registration.life) {
                Some(Life::Pending | Life::Active) => return Health::Pending,
                Some(Life::Skipped | Life::Settled) => return Health::Gone,
                None => return Health::Unknown,
            },
            Some(ValidatorStatus::PendingInitialized | ValidatorStatus::PendingQueued) => {
                return Health::Pending;
            }
            Some(ValidatorStatus::WithdrawalPossible | ValidatorStatus::WithdrawalDone) => {
                return Health::Gone;
            }
            Some(
                ValidatorStatus::ActiveExiting
                | ValidatorStatus::ActiveSlashed
                | ValidatorStatus::ExitedUnslashed
                | ValidatorStatus::ExitedSlashed,
            ) => return Health::Leaving,
            Some(ValidatorStatus::ActiveOngoing) => {}
        }
        match step {
            Some(step) if step >= Step::Certified => return Health::Leaving,
            Some(_) => return Health::Due,
            None => {}
        }
        let policy = &self.definition().policy;
        let standing = self
            .operator_of(row)
            .and_then(|operator| self.operator_status(&operator))
            .map(|one| one.standing);
        let low = watched.balance.is_some_and(|balance| balance < policy.balance.ejection_threshold);
        let worst = [
            darkness(watched.dark_epochs, policy.offline.epochs),
            standing.and_then(shortage),
            low.then_some(Health::Due),
            watched.slashed.then_some(Health::Danger),
        ];
        worst.into_iter().flatten().max().unwrap_or(Health::Ok)
    }
}
