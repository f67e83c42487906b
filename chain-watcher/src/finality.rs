//! Finality: what each node calls finalized, and what they call so together.

use crate::api::{Answer, FinalityCheckpoints};
use crate::endpoint::Endpoint;
use crate::error::Error;
use crypto::spec::{Checkpoint, Epoch, Root};
use std::collections::BTreeMap;

const PATH: &str = "eth/v1/beacon/states/head/finality_checkpoints";

/// Checkpoints remembered of one node: enough for a node that lags some epochs to be compared.
const REMEMBERED: usize = 16;

/// The finalized checkpoint of a node's head state.
pub(crate) async fn read(endpoint: &Endpoint) -> Result<Checkpoint, Error> {
    let answer: Answer<FinalityCheckpoints> = endpoint.get(PATH).await?;
    Ok(answer.data.finalized.into())
}

/// The finalized checkpoints one node has shown, the latest [`REMEMBERED`].
#[derive(Debug, Default, Clone)]
pub(crate) struct History {
    seen: BTreeMap<Epoch, Root>,
}

impl History {
    /// The node shows `checkpoint`. A node that goes back, or shows another root for an epoch, is taken at its
    /// latest word: what it said of later epochs no longer holds.
    pub(crate) fn record(&mut self, checkpoint: Checkpoint) {
        self.seen.retain(|epoch, _| *epoch < checkpoint.epoch);
        self.seen.insert(checkpoint.epoch, checkpoint.root);
        while self.seen.len() > REMEMBERED {
            self.seen.pop_first();
        }
    }

    pub(crate) fn clear(&mut self) {
        self.seen.clear();
    }

    /// The checkpoint it shows now.
    pub(crate) fn latest(&self) -> Option<Checkpoint> {
        self.seen.last_key_value().map(|(&epoch, &root)| Checkpoint { epoch, root })
    }

    fn has(&self, checkpoint: &Checkpoint) -> bool {
        self.seen.get(&checkpoint.epoch) == Some(&checkpoint.root)
    }

    /// The latest epoch that both have shown, when they have shown different roots for it.
    ///
    /// An equal later checkpoint settles an older difference: it names one past for both.
    fn conflict(&self, other: &Self) -> Option<Epoch> {
        let (epoch, root) = self.seen.iter().rev().find(|(epoch, _)| other.seen.contains_key(epoch))?;
        (other.seen.get(epoch) != Some(root)).then_some(*epoch)
    }
}

/// What the nodes say together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Agreement {
    /// Too few of the healthy nodes share a checkpoint.
    None,
    /// The latest checkpoint that more than half of the healthy nodes have shown.
    Shared(Checkpoint),
    /// Two nodes finalized different blocks in this epoch: one of them is wrong and we cannot tell which.
    Disagree(Epoch),
}

/// Weighs the histories of all nodes (`true`: healthy now) and of what we have reported ourselves.
///
/// A contradiction counts even while one side is away: going offline does not settle it. A node that lags is no
/// contradiction. Nor does a contradiction of what we reported settle itself: that takes a restart.
pub(crate) fn weigh(nodes: &[(&History, bool)], reported: &History) -> Agreement {
    let mut others: Vec<&History> = vec![reported];
    for (history, _) in nodes {
        if let Some(epoch) = others.iter().find_map(|other| history.conflict(other)) {
            return Agreement::Disagree(epoch);
        }
        others.push(history);
    }
    let healthy: Vec<_> = nodes.iter().filter(|(_, healthy)| *healthy).map(|(history, _)| history).collect();
    healthy
        .iter()
        .filter_map(|history| history.latest())
        .filter(|checkpoint| {
            healthy.iter().filter(|history| history.has(checkpoint)).count() * 2 > healthy.len()
        })
        .max_by_key(|checkpoint| checkpoint.epoch)
        .map_or(Agreement::None, Agreement::Shared)
}

#[cfg(test)]
mod tests;
