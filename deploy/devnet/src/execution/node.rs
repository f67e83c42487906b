//! `ExecutionNode`: one node of the chain. An HTTP server of its own over the shared chain, honest until told otherwise.

use super::view::View;
use super::{ExecutionChain, rpc};
use crate::Error;
use crate::server::Server;
use std::num::NonZeroU64;
use std::sync::Arc;
use tokio::sync::watch;

/// How a node behaves. The default is honest, current, and has no limits.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Behaviour {
    /// Blocks its head lies behind the chain's.
    pub lag: u64,
    /// What it says about finality.
    pub finality: Told,
    /// Leaves out every so-many-th of the logs it should answer; 1 leaves out all. Says nothing about it.
    pub drop_every: Option<NonZeroU64>,
    /// Most blocks `eth_getLogs` may span; more is an error.
    pub max_log_range: Option<u64>,
    /// Most logs one answer may hold; more is an error.
    pub max_logs: Option<usize>,
    /// Most HTTP requests in one second of the wall clock; status 429 beyond. 0 refuses every one.
    pub requests_per_second: Option<u32>,
    /// Takes requests and never answers.
    pub silent: bool,
    /// Says that it is of this chain.
    pub chain_id: Option<u64>,
    /// Does not have the transactions of its blocks: a pruned node.
    pub without_transactions: bool,
}

/// What a node says about finality.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Told {
    /// The truth.
    #[default]
    Honest,
    /// So many blocks more are final than are, up to the head.
    Ahead(u64),
    /// The right number with the hash of no block.
    OtherHash,
}

/// What a node's handlers share.
pub(super) struct Shared {
    /// The node's name.
    pub(super) name: String,
    /// The chain it serves.
    pub(super) chain: ExecutionChain,
    /// How it behaves.
    pub(super) behaviour: watch::Receiver<Behaviour>,
    /// HTTP requests of the current second: which second, how many.
    pub(super) requests: watch::Sender<(u64, u32)>,
}

impl Shared {
    /// The chain as this node sees it.
    pub(super) fn view(&self) -> View {
        let behaviour = self.behaviour.borrow();
        let mut view = self.chain.view().behind(behaviour.lag);
        if let Told::Ahead(blocks) = behaviour.finality {
            let finalized = view.finalized().saturating_add(blocks);
            view.set_finality(finalized, finalized);
        }
        view
    }
}

/// A node. Dropping it stops its server.
pub struct ExecutionNode {
    chain: ExecutionChain,
    behaviour: watch::Sender<Behaviour>,
    server: Server,
}

impl ExecutionNode {
    /// Listens on a free port and serves.
    pub(super) async fn start(chain: ExecutionChain, name: &str) -> Result<Self, Error> {
        let behaviour = watch::channel(Behaviour::default()).0;
        let mut node = Self { chain, behaviour, server: Server::new(name) };
        node.restart().await?;
        Ok(node)
    }

    /// Its name.
    pub fn name(&self) -> &str {
        self.server.name()
    }

    /// Where it serves, `http://127.0.0.1:PORT`; the same after a stop and a restart.
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// Behaves like this from now on.
    pub fn set(&self, behaviour: Behaviour) {
        self.behaviour.send_replace(behaviour);
    }

    /// How it behaves now.
    pub fn behaviour(&self) -> Behaviour {
        self.behaviour.borrow().clone()
    }

    /// Goes down: new connections are refused when this returns, open ones are closed.
    pub async fn stop(&mut self) {
        self.server.stop().await;
    }

    /// Comes back on its port; nothing when it is up.
    ///
    /// # Errors
    /// [`Error::Listen`] when the port is taken.
    pub async fn restart(&mut self) -> Result<(), Error> {
        let shared = Arc::new(Shared {
            name: self.name().to_owned(),
            chain: self.chain.clone(),
            behaviour: self.behaviour.subscribe(),
            requests: watch::channel((0, 0)).0,
        });
        self.server.start(|stopped| rpc::router(shared, stopped)).await
    }
}
