//! The store: this guardian's journal and its encrypted shares, durable before anybody is told.
//!
//! ```text
//! <data_dir>/store/lock           held while open: one process, one writer
//! <data_dir>/store/engine/        the database (all of it behind `engine.rs`)
//! <data_dir>/store/acknowledged   how much was acknowledged, kept outside the database
//! ```
//!
//! Design decisions
//! - The engine's own flush does not survive a power cut, so every write is followed by our own `fdatasync` of its
//!   file, and only then by one of `acknowledged`. An engine that comes back with less than was acknowledged is
//!   caught at opening instead of being believed.
//! - Every record is stored with its link of the journal's hash chain (`guardian_core::journal`), and `acknowledged`
//!   holds the last one: opening verifies the whole chain, so what was acknowledged is there unaltered or is refused.
//! - What was not acknowledged did not happen: a tail beyond `acknowledged` is cut off at opening, so a batch is
//!   there whole or not at all.
//! - A failed write closes the store: what the disk holds is then unknown until it is opened again.
//! - Values stay far below the engine's segment size; longer records are cut into chunks.

use crate::{Error, file};
use guardian_core::JournalHead;
use guardian_core::guardian_set::{GuardianIndex, NetworkId};
use guardian_core::record::Record;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

mod acknowledged;
mod copy;
mod engine;
mod journal;
mod linked;

pub use copy::Piece;
pub(crate) use copy::{Filling, MAX_PIECE};
pub use journal::Journal;
pub use linked::{BrokenLink, Linked, Verified};

use acknowledged::{Acknowledged, Counts};
use engine::entries::Entries;
use engine::{Engine, Owner};

/// Format of the store that this program writes, and the only one it reads. Format 1 had no chain; in format 2 votes and
/// partial signatures had no slot.
pub const FORMAT: u16 = 3;

/// Most bytes of one encoded record.
pub const MAX_RECORD: usize = 4 << 20;

/// Most bytes of one record as it is stored, with its link.
const MAX_STORED: usize = MAX_RECORD + 32;

/// A sealed share with its validator's key.
pub(crate) type StoredShare = ([u8; 48], Vec<u8>);

/// Tries to take the lock, [`LOCK_WAIT`] apart: a process that was killed a moment ago, or one that is between fork and
/// exec with our file still open, lets go within milliseconds.
const LOCK_TRIES: u32 = 20;

/// Wait between two tries.
const LOCK_WAIT: std::time::Duration = std::time::Duration::from_millis(50);

/// An open store. Closing it is dropping it.
#[derive(Debug)]
pub struct Store {
    directory: PathBuf,
    engine: Engine,
    // Also makes writers take turns over the whole of write, sync and acknowledge.
    tail: Mutex<Tail>,
    // How often something outside the journal was about to change; moved under the lock of `tail`.
    changes: AtomicU64,
    // After the engine: fields are dropped in order, and the lock must go last.
    _lock: File,
}

/// The end of what was acknowledged, and whether it can still be moved.
#[derive(Debug)]
struct Tail {
    acknowledged: Acknowledged,
    failed: bool,
}

impl Store {
    /// Opens the store of guardian `me` of `network` below `data_dir`; makes an empty one where there is none.
    ///
    /// # Errors
    /// [`Error::StoreLocked`], [`Error::StoreForeign`], [`Error::StoreNewer`], [`Error::StoreOlder`],
    /// [`Error::StoreDamaged`], [`Error::StoreFailed`], [`Error::File`]. Nothing is changed in a store that is refused.
    pub fn open(data_dir: &Path, network: NetworkId, me: GuardianIndex) -> Result<Self, Error> {
        let directory = data_dir.join("store");
        file::create_directory(&directory)?;
        let lock = take_lock(&directory)?;
        let owner = Owner { network, guardian: me };
        let (at, counts_at) = (directory.join("engine"), directory.join("acknowledged"));
        let damaged = |problem: String| Error::StoreDamaged { path: directory.clone(), problem };

        if !at.exists() {
            if counts_at.exists() {
                return Err(damaged("`engine` is missing although `acknowledged` is there".into()));
            }
            refuse_strangers(&directory)?;
            Engine::create(&at, &directory.join("engine.new"), owner)?;
        }
        let engine = Engine::open(&at, &directory, owner)?;
        if !counts_at.exists() {
            // Either the power went between the two steps of creation, or somebody removed the file.
            if !engine.is_empty()? {
                return Err(damaged("`acknowledged` is missing although the store holds data".into()));
            }
            Acknowledged::create(&counts_at)?;
        }
        let mut acknowledged = Acknowledged::open(&counts_at, &directory)?;
        let counts = acknowledged.counts();

        let held = engine.shares()?.len() as u64;
        if held < counts.shares {
            let problem = format!("{} shares were acknowledged, {held} are there", counts.shares);
            return Err(damaged(problem));
        }
        verify(&engine, counts.journal, &directory)?;
        if engine.cut(counts.journal.length)? || held != counts.shares {
            acknowledged.advance(Counts { journal: counts.journal, shares: held })?;
        }
        let tail = Mutex::new(Tail { acknowledged, failed: false });
        Ok(Self { directory, engine, tail, changes: AtomicU64::new(0), _lock: lock })
    }

