//! The scribe: the journal's public facts become entries of the log, in the journal's order, each once.

use super::roots::{self, Decided};
use super::shelf;
use crate::Error;
use crate::store::Store;
use crypto::spec::Slot;
use feed::fact::Fact;
use feed::tile::{TilePath, WIDTH, unbundle};
use feed::{Entry, KeyBinding, Origin, note};
use feed_server::log::LogWriter;
use guardian_core::guardian_set::{GuardianIndex, NetworkDefinition};
use guardian_core::record::Record;
use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

/// Entries written at a time: one sync for all of them.
const BATCH: usize = 512;

/// Records of the journal looked at in one turn: between two of them the node may stop.
const TURN: u64 = 4_096;

/// How far a turn came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Progress {
    /// The log has what the journal has.
    Whole,
    /// There is more.
    More,
    /// The journal was found to be old at this slot: another log begins.
    Lapsed(Slot),
    /// The journal is not the one that the log tells of: it was begun anew, and so is the log.
    Other,
}

/// Writes one log. All of it blocks: it works on a thread for that.
pub(super) struct Scribe {
    pub(super) writer: LogWriter,
    definition: NetworkDefinition,
    path: PathBuf,
    life: Slot,
    /// Whose keys the log tells.
    told: BTreeSet<GuardianIndex>,
    /// The next record of the journal to look at.
    next: u64,
    /// The last record that the log tells of, and its entry, until it was found in the journal.
    last: Option<(u64, Entry)>,
    /// Decisions of whose blocks the log does not tell yet, at most [`roots::MOST`].
    decided: Vec<Decided>,
}

impl Scribe {
    /// Opens the latest log, or begins one. `life`: the slot at which the journal was last found to be old, or that of a
    /// life that begins now because the others witnessed more of the latest log than there is.
    pub(super) fn open(
        home: &Path,
        definition: &NetworkDefinition,
        me: GuardianIndex,
        binding: &KeyBinding,
        life: Slot,
    ) -> Result<Self, Error> {
        let life = shelf::lives(home).into_iter().max().unwrap_or_default().max(life);
        let origin = Origin { network: definition.id(), guardian: me, life };
        let path = shelf::directory(home, life);
        let id = shelf::id(definition.guardian_set.epoch, life);
        let writer = LogWriter::open(&path, &id, origin).map_err(failed(&path))?;
        let mut scribe = Self {
            writer,
            definition: definition.clone(),
            path,
            life,
            told: BTreeSet::new(),
            next: 0,
            last: None,
            decided: Vec::new(),
        };
        if scribe.writer.log().size() == 0 {
            let key = Entry::key(definition, me, binding).map_err(|problem| unwritable(&problem))?;
            scribe.write(&[Entry::definition(definition).encode(), key.encode()])?;
        }
        scribe.read()?;
        Ok(scribe)
    }

    /// Writes what the journal has beyond the log, at most [`TURN`] records of it.
    pub(super) fn catch_up(&mut self, store: &Store) -> Result<Progress, Error> {
        let mut batch = Vec::new();
        if !self.is_of(store)? {
            return Ok(Progress::Other);
        }
        let mut progress = Progress::Whole;
        for (linked, done) in store.linked_from(self.next).zip(0..) {
            if done == TURN {
                progress = Progress::More;
                break;
            }
            let linked = linked?;
            let number = linked.number;
            // A record of a kind that this program does not know tells nothing that it could publish.
            let record = Record::decode(&linked.bytes);
            if let Some(Record::Lapsed(at)) = &record
                && *at > self.life
            {
                progress = Progress::Lapsed(*at);
                break;
            }
            if let Some(entry) = record.and_then(|record| Entry::of(number, &record)) {
                self.note_decision(&entry);
                batch.push(entry.encode());
            }
            if batch.len() >= BATCH {
                self.write(&batch)?;
                batch.clear();
            }
            self.next = number.saturating_add(1);
        }
        self.write(&batch)?;
        Ok(progress)
    }

    /// Whether the log tells of this journal: of one that was begun anew, or restored, it would go on in the middle. Looked at
    /// once.
    fn is_of(&mut self, store: &Store) -> Result<bool, Error> {
        let Some((number, told)) = self.last.take() else { return Ok(true) };
        let Some(linked) = store.linked_from(number).next() else { return Ok(false) };
        let entry = Record::decode(&linked?.bytes).and_then(|record| Entry::of(number, &record));
        // Not byte for byte: another version of this program may tell more of the same.
        let about = |entry: &Entry| (entry.kind(), entry.proposal(), entry.guardian());
        let is_long = matches!(told.fact, Fact::Oversized { .. });
        Ok(entry.is_some_and(|entry| is_long || about(&entry) == about(&told)))
    }

