//! Validator shares at rest: each sealed under one data key, which the operator's password wraps, and kept in the
//! store with the commitments and the guardian set it was checked against.
//!
//! A share is sealed to its place: network, validator, share index and guardian-set epoch are bound into the
//! ciphertext, so that no two can be exchanged, and it is checked against its public share again whenever it is opened.

use crate::{Error, Store};
use crypto::keys::{PublicKeySet, SecretKeyShare};
use crypto::password::{Password, ScryptCost};
use crypto::spec::BlsPubkey;
use crypto::threshold::ShareIndex;
use crypto::vault::{DataKey, WrappedKey};
use entry::Entry;
use guardian_core::event::Custody;
use guardian_core::guardian_set::{GuardianIndex, GuardianSet, NetworkDefinition, NetworkId};
use rand::CryptoRng;
use std::collections::BTreeMap;
use std::sync::Arc;

mod entry;
mod keyring;
mod package;
mod sealed;

pub use entry::Source;
pub(crate) use keyring::Keyring;
pub use package::{CustodyPackage, MAX_PACKAGE, SealedShare};
pub(crate) use sealed::SealedShares;

/// Most validators one guardian holds shares of.
pub const MAX_SHARES_HELD: usize = 1 << 16;

/// This guardian's shares.
pub struct Shares {
    store: Arc<Store>,
    network: NetworkId,
    guardian_set: GuardianSet,
    index: ShareIndex,
    // None until the first import, or until it is needed for shares from registrations.
    data_key: Option<Arc<DataKey>>,
    held: BTreeMap<BlsPubkey, Entry>,
}

/// A share from a registration, checked against its commitments, on its way into the store.
pub(crate) struct Adoption {
    /// The commitments; the first is the validator.
    pub(crate) key_set: PublicKeySet,
    /// Our share of it.
    pub(crate) share: SecretKeyShare,
    /// The registration.
    pub(crate) source: Source,
}

/// What came of an import.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Imported {
    /// Shares that are new.
    pub added: usize,
    /// Shares that were held already, the same to the bit.
    pub known: usize,
}

impl Shares {
    /// Reads the shares of guardian `me` and opens their data key, if there is one yet. About a second: the
    /// password is made expensive to guess.
    ///
    /// # Errors
    /// [`Error::WrongPassword`], [`Error::StoreDamaged`], [`Error::StoreFailed`].
    pub fn open(
        store: &Arc<Store>,
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
            let entry = Entry::decode(&bytes).filter(|entry| entry.key_set.public_key() == pubkey);
            let entry = entry
                .ok_or_else(|| damaged(format!("share of {pubkey} is of no kind this program knows")))?;
            held.insert(pubkey, entry);
        }
        if data_key.is_none() && !held.is_empty() {
            return Err(damaged("there are shares but no data key".into()));
        }
        let data_key = data_key.map(Arc::new);
        let index = ShareIndex::new(me.0)?;
        let guardian_set = definition.guardian_set.clone();
        let store = Arc::clone(store);
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
                let (key, wrapped) = self.new_key(password, cost, rng)?;
                (Arc::new(key), Some(wrapped))
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
                let ours = entry.open(data_key, self.network).map_err(|_| {
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
            let place = (self.network, &self.guardian_set);
            let entry = Entry::seal((key_set, share), Source::Imported, place, data_key, rng)?;
            fresh.insert(pubkey, entry);
            imported.added += 1;
        }
        self.refuse_too_many(&fresh)?;
        if fresh.is_empty() {
            return Ok(imported);
        }
        if let Some(wrapped) = wrapped {
            // First the key, then what it opens: a key that opens nothing yet does no harm.
            self.store.set_wrapped_key(&wrapped)?;
        }
        self.keep(fresh)?;
        Ok(imported)
    }

    /// Makes the data key if there is none yet, durable when it returns: from then on shares are kept without the
    /// password.
    ///
    /// # Errors
    /// Storage errors; [`Error::Crypto`] for a cost out of bounds.
    pub fn ensure_key(
        &mut self,
        password: &Password,
        cost: ScryptCost,
        rng: &mut impl CryptoRng,
    ) -> Result<(), Error> {
        if self.data_key.is_none() {
            let (key, wrapped) = self.new_key(password, cost, rng)?;
            self.store.set_wrapped_key(&wrapped)?;
            self.data_key = Some(Arc::new(key));
        }
        Ok(())
    }

