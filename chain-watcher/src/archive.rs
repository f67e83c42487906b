//! The archive: in which block a validator's exit was included, and the header of a block, read from the blocks that beacon
//! nodes keep.
//!
//! # Design decisions
//! - A node is asked only when it is on our chain and synced, looked at anew in each search: the archive shares nothing
//!   with the watch, and can be asked when that has stopped.
//! - Finding is easy to believe, not finding is not. 404 means an empty slot, a block that was pruned, a block that is
//!   not there yet, or no such endpoint. A node that answers it has to show that it has the endpoint (by its head's
//!   block), that its head is not before the slots asked for, and that its blocks reach back beyond them. One that
//!   cannot has said nothing.
//! - One node's word is taken. What it says of slots that are not finalized, a reorganization may take back.

use crate::api::{Answer, BlockJson, HeaderJson};
use crate::endpoint::{Endpoint, chain};
use crate::error::Error;
use crate::node::{Node, Standing};
use crypto::header::BeaconBlockHeader;
use crypto::spec::{ChainSpec, Epoch, Root, Slot, ValidatorIndex};
use futures::future::join_all;
use std::cmp::Reverse;
use std::sync::Arc;

const BLOCKS: &str = "eth/v2/beacon/blocks";
const HEADERS: &str = "eth/v1/beacon/headers";

/// Most slots of one search: two epochs of the public chains.
pub const MAX_SLOTS: u64 = 64;
/// Largest block, in bytes of JSON: what gossip lets through (10 MiB, `MAX_PAYLOAD_SIZE`) in hex, and some more.
const BLOCK_BODY: usize = 24 << 20;
/// Empty slots looked through, below those asked for, for a block that shows how far back a node's blocks reach.
const MAX_EMPTY: u64 = 32;
/// Longest time for one node, in request timeouts.
const PATIENCE: u32 = 8;

/// Blocks of the past. Cheap to clone; lives on when the watch has stopped.
#[derive(Clone)]
pub struct Archive {
    nodes: Vec<Endpoint>,
    chain: Arc<ChainSpec>,
}

/// Where an exit was included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Inclusion {
    /// Slot of the block.
    pub slot: Slot,
    /// `VoluntaryExit.epoch` as included.
    pub epoch: Epoch,
    /// Root of the block, where the node told it.
    pub block_root: Option<Root>,
}

impl Archive {
    pub(crate) fn new(nodes: Vec<Endpoint>, chain: ChainSpec) -> Self {
        Self { nodes, chain: Arc::new(chain) }
    }

    /// The block among those of the slots `from` to `to`, both included, at most [`MAX_SLOTS`], that includes the exit
    /// of `validator`. None when it is in none of them.
    ///
    /// `epoch` is `VoluntaryExit.epoch` of the exit that is looked for. A chain includes one exit of a validator and
    /// no second, so one with another epoch is found as well: [`Inclusion::epoch`] tells them apart.
    ///
    /// `to` should be a slot that a node's head has reached, such as that of [`crate::Observation::Head`]: nothing is
    /// said of slots that no head has reached, so an exit that is not found before them is an error.
    ///
    /// Asks the synced nodes in turn, the one with the furthest head first, newest slot first, until one can say.
    /// Takes at most eight request timeouts for each node, beside what it takes to see whether it is synced.
    ///
    /// # Errors
    /// [`Error::SlotRange`]; [`Error::NoAnswer`] when no node could say.
    pub async fn find_exit(
        &self,
        validator: ValidatorIndex,
        epoch: Epoch,
        from: Slot,
        to: Slot,
    ) -> Result<Option<Inclusion>, Error> {
        if from > to || to.0 - from.0 >= MAX_SLOTS {
            return Err(Error::SlotRange { from, to, max: MAX_SLOTS });
        }
        let (synced, mut causes) = self.look().await;
        for (head, endpoint) in synced {
            let mut shelf = Shelf { endpoint, proven: false };
            let search = shelf.find_exit(validator, from, to, head);
            let patience = endpoint.patience().saturating_mul(PATIENCE);
            let found = tokio::time::timeout(patience, search).await.unwrap_or_else(|elapsed| {
                Err(Error::Unreachable {
                    node: endpoint.name().to_owned(),
                    endpoint: BLOCKS.to_owned(),
                    problem: chain(&elapsed),
                })
            });
            match found {
                Ok(found) => {
                    if let Some(other) = found.filter(|inclusion| inclusion.epoch != epoch) {
                        tracing::info!(%validator, slot = %other.slot, epoch = %other.epoch, asked = %epoch,
                            "another exit of the validator was included");
                    }
                    return Ok(found);
                }
                Err(error) => {
                    tracing::debug!(node = endpoint.name(), %error, "beacon node could not say where an exit is");
                    causes.push(error.to_string());
                }
            }
        }
        Err(Error::NoAnswer {
            question: format!("blocks of slots {from} to {to}"),
            causes: causes.join("; "),
        })
    }

