//! `JournalHead`: the journal as an append-only hash chain. Each record's link covers the one before it, so the head's
//! link stands for every record up to it, in their order.
//!
//! A link is the SHA-256 of [`TAG`], the link before it (32 zero bytes before the first record), how many records there
//! are with this one (`u64`, little-endian), and the record's bytes as [`crate::record::Record::encode`] makes them.

use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// What every link begins with.
pub const TAG: &[u8] = b"guardian/journal-link/v1";

/// How far a journal goes, and the link of its last record. The default is the empty journal's.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, BorshSerialize, BorshDeserialize,
)]
pub struct JournalHead {
    /// How many records there are.
    pub length: u64,
    /// Link of the last one; 32 zero bytes when there is none. Hex in JSON.
    #[serde(with = "link")]
    pub link: [u8; 32],
}

impl JournalHead {
    /// The head once a record with these bytes follows.
    #[must_use]
    pub fn follow(&self, record_bytes: &[u8]) -> Self {
        // A journal of 2^64 records is never written; the same link again would break the chain, not hide a record.
        let length = self.length.saturating_add(1);
        let link = Sha256::new()
            .chain_update(TAG)
            .chain_update(self.link)
            .chain_update(length.to_le_bytes())
            .chain_update(record_bytes)
            .finalize()
            .into();
        Self { length, link }
    }
}

/// `5 records, head 0x01..`: for people.
impl std::fmt::Display for JournalHead {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let records = if self.length == 1 { "record" } else { "records" };
        write!(f, "{} {records}, head 0x{}", self.length, hex::encode(self.link))
    }
}

/// A link in text: `0x` and 64 hexadecimal digits.
mod link {
    use serde::{Deserialize, Deserializer, Serializer, de};
    use std::borrow::Cow;

    pub(super) fn serialize<S: Serializer>(link: &[u8; 32], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&format!("0x{}", hex::encode(link)))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<[u8; 32], D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        crypto::wire::parse_hex("link", &text).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests;