    /// Adds records at the end of the journal, all or none. They are on the disk when this returns. Blocking:
    /// milliseconds, or as long as the disk takes.
    ///
    /// # Errors
    /// [`Error::RecordTooLarge`] before anything is written. [`Error::StoreFailed`] and [`Error::File`] close the
    /// store for writing: the caller must stop.
    pub fn append(&self, records: &[Record]) -> Result<(), Error> {
        if records.is_empty() {
            return Ok(());
        }
        let encoded: Vec<Vec<u8>> = records.iter().map(encode).collect();
        if let Some(got) = encoded.iter().map(Vec::len).find(|length| *length > MAX_RECORD) {
            return Err(Error::RecordTooLarge { got, limit: MAX_RECORD });
        }
        self.commit(|engine, counts| {
            // Records are no change of what is outside the journal.
            self.changes.fetch_sub(1, Ordering::Relaxed);
            let mut journal = counts.journal;
            let link = |record: &Vec<u8>| {
                journal = journal.follow(record);
                Linked::stored(&journal.link, record)
            };
            let stored: Vec<Vec<u8>> = encoded.iter().map(link).collect();
            engine.append(counts.journal.length, &stored)?;
            Ok(Counts { journal, ..counts })
        })
    }

    /// The journal, oldest first.
    ///
    /// # Errors
    /// [`Error::StoreDamaged`], [`Error::StoreFailed`].
    pub fn records(&self) -> Result<Vec<Record>, Error> {
        let records = records_of(self.engine.entries(self.len()), &self.directory);
        records.map(|linked| decode(&linked?, &self.directory)).collect()
    }

    /// The first `count` records of the journal with their links, oldest first, read as they are asked for: of at most as
    /// many as were acknowledged. Not verified. Takes no lock: records may be added meanwhile.
    ///
    /// Its errors: [`Error::StoreDamaged`], [`Error::StoreFailed`]; none comes after one.
    pub fn linked(&self, count: u64) -> impl Iterator<Item = Result<Linked, Error>> {
        records_of(self.engine.entries(count.min(self.len())), &self.directory)
    }

    /// As [`Store::linked`], from record `first` to the last one that was acknowledged.
    pub fn linked_from(&self, first: u64) -> impl Iterator<Item = Result<Linked, Error>> {
        records_of(self.engine.entries_from(first, self.len()), &self.directory)
    }

    /// The head of the journal as it was acknowledged.
    pub fn head(&self) -> JournalHead {
        self.counts().journal
    }

    /// How many records the journal holds.
    pub fn len(&self) -> u64 {
        self.counts().journal.length
    }

    /// Whether the journal is empty.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The directory this store lies in.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Keeps shares, sealed by the caller, by validator key: all or none, each in the place of one that was there.
    /// Durable when it returns.
    pub(crate) fn put_shares(&self, shares: &[StoredShare]) -> Result<(), Error> {
        self.commit(|engine, counts| {
            let fresh = engine.put_shares(shares)?;
            Ok(Counts { shares: counts.shares + fresh, ..counts })
        })
    }

    /// All shares, sealed, by validator key.
    pub(crate) fn shares(&self) -> Result<Vec<StoredShare>, Error> {
        self.engine.shares()
    }

    /// One share, sealed, if it is held.
    pub(crate) fn share(&self, key: &[u8; 48]) -> Result<Option<Vec<u8>>, Error> {
        self.engine.share(key)
    }

    /// Keeps our share of the network's own key, sealed by the caller. Durable when it returns.
    pub(crate) fn set_group_share(&self, sealed: &[u8]) -> Result<(), Error> {
        self.commit(|engine, counts| engine.set_group_share(sealed).map(|()| counts))
    }

    /// Our share of the network's own key, sealed, if there is one.
    pub(crate) fn group_share(&self) -> Result<Option<Vec<u8>>, Error> {
        self.engine.group_share()
    }

