//! Validator shares at rest: each sealed under one data key, which the operator's password wraps, and kept in the
//! store with the commitments and the guardian set it was checked against.
//!
//! A share is sealed to its place: network, validator, share index and guardian-set epoch are bound into the
//! ciphertext, so that no two can be exchanged, and it is checked against its public share again whenever it is opened.

use crate::{Error, Store};
use borsh::{BorshDeserialize, BorshSerialize};
use crypto::keys::{PublicKeySet, SecretKeyShare};
use crypto::password::{Password, ScryptCost};
use crypto::spec::BlsPubkey;
use crypto::threshold::ShareIndex;
use crypto::vault::{DataKey, WrappedKey};
use guardian_core::event::Custody;
use guardian_core::guardian_set::{GuardianIndex, GuardianSet, NetworkDefinition, NetworkId};
use rand::CryptoRng;
use std::collections::BTreeMap;

mod package;

pub use package::{CustodyPackage, MAX_PACKAGE, SealedShare};

/// Most validators one guardian holds shares of.
pub const MAX_SHARES_HELD: usize = 1 << 16;

/// Version of [`Entry`].
const VERSION: u8 = 1;

/// This guardian's shares.
pub struct Shares<'a> {
    store: &'a Store,
    network: NetworkId,
    guardian_set: GuardianSet,
    index: ShareIndex,
    // None until the first import.
    data_key: Option<DataKey>,
    held: BTreeMap<BlsPubkey, Entry>,
}

/// One share as the store keeps it, behind a version byte.
#[derive(Debug, Clone, BorshSerialize, BorshDeserialize)]
struct Entry {
    /// The set the share was made for.
    guardian_set: GuardianSet,
    key_set: PublicKeySet,
    index: ShareIndex,
    sealed: Vec<u8>,
}

/// What came of an import.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Imported {
    /// Shares that are new.
    pub added: usize,
    /// Shares that were held already, the same to the bit.
    pub known: usize,
}

impl<'a> Shares<'a> {
    /// Reads the shares of guardian `me` and opens their data key, if there is one yet. About a second: the
    /// password is made expensive to guess.
    ///
    /// # Errors
    /// [`Error::WrongPassword`], [`Error::StoreDamaged`], [`Error::StoreFailed`].
    pub fn open(
        store: &'a Store,
        definition: &NetworkDefinition,
        me: GuardianIndex,
        password: &Password,
    ) -> Result<Self, Error> {
        let damaged = |problem: String| Error::StoreDamaged { path: store.directory().into(), problem };
        let data_key = match store.wrapped_key()? {
            Some(bytes) => {
                let wrapped: WrappedKey =
                    serde_json::from_slice(&bytes).map_err(|e| damaged(format!("data key: {e}")))?;
                Some(wrapped.unwrap(password).map_err(|e| match e {
                    crypto::Error::WrongPassword => Error::WrongPassword { path: store.directory().into() },
                    other => damaged(format!("data key: {other}")),
                })?)
            }
            None => None,
        };
        let mut held = BTreeMap::new();
        for (key, bytes) in store.shares()? {
            let pubkey = BlsPubkey(key);
            let garbled = || damaged(format!("share of {pubkey} is of no kind this program knows"));
            let (version, entry) = borsh::from_slice::<(u8, Entry)>(&bytes).map_err(|_| garbled())?;
            if version != VERSION || entry.key_set.public_key() != pubkey {
                return Err(garbled());
            }
            held.insert(pubkey, entry);
        }
        if data_key.is_none() && !held.is_empty() {
            return Err(damaged("there are shares but no data key".into()));
        }
        let index = ShareIndex::new(me.0)?;
        let guardian_set = definition.guardian_set.clone();
        Ok(Self { store, network: definition.id(), guardian_set, index, data_key, held })
    }

