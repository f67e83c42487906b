//! Who the guardians are and what they agreed on: `GuardianSet`, `NetworkDefinition` and its hash, the `NetworkId`.

use crate::policy::{Caps, Policy};
use borsh::{BorshDeserialize, BorshSerialize};
use crypto::spec::ChainSpec;
use crypto::threshold::Threshold;
use serde::{Deserialize, Serialize};

/// A guardian's number in its set: `1..=n`, in the order of the definition.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    BorshSerialize,
    BorshDeserialize,
)]
#[serde(transparent)]
pub struct GuardianIndex(pub u16);

/// Number of a guardian set; grows by one with each change of definition.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    BorshSerialize,
    BorshDeserialize,
)]
#[serde(transparent)]
pub struct GuardianSetEpoch(pub u64);

crypto::fixed_bytes!(
    /// SHA-256 of the definition's canonical (borsh) bytes behind a tag. In every message; equal only where the
    /// definitions are equal in every field.
    NetworkId, 32
);

/// One guardian.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, BorshSerialize, BorshDeserialize)]
#[serde(deny_unknown_fields)]
pub struct Member {
    /// `1..=n`.
    pub index: GuardianIndex,
    /// For people: 1 to 32 characters of `a-z 0-9 -`.
    pub name: String,
    /// libp2p PeerId of the identity key, base58. The shell parses it; here it is compared.
    pub peer_id: String,
    /// Multiaddrs under which peers find it, at most 8, without the `/p2p/` part.
    pub addresses: Vec<String>,
    /// secp256k1 public key its custody envelopes are encrypted to, 65 bytes uncompressed, hex.
    pub custody_key: String,
}

/// The members and how many of them must act together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, BorshSerialize, BorshDeserialize)]
#[serde(deny_unknown_fields)]
pub struct GuardianSet {
    /// Number of this set.
    pub epoch: GuardianSetEpoch,
    /// t of n.
    pub threshold: Threshold,
    /// The members, by index.
    pub members: Vec<Member>,
}

/// All that the guardians of one network agreed on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, BorshSerialize, BorshDeserialize)]
#[serde(deny_unknown_fields)]
pub struct NetworkDefinition {
    /// For people: 1 to 32 characters of `a-z 0-9 -`.
    pub name: String,
    /// The beacon chain.
    pub chain: ChainSpec,
    /// The guardians.
    pub guardian_set: GuardianSet,
    /// When a validator must leave.
    pub policy: Policy,
    /// How many may be made to leave, and how fast.
    pub caps: Caps,
}
