//! Roots of the two layers that a guardian looked at, where its nodes served them: they tie what it says it saw to what
//! anybody's own nodes say of the same blocks.
//!
//! Sources: the Yellow Paper, section 4.3 (headers) and 4.1 (accounts); EIP-1186.

use crate::trie::{keccak, list, lookup};
use crypto::execution::{Address, BlockHash};
use crypto::header::BeaconBlockHeader;
use serde::{Deserialize, Serialize};

/// Most bytes of an execution block's header: a real one has about 600.
const MAX_HEADER: usize = 4_096;

crypto::fixed_bytes!(
    /// A 32-byte word of the execution chain: a storage key, or a root.
    Word, 32
);

/// Bytes as `0x` and hex in text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bytes(pub Vec<u8>);

impl Serialize for Bytes {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("0x{}", hex::encode(&self.0)))
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        let digits =
            text.strip_prefix("0x").ok_or_else(|| serde::de::Error::custom("expected 0x and hex"))?;
        hex::decode(digits).map(Self).map_err(serde::de::Error::custom)
    }
}

/// A proof of one storage word (EIP-1186).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StorageProof {
    /// The slot of the storage.
    pub key: Word,
    /// What it holds; zero when it holds nothing.
    pub value: Word,
    /// Nodes from the storage root down.
    pub nodes: Vec<Bytes>,
}

/// A proof of one account, and of words of its storage (EIP-1186).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccountProof {
    /// Whose.
    pub address: Address,
    /// Nodes from the state root down; the last one holds the account.
    pub nodes: Vec<Bytes>,
    /// Words of its storage, at most 64.
    pub storage: Vec<StorageProof>,
}

/// Most storage words of one proof.
const MAX_STORAGE: usize = 64;

/// What a guardian's nodes served about the blocks that it decided by. Each part is optional; what is given must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Roots {
    /// The finalized checkpoint's block, with its state root.
    pub beacon: Option<BeaconBlockHeader>,
    /// The execution block's header in RLP, with its state root.
    pub execution: Option<Bytes>,
    /// Accounts in that state, at most 16; they need the header.
    pub accounts: Vec<AccountProof>,
}

/// Most accounts.
const MAX_ACCOUNTS: usize = 16;

/// What an execution header says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExecutionHeader {
    /// keccak256 of the RLP: the block's hash.
    pub hash: BlockHash,
    /// The state after it.
    pub state_root: [u8; 32],
    /// The block's number.
    pub number: u64,
    /// The block's time, Unix seconds.
    pub timestamp: u64,
}

impl ExecutionHeader {
    /// Reads a header in RLP: the third field is the state root, the eighth the number, the eleventh the time, from 0.
    pub fn read(rlp: &Bytes) -> Option<Self> {
        if rlp.0.len() > MAX_HEADER {
            return None;
        }
        let fields = list(&rlp.0)?;
        let number = |place: usize| -> Option<u64> {
            let bytes = fields.get(place).filter(|field| !field.is_list)?.payload;
            if bytes.len() > 8 || bytes.first() == Some(&0) {
                return None;
            }
            Some(bytes.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte)))
        };
        Some(Self {
            hash: BlockHash(keccak(&rlp.0)),
            state_root: fields.get(3)?.payload.try_into().ok()?,
            number: number(8)?,
            timestamp: number(11)?,
        })
    }
}

impl AccountProof {
    /// Whether the state with this root has this account with this storage.
    pub fn holds(&self, state_root: [u8; 32]) -> bool {
        self.storage_root(state_root).is_some_and(|storage_root| {
            self.storage.len() <= MAX_STORAGE && self.storage.iter().all(|word| word.holds(storage_root))
        })
    }

    /// The account's third field.
    fn storage_root(&self, state_root: [u8; 32]) -> Option<[u8; 32]> {
        let account = lookup(state_root, &self.address.0, &unwrapped(&self.nodes))??;
        match list(&account)?.as_slice() {
            [_nonce, _balance, root, _code] => root.payload.try_into().ok(),
            _ => None,
        }
    }
}

impl StorageProof {
    fn holds(&self, storage_root: [u8; 32]) -> bool {
        let trimmed: Vec<u8> = self.value.0.iter().copied().skip_while(|byte| *byte == 0).collect();
        match lookup(storage_root, &self.key.0, &unwrapped(&self.nodes)) {
            // The value is RLP again: one string, which for a byte below 128 is the byte itself.
            Some(Some(found)) => match (found.as_slice(), trimmed.as_slice()) {
                ([one], [byte]) if *byte < 0x80 => one == byte,
                ([head, tail @ ..], value) => {
                    !value.is_empty() && usize::from(*head) == 0x80 + value.len() && tail == value
                }
                ([], _) => false,
            },
            Some(None) => trimmed.is_empty(),
            None => false,
        }
    }
}

fn unwrapped(nodes: &[Bytes]) -> Vec<Vec<u8>> {
    nodes.iter().map(|node| node.0.clone()).collect()
}

impl Roots {
    /// Whether nothing is given.
    pub fn is_empty(&self) -> bool {
        self.beacon.is_none() && self.execution.is_none() && self.accounts.is_empty()
    }

    /// Whether all accounts given hold in the state of the execution header given.
    pub fn accounts_hold(&self) -> bool {
        if self.accounts.is_empty() {
            return true;
        }
        let Some(header) = self.execution.as_ref().and_then(ExecutionHeader::read) else { return false };
        self.accounts.len() <= MAX_ACCOUNTS
            && self.accounts.iter().all(|account| account.holds(header.state_root))
    }
}

#[cfg(test)]
mod tests;
