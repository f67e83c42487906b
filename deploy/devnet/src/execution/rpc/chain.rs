//! What a node says about itself, the chain, and fees.

use super::answer::{Failure, Params, json};
use crate::execution::node::Shared;
use crate::execution::view::View;
use alloy::eips::BlockNumberOrTag;
use alloy::eips::eip1559::BaseFeeParams;
use alloy::primitives::{U64, U128};
use alloy::rpc::types::FeeHistory;
use serde_json::Value;

/// What blocks like to be paid beyond the base fee, wei per gas. They take less.
const PRIORITY_FEE: u128 = 1_000_000;

/// Most blocks of one fee history.
const MAX_FEE_BLOCKS: u64 = 1024;

pub(super) fn chain_id(node: &Shared) -> Result<Value, Failure> {
    json(U64::from(told_chain_id(node)))
}

pub(super) fn net_version(node: &Shared) -> Result<Value, Failure> {
    json(told_chain_id(node).to_string())
}

pub(super) fn client_version(node: &Shared) -> Result<Value, Failure> {
    json(format!("devnet/v{}/{}", env!("CARGO_PKG_VERSION"), node.name))
}

fn told_chain_id(node: &Shared) -> u64 {
    node.behaviour.borrow().chain_id.unwrap_or_else(|| node.chain.chain_id())
}

pub(super) fn block_number(view: &View) -> Result<Value, Failure> {
    json(U64::from(view.head()))
}

pub(super) fn gas_price(view: &View) -> Result<Value, Failure> {
    json(U128::from(next_base_fee(view, view.head()).saturating_add(PRIORITY_FEE)))
}

pub(super) fn priority_fee() -> Result<Value, Failure> {
    json(U128::from(PRIORITY_FEE))
}

pub(super) fn fee_history(view: &View, params: &Params) -> Result<Value, Failure> {
    let count: U64 = params.get(0)?;
    let newest = view.number_of(params.get::<BlockNumberOrTag>(1)?);
    let percentiles: Option<Vec<f64>> = params.optional(2)?;
    if newest > view.head() {
        return Err(Failure::server("request beyond head block"));
    }
    let count = count.to::<u64>().clamp(1, MAX_FEE_BLOCKS).min(newest.saturating_add(1));
    let oldest = newest.saturating_add(1).saturating_sub(count);
    let headers: Vec<_> =
        (oldest..=newest).filter_map(|number| view.block(number)).map(|block| &block.header).collect();
    let mut base_fee_per_gas: Vec<u128> =
        headers.iter().map(|header| header.base_fee_per_gas.unwrap_or(0).into()).collect();
    base_fee_per_gas.push(next_base_fee(view, newest));
    #[allow(clippy::cast_precision_loss, reason = "a ratio for people to look at")]
    let gas_used_ratio =
        headers.iter().map(|header| header.gas_used as f64 / header.gas_limit as f64).collect();
    let reward = percentiles.map(|columns| vec![vec![PRIORITY_FEE; columns.len().min(100)]; headers.len()]);
    json(FeeHistory {
        base_fee_per_gas,
        gas_used_ratio,
        oldest_block: oldest,
        reward,
        ..FeeHistory::default()
    })
}

/// Base fee of the block after this one.
fn next_base_fee(view: &View, number: u64) -> u128 {
    let block = view.block(number);
    block.and_then(|block| block.header.next_block_base_fee(BaseFeeParams::ethereum())).unwrap_or(1).into()
}
