//! An embedded beacon chain: real consensus rules for exits, balances and finality, a real Beacon API over HTTP,
//! fast epochs, and no consensus.
//!
//! | module | holds |
//! |---|---|
//! | [`config`] | what kind of chain to run |
//! | [`interop`] | the validators' keys |
//! | [`registry`] | validator records and statuses |
//! | [`state`] | the beacon state |
//! | [`block`] | what is kept of a block |
//! | [`transition`], `finality`, `rewards` | how it changes slot by slot and epoch by epoch |
//! | [`exits`] | voluntary exits by the consensus rules |
//! | [`pool`] | exits on their way into a block |
//! | [`view`] | what can be asked, immutable |
//! | [`node`] | one beacon node: HTTP server and its misbehaviour |
//! | `api` | the Beacon API's endpoints |
//!
//! # Design decisions
//! One task owns the state, the pool and the set of dark validators; everybody else sends it orders and reads
//! immutable views. There is one honest chain without forks: reorganisations and votes against each other are not
//! modelled. Attestations are facts and not signed; exits are signed, and verified.

mod api;
pub mod block;
pub mod config;
pub mod exits;
mod finality;
pub mod interop;
mod merkle;
pub mod node;
pub mod pool;
pub mod registry;
mod rewards;
pub mod state;
pub mod transition;
pub mod view;

use crate::Error;
use config::{ChainConfig, Clock, MANUAL_GENESIS};
use crypto::exit::SignedVoluntaryExit;
use crypto::spec::{ChainSpec, Epoch, Slot, ValidatorIndex};
use node::Node;
use pool::{Admission, ExitPool, PoolRefusal};
use state::BeaconState;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::sync::{mpsc, oneshot, watch};
use view::View;

/// Orders that may wait for the chain's task.
const ORDERS: usize = 64;

/// What the chain's task can be told.
enum Order {
    Advance(oneshot::Sender<Slot>),
    SetDark(BTreeSet<ValidatorIndex>, oneshot::Sender<()>),
    Submit {
        node: String,
        signed: SignedVoluntaryExit,
        answer: oneshot::Sender<Result<Admission, PoolRefusal>>,
    },
}

/// A running chain. Clones speak to the same chain; it ends with the last clone and the last [`Node`].
#[derive(Clone)]
pub struct Chain {
    orders: mpsc::Sender<Order>,
    view: watch::Receiver<Arc<View>>,
}

impl Chain {
    /// Starts a chain. Must be called inside a tokio runtime.
    ///
    /// # Errors
    /// [`Error::Config`] when the configuration cannot run.
    pub fn start(config: &ChainConfig) -> Result<Self, Error> {
        config.check()?;
        let epoch_seconds = config.seconds_per_slot.get() * config.slots_per_epoch.get();
        let (genesis_time, head_start) = match config.clock {
            Clock::Manual => (MANUAL_GENESIS, 0),
            // A second from now, so that slot numbers change on whole seconds of the wall clock.
            Clock::Wall { head_start } => {
                let past = head_start.saturating_mul(epoch_seconds);
                let now = since_epoch().as_secs() + 1;
                (now.saturating_sub(past), head_start * config.slots_per_epoch.get())
            }
        };
        let genesis = BeaconState::genesis(config, genesis_time)?;
        let spec = genesis.spec.clone();
        let mut owner = Owner {
            state: genesis.clone(),
            pool: ExitPool::default(),
            dark: BTreeSet::new(),
            view: watch::channel(Arc::new(View::genesis(genesis))).0,
        };
        for _ in 0..head_start {
            owner.advance();
        }
        let (orders, inbox) = mpsc::channel(ORDERS);
        let view = owner.view.subscribe();
        tokio::spawn(owner.run(inbox, (config.clock != Clock::Manual).then_some(spec)));
        Ok(Self { orders, view })
    }

    /// The chain as it stands now.
    pub fn view(&self) -> Arc<View> {
        self.view.borrow().clone()
    }

    /// A view with every slot and every exit; slow readers skip some.
    pub fn subscribe(&self) -> watch::Receiver<Arc<View>> {
        self.view.clone()
    }

    /// The chain's spec, as a guardian would write it into its network definition.
    pub fn spec(&self) -> ChainSpec {
        ChainSpec::clone(&self.view().head().spec)
    }