    /// Keeps shares from registrations, each in the place of one of the same validator that may be there: all or none,
    /// durable when it returns. Which share counts was decided by the caller; [`Shares::ensure_key`] came before.
    ///
    /// # Errors
    /// [`Error::Share`] for a share of another index, one that does not belong to its commitments, or one too many;
    /// storage errors.
    pub(crate) fn adopt(&mut self, adoptions: &[Adoption], rng: &mut impl CryptoRng) -> Result<(), Error> {
        let mut fresh = BTreeMap::new();
        for Adoption { key_set, share, source } in adoptions {
            let pubkey = key_set.public_key();
            let refuse = |problem: String| Error::Share { pubkey: pubkey.to_string(), problem };
            let data_key = self.data_key.as_ref().ok_or_else(|| refuse("there is no data key".into()))?;
            if share.index() != self.index {
                let problem = format!("it has index {}, this guardian is {}", share.index(), self.index);
                return Err(refuse(problem));
            }
            key_set.verify_share(share).map_err(|e| refuse(e.to_string()))?;
            let place = (self.network, &self.guardian_set);
            fresh.insert(pubkey, Entry::seal((key_set, share), *source, place, data_key, rng)?);
        }
        self.refuse_too_many(&fresh)?;
        self.keep(fresh)
    }

    /// Where the share held of a validator came from, and its commitments.
    pub(crate) fn held(&self, pubkey: &BlsPubkey) -> Option<(Source, &PublicKeySet)> {
        self.held.get(pubkey).map(|entry| (entry.source, &entry.key_set))
    }

    /// A new data key, and the bytes of it under the password.
    fn new_key(
        &self,
        password: &Password,
        cost: ScryptCost,
        rng: &mut impl CryptoRng,
    ) -> Result<(DataKey, Vec<u8>), Error> {
        let key = DataKey::generate(rng);
        let wrapped =
            serde_json::to_vec(&key.wrap(password, cost, rng)?).map_err(|e| Error::StoreFailed {
                path: self.store.directory().into(),
                action: "keep the data key",
                problem: e.to_string(),
            })?;
        Ok((key, wrapped))
    }

    fn refuse_too_many(&self, fresh: &BTreeMap<BlsPubkey, Entry>) -> Result<(), Error> {
        let new = fresh.keys().filter(|pubkey| !self.held.contains_key(*pubkey)).count();
        let total = self.held.len() + new;
        match fresh.last_key_value() {
            Some((pubkey, _)) if total > MAX_SHARES_HELD => {
                let problem = format!("this guardian would hold {total} shares, more than {MAX_SHARES_HELD}");
                Err(Error::Share { pubkey: pubkey.to_string(), problem })
            }
            Some(_) | None => Ok(()),
        }
    }

    /// Writes entries, then believes in them.
    fn keep(&mut self, mut fresh: BTreeMap<BlsPubkey, Entry>) -> Result<(), Error> {
        if fresh.is_empty() {
            return Ok(());
        }
        let bytes = fresh
            .iter()
            .map(|(pubkey, entry)| Ok((pubkey.0, entry.encode()?)))
            .collect::<Result<Vec<_>, std::io::Error>>()
            .map_err(Error::file("encode a share for", self.store.directory()))?;
        self.store.put_shares(&bytes)?;
        self.held.append(&mut fresh);
        Ok(())
    }

    /// What is held, without the secrets, by validator key.
    pub fn custody(&self) -> Vec<Custody> {
        self.held.iter().map(|(pubkey, entry)| custody_of(pubkey, entry)).collect()
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
            let share = entry.open(data_key, self.network).map_err(|e| damaged(pubkey, e.to_string()))?;
            shares.push((entry.key_set.clone(), share));
        }
        Ok(shares)
    }
}

fn custody_of(pubkey: &BlsPubkey, entry: &Entry) -> Custody {
    Custody { pubkey: *pubkey, key_set: entry.key_set.clone(), index: entry.index }
}

#[cfg(test)]
mod tests;
