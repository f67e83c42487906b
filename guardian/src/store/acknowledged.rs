//! How much of the store was acknowledged: two counters in a small file of their own, so that an engine which
//! forgets is found out.
//!
//! Two slots of 64 bytes, 4096 bytes apart, written in turn: a torn write spoils one and leaves the other.
//! A slot is magic (8), generation (8), records (8), shares (8), SHA-256 of these (32); numbers big-endian.

use crate::{Error, file};
use sha2::{Digest, Sha256};
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

const MAGIC: &[u8; 8] = b"GRDNACK1";
const SLOT_DISTANCE: u64 = 4096;
const SLOT: usize = 64;

/// What was acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Counts {
    /// Journal records.
    pub(super) journal: u64,
    /// Shares.
    pub(super) shares: u64,
}

/// The open file.
#[derive(Debug)]
pub(super) struct Acknowledged {
    file: File,
    path: PathBuf,
    generation: u64,
    counts: Counts,
}

impl Acknowledged {
    /// Makes the file with both counts zero, durable.
    pub(super) fn create(path: &Path) -> Result<(), Error> {
        let mut bytes = vec![0u8; SLOT_DISTANCE as usize];
        bytes[..SLOT].copy_from_slice(&encode(0, Counts::default()));
        bytes.extend_from_slice(&encode(1, Counts::default()));
        file::create(path, &bytes, file::Access::Private)
    }

    /// Opens the file and takes the newest whole slot.
    pub(super) fn open(path: &Path, directory: &Path) -> Result<Self, Error> {
        let file = File::options().read(true).write(true).open(path).map_err(Error::file("open", path))?;
        let newest = [0, SLOT_DISTANCE]
            .into_iter()
            .filter_map(|offset| {
                let mut slot = [0u8; SLOT];
                file.read_exact_at(&mut slot, offset).ok()?;
                decode(&slot)
            })
            .max_by_key(|(generation, _)| *generation);
        let Some((generation, counts)) = newest else {
            return Err(Error::StoreDamaged {
                path: directory.into(),
                problem: "`acknowledged` holds no whole entry".into(),
            });
        };
        Ok(Self { file, path: path.into(), generation, counts })
    }

    /// What was acknowledged last.
    pub(super) fn counts(&self) -> Counts {
        self.counts
    }

    /// Writes new counts over the older slot, durable when it returns.
    pub(super) fn advance(&mut self, counts: Counts) -> Result<(), Error> {
        let generation = self.generation + 1;
        let offset = (generation % 2) * SLOT_DISTANCE;
        self.file
            .write_all_at(&encode(generation, counts), offset)
            .and_then(|()| self.file.sync_data())
            .map_err(Error::file("write", &self.path))?;
        (self.generation, self.counts) = (generation, counts);
        Ok(())
    }
}

fn encode(generation: u64, counts: Counts) -> [u8; SLOT] {
    let mut slot = [0u8; SLOT];
    slot[..8].copy_from_slice(MAGIC);
    slot[8..16].copy_from_slice(&generation.to_be_bytes());
    slot[16..24].copy_from_slice(&counts.journal.to_be_bytes());
    slot[24..32].copy_from_slice(&counts.shares.to_be_bytes());
    let checksum = Sha256::digest(&slot[..32]);
    slot[32..].copy_from_slice(&checksum);
    slot
}

fn decode(slot: &[u8; SLOT]) -> Option<(u64, Counts)> {
    let number = |at: usize| {
        let mut bytes = [0u8; 8];
        bytes.copy_from_slice(&slot[at..at + 8]);
        u64::from_be_bytes(bytes)
    };
    let whole = slot[..8] == *MAGIC && Sha256::digest(&slot[..32])[..] == slot[32..];
    whole.then(|| (number(8), Counts { journal: number(16), shares: number(24) }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_torn_slot_falls_back_to_the_one_before() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("acknowledged");
        Acknowledged::create(&path).unwrap();
        let mut open = Acknowledged::open(&path, directory.path()).unwrap();
        for journal in 1..=5 {
            open.advance(Counts { journal, shares: 2 * journal }).unwrap();
        }
        drop(open);
        // Created with generations 0 and 1; five more make the newest 6, an even one, in the first slot.
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[20] ^= 1;
        std::fs::write(&path, &bytes).unwrap();
        let open = Acknowledged::open(&path, directory.path()).unwrap();
        assert_eq!(open.counts(), Counts { journal: 4, shares: 8 });

        bytes[SLOT_DISTANCE as usize] ^= 1;
        std::fs::write(&path, &bytes).unwrap();
        let refused = Acknowledged::open(&path, directory.path()).unwrap_err();
        assert!(matches!(refused, Error::StoreDamaged { .. }), "{refused}");
    }
}
