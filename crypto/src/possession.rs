//! A proof that a guardian holds its shares of all keys of a ceremony: one Schnorr proof for all of them, and nothing
//! that could be taken for a signature of a validator.
//!
//! The keys' commitments are folded into one sharing with random weights, A_m = sum over k of rho_k * C_{k,m}; the
//! holder then proves that it knows the folded share, whose public share anybody computes from the A_m at its index. The
//! weights are 128-bit hashes of all commitments and the context and independent of the holder, so n proofs are checked
//! against one [`Statement`]. Who misses one share knows the folded share only by chance, 2^-128.

use crate::Error;
use crate::curve::{self, Curve, FieldOf, SCALAR, Secret};
use crate::sharing::{Commitments, Share, horner};
use crate::threshold::ShareIndex;
use frost_core::{Element, Field, Scalar};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

#[cfg(test)]
mod tests;

/// The domain of the weights.
const WEIGHTS: &str = "guardian/possession/weights/v1";

/// The domain of one weight.
const WEIGHT: &str = "guardian/possession/weight/v1";

/// The domain of the nonce.
const NONCE: &str = "guardian/possession/nonce/v1";

/// The domain of the challenge.
const CHALLENGE: &str = "guardian/possession/challenge/v1";

/// The keys whose shares are proven to be held, folded into one.
pub struct Statement<C: Curve> {
    context: [u8; 32],
    digest: [u8; 32],
    keys: usize,
    folded: Vec<Element<C>>,
}

impl<C: Curve> Statement<C> {
    /// Folds the commitments of all keys, in order. `context` is whatever the proof is for.
    ///
    /// # Errors
    /// [`Error::Dealings`] when there is no key, or they have different thresholds.
    pub fn new(context: &[u8; 32], items: &[&Commitments<C>]) -> Result<Self, Error> {
        let t = items.first().ok_or(Error::Dealings("no key to prove anything of"))?.t();
        if items.iter().any(|item| item.t() != t) {
            return Err(Error::Dealings("keys of different thresholds"));
        }
        let mut parts: Vec<&[u8]> = Vec::with_capacity(items.len() + 1);
        parts.push(context);
        parts.extend(items.iter().map(|item| item.as_bytes()));
        let digest = curve::transcript(WEIGHTS, C::NAME, &parts);
        let weights: Vec<[u8; 16]> = (0..items.len()).map(|k| weight::<C>(&digest, k)).collect();
        let fold = |m: usize| {
            let column: Vec<Element<C>> = items.iter().map(|item| item.points()[m]).collect();
            C::weighted_sum(&column, &weights)
        };
        Ok(Self { context: *context, digest, keys: items.len(), folded: (0..t.into()).map(fold).collect() })
    }

    /// Proves that the owner of `shares`, one a key in the statement's order, holds them. Randomness and the shares
    /// both go into the nonce, so that neither a broken generator nor a repeated one gives them away.
    ///
    /// # Errors
    /// [`Error::Dealings`] when they are not one a key or of different indices, [`Error::ForeignShare`] when one of them
    /// is not the key's.
    pub fn prove(&self, shares: &[&Share<C>], rng: &mut impl CryptoRng) -> Result<Proof<C>, Error> {
        let holder = shares.first().ok_or(Error::Dealings("no share to prove anything of"))?.index();
        if shares.len() != self.keys || shares.iter().any(|share| share.index() != holder) {
            return Err(Error::Dealings("not one share of each key, all of one guardian"));
        }
        let folded = Secret::<C>(shares.iter().enumerate().fold(FieldOf::<C>::zero(), |acc, (k, share)| {
            acc + *share.scalar() * curve::from_u128::<C>(u128::from_le_bytes(weight::<C>(&self.digest, k)))
        }));
        if curve::public::<C>(&folded.0) != horner::<C>(&self.folded, holder) {
            return Err(Error::ForeignShare { index: holder.get() });
        }
        let mut fresh = Zeroizing::new([0u8; 32]);
        rng.fill_bytes(fresh.as_mut());
        let secret = curve::scalar_bytes::<C>(&folded.0);
        let nonce = Secret::<C>(curve::challenge::<C>(
            NONCE,
            &[fresh.as_ref(), secret.as_ref(), &self.digest, &holder.get().to_be_bytes()],
        ));
        let mut point = Vec::with_capacity(C::POINT);
        curve::append_point::<C>(&curve::public::<C>(&nonce.0), &mut point)
            .ok_or(Error::SecretScalar { what: "nonce" })?;
        let response = nonce.0 + self.challenge(holder, &point) * folded.0;
        Ok(Proof { nonce: point, response })
    }

