//! Keys and shares: Shamir shares of a BLS key with Feldman commitments.
//!
//! A validator's secret key is the constant term of a polynomial f of degree t - 1; guardian i holds f(i), i = 1..=n.
//! The [`PublicKeySet`] commits to every coefficient, so that each share can be checked against it and any t of them
//! sign for the validator. Layout and numbering are Puffer's: concatenated compressed G1 points, constant term first;
//! scalars 32 bytes big-endian.

use crate::Error;
use crate::group::{G1, G1Affine, HashedRoot, Scalar};
use crate::partial::{PartialSignature, SignatureShare};
use crate::spec::{BlsPubkey, BlsSignature, Root};
use crate::threshold::{MAX_SHARES, ShareIndex, Threshold};
use borsh::{BorshDeserialize, BorshSerialize};
use rand_core::CryptoRng;
use sha2::{Digest, Sha256};
use std::sync::Arc;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

#[cfg(test)]
mod tests;

/// A BLS public key that was checked: canonical, on the curve, in the subgroup, not infinity (`KeyValidate`).
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PublicKey(pub(crate) G1Affine);

impl PublicKey {
    /// The 48 compressed bytes.
    pub fn to_bytes(&self) -> BlsPubkey {
        BlsPubkey(self.0.to_compressed())
    }
}

impl TryFrom<BlsPubkey> for PublicKey {
    type Error = Error;

    fn try_from(bytes: BlsPubkey) -> Result<Self, Error> {
        G1Affine::from_compressed(&bytes.0).map(Self).ok_or(Error::PublicKey)
    }
}

impl std::fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PublicKey({})", self.to_bytes())
    }
}

/// A whole BLS secret key: never zero, wiped when dropped.
pub struct SecretKey(Scalar);

impl SecretKey {
    /// From 32 bytes big-endian.
    ///
    /// # Errors
    /// [`Error::SecretScalar`] for zero or a value not below the group order.
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, Error> {
        secret_scalar(bytes, "secret key").map(Self)
    }

    /// A new random key.
    pub fn generate(rng: &mut impl CryptoRng) -> Self {
        Self(Scalar::random(rng))
    }

    /// The 32 bytes, big-endian.
    pub fn to_bytes(&self) -> Zeroizing<[u8; 32]> {
        self.0.to_be_bytes()
    }

    /// The public key.
    pub fn public_key(&self) -> PublicKey {
        PublicKey(self.0.public_point())
    }

    /// The signature over a signing root.
    pub fn sign(&self, root: Root) -> BlsSignature {
        BlsSignature(self.0.sign(&HashedRoot::new(root)).to_affine().to_compressed())
    }

    /// Splits the key into n shares of which any t sign for it, and the commitments to check them by.
    pub fn split(
        &self,
        threshold: Threshold,
        rng: &mut impl CryptoRng,
    ) -> (PublicKeySet, Vec<SecretKeyShare>) {
        loop {
            let mut coefficients = vec![self.0.clone()];
            coefficients.extend((1..threshold.t()).map(|_| Scalar::random(rng)));
            let shares: Vec<_> = threshold
                .indices()
                .map(|index| SecretKeyShare { index, scalar: evaluate(&coefficients, index) })
                .collect();
            // A share of zero is refused everywhere else; drawing one has a chance of n in 2^255.
            if shares.iter().any(|share| share.scalar.is_zero()) {
                continue;
            }
            let commitments = coefficients.iter().map(Scalar::public_point).collect();
            return (PublicKeySet::from_points(commitments), shares);
        }
    }
}

/// One guardian's share of a validator's secret key: never zero, wiped when dropped.
pub struct SecretKeyShare {
    index: ShareIndex,
    pub(crate) scalar: Scalar,
}

impl SecretKeyShare {
    /// From its index and 32 bytes big-endian.
    ///
    /// # Errors
    /// [`Error::SecretScalar`] for zero or a value not below the group order.
    pub fn new(index: ShareIndex, bytes: &[u8; 32]) -> Result<Self, Error> {
        Ok(Self { index, scalar: secret_scalar(bytes, "key share")? })
    }

    /// Of a scalar that is not zero.
    pub(crate) fn from_scalar(index: ShareIndex, scalar: Scalar) -> Self {
        Self { index, scalar }
    }

    /// The point x at which the polynomial was evaluated.
    pub fn index(&self) -> ShareIndex {
        self.index
    }

    /// The 32 bytes, big-endian.
    pub fn to_bytes(&self) -> Zeroizing<[u8; 32]> {
        self.scalar.to_be_bytes()
    }

    /// The public key of this share alone.
    pub fn public_share(&self) -> PublicKeyShare {
        PublicKeyShare(self.scalar.public_point())
    }

    /// This share's part of the validator's signature over `root`.
    pub fn sign(&self, root: Root) -> PartialSignature {
        self.sign_hashed(&HashedRoot::new(root))
    }

    /// [`SecretKeyShare::sign`] for a root already hashed to the curve.
    pub fn sign_hashed(&self, root: &HashedRoot) -> PartialSignature {
        let signature = SignatureShare(self.scalar.sign(root).to_affine().to_uncompressed());
        PartialSignature { index: self.index, signature }
    }
}

/// Compares in constant time.
impl PartialEq for SecretKeyShare {
    fn eq(&self, other: &Self) -> bool {
        self.index == other.index && bool::from(self.to_bytes().ct_eq(other.to_bytes().as_ref()))
    }
}

/// The public key of one share: what its partial signatures verify under.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PublicKeyShare(pub(crate) G1Affine);

impl PublicKeyShare {
    /// The 48 compressed bytes.
    pub fn to_bytes(&self) -> BlsPubkey {
        BlsPubkey(self.0.to_compressed())
    }
}

