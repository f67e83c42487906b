//! What the press consists of, and its start: the log's key, the writing task, the witness, and the public feed.

use super::task::{self, Tools};
use super::witness::{self, Desk};
use super::{Nodes, Offered, keys, shelf};
use crate::http::View;
use crate::node::{Arrival, Directory};
use crate::store::Store;
use crate::{Config, Error};
use crypto::spec::Slot;
use feed_server::{Inputs, Role};
use guardian_core::guardian_set::NetworkDefinition;
use p2p::{Network, identity};
use std::collections::BTreeMap;
use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::{Arc, Weak};
use std::thread::JoinHandle;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tracing::{error, info};

/// Offers and bindings waiting: a few of each guardian.
const WAITING: usize = 256;

/// What the node gives the press.
pub(crate) struct Needs<'a> {
    pub(crate) config: &'a Config,
    pub(crate) definition: &'a NetworkDefinition,
    pub(crate) directory: &'a Directory,
    pub(crate) network: &'a Network,
    pub(crate) identity: &'a identity::Keypair,
    /// The epoch's home.
    pub(crate) home: PathBuf,
    pub(crate) store: Weak<Store>,
    /// The slot at which the journal was last found to be old; 0 when it never was.
    pub(crate) lapsed: Slot,
    pub(crate) nodes: Nodes,
    pub(crate) view: watch::Receiver<View>,
    pub(crate) inbox: mpsc::Sender<Arrival>,
    /// Where the feed is served, if anywhere.
    pub(crate) listener: Option<TcpListener>,
}

/// A press at work.
pub(crate) struct Started {
    /// Where other guardians' offers go.
    pub(crate) offers: mpsc::Sender<Offered>,
    /// The feed's thread; it ends when the press does.
    pub(crate) server: Option<JoinHandle<()>>,
}

/// Starts all of it, the tasks among the node's `parts`.
///
/// # Errors
/// [`Error::Identity`]. A disk or a system that fails here costs the feed, not the guardian.
pub(crate) fn start(needs: Needs<'_>, parts: &mut JoinSet<()>) -> Result<Started, Error> {
    let Needs {
        config,
        definition,
        directory,
        network,
        identity,
        home,
        store,
        lapsed,
        nodes,
        view,
        inbox,
        listener,
    } = needs;
    let key = Arc::new(keys::feed_key(identity, definition.id())?);
    let kept = shelf::home(&home);
    let binding = keys::own_binding(&kept, network, definition, directory.me(), &key.public());
    let (offers, offered) = mpsc::channel(WAITING);
    let (learned, learning) = mpsc::channel(WAITING);
    let (status, statuses) = watch::channel(None);
    let (shelf, shelves) = watch::channel(Arc::default());
    let (bindings, bound) = watch::channel(Arc::new(BTreeMap::new()));
    let desk = Desk {
        definition: definition.clone(),
        directory: directory.clone(),
        key: Arc::clone(&key),
        binding: binding.clone(),
        home: home.clone(),
        inbox: inbox.clone(),
        learned,
    };
    parts.spawn(witness::run(desk, network.clone(), offered));
    let server = match listener {
        Some(listener) => {
            let inputs = Inputs {
                definition: Arc::new(definition.clone()),
                status: statuses,
                shelf: shelves,
                binding: binding.clone(),
                bindings: bound,
                home: Some(kept),
                role: Role::Guardian,
            };
            let listen = listener.local_addr().ok();
            match feed_server::start(listener, inputs, config.feed.settings()) {
                Ok(server) => {
                    info!(listen = listen.map(tracing::field::display), "serving the public feed");
                    Some(server)
                }
                Err(problem) => {
                    error!(%problem, "the public feed is not served; the guardian goes on without it");
                    None
                }
            }
        }
        None => None,
    };
    parts.spawn(task::run(Tools {
        config: config.clone(),
        definition: definition.clone(),
        directory: directory.clone(),
        network: network.clone(),
        home,
        store,
        lapsed,
        key,
        binding,
        nodes,
        view,
        inbox,
        learned: learning,
        status,
        shelf,
        bindings,
    }));
    Ok(Started { offers, server })
}
