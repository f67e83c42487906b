//! A signature of the group key, and its check.

use super::encoding::{POINT, nonzero_scalar, point};
use super::keys::GroupPublicKey;
use crate::Error;
use frost_secp256k1::Signature;

checked_bytes!(
    /// A signature of the group key, 65 bytes: R, a compressed point, then z, 32 bytes big-endian, neither of them zero
    /// (RFC 9591, FROST(secp256k1, SHA-256)). One signature has one encoding. Who signed cannot be told from it.
    GroupSignature, 65, Signature, "group signature", |bytes| {
        let what = "group signature";
        let (r, z) = bytes.split_first_chunk::<POINT>().ok_or(Error::Secp256k1Point { what })?;
        point(what, r)?;
        // Zero never comes up, and the contract refuses it.
        nonzero_scalar(what, z.try_into().map_err(|_| Error::Secp256k1Scalar { what })?)?;
        Signature::deserialize(bytes).map_err(|_| Error::Secp256k1Scalar { what })
    }
);

/// Whether the group key signed these 32 bytes.
pub fn verify(key: &GroupPublicKey, message: &[u8; 32], signature: &GroupSignature) -> bool {
    key.inner.verify(message, &signature.inner).is_ok()
}
