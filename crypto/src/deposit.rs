//! `DepositMessage` and `DepositData`: their roots, what a validator signs to make its deposit, and the check of it.
//!
//! Sources: consensus-specs `phase0/beacon-chain.md` ("DepositMessage", "DepositData", "apply_deposit"); SimpleSerialize
//! for the roots.

use crate::execution::WithdrawalCredentials;
use crate::keys::{PublicKey, SecretKey};
use crate::partial::verify;
use crate::spec::{
    BlsPubkey, BlsSignature, DOMAIN_DEPOSIT, Domain, ForkVersion, Gwei, Root, compute_domain,
    compute_signing_root, hash_pair,
};

/// What Puffer's protocol deposits for each validator: 32 ETH.
pub const DEPOSIT_AMOUNT: Gwei = Gwei(32_000_000_000);

/// What a validator signs to be deposited (`DepositMessage`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DepositMessage {
    /// The validator's key. Unchecked bytes; a root can be computed of any.
    pub pubkey: BlsPubkey,
    /// Where its stake goes when it leaves.
    pub withdrawal_credentials: WithdrawalCredentials,
    /// How much.
    pub amount: Gwei,
}

/// What the deposit contract takes (`DepositData`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DepositData {
    /// What was signed.
    pub message: DepositMessage,
    /// The validator's signature over it.
    pub signature: BlsSignature,
}

impl DepositMessage {
    /// A deposit of [`DEPOSIT_AMOUNT`].
    pub fn new(pubkey: BlsPubkey, withdrawal_credentials: WithdrawalCredentials) -> Self {
        Self { pubkey, withdrawal_credentials, amount: DEPOSIT_AMOUNT }
    }

    /// `hash_tree_root`: three leaves, the fourth zero.
    pub fn hash_tree_root(&self) -> Root {
        Root(hash_pair(&self.key_and_credentials(), &hash_pair(&self.amount_leaf(), &[0; 32])))
    }

    /// The 32 bytes a validator signs on the chain whose genesis fork version is `genesis`.
    pub fn signing_root(&self, genesis: ForkVersion) -> Root {
        compute_signing_root(self.hash_tree_root(), deposit_domain(genesis))
    }

    /// Signs it, which makes it [`DepositData`].
    pub fn sign(self, key: &SecretKey, genesis: ForkVersion) -> DepositData {
        DepositData { message: self, signature: key.sign(self.signing_root(genesis)) }
    }

    fn key_and_credentials(&self) -> [u8; 32] {
        let [high, low] = chunks(&self.pubkey.0);
        hash_pair(&hash_pair(&high, &low), &self.withdrawal_credentials.0)
    }

    fn amount_leaf(&self) -> [u8; 32] {
        let mut leaf = [0u8; 32];
        leaf[..8].copy_from_slice(&self.amount.0.to_le_bytes());
        leaf
    }
}

impl DepositData {
    /// `hash_tree_root`: the deposit contract's `deposit_data_root`.
    pub fn hash_tree_root(&self) -> Root {
        let [first, second, third, fourth] = chunks(&self.signature.0);
        let signature = hash_pair(&hash_pair(&first, &second), &hash_pair(&third, &fourth));
        Root(hash_pair(
            &self.message.key_and_credentials(),
            &hash_pair(&self.message.amount_leaf(), &signature),
        ))
    }

    /// Whether the signature is the validator's own, under the genesis fork version `genesis`. A deposit whose
    /// signature is not is taken by the contract and ignored by the chain: its stake is lost.
    pub fn verify(&self, genesis: ForkVersion) -> bool {
        PublicKey::try_from(self.message.pubkey)
            .is_ok_and(|key| verify(&key, self.message.signing_root(genesis), &self.signature))
    }
}

/// `compute_domain(DOMAIN_DEPOSIT)`: the genesis fork version and a zero genesis validators root, since deposits are
/// valid across forks and before genesis.
pub fn deposit_domain(genesis: ForkVersion) -> Domain {
    compute_domain(DOMAIN_DEPOSIT, genesis, Root([0; 32]))
}

/// Bytes as `N` chunks of 32, the rest zero. What does not fit is left out; callers know their lengths.
fn chunks<const N: usize>(bytes: &[u8]) -> [[u8; 32]; N] {
    let mut chunks = [[0u8; 32]; N];
    for (chunk, part) in chunks.iter_mut().zip(bytes.chunks(32)) {
        chunk[..part.len()].copy_from_slice(part);
    }
    chunks
}

#[cfg(test)]
mod tests;
