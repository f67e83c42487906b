//! The network's public key, the commitments of its sharing, and one guardian's share of the secret.
//!
//! As for validators' keys: the secret is the constant term of a polynomial f of degree t - 1, guardian i holds f(i), and
//! the commitments, constant term first, tell every share's public half.

use super::encoding::{Element, POINT, SCALAR, Scalar, nonzero_scalar, point};
use crate::Error;
use crate::threshold::{ShareIndex, Threshold};
use borsh::{BorshDeserialize, BorshSerialize};
use frost_secp256k1::keys::{KeyPackage, PublicKeyPackage, SigningShare, VerifyingShare};
use frost_secp256k1::{Group, Identifier, Secp256K1Group, VerifyingKey};
use k256::elliptic_curve::sec1::ToSec1Point;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, Zeroizing};

checked_bytes!(
    /// The network's public key: a compressed point of secp256k1, 33 bytes, never infinity. In text, its hex.
    GroupPublicKey, 33, VerifyingKey, "group public key", |bytes| {
        point("group public key", bytes)?;
        VerifyingKey::deserialize(bytes).map_err(|_| Error::Secp256k1Point { what: "group public key" })
    }
);

impl GroupPublicKey {
    /// x and y, 32 bytes big-endian each: what the contract takes. It refuses a key whose x is not below the group order,
    /// which one in 2^128 is.
    pub fn coordinates(&self) -> ([u8; 32], [u8; 32]) {
        coordinates(&self.to_bytes())
    }
}

impl PartialOrd for GroupPublicKey {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for GroupPublicKey {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.to_bytes().cmp(&other.to_bytes())
    }
}

/// x and y of a point that was checked.
pub(super) fn coordinates(compressed: &[u8; POINT]) -> ([u8; 32], [u8; 32]) {
    let (mut x, mut y) = ([0u8; 32], [0u8; 32]);
    // Invariant of the callers: they hold points only.
    if let Ok(key) = k256::PublicKey::from_sec1_bytes(compressed) {
        let point = key.to_sec1_point(false);
        x.copy_from_slice(&point.as_bytes()[1..33]);
        y.copy_from_slice(&point.as_bytes()[33..]);
    }
    (x, y)
}

/// How the group key is shared: t of n, and the commitments to the polynomial, t points, constant term first.
///
/// The first is the public key. Cloning is cheap. Building one computes all n public shares: 1 ms for 3 of 4.
#[derive(Clone)]
pub struct GroupKeySet(Arc<Shared>);

struct Shared {
    threshold: Threshold,
    commitments: Vec<[u8; POINT]>,
    key: GroupPublicKey,
    package: PublicKeyPackage,
}

impl GroupKeySet {
    /// From the t * 33 bytes of the commitments.
    ///
    /// # Errors
    /// [`Error::GroupKeyLength`] when they are not t points long, [`Error::Secp256k1Point`] when one is none, and
    /// [`Error::ZeroShare`] when they were made for a share to be zero.
    pub fn from_bytes(threshold: Threshold, bytes: &[u8]) -> Result<Self, Error> {
        let length = Error::GroupKeyLength { t: threshold.t(), got: bytes.len() };
        let (chunks, rest) = bytes.as_chunks::<POINT>();
        if !rest.is_empty() || chunks.len() != usize::from(threshold.t()) {
            return Err(length);
        }
        let points = chunks.iter().map(|chunk| point("commitment", chunk)).collect::<Result<Vec<_>, _>>()?;
        let key = GroupPublicKey::from_bytes(chunks.first().ok_or(length)?)?;
        let shares = threshold
            .indices()
            .map(|index| Ok((identifier(index), public_share(&points, index)?)))
            .collect::<Result<BTreeMap<_, _>, Error>>()?;
        let package = PublicKeyPackage::new(shares, key.inner, Some(threshold.t()));
        Ok(Self(Arc::new(Shared { threshold, commitments: chunks.to_vec(), key, package })))
    }

    /// The t * 33 bytes of the commitments.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.0.commitments.concat()
    }

    /// How many must sign together, of how many.
    pub fn threshold(&self) -> Threshold {
        self.0.threshold
    }

    /// How many must sign together.
    pub fn t(&self) -> u16 {
        self.0.threshold.t()
    }

    /// The public key.
    pub fn key(&self) -> GroupPublicKey {
        self.0.key
    }

    /// The public half of a share, 33 bytes compressed; none of an index beyond n.
    pub fn public_share(&self, index: ShareIndex) -> Option<[u8; POINT]> {
        let share = self.0.package.verifying_shares().get(&identifier(index))?;
        share.serialize().ok()?.try_into().ok()
    }

    /// Whether a share belongs to this set.
    ///
    /// # Errors
    /// [`Error::ForeignShare`] when it does not.
    pub fn verify_share(&self, share: &GroupShare) -> Result<(), Error> {
        let known = self.0.package.verifying_shares().get(&identifier(share.index));
        if known == Some(&VerifyingShare::from(share.secret)) {
            Ok(())
        } else {
            Err(Error::ForeignShare { index: share.index.get() })
        }
    }

    /// The set as the FROST library has it.
    pub(super) fn package(&self) -> &PublicKeyPackage {
        &self.0.package
    }
}

