//! A store, piece by piece, as a backup takes it: everything at one moment.
//!
//! # Design decisions
//! - Logical, not the engine's files: those are of one moment only while nobody writes, and of one version of the engine.
//! - What is not the journal is copied tree by tree, whatever trees there are: none is forgotten because it is new.
//! - No lock is held while it is read. Records before a head never change; for the rest, changes are counted under the
//!   lock of the writers, and the head is taken in the same moment in which the count is found unmoved. If it moved, the
//!   reader is told to begin anew.

use super::engine::trees::Value;
use super::{FORMAT, Journal, Linked, MAX_RECORD, Store, engine};
use crate::Error;
use borsh::{BorshDeserialize, BorshSerialize};
use guardian_core::JournalHead;
use guardian_core::guardian_set::{GuardianIndex, NetworkId};
use guardian_core::record::Record;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;

/// Most bytes of one piece: of a record, with room for what is around it.
pub(crate) const MAX_PIECE: usize = MAX_RECORD + 1024;

/// One piece of a store, in this order: whose it is, all values, the head, all records up to it, the end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, BorshSerialize, BorshDeserialize)]
#[serde(rename_all = "snake_case")]
pub enum Piece {
    /// Whose store it is.
    Owner {
        /// Format of the store.
        format: u16,
        /// The network.
        network: NetworkId,
        /// Which guardian of it.
        guardian: GuardianIndex,
    },
    /// A value outside the journal, as the engine has it.
    Value {
        /// In which tree.
        tree: String,
        /// Under which key.
        #[serde(with = "hex::serde")]
        key: Vec<u8>,
        /// It, with its checksum.
        #[serde(with = "hex::serde")]
        value: Vec<u8>,
    },
    /// How far the journal goes.
    Head(JournalHead),
    /// The next record.
    Record {
        /// Its link.
        #[serde(with = "hex::serde")]
        link: [u8; 32],
        /// What `Record::encode` made of it.
        #[serde(with = "hex::serde")]
        bytes: Vec<u8>,
    },
    /// All was said.
    End,
    /// Something changed on the way: what was said is not of one moment.
    Changed,
}

/// Takes the pieces; an error of its ends the copy.
pub(crate) type Take<'a> = &'a mut dyn FnMut(Piece) -> Result<(), Error>;

impl Store {
    /// Hands this store to `take`, while others may write to it.
    ///
    /// # Errors
    /// [`Error::StoreDamaged`], [`Error::StoreFailed`]; what `take` says.
    pub(crate) fn copy(&self, take: Take<'_>) -> Result<(), Error> {
        take(owner(&self.engine)?)?;
        let (before, _) = self.moment();
        copy_values(&self.engine, take)?;
        let (changes, head) = self.moment();
        if changes != before {
            return take(Piece::Changed);
        }
        copy_journal(self.linked(head.length), head, take)
    }

    /// How often something outside the journal changed, and the head: of one moment, in which nobody writes.
    fn moment(&self) -> (u64, JournalHead) {
        let tail = self.tail.lock().unwrap_or_else(PoisonError::into_inner);
        (self.changes.load(Ordering::Relaxed), tail.acknowledged.counts().journal)
    }

    /// Writes values of a copy into a new store. Durable when it returns; how many shares there are, the next opening
    /// finds.
    ///
    /// # Errors
    /// As [`Store::append`].
    pub(crate) fn put_values(&self, values: &[Value]) -> Result<(), Error> {
        self.commit(|engine, counts| engine.put_values(values).map(|()| counts))
    }
}

impl Journal {
    /// As [`Store::copy`]; nobody writes meanwhile.
    ///
    /// # Errors
    /// As [`Store::copy`].
    pub(crate) fn copy(&self, take: Take<'_>) -> Result<(), Error> {
        take(owner(&self.engine)?)?;
        copy_values(&self.engine, take)?;
        copy_journal(self.records(), self.acknowledged(), take)
    }
}

fn owner(engine: &engine::Engine) -> Result<Piece, Error> {
    let engine::Owner { network, guardian } = engine.owner()?;
    Ok(Piece::Owner { format: FORMAT, network, guardian })
}

fn copy_values(engine: &engine::Engine, take: Take<'_>) -> Result<(), Error> {
    engine.values(&mut |(tree, key, value)| take(Piece::Value { tree, key, value }))
}

fn copy_journal(
    records: impl Iterator<Item = Result<Linked, Error>>,
    head: JournalHead,
    take: Take<'_>,
) -> Result<(), Error> {
    take(Piece::Head(head))?;
    for linked in records {
        let Linked { bytes, link, .. } = linked?;
        take(Piece::Record { link, bytes })?;
    }
    take(Piece::End)
}

/// Values and records on their way into a new store, written in batches.
pub(crate) struct Filling {
    store: Store,
    values: Vec<Value>,
    records: Vec<Record>,
    waiting: usize,
}

/// Bytes that are written together.
const BATCH: usize = 1 << 20;

impl Filling {
    /// Fills an empty store. Nothing waits yet.
    pub(crate) fn new(store: Store) -> Self {
        Self { store, values: Vec::new(), records: Vec::new(), waiting: 0 }
    }

    /// Takes a piece. Order and links are for the caller.
    ///
    /// # Errors
    /// [`Error::StoreDamaged`] for a record of a kind this program does not know; as [`Store::append`].
    pub(crate) fn take(&mut self, piece: Piece) -> Result<(), Error> {
        match piece {
            Piece::Value { tree, key, value } => {
                self.waiting += key.len() + value.len();
                self.values.push((tree, key, value));
            }
            Piece::Record { bytes, .. } => {
                self.waiting += bytes.len();
                self.records.push(Record::decode(&bytes).ok_or_else(|| Error::StoreDamaged {
                    path: PathBuf::from(self.store.directory()),
                    problem: "the copy has a record of a kind this program does not know".into(),
                })?);
            }
            Piece::Owner { .. } | Piece::Head(_) | Piece::End | Piece::Changed => {}
        }
        if self.waiting >= BATCH { self.write() } else { Ok(()) }
    }

    /// Writes what waits: everything is durable then. Gives the store back.
    ///
    /// # Errors
    /// As [`Store::append`].
    pub(crate) fn finish(mut self) -> Result<Store, Error> {
        self.write()?;
        Ok(self.store)
    }

    fn write(&mut self) -> Result<(), Error> {
        if !self.values.is_empty() {
            self.store.put_values(&self.values)?;
        }
        self.store.append(&self.records)?;
        self.values.clear();
        self.records.clear();
        self.waiting = 0;
        Ok(())
    }
}
