//! The network's own key: one secp256k1 key that t of n guardians sign with together, and that nobody holds.
//!
//! FROST(secp256k1, SHA-256) of RFC 9591 by the Zcash Foundation's `frost-secp256k1`; one signature is an ordinary Schnorr
//! signature, 65 bytes, whatever t and n are, and `deploy/contracts/src/GroupKey.sol` verifies it.
//!
//! | file | holds |
//! |---|---|
//! | `keys` | the public key, the commitments of its sharing, one guardian's share |
//! | `nonces` | round one: single-use nonces and the commitments to them |
//! | `package` | whom a session asks to sign what, and why a guardian refuses |
//! | `signing` | round two: a share of a signature, and the signature of t shares |
//! | `signature` | a signature and its check |
//! | `contract` | what is signed for the contract, and how it takes a signature |
//! | `encoding` | strict fixed-length bytes |
//!
//! # A session
//!
//! Whoever leads collects [`NonceCommitments`] of at least t guardians, sends the [`SigningPackage`] to them, and makes a
//! signature of their [`SignatureShare`]s with [`aggregate`]. Leading takes no secret.
//!
//! # What the caller owes
//!
//! - [`Nonces`] live in memory only: nothing here writes them down. After a restart a session begins anew.
//! - Every guardian recomputes the 32 bytes it signs from what it decided to sign; it signs no bytes of others' choosing.
//! - Messages come authenticated, so that a share is its sender's: [`aggregate`] blames by index.
//! - A signature needs all signers of its package: a silent one is replaced by beginning anew without it.

mod contract;
#[macro_use]
mod encoding;
mod keys;
mod nonces;
mod package;
mod signature;
mod signing;

pub use contract::{ContractSignature, advance_payload, evm_digest};
pub use keys::{GroupKeySet, GroupPublicKey, GroupShare};
pub use nonces::{NonceCommitments, Nonces, commit};
pub use package::{Refusal, SigningPackage};
pub use signature::{GroupSignature, verify};
pub use signing::{NotSigned, SignatureShare, aggregate, sign};

#[cfg(test)]
mod tests;
