//! The voluntary-exit pool all nodes of a chain share, as if gossip took no time.

use super::exits::ExitRefusal;
use super::state::BeaconState;
use crypto::exit::SignedVoluntaryExit;
use crypto::spec::{Slot, ValidatorIndex};
use std::collections::VecDeque;

/// Most exits remembered, waiting and included together. The oldest included one makes room.
pub const MAX_EXITS: usize = 1024;

/// How a node took an exit that it did not refuse.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// It was new.
    Accepted,
    /// The same exit was in the pool or in a block already.
    AlreadyKnown,
}

/// Why a node did not take an exit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PoolRefusal {
    /// The chain's rules are against it.
    Exit(ExitRefusal),
    /// Another exit of the same validator is waiting (p2p specs: the first valid one per validator counts).
    AlreadyExists(ValidatorIndex),
    /// [`MAX_EXITS`] are waiting.
    Full,
}

impl std::fmt::Display for PoolRefusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Exit(refusal) => refusal.fmt(f),
            Self::AlreadyExists(index) => {
                write!(f, "a different voluntary exit of validator {index} already exists in the pool")
            }
            Self::Full => f.write_str("the voluntary exit pool is full"),
        }
    }
}

/// An exit some node accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenExit {
    /// The exit.
    pub signed: SignedVoluntaryExit,
    /// Head slot when the first node accepted it.
    pub accepted: Slot,
    /// Names of the nodes it was posted to and that took it, in order, without repetition.
    pub nodes: Vec<String>,
    /// Slot of the block that includes it.
    pub included: Option<Slot>,
    /// Number of this exit on this chain, from 0.
    pub sequence: u64,
}

/// The pool. Owned by the chain's task.
#[derive(Debug, Default)]
pub(crate) struct ExitPool {
    exits: VecDeque<SeenExit>,
    next_sequence: u64,
}

impl ExitPool {
    /// Takes an exit that holds on the head state, or names the reason not to.
    pub(crate) fn admit(
        &mut self,
        node: &str,
        signed: SignedVoluntaryExit,
        head: &BeaconState,
    ) -> Result<Admission, PoolRefusal> {
        if let Some(seen) = self.exits.iter_mut().find(|seen| seen.signed == signed) {
            if !seen.nodes.iter().any(|name| name == node) {
                seen.nodes.push(node.to_owned());
            }
            return Ok(Admission::AlreadyKnown);
        }
        head.check_voluntary_exit(&signed).map_err(PoolRefusal::Exit)?;
        let index = signed.message.validator_index;
        if self.waiting().any(|waiting| waiting.message.validator_index == index) {
            return Err(PoolRefusal::AlreadyExists(index));
        }
        if self.exits.len() >= MAX_EXITS {
            let oldest =
                self.exits.iter().position(|seen| seen.included.is_some()).ok_or(PoolRefusal::Full)?;
            self.exits.remove(oldest);
        }
        self.exits.push_back(SeenExit {
            signed,
            accepted: head.slot,
            nodes: vec![node.to_owned()],
            included: None,
            sequence: self.next_sequence,
        });
        self.next_sequence += 1;
        Ok(Admission::Accepted)
    }

    /// Exits that are in no block yet, oldest first.
    pub(crate) fn waiting(&self) -> impl Iterator<Item = &SignedVoluntaryExit> {
        self.exits.iter().filter(|seen| seen.included.is_none()).map(|seen| &seen.signed)
    }

    /// Everything remembered, oldest first.
    pub(crate) fn seen(&self) -> Vec<SeenExit> {
        self.exits.iter().cloned().collect()
    }

    /// Marks what the block of `slot` included and drops what can never be included any more.
    pub(crate) fn settle(&mut self, included: &[SignedVoluntaryExit], slot: Slot, head: &BeaconState) {
        for seen in self.exits.iter_mut().filter(|seen| included.contains(&seen.signed)) {
            seen.included = Some(slot);
        }
        self.exits.retain(|seen| {
            let leaving =
                |v: &super::registry::ValidatorRecord| v.exit_epoch != crypto::spec::FAR_FUTURE_EPOCH;
            seen.included.is_some()
                || !head.validator(seen.signed.message.validator_index).is_some_and(leaving)
        });
    }
}
