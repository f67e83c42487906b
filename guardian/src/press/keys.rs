//! The key that signs this guardian's log, and those that the others bound.

use crate::{Error, file};
use feed::{FeedKey, FeedPublicKey, KeyBinding};
use guardian_core::guardian_set::{GuardianIndex, NetworkDefinition, NetworkId};
use p2p::{Network, identity};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::path::Path;
use tracing::warn;
use zeroize::Zeroizing;

/// Goes before the identity key when the feed key is made of it.
const DERIVATION: &[u8] = b"guardian-network/feed-key-seed/v1\0";

/// Most bytes of a binding's file.
const MAX_BINDING: u64 = 1_024;

/// The Ed25519 key of a guardian's log, made of its identity key: nothing more to keep and to back up. Another network,
/// another key.
///
/// # Errors
/// [`Error::Identity`] for an identity that is not secp256k1.
pub(crate) fn feed_key(identity: &identity::Keypair, network: NetworkId) -> Result<FeedKey, Error> {
    let wrong = |_| Error::Identity { problem: "the identity key is no secp256k1 key".to_owned() };
    let pair = identity.clone().try_into_secp256k1().map_err(wrong)?;
    let secret = Zeroizing::new(pair.secret().to_bytes());
    let digest =
        Sha256::new().chain_update(DERIVATION).chain_update(secret.as_slice()).chain_update(network.0);
    Ok(FeedKey::from_seed(digest.finalize().into()))
}

/// Our identity's word for our feed key: the one it gave first, so that it is the same bytes for ever where it can be kept.
pub(super) fn own_binding(
    directory: &Path,
    network: &Network,
    definition: &NetworkDefinition,
    me: GuardianIndex,
    key: &FeedPublicKey,
) -> KeyBinding {
    let path = directory.join("binding");
    if let Ok(bytes) = file::read(&path, "key binding", MAX_BINDING) {
        let known = KeyBinding(bytes.to_vec());
        if known.open(definition, me).as_ref() == Ok(key) {
            return known;
        }
    }
    let fresh = KeyBinding(network.seal_in(KeyBinding::domain(definition.id()), &key.0));
    let kept =
        file::create_directory(directory).and_then(|()| file::replace(&path, &fresh.0, file::Access::Public));
    if let Err(problem) = kept {
        warn!(%problem, "the public log's key binding is not kept; another one is made at the next start");
    }
    fresh
}

/// What guardians bound, verified.
#[derive(Debug, Clone, Default)]
pub(crate) struct Bindings(BTreeMap<GuardianIndex, KeyBinding>);

impl Bindings {
    /// Takes a binding that holds. Says whether it tells something new: the first of a guardian counts for as long as we
    /// run, for its key follows from its identity.
    pub(super) fn learn(
        &mut self,
        definition: &NetworkDefinition,
        guardian: GuardianIndex,
        binding: KeyBinding,
    ) -> bool {
        if self.0.contains_key(&guardian) || binding.open(definition, guardian).is_err() {
            return false;
        }
        self.0.insert(guardian, binding);
        true
    }

    /// The bindings, by guardian.
    pub(super) fn all(&self) -> &BTreeMap<GuardianIndex, KeyBinding> {
        &self.0
    }
}
