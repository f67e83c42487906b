//! What a node answers to `eth_getLogs`, checked: in the range, of the contract that logs such things, in order, nothing
//! twice, nothing that was taken back.

use super::contracts::ExitProposals as E;
use super::contracts::PufferProtocol as P;
use super::endpoint::Endpoint;
use super::failure::Failure;
use super::node::Expected;
use super::observation::{MAX_EXITS_PROPOSED, MAX_REGISTRATIONS};
use alloy::primitives::{Address as AlloyAddress, B256, U64, U256};
use alloy::rpc::types::Log;
use alloy::sol_types::SolEvent;
use crypto::execution::{
    Address, Block, BlockHash, BlockNumber, ContractEvent, ExitsProposed, MAX_PROPOSED_REASON,
    MAX_PROPOSED_VALIDATORS, ModuleName, RegistrationId, Tickets, TransactionHash,
};
use crypto::spec::ValidatorIndex;
use serde_json::json;
use std::collections::BTreeMap;

/// Most logs of one scan, unless a single block has more.
const MAX_LOGS: usize = 8192;

/// The topics of the protocol contract that are asked for.
const TOPICS: [B256; 6] = [
    P::ValidatorKeyRegistered::SIGNATURE_HASH,
    P::SuccessfullyProvisioned::SIGNATURE_HASH,
    P::ValidatorSkipped::SIGNATURE_HASH,
    P::ValidatorExited::SIGNATURE_HASH,
    P::ValidatorTicketsDeposited::SIGNATURE_HASH,
    P::ValidatorTicketsWithdrawn::SIGNATURE_HASH,
];

/// Those of the exit proposals contract.
const EXIT_TOPICS: [B256; 2] = [E::ExitProposed::SIGNATURE_HASH, E::ExitCancelled::SIGNATURE_HASH];

/// What one log tells, before the transaction behind it is looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Told {
    /// `ValidatorKeyRegistered`, with the key as it came.
    Registered(RegistrationId, Vec<u8>),
    /// Anything else.
    Event(ContractEvent),
}

/// A log with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) block: BlockNumber,
    pub(crate) block_hash: BlockHash,
    pub(crate) index: u64,
    pub(crate) transaction: TransactionHash,
    pub(crate) transaction_index: u64,
    /// The block's time, once its header was read. What a log says of it is not looked at.
    pub(crate) timestamp: Option<u64>,
    pub(crate) told: Told,
}

/// All logs of a range.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reading {
    pub(crate) from: BlockNumber,
    /// The last block: the one asked for, or an earlier one when there was too much.
    pub(crate) to: Block,
    /// In the order of the chain, every one with its timestamp.
    pub(crate) entries: Vec<Entry>,
}

/// Asks a node for the logs of `from..=to`.
pub(crate) async fn read(
    endpoint: &Endpoint,
    expected: &Expected,
    from: BlockNumber,
    to: BlockNumber,
) -> Result<Reading, Failure> {
    let mut contracts = vec![expected.protocol];
    let mut topics = TOPICS.to_vec();
    if let Some(contract) = expected.exit_proposals {
        contracts.push(contract);
        topics.extend(EXIT_TOPICS);
    }
    let filter = json!([{
        "address": contracts,
        "topics": [topics],
        "fromBlock": U64::from(from.0),
        "toBlock": U64::from(to.0),
    }]);
    let logs: Vec<Log> = endpoint.ask(("eth_getLogs", filter)).await?;
    let mut entries = check(&logs, expected, from, to)?;
    drop(logs);
    let to = cut(&mut entries, to);
    let to = stamp(endpoint, &mut entries, to).await?;
    Ok(Reading { from, to, entries })
}

/// Decodes and sorts.
pub(crate) fn check(
    logs: &[Log],
    expected: &Expected,
    from: BlockNumber,
    to: BlockNumber,
) -> Result<Vec<Entry>, Failure> {
    let mut entries = Vec::with_capacity(logs.len());
    for log in logs {
        let entry = entry(log).ok_or_else(|| Failure::malformed("a log that is not of a mined block"))?;
        let place = || format!("log {} of block {}", entry.index, entry.block);
        if log.removed {
            return Err(Failure::malformed(format!("{} was removed, though finalized", place())));
        }
        if source(log, expected) != Some(log.address()) {
            return Err(Failure::malformed(format!("{} is of another contract", place())));
        }
        if entry.block < from || to < entry.block {
            return Err(Failure::malformed(format!("{} was not asked for", place())));
        }
        entries.push(entry);
    }
    entries.sort_by_key(|entry| (entry.block, entry.index));
    for (one, next) in entries.iter().zip(entries.iter().skip(1)) {
        if (one.block, one.index) == (next.block, next.index) {
            return Err(Failure::malformed(format!("log {} of block {} twice", one.index, one.block)));
        }
        if one.block == next.block && one.block_hash != next.block_hash {
            return Err(Failure::malformed(format!("logs of two blocks with number {}", one.block)));
        }
    }
    Ok(entries)
}

/// The contract that logs such things.
fn source(log: &Log, expected: &Expected) -> Option<AlloyAddress> {
    let topic = log.topic0()?;
    if EXIT_TOPICS.contains(topic) { expected.exit_proposals } else { Some(expected.protocol) }
}

fn entry(log: &Log) -> Option<Entry> {
    Some(Entry {
        block: BlockNumber(log.block_number?),
        block_hash: BlockHash(log.block_hash?.0),
        index: log.log_index?,
        transaction: TransactionHash(log.transaction_hash?.0),
        transaction_index: log.transaction_index?,
        timestamp: None,
        told: told(log)?,
    })
}

