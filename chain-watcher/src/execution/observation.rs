//! What was seen of the contracts: facts, never opinions.

use crypto::execution::{Address, Block, BlockHash, BlockNumber, ContractState, ModuleName, NodeInfo, Scan};
use std::collections::{BTreeMap, BTreeSet};

/// Where an earlier run stopped, as the consumer has it on disk.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Resume {
    /// Last block of the last scan that was kept. None: begin at the block of deployment.
    pub scanned: Option<Block>,
    /// Registrations kept so far, by module: how many scans have told, for the comparison with the contract's count.
    pub registered: BTreeMap<ModuleName, u64>,
    /// Every operator that ever registered a validator or had tickets, as far as the scans have told.
    pub operators: BTreeSet<Address>,
    /// Proposals of exits kept so far, for the comparison with the contract's count.
    pub exits_proposed: u64,
}

/// A fact seen through our own execution nodes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExecutionObservation {
    /// What the nodes together are worth. Sent at start and at each change.
    Nodes {
        /// Configured.
        total: u16,
        /// On the right chain, reachable, and naming a finalized block.
        healthy: u16,
        /// Whether nodes contradict each other about a finalized block. Nothing finalized is taken until they agree.
        disagree: bool,
        /// What is wrong, if anything, in words for the operator: at most 300 characters, no URL.
        problem: Option<String>,
    },
    /// How far a sync of more than a few chunks is. The last one of a sync has `scanned == target`.
    Progress {
        /// Scanned up to here.
        scanned: BlockNumber,
        /// The finalized block.
        target: BlockNumber,
    },
    /// The next range of finalized blocks: `from` is one more than the last scan's `to`, nothing is missing. At most
    /// [`MAX_REGISTRATIONS`] registrations and [`MAX_EXITS_PROPOSED`] proposals of exits, unless a single block has more.
    ///
    /// To be kept before the next observation is taken; a scan that was not kept comes again after a restart.
    Scanned(Scan),
    /// What the contracts say at the last scan's last block. Once for each finalized block seen at the end of a sync.
    Contracts(ContractState),
    /// `getNodeInfo` at the head of the operators that were asked for; at every poll, unless none was asked for.
    Operators {
        /// The head.
        block: Block,
        /// Each operator once, in the order asked.
        infos: Vec<(Address, NodeInfo)>,
    },
    /// The chain has another block where the last scan ended: a finalized block was replaced, or it is another chain
    /// with the same id. Sent once; nothing more is scanned by this watch.
    Diverged {
        /// The last block scanned.
        scanned: Block,
        /// What the nodes have at its number.
        found: BlockHash,
    },
}

/// Most registrations in one [`Scan`], so that what waits to be kept stays small. A block with more has a scan of its
/// own.
pub const MAX_REGISTRATIONS: usize = 512;
/// Most proposals of exits in one [`Scan`], each about a thousand validators at most. A block with more has a scan of its
/// own.
pub const MAX_EXITS_PROPOSED: usize = 64;
/// Most operators whose account is read; the rest is left out and said so.
pub const MAX_OPERATORS: usize = 16_384;
/// Most operators read at the head; the rest is left out.
pub const MAX_AT_HEAD: usize = 1024;
