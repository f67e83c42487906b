//! Share transport: a BLS key share encrypted to one guardian's custody key (ECIES over secp256k1).
//!
//! Byte-compatible with Puffer's registrations (`ecies` 0.2, pure-Rust back end): ephemeral public key 65 bytes
//! uncompressed, nonce 16, tag 16, ciphertext 32. Key = HKDF-SHA256 without salt or info over ephemeral key || shared
//! point, both 65 bytes uncompressed; AES-256-GCM with a 16-byte nonce and no associated data.
//!
//! Nothing in an envelope says which validator or index it is for, nor who sealed it: after opening, the share MUST be
//! checked with [`crate::keys::PublicKeySet::verify_share`].

use crate::Error;
use crate::execution::Address;
use crate::keys::SecretKeyShare;
use crate::threshold::ShareIndex;
use aes_gcm::aead::{AeadInOut, Generate, KeyInit, consts::U16};
use aes_gcm::{AesGcm, aes::Aes256};
use hkdf::Hkdf;
use k256::elliptic_curve::sec1::ToSec1Point;
use k256::{ProjectivePoint, PublicKey, SecretKey};
use rand_core::CryptoRng;
use sha2::Sha256;
use sha3::{Digest, Keccak256};
use zeroize::Zeroizing;

#[cfg(test)]
mod tests;

type Cipher = AesGcm<Aes256, U16>;

/// Length of an uncompressed secp256k1 point, bytes.
const POINT: usize = 65;
const NONCE: usize = 16;
const TAG: usize = 16;

crate::fixed_bytes!(
    /// One share, sealed for one custody key: 65 + 16 + 16 + 32 = 129 bytes.
    CustodyEnvelope, 129
);

/// The secret half of a guardian's custody key. Wiped when dropped; no `Debug`.
pub struct CustodySecretKey(SecretKey);

impl CustodySecretKey {
    /// From 32 bytes big-endian.
    ///
    /// # Errors
    /// [`Error::CustodySecretKey`] for zero or a value not below the order of secp256k1.
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, Error> {
        SecretKey::from_slice(bytes).map(Self).map_err(|_| Error::CustodySecretKey)
    }

    /// A new random key.
    pub fn generate(rng: &mut impl CryptoRng) -> Self {
        Self(SecretKey::generate_from_rng(rng))
    }

    /// The 32 bytes, big-endian.
    pub fn to_bytes(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.0.to_bytes().into())
    }

    /// The public half.
    pub fn public_key(&self) -> CustodyPublicKey {
        CustodyPublicKey(self.0.public_key())
    }
}

/// The public half of a guardian's custody key. In text, the hex of its 65 bytes uncompressed (it begins with 04).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CustodyPublicKey(PublicKey);

impl CustodyPublicKey {
    /// From 65 bytes uncompressed.
    ///
    /// # Errors
    /// [`Error::CustodyPublicKey`] when they are not a point of secp256k1 in that form.
    pub fn from_bytes(bytes: &[u8; POINT]) -> Result<Self, Error> {
        PublicKey::from_sec1_bytes(bytes).map(Self).map_err(|_| Error::CustodyPublicKey)
    }

    /// The 65 bytes, uncompressed.
    pub fn to_bytes(&self) -> [u8; POINT] {
        uncompressed(&self.0)
    }

    /// The account that belongs to the key, as contracts name it: the last 20 bytes of Keccak-256 over the point's 64
    /// coordinate bytes (Yellow Paper, appendix F).
    pub fn address(&self) -> Address {
        let point = self.to_bytes();
        let digest: [u8; 32] = Keccak256::digest(&point[1..]).into();
        let mut address = [0u8; Address::LEN];
        address.copy_from_slice(&digest[12..]);
        Address(address)
    }
}

impl std::fmt::Display for CustodyPublicKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "0x{}", hex::encode(self.to_bytes()))
    }
}

impl std::str::FromStr for CustodyPublicKey {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::from_bytes(&crate::wire::parse_hex("custody public key", text)?)
    }
}

