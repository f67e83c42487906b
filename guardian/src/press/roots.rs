//! Roots: the blocks of both layers that this guardian decided by, asked from its own nodes once the decision is in the log.
//! What they answer proves itself, by the hashes that the decision's evidence has.

use chain_watcher::Archive;
use chain_watcher::execution::{self, Proofs};
use crypto::execution::{Address, Block};
use crypto::spec::{ChainSpec, Root, Slot};
use feed::Entry;
use feed::roots::{AccountProof, Bytes, ExecutionHeader, Roots};
use guardian_core::evidence::Evidence;
use guardian_core::proposal::ProposalId;
use std::time::Duration;
use tracing::debug;

/// Longest time for one try.
const PATIENCE: Duration = Duration::from_secs(120);

/// Decisions that wait; of more than these the oldest are left out, whose blocks nodes forget first.
pub(super) const MOST: usize = 256;

/// Tries for one decision, each in another slot.
const TRIES: u8 = 4;

/// Whom to ask.
#[derive(Clone)]
pub(crate) struct Nodes {
    pub(crate) archive: Archive,
    /// And the account in whose state tickets and registrations are.
    pub(crate) execution: Option<(execution::Config, Address)>,
}

/// A decision, the blocks it was made by, and what was served of them so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Decided {
    pub(super) proposal: ProposalId,
    /// With the slot that its block is not after.
    finalized: Option<(Root, Slot)>,
    read: Option<Block>,
    roots: Roots,
    tries: u8,
}

impl Decided {
    /// None where the evidence names no block.
    pub(super) fn of(proposal: ProposalId, evidence: &Evidence, chain: &ChainSpec) -> Option<Self> {
        let finalized =
            evidence.finalized.map(|checkpoint| (checkpoint.root, chain.start_slot(checkpoint.epoch)));
        let read = evidence.account.as_ref().and_then(|account| account.read);
        let decided = Self { proposal, finalized, read, roots: Roots::default(), tries: TRIES };
        (finalized.is_some() || read.is_some()).then_some(decided)
    }

    /// Whether nothing more is to be asked: all of it is here, or it was tried often enough.
    pub(super) fn is_done(&self) -> bool {
        let is_whole = self.finalized.is_some() == self.roots.beacon.is_some()
            && self.read.is_some() == self.roots.execution.is_some();
        is_whole || self.tries == 0
    }

    /// For the log; None when nothing was served.
    pub(super) fn told(&self) -> Option<Entry> {
        (!self.roots.is_empty()).then(|| Entry::roots(self.proposal, self.roots.clone()))
    }
}

/// Asks once for what is missing of one decision's blocks.
pub(super) async fn ask(nodes: Nodes, mut decided: Decided) -> Decided {
    if decided.is_done() {
        return decided;
    }
    decided.tries = decided.tries.saturating_sub(1);
    if nodes.execution.is_none() {
        decided.read = None;
    }
    // What was found before the time is over counts.
    if tokio::time::timeout(PATIENCE, gather(&nodes, &mut decided)).await.is_err() {
        debug!(proposal = %decided.proposal, "nodes were too slow with the blocks of a decision");
    }
    decided
}

async fn gather(nodes: &Nodes, decided: &mut Decided) {
    let proposal = decided.proposal;
    if let Some((root, start)) = decided.finalized
        && decided.roots.beacon.is_none()
    {
        match nodes.archive.header(root).await {
            Ok(header) if header.slot <= start => decided.roots.beacon = Some(header),
            // No reader would take it for the checkpoint's.
            Ok(header) => {
                debug!(%proposal, slot = %header.slot, "the finalized block is after its checkpoint");
                decided.finalized = None;
            }
            Err(problem) => debug!(%proposal, %problem, "no header of the finalized block"),
        }
    }
    let (Some(block), Some((config, account))) = (decided.read, &nodes.execution) else { return };
    if decided.roots.execution.is_some() {
        return;
    }
    let mut proofs = match Proofs::new(config) {
        Ok(proofs) => proofs,
        Err(problem) => {
            debug!(%problem, "execution nodes cannot be asked for proofs");
            return;
        }
    };
    let header = match proofs.header(block.hash).await {
        Ok(header) => Bytes(header),
        Err(problem) => {
            debug!(%proposal, %problem, "no header of the execution block");
            return;
        }
    };
    let read = ExecutionHeader::read(&header);
    let Some(read) = read.filter(|read| (read.number, read.timestamp) == (block.number.0, block.timestamp))
    else {
        debug!(%proposal, "the execution block has another number or time than was seen");
        decided.read = None;
        return;
    };
    let as_proof = |nodes: &[Vec<u8>]| AccountProof {
        address: *account,
        nodes: nodes.iter().cloned().map(Bytes).collect(),
        storage: Vec::new(),
    };
    // Many nodes keep no state that old: the header stands without.
    decided.roots.execution = Some(header);
    match proofs.account(*account, block.hash, |nodes| as_proof(nodes).holds(read.state_root)).await {
        Ok(nodes) => decided.roots.accounts = vec![as_proof(&nodes)],
        Err(problem) => debug!(%proposal, %problem, "no proof of the contract's account"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use guardian_core::event::NodeHealth;

    fn evidence() -> Evidence {
        Evidence {
            nodes: NodeHealth { total: 1, healthy: 1, disagree: false },
            head: None,
            finalized: None,
            at_finalized: None,
            at_head: None,
            last_live: None,
            last_dark: None,
            account: None,
            confirmed: None,
        }
    }

    fn chain() -> ChainSpec {
        let forks = crypto::spec::ForkSchedule::new(
            Root([7; 32]),
            vec![crypto::spec::Fork {
                name: crypto::spec::ForkName::Phase0,
                version: crypto::spec::ForkVersion([0; 4]),
                epoch: crypto::spec::Epoch(0),
            }],
        );
        ChainSpec {
            name: "small".to_owned(),
            genesis_time: 0,
            seconds_per_slot: std::num::NonZeroU64::new(12).unwrap(),
            slots_per_epoch: std::num::NonZeroU64::new(4).unwrap(),
            shard_committee_period: 2,
            forks: forks.unwrap(),
        }
    }

    #[test]
    fn a_decision_without_blocks_is_not_asked_about() {
        assert_eq!(Decided::of(ProposalId([1; 32]), &evidence(), &chain()), None);
    }

    #[test]
    fn a_decision_is_done_when_all_is_here_or_after_some_tries() {
        let id = ProposalId([1; 32]);
        let header = crypto::header::BeaconBlockHeader {
            slot: Slot(12),
            proposer_index: crypto::spec::ValidatorIndex(1),
            parent_root: Root([2; 32]),
            state_root: Root([3; 32]),
            body_root: Root([4; 32]),
        };
        let root = header.hash_tree_root();
        let finalized = Some(crypto::spec::Checkpoint { epoch: crypto::spec::Epoch(3), root });
        let decided = Decided::of(id, &Evidence { finalized, ..evidence() }, &chain()).unwrap();
        assert_eq!(decided.finalized, Some((root, Slot(12))));
        assert!(!decided.is_done());
        assert!(Decided { tries: 0, ..decided.clone() }.is_done());
        assert_eq!(Decided { tries: 0, ..decided.clone() }.told(), None, "nothing is nothing to tell");
        let roots = Roots { beacon: Some(header), ..Roots::default() };
        let whole = Decided { roots: roots.clone(), ..decided };
        assert!(whole.is_done());
        assert_eq!(whole.told(), Some(Entry::roots(id, roots)));
    }
}
