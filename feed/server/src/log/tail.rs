//! The tail: entries since the last full bundle, one frame each, appended and synced.
//!
//! A frame: the entry's index (8 bytes, big-endian), its length (4 bytes, big-endian), the entry, and the first 8 bytes of
//! SHA-256 over all of that. What follows the last whole frame was cut off by a crash.

use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// Bytes of a frame beside the entry.
const OVERHEAD: usize = 8 + 4 + CHECK;

/// Bytes of a frame's check.
const CHECK: usize = 8;

/// The open tail.
#[derive(Debug)]
pub(super) struct Tail {
    path: PathBuf,
    file: File,
}

/// What a tail holds: entries with their indices.
pub(super) type Frames = Vec<(u64, Vec<u8>)>;

impl Tail {
    /// Opens the tail, or makes an empty one, and cuts off what is no whole frame.
    pub(super) fn open(path: &Path) -> io::Result<(Self, Frames)> {
        let bytes = match super::durable::read(path)? {
            Some(bytes) => bytes,
            None => {
                super::durable::replace(path, &[])?;
                Vec::new()
            }
        };
        let mut frames = Frames::new();
        let mut rest = bytes.as_slice();
        while let Some((index, entry, after)) = frame(rest) {
            frames.push((index, entry.to_vec()));
            rest = after;
        }
        let mut file = File::options().write(true).open(path)?;
        let whole = bytes.len().saturating_sub(rest.len());
        if !rest.is_empty() {
            file.set_len(whole as u64)?;
            file.sync_all()?;
        }
        file.seek(SeekFrom::End(0))?;
        Ok((Self { path: path.to_owned(), file }, frames))
    }

    /// Appends entries from `first` on and syncs them.
    pub(super) fn append<'a>(
        &mut self,
        first: u64,
        entries: impl IntoIterator<Item = &'a [u8]>,
    ) -> io::Result<()> {
        let mut bytes = Vec::new();
        for (index, entry) in (first..).zip(entries) {
            write_frame(index, entry, &mut bytes)?;
        }
        self.file.write_all(&bytes)?;
        self.file.sync_data()
    }

    /// Forgets all entries before `first`, which are in full bundles now, and holds these from there on.
    pub(super) fn restart<'a>(
        &mut self,
        first: u64,
        entries: impl IntoIterator<Item = &'a [u8]>,
    ) -> io::Result<()> {
        let mut bytes = Vec::new();
        for (index, entry) in (first..).zip(entries) {
            write_frame(index, entry, &mut bytes)?;
        }
        super::durable::replace(&self.path, &bytes)?;
        self.file = File::options().write(true).open(&self.path)?;
        self.file.seek(SeekFrom::End(0)).map(|_| ())
    }
}

fn write_frame(index: u64, entry: &[u8], bytes: &mut Vec<u8>) -> io::Result<()> {
    let length = u32::try_from(entry.len()).map_err(io::Error::other)?;
    let from = bytes.len();
    bytes.extend_from_slice(&index.to_be_bytes());
    bytes.extend_from_slice(&length.to_be_bytes());
    bytes.extend_from_slice(entry);
    let check = Sha256::digest(bytes.get(from..).unwrap_or_default());
    bytes.extend_from_slice(check.get(..CHECK).unwrap_or_default());
    Ok(())
}

/// The first frame, and what follows it. None when there is no whole one.
fn frame(bytes: &[u8]) -> Option<(u64, &[u8], &[u8])> {
    let (index, rest) = bytes.split_first_chunk::<8>()?;
    let (length, rest) = rest.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
    let (entry, rest) = rest.split_at_checked(length)?;
    let (check, rest) = rest.split_first_chunk::<CHECK>()?;
    let whole = bytes.get(..length.checked_add(OVERHEAD)?.checked_sub(CHECK)?)?;
    let expected = Sha256::digest(whole);
    (expected.get(..CHECK) == Some(check.as_slice())).then_some((u64::from_be_bytes(*index), entry, rest))
}
