//! Commitments and shares of a key on either curve (Shamir, Feldman): the constant term of a polynomial f of degree
//! t - 1 is the key, guardian i holds f(i), i = 1..=100.

use crate::Error;
use crate::ciphersuite::{Bls12381, Point, Scalar as BlsScalar};
use crate::curve::{self, Curve, FieldOf, SCALAR, Secret};
use crate::group::G1;
use crate::keys::{PublicKeySet, SecretKeyShare};
use crate::threshold::{MAX_SHARES, ShareIndex};
use frost_core::{Element, Field, Group, Scalar};
use std::sync::Arc;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

#[cfg(test)]
mod tests;

/// Feldman commitments of one key's polynomial, constant term first: 1 to 100 points, none the identity. Cloning is
/// cheap.
#[derive(Clone)]
pub struct Commitments<C: Curve> {
    points: Arc<[Element<C>]>,
    bytes: Arc<[u8]>,
}

impl<C: Curve> Commitments<C> {
    /// From t * [`Curve::POINT`] bytes: compressed points, constant first.
    ///
    /// # Errors
    /// [`Error::CommitmentsLength`] when the length is not [`Curve::POINT`] times 1..=100, [`Error::PublicKey`] when one
    /// is not a point of the group, or the identity.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        let chunks = bytes.chunks_exact(C::POINT);
        if !chunks.remainder().is_empty() || !(1..=usize::from(MAX_SHARES)).contains(&chunks.len()) {
            return Err(Error::CommitmentsLength { point: C::POINT, got: bytes.len() });
        }
        let points = chunks.map(|chunk| curve::point::<C>(chunk).ok_or(Error::PublicKey));
        Ok(Self { points: points.collect::<Result<_, _>>()?, bytes: bytes.into() })
    }

    /// `None` when one is the identity or there are none or too many.
    pub(crate) fn from_points(points: Vec<Element<C>>) -> Option<Self> {
        if !(1..=usize::from(MAX_SHARES)).contains(&points.len()) {
            return None;
        }
        let mut bytes = Vec::with_capacity(points.len() * C::POINT);
        for point in &points {
            curve::append_point::<C>(point, &mut bytes)?;
        }
        Some(Self { points: points.into(), bytes: bytes.into() })
    }

    /// The t * [`Curve::POINT`] bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.bytes.to_vec()
    }

    /// The same without a copy.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// How many shares make the key.
    pub fn t(&self) -> u16 {
        // Invariant of the constructors: at most `MAX_SHARES` points.
        u16::try_from(self.points.len()).unwrap_or(MAX_SHARES)
    }

    /// The public key: [`Curve::POINT`] bytes compressed.
    pub fn key(&self) -> &[u8] {
        &self.bytes[..C::POINT]
    }

    /// The public key, ready to compare.
    pub fn public_key(&self) -> PublicShare<C> {
        PublicShare(self.points[0])
    }

    /// The public share at `index`: the committed polynomial at x, by Horner's rule with the small public x.
    pub fn at(&self, index: ShareIndex) -> PublicShare<C> {
        PublicShare(horner::<C>(&self.points, index))
    }

    /// Whether `share` is the one these commitments promise to its index.
    pub fn verify(&self, share: &Share<C>) -> bool {
        self.at(share.index) == share.public()
    }

    pub(crate) fn points(&self) -> &[Element<C>] {
        &self.points
    }
}

impl<C: Curve> PartialEq for Commitments<C> {
    fn eq(&self, other: &Self) -> bool {
        self.bytes == other.bytes
    }
}

impl<C: Curve> Eq for Commitments<C> {}

impl<C: Curve> std::fmt::Debug for Commitments<C> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Commitments({}, t = {}, 0x{})", C::NAME, self.t(), hex::encode(self.key()))
    }
}

/// The committed polynomial at x, in variable time.
pub(crate) fn horner<C: Curve>(points: &[Element<C>], x: ShareIndex) -> Element<C> {
    points
        .iter()
        .rev()
        .fold(<C::Group as Group>::identity(), |acc, point| C::times_small(acc, x.get()) + *point)
}

/// The public key of one share, or of the whole.
#[derive(Clone, Copy)]
pub struct PublicShare<C: Curve>(pub(crate) Element<C>);

impl<C: Curve> PublicShare<C> {
    /// [`Curve::POINT`] bytes compressed; all zero for the identity, which no key is.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(C::POINT);
        if curve::append_point::<C>(&self.0, &mut out).is_none() {
            out.resize(C::POINT, 0);
        }
        out
    }
}

