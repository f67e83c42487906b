//! Blocks and logs.

use super::answer::{Failure, Params, json};
use super::transactions;
use crate::execution::block::Block;
use crate::execution::filter;
use crate::execution::node::{Shared, Told};
use crate::execution::view::View;
use alloy::eips::BlockNumberOrTag;
use alloy::primitives::{B256, keccak256};
use alloy::rpc::types::{self, BlockTransactions, Filter, Header};
use serde_json::Value;

pub(super) fn by_number(node: &Shared, view: &View, params: &Params) -> Result<Value, Failure> {
    let tag: BlockNumberOrTag = params.get(0)?;
    let full = params.optional(1)?.unwrap_or(false);
    let Some(block) = view.block(view.number_of(tag)) else { return Ok(Value::Null) };
    let mut told = shown(block, full);
    let about_finality = matches!(tag, BlockNumberOrTag::Finalized | BlockNumberOrTag::Safe);
    if about_finality && node.behaviour.borrow().finality == Told::OtherHash {
        told.header.hash = keccak256(block.hash);
    }
    json(told)
}

pub(super) fn by_hash(view: &View, params: &Params) -> Result<Value, Failure> {
    let hash: B256 = params.get(0)?;
    let full = params.optional(1)?.unwrap_or(false);
    json(view.block_by_hash(hash).map(|block| shown(block, full)))
}

pub(super) fn logs(node: &Shared, view: &View, params: &Params) -> Result<Value, Failure> {
    let filter: Filter = params.get(0)?;
    let behaviour = node.behaviour.borrow().clone();
    json(filter::logs(view, &filter, &behaviour)?)
}

/// A block as clients see it, with its transactions or their hashes.
fn shown(block: &Block, full: bool) -> types::Block {
    let header = Header { hash: block.hash, inner: block.header.clone(), total_difficulty: None, size: None };
    let transactions = if full {
        let places = 0..block.executed.len();
        BlockTransactions::Full(places.filter_map(|place| transactions::included(block, place)).collect())
    } else {
        BlockTransactions::Hashes(block.executed.iter().map(|done| *done.pooled.hash()).collect())
    };
    types::Block { header, uncles: Vec::new(), transactions, withdrawals: None }
}
