//! The tree over a log (RFC 6962): leaf hashes, roots, proofs that an entry is in it and that a longer log extends a shorter.
//!
//! `tlog_tiles` does the mathematics. Here sizes and lengths of proofs are bounded before it is asked, because it asserts
//! what it expects.

use crate::Error;
use crate::tile::TilePath;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use tlog_tiles::{Tile, TileHashReader, TileReader};

pub use tlog_tiles::{
    Error as ReadError, Hash, HashReader, stored_hash_count, stored_hash_index, stored_hashes,
};

/// Most entries of a log: a hundred a second for three hundred years.
pub const MAX_SIZE: u64 = 1 << 40;

/// Most hashes of a proof: two a level of the largest tree.
pub const MAX_PROOF: usize = 80;

/// Height of a tile, levels of the tree: 256 hashes.
pub const TILE_HEIGHT: u8 = 8;

/// The root of the empty log.
pub const EMPTY_ROOT: [u8; 32] = tlog_tiles::EMPTY_HASH.0;

/// The hash of an entry in the tree.
pub fn leaf_hash(entry: &[u8]) -> [u8; 32] {
    tlog_tiles::record_hash(entry).0
}

/// The root of the tree of the first `size` entries.
///
/// # Errors
/// [`Error::Bounds`] for a size that no log has, [`Error::Tiles`] when the reader fails.
pub fn root(size: u64, hashes: &impl HashReader) -> Result<[u8; 32], Error> {
    check_size(size)?;
    tlog_tiles::tree_hash(size, hashes).map(|hash| hash.0).map_err(unreadable)
}

/// The proof that entry `index`, from 0, is in the tree of size `size`.
///
/// # Errors
/// [`Error::Bounds`] for a place outside the tree, [`Error::Tiles`] when the reader fails.
pub fn prove_inclusion(size: u64, index: u64, hashes: &impl HashReader) -> Result<Vec<[u8; 32]>, Error> {
    check_place(size, index)?;
    tlog_tiles::prove_record(size, index, hashes).map(bytes).map_err(unreadable)
}

/// Checks that entry `index`, from 0, of the tree with this size and root has this leaf hash.
///
/// # Errors
/// [`Error::Bounds`] for a place outside the tree, [`Error::Proof`] when it is not so.
pub fn check_inclusion(
    proof: &[[u8; 32]],
    size: u64,
    root: [u8; 32],
    index: u64,
    leaf: [u8; 32],
) -> Result<(), Error> {
    check_place(size, index)?;
    check_length(proof, "inclusion")?;
    tlog_tiles::check_record(&hashed(proof), size, Hash(root), index, Hash(leaf))
        .map_err(|_| Error::Proof { what: "inclusion" })
}

/// The proof that the tree of size `size` extends the one of size `old`, from 1.
///
/// # Errors
/// [`Error::Bounds`] for sizes in the wrong order, [`Error::Tiles`] when the reader fails.
pub fn prove_consistency(old: u64, size: u64, hashes: &impl HashReader) -> Result<Vec<[u8; 32]>, Error> {
    check_sizes(old, size)?;
    // Every log extends the empty one.
    if old == 0 {
        return Ok(Vec::new());
    }
    tlog_tiles::prove_tree(size, old, hashes).map(bytes).map_err(unreadable)
}

/// Checks that the tree with size `size` and root `root` extends the one with size `old` and root `old_root`.
///
/// # Errors
/// [`Error::Bounds`] for sizes in the wrong order, [`Error::Proof`] when it does not.
pub fn check_consistency(
    proof: &[[u8; 32]],
    old: u64,
    old_root: [u8; 32],
    size: u64,
    root: [u8; 32],
) -> Result<(), Error> {
    check_sizes(old, size)?;
    check_length(proof, "consistency")?;
    let refuse = Error::Proof { what: "consistency" };
    if old == 0 {
        let is_empty = proof.is_empty() && old_root == EMPTY_ROOT && (size > 0 || root == EMPTY_ROOT);
        return if is_empty { Ok(()) } else { Err(refuse) };
    }
    tlog_tiles::check_tree(&hashed(proof), size, Hash(root), old, Hash(old_root)).map_err(|_| refuse)
}

