//! Transactions on their way into a block.

use super::state::State;
use alloy::consensus::{Transaction, TxEnvelope, TxType};
use alloy::eips::eip2718::Decodable2718;
use alloy::primitives::{Address, B256, TxHash};
use std::sync::Arc;

/// Most transactions that may wait.
pub const MAX_WAITING: usize = 8192;

/// How far a nonce may lie ahead of its account's.
const MAX_NONCES_AHEAD: u64 = 1024;

/// A transaction whose sender is known.
#[derive(Debug, Clone)]
pub(super) struct Pooled {
    /// Who signed it.
    pub(super) sender: Address,
    /// What was signed.
    pub(super) tx: Arc<TxEnvelope>,
}

/// Why a transaction is not taken. The words are those clients know from geth.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TransactionRefusal {
    /// Not a transaction.
    #[error("rlp: {0}")]
    Undecodable(String),
    /// Of a kind this chain does not execute.
    #[error("transaction type not supported: {0}")]
    Unsupported(u8),
    /// The signature is no one's, or a malleated one.
    #[error("invalid sender")]
    InvalidSender,
    /// Signed for another chain, or for any.
    #[error("invalid chain id: have {have}, want {want}")]
    ChainId {
        /// The transaction's; 0 when it names none.
        have: u64,
        /// This chain's.
        want: u64,
    },
    /// It waits already, or is in a block.
    #[error("already known")]
    AlreadyKnown,
    /// The account has used this nonce.
    #[error("nonce too low: next nonce {next}, tx nonce {nonce}")]
    NonceTooLow {
        /// What would be right.
        next: u64,
        /// The transaction's.
        nonce: u64,
    },
    /// The nonce is further ahead than is kept.
    #[error("nonce too high: next nonce {next}, tx nonce {nonce}")]
    NonceTooHigh {
        /// What would be right.
        next: u64,
        /// The transaction's.
        nonce: u64,
    },
    /// Another one with this nonce waits, and this one does not pay more.
    #[error("replacement transaction underpriced")]
    Underpriced,
    /// It wants more gas than a block has.
    #[error("exceeds block gas limit")]
    TooMuchGas,
    /// The account cannot pay for it.
    #[error("insufficient funds for gas * price + value")]
    InsufficientFunds,
    /// Too many wait.
    #[error("txpool is full")]
    Full,
}

/// The transactions that wait, in the order they came.
#[derive(Debug, Clone, Default)]
pub(super) struct Pool {
    waiting: Vec<Pooled>,
}

impl Pooled {
    /// Reads a transaction as `eth_sendRawTransaction` takes it.
    pub(super) fn decode(mut bytes: &[u8], chain_id: u64) -> Result<Self, TransactionRefusal> {
        let tx = TxEnvelope::decode_2718(&mut bytes)
            .map_err(|error| TransactionRefusal::Undecodable(error.to_string()))?;
        if !bytes.is_empty() {
            return Err(TransactionRefusal::Undecodable("bytes left over".into()));
        }
        let kind = tx.tx_type();
        if matches!(kind, TxType::Eip4844 | TxType::Eip7702) {
            return Err(TransactionRefusal::Unsupported(kind as u8));
        }
        if tx.chain_id() != Some(chain_id) {
            let have = tx.chain_id().unwrap_or(0);
            return Err(TransactionRefusal::ChainId { have, want: chain_id });
        }
        let signature = tx.signature();
        if signature.normalize_s().is_some() {
            return Err(TransactionRefusal::InvalidSender);
        }
        let sender = signature
            .recover_address_from_prehash(&tx.signature_hash())
            .map_err(|_| TransactionRefusal::InvalidSender)?;
        Ok(Self { sender, tx: Arc::new(tx) })
    }

    pub(super) fn hash(&self) -> &TxHash {
        self.tx.tx_hash()
    }
}

impl Pool {
    /// Takes a transaction that can run some time after `state`.
    pub(super) fn admit(
        &mut self,
        new: Pooled,
        state: &State,
        gas_limit: u64,
    ) -> Result<B256, TransactionRefusal> {
        let hash = *new.hash();
        let (next, nonce) = (state.nonce(new.sender), new.tx.nonce());
        if nonce < next {
            return Err(TransactionRefusal::NonceTooLow { next, nonce });
        }
        if nonce - next > MAX_NONCES_AHEAD {
            return Err(TransactionRefusal::NonceTooHigh { next, nonce });
        }
        if new.tx.gas_limit() > gas_limit {
            return Err(TransactionRefusal::TooMuchGas);
        }
        let gas = u128::from(new.tx.gas_limit()).saturating_mul(new.tx.max_fee_per_gas());
        if new.tx.value().saturating_add(alloy::primitives::U256::from(gas)) > state.balance(new.sender) {
            return Err(TransactionRefusal::InsufficientFunds);
        }
        let same = |old: &&mut Pooled| old.sender == new.sender && old.tx.nonce() == nonce;
        if let Some(old) = self.waiting.iter_mut().find(same) {
            if *old.hash() == hash {
                return Err(TransactionRefusal::AlreadyKnown);
            }
            if old.tx.max_fee_per_gas() >= new.tx.max_fee_per_gas() {
                return Err(TransactionRefusal::Underpriced);
            }
            *old = new;
            return Ok(hash);
        }
        if self.waiting.len() >= MAX_WAITING {
            return Err(TransactionRefusal::Full);
        }
        self.waiting.push(new);
        Ok(hash)
    }

    /// Those that can run on top of `state`, in an order in which they can.
    pub(super) fn ready(&self, state: &State) -> Vec<Pooled> {
        let mut nonces = std::collections::HashMap::<Address, u64>::new();
        let mut ready = Vec::new();
        loop {
            let before = ready.len();
            for pooled in &self.waiting {
                let next = nonces.entry(pooled.sender).or_insert_with(|| state.nonce(pooled.sender));
                if pooled.tx.nonce() == *next {
                    *next = next.saturating_add(1);
                    ready.push(pooled.clone());
                }
            }
            if ready.len() == before {
                return ready;
            }
        }
    }

    /// Forgets those whose nonce is used.
    pub(super) fn settle(&mut self, state: &State) {
        self.waiting.retain(|pooled| pooled.tx.nonce() >= state.nonce(pooled.sender));
    }

    /// The nonce an account should use next.
    pub(super) fn next_nonce(&self, sender: Address, state: &State) -> u64 {
        let mut next = state.nonce(sender);
        while self.waiting.iter().any(|pooled| pooled.sender == sender && pooled.tx.nonce() == next) {
            next = next.saturating_add(1);
        }
        next
    }

    /// All of them, in the order they came.
    pub(super) fn into_inner(self) -> Vec<Pooled> {
        self.waiting
    }

    /// One that waits.
    pub(super) fn find(&self, hash: &TxHash) -> Option<&Pooled> {
        self.waiting.iter().find(|pooled| pooled.hash() == hash)
    }
}
