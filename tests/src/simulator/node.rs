//! `Node`: one guardian's shell in the simulator: a core, a journal that survives, and a way to die.

use super::story::{Crash, Story, key_sets};
use crypto::threshold::ShareIndex;
use guardian_core::event::Custody;
use guardian_core::guardian_set::GuardianIndex;
use guardian_core::record::Record;
use guardian_core::status::StatusSnapshot;
use guardian_core::{Command, Event, Guardian};
use std::collections::{BTreeSet, VecDeque};

/// One guardian process.
#[derive(Debug)]
pub struct Node {
    index: GuardianIndex,
    /// None while it is down.
    guardian: Option<Guardian>,
    /// Encoded records, as on disk.
    journal: Vec<Vec<u8>>,
    /// Grows with every start: answers to an earlier life are void.
    life: u32,
    /// Journal writes about proposals in this life.
    writes: u32,
    crashes: VecDeque<Crash>,
    /// Journaled scans in this life, and after which it dies.
    scans: u32,
    scan_crashes: VecDeque<Crash>,
    /// Validators of the story whose shares it stored.
    held: BTreeSet<usize>,
    shown: Option<StatusSnapshot>,
}

impl Node {
    /// A guardian that was never started.
    pub fn new(index: GuardianIndex, story: &Story) -> Self {
        let crashes = story.crashes.iter().filter(|crash| crash.guardian == index).copied().collect();
        let scan_crashes = story.scan_crashes.iter().filter(|crash| crash.guardian == index);
        let is_imported = |place: &usize| !story.purses.iter().any(|purse| purse.validators.contains(place));
        Self {
            index,
            guardian: None,
            journal: Vec::new(),
            life: 0,
            writes: 0,
            crashes,
            scans: 0,
            scan_crashes: scan_crashes.copied().collect(),
            held: (0..story.fates.len()).filter(is_imported).collect(),
            shown: None,
        }
    }

    /// Who it is.
    pub fn index(&self) -> GuardianIndex {
        self.index
    }

    /// Which start this is.
    pub fn life(&self) -> u32 {
        self.life
    }

    /// What it last showed.
    pub fn status(&self) -> Option<&StatusSnapshot> {
        self.shown.as_ref()
    }

    /// Which share a guardian holds.
    pub fn share(index: GuardianIndex) -> ShareIndex {
        ShareIndex::new(index.0).expect("members are numbered from 1")
    }

    /// What it holds shares of: validators without an operator, and those whose registrations it saw.
    pub fn custody(&self, story: &Story) -> Vec<Custody> {
        self.held.iter().map(|place| self.custody_of(*place, story)).collect()
    }

    /// Stores the share of a validator of the story.
    pub fn hold(&mut self, place: usize, story: &Story) -> Custody {
        self.held.insert(place);
        self.custody_of(place, story)
    }

    fn custody_of(&self, place: usize, story: &Story) -> Custody {
        let keys = &key_sets(story)[place];
        Custody { pubkey: keys.pubkey, key_set: keys.set.clone(), index: Self::share(self.index) }
    }

    /// The first block that no journaled scan has.
    pub fn next_block(&self) -> u64 {
        let last = self.journal.iter().rev().find_map(|bytes| match Record::decode(bytes) {
            Some(Record::Scanned(report)) => Some(report.to.number.0),
            _ => None,
        });
        last.map_or(0, |last| last + 1)
    }

    /// Starts it from its journal.
    pub fn start(&mut self, story: &Story) {
        self.life += 1;
        self.writes = 0;
        self.scans = 0;
        self.guardian = Some(self.restored(story));
    }

    /// The guardian its journal makes.
    pub fn restored(&self, story: &Story) -> Guardian {
        let records = self.journal.iter().map(|bytes| Record::decode(bytes).expect("what was written"));
        Guardian::restore(story.definition.clone(), self.index, records).expect("its own journal")
    }

    /// Hands it an event; None while it is down.
    pub fn handle(&mut self, event: Event) -> Option<Vec<Command>> {
        Some(self.guardian.as_mut()?.handle(event))
    }

    /// Writes records; when this is where it dies, the number of slots it stays down.
    pub fn write(&mut self, records: Vec<Record>) -> Option<u64> {
        let about_proposals = records.iter().any(|record| {
            !matches!(
                record,
                Record::Liveness(_) | Record::Finalized(_) | Record::NotFinalizing(_) | Record::Scanned(_)
            )
        });
        let about_contracts = records.iter().any(|record| matches!(record, Record::Scanned(_)));
        self.journal.extend(records.iter().map(Record::encode));
        self.writes += u32::from(about_proposals);
        if about_proposals && self.crashes.front().is_some_and(|crash| crash.after_write == self.writes) {
            self.guardian = None;
            return self.crashes.pop_front().map(|crash| crash.down);
        }
        self.scans += u32::from(about_contracts);
        if about_contracts && self.scan_crashes.front().is_some_and(|crash| crash.after_write == self.scans) {
            self.guardian = None;
            return self.scan_crashes.pop_front().map(|crash| crash.down);
        }
        None
    }

    /// Shows its state.
    pub fn show(&mut self, status: StatusSnapshot) {
        self.shown = Some(status);
    }

    /// The running guardian.
    pub fn guardian(&self) -> Option<&Guardian> {
        self.guardian.as_ref()
    }

    /// Its journal, as on disk.
    pub fn journal(&self) -> &[Vec<u8>] {
        &self.journal
    }
}
