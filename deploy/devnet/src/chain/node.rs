//! `Node`: one beacon node of the devnet. An HTTP server of its own over the shared chain, honest until told
//! otherwise.

use super::view::View;
use super::{Chain, api};
use crate::Error;
use crate::server::Server;
use crypto::spec::{Checkpoint, Root};
use sha2::{Digest, Sha256};
use std::sync::Arc;
use tokio::sync::watch;

/// How a node behaves. The default is honest, synced and current.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Behaviour {
    /// Says that it is syncing: health 206, `is_syncing` true.
    pub syncing: bool,
    /// Slots its head lies behind the chain's; at most what is kept slot by slot
    /// ([`super::view::EPOCHS_OF_SLOTS`]).
    pub lag: u64,
    /// What it says about finality.
    pub finality: Finality,
    /// Refuses every posted exit with this text, status 400.
    pub refuse_exits: Option<String>,
    /// Which Beacon API it speaks.
    pub dialect: Dialect,
}

/// What a node says about finality.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Finality {
    /// The truth.
    #[default]
    Honest,
    /// The right epoch with the root of no block.
    OtherRoot,
    /// So many epochs more than are finalized.
    Ahead(u64),
}

/// Which Beacon API a node speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Dialect {
    /// The current standard.
    #[default]
    Current,
    /// What Lodestar 1.5 has of it: no POST of validators, liveness only by GET with `epoch` and `indices`, an empty
    /// list for comma-separated ids, status 500 for refused exits.
    Lodestar15,
}

/// What a node's handlers share.
pub(crate) struct Shared {
    /// The node's name.
    pub(crate) name: String,
    /// The chain it serves.
    pub(crate) chain: Chain,
    /// How it behaves.
    pub(crate) behaviour: watch::Receiver<Behaviour>,
    /// Turns true, or loses its sender, when the node stops.
    pub(crate) stopped: watch::Receiver<bool>,
}

impl Shared {
    /// The chain as this node sees it.
    pub(crate) fn view(&self) -> View {
        let lag = self.behaviour.borrow().lag;
        self.chain.view().behind(lag)
    }

    /// A checkpoint as this node tells it.
    pub(crate) fn told(&self, checkpoint: Checkpoint) -> Checkpoint {
        match self.behaviour.borrow().finality {
            Finality::Honest => checkpoint,
            Finality::OtherRoot => {
                let digest = Sha256::new().chain_update(b"lie").chain_update(checkpoint.root.0).finalize();
                Checkpoint { root: Root(digest.into()), ..checkpoint }
            }
            Finality::Ahead(epochs) => {
                Checkpoint { epoch: checkpoint.epoch.saturating_add(epochs), ..checkpoint }
            }
        }
    }
}

/// A beacon node. Dropping it stops its server.
pub struct Node {
    chain: Chain,
    behaviour: watch::Sender<Behaviour>,
    server: Server,
}

impl Node {
    /// Listens on a free port and serves.
    pub(crate) async fn start(chain: Chain, name: &str) -> Result<Self, Error> {
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

    /// Goes down: open event streams end, new connections are refused when this returns.
    pub async fn stop(&mut self) {
        self.server.stop().await;
    }

    /// Comes back on its port; nothing when it is up.
    ///
    /// # Errors
    /// [`Error::Listen`] when the port is taken.
    pub async fn restart(&mut self) -> Result<(), Error> {
        let (name, chain) = (self.name().to_owned(), self.chain.clone());
        let behaviour = self.behaviour.subscribe();
        let router = |stopped| api::router(Arc::new(Shared { name, chain, behaviour, stopped }));
        self.server.start(router).await
    }
}
