//! What members of a ceremony ask each other over the ceremony channel, and how it is answered. Canonical borsh behind a
//! version byte; an answer that cannot be given is the empty one.

use borsh::{BorshDeserialize, BorshSerialize};
use guardian_core::ceremony::CeremonyId;

/// Most bytes of envelopes in one page of a board: an answer may have 128 KiB.
pub(super) const MAX_PAGE: usize = 120 * 1024;

/// Most ceremonies whose boards are asked for at once.
pub(super) const MAX_BOARDS: usize = 16;

/// Where a reader stands in a writer's board.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(super) struct Bookmark {
    pub(super) ceremony: CeremonyId,
    /// Which writing of the board: a new one with each start of the writer.
    pub(super) edition: u64,
    /// Envelopes read of it.
    pub(super) read: u32,
}

/// Envelopes of one board from a bookmark on.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(super) struct Page {
    pub(super) ceremony: CeremonyId,
    pub(super) edition: u64,
    pub(super) from: u32,
    pub(super) envelopes: Vec<Vec<u8>>,
}

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(super) enum Question {
    /// What your boards say beyond these bookmarks, of all ceremonies that are mine too. Answer: pages.
    Boards(Vec<Bookmark>),
    /// The commitments of a batch of the keys that the ceremony is about.
    Keys { ceremony: CeremonyId, batch: u32 },
    /// The hashes of your dealing's public parts, 32 bytes a batch.
    Index { ceremony: CeremonyId },
    /// The public part of your dealing of a batch.
    Public { ceremony: CeremonyId, batch: u32 },
    /// The private part of it for me, as a parcel.
    Private { ceremony: CeremonyId, batch: u32 },
    /// Your shares of what was dealt for the guardian that I am to be again, as a parcel.
    Part { ceremony: CeremonyId, batch: u32 },
}

const VERSION: u8 = 1;

impl Question {
    /// The bytes that are sent.
    pub(super) fn encode(&self) -> Vec<u8> {
        encode(&(VERSION, self))
    }

    /// Reads a question; None for anything that is not exactly one within its bounds.
    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let (version, question) = borsh::from_slice::<(u8, Self)>(bytes).ok()?;
        let bounded = !matches!(&question, Self::Boards(bookmarks) if bookmarks.len() > MAX_BOARDS);
        (version == VERSION && bounded).then_some(question)
    }

    /// The ceremony it is about, unless it is about all.
    pub(super) fn ceremony(&self) -> Option<CeremonyId> {
        match self {
            Self::Boards(_) => None,
            Self::Keys { ceremony, .. }
            | Self::Index { ceremony }
            | Self::Public { ceremony, .. }
            | Self::Private { ceremony, .. }
            | Self::Part { ceremony, .. } => Some(*ceremony),
        }
    }
}

/// Secret numbers for one receiver, as their sender signs them before they are sealed.
#[derive(BorshSerialize, BorshDeserialize)]
pub(super) struct Parcel {
    /// Which batch.
    pub(super) batch: u32,
    /// The receiver's index.
    pub(super) receiver: u16,
    /// 32 bytes big-endian a key.
    pub(super) text: Vec<u8>,
}

impl Drop for Parcel {
    fn drop(&mut self) {
        zeroize::Zeroize::zeroize(&mut self.text);
    }
}

/// Canonical bytes of a value of this module.
pub(super) fn encode(value: &impl BorshSerialize) -> Vec<u8> {
    // Nothing here comes near the u32 length that borsh allows.
    borsh::to_vec(value).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_are_read_as_they_were_written_and_nothing_else_is_one() {
        let id = CeremonyId([7; 32]);
        let bookmark = Bookmark { ceremony: id, edition: 5, read: 6 };
        for question in [
            Question::Boards(vec![bookmark]),
            Question::Index { ceremony: id },
            Question::Private { ceremony: id, batch: 3 },
        ] {
            let bytes = question.encode();
            assert_eq!(Question::decode(&bytes), Some(question));
            assert_eq!(Question::decode(&bytes[..bytes.len() - 1]), None);
            assert_eq!(Question::decode(&[bytes.as_slice(), &[0]].concat()), None);
        }
        assert_eq!(Question::decode(&Question::Boards(vec![bookmark; MAX_BOARDS + 1]).encode()), None);
        assert_eq!(Question::decode(&[2, 0, 0, 0, 0, 0]), None, "another version");
    }
}
