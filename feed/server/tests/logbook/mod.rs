//! A guardian's log of the network that never was: signed, and growing with the slots.

#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    reason = "each user takes a part of it, and none serves anybody"
)]

use super::world::{NOW, World, bytes, identity};
use crypto::spec::Slot;
use feed::{Checkpoint, FeedKey, KeyBinding, Origin};
use feed_server::log::{Log, LogWriter, Shelf};
use feed_server::{Inputs, Role};
use guardian_core::guardian_set::GuardianIndex;
use guardian_core::record::Record;
use guardian_core::status::StatusSnapshot;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::sync::watch;

/// What a server is given, and what feeds it.
pub struct Fed {
    pub inputs: Inputs,
    pub status: watch::Sender<Option<Arc<StatusSnapshot>>>,
    pub shelf: watch::Sender<Arc<Shelf>>,
}

/// Writes the log of one guardian.
pub struct Logbook {
    directory: PathBuf,
    /// Logs of earlier lives.
    earlier: Vec<Log>,
    writer: LogWriter,
    guardian: u16,
    records: u64,
    /// When its witnesses sign, Unix seconds.
    time: u64,
}

/// Guardians that cosign every checkpoint.
const WITNESSES: [u16; 2] = [2, 3];

/// The feed key of a guardian.
pub fn key(guardian: u16) -> FeedKey {
    FeedKey::from_seed(bytes("feed key", guardian.into()))
}

/// What binds the feed key of a guardian to its identity.
pub fn binding(world: &World, guardian: u16) -> KeyBinding {
    let sealer = identity(guardian);
    KeyBinding::seal(
        world.definition.id(),
        &sealer,
        &key(guardian).public(),
        world.definition.chain.genesis_time,
    )
}

fn time(world: &World, slot: Slot) -> u64 {
    let chain = &world.definition.chain;
    chain.genesis_time + slot.0 * chain.seconds_per_slot.get()
}

/// The bindings of all guardians.
pub fn bindings(world: &World) -> Arc<BTreeMap<GuardianIndex, KeyBinding>> {
    Arc::new((1..=7).map(|guardian| (GuardianIndex(guardian), binding(world, guardian))).collect())
}

fn open(directory: &Path, world: &World, guardian: u16, life: Slot) -> LogWriter {
    let origin = Origin { network: world.definition.id(), guardian: GuardianIndex(guardian), life };
    let id = format!("3-{}", life.0);
    LogWriter::open(&directory.join(&id), &id, origin).unwrap()
}

/// In the form that guardians write, where it is what they write.
fn written(entry: &Value) -> Vec<u8> {
    let number = |name: &str| entry.get(name).and_then(Value::as_u64);
    match serde_json::from_value::<feed::Fact>(entry.clone()) {
        Ok(fact) => feed::Entry { record: number("record"), slot: number("slot").map(Slot), fact }.encode(),
        Err(_) => entry.to_string().into_bytes(),
    }
}

impl Logbook {
    /// Begins the log of a guardian.
    pub fn begin(directory: &Path, world: &World, guardian: u16) -> Self {
        let mut logbook = Self {
            directory: directory.to_owned(),
            earlier: Vec::new(),
            writer: open(directory, world, guardian, Slot(0)),
            guardian,
            records: 0,
            time: time(world, NOW),
        };
        logbook.head(world);
        logbook
    }

    /// Begins another life, as after the loss of a journal. What was written stays.
    pub fn lapse(&mut self, world: &World, life: Slot) {
        let writer = open(&self.directory, world, self.guardian, life);
        self.earlier.push(std::mem::replace(&mut self.writer, writer).log());
        self.head(world);
    }

    fn head(&mut self, world: &World) {
        let guardian = GuardianIndex(self.guardian);
        let first = [
            feed::Entry::definition(&world.definition),
            feed::Entry::key(&world.definition, guardian, &binding(world, self.guardian)).unwrap(),
        ];
        self.append(&first.map(|entry| entry.encode()));
    }

    /// What a server of this guardian's feed is given, and the ends that go on feeding it.
    pub fn inputs(&self, world: &World, status: Option<StatusSnapshot>, home: PathBuf) -> Fed {
        let (status, statuses) = watch::channel(status.map(Arc::new));
        let (shelf, shelves) = watch::channel(self.shelf());
        let inputs = Inputs {
            definition: Arc::new(world.definition.clone()),
            status: statuses,
            shelf: shelves,
            binding: binding(world, self.guardian),
            bindings: watch::channel(bindings(world)).1,
            home: Some(home),
            role: Role::Guardian,
        };
        Fed { inputs, status, shelf }
    }

    /// Adds entries and signs.
    pub fn write(&mut self, entries: Vec<Value>) {
        let lines: Vec<Vec<u8>> = entries.iter().map(written).collect();
        self.append(&lines);
    }

    fn append(&mut self, lines: &[Vec<u8>]) {
        self.writer.append(lines).unwrap();
        let log = self.writer.log();
        let checkpoint = Checkpoint { origin: *log.origin(), size: log.size(), root: log.root().unwrap() };
        let note = feed::sign(&checkpoint, &key(self.guardian));
        let others = WITNESSES.into_iter().filter(|witness| *witness != self.guardian);
        let line = |witness| feed::cosign(&checkpoint, &key(witness), GuardianIndex(witness), self.time);
        let note = feed::with_lines(&note, &others.map(line).collect::<Vec<_>>()).unwrap();
        self.writer.set_checkpoint(&note).unwrap();
    }

    /// Adds what the world tells of a slot: at least one entry.
    pub fn slot(&mut self, world: &World, slot: Slot) {
        self.time = time(world, slot);
        let happened = world.happened(slot);
        let entries = happened
            .into_iter()
            .map(|fact| {
                self.records += 1;
                let mut entry = json!({"record": self.records, "slot": slot});
                entry.as_object_mut().unwrap().extend(fact.as_object().unwrap().clone());
                entry
            })
            .collect();
        self.write(entries);
    }

    /// Adds this many entries at once.
    pub fn history(&mut self, count: u64, slot: Slot) {
        let entry = |number: u64| {
            json!({"record": number, "slot": slot.saturating_sub(count - number), "kind": "not_finalizing",
                "epoch": slot.0 / 32 - (count - number)})
        };
        let entries = (0..count).map(entry).collect();
        self.records += count;
        self.write(entries);
    }

    /// Adds entries as a guardian's journal would make them.
    pub fn records(&mut self, records: &[Record]) {
        let mut entries = Vec::new();
        for record in records {
            self.records += 1;
            if let Some(entry) = feed::Entry::of(self.records, record) {
                entries.push(entry.encode());
            }
        }
        self.append(&entries);
    }

    /// Shows another note of the newest checkpoint.
    pub fn show(&mut self, note: &[u8]) {
        self.writer.set_checkpoint(note).unwrap();
    }

    /// All logs.
    pub fn shelf(&self) -> Arc<Shelf> {
        Arc::new(Shelf { logs: self.earlier.iter().cloned().chain([self.writer.log()]).collect() })
    }
}
