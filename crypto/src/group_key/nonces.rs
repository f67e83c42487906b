//! Round one: nonces for one signature, and the commitments to them.

use super::encoding::{POINT, SCALAR, point};
use super::keys::GroupShare;
use crate::Error;
use crate::threshold::ShareIndex;
use frost_core::round1::Nonce;
use frost_secp256k1::round1::{NonceCommitment, SigningCommitments, SigningNonces};
use frost_secp256k1::{Ciphersuite, Field, Secp256K1ScalarField, Secp256K1Sha256};
use rand_core::CryptoRng;
use zeroize::{Zeroize, Zeroizing};

checked_bytes!(
    /// What a guardian publishes of its nonces: the hiding and the binding commitment, 33 bytes compressed each, neither
    /// infinity.
    NonceCommitments, 66, SigningCommitments, "nonce commitments", parse
);

fn parse(bytes: &[u8; 2 * POINT]) -> Result<SigningCommitments, Error> {
    let what = "nonce commitment";
    let (halves, _) = bytes.as_chunks::<POINT>();
    let mut commitments = halves.iter().map(|half| {
        point(what, half)?;
        NonceCommitment::deserialize(half).map_err(|_| Error::Secp256k1Point { what })
    });
    let mut next = || commitments.next().unwrap_or(Err(Error::Secp256k1Point { what }));
    Ok(SigningCommitments::new(next()?, next()?))
}

/// The secret halves: for one signature. Two signatures with the same nonces reveal the share, so these are given away to
/// [`sign`](super::sign), cannot be copied or written down, and are wiped when dropped. No `Debug`.
///
/// ```compile_fail,E0382
/// # use crypto::group_key::{GroupKeySet, GroupShare, Nonces, SigningPackage, sign};
/// # fn twice(share: &GroupShare, set: &GroupKeySet, nonces: Nonces, one: &SigningPackage, two: &SigningPackage) {
/// let first = sign(share, set, nonces, one);
/// let second = sign(share, set, nonces, two); // moved above
/// # }
/// ```
///
/// ```compile_fail,E0277
/// # fn needs<T: Clone>() {}
/// needs::<crypto::group_key::Nonces>();
/// ```
///
/// ```compile_fail,E0277
/// # fn needs<T: borsh::BorshSerialize>() {}
/// needs::<crypto::group_key::Nonces>();
/// ```
///
/// ```compile_fail,E0277
/// # fn needs<T: serde::Serialize>() {}
/// needs::<crypto::group_key::Nonces>();
/// ```
///
/// ```compile_fail,E0277
/// # fn needs<T: std::fmt::Debug>() {}
/// needs::<crypto::group_key::Nonces>();
/// ```
pub struct Nonces {
    pub(super) index: ShareIndex,
    pub(super) commitments: NonceCommitments,
    /// Boxed, so that handing them on leaves no copies behind on the stack.
    pub(super) secret: Box<SigningNonces>,
}

impl Nonces {
    /// What was published of them.
    pub fn commitments(&self) -> NonceCommitments {
        self.commitments
    }
}

/// Nonces for one signature with `share`, and what to publish of them.
///
/// RFC 9591, section 4.1: 32 random bytes each, hashed with the share, so that a broken generator alone does not give the
/// share away; a generator that repeats itself does.
pub fn commit(share: &GroupShare, rng: &mut impl CryptoRng) -> (Nonces, NonceCommitments) {
    loop {
        let hiding = draw(share, rng);
        let binding = draw(share, rng);
        // A nonce of zero has a chance of 1 in 2^256; it commits to infinity, which has no encoding.
        if let Some(nonces) = Nonces::of(share.index(), &hiding, &binding) {
            let commitments = nonces.commitments;
            return (nonces, commitments);
        }
    }
}

impl Nonces {
    fn of(index: ShareIndex, hiding: &[u8; SCALAR], binding: &[u8; SCALAR]) -> Option<Self> {
        let mut hiding = Nonce::<Secp256K1Sha256>::deserialize(hiding).ok()?;
        let mut binding = Nonce::<Secp256K1Sha256>::deserialize(binding).ok()?;
        let secret = Box::new(SigningNonces::from_nonces(hiding, binding));
        hiding.zeroize();
        binding.zeroize();
        let published = secret.commitments();
        let halves = [published.hiding().serialize().ok()?, published.binding().serialize().ok()?].concat();
        let commitments = NonceCommitments::try_from(&halves[..]).ok()?;
        Some(Self { index, commitments, secret })
    }
}

/// `nonce_generate` of RFC 9591: H3(32 random bytes || share).
fn draw(share: &GroupShare, rng: &mut impl CryptoRng) -> Zeroizing<[u8; SCALAR]> {
    let mut input = Zeroizing::new([0u8; 2 * SCALAR]);
    let (random, secret) = input.split_at_mut(SCALAR);
    rng.fill_bytes(random);
    secret.copy_from_slice(share.to_bytes().as_ref());
    let mut nonce = Secp256K1Sha256::H3(input.as_ref());
    let bytes = Zeroizing::new(Secp256K1ScalarField::serialize(&nonce));
    nonce.zeroize();
    bytes
}
