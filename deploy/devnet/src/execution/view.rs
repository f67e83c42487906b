//! `View`: everything a node can be asked, at one moment. Immutable; a new one with every block and transaction.

use super::block::{Block, Executed};
use super::pool::Pool;
use super::state::State;
use alloy::eips::{BlockId, BlockNumberOrTag};
use alloy::primitives::{B256, TxHash};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// Blocks whose accounts are kept, counting only those that changed any. Calls at older blocks are refused.
pub const STATES_KEPT: usize = 256;

/// The chain as it stands.
#[derive(Debug, Clone)]
pub(super) struct View {
    blocks: Arc<Vec<Arc<Block>>>,
    /// Accounts after the blocks that changed them.
    states: Arc<BTreeMap<u64, Arc<State>>>,
    /// Where transactions are: number of the block, place in it.
    places: Arc<HashMap<TxHash, (u64, usize)>>,
    head: u64,
    finalized: u64,
    safe: u64,
    pool: Arc<Pool>,
}

impl View {
    /// A chain of which only genesis has happened.
    pub(super) fn genesis(block: Block, state: State) -> Self {
        Self {
            blocks: Arc::new(vec![Arc::new(block)]),
            states: Arc::new(BTreeMap::from([(0, Arc::new(state))])),
            places: Arc::default(),
            head: 0,
            finalized: 0,
            safe: 0,
            pool: Arc::default(),
        }
    }

    /// Adds a block, and the accounts after it when it changed any.
    pub(super) fn push(&mut self, block: Block, state: Option<State>, pool: Pool) {
        self.head = block.number();
        if !block.executed.is_empty() {
            let hashes =
                block.executed.iter().enumerate().map(|(at, done)| (*done.pooled.hash(), (self.head, at)));
            Arc::make_mut(&mut self.places).extend(hashes);
        }
        if let Some(state) = state {
            let states = Arc::make_mut(&mut self.states);
            states.insert(self.head, Arc::new(state));
            if states.len() > STATES_KEPT {
                states.pop_first();
            }
        }
        Arc::make_mut(&mut self.blocks).push(Arc::new(block));
        self.pool = Arc::new(pool);
    }

    /// Takes the last `depth` blocks away, never genesis nor blocks before the oldest kept accounts. Answers what was
    /// executed in them, oldest first.
    pub(super) fn rewind(&mut self, depth: u64) -> Vec<Executed> {
        let oldest = self.states.first_key_value().map_or(0, |(&number, _)| number);
        let keep = self.head.saturating_sub(depth).max(oldest);
        let gone = Arc::make_mut(&mut self.blocks)
            .split_off(usize::try_from(keep).unwrap_or(usize::MAX).saturating_add(1));
        Arc::make_mut(&mut self.states).retain(|&number, _| number <= keep);
        Arc::make_mut(&mut self.places).retain(|_, (number, _)| *number <= keep);
        self.head = keep;
        self.finalized = self.finalized.min(keep);
        self.safe = self.safe.min(keep);
        gone.iter().flat_map(|block| block.executed.iter().cloned()).collect()
    }

    /// The same chain with other waiting transactions.
    pub(super) fn set_pool(&mut self, pool: Pool) {
        self.pool = Arc::new(pool);
    }

    /// The same chain with other final blocks; at most the head.
    pub(super) fn set_finality(&mut self, finalized: u64, safe: u64) {
        self.finalized = finalized.min(self.head);
        self.safe = safe.min(self.head).max(self.finalized);
    }

    /// The same chain as a node sees it that is `blocks` behind.
    pub(super) fn behind(&self, blocks: u64) -> Self {
        let head = self.head.saturating_sub(blocks);
        Self { head, finalized: self.finalized.min(head), safe: self.safe.min(head), ..self.clone() }
    }

    /// Number of the newest block.
    pub(super) fn head(&self) -> u64 {
        self.head
    }

    /// Number of the newest final block.
    pub(super) fn finalized(&self) -> u64 {
        self.finalized
    }

    /// The transactions that wait.
    pub(super) fn pool(&self) -> &Pool {
        &self.pool
    }

    /// The block of a number, up to the head.
    pub(super) fn block(&self, number: u64) -> Option<&Arc<Block>> {
        (number <= self.head).then(|| self.blocks.get(usize::try_from(number).ok()?)).flatten()
    }

    /// The newest block.
    pub(super) fn head_block(&self) -> &Block {
        // The head is always there: blocks are only taken away together with it.
        self.block(self.head).unwrap_or(&self.blocks[0])
    }

    /// The block of a hash, up to the head.
    pub(super) fn block_by_hash(&self, hash: B256) -> Option<&Arc<Block>> {
        self.blocks.iter().rev().find(|block| block.hash == hash && block.number() <= self.head)
    }

    /// Hash of a past block; zero when there is none.
    pub(super) fn hash_of(&self, number: u64) -> B256 {
        self.block(number).map_or(B256::ZERO, |block| block.hash)
    }

    /// The number a tag stands for, whether or not there is such a block.
    pub(super) fn number_of(&self, tag: BlockNumberOrTag) -> u64 {
        match tag {
            BlockNumberOrTag::Latest | BlockNumberOrTag::Pending => self.head,
            BlockNumberOrTag::Finalized => self.finalized,
            BlockNumberOrTag::Safe => self.safe,
            BlockNumberOrTag::Earliest => 0,
            BlockNumberOrTag::Number(number) => number,
        }
    }

    /// The block an id names.
    pub(super) fn resolve(&self, id: BlockId) -> Option<&Arc<Block>> {
        match id {
            BlockId::Number(tag) => self.block(self.number_of(tag)),
            BlockId::Hash(hash) => self.block_by_hash(hash.block_hash),
        }
    }

    /// The accounts after a block; `None` when they are not kept any more.
    pub(super) fn state_at(&self, number: u64) -> Option<&Arc<State>> {
        self.states.range(..=number).next_back().map(|(_, state)| state)
    }

    /// The accounts after the head.
    pub(super) fn head_state(&self) -> Arc<State> {
        self.state_at(self.head).cloned().unwrap_or_default()
    }

    /// The block a transaction is in, and its place there.
    pub(super) fn transaction(&self, hash: &TxHash) -> Option<(&Arc<Block>, usize)> {
        let &(number, place) = self.places.get(hash)?;
        Some((self.block(number)?, place))
    }
}
