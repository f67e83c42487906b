//! `View`: everything a beacon node can be asked, at one moment. Immutable; a new one with every slot.

use super::block::Block;
use super::pool::SeenExit;
use super::state::BeaconState;
use crypto::exit::SignedVoluntaryExit;
use crypto::spec::{Checkpoint, Epoch, Root, Slot};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Epochs for which the state of every slot is kept, the current one included.
pub const EPOCHS_OF_SLOTS: u64 = 4;

/// Epochs for which the state of the first slot is kept, and the block of every slot. The head's justified and finalized
/// states and genesis, and their blocks, are kept beyond.
pub const EPOCHS_OF_BOUNDARIES: u64 = 64;

/// The chain as it stands.
#[derive(Debug, Clone)]
pub struct View {
    states: Arc<BTreeMap<Slot, Arc<BeaconState>>>,
    blocks: Arc<BTreeMap<Slot, Arc<Block>>>,
    head: Arc<BeaconState>,
    genesis: Arc<BeaconState>,
    exits: Arc<Vec<SeenExit>>,
}

impl View {
    /// A chain of which only genesis has happened.
    pub(crate) fn genesis(state: BeaconState) -> Self {
        let state = Arc::new(state);
        let block = Arc::new(Block { header: state.header, voluntary_exits: Vec::new() });
        Self {
            blocks: Arc::new(BTreeMap::from([(state.slot, block)])),
            states: Arc::new(BTreeMap::from([(state.slot, state.clone())])),
            head: state.clone(),
            genesis: state,
            exits: Arc::default(),
        }
    }

    /// The same chain with one more state and the block that led to it, which included `included`; and without those
    /// that are too old to keep.
    #[must_use]
    pub(crate) fn extended(
        &self,
        head: BeaconState,
        included: Vec<SignedVoluntaryExit>,
        exits: Vec<SeenExit>,
    ) -> Self {
        let head = Arc::new(head);
        let mut blocks = BTreeMap::clone(&self.blocks);
        blocks.insert(head.slot, Arc::new(Block { header: head.header, voluntary_exits: included }));
        let mut states = BTreeMap::clone(&self.states);
        states.insert(head.slot, head.clone());
        let oldest_slot = head.spec.start_slot(head.epoch().saturating_sub(EPOCHS_OF_SLOTS - 1));
        let oldest_boundary = head.spec.start_slot(head.epoch().saturating_sub(EPOCHS_OF_BOUNDARIES - 1));
        let anchors = [head.finalized, head.current_justified].map(|c| head.spec.start_slot(c.epoch));
        states.retain(|&slot, state| {
            let boundary = head.spec.start_slot(state.epoch()) == slot;
            slot >= oldest_slot
                || (boundary && slot >= oldest_boundary)
                || anchors.contains(&slot)
                || slot == Slot(0)
        });
        blocks.retain(|slot, _| *slot >= oldest_boundary || anchors.contains(slot) || *slot == Slot(0));
        Self {
            states: Arc::new(states),
            blocks: Arc::new(blocks),
            head,
            genesis: self.genesis.clone(),
            exits: Arc::new(exits),
        }
    }

    /// The same chain with other exits.
    #[must_use]
    pub(crate) fn with_exits(&self, exits: Vec<SeenExit>) -> Self {
        Self { exits: Arc::new(exits), ..self.clone() }
    }

    /// The same chain as a node sees it that is `slots` behind; by at most what is kept slot by slot.
    #[must_use]
    pub fn behind(&self, slots: u64) -> Self {
        let wanted = self.head.slot.saturating_sub(slots);
        let head = self.states.range(wanted..).next().map_or(&self.head, |(_, state)| state).clone();
        Self { head, ..self.clone() }
    }

    /// The state of the head.
    pub fn head(&self) -> &Arc<BeaconState> {
        &self.head
    }

    /// The state at slot 0.
    pub fn genesis_state(&self) -> &Arc<BeaconState> {
        &self.genesis
    }

    /// The head's finalized checkpoint.
    pub fn finalized(&self) -> Checkpoint {
        self.head.finalized
    }

    /// The state a checkpoint is about: of the first slot of its epoch.
    pub fn state_of(&self, checkpoint: Checkpoint) -> Option<&Arc<BeaconState>> {
        self.state_at(self.head.spec.start_slot(checkpoint.epoch))
    }

    /// The state of one slot, unless it is in the future or too old to be kept.
    pub fn state_at(&self, slot: Slot) -> Option<&Arc<BeaconState>> {
        (slot <= self.head.slot).then(|| self.states.get(&slot)).flatten()
    }

    /// The kept state of which `matches` holds, newest first.
    pub fn find(&self, matches: impl Fn(&BeaconState) -> bool) -> Option<&Arc<BeaconState>> {
        self.states.range(..=self.head.slot).rev().map(|(_, state)| state).find(|state| matches(state))
    }

    /// The block of one slot, unless it is in the future or too old to be kept.
    pub fn block_at(&self, slot: Slot) -> Option<&Arc<Block>> {
        (slot <= self.head.slot).then(|| self.blocks.get(&slot)).flatten()
    }

    /// The kept block of which `matches` holds, newest first.
    pub fn find_block(&self, matches: impl Fn(&Block) -> bool) -> Option<&Arc<Block>> {
        self.blocks.range(..=self.head.slot).rev().map(|(_, block)| block).find(|block| matches(block))
    }

    /// Every exit the chain's nodes took, oldest first, at most [`super::pool::MAX_EXITS`].
    pub fn exits(&self) -> &[SeenExit] {
        &self.exits
    }

    /// The epoch of the head.
    pub fn epoch(&self) -> Epoch {
        self.head.epoch()
    }

    /// The root of the head block.
    pub fn head_root(&self) -> Root {
        self.head.header.root()
    }
}
