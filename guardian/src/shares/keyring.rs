//! The keyring: what ceremonies need of the shares. It opens them from the store when they are needed and keeps none.

use super::{Adoption, Entry, Shares, Source, custody_of};
use crate::{Error, Store};
use borsh::{BorshDeserialize, BorshSerialize};
use crypto::group_key::{GroupKeySet, GroupShare};
use crypto::keys::{PublicKeySet, SecretKeyShare};
use crypto::spec::BlsPubkey;
use crypto::threshold::{ShareIndex, Threshold};
use crypto::vault::DataKey;
use guardian_core::event::Custody;
use guardian_core::guardian_set::{NetworkDefinition, NetworkId};
use rand::CryptoRng;
use std::sync::Arc;
use zeroize::Zeroizing;

/// Opens and keeps shares of one guardian under one definition. Clones share the store and the data key.
#[derive(Clone)]
pub(crate) struct Keyring {
    store: Arc<Store>,
    network: NetworkId,
    definition: Arc<NetworkDefinition>,
    index: ShareIndex,
    data_key: Arc<DataKey>,
}

/// Our share of the network's own key as the store keeps it.
#[derive(BorshSerialize, BorshDeserialize)]
struct GroupEntry {
    version: u8,
    threshold: Threshold,
    /// t * 33 bytes.
    commitments: Vec<u8>,
    index: ShareIndex,
    sealed: Vec<u8>,
}

/// Version of [`GroupEntry`].
const VERSION: u8 = 1;

impl GroupEntry {
    fn binding(&self, network: NetworkId) -> Vec<u8> {
        let index = self.index.get().to_be_bytes();
        [b"guardian/group-share/1".as_slice(), &network.0, &self.commitments, &index].concat()
    }
}

impl Shares {
    /// A keyring over the same store. None before there is a data key.
    pub(crate) fn keyring(&self, definition: &NetworkDefinition) -> Option<Keyring> {
        Some(Keyring {
            store: Arc::clone(&self.store),
            network: self.network,
            definition: Arc::new(definition.clone()),
            index: self.index,
            data_key: Arc::clone(self.data_key.as_ref()?),
        })
    }
}

impl Keyring {
    pub(crate) fn store(&self) -> &Arc<Store> {
        &self.store
    }

    pub(crate) fn data_key(&self) -> &Arc<DataKey> {
        &self.data_key
    }

    fn damaged(&self, problem: String) -> Error {
        Error::StoreDamaged { path: self.store.directory().into(), problem }
    }

    fn entries(&self) -> Result<Vec<Entry>, Error> {
        let stored = self.store.shares()?.into_iter();
        let decode = |(key, bytes): (_, Vec<u8>)| {
            let pubkey = BlsPubkey(key);
            let entry = Entry::decode(&bytes).filter(|entry| entry.key_set.public_key() == pubkey);
            entry.ok_or_else(|| self.damaged(format!("share of {pubkey} is of no kind this program knows")))
        };
        stored.map(decode).collect()
    }

    /// The commitments of every key held, ascending by key.
    pub(crate) fn key_sets(&self) -> Result<Vec<PublicKeySet>, Error> {
        Ok(self.entries()?.into_iter().map(|entry| entry.key_set).collect())
    }

    /// Our shares of these keys, in order.
    ///
    /// # Errors
    /// [`Error::Share`] for one that is not held; [`Error::StoreDamaged`] for one that does not open.
    pub(crate) fn open(&self, key_sets: &[PublicKeySet]) -> Result<Vec<SecretKeyShare>, Error> {
        let open = |key_set: &PublicKeySet| {
            let pubkey = key_set.public_key();
            let bytes = self.store.share(&pubkey.0)?;
            let entry =
                bytes.and_then(|bytes| Entry::decode(&bytes)).filter(|entry| entry.key_set == *key_set);
            let entry = entry.ok_or_else(|| Error::Share {
                pubkey: pubkey.to_string(),
                problem: "no share of this split of its key is held".into(),
            })?;
            let opened = entry.open(&self.data_key, self.network);
            opened.map_err(|e| self.damaged(format!("share of {pubkey}: {e}")))
        };
        key_sets.iter().map(open).collect()
    }

