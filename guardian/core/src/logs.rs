//! The guardians' public logs as this guardian checked them, and when the network's own key signs one.
//!
//! The shell reads a log, checks that it only grew since the last time, and cosigns it; then it tells the core. The core
//! agrees to have the network's key sign exactly what was told, and asks for a signature of its own log once an epoch
//! while that grows. Nothing of it is journaled: what was cosigned, and the signature, are kept with the logs.

use crate::command::Command;
use crate::fault::FaultKind;
use crate::guardian::Guardian;
use crate::guardian_set::GuardianIndex;
use crate::message::Envelope;
use crate::signing::{LIFETIME, Matter};
use borsh::{BorshDeserialize, BorshSerialize};
use crypto::spec::Slot;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};

crypto::fixed_bytes!(
    /// Root of a log's Merkle tree (RFC 6962), SHA-256.
    LogRoot, 32
);

/// Heads of one log that are remembered: while a signature is in the making the log goes on.
const REMEMBERED: usize = 16;

/// How far one guardian's log was checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, BorshSerialize, BorshDeserialize)]
pub struct LogHead {
    /// Whose log.
    pub guardian: GuardianIndex,
    /// Which of its logs: the slot at which its journal was last found to be old, or 0.
    pub life: Slot,
    /// Entries.
    pub size: u64,
    /// Root over them.
    pub root: LogRoot,
}

/// What of the logs the core knows; the latest heads of each, the last one last.
#[derive(Debug, Clone, Default)]
pub(crate) struct Logs {
    checked: BTreeMap<GuardianIndex, VecDeque<LogHead>>,
    /// When we last asked for a signature of our own.
    asked: Option<Slot>,
    /// How far each log was signed by the network's own key: life and size.
    signed: BTreeMap<GuardianIndex, (Slot, u64)>,
}

impl Logs {
    /// Whether exactly this head was checked here lately.
    pub(crate) fn holds(&self, head: &LogHead) -> bool {
        self.checked.get(&head.guardian).is_some_and(|heads| heads.contains(head))
    }

    /// The latest head of each log.
    pub(crate) fn latest(&self) -> impl Iterator<Item = LogHead> {
        self.checked.values().filter_map(|heads| heads.back().copied())
    }

    /// Whether it was signed so far, or further.
    fn is_signed(&self, head: &LogHead) -> bool {
        self.signed.get(&head.guardian).is_some_and(|signed| *signed >= (head.life, head.size))
    }

    fn note(&mut self, head: LogHead) {
        let heads = self.checked.entry(head.guardian).or_default();
        if heads.back() != Some(&head) {
            heads.push_back(head);
        }
        while heads.len() > REMEMBERED {
            heads.pop_front();
        }
    }
}

impl Guardian {
    pub(crate) fn log_checked(&mut self, head: LogHead) {
        if self.is_member(head.guardian) {
            self.logs.note(head);
        }
    }

    /// Two signed heads of one log of which neither extends the other: evidence against its writer.
    pub(crate) fn log_forked(
        &mut self,
        guardian: GuardianIndex,
        notes: [Vec<u8>; 2],
        out: &mut Vec<Command>,
    ) {
        if self.is_member(guardian) {
            self.fault(guardian, FaultKind::ForkedLog, None, notes.map(Envelope).into(), out);
        }
    }

    /// Whether a head may be signed by the network's own key as far as this guardian is concerned.
    pub(crate) fn is_checked(&self, head: &LogHead, opened: Slot) -> bool {
        let slot = self.view.slot();
        let every = self.definition.chain.slots_per_epoch.get();
        // Its writer's turn, and the last one or the one before: nobody opens as many matters as it likes about one head.
        let is_timely = self.is_turn_of(head.guardian, opened)
            && opened <= slot.saturating_add(crate::signing::ATTEMPT)
            && slot < opened.saturating_add(every.saturating_mul(2).min(LIFETIME));
        is_timely && !self.is_joining() && self.logs.holds(head) && !self.logs.is_signed(head)
    }

    /// Whether a guardian may ask at this slot: each once an epoch, at a time of its own.
    fn is_turn_of(&self, guardian: GuardianIndex, slot: Slot) -> bool {
        let every = self.definition.chain.slots_per_epoch.get();
        let n = u64::from(self.definition.guardian_set.threshold.n());
        let turn = u64::from(guardian.0).saturating_mul(every) / n.max(1);
        slot.0.saturating_add(turn).is_multiple_of(every)
    }

    /// The signature that our own log waits for: at most one an epoch, each guardian at a time of its own, and none for
    /// what was signed already.
    pub(crate) fn log_to_sign(&mut self) -> Option<Matter> {
        let slot = self.view.slot();
        let every = self.definition.chain.slots_per_epoch.get();
        let is_early = self.logs.asked.is_some_and(|asked| slot < asked.saturating_add(every));
        if self.group.is_none() || self.is_joining() || !self.is_turn_of(self.me, slot) || is_early {
            return None;
        }
        let head = *self.logs.checked.get(&self.me)?.back()?;
        if self.logs.is_signed(&head) {
            return None;
        }
        self.logs.asked = Some(slot);
        Some(Matter::Checkpoint { network: self.network, head, opened: slot })
    }

    /// A log was signed so far.
    pub(crate) fn log_signed(&mut self, head: &LogHead) {
        let signed = self.logs.signed.entry(head.guardian).or_default();
        *signed = (*signed).max((head.life, head.size));
    }
}

#[cfg(test)]
mod tests;
