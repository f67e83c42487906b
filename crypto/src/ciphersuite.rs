//! BLS12-381 G1 as `frost-core` sees a group: what lets ZF's distributed key generation and sharing run on validator
//! keys.
//!
//! Scalars are 32 bytes big-endian, so a FROST share is a BLS share byte for byte; points are 48 compressed bytes, and
//! decoding one refuses infinity and checks the subgroup. The hashes H1 to H5 exist because the trait asks for them:
//! nothing signs Schnorr with a validator key. Their domains begin with [`Bls12381::ID`], which no Ethereum domain does.

use crate::group::{G1, G1Affine, Scalar as Wiped};
use frost_core::{Ciphersuite, Field, FieldError, Group, GroupError};
use frost_secp256k1::rand_core::{CryptoRng, RngCore};
use sha2::{Digest, Sha256};
use std::ops::{Add, Mul, Sub};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

#[cfg(test)]
mod tests;

/// The ciphersuite.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bls12381;

/// Its scalar field: integers modulo the group order r.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScalarField;

/// Its group: the prime-order subgroup of E1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct G1Group;

/// An element of [`ScalarField`]. `Copy`, as `frost-core` demands, so not wiped when dropped; not `Debug`. What keeps a
/// secret wraps it ([`crate::sharing::Share`]).
#[derive(Clone, Copy)]
pub struct Scalar([u64; 4]);

/// An element of [`G1Group`].
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Point(pub(crate) G1);

impl Scalar {
    pub(crate) fn wiped(self) -> Wiped {
        Wiped::from_limbs(self.0)
    }
}

impl From<&Wiped> for Scalar {
    fn from(scalar: &Wiped) -> Self {
        Self(scalar.limbs())
    }
}

/// Constant time.
impl PartialEq for Scalar {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for Scalar {}

impl Add for Scalar {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self::from(&self.wiped().add(&other.wiped()))
    }
}

impl Sub for Scalar {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self::from(&self.wiped().sub(&other.wiped()))
    }
}

impl Mul for Scalar {
    type Output = Self;

    fn mul(self, other: Self) -> Self {
        Self::from(&self.wiped().mul(&other.wiped()))
    }
}

impl Add for Point {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.add(&other.0))
    }
}

impl Sub for Point {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self(self.0.add(&other.0.negate()))
    }
}

/// Constant time: the scalar may be a secret.
impl Mul<Scalar> for Point {
    type Output = Self;

    fn mul(self, scalar: Scalar) -> Self {
        Self(self.0.times(&scalar.wiped()))
    }
}

impl Field for ScalarField {
    type Scalar = Scalar;
    type Serialization = [u8; 32];

    fn zero() -> Scalar {
        Scalar([0; 4])
    }

    fn one() -> Scalar {
        Scalar::from(&Wiped::from_u64(1))
    }

    fn invert(scalar: &Scalar) -> Result<Scalar, FieldError> {
        if *scalar == Self::zero() {
            return Err(FieldError::InvalidZeroScalar);
        }
        Ok(Scalar::from(&scalar.wiped().invert()))
    }

    /// 64 random bytes reduced modulo r (bias below 2^-256).
    fn random<R: RngCore + CryptoRng>(rng: &mut R) -> Scalar {
        let mut wide = Zeroizing::new([0u8; 64]);
        rng.fill_bytes(wide.as_mut());
        crate::curve::reduce::<Bls12381>(&wide)
    }

    fn serialize(scalar: &Scalar) -> [u8; 32] {
        *scalar.wiped().to_be_bytes()
    }

    fn little_endian_serialize(scalar: &Scalar) -> [u8; 32] {
        let mut bytes = Self::serialize(scalar);
        bytes.reverse();
        bytes
    }

    fn deserialize(bytes: &[u8; 32]) -> Result<Scalar, FieldError> {
        Wiped::from_be_bytes(bytes).map(|scalar| Scalar::from(&scalar)).ok_or(FieldError::MalformedScalar)
    }
}

impl Group for G1Group {
    type Field = ScalarField;
    type Element = Point;
    type Serialization = [u8; 48];

    /// One: every [`Point`] is in the subgroup already.
    fn cofactor() -> Scalar {
        ScalarField::one()
    }

    fn identity() -> Point {
        Point(G1::infinity())
    }

    fn generator() -> Point {
        Point(G1::generator())
    }

    fn serialize(point: &Point) -> Result<[u8; 48], GroupError> {
        if point.0.is_infinity() {
            return Err(GroupError::InvalidIdentityElement);
        }
        Ok(point.0.to_affine().to_compressed())
    }

    fn deserialize(bytes: &[u8; 48]) -> Result<Point, GroupError> {
        G1Affine::from_compressed(bytes)
            .map(|point| Point(point.to_projective()))
            .ok_or(GroupError::MalformedElement)
    }
}

impl Ciphersuite for Bls12381 {
    const ID: &'static str = "GUARDIAN-FROST-BLS12381G1-SHA256-v1";

    type Group = G1Group;
    type HashOutput = [u8; 32];
    type SignatureSerialization = [u8; 80];

    fn H1(m: &[u8]) -> Scalar {
        hash(b"rho", m)
    }

    fn H2(m: &[u8]) -> Scalar {
        hash(b"chal", m)
    }

    fn H3(m: &[u8]) -> Scalar {
        hash(b"nonce", m)
    }

    fn H4(m: &[u8]) -> [u8; 32] {
        Sha256::new().chain_update(Self::ID).chain_update(b"msg").chain_update(m).finalize().into()
    }

    fn H5(m: &[u8]) -> [u8; 32] {
        Sha256::new().chain_update(Self::ID).chain_update(b"com").chain_update(m).finalize().into()
    }

    fn HDKG(m: &[u8]) -> Option<Scalar> {
        Some(hash(b"dkg", m))
    }

    fn HID(m: &[u8]) -> Option<Scalar> {
        Some(hash(b"id", m))
    }
}

/// To a scalar in the domain `ID || tag`.
fn hash(tag: &[u8], m: &[u8]) -> Scalar {
    Scalar::from(&Wiped::hash(m, &[Bls12381::ID.as_bytes(), tag].concat()))
}
