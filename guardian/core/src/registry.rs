//! `Registry`: every registration the contracts logged, with our verdict on it and where it stands in its life.
//!
//! Folded from the journaled scans alone. Grows with the registrations on the chain, each of which cost its operator a
//! transaction and a bond.

use crate::registration::{JudgedEvent, JudgedLog, Life, Registered};
use crypto::execution::{Address, BlockNumber, ModuleName, RegistrationId};
use crypto::spec::BlsPubkey;
use std::collections::{BTreeMap, BTreeSet};

/// One registration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) registered: Registered,
    pub(crate) life: Life,
    /// The block it was registered in.
    pub(crate) block: BlockNumber,
}

impl Entry {
    /// Whether its key is worth following on the beacon chain: it uses tickets, or may become a validator of ours.
    fn is_live(&self) -> bool {
        match self.life {
            Life::Active => true,
            Life::Pending => self.registered.verdict.is_sound(),
            Life::Skipped | Life::Settled => false,
        }
    }
}

/// Whether a key is the guardians' business by its sound registrations: the best of them counts. Unsound ones are anybody's
/// to make, about any key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Mandate {
    /// There are none: what we hold of it was imported from a file.
    Unregistered,
    /// All were skipped or settled.
    Over,
    /// None was provisioned yet.
    Waiting,
    /// One is provisioned and not settled.
    Active,
}

/// All registrations.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Registry {
    /// In the order of the chain.
    entries: Vec<Entry>,
    by_id: BTreeMap<RegistrationId, usize>,
    by_pubkey: BTreeMap<BlsPubkey, Vec<usize>>,
    /// Provisioned and not settled ones.
    active: BTreeMap<Address, BTreeSet<usize>>,
    modules: BTreeMap<ModuleName, u64>,
    operators: BTreeSet<Address>,
    verdicts: BTreeMap<&'static str, u64>,
    exits_proposed: u64,
}

impl Registry {
    /// Takes in one log. One that does not fit what is known changes nothing here; the ticket ledger counts it.
    pub(crate) fn take(&mut self, log: &JudgedLog) {
        match &log.event {
            JudgedEvent::Registered(registered) => self.register(*registered, log.block),
            JudgedEvent::Provisioned(id) => self.step(id, Life::Pending, Life::Active),
            JudgedEvent::Skipped(id) => self.step(id, Life::Pending, Life::Skipped),
            JudgedEvent::Exited { id, burned: _ } => self.step(id, Life::Active, Life::Settled),
            // Who never registered a validator has no account here.
            JudgedEvent::TicketsDeposited { .. } | JudgedEvent::TicketsWithdrawn { .. } => {}
            // About validators by index, registered or not.
            JudgedEvent::ExitProposed(_) => self.exits_proposed = self.exits_proposed.saturating_add(1),
            JudgedEvent::ExitCancelled { .. } => {}
        }
    }

    fn register(&mut self, registered: Registered, block: BlockNumber) {
        if self.by_id.contains_key(&registered.id) {
            return;
        }
        let place = self.entries.len();
        self.by_id.insert(registered.id, place);
        if let Some(pubkey) = registered.pubkey {
            self.by_pubkey.entry(pubkey).or_default().push(place);
        }
        let count = self.modules.entry(registered.id.module).or_default();
        *count = count.saturating_add(1);
        let count = self.verdicts.entry(registered.verdict.code()).or_default();
        *count = count.saturating_add(1);
        self.operators.insert(registered.operator);
        self.entries.push(Entry { registered, life: Life::Pending, block });
    }

    fn step(&mut self, id: &RegistrationId, from: Life, to: Life) {
        let Some(place) = self.by_id.get(id).copied() else { return };
        let Some(entry) = self.entries.get_mut(place).filter(|entry| entry.life == from) else { return };
        entry.life = to;
        let active = self.active.entry(entry.registered.operator).or_default();
        if to == Life::Active {
            active.insert(place);
        } else {
            active.remove(&place);
        }
    }

