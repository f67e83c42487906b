//! sled 0.34, and all that is known of it here: its types do not leave this file.
//!
//! What it needs from us (measured by cutting the power under it): `flush` moves data to the system, not to the
//! disk, so [`Engine::sync`] adds `fdatasync` of its one data file; directories are synced at creation; a
//! leaf holds 17 values before it splits and must fit a segment of 512 KiB, so values stay at [`CHUNK`].

use super::{FORMAT, StoredShare};
use crate::{Error, file};
use guardian_core::guardian_set::{GuardianIndex, NetworkId};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::fs::File;
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub(super) mod entries;
pub(super) mod trees;

const MAGIC: &[u8] = b"guardian store";
/// Most payload bytes of one value.
const CHUNK: usize = 16 << 10;
/// Bytes the engine may keep in memory.
const CACHE: u64 = 16 << 20;
/// How often, and how far apart, opening is tried while the engine's threads of a store closed a moment ago still
/// hold its file: 2 s in all. Other processes are kept out by our own lock before this.
const REOPEN: (u32, Duration) = (100, Duration::from_millis(20));

/// Whose store it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Owner {
    pub(super) network: NetworkId,
    pub(super) guardian: GuardianIndex,
}

/// The open database.
pub(super) struct Engine {
    meta: sled::Tree,
    journal: sled::Tree,
    shares: sled::Tree,
    db: sled::Db,
    data: File,
    directory: PathBuf,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").field("directory", &self.directory).finish_non_exhaustive()
    }
}

impl Engine {
    /// Makes an empty database: whole in `temporary`, then renamed, so that `at` never holds half of one.
    pub(super) fn create(at: &Path, temporary: &Path, owner: Owner) -> Result<(), Error> {
        if temporary.exists() {
            std::fs::remove_dir_all(temporary).map_err(Error::file("remove", temporary))?;
        }
        let engine = Self::raw(temporary, temporary)?;
        let fail = |e| engine.failed("be created", e);
        engine.meta.insert("magic", MAGIC).map_err(fail)?;
        engine.meta.insert("format", &FORMAT.to_be_bytes()).map_err(fail)?;
        engine.meta.insert("network", &owner.network.0).map_err(fail)?;
        engine.meta.insert("guardian", &owner.guardian.0.to_be_bytes()).map_err(fail)?;
        engine.sync()?;
        drop(engine);
        sync_tree(temporary)?;
        std::fs::rename(temporary, at).map_err(Error::file("create", at))?;
        file::sync_directory(at.parent().unwrap_or(at))
    }

    /// Opens a database and checks that it is ours and of a format we know.
    pub(super) fn open(at: &Path, directory: &Path, owner: Owner) -> Result<Self, Error> {
        let foreign = |problem: String| Error::StoreForeign { path: directory.into(), problem };
        if !at.join("db").is_file() {
            return Err(foreign("it holds no database; choose another data_dir".into()));
        }
        let engine = Self::raw(at, directory)?;
        let get = |key: &str| engine.meta.get(key).map_err(|e| engine.failed("be read", e));
        if get("magic")?.as_deref() != Some(MAGIC) {
            return Err(foreign("it is a database of another program; choose another data_dir".into()));
        }
        let number = |value: Option<sled::IVec>| {
            value.and_then(|v| <[u8; 2]>::try_from(&v[..]).ok()).map_or(0, u16::from_be_bytes)
        };
        let found = number(get("format")?);
        if found < FORMAT {
            return Err(Error::StoreOlder { path: directory.into(), found, supported: FORMAT });
        }
        if found > FORMAT {
            return Err(Error::StoreNewer { path: directory.into(), found, supported: FORMAT });
        }
        let network = get("network")?.and_then(|v| NetworkId::try_from(&v[..]).ok());
        if network != Some(owner.network) {
            let theirs = network.map_or("none".into(), |id| id.to_string());
            return Err(foreign(format!(
                "it belongs to network {theirs}, the configured definition is {}; \
                 check `network` and `data_dir` in the configuration",
                owner.network
            )));
        }
        let guardian = number(get("guardian")?);
        if guardian != owner.guardian.0 {
            return Err(foreign(format!(
                "it belongs to guardian {guardian}, the configured identity key is guardian {}'s; \
                 check `keys.identity` and `data_dir` in the configuration",
                owner.guardian.0
            )));
        }
        // Recovery may have written; only what is on the disk counts from here on.
        engine.sync()?;
        sync_tree(at)?;
        Ok(engine)
    }

