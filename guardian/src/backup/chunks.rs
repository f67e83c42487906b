//! Chunks: what is written is sealed piece by piece under one fresh key, each piece bound to the header, to its number and
//! to being the last or not. So a backup that was cut short, altered or put together anew does not open.
//!
//! A chunk is its sealed length (u32, big-endian), then what [`DataKey::seal`] makes of at most [`CHUNK`] bytes.

use crypto::vault::DataKey;
use sha2::{Digest, Sha256};
use std::io::{self, Read, Write};
use zeroize::Zeroizing;

/// Most bytes of one chunk before it is sealed.
pub(super) const CHUNK: usize = 64 << 10;
/// What sealing adds: version, nonce, tag.
const SEALED_BY: usize = 29;
const TAG: &[u8] = b"guardian/backup-chunk/v1";

/// SHA-256 of all header bytes: what chunks are bound to.
pub(super) type HeaderHash = [u8; 32];

/// What every chunk but its number and its place at the end has in common.
struct Place {
    key: DataKey,
    header: HeaderHash,
    number: u64,
}

impl Place {
    fn binding(&self, is_last: bool) -> Vec<u8> {
        [TAG, &self.header, &self.number.to_be_bytes(), &[u8::from(is_last)]].concat()
    }
}

/// The hash that binds chunks to a header.
pub(super) fn header_hash(header: &[u8]) -> HeaderHash {
    Sha256::digest(header).into()
}

/// Seals what is written to it. Only [`Sealer::finish`] makes it whole.
pub(super) struct Sealer<W> {
    out: W,
    place: Place,
    waiting: Zeroizing<Vec<u8>>,
    written: u64,
}

impl<W: Write> Sealer<W> {
    pub(super) fn new(out: W, key: DataKey, header: HeaderHash) -> Self {
        let waiting = Zeroizing::new(Vec::with_capacity(CHUNK));
        Self { out, place: Place { key, header, number: 0 }, waiting, written: 0 }
    }

    /// Writes the last chunk. How many bytes all chunks have.
    pub(super) fn finish(mut self) -> io::Result<u64> {
        self.seal(true)?;
        self.out.flush()?;
        Ok(self.written)
    }

    fn seal(&mut self, is_last: bool) -> io::Result<()> {
        let binding = self.place.binding(is_last);
        let sealed = self.place.key.seal(&binding, &self.waiting, &mut rand::rng());
        let sealed = sealed.map_err(io::Error::other)?;
        let length = u32::try_from(sealed.len()).map_err(io::Error::other)?;
        self.out.write_all(&length.to_be_bytes())?;
        self.out.write_all(&sealed)?;
        self.written += 4 + u64::from(length);
        self.place.number += 1;
        self.waiting.clear();
        Ok(())
    }
}

impl<W: Write> Write for Sealer<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // A full chunk waits until there is more: only then is it known not to be the last.
        if self.waiting.len() == CHUNK {
            self.seal(false)?;
        }
        let taken = bytes.len().min(CHUNK - self.waiting.len());
        self.waiting.extend_from_slice(&bytes[..taken]);
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Opens chunks and gives back what was written. It ends after the last chunk only.
pub(super) struct Opener<R> {
    from: R,
    place: Place,
    opened: Zeroizing<Vec<u8>>,
    taken: usize,
    /// The length of the next chunk; None after the last.
    next: Option<usize>,
}

impl<R: Read> Opener<R> {
    pub(super) fn new(mut from: R, key: DataKey, header: HeaderHash) -> io::Result<Self> {
        let next = length(&mut from)?;
        if next.is_none() {
            return Err(cut(0));
        }
        Ok(Self {
            from,
            place: Place { key, header, number: 0 },
            opened: Zeroizing::default(),
            taken: 0,
            next,
        })
    }

    fn open(&mut self, sealed_length: usize) -> io::Result<()> {
        let number = self.place.number;
        let mut sealed = vec![0u8; sealed_length];
        self.from.read_exact(&mut sealed).map_err(|e| match e.kind() {
            io::ErrorKind::UnexpectedEof => cut(number),
            _ => e,
        })?;
        self.next = length(&mut self.from)?;
        let is_last = self.next.is_none();
        let open = |is_last| self.place.key.open(&self.place.binding(is_last), &sealed);
        self.opened = match open(is_last) {
            Ok(opened) => opened,
            Err(_) if open(!is_last).is_ok() => {
                return Err(if is_last { cut(number + 1) } else { wrong("has something after its end") });
            }
            Err(_) => {
                let problem =
                    format!("was altered, or its parts were exchanged: chunk {number} does not open");
                return Err(wrong(&problem));
            }
        };
        self.taken = 0;
        self.place.number += 1;
        Ok(())
    }
}

impl<R: Read> Read for Opener<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.taken == self.opened.len() {
            match self.next {
                Some(length) => self.open(length)?,
                None => return Ok(0),
            }
        }
        let given = into.len().min(self.opened.len() - self.taken);
        into[..given].copy_from_slice(&self.opened[self.taken..self.taken + given]);
        self.taken += given;
        Ok(given)
    }
}

/// The length of the next chunk; None where nothing follows.
fn length(from: &mut impl Read) -> io::Result<Option<usize>> {
    let mut bytes = Vec::with_capacity(4);
    from.take(4).read_to_end(&mut bytes)?;
    match <[u8; 4]>::try_from(&bytes[..]) {
        Ok(bytes) => {
            let length = u32::from_be_bytes(bytes) as usize;
            if !(SEALED_BY..=CHUNK + SEALED_BY).contains(&length) {
                return Err(wrong("was altered: a chunk has an impossible length"));
            }
            Ok(Some(length))
        }
        Err(_) if bytes.is_empty() => Ok(None),
        Err(_) => Err(wrong("is cut off within the length of a chunk")),
    }
}

fn cut(number: u64) -> io::Error {
    wrong(&format!("is cut off: its end is missing, {number} chunks are there"))
}

/// What is wrong with the bytes, as what is said of the backup.
fn wrong(problem: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, problem.to_owned())
}

#[cfg(test)]
mod tests;
