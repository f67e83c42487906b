//! `View`: the chain as this guardian's own beacon nodes show it.

use crate::balance;
use crate::epoch_set::EpochSet;
use crate::event::{Custody, Liveness, NodeHealth};
use crate::guardian_set::{GuardianIndex, NetworkDefinition};
use crate::offline::Facts;
use crate::policy::BalanceRule;
use crate::record::Record;
use crate::timeline::Timeline;
use crypto::keys::KeySetId;
use crypto::spec::{BlsPubkey, Checkpoint, Epoch, Slot, ValidatorIndex};
use crypto::validator::{Validator, ValidatorStatus};
use std::collections::{BTreeMap, BTreeSet};

/// What we hold of a validator's key.
#[derive(Debug, Clone)]
pub(crate) struct Held {
    pub(crate) custody: Custody,
    /// Which split our share is of.
    pub(crate) key_set: KeySetId,
}

/// One validator we follow: we hold a share of it, or it is registered with the contracts.
#[derive(Debug, Clone, Default)]
pub(crate) struct Watched {
    /// None for one that is only registered.
    pub(crate) held: Option<Held>,
    pub(crate) at_head: Option<Validator>,
    pub(crate) at_finalized: Option<Validator>,
    /// Slot at which we first saw it due; turns to propose are counted from here.
    pub(crate) due_since: Option<Slot>,
    /// The last head that did not show it leaving, if we saw one, and the first that did.
    pub(crate) left: Option<(Option<Slot>, Slot)>,
    /// An exit of it seen in a pool: its epoch, and our slot then.
    pub(crate) gossiped: Option<(Epoch, Slot)>,
    /// Epoch of the finalized checkpoint since which its balance has been below the threshold.
    pub(crate) below_since: Option<Epoch>,
}

/// What our nodes show. Grows with what is watched, not with time: timelines keep runs, and a bounded number of them.
#[derive(Debug, Clone, Default)]
pub(crate) struct View {
    slot: Option<Slot>,
    /// The first slot since the start.
    begun: Option<Slot>,
    head: Option<Slot>,
    finalized: Option<Checkpoint>,
    nodes: NodeHealth,
    watched: BTreeMap<BlsPubkey, Watched>,
    by_index: BTreeMap<ValidatorIndex, BlsPubkey>,
    /// How many validators on duty that we hold shares of are dark, and how many there are.
    darkness: (u64, u64),
    /// How many validators that we hold shares of are on duty at the finalized state.
    on_duty: u64,
    /// Whether the set of watched validators changed since it was last told.
    is_set_new: bool,
    /// By index, because that is how liveness is asked for; at most one for each validator ever watched.
    timelines: BTreeMap<ValidatorIndex, Timeline>,
    /// Epochs that ended while the chain was not finalizing.
    not_finalizing: EpochSet,
}

impl View {
    /// The current slot; zero before the first tick.
    pub(crate) fn slot(&self) -> Slot {
        self.slot.unwrap_or_default()
    }

    /// The first slot since the start; zero before the first tick.
    pub(crate) fn begun(&self) -> Slot {
        self.begun.unwrap_or_default()
    }

    /// Whether there was a first tick: before it nobody knows when it is.
    pub(crate) fn has_begun(&self) -> bool {
        self.slot.is_some()
    }

    pub(crate) fn head(&self) -> Option<Slot> {
        self.head
    }

    pub(crate) fn finalized(&self) -> Option<Checkpoint> {
        self.finalized
    }

    pub(crate) fn nodes(&self) -> NodeHealth {
        self.nodes
    }

    /// Validators we hold shares of.
    pub(crate) fn held(&self) -> impl Iterator<Item = (&Watched, &Held)> {
        self.watched.values().filter_map(|watched| watched.held.as_ref().map(|held| (watched, held)))
    }

    /// Whether we hold a share of a validator.
    pub(crate) fn holds(&self, pubkey: &BlsPubkey) -> bool {
        self.watched.get(pubkey).is_some_and(|watched| watched.held.is_some())
    }