    /// The header of the block with this root. It needs no trust: a node that answers with another one is passed over.
    ///
    /// Asks the nodes in configured order, for one request timeout each.
    ///
    /// # Errors
    /// [`Error::NoAnswer`] when no node gave it.
    pub async fn header(&self, root: Root) -> Result<BeaconBlockHeader, Error> {
        let mut causes = Vec::new();
        for endpoint in &self.nodes {
            match endpoint.get::<Answer<HeaderJson>>(&format!("{HEADERS}/{root}")).await {
                Ok(Answer { data }) => {
                    let header = BeaconBlockHeader::from(&data.header.message);
                    if header.hash_tree_root() == root {
                        return Ok(header);
                    }
                    let problem = format!("asked for the block {root}, answered with another header");
                    causes.push(endpoint.malformed(HEADERS, problem).to_string());
                }
                Err(error) => causes.push(error.to_string()),
            }
        }
        Err(Error::NoAnswer { question: format!("the header of block {root}"), causes: causes.join("; ") })
    }

    /// The synced nodes with their heads, furthest first, configured order among equals; and why the others are not.
    async fn look(&self) -> (Vec<(Slot, &Endpoint)>, Vec<String>) {
        let looks = self.nodes.iter().map(async |endpoint| {
            // Who does not answer at once is not asked for blocks.
            Node::new(endpoint.clone()).look(endpoint.probe_patience(), &self.chain).await
        });
        let (mut synced, mut causes) = (Vec::new(), Vec::new());
        for (endpoint, standing) in self.nodes.iter().zip(join_all(looks).await) {
            match standing {
                Ok(Standing::Synced { head }) => synced.push((head, endpoint)),
                Ok(Standing::Syncing | Standing::Away | Standing::Foreign) => {
                    causes.push(format!("beacon node `{}` is syncing", endpoint.name()));
                }
                Err(error) => causes.push(error.to_string()),
            }
        }
        synced.sort_by_key(|(head, _)| Reverse(*head));
        (synced, causes)
    }
}

/// The blocks of one node, during one search.
struct Shelf<'a> {
    endpoint: &'a Endpoint,
    /// Whether it has shown a block, so that 404 speaks of a slot and not of the endpoint.
    proven: bool,
}

impl Shelf<'_> {
    async fn find_exit(
        &mut self,
        validator: ValidatorIndex,
        from: Slot,
        to: Slot,
        head: Slot,
    ) -> Result<Option<Inclusion>, Error> {
        let mut oldest_is_empty = false;
        for slot in (from.0..=to.min(head).0).rev().map(Slot) {
            let block = self.block_at(slot).await?;
            oldest_is_empty = block.is_none();
            let Some(block) = block else { continue };
            let exits = &block.message.body.voluntary_exits;
            if let Some(exit) = exits.iter().find(|exit| exit.message.validator_index == validator) {
                let block_root = self.root_of(slot, &block).await;
                return Ok(Some(Inclusion { slot, epoch: exit.message.epoch, block_root }));
            }
        }
        if head < to {
            return Err(self.endpoint.malformed(BLOCKS, format!("its head is at slot {head}, before {to}")));
        }
        if oldest_is_empty {
            self.reach_beyond(from).await?;
        }
        Ok(None)
    }

    /// The block of a slot, none when it is empty.
    async fn block_at(&mut self, slot: Slot) -> Result<Option<BlockJson>, Error> {
        let block = self.block(&slot.to_string()).await?;
        match &block {
            Some(block) if block.message.slot.0 != slot.0 => {
                let problem = format!("asked for slot {slot}, answered with slot {}", block.message.slot.0);
                return Err(self.endpoint.malformed(BLOCKS, problem));
            }
            Some(_) => self.proven = true,
            None if self.proven => {}
            None => {
                if self.block("head").await?.is_none() {
                    return Err(self.endpoint.malformed(BLOCKS, "404 for the head too: no such endpoint"));
                }
                self.proven = true;
            }
        }
        Ok(block)
    }

    async fn block(&self, id: &str) -> Result<Option<BlockJson>, Error> {
        let path = format!("{BLOCKS}/{id}");
        let answer = self.endpoint.get_within(&path, &[], self.endpoint.patience(), BLOCK_BODY).await;
        match answer {
            Ok(Answer { data }) => Ok(Some(data)),
            Err(Error::Refused { status: 404, .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Whether there is a block before `slot`, so that the empty slots from it on are empty and not forgotten. What is
    /// before slot 1 everybody knows.
    async fn reach_beyond(&mut self, slot: Slot) -> Result<(), Error> {
        for below in 1..=MAX_EMPTY {
            let older = slot.saturating_sub(below);
            if older == Slot(0) || self.block_at(older).await?.is_some() {
                return Ok(());
            }
        }
        let problem = format!("no block in {MAX_EMPTY} slots before {slot}: it may not keep them that long");
        Err(self.endpoint.malformed(BLOCKS, problem))
    }

    /// The root of a block, unless the node does not say, or speaks of another block of that slot by now.
    async fn root_of(&self, slot: Slot, block: &BlockJson) -> Option<Root> {
        match self.endpoint.get::<Answer<HeaderJson>>(&format!("{HEADERS}/{slot}")).await {
            Ok(Answer { data }) => {
                let (header, block) = (&data.header.message, &block.message);
                let same = header.slot.0 == slot.0
                    && header.parent_root == block.parent_root
                    && header.state_root == block.state_root;
                same.then_some(data.root)
            }
            Err(error) => {
                tracing::debug!(node = self.endpoint.name(), %error, "no root of the block with an exit");
                None
            }
        }
    }
}

#[cfg(test)]
mod tests;
