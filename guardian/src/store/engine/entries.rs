//! The journal of an open engine, read from its first record on.

use super::{CHUNK, Engine, journal_key, unseal};
use crate::Error;
use crate::store::MAX_STORED;

/// Most chunks of one stored record.
const MAX_CHUNKS: usize = MAX_STORED.div_ceil(CHUNK);

/// Stored records in order, each put together from its chunks. Ends with the first error.
pub(in crate::store) struct Entries<'a> {
    engine: &'a Engine,
    values: sled::Iter,
    next: u64,
    count: u64,
}

impl Engine {
    /// Stored records `0..count` with their numbers.
    ///
    /// Its errors: [`Error::StoreDamaged`] on a missing or garbled record.
    pub(in crate::store) fn entries(&self, count: u64) -> Entries<'_> {
        self.entries_from(0, count)
    }

    /// As [`Engine::entries`], from record `first` on.
    pub(in crate::store) fn entries_from(&self, first: u64, count: u64) -> Entries<'_> {
        Entries { engine: self, values: self.journal.range(journal_key(first, 0)..), next: first, count }
    }
}

impl Entries<'_> {
    fn read(&mut self, number: u64) -> Result<Vec<u8>, Error> {
        let (engine, count) = (self.engine, self.count);
        let lost =
            || engine.damaged(format!("journal record {number} is missing, {count} were acknowledged"));
        let torn = || engine.damaged(format!("journal record {number} is garbled"));
        let mut record = Vec::new();
        for chunk in (0u16..).take(MAX_CHUNKS) {
            let (key, value) =
                self.values.next().ok_or_else(lost)?.map_err(|e| engine.failed("be read", e))?;
            if key[..] != journal_key(number, chunk) {
                return Err(lost());
            }
            let payload = unseal(&key, &value).ok_or_else(torn)?;
            let (last, bytes) = payload.split_first_chunk::<2>().ok_or_else(torn)?;
            record.extend_from_slice(bytes);
            if chunk == u16::from_be_bytes(*last) {
                return Ok(record);
            }
        }
        Err(torn())
    }
}

impl Iterator for Entries<'_> {
    type Item = Result<(u64, Vec<u8>), Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let number = self.next;
        if number >= self.count {
            return None;
        }
        let read = self.read(number);
        self.next = if read.is_ok() { number.saturating_add(1) } else { self.count };
        Some(read.map(|record| (number, record)))
    }
}
