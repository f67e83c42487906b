//! Several execution nodes as one: chain-id agreement, health, failover.

use super::agreement::Dispute;
use super::config::Config;
use super::endpoint::{At, Endpoint};
use super::failure::Failure;
use super::node::{Expected, Node, Unfit};
use crate::error::Error;
use alloy::primitives::Address;
use alloy::sol_types::SolCall;
use crypto::execution::{BlockHash, BlockNumber};
use futures::future::join_all;
use std::collections::BTreeMap;
use std::time::Duration;

/// The configured execution nodes, at least one of which was found to serve the right chain with the contracts on it.
pub struct ExecutionNodes {
    pub(crate) nodes: Vec<Node>,
    pub(crate) expected: Expected,
    pub(crate) deployed: BlockNumber,
    pub(crate) poll: Duration,
    pub(crate) dispute: Option<Dispute>,
    /// Finalized blocks agreed upon.
    pub(crate) agreed: BTreeMap<BlockNumber, BlockHash>,
}

impl std::fmt::Debug for ExecutionNodes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<_> = self.nodes.iter().map(Node::name).collect();
        f.debug_struct("ExecutionNodes").field("nodes", &names).finish_non_exhaustive()
    }
}

/// Asks every node which chain it serves and whether the contracts are there.
///
/// A node that is away, or gives no usable answer, is tolerated when another one agrees: it is checked when it
/// appears, and not asked before. For `https` and `wss` the process needs a rustls crypto provider; the caller
/// installs one (`rustls::crypto::ring::default_provider().install_default()`), or this does.
///
/// # Errors
/// [`Error::Config`]; and when no node is as it should be, what the first of them answered: [`Error::WrongChain`],
/// [`Error::NotDeployed`]; or [`Error::NoNode`] when none could be checked. But for the first, try again later.
pub async fn connect(config: Config) -> Result<ExecutionNodes, Error> {
    config.validate()?;
    let expected = Expected::of(&config);
    let mut nodes = Vec::with_capacity(config.nodes.len());
    for node in &config.nodes {
        nodes.push(Node::new(Endpoint::new(node, config.timeouts)?, config.poll));
    }
    let results = join_all(nodes.iter_mut().map(|node| node.check(&expected))).await;
    let mut causes = Vec::new();
    let mut unfit_for_good = None;
    for (node, result) in nodes.iter_mut().zip(results) {
        let Err(unfit) = result else { continue };
        let name = node.name().to_owned();
        match &unfit {
            Unfit::WrongChain(found) => {
                let (expected, found) = (expected.chain_id, *found);
                unfit_for_good.get_or_insert(Error::WrongChain { node: name, expected, found });
            }
            Unfit::NotDeployed(field, address) => {
                let address = crypto::execution::Address(address.0.0);
                unfit_for_good.get_or_insert(Error::NotDeployed {
                    node: name,
                    field: (*field).to_owned(),
                    address,
                });
            }
            Unfit::Failed(_) => {}
        }
        node.set_aside(&unfit);
        causes.push(
            Error::ExecutionNode { node: node.name().to_owned(), problem: unfit.to_string() }.to_string(),
        );
    }
    if causes.len() == nodes.len() {
        return Err(unfit_for_good.unwrap_or_else(|| Error::NoNode { causes: causes.join("; ") }));
    }
    Ok(ExecutionNodes {
        nodes,
        expected,
        deployed: config.deployed,
        poll: config.poll,
        dispute: None,
        agreed: BTreeMap::new(),
    })
}

impl ExecutionNodes {
    /// How many are configured.
    pub(crate) fn total(&self) -> u16 {
        // Invariant of `connect`: at most `MAX_NODES`.
        u16::try_from(self.nodes.len()).unwrap_or(u16::MAX)
    }

    /// How many may be asked for facts.
    pub(crate) fn healthy(&self) -> u16 {
        let healthy = self.nodes.iter().filter(|node| node.finalized().is_some()).count();
        u16::try_from(healthy).unwrap_or(u16::MAX)
    }

    /// Looks at every node, all at once.
    pub(crate) async fn refresh(&mut self) {
        let expected = &self.expected;
        join_all(self.nodes.iter_mut().map(|node| node.refresh(expected))).await;
    }

    /// Positions of the nodes that may be asked for facts up to a block, in configured order; those lately at fault
    /// last.
    pub(crate) fn able(&self, number: BlockNumber) -> Vec<usize> {
        let mut able: Vec<_> = self.nodes.iter().enumerate().filter(|(_, node)| node.has(number)).collect();
        able.sort_by_key(|(_, node)| node.suspect());
        able.into_iter().map(|(position, _)| position).collect()
    }

    /// Positions of the nodes that may be asked about the head, furthest first.
    pub(crate) fn by_head(&self) -> Vec<usize> {
        let mut able: Vec<_> =
            self.nodes.iter().enumerate().filter(|(_, node)| node.has(BlockNumber(0))).collect();
        able.sort_by_key(|(_, node)| std::cmp::Reverse(node.latest.map(|block| block.number)));
        able.into_iter().map(|(position, _)| position).collect()
    }

    pub(crate) fn failed(&mut self, position: usize, failure: &Failure) {
        if let Some(node) = self.nodes.get_mut(position) {
            node.failed(failure);
        }
    }

    /// Calls a function at a finalized block, with each of many arguments, through node `first`, or, with `others`,
    /// another one if that cannot. Returns who answered, too, and None for the answers when by that node there is no
    /// contract at that block.
    ///
    /// # Errors
    /// [`Failure::Lacks`] only when every node that could be asked lacks that state.
    pub(crate) async fn call_first<C>(
        &mut self,
        contract: Address,
        calls: &[C],
        at: BlockNumber,
        first: usize,
        others: bool,
    ) -> Result<(usize, Option<Vec<C::Return>>), Failure>
    where
        C: SolCall + Send + Sync,
        C::Return: Send,
    {
        if calls.is_empty() {
            return Ok((first, Some(Vec::new())));
        }
        let mut positions = self.able(at);
        positions.sort_by_key(|position| *position != first);
        positions.retain(|position| others || *position == first);
        let mut worst = None;
        for position in positions {
            let Some(node) = self.nodes.get(position) else { continue };
            match node.endpoint.call_all(contract, calls, At::Number(at)).await {
                Ok(answers) => return Ok((position, Some(answers))),
                Err(Failure::NoContract(_)) => return Ok((position, None)),
                Err(failure) => {
                    self.failed(position, &failure);
                    if !matches!((&worst, &failure), (Some(_), Failure::Lacks(_))) {
                        worst = Some(failure);
                    }
                }
            }
        }
        Err(worst.unwrap_or_else(|| Failure::Silent("no healthy node".to_owned())))
    }
}

#[cfg(test)]
mod tests;
