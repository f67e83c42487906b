//! Logs by block, address and topic: `eth_getLogs`.

use super::block::{Block, Executed};
use super::node::Behaviour;
use super::rpc::answer::Failure;
use super::view::View;
use alloy::primitives::B256;
use alloy::rpc::types::{Filter, FilterBlockOption, Log};
use std::sync::Arc;

/// Most logs of one answer, whatever the node's behaviour says.
const MAX_LOGS: usize = 100_000;

/// The logs a filter names, in the order of the chain, with the node's misbehaviour.
pub(super) fn logs(view: &View, filter: &Filter, behaviour: &Behaviour) -> Result<Vec<Log>, Failure> {
    let (from, to) = match filter.block_option {
        FilterBlockOption::AtBlockHash(hash) => {
            let block = view.block_by_hash(hash).ok_or_else(|| Failure::server("unknown block"))?;
            (block.number(), block.number())
        }
        FilterBlockOption::Range { from_block, to_block } => {
            let number = |tag: Option<_>| tag.map_or(view.head(), |tag| view.number_of(tag));
            (number(from_block), number(to_block))
        }
    };
    if from > to {
        return Err(Failure::invalid_params("invalid block range params"));
    }
    let to = to.min(view.head());
    if let Some(limit) = behaviour.max_log_range
        && to.saturating_sub(from) >= limit
    {
        return Err(Failure::limit(format!("query exceeds max block range {limit}")));
    }
    let limit = behaviour.max_logs.unwrap_or(MAX_LOGS).min(MAX_LOGS);
    let mut found = Vec::new();
    for number in from..=to {
        let Some(block) = view.block(number) else { break };
        if !filter.matches_bloom(block.header.logs_bloom) {
            continue;
        }
        for log in block_logs(block) {
            if filter.matches(&log.inner) {
                found.push(log);
            }
        }
        if found.len() > limit {
            return Err(Failure::limit(format!("query returned more than {limit} results")));
        }
    }
    if let Some(every) = behaviour.drop_every {
        let mut count = 0_u64;
        found.retain(|_| {
            count = count.saturating_add(1);
            !count.is_multiple_of(every.get())
        });
    }
    Ok(found)
}

/// All logs of a block, as clients see them.
fn block_logs(block: &Arc<Block>) -> impl Iterator<Item = Log> {
    (0_u64..).zip(&block.executed).flat_map(|(place, done)| transaction_logs(block, place, done))
}

/// The logs of one transaction, as clients see them.
pub(super) fn transaction_logs<'a>(
    block: &'a Block,
    place: u64,
    done: &'a Executed,
) -> impl Iterator<Item = Log> + 'a {
    let hash: B256 = *done.pooled.hash();
    (done.first_log..).zip(&done.logs).map(move |(index, log)| Log {
        inner: log.clone(),
        block_hash: Some(block.hash),
        block_number: Some(block.number()),
        block_timestamp: Some(block.header.timestamp),
        transaction_hash: Some(hash),
        transaction_index: Some(place),
        log_index: Some(index),
        removed: false,
    })
}