impl PartialEq for GroupKeySet {
    fn eq(&self, other: &Self) -> bool {
        self.0.threshold == other.0.threshold && self.0.commitments == other.0.commitments
    }
}

impl Eq for GroupKeySet {}

impl std::fmt::Debug for GroupKeySet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "GroupKeySet({} of {}, {})", self.t(), self.0.threshold.n(), self.key())
    }
}

/// t and n, u16 each, then t * 33 bytes.
impl BorshSerialize for GroupKeySet {
    fn serialize<W: std::io::Write>(&self, writer: &mut W) -> std::io::Result<()> {
        BorshSerialize::serialize(&self.0.threshold, writer)?;
        writer.write_all(&self.to_bytes())
    }
}

impl BorshDeserialize for GroupKeySet {
    fn deserialize_reader<R: std::io::Read>(reader: &mut R) -> std::io::Result<Self> {
        let threshold = Threshold::deserialize_reader(reader)?;
        let mut bytes = vec![0u8; usize::from(threshold.t()) * POINT];
        reader.read_exact(&mut bytes)?;
        Self::from_bytes(threshold, &bytes)
            .map_err(|e| std::io::Error::new(std::io::ErrorKind::InvalidData, e))
    }
}

/// In text: the threshold, and the hex of the commitments.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    threshold: Threshold,
    commitments: String,
}

impl Serialize for GroupKeySet {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let commitments = format!("0x{}", hex::encode(self.to_bytes()));
        Serialize::serialize(&Text { threshold: self.0.threshold, commitments }, serializer)
    }
}

impl<'de> Deserialize<'de> for GroupKeySet {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Text { threshold, commitments } = Deserialize::deserialize(deserializer)?;
        let digits = commitments.strip_prefix("0x").unwrap_or(&commitments);
        let bytes = hex::decode(digits)
            .map_err(|_| serde::de::Error::custom(Error::Hex { what: "group key commitments" }))?;
        Self::from_bytes(threshold, &bytes).map_err(serde::de::Error::custom)
    }
}

/// One guardian's share of the group key's secret: never zero, wiped when dropped; no `Debug`.
pub struct GroupShare {
    index: ShareIndex,
    secret: SigningShare,
}

impl GroupShare {
    /// From its index and 32 bytes big-endian.
    ///
    /// # Errors
    /// [`Error::Secp256k1Scalar`] for zero or a value not below the group order.
    pub fn from_bytes(index: ShareIndex, bytes: &[u8; SCALAR]) -> Result<Self, Error> {
        let what = "group key share";
        let mut scalar: Scalar = nonzero_scalar(what, bytes)?;
        scalar.zeroize();
        let secret = SigningShare::deserialize(bytes).map_err(|_| Error::Secp256k1Scalar { what })?;
        Ok(Self { index, secret })
    }

    /// The point x at which the polynomial was evaluated.
    pub fn index(&self) -> ShareIndex {
        self.index
    }

    /// The 32 bytes, big-endian.
    pub fn to_bytes(&self) -> Zeroizing<[u8; SCALAR]> {
        let serialized = Zeroizing::new(self.secret.serialize());
        let mut bytes = Zeroizing::new([0u8; SCALAR]);
        bytes.copy_from_slice(&serialized);
        bytes
    }

    /// The share as the FROST library signs with it; wiped when dropped.
    pub(super) fn package(&self, set: &GroupKeySet) -> KeyPackage {
        KeyPackage::new(
            identifier(self.index),
            self.secret,
            VerifyingShare::from(self.secret),
            set.key().inner,
            set.t(),
        )
    }
}

impl Drop for GroupShare {
    fn drop(&mut self) {
        self.secret.zeroize();
    }
}

/// Compares in constant time.
impl PartialEq for GroupShare {
    fn eq(&self, other: &Self) -> bool {
        self.index == other.index && bool::from(self.to_bytes().ct_eq(other.to_bytes().as_ref()))
    }
}

/// Who a share's holder is to the FROST library: the same x.
#[allow(clippy::expect_used, reason = "an index is never zero, and nothing else is refused")]
pub(super) fn identifier(index: ShareIndex) -> Identifier {
    Identifier::try_from(index.get()).expect("not zero")
}

/// The committed polynomial at x, by Horner's rule with the small x: the library's own way multiplies by powers of x of
/// full width.
fn public_share(commitments: &[Element], index: ShareIndex) -> Result<VerifyingShare, Error> {
    let at_x = commitments
        .iter()
        .rev()
        .fold(Secp256K1Group::identity(), |acc, commitment| times_small(acc, index.get()) + *commitment);
    let zero = |_| Error::ZeroShare { index: index.get() };
    let bytes = Secp256K1Group::serialize(&at_x).map_err(|_| Error::ZeroShare { index: index.get() })?;
    VerifyingShare::deserialize(&bytes).map_err(zero)
}

/// x times a point, x public.
fn times_small(point: Element, x: u16) -> Element {
    let bits = u16::BITS - x.leading_zeros();
    (0..bits).rev().fold(Secp256K1Group::identity(), |acc, bit| {
        let doubled = acc + acc;
        if x >> bit & 1 == 1 { doubled + point } else { doubled }
    })
}
