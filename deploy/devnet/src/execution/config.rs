//! `ExecutionConfig`: what kind of chain to run.

use crate::Error;
use crate::chain::config::MANUAL_GENESIS;
use std::num::NonZeroU64;

/// What makes a block, as long as the chain follows no beacon chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sealing {
    /// Every transaction gets a block at once.
    #[default]
    EachTransaction,
    /// Only [`super::ExecutionChain::mine`].
    ByHand,
}

/// Which block is final, as long as the chain follows no beacon chain. Genesis always is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finality {
    /// The one this many blocks behind the head; 0 is the head itself.
    Depth(u64),
    /// The one [`super::ExecutionChain::set_finalized`] said last.
    ByHand,
}

/// A chain to be started.
#[derive(Debug, Clone)]
pub struct ExecutionConfig {
    /// EIP-155 chain id; not 0.
    pub chain_id: u64,
    /// Time of block 0, Unix seconds.
    pub genesis_time: u64,
    /// Seconds from block to block.
    pub seconds_per_block: NonZeroU64,
    /// Most gas of a block; at least [`MIN_GAS_LIMIT`].
    pub gas_limit: u64,
    /// What makes a block.
    pub sealing: Sealing,
    /// What is final.
    pub finality: Finality,
}

/// Least gas limit: enough for the largest contract of a deployment.
pub const MIN_GAS_LIMIT: u64 = 10_000_000;

impl Default for ExecutionConfig {
    /// Chain id 1337, 12 s blocks of 60 million gas, one for each transaction, final 2 blocks behind the head.
    fn default() -> Self {
        Self {
            chain_id: 1337,
            genesis_time: MANUAL_GENESIS,
            seconds_per_block: NonZeroU64::MIN.saturating_add(11),
            gas_limit: 60_000_000,
            sealing: Sealing::default(),
            finality: Finality::Depth(2),
        }
    }
}

impl ExecutionConfig {
    /// Refuses what cannot run.
    pub(super) fn check(&self) -> Result<(), Error> {
        if self.chain_id == 0 {
            return Err(Error::Config { field: "chain_id", problem: "is 0; choose 1 or more".into() });
        }
        if self.gas_limit < MIN_GAS_LIMIT {
            let problem = format!("is {}; choose at least {MIN_GAS_LIMIT}", self.gas_limit);
            return Err(Error::Config { field: "gas_limit", problem });
        }
        Ok(())
    }
}
