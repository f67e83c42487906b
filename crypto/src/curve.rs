//! The two curves keys are dealt on: BLS12-381 G1 for validators, secp256k1 for the network's own key.
//!
//! Dealing, checking and concluding are written once, over [`Curve`]; a curve adds only its point length, its name in
//! hashes, and quicker ways to do what `frost-core`'s traits can do slowly.

use crate::ciphersuite::{Bls12381, Point};
use crate::group::G1;
use crate::threshold::ShareIndex;
use frost_core::{Ciphersuite, Element, Field, Group, Scalar};
use frost_secp256k1::Secp256K1Sha256;
pub use frost_secp256k1::Secp256K1Sha256 as Secp256k1;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// Bytes of a scalar on either curve, big-endian.
pub const SCALAR: usize = 32;

/// A curve keys are dealt on. Sealed: [`Bls12381`] and [`Secp256K1Sha256`].
pub trait Curve: Ciphersuite + sealed::Sealed {
    /// Bytes of a compressed point.
    const POINT: usize;

    /// How hashes and derivations name the curve.
    const NAME: &'static str;

    /// The bytes that would stand for the identity: recognised only to say what is wrong with them.
    const IDENTITY_PREFIX: u8;

    /// Twice `point`.
    fn double(point: Element<Self>) -> Element<Self> {
        point + point
    }

    /// `k` times `point` for a small public `k`, in variable time.
    fn times_small(point: Element<Self>, k: u16) -> Element<Self> {
        let mut acc = <Self::Group as Group>::identity();
        for bit in (0..u16::BITS - k.leading_zeros()).rev() {
            acc = Self::double(acc);
            if k >> bit & 1 == 1 {
                acc = acc + point;
            }
        }
        acc
    }

    /// The sum of `weights[i]` (16 bytes little-endian) times `points[i]`, none of them the identity, in variable time:
    /// all of it is public. Surplus points or weights are ignored.
    fn weighted_sum(points: &[Element<Self>], weights: &[[u8; 16]]) -> Element<Self> {
        points.iter().zip(weights).fold(<Self::Group as Group>::identity(), |acc, (point, weight)| {
            acc + *point * from_u128::<Self>(u128::from_le_bytes(*weight))
        })
    }
}

impl Curve for Bls12381 {
    const POINT: usize = 48;
    const NAME: &'static str = "bls12-381-g1";
    const IDENTITY_PREFIX: u8 = 0xc0;

    fn double(point: Point) -> Point {
        Point(point.0.double())
    }

    fn times_small(point: Point, k: u16) -> Point {
        Point(point.0.times_small(k))
    }

    fn weighted_sum(points: &[Point], weights: &[[u8; 16]]) -> Point {
        let points: Vec<G1> = points.iter().map(|point| point.0).collect();
        Point(G1::weighted_sum(&G1::to_affines(&points), weights))
    }
}

impl Curve for Secp256K1Sha256 {
    const POINT: usize = 33;
    const NAME: &'static str = "secp256k1";
    const IDENTITY_PREFIX: u8 = 0x00;
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::Bls12381 {}
    impl Sealed for super::Secp256K1Sha256 {}
}

/// The scalar field of a curve.
pub(crate) type FieldOf<C> = <<C as Ciphersuite>::Group as Group>::Field;

/// A scalar that is overwritten when dropped. Not `Debug`, not `Copy`.
pub(crate) struct Secret<C: Curve>(pub(crate) Scalar<C>);

impl<C: Curve> Drop for Secret<C> {
    fn drop(&mut self) {
        self.0 = FieldOf::<C>::zero();
        // The type is the curve's and may know no `Zeroize`: this keeps the store above from being left out.
        std::hint::black_box(&mut self.0);
    }
}

/// From 32 bytes big-endian; `None` at or above the group order. Zero passes.
pub(crate) fn scalar<C: Curve>(bytes: &[u8; SCALAR]) -> Option<Scalar<C>> {
    let bytes = <FieldOf<C> as Field>::Serialization::try_from(&bytes[..]).ok()?;
    FieldOf::<C>::deserialize(&bytes).ok()
}

