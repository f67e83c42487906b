//! The key that signs a guardian's log, and how its identity answers for it.
//!
//! The identity key is known to whoever has the network definition, and so to whoever has the network id. It seals the feed
//! key once; from then on the feed key alone signs checkpoints, and a node that serves needs no other.

use crate::Error;
use crypto::envelope::{OVERHEAD, Sealer, open_in};
use crypto::peer_id::identity_key;
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use guardian_core::guardian_set::{GuardianIndex, NetworkDefinition, NetworkId};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

crypto::fixed_bytes!(
    /// An Ed25519 public key as it travels. Bytes only: [`FeedPublicKey::verifies`] finds out whether they are a key.
    FeedPublicKey, 32
);

/// The Ed25519 secret key of a log. Wiped when dropped.
pub struct FeedKey(SigningKey);

impl FeedKey {
    /// The key of these 32 secret bytes.
    pub fn from_seed(seed: [u8; 32]) -> Self {
        let seed = zeroize::Zeroizing::new(seed);
        Self(SigningKey::from_bytes(&seed))
    }

    /// What verifies its signatures.
    pub fn public(&self) -> FeedPublicKey {
        FeedPublicKey(self.0.verifying_key().to_bytes())
    }

    pub(crate) fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.0.sign(message).to_bytes()
    }
}

impl FeedPublicKey {
    /// Whether this key signed the message. A weak key, under which many messages share a signature, signs nothing.
    pub fn verifies(&self, message: &[u8], signature: &[u8; 64]) -> bool {
        self.key().is_ok_and(|key| key.verify_strict(message, &Signature::from_bytes(signature)).is_ok())
    }

    /// The key, once it is known to be one.
    fn key(&self) -> Result<VerifyingKey, Error> {
        let key = VerifyingKey::from_bytes(&self.0).map_err(|_| Error::FeedKey)?;
        if key.is_weak() { Err(Error::FeedKey) } else { Ok(key) }
    }
}

/// A guardian's word for its feed key: an envelope in a domain of its own, sealed by the identity in its PeerId. Base64 in
/// text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyBinding(pub Vec<u8>);

/// Bytes of a binding.
const BINDING: usize = FeedPublicKey::LEN + OVERHEAD;

impl KeyBinding {
    /// The domain that bindings of a network are sealed in.
    pub fn domain(network: NetworkId) -> [u8; 32] {
        Sha256::new().chain_update(b"guardian-network/feed-key/v1").chain_update(network.0).finalize().into()
    }

    /// Seals a feed key with a guardian's identity at `now`, unix seconds.
    pub fn seal(network: NetworkId, identity: &Sealer, key: &FeedPublicKey, now: u64) -> Self {
        Self(identity.seal_in(&Self::domain(network), &key.0, now))
    }

    /// The feed key that this guardian bound.
    ///
    /// # Errors
    /// [`Error::Guardian`] for an index that the definition does not have, [`Error::Binding`] when another one sealed it,
    /// or for another network, and [`Error::FeedKey`] when what it sealed is no key.
    pub fn open(
        &self,
        definition: &NetworkDefinition,
        guardian: GuardianIndex,
    ) -> Result<FeedPublicKey, Error> {
        let wrong = |problem: String| Error::Guardian { guardian, problem };
        let member = definition.member(guardian).map_err(|e| wrong(e.to_string()))?;
        let identity = identity_key(&member.peer_id).map_err(|e| wrong(e.to_string()))?;
        let opened = open_in(Self::domain(definition.id()), [identity], &self.0, FeedPublicKey::LEN)
            .map_err(|flaw| Error::Binding { guardian, problem: flaw.code() })?;
        let key = opened.payload.as_slice().try_into().map(FeedPublicKey).map_err(|_| Error::FeedKey)?;
        key.key().map(|_| key)
    }
}

impl Serialize for KeyBinding {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        crate::base64_text::serialize(&self.0, serializer)
    }
}

impl<'de> Deserialize<'de> for KeyBinding {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let bytes = crate::base64_text::deserialize(deserializer)?;
        if bytes.len() == BINDING {
            Ok(Self(bytes))
        } else {
            Err(serde::de::Error::custom(format!("a key binding has {BINDING} bytes, not {}", bytes.len())))
        }
    }
}

#[cfg(test)]
mod tests;