impl serde::Serialize for CustodyPublicKey {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for CustodyPublicKey {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str> as serde::Deserialize>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// Seals a share for the holder of a custody key.
///
/// # Errors
/// [`Error::Envelope`] should the cipher fail, which it does only for messages far longer than a share.
pub fn seal(
    recipient: &CustodyPublicKey,
    share: &SecretKeyShare,
    rng: &mut impl CryptoRng,
) -> Result<CustodyEnvelope, Error> {
    let ephemeral = SecretKey::generate_from_rng(rng);
    let ephemeral_point = uncompressed(&ephemeral.public_key());
    let mut nonce = [0u8; NONCE];
    rng.fill_bytes(&mut nonce);
    let mut text = share.to_bytes();
    let tag = cipher(&ephemeral, &recipient.0, &ephemeral_point, &[])?
        .encrypt_inout_detached(&nonce.into(), &[], text.as_mut_slice().into())
        .map_err(|_| Error::Envelope)?;

    let mut envelope = [0u8; CustodyEnvelope::LEN];
    let (point_part, rest) = envelope.split_at_mut(POINT);
    let (nonce_part, rest) = rest.split_at_mut(NONCE);
    let (tag_part, text_part) = rest.split_at_mut(TAG);
    point_part.copy_from_slice(&ephemeral_point);
    nonce_part.copy_from_slice(&nonce);
    tag_part.copy_from_slice(&tag);
    text_part.copy_from_slice(text.as_ref());
    Ok(CustodyEnvelope(envelope))
}

/// Opens an envelope that should hold share `index`. Check the share against its public key set afterwards.
///
/// # Errors
/// [`Error::Envelope`] when it was sealed for another key or damaged; [`Error::SecretScalar`] when what it holds is
/// zero or out of range.
pub fn open(
    key: &CustodySecretKey,
    envelope: &CustodyEnvelope,
    index: ShareIndex,
) -> Result<SecretKeyShare, Error> {
    let (ephemeral_point, rest) = envelope.0.split_first_chunk::<POINT>().ok_or(Error::Envelope)?;
    let (nonce, rest) = rest.split_first_chunk::<NONCE>().ok_or(Error::Envelope)?;
    let (tag, text) = rest.split_first_chunk::<TAG>().ok_or(Error::Envelope)?;
    let ephemeral = PublicKey::from_sec1_bytes(ephemeral_point).map_err(|_| Error::Envelope)?;
    let mut scalar = Zeroizing::new([0u8; 32]);
    scalar.copy_from_slice(text);
    cipher(&key.0, &ephemeral, ephemeral_point, &[])?
        .decrypt_inout_detached(&(*nonce).into(), &[], scalar.as_mut_slice().into(), &(*tag).into())
        .map_err(|_| Error::Envelope)?;
    SecretKeyShare::new(index, &scalar)
}

/// Seals secret bytes of a ceremony for the holder of a custody key: as [`seal`], but with the caller's `place` bound
/// into the key and into the ciphertext, and of any length up to 64 KiB. The result is 97 bytes longer.
///
/// # Errors
/// [`Error::Envelope`] for a longer text.
pub fn seal_parcel(
    recipient: &CustodyPublicKey,
    place: &[u8],
    text: &[u8],
    rng: &mut impl CryptoRng,
) -> Result<Vec<u8>, Error> {
    if text.len() > MAX_PARCEL {
        return Err(Error::Envelope);
    }
    let ephemeral = SecretKey::generate_from_rng(rng);
    let ephemeral_point = uncompressed(&ephemeral.public_key());
    let mut nonce = [0u8; NONCE];
    rng.fill_bytes(&mut nonce);
    let mut secret = Zeroizing::new(text.to_vec());
    let tag = cipher(&ephemeral, &recipient.0, &ephemeral_point, PARCEL)?
        .encrypt_inout_detached(&nonce.into(), place, secret.as_mut_slice().into())
        .map_err(|_| Error::Envelope)?;
    let mut parcel = Vec::with_capacity(POINT + NONCE + TAG + text.len());
    parcel.extend_from_slice(&ephemeral_point);
    parcel.extend_from_slice(&nonce);
    parcel.extend_from_slice(&tag);
    parcel.extend_from_slice(&secret);
    Ok(parcel)
}

/// Opens what [`seal_parcel`] made for this key and this place.
///
/// # Errors
/// [`Error::Envelope`] when it was sealed for another key or place, is damaged or too long.
pub fn open_parcel(key: &CustodySecretKey, place: &[u8], parcel: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
    let (ephemeral_point, rest) = parcel.split_first_chunk::<POINT>().ok_or(Error::Envelope)?;
    let (nonce, rest) = rest.split_first_chunk::<NONCE>().ok_or(Error::Envelope)?;
    let (tag, text) = rest.split_first_chunk::<TAG>().ok_or(Error::Envelope)?;
    if text.len() > MAX_PARCEL {
        return Err(Error::Envelope);
    }
    let ephemeral = PublicKey::from_sec1_bytes(ephemeral_point).map_err(|_| Error::Envelope)?;
    let mut secret = Zeroizing::new(text.to_vec());
    cipher(&key.0, &ephemeral, ephemeral_point, PARCEL)?
        .decrypt_inout_detached(&(*nonce).into(), place, secret.as_mut_slice().into(), &(*tag).into())
        .map_err(|_| Error::Envelope)?;
    Ok(secret)
}

/// Longest text of a parcel, bytes.
const MAX_PARCEL: usize = 64 * 1024;

/// What tells the key of a parcel from that of a share.
const PARCEL: &[u8] = b"guardian/parcel/v1";

/// The cipher both sides agree on.
fn cipher(
    secret: &SecretKey,
    public: &PublicKey,
    ephemeral_point: &[u8; POINT],
    info: &[u8],
) -> Result<Cipher, Error> {
    let scalar = Zeroizing::new(*secret.to_nonzero_scalar());
    let shared = ProjectivePoint::from(*public.as_affine()) * *scalar;
    let mut material = Zeroizing::new([0u8; 2 * POINT]);
    let (ours, theirs) = material.split_at_mut(POINT);
    ours.copy_from_slice(ephemeral_point);
    theirs.copy_from_slice(shared.to_affine().to_sec1_point(false).as_bytes());
    let mut key = Zeroizing::new([0u8; 32]);
    Hkdf::<Sha256>::new(None, material.as_ref()).expand(info, key.as_mut()).map_err(|_| Error::Envelope)?;
    Cipher::new_from_slice(key.as_ref()).map_err(|_| Error::Envelope)
}

fn uncompressed(key: &PublicKey) -> [u8; POINT] {
    let mut bytes = [0u8; POINT];
    bytes.copy_from_slice(key.to_sec1_point(false).as_bytes());
    bytes
}
