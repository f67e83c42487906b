//! The custody package: what a node operator gives to the guardians for one validator. Public commitments, and one
//! share for each guardian, sealed to its custody key. JSON; nothing in it is secret.

use crate::{Error, file};
use crypto::custody::{self, CustodyEnvelope, CustodyPublicKey, CustodySecretKey};
use crypto::keys::{PublicKeySet, SecretKey, SecretKeyShare};
use crypto::spec::BlsPubkey;
use crypto::threshold::ShareIndex;
use guardian_core::guardian_set::{GuardianIndex, GuardianSetEpoch, NetworkDefinition, NetworkId};
use rand::CryptoRng;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// Most bytes of a package file; one for 100 guardians has about 60,000.
pub const MAX_PACKAGE: u64 = 256 << 10;

/// One validator's shares on their way to the guardians.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CustodyPackage {
    /// The network they are for.
    pub network_id: NetworkId,
    /// The guardian set they were made for.
    pub guardian_set_epoch: GuardianSetEpoch,
    /// The validator.
    pub pubkey: BlsPubkey,
    /// Commitments to check the shares by: t points of 48 bytes, hex.
    pub public_key_set: PublicKeySet,
    /// One envelope for each guardian, in order.
    pub envelopes: Vec<SealedShare>,
}

/// One guardian's envelope.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SealedShare {
    /// For whom.
    pub guardian: GuardianIndex,
    /// The key it is sealed to.
    pub custody_key: CustodyPublicKey,
    /// The sealed share, 129 bytes, hex.
    pub envelope: CustodyEnvelope,
}

impl CustodyPackage {
    /// Splits a validator's key among the guardians of a network.
    ///
    /// # Errors
    /// [`Error::Crypto`] for a definition whose custody keys are none.
    pub fn split(
        secret: &SecretKey,
        definition: &NetworkDefinition,
        rng: &mut impl CryptoRng,
    ) -> Result<Self, Error> {
        let set = &definition.guardian_set;
        let (public_key_set, shares) = secret.split(set.threshold, rng);
        let mut envelopes = Vec::with_capacity(shares.len());
        for (share, member) in shares.iter().zip(&set.members) {
            public_key_set.verify_share(share)?;
            let custody_key: CustodyPublicKey = member.custody_key.parse()?;
            let envelope = custody::seal(&custody_key, share, rng)?;
            envelopes.push(SealedShare { guardian: member.index, custody_key, envelope });
        }
        Ok(Self {
            network_id: definition.id(),
            guardian_set_epoch: set.epoch,
            pubkey: public_key_set.public_key(),
            public_key_set,
            envelopes,
        })
    }

    /// Reads a package file.
    ///
    /// # Errors
    /// [`Error::File`], [`Error::TooLarge`], [`Error::Document`].
    pub fn load(path: &Path) -> Result<Self, Error> {
        let bytes = file::read(path, "custody package", MAX_PACKAGE)?;
        serde_json::from_slice(&bytes).map_err(|e| Error::Document {
            path: path.into(),
            line: Some(e.line()).filter(|line| *line > 0),
            problem: format!(
                "is no custody package, or a damaged one: {e}; ask the node operator for it again"
            ),
        })
    }

    /// Takes out the share of guardian `me`, after checking all that the package says against the definition and
    /// the share against the commitments.
    ///
    /// # Errors
    /// [`Error::Share`] saying what does not fit.
    pub fn open(
        &self,
        definition: &NetworkDefinition,
        me: GuardianIndex,
        key: &CustodySecretKey,
    ) -> Result<(PublicKeySet, SecretKeyShare), Error> {
        let refuse = |problem: String| Error::Share { pubkey: self.pubkey.to_string(), problem };
        let set = &definition.guardian_set;
        if self.network_id != definition.id() {
            return Err(refuse(format!(
                "it is for network {}, this guardian belongs to {}; ask for a split made with this network's definition",
                self.network_id,
                definition.id()
            )));
        }
        if self.guardian_set_epoch != set.epoch {
            return Err(refuse(format!(
                "it is for guardian set {}, the network is at set {}",
                self.guardian_set_epoch.0, set.epoch.0
            )));
        }
        if self.public_key_set.public_key() != self.pubkey {
            return Err(refuse("`public_key_set` does not begin with `pubkey`".into()));
        }
        if self.public_key_set.t() != set.threshold.t() {
            return Err(refuse(format!(
                "it takes {} shares to sign, the network's threshold is {}",
                self.public_key_set.t(),
                set.threshold.t()
            )));
        }
        if self.envelopes.len() != set.members.len() {
            return Err(refuse(format!(
                "it has {} envelopes for {} guardians",
                self.envelopes.len(),
                set.members.len()
            )));
        }
        for (sealed, member) in self.envelopes.iter().zip(&set.members) {
            let theirs = member.custody_key.parse::<CustodyPublicKey>()?;
            if sealed.guardian != member.index || sealed.custody_key != theirs {
                return Err(refuse(format!(
                    "its envelope for guardian {} is not sealed to that guardian's custody key",
                    member.index.0
                )));
            }
        }
        let mine = self
            .envelopes
            .iter()
            .find(|sealed| sealed.guardian == me)
            .ok_or_else(|| refuse(format!("it has no envelope for guardian {}", me.0)))?;
        if mine.custody_key != key.public_key() {
            return Err(Error::Identity {
                problem: format!(
                    "the custody key file does not hold the key that the network definition names for guardian {}; \
                     check `keys.custody` in the configuration",
                    me.0
                ),
            });
        }
        let share =
            custody::open(key, &mine.envelope, ShareIndex::new(me.0)?).map_err(|e| refuse(e.to_string()))?;
        self.public_key_set.verify_share(&share).map_err(|e| refuse(e.to_string()))?;
        Ok((self.public_key_set.clone(), share))
    }
}
