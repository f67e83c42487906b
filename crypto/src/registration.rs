//! What a registration is worth to one guardian: one verdict with a stable code.
//!
//! The contracts check that there are as many envelopes as guardians and how long the validator key and the key set
//! are; everything else is for the guardians to check. [`check`] does what public data allows. Opening the envelope,
//! comparing with earlier registrations and storing the share is up to whoever holds the custody key.

use crate::custody::CustodyEnvelope;
use crate::deposit::{DepositData, DepositMessage};
use crate::execution::{Registration, Unreadable};
use crate::keys::{PublicKey, PublicKeySet};
use crate::spec::{BlsPubkey, BlsSignature, ForkVersion};
use crate::threshold::Threshold;
use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

/// What came of a registration. Codes are stable.
///
/// All but the last three follow from public data alone, so every guardian reaches the same one.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    BorshSerialize,
    BorshDeserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Our share is verified and stored.
    Accepted,
    /// The call is hidden behind another contract: cannot be read without a trace.
    NeedsTrace,
    /// No node has the registering transaction.
    TransactionMissing,
    /// The call's arguments do not decode.
    MalformedCalldata,
    /// The validator key is not 48 bytes that encode a point of its group, other than zero.
    InvalidPubkey,
    /// Not one envelope for each guardian, or one of another length than 129 bytes.
    WrongEnvelopes,
    /// The public key set is not threshold times 48 bytes.
    WrongKeySetLength,
    /// A commitment of the public key set is no point of its group.
    InvalidKeySet,
    /// The public key set is not one of this validator's key.
    ForeignKeySet,
    /// The deposit signature does not verify under the validator key and the module's withdrawal credentials.
    InvalidDepositSignature,
    /// The deposit data root is not that of the deposit.
    WrongDepositDataRoot,
    /// The key was registered before, and that registration was neither unsound nor skipped.
    DuplicateKey,
    /// Our envelope does not open with our custody key.
    EnvelopeNotForUs,
    /// Our envelope opens, but holds no share of this key set for our place.
    InvalidShare,
    /// A share of this validator from another split is held already.
    OtherShareHeld,
}

impl Verdict {
    /// Every verdict, for whoever lists or counts them.
    pub const ALL: [Self; 15] = [
        Self::Accepted,
        Self::NeedsTrace,
        Self::TransactionMissing,
        Self::MalformedCalldata,
        Self::InvalidPubkey,
        Self::WrongEnvelopes,
        Self::WrongKeySetLength,
        Self::InvalidKeySet,
        Self::ForeignKeySet,
        Self::InvalidDepositSignature,
        Self::WrongDepositDataRoot,
        Self::DuplicateKey,
        Self::EnvelopeNotForUs,
        Self::InvalidShare,
        Self::OtherShareHeld,
    ];

    /// The stable code: in status, logs and metrics.
    pub fn code(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::NeedsTrace => "needs_trace",
            Self::TransactionMissing => "transaction_missing",
            Self::MalformedCalldata => "malformed_calldata",
            Self::InvalidPubkey => "invalid_pubkey",
            Self::WrongEnvelopes => "wrong_envelopes",
            Self::WrongKeySetLength => "wrong_key_set_length",
            Self::InvalidKeySet => "invalid_key_set",
            Self::ForeignKeySet => "foreign_key_set",
            Self::InvalidDepositSignature => "invalid_deposit_signature",
            Self::WrongDepositDataRoot => "wrong_deposit_data_root",
            Self::DuplicateKey => "duplicate_key",
            Self::EnvelopeNotForUs => "envelope_not_for_us",
            Self::InvalidShare => "invalid_share",
            Self::OtherShareHeld => "other_share_held",
        }
    }

    /// Whether public data alone speaks for the registration: the first sound one of a key is the one that counts.
    pub fn is_sound(self) -> bool {
        matches!(self, Self::Accepted | Self::EnvelopeNotForUs | Self::InvalidShare | Self::OtherShareHeld)
    }
}

/// A registration that nothing public speaks against.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sound {
    /// The validator, a valid key.
    pub pubkey: BlsPubkey,
    /// The commitments to check shares by: as many as the threshold, the first is the validator's key.
    pub key_set: PublicKeySet,
}

/// Checks all of a registration that is public, for a guardian set with this threshold, on the chain whose genesis fork
/// version is `genesis`. Every guardian reaches the same answer. Cheap checks come before dear ones; the first that
/// fails names the verdict. At most about 2 ms of work, whatever the input.
///
/// # Errors
/// One of the verdicts that is not sound, but for [`Verdict::DuplicateKey`], which takes a memory.
pub fn check(
    registration: &Registration,
    threshold: Threshold,
    genesis: ForkVersion,
) -> Result<Sound, Verdict> {
    let payload = registration.payload.as_ref().map_err(|unreadable| match unreadable {
        Unreadable::NeedsTrace => Verdict::NeedsTrace,
        Unreadable::Malformed => Verdict::MalformedCalldata,
        Unreadable::TransactionMissing => Verdict::TransactionMissing,
    })?;
    let pubkey = BlsPubkey::try_from(&registration.pubkey[..]).map_err(|_| Verdict::InvalidPubkey)?;
    if payload.envelopes.len() != usize::from(threshold.n())
        || payload.envelopes.iter().any(|envelope| envelope.len() != CustodyEnvelope::LEN)
    {
        return Err(Verdict::WrongEnvelopes);
    }
    if payload.key_set.len() != usize::from(threshold.t()) * BlsPubkey::LEN {
        return Err(Verdict::WrongKeySetLength);
    }
    let signature = BlsSignature::try_from(&payload.deposit_signature[..])
        .map_err(|_| Verdict::InvalidDepositSignature)?;
    PublicKey::try_from(pubkey).map_err(|_| Verdict::InvalidPubkey)?;
    let key_set = PublicKeySet::from_bytes(&payload.key_set).map_err(|_| Verdict::InvalidKeySet)?;
    if key_set.public_key() != pubkey {
        return Err(Verdict::ForeignKeySet);
    }
    let message = DepositMessage::new(pubkey, registration.withdrawal_credentials);
    let deposit = DepositData { message, signature };
    if deposit.hash_tree_root().0 != payload.deposit_data_root {
        return Err(Verdict::WrongDepositDataRoot);
    }
    if !deposit.verify(genesis) {
        return Err(Verdict::InvalidDepositSignature);
    }
    Ok(Sound { pubkey, key_set })
}

#[cfg(test)]
mod tests;
