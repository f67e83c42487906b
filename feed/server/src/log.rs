//! The log in memory: stands in until the one on disk is there.

use bytes::Bytes;
use guardian_core::guardian_set::{GuardianIndex, NetworkId};
use std::io;
use std::sync::{Arc, RwLock};
use tokio::sync::watch;

/// Which log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Origin {
    /// The network.
    pub network: NetworkId,
    /// Whose.
    pub guardian: GuardianIndex,
    /// Which life of its journal.
    pub life: u64,
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "guardian-network/{}/{}/{}", hex::encode(self.network.0), self.guardian.0, self.life)
    }
}

/// Binds the log's key to the guardian.
#[derive(Debug, Clone, Default)]
pub struct KeyBinding(pub Vec<u8>);

/// A tile's place.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TilePath(pub String);

#[derive(Debug, Default)]
struct Held {
    entries: Vec<Bytes>,
    checkpoint: Option<Bytes>,
}

/// Appends.
#[derive(Debug)]
pub struct LogWriter {
    log: Log,
    grown: watch::Sender<u64>,
}

/// Reads.
#[derive(Debug, Clone)]
pub struct Log {
    id: Arc<str>,
    origin: Origin,
    held: Arc<RwLock<Held>>,
    grown: watch::Receiver<u64>,
}

/// All logs of a guardian; the last one is current.
#[derive(Debug, Clone, Default)]
pub struct Shelf {
    /// They.
    pub logs: Vec<Log>,
}

impl LogWriter {
    /// An empty log.
    pub fn in_memory(id: &str, origin: Origin) -> Self {
        let (grown, seen) = watch::channel(0);
        Self { log: Log { id: id.into(), origin, held: Arc::default(), grown: seen }, grown }
    }

    /// Adds entries.
    ///
    /// # Errors
    /// None.
    pub fn append(&mut self, entries: &[Vec<u8>]) -> io::Result<()> {
        if let Ok(mut held) = self.log.held.write() {
            held.entries.extend(entries.iter().cloned().map(Bytes::from));
        }
        self.grown.send_replace(self.log.size());
        Ok(())
    }

    /// Sets the checkpoint.
    ///
    /// # Errors
    /// None.
    pub fn set_checkpoint(&mut self, note: &[u8]) -> io::Result<()> {
        if let Ok(mut held) = self.log.held.write() {
            held.checkpoint = Some(Bytes::copy_from_slice(note));
        }
        Ok(())
    }

    /// Its reader.
    pub fn log(&self) -> Log {
        self.log.clone()
    }
}

impl Log {
    /// `<epoch>-<life>`.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Which log.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// How many entries.
    pub fn size(&self) -> u64 {
        self.held.read().map_or(0, |held| u64::try_from(held.entries.len()).unwrap_or(u64::MAX))
    }

    /// The newest checkpoint.
    pub fn checkpoint(&self) -> Option<Bytes> {
        self.held.read().ok().and_then(|held| held.checkpoint.clone())
    }

    /// One entry.
    ///
    /// # Errors
    /// None.
    pub fn entry(&self, index: u64) -> io::Result<Option<Bytes>> {
        let index = usize::try_from(index).unwrap_or(usize::MAX);
        Ok(self.held.read().ok().and_then(|held| held.entries.get(index).cloned()))
    }

    /// One tile.
    ///
    /// # Errors
    /// None.
    pub fn tile(&self, _path: &TilePath) -> io::Result<Option<Bytes>> {
        Ok(None)
    }

    /// Says when it has grown, and to what size.
    pub fn grown(&self) -> watch::Receiver<u64> {
        self.grown.clone()
    }
}
