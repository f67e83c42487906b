//! Keys and shares.

use borsh::{BorshDeserialize, BorshSerialize};

/// Feldman commitments of one validator's sharing polynomial, constant term first.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct PublicKeySet {
    commitments: Vec<crate::spec::BlsPubkey>,
}