    /// Whether `proof` shows that `holder` holds its shares of all keys.
    pub fn verify(&self, holder: ShareIndex, proof: &Proof<C>) -> bool {
        let Some(nonce) = curve::point::<C>(&proof.nonce) else { return false };
        let key = horner::<C>(&self.folded, holder);
        curve::public::<C>(&proof.response) == nonce + key * self.challenge(holder, &proof.nonce)
    }

    fn challenge(&self, holder: ShareIndex, nonce: &[u8]) -> Scalar<C> {
        curve::challenge::<C>(CHALLENGE, &[&self.context, &self.digest, &holder.get().to_be_bytes(), nonce])
    }
}

/// 16 bytes little-endian, never zero.
fn weight<C: Curve>(digest: &[u8; 32], k: usize) -> [u8; 16] {
    let hash = curve::transcript(WEIGHT, C::NAME, &[digest, &(k as u64).to_be_bytes()]);
    let mut weight = [0u8; 16];
    weight.copy_from_slice(&hash[..16]);
    if weight == [0; 16] { 1u128.to_le_bytes() } else { weight }
}

/// A proof of holding shares.
#[derive(Clone, PartialEq, Eq)]
pub struct Proof<C: Curve> {
    nonce: Vec<u8>,
    response: Scalar<C>,
}

impl<C: Curve> Proof<C> {
    /// Length in bytes: a compressed point and 32.
    pub const LEN: usize = C::POINT + SCALAR;

    /// A compressed point, then 32 bytes big-endian.
    ///
    /// # Errors
    /// [`Error::Length`] when it is not [`Proof::LEN`] bytes, [`Error::PublicKey`] when the point is none,
    /// [`Error::SecretScalar`] when the scalar is not below the group order.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        let length = Error::Length { what: "proof of possession", expected: Self::LEN, got: bytes.len() };
        let (nonce, response) = bytes.split_at_checked(C::POINT).ok_or_else(|| length.clone())?;
        let response: &[u8; SCALAR] = response.try_into().map_err(|_| length)?;
        curve::point::<C>(nonce).ok_or(Error::PublicKey)?;
        let response = curve::scalar::<C>(response).ok_or(Error::SecretScalar { what: "response" })?;
        Ok(Self { nonce: nonce.to_vec(), response })
    }

    /// The [`Proof::LEN`] bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        [self.nonce.as_slice(), curve::scalar_bytes::<C>(&self.response).as_ref()].concat()
    }
}

impl<C: Curve> std::fmt::Debug for Proof<C> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Proof({}, 0x{})", C::NAME, hex::encode(self.to_bytes()))
    }
}

/// [`Statement::prove`] of keys with their shares.
///
/// # Errors
/// As [`Statement::new`] and [`Statement::prove`].
pub fn prove<C: Curve>(
    context: &[u8; 32],
    items: &[(&Commitments<C>, &Share<C>)],
    rng: &mut impl CryptoRng,
) -> Result<Proof<C>, Error> {
    let keys: Vec<_> = items.iter().map(|(commitments, _)| *commitments).collect();
    let shares: Vec<_> = items.iter().map(|(_, share)| *share).collect();
    Statement::new(context, &keys)?.prove(&shares, rng)
}

/// [`Statement::verify`] for a single proof; `false` also when the keys make no statement.
pub fn verify<C: Curve>(
    context: &[u8; 32],
    items: &[&Commitments<C>],
    holder: ShareIndex,
    proof: &Proof<C>,
) -> bool {
    Statement::new(context, items).is_ok_and(|statement| statement.verify(holder, proof))
}
