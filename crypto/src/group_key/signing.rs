//! Round two: a guardian's share of a signature, and the signature of t shares.

use super::encoding::scalar;
use super::keys::{GroupKeySet, GroupShare, identifier};
use super::nonces::Nonces;
use super::package::{Refusal, SigningPackage};
use super::signature::{GroupSignature, verify};
use crate::Error;
use crate::threshold::ShareIndex;
use frost_secp256k1::{CheaterDetection, aggregate_custom, round2};
use std::collections::BTreeMap;

checked_bytes!(
    /// One guardian's share of a signature: 32 bytes big-endian, below the group order. Public, and worth something in its
    /// session only.
    SignatureShare, 32, round2::SignatureShare, "signature share", |bytes| {
        let what = "signature share";
        scalar(what, bytes)?;
        round2::SignatureShare::deserialize(bytes).map_err(|_| Error::Secp256k1Scalar { what })
    }
);

/// Why there is no signature.
#[derive(Debug, thiserror::Error, PartialEq, Eq, Clone)]
pub enum NotSigned {
    /// These signers' shares are false: each was checked, and these alone failed.
    #[error("false shares of {}", listed(.0))]
    Culprits(Vec<ShareIndex>),
    /// These signers' shares are not there.
    #[error("no shares of {}", listed(.0))]
    Missing(Vec<ShareIndex>),
    /// Nobody can sign this package.
    #[error("{0}")]
    Package(#[from] Refusal),
}

impl NotSigned {
    /// Whose shares were proven false.
    pub fn culprits(&self) -> &[ShareIndex] {
        match self {
            Self::Culprits(culprits) => culprits,
            Self::Missing(_) | Self::Package(_) => &[],
        }
    }
}

fn listed(indices: &[ShareIndex]) -> String {
    indices.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// This guardian's share of the signature over the package's message. The nonces are used up, whatever comes of it.
///
/// Whether the message should be signed is for the caller to decide, before.
///
/// # Errors
/// The [`Refusal`]: the package does not fit the key, or not these nonces, or the share is not one of the key.
pub fn sign(
    share: &GroupShare,
    key_set: &GroupKeySet,
    nonces: Nonces,
    package: &SigningPackage,
) -> Result<SignatureShare, Refusal> {
    package.check(key_set)?;
    key_set.verify_share(share).map_err(|_| Refusal::ForeignShare)?;
    let ours = package.commitments(share.index()).ok_or(Refusal::NotAsked)?;
    if nonces.index != share.index() || nonces.commitments != *ours {
        return Err(Refusal::OtherCommitments);
    }
    // What is left to fail is a sum of nonces without an encoding.
    let signed = round2::sign(&package.to_frost(), &nonces.secret, &share.package(key_set))
        .map_err(|_| Refusal::DegenerateNonces)?;
    SignatureShare::try_from(&signed.serialize()[..]).map_err(|_| Refusal::DegenerateNonces)
}

/// The signature that the shares of all the package's signers make; always verified. Shares of others are passed over.
///
/// # Errors
/// [`NotSigned::Culprits`] names every signer whose share is false, [`NotSigned::Missing`] who has given none.
pub fn aggregate(
    key_set: &GroupKeySet,
    package: &SigningPackage,
    shares: &BTreeMap<ShareIndex, SignatureShare>,
) -> Result<GroupSignature, NotSigned> {
    package.check(key_set)?;
    let missing: Vec<_> = package.signers().filter(|index| !shares.contains_key(index)).collect();
    if !missing.is_empty() {
        return Err(NotSigned::Missing(missing));
    }
    let given = shares.iter().filter(|(index, _)| package.commitments(**index).is_some());
    let given = given.map(|(index, share)| (identifier(*index), share.inner)).collect();
    let made =
        aggregate_custom(&package.to_frost(), &given, key_set.package(), CheaterDetection::AllCheaters);
    let signature = made.map_err(|error| {
        let culprits = error.culprits();
        let named: Vec<_> =
            package.signers().filter(|index| culprits.contains(&identifier(*index))).collect();
        if named.is_empty() { Refusal::DegenerateNonces.into() } else { NotSigned::Culprits(named) }
    })?;
    // Here to hold whatever the library does: nothing leaves that does not verify as it will be read.
    let bytes = signature.serialize().map_err(|_| Refusal::DegenerateNonces)?;
    GroupSignature::try_from(&bytes[..])
        .ok()
        .filter(|signature| verify(&key_set.key(), package.message(), signature))
        .ok_or(NotSigned::Package(Refusal::DegenerateNonces))
}
