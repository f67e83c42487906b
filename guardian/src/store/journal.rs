//! `Journal`: the journal of a guardian that does not run, to be read and not written.

use super::acknowledged::Acknowledged;
use super::engine::{Engine, Owner};
use super::linked::Linked;
use super::{records_of, take_lock};
use crate::Error;
use guardian_core::JournalHead;
use guardian_core::guardian_set::{GuardianIndex, NetworkId};
use std::fs::File;
use std::path::{Path, PathBuf};

/// An open journal. Holds the store's lock: the guardian cannot start meanwhile.
#[derive(Debug)]
pub struct Journal {
    directory: PathBuf,
    pub(super) engine: Engine,
    acknowledged: JournalHead,
    // After the engine, as in the store.
    _lock: File,
}

impl Journal {
    /// Opens the journal of guardian `me` of `network` below `data_dir`, needing no password. Nothing is verified yet,
    /// no record, no share and no count is changed, and no store is made where there is none.
    ///
    /// # Errors
    /// [`Error::StoreLocked`] while the guardian runs; otherwise as [`super::Store::open`], and
    /// [`Error::StoreForeign`] where there is no store.
    pub fn open(data_dir: &Path, network: NetworkId, me: GuardianIndex) -> Result<Self, Error> {
        let directory = data_dir.join("store");
        let (at, counts_at) = (directory.join("engine"), directory.join("acknowledged"));
        let damaged =
            |problem: &str| Error::StoreDamaged { path: directory.clone(), problem: problem.into() };
        if !at.exists() {
            if counts_at.exists() {
                return Err(damaged("`engine` is missing although `acknowledged` is there"));
            }
            let problem = "there is none; either this guardian has not run yet, or `data_dir` in the \
                           configuration is not the one it ran with";
            return Err(Error::StoreForeign { path: directory, problem: problem.into() });
        }
        let lock = take_lock(&directory)?;
        let engine = Engine::open(&at, &directory, Owner { network, guardian: me })?;
        let acknowledged = if counts_at.exists() {
            Acknowledged::open(&counts_at, &directory)?.counts().journal
        } else if engine.is_empty()? {
            // The power went between the two steps of creation.
            JournalHead::default()
        } else {
            return Err(damaged("`acknowledged` is missing although the store holds data"));
        };
        Ok(Self { directory, engine, acknowledged, _lock: lock })
    }

    /// The head that was acknowledged last: where the chain of [`Journal::records`] must lead.
    pub fn acknowledged(&self) -> JournalHead {
        self.acknowledged
    }

    /// The records that were acknowledged, oldest first, read as they are asked for. Not verified.
    ///
    /// Its errors: [`Error::StoreDamaged`], [`Error::StoreFailed`]; none comes after one.
    pub fn records(&self) -> impl Iterator<Item = Result<Linked, Error>> {
        records_of(self.engine.entries(self.acknowledged.length), &self.directory)
    }
}
