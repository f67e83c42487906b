//! An embedded execution chain: a real EVM (revm), real headers, receipts and logs, an Ethereum JSON-RPC over HTTP, and
//! no consensus.
//!
//! | module | holds |
//! |---|---|
//! | [`config`] | what kind of chain to run |
//! | [`accounts`] | who has ether |
//! | `state` | accounts and storage |
//! | `engine` | runs transactions and calls |
//! | [`pool`] | transactions on their way into a block |
//! | `block` | blocks and receipts |
//! | [`view`] | what can be asked, immutable |
//! | `filter` | logs by address and topic |
//! | [`node`] | one node: HTTP server and its misbehaviour |
//! | `rpc` | the methods |
//!
//! # Design decisions
//! One task owns the chain; everybody else sends it orders and reads immutable views, as with the beacon chain. Coupled to
//! a beacon chain, block numbers are slot numbers, and what is final there is final here. No trie is kept: state roots
//! are stand-ins, everything else in a header is what it should be, and its hash is its hash.

pub mod accounts;
mod block;
pub mod config;
mod engine;
mod filter;
pub mod node;
pub mod pool;
mod rpc;
mod state;
pub mod view;

use crate::Error;
use crate::chain;
use alloy::primitives::B256;
use block::{Block, Template, steady_time};
use config::{ExecutionConfig, Finality, Sealing};
use crypto::spec::Slot;
use node::ExecutionNode;
use pool::{Pool, Pooled, TransactionRefusal};
use state::State;
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot, watch};
use view::View;

/// Orders that may wait for the chain's task.
const ORDERS: usize = 64;

/// Most blocks of a chain: 36 hours of one-second slots. After that it stands still.
pub const MAX_BLOCKS: u64 = 1 << 17;

/// What the chain's task can be told.
enum Order {
    Send(Pooled, oneshot::Sender<Result<B256, TransactionRefusal>>),
    Mine(u64, oneshot::Sender<u64>),
    SetFinalized(u64, oneshot::Sender<u64>),
    Reorg { depth: u64, fate: Fate, answer: oneshot::Sender<u64> },
    Follow(watch::Receiver<Arc<chain::view::View>>, oneshot::Sender<u64>),
}

/// What becomes of the transactions of blocks that a reorganisation takes away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// They never happened.
    Forgotten,
    /// They wait again, and enter the first block of the new branch.
    Waiting,
}

/// A running chain. Clones speak to the same chain; it ends with the last clone and the last [`ExecutionNode`].
#[derive(Clone)]
pub struct ExecutionChain {
    chain_id: u64,
    orders: mpsc::Sender<Order>,
    view: watch::Receiver<Arc<View>>,
}

impl ExecutionChain {
    /// Starts a chain; with the views of a beacon chain, coupled to it from its first slot: see [`Self::follow`]. Must be
    /// called inside a tokio runtime.
    ///
    /// # Errors
    /// [`Error::Config`] when the configuration cannot run.
    pub fn start(
        config: &ExecutionConfig,
        beacon: Option<watch::Receiver<Arc<chain::view::View>>>,
    ) -> Result<Self, Error> {
        config.check()?;
        let mut config = config.clone();
        if let Some(beacon) = &beacon {
            config.genesis_time = beacon.borrow().head().spec.genesis_time;
        }
        let genesis = Block::genesis(config.genesis_time, config.gas_limit, config.chain_id);
        let mut state = State::default();
        for address in accounts::addresses() {
            state.fund(address, accounts::BALANCE);
        }
        let view = View::genesis(genesis, state);
        let chain_id = config.chain_id;
        let mut owner = Owner {
            config,
            pool: Pool::default(),
            branch: 0,
            shown: watch::channel(Arc::new(view.clone())).0,
            view,
            beacon: None,
        };
        if let Some(beacon) = beacon {
            owner.follow(beacon);
        }
        let (orders, inbox) = mpsc::channel(ORDERS);
        let shown = owner.shown.subscribe();
        tokio::spawn(owner.run(inbox));
        Ok(Self { chain_id, orders, view: shown })
    }