/// Hashes of a tree read from its tiles, each verified against the root before it is used. `fetch` is asked for whole tiles
/// by path; what it gives may come from anywhere.
pub struct TileHashes<F> {
    size: u64,
    root: [u8; 32],
    tiles: Fetched<F>,
}

struct Fetched<F> {
    fetch: F,
    /// Tiles that were verified, so that each is fetched once.
    seen: Mutex<BTreeMap<TilePath, Vec<u8>>>,
}

/// Most tiles remembered: 8 KiB each.
const MAX_SEEN: usize = 1_024;

impl<F: Fn(&TilePath) -> Result<Vec<u8>, String>> TileHashes<F> {
    /// Of the tree with this size and root.
    ///
    /// # Errors
    /// [`Error::Bounds`] for a size that no log has.
    pub fn new(size: u64, root: [u8; 32], fetch: F) -> Result<Self, Error> {
        check_size(size)?;
        Ok(Self { size, root, tiles: Fetched { fetch, seen: Mutex::new(BTreeMap::new()) } })
    }
}

impl<F: Fn(&TilePath) -> Result<Vec<u8>, String>> HashReader for TileHashes<F> {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<Hash>, tlog_tiles::Error> {
        if self.size == 0 || indexes.is_empty() {
            return if indexes.is_empty() {
                Ok(Vec::new())
            } else {
                Err(tlog_tiles::Error::IndexesNotInTree)
            };
        }
        TileHashReader::new(self.size, Hash(self.root), &self.tiles).read_hashes(indexes)
    }
}

impl<F: Fn(&TilePath) -> Result<Vec<u8>, String>> TileReader for Fetched<F> {
    fn height(&self) -> u8 {
        TILE_HEIGHT
    }

    fn read_tiles(&self, tiles: &[Tile]) -> Result<Vec<Vec<u8>>, tlog_tiles::Error> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let read = |tile: &Tile| {
            let path = TilePath::of(tile);
            let known = seen.get(&path).cloned().map(Ok);
            known.unwrap_or_else(|| (self.fetch)(&path)).map_err(tlog_tiles::Error::InvalidInput)
        };
        // All are asked for, even after one failed: who fetches them elsewhere learns at once which are needed.
        let tiles: Vec<_> = tiles.iter().map(read).collect();
        tiles.into_iter().collect()
    }

    fn save_tiles(&self, tiles: &[Tile], data: &[Vec<u8>]) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        for (tile, data) in tiles.iter().zip(data) {
            if seen.len() < MAX_SEEN {
                seen.insert(TilePath::of(tile), data.clone());
            }
        }
    }
}

fn check_size(size: u64) -> Result<(), Error> {
    if size <= MAX_SIZE { Ok(()) } else { Err(Error::Bounds { what: "size", found: size, limit: MAX_SIZE }) }
}

fn check_place(size: u64, index: u64) -> Result<(), Error> {
    check_size(size)?;
    if index < size {
        Ok(())
    } else {
        Err(Error::Bounds { what: "index", found: index, limit: size.saturating_sub(1) })
    }
}

fn check_sizes(old: u64, size: u64) -> Result<(), Error> {
    check_size(size)?;
    if old <= size { Ok(()) } else { Err(Error::Bounds { what: "older size", found: old, limit: size }) }
}

fn check_length(proof: &[[u8; 32]], what: &'static str) -> Result<(), Error> {
    if proof.len() <= MAX_PROOF { Ok(()) } else { Err(Error::Proof { what }) }
}

fn hashed(proof: &[[u8; 32]]) -> Vec<Hash> {
    proof.iter().copied().map(Hash).collect()
}

fn bytes(proof: Vec<Hash>) -> Vec<[u8; 32]> {
    proof.into_iter().map(|hash| hash.0).collect()
}

fn unreadable(problem: tlog_tiles::Error) -> Error {
    Error::Tiles(match problem {
        // Only `TileHashes` says this, of what its `fetch` could not get.
        tlog_tiles::Error::InvalidInput(problem) => problem,
        other => other.to_string(),
    })
}

#[cfg(test)]
mod tests;