impl<C: Curve> PartialEq for PublicShare<C> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl<C: Curve> Eq for PublicShare<C> {}

impl<C: Curve> std::fmt::Debug for PublicShare<C> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PublicShare({}, 0x{})", C::NAME, hex::encode(self.to_bytes()))
    }
}

/// One guardian's share of a key: never zero, wiped when dropped, not `Debug`.
pub struct Share<C: Curve> {
    index: ShareIndex,
    scalar: Secret<C>,
}

impl<C: Curve> Share<C> {
    /// From its index and 32 bytes big-endian.
    ///
    /// # Errors
    /// [`Error::SecretScalar`] for zero or a value not below the group order.
    pub fn from_bytes(index: ShareIndex, bytes: &[u8; SCALAR]) -> Result<Self, Error> {
        curve::scalar::<C>(bytes).and_then(|scalar| Self::new(index, scalar)).ok_or(ZERO_SHARE)
    }

    /// `None` for zero.
    pub(crate) fn new(index: ShareIndex, scalar: Scalar<C>) -> Option<Self> {
        let share = Self { index, scalar: Secret(scalar) };
        (share.scalar.0 != FieldOf::<C>::zero()).then_some(share)
    }

    /// The point x at which the polynomial was evaluated.
    pub fn index(&self) -> ShareIndex {
        self.index
    }

    /// The 32 bytes, big-endian.
    pub fn to_bytes(&self) -> Zeroizing<[u8; SCALAR]> {
        curve::scalar_bytes::<C>(&self.scalar.0)
    }

    /// The public key of this share alone.
    pub fn public(&self) -> PublicShare<C> {
        PublicShare(curve::public::<C>(&self.scalar.0))
    }

    pub(crate) fn scalar(&self) -> &Scalar<C> {
        &self.scalar.0
    }
}

/// What a share that came out zero is.
pub(crate) const ZERO_SHARE: Error = Error::SecretScalar { what: "key share" };

/// A copy to keep: as secret as the first.
impl<C: Curve> Clone for Share<C> {
    fn clone(&self) -> Self {
        Self { index: self.index, scalar: Secret(self.scalar.0) }
    }
}

/// Compares in constant time.
impl<C: Curve> PartialEq for Share<C> {
    fn eq(&self, other: &Self) -> bool {
        self.index == other.index && bool::from(self.to_bytes().ct_eq(other.to_bytes().as_ref()))
    }
}

impl<C: Curve> Eq for Share<C> {}

/// A secret polynomial, constant term first: wiped when dropped.
pub(crate) struct Polynomial<C: Curve>(Vec<Secret<C>>);

impl<C: Curve> Polynomial<C> {
    pub(crate) fn new(coefficients: Vec<Secret<C>>) -> Self {
        Self(coefficients)
    }

    /// f(x) by Horner's rule; constant time but for x and the degree.
    pub(crate) fn at(&self, x: ShareIndex) -> Secret<C> {
        let x = curve::abscissa::<C>(x);
        Secret(self.0.iter().rev().fold(FieldOf::<C>::zero(), |acc, coefficient| acc * x + coefficient.0))
    }

    pub(crate) fn constant(&self) -> &Secret<C> {
        // Invariant: a polynomial is made with its constant.
        &self.0[0]
    }

    /// Every coefficient times the generator. `None` when one is zero, which a seed never gives.
    pub(crate) fn commit(&self) -> Option<Commitments<C>> {
        Commitments::from_points(
            self.0.iter().map(|coefficient| curve::public::<C>(&coefficient.0)).collect(),
        )
    }
}

impl From<&PublicKeySet> for Commitments<Bls12381> {
    fn from(set: &PublicKeySet) -> Self {
        Self {
            points: set.points().iter().map(|point| Point(point.to_projective())).collect(),
            bytes: set.to_bytes().into(),
        }
    }
}

impl From<&Commitments<Bls12381>> for PublicKeySet {
    fn from(commitments: &Commitments<Bls12381>) -> Self {
        let points: Vec<G1> = commitments.points.iter().map(|point| point.0).collect();
        Self::from_points(G1::to_affines(&points))
    }
}

impl From<&SecretKeyShare> for Share<Bls12381> {
    fn from(share: &SecretKeyShare) -> Self {
        Self { index: share.index(), scalar: Secret(BlsScalar::from(&share.scalar)) }
    }
}

impl From<&Share<Bls12381>> for SecretKeyShare {
    fn from(share: &Share<Bls12381>) -> Self {
        Self::from_scalar(share.index, share.scalar.0.wiped())
    }
}
