//! Roots: the blocks of both layers that this guardian decided by, asked from its own nodes once the decision is in the log.
//! What they answer proves itself, by the hashes that the decision's evidence has.

use chain_watcher::Archive;
use chain_watcher::execution::{self, Proofs};
use crypto::execution::{Address, Block};
use crypto::spec::Root;
use feed::Entry;
use feed::roots::{AccountProof, Bytes, ExecutionHeader, Roots};
use guardian_core::evidence::Evidence;
use guardian_core::proposal::ProposalId;
use std::time::Duration;
use tracing::debug;

/// Longest time for one decision.
const PATIENCE: Duration = Duration::from_secs(120);

/// Decisions that wait; of more than these the newest are left out.
pub(super) const MOST: usize = 256;

/// Tries for one decision, each in another slot.
const TRIES: u8 = 3;

/// Whom to ask.
#[derive(Clone)]
pub(crate) struct Nodes {
    pub(crate) archive: Archive,
    /// And the account in whose state tickets and registrations are.
    pub(crate) execution: Option<(execution::Config, Address)>,
}

/// A decision, and the blocks it was made by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Decided {
    pub(super) proposal: ProposalId,
    finalized: Option<Root>,
    read: Option<Block>,
    tries: u8,
}

/// What came of one try.
pub(super) enum Asked {
    /// For the log.
    Told(Entry),
    /// Nothing was served.
    Nothing(Decided),
}

impl Decided {
    /// None where the evidence names no block.
    pub(super) fn of(proposal: ProposalId, evidence: &Evidence) -> Option<Self> {
        let finalized = evidence.finalized.map(|checkpoint| checkpoint.root);
        let read = evidence.account.as_ref().and_then(|account| account.read);
        (finalized.is_some() || read.is_some()).then_some(Self { proposal, finalized, read, tries: TRIES })
    }

    /// With one try less; None when there is none left.
    pub(super) fn again(self) -> Option<Self> {
        let tries = self.tries.checked_sub(1).filter(|tries| *tries > 0)?;
        Some(Self { tries, ..self })
    }
}

/// Asks about one decision's blocks.
pub(super) async fn ask(nodes: Nodes, decided: Decided) -> Asked {
    let mut roots = Roots::default();
    // What was found before the time is over counts.
    if tokio::time::timeout(PATIENCE, gather(&nodes, &decided, &mut roots)).await.is_err() {
        debug!(proposal = %decided.proposal, "nodes were too slow with the blocks of a decision");
    }
    if roots.is_empty() {
        return Asked::Nothing(decided);
    }
    Asked::Told(Entry::roots(decided.proposal, roots))
}

async fn gather(nodes: &Nodes, decided: &Decided, roots: &mut Roots) {
    if let Some(root) = decided.finalized {
        match nodes.archive.header(root).await {
            Ok(header) => roots.beacon = Some(header),
            Err(problem) => {
                debug!(proposal = %decided.proposal, %problem, "no header of the finalized block")
            }
        }
    }
    let (Some(block), Some((config, account))) = (decided.read, &nodes.execution) else { return };
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
            debug!(proposal = %decided.proposal, %problem, "no header of the execution block");
            return;
        }
    };
    let Some(read) = ExecutionHeader::read(&header) else { return };
    if (read.number, read.timestamp) != (block.number.0, block.timestamp) {
        debug!(proposal = %decided.proposal, "the execution block has another number or time than was seen");
        return;
    }
    roots.execution = Some(header);
    let as_proof = |nodes: &[Vec<u8>]| AccountProof {
        address: *account,
        nodes: nodes.iter().cloned().map(Bytes).collect(),
        storage: Vec::new(),
    };
    match proofs.account(*account, block.hash, |nodes| as_proof(nodes).holds(read.state_root)).await {
        Ok(nodes) => roots.accounts.push(as_proof(&nodes)),
        Err(problem) => debug!(proposal = %decided.proposal, %problem, "no proof of the contract's account"),
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

    #[test]
    fn a_decision_without_blocks_is_not_asked_about_and_none_is_asked_about_forever() {
        let id = ProposalId([1; 32]);
        assert_eq!(Decided::of(id, &evidence()), None);
        let root = Root([2; 32]);
        let finalized = Some(crypto::spec::Checkpoint { epoch: crypto::spec::Epoch(3), root });
        let mut decided = Decided::of(id, &Evidence { finalized, ..evidence() });
        let mut tries = 0;
        while let Some(again) = decided {
            assert_eq!(again.finalized, Some(root));
            tries += 1;
            decided = again.again();
        }
        assert_eq!(tries, TRIES);
    }
}
