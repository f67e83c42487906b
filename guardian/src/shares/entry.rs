//! One share as the store keeps it.

use borsh::{BorshDeserialize, BorshSerialize};
use crypto::execution::RegistrationId;
use crypto::keys::{PublicKeySet, SecretKeyShare};
use crypto::spec::BlsPubkey;
use crypto::threshold::ShareIndex;
use crypto::vault::DataKey;
use guardian_core::guardian_set::{GuardianSet, NetworkId};
use rand::CryptoRng;

/// Version of [`Entry`] that is written. Version 1, read too, had no source: everything was imported.
const VERSION: u8 = 2;

/// How a share came here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Source {
    /// From a custody file, by the operator's hand. Only the operator takes it back.
    Imported,
    /// From a registration in the contracts. It goes when that registration was skipped and another one counts.
    Registered(RegistrationId),
    /// From a ceremony of the guardians. Only another ceremony replaces it.
    Ceremony,
}

/// One share, sealed. No secret in the open, so it may have `Debug`.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    /// The set the share was made for.
    pub(super) guardian_set: GuardianSet,
    pub(super) key_set: PublicKeySet,
    pub(super) index: ShareIndex,
    pub(super) source: Source,
    pub(super) sealed: Vec<u8>,
}

impl Entry {
    /// Seals a share to its place.
    pub(super) fn seal(
        (key_set, share): (&PublicKeySet, &SecretKeyShare),
        source: Source,
        (network, guardian_set): (NetworkId, &GuardianSet),
        data_key: &DataKey,
        rng: &mut impl CryptoRng,
    ) -> Result<Self, crypto::Error> {
        let mut entry = Self {
            guardian_set: guardian_set.clone(),
            key_set: key_set.clone(),
            index: share.index(),
            source,
            sealed: Vec::new(),
        };
        entry.sealed = data_key.seal(&entry.binding(network), &*share.to_bytes(), rng)?;
        Ok(entry)
    }

    /// Opens the share and checks it against its commitments.
    pub(super) fn open(
        &self,
        data_key: &DataKey,
        network: NetworkId,
    ) -> Result<SecretKeyShare, crypto::Error> {
        let bytes = data_key.open(&self.binding(network), &self.sealed)?;
        let scalar = <&[u8; 32]>::try_from(&bytes[..]).map_err(|_| crypto::Error::Sealed)?;
        let share = SecretKeyShare::new(self.index, scalar)?;
        self.key_set.verify_share(&share)?;
        Ok(share)
    }

    pub(super) fn encode(&self) -> std::io::Result<Vec<u8>> {
        borsh::to_vec(&(VERSION, &self.guardian_set, &self.key_set, self.index, self.source, &self.sealed))
    }

    /// Reads an entry of this version or an older one; None for anything else.
    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let (version, rest) = bytes.split_first()?;
        let (guardian_set, key_set, index, source, sealed) = match *version {
            1 => {
                let (set, key_set, index, sealed) = borsh::from_slice(rest).ok()?;
                (set, key_set, index, Source::Imported, sealed)
            }
            VERSION => borsh::from_slice(rest).ok()?,
            _ => return None,
        };
        Some(Self { guardian_set, key_set, index, source, sealed })
    }

    /// Everything the sealed share is bound to.
    fn binding(&self, network: NetworkId) -> Vec<u8> {
        let pubkey: BlsPubkey = self.key_set.public_key();
        let mut binding = b"guardian/share/v1".to_vec();
        binding.extend_from_slice(&network.0);
        binding.extend_from_slice(&pubkey.0);
        binding.extend_from_slice(&self.index.get().to_be_bytes());
        binding.extend_from_slice(&self.guardian_set.epoch.0.to_be_bytes());
        binding
    }
}