    /// Couples the chain to a beacon chain from now on: there is a block for every slot, its number is the slot's, and
    /// the beacon chain's finalized and justified checkpoints make blocks final and safe. Slots up to the beacon chain's
    /// head get their blocks at once. Answers the new head's number.
    ///
    /// # Errors
    /// [`Error::ChainStopped`].
    pub async fn follow(&self, beacon: watch::Receiver<Arc<chain::view::View>>) -> Result<u64, Error> {
        self.order(|answer| Order::Follow(beacon, answer)).await
    }

    /// Makes `count` blocks at once, the first with the transactions that wait. Answers the new head's number. A chain
    /// that follows a beacon chain is not made to run ahead for long: it then waits for the slots to catch up.
    ///
    /// # Errors
    /// [`Error::ChainStopped`].
    pub async fn mine(&self, count: u64) -> Result<u64, Error> {
        self.order(|answer| Order::Mine(count, answer)).await
    }

    /// From now on this block is the newest final one, at most the head, until somebody else decides. Answers the number.
    ///
    /// # Errors
    /// [`Error::ChainStopped`].
    pub async fn set_finalized(&self, number: u64) -> Result<u64, Error> {
        self.order(|answer| Order::SetFinalized(number, answer)).await
    }

    /// Replaces the last `depth` blocks by as many others: same numbers and times, other hashes. Even final ones, which
    /// must never happen to a real chain; never genesis, and never more than [`view::STATES_KEPT`] blocks that changed
    /// something. Answers the number of the last block both branches share.
    ///
    /// # Errors
    /// [`Error::ChainStopped`].
    pub async fn reorg(&self, depth: u64, fate: Fate) -> Result<u64, Error> {
        self.order(|answer| Order::Reorg { depth, fate, answer }).await
    }

    /// EIP-155 chain id.
    pub fn chain_id(&self) -> u64 {
        self.chain_id
    }

    /// Number of the newest block.
    pub fn head(&self) -> u64 {
        self.view.borrow().head()
    }

    /// Number of the newest final block.
    pub fn finalized(&self) -> u64 {
        self.view.borrow().finalized()
    }

    /// Starts a node of this chain on a free port of 127.0.0.1.
    ///
    /// # Errors
    /// [`Error::Listen`].
    pub async fn node(&self, name: &str) -> Result<ExecutionNode, Error> {
        ExecutionNode::start(self.clone(), name).await
    }

    /// The chain as it stands now.
    fn view(&self) -> Arc<View> {
        self.view.borrow().clone()
    }

    /// Offers a transaction.
    async fn send(&self, pooled: Pooled) -> Result<Result<B256, TransactionRefusal>, Error> {
        self.order(|answer| Order::Send(pooled, answer)).await
    }

    async fn order<T>(&self, make: impl FnOnce(oneshot::Sender<T>) -> Order) -> Result<T, Error> {
        let (answer, answered) = oneshot::channel();
        self.orders.send(make(answer)).await.map_err(|_| Error::ChainStopped)?;
        answered.await.map_err(|_| Error::ChainStopped)
    }
}

/// The task's own data.
struct Owner {
    config: ExecutionConfig,
    pool: Pool,
    /// Reorganisations so far.
    branch: u64,
    view: View,
    shown: watch::Sender<Arc<View>>,
    beacon: Option<watch::Receiver<Arc<chain::view::View>>>,
}

impl Owner {
    /// Serves orders and follows the beacon chain until nobody can send orders any more.
    async fn run(mut self, mut inbox: mpsc::Receiver<Order>) {
        loop {
            let beacon = self.beacon.as_mut();
            tokio::select! {
                order = inbox.recv() => match order {
                    Some(order) => self.obey(order),
                    None => return,
                },
                changed = next_view(beacon) => match changed {
                    Some(view) => self.catch_up(&view),
                    // The beacon chain has ended: no more blocks by themselves.
                    None => self.beacon = None,
                },
            }
        }
    }

