//! Partial signatures: sign, verify, combine.

use crate::Error;
use crate::group::{G1Affine, G2Affine, HashedRoot, Miller};
use crate::keys::{PublicKey, PublicKeySet, PublicKeyShare};
use crate::spec::{BlsSignature, Root};
use crate::threshold::ShareIndex;
use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

pub use crate::batch::batch_verify;
pub use crate::combine::{combine, combine_hashed};

crate::fixed_bytes!(
    /// One guardian's partial signature as it travels: an *uncompressed* G2 point, 192 bytes, unchecked.
    ///
    /// Twice the size of the compressed form and about fifty times quicker to read; what is posted to the chain is
    /// the combined signature, compressed as always ([`crate::spec::BlsSignature`]).
    SignatureShare, 192
);

impl SignatureShare {
    /// The compressed form.
    ///
    /// # Errors
    /// [`Error::Signature`] when the bytes are not a point of the curve.
    pub fn compress(&self) -> Result<BlsSignature, Error> {
        let point = G2Affine::from_uncompressed(&self.0).ok_or(Error::Signature)?;
        Ok(BlsSignature(point.to_compressed()))
    }
}

impl TryFrom<BlsSignature> for SignatureShare {
    type Error = Error;

    fn try_from(compressed: BlsSignature) -> Result<Self, Error> {
        let point = G2Affine::from_compressed(&compressed.0).ok_or(Error::Signature)?;
        Ok(Self(point.to_uncompressed()))
    }
}

/// A guardian's partial signature with the index of the share that made it. Unchecked: whoever holds one verifies it,
/// or the signature it went into.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, BorshSerialize, BorshDeserialize,
)]
pub struct PartialSignature {
    /// Which share signed.
    pub index: ShareIndex,
    /// Its signature.
    pub signature: SignatureShare,
}

/// One validator's exit to be put together.
#[derive(Debug, Clone, Copy)]
pub struct CombineJob<'a> {
    /// The validator's key and the commitments behind its shares.
    pub key_set: &'a PublicKeySet,
    /// What was signed.
    pub signing_root: Root,
    /// The partial signatures at hand, in any order. Of several with one index the first counts.
    pub partials: &'a [PartialSignature],
}

/// What came of a [`CombineJob`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Combined {
    /// The validator's signature, verified under its public key.
    Signature {
        /// 96 bytes compressed.
        signature: BlsSignature,
        /// Indices whose partial was proven false on the way, ascending. False partials nobody needed to look at are
        /// not among them.
        culprits: Vec<ShareIndex>,
    },
    /// Fewer than t partials are left that were not proven false.
    Short {
        /// Indices whose partial was proven false, ascending.
        culprits: Vec<ShareIndex>,
    },
}

/// Verifies one signature under one key.
pub fn verify(key: &PublicKey, root: Root, signature: &BlsSignature) -> bool {
    G2Affine::from_compressed(&signature.0)
        .is_some_and(|point| verify_point(&key.0, &HashedRoot::new(root), &point))
}

/// Verifies one partial signature under the public key of its share.
pub fn verify_partial(key: &PublicKeyShare, root: Root, signature: &SignatureShare) -> bool {
    G2Affine::from_uncompressed(&signature.0)
        .is_some_and(|point| verify_point(&key.0, &HashedRoot::new(root), &point))
}

/// `e(key, H(m)) == e(g, signature)`, with the subgroup check of the signature.
pub(crate) fn verify_point(key: &G1Affine, hash: &HashedRoot, signature: &G2Affine) -> bool {
    // An infinite key would accept an infinite signature of anything.
    if key.is_infinity() || signature.is_infinity() || !signature.in_subgroup() {
        return false;
    }
    Miller::product(&[*key], &[hash.0]).times(&Miller::against_generator(signature)).is_one()
}
