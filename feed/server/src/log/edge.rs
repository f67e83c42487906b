//! The right edge of the tree: what is not in full tiles yet. At most 255 entries, and 255 hashes a level.

use bytes::Bytes;
use feed::tile::{TilePath, WIDTH};
use tlog_tiles::Tile;

/// Bytes of a full tile of hashes.
const FULL: usize = WIDTH as usize * 32;

/// How long the log is, the entries since the last full bundle, and the hashes since the last full tile of each level.
#[derive(Debug, Clone, Default)]
pub(super) struct Edge {
    size: u64,
    entries: Vec<Bytes>,
    levels: Vec<Vec<u8>>,
}

/// A tile that became full.
pub(super) struct Full {
    pub(super) path: TilePath,
    pub(super) bytes: Vec<u8>,
}

impl Edge {
    /// How many entries the log has.
    pub(super) fn size(&self) -> u64 {
        self.size
    }

    /// An entry that is in no full bundle.
    pub(super) fn entry(&self, index: u64) -> Option<Bytes> {
        let first = self.size.checked_sub(self.entries.len() as u64)?;
        let place = usize::try_from(index.checked_sub(first)?).ok()?;
        self.entries.get(place).cloned()
    }

    /// A tile or bundle that is no part of a full one.
    pub(super) fn tile(&self, path: &TilePath) -> Option<Bytes> {
        match path.level {
            None => {
                let first = self.size.checked_sub(self.entries.len() as u64)?;
                if path.number.checked_mul(WIDTH.into())? != first {
                    return None;
                }
                let entries = self.entries.get(..path.width.into())?;
                feed::tile::bundle(entries.iter().map(Bytes::as_ref)).ok().map(Bytes::from)
            }
            Some(level) => {
                let hashes = self.levels.get(usize::from(level))?;
                let full = self.size.checked_shr(8 * (u32::from(level) + 1)).unwrap_or(0);
                if path.number != full {
                    return None;
                }
                hashes.get(..usize::from(path.width) * 32).map(Bytes::copy_from_slice)
            }
        }
    }

    /// Adds an entry and gives the tiles that are full now: they must be on disk before the edge is published.
    pub(super) fn push(&mut self, entry: Bytes) -> Result<Vec<Full>, feed::Error> {
        let mut full = Vec::new();
        let leaf = feed::tree::leaf_hash(&entry);
        self.entries.push(entry);
        self.size = self.size.saturating_add(1);
        if self.entries.len() == usize::from(WIDTH) {
            let bytes = feed::tile::bundle(self.entries.iter().map(Bytes::as_ref))?;
            let number = (self.size / u64::from(WIDTH)).saturating_sub(1);
            full.push(Full { path: TilePath { level: None, number, width: WIDTH }, bytes });
            self.entries.clear();
        }
        self.add(0, leaf, &mut full);
        Ok(full)
    }

    /// Continues where a number of full bundles ends: `hashes` gives, for each level, the hashes since its last full tile.
    pub(super) fn after(size: u64, levels: Vec<Vec<u8>>) -> Self {
        Self { size, entries: Vec::new(), levels }
    }

    fn add(&mut self, level: u8, hash: [u8; 32], full: &mut Vec<Full>) {
        let place = usize::from(level);
        while self.levels.len() <= place {
            self.levels.push(Vec::new());
        }
        let Some(hashes) = self.levels.get_mut(place) else { return };
        hashes.extend_from_slice(&hash);
        if hashes.len() < FULL {
            return;
        }
        let bytes = std::mem::take(hashes);
        let shift = 8 * (u32::from(level) + 1);
        let number = self.size.checked_shr(shift).unwrap_or(0).saturating_sub(1);
        let above = Tile::subtree_hash(&bytes).0;
        full.push(Full { path: TilePath { level: Some(level), number, width: WIDTH }, bytes });
        self.add(level.saturating_add(1), above, full);
    }
}
