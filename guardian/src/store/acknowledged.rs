//! How much of the store was acknowledged: the journal's head and a counter in a small file of their own, so that an
//! engine which forgets, or remembers something else, is found out.
//!
//! Two slots of 96 bytes, 4096 bytes apart, written in turn: a torn write spoils one and leaves the other.
//! A slot is magic (8), generation (8), records (8), shares (8), link of the last record (32), SHA-256 of these (32);
//! numbers big-endian.

use crate::{Error, file};
use guardian_core::JournalHead;
use sha2::{Digest, Sha256};
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

const MAGIC: &[u8; 8] = b"GRDNACK2";
const SLOT_DISTANCE: u64 = 4096;
const SLOT: usize = 96;
/// Where a slot's own hash begins.
const SUM: usize = 64;

/// What was acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Counts {
    /// The journal.
    pub(super) journal: JournalHead,
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
    /// Makes the file with everything empty, durable.
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
    slot[16..24].copy_from_slice(&counts.journal.length.to_be_bytes());
    slot[24..32].copy_from_slice(&counts.shares.to_be_bytes());
    slot[32..SUM].copy_from_slice(&counts.journal.link);
    let checksum = Sha256::digest(&slot[..SUM]);
    slot[SUM..].copy_from_slice(&checksum);
    slot
}

fn decode(slot: &[u8; SLOT]) -> Option<(u64, Counts)> {
    let number = |at: usize| {
        let mut bytes = [0u8; 8];
        bytes.copy_from_slice(&slot[at..at + 8]);
        u64::from_be_bytes(bytes)
    };
    let whole = slot[..8] == *MAGIC && Sha256::digest(&slot[..SUM])[..] == slot[SUM..];
    let mut link = [0u8; 32];
    link.copy_from_slice(&slot[32..SUM]);
    let journal = JournalHead { length: number(16), link };
    whole.then(|| (number(8), Counts { journal, shares: number(24) }))
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
        let counts = |length: u64| Counts {
            journal: JournalHead { length, link: [length as u8; 32] },
            shares: 2 * length,
        };
        for length in 1..=5 {
            open.advance(counts(length)).unwrap();
        }
        drop(open);
        // Created with generations 0 and 1; five more make the newest 6, an even one, in the first slot.
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[40] ^= 1;
        std::fs::write(&path, &bytes).unwrap();
        let open = Acknowledged::open(&path, directory.path()).unwrap();
        assert_eq!(open.counts(), counts(4));

        bytes[SLOT_DISTANCE as usize] ^= 1;
        std::fs::write(&path, &bytes).unwrap();
        let refused = Acknowledged::open(&path, directory.path()).unwrap_err();
        assert!(matches!(refused, Error::StoreDamaged { .. }), "{refused}");
    }

    /// A slot written today must be read by every later version.
    #[test]
    fn a_slot_is_golden() {
        let journal = JournalHead { length: 0x0102, link: [0xab; 32] };
        let counts = Counts { journal, shares: 3 };
        let slot = encode(7, counts);
        let expected = [
            hex::encode("GRDNACK2"),
            "0000000000000007".to_owned(),
            "0000000000000102".to_owned(),
            "0000000000000003".to_owned(),
            "ab".repeat(32),
            "3f691b6bc0c50657d46efab77d9fec087d2ee23e5a6fb40ee94c7fc5120714b6".to_owned(),
        ];
        assert_eq!(hex::encode(slot), expected.concat());
        assert_eq!(decode(&slot), Some((7, counts)));
    }
}
