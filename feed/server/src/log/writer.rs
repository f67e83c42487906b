//! The one who writes a log.

use super::edge::Edge;
use super::tail::Tail;
use super::{Log, State, damaged, durable, place};
use bytes::Bytes;
use feed::Origin;
use feed::tile::{MAX_ENTRY, TilePath, WIDTH, unbundle};
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tlog_tiles::Tile;
use tokio::sync::watch;

/// File of the newest signed note.
const CHECKPOINT: &str = "checkpoint";

/// File of the newest note that the network's own key signed.
const NETWORK_CHECKPOINT: &str = "network-checkpoint";

/// Appends to a log. One at a time: the directory is locked while it lives.
#[derive(Debug)]
pub struct LogWriter {
    directory: PathBuf,
    tail: Tail,
    state: watch::Sender<Arc<State>>,
    grown: watch::Sender<u64>,
    log: Log,
    _lock: File,
}

impl LogWriter {
    /// Opens the log in `directory`, or begins it. `id` names it in addresses.
    ///
    /// # Errors
    /// The disk's; `InvalidData` where another log lies there or its files contradict each other; `WouldBlock` while
    /// another writer has it.
    pub fn open(directory: &Path, id: &str, origin: Origin) -> io::Result<Self> {
        fs::create_dir_all(directory)?;
        let lock = lock(directory)?;
        let at = directory.join("origin");
        let text = format!("{origin}\n");
        match durable::read(&at)? {
            Some(known) if known == text.as_bytes() => {}
            Some(known) => {
                let known = String::from_utf8_lossy(&known).trim().to_owned();
                return Err(damaged(format!("{} holds the log {known}, not {origin}", directory.display())));
            }
            None => durable::replace(&at, text.as_bytes())?,
        }
        let full = full_bundles(directory)?;
        let mut edge = Edge::after(full.saturating_mul(WIDTH.into()), levels(directory, full)?);
        let (mut tail, frames) = Tail::open(&directory.join("tail"))?;
        let mut moved = false;
        for (index, entry) in frames {
            if index < edge.size() {
                // It is in a bundle that was written before the tail began anew.
                moved = true;
                continue;
            }
            if index != edge.size() {
                return Err(damaged(format!(
                    "the tail goes on at {index}, but the log ends at {}",
                    edge.size()
                )));
            }
            moved |= push(directory, &mut edge, Bytes::from(entry))?;
        }
        if moved {
            let rest = edge.size() % u64::from(WIDTH);
            restart(&mut tail, &edge, rest)?;
        }
        let note = |name| Ok::<_, io::Error>(durable::read(&directory.join(name))?.map(Bytes::from));
        let (checkpoint, network_checkpoint) = (note(CHECKPOINT)?, note(NETWORK_CHECKPOINT)?);
        let size = edge.size();
        let (state, seen) = watch::channel(Arc::new(State { edge, checkpoint, network_checkpoint }));
        let (grown, sizes) = watch::channel(size);
        let log = Log { id: id.into(), origin, directory: directory.into(), state: seen, grown: sizes };
        Ok(Self { directory: directory.to_owned(), tail, state, grown, log, _lock: lock })
    }

    /// Its reader.
    pub fn log(&self) -> Log {
        self.log.clone()
    }

    /// Adds entries, all or none. They are on disk, and seen by readers, when this returns.
    ///
    /// # Errors
    /// The disk's: whoever writes must open the log anew then. `InvalidInput` for an entry above [`MAX_ENTRY`].
    pub fn append(&mut self, entries: &[Vec<u8>]) -> io::Result<()> {
        if let Some(long) = entries.iter().find(|entry| entry.len() > MAX_ENTRY) {
            let problem = format!("an entry has {} bytes; at most {MAX_ENTRY}", long.len());
            return Err(io::Error::new(io::ErrorKind::InvalidInput, problem));
        }
        let mut state = State::clone(&self.state.borrow());
        let edge = &mut state.edge;
        self.tail.append(edge.size(), entries.iter().map(Vec::as_slice))?;
        let mut moved = false;
        for entry in entries {
            moved |= push(&self.directory, edge, Bytes::from(entry.clone()))?;
        }
        let size = edge.size();
        if moved {
            restart(&mut self.tail, edge, size % u64::from(WIDTH))?;
        }
        self.state.send_replace(Arc::new(state));
        self.grown.send_replace(size);
        Ok(())
    }

    /// Shows another signed note. Durable when it returns.
    ///
    /// # Errors
    /// The disk's.
    pub fn set_checkpoint(&mut self, note: &[u8]) -> io::Result<()> {
        self.set_note(CHECKPOINT, note, |state, note| state.checkpoint = Some(note))
    }

