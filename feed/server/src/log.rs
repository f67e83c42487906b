//! A log on disk: entries and tiles as C2SP `tlog-tiles` serves them, durable before anybody is told.
//!
//! ```text
//! <directory>/origin                  which log this is
//! <directory>/tile/entries/...        full bundles of 256 entries, never changed again
//! <directory>/tile/<level>/...        full tiles of 256 hashes, never changed again
//! <directory>/tail                    entries since the last full bundle
//! <directory>/checkpoint              the newest signed note
//! <directory>/network-checkpoint      the newest that the network's own key signed
//! ```
//!
//! Design decisions
//! - Bundles and the tail are the truth; whatever tile is missing is made of them when the log is opened.
//! - An entry counts once its frame in the tail is synced. A frame that was cut off did not happen: whoever appended it was
//!   not told otherwise.
//! - One writer. Readers share what it last published, immutable, and never wait for it.

use bytes::Bytes;
use feed::Origin;
use feed::tile::{TilePath, WIDTH, unbundle};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tlog_tiles::{HashReader, Tile};
use tokio::sync::watch;

pub(crate) mod durable;
mod edge;
mod tail;
mod writer;

pub use writer::LogWriter;

use edge::Edge;

/// What of a log is not in full tiles yet, and how far it goes.
#[derive(Debug, Clone, Default)]
struct State {
    edge: Edge,
    checkpoint: Option<Bytes>,
    network_checkpoint: Option<Bytes>,
}

/// Reads one log. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Log {
    id: Arc<str>,
    origin: Origin,
    directory: Arc<Path>,
    state: watch::Receiver<Arc<State>>,
    grown: watch::Receiver<u64>,
}

/// All logs of a guardian, oldest first; the last one is current.
#[derive(Debug, Clone, Default)]
pub struct Shelf {
    /// They.
    pub logs: Vec<Log>,
}

impl Shelf {
    /// The one that is written.
    pub fn current(&self) -> Option<&Log> {
        self.logs.last()
    }

    /// The one with this id.
    pub fn get(&self, id: &str) -> Option<&Log> {
        self.logs.iter().find(|log| log.id() == id)
    }
}

impl Log {
    /// Its name in addresses: `<guardian set>-<life>`.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Which log.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// How many entries it has.
    pub fn size(&self) -> u64 {
        self.state.borrow().edge.size()
    }

    /// The root over all of them.
    ///
    /// # Errors
    /// The disk's.
    pub fn root(&self) -> io::Result<[u8; 32]> {
        feed::tree::root(self.size(), self).map_err(io::Error::other)
    }

    /// The newest signed note, if there is one.
    pub fn checkpoint(&self) -> Option<Bytes> {
        self.state.borrow().checkpoint.clone()
    }

    /// The newest note that the network's own key signed, if there is one.
    pub fn network_checkpoint(&self) -> Option<Bytes> {
        self.state.borrow().network_checkpoint.clone()
    }

    /// Says its size whenever it grew, and whenever its checkpoint changed.
    pub fn grown(&self) -> watch::Receiver<u64> {
        self.grown.clone()
    }

    /// One entry, from 0. None when there is none yet.
    ///
    /// # Errors
    /// The disk's.
    pub fn entry(&self, index: u64) -> io::Result<Option<Bytes>> {
        let mut found = None;
        self.visit([index], |_, entry| {
            // A copy: a slice would keep the whole bundle.
            found = Some(Bytes::copy_from_slice(entry));
            false
        })?;
        Ok(found)
    }

    /// Goes through entries by their places, ascending, as long as `each` says to and there are such entries. A bundle is
    /// read once for all of its entries that follow each other, and no more than one is held.
    ///
    /// # Errors
    /// The disk's.
    pub fn visit(
        &self,
        places: impl IntoIterator<Item = u64>,
        mut each: impl FnMut(u64, &[u8]) -> bool,
    ) -> io::Result<()> {
        let size = self.size();
        let mut last: Option<(TilePath, Bytes)> = None;
        for index in places {
            let Some(path) = TilePath::of_entry(index, size) else { break };
            let bundle = match last.take().filter(|(known, _)| *known == path) {
                Some((_, bundle)) => bundle,
                None => match self.tile(&path)? {
                    Some(bundle) => bundle,
                    None => break,
                },
            };
            let entries = unbundle(&bundle, path.width).map_err(damaged)?;
            let place = usize::try_from(index % u64::from(WIDTH)).unwrap_or(usize::MAX);
            let goes_on = entries.get(place).is_some_and(|entry| each(index, entry));
            last = Some((path, bundle));
            if !goes_on {
                break;
            }
        }
        Ok(())
    }

    /// A tile or a bundle, whole or as wide as asked. None when the log does not have it.
    ///
    /// # Errors
    /// The disk's.
    pub fn tile(&self, path: &TilePath) -> io::Result<Option<Bytes>> {
        let state = self.now();
        if !path.is_in(state.edge.size()) {
            return Ok(None);
        }
        if let Some(tile) = state.edge.tile(path) {
            return Ok(Some(tile));
        }
        let full = self.file(&TilePath { width: WIDTH, ..*path })?;
        let cut = match path.level {
            Some(_) => usize::from(path.width).saturating_mul(32),
            None => {
                let entries = unbundle(&full, WIDTH).map_err(damaged)?;
                entries.iter().take(path.width.into()).map(|entry| entry.len().saturating_add(2)).sum()
            }
        };
        Ok(Some(full.slice(..cut.min(full.len()))))
    }

    fn now(&self) -> Arc<State> {
        Arc::clone(&self.state.borrow())
    }

    fn file(&self, path: &TilePath) -> io::Result<Bytes> {
        std::fs::read(place(&self.directory, path)).map(Bytes::from)
    }
}

/// Hashes of the tree by their number in storage order.
impl HashReader for Log {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<tlog_tiles::Hash>, tlog_tiles::Error> {
        let mut last: Option<(TilePath, Bytes)> = None;
        let mut hashes = Vec::with_capacity(indexes.len());
        for index in indexes {
            let tile = Tile::from_index(feed::tree::TILE_HEIGHT, *index);
            let path = TilePath::of(&tile);
            let bytes = match last.take().filter(|(known, _)| *known == path) {
                Some((_, bytes)) => bytes,
                None => {
                    let read = self.tile(&path);
                    let read = read.map_err(|e| tlog_tiles::Error::InvalidInput(e.to_string()))?;
                    read.ok_or(tlog_tiles::Error::IndexesNotInTree)?
                }
            };
            hashes.push(tile.hash_at_index(&bytes, *index)?);
            last = Some((path, bytes));
        }
        Ok(hashes)
    }
}

/// Where a full tile is kept.
fn place(directory: &Path, path: &TilePath) -> PathBuf {
    directory.join(path.to_string())
}

fn damaged(problem: impl std::fmt::Display) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, problem.to_string())
}

#[cfg(test)]
mod tests;