    /// Keys of the validators we hold shares of, ascending.
    pub(crate) fn held_keys(&self) -> Vec<BlsPubkey> {
        self.held().map(|(_, held)| held.custody.pubkey).collect()
    }

    /// Keys of all validators we follow, ascending.
    pub(crate) fn watched_keys(&self) -> Vec<BlsPubkey> {
        self.watched.keys().copied().collect()
    }

    /// The set of watched validators, if it changed since the last time this was asked.
    pub(crate) fn new_set(&mut self) -> Option<Vec<BlsPubkey>> {
        std::mem::take(&mut self.is_set_new).then(|| self.watched_keys())
    }

    /// Largest exit epoch scheduled among the validators we follow.
    pub(crate) fn last_exit(&self) -> Option<Epoch> {
        let exits = self.watched.values().filter_map(|watched| watched.at_finalized);
        exits.filter(Validator::is_exiting).map(|validator| validator.exit_epoch).max()
    }

    /// What we hold of a validator's key.
    pub(crate) fn custody(&self, pubkey: &BlsPubkey) -> Option<&Held> {
        self.watched.get(pubkey)?.held.as_ref()
    }

    pub(crate) fn validator(&self, pubkey: &BlsPubkey) -> Option<&Watched> {
        self.watched.get(pubkey)
    }

    /// The key of a validator we follow.
    pub(crate) fn pubkey_of(&self, index: ValidatorIndex) -> Option<&BlsPubkey> {
        self.by_index.get(&index)
    }

    pub(crate) fn validator_mut(&mut self, pubkey: &BlsPubkey) -> Option<&mut Watched> {
        self.watched.get_mut(pubkey)
    }

    pub(crate) fn timeline(&self, index: ValidatorIndex) -> Option<&Timeline> {
        self.timelines.get(&index)
    }

    /// Goes on to `slot`. None when it is not later than the one before; otherwise the slot before, if any.
    pub(crate) fn begin_slot(&mut self, slot: Slot) -> Option<Option<Slot>> {
        if self.slot.is_some_and(|current| slot <= current) {
            return None;
        }
        self.begun.get_or_insert(slot);
        Some(self.slot.replace(slot))
    }

    /// Takes in shares. Those whose index is not `me`'s are not ours to use: member i holds the share at x = i.
    pub(crate) fn load(&mut self, custodies: Vec<Custody>, me: GuardianIndex) {
        for custody in custodies.into_iter().filter(|custody| custody.index.get() == me.0) {
            let (pubkey, key_set) = (custody.pubkey, custody.key_set.id());
            self.is_set_new |= !self.watched.contains_key(&pubkey);
            self.watched.entry(pubkey).or_default().held = Some(Held { custody, key_set });
        }
        self.count_darkness();
    }

    /// Follows these registered validators too, and those no more that are neither registered nor ours.
    pub(crate) fn follow(&mut self, registered: &BTreeSet<BlsPubkey>) {
        let before = self.watched.len();
        self.watched.retain(|pubkey, watched| watched.held.is_some() || registered.contains(pubkey));
        self.is_set_new |= self.watched.len() != before;
        for pubkey in registered {
            self.is_set_new |= !self.watched.contains_key(pubkey);
            self.watched.entry(*pubkey).or_default();
        }
        let watched = &self.watched;
        self.by_index.retain(|_, pubkey| watched.contains_key(pubkey));
    }

    pub(crate) fn observe_nodes(&mut self, nodes: NodeHealth) {
        self.nodes = nodes;
    }

    pub(crate) fn observe_head(&mut self, slot: Slot, validators: Vec<Validator>) {
        let before = self.head.replace(slot);
        for validator in validators {
            if let Some(watched) = self.watched.get_mut(&validator.pubkey) {
                let stayed = watched.at_head.is_some_and(|validator| !validator.is_exiting());
                let left = watched.left.unwrap_or((before.filter(|_| stayed), slot));
                watched.left = validator.is_exiting().then_some(left);
                watched.at_head = Some(validator);
                self.by_index.insert(validator.index, validator.pubkey);
            }
        }
        self.count_darkness();
    }