/// 32 bytes big-endian.
pub(crate) fn scalar_bytes<C: Curve>(scalar: &Scalar<C>) -> Zeroizing<[u8; SCALAR]> {
    let mut out = Zeroizing::new([0u8; SCALAR]);
    let mut bytes = FieldOf::<C>::serialize(scalar);
    // Both curves write 32 bytes.
    for (to, from) in out.iter_mut().zip(bytes.as_mut()) {
        *to = std::mem::take(from);
    }
    out
}

/// Below 2^128, hence below the order of either group.
pub(crate) fn from_u128<C: Curve>(value: u128) -> Scalar<C> {
    let mut bytes = Zeroizing::new([0u8; SCALAR]);
    bytes[16..].copy_from_slice(&value.to_be_bytes());
    scalar::<C>(&bytes).unwrap_or_else(FieldOf::<C>::zero)
}

/// The point x of a share.
pub(crate) fn abscissa<C: Curve>(index: ShareIndex) -> Scalar<C> {
    from_u128::<C>(index.get().into())
}

/// 64 bytes big-endian modulo the group order: uniform within 2^-255 when they are.
pub(crate) fn reduce<C: Curve>(wide: &[u8; 64]) -> Scalar<C> {
    let (chunks, _) = wide.as_chunks::<16>();
    let shift = from_u128::<C>(1 << 64) * from_u128::<C>(1 << 64);
    chunks
        .iter()
        .fold(FieldOf::<C>::zero(), |acc, chunk| acc * shift + from_u128::<C>(u128::from_be_bytes(*chunk)))
}

/// A challenge: SHA-256 twice over a digest of the parts, each with its length, reduced.
pub(crate) fn challenge<C: Curve>(label: &str, parts: &[&[u8]]) -> Scalar<C> {
    let digest = transcript(label, C::NAME, parts);
    let mut wide = [0u8; 64];
    for (half, out) in (0u8..).zip(wide.chunks_mut(32)) {
        out.copy_from_slice(&Sha256::new().chain_update([half]).chain_update(digest).finalize());
    }
    reduce::<C>(&wide)
}

/// SHA-256 of a label, the curve and the parts, each after its length (8 bytes big-endian).
pub(crate) fn transcript(label: &str, curve: &str, parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in [label.as_bytes(), curve.as_bytes()].iter().chain(parts) {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

/// From a compressed point: canonical, on the curve, in the prime-order group, not the identity.
pub(crate) fn point<C: Curve>(bytes: &[u8]) -> Option<Element<C>> {
    let serialized = <C::Group as Group>::Serialization::try_from(bytes).ok()?;
    let point = <C::Group as Group>::deserialize(&serialized).ok()?;
    // The secp256k1 library reads a second encoding of a point (SEC1 compact): two byte strings must not mean one thing.
    let again = <C::Group as Group>::serialize(&point).ok()?;
    (again.as_ref() == bytes).then_some(point)
}

/// Appends the compressed point; `None`, and nothing appended, for the identity.
pub(crate) fn append_point<C: Curve>(point: &Element<C>, out: &mut Vec<u8>) -> Option<()> {
    out.extend_from_slice(<C::Group as Group>::serialize(point).ok()?.as_ref());
    Some(())
}

/// Whether these bytes stand for the identity, which no honest commitment is.
pub(crate) fn is_identity<C: Curve>(bytes: &[u8]) -> bool {
    bytes
        .split_first()
        .is_some_and(|(first, rest)| *first == C::IDENTITY_PREFIX && rest.iter().all(|b| *b == 0))
}

/// A secret scalar times the generator.
pub(crate) fn public<C: Curve>(secret: &Scalar<C>) -> Element<C> {
    <C::Group as Group>::generator() * *secret
}
