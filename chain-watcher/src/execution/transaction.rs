//! The transactions that caused registrations. A node is not believed: the transaction must have the hash that the log
//! names.

use super::failure::Failure;
use alloy::consensus::Transaction as _;
use alloy::eips::eip2718::Encodable2718;
use alloy::primitives::{B256, Bytes, keccak256};
use alloy::rpc::types::Transaction;
use crypto::execution::{Address, TransactionHash};
use serde::Deserialize;

/// What is read of a transaction that has the hash asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Caller {
    /// Who signed it, as the node says: the only thing here that the hash does not prove.
    pub(crate) sender: Address,
    /// Its input.
    pub(crate) input: Bytes,
}

/// What a node showed for a transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Shown {
    /// The transaction.
    Proven(Caller),
    /// A transaction of a type that this version cannot hash: whether it is the one, nobody knows.
    UnknownType,
}

/// Reads a node's answer for `hash`.
pub(crate) fn read(json: &str, hash: TransactionHash) -> Result<Shown, Failure> {
    #[derive(Deserialize)]
    struct Kind {
        #[serde(rename = "type", default)]
        kind: alloy::primitives::U64,
    }
    /// Types 0 to 4: legacy, EIP-2930, EIP-1559, EIP-4844, EIP-7702.
    const LAST_KNOWN: u64 = 4;
    let kind: Kind = serde_json::from_str(json).map_err(|error| Failure::malformed(error.to_string()))?;
    if kind.kind.to::<u64>() > LAST_KNOWN {
        return Ok(Shown::UnknownType);
    }
    let transaction: Transaction = serde_json::from_str(json)
        .map_err(|error| Failure::malformed(format!("transaction {hash}: {error}")))?;
    let envelope = transaction.inner.inner();
    if keccak256(envelope.encoded_2718()) != B256::from(hash.0) {
        return Err(Failure::malformed(format!("another transaction for {hash}")));
    }
    Ok(Shown::Proven(Caller {
        sender: Address(transaction.inner.signer().0.0),
        input: envelope.input().clone(),
    }))
}

#[cfg(test)]
mod tests;
