//! Records with their links: what is stored, and how a chain of them is verified.

use crate::Error;
use guardian_core::JournalHead;

/// Bytes of a link.
const LINK: usize = 32;

/// One journal record with its place in the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Linked {
    /// Its number, from 0.
    pub number: u64,
    /// What `Record::encode` made of it.
    pub bytes: Vec<u8>,
    /// The link it claims.
    pub link: [u8; LINK],
}

/// A record that is not the one the chain goes on with: it, its number or its link was altered, or one before it is
/// missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the chain breaks at record {at}")]
pub struct BrokenLink {
    /// Number of the first record that does not follow.
    pub at: u64,
}

impl Linked {
    /// The head of the journal with this record, if it is the one that follows `before`.
    ///
    /// # Errors
    /// [`BrokenLink`] with the number that should have come.
    pub fn follow(&self, before: &JournalHead) -> Result<JournalHead, BrokenLink> {
        let head = before.follow(&self.bytes);
        if self.number != before.length || self.link != head.link {
            return Err(BrokenLink { at: before.length });
        }
        Ok(head)
    }

    /// What is stored of a record: its link, then its bytes.
    pub(super) fn stored(link: &[u8; LINK], bytes: &[u8]) -> Vec<u8> {
        [&link[..], bytes].concat()
    }

    /// Reads what [`Linked::stored`] made. None when it is too short.
    pub(super) fn read(number: u64, stored: &[u8]) -> Option<Self> {
        let (link, bytes) = stored.split_first_chunk::<LINK>()?;
        Some(Self { number, bytes: bytes.to_vec(), link: *link })
    }
}

/// Records as they come, each verified against the ones before it, from the first of the journal on. Ends with the
/// first that fails.
#[derive(Debug)]
pub struct Verified<I> {
    records: I,
    head: JournalHead,
    failed: bool,
}

impl<I: Iterator<Item = Result<Linked, Error>>> Verified<I> {
    /// Nothing verified yet.
    pub fn new(records: I) -> Self {
        Self { records, head: JournalHead::default(), failed: false }
    }

    /// The head of what was verified so far.
    pub fn head(&self) -> JournalHead {
        self.head
    }
}

impl<I: Iterator<Item = Result<Linked, Error>>> Iterator for Verified<I> {
    type Item = Result<Linked, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let next = self.records.next()?.and_then(|linked| {
            self.head = linked.follow(&self.head)?;
            Ok(linked)
        });
        self.failed = next.is_err();
        Some(next)
    }
}