    fn obey(&mut self, order: Order) {
        // Whoever gave the order may have gone away: an answer nobody waits for is dropped.
        match order {
            Order::Send(pooled, answer) => {
                let state = self.view.head_state();
                let known = self.view.transaction(pooled.hash()).is_some();
                let outcome = if known {
                    Err(TransactionRefusal::AlreadyKnown)
                } else {
                    self.pool.admit(pooled, &state, self.config.gas_limit)
                };
                if outcome.is_ok() {
                    self.view.set_pool(self.pool.clone());
                    if self.beacon.is_none() && self.config.sealing == Sealing::EachTransaction {
                        self.seal(None);
                    }
                    self.show();
                }
                let _ = answer.send(outcome);
            }
            Order::Mine(count, answer) => {
                for _ in 0..count.min(MAX_BLOCKS) {
                    self.seal(None);
                }
                self.show();
                let _ = answer.send(self.view.head());
            }
            Order::SetFinalized(number, answer) => {
                self.config.finality = Finality::ByHand;
                self.view.set_finality(number, number);
                self.show();
                let _ = answer.send(self.view.finalized());
            }
            Order::Reorg { depth, fate, answer } => {
                let shared = self.reorg(depth, fate);
                self.show();
                let _ = answer.send(shared);
            }
            Order::Follow(beacon, answer) => {
                self.follow(beacon);
                let _ = answer.send(self.view.head());
            }
        }
    }

    fn follow(&mut self, mut beacon: watch::Receiver<Arc<chain::view::View>>) {
        let view = beacon.borrow_and_update().clone();
        self.beacon = Some(beacon);
        self.catch_up(&view);
    }

    /// Makes the blocks of slots up to the beacon chain's head, and takes its finality over.
    fn catch_up(&mut self, beacon: &chain::view::View) {
        let spec = &beacon.head().spec;
        while self.view.head() < beacon.head().slot.0.min(MAX_BLOCKS) {
            let slot = self.view.head().saturating_add(1);
            let time = spec.genesis_time.saturating_add(slot.saturating_mul(spec.seconds_per_slot.get()));
            self.seal(Some(time));
        }
        if self.config.finality != Finality::ByHand {
            let start = |epoch| -> Slot { spec.start_slot(epoch) };
            let safe = start(beacon.head().current_justified.epoch).0;
            self.view.set_finality(start(beacon.finalized().epoch).0, safe);
        }
        self.show();
    }

    fn reorg(&mut self, depth: u64, fate: Fate) -> u64 {
        let head = self.view.head();
        let times: Vec<u64> = (0..=head).filter_map(|n| Some(self.view.block(n)?.header.timestamp)).collect();
        let gone = self.view.rewind(depth);
        let shared = self.view.head();
        self.branch = self.branch.saturating_add(1);
        // What waits already may build on what is gone.
        let waiting = std::mem::take(&mut self.pool);
        if fate == Fate::Waiting {
            let state = self.view.head_state();
            let again = gone.into_iter().map(|done| done.pooled).chain(waiting.into_inner());
            for pooled in again {
                // One that does not fit any more is lost, as it would be elsewhere.
                let _ = self.pool.admit(pooled, &state, self.config.gas_limit);
            }
        }
        for time in times.into_iter().skip(usize::try_from(shared).unwrap_or(usize::MAX).saturating_add(1)) {
            self.seal(Some(time));
        }
        shared
    }

    /// Makes one block, at this time or a steady pace after genesis.
    fn seal(&mut self, timestamp: Option<u64>) {
        if self.view.head() >= MAX_BLOCKS {
            return;
        }
        let state = self.view.head_state();
        let ready = self.pool.ready(&state);
        let number = self.view.head().saturating_add(1);
        let config = &self.config;
        let steady = || steady_time(config.genesis_time, config.seconds_per_block, number);
        let template = Template {
            timestamp: timestamp.unwrap_or_else(steady),
            gas_limit: config.gas_limit,
            branch: self.branch,
        };
        let view = &self.view;
        let hash_of = |number| view.hash_of(number);
        let (block, after) = view.head_block().seal(template, config.chain_id, &state, &ready, &hash_of);
        if let Some(after) = &after {
            self.pool.settle(after);
        }
        self.view.push(block, after, self.pool.clone());
        if let (Finality::Depth(depth), None) = (config.finality, &self.beacon) {
            let finalized = self.view.head().saturating_sub(depth);
            self.view.set_finality(finalized.max(self.view.finalized()), finalized);
        }
    }

    fn show(&self) {
        self.shown.send_replace(Arc::new(self.view.clone()));
    }
}

/// The next view of the beacon chain; never without one to follow, `None` when it has ended.
async fn next_view(
    beacon: Option<&mut watch::Receiver<Arc<chain::view::View>>>,
) -> Option<Arc<chain::view::View>> {
    match beacon {
        Some(beacon) => {
            beacon.changed().await.ok()?;
            Some(beacon.borrow_and_update().clone())
        }
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests;