    /// Takes in a finalized state unless a later one is known. True when the checkpoint is news for the journal.
    pub(crate) fn observe_finalized(
        &mut self,
        checkpoint: Checkpoint,
        validators: Vec<Validator>,
        rule: &BalanceRule,
    ) -> bool {
        let known = self.finalized.map(|known| known.epoch);
        if known.is_some_and(|known| checkpoint.epoch < known) {
            return false;
        }
        self.finalized = Some(checkpoint);
        for validator in validators {
            if let Some(watched) = self.watched.get_mut(&validator.pubkey) {
                watched.at_finalized = Some(validator);
                let first = watched.below_since.unwrap_or(checkpoint.epoch);
                watched.below_since = balance::is_below(rule, &validator).then_some(first);
                self.by_index.insert(validator.index, validator.pubkey);
            }
        }
        self.count_darkness();
        known != Some(checkpoint.epoch)
    }

    /// Takes in an exit seen in a pool. Whose it is, if we follow it.
    pub(crate) fn observe_exit(&mut self, index: ValidatorIndex, epoch: Epoch) -> Option<BlsPubkey> {
        let slot = self.slot();
        let pubkey = self.by_index.get(&index).copied()?;
        if let Some(watched) = self.watched.get_mut(&pubkey)
            && watched.gossiped.is_none_or(|(known, _)| known != epoch)
        {
            watched.gossiped = Some((epoch, slot));
        }
        Some(pubkey)
    }

    pub(crate) fn observe_liveness(&mut self, liveness: &Liveness) {
        for index in &liveness.live {
            self.timelines.entry(*index).or_default().saw_live(liveness.epoch);
        }
        for index in &liveness.dark {
            self.timelines.entry(*index).or_default().saw_dark(liveness.epoch);
        }
        self.count_darkness();
    }

    /// What the journal must hold of an observation so that a restart knows every dark run and where it began.
    ///
    /// A validator that goes on attesting costs nothing: its live epochs are written where they begin and where they
    /// end. To be called before [`View::observe_liveness`].
    pub(crate) fn worth_journaling(&self, liveness: &Liveness) -> Vec<Record> {
        let epoch = liveness.epoch;
        let before = epoch.0.checked_sub(1).map(Epoch);
        let was_live = |index: &ValidatorIndex, at: Option<Epoch>| {
            at.is_some_and(|at| self.timelines.get(index).is_some_and(|line| line.live().contains(at)))
        };
        let was_dark = |index: &ValidatorIndex| {
            self.timelines.get(index).is_some_and(|line| line.dark().contains(epoch))
        };
        let is_new = |index: &&ValidatorIndex| !was_live(index, Some(epoch));
        let dark: BTreeSet<_> =
            liveness.dark.iter().filter(is_new).filter(|index| !was_dark(index)).copied().collect();
        let live: BTreeSet<_> = liveness
            .live
            .iter()
            .filter(is_new)
            .filter(|index| was_dark(index) || !was_live(index, before))
            .copied()
            .collect();
        let ended: Vec<_> = dark.iter().filter(|index| was_live(index, before)).copied().collect();
        let mut records = Vec::new();
        if let (Some(before), false) = (before, ended.is_empty()) {
            records.push(Record::Liveness(Liveness { epoch: before, live: ended, dark: Vec::new() }));
        }
        if !(live.is_empty() && dark.is_empty()) {
            let (live, dark) = (live.into_iter().collect(), dark.into_iter().collect());
            records.push(Record::Liveness(Liveness { epoch, live, dark }));
        }
        records
    }