    fn raw(at: &Path, directory: &Path) -> Result<Self, Error> {
        remove_unfinished(at)?;
        let config = sled::Config::new().path(at).flush_every_ms(None).cache_capacity(CACHE);
        let damaged = |problem: String| Error::StoreDamaged { path: directory.into(), problem };
        let mut tries = 0;
        let db = loop {
            // On some damage the engine panics instead of answering; nothing of it is used after that.
            let opened = std::panic::catch_unwind(AssertUnwindSafe(|| config.open()))
                .map_err(|_| damaged("the database engine cannot make sense of its files".into()))?;
            match opened {
                Ok(db) => break db,
                Err(sled::Error::Io(e)) if e.to_string().contains("acquire lock") && tries < REOPEN.0 => {
                    tries += 1;
                    std::thread::sleep(REOPEN.1);
                }
                Err(sled::Error::Io(e)) if e.kind() != std::io::ErrorKind::Other => {
                    return Err(Error::file("open", at)(e));
                }
                Err(e) => return Err(damaged(format!("the database engine says: {e}"))),
            }
        };
        let tree = |name| db.open_tree(name).map_err(|e| damaged(format!("tree {name}: {e}")));
        let path = at.join("db");
        let data = File::options().read(true).write(true).open(&path).map_err(Error::file("open", &path))?;
        let (meta, journal, shares) = (tree("meta")?, tree("journal")?, tree("shares")?);
        Ok(Self { meta, journal, shares, db, data, directory: directory.into() })
    }

    /// Neither records nor shares nor a data key.
    pub(super) fn is_empty(&self) -> Result<bool, Error> {
        Ok(self.journal.is_empty() && self.shares.is_empty() && self.wrapped_key()?.is_none())
    }

    /// Makes everything written before durable.
    pub(super) fn sync(&self) -> Result<(), Error> {
        self.db.flush().map_err(|e| self.failed("flush", e))?;
        // The engine's flush ends in sync_file_range, which commits neither file size nor the drive's cache.
        self.data.sync_data().map_err(Error::file("sync", self.directory.join("engine/db")))
    }

    /// Writes records, as they are stored, from number `first` on. Not durable before [`Engine::sync`].
    pub(super) fn append(&self, first: u64, records: &[Vec<u8>]) -> Result<(), Error> {
        let mut batch = sled::Batch::default();
        for (number, record) in (first..).zip(records) {
            let chunks = record.chunks(CHUNK).collect::<Vec<_>>();
            // MAX_STORED / CHUNK is 257.
            let last = chunks.len().saturating_sub(1) as u16;
            for (chunk, bytes) in (0u16..).zip(chunks) {
                let key = journal_key(number, chunk);
                let mut payload = last.to_be_bytes().to_vec();
                payload.extend_from_slice(bytes);
                batch.insert(&key, seal(&key, &payload));
            }
        }
        self.journal.apply_batch(batch).map_err(|e| self.failed("append", e))
    }

    /// Removes records from number `count` on, durably. Whether there were any.
    pub(super) fn cut(&self, count: u64) -> Result<bool, Error> {
        let mut batch = sled::Batch::default();
        let mut any = false;
        for entry in self.journal.range(journal_key(count, 0)..) {
            batch.remove(entry.map_err(|e| self.failed("be read", e))?.0);
            any = true;
        }
        if any {
            self.journal.apply_batch(batch).map_err(|e| self.failed("be repaired", e))?;
            self.sync()?;
        }
        Ok(any)
    }

    /// Writes sealed shares over those of the same keys, and says how many had none before. Not durable before
    /// [`Engine::sync`].
    pub(super) fn put_shares(&self, shares: &[StoredShare]) -> Result<u64, Error> {
        let mut batch = sled::Batch::default();
        let mut fresh = BTreeSet::new();
        for (key, share) in shares {
            if !self.shares.contains_key(key).map_err(|e| self.failed("be read", e))? {
                fresh.insert(key);
            }
            batch.insert(&key[..], seal(key, share));
        }
        self.shares.apply_batch(batch).map_err(|e| self.failed("keep shares", e))?;
        Ok(fresh.len() as u64)
    }

    /// All sealed shares by validator key.
    pub(super) fn shares(&self) -> Result<Vec<StoredShare>, Error> {
        self.shares
            .iter()
            .map(|entry| {
                let (key, value) = entry.map_err(|e| self.failed("be read", e))?;
                let torn = || self.damaged(format!("share 0x{} is garbled", hex::encode(&key)));
                let payload = unseal(&key, &value).ok_or_else(torn)?.to_vec();
                Ok((<[u8; 48]>::try_from(&key[..]).map_err(|_| torn())?, payload))
            })
            .collect()
    }

