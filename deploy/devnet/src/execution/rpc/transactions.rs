//! Transactions and receipts.

use super::answer::{Failure, Params, json};
use crate::execution::block::Block;
use crate::execution::filter::transaction_logs;
use crate::execution::node::Shared;
use crate::execution::pool::Pooled;
use crate::execution::view::View;
use alloy::consensus::transaction::Recovered;
use alloy::consensus::{Eip658Value, Receipt, ReceiptEnvelope, ReceiptWithBloom, Transaction as _};
use alloy::primitives::{B256, Bytes};
use alloy::rpc::types::{Transaction, TransactionReceipt};
use serde_json::Value;

pub(super) fn by_hash(node: &Shared, view: &View, params: &Params) -> Result<Value, Failure> {
    let hash: B256 = params.get(0)?;
    if node.behaviour.borrow().without_transactions {
        return Ok(Value::Null);
    }
    let found = match view.transaction(&hash) {
        Some((block, place)) => included(block, place),
        None => view.pool().find(&hash).map(waiting),
    };
    json(found)
}

pub(super) fn receipt(view: &View, params: &Params) -> Result<Value, Failure> {
    let hash: B256 = params.get(0)?;
    let Some((block, place)) = view.transaction(&hash) else { return Ok(Value::Null) };
    json(receipt_of(block, place))
}

pub(super) async fn send(node: &Shared, params: &Params) -> Result<Value, Failure> {
    let bytes: Bytes = params.get(0)?;
    let refused = |refusal| Failure::server(format!("{refusal}"));
    let pooled = Pooled::decode(&bytes, node.chain.chain_id()).map_err(refused)?;
    let outcome = node.chain.send(pooled).await.map_err(|error| Failure::server(error.to_string()))?;
    json(outcome.map_err(refused)?)
}

/// A transaction of a block, as clients see it.
pub(super) fn included(block: &Block, place: usize) -> Option<Transaction> {
    let done = block.executed.get(place)?;
    Some(Transaction {
        block_hash: Some(block.hash),
        block_number: Some(block.number()),
        block_timestamp: Some(block.header.timestamp),
        transaction_index: Some(place as u64),
        effective_gas_price: Some(done.pooled.tx.effective_gas_price(block.header.base_fee_per_gas)),
        ..waiting(&done.pooled)
    })
}

fn waiting(pooled: &Pooled) -> Transaction {
    Transaction {
        inner: Recovered::new_unchecked(pooled.tx.as_ref().clone(), pooled.sender),
        block_hash: None,
        block_number: None,
        transaction_index: None,
        effective_gas_price: Some(pooled.tx.max_fee_per_gas()),
        block_timestamp: None,
    }
}

fn receipt_of(block: &Block, place: usize) -> Option<TransactionReceipt> {
    let done = block.executed.get(place)?;
    let tx = &done.pooled.tx;
    let receipt = Receipt {
        status: Eip658Value::Eip658(done.success),
        cumulative_gas_used: done.cumulative_gas,
        logs: transaction_logs(block, place as u64, done).collect(),
    };
    let inner = ReceiptWithBloom { receipt, logs_bloom: done.logs.iter().collect() };
    Some(TransactionReceipt {
        inner: ReceiptEnvelope::from_typed(tx.tx_type(), inner),
        transaction_hash: *done.pooled.hash(),
        transaction_index: Some(place as u64),
        block_hash: Some(block.hash),
        block_number: Some(block.number()),
        gas_used: done.gas_used,
        effective_gas_price: tx.effective_gas_price(block.header.base_fee_per_gas),
        blob_gas_used: None,
        blob_gas_price: None,
        from: done.pooled.sender,
        to: tx.to(),
        contract_address: done.created,
    })
}