    /// Takes shares that [`CustodyPackage::open`] checked: all or none, durable when it returns.
    ///
    /// # Errors
    /// [`Error::Share`] for a share of another index, one that does not belong to its commitments, or one of a
    /// validator whose share is held already and differs; storage errors.
    pub fn import(
        &mut self,
        shares: &[(PublicKeySet, SecretKeyShare)],
        password: &Password,
        cost: ScryptCost,
        rng: &mut impl CryptoRng,
    ) -> Result<Imported, Error> {
        let mut fresh: BTreeMap<BlsPubkey, Entry> = BTreeMap::new();
        let mut imported = Imported::default();
        let (data_key, wrapped) = match self.data_key.take() {
            Some(key) => (key, None),
            None => {
                let key = DataKey::generate(rng);
                let wrapped = key.wrap(password, cost, rng)?;
                (key, Some(wrapped))
            }
        };
        let data_key = self.data_key.insert(data_key);
        for (key_set, share) in shares {
            let pubkey = key_set.public_key();
            let refuse = |problem: &str| Error::Share { pubkey: pubkey.to_string(), problem: problem.into() };
            if share.index() != self.index {
                return Err(refuse(&format!(
                    "it has index {}, this guardian is {}",
                    share.index(),
                    self.index
                )));
            }
            key_set.verify_share(share).map_err(|e| refuse(&e.to_string()))?;
            if let Some(entry) = self.held.get(&pubkey).or_else(|| fresh.get(&pubkey)) {
                let ours = entry.open(data_key, self.network, &pubkey).map_err(|_| {
                    refuse("the one held already does not open; restore the store from a backup")
                })?;
                if entry.key_set != *key_set || ours != *share {
                    return Err(refuse(
                        "another share of this validator is held already, from another split; \
                         all guardians must import the same split",
                    ));
                }
                imported.known += 1;
                continue;
            }
            let mut entry = Entry {
                guardian_set: self.guardian_set.clone(),
                key_set: key_set.clone(),
                index: self.index,
                sealed: Vec::new(),
            };
            entry.sealed = data_key.seal(&entry.binding(self.network, &pubkey), &*share.to_bytes(), rng)?;
            fresh.insert(pubkey, entry);
            imported.added += 1;
        }
        let total = self.held.len() + fresh.len();
        if let Some((pubkey, _)) = fresh.last_key_value().filter(|_| total > MAX_SHARES_HELD) {
            let problem = format!("this guardian would hold {total} shares, more than {MAX_SHARES_HELD}");
            return Err(Error::Share { pubkey: pubkey.to_string(), problem });
        }
        if fresh.is_empty() {
            return Ok(imported);
        }
        if let Some(wrapped) = wrapped {
            // First the key, then what it opens: a key that opens nothing yet does no harm.
            let bytes = serde_json::to_vec(&wrapped).map_err(|e| Error::StoreFailed {
                path: self.store.directory().into(),
                action: "keep the data key",
                problem: e.to_string(),
            })?;
            self.store.set_wrapped_key(&bytes)?;
        }
        let bytes = fresh
            .iter()
            .map(|(pubkey, entry)| Ok((pubkey.0, borsh::to_vec(&(VERSION, entry))?)))
            .collect::<Result<Vec<_>, std::io::Error>>()
            .map_err(Error::file("encode a share for", self.store.directory()))?;
        self.store.add_shares(&bytes)?;
        self.held.append(&mut fresh);
        Ok(imported)
    }

    /// What is held, without the secrets, by validator key.
    pub fn custody(&self) -> Vec<Custody> {
        let custody = |(pubkey, entry): (&BlsPubkey, &Entry)| Custody {
            pubkey: *pubkey,
            key_set: entry.key_set.clone(),
            index: entry.index,
        };
        self.held.iter().map(custody).collect()
    }

    /// Opens every share, for the signer alone.
    ///
    /// # Errors
    /// [`Error::StoreDamaged`] for one that does not open or does not belong to its commitments;
    /// [`Error::Share`] for one of another guardian set.
    pub(crate) fn reveal(&self) -> Result<Vec<(PublicKeySet, SecretKeyShare)>, Error> {
        let damaged = |pubkey: &BlsPubkey, problem: String| Error::StoreDamaged {
            path: self.store.directory().into(),
            problem: format!("share of {pubkey}: {problem}"),
        };
        let mut shares = Vec::with_capacity(self.held.len());
        for (pubkey, entry) in &self.held {
            let data_key = self.data_key.as_ref().ok_or_else(|| damaged(pubkey, "no data key".into()))?;
            if entry.guardian_set.epoch != self.guardian_set.epoch {
                return Err(Error::Share {
                    pubkey: pubkey.to_string(),
                    problem: format!(
                        "it was made for guardian set {}, the definition has set {}",
                        entry.guardian_set.epoch.0, self.guardian_set.epoch.0
                    ),
                });
            }
            let share =
                entry.open(data_key, self.network, pubkey).map_err(|e| damaged(pubkey, e.to_string()))?;
            shares.push((entry.key_set.clone(), share));
        }
        Ok(shares)
    }
}

impl Entry {
    /// Everything the sealed share is bound to.
    fn binding(&self, network: NetworkId, pubkey: &BlsPubkey) -> Vec<u8> {
        let mut binding = b"guardian/share/v1".to_vec();
        binding.extend_from_slice(&network.0);
        binding.extend_from_slice(&pubkey.0);
        binding.extend_from_slice(&self.index.get().to_be_bytes());
        binding.extend_from_slice(&self.guardian_set.epoch.0.to_be_bytes());
        binding
    }

    fn open(
        &self,
        data_key: &DataKey,
        network: NetworkId,
        pubkey: &BlsPubkey,
    ) -> Result<SecretKeyShare, crypto::Error> {
        let bytes = data_key.open(&self.binding(network, pubkey), &self.sealed)?;
        let scalar = <&[u8; 32]>::try_from(&bytes[..]).map_err(|_| crypto::Error::Sealed)?;
        let share = SecretKeyShare::new(self.index, scalar)?;
        self.key_set.verify_share(&share)?;
        Ok(share)
    }
}

#[cfg(test)]
mod tests;
