//! The scribe: the journal's public facts become entries of the log, in the journal's order, each once.

use super::shelf;
use crate::Error;
use crate::store::Store;
use crypto::spec::Slot;
use feed::fact::Fact;
use feed::{Entry, KeyBinding, Origin, note};
use feed_server::log::LogWriter;
use guardian_core::guardian_set::{GuardianIndex, NetworkDefinition};
use guardian_core::record::Record;
use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

/// Entries written at a time: one sync for all of them.
const BATCH: usize = 512;

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
}

impl Scribe {
    /// Opens the log that follows this journal, or begins it. `anew`: the slot of a life that begins now, because the
    /// others witnessed more of the latest log than there is.
    pub(super) fn open(
        home: &Path,
        definition: &NetworkDefinition,
        me: GuardianIndex,
        binding: &KeyBinding,
        store: &Store,
        anew: Option<Slot>,
    ) -> Result<Self, Error> {
        let life = shelf::lives(home).into_iter().chain(anew).max().unwrap_or_default().max(lapsed(store)?);
        let origin = Origin { network: definition.id(), guardian: me, life };
        let path = shelf::directory(home, life);
        let id = shelf::id(definition.guardian_set.epoch, life);
        let writer = LogWriter::open(&path, &id, origin).map_err(failed(&path))?;
        let mut scribe =
            Self { writer, definition: definition.clone(), path, life, told: BTreeSet::from([me]), next: 0 };
        if scribe.writer.log().size() == 0 {
            let key = Entry::key(definition, me, binding).map_err(|problem| unwritable(&problem))?;
            scribe.write(&[Entry::definition(definition).encode(), key.encode()])?;
        }
        scribe.read()?;
        Ok(scribe)
    }

    /// Writes what the journal has beyond the log. False when the journal was found to be old meanwhile: then another log
    /// begins.
    pub(super) fn catch_up(&mut self, store: &Store) -> Result<bool, Error> {
        let mut batch = Vec::new();
        for linked in store.linked_from(self.next) {
            let linked = linked?;
            let number = linked.number;
            // A record of a kind that this program does not know tells nothing that it could publish.
            let record = Record::decode(&linked.bytes);
            if matches!(&record, Some(Record::Lapsed(at)) if *at > self.life) {
                self.write(&batch)?;
                return Ok(false);
            }
            batch.extend(record.and_then(|record| Entry::of(number, &record)).map(|entry| entry.encode()));
            if batch.len() >= BATCH {
                self.write(&batch)?;
                batch.clear();
            }
            self.next = number.saturating_add(1);
        }
        self.write(&batch)?;
        Ok(true)
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

    /// Finds out from the log itself where in the journal it ends, and whose keys it tells.
    fn read(&mut self) -> Result<(), Error> {
        let log = self.writer.log();
        for index in 0..log.size() {
            let bytes = log.entry(index).map_err(failed(&self.path))?.unwrap_or_default();
            let entry = Entry::decode(&bytes).map_err(|problem| unwritable(&problem))?;
            if let Some(record) = entry.record() {
                self.next = record.saturating_add(1);
            } else if let (Fact::Key { .. }, Some(guardian)) = (&entry.fact, entry.guardian()) {
                self.told.insert(guardian);
            }
        }
        Ok(())
    }
}

/// The slot of the last record that says that the journal was found to be old; 0 when none does.
fn lapsed(store: &Store) -> Result<Slot, Error> {
    let mut life = Slot(0);
    for linked in store.linked_from(0) {
        if let Some(Record::Lapsed(at)) = Record::decode(&linked?.bytes) {
            life = at;
        }
    }
    Ok(life)
}

/// A disk that fails.
pub(super) fn failed(path: &Path) -> impl Fn(io::Error) -> Error + '_ {
    |source| Error::File { action: "write the public log in", path: path.to_owned(), source }
}

fn unwritable(problem: &feed::Error) -> Error {
    Error::Task { problem: format!("the public log: {problem}") }
}