impl std::fmt::Debug for PublicKeyShare {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PublicKeyShare({})", self.to_bytes())
    }
}

crate::fixed_bytes!(
    /// Identity of one split of one validator key: see [`PublicKeySet::id`].
    KeySetId, 32
);

/// Feldman commitments of one validator's sharing polynomial, constant term first: 1 to 100 points, none infinite.
///
/// The first is the validator's public key. Cloning is cheap. In text it is the hex of t * 48 bytes.
#[derive(Clone)]
pub struct PublicKeySet {
    commitments: Arc<[G1Affine]>,
}

impl PublicKeySet {
    /// From t * 48 bytes.
    ///
    /// # Errors
    /// [`Error::PublicKeySetLength`] when the length is not 48 times 1..=100, [`Error::PublicKey`] when a point is not
    /// a valid public key.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        let (chunks, rest) = bytes.as_chunks::<{ BlsPubkey::LEN }>();
        if chunks.is_empty() || !rest.is_empty() || chunks.len() > usize::from(MAX_SHARES) {
            return Err(Error::PublicKeySetLength { got: bytes.len() });
        }
        let points = chunks.iter().map(|chunk| G1Affine::from_compressed(chunk).ok_or(Error::PublicKey));
        Ok(Self { commitments: points.collect::<Result<_, _>>()? })
    }

    /// Of 1 to 100 points, none infinite.
    pub(crate) fn from_points(commitments: Vec<G1Affine>) -> Self {
        Self { commitments: commitments.into() }
    }

    pub(crate) fn points(&self) -> &[G1Affine] {
        &self.commitments
    }

    /// The t * 48 bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.commitments.iter().flat_map(|point| point.to_compressed()).collect()
    }

    /// Which split this is: SHA-256 over a tag and the commitments. Two splits of one key have different ids.
    pub fn id(&self) -> KeySetId {
        KeySetId(
            Sha256::new()
                .chain_update(b"guardian/key-set/v1")
                .chain_update(self.to_bytes())
                .finalize()
                .into(),
        )
    }

    /// How many shares make a signature.
    pub fn t(&self) -> u16 {
        // Invariant of the constructors: at most `MAX_SHARES` points.
        u16::try_from(self.commitments.len()).unwrap_or(MAX_SHARES)
    }

    /// The validator's public key.
    pub fn public_key(&self) -> BlsPubkey {
        self.group_key().to_bytes()
    }

    /// The validator's public key, ready to verify with.
    pub fn group_key(&self) -> PublicKey {
        // Invariant of the constructors: at least one point.
        PublicKey(self.commitments[0])
    }

    /// The public key of share `index`: the committed polynomial at x, by Horner's rule with the small x. About 5 us a
    /// coefficient, a hundredth of the pairing it is computed for, so it is not stored.
    pub fn public_share(&self, index: ShareIndex) -> PublicKeyShare {
        let at_x = self
            .commitments
            .iter()
            .rev()
            .fold(G1::infinity(), |acc, commitment| acc.times_small(index.get()).add_affine(commitment));
        PublicKeyShare(at_x.to_affine())
    }

    /// Whether a share belongs to this set.
    ///
    /// # Errors
    /// [`Error::ForeignShare`] when it does not.
    pub fn verify_share(&self, share: &SecretKeyShare) -> Result<(), Error> {
        if share.public_share() == self.public_share(share.index) {
            Ok(())
        } else {
            Err(Error::ForeignShare { index: share.index.get() })
        }
    }
}

impl PartialEq for PublicKeySet {
    fn eq(&self, other: &Self) -> bool {
        self.commitments[..] == other.commitments[..]
    }
}

impl Eq for PublicKeySet {}

impl std::fmt::Debug for PublicKeySet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PublicKeySet(t = {}, {})", self.t(), self.public_key())
    }
}

impl std::fmt::Display for PublicKeySet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "0x{}", hex::encode(self.to_bytes()))
    }
}

impl std::str::FromStr for PublicKeySet {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let digits = text.strip_prefix("0x").unwrap_or(text);
        let bytes = hex::decode(digits).map_err(|_| Error::Hex { what: "public key set" })?;
        Self::from_bytes(&bytes)
    }
}

impl serde::Serialize for PublicKeySet {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for PublicKeySet {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str> as serde::Deserialize>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// A count byte t, then t * 48 bytes.
impl BorshSerialize for PublicKeySet {
    fn serialize<W: std::io::Write>(&self, writer: &mut W) -> std::io::Result<()> {
        // At most 100, so one byte holds it.
        writer.write_all(&[self.t().to_le_bytes()[0]])?;
        writer.write_all(&self.to_bytes())
    }
}

impl BorshDeserialize for PublicKeySet {
    fn deserialize_reader<R: std::io::Read>(reader: &mut R) -> std::io::Result<Self> {
        let t = <u8 as BorshDeserialize>::deserialize_reader(reader)?;
        let mut bytes = vec![0u8; usize::from(t) * BlsPubkey::LEN];
        reader.read_exact(&mut bytes)?;
        Self::from_bytes(&bytes).map_err(|e| std::io::Error::new(std::io::ErrorKind::InvalidData, e))
    }
}

/// f(x) by Horner's rule, in constant time but for the public x and the public degree.
fn evaluate(coefficients: &[Scalar], x: ShareIndex) -> Scalar {
    let x = Scalar::from_u64(x.get().into());
    coefficients.iter().rev().fold(Scalar::from_u64(0), |acc, coefficient| acc.mul(&x).add(coefficient))
}

fn secret_scalar(bytes: &[u8; 32], what: &'static str) -> Result<Scalar, Error> {
    Scalar::from_be_bytes(bytes).filter(|scalar| !scalar.is_zero()).ok_or(Error::SecretScalar { what })
}
