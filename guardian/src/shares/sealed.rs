//! Shares as a copy of a store holds them: whether they open, without a store.

use super::entry::Entry;
use crypto::password::Password;
use crypto::spec::BlsPubkey;
use crypto::vault::{DataKey, WrappedKey};
use guardian_core::guardian_set::{GuardianSetEpoch, NetworkDefinition, NetworkId};

/// The key of such shares, and what they must be bound to.
pub(crate) struct SealedShares {
    data_key: DataKey,
    network: NetworkId,
    epoch: GuardianSetEpoch,
}

impl SealedShares {
    /// Opens the wrapped data key of a store.
    ///
    /// # Errors
    /// What is wrong with it, for people.
    pub(crate) fn open(
        wrapped: &[u8],
        password: &Password,
        definition: &NetworkDefinition,
    ) -> Result<Self, String> {
        let wrapped: WrappedKey = serde_json::from_slice(wrapped).map_err(|e| e.to_string())?;
        let data_key = wrapped.unwrap(password).map_err(|e| e.to_string())?;
        Ok(Self { data_key, network: definition.id(), epoch: definition.guardian_set.epoch })
    }

    /// Opens one share as it is stored, and checks it against its commitments.
    ///
    /// # Errors
    /// What is wrong with it, for people.
    pub(crate) fn check(&self, pubkey: &[u8], stored: &[u8]) -> Result<(), String> {
        let pubkey = BlsPubkey::try_from(pubkey).map_err(|e| e.to_string())?;
        let entry = Entry::decode(stored).filter(|entry| entry.key_set.public_key() == pubkey);
        let entry = entry.ok_or("it is of no kind this program knows")?;
        if entry.guardian_set.epoch != self.epoch {
            let (theirs, ours) = (entry.guardian_set.epoch.0, self.epoch.0);
            return Err(format!("it was made for guardian set {theirs}, the definition has set {ours}"));
        }
        entry.open(&self.data_key, self.network).map(drop).map_err(|e| e.to_string())
    }
}
