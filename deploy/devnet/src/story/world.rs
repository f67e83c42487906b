//! The two chains of a story: embedded, or programs nobody here wrote. The guardians see no difference: both are URLs.

use super::SLOTS_PER_EPOCH;
use super::beacon::Beacon;
use crate::Error;
use crate::chain::Chain;
use crate::chain::config::{ChainConfig, Clock};
use crate::chain::node::Node;
use crate::execution::ExecutionChain;
use crate::execution::config::ExecutionConfig;
use crate::execution::node::ExecutionNode;
use crate::real::anvil::{Anvil, TICKING};
use crate::real::installed_peers;
use crate::real::lodestar::{Lodestar, LodestarConfig};
use std::num::NonZeroU64;
use std::path::Path;

/// Epochs that are past when an embedded chain begins, so that it finalizes from its first moment.
const HEAD_START: u64 = 5;

/// Chains that run. Dropping it ends them.
pub enum World {
    /// This crate's own.
    Embedded(Embedded),
    /// Lodestar and anvil.
    Real(Box<Real>),
}

/// The embedded chains, with a node of each for every guardian.
pub struct Embedded {
    /// The beacon chain.
    pub chain: Chain,
    /// Its nodes.
    pub nodes: Vec<Node>,
    /// The execution chain, where the story has contracts.
    pub execution: Option<ExecutionChain>,
    /// Its nodes.
    pub execution_nodes: Vec<ExecutionNode>,
}

/// Lodestar and anvil, one of each for all guardians: two of them do not fit on a small machine.
pub struct Real {
    /// The beacon node.
    pub lodestar: Lodestar,
    /// The execution node.
    pub anvil: Anvil,
}

impl World {
    /// Starts the embedded chains for `names` of guardians. The execution chain mines for every transaction until
    /// [`Self::couple`].
    pub(super) async fn embedded(
        names: &[String],
        validators: u64,
        seconds_per_slot: NonZeroU64,
        with_contracts: bool,
    ) -> Result<Self, Error> {
        let chain = Chain::start(&ChainConfig {
            validators,
            seconds_per_slot,
            slots_per_epoch: SLOTS_PER_EPOCH,
            clock: Clock::Wall { head_start: HEAD_START },
            ..ChainConfig::default()
        })?;
        let mut nodes = Vec::new();
        for name in names {
            nodes.push(chain.node(&format!("node-of-{name}")).await?);
        }
        let mut world = Embedded { chain, nodes, execution: None, execution_nodes: Vec::new() };
        if with_contracts {
            let execution = ExecutionChain::start(
                &ExecutionConfig {
                    genesis_time: world.chain.spec().genesis_time,
                    seconds_per_block: seconds_per_slot,
                    ..ExecutionConfig::default()
                },
                None,
            )?;
            for name in names {
                world.execution_nodes.push(execution.node(&format!("node-of-{name}")).await?);
            }
            world.execution = Some(execution);
        }
        Ok(Self::Embedded(world))
    }

    /// Starts Lodestar and anvil, logging below `dir`.
    pub(super) async fn real(
        dir: &Path,
        validators: u64,
        seconds_per_slot: NonZeroU64,
    ) -> Result<Self, Error> {
        let peers = installed_peers();
        let config = LodestarConfig { validators, seconds_per_slot, ..LodestarConfig::default() };
        let anvil = Anvil::start(&peers, dir, &TICKING).await?;
        let lodestar = Lodestar::start(&peers, dir, &config).await?;
        Ok(Self::Real(Box::new(Real { lodestar, anvil })))
    }

    /// From now on the embedded execution chain goes with the beacon chain: a block a slot, final with it.
    pub(super) async fn couple(&self) -> Result<(), Error> {
        if let Self::Embedded(Embedded { chain, execution: Some(execution), .. }) = self {
            execution.follow(chain.subscribe()).await?;
        }
        Ok(())
    }

    /// Whether everything still runs.
    pub(super) fn check(&mut self) -> Result<(), Error> {
        match self {
            Self::Embedded(_) => Ok(()),
            Self::Real(real) => real.lodestar.check(),
        }
    }

    /// Beacon API URLs of the guardian at this place.
    pub fn beacon_url(&self, place: usize) -> String {
        match self {
            Self::Embedded(world) => world.nodes.get(place).map(Node::url).unwrap_or_default(),
            Self::Real(real) => real.lodestar.url().to_owned(),
        }
    }

    /// JSON-RPC URL of the guardian at this place; empty without an execution chain.
    pub fn execution_url(&self, place: usize) -> String {
        match self {
            Self::Embedded(world) => {
                world.execution_nodes.get(place).map(ExecutionNode::url).unwrap_or_default()
            }
            Self::Real(real) => real.anvil.url(),
        }
    }

    /// Name and URL of every node, for people.
    pub fn nodes(&self) -> Vec<(String, String)> {
        match self {
            Self::Embedded(world) => {
                let beacon = world.nodes.iter().map(|node| (format!("{} (beacon)", node.name()), node.url()));
                let execution = world
                    .execution_nodes
                    .iter()
                    .map(|node| (format!("{} (execution)", node.name()), node.url()));
                beacon.chain(execution).collect()
            }
            Self::Real(real) => {
                vec![("Lodestar".into(), real.lodestar.url().to_owned()), ("anvil".into(), real.anvil.url())]
            }
        }
    }

    /// A reader of the beacon chain.
    pub(super) async fn beacon(&self) -> Result<Beacon, Error> {
        Beacon::connect(&self.beacon_url(0)).await
    }
}
