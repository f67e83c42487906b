//! Whom a session asks to sign what, and why a guardian refuses.

use super::keys::{GroupKeySet, identifier};
use super::nonces::NonceCommitments;
use crate::threshold::{MAX_SHARES, ShareIndex};
use borsh::{BorshDeserialize, BorshSerialize};
use std::collections::BTreeMap;

/// Why a guardian gives no share of a signature, or why nothing can be made of a session. Misbehaviour of the session's
/// leader, or a mistake of ours.
#[derive(Debug, thiserror::Error, PartialEq, Eq, Clone, Copy)]
#[non_exhaustive]
pub enum Refusal {
    /// Fewer signers than the threshold.
    #[error("{got} signers, {t} needed")]
    TooFewSigners {
        /// How many there were.
        got: usize,
        /// How many are needed.
        t: u16,
    },
    /// More signers than there are shares.
    #[error("{got} signers of {n} shares")]
    TooManySigners {
        /// How many there were.
        got: usize,
        /// How many shares there are.
        n: u16,
    },
    /// A signer that holds no share.
    #[error("signer {index} holds no share of this key")]
    ForeignSigner {
        /// Which.
        index: ShareIndex,
    },
    /// A signer that is named twice.
    #[error("signer {index} is named twice")]
    RepeatedSigner {
        /// Which.
        index: ShareIndex,
    },
    /// We are not among the signers.
    #[error("we are not among the signers")]
    NotAsked,
    /// The package has other commitments in our place than those of these nonces.
    #[error("the commitments in our place are not those of these nonces")]
    OtherCommitments,
    /// Our share is not one of this key: of an epoch before, or another network's.
    #[error("our share does not belong to this key")]
    ForeignShare,
    /// The nonces of all signers cancel each other out, which needs intent.
    #[error("the nonce commitments cancel each other out")]
    DegenerateNonces,
}

impl Refusal {
    /// A stable word for it.
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooFewSigners { .. } => "too_few_signers",
            Self::TooManySigners { .. } => "too_many_signers",
            Self::ForeignSigner { .. } => "foreign_signer",
            Self::RepeatedSigner { .. } => "repeated_signer",
            Self::NotAsked => "not_asked",
            Self::OtherCommitments => "other_commitments",
            Self::ForeignShare => "foreign_share",
            Self::DegenerateNonces => "degenerate_nonces",
        }
    }
}

/// What one session signs, and who: 32 bytes, and every signer's nonce commitments, at most 100. Public.
///
/// On the wire: the message, the number of signers (one byte), then for each of them, ascending, its index (u16,
/// little-endian) and 66 bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SigningPackage {
    message: [u8; 32],
    commitments: BTreeMap<ShareIndex, NonceCommitments>,
}

impl SigningPackage {
    /// Puts a session together.
    ///
    /// # Errors
    /// [`Refusal::RepeatedSigner`]. Whether the signers fit a key is checked with the key at hand: [`Self::check`].
    pub fn new(
        message: [u8; 32],
        signers: impl IntoIterator<Item = (ShareIndex, NonceCommitments)>,
    ) -> Result<Self, Refusal> {
        let mut commitments = BTreeMap::new();
        for (index, published) in signers {
            if commitments.insert(index, published).is_some() {
                return Err(Refusal::RepeatedSigner { index });
            }
        }
        Ok(Self { message, commitments })
    }

    /// What is signed.
    pub fn message(&self) -> &[u8; 32] {
        &self.message
    }

    /// Who signs, ascending.
    pub fn signers(&self) -> impl Iterator<Item = ShareIndex> {
        self.commitments.keys().copied()
    }

    /// The commitments of one signer.
    pub fn commitments(&self, index: ShareIndex) -> Option<&NonceCommitments> {
        self.commitments.get(&index)
    }

    /// Whether these signers can sign for this key: t to n of them, each with a share.
    ///
    /// # Errors
    /// The [`Refusal`].
    pub fn check(&self, key_set: &GroupKeySet) -> Result<(), Refusal> {
        let (threshold, got) = (key_set.threshold(), self.commitments.len());
        if !threshold.met_by(got) {
            return Err(Refusal::TooFewSigners { got, t: threshold.t() });
        }
        if got > usize::from(threshold.n()) {
            return Err(Refusal::TooManySigners { got, n: threshold.n() });
        }
        if let Some(index) = self.signers().find(|index| !threshold.contains(*index)) {
            return Err(Refusal::ForeignSigner { index });
        }
        Ok(())
    }

    /// The package as the FROST library has it.
    pub(super) fn to_frost(&self) -> frost_secp256k1::SigningPackage {
        let commitments = self.commitments.iter().map(|(index, of)| (identifier(*index), of.inner));
        frost_secp256k1::SigningPackage::new(commitments.collect(), &self.message)
    }
}

impl BorshSerialize for SigningPackage {
    fn serialize<W: std::io::Write>(&self, writer: &mut W) -> std::io::Result<()> {
        writer.write_all(&self.message)?;
        // Distinct indices: at most 100, so one byte holds it.
        writer.write_all(&[self.commitments.len().to_le_bytes()[0]])?;
        self.commitments.iter().try_for_each(|entry| BorshSerialize::serialize(&entry, writer))
    }
}

impl BorshDeserialize for SigningPackage {
    fn deserialize_reader<R: std::io::Read>(reader: &mut R) -> std::io::Result<Self> {
        let invalid = |what: &str| std::io::Error::new(std::io::ErrorKind::InvalidData, what);
        let message = <[u8; 32]>::deserialize_reader(reader)?;
        let count = u8::deserialize_reader(reader)?;
        if u16::from(count) > MAX_SHARES {
            return Err(invalid("more signers than a network can have"));
        }
        let mut commitments = BTreeMap::new();
        for _ in 0..count {
            let (index, published) = <(ShareIndex, NonceCommitments)>::deserialize_reader(reader)?;
            if commitments.last_key_value().is_some_and(|(last, _)| *last >= index) {
                return Err(invalid("signers are not in ascending order"));
            }
            commitments.insert(index, published);
        }
        Ok(Self { message, commitments })
    }
}
