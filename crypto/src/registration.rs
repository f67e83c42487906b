//! What a registration is worth to one guardian: one verdict with a stable code.

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
