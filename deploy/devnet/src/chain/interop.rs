//! Interop keys: the deterministic validator keys every consensus client uses for local test networks.
//!
//! Source: ethereum/eth2.0-pm, `interop/mocked_start`: secret i = int_le(sha256(i as 32 bytes little-endian)) mod r.

use crate::Error;
use crypto::keys::SecretKey;
use sha2::{Digest, Sha256};

/// The order of the BLS12-381 groups, big-endian.
const R: [u8; 32] = [
    0x73, 0xed, 0xa7, 0x53, 0x29, 0x9d, 0x7d, 0x48, 0x33, 0x39, 0xd8, 0x08, 0x09, 0xa1, 0xd8, 0x05, 0x53,
    0xbd, 0xa4, 0x02, 0xff, 0xfe, 0x5b, 0xfe, 0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x01,
];

/// The secret scalar of interop validator `index`, 32 bytes big-endian. Known to everybody: for test networks only.
pub fn secret_bytes(index: u64) -> [u8; 32] {
    let mut preimage = [0u8; 32];
    preimage[..8].copy_from_slice(&index.to_le_bytes());
    let mut scalar: [u8; 32] = Sha256::digest(preimage).into();
    scalar.reverse();
    // 2^256 / r is between 2 and 3: at most two subtractions.
    while scalar >= R {
        let mut borrow = false;
        for (digit, modulus) in scalar.iter_mut().zip(R).rev() {
            let (difference, first) = digit.overflowing_sub(modulus);
            let (difference, second) = difference.overflowing_sub(u8::from(borrow));
            *digit = difference;
            borrow = first || second;
        }
    }
    scalar
}

/// The key of interop validator `index`.
///
/// # Errors
/// Never for any index anyone will meet: the scalar would have to be zero.
pub fn secret_key(index: u64) -> Result<SecretKey, Error> {
    Ok(SecretKey::from_bytes(&secret_bytes(index))?)
}

#[cfg(test)]
mod tests;