    /// One sealed share.
    pub(super) fn share(&self, key: &[u8; 48]) -> Result<Option<Vec<u8>>, Error> {
        let Some(value) = self.shares.get(key).map_err(|e| self.failed("be read", e))? else {
            return Ok(None);
        };
        let torn = || self.damaged(format!("share 0x{} is garbled", hex::encode(key)));
        unseal(key, &value).map(|payload| Some(payload.to_vec())).ok_or_else(torn)
    }

    /// Writes our share of the network's own key. Not durable before [`Engine::sync`].
    pub(super) fn set_group_share(&self, sealed: &[u8]) -> Result<(), Error> {
        let value = seal(b"group share", sealed);
        let kept = self.meta.insert("group share", value);
        kept.map_err(|e| self.failed("keep the share of the network's own key", e)).map(drop)
    }

    /// Our share of the network's own key.
    pub(super) fn group_share(&self) -> Result<Option<Vec<u8>>, Error> {
        let Some(value) = self.meta.get("group share").map_err(|e| self.failed("be read", e))? else {
            return Ok(None);
        };
        let payload = unseal(b"group share", &value);
        let torn = || self.damaged("the share of the network's own key is garbled".into());
        payload.map(|p| Some(p.to_vec())).ok_or_else(torn)
    }

    /// Writes the wrapped data key. Not durable before [`Engine::sync`].
    pub(super) fn set_wrapped_key(&self, wrapped: &[u8]) -> Result<(), Error> {
        let value = seal(b"data key", wrapped);
        self.meta.insert("data key", value).map_err(|e| self.failed("keep the data key", e)).map(drop)
    }

    /// The wrapped data key.
    pub(super) fn wrapped_key(&self) -> Result<Option<Vec<u8>>, Error> {
        let Some(value) = self.meta.get("data key").map_err(|e| self.failed("be read", e))? else {
            return Ok(None);
        };
        let payload = unseal(b"data key", &value);
        payload.map(|p| Some(p.to_vec())).ok_or_else(|| self.damaged("the data key is garbled".into()))
    }

    fn failed(&self, action: &'static str, error: sled::Error) -> Error {
        match error {
            sled::Error::Corruption { .. } => self.damaged(format!("the database engine says: {error}")),
            _ => Error::StoreFailed { path: self.directory.clone(), action, problem: error.to_string() },
        }
    }

    fn damaged(&self, problem: String) -> Error {
        Error::StoreDamaged { path: self.directory.clone(), problem }
    }
}

/// Record number and chunk, big-endian: the order of bytes is the order of the journal.
fn journal_key(number: u64, chunk: u16) -> [u8; 10] {
    let mut key = [0u8; 10];
    key[..8].copy_from_slice(&number.to_be_bytes());
    key[8..].copy_from_slice(&chunk.to_be_bytes());
    key
}

/// Payload, then the first 8 bytes of SHA-256 over key and payload.
fn seal(key: &[u8], payload: &[u8]) -> Vec<u8> {
    let mut value = payload.to_vec();
    value.extend_from_slice(&checksum(key, payload));
    value
}

fn unseal<'a>(key: &[u8], value: &'a [u8]) -> Option<&'a [u8]> {
    let (payload, sum) = value.split_last_chunk::<8>()?;
    (*sum == checksum(key, payload)).then_some(payload)
}

fn checksum(key: &[u8], payload: &[u8]) -> [u8; 8] {
    let digest = Sha256::new().chain_update(key).chain_update(payload).finalize();
    let mut sum = [0u8; 8];
    sum.copy_from_slice(&digest[..8]);
    sum
}

/// Removes index snapshots that were never finished. The engine writes one when it opens, under a name of its own until
/// it is whole; killed or out of space while doing so, it would take what is left for its newest and call the database
/// corrupt. The one before is still there, and so is everything in the data file.
fn remove_unfinished(at: &Path) -> Result<(), Error> {
    if !at.is_dir() {
        return Ok(());
    }
    for entry in std::fs::read_dir(at).map_err(Error::file("read", at))? {
        let path = entry.map_err(Error::file("read", at))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with("snap.") && name.ends_with(".generating") {
            std::fs::remove_file(&path).map_err(Error::file("remove", &path))?;
        }
    }
    Ok(())
}

/// Syncs every file and directory below `path`.
fn sync_tree(path: &Path) -> Result<(), Error> {
    for entry in std::fs::read_dir(path).map_err(Error::file("read", path))? {
        let below = entry.map_err(Error::file("read", path))?.path();
        if below.is_dir() {
            sync_tree(&below)?;
        } else {
            File::open(&below).and_then(|f| f.sync_all()).map_err(Error::file("sync", &below))?;
        }
    }
    file::sync_directory(path)
}

#[cfg(test)]
mod tests;
