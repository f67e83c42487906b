//! Several beacon nodes as one: agreement at start, health, failover.

use crate::archive::Archive;
use crate::config::Config;
use crate::endpoint::Endpoint;
use crate::error::Error;
use crate::liveness::LivenessWay;
use crate::node::Node;
use crypto::spec::{ChainSpec, Slot};
use futures::future::join_all;

/// The configured beacon nodes, at least one of which was found to serve the expected chain.
pub struct BeaconNodes {
    pub(crate) nodes: Vec<Node>,
    pub(crate) chain: ChainSpec,
}

impl std::fmt::Debug for BeaconNodes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<_> = self.nodes.iter().map(Node::name).collect();
        f.debug_struct("BeaconNodes").field("nodes", &names).finish_non_exhaustive()
    }
}

/// Asks every node which chain it serves.
///
/// A node that is away, or gives no usable answer, is tolerated when another one agrees: it is checked when it
/// appears, and not asked for facts before. A syncing node that agrees is enough to start.
///
/// # Errors
/// [`Error::Config`]; [`Error::WrongNetwork`] when any node serves another chain; [`Error::NoNode`] when none
/// could be checked.
pub async fn connect(config: Config) -> Result<BeaconNodes, Error> {
    config.validate()?;
    let mut nodes = Vec::with_capacity(config.nodes.len());
    for node in &config.nodes {
        nodes.push(Node::new(Endpoint::new(node, config.timeouts)?));
    }
    let results = join_all(nodes.iter_mut().map(|node| node.check_chain(&config.expected))).await;
    let mut causes = Vec::new();
    for (node, result) in nodes.iter_mut().zip(results) {
        match result {
            Ok(()) => {}
            Err(error @ Error::WrongNetwork { .. }) => return Err(error),
            Err(error) => {
                node.fail(Slot(0), &error);
                causes.push(error.to_string());
            }
        }
    }
    if causes.len() == nodes.len() {
        return Err(Error::NoNode { causes: causes.join("; ") });
    }
    Ok(BeaconNodes { nodes, chain: config.expected })
}

impl BeaconNodes {
    /// The chain they serve.
    pub fn chain(&self) -> &ChainSpec {
        &self.chain
    }

    /// Their blocks of the past.
    pub fn archive(&self) -> Archive {
        Archive::new(self.endpoints(), self.chain.clone())
    }

    /// How many are configured.
    pub(crate) fn total(&self) -> u16 {
        // Invariant of `connect`: at most `MAX_NODES`.
        u16::try_from(self.nodes.len()).unwrap_or(u16::MAX)
    }

    /// How many may be asked for facts.
    pub(crate) fn healthy(&self) -> u16 {
        let healthy = self.nodes.iter().filter(|node| node.synced_head().is_some()).count();
        u16::try_from(healthy).unwrap_or(u16::MAX)
    }

    /// The furthest head among the healthy.
    pub(crate) fn head(&self) -> Option<Slot> {
        self.nodes.iter().filter_map(Node::synced_head).max()
    }

    /// Looks at every node, all at once.
    pub(crate) async fn refresh(&mut self, slot: Slot) {
        let chain = &self.chain;
        join_all(self.nodes.iter_mut().map(|node| node.refresh(slot, chain))).await;
    }

    /// Positions of the healthy nodes, furthest head first, configured order among equals.
    pub(crate) fn by_head(&self) -> Vec<usize> {
        let mut order: Vec<_> = self
            .nodes
            .iter()
            .enumerate()
            .filter_map(|(position, node)| Some((node.synced_head()?, position)))
            .collect();
        order.sort_by_key(|&(head, position)| (std::cmp::Reverse(head), position));
        order.into_iter().map(|(_, position)| position).collect()
    }

    /// Whether no healthy node has a liveness endpoint.
    pub(crate) fn lack_liveness(&self) -> bool {
        let mut healthy = self.nodes.iter().filter(|node| node.synced_head().is_some());
        healthy.all(|node| node.liveness_way == LivenessWay::Unsupported)
    }

    /// Where they are, in configured order.
    pub(crate) fn endpoints(&self) -> Vec<Endpoint> {
        self.nodes.iter().map(|node| node.endpoint.clone()).collect()
    }
}

#[cfg(test)]
pub(crate) mod tests;