    /// Writes down, once in a log, which key another guardian bound: for whoever verifies its cosignatures.
    pub(super) fn note_key(&mut self, guardian: GuardianIndex, binding: &KeyBinding) -> Result<(), Error> {
        if self.told.contains(&guardian) {
            return Ok(());
        }
        let entry =
            Entry::key(&self.definition, guardian, binding).map_err(|problem| unwritable(&problem))?;
        self.write(&[entry.encode()])?;
        self.told.insert(guardian);
        Ok(())
    }

    /// Writes down what nodes served about the blocks of a decision.
    pub(super) fn note_roots(&mut self, entry: &Entry) -> Result<(), Error> {
        self.write(&[entry.encode()])
    }

    /// Decisions to ask the nodes about; none of them is given twice.
    pub(super) fn take_decided(&mut self) -> Vec<Decided> {
        std::mem::take(&mut self.decided)
    }

    fn note_decision(&mut self, entry: &Entry) {
        match (&entry.fact, entry.proposal()) {
            (Fact::Evidence { evidence, .. }, Some(proposal)) => {
                self.decided.extend(Decided::of(proposal, evidence, &self.definition.chain));
                let surplus = self.decided.len().saturating_sub(roots::MOST);
                self.decided.drain(..surplus);
            }
            (Fact::Roots { .. }, Some(proposal)) => {
                self.decided.retain(|decided| decided.proposal != proposal);
            }
            _ => {}
        }
    }

    /// The root of the log as it is.
    pub(super) fn root(&self) -> Result<[u8; 32], Error> {
        self.writer.log().root().map_err(failed(&self.path))
    }

    /// Shows a signed note.
    pub(super) fn show(&mut self, note: &[u8]) -> Result<(), Error> {
        self.writer.set_checkpoint(note).map_err(failed(&self.path))
    }

    /// Shows a note that the network's own key signed; also as the newest one, where it is about the same.
    pub(super) fn show_signed(&mut self, note: &[u8]) -> Result<(), Error> {
        let newest = self.writer.log().checkpoint().and_then(|shown| note::peek(&shown).ok());
        if newest.is_some() && newest == note::peek(note).ok() {
            self.writer.set_checkpoint(note).map_err(failed(&self.path))?;
        }
        self.writer.set_network_checkpoint(note).map_err(failed(&self.path))
    }

    fn write(&mut self, entries: &[Vec<u8>]) -> Result<(), Error> {
        if entries.is_empty() {
            return Ok(());
        }
        self.writer.append(entries).map_err(failed(&self.path))
    }

    /// Finds out from the log itself where in the journal it ends, and, as far as its first and its last bundles say,
    /// whose keys it tells: keys are told at the beginning, and telling one again does no harm.
    fn read(&mut self) -> Result<(), Error> {
        let log = self.writer.log();
        let size = log.size();
        let mut number = size.checked_sub(1).map(|last| last / u64::from(WIDTH));
        let last = number;
        let mut end = None;
        while let Some(current) = number {
            if end.is_none() || current == 0 {
                for entry in self.bundle(current, size)? {
                    // Earlier decisions were asked about, or nobody served anything.
                    if number == last {
                        self.note_decision(&entry);
                    }
                    if let Some(record) = entry.record() {
                        if end.is_none_or(|end| record >= end) {
                            end = Some(record.saturating_add(1));
                            self.last = Some((record, entry.clone()));
                        }
                    } else if let (Fact::Key { .. }, Some(guardian)) = (&entry.fact, entry.guardian()) {
                        self.told.insert(guardian);
                    }
                }
            }
            number = if end.is_some() && current > 0 { Some(0) } else { current.checked_sub(1) };
        }
        self.next = end.unwrap_or(0);
        Ok(())
    }

    fn bundle(&self, number: u64, size: u64) -> Result<Vec<Entry>, Error> {
        let first = number.saturating_mul(WIDTH.into());
        let Some(path) = TilePath::of_entry(first, size) else { return Ok(Vec::new()) };
        let bytes = self.writer.log().tile(&path).map_err(failed(&self.path))?.unwrap_or_default();
        let entries = unbundle(&bytes, path.width).map_err(|problem| unwritable(&problem))?;
        entries
            .into_iter()
            .map(|entry| Entry::decode(entry).map_err(|problem| unwritable(&problem)))
            .collect()
    }
}

/// A disk that fails.
pub(super) fn failed(path: &Path) -> impl Fn(io::Error) -> Error + '_ {
    |source| Error::File { action: "write the public log in", path: path.to_owned(), source }
}

fn unwritable(problem: &feed::Error) -> Error {
    Error::Task { problem: format!("the public log: {problem}") }
}

#[cfg(test)]
mod tests;
