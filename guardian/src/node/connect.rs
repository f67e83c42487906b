//! Waiting for our own beacon and execution nodes. Beacon nodes that are merely away are waited for, nodes of another
//! chain end the start. Execution nodes are waited for whatever they say: a syncing one knows no contract yet, and the
//! guardian has work that needs none of them.

use crate::http::{Phase, View};
use crate::node::Arrival;
use crate::{Config, Error};
use chain_watcher::execution::{self, ExecutionNodes};
use chain_watcher::{BeaconNodes, NodeConfig, Timeouts};
use crypto::spec::ChainSpec;
use guardian_core::Event;
use guardian_core::contracts::Contracts;
use guardian_core::event::ExecutionHealth;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tracing::warn;

/// First wait before nodes are asked again; doubles up to [`MAX_RETRY`].
const MIN_RETRY: Duration = Duration::from_secs(1);

/// Longest wait before nodes are asked again.
const MAX_RETRY: Duration = Duration::from_secs(30);

/// Waits until a beacon node of the right chain answers.
///
/// # Errors
/// A node of another chain; an address that cannot be used.
pub(super) async fn beacon(
    config: &Config,
    chain: &ChainSpec,
    view: &watch::Sender<View>,
) -> Result<BeaconNodes, Error> {
    let nodes: Vec<_> = config
        .beacon
        .iter()
        .map(|node| NodeConfig { name: node.name.clone(), url: node.url.clone() })
        .collect();
    let mut wait = MIN_RETRY;
    let asking = "asking the beacon nodes which chain they serve".to_owned();
    view.send_modify(|view| view.phase = Phase::Connecting(asking));
    loop {
        let (nodes, expected) = (nodes.clone(), chain.clone());
        let asked = chain_watcher::Config { nodes, expected, timeouts: Timeouts::default() };
        let problem = match chain_watcher::connect(asked).await {
            Ok(nodes) => return Ok(nodes),
            Err(chain_watcher::Error::NoNode { causes }) => causes,
            Err(problem) => return Err(problem.into()),
        };
        warn!(%problem, retry_in = wait.as_secs(), "no usable node yet");
        view.send_modify(|view| view.phase = Phase::Connecting(problem));
        tokio::time::sleep(wait).await;
        wait = wait.saturating_mul(2).min(MAX_RETRY);
    }
}

/// Waits until an execution node of the right chain shows the contracts, and tells the core meanwhile that there is none.
/// None when the inbox is closed.
pub(super) async fn execution(
    config: execution::Config,
    inbox: &mpsc::Sender<Arrival>,
) -> Option<ExecutionNodes> {
    let mut wait = MIN_RETRY;
    loop {
        let problem = match execution::connect(config.clone()).await {
            Ok(nodes) => return Some(nodes),
            Err(problem) => problem.to_string(),
        };
        warn!(%problem, retry_in = wait.as_secs(), "no usable execution node yet");
        let total = u16::try_from(config.nodes.len()).unwrap_or(u16::MAX);
        let health = ExecutionHealth { total, healthy: 0, disagree: false, problem: Some(problem) };
        inbox.send(Event::ExecutionObserved(health).into()).await.ok()?;
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = inbox.closed() => return None,
        }
        wait = wait.saturating_mul(2).min(MAX_RETRY);
    }
}

/// What the chain watcher must know of our execution nodes and the contracts on them.
pub(crate) fn execution_config(
    config: &Config,
    contracts: &Contracts,
    chain: &ChainSpec,
) -> execution::Config {
    let nodes = config.execution.iter();
    execution::Config {
        nodes: nodes.map(|node| NodeConfig { name: node.name.clone(), url: node.url.clone() }).collect(),
        chain_id: contracts.chain_id,
        protocol: contracts.protocol,
        guardian_module: contracts.guardian_module,
        exit_proposals: contracts.exit_proposals,
        deployed: contracts.deployed,
        timeouts: Timeouts::default(),
        // A slot brings at most one block.
        poll: Duration::from_secs(chain.seconds_per_slot.get()),
    }
}
