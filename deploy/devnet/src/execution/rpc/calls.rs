//! Reading accounts and contracts at any block that is kept.

use super::answer::{Failure, Params, json};
use crate::execution::block::Block;
use crate::execution::engine::{Place, Ran, Refused};
use crate::execution::node::Shared;
use crate::execution::state::State;
use crate::execution::view::View;
use alloy::eips::{BlockId, BlockNumberOrTag};
use alloy::primitives::{Address, U64};
use alloy::rpc::types::TransactionRequest;
use revm::context::result::ExecutionResult;
use serde_json::Value;
use std::sync::Arc;

/// Gas a call must have left when it hands some to another: EIP-150 lets it pass on 63 of 64 parts.
const HEADROOM: (u64, u64) = (64, 63);

pub(super) fn call(node: &Shared, view: &View, params: &Params) -> Result<Value, Failure> {
    let (request, block, state) = what_and_where(view, params)?;
    if params.optional::<Value>(2)?.is_some() || params.optional::<Value>(3)?.is_some() {
        return Err(Failure::invalid_params("overrides of state or block are not supported"));
    }
    match run(node, view, &request, &block, &state, None)?.result {
        ExecutionResult::Success { output, .. } => json(output.into_data()),
        ExecutionResult::Revert { output, .. } => Err(Failure::reverted(output)),
        ExecutionResult::Halt { reason, .. } => Err(Failure::server(format!("execution halted: {reason:?}"))),
    }
}

pub(super) fn estimate(node: &Shared, view: &View, params: &Params) -> Result<Value, Failure> {
    let (request, block, state) = what_and_where(view, params)?;
    let try_with = |gas| run(node, view, &request, &block, &state, gas).map(|ran| ran.result);
    let most = match try_with(None)? {
        ExecutionResult::Success { gas, .. } => gas.total_gas_spent(),
        ExecutionResult::Revert { output, .. } => return Err(Failure::reverted(output)),
        ExecutionResult::Halt { reason, .. } => {
            return Err(Failure::server(format!("gas required exceeds allowance: {reason:?}")));
        }
    };
    // What was spent, plus what inner calls had to leave behind, is enough for almost all; double it for the others.
    let mut enough = most.saturating_mul(HEADROOM.0).div_ceil(HEADROOM.1).saturating_add(2300);
    while enough < block.header.gas_limit && !try_with(Some(enough)).is_ok_and(|result| result.is_success()) {
        enough = enough.saturating_mul(2);
    }
    json(U64::from(enough.min(block.header.gas_limit)))
}

pub(super) fn code(view: &View, params: &Params) -> Result<Value, Failure> {
    let (address, state) = account(view, params)?;
    json(state.code(address))
}

pub(super) fn balance(view: &View, params: &Params) -> Result<Value, Failure> {
    let (address, state) = account(view, params)?;
    json(state.balance(address))
}

pub(super) fn nonce(view: &View, params: &Params) -> Result<Value, Failure> {
    let (address, state) = account(view, params)?;
    let pending = params.optional::<BlockId>(1)? == Some(BlockId::Number(BlockNumberOrTag::Pending));
    let nonce = if pending { view.pool().next_nonce(address, &state) } else { state.nonce(address) };
    json(U64::from(nonce))
}

fn account(view: &View, params: &Params) -> Result<(Address, Arc<State>), Failure> {
    let (_, state) = place(view, params)?;
    Ok((params.get(0)?, state))
}

fn what_and_where(
    view: &View,
    params: &Params,
) -> Result<(TransactionRequest, Arc<Block>, Arc<State>), Failure> {
    let (block, state) = place(view, params)?;
    Ok((params.get(0)?, block, state))
}

/// The block the second parameter names, the head when there is none, and the accounts after it.
fn place(view: &View, params: &Params) -> Result<(Arc<Block>, Arc<State>), Failure> {
    let id = params.optional::<BlockId>(1)?.unwrap_or_default();
    let block = view.resolve(id).ok_or_else(|| Failure::server("header not found"))?;
    let state = view.state_at(block.number()).ok_or_else(|| {
        Failure::server(format!("missing trie node: the state of block {} is pruned", block.number()))
    })?;
    Ok((block.clone(), state.clone()))
}

fn run(
    node: &Shared,
    view: &View,
    request: &TransactionRequest,
    block: &Block,
    state: &State,
    gas: Option<u64>,
) -> Result<Ran, Failure> {
    let hash_of = |number| view.hash_of(number);
    let place = Place { chain_id: node.chain.chain_id(), header: &block.header, state, hash_of: &hash_of };
    place.call(request, gas).map_err(|Refused(words)| Failure::server(words))
}
