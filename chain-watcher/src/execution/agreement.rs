//! What the nodes call finalized together.
//!
//! Each node names its own finalized block. The highest number that more than half of the configured nodes have reached
//! is taken, and each of those is asked for its block with that number, and with the number where the last scan ended.
//! Nodes that are away count as not having reached it: one node alone among several decides nothing.
//! One other hash is a contradiction: one of them is wrong, and we cannot tell which.

use super::endpoints::ExecutionNodes;
use crypto::execution::{Block, BlockHash, BlockNumber};
use futures::future::join_all;
use std::collections::{BTreeMap, BTreeSet};

/// Blocks agreed upon that are remembered, so that nodes that lag need not be asked about them again.
const REMEMBERED: usize = 64;

/// What the nodes say together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Agreement {
    /// Too few of the configured nodes have reached, or confirmed, a block.
    None,
    /// The latest block that more than half of the configured nodes call finalized.
    Shared(Block),
    /// Two nodes have different finalized blocks with this number.
    Disagree(BlockNumber),
    /// They agree, but not with what was scanned: this is what they have where the last scan ended.
    Diverged(BlockHash),
}

/// Which block each node has, by number.
pub(crate) type Statements = BTreeMap<BlockNumber, BTreeMap<usize, Block>>;

/// A contradiction that was seen: it is settled when all who took part say the same, not when one of them goes away.
#[derive(Debug, Clone)]
pub(crate) struct Dispute {
    number: BlockNumber,
    parties: BTreeSet<usize>,
}

/// The highest number that more than half of `total` nodes have reached.
pub(crate) fn reached(finalized: &[BlockNumber], total: usize) -> Option<BlockNumber> {
    let mut numbers = finalized.to_vec();
    numbers.sort_unstable_by(|a, b| b.cmp(a));
    numbers.get(total / 2).copied()
}

/// Weighs what some of `total` nodes have said.
pub(crate) fn weigh(
    said: &Statements,
    total: usize,
    target: BlockNumber,
    scanned: Option<Block>,
    dispute: &mut Option<Dispute>,
) -> Agreement {
    if let Some(open) = dispute {
        let here = said.get(&open.number);
        let heard: Vec<_> = open.parties.iter().filter_map(|party| here?.get(party)).collect();
        let settled = heard.len() == open.parties.len() && all_equal(heard.iter().map(|block| block.hash));
        if !settled {
            return Agreement::Disagree(open.number);
        }
        *dispute = None;
    }
    if let Some((number, blocks)) =
        said.iter().find(|(_, blocks)| !all_equal(blocks.values().map(|block| block.hash)))
    {
        *dispute = Some(Dispute { number: *number, parties: blocks.keys().copied().collect() });
        return Agreement::Disagree(*number);
    }
    // From here on all who spoke of a number said the same.
    let majority = |number: BlockNumber| {
        let blocks = said.get(&number)?;
        blocks.values().next().copied().filter(|_| blocks.len() * 2 > total)
    };
    if let Some(scanned) = scanned
        && let Some(found) = majority(scanned.number)
        && found.hash != scanned.hash
    {
        return Agreement::Diverged(found.hash);
    }
    majority(target).map_or(Agreement::None, Agreement::Shared)
}

fn all_equal(mut hashes: impl Iterator<Item = BlockHash>) -> bool {
    let first = hashes.next();
    hashes.all(|hash| Some(hash) == first)
}

impl ExecutionNodes {
    /// Asks the healthy nodes what they need to be asked to compare them.
    pub(crate) async fn agree(&mut self, scanned: Option<Block>) -> Agreement {
        let finalized: BTreeMap<usize, Block> = self
            .nodes
            .iter()
            .enumerate()
            .filter_map(|(position, node)| Some((position, node.finalized()?)))
            .collect();
        let numbers: Vec<_> = finalized.values().map(|block| block.number).collect();
        let Some(target) = reached(&numbers, self.nodes.len()) else {
            return match &self.dispute {
                Some(open) => Agreement::Disagree(open.number),
                None => Agreement::None,
            };
        };
        let questions = self.questions(&finalized, target, scanned);
        let answers = join_all(questions.iter().map(async |(position, numbers)| {
            let numbers: Vec<_> = numbers.iter().copied().collect();
            let node = self.nodes.get(*position)?;
            Some((*position, node.endpoint.blocks(&numbers).await))
        }))
        .await;
        let mut said = Statements::new();
        for (position, block) in &finalized {
            said.entry(block.number).or_default().insert(*position, *block);
        }
        for (position, answer) in answers.into_iter().flatten() {
            match answer {
                Ok(blocks) => {
                    for block in blocks {
                        said.entry(block.number).or_default().insert(position, block);
                    }
                }
                Err(failure) => self.failed(position, &failure),
            }
        }
        let agreement = weigh(&said, self.nodes.len(), target, scanned, &mut self.dispute);
        if let Agreement::Shared(block) = agreement {
            self.agreed.insert(block.number, block.hash);
            while self.agreed.len() > REMEMBERED {
                self.agreed.pop_first();
            }
        }
        agreement
    }

    /// Which numbers each node is to be asked for, beside its own finalized block, which it named already.
    fn questions(
        &self,
        finalized: &BTreeMap<usize, Block>,
        target: BlockNumber,
        scanned: Option<Block>,
    ) -> Vec<(usize, BTreeSet<BlockNumber>)> {
        let scanned = scanned.map(|block| block.number);
        let disputed = self.dispute.as_ref().map(|open| open.number);
        // Where those stand that lag: somebody who does not lag is asked whether that is its block too.
        let lagging = finalized
            .values()
            .filter(|block| block.number < target && self.agreed.get(&block.number) != Some(&block.hash));
        let mut lagging: BTreeSet<_> = lagging.map(|block| block.number).collect();
        let mut questions = Vec::new();
        for (position, own) in finalized {
            let mut numbers: BTreeSet<_> = [Some(target), scanned, disputed].into_iter().flatten().collect();
            if own.number >= target {
                numbers.append(&mut lagging);
            }
            numbers.retain(|number| *number < own.number);
            if !numbers.is_empty() {
                questions.push((*position, numbers));
            }
        }
        questions
    }
}

#[cfg(test)]
mod tests;
