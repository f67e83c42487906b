//! `Block`: a header with a real hash, its transactions, and their receipts.
//!
//! The state root is the one field that is not what it should be: no trie is kept, so it commits to the parent's and to
//! the receipts instead.

use super::engine::{Place, Ran};
use super::pool::Pooled;
use super::state::State;
use alloy::consensus::proofs::{calculate_receipt_root, calculate_transaction_root};
use alloy::consensus::{
    Eip658Value, Header, Receipt, ReceiptEnvelope, ReceiptWithBloom, Transaction, TxEnvelope,
};
use alloy::eips::eip1559::BaseFeeParams;
use alloy::primitives::{Address, B256, Bloom, Bytes, Log, keccak256};
use std::num::NonZeroU64;

/// Base fee of the first block, wei per gas.
const FIRST_BASE_FEE: u64 = 1_000_000_000;

/// One block.
#[derive(Debug)]
pub(super) struct Block {
    /// Its header.
    pub(super) header: Header,
    /// Hash of the header.
    pub(super) hash: B256,
    /// What was executed, in order.
    pub(super) executed: Vec<Executed>,
}

/// One transaction of a block with what came of it.
#[derive(Debug, Clone)]
pub(super) struct Executed {
    /// The transaction.
    pub(super) pooled: Pooled,
    /// Whether it did what it should.
    pub(super) success: bool,
    /// Gas it used.
    pub(super) gas_used: u64,
    /// Gas of the block up to and including it.
    pub(super) cumulative_gas: u64,
    /// What it logged.
    pub(super) logs: Vec<Log>,
    /// `logIndex` of the first of its logs.
    pub(super) first_log: u64,
    /// The contract it made.
    pub(super) created: Option<Address>,
}

/// What is decided before a block is executed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Template {
    /// Unix seconds.
    pub(super) timestamp: u64,
    /// Most gas.
    pub(super) gas_limit: u64,
    /// Distinguishes blocks of the same number on different branches.
    pub(super) branch: u64,
}

impl Block {
    /// Block 0.
    pub(super) fn genesis(timestamp: u64, gas_limit: u64, chain_id: u64) -> Self {
        let header = Header {
            timestamp,
            gas_limit,
            base_fee_per_gas: Some(FIRST_BASE_FEE),
            extra_data: Bytes::copy_from_slice(&chain_id.to_be_bytes()),
            ..Header::default()
        };
        Self { hash: header.hash_slow(), header, executed: Vec::new() }
    }

    /// The header of the next block, without what its transactions decide.
    pub(super) fn next_header(&self, template: Template) -> Header {
        let fee = self.header.next_block_base_fee(BaseFeeParams::ethereum());
        Header {
            parent_hash: self.hash,
            number: self.header.number.saturating_add(1),
            // A block is later than its parent whatever the clock says.
            timestamp: template.timestamp.max(self.header.timestamp.saturating_add(1)),
            gas_limit: template.gas_limit,
            base_fee_per_gas: fee.map(|fee| fee.max(1)),
            mix_hash: keccak256(self.hash),
            extra_data: Bytes::copy_from_slice(&template.branch.to_be_bytes()),
            ..Header::default()
        }
    }

    /// Executes `ready` in order, as far as there is gas, on top of this block. What cannot run is left out.
    ///
    /// Answers the block and, when anything was executed, the accounts after it.
    pub(super) fn seal(
        &self,
        template: Template,
        chain_id: u64,
        state: &State,
        ready: &[Pooled],
        hash_of: &dyn Fn(u64) -> B256,
    ) -> (Self, Option<State>) {
        let mut header = self.next_header(template);
        let mut after = state.clone();
        let mut executed: Vec<Executed> = Vec::new();
        let mut logs = 0;
        for pooled in ready {
            if pooled.tx.gas_limit() > header.gas_limit.saturating_sub(header.gas_used) {
                break;
            }
            let place = Place { chain_id, header: &header, state: &after, hash_of };
            let Ok(Ran { result, state: changes }) = place.transact(pooled.sender, &pooled.tx) else {
                continue;
            };
            header.gas_used = header.gas_used.saturating_add(result.tx_gas_used());
            let created = pooled.tx.is_create().then(|| pooled.sender.create(pooled.tx.nonce()));
            let done = Executed {
                pooled: pooled.clone(),
                success: result.is_success(),
                gas_used: result.tx_gas_used(),
                cumulative_gas: header.gas_used,
                created,
                first_log: logs,
                logs: if result.is_success() { result.into_logs() } else { Vec::new() },
            };
            logs = logs.saturating_add(done.logs.len() as u64);
            after.apply(changes);
            executed.push(done);
        }
        let receipts: Vec<ReceiptEnvelope<Log>> = executed.iter().map(Executed::receipt).collect();
        let txs: Vec<&TxEnvelope> = executed.iter().map(|done| done.pooled.tx.as_ref()).collect();
        header.transactions_root = calculate_transaction_root(&txs);
        header.receipts_root = calculate_receipt_root(&receipts);
        header.logs_bloom = receipts.iter().fold(Bloom::ZERO, |bloom, receipt| bloom | *receipt.logs_bloom());
        header.state_root = keccak256([self.header.state_root, header.receipts_root].concat());
        let changed = !executed.is_empty();
        (Self { hash: header.hash_slow(), header, executed }, changed.then_some(after))
    }

    /// Its number.
    pub(super) fn number(&self) -> u64 {
        self.header.number
    }
}

impl Executed {
    /// The receipt as it enters the receipts root.
    pub(super) fn receipt(&self) -> ReceiptEnvelope<Log> {
        let receipt = Receipt {
            status: Eip658Value::Eip658(self.success),
            cumulative_gas_used: self.cumulative_gas,
            logs: self.logs.clone(),
        };
        let logs_bloom = self.logs.iter().collect();
        ReceiptEnvelope::from_typed(self.pooled.tx.tx_type(), ReceiptWithBloom { receipt, logs_bloom })
    }
}

/// Time of the block of this number when blocks come at a steady pace.
pub(super) fn steady_time(genesis_time: u64, seconds_per_block: NonZeroU64, number: u64) -> u64 {
    genesis_time.saturating_add(number.saturating_mul(seconds_per_block.get()))
}
