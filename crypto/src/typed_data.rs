//! Typed data (EIP-712) that a proposer signs with its account: a list of validators to be made to exit, and the taking
//! back of one. Hashing and the recovery of who signed; what the words mean is the guardians' business.
//!
//! Domain: `EIP712Domain(string name,string version,uint256 chainId,bytes32 salt)` with the name `Guardian network`, the
//! version `1`, the execution chain's id (0 where a network acts on no contracts) and the network's id as salt, so that a
//! signature is worth nothing in another network, on another chain or under another guardian set.

use crate::Error;
use crate::execution::Address;
use crate::spec::{Slot, ValidatorIndex};
use k256::ecdsa::{RecoveryId, Signature, VerifyingKey};
use k256::elliptic_curve::sec1::ToSec1Point;
use sha3::{Digest, Keccak256};

crate::fixed_bytes!(
    /// A signature by an account: r and s, 32 bytes big-endian each, then v, which is 27 or 28 (0 and 1 are read as those).
    AccountSignature, 65
);

/// `name` of the domain.
pub const DOMAIN_NAME: &str = "Guardian network";
/// `version` of the domain.
pub const DOMAIN_VERSION: &str = "1";
/// `encodeType` of the domain.
const DOMAIN_TYPE: &str = "EIP712Domain(string name,string version,uint256 chainId,bytes32 salt)";
/// `encodeType` of [`ExitsMessage`].
const EXITS_TYPE: &str =
    "ExitsProposal(uint64[] validators,string severity,string reason,uint64 openedSlot,uint64 expiresSlot)";
/// `encodeType` of the taking back.
const CANCELLATION_TYPE: &str = "ExitsCancellation(bytes32 proposal)";

/// For whom a signature is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TypedDomain {
    /// `chainId`: the execution chain, or 0.
    pub chain_id: u64,
    /// `salt`: the network's id.
    pub salt: [u8; 32],
}

/// `ExitsProposal`: who shall exit, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExitsMessage<'a> {
    /// Whom, in the order signed.
    pub validators: &'a [ValidatorIndex],
    /// How urgent, as a word.
    pub severity: &'a str,
    /// Why.
    pub reason: &'a str,
    /// First slot of its life.
    pub opened: Slot,
    /// First slot after its life.
    pub expires: Slot,
}

impl TypedDomain {
    /// The 32 bytes a proposer signs to ask for exits.
    pub fn exits_digest(&self, message: &ExitsMessage<'_>) -> [u8; 32] {
        let mut validators = Keccak256::new();
        for index in message.validators {
            validators.update(word(index.0));
        }
        let fields = Keccak256::new()
            .chain_update(keccak(EXITS_TYPE.as_bytes()))
            .chain_update(validators.finalize())
            .chain_update(keccak(message.severity.as_bytes()))
            .chain_update(keccak(message.reason.as_bytes()))
            .chain_update(word(message.opened.0))
            .chain_update(word(message.expires.0));
        self.digest(fields.finalize().into())
    }

    /// The 32 bytes a proposer signs to take the proposal with this id back.
    pub fn cancellation_digest(&self, proposal: &[u8; 32]) -> [u8; 32] {
        let fields =
            Keccak256::new().chain_update(keccak(CANCELLATION_TYPE.as_bytes())).chain_update(proposal);
        self.digest(fields.finalize().into())
    }

    fn digest(&self, struct_hash: [u8; 32]) -> [u8; 32] {
        let separator = Keccak256::new()
            .chain_update(keccak(DOMAIN_TYPE.as_bytes()))
            .chain_update(keccak(DOMAIN_NAME.as_bytes()))
            .chain_update(keccak(DOMAIN_VERSION.as_bytes()))
            .chain_update(word(self.chain_id))
            .chain_update(self.salt);
        let separator: [u8; 32] = separator.finalize().into();
        Keccak256::new()
            .chain_update([0x19, 0x01])
            .chain_update(separator)
            .chain_update(struct_hash)
            .finalize()
            .into()
    }
}

/// The account that signed a digest.
///
/// # Errors
/// [`Error::AccountSignature`] for a v that is none, an s in the upper half of the order (a second form of the same
/// signature), and numbers that are no signature of anybody.
pub fn recover(digest: &[u8; 32], signature: &AccountSignature) -> Result<Address, Error> {
    let (numbers, v) = signature.0.split_at(64);
    let parity = match v {
        [0 | 27] => 0,
        [1 | 28] => 1,
        _ => return Err(Error::AccountSignature),
    };
    let numbers = Signature::from_slice(numbers).map_err(|_| Error::AccountSignature)?;
    if numbers.normalize_s() != numbers {
        return Err(Error::AccountSignature);
    }
    let id = RecoveryId::from_byte(parity).ok_or(Error::AccountSignature)?;
    let key =
        VerifyingKey::recover_from_prehash(digest, &numbers, id).map_err(|_| Error::AccountSignature)?;
    let point = key.as_affine().to_sec1_point(false);
    let coordinates = point.as_bytes().get(1..).ok_or(Error::AccountSignature)?;
    let mut address = [0u8; Address::LEN];
    address.copy_from_slice(&keccak(coordinates)[12..]);
    Ok(Address(address))
}

fn keccak(bytes: &[u8]) -> [u8; 32] {
    Keccak256::digest(bytes).into()
}

/// A number as one EVM word.
fn word(number: u64) -> [u8; 32] {
    let mut word = [0u8; 32];
    word[24..].copy_from_slice(&number.to_be_bytes());
    word
}

#[cfg(test)]
mod tests;