    /// Keeps the wrapped data key. Durable when it returns.
    pub(crate) fn set_wrapped_key(&self, wrapped: &[u8]) -> Result<(), Error> {
        self.commit(|engine, counts| engine.set_wrapped_key(wrapped).map(|()| counts))
    }

    /// The wrapped data key, if one was set.
    pub(crate) fn wrapped_key(&self) -> Result<Option<Vec<u8>>, Error> {
        self.engine.wrapped_key()
    }

    /// Write, sync, acknowledge: in this order, one writer at a time.
    fn commit(&self, write: impl FnOnce(&Engine, Counts) -> Result<Counts, Error>) -> Result<(), Error> {
        let mut tail = self.tail.lock().unwrap_or_else(PoisonError::into_inner);
        if tail.failed {
            return Err(Error::StoreFailed {
                path: self.directory.clone(),
                action: "write",
                problem: "an earlier write failed; restart the guardian".into(),
            });
        }
        // Stands if anything below fails or panics.
        tail.failed = true;
        self.changes.fetch_add(1, Ordering::Relaxed);
        let counts = write(&self.engine, tail.acknowledged.counts())?;
        self.engine.sync()?;
        tail.acknowledged.advance(counts)?;
        tail.failed = false;
        Ok(())
    }

    fn counts(&self) -> Counts {
        self.tail.lock().unwrap_or_else(PoisonError::into_inner).acknowledged.counts()
    }
}

/// The share, sealed, or the wrapped data key that a copied value of a store holds. None for anything else, and for
/// what is garbled.
pub(crate) fn payload<'a>(key: &[u8], value: &'a [u8]) -> Option<&'a [u8]> {
    engine::trees::payload(key, value)
}

fn encode(record: &Record) -> Vec<u8> {
    record.encode()
}

fn decode(linked: &Linked, directory: &Path) -> Result<Record, Error> {
    Record::decode(&linked.bytes).ok_or_else(|| Error::StoreDamaged {
        path: directory.into(),
        problem: format!("journal record {} is of no kind this program knows", linked.number),
    })
}

/// Records of the journal with their links, not verified.
fn records_of<'a>(
    entries: Entries<'a>,
    directory: &'a Path,
) -> impl Iterator<Item = Result<Linked, Error>> + use<'a> {
    entries.map(|entry| {
        let (number, stored) = entry?;
        Linked::read(number, &stored).ok_or_else(|| Error::StoreDamaged {
            path: directory.into(),
            problem: format!("journal record {number} has no link"),
        })
    })
}

/// Reads the whole journal and follows its chain to what was acknowledged.
fn verify(engine: &Engine, acknowledged: JournalHead, directory: &Path) -> Result<(), Error> {
    let damaged = |problem: String| Error::StoreDamaged { path: directory.into(), problem };
    let mut chain = Verified::new(records_of(engine.entries(acknowledged.length), directory));
    for linked in &mut chain {
        let linked = linked.map_err(|error| match error {
            Error::Chain(broken) => damaged(broken.to_string()),
            other => other,
        })?;
        decode(&linked, directory)?;
    }
    if chain.head() != acknowledged {
        let problem = format!("the chain leads to {}, but {acknowledged} was acknowledged", chain.head());
        return Err(damaged(problem));
    }
    Ok(())
}

/// Takes the lock that lasts as long as the process or the returned file.
fn take_lock(directory: &Path) -> Result<File, Error> {
    let path = directory.join("lock");
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(Error::file("open", &path))?;
    for tried in 1.. {
        match file.try_lock() {
            Ok(()) => break,
            Err(TryLockError::WouldBlock) if tried < LOCK_TRIES => std::thread::sleep(LOCK_WAIT),
            Err(TryLockError::WouldBlock) => return Err(Error::StoreLocked { path: directory.into() }),
            Err(TryLockError::Error(e)) => return Err(Error::file("lock", &path)(e)),
        }
    }
    Ok(file)
}

/// A new store is made only where nothing lies but what an interrupted creation leaves.
fn refuse_strangers(directory: &Path) -> Result<(), Error> {
    for entry in std::fs::read_dir(directory).map_err(Error::file("read", directory))? {
        let name = entry.map_err(Error::file("read", directory))?.file_name();
        let name = name.to_string_lossy();
        if name != "lock" && name != "engine.new" && !name.starts_with(".acknowledged.") {
            return Err(Error::StoreForeign {
                path: directory.into(),
                problem: format!("it holds `{name}` but no store; choose another data_dir"),
            });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