    /// All of them, in the order of the chain.
    pub(crate) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The registrations of one key, in the order of the chain.
    fn of(&self, pubkey: &BlsPubkey) -> impl Iterator<Item = &Entry> {
        self.by_pubkey.get(pubkey).into_iter().flatten().filter_map(|place| self.entries.get(*place))
    }

    /// The registration of a key that counts: the first one that is sound and was not skipped.
    pub(crate) fn live(&self, pubkey: &BlsPubkey) -> Option<RegistrationId> {
        let counts = |entry: &&Entry| entry.registered.verdict.is_sound() && entry.life != Life::Skipped;
        self.of(pubkey).find(counts).map(|entry| entry.registered.id)
    }

    /// Who registered a key, if not all its sound registrations were skipped.
    pub(crate) fn operator(&self, pubkey: &BlsPubkey) -> Option<Address> {
        let place = self.by_id.get(&self.live(pubkey)?)?;
        self.entries.get(*place).map(|entry| entry.registered.operator)
    }

    /// Who registered a key and in which module, if not all its sound registrations were skipped.
    pub(crate) fn home(&self, pubkey: &BlsPubkey) -> Option<(Address, ModuleName)> {
        self.operator(pubkey).zip(self.live(pubkey).map(|id| id.module))
    }

    /// Who pays for a key's duty with tickets: the operator of its first sound registration, while that is active.
    pub(crate) fn payer(&self, pubkey: &BlsPubkey) -> Option<Address> {
        let counts = |entry: &&Entry| entry.registered.verdict.is_sound() && entry.life == Life::Active;
        self.of(pubkey).find(counts).map(|entry| entry.registered.operator)
    }

    /// Whether the contracts want the guardians to look after a key.
    pub(crate) fn mandate(&self, pubkey: &BlsPubkey) -> Mandate {
        let lives =
            self.of(pubkey).filter(|entry| entry.registered.verdict.is_sound()).map(|entry| entry.life);
        lives.fold(Mandate::Unregistered, |mandate, life| {
            mandate.max(match life {
                Life::Skipped | Life::Settled => Mandate::Over,
                Life::Pending => Mandate::Waiting,
                Life::Active => Mandate::Active,
            })
        })
    }

    /// Whether a sound registration of a key was exited and settled.
    pub(crate) fn is_settled(&self, pubkey: &BlsPubkey) -> bool {
        self.of(pubkey).any(|entry| entry.registered.verdict.is_sound() && entry.life == Life::Settled)
    }

    /// Keys of an operator's active registrations, sound or not: one of a key that was registered twice counts twice.
    pub(crate) fn on_duty(&self, operator: &Address) -> impl Iterator<Item = BlsPubkey> {
        let places = self.active.get(operator).into_iter().flatten();
        places.filter_map(|place| self.entries.get(*place)).filter_map(|entry| entry.registered.pubkey)
    }

    /// Keys to be followed on the beacon chain.
    pub(crate) fn live_keys(&self) -> BTreeSet<BlsPubkey> {
        self.entries
            .iter()
            .filter(|entry| entry.is_live())
            .filter_map(|entry| entry.registered.pubkey)
            .collect()
    }

    /// Registrations logged so far, by module.
    pub(crate) fn modules(&self) -> &BTreeMap<ModuleName, u64> {
        &self.modules
    }

    /// Everybody who ever registered a validator.
    pub(crate) fn operators(&self) -> &BTreeSet<Address> {
        &self.operators
    }

    /// Proposals of exits logged so far, cancelled ones too.
    pub(crate) fn exits_proposed(&self) -> u64 {
        self.exits_proposed
    }

    /// How many registrations ended in which verdict.
    pub(crate) fn verdicts(&self) -> BTreeMap<String, u64> {
        self.verdicts.iter().map(|(code, count)| ((*code).to_owned(), *count)).collect()
    }
}

#[cfg(test)]
mod tests;
