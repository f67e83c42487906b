//! A log in memory, with all its hashes.

use crate::tile::TilePath;
use crate::tree::{Hash, HashReader, TILE_HEIGHT, root, stored_hashes};
use tlog_tiles::Tile;

/// All hashes of a log, as they are stored.
#[derive(Default)]
pub(crate) struct Stored {
    pub(crate) hashes: Vec<Hash>,
    pub(crate) entries: Vec<Vec<u8>>,
}

impl HashReader for Stored {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<Hash>, tlog_tiles::Error> {
        let read = |index: &u64| self.hashes.get(usize::try_from(*index).ok()?).copied();
        indexes.iter().map(|index| read(index).ok_or(tlog_tiles::Error::IndexesNotInTree)).collect()
    }
}

impl Stored {
    pub(crate) fn of(entries: impl IntoIterator<Item = Vec<u8>>) -> Self {
        let mut stored = Self::default();
        for entry in entries {
            stored.push(entry);
        }
        stored
    }

    pub(crate) fn push(&mut self, entry: Vec<u8>) {
        let more = stored_hashes(self.size(), &entry, self).unwrap();
        self.hashes.extend(more);
        self.entries.push(entry);
    }

    pub(crate) fn size(&self) -> u64 {
        self.entries.len().try_into().unwrap()
    }

    pub(crate) fn root(&self) -> [u8; 32] {
        root(self.size(), self).unwrap()
    }

    /// The tile at a path, as a server of this log would have it.
    pub(crate) fn tile(&self, path: &TilePath) -> Result<Vec<u8>, String> {
        assert!(path.is_in(self.size()), "asked for {path} in a log of {}", self.size());
        let level = path.level.unwrap();
        let tile = Tile::new(TILE_HEIGHT, level, path.number, path.width.into(), false);
        tile.read_data(self).map_err(|e| e.to_string())
    }
}

pub(crate) fn log(size: u64) -> Stored {
    Stored::of((0..size).map(|n| format!("entry {n}").into_bytes()))
}
