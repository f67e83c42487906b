//! Secrets at rest: a random data key, wrapped by the operator's password, seals everything else.
//!
//! One slow derivation opens the vault; changing the password rewraps one small file. Sealing is AES-256-GCM with a
//! random 96-bit nonce; the associated data binds each ciphertext to its place, so that two cannot be exchanged.

use crate::Error;
pub use crate::password::{Password, ScryptCost};
use aes_gcm::Aes256Gcm;
use aes_gcm::aead::{AeadInOut, KeyInit};
use rand_core::CryptoRng;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

#[cfg(test)]
mod tests;

const NONCE: usize = 12;
const TAG: usize = 16;
/// First byte of everything sealed.
const VERSION: u8 = 1;
/// Associated data of the wrapped key itself.
const WRAP_AAD: &[u8] = b"guardian/data-key/1";

/// The key that seals everything at rest. Wiped when dropped; no `Debug`.
pub struct DataKey(Zeroizing<[u8; 32]>);

/// A [`DataKey`] under a password: what is written to disk, as JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WrappedKey {
    /// Format, 1.
    version: u8,
    /// How the password becomes a key.
    scrypt: ScryptCost,
    /// Salt of the derivation, 32 bytes.
    #[serde(with = "hex::serde")]
    salt: [u8; 32],
    /// The data key, sealed under the derived key: version, nonce, 32 bytes, tag.
    #[serde(with = "hex::serde")]
    sealed: Vec<u8>,
}

impl DataKey {
    /// A new random key.
    pub fn generate(rng: &mut impl CryptoRng) -> Self {
        let mut key = Zeroizing::new([0u8; 32]);
        rng.fill_bytes(key.as_mut());
        Self(key)
    }

    /// Wraps this key under a password.
    ///
    /// # Errors
    /// [`Error::WorkFactor`] when the cost is out of bounds.
    pub fn wrap(
        &self,
        password: &Password,
        cost: ScryptCost,
        rng: &mut impl CryptoRng,
    ) -> Result<WrappedKey, Error> {
        let mut salt = [0u8; 32];
        rng.fill_bytes(&mut salt);
        let sealed = Self(password.scrypt(&salt, cost)?).seal(WRAP_AAD, self.0.as_ref(), rng)?;
        Ok(WrappedKey { version: VERSION, scrypt: cost, salt, sealed })
    }

    /// Seals `plaintext` so that it opens only with this key and the same `aad`: 29 bytes longer than it was.
    ///
    /// # Errors
    /// [`Error::Sealed`] for a plaintext beyond the cipher's limit of 64 GiB.
    pub fn seal(&self, aad: &[u8], plaintext: &[u8], rng: &mut impl CryptoRng) -> Result<Vec<u8>, Error> {
        let mut nonce = [0u8; NONCE];
        rng.fill_bytes(&mut nonce);
        let mut sealed = Vec::with_capacity(1 + NONCE + plaintext.len() + TAG);
        sealed.push(VERSION);
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(plaintext);
        let tag = self
            .cipher()?
            .encrypt_inout_detached(&nonce.into(), aad, (&mut sealed[1 + NONCE..]).into())
            .map_err(|_| Error::Sealed)?;
        sealed.extend_from_slice(&tag);
        Ok(sealed)
    }

    /// Opens what [`DataKey::seal`] made.
    ///
    /// # Errors
    /// [`Error::Sealed`] when it is cut short, changed, sealed under another key, or belongs to another place.
    pub fn open(&self, aad: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
        let (version, rest) = sealed.split_first().ok_or(Error::Sealed)?;
        let (nonce, rest) = rest.split_first_chunk::<NONCE>().ok_or(Error::Sealed)?;
        let (text, tag) = rest.split_last_chunk::<TAG>().ok_or(Error::Sealed)?;
        if *version != VERSION {
            return Err(Error::Sealed);
        }
        let mut plaintext = Zeroizing::new(text.to_vec());
        self.cipher()?
            .decrypt_inout_detached(&(*nonce).into(), aad, plaintext.as_mut_slice().into(), &(*tag).into())
            .map_err(|_| Error::Sealed)?;
        Ok(plaintext)
    }

    fn cipher(&self) -> Result<Aes256Gcm, Error> {
        Aes256Gcm::new_from_slice(self.0.as_ref()).map_err(|_| Error::Sealed)
    }
}

impl WrappedKey {
    /// What deriving the wrapping key from the password costs.
    pub fn cost(&self) -> ScryptCost {
        self.scrypt
    }

    /// Opens the data key.
    ///
    /// # Errors
    /// [`Error::WrongPassword`] when the password is wrong or the file damaged, [`Error::WorkFactor`] when it asks for
    /// more memory or time than is ever needed, [`Error::Version`] for a format this version does not know.
    pub fn unwrap(&self, password: &Password) -> Result<DataKey, Error> {
        if self.version != VERSION {
            return Err(Error::Version {
                what: "wrapped data key",
                expected: VERSION.into(),
                got: self.version.into(),
            });
        }
        let wrapping = DataKey(password.scrypt(&self.salt, self.scrypt)?);
        let key = wrapping.open(WRAP_AAD, &self.sealed).map_err(|_| Error::WrongPassword)?;
        let bytes: &[u8; 32] = key.as_slice().try_into().map_err(|_| Error::WrongPassword)?;
        Ok(DataKey(Zeroizing::new(*bytes)))
    }
}