    /// Goes one slot forward at once, whatever the clock. Answers the new head's slot.
    ///
    /// # Errors
    /// [`Error::ChainStopped`].
    pub async fn advance_slot(&self) -> Result<Slot, Error> {
        self.order(Order::Advance).await
    }

    /// Goes forward to the first slot of `epoch`; nothing when it has already begun.
    ///
    /// # Errors
    /// [`Error::ChainStopped`].
    pub async fn advance_to(&self, epoch: Epoch) -> Result<Slot, Error> {
        let mut slot = self.view().head().slot;
        let target = self.view().head().spec.start_slot(epoch);
        while slot < target {
            slot = self.advance_slot().await?;
        }
        Ok(slot)
    }

    /// From now on these validators, and no others, do not attest. In force when this returns.
    ///
    /// # Errors
    /// [`Error::ChainStopped`].
    pub async fn set_dark(&self, dark: impl IntoIterator<Item = ValidatorIndex>) -> Result<(), Error> {
        let dark = dark.into_iter().collect();
        self.order(|answer| Order::SetDark(dark, answer)).await
    }

    /// Offers an exit, as if it had been posted to the node of this name.
    ///
    /// # Errors
    /// [`Error::ChainStopped`]. A refusal is no error but the inner result.
    pub async fn submit_exit(
        &self,
        node: &str,
        signed: SignedVoluntaryExit,
    ) -> Result<Result<Admission, PoolRefusal>, Error> {
        let node = node.to_owned();
        self.order(|answer| Order::Submit { node, signed, answer }).await
    }

    /// Starts a beacon node of this chain on a free port of 127.0.0.1.
    ///
    /// # Errors
    /// [`Error::Listen`].
    pub async fn node(&self, name: &str) -> Result<Node, Error> {
        Node::start(self.clone(), name).await
    }

    async fn order<T>(&self, make: impl FnOnce(oneshot::Sender<T>) -> Order) -> Result<T, Error> {
        let (answer, answered) = oneshot::channel();
        self.orders.send(make(answer)).await.map_err(|_| Error::ChainStopped)?;
        answered.await.map_err(|_| Error::ChainStopped)
    }
}

/// The task's own data.
struct Owner {
    state: BeaconState,
    pool: ExitPool,
    dark: BTreeSet<ValidatorIndex>,
    view: watch::Sender<Arc<View>>,
}

impl Owner {
    /// Serves orders, and the clock when there is one, until nobody can send orders any more.
    async fn run(mut self, mut inbox: mpsc::Receiver<Order>, clock: Option<Arc<ChainSpec>>) {
        loop {
            let due = clock.as_deref().map(|spec| until_slot(spec, self.state.slot.saturating_add(1)));
            tokio::select! {
                order = inbox.recv() => match order {
                    Some(order) => self.obey(order),
                    None => return,
                },
                () = tokio::time::sleep(due.unwrap_or_default()), if due.is_some() => self.advance(),
            }
        }
    }

    fn obey(&mut self, order: Order) {
        // Whoever gave the order may have gone away: an answer nobody waits for is dropped.
        match order {
            Order::Advance(answer) => {
                self.advance();
                let _ = answer.send(self.state.slot);
            }
            Order::SetDark(dark, answer) => {
                self.dark = dark;
                let _ = answer.send(());
            }
            Order::Submit { node, signed, answer } => {
                let outcome = self.pool.admit(&node, signed, &self.state);
                if outcome.is_ok() {
                    let exits = self.pool.seen();
                    self.view.send_modify(|view| *view = Arc::new(view.with_exits(exits)));
                }
                let _ = answer.send(outcome);
            }
        }
    }

    fn advance(&mut self) {
        let waiting: Vec<_> = self.pool.waiting().copied().collect();
        let (state, included) = self.state.next(&waiting, &self.dark);
        self.pool.settle(&included, state.slot, &state);
        let exits = self.pool.seen();
        self.view.send_modify(|view| *view = Arc::new(view.extended(state.clone(), included, exits)));
        self.state = state;
    }
}

fn since_epoch() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// How long until a slot begins; zero when it has.
fn until_slot(spec: &ChainSpec, slot: Slot) -> Duration {
    let start = spec.genesis_time.saturating_add(slot.0.saturating_mul(spec.seconds_per_slot.get()));
    Duration::from_secs(start).saturating_sub(since_epoch())
}

#[cfg(test)]
mod tests;