    /// Keeps shares that a ceremony made, each in the place of one of the same validator: durable when it returns.
    pub(crate) fn keep(
        &self,
        shares: Vec<(PublicKeySet, SecretKeyShare)>,
        rng: &mut impl CryptoRng,
    ) -> Result<Vec<Custody>, Error> {
        let mut stored = Vec::with_capacity(shares.len());
        let mut custody = Vec::with_capacity(shares.len());
        for (key_set, share) in shares {
            let pubkey = key_set.public_key();
            key_set
                .verify_share(&share)
                .map_err(|e| Error::Share { pubkey: pubkey.to_string(), problem: e.to_string() })?;
            let adoption = Adoption { key_set, share, source: Source::Ceremony };
            let place = (self.network, &self.definition.guardian_set);
            let pair = (&adoption.key_set, &adoption.share);
            let entry = Entry::seal(pair, adoption.source, place, &self.data_key, rng)?;
            custody.push(custody_of(&pubkey, &entry));
            let encoded = entry.encode();
            stored.push((
                pubkey.0,
                encoded.map_err(Error::file("encode a share for", self.store.directory()))?,
            ));
        }
        self.store.put_shares(&stored)?;
        Ok(custody)
    }

    fn group_entry(&self) -> Result<Option<GroupEntry>, Error> {
        let Some(bytes) = self.store.group_share()? else { return Ok(None) };
        let entry = borsh::from_slice::<GroupEntry>(&bytes).ok().filter(|entry| entry.version == VERSION);
        entry
            .map(Some)
            .ok_or_else(|| self.damaged("share of the network's own key is of no known kind".into()))
    }

    /// The network's own key, if there is one.
    pub(crate) fn group_key_set(&self) -> Result<Option<GroupKeySet>, Error> {
        let Some(entry) = self.group_entry()? else { return Ok(None) };
        Ok(Some(GroupKeySet::from_bytes(entry.threshold, &entry.commitments)?))
    }

    /// Our share of the network's own key, checked against it.
    pub(crate) fn group_share(&self) -> Result<Option<(GroupKeySet, GroupShare)>, Error> {
        let Some(entry) = self.group_entry()? else { return Ok(None) };
        let key_set = GroupKeySet::from_bytes(entry.threshold, &entry.commitments)?;
        let opened = self.data_key.open(&entry.binding(self.network), &entry.sealed);
        let opened = opened.map_err(|e| self.damaged(format!("share of the network's own key: {e}")))?;
        let bytes = <&[u8; 32]>::try_from(&opened[..]).map_err(|_| crypto::Error::Sealed)?;
        let share = GroupShare::from_bytes(entry.index, bytes)?;
        key_set.verify_share(&share)?;
        Ok(Some((key_set, share)))
    }

    /// Keeps our share of the network's own key: durable when it returns.
    pub(crate) fn keep_group(
        &self,
        commitments: &[u8],
        share: &Zeroizing<[u8; 32]>,
        rng: &mut impl CryptoRng,
    ) -> Result<(), Error> {
        let threshold = self.definition.guardian_set.threshold;
        let key_set = GroupKeySet::from_bytes(threshold, commitments)?;
        key_set.verify_share(&GroupShare::from_bytes(self.index, share)?)?;
        let mut entry = GroupEntry {
            version: VERSION,
            threshold,
            commitments: commitments.to_vec(),
            index: self.index,
            sealed: Vec::new(),
        };
        entry.sealed = self.data_key.seal(&entry.binding(self.network), share.as_ref(), rng)?;
        let bytes = borsh::to_vec(&entry);
        self.store.set_group_share(
            &bytes.map_err(Error::file("encode the network's own key for", self.store.directory()))?,
        )
    }
}
