//! `Node`: one beacon node of the devnet. An HTTP server of its own over the shared chain, honest until told
//! otherwise.

use super::view::View;
use super::{Chain, api};
use crate::Error;
use crypto::spec::{Checkpoint, Root};
use sha2::{Digest, Sha256};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

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
    name: String,
    address: SocketAddr,
    chain: Chain,
    behaviour: watch::Sender<Behaviour>,
    server: Option<Server>,
}

struct Server {
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Node {
    /// Listens on a free port and serves.
    pub(crate) async fn start(chain: Chain, name: &str) -> Result<Self, Error> {
        let mut node = Self {
            name: name.to_owned(),
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            chain,
            behaviour: watch::channel(Behaviour::default()).0,
            server: None,
        };
        node.restart().await?;
        Ok(node)
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where it serves, `http://127.0.0.1:PORT`; the same after a stop and a restart.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
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
        if let Some(server) = self.server.take() {
            server.stop.send_replace(true);
            // The task only ends early by a panic, and then it is down as well.
            let _ = server.task.await;
        }
    }

    /// Comes back on its port; nothing when it is up.
    ///
    /// # Errors
    /// [`Error::Listen`] when the port is taken.
    pub async fn restart(&mut self) -> Result<(), Error> {
        if self.server.is_some() {
            return Ok(());
        }
        let failed = |source| Error::Listen { node: self.name.clone(), address: self.address, source };
        let listener = TcpListener::bind(self.address).await.map_err(failed)?;
        self.address = listener.local_addr().map_err(failed)?;
        let (stop, stopped) = watch::channel(false);
        let shared = Arc::new(Shared {
            name: self.name.clone(),
            chain: self.chain.clone(),
            behaviour: self.behaviour.subscribe(),
            stopped: stopped.clone(),
        });
        let serve = axum::serve(listener, api::router(shared)).with_graceful_shutdown(ended(stopped));
        let task = tokio::spawn(async move {
            // axum::serve never answers an error: it retries accepting.
            let _ = serve.await;
        });
        self.server = Some(Server { stop, task });
        Ok(())
    }
}

/// Waits until the flag is true or nobody can set it any more.
pub(crate) async fn ended(mut stopped: watch::Receiver<bool>) {
    // An error means the sender is gone, which is an end as well.
    let _ = stopped.wait_for(|stopped| *stopped).await;
}