    /// As [`LogWriter::set_checkpoint`], for one that the network's own key signed.
    ///
    /// # Errors
    /// The disk's.
    pub fn set_network_checkpoint(&mut self, note: &[u8]) -> io::Result<()> {
        self.set_note(NETWORK_CHECKPOINT, note, |state, note| state.network_checkpoint = Some(note))
    }

    fn set_note(&self, name: &str, note: &[u8], set: impl FnOnce(&mut State, Bytes)) -> io::Result<()> {
        durable::replace(&self.directory.join(name), note)?;
        let mut state = State::clone(&self.state.borrow());
        set(&mut state, Bytes::copy_from_slice(note));
        let size = state.edge.size();
        self.state.send_replace(Arc::new(state));
        self.grown.send_replace(size);
        Ok(())
    }
}

/// Adds an entry to the edge and writes what became full. Says whether anything did.
fn push(directory: &Path, edge: &mut Edge, entry: Bytes) -> io::Result<bool> {
    let full = edge.push(entry).map_err(damaged)?;
    for tile in &full {
        durable::replace(&place(directory, &tile.path), &tile.bytes)?;
    }
    Ok(!full.is_empty())
}

/// Makes the tail hold the last `rest` entries and nothing else.
fn restart(tail: &mut Tail, edge: &Edge, rest: u64) -> io::Result<()> {
    let first = edge.size().saturating_sub(rest);
    let entries: Vec<Bytes> = (first..edge.size()).filter_map(|index| edge.entry(index)).collect();
    tail.restart(first, entries.iter().map(Bytes::as_ref))
}

fn lock(directory: &Path) -> io::Result<File> {
    let lock = File::options().create(true).truncate(false).write(true).open(directory.join("lock"))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => {
            let problem = format!("{} is written by another process", directory.display());
            Err(io::Error::new(io::ErrorKind::WouldBlock, problem))
        }
        Err(TryLockError::Error(problem)) => Err(problem),
    }
}

/// How many full bundles there are: they are written one after the other.
fn full_bundles(directory: &Path) -> io::Result<u64> {
    let exists = |number| place(directory, &TilePath { level: None, number, width: WIDTH }).try_exists();
    let mut step = 1u64;
    // Doubling, then halving: a log of a million entries is found in 24 looks.
    while exists(step.saturating_sub(1))? {
        step = step.saturating_mul(2);
    }
    let (mut low, mut high) = (step / 2, step.saturating_sub(1));
    while low < high {
        let middle = low + (high - low) / 2;
        if exists(middle)? {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    Ok(low)
}

/// For each level the hashes since its last full tile, where the log has so many full bundles. Tiles that a crash kept from
/// being written are written now.
fn levels(directory: &Path, bundles: u64) -> io::Result<Vec<Vec<u8>>> {
    // The last bundle may be there without its hashes.
    if let Some(last) = bundles.checked_sub(1) {
        let path = TilePath { level: Some(0), number: last, width: WIDTH };
        if !place(directory, &path).try_exists()? {
            let bundle = fs::read(place(directory, &TilePath { level: None, ..path }))?;
            let entries = unbundle(&bundle, WIDTH).map_err(damaged)?;
            let hashes: Vec<u8> = entries.iter().flat_map(|entry| feed::tree::leaf_hash(entry)).collect();
            durable::replace(&place(directory, &path), &hashes)?;
        }
    }
    let mut levels = vec![Vec::new()];
    let mut below = bundles;
    for level in 1u8.. {
        if below == 0 {
            break;
        }
        let full = below / u64::from(WIDTH);
        let hash = |number: u64| -> io::Result<[u8; 32]> {
            let path = TilePath { level: Some(level - 1), number, width: WIDTH };
            let bytes = fs::read(place(directory, &path))?;
            if bytes.len() != usize::from(WIDTH) * 32 {
                return Err(damaged(format!("{path} has {} bytes", bytes.len())));
            }
            Ok(Tile::subtree_hash(&bytes).0)
        };
        if let Some(last) = full.checked_sub(1) {
            let path = TilePath { level: Some(level), number: last, width: WIDTH };
            if !place(directory, &path).try_exists()? {
                let first = last * u64::from(WIDTH);
                let hashes = (first..first + u64::from(WIDTH)).map(hash).collect::<io::Result<Vec<_>>>()?;
                durable::replace(&place(directory, &path), hashes.as_flattened())?;
            }
        }
        let open = (full * u64::from(WIDTH)..below).map(hash).collect::<io::Result<Vec<_>>>()?;
        levels.push(open.as_flattened().to_vec());
        below = full;
    }
    Ok(levels)
}