    /// Takes in what the journal holds.
    pub(crate) fn apply(&mut self, record: &Record) {
        match record {
            Record::Liveness(liveness) => self.observe_liveness(liveness),
            Record::Finalized(checkpoint) => {
                if self.finalized.is_none_or(|known| known.epoch <= checkpoint.epoch) {
                    self.finalized = Some(*checkpoint);
                }
            }
            Record::NotFinalizing(epoch) => self.not_finalizing.insert(*epoch),
            Record::Proposed { .. }
            | Record::VoteCast(_)
            | Record::VoteSeen { .. }
            | Record::Certified { .. }
            | Record::Released { .. }
            | Record::PartialHeld { .. }
            | Record::Combined { .. }
            | Record::Submitted { .. }
            | Record::Moved { .. }
            | Record::Faulted { .. }
            | Record::Scanned(_)
            | Record::Asked { .. }
            | Record::Raised { .. }
            | Record::EmergencyCertified { .. }
            | Record::EmergencyMoved { .. }
            | Record::Cancelled { .. }
            | Record::Adopted { .. }
            | Record::Observed { .. }
            | Record::Held { .. }
            | Record::Reached { .. }
            | Record::WishCast { .. }
            | Record::WishSeen { .. }
            | Record::Lapsed(_)
            | Record::Spared { .. }
            | Record::Preceded { .. }
            | Record::Opened { .. }
            | Record::Ceremony { .. }
            | Record::Inherited { .. }
            | Record::GroupSigned { .. } => {}
        }
    }

    /// Whether `epoch` ended, just now, with the chain further behind than `distance` epochs.
    pub(crate) fn ended_without_finality(&self, epoch: Epoch, distance: u64) -> bool {
        self.finalized.is_some_and(|finalized| finalized.epoch.saturating_add(distance) < epoch)
    }

    /// A validator as finalized state and head have it; None while our nodes do not show both or cannot be trusted.
    pub(crate) fn states(&self, pubkey: &BlsPubkey) -> Option<(&Watched, &Validator, &Validator)> {
        if self.nodes.healthy == 0 || self.nodes.disagree {
            return None;
        }
        let watched = self.watched.get(pubkey)?;
        Some((watched, watched.at_finalized.as_ref()?, watched.at_head.as_ref()?))
    }

    /// All that the `offline` rule needs to know of a validator; None while our nodes do not show enough or cannot be
    /// trusted.
    pub(crate) fn facts<'a>(
        &'a self,
        definition: &'a NetworkDefinition,
        pubkey: &BlsPubkey,
    ) -> Option<Facts<'a>> {
        let (_, at_finalized, at_head) = self.states(pubkey)?;
        Some(Facts {
            rule: &definition.policy.offline,
            committee_period: definition.chain.shard_committee_period,
            current: definition.chain.epoch_of(self.slot?),
            finalized: self.finalized?.epoch,
            not_finalizing: &self.not_finalizing,
            timeline: self.timelines.get(&at_finalized.index)?,
            at_finalized,
            at_head,
        })
    }

    /// How many validators on duty that we hold shares of are dark, and how many there are.
    pub(crate) fn darkness(&self) -> (u64, u64) {
        self.darkness
    }

    /// How many validators that we hold shares of are on duty at the finalized state.
    pub(crate) fn on_duty(&self) -> u64 {
        self.on_duty
    }

    /// Whether a validator that we hold a share of is on duty at the finalized state.
    pub(crate) fn is_on_duty(&self, pubkey: &BlsPubkey) -> bool {
        self.watched
            .get(pubkey)
            .is_some_and(|watched| watched.held.is_some() && is_on_duty_at_finalized(watched))
    }

    /// Counts anew; asked for at every release, so it is kept.
    fn count_darkness(&mut self) {
        self.on_duty =
            self.held().fold(0, |all, (watched, _)| all + u64::from(is_on_duty_at_finalized(watched)));
        let on_duty = |watched: &Watched| {
            is_on_duty_at_finalized(watched)
                && !watched.at_head.is_some_and(|validator| validator.is_exiting())
        };
        let held = self.held().map(|(watched, _)| watched).filter(|watched| on_duty(watched));
        self.darkness = held.fold((0, 0), |(dark, all), watched| {
            let line = watched.at_finalized.and_then(|validator| self.timelines.get(&validator.index));
            (dark + u64::from(line.is_some_and(Timeline::is_dark_now)), all + 1)
        });
    }
}

fn is_on_duty_at_finalized(watched: &Watched) -> bool {
    watched.at_finalized.is_some_and(|validator| validator.status == ValidatorStatus::ActiveOngoing)
}

#[cfg(test)]
mod tests;