fn told(log: &Log) -> Option<Told> {
    let log = &log.inner;
    let id = |module: B256, index: U256| {
        Some(RegistrationId { module: ModuleName(module.0), index: u64::try_from(index).ok()? })
    };
    let event = match *log.topics().first()? {
        P::ValidatorKeyRegistered::SIGNATURE_HASH => {
            let event = P::ValidatorKeyRegistered::decode_log(log).ok()?.data;
            let pubkey = event.pubKey.to_vec();
            return Some(Told::Registered(id(event.moduleName, event.pufferModuleIndex)?, pubkey));
        }
        P::SuccessfullyProvisioned::SIGNATURE_HASH => {
            let event = P::SuccessfullyProvisioned::decode_log(log).ok()?.data;
            ContractEvent::Provisioned(id(event.moduleName, event.pufferModuleIndex)?)
        }
        P::ValidatorSkipped::SIGNATURE_HASH => {
            let event = P::ValidatorSkipped::decode_log(log).ok()?.data;
            ContractEvent::Skipped(id(event.moduleName, event.pufferModuleIndex)?)
        }
        P::ValidatorExited::SIGNATURE_HASH => {
            let event = P::ValidatorExited::decode_log(log).ok()?.data;
            let id = id(event.moduleName, event.pufferModuleIndex)?;
            ContractEvent::Exited { id, burned: tickets(event.vtBurnAmount) }
        }
        P::ValidatorTicketsDeposited::SIGNATURE_HASH => {
            let event = P::ValidatorTicketsDeposited::decode_log(log).ok()?.data;
            ContractEvent::TicketsDeposited {
                operator: Address(event.node.0.0),
                amount: tickets(event.amount),
            }
        }
        P::ValidatorTicketsWithdrawn::SIGNATURE_HASH => {
            let event = P::ValidatorTicketsWithdrawn::decode_log(log).ok()?.data;
            ContractEvent::TicketsWithdrawn {
                operator: Address(event.node.0.0),
                amount: tickets(event.amount),
            }
        }
        E::ExitProposed::SIGNATURE_HASH => ContractEvent::ExitProposed(proposed(log)?),
        E::ExitCancelled::SIGNATURE_HASH => {
            let event = E::ExitCancelled::decode_log(log).ok()?.data;
            ContractEvent::ExitCancelled {
                number: u64::try_from(event.number).ok()?,
                by: Address(event.by.0.0),
            }
        }
        _ => return None,
    };
    Some(Told::Event(event))
}

/// A proposal of exits, with what fits of its validators and its reason. Our contract bounds both and does not look into
/// the text; bytes that are none come decoded as U+FFFD.
fn proposed(log: &alloy::primitives::Log) -> Option<ExitsProposed> {
    let event = E::ExitProposed::decode_log(log).ok()?.data;
    let mut reason = event.reason;
    reason.truncate(reason.floor_char_boundary(MAX_PROPOSED_REASON));
    reason.shrink_to_fit();
    Some(ExitsProposed {
        number: u64::try_from(event.number).ok()?,
        proposer: Address(event.proposer.0.0),
        network: event.network.0,
        severity: event.severity,
        expires: event.expires,
        validators: event
            .validators
            .iter()
            .take(MAX_PROPOSED_VALIDATORS)
            .map(|index| ValidatorIndex(*index))
            .collect(),
        reason,
    })
}

/// The contracts keep tickets in 96 bits; an event may name any number.
pub(crate) fn tickets(amount: U256) -> Tickets {
    Tickets(u128::try_from(amount).unwrap_or(u128::MAX))
}

/// Leaves what fits into one scan: whole blocks, at least one. Returns the last block that is left.
pub(crate) fn cut(entries: &mut Vec<Entry>, to: BlockNumber) -> BlockNumber {
    let (mut registrations, mut exits) = (0, 0);
    let over = entries.iter().enumerate().find(|(position, entry)| {
        registrations += usize::from(matches!(entry.told, Told::Registered(..)));
        exits += usize::from(matches!(entry.told, Told::Event(ContractEvent::ExitProposed(_))));
        registrations > MAX_REGISTRATIONS || exits > MAX_EXITS_PROPOSED || *position >= MAX_LOGS
    });
    let (Some((_, over)), Some(first)) = (over, entries.first()) else { return to };
    // The block before the one that is too much, or all of that block when it is the first.
    let last = BlockNumber(over.block.0.saturating_sub(1)).max(first.block);
    entries.retain(|entry| entry.block <= last);
    last
}

/// Gives every entry the time in the header of the block it names; returns the block with number `to`.
async fn stamp(endpoint: &Endpoint, entries: &mut [Entry], to: BlockNumber) -> Result<Block, Failure> {
    let mut numbers: Vec<_> = entries.iter().map(|entry| entry.block).collect();
    numbers.push(to);
    numbers.dedup();
    let blocks = endpoint.blocks(&numbers).await?;
    let blocks: BTreeMap<_, _> = blocks.into_iter().map(|block| (block.number, block)).collect();
    let last = blocks.get(&to).copied().ok_or_else(|| Failure::malformed("no block"))?;
    for entry in entries.iter_mut() {
        let number = entry.block;
        let block = blocks.get(&number).ok_or_else(|| Failure::malformed(format!("no block {number}")))?;
        if block.hash != entry.block_hash {
            return Err(Failure::malformed(format!("logs of another block than its block {number}")));
        }
        if block.timestamp > last.timestamp {
            return Err(Failure::malformed(format!("block {number} is later than block {to}")));
        }
        entry.timestamp = Some(block.timestamp);
    }
    Ok(last)
}

#[cfg(test)]
mod tests;
