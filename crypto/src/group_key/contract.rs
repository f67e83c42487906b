//! What the group key signs for `deploy/contracts/src/GroupKey.sol`, and how the contract takes a signature.

use super::encoding::POINT;
use super::keys::{GroupPublicKey, coordinates};
use super::signature::GroupSignature;
use crate::execution::Address;
use sha3::{Digest, Keccak256};

/// Hashed, the first word of everything signed for the contract.
const DOMAIN: &str = "guardian/group-key/v1";
/// Hashed, the first word of what `advance` signs, so that no other payload is one.
const ADVANCE: &str = "guardian/group-key/advance/v1";

/// `digestOf(payload)` of the contract at `contract` on chain `chain_id` while its nonce is `nonce`:
/// keccak256 over five words, keccak256("guardian/group-key/v1"), chain id, address, nonce, payload.
///
/// The contract's `nonce` grows with every `advance`, so that nothing signed before counts after.
pub fn evm_digest(chain_id: u64, contract: &Address, nonce: u64, payload: &[u8; 32]) -> [u8; 32] {
    let mut address = [0u8; 32];
    address[12..].copy_from_slice(&contract.0);
    words(&[keccak(DOMAIN), number(chain_id), address, number(nonce), *payload])
}

/// The payload of `advance(definition, px, py, ...)`: keccak256 over four words,
/// keccak256("guardian/group-key/advance/v1"), the id of the network definition, and the key's x and y.
pub fn advance_payload(definition: &[u8; 32], key: &GroupPublicKey) -> [u8; 32] {
    let (x, y) = key.coordinates();
    words(&[keccak(ADVANCE), *definition, x, y])
}

/// A signature as the contract takes it: R's coordinates and z, 32 bytes big-endian each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ContractSignature {
    /// x of R.
    pub rx: [u8; 32],
    /// y of R.
    pub ry: [u8; 32],
    /// z.
    pub z: [u8; 32],
}

impl From<&GroupSignature> for ContractSignature {
    fn from(signature: &GroupSignature) -> Self {
        let bytes = signature.to_bytes();
        let (mut r, mut z) = ([0u8; POINT], [0u8; 32]);
        r.copy_from_slice(&bytes[..POINT]);
        z.copy_from_slice(&bytes[POINT..]);
        let (rx, ry) = coordinates(&r);
        Self { rx, ry, z }
    }
}

fn words(words: &[[u8; 32]]) -> [u8; 32] {
    Keccak256::digest(words.concat()).into()
}

fn keccak(text: &str) -> [u8; 32] {
    Keccak256::digest(text).into()
}

/// A number as one EVM word.
fn number(number: u64) -> [u8; 32] {
    let mut word = [0u8; 32];
    word[24..].copy_from_slice(&number.to_be_bytes());
    word
}
